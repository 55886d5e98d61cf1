/*
 * ZynqMP: what looks at the accesses of bus masters, and refuses some
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/misc/zynqmp_protection.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"

REG32(ERR_STATUS1, 0x04)
REG32(ERR_STATUS2, 0x08)
REG32(ISR, 0x10)
    FIELD(ISR, INV_APB, 0, 1)
REG32(IMR, 0x14)

static void zynqmp_protection_update(ZynqMPProtection *unit)
{
    const uint32_t *regs = REGISTER_BLOCK(unit)->regs;

    qemu_set_irq(unit->irq, (regs[R_ISR] & ~regs[R_IMR]) != 0);
}

static bool zynqmp_protection_is_violated(ZynqMPProtection *unit)
{
    return REGISTER_BLOCK(unit)->regs[R_ISR] & ~R_ISR_INV_APB_MASK;
}

void zynqmp_protection_rules_changed(ZynqMPProtection *unit)
{
    qemu_irq_pulse(unit->changed);
}

void zynqmp_protection_violation(ZynqMPProtection *unit, uint32_t flag,
                                 uint32_t address, uint16_t mid)
{
    uint32_t *regs = REGISTER_BLOCK(unit)->regs;

    if (!zynqmp_protection_is_violated(unit)) {
        regs[R_ERR_STATUS1] = address;
        regs[R_ERR_STATUS2] = mid;
    }
    regs[R_ISR] |= flag;
    zynqmp_protection_update(unit);
}

void zynqmp_protection_isr_post_write(RegisterInfo *reg, uint64_t val)
{
    ZynqMPProtection *unit = ZYNQMP_PROTECTION(reg->opaque);
    uint32_t *regs = REGISTER_BLOCK(unit)->regs;

    if (!zynqmp_protection_is_violated(unit)) {
        regs[R_ERR_STATUS1] = 0;
        regs[R_ERR_STATUS2] = 0;
    }
    zynqmp_protection_update(unit);
}

static void zynqmp_protection_mask(RegisterInfo *reg, uint32_t mask)
{
    ZynqMPProtection *unit = ZYNQMP_PROTECTION(reg->opaque);

    REGISTER_BLOCK(unit)->regs[R_IMR] =
        mask & ZYNQMP_PROTECTION_GET_CLASS(unit)->flags;
    zynqmp_protection_update(unit);
}

uint64_t zynqmp_protection_ien_pre_write(RegisterInfo *reg, uint64_t val)
{
    zynqmp_protection_mask(reg, REGISTER_BLOCK_OF(reg)->regs[R_IMR] & ~val);
    return 0;
}

uint64_t zynqmp_protection_ids_pre_write(RegisterInfo *reg, uint64_t val)
{
    zynqmp_protection_mask(reg, REGISTER_BLOCK_OF(reg)->regs[R_IMR] | val);
    return 0;
}

/* The way to memory is open by the time that images are loaded. */
static void zynqmp_protection_reset_enter(Object *obj, ResetType type)
{
    ZynqMPProtection *unit = ZYNQMP_PROTECTION(obj);
    ZynqMPProtectionClass *pc = ZYNQMP_PROTECTION_GET_CLASS(unit);

    /* The map is made anew once, and not for each register. */
    memory_region_transaction_begin();
    register_block_reset_all(REGISTER_BLOCK(obj));
    if (pc->reset) {
        pc->reset(unit);
    }
    zynqmp_protection_rules_changed(unit);
    memory_region_transaction_commit();
}

static void zynqmp_protection_reset_hold(Object *obj, ResetType type)
{
    zynqmp_protection_update(ZYNQMP_PROTECTION(obj));
}

static int zynqmp_protection_post_load(void *opaque, int version_id)
{
    zynqmp_protection_rules_changed(opaque);
    return 0;
}

static const VMStateDescription vmstate_zynqmp_protection = {
    .name = TYPE_ZYNQMP_PROTECTION,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = zynqmp_protection_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(parent_obj.regs, ZynqMPProtection,
                             REGISTER_BLOCK_NUM),
        VMSTATE_END_OF_LIST()
    }
};

static void zynqmp_protection_init(Object *obj)
{
    ZynqMPProtection *unit = ZYNQMP_PROTECTION(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &unit->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &unit->changed, "changed", 1);
}

static void zynqmp_protection_class_init(ObjectClass *klass,
                                         ClassInitData *data)
{
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    DEVICE_CLASS(klass)->vmsd = &vmstate_zynqmp_protection;
    rc->phases.enter = zynqmp_protection_reset_enter;
    rc->phases.hold = zynqmp_protection_reset_hold;
}

static const TypeInfo zynqmp_protection_types[] = {
    {
        .name = TYPE_ZYNQMP_PROTECTION,
        .parent = TYPE_REGISTER_BLOCK,
        .abstract = true,
        .instance_size = sizeof(ZynqMPProtection),
        .instance_init = zynqmp_protection_init,
        .class_size = sizeof(ZynqMPProtectionClass),
        .class_init = zynqmp_protection_class_init,
    },
};

DEFINE_TYPES(zynqmp_protection_types)
