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
 * stm32mp15-ddr3-1x4Gb-1066-binG.dtsi), and cannot be written then, as they
 * cannot on silicon out of reset. Where the first-stage boot loader itself runs
 * (property "cold"), they are 0 and it writes them.
 *
 * The other registers keep what is written, and the statuses follow the
 * commands at once: the mode of operation, the end of a change of registers,
 * queues that are empty. The memory is there whatever they say.
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
REG32(STAT, 0x004)
    FIELD(STAT, OPERATING_MODE, 0, 3)
    FIELD(STAT, SELFREF_TYPE, 4, 2)
REG32(MRCTRL0, 0x010)
    FIELD(MRCTRL0, MR_WR, 31, 1)
REG32(MRSTAT, 0x018)
REG32(PWRCTL, 0x030)
    FIELD(PWRCTL, SELFREF_SW, 5, 1)
REG32(DFIMISC, 0x1b0)
    FIELD(DFIMISC, DFI_INIT_COMPLETE_EN, 0, 1)
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
REG32(DBGCAM, 0x308)
    FIELD(DBGCAM, RD_Q_EMPTY, 25, 1)
    FIELD(DBGCAM, WR_Q_EMPTY, 26, 1)
    FIELD(DBGCAM, RD_PIPELINE_EMPTY, 28, 1)
    FIELD(DBGCAM, WR_PIPELINE_EMPTY, 29, 1)
REG32(SWCTL, 0x320)
    FIELD(SWCTL, SW_DONE, 0, 1)
REG32(SWSTAT, 0x324)
REG32(PSTAT, 0x3fc)

#define MODE_NORMAL 1
#define MODE_SELF_REFRESH 3
#define SELFREF_BY_SOFTWARE 2

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

static uint64_t ddrctrl_static_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1DdrctrlState *s = STM32MP1_DDRCTRL(REGISTER_BLOCK_OF(reg));

    return s->cold ? val : *(uint32_t *)reg->data;
}

/* The bit starts the command, which is done by then. */
static uint64_t ddrctrl_mrctrl0_pre_write(RegisterInfo *reg, uint64_t val)
{
    return FIELD_DP32(val, MRCTRL0, MR_WR, 0);
}

static uint64_t ddrctrl_stat_post_read(RegisterInfo *reg, uint64_t val)
{
    uint32_t *regs = REGISTER_BLOCK_OF(reg)->regs;

    val = 0;
    if (FIELD_EX32(regs[R_PWRCTL], PWRCTL, SELFREF_SW)) {
        val = FIELD_DP32(val, STAT, OPERATING_MODE, MODE_SELF_REFRESH);
        val = FIELD_DP32(val, STAT, SELFREF_TYPE, SELFREF_BY_SOFTWARE);
    } else if (FIELD_EX32(regs[R_DFIMISC], DFIMISC, DFI_INIT_COMPLETE_EN)) {
        val = FIELD_DP32(val, STAT, OPERATING_MODE, MODE_NORMAL);
    }
    return val;
}

static uint64_t ddrctrl_swstat_post_read(RegisterInfo *reg, uint64_t val)
{
    return REGISTER_BLOCK_OF(reg)->regs[R_SWCTL] & R_SWCTL_SW_DONE_MASK;
}

#define RW(n, a) { .name = (n), .addr = (a) }
#define STATIC(n, a, v) { .name = (n), .addr = (a), .reset = (v), \
                          .pre_write = ddrctrl_static_pre_write }

