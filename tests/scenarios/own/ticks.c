/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Two timers of one clock: how many cycles TIM2 counts while SysTick ticks TICKS times. Once it sleeps between the
 * ticks, once it does not.
 */

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define RCC_MC_APB1ENSETR REG(0x50000a80)
#define TIM2_CR1 REG(0x40000000)
#define TIM2_EGR REG(0x40000014)
#define TIM2_CNT REG(0x40000024)
#define TIM2_ARR REG(0x4000002c)
#define SYST_CSR REG(0xe000e010)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)

#define TICKS 1000
#define CYCLES 208878

volatile uint32_t done[2];
static volatile uint32_t ticks;

static void systick(void)
{
    ticks++;
}

static uint32_t measure(int asleep)
{
    uint32_t first = ticks, began;

    while (ticks == first) {
    }
    began = TIM2_CNT;
    first = ticks;
    while (ticks - first < TICKS) {
        if (asleep) {
            __asm volatile("wfi");
        }
    }
    return TIM2_CNT - began;
}

__attribute__((used)) void start_c(void)
{
    RCC_MC_APB1ENSETR = 1;
    TIM2_ARR = ~0u;
    TIM2_EGR = 1;
    TIM2_CR1 = 1;
    SYST_RVR = CYCLES - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    done[0] = measure(1);
    done[1] = measure(0);
    for (;;) {
        __asm volatile("wfi");
    }
}

__attribute__((naked)) void reset(void)
{
    __asm volatile("ldr r0, =stack_top\n\tmsr msp, r0\n\tb start_c");
}

extern uint32_t stack_top[];

__attribute__((section(".vectors"), used)) void *const vectors[16] = {stack_top, reset, [15] = systick};
