/*
 * QTest for the STM32MP1 master DMA controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define MDMA            0x58000000
#define GISR0           MDMA
#define CH(n)           (MDMA + 0x40 + 0x40 * (n))
#define CISR            0x00
#define CIFCR           0x04
#define CESR            0x08
#define CCR             0x0c
#define CTCR            0x10
#define CBNDTR          0x14
#define CSAR            0x18
#define CDAR            0x1c
#define CBRUR           0x20
#define CLAR            0x24
#define CTBR            0x28
#define CMAR            0x30
#define CMDR            0x34

#define TEIF            (1u << 0)
#define CTCIF           (1u << 1)
#define BRTIF           (1u << 2)
#define BTIF            (1u << 3)
#define TCIF            (1u << 4)
#define CRQA            (1u << 16)
#define TED             (1u << 7)
#define TELD            (1u << 8)
#define TEMD            (1u << 9)
#define ASE             (1u << 10)
#define BSE             (1u << 11)
#define EN              (1u << 0)
#define TEIE            (1u << 1)
#define CTCIE           (1u << 2)
#define PL(n)           ((n) << 6)
#define SWRQ            (1u << 16)

#define SINC            2u
#define DINC            (2u << 2)
#define DDEC            (3u << 2)
#define SSIZE(n)        ((n) << 4)
#define DSIZE(n)        ((n) << 6)
#define SINCOS(n)       ((n) << 8)
#define DINCOS(n)       ((n) << 10)
#define TLEN(n)         (((n) - 1) << 18)
#define PKE             (1u << 25)
#define SIGNED          (1u << 26)
#define LEFT            (2u << 26)
#define BLOCK           (1u << 28)
#define REPEATED        (2u << 28)
#define LIST            (3u << 28)
#define SWRM            (1u << 30)
/* Words up from words, all of a buffer's 128 bytes, by software */
#define COPY            (SINC | DINC | SSIZE(2) | DSIZE(2) | SINCOS(2) | \
                         DINCOS(2) | TLEN(128) | SWRM)

#define MDMA_PATH       STM32MP1_SOC "mdma"
#define MDMA_SPI        122
#define SRC             0x10000000
#define DST             0x10010000
#define LISTS           0x10020000
#define UNMAPPED        0x60000000
#define DMA1            0x48000000
#define RCC_TZAHB6RSTSETR 0x500001a0
#define RCC_TZAHB6RSTCLRR 0x500001a4

/* The model's: from a cause to its turn, from turn to turn, bytes a turn */
#define START_NS        100
#define PAUSE_NS        50000
#define TURN_BYTES      0x10000

static QTestState *start(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_in(qts, STM32MP1_SOC "a7mpcore/gic");
    for (unsigned i = 0; i < 256; i++) {
        qtest_writel(qts, SRC + 4 * i, 0x03020100 + 0x04040404 * i);
        qtest_writel(qts, DST + 4 * i, 0xeeeeeeee);
    }
    return qts;
}

static uint32_t get(QTestState *qts, unsigned n, uint32_t reg)
{
    return qtest_readl(qts, CH(n) + reg);
}

static void set(QTestState *qts, unsigned n, uint32_t reg, uint32_t value)
{
    qtest_writel(qts, CH(n) + reg, value);
}

static void channel(QTestState *qts, unsigned n, uint32_t ctcr, uint32_t bndtr,
                    uint32_t ccr)
{
    set(qts, n, CTCR, ctcr);
    set(qts, n, CBNDTR, bndtr);
    set(qts, n, CSAR, SRC);
    set(qts, n, CDAR, DST);
    set(qts, n, CCR, ccr);
    set(qts, n, CCR, ccr | EN);
}

static void software_request(QTestState *qts, unsigned n)
{
    set(qts, n, CCR, get(qts, n, CCR) | SWRQ);
    qtest_clock_step(qts, START_NS);
}

static void hardware_request(QTestState *qts, unsigned n, int level)
{
    qtest_set_irq_in(qts, MDMA_PATH, "request", n, level);
    qtest_clock_step(qts, START_NS);
}

