/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * rpmsg between two remotes: the driver and the device role of the library,
 * against each other and against a peer that writes whatever it likes.
 */
#include "peer.h"

#include <stddef.h>
#include <string.h>

#include "check.h"
#include "port.h"

#define ECHO_ADDR 2000U
#define PAYLOAD (AMP_BUFFER_SIZE - RPMSG_HDR_SIZE)

static struct peer driver, device;
static bool driver_runs, device_runs;

/* What the driver's endpoint has got. */
static struct {
    unsigned calls;
    uint16_t len;
    uint8_t data[AMP_BUFFER_SIZE];
    struct rpmsg_buf buf;
} seen;
static enum rpmsg_verdict verdict;
static struct rpmsg_ns announced;
static unsigned announcements;

static struct peer_shm *shm(void)
{
    return (struct peer_shm *)(void *)port_shm;
}

static enum rpmsg_verdict look(struct rpmsg_ept *ept,
                               const struct rpmsg_buf *buf, uint32_t src)
{
    CHECK(ept->rp == &driver.rp);
    CHECK_EQ(src, ECHO_ADDR);
    CHECK_EQ(port_locked, 0);
    seen.calls++;
    seen.len = buf->len;
    memcpy(seen.data, buf->data, buf->len);
    seen.buf = *buf;
    return verdict;
}

static enum rpmsg_verdict hear(struct rpmsg_ept *ept,
                               const struct rpmsg_buf *buf, uint32_t src)
{
    CHECK(ept->rp == &driver.rp);
    CHECK_EQ(src, ECHO_ADDR);
    CHECK_EQ(buf->len, sizeof(announced));
    memcpy(&announced, buf->data, sizeof(announced));
    announcements++;
    return RPMSG_DONE;
}

static enum rpmsg_verdict echo(struct rpmsg_ept *ept,
                               const struct rpmsg_buf *buf, uint32_t src)
{
    int err = rpmsg_send(ept, src, buf->data, buf->len);

    return (err == AMP_EAGAIN) ? RPMSG_RETRY : RPMSG_DONE;
}

static struct rpmsg_ept ept, ns, service;

/* In memory that holds what a local variable would. */
static void start_driver(void)
{
    driver_runs = true;
    memset(&driver, 0xA5, sizeof(driver));
    CHECK_EQ(peer_init(&driver, PEER_DRIVER, AMP_SHM_BASE, AMP_SHM_SIZE), 0);
    ept = (struct rpmsg_ept){.addr = 7U, .cb = look};
    ns = (struct rpmsg_ept){.addr = RPMSG_ADDR_NS, .cb = hear};
    CHECK_EQ(rpmsg_create(&driver.rp, &ept), 0);
    CHECK_EQ(rpmsg_create(&driver.rp, &ns), 0);
}

static void start_device(void)
{
    device_runs = true;
    memset(&device, 0xA5, sizeof(device));
    CHECK_EQ(peer_init(&device, PEER_DEVICE, AMP_SHM_BASE, AMP_SHM_SIZE), 0);
    service = (struct rpmsg_ept){.name = "echo", .addr = ECHO_ADDR, .cb = echo};
    CHECK_EQ(rpmsg_create(&device.rp, &service), 0);
}

/* Both get to run until neither has anything to do, but only when kicked, as
 * cores that sleep: the first time without. */
static void settle(bool awake)
{
    for (unsigned n = 0; awake || (port_peer_kicks > 0U); n++) {
        CHECK(n < 1000U); /* not for ever */
        awake = false;
        port_peer_kicks = 0U;
        while (driver_runs && (peer_poll(&driver) > 0)) {
        }
        while (device_runs && (peer_poll(&device) > 0)) {
        }
    }
}

static bool linked(void)
{
    return rpmsg_up(&driver.rp) && rpmsg_up(&device.rp);
}

/* Memory that holds anything, and neither side in it. */
static void power_up(void)
{
    port_on_barrier = NULL;
    port_on_lock = NULL;
    port_on_peer_kick = NULL;
    driver_runs = false;
    device_runs = false;
    memset(port_shm, 0xEE, sizeof(port_shm));
    memset(port_kicks, 0, sizeof(port_kicks));
    port_peer_kicks = 0U;
    memset(&seen, 0, sizeof(seen));
    memset(&announced, 0, sizeof(announced));
    announcements = 0U;
    verdict = RPMSG_DONE;
}

static void connect(void)
{
    power_up();
    start_driver();
    start_device();
    settle(true);
    CHECK(linked());
    CHECK_EQ(announcements, 1);
}

static void fill(uint8_t *data, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++) {
        data[i] = (uint8_t)((seed * 31U) + (i * 7U));
    }
}

/* One message there and back. */
static void talk(uint32_t len, uint32_t seed)
{
    uint8_t data[AMP_BUFFER_SIZE];
    unsigned calls = seen.calls;

    fill(data, len, seed);
    CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, data, len), 0);
    settle(false);
    CHECK_EQ(seen.calls, calls + 1U);
    CHECK_EQ(seen.len, len);
    CHECK_EQ(memcmp(seen.data, data, len), 0);
}

static void starts_in_either_order(void)
{
    static const uint8_t contents[] = {0x00, 0xEE, 0xFF};

    for (unsigned i = 0; i < (2U * sizeof(contents)); i++) {
        power_up();
        memset(port_shm, contents[i / 2U], sizeof(port_shm));
        if ((i % 2U) == 0U) {
            start_driver();
            settle(true); /* the other one is an earlier life of nobody */
            CHECK(!rpmsg_up(&driver.rp));
            start_device();
            CHECK(!rpmsg_up(&device.rp));
        } else {
            start_device();
            CHECK_EQ(peer_poll(&device), AMP_EPIPE);
            CHECK(!rpmsg_up(&device.rp));
            start_driver();
        }
        settle(false); /* by kicks alone */
        CHECK(linked());
        CHECK_EQ(announcements, 1);
        CHECK_EQ(announced.addr, ECHO_ADDR);
        CHECK_EQ(announced.flags, RPMSG_NS_CREATE);
        CHECK(strcmp(announced.name, "echo") == 0);
        talk(5U, i);
    }
    /* The host is another one. */
    CHECK_EQ(port_kicks[0] + port_kicks[1], 0);
}

