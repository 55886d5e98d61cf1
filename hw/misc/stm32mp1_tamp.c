/*
 * STM32MP1 tamper detection and backup registers (RM0436, chapter TAMP)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The block lies in the backup domain: only power-on, not a machine reset,
 * brings it to its reset values. Exempt are the two backup registers in which
 * boot loader and Linux keep the state of the coprocessor; the boot loader
 * sets them on each boot. No tamper input exists, so nothing is ever pending.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_tamp.h"
#include "hw/irq.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "trace.h"

REG32(COUNTR, 0x40)
REG32(BKP0R, 0x100)
REG32(BKP17R, 0x144)
REG32(BKP18R, 0x148)

/* A monotonic counter: any write increments it */
static uint64_t tamp_countr_pre_write(RegisterInfo *reg, uint64_t val)
{
    uint32_t count = *(uint32_t *)reg->data;

    return count == UINT32_MAX ? count : count + 1;
}

static void tamp_copro_post_write(RegisterInfo *reg, uint64_t val)
{
    trace_stm32mp1_tamp_copro(reg->access->name, val);
}

#define BKP(n) { .name = "BKP" #n "R", .addr = A_BKP0R + 4 * (n) }
#define BKP_COPRO(n) { .name = "BKP" #n "R", .addr = A_BKP0R + 4 * (n), \
                       .post_write = tamp_copro_post_write }

static const RegisterAccessInfo stm32mp1_tamp_regs[] = {
    { .name = "CR1", .addr = 0x00, .reset = 0xffff0000 },
    { .name = "CR2", .addr = 0x04 },
    { .name = "FLTCR", .addr = 0x0c, .ro = ~0xffu },
    { .name = "ATCR1", .addr = 0x10, .reset = 0x00070000 },
    /* write-only; the seed of the active tampers is not used */
    { .name = "ATSEEDR", .addr = 0x14, .ro = ~0u },
    { .name = "ATOR", .addr = 0x18, .ro = ~0u },
    { .name = "SMCR", .addr = 0x20, .reset = 0x80000000 },
    { .name = "IER", .addr = 0x2c },
    { .name = "SR", .addr = 0x30, .ro = ~0u },
    { .name = "MISR", .addr = 0x34, .ro = ~0u },
    { .name = "SMISR", .addr = 0x38, .ro = ~0u },
    /* write-only; SR has nothing to clear */
    { .name = "SCR", .addr = 0x3c, .ro = ~0u },
    { .name = "COUNTR", .addr = A_COUNTR,
      .pre_write = tamp_countr_pre_write },
    { .name = "CFGR", .addr = 0x50 },
    BKP(0), BKP(1), BKP(2), BKP(3), BKP(4), BKP(5), BKP(6), BKP(7),
    BKP(8), BKP(9), BKP(10), BKP(11), BKP(12), BKP(13), BKP(14), BKP(15),
    BKP(16), BKP_COPRO(17), BKP_COPRO(18), BKP(19), BKP(20), BKP(21),
    BKP(22), BKP(23), BKP(24), BKP(25), BKP(26), BKP(27), BKP(28), BKP(29),
    BKP(30), BKP(31),
    REGISTER_BLOCK_RO("HWCFGR2", 0x3ec, 0x101),
    REGISTER_BLOCK_RO("HWCFGR1", 0x3f0, 0x009d1320),
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x10),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00121033),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_tamp_reset_hold(Object *obj, ResetType type)
{
    STM32MP1TampState *s = STM32MP1_TAMP(obj);

    s->parent_obj.regs[R_BKP17R] = 0;
    s->parent_obj.regs[R_BKP18R] = 0;
}

static void stm32mp1_tamp_reset_exit(Object *obj, ResetType type)
{
    qemu_set_irq(STM32MP1_TAMP(obj)->irq, 0);
}

static void stm32mp1_tamp_init(Object *obj)
{
    register_block_reset_all(REGISTER_BLOCK(obj));
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &STM32MP1_TAMP(obj)->irq);
}

static void stm32mp1_tamp_class_init(ObjectClass *klass, ClassInitData *data)
{
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_tamp_regs,
                              ARRAY_SIZE(stm32mp1_tamp_regs));
    rc->phases.hold = stm32mp1_tamp_reset_hold;
    rc->phases.exit = stm32mp1_tamp_reset_exit;
}

static const TypeInfo stm32mp1_tamp_types[] = {
    {
        .name = TYPE_STM32MP1_TAMP,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1TampState),
        .instance_init = stm32mp1_tamp_init,
        .class_init = stm32mp1_tamp_class_init,
    },
};

DEFINE_TYPES(stm32mp1_tamp_types)
