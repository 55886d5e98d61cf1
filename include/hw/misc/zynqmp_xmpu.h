/*
 * ZynqMP: memory protection unit (UG1087, XMPU_DDR, XMPU_OCM, XMPU_FPD)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface, beside that of zynqmp_protection.h:
 *  + Property "align-1mb": regions are of 1 MiB, not of 4 KiB
 */
#ifndef HW_MISC_ZYNQMP_XMPU_H
#define HW_MISC_ZYNQMP_XMPU_H

#include "hw/misc/zynqmp_protection.h"

#define TYPE_ZYNQMP_XMPU "zynqmp-xmpu"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPXmpuState, ZYNQMP_XMPU)

#define ZYNQMP_XMPU_REGIONS 16

struct ZynqMPXmpuState {
    ZynqMPProtection parent_obj;

    bool align_1mb;
};

#endif
