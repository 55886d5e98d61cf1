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
#define CFGR2           0x10
#define JSQR            0x4c
#define OFR(n)          (0x60 + 4 * (n))
#define JDR(n)          (0x80 + 4 * (n))
#define AWD2CR          0xa0
#define AWD3CR          0xa4
#define CALFACT2        0xc8
#define OR              0xd0
#define CSR             (ADC1 + 0x300)
#define CCR             (ADC1 + 0x308)

#define ADRDY           (1u << 0)
#define EOC             (1u << 2)
#define EOS             (1u << 3)
#define OVR             (1u << 4)
#define JEOC            (1u << 5)
#define JEOS            (1u << 6)
#define AWD1            (1u << 7)
#define AWD2            (1u << 8)
#define AWD3            (1u << 9)
#define LDORDY          (1u << 12)
#define ADEN            (1u << 0)
#define ADDIS           (1u << 1)
#define ADSTART         (1u << 2)
#define JADSTART        (1u << 3)
#define ADSTP           (1u << 4)
#define JADSTP          (1u << 5)
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
#define JDISCEN         (1u << 20)
#define AWD1SGL         (1u << 22)
#define AWD1EN          (1u << 23)
#define JAWD1EN         (1u << 24)
#define JAUTO           (1u << 25)
#define AWD1CH(n)       ((n) << 26)
#define CFGR_RESET      0x80000000u
#define JL(n)           ((n) - 1)
#define JEXTSEL(n)      ((n) << 2)
#define JEXTEN_RISING   (1u << 7)
#define JSQ(n, channel) ((uint32_t)(channel) << (9 + 6 * (n)))
#define OFFSET_CH(n)    ((n) << 26)
#define SSATE           (1u << 31)
#define ROVSE           (1u << 0)
#define JOVSE           (1u << 1)
#define OVSS(n)         ((n) << 5)
#define TROVS           (1u << 9)
#define ROVSM           (1u << 10)
#define RSHIFT(n)       (1u << (11 + (n)))
#define OVSR(n)         (((n) - 1) << 16)
#define LSHIFT(n)       ((uint32_t)(n) << 28)

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
        stm32mp1_check_mask(qts, adc + JSQR, 0xfbefbfff);
        stm32mp1_check_mask(qts, adc + CFGR2, 0xf3ff7fe3);
        for (unsigned i = 0; i < 4; i++) {
            stm32mp1_check_readonly(qts, adc + JDR(i), 0);
        }
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

#define INJECTED        (JL(3) | JSQ(0, 3) | JSQ(1, 5) | JSQ(2, 1))

static QTestState *start_injected(uint32_t jsqr, uint32_t cfgr)
{
    QTestState *qts = start();

    enable(qts, ADC1);
    set_inputs(qts, "adc1");
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | cfgr);
    qtest_writel(qts, ADC1 + JSQR, jsqr);
    return qts;
}

static void inject(QTestState *qts)
{
    qtest_writel(qts, ADC1 + CR, ADVREGEN | JADSTART);
}

static void test_injected(void)
{
    QTestState *qts = start_injected(INJECTED, 0);

    qtest_writel(qts, ADC1 + IER, JEOC);
    inject(qts);
    for (unsigned i = 0; i < 3; i++) {
        static const uint32_t channels[] = { 3, 5, 1 };

        g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==,
                        ADVREGEN | ADEN | JADSTART);
        qtest_clock_step(qts, CONVERSION_NS - 1 - i);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);
        g_assert_false(qtest_get_irq(qts, ADC1_SPI));
        qtest_clock_step(qts, 2 + i);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (JEOC | JEOS | EOC), ==,
                        i == 2 ? JEOC | JEOS : JEOC);
        g_assert_true(qtest_get_irq(qts, ADC1_SPI));
        g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(i)), ==, channels[i] << 8);
        /* it was read, and nothing else clears JEOC */
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);
        g_assert_false(qtest_get_irq(qts, ADC1_SPI));
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN);
    /* they stay, each in its own register */
    g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(0)), ==, 3 << 8);
    g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(3)), ==, 0);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 0);
    qtest_writel(qts, ADC1 + ISR, JEOS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOS, ==, 0);

    /* discontinuous: one a start, in their order */
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | JDISCEN);
    for (unsigned i = 0; i < 4; i++) {
        inject(qts);
        qtest_clock_step(qts, 10 * CONVERSION_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (JEOC | JEOS), ==,
                        i == 2 ? JEOC | JEOS : JEOC);
        g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & JADSTART, ==, 0);
        qtest_writel(qts, ADC1 + ISR, JEOC | JEOS);
    }

    /* a shorter sequence begins where there is one */
    inject(qts);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    qtest_writel(qts, ADC1 + JSQR, JL(1) | JSQ(0, 4));
    inject(qts);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(0)), ==, 4 << 8);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOS, ==, JEOS);
    qtest_writel(qts, ADC1 + ISR, JEOC | JEOS);
    qtest_writel(qts, ADC1 + JSQR, INJECTED);

    /* stopped, it starts with the first one again */
    inject(qts);
    qtest_clock_step(qts, CONVERSION_NS / 2);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & JADSTART, ==, JADSTART);
    qtest_writel(qts, ADC1 + CR, ADVREGEN | ADDIS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & ADEN, ==, ADEN);
    qtest_writel(qts, ADC1 + CR, ADVREGEN | JADSTP);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);
    stm32mp1_qom_set(qts, ADC_PATH, "adc1-in3", 0);
    inject(qts);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(0)), ==, 0);

    qtest_writel(qts, ADC1 + CR, ADVREGEN | ADDIS);
    inject(qts);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN);
    qtest_quit(qts);
}

