/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Gives remoteproc an order through its character device, and holds that open
 * until it is killed. Prints "holding" once the order was taken. Linux:
 * drivers/remoteproc/remoteproc_cdev.c.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/remoteproc_cdev.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USAGE                                                                  \
    "usage: remoteproc-hold [-r] device [order]\n"                             \
    "  -r     when the device is closed, stop the remote, or detach from it\n" \
    "  order  start, stop or detach\n"

int main(int argc, char **argv)
{
    int32_t on_release = 0;
    int option, fd;

    while ((option = getopt(argc, argv, "r")) != -1) {
        if (option != 'r') {
            fputs(USAGE, stderr);
            return EXIT_USAGE;
        }
        on_release = 1;
    }
    argv += optind;
    argc -= optind;
    if (argc < 1 || argc > 2) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    fd = open(argv[0], O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        fail(EXIT_DEVICE, "cannot open %s: %s", argv[0], strerror(errno));
    }
    if (ioctl(fd, RPROC_SET_SHUTDOWN_ON_RELEASE, &on_release) < 0) {
        fail(EXIT_DEVICE, "RPROC_SET_SHUTDOWN_ON_RELEASE: %s", strerror(errno));
    }
    if (argc == 2 && write(fd, argv[1], strlen(argv[1])) < 0) {
        fail(EXIT_DEVICE, "%s: %s", argv[1], strerror(errno));
    }
    puts("holding");
    fflush(stdout);
    for (;;) {
        pause();
    }
}
