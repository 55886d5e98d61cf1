/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_PEER_H
#define AMP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "rpmsg.h"
#include "rsc_table.h"
#include "virtq.h"

/*
 * rpmsg between two remotes. One is the virtio driver (OpenAMP: RPMSG_HOST): it
 * makes the rings, has the buffers, and sets DRIVER_OK. The other one is the
 * virtio device (RPMSG_REMOTE), as it is towards Linux. What rpmsg.h offers is
 * the same for both; announcements go from the device to the driver, which
 * takes them with an endpoint of address RPMSG_ADDR_NS.
 *
 * Each may start, end, crash and start again while the other one runs: the link
 * goes down and comes up again. Nothing tells of a remote that has ended: the
 * link stays up, and no answer comes, until it starts again.
 *
 * Contexts: as rpmsg_poll() for both functions. Nothing blocks.
 */

/*
 * What each side says, and the other one only reads. own counts the lives of a
 * side and is never 0; seen is the life of the other side that it knows, and
 * for which it has let go of all rings: 0 for none. A link is up when both know
 * each other and the status is DRIVER_OK.
 *
 * This stands for what a bus has: a reset is complete when the device says so
 * (virtio 1.x, 4.1.4.3.2: device_status reads 0), not when the driver asks.
 */
struct peer_side {
    uint32_t own;
    uint32_t seen;
};

/* Memory that both remotes see, not cached: its whole layout. */
struct peer_shm {
    struct peer_side driver;
    struct peer_side device;
    /* As in a resource table, and written as there: the driver writes
     * gfeatures, status, and of the vrings da and notifyid; the device the
     * rest, before it says its life. */
    struct rsc_vdev vdev;
    struct virtq_ring ring[2];
    _Alignas(16) uint8_t buffer[2][AMP_VRING_NUM][AMP_BUFFER_SIZE];
};

enum peer_role { PEER_DEVICE, PEER_DRIVER };

struct peer {
    struct rpmsg rp; /* for endpoints and messages */
    /* The rest belongs to the library. */
    volatile struct peer_shm *shm;
    struct rsc_vdev vdev; /* what rp looks at: no memory of the other side */
    uint32_t own;
    uint32_t other; /* the life of the other side that was looked at */
    enum peer_role role;
};

/*
 * Begin a new life with len bytes of shared memory at device address da, the
 * same for both sides, whatever is in them; kicks the other side. AMP_EINVAL:
 * too small, or not a multiple of 16; nothing was written then.
 */
int peer_init(struct peer *peer, enum peer_role role, uint32_t da,
              uint32_t len);

/*
 * In place of rpmsg_poll(), with the same results: bring the link up when the
 * other side is there, then deliver. Call it after peer_init() and after each
 * kick. AMP_EPIPE: no link. AMP_EPROTO: the other side has broken the protocol,
 * and a new life has begun; counted in rp.faults.
 *
 * When it notices that the link is down, it tells the other side that all of
 * the rings and buffers can be made anew: none of them must be written outside
 * the functions of rpmsg.h from then on.
 */
int peer_poll(struct peer *peer);

#endif
