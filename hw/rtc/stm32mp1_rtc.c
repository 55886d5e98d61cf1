/*
 * STM32MP1 real-time clock (RTC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Times are kept as seconds of the calendar since 2000-01-01. They are
 * computed when somebody looks; a host timer runs only for an enabled alarm
 * interrupt.
 *
 * RSF reads 0 in initialization mode and 1 otherwise: the shadow registers
 * always are up to date, where hardware needs two clock cycles.
 */

#include "qemu/osdep.h"
#include "hw/rtc/stm32mp1_rtc.h"
#include "hw/irq.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/qapi-events-misc.h"
#include "qemu/bcd.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "system/rtc.h"
#include "system/system.h"
#include "trace.h"

REG32(TR, 0x00)
    FIELD(TR, SEC, 0, 7)
    FIELD(TR, MIN, 8, 7)
    FIELD(TR, HOUR, 16, 6)
    FIELD(TR, PM, 22, 1)
REG32(DR, 0x04)
    FIELD(DR, DATE, 0, 6)
    FIELD(DR, MONTH, 8, 5)
    FIELD(DR, WDU, 13, 3)
    FIELD(DR, YEAR, 16, 8)
REG32(SSR, 0x08)
REG32(ICSR, 0x0c)
    FIELD(ICSR, ALRAWF, 0, 1)
    FIELD(ICSR, ALRBWF, 1, 1)
    FIELD(ICSR, WUTWF, 2, 1)
    FIELD(ICSR, INITS, 4, 1)
    FIELD(ICSR, RSF, 5, 1)
    FIELD(ICSR, INITF, 6, 1)
    FIELD(ICSR, INIT, 7, 1)
REG32(PRER, 0x10)
    FIELD(PRER, PREDIV_S, 0, 15)
    FIELD(PRER, PREDIV_A, 16, 7)
REG32(WUTR, 0x14)
REG32(CR, 0x18)
    FIELD(CR, BYPSHAD, 5, 1)
    FIELD(CR, FMT, 6, 1)
    FIELD(CR, ALRAE, 8, 1)
    FIELD(CR, WUTE, 10, 1)
    FIELD(CR, TSE, 11, 1)
    FIELD(CR, ALRAIE, 12, 1)
    FIELD(CR, ADD1H, 16, 1)
    FIELD(CR, SUB1H, 17, 1)
REG32(SMCR, 0x20)
REG32(WPR, 0x24)
REG32(CALR, 0x28)
REG32(SHIFTR, 0x2c)
REG32(TSTR, 0x30)
REG32(TSSSR, 0x38)
REG32(ALRMAR, 0x40)
    FIELD(ALRMAR, SEC, 0, 7)
    FIELD(ALRMAR, MSK1, 7, 1)
    FIELD(ALRMAR, MIN, 8, 7)
    FIELD(ALRMAR, MSK2, 15, 1)
    FIELD(ALRMAR, HOUR, 16, 6)
    FIELD(ALRMAR, PM, 22, 1)
    FIELD(ALRMAR, MSK3, 23, 1)
    FIELD(ALRMAR, DATE, 24, 6)
    FIELD(ALRMAR, WDSEL, 30, 1)
    FIELD(ALRMAR, MSK4, 31, 1)
REG32(ALRMASSR, 0x44)
    FIELD(ALRMASSR, MASKSS, 24, 4)
REG32(ALRMBR, 0x48)
REG32(ALRMBSSR, 0x4c)
REG32(SR, 0x50)
    FIELD(SR, ALRAF, 0, 1)
REG32(MISR, 0x54)
REG32(SMISR, 0x58)
REG32(SCR, 0x5c)
REG32(CFGR, 0x60)
    FIELD(CFGR, OUT2_RMP, 0, 1)
    FIELD(CFGR, LSCOEN, 1, 2)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define TR_MASK     0x007f7f7f
#define DR_MASK     0x00ffff3f
#define PRER_MASK   (R_PRER_PREDIV_S_MASK | R_PRER_PREDIV_A_MASK)
#define CR_MASK     0xe7fcff7f
#define SMCR_MASK   0x0000e00f
#define CALR_MASK   0x0000e1ff
#define ALRMSSR_MASK 0x0f007fff
#define CFGR_MASK   (R_CFGR_OUT2_RMP_MASK | R_CFGR_LSCOEN_MASK)

