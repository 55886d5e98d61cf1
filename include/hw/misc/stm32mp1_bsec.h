/*
 * STM32MP1 boot and security controller, OTP fuses (BSEC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x1000 bytes
 *  + property "fuses": fuses that are burnt beside those of a DK2, as
 *    WORD=VALUE:WORD=VALUE... Word 0, bit 6 says that the device is closed;
 *    words 24 to 31 are for the hash of the key that its software is signed
 *    with.
 */
#ifndef HW_MISC_STM32MP1_BSEC_H
#define HW_MISC_STM32MP1_BSEC_H

#include "hw/misc/register_block.h"

#define TYPE_STM32MP1_BSEC "stm32mp1-bsec"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1BsecState, STM32MP1_BSEC)

#define STM32MP1_BSEC_WORDS 96

struct STM32MP1BsecState {
    RegisterBlockState parent_obj;

    char *fuses;                                /* property "fuses" */
    uint32_t fuse[STM32MP1_BSEC_WORDS];
    uint32_t locked[STM32MP1_BSEC_WORDS / 32];  /* words, for good */
    bool prog_failed;
    bool in_reset;
};

/**
 * stm32mp1_bsec_closed: whether the fuses say that only what is signed may run
 */
bool stm32mp1_bsec_closed(const STM32MP1BsecState *s);

#endif
