/*
 * STM32MP1 boot and security controller, OTP fuses (BSEC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 */
#ifndef HW_MISC_STM32MP1_BSEC_H
#define HW_MISC_STM32MP1_BSEC_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_BSEC "stm32mp1-bsec"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1BsecState, STM32MP1_BSEC)

struct STM32MP1BsecState {
    RegisterBlockState parent_obj;
};

#endif