#define PRER_RESET  0x007f00ff

#define KEY_1       0xca
#define KEY_2       0x53
enum { WPR_LOCKED, WPR_KEY_1, WPR_UNLOCKED };

/* Which of the shadow registers wait for a read of DR */
enum { LOCK_NONE, LOCK_DR, LOCK_TR_DR };

#define RTC_CK_HZ           32768
#define SECONDS_PER_HOUR    3600
#define SECONDS_PER_DAY     (24 * SECONDS_PER_HOUR)
#define SECONDS_PER_CENTURY (36525ll * SECONDS_PER_DAY)
#define YEAR_2000           946684800ll
#define SATURDAY_2000       5   /* of its first day, from Monday */

/* A given day of the month comes within two months, always. */
#define ALARM_DAYS          63

#define NEVER               INT64_MAX

static int64_t stm32mp1_rtc_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Nanoseconds a second of the calendar: 10^9 if PRER suits the crystal */
static int64_t stm32mp1_rtc_second_ns(const STM32MP1RtcState *s)
{
    uint64_t cycles = (FIELD_EX32(s->prer, PRER, PREDIV_A) + 1) *
                      (FIELD_EX32(s->prer, PRER, PREDIV_S) + 1);

    return muldiv64(cycles, NANOSECONDS_PER_SECOND, RTC_CK_HZ);
}

static int64_t stm32mp1_rtc_elapsed(const STM32MP1RtcState *s)
{
    return qemu_clock_get_ns(rtc_clock) - s->since_ns;
}

/* The second that the calendar shows; does not wrap after a century */
static int64_t stm32mp1_rtc_now(const STM32MP1RtcState *s)
{
    if (s->init) {
        return s->seconds;
    }
    return s->seconds + stm32mp1_rtc_floor_div(stm32mp1_rtc_elapsed(s),
                                               stm32mp1_rtc_second_ns(s));
}

static void stm32mp1_rtc_split(int64_t second, struct tm *tm)
{
    int64_t century = stm32mp1_rtc_floor_div(second, SECONDS_PER_CENTURY);
    time_t t = YEAR_2000 + second - century * SECONDS_PER_CENTURY;

    gmtime_r(&t, tm);
}

/* Days of the week just count on: 1 = Monday to 7 = Sunday */
static unsigned int stm32mp1_rtc_wdu(const STM32MP1RtcState *s,
                                     int64_t second)
{
    int64_t days = stm32mp1_rtc_floor_div(second, SECONDS_PER_DAY) +
                   SATURDAY_2000 + s->wday_offset;

    return days - stm32mp1_rtc_floor_div(days, 7) * 7 + 1;
}

static uint32_t stm32mp1_rtc_tr(const STM32MP1RtcState *s)
{
    uint32_t tr = 0;
    struct tm tm;
    int hour;

    if (s->init) {
        return s->init_tr;
    }
    stm32mp1_rtc_split(stm32mp1_rtc_now(s), &tm);
    hour = tm.tm_hour;
    if (s->cr & R_CR_FMT_MASK) {
        tr = FIELD_DP32(tr, TR, PM, hour >= 12);
        hour = hour % 12 ? hour % 12 : 12;
    }
    tr = FIELD_DP32(tr, TR, HOUR, to_bcd(hour));
    tr = FIELD_DP32(tr, TR, MIN, to_bcd(tm.tm_min));
    return FIELD_DP32(tr, TR, SEC, to_bcd(tm.tm_sec));
}

static uint32_t stm32mp1_rtc_dr(const STM32MP1RtcState *s)
{
    int64_t now = stm32mp1_rtc_now(s);
    uint32_t dr = 0;
    struct tm tm;

    if (s->init) {
        return s->init_dr;
    }
    stm32mp1_rtc_split(now, &tm);
    dr = FIELD_DP32(dr, DR, YEAR, to_bcd(tm.tm_year - 100));
    dr = FIELD_DP32(dr, DR, WDU, stm32mp1_rtc_wdu(s, now));
    dr = FIELD_DP32(dr, DR, MONTH, to_bcd(tm.tm_mon + 1));
    return FIELD_DP32(dr, DR, DATE, to_bcd(tm.tm_mday));
}

