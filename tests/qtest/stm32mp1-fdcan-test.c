/*
 * QTest for the STM32MP1 FDCAN
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define FDCAN1      0x4400e000
#define FDCAN2      0x4400f000
#define RAM         0x44011000
#define RAM_SIZE    0x2800
#define APB2RSTSETR 0x50000988
#define APB2RSTCLRR 0x5000098c

#define DBTP        0x0c
#define TEST        0x10
#define CCCR        0x18
#define NBTP        0x1c
#define TSCC        0x20
#define TSCV        0x24
#define ECR         0x40
#define PSR         0x44
#define IR          0x50
#define IE          0x54
#define ILS         0x58
#define ILE         0x5c
#define GFC         0x80
#define SIDFC       0x84
#define XIDFC       0x88
#define XIDAM       0x90
#define HPMS        0x94
#define NDAT1       0x98
#define RXF0C       0xa0
#define RXF0S       0xa4
#define RXF0A       0xa8
#define RXBC        0xac
#define RXF1C       0xb0
#define RXF1S       0xb4
#define RXESC       0xbc
#define TXBC        0xc0
#define TXFQS       0xc4
#define TXESC       0xc8
#define TXBRP       0xcc
#define TXBAR       0xd0
#define TXBCR       0xd4
#define TXBTO       0xd8
#define TXBCF       0xdc
#define TXBTIE      0xe0
#define TXBCIE      0xe4
#define TXEFC       0xf0
#define TXEFS       0xf4
#define TXEFA       0xf8

#define INIT        BIT(0)
#define CCE         BIT(1)
#define CSA         BIT(3)
#define CSR         BIT(4)
#define MON         BIT(5)
#define DAR         BIT(6)
#define TESTEN      BIT(7)
#define FDOE        BIT(8)
#define BRSE        BIT(9)
#define LBCK        BIT(4)
#define RF0N        BIT(0)
#define RF0W        BIT(1)
#define RF0F        BIT(2)
#define RF0L        BIT(3)
#define HPM         BIT(8)
#define TC          BIT(9)
#define TCF         BIT(10)
#define TFE         BIT(11)
#define TEFN        BIT(12)
#define MRAF        BIT(17)
#define DRX         BIT(19)
#define EP          BIT(23)
#define EW          BIT(24)
#define PEA         BIT(27)
#define XTD         BIT(30)
#define RTR         BIT(29)
#define ANMF        BIT(31)
#define FDF         BIT(21)
#define BRS         BIT(20)
#define EFC         BIT(23)
#define DLC(n)      ((uint32_t)(n) << 16)
#define STD(id)     ((uint32_t)(id) << 18)

/* 24 MHz / 2 / (1 + 9 + 2): 1 Mbit/s; the data phase twice as fast */
#define NBTP_1M     (1 << 16 | 8 << 8 | 1)
#define DBTP_2M     (0 << 16 | 8 << 8 | 1 << 4)

/* The message RAM of an instance: filters, Rx FIFOs, events, Tx buffers */
#define HALF        0x1400
#define STD_FILTERS 0x000
#define EXT_FILTERS 0x040
#define RX_FIFO0    0x080
#define RX_FIFO1    0x300
#define RX_BUFFERS  0x500
#define EVENTS      0x700
#define TX_BUFFERS  0x800
#define ELEMENT     72

#define BUS         "-M stm32mp157c-dk2,canbus0=bus,canbus1=bus " \
                    "-object can-bus,id=bus "

static QTestState *qts;

static uint32_t base_of(unsigned n)
{
    return n ? FDCAN2 : FDCAN1;
}

static uint32_t rd(unsigned n, uint32_t offset)
{
    return qtest_readl(qts, base_of(n) + offset);
}

static void wr(unsigned n, uint32_t offset, uint32_t value)
{
    qtest_writel(qts, base_of(n) + offset, value);
}

static uint32_t ram_rd(unsigned n, uint32_t offset)
{
    return qtest_readl(qts, RAM + n * HALF + offset);
}

static void ram_wr(unsigned n, uint32_t offset, uint32_t value)
{
    qtest_writel(qts, RAM + n * HALF + offset, value);
}

