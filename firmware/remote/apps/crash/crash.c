/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Crashes in the way that a message asks for: see ampstand/crash.h. */

#include "ampstand/crash.h"

#include <stddef.h>
#include <string.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/runtime.h"
#include "soc/soc.h"

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;
static struct crash_cmd later; /* of CRASH_F_ALONE */

/* Not inlined: the crash record of an assertion names it. */
static __attribute__((noinline)) void crash(const struct crash_cmd *cmd)
{
    if ((cmd->flags & CRASH_F_WATCHDOG) != 0U) {
        soc_watchdog_start();
    }
    switch (cmd->kind) {
    case CRASH_HARDFAULT:
        soc_fault();
        break;
    case CRASH_LOCKUP:
        soc_lockup();
        break;
    case CRASH_LOOP:
        soc_hang();
    case CRASH_WATCHDOG:
        soc_watchdog_start();
        break;
    case CRASH_ASSERT:
        AMP_ASSERT(cmd->kind == CRASH_NONE);
        break;
    case CRASH_RESET:
        soc_reset();
    case CRASH_RESTART:
        soc_restart();
    default:
        break;
    }
}

static enum rpmsg_verdict command(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    struct crash_cmd cmd = {0};
    uint32_t len = (in->len < sizeof(cmd)) ? in->len : (uint32_t)sizeof(cmd);

    (void)memcpy(&cmd, in->data, len);
    if (rpmsg_send(ept, src, &cmd, len) == AMP_EAGAIN) {
        return RPMSG_RETRY;
    }
    trace_printf("crash command %u flags %u\n", (unsigned)cmd.kind,
                 (unsigned)cmd.flags);
    soc_console_flush();
    if ((cmd.flags & CRASH_F_ALONE) != 0U) {
        later = cmd;
    } else {
        crash(&cmd);
    }
    return RPMSG_DONE;
}

static struct rpmsg_ept ept = {
    .name = CRASH_SERVICE, .addr = RPMSG_ADDR_ANY, .cb = command};

static int poll(void)
{
    if ((later.kind != CRASH_NONE) && !rpmsg_up(&rp)) {
        struct crash_cmd cmd = later;

        later.kind = CRASH_NONE;
        crash(&cmd);
    }
    return rpmsg_poll(&rp);
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    runtime_loop(poll);
}
