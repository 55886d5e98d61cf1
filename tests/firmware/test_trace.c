/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "trace.h"

#include <string.h>

#include "check.h"
#include "port.h"

static void formats(void)
{
    port_console[0] = '\0';
    trace_printf("%s|%d|%d|%d|%u|%x|%c|%%|%q\n", "text", 0, -1, -2147483647 - 1,
                 4294967295U, 0xDEADBEEFU, 'c');
    CHECK(strcmp(port_console,
                 "text|0|-1|-2147483648|4294967295|deadbeef|c|%|%\n") == 0);
    CHECK(strcmp(trace_buffer, port_console) == 0);
}

static void long_lines_are_cut(void)
{
    char text[300];

    memset(text, 'x', sizeof(text));
    text[299] = '\0';
    port_console[0] = '\0';
    trace_printf("%s", text);
    CHECK_EQ(strlen(port_console), 127);
    trace_printf("%");
    CHECK_EQ(strlen(port_console), 128);
}

/* Whatever comes in, the buffer is one string that ends with it. */
static void the_newest_text_stays(void)
{
    static char all[400000];
    char line[64];
    size_t end = 0;

    trace_puts("\n");
    for (unsigned i = 0; i < 5000U; i++) {
        size_t len = strnlen(trace_buffer, AMP_TRACE_SIZE);
        int n =
            snprintf(line, sizeof(line), "line %u %.*s\n", i, (int)(i % 40U),
                     "----------------------------------------");

        CHECK(len < AMP_TRACE_SIZE);
        CHECK_EQ(trace_buffer[AMP_TRACE_SIZE - 1U], 0);
        trace_puts(line);
        memcpy(&all[end], line, (size_t)n);
        end += (size_t)n;
        len = strlen(trace_buffer);
        if (i > 200U) {
            CHECK(len >= ((AMP_TRACE_SIZE / 2U) - 64U));
            CHECK_EQ(memcmp(trace_buffer, &all[end - len], len), 0);
            CHECK_EQ(strncmp(trace_buffer, "line ", 5), 0);
        }
        for (size_t k = len; k < AMP_TRACE_SIZE; k++) {
            CHECK_EQ(trace_buffer[k], 0);
        }
    }
}

/* Text that just fits, and text that just does not. */
static void the_buffer_fills_to_the_last_character(void)
{
    const size_t room = AMP_TRACE_SIZE - 1U;

    for (size_t left = 0; left < 4U; left++) {
        for (size_t len = 1; len < 6U; len++) {
            while (strnlen(trace_buffer, AMP_TRACE_SIZE) != (room - left)) {
                trace_puts("\n");
            }
            trace_puts(&"12345"[5U - len]);
            CHECK_EQ(trace_buffer[room], 0);
            CHECK_EQ(strlen(trace_buffer) == (room - left + len), len <= left);
            CHECK_EQ(trace_buffer[strlen(trace_buffer) - 1U], '5');
        }
    }
}

/* Of a text that is too long for what goes, the beginning is kept. */
static void texts_of_any_length(void)
{
    const size_t most = (AMP_TRACE_SIZE / 2U) - 1U;
    static char text[AMP_TRACE_SIZE];
    uint32_t seed = 1U;

    for (unsigned i = 0; i < 5000U; i++) {
        size_t len, put, end;

        seed = (seed * 1664525U) + 1013904223U;
        len = 1U + ((seed >> 16) % (AMP_TRACE_SIZE - 1U));
        put = (len < most) ? len : most;
        memset(text, 'a' + (int)(i % 26U), len);
        text[len] = '\0';
        if (((seed >> 8) % 4U) == 0U) {
            text[put - 1U] = '\n';
        }
        trace_puts(text);
        CHECK_EQ(port_locked, 0);
        CHECK_EQ(trace_buffer[AMP_TRACE_SIZE - 1U], 0);
        end = strlen(trace_buffer);
        CHECK(end >= put);
        CHECK_EQ(memcmp(&trace_buffer[end - put], text, put), 0);
    }
}

static void text_without_line_ends(void)
{
    for (unsigned i = 0; i < 10000U; i++) {
        trace_puts("abc");
    }
    CHECK(strlen(trace_buffer) >= (AMP_TRACE_SIZE / 2U));
    CHECK_EQ(strspn(trace_buffer, "abc"), strlen(trace_buffer));
}

MAIN(TEST(formats), TEST(long_lines_are_cut), TEST(the_newest_text_stays),
     TEST(the_buffer_fills_to_the_last_character), TEST(texts_of_any_length),
     TEST(text_without_line_ends))
