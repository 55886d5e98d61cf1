/*
 * STM32MP1 low-power timer (LPTIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0436, chapter "Low-power timer": the counter on its kernel clock, single
 * or continuous, with compare and auto-reload.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: the interrupt, level; a direct event of the EXTI
 *  + clock input "clk": the kernel clock
 *  + bool property "encoder": has the encoder mode's bit (LPTIM1, LPTIM2)
 */
#ifndef HW_TIMER_STM32MP1_LPTIM_H
#define HW_TIMER_STM32MP1_LPTIM_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "hw/timer/stm32mp1_ticks.h"
#include "qom/object.h"

#define TYPE_STM32MP1_LPTIM "stm32mp1-lptim"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1LptimState, STM32MP1_LPTIM)

/* A register that the counter's clock domain takes over a little later */
typedef struct STM32MP1LptimSync {
    uint32_t value;     /* as written */
    uint32_t active;    /* as the counter uses it */
    bool pending;
    uint64_t tick;      /* when a pending value arrives */
} STM32MP1LptimSync;

enum { STM32MP1_LPTIM_CMP, STM32MP1_LPTIM_ARR, STM32MP1_LPTIM_NUM_SYNC };

struct STM32MP1LptimState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;
    Clock *clk;
    QEMUTimer timer;
    bool encoder;

    uint32_t isr;
    uint32_t ier;
    uint32_t cfgr;
    uint32_t cr;
    uint32_t cfgr2;
    STM32MP1LptimSync sync[STM32MP1_LPTIM_NUM_SYNC];

    /* The counter was `cnt` when the clock had ticked `cnt_tick` times */
    STM32MP1Ticks ticks;
    uint64_t cnt_tick;
    uint32_t cnt;
    bool running;
    bool single;
};

#endif
