/*
 * STM32MP1 low-power timer (LPTIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers and rules: RM0436, chapter "Low-power timer", and Linux's drivers
 * of the block. As in stm32mp1_tim.c, the counter is computed when somebody
 * looks, and a host timer runs only while an enabled interrupt is to come.
 *
 * ARR and CMP go from the bus to the clock of the counter, which takes three
 * of its cycles here; ARROK and CMPOK say that they have arrived. How many it
 * takes on silicon is not specified. A start that is written meanwhile waits.
 *
 * External clocks, counting of edges, triggers and the encoder have no pins to
 * come from: they are logged, and the counter does not run.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "hw/timer/stm32mp1_lptim.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(ISR, 0x00)
    FIELD(ISR, CMPM, 0, 1)
    FIELD(ISR, ARRM, 1, 1)
    FIELD(ISR, CMPOK, 3, 1)
    FIELD(ISR, ARROK, 4, 1)
REG32(ICR, 0x04)
REG32(IER, 0x08)
REG32(CFGR, 0x0c)
    FIELD(CFGR, CKSEL, 0, 1)
    FIELD(CFGR, PRESC, 9, 3)
    FIELD(CFGR, TRIGEN, 17, 2)
    FIELD(CFGR, PRELOAD, 22, 1)
    FIELD(CFGR, COUNTMODE, 23, 1)
    FIELD(CFGR, ENC, 24, 1)
REG32(CR, 0x10)
    FIELD(CR, ENABLE, 0, 1)
    FIELD(CR, SNGSTRT, 1, 1)
    FIELD(CR, CNTSTRT, 2, 1)
    FIELD(CR, COUNTRST, 3, 1)
    FIELD(CR, RSTARE, 4, 1)
REG32(CMP, 0x14)
REG32(ARR, 0x18)
REG32(CNT, 0x1c)
REG32(CFGR2, 0x24)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(PIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define FLAGS           0x7f
#define CFGR_MASK       0x00feeedf
#define CFGR2_MASK      0x33
#define HWCFGR_VALUE    0x00000804
#define HWCFGR_ENCODER  0x00010000
#define SYNC_CYCLES     3
#define NEVER           UINT64_MAX

/* What each of the synchronized registers raises */
static const struct {
    const char *name;
    uint32_t arrived;
    uint32_t match;
} stm32mp1_lptim_sync_flags[STM32MP1_LPTIM_NUM_SYNC] = {
    [STM32MP1_LPTIM_CMP] = { "CMP", R_ISR_CMPOK_MASK, R_ISR_CMPM_MASK },
    [STM32MP1_LPTIM_ARR] = { "ARR", R_ISR_ARROK_MASK, R_ISR_ARRM_MASK },
};

static unsigned stm32mp1_lptim_shift(const STM32MP1LptimState *s)
{
    return FIELD_EX32(s->cfgr, CFGR, PRESC);
}

static uint64_t stm32mp1_lptim_period(const STM32MP1LptimState *s)
{
    return (uint64_t)s->sync[STM32MP1_LPTIM_ARR].active + 1;
}

/* Steps until the counter goes back to 0; it may have missed ARR */
static uint64_t stm32mp1_lptim_to_wrap(const STM32MP1LptimState *s)
{
    uint64_t period = stm32mp1_lptim_period(s);

    return s->cnt < period ? period - s->cnt : 0x10000 - s->cnt;
}

/* Steps until the counter shows @value, NEVER if not before it wraps */
static uint64_t stm32mp1_lptim_to_value(const STM32MP1LptimState *s,
                                        uint32_t value)
{
    uint64_t to_wrap = stm32mp1_lptim_to_wrap(s);

    if (value == 0) {
        return s->single ? NEVER : to_wrap;
    }
    return value > s->cnt && value - s->cnt < to_wrap ? value - s->cnt : NEVER;
}

