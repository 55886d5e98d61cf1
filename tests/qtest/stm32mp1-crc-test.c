/*
 * QTest for the STM32MP1 CRC calculation unit
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define CRC1            0x58009000
#define CRC2            0x4c004000
#define DR              0x00
#define IDR             0x04
#define CR              0x08
#define INIT            0x10
#define POL             0x14

#define RESET           (1u << 0)
#define POLY16          (1u << 3)
#define POLY8           (2u << 3)
#define POLY7           (3u << 3)
#define REV_IN_BYTE     (1u << 5)
#define REV_IN_HALF     (2u << 5)
#define REV_IN_WORD     (3u << 5)
#define REV_OUT         (1u << 7)

#define RCC_AHB3RSTSETR 0x500009a0
#define RCC_AHB3RSTCLRR 0x500009a4
#define RCC_AHB6RSTSETR 0x50000198
#define RCC_AHB6RSTCLRR 0x5000019c

static const uint64_t crcs[] = { CRC1, CRC2 };

/* The check values that catalogues of CRCs give for these nine bytes */
static const char check[] = "123456789";

static void feed(QTestState *qts, uint64_t crc, const char *data)
{
    while (*data) {
        qtest_writeb(qts, crc + DR, *data++);
    }
}

static void test_registers(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < ARRAY_SIZE(crcs); i++) {
        g_assert_cmphex(qtest_readl(qts, crcs[i] + DR), ==, 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, crcs[i] + INIT), ==, 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, crcs[i] + POL), ==, 0x04c11db7);
        stm32mp1_check_mask(qts, crcs[i] + IDR, 0xffffffff);
        stm32mp1_check_mask(qts, crcs[i] + CR, 0xf8);
        stm32mp1_check_mask(qts, crcs[i] + INIT, 0xffffffff);
        stm32mp1_check_mask(qts, crcs[i] + POL, 0xffffffff);
        /* IDR has no part in it, and outlives CR.RESET. */
        qtest_writel(qts, crcs[i] + IDR, 0x12345678);
        qtest_writel(qts, crcs[i] + CR, RESET);
        g_assert_cmphex(qtest_readl(qts, crcs[i] + IDR), ==, 0x12345678);
        g_assert_cmphex(qtest_readl(qts, crcs[i] + CR), ==, 0);
        stm32mp1_check_any_access(qts, crcs[i]);
        g_assert_cmphex(qtest_readl(qts, crcs[i] + POL), ==, 0x04c11db7);
    }
    qtest_quit(qts);
}

static void test_words(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CRC2 + DR, 0x12345678);
    g_assert_cmphex(qtest_readl(qts, CRC2 + DR), ==, 0xdf8a8a2b);
    /* the other one is another one */
    g_assert_cmphex(qtest_readl(qts, CRC1 + DR), ==, 0xffffffff);

    /* The same in other sizes, the high part first */
    qtest_writel(qts, CRC2 + CR, RESET);
    qtest_writew(qts, CRC2 + DR, 0x1234);
    qtest_writeb(qts, CRC2 + DR, 0x56);
    qtest_writeb(qts, CRC2 + DR, 0x78);
    g_assert_cmphex(qtest_readl(qts, CRC2 + DR), ==, 0xdf8a8a2b);
    g_assert_cmphex(qtest_readw(qts, CRC2 + DR), ==, 0x8a2b);
    g_assert_cmphex(qtest_readb(qts, CRC2 + DR + 3), ==, 0xdf);

    /* INIT counts from the next RESET on. */
    qtest_writel(qts, CRC2 + INIT, 0);
    g_assert_cmphex(qtest_readl(qts, CRC2 + DR), ==, 0xdf8a8a2b);
    qtest_writel(qts, CRC2 + CR, RESET);
    g_assert_cmphex(qtest_readl(qts, CRC2 + DR), ==, 0);
    qtest_quit(qts);
}

