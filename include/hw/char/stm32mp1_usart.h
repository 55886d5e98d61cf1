/*
 * STM32MP1 USART/UART with FIFOs
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The USART of the STM32MP157 (RM0436, "Universal synchronous/asynchronous
 * receiver transmitter"), asynchronous mode.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: the interrupt
 *  + named GPIO outputs "dma-rx" and "dma-tx": DMA requests, high as long as
 *    there is something to read or room to write
 *  + clock input "clk": the kernel clock; it times IDLE, the receiver timeout
 *    and TC
 *  + property "chardev": the line
 *  + bool property "boot-enabled": come out of reset configured and enabled
 *    for 115200 baud from 64 MHz, as boot firmware leaves the console
 */

#ifndef HW_CHAR_STM32MP1_USART_H
#define HW_CHAR_STM32MP1_USART_H

#include "chardev/char-fe.h"
#include "hw/clock.h"
#include "hw/qemu_compat.h"
#include "hw/sysbus.h"
#include "qemu/fifo8.h"
#include "qom/object.h"

#define TYPE_STM32MP1_USART "stm32mp1-usart"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1UsartState, STM32MP1_USART)

#define STM32MP1_USART_FIFO_SIZE 16

struct STM32MP1UsartState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;
    qemu_irq dma_rx;
    qemu_irq dma_tx;
    Clock *clk;
    CharFrontend chr;
    bool boot_enabled;

    uint32_t cr1;
    uint32_t cr2;
    uint32_t cr3;
    uint32_t brr;
    uint32_t gtpr;
    uint32_t rtor;
    uint32_t presc;
    /* the latched flags of ISR; the others are derived from the FIFOs */
    uint32_t isr;
    uint32_t rdr;

    /* received characters, with their error flags */
    uint16_t rx_fifo[STM32MP1_USART_FIFO_SIZE];
    uint32_t rx_head;
    uint32_t rx_count;
    Fifo8 tx_fifo;
    guint tx_watch;
    /* when the last frame ends, by the baud rate; TC is set then ("tc_due") */
    int64_t tx_until_ns;
    bool tc_due;
    /* for TC's interrupt; without it, ISR is computed when it is read */
    QEMUTimer tx_timer;
    /* the chardev was told that there is no room */
    bool rx_starved;

    /* silence on the line: since when, and what still waits for it */
    QEMUTimer rx_timer;
    int64_t rx_last_ns;
    bool idle_armed;
    int64_t rto_from_ns; /* since when the receiver timeout counts */
    bool rto_armed;
    bool rto_again; /* it had come, and was cleared with the FIFO not empty */
};

#endif
