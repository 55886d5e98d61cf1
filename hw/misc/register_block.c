/*
 * Common base of small register blocks
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/misc/register_block.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "trace.h"

/*
 * The register API only finds accesses to the first byte of a register, so
 * the offset is resolved here and the byte lanes are given as a mask.
 */
static RegisterInfo *register_block_find(RegisterBlockState *s, hwaddr addr,
                                        const char *action)
{
    RegisterInfo *reg = &s->info[addr / 4];

    if (!reg->access) {
        bool unimp = REGISTER_BLOCK_GET_CLASS(s)->rest_unimplemented;

        qemu_log_mask(unimp ? LOG_UNIMP : LOG_GUEST_ERROR,
                      "%s: %s of %s offset 0x%03" HWADDR_PRIx "\n",
                      object_get_typename(OBJECT(s)), action,
                      unimp ? "unimplemented" : "reserved", addr);
        return NULL;
    }
    return reg;
}

static uint64_t register_block_read(void *opaque, hwaddr addr, unsigned size)
{
    RegisterInfoArray *array = opaque;
    RegisterBlockState *s = REGISTER_BLOCK_OF(array->r[0]);
    RegisterInfo *reg = register_block_find(s, addr, "read");
    unsigned shift = (addr & 3) * 8;
    uint64_t value;

    if (!reg) {
        return 0;
    }
    value = register_read(reg, MAKE_64BIT_MASK(shift, size * 8),
                          array->prefix, false) >> shift;
    trace_register_block_read(array->prefix, reg->access->name, addr, value,
                             size);
    return value;
}

static void register_block_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    RegisterInfoArray *array = opaque;
    RegisterBlockState *s = REGISTER_BLOCK_OF(array->r[0]);
    RegisterInfo *reg = register_block_find(s, addr, "write");
    unsigned shift = (addr & 3) * 8;

    if (!reg) {
        return;
    }
    trace_register_block_write(array->prefix, reg->access->name, addr, value,
                              size);
    register_write(reg, value << shift, MAKE_64BIT_MASK(shift, size * 8),
                   array->prefix, false);
}

static const MemoryRegionOps register_block_ops = {
    .read = register_block_read,
    .write = register_block_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

void register_block_reset_all(RegisterBlockState *s)
{
    for (int i = 0; i < s->array->num_elements; i++) {
        register_reset(s->array->r[i]);
    }
    trace_register_block_reset(s->array->prefix);
}

static void register_block_reset_hold(Object *obj, ResetType type)
{
    register_block_reset_all(REGISTER_BLOCK(obj));
}

static void register_block_init(Object *obj)
{
    RegisterBlockState *s = REGISTER_BLOCK(obj);
    RegisterBlockClass *src = REGISTER_BLOCK_GET_CLASS(obj);

    s->array = register_init_block32(DEVICE(obj), src->table, src->table_len,
                                     s->info, s->regs, &register_block_ops,
                                     false, src->size);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->array->mem);
}

static void register_block_finalize(Object *obj)
{
    register_finalize_block(REGISTER_BLOCK(obj)->array);
}

const VMStateDescription vmstate_register_block = {
    .name = TYPE_REGISTER_BLOCK,
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(regs, RegisterBlockState, REGISTER_BLOCK_NUM),
        VMSTATE_END_OF_LIST()
    }
};

void register_block_class_init(ObjectClass *klass,
                               const RegisterAccessInfo *table,
                               unsigned table_len)
{
    RegisterBlockClass *src = REGISTER_BLOCK_CLASS(klass);

    src->table = table;
    src->table_len = table_len;
    src->size = REGISTER_BLOCK_SIZE;
}

static void register_block_base_class_init(ObjectClass *klass,
                                           ClassInitData *data)
{
    DEVICE_CLASS(klass)->vmsd = &vmstate_register_block;
    RESETTABLE_CLASS(klass)->phases.hold = register_block_reset_hold;
}

static const TypeInfo register_block_types[] = {
    {
        .name = TYPE_REGISTER_BLOCK,
        .parent = TYPE_SYS_BUS_DEVICE,
        .abstract = true,
        .instance_size = sizeof(RegisterBlockState),
        .instance_init = register_block_init,
        .instance_finalize = register_block_finalize,
        .class_size = sizeof(RegisterBlockClass),
        .class_init = register_block_base_class_init,
    },
};

DEFINE_TYPES(register_block_types)
