/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_TRACE_H
#define AMP_TRACE_H

#include "config.h"

/*
 * Text for people: into the trace buffer that remoteproc shows as trace0, and
 * to the console of the SoC. The buffer is always one NUL-terminated string;
 * when it is full its older half goes, at a line end. Any thread or interrupt.
 */
extern char trace_buffer[AMP_TRACE_SIZE];

/* Append a string to the trace buffer alone. */
void trace_puts(const char *text);

/*
 * Format and append one line, to the buffer and the console. Knows %s %d %u %x
 * %c %% and nothing else; at most 127 characters come out, the rest is cut.
 */
void trace_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