static uint32_t stm32mp1_rtc_ssr(const STM32MP1RtcState *s)
{
    uint32_t prediv_s = FIELD_EX32(s->prer, PRER, PREDIV_S);
    int64_t second_ns = stm32mp1_rtc_second_ns(s);
    int64_t elapsed = stm32mp1_rtc_elapsed(s);
    int64_t phase;

    if (s->init) {
        return prediv_s;
    }
    phase = elapsed - stm32mp1_rtc_floor_div(elapsed, second_ns) * second_ns;
    return prediv_s - muldiv64(phase, prediv_s + 1, second_ns);
}

static int stm32mp1_rtc_hour(const STM32MP1RtcState *s, uint32_t bcd, bool pm)
{
    int hour = from_bcd(bcd);

    return s->cr & R_CR_FMT_MASK ? hour % 12 + (pm ? 12 : 0) : hour;
}

static void stm32mp1_rtc_enter_init(STM32MP1RtcState *s)
{
    s->init_tr = stm32mp1_rtc_tr(s);
    s->init_dr = stm32mp1_rtc_dr(s);
    s->seconds = stm32mp1_rtc_now(s);
    s->lock = LOCK_NONE;
    s->init = true;
}

static void stm32mp1_rtc_leave_init(STM32MP1RtcState *s)
{
    uint32_t tr = s->init_tr;
    uint32_t dr = s->init_dr;
    struct tm tm = {
        .tm_sec = from_bcd(FIELD_EX32(tr, TR, SEC)),
        .tm_min = from_bcd(FIELD_EX32(tr, TR, MIN)),
        .tm_hour = stm32mp1_rtc_hour(s, FIELD_EX32(tr, TR, HOUR),
                                     FIELD_EX32(tr, TR, PM)),
        .tm_mday = from_bcd(FIELD_EX32(dr, DR, DATE)),
        .tm_mon = from_bcd(FIELD_EX32(dr, DR, MONTH)) - 1,
        .tm_year = from_bcd(FIELD_EX32(dr, DR, YEAR)) + 100,
    };

    trace_stm32mp1_rtc_set(tr, dr);
    s->init = false;
    s->seconds = mktimegm(&tm) - YEAR_2000;
    s->since_ns = qemu_clock_get_ns(rtc_clock);
    s->alarm_second = s->seconds;
    stm32mp1_rtc_split(s->seconds, &tm);
    /* WDU is a counter of its own; 0 is forbidden and taken as Sunday. */
    s->wday_offset = 0;
    s->wday_offset = (FIELD_EX32(dr, DR, WDU) + 7 -
                      stm32mp1_rtc_wdu(s, s->seconds)) % 7;
    qapi_event_send_rtc_change(qemu_timedate_diff(&tm),
                               DEVICE(s)->canonical_path);
}

static bool stm32mp1_rtc_alarm_on(const STM32MP1RtcState *s, int i)
{
    return s->cr & (R_CR_ALRAE_MASK << i);
}

static bool stm32mp1_rtc_alarm_day(const STM32MP1RtcState *s, uint32_t alrmr,
                                   int64_t midnight)
{
    uint32_t date = FIELD_EX32(alrmr, ALRMAR, DATE);
    struct tm tm;

    if (alrmr & R_ALRMAR_MSK4_MASK) {
        return true;
    }
    if (alrmr & R_ALRMAR_WDSEL_MASK) {
        return (date & 0xf) == stm32mp1_rtc_wdu(s, midnight);
    }
    stm32mp1_rtc_split(midnight, &tm);
    return from_bcd(date) == tm.tm_mday;
}

/*
 * First second after @from at which an alarm's fields match, or NEVER. A
 * masked field matches always, so it counts up; any other stands still.
 */
