/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Rings the remote's doorbell and sleeps until it rings back, ROUNDS times: what the model takes for a round trip on
 * which no operating system and no ring of messages is. Runs on the first Cortex-A7 without anything below it.
 * Registers: RM0436 (RCC, IPCC, interrupt list), Arm's GICv2 architecture.
 */

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RCC_MP_AHB3ENSETR REG(0x50000a20)
#define IPCCEN (1u << 12)
#define IPCC_C1CR REG(0x4c001000)
#define IPCC_C1MR REG(0x4c001004)
#define IPCC_C1SCR REG(0x4c001008)
#define IPCC_C2TOC1SR REG(0x4c00101c)
#define RXOIE (1u << 0)
#define CH1 (1u << 0)
#define CH1_TX (1u << 16)
#define GICD_CTLR REG(0xa0021000)
#define GICD_ISENABLER(n) REG(0xa0021100 + 4 * ((n) / 32))
#define GICD_ITARGETSR(n) (*(volatile uint8_t *)(0xa0021800 + (n)))
#define GICC_CTLR REG(0xa0022000)
#define GICC_PMR REG(0xa0022004)
#define IPCC_RX0 (32 + 100)

#define ROUNDS 20000

/* What they took, in ticks of the generic timer, and its ticks a second. */
volatile uint32_t took[3];

static uint32_t now(void)
{
    uint32_t low, high;

    __asm volatile("isb\n\tmrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high));
    (void)high;
    return low;
}

__attribute__((used)) void start_c(void)
{
    uint32_t began, frequency;

    RCC_MP_AHB3ENSETR = IPCCEN;
    GICD_ITARGETSR(IPCC_RX0) = 1;
    GICD_ISENABLER(IPCC_RX0) = 1u << (IPCC_RX0 % 32);
    GICD_CTLR = 1;
    GICC_PMR = 0xff;
    GICC_CTLR = 1;
    IPCC_C1MR = ~CH1;
    IPCC_C1CR = RXOIE;
    /* The first of the remote says that it listens. Interrupts stay masked: they only wake. */
    while (!(IPCC_C2TOC1SR & CH1)) {
        __asm volatile("wfi");
    }
    IPCC_C1SCR = CH1;
    began = now();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        IPCC_C1SCR = CH1_TX;
        while (!(IPCC_C2TOC1SR & CH1)) {
            __asm volatile("wfi");
        }
        IPCC_C1SCR = CH1;
    }
    took[0] = now() - began;
    took[1] = ROUNDS;
    __asm volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(frequency));
    took[2] = frequency;
    for (;;) {
        __asm volatile("wfi");
    }
}

__attribute__((naked, used)) void start(void)
{
    __asm volatile("cpsid if\n\tldr sp, =0xc3000000\n\tb start_c");
}
