/*
 * QTest testcase for the STM32MP1 timers (TIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest-single.h"

#define TIM2            0x40000000      /* 32 bits, four channels */
#define TIM3            0x40001000      /* 16 bits, four channels */
#define CR1             0x00
#define CR2             0x04
#define SMCR            0x08
#define DIER            0x0c
#define SR              0x10
#define EGR             0x14
#define CCMR1           0x18
#define CCER            0x20
#define CNT             0x24
#define PSC             0x28
#define ARR             0x2c
#define CCR(n)          (0x34 + 4 * ((n) - 1))

#define CEN             (1 << 0)
#define UDIS            (1 << 1)
#define URS             (1 << 2)
#define OPM             (1 << 3)
#define DIR             (1 << 4)
#define ARPE            (1 << 7)
#define UIFREMAP        (1 << 11)
#define UIF             (1 << 0)
#define CCIF(n)         (1 << (n))
#define UG              (1 << 0)
#define OC1PE           (1 << 3)

#define TIM2_SPI        28
#define TIM3_SPI        29

#define RCC_MSSCKSELR   0x50000048
#define RCC_APB1DIVR    0x50000834

#define US              1000
#define MS              (1000 * US)
#define SEC             (1000 * MS)

#define GIC             "/machine/soc/a7mpcore/gic"

static uint32_t get(uint32_t reg)
{
    return readl(TIM2 + reg);
}

static void set(uint32_t reg, uint32_t value)
{
    writel(TIM2 + reg, value);
}

/* ck_timg1 = HSI: 64 MHz, a cycle is 15.625 ns exactly */
static void start(void)
{
    qtest_start("-machine stm32mp157c-dk2");
    qtest_irq_intercept_in(global_qtest, GIC);
    writel(RCC_APB1DIVR, 0);
    writel(RCC_MSSCKSELR, 0);
}

/* A microsecond a count, @period counts a period, all flags clear */
static void set_up(uint32_t period)
{
    set(PSC, 63);
    set(ARR, period - 1);
    set(EGR, UG);
    set(SR, 0);
}

static void test_reset_values(void)
{
    static const uint32_t zero[] = {
        CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCER, CNT, PSC, CCR(1), CCR(4),
    };

    start();
    for (int i = 0; i < ARRAY_SIZE(zero); i++) {
        g_assert_cmphex(get(zero[i]), ==, 0);
    }
    g_assert_cmphex(get(ARR), ==, 0xffffffff);
    g_assert_cmphex(readl(TIM3 + ARR), ==, 0xffff);
    qtest_end();
}

static void test_width(void)
{
    static const uint32_t regs[] = { CNT, ARR, CCR(1), CCR(2), CCR(3), CCR(4) };

    start();
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        writel(TIM2 + regs[i], 0x12345678);
        writel(TIM3 + regs[i], 0x12345678);
        g_assert_cmphex(readl(TIM2 + regs[i]), ==, 0x12345678);
        g_assert_cmphex(readl(TIM3 + regs[i]), ==, 0x5678);
    }
    set(PSC, 0x12345678);
    g_assert_cmphex(get(PSC), ==, 0x5678);
    qtest_end();
}

static void test_count(void)
{
    start();
    set_up(1000);
    clock_step(5 * US);
    g_assert_cmpuint(get(CNT), ==, 0);

    set(CR1, CEN);
    clock_step(5 * US - 1);
    g_assert_cmpuint(get(CNT), ==, 4);
    clock_step(1);
    g_assert_cmpuint(get(CNT), ==, 5);

    set(CNT, 100);
    clock_step(7 * US);
    g_assert_cmpuint(get(CNT), ==, 107);

    set(CR1, 0);
    clock_step(5 * US);
    g_assert_cmpuint(get(CNT), ==, 107);
    qtest_end();
}

