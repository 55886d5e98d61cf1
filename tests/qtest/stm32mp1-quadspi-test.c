/*
 * QTest for the STM32MP1 QUADSPI
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "stm32mp1-util.h"

#define QUADSPI     0x58003000
#define WINDOW      0x70000000
#define AHB6RSTSETR 0x50000198
#define AHB6RSTCLRR 0x5000019c

#define CR          0x00
#define DCR         0x04
#define SR          0x08
#define FCR         0x0c
#define DLR         0x10
#define CCR         0x14
#define AR          0x18
#define ABR         0x1c
#define DR          0x20
#define PSMKR       0x24
#define PSMAR       0x28
#define PIR         0x2c
#define LPTR        0x30

#define EN          BIT(0)
#define ABORT       BIT(1)
#define DMAEN       BIT(2)
#define TCEN        BIT(3)
#define DFM         BIT(6)
#define FSEL        BIT(7)
#define FTHRES(n)   (((n) - 1) << 8)
#define TEIE        BIT(16)
#define TCIE        BIT(17)
#define FTIE        BIT(18)
#define SMIE        BIT(19)
#define TOIE        BIT(20)
#define APMS        BIT(22)
#define PMM         BIT(23)
#define PRESCALER(n) ((uint32_t)((n) - 1) << 24)
#define TEF         BIT(0)
#define TCF         BIT(1)
#define FTF         BIT(2)
#define SMF         BIT(3)
#define TOF         BIT(4)
#define BUSY        BIT(5)
#define FLEVEL(n)   ((n) << 8)
#define IMODE(n)    ((n) << 8)
#define ADMODE(n)   ((n) << 10)
#define ADSIZE(n)   (((n) - 1) << 12)
#define ABMODE(n)   ((n) << 14)
#define ABSIZE(n)   (((n) - 1) << 16)
#define DCYC(n)     ((n) << 18)
#define DMODE(n)    ((n) << 24)
#define WRITE       (0 << 26)
#define READ        (1 << 26)
#define POLL        (2 << 26)
#define MAPPED      (3 << 26)
#define SIOO        BIT(28)
#define DDRM        BIT(31)

#define CMD(n)      (IMODE(1) | (n))
#define ADDRESS     (ADMODE(1) | ADSIZE(3))
#define WREN        0x06
#define WRDI        0x04
#define RDSR        0x05
#define RDID        0x9f
#define PAGE_PROGRAM 0x02
#define FAST_READ   0x0b
#define SECTOR_ERASE 0x20

#define FLASH       STM32MP1_MACHINE "-device w25q32,bus=quadspi "
#define FLASH_SIZE  (21u << 16)     /* 4 MiB */
#define TWO         FLASH "-device w25q32,bus=quadspi,cs=1 "
#define TWO_SIZE    (22u << 16)     /* of both together */

static QTestState *qts;

static uint32_t rd(uint32_t offset)
{
    return qtest_readl(qts, QUADSPI + offset);
}

static void wr(uint32_t offset, uint32_t value)
{
    qtest_writel(qts, QUADSPI + offset, value);
}

static void start(const char *arguments)
{
    qts = qtest_init(arguments);
    stm32mp1_enable_clocks(qts);
    wr(DCR, FLASH_SIZE);
    wr(CR, EN);
}

/* Let a command end */
static void finish(void)
{
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR) & (TCF | TEF), ==, TCF);
    wr(FCR, TCF);
}

static void write_enable(void)
{
    wr(CCR, CMD(WREN));
    finish();
}

/* Program what begins with these bytes at an address */
static void program(uint32_t addr, const uint8_t *data, unsigned size)
{
    write_enable();
    wr(DLR, size - 1);
    wr(CCR, CMD(PAGE_PROGRAM) | ADDRESS | DMODE(1) | WRITE);
    wr(AR, addr);
    for (unsigned i = 0; i < size; i++) {
        qtest_writeb(qts, QUADSPI + DR, data[i]);
    }
    finish();
    g_assert_cmphex(rd(SR), ==, 0);
}

