/*
 * STM32MP1 debug control block (DBGMCU)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 */
#ifndef HW_MISC_STM32MP1_DBGMCU_H
#define HW_MISC_STM32MP1_DBGMCU_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_DBGMCU "stm32mp1-dbgmcu"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1DbgmcuState, STM32MP1_DBGMCU)

struct STM32MP1DbgmcuState {
    RegisterBlockState parent_obj;
};

#endif