static void stm32mp1_lptim_match(STM32MP1LptimState *s, uint64_t steps)
{
    for (unsigned i = 0; i < STM32MP1_LPTIM_NUM_SYNC; i++) {
        if (stm32mp1_lptim_to_value(s, s->sync[i].active) <= steps) {
            s->isr |= stm32mp1_lptim_sync_flags[i].match;
        }
    }
}

/* Let the counter run up to a tick of the clock */
static void stm32mp1_lptim_advance(STM32MP1LptimState *s, uint64_t tick)
{
    unsigned shift = stm32mp1_lptim_shift(s);
    uint64_t periods;

    while (s->running && tick > s->cnt_tick) {
        uint64_t steps = (tick - s->cnt_tick) >> shift;
        uint64_t to_wrap = stm32mp1_lptim_to_wrap(s);

        stm32mp1_lptim_match(s, MIN(steps, to_wrap));
        if (steps < to_wrap) {
            s->cnt += steps;
            s->cnt_tick += steps << shift;
            return;
        }
        s->cnt = 0;
        s->cnt_tick += to_wrap << shift;
        for (unsigned i = 0; i < STM32MP1_LPTIM_NUM_SYNC; i++) {
            if (!s->sync[i].pending) {
                s->sync[i].active = s->sync[i].value;
            }
        }
        if (s->single) {
            s->running = false;
            return;
        }
        /* From here on all periods are alike: take them in one step. */
        periods = ((tick - s->cnt_tick) >> shift) / stm32mp1_lptim_period(s);
        if (periods) {
            stm32mp1_lptim_match(s, stm32mp1_lptim_period(s));
            s->cnt_tick += periods * stm32mp1_lptim_period(s) << shift;
        }
    }
}

static void stm32mp1_lptim_arrive(STM32MP1LptimState *s, unsigned i)
{
    s->sync[i].pending = false;
    if (!s->running || !(s->cfgr & R_CFGR_PRELOAD_MASK)) {
        s->sync[i].active = s->sync[i].value;
    }
    s->isr |= stm32mp1_lptim_sync_flags[i].arrived;
}

/* Bring everything up to the present, in the order in which it happened */
static void stm32mp1_lptim_catch_up(STM32MP1LptimState *s)
{
    uint64_t now = stm32mp1_ticks_now(&s->ticks, s->clk);

    while (true) {
        int next = -1;

        for (unsigned i = 0; i < STM32MP1_LPTIM_NUM_SYNC; i++) {
            if (s->sync[i].pending && s->sync[i].tick <= now &&
                (next < 0 || s->sync[i].tick < s->sync[next].tick)) {
                next = i;
            }
        }
        if (next < 0) {
            break;
        }
        stm32mp1_lptim_advance(s, s->sync[next].tick);
        stm32mp1_lptim_arrive(s, next);
    }
    stm32mp1_lptim_advance(s, now);
}

/* The tick at which an enabled flag can be raised next */
static uint64_t stm32mp1_lptim_next(const STM32MP1LptimState *s)
{
    uint64_t next = NEVER;

    for (unsigned i = 0; i < STM32MP1_LPTIM_NUM_SYNC; i++) {
        uint64_t steps = stm32mp1_lptim_to_value(s, s->sync[i].active);

        /* What holds after a new value has arrived is known then. */
        if (s->sync[i].pending) {
            next = MIN(next, s->sync[i].tick);
        }
        if (!s->running || !(s->ier & stm32mp1_lptim_sync_flags[i].match)) {
            continue;
        }
        if (steps == NEVER && !s->single) {
            steps = stm32mp1_lptim_to_wrap(s);
        }
        if (steps != NEVER) {
            next = MIN(next, s->cnt_tick +
                             (steps << stm32mp1_lptim_shift(s)));
        }
    }
    return next;
}

