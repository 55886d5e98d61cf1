/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "rsc_table.h"

/*
 * Linux's role in the tests: a driver of the two vrings, written from the
 * virtio specification without the library's types, so that a wrong layout in
 * the library shows.
 */

#define HOST_NUM 16U
#define HOST_BUF 512U
#define HOST_VRING0 0x10040000U
#define HOST_VRING1 0x10041000U
#define HOST_BUFS 0x10042000U

/* Features that the next host_probe() accepts, of those offered. */
extern uint32_t host_features;
#define HOST_NS 1U
#define HOST_EVENT_IDX (1U << 29)

struct host {
    volatile struct rsc_vdev *vdev;
    uint16_t avail[2];    /* next entry of the available ring to fill */
    uint16_t used[2];     /* next entry of the used ring to look at */
    unsigned fresh;       /* send buffers not yet used once */
    unsigned notified[2]; /* kicks given, for want of NO_NOTIFY */
};

struct host_msg {
    uint32_t src;
    uint32_t dst;
    uint16_t len;
    uint8_t data[HOST_BUF];
};

/* Fields of the rings and descriptors, at their addresses. */
volatile uint16_t *host_avail_flags(unsigned q);
volatile uint16_t *host_avail_idx(unsigned q);
volatile uint16_t *host_avail_ring(unsigned q, unsigned i);
volatile uint16_t *host_used_flags(unsigned q);
volatile uint16_t *host_used_idx(unsigned q);
/* Two words: the descriptor and the bytes written. */
volatile uint32_t *host_used_elem(unsigned q, unsigned i);
volatile uint16_t *host_used_event(unsigned q);
volatile uint16_t *host_avail_event(unsigned q);
volatile uint64_t *host_desc_addr(unsigned q, unsigned i);
volatile uint32_t *host_desc_len(unsigned q, unsigned i);
volatile uint16_t *host_desc_flags(unsigned q, unsigned i);

/* What remoteproc does before it starts the core. */
void host_load(struct host *h, volatile struct rsc_vdev *vdev);
/* What the rpmsg driver does when it probes: rings, buffers, DRIVER_OK. */
void host_probe(struct host *h);
/* What it does when it is removed. */
void host_remove(struct host *h);

/* Send a message of len bytes; false: no buffer. */
bool host_send(struct host *h, uint32_t src, uint32_t dst, const void *data,
               uint32_t len);
/* Receive one message and return its buffer; false: there is none. */
bool host_recv(struct host *h, struct host_msg *msg);

#endif