static void test_registers(void)
{
    static const struct {
        uint32_t reg;
        uint32_t mask;
    } regs[] = {
        { CTCR, 0xffffffff }, { CSAR, 0xffffffff }, { CDAR, 0xffffffff },
        { CBRUR, 0xffffffff }, { CLAR, 0xfffffff8 }, { CTBR, 0x0003003f },
        { CMAR, 0xffffffff }, { CMDR, 0xffffffff },
    };
    QTestState *qts = start();

    stm32mp1_check_readonly(qts, GISR0, 0);
    for (unsigned n = 0; n < 32; n++) {
        for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
            stm32mp1_check_mask(qts, CH(n) + regs[i].reg, regs[i].mask);
        }
        stm32mp1_check_readonly(qts, CH(n) + CISR, 0);
        stm32mp1_check_readonly(qts, CH(n) + CESR, 0);
        set(qts, n, CBNDTR, 0xffffffff);
        g_assert_cmphex(get(qts, n, CBNDTR), ==, 0xfffd0000);
    }
    stm32mp1_check_any_access(qts, MDMA);
    g_assert_cmphex(get(qts, 0, CTCR), ==, 0);
    qtest_quit(qts);
}

static void test_block(void)
{
    QTestState *qts = start();

    channel(qts, 5, COPY | BLOCK, 512, CTCIE);
    qtest_clock_step(qts, PAUSE_NS);
    g_assert_cmphex(get(qts, 5, CISR), ==, 0);
    set(qts, 5, CCR, CTCIE | EN | SWRQ);
    g_assert_cmphex(get(qts, 5, CCR), ==, CTCIE | EN);
    g_assert_cmphex(get(qts, 5, CISR), ==, CRQA);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(get(qts, 5, CISR), ==, TCIF | BTIF | BRTIF | CTCIF);
    g_assert_cmphex(get(qts, 5, CCR), ==, CTCIE);
    g_assert_cmphex(get(qts, 5, CBNDTR), ==, 0);
    g_assert_cmphex(get(qts, 5, CSAR), ==, SRC + 512);
    g_assert_cmphex(get(qts, 5, CDAR), ==, DST + 512);
    for (unsigned i = 0; i < 128; i++) {
        g_assert_cmphex(qtest_readl(qts, DST + 4 * i), ==,
                        qtest_readl(qts, SRC + 4 * i));
    }
    g_assert_cmphex(qtest_readl(qts, DST + 512), ==, 0xeeeeeeee);
    g_assert_cmphex(qtest_readl(qts, GISR0), ==, 1 << 5);
    g_assert_true(qtest_get_irq(qts, MDMA_SPI));
    set(qts, 5, CIFCR, CTCIF);
    g_assert_cmphex(get(qts, 5, CISR), ==, TCIF | BTIF | BRTIF);
    g_assert_false(qtest_get_irq(qts, MDMA_SPI));
    qtest_quit(qts);
}

/* What one request moves */
static void test_modes(void)
{
    static const struct {
        uint32_t mode;
        uint32_t left[4];       /* BRC and BNDT after each request */
    } modes[] = {
        { 0, { 1 << 20 | 8, 16, 8, 0 } },
        { BLOCK, { 16, 0, 0, 0 } },
        { REPEATED, { 0, 0, 0, 0 } },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        QTestState *qts = start();

        channel(qts, 0, (COPY & ~TLEN(128)) | TLEN(8) | modes[i].mode,
                1 << 20 | 16, 0);
        for (unsigned j = 0; j < 4; j++) {
            software_request(qts, 0);
            g_assert_cmphex(get(qts, 0, CBNDTR), ==, modes[i].left[j]);
            if (modes[i].left[j] == 0) {
                break;
            }
        }
        g_assert_cmphex(get(qts, 0, CISR), ==, TCIF | BTIF | BRTIF | CTCIF);
        qtest_quit(qts);
    }
}

