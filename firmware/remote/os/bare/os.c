/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "os/os.h"
#include "port.h"
#include "soc/soc.h"

static volatile uint32_t pending;
static volatile uint32_t ticks;

void os_start(void (*entry)(void))
{
    amp_unlock(0U);
    entry();
    for (;;) {
    }
}

void os_notify(uint32_t events)
{
    uint32_t key = amp_lock();

    pending |= events;
    amp_unlock(key);
}

void os_tick_handler(void)
{
    ticks++;
    os_notify(EVENT_TICK);
}

void os_tick(uint32_t ms) { soc_tick(ms); }

uint32_t os_ticks(void) { return ticks; }

uint32_t os_wait(void)
{
    uint32_t key = amp_lock();
    uint32_t events;

    while (pending == 0U) {
        key = amp_sleep(key);
    }
    events = pending;
    pending = 0U;
    amp_unlock(key);
    return events;
}
