/*
 * STM32MP1 tamper detection and backup registers (TAMP)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers, 0x400 bytes
 *  + sysbus IRQ 0: tamper interrupt (never raised: no tamper inputs)
 *  + properties "copro-rsc-tbl" and "copro-state": what the first-stage
 *    boot loader leaves in BKP17R (device address of the resource table of
 *    a running coprocessor) and BKP18R (its state, 0 off .. 5 crashed);
 *    applied at each machine reset, default 0
 */
#ifndef HW_MISC_STM32MP1_TAMP_H
#define HW_MISC_STM32MP1_TAMP_H

#include "hw/misc/stm32mp1_regs.h"

#define TYPE_STM32MP1_TAMP "stm32mp1-tamp"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1TampState, STM32MP1_TAMP)

struct STM32MP1TampState {
    STM32MP1RegsState parent_obj;

    qemu_irq irq;

    /* What TAMP_BKP17R and TAMP_BKP18R hold after a machine reset */
    uint32_t copro_rsc_tbl;
    uint32_t copro_state;
};

#endif
