/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * What one core writes, another may see in any order, except across a barrier.
 * Neither a workstation nor QEMU reorders like that, so with a barrier missing
 * or in the wrong place everything still works there. These tests act it out:
 * the hook of amp_mb() is the only moment at which they look at what this side
 * has written, or let the host's late writes arrive.
 */
#include "rpmsg.h"

#include <string.h>

#include "check.h"
#include "host.h"
#include "port.h"

static volatile struct rsc_vdev vdev;
static struct rpmsg rp;
static struct host host;
static struct rpmsg_ept ept;
static struct rpmsg_buf received;
static unsigned acted; /* times that a hook has done what it is there for */

static enum rpmsg_verdict hold(struct rpmsg_ept *self,
                               const struct rpmsg_buf *buf, uint32_t src)
{
    (void)self;
    (void)src;
    received = *buf;
    return RPMSG_HOLD;
}

/* A core that has just started and a host that is about to probe. */
static void boot(void)
{
    static const struct rsc_vdev image = RSC_VDEV_ENTRY;

    port_on_barrier = NULL;
    acted = 0U;
    memset(port_shm, 0xEE, sizeof(port_shm));
    memset(port_kicks, 0, sizeof(port_kicks));
    memcpy((void *)&vdev, &image, sizeof(image));
    host_load(&host, &vdev);
    rpmsg_init(&rp, &vdev);
    ept = (struct rpmsg_ept){.name = "n", .addr = 7U, .cb = hold};
    CHECK_EQ(rpmsg_create(&rp, &ept), 0);
}

static void boot_and_probe(void)
{
    struct host_msg msg;

    boot();
    host_probe(&host);
    CHECK_EQ(rpmsg_poll(&rp), 0);
    CHECK(host_recv(&host, &msg));
}

/* Run a test with flags in the rings, and with event indices. */
static void both_ways(void (*test)(bool event))
{
    test(false);
    host_features = HOST_NS | HOST_EVENT_IDX;
    test(true);
    host_features = HOST_NS;
}

/* Shared memory at the last barrier: what the host sees for sure. */
static uint8_t surely[AMP_SHM_SIZE];

static bool sees(const volatile void *from, size_t len)
{
    const uint8_t *now = (const uint8_t *)(uintptr_t)from;

    return memcmp(now, &surely[now - port_shm], len) == 0;
}

/* Whatever a used index covers was there at the barrier before. */
static void look_at_used(void)
{
    for (unsigned q = 0; q < 2U; q++) {
        volatile uint16_t *idx = host_used_idx(q);
        uint16_t i;

        memcpy(&i, &surely[(const uint8_t *)(uintptr_t)idx - port_shm], 2U);
        for (; i != *idx; i++) {
            volatile uint32_t *elem = host_used_elem(q, i);
            uint64_t da = *host_desc_addr(q, elem[0]);

            CHECK(sees(elem, 8U));
            CHECK(sees(&port_shm[da - AMP_SHM_BASE], elem[1]));
            acted++;
        }
    }
    memcpy(surely, port_shm, sizeof(surely));
}

