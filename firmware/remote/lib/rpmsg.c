/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "rpmsg.h"

#include <stddef.h>
#include <string.h>

#include "port.h"

/* Left by us in the ring's padding, which the host zeroes with its ring: when
 * it is gone, the ring was rebuilt behind our back. */
#define RING_MARK 0xA5C3U

enum link { LINK_DOWN, LINK_UP, LINK_BROKEN };

struct rpmsg_hdr {
    uint32_t src;
    uint32_t dst;
    uint32_t reserved;
    uint16_t len;
    uint16_t flags;
};

_Static_assert(sizeof(struct rpmsg_hdr) == RPMSG_HDR_SIZE, "header size");
_Static_assert(sizeof(struct rpmsg_ns) == 40U, "name service message size");

/* Whether the host has accepted a feature. */
static bool has(const struct rpmsg *rp, uint32_t feature)
{
    return ((rp->vdev->gfeatures >> feature) & 1U) != 0U;
}

/* The device sends over vring 0, the driver over vring 1. */
static uint32_t tx_vring(const struct rpmsg *rp)
{
    (void)rp;
    return VIRTQ_IS_DRIVER(&rp->tx) ? 1U : 0U;
}

static uint32_t rx_vring(const struct rpmsg *rp) { return 1U - tx_vring(rp); }

#if AMP_PEER
static void kick_vring(const struct rpmsg *rp, uint32_t vring)
{
    if (rp->to_peer) {
        amp_kick_peer();
    } else {
        amp_kick(vring);
    }
}
#else
static void kick_vring(const struct rpmsg *rp, uint32_t vring)
{
    (void)rp;
    amp_kick(vring);
}
#endif

/* Functions named *_locked are called between amp_lock() and amp_unlock(). */

static int link_locked(struct rpmsg *rp)
{
    int err = 0;

    if ((rp->vdev->status & VIRTIO_STATUS_DRIVER_OK) == 0U) {
        rp->state = (uint8_t)LINK_DOWN;
        err = AMP_EPIPE;
    } else if ((rp->state == (uint8_t)LINK_DOWN) ||
               (rp->tx.ring->avail.mark != RING_MARK)) {
        /* The status is read before what it guards. */
        amp_mb();
        bool event = has(rp, VIRTIO_RING_F_EVENT_IDX);

        rp->state = (uint8_t)LINK_DOWN;
        err = virtq_open(&rp->tx, rp->vdev->vring[tx_vring(rp)].da, event);
        if (err == 0) {
            err = virtq_open(&rp->rx, rp->vdev->vring[rx_vring(rp)].da, event);
        }
        if (err == 0) {
            rp->tx.ring->avail.mark = RING_MARK;
            virtq_want_kick(&rp->tx, false);
            rp->held = 0U;
            rp->taken = 0U;
            rp->parked = VIRTQ_OWN(&rp->tx);
            rp->gen = (rp->gen == UINT8_MAX) ? 1U : (uint8_t)(rp->gen + 1U);
            rp->state = (uint8_t)LINK_UP;
        }
    } else if (rp->state == (uint8_t)LINK_BROKEN) {
        err = AMP_EPROTO;
    } else {
        /* Up, and still the same rings. */
    }
    return err;
}

/* The host did what it must not: leave its rings alone until it resets. */
static int broken_locked(struct rpmsg *rp)
{
    rp->state = (uint8_t)LINK_BROKEN;
    rp->faults++;
    return AMP_EPROTO;
}

/* Whether buf is one of those in *mask on the present link; if so, drop it. */
static int claim_locked(struct rpmsg *rp, uint32_t *mask,
                        const struct rpmsg_buf *buf)
{
    int err = link_locked(rp);

    if ((err == 0) && (buf->gen != rp->gen)) {
        err = AMP_EPIPE;
    }
    if (err == 0) {
        uint32_t bit = 1UL << (buf->id % AMP_VRING_NUM);

        if ((*mask & bit) == 0U) {
            err = AMP_EINVAL;
        }
        *mask &= ~bit;
    }
    return err;
}

/* The number of a free send buffer. */
static int free_tx_locked(struct rpmsg *rp)
{
    int id = 0;

    if (rp->parked != 0U) {
        while (((rp->parked >> (uint32_t)id) & 1U) == 0U) {
            id++;
        }
        rp->parked &= rp->parked - 1U;
    } else {
        id = virtq_peek(&rp->tx);
        if (id == AMP_EAGAIN) {
            virtq_want_kick(&rp->tx, true);
            id = virtq_peek(&rp->tx);
        }
        if (id >= 0) {
            virtq_take(&rp->tx);
            virtq_want_kick(&rp->tx, false);
        }
    }
    return id;
}

static struct rpmsg_ept *find(const struct rpmsg *rp, uint32_t addr)
{
    struct rpmsg_ept *ept = rp->epts;

    while ((ept != NULL) && (ept->addr != addr)) {
        ept = ept->next;
    }
    return ept;
}

