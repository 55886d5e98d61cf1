/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMPSTAND_PEER_H
#define AMPSTAND_PEER_H

#include <stdint.h>

/*
 * The applications peer-driver and peer-device: two remotes that exchange
 * messages with each other, and each of them with Linux. Each offers Linux two
 * services PEER_SERVICE: what comes in on the first one goes back; the second
 * one takes commands. Numbers are little endian.
 *
 * Between the remotes the device offers PEER_ECHO, which sends back what comes
 * in. On each new link the driver sends PEER_FIRST messages, checks what comes
 * back, and traces the result. No two of 497 messages in a row have one size.
 */
#define PEER_SERVICE "rpmsg-tty"
#define PEER_ECHO "peer-echo"
#define PEER_FIRST 64U

/* The carveout that Linux finds in the device tree, for both. */
#define PEER_MEMORY "peer-shm"

enum peer_op {
    /* To the driver: exchange so many messages more, on this link or, if it
     * ends before, on the next one from the beginning. The answer comes when
     * all are back, and is the same message if all were right. */
    PEER_RUN = 0x4E555250,
    /* Answered with the same message; then the remote crashes. */
    PEER_CRASH = 0x48535243,
};

/* The answer has count 0 to a command that is not known, or must not come now,
 * and how many messages were right to one that has found wrong ones. */
struct peer_cmd {
    uint32_t op;
    uint32_t count;
};

#endif
