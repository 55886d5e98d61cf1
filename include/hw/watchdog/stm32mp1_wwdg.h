/*
 * STM32MP1 system window watchdog (WWDG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * WWDG1 of ST's RM0436, chapter "System window watchdog": the watchdog of
 * the Cortex-M4.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: early wake-up interrupt (level)
 *  + named GPIO output "reset": pulse on expiry, which is to reset the
 *    watchdog, too
 *  + Clock input "clk": pclk1
 *  + uint32 property "time-scale": makes every count in the open window, which
 *    is from T = W to the reset, last that many times longer (default 1), for
 *    firmware whose window is tighter than the scheduling of a loaded
 *    workstation. The time in which a refresh is forbidden stays.
 */

#ifndef HW_WATCHDOG_STM32MP1_WWDG_H
#define HW_WATCHDOG_STM32MP1_WWDG_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "hw/timer/stm32mp1_ticks.h"
#include "qom/object.h"

#define TYPE_STM32MP1_WWDG "stm32mp1-wwdg"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1WwdgState, STM32MP1_WWDG)

struct STM32MP1WwdgState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    qemu_irq reset_out;
    Clock *clk;
    QEMUTimer *timer;
    uint32_t time_scale;

    uint32_t cr;        /* WDGA, and T as it was at `t_tick` */
    uint32_t cfr;
    uint32_t sr;

    STM32MP1Ticks ticks;
    uint64_t t_tick;
};

#endif