/* Three blocks of 8 bytes, 16 from each other at the source */
static void test_repeated(void)
{
    QTestState *qts = start();

    set(qts, 1, CBRUR, 8 | 4 << 16);
    channel(qts, 1, COPY | REPEATED, 2 << 20 | 8, 0);
    software_request(qts, 1);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(qtest_readl(qts, DST + 12 * i), ==,
                        qtest_readl(qts, SRC + 16 * i));
        g_assert_cmphex(qtest_readl(qts, DST + 12 * i + 4), ==,
                        qtest_readl(qts, SRC + 16 * i + 4));
        g_assert_cmphex(qtest_readl(qts, DST + 12 * i + 8), ==, 0xeeeeeeee);
    }
    /* downwards */
    set(qts, 1, CBRUR, 16);
    channel(qts, 1, COPY | REPEATED, 1 << 20 | 1 << 18 | 8, 0);
    set(qts, 1, CCR, 0);
    set(qts, 1, CSAR, SRC + 0x20);
    set(qts, 1, CCR, EN);
    software_request(qts, 1);
    g_assert_cmphex(qtest_readl(qts, DST), ==, qtest_readl(qts, SRC + 0x20));
    g_assert_cmphex(qtest_readl(qts, DST + 8), ==,
                    qtest_readl(qts, SRC + 0x18));
    qtest_quit(qts);
}

static void test_sizes(void)
{
    static const struct {
        uint32_t ctcr;
        uint32_t bytes;
        uint32_t result[3];
        uint32_t from;          /* offset of the source */
    } cases[] = {
        { SINC | DINC | SSIZE(0) | DSIZE(2) | DINCOS(2) | PKE, 8,
          { 0x03020100, 0x07060504, 0xeeeeeeee } },
        { SINC | DINC | SSIZE(3) | DSIZE(0) | SINCOS(3) | PKE, 8,
          { 0x03020100, 0x07060504, 0xeeeeeeee } },
        { SINC | DINC | SSIZE(0) | DSIZE(2) | DINCOS(2), 2,
          { 0x000000f0, 0x000000f1, 0xeeeeeeee }, 0xf0 },
        { SINC | DINC | SSIZE(0) | DSIZE(2) | DINCOS(2) | SIGNED, 2,
          { 0xfffffff0, 0xfffffff1, 0xeeeeeeee }, 0xf0 },
        { SINC | DINC | SSIZE(0) | DSIZE(2) | DINCOS(2) | LEFT, 2,
          { 0xf0000000, 0xf1000000, 0xeeeeeeee }, 0xf0 },
        { SINC | DINC | SSIZE(2) | DSIZE(0) | SINCOS(2), 8,
          { 0xeeee0400, 0xeeeeeeee, 0xeeeeeeee } },
        { SINC | DINC | SSIZE(2) | DSIZE(0) | SINCOS(2) | LEFT, 8,
          { 0xeeee0703, 0xeeeeeeee, 0xeeeeeeee } },
        { SINC | SSIZE(0) | DSIZE(0), 4,
          { 0xeeeeee03, 0xeeeeeeee, 0xeeeeeeee } },
        { DINC | SSIZE(0) | DSIZE(0), 4,
          { 0x00000000, 0xeeeeeeee, 0xeeeeeeee } },
        { SINC | DINC | SSIZE(0) | DSIZE(0) | SINCOS(2) | DINCOS(1), 4,
          { 0xee04ee00, 0xee0cee08, 0xeeeeeeee } },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = start();

        channel(qts, 0, cases[i].ctcr | TLEN(128) | SWRM | BLOCK,
                cases[i].bytes, 0);
        set(qts, 0, CCR, 0);
        set(qts, 0, CSAR, SRC + cases[i].from);
        set(qts, 0, CCR, EN);
        software_request(qts, 0);
        for (unsigned j = 0; j < 3; j++) {
            g_assert_cmphex(qtest_readl(qts, DST + 4 * j), ==,
                            cases[i].result[j]);
        }
        qtest_quit(qts);
    }
}