/* Set up an instance: three elements in each FIFO, two Tx buffers, 64 bytes */
static void set_up(unsigned n, uint32_t cccr, bool queue)
{
    uint32_t half = n * HALF;

    wr(n, CCCR, INIT);
    wr(n, CCCR, INIT | CCE);
    wr(n, CCCR, INIT | CCE | cccr);
    wr(n, TEST, LBCK);      /* only if there is TESTEN */
    wr(n, NBTP, NBTP_1M);
    wr(n, DBTP, DBTP_2M);
    wr(n, TSCC, 1);
    wr(n, SIDFC, half + STD_FILTERS);
    wr(n, XIDFC, half + EXT_FILTERS);
    wr(n, RXF0C, 2 << 24 | 3 << 16 | (half + RX_FIFO0));
    wr(n, RXF1C, 3 << 16 | (half + RX_FIFO1));
    wr(n, RXBC, half + RX_BUFFERS);
    wr(n, RXESC, 0x777);
    wr(n, TXBC, (queue ? BIT(30) : 0) | 3 << 24 | 2 << 16 |
                (half + TX_BUFFERS));
    wr(n, TXESC, 7);
    wr(n, TXEFC, 2 << 16 | (half + EVENTS));
    wr(n, TXBTIE, ~0u);
    wr(n, TXBCIE, ~0u);
}

static void go(unsigned n)
{
    wr(n, CCCR, rd(n, CCCR) & ~(INIT | CCE));
    g_assert_cmphex(rd(n, CCCR) & (INIT | CCE), ==, 0);
}

static void fill_tx(unsigned n, unsigned buffer, uint32_t t0, uint32_t t1,
                    uint32_t first)
{
    uint32_t addr = TX_BUFFERS + buffer * ELEMENT;

    ram_wr(n, addr, t0);
    ram_wr(n, addr + 4, t1);
    for (unsigned i = 0; i < 16; i++) {
        ram_wr(n, addr + 8 + 4 * i, first + i);
    }
}

static void test_registers(void)
{
    static const struct {
        uint32_t offset;
        uint32_t reset;
        uint32_t mask;
        bool config;
    } rows[] = {
        { DBTP, 0x00000a33, 0x009f1fff, true },
        { 0x14, 0, 0xff, true },
        { NBTP, 0x06000a03, 0xffffff7f, true },
        { TSCC, 0, 0x000f0003, true },
        { 0x28, 0xffff0000, 0xffff0007, true },
        { 0x48, 0, 0x7f7f, true },
        { IE, 0, 0x3fcfffff, false },
        { ILS, 0, 0x3fcfffff, false },
        { ILE, 0, 3, false },
        { GFC, 0, 0x3f, true },
        { SIDFC, 0, 0x00fffffc, true },
        { XIDFC, 0, 0x00fffffc, true },
        { XIDAM, 0x1fffffff, 0x1fffffff, true },
        { RXF0C, 0, 0xff7ffffc, true },
        { RXBC, 0, 0xfffc, true },
        { RXF1C, 0, 0xff7ffffc, true },
        { RXESC, 0, 0x777, true },
        { TXBC, 0, 0x7f3ffffc, true },
        { TXESC, 0, 7, true },
        { TXBTIE, 0, 0xffffffff, false },
        { TXBCIE, 0, 0xffffffff, false },
        { TXEFC, 0, 0x3f3ffffc, true },
    };

    qts = stm32mp1_init();
    for (unsigned n = 0; n < 2; n++) {
        stm32mp1_check_readonly(qts, base_of(n), 0x32141218);
        stm32mp1_check_readonly(qts, base_of(n) + 4, 0x87654321);
        g_assert_cmphex(rd(n, CCCR), ==, INIT);
        g_assert_cmphex(rd(n, PSR), ==, 0x707);
        for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
            uint64_t addr = base_of(n) + rows[i].offset;

            g_assert_cmphex(qtest_readl(qts, addr), ==, rows[i].reset);
            if (rows[i].config) {
                stm32mp1_check_readonly(qts, addr, rows[i].reset);
            } else {
                stm32mp1_check_mask(qts, addr, rows[i].mask);
            }
        }
        /* CCE only after INIT, TEST and others only after CCE */
        wr(n, CCCR, CCE);
        g_assert_cmphex(rd(n, CCCR), ==, 0);
        wr(n, CCCR, INIT | FDOE | TESTEN | MON);
        g_assert_cmphex(rd(n, CCCR), ==, INIT);
        wr(n, CCCR, INIT | CCE);
        wr(n, TEST, LBCK);
        g_assert_cmphex(rd(n, TEST), ==, 0);
        wr(n, CCCR, INIT | CCE | FDOE | BRSE | TESTEN | MON | 0xf044);
        g_assert_cmphex(rd(n, CCCR), ==, 0xf3e7);
        wr(n, TEST, LBCK);
        g_assert_cmphex(rd(n, TEST), ==, LBCK);
        for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
            stm32mp1_check_mask(qts, base_of(n) + rows[i].offset,
                                rows[i].mask);
        }
        /* the request to stop the clock */
        wr(n, CCCR, 0);
        wr(n, CCCR, CSR);
        g_assert_cmphex(rd(n, CCCR) & (INIT | CSR | CSA), ==,
                        INIT | CSR | CSA);
        wr(n, CCCR, INIT);
        g_assert_cmphex(rd(n, CCCR) & (INIT | CSR | CSA), ==, INIT);
        stm32mp1_check_any_access(qts, base_of(n));
        g_assert_cmphex(rd(n, CCCR), ==, INIT);
    }
    ram_wr(0, RAM_SIZE - 4, 0x12345678);
    g_assert_cmphex(ram_rd(0, RAM_SIZE - 4), ==, 0x12345678);
    qtest_quit(qts);
}

