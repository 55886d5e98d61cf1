/*
 * ZynqMP: clocks and resets of the low-power domain (CRL_APB)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + named GPIO outputs "rpu-reset", two: whether a core of the RPU is in reset
 */
#ifndef HW_MISC_ZYNQMP_CRL_APB_H
#define HW_MISC_ZYNQMP_CRL_APB_H

#include "hw/misc/register_block.h"
#include "hw/registerfields.h"

#define TYPE_ZYNQMP_CRL_APB "zynqmp-crl-apb"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPCrlApbState, ZYNQMP_CRL_APB)

/* Where the SoC has the registers */
#define ZYNQMP_CRL_APB_ADDR 0xff5e0000

REG32(RST_LPD_TOP, 0x23c)
    FIELD(RST_LPD_TOP, RPU_R50_RESET, 0, 1)
    FIELD(RST_LPD_TOP, RPU_R51_RESET, 1, 1)
    FIELD(RST_LPD_TOP, RPU_AMBA_RESET, 2, 1)
/* The reset of a core of the RPU */
#define RST_LPD_TOP_RPU(n) (R_RST_LPD_TOP_RPU_R50_RESET_MASK << (n))

struct ZynqMPCrlApbState {
    RegisterBlockState parent_obj;

    qemu_irq rpu_reset[2];
};

#endif
