/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Rings back whenever the host rings: the other side of doorbell-host.c.
 */

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RCC_MC_AHB3ENSETR REG(0x50000aa0)
#define IPCCEN (1u << 12)
#define IPCC_C1TOC2SR REG(0x4c00100c)
#define IPCC_C2CR REG(0x4c001010)
#define IPCC_C2MR REG(0x4c001014)
#define IPCC_C2SCR REG(0x4c001018)
#define RXOIE (1u << 0)
#define CH1 (1u << 0)
#define CH1_TX (1u << 16)
#define NVIC_ISER3 REG(0xe000e10c)
#define NVIC_ICPR3 REG(0xe000e28c)
#define IPCC_RX1 (1u << (103 - 96))

__attribute__((used)) void start_c(void)
{
    __asm volatile("cpsid i"); /* interrupts only wake */
    RCC_MC_AHB3ENSETR = IPCCEN;
    NVIC_ISER3 = IPCC_RX1;
    IPCC_C2MR = ~CH1;
    IPCC_C2CR = RXOIE;
    IPCC_C2SCR = CH1_TX;
    for (;;) {
        while (!(IPCC_C1TOC2SR & CH1)) {
            __asm volatile("wfi");
        }
        IPCC_C2SCR = CH1;
        NVIC_ICPR3 = IPCC_RX1;
        IPCC_C2SCR = CH1_TX;
    }
}

__attribute__((naked)) void reset(void)
{
    __asm volatile("ldr r0, =stack_top\n\tmsr msp, r0\n\tb start_c");
}

extern uint32_t stack_top[];

__attribute__((section(".vectors"), used)) void *const vectors[16] = {stack_top, reset};
