/*
 * STM32MP1 USART/UART with FIFOs
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Universal synchronous/asynchronous receiver transmitter".
 *
 * Where this model differs from silicon:
 *  - Characters take no time to reach the character device, and TXFNF never
 *    waits for the line. What follows them is timed from BRR, PRESC and the
 *    kernel clock: silence (IDLE, receiver timeout), and TC, which comes when
 *    silicon would be done with what it can have in its FIFO.
 *  - There is never an overrun. Input that does not fit, or that arrives while
 *    the receiver is disabled, waits in the character device.
 *  - Synchronous, LIN, IrDA, smartcard and half-duplex modes, mute mode,
 *    hardware flow control and automatic baud rate are storage only.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/char/stm32mp1_usart.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(CR1, 0x00)
    FIELD(CR1, UE, 0, 1)
    FIELD(CR1, RE, 2, 1)
    FIELD(CR1, TE, 3, 1)
    FIELD(CR1, IDLEIE, 4, 1)
    FIELD(CR1, RXNEIE, 5, 1)
    FIELD(CR1, TCIE, 6, 1)
    FIELD(CR1, TXEIE, 7, 1)
    FIELD(CR1, PEIE, 8, 1)
    FIELD(CR1, PCE, 10, 1)
    FIELD(CR1, M0, 12, 1)
    FIELD(CR1, MME, 13, 1)
    FIELD(CR1, CMIE, 14, 1)
    FIELD(CR1, OVER8, 15, 1)
    FIELD(CR1, RTOIE, 26, 1)
    FIELD(CR1, M1, 28, 1)
    FIELD(CR1, FIFOEN, 29, 1)
    FIELD(CR1, TXFEIE, 30, 1)
    FIELD(CR1, RXFFIE, 31, 1)
REG32(CR2, 0x04)
    FIELD(CR2, SLVEN, 0, 1)
    FIELD(CR2, CLKEN, 11, 1)
    FIELD(CR2, STOP, 12, 2)
    FIELD(CR2, LINEN, 14, 1)
    FIELD(CR2, ABREN, 20, 1)
    FIELD(CR2, RTOEN, 23, 1)
    FIELD(CR2, ADD, 24, 8)
REG32(CR3, 0x08)
    FIELD(CR3, EIE, 0, 1)
    FIELD(CR3, IREN, 1, 1)
    FIELD(CR3, HDSEL, 3, 1)
    FIELD(CR3, SCEN, 5, 1)
    FIELD(CR3, DMAR, 6, 1)
    FIELD(CR3, DMAT, 7, 1)
    FIELD(CR3, TXFTIE, 23, 1)
    FIELD(CR3, RXFTCFG, 25, 3)
    FIELD(CR3, RXFTIE, 28, 1)
    FIELD(CR3, TXFTCFG, 29, 3)
REG32(BRR, 0x0c)
REG32(GTPR, 0x10)
REG32(RTOR, 0x14)
    FIELD(RTOR, RTO, 0, 24)
REG32(RQR, 0x18)
    FIELD(RQR, RXFRQ, 3, 1)
    FIELD(RQR, TXFRQ, 4, 1)
REG32(ISR, 0x1c)
    FIELD(ISR, PE, 0, 1)
    FIELD(ISR, FE, 1, 1)
    FIELD(ISR, NE, 2, 1)
    FIELD(ISR, ORE, 3, 1)
    FIELD(ISR, IDLE, 4, 1)
    FIELD(ISR, RXFNE, 5, 1)
    FIELD(ISR, TC, 6, 1)
    FIELD(ISR, TXFNF, 7, 1)
    FIELD(ISR, RTOF, 11, 1)
    FIELD(ISR, CMF, 17, 1)
    FIELD(ISR, TEACK, 21, 1)
    FIELD(ISR, REACK, 22, 1)
    FIELD(ISR, TXFE, 23, 1)
    FIELD(ISR, RXFF, 24, 1)
    FIELD(ISR, RXFT, 26, 1)
    FIELD(ISR, TXFT, 27, 1)
REG32(ICR, 0x20)
REG32(RDR, 0x24)
REG32(TDR, 0x28)
REG32(PRESC, 0x2c)
REG32(HWCFGR2, 0x3ec)
REG32(HWCFGR1, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define CR2_MASK    0xffffff79
#define CR3_MASK    0xfffeffff
#define CR1_UNIMP   R_CR1_MME_MASK
#define CR2_UNIMP   (R_CR2_SLVEN_MASK | R_CR2_CLKEN_MASK | R_CR2_LINEN_MASK | \
                     R_CR2_ABREN_MASK)
#define CR3_UNIMP   (R_CR3_IREN_MASK | R_CR3_HDSEL_MASK | R_CR3_SCEN_MASK)
#define RQR_UNIMP   0x00000007
/* PE FE NE ORE IDLE TC TCBGT LBD CTS RTO EOB UDR CM WU */
#define ICR_MASK    0x00123bdf

