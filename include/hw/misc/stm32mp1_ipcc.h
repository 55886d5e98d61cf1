/*
 * STM32MP1 IPCC (inter-processor communication controller)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Six bidirectional doorbell channels between two processors, as described in
 * the IPCC chapter of the STM32MP157 reference manual (RM0436).
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers of both processors
 *  + sysbus IRQ 0: RX occupied, processor 1
 *  + sysbus IRQ 1: TX free, processor 1
 *  + sysbus IRQ 2: RX occupied, processor 2
 *  + sysbus IRQ 3: TX free, processor 2
 *  + properties "unanswered-1" and "unanswered-2": the longest time, in ns of
 *    virtual time, that the RX interrupt of processor 1 or 2 has stood without
 *    the processor clearing a channel; set it to 0 to begin anew. A processor
 *    that takes the interrupt by its edge can lose it, and this tells of it
 *    when neither side does. Not a part of the guest's state: not migrated.
 */

#ifndef HW_MISC_STM32MP1_IPCC_H
#define HW_MISC_STM32MP1_IPCC_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_IPCC "stm32mp1-ipcc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1IpccState, STM32MP1_IPCC)

#define STM32MP1_IPCC_NUM_PROCS 2
#define STM32MP1_IPCC_NUM_CHANNELS 6

struct STM32MP1IpccState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq rx_irq[STM32MP1_IPCC_NUM_PROCS];
    qemu_irq tx_irq[STM32MP1_IPCC_NUM_PROCS];

    uint32_t cr[STM32MP1_IPCC_NUM_PROCS];
    uint32_t mr[STM32MP1_IPCC_NUM_PROCS];
    /* sr[p]: channels marked occupied by processor p (CpTOCqSR) */
    uint32_t sr[STM32MP1_IPCC_NUM_PROCS];

    /* Since when processor p's RX interrupt waits for it; NOT_WAITING */
    int64_t rx_since[STM32MP1_IPCC_NUM_PROCS];
    /* The longest such time that is over */
    int64_t rx_longest[STM32MP1_IPCC_NUM_PROCS];
};

#endif
