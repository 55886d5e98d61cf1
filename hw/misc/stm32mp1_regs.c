/*
 * Common base of the small register blocks of the STM32MP1
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/misc/stm32mp1_regs.h"
#include "migration/vmstate.h"
#include "trace.h"

/*
 * The register API only finds accesses to the first byte of a register, so
 * the offset is resolved here and the byte lanes are given as a mask.
 */
static RegisterInfo *stm32mp1_regs_find(STM32MP1RegsState *s, hwaddr addr,
                                        const char *action)
{
    RegisterInfo *reg = &s->info[addr / 4];

    if (!reg->access) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: %s of reserved offset 0x%03" HWADDR_PRIx "\n",
                      object_get_typename(OBJECT(s)), action, addr);
        return NULL;
    }
    return reg;
}

static uint64_t stm32mp1_regs_read(void *opaque, hwaddr addr, unsigned size)
{
    RegisterInfoArray *array = opaque;
    STM32MP1RegsState *s = STM32MP1_REGS(memory_region_owner(&array->mem));
    RegisterInfo *reg = stm32mp1_regs_find(s, addr, "read");
    unsigned shift = (addr & 3) * 8;
    uint64_t value;

    if (!reg) {
        return 0;
    }
    value = register_read(reg, MAKE_64BIT_MASK(shift, size * 8),
                          array->prefix, false) >> shift;
    trace_stm32mp1_regs_read(array->prefix, reg->access->name, addr, value,
                             size);
    return value;
}

static void stm32mp1_regs_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    RegisterInfoArray *array = opaque;
    STM32MP1RegsState *s = STM32MP1_REGS(memory_region_owner(&array->mem));
    RegisterInfo *reg = stm32mp1_regs_find(s, addr, "write");
    unsigned shift = (addr & 3) * 8;

    if (!reg) {
        return;
    }
    trace_stm32mp1_regs_write(array->prefix, reg->access->name, addr, value,
                              size);
    register_write(reg, value << shift, MAKE_64BIT_MASK(shift, size * 8),
                   array->prefix, false);
}

static const MemoryRegionOps stm32mp1_regs_ops = {
    .read = stm32mp1_regs_read,
    .write = stm32mp1_regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

void stm32mp1_regs_reset_all(STM32MP1RegsState *s)
{
    for (int i = 0; i < s->array->num_elements; i++) {
        register_reset(s->array->r[i]);
    }
    trace_stm32mp1_regs_reset(s->array->prefix);
}

static void stm32mp1_regs_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_regs_reset_all(STM32MP1_REGS(obj));
}

static void stm32mp1_regs_init(Object *obj)
{
    STM32MP1RegsState *s = STM32MP1_REGS(obj);
    STM32MP1RegsClass *src = STM32MP1_REGS_GET_CLASS(obj);

    s->array = register_init_block32(DEVICE(obj), src->table, src->table_len,
                                     s->info, s->regs, &stm32mp1_regs_ops,
                                     false, STM32MP1_REGS_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->array->mem);
}

static void stm32mp1_regs_finalize(Object *obj)
{
    register_finalize_block(STM32MP1_REGS(obj)->array);
}

static const VMStateDescription vmstate_stm32mp1_regs = {
    .name = TYPE_STM32MP1_REGS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(regs, STM32MP1RegsState, STM32MP1_REGS_NUM),
        VMSTATE_END_OF_LIST()
    }
};

void stm32mp1_regs_class_init(ObjectClass *klass,
                              const RegisterAccessInfo *table,
                              unsigned table_len)
{
    STM32MP1RegsClass *src = STM32MP1_REGS_CLASS(klass);

    src->table = table;
    src->table_len = table_len;
}

static void stm32mp1_regs_base_class_init(ObjectClass *klass, void *data)
{
    DEVICE_CLASS(klass)->vmsd = &vmstate_stm32mp1_regs;
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_regs_reset_hold;
}

static const TypeInfo stm32mp1_regs_types[] = {
    {
        .name = TYPE_STM32MP1_REGS,
        .parent = TYPE_SYS_BUS_DEVICE,
        .abstract = true,
        .instance_size = sizeof(STM32MP1RegsState),
        .instance_init = stm32mp1_regs_init,
        .instance_finalize = stm32mp1_regs_finalize,
        .class_size = sizeof(STM32MP1RegsClass),
        .class_init = stm32mp1_regs_base_class_init,
    },
};

DEFINE_TYPES(stm32mp1_regs_types)
