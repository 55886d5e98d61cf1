/*
 * STM32F7 I2C controller (also in STM32MP1)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers as in RM0436, chapter I2C. A byte takes no time: it is on the bus
 * as soon as TXDR has been written, or RXDR is free to take it. Nor does a
 * stop, but for the one after a NACK: drivers tell an absent chip by NACKF, and
 * some look at it only until STOPF is there.
 *
 * A slave is addressed by another controller over a TYPE_STM32F7_I2C_WIRE,
 * which waits for it as long as the slave would stretch the clock. With SBC,
 * NACK is for the byte after the one that TCR is about.
 *
 * A 10-bit address is on QEMU's bus what it is on the wires: a start for one of
 * the reserved addresses 0x78 to 0x7b, and a byte. A controller with such an
 * own address takes it; another device that is put at a reserved address would
 * take it as any 7-bit one does.
 *
 * As bytes take no time, SCL is low during the whole of a transfer, while one
 * side or the other waits for its software: TIMEOUTA counts from the last byte,
 * TIMEOUTB as long as it is this controller that keeps SCL low. An idle bus is
 * reported once, until the next transfer.
 *
 * Not modelled: two masters at once.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/i2c/stm32f7_i2c.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "system/reset.h"
#include "trace.h"

REG32(CR1, 0x00)
    FIELD(CR1, PE, 0, 1)
    FIELD(CR1, TXIE, 1, 1)
    FIELD(CR1, RXIE, 2, 1)
    FIELD(CR1, ADDRIE, 3, 1)
    FIELD(CR1, NACKIE, 4, 1)
    FIELD(CR1, STOPIE, 5, 1)
    FIELD(CR1, TCIE, 6, 1)
    FIELD(CR1, ERRIE, 7, 1)
    FIELD(CR1, TXDMAEN, 14, 1)
    FIELD(CR1, RXDMAEN, 15, 1)
    FIELD(CR1, SBC, 16, 1)
    FIELD(CR1, NOSTRETCH, 17, 1)
    FIELD(CR1, GCEN, 19, 1)
    FIELD(CR1, SMBHEN, 20, 1)
    FIELD(CR1, SMBDEN, 21, 1)
    FIELD(CR1, ALERTEN, 22, 1)
    FIELD(CR1, PECEN, 23, 1)
REG32(CR2, 0x04)
    FIELD(CR2, SADD, 0, 10)
    FIELD(CR2, RD_WRN, 10, 1)
    FIELD(CR2, ADD10, 11, 1)
    FIELD(CR2, HEAD10R, 12, 1)
    FIELD(CR2, START, 13, 1)
    FIELD(CR2, STOP, 14, 1)
    FIELD(CR2, NACK, 15, 1)
    FIELD(CR2, NBYTES, 16, 8)
    FIELD(CR2, RELOAD, 24, 1)
    FIELD(CR2, AUTOEND, 25, 1)
    FIELD(CR2, PECBYTE, 26, 1)
REG32(OAR1, 0x08)
    FIELD(OAR1, OA1, 1, 7)
    FIELD(OAR1, OA1_LOW, 0, 8)
    FIELD(OAR1, OA1_HIGH, 8, 2)
    FIELD(OAR1, OA1MODE, 10, 1)
    FIELD(OAR1, OA1EN, 15, 1)
REG32(OAR2, 0x0c)
    FIELD(OAR2, OA2, 1, 7)
    FIELD(OAR2, OA2MSK, 8, 3)
    FIELD(OAR2, OA2EN, 15, 1)
REG32(TIMINGR, 0x10)
    FIELD(TIMINGR, SCLL, 0, 8)
    FIELD(TIMINGR, SCLH, 8, 8)
    FIELD(TIMINGR, PRESC, 28, 4)
REG32(TIMEOUTR, 0x14)
    FIELD(TIMEOUTR, TIMEOUTA, 0, 12)
    FIELD(TIMEOUTR, TIDLE, 12, 1)
    FIELD(TIMEOUTR, TIMOUTEN, 15, 1)
    FIELD(TIMEOUTR, TIMEOUTB, 16, 12)
    FIELD(TIMEOUTR, TEXTEN, 31, 1)
REG32(ISR, 0x18)
    FIELD(ISR, TXE, 0, 1)
    FIELD(ISR, TXIS, 1, 1)
    FIELD(ISR, RXNE, 2, 1)
    FIELD(ISR, ADDR, 3, 1)
    FIELD(ISR, NACKF, 4, 1)
    FIELD(ISR, STOPF, 5, 1)
    FIELD(ISR, TC, 6, 1)
    FIELD(ISR, TCR, 7, 1)
    FIELD(ISR, BERR, 8, 1)
    FIELD(ISR, ARLO, 9, 1)
    FIELD(ISR, OVR, 10, 1)
    FIELD(ISR, PECERR, 11, 1)
    FIELD(ISR, TIMEOUT, 12, 1)
    FIELD(ISR, ALERT, 13, 1)
    FIELD(ISR, BUSY, 15, 1)
    FIELD(ISR, DIR, 16, 1)
    FIELD(ISR, ADDCODE, 17, 7)
REG32(ICR, 0x1c)
REG32(PECR, 0x20)
REG32(RXDR, 0x24)
REG32(TXDR, 0x28)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define CR1_RW 0x00ffdfff
#define CR2_RW 0x07ffffff
#define OAR1_RW 0x000087ff
#define OAR2_RW 0x000087fe
#define TIMINGR_RW 0xf0ffffff
#define TIMEOUTR_RW 0x8fff9fff

#define ISR_ERRORS (R_ISR_BERR_MASK | R_ISR_ARLO_MASK | R_ISR_OVR_MASK | \
                    R_ISR_PECERR_MASK | R_ISR_TIMEOUT_MASK | R_ISR_ALERT_MASK)
/* A bit in standard mode, for when the kernel clock stands still */
#define DEFAULT_BIT_NS 10000

/* That of a wire that is not addressed: none that could be on a bus */
#define NO_ADDRESS 0x80
#define GENERAL_CALL 0
/* Those that SMBus has given away */
#define SMBUS_HOST 0x08
#define SMBUS_ALERT_RESPONSE 0x0c
#define SMBUS_DEVICE_DEFAULT 0x61
/* The first byte of a 10-bit address has its two highest bits */
#define HEADER(high) (0x78 | (high))
#define SLAVE_10BIT 0x400

/* Cycles of the kernel clock in a step of TIMEOUTA and TIMEOUTB */
#define TIMEOUT_CYCLES 2048
#define IDLE_CYCLES 4
/* OA2MSK for all addresses but those that are reserved */
#define OA2MSK_ALL 7

/* The flags that ICR clears */
#define ICR_FLAGS (R_ISR_ADDR_MASK | R_ISR_NACKF_MASK | R_ISR_STOPF_MASK | \
                   ISR_ERRORS)

static int64_t stm32f7_i2c_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Is the next byte of the block the PEC? */
static bool stm32f7_i2c_pec_next(const STM32F7I2CState *s)
{
    return (s->cr1 & R_CR1_PECEN_MASK) && (s->cr2 & R_CR2_PECBYTE_MASK) &&
           !(s->cr2 & R_CR2_RELOAD_MASK) && s->remaining == 1;
}

