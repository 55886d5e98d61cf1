/*
 * QTest for the STM32MP1 extended TrustZone protection controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define ETZPC       0x5c007000
#define TZMA(n)     (ETZPC + 0x00 + 4 * (n))
#define DECPROT(n)  (ETZPC + 0x10 + 4 * (n))
#define LOCK(n)     (ETZPC + 0x30 + 4 * (n))
#define HWCFGR      (ETZPC + 0x3f0)

#define NUM_TZMA    2
#define NUM_DECPROT 6
#define NUM_LOCK    3

static void check_reset_values(QTestState *qts)
{
    for (unsigned n = 0; n < NUM_TZMA; n++) {
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x3ff);
    }
    /* every peripheral is open, or Linux would not attach its driver */
    for (unsigned n = 0; n < NUM_DECPROT; n++) {
        g_assert_cmphex(qtest_readl(qts, DECPROT(n)), ==, 0xffffffff);
    }
    for (unsigned n = 0; n < NUM_LOCK; n++) {
        g_assert_cmphex(qtest_readl(qts, LOCK(n)), ==, 0);
    }
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    check_reset_values(qts);
    /* 2 memory controls, 96 peripherals */
    stm32mp1_check_readonly(qts, HWCFGR, 0x6002);
    stm32mp1_check_readonly(qts, ETZPC + 0x3f4, 0x20);
    stm32mp1_check_readonly(qts, ETZPC + 0x3f8, 0x00100061);
    stm32mp1_check_readonly(qts, ETZPC + 0x3fc, 0xa3c5dd01);
    for (unsigned n = 0; n < NUM_DECPROT; n++) {
        stm32mp1_check_mask(qts, DECPROT(n), 0xffffffff);
    }
    qtest_system_reset(qts);
    check_reset_values(qts);
    stm32mp1_check_any_access(qts, ETZPC);
    check_reset_values(qts);
    qtest_quit(qts);
}

/* The field of a locked peripheral stays as it is, its neighbours do not. */
static void test_decprot_lock(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned id = 0; id < 16 * NUM_DECPROT; id += 5) {
        uint64_t decprot = DECPROT(id / 16);
        uint32_t field = 3u << (id % 16 * 2);

        qtest_system_reset(qts);
        qtest_writel(qts, LOCK(id / 32), 1u << (id % 32));
        qtest_writel(qts, decprot, 0);
        g_assert_cmphex(qtest_readl(qts, decprot), ==, field);
        /* set until reset */
        qtest_writel(qts, LOCK(id / 32), 0);
        g_assert_cmphex(qtest_readl(qts, LOCK(id / 32)), ==, 1u << (id % 32));
    }
    qtest_system_reset(qts);
    check_reset_values(qts);
    qtest_quit(qts);
}

static void test_tzma_lock(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned n = 0; n < NUM_TZMA; n++) {
        qtest_writel(qts, TZMA(n), 0xffffffff & ~(1u << 31));
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x3ff);
        qtest_writel(qts, TZMA(n), 0x80000012);
        qtest_writel(qts, TZMA(n), 0x3ff);
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x80000012);
    }
    qtest_quit(qts);
}

/* MDMA, channel 0: the normal world's, the A7's */
#define MDMA_CIFCR  (0x58000000 + 0x44)
#define MDMA_CCR    (0x58000000 + 0x4c)
#define MDMA_CTCR   (0x58000000 + 0x50)
#define MDMA_CBNDTR (0x58000000 + 0x54)
#define MDMA_CSAR   (0x58000000 + 0x58)
#define MDMA_CDAR   (0x58000000 + 0x5c)

#define SRAM        0x10000000
#define TIM2_ID     16
#define TIM2_ARR    0x4000002c
#define TIM3_ARR    0x4000102c

static void copy_by_dma(QTestState *qts, uint32_t from, uint32_t to)
{
    stm32mp1_copy_by_dma(qts, from, to);
}

