/*
 * STM32MP1 general-purpose and basic timers (TIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The counter is computed when somebody looks. A host timer runs only while
 * an enabled interrupt is still to come, and never again before the guest
 * has cleared the flag: no period a guest can choose keeps QEMU busy.
 */

#include "qemu/osdep.h"
#include "hw/timer/stm32mp1_tim.h"
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

REG32(CR1, 0x00)
    FIELD(CR1, CEN, 0, 1)
    FIELD(CR1, UDIS, 1, 1)
    FIELD(CR1, URS, 2, 1)
    FIELD(CR1, OPM, 3, 1)
    FIELD(CR1, DIR, 4, 1)
    FIELD(CR1, CMS, 5, 2)
    FIELD(CR1, ARPE, 7, 1)
    FIELD(CR1, CKD, 8, 2)
    FIELD(CR1, UIFREMAP, 11, 1)
REG32(CR2, 0x04)
REG32(SMCR, 0x08)
    FIELD(SMCR, SMS, 0, 3)
    FIELD(SMCR, SMS_3, 16, 1)
REG32(DIER, 0x0c)
REG32(SR, 0x10)
    FIELD(SR, UIF, 0, 1)
    FIELD(SR, CC1IF, 1, 1)
REG32(EGR, 0x14)
    FIELD(EGR, UG, 0, 1)
REG32(CCMR1, 0x18)
REG32(CCMR2, 0x1c)
REG32(CCER, 0x20)
REG32(CNT, 0x24)
    FIELD(CNT, UIFCPY, 31, 1)
REG32(PSC, 0x28)
REG32(ARR, 0x2c)
REG32(CCR1, 0x34)
REG32(CCR4, 0x40)
REG32(DCR, 0x48)
REG32(DMAR, 0x4c)

#define CR1_MASK        0x0bff
#define CR1_BASIC_MASK  (CR1_MASK & ~(R_CR1_DIR_MASK | R_CR1_CMS_MASK))
#define CR2_MASK        0x00f8
#define SMCR_MASK       0x0031ffff
#define DIER_IRQS       0x005f
#define DIER_DMAS       0x5f00
#define SR_MASK         0x1e5f
#define EGR_FLAGS       0x005e
#define CCMR_MASK       0x0101ffff
#define CCER_MASK       0xbbbb
#define PSC_MASK        0xffff

static uint32_t stm32mp1_tim_max(const STM32MP1TimState *s)
{
    return MAKE_64BIT_MASK(0, s->width);
}

static uint32_t stm32mp1_tim_ccif(unsigned int ch)
{
    return R_SR_CC1IF_MASK << ch;
}

/* The byte of CCMR1 or CCMR2 that configures a channel */
static uint8_t stm32mp1_tim_ccm(const STM32MP1TimState *s, unsigned int ch)
{
    return s->ccmr[ch / 2] >> (8 * (ch % 2));
}

static bool stm32mp1_tim_is_output(const STM32MP1TimState *s, unsigned int ch)
{
    return extract32(stm32mp1_tim_ccm(s, ch), 0, 2) == 0;
}

static bool stm32mp1_tim_is_preloaded(const STM32MP1TimState *s,
                                      unsigned int ch)
{
    return extract32(stm32mp1_tim_ccm(s, ch), 3, 1);
}

static bool stm32mp1_tim_down(const STM32MP1TimState *s)
{
    return s->cr1 & R_CR1_DIR_MASK;
}

static uint64_t stm32mp1_tim_div(const STM32MP1TimState *s)
{
    return s->psc_shadow + 1;
}

static uint64_t stm32mp1_tim_period(const STM32MP1TimState *s)
{
    return (uint64_t)s->arr_shadow + 1;
}

/* Steps that the counter has to make until the next overflow or underflow */
static uint64_t stm32mp1_tim_to_update(const STM32MP1TimState *s)
{
    uint64_t max = stm32mp1_tim_max(s);

    if (stm32mp1_tim_down(s)) {
        return (uint64_t)s->cnt + 1;
    }
    if (s->cnt <= s->arr_shadow) {
        return stm32mp1_tim_period(s) - s->cnt;
    }
    /* It missed ARR: all the way round without an event, then a period */
    return max + 1 - s->cnt + stm32mp1_tim_period(s);
}

