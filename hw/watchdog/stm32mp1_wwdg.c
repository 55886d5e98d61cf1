/*
 * STM32MP1 system window watchdog (WWDG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/watchdog/stm32mp1_wwdg.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "trace.h"

REG32(CR, 0x00)
    FIELD(CR, T, 0, 7)
    FIELD(CR, WDGA, 7, 1)
REG32(CFR, 0x04)
    FIELD(CFR, W, 0, 7)
    FIELD(CFR, EWI, 9, 1)
    FIELD(CFR, WDGTB, 11, 3)
REG32(SR, 0x08)
    FIELD(SR, EWIF, 0, 1)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define CR_MASK     (R_CR_T_MASK | R_CR_WDGA_MASK)
#define CFR_MASK    (R_CFR_W_MASK | R_CFR_EWI_MASK | R_CFR_WDGTB_MASK)

#define RESET_T     0x7f
#define EARLY_T     0x40    /* the last value that does not reset */

static uint32_t stm32mp1_wwdg_t(const STM32MP1WwdgState *s)
{
    return FIELD_EX32(s->cr, CR, T);
}

static bool stm32mp1_wwdg_active(const STM32MP1WwdgState *s)
{
    return s->cr & R_CR_WDGA_MASK;
}

/* Clock cycles from one count of the prescaler to the next */
static uint64_t stm32mp1_wwdg_div(const STM32MP1WwdgState *s)
{
    return 4096ull << FIELD_EX32(s->cfr, CFR, WDGTB);
}

/* Counts that the counter at @t is away from the opening of the window */
static uint32_t stm32mp1_wwdg_closed(const STM32MP1WwdgState *s, uint32_t t)
{
    uint32_t w = FIELD_EX32(s->cfr, CFR, W);

    return t > w ? t - w : 0;
}

/*
 * How many times longer the count at @t lasts. Only the open window does: a
 * refresh that comes in time on a board has to come in time here.
 */
static uint32_t stm32mp1_wwdg_scale(const STM32MP1WwdgState *s, uint32_t t)
{
    return stm32mp1_wwdg_closed(s, t) ? 1 : s->time_scale;
}

/* Clock cycles that @counts counts last, from the counter at @t on */
static uint64_t stm32mp1_wwdg_cycles(const STM32MP1WwdgState *s, uint32_t t,
                                     uint64_t counts)
{
    uint64_t closed = MIN(counts, stm32mp1_wwdg_closed(s, t));

    return (closed + (counts - closed) * s->time_scale) * stm32mp1_wwdg_div(s);
}

/* The whole counts that go by in @cycles, from the counter at @t on */
static uint64_t stm32mp1_wwdg_counts(const STM32MP1WwdgState *s, uint32_t t,
                                     uint64_t cycles)
{
    uint64_t closed = stm32mp1_wwdg_closed(s, t);
    uint64_t steps = cycles / stm32mp1_wwdg_div(s);

    return steps < closed ? steps : closed + (steps - closed) / s->time_scale;
}

/* State of the prescaler: clock cycles since the last count, not stretched */
static uint64_t stm32mp1_wwdg_prescaler(const STM32MP1WwdgState *s)
{
    uint64_t now = stm32mp1_ticks_now(&s->ticks, s->clk);

    return (now - s->t_tick) / stm32mp1_wwdg_scale(s, stm32mp1_wwdg_t(s));
}

/* Go on from here with the prescaler at @cycles, whatever was written. */
static void stm32mp1_wwdg_set_prescaler(STM32MP1WwdgState *s, uint64_t cycles)
{
    s->t_tick = stm32mp1_ticks_now(&s->ticks, s->clk) -
                cycles % stm32mp1_wwdg_div(s) *
                stm32mp1_wwdg_scale(s, stm32mp1_wwdg_t(s));
}

static void stm32mp1_wwdg_clear(STM32MP1WwdgState *s)
{
    s->cr = RESET_T;
    s->cfr = RESET_T;
    s->sr = 0;
    /* The count is looked at while the watchdog is active only. */
    stm32mp1_ticks_run(&s->ticks, s->clk, true);
}

