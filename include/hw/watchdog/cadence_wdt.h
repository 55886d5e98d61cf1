/*
 * Cadence system watchdog timer, as the Zynq SoCs have it (SWDT)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Xilinx UG1085, chapter "System watchdog timers", and UG1087, module SWDT.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: a pulse, as long as IRQLN says, from when the counter reaches
 *    zero and IRQEN is set
 *  + named GPIO output "reset": a pulse when it does and RSTEN is set. What
 *    that resets is the SoC's matter; the watchdog stands still from then on.
 *  + uint32 property "clock-frequency": of what it counts, in Hz (required)
 */

#ifndef HW_WATCHDOG_CADENCE_WDT_H
#define HW_WATCHDOG_CADENCE_WDT_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_CADENCE_WDT "cadence-wdt"
OBJECT_DECLARE_SIMPLE_TYPE(CadenceWdtState, CADENCE_WDT)

struct CadenceWdtState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    qemu_irq reset_out;
    /* Armed while the counter runs, which nobody can read */
    QEMUTimer *timer;
    /* Armed while the interrupt is high */
    QEMUTimer *irq_timer;
    uint32_t clock_frequency;

    uint32_t mode;
    uint32_t control;
    uint32_t status;
};

#endif
