/*
 * STM32MP1: what stands between the bus and a block
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A block is reached through its gate, which does for all of them in one place
 * what is not for the block itself to do: it answers for a block whose clock
 * does not run, stops the block's own clock then, and makes of accesses by byte
 * and half-word what the block's bus and interface make of them.
 *
 * + sysbus MMIO region 0: what the bus sees, as large as the block
 * + Named GPIO input "enable": level, the block's clock runs. It is low after
 *   reset; without the property "gated" it does not matter.
 * + Named GPIO input "protection": who may reach the block, a level of
 *   STM32MP1Protection. After reset it is that of the property.
 * + Clock input "clk", Clock output "clk-out": the same clock, which stands
 *   still while the block's clock does not run
 * + Property "memory": the block's registers (link, must be set)
 * + Property "name": the block's name, for the log
 * + Property "gated": there is an enable bit
 * + Property "access": STM32MP1Access
 * + Property "protection": STM32MP1Protection after reset
 */

#ifndef HW_MISC_STM32MP1_GATE_H
#define HW_MISC_STM32MP1_GATE_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_GATE "stm32mp1-gate"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1GateState, STM32MP1_GATE)

/*
 * What becomes of an access of less than 32 bits. Reference manuals of this
 * family (RM0091, RM0364, RM0490), chapter "Memory and bus architecture", of
 * the bridge to an APB; otherwise the chapter of the block.
 */
typedef enum STM32MP1Access {
    /*
     * A bridge to an APB: the write is one of 32 bits that has the data in each
     * lane, the read one of 32 bits of which a part is taken. The block sees
     * nothing else than words.
     */
    STM32MP1_ACCESS_APB,
    /* "Byte, half-word or word access": the block itself knows bytes. */
    STM32MP1_ACCESS_BYTES,
    /*
     * The same for a block that does not, and whose registers do not mind to be
     * read: the other bytes are written back as they are read.
     */
    STM32MP1_ACCESS_MERGE,
    /* "Words only": another access is ignored, and reads 0. */
    STM32MP1_ACCESS_WORD,
    /* The same, with an error on the bus */
    STM32MP1_ACCESS_WORD_ERROR,
    STM32MP1_NUM_ACCESS,
} STM32MP1Access;

/*
 * Who may reach a block, in the coding of the ETZPC's fields. Others read 0, and
 * their writes are ignored.
 */
typedef enum STM32MP1Protection {
    STM32MP1_PROTECTION_SECURE,         /* the secure world */
    STM32MP1_PROTECTION_SECURE_WRITE,   /* all may read, it alone may write */
    STM32MP1_PROTECTION_MCU,            /* the M4, and DMA1 and DMA2 */
    STM32MP1_PROTECTION_NONE,
    STM32MP1_NUM_PROTECTIONS,
} STM32MP1Protection;

/**
 * stm32mp1_protection_allows: Whether an access is allowed
 * @protection: who may reach what is accessed
 * @name: its name, for the log
 * @action: "read" or "write", for the log
 * @addr: the address or offset that the log names
 * @write: whether it is a write
 * @attrs: of the access
 *
 * That of a debugger always is. A refused one leaves a line in the log, with
 * master, world, address and rule.
 */
bool stm32mp1_protection_allows(STM32MP1Protection protection,
                                const char *name, const char *action,
                                hwaddr addr, bool write, MemTxAttrs attrs);

/* MemTxAttrs.requester_id of masters that are no cores */
#define STM32MP1_REQUESTER_MCU_DMA 1
#define STM32MP1_REQUESTER_OTHER 2

/* Index of the cluster that the M4 is in, to tell it from the A7s */
#define STM32MP1_MCU_CLUSTER 1

struct STM32MP1GateState {
    SysBusDevice parent_obj;

    MemoryRegion window;
    MemoryRegion *memory;
    char *name;
    bool gated;
    uint8_t access;
    uint8_t protection_reset;

    Clock *clk;
    Clock *clk_out;
    bool enabled;
    uint8_t protection;
    uint32_t logged; /* who has been told that the clock does not run */
};

#endif
