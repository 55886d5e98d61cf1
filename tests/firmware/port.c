/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "port.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

_Alignas(16) uint8_t port_shm[AMP_SHM_SIZE];
unsigned port_kicks[2];
unsigned port_peer_kicks;
unsigned port_locked;
char port_console[4096];
void (*port_on_barrier)(void);
void (*port_on_lock)(void);
void (*port_on_peer_kick)(void);

void amp_mb(void)
{
    if (port_on_barrier != NULL) {
        port_on_barrier();
    }
}

uint32_t amp_lock(void)
{
    if (port_on_lock != NULL) {
        port_on_lock();
    }
    return port_locked++;
}

void amp_unlock(uint32_t key)
{
    port_locked--;
    assert(port_locked == key);
}

void amp_kick(uint32_t vring)
{
    assert(vring < 2U);
    port_kicks[vring]++;
}

void amp_kick_peer(void)
{
    port_peer_kicks++;
    if (port_on_peer_kick != NULL) {
        port_on_peer_kick();
    }
}

void amp_console(const char *text)
{
    strncat(port_console, text,
            sizeof(port_console) - strlen(port_console) - 1U);
}