static void test_registers(void)
{
    static const struct {
        uint32_t offset;
        uint32_t mask;
    } rows[] = {
        { DCR, 0x001f0701 }, { DLR, ~0u }, { AR, ~0u }, { ABR, ~0u },
        { PSMKR, ~0u }, { PSMAR, ~0u }, { PIR, 0xffff }, { LPTR, 0xffff },
    };

    qts = stm32mp1_init();
    g_assert_cmphex(rd(CR), ==, 0);
    stm32mp1_check_readonly(qts, QUADSPI + SR, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        stm32mp1_check_mask(qts, QUADSPI + rows[i].offset, rows[i].mask);
    }
    stm32mp1_check_mask(qts, QUADSPI + CCR, 0xff7fffff);
    wr(CR, 0xffffffff & ~EN);
    g_assert_cmphex(rd(CR), ==, 0xffdf0fdc);
    stm32mp1_check_readonly(qts, QUADSPI + 0x3f0, 0xb058);
    stm32mp1_check_readonly(qts, QUADSPI + 0x3f4, 0x41);
    stm32mp1_check_readonly(qts, QUADSPI + 0x3f8, 0x00140031);
    stm32mp1_check_readonly(qts, QUADSPI + 0x3fc, 0xa3c5dd01);
    stm32mp1_check_any_access(qts, QUADSPI);
    g_assert_cmphex(rd(CR), ==, 0);
    qtest_quit(qts);
}

/* A command without data: eight cycles of 266.5 MHz / 256 */
static void test_time(void)
{
    uint64_t period;
    uint64_t ns;

    start(FLASH);
    period = stm32mp1_qom_get(qts, "/machine/soc/rcc/quadspi",
                              "qtest-clock-period");
    ns = (8 * 256 * period) >> 32;
    g_assert_cmpuint(ns, >, 7000);
    wr(CR, EN | PRESCALER(256));
    wr(CCR, CMD(WREN));
    g_assert_cmphex(rd(SR), ==, BUSY);
    qtest_clock_step(qts, ns - 1);
    g_assert_cmphex(rd(SR), ==, BUSY);
    /* Busy, it takes no other command. */
    wr(CCR, 0);
    g_assert_cmphex(rd(CCR), ==, CMD(WREN));
    qtest_clock_step(qts, 1);
    g_assert_cmphex(rd(SR), ==, TCF);
    wr(FCR, TCF);
    g_assert_cmphex(rd(SR), ==, 0);
    qtest_quit(qts);
}

/* With both edges, all but the instruction and dummy cycles takes half. */
static void test_double_rate(void)
{
    static const struct {
        uint32_t ccr;
        unsigned halves;
    } cases[] = {
        { DMODE(1) | READ, 16 + 3 * 16 },
        { DMODE(1) | READ | DDRM, 16 + 3 * 8 },
        { DMODE(2) | READ | DDRM, 16 + 3 * 4 },
        { DMODE(3) | READ | DDRM, 16 + 3 * 2 },
        { ABMODE(1) | ABSIZE(2) | DMODE(1) | READ, 16 + 2 * 16 + 3 * 16 },
        { ABMODE(1) | ABSIZE(2) | DMODE(1) | READ | DDRM,
          16 + 2 * 8 + 3 * 8 },
        { ADMODE(3) | ADSIZE(3) | DCYC(5) | DMODE(3) | READ,
          16 + 3 * 4 + 10 + 3 * 4 },
        { ADMODE(3) | ADSIZE(3) | DCYC(5) | DMODE(3) | READ | DDRM,
          16 + 3 * 2 + 10 + 3 * 2 },
    };
    uint64_t period;

    start(FLASH);
    period = stm32mp1_qom_get(qts, "/machine/soc/rcc/quadspi",
                              "qtest-clock-period");
    wr(CR, EN | PRESCALER(256));
    wr(DLR, 2);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t ns = ((cases[i].halves * 256 * period) >> 32) / 2;

        g_test_message("case %u", i);
        wr(CCR, CMD(RDID) | cases[i].ccr);
        wr(AR, 0);
        qtest_clock_step(qts, ns - 1);
        g_assert_cmphex(rd(SR), ==, BUSY);
        qtest_clock_step(qts, 1);
        g_assert_cmphex(rd(SR) & TCF, ==, TCF);
        if (!(cases[i].ccr & (ADMODE(3) | ABMODE(3)))) {
            g_assert_cmphex(rd(DR), ==, 0x1640ef);
        }
        wr(CR, EN | ABORT | PRESCALER(256));
        wr(FCR, TCF);
    }
    qtest_quit(qts);
}

