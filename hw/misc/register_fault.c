/*
 * A register that does not get what is written to it
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "exec/memop.h"
#include "hw/misc/register_fault.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "trace.h"

#define REGISTER    4
/* What x-fault-delay-us is until it is set */
#define DELAY_US    1000

/* The device's registers and this one are little-endian. */
static MemOp register_fault_op(unsigned size)
{
    return size_memop(size) | MO_LE;
}

static MemTxResult register_fault_read(void *opaque, hwaddr addr,
                                       uint64_t *value, unsigned size,
                                       MemTxAttrs attrs)
{
    RegisterFaultState *s = opaque;

    return memory_region_dispatch_read(s->memory, s->offset + addr, value,
                                       register_fault_op(size), attrs);
}

static bool register_fault_hits(RegisterFaultTimes *times)
{
    bool hit = times->left;

    if (hit) {
        times->left--;
        times->count++;
    }
    return hit;
}

/* Return what of the bits that a write has, of those meant, arrives now. */
static uint32_t register_fault_arrives(RegisterFaultState *s, uint32_t bits)
{
    if (register_fault_hits(&s->drop)) {
        trace_register_fault(s->offset, "drop", bits);
        return 0;
    }
    if (register_fault_hits(&s->delay)) {
        trace_register_fault(s->offset, "delay", bits);
        s->late |= bits;
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                            (int64_t)s->delay_us * SCALE_US);
        return 0;
    }
    return bits;
}

static MemTxResult register_fault_write(void *opaque, hwaddr addr,
                                        uint64_t value, unsigned size,
                                        MemTxAttrs attrs)
{
    RegisterFaultState *s = opaque;
    unsigned shift = addr * BITS_PER_BYTE;
    uint32_t meant = value & s->mask >> shift;

    if (meant) {
        value &= ~(uint64_t)meant;
        value |= register_fault_arrives(s, meant << shift) >> shift;
        if (!value) {
            return MEMTX_OK;
        }
    }
    return memory_region_dispatch_write(s->memory, s->offset + addr, value,
                                        register_fault_op(size), attrs);
}

static void register_fault_late(void *opaque)
{
    RegisterFaultState *s = opaque;
    uint32_t bits = s->late;

    s->late = 0;
    memory_region_dispatch_write(s->memory, s->offset, bits,
                                 register_fault_op(REGISTER),
                                 MEMTXATTRS_UNSPECIFIED);
}

/* What is an error of the device's own is one here: that is for it to say. */
static const MemoryRegionOps register_fault_ops = {
    .read_with_attrs = register_fault_read,
    .write_with_attrs = register_fault_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = REGISTER,
    .impl.min_access_size = 1,
    .impl.max_access_size = REGISTER,
};

static void register_fault_reset_enter(Object *obj, ResetType type)
{
    RegisterFaultState *s = REGISTER_FAULT(obj);

    s->late = 0;
    timer_del(s->timer);
}

static void register_fault_realize(DeviceState *dev, Error **errp)
{
    RegisterFaultState *s = REGISTER_FAULT(dev);

    if (!s->memory || s->offset % REGISTER ||
        s->offset >= memory_region_size(s->memory)) {
        error_setg(errp, "no register at 0x%" PRIx32 " of property \"memory\"",
                   s->offset);
        return;
    }
    memory_region_init_io(&s->overlay, OBJECT(dev), &register_fault_ops, s,
                          TYPE_REGISTER_FAULT, REGISTER);
    memory_region_add_subregion_overlap(s->memory, s->offset, &s->overlay, 1);
}

static void register_fault_unrealize(DeviceState *dev)
{
    RegisterFaultState *s = REGISTER_FAULT(dev);

    memory_region_del_subregion(s->memory, &s->overlay);
}

static void register_fault_init(Object *obj)
{
    RegisterFaultState *s = REGISTER_FAULT(obj);
    const struct {
        const char *name;
        uint32_t *value;
        ObjectPropertyFlags flags;
    } faults[] = {
        { "x-fault-mask", &s->mask, OBJ_PROP_FLAG_READWRITE },
        { "x-fault-drop", &s->drop.left, OBJ_PROP_FLAG_READWRITE },
        { "x-fault-drop-count", &s->drop.count, OBJ_PROP_FLAG_READ },
        { "x-fault-delay", &s->delay.left, OBJ_PROP_FLAG_READWRITE },
        { "x-fault-delay-us", &s->delay_us, OBJ_PROP_FLAG_READWRITE },
        { "x-fault-delay-count", &s->delay.count, OBJ_PROP_FLAG_READ },
    };
    int i;

    s->mask = UINT32_MAX;
    s->delay_us = DELAY_US;
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, register_fault_late, s);
    for (i = 0; i < ARRAY_SIZE(faults); i++) {
        object_property_add_uint32_ptr(obj, faults[i].name, faults[i].value,
                                       faults[i].flags);
    }
}

static void register_fault_finalize(Object *obj)
{
    timer_free(REGISTER_FAULT(obj)->timer);
}

static const VMStateDescription vmstate_register_fault = {
    .name = TYPE_REGISTER_FAULT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(mask, RegisterFaultState),
        VMSTATE_UINT32(drop.left, RegisterFaultState),
        VMSTATE_UINT32(drop.count, RegisterFaultState),
        VMSTATE_UINT32(delay.left, RegisterFaultState),
        VMSTATE_UINT32(delay.count, RegisterFaultState),
        VMSTATE_UINT32(delay_us, RegisterFaultState),
        VMSTATE_UINT32(late, RegisterFaultState),
        VMSTATE_TIMER_PTR(timer, RegisterFaultState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property register_fault_properties[] = {
    DEFINE_PROP_LINK("memory", RegisterFaultState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
    DEFINE_PROP_UINT32("offset", RegisterFaultState, offset, 0),
};

static void register_fault_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "A register that does not get what is written to it";
    dc->realize = register_fault_realize;
    dc->unrealize = register_fault_unrealize;
    dc->vmsd = &vmstate_register_fault;
    dc->user_creatable = false;
    rc->phases.enter = register_fault_reset_enter;
    device_class_set_props(dc, register_fault_properties);
}

static const TypeInfo register_fault_types[] = {
    {
        .name = TYPE_REGISTER_FAULT,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(RegisterFaultState),
        .instance_init = register_fault_init,
        .instance_finalize = register_fault_finalize,
        .class_init = register_fault_class_init,
    },
};

DEFINE_TYPES(register_fault_types)