/* A frame to itself: nobody else is there, and it takes its time. */
static void test_loopback(const void *opaque)
{
    bool internal = opaque != NULL;

    qts = stm32mp1_init();
    set_up(0, TESTEN | FDOE | BRSE | (internal ? MON : 0), false);
    go(0);
    fill_tx(0, 2, STD(0x123), DLC(8) | EFC | 0x5a000000, 0x11223344);
    g_assert_cmphex(rd(0, TXFQS), ==, 2 << 16 | 2 << 8 | 3);
    wr(0, TSCV, 0);
    qtest_clock_step(qts, 50500);
    g_assert_cmphex(rd(0, TSCV), ==, 50);
    wr(0, TXBAR, BIT(2));
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(2));
    g_assert_cmphex(rd(0, TXFQS), ==, 3 << 16 | 2 << 8 | 2);
    g_assert_cmphex(rd(0, PSR) & 0x18, ==, 0x18);
    /* 47 bits and the data */
    qtest_clock_step(qts, (47 + 64) * 1000 - 100);
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(2));
    g_assert_cmphex(rd(0, IR), ==, 0);
    qtest_clock_step(qts, 200);
    g_assert_cmphex(rd(0, TXBRP), ==, 0);
    g_assert_cmphex(rd(0, TXBTO), ==, BIT(2));
    g_assert_cmphex(rd(0, IR), ==, RF0N | TC | TFE | TEFN);
    g_assert_cmphex(rd(0, TXFQS), ==, 3 << 16 | 3 << 8 | 3);
    g_assert_cmphex(rd(0, RXF0S), ==, 1 << 16 | 1);
    g_assert_cmphex(ram_rd(0, RX_FIFO0), ==, STD(0x123));
    g_assert_cmphex(ram_rd(0, RX_FIFO0 + 4), ==, ANMF | DLC(8) | 50);
    g_assert_cmphex(ram_rd(0, RX_FIFO0 + 8), ==, 0x11223344);
    g_assert_cmphex(ram_rd(0, RX_FIFO0 + 12), ==, 0x11223345);
    g_assert_cmphex(rd(0, TXEFS), ==, 1 << 16 | 1);
    g_assert_cmphex(ram_rd(0, EVENTS), ==, STD(0x123));
    g_assert_cmphex(ram_rd(0, EVENTS + 4), ==,
                    0x5a000000 | 1 << 22 | DLC(8) | 50);
    wr(0, TXEFA, 0);
    g_assert_cmphex(rd(0, TXEFS), ==, 1 << 16 | 1 << 8);
    wr(0, RXF0A, 0);
    g_assert_cmphex(rd(0, RXF0S), ==, 1 << 16 | 1 << 8);
    wr(0, IR, RF0N | TC);
    g_assert_cmphex(rd(0, IR), ==, TFE | TEFN);

    /* 64 bytes, the data twice as fast */
    fill_tx(0, 0, XTD | 0x12345678, DLC(15) | FDF | BRS, 0x40);
    wr(0, TXBAR, BIT(0));
    qtest_clock_step(qts, 49 * 1000 + (5 + 512 + 4 + 21) * 500 - 100);
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(0));
    qtest_clock_step(qts, 200);
    g_assert_cmphex(rd(0, TXBRP), ==, 0);
    g_assert_cmphex(ram_rd(0, RX_FIFO0 + ELEMENT), ==, XTD | 0x12345678);
    g_assert_cmphex(ram_rd(0, RX_FIFO0 + ELEMENT + 4) & 0xffff0000, ==,
                    ANMF | DLC(15) | FDF | BRS);
    g_assert_cmphex(ram_rd(0, RX_FIFO0 + ELEMENT + 8 + 60), ==, 0x4f);
    qtest_quit(qts);
}