static void entries_are_written_before_the_index(void)
{
    struct rpmsg_buf buf;

    boot_and_probe();
    memcpy(surely, port_shm, sizeof(surely));
    port_on_barrier = look_at_used;
    for (unsigned i = 1; i <= 5U; i++) {
        CHECK_EQ(rpmsg_send(&ept, 1U, &i, sizeof(i)), 0);
        look_at_used();
        CHECK_EQ(acted, i);
    }
    CHECK_EQ(rpmsg_get(&rp, &buf), 0);
    memset(buf.data, 1, buf.len);
    CHECK_EQ(rpmsg_send_buf(&ept, &buf, 1U, buf.len), 0);
    look_at_used();
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK(host_send(&host, 1U, 99U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 2);
    look_at_used();
    CHECK_EQ(acted, 7);
    CHECK_EQ(rpmsg_release(&rp, &received), 0);
    look_at_used();
    CHECK_EQ(acted, 8);
}

/* The host asks for kicks once it has found nothing. So its wish arrives at the
 * latest with the barrier that shows the index which it did not see. */
static void ask_for_a_kick(void)
{
    if (acted < *host_used_idx(0U)) {
        acted = *host_used_idx(0U);
        if (rp.tx.event) {
            *host_used_event(0U) = (uint16_t)(acted - 1U);
        } else {
            *host_avail_flags(0U) = 0U;
        }
    }
}

static void spared(bool event)
{
    boot_and_probe();
    acted = *host_used_idx(0U);
    port_kicks[0] = 0U;
    port_on_barrier = ask_for_a_kick;
    for (unsigned i = 1; i <= 5U; i++) {
        *host_avail_flags(0U) = event ? 0U : 1U;
        *host_used_event(0U) = 0x7777U;
        CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
        CHECK_EQ(port_kicks[0], i);
    }
}

static void the_index_is_written_before_the_wish_for_kicks_is_read(void)
{
    both_ways(spared);
}

/* The host adds a buffer just when it sees that this side asks for a kick. */
static void add_when_asked(void)
{
    bool asked = rp.rx.event ? (*host_avail_event(1U) == host.avail[1])
                             : (*host_used_flags(1U) == 0U);

    if (asked && (acted == 0U)) {
        acted = 1U;
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
    }
}

static void asking(bool event)
{
    boot_and_probe();
    CHECK_EQ(rp.rx.event, event);
    /* Not at index 0, which an event index of a new ring happens to ask for. */
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    virtq_want_kick(&rp.rx, false);
    *host_avail_event(1U) = 0U;
    CHECK_EQ(virtq_peek(&rp.rx), AMP_EAGAIN);
    port_on_barrier = add_when_asked;
    virtq_want_kick(&rp.rx, true);
    CHECK_EQ(acted, 1);
    CHECK_EQ(virtq_peek(&rp.rx), 1);
}

static void the_wish_for_kicks_is_written_before_the_index_is_read(void)
{
    both_ways(asking);
}

static void the_entry_arrives(void)
{
    *host_avail_ring(1U, 0U) = 3U;
    *host_desc_len(1U, 3U) = 40U;
    acted++;
}

static void the_entry_is_read_after_the_index(void)
{
    uint32_t len;

    boot_and_probe();
    *host_avail_ring(1U, 0U) = 0xFFFFU;
    *host_desc_addr(1U, 3U) = HOST_BUFS;
    *host_desc_len(1U, 3U) = 0U;
    *host_desc_flags(1U, 3U) = 0U;
    *host_avail_idx(1U) = 1U;
    port_on_barrier = the_entry_arrives;
    CHECK_EQ(virtq_peek(&rp.rx), 3);
    CHECK_EQ(acted, 1);
    CHECK(virtq_buffer(&rp.rx, 3U, false, 16U, &len) != NULL);
    CHECK_EQ(len, 40);
}

static void the_rest_of_the_probe_arrives(void)
{
    if (acted == 0U) {
        acted = 1U;
        host_probe(&host);
    }
}

static void the_vdev_is_read_after_its_status(void)
{
    struct host_msg msg;

    boot();
    vdev.vring[0].da = RSC_ADDR_ANY;
    vdev.vring[1].da = RSC_ADDR_ANY;
    vdev.status = 7U;
    port_on_barrier = the_rest_of_the_probe_arrives;
    CHECK_EQ(rpmsg_poll(&rp), 0);
    CHECK_EQ(acted, 1);
    CHECK(host_recv(&host, &msg));
    CHECK_EQ(msg.dst, 53);
}

/* No other thread or interrupt comes while a ring is worked on. */
static void expect_lock(void)
{
    CHECK(port_locked > 0U);
    acted++;
}

static void what_any_thread_may_call_locks(void)
{
    struct rpmsg_buf buf;

    boot_and_probe();
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    port_on_barrier = expect_lock;
    CHECK_EQ(rpmsg_get(&rp, &buf), 0);
    CHECK(acted > 0U);
    acted = 0U;
    CHECK_EQ(rpmsg_send_buf(&ept, &buf, 1U, 0U), 0);
    CHECK(acted > 0U);
    acted = 0U;
    CHECK_EQ(rpmsg_release(&rp, &received), 0);
    CHECK(acted > 0U);
    host_probe(&host);
    acted = 0U;
    CHECK(rpmsg_up(&rp));
    CHECK(acted > 0U);
    CHECK_EQ(port_locked, 0);
}

MAIN(TEST(entries_are_written_before_the_index),
     TEST(the_index_is_written_before_the_wish_for_kicks_is_read),
     TEST(the_wish_for_kicks_is_written_before_the_index_is_read),
     TEST(the_entry_is_read_after_the_index),
     TEST(the_vdev_is_read_after_its_status),
     TEST(what_any_thread_may_call_locks))