/* An injected sequence comes before the regular one, which goes on after it. */
static void test_injected_first(void)
{
    QTestState *qts = start_injected(INJECTED, 0);

    set_sequence(qts, ADC1);
    convert(qts, ADC1);
    qtest_clock_step(qts, CONVERSION_NS + 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 6 << 8);
    /* the second is in the middle: it is made again */
    qtest_clock_step(qts, CONVERSION_NS / 2);
    inject(qts);
    qts = stm32mp1_migrate(qts);
    /* the clock starts at 0 */
    qtest_clock_step(qts, CONVERSION_NS + 1 + CONVERSION_NS / 2);
    for (unsigned i = 0; i < 3; i++) {
        qtest_clock_step(qts, CONVERSION_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | JEOC), ==, JEOC);
        qtest_readl(qts, ADC1 + JDR(i));
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN | ADSTART);
    for (unsigned i = 5; i >= 1; i--) {
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==, 0);
        qtest_clock_step(qts, CONVERSION_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, i << 8);
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN);

    /* a regular start waits for the injected ones */
    qtest_writel(qts, ADC1 + SQR1, 6 << 6);
    qtest_writel(qts, ADC1 + ISR, EOS | JEOS);
    inject(qts);
    convert(qts, ADC1);
    qtest_clock_step(qts, 3 * CONVERSION_NS + 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | JEOS), ==, JEOS);
    qtest_clock_step(qts, CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 6 << 8);

    /* JADSTP lets it go on, too; ADSTP does not end the injected ones */
    qtest_writel(qts, ADC1 + ISR, JEOC | JEOS);
    convert(qts, ADC1);
    inject(qts);
    qtest_writel(qts, ADC1 + CR, ADVREGEN | JADSTP);
    qtest_clock_step(qts, CONVERSION_NS + 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | JEOC), ==, EOC);
    qtest_readl(qts, ADC1 + DR);
    convert(qts, ADC1);
    inject(qts);
    qtest_writel(qts, ADC1 + CR, ADVREGEN | ADSTP);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | JEOS), ==, JEOS);

    /* with AUTDLY the regular one waits until JEOS is cleared */
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | AUTDLY);
    convert(qts, ADC1);
    inject(qts);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | JEOS), ==, JEOS);
    qtest_writel(qts, ADC1 + ISR, JEOS);
    qtest_clock_step(qts, CONVERSION_NS + 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==, EOC);
    qtest_quit(qts);
}

/* JAUTO: after each regular sequence */
static void test_injected_automatic(void)
{
    QTestState *qts = start_injected(INJECTED, JAUTO);

    qtest_writel(qts, ADC1 + SQR1, 6 << 6 | 5 << 12 | 1);
    inject(qts);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN);
    convert(qts, ADC1);
    qtest_clock_step(qts, CONVERSION_NS + 1);
    qtest_readl(qts, ADC1 + DR);
    qtest_clock_step(qts, CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOS | JEOC), ==, EOS);
    qtest_clock_step(qts, 3 * CONVERSION_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (OVR | JEOS), ==, JEOS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(1)), ==, 5 << 8);
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR), ==, ADVREGEN | ADEN);

    /* continuous, and ADSTP ends both */
    qtest_writel(qts, ADC1 + ISR, EOS | JEOC | JEOS);
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | JAUTO | CONT);
    convert(qts, ADC1);
    for (unsigned i = 0; i < 2; i++) {
        qtest_clock_step(qts, 2 * MIN_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOS | JEOS), ==, EOS);
        qtest_clock_step(qts, 3 * MIN_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOS | JEOS), ==,
                        EOS | JEOS);
        qtest_writel(qts, ADC1 + ISR, EOS | JEOS);
    }
    qtest_clock_step(qts, 2 * MIN_NS + 1);
    qtest_writel(qts, ADC1 + ISR, JEOC);
    qtest_writel(qts, ADC1 + CR, ADVREGEN | ADSTP);
    qtest_clock_step(qts, 10 * MIN_NS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);
    qtest_quit(qts);
}

