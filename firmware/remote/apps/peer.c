/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "apps/peer.h"

#include <stddef.h>
#include <string.h>

#include "lib/trace.h"
#include "soc/soc.h"

struct table {
    struct rsc_header header;
    uint32_t offset[3];
    struct rsc_vdev vdev;
    struct rsc_trace trace;
    struct rsc_carveout memory;
};

static volatile struct table table RSC_SECTION = {
    .header = RSC_HEADER(3U),
    .offset = {offsetof(struct table, vdev), offsetof(struct table, trace),
               offsetof(struct table, memory)},
    .vdev = RSC_VDEV_ENTRY,
    .trace = RSC_TRACE_ENTRY(trace_buffer, AMP_TRACE_SIZE),
    .memory =
        RSC_CARVEOUT_ENTRY(RSC_ADDR_ANY, sizeof(struct peer_shm), PEER_MEMORY),
};

static struct rpmsg host;
struct peer peer;
static struct {
    enum peer_role role;
    struct rpmsg_ept *epts;
    uint32_t n;
} wanted;

/* Whether there is memory for a peer. Linux says where before it starts the
 * core, and if the core runs already, when it attaches. */
static bool has_peer(void)
{
    if ((peer.shm == NULL) && (peer_init(&peer, wanted.role, table.memory.da,
                                         table.memory.len) == 0)) {
        for (uint32_t i = 0U; i < wanted.n; i++) {
            (void)rpmsg_create(&peer.rp, &wanted.epts[i]);
        }
    }
    return peer.shm != NULL;
}

enum rpmsg_verdict echo(struct rpmsg_ept *ept, const struct rpmsg_buf *in,
                        uint32_t src)
{
    int err = rpmsg_send(ept, src, in->data, in->len);

    return (err == AMP_EAGAIN) ? RPMSG_RETRY : RPMSG_DONE;
}

static enum rpmsg_verdict command(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    struct peer_cmd cmd = {0};
    uint32_t len = (in->len < sizeof(cmd)) ? in->len : (uint32_t)sizeof(cmd);

    (void)memcpy(&cmd, in->data, len);
    if ((cmd.op == PEER_RUN) && (cmd.count > 0U) && take_run(cmd.count, src)) {
        return RPMSG_DONE;
    }
    if (cmd.op != PEER_CRASH) {
        cmd.count = 0U;
    }
    if (rpmsg_send(ept, src, &cmd, sizeof(cmd)) == AMP_EAGAIN) {
        return RPMSG_RETRY;
    }
    if (cmd.op == PEER_CRASH) {
        trace_printf("crash command\n");
        soc_console_flush();
        soc_fault();
    }
    return RPMSG_DONE;
}

static struct rpmsg_ept epts[] = {
    {.name = PEER_SERVICE, .addr = RPMSG_ADDR_ANY, .cb = echo},
    {.name = PEER_SERVICE, .addr = RPMSG_ADDR_ANY, .cb = command},
};

int peer_app_answer(const struct peer_cmd *cmd, uint32_t dst)
{
    return rpmsg_send(&epts[1], dst, cmd, (uint32_t)sizeof(*cmd));
}

void peer_app_init(enum peer_role role, struct rpmsg_ept *first, uint32_t n)
{
    wanted.role = role;
    wanted.epts = first;
    wanted.n = n;
    rpmsg_init(&host, &table.vdev);
    for (size_t i = 0; i < sizeof(epts) / sizeof(epts[0]); i++) {
        (void)rpmsg_create(&host, &epts[i]);
    }
    if (!has_peer()) {
        trace_printf("no memory for a peer yet\n");
    }
}

static void tell_link(void)
{
    static uint8_t link; /* 0: none */
    uint8_t now = rpmsg_up(&peer.rp) ? peer.rp.gen : 0U;

    if (now != link) {
        link = now;
        trace_printf("peer is %s\n", (now != 0U) ? "up" : "down");
    }
}

bool peer_app_poll(void)
{
    bool more = rpmsg_poll(&host) > 0;

    if (has_peer()) {
        int n = peer_poll(&peer);

        if (n == AMP_EPROTO) {
            trace_printf("peer has broken the protocol\n");
        }
        tell_link();
        more = more || (n > 0);
    }
    return more;
}