static int64_t stm32mp1_rtc_alarm_next(const STM32MP1RtcState *s, int i,
                                       int64_t from)
{
    uint32_t alrmr = s->alrmr[i];
    bool any_h = alrmr & R_ALRMAR_MSK3_MASK;
    bool any_m = alrmr & R_ALRMAR_MSK2_MASK;
    bool any_s = alrmr & R_ALRMAR_MSK1_MASK;
    int hour = stm32mp1_rtc_hour(s, FIELD_EX32(alrmr, ALRMAR, HOUR),
                                 FIELD_EX32(alrmr, ALRMAR, PM));
    int min = from_bcd(FIELD_EX32(alrmr, ALRMAR, MIN));
    int sec = from_bcd(FIELD_EX32(alrmr, ALRMAR, SEC));
    int64_t midnight;

    if ((!any_h && hour > 23) || (!any_m && min > 59) ||
        (!any_s && sec > 59)) {
        return NEVER;
    }
    from++;
    midnight = stm32mp1_rtc_floor_div(from, SECONDS_PER_DAY) * SECONDS_PER_DAY;

    for (int day = 0; day < ALARM_DAYS; day++, midnight += SECONDS_PER_DAY) {
        if (!stm32mp1_rtc_alarm_day(s, alrmr, midnight)) {
            continue;
        }
        for (int h = any_h ? 0 : hour; h < 24; h++) {
            for (int m = any_m ? 0 : min; m < 60; m++) {
                int64_t minute = midnight + h * SECONDS_PER_HOUR + m * 60;
                int64_t at = minute + (any_s ? 0 : sec);

                if (any_s && at < from && minute + 59 >= from) {
                    at = from;
                }
                if (at >= from) {
                    return at;
                }
                if (!any_m) {
                    break;
                }
            }
            if (!any_h) {
                break;
            }
        }
    }
    return NEVER;
}

/* Run the alarms up to the present */
static void stm32mp1_rtc_sync(STM32MP1RtcState *s)
{
    int64_t now = stm32mp1_rtc_now(s);

    if (s->init) {
        return;
    }
    for (int i = 0; i < STM32MP1_RTC_ALARMS; i++) {
        if (stm32mp1_rtc_alarm_on(s, i) &&
            !(s->sr & (R_SR_ALRAF_MASK << i)) &&
            stm32mp1_rtc_alarm_next(s, i, s->alarm_second) <= now) {
            trace_stm32mp1_rtc_alarm('A' + i, now);
            s->sr |= R_SR_ALRAF_MASK << i;
        }
    }
    s->alarm_second = now;
}

static uint32_t stm32mp1_rtc_misr(const STM32MP1RtcState *s)
{
    return s->sr & extract32(s->cr, R_CR_ALRAIE_SHIFT, STM32MP1_RTC_ALARMS);
}

/* Drive the interrupt, and wake up for the next alarm that raises it */
static void stm32mp1_rtc_update(STM32MP1RtcState *s)
{
    bool level = stm32mp1_rtc_misr(s);
    int64_t next = NEVER;
    int64_t ns;

    trace_stm32mp1_rtc_irq(level);
    qemu_set_irq(s->irq, level);

    for (int i = 0; i < STM32MP1_RTC_ALARMS && !level && !s->init; i++) {
        if (stm32mp1_rtc_alarm_on(s, i) &&
            (s->cr & (R_CR_ALRAIE_MASK << i))) {
            next = MIN(next, stm32mp1_rtc_alarm_next(s, i, s->alarm_second));
        }
    }
    if (next == NEVER ||
        smul64_overflow(next - s->seconds, stm32mp1_rtc_second_ns(s), &ns) ||
        sadd64_overflow(ns, s->since_ns, &ns)) {
        timer_del(s->timer);
    } else {
        timer_mod(s->timer, ns);
    }
}

static void stm32mp1_rtc_expired(void *opaque)
{
    STM32MP1RtcState *s = opaque;

    stm32mp1_rtc_sync(s);
    stm32mp1_rtc_update(s);
}

static uint32_t stm32mp1_rtc_icsr(const STM32MP1RtcState *s)
{
    uint32_t icsr = 0;

    icsr = FIELD_DP32(icsr, ICSR, ALRAWF, !stm32mp1_rtc_alarm_on(s, 0));
    icsr = FIELD_DP32(icsr, ICSR, ALRBWF, !stm32mp1_rtc_alarm_on(s, 1));
    icsr = FIELD_DP32(icsr, ICSR, WUTWF, !(s->cr & R_CR_WUTE_MASK));
    icsr = FIELD_DP32(icsr, ICSR, INITS,
                      FIELD_EX32(stm32mp1_rtc_dr(s), DR, YEAR) != 0);
    icsr = FIELD_DP32(icsr, ICSR, RSF, !s->init);
    icsr = FIELD_DP32(icsr, ICSR, INITF, s->init);
    return FIELD_DP32(icsr, ICSR, INIT, s->init);
}

