/*
 * STM32MP1 voltage reference buffer (VREFBUF)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 */
#ifndef HW_MISC_STM32MP1_VREFBUF_H
#define HW_MISC_STM32MP1_VREFBUF_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_VREFBUF "stm32mp1-vrefbuf"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1VrefbufState, STM32MP1_VREFBUF)

struct STM32MP1VrefbufState {
    RegisterBlockState parent_obj;
};

#endif