/* A byte that the PEC is about: the polynomial is x^8 + x^2 + x + 1 */
static void stm32f7_i2c_pec_add(STM32F7I2CState *s, uint8_t value)
{
    s->pec ^= value;
    for (int i = 0; i < 8; i++) {
        s->pec = s->pec << 1 ^ (s->pec & 0x80 ? 0x07 : 0);
    }
}

/* The PEC came: is it right? */
static bool stm32f7_i2c_pec_check(STM32F7I2CState *s, uint8_t value)
{
    bool good = value == s->pec;

    s->cr2 &= ~R_CR2_PECBYTE_MASK;
    if (!good) {
        s->isr |= R_ISR_PECERR_MASK;
    }
    trace_stm32f7_i2c_pec(value, s->pec);
    return good;
}

/* What a master is about to do */
typedef enum {
    STEP_NONE,  /* nothing, before its software has done something */
    STEP_SEND,
    STEP_RECEIVE,
    STEP_END,
} STM32F7I2CStep;

/* Does this slave let the clock go for the step? */
static bool stm32f7_i2c_slave_ready(const STM32F7I2CState *s,
                                    STM32F7I2CStep step)
{
    if (s->cr1 & R_CR1_NOSTRETCH_MASK) {
        return true;
    }
    return !(s->isr & (R_ISR_ADDR_MASK | R_ISR_TCR_MASK)) &&
           !(step == STEP_SEND && (s->isr & R_ISR_RXNE_MASK)) &&
           !(step == STEP_RECEIVE && (s->isr & R_ISR_TXE_MASK) &&
             !stm32f7_i2c_pec_next(s));
}

/* Does no controller that is addressed on the bus hold the clock? */
static bool stm32f7_i2c_bus_ready(const STM32F7I2CState *s,
                                  STM32F7I2CStep step)
{
    I2CNode *node;

    QLIST_FOREACH(node, &s->bus->current_devs, next) {
        const STM32F7I2CWireState *wire = (const STM32F7I2CWireState *)
            object_dynamic_cast(OBJECT(node->elt), TYPE_STM32F7_I2C_WIRE);

        if (wire && wire->addressed &&
            !stm32f7_i2c_slave_ready(wire->controller, step)) {
            return false;
        }
    }
    return true;
}

static STM32F7I2CStep stm32f7_i2c_next_step(const STM32F7I2CState *s)
{
    if (!s->active || timer_pending(&s->stop_timer) ||
        (s->isr & (R_ISR_TC_MASK | R_ISR_TCR_MASK))) {
        return STEP_NONE;
    }
    if (s->turning || !s->remaining) {
        return STEP_END;
    }
    if (s->cr2 & R_CR2_RD_WRN_MASK) {
        return s->isr & R_ISR_RXNE_MASK ? STEP_NONE : STEP_RECEIVE;
    }
    return !(s->isr & R_ISR_TXE_MASK) || stm32f7_i2c_pec_next(s) ? STEP_SEND :
                                                                  STEP_NONE;
}

static STM32F7I2CState *stm32f7_i2c_wire_master(const STM32F7I2CWireState *w)
{
    return STM32F7_I2C(qdev_get_parent_bus(DEVICE(w))->parent);
}

/* Is it for this controller that SCL is low? */
static bool stm32f7_i2c_holds(const STM32F7I2CState *s)
{
    const STM32F7I2CState *master = s->wire ?
                                    stm32f7_i2c_wire_master(s->wire) : s;
    STM32F7I2CStep step;
    bool waits;

    if (!s->clock_low) {
        return false;
    }
    step = stm32f7_i2c_next_step(master);
    waits = step != STEP_NONE && !stm32f7_i2c_bus_ready(master, step);
    return s->wire ? waits : !waits;
}

/* SCL was high: a byte, or an address */
static void stm32f7_i2c_clocked(STM32F7I2CState *s)
{
    s->clock_from_ns = stm32f7_i2c_now();
}

static int64_t stm32f7_i2c_cycles_ns(const STM32F7I2CState *s, unsigned steps,
                                     unsigned step)
{
    return clock_ticks_to_ns(s->clk, (uint64_t)(steps + 1) * step);
}

/* When TIMEOUTA is over, from what there is to see now; INT64_MAX if never */
static int64_t stm32f7_i2c_timeout_a(const STM32F7I2CState *s)
{
    unsigned steps = FIELD_EX32(s->timeoutr, TIMEOUTR, TIMEOUTA);
    bool idle = s->timeoutr & R_TIMEOUTR_TIDLE_MASK;

    if (!(s->timeoutr & R_TIMEOUTR_TIMOUTEN_MASK) || idle == s->clock_low ||
        (idle && (s->idle_told || (s->isr & R_ISR_BUSY_MASK)))) {
        return INT64_MAX;
    }
    return s->clock_from_ns +
           stm32f7_i2c_cycles_ns(s, steps, idle ? IDLE_CYCLES : TIMEOUT_CYCLES);
}

static int64_t stm32f7_i2c_timeout_b(const STM32F7I2CState *s)
{
    unsigned steps = FIELD_EX32(s->timeoutr, TIMEOUTR, TIMEOUTB);

    if (!(s->timeoutr & R_TIMEOUTR_TEXTEN_MASK) || !s->held) {
        return INT64_MAX;
    }
    return s->held_from_ns - s->held_ns +
           stm32f7_i2c_cycles_ns(s, steps, TIMEOUT_CYCLES);
}

/* See who holds the clock by now, and set the timer for the timeouts. */
static void stm32f7_i2c_update_timeouts(STM32F7I2CState *s)
{
    int64_t now = stm32f7_i2c_now();
    int64_t next = INT64_MAX;
    bool low = s->wire || (s->active && !timer_pending(&s->stop_timer));

    if (low != s->clock_low) {
        s->clock_low = low;
        s->clock_from_ns = now;
        s->idle_told = false;
    }
    if (s->held) {
        s->held_ns += now - s->held_from_ns;
    }
    s->held_from_ns = now;
    s->held = stm32f7_i2c_holds(s);
    if ((s->cr1 & R_CR1_PE_MASK) && clock_is_enabled(s->clk)) {
        next = MIN(stm32f7_i2c_timeout_a(s), stm32f7_i2c_timeout_b(s));
    }
    if (next == INT64_MAX) {
        timer_del(&s->timeout_timer);
    } else {
        timer_mod(&s->timeout_timer, next);
    }
}

