/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Sends back what comes in, on every service that Linux has a driver for. */

#include <stddef.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
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

/* Linux and the library both choose from 1024 on, so the two ends of a channel
 * would have the same number, and nobody would see one taken for the other. */
static struct rpmsg_ept epts[] = {
    {.name = "rpmsg-tty", .addr = 5001U, .cb = echo},
    {.name = "rpmsg-tty", .addr = 5002U, .cb = echo},
    {.name = "rpmsg-raw", .addr = 5003U, .cb = echo},
    {.name = "rpmsg-client-sample", .addr = 5004U, .cb = echo},
};

static int poll(void)
{
    static bool was_up;
    bool up = rpmsg_up(&rp);

    if (up != was_up) {
        was_up = up;
        trace_printf("host is %s\n", up ? "up" : "down");
    }
    return rpmsg_poll(&rp);
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    for (size_t i = 0; i < sizeof(epts) / sizeof(epts[0]); i++) {
        (void)rpmsg_create(&rp, &epts[i]);
    }
    runtime_loop(poll);
}
