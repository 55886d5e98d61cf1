/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Marks a place in a probe for those who count instructions, sleeps, and marks
 * it once more: what was ends at the first mark, and what comes begins at the
 * second, at a whole multiple of 100 ms. Says when each was since Linux has
 * booted: "mark NUMBER NANOSECONDS NANOSECONDS".
 */
#include "common.h"

#include <ampstand/mark.h>
#include <inttypes.h>
#include <stdio.h>

#define MARKS 1000
#define PERIOD_US 100000U

int main(int argc, char **argv)
{
    long number;
    uint64_t ended;

    if (argc != 2) {
        fail(EXIT_USAGE, "usage: probe-mark NUMBER");
    }
    number = parse_number(argv[1], 'n', MARK_PROBE, MARK_PROBE + MARKS);
    mark((uint32_t)number);
    ended = now_ns();
    wait_for_multiple(PERIOD_US);
    mark((uint32_t)number);
    printf("mark %ld %" PRIu64 " %" PRIu64 "\n", number, ended, now_ns());
    return EXIT_OK;
}
