/*
 * STM32MP1 independent watchdog (IWDG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/watchdog/stm32mp1_iwdg.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "trace.h"

REG32(KR, 0x00)
REG32(PR, 0x04)
REG32(RLR, 0x08)
REG32(SR, 0x0c)
    FIELD(SR, PVU, 0, 1)
    FIELD(SR, RVU, 1, 1)
    FIELD(SR, WVU, 2, 1)
    FIELD(SR, EWU, 3, 1)
    FIELD(SR, EWIF, 14, 1)
REG32(WINR, 0x10)
REG32(EWCR, 0x14)
    FIELD(EWCR, EWIT, 0, 12)
    FIELD(EWCR, EWIC, 14, 1)
    FIELD(EWCR, EWIE, 15, 1)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define KEY_UNLOCK  0x5555
#define KEY_RELOAD  0xaaaa
#define KEY_START   0xcccc

#define PR_MASK     0xf
#define PR_MAX      8       /* divide by 1024 */
#define CNT_MASK    0xfff
#define EWCR_MASK   (R_EWCR_EWIT_MASK | R_EWCR_EWIE_MASK)

/*
 * A written value takes up to five periods of the prescaled clock until the
 * counter has it (ST's HAL waits for six of them). Three are the most of which
 * Linux, which waits for 100 ms, sees the end with any prescaler. They are long
 * enough to be seen by U-Boot, which looks for the flags to be set, when the
 * workstation keeps the CPU waiting for some 40 ms.
 *
 * Before the watchdog is started nothing is taken over, and the flags stay: by
 * that OP-TEE tells whether it runs (stm32_iwdg.c).
 */
#define UPDATE_PERIODS  3

static uint64_t stm32mp1_iwdg_div(const STM32MP1IwdgState *s)
{
    return 4ull << MIN(s->pr, PR_MAX);
}

static uint64_t stm32mp1_iwdg_now(const STM32MP1IwdgState *s)
{
    return stm32mp1_ticks_now(&s->ticks, s->clk);
}

/* EWIF comes when the counter is at or below this value */
static uint32_t stm32mp1_iwdg_early(const STM32MP1IwdgState *s)
{
    uint32_t ewit = FIELD_EX32(s->ewcr, EWCR, EWIT);

    return ewit ? ewit - 1 : 0;
}

static void stm32mp1_iwdg_clear(STM32MP1IwdgState *s)
{
    s->pr = 7;
    s->rlr = CNT_MASK;
    s->winr = CNT_MASK;
    s->ewcr = 0;
    s->sr = 0;
    s->unlocked = false;
    s->started = false;
    s->early_done = false;
    s->cnt = CNT_MASK;
    memset(s->update_end, 0, sizeof(s->update_end));
    memset(s->update_ticks, 0, sizeof(s->update_ticks));
    /* The LSI runs all the time. */
    stm32mp1_ticks_run(&s->ticks, s->clk, true);
}

/* Drive the interrupt, and wake up when there is something to do */
static void stm32mp1_iwdg_update(STM32MP1IwdgState *s)
{
    bool enabled = s->ewcr & R_EWCR_EWIE_MASK;
    bool level = enabled && (s->sr & R_SR_EWIF_MASK);
    uint64_t counts = (uint64_t)s->cnt + 1;

    trace_stm32mp1_iwdg_irq(DEVICE(s)->canonical_path, level);
    qemu_set_irq(s->irq, level);

    if (!s->started) {
        timer_del(s->timer);
        return;
    }
    if (enabled && !s->early_done) {
        /* It is above that value: sync() has looked. */
        counts = s->cnt - stm32mp1_iwdg_early(s);
    }
    stm32mp1_ticks_arm(&s->ticks, s->clk, s->timer,
                       s->cnt_tick + counts * stm32mp1_iwdg_div(s));
}

/* The reset it causes covers the watchdog, too. */
static void stm32mp1_iwdg_expire(STM32MP1IwdgState *s, const char *why)
{
    trace_stm32mp1_iwdg_expired(DEVICE(s)->canonical_path, why);
    stm32mp1_iwdg_clear(s);
    stm32mp1_iwdg_update(s);
    qemu_irq_pulse(s->reset_out);
}