static void stm32f7_i2c_update(STM32F7I2CState *s)
{
    static const struct {
        uint32_t enable;
        uint32_t flags;
    } events[] = {
        { R_CR1_TXIE_MASK, R_ISR_TXIS_MASK },
        { R_CR1_RXIE_MASK, R_ISR_RXNE_MASK },
        { R_CR1_ADDRIE_MASK, R_ISR_ADDR_MASK },
        { R_CR1_NACKIE_MASK, R_ISR_NACKF_MASK },
        { R_CR1_STOPIE_MASK, R_ISR_STOPF_MASK },
        { R_CR1_TCIE_MASK, R_ISR_TC_MASK | R_ISR_TCR_MASK },
    };
    I2CNode *node;
    bool event = false;
    bool error = (s->cr1 & R_CR1_ERRIE_MASK) && (s->isr & ISR_ERRORS);

    for (int i = 0; i < ARRAY_SIZE(events); i++) {
        event |= (s->cr1 & events[i].enable) && (s->isr & events[i].flags);
    }
    trace_stm32f7_i2c_irq(s->isr, event, error);
    qemu_set_irq(s->event_irq, event);
    qemu_set_irq(s->error_irq, error);
    qemu_set_irq(s->dma_rx, (s->cr1 & R_CR1_RXDMAEN_MASK) &&
                            (s->isr & R_ISR_RXNE_MASK));
    qemu_set_irq(s->dma_tx, (s->cr1 & R_CR1_TXDMAEN_MASK) &&
                            (s->isr & R_ISR_TXIS_MASK));
    stm32f7_i2c_update_timeouts(s);
    /* whom it waits for may hold the clock from now on, or no more */
    QLIST_FOREACH(node, &s->bus->current_devs, next) {
        const STM32F7I2CWireState *wire = (const STM32F7I2CWireState *)
            object_dynamic_cast(OBJECT(node->elt), TYPE_STM32F7_I2C_WIRE);

        if (wire && wire->addressed) {
            stm32f7_i2c_update_timeouts(wire->controller);
        }
    }
}

/* Does this device pull SMBALERT# low? */
static bool stm32f7_i2c_alerts(const STM32F7I2CState *s)
{
    return (s->cr1 & R_CR1_PE_MASK) && (s->cr1 & R_CR1_ALERTEN_MASK) &&
           !(s->cr1 & R_CR1_SMBHEN_MASK);
}

/* Look at SMBALERT#; a host has a flag for its falling edge. */
static void stm32f7_i2c_update_alert(STM32F7I2CState *s)
{
    bool alert = s->alert_in;
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(s->bus)->children, sibling) {
        const STM32F7I2CWireState *wire = (const STM32F7I2CWireState *)
            object_dynamic_cast(OBJECT(kid->child), TYPE_STM32F7_I2C_WIRE);

        alert |= wire && stm32f7_i2c_alerts(wire->controller);
    }
    if (alert && !s->alert && (s->cr1 & R_CR1_PE_MASK) &&
        (s->cr1 & R_CR1_ALERTEN_MASK) && (s->cr1 & R_CR1_SMBHEN_MASK)) {
        s->isr |= R_ISR_ALERT_MASK;
        stm32f7_i2c_update(s);
    }
    s->alert = alert;
}

/* Who hears this device's SMBALERT# looks at it. */
static void stm32f7_i2c_alert_others(STM32F7I2CState *s)
{
    STM32F7I2CWireState *wire;

    QLIST_FOREACH(wire, &s->wires, next) {
        stm32f7_i2c_update_alert(stm32f7_i2c_wire_master(wire));
    }
}

static void stm32f7_i2c_smba(void *opaque, int n, int level)
{
    STM32F7I2CState *s = opaque;

    s->alert_in = !level;
    stm32f7_i2c_update_alert(s);
}

static void stm32f7_i2c_stop(STM32F7I2CState *s)
{
    if (s->active) {
        i2c_end_transfer(s->bus);
        s->active = false;
    }
    s->stopping = false;
    s->cr2 &= ~R_CR2_PECBYTE_MASK;
    s->isr &= ~(R_ISR_BUSY_MASK | R_ISR_TXIS_MASK | R_ISR_TC_MASK |
                R_ISR_TCR_MASK);
    s->isr |= R_ISR_STOPF_MASK;
    trace_stm32f7_i2c_stop(s->address);
}

/*
 * From the end of the ninth clock, whose bit was the NACK, to the stop: SCL is
 * low for SCLL, and then high for the set-up time of the stop, which is SCLH.
 */
static int64_t stm32f7_i2c_stop_ns(STM32F7I2CState *s)
{
    uint64_t cycles = (FIELD_EX32(s->timingr, TIMINGR, SCLL) + 1 +
                       FIELD_EX32(s->timingr, TIMINGR, SCLH) + 1) *
                      (FIELD_EX32(s->timingr, TIMINGR, PRESC) + 1);

    return clock_is_enabled(s->clk) ? clock_ticks_to_ns(s->clk, cycles) :
                                      DEFAULT_BIT_NS;
}

/* The master ends a transfer by itself when it is not acknowledged */
static void stm32f7_i2c_nack(STM32F7I2CState *s)
{
    s->isr &= ~R_ISR_TXIS_MASK;
    s->isr |= R_ISR_NACKF_MASK | R_ISR_TXE_MASK;
    s->stopping = true;
    timer_mod(&s->stop_timer, stm32f7_i2c_now() + stm32f7_i2c_stop_ns(s));
}

/* All NBYTES are through: what follows depends on RELOAD and AUTOEND */
static void stm32f7_i2c_block_done(STM32F7I2CState *s)
{
    if (s->cr2 & R_CR2_RELOAD_MASK) {
        s->isr |= R_ISR_TCR_MASK;
        return;
    }
    if ((s->cr2 & R_CR2_RD_WRN_MASK) && FIELD_EX32(s->cr2, CR2, NBYTES)) {
        i2c_nack(s->bus);
    }
    if (s->cr2 & R_CR2_AUTOEND_MASK) {
        stm32f7_i2c_stop(s);
    } else {
        s->isr |= R_ISR_TC_MASK;
    }
}

/* A start, and an address of 7 bits. Returns whether nobody acknowledges it. */
static bool stm32f7_i2c_address(STM32F7I2CState *s, uint8_t address, bool recv)
{
    bool nack;

    s->starting = true;
    nack = i2c_start_transfer(s->bus, address, recv);
    s->starting = false;
    stm32f7_i2c_pec_add(s, address << 1 | recv);
    stm32f7_i2c_clocked(s);
    return nack;
}

static uint8_t stm32f7_i2c_header(const STM32F7I2CState *s)
{
    return HEADER(extract32(s->cr2, R_CR2_SADD_SHIFT + 8, 2));
}

/*
 * The same with 10 bits: two bytes for writing; for reading, the first of them
 * again, or (HEAD10R) that one alone, after what has been written before.
 */
static bool stm32f7_i2c_address_10bit(STM32F7I2CState *s, bool recv)
{
    uint8_t header = stm32f7_i2c_header(s);
    uint8_t low = extract32(s->cr2, R_CR2_SADD_SHIFT, 8);

    if (recv && (s->cr2 & R_CR2_HEAD10R_MASK)) {
        return stm32f7_i2c_address(s, header, true);
    }
    if (stm32f7_i2c_address(s, header, false)) {
        return true;
    }
    stm32f7_i2c_pec_add(s, low);
    s->turning = recv;
    return i2c_send(s->bus, low);
}