static void send_frame(unsigned n, uint32_t t0, uint32_t t1, uint32_t first)
{
    fill_tx(n, 0, t0, t1, first);
    wr(n, TXBAR, BIT(0));
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(n, TXBRP), ==, 0);
}

/* Both instances on one bus of QEMU */
static void test_bus(void)
{
    qts = qtest_init(BUS);
    stm32mp1_enable_clocks(qts);
    set_up(0, 0, false);
    set_up(1, 0, false);
    wr(1, SIDFC, 3 << 16 | (HALF + STD_FILTERS));
    wr(1, XIDFC, 2 << 16 | (HALF + EXT_FILTERS));
    wr(1, GFC, 2 << 4 | 2 << 2);        /* reject what no filter wants */
    /* range to FIFO 0; mask to FIFO 1; one ID, of high priority, to FIFO 0 */
    ram_wr(1, STD_FILTERS, 1u << 27 | 0x100 << 16 | 0x10f);
    ram_wr(1, STD_FILTERS + 4, 2u << 30 | 2u << 27 | 0x200 << 16 | 0x700);
    ram_wr(1, STD_FILTERS + 8, 1u << 30 | 5u << 27 | 0x333 << 16 | 0x444);
    /* one extended ID to Rx buffer 2, one rejected */
    ram_wr(1, EXT_FILTERS, 7u << 29 | 0x1abcdef);
    ram_wr(1, EXT_FILTERS + 4, 2);
    ram_wr(1, EXT_FILTERS + 8, 3u << 29 | 0x5);
    ram_wr(1, EXT_FILTERS + 12, 1u << 30 | 0x6);
    go(0);
    go(1);

    send_frame(0, STD(0x0ff), DLC(0), 0);
    send_frame(0, STD(0x110), DLC(0), 0);
    send_frame(0, XTD | 0x5, DLC(0), 0);
    g_assert_cmphex(rd(1, IR), ==, 0);
    send_frame(0, STD(0x10f), DLC(3), 0x55);
    g_assert_cmphex(rd(1, IR), ==, RF0N);
    g_assert_cmphex(rd(1, RXF0S), ==, 1 << 16 | 1);
    g_assert_cmphex(ram_rd(1, RX_FIFO0 + 4) & 0xffff0000, ==, DLC(3));
    send_frame(0, STD(0x2aa) | RTR, DLC(8), 0);
    g_assert_cmphex(rd(1, RXF1S), ==, 1 << 16 | 1);
    g_assert_cmphex(ram_rd(1, RX_FIFO1), ==, STD(0x2aa) | RTR);
    g_assert_cmphex(ram_rd(1, RX_FIFO1 + 4) & 0xffff0000, ==,
                    DLC(8) | 1 << 24);
    wr(1, IR, ~0u);
    send_frame(0, STD(0x444), DLC(1), 0x66);
    g_assert_cmphex(rd(1, IR), ==, HPM | RF0N | RF0W);
    g_assert_cmphex(rd(1, HPMS), ==, 2 << 8 | 2 << 6 | 1);
    send_frame(0, XTD | 0x1abcdef, DLC(4), 0x77);
    g_assert_cmphex(rd(1, IR), ==, HPM | RF0N | RF0W | DRX);
    g_assert_cmphex(rd(1, NDAT1), ==, BIT(2));
    g_assert_cmphex(ram_rd(1, RX_BUFFERS + 2 * ELEMENT + 8), ==, 0x77);
    /* The buffer keeps the frame until it is read. */
    send_frame(0, XTD | 0x1abcdef, DLC(4), 0x88);
    g_assert_cmphex(ram_rd(1, RX_BUFFERS + 2 * ELEMENT + 8), ==, 0x77);
    wr(1, NDAT1, BIT(2));
    send_frame(0, XTD | 0x1abcdef, DLC(4), 0x88);
    g_assert_cmphex(ram_rd(1, RX_BUFFERS + 2 * ELEMENT + 8), ==, 0x88);

    /* The other way; what is acknowledged counts no error. */
    send_frame(1, STD(0x7ff), DLC(8), 0x99);
    g_assert_cmphex(ram_rd(0, RX_FIFO0), ==, STD(0x7ff));
    g_assert_cmphex(rd(1, ECR), ==, 0);
    g_assert_cmphex(rd(1, PSR) & 7, ==, 0);
    g_assert_cmphex(rd(1, PSR) & 7, ==, 7);
    qtest_quit(qts);
}

