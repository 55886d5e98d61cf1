/*
 * STM32MP1 general-purpose and basic timers (TIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * TIM2..TIM7 and TIM12..TIM14 as described in ST's RM0436, chapters
 * "General-purpose timers" and "Basic timers": the time base (prescaler,
 * up- or down-counter, auto-reload, one-pulse mode) and compare matches.
 * Inputs, outputs, slave modes and DMA requests are not modelled.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: the timer's interrupt (level)
 *  + Clock input "clk": the timer kernel clock (ck_timg1 or ck_timg2)
 *  + uint8 property "width": 16 or 32 bits
 *  + uint8 property "channels": compare channels, 0 to 4
 */

#ifndef HW_TIMER_STM32MP1_TIM_H
#define HW_TIMER_STM32MP1_TIM_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "hw/timer/stm32mp1_ticks.h"
#include "qom/object.h"

#define TYPE_STM32MP1_TIM "stm32mp1-tim"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1TimState, STM32MP1_TIM)

#define STM32MP1_TIM_CHANNELS 4

struct STM32MP1TimState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    Clock *clk;
    QEMUTimer *timer;
    uint8_t width;
    uint8_t channels;

    uint32_t cr1;
    uint32_t cr2;
    uint32_t smcr;
    uint32_t dier;
    uint32_t sr;
    uint32_t ccmr[2];
    uint32_t ccer;
    uint32_t psc;
    uint32_t arr;
    uint32_t ccr[STM32MP1_TIM_CHANNELS];

    /* What the counter works with: the preload registers' shadows */
    uint32_t psc_shadow;
    uint32_t arr_shadow;
    uint32_t ccr_shadow[STM32MP1_TIM_CHANNELS];

    /* The counter was `cnt` when the clock had ticked `cnt_tick` times */
    STM32MP1Ticks ticks;
    uint64_t cnt_tick;
    uint32_t cnt;
};

#endif
