/*
 * ZynqMP SoC as an AMP system: QEMU's own, with what that lacks
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Around QEMU's xlnx-zynqmp, which is used as it is: the RPU and what controls
 * it, interrupts between processors with their messages, the watchdogs, the
 * firmware of the power management unit, and the registers that TF-A and Linux
 * look at. The APU starts in EL3.
 *
 * + Property "ddr-ram": the DDR (link, required)
 */

#ifndef HW_ARM_ZYNQMP_AMP_SOC_H
#define HW_ARM_ZYNQMP_AMP_SOC_H

#include "hw/arm/xlnx-zynqmp.h"
#include "hw/arm/zynqmp_rpu.h"
#include "hw/misc/ram_fault.h"
#include "hw/misc/register_fault.h"
#include "hw/misc/zynqmp_crl_apb.h"
#include "hw/misc/zynqmp_pmufw.h"
#include "hw/misc/zynqmp_rpu_ctrl.h"
#include "hw/misc/zynqmp_xmpu.h"
#include "hw/misc/zynqmp_xppu.h"
#include "hw/or-irq.h"
#include "hw/sysbus.h"
#include "hw/watchdog/cadence_wdt.h"
#include "qom/object.h"

#define TYPE_ZYNQMP_AMP_SOC "zynqmp-amp-soc"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPAmpSocState, ZYNQMP_AMP_SOC)

#define ZYNQMP_AMP_SOC_NUM_IPI 6
#define ZYNQMP_AMP_SOC_NUM_IPI_FAULTS 4
#define ZYNQMP_AMP_SOC_NUM_WDT ZYNQMP_PMUFW_NUM_WDT
#define ZYNQMP_AMP_SOC_NUM_XMPU 8

struct ZynqMPAmpSocState {
    SysBusDevice parent_obj;

    XlnxZynqMPState zynqmp;
    ZynqMPRpuState rpu;
    ZynqMPRpuCtrlState rpu_ctrl;
    ZynqMPCrlApbState crl_apb;
    ZynqMPPmufwState pmufw;
    /* Interrupts between processors, but for that of the APU */
    XlnxZynqMPIPI ipi[ZYNQMP_AMP_SOC_NUM_IPI];
    CadenceWdtState wdt[ZYNQMP_AMP_SOC_NUM_WDT];
    ZynqMPXmpuState xmpu[ZYNQMP_AMP_SOC_NUM_XMPU];
    ZynqMPXppuState xppu;
    /* of the protection units of each domain */
    OrIRQState protection_irq[2];
    /* Faults on demand: of the DDR, and of kicks between APU and RPU 0 */
    RamFaultState ddr_fault;
    RegisterFaultState ipi_fault[ZYNQMP_AMP_SOC_NUM_IPI_FAULTS];

    MemoryRegion *ddr;
    MemoryRegion message_ram;
    MemoryRegion csu;
    MemoryRegion iou_scntrs;
    MemoryRegion pmu_global;
};

#endif