/* Drive the interrupt, and wake up when there is something to do */
static void stm32mp1_wwdg_update(STM32MP1WwdgState *s)
{
    bool ewi = s->cfr & R_CFR_EWI_MASK;
    bool level = ewi && (s->sr & R_SR_EWIF_MASK);
    uint32_t t = stm32mp1_wwdg_t(s);
    uint32_t next = ewi && t > EARLY_T ? EARLY_T : EARLY_T - 1;

    trace_stm32mp1_wwdg_irq(level);
    qemu_set_irq(s->irq, level);

    if (stm32mp1_wwdg_active(s)) {
        stm32mp1_ticks_arm(&s->ticks, s->clk, s->timer,
                           s->t_tick + stm32mp1_wwdg_cycles(s, t, t - next));
    } else {
        timer_del(s->timer);
    }
}

/*
 * The reset it causes covers the watchdog, too. That may start a clock: the
 * count must be over by then.
 */
static void stm32mp1_wwdg_expire(STM32MP1WwdgState *s, const char *why)
{
    trace_stm32mp1_wwdg_expired(why);
    stm32mp1_wwdg_clear(s);
    qemu_irq_pulse(s->reset_out);
}

/* Bring the counter up to the present. Returns false if that was its end. */
static bool stm32mp1_wwdg_sync(STM32MP1WwdgState *s)
{
    uint32_t t = stm32mp1_wwdg_t(s);
    uint64_t counts;

    if (!stm32mp1_wwdg_active(s)) {
        return true;
    }
    counts = stm32mp1_wwdg_counts(s, t, stm32mp1_ticks_now(&s->ticks, s->clk) -
                                        s->t_tick);
    if (counts > t - EARLY_T) {
        stm32mp1_wwdg_expire(s, "counter has run out");
        return false;
    }
    s->t_tick += stm32mp1_wwdg_cycles(s, t, counts);
    t -= counts;
    if (t == EARLY_T && counts) {
        s->sr |= R_SR_EWIF_MASK;
    }
    s->cr = FIELD_DP32(s->cr, CR, T, t);
    return true;
}

static void stm32mp1_wwdg_expired(void *opaque)
{
    STM32MP1WwdgState *s = opaque;

    stm32mp1_wwdg_sync(s);
    stm32mp1_wwdg_update(s);
}

static void stm32mp1_wwdg_clk_event(void *opaque, ClockEvent event)
{
    STM32MP1WwdgState *s = opaque;

    if (event == ClockPreUpdate) {
        stm32mp1_ticks_fold(&s->ticks, s->clk);
    } else {
        stm32mp1_wwdg_update(s);
    }
}

