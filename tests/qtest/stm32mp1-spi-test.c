/*
 * QTest for the STM32MP1 SPI
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define SPI1        0x44004000
#define SPI2        0x4000b000
#define SPI3        0x4000c000
#define SPI4        0x44005000
#define SPI5        0x44009000
#define SPI6        0x5c001000
#define GPIOE       0x50006000
#define GPIO_MODER  0x00
#define GPIO_BSRR   0x18
#define APB2RSTSETR 0x50000988
#define APB2RSTCLRR 0x5000098c

#define CR1         0x00
#define CR2         0x04
#define CFG1        0x08
#define CFG2        0x0c
#define IER         0x10
#define SR          0x14
#define IFCR        0x18
#define TXDR        0x20
#define RXDR        0x30
#define CRCPOLY     0x40
#define TXCRC       0x44
#define RXCRC       0x48
#define UDRDR       0x4c
#define I2SCFGR     0x50

#define SPE         BIT(0)
#define MASRX       BIT(8)
#define CSTART      BIT(9)
#define CSUSP       BIT(10)
#define HDDIR       BIT(11)
#define SSI         BIT(12)
#define RCRCINI     BIT(14)
#define TCRCINI     BIT(15)
#define IOLOCK      BIT(16)
#define DSIZE(n)    ((n) - 1)
#define FTHLV(n)    (((n) - 1) << 5)
#define RXDMAEN     BIT(14)
#define TXDMAEN     BIT(15)
#define UDRCFG(n)   ((n) << 9)
#define CRCSIZE(n)  (((n) - 1) << 16)
#define CRCEN       BIT(22)
#define MBR(n)      ((uint32_t)(n) << 28)
#define MIDI(n)     ((n) << 4)
#define SIMPLEX_TX  (1 << 17)
#define SIMPLEX_RX  (2 << 17)
#define HALF_DUPLEX (3 << 17)
#define SP(n)       ((n) << 19)
#define MASTER      BIT(22)
#define LSBFRST     BIT(23)
#define SSM         BIT(26)
#define SSIOP       BIT(28)
#define SSOE        BIT(29)
#define RXP         BIT(0)
#define TXP         BIT(1)
#define DXP         BIT(2)
#define EOT         BIT(3)
#define TXTF        BIT(4)
#define UDR         BIT(5)
#define OVR         BIT(6)
#define CRCE        BIT(7)
#define MODF        BIT(9)
#define TSERF       BIT(10)
#define SUSP        BIT(11)
#define TXC         BIT(12)
#define RXPLVL(n)   ((n) << 13)
#define RXWNE       BIT(15)

#define LOOPBACK    STM32MP1_MACHINE \
                    "-device ssi-loopback,bus=spi4 " \
                    "-device ssi-loopback,bus=spi1 "

static const struct {
    uint64_t base;
    unsigned fifo;
} spis[] = {
    { SPI1, 16 }, { SPI2, 16 }, { SPI3, 16 }, { SPI4, 8 }, { SPI5, 8 },
    { SPI6, 8 },
};

static QTestState *qts;

static uint32_t rd(uint32_t addr)
{
    return qtest_readl(qts, addr);
}

static void wr(uint32_t addr, uint32_t value)
{
    qtest_writel(qts, addr, value);
}

/* Time of ticks of the kernel clock of an SPI, as QEMU rounds it */
static uint64_t ticks_ns(const char *clock, uint64_t ticks)
{
    g_autofree char *path = g_strdup_printf("/machine/soc/rcc/%s", clock);
    uint64_t period = stm32mp1_qom_get(qts, path, "qtest-clock-period");

    return (ticks * period) >> 32;
}

/* Configure as a master and start a transfer of so many frames */
static void start(uint32_t spi, uint32_t frames, uint32_t cfg1, uint32_t cfg2)
{
    wr(spi + CR1, 0);
    wr(spi + IFCR, ~0u);
    wr(spi + CR2, frames);
    wr(spi + CFG1, cfg1);
    wr(spi + CFG2, cfg2 | MASTER);
    wr(spi + CR1, SPE | (rd(spi + CR1) & ~CSTART));
    wr(spi + CR1, SPE | CSTART);
}

