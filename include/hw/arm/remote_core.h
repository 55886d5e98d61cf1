/*
 * A remote core: one that another core holds, releases and resets
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Put this between a SoC and an armv7m, or a core of another profile, that is
 * created with "start-powered-off". It knows nothing about the SoC: reset
 * controllers drive its inputs, and it drives the core.
 *
 * + Property "armv7m": the container of an M-profile core (link, realized)
 * + Property "cpu": a core of another profile (link, realized); one of the two
 *   is required
 * + Property "num-irq": number of external interrupt lines: of an armv7m, or of
 *   ARM_CPU_IRQ and ARM_CPU_FIQ of another core
 * + Property "state" (read only): "held", "running" or "lockup"
 * + Property "x-fault-hold": how many of the next releases and restarts leave
 *   the core held; "x-fault-hold-count" (read only): how many did
 * + Unnamed GPIO inputs: the core's external interrupts. Levels are remembered
 *   while the core is held or in reset, and driven again after its release,
 *   because a reset of the NVIC forgets the level of its inputs.
 * + Named GPIO input "boot": level; a held core starts on the rising edge, and
 *   a reset while it is low leaves the core held. A running core ignores it.
 * + Named GPIO input "reset": the rising edge resets the core, with all parts of
 *   an armv7m
 * + Named GPIO input "vinithi": level; whether an R-profile core that starts
 *   has its vectors at 0xffff0000
 * + Named GPIO input "irq-hold": level; the core sees no change of its external
 *   interrupts, as when it has no clock. They are remembered, as above.
 * + Named GPIO output "running": level, as the core itself changes it
 * + Named GPIO output "sysresetreq": pulse, the core asks for a reset. It is
 *   for the SoC to answer through "reset".
 * + Named GPIO output "lockup": level, the core stopped in the Lockup state
 *
 * The core changes state on its own vCPU thread, in the order of the edges that
 * asked for it: a start that follows a stop is never lost.
 */

#ifndef HW_ARM_REMOTE_CORE_H
#define HW_ARM_REMOTE_CORE_H

#include "hw/arm/armv7m.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_ARM_REMOTE_CORE "arm-remote-core"
OBJECT_DECLARE_SIMPLE_TYPE(ArmRemoteCoreState, ARM_REMOTE_CORE)

struct ArmRemoteCoreState {
    SysBusDevice parent_obj;

    ARMv7MState *armv7m;
    ARMCPU *cpu;
    uint32_t num_irq;
    VMChangeStateEntry *vmstate_change;

    bool boot;       /* level of the input "boot" */
    bool reset;      /* level of the input "reset" */
    bool vinithi;    /* level of the input "vinithi" */
    bool irq_hold;   /* level of the input "irq-hold" */
    bool wanted;     /* running once all queued work is done */
    bool running;    /* running now */
    bool lockup;     /* stopped by a lockup */
    bool pending;    /* queued work is not done yet */
    uint32_t queued; /* number of the last work item */
    uint32_t first;  /* items before this one are void */
    uint32_t *level; /* bit n % 32 of [n / 32]: level of interrupt input n */
    uint32_t num_words;

    uint32_t fault_hold;
    uint32_t fault_hold_count;

    qemu_irq *irq;
    qemu_irq sysresetreq_out;
    qemu_irq lockup_out;
    qemu_irq running_out;
};

/**
 * arm_remote_core_irq_level: The level of external interrupt @n of a realized
 * remote core, whether the core sees it or not
 */
bool arm_remote_core_irq_level(const ArmRemoteCoreState *s, uint32_t n);

#endif
