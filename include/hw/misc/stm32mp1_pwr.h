/*
 * STM32MP1 power control (PWR)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + named GPIO input "mcu-deepsleep": level of MCUCR.DEEPSLEEP
 *  + named GPIO input "system-stop": level, both processors are in CStop; that
 *    sets STOPF in MPUCR and MCUCR
 */
#ifndef HW_MISC_STM32MP1_PWR_H
#define HW_MISC_STM32MP1_PWR_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_PWR "stm32mp1-pwr"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1PwrState, STM32MP1_PWR)

struct STM32MP1PwrState {
    RegisterBlockState parent_obj;
};

#endif
