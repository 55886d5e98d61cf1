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
 * Not modelled: 10-bit addresses (answered by NACK), SMBus packet error
 * checking, timeouts and alert; two masters at once.
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
    FIELD(CR1, PECEN, 23, 1)
REG32(CR2, 0x04)
    FIELD(CR2, SADD, 0, 10)
    FIELD(CR2, RD_WRN, 10, 1)
    FIELD(CR2, ADD10, 11, 1)
    FIELD(CR2, START, 13, 1)
    FIELD(CR2, STOP, 14, 1)
    FIELD(CR2, NACK, 15, 1)
    FIELD(CR2, NBYTES, 16, 8)
    FIELD(CR2, RELOAD, 24, 1)
    FIELD(CR2, AUTOEND, 25, 1)
    FIELD(CR2, PECBYTE, 26, 1)
REG32(OAR1, 0x08)
    FIELD(OAR1, OA1, 1, 7)
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
/* OA2MSK for all addresses but those that are reserved */
#define OA2MSK_ALL 7

/* The flags that ICR clears */
#define ICR_FLAGS (R_ISR_ADDR_MASK | R_ISR_NACKF_MASK | R_ISR_STOPF_MASK | \
                   ISR_ERRORS)

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
}

static void stm32f7_i2c_stop(STM32F7I2CState *s)
{
    if (s->active) {
        i2c_end_transfer(s->bus);
        s->active = false;
    }
    s->stopping = false;
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
    timer_mod(&s->stop_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                              stm32f7_i2c_stop_ns(s));
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

/* What a master is about to do */
typedef enum {
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
           !(step == STEP_RECEIVE && (s->isr & R_ISR_TXE_MASK));
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

/* Move on with the transfer as far as it goes without software */
static void stm32f7_i2c_advance(STM32F7I2CState *s)
{
    bool recv = s->cr2 & R_CR2_RD_WRN_MASK;

    if (!s->active || timer_pending(&s->stop_timer) ||
        (s->isr & (R_ISR_TC_MASK | R_ISR_TCR_MASK))) {
        return;
    }
    if (s->remaining && recv && !(s->isr & R_ISR_RXNE_MASK)) {
        if (!stm32f7_i2c_bus_ready(s, STEP_RECEIVE)) {
            return;
        }
        s->rxdr = i2c_recv(s->bus);
        s->isr |= R_ISR_RXNE_MASK;
        s->remaining--;
        trace_stm32f7_i2c_byte(recv, s->rxdr, s->remaining);
    } else if (s->remaining && !recv && !(s->isr & R_ISR_TXE_MASK)) {
        if (!stm32f7_i2c_bus_ready(s, STEP_SEND)) {
            return;
        }
        s->isr |= R_ISR_TXE_MASK;
        s->isr &= ~R_ISR_TXIS_MASK;
        s->remaining--;
        trace_stm32f7_i2c_byte(recv, s->txdr, s->remaining);
        if (i2c_send(s->bus, s->txdr)) {
            stm32f7_i2c_nack(s);
            return;
        }
    }
    if (s->remaining == 0) {
        if (stm32f7_i2c_bus_ready(s, STEP_END)) {
            stm32f7_i2c_block_done(s);
        }
    } else if (!recv) {
        s->isr |= R_ISR_TXIS_MASK;
    }
}

static void stm32f7_i2c_start(STM32F7I2CState *s)
{
    uint8_t address = extract32(s->cr2, R_CR2_SADD_SHIFT + 1, 7);
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

    /* QEMU's bus takes any start within a transfer as for the same slave */
    if (s->active && address != s->address) {
        i2c_end_transfer(s->bus);
        s->active = false;
    }
    s->address = address;
    s->remaining = FIELD_EX32(s->cr2, CR2, NBYTES);

    if (s->cr2 & R_CR2_ADD10_MASK) {
        qemu_log_mask(LOG_UNIMP, "%s: 10-bit address\n", TYPE_STM32F7_I2C);
        nack = true;
    } else {
        s->starting = true;
        nack = i2c_start_transfer(s->bus, address, recv);
        s->starting = false;
    }
    trace_stm32f7_i2c_start(address, recv, s->remaining, nack);
    if (nack) {
        if (!s->active) {
            /* a general call that nobody has answered is not over for the bus */
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
    BusState *bus = qdev_get_parent_bus(DEVICE(wire));
    STM32F7I2CState *master = STM32F7_I2C(bus->parent);

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
        !(s->isr & (R_ISR_ADDR_MASK | R_ISR_NACKF_MASK))) {
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
    s->isr = R_ISR_TXE_MASK;
    s->cr2 &= ~(R_CR2_START_MASK | R_CR2_STOP_MASK | R_CR2_PECBYTE_MASK);
    stm32f7_i2c_slave_leave(s);
}

static void stm32f7_i2c_write_cr1(STM32F7I2CState *s, uint32_t value)
{
    if (value & R_CR1_PECEN_MASK) {
        qemu_log_mask(LOG_UNIMP, "%s: CR1 0x%08" PRIx32 ": PEC\n",
                      TYPE_STM32F7_I2C, value);
    }
    if (s->cr1 & ~value & R_CR1_PE_MASK) {
        /* ST's HAL sets it again before PE: then it has to stay */
        s->cr2 &= ~R_CR2_NACK_MASK;
    }
    s->cr1 = value & CR1_RW;
    if (!(s->cr1 & R_CR1_PE_MASK)) {
        stm32f7_i2c_disable(s);
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
    if (value & R_CR2_PECBYTE_MASK) {
        qemu_log_mask(LOG_UNIMP, "%s: PECBYTE\n", TYPE_STM32F7_I2C);
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
 * Is @address one that this controller answers? An own address alone does not
 * say so: ST's HAL sets one for each master, too, with NACK as its answer.
 */
static bool stm32f7_i2c_is_own(const STM32F7I2CState *s, uint8_t address,
                               bool broadcast)
{
    unsigned masked = FIELD_EX32(s->oar2, OAR2, OA2MSK);
    uint8_t differs = FIELD_EX32(s->oar2, OAR2, OA2) ^ address;

    if (!(s->cr1 & R_CR1_PE_MASK) || (s->cr2 & R_CR2_NACK_MASK) || s->active ||
        s->starting || s->wire) {
        return false;
    }
    if (broadcast) {
        return s->cr1 & R_CR1_GCEN_MASK;
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
        s->rxdr = value;
        s->isr |= R_ISR_RXNE_MASK;
        s->cr2 &= ~R_CR2_NACK_MASK;
        stm32f7_i2c_slave_count(s);
    }
    trace_stm32f7_i2c_slave_byte(false, value, ack);
    stm32f7_i2c_update(s);
    return ack;
}

/* A byte for the master */
static uint8_t stm32f7_i2c_slave_give(STM32F7I2CState *s)
{
    uint8_t value = s->txdr;

    if (s->isr & R_ISR_TXE_MASK) {
        /* with NOSTRETCH only */
        s->isr |= R_ISR_OVR_MASK;
        value = 0xff;
    } else {
        s->isr |= R_ISR_TXE_MASK | R_ISR_TXIS_MASK;
        stm32f7_i2c_slave_count(s);
    }
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
    s->cr2 &= ~R_CR2_NACK_MASK;
    s->isr &= ~(R_ISR_BUSY_MASK | R_ISR_TXIS_MASK | R_ISR_TCR_MASK);
    s->isr |= R_ISR_STOPF_MASK;
    trace_stm32f7_i2c_slave_stop();
    if (s->cr2 & R_CR2_START_MASK) {
        timer_mod(&s->stop_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                  stm32f7_i2c_stop_ns(s));
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
    case A_ICR:
    case A_PECR:
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
        if ((s->oar1 & R_OAR1_OA1EN_MASK) && (s->oar1 & R_OAR1_OA1MODE_MASK)) {
            qemu_log_mask(LOG_UNIMP, "%s: own 10-bit address\n",
                          TYPE_STM32F7_I2C);
        }
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
        s->timeoutr = value & TIMEOUTR_RW;
        break;
    case A_ISR:
        /* writing 1 to TXE throws away what is in TXDR */
        s->isr |= value & R_ISR_TXE_MASK;
        stm32f7_i2c_slave_advance(s);
        break;
    case A_ICR:
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
    s->stopping = false;
    timer_del(&s->stop_timer);
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
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", NULL, NULL, 0);
    timer_init_ns(&s->stop_timer, QEMU_CLOCK_VIRTUAL, stm32f7_i2c_stop_expired,
                  s);
}

static void stm32f7_i2c_finalize(Object *obj)
{
    timer_del(&STM32F7_I2C(obj)->stop_timer);
}

static const VMStateDescription vmstate_stm32f7_i2c = {
    .name = TYPE_STM32F7_I2C,
    .version_id = 3,
    .minimum_version_id = 3,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(cr1, STM32F7I2CState),
        VMSTATE_UINT32(cr2, STM32F7I2CState),
        VMSTATE_UINT32(oar1, STM32F7I2CState),
        VMSTATE_UINT32(oar2, STM32F7I2CState),
        VMSTATE_UINT32(timingr, STM32F7I2CState),
        VMSTATE_UINT32(timeoutr, STM32F7I2CState),
        VMSTATE_UINT32(isr, STM32F7I2CState),
        VMSTATE_UINT8(address, STM32F7I2CState),
        VMSTATE_UINT8(rxdr, STM32F7I2CState),
        VMSTATE_UINT8(txdr, STM32F7I2CState),
        VMSTATE_UINT8(remaining, STM32F7I2CState),
        VMSTATE_BOOL(active, STM32F7I2CState),
        VMSTATE_BOOL(stopping, STM32F7I2CState),
        VMSTATE_CLOCK(clk, STM32F7I2CState),
        VMSTATE_TIMER(stop_timer, STM32F7I2CState),
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

    if (!stm32f7_i2c_is_own(w->controller, address, broadcast)) {
        return false;
    }
    /* the bus knows by it, too, whom a saved transfer was for */
    i2c_slave_set_address(i2c, broadcast ? GENERAL_CALL : address);
    node = g_new(I2CNode, 1);
    node->elt = i2c;
    QLIST_INSERT_HEAD(current_devs, node, next);
    return true;
}

static int stm32f7_i2c_wire_event(I2CSlave *i2c, enum i2c_event event)
{
    STM32F7I2CWireState *w = STM32F7_I2C_WIRE(i2c);
    STM32F7I2CState *s = w->controller;

    switch (event) {
    case I2C_START_SEND:
    case I2C_START_RECV:
        if (!w->addressed) {
            if (!stm32f7_i2c_is_own(s, i2c->address,
                                    i2c->address == GENERAL_CALL)) {
                return -1;
            }
            w->addressed = true;
            s->wire = w;
        }
        stm32f7_i2c_slave_start(s, event == I2C_START_RECV);
        return 0;
    case I2C_NACK:
        if (w->addressed) {
            stm32f7_i2c_slave_nack(s);
        }
        return 0;
    case I2C_FINISH:
        i2c_slave_set_address(i2c, NO_ADDRESS);
        if (w->addressed) {
            w->addressed = false;
            stm32f7_i2c_slave_stop(s);
        }
        return 0;
    default:
        return -1;
    }
}

static int stm32f7_i2c_wire_send(I2CSlave *i2c, uint8_t data)
{
    STM32F7I2CWireState *w = STM32F7_I2C_WIRE(i2c);

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
    }
    i2c_slave_set_address(I2C_SLAVE(w), NO_ADDRESS);
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
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32f7_i2c_wire_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_I2C_SLAVE(parent_obj, STM32F7I2CWireState),
        VMSTATE_BOOL(addressed, STM32F7I2CWireState),
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
