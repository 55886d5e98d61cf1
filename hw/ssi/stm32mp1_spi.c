/*
 * STM32MP1 serial peripheral interface (SPI/I2S)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers and rules: RM0436, chapter "Serial peripheral interface"; what the
 * chapter leaves open is as Linux's spi-stm32.c and ST's HAL driver need it.
 *
 * A frame takes its bits at the bit rate, and the gap that CFG2.MIDI asks for.
 * Frames whose length is a multiple of 8 go over the SSI bus byte by byte, as
 * QEMU's SPI devices expect them, others as one word. With no device on the
 * bus, MISO reads 0: the block has no loop-back of its own.
 *
 * Where this model differs from silicon:
 *  - I2S is logged, and nothing is transferred in it.
 *  - TI frames have the same bits as Motorola ones; the pulses of SS before
 *    them are not driven.
 *  - SS as an input of a master is inactive: nobody else drives it.
 *  - A slave, on a bus by a TYPE_STM32MP1_SPI_WIRE, takes the bits at the end
 *    of its master's frame, whatever the phase and the polarity of either are.
 *  - The CRC is exchanged when the transfer is at its end, not in between when
 *    it is extended (TSER), in the order of bits of a frame. CRC33_17 has no
 *    effect: a CRC as long as a frame can be always has its highest power.
 *  - A receiver that overruns in an endless transfer stops the clock, so that
 *    no guest can keep QEMU busy; silicon goes on and loses what comes.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "hw/ssi/stm32mp1_spi.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "trace.h"

REG32(CR1, 0x00)
    FIELD(CR1, SPE, 0, 1)
    FIELD(CR1, MASRX, 8, 1)
    FIELD(CR1, CSTART, 9, 1)
    FIELD(CR1, CSUSP, 10, 1)
    FIELD(CR1, HDDIR, 11, 1)
    FIELD(CR1, SSI, 12, 1)
    FIELD(CR1, RCRCINI, 14, 1)
    FIELD(CR1, TCRCINI, 15, 1)
    FIELD(CR1, IOLOCK, 16, 1)
REG32(CR2, 0x04)
    FIELD(CR2, TSIZE, 0, 16)
    FIELD(CR2, TSER, 16, 16)
REG32(CFG1, 0x08)
    FIELD(CFG1, DSIZE, 0, 5)
    FIELD(CFG1, FTHLV, 5, 4)
    FIELD(CFG1, UDRCFG, 9, 2)
    FIELD(CFG1, RXDMAEN, 14, 1)
    FIELD(CFG1, TXDMAEN, 15, 1)
    FIELD(CFG1, CRCSIZE, 16, 5)
    FIELD(CFG1, CRCEN, 22, 1)
    FIELD(CFG1, MBR, 28, 3)
REG32(CFG2, 0x0c)
    FIELD(CFG2, MIDI, 4, 4)
    FIELD(CFG2, COMM, 17, 2)
    FIELD(CFG2, SP, 19, 3)
    FIELD(CFG2, MASTER, 22, 1)
    FIELD(CFG2, LSBFRST, 23, 1)
    FIELD(CFG2, SSM, 26, 1)
    FIELD(CFG2, SSIOP, 28, 1)
    FIELD(CFG2, SSOE, 29, 1)
REG32(IER, 0x10)
REG32(SR, 0x14)
    FIELD(SR, RXP, 0, 1)
    FIELD(SR, TXP, 1, 1)
    FIELD(SR, DXP, 2, 1)
    FIELD(SR, EOT, 3, 1)
    FIELD(SR, TXTF, 4, 1)
    FIELD(SR, UDR, 5, 1)
    FIELD(SR, OVR, 6, 1)
    FIELD(SR, CRCE, 7, 1)
    FIELD(SR, MODF, 9, 1)
    FIELD(SR, TSERF, 10, 1)
    FIELD(SR, SUSP, 11, 1)
    FIELD(SR, TXC, 12, 1)
    FIELD(SR, RXPLVL, 13, 2)
    FIELD(SR, RXWNE, 15, 1)
    FIELD(SR, CTSIZE, 16, 16)
REG32(IFCR, 0x18)
REG32(TXDR, 0x20)
REG32(RXDR, 0x30)
REG32(CRCPOLY, 0x40)
REG32(TXCRC, 0x44)
REG32(RXCRC, 0x48)
REG32(UDRDR, 0x4c)
REG32(I2SCFGR, 0x50)
    FIELD(I2SCFGR, I2SMOD, 0, 1)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define IFCR_MASK       0x0ff8
#define SP_TI           1
#define CFG1_DMA_MASK   (R_CFG1_RXDMAEN_MASK | R_CFG1_TXDMAEN_MASK)
#define CFG1_RESET      0x00070007
#define CRCPOLY_RESET   0x00000107

enum { UDR_PATTERN, UDR_RECEIVED, UDR_TRANSMITTED };

enum { COMM_FULL_DUPLEX, COMM_SIMPLEX_TX, COMM_SIMPLEX_RX, COMM_HALF_DUPLEX };

/* Bits of the storage registers that can be written */
static const uint32_t stm32mp1_spi_mask[STM32MP1_SPI_NUM_REGS] = {
    [R_CR1] = 0x0001ff01,
    [R_CR2] = 0xffffffff,
    [R_CFG1] = 0x705fdfff,
    [R_CFG2] = 0xf7fe80ff,
    [R_IER] = 0x000007ff,
    [R_CRCPOLY] = 0xffffffff,
    [R_UDRDR] = 0xffffffff,
    [R_I2SCFGR] = 0x03ff7fbf,
};