#define CR1_BOOT    (R_CR1_UE_MASK | R_CR1_RE_MASK | R_CR1_TE_MASK | \
                     R_CR1_FIFOEN_MASK)
#define BRR_BOOT    0x22c   /* 64 MHz / 115200 */

#define HWCFGR1_VALUE   0x00000014
#define VERR_VALUE      0x00000023
#define IPIDR_VALUE     0x00130003
#define SIDR_VALUE      0xa3c5dd01

/* A bit at 115200 baud, for when no baud rate can be computed. */
#define DEFAULT_BIT_NS  8681

/* An entry of rx_fifo: the data as in RDR, and what goes to ISR with it */
#define RX_DATA_MASK    0x01ff
#define RX_FE           0x0200

/*
 * RXFTCFG and TXFTCFG in characters: 1/8, 1/4, 1/2, 3/4, 7/8, all. The last
 * two values are reserved.
 */
static const uint8_t fifo_threshold[8] = { 2, 4, 8, 12, 14, 16, 16, 16 };

/* The interrupt sources that have a flag in ISR and an enable bit each. */
static const struct {
    uint32_t isr;
    uint32_t cr1;
    uint32_t cr3;
} irq_source[] = {
    { R_ISR_PE_MASK, R_CR1_PEIE_MASK, 0 },
    { R_ISR_FE_MASK | R_ISR_NE_MASK, 0, R_CR3_EIE_MASK },
    { R_ISR_ORE_MASK, R_CR1_RXNEIE_MASK, R_CR3_EIE_MASK },
    { R_ISR_IDLE_MASK, R_CR1_IDLEIE_MASK, 0 },
    { R_ISR_RXFNE_MASK, R_CR1_RXNEIE_MASK, 0 },
    { R_ISR_TC_MASK, R_CR1_TCIE_MASK, 0 },
    { R_ISR_TXFNF_MASK, R_CR1_TXEIE_MASK, 0 },
    { R_ISR_RTOF_MASK, R_CR1_RTOIE_MASK, 0 },
    { R_ISR_CMF_MASK, R_CR1_CMIE_MASK, 0 },
    { R_ISR_TXFE_MASK, R_CR1_TXFEIE_MASK, 0 },
    { R_ISR_RXFF_MASK, R_CR1_RXFFIE_MASK, 0 },
    { R_ISR_RXFT_MASK, 0, R_CR3_RXFTIE_MASK },
    { R_ISR_TXFT_MASK, 0, R_CR3_TXFTIE_MASK },
};

static bool rx_enabled(STM32MP1UsartState *s)
{
    return (s->cr1 & R_CR1_UE_MASK) && (s->cr1 & R_CR1_RE_MASK) &&
           clock_is_enabled(s->clk);
}

static bool tx_enabled(STM32MP1UsartState *s)
{
    return (s->cr1 & R_CR1_UE_MASK) && (s->cr1 & R_CR1_TE_MASK);
}

static unsigned fifo_depth(STM32MP1UsartState *s)
{
    return s->cr1 & R_CR1_FIFOEN_MASK ? STM32MP1_USART_FIFO_SIZE : 1;
}

static unsigned tx_free(STM32MP1UsartState *s)
{
    return fifo_depth(s) - fifo8_num_used(&s->tx_fifo);
}

/* Data bits a character, parity excluded. */
static unsigned data_bits(STM32MP1UsartState *s)
{
    unsigned bits = s->cr1 & R_CR1_M1_MASK ? 7 : s->cr1 & R_CR1_M0_MASK ? 9 : 8;

    return bits - (s->cr1 & R_CR1_PCE_MASK ? 1 : 0);
}

