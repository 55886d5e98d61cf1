/*
 * ZynqMP: memory protection unit (UG1087, XMPU_DDR, XMPU_OCM, XMPU_FPD)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Sixteen regions, each with an address range, masters and what they may do;
 * the one with the highest number that has both the address and the master
 * counts. Without one it is what CTRL says.
 *
 * POISON is storage: a refused access ends in a bus error, and does nothing.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/misc/zynqmp_xmpu.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"

REG32(CTRL, 0x00)
    FIELD(CTRL, DEF_RD_ALLOWED, 0, 1)
    FIELD(CTRL, DEF_WR_ALLOWED, 1, 1)
    FIELD(CTRL, ALIGN_CFG, 3, 1)
REG32(POISON, 0x0c)
REG32(ISR, 0x10)
    FIELD(ISR, INV_APB, 0, 1)
    FIELD(ISR, RD_PERM_VIO, 1, 1)
    FIELD(ISR, WR_PERM_VIO, 2, 1)
    FIELD(ISR, SECURITY_VIO, 3, 1)
REG32(LOCK, 0x20)
    FIELD(LOCK, REG_WR_DIS, 0, 1)
REG32(R00_START, 0x100)
REG32(R00_END, 0x104)
REG32(R00_MASTER, 0x108)
    FIELD(R00_MASTER, ID, 0, 10)
    FIELD(R00_MASTER, MASK, 16, 10)
REG32(R00_CONFIG, 0x10c)
    FIELD(R00_CONFIG, ENABLE, 0, 1)
    FIELD(R00_CONFIG, RD_ALLOWED, 1, 1)
    FIELD(R00_CONFIG, WR_ALLOWED, 2, 1)
    FIELD(R00_CONFIG, REGION_NS, 3, 1)
    FIELD(R00_CONFIG, NS_CHECK_TYPE, 4, 1)

#define ISR_FLAGS       0xf
#define PAGE_BITS       12
/* Address bits of a region that are not looked at, in pages, with 1 MiB each */
#define MEGABYTE_MASK   0xff
#define WORDS           (0x10 / 4)

static uint32_t xmpu_region(const RegisterBlockState *block, unsigned reg,
                            unsigned region)
{
    return block->regs[reg + WORDS * region];
}

/* The region that holds for an access, -1 if none does */
static int xmpu_find(ZynqMPXmpuState *s, hwaddr addr, uint16_t mid)
{
    const RegisterBlockState *block = REGISTER_BLOCK(s);
    uint32_t low = s->align_1mb ? MEGABYTE_MASK : 0;
    uint32_t page = addr >> PAGE_BITS;
    int i;

    for (i = ZYNQMP_XMPU_REGIONS - 1; i >= 0; i--) {
        uint32_t master = xmpu_region(block, R_R00_MASTER, i);
        uint16_t mask = FIELD_EX32(master, R00_MASTER, MASK);

        if (FIELD_EX32(xmpu_region(block, R_R00_CONFIG, i), R00_CONFIG,
                       ENABLE) &&
            page >= (xmpu_region(block, R_R00_START, i) & ~low) &&
            page <= (xmpu_region(block, R_R00_END, i) | low) &&
            !((FIELD_EX32(master, R00_MASTER, ID) ^ mid) & mask)) {
            break;
        }
    }
    return i;
}

static unsigned xmpu_may(bool reads, bool writes)
{
    return (reads ? ZYNQMP_MAY_READ : 0) | (writes ? ZYNQMP_MAY_WRITE : 0);
}

/* Whether the region is one that a secure master may not touch */
static bool xmpu_strict(uint32_t config)
{
    return FIELD_EX32(config, R00_CONFIG, REGION_NS) &&
           FIELD_EX32(config, R00_CONFIG, NS_CHECK_TYPE);
}

static unsigned xmpu_allowed(ZynqMPProtection *unit, hwaddr addr, uint16_t mid)
{
    ZynqMPXmpuState *s = ZYNQMP_XMPU(unit);
    const RegisterBlockState *block = REGISTER_BLOCK(s);
    int region = xmpu_find(s, addr, mid);
    uint32_t ctrl = block->regs[R_CTRL];
    uint32_t config;

    if (region < 0) {
        return xmpu_may(FIELD_EX32(ctrl, CTRL, DEF_RD_ALLOWED),
                        FIELD_EX32(ctrl, CTRL, DEF_WR_ALLOWED));
    }
    config = xmpu_region(block, R_R00_CONFIG, region);
    return xmpu_strict(config) ? 0 :
           xmpu_may(FIELD_EX32(config, R00_CONFIG, RD_ALLOWED),
                    FIELD_EX32(config, R00_CONFIG, WR_ALLOWED));
}

static bool xmpu_checks(ZynqMPProtection *unit, uint16_t mid)
{
    const RegisterBlockState *block = REGISTER_BLOCK(unit);
    uint32_t open = R_CTRL_DEF_RD_ALLOWED_MASK | R_CTRL_DEF_WR_ALLOWED_MASK;

    for (int i = 0; i < ZYNQMP_XMPU_REGIONS; i++) {
        if (FIELD_EX32(xmpu_region(block, R_R00_CONFIG, i), R00_CONFIG,
                       ENABLE)) {
            return true;
        }
    }
    return (block->regs[R_CTRL] & open) != open;
}

