/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "rpmsg.h"

#include <string.h>

#include "check.h"
#include "host.h"
#include "port.h"

static volatile struct rsc_vdev vdev;
static struct rpmsg rp;
static struct host host;

/* What the callback of the tests does, and what it has seen. */
static enum rpmsg_verdict verdict;
static struct {
    unsigned calls;
    uint32_t src;
    uint16_t len;
    uint8_t data[HOST_BUF];
    struct rpmsg_buf buf;
} seen;

static enum rpmsg_verdict look(struct rpmsg_ept *ept,
                               const struct rpmsg_buf *buf, uint32_t src)
{
    CHECK(ept->rp == &rp);
    CHECK_EQ(port_locked, 0);
    /* While this side is looking anyway, the host need not kick. */
    CHECK_EQ(*host_used_flags(1), rp.rx.event ? 0 : 1);
    seen.calls++;
    seen.src = src;
    seen.len = buf->len;
    memcpy(seen.data, buf->data, buf->len);
    seen.buf = *buf;
    return verdict;
}

static enum rpmsg_verdict echo(struct rpmsg_ept *ept,
                               const struct rpmsg_buf *buf, uint32_t src)
{
    struct rpmsg_buf out;

    if (rpmsg_get(&rp, &out) != 0) {
        return RPMSG_RETRY;
    }
    memcpy(out.data, buf->data, buf->len);
    CHECK_EQ(rpmsg_send_buf(ept, &out, src, buf->len), 0);
    return RPMSG_DONE;
}

static struct rpmsg_ept ept;

/* A core that has just started, the host not yet there. */
static void boot(rpmsg_cb cb)
{
    static const struct rsc_vdev image = RSC_VDEV_ENTRY;

    memset(port_shm, 0xEE, sizeof(port_shm));
    memcpy((void *)&vdev, &image, sizeof(image));
    host_load(&host, &vdev);
    memset(port_kicks, 0, sizeof(port_kicks));
    memset(&seen, 0, sizeof(seen));
    verdict = RPMSG_DONE;
    port_on_barrier = NULL;
    port_on_lock = NULL;
    rpmsg_init(&rp, &vdev);
    ept = (struct rpmsg_ept){.addr = 7U, .cb = cb};
    CHECK_EQ(rpmsg_create(&rp, &ept), 0);
}

static void boot_and_probe(rpmsg_cb cb)
{
    boot(cb);
    host_probe(&host);
    CHECK_EQ(rpmsg_poll(&rp), 0);
}

static void fill(uint8_t *data, uint32_t len, uint32_t seed)
{
    for (uint32_t i = 0; i < len; i++) {
        data[i] = (uint8_t)((seed * 31U) + (i * 7U));
    }
}

static void expect_ns(const char *name, uint32_t addr, uint32_t flags)
{
    struct host_msg msg;
    char text[32] = {0};
    uint32_t word[2];

    CHECK(host_recv(&host, &msg));
    CHECK_EQ(msg.dst, 53);
    CHECK_EQ(msg.len, 40);
    memcpy(text, name, strlen(name));
    CHECK_EQ(memcmp(msg.data, text, 32), 0);
    memcpy(word, &msg.data[32], 8);
    CHECK_EQ(word[0], addr);
    CHECK_EQ(word[1], flags);
}

static void nothing_is_touched_before_driver_ok(void)
{
    static uint8_t before[AMP_SHM_SIZE];
    struct rpmsg_buf buf;

    boot(look);
    memcpy(before, port_shm, sizeof(before));
    for (unsigned status = 0; status < 256U; status++) {
        if ((status & 4U) == 0U) {
            vdev.status = (uint8_t)status;
            CHECK(!rpmsg_up(&rp));
            CHECK_EQ(rpmsg_poll(&rp), AMP_EPIPE);
            CHECK_EQ(rpmsg_get(&rp, &buf), AMP_EPIPE);
            CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), AMP_EPIPE);
        }
    }
    CHECK_EQ(memcmp(before, port_shm, sizeof(before)), 0);
    CHECK_EQ(port_kicks[0] + port_kicks[1], 0);
}

static void endpoints_are_announced_when_the_host_comes(void)
{
    static struct rpmsg_ept tty[3];
    static struct rpmsg_ept longest = {
        .name = "a-name-of-thirty-one-characters", .addr = 9U, .cb = look};
    struct host_msg msg;

    boot(look);
    for (unsigned i = 0; i < 3U; i++) {
        tty[i] = (struct rpmsg_ept){
            .name = "rpmsg-tty", .addr = RPMSG_ADDR_ANY, .cb = look};
        CHECK_EQ(rpmsg_create(&rp, &tty[i]), 0);
        CHECK_EQ(tty[i].addr, 1024U + i);
    }
    CHECK_EQ(rpmsg_create(&rp, &longest), 0);
    host_probe(&host);
    CHECK_EQ(rpmsg_poll(&rp), 0);
    for (unsigned i = 0; i < 3U; i++) {
        expect_ns("rpmsg-tty", 1024U + i, 0U);
    }
    expect_ns(longest.name, 9U, 0U);
    CHECK(!host_recv(&host, &msg)); /* ept has no name */
    CHECK_EQ(rpmsg_poll(&rp), 0);
    CHECK(!host_recv(&host, &msg)); /* once is enough */
}