/* Bring the counter up to the present. Returns false if that was its end. */
static bool stm32mp1_iwdg_sync(STM32MP1IwdgState *s)
{
    uint64_t div = stm32mp1_iwdg_div(s);
    uint64_t counts;

    if (!s->started) {
        return true;
    }
    counts = (stm32mp1_iwdg_now(s) - s->cnt_tick) / div;
    if (counts > s->cnt) {
        stm32mp1_iwdg_expire(s, "counter has run out");
        return false;
    }
    s->cnt -= counts;
    s->cnt_tick += counts * div;
    if (!s->early_done && s->cnt <= stm32mp1_iwdg_early(s)) {
        s->early_done = true;
        s->sr |= R_SR_EWIF_MASK;
    }
    return true;
}

static void stm32mp1_iwdg_reload(STM32MP1IwdgState *s)
{
    s->cnt = s->rlr;
    s->cnt_tick = stm32mp1_iwdg_now(s);
    s->early_done = false;
}

static void stm32mp1_iwdg_expired(void *opaque)
{
    STM32MP1IwdgState *s = opaque;

    stm32mp1_iwdg_sync(s);
    stm32mp1_iwdg_update(s);
}

static uint32_t stm32mp1_iwdg_sr(const STM32MP1IwdgState *s)
{
    uint64_t now = stm32mp1_iwdg_now(s);
    uint32_t sr = s->sr;

    for (int i = 0; i < ARRAY_SIZE(s->update_end); i++) {
        if (now < s->update_end[i]) {
            sr |= R_SR_PVU_MASK << i;
        }
    }
    return sr;
}

static uint64_t stm32mp1_iwdg_read(void *opaque, hwaddr addr,
                                   unsigned int size)
{
    STM32MP1IwdgState *s = opaque;
    uint32_t value = 0;

    stm32mp1_iwdg_sync(s);
    stm32mp1_iwdg_update(s);
    switch (addr) {
    case A_KR:
        break;
    case A_PR:
        value = s->pr;
        break;
    case A_RLR:
        value = s->rlr;
        break;
    case A_SR:
        value = stm32mp1_iwdg_sr(s);
        break;
    case A_WINR:
        value = s->winr;
        break;
    case A_EWCR:
        value = s->ewcr;
        break;
    case A_HWCFGR:
        value = 0x71;
        break;
    case A_VERR:
        value = 0x23;
        break;
    case A_IPIDR:
        value = 0x00120041;
        break;
    case A_SIDR:
        value = 0xa3c5dd01;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    trace_stm32mp1_iwdg_read(DEVICE(s)->canonical_path, addr, value);
    return value;
}

static void stm32mp1_iwdg_write_key(STM32MP1IwdgState *s, uint16_t key)
{
    s->unlocked = key == KEY_UNLOCK;
    switch (key) {
    case KEY_START:
        if (!s->started) {
            trace_stm32mp1_iwdg_start(DEVICE(s)->canonical_path);
            s->started = true;
            s->cnt_tick = stm32mp1_iwdg_now(s);
            for (int i = 0; i < ARRAY_SIZE(s->update_end); i++) {
                s->update_end[i] = s->cnt_tick + s->update_ticks[i];
            }
        }
        break;
    case KEY_RELOAD:
        if (s->started && s->cnt > s->winr) {
            stm32mp1_iwdg_expire(s, "refreshed before the window");
            return;
        }
        stm32mp1_iwdg_reload(s);
        break;
    default:
        break;
    }
}

/* Is the write to a protected register allowed? If so, its flag goes up. */
static bool stm32mp1_iwdg_begin(STM32MP1IwdgState *s, uint32_t flag)
{
    if (!s->unlocked) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write to a locked register\n",
                      DEVICE(s)->canonical_path);
        return false;
    }
    if (stm32mp1_iwdg_sr(s) & flag) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write during an update\n",
                      DEVICE(s)->canonical_path);
    }
    s->update_ticks[ctz32(flag)] = UPDATE_PERIODS * stm32mp1_iwdg_div(s);
    s->update_end[ctz32(flag)] = !s->started ? UINT64_MAX :
        stm32mp1_iwdg_now(s) + s->update_ticks[ctz32(flag)];
    return true;
}

static void stm32mp1_iwdg_write_pr(STM32MP1IwdgState *s, uint32_t value)
{
    uint64_t now = stm32mp1_iwdg_now(s);
    uint64_t residue = now - s->cnt_tick;

    s->pr = value & PR_MASK;
    s->cnt_tick = now - residue % stm32mp1_iwdg_div(s);
}

