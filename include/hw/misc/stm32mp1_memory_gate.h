/*
 * STM32MP1: what stands between the bus and an internal memory
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * As TYPE_STM32MP1_GATE for a block of registers. A memory has to be as fast as
 * it is without: each kind of master has a view of its own, in which the memory
 * itself is, as long as that master may read and write all of it. Otherwise
 * each access to what is protected is looked at.
 *
 * + sysbus MMIO region n: the memory as STM32MP1MemoryViewer n sees it
 * + Named GPIO input "protection": who may reach what is protected, a level of
 *   STM32MP1Protection. After reset it is that of the property.
 * + Named GPIO input "pages": how much is protected, from the start on, in
 *   units of 4 KiB; all that there is after reset
 * + Property "memory": the memory (link, must be set)
 * + Property "offset", "size": the part of it that this is about, in bytes
 * + Property "base": address of the part on the bus, for the log
 * + Property "name": its name, for the log
 * + Property "protection": STM32MP1Protection after reset
 */

#ifndef HW_MISC_STM32MP1_MEMORY_GATE_H
#define HW_MISC_STM32MP1_MEMORY_GATE_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_MEMORY_GATE "stm32mp1-memory-gate"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1MemoryGateState, STM32MP1_MEMORY_GATE)

/* Who has a view of its own */
typedef enum STM32MP1MemoryViewer {
    STM32MP1_VIEWER_NORMAL,     /* the A7 in the normal world, masters for it */
    STM32MP1_VIEWER_MCU,        /* the M4, and DMA1 and DMA2 */
    STM32MP1_VIEWER_SECURE,     /* the A7 in the secure world */
    STM32MP1_NUM_VIEWERS,
} STM32MP1MemoryViewer;

typedef struct STM32MP1MemoryView {
    MemoryRegion container;
    MemoryRegion open;          /* the memory itself */
    MemoryRegion checked;       /* where each access is looked at */
} STM32MP1MemoryView;

struct STM32MP1MemoryGateState {
    SysBusDevice parent_obj;

    STM32MP1MemoryView view[STM32MP1_NUM_VIEWERS];
    AddressSpace as;            /* of the memory alone */

    MemoryRegion *memory;
    uint64_t offset;
    uint64_t size;
    uint64_t base;
    char *name;
    uint8_t protection_reset;

    uint8_t protection;
    uint32_t pages;
};

#endif