static void test_registers(void)
{
    qts = stm32mp1_init();
    for (unsigned i = 0; i < ARRAY_SIZE(spis); i++) {
        uint64_t spi = spis[i].base;
        unsigned count = 0;

        g_assert_cmphex(rd(spi + CR1), ==, 0);
        g_assert_cmphex(rd(spi + CR2), ==, 0);
        g_assert_cmphex(rd(spi + CFG1), ==, 0x00070007);
        g_assert_cmphex(rd(spi + CFG2), ==, 0);
        g_assert_cmphex(rd(spi + IER), ==, 0);
        stm32mp1_check_readonly(qts, spi + SR, 0x1002);
        g_assert_cmphex(rd(spi + CRCPOLY), ==, 0x107);
        stm32mp1_check_readonly(qts, spi + 0x3f4, 0x11);
        stm32mp1_check_readonly(qts, spi + 0x3f8, 0x00130022);
        stm32mp1_check_readonly(qts, spi + 0x3fc, 0xa3c5dd01);
        stm32mp1_check_mask(qts, spi + CR2, 0xffffffff);
        stm32mp1_check_mask(qts, spi + CFG1,
                            spis[i].fifo == 16 ? 0x705fdfff : 0x705fdfef);
        stm32mp1_check_mask(qts, spi + CFG2, 0xf7fe80ff);
        stm32mp1_check_mask(qts, spi + IER, 0x7ff);
        stm32mp1_check_mask(qts, spi + UDRDR, 0xffffffff);
        stm32mp1_check_mask(qts, spi + I2SCFGR, 0x03ff7fbf);

        /* The FIFO's size is how often TXP lets a byte in. */
        wr(spi + CFG1, 0x00070007);
        wr(spi + CFG2, MASTER);
        wr(spi + CR1, SPE);
        while (rd(spi + SR) & TXP) {
            qtest_writeb(qts, spi + TXDR, ++count);
            g_assert_cmpuint(count, <=, 16);
        }
        g_assert_cmpuint(count, ==, spis[i].fifo);

        /* While it is enabled, but for the two DMA bits. */
        wr(spi + CFG1, ~0u);
        g_assert_cmphex(rd(spi + CFG1), ==, 0x00070007 | RXDMAEN | TXDMAEN);
        wr(spi + CFG2, 0);
        g_assert_cmphex(rd(spi + CFG2), ==, MASTER);
        wr(spi + CR2, 1);
        g_assert_cmphex(rd(spi + CR2), ==, 0);
        wr(spi + CR1, 0);
        g_assert_cmphex(rd(spi + SR), ==, 0x1002);

        /* bytes and halfwords of a register */
        qtest_writew(qts, spi + UDRDR + 2, 0x1234);
        qtest_writeb(qts, spi + UDRDR, 0x56);
        g_assert_cmphex(rd(spi + UDRDR), ==, 0x12340056);
        g_assert_cmphex(qtest_readb(qts, spi + UDRDR + 3), ==, 0x12);

        /* IOLOCK holds CFG2 until SPE falls. */
        wr(spi + CR1, IOLOCK | SPE);
        wr(spi + CR1, SPE);
        g_assert_cmphex(rd(spi + CR1), ==, IOLOCK | SPE);
        wr(spi + CR1, 0);
        g_assert_cmphex(rd(spi + CR1), ==, 0);
        stm32mp1_check_any_access(qts, spi);
        g_assert_cmphex(rd(spi + CFG1), ==, 0x00070007);
    }
    qtest_quit(qts);
}

/* The case that firmware began with: one byte and then EOT */
static void test_time(void)
{
    uint64_t frame;

    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    start(SPI4, 2, MBR(7) | DSIZE(8), 0);
    g_assert_cmphex(rd(SPI4 + SR), ==, 2 << 16 | TXP);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR), ==, 2 << 16 | TXP);
    qtest_writeb(qts, SPI4 + TXDR, 0x5a);
    frame = ticks_ns("spi45", 8 * 256);
    g_assert_cmpuint(frame, >, 19000);
    qtest_clock_step(qts, frame - 1);
    g_assert_cmphex(rd(SPI4 + SR), ==, 2 << 16 | TXP);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(rd(SPI4 + SR), ==, 1 << 16 | RXPLVL(1) | TXP | RXP | DXP);
    qtest_writeb(qts, SPI4 + TXDR, 0xa5);
    g_assert_cmphex(rd(SPI4 + SR), ==, 1 << 16 | RXPLVL(1) | TXTF | RXP);
    qtest_clock_step(qts, frame - 1);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | TXC), ==, 0);
    g_assert_cmphex(rd(SPI4 + CR1), ==, SPE | CSTART);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(rd(SPI4 + SR), ==, RXPLVL(2) | TXC | TXTF | EOT | RXP);
    g_assert_cmphex(rd(SPI4 + CR1), ==, SPE);
    g_assert_cmphex(qtest_readb(qts, SPI4 + RXDR), ==, 0x5a);
    g_assert_cmphex(qtest_readb(qts, SPI4 + RXDR), ==, 0xa5);
    wr(SPI4 + IFCR, EOT | TXTF);
    g_assert_cmphex(rd(SPI4 + SR), ==, TXC);

    /* the gap between frames */
    start(SPI4, 1, MBR(0) | DSIZE(8), MIDI(15));
    qtest_writeb(qts, SPI4 + TXDR, 1);
    frame = ticks_ns("spi45", (8 + 15) * 2);
    qtest_clock_step(qts, frame - 1);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, 0);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, EOT);
    qtest_quit(qts);
}