static void put_node(QTestState *qts, uint32_t at, uint32_t src, uint32_t dst,
                     uint32_t bytes, uint32_t next)
{
    const uint32_t words[] = {
        COPY | LIST, bytes, src, dst, 0, next, 0, 0, 0, 0,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        qtest_writel(qts, at + 4 * i, words[i]);
    }
}

static void test_list(void)
{
    QTestState *qts = start();

    put_node(qts, LISTS, SRC + 0x40, DST + 0x80, 8, LISTS + 0x40);
    put_node(qts, LISTS + 0x40, SRC, DST + 0x90, 4, 0);
    set(qts, 0, CLAR, LISTS);
    channel(qts, 0, COPY | LIST, 4, CTCIE);
    software_request(qts, 0);
    g_assert_cmphex(get(qts, 0, CISR), ==, TCIF | BTIF | BRTIF | CTCIF);
    g_assert_cmphex(get(qts, 0, CCR), ==, CTCIE);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0x03020100);
    g_assert_cmphex(qtest_readl(qts, DST + 4), ==, 0xeeeeeeee);
    g_assert_cmphex(qtest_readl(qts, DST + 0x80), ==,
                    qtest_readl(qts, SRC + 0x40));
    g_assert_cmphex(qtest_readl(qts, DST + 0x84), ==,
                    qtest_readl(qts, SRC + 0x44));
    g_assert_cmphex(qtest_readl(qts, DST + 0x90), ==, 0x03020100);

    /* A list that leads to itself, with nothing to move, ends no turn. */
    put_node(qts, LISTS, SRC, DST, 0, LISTS);
    set(qts, 0, CIFCR, 0x1f);
    set(qts, 0, CLAR, LISTS);
    channel(qts, 0, COPY | LIST, 4, CTCIE);
    software_request(qts, 0);
    qtest_clock_step(qts, 100 * PAUSE_NS);
    g_assert_cmphex(get(qts, 0, CCR), ==, CTCIE | EN);
    /* What drivers wait for when they switch a channel off */
    set(qts, 0, CCR, 0);
    g_assert_cmphex(get(qts, 0, CISR) & (CTCIF | CRQA), ==, CTCIF);
    qtest_quit(qts);
}

static void test_hardware_request(void)
{
    enum { REQUEST = 22 };
    QTestState *qts = start();

    set(qts, 2, CTBR, REQUEST);
    set(qts, 2, CMAR, DST + 0x100);
    set(qts, 2, CMDR, 0x12345678);
    channel(qts, 2, (COPY & ~(SWRM | TLEN(128))) | TLEN(4), 12, 0);
    hardware_request(qts, REQUEST + 1, 1);
    g_assert_cmpuint(get(qts, 2, CBNDTR), ==, 12);
    /* It stands for three buffers: as long as it does. */
    hardware_request(qts, REQUEST, 1);
    g_assert_cmpuint(get(qts, 2, CBNDTR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, DST + 0x100), ==, 0x12345678);
    hardware_request(qts, REQUEST, 0);
    qtest_quit(qts);
}

/* Channel @n moves words for @request, from or to an address that stays. */
static void device_channel(QTestState *qts, unsigned n, unsigned request,
                           uint32_t from, uint32_t to, uint32_t bytes)
{
    set(qts, n, CTCR, SSIZE(2) | DSIZE(2) | SINCOS(2) | DINCOS(2) | TLEN(4) |
                      (from == SRC ? SINC : DINC));
    set(qts, n, CBNDTR, bytes);
    set(qts, n, CSAR, from);
    set(qts, n, CDAR, to);
    set(qts, n, CTBR, request);
    set(qts, n, CCR, EN);
}

static void wait_end(QTestState *qts, unsigned n)
{
    for (unsigned i = 0; i < 100 && !(get(qts, n, CISR) & CTCIF); i++) {
        qtest_clock_step(qts, PAUSE_NS);
    }
    g_assert_cmphex(get(qts, n, CISR) & CTCIF, ==, CTCIF);
}

