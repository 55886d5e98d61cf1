/*
 * QTest for the STM32MP1 debug control block
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define DBGMCU      0x50081000
#define IDC         (DBGMCU + 0x00)
#define CR          (DBGMCU + 0x04)
#define FREEZE      (DBGMCU + 0x2c)
#define NUM_FREEZE  10

static void test_identification(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    stm32mp1_check_readonly(qts, IDC, 0x20000500);
    g_assert_cmphex(qtest_readw(qts, IDC) & 0xfff, ==, 0x500);
    g_assert_cmphex(qtest_readw(qts, IDC + 2), ==, 0x2000);
    qtest_quit(qts);
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    stm32mp1_check_mask(qts, CR, 0xffffffff);
    for (unsigned n = 0; n < NUM_FREEZE; n++) {
        stm32mp1_check_mask(qts, FREEZE + 4 * n, 0xffffffff);
        qtest_writel(qts, FREEZE + 4 * n, n + 1);
    }
    for (unsigned n = 0; n < NUM_FREEZE; n++) {
        g_assert_cmphex(qtest_readl(qts, FREEZE + 4 * n), ==, n + 1);
    }
    qtest_system_reset(qts);
    for (unsigned n = 0; n < NUM_FREEZE; n++) {
        g_assert_cmphex(qtest_readl(qts, FREEZE + 4 * n), ==, 0);
    }
    stm32mp1_check_readonly(qts, FREEZE + 4 * NUM_FREEZE, 0);
    stm32mp1_check_any_access(qts, DBGMCU);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/dbgmcu/identification", test_identification);
    qtest_add_func("stm32mp1/dbgmcu/registers", test_registers);
    return g_test_run();
}