static void xmpu_refuse(ZynqMPProtection *unit, hwaddr addr, uint16_t mid,
                        bool write)
{
    ZynqMPXmpuState *s = ZYNQMP_XMPU(unit);
    const RegisterBlockState *block = REGISTER_BLOCK(s);
    int region = xmpu_find(s, addr, mid);
    uint32_t config = region < 0 ? 0 : xmpu_region(block, R_R00_CONFIG, region);
    uint32_t need = write ? R_R00_CONFIG_WR_ALLOWED_MASK :
                            R_R00_CONFIG_RD_ALLOWED_MASK;
    uint32_t flag = write ? R_ISR_WR_PERM_VIO_MASK : R_ISR_RD_PERM_VIO_MASK;

    /* what a region does not allow at all is not about security */
    if (xmpu_strict(config) && (config & need)) {
        flag = R_ISR_SECURITY_VIO_MASK;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: master 0x%03x: %s at 0x%08" HWADDR_PRIx
                  " refused: region %d, configuration 0x%02" PRIx32
                  ", CTRL 0x%" PRIx32 "\n", DEVICE(s)->canonical_path, mid,
                  write ? "write" : "read", addr, region, config,
                  block->regs[R_CTRL]);
    zynqmp_protection_violation(unit, flag, addr >> PAGE_BITS, mid);
}

/* Once LOCK is set, nothing but the interrupt's registers can be written. */
static uint64_t xmpu_pre_write(RegisterInfo *reg, uint64_t val)
{
    RegisterBlockState *block = REGISTER_BLOCK_OF(reg);

    if (block->regs[R_LOCK] & R_LOCK_REG_WR_DIS_MASK) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write of %s while locked\n",
                      DEVICE(block)->canonical_path, reg->access->name);
        return *(uint32_t *)reg->data;
    }
    return val;
}

static void xmpu_post_write(RegisterInfo *reg, uint64_t val)
{
    zynqmp_protection_rules_changed(reg->opaque);
}

#define GUARDED(_name, _addr, _reset, _ro)                                  \
    { .name = _name, .addr = _addr, .reset = _reset, .ro = _ro,             \
      .pre_write = xmpu_pre_write, .post_write = xmpu_post_write }
#define START(n)                                                            \
    GUARDED("R" #n "_START", A_R00_START + 0x10 * (n), 0, 0xf0000000)
#define END(n)                                                              \
    GUARDED("R" #n "_END", A_R00_END + 0x10 * (n), 0, 0xf0000000)
#define MASTER(n)                                                           \
    GUARDED("R" #n "_MASTER", A_R00_MASTER + 0x10 * (n), 0, 0xfc00fc00)
#define CONFIG(n)                                                           \
    GUARDED("R" #n "_CONFIG", A_R00_CONFIG + 0x10 * (n), 0x8, ~0x1fu)

static const RegisterAccessInfo zynqmp_xmpu_regs[] = {
    GUARDED("CTRL", A_CTRL, 0x3, ~0x7u),
    GUARDED("POISON", A_POISON, 0, 0),
    ZYNQMP_PROTECTION_ERR_STATUS1,
    ZYNQMP_PROTECTION_ERR_STATUS2,
    ZYNQMP_PROTECTION_ISR(ISR_FLAGS),
    ZYNQMP_PROTECTION_IMR(ISR_FLAGS),
    ZYNQMP_PROTECTION_IEN,
    ZYNQMP_PROTECTION_IDS,
    { .name = "LOCK", .addr = A_LOCK, .ro = ~0x1u,
      .pre_write = xmpu_pre_write },
    START(0), START(1), START(2), START(3),
    START(4), START(5), START(6), START(7),
    START(8), START(9), START(10), START(11),
    START(12), START(13), START(14), START(15),
    END(0), END(1), END(2), END(3),
    END(4), END(5), END(6), END(7),
    END(8), END(9), END(10), END(11),
    END(12), END(13), END(14), END(15),
    MASTER(0), MASTER(1), MASTER(2), MASTER(3),
    MASTER(4), MASTER(5), MASTER(6), MASTER(7),
    MASTER(8), MASTER(9), MASTER(10), MASTER(11),
    MASTER(12), MASTER(13), MASTER(14), MASTER(15),
    CONFIG(0), CONFIG(1), CONFIG(2), CONFIG(3),
    CONFIG(4), CONFIG(5), CONFIG(6), CONFIG(7),
    CONFIG(8), CONFIG(9), CONFIG(10), CONFIG(11),
    CONFIG(12), CONFIG(13), CONFIG(14), CONFIG(15),
};

static void xmpu_reset(ZynqMPProtection *unit)
{
    uint32_t *ctrl = &REGISTER_BLOCK(unit)->regs[R_CTRL];

    *ctrl = FIELD_DP32(*ctrl, CTRL, ALIGN_CFG, ZYNQMP_XMPU(unit)->align_1mb);
}

static const Property zynqmp_xmpu_properties[] = {
    DEFINE_PROP_BOOL("align-1mb", ZynqMPXmpuState, align_1mb, false),
};

static void zynqmp_xmpu_class_init(ObjectClass *klass, ClassInitData *data)
{
    ZynqMPProtectionClass *pc = ZYNQMP_PROTECTION_CLASS(klass);

    register_block_class_init(klass, zynqmp_xmpu_regs,
                              ARRAY_SIZE(zynqmp_xmpu_regs));
    device_class_set_props(DEVICE_CLASS(klass), zynqmp_xmpu_properties);
    pc->flags = ISR_FLAGS;
    pc->reset = xmpu_reset;
    pc->checks = xmpu_checks;
    pc->allowed = xmpu_allowed;
    pc->refuse = xmpu_refuse;
}

static const TypeInfo zynqmp_xmpu_types[] = {
    {
        .name = TYPE_ZYNQMP_XMPU,
        .parent = TYPE_ZYNQMP_PROTECTION,
        .instance_size = sizeof(ZynqMPXmpuState),
        .class_init = zynqmp_xmpu_class_init,
    },
};

DEFINE_TYPES(zynqmp_xmpu_types)
