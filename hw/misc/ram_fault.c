/*
 * A word of RAM that stores wrongly
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/misc/ram_fault.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "system/cpus.h"
#include "trace.h"

#define WORD 4

/* Where the word begins in the RAM. */
static hwaddr ram_fault_base(RamFaultState *s)
{
    return QEMU_ALIGN_DOWN(s->address, WORD);
}

static void *ram_fault_ptr(RamFaultState *s, hwaddr offset)
{
    uint8_t *ram = memory_region_get_ram_ptr(s->memory);

    return ram + ram_fault_base(s) + offset;
}

/*
 * Put the word over the RAM, or take it away, as the fault is armed or not. No
 * vCPU may run: until it flushes its TLB, QEMU 10.0 looks up what the TLB knows
 * of I/O regions, which is their number, among those of the new layout.
 */
static void ram_fault_update(RamFaultState *s)
{
    memory_region_transaction_begin();
    memory_region_set_enabled(&s->word, s->flip > 0);
    if (s->flip) {
        memory_region_set_address(&s->word, ram_fault_base(s));
    }
    memory_region_transaction_commit();
}

/* The same while the machine runs; only in the main loop. */
static void ram_fault_update_running(void *opaque)
{
    pause_all_vcpus();
    ram_fault_update(opaque);
    resume_all_vcpus();
}

static uint64_t ram_fault_read(void *opaque, hwaddr offset, unsigned size)
{
    return ldn_le_p(ram_fault_ptr(opaque, offset), size);
}

static void ram_fault_write(void *opaque, hwaddr offset, uint64_t value,
                            unsigned size)
{
    RamFaultState *s = opaque;
    unsigned byte = s->address % WORD - offset;
    hwaddr base = ram_fault_base(s);
    bool hit = s->flip && byte < size;

    if (hit) {
        value ^= BIT_ULL(8 * byte + s->bit);
        s->flip--;
        s->flip_count++;
        trace_ram_fault_flip(s->address, s->bit, value);
    }
    stn_le_p(ram_fault_ptr(s, offset), size, value);
    memory_region_set_dirty(s->memory, base + offset, size);
    if (hit && !s->flip) {
        aio_bh_schedule_oneshot(qemu_get_aio_context(),
                                ram_fault_update_running, s);
    }
}

static const MemoryRegionOps ram_fault_ops = {
    .read = ram_fault_read,
    .write = ram_fault_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = WORD,
        .unaligned = true,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = WORD,
        .unaligned = true,
    },
};

static void ram_fault_get(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    visit_type_uint32(v, name, (uint32_t *)((char *)obj + (uintptr_t)opaque),
                      errp);
}

/* Set one of the three; they are checked when the fault is armed. */
static void ram_fault_set(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    RamFaultState *s = RAM_FAULT(obj);
    uint32_t *field = (uint32_t *)((char *)obj + (uintptr_t)opaque);
    uint32_t value, old = *field;

    if (!visit_type_uint32(v, name, &value, errp)) {
        return;
    }
    *field = value;
    if (s->flip && (!s->memory || s->address >= memory_region_size(s->memory) ||
                    s->bit > 7)) {
        error_setg(errp, "%s=%" PRIu32 ": byte 0x%" PRIx32 ", bit %" PRIu32
                   " is not in the memory", name, value, s->address, s->bit);
        *field = old;
        return;
    }
    if (DEVICE(obj)->realized) {
        ram_fault_update_running(s);
    }
}

static void ram_fault_realize(DeviceState *dev, Error **errp)
{
    RamFaultState *s = RAM_FAULT(dev);

    if (!s->memory || !memory_region_is_ram(s->memory)) {
        error_setg(errp, "property \"memory\" must be RAM");
        return;
    }
    memory_region_init_io(&s->word, OBJECT(dev), &ram_fault_ops, s,
                          TYPE_RAM_FAULT, WORD);
    memory_region_set_enabled(&s->word, false);
    memory_region_add_subregion_overlap(s->memory, 0, &s->word, 1);
    ram_fault_update(s);
}

static void ram_fault_unrealize(DeviceState *dev)
{
    RamFaultState *s = RAM_FAULT(dev);

    memory_region_del_subregion(s->memory, &s->word);
}

static int ram_fault_post_load(void *opaque, int version_id)
{
    RamFaultState *s = opaque;

    if (s->flip &&
        (s->address >= memory_region_size(s->memory) || s->bit > 7)) {
        return -EINVAL;
    }
    ram_fault_update(s);
    return 0;
}

static const VMStateDescription vmstate_ram_fault = {
    .name = TYPE_RAM_FAULT,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = ram_fault_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(address, RamFaultState),
        VMSTATE_UINT32(bit, RamFaultState),
        VMSTATE_UINT32(flip, RamFaultState),
        VMSTATE_UINT32(flip_count, RamFaultState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property ram_fault_properties[] = {
    DEFINE_PROP_LINK("memory", RamFaultState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void ram_fault_class_init(ObjectClass *klass, ClassInitData *data)
{
    static const struct {
        const char *name;
        uintptr_t field;
    } settable[] = {
        { "x-fault-address", offsetof(RamFaultState, address) },
        { "x-fault-bit", offsetof(RamFaultState, bit) },
        { "x-fault-flip", offsetof(RamFaultState, flip) },
    };
    DeviceClass *dc = DEVICE_CLASS(klass);
    int i;

    dc->desc = "A word of RAM that stores wrongly";
    dc->realize = ram_fault_realize;
    dc->unrealize = ram_fault_unrealize;
    dc->vmsd = &vmstate_ram_fault;
    dc->user_creatable = false;
    device_class_set_props(dc, ram_fault_properties);
    for (i = 0; i < ARRAY_SIZE(settable); i++) {
        object_class_property_add(klass, settable[i].name, "uint32",
                                  ram_fault_get, ram_fault_set, NULL,
                                  (void *)settable[i].field);
    }
    object_class_property_add(klass, "x-fault-flip-count", "uint32",
                              ram_fault_get, NULL, NULL,
                              (void *)offsetof(RamFaultState, flip_count));
}

static const TypeInfo ram_fault_types[] = {
    {
        .name = TYPE_RAM_FAULT,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(RamFaultState),
        .class_init = ram_fault_class_init,
    },
};

DEFINE_TYPES(ram_fault_types)
