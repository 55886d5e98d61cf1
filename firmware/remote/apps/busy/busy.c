/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Never sleeps: it looks for messages, and for its host to come and go, all the
 * time. What comes in on its service goes back.
 */

#include <stddef.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/os.h"
#include "os/runtime.h"

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;

static enum rpmsg_verdict echo(struct rpmsg_ept *ept,
                               const struct rpmsg_buf *in, uint32_t src)
{
    int err = rpmsg_send(ept, src, in->data, in->len);

    return (err == AMP_EAGAIN) ? RPMSG_RETRY : RPMSG_DONE;
}

static struct rpmsg_ept ept = {
    .name = "rpmsg-raw", .addr = RPMSG_ADDR_ANY, .cb = echo};

static int poll(void)
{
    static bool was_up;
    bool up = rpmsg_up(&rp);

    if (up != was_up) {
        was_up = up;
        trace_printf("host is %s\n", up ? "up" : "down");
    }
    (void)rpmsg_poll(&rp);
    /* What the host asks for is seen to each time. */
    os_notify(EVENT_VRING);
    return 0;
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    runtime_loop(poll);
}
