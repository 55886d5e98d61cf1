/*
 * QTest for the STM32MP1 power control
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define PWR         0x50001000
#define CR1         (PWR + 0x00)
#define CR2         (PWR + 0x08)
#define CR3         (PWR + 0x0c)
#define MPUCR       (PWR + 0x10)
#define MCUCR       (PWR + 0x14)
#define WKUPCR      (PWR + 0x20)
#define WKUPFR      (PWR + 0x24)
#define MPUWKUPENR  (PWR + 0x28)
#define MCUWKUPENR  (PWR + 0x2c)

#define CR2_EN      0x00000003
#define CR2_RDY     0x00030000
#define CR3_RESET   0xf0000000

static void check_reset_values(QTestState *qts)
{
    g_assert_cmphex(qtest_readl(qts, CR1), ==, 0);
    g_assert_cmphex(qtest_readl(qts, CR2), ==, 0);
    g_assert_cmphex(qtest_readl(qts, CR3), ==, CR3_RESET);
    g_assert_cmphex(qtest_readl(qts, MPUCR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, MCUCR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, WKUPCR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, MPUWKUPENR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, MCUWKUPENR), ==, 0);
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    check_reset_values(qts);
    stm32mp1_check_mask(qts, CR1, 0x000701f7);
    /* the wake-up flags' clear bits read 0 */
    stm32mp1_check_mask(qts, WKUPCR, 0x0fff3f00);
    stm32mp1_check_mask(qts, MPUWKUPENR, 0x3f);
    stm32mp1_check_mask(qts, MCUWKUPENR, 0x3f);
    stm32mp1_check_readonly(qts, WKUPFR, 0);
    stm32mp1_check_readonly(qts, PWR + 0x3f4, 0x11);
    stm32mp1_check_readonly(qts, PWR + 0x3f8, 0x00010001);
    stm32mp1_check_readonly(qts, PWR + 0x3fc, 0xa3c5dd01);
    /* reserved */
    stm32mp1_check_readonly(qts, PWR + 0x04, 0);

    qtest_writel(qts, CR1, 0x100);
    qtest_writel(qts, CR3, 0);
    qtest_writel(qts, MCUCR, 1);
    qtest_system_reset(qts);
    check_reset_values(qts);
    qtest_quit(qts);
}

/* Ready follows enable, and cannot be written. */
static void test_ready(void)
{
    static const struct {
        uint64_t addr;
        uint32_t enable;
        uint32_t ready;
    } supplies[] = {
        { CR2, 1u << 0, 1u << 16 },
        { CR2, 1u << 1, 1u << 17 },
        { CR3, 1u << 24, 1u << 26 },
        { CR3, 1u << 28, 1u << 29 },
        { CR3, 1u << 30, 1u << 31 },
    };
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, CR3, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(supplies); i++) {
        uint64_t addr = supplies[i].addr;
        uint32_t both = supplies[i].enable | supplies[i].ready;

        qtest_writel(qts, addr, supplies[i].ready);
        g_assert_cmphex(qtest_readl(qts, addr), ==, 0);
        qtest_writel(qts, addr, supplies[i].enable);
        g_assert_cmphex(qtest_readl(qts, addr), ==, both);
        qtest_writel(qts, addr, 0);
        g_assert_cmphex(qtest_readl(qts, addr), ==, 0);
    }
    qtest_quit(qts);
}

static void test_mode_flags(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    /* Linux keeps PDDS of the M4 through a 4-byte syscon at MCUCR */
    qtest_writel(qts, MCUCR, 1);
    g_assert_cmphex(qtest_readl(qts, MCUCR), ==, 1);
    /* STOPF, SBF and DEEPSLEEP are read-only, CSSF reads 0 */
    qtest_writel(qts, MCUCR, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, MCUCR), ==, 1);
    qtest_writel(qts, MPUCR, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, MPUCR), ==, 0x9);
    qtest_quit(qts);
}

/* Bytes and half-words reach the right lanes. */
static void test_access_sizes(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writeb(qts, CR3 + 3, 0);
    g_assert_cmphex(qtest_readl(qts, CR3), ==, 0);
    qtest_writeb(qts, CR1 + 1, 0x01);
    qtest_writeb(qts, CR1, 0x01);
    g_assert_cmphex(qtest_readl(qts, CR1), ==, 0x101);
    qtest_writew(qts, CR1 + 2, 0x0007);
    g_assert_cmphex(qtest_readl(qts, CR1), ==, 0x70101);
    g_assert_cmphex(qtest_readb(qts, CR1 + 1), ==, 0x01);
    g_assert_cmphex(qtest_readw(qts, CR1 + 2), ==, 0x0007);
    g_assert_cmphex(qtest_readb(qts, PWR + 0x3ff), ==, 0xa3);

    stm32mp1_check_any_access(qts, PWR);
    check_reset_values(qts);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, CR2, CR2_EN);
    qtest_writel(qts, MCUCR, 1);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, CR2), ==, CR2_EN | CR2_RDY);
    g_assert_cmphex(qtest_readl(qts, MCUCR), ==, 1);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/pwr/registers", test_registers);
    qtest_add_func("stm32mp1/pwr/ready", test_ready);
    qtest_add_func("stm32mp1/pwr/mode-flags", test_mode_flags);
    qtest_add_func("stm32mp1/pwr/access-sizes", test_access_sizes);
    qtest_add_func("stm32mp1/pwr/migration", test_migration);
    return g_test_run();
}
