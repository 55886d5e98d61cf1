/*
 * STM32MP1 advanced-control, general-purpose and basic timers (TIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * TIM1..TIM8 and TIM12..TIM17 as described in ST's RM0436, chapters
 * "Advanced-control timers", "General-purpose timers" and "Basic timers": the
 * time base (prescaler, up, down and centre-aligned counting, auto-reload,
 * repetitions, one-pulse mode), compare matches, captures, slave and encoder
 * modes, the external trigger, triggers for other devices and DMA requests.
 * The outputs lead to no pins, but can be looked at; a break is what software
 * makes.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: the timer's interrupt (level); of kind 2: that of a break,
 *    and 1 to 3: update, trigger and commutation, capture and compare
 *  + Clock input "clk": the timer kernel clock (ck_timg1 or ck_timg2)
 *  + uint8 property "width": 16 or 32 bits
 *  + uint8 property "channels": compare channels, 0 to 4
 *  + uint8 property "kind": 0, 1 with repetitions and break (TIM15 to TIM17),
 *    or 2 advanced-control (TIM1, TIM8)
 *  + Named GPIO outputs "trgo": TRGO, and TRGO2 of kind 2
 *  + Named GPIO inputs "itr": ITR0 to ITR3, outputs of other timers
 *  + Named GPIO inputs "ti": the inputs of the channels
 *  + Named GPIO input "etr": the external trigger
 *  + bool properties "oc1" to "oc4", and "oc1n" to "oc3n" of the kinds with
 *    complements: the levels of the outputs just now, false also where the
 *    timer does not drive the pin; uint64 properties "oc1-period", "oc1-width"
 *    and so on: of a PWM signal there, how long a period takes and how long of
 *    it the level is high, in ns; 0 if there is none. All are read-only.
 *  + Named GPIO outputs "dma-request" and inputs "dma-ack": channels 1 to 4,
 *    update, trigger, commutation
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
#define STM32MP1_TIM_IRQS 4
#define STM32MP1_TIM_REQUESTS 7
#define STM32MP1_TIM_TRGOS 2
#define STM32MP1_TIM_ITRS 4

struct STM32MP1TimState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq[STM32MP1_TIM_IRQS];
    qemu_irq request[STM32MP1_TIM_REQUESTS];
    qemu_irq trgo[STM32MP1_TIM_TRGOS];
    Clock *clk;
    QEMUTimer *timer;           /* of the interrupts */
    QEMUTimer *event_timer;     /* of DMA requests and triggers */
    uint8_t width;
    uint8_t channels;
    uint8_t kind;

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

    uint32_t rcr;
    uint32_t bdtr;
    uint32_t dcr;
    uint32_t ccmr3;
    uint32_t ccr56[2];
    uint32_t af[2];
    uint32_t tisel;

    /* What the counter works with: the preload registers' shadows */
    uint32_t psc_shadow;
    uint32_t arr_shadow;
    uint32_t ccr_shadow[STM32MP1_TIM_CHANNELS];

    /* The counter was `cnt` when the clock had ticked `cnt_tick` times */
    STM32MP1Ticks ticks;
    uint64_t cnt_tick;
    uint32_t cnt;
    uint32_t repetitions;       /* overflows before the next update event */

    uint32_t events;            /* not yet told to others; 0 between accesses */
    int64_t event_ns;           /* when the last one was */
    uint8_t pending[STM32MP1_TIM_REQUESTS];     /* transfers still to make */
    uint8_t edges[STM32MP1_TIM_CHANNELS];       /* before a capture */
    uint8_t burst;              /* accesses to DMAR */
    bool trgo_level[STM32MP1_TIM_TRGOS];
    bool itr[STM32MP1_TIM_ITRS];                /* levels of inputs */
    bool ti[STM32MP1_TIM_CHANNELS];
    bool etr;
    uint8_t etr_edges;          /* of ETR, before its prescaler has one */
    uint8_t ocref;              /* levels that matches have set, by channel */
    bool bdtr_written;          /* LOCK is what it is until a reset */
    bool trigger;               /* level of the one that TS selects */
};

#endif
