/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* The driver of two remotes: sends messages to the other one, and checks each
 * that comes back. */

#include <string.h>

#include "apps/peer.h"
#include "lib/trace.h"
#include "os/runtime.h"

/* What is being exchanged. */
static struct {
    uint32_t to;    /* the echo of the other remote; RPMSG_ADDR_ANY: none */
    uint8_t link;   /* on which it is */
    bool ordered;   /* by Linux */
    uint32_t count; /* 0: nothing */
    uint32_t sent;
    uint32_t back;
    uint32_t wrong;
} run = {.to = RPMSG_ADDR_ANY};

/* Linux' command, until it is answered. */
static struct {
    bool open;
    bool done; /* answer is what to say */
    struct peer_cmd answer;
    uint32_t src;
} order;

/* All sizes come in turn, small and large ones mixed. */
static uint32_t size_of(uint32_t number)
{
    return (number * 61U) % (AMP_BUFFER_SIZE - RPMSG_HDR_SIZE + 1U);
}

static uint8_t byte_of(uint32_t number, uint32_t at)
{
    return (uint8_t)((number * 31U) + (at * 7U) + (number >> 8));
}

static void begin(void)
{
    run.ordered = order.open;
    run.count = order.open ? order.answer.count : PEER_FIRST;
    run.sent = 0U;
    run.back = 0U;
    run.wrong = 0U;
}

bool take_run(uint32_t count, uint32_t src)
{
    bool free = !order.open;

    if (free) {
        order.open = true;
        order.done = false;
        order.answer.op = PEER_RUN;
        order.answer.count = count;
        order.src = src;
    }
    return free;
}

static void end(void)
{
    trace_printf("peer: %u messages back, %u wrong\n", (unsigned)run.back,
                 (unsigned)run.wrong);
    if (run.ordered) {
        order.answer.count = run.back - run.wrong;
        order.done = true;
    }
    run.count = 0U;
}

static enum rpmsg_verdict check(struct rpmsg_ept *ept,
                                const struct rpmsg_buf *in, uint32_t src)
{
    bool good = (src == run.to) && (run.back < run.sent) &&
                (in->len == size_of(run.back));

    (void)ept;
    for (uint32_t i = 0U; good && (i < in->len); i++) {
        good = in->data[i] == byte_of(run.back, i);
    }
    run.wrong += good ? 0U : 1U;
    run.back++;
    if (run.back == run.count) {
        end();
    }
    return RPMSG_DONE;
}

static bool is_echo(const char *name)
{
    static const char echo_name[] = PEER_ECHO;
    uint32_t i = 0U;

    while ((i < sizeof(echo_name)) && (name[i] == echo_name[i])) {
        i++;
    }
    return i == sizeof(echo_name);
}

static enum rpmsg_verdict hear(struct rpmsg_ept *ept,
                               const struct rpmsg_buf *in, uint32_t src)
{
    struct rpmsg_ns ns = {0};

    (void)ept;
    (void)src;
    if (in->len == sizeof(ns)) {
        (void)memcpy(&ns, in->data, sizeof(ns));
        if ((ns.flags == RPMSG_NS_CREATE) && is_echo(ns.name)) {
            run.to = ns.addr;
            run.link = peer.rp.gen;
            begin();
        }
    }
    return RPMSG_DONE;
}

enum { MESSAGES, ANNOUNCEMENTS };
static struct rpmsg_ept epts[] = {
    [MESSAGES] = {.addr = RPMSG_ADDR_DYNAMIC, .cb = check},
    [ANNOUNCEMENTS] = {.addr = RPMSG_ADDR_NS, .cb = hear},
};

/* Send what there are buffers for. */
static void send(void)
{
    struct rpmsg_buf out;

    while ((run.sent < run.count) && (rpmsg_get(&peer.rp, &out) == 0)) {
        uint32_t len = size_of(run.sent);

        for (uint32_t i = 0U; i < len; i++) {
            out.data[i] = byte_of(run.sent, i);
        }
        if (rpmsg_send_buf(&epts[MESSAGES], &out, run.to, len) != 0) {
            break;
        }
        run.sent++;
    }
}

static int poll(void)
{
    bool more = peer_app_poll();

    if ((run.to != RPMSG_ADDR_ANY) &&
        (!rpmsg_up(&peer.rp) || (run.link != peer.rp.gen))) {
        run.to = RPMSG_ADDR_ANY;
        if (run.count != 0U) {
            trace_printf("peer: lost after %u of %u messages\n",
                         (unsigned)run.back, (unsigned)run.count);
            run.count = 0U;
        }
    }
    if (order.done &&
        (peer_app_answer(&order.answer, order.src) != AMP_EAGAIN)) {
        order.open = false;
        order.done = false;
    }
    if (run.to != RPMSG_ADDR_ANY) {
        if ((run.count == 0U) && order.open && !order.done) {
            begin();
        }
        send();
    }
    return more ? 1 : 0;
}

void app_main(void)
{
    peer_app_init(PEER_DRIVER, epts, sizeof(epts) / sizeof(epts[0]));
    runtime_loop(poll);
}
