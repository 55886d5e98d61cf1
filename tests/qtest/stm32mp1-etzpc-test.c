/*
 * QTest for the STM32MP1 extended TrustZone protection controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define ETZPC       0x5c007000
#define TZMA(n)     (ETZPC + 0x00 + 4 * (n))
#define DECPROT(n)  (ETZPC + 0x10 + 4 * (n))
#define LOCK(n)     (ETZPC + 0x30 + 4 * (n))
#define HWCFGR      (ETZPC + 0x3f0)

#define NUM_TZMA    2
#define NUM_DECPROT 6
#define NUM_LOCK    3

static void check_reset_values(QTestState *qts)
{
    for (unsigned n = 0; n < NUM_TZMA; n++) {
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x3ff);
    }
    /* every peripheral is open, or Linux would not attach its driver */
    for (unsigned n = 0; n < NUM_DECPROT; n++) {
        g_assert_cmphex(qtest_readl(qts, DECPROT(n)), ==, 0xffffffff);
    }
    for (unsigned n = 0; n < NUM_LOCK; n++) {
        g_assert_cmphex(qtest_readl(qts, LOCK(n)), ==, 0);
    }
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    check_reset_values(qts);
    /* 2 memory controls, 96 peripherals */
    stm32mp1_check_readonly(qts, HWCFGR, 0x6002);
    stm32mp1_check_readonly(qts, ETZPC + 0x3f4, 0x20);
    stm32mp1_check_readonly(qts, ETZPC + 0x3f8, 0x00100061);
    stm32mp1_check_readonly(qts, ETZPC + 0x3fc, 0xa3c5dd01);
    for (unsigned n = 0; n < NUM_DECPROT; n++) {
        stm32mp1_check_mask(qts, DECPROT(n), 0xffffffff);
    }
    qtest_system_reset(qts);
    check_reset_values(qts);
    stm32mp1_check_any_access(qts, ETZPC);
    check_reset_values(qts);
    qtest_quit(qts);
}

/* The field of a locked peripheral stays as it is, its neighbours do not. */
static void test_decprot_lock(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned id = 0; id < 16 * NUM_DECPROT; id += 5) {
        uint64_t decprot = DECPROT(id / 16);
        uint32_t field = 3u << (id % 16 * 2);

        qtest_system_reset(qts);
        qtest_writel(qts, LOCK(id / 32), 1u << (id % 32));
        qtest_writel(qts, decprot, 0);
        g_assert_cmphex(qtest_readl(qts, decprot), ==, field);
        /* set until reset */
        qtest_writel(qts, LOCK(id / 32), 0);
        g_assert_cmphex(qtest_readl(qts, LOCK(id / 32)), ==, 1u << (id % 32));
    }
    qtest_system_reset(qts);
    check_reset_values(qts);
    qtest_quit(qts);
}

static void test_tzma_lock(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned n = 0; n < NUM_TZMA; n++) {
        qtest_writel(qts, TZMA(n), 0xffffffff & ~(1u << 31));
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x3ff);
        qtest_writel(qts, TZMA(n), 0x80000012);
        qtest_writel(qts, TZMA(n), 0x3ff);
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x80000012);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/etzpc/registers", test_registers);
    qtest_add_func("stm32mp1/etzpc/decprot-lock", test_decprot_lock);
    qtest_add_func("stm32mp1/etzpc/tzma-lock", test_tzma_lock);
    return g_test_run();
}