/* Accesses of each width carry as many frames as fit */
static void test_packing(void)
{
    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    start(SPI1, 7, DSIZE(8) | FTHLV(4), 0);
    wr(SPI1 + TXDR, 0x04030201);
    qtest_writew(qts, SPI1 + TXDR, 0x0605);
    qtest_writeb(qts, SPI1 + TXDR, 0x07);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI1 + SR), ==,
                    RXWNE | RXPLVL(3) | TXC | TXTF | EOT | RXP);
    g_assert_cmphex(rd(SPI1 + RXDR), ==, 0x04030201);
    g_assert_cmphex(rd(SPI1 + SR) & (RXWNE | RXP | RXPLVL(3)), ==, RXPLVL(3));
    g_assert_cmphex(qtest_readw(qts, SPI1 + RXDR), ==, 0x0605);
    g_assert_cmphex(qtest_readb(qts, SPI1 + RXDR), ==, 0x07);
    g_assert_cmphex(rd(SPI1 + RXDR), ==, 0);

    /* no more than the transfer is long */
    start(SPI1, 3, DSIZE(8), 0);
    wr(SPI1 + TXDR, 0x44332211);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI1 + SR), ==, RXPLVL(3) | TXC | TXTF | EOT | RXP);
    g_assert_cmphex(rd(SPI1 + RXDR), ==, 0x332211);

    start(SPI1, 2, DSIZE(12) | FTHLV(2), 0);
    qtest_writeb(qts, SPI1 + TXDR, 0xff);   /* too short for a frame */
    wr(SPI1 + TXDR, 0xf789f456);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI1 + RXDR), ==, 0x07890456);

    start(SPI1, 2, DSIZE(32), LSBFRST);
    wr(SPI1 + TXDR, 0x80000001);
    wr(SPI1 + TXDR, 0x12345678);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI1 + RXDR), ==, 0x80000001);
    g_assert_cmphex(rd(SPI1 + RXDR), ==, 0x12345678);
    qtest_quit(qts);
}

/* Nothing on the bus: MISO is low. A device that is not there gets no frame. */
static void test_empty_bus(void)
{
    qts = stm32mp1_init();
    start(SPI4, 1, DSIZE(8), 0);
    qtest_writeb(qts, SPI4 + TXDR, 0xff);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR), ==, RXPLVL(1) | TXC | TXTF | EOT | RXP);
    g_assert_cmphex(rd(SPI4 + RXDR), ==, 0);
    qtest_quit(qts);
}

/* Directions */
static void test_simplex(void)
{
    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    start(SPI4, 3, DSIZE(8), SIMPLEX_TX);
    wr(SPI4 + TXDR, 0x030201);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR), ==, TXC | TXTF | EOT);

    /* A receiver needs no data to send. */
    start(SPI4, 3, DSIZE(8), SIMPLEX_RX);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | RXPLVL(3)), ==, EOT | RXPLVL(3));

    start(SPI4, 1, DSIZE(8), HALF_DUPLEX);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | RXP), ==, EOT | RXP);
    wr(SPI4 + CR1, 0);
    wr(SPI4 + IFCR, ~0u);
    wr(SPI4 + CR1, SPE | HDDIR);
    wr(SPI4 + CR1, SPE | HDDIR | CSTART);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, 0);
    qtest_writeb(qts, SPI4 + TXDR, 1);
    /* the direction changes during the frame: nothing breaks */
    wr(SPI4 + CR1, SPE);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, EOT);
    qtest_quit(qts);
}

/* Overrun, and suspension that keeps from it */
static void test_full(void)
{
    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    start(SPI4, 10, DSIZE(8), SIMPLEX_RX);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | OVR | SUSP), ==, EOT | OVR);
    wr(SPI4 + IFCR, OVR);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | OVR), ==, EOT);

    wr(SPI4 + CR1, MASRX);
    wr(SPI4 + IFCR, ~0u);
    wr(SPI4 + CR1, SPE | MASRX | CSTART);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR), ==,
                    2 << 16 | RXWNE | SUSP | RXP | TXP | DXP);
    wr(SPI4 + IFCR, SUSP);
    rd(SPI4 + RXDR);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | OVR | SUSP), ==, EOT);

    /* An endless transfer ends by CSUSP, after the frame, or stops full. */
    start(SPI4, 0, DSIZE(8), SIMPLEX_RX);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | OVR | SUSP), ==, OVR);
    wr(SPI4 + IFCR, OVR);
    rd(SPI4 + RXDR);
    rd(SPI4 + RXDR);
    wr(SPI4 + CR1, SPE | CSUSP);
    g_assert_cmphex(rd(SPI4 + CR1), ==, SPE | CSTART | CSUSP);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + CR1), ==, SPE);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | SUSP), ==, SUSP);
    wr(SPI4 + CR1, 0);
    g_assert_cmphex(rd(SPI4 + SR) & (RXP | RXWNE), ==, 0);

    /* TSER prolongs a transfer. */
    start(SPI4, 1 | 2 << 16, DSIZE(8), 0);
    qtest_writeb(qts, SPI4 + TXDR, 1);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (0xffff0000 | EOT | TSERF), ==,
                    2 << 16 | TSERF);
    qtest_writew(qts, SPI4 + TXDR, 0x0302);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (0xffff0000 | EOT), ==, EOT);
    qtest_quit(qts);
}

