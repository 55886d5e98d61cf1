/*
 * QTest for the STM32MP1 digital-to-analog converter
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define DAC             0x40017000
#define CR              (DAC + 0x00)
#define SWTRGR          (DAC + 0x04)
#define DHR12R1         (DAC + 0x08)
#define DHR12L1         (DAC + 0x0c)
#define DHR8R1          (DAC + 0x10)
#define DHR12R2         (DAC + 0x14)
#define DHR12RD         (DAC + 0x20)
#define DHR12LD         (DAC + 0x24)
#define DHR8RD          (DAC + 0x28)
#define DOR1            (DAC + 0x2c)
#define DOR2            (DAC + 0x30)
#define SR              (DAC + 0x34)

#define EN              (1u << 0)
#define TEN             (1u << 1)
#define TSEL(n)         ((n) << 2)
#define NOISE           (1u << 6)
#define TRIANGLE        (2u << 6)
#define MAMP(n)         ((n) << 8)
#define DMAEN           (1u << 12)
#define DMAUDRIE        (1u << 13)
#define CH2(bits)       ((bits) << 16)
#define DMAUDR1         (1u << 13)
#define TIM6_TRGO       5

#define DAC_PATH        STM32MP1_SOC "dac"
#define TIM6            0x40004000
#define TIM6_DAC_IRQ    54
#define RCC_APB1RSTSETR 0x50000980
#define RCC_APB1RSTCLRR 0x50000984
#define MUX_CCR(n)      (0x48002000 + 4 * (n))
#define DAC1_REQUEST    67
#define DMA1            0x48000000
#define SRC             0x10000000

static void trigger(QTestState *qts)
{
    qtest_set_irq_in(qts, DAC_PATH, "trigger", TIM6_TRGO, 1);
    qtest_set_irq_in(qts, DAC_PATH, "trigger", TIM6_TRGO, 0);
}

static void test_registers(void)
{
    QTestState *qts = stm32mp1_init();

    stm32mp1_check_mask(qts, CR, 0x7fffffff);
    stm32mp1_check_readonly(qts, SWTRGR, 0);
    stm32mp1_check_mask(qts, DHR12R1, 0xfff);
    stm32mp1_check_mask(qts, DHR12L1, 0xfff0);
    stm32mp1_check_mask(qts, DHR8R1, 0xff);
    stm32mp1_check_mask(qts, DHR12RD, 0x0fff0fff);
    stm32mp1_check_mask(qts, DHR12LD, 0xfff0fff0);
    stm32mp1_check_mask(qts, DHR8RD, 0xffff);
    stm32mp1_check_readonly(qts, DOR1, 0);
    stm32mp1_check_readonly(qts, DOR2, 0);
    stm32mp1_check_readonly(qts, SR, 0);
    g_assert_cmphex(qtest_readl(qts, DAC + 0x48), ==, 0x00010001);
    stm32mp1_check_readonly(qts, DAC + 0x3f8, 0x00110011);
    stm32mp1_check_any_access(qts, DAC);
    g_assert_cmphex(qtest_readl(qts, CR), ==, 0);
    qtest_quit(qts);
}

/* One value, in all the formats that it can be written and read in */
static void test_formats(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, DHR12R1, 0x123);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0);     /* not enabled */
    qtest_writel(qts, CR, EN);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x123);
    g_assert_cmphex(qtest_readl(qts, DHR12L1), ==, 0x1230);
    g_assert_cmphex(qtest_readl(qts, DHR8R1), ==, 0x12);
    qtest_writel(qts, DHR12L1, 0xabcf);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0xabc);
    qtest_writel(qts, DHR8R1, 0x5a);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x5a0);
    qtest_writel(qts, DHR12R2, 0x777);
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0);
    qtest_writel(qts, CR, EN | CH2(EN));
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0x777);

    qtest_writel(qts, DHR12RD, 0x02220111);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x111);
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0x222);
    qtest_writel(qts, DHR12LD, 0x44403330);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x333);
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0x444);
    qtest_writel(qts, DHR8RD, 0x6655);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x550);
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0x660);
    g_assert_cmphex(stm32mp1_qom_get(qts, DAC_PATH, "dor1"), ==, 0x550);
    g_assert_cmphex(stm32mp1_qom_get(qts, DAC_PATH, "dor2"), ==, 0x660);
    qtest_quit(qts);
}

static void test_software_trigger(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CR, EN | TEN | CH2(EN | TEN));
    qtest_writel(qts, DHR12RD, 0x02220111);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0);
    qtest_writel(qts, SWTRGR, 2);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0);
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0x222);
    qtest_writel(qts, SWTRGR, 1);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x111);
    /* Another trigger is selected. */
    qtest_writel(qts, CR, EN | TEN | TSEL(TIM6_TRGO));
    qtest_writel(qts, DHR12R1, 0x321);
    qtest_writel(qts, SWTRGR, 1);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x111);
    trigger(qts);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x321);
    qtest_writel(qts, CR, EN | TEN | TSEL(TIM6_TRGO + 1));
    qtest_writel(qts, DHR12R1, 0x456);
    trigger(qts);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x321);
    qtest_quit(qts);
}

