/*
 * STM32MP1 true random number generator (RM0436, chapter RNG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A number is ready whenever the generator is enabled. Clock and seed errors
 * do not happen, so their bits stay 0.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/guest-random.h"
#include "hw/misc/stm32mp1_rng.h"
#include "hw/irq.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "trace.h"

REG32(CR, 0x00)
    FIELD(CR, RNGEN, 2, 1)
    FIELD(CR, IE, 3, 1)
    FIELD(CR, CED, 5, 1)
REG32(SR, 0x04)
    FIELD(SR, DRDY, 0, 1)
    FIELD(SR, CECS, 1, 1)
    FIELD(SR, SECS, 2, 1)
    FIELD(SR, CEIS, 5, 1)
    FIELD(SR, SEIS, 6, 1)
REG32(DR, 0x08)

#define SR_ERRORS (R_SR_CEIS_MASK | R_SR_SEIS_MASK)

static void stm32mp1_rng_update(STM32MP1RngState *s)
{
    uint32_t *regs = s->parent_obj.regs;
    bool level;

    regs[R_SR] = FIELD_DP32(regs[R_SR], SR, DRDY,
                            FIELD_EX32(regs[R_CR], CR, RNGEN));
    level = (regs[R_CR] & R_CR_IE_MASK) &&
            (regs[R_SR] & (R_SR_DRDY_MASK | SR_ERRORS));
    trace_stm32mp1_rng_update(regs[R_CR], regs[R_SR], level);
    qemu_set_irq(s->irq, level);
}

static void rng_post_write(RegisterInfo *reg, uint64_t val)
{
    stm32mp1_rng_update(STM32MP1_RNG(reg->opaque));
}

/* The error flags are cleared by writing 0 */
static uint64_t rng_sr_pre_write(RegisterInfo *reg, uint64_t val)
{
    return val & *(uint32_t *)reg->data;
}

static uint64_t rng_dr_post_read(RegisterInfo *reg, uint64_t val)
{
    RegisterBlockState *s = REGISTER_BLOCK_OF(reg);
    uint32_t number;

    if (!(s->regs[R_SR] & R_SR_DRDY_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: DR read while no number is ready\n",
                      object_get_typename(OBJECT(s)));
        return 0;
    }
    /* 0 tells the reader of a seed error */
    do {
        qemu_guest_getrandom_nofail(&number, sizeof(number));
    } while (number == 0);
    return number;
}

static const RegisterAccessInfo stm32mp1_rng_regs[] = {
    { .name = "CR", .addr = A_CR, .ro = ~0x2cu, .post_write = rng_post_write },
    { .name = "SR", .addr = A_SR, .ro = ~(uint32_t)SR_ERRORS,
      .pre_write = rng_sr_pre_write, .post_write = rng_post_write },
    { .name = "DR", .addr = A_DR, .ro = ~0u, .post_read = rng_dr_post_read },
    REGISTER_BLOCK_RO("HWCFGR", 0x3f0, 0x6),
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x21),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00170041),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_rng_reset_exit(Object *obj, ResetType type)
{
    stm32mp1_rng_update(STM32MP1_RNG(obj));
}

static void stm32mp1_rng_init(Object *obj)
{
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &STM32MP1_RNG(obj)->irq);
}

static void stm32mp1_rng_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_rng_regs,
                              ARRAY_SIZE(stm32mp1_rng_regs));
    RESETTABLE_CLASS(klass)->phases.exit = stm32mp1_rng_reset_exit;
}

static const TypeInfo stm32mp1_rng_types[] = {
    {
        .name = TYPE_STM32MP1_RNG,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1RngState),
        .instance_init = stm32mp1_rng_init,
        .class_init = stm32mp1_rng_class_init,
    },
};

DEFINE_TYPES(stm32mp1_rng_types)
