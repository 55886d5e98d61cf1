/*
 * STM32MP1 tamper detection and backup registers (TAMP)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: tamper interrupt (never raised: no tamper inputs)
 *
 * A boot loader that starts the coprocessor leaves the device address of its
 * resource table in BKP17R and its state (0 off .. 5 crashed) in BKP18R; a
 * machine reset clears both.
 */
#ifndef HW_MISC_STM32MP1_TAMP_H
#define HW_MISC_STM32MP1_TAMP_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_TAMP "stm32mp1-tamp"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1TampState, STM32MP1_TAMP)

struct STM32MP1TampState {
    RegisterBlockState parent_obj;

    qemu_irq irq;
};

#endif
