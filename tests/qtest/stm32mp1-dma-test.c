/*
 * QTest for the STM32MP1 DMA controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define DMA1            0x48000000
#define DMA2            0x48001000
#define LISR            0x00
#define HISR            0x04
#define LIFCR           0x08
#define HIFCR           0x0c
#define CR(n)           (0x10 + 0x18 * (n))
#define NDTR(n)         (0x14 + 0x18 * (n))
#define PAR(n)          (0x18 + 0x18 * (n))
#define M0AR(n)         (0x1c + 0x18 * (n))
#define M1AR(n)         (0x20 + 0x18 * (n))
#define FCR(n)          (0x24 + 0x18 * (n))

#define EN              (1u << 0)
#define TEIE            (1u << 2)
#define HTIE            (1u << 3)
#define TCIE            (1u << 4)
#define M2P             (1u << 6)
#define M2M             (2u << 6)
#define CIRC            (1u << 8)
#define PINC            (1u << 9)
#define MINC            (1u << 10)
#define PSIZE(bytes)    (((bytes) / 2) << 11)
#define MSIZE(bytes)    (((bytes) / 2) << 13)
#define PINCOS          (1u << 15)
#define PL(n)           ((n) << 16)
#define DBM             (1u << 18)
#define CT              (1u << 19)
#define PBURST4         (1u << 21)
#define MBURST8         (2u << 23)
#define WORDS           (PSIZE(4) | MSIZE(4))
#define COPY            (M2M | PINC | MINC | WORDS)

#define DMDIS           (1u << 2)
#define FTH_FULL        3u
#define FEIE            (1u << 7)

#define FEIF            (1u << 0)
#define TEIF            (1u << 3)
#define HTIF            (1u << 4)
#define TCIF            (1u << 5)

#define MUX             0x48002000
#define MUX_CCR(n)      (MUX + 4 * (n))
#define MUX_RGCR0       (MUX + 0x100)
#define MUX_PATH        STM32MP1_SOC "dmamux1"
#define GENERATOR0      1
#define GE_EXTI0        (6u | 1u << 16 | 1u << 17)
#define EXTI0           6
/* A request number that no device has */
#define FREE_REQUEST    126

#define SRC             0x10000000
#define DST             0x10010000
#define UNMAPPED        0x60000000
#define RETRAM          0x38000000
#define RCC_AHB2RSTSETR 0x50000998
#define RCC_AHB2RSTCLRR 0x5000099c

/* The model's: from a cause to its turn, from turn to turn, items a turn */
#define START_NS        100
#define PAUSE_NS        50000
#define TURN_ITEMS      1024

static QTestState *start(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < 64; i++) {
        qtest_writel(qts, SRC + 4 * i, 0x03020100 + 0x04040404 * i);
        qtest_writel(qts, DST + 4 * i, 0xeeeeeeee);
    }
    return qts;
}

static uint32_t get(QTestState *qts, uint32_t reg)
{
    return qtest_readl(qts, DMA1 + reg);
}

static void set(QTestState *qts, uint32_t reg, uint32_t value)
{
    qtest_writel(qts, DMA1 + reg, value);
}

/* Configure stream @n of DMA1 and enable it. */
static void stream(QTestState *qts, unsigned n, uint32_t par, uint32_t mar,
                   uint32_t items, uint32_t fcr, uint32_t cr)
{
    set(qts, PAR(n), par);
    set(qts, M0AR(n), mar);
    set(qts, NDTR(n), items);
    set(qts, FCR(n), fcr);
    set(qts, CR(n), cr);
    set(qts, CR(n), cr | EN);
}

/* One request of stream 0, by the generator that the mux leads to it */
static void request(QTestState *qts)
{
    qtest_set_irq_in(qts, MUX_PATH, "trigger", EXTI0, 1);
    qtest_set_irq_in(qts, MUX_PATH, "trigger", EXTI0, 0);
    qtest_clock_step(qts, START_NS);
}

static void requests_on(QTestState *qts)
{
    qtest_writel(qts, MUX_RGCR0, GE_EXTI0);
    qtest_writel(qts, MUX_CCR(0), GENERATOR0);
}

