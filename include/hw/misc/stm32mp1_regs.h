/*
 * Common base of the small register blocks of the STM32MP1
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A block derived from it names its registers in a RegisterAccessInfo table;
 * the base supplies the memory region, 8/16/32-bit accesses, the reset
 * values, the trace events, the log lines and the migration state.
 */
#ifndef HW_MISC_STM32MP1_REGS_H
#define HW_MISC_STM32MP1_REGS_H

#include "hw/sysbus.h"
#include "hw/register.h"
#include "qom/object.h"

#define TYPE_STM32MP1_REGS "stm32mp1-regs"
OBJECT_DECLARE_TYPE(STM32MP1RegsState, STM32MP1RegsClass, STM32MP1_REGS)

#define STM32MP1_REGS_SIZE 0x400
#define STM32MP1_REGS_NUM (STM32MP1_REGS_SIZE / 4)

struct STM32MP1RegsState {
    SysBusDevice parent_obj;

    RegisterInfoArray *array;
    /* indexed by offset / 4; a register without a table entry stays 0 */
    uint32_t regs[STM32MP1_REGS_NUM];
    RegisterInfo info[STM32MP1_REGS_NUM];
};

struct STM32MP1RegsClass {
    SysBusDeviceClass parent_class;

    /* The block's registers; set by the class_init of the derived type */
    const RegisterAccessInfo *table;
    unsigned table_len;
};

/**
 * stm32mp1_regs_class_init: to be called first by a derived class_init
 * @klass: the class of the derived type
 * @table: its registers, at most one an offset, each below 0x400
 * @table_len: number of entries in @table
 */
void stm32mp1_regs_class_init(ObjectClass *klass,
                              const RegisterAccessInfo *table,
                              unsigned table_len);

/**
 * stm32mp1_regs_reset_all: give every register its reset value
 * @s: the block
 */
void stm32mp1_regs_reset_all(STM32MP1RegsState *s);

/**
 * STM32MP1_REGS_OF: the block that a RegisterAccessInfo hook is called for
 * @reg: the RegisterInfo the hook got
 */
#define STM32MP1_REGS_OF(reg) STM32MP1_REGS((reg)->opaque)

/* Entry for a register that always reads the same */
#define STM32MP1_REGS_RO(_name, _addr, _value) \
    { .name = (_name), .addr = (_addr), .reset = (_value), .ro = 0xffffffff }

#endif
