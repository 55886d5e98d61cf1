/*
 * STM32MP1 system configuration controller (RM0436, chapter SYSCFG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Storage with set and clear registers. The I/O compensation cells are ready
 * at once; their measured codes (ANSRC, APSRC) read 0.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_syscfg.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "trace.h"

REG32(BOOTR, 0x00)
REG32(PMCSETR, 0x04)
REG32(IOCTRLSETR, 0x18)
REG32(ICNR, 0x1c)
REG32(CMPCR, 0x20)
    FIELD(CMPCR, READY, 8, 1)
REG32(CMPENSETR, 0x24)
REG32(CMPENCLRR, 0x28)
REG32(CBR, 0x2c)
REG32(PMCCLRR, 0x44)
REG32(IOCTRLCLRR, 0x58)

/*
 * BOOT pins of the DK2 with its switch on "SD card". 0b100 would be the
 * engineering mode, in which firmware of the M4 sets up clocks by itself.
 */
#define BOOTR_SD_CARD 0x5

static uint64_t syscfg_set_pre_write(RegisterInfo *reg, uint64_t val)
{
    return val | *(uint32_t *)reg->data;
}

/* Both registers of a pair read as the same value */
static void syscfg_pair_post_write(RegisterInfo *reg, uint64_t val)
{
    RegisterBlockState *s = REGISTER_BLOCK_OF(reg);

    switch (reg->access->addr) {
    case A_PMCSETR:
    case A_PMCCLRR:
        s->regs[R_PMCSETR] = s->regs[R_PMCCLRR] = val;
        break;
    case A_IOCTRLSETR:
    case A_IOCTRLCLRR:
        s->regs[R_IOCTRLSETR] = s->regs[R_IOCTRLCLRR] = val;
        break;
    case A_CMPENSETR:
    case A_CMPENCLRR:
        s->regs[R_CMPENSETR] = s->regs[R_CMPENCLRR] = val;
        s->regs[R_CMPCR] = FIELD_DP32(s->regs[R_CMPCR], CMPCR, READY, !!val);
        break;
    default:
        g_assert_not_reached();
    }
    trace_stm32mp1_syscfg_pair(reg->access->name, val);
}

#define SET(n, mask)                                                    \
    { .name = #n "SETR", .addr = A_ ## n ## SETR, .ro = ~(mask),        \
      .pre_write = syscfg_set_pre_write,                                \
      .post_write = syscfg_pair_post_write }
#define CLR(n, mask)                                                    \
    { .name = #n "CLRR", .addr = A_ ## n ## CLRR, .ro = ~(mask),        \
      .w1c = (mask), .post_write = syscfg_pair_post_write }

static const RegisterAccessInfo stm32mp1_syscfg_regs[] = {
    { .name = "BOOTR", .addr = A_BOOTR, .ro = ~0x70u,
      .reset = BOOTR_SD_CARD },
    SET(PMC, 0x00f3033fu), CLR(PMC, 0x00f3033fu),
    SET(IOCTRL, 0x0000001fu), CLR(IOCTRL, 0x0000001fu),
    { .name = "ICNR", .addr = A_ICNR, .ro = ~0x7ffu },
    { .name = "CMPCR", .addr = A_CMPCR, .ro = ~0x00ff0002u,
      .reset = 0x00870000 },
    SET(CMPEN, 0x00000003u), CLR(CMPEN, 0x00000003u),
    /* the lock bits last until reset */
    { .name = "CBR", .addr = A_CBR, .ro = ~0x5u,
      .pre_write = syscfg_set_pre_write },
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x20),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00030001),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_syscfg_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_syscfg_regs,
                              ARRAY_SIZE(stm32mp1_syscfg_regs));
}

static const TypeInfo stm32mp1_syscfg_types[] = {
    {
        .name = TYPE_STM32MP1_SYSCFG,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1SyscfgState),
        .class_init = stm32mp1_syscfg_class_init,
    },
};

DEFINE_TYPES(stm32mp1_syscfg_types)