/* A selected master gives way, and cannot be enabled until MODF is cleared. */
static void test_mode_fault(void)
{
    qts = stm32mp1_init();
    wr(SPI4 + CFG2, MASTER | SSM);
    wr(SPI4 + CR1, SPE);
    g_assert_cmphex(rd(SPI4 + SR), ==, TXC | MODF | TXP);
    g_assert_cmphex(rd(SPI4 + CR1), ==, 0);
    g_assert_cmphex(rd(SPI4 + CFG2), ==, SSM);
    wr(SPI4 + CR1, SSI | SPE);
    g_assert_cmphex(rd(SPI4 + CR1), ==, SSI);
    wr(SPI4 + IFCR, MODF);
    wr(SPI4 + CFG2, MASTER | SSM);
    wr(SPI4 + CR1, SSI | SPE);
    g_assert_cmphex(rd(SPI4 + CR1), ==, SSI | SPE);
    g_assert_cmphex(rd(SPI4 + SR) & MODF, ==, 0);
    qtest_quit(qts);
}

static void test_irq(void)
{
    static const struct {
        uint32_t enable;
        bool idle;
        bool written;
        bool done;
    } rows[] = {
        { 0, false, false, false },
        { RXP, false, false, true },
        { TXP, true, false, false },    /* TXTF switches it off */
        { DXP, false, false, false },
        { EOT, false, false, true },
        { TXTF, false, true, true },
        { OVR, false, false, false },
    };

    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "spi4", "sysbus-irq");
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        wr(SPI4 + IER, 0);
        start(SPI4, 1, DSIZE(8), 0);
        wr(SPI4 + IER, rows[i].enable);
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, rows[i].idle);
        g_assert_cmphex(rd(SPI4 + IER), ==, rows[i].enable);
        qtest_writeb(qts, SPI4 + TXDR, 1);
        g_assert_cmphex(rd(SPI4 + IER), ==, rows[i].enable & ~(TXP | DXP));
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, rows[i].written);
        qtest_clock_step(qts, 1000000);
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, rows[i].done);
    }
    wr(SPI4 + IER, EOT);
    qtest_writel(qts, APB2RSTSETR, BIT(9));
    qtest_writel(qts, APB2RSTCLRR, BIT(9));
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(rd(SPI4 + CFG2), ==, 0);
    qtest_quit(qts);
}

static void test_dma(const void *name)
{
    bool tx = !strcmp(name, "dma-tx");

    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "spi4", name);
    start(SPI4, 2, DSIZE(8) | FTHLV(2) | (tx ? TXDMAEN : RXDMAEN), 0);
    g_assert_cmpint(qtest_get_irq(qts, 0), ==, tx);
    qtest_writew(qts, SPI4 + TXDR, 0x1234);
    qtest_clock_step(qts, 1000000);
    g_assert_cmpint(qtest_get_irq(qts, 0), ==, !tx);
    g_assert_cmphex(qtest_readw(qts, SPI4 + RXDR), ==, 0x1234);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* SS is low from CSTART to EOT. */
static void test_ss(void)
{
    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "spi4", "ss");
    start(SPI4, 1, DSIZE(8), SSOE);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writeb(qts, SPI4 + TXDR, 1);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 1000000);
    g_assert_true(qtest_get_irq(qts, 0));
    /* the other polarity */
    start(SPI4, 1, DSIZE(8), SSOE | BIT(28));
    g_assert_true(qtest_get_irq(qts, 0));
    wr(SPI4 + CR1, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static uint32_t jedec_id(uint32_t frame_bits)
{
    uint32_t id = 0;

    start(SPI4, 4 * 8 / frame_bits, DSIZE(frame_bits), SSOE);
    if (frame_bits == 8) {
        wr(SPI4 + TXDR, 0x9f);
    } else {
        wr(SPI4 + TXDR, 0x00009f00);
    }
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, EOT);
    id = rd(SPI4 + RXDR);
    wr(SPI4 + CR1, 0);
    return id;
}

/* One of QEMU's flash chips, selected by SS and by the pin PE11 */
static void test_flash(void)
{
    qts = qtest_init(STM32MP1_MACHINE "-device w25q32,bus=spi4");
    stm32mp1_enable_clocks(qts);
    g_assert_cmphex(jedec_id(8), ==, 0x1640ef00);
    /* SS has risen between the commands, and 16-bit frames are two bytes. */
    g_assert_cmphex(jedec_id(16), ==, 0x401600ef);
    qtest_quit(qts);

    qts = qtest_init(STM32MP1_MACHINE "-device w25q32,bus=spi4");
    stm32mp1_enable_clocks(qts);
    start(SPI4, 4, DSIZE(8), 0);
    wr(SPI4 + TXDR, 0x9f);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + RXDR), ==, 0);        /* not selected */

    /* An output that is high, as a driver begins */
    wr(GPIOE + GPIO_BSRR, BIT(11));
    wr(GPIOE + GPIO_MODER, (rd(GPIOE + GPIO_MODER) & ~(3u << 22)) | 1u << 22);
    wr(GPIOE + GPIO_BSRR, BIT(11 + 16));
    start(SPI4, 4, DSIZE(8), 0);
    wr(SPI4 + TXDR, 0x9f);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + RXDR), ==, 0x1640ef00);
    /* The command goes on until the pin rises. */
    start(SPI4, 1, DSIZE(8), SIMPLEX_RX);
    wr(GPIOE + GPIO_BSRR, BIT(11));
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + RXDR), ==, 0);
    qtest_quit(qts);
}

