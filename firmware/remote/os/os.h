/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_OS_H
#define AMP_OS_H

#include <stdint.h>

/* The thin interface that os/bare and os/freertos both offer. */

/* Events that the SoC reports. */
#define EVENT_VRING 1U    /* the host kicked a queue */
#define EVENT_SHUTDOWN 2U /* the host will reset us; to be acknowledged */
#define EVENT_DETACH 4U   /* the host lets go of us; to be acknowledged */
#define EVENT_TICK 8U     /* the time of os_tick() has gone by */

/* Run entry() in the one application thread. Does not return. */
void os_start(void (*entry)(void)) __attribute__((noreturn));

/* Report events to the application thread. Any thread or interrupt. */
void os_notify(uint32_t events);

/* Sleep until there are events; take them all. Application thread only. */
uint32_t os_wait(void);

/* From now on report EVENT_TICK, too, at least when nothing else has happened
 * for so many milliseconds (at most 50). Application thread, once. */
void os_tick(uint32_t ms);

/* The interrupt of soc_tick(); only the SoC's vectors call it. */
void os_tick_handler(void);

/* How often so many milliseconds have gone by. Application thread. */
uint32_t os_ticks(void);

#endif