static void no_name_service_unless_negotiated(void)
{
    static struct rpmsg_ept named = {.name = "x", .addr = 9U, .cb = look};
    struct host_msg msg;

    boot(look);
    host_probe(&host);
    vdev.gfeatures = ~1U;
    CHECK_EQ(rpmsg_create(&rp, &named), 0);
    CHECK_EQ(rpmsg_poll(&rp), 0);
    CHECK_EQ(rpmsg_destroy(&named), 0);
    CHECK(!host_recv(&host, &msg));
}

static void every_size_both_ways(void)
{
    uint8_t data[HOST_BUF];
    struct host_msg msg;

    boot_and_probe(echo);
    for (uint32_t len = 0; len <= (HOST_BUF - 16U); len++) {
        fill(data, len, len);
        CHECK(host_send(&host, 1024U + len, 7U, data, len));
        CHECK_EQ(rpmsg_poll(&rp), 1);
        CHECK(host_recv(&host, &msg));
        CHECK_EQ(msg.src, 7);
        CHECK_EQ(msg.dst, 1024U + len);
        CHECK_EQ(msg.len, len);
        CHECK_EQ(memcmp(msg.data, data, len), 0);
    }
    memset(data, 1, sizeof(data));
    CHECK_EQ(rpmsg_send(&ept, 1U, data, HOST_BUF - 15U), AMP_EMSGSIZE);
    CHECK_EQ(rpmsg_send(&ept, 1U, data, UINT32_MAX), AMP_EMSGSIZE);
    CHECK_EQ(rp.taken, 0);
    CHECK_EQ(rpmsg_send(&ept, 1U, data, HOST_BUF - 16U), 0);
    CHECK(host_recv(&host, &msg));
    CHECK_EQ(msg.len, HOST_BUF - 16U);
}

static void indices_wrap(void)
{
    uint8_t data[HOST_BUF];
    struct host_msg msg;
    uint32_t sent = 0, got = 0;

    boot_and_probe(echo);
    while (got < 200000U) {
        /* Bursts of 1 to 16: what is in flight varies. */
        uint32_t burst = 1U + ((sent / 3U) % HOST_NUM);

        for (uint32_t i = 0; i < burst; i++) {
            fill(data, sent % 32U, sent);
            CHECK(host_send(&host, 1024U, 7U, data, sent % 32U));
            sent++;
        }
        CHECK_EQ(rpmsg_poll(&rp), burst);
        for (uint32_t i = 0; i < burst; i++) {
            CHECK(host_recv(&host, &msg));
            fill(data, got % 32U, got);
            CHECK_EQ(msg.len, got % 32U);
            CHECK_EQ(memcmp(msg.data, data, msg.len), 0);
            got++;
        }
        CHECK(!host_recv(&host, &msg));
    }
    CHECK_EQ(rp.drops + rp.faults, 0);
}