/* By literal offsets: another build of it is on the other side. */
static void layout_of_the_memory(void)
{
    connect();
    CHECK_EQ(sizeof(struct peer_shm), 992 + (32 * 512));
    CHECK_EQ(shm()->driver.own, 0xEEEEEEEFU); /* the one after what was there */
    CHECK_EQ(*(uint32_t *)(void *)&port_shm[0], shm()->driver.own);
    CHECK_EQ(*(uint32_t *)(void *)&port_shm[4], shm()->device.own);
    CHECK_EQ(*(uint32_t *)(void *)&port_shm[8], 0xEEEEEEEFU);
    CHECK_EQ(*(uint32_t *)(void *)&port_shm[12], shm()->driver.own);
    CHECK_EQ(*(uint32_t *)(void *)&port_shm[16], 3); /* RSC_VDEV */
    CHECK_EQ(port_shm[40], 7);                       /* status */
    CHECK_EQ(*(uint32_t *)(void *)&port_shm[44], AMP_SHM_BASE + 96U);
    CHECK_EQ(*(uint32_t *)(void *)&port_shm[64], AMP_SHM_BASE + 544U);
    /* What the device receives is in the second half of the buffers. */
    CHECK_EQ(shm()->ring[0].desc[0].addr, AMP_SHM_BASE + 992U);
    CHECK_EQ(shm()->ring[0].desc[0].flags, 2);
    CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, "abc", 3U), 0);
    CHECK_EQ(shm()->ring[1].desc[0].addr, AMP_SHM_BASE + 992U + 8192U);
    CHECK_EQ(shm()->ring[1].desc[0].flags, 0);
    CHECK_EQ(shm()->ring[1].desc[0].len, 19);
}

static void only_memory_that_fits_is_taken(void)
{
    static uint8_t before[AMP_SHM_SIZE];
    uint32_t size = (uint32_t)sizeof(struct peer_shm);

    power_up();
    memcpy(before, port_shm, sizeof(before));
    CHECK_EQ(peer_init(&driver, PEER_DRIVER, AMP_SHM_BASE, size - 1U),
             AMP_EINVAL);
    CHECK_EQ(peer_init(&driver, PEER_DRIVER, AMP_SHM_BASE + 8U, size),
             AMP_EINVAL);
    CHECK_EQ(peer_init(&driver, PEER_DRIVER, RSC_ADDR_ANY, 0U), AMP_EINVAL);
    CHECK_EQ(memcmp(before, port_shm, sizeof(before)), 0);
    CHECK_EQ(port_peer_kicks, 0);
    CHECK_EQ(peer_init(&driver, PEER_DRIVER, AMP_SHM_BASE, size), 0);
}

static void every_size_both_ways(void)
{
    uint8_t data[AMP_BUFFER_SIZE] = {0};

    connect();
    for (uint32_t len = 0; len <= PAYLOAD; len++) {
        talk(len, len);
    }
    CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, data, PAYLOAD + 1U), AMP_EMSGSIZE);
    CHECK_EQ(rpmsg_send(&service, 7U, data, PAYLOAD + 1U), AMP_EMSGSIZE);
}

static void indices_wrap(void)
{
    uint8_t data[32];
    uint32_t sent = 0U;

    connect();
    for (uint32_t got = 0U; got < 200000U;) {
        uint32_t burst = 1U + ((sent / 3U) % AMP_VRING_NUM);

        for (uint32_t i = 0; i < burst; i++) {
            fill(data, sent % 32U, sent);
            CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, data, sent % 32U), 0);
            sent++;
        }
        settle(false);
        got += burst;
        CHECK_EQ(seen.calls, got);
        fill(data, (got - 1U) % 32U, got - 1U);
        CHECK_EQ(seen.len, (got - 1U) % 32U);
        CHECK_EQ(memcmp(seen.data, data, seen.len), 0);
    }
    CHECK_EQ(driver.rp.drops + driver.rp.faults, 0);
    CHECK_EQ(device.rp.drops + device.rp.faults, 0);
}

static void buffers_run_out_and_come_back(void)
{
    struct rpmsg_buf buf[AMP_VRING_NUM], more;

    connect();
    /* The driver's: all of them are its own at first. */
    for (unsigned i = 0; i < AMP_VRING_NUM; i++) {
        CHECK_EQ(rpmsg_get(&driver.rp, &buf[i]), 0);
        CHECK_EQ(buf[i].len, PAYLOAD);
        memset(buf[i].data, (int)i, buf[i].len);
    }
    CHECK_EQ(rpmsg_get(&driver.rp, &more), AMP_EAGAIN);
    CHECK_EQ(rpmsg_cancel(&driver.rp, &buf[3]), 0);
    CHECK_EQ(rpmsg_get(&driver.rp, &buf[3]), 0);
    for (unsigned i = 0; i < AMP_VRING_NUM; i++) {
        CHECK_EQ(rpmsg_send_buf(&ept, &buf[i], ECHO_ADDR, 1U + i), 0);
    }
    CHECK_EQ(rpmsg_get(&driver.rp, &more), AMP_EAGAIN);
    settle(false); /* it has asked to be told */
    CHECK_EQ(seen.calls, AMP_VRING_NUM);
    CHECK_EQ(rpmsg_get(&driver.rp, &more), 0);
    CHECK_EQ(rpmsg_cancel(&driver.rp, &more), 0);
    /* The device's, while the driver does not look. */
    for (unsigned i = 0; i < AMP_VRING_NUM; i++) {
        CHECK_EQ(rpmsg_send(&service, 7U, &i, sizeof(i)), 0);
    }
    CHECK_EQ(rpmsg_send(&service, 7U, "x", 1U), AMP_EAGAIN);
    port_peer_kicks = 0U;
    CHECK_EQ(peer_poll(&driver), AMP_VRING_NUM);
    CHECK(port_peer_kicks > 0U); /* it wanted to know */
    CHECK_EQ(rpmsg_send(&service, 7U, "x", 1U), 0);
}