static uint32_t stm32mp1_rtc_read_tr(STM32MP1RtcState *s)
{
    if (s->lock == LOCK_TR_DR) {
        return s->shadow_tr;
    }
    if (s->lock == LOCK_NONE && !(s->cr & R_CR_BYPSHAD_MASK)) {
        s->shadow_dr = stm32mp1_rtc_dr(s);
        s->lock = LOCK_DR;
    }
    return stm32mp1_rtc_tr(s);
}

static uint32_t stm32mp1_rtc_read_dr(STM32MP1RtcState *s)
{
    uint32_t dr = s->lock == LOCK_NONE ? stm32mp1_rtc_dr(s) : s->shadow_dr;

    s->lock = LOCK_NONE;
    return dr;
}

static uint32_t stm32mp1_rtc_read_ssr(STM32MP1RtcState *s)
{
    if (s->lock == LOCK_NONE && !(s->cr & R_CR_BYPSHAD_MASK)) {
        s->shadow_tr = stm32mp1_rtc_tr(s);
        s->shadow_dr = stm32mp1_rtc_dr(s);
        s->lock = LOCK_TR_DR;
    }
    return stm32mp1_rtc_ssr(s);
}

static uint64_t stm32mp1_rtc_read(void *opaque, hwaddr addr, unsigned int size)
{
    STM32MP1RtcState *s = opaque;
    uint32_t value = 0;

    stm32mp1_rtc_sync(s);
    switch (addr) {
    case A_TR:
        value = stm32mp1_rtc_read_tr(s);
        break;
    case A_DR:
        value = stm32mp1_rtc_read_dr(s);
        break;
    case A_SSR:
        value = stm32mp1_rtc_read_ssr(s);
        break;
    case A_ICSR:
        value = stm32mp1_rtc_icsr(s);
        break;
    case A_PRER:
        value = s->prer;
        break;
    case A_WUTR:
        value = s->wutr;
        break;
    case A_CR:
        value = s->cr;
        break;
    case A_SMCR:
        value = s->smcr;
        break;
    case A_CALR:
        value = s->calr;
        break;
    case A_ALRMAR:
    case A_ALRMBR:
        value = s->alrmr[addr == A_ALRMBR];
        break;
    case A_ALRMASSR:
    case A_ALRMBSSR:
        value = s->alrmssr[addr == A_ALRMBSSR];
        break;
    case A_SR:
        value = s->sr;
        break;
    case A_MISR:
        value = stm32mp1_rtc_misr(s);
        break;
    case A_CFGR:
        value = s->cfgr;
        break;
    case A_WPR:
    case A_SHIFTR:
    case A_TSTR ... A_TSSSR:
    case A_SMISR:
    case A_SCR:
        break;
    case A_HWCFGR:
        value = 0x01031111;
        break;
    case A_VERR:
        value = 0x10;
        break;
    case A_IPIDR:
        value = 0x00120033;
        break;
    case A_SIDR:
        value = 0xa3c5dd01;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    trace_stm32mp1_rtc_read(addr, value);
    stm32mp1_rtc_update(s);
    return value;
}

static void stm32mp1_rtc_write_key(STM32MP1RtcState *s, uint8_t key)
{
    /* Linux unlocks what is unlocked already, and locks just once. */
    if (key == KEY_1) {
        s->wpr_state = WPR_KEY_1;
    } else if (key == KEY_2 && s->wpr_state == WPR_KEY_1) {
        s->wpr_state = WPR_UNLOCKED;
    } else {
        s->wpr_state = WPR_LOCKED;
    }
}

/* What only initialization mode may change */
static bool stm32mp1_rtc_check_init(const STM32MP1RtcState *s)
{
    if (!s->init) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: not in initialization mode\n",
                      DEVICE(s)->canonical_path);
    }
    return s->init;
}

