/*
 * What memory needs that is not for everybody
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where a protection unit lets everything pass, memory is mapped as it is. Over
 * what it looks at lies a region of I/O, whose accesses it checks and passes on.
 */
#ifndef HW_MISC_MEMORY_GUARD_H
#define HW_MISC_MEMORY_GUARD_H

#include "exec/memattrs.h"
#include "exec/hwaddr.h"

/**
 * memory_guard_change_map: change the memory map while no vCPU runs
 * @change: changes it, with the BQL held
 * @opaque: what it gets; it must be there until then
 *
 * While a vCPU runs, its TLB names sections of the memory map by their numbers,
 * which are others after a change. For a vCPU that is in an access it is done
 * when all of them have come out of what they are in, before the next
 * instruction of any. Otherwise (a reset, a state that is loaded) it is done at
 * once. To be called with the BQL held.
 */
void memory_guard_change_map(void (*change)(void *opaque), void *opaque);

/**
 * memory_guard_read: pass on what has been found good, see MemoryRegionOps
 * @as: where to, little-endian
 * @addr: in it
 * @data: what is read; 0 if nothing is there
 * @size: in bytes, 1 to 8
 * @attrs: for it
 */
MemTxResult memory_guard_read(AddressSpace *as, hwaddr addr, uint64_t *data,
                              unsigned size, MemTxAttrs attrs);

/** memory_guard_write: the same for a write of @data */
MemTxResult memory_guard_write(AddressSpace *as, hwaddr addr, uint64_t data,
                               unsigned size, MemTxAttrs attrs);

#endif