static void stm32f7_i2c_receive_byte(STM32F7I2CState *s)
{
    s->rxdr = i2c_recv(s->bus);
    s->isr |= R_ISR_RXNE_MASK;
    if (stm32f7_i2c_pec_next(s)) {
        stm32f7_i2c_pec_check(s, s->rxdr);
    } else {
        stm32f7_i2c_pec_add(s, s->rxdr);
    }
    s->remaining--;
    trace_stm32f7_i2c_byte(true, s->rxdr, s->remaining);
}

/* Returns whether the byte is not acknowledged. */
static bool stm32f7_i2c_send_byte(STM32F7I2CState *s)
{
    uint8_t value = s->txdr;

    if (stm32f7_i2c_pec_next(s)) {
        value = s->pec;
        s->cr2 &= ~R_CR2_PECBYTE_MASK;
    } else {
        s->isr |= R_ISR_TXE_MASK;
        stm32f7_i2c_pec_add(s, value);
    }
    s->isr &= ~R_ISR_TXIS_MASK;
    s->remaining--;
    trace_stm32f7_i2c_byte(false, value, s->remaining);
    return i2c_send(s->bus, value);
}

/* Move on with the transfer as far as it goes without software */
static void stm32f7_i2c_advance(STM32F7I2CState *s)
{
    STM32F7I2CStep step;
    bool nack = false;

    while ((step = stm32f7_i2c_next_step(s)) != STEP_NONE) {
        if (!stm32f7_i2c_bus_ready(s, step)) {
            return;
        }
        if (step == STEP_RECEIVE) {
            stm32f7_i2c_receive_byte(s);
        } else if (step == STEP_SEND) {
            nack = stm32f7_i2c_send_byte(s);
        } else if (s->turning) {
            s->turning = false;
            nack = stm32f7_i2c_address(s, stm32f7_i2c_header(s), true);
        } else {
            stm32f7_i2c_block_done(s);
            return;
        }
        stm32f7_i2c_clocked(s);
        s->held_ns = 0;
        if (nack) {
            stm32f7_i2c_nack(s);
            return;
        }
    }
    if (s->active && !timer_pending(&s->stop_timer) &&
        !(s->isr & (R_ISR_TC_MASK | R_ISR_TCR_MASK)) &&
        !(s->cr2 & R_CR2_RD_WRN_MASK)) {
        s->isr |= R_ISR_TXIS_MASK;
    }
}

static void stm32f7_i2c_start(STM32F7I2CState *s)
{
    bool ten = s->cr2 & R_CR2_ADD10_MASK;
    uint16_t address = ten ?
                       SLAVE_10BIT | extract32(s->cr2, R_CR2_SADD_SHIFT, 10) :
                       extract32(s->cr2, R_CR2_SADD_SHIFT + 1, 7);
    bool recv = s->cr2 & R_CR2_RD_WRN_MASK;
    bool nack;

    if (s->wire) {
        /* a slave just now: START stays set until the bus is free */
        s->cr2 |= R_CR2_START_MASK;
        return;
    }
    s->cr2 &= ~R_CR2_START_MASK;
    s->isr &= ~(R_ISR_TC_MASK | R_ISR_TCR_MASK | R_ISR_TXIS_MASK);
    s->isr |= R_ISR_BUSY_MASK;

    /* a repeated start is in the same message, for the PEC */
    if (!s->active) {
        s->pec = 0;
    }
    /* QEMU's bus takes any start within a transfer as for the same slave */
    if (s->active && address != s->address) {
        i2c_end_transfer(s->bus);
        s->active = false;
    }
    s->address = address;
    s->remaining = FIELD_EX32(s->cr2, CR2, NBYTES);
    s->turning = false;
    s->held_ns = 0;
    nack = ten ? stm32f7_i2c_address_10bit(s, recv) :
                 stm32f7_i2c_address(s, address, recv);
    trace_stm32f7_i2c_start(address, recv, s->remaining, nack);
    if (nack) {
        if (!s->active) {
            /* what nobody has answered to the end is not over for the bus */
            i2c_end_transfer(s->bus);
        }
        stm32f7_i2c_nack(s);
        return;
    }
    s->active = true;
    stm32f7_i2c_advance(s);
}

/* The bus is free; a START that has waited for that comes now */
static void stm32f7_i2c_stop_expired(void *opaque)
{
    STM32F7I2CState *s = opaque;

    if (s->stopping) {
        stm32f7_i2c_stop(s);
    }
    if (s->cr2 & R_CR2_START_MASK) {
        stm32f7_i2c_start(s);
    }
    stm32f7_i2c_update(s);
}

/* This slave does no longer hold the clock: its master can go on. */
static void stm32f7_i2c_slave_release(const STM32F7I2CWireState *wire)
{
    STM32F7I2CState *master = stm32f7_i2c_wire_master(wire);

    /* unless it is being reset, too */
    if (master->isr & R_ISR_BUSY_MASK) {
        stm32f7_i2c_advance(master);
        stm32f7_i2c_update(master);
    }
}

/* Something has changed that a slave may have waited for. */
static void stm32f7_i2c_slave_advance(STM32F7I2CState *s)
{
    if (!s->wire) {
        return;
    }
    if ((s->isr & R_ISR_DIR_MASK) && (s->isr & R_ISR_TXE_MASK) &&
        !(s->isr & (R_ISR_ADDR_MASK | R_ISR_NACKF_MASK)) &&
        !stm32f7_i2c_pec_next(s)) {
        s->isr |= R_ISR_TXIS_MASK;
    }
    stm32f7_i2c_slave_release(s->wire);
}

/* It answers no more; what its master does now is for nobody. */
static void stm32f7_i2c_slave_leave(STM32F7I2CState *s)
{
    STM32F7I2CWireState *wire = s->wire;

    if (wire) {
        s->wire = NULL;
        wire->addressed = false;
        stm32f7_i2c_slave_release(wire);
    }
}

/*
 * SCL was low for too long, or high: a master stops, a slave lets the lines go.
 */
static void stm32f7_i2c_timeout(void *opaque)
{
    STM32F7I2CState *s = opaque;
    int64_t now = stm32f7_i2c_now();

    if (now < stm32f7_i2c_timeout_a(s) && now < stm32f7_i2c_timeout_b(s)) {
        return;
    }
    trace_stm32f7_i2c_timeout(s->clock_low, s->held);
    s->isr |= R_ISR_TIMEOUT_MASK;
    if (s->wire) {
        s->isr &= ~(R_ISR_BUSY_MASK | R_ISR_TXIS_MASK | R_ISR_TCR_MASK);
        stm32f7_i2c_slave_leave(s);
    } else if (s->active) {
        stm32f7_i2c_stop(s);
    } else {
        s->idle_told = true;
    }
    stm32f7_i2c_update(s);
}

/* The timeouts start from where they are with another clock, or none. */
static void stm32f7_i2c_clock_update(void *opaque, ClockEvent event)
{
    STM32F7I2CState *s = opaque;

    stm32f7_i2c_clocked(s);
    stm32f7_i2c_update_timeouts(s);
}