/* Read @size bytes with one of two flashes. */
static void check_flash(uint32_t cr, uint32_t addr, const uint8_t *data,
                        unsigned size, unsigned step)
{
    wr(CR, EN | cr);
    wr(DLR, size - 1);
    wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | READ);
    wr(AR, addr);
    for (unsigned i = 0; i < size; i++) {
        g_assert_cmphex(qtest_readb(qts, QUADSPI + DR), ==, data[i * step]);
    }
    finish();
}

static void test_dual(void)
{
    uint8_t data[40];
    uint64_t period, ns;

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = i * 7 + 1;
    }
    start(TWO);
    wr(DCR, TWO_SIZE);
    wr(CR, EN | DFM);
    program(0x1000, data, sizeof(data));
    check_flash(DFM, 0x1000, data, sizeof(data), 1);
    check_flash(DFM, 0x1006, data + 6, 8, 1);
    /* bit 0 of the address is 0, and there are two bytes at least */
    check_flash(DFM, 0x1003, data + 2, 2, 1);
    wr(DLR, 0);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, TCF | FTF | BUSY | FLEVEL(2));
    g_assert_cmphex(qtest_readw(qts, QUADSPI + DR), ==, 0xefef);
    wr(FCR, TCF);

    /* either has half of it */
    check_flash(0, 0x800, data, sizeof(data) / 2, 2);
    check_flash(FSEL, 0x800, data + 1, sizeof(data) / 2, 2);

    /* the window, of which FSIZE is for both */
    wr(CR, EN | DFM);
    wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | MAPPED);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(qtest_readl(qts, WINDOW + 0x1000 + i), ==,
                        ldl_le_p(data + i));
        g_assert_cmphex(qtest_readb(qts, WINDOW + 0x1000 + i), ==, data[i]);
    }
    g_assert_cmphex(rd(SR) & TEF, ==, 0);
    qtest_readb(qts, WINDOW + 0x7fffff);
    g_assert_cmphex(rd(SR) & TEF, ==, 0);
    qtest_readb(qts, WINDOW + 0x800000);
    g_assert_cmphex(rd(SR) & TEF, ==, TEF);
    wr(CR, EN | DFM | ABORT);
    wr(FCR, TEF | TCF);

    /* both statuses have to be right */
    wr(CCR, CMD(WRDI));
    finish();
    wr(CR, EN | FSEL);
    write_enable();
    wr(PSMKR, 0x0202);
    wr(DLR, 1);
    for (unsigned i = 0; i < 3; i++) {
        wr(CR, EN | DFM | APMS);
        wr(PSMAR, i == 0 ? 0x0202 : 0x0200);
        if (i == 2) {
            wr(CR, EN);
            write_enable();
            wr(CR, EN | DFM | APMS);
            wr(PSMAR, 0x0202);
        }
        wr(CCR, CMD(RDSR) | DMODE(1) | POLL);
        qtest_clock_step(qts, 1000000);
        g_assert_cmphex(rd(SR), ==, i == 0 ? BUSY : SMF);
        wr(CR, EN | DFM | ABORT);
        wr(FCR, SMF | TCF);
    }

    /* twice as many bytes in the same time */
    period = stm32mp1_qom_get(qts, "/machine/soc/rcc/quadspi",
                              "qtest-clock-period");
    wr(CR, EN | DFM | PRESCALER(256));
    wr(DLR, 7);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    ns = (((8 + 4 * 8) * 256 * period) >> 32);
    qtest_clock_step(qts, ns - 1);
    g_assert_cmphex(rd(SR), ==, BUSY);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(rd(SR) & TCF, ==, TCF);
    qtest_quit(qts);

    /* the second one is missing */
    start(FLASH);
    wr(CR, EN | DFM);
    wr(DLR, 1);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(qtest_readw(qts, QUADSPI + DR), ==, 0x00ef);
    qtest_quit(qts);
}