void rpmsg_init(struct rpmsg *rp, volatile struct rsc_vdev *vdev)
{
    (void)memset(rp, 0, sizeof(*rp));
    rp->vdev = vdev;
#if AMP_PEER
    rp->tx.shm_base = AMP_SHM_BASE;
    rp->tx.shm_size = AMP_SHM_SIZE;
    rp->rx.shm_base = AMP_SHM_BASE;
    rp->rx.shm_size = AMP_SHM_SIZE;
#endif
}

static int check_link(struct rpmsg *rp)
{
    uint32_t key = amp_lock();
    int err = link_locked(rp);

    amp_unlock(key);
    return err;
}

bool rpmsg_up(struct rpmsg *rp) { return check_link(rp) == 0; }

int rpmsg_get(struct rpmsg *rp, struct rpmsg_buf *buf)
{
    uint32_t key = amp_lock();
    int err = link_locked(rp);

    if (err == 0) {
        int id = free_tx_locked(rp);

        if (id >= 0) {
            uint32_t size = 0U;
            uint8_t *va = virtq_buffer(&rp->tx, (uint32_t)id, true,
                                       RPMSG_HDR_SIZE, &size);
            uint32_t bit = 1UL << (uint32_t)id;

            if ((va == NULL) || ((rp->taken & bit) != 0U)) {
                err = broken_locked(rp);
            } else {
                size -= RPMSG_HDR_SIZE;
                rp->taken |= bit;
                buf->data = &va[RPMSG_HDR_SIZE];
                buf->len = (uint16_t)((size < UINT16_MAX) ? size : UINT16_MAX);
                buf->id = (uint8_t)id;
                buf->gen = rp->gen;
            }
        } else if (id == AMP_EPROTO) {
            err = broken_locked(rp);
        } else {
            err = id;
        }
    }
    amp_unlock(key);
    return err;
}

int rpmsg_send_buf(const struct rpmsg_ept *ept, const struct rpmsg_buf *buf,
                   uint32_t dst, uint32_t len)
{
    struct rpmsg *rp = ept->rp;
    int err = AMP_EMSGSIZE;

    if (len <= buf->len) {
        bool kick = false;
        uint32_t key = amp_lock();

        err = claim_locked(rp, &rp->taken, buf);
        if (err == 0) {
            struct rpmsg_hdr *hdr =
                (struct rpmsg_hdr *)(buf->data - RPMSG_HDR_SIZE);

            hdr->src = ept->addr;
            hdr->dst = dst;
            hdr->reserved = 0U;
            hdr->len = (uint16_t)len;
            hdr->flags = 0U;
            kick = virtq_push(&rp->tx, buf->id, RPMSG_HDR_SIZE + len);
        }
        amp_unlock(key);
        if (kick) {
            kick_vring(rp, tx_vring(rp));
        }
    }
    return err;
}

int rpmsg_cancel(struct rpmsg *rp, const struct rpmsg_buf *buf)
{
    uint32_t key = amp_lock();
    int err = claim_locked(rp, &rp->taken, buf);

    if (err == 0) {
        rp->parked |= 1UL << buf->id;
    }
    amp_unlock(key);
    return err;
}

int rpmsg_send(const struct rpmsg_ept *ept, uint32_t dst, const void *data,
               uint32_t len)
{
    struct rpmsg_buf buf;
    int err = rpmsg_get(ept->rp, &buf);

    if (err == 0) {
        if (len > buf.len) {
            (void)rpmsg_cancel(ept->rp, &buf);
            err = AMP_EMSGSIZE;
        } else {
            (void)memcpy(buf.data, data, len);
            err = rpmsg_send_buf(ept, &buf, dst, len);
        }
    }
    return err;
}

int rpmsg_release(struct rpmsg *rp, const struct rpmsg_buf *buf)
{
    bool kick = false;
    uint32_t key = amp_lock();
    int err = claim_locked(rp, &rp->held, buf);

    if (err == 0) {
        kick = virtq_push(&rp->rx, buf->id, 0U);
    }
    amp_unlock(key);
    if (kick) {
        kick_vring(rp, rx_vring(rp));
    }
    return err;
}

static int announce(const struct rpmsg_ept *ept, uint32_t flags)
{
    struct rpmsg_ns msg = {.addr = ept->addr, .flags = flags};

    (void)memcpy(msg.name, ept->name, strnlen(ept->name, RPMSG_NAME_SIZE - 1U));
    return rpmsg_send(ept, RPMSG_ADDR_NS, &msg, (uint32_t)sizeof(msg));
}

/* Announce what this link has not heard of yet, as far as there are buffers. */
static void announce_new(struct rpmsg *rp)
{
    struct rpmsg_ept *ept;

    for (ept = rp->epts; ept != NULL; ept = ept->next) {
        if ((ept->name != NULL) && (ept->announced != rp->gen) &&
            has(rp, VIRTIO_RPMSG_F_NS) &&
            (announce(ept, RPMSG_NS_CREATE) == 0)) {
            ept->announced = rp->gen;
        }
    }
}