static void endpoints_come_and_go(void)
{
    static struct rpmsg_ept a, b;
    struct rpmsg_buf buf[HOST_NUM];
    struct host_msg msg;

    boot_and_probe(look);
    for (unsigned i = 0; i < 500U; i++) {
        a = (struct rpmsg_ept){.name = "a", .addr = RPMSG_ADDR_ANY, .cb = look};
        CHECK_EQ(rpmsg_create(&rp, &a), 0);
        CHECK_EQ(a.addr, 1024);
        expect_ns("a", 1024U, 0U);
        CHECK(host_send(&host, 1U, 1024U, "hi", 2U));
        CHECK_EQ(rpmsg_poll(&rp), 1);
        CHECK_EQ(seen.calls, i + 1U);
        CHECK_EQ(rpmsg_destroy(&a), 0);
        expect_ns("a", 1024U, 1U);
        CHECK(host_send(&host, 1U, 1024U, "hi", 2U));
        CHECK_EQ(rpmsg_poll(&rp), 1);
        CHECK_EQ(seen.calls, i + 1U);
        CHECK_EQ(rp.drops, i + 1U);
    }
    CHECK_EQ(rpmsg_destroy(&a), AMP_EINVAL);
    a = (struct rpmsg_ept){.name = "a", .addr = 7U, .cb = look};
    CHECK_EQ(rpmsg_create(&rp, &a), AMP_EADDRINUSE);
    a.addr = 8U;
    a.cb = NULL;
    CHECK_EQ(rpmsg_create(&rp, &a), AMP_EINVAL);
    a.cb = look;
    a.name = "a-name-of-thirty-two-characters!";
    CHECK_EQ(rpmsg_create(&rp, &a), AMP_EINVAL);
    /* Without a buffer, an announcement waits... */
    for (unsigned i = 0; i < HOST_NUM; i++) {
        CHECK_EQ(rpmsg_get(&rp, &buf[i]), 0);
    }
    b = (struct rpmsg_ept){.name = "b", .addr = 9U, .cb = look};
    CHECK_EQ(rpmsg_create(&rp, &b), 0);
    CHECK(!host_recv(&host, &msg));
    CHECK_EQ(rpmsg_cancel(&rp, &buf[3]), 0);
    CHECK_EQ(rpmsg_poll(&rp), 0);
    expect_ns("b", 9U, 0U);
    /* ...and so does a withdrawal. The host has returned one buffer. */
    CHECK_EQ(rpmsg_get(&rp, &buf[3]), 0);
    CHECK_EQ(rpmsg_destroy(&b), AMP_EAGAIN);
    CHECK(host_send(&host, 1U, 9U, "hi", 2U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(seen.calls, 501);
    CHECK_EQ(rpmsg_cancel(&rp, &buf[0]), 0);
    CHECK_EQ(rpmsg_destroy(&b), 0);
    expect_ns("b", 9U, 1U);
    /* Gone in the middle of the list, while the host is away. */
    host_remove(&host);
    a = (struct rpmsg_ept){.addr = 10U, .cb = look};
    b = (struct rpmsg_ept){.addr = 11U, .cb = look};
    CHECK_EQ(rpmsg_create(&rp, &a), 0);
    CHECK_EQ(rpmsg_create(&rp, &b), 0);
    CHECK_EQ(rpmsg_destroy(&a), 0);
    CHECK(rp.epts == &ept && ept.next == &b && b.next == NULL);
    /* As it was left: its place in the list is a new one all the same. */
    CHECK_EQ(rpmsg_create(&rp, &a), 0);
    CHECK_EQ(rpmsg_destroy(&b), 0);
    CHECK_EQ(rpmsg_create(&rp, &b), 0);
    CHECK(rp.epts == &ept && ept.next == &a && a.next == &b && b.next == NULL);
    CHECK_EQ(rpmsg_destroy(&a), 0);
    a = b; /* a copy is not what was created */
    CHECK_EQ(rpmsg_destroy(&a), AMP_EINVAL);
    CHECK(rp.epts == &ept && ept.next == &b && b.next == NULL);
    /* A link that breaks over the withdrawal does not keep it. */
    boot_and_probe(look);
    a = (struct rpmsg_ept){.name = "a", .addr = 8U, .cb = look};
    CHECK_EQ(rpmsg_create(&rp, &a), 0);
    *host_desc_flags(0U, 1U) = 0U;
    CHECK_EQ(rpmsg_destroy(&a), 0);
    CHECK(rp.epts == &ept && ept.next == NULL);
    CHECK_EQ(rp.faults, 1);
}

static void received_buffers_can_be_held(void)
{
    struct rpmsg_buf held[HOST_NUM];

    boot_and_probe(look);
    verdict = RPMSG_HOLD;
    for (unsigned i = 0; i < HOST_NUM; i++) {
        CHECK(host_send(&host, 1U, 7U, &i, sizeof(i)));
        CHECK_EQ(rpmsg_poll(&rp), 1);
        held[i] = seen.buf;
    }
    CHECK(!host_send(&host, 1U, 7U, "x", 1U));
    /* Back in any order, with their contents untouched meanwhile. */
    for (unsigned i = 0; i < HOST_NUM; i++) {
        unsigned pick = (i * 5U) % HOST_NUM;

        CHECK_EQ(memcmp(held[pick].data, &pick, sizeof(pick)), 0);
        CHECK_EQ(rpmsg_release(&rp, &held[pick]), 0);
        CHECK_EQ(rpmsg_release(&rp, &held[pick]), AMP_EINVAL);
        CHECK_EQ(*host_used_idx(1U), i + 1U);
    }
    verdict = RPMSG_DONE;
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(rpmsg_release(&rp, &seen.buf), AMP_EINVAL);
    /* A buffer of a link that is gone. */
    verdict = RPMSG_HOLD;
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    host_remove(&host);
    CHECK_EQ(rpmsg_release(&rp, &seen.buf), AMP_EPIPE);
    host_probe(&host);
    CHECK_EQ(rpmsg_release(&rp, &seen.buf), AMP_EPIPE);
    CHECK_EQ(*host_used_idx(1U), 0);
}

static void send_buffers_run_out_and_come_back(void)
{
    struct rpmsg_buf buf[HOST_NUM + 1U];
    struct host_msg msg;

    boot_and_probe(look);
    CHECK_EQ(*host_used_flags(0U), 1); /* no kicks for returned buffers */
    for (unsigned i = 0; i < HOST_NUM; i++) {
        CHECK_EQ(rpmsg_get(&rp, &buf[i]), 0);
        CHECK_EQ(buf[i].len, 496);
    }
    CHECK_EQ(rpmsg_get(&rp, &buf[HOST_NUM]), AMP_EAGAIN);
    CHECK_EQ(*host_used_flags(0U), 0); /* but now they are wanted */
    CHECK_EQ(rpmsg_send_buf(&ept, &buf[5], 1U, 497U), AMP_EMSGSIZE);
    CHECK_EQ(rpmsg_send_buf(&ept, &buf[5], 1U, 10U), 0);
    CHECK_EQ(rpmsg_send_buf(&ept, &buf[5], 1U, 10U), AMP_EINVAL);
    CHECK_EQ(rpmsg_cancel(&rp, &buf[5]), AMP_EINVAL);
    host.notified[0] = 0U;
    CHECK(host_recv(&host, &msg));
    CHECK_EQ(host.notified[0], 1);
    CHECK_EQ(rpmsg_get(&rp, &buf[5]), 0);
    CHECK_EQ(*host_used_flags(0U), 1);
    /* Cancelled buffers are the first to be used again. */
    CHECK_EQ(rpmsg_cancel(&rp, &buf[9]), 0);
    CHECK_EQ(rpmsg_cancel(&rp, &buf[2]), 0);
    CHECK_EQ(rpmsg_cancel(&rp, &buf[2]), AMP_EINVAL);
    CHECK_EQ(rpmsg_get(&rp, &buf[HOST_NUM]), 0);
    CHECK_EQ(buf[HOST_NUM].id, buf[2].id);
    CHECK(buf[HOST_NUM].data == buf[2].data);
    CHECK_EQ(rpmsg_send(&ept, 1U, "abc", 3U), 0);
    CHECK(host_recv(&host, &msg));
    CHECK_EQ(memcmp(msg.data, "abc", 3), 0);
    /* Stale after the link went. */
    CHECK_EQ(rpmsg_cancel(&rp, &buf[7]), 0);
    host_remove(&host);
    CHECK_EQ(rpmsg_send_buf(&ept, &buf[0], 1U, 1U), AMP_EPIPE);
    host_probe(&host);
    CHECK_EQ(rpmsg_send_buf(&ept, &buf[0], 1U, 1U), AMP_EPIPE);
    CHECK_EQ(rpmsg_cancel(&rp, &buf[1]), AMP_EPIPE);
    CHECK(!host_recv(&host, &msg));
    /* All of the new link's are there, whatever was taken or cancelled. */
    for (unsigned i = 0; i < HOST_NUM; i++) {
        CHECK_EQ(rpmsg_get(&rp, &buf[i]), 0);
        CHECK_EQ(buf[i].id, i);
    }
    CHECK_EQ(rpmsg_get(&rp, &buf[HOST_NUM]), AMP_EAGAIN);
}

static void retry_keeps_the_order(void)
{
    struct host_msg msg;
    uint32_t n, value;

    boot_and_probe(echo);
    /* 16 answers fill the host's buffers, which it does not empty. */
    for (n = 0; n < HOST_NUM; n++) {
        CHECK(host_send(&host, 1U, 7U, &n, sizeof(n)));
    }
    CHECK_EQ(rpmsg_poll(&rp), HOST_NUM);
    for (; n < (2U * HOST_NUM); n++) {
        CHECK(host_send(&host, 1U, 7U, &n, sizeof(n)));
    }
    CHECK_EQ(rpmsg_poll(&rp), 0);
    CHECK_EQ(rpmsg_poll(&rp), 0);
    CHECK(!host_send(&host, 1U, 7U, &n, sizeof(n)));
    host.notified[0] = 0U;
    for (uint32_t i = 0; i < n; i++) {
        if (i == HOST_NUM) {
            CHECK(host.notified[0] >= 1U);
            CHECK_EQ(rpmsg_poll(&rp), HOST_NUM);
        }
        CHECK(host_recv(&host, &msg));
        memcpy(&value, msg.data, sizeof(value));
        CHECK_EQ(value, i);
    }
    /* All was taken at the limit of one call; the next asks for kicks. */
    CHECK_EQ(rpmsg_poll(&rp), 0);
    CHECK_EQ(*host_used_flags(1U), 0);
}

/* The host answers each message with another one, for ever. */
static enum rpmsg_verdict more(struct rpmsg_ept *self,
                               const struct rpmsg_buf *buf, uint32_t src)
{
    (void)self;
    (void)buf;
    (void)src;
    seen.calls++;
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    return RPMSG_DONE;
}

static void a_busy_host_does_not_keep_the_caller(void)
{
    boot_and_probe(more);
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    for (unsigned i = 1; i <= 5U; i++) {
        CHECK_EQ(rpmsg_poll(&rp), HOST_NUM);
        CHECK_EQ(seen.calls, i * HOST_NUM);
    }
}

static void kicks_only_when_wanted(void)
{
    struct host_msg msg;

    boot_and_probe(look);
    CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
    CHECK_EQ(port_kicks[0], 1);
    *host_avail_flags(0U) = 1U;
    CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
    CHECK_EQ(port_kicks[0], 1);
    CHECK(host_recv(&host, &msg) && host_recv(&host, &msg));
    /* Consumed buffers: Linux suppresses these until a sender sleeps. */
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(host.notified[1], 1);
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(port_kicks[1], 0);
    *host_avail_flags(1U) = 0U;
    for (unsigned i = 0; i < 5U; i++) {
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
    }
    CHECK_EQ(rpmsg_poll(&rp), 5);
    CHECK_EQ(port_kicks[1], 1); /* one for the batch */
    verdict = RPMSG_HOLD;
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(port_kicks[1], 1);
    CHECK_EQ(rpmsg_release(&rp, &seen.buf), 0);
    CHECK_EQ(port_kicks[1], 2);
    /* There is nothing to tell of what failed. */
    CHECK_EQ(rpmsg_release(&rp, &seen.buf), AMP_EINVAL);
    CHECK_EQ(port_kicks[1], 2);
    CHECK_EQ(rpmsg_send_buf(&ept, &seen.buf, 1U, 1U), AMP_EINVAL);
    CHECK_EQ(port_kicks[0], 1);
}

static unsigned barriers;

/* The host sends just when this side has found nothing and asks for kicks. */
static void late_message(void)
{
    if ((*host_used_flags(1U) == 0U) && (barriers == 0U)) {
        barriers++;
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
    }
}

/* The host returns a buffer just when this side asks for it. */
static void late_buffer(void)
{
    struct host_msg msg;

    if ((*host_used_flags(0U) == 0U) && (barriers == 0U)) {
        barriers++;
        CHECK(host_recv(&host, &msg));
    }
}

static void no_wakeup_is_lost(void)
{
    boot_and_probe(look);
    *host_used_flags(1U) = 1U;
    barriers = 0U;
    port_on_barrier = late_message;
    verdict = RPMSG_HOLD;
    *host_used_flags(1U) = 1U;
    /* The callback checks NO_NOTIFY, which this race leaves clear. */
    ept.cb = echo;
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(barriers, 1);
    port_on_barrier = NULL;

    boot_and_probe(look);
    for (unsigned i = 0; i < HOST_NUM; i++) {
        CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
    }
    barriers = 0U;
    port_on_barrier = late_buffer;
    CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
    CHECK_EQ(barriers, 1);
    port_on_barrier = NULL;
}

static void the_host_resets_the_device(void)
{
    static struct rpmsg_ept named, fresh;
    struct host_msg msg;

    boot(look);
    named = (struct rpmsg_ept){.name = "n", .addr = 8U, .cb = look};
    CHECK_EQ(rpmsg_create(&rp, &named), 0);
    for (unsigned i = 0; i < 600U; i++) {
        host_probe(&host);
        CHECK_EQ(rpmsg_poll(&rp), 0);
        expect_ns("n", 8U, 0U);
        /* The count of links comes round, and must not pass for "never". */
        fresh = (struct rpmsg_ept){.name = "f", .addr = 9U, .cb = look};
        CHECK_EQ(rpmsg_create(&rp, &fresh), 0);
        expect_ns("f", 9U, 0U);
        CHECK_EQ(rpmsg_destroy(&fresh), 0);
        expect_ns("f", 9U, 1U);
        CHECK(host_send(&host, 1U, 8U, "x", 1U));
        CHECK_EQ(rpmsg_poll(&rp), 1);
        /* Every other time this side does not see status 0 in between. */
        host_remove(&host);
        if ((i % 2U) == 0U) {
            CHECK_EQ(rpmsg_poll(&rp), AMP_EPIPE);
            CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), AMP_EPIPE);
        }
    }
    CHECK(!host_recv(&host, &msg));
    /* A link that was seen to go comes back with new rings only. */
    CHECK_EQ(rpmsg_poll(&rp), AMP_EPIPE);
    vdev.status = 7U;
    CHECK_EQ(rpmsg_poll(&rp), AMP_EPROTO);
    CHECK_EQ(rp.faults, 0);
}

