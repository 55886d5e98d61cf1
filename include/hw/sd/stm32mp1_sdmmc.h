/*
 * STM32MP1 secure digital/MultiMediaCard interface (SDMMC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * RM0436, chapter SDMMC: the command path with its responses, the data path
 * with the FIFO or with the internal DMA (IDMA: one buffer, or a list of them),
 * time-outs of the command and of the data, the voltage switch. The facts are
 * those of Linux' drivers/mmc/host/mmci_stm32_sdmmc.c and of ST's HAL.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: the interrupt (level)
 *  + Clock input "clk": the kernel clock, which the data time-out counts
 *  + Bus "sd-bus": where the card is
 *  + Property "memory": what the IDMA reaches (link, must be set)
 *  + Named GPIO output "card-inserted": whether there is a card
 */

#ifndef HW_SD_STM32MP1_SDMMC_H
#define HW_SD_STM32MP1_SDMMC_H

#include "hw/clock.h"
#include "hw/misc/register_block.h"
#include "hw/sd/sd.h"
#include "qemu/fifo32.h"
#include "qom/object.h"

#define TYPE_STM32MP1_SDMMC "stm32mp1-sdmmc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1SdmmcState, STM32MP1_SDMMC)

#define TYPE_STM32MP1_SDMMC_BUS "stm32mp1-sdmmc-bus"

/* Words in the FIFO */
#define STM32MP1_SDMMC_FIFO_LEN 16

struct STM32MP1SdmmcState {
    RegisterBlockState parent_obj;

    MemoryRegion *memory;
    AddressSpace as;
    SDBus sdbus;
    qemu_irq irq;
    qemu_irq card_inserted;
    Clock *clk;

    Fifo32 fifo;
    /* Goes on with a transfer that is too long for one turn */
    QEMUTimer *turn;
    /* The card has DTIMER cycles to be ready for data */
    QEMUTimer *timeout;
    /* Bytes of the transfer, and of the IDMA's present buffer, that are done */
    uint32_t done;
    uint32_t buffer_done;
    /* The transfer does the guest's memory, which may be these registers. */
    bool running;
};

#endif
