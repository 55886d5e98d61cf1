/*
 * STM32MP1: what stands between the bus and an internal memory
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0436, chapters ETZPC and "Memory and bus architecture": which memories a
 * field of the ETZPC protects as a whole, and which it has a size of a secure
 * part for. Who is refused reads 0 and changes nothing, as with registers.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/misc/memory_guard.h"
#include "hw/misc/stm32mp1_gate.h"
#include "hw/misc/stm32mp1_memory_gate.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "trace.h"

#define PAGE 0x1000

/* Whether a viewer may read and write what is protected */
static bool memory_gate_is_open(STM32MP1MemoryGateState *s,
                                STM32MP1MemoryViewer viewer)
{
    switch (s->protection) {
    case STM32MP1_PROTECTION_SECURE:
    case STM32MP1_PROTECTION_SECURE_WRITE:
        return viewer == STM32MP1_VIEWER_SECURE;
    case STM32MP1_PROTECTION_MCU:
        return viewer == STM32MP1_VIEWER_MCU;
    default:
        return true;
    }
}

static void memory_gate_update(void *opaque)
{
    STM32MP1MemoryGateState *s = opaque;
    uint64_t size = MIN((uint64_t)s->pages * PAGE, s->size);
    int i;

    memory_region_transaction_begin();
    for (i = 0; i < STM32MP1_NUM_VIEWERS; i++) {
        memory_region_set_size(&s->view[i].checked, size);
        memory_region_set_enabled(&s->view[i].checked,
                                  size && !memory_gate_is_open(s, i));
    }
    memory_region_transaction_commit();
}

static MemTxResult memory_gate_read(void *opaque, hwaddr addr, uint64_t *data,
                                    unsigned size, MemTxAttrs attrs)
{
    STM32MP1MemoryGateState *s = opaque;

    *data = 0;
    if (!stm32mp1_protection_allows(s->protection, s->name, "read",
                                    s->base + addr, false, attrs)) {
        return MEMTX_OK;
    }
    return memory_guard_read(&s->as, s->offset + addr, data, size,
                             MEMTXATTRS_UNSPECIFIED);
}

static MemTxResult memory_gate_write(void *opaque, hwaddr addr, uint64_t data,
                                     unsigned size, MemTxAttrs attrs)
{
    STM32MP1MemoryGateState *s = opaque;

    if (!stm32mp1_protection_allows(s->protection, s->name, "write",
                                    s->base + addr, true, attrs)) {
        return MEMTX_OK;
    }
    return memory_guard_write(&s->as, s->offset + addr, data, size,
                              MEMTXATTRS_UNSPECIFIED);
}

static const MemoryRegionOps memory_gate_ops = {
    .read_with_attrs = memory_gate_read,
    .write_with_attrs = memory_gate_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.min_access_size = 1,
    .impl.max_access_size = 8,
    .impl.unaligned = true,
};

static void memory_gate_set_protection(void *opaque, int n, int level)
{
    STM32MP1MemoryGateState *s = opaque;

    if (s->protection != level) {
        trace_stm32mp1_gate_protection(s->name, level);
        s->protection = level;
        memory_guard_change_map(memory_gate_update, s);
    }
}

static void memory_gate_set_pages(void *opaque, int n, int level)
{
    STM32MP1MemoryGateState *s = opaque;

    if (s->pages != level) {
        trace_stm32mp1_memory_gate_pages(s->name, level);
        s->pages = level;
        memory_guard_change_map(memory_gate_update, s);
    }
}

/* Before anything is loaded into the memory, it is there for whoever loads it. */
static void memory_gate_reset_enter(Object *obj, ResetType type)
{
    STM32MP1MemoryGateState *s = STM32MP1_MEMORY_GATE(obj);

    s->protection = s->protection_reset;
    s->pages = DIV_ROUND_UP(s->size, PAGE);
    memory_gate_update(s);
}

static void memory_gate_init(Object *obj)
{
    DeviceState *dev = DEVICE(obj);

    qdev_init_gpio_in_named(dev, memory_gate_set_protection, "protection", 1);
    qdev_init_gpio_in_named(dev, memory_gate_set_pages, "pages", 1);
}

static void memory_gate_realize(DeviceState *dev, Error **errp)
{
    STM32MP1MemoryGateState *s = STM32MP1_MEMORY_GATE(dev);
    int i;

    if (!s->memory || !s->name || !s->size ||
        s->protection_reset >= STM32MP1_NUM_PROTECTIONS ||
        s->offset > memory_region_size(s->memory) ||
        s->size > memory_region_size(s->memory) - s->offset) {
        error_setg(errp, "needs \"memory\", \"name\", a part of the memory and "
                   "a valid \"protection\"");
        return;
    }
    address_space_init(&s->as, s->memory, s->name);
    for (i = 0; i < STM32MP1_NUM_VIEWERS; i++) {
        STM32MP1MemoryView *view = &s->view[i];

        memory_region_init(&view->container, OBJECT(dev), s->name, s->size);
        memory_region_init_alias(&view->open, OBJECT(dev), s->name, s->memory,
                                 s->offset, s->size);
        memory_region_add_subregion(&view->container, 0, &view->open);
        memory_region_init_io(&view->checked, OBJECT(dev), &memory_gate_ops, s,
                              s->name, s->size);
        memory_region_set_enabled(&view->checked, false);
        memory_region_add_subregion_overlap(&view->container, 0,
                                            &view->checked, 1);
        sysbus_init_mmio(SYS_BUS_DEVICE(dev), &view->container);
    }
    s->protection = STM32MP1_PROTECTION_NONE;
}

static int memory_gate_post_load(void *opaque, int version_id)
{
    STM32MP1MemoryGateState *s = opaque;

    if (s->protection >= STM32MP1_NUM_PROTECTIONS) {
        return -EINVAL;
    }
    memory_gate_update(s);
    return 0;
}

static const VMStateDescription vmstate_memory_gate = {
    .name = TYPE_STM32MP1_MEMORY_GATE,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = memory_gate_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(protection, STM32MP1MemoryGateState),
        VMSTATE_UINT32(pages, STM32MP1MemoryGateState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property memory_gate_properties[] = {
    DEFINE_PROP_LINK("memory", STM32MP1MemoryGateState, memory,
                     TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_UINT64("offset", STM32MP1MemoryGateState, offset, 0),
    DEFINE_PROP_UINT64("size", STM32MP1MemoryGateState, size, 0),
    DEFINE_PROP_UINT64("base", STM32MP1MemoryGateState, base, 0),
    DEFINE_PROP_STRING("name", STM32MP1MemoryGateState, name),
    DEFINE_PROP_UINT8("protection", STM32MP1MemoryGateState, protection_reset,
                      STM32MP1_PROTECTION_NONE),
};

static void memory_gate_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 protection of an internal memory";
    dc->realize = memory_gate_realize;
    dc->vmsd = &vmstate_memory_gate;
    /* Has a link to the memory that it is for */
    dc->user_creatable = false;
    rc->phases.enter = memory_gate_reset_enter;
    device_class_set_props(dc, memory_gate_properties);
}

static const TypeInfo memory_gate_types[] = {
    {
        .name = TYPE_STM32MP1_MEMORY_GATE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1MemoryGateState),
        .instance_init = memory_gate_init,
        .class_init = memory_gate_class_init,
    },
};

DEFINE_TYPES(memory_gate_types)