static uint32_t stm32mp1_usart_isr(STM32MP1UsartState *s)
{
    uint32_t isr = s->isr;
    unsigned depth = fifo_depth(s);

    if (tx_enabled(s)) {
        isr |= R_ISR_TEACK_MASK;
    }
    if (rx_enabled(s)) {
        isr |= R_ISR_REACK_MASK;
    }
    if (s->rx_count) {
        isr |= R_ISR_RXFNE_MASK;
    }
    if (tx_free(s)) {
        isr |= R_ISR_TXFNF_MASK;
    }
    if (s->cr1 & R_CR1_FIFOEN_MASK) {
        if (tx_free(s) == depth) {
            isr |= R_ISR_TXFE_MASK;
        }
        if (s->rx_count == depth) {
            isr |= R_ISR_RXFF_MASK;
        }
        if (s->rx_count >= fifo_threshold[FIELD_EX32(s->cr3, CR3, RXFTCFG)]) {
            isr |= R_ISR_RXFT_MASK;
        }
        if (tx_free(s) >= fifo_threshold[FIELD_EX32(s->cr3, CR3, TXFTCFG)]) {
            isr |= R_ISR_TXFT_MASK;
        }
    }
    return isr;
}

static int64_t usart_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Set TC if the last frame has ended by now. */
static void stm32mp1_usart_settle_tc(STM32MP1UsartState *s)
{
    if (s->tc_due && usart_now() >= s->tx_until_ns) {
        s->tc_due = false;
        s->isr |= R_ISR_TC_MASK;
    }
}

/* Nobody but its interrupt needs to be told that TC is set. */
static void stm32mp1_usart_update_tc(STM32MP1UsartState *s)
{
    bool wanted = (s->cr1 & R_CR1_UE_MASK) && (s->cr1 & R_CR1_TCIE_MASK);

    if (wanted) {
        stm32mp1_usart_settle_tc(s);
    }
    if (wanted && s->tc_due) {
        timer_mod(&s->tx_timer, s->tx_until_ns);
    } else {
        timer_del(&s->tx_timer);
    }
}

static void stm32mp1_usart_update_irq(STM32MP1UsartState *s)
{
    uint32_t isr;
    bool level = false;

    stm32mp1_usart_update_tc(s);
    isr = stm32mp1_usart_isr(s);
    if (s->cr1 & R_CR1_UE_MASK) {
        for (unsigned i = 0; i < ARRAY_SIZE(irq_source) && !level; i++) {
            level = (isr & irq_source[i].isr) &&
                    ((s->cr1 & irq_source[i].cr1) ||
                     (s->cr3 & irq_source[i].cr3));
        }
    }
    trace_stm32mp1_usart_irq(DEVICE(s)->canonical_path, isr, level);
    qemu_set_irq(s->irq, level);
    qemu_set_irq(s->dma_rx, rx_enabled(s) && (s->cr3 & R_CR3_DMAR_MASK) &&
                            (isr & R_ISR_RXFNE_MASK));
    qemu_set_irq(s->dma_tx, tx_enabled(s) && (s->cr3 & R_CR3_DMAT_MASK) &&
                            (isr & R_ISR_TXFNF_MASK));
}

static int64_t bit_ns(STM32MP1UsartState *s)
{
    static const uint16_t presc_div[16] = {
        1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256, 256, 256, 256, 256
    };
    uint64_t hz = clock_get_hz(s->clk);
    uint64_t div = s->brr;

    if (s->cr1 & R_CR1_OVER8_MASK) {
        /* BRR[2:0] is USARTDIV[3:0] >> 1, and a bit is USARTDIV / 2 clocks */
        div = (div >> 4) * 8 + (div & 7);
    }
    if (!hz || div < 8) {
        return DEFAULT_BIT_NS;
    }
    return MIN(muldiv64(div * presc_div[s->presc], NANOSECONDS_PER_SECOND, hz),
               NANOSECONDS_PER_SECOND);
}

/* Start bit, word and stop bits; a stop bit may be a half or one and a half. */
static int64_t frame_ns(STM32MP1UsartState *s)
{
    static const uint8_t stop_halves[4] = { 2, 1, 4, 3 };
    unsigned word = data_bits(s) + (s->cr1 & R_CR1_PCE_MASK ? 1 : 0);
    unsigned halves = 2 * (1 + word) +
                      stop_halves[FIELD_EX32(s->cr2, CR2, STOP)];

    return bit_ns(s) * halves / 2;
}