static void test_registers(void)
{
    QTestState *qts = start();

    for (unsigned n = 0; n < 8; n++) {
        g_assert_cmphex(get(qts, CR(n)), ==, 0);
        g_assert_cmphex(get(qts, FCR(n)), ==, 0x21);
        set(qts, CR(n), 0xfffffffe);
        g_assert_cmphex(get(qts, CR(n)), ==, 0x01fffffe);
        set(qts, CR(n), 0);
        stm32mp1_check_mask(qts, DMA1 + NDTR(n), 0xffff);
        stm32mp1_check_mask(qts, DMA1 + PAR(n), 0xffffffff);
        stm32mp1_check_mask(qts, DMA1 + M0AR(n), 0xffffffff);
        stm32mp1_check_mask(qts, DMA1 + M1AR(n), 0xffffffff);
        set(qts, FCR(n), 0xffffffff);
        g_assert_cmphex(get(qts, FCR(n)), ==, 0xa7);
    }
    stm32mp1_check_readonly(qts, DMA1 + LISR, 0);
    stm32mp1_check_readonly(qts, DMA1 + HISR, 0);
    stm32mp1_check_readonly(qts, DMA1 + 0x3f0, 0x22222222);
    stm32mp1_check_readonly(qts, DMA2 + 0x3f4, 0x14);
    stm32mp1_check_readonly(qts, DMA2 + 0x3f8, 0x00100002);
    stm32mp1_check_any_access(qts, DMA1);
    stm32mp1_check_any_access(qts, DMA2);
    g_assert_cmphex(get(qts, FCR(7)), ==, 0x21);
    qtest_quit(qts);
}

static void test_copy(void)
{
    QTestState *qts = start();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "dma1", "sysbus-irq");
    stream(qts, 0, SRC, DST, 8, 0, COPY | TCIE | TEIE);
    /* There is no direct mode from memory to memory. */
    g_assert_cmphex(get(qts, FCR(0)) & DMDIS, ==, DMDIS);
    qtest_clock_step(qts, START_NS - 1);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 8);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0xeeeeeeee);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 1);

    g_assert_cmphex(get(qts, LISR), ==, TCIF | HTIF);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 0);
    g_assert_cmphex(get(qts, CR(0)), ==, COPY | TCIE | TEIE);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(qtest_readl(qts, DST + 4 * i), ==,
                        qtest_readl(qts, SRC + 4 * i));
    }
    g_assert_cmphex(qtest_readl(qts, DST + 32), ==, 0xeeeeeeee);
    g_assert_true(qtest_get_irq(qts, 0));
    set(qts, LIFCR, HTIF);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmphex(get(qts, LISR), ==, TCIF);
    set(qts, LIFCR, TCIF);
    g_assert_false(qtest_get_irq(qts, 0));

    /* Enabled again, it has the number of items back. */
    qtest_writel(qts, DST, 0);
    set(qts, CR(0), COPY | HTIE | EN);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 8);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0x03020100);
    g_assert_true(qtest_get_irq(qts, 0));
    set(qts, LIFCR, HTIF);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* Each stream has its flags and its interrupt, and DMA2 is another one. */
static void test_streams(void)
{
    static const unsigned shift[] = { 0, 6, 16, 22 };
    QTestState *qts = start();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "dma1", "sysbus-irq");
    for (unsigned n = 0; n < 8; n++) {
        unsigned flags = n < 4 ? LISR : HISR;
        unsigned clear = n < 4 ? LIFCR : HIFCR;

        stream(qts, n, SRC, DST + 4 * n, 1, 0, COPY | TCIE);
        qtest_clock_step(qts, START_NS);
        g_assert_cmphex(qtest_readl(qts, DST + 4 * n), ==, 0x03020100);
        g_assert_cmphex(get(qts, flags), ==, (TCIF | HTIF) << shift[n % 4]);
        for (unsigned i = 0; i < 8; i++) {
            g_assert_cmpint(qtest_get_irq(qts, i), ==, i == n);
        }
        set(qts, clear, TCIF << shift[n % 4]);
        g_assert_false(qtest_get_irq(qts, n));
        set(qts, clear, HTIF << shift[n % 4]);
        g_assert_cmphex(get(qts, flags), ==, 0);
    }
    g_assert_cmphex(qtest_readl(qts, DMA2 + LISR), ==, 0);
    qtest_writel(qts, DMA2 + PAR(5), SRC);
    qtest_writel(qts, DMA2 + M0AR(5), DST + 0x80);
    qtest_writel(qts, DMA2 + NDTR(5), 1);
    qtest_writel(qts, DMA2 + CR(5), COPY | EN);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(qtest_readl(qts, DST + 0x80), ==, 0x03020100);
    g_assert_cmphex(qtest_readl(qts, DMA2 + HISR), ==, (TCIF | HTIF) << 6);
    qtest_quit(qts);
}