static void a_full_ring_is_echoed_again_and_again(void)
{
    uint32_t sent = 0U;

    connect();
    /* The echo finds no buffer now and then, and asks for the message again. */
    while (seen.calls < 5000U) {
        while ((sent < 5000U) &&
               (rpmsg_send(&ept, ECHO_ADDR, &sent, sizeof(sent)) == 0)) {
            sent++;
        }
        if (peer_poll(&device) > 0) {
            continue;
        }
        while (peer_poll(&driver) > 0) {
        }
    }
    CHECK_EQ(seen.calls, 5000);
    CHECK_EQ(driver.rp.faults + device.rp.faults, 0);
}

static void received_buffers_can_be_held_and_asked_for_again(void)
{
    struct rpmsg_buf held;

    connect();
    verdict = RPMSG_HOLD;
    talk(9U, 1U);
    held = seen.buf;
    verdict = RPMSG_RETRY;
    CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, "y", 1U), 0);
    settle(false);
    CHECK_EQ(seen.calls, 2);
    verdict = RPMSG_DONE;
    CHECK_EQ(peer_poll(&driver), 1);
    CHECK_EQ(seen.calls, 3);
    CHECK_EQ(seen.data[0], 'y');
    CHECK_EQ(rpmsg_release(&driver.rp, &held), 0);
    CHECK_EQ(rpmsg_release(&driver.rp, &held), AMP_EINVAL);
    for (unsigned i = 0; i < (3U * AMP_VRING_NUM); i++) {
        talk(i, i);
    }
}

/* Not a word is written to rings or buffers, as the other one may have them. */
static uint8_t old_rings[AMP_SHM_SIZE];

static void check_rings_untouched(void)
{
    size_t at = offsetof(struct peer_shm, ring);

    CHECK_EQ(
        memcmp(&old_rings[at], &port_shm[at], sizeof(struct peer_shm) - at), 0);
}

static void the_driver_waits_until_the_device_has_let_go(void)
{
    connect();
    talk(3U, 1U);
    start_driver(); /* again, while the device knows nothing */
    memcpy(old_rings, port_shm, sizeof(old_rings));
    for (unsigned i = 0; i < 3U; i++) {
        CHECK_EQ(peer_poll(&driver), AMP_EPIPE);
        CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, "x", 1U), AMP_EPIPE);
        check_rings_untouched();
    }
    /* The device may still use what it has. */
    CHECK_EQ(rpmsg_send(&service, 7U, "late", 4U), 0);
    memcpy(old_rings, port_shm, sizeof(old_rings));
    CHECK_EQ(peer_poll(&device), AMP_EPIPE);
    CHECK_EQ(rpmsg_send(&service, 7U, "x", 1U), AMP_EPIPE);
    check_rings_untouched();
    settle(false);
    CHECK(linked());
    CHECK_EQ(seen.calls, 1); /* what was late is gone */
    CHECK_EQ(announcements, 2);
    talk(4U, 2U);
}

static void either_starts_again_at_any_time(void)
{
    connect();
    for (unsigned i = 0; i < 200U; i++) {
        uint8_t gen[2] = {driver.rp.gen, device.rp.gen};

        /* Something is on its way. */
        for (unsigned n = 0; n < (i % 7U); n++) {
            CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, &n, sizeof(n)), 0);
        }
        if ((i % 3U) == 0U) {
            (void)peer_poll(&device);
        }
        if ((i & 1U) != 0U) {
            start_driver();
        } else {
            start_device();
        }
        if ((i & 2U) != 0U) {
            /* Both at once. */
            start_device();
            start_driver();
        }
        settle((i & 4U) != 0U);
        CHECK(linked());
        CHECK(((i & 3U) == 1U) || ((i & 2U) != 0U) ||
              (driver.rp.gen != gen[0]));
        CHECK(((i & 3U) == 0U) || ((i & 2U) != 0U) ||
              (device.rp.gen != gen[1]));
        CHECK_EQ(announcements, 2U + i);
        talk(i % 100U, i);
        CHECK_EQ(driver.rp.faults + device.rp.faults, 0);
    }
}

/* A driver that starts again at each barrier of the device's poll, and the
 * other way round: whatever was read before, the link comes up. */
static unsigned barriers_left;

static void start_driver_here(void)
{
    if ((barriers_left > 0U) && (--barriers_left == 0U)) {
        port_on_barrier = NULL;
        start_driver();
    }
}

static void start_device_here(void)
{
    if ((barriers_left > 0U) && (--barriers_left == 0U)) {
        port_on_barrier = NULL;
        start_device();
    }
}

static void one_starts_again_within_a_step_of_the_other(void)
{
    for (unsigned which = 0; which < 2U; which++) {
        struct peer *runs = (which == 0U) ? &device : &driver;
        unsigned n = 0U;

        do {
            connect();
            start_device();
            barriers_left = ++n;
            /* Through the reset, and through some messages. */
            for (unsigned i = 0; (i < 6U) && (barriers_left > 0U); i++) {
                port_on_barrier =
                    (which == 0U) ? start_driver_here : start_device_here;
                (void)peer_poll(runs);
                port_on_barrier = NULL;
                if (barriers_left > 0U) {
                    settle(false);
                    (void)rpmsg_send(&ept, ECHO_ADDR, "x", 1U);
                }
            }
            settle(true);
            CHECK(linked());
            talk(10U, n);
        } while (barriers_left == 0U);
        CHECK(n > 6U);
    }
}

