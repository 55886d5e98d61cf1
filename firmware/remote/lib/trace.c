/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "trace.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "port.h"

#define LINE_SIZE 128U
#define KEEP (AMP_TRACE_SIZE / 2U)

char trace_buffer[AMP_TRACE_SIZE];

struct line {
    char text[LINE_SIZE];
    uint32_t len;
};

void trace_puts(const char *text)
{
    static uint32_t end;
    uint32_t len = (uint32_t)strnlen(text, AMP_TRACE_SIZE - KEEP - 1U);
    uint32_t key = amp_lock();

    if (len > (AMP_TRACE_SIZE - 1U - end)) {
        uint32_t from = end - KEEP;
        uint32_t kept = KEEP;

        /* Begin with a whole line, if there is one. */
        while ((from < end) && (trace_buffer[from] != '\n')) {
            from++;
        }
        if (from < end) {
            kept = end - from - 1U;
        }
        (void)memmove(trace_buffer, &trace_buffer[end - kept], kept);
        /* A reader must not run on into what was there before. */
        (void)memset(&trace_buffer[kept], 0, AMP_TRACE_SIZE - kept);
        end = kept;
    }
    (void)memcpy(&trace_buffer[end], text, len);
    end += len;
    amp_unlock(key);
}

static void put(struct line *line, char c)
{
    if (line->len < (LINE_SIZE - 1U)) {
        line->text[line->len] = c;
        line->len++;
    }
}

static void put_number(struct line *line, uint32_t value, uint32_t base)
{
    char digit[10];
    uint32_t n = 0U;
    uint32_t rest = value;

    do {
        digit[n] = "0123456789abcdef"[rest % base];
        n++;
        rest /= base;
    } while (rest != 0U);
    while (n > 0U) {
        n--;
        put(line, digit[n]);
    }
}

void trace_printf(const char *format, ...)
{
    struct line line = {.len = 0U};
    const char *f = format;
    const char *s;
    int d;
    va_list ap;

    va_start(ap, format);
    while (*f != '\0') {
        if (*f != '%') {
            put(&line, *f);
        } else {
            f++;
            switch (*f) {
            case 's':
                for (s = va_arg(ap, const char *); *s != '\0'; s++) {
                    put(&line, *s);
                }
                break;
            case 'd':
                d = va_arg(ap, int);
                if (d < 0) {
                    put(&line, '-');
                }
                put_number(&line, (d < 0) ? (0U - (uint32_t)d) : (uint32_t)d,
                           10U);
                break;
            case 'u':
                put_number(&line, va_arg(ap, unsigned int), 10U);
                break;
            case 'x':
                put_number(&line, va_arg(ap, unsigned int), 16U);
                break;
            case 'c':
                put(&line, (char)va_arg(ap, int));
                break;
            default:
                put(&line, '%');
                break;
            }
            if (*f == '\0') {
                break;
            }
        }
        f++;
    }
    va_end(ap);
    line.text[line.len] = '\0';
    trace_puts(line.text);
    amp_console(line.text);
}
