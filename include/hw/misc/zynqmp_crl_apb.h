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

#define TYPE_ZYNQMP_CRL_APB "zynqmp-crl-apb"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPCrlApbState, ZYNQMP_CRL_APB)

struct ZynqMPCrlApbState {
    RegisterBlockState parent_obj;

    qemu_irq rpu_reset[2];
};

#endif