/* The other one, which is another core with locks of its own, looks at some
 * barrier: what it sees there is whole. */
static struct peer *looks;

static void look_here(void)
{
    void (*hook)(void) = port_on_barrier;
    unsigned locked = port_locked;

    if ((barriers_left > 0U) && (--barriers_left == 0U)) {
        port_on_barrier = NULL;
        port_locked = 0U;
        while (peer_poll(looks) > 0) {
        }
        port_locked = locked;
        port_on_barrier = hook;
    }
}

static void what_is_told_is_there(void)
{
    for (unsigned which = 0; which < 2U; which++) {
        unsigned n = 0U;

        do {
            power_up();
            start_driver();
            start_device();
            looks = (which == 0U) ? &device : &driver;
            barriers_left = ++n;
            for (unsigned i = 0; i < 40U; i++) {
                port_on_barrier = look_here;
                (void)peer_poll((which == 0U) ? &driver : &device);
                port_on_barrier = NULL;
                settle(true);
                CHECK(linked());
                (void)rpmsg_send(&ept, ECHO_ADDR, &i, sizeof(i));
            }
            settle(true);
            CHECK_EQ(seen.calls, 40);
            /* One link, and nothing wrong with it. */
            CHECK_EQ(driver.rp.gen, 1);
            CHECK_EQ(device.rp.gen, 1);
            CHECK_EQ(driver.rp.faults + device.rp.faults, 0);
            CHECK_EQ(driver.rp.drops + device.rp.drops, 0);
        } while (barriers_left == 0U);
        CHECK(n > 20U);
    }
}

/* Shared memory at the last barrier: what the device sees for sure. */
static uint8_t surely[AMP_SHM_SIZE];
static unsigned covered;

static bool sees(const volatile void *from, size_t len)
{
    const uint8_t *now = (const uint8_t *)(uintptr_t)from;

    return memcmp(now, &surely[now - port_shm], len) == 0;
}

/* Whatever an available index covers was there at the barrier before. */
static void look_at_avail(void)
{
    struct peer_shm *before = (struct peer_shm *)(void *)surely;

    for (unsigned q = 0; q < 2U; q++) {
        struct virtq_ring *ring = &shm()->ring[q];

        for (uint16_t i = before->ring[q].avail.idx; i != ring->avail.idx;
             i++) {
            uint16_t *entry = &ring->avail.ring[i % AMP_VRING_NUM];
            struct virtq_desc *desc = &ring->desc[*entry];

            CHECK(sees(entry, sizeof(*entry)));
            CHECK(sees(desc, sizeof(*desc)));
            CHECK(sees(amp_shm(desc->addr), desc->len));
            covered++;
        }
    }
    memcpy(surely, port_shm, sizeof(surely));
}

/* Nothing of a driver's life is known before its rings are there. */
static void look_at_life(void)
{
    struct peer_shm *before = (struct peer_shm *)(void *)surely;

    if ((shm()->driver.seen == shm()->device.own) &&
        (before->driver.seen != before->device.own)) {
        size_t at = offsetof(struct peer_shm, ring);

        CHECK(sees(&port_shm[at], sizeof(struct peer_shm) - at));
        CHECK(sees(&shm()->vdev.gfeatures, 4U));
        CHECK(sees(&shm()->vdev.vring, sizeof(shm()->vdev.vring)));
        covered++;
    }
    memcpy(surely, port_shm, sizeof(surely));
}

static void barriers_of_the_driver(void)
{
    power_up();
    start_driver();
    start_device();
    memcpy(surely, port_shm, sizeof(surely));
    covered = 0U;
    port_on_barrier = look_at_life;
    (void)peer_poll(&driver);
    CHECK_EQ(covered, 1);
    port_on_barrier = NULL;
    settle(true);
    memcpy(surely, port_shm, sizeof(surely));
    covered = 0U;
    for (unsigned i = 0; i < 3U; i++) {
        port_on_barrier = look_at_avail;
        CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, &i, sizeof(i)), 0);
        look_at_avail();
        port_on_barrier = NULL;
        (void)peer_poll(&device);
        memcpy(surely, port_shm, sizeof(surely));
        port_on_barrier = look_at_avail;
        CHECK_EQ(peer_poll(&driver), 1);
        look_at_avail();
        CHECK_EQ(covered, 2U * (i + 1U));
    }
    port_on_barrier = NULL;
}

/* A device that is not of this build is not driven. */
static void only_a_device_that_fits_is_driven(void)
{
    for (unsigned i = 0; i < 6U; i++) {
        power_up();
        start_driver();
        start_device();
        switch (i) {
        case 0:
            shm()->vdev.id = 3U;
            break;
        case 1:
            shm()->vdev.num_of_vrings = 3U;
            break;
        case 2:
            shm()->vdev.vring[0].num *= 2U;
            break;
        case 3:
            shm()->vdev.vring[1].align = 4096U;
            break;
        case 4:
            shm()->vdev.vring[1].num = 0U;
            break;
        default:
            shm()->vdev.vring[0].align = 0U;
            break;
        }
        settle(true);
        CHECK(!rpmsg_up(&driver.rp));
        CHECK_EQ(driver.rp.faults, 1);
        CHECK_EQ(peer_poll(&driver), AMP_EPIPE);
        CHECK_EQ(driver.rp.faults, 1);
        start_device();
        settle(false);
        CHECK(linked());
        talk(1U, i);
    }
}

