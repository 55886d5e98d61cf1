/*
 * QTest for the STM32MP1 analog-to-digital converters
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define ADC1            0x48003000
#define ADC2            0x48003100
#define ISR             0x00
#define IER             0x04
#define CR              0x08
#define CFGR            0x0c
#define SMPR1           0x14
#define SQR1            0x30
#define SQR2            0x34
#define DR              0x40
#define CALFACT2        0xc8
#define OR              0xd0
#define CSR             (ADC1 + 0x300)
#define CCR             (ADC1 + 0x308)

#define ADRDY           (1u << 0)
#define EOC             (1u << 2)
#define EOS             (1u << 3)
#define OVR             (1u << 4)
#define LDORDY          (1u << 12)
#define ADEN            (1u << 0)
#define ADDIS           (1u << 1)
#define ADSTART         (1u << 2)
#define ADSTP           (1u << 4)
#define ADCALLIN        (1u << 16)
#define LINCALRDY       (0x3fu << 22)
#define ADVREGEN        (1u << 28)
#define DEEPPWD         (1u << 29)
#define ADCAL           (1u << 31)
#define DMA_CIRCULAR    3u
#define RES(n)          ((n) << 2)
#define EXTSEL(n)       ((n) << 5)
#define RISING          (1u << 10)
#define OVRMOD          (1u << 12)
#define CONT            (1u << 13)
#define AUTDLY          (1u << 14)
#define DISCEN          (1u << 16)
#define CFGR_RESET      0x80000000u

#define ADC_PATH        STM32MP1_SOC "adc"
#define ADC1_SPI        18
#define ADC2_SPI        90
#define TIM6            0x40004000
#define TIM6_TRGO       13
#define MUX_CCR(n)      (0x48002000 + 4 * (n))
#define ADC2_REQUEST    10
#define DMA1            0x48000000
#define DST             0x10000000
#define RCC_ADCCKSELR   0x50000928
#define RCC_AHB2RSTSETR 0x50000998
#define RCC_AHB2RSTCLRR 0x5000099c

/* ck_per = HSE: 24 MHz. 1.5 and 8.5 cycles are 10: 416 ns */
#define CONVERSION_NS   416
#define MIN_NS          10000

static QTestState *start(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_in(qts, STM32MP1_SOC "a7mpcore/gic");
    qtest_writel(qts, RCC_ADCCKSELR, 1);
    return qts;
}

static void enable(QTestState *qts, uint32_t adc)
{
    qtest_writel(qts, adc + CR, ADVREGEN);
    qtest_writel(qts, adc + CR, ADVREGEN | ADEN);
}

static void convert(QTestState *qts, uint32_t adc)
{
    qtest_writel(qts, adc + CR, ADVREGEN | ADSTART);
}

static void test_registers(void)
{
    QTestState *qts = start();

    for (uint32_t adc = ADC1; adc <= ADC2; adc += 0x100) {
        g_assert_cmphex(qtest_readl(qts, adc + CR), ==, DEEPPWD);
        g_assert_cmphex(qtest_readl(qts, adc + CFGR), ==, CFGR_RESET);
        stm32mp1_check_readonly(qts, adc + ISR, 0);
        stm32mp1_check_mask(qts, adc + IER, 0x7ff);
        stm32mp1_check_mask(qts, adc + SMPR1, 0x3fffffff);
        stm32mp1_check_mask(qts, adc + SQR1, 0x1f7df7cf);
        stm32mp1_check_mask(qts, adc + SQR2, 0x1f7df7df);
        stm32mp1_check_mask(qts, adc + CALFACT2, 0x3fffffff);
        stm32mp1_check_readonly(qts, adc + DR, 0);
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + 0x3f0) & 0xf, ==, 2);
    stm32mp1_check_readonly(qts, ADC1 + 0x3f8, 0x00110005);
    stm32mp1_check_any_access(qts, ADC1);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==, DEEPPWD);
    qtest_quit(qts);
}

