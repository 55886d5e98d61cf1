/*
 * ZynqMP: the real-time processing unit, two Cortex-R5F
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The cores, their tightly coupled memories (TCM), their interrupt controller
 * and what each of them sees. Split, they are two processors; in lockstep the
 * second one is held, and the first one has the TCM of both.
 *
 * + Property "memory": what the cores see beyond their own (link, required).
 *   The windows through which others see the TCM are put into it.
 * + Properties "xmpu-ddr", "xmpu-ocm", "xmpu-fpd", "xppu": what looks at their
 *   accesses to it (links, see zynqmp_protection.h); none unless they are set
 * + Named GPIO input "protection": pulsed when one of those has changed
 * + Unnamed GPIO inputs: the 160 shared peripheral interrupts (SPI)
 * + Named GPIO inputs "ncpuhalt", "vinithi", two each, "slsplit", "tcm-comb":
 *   levels of the control register's bits
 * + Named GPIO inputs "reset", two: whether a core is in reset
 * + Children "control[0]" and "control[1]": see remote_core.h
 */

#ifndef HW_ARM_ZYNQMP_RPU_H
#define HW_ARM_ZYNQMP_RPU_H

#include "hw/arm/remote_core.h"
#include "hw/cpu/cluster.h"
#include "hw/intc/arm_gic.h"
#include "hw/misc/zynqmp_protection.h"
#include "hw/misc/zynqmp_rpu_ctrl.h"
#include "hw/sysbus.h"
#include "qom/object.h"
#include "target/arm/cpu.h"

#define TYPE_ZYNQMP_RPU "zynqmp-rpu"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPRpuState, ZYNQMP_RPU)

#define ZYNQMP_NUM_SPI          160
#define ZYNQMP_RPU_NUM_TCM      4
#define ZYNQMP_RPU_NUM_WINDOWS  12
#define ZYNQMP_RPU_NUM_UNITS    4
#define ZYNQMP_RPU_NUM_PATHS    5

/* The way of one core to what a unit protects, on which that looks at it */
typedef struct ZynqMPRpuPath {
    ZynqMPProtection *unit;
    AddressSpace *memory;
    int core;
    hwaddr first;
    MemoryRegion checked;   /* disabled while the core may do everything */
} ZynqMPRpuPath;

struct ZynqMPRpuState {
    SysBusDevice parent_obj;

    MemoryRegion *memory;
    CPUClusterState cluster;
    ARMCPU cpu[ZYNQMP_NUM_RPU];
    ArmRemoteCoreState control[ZYNQMP_NUM_RPU];
    GICState gic;
    MemoryRegion gic_space;
    MemoryRegion gic_alias;
    MemoryRegion tcm[ZYNQMP_RPU_NUM_TCM];
    MemoryRegion window[ZYNQMP_RPU_NUM_WINDOWS];
    MemoryRegion view[ZYNQMP_NUM_RPU];
    MemoryRegion below[ZYNQMP_NUM_RPU];
    ZynqMPRpuPath path[ZYNQMP_NUM_RPU * ZYNQMP_RPU_NUM_PATHS];
    AddressSpace memory_as;
    ZynqMPProtection *unit[ZYNQMP_RPU_NUM_UNITS];
    MemoryRegion gap[ZYNQMP_NUM_RPU];

    bool ncpuhalt[ZYNQMP_NUM_RPU];
    bool reset[ZYNQMP_NUM_RPU];
    bool running[ZYNQMP_NUM_RPU];
    bool slsplit;
    bool tcm_comb;
    uint32_t spi[ZYNQMP_NUM_SPI / 32]; /* bit n % 32 of [n / 32]: its level */
};

#endif
