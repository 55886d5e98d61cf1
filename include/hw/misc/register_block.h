/*
 * Common base of small register blocks
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A block derived from it names its registers in a RegisterAccessInfo table;
 * the base supplies the memory region, 8/16/32-bit accesses, the reset
 * values, the trace events, the log lines and the migration state.
 */
#ifndef HW_MISC_REGISTER_BLOCK_H
#define HW_MISC_REGISTER_BLOCK_H

#include "hw/sysbus.h"
#include "hw/register.h"
#include "qom/object.h"

#define TYPE_REGISTER_BLOCK "register-block"
OBJECT_DECLARE_TYPE(RegisterBlockState, RegisterBlockClass, REGISTER_BLOCK)

#define REGISTER_BLOCK_SIZE 0x400
#define REGISTER_BLOCK_MAX 0x1000
#define REGISTER_BLOCK_NUM (REGISTER_BLOCK_MAX / 4)

struct RegisterBlockState {
    SysBusDevice parent_obj;

    RegisterInfoArray *array;
    /* indexed by offset / 4; a register without a table entry stays 0 */
    uint32_t regs[REGISTER_BLOCK_NUM];
    RegisterInfo info[REGISTER_BLOCK_NUM];
};

struct RegisterBlockClass {
    SysBusDeviceClass parent_class;

    /* The block's registers; set by the class_init of the derived type */
    const RegisterAccessInfo *table;
    unsigned table_len;
    /* Bytes, at most REGISTER_BLOCK_MAX; set by the class_init if it differs */
    unsigned size;
    /*
     * Set by the class_init of a type whose block has more registers than its
     * table: accesses to them are logged as unimplemented, not as wrong.
     */
    bool rest_unimplemented;
};

/**
 * register_block_class_init: to be called first by a derived class_init
 * @klass: the class of the derived type
 * @table: its registers, at most one an offset, each within the block
 * @table_len: number of entries in @table
 */
void register_block_class_init(ObjectClass *klass,
                               const RegisterAccessInfo *table,
                               unsigned table_len);

/**
 * register_block_reset_all: give every register its reset value
 * @s: the block
 */
void register_block_reset_all(RegisterBlockState *s);

/* What is migrated of a block: for a derived type that has more than that */
extern const VMStateDescription vmstate_register_block;

/**
 * REGISTER_BLOCK_OF: the block that a RegisterAccessInfo hook is called for
 * @reg: the RegisterInfo the hook got
 */
#define REGISTER_BLOCK_OF(reg) REGISTER_BLOCK((reg)->opaque)

/* Entry for a register that always reads the same */
#define REGISTER_BLOCK_RO(_name, _addr, _value) \
    { .name = (_name), .addr = (_addr), .reset = (_value), .ro = 0xffffffff }

#endif
