/*
 * STM32MP1 analog-to-digital converters (ADC1, ADC2)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Two converters of up to 16 bits that share registers, as in ST's RM0436,
 * chapter "Analog-to-digital converters": regular and injected conversions of
 * a sequence, single, continuous or discontinuous, by software or by a
 * trigger; oversampling, offsets, analog watchdogs.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers of both, and the common ones
 *  + sysbus IRQ 0 and 1: the interrupts of ADC1 and ADC2 (level)
 *  + Clock input "clk": the kernel clock; "hclk": the bus clock
 *  + Named GPIO inputs "trigger": by the number in EXTSEL, and from
 *    STM32MP1_ADC_INJECTED on by the one in JEXTSEL
 *  + Named GPIO outputs "dma-request": one a converter, high as long as there
 *    is a result to read
 *  + uint32 properties "vref" (the reference voltage), "adc1-in0" to
 *    "adc1-in19" and "adc2-in0" to "adc2-in19" (the inputs): in microvolts
 */

#ifndef HW_ADC_STM32MP1_ADC_H
#define HW_ADC_STM32MP1_ADC_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qemu/timer.h"
#include "qom/object.h"

#define TYPE_STM32MP1_ADC "stm32mp1-adc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1AdcState, STM32MP1_ADC)

#define STM32MP1_ADC_NUM 2
#define STM32MP1_ADC_CHANNELS 20
#define STM32MP1_ADC_INJECTED 32
#define STM32MP1_ADC_TRIGGERS (2 * STM32MP1_ADC_INJECTED)
#define STM32MP1_ADC_REGS (0x100 / 4)

/* A sequence of channels: the regular one, or the injected one */
typedef struct STM32MP1AdcGroup {
    uint8_t next;           /* place in the sequence that comes next */
    uint8_t left;           /* conversions that this trigger still makes */
    bool begun;             /* a sequence, by its trigger */
    uint16_t samples;       /* of the oversampled conversion, that are done */
    uint32_t sum;           /* and their sum */
} STM32MP1AdcGroup;

typedef struct STM32MP1AdcUnit {
    STM32MP1AdcState *adc;
    qemu_irq irq;
    qemu_irq request;
    QEMUTimer *timer;       /* end of a conversion */

    uint32_t regs[STM32MP1_ADC_REGS];
    uint32_t input[STM32MP1_ADC_CHANNELS];      /* microvolts */
    STM32MP1AdcGroup regular;
    STM32MP1AdcGroup injected;
    bool converting;        /* for "injecting", if that is set */
    bool injecting;
    uint16_t batch;         /* samples that the timer is for */
    int64_t from_ns;        /* when they began */
} STM32MP1AdcUnit;

struct STM32MP1AdcState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    Clock *clk;
    Clock *hclk;

    STM32MP1AdcUnit unit[STM32MP1_ADC_NUM];
    uint32_t ccr;
    uint32_t vref;          /* microvolts */
    bool trigger[STM32MP1_ADC_TRIGGERS];        /* levels of the inputs */
};

#endif
