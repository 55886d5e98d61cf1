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
 * A split virtqueue (virtio 1.x, section 2.7; legacy layout). The driver makes
 * buffers available, the device uses them. This side is the device towards the
 * host; towards another remote (AMP_PEER) it may be the driver.
 *
 * No function here locks or blocks: the caller serialises access to one queue.
 * Everything read from the ring is the other side's and is checked before use.
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
    uint16_t avail; /* device: next entry of the available ring to take;
                       driver: to fill */
    uint16_t used;  /* device: next entry of the used ring to fill; driver: to
                       take */
    bool event;     /* VIRTIO_RING_F_EVENT_IDX: indices instead of flags */
#if AMP_PEER
    /* Set before virtq_open(): where ring and buffers must be, the role, and,
     * of the driver, the buffers. */
    uint32_t shm_base;
    uint32_t shm_size;
    bool driver;
    bool to_driver;   /* the device writes the buffers */
    uint32_t buffers; /* device address of the first of AMP_VRING_NUM buffers
                         of AMP_BUFFER_SIZE bytes */
    uint32_t own;     /* driver: bit mask of buffers that the device has not */
    uint32_t shown;   /* driver: what virtq_peek() has seen, and its length */
    uint32_t shown_len;
#endif
};

/* What depends on AMP_PEER. Without it all of this is constant, and nothing of
 * the driver role is linked. */
#if AMP_PEER
#define VIRTQ_SHM_BASE(vq) ((vq)->shm_base)
#define VIRTQ_SHM_SIZE(vq) ((vq)->shm_size)
#define VIRTQ_IS_DRIVER(vq) ((vq)->driver)
#define VIRTQ_OWN(vq) ((vq)->driver ? (vq)->own : 0U)
#else
#define VIRTQ_SHM_BASE(vq) AMP_SHM_BASE
#define VIRTQ_SHM_SIZE(vq) AMP_SHM_SIZE
#define VIRTQ_IS_DRIVER(vq) false
/* Bit mask of buffers that are this side's at first. */
#define VIRTQ_OWN(vq) 0U
#endif

/* The address of len bytes at da if the queue may have them; NULL if not. */
uint8_t *virtq_shared(const struct virtq *vq, uint64_t da, uint32_t len);

/*
 * The roles: virtq.c is the device, virtq_driver.c the driver. Use the
 * functions below, which ask for the role.
 */
int virtq_device_open(struct virtq *vq, uint32_t da, bool event);
int virtq_device_peek(const struct virtq *vq);
void virtq_device_take(struct virtq *vq);
uint8_t *virtq_device_buffer(const struct virtq *vq, uint32_t id, bool writable,
                             uint32_t min, uint32_t *len);
bool virtq_device_push(struct virtq *vq, uint32_t id, uint32_t len);
void virtq_device_want_kick(struct virtq *vq, bool want);

int virtq_driver_open(struct virtq *vq, uint32_t da, bool event);
int virtq_driver_peek(struct virtq *vq);
void virtq_driver_take(struct virtq *vq);
uint8_t *virtq_driver_buffer(const struct virtq *vq, uint32_t id, uint32_t min,
                             uint32_t *len);
bool virtq_driver_push(struct virtq *vq, uint32_t id, uint32_t len);
void virtq_driver_want_kick(struct virtq *vq, bool want);

/*
 * Start on the ring at device address da, with event indices or without.
 * Device: the driver has just made it. Driver: it is made now, and all buffers
 * that the device is to write are made available; the device must not look yet.
 * Returns 0, or AMP_EPROTO if the ring is outside shared memory, misaligned,
 * or not new (the device has used entries of it in an earlier life).
 */
static inline int virtq_open(struct virtq *vq, uint32_t da, bool event)
{
    return VIRTQ_IS_DRIVER(vq) ? virtq_driver_open(vq, da, event)
                               : virtq_device_open(vq, da, event);
}

/*
 * The descriptor number of the oldest buffer that came from the other side,
 * which stays there until virtq_take(). AMP_EAGAIN: none. AMP_EPROTO:
 * impossible index, or a buffer that the other side did not have.
 */
static inline int virtq_peek(struct virtq *vq)
{
    return VIRTQ_IS_DRIVER(vq) ? virtq_driver_peek(vq) : virtq_device_peek(vq);
}

/* Take the buffer that virtq_peek() has shown. */
static inline void virtq_take(struct virtq *vq)
{
    if (VIRTQ_IS_DRIVER(vq)) {
        virtq_driver_take(vq);
    } else {
        virtq_device_take(vq);
    }
}

/*
 * Where buffer id lies that virtq_peek() has shown, or that is this side's: to
 * be filled (writable), or to be read. *len is its room, or what is in it.
 * Device: the buffer must be a single descriptor within shared memory, 4-byte
 * aligned, at least min bytes long, and writable as asked. Driver: what is in
 * it must be min bytes at least and AMP_BUFFER_SIZE at most. Returns NULL if
 * not.
 */
static inline uint8_t *virtq_buffer(const struct virtq *vq, uint32_t id,
                                    bool writable, uint32_t min, uint32_t *len)
{
    return VIRTQ_IS_DRIVER(vq)
               ? virtq_driver_buffer(vq, id, min, len)
               : virtq_device_buffer(vq, id, writable, min, len);
}

/* Give buffer id to the other side with len bytes in it; of a buffer to be
 * written there, len is 0. True: the other side wants a kick. */
static inline bool virtq_push(struct virtq *vq, uint32_t id, uint32_t len)
{
    return VIRTQ_IS_DRIVER(vq) ? virtq_driver_push(vq, id, len)
                               : virtq_device_push(vq, id, len);
}

/* Ask the other side for kicks on this queue, or to spare them. A hint. */
static inline void virtq_want_kick(struct virtq *vq, bool want)
{
    if (VIRTQ_IS_DRIVER(vq)) {
        virtq_driver_want_kick(vq, want);
    } else {
        virtq_device_want_kick(vq, want);
    }
}

#endif
