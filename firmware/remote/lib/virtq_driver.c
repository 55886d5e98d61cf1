/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* The driver role: towards another remote, never towards Linux. */

#include "virtq.h"

#include <stddef.h>
#include <string.h>

#include "err.h"
#include "port.h"

#if !AMP_PEER
#error "the driver role is part of AMP_PEER"
#endif

#define MASK (AMP_VRING_NUM - 1U)
#define ALL (UINT32_MAX >> (32U - AMP_VRING_NUM))

int virtq_driver_open(struct virtq *vq, uint32_t da, bool event)
{
    uint8_t *va = virtq_shared(vq, da, (uint32_t)sizeof(struct virtq_ring));
    int err = AMP_EPROTO;

    if ((va != NULL) && ((da % AMP_VRING_ALIGN) == 0U)) {
        (void)memset(va, 0, sizeof(struct virtq_ring));
        vq->ring = (volatile struct virtq_ring *)va;
        vq->avail = 0U;
        vq->used = 0U;
        vq->event = event;
        vq->own = ALL;
        if (vq->to_driver) {
            for (uint32_t id = 0U; id < AMP_VRING_NUM; id++) {
                (void)virtq_driver_push(vq, id, 0U);
            }
        }
        err = 0;
    }
    return err;
}

/* What the device says of a buffer is not believed: one that is here already
 * comes a second time. */
int virtq_driver_peek(struct virtq *vq)
{
    uint16_t ready = (uint16_t)(vq->ring->used.idx - vq->used);
    int id = AMP_EAGAIN;

    if (ready > AMP_VRING_NUM) {
        id = AMP_EPROTO;
    } else if (ready != 0U) {
        /* The index is read before the entry that it covers, and the entry
         * once: the device may change it at any time. */
        amp_mb();
        vq->shown = vq->ring->used.ring[vq->used & MASK].id;
        vq->shown_len = vq->ring->used.ring[vq->used & MASK].len;
        id = AMP_EPROTO;
        if ((vq->shown < AMP_VRING_NUM) &&
            (((vq->own >> vq->shown) & 1U) == 0U)) {
            id = (int)vq->shown;
        }
    } else {
        /* Nothing used. */
    }
    return id;
}

void virtq_driver_take(struct virtq *vq)
{
    vq->own |= 1UL << vq->shown;
    vq->used++;
}

/* By their number, not by the descriptor, which the device could write. */
uint8_t *virtq_driver_buffer(const struct virtq *vq, uint32_t id, uint32_t min,
                             uint32_t *len)
{
    uint8_t *va = NULL;

    *len = vq->to_driver ? vq->shown_len : AMP_BUFFER_SIZE;
    if ((*len >= min) && (*len <= AMP_BUFFER_SIZE)) {
        va = virtq_shared(vq, vq->buffers + (id * AMP_BUFFER_SIZE),
                          AMP_BUFFER_SIZE);
    }
    return va;
}

bool virtq_driver_push(struct virtq *vq, uint32_t id, uint32_t len)
{
    volatile struct virtq_desc *desc = &vq->ring->desc[id];

    desc->addr = vq->buffers + (id * AMP_BUFFER_SIZE);
    desc->len = vq->to_driver ? AMP_BUFFER_SIZE : len;
    desc->flags = vq->to_driver ? VIRTQ_DESC_F_WRITE : 0U;
    desc->next = 0U;
    vq->ring->avail.ring[vq->avail & MASK] = (uint16_t)id;
    vq->own &= ~(1UL << id);
    vq->avail++;
    /* Payload, descriptor and entry are there before the index is... */
    amp_mb();
    vq->ring->avail.idx = vq->avail;
    /* ...and the index before the device's wish for kicks is read. */
    amp_mb();
    return vq->event
               ? (vq->ring->used.avail_event == (uint16_t)(vq->avail - 1U))
               : ((vq->ring->used.flags & VIRTQ_USED_F_NO_NOTIFY) == 0U);
}

void virtq_driver_want_kick(struct virtq *vq, bool want)
{
    if (!vq->event) {
        vq->ring->avail.flags =
            (uint16_t)(want ? 0U : VIRTQ_AVAIL_F_NO_INTERRUPT);
    } else if (want) {
        vq->ring->avail.used_event = vq->used;
    } else {
        /* The index that was asked for is behind us. */
    }
    /* The wish is visible before the caller looks at the ring again. */
    amp_mb();
}
