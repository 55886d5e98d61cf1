/*
 * QTest testcase for the STM32MP1 timers (TIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest-single.h"
#include "stm32mp1-util.h"

#define TIM2            0x40000000      /* 32 bits, four channels */
#define TIM3            0x40001000      /* 16 bits, four channels */
#define TIM1            0x44000000
#define TIM15           0x44006000
#define TIM16           0x44007000
#define TIM6            0x40004000
#define TIM12           0x40006000
#define TIM13           0x40007000
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
#define RCR             0x30
#define CCR(n)          (0x34 + 4 * ((n) - 1))
#define BDTR            0x44
#define DCR             0x48
#define DMAR            0x4c
#define CCR5            0x58
#define AF1             0x60
#define TISEL           0x68

#define CEN             (1 << 0)
#define UDIS            (1 << 1)
#define URS             (1 << 2)
#define OPM             (1 << 3)
#define DIR             (1 << 4)
#define CMS(n)          ((n) << 5)
#define ARPE            (1 << 7)
#define UIFREMAP        (1 << 11)
#define UIF             (1 << 0)
#define CCIF(n)         (1 << (n))
#define UG              (1 << 0)
#define OC1PE           (1 << 3)

#define TIF             (1 << 6)
#define BIF             (1 << 7)
#define CCOF(n)         (1 << (8 + (n)))
#define CCG(n)          (1 << (n))
#define BG              (1 << 7)
#define LOCK(n)         ((uint32_t)(n) << 8)
#define OSSI            (1 << 10)
#define MOE             (1 << 15)
#define OC1M(n)         ((n) << 4)
#define OC2M(n)         ((n) << 12)
#define ETPS(n)         ((n) << 12)
#define ECE             (1 << 14)
#define ETP             (1u << 15)
#define ETRF            7
#define CC1E            (1 << 0)
#define CC1P            (1 << 1)
#define CC1NE           (1 << 2)
#define CC1NP           (1 << 3)
#define CC2E            (1 << 4)
#define MMS(n)          ((n) << 4)
#define UDE             (1 << 8)
#define TS(n)           ((n) << 4)

#define TIM1_BRK_SPI    24
#define TIM1_UP_SPI     25
#define TIM1_TRG_SPI    26
#define TIM1_CC_SPI     27
#define TIM2_SPI        28
#define TIM3_SPI        29

#define RCC_MSSCKSELR   0x50000048
#define RCC_APB1DIVR    0x50000834
#define RCC_APB2DIVR    0x50000838
#define RCC_APB2RSTSETR 0x50000988
#define RCC_APB2RSTCLRR 0x5000098c

#define MUX_CCR(n)      (0x48002000 + 4 * (n))
#define TIM2_UP         22
#define DMA1            0x48000000
#define DMA_NDTR0       (DMA1 + 0x14)
#define SRC             0x10000000

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
    stm32mp1_enable_clocks(global_qtest);
    writel(RCC_APB1DIVR, 0);
    writel(RCC_APB2DIVR, 0);
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
    for (uint32_t reg = 0x50; reg < 0x400; reg += 4) {
        if (reg == AF1 || reg == TISEL) {
            continue;
        }
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
    stm32mp1_system_reset(global_qtest);
    g_assert_false(get_irq(TIM2_SPI));
    g_assert_cmphex(get(CR1), ==, 0);
    g_assert_cmphex(get(SR), ==, 0);
    g_assert_cmphex(get(ARR), ==, 0xffffffff);
    clock_step(200 * US);
    g_assert_cmphex(get(CNT), ==, 0);
    qtest_end();
}