/*
 * @frames more go over the line. Software that waits for TXFNF as it should
 * never has more than the FIFO and the shift register before it.
 */
static void stm32mp1_usart_occupy(STM32MP1UsartState *s, unsigned frames)
{
    int64_t now = usart_now();
    int64_t frame = frame_ns(s);

    s->tx_until_ns = MIN(MAX(s->tx_until_ns, now) + frames * frame,
                         now + (fifo_depth(s) + 1) * frame);
    s->tc_due = true;
}

static void stm32mp1_usart_tx_timer(void *opaque)
{
    stm32mp1_usart_update_irq(opaque);
}

/* Raise what has waited for silence long enough, come back for the rest. */
static void stm32mp1_usart_update_silence(STM32MP1UsartState *s)
{
    int64_t next = INT64_MAX;

    if (clock_is_enabled(s->clk) && (s->idle_armed || s->rto_armed)) {
        int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
        int64_t bit = bit_ns(s);
        int64_t idle = s->rx_last_ns + bit * (data_bits(s) + 2);
        int64_t rto = s->rto_from_ns + bit * FIELD_EX32(s->rtor, RTOR, RTO);

        if (s->idle_armed && now >= idle) {
            s->idle_armed = false;
            s->isr |= R_ISR_IDLE_MASK;
        } else if (s->idle_armed) {
            next = idle;
        }
        if (s->rto_armed && (s->cr2 & R_CR2_RTOEN_MASK)) {
            if (now >= rto) {
                s->rto_armed = false;
                if (s->rx_count || !s->rto_again) {
                    s->isr |= R_ISR_RTOF_MASK;
                    trace_stm32mp1_usart_timeout(DEVICE(s)->canonical_path,
                                                 s->rx_count);
                }
            } else {
                next = MIN(next, rto);
            }
        }
    }
    if (next == INT64_MAX) {
        timer_del(&s->rx_timer);
    } else {
        timer_mod(&s->rx_timer, next);
    }
}

static void stm32mp1_usart_arm_timeout(STM32MP1UsartState *s, bool again)
{
    s->rto_from_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    s->rto_armed = true;
    s->rto_again = again;
}

static void stm32mp1_usart_rx_timer(void *opaque)
{
    STM32MP1UsartState *s = opaque;

    stm32mp1_usart_update_silence(s);
    stm32mp1_usart_update_irq(s);
}

static int stm32mp1_usart_can_receive(void *opaque)
{
    STM32MP1UsartState *s = opaque;
    int room = rx_enabled(s) ? fifo_depth(s) - s->rx_count : 0;

    s->rx_starved = room == 0;
    return room;
}

/* Tell a character device that was refused before that there is room now. */
static void stm32mp1_usart_accept_input(STM32MP1UsartState *s)
{
    if (s->rx_starved && rx_enabled(s) && s->rx_count < fifo_depth(s)) {
        s->rx_starved = false;
        qemu_chr_fe_accept_input(&s->chr);
    }
}

/* The error flags of a character show when it becomes the next to be read. */
static void stm32mp1_usart_rx_show_flags(STM32MP1UsartState *s)
{
    if (s->rx_count && (s->rx_fifo[s->rx_head] & RX_FE)) {
        s->isr |= R_ISR_FE_MASK;
    }
}

static void stm32mp1_usart_rx_push(STM32MP1UsartState *s, uint16_t entry)
{
    unsigned tail = (s->rx_head + s->rx_count) % STM32MP1_USART_FIFO_SIZE;

    s->rx_fifo[tail] = entry;
    s->rx_count++;
    if (s->rx_count == 1) {
        stm32mp1_usart_rx_show_flags(s);
    }
    if ((entry & RX_DATA_MASK) == FIELD_EX32(s->cr2, CR2, ADD)) {
        s->isr |= R_ISR_CMF_MASK;
    }
}

static void stm32mp1_usart_rx_done(STM32MP1UsartState *s)
{
    s->rx_last_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    s->idle_armed = true;
    stm32mp1_usart_arm_timeout(s, false);
    stm32mp1_usart_update_silence(s);
    stm32mp1_usart_update_irq(s);
}