/* Features are those that both have. */
static void features_are_negotiated(void)
{
    for (unsigned event = 0; event < 2U; event++) {
        power_up();
        start_driver();
        start_device();
        shm()->vdev.dfeatures = (event << VIRTIO_RING_F_EVENT_IDX) |
                                (1U << VIRTIO_RPMSG_F_NS) | 0x100U;
        settle(true);
        CHECK(linked());
        CHECK_EQ(shm()->vdev.gfeatures, shm()->vdev.dfeatures & ~0x100U);
        CHECK_EQ(driver.rp.rx.event, event);
        CHECK_EQ(driver.rp.tx.event, event);
        CHECK_EQ(device.rp.rx.event, event);
        for (unsigned i = 0; i < 100U; i++) {
            talk(i, i);
        }
    }
}

/* One kick for whatever comes while the other one has not looked. */
static void kicks_are_spared(void)
{
    connect();
    talk(1U, 1U); /* the index 0 that nobody asked for is met once */
    port_peer_kicks = 0U;
    for (unsigned i = 0; i < AMP_VRING_NUM; i++) {
        CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, "x", 1U), 0);
    }
    CHECK_EQ(port_peer_kicks, 1);
    CHECK_EQ(peer_poll(&device), AMP_VRING_NUM);
    CHECK_EQ(port_peer_kicks, 2);
}

/* What a device that has gone wrong can say in the used rings, and that it is
 * noticed, harms nobody, and passes. */
static void a_wrong_used_ring_ends_the_link_until_a_new_life(void)
{
    for (unsigned i = 0; i < 6U; i++) {
        volatile struct virtq_used *to_driver, *to_device;
        uint16_t at;

        connect();
        talk(1U, i);
        to_driver = &shm()->ring[0].used;
        to_device = &shm()->ring[1].used;
        at = to_driver->idx;
        switch (i) {
        case 0: /* more than there are */
            to_driver->idx = (uint16_t)(at + AMP_VRING_NUM + 1U);
            break;
        case 1: /* backwards */
            to_driver->idx = (uint16_t)(at - 1U);
            break;
        case 2: /* no such buffer */
            to_driver->ring[at % AMP_VRING_NUM].id = AMP_VRING_NUM;
            to_driver->ring[at % AMP_VRING_NUM].len = 20U;
            to_driver->idx = (uint16_t)(at + 1U);
            break;
        case 3: /* longer than its buffer */
            to_driver->ring[at % AMP_VRING_NUM].id =
                shm()->ring[0].avail.ring[at % AMP_VRING_NUM];
            to_driver->ring[at % AMP_VRING_NUM].len = AMP_BUFFER_SIZE + 1U;
            to_driver->idx = (uint16_t)(at + 1U);
            break;
        case 4: /* shorter than a header */
            to_driver->ring[at % AMP_VRING_NUM].id =
                shm()->ring[0].avail.ring[at % AMP_VRING_NUM];
            to_driver->ring[at % AMP_VRING_NUM].len = RPMSG_HDR_SIZE - 1U;
            to_driver->idx = (uint16_t)(at + 1U);
            break;
        default: { /* a send buffer that it does not have */
            struct rpmsg_buf buf[AMP_VRING_NUM], more;
            unsigned n = 0U;

            /* Take what is free, so that the used ring is looked at. */
            while ((n < AMP_VRING_NUM) &&
                   (rpmsg_get(&driver.rp, &buf[n]) == 0)) {
                n++;
            }
            CHECK_EQ(n, AMP_VRING_NUM);
            at = to_device->idx;
            to_device->ring[at % AMP_VRING_NUM].id = buf[0].id;
            to_device->idx = (uint16_t)(at + 1U);
            CHECK_EQ(rpmsg_get(&driver.rp, &more), AMP_EPROTO);
            break;
        }
        }
        CHECK_EQ(peer_poll(&driver), AMP_EPROTO);
        CHECK_EQ(driver.rp.faults, 1);
        CHECK_EQ(seen.calls, 1);
        CHECK(!rpmsg_up(&driver.rp));
        settle(false);
        CHECK(linked());
        talk(2U, i);
    }
}

/* A queue by itself: what the device says is checked against what it has. */
static void the_queue_knows_what_the_device_has(void)
{
    struct virtq_ring *ring = &shm()->ring[0];
    struct virtq vq = {.shm_base = AMP_SHM_BASE,
                       .shm_size = AMP_SHM_SIZE,
                       .driver = true,
                       .to_driver = true,
                       .buffers = AMP_SHM_BASE + 992U};

    power_up();
    CHECK_EQ(virtq_open(&vq, AMP_SHM_BASE + 96U, false), 0);
    CHECK_EQ(virtq_peek(&vq), AMP_EAGAIN);
    for (unsigned i = 0; i < AMP_VRING_NUM; i++) {
        ring->used.ring[i].id = AMP_VRING_NUM - 1U - i;
        ring->used.ring[i].len = 20U;
    }
    /* One more than there are, though each entry is right. */
    ring->used.idx = AMP_VRING_NUM + 1U;
    CHECK_EQ(virtq_peek(&vq), AMP_EPROTO);
    ring->used.idx = AMP_VRING_NUM;
    CHECK_EQ(virtq_peek(&vq), AMP_VRING_NUM - 1U);
    /* The entry changes after it was looked at. */
    ring->used.ring[0].id = 3U;
    ring->used.ring[0].len = UINT32_MAX;
    CHECK(virtq_buffer(&vq, AMP_VRING_NUM - 1U, false, 16U,
                       &ring->used.ring[1].len) != NULL);
    CHECK_EQ(ring->used.ring[1].len, 20);
    virtq_take(&vq);
    CHECK_EQ(vq.own, 1U << (AMP_VRING_NUM - 1U));
    /* The same again. */
    ring->used.ring[1].id = AMP_VRING_NUM - 1U;
    CHECK_EQ(virtq_peek(&vq), AMP_EPROTO);
    ring->used.ring[1].id = 3U;
    CHECK_EQ(virtq_peek(&vq), 3);
}

