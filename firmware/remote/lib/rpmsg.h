/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_RPMSG_H
#define AMP_RPMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "rsc_table.h"
#include "virtq.h"

/*
 * The remote's side of rpmsg over virtio: the device towards Linux. Towards
 * another remote it can be the driver, too: see peer.h.
 *
 * Contexts: rpmsg_init(), rpmsg_create(), rpmsg_destroy() and rpmsg_poll()
 * belong to one thread (or the main loop); endpoint callbacks run in it, out
 * of rpmsg_poll(), and may call anything here except rpmsg_poll(). The other
 * functions may be called from any thread or interrupt. Nothing blocks.
 * Memory: all objects are the caller's and must stay in place while in use.
 * Errors: negative codes of err.h.
 *
 * The link comes up when the host has set DRIVER_OK in the vdev of the resource
 * table, and goes down when it clears it or rebuilds the rings; both are
 * noticed at the next call. No vring is touched before.
 */

#define RPMSG_ADDR_ANY 0xFFFFFFFFU
#define RPMSG_ADDR_NS 53U
#define RPMSG_ADDR_DYNAMIC 1024U /* addresses given out start here */
#define RPMSG_NAME_SIZE 32U
#define RPMSG_HDR_SIZE 16U

/* A buffer in shared memory, lent to this side. Treat as opaque except: */
struct rpmsg_buf {
    uint8_t *data; /* payload; the host may still change it under you */
    uint16_t len;  /* bytes received, or room when sending */
    uint8_t id;
    uint8_t gen;
};

struct rpmsg_ept;

/* What a callback does with the message it was shown. */
enum rpmsg_verdict {
    RPMSG_DONE,  /* the buffer goes back to the host now */
    RPMSG_HOLD,  /* callback copied *buf; rpmsg_release() gives it back later */
    RPMSG_RETRY, /* no room to answer: show this message again after the next
                    kick; nothing behind it is delivered before */
};

/* A message for ept from address src. buf itself is valid during the call. */
typedef enum rpmsg_verdict (*rpmsg_cb)(struct rpmsg_ept *ept,
                                       const struct rpmsg_buf *buf,
                                       uint32_t src);

/* Set cb, addr and, to be announced, name (at most 31 characters, not copied);
 * the rest belongs to the library. */
struct rpmsg_ept {
    const char *name; /* NULL: do not announce */
    uint32_t addr;    /* RPMSG_ADDR_ANY: rpmsg_create() chooses one */
    rpmsg_cb cb;
    struct rpmsg *rp;
    struct rpmsg_ept *next;
    uint8_t announced;
};

struct rpmsg {
    volatile struct rsc_vdev *vdev;
    struct rpmsg_ept *epts;
    struct virtq tx; /* to the other side: vring 0, of the driver vring 1 */
    struct virtq rx; /* from the other side: the other one */
    uint32_t held;   /* receive buffers that the application holds */
    uint32_t taken;  /* send buffers that the application holds */
    uint32_t parked; /* send buffers given back unsent */
    /* Counts, for the application to read and to clear. */
    uint32_t drops;  /* messages without a recipient or with a bad length */
    uint32_t faults; /* times that the host broke the protocol */
    uint8_t state;
    uint8_t gen; /* counts links; never 0 on a link that is up */
#if AMP_PEER
    bool to_peer; /* the other side is a remote: peer.h */
#endif
};

/* An announcement, as it is sent to address RPMSG_ADDR_NS. */
#define RPMSG_NS_CREATE 0U
#define RPMSG_NS_DESTROY 1U

struct rpmsg_ns {
    char name[RPMSG_NAME_SIZE]; /* NUL-terminated, if the sender obeys */
    uint32_t addr;
    uint32_t flags;
};

/* Begin with the vdev entry of the resource table. Touches no vring. */
void rpmsg_init(struct rpmsg *rp, volatile struct rsc_vdev *vdev);

/* Whether the host is there. */
bool rpmsg_up(struct rpmsg *rp);

/*
 * Deliver what the host has sent, announce new endpoints. Returns the number
 * of messages delivered: call again until it is 0 (the host is asked for a kick
 * only then) or negative: AMP_EPIPE or AMP_EPROTO, no link.
 */
int rpmsg_poll(struct rpmsg *rp);

/*
 * Add an endpoint; it is announced at once, or as soon as there is a link and a
 * buffer, and anew on every link. AMP_EINVAL: no callback or a name too long;
 * AMP_EADDRINUSE.
 */
int rpmsg_create(struct rpmsg *rp, struct rpmsg_ept *ept);

/*
 * Withdraw the announcement and remove the endpoint. AMP_EAGAIN: no buffer to
 * say so; the endpoint stays, try again. AMP_EINVAL: not created.
 */
int rpmsg_destroy(struct rpmsg_ept *ept);

/*
 * Take a send buffer: it is the caller's until rpmsg_send_buf() or
 * rpmsg_cancel(). AMP_EAGAIN: none; the host will kick when there is one.
 */
int rpmsg_get(struct rpmsg *rp, struct rpmsg_buf *buf);

/*
 * Send the first len bytes of a taken buffer from ept to address dst. The
 * buffer is gone afterwards, except on AMP_EMSGSIZE. AMP_EPIPE: the link went
 * down in between; AMP_EINVAL: not a taken buffer.
 */
int rpmsg_send_buf(const struct rpmsg_ept *ept, const struct rpmsg_buf *buf,
                   uint32_t dst, uint32_t len);

/* Give a taken buffer back unsent. Errors as rpmsg_send_buf(). */
int rpmsg_cancel(struct rpmsg *rp, const struct rpmsg_buf *buf);

/* Copy and send. Errors of rpmsg_get() and rpmsg_send_buf(). */
int rpmsg_send(const struct rpmsg_ept *ept, uint32_t dst, const void *data,
               uint32_t len);

/* Give back a received buffer that a callback held. AMP_EPIPE: the link that it
 * came over is gone, and the buffer with it. AMP_EINVAL: not held. */
int rpmsg_release(struct rpmsg *rp, const struct rpmsg_buf *buf);

#endif
