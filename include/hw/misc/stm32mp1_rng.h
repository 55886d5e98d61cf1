/*
 * STM32MP1 true random number generator (RNG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: data ready or error, level
 */
#ifndef HW_MISC_STM32MP1_RNG_H
#define HW_MISC_STM32MP1_RNG_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_RNG "stm32mp1-rng"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1RngState, STM32MP1_RNG)

struct STM32MP1RngState {
    RegisterBlockState parent_obj;

    qemu_irq irq;
};

#endif
