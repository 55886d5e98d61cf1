/*
 * QTest testcase for the STM32MP1 window watchdog (WWDG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "given-files.h"
#include "libqtest-single.h"
#include "stm32mp1-util.h"

#define WWDG1           0x4000a000
#define CR              0x00
#define CFR             0x04
#define SR              0x08
#define HWCFGR          0x3f0
#define VERR            0x3f4
#define IPIDR           0x3f8
#define SIDR            0x3fc

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
#define RCC_MP_GRSTCSETR 0x50000404
#define MCURST          (1 << 1)
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
    g_assert_cmphex(get(IPIDR), ==, 0x00120051);
    g_assert_cmphex(get(SIDR), ==, 0xa3c5dd01);
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

/* Has it bitten? Forget it. */
static bool bites(void)
{
    bool bitten = has_bitten();

    writel(RCC_MC_RSTSCLRR, WWDG1RSTF);
    writel(EXTI_RPR3, EXTI_WWDG1);
    return bitten;
}

/*
 * How long a count lasts; the end has come when somebody looks at the very
 * nanosecond, be it by a write, which the reset then swallows.
 */
static void test_prescaler(void)
{
    start();
    for (uint32_t wdgtb = 0; wdgtb <= 7; wdgtb++) {
        int64_t ns = (int64_t)COUNT << wdgtb;

        clock_step(COUNT / 2);  /* it begins with the start, not before */
        set(CFR, 0x7f | WDGTB(wdgtb));
        clock_step(COUNT / 4);
        set(CR, WDGA | 0x42);
        clock_step(ns - 1);
        g_assert_cmphex(get(CR), ==, WDGA | 0x42);
        clock_step(1);
        g_assert_cmphex(get(CR), ==, WDGA | 0x41);
        g_assert_cmphex(get(SR), ==, 0);
        clock_step(ns - 1);
        g_assert_cmphex(get(SR), ==, 0);
        clock_step(1);
        g_assert_cmphex(get(SR), ==, EWIF);
        clock_step(ns - 1);
        g_assert_false(bites());
        clock_step(1);
        if (wdgtb & 1) {
            get(CR);
        } else {
            set(CFR, 0x50);
        }
        g_assert_true(bites());
        g_assert_cmphex(get(CR), ==, 0x7f);
        g_assert_cmphex(get(CFR), ==, 0x7f);
        g_assert_cmphex(get(SR), ==, 0);
    }
    qtest_end();
}

