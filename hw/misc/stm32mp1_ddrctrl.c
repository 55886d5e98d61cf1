/*
 * STM32MP1 controller of the DDR memory (RM0436, chapter DDRCTRL)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A boot loader finds out how much memory there is from the registers that
 * say which bit of an address is which of the memory's: those that are there
 * are counted. They have the values that the first-stage boot loader leaves,
 * for one chip of 16 bits as it is on the STM32MP157C-DK2 (in TF-A and U-Boot:
 * stm32mp15-ddr3-1x4Gb-1066-binG.dtsi). They cannot be written as long as the
 * controller is not in reset, in which nobody here puts it. Everything else,
 * the training among it, is not modelled.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "hw/misc/stm32mp1_ddrctrl.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "trace.h"

REG32(MSTR, 0x000)
REG32(ADDRMAP1, 0x204)
    FIELD(ADDRMAP1, BANK_B0, 0, 6)
    FIELD(ADDRMAP1, BANK_B1, 8, 6)
    FIELD(ADDRMAP1, BANK_B2, 16, 6)
REG32(ADDRMAP2, 0x208)
REG32(ADDRMAP3, 0x20c)
REG32(ADDRMAP4, 0x210)
REG32(ADDRMAP5, 0x214)
    FIELD(ADDRMAP5, ROW_B11, 24, 4)
REG32(ADDRMAP6, 0x218)
    FIELD(ADDRMAP6, ROW_B12, 0, 4)
    FIELD(ADDRMAP6, ROW_B13, 8, 4)
    FIELD(ADDRMAP6, ROW_B14, 16, 4)
    FIELD(ADDRMAP6, ROW_B15, 24, 4)
REG32(ADDRMAP9, 0x224)
REG32(ADDRMAP10, 0x228)
REG32(ADDRMAP11, 0x22c)

#define DDR_MAX (1 * GiB)

/* Bits that halve the memory when they are not there, the topmost first */
#define BIT_OF(reg, field) \
    { R_##reg, R_##reg##_##field##_SHIFT, R_##reg##_##field##_LENGTH }
static const struct {
    unsigned reg;
    uint8_t shift;
    uint8_t length;
} ddrctrl_bits[] = {
    BIT_OF(ADDRMAP6, ROW_B15), BIT_OF(ADDRMAP6, ROW_B14),
    BIT_OF(ADDRMAP6, ROW_B13), BIT_OF(ADDRMAP6, ROW_B12),
    BIT_OF(ADDRMAP5, ROW_B11),
    BIT_OF(ADDRMAP1, BANK_B2), BIT_OF(ADDRMAP1, BANK_B1),
    BIT_OF(ADDRMAP1, BANK_B0),
};

/* Of 1 GiB: 16 bits of row, 3 of bank, 10 of column, 2 bytes wide */
static const RegisterAccessInfo stm32mp1_ddrctrl_regs[] = {
    /* DDR3, half of the data bus, bursts of 8, 2T timing */
    REGISTER_BLOCK_RO("MSTR", A_MSTR, 0x00041401),
    REGISTER_BLOCK_RO("ADDRMAP1", A_ADDRMAP1, 0x00070707),
    REGISTER_BLOCK_RO("ADDRMAP2", A_ADDRMAP2, 0),
    REGISTER_BLOCK_RO("ADDRMAP3", A_ADDRMAP3, 0x1f000000),
    REGISTER_BLOCK_RO("ADDRMAP4", A_ADDRMAP4, 0x00001f1f),
    REGISTER_BLOCK_RO("ADDRMAP5", A_ADDRMAP5, 0x06060606),
    REGISTER_BLOCK_RO("ADDRMAP6", A_ADDRMAP6, 0x06060606),
    REGISTER_BLOCK_RO("ADDRMAP9", A_ADDRMAP9, 0),
    REGISTER_BLOCK_RO("ADDRMAP10", A_ADDRMAP10, 0),
    REGISTER_BLOCK_RO("ADDRMAP11", A_ADDRMAP11, 0),
};

static unsigned ddrctrl_absent(const STM32MP1DdrctrlState *s)
{
    return ctz64(DDR_MAX) - ctz64(pow2floor(s->size));
}

static void stm32mp1_ddrctrl_reset_hold(Object *obj, ResetType type)
{
    STM32MP1DdrctrlState *s = STM32MP1_DDRCTRL(obj);
    RegisterBlockState *block = REGISTER_BLOCK(obj);

    register_block_reset_all(block);
    for (unsigned i = 0; i < ddrctrl_absent(s); i++) {
        uint32_t *reg = &block->regs[ddrctrl_bits[i].reg];

        *reg = deposit32(*reg, ddrctrl_bits[i].shift, ddrctrl_bits[i].length,
                         UINT32_MAX);
    }
    trace_stm32mp1_ddrctrl_size(s->size, block->regs[R_ADDRMAP1],
                                block->regs[R_ADDRMAP5],
                                block->regs[R_ADDRMAP6]);
}

static void stm32mp1_ddrctrl_realize(DeviceState *dev, Error **errp)
{
    STM32MP1DdrctrlState *s = STM32MP1_DDRCTRL(dev);
    uint64_t least = DDR_MAX >> ARRAY_SIZE(ddrctrl_bits);

    if (s->size < least || s->size > DDR_MAX) {
        error_setg(errp, "the RAM has %" PRIu64 " bytes: from 4 MiB to 1 GiB "
                   "are possible", s->size);
    }
}

static const Property stm32mp1_ddrctrl_properties[] = {
    DEFINE_PROP_UINT64("size", STM32MP1DdrctrlState, size, 0),
};

static void stm32mp1_ddrctrl_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_ddrctrl_regs,
                              ARRAY_SIZE(stm32mp1_ddrctrl_regs));
    REGISTER_BLOCK_CLASS(klass)->rest_unimplemented = true;
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_ddrctrl_reset_hold;
    dc->realize = stm32mp1_ddrctrl_realize;
    device_class_set_props(dc, stm32mp1_ddrctrl_properties);
}

static const TypeInfo stm32mp1_ddrctrl_types[] = {
    {
        .name = TYPE_STM32MP1_DDRCTRL,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1DdrctrlState),
        .class_init = stm32mp1_ddrctrl_class_init,
    },
};

DEFINE_TYPES(stm32mp1_ddrctrl_types)
