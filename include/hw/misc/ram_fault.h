/*
 * A word of RAM that stores wrongly
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests of software that shares memory. While it is armed, the aligned
 * word around one byte of a RAM region is an I/O region over that RAM: what is
 * written there is stored with one bit flipped, so many times. All that is an
 * alias of the RAM shows it. Unarmed, nothing lies over the RAM.
 *
 * Use it on data: code at that word that was executed before is not noticed to
 * have changed.
 *
 * + Property "memory": the RAM (link, required)
 * + Property "x-fault-address": offset of the byte in the RAM
 * + Property "x-fault-bit": the bit of it, 0 to 7
 * + Property "x-fault-flip": how many of the next writes of this byte are
 *   stored wrongly; setting it arms the fault, 0 ends it
 * + Property "x-fault-flip-count" (read only): how many were
 */

#ifndef HW_MISC_RAM_FAULT_H
#define HW_MISC_RAM_FAULT_H

#include "hw/qdev-core.h"
#include "hw/qemu_compat.h"
#include "qom/object.h"

#define TYPE_RAM_FAULT "ram-fault"
OBJECT_DECLARE_SIMPLE_TYPE(RamFaultState, RAM_FAULT)

struct RamFaultState {
    DeviceState parent_obj;

    MemoryRegion *memory;
    MemoryRegion word;

    uint32_t address;
    uint32_t bit;
    uint32_t flip;       /* writes still to be stored wrongly */
    uint32_t flip_count;
};

#endif
