/*
 * STM32MP1 hash processor (HASH)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0436, chapter "Hash processor": MD5, SHA-1, SHA-224, SHA-256 and HMAC.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: data input or digest ready, level
 *  + named GPIO output "dma-in": level, a DMA request for DIN is pending
 *  + named GPIO input "dma-end": pulse, the DMA has written its last word,
 *    which ends the message unless CR.MDMAT is set
 */
#ifndef HW_MISC_STM32MP1_HASH_H
#define HW_MISC_STM32MP1_HASH_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_HASH "stm32mp1-hash"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1HashState, STM32MP1_HASH)

#define STM32MP1_HASH_BLOCK 16      /* words of a block */
#define STM32MP1_HASH_DIGEST 8      /* words of the longest digest */

struct STM32MP1HashState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;
    qemu_irq dma_in;

    uint32_t cr;
    uint32_t str;
    uint32_t imr;
    uint32_t sr;
    uint32_t digest[STM32MP1_HASH_DIGEST];

    /* what the context swap registers hold */
    uint32_t phase;                     /* of an HMAC */
    uint32_t words;                     /* in the block */
    uint64_t total;                     /* words that went before the block */
    uint32_t block[STM32MP1_HASH_BLOCK];
    uint32_t h[STM32MP1_HASH_DIGEST];
    uint32_t inner[STM32MP1_HASH_DIGEST];
};

#endif