/* Items are of the size of the peripheral's port, and packed in the FIFO. */
static void test_sizes(void)
{
    static const struct {
        uint32_t cr;
        uint32_t items;
        uint32_t result[3];
    } cases[] = {
        { PSIZE(1) | MSIZE(4) | PINC | MINC, 8,
          { 0x03020100, 0x07060504, 0xeeeeeeee } },
        { PSIZE(4) | MSIZE(1) | PINC | MINC, 2,
          { 0x03020100, 0x07060504, 0xeeeeeeee } },
        { PSIZE(2) | MSIZE(4) | PINC | MINC, 2,
          { 0x03020100, 0xeeeeeeee, 0xeeeeeeee } },
        { PSIZE(1) | MSIZE(4) | PINC | MINC, 6,   /* the rest by bytes */
          { 0x03020100, 0xeeee0504, 0xeeeeeeee } },
        { PSIZE(1) | MSIZE(1) | MINC, 4,
          { 0x00000000, 0xeeeeeeee, 0xeeeeeeee } },
        { PSIZE(2) | MSIZE(2) | PINC, 4,
          { 0xeeee0706, 0xeeeeeeee, 0xeeeeeeee } },
        { PSIZE(1) | MSIZE(1) | PINC | PINCOS | MINC, 4,
          { 0x0c080400, 0xeeeeeeee, 0xeeeeeeee } },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = start();

        stream(qts, 3, SRC, DST, cases[i].items, DMDIS, M2M | cases[i].cr);
        qtest_clock_step(qts, START_NS);
        for (unsigned j = 0; j < 3; j++) {
            g_assert_cmphex(qtest_readl(qts, DST + 4 * j), ==,
                            cases[i].result[j]);
        }
        g_assert_cmphex(get(qts, LISR), ==, (TCIF | HTIF) << 22);
        qtest_quit(qts);
    }
}

/* To a peripheral, here a word of memory, by requests */
static void test_to_peripheral(void)
{
    QTestState *qts = start();

    requests_on(qts);
    /* In direct mode the size of the memory's port does not count. */
    stream(qts, 0, DST, SRC, 4, 0, M2P | MINC | PSIZE(1) | MSIZE(4));
    qtest_clock_step(qts, PAUSE_NS);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 4);
    for (unsigned i = 0; i < 4; i++) {
        request(qts);
        g_assert_cmphex(qtest_readl(qts, DST), ==, 0xeeeeee00 + i);
        g_assert_cmpuint(get(qts, NDTR(0)), ==, 3 - i);
        g_assert_cmphex(get(qts, LISR), ==,
                        i == 0 ? 0 : i == 3 ? TCIF | HTIF : HTIF);
    }
    set(qts, LIFCR, TCIF | HTIF);

    /* Four items a request, taken apart in the FIFO */
    stream(qts, 0, DST, SRC + 4, 8, DMDIS | FTH_FULL,
           M2P | MINC | PINC | PSIZE(1) | MSIZE(4) | PBURST4);
    request(qts);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0x07060504);
    g_assert_cmphex(qtest_readl(qts, DST + 4), ==, 0xeeeeeeee);
    request(qts);
    g_assert_cmphex(qtest_readl(qts, DST + 4), ==, 0x0b0a0908);
    g_assert_cmphex(get(qts, LISR), ==, TCIF | HTIF);
    qtest_quit(qts);
}

static void test_circular(void)
{
    QTestState *qts = start();

    requests_on(qts);
    stream(qts, 0, SRC, DST, 4, 0, CIRC | MINC | PSIZE(1) | MSIZE(1));
    for (unsigned i = 0; i < 10; i++) {
        qtest_writeb(qts, SRC, 0x40 + i);
        request(qts);
        g_assert_cmphex(qtest_readb(qts, DST + i % 4), ==, 0x40 + i);
        g_assert_cmpuint(get(qts, NDTR(0)), ==, 4 - (i + 1) % 4);
        g_assert_cmphex(get(qts, LISR), ==,
                        i % 4 == 1 ? HTIF : i % 4 == 3 ? TCIF : 0);
        set(qts, LIFCR, TCIF | HTIF);
        g_assert_cmphex(get(qts, CR(0)) & EN, ==, EN);
    }
    qtest_quit(qts);
}