/* The addresses are of 1 GiB: 16 bits of row, 3 of bank, 10 of column, 2 bytes */
static const RegisterAccessInfo stm32mp1_ddrctrl_regs[] = {
    /* DDR3, half of the data bus, bursts of 8, 2T timing */
    STATIC("MSTR", A_MSTR, 0x00041401),
    { .name = "STAT", .addr = A_STAT, .ro = ~0u,
      .post_read = ddrctrl_stat_post_read },
    { .name = "MRCTRL0", .addr = A_MRCTRL0,
      .pre_write = ddrctrl_mrctrl0_pre_write },
    RW("MRCTRL1", 0x014), REGISTER_BLOCK_RO("MRSTAT", A_MRSTAT, 0),
    RW("DERATEEN", 0x020), RW("DERATEINT", 0x024), RW("PWRCTL", A_PWRCTL),
    RW("PWRTMG", 0x034), RW("HWLPCTL", 0x038), RW("RFSHCTL0", 0x050),
    RW("RFSHCTL3", 0x060), RW("RFSHTMG", 0x064), RW("CRCPARCTL0", 0x0c0),
    RW("INIT0", 0x0d0),
    RW("DRAMTMG0", 0x100), RW("DRAMTMG1", 0x104), RW("DRAMTMG2", 0x108),
    RW("DRAMTMG3", 0x10c), RW("DRAMTMG4", 0x110), RW("DRAMTMG5", 0x114),
    RW("DRAMTMG6", 0x118), RW("DRAMTMG7", 0x11c), RW("DRAMTMG8", 0x120),
    RW("DRAMTMG14", 0x138),
    RW("ZQCTL0", 0x180), RW("DFITMG0", 0x190), RW("DFITMG1", 0x194),
    RW("DFILPCFG0", 0x198), RW("DFIUPD0", 0x1a0), RW("DFIUPD1", 0x1a4),
    RW("DFIUPD2", 0x1a8),
    { .name = "DFIMISC", .addr = A_DFIMISC,
      .reset = R_DFIMISC_DFI_INIT_COMPLETE_EN_MASK },
    RW("DFIPHYMSTR", 0x1c4),
    STATIC("ADDRMAP1", A_ADDRMAP1, 0x00070707),
    STATIC("ADDRMAP2", A_ADDRMAP2, 0),
    STATIC("ADDRMAP3", A_ADDRMAP3, 0x1f000000),
    STATIC("ADDRMAP4", A_ADDRMAP4, 0x00001f1f),
    STATIC("ADDRMAP5", A_ADDRMAP5, 0x06060606),
    STATIC("ADDRMAP6", A_ADDRMAP6, 0x06060606),
    STATIC("ADDRMAP9", A_ADDRMAP9, 0),
    STATIC("ADDRMAP10", A_ADDRMAP10, 0),
    STATIC("ADDRMAP11", A_ADDRMAP11, 0),
    RW("ODTCFG", 0x240), RW("ODTMAP", 0x244), RW("SCHED", 0x250),
    RW("SCHED1", 0x254), RW("PERFHPR1", 0x25c), RW("PERFLPR1", 0x264),
    RW("PERFWR1", 0x26c), RW("DBG0", 0x300), RW("DBG1", 0x304),
    REGISTER_BLOCK_RO("DBGCAM", A_DBGCAM, R_DBGCAM_RD_Q_EMPTY_MASK |
                      R_DBGCAM_WR_Q_EMPTY_MASK |
                      R_DBGCAM_RD_PIPELINE_EMPTY_MASK |
                      R_DBGCAM_WR_PIPELINE_EMPTY_MASK),
    RW("DBGCMD", 0x30c),
    { .name = "SWCTL", .addr = A_SWCTL, .reset = R_SWCTL_SW_DONE_MASK,
      .ro = ~R_SWCTL_SW_DONE_MASK },
    { .name = "SWSTAT", .addr = A_SWSTAT, .ro = ~0u,
      .post_read = ddrctrl_swstat_post_read },
    RW("POISONCFG", 0x36c), REGISTER_BLOCK_RO("PSTAT", A_PSTAT, 0),
    RW("PCCFG", 0x400), RW("PCFGR_0", 0x404), RW("PCFGW_0", 0x408),
    RW("PCTRL_0", 0x490), RW("PCFGQOS0_0", 0x494), RW("PCFGQOS1_0", 0x498),
    RW("PCFGWQOS0_0", 0x49c), RW("PCFGWQOS1_0", 0x4a0),
    RW("PCFGR_1", 0x4b4), RW("PCFGW_1", 0x4b8), RW("PCTRL_1", 0x540),
    RW("PCFGQOS0_1", 0x544), RW("PCFGQOS1_1", 0x548),
    RW("PCFGWQOS0_1", 0x54c), RW("PCFGWQOS1_1", 0x550),
};

static unsigned ddrctrl_absent(const STM32MP1DdrctrlState *s)
{
    return ctz64(DDR_MAX) - ctz64(pow2floor(s->size));
}

/* As the reset of the block itself leaves them, before anybody sets it up */
static void ddrctrl_reset_cold(RegisterBlockState *block)
{
    for (unsigned i = 0; i < ARRAY_SIZE(stm32mp1_ddrctrl_regs); i++) {
        const RegisterAccessInfo *reg = &stm32mp1_ddrctrl_regs[i];

        if (reg->pre_write == ddrctrl_static_pre_write) {
            block->regs[reg->addr / 4] = 0;
        }
    }
    block->regs[R_DFIMISC] = 0;
}

static void stm32mp1_ddrctrl_reset_hold(Object *obj, ResetType type)
{
    STM32MP1DdrctrlState *s = STM32MP1_DDRCTRL(obj);
    RegisterBlockState *block = REGISTER_BLOCK(obj);

    register_block_reset_all(block);
    if (s->cold) {
        ddrctrl_reset_cold(block);
        return;
    }
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
    DEFINE_PROP_BOOL("cold", STM32MP1DdrctrlState, cold, false),
};

static void stm32mp1_ddrctrl_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_ddrctrl_regs,
                              ARRAY_SIZE(stm32mp1_ddrctrl_regs));
    REGISTER_BLOCK_CLASS(klass)->size = REGISTER_BLOCK_MAX;
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
