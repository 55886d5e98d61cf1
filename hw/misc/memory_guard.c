/*
 * What memory needs that is not for everybody
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "hw/core/cpu.h"
#include "hw/misc/memory_guard.h"
#include "hw/qemu_compat.h"

typedef struct MemoryGuardChange {
    void (*change)(void *opaque);
    void *opaque;
} MemoryGuardChange;

static void memory_guard_work(CPUState *cs, run_on_cpu_data data)
{
    g_autofree MemoryGuardChange *work = data.host_ptr;

    BQL_LOCK_GUARD();
    work->change(work->opaque);
}

void memory_guard_change_map(void (*change)(void *opaque), void *opaque)
{
    MemoryGuardChange *work;

    if (!current_cpu) {
        change(opaque);
        return;
    }
    work = g_new(MemoryGuardChange, 1);
    work->change = change;
    work->opaque = opaque;
    async_safe_run_on_cpu(current_cpu, memory_guard_work,
                          RUN_ON_CPU_HOST_PTR(work));
}

MemTxResult memory_guard_read(AddressSpace *as, hwaddr addr, uint64_t *data,
                              unsigned size, MemTxAttrs attrs)
{
    uint8_t bytes[8] = { 0 };
    MemTxResult result = address_space_read(as, addr, attrs, bytes, size);

    *data = ldn_le_p(bytes, size);
    return result;
}

MemTxResult memory_guard_write(AddressSpace *as, hwaddr addr, uint64_t data,
                               unsigned size, MemTxAttrs attrs)
{
    uint8_t bytes[8];

    stn_le_p(bytes, size, data);
    return address_space_write(as, addr, attrs, bytes, size);
}
