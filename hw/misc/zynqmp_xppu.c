/*
 * ZynqMP: peripheral protection unit of the low-power domain (UG1087, XPPU)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A list of up to twenty masters, and for each aperture (a block of registers,
 * a message buffer, the flash) a bit for each of them. Parities are software's
 * to write, and wrong ones refuse what they are for if CTRL says so.
 *
 * POISON is storage: a refused access ends in a bus error, and does nothing.
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "hw/misc/zynqmp_xppu.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"

REG32(CTRL, 0x00)
    FIELD(CTRL, ENABLE, 0, 1)
    FIELD(CTRL, MID_PARITY_EN, 1, 1)
    FIELD(CTRL, APER_PARITY_EN, 2, 1)
REG32(POISON, 0x0c)
REG32(ISR, 0x10)
    FIELD(ISR, INV_APB, 0, 1)
    FIELD(ISR, MID_MISS, 1, 1)
    FIELD(ISR, MID_RO, 2, 1)
    FIELD(ISR, MID_PARITY, 3, 1)
    FIELD(ISR, APER_PERM, 5, 1)
    FIELD(ISR, APER_TZ, 6, 1)
    FIELD(ISR, APER_PARITY, 7, 1)
REG32(M_MASTER_IDS, 0x3c)
REG32(M_APERTURE_32B, 0x40)
REG32(M_APERTURE_64KB, 0x44)
REG32(M_APERTURE_1MB, 0x48)
REG32(M_APERTURE_512MB, 0x4c)
REG32(BASE_32B, 0x50)
REG32(BASE_64KB, 0x54)
REG32(BASE_1MB, 0x58)
REG32(BASE_512MB, 0x5c)
REG32(MASTER_ID00, 0x100)
    FIELD(MASTER_ID00, MID, 0, 10)
    FIELD(MASTER_ID00, MIDM, 16, 10)
    FIELD(MASTER_ID00, MIDR, 30, 1)
    FIELD(MASTER_ID00, MIDP, 31, 1)
/* Of the apertures */
REG32(APERPERM, 0x00)
    FIELD(APERPERM, PERMISSION, 0, 20)
    FIELD(APERPERM, TRUSTZONE, 27, 1)
    FIELD(APERPERM, PARITY, 28, 4)

#define ISR_FLAGS       0xef
#define MASTERS         20
#define APERPERM_RO     0x07f00000

/* Groups of apertures, the smallest first: they lie within larger ones. */
static const struct {
    uint32_t base;
    uint32_t size;      /* of one */
    unsigned first;
    unsigned count;
} aperture_groups[] = {
    { 0xff990000, 32, 256, 128 },
    { 0xff000000, 64 * KiB, 0, 256 },
    { 0xfe000000, 1 * MiB, 384, 16 },
    { 0xc0000000, 512 * MiB, 400, 1 },
};

static const uint32_t master_ids[MASTERS] = {
    0x83ff0040, 0x03f00000, 0x83f00010, 0x83c00080, 0x83c30080, 0x03c30081,
    0x03c30082, 0x83c30083,
};

static int xppu_aperture(hwaddr addr)
{
    for (int i = 0; i < ARRAY_SIZE(aperture_groups); i++) {
        uint64_t n = (addr - aperture_groups[i].base) / aperture_groups[i].size;

        if (addr >= aperture_groups[i].base && n < aperture_groups[i].count) {
            return aperture_groups[i].first + n;
        }
    }
    return -1;
}

static bool xppu_odd(uint32_t bits)
{
    return ctpop32(bits) & 1;
}

/* The masters of the list that @mid is one of */
static uint32_t xppu_matches(ZynqMPXppuState *s, uint16_t mid)
{
    const RegisterBlockState *block = REGISTER_BLOCK(s);
    bool parity = FIELD_EX32(block->regs[R_CTRL], CTRL, MID_PARITY_EN);
    uint32_t matches = 0;

    for (int i = 0; i < MASTERS; i++) {
        uint32_t id = block->regs[R_MASTER_ID00 + i];

        if (!((FIELD_EX32(id, MASTER_ID00, MID) ^ mid) &
              FIELD_EX32(id, MASTER_ID00, MIDM)) &&
            !(parity && xppu_odd(id))) {
            matches |= BIT(i);
        }
    }
    return matches;
}

