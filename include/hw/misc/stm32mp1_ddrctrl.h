/*
 * STM32MP1 controller of the DDR memory (DDRCTRL)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + property "size": size of the memory in bytes. What is a power of two
 *    from 4 MiB to 1 GiB can be told to a guest; of any other size it is told
 *    the largest of these that is not more.
 *  + property "cold": reset does not leave it set up: somebody is to do so
 */
#ifndef HW_MISC_STM32MP1_DDRCTRL_H
#define HW_MISC_STM32MP1_DDRCTRL_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_DDRCTRL "stm32mp1-ddrctrl"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1DdrctrlState, STM32MP1_DDRCTRL)

struct STM32MP1DdrctrlState {
    RegisterBlockState parent_obj;

    uint64_t size; /* property "size" */
    bool cold;     /* property "cold" */
};

#endif
