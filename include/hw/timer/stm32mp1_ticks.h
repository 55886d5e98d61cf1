/*
 * STM32MP1 timers and watchdogs: a count of clock cycles
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Counters whose value is computed when somebody looks need to know how many
 * cycles of their input clock have gone by. This is that number: it follows
 * changes of the clock's frequency, stands still while it is stopped, and is
 * exact (no rounding error adds up) as long as the frequency stays.
 *
 * The owner calls stm32mp1_ticks_fold() before its clock changes
 * (ClockPreUpdate) and arms its timers again afterwards (ClockUpdate).
 */

#ifndef HW_TIMER_STM32MP1_TICKS_H
#define HW_TIMER_STM32MP1_TICKS_H

#include "hw/clock.h"
#include "qemu/timer.h"

typedef struct STM32MP1Ticks {
    int64_t since_ns;   /* virtual time at which the count was `base` */
    uint64_t base;
    bool running;
} STM32MP1Ticks;

/**
 * stm32mp1_ticks_now: cycles of @clk counted up to now
 */
static inline uint64_t stm32mp1_ticks_now(const STM32MP1Ticks *t,
                                          const Clock *clk)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (!t->running) {
        return t->base;
    }
    return t->base + clock_ns_to_ticks(clk, now - t->since_ns);
}

/**
 * stm32mp1_ticks_fold: let the count go on from its present value
 *
 * Call with the clock still at its old frequency.
 */
static inline void stm32mp1_ticks_fold(STM32MP1Ticks *t, const Clock *clk)
{
    t->base = stm32mp1_ticks_now(t, clk);
    t->since_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/**
 * stm32mp1_ticks_run: start or stop counting
 *
 * Returns true if that was a change.
 */
static inline bool stm32mp1_ticks_run(STM32MP1Ticks *t, const Clock *clk,
                                      bool running)
{
    if (t->running == running) {
        return false;
    }
    stm32mp1_ticks_fold(t, clk);
    t->running = running;
    return true;
}

/**
 * stm32mp1_ticks_restart: stop, and count from 0 when started again
 */
static inline void stm32mp1_ticks_restart(STM32MP1Ticks *t)
{
    *t = (STM32MP1Ticks) { 0 };
}

/**
 * stm32mp1_ticks_arm: let @timer fire as soon as the count reaches @target
 *
 * When it fires, stm32mp1_ticks_now() is @target or more. The timer is
 * stopped if the count does not move.
 */
static inline void stm32mp1_ticks_arm(const STM32MP1Ticks *t,
                                      const Clock *clk, QEMUTimer *timer,
                                      uint64_t target)
{
    uint64_t ns;

    if (!t->running || !clock_is_enabled(clk)) {
        timer_del(timer);
        return;
    }
    /* Both conversions round down: one nanosecond later is late enough. */
    ns = target > t->base ? clock_ticks_to_ns(clk, target - t->base) + 1 : 0;
    if (ns > INT64_MAX - t->since_ns) {
        timer_del(timer);
        return;
    }
    timer_mod(timer, t->since_ns + ns);
}

#endif