/* Regulator, calibration, ready, and what is refused before */
static void test_power_up(void)
{
    QTestState *qts = start();

    qtest_writel(qts, ADC2 + CR, ADEN);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==, 0);
    qtest_writel(qts, ADC2 + CR, ADVREGEN);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==, ADVREGEN);
    g_assert_cmphex(qtest_readl(qts, ADC2 + ISR), ==, LDORDY);

    qtest_writel(qts, ADC2 + CR, ADVREGEN | ADCAL);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==, ADVREGEN);
    qtest_writel(qts, ADC2 + CR, ADVREGEN | ADCALLIN | ADCAL);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==,
                    ADVREGEN | ADCALLIN | LINCALRDY);

    qtest_writel(qts, ADC2 + CR, ADVREGEN | ADSTART);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==, ADVREGEN);
    qtest_writel(qts, ADC2 + IER, ADRDY);
    g_assert_false(qtest_get_irq(qts, ADC2_SPI));
    qtest_writel(qts, ADC2 + CR, ADVREGEN | ADEN);
    g_assert_cmphex(qtest_readl(qts, ADC2 + ISR), ==, LDORDY | ADRDY);
    g_assert_true(qtest_get_irq(qts, ADC2_SPI));
    g_assert_false(qtest_get_irq(qts, ADC1_SPI));
    qtest_writel(qts, ADC2 + ISR, ADRDY);
    g_assert_false(qtest_get_irq(qts, ADC2_SPI));
    g_assert_cmphex(qtest_readl(qts, CSR), ==, 0);

    qtest_writel(qts, ADC2 + CR, ADVREGEN | ADDIS);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==, ADVREGEN);
    qtest_writel(qts, ADC2 + CR, DEEPPWD);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR), ==, DEEPPWD);
    g_assert_cmphex(qtest_readl(qts, ADC2 + ISR), ==, 0);
    qtest_quit(qts);
}

static void test_single(void)
{
    static const struct {
        uint32_t res;
        uint32_t half;
        uint32_t full;
    } resolutions[] = {
        { 0, 0x8000, 0xffff }, { 1, 0x2000, 0x3fff }, { 2, 0x800, 0xfff },
        { 3, 0x200, 0x3ff }, { 4, 0x80, 0xff },
    };
    QTestState *qts = start();

    enable(qts, ADC1);
    qtest_writel(qts, ADC1 + SQR1, 6 << 6);
    qtest_writel(qts, ADC1 + IER, EOC);
    stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6", 1250000);
    convert(qts, ADC1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==,
                    ADVREGEN | ADEN | ADSTART);
    qtest_clock_step(qts, CONVERSION_NS - 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==, 0);
    g_assert_false(qtest_get_irq(qts, ADC1_SPI));
    qtest_clock_step(qts, 2);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | EOS | OVR), ==,
                    EOC | EOS);
    g_assert_true(qtest_get_irq(qts, ADC1_SPI));
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 0x8000);
    g_assert_false(qtest_get_irq(qts, ADC1_SPI));
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | EOS), ==, EOS);

    for (unsigned i = 0; i < ARRAY_SIZE(resolutions); i++) {
        qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | RES(resolutions[i].res));
        stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6", 1250000);
        convert(qts, ADC1);
        qtest_clock_step(qts, 1000);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, resolutions[i].half);
        stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6", 3300000);
        convert(qts, ADC1);
        qtest_clock_step(qts, 1000);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, resolutions[i].full);
    }
    /* another reference, another result; none at all */
    stm32mp1_qom_set(qts, ADC_PATH, "vref", 3300000);
    stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6", 825000);
    convert(qts, ADC1);
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 0x40);
    stm32mp1_qom_set(qts, ADC_PATH, "vref", 0);
    convert(qts, ADC1);
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 0xff);
    qtest_quit(qts);
}

/* Sampling takes what SMPRx says, on a clock that CCR divides. */
static void test_time(void)
{
    QTestState *qts = start();

    enable(qts, ADC1);
    qtest_writel(qts, ADC1 + SQR1, 3 << 6);
    qtest_writel(qts, ADC1 + SMPR1, 7 << 9);    /* 810.5 cycles */
    qtest_writel(qts, CCR, 2 << 18);            /* / 4 */
    convert(qts, ADC1);
    qtest_clock_step(qts, 819 * 4 * 1000 / 24 - 10);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==, 0);
    qtest_clock_step(qts, 20);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==, EOC);
    qtest_quit(qts);
}

static void set_inputs(QTestState *qts, const char *adc)
{
    for (unsigned i = 1; i <= 6; i++) {
        g_autofree char *name = g_strdup_printf("%s-in%u", adc, i);

        /* i << 8 of 16 bits */
        stm32mp1_qom_set(qts, ADC_PATH, name, (i * 2500000 + 255) / 256);
    }
}

