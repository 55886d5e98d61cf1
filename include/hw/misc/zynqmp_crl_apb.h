/*
 * ZynqMP: clocks and resets of the low-power domain (CRL_APB)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + named GPIO outputs "rpu-reset", two: whether a core of the RPU is in reset
 *  + named GPIO input "reset-reason": the level is the flag of RESET_REASON that
 *    the reset of the system to come will leave. It is to be set after the reset
 *    was asked for: QEMU's options may have a watchdog do something else. A
 *    reset of which nobody has said why is that of the pin PS_SRST_B
 */
#ifndef HW_MISC_ZYNQMP_CRL_APB_H
#define HW_MISC_ZYNQMP_CRL_APB_H

#include "hw/misc/register_block.h"
#include "hw/registerfields.h"

#define TYPE_ZYNQMP_CRL_APB "zynqmp-crl-apb"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPCrlApbState, ZYNQMP_CRL_APB)

/* Where the SoC has the registers */
#define ZYNQMP_CRL_APB_ADDR 0xff5e0000

REG32(RESET_CTRL, 0x218)
    FIELD(RESET_CTRL, SOFT_RESET, 4, 1)
/* Why the system was reset: power-on clears the others, software its own */
REG32(RESET_REASON, 0x220)
    FIELD(RESET_REASON, EXTERNAL_POR, 0, 1)
    FIELD(RESET_REASON, INTERNAL_POR, 1, 1)
    FIELD(RESET_REASON, PMU_SYS_RESET, 2, 1)
    FIELD(RESET_REASON, PSONLY_RESET_REQ, 3, 1)
    FIELD(RESET_REASON, SRST, 4, 1)
    FIELD(RESET_REASON, SOFT, 5, 1)
    FIELD(RESET_REASON, DEBUG_SYS, 6, 1)
REG32(RST_LPD_TOP, 0x23c)
    FIELD(RST_LPD_TOP, RPU_R50_RESET, 0, 1)
    FIELD(RST_LPD_TOP, RPU_R51_RESET, 1, 1)
    FIELD(RST_LPD_TOP, RPU_AMBA_RESET, 2, 1)
/* The reset of a core of the RPU */
#define RST_LPD_TOP_RPU(n) (R_RST_LPD_TOP_RPU_R50_RESET_MASK << (n))

struct ZynqMPCrlApbState {
    RegisterBlockState parent_obj;

    qemu_irq rpu_reset[2];
    uint32_t reset_reason; /* flag to show after the reset to come, or 0 */
};

#endif
