/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Everything that another remote can write, chosen by the fuzzer: all of the
 * shared memory, between this side's calls and at its barriers. This side is
 * either role, and its application is well-behaved. However it went, two that
 * start again talk to each other.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz_input.h"
#include "peer.h"
#include "port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* At the end, so that what reaches beyond it is seen. */
#define SIZE ((uint32_t)sizeof(struct peer_shm))
#define BASE (AMP_SHM_BASE + AMP_SHM_SIZE - SIZE)

static struct peer self, other;
static struct rpmsg_buf held[4], taken[4];
static unsigned n_held, n_taken;
static uint32_t sum; /* so that reading is not optimised away */

/* One act of the other side: what a sane one does, near to it, or anything. */
static void other_acts(void)
{
    struct peer_shm *shm = (struct peer_shm *)(void *)amp_shm(BASE);
    uint8_t what = byte();
    uint8_t i = byte();
    struct virtq_ring *ring = &shm->ring[(what >> 4) & 1U];
    /* The last entry that was used, or the next one. */
    volatile struct virtq_used_elem *used =
        &ring->used.ring[(ring->used.idx - (i & 1U)) % AMP_VRING_NUM];

    switch (what & 15U) {
    case 0:
        ring->avail.idx = (uint16_t)(ring->avail.idx + i);
        break;
    case 1:
        ring->used.idx = (uint16_t)(ring->used.idx + 1U);
        break;
    case 2:
        ring->used.idx = (uint16_t)(i | (byte() << 8));
        break;
    case 3:
        used->id = byte() % 20U;
        break;
    case 4:
        used->len = (uint32_t)byte() * 4U;
        break;
    case 5:
        used->id = word();
        break;
    case 6:
        used->len = word();
        break;
    case 7:
        ring->desc[i % AMP_VRING_NUM].addr = BASE + (word() % (SIZE + 0x1000U));
        break;
    case 8:
        ring->desc[i % AMP_VRING_NUM].len = word();
        break;
    case 9:
        if ((i & 0x80U) != 0U) {
            ring->desc[i % AMP_VRING_NUM].flags = byte();
        } else {
            /* The length of a message, in its header and beside it. */
            uint16_t len = (uint16_t)(byte() << 8);

            memcpy(&shm->buffer[0][used->id % AMP_VRING_NUM][12], &len,
                   sizeof(len));
            used->len = len + RPMSG_HDR_SIZE;
        }
        break;
    case 10:
        shm->vdev.vring[i & 1U].da = word();
        break;
    case 11:
        shm->vdev.status = i;
        break;
    case 12:
        shm->driver.own += i & 1U;
        shm->device.own += i >> 7;
        break;
    case 13:
        shm->driver.seen = shm->device.own;
        shm->device.seen = shm->driver.own;
        break;
    case 14:
        amp_shm(BASE)[word() % SIZE] = i;
        break;
    default:
        (void)peer_poll(&other);
        (void)rpmsg_send(other.rp.epts, 7U, &i, i & 1U);
        break;
    }
}

static void barrier(void)
{
    if ((left > 0U) && ((byte() & 7U) == 0U)) {
        void (*hook)(void) = port_on_barrier;

        /* The other side's own barriers are none of this one's. */
        port_on_barrier = NULL;
        other_acts();
        port_on_barrier = hook;
    }
}

static enum rpmsg_verdict receive(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *buf, uint32_t src)
{
    assert((buf->data >= port_shm) &&
           ((buf->data + buf->len) <= (port_shm + AMP_SHM_SIZE)));
    for (uint32_t i = 0; i < buf->len; i++) {
        sum += buf->data[i];
    }
    switch (byte() % 4U) {
    case 0:
        if ((ept->rp == &self.rp) && (n_held < 4U)) {
            held[n_held++] = *buf;
            return RPMSG_HOLD;
        }
        return RPMSG_DONE;
    case 1:
        return RPMSG_RETRY;
    case 2:
        (void)rpmsg_send(ept, src, &sum, sizeof(sum));
        return RPMSG_DONE;
    default:
        return RPMSG_DONE;
    }
}

static void self_acts(struct rpmsg_ept *ept)
{
    uint8_t what = byte();

    switch (what & 7U) {
    case 0:
        if ((n_taken < 4U) && (rpmsg_get(&self.rp, &taken[n_taken]) == 0)) {
            memset(taken[n_taken].data, what, taken[n_taken].len);
            n_taken++;
        }
        break;
    case 1:
        if (n_taken > 0U) {
            n_taken--;
            (void)rpmsg_send_buf(ept, &taken[n_taken], 7U, what);
        }
        break;
    case 2:
        if (n_held > 0U) {
            n_held--;
            (void)rpmsg_release(&self.rp, &held[n_held]);
        }
        break;
    case 3:
        (void)rpmsg_send(ept, 7U, &sum, sizeof(sum));
        break;
    default:
        (void)peer_poll(&self);
        break;
    }
}

static unsigned arrived;

static enum rpmsg_verdict count(struct rpmsg_ept *ept,
                                const struct rpmsg_buf *buf, uint32_t src)
{
    (void)ept;
    (void)src;
    arrived += (buf->len == 3U) ? 1U : 0U;
    return RPMSG_DONE;
}

static void talk(enum peer_role role)
{
    struct rpmsg_ept one = {.addr = 7U, .cb = count};
    struct rpmsg_ept two = {.addr = 8U, .cb = count};

    arrived = 0U;
    assert(peer_init(&self, role, BASE, SIZE) == 0);
    assert(peer_init(&other, (role == PEER_DRIVER) ? PEER_DEVICE : PEER_DRIVER,
                     BASE, SIZE) == 0);
    assert(rpmsg_create(&self.rp, &one) == 0);
    assert(rpmsg_create(&other.rp, &two) == 0);
    for (unsigned i = 0; i < 4U; i++) {
        (void)peer_poll(&self);
        (void)peer_poll(&other);
    }
    assert(rpmsg_send(&one, 8U, "abc", 3U) == 0);
    assert(rpmsg_send(&two, 7U, "abc", 3U) == 0);
    assert(peer_poll(&self) == 1);
    assert(peer_poll(&other) == 1);
    assert(arrived == 2U);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpmsg_ept ept = {.name = "one", .addr = 7U, .cb = receive};
    struct rpmsg_ept far = {.name = "two", .addr = 7U, .cb = receive};
    enum peer_role role;

    input = data;
    left = size;
    n_held = 0U;
    n_taken = 0U;
    port_on_barrier = NULL;
    memset(port_shm, 0, sizeof(port_shm));
    role = ((byte() & 1U) != 0U) ? PEER_DRIVER : PEER_DEVICE;
    assert(peer_init(&self, role, BASE, SIZE) == 0);
    assert(peer_init(&other, (role == PEER_DRIVER) ? PEER_DEVICE : PEER_DRIVER,
                     BASE, SIZE) == 0);
    assert(rpmsg_create(&self.rp, &ept) == 0);
    assert(rpmsg_create(&other.rp, &far) == 0);
    for (unsigned i = byte() & 3U; i > 0U; i--) {
        (void)peer_poll(&self);
        (void)peer_poll(&other);
    }
    port_on_barrier = barrier;
    while (left > 0U) {
        other_acts();
        self_acts(&ept);
    }
    port_on_barrier = NULL;
    talk(role);
    return 0;
}