static const struct {
    hwaddr addr;
    uint32_t value;
} stm32mp1_spi_ids[] = {
    { A_HWCFGR, 0 },
    { A_VERR, 0x11 },
    { A_IPIDR, 0x00130022 },
    { A_SIDR, 0xa3c5dd01 },
};

static bool stm32mp1_spi_enabled(STM32MP1SpiState *s)
{
    return s->regs[R_CR1] & R_CR1_SPE_MASK;
}

static unsigned stm32mp1_spi_frame_bits(STM32MP1SpiState *s)
{
    return FIELD_EX32(s->regs[R_CFG1], CFG1, DSIZE) + 1;
}

/* What a frame takes of a FIFO, and of an access to a data register */
static unsigned stm32mp1_spi_frame_bytes(STM32MP1SpiState *s)
{
    unsigned bits = stm32mp1_spi_frame_bits(s);

    return bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
}

static unsigned stm32mp1_spi_fifo_size(STM32MP1SpiState *s)
{
    return s->data_size == 32 ? STM32MP1_SPI_FIFO_SIZE :
                                STM32MP1_SPI_FIFO_SIZE / 2;
}

static unsigned stm32mp1_spi_packet_bytes(STM32MP1SpiState *s)
{
    return (FIELD_EX32(s->regs[R_CFG1], CFG1, FTHLV) + 1) *
           stm32mp1_spi_frame_bytes(s);
}

static unsigned stm32mp1_spi_room(STM32MP1SpiState *s, Fifo8 *fifo)
{
    return stm32mp1_spi_fifo_size(s) - fifo8_num_used(fifo);
}

static unsigned stm32mp1_spi_comm(STM32MP1SpiState *s)
{
    return FIELD_EX32(s->regs[R_CFG2], CFG2, COMM);
}

static bool stm32mp1_spi_transmits(STM32MP1SpiState *s)
{
    switch (stm32mp1_spi_comm(s)) {
    case COMM_SIMPLEX_RX:
        return false;
    case COMM_HALF_DUPLEX:
        return s->regs[R_CR1] & R_CR1_HDDIR_MASK;
    default:
        return true;
    }
}

static bool stm32mp1_spi_receives(STM32MP1SpiState *s)
{
    switch (stm32mp1_spi_comm(s)) {
    case COMM_SIMPLEX_TX:
        return false;
    case COMM_HALF_DUPLEX:
        return !(s->regs[R_CR1] & R_CR1_HDDIR_MASK);
    default:
        return true;
    }
}

/* A transfer of a given length, not an endless one */
static bool stm32mp1_spi_counts(STM32MP1SpiState *s)
{
    return FIELD_EX32(s->regs[R_CR2], CR2, TSIZE) != 0;
}

/* What of the block's modes is in use and not modelled, or NULL */
static const char *stm32mp1_spi_unimplemented(STM32MP1SpiState *s)
{
    if (s->regs[R_I2SCFGR] & R_I2SCFGR_I2SMOD_MASK) {
        return "I2S";
    }
    if (FIELD_EX32(s->regs[R_CFG2], CFG2, SP) > SP_TI) {
        return "that protocol";
    }
    return NULL;
}

static bool stm32mp1_spi_is_master(STM32MP1SpiState *s)
{
    return s->regs[R_CFG2] & R_CFG2_MASTER_MASK;
}

static unsigned stm32mp1_spi_crc_bits(STM32MP1SpiState *s)
{
    return FIELD_EX32(s->regs[R_CFG1], CFG1, CRCSIZE) + 1;
}

/* Bits of what is on the line: a frame, or the CRC at the end of a transfer */
static unsigned stm32mp1_spi_line_bits(STM32MP1SpiState *s)
{
    return s->crc ? stm32mp1_spi_crc_bits(s) : stm32mp1_spi_frame_bits(s);
}

/* A frame went over the line: the CRC takes its bits in that order. */
static void stm32mp1_spi_crc_add(STM32MP1SpiState *s, unsigned reg,
                                 uint32_t value)
{
    unsigned bits = stm32mp1_spi_frame_bits(s);
    unsigned size = stm32mp1_spi_crc_bits(s);
    bool lsb_first = s->regs[R_CFG2] & R_CFG2_LSBFRST_MASK;

    for (unsigned i = 0; i < bits; i++) {
        uint32_t bit = value >> (lsb_first ? i : bits - 1 - i) & 1;
        uint32_t out = s->regs[reg] >> (size - 1) & 1;

        s->regs[reg] = s->regs[reg] << 1 ^
                       (bit ^ out ? s->regs[R_CRCPOLY] : 0);
        s->regs[reg] &= MAKE_64BIT_MASK(0, size);
    }
}

static void stm32mp1_spi_crc_init(STM32MP1SpiState *s)
{
    uint32_t ones = MAKE_64BIT_MASK(0, stm32mp1_spi_crc_bits(s));

    s->regs[R_TXCRC] = s->regs[R_CR1] & R_CR1_TCRCINI_MASK ? ones : 0;
    s->regs[R_RXCRC] = s->regs[R_CR1] & R_CR1_RCRCINI_MASK ? ones : 0;
}

