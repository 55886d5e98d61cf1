/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Counts whether the host is there or not, and says so on its console: who
 * wants to know if it went on under an attach or a detach looks there. What
 * comes in on its service goes back.
 */

#include <stddef.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/os.h"
#include "os/runtime.h"

#define PERIOD_MS 20U /* from one line to the next */

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
    static uint32_t count;
    static uint32_t last;
    uint32_t now = os_ticks();
    bool up = rpmsg_up(&rp);

    if (up != was_up) {
        was_up = up;
        trace_printf("host is %s\n", up ? "up" : "down");
    }
    if (now != last) {
        last = now;
        count++;
        trace_printf("count %u\n", (unsigned)count);
    }
    return rpmsg_poll(&rp);
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    os_tick(PERIOD_MS);
    runtime_loop(poll);
}