/* An alarm's registers can be written while it is off */
static bool stm32mp1_rtc_check_alarm(const STM32MP1RtcState *s, int i)
{
    if (stm32mp1_rtc_alarm_on(s, i) && !s->init) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write to an enabled alarm\n",
                      DEVICE(s)->canonical_path);
        return false;
    }
    return true;
}

static void stm32mp1_rtc_write_cr(STM32MP1RtcState *s, uint32_t value)
{
    if (((value ^ s->cr) & R_CR_FMT_MASK) && !stm32mp1_rtc_check_init(s)) {
        value ^= R_CR_FMT_MASK;
    }
    if (!s->init) {
        s->seconds += FIELD_EX32(value, CR, ADD1H) * SECONDS_PER_HOUR;
        s->seconds -= FIELD_EX32(value, CR, SUB1H) * SECONDS_PER_HOUR;
        s->alarm_second = stm32mp1_rtc_now(s);
    }
    if (value & (R_CR_WUTE_MASK | R_CR_TSE_MASK)) {
        qemu_log_mask(LOG_UNIMP, "%s: wake-up timer and time stamps are not "
                      "modelled\n", DEVICE(s)->canonical_path);
    }
    s->cr = value & CR_MASK;
}

static void stm32mp1_rtc_write_protected(STM32MP1RtcState *s, hwaddr reg,
                                         uint32_t value)
{
    if (s->wpr_state != WPR_UNLOCKED) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write to 0x%" HWADDR_PRIx
                      " while protected\n", DEVICE(s)->canonical_path, reg);
        return;
    }
    switch (reg) {
    case A_TR:
        if (stm32mp1_rtc_check_init(s)) {
            s->init_tr = value & TR_MASK;
        }
        break;
    case A_DR:
        if (stm32mp1_rtc_check_init(s)) {
            s->init_dr = value & DR_MASK;
        }
        break;
    case A_ICSR:
        if ((value & R_ICSR_INIT_MASK) && !s->init) {
            stm32mp1_rtc_enter_init(s);
        } else if (!(value & R_ICSR_INIT_MASK) && s->init) {
            stm32mp1_rtc_leave_init(s);
        }
        break;
    case A_PRER:
        if (stm32mp1_rtc_check_init(s)) {
            s->prer = value & PRER_MASK;
        }
        break;
    case A_WUTR:
        s->wutr = value;
        break;
    case A_CR:
        stm32mp1_rtc_write_cr(s, value);
        break;
    case A_CALR:
    case A_SHIFTR:
        qemu_log_mask(LOG_UNIMP, "%s: calibration and shift are not "
                      "modelled\n", DEVICE(s)->canonical_path);
        if (reg == A_CALR) {
            s->calr = value & CALR_MASK;
        }
        break;
    case A_ALRMAR:
    case A_ALRMBR:
        if (stm32mp1_rtc_check_alarm(s, reg == A_ALRMBR)) {
            s->alrmr[reg == A_ALRMBR] = value;
        }
        break;
    case A_ALRMASSR:
    case A_ALRMBSSR:
        if (stm32mp1_rtc_check_alarm(s, reg == A_ALRMBSSR)) {
            s->alrmssr[reg == A_ALRMBSSR] = value & ALRMSSR_MASK;
            if (value & R_ALRMASSR_MASKSS_MASK) {
                qemu_log_mask(LOG_UNIMP, "%s: sub-second alarms are not "
                              "modelled\n", DEVICE(s)->canonical_path);
            }
        }
        break;
    default:
        g_assert_not_reached();
    }
}

