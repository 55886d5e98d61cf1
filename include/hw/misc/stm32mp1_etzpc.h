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
 *  + named GPIO outputs "tzma": how much of the ROM (0) and of SYSRAM (1) is
 *    secure, in units of 4 KiB
 *  + Property "sysram-open": SYSRAM is for all after reset, as U-Boot's SPL
 *    leaves it, and not secure, as it is by itself
 */
#ifndef HW_MISC_STM32MP1_ETZPC_H
#define HW_MISC_STM32MP1_ETZPC_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_ETZPC "stm32mp1-etzpc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1EtzpcState, STM32MP1_ETZPC)

#define STM32MP1_ETZPC_IDS 96
#define STM32MP1_ETZPC_TZMAS 2

struct STM32MP1EtzpcState {
    RegisterBlockState parent_obj;

    bool sysram_open;
    qemu_irq decprot[STM32MP1_ETZPC_IDS];
    qemu_irq tzma[STM32MP1_ETZPC_TZMAS];
};

#endif