static uint32_t stm32mp1_spi_sr(STM32MP1SpiState *s)
{
    uint32_t sr = s->regs[R_SR];
    unsigned packet = stm32mp1_spi_packet_bytes(s);
    unsigned frame = stm32mp1_spi_frame_bytes(s);
    unsigned used = fifo8_num_used(&s->rx);

    if (used >= packet) {
        sr |= R_SR_RXP_MASK;
    }
    if (stm32mp1_spi_room(s, &s->tx) >= packet &&
        !(stm32mp1_spi_enabled(s) && stm32mp1_spi_counts(s) &&
          s->unwritten == 0)) {
        sr |= R_SR_TXP_MASK;
    }
    if ((sr & R_SR_RXP_MASK) && (sr & R_SR_TXP_MASK)) {
        sr |= R_SR_DXP_MASK;
    }
    if (!s->shifting && fifo8_is_empty(&s->tx) &&
        !(stm32mp1_spi_enabled(s) && s->left)) {
        sr |= R_SR_TXC_MASK;
    }
    sr = FIELD_DP32(sr, SR, RXPLVL, used % 4 / frame);
    sr = FIELD_DP32(sr, SR, RXWNE, used >= 4);
    return FIELD_DP32(sr, SR, CTSIZE, s->left);
}

static void stm32mp1_spi_select(STM32MP1SpiState *s, unsigned index, int level)
{
    DeviceState *dev = ssi_get_cs(s->bus, index);

    trace_stm32mp1_spi_cs(DEVICE(s)->canonical_path, index, level);
    if (dev && SSI_PERIPHERAL(dev)->spc->cs_polarity != SSI_CS_NONE) {
        qemu_set_irq(qdev_get_gpio_in_named(dev, SSI_GPIO_CS, 0), level);
    }
}

static void stm32mp1_spi_set_cs(void *opaque, int n, int level)
{
    stm32mp1_spi_select(opaque, n, level);
}

static void stm32mp1_spi_set_ss(STM32MP1SpiState *s)
{
    bool active = s->regs[R_CR1] & R_CR1_CSTART_MASK;
    bool active_high = s->regs[R_CFG2] & R_CFG2_SSIOP_MASK;

    if (s->regs[R_CFG2] & R_CFG2_SSOE_MASK) {
        qemu_set_irq(s->ss, active == active_high);
        stm32mp1_spi_select(s, 0, active == active_high);
    }
}

static void stm32mp1_spi_update(STM32MP1SpiState *s)
{
    uint32_t sr = stm32mp1_spi_sr(s);
    uint32_t enabled = s->regs[R_IER];
    bool level;

    /* EOTIE has three flags */
    if (enabled & R_SR_EOT_MASK) {
        enabled |= R_SR_SUSP_MASK | R_SR_TXC_MASK;
    }
    level = sr & enabled & (R_SR_TXC_MASK | R_SR_SUSP_MASK | 0x7ff);
    trace_stm32mp1_spi_irq(DEVICE(s)->canonical_path, sr, level);
    qemu_set_irq(s->irq, level);
    qemu_set_irq(s->dma_rx, (s->regs[R_CFG1] & R_CFG1_RXDMAEN_MASK) &&
                            (sr & R_SR_RXP_MASK));
    qemu_set_irq(s->dma_tx, (s->regs[R_CFG1] & R_CFG1_TXDMAEN_MASK) &&
                            stm32mp1_spi_enabled(s) && (sr & R_SR_TXP_MASK));
}

static void stm32mp1_spi_stop(STM32MP1SpiState *s, uint32_t flag)
{
    s->regs[R_CR1] &= ~(R_CR1_CSTART_MASK | R_CR1_CSUSP_MASK);
    s->regs[R_SR] |= flag;
    stm32mp1_spi_set_ss(s);
}

static int64_t stm32mp1_spi_frame_ns(STM32MP1SpiState *s)
{
    uint64_t bits = stm32mp1_spi_line_bits(s) +
                    FIELD_EX32(s->regs[R_CFG2], CFG2, MIDI);

    return clock_ticks_to_ns(s->clk,
        bits * (2ull << FIELD_EX32(s->regs[R_CFG1], CFG1, MBR)));
}

/* Let the next frame begin at @start if there is what it needs */
static void stm32mp1_spi_begin(STM32MP1SpiState *s, int64_t start)
{
    unsigned frame = stm32mp1_spi_frame_bytes(s);
    bool full = stm32mp1_spi_receives(s) &&
                stm32mp1_spi_room(s, &s->rx) < frame;

    if (s->shifting || !(s->regs[R_CR1] & R_CR1_CSTART_MASK) ||
        (stm32mp1_spi_counts(s) && s->left == 0 && !s->crc)) {
        return;
    }
    if (s->regs[R_CR1] & R_CR1_CSUSP_MASK) {
        stm32mp1_spi_stop(s, R_SR_SUSP_MASK);
        return;
    }
    if (!s->crc && stm32mp1_spi_transmits(s) &&
        fifo8_num_used(&s->tx) < frame) {
        return;
    }
    /* the CRC needs no room */
    full = full && !s->crc;
    if (full && (s->regs[R_CR1] & R_CR1_MASRX_MASK)) {
        s->regs[R_SR] |= R_SR_SUSP_MASK;
        return;
    }
    if (full && !stm32mp1_spi_counts(s) && (s->regs[R_SR] & R_SR_OVR_MASK)) {
        return;
    }
    if (!clock_is_enabled(s->clk)) {
        return;
    }
    s->shifting = true;
    s->end_ns = start + stm32mp1_spi_frame_ns(s);
    timer_mod(&s->timer, s->end_ns);
}