/* The prescaler counts on over a change of it, as far as it still can. */
static void test_prescaler_change(void)
{
    start();
    set(CFR, 0x7f | WDGTB(1));
    set(CR, WDGA | 0x7f);
    clock_step(5 * COUNT);      /* two counts, and half of one */
    g_assert_cmphex(get(CR), ==, WDGA | 0x7d);
    clock_step(COUNT / 2);      /* three quarters; of a short one, a half */
    set(CFR, 0x7f | WDGTB(0));
    clock_step(COUNT / 2 - 1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7d);
    clock_step(1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7c);
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
    set(CR, WDGA | 0x7e);
    g_assert_true(has_bitten());
    g_assert_cmphex(get(CFR), ==, 0x7f);
    g_assert_cmphex(get(CR), ==, 0x7f); /* the reset swallows the write */
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
    clock_step(1);
    get(CR);
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

/* Before the window the prescaler is not stretched, whatever is written. */
static void test_time_scale_closed(void)
{
    start_with("-machine stm32mp157c-dk2"
               " -global stm32mp1-wwdg.time-scale=10");
    set(CFR, 0x50);
    set(CR, WDGA | 0x7f);
    clock_step(COUNT / 2);
    set(CFR, 0x51);
    clock_step(COUNT / 2 - 1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7f);
    clock_step(1);
    g_assert_cmphex(get(CR), ==, WDGA | 0x7e);
    qtest_end();
}

/* No time at all is no scale. Without a kernel QEMU ends in any case. */
static void test_no_time_scale(void)
{
    assert_refused(STM32MP1_MACHINE "-kernel /dev/null/none"
                   " -global stm32mp1-wwdg.time-scale=0", "time-scale",
                   "time-scale must not be 0");
}

/* A counter below 0x40 is the end, whether it counts or is to be started. */
static void test_t6_cleared(void)
{
    start();
    set(CR, 0x3f);
    g_assert_false(bites());
    g_assert_cmphex(get(CR), ==, 0x3f);
    set(CR, WDGA | 0x3f);
    g_assert_true(bites());
    g_assert_cmphex(get(CR), ==, 0x7f);
    set(CR, WDGA | 0x7f);
    set(CR, 0x3f);
    g_assert_true(bites());
    qtest_end();
}

/* A counter that is set to 0x40 is there, too; once. */
static void test_written_early(void)
{
    start();
    set(CR, 0x40);
    g_assert_cmphex(get(SR), ==, 0);
    set(CR, WDGA | 0x41);
    g_assert_cmphex(get(SR), ==, 0);
    set(CFR, 0x7f | EWI);
    set(CR, 0x40);
    set(CFR, 0x7e);             /* acknowledges nothing */
    g_assert_cmphex(get(SR), ==, EWIF);
    g_assert_true(get_irq(EWI_SPI));
    set(SR, 0);
    clock_step(COUNT / 2);
    g_assert_cmphex(get(SR), ==, 0);
    g_assert_false(get_irq(EWI_SPI));
    clock_step(COUNT / 2 - 1);
    g_assert_false(bites());
    clock_step(1);
    get(SR);
    g_assert_true(bites());
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
    g_assert_cmphex(get(CR), ==, WDGA | 0x40);

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

/* Who looks at the very nanosecond sees it, and the interrupt. */
static void test_early_look(void)
{
    start();
    set(CFR, 0x7f | EWI);
    set(CR, WDGA | 0x42);
    clock_step(2 * COUNT);
    g_assert_cmphex(get(SR), ==, EWIF);
    g_assert_true(get_irq(EWI_SPI));
    qtest_end();
}

/* Leave nothing in its reset state, with the interrupt up. */
static void stir(void)
{
    set(CFR, 0x7e | EWI | WDGTB(1));
    set(CR, WDGA | 0x40);
    g_assert_cmphex(get(SR), ==, EWIF);
    g_assert_true(get_irq(EWI_SPI));
}

static void reset_system(void)
{
    stm32mp1_system_reset(global_qtest);
}

static void reset_mcu(void)
{
    writel(RCC_MP_GRSTCSETR, MCURST);
}

static void expire(void)
{
    clock_step(2 * COUNT + 1);
    g_assert_true(bites());
}

static void expire_by_writing(void)
{
    set(CR, 0);
    g_assert_true(bites());
}

/* A clock that gets faster brings the end nearer, without anybody looking. */
static void test_clock_faster(void)
{
    start();
    writel(RCC_APB1DIVR, 1);        /* 32 MHz */
    set(CR, WDGA | 0x7f);
    clock_step(20 * COUNT);
    writel(RCC_APB1DIVR, 0);
    clock_step((64 - 10) * COUNT - 1);
    g_assert_false(has_bitten());
    clock_step(2);
    g_assert_true(has_bitten());
    qtest_end();
}

static void test_resets(void)
{
    static void (*const resets[])(void) = {
        reset_system, reset_mcu, expire, expire_by_writing,
    };

    for (int i = 0; i < ARRAY_SIZE(resets); i++) {
        start();
        stir();
        resets[i]();
        g_assert_false(get_irq(EWI_SPI));
        g_assert_cmphex(get(CR), ==, 0x7f);
        g_assert_cmphex(get(CFR), ==, 0x7f);
        g_assert_cmphex(get(SR), ==, 0);
        clock_step(200 * COUNT);
        g_assert_cmphex(get(CR), ==, 0x7f);
        g_assert_cmphex(get(SR), ==, 0);
        g_assert_false(bites());
        qtest_end();
    }
}

/* All that it has counts on in another QEMU. */
static void test_migration(void)
{
    int64_t now;

    start();
    set(CFR, 0x60 | EWI | WDGTB(1));
    set(CR, WDGA | 0x42);
    now = clock_step(3 * COUNT - 1);

    global_qtest = stm32mp1_migrate(global_qtest);
    qtest_irq_intercept_in(global_qtest, GIC);
    qtest_clock_set(global_qtest, now); /* the one thing that stays behind */
    g_assert_cmphex(get(CR), ==, WDGA | 0x41);
    g_assert_cmphex(get(CFR), ==, 0x60 | EWI | WDGTB(1));
    clock_step(COUNT);
    g_assert_false(get_irq(EWI_SPI));
    clock_step(2);
    g_assert_true(get_irq(EWI_SPI));
    g_assert_cmphex(get(SR), ==, EWIF);
    clock_step(2 * COUNT - 2);
    g_assert_false(has_bitten());
    clock_step(1);
    get(SR);
    g_assert_true(has_bitten());
    qtest_end();
}

/* What a guest is told of its mistakes, the last one behind the block */
#define READ_LOG "/machine/soc/wwdg1: no register at 0xc\n" \
    "stm32mp1.io: unimplemented device read  (size 4, offset 0x0000a400)\n"
static void test_log(void)
{
    static const uint32_t regs[] = {
        CR, CFR, SR, HWCFGR, VERR, IPIDR, SIDR, 0x0c,
    };
    g_autofree char *file = NULL;

    global_qtest = stm32mp1_init_logged(&file);
    stm32mp1_enable_clocks(global_qtest);
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        uint32_t value = get(regs[i]);

        g_assert_true(regs[i] != 0x0c || value == 0);
    }
    get(0x400);
    set(CR, 0x7f);
    set(CFR, 0x7f);
    set(SR, 0);
    stm32mp1_check_log(file, READ_LOG);
    set(VERR, 0);
    stm32mp1_check_log(file, READ_LOG
                       "/machine/soc/wwdg1: no writable register at 0x3f4\n");
    qtest_end();
    unlink(file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/wwdg/reset_values", test_reset_values);
    qtest_add_func("stm32mp1/wwdg/resets", test_resets);
    qtest_add_func("stm32mp1/wwdg/count", test_count);
    qtest_add_func("stm32mp1/wwdg/expiry", test_expiry);
    qtest_add_func("stm32mp1/wwdg/prescaler", test_prescaler);
    qtest_add_func("stm32mp1/wwdg/prescaler_change", test_prescaler_change);
    qtest_add_func("stm32mp1/wwdg/refresh", test_refresh);
    qtest_add_func("stm32mp1/wwdg/window", test_window);
    qtest_add_func("stm32mp1/wwdg/time_scale", test_time_scale);
    qtest_add_func("stm32mp1/wwdg/time_scale_closed", test_time_scale_closed);
    qtest_add_func("stm32mp1/wwdg/no_time_scale", test_no_time_scale);
    qtest_add_func("stm32mp1/wwdg/t6_cleared", test_t6_cleared);
    qtest_add_func("stm32mp1/wwdg/written_early", test_written_early);
    qtest_add_func("stm32mp1/wwdg/early_wakeup", test_early_wakeup);
    qtest_add_func("stm32mp1/wwdg/early_look", test_early_look);
    qtest_add_func("stm32mp1/wwdg/gated", test_gated);
    qtest_add_func("stm32mp1/wwdg/clock_change", test_clock_change);
    qtest_add_func("stm32mp1/wwdg/clock_faster", test_clock_faster);
    qtest_add_func("stm32mp1/wwdg/migration", test_migration);
    qtest_add_func("stm32mp1/wwdg/log", test_log);
    return g_test_run();
}
