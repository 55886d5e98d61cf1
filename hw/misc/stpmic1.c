/*
 * STPMIC1 power management IC
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers as in the STPMIC1 data sheet (DS12792). Regulators are storage,
 * with the voltages that boot firmware leaves on an STM32MP15 Discovery kit.
 * Modelled: interrupts of the PONKEY and WAKEUP pins, switch-off and restart
 * by software, watchdog. Not modelled: power-off by a long press of PONKEY,
 * current limits, the PWRCTRL pin and with it the standby registers' effect.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/misc/stpmic1.h"
#include "hw/irq.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "system/watchdog.h"
#include "trace.h"

REG8(TURN_ON_SR, 0x01)
REG8(TURN_OFF_SR, 0x02)
REG8(VERSION_SR, 0x06)
REG8(MAIN_CR, 0x10)
    FIELD(MAIN_CR, SWOFF, 0, 1)
    FIELD(MAIN_CR, RREQ_EN, 1, 1)
REG8(WCHDG_CR, 0x1b)
    FIELD(WCHDG_CR, ENABLE, 0, 1)
    FIELD(WCHDG_CR, RST, 1, 1)
REG8(WCHDG_TIMER_CR, 0x1c)
REG8(LDOS_ICCTO_CR, 0x1e)
REG8(BUCK1_ACTIVE_CR, 0x20)
REG8(BUCK2_ACTIVE_CR, 0x21)
REG8(BUCK3_ACTIVE_CR, 0x22)
REG8(BUCK4_ACTIVE_CR, 0x23)
REG8(VREF_DDR_ACTIVE_CR, 0x24)
REG8(LDO1_ACTIVE_CR, 0x25)
REG8(LDO2_ACTIVE_CR, 0x26)
REG8(LDO3_ACTIVE_CR, 0x27)
REG8(LDO4_ACTIVE_CR, 0x28)
REG8(LDO5_ACTIVE_CR, 0x29)
REG8(LDO6_ACTIVE_CR, 0x2a)
REG8(BUCK1_STDBY_CR, 0x30)
REG8(LDO6_STDBY_CR, 0x3a)
REG8(BST_SW_CR, 0x40)
/* each of these is four registers */
REG8(INT_PENDING, 0x50)
REG8(INT_DBG_LATCH, 0x60)
REG8(INT_CLEAR, 0x70)
REG8(INT_MASK, 0x80)
REG8(INT_SET_MASK, 0x90)
REG8(INT_CLEAR_MASK, 0xa0)
REG8(INT_SRC, 0xb0)

/* Bits of bank 1; a pin's rising edge is the bit above its falling edge */
#define INT1_PONKEY_F 0x01
#define INT1_PONKEY_R 0x02
#define INT1_WAKEUP_F 0x04
#define INT1_WAKEUP_R 0x08

#define TURN_ON_AUTO 0x10
#define VERSION 0x10

/* voltage selector in [7:2], enable in bit 0 */
#define REGULATOR(sel) ((sel) << 2 | 1)

static const struct {
    uint8_t addr;
    uint8_t value;
} stpmic1_reset_values[] = {
    { A_TURN_ON_SR, TURN_ON_AUTO },
    { A_VERSION_SR, VERSION },
    { A_BUCK1_ACTIVE_CR, REGULATOR(24) },       /* vddcore 1.2 V */
    { A_BUCK2_ACTIVE_CR, REGULATOR(30) },       /* vdd_ddr 1.35 V */
    { A_BUCK3_ACTIVE_CR, REGULATOR(54) },       /* vdd 3.3 V */
    { A_BUCK4_ACTIVE_CR, REGULATOR(54) },       /* v3v3 3.3 V */
    { A_VREF_DDR_ACTIVE_CR, REGULATOR(0) },
    { A_LDO1_ACTIVE_CR, REGULATOR(9) },         /* v1v8_audio 1.8 V */
    { A_LDO2_ACTIVE_CR, REGULATOR(25) },        /* v3v3_hdmi 3.3 V */
    { A_LDO3_ACTIVE_CR, REGULATOR(31) },        /* vtt_ddr, sink/source */
    { A_LDO4_ACTIVE_CR, REGULATOR(0) },         /* vdd_usb 3.3 V, fixed */
    { A_LDO5_ACTIVE_CR, REGULATOR(20) },        /* vdda 2.9 V */
    { A_LDO6_ACTIVE_CR, REGULATOR(3) },         /* v1v2_hdmi 1.2 V */
    { A_INT_MASK, 0xff },
    { A_INT_MASK + 1, 0xff },
    { A_INT_MASK + 2, 0xff },
    { A_INT_MASK + 3, 0xff },
};