static void test_double_buffer(void)
{
    QTestState *qts = start();

    requests_on(qts);
    set(qts, M1AR(0), DST + 0x10);
    stream(qts, 0, SRC, DST, 2, 0, DBM | MINC | PSIZE(1) | MSIZE(1));
    for (unsigned i = 0; i < 2; i++) {
        request(qts);
    }
    g_assert_cmphex(get(qts, CR(0)) & (CT | EN), ==, CT | EN);
    g_assert_cmphex(get(qts, LISR), ==, TCIF | HTIF);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0xeeee0000);
    g_assert_cmphex(qtest_readl(qts, DST + 0x10), ==, 0xeeeeeeee);

    /* The buffer that is not in use gets another address; the other cannot. */
    set(qts, M0AR(0), DST + 0x20);
    set(qts, M1AR(0), DST + 0x30);
    g_assert_cmphex(get(qts, M0AR(0)), ==, DST + 0x20);
    g_assert_cmphex(get(qts, M1AR(0)), ==, DST + 0x10);
    for (unsigned i = 0; i < 3; i++) {
        request(qts);
    }
    g_assert_cmphex(qtest_readl(qts, DST + 0x10), ==, 0xeeee0000);
    g_assert_cmphex(qtest_readl(qts, DST + 0x20), ==, 0xeeeeee00);
    g_assert_cmphex(get(qts, CR(0)) & (CT | EN), ==, EN);
    qtest_quit(qts);
}

/* A stream that is switched off delivers what it has, and says TCIF. */
static void test_disable(void)
{
    QTestState *qts = start();

    requests_on(qts);
    stream(qts, 0, SRC, DST, 8, DMDIS, MINC | PINC | PSIZE(1) | MSIZE(4));
    for (unsigned i = 0; i < 3; i++) {
        request(qts);
    }
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0xeeeeeeee);
    g_assert_cmphex(get(qts, LISR), ==, 0);
    g_assert_cmphex(get(qts, FCR(0)), ==, DMDIS);      /* less than a quarter */
    set(qts, CR(0), 0);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0xee020100);
    g_assert_cmphex(get(qts, LISR), ==, TCIF);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 5);
    g_assert_cmphex(get(qts, FCR(0)), ==, DMDIS | 0x20);
    request(qts);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 5);

    /* What is left is a transfer of its own. */
    set(qts, LIFCR, TCIF);
    set(qts, M0AR(0), DST + 0x10);
    set(qts, CR(0), MINC | PINC | PSIZE(1) | MSIZE(1) | EN);
    for (unsigned i = 0; i < 5; i++) {
        request(qts);
    }
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 0);
    g_assert_cmphex(get(qts, LISR), ==, TCIF | HTIF);
    qtest_quit(qts);
}

static void test_held(void)
{
    QTestState *qts = start();
    uint32_t cr = MINC | PINC | PSIZE(1) | MSIZE(1);

    requests_on(qts);
    stream(qts, 0, SRC, DST, 4, 0, cr);
    set(qts, PAR(0), 1);
    set(qts, M0AR(0), 1);
    set(qts, M1AR(0), 1);
    set(qts, NDTR(0), 1);
    set(qts, FCR(0), 0xff);
    set(qts, CR(0), M2P | CIRC | TCIE | EN);
    g_assert_cmphex(get(qts, PAR(0)), ==, SRC);
    g_assert_cmphex(get(qts, M0AR(0)), ==, DST);
    g_assert_cmphex(get(qts, M1AR(0)), ==, 0);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 4);
    g_assert_cmphex(get(qts, FCR(0)), ==, FEIE | 0x20);
    g_assert_cmphex(get(qts, CR(0)), ==, cr | TCIE | EN);
    qtest_quit(qts);
}