static bool xppu_parity_is_wrong(uint32_t aperperm)
{
    uint32_t covered[] = {
        extract32(aperperm, 0, 5), extract32(aperperm, 5, 5),
        extract32(aperperm, 10, 5),
        extract32(aperperm, 15, 5) | (aperperm & R_APERPERM_TRUSTZONE_MASK),
    };
    uint32_t parity = 0;

    for (int i = 0; i < ARRAY_SIZE(covered); i++) {
        parity |= xppu_odd(covered[i]) << i;
    }
    return parity != FIELD_EX32(aperperm, APERPERM, PARITY);
}

/* The flag of ISR that says why an access is refused, 0 if it is not */
static uint32_t xppu_check(ZynqMPXppuState *s, hwaddr addr, uint16_t mid,
                           bool write)
{
    const RegisterBlockState *block = REGISTER_BLOCK(s);
    uint32_t ctrl = block->regs[R_CTRL];
    int aperture = xppu_aperture(addr);
    uint32_t matches, aperperm;

    if (aperture < 0 || !FIELD_EX32(ctrl, CTRL, ENABLE)) {
        return 0;
    }
    matches = xppu_matches(s, mid);
    if (!matches) {
        return R_ISR_MID_MISS_MASK;
    }
    aperperm = s->aperperm[aperture];
    if (FIELD_EX32(ctrl, CTRL, APER_PARITY_EN) &&
        xppu_parity_is_wrong(aperperm)) {
        return R_ISR_APER_PARITY_MASK;
    }
    matches &= FIELD_EX32(aperperm, APERPERM, PERMISSION);
    if (!matches) {
        return R_ISR_APER_PERM_MASK;
    }
    for (int i = 0; write && i < MASTERS; i++) {
        if ((matches & BIT(i)) &&
            FIELD_EX32(block->regs[R_MASTER_ID00 + i], MASTER_ID00, MIDR)) {
            return R_ISR_MID_RO_MASK;
        }
    }
    return 0;
}

static unsigned xppu_allowed(ZynqMPProtection *unit, hwaddr addr, uint16_t mid)
{
    ZynqMPXppuState *s = ZYNQMP_XPPU(unit);

    return (xppu_check(s, addr, mid, false) ? 0 : ZYNQMP_MAY_READ) |
           (xppu_check(s, addr, mid, true) ? 0 : ZYNQMP_MAY_WRITE);
}

static bool xppu_checks(ZynqMPProtection *unit, uint16_t mid)
{
    return FIELD_EX32(REGISTER_BLOCK(unit)->regs[R_CTRL], CTRL, ENABLE);
}

static void xppu_refuse(ZynqMPProtection *unit, hwaddr addr, uint16_t mid,
                        bool write)
{
    ZynqMPXppuState *s = ZYNQMP_XPPU(unit);
    uint32_t flag = xppu_check(s, addr, mid, write);
    int aperture = xppu_aperture(addr);

    qemu_log_mask(LOG_GUEST_ERROR, "%s: master 0x%03x: %s at 0x%08" HWADDR_PRIx
                  " refused: aperture %d, permissions 0x%08" PRIx32
                  ", reason 0x%02" PRIx32 "\n", DEVICE(s)->canonical_path, mid,
                  write ? "write" : "read", addr, aperture,
                  aperture < 0 ? 0 : s->aperperm[aperture], flag);
    zynqmp_protection_violation(unit, flag, addr, mid);
}

static void xppu_post_write(RegisterInfo *reg, uint64_t val)
{
    zynqmp_protection_rules_changed(reg->opaque);
}

#define MASTER(n)                                                           \
    { .name = "MASTER_ID" #n, .addr = A_MASTER_ID00 + 4 * (n),              \
      .ro = 0x3c00fc00, .post_write = xppu_post_write }