/* LPTR cycles after the FIFO is full, that is 32 bytes after the command */
static void test_timeout(void)
{
    uint64_t period, ns;

    start(FLASH);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "quadspi", "sysbus-irq");
    period = stm32mp1_qom_get(qts, "/machine/soc/rcc/quadspi",
                              "qtest-clock-period");
    ns = ((8 + 24 + 8 + 32 * 8 + 100) * 256 * period) >> 32;
    wr(LPTR, 100);
    wr(CR, EN | TCEN | TOIE | PRESCALER(256));
    wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | MAPPED);
    qtest_clock_step(qts, 10 * ns);
    g_assert_cmphex(rd(SR), ==, 0);
    for (unsigned i = 0; i < 2; i++) {
        qtest_readl(qts, WINDOW);
        g_assert_cmphex(rd(SR), ==, BUSY);
        qtest_clock_step(qts, ns / 2);
        qtest_readl(qts, WINDOW + 4);
        qtest_clock_step(qts, ns - 1);
        g_assert_cmphex(rd(SR), ==, BUSY);
        g_assert_false(qtest_get_irq(qts, 0));
        qtest_clock_step(qts, 1);
        g_assert_cmphex(rd(SR), ==, TOF);
        g_assert_true(qtest_get_irq(qts, 0));
        wr(FCR, TOF);
        g_assert_cmphex(rd(SR), ==, 0);
        g_assert_false(qtest_get_irq(qts, 0));
    }
    /* it can do something else then, or go on */
    qtest_readl(qts, WINDOW);
    wr(CR, EN | ABORT | TCEN | TOIE | PRESCALER(256));
    wr(FCR, TCF);
    qtest_clock_step(qts, 10 * ns);
    g_assert_cmphex(rd(SR), ==, 0);
    wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | MAPPED);
    qtest_readl(qts, WINDOW);
    qtest_clock_step(qts, 2 * ns);
    g_assert_cmphex(rd(SR), ==, TOF);
    wr(FCR, TOF);
    wr(DLR, 2);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(DR), ==, 0x1640ef);
    wr(FCR, TCF);

    /* without the counter it is busy for good; both are saved */
    wr(CR, EN | PRESCALER(256));
    wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | MAPPED);
    qtest_readl(qts, WINDOW);
    qtest_clock_step(qts, 100 * ns);
    qts = migrate_machine(qts, FLASH);
    g_assert_cmphex(rd(SR), ==, BUSY);
    wr(CR, 0);
    g_assert_cmphex(rd(SR), ==, 0);

    /* a reset ends that, too */
    for (unsigned i = 0; i < 2; i++) {
        wr(DCR, FLASH_SIZE);
        wr(CR, EN);
        wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | MAPPED);
        g_assert_cmphex(rd(SR), ==, 0);
        qtest_readl(qts, WINDOW);
        g_assert_cmphex(rd(SR), ==, BUSY);
        qtest_writel(qts, AHB6RSTSETR, BIT(14));
        qtest_writel(qts, AHB6RSTCLRR, BIT(14));
    }
    qtest_quit(qts);
}

static void test_indirect(void)
{
    uint8_t data[100];

    start(FLASH);
    wr(DLR, 2);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, TCF | FTF | BUSY | FLEVEL(3));
    g_assert_cmphex(qtest_readb(qts, QUADSPI + DR), ==, 0xef);
    g_assert_cmphex(qtest_readw(qts, QUADSPI + DR), ==, 0x1640);
    g_assert_cmphex(rd(SR), ==, TCF);
    wr(FCR, TCF);

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = i * 7 + 1;
    }
    program(0x1000, data, sizeof(data));

    /* More than the FIFO holds: it stops full, and goes on. */
    wr(CR, EN | FTHRES(4));
    wr(DLR, sizeof(data) - 1);
    wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | READ);
    g_assert_cmphex(rd(SR), ==, 0);
    wr(AR, 0x1000);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, FTF | BUSY | FLEVEL(32));
    for (unsigned i = 0; i < sizeof(data); i++) {
        g_assert_cmphex(qtest_readb(qts, QUADSPI + DR), ==, data[i]);
        qtest_clock_step(qts, 1000);
    }
    g_assert_cmphex(rd(SR), ==, TCF);
    wr(FCR, TCF);
    qtest_quit(qts);
}

/* FTF follows the threshold; the last bytes are below it. */
static void test_threshold(void)
{
    start(FLASH);
    wr(CR, EN | FTHRES(4));
    wr(DLR, 5);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, TCF | FTF | BUSY | FLEVEL(6));
    rd(DR);
    g_assert_cmphex(rd(SR), ==, TCF | FTF | BUSY | FLEVEL(2));
    qtest_readw(qts, QUADSPI + DR);
    wr(FCR, TCF);

    write_enable();
    wr(DLR, 63);
    wr(CCR, CMD(PAGE_PROGRAM) | ADDRESS | DMODE(1) | WRITE);
    wr(AR, 0);
    g_assert_cmphex(rd(SR), ==, FTF);
    for (unsigned i = 0; i < 7; i++) {
        wr(DR, i);
    }
    g_assert_cmphex(rd(SR), ==, FTF | BUSY | FLEVEL(28));
    qtest_writeb(qts, QUADSPI + DR, 0);
    g_assert_cmphex(rd(SR), ==, BUSY | FLEVEL(29));
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, FTF | BUSY);
    wr(CR, EN | ABORT);
    g_assert_cmphex(rd(CR), ==, EN);
    g_assert_cmphex(rd(SR), ==, TCF);
    qtest_quit(qts);
}