static void test_polynomials(void)
{
    static const struct {
        uint32_t cr;
        uint32_t init;
        uint32_t pol;
        uint32_t result;
    } cases[] = {
        { 0, 0xffffffff, 0x04c11db7, ~0xfc891918u },            /* BZIP2 */
        { REV_IN_BYTE | REV_OUT, 0xffffffff, 0x04c11db7,
          ~0xcbf43926u },                                       /* CRC-32 */
        { REV_IN_BYTE | REV_OUT, 0xffffffff, 0x1edc6f41,
          ~0xe3069283u },                                       /* CRC-32C */
        { POLY16, 0xffff, 0x1021, 0x29b1 },                     /* IBM-3740 */
        { POLY16, 0, 0x1021, 0x31c3 },                          /* XMODEM */
        { POLY16 | REV_IN_BYTE | REV_OUT, 0xffff, 0x8005,
          0x4b37 },                                             /* MODBUS */
        { POLY8, 0, 0x07, 0xf4 },                               /* SMBUS */
        { POLY8 | REV_IN_BYTE | REV_OUT, 0, 0x31, 0xa1 },       /* MAXIM-DOW */
        { POLY7, 0, 0x09, 0x75 },                               /* MMC */
    };
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_writel(qts, CRC1 + INIT, cases[i].init);
        qtest_writel(qts, CRC1 + POL, cases[i].pol);
        qtest_writel(qts, CRC1 + CR, cases[i].cr | RESET);
        feed(qts, CRC1, check);
        g_assert_cmphex(qtest_readl(qts, CRC1 + DR), ==, cases[i].result);
    }
    qtest_quit(qts);
}

/* Words in memory order, as Linux's driver feeds them */
static void test_reversal(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CRC1 + CR, REV_IN_WORD | REV_OUT | RESET);
    qtest_writel(qts, CRC1 + DR, 0x34333231);
    qtest_writel(qts, CRC1 + CR, REV_IN_BYTE | REV_OUT);
    feed(qts, CRC1, "56789");
    g_assert_cmphex(qtest_readl(qts, CRC1 + DR), ==, ~0xcbf43926u);

    /* Reversed by half-words, a word still goes in with its high half first. */
    qtest_writel(qts, CRC1 + CR, REV_IN_HALF | REV_OUT | RESET);
    qtest_writew(qts, CRC1 + DR, 0x3231);
    qtest_writel(qts, CRC1 + DR, 0x34333635);
    qtest_writel(qts, CRC1 + CR, REV_IN_BYTE | REV_OUT);
    feed(qts, CRC1, "789");
    g_assert_cmphex(qtest_readl(qts, CRC1 + DR), ==, ~0xcbf43926u);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < ARRAY_SIZE(crcs); i++) {
        qtest_writel(qts, crcs[i] + IDR, 1);
        qtest_writel(qts, crcs[i] + DR, 1);
    }
    qtest_writel(qts, RCC_AHB6RSTSETR, 1 << 20);
    qtest_writel(qts, RCC_AHB6RSTCLRR, 1 << 20);
    g_assert_cmphex(qtest_readl(qts, CRC1 + IDR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, CRC1 + DR), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, CRC2 + IDR), ==, 1);
    qtest_writel(qts, RCC_AHB3RSTSETR, 1 << 7);
    qtest_writel(qts, RCC_AHB3RSTCLRR, 1 << 7);
    g_assert_cmphex(qtest_readl(qts, CRC2 + IDR), ==, 0);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CRC1 + CR, REV_IN_BYTE | REV_OUT | RESET);
    feed(qts, CRC1, "1234");
    qts = stm32mp1_migrate(qts);
    feed(qts, CRC1, "56789");
    g_assert_cmphex(qtest_readl(qts, CRC1 + DR), ==, ~0xcbf43926u);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/crc/registers", test_registers);
    qtest_add_func("stm32mp1/crc/words", test_words);
    qtest_add_func("stm32mp1/crc/polynomials", test_polynomials);
    qtest_add_func("stm32mp1/crc/reversal", test_reversal);
    qtest_add_func("stm32mp1/crc/reset", test_reset);
    qtest_add_func("stm32mp1/crc/migration", test_migration);
    return g_test_run();
}
