/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Start-up, what memory is, and what remains after a fault. */

#include <string.h>

#include "port.h"
#include "regs.h"
#include "soc/common.h"
#include "soc/soc.h"

int main(void);
void reset_entry(void) __attribute__((noreturn));
void reset_handler(void) __attribute__((noreturn, used));

/* A region of the memory protection unit: size is 2^(log2 + 1) bytes. */
#define MPU_SIZE(log2) (((log2) << 1) | 1U)
#define MPU_2G MPU_SIZE(30U)
#define MPU_512M MPU_SIZE(28U)
#define MPU_256K MPU_SIZE(17U)
/* Access for all; not cached, as others read and write it, too */
#define MPU_SHARED ((3U << 8) | (1U << 3) | (1U << 2))
#define MPU_DEVICE ((1U << 12) | (3U << 8) | (1U << 0) | (1U << 2))

static const struct {
    uint32_t base;
    uint32_t size;
    uint32_t access;
} regions[] = {
    {0x00000000U, MPU_2G, MPU_SHARED},   /* TCM, DDR */
    {0xE0000000U, MPU_512M, MPU_DEVICE}, /* peripherals */
    {0xFFE00000U, MPU_256K, MPU_SHARED}, /* TCM as others see it */
    {0xFFFC0000U, MPU_256K, MPU_SHARED}, /* OCM */
};

static void mpu_init(void)
{
    uint32_t sctlr;

    for (uint32_t n = 0U; n < (sizeof(regions) / sizeof(regions[0])); n++) {
        __asm volatile("mcr p15, 0, %0, c6, c2, 0\n\t"
                       "mcr p15, 0, %1, c6, c1, 0\n\t"
                       "mcr p15, 0, %2, c6, c1, 4\n\t"
                       "mcr p15, 0, %3, c6, c1, 2" ::"r"(n),
                       "r"(regions[n].base), "r"(regions[n].access),
                       "r"(regions[n].size));
    }
    __asm volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(sctlr));
    sctlr |= 1U;
    __asm volatile("dsb\n\t"
                   "mcr p15, 0, %0, c1, c0, 0\n\t"
                   "isb" ::"r"(sctlr)
                   : "memory");
}

void reset_handler(void)
{
    startup_memory();
    mpu_init();
    (void)main();
    soc_halt();
}

void soc_halt(void)
{
    __asm volatile("cpsid if");
    for (;;) {
        __asm volatile("wfi" ::: "memory");
    }
}

/* Called by vectors.S, with where it has saved the registers, and the number
 * of the exception. */
__attribute__((noreturn, used)) void fault_entry(const uint32_t *frame,
                                                 uint32_t number)
{
    struct crash_record *rec = crash_begin(number);

    (void)memcpy(rec->r, frame, sizeof(rec->r));
    rec->lr = frame[5];
    rec->pc = frame[6];
    rec->psr = frame[7];
    rec->sp = (uint32_t)(uintptr_t)frame;
    __asm volatile("mrc p15, 0, %0, c5, c0, 0" : "=r"(rec->cfsr));
    __asm volatile("mrc p15, 0, %0, c5, c0, 1" : "=r"(rec->hfsr));
    __asm volatile("mrc p15, 0, %0, c6, c0, 2" : "=r"(rec->mmfar));
    __asm volatile("mrc p15, 0, %0, c6, c0, 0" : "=r"(rec->bfar));
    crash_end(rec);
}

void soc_report_crash(void) { crash_report_last(); }

void soc_fault(void)
{
    REG(0xFFF00000U) = 0U; /* between the TCM and the OCM */
}

/* There is no state that a fault within a fault ends in: it is one like any. */
void soc_lockup(void) { __asm volatile("cpsid if\n\tudf #0"); }

void soc_hang(void)
{
    __asm volatile("cpsid if");
    for (;;) {
        __asm volatile("");
    }
}

void soc_restart(void)
{
    __asm volatile("cpsid if");
    reset_entry();
}