/* The status: write enable latch, bit 1 */
static void test_poll(void)
{
    start(FLASH);
    wr(CR, EN | APMS);
    wr(PSMKR, 2);
    wr(PSMAR, 2);
    wr(PIR, 0x10);
    wr(DLR, 0);
    wr(CCR, CMD(RDSR) | DMODE(1) | POLL);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, BUSY);
    wr(CR, EN | ABORT);
    wr(FCR, TCF);
    write_enable();
    wr(CR, EN | APMS);
    wr(CCR, CMD(RDSR) | DMODE(1) | POLL);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, SMF);
    wr(FCR, SMF);

    /* Without APMS it goes on. OR: any one of two bits is enough. */
    wr(CR, EN | PMM);
    wr(PSMKR, 3);
    wr(PSMAR, 3);
    wr(CCR, CMD(RDSR) | DMODE(1) | POLL);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, SMF | BUSY);
    wr(FCR, SMF);
    g_assert_cmphex(rd(SR), ==, BUSY);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR), ==, SMF | BUSY);
    wr(CR, EN | ABORT);
    wr(FCR, SMF);
    wr(CR, EN);
    wr(CCR, CMD(RDSR) | DMODE(1) | POLL);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SR) & SMF, ==, 0);
    qtest_quit(qts);
}

/* PIR: cycles from one reading of the status to the next */
static void test_poll_interval(void)
{
    uint64_t period, ns;

    start(FLASH);
    period = stm32mp1_qom_get(qts, "/machine/soc/rcc/quadspi",
                              "qtest-clock-period");
    write_enable();
    wr(CR, EN | APMS | PRESCALER(256));
    wr(PSMKR, 2);
    wr(PSMAR, 2);
    wr(PIR, 1000);
    wr(DLR, 0);
    ns = ((8 + 8 + 1000) * 256 * period) >> 32;
    wr(CCR, CMD(RDSR) | DMODE(1) | POLL);
    qtest_clock_step(qts, ns - 2);
    g_assert_cmphex(rd(SR), ==, BUSY);
    qtest_clock_step(qts, 2);
    g_assert_cmphex(rd(SR), ==, SMF);
    qtest_quit(qts);
}

static void test_mapped(void)
{
    static const uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    start(FLASH);
    program(0x2000, data, sizeof(data));
    g_assert_cmphex(qtest_readl(qts, WINDOW + 0x2000), ==, 0);
    wr(CCR, CMD(FAST_READ) | ADDRESS | DCYC(8) | DMODE(1) | MAPPED);
    /* busy with the first access, as something is fetched then */
    g_assert_cmphex(rd(SR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, WINDOW + 0x2000), ==, 0x04030201);
    g_assert_cmphex(rd(SR), ==, BUSY);
    g_assert_cmphex(qtest_readw(qts, WINDOW + 0x2006), ==, 0x0807);
    g_assert_cmphex(qtest_readb(qts, WINDOW + 0x2003), ==, 4);
    g_assert_cmphex(qtest_readq(qts, WINDOW + 0x2000), ==,
                    0x0807060504030201);
    qtest_writel(qts, WINDOW + 0x2000, 0);
    g_assert_cmphex(qtest_readl(qts, WINDOW + 0x2000), ==, 0x04030201);
    /* behind the end of the flash */
    g_assert_cmphex(rd(SR) & TEF, ==, 0);
    g_assert_cmphex(qtest_readl(qts, WINDOW + 4 * 1024 * 1024), ==, 0);
    g_assert_cmphex(rd(SR) & TEF, ==, TEF);
    wr(CR, EN | ABORT);
    g_assert_cmphex(rd(SR), ==, TEF | TCF);
    g_assert_cmphex(qtest_readl(qts, WINDOW + 0x2000), ==, 0);
    qtest_quit(qts);
}