static void stm32mp1_spi_begin_now(STM32MP1SpiState *s)
{
    stm32mp1_spi_begin(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static uint32_t stm32mp1_spi_pop(Fifo8 *fifo, unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint32_t)fifo8_pop(fifo) << (8 * i);
    }
    return value;
}

static void stm32mp1_spi_push(Fifo8 *fifo, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        fifo8_push(fifo, value >> (8 * i));
    }
}

/* Exchange so many bits with the bus, the most significant one first */
static uint32_t stm32mp1_spi_exchange(STM32MP1SpiState *s, uint32_t out,
                                      unsigned bits)
{
    unsigned unit = bits % 8 ? bits : 8;
    bool lsb_first = s->regs[R_CFG2] & R_CFG2_LSBFRST_MASK;
    uint32_t in = 0;

    s->unit = unit;
    if (lsb_first) {
        out = revbit32(out) >> (32 - bits);
    }
    for (unsigned done = 0; done < bits; done += unit) {
        uint32_t part = extract32(out, bits - done - unit, unit);

        in = (uint64_t)in << unit |
             (ssi_transfer(s->bus, part) & MAKE_64BIT_MASK(0, unit));
    }
    return lsb_first ? revbit32(in) >> (32 - bits) : in;
}

/* A frame came in: to the FIFO, if there is room */
static void stm32mp1_spi_received(STM32MP1SpiState *s, uint32_t in)
{
    unsigned frame = stm32mp1_spi_frame_bytes(s);

    if (!stm32mp1_spi_receives(s)) {
        return;
    }
    stm32mp1_spi_crc_add(s, R_RXCRC, in);
    if (stm32mp1_spi_room(s, &s->rx) >= frame) {
        stm32mp1_spi_push(&s->rx, in, frame);
    } else {
        s->regs[R_SR] |= R_SR_OVR_MASK;
    }
}

/* The next frame to go out, or 0 if there is none */
static uint32_t stm32mp1_spi_next_out(STM32MP1SpiState *s)
{
    uint32_t out = stm32mp1_spi_pop(&s->tx, stm32mp1_spi_frame_bytes(s));

    stm32mp1_spi_crc_add(s, R_TXCRC, out);
    return out;
}

/* A frame of a transfer of a given length is through. */
static void stm32mp1_spi_count(STM32MP1SpiState *s)
{
    s->left--;
    if (s->left == 0 && FIELD_EX32(s->regs[R_CR2], CR2, TSER)) {
        /* the transfer is extended */
        s->left = FIELD_EX32(s->regs[R_CR2], CR2, TSER);
        s->unwritten = s->left;
        s->regs[R_CR2] = FIELD_DP32(s->regs[R_CR2], CR2, TSER, 0);
        s->regs[R_SR] |= R_SR_TSERF_MASK;
    } else if (s->left == 0 && (s->regs[R_CFG1] & R_CFG1_CRCEN_MASK)) {
        s->crc = true;
    } else if (s->left == 0) {
        stm32mp1_spi_stop(s, R_SR_EOT_MASK);
    }
}

/* The CRC came in, and that is the end of the transfer. */
static void stm32mp1_spi_crc_end(STM32MP1SpiState *s, uint32_t in)
{
    trace_stm32mp1_spi_crc(DEVICE(s)->canonical_path, s->regs[R_TXCRC],
                           s->regs[R_RXCRC], in);
    s->crc = false;
    if (stm32mp1_spi_receives(s) && in != s->regs[R_RXCRC]) {
        s->regs[R_SR] |= R_SR_CRCE_MASK;
    }
    stm32mp1_spi_stop(s, R_SR_EOT_MASK);
}

/* The frame on the line has ended */
static void stm32mp1_spi_end(STM32MP1SpiState *s)
{
    unsigned frame = stm32mp1_spi_frame_bytes(s);
    uint32_t out = 0;
    uint32_t in;

    s->shifting = false;
    if (s->crc) {
        out = stm32mp1_spi_transmits(s) ? s->regs[R_TXCRC] : 0;
        in = stm32mp1_spi_exchange(s, out, stm32mp1_spi_crc_bits(s));
        stm32mp1_spi_crc_end(s, in);
        return;
    }
    /* HDDIR can have changed during the frame. */
    if (stm32mp1_spi_transmits(s) && fifo8_num_used(&s->tx) >= frame) {
        out = stm32mp1_spi_next_out(s);
    }
    in = stm32mp1_spi_exchange(s, out, stm32mp1_spi_frame_bits(s));
    trace_stm32mp1_spi_frame(DEVICE(s)->canonical_path, out, in);
    stm32mp1_spi_received(s, in);
    if (stm32mp1_spi_counts(s)) {
        stm32mp1_spi_count(s);
    }
}

static void stm32mp1_spi_timer(void *opaque)
{
    STM32MP1SpiState *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    /* When the host is late, all frames that ended meanwhile go at once. */
    while (s->shifting && s->end_ns <= now) {
        stm32mp1_spi_end(s);
        stm32mp1_spi_begin(s, s->end_ns);
    }
    stm32mp1_spi_update(s);
}