static uint64_t stm32mp1_wwdg_read(void *opaque, hwaddr addr,
                                   unsigned int size)
{
    STM32MP1WwdgState *s = opaque;
    uint32_t value = 0;

    stm32mp1_wwdg_sync(s);
    stm32mp1_wwdg_update(s);
    switch (addr) {
    case A_CR:
        value = s->cr;
        break;
    case A_CFR:
        value = s->cfr;
        break;
    case A_SR:
        value = s->sr;
        break;
    case A_HWCFGR:
        value = 0xfff;
        break;
    case A_VERR:
        value = 0x21;
        break;
    case A_IPIDR:
        value = 0x00120051;
        break;
    case A_SIDR:
        value = 0xa3c5dd01;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    trace_stm32mp1_wwdg_read(addr, value);
    return value;
}

static void stm32mp1_wwdg_write_cr(STM32MP1WwdgState *s, uint32_t value)
{
    uint32_t t = FIELD_EX32(value, CR, T);
    bool was_active = stm32mp1_wwdg_active(s);
    uint64_t prescaler = stm32mp1_wwdg_prescaler(s);

    if (was_active && stm32mp1_wwdg_closed(s, stm32mp1_wwdg_t(s))) {
        stm32mp1_wwdg_expire(s, "refreshed before the window");
        return;
    }
    s->cr |= value & R_CR_WDGA_MASK;
    s->cr = FIELD_DP32(s->cr, CR, T, t);
    if (stm32mp1_wwdg_active(s) && t < EARLY_T) {
        stm32mp1_wwdg_expire(s, "T6 cleared");
        return;
    }
    if (stm32mp1_wwdg_active(s) && t == EARLY_T) {
        s->sr |= R_SR_EWIF_MASK;
    }
    stm32mp1_wwdg_set_prescaler(s, was_active ? prescaler : 0);
}

static void stm32mp1_wwdg_write_cfr(STM32MP1WwdgState *s, uint32_t value)
{
    uint64_t prescaler = stm32mp1_wwdg_prescaler(s);

    /* EWI can only be set. */
    s->cfr = (value & CFR_MASK) | (s->cfr & R_CFR_EWI_MASK);
    stm32mp1_wwdg_set_prescaler(s, prescaler);
}

static void stm32mp1_wwdg_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned int size)
{
    STM32MP1WwdgState *s = opaque;

    trace_stm32mp1_wwdg_write(addr, value);
    if (!stm32mp1_wwdg_sync(s)) {
        return;
    }
    switch (addr) {
    case A_CR:
        stm32mp1_wwdg_write_cr(s, value);
        break;
    case A_CFR:
        stm32mp1_wwdg_write_cfr(s, value);
        break;
    case A_SR:
        s->sr &= value;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no writable register at 0x%"
                      HWADDR_PRIx "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    stm32mp1_wwdg_update(s);
}

static const MemoryRegionOps stm32mp1_wwdg_ops = {
    .read = stm32mp1_wwdg_read,
    .write = stm32mp1_wwdg_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32mp1_wwdg_reset_hold(Object *obj, ResetType type)
{
    STM32MP1WwdgState *s = STM32MP1_WWDG(obj);

    stm32mp1_wwdg_clear(s);
    stm32mp1_wwdg_update(s);
}

static void stm32mp1_wwdg_init(Object *obj)
{
    STM32MP1WwdgState *s = STM32MP1_WWDG(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_wwdg_ops, s,
                          TYPE_STM32MP1_WWDG, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->reset_out, "reset", 1);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", stm32mp1_wwdg_clk_event,
                                s, ClockPreUpdate | ClockUpdate);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_wwdg_expired, s);
}

static void stm32mp1_wwdg_finalize(Object *obj)
{
    timer_free(STM32MP1_WWDG(obj)->timer);
}

static void stm32mp1_wwdg_realize(DeviceState *dev, Error **errp)
{
    STM32MP1WwdgState *s = STM32MP1_WWDG(dev);

    if (s->time_scale == 0) {
        error_setg(errp, "time-scale must not be 0");
    }
}

static const VMStateDescription vmstate_stm32mp1_wwdg = {
    .name = TYPE_STM32MP1_WWDG,
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1WwdgState),
        VMSTATE_TIMER_PTR(timer, STM32MP1WwdgState),
        VMSTATE_UINT32(cr, STM32MP1WwdgState),
        VMSTATE_UINT32(cfr, STM32MP1WwdgState),
        VMSTATE_UINT32(sr, STM32MP1WwdgState),
        VMSTATE_INT64(ticks.since_ns, STM32MP1WwdgState),
        VMSTATE_UINT64(ticks.base, STM32MP1WwdgState),
        VMSTATE_BOOL(ticks.running, STM32MP1WwdgState),
        VMSTATE_UINT64(t_tick, STM32MP1WwdgState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_wwdg_properties[] = {
    DEFINE_PROP_UINT32("time-scale", STM32MP1WwdgState, time_scale, 1),
};

static void stm32mp1_wwdg_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = stm32mp1_wwdg_realize;
    dc->vmsd = &vmstate_stm32mp1_wwdg;
    device_class_set_props(dc, stm32mp1_wwdg_properties);
    set_bit(DEVICE_CATEGORY_WATCHDOG, dc->categories);
    rc->phases.hold = stm32mp1_wwdg_reset_hold;
}

static const TypeInfo stm32mp1_wwdg_types[] = {
    {
        .name = TYPE_STM32MP1_WWDG,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1WwdgState),
        .instance_init = stm32mp1_wwdg_init,
        .instance_finalize = stm32mp1_wwdg_finalize,
        .class_init = stm32mp1_wwdg_class_init,
    },
};

DEFINE_TYPES(stm32mp1_wwdg_types)
