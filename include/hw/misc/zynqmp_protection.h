/*
 * ZynqMP: what looks at the accesses of bus masters, and refuses some
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interface of the protection units of memories (XMPU) and of peripherals
 * (XPPU) to whom they stand before. Masters are known by the ID that the
 * interconnect gives them (UG1085, "Master IDs").
 */
#ifndef HW_MISC_ZYNQMP_PROTECTION_H
#define HW_MISC_ZYNQMP_PROTECTION_H

#include "exec/hwaddr.h"
#include "qom/object.h"

#define TYPE_ZYNQMP_PROTECTION "zynqmp-protection"

typedef struct ZynqMPProtection ZynqMPProtection;
typedef struct ZynqMPProtectionClass ZynqMPProtectionClass;
DECLARE_CLASS_CHECKERS(ZynqMPProtectionClass, ZYNQMP_PROTECTION,
                       TYPE_ZYNQMP_PROTECTION)
#define ZYNQMP_PROTECTION(obj) \
    INTERFACE_CHECK(ZynqMPProtection, (obj), TYPE_ZYNQMP_PROTECTION)

/* The named GPIO output that is pulsed when the rules have changed */
#define ZYNQMP_PROTECTION_CHANGED "changed"

/* What an access needs, or is given */
#define ZYNQMP_MAY_READ     1
#define ZYNQMP_MAY_WRITE    2

#define ZYNQMP_MID_RPU(n)   (0x10 * (n))
#define ZYNQMP_MID_MASK     0x3ff

/* All are called with the BQL. */
struct ZynqMPProtectionClass {
    InterfaceClass parent_class;

    /*
     * Whether there is anything that the secure master @mid may not do; if not,
     * the other functions are not called for it.
     */
    bool (*checks)(ZynqMPProtection *unit, uint16_t mid);
    /*
     * What it may do at @addr, from ZYNQMP_MAY_READ and ZYNQMP_MAY_WRITE
     */
    unsigned (*allowed)(ZynqMPProtection *unit, hwaddr addr, uint16_t mid);
    /*
     * That one is refused: keeps it in the registers, raises an interrupt and
     * leaves a line in the log of guest errors.
     */
    void (*refuse)(ZynqMPProtection *unit, hwaddr addr, uint16_t mid,
                   bool write);
};

#endif