/* Six places of the sequence, in two registers: channels 6 to 1 */
static void set_sequence(QTestState *qts, uint32_t adc)
{
    qtest_writel(qts, adc + SQR1, 6 << 6 | 5 << 12 | 4 << 18 | 3 << 24 | 5);
    qtest_writel(qts, adc + SQR2, 2 << 0 | 1 << 6);
}

static void test_sequence(void)
{
    QTestState *qts = start();

    enable(qts, ADC1);
    set_inputs(qts, "adc1");
    set_sequence(qts, ADC1);
    convert(qts, ADC1);
    for (unsigned i = 6; i >= 1; i--) {
        qtest_clock_step(qts, CONVERSION_NS + 1);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | EOS), ==,
                        i == 1 ? EOC | EOS : EOC);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, i << 8);
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & ADSTART, ==, 0);

    /* Nobody reads: the first result stays, or the last one does. */
    convert(qts, ADC1);
    qtest_clock_step(qts, 100 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & OVR, ==, OVR);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 6 << 8);
    qtest_writel(qts, ADC1 + ISR, OVR);
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | OVRMOD);
    convert(qts, ADC1);
    qtest_clock_step(qts, 100 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & OVR, ==, OVR);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 1 << 8);
    qtest_writel(qts, ADC1 + ISR, OVR);

    /* With AUTDLY it waits for the reader. */
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | AUTDLY);
    convert(qts, ADC1);
    for (unsigned i = 6; i >= 1; i--) {
        qtest_clock_step(qts, 10 * CONVERSION_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, i << 8);
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & OVR, ==, 0);

    /* Discontinuous: two a start */
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | DISCEN | 1 << 17 | OVRMOD);
    for (unsigned i = 0; i < 4; i++) {
        static const uint32_t last[] = { 5, 3, 1, 5 };

        qtest_writel(qts, ADC1 + ISR, EOS);
        convert(qts, ADC1);
        qtest_clock_step(qts, 10 * CONVERSION_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & ADSTART, ==, 0);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOS, ==,
                        last[i] == 1 ? EOS : 0);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, last[i] << 8);
    }
    qtest_quit(qts);
}

static void test_continuous(void)
{
    QTestState *qts = start();
    int64_t now;

    enable(qts, ADC1);
    set_inputs(qts, "adc1");
    qtest_writel(qts, ADC1 + SQR1, 6 << 6 | 5 << 12 | 1);
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | CONT);
    convert(qts, ADC1);
    for (unsigned i = 0; i < 6; i++) {
        qtest_clock_step(qts, MIN_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, (6 - i % 2) << 8);
    }
    /* However fast the clock is, QEMU is not kept busy. */
    now = qtest_clock_step_next(qts);
    g_assert_cmpint(qtest_clock_step_next(qts) - now, >=, MIN_NS);

    qtest_writel(qts, ADC1 + CR, ADVREGEN | ADSTP);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN);
    qtest_readl(qts, ADC1 + DR);
    qtest_clock_step(qts, 10 * MIN_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==, 0);
    qtest_quit(qts);
}

static void test_inner_channels(void)
{
    static const struct {
        unsigned channel;
        uint32_t ccr;
        uint32_t or;
        uint32_t millivolts;
    } inner[] = {
        { 12, 1 << 23, 0, 760 }, { 13, 1 << 22, 0, 1210 }, { 14, 0, 1, 1200 },
    };
    QTestState *qts = start();

    enable(qts, ADC2);
    for (unsigned i = 0; i < ARRAY_SIZE(inner); i++) {
        uint32_t value;

        qtest_writel(qts, ADC2 + SQR1, inner[i].channel << 6);
        qtest_writel(qts, CCR, 0);
        qtest_writel(qts, ADC2 + OR, 0);
        convert(qts, ADC2);
        qtest_clock_step(qts, 1000);
        g_assert_cmphex(qtest_readl(qts, ADC2 + DR), ==, 0);
        qtest_writel(qts, CCR, inner[i].ccr);
        qtest_writel(qts, ADC2 + OR, inner[i].or);
        convert(qts, ADC2);
        qtest_clock_step(qts, 1000);
        value = qtest_readl(qts, ADC2 + DR);
        g_assert_cmpuint((value * 2500 + 0x8000) >> 16, ==,
                         inner[i].millivolts);
    }
    qtest_quit(qts);
}

