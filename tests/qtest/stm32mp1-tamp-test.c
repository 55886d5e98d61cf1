/*
 * QTest for the STM32MP1 tamper detection and backup registers
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define TAMP        0x5c00a000
#define CR1         (TAMP + 0x00)
#define ATCR1       (TAMP + 0x10)
#define SMCR        (TAMP + 0x20)
#define SR          (TAMP + 0x30)
#define COUNTR      (TAMP + 0x40)
#define BKP(n)      (TAMP + 0x100 + 4 * (n))

#define NUM_BKP     32
#define RSC_TBL     17
#define COPRO_STATE 18

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    g_assert_cmphex(qtest_readl(qts, CR1), ==, 0xffff0000);
    g_assert_cmphex(qtest_readl(qts, ATCR1), ==, 0x00070000);
    g_assert_cmphex(qtest_readl(qts, SMCR), ==, 0x80000000);
    stm32mp1_check_readonly(qts, SR, 0);
    stm32mp1_check_readonly(qts, TAMP + 0x34, 0);
    stm32mp1_check_readonly(qts, TAMP + 0x38, 0);
    stm32mp1_check_mask(qts, TAMP + 0x0c, 0xff);
    stm32mp1_check_readonly(qts, TAMP + 0x3ec, 0x101);
    stm32mp1_check_readonly(qts, TAMP + 0x3f0, 0x009d1320);
    stm32mp1_check_readonly(qts, TAMP + 0x3f4, 0x10);
    stm32mp1_check_readonly(qts, TAMP + 0x3fc, 0xa3c5dd01);
    /* past the last backup register */
    stm32mp1_check_readonly(qts, BKP(NUM_BKP), 0);
    stm32mp1_check_any_access(qts, TAMP);
    qtest_quit(qts);
}

static void test_counter(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(qtest_readl(qts, COUNTR), ==, i);
        qtest_writel(qts, COUNTR, 0xffffffff);
    }
    qtest_quit(qts);
}

/* All survive a machine reset but the two that the boot loader writes. */
static void test_backup(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned n = 0; n < NUM_BKP; n++) {
        g_assert_cmphex(qtest_readl(qts, BKP(n)), ==, 0);
        qtest_writel(qts, BKP(n), 0xb0000000 | n);
    }
    for (unsigned n = 0; n < NUM_BKP; n++) {
        g_assert_cmphex(qtest_readl(qts, BKP(n)), ==, 0xb0000000 | n);
    }
    qtest_writel(qts, SMCR, 0x1);
    qtest_system_reset(qts);
    for (unsigned n = 0; n < NUM_BKP; n++) {
        bool copro = n == RSC_TBL || n == COPRO_STATE;

        g_assert_cmphex(qtest_readl(qts, BKP(n)), ==,
                        copro ? 0 : 0xb0000000 | n);
    }
    g_assert_cmphex(qtest_readl(qts, SMCR), ==, 0x1);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, BKP(COPRO_STATE), 2);
    qtest_writel(qts, BKP(31), 0x12345678);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, BKP(COPRO_STATE)), ==, 2);
    g_assert_cmphex(qtest_readl(qts, BKP(31)), ==, 0x12345678);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/tamp/registers", test_registers);
    qtest_add_func("stm32mp1/tamp/counter", test_counter);
    qtest_add_func("stm32mp1/tamp/backup", test_backup);
    qtest_add_func("stm32mp1/tamp/migration", test_migration);
    return g_test_run();
}