/* Full FIFOs: the new frame is lost, or the oldest is overwritten. */
static void test_full(const void *opaque)
{
    bool overwrite = opaque != NULL;

    qts = qtest_init(BUS);
    stm32mp1_enable_clocks(qts);
    set_up(0, 0, false);
    set_up(1, 0, false);
    if (overwrite) {
        wr(1, RXF0C, BIT(31) | rd(1, RXF0C));
    }
    go(0);
    go(1);
    for (unsigned i = 0; i < 3; i++) {
        send_frame(0, STD(i), DLC(0), 0);
    }
    g_assert_cmphex(rd(1, IR), ==, RF0N | RF0W | RF0F);
    g_assert_cmphex(rd(1, RXF0S), ==, BIT(24) | 3);
    wr(1, IR, ~0u);
    send_frame(0, STD(3), DLC(0), 0);
    if (overwrite) {
        g_assert_cmphex(rd(1, IR), ==, RF0N | RF0F);
        g_assert_cmphex(rd(1, RXF0S), ==,
                        BIT(24) | 1 << 16 | 1 << 8 | 3);
        g_assert_cmphex(ram_rd(1, RX_FIFO0), ==, STD(3));
    } else {
        g_assert_cmphex(rd(1, IR), ==, RF0L);
        g_assert_cmphex(rd(1, RXF0S), ==, BIT(25) | BIT(24) | 3);
        g_assert_cmphex(ram_rd(1, RX_FIFO0), ==, STD(0));
        /* up to the second one */
        wr(1, RXF0A, 1);
        g_assert_cmphex(rd(1, RXF0S), ==, 2 << 8 | 1);
    }
    qtest_quit(qts);
}

/* The lowest ID goes first, of the FIFO only the first element. */
static void test_order(const void *opaque)
{
    bool queue = opaque != NULL;
    /* An extended ID loses against the standard one it begins with. */
    static const uint32_t ids[5] = {
        XTD | 0x100 << 18, STD(0x100), STD(0x300), STD(0x080), STD(0x050),
    };
    static const uint8_t fifo[5] = { 1, 0, 2, 3, 4 };
    static const uint8_t queued[5] = { 4, 3, 1, 0, 2 };
    const uint8_t *order = queue ? queued : fifo;

    qts = qtest_init(BUS);
    stm32mp1_enable_clocks(qts);
    set_up(0, 0, queue);
    set_up(1, 0, false);
    wr(1, RXF0C, 8 << 16 | (HALF + RX_FIFO0));
    go(0);
    go(1);
    for (unsigned i = 0; i < 5; i++) {
        fill_tx(0, i, ids[i], DLC(0), 0);
    }
    wr(0, TXBAR, 0x1f);
    g_assert_cmphex(rd(0, TXFQS), ==,
                    queue ? BIT(21) : BIT(21) | 2 << 16 | 2 << 8);
    qtest_clock_step(qts, 10000000);
    g_assert_cmphex(rd(1, RXF0S) & 0x7f, ==, 5);
    for (unsigned i = 0; i < 5; i++) {
        g_assert_cmphex(ram_rd(1, RX_FIFO0 + i * ELEMENT), ==, ids[order[i]]);
    }
    g_assert_cmphex(rd(0, TXBTO), ==, 0x1f);
    qtest_quit(qts);
}