static void stm32mp1_usart_receive(void *opaque, const uint8_t *buf, int size)
{
    STM32MP1UsartState *s = opaque;
    uint16_t mask = MAKE_64BIT_MASK(0, data_bits(s));
    int room = stm32mp1_usart_can_receive(s);

    if (size > room) {
        /* only the gdb stub and the like do not ask first */
        qemu_log_mask(LOG_GUEST_ERROR, "%s: %d characters lost\n", __func__,
                      size - room);
        size = room;
    }
    if (size <= 0) {
        return;
    }
    for (int i = 0; i < size; i++) {
        stm32mp1_usart_rx_push(s, buf[i] & mask);
    }
    trace_stm32mp1_usart_receive(DEVICE(s)->canonical_path, size, s->rx_count);
    stm32mp1_usart_rx_done(s);
}

static void stm32mp1_usart_event(void *opaque, QEMUChrEvent event)
{
    STM32MP1UsartState *s = opaque;

    if (event == CHR_EVENT_BREAK && stm32mp1_usart_can_receive(s) > 0) {
        trace_stm32mp1_usart_break(DEVICE(s)->canonical_path);
        stm32mp1_usart_rx_push(s, RX_FE);
        stm32mp1_usart_rx_done(s);
    }
}

static uint32_t stm32mp1_usart_rx_pop(STM32MP1UsartState *s)
{
    if (s->rx_count) {
        s->rdr = s->rx_fifo[s->rx_head] & RX_DATA_MASK;
        s->rx_head = (s->rx_head + 1) % STM32MP1_USART_FIFO_SIZE;
        s->rx_count--;
        stm32mp1_usart_rx_show_flags(s);
        stm32mp1_usart_accept_input(s);
        stm32mp1_usart_update_irq(s);
    }
    return s->rdr;
}

static void stm32mp1_usart_rx_flush(STM32MP1UsartState *s)
{
    s->rx_head = 0;
    s->rx_count = 0;
}

static gboolean stm32mp1_usart_tx_ready(void *do_not_use, GIOCondition cond,
                                        void *opaque);

/* Hand over as much as the character device takes now. */
static void stm32mp1_usart_transmit(STM32MP1UsartState *s)
{
    unsigned frames = 0;

    if (!tx_enabled(s) || s->tx_watch || fifo8_is_empty(&s->tx_fifo)) {
        return;
    }
    while (!fifo8_is_empty(&s->tx_fifo)) {
        uint32_t len;
        const uint8_t *buf = fifo8_peek_bufptr(&s->tx_fifo,
                                               fifo8_num_used(&s->tx_fifo),
                                               &len);
        int done = qemu_chr_fe_write(&s->chr, buf, len);

        if (done <= 0) {
            s->tx_watch = qemu_chr_fe_add_watch(&s->chr, G_IO_OUT | G_IO_HUP,
                                                stm32mp1_usart_tx_ready, s);
            trace_stm32mp1_usart_tx_blocked(DEVICE(s)->canonical_path,
                                            fifo8_num_used(&s->tx_fifo));
            if (s->tx_watch) {
                return;
            }
            /* nobody can tell when there is room again: nobody listens */
            done = len;
        }
        fifo8_drop(&s->tx_fifo, done);
        frames += done;
    }
    stm32mp1_usart_occupy(s, frames);
}

static gboolean stm32mp1_usart_tx_ready(void *do_not_use, GIOCondition cond,
                                        void *opaque)
{
    STM32MP1UsartState *s = opaque;

    s->tx_watch = 0;
    stm32mp1_usart_transmit(s);
    stm32mp1_usart_update_irq(s);
    return G_SOURCE_REMOVE;
}

static void stm32mp1_usart_clock_update(void *opaque, ClockEvent event)
{
    STM32MP1UsartState *s = opaque;

    stm32mp1_usart_update_silence(s);
    stm32mp1_usart_accept_input(s);
    stm32mp1_usart_update_irq(s);
}

static void stm32mp1_usart_tx_flush(STM32MP1UsartState *s)
{
    if (!fifo8_is_empty(&s->tx_fifo)) {
        /* the character that is under way is the last one */
        s->tx_until_ns = 0;
        stm32mp1_usart_occupy(s, 1);
    }
    fifo8_reset(&s->tx_fifo);
    if (s->tx_watch) {
        g_source_remove(s->tx_watch);
        s->tx_watch = 0;
    }
}