static void test_update_irq(void)
{
    start();
    set_up(100);
    set(DIER, UIF);
    set(CR1, CEN);

    clock_step(100 * US - 1);
    g_assert_false(get_irq(TIM2_SPI));
    g_assert_cmphex(get(SR) & UIF, ==, 0);
    clock_step(2);
    g_assert_true(get_irq(TIM2_SPI));
    g_assert_cmphex(get(SR) & UIF, ==, UIF);
    g_assert_cmpuint(get(CNT), ==, 0);

    /* Writing 1 leaves a flag alone, writing 0 clears it. */
    set(SR, UIF);
    g_assert_true(get_irq(TIM2_SPI));
    set(SR, ~UIF);
    g_assert_false(get_irq(TIM2_SPI));
    g_assert_cmphex(get(SR) & UIF, ==, 0);

    clock_step(100 * US);
    g_assert_true(get_irq(TIM2_SPI));

    /* The level follows the enable bit. */
    set(DIER, 0);
    g_assert_false(get_irq(TIM2_SPI));
    set(DIER, UIF);
    g_assert_true(get_irq(TIM2_SPI));
    qtest_end();
}

static void test_tim3_irq(void)
{
    start();
    writel(TIM3 + PSC, 63);
    writel(TIM3 + EGR, UG);
    writel(TIM3 + SR, 0);
    writel(TIM3 + DIER, UIF);
    writel(TIM3 + CR1, CEN);
    clock_step(65536 * US - 1);
    g_assert_false(get_irq(TIM3_SPI));
    clock_step(2);
    g_assert_true(get_irq(TIM3_SPI));
    g_assert_false(get_irq(TIM2_SPI));
    qtest_end();
}

/* 7 cycles a count, 10 counts a period: no whole number of nanoseconds */
static void test_no_drift(void)
{
    int irqs = 0;

    start();
    set(PSC, 6);
    set(ARR, 9);
    set(EGR, UG);
    set(SR, 0);
    set(DIER, UIF);
    set(CR1, CEN);
    for (int i = 0; i < 100; i++) {
        clock_step(10 * MS);
        irqs += get_irq(TIM2_SPI);
        set(SR, 0);
    }
    g_assert_cmpint(irqs, ==, 100);
    g_assert_cmpuint(get(CNT), ==, 64000000 / 7 % 10);
    qtest_end();
}

