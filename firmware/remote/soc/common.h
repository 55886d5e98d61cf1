/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_SOC_COMMON_H
#define AMP_SOC_COMMON_H

/* What the code of all SoCs has in common, for that code. Each SoC's regs.h has
 * CRASH_FAULT: how cfsr, hfsr and bfar of the crash record are traced. */

#include <stdbool.h>
#include <stdint.h>

#include "ampstand/crash.h"

/* Bring data to its beginning, and nothing else: the resource table belongs to
 * the host, and the crash record to the next life. No stack must be in .bss. */
void startup_memory(void);

#define CONSOLE_SIZE 1024U /* a power of two */

/* Text on its way to the console, in order. Interrupts are masked. */
struct console {
    char text[CONSOLE_SIZE];
    uint32_t in;
    uint32_t out;
};
extern struct console console;

static inline bool console_is_empty(void) { return console.in == console.out; }

static inline uint8_t console_take(void)
{
    uint32_t at = console.out;

    console.out = at + 1U;
    return (uint8_t)console.text[at % CONSOLE_SIZE];
}

/* Of the SoC: send what fits, be called again when more does, and whether all
 * of it is on the line. Interrupts are masked. */
void soc_console_send(void);
void soc_console_wake(void);
bool soc_console_sent(void);

/* Mask interrupts, and return the record of this life, empty. Any context. */
struct crash_record *crash_begin(uint32_t kind);

/* Keep the record, trace it, and halt. */
void crash_end(struct crash_record *rec) __attribute__((noreturn));

/* Trace the record of the life before, and erase it. */
void crash_report_last(void);

#endif