static void stm32mp1_lptim_update(STM32MP1LptimState *s)
{
    bool level = s->isr & s->ier;
    uint64_t next = level || s->ier == 0 ? NEVER : stm32mp1_lptim_next(s);

    trace_stm32mp1_lptim_update(DEVICE(s)->canonical_path, s->cnt, s->isr,
                                level);
    qemu_set_irq(s->irq, level);
    if (next == NEVER) {
        timer_del(&s->timer);
    } else {
        stm32mp1_ticks_arm(&s->ticks, s->clk, &s->timer, next);
    }
}

static void stm32mp1_lptim_expired(void *opaque)
{
    STM32MP1LptimState *s = opaque;

    stm32mp1_lptim_catch_up(s);
    stm32mp1_lptim_update(s);
}

static void stm32mp1_lptim_clk_event(void *opaque, ClockEvent event)
{
    STM32MP1LptimState *s = opaque;

    if (event == ClockPreUpdate) {
        stm32mp1_lptim_catch_up(s);
        stm32mp1_ticks_fold(&s->ticks, s->clk);
    } else {
        stm32mp1_lptim_update(s);
    }
}

static void stm32mp1_lptim_log(STM32MP1LptimState *s, int mask,
                               const char *what)
{
    qemu_log_mask(mask, "%s: %s\n", DEVICE(s)->canonical_path, what);
}

static void stm32mp1_lptim_start(STM32MP1LptimState *s, bool single)
{
    if (s->cfgr & (R_CFGR_CKSEL_MASK | R_CFGR_COUNTMODE_MASK |
                   R_CFGR_TRIGEN_MASK | R_CFGR_ENC_MASK)) {
        stm32mp1_lptim_log(s, LOG_UNIMP, "external clocks, edges, triggers "
                           "and the encoder are not modelled");
        return;
    }
    s->single = single;
    if (s->running) {
        return;
    }
    s->running = true;
    s->cnt = 0;
    s->cnt_tick = stm32mp1_ticks_now(&s->ticks, s->clk);
    for (unsigned i = 0; i < STM32MP1_LPTIM_NUM_SYNC; i++) {
        if (s->sync[i].pending) {
            s->cnt_tick = MAX(s->cnt_tick, s->sync[i].tick);
            /* It counts with the new value from the beginning. */
            s->sync[i].active = s->sync[i].value;
        }
    }
}

static void stm32mp1_lptim_write_cr(STM32MP1LptimState *s, uint32_t value)
{
    s->cr = value & (R_CR_ENABLE_MASK | R_CR_RSTARE_MASK);
    stm32mp1_ticks_run(&s->ticks, s->clk, value & R_CR_ENABLE_MASK);
    if (!(value & R_CR_ENABLE_MASK)) {
        s->running = false;
        s->cnt = 0;
        for (unsigned i = 0; i < STM32MP1_LPTIM_NUM_SYNC; i++) {
            s->sync[i].pending = false;
            s->sync[i].active = s->sync[i].value;
        }
        return;
    }
    if (value & R_CR_COUNTRST_MASK) {
        s->cnt = 0;
        s->cnt_tick = stm32mp1_ticks_now(&s->ticks, s->clk);
    }
    if (value & (R_CR_SNGSTRT_MASK | R_CR_CNTSTRT_MASK)) {
        stm32mp1_lptim_start(s, !(value & R_CR_CNTSTRT_MASK));
    }
}

static void stm32mp1_lptim_write_sync(STM32MP1LptimState *s, unsigned i,
                                      uint32_t value)
{
    if (!(s->cr & R_CR_ENABLE_MASK)) {
        stm32mp1_lptim_log(s, LOG_GUEST_ERROR,
                           "ARR and CMP can only be written while enabled");
        return;
    }
    if (s->sync[i].pending) {
        stm32mp1_lptim_log(s, LOG_GUEST_ERROR, "the value of ARR or CMP that "
                           "was written before has not arrived yet");
    }
    s->sync[i].value = value & 0xffff;
    s->sync[i].pending = true;
    s->sync[i].tick = stm32mp1_ticks_now(&s->ticks, s->clk) + SYNC_CYCLES;
    trace_stm32mp1_lptim_sync(DEVICE(s)->canonical_path,
                              stm32mp1_lptim_sync_flags[i].name,
                              s->sync[i].value);
}

