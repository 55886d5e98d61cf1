/*
 * STM32MP1 system timer generator (STGEN), its control registers
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers of the control (STGENC)
 *  + property "frequency": of the clock that is counted, in Hz
 *  + property "cold": reset does not leave it counting: somebody is to start it
 */
#ifndef HW_MISC_STM32MP1_STGEN_H
#define HW_MISC_STM32MP1_STGEN_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_STGEN "stm32mp1-stgen"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1StgenState, STM32MP1_STGEN)

struct STM32MP1StgenState {
    RegisterBlockState parent_obj;

    uint32_t frequency; /* property "frequency" */
    bool cold;          /* property "cold" */
    uint64_t count;     /* when it was started or stopped */
    int64_t started_ns; /* when that was, of QEMU_CLOCK_VIRTUAL */
};

#endif
