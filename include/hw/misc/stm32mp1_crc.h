/*
 * STM32MP1 CRC calculation unit (CRC1, CRC2)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 */
#ifndef HW_MISC_STM32MP1_CRC_H
#define HW_MISC_STM32MP1_CRC_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_CRC "stm32mp1-crc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1CrcState, STM32MP1_CRC)

struct STM32MP1CrcState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    uint32_t crc;       /* what DR reads, but for REV_OUT */
    uint32_t idr;
    uint32_t cr;
    uint32_t init;
    uint32_t pol;
};

#endif