/* On a busy host the timer is late; who looks does not notice. */
static void stm32mp1_spi_catch_up(STM32MP1SpiState *s)
{
    if (timer_pending(&s->timer) &&
        timer_expired(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL))) {
        timer_del(&s->timer);
        stm32mp1_spi_timer(s);
    }
}

static void stm32mp1_spi_clock_update(void *opaque, ClockEvent event)
{
    STM32MP1SpiState *s = opaque;

    /* The frame on the line keeps its time; others begin when there is one. */
    stm32mp1_spi_begin_now(s);
    stm32mp1_spi_update(s);
}

static void stm32mp1_spi_disable(STM32MP1SpiState *s)
{
    timer_del(&s->timer);
    s->shifting = false;
    fifo8_reset(&s->tx);
    fifo8_reset(&s->rx);
    s->left = 0;
    s->unwritten = 0;
    s->crc = false;
    s->bit = 0;
    stm32mp1_spi_stop(s, 0);
}

static void stm32mp1_spi_write_cr1(STM32MP1SpiState *s, uint32_t value)
{
    bool was_enabled = stm32mp1_spi_enabled(s);
    uint32_t keep = R_CR1_CSTART_MASK | R_CR1_IOLOCK_MASK;
    const char *what;

    /* Software sets these, and what they started clears them */
    value |= s->regs[R_CR1] & keep;
    if (!(value & R_CR1_SPE_MASK)) {
        value &= ~keep;
    }
    if ((value & R_CR1_SPE_MASK) && (s->regs[R_SR] & R_SR_MODF_MASK)) {
        value &= ~R_CR1_SPE_MASK;
    }
    s->regs[R_CR1] = value;
    if (was_enabled && !stm32mp1_spi_enabled(s)) {
        stm32mp1_spi_disable(s);
    }
    if (!stm32mp1_spi_enabled(s)) {
        s->regs[R_CR1] &= ~(R_CR1_CSTART_MASK | R_CR1_CSUSP_MASK);
        return;
    }
    if (stm32mp1_spi_is_master(s) && (s->regs[R_CFG2] & R_CFG2_SSM_MASK) &&
        !(s->regs[R_CR1] & R_CR1_SSI_MASK)) {
        /* Another master has selected this one: it gives way. */
        s->regs[R_CR1] &= ~R_CR1_SPE_MASK;
        s->regs[R_CFG2] &= ~R_CFG2_MASTER_MASK;
        stm32mp1_spi_disable(s);
        s->regs[R_SR] |= R_SR_MODF_MASK;
        return;
    }
    if (!was_enabled) {
        s->left = FIELD_EX32(s->regs[R_CR2], CR2, TSIZE);
        s->unwritten = s->left;
        stm32mp1_spi_crc_init(s);
    }
    what = stm32mp1_spi_unimplemented(s);
    if (what) {
        qemu_log_mask(LOG_UNIMP, "%s: %s is not modelled\n",
                      DEVICE(s)->canonical_path, what);
        s->regs[R_CR1] &= ~R_CR1_CSTART_MASK;
        return;
    }
    if (!stm32mp1_spi_is_master(s)) {
        /* it is its master that starts */
        s->regs[R_CR1] &= ~(R_CR1_CSTART_MASK | R_CR1_CSUSP_MASK);
        return;
    }
    if (!(s->regs[R_CR1] & R_CR1_CSTART_MASK)) {
        s->regs[R_CR1] &= ~R_CR1_CSUSP_MASK;
    }
    stm32mp1_spi_set_ss(s);
    stm32mp1_spi_begin_now(s);
}

/* What a slave shifts out: the next frame, or something in its place */
static uint32_t stm32mp1_spi_slave_out(STM32MP1SpiState *s)
{
    if (!stm32mp1_spi_transmits(s)) {
        return 0;
    }
    if (s->crc) {
        return s->regs[R_TXCRC];
    }
    if (fifo8_num_used(&s->tx) >= stm32mp1_spi_frame_bytes(s)) {
        s->last_out = stm32mp1_spi_next_out(s);
        return s->last_out;
    }
    s->regs[R_SR] |= R_SR_UDR_MASK;
    switch (FIELD_EX32(s->regs[R_CFG1], CFG1, UDRCFG)) {
    case UDR_RECEIVED:
        return s->last_in;
    case UDR_TRANSMITTED:
        return s->last_out;
    default:
        return s->regs[R_UDRDR];
    }
}

/* All bits of a slave's frame are through */
static void stm32mp1_spi_slave_end(STM32MP1SpiState *s)
{
    trace_stm32mp1_spi_frame(DEVICE(s)->canonical_path, s->shift_out,
                             s->shift_in);
    s->bit = 0;
    if (s->crc) {
        stm32mp1_spi_crc_end(s, s->shift_in);
        return;
    }
    s->last_in = s->shift_in;
    stm32mp1_spi_received(s, s->shift_in);
    if (stm32mp1_spi_counts(s)) {
        stm32mp1_spi_count(s);
    }
}

/* One bit each way */
static bool stm32mp1_spi_slave_bit(STM32MP1SpiState *s, bool in)
{
    unsigned bits = stm32mp1_spi_line_bits(s);
    unsigned place;
    bool out;

    if (s->bit == 0) {
        s->shift_out = stm32mp1_spi_slave_out(s);
        s->shift_in = 0;
    }
    place = s->regs[R_CFG2] & R_CFG2_LSBFRST_MASK ? s->bit :
                                                    bits - 1 - s->bit;
    out = extract32(s->shift_out, place, 1);
    s->shift_in |= (uint32_t)in << place;
    if (++s->bit == bits) {
        stm32mp1_spi_slave_end(s);
    }
    return out;
}