/* Modes that are not modelled say so and transfer nothing */
static void test_unimplemented(void)
{
    static const struct {
        uint32_t cfg1;
        uint32_t cfg2;
        uint32_t i2scfgr;
        const char *log;
    } rows[] = {
        { DSIZE(8), MASTER, 1, "I2S" },
        { DSIZE(8), 0, 1, "I2S" },
        { DSIZE(8), MASTER | SP(2), 0, "that protocol" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        g_autofree char *file = NULL;
        g_autofree char *text = NULL;

        qts = stm32mp1_init_logged(&file);
        stm32mp1_enable_clocks(qts);
        wr(SPI4 + CR2, 1);
        wr(SPI4 + CFG1, rows[i].cfg1);
        wr(SPI4 + CFG2, rows[i].cfg2);
        wr(SPI4 + I2SCFGR, rows[i].i2scfgr);
        wr(SPI4 + CR1, SPE | CSTART);
        qtest_writeb(qts, SPI4 + TXDR, 1);
        qtest_clock_step(qts, 1000000);
        g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, 0);
        qtest_quit(qts);
        text = g_strdup_printf("/machine/soc/spi4: %s is not modelled\n",
                               rows[i].log);
        stm32mp1_check_log(file, text);
        unlink(file);
    }
}

/* A CRC of so many bits follows the frames, and is not a frame. */
static void test_crc(void)
{
    static const struct {
        uint32_t cfg1, cfg2, cr1, poly;
        uint32_t data[3];
        unsigned frames;
        unsigned bits;          /* of all, with the CRC */
        uint32_t crc;
    } rows[] = {
        { DSIZE(8) | CRCSIZE(8), 0, 0, 0x107, { 0x11, 0x22, 0x33 }, 3, 32,
          0xd4 },
        { DSIZE(8) | CRCSIZE(8), 0, TCRCINI | RCRCINI, 0x107,
          { 0x11, 0x22, 0x33 }, 3, 32, 0xff },
        { DSIZE(16) | CRCSIZE(16), 0, TCRCINI | RCRCINI, 0x11021,
          { 0x1122, 0x3344 }, 2, 48, 0x59f3 },
        { DSIZE(8) | CRCSIZE(16), 0, 0, 0x1021, { 0x11, 0x22, 0x33 }, 3, 40,
          0x12e7 },
        { DSIZE(12) | CRCSIZE(12), 0, 0, 0x180f, { 0x123, 0x456 }, 2, 36,
          0xe69 },
        { DSIZE(8) | CRCSIZE(8), LSBFRST, 0, 0x107, { 0x11, 0x22, 0x33 }, 3,
          32, 0x3f },
        { DSIZE(8) | CRCSIZE(8), SP(1), 0, 0x107, { 0x11, 0x22, 0x33 }, 3, 32,
          0xd4 },
    };

    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t ns = ticks_ns("spi45", rows[i].bits * 256);
        unsigned shift = (rows[i].cfg1 & 31) > 7 ? 16 : 8;

        g_test_message("row %u", i);
        wr(SPI4 + CR1, rows[i].cr1);
        wr(SPI4 + CRCPOLY, rows[i].poly);
        wr(SPI4 + IFCR, ~0u);
        wr(SPI4 + CR2, rows[i].frames);
        wr(SPI4 + CFG1, rows[i].cfg1 | CRCEN | MBR(7));
        /* it begins with zeros or ones as soon as it is enabled */
        g_assert_cmpint(rd(SPI4 + TXCRC) & 1, ==, rows[i].cr1 != 0);
        g_assert_cmphex(rd(SPI4 + RXCRC), ==, rd(SPI4 + TXCRC));
        wr(SPI4 + CFG2, rows[i].cfg2 | MASTER);
        wr(SPI4 + CR1, rows[i].cr1 | SPE);
        wr(SPI4 + CR1, rows[i].cr1 | SPE | CSTART);
        for (unsigned j = 0; j < rows[i].frames; j++) {
            if (shift == 16) {
                qtest_writew(qts, SPI4 + TXDR, rows[i].data[j]);
            } else {
                qtest_writeb(qts, SPI4 + TXDR, rows[i].data[j]);
            }
        }
        /* frames are rounded down one by one */
        qtest_clock_step(qts, ns - 8);
        g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, 0);
        g_assert_cmphex(rd(SPI4 + CR1) & CSTART, ==, CSTART);
        qtest_clock_step(qts, 8);
        g_assert_cmphex(rd(SPI4 + SR) & (EOT | CRCE | OVR), ==, EOT);
        g_assert_cmphex(rd(SPI4 + TXCRC), ==, rows[i].crc);
        g_assert_cmphex(rd(SPI4 + RXCRC), ==, rows[i].crc);
        for (unsigned j = 0; j < rows[i].frames; j++) {
            g_assert_cmphex(shift == 16 ? qtest_readw(qts, SPI4 + RXDR) :
                                          qtest_readb(qts, SPI4 + RXDR), ==,
                            rows[i].data[j]);
        }
        g_assert_cmphex(rd(SPI4 + SR) & (RXP | RXPLVL(3) | RXWNE), ==, 0);
        wr(SPI4 + CR1, rows[i].cr1);
    }
    qtest_quit(qts);
}