int rpmsg_create(struct rpmsg *rp, struct rpmsg_ept *ept)
{
    int err = 0;

    if ((ept->cb == NULL) ||
        ((ept->name != NULL) &&
         (memchr(ept->name, 0, RPMSG_NAME_SIZE) == NULL))) {
        err = AMP_EINVAL;
    } else if (ept->addr == RPMSG_ADDR_ANY) {
        ept->addr = RPMSG_ADDR_DYNAMIC;
        while (find(rp, ept->addr) != NULL) {
            ept->addr++;
        }
    } else if (find(rp, ept->addr) != NULL) {
        err = AMP_EADDRINUSE;
    } else {
        /* A fixed address that is free. */
    }
    if (err == 0) {
        struct rpmsg_ept **link = &rp->epts;

        while (*link != NULL) {
            link = &(*link)->next;
        }
        ept->rp = rp;
        ept->next = NULL;
        ept->announced = 0U;
        *link = ept;
        if (rpmsg_up(rp)) {
            announce_new(rp);
        }
    }
    return err;
}

int rpmsg_destroy(struct rpmsg_ept *ept)
{
    struct rpmsg *rp = ept->rp;
    struct rpmsg_ept **link = (rp != NULL) ? &rp->epts : NULL;
    int err = 0;

    while ((link != NULL) && (*link != ept)) {
        link = (*link != NULL) ? &(*link)->next : NULL;
    }
    if (link == NULL) {
        err = AMP_EINVAL;
    } else if (rpmsg_up(rp) && (ept->announced == rp->gen)) {
        err = announce(ept, RPMSG_NS_DESTROY);
    } else {
        /* The host does not know of it. */
    }
    if ((link != NULL) && (err != AMP_EAGAIN)) {
        *link = ept->next;
        ept->rp = NULL;
        err = 0;
    }
    return err;
}

/* Deliver one message: 1, or 0 if the callback wants it later, or an error. */
static int receive(struct rpmsg *rp, bool *kick)
{
    enum rpmsg_verdict verdict = RPMSG_DONE;
    struct rpmsg_ept *ept = NULL;
    struct rpmsg_buf buf = {0};
    uint32_t src = 0U;
    uint32_t key = amp_lock();
    int err = link_locked(rp);
    int id = (err == 0) ? virtq_peek(&rp->rx) : err;

    if (id >= 0) {
        uint32_t size = 0U;
        uint8_t *va =
            virtq_buffer(&rp->rx, (uint32_t)id, false, RPMSG_HDR_SIZE, &size);

        if ((va == NULL) || (((rp->held >> (uint32_t)id) & 1U) != 0U)) {
            id = AMP_EPROTO;
        } else {
            const volatile struct rpmsg_hdr *hdr =
                (const volatile struct rpmsg_hdr *)va;

            src = hdr->src;
            buf.data = &va[RPMSG_HDR_SIZE];
            buf.len = hdr->len;
            buf.id = (uint8_t)id;
            buf.gen = rp->gen;
            /* From here on another thread may release it. */
            rp->held |= 1UL << (uint32_t)id;
            if (buf.len <= (size - RPMSG_HDR_SIZE)) {
                ept = find(rp, hdr->dst);
            }
        }
    }
    if ((err == 0) && (id == AMP_EPROTO)) {
        (void)broken_locked(rp);
    }
    amp_unlock(key);
    if (id < 0) {
        err = id;
    } else {
        if (ept == NULL) {
            rp->drops++;
        } else {
            verdict = ept->cb(ept, &buf, src);
        }
        key = amp_lock();
        /* The link may have gone, or come anew, during the callback. */
        if ((link_locked(rp) == 0) && (buf.gen == rp->gen)) {
            if (verdict != RPMSG_HOLD) {
                rp->held &= ~(1UL << buf.id);
            }
            if (verdict != RPMSG_RETRY) {
                virtq_take(&rp->rx);
            }
            if ((verdict == RPMSG_DONE) && virtq_push(&rp->rx, buf.id, 0U)) {
                *kick = true;
            }
        }
        amp_unlock(key);
        if (verdict != RPMSG_RETRY) {
            err = 1;
        }
    }
    return err;
}

int rpmsg_poll(struct rpmsg *rp)
{
    uint32_t n = 0U;
    bool kick = false;
    bool asked = false;
    int err = check_link(rp);

    if (err == 0) {
        announce_new(rp);
        virtq_want_kick(&rp->rx, false);
        err = 1;
    }
    /* At most a ring's worth, so that the caller can do other things. */
    while ((err > 0) && (n < AMP_VRING_NUM)) {
        err = receive(rp, &kick);
        if (err > 0) {
            n++;
        } else if ((err == AMP_EAGAIN) && !asked) {
            /* Empty: ask for a kick, then look once more. */
            virtq_want_kick(&rp->rx, true);
            asked = true;
            err = 1;
        } else {
            /* Empty with a kick asked for, or to be retried, or no link. */
        }
    }
    if (kick) {
        kick_vring(rp, rx_vring(rp));
    }
    if ((n > 0U) || (err == AMP_EAGAIN)) {
        err = (int)n;
    }
    return err;
}