/* FIPS 46-3, DES-ECB: CRYP1 asks for its input and its output. */
static void test_cryp(void)
{
    enum { CRYP1 = 0x54001000, CRYP1_IN = 29, CRYP1_OUT = 30 };
    QTestState *qts = start();

    qtest_writel(qts, SRC, 0x4e6f7720);
    qtest_writel(qts, SRC + 4, 0x69732074);
    qtest_writel(qts, CRYP1 + 0x28, 0x01234567);        /* K1LR, K1RR */
    qtest_writel(qts, CRYP1 + 0x2c, 0x89abcdef);
    qtest_writel(qts, CRYP1, 2 << 3);                   /* DES-ECB */
    qtest_writel(qts, CRYP1 + 0x10, 3);                 /* DIEN, DOEN */
    device_channel(qts, 0, CRYP1_IN, SRC, CRYP1 + 0x08, 8);
    device_channel(qts, 1, CRYP1_OUT, CRYP1 + 0x0c, DST, 8);
    qtest_writel(qts, CRYP1, 2 << 3 | 1 << 15);         /* CRYPEN */
    wait_end(qts, 1);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0x3fa40e8a);
    g_assert_cmphex(qtest_readl(qts, DST + 4), ==, 0x984d4815);
    qtest_quit(qts);
}

/* FIPS 180-4, "abc": HASH1 ends the message with the end of the channel. */
static void test_hash(void)
{
    enum { HASH1 = 0x54002000, HASH1_IN = 31, DCIS = 2, INIT = 1 << 2 };
    enum { SHA256_BYTES = 1 << 18 | 1 << 7 | 1 << 5, DMAE = 1 << 3 };
    QTestState *qts = start();

    qtest_writel(qts, SRC, 0x00636261);
    qtest_writel(qts, HASH1, SHA256_BYTES | INIT);
    qtest_writel(qts, HASH1 + 0x08, 24);                /* STR.NBLW */
    device_channel(qts, 0, HASH1_IN, SRC, HASH1 + 0x04, 4);
    qtest_writel(qts, HASH1, SHA256_BYTES | DMAE);
    wait_end(qts, 0);
    g_assert_cmphex(qtest_readl(qts, HASH1 + 0x24) & DCIS, ==, DCIS);
    g_assert_cmphex(qtest_readl(qts, HASH1 + 0x310), ==, 0xba7816bf);
    qtest_quit(qts);
}

/* What QUADSPI reads of a flash goes to memory: its identification */
static void test_quadspi(void)
{
    enum { QUADSPI = 0x58003000, QUADSPI_REQUEST = 22 };
    QTestState *qts = qtest_init(STM32MP1_MACHINE
                                 "-device w25q256,bus=quadspi");

    stm32mp1_enable_clocks(qts);
    qtest_writel(qts, QUADSPI + 0x04, 24 << 16);        /* FSIZE */
    qtest_writel(qts, QUADSPI, 1 | 1 << 2 | 3 << 8);    /* EN, DMAEN, FTHRES */
    qtest_writel(qts, QUADSPI + 0x10, 3);               /* 4 bytes */
    device_channel(qts, 0, QUADSPI_REQUEST, QUADSPI + 0x20, DST, 4);
    /* Read, with data and instruction on one line: RDID */
    qtest_writel(qts, QUADSPI + 0x14, 1 << 26 | 1 << 24 | 1 << 8 | 0x9f);
    wait_end(qts, 0);
    g_assert_cmphex(qtest_readl(qts, DST) & 0xffffff, ==, 0x1940ef);
    qtest_quit(qts);
}