static void stm32mp1_usart_tx_push(STM32MP1UsartState *s, uint32_t value)
{
    if (!(s->cr1 & R_CR1_UE_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: TDR written while disabled\n",
                      __func__);
        return;
    }
    if (!tx_free(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: TDR written while full\n",
                      __func__);
        return;
    }
    /* nine data bits do not fit a character device: the first eight go */
    fifo8_push(&s->tx_fifo, value & MAKE_64BIT_MASK(0, MIN(data_bits(s), 8)));
    s->isr &= ~R_ISR_TC_MASK;
    s->tc_due = false;
    stm32mp1_usart_transmit(s);
}

/* As after reset: nothing is sent, no flag but TC is set. */
static void stm32mp1_usart_tx_idle(STM32MP1UsartState *s)
{
    s->isr = R_ISR_TC_MASK;
    s->tc_due = false;
    s->tx_until_ns = 0;
}

static void stm32mp1_usart_write_cr1(STM32MP1UsartState *s, uint32_t value)
{
    bool was_enabled = tx_enabled(s);

    if ((s->cr1 & R_CR1_UE_MASK) && (value & R_CR1_UE_MASK) &&
        ((s->cr1 ^ value) & R_CR1_FIFOEN_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: FIFOEN can only change while UE is 0\n", __func__);
        value ^= R_CR1_FIFOEN_MASK;
    }
    s->cr1 = value;
    if (!(value & R_CR1_UE_MASK)) {
        /* "all ISR status flags are reset", and what was under way is lost */
        stm32mp1_usart_rx_flush(s);
        stm32mp1_usart_tx_flush(s);
        stm32mp1_usart_tx_idle(s);
        s->idle_armed = false;
        s->rto_armed = false;
    }
    if (!was_enabled && tx_enabled(s)) {
        /* a transmitter that is switched on sends an idle frame first */
        stm32mp1_usart_occupy(s, 1);
    }
    stm32mp1_usart_update_silence(s);
    stm32mp1_usart_transmit(s);
    stm32mp1_usart_accept_input(s);
}

static void stm32mp1_usart_write_rqr(STM32MP1UsartState *s, uint32_t value)
{
    if (value & R_RQR_RXFRQ_MASK) {
        stm32mp1_usart_rx_flush(s);
        stm32mp1_usart_accept_input(s);
    }
    if (value & R_RQR_TXFRQ_MASK) {
        stm32mp1_usart_tx_flush(s);
    }
}

/*
 * A driver reads ISR, clears RTOF and empties the FIFO if ISR said that there
 * is something in it. A character that comes between the two, together with
 * its timeout, would then stay in the FIFO. Silicon has that gap, too, but a
 * core would have to stop for ten bit times in it; here the workstation only
 * has to run something else. So the timeout comes again while there is
 * something to read.
 */
static void stm32mp1_usart_write_icr(STM32MP1UsartState *s, uint32_t value)
{
    stm32mp1_usart_settle_tc(s);
    if ((s->isr & value & R_ISR_RTOF_MASK) && s->rx_count && !s->rto_armed) {
        stm32mp1_usart_arm_timeout(s, true);
    }
    s->isr &= ~(value & ICR_MASK);
    stm32mp1_usart_update_silence(s);
}

static void unimp_bits(const char *reg, uint32_t bits)
{
    if (bits) {
        qemu_log_mask(LOG_UNIMP, "stm32mp1_usart: %s: bits 0x%08x have no "
                      "effect\n", reg, bits);
    }
}

static uint64_t stm32mp1_usart_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1UsartState *s = opaque;
    uint32_t value = 0;

    switch (addr) {
    case A_CR1:
        value = s->cr1;
        break;
    case A_CR2:
        value = s->cr2;
        break;
    case A_CR3:
        value = s->cr3;
        break;
    case A_BRR:
        value = s->brr;
        break;
    case A_GTPR:
        value = s->gtpr;
        break;
    case A_RTOR:
        value = s->rtor;
        break;
    case A_RQR:
    case A_ICR:
    case A_TDR:
    case A_HWCFGR2:
        break;
    case A_ISR:
        stm32mp1_usart_settle_tc(s);
        value = stm32mp1_usart_isr(s);
        break;
    case A_RDR:
        value = stm32mp1_usart_rx_pop(s);
        break;
    case A_PRESC:
        value = s->presc;
        break;
    case A_HWCFGR1:
        value = HWCFGR1_VALUE;
        break;
    case A_VERR:
        value = VERR_VALUE;
        break;
    case A_IPIDR:
        value = IPIDR_VALUE;
        break;
    case A_SIDR:
        value = SIDR_VALUE;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad offset 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
        break;
    }
    trace_stm32mp1_usart_read(DEVICE(s)->canonical_path, addr, value, size);
    return value;
}