/* What each kind of timer has: the masks of its registers */
static void test_kinds(void)
{
    static const struct {
        uint32_t addr;
        uint32_t cr2, smcr, dier, ccmr2, ccer, rcr, ccr2, ccr4, bdtr, ccr5;
    } kinds[] = {
        { TIM1, 0x00f5fffd, 0x0031ffff, 0x7fff, 0x0101ffff, 0x0033bfff, 0xffff,
          0xffff, 0xffff, 0x03ffffff, 0xe000ffff },
        { TIM2, 0x000000f8, 0x0031ffff, 0x5f5f, 0x0101ffff, 0x0000bbbb, 0,
          0xffffffff, 0xffffffff, 0, 0 },
        { TIM3, 0x000000f8, 0x0031ffff, 0x5f5f, 0x0101ffff, 0x0000bbbb, 0,
          0xffff, 0xffff, 0, 0 },
        { TIM6, 0x00000070, 0, 0x0101, 0, 0, 0, 0, 0, 0, 0 },
        { TIM12, 0x00000070, 0x0031ffff, 0x0047, 0, 0x000000bb, 0, 0xffff, 0,
          0, 0 },
        { TIM13, 0, 0, 0x0003, 0, 0x0000000b, 0, 0, 0, 0, 0 },
        { TIM15, 0x000007fd, 0x0031ffff, 0x67e7, 0, 0x000000bf, 0xff, 0xffff,
          0, 0x000fffff, 0 },
        { TIM16, 0x0000030d, 0, 0x23a3, 0, 0x0000000f, 0xff, 0, 0, 0x000fffff,
          0 },
    };

    start();
    for (int i = 0; i < ARRAY_SIZE(kinds); i++) {
        const struct {
            uint32_t reg;
            uint32_t mask;
        } regs[] = {
            { CR2, kinds[i].cr2 }, { SMCR, kinds[i].smcr },
            { DIER, kinds[i].dier }, { CCMR1 + 4, kinds[i].ccmr2 },
            { CCER, kinds[i].ccer }, { RCR, kinds[i].rcr },
            { CCR(2), kinds[i].ccr2 }, { CCR(4), kinds[i].ccr4 },
            { BDTR, kinds[i].bdtr }, { CCR5, kinds[i].ccr5 },
        };

        for (int j = 0; j < ARRAY_SIZE(regs); j++) {
            uint32_t addr = kinds[i].addr + regs[j].reg;
            /* LOCK could not be taken back */
            uint32_t value = regs[j].reg == BDTR ? ~LOCK(3) : 0xffffffff;

            writel(addr, value);
            g_assert_cmphex(readl(addr), ==, regs[j].mask & value);
            writel(addr, 0);
            g_assert_cmphex(readl(addr), ==, 0);
        }
    }
    g_assert_cmphex(readl(TIM1 + AF1), ==, 1);
    g_assert_cmphex(readl(TIM2 + AF1), ==, 0);
    qtest_end();
}

/* TIM1 has an interrupt for each kind of event. */
static void test_tim1_irqs(void)
{
    static const struct {
        uint32_t egr;
        uint32_t dier;
        int spi;
    } lines[] = {
        { BG, BIF, TIM1_BRK_SPI }, { UG, UIF, TIM1_UP_SPI },
        { TIF, TIF, TIM1_TRG_SPI }, { 1 << 5, 1 << 5, TIM1_TRG_SPI },
        { CCG(1), CCIF(1), TIM1_CC_SPI }, { CCG(4), CCIF(4), TIM1_CC_SPI },
    };

    start();
    for (int i = 0; i < ARRAY_SIZE(lines); i++) {
        writel(TIM1 + SR, 0);
        writel(TIM1 + DIER, lines[i].dier);
        writel(TIM1 + EGR, lines[i].egr);
        for (int spi = TIM1_BRK_SPI; spi <= TIM1_CC_SPI; spi++) {
            g_assert_cmpint(get_irq(spi), ==, spi == lines[i].spi);
        }
        writel(TIM1 + DIER, 0xffff & ~lines[i].dier);
        g_assert_false(get_irq(lines[i].spi));
        writel(TIM1 + DIER, lines[i].dier);
        writel(TIM1 + SR, ~lines[i].egr);
        g_assert_false(get_irq(lines[i].spi));
    }

    /* A break switches the outputs off; AOE has them on again. */
    writel(TIM1 + BDTR, MOE);
    writel(TIM1 + EGR, BG);
    g_assert_cmphex(readl(TIM1 + BDTR), ==, 0);
    writel(TIM1 + BDTR, 1 << 14);
    writel(TIM1 + EGR, UG);
    g_assert_cmphex(readl(TIM1 + BDTR), ==, 1 << 14 | MOE);

    /* Both come in time, whichever is still pending. */
    writel(TIM1 + PSC, 63);
    writel(TIM1 + ARR, 99);
    writel(TIM1 + CCR(1), 50);
    writel(TIM1 + EGR, UG);
    writel(TIM1 + SR, 0);
    writel(TIM1 + DIER, UIF | CCIF(1));
    writel(TIM1 + CR1, CEN);
    clock_step(50 * US + 1);
    g_assert_true(get_irq(TIM1_CC_SPI));
    g_assert_false(get_irq(TIM1_UP_SPI));
    clock_step(50 * US);
    g_assert_true(get_irq(TIM1_UP_SPI));
    qtest_end();
}