/* A stream of DMA1 fills a buffer; MDMA takes it away and says so. */
static void test_after_dma(void)
{
    QTestState *qts = start();

    set(qts, 3, CTBR, 1);               /* DMA1, stream 1 */
    set(qts, 3, CMAR, DMA1 + 0x08);     /* LIFCR */
    set(qts, 3, CMDR, 1 << 11);         /* CTCIF1 */
    channel(qts, 3, (COPY & ~SWRM) | BLOCK, 2 << 20 | 16, 0);
    set(qts, 3, CCR, 0);
    set(qts, 3, CSAR, DST + 0x200);
    set(qts, 3, CBRUR, 16 | 0 << 16);
    set(qts, 3, CBNDTR, 1 << 20 | 1 << 18 | 16);
    set(qts, 3, CCR, EN);
    for (unsigned i = 0; i < 2; i++) {
        qtest_writel(qts, DMA1 + 0x28 + 0x08, SRC + 16 * i);
        qtest_writel(qts, DMA1 + 0x28 + 0x0c, DST + 0x200);
        qtest_writel(qts, DMA1 + 0x28 + 0x04, 4);
        qtest_writel(qts, DMA1 + 0x28, 2 << 6 | 1 << 9 | 1 << 10 | 2 << 11 |
                                       2 << 13 | 1);
        qtest_clock_step(qts, START_NS);
        g_assert_cmphex(qtest_readl(qts, DMA1) & 1 << 11, ==, 1 << 11);
        qtest_clock_step(qts, START_NS);
        g_assert_cmphex(qtest_readl(qts, DMA1) & 1 << 11, ==, 0);
        for (unsigned j = 0; j < 4; j++) {
            g_assert_cmphex(qtest_readl(qts, DST + 16 * i + 4 * j), ==,
                            qtest_readl(qts, SRC + 16 * i + 4 * j));
        }
    }
    g_assert_cmphex(get(qts, 3, CISR) & CTCIF, ==, CTCIF);
    qtest_quit(qts);
}

static void test_errors(void)
{
    static const struct {
        uint32_t reg;
        uint32_t value;
        uint32_t bndtr;
        uint32_t cesr;
    } errors[] = {
        { CSAR, UNMAPPED + 4, 8, 4 },
        { CDAR, UNMAPPED + 8, 8, TED | 8 },
        { CLAR, UNMAPPED + 8, 8, TELD | 8 },
        { CMAR, UNMAPPED, 8, TEMD },
        { CSAR, SRC + 1, 8, ASE },
        { CDAR, DST + 2, 8, ASE },
        { CSAR, SRC, 6, BSE },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
        QTestState *qts = start();

        channel(qts, 9, COPY | BLOCK, errors[i].bndtr, TEIE);
        set(qts, 9, CCR, 0);
        set(qts, 9, CIFCR, 0x1f);
        set(qts, 9, errors[i].reg, errors[i].value);
        set(qts, 9, CCR, TEIE | EN);
        software_request(qts, 9);
        g_assert_cmphex(get(qts, 9, CISR) & TEIF, ==, TEIF);
        g_assert_cmphex(get(qts, 9, CESR), ==, errors[i].cesr);
        g_assert_cmphex(get(qts, 9, CCR), ==, TEIE);
        g_assert_true(qtest_get_irq(qts, MDMA_SPI));
        set(qts, 9, CIFCR, TEIF);
        g_assert_cmphex(get(qts, 9, CESR), ==, 0);
        g_assert_false(qtest_get_irq(qts, MDMA_SPI));
        qtest_quit(qts);
    }
}

static void test_turns(void)
{
    QTestState *qts = start();

    channel(qts, 0, (COPY & ~(SINC | DINC)) | REPEATED, 9 << 20 | 0x10000, 0);
    channel(qts, 1, (COPY & ~(SINC | DINC)) | REPEATED, 1 << 20 | 0x10000,
            PL(1));
    set(qts, 0, CCR, EN | SWRQ);
    software_request(qts, 1);
    g_assert_cmphex(get(qts, 1, CBNDTR), ==, 0x10000);
    g_assert_cmphex(get(qts, 0, CBNDTR), ==, 9 << 20 | 0x10000);
    qtest_clock_step(qts, PAUSE_NS);
    g_assert_cmphex(get(qts, 1, CBNDTR), ==, 0);
    g_assert_cmphex(get(qts, 0, CBNDTR), ==, 9 << 20 | 0x10000);
    qtest_clock_step(qts, PAUSE_NS);
    g_assert_cmphex(get(qts, 0, CBNDTR), ==, 8 << 20 | 0x10000);
    qtest_quit(qts);
}