static void test_waves(void)
{
    static const uint32_t triangle[] = { 0, 1, 2, 3, 2, 1, 0, 1, 2 };
    QTestState *qts = stm32mp1_init();
    uint32_t seen = 0;

    qtest_writel(qts, DHR12R1, 0x100);
    qtest_writel(qts, CR, EN | TEN | TRIANGLE | MAMP(1));
    for (unsigned i = 0; i < ARRAY_SIZE(triangle); i++) {
        qtest_writel(qts, SWTRGR, 1);
        g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x100 + triangle[i]);
    }
    /* noise of all twelve bits, from its first value on */
    qtest_writel(qts, CR, 0);
    qtest_writel(qts, DHR12R1, 0);
    qtest_writel(qts, CR, EN | TEN | NOISE | MAMP(11));
    qtest_writel(qts, SWTRGR, 1);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0xaaa);
    for (unsigned i = 0; i < 100; i++) {
        uint32_t last = qtest_readl(qts, DOR1);

        qtest_writel(qts, SWTRGR, 1);
        g_assert_cmphex(qtest_readl(qts, DOR1), !=, last);
        seen |= qtest_readl(qts, DOR1);
    }
    g_assert_cmphex(seen, ==, 0xfff);
    /* the output ends at the top */
    qtest_writel(qts, DHR12R1, 0xfff);
    qtest_writel(qts, SWTRGR, 1);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0xfff);
    qtest_quit(qts);
}

static void test_dma(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_in(qts, STM32MP1_SOC "a7mpcore/gic");
    for (unsigned i = 0; i < 4; i++) {
        qtest_writew(qts, SRC + 2 * i, 0x100 * (i + 1));
    }
    qtest_writel(qts, MUX_CCR(0), DAC1_REQUEST);
    qtest_writel(qts, DMA1 + 0x18, DHR12R1);
    qtest_writel(qts, DMA1 + 0x1c, SRC);
    qtest_writel(qts, DMA1 + 0x14, 4);
    /* memory to peripheral, MINC, half-words, enabled */
    qtest_writel(qts, DMA1 + 0x10, 1 << 6 | 1 << 10 | 1 << 11 | 1 << 13 | 1);
    qtest_writel(qts, CR, EN | TEN | TSEL(TIM6_TRGO) | DMAEN | DMAUDRIE);
    for (unsigned i = 0; i < 5; i++) {
        qtest_clock_step(qts, 1000);
        trigger(qts);
        /* what DMA brought after the last one */
        g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x100 * i);
    }
    g_assert_cmphex(qtest_readl(qts, SR), ==, 0);

    /* Nobody serves the next ones. */
    g_assert_false(qtest_get_irq(qts, TIM6_DAC_IRQ));
    trigger(qts);
    g_assert_cmphex(qtest_readl(qts, SR), ==, DMAUDR1);
    g_assert_true(qtest_get_irq(qts, TIM6_DAC_IRQ));
    qtest_writel(qts, SR, DMAUDR1);
    g_assert_cmphex(qtest_readl(qts, SR), ==, 0);
    g_assert_false(qtest_get_irq(qts, TIM6_DAC_IRQ));

    /* TIM6 has the same interrupt. */
    qtest_writel(qts, TIM6 + 0x0c, 1);
    qtest_writel(qts, TIM6 + 0x14, 1);
    g_assert_true(qtest_get_irq(qts, TIM6_DAC_IRQ));
    trigger(qts);
    qtest_writel(qts, TIM6 + 0x10, 0);
    g_assert_true(qtest_get_irq(qts, TIM6_DAC_IRQ));
    qtest_writel(qts, SR, DMAUDR1);
    g_assert_false(qtest_get_irq(qts, TIM6_DAC_IRQ));
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CR, EN);
    qtest_writel(qts, DHR12R1, 0x123);
    qtest_writel(qts, RCC_APB1RSTSETR, 1u << 29);
    qtest_writel(qts, RCC_APB1RSTCLRR, 1u << 29);
    g_assert_cmphex(qtest_readl(qts, CR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, DHR12R1), ==, 0);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0);
    g_assert_cmphex(stm32mp1_qom_get(qts, DAC_PATH, "dor1"), ==, 0);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CR, EN | CH2(EN | TEN | TRIANGLE | MAMP(3)));
    qtest_writel(qts, DHR12RD, 0x02220123);
    qtest_writel(qts, SWTRGR, 2);
    qtest_writel(qts, SWTRGR, 2);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, DOR1), ==, 0x123);
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0x223);
    qtest_writel(qts, SWTRGR, 2);
    g_assert_cmphex(qtest_readl(qts, DOR2), ==, 0x224);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/dac/registers", test_registers);
    qtest_add_func("stm32mp1/dac/formats", test_formats);
    qtest_add_func("stm32mp1/dac/software_trigger", test_software_trigger);
    qtest_add_func("stm32mp1/dac/waves", test_waves);
    qtest_add_func("stm32mp1/dac/dma", test_dma);
    qtest_add_func("stm32mp1/dac/reset", test_reset);
    qtest_add_func("stm32mp1/dac/migration", test_migration);
    return g_test_run();
}