/* The CRC needs no room in the FIFO. */
static void test_crc_full(void)
{
    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    wr(SPI4 + CR1, MASRX);
    wr(SPI4 + CR2, 8);
    wr(SPI4 + CFG1, DSIZE(8) | CRCSIZE(8) | CRCEN);
    wr(SPI4 + CFG2, MASTER);
    wr(SPI4 + CR1, MASRX | SPE);
    wr(SPI4 + CR1, MASRX | SPE | CSTART);
    wr(SPI4 + TXDR, 0x44332211);
    wr(SPI4 + TXDR, 0x88776655);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & (EOT | SUSP | OVR | CRCE), ==, EOT);
    g_assert_cmphex(rd(SPI4 + RXDR), ==, 0x44332211);
    g_assert_cmphex(rd(SPI4 + RXDR), ==, 0x88776655);

    /* disabled or reset before it has come, nothing of it is left */
    for (unsigned i = 0; i < 2; i++) {
        wr(SPI4 + CR1, 0);
        wr(SPI4 + IFCR, ~0u);
        wr(SPI4 + CR2, 1);
        wr(SPI4 + CFG1, DSIZE(8) | CRCSIZE(8) | CRCEN | MBR(7));
        wr(SPI4 + CR1, SPE);
        wr(SPI4 + CR1, SPE | CSTART);
        qtest_writeb(qts, SPI4 + TXDR, 0x5a);
        qtest_clock_step(qts, ticks_ns("spi45", 12 * 256));
        g_assert_cmphex(rd(SPI4 + SR) & (EOT | RXPLVL(3)), ==, RXPLVL(1));
        if (i) {
            qtest_writel(qts, APB2RSTSETR, BIT(9));
            qtest_writel(qts, APB2RSTCLRR, BIT(9));
        }
        start(SPI4, 1, DSIZE(8), 0);
        qtest_writeb(qts, SPI4 + TXDR, 0xa5);
        qtest_clock_step(qts, 1000000);
        g_assert_cmphex(rd(SPI4 + SR) & (EOT | RXPLVL(3)), ==,
                        EOT | RXPLVL(1));
        g_assert_cmphex(rd(SPI4 + RXDR), ==, 0xa5);
    }
    qtest_quit(qts);
}

/* Nobody sends a CRC; who does not receive does not miss it. */
static void test_crc_error(void)
{
    static const struct {
        uint32_t cfg2, cr1;
        bool error;
    } rows[] = {
        { 0, RCRCINI, true }, { 0, 0, false },
        { SIMPLEX_TX, RCRCINI, false }, { SIMPLEX_RX, RCRCINI, true },
    };

    qts = stm32mp1_init();
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "spi4", "sysbus-irq");
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        g_test_message("row %u", i);
        wr(SPI4 + CR1, rows[i].cr1);
        wr(SPI4 + IFCR, ~0u);
        wr(SPI4 + IER, CRCE);
        wr(SPI4 + CR2, 1);
        wr(SPI4 + CFG1, DSIZE(8) | CRCSIZE(8) | CRCEN);
        wr(SPI4 + CFG2, rows[i].cfg2 | MASTER);
        wr(SPI4 + CR1, rows[i].cr1 | SPE);
        wr(SPI4 + CR1, rows[i].cr1 | SPE | CSTART);
        if (rows[i].cfg2 != SIMPLEX_RX) {
            qtest_writeb(qts, SPI4 + TXDR, 0x77);
        }
        qtest_clock_step(qts, 1000000);
        g_assert_cmphex(rd(SPI4 + SR) & (EOT | CRCE), ==,
                        rows[i].error ? EOT | CRCE : EOT);
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, rows[i].error);
        wr(SPI4 + IFCR, CRCE);
        g_assert_false(qtest_get_irq(qts, 0));
    }
    qtest_quit(qts);
}

/* SPI5 is a slave on the bus of SPI4. */
#define WIRED   STM32MP1_MACHINE \
                "-device stm32mp1-spi-wire,bus=spi4," \
                "controller=/machine/soc/spi5 "

static void start_slave(uint32_t frames, uint32_t cfg1, uint32_t cfg2,
                        uint32_t cr1)
{
    wr(SPI5 + CR1, 0);
    wr(SPI5 + IFCR, ~0u);
    wr(SPI5 + CR2, frames);
    wr(SPI5 + CFG1, cfg1);
    wr(SPI5 + CFG2, cfg2);
    wr(SPI5 + CR1, cr1 | SPE);
}

static void wire(void)
{
    qts = qtest_init(WIRED);
    stm32mp1_enable_clocks(qts);
}

/* The master sends bytes and gets others. */
static void exchange(unsigned frames, uint32_t cfg2, uint32_t out, uint32_t in)
{
    start(SPI4, frames, DSIZE(8), cfg2);
    for (unsigned i = 0; i < frames; i++) {
        qtest_writeb(qts, SPI4 + TXDR, out >> 8 * i);
    }
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, EOT);
    for (unsigned i = 0; i < frames; i++) {
        g_assert_cmphex(qtest_readb(qts, SPI4 + RXDR), ==, in >> 8 * i & 0xff);
    }
}

