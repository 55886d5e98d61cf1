/*
 * ZynqMP SoC as an AMP system: QEMU's own, with what that lacks
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Around QEMU's xlnx-zynqmp, which is used as it is: interrupts between
 * processors with their messages, the firmware of the power management unit,
 * and the registers that TF-A and Linux look at. The APU starts in EL3.
 *
 * + Property "ddr-ram": the DDR (link, required)
 */

#ifndef HW_ARM_ZYNQMP_AMP_SOC_H
#define HW_ARM_ZYNQMP_AMP_SOC_H

#include "hw/arm/xlnx-zynqmp.h"
#include "hw/misc/zynqmp_pmufw.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_ZYNQMP_AMP_SOC "zynqmp-amp-soc"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPAmpSocState, ZYNQMP_AMP_SOC)

struct ZynqMPAmpSocState {
    SysBusDevice parent_obj;

    XlnxZynqMPState zynqmp;
    ZynqMPPmufwState pmufw;

    MemoryRegion *ddr;
    MemoryRegion message_ram;
    MemoryRegion csu;
    MemoryRegion iou_scntrs;
    MemoryRegion crl_apb;
    MemoryRegion pmu_global;
};

#endif
