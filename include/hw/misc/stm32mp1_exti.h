/*
 * STM32MP1 EXTI (extended interrupt and event controller)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The EXTI of the STM32MP157 (RM0436, "Extended interrupt and event
 * controller"): 76 events in three banks, masks for two processors.
 *
 * Configurable events (0..16, 65, 66, 68, 73) latch edges and give a level
 * to each processor. The interrupts of direct events pass by the EXTI: their
 * peripheral is wired straight to the interrupt controllers. Here they only
 * wake up a processor that is in CStop.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + named GPIO inputs "pin": level of each GPIO pin, index port * 16 + pin
 *    (ports A..K are 0..10, Z is 11)
 *  + named GPIO inputs "event": level of each event source; only those from 16
 *    on have an effect
 *  + named GPIO outputs "c1-irq", "c2-irq": interrupt level of each event for
 *    processor 1 (Cortex-A7) and processor 2 (Cortex-M4)
 *  + named GPIO outputs "selected": level of each configurable event, whether
 *    RTSR or FTSR selects an edge of it. A source that has many edges may keep
 *    them to itself while it is low.
 *  + named GPIO output "c2-wakeup": level, an event is there or pending that
 *    C2IMR does not mask
 */

#ifndef HW_MISC_STM32MP1_EXTI_H
#define HW_MISC_STM32MP1_EXTI_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_EXTI "stm32mp1-exti"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1ExtiState, STM32MP1_EXTI)

#define STM32MP1_EXTI_NUM_BANKS 3
#define STM32MP1_EXTI_NUM_EVENTS (32 * STM32MP1_EXTI_NUM_BANKS)
#define STM32MP1_EXTI_NUM_CPUS 2
#define STM32MP1_EXTI_NUM_PORTS 12
#define STM32MP1_EXTI_PINS_PER_PORT 16
#define STM32MP1_EXTI_NUM_PINS \
    (STM32MP1_EXTI_NUM_PORTS * STM32MP1_EXTI_PINS_PER_PORT)
#define STM32MP1_EXTI_NUM_CR 4

struct STM32MP1ExtiState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq[STM32MP1_EXTI_NUM_CPUS][STM32MP1_EXTI_NUM_EVENTS];
    qemu_irq selected[STM32MP1_EXTI_NUM_EVENTS];
    qemu_irq wakeup;

    uint32_t rtsr[STM32MP1_EXTI_NUM_BANKS];
    uint32_t ftsr[STM32MP1_EXTI_NUM_BANKS];
    uint32_t rpr[STM32MP1_EXTI_NUM_BANKS];
    uint32_t fpr[STM32MP1_EXTI_NUM_BANKS];
    uint32_t exticr[STM32MP1_EXTI_NUM_CR];
    uint32_t c1imr[STM32MP1_EXTI_NUM_BANKS];
    uint32_t c2imr[STM32MP1_EXTI_NUM_BANKS];
    uint32_t c2emr[STM32MP1_EXTI_NUM_BANKS];

    /* level of every GPIO pin, by port */
    uint16_t pins[STM32MP1_EXTI_NUM_PORTS];
    /* level of every event's source, after the GPIO multiplexer */
    uint32_t level[STM32MP1_EXTI_NUM_BANKS];
};

#endif
