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
#include "hw/registerfields.h"

#define TYPE_ZYNQMP_RPU_CTRL "zynqmp-rpu-ctrl"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPRpuCtrlState, ZYNQMP_RPU_CTRL)

#define ZYNQMP_NUM_RPU 2

/* Where the SoC has the registers */
#define ZYNQMP_RPU_CTRL_ADDR 0xff9a0000

REG32(RPU_GLBL_CNTL, 0x000)
    FIELD(RPU_GLBL_CNTL, SLSPLIT, 3, 1)
    FIELD(RPU_GLBL_CNTL, SLCLAMP, 4, 1)
    FIELD(RPU_GLBL_CNTL, TCM_COMB, 6, 1)
    FIELD(RPU_GLBL_CNTL, SLRESETN, 9, 1)
REG32(RPU_0_CFG, 0x100)
    FIELD(RPU_0_CFG, NCPUHALT, 0, 1)
    FIELD(RPU_0_CFG, VINITHI, 2, 1)
    FIELD(RPU_0_CFG, CFGNMFI, 3, 1)

/* From a register of core 0 to the same one of core 1 */
#define ZYNQMP_RPU_STRIDE 0x100
#define A_RPU_CFG(n) (A_RPU_0_CFG + (n) * ZYNQMP_RPU_STRIDE)

struct ZynqMPRpuCtrlState {
    RegisterBlockState parent_obj;

    qemu_irq ncpuhalt[ZYNQMP_NUM_RPU];
    qemu_irq vinithi[ZYNQMP_NUM_RPU];
    qemu_irq slsplit;
    qemu_irq tcm_comb;
};

#endif