/* The timers' triggers have other numbers than for regular conversions. */
static void test_injected_trigger(void)
{
    enum { TIM6_INJECTED = 14 };
    QTestState *qts = start_injected(INJECTED | JEXTSEL(TIM6_INJECTED) |
                                     JEXTEN_RISING, 0);

    qtest_writel(qts, TIM6 + 0x28, 208);        /* about a microsecond */
    qtest_writel(qts, TIM6 + 0x2c, 999);
    qtest_writel(qts, TIM6 + 0x14, 1);
    qtest_writel(qts, TIM6 + 0x04, 2 << 4);     /* TRGO by update */
    qtest_writel(qts, TIM6 + 0x00, 1);
    /* not before JADSTART */
    qtest_clock_step(qts, 1500 * 1000);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);
    inject(qts);
    qtest_clock_step(qts, 100 * 1000);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);
    for (unsigned i = 0; i < 3; i++) {
        qtest_clock_step(qts, 1000 * 1000);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (JEOC | JEOS), ==,
                        JEOC | JEOS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(2)), ==, 1 << 8);
        qtest_writel(qts, ADC1 + ISR, JEOS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & JADSTART, ==, JADSTART);
    }
    qtest_writel(qts, ADC1 + CR, ADVREGEN | JADSTP);
    qtest_clock_step(qts, 2000 * 1000);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);

    /* a trigger's conversions are no faster than others that nobody starts */
    qtest_writel(qts, TIM6 + 0x00, 0);
    inject(qts);
    qtest_writel(qts, TIM6 + 0x14, 1);
    qtest_clock_step(qts, MIN_NS - 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, 0);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOC, ==, JEOC);
    qtest_writel(qts, ADC1 + CR, ADVREGEN | JADSTP);
    /* those that software starts are, whatever starts the regular ones */
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | EXTSEL(TIM6_TRGO) | RISING);
    qtest_writel(qts, ADC1 + JSQR, INJECTED);
    inject(qts);
    qtest_clock_step(qts, 3 * CONVERSION_NS + 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & JEOS, ==, JEOS);
    qtest_writel(qts, ADC1 + ISR, JEOC | JEOS);
    qtest_writel(qts, TIM6 + 0x00, 1);

    /* the number of the regular one is nothing here, nor is this one there */
    qtest_writel(qts, ADC1 + JSQR, INJECTED | JEXTSEL(TIM6_TRGO) |
                                   JEXTEN_RISING);
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | EXTSEL(TIM6_INJECTED) | RISING);
    qtest_writel(qts, ADC1 + CR, ADVREGEN | ADSTART | JADSTART);
    qtest_clock_step(qts, 2000 * 1000);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | JEOC), ==, 0);
    qtest_quit(qts);
}

/* Where the queue of contexts would make a difference, that is said. */
static void test_injected_queue(void)
{
    enum { JQM = 1 << 21, JQDIS = 1u << 31 };
    static const char text[] =
        "stm32mp1-adc: ADC1: no queue of injected contexts\n";
    g_autofree char *twice = g_strdup_printf("%s%s", text, text);
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);

    stm32mp1_enable_clocks(qts);
    qtest_writel(qts, RCC_ADCCKSELR, 1);
    enable(qts, ADC1);
    qtest_writel(qts, ADC1 + CFGR, 0);
    qtest_writel(qts, ADC1 + JSQR, INJECTED);
    inject(qts);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    qtest_writel(qts, ADC1 + JSQR, INJECTED);
    qtest_writel(qts, ADC1 + CFGR, JQDIS | JQM);
    inject(qts);
    qtest_writel(qts, ADC1 + JSQR, INJECTED);
    stm32mp1_check_log(file, "");
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    qtest_writel(qts, ADC1 + CFGR, 0);
    inject(qts);
    qtest_writel(qts, ADC1 + JSQR, INJECTED);
    stm32mp1_check_log(file, text);
    qtest_clock_step(qts, 10 * CONVERSION_NS);
    qtest_writel(qts, ADC1 + CFGR, JQM);
    inject(qts);
    stm32mp1_check_log(file, twice);
    qtest_quit(qts);
    unlink(file);
}