static void stm32mp1_usart_write(void *opaque, hwaddr addr, uint64_t val64,
                                 unsigned size)
{
    STM32MP1UsartState *s = opaque;
    uint32_t value = val64;

    trace_stm32mp1_usart_write(DEVICE(s)->canonical_path, addr, value, size);
    switch (addr) {
    case A_CR1:
        unimp_bits("CR1", value & CR1_UNIMP);
        stm32mp1_usart_write_cr1(s, value);
        break;
    case A_CR2:
        unimp_bits("CR2", value & CR2_UNIMP);
        s->cr2 = value & CR2_MASK;
        stm32mp1_usart_update_silence(s);
        break;
    case A_CR3:
        unimp_bits("CR3", value & CR3_UNIMP);
        s->cr3 = value & CR3_MASK;
        break;
    case A_BRR:
        s->brr = value & 0xffff;
        stm32mp1_usart_update_silence(s);
        break;
    case A_GTPR:
        s->gtpr = value & 0xffff;
        break;
    case A_RTOR:
        s->rtor = value;
        stm32mp1_usart_update_silence(s);
        break;
    case A_RQR:
        unimp_bits("RQR", value & RQR_UNIMP);
        stm32mp1_usart_write_rqr(s, value);
        break;
    case A_ICR:
        stm32mp1_usart_write_icr(s, value);
        break;
    case A_TDR:
        stm32mp1_usart_tx_push(s, value);
        break;
    case A_PRESC:
        s->presc = value & 0xf;
        stm32mp1_usart_update_silence(s);
        break;
    case A_ISR:
    case A_RDR:
    case A_HWCFGR2:
    case A_HWCFGR1:
    case A_VERR:
    case A_IPIDR:
    case A_SIDR:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: offset 0x%" HWADDR_PRIx " is read-only\n",
                      __func__, addr);
        return;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad offset 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
        return;
    }
    stm32mp1_usart_update_irq(s);
}

static const MemoryRegionOps stm32mp1_usart_ops = {
    .read = stm32mp1_usart_read,
    .write = stm32mp1_usart_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32mp1_usart_reset_enter(Object *obj, ResetType type)
{
    STM32MP1UsartState *s = STM32MP1_USART(obj);

    s->cr1 = s->boot_enabled ? CR1_BOOT : 0;
    s->cr2 = 0;
    s->cr3 = 0;
    s->brr = s->boot_enabled ? BRR_BOOT : 0;
    s->gtpr = 0;
    s->rtor = 0;
    s->presc = 0;
    s->rdr = 0;
    s->idle_armed = false;
    s->rto_armed = false;
    timer_del(&s->rx_timer);
    timer_del(&s->tx_timer);
    stm32mp1_usart_rx_flush(s);
    stm32mp1_usart_tx_flush(s);
    stm32mp1_usart_tx_idle(s);
}

static void stm32mp1_usart_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_usart_update_irq(STM32MP1_USART(obj));
}

static void stm32mp1_usart_reset_exit(Object *obj, ResetType type)
{
    stm32mp1_usart_accept_input(STM32MP1_USART(obj));
}

static int stm32mp1_usart_pre_load(void *opaque)
{
    STM32MP1UsartState *s = opaque;

    stm32mp1_usart_tx_flush(s);
    return 0;
}