static const RegisterAccessInfo zynqmp_xppu_regs[] = {
    { .name = "CTRL", .addr = A_CTRL, .ro = ~0x7u,
      .post_write = xppu_post_write },
    { .name = "POISON", .addr = A_POISON, .ro = 0xfff00000 },
    ZYNQMP_PROTECTION_ERR_STATUS1,
    ZYNQMP_PROTECTION_ERR_STATUS2,
    ZYNQMP_PROTECTION_ISR(ISR_FLAGS),
    ZYNQMP_PROTECTION_IMR(ISR_FLAGS),
    ZYNQMP_PROTECTION_IEN,
    ZYNQMP_PROTECTION_IDS,
    REGISTER_BLOCK_RO("M_MASTER_IDS", A_M_MASTER_IDS, MASTERS),
    REGISTER_BLOCK_RO("M_APERTURE_32B", A_M_APERTURE_32B, 128),
    REGISTER_BLOCK_RO("M_APERTURE_64KB", A_M_APERTURE_64KB, 256),
    REGISTER_BLOCK_RO("M_APERTURE_1MB", A_M_APERTURE_1MB, 16),
    REGISTER_BLOCK_RO("M_APERTURE_512MB", A_M_APERTURE_512MB, 1),
    REGISTER_BLOCK_RO("BASE_32B", A_BASE_32B, 0xff990000),
    REGISTER_BLOCK_RO("BASE_64KB", A_BASE_64KB, 0xff000000),
    REGISTER_BLOCK_RO("BASE_1MB", A_BASE_1MB, 0xfe000000),
    REGISTER_BLOCK_RO("BASE_512MB", A_BASE_512MB, 0xc0000000),
    MASTER(0), MASTER(1), MASTER(2), MASTER(3), MASTER(4),
    MASTER(5), MASTER(6), MASTER(7), MASTER(8), MASTER(9),
    MASTER(10), MASTER(11), MASTER(12), MASTER(13), MASTER(14),
    MASTER(15), MASTER(16), MASTER(17), MASTER(18), MASTER(19),
};

static uint64_t xppu_aperture_read(void *opaque, hwaddr addr, unsigned size)
{
    return ZYNQMP_XPPU(opaque)->aperperm[addr / 4];
}

static void xppu_aperture_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    ZynqMPXppuState *s = opaque;

    s->aperperm[addr / 4] = value & ~APERPERM_RO;
    zynqmp_protection_rules_changed(opaque);
}

static const MemoryRegionOps xppu_aperture_ops = {
    .read = xppu_aperture_read,
    .write = xppu_aperture_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void xppu_reset(ZynqMPProtection *unit)
{
    ZynqMPXppuState *s = ZYNQMP_XPPU(unit);

    memcpy(&REGISTER_BLOCK(unit)->regs[R_MASTER_ID00], master_ids,
           sizeof(master_ids));
    memset(s->aperperm, 0, sizeof(s->aperperm));
}

static int zynqmp_xppu_post_load(void *opaque, int version_id)
{
    zynqmp_protection_rules_changed(opaque);
    return 0;
}

static const VMStateDescription vmstate_zynqmp_xppu = {
    .name = TYPE_ZYNQMP_XPPU,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = zynqmp_xppu_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(parent_obj.parent_obj.regs, ZynqMPXppuState,
                             REGISTER_BLOCK_NUM),
        VMSTATE_UINT32_ARRAY(aperperm, ZynqMPXppuState, ZYNQMP_XPPU_APERTURES),
        VMSTATE_END_OF_LIST()
    }
};

static void zynqmp_xppu_init(Object *obj)
{
    ZynqMPXppuState *s = ZYNQMP_XPPU(obj);

    memory_region_init_io(&s->apertures, obj, &xppu_aperture_ops, s,
                          TYPE_ZYNQMP_XPPU, sizeof(s->aperperm));
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->apertures);
}

static void zynqmp_xppu_class_init(ObjectClass *klass, ClassInitData *data)
{
    ZynqMPProtectionClass *pc = ZYNQMP_PROTECTION_CLASS(klass);

    register_block_class_init(klass, zynqmp_xppu_regs,
                              ARRAY_SIZE(zynqmp_xppu_regs));
    DEVICE_CLASS(klass)->vmsd = &vmstate_zynqmp_xppu;
    pc->flags = ISR_FLAGS;
    pc->reset = xppu_reset;
    pc->checks = xppu_checks;
    pc->allowed = xppu_allowed;
    pc->refuse = xppu_refuse;
}

static const TypeInfo zynqmp_xppu_types[] = {
    {
        .name = TYPE_ZYNQMP_XPPU,
        .parent = TYPE_ZYNQMP_PROTECTION,
        .instance_size = sizeof(ZynqMPXppuState),
        .instance_init = zynqmp_xppu_init,
        .class_init = zynqmp_xppu_class_init,
    },
};

DEFINE_TYPES(zynqmp_xppu_types)
