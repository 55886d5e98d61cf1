/*
 * STPMIC1 power management IC
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + I2C slave, usually at address 0x33
 *  + unnamed GPIO output 0: INTn, low while an unmasked interrupt is pending
 *  + named GPIO output "power-cycle": pulse, the system reset that has just been
 *    requested takes the power away for a moment
 *  + named GPIO output "power-off": pulse, the power is gone, and QEMU is about
 *    to end
 *  + named GPIO input "ponkey": 1 while the power-on key is held down
 *  + named GPIO input "wakeup": level of the WAKEUP pin
 */
#ifndef HW_MISC_STPMIC1_H
#define HW_MISC_STPMIC1_H

#include "hw/i2c/i2c.h"
#include "qom/object.h"

#define TYPE_STPMIC1 "stpmic1"
OBJECT_DECLARE_SIMPLE_TYPE(STPMIC1State, STPMIC1)

#define STPMIC1_NUM_REGS 0x100
#define STPMIC1_NUM_IRQ_REGS 4

struct STPMIC1State {
    I2CSlave parent_obj;

    qemu_irq intn;
    qemu_irq power_cycle;
    qemu_irq power_off;
    QEMUTimer *watchdog;

    uint8_t regs[STPMIC1_NUM_REGS];
    /* levels of the two inputs, of which interrupts are edges */
    bool ponkey;
    bool wakeup;

    uint8_t pointer;
    bool pointer_set;
};

#endif