/* Each of these is done to a working link, and must end it safely. */
static void bad_avail_idx(void) { *host_avail_idx(1U) += 17U; }
static void bad_avail_idx_back(void) { *host_avail_idx(1U) -= 1U; }
static void bad_head(void) { *host_avail_ring(1U, host.avail[1] - 1U) = 16U; }
static void bad_head_max(void)
{
    *host_avail_ring(1U, host.avail[1] - 1U) = 0xFFFFU;
}

static unsigned last(void) { return (host.fresh - 1U) % HOST_NUM; }

static void addr(uint64_t da) { *host_desc_addr(1U, last()) = da; }
static void bad_addr_zero(void) { addr(0U); }
static void bad_addr_below(void) { addr(AMP_SHM_BASE - 4U); }
static void bad_addr_above(void) { addr(AMP_SHM_BASE + AMP_SHM_SIZE); }
static void bad_addr_across(void) { addr(AMP_SHM_BASE + AMP_SHM_SIZE - 16U); }
static void bad_addr_64(void) { addr(0x100000000U | HOST_BUFS); }
static void bad_addr_max(void) { addr(UINT64_MAX - 3U); }
static void bad_addr_odd(void) { addr(HOST_BUFS + 2U); }
static void bad_len_short(void) { *host_desc_len(1U, last()) = 15U; }
static void bad_len_zero(void) { *host_desc_len(1U, last()) = 0U; }
static void bad_len_huge(void) { *host_desc_len(1U, last()) = UINT32_MAX; }
static void bad_flag_next(void) { *host_desc_flags(1U, last()) = 1U; }
static void bad_flag_write(void) { *host_desc_flags(1U, last()) = 2U; }
static void bad_flag_indirect(void) { *host_desc_flags(1U, last()) = 4U; }