static void copy_by_mdma(QTestState *qts, uint32_t from, uint32_t to)
{
    qtest_writel(qts, MDMA_CCR, 0);
    qtest_writel(qts, MDMA_CIFCR, 0x1f);
    qtest_writel(qts, MDMA_CSAR, from);
    qtest_writel(qts, MDMA_CDAR, to);
    qtest_writel(qts, MDMA_CBNDTR, 4);
    /* by software, a block, words, addresses as they are */
    qtest_writel(qts, MDMA_CTCR, 1 << 30 | 1 << 28 | 3 << 18 | 2 << 6 | 2 << 4);
    qtest_writel(qts, MDMA_CCR, 1);
    qtest_writel(qts, MDMA_CCR, 1 | 1 << 16);
    qtest_clock_step(qts, 1000 * 1000);
}

static void set_decprot(QTestState *qts, unsigned id, uint32_t value)
{
    uint32_t reg = DECPROT(id / 16);
    unsigned shift = id % 16 * 2;

    qtest_writel(qts, reg, (qtest_readl(qts, reg) & ~(3u << shift)) |
                           value << shift);
}

/* Who may reach a peripheral: by the field, by two masters */
static void test_protection(void)
{
    static const struct {
        void (*copy)(QTestState *qts, uint32_t from, uint32_t to);
        bool reads[4];
        bool writes[4];
    } masters[] = {
        /* secure, secure to write, the M4's, nobody's */
        { copy_by_dma, { false, true, true, true },
          { false, false, true, true } },
        { copy_by_mdma, { false, true, false, true },
          { false, false, false, true } },
    };
    QTestState *qts = stm32mp1_init();

    for (int i = 0; i < ARRAY_SIZE(masters); i++) {
        for (uint32_t value = 0; value < 4; value++) {
            set_decprot(qts, TIM2_ID, value);
            if (value == 2) {
                qts = stm32mp1_migrate(qts);
            }
            qtest_writel(qts, TIM2_ARR, 0x1234);
            qtest_writel(qts, SRAM, 0xdeadbeef);
            masters[i].copy(qts, TIM2_ARR, SRAM);
            g_assert_cmphex(qtest_readl(qts, SRAM), ==,
                            masters[i].reads[value] ? 0x1234 : 0);
            qtest_writel(qts, SRAM, 0x5678);
            masters[i].copy(qts, SRAM, TIM2_ARR);
            g_assert_cmphex(qtest_readl(qts, TIM2_ARR), ==,
                            masters[i].writes[value] ? 0x5678 : 0x1234);
            /* The one beside it is free. */
            qtest_writel(qts, TIM3_ARR, 0x4321);
            masters[i].copy(qts, TIM3_ARR, SRAM);
            g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x4321);
        }
    }
    stm32mp1_system_reset(qts);
    qtest_writel(qts, TIM2_ARR, 0x1234);
    copy_by_dma(qts, TIM2_ARR, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x1234);
    qtest_quit(qts);
}

/* The registers themselves, and those of TZC and BSEC */
static void test_own_protection(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, SRAM, 0);
    copy_by_dma(qts, SRAM, DECPROT(1));
    g_assert_cmphex(qtest_readl(qts, DECPROT(1)), ==, 0xffffffff);
    copy_by_dma(qts, DECPROT(1), SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0xffffffff);
    /* SCRATCH of the BSEC, BUILD_CONFIG and ACTION of the TZC */
    copy_by_dma(qts, SRAM, 0x5c0050b4);
    g_assert_cmphex(qtest_readl(qts, 0x5c0050b4), ==, 0);
    copy_by_dma(qts, 0x5c006000, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0);
    copy_by_dma(qts, SRAM, 0x5c006004);
    g_assert_cmphex(qtest_readl(qts, 0x5c006004), ==, 2);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/etzpc/registers", test_registers);
    qtest_add_func("stm32mp1/etzpc/decprot-lock", test_decprot_lock);
    qtest_add_func("stm32mp1/etzpc/tzma-lock", test_tzma_lock);
    qtest_add_func("stm32mp1/etzpc/protection", test_protection);
    qtest_add_func("stm32mp1/etzpc/own_protection", test_own_protection);
    return g_test_run();
}
