/*
 * QTest testcase for the STM32MP1 window watchdog (WWDG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest-single.h"
#include "stm32mp1-util.h"

#define WWDG1           0x4000a000
#define CR              0x00
#define CFR             0x04
#define SR              0x08
#define HWCFGR          0x3f0
#define VERR            0x3f4

#define WDGA            0x80
#define EWI             (1 << 9)
#define WDGTB(n)        ((n) << 11)
#define EWIF            1

#define EWI_SPI         0

#define RCC_MSSCKSELR   0x50000048
#define RCC_APB1DIVR    0x50000834
#define RCC_MP_APB1ENSETR 0x50000a00
#define RCC_MC_APB1ENSETR 0x50000a80
#define RCC_MC_APB1ENCLRR 0x50000a84
#define RCC_WWDG1EN     (1 << 28)
#define RCC_MC_RSTSCLRR 0x50000c00
#define WWDG1RSTF       (1 << 10)
#define EXTI_RTSR3      0x5000d040
#define EXTI_RPR3       0x5000d04c
#define EXTI_WWDG1      (1 << 4)

#define US              1000
#define COUNT           (64 * US)       /* 4096 cycles at 64 MHz */

#define SOC             "/machine/soc"
#define GIC             SOC "/a7mpcore/gic"

static uint32_t get(uint32_t reg)
{
    return readl(WWDG1 + reg);
}

static void set(uint32_t reg, uint32_t value)
{
    writel(WWDG1 + reg, value);
}

/* Was the Cortex-M4 reset by the watchdog, and Linux told so? */
static bool has_bitten(void)
{
    bool flag = readl(RCC_MC_RSTSCLRR) & WWDG1RSTF;
    bool event = readl(EXTI_RPR3) & EXTI_WWDG1;

    g_assert_cmpint(flag, ==, event);
    return flag;
}

/* pclk1 = HSI: 64 MHz; the EXTI looks for the event as Linux wants it to */
static void start_with(const char *arguments)
{
    qtest_start(arguments);
    qtest_irq_intercept_in(global_qtest, GIC);
    stm32mp1_enable_clocks(global_qtest);
    writel(RCC_APB1DIVR, 0);
    writel(RCC_MSSCKSELR, 0);
    writel(EXTI_RTSR3, EXTI_WWDG1);
    g_assert_false(has_bitten());
}

static void start(void)
{
    start_with("-machine stm32mp157c-dk2");
}

static void test_reset_values(void)
{
    start();
    g_assert_cmphex(get(CR), ==, 0x7f);
    g_assert_cmphex(get(CFR), ==, 0x7f);
    g_assert_cmphex(get(SR), ==, 0);
    g_assert_cmphex(get(HWCFGR), ==, 0xfff);
    g_assert_cmphex(get(VERR), ==, 0x21);
    qtest_end();
}

static void test_count(void)
{
    start();
    clock_step(100 * COUNT);
    g_assert_cmphex(get(CR), ==, 0x7f);

    set(CR, WDGA | 0x7f);
    clock_step(10 * COUNT - 1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x76);
    clock_step(1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x75);

    /* Only a reset ends it. */
    set(CR, 0x7f);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7f);

    set(CFR, 0x7f | WDGTB(3));
    set(CR, 0x7f);
    clock_step(8 * COUNT);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7e);
    g_assert_false(has_bitten());
    qtest_end();
}

static void test_expiry(void)
{
    start();
    set(CR, WDGA | 0x7f);
    clock_step(64 * COUNT - 1);
    g_assert_false(has_bitten());
    g_assert_cmphex(get(CR), ==, WDGA | 0x40);
    clock_step(2);
    g_assert_true(has_bitten());

    /* The watchdog is reset with the core it guards, and bites once. */
    g_assert_cmphex(get(CR), ==, 0x7f);
    writel(RCC_MC_RSTSCLRR, WWDG1RSTF);
    writel(EXTI_RPR3, EXTI_WWDG1);
    clock_step(200 * COUNT);
    g_assert_false(has_bitten());
    qtest_end();
}

static void test_refresh(void)
{
    start();
    set(CR, WDGA | 0x7f);
    for (int i = 0; i < 50; i++) {
        clock_step(60 * COUNT);
        set(CR, 0x7f);
    }
    g_assert_false(has_bitten());
    qtest_end();
}

static void test_window(void)
{
    start();
    set(CFR, 0x50);
    set(CR, WDGA | 0x7f);
    clock_step((0x7f - 0x50) * COUNT);
    set(CR, 0x7f);
    g_assert_false(has_bitten());
    clock_step((0x7f - 0x50) * COUNT - 1);
    set(CR, 0x7f);
    g_assert_true(has_bitten());
    g_assert_cmphex(get(CFR), ==, 0x7f);
    qtest_end();
}

