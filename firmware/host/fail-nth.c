/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes a word to a file (of sysfs, as a rule) while an allocation of the
 * kernel fails for it: the first time the first one, the next time the second,
 * until a write does not get that far. Or it counts them in a write without a
 * failure, and goes from the last one back until a write fails. After each, it
 * runs a shell command that puts things back.
 * Linux: Documentation/fault-injection/fault-injection.rst.
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

#define NTH "/proc/self/fail-nth"
#define USAGE                                                                  \
    "usage: fail-nth [-l] file word command\n"                                 \
    "  -l       from the last allocation back, until a write fails\n"          \
    "  file     what the word is written to\n"                                 \
    "  command  for /bin/sh, after each write; ends the whole if it fails\n"

#define NEVER 1000000u /* more allocations than a write makes */

struct attempts {
    const char *file, *word, *command;
    int control;
    unsigned writes, failed;
};

static int open_or_fail(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0) {
        fail(EXIT_DEVICE, "cannot open %s: %s", path, strerror(errno));
    }
    return fd;
}

/* Returns how many allocations are left until one fails: 0 if it has. */
static unsigned left(int fd)
{
    char text[16] = "";

    if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
        fail(EXIT_DEVICE, "cannot read " NTH ": %s", strerror(errno));
    }
    return (unsigned)strtoul(text, NULL, 10);
}

static void arm(int fd, unsigned nth)
{
    char text[16];
    int size = snprintf(text, sizeof(text), "%u", nth);

    if (pwrite(fd, text, (size_t)size, 0) != size) {
        fail(EXIT_DEVICE, "cannot write " NTH ": %s", strerror(errno));
    }
}

/* Writes once. Returns how many allocations were left: 0 if one has failed. */
static unsigned attempt(struct attempts *attempts, unsigned nth)
{
    int file = open_or_fail(attempts->file, O_WRONLY);
    ssize_t written;
    unsigned rest;

    arm(attempts->control, nth);
    written = write(file, attempts->word, strlen(attempts->word));
    rest = left(attempts->control);
    arm(attempts->control, 0);
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
    attempts.control = open_or_fail(NTH, O_RDWR);
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
