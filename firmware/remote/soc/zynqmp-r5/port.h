/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_PORT_H
#define AMP_PORT_H

/* What lib/ needs of the machine: see tests/firmware/port.h for another one. */

#include <stdbool.h>
#include <stdint.h>

/* Which of the two this is: the same image serves either. */
static inline uint32_t amp_core(void)
{
    uint32_t mpidr;

    __asm("mrc p15, 0, %0, c0, c0, 5" : "=r"(mpidr));
    return mpidr & 1U;
}

/* Vrings and buffers of each core, as the device tree has them. */
#define AMP_SHM_BASE (0x3ED40000U + (0x200000U * amp_core()))
#define AMP_SHM_SIZE 0x108000U

/* Of the TTC: LPD_LSBUS as the boot firmware leaves it. */
#define AMP_TIMER_HZ 100000000UL

#define PSR_MODE 0x1FUL
#define PSR_MODE_IRQ 0x12UL
#define PSR_I 0x80UL

/* The address at which this core sees a device address of shared memory. */
static inline uint8_t *amp_shm(uint64_t da) { return (uint8_t *)(uintptr_t)da; }

/* Order this core's accesses to shared memory, as the other core sees them. */
static inline void amp_mb(void) { __asm volatile("dmb" ::: "memory"); }

static inline uint32_t amp_psr(void)
{
    uint32_t psr;

    __asm volatile("mrs %0, cpsr" : "=r"(psr)::"memory");
    return psr;
}

/* Mask interrupts; nests by passing the answer to amp_unlock(). */
static inline uint32_t amp_lock(void)
{
    uint32_t key = amp_psr() & PSR_I;

    __asm volatile("cpsid i" ::: "memory");
    return key;
}

static inline void amp_unlock(uint32_t key)
{
    if (key == 0U) {
        __asm volatile("cpsie i" ::: "memory");
    }
}

/* Sleep until there is an interrupt, and take it; they are masked before and
 * after. WFI wakes for a masked one, too, so that none slips in between. Takes
 * and returns what amp_lock() does. */
static inline uint32_t amp_sleep(uint32_t key)
{
    __asm volatile("dsb\n\twfi" ::: "memory");
    amp_unlock(key);
    __asm volatile("isb" ::: "memory");
    return amp_lock();
}

static inline bool amp_in_interrupt(void)
{
    return (amp_psr() & PSR_MODE) == PSR_MODE_IRQ;
}

/* Kick the host for vring 0 or 1. Never blocks, never loses a kick. */
void amp_kick(uint32_t vring);

/* Kick the other core of the two. As amp_kick(). */
void amp_kick_peer(void);

/* Print on the SoC's console. Any context; drops what does not fit. */
void amp_console(const char *text);

#endif
