/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* The device role. */

#include "virtq.h"

#include <stddef.h>

#include "err.h"
#include "port.h"

/* Layout as virtio section 2.7 and the host's vring_init() compute it. */
_Static_assert(sizeof(struct virtq_desc) == 16U, "descriptor size");
_Static_assert((uint32_t)offsetof(struct virtq_ring, avail) ==
                   (16U * AMP_VRING_NUM),
               "available ring follows the descriptors");
_Static_assert((uint32_t)offsetof(struct virtq_ring, used) ==
                   (((18U * AMP_VRING_NUM) + 6U + AMP_VRING_ALIGN - 1U) &
                    ~(AMP_VRING_ALIGN - 1U)),
               "used ring is aligned");

#define MASK (AMP_VRING_NUM - 1U)

uint8_t *virtq_shared(const struct virtq *vq, uint64_t da, uint32_t len)
{
    uint64_t off = da - VIRTQ_SHM_BASE(vq);
    uint8_t *va = NULL;

    (void)vq;
    if ((off <= VIRTQ_SHM_SIZE(vq)) && (len <= (VIRTQ_SHM_SIZE(vq) - off))) {
        va = amp_shm(da);
    }
    return va;
}

int virtq_device_open(struct virtq *vq, uint32_t da, bool event)
{
    uint8_t *va = virtq_shared(vq, da, (uint32_t)sizeof(struct virtq_ring));
    int err = AMP_EPROTO;

    if ((va != NULL) && ((da % AMP_VRING_ALIGN) == 0U)) {
        vq->ring = (volatile struct virtq_ring *)va;
        vq->avail = 0U;
        vq->used = 0U;
        vq->event = event;
        if (vq->ring->used.idx == 0U) {
            err = 0;
        }
    }
    return err;
}

int virtq_device_peek(const struct virtq *vq)
{
    uint16_t ready = (uint16_t)(vq->ring->avail.idx - vq->avail);
    int id = AMP_EAGAIN;

    if (ready > AMP_VRING_NUM) {
        id = AMP_EPROTO;
    } else if (ready != 0U) {
        uint16_t head;

        /* The index is read before the entry that it covers. */
        amp_mb();
        head = vq->ring->avail.ring[vq->avail & MASK];
        id = (head < AMP_VRING_NUM) ? (int)head : AMP_EPROTO;
    } else {
        /* Nothing available. */
    }
    return id;
}

void virtq_device_take(struct virtq *vq) { vq->avail++; }

uint8_t *virtq_device_buffer(const struct virtq *vq, uint32_t id, bool writable,
                             uint32_t min, uint32_t *len)
{
    const volatile struct virtq_desc *desc = &vq->ring->desc[id];
    uint64_t addr = desc->addr;
    uint16_t flags = desc->flags;
    uint8_t *va = NULL;

    *len = desc->len;
    if ((flags == (writable ? VIRTQ_DESC_F_WRITE : 0U)) && (*len >= min) &&
        ((addr % 4U) == 0U)) {
        va = virtq_shared(vq, addr, *len);
    }
    return va;
}

bool virtq_device_push(struct virtq *vq, uint32_t id, uint32_t len)
{
    volatile struct virtq_used_elem *elem =
        &vq->ring->used.ring[vq->used & MASK];

    elem->id = id;
    elem->len = len;
    vq->used++;
    /* The entry and the payload are there before the index covers them... */
    amp_mb();
    vq->ring->used.idx = vq->used;
    /* ...and the index before the host's wish for interrupts is read. */
    amp_mb();
    return vq->event
               ? (vq->ring->avail.used_event == (uint16_t)(vq->used - 1U))
               : ((vq->ring->avail.flags & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0U);
}

void virtq_device_want_kick(struct virtq *vq, bool want)
{
    if (!vq->event) {
        vq->ring->used.flags = want ? 0U : VIRTQ_USED_F_NO_NOTIFY;
    } else if (want) {
        vq->ring->used.avail_event = vq->avail;
    } else {
        /* The index that was asked for is behind us. */
    }
    /* The wish is visible before the caller looks at the ring again. */
    amp_mb();
}