/* What ADC1 makes of the input of channel 6 */
static uint32_t result(QTestState *qts)
{
    qtest_writel(qts, ADC1 + ISR, ~0u);
    convert(qts, ADC1);
    qtest_clock_step(qts, 1000 * 1000);
    return qtest_readl(qts, ADC1 + DR);
}

static QTestState *start_channel_6(uint32_t value)
{
    QTestState *qts = start();

    enable(qts, ADC1);
    qtest_writel(qts, ADC1 + SQR1, 6 << 6);
    /* of 16 bits */
    stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6",
                     (value * 2500000ull + 65535) / 65536);
    return qts;
}

static void test_offsets(void)
{
    static const struct {
        uint32_t res;
        uint32_t ofr;
        uint32_t cfgr2;
        uint32_t result;
    } cases[] = {
        { 0, OFFSET_CH(6) | 0x1000, 0, 0x7000 },
        { 0, OFFSET_CH(6) | 0x9000, 0, -0x1000u },
        { 0, OFFSET_CH(5) | 0x1000, 0, 0x8000 },
        { 0, OFFSET_CH(6), 0, 0x8000 },
        { 0, OFFSET_CH(6) | SSATE, 0, 0x7fff },
        { 0, OFFSET_CH(6) | SSATE | 0x1ffff, 0, -0x8000u },
        { 0, OFFSET_CH(6) | SSATE | 0x9000, 0, -0x1000u },
        { 0, OFFSET_CH(6) | 0x9000, RSHIFT(0), -0x800u },
        { 0, OFFSET_CH(6) | 0x9000, RSHIFT(1), -0x1000u },
        { 0, OFFSET_CH(6) | 0x9000, LSHIFT(3), -0x8000u },
        /* 12 bits: the offset is aligned as if they were 16 */
        { 2, OFFSET_CH(6) | 0x1000, 0, 0x700 },
        { 2, OFFSET_CH(6) | SSATE, 0, 0x7ff },
        { 4, OFFSET_CH(6) | 0x9000, 0, -0x10u },
        { 0, 0, LSHIFT(15), 0x40000000 },
    };
    QTestState *qts = start_channel_6(0x8000);

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        g_test_message("case %u", i);
        qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | RES(cases[i].res));
        qtest_writel(qts, ADC1 + CFGR2, cases[i].cfgr2);
        qtest_writel(qts, ADC1 + OFR(0), cases[i].ofr);
        g_assert_cmphex(result(qts), ==, cases[i].result);
    }
    /* the first of those for a channel counts, with its own shift */
    qtest_writel(qts, ADC1 + CFGR2, RSHIFT(2));
    qtest_writel(qts, ADC1 + OFR(0), OFFSET_CH(5) | 0x5000);
    qtest_writel(qts, ADC1 + OFR(3), OFFSET_CH(6) | 0x4000);
    g_assert_cmphex(result(qts), ==, 0x4000);
    qtest_writel(qts, ADC1 + OFR(2), OFFSET_CH(6) | 0x2000);
    g_assert_cmphex(result(qts), ==, 0x3000);
    /* it is of injected conversions, too */
    qtest_writel(qts, ADC1 + JSQR, JL(1) | JSQ(0, 6));
    inject(qts);
    qtest_clock_step(qts, CONVERSION_NS + 1);
    g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(0)), ==, 0x3000);
    qtest_quit(qts);
}

