/*
 * QTest for the STM32MP1 system timer generator
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define STGENC      0x5c008000
#define CNTCR       (STGENC + 0x000)
#define CNTSR       (STGENC + 0x004)
#define CNTCVL      (STGENC + 0x008)
#define CNTCVU      (STGENC + 0x00c)
#define CNTFID0     (STGENC + 0x020)
#define RATE        24000000

/* By a tenth of a millisecond, which the clock has no remainder in */
#define STEP_NS     100000
#define STEP_COUNT  2400

static uint64_t count(QTestState *qts)
{
    return qtest_readl(qts, CNTCVL) | (uint64_t)qtest_readl(qts, CNTCVU) << 32;
}

static void test_counts(void)
{
    QTestState *qts = stm32mp1_init();
    uint64_t before;

    /* As the first-stage boot loader leaves it */
    g_assert_cmphex(qtest_readl(qts, CNTCR), ==, 1);
    g_assert_cmpuint(qtest_readl(qts, CNTFID0), ==, RATE);
    stm32mp1_check_readonly(qts, CNTSR, 1);
    before = count(qts);
    qtest_clock_step(qts, STEP_NS);
    g_assert_cmpuint(count(qts), ==, before + STEP_COUNT);
    /* While it counts it takes no other value. */
    qtest_writel(qts, CNTCVL, 5);
    qtest_writel(qts, CNTCVU, 5);
    g_assert_cmpuint(count(qts), ==, before + STEP_COUNT);
    /* It stands, and goes on from there. */
    qtest_writel(qts, CNTCR, 0);
    qtest_clock_step(qts, STEP_NS);
    g_assert_cmpuint(count(qts), ==, before + STEP_COUNT);
    g_assert_cmphex(qtest_readl(qts, CNTSR), ==, 0);
    qtest_writel(qts, CNTCR, 3);
    g_assert_cmphex(qtest_readl(qts, CNTCR), ==, 3);
    qtest_clock_step(qts, 2 * STEP_NS);
    g_assert_cmpuint(count(qts), ==, before + 3 * STEP_COUNT);
    qtest_quit(qts);
}

static void test_set(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CNTCR, 0xfffffffc);
    g_assert_cmphex(qtest_readl(qts, CNTCR), ==, 0);
    qtest_writel(qts, CNTCVL, 0xffffff00);
    qtest_writel(qts, CNTCVU, 7);
    qtest_writel(qts, CNTFID0, 64000000);
    qtest_writel(qts, CNTCR, 1);
    qtest_clock_step(qts, STEP_NS);
    g_assert_cmphex(count(qts), ==, 0x7ffffff00 + STEP_COUNT);
    /* A state that is saved goes on. */
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(count(qts), ==, 0x7ffffff00 + STEP_COUNT);
    qtest_clock_step(qts, STEP_NS);
    g_assert_cmphex(count(qts), ==, 0x7ffffff00 + 2 * STEP_COUNT);
    g_assert_cmpuint(qtest_readl(qts, CNTFID0), ==, 64000000);
    /* The reset starts anew. */
    stm32mp1_system_reset(qts);
    g_assert_cmpuint(count(qts), ==, 0);
    g_assert_cmpuint(qtest_readl(qts, CNTFID0), ==, RATE);
    stm32mp1_check_any_access(qts, STGENC);
    qtest_quit(qts);
}

static void test_cold(void)
{
    QTestState *qts = qtest_init("-M stm32mp157c-dk2,boot-rom=on");

    qtest_clock_step(qts, STEP_NS);
    g_assert_cmphex(qtest_readl(qts, CNTCR), ==, 0);
    g_assert_cmpuint(qtest_readl(qts, CNTFID0), ==, 0);
    g_assert_cmpuint(count(qts), ==, 0);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/stgen/counts", test_counts);
    qtest_add_func("stm32mp1/stgen/set", test_set);
    qtest_add_func("stm32mp1/stgen/cold", test_cold);
    return g_test_run();
}
