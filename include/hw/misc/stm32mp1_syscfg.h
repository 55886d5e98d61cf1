/*
 * STM32MP1 system configuration controller (SYSCFG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 */
#ifndef HW_MISC_STM32MP1_SYSCFG_H
#define HW_MISC_STM32MP1_SYSCFG_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_SYSCFG "stm32mp1-syscfg"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1SyscfgState, STM32MP1_SYSCFG)

struct STM32MP1SyscfgState {
    RegisterBlockState parent_obj;
};

#endif