static void test_oversampling(void)
{
    static const struct {
        uint32_t cfgr2;
        uint32_t result;
    } cases[] = {
        { ROVSE | OVSR(2), 2 * 0x1233 },
        { ROVSE | OVSR(1), 0x1233 },
        /* 0x2466 / 4 is 0x919.8, which is rounded */
        { ROVSE | OVSR(2) | OVSS(2), 0x91a },
        { ROVSE | OVSR(2) | OVSS(1), 0x1233 },
        { ROVSE | OVSR(1024), 0x1233 << 10 },
        { ROVSE | OVSR(1024) | OVSS(10), 0x1233 },
        { ROVSE | OVSR(2) | LSHIFT(1), 4 * 0x1233 },
        { OVSR(2), 0x1233 },
        { JOVSE | OVSR(2), 0x1233 },
    };
    QTestState *qts = start_channel_6(0x1233);

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        g_test_message("case %u", i);
        qtest_writel(qts, ADC1 + CFGR2, cases[i].cfgr2);
        g_assert_cmphex(result(qts), ==, cases[i].result);
    }

    /* it takes its time, in one result */
    qtest_writel(qts, ADC1 + CFGR2, ROVSE | OVSR(48));
    convert(qts, ADC1);
    qtest_clock_step(qts, 48 * 10 * 1000 / 24 - 2);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==, 0);
    qtest_clock_step(qts, 2);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & (EOC | EOS | OVR), ==,
                    EOC | EOS);
    g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 48 * 0x1233);

    qtest_writel(qts, ADC1 + JSQR, JL(1) | JSQ(0, 6));
    qtest_writel(qts, ADC1 + CFGR2, JOVSE | OVSR(4) | OVSS(1));
    inject(qts);
    qtest_clock_step(qts, 4 * CONVERSION_NS + 4);
    g_assert_cmphex(qtest_readl(qts, ADC1 + JDR(0)), ==, 2 * 0x1233);
    qtest_quit(qts);
}

/* Injected conversions in the middle of it, and a trigger for each sample */
static void test_oversampling_interrupted(void)
{
    static const struct {
        uint32_t cfgr2;
        uint32_t result;
    } cases[] = {
        /* two of three samples are made, or not any more */
        { ROVSE | OVSR(3), 2 * 0x1000 + 0x2000 },
        { ROVSE | OVSR(3) | ROVSM, 3 * 0x2000 },
        { ROVSE | OVSR(3) | JOVSE, 3 * 0x2000 },
    };
    QTestState *qts = start_channel_6(0x1000);

    qtest_writel(qts, ADC1 + JSQR, JL(1) | JSQ(0, 5));
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        g_test_message("case %u", i);
        stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6", 156250);
        qtest_writel(qts, ADC1 + CFGR2, cases[i].cfgr2);
        convert(qts, ADC1);
        qtest_clock_step(qts, 2 * CONVERSION_NS + CONVERSION_NS / 2);
        inject(qts);
        stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6", 312500);
        qtest_clock_step(qts, 10 * CONVERSION_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, cases[i].result);
    }

    stm32mp1_qom_set(qts, ADC_PATH, "adc1-in6", 156250);
    qtest_writel(qts, ADC1 + CFGR2, ROVSE | TROVS | OVSR(3));
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | EXTSEL(TIM6_TRGO) | RISING);
    qtest_writel(qts, ADC1 + SQR1, 6 << 6 | 6 << 12 | 1);
    qtest_writel(qts, ADC1 + ISR, ~0u);
    convert(qts, ADC1);
    qtest_writel(qts, TIM6 + 0x04, 2 << 4);     /* TRGO by update */
    for (unsigned i = 1; i <= 12; i++) {
        qtest_writel(qts, TIM6 + 0x14, 1);
        qtest_clock_step(qts, 10 * MIN_NS);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOC, ==,
                        i % 3 == 0 ? EOC : 0);
        g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & EOS, ==,
                        i % 6 == 0 ? EOS : 0);
        if (i % 3 == 0) {
            g_assert_cmphex(qtest_readl(qts, ADC1 + DR), ==, 3 * 0x1000);
        }
        qtest_writel(qts, ADC1 + ISR, EOS);
    }
    g_assert_cmphex(qtest_readl(qts, ADC1 + CR) & ADSTART, ==, ADSTART);
    qtest_quit(qts);
}