static void stm32mp1_rtc_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned int size)
{
    STM32MP1RtcState *s = opaque;

    trace_stm32mp1_rtc_write(addr, value);
    stm32mp1_rtc_sync(s);
    switch (addr) {
    case A_TR:
    case A_DR:
    case A_ICSR:
    case A_PRER:
    case A_WUTR:
    case A_CR:
    case A_CALR:
    case A_SHIFTR:
    case A_ALRMAR:
    case A_ALRMASSR:
    case A_ALRMBR:
    case A_ALRMBSSR:
        stm32mp1_rtc_write_protected(s, addr, value);
        break;
    case A_WPR:
        stm32mp1_rtc_write_key(s, value);
        break;
    case A_SMCR:
        s->smcr = value & SMCR_MASK;
        break;
    case A_SCR:
        s->sr &= ~value;
        break;
    case A_CFGR:
        s->cfgr = value & CFGR_MASK;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no writable register at 0x%"
                      HWADDR_PRIx "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    stm32mp1_rtc_update(s);
}

static const MemoryRegionOps stm32mp1_rtc_ops = {
    .read = stm32mp1_rtc_read,
    .write = stm32mp1_rtc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

/*
 * A system reset only protects the registers again and ends initialization
 * mode; everything else is in the backup domain and stays as it is.
 */
static void stm32mp1_rtc_reset_hold(Object *obj, ResetType type)
{
    STM32MP1RtcState *s = STM32MP1_RTC(obj);

    s->wpr_state = WPR_LOCKED;
    s->lock = LOCK_NONE;
    if (s->init) {
        stm32mp1_rtc_leave_init(s);
    }
    stm32mp1_rtc_sync(s);
    stm32mp1_rtc_update(s);
}

static void stm32mp1_rtc_init(Object *obj)
{
    STM32MP1RtcState *s = STM32MP1_RTC(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);
    struct tm tm;

    memory_region_init_io(&s->iomem, obj, &stm32mp1_rtc_ops, s,
                          TYPE_STM32MP1_RTC, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->irq);
    s->timer = timer_new_ns(rtc_clock, stm32mp1_rtc_expired, s);

    s->prer = PRER_RESET;
    s->wutr = 0xffff;
    s->smcr = SMCR_MASK;
    qemu_get_timedate(&tm, 0);
    s->seconds = mktimegm(&tm) - YEAR_2000;
    s->since_ns = qemu_clock_get_ns(rtc_clock);
    s->alarm_second = s->seconds;
}

static void stm32mp1_rtc_finalize(Object *obj)
{
    timer_free(STM32MP1_RTC(obj)->timer);
}

static const VMStateDescription vmstate_stm32mp1_rtc = {
    .name = TYPE_STM32MP1_RTC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, STM32MP1RtcState),
        VMSTATE_UINT32(prer, STM32MP1RtcState),
        VMSTATE_UINT32(cr, STM32MP1RtcState),
        VMSTATE_UINT32(wutr, STM32MP1RtcState),
        VMSTATE_UINT32(smcr, STM32MP1RtcState),
        VMSTATE_UINT32(calr, STM32MP1RtcState),
        VMSTATE_UINT32_ARRAY(alrmr, STM32MP1RtcState, STM32MP1_RTC_ALARMS),
        VMSTATE_UINT32_ARRAY(alrmssr, STM32MP1RtcState, STM32MP1_RTC_ALARMS),
        VMSTATE_UINT32(sr, STM32MP1RtcState),
        VMSTATE_UINT32(cfgr, STM32MP1RtcState),
        VMSTATE_UINT8(wpr_state, STM32MP1RtcState),
        VMSTATE_BOOL(init, STM32MP1RtcState),
        VMSTATE_INT64(since_ns, STM32MP1RtcState),
        VMSTATE_INT64(seconds, STM32MP1RtcState),
        VMSTATE_UINT32(init_tr, STM32MP1RtcState),
        VMSTATE_UINT32(init_dr, STM32MP1RtcState),
        VMSTATE_UINT8(wday_offset, STM32MP1RtcState),
        VMSTATE_INT64(alarm_second, STM32MP1RtcState),
        VMSTATE_UINT8(lock, STM32MP1RtcState),
        VMSTATE_UINT32(shadow_tr, STM32MP1RtcState),
        VMSTATE_UINT32(shadow_dr, STM32MP1RtcState),
        VMSTATE_END_OF_LIST()
    }
};

static void stm32mp1_rtc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &vmstate_stm32mp1_rtc;
    rc->phases.hold = stm32mp1_rtc_reset_hold;
}

static const TypeInfo stm32mp1_rtc_types[] = {
    {
        .name = TYPE_STM32MP1_RTC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1RtcState),
        .instance_init = stm32mp1_rtc_init,
        .instance_finalize = stm32mp1_rtc_finalize,
        .class_init = stm32mp1_rtc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_rtc_types)