/* Start TIM1, which has an update each 10 us, and one in three by RCR. */
static void start_repeating(uint32_t mode, uint32_t arr)
{
    start();
    writel(TIM1 + CR1, mode);
    writel(TIM1 + PSC, 63);
    writel(TIM1 + ARR, arr);
    writel(TIM1 + RCR, 2);
    writel(TIM1 + EGR, UG);
    writel(TIM1 + SR, 0);
    writel(TIM1 + DIER, UIF);
    writel(TIM1 + CR1, mode | CEN);
    for (int i = 0; i < 3; i++) {
        clock_step(29 * US);
        g_assert_false(get_irq(TIM1_UP_SPI));
        clock_step(1 * US + 1);
        g_assert_true(get_irq(TIM1_UP_SPI));
        writel(TIM1 + SR, 0);
    }
}

static void test_repetitions(void)
{
    start_repeating(0, 9);

    /* Many of them at once, and where in the row it is then */
    writel(TIM1 + DIER, 0);
    writel(TIM1 + EGR, UG);
    writel(TIM1 + SR, 0);
    clock_step((30 * 1000 + 20) * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, UIF);
    writel(TIM1 + SR, 0);
    clock_step(9 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, 0);
    clock_step(1 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, UIF);

    /* A new RCR, and a preloaded ARR, count from an update event on. */
    writel(TIM1 + CR1, CEN | ARPE);
    writel(TIM1 + ARR, 19);
    writel(TIM1 + RCR, 0);
    writel(TIM1 + SR, 0);
    clock_step(29 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, 0);
    clock_step(1 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, UIF);
    writel(TIM1 + SR, 0);
    clock_step(19 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, 0);
    clock_step(1 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, UIF);
    qtest_end();
}

/* An update is a request for DMA, and is over when that has served it. */
static void test_dma(void)
{
    start();
    for (int i = 0; i < 8; i++) {
        writel(SRC + 4 * i, 1000 + i);
    }
    writel(MUX_CCR(0), TIM2_UP);
    writel(DMA1 + 0x18, TIM2 + DMAR);
    writel(DMA1 + 0x1c, SRC);
    writel(DMA_NDTR0, 8);
    /* memory to peripheral, MINC, words */
    writel(DMA1 + 0x10, 1 << 6 | 1 << 10 | 2 << 11 | 2 << 13 | 1);
    set_up(100);
    set(DCR, 1 << 8 | CCR(2) / 4);      /* CCR2 and CCR3 */
    set(CR1, CEN);
    clock_step(200 * US);
    g_assert_cmpuint(readl(DMA_NDTR0), ==, 8);

    set(DIER, UDE);
    clock_step(99 * US);
    g_assert_cmpuint(readl(DMA_NDTR0), ==, 8);
    clock_step(2 * US);
    g_assert_cmpuint(readl(DMA_NDTR0), ==, 6);
    g_assert_cmpuint(get(CCR(2)), ==, 1000);
    g_assert_cmpuint(get(CCR(3)), ==, 1001);
    g_assert_cmpuint(get(CCR(4)), ==, 0);
    clock_step(100 * US);
    g_assert_cmpuint(readl(DMA_NDTR0), ==, 4);
    g_assert_cmpuint(get(CCR(2)), ==, 1002);
    set(DIER, 0);
    clock_step(300 * US);
    g_assert_cmpuint(readl(DMA_NDTR0), ==, 4);

    /* DMAR is no way to DMAR, nor to what is not there. */
    set(DCR, DMAR / 4);
    set(DMAR, 0xffffffff);
    g_assert_cmphex(get(DMAR), ==, 0);
    set(DCR, 0x1f);
    set(DMAR, 0xffffffff);
    g_assert_cmphex(get(DMAR), ==, 0);
    qtest_end();
}