/* Does this slave take part, with its SS pin at this level? */
static bool stm32mp1_spi_slave_selected(STM32MP1SpiState *s, bool level)
{
    bool active_high = s->regs[R_CFG2] & R_CFG2_SSIOP_MASK;

    if (!stm32mp1_spi_enabled(s) || stm32mp1_spi_is_master(s) ||
        stm32mp1_spi_unimplemented(s) || !clock_is_enabled(s->clk) ||
        (stm32mp1_spi_counts(s) && s->left == 0 && !s->crc)) {
        return false;
    }
    return s->regs[R_CFG2] & R_CFG2_SSM_MASK ?
           !(s->regs[R_CR1] & R_CR1_SSI_MASK) : level == active_high;
}

static void stm32mp1_spi_write_txdr(STM32MP1SpiState *s, uint32_t value,
                                    unsigned size)
{
    unsigned frame = stm32mp1_spi_frame_bytes(s);

    if (!stm32mp1_spi_enabled(s) || size < frame ||
        stm32mp1_spi_room(s, &s->tx) < size) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: TXDR written while %s\n",
                      DEVICE(s)->canonical_path,
                      !stm32mp1_spi_enabled(s) ? "disabled" :
                      size < frame ? "frames are longer" : "full");
        return;
    }
    if (stm32mp1_spi_counts(s)) {
        /* What the transfer has no use for is not taken. */
        size = MIN(size, s->unwritten * frame);
        s->unwritten -= size / frame;
        if (size && s->unwritten == 0) {
            s->regs[R_SR] |= R_SR_TXTF_MASK;
            s->regs[R_IER] &= ~(R_SR_TXP_MASK | R_SR_DXP_MASK);
        }
    }
    stm32mp1_spi_push(&s->tx, value, size);
    stm32mp1_spi_begin_now(s);
}

static uint32_t stm32mp1_spi_read_rxdr(STM32MP1SpiState *s, unsigned size)
{
    uint32_t value;

    size = MIN(size, fifo8_num_used(&s->rx));
    value = stm32mp1_spi_pop(&s->rx, size);
    if (size) {
        stm32mp1_spi_begin_now(s);
        stm32mp1_spi_update(s);
    }
    return value;
}

static uint32_t stm32mp1_spi_read_reg(STM32MP1SpiState *s, hwaddr addr)
{
    for (unsigned i = 0; i < ARRAY_SIZE(stm32mp1_spi_ids); i++) {
        if (addr == stm32mp1_spi_ids[i].addr) {
            return stm32mp1_spi_ids[i].value;
        }
    }
    switch (addr) {
    case A_SR:
        return stm32mp1_spi_sr(s);
    case A_CR1:
    case A_CR2:
    case A_CFG1:
    case A_CFG2:
    case A_IER:
    case A_CRCPOLY:
    case A_TXCRC:
    case A_RXCRC:
    case A_UDRDR:
    case A_I2SCFGR:
        return s->regs[addr / 4];
    case A_IFCR:
    case A_TXDR:
        return 0;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        return 0;
    }
}

static uint64_t stm32mp1_spi_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1SpiState *s = opaque;
    hwaddr reg = QEMU_ALIGN_DOWN(addr, 4);
    uint32_t value;

    stm32mp1_spi_catch_up(s);
    if (reg == A_RXDR) {
        value = stm32mp1_spi_read_rxdr(s, size);
    } else {
        value = stm32mp1_spi_read_reg(s, reg) >> (8 * (addr - reg));
    }
    trace_stm32mp1_spi_read(DEVICE(s)->canonical_path, addr, value, size);
    return value;
}

/* Bits of a register that cannot be written now */
static uint32_t stm32mp1_spi_locked(STM32MP1SpiState *s, hwaddr addr)
{
    bool enabled = stm32mp1_spi_enabled(s);

    switch (addr) {
    case A_CFG1:
        return (enabled ? ~CFG1_DMA_MASK : 0) |
               (s->data_size == 16 ? 0x10 : 0);
    case A_CFG2:
        return enabled || (s->regs[R_CR1] & R_CR1_IOLOCK_MASK) ? ~0u : 0;
    case A_CR2:
        return enabled ? R_CR2_TSIZE_MASK : 0;
    case A_CRCPOLY:
    case A_UDRDR:
    case A_I2SCFGR:
        return enabled ? ~0u : 0;
    default:
        return 0;
    }
}

