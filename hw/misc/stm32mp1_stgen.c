/*
 * STM32MP1 system timer generator (RM0436, chapter STGEN)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A counter of 64 bits, which software starts, stops and sets (TF-A:
 * stm32mp_stgen_config()). On silicon it is what the generic timers of the A7s
 * count by; here they have their own time, whatever this one says. It counts on
 * while a debugger has the cores.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/misc/stm32mp1_stgen.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"

REG32(CNTCR, 0x000)
    FIELD(CNTCR, EN, 0, 1)
    FIELD(CNTCR, HLTDBG, 1, 1)
REG32(CNTSR, 0x004)
    FIELD(CNTSR, EN, 0, 1)
REG32(CNTCVL, 0x008)
REG32(CNTCVU, 0x00c)
REG32(CNTFID0, 0x020)

static bool stgen_runs(STM32MP1StgenState *s)
{
    return FIELD_EX32(s->parent_obj.regs[R_CNTCR], CNTCR, EN);
}

static uint64_t stgen_count(STM32MP1StgenState *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    return s->count + (stgen_runs(s) ? muldiv64(now - s->started_ns,
                                                s->frequency,
                                                NANOSECONDS_PER_SECOND) : 0);
}

static void stgen_set(STM32MP1StgenState *s, uint64_t count)
{
    s->count = count;
    s->started_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* What has been counted until now is by the old value. */
static uint64_t stgen_cntcr_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1StgenState *s = STM32MP1_STGEN(REGISTER_BLOCK_OF(reg));

    stgen_set(s, stgen_count(s));
    return val;
}

static uint64_t stgen_cntsr_post_read(RegisterInfo *reg, uint64_t val)
{
    return FIELD_DP32(0, CNTSR, EN,
                      stgen_runs(STM32MP1_STGEN(REGISTER_BLOCK_OF(reg))));
}

static uint64_t stgen_cntcvl_post_read(RegisterInfo *reg, uint64_t val)
{
    return extract64(stgen_count(STM32MP1_STGEN(REGISTER_BLOCK_OF(reg))),
                     0, 32);
}

static uint64_t stgen_cntcvu_post_read(RegisterInfo *reg, uint64_t val)
{
    return extract64(stgen_count(STM32MP1_STGEN(REGISTER_BLOCK_OF(reg))),
                     32, 32);
}

/* The counter takes a value while it stands. */
static uint64_t stgen_cntcvl_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1StgenState *s = STM32MP1_STGEN(REGISTER_BLOCK_OF(reg));

    if (!stgen_runs(s)) {
        stgen_set(s, deposit64(s->count, 0, 32, val));
    }
    return 0;
}

static uint64_t stgen_cntcvu_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1StgenState *s = STM32MP1_STGEN(REGISTER_BLOCK_OF(reg));

    if (!stgen_runs(s)) {
        stgen_set(s, deposit64(s->count, 32, 32, val));
    }
    return 0;
}

static const RegisterAccessInfo stm32mp1_stgen_regs[] = {
    { .name = "CNTCR", .addr = A_CNTCR,
      .ro = ~(R_CNTCR_EN_MASK | R_CNTCR_HLTDBG_MASK),
      .pre_write = stgen_cntcr_pre_write },
    { .name = "CNTSR", .addr = A_CNTSR, .ro = ~0u,
      .post_read = stgen_cntsr_post_read },
    { .name = "CNTCVL", .addr = A_CNTCVL, .pre_write = stgen_cntcvl_pre_write,
      .post_read = stgen_cntcvl_post_read },
    { .name = "CNTCVU", .addr = A_CNTCVU, .pre_write = stgen_cntcvu_pre_write,
      .post_read = stgen_cntcvu_post_read },
    { .name = "CNTFID0", .addr = A_CNTFID0 },
};

static void stm32mp1_stgen_reset_hold(Object *obj, ResetType type)
{
    STM32MP1StgenState *s = STM32MP1_STGEN(obj);
    uint32_t *regs = s->parent_obj.regs;

    register_block_reset_all(REGISTER_BLOCK(obj));
    stgen_set(s, 0);
    if (!s->cold) {
        regs[R_CNTCR] = R_CNTCR_EN_MASK;
        regs[R_CNTFID0] = s->frequency;
    }
}

static int stm32mp1_stgen_pre_save(void *opaque)
{
    STM32MP1StgenState *s = opaque;

    stgen_set(s, stgen_count(s));
    return 0;
}

static int stm32mp1_stgen_post_load(void *opaque, int version_id)
{
    STM32MP1StgenState *s = opaque;

    stgen_set(s, s->count);
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_stgen = {
    .name = TYPE_STM32MP1_STGEN,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = stm32mp1_stgen_pre_save,
    .post_load = stm32mp1_stgen_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(parent_obj.regs, STM32MP1StgenState,
                             REGISTER_BLOCK_NUM),
        VMSTATE_UINT64(count, STM32MP1StgenState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_stgen_properties[] = {
    DEFINE_PROP_UINT32("frequency", STM32MP1StgenState, frequency, 0),
    DEFINE_PROP_BOOL("cold", STM32MP1StgenState, cold, false),
};

static void stm32mp1_stgen_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_stgen_regs,
                              ARRAY_SIZE(stm32mp1_stgen_regs));
    REGISTER_BLOCK_CLASS(klass)->rest_unimplemented = true;
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_stgen_reset_hold;
    dc->desc = "STM32MP1 system timer generator";
    dc->vmsd = &vmstate_stm32mp1_stgen;
    device_class_set_props(dc, stm32mp1_stgen_properties);
}

static const TypeInfo stm32mp1_stgen_types[] = {
    {
        .name = TYPE_STM32MP1_STGEN,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1StgenState),
        .class_init = stm32mp1_stgen_class_init,
    },
};

DEFINE_TYPES(stm32mp1_stgen_types)
