/*
 * ZynqMP: control registers of the real-time processing unit (RPU)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + named GPIO outputs "ncpuhalt", "vinithi", two each, and "slsplit",
 *    "tcm-comb": the levels of the bits of these names
 */
#ifndef HW_MISC_ZYNQMP_RPU_CTRL_H
#define HW_MISC_ZYNQMP_RPU_CTRL_H

#include "hw/misc/register_block.h"

#define TYPE_ZYNQMP_RPU_CTRL "zynqmp-rpu-ctrl"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPRpuCtrlState, ZYNQMP_RPU_CTRL)

#define ZYNQMP_NUM_RPU 2

struct ZynqMPRpuCtrlState {
    RegisterBlockState parent_obj;

    qemu_irq ncpuhalt[ZYNQMP_NUM_RPU];
    qemu_irq vinithi[ZYNQMP_NUM_RPU];
    qemu_irq slsplit;
    qemu_irq tcm_comb;
};

#endif