static void stm32mp1_spi_write(void *opaque, hwaddr addr, uint64_t val64,
                               unsigned size)
{
    STM32MP1SpiState *s = opaque;
    hwaddr reg = QEMU_ALIGN_DOWN(addr, 4);
    unsigned shift = 8 * (addr - reg);
    uint32_t lanes = MAKE_64BIT_MASK(shift, 8 * size);
    uint32_t value = (uint32_t)val64 << shift;
    uint32_t changes;

    stm32mp1_spi_catch_up(s);
    trace_stm32mp1_spi_write(DEVICE(s)->canonical_path, addr, val64, size);
    switch (reg) {
    case A_TXDR:
        stm32mp1_spi_write_txdr(s, val64, size);
        break;
    case A_IFCR:
        s->regs[R_SR] &= ~(value & IFCR_MASK);
        break;
    case A_CR1:
        value = (value & lanes) | (s->regs[R_CR1] & ~lanes);
        stm32mp1_spi_write_cr1(s, value & stm32mp1_spi_mask[R_CR1]);
        break;
    case A_CR2:
    case A_CFG1:
    case A_CFG2:
    case A_IER:
    case A_CRCPOLY:
    case A_UDRDR:
    case A_I2SCFGR:
        changes = lanes & stm32mp1_spi_mask[reg / 4] &
                  ~stm32mp1_spi_locked(s, reg);
        s->regs[reg / 4] = (value & changes) | (s->regs[reg / 4] & ~changes);
        if (reg == A_CFG1 && (value & changes & R_CFG1_CRCEN_MASK)) {
            stm32mp1_spi_crc_init(s);
        }
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: nothing to write at 0x%" HWADDR_PRIx "\n",
                      DEVICE(s)->canonical_path, addr);
        return;
    }
    stm32mp1_spi_update(s);
}

static const MemoryRegionOps stm32mp1_spi_ops = {
    .read = stm32mp1_spi_read,
    .write = stm32mp1_spi_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

static void stm32mp1_spi_reset_enter(Object *obj, ResetType type)
{
    STM32MP1SpiState *s = STM32MP1_SPI(obj);

    memset(s->regs, 0, sizeof(s->regs));
    s->regs[R_CFG1] = CFG1_RESET;
    s->regs[R_CRCPOLY] = CRCPOLY_RESET;
    timer_del(&s->timer);
    s->shifting = false;
    s->left = 0;
    s->unwritten = 0;
    s->crc = false;
    s->unit = 8;
    s->bit = 0;
    s->shift_out = s->shift_in = 0;
    s->last_out = s->last_in = 0;
    fifo8_reset(&s->tx);
    fifo8_reset(&s->rx);
}

static void stm32mp1_spi_reset_hold(Object *obj, ResetType type)
{
    STM32MP1SpiState *s = STM32MP1_SPI(obj);

    /* Pull-ups hold pins that nobody drives. */
    qemu_irq_raise(s->ss);
    for (unsigned i = 0; i < STM32MP1_SPI_NUM_CS; i++) {
        stm32mp1_spi_select(s, i, 1);
    }
    stm32mp1_spi_update(s);
}

static int stm32mp1_spi_post_load(void *opaque, int version_id)
{
    STM32MP1SpiState *s = opaque;

    if (stm32mp1_spi_room(s, &s->tx) > STM32MP1_SPI_FIFO_SIZE ||
        stm32mp1_spi_room(s, &s->rx) > STM32MP1_SPI_FIFO_SIZE ||
        stm32mp1_spi_frame_bits(s) > s->data_size ||
        s->left > 0xffff || s->unwritten > s->left ||
        (s->crc && s->left) || s->unit == 0 || s->unit > 32 ||
        s->bit >= stm32mp1_spi_line_bits(s) ||
        (s->shifting && stm32mp1_spi_counts(s) && s->left == 0 && !s->crc)) {
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_spi = {
    .name = TYPE_STM32MP1_SPI,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = stm32mp1_spi_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(regs, STM32MP1SpiState, STM32MP1_SPI_NUM_REGS),
        VMSTATE_FIFO8(tx, STM32MP1SpiState),
        VMSTATE_FIFO8(rx, STM32MP1SpiState),
        VMSTATE_TIMER(timer, STM32MP1SpiState),
        VMSTATE_BOOL(shifting, STM32MP1SpiState),
        VMSTATE_INT64(end_ns, STM32MP1SpiState),
        VMSTATE_UINT32(left, STM32MP1SpiState),
        VMSTATE_UINT32(unwritten, STM32MP1SpiState),
        VMSTATE_BOOL(crc, STM32MP1SpiState),
        VMSTATE_UINT8(unit, STM32MP1SpiState),
        VMSTATE_UINT8(bit, STM32MP1SpiState),
        VMSTATE_UINT32(shift_out, STM32MP1SpiState),
        VMSTATE_UINT32(shift_in, STM32MP1SpiState),
        VMSTATE_UINT32(last_in, STM32MP1SpiState),
        VMSTATE_UINT32(last_out, STM32MP1SpiState),
        VMSTATE_CLOCK(clk, STM32MP1SpiState),
        VMSTATE_END_OF_LIST()
    },
};

static const Property stm32mp1_spi_properties[] = {
    DEFINE_PROP_STRING("bus-name", STM32MP1SpiState, bus_name),
    DEFINE_PROP_UINT8("data-size", STM32MP1SpiState, data_size, 32),
};

static void stm32mp1_spi_init(Object *obj)
{
    STM32MP1SpiState *s = STM32MP1_SPI(obj);
    DeviceState *dev = DEVICE(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_spi_ops, s,
                          TYPE_STM32MP1_SPI, 0x400);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_in_named(dev, stm32mp1_spi_set_cs, "cs",
                            STM32MP1_SPI_NUM_CS);
    qdev_init_gpio_out_named(dev, &s->ss, "ss", 1);
    qdev_init_gpio_out_named(dev, &s->dma_rx, "dma-rx", 1);
    qdev_init_gpio_out_named(dev, &s->dma_tx, "dma-tx", 1);
    s->clk = qdev_init_clock_in(dev, "clk", stm32mp1_spi_clock_update, s,
                                ClockUpdate);
    fifo8_create(&s->tx, STM32MP1_SPI_FIFO_SIZE);
    fifo8_create(&s->rx, STM32MP1_SPI_FIFO_SIZE);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, stm32mp1_spi_timer, s);
}

static void stm32mp1_spi_finalize(Object *obj)
{
    STM32MP1SpiState *s = STM32MP1_SPI(obj);

    timer_del(&s->timer);
    fifo8_destroy(&s->tx);
    fifo8_destroy(&s->rx);
}

static void stm32mp1_spi_realize(DeviceState *dev, Error **errp)
{
    STM32MP1SpiState *s = STM32MP1_SPI(dev);

    if (s->data_size != 16 && s->data_size != 32) {
        error_setg(errp, "data-size must be 16 or 32");
        return;
    }
    s->bus = ssi_create_bus(dev, s->bus_name ?: "ssi");
}

static void stm32mp1_spi_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 SPI";
    dc->realize = stm32mp1_spi_realize;
    dc->vmsd = &vmstate_stm32mp1_spi;
    device_class_set_props(dc, stm32mp1_spi_properties);
    rc->phases.enter = stm32mp1_spi_reset_enter;
    rc->phases.hold = stm32mp1_spi_reset_hold;
}

