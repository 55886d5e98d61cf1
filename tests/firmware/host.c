/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "host.h"

#include <assert.h>
#include <string.h>

#include "port.h"

/* 16 descriptors of 16 bytes, the available ring, the used ring at the next
 * multiple of 16. */
#define AVAIL 256U
#define USED 304U
#define RING_SIZE 438U

uint32_t host_features = HOST_NS;

static uint8_t *at(uint64_t da) { return &port_shm[da - AMP_SHM_BASE]; }

static uint8_t *ring(unsigned q)
{
    return at((q == 0U) ? HOST_VRING0 : HOST_VRING1);
}

volatile uint16_t *host_avail_flags(unsigned q)
{
    return (volatile uint16_t *)(void *)&ring(q)[AVAIL];
}

volatile uint16_t *host_avail_idx(unsigned q)
{
    return (volatile uint16_t *)(void *)&ring(q)[AVAIL + 2U];
}

volatile uint16_t *host_avail_ring(unsigned q, unsigned i)
{
    return (volatile uint16_t *)(void *)&ring(
        q)[AVAIL + 4U + (2U * (i % HOST_NUM))];
}

volatile uint16_t *host_used_flags(unsigned q)
{
    return (volatile uint16_t *)(void *)&ring(q)[USED];
}

volatile uint16_t *host_used_idx(unsigned q)
{
    return (volatile uint16_t *)(void *)&ring(q)[USED + 2U];
}

volatile uint16_t *host_used_event(unsigned q)
{
    return host_avail_ring(q, 15U) + 1;
}

volatile uint16_t *host_avail_event(unsigned q)
{
    return (volatile uint16_t *)(void *)&ring(q)[USED + 4U + (8U * HOST_NUM)];
}

volatile uint32_t *host_used_elem(unsigned q, unsigned i)
{
    return (volatile uint32_t *)(void *)&ring(
        q)[USED + 4U + (8U * (i % HOST_NUM))];
}

volatile uint64_t *host_desc_addr(unsigned q, unsigned i)
{
    return (volatile uint64_t *)(void *)&ring(q)[16U * i];
}

volatile uint32_t *host_desc_len(unsigned q, unsigned i)
{
    return (volatile uint32_t *)(void *)&ring(q)[(16U * i) + 8U];
}

volatile uint16_t *host_desc_flags(unsigned q, unsigned i)
{
    return (volatile uint16_t *)(void *)&ring(q)[(16U * i) + 12U];
}

static uint32_t buf_da(unsigned q, unsigned i)
{
    return HOST_BUFS + (((q * HOST_NUM) + i) * HOST_BUF);
}

static void add(struct host *h, unsigned q, unsigned i, uint32_t len)
{
    *host_desc_addr(q, i) = buf_da(q, i);
    *host_desc_len(q, i) = len;
    *host_desc_flags(q, i) = (q == 0U) ? 2U : 0U;
    *host_avail_ring(q, h->avail[q]) = (uint16_t)i;
    h->avail[q]++;
    *host_avail_idx(q) = h->avail[q];
    if ((h->vdev->gfeatures & HOST_EVENT_IDX) != 0U) {
        h->notified[q] += *host_avail_event(q) == (uint16_t)(h->avail[q] - 1U);
    } else if ((*host_used_flags(q) & 1U) == 0U) {
        h->notified[q]++;
    }
}

void host_load(struct host *h, volatile struct rsc_vdev *vdev)
{
    memset(h, 0, sizeof(*h));
    h->vdev = vdev;
    h->vdev->status = 0U;
}

void host_probe(struct host *h)
{
    volatile struct rsc_vdev *vdev = h->vdev;

    memset(h, 0, sizeof(*h));
    h->vdev = vdev;
    vdev->status = 3U;
    vdev->gfeatures = vdev->dfeatures & host_features;
    memset(ring(0U), 0, RING_SIZE);
    memset(ring(1U), 0, RING_SIZE);
    vdev->vring[0].da = HOST_VRING0;
    vdev->vring[1].da = HOST_VRING1;
    for (unsigned i = 0U; i < HOST_NUM; i++) {
        add(h, 0U, i, HOST_BUF);
    }
    *host_avail_flags(1U) = 1U;
    vdev->status = 7U;
}

void host_remove(struct host *h) { h->vdev->status = 0U; }

bool host_send(struct host *h, uint32_t src, uint32_t dst, const void *data,
               uint32_t len)
{
    uint32_t hdr[4] = {src, dst, 0U, len};
    unsigned i;

    assert(len <= (HOST_BUF - 16U));
    if (h->fresh < HOST_NUM) {
        i = h->fresh++;
    } else if (*host_used_idx(1U) != h->used[1]) {
        i = host_used_elem(1U, h->used[1])[0];
        /* Nothing was written to it. */
        assert(host_used_elem(1U, h->used[1])[1] == 0U);
        h->used[1]++;
    } else {
        return false;
    }
    assert(i < HOST_NUM);
    memcpy(at(buf_da(1U, i)), hdr, sizeof(hdr));
    memcpy(at(buf_da(1U, i)) + 16, data, len);
    add(h, 1U, i, 16U + len);
    return true;
}

bool host_recv(struct host *h, struct host_msg *msg)
{
    uint32_t hdr[4];
    uint32_t len;
    unsigned i;

    if (*host_used_idx(0U) == h->used[0]) {
        return false;
    }
    i = host_used_elem(0U, h->used[0])[0];
    len = host_used_elem(0U, h->used[0])[1];
    h->used[0]++;
    *host_used_event(0U) = h->used[0];
    /* What Linux checks, and what it relies on. */
    assert(i < HOST_NUM);
    assert((len >= 16U) && (len <= HOST_BUF));
    memcpy(hdr, at(buf_da(0U, i)), sizeof(hdr));
    assert((hdr[3] & 0xFFFFU) == (len - 16U));
    assert(hdr[2] == 0U);
    assert((hdr[3] >> 16) == 0U);
    msg->src = hdr[0];
    msg->dst = hdr[1];
    msg->len = (uint16_t)(len - 16U);
    memcpy(msg->data, at(buf_da(0U, i)) + 16, msg->len);
    add(h, 0U, i, HOST_BUF);
    return true;
}
