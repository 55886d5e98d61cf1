/*
 * ZynqMP: the firmware of the platform management unit
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The processor of the PMU and its memories are not modelled: this answers the
 * requests of the Embedded Energy Management Interface (Xilinx UG1200) that the
 * secure monitor of the APU passes on, or a program of the RPU sends, in place
 * of the program that runs there.
 * A request is answered before the write that sends it has ended, so its sender
 * never sees the interrupt pending.
 *
 * What powers a block on or off is taken note of and told again, and has no
 * other effect but on cores: those of the RPU are held and started by writing
 * to CRL_APB and to the RPU's control registers. Clocks and pins are what
 * software sets, from the values that the board's first boot loader leaves.
 *
 * QEMU interface:
 *  + Property "message-ram": RAM in which IPI messages are (link, required)
 *  + Properties "apu0" to "apu3": cores of the APU (links; a core that is not
 *    there cannot be powered on)
 *  + Properties "x-fault-api" and "x-fault-refuse": the next so many requests of
 *    this number are refused; "x-fault-refuse-count" (read only): how many were.
 *    They outlive a reset
 *  + unnamed GPIO inputs: the interrupts from the APU and both cores of the RPU
 *  + named GPIO inputs "wdt": a rising edge is the end of the watchdog of the
 *    low-power domain, or of the full-power domain. Each is an error for which
 *    the program of the PMU resets the system (Xilinx UG1137, "FPD WDT", "LPD
 *    WDT": without recovery)
 *  + named GPIO output "reset-reason": the level is the flag of CRL_APB's
 *    RESET_REASON that a reset which was asked for will leave
 *  + named GPIO inputs "called" and outputs "wake", 8 of each: IRQ of each core
 *    of the APU, then FIQ of each, on their way from the GIC to the core; one
 *    wakes a core that has suspended itself with an address to resume at
 */

#ifndef HW_MISC_ZYNQMP_PMUFW_H
#define HW_MISC_ZYNQMP_PMUFW_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "target/arm/cpu-qom.h"

#define TYPE_ZYNQMP_PMUFW "zynqmp-pmufw"
OBJECT_DECLARE_SIMPLE_TYPE(ZynqMPPmufwState, ZYNQMP_PMUFW)

/* What the chip says of itself: an XCZU9EG, revision of production silicon */
#define ZYNQMP_IDCODE 0x24738093
#define ZYNQMP_VERSION 0x00000003

#define ZYNQMP_PMUFW_NUM_APU 4
#define ZYNQMP_PMUFW_NUM_SENDERS 3
#define ZYNQMP_PMUFW_NUM_WDT 2
#define ZYNQMP_PMUFW_NUM_NODES 79
#define ZYNQMP_PMUFW_NUM_CLOCKS 113
#define ZYNQMP_PMUFW_NUM_PLLS 5
#define ZYNQMP_PMUFW_NUM_PLL_PARAMS 10
#define ZYNQMP_PMUFW_NUM_PINS 78
#define ZYNQMP_PMUFW_NUM_PIN_PARAMS 7

struct ZynqMPPmufwState {
    SysBusDevice parent_obj;

    MemoryRegion *message_ram;
    ARMCPU *apu[ZYNQMP_PMUFW_NUM_APU];

    /* Whether somebody wants a node, and what of it */
    bool requested[ZYNQMP_PMUFW_NUM_NODES];
    uint32_t requirement[ZYNQMP_PMUFW_NUM_NODES];
    uint8_t clock_parent[ZYNQMP_PMUFW_NUM_CLOCKS];
    uint8_t clock_divider[ZYNQMP_PMUFW_NUM_CLOCKS][2];
    bool clock_off[ZYNQMP_PMUFW_NUM_CLOCKS];
    uint8_t pll_mode[ZYNQMP_PMUFW_NUM_PLLS];
    uint32_t pll_param[ZYNQMP_PMUFW_NUM_PLLS][ZYNQMP_PMUFW_NUM_PLL_PARAMS];
    uint8_t pin_function[ZYNQMP_PMUFW_NUM_PINS];
    uint8_t pin_param[ZYNQMP_PMUFW_NUM_PINS][ZYNQMP_PMUFW_NUM_PIN_PARAMS];

    /* Cores that have said that their next wait for an interrupt is the end */
    bool suspending[ZYNQMP_PMUFW_NUM_APU];
    /* How often such a core was looked at that an interrupt keeps awake */
    uint8_t awake[ZYNQMP_PMUFW_NUM_APU];
    /* Where it resumes; 0: it does not, by itself */
    uint64_t resume[ZYNQMP_PMUFW_NUM_APU];
    /* Cores that an interrupt wakes */
    bool sleeping[ZYNQMP_PMUFW_NUM_APU];
    QEMUTimer *suspend_timer;

    uint32_t fault_api;
    uint32_t fault_refuse;
    uint32_t fault_refuse_count;

    /* IRQ of each core, then FIQ */
    bool wake_level[2 * ZYNQMP_PMUFW_NUM_APU];
    qemu_irq wake[2 * ZYNQMP_PMUFW_NUM_APU];
    qemu_irq reset_reason;
};

/**
 * zynqmp_pmufw_split_rpu: have each core of the RPU by itself, with its TCM
 *
 * What the boot loader does before it loads firmware. With the BQL held.
 */
void zynqmp_pmufw_split_rpu(void);

/**
 * zynqmp_pmufw_wake_rpu: reset a core of the RPU and let it go
 * @n: which core, 0 or 1
 * @address: 0, or anything else for the high vectors
 *
 * With the BQL held. Returns false, and nothing happens, for core 1 in
 * lockstep.
 */
bool zynqmp_pmufw_wake_rpu(int n, uint64_t address);

#endif
