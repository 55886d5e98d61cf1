/*
 * STM32MP1 debug control block (RM0436, chapter DBGMCU)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Identification of the device. The freeze registers are storage: QEMU stops
 * all clocks together when a debugger halts the machine.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_dbgmcu.h"
#include "hw/qemu_compat.h"

#define DEV_ID_STM32MP157 0x500
#define REV_ID_B 0x2000

static const RegisterAccessInfo stm32mp1_dbgmcu_regs[] = {
    { .name = "IDC", .addr = 0x00, .ro = ~0u,
      .reset = REV_ID_B << 16 | DEV_ID_STM32MP157 },
    { .name = "CR", .addr = 0x04 },
    { .name = "APB4FZ1", .addr = 0x2c },
    { .name = "APB4FZ2", .addr = 0x30 },
    { .name = "APB1FZ1", .addr = 0x34 },
    { .name = "APB1FZ2", .addr = 0x38 },
    { .name = "APB2FZ1", .addr = 0x3c },
    { .name = "APB2FZ2", .addr = 0x40 },
    { .name = "APB3FZ1", .addr = 0x44 },
    { .name = "APB3FZ2", .addr = 0x48 },
    { .name = "APB5FZ1", .addr = 0x4c },
    { .name = "APB5FZ2", .addr = 0x50 },
};

static void stm32mp1_dbgmcu_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_dbgmcu_regs,
                              ARRAY_SIZE(stm32mp1_dbgmcu_regs));
}

static const TypeInfo stm32mp1_dbgmcu_types[] = {
    {
        .name = TYPE_STM32MP1_DBGMCU,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1DbgmcuState),
        .class_init = stm32mp1_dbgmcu_class_init,
    },
};

DEFINE_TYPES(stm32mp1_dbgmcu_types)
