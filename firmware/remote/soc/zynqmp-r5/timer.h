/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef ZYNQMP_R5_TIMER_H
#define ZYNQMP_R5_TIMER_H

#include <stdint.h>

/* Sleep, with interrupts masked, until there is one or so many ticks of
 * soc_tick() have gone by. Returns how many have, at most one less than that:
 * the last one is told by os_tick_handler(). */
uint32_t soc_tick_sleep(uint32_t ticks);

#endif