static const struct {
    const char *name;
    void (*act)(void);
} bad[] = {
    {"index too far", bad_avail_idx},
    {"index goes back", bad_avail_idx_back},
    {"descriptor 16", bad_head},
    {"descriptor 65535", bad_head_max},
    {"address 0", bad_addr_zero},
    {"address below", bad_addr_below},
    {"address above", bad_addr_above},
    {"address across the end", bad_addr_across},
    {"address of 64 bits", bad_addr_64},
    {"address that wraps", bad_addr_max},
    {"address not aligned", bad_addr_odd},
    {"length without a header", bad_len_short},
    {"length 0", bad_len_zero},
    {"length too long", bad_len_huge},
    {"chained", bad_flag_next},
    {"writable", bad_flag_write},
    {"indirect", bad_flag_indirect},
};

static void bad_rings_end_the_link_until_reset(void)
{
    for (size_t i = 0; i < (sizeof(bad) / sizeof(bad[0])); i++) {
        boot_and_probe(look);
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
        if (bad[i].act == bad_avail_idx_back) {
            CHECK_EQ(rpmsg_poll(&rp), 1);
            seen.calls = 0U;
        }
        bad[i].act();
        if (rpmsg_poll(&rp) != AMP_EPROTO) {
            printf("# %s\n", bad[i].name);
            CHECK(false);
        }
        CHECK_EQ(seen.calls, 0);
        CHECK_EQ(rp.faults, 1);
        /* Status alone does not heal it, and nothing more is done to it. */
        CHECK_EQ(rpmsg_poll(&rp), AMP_EPROTO);
        CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), AMP_EPROTO);
        CHECK_EQ(rp.faults, 1);
        host_remove(&host);
        CHECK_EQ(rpmsg_poll(&rp), AMP_EPIPE);
        host_probe(&host);
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
        CHECK_EQ(rpmsg_poll(&rp), 1);
        CHECK_EQ(seen.calls, 1);
    }
}

