/*
 * STM32MP1 master DMA controller (MDMA)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * 32 channels that move blocks between any two addresses, by software or by a
 * request, and go on along a list of descriptors in memory, as in ST's RM0436,
 * chapter "Master direct memory access controller".
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x1000 bytes
 *  + sysbus IRQ 0: the interrupt of all channels (level)
 *  + Named GPIO inputs "request": by the number in TSEL, high as long as the
 *    device wants a transfer
 *  + Named GPIO outputs "end": by that number, pulses when the whole transfer of
 *    a channel that it triggers has ended
 *  + Property "memory": what the controller sees on its bus (link)
 */

#ifndef HW_DMA_STM32MP1_MDMA_H
#define HW_DMA_STM32MP1_MDMA_H

#include "hw/qemu_compat.h"
#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_STM32MP1_MDMA "stm32mp1-mdma"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1MdmaState, STM32MP1_MDMA)

#define STM32MP1_MDMA_CHANNELS 32
#define STM32MP1_MDMA_REQUESTS 64
/* Registers of a channel, CISR to CMDR */
#define STM32MP1_MDMA_REGS 14

typedef struct STM32MP1MdmaChannel {
    uint32_t regs[STM32MP1_MDMA_REGS];
    uint32_t block;     /* bytes of a block: BNDT as it was programmed */
    bool active;        /* a request is being served */
} STM32MP1MdmaChannel;

struct STM32MP1MdmaState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    MemoryRegion *memory;
    AddressSpace as;
    QEMUTimer *timer;
    qemu_irq irq;
    qemu_irq end[STM32MP1_MDMA_REQUESTS];

    STM32MP1MdmaChannel channel[STM32MP1_MDMA_CHANNELS];
    bool request[STM32MP1_MDMA_REQUESTS];       /* levels of the inputs */
    bool running;       /* a turn is being executed; never migrated as true */
};

#endif
