/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef APPS_PEER_H
#define APPS_PEER_H

/* What peer-driver and peer-device have in common: their links, and the
 * commands of Linux. */

#include <stdbool.h>
#include <stdint.h>

#include "ampstand/peer.h"
#include "lib/peer.h"
#include "lib/rpmsg.h"

extern struct peer peer; /* to the other remote */

/* Begin with both links, in this role and with these endpoints towards the
 * other remote. */
void peer_app_init(enum peer_role role, struct rpmsg_ept *first, uint32_t n);

/* Serve both links; whether there is more to do. */
bool peer_app_poll(void);

/* Send back what comes in. */
enum rpmsg_verdict echo(struct rpmsg_ept *ept, const struct rpmsg_buf *in,
                        uint32_t src);

/* Of the application: take a command of PEER_RUN that is to be answered later
 * with peer_app_answer(). False: not now. */
bool take_run(uint32_t count, uint32_t src);

/* Answer a command of Linux. AMP_EAGAIN: try again later. */
int peer_app_answer(const struct peer_cmd *cmd, uint32_t dst);

#endif