/* PE = 0 is a software reset of the state machine and of the flags */
static void stm32f7_i2c_disable(STM32F7I2CState *s)
{
    timer_del(&s->stop_timer);
    s->stopping = false;
    if (s->active) {
        i2c_end_transfer(s->bus);
        s->active = false;
    }
    s->remaining = 0;
    s->turning = false;
    s->pec = 0;
    s->held_ns = 0;
    s->isr = R_ISR_TXE_MASK;
    s->cr2 &= ~(R_CR2_START_MASK | R_CR2_STOP_MASK | R_CR2_PECBYTE_MASK);
    stm32f7_i2c_slave_leave(s);
}

static void stm32f7_i2c_write_cr1(STM32F7I2CState *s, uint32_t value)
{
    if (s->cr1 & ~value & R_CR1_PE_MASK) {
        /* ST's HAL sets it again before PE: then it has to stay */
        s->cr2 &= ~R_CR2_NACK_MASK;
    }
    if (~s->cr1 & value & R_CR1_PE_MASK) {
        stm32f7_i2c_clocked(s);
        s->idle_told = false;
    }
    s->cr1 = value & CR1_RW;
    if (!(s->cr1 & R_CR1_PE_MASK)) {
        stm32f7_i2c_disable(s);
    }
    stm32f7_i2c_alert_others(s);
}

static void stm32f7_i2c_write_timeoutr(STM32F7I2CState *s, uint32_t value)
{
    const uint32_t fields = R_TIMEOUTR_TIMEOUTA_MASK | R_TIMEOUTR_TIDLE_MASK;
    uint32_t changed = s->timeoutr ^ value;

    if (((s->timeoutr & R_TIMEOUTR_TIMOUTEN_MASK) && (changed & fields)) ||
        ((s->timeoutr & R_TIMEOUTR_TEXTEN_MASK) &&
         (changed & R_TIMEOUTR_TIMEOUTB_MASK))) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: TIMEOUTR changes while enabled\n",
                      TYPE_STM32F7_I2C);
    }
    s->timeoutr = value & TIMEOUTR_RW;
    if (changed & value & R_TIMEOUTR_TIMOUTEN_MASK) {
        stm32f7_i2c_clocked(s);
        s->idle_told = false;
    }
    if (changed & value & R_TIMEOUTR_TEXTEN_MASK) {
        s->held_ns = 0;
        s->held_from_ns = stm32f7_i2c_now();
    }
}

static void stm32f7_i2c_write_cr2(STM32F7I2CState *s, uint32_t value)
{
    uint32_t start_stop = value & (R_CR2_START_MASK | R_CR2_STOP_MASK);

    if (start_stop && !(s->cr1 & R_CR1_PE_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: START or STOP while disabled\n",
                      TYPE_STM32F7_I2C);
        start_stop = 0;
    }
    if (s->cr1 & R_CR1_PE_MASK) {
        /* 0 has no effect */
        value |= s->cr2 & R_CR2_PECBYTE_MASK;
    } else {
        value &= ~R_CR2_PECBYTE_MASK;
    }
    if (timer_pending(&s->stop_timer) || (s->cr2 & R_CR2_START_MASK)) {
        /* the bus is not free yet; START stays set until it is */
        s->cr2 = (value & CR2_RW & ~(R_CR2_START_MASK | R_CR2_STOP_MASK)) |
                 ((start_stop | s->cr2) & R_CR2_START_MASK);
        return;
    }
    /* hardware clears them as soon as START or STOP is on the bus */
    s->cr2 = value & CR2_RW & ~(R_CR2_START_MASK | R_CR2_STOP_MASK);

    if (start_stop & R_CR2_START_MASK) {
        stm32f7_i2c_start(s);
    } else if (start_stop & R_CR2_STOP_MASK) {
        if (s->active) {
            stm32f7_i2c_stop(s);
        }
    } else if ((s->isr & R_ISR_TCR_MASK) && FIELD_EX32(value, CR2, NBYTES)) {
        s->isr &= ~R_ISR_TCR_MASK;
        s->remaining = FIELD_EX32(value, CR2, NBYTES);
        stm32f7_i2c_advance(s);
        stm32f7_i2c_slave_advance(s);
    }
}

/*
 * Does this controller answer when it is addressed? An own address alone does
 * not say so: ST's HAL sets one for each master, too, with NACK as its answer.
 */
static bool stm32f7_i2c_listens(const STM32F7I2CState *s)
{
    return (s->cr1 & R_CR1_PE_MASK) && !(s->cr2 & R_CR2_NACK_MASK) &&
           !s->active && !s->starting && !s->wire;
}

/* Is @address the first byte of its 10-bit address? */
static bool stm32f7_i2c_is_header(const STM32F7I2CState *s, uint8_t address)
{
    return (s->oar1 & R_OAR1_OA1EN_MASK) && (s->oar1 & R_OAR1_OA1MODE_MASK) &&
           address == HEADER(FIELD_EX32(s->oar1, OAR1, OA1_HIGH));
}

/* Is @address one that this controller answers? */
static bool stm32f7_i2c_is_own(const STM32F7I2CState *s, uint8_t address,
                               bool broadcast)
{
    unsigned masked = FIELD_EX32(s->oar2, OAR2, OA2MSK);
    uint8_t differs = FIELD_EX32(s->oar2, OAR2, OA2) ^ address;

    if (!stm32f7_i2c_listens(s)) {
        return false;
    }
    if (broadcast) {
        return s->cr1 & R_CR1_GCEN_MASK;
    }
    if ((address == SMBUS_HOST && (s->cr1 & R_CR1_SMBHEN_MASK)) ||
        (address == SMBUS_DEVICE_DEFAULT && (s->cr1 & R_CR1_SMBDEN_MASK)) ||
        (address == SMBUS_ALERT_RESPONSE && stm32f7_i2c_alerts(s))) {
        return true;
    }
    if ((s->oar1 & R_OAR1_OA1EN_MASK) && !(s->oar1 & R_OAR1_OA1MODE_MASK) &&
        FIELD_EX32(s->oar1, OAR1, OA1) == address) {
        return true;
    }
    if (!(s->oar2 & R_OAR2_OA2EN_MASK)) {
        return false;
    }
    return masked == OA2MSK_ALL ? address >= 0x08 && address < 0x78 :
                                  !(differs >> masked);
}

static void stm32f7_i2c_slave_start(STM32F7I2CState *s, bool transmit)
{
    uint8_t address = s->wire->parent_obj.address;

    s->isr &= ~(R_ISR_TXIS_MASK | R_ISR_TCR_MASK);
    s->isr |= R_ISR_ADDR_MASK | R_ISR_BUSY_MASK;
    s->isr = FIELD_DP32(s->isr, ISR, DIR, transmit);
    s->isr = FIELD_DP32(s->isr, ISR, ADDCODE, address);
    s->cr2 &= ~R_CR2_PECBYTE_MASK;
    stm32f7_i2c_clocked(s);
    if (s->cr1 & R_CR1_SBC_MASK) {
        s->remaining = FIELD_EX32(s->cr2, CR2, NBYTES);
    }
    if ((s->cr1 & R_CR1_NOSTRETCH_MASK) && transmit &&
        (s->isr & R_ISR_TXE_MASK)) {
        s->isr |= R_ISR_TXIS_MASK;
    }
    trace_stm32f7_i2c_slave_start(address, transmit);
    stm32f7_i2c_update(s);
}

