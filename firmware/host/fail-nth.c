/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes a word to a file (of sysfs, as a rule) while an allocation of the
 * kernel fails for it: the first time the first one, the next time the second,
 * until a write does not get that far. After each, it runs a shell command that
 * puts things back. Linux: Documentation/fault-injection/fault-injection.rst.
 * Prints one line of JSON: how many writes there were, how many of them failed.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NTH "/proc/self/fail-nth"
#define USAGE                                                                  \
    "usage: fail-nth file word command\n"                                      \
    "  file     what the word is written to\n"                                 \
    "  command  for /bin/sh, after each write; ends the whole if it fails\n"

static int open_or_fail(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0) {
        fail(EXIT_DEVICE, "cannot open %s: %s", path, strerror(errno));
    }
    return fd;
}

/* Returns how many allocations are left until one fails: 0 if it has. */
static long left(int fd)
{
    char text[16] = "";

    if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
        fail(EXIT_DEVICE, "cannot read " NTH ": %s", strerror(errno));
    }
    return strtol(text, NULL, 10);
}

static void arm(int fd, unsigned nth)
{
    char text[16];
    int size = snprintf(text, sizeof(text), "%u", nth);

    if (pwrite(fd, text, (size_t)size, 0) != size) {
        fail(EXIT_DEVICE, "cannot write " NTH ": %s", strerror(errno));
    }
}

int main(int argc, char **argv)
{
    unsigned nth = 0, failed = 0;
    long rest;
    int control;

    if (argc != 4) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    control = open_or_fail(NTH, O_RDWR);
    do {
        int file = open_or_fail(argv[1], O_WRONLY);
        ssize_t written;

        arm(control, ++nth);
        written = write(file, argv[2], strlen(argv[2]));
        rest = left(control);
        arm(control, 0);
        close(file);
        if (written < 0) {
            failed++;
        }
        if (system(argv[3]) != 0) {
            fail(EXIT_MISMATCH, "the command failed after allocation %u", nth);
        }
    } while (rest == 0);
    printf("{\"ok\": true, \"writes\": %u, \"failed\": %u}\n", nth, failed);
    return EXIT_OK;
}
