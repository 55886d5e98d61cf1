/*
 * STM32MP1 independent watchdog (IWDG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * IWDG1 and IWDG2 of ST's RM0436, chapter "Independent watchdog".
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: early wake-up interrupt (level)
 *  + named GPIO output "reset": pulse on expiry; the watchdog itself is back
 *    in its reset state by then
 *  + Clock input "clk": the low-speed internal oscillator (32 kHz)
 */

#ifndef HW_WATCHDOG_STM32MP1_IWDG_H
#define HW_WATCHDOG_STM32MP1_IWDG_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "hw/timer/stm32mp1_ticks.h"
#include "qom/object.h"

#define TYPE_STM32MP1_IWDG "stm32mp1-iwdg"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1IwdgState, STM32MP1_IWDG)

struct STM32MP1IwdgState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    qemu_irq reset_out;
    Clock *clk;
    QEMUTimer *timer;

    uint32_t pr;
    uint32_t rlr;
    uint32_t winr;
    uint32_t ewcr;
    uint32_t sr;        /* EWIF only; the update flags are computed */
    bool unlocked;
    bool started;

    /* The down-counter was `cnt` when the LSI had ticked `cnt_tick` times */
    STM32MP1Ticks ticks;
    uint64_t cnt_tick;
    uint32_t cnt;
    bool early_done;    /* EWIF was raised since the last reload */

    /* LSI cycle at which each of PVU, RVU, WVU and EWU falls */
    uint64_t update_end[4];
    uint64_t update_ticks[4]; /* how long it takes once it goes on */
};

#endif