/* One byte less of NBYTES, if the slave counts them */
static void stm32f7_i2c_slave_count(STM32F7I2CState *s)
{
    if ((s->cr1 & R_CR1_SBC_MASK) && s->remaining && --s->remaining == 0 &&
        (s->cr2 & R_CR2_RELOAD_MASK)) {
        s->isr |= R_ISR_TCR_MASK;
    }
}

/* A byte from the master; returns whether it is acknowledged. */
static bool stm32f7_i2c_slave_take(STM32F7I2CState *s, uint8_t value)
{
    bool ack = !(s->cr2 & R_CR2_NACK_MASK);

    if (s->isr & R_ISR_RXNE_MASK) {
        /* with NOSTRETCH only */
        s->isr |= R_ISR_OVR_MASK;
        ack = false;
    } else {
        if (stm32f7_i2c_pec_next(s)) {
            /* whatever NACK says */
            ack = stm32f7_i2c_pec_check(s, value);
        } else {
            stm32f7_i2c_pec_add(s, value);
        }
        s->rxdr = value;
        s->isr |= R_ISR_RXNE_MASK;
        s->cr2 &= ~R_CR2_NACK_MASK;
        stm32f7_i2c_slave_count(s);
    }
    stm32f7_i2c_clocked(s);
    trace_stm32f7_i2c_slave_byte(false, value, ack);
    stm32f7_i2c_update(s);
    return ack;
}

/* A byte for the master */
static uint8_t stm32f7_i2c_slave_give(STM32F7I2CState *s)
{
    uint8_t value = s->txdr;

    if (stm32f7_i2c_pec_next(s)) {
        value = s->pec;
        s->cr2 &= ~R_CR2_PECBYTE_MASK;
        stm32f7_i2c_slave_count(s);
    } else if (s->isr & R_ISR_TXE_MASK) {
        /* with NOSTRETCH only */
        s->isr |= R_ISR_OVR_MASK;
        value = 0xff;
    } else {
        s->isr |= R_ISR_TXE_MASK;
        stm32f7_i2c_pec_add(s, value);
        stm32f7_i2c_slave_count(s);
        if (!stm32f7_i2c_pec_next(s)) {
            s->isr |= R_ISR_TXIS_MASK;
        }
    }
    stm32f7_i2c_clocked(s);
    trace_stm32f7_i2c_slave_byte(true, value, true);
    stm32f7_i2c_update(s);
    return value;
}

/* The master wants no more. */
static void stm32f7_i2c_slave_nack(STM32F7I2CState *s)
{
    s->isr &= ~R_ISR_TXIS_MASK;
    s->isr |= R_ISR_NACKF_MASK;
    stm32f7_i2c_update(s);
}

static void stm32f7_i2c_slave_stop(STM32F7I2CState *s)
{
    s->wire = NULL;
    s->cr2 &= ~(R_CR2_NACK_MASK | R_CR2_PECBYTE_MASK);
    s->isr &= ~(R_ISR_BUSY_MASK | R_ISR_TXIS_MASK | R_ISR_TCR_MASK);
    s->isr |= R_ISR_STOPF_MASK;
    trace_stm32f7_i2c_slave_stop();
    if (s->cr2 & R_CR2_START_MASK) {
        timer_mod(&s->stop_timer, stm32f7_i2c_now() + stm32f7_i2c_stop_ns(s));
    }
    stm32f7_i2c_update(s);
}

static uint32_t stm32f7_i2c_read_reg(STM32F7I2CState *s, hwaddr addr)
{
    switch (addr) {
    case A_CR1:
        return s->cr1;
    case A_CR2:
        return s->cr2;
    case A_OAR1:
        return s->oar1;
    case A_OAR2:
        return s->oar2;
    case A_TIMINGR:
        return s->timingr;
    case A_TIMEOUTR:
        return s->timeoutr;
    case A_ISR:
        return s->isr;
    case A_RXDR: {
        uint8_t value = s->rxdr;

        if (s->isr & R_ISR_RXNE_MASK) {
            s->isr &= ~R_ISR_RXNE_MASK;
            stm32f7_i2c_advance(s);
            stm32f7_i2c_slave_advance(s);
            stm32f7_i2c_update(s);
        }
        return value;
    }
    case A_TXDR:
        return s->txdr;
    case A_PECR:
        return s->cr1 & R_CR1_PECEN_MASK ? s->pec : 0;
    case A_ICR:
        return 0;
    case A_HWCFGR:
        return 0x00000111;
    case A_VERR:
        return 0x00000012;
    case A_IPIDR:
        return 0x00130012;
    case A_SIDR:
        return 0xa3c5dd01;
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: read of reserved offset 0x%03" HWADDR_PRIx "\n",
                      TYPE_STM32F7_I2C, addr);
        return 0;
    }
}

static uint64_t stm32f7_i2c_read(void *opaque, hwaddr addr, unsigned size)
{
    uint32_t value = stm32f7_i2c_read_reg(opaque, addr);

    trace_stm32f7_i2c_read(addr, value, size);
    return value;
}

static void stm32f7_i2c_write_reg(STM32F7I2CState *s, hwaddr addr,
                                  uint32_t value)
{
    switch (addr) {
    case A_CR1:
        stm32f7_i2c_write_cr1(s, value);
        break;
    case A_CR2:
        stm32f7_i2c_write_cr2(s, value);
        break;
    case A_OAR1:
        s->oar1 = value & OAR1_RW;
        break;
    case A_OAR2:
        s->oar2 = value & OAR2_RW;
        break;
    case A_TIMINGR:
        if (s->cr1 & R_CR1_PE_MASK) {
            qemu_log_mask(LOG_GUEST_ERROR, "%s: TIMINGR while enabled\n",
                          TYPE_STM32F7_I2C);
            break;
        }
        s->timingr = value & TIMINGR_RW;
        break;
    case A_TIMEOUTR:
        stm32f7_i2c_write_timeoutr(s, value);
        break;
    case A_ISR:
        /* writing 1 to TXE throws away what is in TXDR */
        s->isr |= value & R_ISR_TXE_MASK;
        stm32f7_i2c_slave_advance(s);
        break;
    case A_ICR:
        if ((s->isr & value & R_ISR_ADDR_MASK) && s->wire &&
            (s->cr1 & R_CR1_SBC_MASK)) {
            /* software says how many while ADDR is set */
            s->remaining = FIELD_EX32(s->cr2, CR2, NBYTES);
        }
        s->isr &= ~(value & ICR_FLAGS);
        stm32f7_i2c_slave_advance(s);
        break;
    case A_TXDR:
        s->txdr = value;
        s->isr &= ~(R_ISR_TXE_MASK | R_ISR_TXIS_MASK);
        stm32f7_i2c_advance(s);
        stm32f7_i2c_slave_advance(s);
        break;
    case A_PECR:
    case A_RXDR:
    case A_HWCFGR:
    case A_VERR:
    case A_IPIDR:
    case A_SIDR:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: write of read-only offset 0x%03" HWADDR_PRIx "\n",
                      TYPE_STM32F7_I2C, addr);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: write of reserved offset 0x%03" HWADDR_PRIx "\n",
                      TYPE_STM32F7_I2C, addr);
    }
    stm32f7_i2c_update(s);
}