static void test_errors(void)
{
    QTestState *qts = start();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "dma1", "sysbus-irq");
    /* Nothing answers: to read, to write */
    stream(qts, 0, UNMAPPED, DST, 4, 0, COPY | TEIE);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(get(qts, LISR), ==, TEIF);
    g_assert_cmphex(get(qts, CR(0)) & EN, ==, 0);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 4);
    g_assert_true(qtest_get_irq(qts, 0));
    set(qts, LIFCR, TEIF);
    g_assert_false(qtest_get_irq(qts, 0));
    stream(qts, 0, SRC, UNMAPPED, 4, 0, COPY);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(get(qts, LISR), ==, TEIF);
    g_assert_false(qtest_get_irq(qts, 0));
    set(qts, LIFCR, TEIF);

    /* A burst that the FIFO's threshold has no room for */
    stream(qts, 0, SRC, DST, 8, DMDIS | FEIE, COPY | MBURST8);
    g_assert_cmphex(get(qts, LISR), ==, FEIF);
    g_assert_cmphex(get(qts, CR(0)) & EN, ==, 0);
    g_assert_true(qtest_get_irq(qts, 0));
    set(qts, LIFCR, FEIF);

    /* What is reserved, or excludes each other */
    static const uint32_t bad[] = {
        COPY | M2P, COPY | PSIZE(6), COPY | MSIZE(6), COPY | CIRC, COPY | DBM,
    };
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        stream(qts, 0, SRC, DST, 8, DMDIS, bad[i]);
        g_assert_cmphex(get(qts, CR(0)), ==, bad[i]);
        qtest_clock_step(qts, PAUSE_NS);
        g_assert_cmphex(qtest_readl(qts, DST), ==, 0xeeeeeeee);
    }

    /* Nothing to do */
    stream(qts, 0, SRC, DST, 0, 0, COPY);
    qtest_clock_step(qts, PAUSE_NS);
    g_assert_cmphex(get(qts, CR(0)) & EN, ==, EN);
    g_assert_cmphex(get(qts, LISR), ==, 0);
    qtest_quit(qts);
}

/* However long it is, a turn ends. */
static void test_turns(void)
{
    QTestState *qts = start();

    stream(qts, 0, SRC, DST, 0xffff, 0, M2M | WORDS);
    stream(qts, 1, SRC, DST, 0xffff, 0, M2M | WORDS | PL(2));
    qtest_clock_step(qts, START_NS);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 0xffff);
    g_assert_cmpuint(get(qts, NDTR(1)), ==, 0xffff - TURN_ITEMS);
    qtest_clock_step(qts, PAUSE_NS - 1);
    g_assert_cmpuint(get(qts, NDTR(1)), ==, 0xffff - TURN_ITEMS);
    qtest_clock_step(qts, 1);
    g_assert_cmpuint(get(qts, NDTR(1)), ==, 0xffff - 2 * TURN_ITEMS);
    qtest_clock_step(qts, 62 * PAUSE_NS);
    g_assert_cmphex(get(qts, LISR), ==, (TCIF | HTIF) << 6);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 0xfffe);
    qtest_clock_step(qts, 64 * PAUSE_NS);
    g_assert_cmphex(get(qts, LISR) & TCIF, ==, TCIF);

    /* A request that never ends, in a transfer that never ends */
    qtest_writel(qts, MUX_CCR(2), FREE_REQUEST);
    qtest_set_irq_in(qts, MUX_PATH, "request", FREE_REQUEST, 1);
    stream(qts, 2, SRC, DST, 3, 0, CIRC | WORDS);
    qtest_clock_step(qts, 1000 * 1000);
    set(qts, LIFCR, TCIF << 16);
    qtest_clock_step(qts, PAUSE_NS);
    g_assert_cmphex(get(qts, LISR) & TCIF << 16, ==, TCIF << 16);
    qtest_set_irq_in(qts, MUX_PATH, "request", FREE_REQUEST, 0);
    set(qts, LIFCR, TCIF << 16);
    qtest_clock_step(qts, 1000 * 1000);
    g_assert_cmphex(get(qts, LISR) & TCIF << 16, ==, 0);
    qtest_quit(qts);
}

/* The bus is that of the M4: RETRAM is at 0, too. */
static void test_view(void)
{
    QTestState *qts = start();

    stream(qts, 0, SRC, 0x100, 1, 0, COPY);
    stream(qts, 1, SRC, 0x20010000, 1, 0, COPY);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(qtest_readl(qts, RETRAM + 0x100), ==, 0x03020100);
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0x03020100);
    qtest_quit(qts);
}

