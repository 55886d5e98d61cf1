/*
 * STM32MP1 TrustZone address space controller of the DDR memory (TZC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus MMIO region 1 + n: the DDR as master n (STM32MP1TzcMaster) sees it,
 *    as large as "dram"
 *  + sysbus IRQ 0: interrupt of a refused access
 *  + Property "dram": the addresses of the DDR (link, must be set)
 *  + Property "dram-base": their start
 *  + Property "dram-size": how many of them the first-stage boot loader knows of
 *  + Property "secure-base", "secure-size": the part of it that the first-stage
 *    boot loader leaves to the secure world, none by default
 *  + Property "cold": reset leaves all closed: that boot loader is yet to come
 */
#ifndef HW_MISC_STM32MP1_TZC_H
#define HW_MISC_STM32MP1_TZC_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_TZC "stm32mp1-tzc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1TzcState, STM32MP1_TZC)

#define STM32MP1_TZC_SIZE 0x1000
#define STM32MP1_TZC_FILTERS 2
#define STM32MP1_TZC_REGIONS 9
/* Each region but the one that is everywhere has two ends. */
#define STM32MP1_TZC_PARTS (2 * (STM32MP1_TZC_REGIONS - 1) + 1)

/* Who reaches the DDR by itself */
typedef enum STM32MP1TzcMaster {
    STM32MP1_TZC_A7_SECURE,
    STM32MP1_TZC_A7,
    STM32MP1_TZC_M4,
    STM32MP1_TZC_MDMA,
    STM32MP1_TZC_DMA,       /* DMA1 and DMA2 */
    STM32MP1_TZC_SDMMC,
    STM32MP1_TZC_ETH,
    STM32MP1_TZC_NUM_MASTERS,
} STM32MP1TzcMaster;

/* What one master sees */
typedef struct STM32MP1TzcView {
    STM32MP1TzcState *tzc;
    STM32MP1TzcMaster master;
    MemoryRegion container;
    MemoryRegion checked;   /* where each access is looked at */
    MemoryRegion open[STM32MP1_TZC_PARTS];  /* where none needs to be */
} STM32MP1TzcView;

typedef struct STM32MP1TzcRegion {
    uint32_t base;
    uint32_t top;           /* the last byte */
    uint32_t attributes;
    uint32_t id_access;
} STM32MP1TzcRegion;

typedef struct STM32MP1TzcFail {
    uint32_t address;
    uint32_t control;
} STM32MP1TzcFail;

struct STM32MP1TzcState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    STM32MP1TzcView view[STM32MP1_TZC_NUM_MASTERS];
    AddressSpace as;        /* of the DDR alone */
    qemu_irq irq;

    MemoryRegion *dram;
    uint64_t dram_base;
    uint64_t dram_size;
    uint64_t secure_base;
    uint64_t secure_size;
    bool cold;
    bool unchecked;         /* in reset: the machine is being loaded */

    uint32_t action;
    uint32_t gate_keeper;   /* filters that are open */
    uint32_t speculation_ctrl;
    uint32_t int_status;
    STM32MP1TzcFail fail[STM32MP1_TZC_FILTERS];
    STM32MP1TzcRegion region[STM32MP1_TZC_REGIONS];
};

#endif