/* Steps until the counter shows @value again, UINT64_MAX if it never does */
static uint64_t stm32mp1_tim_to_value(const STM32MP1TimState *s,
                                      uint32_t value)
{
    uint64_t max = stm32mp1_tim_max(s);
    uint64_t cnt = s->cnt;

    if (stm32mp1_tim_down(s)) {
        if (value < cnt) {
            return cnt - value;
        }
        return value <= s->arr_shadow ? cnt + 1 + s->arr_shadow - value
                                      : UINT64_MAX;
    }
    if (cnt > s->arr_shadow) {
        if (value > cnt) {
            return value - cnt;
        }
        return value <= s->arr_shadow ? max + 1 - cnt + value : UINT64_MAX;
    }
    if (value > s->arr_shadow) {
        return UINT64_MAX;
    }
    return value > cnt ? value - cnt
                       : stm32mp1_tim_period(s) - cnt + value;
}

static void stm32mp1_tim_match(STM32MP1TimState *s, uint64_t steps)
{
    for (unsigned int ch = 0; ch < s->channels; ch++) {
        if (stm32mp1_tim_is_output(s, ch) &&
            stm32mp1_tim_to_value(s, s->ccr_shadow[ch]) <= steps) {
            s->sr |= stm32mp1_tim_ccif(ch);
        }
    }
}

/* Update event: preload registers take effect, one-pulse mode ends */
static void stm32mp1_tim_update_event(STM32MP1TimState *s, bool by_software)
{
    if (s->cr1 & R_CR1_UDIS_MASK) {
        return;
    }
    s->psc_shadow = s->psc;
    s->arr_shadow = s->arr;
    memcpy(s->ccr_shadow, s->ccr, sizeof(s->ccr_shadow));
    if (!by_software || !(s->cr1 & R_CR1_URS_MASK)) {
        s->sr |= R_SR_UIF_MASK;
    }
    if (s->cr1 & R_CR1_OPM_MASK) {
        s->cr1 &= ~R_CR1_CEN_MASK;
        stm32mp1_ticks_run(&s->ticks, s->clk, false);
    }
}

/* Bring counter and flags up to the present */
static void stm32mp1_tim_sync(STM32MP1TimState *s)
{
    uint64_t now = stm32mp1_ticks_now(&s->ticks, s->clk);

    while (s->cr1 & R_CR1_CEN_MASK) {
        uint64_t div = stm32mp1_tim_div(s);
        uint64_t steps = (now - s->cnt_tick) / div;
        uint64_t to_update, periods;

        if (s->arr_shadow == 0) {
            /* "The counter is blocked while the auto-reload value is null" */
            s->cnt_tick = now;
            return;
        }

        to_update = stm32mp1_tim_to_update(s);
        stm32mp1_tim_match(s, MIN(steps, to_update));
        if (steps < to_update) {
            s->cnt = stm32mp1_tim_down(s) ? s->cnt - steps : s->cnt + steps;
            s->cnt &= stm32mp1_tim_max(s);
            s->cnt_tick += steps * div;
            return;
        }

        s->cnt_tick += to_update * div;
        stm32mp1_tim_update_event(s, false);
        s->cnt = stm32mp1_tim_down(s) ? s->arr_shadow : 0;

        if ((s->cr1 & R_CR1_CEN_MASK) && s->arr_shadow != 0) {
            /* From here on all periods are alike: take them in one step. */
            div = stm32mp1_tim_div(s);
            periods = (now - s->cnt_tick) / div / stm32mp1_tim_period(s);
            if (periods > 0) {
                stm32mp1_tim_match(s, stm32mp1_tim_period(s));
                s->cnt_tick += periods * stm32mp1_tim_period(s) * div;
            }
        }
    }
}

/* Steps until an enabled interrupt can be raised */
static uint64_t stm32mp1_tim_to_irq(const STM32MP1TimState *s)
{
    uint64_t to_update = stm32mp1_tim_to_update(s);
    uint64_t steps = UINT64_MAX;
    bool update = !(s->cr1 & R_CR1_UDIS_MASK);

    if (update && (s->dier & R_SR_UIF_MASK)) {
        steps = to_update;
    }
    for (unsigned int ch = 0; ch < s->channels; ch++) {
        if (!(s->dier & stm32mp1_tim_ccif(ch)) ||
            !stm32mp1_tim_is_output(s, ch)) {
            continue;
        }
        steps = MIN(steps, stm32mp1_tim_to_value(s, s->ccr_shadow[ch]));
        /* What holds after an update that loads new values is known then */
        if (update && (s->psc != s->psc_shadow || s->arr != s->arr_shadow ||
                       s->ccr[ch] != s->ccr_shadow[ch])) {
            steps = MIN(steps, to_update);
        }
    }
    return steps;
}