/* A count in the open window lasts ten times longer, one before it does not. */
static void test_time_scale(void)
{
    const int closed = 0x7f - 0x50;

    start_with("-machine stm32mp157c-dk2"
               " -global stm32mp1-wwdg.time-scale=10");
    set(CFR, 0x50);
    set(CR, WDGA | 0x7f);
    clock_step(closed * COUNT - 1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x51);
    clock_step(1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x50);
    set(CR, 0x7f);
    g_assert_false(has_bitten());

    /* The prescaler goes on over a refresh, here half-way through a count. */
    clock_step((closed + 5) * COUNT);
    g_assert_cmphex(get(CR), ==, WDGA | 0x50);
    set(CR, 0x7f);
    clock_step(COUNT / 2 - 1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7f);
    clock_step(1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7e);

    /* So does it over a change of the window. */
    clock_step((closed - 1) * COUNT + 5 * COUNT);
    set(CFR, 0x4f);
    clock_step(COUNT / 2 - 1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x50);
    clock_step(1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x4f);

    clock_step(5 * COUNT);
    set(CFR, 0x50);
    clock_step(5 * COUNT - 1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x4f);
    clock_step(1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x4e);

    clock_step(14 * 10 * COUNT);
    g_assert_cmphex(get(CR), ==, WDGA | 0x40);
    g_assert_cmphex(get(SR), ==, EWIF);
    clock_step(10 * COUNT - 1);
    g_assert_false(has_bitten());
    clock_step(2);
    g_assert_true(has_bitten());

    /* Too early is too early. */
    writel(RCC_MC_RSTSCLRR, WWDG1RSTF);
    writel(EXTI_RPR3, EXTI_WWDG1);
    set(CFR, 0x50);
    set(CR, WDGA | 0x7f);
    clock_step(closed * COUNT - 1);
    set(CR, 0x7f);
    g_assert_true(has_bitten());
    qtest_end();
}

static void test_t6_cleared(void)
{
    start();
    set(CR, WDGA | 0x7f);
    set(CR, 0x3f);
    g_assert_true(has_bitten());
    qtest_end();
}

static void test_early_wakeup(void)
{
    start();

    /* The flag comes with or without the interrupt. */
    set(CR, WDGA | 0x7f);
    clock_step(63 * COUNT);
    g_assert_cmphex(get(SR), ==, EWIF);
    g_assert_false(get_irq(EWI_SPI));
    set(CR, 0x7f);
    set(SR, 0);
    g_assert_cmphex(get(SR), ==, 0);

    set(CFR, 0x7f | EWI);
    set(CFR, 0x7f);
    g_assert_cmphex(get(CFR), ==, 0x7f | EWI);
    clock_step(63 * COUNT - 1);
    g_assert_false(get_irq(EWI_SPI));
    clock_step(2);
    g_assert_true(get_irq(EWI_SPI));

    set(SR, EWIF);
    g_assert_true(get_irq(EWI_SPI));
    set(CR, 0x7f);
    set(SR, 0);
    g_assert_false(get_irq(EWI_SPI));
    g_assert_false(has_bitten());

    /* Acknowledged but not refreshed */
    clock_step(63 * COUNT);
    set(SR, 0);
    clock_step(COUNT);
    g_assert_true(has_bitten());
    g_assert_false(get_irq(EWI_SPI));
    qtest_end();
}

/* Only the M4 can enable its clock, without which it stands still. */
static void test_gated(void)
{
    start();
    set(CR, WDGA | 0x7f);
    clock_step(10 * COUNT);
    writel(RCC_MC_APB1ENCLRR, RCC_WWDG1EN);
    clock_step(1000 * COUNT);
    g_assert_cmphex(get(CR), ==, 0);
    set(CR, WDGA);
    writel(RCC_MP_APB1ENSETR, RCC_WWDG1EN);
    g_assert_cmphex(get(CR), ==, 0);
    writel(RCC_MC_APB1ENSETR, RCC_WWDG1EN);
    g_assert_cmphex(get(CR), ==, WDGA | 0x75);
    clock_step(10 * COUNT);
    g_assert_cmphex(get(CR), ==, WDGA | 0x6b);
    g_assert_false(has_bitten());
    clock_step(44 * COUNT + 1);
    g_assert_true(has_bitten());
    qtest_end();
}

static void test_clock_change(void)
{
    start();
    set(CR, WDGA | 0x7f);
    clock_step(10 * COUNT);
    writel(RCC_APB1DIVR, 1);        /* 32 MHz */
    clock_step(20 * COUNT);
    g_assert_cmphex(get(CR), ==, WDGA | 0x6b);
    clock_step(88 * COUNT - 1);
    g_assert_false(has_bitten());
    clock_step(2);
    g_assert_true(has_bitten());
    qtest_end();
}

static void test_system_reset(void)
{
    start();
    set(CR, WDGA | 0x7f);
    stm32mp1_system_reset(global_qtest);
    g_assert_cmphex(get(CR), ==, 0x7f);
    clock_step(200 * COUNT);
    g_assert_false(has_bitten());
    qtest_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/wwdg/reset_values", test_reset_values);
    qtest_add_func("stm32mp1/wwdg/count", test_count);
    qtest_add_func("stm32mp1/wwdg/expiry", test_expiry);
    qtest_add_func("stm32mp1/wwdg/refresh", test_refresh);
    qtest_add_func("stm32mp1/wwdg/window", test_window);
    qtest_add_func("stm32mp1/wwdg/time_scale", test_time_scale);
    qtest_add_func("stm32mp1/wwdg/t6_cleared", test_t6_cleared);
    qtest_add_func("stm32mp1/wwdg/early_wakeup", test_early_wakeup);
    qtest_add_func("stm32mp1/wwdg/gated", test_gated);
    qtest_add_func("stm32mp1/wwdg/clock_change", test_clock_change);
    qtest_add_func("stm32mp1/wwdg/system_reset", test_system_reset);
    return g_test_run();
}
