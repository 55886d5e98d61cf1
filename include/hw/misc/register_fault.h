/*
 * A register that does not get what is written to it
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests of drivers, those of mailboxes above all. It lies over one 32-bit
 * register of a device and passes each access on, unless a fault is armed and
 * the write has one of the bits that are meant. It is for a register in which a
 * 1 does something and a 0 nothing: what a fault leaves of such a write is
 * passed on if it is not 0. A kick that gets lost is a fault of the register
 * that sends it; one that comes twice, of the register that acknowledges it.
 *
 * + Property "memory": the region of the device's registers (link, required)
 * + Property "offset": of the register in it
 * + Property "x-fault-mask": the bits of it that are meant (default: all)
 * + Property "x-fault-drop": in so many of the next writes such bits get lost
 * + Property "x-fault-delay": in so many such bits come late, all of them
 *   "x-fault-delay-us" (microseconds of virtual time, default 1000) after the
 *   last of these writes
 * + Properties "x-fault-drop-count" and "x-fault-delay-count" (read only): how
 *   often each happened
 *
 * All of them outlive a reset; bits that are still to come do not.
 */

#ifndef HW_MISC_REGISTER_FAULT_H
#define HW_MISC_REGISTER_FAULT_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_REGISTER_FAULT "register-fault"
OBJECT_DECLARE_SIMPLE_TYPE(RegisterFaultState, REGISTER_FAULT)

/* Something that is to happen so many times, and has happened so often. */
typedef struct RegisterFaultTimes {
    uint32_t left;
    uint32_t count;
} RegisterFaultTimes;

struct RegisterFaultState {
    SysBusDevice parent_obj;

    MemoryRegion *memory;
    MemoryRegion overlay;
    uint32_t offset;

    uint32_t mask;
    RegisterFaultTimes drop;
    RegisterFaultTimes delay;
    uint32_t delay_us;
    uint32_t late;       /* bits that are still to come */
    QEMUTimer *timer;
};

#endif