static void test_held(void)
{
    QTestState *qts = start();

    channel(qts, 0, COPY | BLOCK, 8, 0);
    set(qts, 0, CSAR, 0);
    set(qts, 0, CBNDTR, 4);
    set(qts, 0, CTCR, 0);
    g_assert_cmphex(get(qts, 0, CSAR), ==, SRC);
    g_assert_cmphex(get(qts, 0, CBNDTR), ==, 8);
    g_assert_cmphex(get(qts, 0, CTCR), ==, COPY | BLOCK);

    /* A channel that writes all over its own registers */
    for (unsigned i = 0; i < 32; i++) {
        qtest_writel(qts, SRC + 4 * i, i % 3 ? 0x5800004c : i & 1);
    }
    for (unsigned i = 0; i < 16; i++) {
        set(qts, 0, CCR, 0);
        channel(qts, 0, (COPY & ~(DINC | DINCOS(3))) | BLOCK, 64, 0);
        set(qts, 0, CCR, 0);
        set(qts, 0, CDAR, CH(0) + 4 * i);
        set(qts, 0, CCR, EN);
        software_request(qts, 0);
        qtest_clock_step(qts, 10 * PAUSE_NS);
    }
    stm32mp1_system_reset(qts);
    g_assert_cmphex(get(qts, 0, CCR), ==, 0);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();

    channel(qts, 0, COPY | BLOCK, 8, CTCIE);
    software_request(qts, 0);
    g_assert_true(qtest_get_irq(qts, MDMA_SPI));
    qtest_writel(qts, RCC_TZAHB6RSTSETR, 1);
    qtest_writel(qts, RCC_TZAHB6RSTCLRR, 1);
    g_assert_false(qtest_get_irq(qts, MDMA_SPI));
    g_assert_cmphex(get(qts, 0, CISR), ==, 0);
    g_assert_cmphex(get(qts, 0, CTCR), ==, 0);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start();

    channel(qts, 0, COPY | REPEATED, 3 << 20 | 0x8000, CTCIE);
    software_request(qts, 0);
    g_assert_cmphex(get(qts, 0, CBNDTR), ==, 1 << 20 | 0x8000);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(get(qts, 0, CBNDTR), ==, 1 << 20 | 0x8000);
    qtest_clock_step(qts, 2 * PAUSE_NS);
    g_assert_cmphex(get(qts, 0, CISR), ==, TCIF | BTIF | BRTIF | CTCIF);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/mdma/registers", test_registers);
    qtest_add_func("stm32mp1/mdma/block", test_block);
    qtest_add_func("stm32mp1/mdma/modes", test_modes);
    qtest_add_func("stm32mp1/mdma/repeated", test_repeated);
    qtest_add_func("stm32mp1/mdma/sizes", test_sizes);
    qtest_add_func("stm32mp1/mdma/list", test_list);
    qtest_add_func("stm32mp1/mdma/hardware_request", test_hardware_request);
    qtest_add_func("stm32mp1/mdma/after_dma", test_after_dma);
    qtest_add_func("stm32mp1/mdma/errors", test_errors);
    qtest_add_func("stm32mp1/mdma/turns", test_turns);
    qtest_add_func("stm32mp1/mdma/held", test_held);
    qtest_add_func("stm32mp1/mdma/reset", test_reset);
    qtest_add_func("stm32mp1/mdma/migration", test_migration);
    qtest_add_func("stm32mp1/mdma/cryp", test_cryp);
    qtest_add_func("stm32mp1/mdma/hash", test_hash);
    qtest_add_func("stm32mp1/mdma/quadspi", test_quadspi);
    return g_test_run();
}