static void stm32f7_i2c_write(void *opaque, hwaddr addr, uint64_t value,
                              unsigned size)
{
    trace_stm32f7_i2c_write(addr, value, size);
    stm32f7_i2c_write_reg(opaque, addr, value);
}

static const MemoryRegionOps stm32f7_i2c_ops = {
    .read = stm32f7_i2c_read,
    .write = stm32f7_i2c_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32f7_i2c_reset_enter(Object *obj, ResetType type)
{
    STM32F7I2CState *s = STM32F7_I2C(obj);

    s->cr1 = 0;
    s->cr2 = 0;
    s->oar1 = 0;
    s->oar2 = 0;
    s->timingr = 0;
    s->timeoutr = 0;
    s->isr = R_ISR_TXE_MASK;
    s->address = 0;
    s->rxdr = 0;
    s->txdr = 0;
    s->remaining = 0;
    s->pec = 0;
    s->turning = false;
    s->stopping = false;
    s->clock_low = false;
    s->idle_told = false;
    s->held = false;
    s->held_ns = 0;
    timer_del(&s->stop_timer);
    timer_del(&s->timeout_timer);
    if (s->wire) {
        s->wire->addressed = false;
    }
}

static void stm32f7_i2c_reset_hold(Object *obj, ResetType type)
{
    STM32F7I2CState *s = STM32F7_I2C(obj);

    if (s->active) {
        i2c_end_transfer(s->bus);
        s->active = false;
    }
    stm32f7_i2c_slave_leave(s);
    stm32f7_i2c_update(s);
    stm32f7_i2c_alert_others(s);
}

/* The chips on the bus are not reset with the controller */
static void stm32f7_i2c_reset_child_foreach(Object *obj,
                                            ResettableChildCallback cb,
                                            void *opaque, ResetType type)
{
}

static void stm32f7_i2c_realize(DeviceState *dev, Error **errp)
{
    STM32F7I2CState *s = STM32F7_I2C(dev);

    s->bus = i2c_init_bus(dev, s->bus_name ?: "i2c");
    qemu_register_resettable(OBJECT(STM32F7_I2C(dev)->bus));
}

static void stm32f7_i2c_unrealize(DeviceState *dev)
{
    qemu_unregister_resettable(OBJECT(STM32F7_I2C(dev)->bus));
}

static void stm32f7_i2c_init(Object *obj)
{
    STM32F7I2CState *s = STM32F7_I2C(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32f7_i2c_ops, s,
                          TYPE_STM32F7_I2C, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->event_irq);
    sysbus_init_irq(sbd, &s->error_irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->dma_rx, "dma-rx", 1);
    qdev_init_gpio_out_named(DEVICE(obj), &s->dma_tx, "dma-tx", 1);
    qdev_init_gpio_in_named(DEVICE(obj), stm32f7_i2c_smba, "smba", 1);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", stm32f7_i2c_clock_update, s,
                                ClockUpdate);
    QLIST_INIT(&s->wires);
    timer_init_ns(&s->stop_timer, QEMU_CLOCK_VIRTUAL, stm32f7_i2c_stop_expired,
                  s);
    timer_init_ns(&s->timeout_timer, QEMU_CLOCK_VIRTUAL, stm32f7_i2c_timeout,
                  s);
}

static void stm32f7_i2c_finalize(Object *obj)
{
    timer_del(&STM32F7_I2C(obj)->stop_timer);
    timer_del(&STM32F7_I2C(obj)->timeout_timer);
}