/* With SIOO, the instruction goes out once; then an address is a command. */
static void test_sioo(void)
{
    start(FLASH);
    wr(DLR, 0);
    wr(CCR, CMD(RDSR) | ADMODE(1) | ADSIZE(1) | DMODE(1) | READ | SIOO);
    wr(AR, 0);
    finish();
    g_assert_cmphex(qtest_readb(qts, QUADSPI + DR), ==, 0);
    wr(AR, RDID);
    finish();
    g_assert_cmphex(qtest_readb(qts, QUADSPI + DR), ==, 0xef);
    /* Written again, CCR sends it again. */
    wr(CCR, CMD(RDSR) | ADMODE(1) | ADSIZE(1) | DMODE(1) | READ | SIOO);
    wr(AR, RDID);
    finish();
    g_assert_cmphex(qtest_readb(qts, QUADSPI + DR), ==, 0);
    qtest_quit(qts);
}

static void test_irq(void)
{
    start(FLASH);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "quadspi", "sysbus-irq");
    wr(CR, EN | TCIE);
    wr(CCR, CMD(WREN));
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 1000000);
    g_assert_true(qtest_get_irq(qts, 0));
    wr(FCR, TCF);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(CR, EN | TEIE);
    wr(CCR, CMD(FAST_READ) | ADDRESS | DMODE(1) | READ);
    wr(AR, 4 * 1024 * 1024);
    g_assert_cmphex(rd(SR), ==, TEF);
    g_assert_true(qtest_get_irq(qts, 0));
    wr(FCR, TEF);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(CR, EN | FTIE);
    wr(DLR, 0);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 1000000);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_readb(qts, QUADSPI + DR);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(FCR, TCF);
    wr(CR, EN | SMIE | APMS);
    wr(CCR, CMD(RDSR) | DMODE(1) | POLL);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 1000000);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, AHB6RSTSETR, BIT(14));
    qtest_writel(qts, AHB6RSTCLRR, BIT(14));
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(rd(CR), ==, 0);
    qtest_quit(qts);
}

static void test_dma(void)
{
    start(FLASH);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "quadspi", "dma");
    wr(CR, EN | DMAEN);
    wr(DLR, 0);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 1000000);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_readb(qts, QUADSPI + DR);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static void test_bad_use(void)
{
    g_autofree char *file = NULL;
    g_autofree char *text = NULL;

    qts = stm32mp1_init_logged(&file);
    stm32mp1_enable_clocks(qts);
    wr(CR, EN | TCEN | DFM);
    wr(DR, 1);
    qtest_writel(qts, WINDOW, 1);
    qtest_quit(qts);
    text = g_strdup_printf("%s%s",
        "/machine/soc/quadspi: DR written without a command\n",
        "/machine/soc/quadspi: the window cannot be written\n");
    stm32mp1_check_log(file, text);
    unlink(file);
}

static void test_migration(void)
{
    start(FLASH);
    wr(DLR, 2);
    wr(CCR, CMD(RDID) | DMODE(1) | READ);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(qtest_readb(qts, QUADSPI + DR), ==, 0xef);
    qts = migrate_machine(qts, FLASH);
    g_assert_cmphex(rd(SR), ==, TCF | FTF | BUSY | FLEVEL(2));
    g_assert_cmphex(qtest_readw(qts, QUADSPI + DR), ==, 0x1640);
    g_assert_cmphex(rd(SR), ==, TCF);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/quadspi/registers", test_registers);
    qtest_add_func("stm32mp1/quadspi/time", test_time);
    qtest_add_func("stm32mp1/quadspi/double-rate", test_double_rate);
    qtest_add_func("stm32mp1/quadspi/dual", test_dual);
    qtest_add_func("stm32mp1/quadspi/timeout", test_timeout);
    qtest_add_func("stm32mp1/quadspi/indirect", test_indirect);
    qtest_add_func("stm32mp1/quadspi/threshold", test_threshold);
    qtest_add_func("stm32mp1/quadspi/poll", test_poll);
    qtest_add_func("stm32mp1/quadspi/poll-interval", test_poll_interval);
    qtest_add_func("stm32mp1/quadspi/mapped", test_mapped);
    qtest_add_func("stm32mp1/quadspi/sioo", test_sioo);
    qtest_add_func("stm32mp1/quadspi/irq", test_irq);
    qtest_add_func("stm32mp1/quadspi/dma", test_dma);
    qtest_add_func("stm32mp1/quadspi/bad-use", test_bad_use);
    qtest_add_func("stm32mp1/quadspi/migration", test_migration);
    return g_test_run();
}
