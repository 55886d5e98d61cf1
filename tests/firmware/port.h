/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_PORT_H
#define AMP_PORT_H

/* The machine that the library sees when it runs on a workstation. */

#include <stdint.h>

#define AMP_SHM_BASE 0x10040000U
#define AMP_SHM_SIZE 0x14000U

extern uint8_t port_shm[AMP_SHM_SIZE];
extern unsigned port_kicks[2];          /* amp_kick() calls for each vring */
extern unsigned port_peer_kicks;        /* amp_kick_peer() calls */
extern unsigned port_locked;            /* depth of amp_lock() */
extern char port_console[4096];         /* the end of what amp_console() got */
extern void (*port_on_barrier)(void);   /* the other core acts, if set */
extern void (*port_on_lock)(void);      /* so it does before amp_lock() */
extern void (*port_on_peer_kick)(void); /* after amp_kick_peer() */

static inline uint8_t *amp_shm(uint64_t da)
{
    return &port_shm[da - AMP_SHM_BASE];
}

void amp_mb(void);
uint32_t amp_lock(void);
void amp_unlock(uint32_t key);
void amp_kick(uint32_t vring);
void amp_kick_peer(void);
void amp_console(const char *text);

#endif