static void stm32mp1_iwdg_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned int size)
{
    STM32MP1IwdgState *s = opaque;

    trace_stm32mp1_iwdg_write(DEVICE(s)->canonical_path, addr, value);
    if (!stm32mp1_iwdg_sync(s)) {
        return;
    }
    switch (addr) {
    case A_KR:
        stm32mp1_iwdg_write_key(s, value);
        break;
    case A_PR:
        if (stm32mp1_iwdg_begin(s, R_SR_PVU_MASK)) {
            stm32mp1_iwdg_write_pr(s, value);
        }
        break;
    case A_RLR:
        if (stm32mp1_iwdg_begin(s, R_SR_RVU_MASK)) {
            s->rlr = value & CNT_MASK;
        }
        break;
    case A_WINR:
        if (stm32mp1_iwdg_begin(s, R_SR_WVU_MASK)) {
            s->winr = value & CNT_MASK;
            /* A write to the window register refreshes the counter. */
            stm32mp1_iwdg_reload(s);
        }
        break;
    case A_EWCR:
        /* Acknowledging needs no key. */
        if (value & R_EWCR_EWIC_MASK) {
            s->sr &= ~R_SR_EWIF_MASK;
        }
        if ((value & EWCR_MASK) != s->ewcr &&
            stm32mp1_iwdg_begin(s, R_SR_EWU_MASK)) {
            s->ewcr = value & EWCR_MASK;
            s->early_done = false;
        }
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no writable register at 0x%"
                      HWADDR_PRIx "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    stm32mp1_iwdg_sync(s);
    stm32mp1_iwdg_update(s);
}

static const MemoryRegionOps stm32mp1_iwdg_ops = {
    .read = stm32mp1_iwdg_read,
    .write = stm32mp1_iwdg_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32mp1_iwdg_reset_hold(Object *obj, ResetType type)
{
    STM32MP1IwdgState *s = STM32MP1_IWDG(obj);

    stm32mp1_iwdg_clear(s);
    stm32mp1_iwdg_update(s);
}

static void stm32mp1_iwdg_init(Object *obj)
{
    STM32MP1IwdgState *s = STM32MP1_IWDG(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_iwdg_ops, s,
                          TYPE_STM32MP1_IWDG, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->reset_out, "reset", 1);
    /* The frequency of the LSI never changes. */
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", NULL, NULL, 0);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_iwdg_expired, s);
}

static void stm32mp1_iwdg_finalize(Object *obj)
{
    timer_free(STM32MP1_IWDG(obj)->timer);
}

static const VMStateDescription vmstate_stm32mp1_iwdg = {
    .name = TYPE_STM32MP1_IWDG,
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1IwdgState),
        VMSTATE_TIMER_PTR(timer, STM32MP1IwdgState),
        VMSTATE_UINT32(pr, STM32MP1IwdgState),
        VMSTATE_UINT32(rlr, STM32MP1IwdgState),
        VMSTATE_UINT32(winr, STM32MP1IwdgState),
        VMSTATE_UINT32(ewcr, STM32MP1IwdgState),
        VMSTATE_UINT32(sr, STM32MP1IwdgState),
        VMSTATE_BOOL(unlocked, STM32MP1IwdgState),
        VMSTATE_BOOL(started, STM32MP1IwdgState),
        VMSTATE_INT64(ticks.since_ns, STM32MP1IwdgState),
        VMSTATE_UINT64(ticks.base, STM32MP1IwdgState),
        VMSTATE_BOOL(ticks.running, STM32MP1IwdgState),
        VMSTATE_UINT64(cnt_tick, STM32MP1IwdgState),
        VMSTATE_UINT32(cnt, STM32MP1IwdgState),
        VMSTATE_BOOL(early_done, STM32MP1IwdgState),
        VMSTATE_UINT64_ARRAY(update_end, STM32MP1IwdgState, 4),
        VMSTATE_UINT64_ARRAY(update_ticks, STM32MP1IwdgState, 4),
        VMSTATE_END_OF_LIST()
    }
};

static void stm32mp1_iwdg_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &vmstate_stm32mp1_iwdg;
    set_bit(DEVICE_CATEGORY_WATCHDOG, dc->categories);
    rc->phases.hold = stm32mp1_iwdg_reset_hold;
}

static const TypeInfo stm32mp1_iwdg_types[] = {
    {
        .name = TYPE_STM32MP1_IWDG,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1IwdgState),
        .instance_init = stm32mp1_iwdg_init,
        .instance_finalize = stm32mp1_iwdg_finalize,
        .class_init = stm32mp1_iwdg_class_init,
    },
};

DEFINE_TYPES(stm32mp1_iwdg_types)
