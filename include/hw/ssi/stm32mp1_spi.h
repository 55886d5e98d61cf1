/*
 * STM32MP1 serial peripheral interface (SPI/I2S)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0436, chapter "Serial peripheral interface / inter-IC sound": the second
 * generation of the block, with FIFOs and a transfer counter, as a master or a
 * slave.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: the interrupt, level
 *  + SSI bus, named by the property "bus-name" ("ssi")
 *  + clock input "clk": the kernel clock, which the bit rate is a part of
 *  + named GPIO inputs "cs", 4: level of the chip select of the device with
 *    that cs_index on the bus, for pins that firmware drives as GPIOs
 *  + named GPIO output "ss": level of the SS pin that the block drives while
 *    CFG2.SSOE is set; it is the chip select of the device with index 0, too
 *  + named GPIO outputs "dma-rx", "dma-tx": level, a DMA request is pending
 *  + property "data-size": longest frame in bits, 32 with FIFOs of 16 bytes,
 *    or 16 with FIFOs of 8 bytes
 *
 * A TYPE_STM32MP1_SPI_WIRE has another block of this type as a slave on the bus
 * of a master; it is the user's to make:
 *
 *   -device stm32mp1-spi-wire,bus=spi4,controller=/machine/soc/spi5
 *
 *  + Its bus: that of the master
 *  + Property "controller": link to the one that is the slave
 *  + Named GPIO input SSI_GPIO_CS: level of the slave's SS pin
 */
#ifndef HW_SSI_STM32MP1_SPI_H
#define HW_SSI_STM32MP1_SPI_H

#include "hw/clock.h"
#include "hw/ssi/ssi.h"
#include "hw/sysbus.h"
#include "qemu/fifo8.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_STM32MP1_SPI "stm32mp1-spi"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1SpiState, STM32MP1_SPI)

#define TYPE_STM32MP1_SPI_WIRE "stm32mp1-spi-wire"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1SpiWireState, STM32MP1_SPI_WIRE)

#define STM32MP1_SPI_NUM_CS 4
#define STM32MP1_SPI_NUM_REGS 0x15      /* CR1 to I2SCFGR */
#define STM32MP1_SPI_FIFO_SIZE 16

struct STM32MP1SpiState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    SSIBus *bus;
    Clock *clk;
    qemu_irq irq;
    qemu_irq ss;
    qemu_irq dma_rx;
    qemu_irq dma_tx;
    char *bus_name;
    uint8_t data_size;

    /* by offset / 4; SR holds the flags that are latched */
    uint32_t regs[STM32MP1_SPI_NUM_REGS];
    Fifo8 tx;
    Fifo8 rx;

    /* the frame on the line ends when the timer fires */
    QEMUTimer timer;
    bool shifting;
    int64_t end_ns;
    uint32_t left;      /* frames of the transfer that are still to end */
    uint32_t unwritten; /* frames of the transfer that TXDR still waits for */
    bool crc;           /* the CRC is next, or on the line */
    uint8_t unit;       /* bits of what ssi_transfer() has */

    /* as a slave: bits of the frame that are through, and both directions */
    uint8_t bit;
    uint32_t shift_out;
    uint32_t shift_in;
    uint32_t last_in;   /* the frame before, for an underrun */
    uint32_t last_out;
};

struct STM32MP1SpiWireState {
    SSIPeripheral parent_obj;

    STM32MP1SpiState *controller;
    bool level;         /* of the slave's SS pin */
};

#endif
