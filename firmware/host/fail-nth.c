/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes a word to a file (of sysfs, as a rule) while an allocation of the
 * kernel fails for it: the first time the first one, the next time the second,
 * until a write does not get that far. Or it counts them in a write without a
 * failure, and goes from the last one back until a write fails. After each, it
 * runs a shell command that puts things back.
 * Prints one line of JSON: how many writes there were, how many of them failed.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                  \
    "usage: fail-nth [-l] file word command\n"                                 \
    "  -l       from the last allocation back, until a write fails\n"          \
    "  file     what the word is written to\n"                                 \
    "  command  for /bin/sh, after each write; ends the whole if it fails\n"

#define NEVER 1000000u /* more allocations than a write makes */

struct attempts {
    const char *file, *word, *command;
    unsigned writes, failed;
};

/* Writes once. Returns how many allocations were left: 0 if one has failed. */
static unsigned attempt(struct attempts *attempts, unsigned nth)
{
    int file = open(attempts->file, O_WRONLY | O_CLOEXEC);
    ssize_t written;
    unsigned rest;

    if (file < 0) {
        fail(EXIT_DEVICE, "cannot open %s: %s", attempts->file,
             strerror(errno));
    }
    scarce_arm(nth);
    written = write(file, attempts->word, strlen(attempts->word));
    rest = scarce_left();
    scarce_arm(0);
    close(file);
    attempts->writes++;
    attempts->failed += written < 0;
    if (system(attempts->command) != 0) {
        fail(EXIT_MISMATCH, "the command failed after allocation %u", nth);
    }
    return rest;
}

int main(int argc, char **argv)
{
    struct attempts attempts = {0};
    bool from_last = false;
    unsigned nth = 0;
    int option;

    while ((option = getopt(argc, argv, "l")) != -1) {
        if (option != 'l') {
            fputs(USAGE, stderr);
            return EXIT_USAGE;
        }
        from_last = true;
    }
    argv += optind;
    if (argc - optind != 3) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    attempts.file = argv[0];
    attempts.word = argv[1];
    attempts.command = argv[2];
    if (from_last) {
        nth = NEVER - attempt(&attempts, NEVER);
        if (attempts.failed > 0) {
            fail(EXIT_MISMATCH, "%s fails without a failed allocation",
                 attempts.word);
        }
        while (nth > 0 && attempts.failed == 0) {
            attempt(&attempts, nth--);
        }
    } else {
        while (attempt(&attempts, ++nth) == 0) {
        }
    }
    printf("{\"ok\": true, \"writes\": %u, \"failed\": %u}\n", attempts.writes,
           attempts.failed);
    return EXIT_OK;
}
