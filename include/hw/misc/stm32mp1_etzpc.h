/*
 * STM32MP1 extended TrustZone protection controller (ETZPC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + named GPIO outputs "decprot": the field of each peripheral, by its number,
 *    as a level of 0 to 3
 */
#ifndef HW_MISC_STM32MP1_ETZPC_H
#define HW_MISC_STM32MP1_ETZPC_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_ETZPC "stm32mp1-etzpc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1EtzpcState, STM32MP1_ETZPC)

#define STM32MP1_ETZPC_IDS 96

struct STM32MP1EtzpcState {
    RegisterBlockState parent_obj;

    qemu_irq decprot[STM32MP1_ETZPC_IDS];
};

#endif