/* Nobody acknowledges: it is tried again until the node is passive. */
static void test_errors(void)
{
    qts = stm32mp1_init();
    set_up(0, 0, false);
    go(0);
    fill_tx(0, 0, STD(1), DLC(0), 0);
    wr(0, TXBAR, BIT(0));
    qtest_clock_step(qts, 48000);
    g_assert_cmphex(rd(0, ECR), ==, 8);
    g_assert_cmphex(rd(0, PSR) & 7, ==, 3);
    g_assert_cmphex(rd(0, IR), ==, PEA);
    qtest_clock_step(qts, 11 * 48000);
    g_assert_cmphex(rd(0, ECR), ==, 96);
    g_assert_cmphex(rd(0, PSR) & 0x60, ==, 0x40);
    g_assert_cmphex(rd(0, IR), ==, PEA | EW);
    qtest_clock_step(qts, 250000);
    g_assert_cmphex(rd(0, ECR), ==, 128);
    g_assert_cmphex(rd(0, PSR) & 0x60, ==, 0x60);
    g_assert_cmphex(rd(0, IR), ==, PEA | EW | EP);
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(0));
    /* A request is cancelled when the next try, a millisecond on, failed. */
    wr(0, TXBCR, BIT(0));
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(0));
    qtest_clock_step(qts, 500000);
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(0));
    qtest_clock_step(qts, 600000);
    g_assert_cmphex(rd(0, TXBRP), ==, 0);
    g_assert_cmphex(rd(0, TXBCF), ==, BIT(0));
    g_assert_cmphex(rd(0, TXBTO), ==, 0);
    g_assert_cmphex(rd(0, IR) & TCF, ==, TCF);

    /* Without retransmission it is given up at once. */
    set_up(0, DAR, false);
    g_assert_cmphex(rd(0, ECR), ==, 0);
    go(0);
    fill_tx(0, 1, STD(2), DLC(0), 0);
    wr(0, TXBAR, BIT(0) | BIT(1));
    wr(0, TXBCR, BIT(1));       /* waits: cancelled at once */
    g_assert_cmphex(rd(0, TXBCF), ==, BIT(1));
    qtest_clock_step(qts, 100000);
    g_assert_cmphex(rd(0, TXBRP), ==, 0);
    g_assert_cmphex(rd(0, TXBCF), ==, BIT(1) | BIT(0));
    g_assert_cmphex(rd(0, ECR), ==, 8);
    qtest_quit(qts);
}

/* ILS chooses the line, ILE enables it. */
static void test_irq(void)
{
    qts = stm32mp1_init();
    qtest_irq_intercept_in(qts, "/machine/soc/a7mpcore/gic");
    for (unsigned n = 0; n < 2; n++) {
        set_up(n, TESTEN | MON, false);
        go(n);
        wr(n, IE, TC | RF0N);
        wr(n, ILS, TC);
        fill_tx(n, 0, STD(1), DLC(0), 0);
        wr(n, TXBAR, BIT(0));
        qtest_clock_step(qts, 100000);
        g_assert_false(qtest_get_irq(qts, 19 + n));
        g_assert_false(qtest_get_irq(qts, 21 + n));
        wr(n, ILE, 1);
        g_assert_true(qtest_get_irq(qts, 19 + n));
        g_assert_false(qtest_get_irq(qts, 21 + n));
        wr(n, ILE, 2);
        g_assert_false(qtest_get_irq(qts, 19 + n));
        g_assert_true(qtest_get_irq(qts, 21 + n));
        wr(n, IR, TC);
        g_assert_false(qtest_get_irq(qts, 21 + n));
        wr(n, ILE, 3);
        g_assert_true(qtest_get_irq(qts, 19 + n));
    }
    qtest_writel(qts, APB2RSTSETR, BIT(24));
    qtest_writel(qts, APB2RSTCLRR, BIT(24));
    g_assert_false(qtest_get_irq(qts, 19));
    g_assert_false(qtest_get_irq(qts, 20));
    g_assert_cmphex(rd(1, CCCR), ==, INIT);
    qtest_quit(qts);
}

