/*
 * STM32MP1 DMA controller (DMA1, DMA2)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Eight streams that move data between a peripheral and memory, or between two
 * places in memory, as in ST's RM0436, chapter "Direct memory access
 * controller". The requests come from the DMAMUX.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0 to 7: the interrupt of each stream (level)
 *  + Named GPIO inputs "request": one a stream, high while it is to transfer
 *  + Named GPIO outputs "ack": one a stream, pulses when a request was served
 *  + Named GPIO outputs "end": one a stream, pulses after "ack" when it was the
 *    last one of the items that NDTR counts
 *  + Named GPIO outputs "complete": one a stream, level of its flag TCIF, by
 *    which it triggers the MDMA
 *  + Property "memory": what the controller sees on its bus (link)
 */

#ifndef HW_DMA_STM32MP1_DMA_H
#define HW_DMA_STM32MP1_DMA_H

#include "hw/qemu_compat.h"
#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_STM32MP1_DMA "stm32mp1-dma"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1DmaState, STM32MP1_DMA)

#define STM32MP1_DMA_STREAMS 8
#define STM32MP1_DMA_FIFO 16

typedef struct STM32MP1DmaStream {
    uint32_t cr;
    uint32_t ndtr;      /* items left */
    uint32_t par;
    uint32_t mar[2];
    uint32_t fcr;
    uint8_t flags;      /* its bits of LISR or HISR, from bit 0 */

    uint32_t total;     /* items of the whole transfer: NDTR as written */
    uint32_t periph;    /* next addresses, which the registers do not show */
    uint32_t mem;
    uint8_t fifo[STM32MP1_DMA_FIFO];
    uint8_t fifo_len;   /* bytes in it */
    bool request;       /* level of the input */
} STM32MP1DmaStream;

struct STM32MP1DmaState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    MemoryRegion *memory;
    AddressSpace as;
    QEMUTimer *timer;
    qemu_irq irq[STM32MP1_DMA_STREAMS];
    qemu_irq ack[STM32MP1_DMA_STREAMS];
    qemu_irq end[STM32MP1_DMA_STREAMS];
    qemu_irq complete[STM32MP1_DMA_STREAMS];

    STM32MP1DmaStream stream[STM32MP1_DMA_STREAMS];
    bool running;       /* a turn is being executed; never migrated as true */
};

#endif
