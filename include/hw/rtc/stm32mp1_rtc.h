/*
 * STM32MP1 real-time clock (RTC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The RTC of ST's RM0436, chapter "Real-time clock": calendar, shadow
 * registers, alarms A and B. The wake-up timer, time stamps, calibration,
 * shifts and outputs are not modelled.
 *
 * The calendar starts at QEMU's -rtc base, runs on QEMU's -rtc clock and
 * lives in the backup domain: a system reset does not touch it.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: interrupt (level)
 */

#ifndef HW_RTC_STM32MP1_RTC_H
#define HW_RTC_STM32MP1_RTC_H

#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_RTC "stm32mp1-rtc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1RtcState, STM32MP1_RTC)

#define STM32MP1_RTC_ALARMS 2

struct STM32MP1RtcState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq;
    QEMUTimer *timer;

    uint32_t prer;
    uint32_t cr;
    uint32_t wutr;
    uint32_t smcr;
    uint32_t calr;
    uint32_t alrmr[STM32MP1_RTC_ALARMS];
    uint32_t alrmssr[STM32MP1_RTC_ALARMS];
    uint32_t sr;
    uint32_t cfgr;
    uint8_t wpr_state;
    bool init;

    /*
     * The calendar showed `seconds` (since 2000-01-01, no fraction) when
     * QEMU's rtc_clock showed `since_ns`. In initialization mode it stands
     * still, at init_tr and init_dr as the guest writes them.
     */
    int64_t since_ns;
    int64_t seconds;
    uint32_t init_tr;
    uint32_t init_dr;
    uint8_t wday_offset;    /* the weekday is a counter of its own */
    int64_t alarm_second;   /* calendar second the alarms were last run to */

    /* Shadow registers above the one read (SSR, TR) wait for a read of DR */
    uint8_t lock;
    uint32_t shadow_tr;
    uint32_t shadow_dr;
};

#endif
