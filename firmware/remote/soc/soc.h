/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_SOC_H
#define AMP_SOC_H

#include <stdint.h>

/* What each SoC offers to os/ and apps/. */

/* Clocks, console, mailbox. Interrupts stay masked: os_start() unmasks them. */
void soc_init(void);

/* Acknowledge EVENT_SHUTDOWN or EVENT_DETACH to the host. */
void soc_ack(uint32_t event);

/* Sleep with interrupts off until somebody resets the core. */
void soc_halt(void) __attribute__((noreturn));

/* Trace the crash record of the previous life, if there is one, and erase it.
 */
void soc_report_crash(void);

/* Wait (bounded) until the console has sent what it was given. */
void soc_console_flush(void);

/* Interrupt every so many milliseconds (at most 50), with os_tick_handler(). */
void soc_tick(uint32_t ms);

/* Start the watchdog with its longest period; only a reset stops it. */
void soc_watchdog_start(void);

/* The crash commands of the application of that name. */
void soc_fault(void);
void soc_lockup(void);
void soc_hang(void) __attribute__((noreturn));

/* Reset this core alone, by request to the hardware: whether it starts again,
 * or is held, the SoC decides. */
void soc_reset(void) __attribute__((noreturn));

/* Begin again at the reset handler, from thread mode. What the hardware would
 * reset, this resets: interrupts and stack pointer. */
void soc_restart(void) __attribute__((noreturn));

/* Leave a crash record saying where, trace it, and halt. Any context. */
void soc_assert_failed(const char *file, uint32_t line)
    __attribute__((noreturn));

#define AMP_ASSERT(x)                                                          \
    do {                                                                       \
        if (!(x)) {                                                            \
            soc_assert_failed(__FILE_NAME__, __LINE__);                        \
        }                                                                      \
    } while (0)

#endif