/* A monitor hears and does not acknowledge; FD frames need FDOE. */
static void test_listen(void)
{
    qts = qtest_init(BUS);
    stm32mp1_enable_clocks(qts);
    set_up(0, FDOE, false);
    set_up(1, MON, false);
    go(0);
    go(1);
    fill_tx(0, 0, STD(1), DLC(0), 0);
    wr(0, TXBAR, BIT(0));
    qtest_clock_step(qts, 48000);
    g_assert_cmphex(rd(1, RXF0S), ==, 1 << 16 | 1);
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(0));
    set_up(0, FDOE, false);
    set_up(1, 0, false);
    go(0);
    go(1);
    send_frame(0, STD(1), DLC(9) | FDF, 0);
    g_assert_cmphex(rd(1, RXF0S), ==, 0);
    g_assert_cmphex(rd(1, PSR) & 7, ==, 2);
    send_frame(0, STD(1), DLC(9), 0);         /* classic: eight bytes */
    g_assert_cmphex(ram_rd(1, RX_FIFO0 + 4) & 0x7fff0000, ==, DLC(8));
    qtest_quit(qts);
}

/* Addresses beyond the message RAM, elements that are not there */
static void test_bad_use(void)
{
    g_autofree char *file = NULL;
    g_autofree char *text = NULL;

    qts = stm32mp1_init_logged(&file);
    stm32mp1_enable_clocks(qts);
    set_up(0, TESTEN | MON, false);
    wr(0, TXBC, 2 << 16 | 0xfffc);
    wr(0, SIDFC, 0x00fffffc);
    go(0);
    wr(0, TXBAR, ~0u);
    g_assert_cmphex(rd(0, TXBRP), ==, 3);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(0, IR) & MRAF, ==, MRAF);
    wr(0, RXF0A, 2);
    g_assert_cmphex(rd(0, RXF0S) & 0x7f, ==, 2);
    rd(0, 0x100);
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "fdcan1: 0xfffc is not in the message RAM"));
    g_assert_nonnull(strstr(text, "fdcan1: element 2 is acknowledged and is "
                                  "not there"));
    g_assert_nonnull(strstr(text, "fdcan1: time-triggered operation is not "
                                  "modelled"));
    unlink(file);
}

static void test_migration(void)
{
    qts = stm32mp1_init();
    set_up(0, TESTEN | MON, false);
    go(0);
    fill_tx(0, 2, STD(0x123), DLC(1), 0x42);
    wr(0, TXBAR, BIT(2));
    qtest_clock_step(qts, 30000);
    qts = stm32mp1_migrate(qts);
    /* The clock of a new QEMU under test begins anew. */
    qtest_clock_step(qts, 30000);
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(2));
    qtest_clock_step(qts, 24000);
    g_assert_cmphex(rd(0, TXBRP), ==, BIT(2));
    qtest_clock_step(qts, 2000);
    g_assert_cmphex(rd(0, TXBTO), ==, BIT(2));
    g_assert_cmphex(ram_rd(0, RX_FIFO0 + 8), ==, 0x42);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/fdcan/registers", test_registers);
    qtest_add_data_func("stm32mp1/fdcan/loopback-external", NULL,
                        test_loopback);
    qtest_add_data_func("stm32mp1/fdcan/loopback-internal", "internal",
                        test_loopback);
    qtest_add_func("stm32mp1/fdcan/bus", test_bus);
    qtest_add_data_func("stm32mp1/fdcan/full-blocking", NULL, test_full);
    qtest_add_data_func("stm32mp1/fdcan/full-overwrite", "overwrite",
                        test_full);
    qtest_add_data_func("stm32mp1/fdcan/order-fifo", NULL, test_order);
    qtest_add_data_func("stm32mp1/fdcan/order-queue", "queue", test_order);
    qtest_add_func("stm32mp1/fdcan/errors", test_errors);
    qtest_add_func("stm32mp1/fdcan/irq", test_irq);
    qtest_add_func("stm32mp1/fdcan/listen", test_listen);
    qtest_add_func("stm32mp1/fdcan/bad-use", test_bad_use);
    qtest_add_func("stm32mp1/fdcan/migration", test_migration);
    return g_test_run();
}