/* A stream that writes the registers of its own controller */
static void test_own_registers(void)
{
    QTestState *qts = start();

    /* into its own CR: it ends itself */
    qtest_writel(qts, SRC, 0);
    stream(qts, 0, SRC, DMA1 + CR(0), 100, 0, M2M | WORDS);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(get(qts, CR(0)) & EN, ==, 0);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 100);
    g_assert_cmphex(get(qts, LISR), ==, TCIF);

    /* all over it, at all sizes, with all that this starts */
    for (unsigned i = 0; i < 64; i++) {
        qtest_writel(qts, SRC + 4 * i, 0x48000010 * (i + 1) + i % 2);
    }
    for (unsigned size = 1; size <= 4; size *= 2) {
        for (unsigned msize = 1; msize <= 4; msize *= 2) {
            stream(qts, 1, SRC, DMA1, 0x400, DMDIS,
                   M2M | PINC | MINC | PSIZE(size) | MSIZE(msize));
            qtest_clock_step(qts, 10 * PAUSE_NS);
        }
    }
    stm32mp1_system_reset(qts);
    stream(qts, 0, SRC, DST, 1, 0, COPY);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(get(qts, LISR), ==, TCIF | HTIF);
    qtest_quit(qts);
}

/* What UART7 has received goes to memory, and from there out again. */
static void test_uart(void)
{
    enum { UART7 = 0x40018000, UART7_RX = 79, UART7_TX = 80 };
    g_autofree char *dir = g_dir_make_tmp("ampstand-XXXXXX", NULL);
    g_autofree char *path = g_strdup_printf("%s/uart", dir);
    g_autoptr(GTimer) timer = g_timer_new();
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    char buf[6];
    QTestState *qts;
    int fd;

    qts = qtest_initf(STM32MP1_MACHINE "-serial null -serial null"
                      " -serial unix:%s,server=on,wait=off", path);
    stm32mp1_enable_clocks(qts);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);

    qtest_writel(qts, MUX_CCR(0), UART7_RX);
    qtest_writel(qts, MUX_CCR(1), UART7_TX);
    stream(qts, 0, UART7 + 0x24, DST, 6, 0, MINC);
    qtest_writel(qts, UART7 + 0x08, 1 << 6 | 1 << 7);   /* DMAR, DMAT */
    qtest_writel(qts, UART7, 1 << 2 | 1 << 3 | 1);      /* RE, TE, UE */
    g_assert_cmpint(write(fd, "hello!", 6), ==, 6);
    while (get(qts, NDTR(0))) {
        qtest_clock_step(qts, START_NS);
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
    qtest_memread(qts, DST, buf, sizeof(buf));
    g_assert_cmpint(memcmp(buf, "hello!", 6), ==, 0);

    qtest_memwrite(qts, SRC, "olleh?", 6);
    stream(qts, 1, UART7 + 0x28, SRC, 6, 0, M2P | MINC);
    qtest_clock_step(qts, START_NS);
    g_assert_cmphex(get(qts, LISR) >> 6 & (TCIF | HTIF), ==, TCIF | HTIF);
    g_assert_cmpint(recv(fd, buf, 6, MSG_WAITALL), ==, 6);
    g_assert_cmpint(memcmp(buf, "olleh?", 6), ==, 0);

    close(fd);
    qtest_quit(qts);
    unlink(path);
    rmdir(dir);
}

/* Streams 0 and 1 write to a block, and read from it, @words each. */
static void to_and_from(QTestState *qts, unsigned to, uint32_t to_addr,
                        unsigned from, uint32_t from_addr, unsigned words)
{
    qtest_writel(qts, MUX_CCR(0), to);
    qtest_writel(qts, MUX_CCR(1), from);
    stream(qts, 1, from_addr, DST, words, 0, MINC | WORDS);
    stream(qts, 0, to_addr, SRC, words, 0, M2P | MINC | WORDS);
}

static void wait_end(QTestState *qts, unsigned n)
{
    unsigned i;

    for (i = 0; i < 100 && get(qts, NDTR(n)); i++) {
        qtest_clock_step(qts, PAUSE_NS);
    }
    g_assert_cmpuint(get(qts, NDTR(n)), ==, 0);
}

