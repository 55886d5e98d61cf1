/*
 * QTest for a register that does not get what is written to it
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define IPCC        0x4c001000
#define CR(p)       (IPCC + 0x10 * (p) + 0x0)
#define MR(p)       (IPCC + 0x10 * (p) + 0x4)
#define SCR(p)      (IPCC + 0x10 * (p) + 0x8)
#define SR(p)       (IPCC + 0x10 * (p) + 0xc)
#define SET(ch)     (1u << (16 + (ch)))
#define CLEAR(ch)   (1u << (ch))
#define RX(p)       (2 * (p))   /* line of the IPCC's "sysbus-irq" */

static const char *const fault_of_scr[] = {
    STM32MP1_SOC "ipcc-c1scr-fault",
    STM32MP1_SOC "ipcc-c2scr-fault",
};

static void arm(QTestState *qts, unsigned p, const char *property,
                int64_t value)
{
    stm32mp1_qom_set(qts, fault_of_scr[p], property, value);
}

static void check(QTestState *qts, unsigned p, const char *property,
                  int64_t expected)
{
    g_assert_cmpint(stm32mp1_qom_get(qts, fault_of_scr[p], property), ==,
                    expected);
}

/* Both processors take interrupts of all channels. */
static QTestState *start(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "ipcc", "sysbus-irq");
    for (unsigned p = 0; p < 2; p++) {
        qtest_writel(qts, CR(p), 0x00010001);
        qtest_writel(qts, MR(p), 0x003f0000);
    }
    return qts;
}

/* Unarmed, and for what has none of the bits, it is not to be noticed. */
static void test_passes(void)
{
    QTestState *qts = start();

    arm(qts, 0, "x-fault-mask", SET(4));
    arm(qts, 0, "x-fault-drop", 1);
    for (unsigned p = 0; p < 2; p++) {
        qtest_writel(qts, SCR(p), SET(1));
        g_assert_cmphex(qtest_readl(qts, SR(p)), ==, 1u << 1);
        g_assert_true(qtest_get_irq(qts, RX(!p)));
        g_assert_cmphex(qtest_readl(qts, SCR(p)), ==, 0);
        qtest_writel(qts, SCR(p), SET(2) | SET(3));
        qtest_writel(qts, SCR(!p), CLEAR(1));
        qtest_writel(qts, SCR(!p), CLEAR(2));
        g_assert_cmphex(qtest_readl(qts, SR(p)), ==, 1u << 3);
        qtest_writel(qts, SCR(!p), CLEAR(3));
        g_assert_cmphex(qtest_readl(qts, SR(p)), ==, 0);
    }
    check(qts, 0, "x-fault-drop", 1);
    check(qts, 0, "x-fault-drop-count", 0);
    qtest_quit(qts);
}

/* The bits that are meant are lost so many times, the rest of each arrives. */
static void test_drop(void)
{
    QTestState *qts = start();

    arm(qts, 0, "x-fault-mask", SET(1) | SET(5));
    arm(qts, 0, "x-fault-drop", 2);
    qtest_writel(qts, SCR(0), SET(1));
    qtest_writel(qts, SCR(0), SET(1) | SET(2));
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 1u << 2);
    check(qts, 0, "x-fault-drop-count", 2);
    qtest_writel(qts, SCR(0), SET(1));
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 1u << 1 | 1u << 2);
    check(qts, 0, "x-fault-drop-count", 2);
    check(qts, 0, "x-fault-drop", 0);

    /* what acknowledges, in any size: it comes again */
    arm(qts, 1, "x-fault-mask", CLEAR(1));
    arm(qts, 1, "x-fault-drop", 2);
    qtest_writel(qts, SCR(1), CLEAR(1) | CLEAR(2));
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 1u << 1);
    g_assert_true(qtest_get_irq(qts, RX(1)));
    qtest_writel(qts, SCR(1), CLEAR(1));
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 1u << 1);
    qtest_writel(qts, SCR(1), CLEAR(1));
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 0);
    g_assert_false(qtest_get_irq(qts, RX(1)));
    check(qts, 1, "x-fault-drop-count", 2);
    qtest_quit(qts);
}

/* It comes later; what is written meanwhile is on time. */
static void test_delay(void)
{
    QTestState *qts = start();

    arm(qts, 1, "x-fault-delay-us", 500);
    arm(qts, 1, "x-fault-delay", 2);
    qtest_writel(qts, SCR(1), SET(0));
    qtest_clock_step(qts, 400 * 1000);
    qtest_writel(qts, SCR(1), SET(2));
    check(qts, 1, "x-fault-delay-count", 2);
    qtest_writel(qts, SCR(1), SET(3));
    g_assert_cmphex(qtest_readl(qts, SR(1)), ==, 1u << 3);
    qtest_writel(qts, SCR(0), CLEAR(3));
    qtest_clock_step(qts, 499 * 1000);
    g_assert_false(qtest_get_irq(qts, RX(0)));
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(qtest_readl(qts, SR(1)), ==, 1u << 0 | 1u << 2);
    g_assert_true(qtest_get_irq(qts, RX(0)));
    check(qts, 1, "x-fault-delay-count", 2);
    qtest_quit(qts);
}

/* A reset takes what is under way, and leaves what is armed. */
static void test_reset(void)
{
    QTestState *qts = start();

    arm(qts, 0, "x-fault-delay", 2);
    qtest_writel(qts, SCR(0), SET(0));
    stm32mp1_system_reset(qts);
    qtest_clock_step(qts, 5000 * 1000);
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 0);
    check(qts, 0, "x-fault-delay", 1);
    check(qts, 0, "x-fault-delay-count", 1);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start();

    arm(qts, 0, "x-fault-delay", 2);
    qtest_writel(qts, SCR(0), SET(2));
    arm(qts, 0, "x-fault-mask", SET(1));
    arm(qts, 1, "x-fault-drop", 7);
    qtest_writel(qts, SCR(1), SET(0));

    qts = stm32mp1_migrate(qts);
    check(qts, 0, "x-fault-mask", SET(1));
    check(qts, 0, "x-fault-delay", 1);
    check(qts, 0, "x-fault-delay-count", 1);
    check(qts, 1, "x-fault-drop", 6);
    check(qts, 1, "x-fault-drop-count", 1);
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 0);
    qtest_clock_step(qts, 2000 * 1000);
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 1u << 2);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/register-fault/passes", test_passes);
    qtest_add_func("stm32mp1/register-fault/drop", test_drop);
    qtest_add_func("stm32mp1/register-fault/delay", test_delay);
    qtest_add_func("stm32mp1/register-fault/reset", test_reset);
    qtest_add_func("stm32mp1/register-fault/migration", test_migration);
    return g_test_run();
}