/* Drive the interrupt, and see to it that the next one comes in time */
static void stm32mp1_tim_update(STM32MP1TimState *s)
{
    bool level = s->sr & s->dier & DIER_IRQS;
    uint64_t steps = UINT64_MAX;

    trace_stm32mp1_tim_update(DEVICE(s)->canonical_path, s->cnt, s->sr, level);
    qemu_set_irq(s->irq, level);

    if (!level && (s->cr1 & R_CR1_CEN_MASK) && s->arr_shadow != 0) {
        steps = stm32mp1_tim_to_irq(s);
    }
    if (steps == UINT64_MAX) {
        timer_del(s->timer);
    } else {
        stm32mp1_ticks_arm(&s->ticks, s->clk, s->timer,
                           s->cnt_tick + steps * stm32mp1_tim_div(s));
    }
}

static void stm32mp1_tim_expired(void *opaque)
{
    STM32MP1TimState *s = opaque;

    stm32mp1_tim_sync(s);
    stm32mp1_tim_update(s);
}

static void stm32mp1_tim_clk_event(void *opaque, ClockEvent event)
{
    STM32MP1TimState *s = opaque;

    if (event == ClockPreUpdate) {
        stm32mp1_tim_sync(s);
        stm32mp1_ticks_fold(&s->ticks, s->clk);
    } else {
        stm32mp1_tim_update(s);
    }
}

static bool stm32mp1_tim_has(const STM32MP1TimState *s, hwaddr reg)
{
    switch (reg) {
    case A_CR1:
    case A_CR2:
    case A_DIER:
    case A_SR:
    case A_EGR:
    case A_CNT:
    case A_PSC:
    case A_ARR:
        return true;
    case A_CCMR1:
    case A_CCER:
        return s->channels > 0;
    case A_SMCR:
        return s->channels > 1;
    case A_CCMR2:
    case A_DCR:
    case A_DMAR:
        return s->channels > 2;
    case A_CCR1 ... A_CCR4:
        return (reg - A_CCR1) / 4 < s->channels;
    default:
        return false;
    }
}

static uint32_t stm32mp1_tim_read_reg(STM32MP1TimState *s, hwaddr reg)
{
    switch (reg) {
    case A_CR1:
        return s->cr1;
    case A_CR2:
        return s->cr2;
    case A_SMCR:
        return s->smcr;
    case A_DIER:
        return s->dier;
    case A_SR:
        return s->sr;
    case A_CCMR1:
        return s->ccmr[0];
    case A_CCMR2:
        return s->ccmr[1];
    case A_CCER:
        return s->ccer;
    case A_CNT:
        if (s->cr1 & R_CR1_UIFREMAP_MASK) {
            return FIELD_DP32(s->cnt, CNT, UIFCPY,
                              FIELD_EX32(s->sr, SR, UIF));
        }
        return s->cnt;
    case A_PSC:
        return s->psc;
    case A_ARR:
        return s->arr;
    case A_CCR1 ... A_CCR4:
        return s->ccr[(reg - A_CCR1) / 4];
    case A_DCR:
    case A_DMAR:
        qemu_log_mask(LOG_UNIMP, "%s: DMA bursts are not modelled\n",
                      DEVICE(s)->canonical_path);
        return 0;
    default: /* EGR: write only */
        return 0;
    }
}

