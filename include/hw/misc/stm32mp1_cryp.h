/*
 * STM32MP1 cryptographic processor (CRYP)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0436, chapter "Cryptographic processor": DES and triple DES in ECB and
 * CBC, AES in ECB, CBC, CTR, GCM and CCM.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: a FIFO wants to be served, level
 *  + named GPIO outputs "dma-in", "dma-out": level, a DMA request is pending
 *    for DIN (four words fit) or DOUT
 */
#ifndef HW_MISC_STM32MP1_CRYP_H
#define HW_MISC_STM32MP1_CRYP_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_CRYP "stm32mp1-cryp"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1CrypState, STM32MP1_CRYP)

#define STM32MP1_CRYP_FIFO 8        /* words */

/* The oldest word comes first */
typedef struct STM32MP1CrypFifo {
    uint32_t words[STM32MP1_CRYP_FIFO];
    uint32_t used;
} STM32MP1CrypFifo;

struct STM32MP1CrypState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    qemu_irq irq;
    qemu_irq dma_in;
    qemu_irq dma_out;

    uint32_t cr;
    uint32_t dmacr;
    uint32_t imscr;
    uint32_t key[8];        /* K0LR to K3RR */
    uint32_t iv[4];         /* IV0LR to IV1RR */
    /* the context of GCM and CCM, see stm32mp1_cryp.c */
    uint32_t csgcmccm[8];
    uint32_t csgcm[8];
    bool key_prepared;      /* for decryption, since a key was written */
    STM32MP1CrypFifo in;
    STM32MP1CrypFifo out;
};

#endif