static int stm32mp1_usart_post_load(void *opaque, int version_id)
{
    STM32MP1UsartState *s = opaque;

    if (s->rx_head >= STM32MP1_USART_FIFO_SIZE || s->presc > 0xf ||
        s->rx_count > fifo_depth(s) ||
        fifo8_num_used(&s->tx_fifo) > fifo_depth(s)) {
        return -EINVAL;
    }
    s->rx_starved = true;
    stm32mp1_usart_transmit(s);
    stm32mp1_usart_accept_input(s);
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_usart = {
    .name = TYPE_STM32MP1_USART,
    .version_id = 2,
    .minimum_version_id = 2,
    .pre_load = stm32mp1_usart_pre_load,
    .post_load = stm32mp1_usart_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(cr1, STM32MP1UsartState),
        VMSTATE_UINT32(cr2, STM32MP1UsartState),
        VMSTATE_UINT32(cr3, STM32MP1UsartState),
        VMSTATE_UINT32(brr, STM32MP1UsartState),
        VMSTATE_UINT32(gtpr, STM32MP1UsartState),
        VMSTATE_UINT32(rtor, STM32MP1UsartState),
        VMSTATE_UINT32(presc, STM32MP1UsartState),
        VMSTATE_UINT32(isr, STM32MP1UsartState),
        VMSTATE_UINT32(rdr, STM32MP1UsartState),
        VMSTATE_UINT16_ARRAY(rx_fifo, STM32MP1UsartState,
                             STM32MP1_USART_FIFO_SIZE),
        VMSTATE_UINT32(rx_head, STM32MP1UsartState),
        VMSTATE_UINT32(rx_count, STM32MP1UsartState),
        VMSTATE_FIFO8(tx_fifo, STM32MP1UsartState),
        VMSTATE_INT64(tx_until_ns, STM32MP1UsartState),
        VMSTATE_BOOL(tc_due, STM32MP1UsartState),
        VMSTATE_TIMER(tx_timer, STM32MP1UsartState),
        VMSTATE_TIMER(rx_timer, STM32MP1UsartState),
        VMSTATE_INT64(rx_last_ns, STM32MP1UsartState),
        VMSTATE_BOOL(idle_armed, STM32MP1UsartState),
        VMSTATE_BOOL(rto_armed, STM32MP1UsartState),
        VMSTATE_BOOL(rto_again, STM32MP1UsartState),
        VMSTATE_INT64(rto_from_ns, STM32MP1UsartState),
        VMSTATE_CLOCK(clk, STM32MP1UsartState),
        VMSTATE_END_OF_LIST()
    },
};

static const Property stm32mp1_usart_properties[] = {
    DEFINE_PROP_CHR("chardev", STM32MP1UsartState, chr),
    DEFINE_PROP_BOOL("boot-enabled", STM32MP1UsartState, boot_enabled, false),
};

static void stm32mp1_usart_init(Object *obj)
{
    STM32MP1UsartState *s = STM32MP1_USART(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_usart_ops, s,
                          TYPE_STM32MP1_USART, 0x400);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->dma_rx, "dma-rx", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->dma_tx, "dma-tx", 1);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk",
                                stm32mp1_usart_clock_update, s, ClockUpdate);
    fifo8_create(&s->tx_fifo, STM32MP1_USART_FIFO_SIZE);
    timer_init_ns(&s->rx_timer, QEMU_CLOCK_VIRTUAL, stm32mp1_usart_rx_timer, s);
    timer_init_ns(&s->tx_timer, QEMU_CLOCK_VIRTUAL, stm32mp1_usart_tx_timer, s);
}

static void stm32mp1_usart_finalize(Object *obj)
{
    STM32MP1UsartState *s = STM32MP1_USART(obj);

    timer_del(&s->rx_timer);
    timer_del(&s->tx_timer);
    fifo8_destroy(&s->tx_fifo);
}

static void stm32mp1_usart_realize(DeviceState *dev, Error **errp)
{
    STM32MP1UsartState *s = STM32MP1_USART(dev);

    qemu_chr_fe_set_handlers(&s->chr, stm32mp1_usart_can_receive,
                             stm32mp1_usart_receive, stm32mp1_usart_event,
                             NULL, s, NULL, true);
}

static void stm32mp1_usart_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 USART";
    dc->realize = stm32mp1_usart_realize;
    dc->vmsd = &vmstate_stm32mp1_usart;
    device_class_set_props(dc, stm32mp1_usart_properties);
    set_bit(DEVICE_CATEGORY_INPUT, dc->categories);
    rc->phases.enter = stm32mp1_usart_reset_enter;
    rc->phases.hold = stm32mp1_usart_reset_hold;
    rc->phases.exit = stm32mp1_usart_reset_exit;
}

static const TypeInfo stm32mp1_usart_types[] = {
    {
        .name = TYPE_STM32MP1_USART,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1UsartState),
        .instance_init = stm32mp1_usart_init,
        .instance_finalize = stm32mp1_usart_finalize,
        .class_init = stm32mp1_usart_class_init,
    },
};

DEFINE_TYPES(stm32mp1_usart_types)