static void test_preload(void)
{
    start();

    /* ARR at once without ARPE, at the next update with it */
    set_up(100);
    set(CR1, CEN);
    clock_step(10 * US);
    set(ARR, 19);
    clock_step(9 * US);
    g_assert_cmpuint(get(CNT), ==, 19);
    clock_step(1 * US);
    g_assert_cmpuint(get(CNT), ==, 0);

    set(CR1, CEN | ARPE);
    set(ARR, 49);
    g_assert_cmpuint(get(ARR), ==, 49);
    clock_step(20 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    clock_step(49 * US);
    g_assert_cmpuint(get(CNT), ==, 49);
    clock_step(1 * US);
    g_assert_cmpuint(get(CNT), ==, 0);

    /* PSC always waits for an update. */
    set(PSC, 127);
    clock_step(50 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    clock_step(50 * US);
    g_assert_cmpuint(get(CNT), ==, 25);
    qtest_end();
}

static void test_one_pulse(void)
{
    start();
    set_up(100);
    set(DIER, UIF);
    set(CR1, CEN | OPM);
    clock_step(100 * US + 1);
    g_assert_true(get_irq(TIM2_SPI));
    g_assert_cmphex(get(CR1), ==, OPM);
    set(SR, 0);
    clock_step(1 * MS);
    g_assert_cmpuint(get(CNT), ==, 0);
    g_assert_cmphex(get(SR) & UIF, ==, 0);
    g_assert_false(get_irq(TIM2_SPI));
    qtest_end();
}

static void test_software_update(void)
{
    start();
    set_up(1000);
    set(CR1, CEN);
    clock_step(10 * US);
    set(EGR, UG);
    g_assert_cmpuint(get(CNT), ==, 0);
    g_assert_cmphex(get(SR) & UIF, ==, UIF);

    /* URS: only overflows set the flag */
    set(SR, 0);
    set(CR1, CEN | URS);
    set(EGR, UG);
    g_assert_cmphex(get(SR) & UIF, ==, 0);

    /* UDIS: the counter starts anew, nothing else happens */
    set(CR1, CEN | UDIS);
    set(PSC, 127);
    clock_step(10 * US);
    set(EGR, UG);
    g_assert_cmpuint(get(CNT), ==, 0);
    g_assert_cmphex(get(SR) & UIF, ==, 0);
    clock_step(2000 * US);
    g_assert_cmphex(get(SR) & UIF, ==, 0);
    g_assert_cmpuint(get(CNT), ==, 0);
    clock_step(10 * US);
    g_assert_cmpuint(get(CNT), ==, 10);
    qtest_end();
}

static void test_down(void)
{
    start();
    set(CR1, DIR);
    set_up(100);
    g_assert_cmpuint(get(CNT), ==, 99);
    set(CR1, DIR | CEN);
    clock_step(30 * US);
    g_assert_cmpuint(get(CNT), ==, 69);
    clock_step(69 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    g_assert_cmphex(get(SR) & UIF, ==, 0);
    clock_step(1 * US);
    g_assert_cmpuint(get(CNT), ==, 99);
    g_assert_cmphex(get(SR) & UIF, ==, UIF);
    qtest_end();
}

static void test_compare(void)
{
    start();
    set_up(100);
    set(CCR(1), 50);
    set(CCR(2), 100);
    set(CCR(3), 20);
    set(DIER, CCIF(1) | CCIF(2));
    set(CR1, CEN);

    clock_step(20 * US);
    g_assert_cmphex(get(SR), ==, CCIF(3));
    clock_step(30 * US - 1);
    g_assert_false(get_irq(TIM2_SPI));
    clock_step(2);
    g_assert_true(get_irq(TIM2_SPI));
    g_assert_cmphex(get(SR), ==, CCIF(1) | CCIF(3));

    /* 100 is never reached, CCR4 = 0 at every start of a period */
    set(SR, 0);
    clock_step(50 * US);
    g_assert_false(get_irq(TIM2_SPI));
    g_assert_cmphex(get(SR), ==, UIF | CCIF(4));
    clock_step(50 * US);
    g_assert_true(get_irq(TIM2_SPI));

    /* A preloaded compare value waits for the update. */
    clock_step(55 * US);
    set(SR, 0);
    set(CCMR1, OC1PE);
    set(CCR(1), 90);
    clock_step(44 * US);
    g_assert_false(get_irq(TIM2_SPI));
    clock_step(1 * US);
    g_assert_true(get_irq(TIM2_SPI));
    set(SR, 0);
    clock_step(139 * US);
    g_assert_false(get_irq(TIM2_SPI));
    clock_step(1 * US);
    g_assert_true(get_irq(TIM2_SPI));
    qtest_end();
}

static void test_uif_copy(void)
{
    start();
    set_up(100);
    set(CR1, CEN | UIFREMAP);
    clock_step(105 * US);
    g_assert_cmphex(get(CNT), ==, 0x80000005);
    set(SR, 0);
    g_assert_cmphex(get(CNT), ==, 5);
    qtest_end();
}

/* ARR below the counter: it goes round through its whole width */
static void test_missed_reload(void)
{
    start();
    writel(TIM3 + PSC, 63);
    writel(TIM3 + EGR, UG);
    writel(TIM3 + SR, 0);
    writel(TIM3 + CNT, 1000);
    writel(TIM3 + ARR, 99);
    writel(TIM3 + CR1, CEN);
    clock_step((65536 - 1000) * US);
    g_assert_cmpuint(readl(TIM3 + CNT), ==, 0);
    g_assert_cmphex(readl(TIM3 + SR) & UIF, ==, 0);
    clock_step(100 * US);
    g_assert_cmpuint(readl(TIM3 + CNT), ==, 0);
    g_assert_cmphex(readl(TIM3 + SR) & UIF, ==, UIF);
    qtest_end();
}

static void test_blocked(void)
{
    start();
    set_up(1);
    set(DIER, UIF);
    set(CR1, CEN);
    clock_step(1 * MS);
    g_assert_cmphex(get(SR) & UIF, ==, 0);
    set(ARR, 9);
    clock_step(9 * US);
    g_assert_cmpuint(get(CNT), ==, 9);
    qtest_end();
}

static void test_clock_change(void)
{
    start();
    set_up(1000);
    set(DIER, UIF);
    set(CR1, CEN);
    clock_step(10 * US);
    writel(RCC_MSSCKSELR, 1);       /* HSE: 24 MHz */
    g_assert_cmpuint(get(CNT), ==, 10);
    clock_step(16 * US);
    g_assert_cmpuint(get(CNT), ==, 16);
    clock_step(2620 * US);
    g_assert_false(get_irq(TIM2_SPI));
    clock_step(10 * US);
    g_assert_true(get_irq(TIM2_SPI));
    qtest_end();
}

/* Without an enabled interrupt there is nothing that QEMU has to wake for. */
static void test_lazy(void)
{
    int64_t now;

    start();
    now = clock_step(1);
    set_up(10);
    set(CR1, CEN);
    writel(TIM3 + PSC, 63);
    writel(TIM3 + ARR, 999);
    writel(TIM3 + EGR, UG);
    writel(TIM3 + SR, 0);
    writel(TIM3 + DIER, UIF);
    writel(TIM3 + CR1, CEN);
    g_assert_cmpint(clock_step_next() - now, ==, 1000 * US + 1);
    g_assert_true(get_irq(TIM3_SPI));
    g_assert_cmphex(get(SR) & UIF, ==, UIF);
    qtest_end();
}

/* 32 million periods a second, and nobody clears the flag */
static void test_storm(void)
{
    start();
    set(ARR, 1);
    set(DIER, UIF | CCIF(1));
    set(CR1, CEN);
    for (int i = 0; i < 3; i++) {
        clock_step(1 * SEC);
        g_assert_true(get_irq(TIM2_SPI));
        set(SR, 0);
    }
    qtest_end();
}

static void test_access(void)
{
    start();
    set(ARR, 0x12345678);
    g_assert_cmphex(readw(TIM2 + ARR + 2), ==, 0x1234);
    g_assert_cmphex(readb(TIM2 + ARR + 1), ==, 0x56);
    writew(TIM2 + ARR, 0xabcd);
    g_assert_cmphex(get(ARR), ==, 0xabcd);
    writeb(TIM2 + ARR + 1, 0xff);       /* no register starts here */
    g_assert_cmphex(get(ARR), ==, 0xabcd);
    for (uint32_t reg = 0x50; reg < 0x400; reg += 4) {
        set(reg, 0xffffffff);
        g_assert_cmphex(get(reg), ==, 0);
    }
    qtest_end();
}

static void test_reset(void)
{
    start();
    set_up(100);
    set(DIER, UIF);
    set(CR1, CEN);
    clock_step(200 * US);
    g_assert_true(get_irq(TIM2_SPI));
    qtest_system_reset(global_qtest);
    g_assert_false(get_irq(TIM2_SPI));
    g_assert_cmphex(get(CR1), ==, 0);
    g_assert_cmphex(get(SR), ==, 0);
    g_assert_cmphex(get(ARR), ==, 0xffffffff);
    clock_step(200 * US);
    g_assert_cmphex(get(CNT), ==, 0);
    qtest_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/tim/reset_values", test_reset_values);
    qtest_add_func("stm32mp1/tim/width", test_width);
    qtest_add_func("stm32mp1/tim/count", test_count);
    qtest_add_func("stm32mp1/tim/update_irq", test_update_irq);
    qtest_add_func("stm32mp1/tim/tim3_irq", test_tim3_irq);
    qtest_add_func("stm32mp1/tim/no_drift", test_no_drift);
    qtest_add_func("stm32mp1/tim/preload", test_preload);
    qtest_add_func("stm32mp1/tim/one_pulse", test_one_pulse);
    qtest_add_func("stm32mp1/tim/software_update", test_software_update);
    qtest_add_func("stm32mp1/tim/down", test_down);
    qtest_add_func("stm32mp1/tim/compare", test_compare);
    qtest_add_func("stm32mp1/tim/uif_copy", test_uif_copy);
    qtest_add_func("stm32mp1/tim/missed_reload", test_missed_reload);
    qtest_add_func("stm32mp1/tim/blocked", test_blocked);
    qtest_add_func("stm32mp1/tim/clock_change", test_clock_change);
    qtest_add_func("stm32mp1/tim/lazy", test_lazy);
    qtest_add_func("stm32mp1/tim/storm", test_storm);
    qtest_add_func("stm32mp1/tim/access", test_access);
    qtest_add_func("stm32mp1/tim/reset", test_reset);
    return g_test_run();
}