static void only_heads_within_the_ring_are_taken(void)
{
    boot_and_probe(look);
    *host_avail_idx(1U) = 1U;
    for (unsigned head = 0; head <= UINT16_MAX; head++) {
        *host_avail_ring(1U, 0U) = (uint16_t)head;
        CHECK_EQ(virtq_peek(&rp.rx),
                 (head < HOST_NUM) ? (int)head : AMP_EPROTO);
    }
}

static void bad_send_buffers_end_the_link(void)
{
    struct rpmsg_buf buf;

    for (unsigned i = 0; i < 7U; i++) {
        boot_and_probe(look);
        switch (i) {
        case 0:
            *host_desc_flags(0U, 0U) = 0U;
            break;
        case 1:
            *host_desc_flags(0U, 0U) = 3U;
            break;
        case 2:
            *host_desc_len(0U, 0U) = 15U;
            break;
        case 3:
            *host_desc_addr(0U, 0U) = AMP_SHM_BASE - 512U;
            break;
        case 4:
            *host_avail_idx(0U) = 17U;
            break;
        case 5:
            *host_avail_ring(0U, 0U) = 99U;
            break;
        default:
            /* The same buffer twice. */
            CHECK_EQ(rpmsg_get(&rp, &buf), 0);
            *host_avail_ring(0U, 1U) = 0U;
            break;
        }
        CHECK_EQ(rpmsg_get(&rp, &buf), AMP_EPROTO);
        CHECK_EQ(rpmsg_get(&rp, &buf), AMP_EPROTO);
        CHECK_EQ(rp.faults, 1);
        CHECK(!rpmsg_up(&rp));
    }
}

static void a_held_buffer_made_available_again_is_a_fault(void)
{
    boot_and_probe(look);
    verdict = RPMSG_HOLD;
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    *host_avail_ring(1U, 1U) = seen.buf.id;
    *host_avail_idx(1U) = 2U;
    CHECK_EQ(rpmsg_poll(&rp), AMP_EPROTO);
    CHECK_EQ(seen.calls, 1);
    CHECK_EQ(rpmsg_release(&rp, &seen.buf), AMP_EPROTO);
}

static void bad_vrings_keep_the_link_down(void)
{
    static const uint32_t da[] = {0U,
                                  AMP_SHM_BASE - 16U,
                                  HOST_VRING0 + 8U,
                                  RSC_ADDR_ANY,
                                  AMP_SHM_BASE + AMP_SHM_SIZE,
                                  AMP_SHM_BASE + AMP_SHM_SIZE - 16U};

    for (unsigned q = 0; q < 2U; q++) {
        for (size_t i = 0; i < (sizeof(da) / sizeof(da[0])); i++) {
            boot(look);
            host_probe(&host);
            vdev.vring[q].da = da[i];
            CHECK(!rpmsg_up(&rp));
            CHECK_EQ(rpmsg_poll(&rp), AMP_EPROTO);
            vdev.vring[q].da = (q == 0U) ? HOST_VRING0 : HOST_VRING1;
            CHECK_EQ(rpmsg_poll(&rp), 0);
        }
        /* A ring on which an earlier life of this core has worked. */
        boot(look);
        host_probe(&host);
        *host_used_idx(q) = 3U;
        CHECK_EQ(rpmsg_poll(&rp), AMP_EPROTO);
        host_remove(&host);
        host_probe(&host);
        CHECK_EQ(rpmsg_poll(&rp), 0);
    }
}