static bool stpmic1_in(uint8_t reg, uint8_t bank)
{
    return reg >= bank && reg < bank + STPMIC1_NUM_IRQ_REGS;
}

static void stpmic1_update_intn(STPMIC1State *s)
{
    bool pending = false;

    for (int i = 0; i < STPMIC1_NUM_IRQ_REGS; i++) {
        pending |= s->regs[A_INT_PENDING + i] & ~s->regs[A_INT_MASK + i];
    }
    trace_stpmic1_intn(!pending);
    qemu_set_irq(s->intn, !pending);
}

static void stpmic1_update_watchdog(STPMIC1State *s)
{
    unsigned seconds = s->regs[A_WCHDG_TIMER_CR] + 1;

    if (s->regs[A_WCHDG_CR] & R_WCHDG_CR_ENABLE_MASK) {
        trace_stpmic1_watchdog("reload", seconds);
        timer_mod(s->watchdog, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  seconds * NANOSECONDS_PER_SECOND);
    } else {
        trace_stpmic1_watchdog("off", seconds);
        timer_del(s->watchdog);
    }
}

/* Call it after a reset was asked for, which QEMU's options may forbid. */
static void stpmic1_note_power_cycle(STPMIC1State *s)
{
    if (qemu_reset_requested_get()) {
        qemu_irq_pulse(s->power_cycle);
    }
}

static void stpmic1_watchdog_expired(void *opaque)
{
    STPMIC1State *s = opaque;

    trace_stpmic1_watchdog("expired", s->regs[A_WCHDG_TIMER_CR] + 1);
    watchdog_perform_action();
    stpmic1_note_power_cycle(s);
}

static void stpmic1_write_main(STPMIC1State *s, uint8_t value)
{
    bool restart = value & R_MAIN_CR_RREQ_EN_MASK;

    s->regs[A_MAIN_CR] = value & 0x1e;
    if (value & R_MAIN_CR_SWOFF_MASK) {
        trace_stpmic1_switch_off("software", restart);
        if (restart) {
            qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
            stpmic1_note_power_cycle(s);
        } else {
            qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
            qemu_irq_pulse(s->power_off);
        }
    }
}

static void stpmic1_write(STPMIC1State *s, uint8_t reg, uint8_t value)
{
    unsigned i = reg % 16;

    trace_stpmic1_write(reg, value);
    if (reg == A_MAIN_CR) {
        stpmic1_write_main(s, value);
    } else if (reg == A_WCHDG_CR) {
        /* RST restarts the count and reads 0 */
        uint8_t old = s->regs[reg];

        s->regs[reg] = value & R_WCHDG_CR_ENABLE_MASK;
        if (s->regs[reg] != old || (value & R_WCHDG_CR_RST_MASK)) {
            stpmic1_update_watchdog(s);
        }
    } else if ((reg > A_MAIN_CR && reg <= A_LDOS_ICCTO_CR) ||
               (reg >= A_BUCK1_ACTIVE_CR && reg <= A_LDO6_ACTIVE_CR) ||
               (reg >= A_BUCK1_STDBY_CR && reg <= A_LDO6_STDBY_CR) ||
               reg == A_BST_SW_CR) {
        s->regs[reg] = value;
    } else if (stpmic1_in(reg, A_INT_DBG_LATCH)) {
        s->regs[A_INT_PENDING + i] |= value;
    } else if (stpmic1_in(reg, A_INT_CLEAR)) {
        s->regs[A_INT_PENDING + i] &= ~value;
    } else if (stpmic1_in(reg, A_INT_SET_MASK)) {
        s->regs[A_INT_MASK + i] |= value;
    } else if (stpmic1_in(reg, A_INT_CLEAR_MASK)) {
        s->regs[A_INT_MASK + i] &= ~value;
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write of 0x%02x to read-only or "
                      "reserved register 0x%02x\n", TYPE_STPMIC1, value, reg);
    }
    if (reg >= A_INT_PENDING) {
        stpmic1_update_intn(s);
    }
}

static int stpmic1_event(I2CSlave *i2c, enum i2c_event event)
{
    STPMIC1State *s = STPMIC1(i2c);

    if (event == I2C_START_SEND) {
        s->pointer_set = false;
    }
    return 0;
}

/* The first byte of a write selects a register, the next ones go there on */
static int stpmic1_send(I2CSlave *i2c, uint8_t data)
{
    STPMIC1State *s = STPMIC1(i2c);

    if (!s->pointer_set) {
        s->pointer = data;
        s->pointer_set = true;
    } else {
        stpmic1_write(s, s->pointer++, data);
    }
    return 0;
}

