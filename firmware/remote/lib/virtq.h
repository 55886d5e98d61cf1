/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_VIRTQ_H
#define AMP_VIRTQ_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/*
 * Device side of a split virtqueue (virtio 1.x, section 2.7; legacy layout).
 * The host makes buffers available, this side uses them.
 *
 * No function here locks or blocks: the caller serialises access to one queue.
 * Everything read from the ring is the host's and is checked before use.
 */

#define VIRTQ_DESC_F_NEXT 1U
#define VIRTQ_DESC_F_WRITE 2U
#define VIRTQ_DESC_F_INDIRECT 4U
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1U
#define VIRTQ_USED_F_NO_NOTIFY 1U

struct virtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct virtq_avail {
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[AMP_VRING_NUM];
    uint16_t used_event;
    uint16_t mark; /* in the padding before the used ring: for this side */
};

struct virtq_used_elem {
    uint32_t id;
    uint32_t len;
};

struct virtq_used {
    uint16_t flags;
    uint16_t idx;
    struct virtq_used_elem ring[AMP_VRING_NUM];
    uint16_t avail_event;
};

/* The whole ring as it lies in shared memory. */
struct virtq_ring {
    struct virtq_desc desc[AMP_VRING_NUM];
    struct virtq_avail avail;
    _Alignas(AMP_VRING_ALIGN) struct virtq_used used;
};

/* This side's view of one ring. */
struct virtq {
    volatile struct virtq_ring *ring;
    uint16_t avail; /* next entry of the available ring to take */
    uint16_t used;  /* next entry of the used ring to fill */
    bool event;     /* VIRTIO_RING_F_EVENT_IDX: indices instead of flags */
};

/*
 * Start on the ring at device address da, as the host has just made it, with
 * event indices or without.
 * Returns 0, or AMP_EPROTO if the ring is outside shared memory, misaligned,
 * or not new (this side has used entries of it in an earlier life).
 */
int virtq_open(struct virtq *vq, uint32_t da, bool event);

/*
 * The descriptor number of the oldest available buffer, which stays
 * available until virtq_take(). AMP_EAGAIN: none. AMP_EPROTO: impossible index.
 */
int virtq_peek(const struct virtq *vq);

/* Take the buffer that virtq_peek() has shown. */
void virtq_take(struct virtq *vq);

/*
 * Where buffer id lies. A buffer must be a single descriptor within shared
 * memory, 4-byte aligned, at least min bytes long, and writable for this side
 * or not as asked. Returns NULL if it is not; *len is its size otherwise.
 */
uint8_t *virtq_buffer(const struct virtq *vq, uint32_t id, bool writable,
                      uint32_t min, uint32_t *len);

/* Give buffer id back with len bytes written. True: the host wants a kick. */
bool virtq_push(struct virtq *vq, uint32_t id, uint32_t len);

/* Ask the host for kicks on this queue, or to spare them. It is a hint. */
void virtq_want_kick(struct virtq *vq, bool want);

#endif
