/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_PORT_H
#define AMP_PORT_H

/* What lib/ needs of the machine: see tests/firmware/port.h for another one. */

#include <stdbool.h>
#include <stdint.h>

/* SRAM3 and SRAM4: where the device tree puts vrings and buffers. */
#define AMP_SHM_BASE 0x10040000U
#define AMP_SHM_SIZE 0x20000U

#define AMP_CORE_HZ 208878000UL /* ck_mcu as boot firmware leaves it */

/* The address at which this core sees a device address of shared memory. */
static inline uint8_t *amp_shm(uint64_t da) { return (uint8_t *)(uintptr_t)da; }

/* Order this core's accesses to shared memory, as the other core sees them. */
static inline void amp_mb(void) { __asm volatile("dmb" ::: "memory"); }

/* Mask interrupts; nests by passing the answer to amp_unlock(). */
static inline uint32_t amp_lock(void)
{
    uint32_t key;

    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(key)::"memory");
    return key;
}

static inline void amp_unlock(uint32_t key)
{
    __asm volatile("msr primask, %0" ::"r"(key) : "memory");
}

/* Sleep until there is an interrupt, and take it; they are masked before and
 * after. WFI wakes for a masked one, too, so that none slips in between. Takes
 * and returns what amp_lock() does. */
static inline uint32_t amp_sleep(uint32_t key)
{
    __asm volatile("wfi" ::: "memory");
    amp_unlock(key);
    __asm volatile("isb" ::: "memory");
    return amp_lock();
}

static inline bool amp_in_interrupt(void)
{
    uint32_t ipsr;

    __asm volatile("mrs %0, ipsr" : "=r"(ipsr));
    return ipsr != 0U;
}

/* Kick the host for vring 0 or 1. Never blocks, never loses a kick. */
void amp_kick(uint32_t vring);

/* Print on the SoC's console. Any context; drops what does not fit. */
void amp_console(const char *text);

#endif
