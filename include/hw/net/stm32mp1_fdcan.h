/*
 * STM32MP1 controller area network (FDCAN), a Bosch M_CAN
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0436, chapter "FD controller area network", and Bosch's "M_CAN user's
 * manual", revision 3.2.1: classic and FD frames, filters, FIFOs, buffers, and
 * events in the message RAM. Time-triggered operation is not there.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQs 0 and 1: the interrupt lines, level
 *  + clock input "clk": the kernel clock, which bit times are a multiple of
 *  + link property "message-ram": the message RAM (RAM region), which several
 *    instances can share
 *  + link property "canbus": QEMU's CAN bus, or nothing: then nobody
 *    acknowledges a frame
 */
#ifndef HW_NET_STM32MP1_FDCAN_H
#define HW_NET_STM32MP1_FDCAN_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "net/can_emu.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_STM32MP1_FDCAN "stm32mp1-fdcan"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1FdcanState, STM32MP1_FDCAN)

#define STM32MP1_FDCAN_NUM_REGS 0x40    /* CREL to TXEFA */

/* A ring of elements in the message RAM: indices and fill level */
typedef struct STM32MP1FdcanRing {
    uint32_t put;
    uint32_t get;
    uint32_t fill;
    bool lost;
} STM32MP1FdcanRing;

enum {
    STM32MP1_FDCAN_RX0, STM32MP1_FDCAN_RX1, STM32MP1_FDCAN_EVENTS,
    STM32MP1_FDCAN_TX, STM32MP1_FDCAN_NUM_RINGS,
};

struct STM32MP1FdcanState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq[2];
    Clock *clk;
    MemoryRegion *ram;
    CanBusState *canbus;
    CanBusClientState client;

    uint32_t regs[STM32MP1_FDCAN_NUM_REGS];     /* by offset / 4 */
    STM32MP1FdcanRing ring[STM32MP1_FDCAN_NUM_RINGS];
    int64_t timestamp_ns;       /* when the time stamp counter was 0 */

    /* the frame of this Tx buffer, or -1, is on the bus until the timer */
    QEMUTimer timer;
    int32_t sending;
    bool send_cancelled;        /* TXBCR came meanwhile */
};

#endif
