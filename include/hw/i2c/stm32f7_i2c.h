/*
 * STM32F7 I2C controller (also in STM32MP1), master mode
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: event interrupt, level
 *  + sysbus IRQ 1: error interrupt, level
 *  + Named GPIO outputs "dma-rx" and "dma-tx": DMA requests, as long as RXNE or
 *    TXIS is set
 *  + Clock input "clk": the kernel clock; it times the stop after a NACK
 *  + child bus "i2c"
 */
#ifndef HW_I2C_STM32F7_I2C_H
#define HW_I2C_STM32F7_I2C_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "hw/i2c/i2c.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_STM32F7_I2C "stm32f7-i2c"
OBJECT_DECLARE_SIMPLE_TYPE(STM32F7I2CState, STM32F7_I2C)

struct STM32F7I2CState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    I2CBus *bus;
    qemu_irq event_irq;
    qemu_irq error_irq;
    qemu_irq dma_rx;
    qemu_irq dma_tx;
    Clock *clk;

    uint32_t cr1;
    uint32_t cr2;
    uint32_t oar1;
    uint32_t oar2;
    uint32_t timingr;
    uint32_t timeoutr;
    uint32_t isr;
    uint8_t address;
    uint8_t rxdr;
    uint8_t txdr;

    /* bytes of the current NBYTES block still to be transferred */
    uint8_t remaining;
    /* a transfer was started on the bus and not yet ended by a STOP */
    bool active;
    /* runs from a NACK to the stop that follows it */
    QEMUTimer stop_timer;
};

#endif
