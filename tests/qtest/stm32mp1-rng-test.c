/*
 * QTest for the STM32MP1 true random number generator
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define RNG1        0x54003000
#define RNG2        0x4c003000
#define CR          0x00
#define SR          0x04
#define DR          0x08

#define CR_RNGEN    (1u << 2)
#define CR_IE       (1u << 3)
#define CR_CED      (1u << 5)
#define SR_DRDY     (1u << 0)

#define NUM_READS   1000

static const uint64_t rngs[] = { RNG1, RNG2 };

static void test_registers(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < ARRAY_SIZE(rngs); i++) {
        g_assert_cmphex(qtest_readl(qts, rngs[i] + CR), ==, 0);
        stm32mp1_check_readonly(qts, rngs[i] + SR, 0);
        stm32mp1_check_readonly(qts, rngs[i] + DR, 0);
        stm32mp1_check_mask(qts, rngs[i] + CR, CR_RNGEN | CR_IE | CR_CED);
        stm32mp1_check_readonly(qts, rngs[i] + 0x3f0, 0x6);
        stm32mp1_check_readonly(qts, rngs[i] + 0x3f4, 0x21);
        stm32mp1_check_readonly(qts, rngs[i] + 0x3f8, 0x00170041);
        stm32mp1_check_readonly(qts, rngs[i] + 0x3fc, 0xa3c5dd01);
        qtest_writel(qts, rngs[i] + CR, CR_RNGEN);
        stm32mp1_check_any_access(qts, rngs[i]);
        g_assert_cmphex(qtest_readl(qts, rngs[i] + CR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, rngs[i] + SR), ==, 0);
    }
    qtest_quit(qts);
}

/* Ready at once, only while enabled; never 0, and no constant. */
static void test_numbers(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < ARRAY_SIZE(rngs); i++) {
        uint32_t ones = 0;
        uint32_t zeros = 0;

        /* error flags cleared, then enabled: what Linux does */
        qtest_writel(qts, rngs[i] + SR, 0);
        qtest_writel(qts, rngs[i] + CR, CR_CED | CR_RNGEN);
        for (unsigned n = 0; n < NUM_READS; n++) {
            uint32_t number;

            g_assert_cmphex(qtest_readl(qts, rngs[i] + SR), ==, SR_DRDY);
            number = qtest_readl(qts, rngs[i] + DR);
            g_assert_cmphex(number, !=, 0);
            ones |= number;
            zeros |= ~number;
        }
        /* each bit was seen as 1 and as 0 */
        g_assert_cmphex(ones, ==, 0xffffffff);
        g_assert_cmphex(zeros, ==, 0xffffffff);

        qtest_writel(qts, rngs[i] + CR, CR_CED);
        g_assert_cmphex(qtest_readl(qts, rngs[i] + SR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, rngs[i] + DR), ==, 0);
    }
    qtest_quit(qts);
}

static void test_irq(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "rng1", "sysbus-irq");
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, RNG1 + CR, CR_IE);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, RNG1 + CR, CR_IE | CR_RNGEN);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, RNG1 + CR, CR_RNGEN);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, RNG1 + CR, CR_IE | CR_RNGEN);
    g_assert_true(qtest_get_irq(qts, 0));
    stm32mp1_system_reset(qts);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, RNG1 + CR, CR_RNGEN);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, RNG1 + SR), ==, SR_DRDY);
    g_assert_cmphex(qtest_readl(qts, RNG1 + DR), !=, 0);
    g_assert_cmphex(qtest_readl(qts, RNG2 + SR), ==, 0);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/rng/registers", test_registers);
    qtest_add_func("stm32mp1/rng/numbers", test_numbers);
    qtest_add_func("stm32mp1/rng/irq", test_irq);
    qtest_add_func("stm32mp1/rng/migration", test_migration);
    return g_test_run();
}