/* What the master shifts out, and what it gets for it */
static uint32_t stm32mp1_spi_wire_transfer(SSIPeripheral *dev, uint32_t value)
{
    STM32MP1SpiWireState *w = STM32MP1_SPI_WIRE(dev);
    STM32MP1SpiState *s = w->controller;
    STM32MP1SpiState *master =
        STM32MP1_SPI(qdev_get_parent_bus(DEVICE(w))->parent);
    uint32_t in = 0;

    for (unsigned i = 0; i < master->unit; i++) {
        bool bit = extract32(value, master->unit - 1 - i, 1);

        in <<= 1;
        /* it may be at its end in the middle of what its master sends */
        if (stm32mp1_spi_slave_selected(s, w->level)) {
            in |= stm32mp1_spi_slave_bit(s, bit);
        }
    }
    stm32mp1_spi_update(s);
    return in;
}

/* The slave's SS pin: whoever is not selected any more begins a frame anew. */
static void stm32mp1_spi_wire_cs(void *opaque, int n, int level)
{
    STM32MP1SpiWireState *w = opaque;

    w->level = level;
    if (!stm32mp1_spi_slave_selected(w->controller, w->level)) {
        w->controller->bit = 0;
    }
}

static void stm32mp1_spi_wire_realize(SSIPeripheral *dev, Error **errp)
{
    STM32MP1SpiWireState *w = STM32MP1_SPI_WIRE(dev);
    DeviceState *master = qdev_get_parent_bus(DEVICE(dev))->parent;

    if (!object_dynamic_cast(OBJECT(master), TYPE_STM32MP1_SPI)) {
        error_setg(errp, "'bus' has to be one of a " TYPE_STM32MP1_SPI);
        return;
    }
    if (!w->controller) {
        error_setg(errp, "'controller' has to be set");
        return;
    }
    if (OBJECT(w->controller) == OBJECT(master)) {
        error_setg(errp, "'controller' is the one of 'bus'");
        return;
    }
    w->level = true;
    qdev_init_gpio_in_named(DEVICE(dev), stm32mp1_spi_wire_cs, SSI_GPIO_CS, 1);
}

static const VMStateDescription vmstate_stm32mp1_spi_wire = {
    .name = TYPE_STM32MP1_SPI_WIRE,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_SSI_PERIPHERAL(parent_obj, STM32MP1SpiWireState),
        VMSTATE_BOOL(level, STM32MP1SpiWireState),
        VMSTATE_END_OF_LIST()
    },
};

static const Property stm32mp1_spi_wire_properties[] = {
    DEFINE_PROP_LINK("controller", STM32MP1SpiWireState, controller,
                     TYPE_STM32MP1_SPI, STM32MP1SpiState *),
};

static void stm32mp1_spi_wire_class_init(ObjectClass *klass,
                                         ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    SSIPeripheralClass *spc = SSI_PERIPHERAL_CLASS(klass);

    dc->desc = "Wires from an SPI bus to a controller that is a slave there";
    dc->vmsd = &vmstate_stm32mp1_spi_wire;
    dc->hotpluggable = false;
    device_class_set_props(dc, stm32mp1_spi_wire_properties);
    spc->realize = stm32mp1_spi_wire_realize;
    /* a slave that software selects does not look at the pin */
    spc->transfer_raw = stm32mp1_spi_wire_transfer;
    spc->cs_polarity = SSI_CS_LOW;
}

static const TypeInfo stm32mp1_spi_types[] = {
    {
        .name = TYPE_STM32MP1_SPI_WIRE,
        .parent = TYPE_SSI_PERIPHERAL,
        .instance_size = sizeof(STM32MP1SpiWireState),
        .class_init = stm32mp1_spi_wire_class_init,
    },
    {
        .name = TYPE_STM32MP1_SPI,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1SpiState),
        .instance_init = stm32mp1_spi_init,
        .instance_finalize = stm32mp1_spi_finalize,
        .class_init = stm32mp1_spi_class_init,
    },
};

DEFINE_TYPES(stm32mp1_spi_types)