static const VMStateDescription vmstate_stm32f7_i2c = {
    .name = TYPE_STM32F7_I2C,
    .version_id = 4,
    .minimum_version_id = 4,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(cr1, STM32F7I2CState),
        VMSTATE_UINT32(cr2, STM32F7I2CState),
        VMSTATE_UINT32(oar1, STM32F7I2CState),
        VMSTATE_UINT32(oar2, STM32F7I2CState),
        VMSTATE_UINT32(timingr, STM32F7I2CState),
        VMSTATE_UINT32(timeoutr, STM32F7I2CState),
        VMSTATE_UINT32(isr, STM32F7I2CState),
        VMSTATE_UINT16(address, STM32F7I2CState),
        VMSTATE_UINT8(pec, STM32F7I2CState),
        VMSTATE_UINT8(rxdr, STM32F7I2CState),
        VMSTATE_UINT8(txdr, STM32F7I2CState),
        VMSTATE_UINT8(remaining, STM32F7I2CState),
        VMSTATE_BOOL(active, STM32F7I2CState),
        VMSTATE_BOOL(stopping, STM32F7I2CState),
        VMSTATE_BOOL(turning, STM32F7I2CState),
        VMSTATE_BOOL(alert_in, STM32F7I2CState),
        VMSTATE_BOOL(alert, STM32F7I2CState),
        VMSTATE_INT64(clock_from_ns, STM32F7I2CState),
        VMSTATE_BOOL(clock_low, STM32F7I2CState),
        VMSTATE_BOOL(idle_told, STM32F7I2CState),
        VMSTATE_INT64(held_ns, STM32F7I2CState),
        VMSTATE_INT64(held_from_ns, STM32F7I2CState),
        VMSTATE_BOOL(held, STM32F7I2CState),
        VMSTATE_CLOCK(clk, STM32F7I2CState),
        VMSTATE_TIMER(stop_timer, STM32F7I2CState),
        VMSTATE_TIMER(timeout_timer, STM32F7I2CState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32f7_i2c_properties[] = {
    DEFINE_PROP_STRING("bus-name", STM32F7I2CState, bus_name),
};

static void stm32f7_i2c_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &vmstate_stm32f7_i2c;
    device_class_set_props(dc, stm32f7_i2c_properties);
    dc->realize = stm32f7_i2c_realize;
    dc->unrealize = stm32f7_i2c_unrealize;
    rc->child_foreach = stm32f7_i2c_reset_child_foreach;
    rc->phases.enter = stm32f7_i2c_reset_enter;
    rc->phases.hold = stm32f7_i2c_reset_hold;
}

static bool stm32f7_i2c_wire_match(I2CSlave *i2c, uint8_t address,
                                   bool broadcast, I2CNodeList *current_devs)
{
    STM32F7I2CWireState *w = STM32F7_I2C_WIRE(i2c);
    I2CNode *node;

    if (stm32f7_i2c_is_header(w->controller, address)) {
        const STM32F7I2CState *master = stm32f7_i2c_wire_master(w);

        /* the bus takes the first that matches: the second byte counts, too */
        if (!stm32f7_i2c_listens(w->controller) ||
            ((master->address & SLAVE_10BIT) &&
             extract32(master->address, 0, 8) !=
             FIELD_EX32(w->controller->oar1, OAR1, OA1_LOW))) {
            return false;
        }
    } else if (!stm32f7_i2c_is_own(w->controller, address, broadcast)) {
        return false;
    }
    /* the bus knows by it, too, whom a saved transfer was for */
    i2c_slave_set_address(i2c, broadcast ? GENERAL_CALL : address);
    node = g_new(I2CNode, 1);
    node->elt = i2c;
    QLIST_INSERT_HEAD(current_devs, node, next);
    return true;
}

/* From now on, the controller is addressed over this wire. */
static void stm32f7_i2c_wire_take(STM32F7I2CWireState *w)
{
    if (!w->addressed) {
        w->addressed = true;
        w->controller->wire = w;
        w->controller->pec = 0;
        w->controller->held_ns = 0;
    }
}

static int stm32f7_i2c_wire_start(STM32F7I2CWireState *w, bool transmit)
{
    STM32F7I2CState *s = w->controller;
    uint8_t address = w->parent_obj.address;

    if (stm32f7_i2c_is_header(s, address)) {
        /* only after a whole address, it is enough for reading */
        if (!transmit && (w->addressed || stm32f7_i2c_listens(s))) {
            w->header = true;
            return 0;
        } else if (!w->addressed) {
            return -1;
        }
    } else if (!w->addressed &&
               !stm32f7_i2c_is_own(s, address, address == GENERAL_CALL)) {
        return -1;
    }
    stm32f7_i2c_wire_take(w);
    stm32f7_i2c_pec_add(s, address << 1 | transmit);
    stm32f7_i2c_slave_start(s, transmit);
    return 0;
}

static int stm32f7_i2c_wire_event(I2CSlave *i2c, enum i2c_event event)
{
    STM32F7I2CWireState *w = STM32F7_I2C_WIRE(i2c);
    STM32F7I2CState *s = w->controller;

    switch (event) {
    case I2C_START_SEND:
    case I2C_START_RECV:
        return stm32f7_i2c_wire_start(w, event == I2C_START_RECV);
    case I2C_NACK:
        if (w->addressed) {
            stm32f7_i2c_slave_nack(s);
        }
        return 0;
    case I2C_FINISH:
        i2c_slave_set_address(i2c, NO_ADDRESS);
        w->header = false;
        if (w->addressed) {
            w->addressed = false;
            stm32f7_i2c_slave_stop(s);
        }
        return 0;
    default:
        return -1;
    }
}

/* The second byte of a 10-bit address; returns whether it is acknowledged. */
static bool stm32f7_i2c_wire_second(STM32F7I2CWireState *w, uint8_t low)
{
    STM32F7I2CState *s = w->controller;

    w->header = false;
    if (low != FIELD_EX32(s->oar1, OAR1, OA1_LOW) ||
        !(w->addressed || stm32f7_i2c_listens(s))) {
        return false;
    }
    stm32f7_i2c_wire_take(w);
    stm32f7_i2c_pec_add(s, w->parent_obj.address << 1);
    stm32f7_i2c_pec_add(s, low);
    stm32f7_i2c_slave_start(s, false);
    return true;
}

static int stm32f7_i2c_wire_send(I2CSlave *i2c, uint8_t data)
{
    STM32F7I2CWireState *w = STM32F7_I2C_WIRE(i2c);

    if (w->header) {
        return stm32f7_i2c_wire_second(w, data) ? 0 : -1;
    }
    return w->addressed && stm32f7_i2c_slave_take(w->controller, data) ? 0 : -1;
}

static uint8_t stm32f7_i2c_wire_recv(I2CSlave *i2c)
{
    STM32F7I2CWireState *w = STM32F7_I2C_WIRE(i2c);

    return w->addressed ? stm32f7_i2c_slave_give(w->controller) : 0xff;
}

static void stm32f7_i2c_wire_realize(DeviceState *dev, Error **errp)
{
    STM32F7I2CWireState *w = STM32F7_I2C_WIRE(dev);
    DeviceState *master = qdev_get_parent_bus(dev)->parent;

    if (!object_dynamic_cast(OBJECT(master), TYPE_STM32F7_I2C)) {
        error_setg(errp, "'bus' has to be one of a " TYPE_STM32F7_I2C);
    } else if (!w->controller) {
        error_setg(errp, "'controller' has to be set");
    } else if (OBJECT(w->controller) == OBJECT(master)) {
        error_setg(errp, "'controller' is the one of 'bus'");
    } else {
        i2c_slave_set_address(I2C_SLAVE(w), NO_ADDRESS);
        QLIST_INSERT_HEAD(&w->controller->wires, w, next);
    }
}

static void stm32f7_i2c_wire_unrealize(DeviceState *dev)
{
    QLIST_REMOVE(STM32F7_I2C_WIRE(dev), next);
}

static int stm32f7_i2c_wire_post_load(void *opaque, int version_id)
{
    STM32F7I2CWireState *w = opaque;

    if (w->addressed) {
        if (w->controller->wire) {
            return -EINVAL;
        }
        w->controller->wire = w;
    }
    return 0;
}

static const VMStateDescription vmstate_stm32f7_i2c_wire = {
    .name = TYPE_STM32F7_I2C_WIRE,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = stm32f7_i2c_wire_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_I2C_SLAVE(parent_obj, STM32F7I2CWireState),
        VMSTATE_BOOL(addressed, STM32F7I2CWireState),
        VMSTATE_BOOL(header, STM32F7I2CWireState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32f7_i2c_wire_properties[] = {
    DEFINE_PROP_LINK("controller", STM32F7I2CWireState, controller,
                     TYPE_STM32F7_I2C, STM32F7I2CState *),
};

static void stm32f7_i2c_wire_class_init(ObjectClass *klass,
                                        ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    I2CSlaveClass *isc = I2C_SLAVE_CLASS(klass);

    dc->desc = "Wires from an I2C bus to a controller that is a slave there";
    dc->vmsd = &vmstate_stm32f7_i2c_wire;
    dc->realize = stm32f7_i2c_wire_realize;
    dc->unrealize = stm32f7_i2c_wire_unrealize;
    dc->hotpluggable = false;
    device_class_set_props(dc, stm32f7_i2c_wire_properties);
    isc->match_and_add = stm32f7_i2c_wire_match;
    isc->event = stm32f7_i2c_wire_event;
    isc->send = stm32f7_i2c_wire_send;
    isc->recv = stm32f7_i2c_wire_recv;
}

static const TypeInfo stm32f7_i2c_types[] = {
    {
        .name = TYPE_STM32F7_I2C,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32F7I2CState),
        .instance_init = stm32f7_i2c_init,
        .instance_finalize = stm32f7_i2c_finalize,
        .class_init = stm32f7_i2c_class_init,
    },
    {
        .name = TYPE_STM32F7_I2C_WIRE,
        .parent = TYPE_I2C_SLAVE,
        .instance_size = sizeof(STM32F7I2CWireState),
        .class_init = stm32f7_i2c_wire_class_init,
    },
};

DEFINE_TYPES(stm32f7_i2c_types)
