/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "peer.h"

#include <stddef.h>
#include <string.h>

#include "port.h"

#define STATUS_ACKNOWLEDGE 1U
#define STATUS_DRIVER 2U
#define STATUS_OK (STATUS_ACKNOWLEDGE | STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK)

static const struct rsc_vdev offer = RSC_VDEV_ENTRY;

/* Nobody on this side touches a ring any more when this has returned. */
static void down(struct peer *peer)
{
    ((volatile struct rsc_vdev *)&peer->vdev)->status = 0U;
    (void)rpmsg_up(&peer->rp);
}

/* From here on messages can pass, as far as this side is concerned. */
static bool up(struct peer *peer)
{
    ((volatile struct rsc_vdev *)&peer->vdev)->status = STATUS_OK;
    return rpmsg_up(&peer->rp);
}

static uint32_t next_life(uint32_t life)
{
    return (life == UINT32_MAX) ? 1U : (life + 1U);
}

/* What the device has to say of itself, all of it before it says its life. */
static void offer_device(volatile struct rsc_vdev *vdev)
{
    vdev->type = offer.type;
    vdev->id = offer.id;
    vdev->dfeatures = offer.dfeatures;
    vdev->config_len = offer.config_len;
    vdev->num_of_vrings = offer.num_of_vrings;
    for (uint32_t i = 0U; i < 2U; i++) {
        vdev->vring[i].align = offer.vring[i].align;
        vdev->vring[i].num = offer.vring[i].num;
    }
}

/* Whether it is a device that this side can drive. */
static bool is_drivable(const volatile struct rsc_vdev *vdev)
{
    bool good =
        (vdev->id == offer.id) && (vdev->num_of_vrings == offer.num_of_vrings);

    for (uint32_t i = 0U; i < 2U; i++) {
        good = good && (vdev->vring[i].align == offer.vring[i].align) &&
               (vdev->vring[i].num == offer.vring[i].num);
    }
    return good;
}

/* Begin a life: forget the other side, and let it forget this one. */
static void begin(struct peer *peer)
{
    volatile struct peer_shm *shm = peer->shm;
    volatile struct peer_side *mine = &shm->device;

    down(peer);
    if (peer->role == PEER_DRIVER) {
        mine = &shm->driver;
        shm->vdev.status = 0U;
        peer->other = 0U;
    } else {
        offer_device(&shm->vdev);
        peer->other = shm->driver.own;
    }
    peer->own = next_life(mine->own);
    mine->seen = peer->other;
    /* What belongs to this life is there before it is told of. */
    amp_mb();
    mine->own = peer->own;
    amp_mb();
    amp_kick_peer();
}

/* nr: of the vring, which also says which half of the buffers is meant. */
static void set_queue(const struct peer *peer, struct virtq *vq, uint32_t nr,
                      uint32_t da, uint32_t len)
{
    vq->shm_base = da;
    vq->shm_size = len;
    vq->driver = (peer->role == PEER_DRIVER);
    vq->to_driver = (nr == 0U);
    vq->buffers = da + (uint32_t)offsetof(struct peer_shm, buffer) +
                  (nr * (uint32_t)sizeof(peer->shm->buffer[0]));
}

int peer_init(struct peer *peer, enum peer_role role, uint32_t da, uint32_t len)
{
    int err = AMP_EINVAL;

    if ((len >= sizeof(struct peer_shm)) && ((da % 16U) == 0U)) {
        uint32_t tx = 0U;

        if (role == PEER_DRIVER) {
            tx = 1U;
        }
        (void)memset(peer, 0, sizeof(*peer));
        peer->shm = (volatile struct peer_shm *)amp_shm(da);
        peer->role = role;
        peer->vdev = offer;
        for (uint32_t i = 0U; i < 2U; i++) {
            peer->vdev.vring[i].da = da +
                                     (uint32_t)offsetof(struct peer_shm, ring) +
                                     (i * (uint32_t)sizeof(struct virtq_ring));
        }
        rpmsg_init(&peer->rp, &peer->vdev);
        peer->rp.to_peer = true;
        set_queue(peer, &peer->rp.tx, tx, da, len);
        set_queue(peer, &peer->rp.rx, 1U - tx, da, len);
        begin(peer);
        err = 0;
    }
    return err;
}

/* Make rings and buffers for the device that has said its life. */
static void drive(struct peer *peer)
{
    volatile struct peer_shm *shm = peer->shm;

    shm->vdev.status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    peer->vdev.gfeatures = offer.dfeatures & shm->vdev.dfeatures;
    shm->vdev.gfeatures = peer->vdev.gfeatures;
    for (uint32_t i = 0U; i < 2U; i++) {
        shm->vdev.vring[i].da = peer->vdev.vring[i].da;
        shm->vdev.vring[i].notifyid = i;
    }
    if (up(peer)) {
        /* All of it is there before the device may look. */
        amp_mb();
        shm->vdev.status = STATUS_OK;
        shm->driver.seen = peer->other;
        amp_mb();
        amp_kick_peer();
    }
}

/* Look for another life of the device. It has let go of earlier rings when it
 * knows this life, and a new device never had them. */
static void look_for_device(struct peer *peer)
{
    volatile struct peer_shm *shm = peer->shm;
    uint32_t life = shm->device.own;

    if (life != peer->other) {
        down(peer);
        amp_mb();
        if ((life != 0U) && (shm->device.seen == peer->own)) {
            peer->other = life;
            if (is_drivable(&shm->vdev)) {
                drive(peer);
            } else {
                peer->rp.faults++;
            }
        }
    }
}

/* Look whether the driver has made rings for this life, or wants them back. */
static void look_for_driver(struct peer *peer)
{
    volatile struct peer_shm *shm = peer->shm;
    uint32_t life = shm->driver.own;

    if (life != peer->other) {
        down(peer);
        peer->other = life;
        /* Nothing is written to the rings after this. */
        amp_mb();
        shm->device.seen = life;
        amp_mb();
        amp_kick_peer();
    } else if ((shm->driver.seen != peer->own) ||
               ((shm->vdev.status & VIRTIO_STATUS_DRIVER_OK) == 0U)) {
        down(peer);
    } else if (peer->vdev.status == 0U) {
        amp_mb();
        peer->vdev.gfeatures = offer.dfeatures & shm->vdev.gfeatures;
        for (uint32_t i = 0U; i < 2U; i++) {
            peer->vdev.vring[i].da = shm->vdev.vring[i].da;
        }
        (void)up(peer);
    } else {
        /* Up, and still the same. */
    }
}

int peer_poll(struct peer *peer)
{
    int n;

    if (peer->role == PEER_DRIVER) {
        look_for_device(peer);
    } else {
        look_for_driver(peer);
    }
    n = rpmsg_poll(&peer->rp);
    if (n == AMP_EPROTO) {
        begin(peer);
    }
    return n;
}
