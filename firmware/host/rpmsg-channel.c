/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Makes rpmsg channels from the host's side, through /dev/rpmsg_ctrl0, as a
 * remote makes them through the name service. Prints one line of JSON: how many
 * were made, how many were refused, and the error of the last refusal.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rpmsg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONTROL "/dev/rpmsg_ctrl0"
#define USAGE                                                                  \
    "usage: rpmsg-channel -n name [-d address] [-c count] [-i step]\n"         \
    "  -n name     of the service\n"                                           \
    "  -d address  of the remote's endpoint (default 1024)\n"                  \
    "  -c count    channels to make (default 1)\n"                             \
    "  -i step     from one channel's address to the next (default 1)\n"

int main(int argc, char **argv)
{
    struct rpmsg_endpoint_info info = {.src = 0xFFFFFFFFU, .dst = 1024};
    unsigned made = 0, refused = 0;
    long count = 1, step = 1;
    int option, fd, error = 0;

    while ((option = getopt(argc, argv, "n:d:c:i:")) != -1) {
        switch (option) {
        case 'n':
            strncpy(info.name, optarg, sizeof(info.name) - 1);
            break;
        case 'd':
            info.dst = (uint32_t)parse_number(optarg, 'd', 0, 0x7FFFFFFF);
            break;
        case 'c':
            count = parse_number(optarg, 'c', 1, 1000000);
            break;
        case 'i':
            step = parse_number(optarg, 'i', 0, 1000);
            break;
        default:
            fputs(USAGE, stderr);
            return EXIT_USAGE;
        }
    }
    if (info.name[0] == '\0' || optind != argc) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    fd = open(CONTROL, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        fail(EXIT_DEVICE, "cannot open " CONTROL ": %s", strerror(errno));
    }
    for (long i = 0; i < count; i++, info.dst += (uint32_t)step) {
        if (ioctl(fd, RPMSG_CREATE_DEV_IOCTL, &info) == 0) {
            made++;
        } else {
            refused++;
            error = errno;
        }
    }
    close(fd);
    printf("{\"ok\": true, \"made\": %u, \"refused\": %u, \"error\": \"%s\"}\n",
           made, refused, error != 0 ? strerrorname_np(error) : "");
    return EXIT_OK;
}
