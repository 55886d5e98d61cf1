/*
 * STM32MP1 digital-to-analog converter (DAC1)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: DMA underrun of a channel (level)
 *  + Named GPIO inputs "trigger": by the number in TSEL, 1 to 15; a channel
 *    converts on the rising edge
 *  + Named GPIO outputs "dma-request" and inputs "dma-ack": one a channel
 *  + uint32 properties "dor1" and "dor2" (read only): what the channel puts
 *    out, in 1/4096 of the reference voltage
 */
#ifndef HW_MISC_STM32MP1_DAC_H
#define HW_MISC_STM32MP1_DAC_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_DAC "stm32mp1-dac"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1DacState, STM32MP1_DAC)

#define STM32MP1_DAC_CHANNELS 2
#define STM32MP1_DAC_TRIGGERS 16

struct STM32MP1DacState {
    RegisterBlockState parent_obj;

    qemu_irq irq;
    qemu_irq request[STM32MP1_DAC_CHANNELS];

    /* what is held for the next conversion, 12 bits */
    uint32_t dhr[STM32MP1_DAC_CHANNELS];
    uint32_t dor[STM32MP1_DAC_CHANNELS];
    uint32_t lfsr[STM32MP1_DAC_CHANNELS];       /* of the noise */
    uint32_t triangle[STM32MP1_DAC_CHANNELS];
    bool falling[STM32MP1_DAC_CHANNELS];        /* the triangle is */
    bool requested[STM32MP1_DAC_CHANNELS];      /* and not yet served */
    bool trigger[STM32MP1_DAC_TRIGGERS];        /* levels of the inputs */
};

#endif