/* The same buffer twice: the second time it is the driver's already. */
static void a_held_buffer_used_again_is_a_fault(void)
{
    volatile struct virtq_used *used;
    uint16_t at;

    connect();
    verdict = RPMSG_HOLD;
    talk(8U, 1U);
    used = &shm()->ring[0].used;
    at = used->idx;
    used->ring[at % AMP_VRING_NUM] =
        used->ring[(uint16_t)(at - 1U) % AMP_VRING_NUM];
    used->idx = (uint16_t)(at + 1U);
    CHECK_EQ(peer_poll(&driver), AMP_EPROTO);
    CHECK_EQ(seen.calls, 1);
    verdict = RPMSG_DONE;
    settle(false);
    CHECK_EQ(rpmsg_release(&driver.rp, &seen.buf), AMP_EPIPE);
    talk(2U, 2U);
}

/* Lengths in headers are the sender's word, not more. */
static void a_length_beyond_the_message_is_dropped(void)
{
    struct rpmsg_buf buf;

    connect();
    CHECK_EQ(rpmsg_get(&device.rp, &buf), 0);
    CHECK_EQ(rpmsg_send_buf(&service, &buf, 7U, 10U), 0);
    buf.data[-4] = 11U; /* the low byte of the length */
    CHECK_EQ(peer_poll(&driver), 1);
    CHECK_EQ(seen.calls, 0);
    CHECK_EQ(driver.rp.drops, 1);
    talk(2U, 2U);
}

/* The descriptors are the driver's, but the device can write there: the driver
 * does not look at them. */
static void the_driver_does_not_believe_descriptors(void)
{
    connect();
    for (unsigned q = 0; q < 2U; q++) {
        for (unsigned i = 0; i < AMP_VRING_NUM; i++) {
            shm()->ring[q].desc[i].addr += 0x123456789ULL;
            shm()->ring[q].desc[i].len = UINT32_MAX;
        }
    }
    /* Fresh ones, of which nothing of the old is left. */
    CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, "x", 1U), 0);
    CHECK_EQ(peer_poll(&device), 1);
    CHECK_EQ(peer_poll(&device), AMP_EPROTO); /* its own are spoiled */
    CHECK_EQ(driver.rp.faults, 0);
    settle(false);
    talk(2U, 2U);
}

/* What a driver that has gone wrong can say to the device. */
static void wrong_vrings_keep_the_device_down_until_a_new_life(void)
{
    static const uint32_t das[] = {0U, AMP_SHM_BASE + 8U,
                                   AMP_SHM_BASE - 0x1000U,
                                   AMP_SHM_BASE + AMP_SHM_SIZE, UINT32_MAX};

    for (unsigned i = 0; i < (sizeof(das) / sizeof(das[0])); i++) {
        connect();
        start_device();
        (void)peer_poll(&driver);
        shm()->vdev.vring[i % 2U].da = das[i];
        CHECK_EQ(peer_poll(&device), AMP_EPROTO);
        CHECK(!rpmsg_up(&device.rp));
        settle(false);
        CHECK(linked());
        talk(6U, i);
    }
}

/* Nothing that the other side writes anywhere makes this side leave its memory
 * or its senses; and when the other one has its senses again, both talk. */
static uint32_t lfsr;

static uint32_t any(uint32_t below)
{
    lfsr = (lfsr >> 1) ^ ((0U - (lfsr & 1U)) & 0xA3000000U);
    return lfsr % below;
}

static enum rpmsg_verdict whatever(struct rpmsg_ept *self,
                                   const struct rpmsg_buf *buf, uint32_t src)
{
    uint32_t sum = 0U;

    (void)src;
    CHECK((buf->data >= port_shm) &&
          ((buf->data + buf->len) <= (port_shm + AMP_SHM_SIZE)));
    for (uint32_t i = 0; i < buf->len; i++) {
        sum += buf->data[i];
    }
    (void)rpmsg_send(self, 7U, &sum, sizeof(sum));
    return RPMSG_DONE;
}

static void scribble(uint32_t times)
{
    /* Mostly where the structures are, with small changes and large ones. */
    for (uint32_t i = 0; i < times; i++) {
        uint32_t at = any((uint32_t)offsetof(struct peer_shm, buffer));

        port_shm[at] =
            (uint8_t)((any(2U) != 0U) ? any(256U) : (port_shm[at] + 1U));
    }
}

static void a_peer_that_scribbles_harms_nobody(void)
{
    lfsr = 0xACE1U;
    for (unsigned round = 0; round < 3000U; round++) {
        struct peer *self = ((round & 1U) != 0U) ? &driver : &device;

        connect();
        ept.cb = whatever;
        ns.cb = whatever;
        service.cb = whatever;
        for (unsigned i = 0; i < 20U; i++) {
            scribble(any(30U));
            (void)rpmsg_send(((round & 1U) != 0U) ? &ept : &service, 7U, "x",
                             1U);
            (void)peer_poll(self);
        }
        start_driver();
        start_device();
        settle(true);
        CHECK(linked());
        talk(7U, round);
    }
}

