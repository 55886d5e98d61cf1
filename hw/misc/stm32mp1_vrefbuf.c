/*
 * STM32MP1 voltage reference buffer (RM0436, chapter VREFBUF)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The output has its voltage as soon as it is driven; on a board that takes as
 * long as its capacitor needs. Nothing is connected to it here. CCR, which has
 * a value of the chip's on silicon, begins as 0.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_vrefbuf.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"

REG32(CSR, 0x00)
    FIELD(CSR, ENVR, 0, 1)
    FIELD(CSR, HIZ, 1, 1)
    FIELD(CSR, VRR, 3, 1)
    FIELD(CSR, VRS, 4, 3)
REG32(CCR, 0x04)
    FIELD(CCR, TRIM, 0, 6)

/* With HIZ set the pin keeps its voltage, or takes another one's. */
static uint64_t vrefbuf_csr_pre_write(RegisterInfo *reg, uint64_t val)
{
    return FIELD_DP32(val, CSR, VRR, FIELD_EX32(val, CSR, ENVR) &&
                                     !FIELD_EX32(val, CSR, HIZ));
}

static const RegisterAccessInfo stm32mp1_vrefbuf_regs[] = {
    { .name = "CSR", .addr = A_CSR, .reset = R_CSR_HIZ_MASK,
      .ro = ~(R_CSR_ENVR_MASK | R_CSR_HIZ_MASK | R_CSR_VRS_MASK),
      .pre_write = vrefbuf_csr_pre_write },
    { .name = "CCR", .addr = A_CCR, .ro = ~R_CCR_TRIM_MASK },
};

static void stm32mp1_vrefbuf_class_init(ObjectClass *klass,
                                        ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_vrefbuf_regs,
                              ARRAY_SIZE(stm32mp1_vrefbuf_regs));
}

static const TypeInfo stm32mp1_vrefbuf_types[] = {
    {
        .name = TYPE_STM32MP1_VREFBUF,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1VrefbufState),
        .class_init = stm32mp1_vrefbuf_class_init,
    },
};

DEFINE_TYPES(stm32mp1_vrefbuf_types)
