/*
 * STM32MP1 power control (RM0436, chapter PWR)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Regulators and backup supplies are ready as soon as they are enabled. The
 * system knows the mode Stop, which sets STOPF of both processors, and no
 * Standby, so SBF stays 0. No wake-up pin is connected.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_pwr.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "trace.h"

REG32(CR1, 0x00)
REG32(CSR1, 0x04)
REG32(CR2, 0x08)
    FIELD(CR2, BREN, 0, 1)
    FIELD(CR2, RREN, 1, 1)
    FIELD(CR2, BRRDY, 16, 1)
    FIELD(CR2, RRRDY, 17, 1)
REG32(CR3, 0x0c)
    FIELD(CR3, USB33DEN, 24, 1)
    FIELD(CR3, USB33RDY, 26, 1)
    FIELD(CR3, REG18EN, 28, 1)
    FIELD(CR3, REG18RDY, 29, 1)
    FIELD(CR3, REG11EN, 30, 1)
    FIELD(CR3, REG11RDY, 31, 1)
REG32(MPUCR, 0x10)
    FIELD(MPUCR, STOPF, 5, 1)
    FIELD(MPUCR, SBF, 6, 1)
    FIELD(MPUCR, SBF_MPU, 7, 1)
    FIELD(MPUCR, CSSF, 9, 1)
REG32(MCUCR, 0x14)
    FIELD(MCUCR, DEEPSLEEP, 15, 1)
REG32(WKUPCR, 0x20)
    FIELD(WKUPCR, WKUPC, 0, 6)
REG32(WKUPFR, 0x24)
REG32(MPUWKUPENR, 0x28)
REG32(MCUWKUPENR, 0x2c)

#define FLAGS (R_MPUCR_STOPF_MASK | R_MPUCR_SBF_MASK | R_MPUCR_SBF_MPU_MASK)

static void pwr_cr2_post_write(RegisterInfo *reg, uint64_t val)
{
    RegisterBlockState *s = REGISTER_BLOCK_OF(reg);
    uint32_t v = val;

    v = FIELD_DP32(v, CR2, BRRDY, FIELD_EX32(v, CR2, BREN));
    v = FIELD_DP32(v, CR2, RRRDY, FIELD_EX32(v, CR2, RREN));
    s->regs[R_CR2] = v;
    trace_stm32mp1_pwr_ready("CR2", v);
}

static void pwr_cr3_post_write(RegisterInfo *reg, uint64_t val)
{
    RegisterBlockState *s = REGISTER_BLOCK_OF(reg);
    uint32_t v = val;

    v = FIELD_DP32(v, CR3, USB33RDY, FIELD_EX32(v, CR3, USB33DEN));
    v = FIELD_DP32(v, CR3, REG18RDY, FIELD_EX32(v, CR3, REG18EN));
    v = FIELD_DP32(v, CR3, REG11RDY, FIELD_EX32(v, CR3, REG11EN));
    s->regs[R_CR3] = v;
    trace_stm32mp1_pwr_ready("CR3", v);
}

static uint64_t pwr_cpucr_pre_write(RegisterInfo *reg, uint64_t val)
{
    if (val & R_MPUCR_CSSF_MASK) {
        val &= ~(uint64_t)(FLAGS | R_MPUCR_CSSF_MASK);
    }
    return val;
}

static void stm32mp1_pwr_mcu_deepsleep(void *opaque, int n, int level)
{
    RegisterBlockState *s = REGISTER_BLOCK(opaque);

    s->regs[R_MCUCR] = FIELD_DP32(s->regs[R_MCUCR], MCUCR, DEEPSLEEP, level);
}

static void stm32mp1_pwr_system_stop(void *opaque, int n, int level)
{
    RegisterBlockState *s = REGISTER_BLOCK(opaque);

    if (level) {
        trace_stm32mp1_pwr_stop();
        s->regs[R_MPUCR] |= R_MPUCR_STOPF_MASK;
        s->regs[R_MCUCR] |= R_MPUCR_STOPF_MASK;
    }
}

static uint64_t pwr_wkupcr_pre_write(RegisterInfo *reg, uint64_t val)
{
    RegisterBlockState *s = REGISTER_BLOCK_OF(reg);

    s->regs[R_WKUPFR] &= ~(val & R_WKUPCR_WKUPC_MASK);
    return val & ~(uint64_t)R_WKUPCR_WKUPC_MASK;
}

static const RegisterAccessInfo stm32mp1_pwr_regs[] = {
    { .name = "CR1", .addr = A_CR1, .ro = ~0x000701f7u },
    /* no supply is ever below a threshold */
    { .name = "CSR1", .addr = A_CSR1, .ro = ~0u },
    { .name = "CR2", .addr = A_CR2, .ro = ~0x00000013u,
      .post_write = pwr_cr2_post_write },
    /* both internal regulators are on after reset */
    { .name = "CR3", .addr = A_CR3, .ro = ~0x513e1f00u, .reset = 0x50000000,
      .post_write = pwr_cr3_post_write },
    { .name = "MPUCR", .addr = A_MPUCR, .ro = ~0x00000209u,
      .pre_write = pwr_cpucr_pre_write },
    { .name = "MCUCR", .addr = A_MCUCR, .ro = ~0x00000201u,
      .pre_write = pwr_cpucr_pre_write },
    { .name = "WKUPCR", .addr = A_WKUPCR, .ro = ~0x0fff3f3fu,
      .pre_write = pwr_wkupcr_pre_write },
    { .name = "WKUPFR", .addr = A_WKUPFR, .ro = ~0u },
    { .name = "MPUWKUPENR", .addr = A_MPUWKUPENR, .ro = ~0x3fu },
    { .name = "MCUWKUPENR", .addr = A_MCUWKUPENR, .ro = ~0x3fu },
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x11),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00010001),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_pwr_init(Object *obj)
{
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_pwr_mcu_deepsleep,
                            "mcu-deepsleep", 1);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_pwr_system_stop,
                            "system-stop", 1);
}

static void stm32mp1_pwr_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_pwr_regs,
                              ARRAY_SIZE(stm32mp1_pwr_regs));
}

static const TypeInfo stm32mp1_pwr_types[] = {
    {
        .name = TYPE_STM32MP1_PWR,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1PwrState),
        .instance_init = stm32mp1_pwr_init,
        .class_init = stm32mp1_pwr_class_init,
    },
};

DEFINE_TYPES(stm32mp1_pwr_types)