static void what_a_life_says(void)
{
    static const struct rsc_vdev offer = RSC_VDEV_ENTRY;
    const struct rsc_vdev *said = &shm()->vdev;

    power_up();
    start_driver();
    CHECK_EQ(shm()->driver.seen, 0); /* none */
    CHECK_EQ(said->status, 0);
    start_device();
    CHECK_EQ(shm()->device.seen, shm()->driver.own);
    CHECK_EQ(said->type, offer.type);
    CHECK_EQ(said->id, offer.id);
    CHECK_EQ(said->dfeatures, offer.dfeatures);
    CHECK_EQ(said->config_len, offer.config_len);
    CHECK_EQ(said->num_of_vrings, 2);
    settle(true);
    for (unsigned i = 0; i < 2U; i++) {
        CHECK_EQ(said->vring[i].align, offer.vring[i].align);
        CHECK_EQ(said->vring[i].num, offer.vring[i].num);
        CHECK_EQ(said->vring[i].notifyid, i);
    }
}

static void lives_are_counted_and_none_is_0(void)
{
    power_up();
    memset(port_shm, 0xFF, sizeof(port_shm));
    start_driver();
    CHECK_EQ(shm()->driver.own, 1);
    shm()->device.own = UINT32_MAX - 1U;
    start_device();
    CHECK_EQ(shm()->device.own, UINT32_MAX);
    settle(true);
    CHECK(linked());
    /* A device that has ended, whatever it has seen. */
    shm()->device.own = 0U;
    CHECK_EQ(shm()->device.seen, shm()->driver.own);
    CHECK_EQ(peer_poll(&driver), AMP_EPIPE);
    CHECK_EQ(shm()->driver.seen, UINT32_MAX);
}

static void a_device_without_driver_ok_has_no_link(void)
{
    connect();
    shm()->vdev.status = 3U;
    CHECK_EQ(peer_poll(&device), AMP_EPIPE);
    CHECK(!rpmsg_up(&device.rp));
    shm()->vdev.status = 7U;
    shm()->driver.seen++;
    CHECK_EQ(peer_poll(&device), AMP_EPIPE);
    CHECK(!rpmsg_up(&device.rp));
}

/*
 * As in test_barriers.c: another core may see what is written in any order,
 * except across a barrier. Shared memory at the last one, and which words have
 * told the other side of something since the test began.
 */
static struct peer_shm told;
static unsigned lives, links;
static uint8_t statuses[8], status_at_kick;

static void look_at_words(void)
{
    struct peer_shm now = *shm();

    statuses[now.vdev.status % 8U] = 1U;
    if ((now.driver.own != told.driver.own) ||
        (now.device.own != told.device.own)) {
        lives++;
        told.driver.own = now.driver.own;
        told.device.own = now.device.own;
        CHECK_EQ(memcmp(&now, &told, sizeof(now)), 0);
    } else if ((now.vdev.status == 7U) && (told.vdev.status != 7U)) {
        links++;
        told.vdev.status = 7U;
        told.driver.seen = now.driver.seen;
        CHECK_EQ(memcmp(&now, &told, sizeof(now)), 0);
    }
    told = now;
}

static void look_at_kick(void)
{
    CHECK_EQ(memcmp(&told, shm(), sizeof(told)), 0);
    status_at_kick = shm()->vdev.status;
}

static void what_is_told_was_there_at_the_barrier_before(void)
{
    power_up();
    memset(statuses, 0, sizeof(statuses));
    told = *shm();
    lives = 0U;
    links = 0U;
    port_on_barrier = look_at_words;
    port_on_peer_kick = look_at_kick;
    start_driver();
    start_device();
    CHECK_EQ(lives, 2);
    CHECK_EQ(peer_poll(&driver), 0);
    CHECK_EQ(links, 1);
    CHECK_EQ(status_at_kick, 7); /* a kick before that is of no use */
    CHECK((statuses[0] == 1U) && (statuses[3] == 1U) && (statuses[7] == 1U));
    settle(true);
    CHECK(linked());
}

/* The device lets go of the rings: what it wrote into a buffer comes before. */
static void look_at_seen(void)
{
    struct peer_shm now = *shm();

    if (now.device.seen != told.device.seen) {
        lives++;
        told.device.seen = now.device.seen;
        CHECK_EQ(memcmp(&now, &told, sizeof(now)), 0);
    }
    told = now;
}

static void nothing_is_written_after_letting_go(void)
{
    struct rpmsg_buf buf;

    connect();
    CHECK_EQ(rpmsg_get(&device.rp, &buf), 0);
    start_driver();
    told = *shm();
    lives = 0U;
    memset(buf.data, 0x5A, buf.len);
    port_on_barrier = look_at_seen;
    port_on_peer_kick = look_at_kick;
    CHECK_EQ(peer_poll(&device), AMP_EPIPE);
    CHECK_EQ(lives, 1);
}

/* What is told arrives first, all the rest with the barrier. */
static void the_rest_arrives(void)
{
    port_on_barrier = NULL;
    memcpy(shm(), &told, sizeof(told));
}

static void the_rest_is_read_after_the_barrier(void)
{
    power_up();
    start_driver();
    start_device();
    told = *shm();
    memset(&shm()->vdev, 0xEE, sizeof(shm()->vdev));
    shm()->device.seen = 0U;
    port_on_barrier = the_rest_arrives;
    CHECK_EQ(peer_poll(&driver), 0);
    CHECK_EQ(driver.rp.faults, 0);
    told = *shm();
    memset(shm()->vdev.vring, 0xEE, sizeof(shm()->vdev.vring));
    shm()->vdev.gfeatures = 0U;
    port_on_barrier = the_rest_arrives;
    CHECK_EQ(peer_poll(&device), 0);
    CHECK(linked());
    CHECK_EQ(device.rp.faults, 0);
}

