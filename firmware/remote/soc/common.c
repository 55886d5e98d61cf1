/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "soc/common.h"

#include <string.h>

#include "lib/trace.h"
#include "port.h"
#include "regs.h"
#include "soc/soc.h"

extern uint32_t ld_data_load[], ld_data_start[], ld_data_end[];
extern uint32_t ld_bss_start[], ld_bss_end[];
extern struct crash_record ld_crash_record;

struct console console;

void startup_memory(void)
{
    (void)memcpy(ld_data_start, ld_data_load,
                 (size_t)((uintptr_t)ld_data_end - (uintptr_t)ld_data_start));
    (void)memset(ld_bss_start, 0,
                 (size_t)((uintptr_t)ld_bss_end - (uintptr_t)ld_bss_start));
}

void amp_console(const char *text)
{
    uint32_t key = amp_lock();

    for (const char *c = text; *c != '\0'; c++) {
        if ((console.in - console.out) < CONSOLE_SIZE) {
            console.text[console.in % CONSOLE_SIZE] = *c;
            console.in++;
        }
    }
    soc_console_wake();
    amp_unlock(key);
}

void soc_console_flush(void)
{
    /* 1024 characters take 90 ms; this is more, even at one access a turn. */
    uint32_t patience = 4000000U;
    uint32_t key = amp_lock();

    while ((!console_is_empty() || !soc_console_sent()) && (patience > 0U)) {
        soc_console_send();
        patience--;
    }
    amp_unlock(key);
}

static void report(const struct crash_record *rec, const char *when)
{
    if (rec->kind == CRASH_RECORD_ASSERT) {
        trace_printf("%s: assertion failed at %s:%u\n", when, rec->file,
                     (unsigned)rec->line);
    } else {
        trace_printf("%s: exception %u at pc 0x%x lr 0x%x " CRASH_FAULT "\n",
                     when, (unsigned)rec->kind, (unsigned)rec->pc,
                     (unsigned)rec->lr, (unsigned)rec->cfsr,
                     (unsigned)rec->hfsr, (unsigned)rec->bfar);
    }
}

struct crash_record *crash_begin(uint32_t kind)
{
    struct crash_record *rec = &ld_crash_record;

    (void)amp_lock();
    (void)memset(rec, 0, sizeof(*rec));
    rec->kind = kind;
    return rec;
}

void crash_end(struct crash_record *rec)
{
    rec->magic = CRASH_RECORD_MAGIC;
    report(rec, "crash");
    soc_console_flush();
    soc_halt();
}

void soc_assert_failed(const char *file, uint32_t line)
{
    struct crash_record *rec = crash_begin(CRASH_RECORD_ASSERT);

    rec->pc = (uint32_t)(uintptr_t)__builtin_return_address(0);
    rec->line = line;
    (void)memcpy(rec->file, file, strnlen(file, sizeof(rec->file) - 1U));
    crash_end(rec);
}

void crash_report_last(void)
{
    struct crash_record *rec = &ld_crash_record;

    if (rec->magic == CRASH_RECORD_MAGIC) {
        rec->file[sizeof(rec->file) - 1U] = '\0';
        report(rec, "last crash");
        rec->magic = 0U;
    }
}