static void test_slave(void)
{
    wire();
    start_slave(0, DSIZE(8) | FTHLV(2), 0, 0);
    wr(SPI5 + TXDR, 0x44332211);
    /* its CSTART is nothing */
    wr(SPI5 + CR1, SPE | CSTART);
    g_assert_cmphex(rd(SPI5 + CR1), ==, SPE);
    exchange(2, SSOE, 0xbbaa, 0x2211);
    g_assert_cmphex(rd(SPI5 + SR) & (RXP | UDR | EOT), ==, RXP);
    g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0xbbaa);
    /* not selected, it is not there */
    exchange(2, 0, 0xbbaa, 0);
    g_assert_cmphex(rd(SPI5 + SR) & (RXP | RXPLVL(3)), ==, 0);
    exchange(2, SSOE, 0xddcc, 0x4433);
    g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0xddcc);

    /* the other polarity of the pin */
    start_slave(0, DSIZE(8), SSIOP, 0);
    wr(SPI5 + TXDR, 0x88776655);
    exchange(2, SSOE | SSIOP, 0xbbaa, 0x6655);
    exchange(2, SSOE, 0xbbaa, 0);
    /* by software */
    start_slave(0, DSIZE(8), SSM, SSI);
    wr(SPI5 + TXDR, 0x88776655);
    exchange(2, SSOE, 0xbbaa, 0);
    wr(SPI5 + CR1, SPE);
    exchange(2, 0, 0xbbaa, 0x6655);

    wr(SPI5 + CR1, 0);
    exchange(1, 0, 0xaa, 0);
    qtest_quit(qts);
}

/* Frames of either side's length: bits are bits. */
static void test_slave_frames(void)
{
    wire();
    start_slave(0, DSIZE(16), 0, 0);
    wr(SPI5 + TXDR, 0x33441122);
    exchange(4, SSOE, 0xddccbbaa, 0x44332211);
    g_assert_cmphex(rd(SPI5 + RXDR), ==, 0xccddaabb);

    start_slave(0, DSIZE(8), 0, 0);
    wr(SPI5 + TXDR, 0x44332211);
    start(SPI4, 2, DSIZE(16), SSOE);
    wr(SPI4 + TXDR, 0xccddaabb);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(rd(SPI4 + RXDR), ==, 0x33441122);
    g_assert_cmphex(rd(SPI5 + RXDR), ==, 0xddccbbaa);

    start_slave(0, DSIZE(12), LSBFRST, 0);
    qtest_writew(qts, SPI5 + TXDR, 0x456);
    start(SPI4, 1, DSIZE(12), SSOE | LSBFRST);
    qtest_writew(qts, SPI4 + TXDR, 0x123);
    qtest_clock_step(qts, 1000000);
    g_assert_cmphex(qtest_readw(qts, SPI4 + RXDR), ==, 0x456);
    g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0x123);

    /* a frame that is cut off is none, but what was saved goes on */
    start_slave(0, DSIZE(16), 0, 0);
    wr(SPI5 + TXDR, 0x33441122);
    exchange(1, SSOE, 0xaa, 0x11);
    exchange(2, SSOE, 0xccbb, 0x4433);
    g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0xbbcc);
    start_slave(0, DSIZE(16), SSM, 0);
    wr(SPI5 + TXDR, 0x33441122);
    exchange(1, 0, 0xaa, 0x11);
    qts = migrate_machine(qts, WIRED);
    exchange(1, 0, 0xbb, 0x22);
    g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0xaabb);
    /* an endless transfer keeps the pin low, also in another QEMU */
    start_slave(0, DSIZE(16), 0, 0);
    start(SPI4, 0, DSIZE(8), SSOE | SIMPLEX_TX);
    qtest_writeb(qts, SPI4 + TXDR, 0xaa);
    qtest_clock_step(qts, 1000000);
    qts = migrate_machine(qts, WIRED);
    qtest_writeb(qts, SPI4 + TXDR, 0xbb);
    qtest_clock_step(qts, 10000000);
    g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0xaabb);

    /* without SPE a part of a frame is lost */
    start_slave(0, DSIZE(16), SSM, 0);
    exchange(1, 0, 0xcc, 0);
    start_slave(0, DSIZE(16), SSM, 0);
    wr(SPI5 + TXDR, 0x33441122);
    exchange(2, 0, 0xeedd, 0x2211);
    g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0xddee);
    qtest_quit(qts);
}

