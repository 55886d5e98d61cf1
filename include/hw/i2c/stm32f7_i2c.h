/*
 * STM32F7 I2C controller (also in STM32MP1)
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
 *  + Clock input "clk": the kernel clock; it times the stop after a NACK, and
 *    the timeouts of SMBus
 *  + Named GPIO input "smba": SMBALERT# as other devices leave it, 0 is an alert
 *  + I2C bus, named by the property "bus-name" ("i2c"): it is its master
 *
 * A TYPE_STM32F7_I2C_WIRE lets another controller of this type address it as a
 * slave, and hears its SMBALERT#; it is the user's to make:
 *
 *   -device stm32f7-i2c-wire,bus=i2c5,controller=/machine/soc/i2c2
 *
 *  + Its bus: that of the master
 *  + Property "controller": link to the one that is the slave
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

#define TYPE_STM32F7_I2C_WIRE "stm32f7-i2c-wire"
OBJECT_DECLARE_SIMPLE_TYPE(STM32F7I2CWireState, STM32F7_I2C_WIRE)

struct STM32F7I2CWireState {
    I2CSlave parent_obj;

    STM32F7I2CState *controller;
    /* the controller has acknowledged its address, and there was no stop yet */
    bool addressed;
    /* the first byte of a 10-bit address was its own, the second is to come */
    bool header;
    QLIST_ENTRY(STM32F7I2CWireState) next;
};

struct STM32F7I2CState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    char *bus_name;
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
    /* whom the transfer is for; bit 10 is set if that are 10 bits */
    uint16_t address;
    uint8_t pec;
    uint8_t rxdr;
    uint8_t txdr;

    /* bytes of the current NBYTES block still to be transferred */
    uint8_t remaining;
    /* a transfer was started on the bus and not yet ended by a STOP */
    bool active;
    /* looking for who acknowledges an address: not this one */
    bool starting;
    /* the wire over which this one is addressed as a slave, or NULL */
    STM32F7I2CWireState *wire;
    /* the wires on which it can be addressed */
    QLIST_HEAD(, STM32F7I2CWireState) wires;
    /* the first byte of a 10-bit address is to be sent again, for reading */
    bool turning;
    /* runs from a NACK to its stop ("stopping"), or from a slave's to START */
    QEMUTimer stop_timer;
    bool stopping;

    /* SMBALERT# is low: by "smba", and altogether when it was last looked at */
    bool alert_in;
    bool alert;
    /* SMBus: for TIMEOUTA and TIMEOUTB, in ns of virtual time */
    QEMUTimer timeout_timer;
    /* since when SCL is low, or the bus is idle ("idle_told": it was told) */
    int64_t clock_from_ns;
    bool clock_low;
    bool idle_told;
    /* how long this one has held SCL in the message (a master: in the byte) */
    int64_t held_ns;
    /* since when it holds it, if it does */
    int64_t held_from_ns;
    bool held;
};

#endif