static void bad_messages_are_dropped_and_counted(void)
{
    uint32_t len = 2U;

    boot_and_probe(look);
    CHECK(host_send(&host, 1U, 0xDEADU, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(rp.drops, 1);
    /* The header promises one byte more than the descriptor has. */
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    memcpy(&port_shm[(HOST_BUFS - AMP_SHM_BASE) + (17U * HOST_BUF) + 12U], &len,
           2U);
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(rp.drops, 2);
    CHECK_EQ(seen.calls, 0);
    CHECK_EQ(*host_used_idx(1U), 2); /* their buffers went back */
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    CHECK_EQ(seen.calls, 1);
    CHECK_EQ(rp.faults, 0);
}

/* A callback in which the endpoint goes away, or the host does. */
static enum rpmsg_verdict leave(struct rpmsg_ept *self,
                                const struct rpmsg_buf *buf, uint32_t src)
{
    (void)buf;
    (void)src;
    seen.calls++;
    CHECK_EQ(rpmsg_destroy(self), 0);
    memset(self, 0xAA, sizeof(*self));
    return RPMSG_DONE;
}

static bool host_returns;

static enum rpmsg_verdict host_leaves(struct rpmsg_ept *self,
                                      const struct rpmsg_buf *buf, uint32_t src)
{
    (void)self;
    (void)buf;
    (void)src;
    seen.calls++;
    host_remove(&host);
    if (host_returns) {
        host_probe(&host);
    }
    return verdict;
}

/* Hands the message to a thread that is done with it before this returns. */
static enum rpmsg_verdict hand_over(struct rpmsg_ept *self,
                                    const struct rpmsg_buf *buf, uint32_t src)
{
    (void)self;
    (void)src;
    seen.calls++;
    CHECK_EQ(rpmsg_release(&rp, buf), 0);
    return RPMSG_HOLD;
}

static void callbacks_may_do_anything(void)
{
    boot_and_probe(hand_over);
    for (unsigned i = 1; i <= (2U * HOST_NUM); i++) {
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
        CHECK_EQ(rpmsg_poll(&rp), 1);
        CHECK_EQ(seen.calls, i);
        CHECK_EQ(*host_used_idx(1U), i);
    }
    boot_and_probe(leave);
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 2);
    CHECK_EQ(seen.calls, 1);
    CHECK_EQ(rp.drops, 1);
    for (unsigned v = 0; v < 6U; v++) {
        boot_and_probe(host_leaves);
        verdict = (enum rpmsg_verdict)(v % 3U);
        host_returns = v < 3U;
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
        CHECK(host_send(&host, 1U, 7U, "y", 1U));
        CHECK_EQ(rpmsg_poll(&rp), (verdict == RPMSG_RETRY) ? 0 : 1);
        CHECK_EQ(seen.calls, 1);
        CHECK_EQ(*host_used_idx(1U), 0); /* the rings are untouched */
        if (host_returns) {
            CHECK_EQ(rp.held, 0);
        } else {
            CHECK_EQ(rpmsg_poll(&rp), AMP_EPIPE);
        }
    }
}

static void buffers_of_any_size(void)
{
    struct rpmsg_buf buf;

    boot_and_probe(look);
    *host_desc_len(0U, 0U) = 0x2000U;
    CHECK_EQ(rpmsg_get(&rp, &buf), 0);
    CHECK_EQ(buf.len, 0x2000U - 16U);
    /* What the 16 bits of a header can say is all that fits. */
    CHECK_EQ(rpmsg_cancel(&rp, &buf), 0);
    *host_desc_len(0U, 0U) = 0x10000U + 16U;
    CHECK_EQ(rpmsg_get(&rp, &buf), 0);
    CHECK_EQ(buf.len, 0xFFFF);
    *host_desc_len(0U, 1U) = 16U;
    CHECK_EQ(rpmsg_get(&rp, &buf), 0);
    CHECK_EQ(buf.len, 0);
    CHECK_EQ(rpmsg_send_buf(&ept, &buf, 1U, 0U), 0);
    /* The last of shared memory, as Linux may well choose it. */
    *host_desc_addr(0U, 2U) = AMP_SHM_BASE + AMP_SHM_SIZE - HOST_BUF;
    CHECK_EQ(rpmsg_get(&rp, &buf), 0);
    CHECK(buf.data == &port_shm[AMP_SHM_SIZE - HOST_BUF + 16U]);
}

/* All that does not look at the flags, with event indices; and these. */
static void event_indices(void)
{
    static void (*const again[])(void) = {
        endpoints_are_announced_when_the_host_comes,
        every_size_both_ways,
        indices_wrap,
        endpoints_come_and_go,
        received_buffers_can_be_held,
        the_host_resets_the_device,
        bad_rings_end_the_link_until_reset,
        bad_send_buffers_end_the_link,
        callbacks_may_do_anything,
    };
    struct host_msg msg;
    struct rpmsg_buf buf;

    host_features = HOST_NS | HOST_EVENT_IDX;
    for (size_t i = 0; i < (sizeof(again) / sizeof(again[0])); i++) {
        again[i]();
    }
    /* However many messages come before this side looks, one kick. */
    boot_and_probe(look);
    host.notified[1] = 0U;
    for (unsigned round = 1; round <= 5000U; round++) {
        for (unsigned i = 0; i < HOST_NUM; i++) {
            CHECK(host_send(&host, 1U, 7U, "x", 1U));
        }
        CHECK_EQ(rpmsg_poll(&rp), HOST_NUM);
        CHECK_EQ(rpmsg_poll(&rp), 0);
        CHECK_EQ(host.notified[1], round);
    }
    /* Consumed buffers: Linux asks by moving used_event to where it is. */
    CHECK(port_kicks[1] <= 2U); /* its 0 is met once in 65536 */
    port_kicks[1] = 0U;
    *host_used_event(1U) = *host_used_idx(1U);
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 2);
    CHECK_EQ(port_kicks[1], 1);
    /* Sending: a kick unless the host has yet to look at an earlier one. */
    for (unsigned i = 0; i < HOST_NUM; i++) {
        CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
        CHECK_EQ(port_kicks[0], 1);
    }
    CHECK_EQ(host.notified[0], 1); /* of host_probe() */
    CHECK_EQ(rpmsg_get(&rp, &buf), AMP_EAGAIN);
    while (host_recv(&host, &msg)) {
    }
    CHECK_EQ(host.notified[0], 2);
    CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
    CHECK_EQ(port_kicks[0], 2);
    /* A host that always wants the next one gets all, past the wrap too. */
    for (unsigned i = 3; i < 70000U; i++) {
        CHECK(host_recv(&host, &msg));
        CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
        CHECK_EQ(port_kicks[0], i);
    }
    host_features = HOST_NS;
}

