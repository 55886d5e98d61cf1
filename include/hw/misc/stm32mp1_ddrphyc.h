/*
 * STM32MP1 physical interface of the DDR memory (DDRPHYC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 */
#ifndef HW_MISC_STM32MP1_DDRPHYC_H
#define HW_MISC_STM32MP1_DDRPHYC_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_DDRPHYC "stm32mp1-ddrphyc"

#endif