/* NIST SP 800-38A, F.1.1, twice: CRYP2 asks for its input and its output. */
static void test_cryp(void)
{
    enum { CRYP2 = 0x4c005000, CRYP2_IN = 76, CRYP2_OUT = 77 };
    static const uint32_t key[] = {
        0x2b7e1516, 0x28aed2a6, 0xabf71588, 0x09cf4f3c,
    };
    static const uint32_t plain[] = {
        0x6bc1bee2, 0x2e409f96, 0xe93d7e11, 0x7393172a,
    };
    static const uint32_t encrypted[] = {
        0x3ad77bb4, 0x0d7a3660, 0xa89ecaf3, 0x2466ef97,
    };
    QTestState *qts = start();

    for (unsigned i = 0; i < 8; i++) {
        qtest_writel(qts, SRC + 4 * i, plain[i % 4]);
    }
    for (unsigned i = 0; i < 4; i++) {
        qtest_writel(qts, CRYP2 + 0x30 + 4 * i, key[i]);
    }
    qtest_writel(qts, CRYP2, 4 << 3);                   /* AES-ECB */
    qtest_writel(qts, CRYP2 + 0x10, 3);                 /* DIEN, DOEN */
    to_and_from(qts, CRYP2_IN, CRYP2 + 0x08, CRYP2_OUT, CRYP2 + 0x0c, 8);
    qtest_writel(qts, CRYP2, 4 << 3 | 1 << 15);         /* CRYPEN */
    wait_end(qts, 1);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(qtest_readl(qts, DST + 4 * i), ==, encrypted[i % 4]);
    }
    qtest_quit(qts);
}

/* FIPS 180-4, "abc": HASH2 ends the message with the last item, or goes on. */
static void test_hash(void)
{
    enum { HASH2 = 0x4c002000, HASH2_IN = 78, SR = 0x24, DCIS = 2 };
    enum { SHA256_BYTES = 1 << 18 | 1 << 7 | 1 << 5 };
    enum { INIT = 1 << 2, DMAE = 1 << 3, MDMAT = 1 << 13 };
    QTestState *qts = start();

    qtest_writel(qts, SRC, 0x00636261);
    qtest_writel(qts, HASH2, SHA256_BYTES | INIT);
    qtest_writel(qts, HASH2 + 0x08, 24);                /* STR.NBLW */
    qtest_writel(qts, MUX_CCR(0), HASH2_IN);
    stream(qts, 0, HASH2 + 0x04, SRC, 1, 0, M2P | MINC | WORDS);
    qtest_writel(qts, HASH2, SHA256_BYTES | DMAE);
    wait_end(qts, 0);
    g_assert_cmphex(qtest_readl(qts, HASH2 + SR) & DCIS, ==, DCIS);
    g_assert_cmphex(qtest_readl(qts, HASH2 + 0x310), ==, 0xba7816bf);
    g_assert_cmphex(qtest_readl(qts, HASH2 + 0x32c), ==, 0xf20015ad);

    /* The same in two transfers of a word each: "abcdabc" */
    qtest_writel(qts, SRC, 0x64636261);
    qtest_writel(qts, SRC + 4, 0x00636261);
    set(qts, LIFCR, 0x3f);
    stream(qts, 0, HASH2 + 0x04, SRC, 1, 0, M2P | MINC | WORDS);
    qtest_writel(qts, HASH2, SHA256_BYTES | INIT);
    qtest_writel(qts, HASH2, SHA256_BYTES | DMAE | MDMAT);
    wait_end(qts, 0);
    g_assert_cmphex(qtest_readl(qts, HASH2 + SR) & DCIS, ==, 0);
    qtest_writel(qts, HASH2 + 0x08, 24);
    set(qts, LIFCR, 0x3f);
    stream(qts, 0, HASH2 + 0x04, SRC + 4, 1, 0, M2P | MINC | WORDS);
    qtest_writel(qts, HASH2, SHA256_BYTES | DMAE);
    wait_end(qts, 0);
    g_assert_cmphex(qtest_readl(qts, HASH2 + SR) & DCIS, ==, DCIS);
    g_assert_cmphex(qtest_readl(qts, HASH2 + 0x310), ==, 0x8a50a442);
    qtest_quit(qts);
}

