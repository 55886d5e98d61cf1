/*
 * STM32MP1 physical interface of the DDR memory (RM0436, chapter DDRPHYC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Nothing is trained, as there is nothing to train: what PIR asks for is done
 * at once and without errors, and PGSR says which of it. After a reset the
 * interface has locked its DLLs and calibrated its impedances by itself. The
 * registers of parameters keep what is written.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_ddrphyc.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"

REG32(PIR, 0x004)
    FIELD(PIR, INIT, 0, 1)
    FIELD(PIR, DLLLOCK, 2, 1)
    FIELD(PIR, ZCAL, 3, 1)
    FIELD(PIR, DRAMINIT, 6, 1)
    FIELD(PIR, QSTRN, 7, 1)
REG32(PGSR, 0x00c)
    FIELD(PGSR, IDONE, 0, 1)
    FIELD(PGSR, DLDONE, 1, 1)
    FIELD(PGSR, ZCDONE, 2, 1)
    FIELD(PGSR, DIDONE, 3, 1)
    FIELD(PGSR, DTDONE, 4, 1)

static void ddrphyc_pir_post_write(RegisterInfo *reg, uint64_t val)
{
    uint32_t *pgsr = &REGISTER_BLOCK_OF(reg)->regs[R_PGSR];

    if (!FIELD_EX32(val, PIR, INIT)) {
        return;
    }
    *pgsr = FIELD_DP32(*pgsr, PGSR, IDONE, 1);
    *pgsr = FIELD_DP32(*pgsr, PGSR, DLDONE, FIELD_EX32(val, PIR, DLLLOCK));
    *pgsr = FIELD_DP32(*pgsr, PGSR, ZCDONE, FIELD_EX32(val, PIR, ZCAL));
    *pgsr = FIELD_DP32(*pgsr, PGSR, DIDONE, FIELD_EX32(val, PIR, DRAMINIT));
    *pgsr = FIELD_DP32(*pgsr, PGSR, DTDONE, FIELD_EX32(val, PIR, QSTRN));
}

/* The command is done by the time that anybody can look. */
static uint64_t ddrphyc_pir_post_read(RegisterInfo *reg, uint64_t val)
{
    return FIELD_DP32(val, PIR, INIT, 0);
}

#define RW(n, a) { .name = (n), .addr = (a) }

static const RegisterAccessInfo stm32mp1_ddrphyc_regs[] = {
    { .name = "PIR", .addr = A_PIR, .post_write = ddrphyc_pir_post_write,
      .post_read = ddrphyc_pir_post_read },
    RW("PGCR", 0x008),
    REGISTER_BLOCK_RO("PGSR", A_PGSR, R_PGSR_IDONE_MASK | R_PGSR_DLDONE_MASK |
                      R_PGSR_ZCDONE_MASK),
    RW("DLLGCR", 0x010), RW("ACDLLCR", 0x014), RW("PTR0", 0x018),
    RW("PTR1", 0x01c), RW("PTR2", 0x020), RW("ACIOCR", 0x024),
    RW("DXCCR", 0x028), RW("DSGCR", 0x02c), RW("DCR", 0x030),
    RW("DTPR0", 0x034), RW("DTPR1", 0x038), RW("DTPR2", 0x03c),
    RW("MR0", 0x040), RW("MR1", 0x044), RW("MR2", 0x048), RW("MR3", 0x04c),
    RW("ODTCR", 0x050), RW("DTAR", 0x054),
    RW("ZQ0CR0", 0x180), RW("ZQ0CR1", 0x184),
    /* The four byte lanes */
    RW("DX0GCR", 0x1c0), RW("DX0DLLCR", 0x1cc), RW("DX0DQTR", 0x1d0),
    RW("DX0DQSTR", 0x1d4),
    RW("DX1GCR", 0x200), RW("DX1DLLCR", 0x20c), RW("DX1DQTR", 0x210),
    RW("DX1DQSTR", 0x214),
    RW("DX2GCR", 0x240), RW("DX2DLLCR", 0x24c), RW("DX2DQTR", 0x250),
    RW("DX2DQSTR", 0x254),
    RW("DX3GCR", 0x280), RW("DX3DLLCR", 0x28c), RW("DX3DQTR", 0x290),
    RW("DX3DQSTR", 0x294),
};

static void stm32mp1_ddrphyc_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_ddrphyc_regs,
                              ARRAY_SIZE(stm32mp1_ddrphyc_regs));
    REGISTER_BLOCK_CLASS(klass)->size = REGISTER_BLOCK_MAX;
    REGISTER_BLOCK_CLASS(klass)->rest_unimplemented = true;
    DEVICE_CLASS(klass)->desc = "STM32MP1 physical interface of the DDR memory";
}

static const TypeInfo stm32mp1_ddrphyc_types[] = {
    {
        .name = TYPE_STM32MP1_DDRPHYC,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(RegisterBlockState),
        .class_init = stm32mp1_ddrphyc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_ddrphyc_types)
