/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMPSTAND_FLOOD_H
#define AMPSTAND_FLOOD_H

#include <stdint.h>

/*
 * The flood application: service "rpmsg-flood" (a channel that a driver can be
 * bound to, e.g. rpmsg_chrdev). Every message to it is a command: one byte of
 * opcode, then what the opcode says. Numbers are little endian.
 */
#define FLOOD_SERVICE "rpmsg-flood"

enum flood_op {
    /* Any payload: sent back unchanged, this byte included. */
    FLOOD_ECHO = 1,
    /* Any payload: counted and dropped. */
    FLOOD_SINK = 2,
    /* struct flood_source: the remote sends count messages of size bytes as
     * fast as there are buffers. Byte 0 is FLOOD_SOURCE, bytes 4..7 (if size
     * reaches that far) the message's number from 0, other bytes of offset i
     * hold (uint8_t)(number + i). A new command replaces a running one. */
    FLOOD_SOURCE = 3,
    /* No payload: answered with a struct flood_report. */
    FLOOD_REPORT = 4,
    /* No payload: the counts start from 0, a running source ends. No answer. */
    FLOOD_RESET = 5,
};

struct flood_source {
    uint8_t op;
    uint8_t reserved;
    uint16_t size; /* 1 up to the largest payload */
    uint32_t count;
};

struct flood_report {
    uint8_t op;
    uint8_t reserved[3];
    uint32_t rx_messages; /* every message received since the reset */
    uint32_t rx_bytes;
    uint32_t tx_messages; /* echoes and sourced messages sent */
    uint32_t tx_bytes;
    uint32_t tx_waits; /* times that no send buffer was free */
    uint32_t drops;    /* messages that had no recipient or a bad length */
};

#endif