/* What SPI1 is to send comes from memory, and what it gets goes there. */
static void test_spi(void)
{
    enum { SPI1 = 0x44004000, SPI1_RX = 37, SPI1_TX = 38 };
    QTestState *qts = qtest_init(STM32MP1_MACHINE
                                 "-device ssi-loopback,bus=spi1");

    stm32mp1_enable_clocks(qts);
    for (unsigned i = 0; i < 8; i++) {
        qtest_writel(qts, SRC + 4 * i, 0x03020100 + 0x04040404 * i);
    }
    qtest_writel(qts, SPI1 + 0x0c, 1 << 22);            /* master */
    qtest_writel(qts, SPI1 + 0x04, 8);                  /* TSIZE */
    /* words, by 256, with both requests */
    qtest_writel(qts, SPI1 + 0x08, 7 << 28 | 3 << 14 | 31);
    to_and_from(qts, SPI1_TX, SPI1 + 0x20, SPI1_RX, SPI1 + 0x30, 8);
    qtest_writel(qts, SPI1, 1);                         /* SPE */
    qtest_writel(qts, SPI1, 1 | 1 << 9);                /* CSTART */
    for (unsigned i = 0; i < 100 && get(qts, NDTR(1)); i++) {
        qtest_clock_step(qts, 1000000);
    }
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(qtest_readl(qts, DST + 4 * i), ==,
                        0x03020100 + 0x04040404 * i);
    }
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "dma1", "sysbus-irq");
    stream(qts, 0, SRC, DST, 8, 0, COPY | TCIE);
    stream(qts, 1, SRC, DST, 0xffff, 0, M2M | WORDS);
    qtest_clock_step(qts, START_NS);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, RCC_AHB2RSTSETR, 1 << 0);
    qtest_writel(qts, RCC_AHB2RSTCLRR, 1 << 0);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(get(qts, LISR), ==, 0);
    g_assert_cmphex(get(qts, CR(1)), ==, 0);
    g_assert_cmphex(get(qts, FCR(0)), ==, 0x21);
    qtest_clock_step(qts, PAUSE_NS);
    g_assert_cmphex(get(qts, LISR), ==, 0);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start();

    requests_on(qts);
    stream(qts, 0, SRC, DST, 8, DMDIS, MINC | PINC | PSIZE(1) | MSIZE(4));
    stream(qts, 1, SRC, DST + 0x100, 2 * TURN_ITEMS, 0, M2M | WORDS);
    request(qts);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 7);
    request(qts);               /* has to wait for the next turn */
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 7);
    qts = stm32mp1_migrate(qts);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 7);
    qtest_clock_step(qts, 3 * PAUSE_NS);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 6);
    g_assert_cmphex(get(qts, LISR), ==, (TCIF | HTIF) << 6);
    for (unsigned i = 0; i < 2; i++) {
        request(qts);
    }
    g_assert_cmphex(qtest_readl(qts, DST), ==, 0x03020100);
    g_assert_cmpuint(get(qts, NDTR(0)), ==, 4);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/dma/registers", test_registers);
    qtest_add_func("stm32mp1/dma/copy", test_copy);
    qtest_add_func("stm32mp1/dma/streams", test_streams);
    qtest_add_func("stm32mp1/dma/sizes", test_sizes);
    qtest_add_func("stm32mp1/dma/to_peripheral", test_to_peripheral);
    qtest_add_func("stm32mp1/dma/circular", test_circular);
    qtest_add_func("stm32mp1/dma/double_buffer", test_double_buffer);
    qtest_add_func("stm32mp1/dma/disable", test_disable);
    qtest_add_func("stm32mp1/dma/held", test_held);
    qtest_add_func("stm32mp1/dma/errors", test_errors);
    qtest_add_func("stm32mp1/dma/turns", test_turns);
    qtest_add_func("stm32mp1/dma/view", test_view);
    qtest_add_func("stm32mp1/dma/own_registers", test_own_registers);
    qtest_add_func("stm32mp1/dma/uart", test_uart);
    qtest_add_func("stm32mp1/dma/cryp", test_cryp);
    qtest_add_func("stm32mp1/dma/hash", test_hash);
    qtest_add_func("stm32mp1/dma/spi", test_spi);
    qtest_add_func("stm32mp1/dma/reset", test_reset);
    qtest_add_func("stm32mp1/dma/migration", test_migration);
    return g_test_run();
}