static void test_watchdogs(void)
{
    static const struct {
        uint32_t cfgr;
        uint32_t mask;      /* AWD2CR and AWD3CR */
        uint32_t flags;     /* that a value outside sets, regular */
        uint32_t jflags;    /* and injected */
    } cases[] = {
        { 0, 0, 0, 0 },
        { AWD1EN, 0, AWD1, 0 },
        { JAWD1EN, 0, 0, AWD1 },
        { AWD1EN | JAWD1EN, 0, AWD1, AWD1 },
        { AWD1EN | AWD1SGL | AWD1CH(6), 0, AWD1, 0 },
        { AWD1EN | AWD1SGL | AWD1CH(5), 0, 0, 0 },
        { 0, 1 << 6, AWD2 | AWD3, AWD2 | AWD3 },
        { 0, 1 << 5, 0, 0 },
    };
    static const struct {
        uint8_t low;
        uint8_t high;
        uint32_t flag;
    } dogs[] = {
        { 0x20, 0x24, AWD1 }, { 0xb0, 0xb4, AWD2 }, { 0xb8, 0xbc, AWD3 },
    };
    QTestState *qts = start_channel_6(0x1230);

    qtest_writel(qts, ADC1 + JSQR, JL(1) | JSQ(0, 6));
    qtest_writel(qts, ADC1 + IER, AWD1 | AWD2 | AWD3);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(dogs); j++) {
            static const struct {
                uint32_t low, high;
                bool outside;
            } windows[] = {
                { 0x1230, 0x1230, false }, { 0x1231, 0xffff, true },
                { 0, 0x122f, true }, { 0, 0x3ffffff, false },
            };

            qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | cases[i].cfgr);
            qtest_writel(qts, ADC1 + AWD2CR, cases[i].mask);
            qtest_writel(qts, ADC1 + AWD3CR, cases[i].mask);
            for (unsigned k = 0; k < ARRAY_SIZE(windows); k++) {
                uint32_t flag = windows[k].outside ? dogs[j].flag : 0;

                g_test_message("case %u, watchdog %u, window %u", i, j, k);
                qtest_writel(qts, ADC1 + dogs[j].low, windows[k].low);
                qtest_writel(qts, ADC1 + dogs[j].high, windows[k].high);
                g_assert_cmphex(result(qts), ==, 0x1230);
                g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) &
                                (AWD1 | AWD2 | AWD3), ==,
                                cases[i].flags & flag);
                g_assert_cmpint(qtest_get_irq(qts, ADC1_SPI), ==,
                                (cases[i].flags & flag) != 0);
                qtest_writel(qts, ADC1 + ISR, ~0u);
                g_assert_false(qtest_get_irq(qts, ADC1_SPI));
                inject(qts);
                qtest_clock_step(qts, 1000);
                g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) &
                                (AWD1 | AWD2 | AWD3), ==,
                                cases[i].jflags & flag);
            }
        }
    }

    /* 12 bits are aligned to 16, before an offset; sums are what they are */
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | AWD1EN | RES(2));
    qtest_writel(qts, ADC1 + OFR(0), OFFSET_CH(6) | 0x1230);
    qtest_writel(qts, ADC1 + 0x20, 0x1230);
    qtest_writel(qts, ADC1 + 0x24, 0x1230);
    g_assert_cmphex(result(qts), ==, 0);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & AWD1, ==, 0);
    qtest_writel(qts, ADC1 + 0x24, 0x122f);
    result(qts);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & AWD1, ==, AWD1);
    qtest_writel(qts, ADC1 + CFGR, CFGR_RESET | AWD1EN);
    qtest_writel(qts, ADC1 + CFGR2, ROVSE | OVSR(16) | OVSS(4));
    qtest_writel(qts, ADC1 + 0x20, 0x12300);
    qtest_writel(qts, ADC1 + 0x24, 0x12300);
    g_assert_cmphex(result(qts), ==, 0x1230);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & AWD1, ==, 0);
    qtest_writel(qts, ADC1 + 0x20, 0x12301);
    result(qts);
    g_assert_cmphex(qtest_readl(qts, ADC1 + ISR) & AWD1, ==, AWD1);
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
    qtest_add_func("stm32mp1/adc/injected", test_injected);
    qtest_add_func("stm32mp1/adc/injected_first", test_injected_first);
    qtest_add_func("stm32mp1/adc/injected_automatic", test_injected_automatic);
    qtest_add_func("stm32mp1/adc/injected_trigger", test_injected_trigger);
    qtest_add_func("stm32mp1/adc/injected_queue", test_injected_queue);
    qtest_add_func("stm32mp1/adc/offsets", test_offsets);
    qtest_add_func("stm32mp1/adc/oversampling", test_oversampling);
    qtest_add_func("stm32mp1/adc/oversampling_interrupted",
                   test_oversampling_interrupted);
    qtest_add_func("stm32mp1/adc/watchdogs", test_watchdogs);
    qtest_add_func("stm32mp1/adc/inner_channels", test_inner_channels);
    qtest_add_func("stm32mp1/adc/timer_and_dma", test_timer_and_dma);
    qtest_add_func("stm32mp1/adc/reset", test_reset);
    qtest_add_func("stm32mp1/adc/migration", test_migration);
    return g_test_run();
}
