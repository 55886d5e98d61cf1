/*
 * ZynqMP: what looks at the accesses of bus masters, and refuses some
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Base of the protection units of memories (XMPU) and of peripherals (XPPU):
 * the registers that both have, in which violations are kept. Masters are known
 * by the ID that the interconnect gives them (UG1085, "Master IDs").
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: a violation that is not masked
 *  + Named GPIO output "changed": pulsed when the rules have changed
 */
#ifndef HW_MISC_ZYNQMP_PROTECTION_H
#define HW_MISC_ZYNQMP_PROTECTION_H

#include "hw/misc/register_block.h"
#include "qom/object.h"

#define TYPE_ZYNQMP_PROTECTION "zynqmp-protection"
OBJECT_DECLARE_TYPE(ZynqMPProtection, ZynqMPProtectionClass, ZYNQMP_PROTECTION)

/* What an access needs, or is given */
#define ZYNQMP_MAY_READ     1
#define ZYNQMP_MAY_WRITE    2

#define ZYNQMP_MID_RPU(n)   (0x10 * (n))

struct ZynqMPProtection {
    RegisterBlockState parent_obj;

    qemu_irq irq;
    qemu_irq changed;
};

/* The functions are called with the BQL. */
struct ZynqMPProtectionClass {
    RegisterBlockClass parent_class;

    /* The flags of ISR */
    uint32_t flags;
    /* Resets what the table of the registers does not tell; NULL if it does */
    void (*reset)(ZynqMPProtection *unit);
    /*
     * Whether there is anything that the secure master @mid may not do; if not,
     * the other functions are not called for it.
     */
    bool (*checks)(ZynqMPProtection *unit, uint16_t mid);
    /* What it may do at @addr, from ZYNQMP_MAY_READ and ZYNQMP_MAY_WRITE */
    unsigned (*allowed)(ZynqMPProtection *unit, hwaddr addr, uint16_t mid);
    /*
     * That one is refused: keeps it in the registers, raises an interrupt and
     * leaves a line in the log of guest errors.
     */
    void (*refuse)(ZynqMPProtection *unit, hwaddr addr, uint16_t mid,
                   bool write);
};

/**
 * zynqmp_protection_rules_changed: to be called for each write to a rule, and
 * after a rule was loaded
 * @unit: the unit
 */
void zynqmp_protection_rules_changed(ZynqMPProtection *unit);

/**
 * zynqmp_protection_violation: keep a violation in the registers, where the
 * first one stays until it is cleared, and update the interrupt
 * @unit: the unit
 * @flag: of ISR
 * @address: what ERR_STATUS1 shows
 * @mid: the master
 */
void zynqmp_protection_violation(ZynqMPProtection *unit, uint32_t flag,
                                 uint32_t address, uint16_t mid);

/* Hooks of the table below */
void zynqmp_protection_isr_post_write(RegisterInfo *reg, uint64_t val);
uint64_t zynqmp_protection_ien_pre_write(RegisterInfo *reg, uint64_t val);
uint64_t zynqmp_protection_ids_pre_write(RegisterInfo *reg, uint64_t val);

/* Entries of the registers that both units have, some with the flags of ISR */
#define ZYNQMP_PROTECTION_ERR_STATUS1                                       \
    REGISTER_BLOCK_RO("ERR_STATUS1", 0x04, 0)
#define ZYNQMP_PROTECTION_ERR_STATUS2                                       \
    REGISTER_BLOCK_RO("ERR_STATUS2", 0x08, 0)
#define ZYNQMP_PROTECTION_ISR(_flags)                                       \
    { .name = "ISR", .addr = 0x10, .w1c = (_flags), .ro = ~(_flags),        \
      .post_write = zynqmp_protection_isr_post_write }
#define ZYNQMP_PROTECTION_IMR(_flags)                                       \
    REGISTER_BLOCK_RO("IMR", 0x14, _flags)
#define ZYNQMP_PROTECTION_IEN                                               \
    { .name = "IEN", .addr = 0x18,                                          \
      .pre_write = zynqmp_protection_ien_pre_write }
#define ZYNQMP_PROTECTION_IDS                                               \
    { .name = "IDS", .addr = 0x1c,                                          \
      .pre_write = zynqmp_protection_ids_pre_write }

#endif