/* The driver's half of a queue, by itself. */
static void only_a_ring_in_shared_memory_is_made(void)
{
    static const uint32_t bad[] = {AMP_SHM_BASE + 8U, AMP_SHM_BASE - 16U,
                                   AMP_SHM_BASE + AMP_SHM_SIZE - 16U,
                                   AMP_SHM_BASE + AMP_SHM_SIZE};

    connect();
    for (unsigned i = 0; i < (sizeof(bad) / sizeof(bad[0])); i++) {
        struct virtq vq = driver.rp.tx;

        memcpy(surely, port_shm, sizeof(surely));
        CHECK_EQ(virtq_open(&vq, bad[i], false), AMP_EPROTO);
        CHECK_EQ(memcmp(surely, port_shm, sizeof(surely)), 0);
    }
}

static void the_entry_arrives(void)
{
    uint16_t at = driver.rp.rx.used % AMP_VRING_NUM;

    port_on_barrier = NULL;
    shm()->ring[0].used.ring[at].id = 0U;
    shm()->ring[0].used.ring[at].len = 40U;
}

static void the_used_entry_is_read_after_the_index(void)
{
    uint16_t at;
    uint32_t len;

    connect();
    at = driver.rp.rx.used % AMP_VRING_NUM;
    shm()->ring[0].used.ring[at].id = 0xFFFFU;
    shm()->ring[0].used.ring[at].len = 0U;
    shm()->ring[0].used.idx++;
    port_on_barrier = the_entry_arrives;
    CHECK_EQ(virtq_peek(&driver.rp.rx), 0);
    CHECK(virtq_buffer(&driver.rp.rx, 0U, false, 16U, &len) != NULL);
    CHECK_EQ(len, 40);
}

/* The device asks for kicks once it has found nothing: its wish arrives at the
 * latest with the barrier that shows the index which it did not see. */
static uint16_t shown;

static void ask_for_a_kick(void)
{
    if (shm()->ring[1].avail.idx != shown) {
        shown = shm()->ring[1].avail.idx;
        shm()->ring[1].used.flags = 0U;
        shm()->ring[1].used.avail_event = (uint16_t)(shown - 1U);
    }
}

static void the_index_is_written_before_the_wish_is_read(void)
{
    connect();
    shown = shm()->ring[1].avail.idx;
    port_on_barrier = ask_for_a_kick;
    for (unsigned i = 1; i <= 5U; i++) {
        shm()->ring[1].used.flags = VIRTQ_USED_F_NO_NOTIFY;
        shm()->ring[1].used.avail_event = 0x7777U;
        port_peer_kicks = 0U;
        CHECK_EQ(rpmsg_send(&ept, ECHO_ADDR, "x", 1U), 0);
        CHECK_EQ(port_peer_kicks, 1);
    }
}

static void the_driver_says_whether_it_wants_kicks(void)
{
    struct virtq vq;

    connect();
    vq = driver.rp.rx;
    vq.event = false;
    virtq_want_kick(&vq, false);
    CHECK_EQ(shm()->ring[0].avail.flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
    virtq_want_kick(&vq, true);
    CHECK_EQ(shm()->ring[0].avail.flags, 0);
    vq.event = true;
    vq.used = 0x1234U;
    virtq_want_kick(&vq, true);
    CHECK_EQ(shm()->ring[0].avail.used_event, 0x1234);
    vq.used = 0x1235U;
    virtq_want_kick(&vq, false);
    CHECK_EQ(shm()->ring[0].avail.used_event, 0x1234);
}

/* The device sends just when it sees that the driver asks for a kick. */
static void send_when_asked(void)
{
    if (shm()->ring[0].avail.used_event == driver.rp.rx.used) {
        port_on_barrier = NULL;
        CHECK_EQ(rpmsg_send(&service, 7U, "x", 1U), 0);
    }
}

static void the_wish_is_written_before_the_index_is_read(void)
{
    connect();
    CHECK(driver.rp.rx.event);
    shm()->ring[0].avail.used_event = (uint16_t)(driver.rp.rx.used - 1U);
    CHECK_EQ(virtq_peek(&driver.rp.rx), AMP_EAGAIN);
    port_on_barrier = send_when_asked;
    virtq_want_kick(&driver.rp.rx, true);
    CHECK(virtq_peek(&driver.rp.rx) >= 0);
}

MAIN(TEST(starts_in_either_order), TEST(layout_of_the_memory),
     TEST(only_memory_that_fits_is_taken), TEST(every_size_both_ways),
     TEST(indices_wrap), TEST(buffers_run_out_and_come_back),
     TEST(a_full_ring_is_echoed_again_and_again),
     TEST(received_buffers_can_be_held_and_asked_for_again),
     TEST(the_driver_waits_until_the_device_has_let_go),
     TEST(either_starts_again_at_any_time),
     TEST(one_starts_again_within_a_step_of_the_other),
     TEST(what_is_told_is_there), TEST(barriers_of_the_driver),
     TEST(only_a_device_that_fits_is_driven), TEST(features_are_negotiated),
     TEST(kicks_are_spared),
     TEST(a_wrong_used_ring_ends_the_link_until_a_new_life),
     TEST(the_queue_knows_what_the_device_has),
     TEST(a_held_buffer_used_again_is_a_fault),
     TEST(a_length_beyond_the_message_is_dropped),
     TEST(the_driver_does_not_believe_descriptors),
     TEST(wrong_vrings_keep_the_device_down_until_a_new_life),
     TEST(a_peer_that_scribbles_harms_nobody), TEST(what_a_life_says),
     TEST(lives_are_counted_and_none_is_0),
     TEST(a_device_without_driver_ok_has_no_link),
     TEST(what_is_told_was_there_at_the_barrier_before),
     TEST(nothing_is_written_after_letting_go),
     TEST(the_rest_is_read_after_the_barrier),
     TEST(only_a_ring_in_shared_memory_is_made),
     TEST(the_used_entry_is_read_after_the_index),
     TEST(the_index_is_written_before_the_wish_is_read),
     TEST(the_driver_says_whether_it_wants_kicks),
     TEST(the_wish_is_written_before_the_index_is_read))
