/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Marks a place in a probe for those who count instructions, and says when it
 * was: "mark NUMBER NANOSECONDS", since Linux has booted.
 */
#include "common.h"

#include <ampstand/mark.h>
#include <inttypes.h>
#include <stdio.h>

#define MARKS 1000

int main(int argc, char **argv)
{
    long number;

    if (argc != 2) {
        fail(EXIT_USAGE, "usage: probe-mark NUMBER");
    }
    number = parse_number(argv[1], 'n', MARK_PROBE, MARK_PROBE + MARKS);
    mark((uint32_t)number);
    printf("mark %ld %" PRIu64 "\n", number, now_ns());
    return EXIT_OK;
}