/* A slave that has nothing, and one that nobody reads */
static void test_slave_errors(void)
{
    wire();
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "spi5", "sysbus-irq");
    wr(SPI5 + UDRDR, 0x5a);
    for (unsigned mode = 0; mode < 3; mode++) {
        static const uint8_t filler[3] = { 0x5a, 0xaa, 0x11 };

        start_slave(0, DSIZE(8) | UDRCFG(mode), 0, 0);
        wr(SPI5 + IER, UDR);
        qtest_writeb(qts, SPI5 + TXDR, 0x11);
        exchange(1, SSOE, 0xaa, 0x11);
        g_assert_cmphex(rd(SPI5 + SR) & UDR, ==, 0);
        g_assert_false(qtest_get_irq(qts, 0));
        exchange(1, SSOE, 0xbb, filler[mode]);
        g_assert_cmphex(rd(SPI5 + SR) & UDR, ==, UDR);
        g_assert_true(qtest_get_irq(qts, 0));
        wr(SPI5 + IFCR, UDR);
        g_assert_false(qtest_get_irq(qts, 0));
    }
    start_slave(0, DSIZE(8), SIMPLEX_RX, 0);
    wr(SPI5 + IER, OVR);
    exchange(8, SSOE, 0, 0);
    g_assert_cmphex(rd(SPI5 + SR) & (OVR | UDR), ==, 0);
    exchange(1, SSOE, 0, 0);
    g_assert_cmphex(rd(SPI5 + SR) & (OVR | UDR), ==, OVR);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* A transfer of a given length, with a CRC that is right, or not */
static void test_slave_counts(void)
{
    wire();
    for (unsigned good = 0; good < 2; good++) {
        const uint32_t cfg1 = DSIZE(8) | CRCSIZE(8) | CRCEN;

        g_test_message("good %u", good);
        start_slave(2, cfg1, 0, good ? 0 : RCRCINI);
        wr(SPI5 + TXDR, 0x44332211);
        g_assert_cmphex(rd(SPI5 + SR) & (TXTF | TXP), ==, TXTF);
        start(SPI4, 2, cfg1, SSOE);
        qtest_writew(qts, SPI4 + TXDR, 0xbbaa);
        qtest_clock_step(qts, 1000000);
        g_assert_cmphex(rd(SPI4 + SR) & (EOT | CRCE), ==, EOT);
        g_assert_cmphex(rd(SPI5 + SR) & (EOT | CRCE | TXC), ==,
                        good ? EOT | TXC : EOT | CRCE | TXC);
        g_assert_cmphex(qtest_readw(qts, SPI4 + RXDR), ==, 0x2211);
        g_assert_cmphex(qtest_readw(qts, SPI5 + RXDR), ==, 0xbbaa);
        g_assert_cmphex(rd(SPI5 + TXCRC), ==, rd(SPI4 + RXCRC));
        /* after its end it does not take part any more */
        exchange(1, SSOE, 0xaa, 0);
        g_assert_cmphex(rd(SPI5 + SR) & (UDR | RXP), ==, 0);
    }
    qtest_quit(qts);
}

static void test_migration(void)
{
    qts = qtest_init(LOOPBACK);
    stm32mp1_enable_clocks(qts);
    start(SPI4, 2, MBR(7) | DSIZE(8), 0);
    qtest_writew(qts, SPI4 + TXDR, 0x1234);
    qtest_clock_step(qts, ticks_ns("spi45", 8 * 256));
    qts = migrate_machine(qts, LOOPBACK);
    /* The clock of a new QEMU under test begins anew. */
    qtest_clock_step(qts, ticks_ns("spi45", 8 * 256));
    g_assert_cmphex(rd(SPI4 + SR), ==, 1 << 16 | RXPLVL(1) | TXTF | RXP);
    qtest_clock_step(qts, ticks_ns("spi45", 8 * 256) - 1);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, 0);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(rd(SPI4 + SR) & EOT, ==, EOT);
    g_assert_cmphex(qtest_readw(qts, SPI4 + RXDR), ==, 0x1234);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/spi/registers", test_registers);
    qtest_add_func("stm32mp1/spi/time", test_time);
    qtest_add_func("stm32mp1/spi/packing", test_packing);
    qtest_add_func("stm32mp1/spi/empty-bus", test_empty_bus);
    qtest_add_func("stm32mp1/spi/simplex", test_simplex);
    qtest_add_func("stm32mp1/spi/full", test_full);
    qtest_add_func("stm32mp1/spi/mode-fault", test_mode_fault);
    qtest_add_func("stm32mp1/spi/irq", test_irq);
    qtest_add_data_func("stm32mp1/spi/dma-rx", "dma-rx", test_dma);
    qtest_add_data_func("stm32mp1/spi/dma-tx", "dma-tx", test_dma);
    qtest_add_func("stm32mp1/spi/ss", test_ss);
    qtest_add_func("stm32mp1/spi/flash", test_flash);
    qtest_add_func("stm32mp1/spi/crc", test_crc);
    qtest_add_func("stm32mp1/spi/crc-full", test_crc_full);
    qtest_add_func("stm32mp1/spi/crc-error", test_crc_error);
    qtest_add_func("stm32mp1/spi/slave", test_slave);
    qtest_add_func("stm32mp1/spi/slave-frames", test_slave_frames);
    qtest_add_func("stm32mp1/spi/slave-errors", test_slave_errors);
    qtest_add_func("stm32mp1/spi/slave-counts", test_slave_counts);
    qtest_add_func("stm32mp1/spi/unimplemented", test_unimplemented);
    qtest_add_func("stm32mp1/spi/migration", test_migration);
    return g_test_run();
}
