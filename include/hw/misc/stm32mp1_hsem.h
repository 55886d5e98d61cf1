/*
 * STM32MP1 HSEM (hardware semaphores)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * 32 semaphores shared by two bus masters, as described in the HSEM chapter
 * of the STM32MP157 reference manual (RM0436).
 *
 * Who asks decides the answer, and QEMU does not tag the accesses of a CPU
 * with its master id: so there is one register view a master, to be mapped
 * in that master's address space only.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers as master 1 (Cortex-A7) sees them
 *  + sysbus MMIO region 1: the registers as master 2 (Cortex-M4) sees them
 *  + sysbus IRQ 0: interrupt of master 1
 *  + sysbus IRQ 1: interrupt of master 2
 */

#ifndef HW_MISC_STM32MP1_HSEM_H
#define HW_MISC_STM32MP1_HSEM_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_HSEM "stm32mp1-hsem"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1HsemState, STM32MP1_HSEM)

#define STM32MP1_HSEM_NUM_SEMS 32
#define STM32MP1_HSEM_NUM_MASTERS 2

/* The registers as one bus master sees them. */
typedef struct STM32MP1HsemView {
    STM32MP1HsemState *hsem;
    uint8_t coreid;
    MemoryRegion mmio;
} STM32MP1HsemView;

struct STM32MP1HsemState {
    SysBusDevice parent_obj;

    STM32MP1HsemView view[STM32MP1_HSEM_NUM_MASTERS];
    qemu_irq irq[STM32MP1_HSEM_NUM_MASTERS];

    uint32_t r[STM32MP1_HSEM_NUM_SEMS];
    uint32_t ier[STM32MP1_HSEM_NUM_MASTERS];
    uint32_t isr[STM32MP1_HSEM_NUM_MASTERS];
    uint32_t keyr;
};

#endif
