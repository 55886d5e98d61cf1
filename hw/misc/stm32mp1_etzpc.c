/*
 * STM32MP1 extended TrustZone protection controller (RM0436, chapter ETZPC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The gates of the peripherals and of the memories keep to the settings. On
 * silicon every peripheral is secure after reset; here DECPROT has the values
 * that the first-stage boot loader leaves: all open.
 *
 * TZMAn_SIZE counts the secure units of 4 KiB, from the start of the ROM and of
 * SYSRAM on: OP-TEE (stm32_etzpc.c) and U-Boot, for which 0 opens all, agree.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_etzpc.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "trace.h"

REG32(TZMA0_SIZE, 0x00)
    FIELD(TZMA0_SIZE, R0SIZE, 0, 10)
    FIELD(TZMA0_SIZE, LOCK, 31, 1)
REG32(TZMA1_SIZE, 0x04)
REG32(DECPROT0, 0x10)
REG32(DECPROT_LOCK0, 0x30)

/* A locked size cannot be changed until reset */
static uint64_t etzpc_tzma_pre_write(RegisterInfo *reg, uint64_t val)
{
    uint32_t old = *(uint32_t *)reg->data;

    return old & R_TZMA0_SIZE_LOCK_MASK ? old : val;
}

/* A reset, too, comes to this. */
static void etzpc_tzma_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1EtzpcState *s = STM32MP1_ETZPC(REGISTER_BLOCK_OF(reg));

    qemu_set_irq(s->tzma[(reg->access->addr - A_TZMA0_SIZE) / 4],
                 FIELD_EX32(val, TZMA0_SIZE, R0SIZE));
}

/* One lock register covers two DECPROT registers of 16 two-bit fields */
static uint64_t etzpc_decprot_pre_write(RegisterInfo *reg, uint64_t val)
{
    RegisterBlockState *s = REGISTER_BLOCK_OF(reg);
    unsigned n = (reg->access->addr - A_DECPROT0) / 4;
    uint32_t locks = extract32(s->regs[R_DECPROT_LOCK0 + n / 2],
                               n % 2 * 16, 16);
    uint32_t old = *(uint32_t *)reg->data;

    for (int i = 0; i < 16; i++) {
        if (extract32(locks, i, 1)) {
            val = deposit32(val, 2 * i, 2, extract32(old, 2 * i, 2));
        }
    }
    trace_stm32mp1_etzpc_decprot(n, old, val);
    return val;
}

/* A reset, too, comes to this. */
static void etzpc_decprot_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1EtzpcState *s = STM32MP1_ETZPC(REGISTER_BLOCK_OF(reg));
    unsigned first = (reg->access->addr - A_DECPROT0) / 4 * 16;

    for (int i = 0; i < 16; i++) {
        qemu_set_irq(s->decprot[first + i], extract64(val, 2 * i, 2));
    }
}

static uint64_t etzpc_lock_pre_write(RegisterInfo *reg, uint64_t val)
{
    return val | *(uint32_t *)reg->data;
}

#define TZMA(n) { .name = "TZMA" #n "_SIZE", .addr = A_TZMA0_SIZE + 4 * (n), \
                  .ro = ~0x800003ffu, .reset = 0x3ff,                        \
                  .pre_write = etzpc_tzma_pre_write,                         \
                  .post_write = etzpc_tzma_post_write }
#define DECPROT(n) { .name = "DECPROT" #n, .addr = A_DECPROT0 + 4 * (n), \
                     .reset = 0xffffffff,                                \
                     .pre_write = etzpc_decprot_pre_write,               \
                     .post_write = etzpc_decprot_post_write }
#define LOCK(n) { .name = "DECPROT_LOCK" #n,            \
                  .addr = A_DECPROT_LOCK0 + 4 * (n),    \
                  .pre_write = etzpc_lock_pre_write }

static const RegisterAccessInfo stm32mp1_etzpc_regs[] = {
    TZMA(0), TZMA(1),
    DECPROT(0), DECPROT(1), DECPROT(2), DECPROT(3), DECPROT(4), DECPROT(5),
    LOCK(0), LOCK(1), LOCK(2),
    /* 2 memory aperture controls, 96 peripherals, 2 bits each */
    REGISTER_BLOCK_RO("HWCFGR", 0x3f0, 0x6002),
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x20),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00100061),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_etzpc_reset_hold(Object *obj, ResetType type)
{
    STM32MP1EtzpcState *s = STM32MP1_ETZPC(obj);
    RegisterBlockState *block = REGISTER_BLOCK(obj);

    register_block_reset_all(block);
    if (s->sysram_open) {
        block->regs[R_TZMA1_SIZE] = 0;
        qemu_set_irq(s->tzma[1], 0);
    }
}

static void stm32mp1_etzpc_init(Object *obj)
{
    STM32MP1EtzpcState *s = STM32MP1_ETZPC(obj);

    qdev_init_gpio_out_named(DEVICE(obj), s->decprot, "decprot",
                             STM32MP1_ETZPC_IDS);
    qdev_init_gpio_out_named(DEVICE(obj), s->tzma, "tzma",
                             STM32MP1_ETZPC_TZMAS);
}

static const Property stm32mp1_etzpc_properties[] = {
    DEFINE_PROP_BOOL("sysram-open", STM32MP1EtzpcState, sysram_open, false),
};

static void stm32mp1_etzpc_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_etzpc_regs,
                              ARRAY_SIZE(stm32mp1_etzpc_regs));
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_etzpc_reset_hold;
    device_class_set_props(DEVICE_CLASS(klass), stm32mp1_etzpc_properties);
}

static const TypeInfo stm32mp1_etzpc_types[] = {
    {
        .name = TYPE_STM32MP1_ETZPC,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1EtzpcState),
        .instance_init = stm32mp1_etzpc_init,
        .class_init = stm32mp1_etzpc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_etzpc_types)