static uint64_t stm32mp1_tim_read(void *opaque, hwaddr addr, unsigned int size)
{
    STM32MP1TimState *s = opaque;
    hwaddr reg = QEMU_ALIGN_DOWN(addr, 4);
    uint32_t value = 0;

    stm32mp1_tim_sync(s);
    if (stm32mp1_tim_has(s, reg)) {
        value = stm32mp1_tim_read_reg(s, reg) >> (8 * (addr - reg));
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
    }
    trace_stm32mp1_tim_read(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_tim_update(s);
    return value;
}

static void stm32mp1_tim_write_cr1(STM32MP1TimState *s, uint32_t value)
{
    s->cr1 = value & (s->channels > 1 ? CR1_MASK : CR1_BASIC_MASK);
    if (s->cr1 & R_CR1_CMS_MASK) {
        qemu_log_mask(LOG_UNIMP, "%s: centre-aligned mode is not modelled\n",
                      DEVICE(s)->canonical_path);
    }
    if (!(s->cr1 & R_CR1_ARPE_MASK)) {
        s->arr_shadow = s->arr;
    }
    stm32mp1_ticks_run(&s->ticks, s->clk, s->cr1 & R_CR1_CEN_MASK);
}

static void stm32mp1_tim_write_egr(STM32MP1TimState *s, uint32_t value)
{
    s->sr |= value & EGR_FLAGS & (s->channels ? SR_MASK : R_SR_UIF_MASK);
    if (value & R_EGR_UG_MASK) {
        stm32mp1_tim_update_event(s, true);
        s->cnt = stm32mp1_tim_down(s) ? s->arr_shadow : 0;
        s->cnt_tick = stm32mp1_ticks_now(&s->ticks, s->clk);
    }
}

static void stm32mp1_tim_write_ccmr(STM32MP1TimState *s, unsigned int n,
                                    uint32_t value)
{
    s->ccmr[n] = value & CCMR_MASK;
    for (unsigned int ch = 2 * n; ch < 2 * n + 2; ch++) {
        if (!stm32mp1_tim_is_output(s, ch)) {
            qemu_log_mask(LOG_UNIMP, "%s: input capture is not modelled\n",
                          DEVICE(s)->canonical_path);
        }
        if (!stm32mp1_tim_is_preloaded(s, ch)) {
            s->ccr_shadow[ch] = s->ccr[ch];
        }
    }
}

static void stm32mp1_tim_write_reg(STM32MP1TimState *s, hwaddr reg,
                                   uint32_t value)
{
    unsigned int ch;

    switch (reg) {
    case A_CR1:
        stm32mp1_tim_write_cr1(s, value);
        break;
    case A_CR2:
        s->cr2 = value & CR2_MASK;
        break;
    case A_SMCR:
        s->smcr = value & SMCR_MASK;
        if (s->smcr & (R_SMCR_SMS_MASK | R_SMCR_SMS_3_MASK)) {
            qemu_log_mask(LOG_UNIMP, "%s: slave modes are not modelled\n",
                          DEVICE(s)->canonical_path);
        }
        break;
    case A_DIER:
        s->dier = value & (DIER_IRQS | DIER_DMAS);
        if (s->dier & DIER_DMAS) {
            qemu_log_mask(LOG_UNIMP, "%s: DMA requests are not modelled\n",
                          DEVICE(s)->canonical_path);
        }
        break;
    case A_SR:
        s->sr &= value;
        break;
    case A_EGR:
        stm32mp1_tim_write_egr(s, value);
        break;
    case A_CCMR1:
    case A_CCMR2:
        stm32mp1_tim_write_ccmr(s, reg == A_CCMR2, value);
        break;
    case A_CCER:
        s->ccer = value & CCER_MASK;
        break;
    case A_CNT:
        s->cnt = value & stm32mp1_tim_max(s);
        break;
    case A_PSC:
        s->psc = value & PSC_MASK;
        break;
    case A_ARR:
        s->arr = value & stm32mp1_tim_max(s);
        if (!(s->cr1 & R_CR1_ARPE_MASK)) {
            s->arr_shadow = s->arr;
        }
        break;
    case A_CCR1 ... A_CCR4:
        ch = (reg - A_CCR1) / 4;
        s->ccr[ch] = value & stm32mp1_tim_max(s);
        if (!stm32mp1_tim_is_preloaded(s, ch)) {
            s->ccr_shadow[ch] = s->ccr[ch];
        }
        break;
    default:
        qemu_log_mask(LOG_UNIMP, "%s: DMA bursts are not modelled\n",
                      DEVICE(s)->canonical_path);
        break;
    }
}

static void stm32mp1_tim_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned int size)
{
    STM32MP1TimState *s = opaque;

    trace_stm32mp1_tim_write(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_tim_sync(s);
    if (QEMU_IS_ALIGNED(addr, 4) && stm32mp1_tim_has(s, addr)) {
        stm32mp1_tim_write_reg(s, addr, value);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
    }
    stm32mp1_tim_update(s);
}

static const MemoryRegionOps stm32mp1_tim_ops = {
    .read = stm32mp1_tim_read,
    .write = stm32mp1_tim_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 4,
        .unaligned = true,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
        .unaligned = true,
    },
};