/* Updates of TIM3 for TIM2, which has it at ITR2 */
static void test_slave(void)
{
    start();
    writel(TIM3 + PSC, 63);
    writel(TIM3 + ARR, 99);
    writel(TIM3 + EGR, UG);
    writel(TIM3 + CR2, MMS(2));
    writel(TIM3 + CR1, CEN);

    /* external clock: one count each, through the prescaler */
    set(ARR, 4);
    set(PSC, 1);
    set(EGR, UG);
    set(SR, 0);
    set(SMCR, TS(2) | 7);
    set(CR1, CEN);
    clock_step(700 * US + 100);
    g_assert_cmpuint(get(CNT), ==, 3);
    g_assert_cmphex(get(SR) & (TIF | UIF), ==, TIF);
    clock_step(300 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    g_assert_cmphex(get(SR) & UIF, ==, UIF);

    /* reset */
    set(CR1, 0);
    set(SMCR, TS(2) | 4);
    set(PSC, 63);
    set(ARR, 0xffffffff);
    set(EGR, UG);
    set(CR1, CEN);
    clock_step(1000 * US);
    g_assert_cmpuint(get(CNT), <=, 100);

    /* trigger: it starts */
    set(CR1, 0);
    set(SMCR, TS(2) | 6);
    set(EGR, UG);
    set(SR, 0);
    clock_step(101 * US);
    g_assert_cmphex(get(CR1), ==, CEN);
    g_assert_cmphex(get(SR) & TIF, ==, TIF);
    clock_step(500 * US);
    g_assert_cmpuint(get(CNT), >=, 500);

    /* gated by the other's CEN */
    set(SMCR, TS(2) | 5);
    writel(TIM3 + CR2, MMS(1));
    writel(TIM3 + CR1, 0);
    set(EGR, UG);
    clock_step(100 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    writel(TIM3 + CR1, CEN);
    clock_step(50 * US);
    g_assert_cmpuint(get(CNT), ==, 50);
    writel(TIM3 + CR1, 0);
    clock_step(50 * US);
    g_assert_cmpuint(get(CNT), ==, 50);
    qtest_end();
}

static void ti(int n, int level)
{
    qtest_set_irq_in(global_qtest, "/machine/soc/tim2", "ti", n, level);
}

static void test_capture(void)
{
    start();
    set_up(1000);
    set(CCMR1, 1 | 2 << 8);         /* IC1 on TI1, IC2 on TI1 */
    set(CCER, 1 | 3 << 4);          /* rising; falling */
    set(DIER, CCIF(1));
    set(CR1, CEN);
    set(SR, 0);
    clock_step(10 * US);
    ti(0, 1);
    g_assert_true(get_irq(TIM2_SPI));
    clock_step(20 * US);
    ti(0, 0);
    g_assert_cmphex(get(SR) & (CCIF(1) | CCIF(2)), ==, CCIF(1) | CCIF(2));
    g_assert_cmpuint(get(CCR(1)), ==, 10);
    g_assert_cmphex(get(SR) & CCIF(1), ==, 0);  /* read, so cleared */
    g_assert_false(get_irq(TIM2_SPI));
    clock_step(5 * US);
    ti(0, 1);
    clock_step(5 * US);
    ti(0, 0);
    g_assert_cmphex(get(SR) & (CCOF(1) | CCOF(2)), ==, CCOF(2));
    g_assert_cmpuint(get(CCR(1)), ==, 35);
    g_assert_cmpuint(get(CCR(2)), ==, 40);

    /* every fourth edge; by software at any time */
    set(CCMR1, 1 | 2 << 2);
    for (int i = 0; i < 4; i++) {
        g_assert_cmphex(get(SR) & CCIF(1), ==, 0);
        clock_step(1 * US);
        ti(0, 1);
        ti(0, 0);
    }
    g_assert_cmpuint(get(CCR(1)), ==, 44);
    clock_step(6 * US);
    set(EGR, CCG(1));
    g_assert_cmpuint(get(CCR(1)), ==, 50);

    /* switched off */
    set(CCER, 0);
    ti(0, 1);
    g_assert_cmpuint(get(CCR(1)), ==, 50);
    qtest_end();
}

static void test_encoder(void)
{
    start();
    set(ARR, 9);
    set(EGR, UG);
    set(SR, 0);
    set(CCMR1, 1 | 1 << 8);
    set(SMCR, 3);
    set(CR1, CEN);
    clock_step(1 * MS);
    g_assert_cmpuint(get(CNT), ==, 0);
    for (int i = 0; i < 3; i++) {
        ti(0, 1);
        ti(1, 1);
        ti(0, 0);
        ti(1, 0);
    }
    g_assert_cmpuint(get(CNT), ==, 2);
    g_assert_cmphex(get(CR1) & DIR, ==, 0);
    g_assert_cmphex(get(SR) & UIF, ==, UIF);
    ti(1, 1);
    g_assert_cmpuint(get(CNT), ==, 1);
    g_assert_cmphex(get(CR1) & DIR, ==, DIR);
    ti(0, 1);
    ti(1, 0);
    g_assert_cmpuint(get(CNT), ==, 9);
    ti(0, 0);
    g_assert_cmpuint(get(CNT), ==, 8);

    /* edges of TI1 alone */
    set(SMCR, 1);
    ti(0, 1);
    ti(1, 1);
    ti(0, 0);
    ti(1, 0);
    g_assert_cmpuint(get(CNT), ==, 0);
    qtest_end();
}

/* However short a period is, others are told no more often than that. */
static void test_events_bounded(void)
{
    int64_t now, next;

    start();
    set_up(2);
    set(CR2, MMS(2));
    set(DIER, UDE);
    set(CR1, CEN);
    now = clock_step_next();
    for (int i = 0; i < 10; i++) {
        next = clock_step_next();
        g_assert_cmpint(next - now, >=, 10 * US);
        g_assert_cmpint(next - now, <=, 13 * US);
        now = next;
    }
    qtest_end();
}

static void test_tim1_reset(void)
{
    start();
    writel(TIM1 + RCR, 3);
    writel(TIM1 + BDTR, MOE);
    writel(TIM1 + CR1, CEN);
    writel(RCC_APB2RSTSETR, 1);
    writel(RCC_APB2RSTCLRR, 1);
    g_assert_cmphex(readl(TIM1 + RCR), ==, 0);
    g_assert_cmphex(readl(TIM1 + BDTR), ==, 0);
    g_assert_cmphex(readl(TIM1 + CR1), ==, 0);
    g_assert_cmphex(readl(TIM1 + ARR), ==, 0xffff);
    qtest_end();
}

/* To another QEMU, whose clock goes on where that of this one was */
static void migrate(void)
{
    int64_t now = clock_step(1);

    global_qtest = stm32mp1_migrate(global_qtest);
    qtest_clock_set(global_qtest, now);
}

/* Counts microseconds up to @arr and back. */
static void set_up_centred(int cms, uint32_t arr)
{
    set(CR1, CMS(cms));
    set(PSC, 63);
    set(ARR, arr);
    set(EGR, UG);
    set(SR, 0);
    set(CR1, CMS(cms) | CEN);
}

static void test_centred(void)
{
    start();
    set_up_centred(1, 10);
    for (int i = 0; i < 45; i++) {
        int phase = i % 20;

        g_test_message("after %d us", i);
        g_assert_cmpuint(get(CNT), ==, phase < 10 ? phase : 20 - phase);
        /* software cannot change it */
        set(CR1, get(CR1) ^ DIR);
        g_assert_cmphex(get(CR1) & DIR, ==, phase < 10 ? 0 : DIR);
        /* both where it turns */
        g_assert_cmphex(get(SR) & UIF, ==, i && phase % 10 == 0 ? UIF : 0);
        set(SR, 0);
        clock_step(1 * US);
    }
    /* software starts from 0 again, up */
    clock_step(11 * US);
    g_assert_cmphex(get(CR1) & DIR, ==, DIR);
    set(EGR, UG);
    g_assert_cmphex(get(CR1) & DIR, ==, 0);
    g_assert_cmpuint(get(CNT), ==, 0);

    /* many times around at once */
    clock_step(20 * 100000 * US + 13 * US);
    g_assert_cmpuint(get(CNT), ==, 7);
    g_assert_cmphex(get(CR1) & DIR, ==, DIR);
    clock_step(10 * 100001 * US);
    g_assert_cmpuint(get(CNT), ==, 3);
    g_assert_cmphex(get(CR1) & DIR, ==, 0);

    /* a new ARR counts from the next time that it turns */
    set(CR1, CMS(1) | CEN | ARPE);
    set(ARR, 20);
    clock_step(7 * US);
    g_assert_cmpuint(get(CNT), ==, 20);
    clock_step(18 * US);
    g_assert_cmpuint(get(CNT), ==, 2);
    /* past ARR, and at its end, it turns */
    set(CR1, CMS(1) | CEN);
    clock_step(3 * US);
    g_assert_cmphex(get(CR1) & DIR, ==, 0);
    set(CNT, 100);
    clock_step(3 * US);
    g_assert_cmpuint(get(CNT), ==, 18);
    set(CNT, 0);
    clock_step(3 * US);
    g_assert_cmpuint(get(CNT), ==, 2);
    g_assert_cmphex(get(CR1) & DIR, ==, 0);
    qtest_end();
}

/* Which way the counter has to go when a match sets its flag */
static void test_centred_match(void)
{
    static const struct {
        int cms;
        uint32_t ccr;
        int first, second;      /* in each 20 us; -1 for never */
    } cases[] = {
        { 1, 3, 17, -1 }, { 2, 3, 3, -1 }, { 3, 3, 3, 17 },
        { 1, 10, 10, -1 }, { 2, 10, 10, -1 }, { 3, 0, 0, -1 },
        { 1, 11, -1, -1 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_test_message("case %d", i);
        start();
        set(DIER, CCIF(1));
        set(CCR(1), cases[i].ccr);
        set_up_centred(cases[i].cms, 10);
        clock_step(1);
        for (int us = 0; us <= 45; us++) {
            bool due = us && (us % 20 == cases[i].first ||
                              us % 20 == cases[i].second);

            g_assert_cmpint(get_irq(TIM2_SPI), ==, due);
            if (due) {
                g_assert_cmphex(get(SR) & CCIF(1), ==, CCIF(1));
                set(SR, 0);
            }
            clock_step(1 * US);
        }
        /* nobody has looked for long */
        set(SR, 0);
        set(DIER, 0);
        clock_step(100000 * US);
        g_assert_cmpint((get(SR) & CCIF(1)) != 0, ==, cases[i].ccr <= 10);
        qtest_end();
    }
}

/* Overflows and underflows count for RCR, from an update on. */
static void test_centred_repetitions(void)
{
    start_repeating(CMS(1), 10);
    writel(TIM1 + DIER, 0);
    clock_step(30 * 1001 * US);
    writel(TIM1 + SR, 0);
    clock_step(29 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, 0);
    clock_step(1 * US);
    g_assert_cmphex(readl(TIM1 + SR) & UIF, ==, UIF);
    qtest_end();
}

static void etr(int level)
{
    qtest_set_irq_in(global_qtest, "/machine/soc/tim2", "etr", 0, level);
}

static void etr_pulses(int n)
{
    while (n--) {
        etr(1);
        etr(0);
    }
}

static void test_external_trigger(void)
{
    start();
    /* as the clock, beside the slave modes */
    set(SMCR, ECE);
    set(CR1, CEN);
    clock_step(1000 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    etr_pulses(5);
    g_assert_cmpuint(get(CNT), ==, 5);
    etr(1);
    g_assert_cmpuint(get(CNT), ==, 6);
    set(SMCR, ECE | ETP);
    etr(0);
    g_assert_cmpuint(get(CNT), ==, 7);
    etr(1);
    g_assert_cmpuint(get(CNT), ==, 7);
    etr(0);
    g_assert_cmpuint(get(CNT), ==, 8);
    for (int i = 1; i < 4; i++) {
        set(SMCR, ECE | ETPS(i));
        set(CNT, 0);
        etr_pulses(4 << i);
        g_assert_cmpuint(get(CNT), ==, 4);
        etr_pulses((1 << i) - 1);
        g_assert_cmpuint(get(CNT), ==, 4);
        etr_pulses(1);
        g_assert_cmpuint(get(CNT), ==, 5);
    }
    etr_pulses(7);
    migrate();
    etr_pulses(1);
    g_assert_cmpuint(get(CNT), ==, 6);
    set(CR1, 0);
    etr_pulses(100);
    g_assert_cmpuint(get(CNT), ==, 6);

    /* as the trigger: TIF, and what the slave mode makes of it */
    set(CNT, 0);
    set(SMCR, TS(ETRF) | 6);
    set(SR, 0);
    etr(1);
    g_assert_cmphex(get(SR) & TIF, ==, TIF);
    g_assert_cmphex(get(CR1) & CEN, ==, CEN);
    clock_step(10 * US);
    g_assert_cmpuint(get(CNT), >, 0);
    set(SR, 0);
    etr(0);
    g_assert_cmphex(get(SR) & TIF, ==, 0);
    set(SMCR, TS(ETRF) | 5);
    set(CNT, 0);
    clock_step(10 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    etr(1);
    clock_step(10 * US);
    g_assert_cmpuint(get(CNT), >, 0);
    set(SMCR, TS(ETRF) | 5 | ETP);
    set(CNT, 0);
    clock_step(10 * US);
    g_assert_cmpuint(get(CNT), ==, 0);
    set(SMCR, TS(ETRF) | 7);
    etr(0);
    set(CNT, 0);
    etr_pulses(3);
    g_assert_cmpuint(get(CNT), ==, 3);
    qtest_end();
}

/* What each level of LOCK keeps: the first write to BDTR says which. */
static void test_lock(void)
{
    for (uint32_t level = 0; level <= 3; level++) {
        g_test_message("level %u", level);
        start();
        writel(TIM1 + BDTR, LOCK(level) | 0x55);
        g_assert_cmphex(readl(TIM1 + BDTR), ==, LOCK(level) | 0x55);
        writel(TIM1 + BDTR, 0x03fffcff);
        g_assert_cmphex(readl(TIM1 + BDTR), ==, LOCK(level) |
                        (level >= 1 ? 0x8055 : 0x03fff0ff) |
                        (level >= 2 ? 0 : 0x0c00));
        writel(TIM1 + CR2, 0xffffffff);
        g_assert_cmphex(readl(TIM1 + CR2), ==,
                        level >= 1 ? 0x00f080fd : 0x00f5fffd);
        /* the second channel captures */
        writel(TIM1 + CCMR1, 1 << 8);
        writel(TIM1 + CCER, 0xffffffff);
        g_assert_cmphex(readl(TIM1 + CCER), ==,
                        level >= 2 ? 0x003315f5 : 0x0033bfff);
        writel(TIM1 + CCMR1, 0x0101fdfc);
        g_assert_cmphex(readl(TIM1 + CCMR1), ==,
                        level >= 3 ? 0x0100fd84 : 0x0101fdfc);
        migrate();
        writel(TIM1 + BDTR, LOCK(3 - level));
        g_assert_cmphex(readl(TIM1 + BDTR) & LOCK(3), ==, LOCK(level));
        /* a reset unlocks */
        writel(RCC_APB2RSTSETR, 1);
        writel(RCC_APB2RSTCLRR, 1);
        writel(TIM1 + BDTR, LOCK(3 - level));
        g_assert_cmphex(readl(TIM1 + BDTR) & LOCK(3), ==, LOCK(3 - level));
        qtest_end();
    }
}

static bool level_of(const char *tim, const char *output)
{
    g_autofree char *path = g_strdup_printf(STM32MP1_SOC "%s", tim);
    QDict *rsp = qtest_qmp(global_qtest, "{ 'execute': 'qom-get', 'arguments':"
                           " { 'path': %s, 'property': %s } }", path, output);
    bool level = qdict_get_bool(rsp, "return");

    qobject_unref(rsp);
    return level;
}

static int64_t look(const char *property)
{
    return stm32mp1_qom_get(global_qtest, STM32MP1_SOC "tim2", property);
}

/* Levels of a channel, 100 us a period, 30 to the match */
static void test_outputs(void)
{
    enum { LOW, HIGH, BEFORE, AFTER };
    static const struct {
        uint32_t ocm, ccer;
        int level;
        uint64_t width;
    } cases[] = {
        { 4, CC1E, LOW, 0 }, { 5, CC1E, HIGH, 0 },
        { 4, CC1E | CC1P, HIGH, 0 }, { 5, 0, LOW, 0 },
        { 6, CC1E, BEFORE, 30 }, { 7, CC1E, AFTER, 70 },
        { 6, CC1E | CC1P, AFTER, 70 }, { 7, CC1E | CC1P, BEFORE, 30 },
        { 6, CC1P, LOW, 0 },
        { 1, CC1E, AFTER, 0 }, { 2, CC1E, BEFORE, 0 }, { 3, CC1E, AFTER, 0 },
        { 0, CC1E, LOW, 0 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t width = cases[i].width;
        bool clears = cases[i].ocm == 2;

        g_test_message("case %d", i);
        start();
        set(CCR(1), 30);
        /* what a match sets or clears starts from the other level */
        set(CCMR1, OC1M(clears ? 5 : 4));
        set(CCMR1, OC1M(cases[i].ocm));
        set(CCER, cases[i].ccer);
        set_up(100);
        g_assert_cmpint(look("oc1-period"), ==, 0);
        set(CR1, CEN);
        for (int us = 0; us < 100; us += 10) {
            int now = us < 30 ? BEFORE : AFTER;

            g_assert_cmpint(level_of("tim2", "oc1"), ==,
                            cases[i].level == HIGH || cases[i].level == now);
            clock_step(10 * US);
        }
        g_assert_cmpint(look("oc1-period"), ==, width ? 100 * US : 0);
        g_assert_cmpint(look("oc1-width"), ==, width * US);
        qtest_end();
    }
}

static void test_output_levels(void)
{
    start();
    /* toggled once a period, however seldom somebody looks */
    set(CCR(2), 30);
    set(CCMR1, OC2M(3));
    set(CCER, CC2E);
    set_up(100);
    set(CR1, CEN);
    for (int i = 0; i < 6; i++) {
        g_assert_cmpint(level_of("tim2", "oc2"), ==, i % 2);
        clock_step(100 * US);
    }
    clock_step(99 * 100 * US);
    g_assert_true(level_of("tim2", "oc2"));
    migrate();
    g_assert_true(level_of("tim2", "oc2"));
    /* it is forced, and keeps that without a mode */
    set(CCMR1, OC2M(4));
    g_assert_false(level_of("tim2", "oc2"));
    set(CCMR1, OC2M(5));
    set(CCMR1, OC2M(0));
    g_assert_true(level_of("tim2", "oc2"));
    /* an input drives nothing */
    set(CCMR1, 1 << 8);
    g_assert_false(level_of("tim2", "oc2"));
    qtest_end();

    /* down, it is high at the match, too */
    start();
    set(CCR(1), 30);
    set(CCMR1, OC1M(6));
    set(CCER, CC1E);
    set(CR1, DIR);
    set_up(100);
    set(CR1, DIR | CEN);
    clock_step(68 * US);
    g_assert_false(level_of("tim2", "oc1"));
    clock_step(1 * US);
    g_assert_true(level_of("tim2", "oc1"));
    qtest_end();

    /* 100 steps up and down: high around 0 */
    start();
    set(CCR(1), 30);
    set(CCMR1, OC1M(6));
    set(CCER, CC1E);
    set_up_centred(1, 100);
    g_assert_cmpint(look("oc1-period"), ==, 200 * US);
    g_assert_cmpint(look("oc1-width"), ==, 60 * US);
    clock_step(29 * US);
    g_assert_true(level_of("tim2", "oc1"));
    clock_step(1 * US);
    g_assert_false(level_of("tim2", "oc1"));
    clock_step(139 * US);
    g_assert_false(level_of("tim2", "oc1"));
    clock_step(1 * US);
    g_assert_true(level_of("tim2", "oc1"));
    /* a match changes the level both ways, whatever its flag is for */
    set(CR1, CMS(1));
    set(CCR(1), 30);
    set(CCMR1, OC1M(4));
    set(CCMR1, OC1M(3));
    set(EGR, UG);
    set(CR1, CMS(1) | CEN);
    for (int us = 0; us < 400; us += 20) {
        g_assert_cmpint(level_of("tim2", "oc1"), ==,
                        us % 200 > 30 && us % 200 < 170);
        clock_step(20 * US);
    }
    set(CCMR1, OC1M(6));
    /* always high, if the match is not in the period */
    set(CCR(1), 1000);
    g_assert_cmpint(look("oc1-width"), ==, 200 * US);
    qtest_end();
}

/* TIM1: MOE, complements, and what is driven without MOE */
static void test_main_output(void)
{
    static const struct {
        uint32_t bdtr, ccer, cr2;
        bool oc1, oc1n;
    } cases[] = {
        { 0, CC1E | CC1NE, 0, false, false },
        { MOE, CC1E | CC1NE, 0, true, false },
        { MOE, CC1E | CC1P | CC1NE | CC1NP, 0, false, true },
        { MOE, CC1E, 3 << 8, true, false },
        { MOE, CC1NE | CC1NP, 0, false, true },
        { 0, CC1E | CC1NE, 3 << 8, false, false },
        { OSSI, CC1E | CC1NE, 1 << 8, true, false },
        { OSSI, CC1E | CC1NE, 2 << 8, false, true },
    };

    start();
    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_test_message("case %d", i);
        writel(TIM1 + CCMR1, OC1M(5));
        writel(TIM1 + CCER, cases[i].ccer);
        writel(TIM1 + CR2, cases[i].cr2);
        writel(TIM1 + BDTR, cases[i].bdtr);
        g_assert_cmpint(level_of("tim1", "oc1"), ==, cases[i].oc1);
        g_assert_cmpint(level_of("tim1", "oc1n"), ==, cases[i].oc1n);
    }
    /* a break by software: all is off */
    writel(TIM1 + CR2, 0);
    writel(TIM1 + CCER, CC1E);
    writel(TIM1 + BDTR, MOE);
    g_assert_true(level_of("tim1", "oc1"));
    writel(TIM1 + EGR, BG);
    g_assert_false(level_of("tim1", "oc1"));
    g_assert_cmphex(readl(TIM1 + SR) & BIF, ==, BIF);
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
    qtest_add_func("stm32mp1/tim/kinds", test_kinds);
    qtest_add_func("stm32mp1/tim/tim1_irqs", test_tim1_irqs);
    qtest_add_func("stm32mp1/tim/repetitions", test_repetitions);
    qtest_add_func("stm32mp1/tim/dma", test_dma);
    qtest_add_func("stm32mp1/tim/slave", test_slave);
    qtest_add_func("stm32mp1/tim/capture", test_capture);
    qtest_add_func("stm32mp1/tim/encoder", test_encoder);
    qtest_add_func("stm32mp1/tim/events_bounded", test_events_bounded);
    qtest_add_func("stm32mp1/tim/tim1_reset", test_tim1_reset);
    qtest_add_func("stm32mp1/tim/centred", test_centred);
    qtest_add_func("stm32mp1/tim/centred_match", test_centred_match);
    qtest_add_func("stm32mp1/tim/centred_repetitions",
                   test_centred_repetitions);
    qtest_add_func("stm32mp1/tim/external_trigger", test_external_trigger);
    qtest_add_func("stm32mp1/tim/lock", test_lock);
    qtest_add_func("stm32mp1/tim/outputs", test_outputs);
    qtest_add_func("stm32mp1/tim/output_levels", test_output_levels);
    qtest_add_func("stm32mp1/tim/main_output", test_main_output);
    return g_test_run();
}
