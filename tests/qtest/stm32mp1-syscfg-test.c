/*
 * QTest for the STM32MP1 system configuration controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define SYSCFG      0x50020000
#define BOOTR       (SYSCFG + 0x00)
#define PMCSETR     (SYSCFG + 0x04)
#define PMCCLRR     (SYSCFG + 0x44)
#define IOCTRLSETR  (SYSCFG + 0x18)
#define IOCTRLCLRR  (SYSCFG + 0x58)
#define ICNR        (SYSCFG + 0x1c)
#define CMPCR       (SYSCFG + 0x20)
#define CMPENSETR   (SYSCFG + 0x24)
#define CMPENCLRR   (SYSCFG + 0x28)
#define CBR         (SYSCFG + 0x2c)

#define CMPCR_RESET 0x00870000
#define CMPCR_READY 0x00000100
#define BOOT_SD     0x5

static void check_reset_values(QTestState *qts)
{
    g_assert_cmphex(qtest_readl(qts, BOOTR), ==, BOOT_SD);
    g_assert_cmphex(qtest_readl(qts, PMCSETR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, PMCCLRR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, IOCTRLSETR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, ICNR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, CMPCR), ==, CMPCR_RESET);
    g_assert_cmphex(qtest_readl(qts, CMPENSETR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, CBR), ==, 0);
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    check_reset_values(qts);
    stm32mp1_check_mask(qts, ICNR, 0x7ff);
    stm32mp1_check_mask(qts, CMPCR, 0x00ff0002);
    stm32mp1_check_readonly(qts, SYSCFG + 0x3f4, 0x20);
    stm32mp1_check_readonly(qts, SYSCFG + 0x3f8, 0x00030001);
    stm32mp1_check_readonly(qts, SYSCFG + 0x3fc, 0xa3c5dd01);

    qtest_writel(qts, PMCSETR, 0x3f);
    qtest_writel(qts, CMPENSETR, 3);
    qtest_system_reset(qts);
    check_reset_values(qts);

    stm32mp1_check_any_access(qts, SYSCFG);
    check_reset_values(qts);
    qtest_quit(qts);
}

/* The pins cannot be written, so never become the engineering mode. */
static void test_boot_pins(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, BOOTR, 0xfffffffc);
    g_assert_cmphex(qtest_readl(qts, BOOTR), ==, 0x70 | BOOT_SD);
    qtest_writel(qts, BOOTR, 0);
    g_assert_cmphex(qtest_readl(qts, BOOTR), ==, BOOT_SD);
    qtest_quit(qts);
}

static void test_set_clear(void)
{
    static const struct {
        uint64_t set;
        uint64_t clear;
        uint32_t mask;
    } pairs[] = {
        { PMCSETR, PMCCLRR, 0x00f3033f },
        { IOCTRLSETR, IOCTRLCLRR, 0x1f },
        { CMPENSETR, CMPENCLRR, 0x3 },
    };
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++) {
        uint64_t set = pairs[i].set;
        uint64_t clear = pairs[i].clear;

        qtest_writel(qts, set, 1);
        qtest_writel(qts, set, 2);
        g_assert_cmphex(qtest_readl(qts, set), ==, 3);
        g_assert_cmphex(qtest_readl(qts, clear), ==, 3);
        qtest_writel(qts, clear, 1);
        g_assert_cmphex(qtest_readl(qts, set), ==, 2);
        g_assert_cmphex(qtest_readl(qts, clear), ==, 2);
        qtest_writel(qts, set, 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, set), ==, pairs[i].mask);
        qtest_writel(qts, clear, 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, set), ==, 0);
    }
    qtest_quit(qts);
}

static void test_compensation(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned cpu = 0; cpu < 2; cpu++) {
        qtest_writel(qts, CMPENSETR, 1u << cpu);
        g_assert_cmphex(qtest_readl(qts, CMPCR), ==,
                        CMPCR_RESET | CMPCR_READY);
        qtest_writel(qts, CMPENCLRR, 1u << cpu);
        g_assert_cmphex(qtest_readl(qts, CMPCR), ==, CMPCR_RESET);
    }
    qtest_quit(qts);
}

static void test_locks(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, CBR, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, CBR), ==, 0x5);
    qtest_writel(qts, CBR, 0);
    g_assert_cmphex(qtest_readl(qts, CBR), ==, 0x5);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, CBR), ==, 0);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/syscfg/registers", test_registers);
    qtest_add_func("stm32mp1/syscfg/boot-pins", test_boot_pins);
    qtest_add_func("stm32mp1/syscfg/set-clear", test_set_clear);
    qtest_add_func("stm32mp1/syscfg/compensation", test_compensation);
    qtest_add_func("stm32mp1/syscfg/locks", test_locks);
    return g_test_run();
}