static void stm32mp1_tim_reset_hold(Object *obj, ResetType type)
{
    STM32MP1TimState *s = STM32MP1_TIM(obj);

    s->cr1 = 0;
    s->cr2 = 0;
    s->smcr = 0;
    s->dier = 0;
    s->sr = 0;
    memset(s->ccmr, 0, sizeof(s->ccmr));
    s->ccer = 0;
    s->psc = s->psc_shadow = 0;
    s->arr = s->arr_shadow = stm32mp1_tim_max(s);
    memset(s->ccr, 0, sizeof(s->ccr));
    memset(s->ccr_shadow, 0, sizeof(s->ccr_shadow));
    stm32mp1_ticks_restart(&s->ticks);
    s->cnt_tick = 0;
    s->cnt = 0;
    stm32mp1_tim_update(s);
}

static void stm32mp1_tim_init(Object *obj)
{
    STM32MP1TimState *s = STM32MP1_TIM(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_tim_ops, s,
                          TYPE_STM32MP1_TIM, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->irq);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", stm32mp1_tim_clk_event, s,
                                ClockPreUpdate | ClockUpdate);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_tim_expired, s);
}

static void stm32mp1_tim_finalize(Object *obj)
{
    timer_free(STM32MP1_TIM(obj)->timer);
}

static void stm32mp1_tim_realize(DeviceState *dev, Error **errp)
{
    STM32MP1TimState *s = STM32MP1_TIM(dev);

    if (s->width != 16 && s->width != 32) {
        error_setg(errp, "width must be 16 or 32");
        return;
    }
    if (s->channels > STM32MP1_TIM_CHANNELS) {
        error_setg(errp, "channels must be at most %d", STM32MP1_TIM_CHANNELS);
    }
}

static const VMStateDescription vmstate_stm32mp1_tim = {
    .name = TYPE_STM32MP1_TIM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1TimState),
        VMSTATE_TIMER_PTR(timer, STM32MP1TimState),
        VMSTATE_UINT32(cr1, STM32MP1TimState),
        VMSTATE_UINT32(cr2, STM32MP1TimState),
        VMSTATE_UINT32(smcr, STM32MP1TimState),
        VMSTATE_UINT32(dier, STM32MP1TimState),
        VMSTATE_UINT32(sr, STM32MP1TimState),
        VMSTATE_UINT32_ARRAY(ccmr, STM32MP1TimState, 2),
        VMSTATE_UINT32(ccer, STM32MP1TimState),
        VMSTATE_UINT32(psc, STM32MP1TimState),
        VMSTATE_UINT32(arr, STM32MP1TimState),
        VMSTATE_UINT32_ARRAY(ccr, STM32MP1TimState, STM32MP1_TIM_CHANNELS),
        VMSTATE_UINT32(psc_shadow, STM32MP1TimState),
        VMSTATE_UINT32(arr_shadow, STM32MP1TimState),
        VMSTATE_UINT32_ARRAY(ccr_shadow, STM32MP1TimState,
                             STM32MP1_TIM_CHANNELS),
        VMSTATE_INT64(ticks.since_ns, STM32MP1TimState),
        VMSTATE_UINT64(ticks.base, STM32MP1TimState),
        VMSTATE_BOOL(ticks.running, STM32MP1TimState),
        VMSTATE_UINT64(cnt_tick, STM32MP1TimState),
        VMSTATE_UINT32(cnt, STM32MP1TimState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_tim_properties[] = {
    DEFINE_PROP_UINT8("width", STM32MP1TimState, width, 16),
    DEFINE_PROP_UINT8("channels", STM32MP1TimState, channels,
                      STM32MP1_TIM_CHANNELS),
};

static void stm32mp1_tim_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = stm32mp1_tim_realize;
    dc->vmsd = &vmstate_stm32mp1_tim;
    device_class_set_props(dc, stm32mp1_tim_properties);
    rc->phases.hold = stm32mp1_tim_reset_hold;
}

static const TypeInfo stm32mp1_tim_types[] = {
    {
        .name = TYPE_STM32MP1_TIM,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1TimState),
        .instance_init = stm32mp1_tim_init,
        .instance_finalize = stm32mp1_tim_finalize,
        .class_init = stm32mp1_tim_class_init,
    },
};

DEFINE_TYPES(stm32mp1_tim_types)
