/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* The device of two remotes: sends back what the other one sends. */

#include "apps/peer.h"
#include "os/runtime.h"

static struct rpmsg_ept ept = {
    .name = PEER_ECHO, .addr = RPMSG_ADDR_ANY, .cb = echo};

bool take_run(uint32_t count, uint32_t src)
{
    (void)count;
    (void)src;
    return false;
}

static int poll(void) { return peer_app_poll() ? 1 : 0; }

void app_main(void)
{
    peer_app_init(PEER_DEVICE, &ept, 1U);
    runtime_loop(poll);
}