static uint8_t stpmic1_recv(I2CSlave *i2c)
{
    STPMIC1State *s = STPMIC1(i2c);
    uint8_t reg = s->pointer++;

    trace_stpmic1_read(reg, s->regs[reg]);
    return s->regs[reg];
}

/* INT_SRC shows the level of a pin, INT_PENDING latches its edges */
static void stpmic1_pin(STPMIC1State *s, bool level, uint8_t falling)
{
    uint8_t rising = falling << 1;

    s->regs[A_INT_SRC] &= ~(falling | rising);
    s->regs[A_INT_SRC] |= level ? rising : falling;
    s->regs[A_INT_PENDING] |= level ? rising : falling;
    stpmic1_update_intn(s);
}

static void stpmic1_set_ponkey(void *opaque, int n, int level)
{
    STPMIC1State *s = opaque;

    if (s->ponkey != !!level) {
        s->ponkey = level;
        /* the key pulls the pin down */
        stpmic1_pin(s, !level, INT1_PONKEY_F);
    }
}

static void stpmic1_set_wakeup(void *opaque, int n, int level)
{
    STPMIC1State *s = opaque;

    if (s->wakeup != !!level) {
        s->wakeup = level;
        stpmic1_pin(s, level, INT1_WAKEUP_F);
    }
}

static void stpmic1_reset_hold(Object *obj, ResetType type)
{
    STPMIC1State *s = STPMIC1(obj);

    memset(s->regs, 0, sizeof(s->regs));
    for (int i = 0; i < ARRAY_SIZE(stpmic1_reset_values); i++) {
        s->regs[stpmic1_reset_values[i].addr] = stpmic1_reset_values[i].value;
    }
    s->regs[A_INT_SRC] = (s->ponkey ? INT1_PONKEY_F : INT1_PONKEY_R) |
                         (s->wakeup ? INT1_WAKEUP_R : INT1_WAKEUP_F);
    s->pointer = 0;
    s->pointer_set = false;
    timer_del(s->watchdog);
}

static void stpmic1_reset_exit(Object *obj, ResetType type)
{
    stpmic1_update_intn(STPMIC1(obj));
}

static void stpmic1_init(Object *obj)
{
    STPMIC1State *s = STPMIC1(obj);
    DeviceState *dev = DEVICE(obj);

    s->watchdog = timer_new_ns(QEMU_CLOCK_VIRTUAL, stpmic1_watchdog_expired,
                               s);
    qdev_init_gpio_out(dev, &s->intn, 1);
    qdev_init_gpio_out_named(dev, &s->power_cycle, "power-cycle", 1);
    qdev_init_gpio_out_named(dev, &s->power_off, "power-off", 1);
    qdev_init_gpio_in_named(dev, stpmic1_set_ponkey, "ponkey", 1);
    qdev_init_gpio_in_named(dev, stpmic1_set_wakeup, "wakeup", 1);
}

static void stpmic1_finalize(Object *obj)
{
    timer_free(STPMIC1(obj)->watchdog);
}

static const VMStateDescription vmstate_stpmic1 = {
    .name = TYPE_STPMIC1,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_I2C_SLAVE(parent_obj, STPMIC1State),
        VMSTATE_TIMER_PTR(watchdog, STPMIC1State),
        VMSTATE_UINT8_ARRAY(regs, STPMIC1State, STPMIC1_NUM_REGS),
        VMSTATE_BOOL(ponkey, STPMIC1State),
        VMSTATE_BOOL(wakeup, STPMIC1State),
        VMSTATE_UINT8(pointer, STPMIC1State),
        VMSTATE_BOOL(pointer_set, STPMIC1State),
        VMSTATE_END_OF_LIST()
    }
};

static void stpmic1_class_init(ObjectClass *klass, ClassInitData *data)
{
    I2CSlaveClass *isc = I2C_SLAVE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    DEVICE_CLASS(klass)->vmsd = &vmstate_stpmic1;
    isc->event = stpmic1_event;
    isc->send = stpmic1_send;
    isc->recv = stpmic1_recv;
    rc->phases.hold = stpmic1_reset_hold;
    rc->phases.exit = stpmic1_reset_exit;
}

static const TypeInfo stpmic1_types[] = {
    {
        .name = TYPE_STPMIC1,
        .parent = TYPE_I2C_SLAVE,
        .instance_size = sizeof(STPMIC1State),
        .instance_init = stpmic1_init,
        .instance_finalize = stpmic1_finalize,
        .class_init = stpmic1_class_init,
    },
};

DEFINE_TYPES(stpmic1_types)