/* TIM6 samples, and DMA takes what there is. */
static void test_timer_and_dma(void)
{
    QTestState *qts = start();

    enable(qts, ADC2);
    set_inputs(qts, "adc2");
    set_sequence(qts, ADC2);
    qtest_writel(qts, ADC2 + CFGR, CFGR_RESET | DMA_CIRCULAR |
                                   EXTSEL(TIM6_TRGO) | RISING);
    qtest_writel(qts, MUX_CCR(0), ADC2_REQUEST);
    qtest_writel(qts, DMA1 + 0x18, ADC2 + DR);
    qtest_writel(qts, DMA1 + 0x1c, DST);
    qtest_writel(qts, DMA1 + 0x14, 18);
    /* peripheral to memory, MINC, half-words */
    qtest_writel(qts, DMA1 + 0x10, 1 << 10 | 1 << 11 | 1 << 13 | 1);
    qtest_writel(qts, TIM6 + 0x28, 208);        /* about a microsecond */
    qtest_writel(qts, TIM6 + 0x2c, 999);
    qtest_writel(qts, TIM6 + 0x14, 1);
    qtest_writel(qts, TIM6 + 0x04, 2 << 4);     /* TRGO by update */
    convert(qts, ADC2);
    qtest_clock_step(qts, 10 * MIN_NS);
    g_assert_cmpuint(qtest_readl(qts, DMA1 + 0x14), ==, 18);
    qtest_writel(qts, TIM6 + 0x00, 1);
    qtest_clock_step(qts, 900 * 1000);
    g_assert_cmpuint(qtest_readl(qts, DMA1 + 0x14), ==, 18);
    for (unsigned i = 0; i < 3; i++) {
        qtest_clock_step(qts, 1000 * 1000 + 10 * 1000);
        g_assert_cmpuint(qtest_readl(qts, DMA1 + 0x14), ==, 12 - 6 * i);
    }
    for (unsigned i = 0; i < 18; i++) {
        g_assert_cmphex(qtest_readw(qts, DST + 2 * i), ==, (6 - i % 6) << 8);
    }
    g_assert_cmphex(qtest_readl(qts, ADC2 + ISR) & OVR, ==, 0);
    g_assert_cmphex(qtest_readl(qts, ADC2 + CR) & ADSTART, ==, ADSTART);

    /* DMA is at its end: what follows is an overrun. */
    qtest_clock_step(qts, 2 * 1000 * 1000);
    g_assert_cmphex(qtest_readl(qts, ADC2 + ISR) & OVR, ==, OVR);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();

    enable(qts, ADC1);
    stm32mp1_qom_set(qts, ADC_PATH, "adc1-in0", 1250000);
    qtest_writel(qts, ADC1 + IER, EOC);
    convert(qts, ADC1);
    qtest_clock_step(qts, 1000);
    g_assert_true(qtest_get_irq(qts, ADC1_SPI));
    convert(qts, ADC1);
    qtest_writel(qts, RCC_AHB2RSTSETR, 1 << 5);
    qtest_writel(qts, RCC_AHB2RSTCLRR, 1 << 5);
    g_assert_false(qtest_get_irq(qts, ADC1_SPI));
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, DEEPPWD);
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR), ==, 0);
    /* What is on the pins is no matter of a reset. */
    g_assert_cmpint(stm32mp1_qom_get(qts, ADC_PATH, "adc1-in0"), ==, 1250000);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start();

    enable(qts, ADC1);
    set_inputs(qts, "adc1");
    set_sequence(qts, ADC1);
    convert(qts, ADC1);
    qtest_clock_step(qts, CONVERSION_NS + 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 6 << 8);
    qts = stm32mp1_migrate(qts);
    /* The test's clock begins anew: up to where it was */
    qtest_clock_step(qts, CONVERSION_NS + 1);
    for (unsigned i = 5; i >= 1; i--) {
        qtest_clock_step(qts, CONVERSION_NS + 1);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, i << 8);
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & ADSTART, ==, 0);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/adc/registers", test_registers);
    qtest_add_func("stm32mp1/adc/power_up", test_power_up);
    qtest_add_func("stm32mp1/adc/single", test_single);
    qtest_add_func("stm32mp1/adc/time", test_time);
    qtest_add_func("stm32mp1/adc/sequence", test_sequence);
    qtest_add_func("stm32mp1/adc/continuous", test_continuous);
    qtest_add_func("stm32mp1/adc/inner_channels", test_inner_channels);
    qtest_add_func("stm32mp1/adc/timer_and_dma", test_timer_and_dma);
    qtest_add_func("stm32mp1/adc/reset", test_reset);
    qtest_add_func("stm32mp1/adc/migration", test_migration);
    return g_test_run();
}
