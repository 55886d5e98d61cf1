/*
 * ZynqMP: peripheral protection unit of the low-power domain (UG1087, XPPU)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface, beside that of zynqmp_protection.h:
 *  + sysbus MMIO region 1: the permissions of the apertures, at 0x1000
 */
#ifndef HW_MISC_ZYNQMP_XPPU_H
#define HW_MISC_ZYNQMP_XPPU_H

#include "hw/misc/zynqmp_protection.h"

#define TYPE_ZYNQMP_XPPU "zynqmp-xppu"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPXppuState, ZYNQMP_XPPU)

#define ZYNQMP_XPPU_APERTURES 401
#define ZYNQMP_XPPU_APERTURES_OFFSET 0x1000

struct ZynqMPXppuState {
    ZynqMPProtection parent_obj;

    MemoryRegion apertures;
    uint32_t aperperm[ZYNQMP_XPPU_APERTURES];
};

#endif