/* Rings that the host has not made anew are no link, whatever it says. */
static void a_status_that_was_down_counts(void)
{
    boot_and_probe(look);
    CHECK_EQ(rpmsg_send(&ept, 1U, "x", 1U), 0);
    vdev.status = 0U;
    CHECK_EQ(rpmsg_poll(&rp), AMP_EPIPE);
    vdev.status = 7U;
    CHECK_EQ(rpmsg_poll(&rp), AMP_EPROTO);
}

static void a_buffer_of_an_earlier_link_does_not_hide_a_fault(void)
{
    struct rpmsg_buf held;

    boot_and_probe(look);
    verdict = RPMSG_HOLD;
    CHECK(host_send(&host, 1U, 7U, "x", 1U));
    CHECK_EQ(rpmsg_poll(&rp), 1);
    held = seen.buf;
    host_probe(&host);
    CHECK_EQ(rpmsg_poll(&rp), 0);
    bad_avail_idx();
    CHECK_EQ(rpmsg_poll(&rp), AMP_EPROTO);
    CHECK_EQ(rpmsg_release(&rp, &held), AMP_EPROTO);
}

/* What happens just before this side works on a ring, once the link is known
 * to be up. */
static unsigned locks;
static void (*meanwhile)(void);

static void act_at_the_second_lock(void)
{
    locks++;
    if (locks == 2U) {
        port_on_lock = NULL;
        meanwhile();
    }
}

static void the_host_goes(void) { vdev.status = 0U; }

static void another_thread_finds_a_fault(void)
{
    struct rpmsg_buf buf;

    *host_avail_idx(0U) += 17U;
    CHECK_EQ(rpmsg_get(&rp, &buf), AMP_EPROTO);
}

static void the_link_goes_during_a_poll(void)
{
    static const struct {
        void (*act)(void);
        int result;
        uint32_t faults;
    } cases[] = {{the_host_goes, AMP_EPIPE, 0U},
                 {another_thread_finds_a_fault, AMP_EPROTO, 1U}};

    for (unsigned i = 0; i < 2U; i++) {
        boot_and_probe(look);
        CHECK(host_send(&host, 1U, 7U, "x", 1U));
        locks = 0U;
        meanwhile = cases[i].act;
        port_on_lock = act_at_the_second_lock;
        CHECK_EQ(rpmsg_poll(&rp), cases[i].result);
        CHECK_EQ(locks, 2);
        CHECK_EQ(seen.calls, 0);
        CHECK_EQ(rp.faults, cases[i].faults);
    }
}

static void an_endpoint_that_was_removed_is_of_no_link(void)
{
    struct rpmsg_ept gone = {.addr = 8U, .cb = look};

    boot_and_probe(look);
    CHECK_EQ(rpmsg_create(&rp, &gone), 0);
    CHECK_EQ(rpmsg_destroy(&gone), 0);
    CHECK(gone.rp == NULL);
    CHECK_EQ(rpmsg_destroy(&gone), AMP_EINVAL);
}

MAIN(TEST(nothing_is_touched_before_driver_ok),
     TEST(endpoints_are_announced_when_the_host_comes),
     TEST(no_name_service_unless_negotiated), TEST(every_size_both_ways),
     TEST(indices_wrap), TEST(endpoints_come_and_go),
     TEST(received_buffers_can_be_held),
     TEST(send_buffers_run_out_and_come_back), TEST(retry_keeps_the_order),
     TEST(a_busy_host_does_not_keep_the_caller), TEST(kicks_only_when_wanted),
     TEST(no_wakeup_is_lost), TEST(the_host_resets_the_device),
     TEST(bad_rings_end_the_link_until_reset),
     TEST(only_heads_within_the_ring_are_taken),
     TEST(bad_send_buffers_end_the_link),
     TEST(a_held_buffer_made_available_again_is_a_fault),
     TEST(bad_vrings_keep_the_link_down),
     TEST(bad_messages_are_dropped_and_counted),
     TEST(callbacks_may_do_anything), TEST(buffers_of_any_size),
     TEST(event_indices), TEST(a_status_that_was_down_counts),
     TEST(a_buffer_of_an_earlier_link_does_not_hide_a_fault),
     TEST(the_link_goes_during_a_poll),
     TEST(an_endpoint_that_was_removed_is_of_no_link))