static uint32_t stm32mp1_lptim_read_cnt(STM32MP1LptimState *s)
{
    uint32_t value = s->cnt;

    if (s->cr & R_CR_RSTARE_MASK) {
        s->cnt = 0;
        s->cnt_tick = stm32mp1_ticks_now(&s->ticks, s->clk);
    }
    return value;
}

static uint64_t stm32mp1_lptim_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1LptimState *s = opaque;
    uint32_t value = 0;

    stm32mp1_lptim_catch_up(s);
    switch (addr) {
    case A_ISR:
        value = s->isr;
        break;
    case A_ICR:
        break;
    case A_IER:
        value = s->ier;
        break;
    case A_CFGR:
        value = s->cfgr;
        break;
    case A_CR:
        value = s->cr;
        break;
    case A_CMP:
        value = s->sync[STM32MP1_LPTIM_CMP].value;
        break;
    case A_ARR:
        value = s->sync[STM32MP1_LPTIM_ARR].value;
        break;
    case A_CNT:
        value = stm32mp1_lptim_read_cnt(s);
        break;
    case A_CFGR2:
        value = s->cfgr2;
        break;
    case A_HWCFGR:
        value = HWCFGR_VALUE | (s->encoder ? HWCFGR_ENCODER : 0);
        break;
    case A_VERR:
        value = 0x14;
        break;
    case A_PIDR:
        value = 0x00120011;
        break;
    case A_SIDR:
        value = 0xa3c5dd01;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    trace_stm32mp1_lptim_read(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_lptim_update(s);
    return value;
}

static void stm32mp1_lptim_write(void *opaque, hwaddr addr, uint64_t value,
                                 unsigned size)
{
    STM32MP1LptimState *s = opaque;

    trace_stm32mp1_lptim_write(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_lptim_catch_up(s);
    if ((addr == A_IER || addr == A_CFGR) && (s->cr & R_CR_ENABLE_MASK)) {
        /* What silicon does then is not specified; here it works. */
        stm32mp1_lptim_log(s, LOG_GUEST_ERROR,
                           "IER and CFGR must be written while disabled");
    }
    switch (addr) {
    case A_ICR:
        s->isr &= ~(value & FLAGS);
        break;
    case A_IER:
        s->ier = value & FLAGS;
        break;
    case A_CFGR:
        s->cfgr = value & (CFGR_MASK | (s->encoder ? R_CFGR_ENC_MASK : 0));
        break;
    case A_CR:
        stm32mp1_lptim_write_cr(s, value);
        break;
    case A_CMP:
        stm32mp1_lptim_write_sync(s, STM32MP1_LPTIM_CMP, value);
        break;
    case A_ARR:
        stm32mp1_lptim_write_sync(s, STM32MP1_LPTIM_ARR, value);
        break;
    case A_CFGR2:
        s->cfgr2 = value & CFGR2_MASK;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: nothing to write at 0x%" HWADDR_PRIx "\n",
                      DEVICE(s)->canonical_path, addr);
        return;
    }
    stm32mp1_lptim_update(s);
}

static const MemoryRegionOps stm32mp1_lptim_ops = {
    .read = stm32mp1_lptim_read,
    .write = stm32mp1_lptim_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void stm32mp1_lptim_reset_hold(Object *obj, ResetType type)
{
    STM32MP1LptimState *s = STM32MP1_LPTIM(obj);

    s->isr = 0;
    s->ier = 0;
    s->cfgr = 0;
    s->cr = 0;
    s->cfgr2 = 0;
    memset(s->sync, 0, sizeof(s->sync));
    s->sync[STM32MP1_LPTIM_ARR].value = 1;
    s->sync[STM32MP1_LPTIM_ARR].active = 1;
    stm32mp1_ticks_restart(&s->ticks);
    s->cnt_tick = 0;
    s->cnt = 0;
    s->running = false;
    s->single = false;
    stm32mp1_lptim_update(s);
}

static int stm32mp1_lptim_post_load(void *opaque, int version_id)
{
    STM32MP1LptimState *s = opaque;
    unsigned i;

    for (i = 0; i < STM32MP1_LPTIM_NUM_SYNC; i++) {
        if (s->sync[i].value > 0xffff || s->sync[i].active > 0xffff) {
            return -EINVAL;
        }
    }
    return s->cnt > 0xffff ? -EINVAL : 0;
}

static const VMStateDescription vmstate_stm32mp1_lptim_sync = {
    .name = "stm32mp1-lptim-sync",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(value, STM32MP1LptimSync),
        VMSTATE_UINT32(active, STM32MP1LptimSync),
        VMSTATE_BOOL(pending, STM32MP1LptimSync),
        VMSTATE_UINT64(tick, STM32MP1LptimSync),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_stm32mp1_lptim = {
    .name = TYPE_STM32MP1_LPTIM,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_lptim_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1LptimState),
        VMSTATE_TIMER(timer, STM32MP1LptimState),
        VMSTATE_UINT32(isr, STM32MP1LptimState),
        VMSTATE_UINT32(ier, STM32MP1LptimState),
        VMSTATE_UINT32(cfgr, STM32MP1LptimState),
        VMSTATE_UINT32(cr, STM32MP1LptimState),
        VMSTATE_UINT32(cfgr2, STM32MP1LptimState),
        VMSTATE_STRUCT_ARRAY(sync, STM32MP1LptimState, STM32MP1_LPTIM_NUM_SYNC,
                             1, vmstate_stm32mp1_lptim_sync,
                             STM32MP1LptimSync),
        VMSTATE_INT64(ticks.since_ns, STM32MP1LptimState),
        VMSTATE_UINT64(ticks.base, STM32MP1LptimState),
        VMSTATE_BOOL(ticks.running, STM32MP1LptimState),
        VMSTATE_UINT64(cnt_tick, STM32MP1LptimState),
        VMSTATE_UINT32(cnt, STM32MP1LptimState),
        VMSTATE_BOOL(running, STM32MP1LptimState),
        VMSTATE_BOOL(single, STM32MP1LptimState),
        VMSTATE_END_OF_LIST()
    },
};

static const Property stm32mp1_lptim_properties[] = {
    DEFINE_PROP_BOOL("encoder", STM32MP1LptimState, encoder, false),
};

static void stm32mp1_lptim_init(Object *obj)
{
    STM32MP1LptimState *s = STM32MP1_LPTIM(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_lptim_ops, s,
                          TYPE_STM32MP1_LPTIM, 0x400);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", stm32mp1_lptim_clk_event,
                                s, ClockPreUpdate | ClockUpdate);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, stm32mp1_lptim_expired, s);
}

static void stm32mp1_lptim_finalize(Object *obj)
{
    timer_del(&STM32MP1_LPTIM(obj)->timer);
}

static void stm32mp1_lptim_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 low-power timer";
    dc->vmsd = &vmstate_stm32mp1_lptim;
    device_class_set_props(dc, stm32mp1_lptim_properties);
    rc->phases.hold = stm32mp1_lptim_reset_hold;
}

static const TypeInfo stm32mp1_lptim_types[] = {
    {
        .name = TYPE_STM32MP1_LPTIM,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1LptimState),
        .instance_init = stm32mp1_lptim_init,
        .instance_finalize = stm32mp1_lptim_finalize,
        .class_init = stm32mp1_lptim_class_init,
    },
};

DEFINE_TYPES(stm32mp1_lptim_types)
