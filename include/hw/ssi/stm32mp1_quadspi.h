/*
 * STM32MP1 quad-SPI interface (QUADSPI)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0436, chapter "Quad-SPI interface": indirect reads and writes, automatic
 * polling of a status, and the memory-mapped mode.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x1000 bytes
 *  + sysbus MMIO region 1: the window of the memory-mapped mode, 256 MiB;
 *    outside of that mode an access is a bus error
 *  + sysbus IRQ 0: the interrupt, level
 *  + SSI bus, named by the property "bus-name" ("ssi"), for flash with the
 *    cs_index 0 and 1, which CR.FSEL selects; CR.DFM selects both, where the
 *    first has the even bytes
 *  + clock input "clk": the kernel clock
 *  + named GPIO output "dma": level, a DMA request is pending
 */
#ifndef HW_SSI_STM32MP1_QUADSPI_H
#define HW_SSI_STM32MP1_QUADSPI_H

#include "hw/clock.h"
#include "hw/ssi/ssi.h"
#include "hw/sysbus.h"
#include "qemu/fifo8.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_STM32MP1_QUADSPI "stm32mp1-quadspi"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1QuadspiState, STM32MP1_QUADSPI)

#define STM32MP1_QUADSPI_WINDOW (256 * MiB)
#define STM32MP1_QUADSPI_FIFO 32
#define STM32MP1_QUADSPI_NUM_REGS 13    /* CR to LPTR */
#define STM32MP1_QUADSPI_NUM_CS 2

struct STM32MP1QuadspiState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    MemoryRegion window;
    SSIBus *bus;
    Clock *clk;
    qemu_irq irq;
    qemu_irq dma;
    char *bus_name;

    uint32_t regs[STM32MP1_QUADSPI_NUM_REGS];   /* by offset / 4 */
    Fifo8 fifo;
    QEMUTimer timer;
    uint32_t state;             /* of the command, see stm32mp1_quadspi.c */
    bool sent;                  /* instruction and address are out */
    bool instruction_sent;      /* for SIOO, since CCR was written */
    uint64_t left;              /* bytes of data that are still to come */
    bool fetching;              /* memory-mapped: since an access, to TOF */
};

#endif
