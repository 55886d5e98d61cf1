/*
 * STM32MP1 DMA request multiplexer (DMAMUX1)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * It leads one request of a peripheral, or of a generator of its own, to each
 * stream of DMA1 (channels 0 to 7) and DMA2 (8 to 15), as in ST's RM0436,
 * chapter "DMA request multiplexer".
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: overrun of a synchronization or of a generator (level)
 *  + Named GPIO inputs "request": one a request number, high as long as the
 *    peripheral wants a transfer
 *  + Named GPIO outputs "ack": one a request number, pulses when a transfer was
 *    made; for peripherals whose request does not end by the access itself
 *  + Named GPIO outputs "end": the same, pulses when a stream has made all of its
 *    transfers; for peripherals to which the last one is different
 *  + Named GPIO outputs "channel": one a channel, to the "request" of a stream
 *  + Named GPIO inputs "channel-ack" and "channel-end": one a channel, from "ack"
 *    and "end" of a stream
 *  + Named GPIO inputs "trigger": the signals that SYNC_ID and SIG_ID select;
 *    the first three are events of channels 0 to 2, and made here
 */

#ifndef HW_DMA_STM32MP1_DMAMUX_H
#define HW_DMA_STM32MP1_DMAMUX_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_DMAMUX "stm32mp1-dmamux"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1DmamuxState, STM32MP1_DMAMUX)

#define STM32MP1_DMAMUX_REQUESTS 128
#define STM32MP1_DMAMUX_CHANNELS 16
#define STM32MP1_DMAMUX_GENERATORS 8
#define STM32MP1_DMAMUX_TRIGGERS 8

struct STM32MP1DmamuxState {
    RegisterBlockState parent_obj;

    qemu_irq irq;
    qemu_irq ack[STM32MP1_DMAMUX_REQUESTS];
    qemu_irq end[STM32MP1_DMAMUX_REQUESTS];
    qemu_irq channel[STM32MP1_DMAMUX_CHANNELS];

    bool request[STM32MP1_DMAMUX_REQUESTS];     /* levels of the inputs */
    bool trigger[STM32MP1_DMAMUX_TRIGGERS];
    /* requests that may pass before the next synchronization */
    uint8_t passes[STM32MP1_DMAMUX_CHANNELS];
    /* requests that went through since the last event of the channel */
    uint8_t served[STM32MP1_DMAMUX_CHANNELS];
    /* requests that a generator still has to make */
    uint8_t pending[STM32MP1_DMAMUX_GENERATORS];
};

#endif
