/*
 * QTest testcase for the STM32MP1 real-time clock (RTC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest-single.h"

#define RTC             0x5c004000
#define TR              0x00
#define DR              0x04
#define SSR             0x08
#define ICSR            0x0c
#define PRER            0x10
#define CR              0x18
#define WPR             0x24
#define ALRMAR          0x40
#define ALRMBR          0x48
#define SR              0x50
#define MISR            0x54
#define SCR             0x5c
#define CFGR            0x60
#define VERR            0x3f4

#define ALRAWF          (1 << 0)
#define INITS           (1 << 4)
#define RSF             (1 << 5)
#define INITF           (1 << 6)
#define INIT            (1 << 7)
#define BYPSHAD         (1 << 5)
#define FMT             (1 << 6)
#define ALRAE           (1 << 8)
#define ALRBE           (1 << 9)
#define ALRAIE          (1 << 12)
#define ALRBIE          (1 << 13)
#define ADD1H           (1 << 16)
#define SUB1H           (1 << 17)
#define PM              (1 << 22)
#define ALRAF           (1 << 0)
#define ALRBF           (1 << 1)
#define MSK1            (1u << 7)
#define MSK2            (1u << 15)
#define MSK3            (1u << 23)
#define WDSEL           (1u << 30)
#define MSK4            (1u << 31)

#define DATE(yy, wd, mm, dd) \
    ((0x##yy << 16) | ((wd) << 13) | (0x##mm << 8) | 0x##dd)

#define RTC_SPI         3

#define US              1000ll
#define MS              (1000 * US)
#define SEC             (1000 * MS)

#define GIC             "/machine/soc/a7mpcore/gic"

static uint32_t get(uint32_t reg)
{
    return readl(RTC + reg);
}

static void set(uint32_t reg, uint32_t value)
{
    writel(RTC + reg, value);
}

static void start_at(const char *base)
{
    g_autofree char *args = g_strdup_printf("-machine stm32mp157c-dk2 "
                                            "-rtc clock=vm,base=%s", base);

    qtest_start(args);
    qtest_irq_intercept_in(global_qtest, GIC);
}

/* A Wednesday, ten seconds before a leap day */
static void start(void)
{
    start_at("2024-02-28T23:59:50");
}

static void unlock(void)
{
    set(WPR, 0xca);
    set(WPR, 0x53);
}

static void lock(void)
{
    set(WPR, 0xff);
}

static void enter_init(void)
{
    unlock();
    set(ICSR, get(ICSR) | INIT);
    g_assert_cmphex(get(ICSR) & (INIT | INITF | RSF), ==, INIT | INITF);
}

static void leave_init(void)
{
    set(ICSR, get(ICSR) & ~INIT);
    g_assert_cmphex(get(ICSR) & (INIT | INITF | RSF), ==, RSF);
    lock();
}

static void set_calendar(uint32_t tr, uint32_t dr)
{
    enter_init();
    set(TR, tr);
    set(DR, dr);
    leave_init();
}

static void set_cr(uint32_t value)
{
    unlock();
    set(CR, value);
    lock();
}

/* Sequence of the Linux driver */
static void set_alarm_a(uint32_t alrmar)
{
    set_cr(0);
    g_assert_cmphex(get(ICSR) & ALRAWF, ==, ALRAWF);
    unlock();
    set(ALRMAR, alrmar);
    set(CR, ALRAE | ALRAIE);
    set(SCR, ALRAF);
    lock();
}

static void assert_calendar(uint32_t tr, uint32_t dr)
{
    g_assert_cmphex(get(TR), ==, tr);
    g_assert_cmphex(get(DR), ==, dr);
}

static void test_reset_values(void)
{
    start();
    g_assert_cmphex(get(ICSR), ==, RSF | INITS | 7);
    g_assert_cmphex(get(PRER), ==, 0x007f00ff);
    g_assert_cmphex(get(CR), ==, 0);
    g_assert_cmphex(get(WPR), ==, 0);
    g_assert_cmphex(get(ALRMAR), ==, 0);
    g_assert_cmphex(get(SR), ==, 0);
    g_assert_cmphex(get(CFGR), ==, 0);
    g_assert_cmphex(get(VERR), ==, 0x10);
    qtest_end();
}

static void test_calendar(void)
{
    start();
    assert_calendar(0x235950, DATE(24, 3, 02, 28));
    clock_step(9 * SEC);
    assert_calendar(0x235959, DATE(24, 3, 02, 28));
    clock_step(1 * SEC);
    assert_calendar(0x000000, DATE(24, 4, 02, 29));
    clock_step(24 * 3600 * SEC - 1);
    assert_calendar(0x235959, DATE(24, 4, 02, 29));
    clock_step(1);
    assert_calendar(0x000000, DATE(24, 5, 03, 01));
    qtest_end();

    start_at("2023-12-31T23:59:59");
    assert_calendar(0x235959, DATE(23, 7, 12, 31));
    clock_step(1 * SEC);
    assert_calendar(0x000000, DATE(24, 1, 01, 01));
    qtest_end();
}

static void test_sub_seconds(void)
{
    start();
    g_assert_cmpuint(get(SSR), ==, 255);
    clock_step(500 * MS);
    g_assert_cmpuint(get(SSR), ==, 127);
    clock_step(500 * MS - 1);
    g_assert_cmpuint(get(SSR), ==, 0);
    clock_step(1);
    g_assert_cmpuint(get(SSR), ==, 255);
    qtest_end();
}

static void test_protection(void)
{
    static const uint32_t regs[] = { CR, ALRMAR, ALRMBR };

    start();
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        set(regs[i], 0x1000);
        g_assert_cmphex(get(regs[i]), ==, 0);
        unlock();
        set(regs[i], 0x1000);
        g_assert_cmphex(get(regs[i]), ==, 0x1000);
        lock();
        set(regs[i], 0);
        g_assert_cmphex(get(regs[i]), ==, 0x1000);
    }
    set(ICSR, INIT);
    g_assert_cmphex(get(ICSR) & INITF, ==, 0);

    /* The keys come in this order, with nothing between them. */
    set(WPR, 0x53);
    set(WPR, 0xca);
    set(CR, 0);
    g_assert_cmphex(get(CR), ==, 0x1000);
    set(WPR, 0x00);
    set(WPR, 0xca);
    set(WPR, 0x12);
    set(WPR, 0x53);
    set(CR, 0);
    g_assert_cmphex(get(CR), ==, 0x1000);

    /* Unlocking twice is allowed. */
    unlock();
    unlock();
    set(CR, 0);
    g_assert_cmphex(get(CR), ==, 0);

    /* The calendar can be written in initialization mode only. */
    set(TR, 0x123456);
    set(DR, DATE(30, 1, 01, 01));
    set(PRER, 0);
    assert_calendar(0x235950, DATE(24, 3, 02, 28));
    g_assert_cmphex(get(PRER), ==, 0x007f00ff);
    qtest_end();
}

static void test_set(void)
{
    start();
    enter_init();
    clock_step(100 * SEC);
    assert_calendar(0x235950, DATE(24, 3, 02, 28));
    set(TR, 0x235958);
    set(DR, DATE(99, 4, 12, 31));
    clock_step(100 * SEC);
    leave_init();
    assert_calendar(0x235958, DATE(99, 4, 12, 31));
    clock_step(1 * SEC);
    assert_calendar(0x235959, DATE(99, 4, 12, 31));
    g_assert_cmphex(get(ICSR) & INITS, ==, INITS);
    clock_step(1 * SEC);
    assert_calendar(0x000000, DATE(00, 5, 01, 01));
    g_assert_cmphex(get(ICSR) & INITS, ==, 0);

    /* The weekday is what the guest says, and counts on from there. */
    set_calendar(0x235959, DATE(24, 1, 02, 29));
    assert_calendar(0x235959, DATE(24, 1, 02, 29));
    clock_step(1 * SEC);
    assert_calendar(0x000000, DATE(24, 2, 03, 01));
    qtest_end();
}

/* What Linux does at probe: it prefers PREDIV_A = 0 */
static void test_prescaler(void)
{
    start();
    enter_init();
    set(PRER, 0x00007fff);
    set(PRER, 0x00007fff);
    leave_init();
    assert_calendar(0x235950, DATE(24, 3, 02, 28));
    g_assert_cmpuint(get(SSR), ==, 32767);
    get(DR);
    clock_step(5 * SEC);
    assert_calendar(0x235955, DATE(24, 3, 02, 28));

    /* A prescaler for half the crystal makes the calendar run twice as fast. */
    enter_init();
    set(PRER, 0x007f007f);
    leave_init();
    clock_step(2 * SEC);
    assert_calendar(0x235959, DATE(24, 3, 02, 28));
    qtest_end();
}

static void test_twelve_hours(void)
{
    start();
    enter_init();
    set(CR, FMT);
    set(TR, PM | 0x115959);
    set(DR, DATE(24, 1, 01, 01));
    leave_init();
    assert_calendar(PM | 0x115959, DATE(24, 1, 01, 01));
    clock_step(1 * SEC);
    assert_calendar(0x120000, DATE(24, 2, 01, 02));
    clock_step(3600 * SEC);
    assert_calendar(0x010000, DATE(24, 2, 01, 02));
    clock_step(11 * 3600 * SEC);
    assert_calendar(PM | 0x120000, DATE(24, 2, 01, 02));

    set_alarm_a(MSK4 | PM | 0x010000);
    set_cr(ALRAE | ALRAIE | FMT);
    clock_step(3600 * SEC - 1);
    g_assert_false(get_irq(RTC_SPI));
    clock_step(1);
    g_assert_cmphex(get(SR), ==, ALRAF);
    qtest_end();
}

static void test_daylight_saving(void)
{
    start();
    set_cr(ADD1H);
    g_assert_cmphex(get(CR), ==, 0);
    assert_calendar(0x005950, DATE(24, 4, 02, 29));
    set_cr(SUB1H);
    assert_calendar(0x235950, DATE(24, 3, 02, 28));
    qtest_end();
}

/* A read of SSR or TR holds what is above it until DR is read. */
static void test_shadow(void)
{
    start();
    clock_step(9 * SEC);
    get(SSR);
    clock_step(2 * SEC);
    assert_calendar(0x235959, DATE(24, 3, 02, 28));
    assert_calendar(0x000001, DATE(24, 4, 02, 29));

    set_calendar(0x235959, DATE(24, 3, 02, 28));
    g_assert_cmphex(get(TR), ==, 0x235959);
    clock_step(2 * SEC);
    g_assert_cmphex(get(TR), ==, 0x000001);
    g_assert_cmphex(get(DR), ==, DATE(24, 3, 02, 28));
    g_assert_cmphex(get(DR), ==, DATE(24, 4, 02, 29));

    set_calendar(0x235959, DATE(24, 3, 02, 28));
    set_cr(BYPSHAD);
    g_assert_cmphex(get(TR), ==, 0x235959);
    clock_step(1 * SEC);
    g_assert_cmphex(get(DR), ==, DATE(24, 4, 02, 29));
    qtest_end();
}

static void test_alarm(void)
{
    start();

    /* Thursday 29th, 00:00:05: 15 s from now */
    set_alarm_a(0x29000005);
    g_assert_cmphex(get(ICSR) & ALRAWF, ==, 0);
    clock_step(15 * SEC - 1);
    g_assert_false(get_irq(RTC_SPI));
    clock_step(1);
    g_assert_true(get_irq(RTC_SPI));
    g_assert_cmphex(get(SR), ==, ALRAF);
    g_assert_cmphex(get(MISR), ==, ALRAF);

    set(SCR, ALRBF);
    g_assert_true(get_irq(RTC_SPI));
    set(SCR, ALRAF);
    g_assert_false(get_irq(RTC_SPI));
    g_assert_cmphex(get(SR), ==, 0);

    /* An enabled alarm cannot be changed. */
    unlock();
    set(ALRMAR, 0);
    g_assert_cmphex(get(ALRMAR), ==, 0x29000005);

    /* Without the interrupt the flag comes all the same. */
    set_alarm_a(0x29000010);
    set_cr(ALRAE);
    clock_step(20 * SEC);
    g_assert_false(get_irq(RTC_SPI));
    g_assert_cmphex(get(SR), ==, ALRAF);
    g_assert_cmphex(get(MISR), ==, 0);
    set_cr(ALRAE | ALRAIE);
    g_assert_true(get_irq(RTC_SPI));

    /* Off: nothing comes */
    set(SCR, ALRAF);
    set_alarm_a(0x29000030);
    set_cr(0);
    clock_step(60 * SEC);
    g_assert_cmphex(get(SR), ==, 0);
    qtest_end();
}

static void test_alarm_masks(void)
{
    static const struct {
        uint32_t alrmr;
        int64_t seconds;        /* from 2024-02-28 23:59:50, Wednesday */
    } cases[] = {
        { MSK4 | MSK3 | MSK2 | MSK1, 1 },
        { MSK4 | MSK3 | MSK2 | 0x55, 5 },
        { MSK4 | MSK3 | MSK2 | 0x50, 60 },
        { MSK4 | MSK3 | MSK2 | 0x05, 15 },
        { MSK4 | MSK3 | 0x0100, 10 + 60 },
        { MSK4 | MSK3 | 0x5900 | MSK1, 1 },
        { MSK4 | MSK3 | 0x5800 | MSK1, 10 + 58 * 60 },
        { MSK4 | 0x020304, 10 + 2 * 3600 + 3 * 60 + 4 },
        { MSK3 | MSK2 | MSK1 | (0x29 << 24), 10 },
        { MSK3 | MSK2 | MSK1 | WDSEL | (6 << 24), 10 + 2 * 86400 },
        { MSK3 | MSK2 | MSK1 | WDSEL | (3 << 24), 1 },
        { (0x31 << 24) | 0x120000, 10 + (1 + 30) * 86400 + 12 * 3600 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        start();
        set_alarm_a(cases[i].alrmr);
        clock_step(cases[i].seconds * SEC - 1);
        g_assert_false(get_irq(RTC_SPI));
        clock_step(1);
        g_assert_true(get_irq(RTC_SPI));
        qtest_end();
    }
}

/* What is no time never comes, and does not keep QEMU busy. */
static void test_alarm_never(void)
{
    static const uint32_t never[] = {
        0x3f000000, 0x00000000, 0x01250000, 0x01006000, 0x01000075,
        MSK3 | MSK2 | MSK1 | WDSEL,
    };

    for (int i = 0; i < ARRAY_SIZE(never); i++) {
        start();
        set_alarm_a(never[i]);
        clock_step(100 * 86400 * SEC);
        g_assert_cmphex(get(SR), ==, 0);
        g_assert_false(get_irq(RTC_SPI));
        qtest_end();
    }
}

static void test_alarm_b(void)
{
    start();
    unlock();
    set(ALRMAR, MSK4 | MSK3 | MSK2 | 0x20);
    set(ALRMBR, MSK4 | MSK3 | MSK2 | 0x10);
    set(CR, ALRAE | ALRAIE | ALRBE | ALRBIE);
    clock_step(20 * SEC);
    g_assert_true(get_irq(RTC_SPI));
    g_assert_cmphex(get(MISR), ==, ALRBF);
    set(SCR, ALRBF);
    g_assert_false(get_irq(RTC_SPI));
    clock_step(10 * SEC);
    g_assert_true(get_irq(RTC_SPI));
    g_assert_cmphex(get(MISR), ==, ALRAF);
    qtest_end();
}

static void test_system_reset(void)
{
    start();
    set_alarm_a(MSK4 | MSK3 | MSK2 | 0x00);
    unlock();
    qtest_system_reset(global_qtest);

    /* Protected again, but the backup domain has not noticed. */
    set(CR, 0);
    g_assert_cmphex(get(CR), ==, ALRAE | ALRAIE);
    clock_step(10 * SEC);
    g_assert_true(get_irq(RTC_SPI));
    assert_calendar(0x000000, DATE(24, 4, 02, 29));
    qtest_system_reset(global_qtest);
    g_assert_true(get_irq(RTC_SPI));
    qtest_end();
}

static void test_access(void)
{
    start();
    for (uint32_t reg = 0x64; reg < 0x3f0; reg += 4) {
        set(reg, 0xffffffff);
        g_assert_cmphex(get(reg), ==, 0);
    }
    g_assert_cmphex(readw(RTC + PRER + 2), ==, 0x7f);
    g_assert_cmphex(readb(RTC + TR + 2), ==, 0x23);
    qtest_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/rtc/reset_values", test_reset_values);
    qtest_add_func("stm32mp1/rtc/calendar", test_calendar);
    qtest_add_func("stm32mp1/rtc/sub_seconds", test_sub_seconds);
    qtest_add_func("stm32mp1/rtc/protection", test_protection);
    qtest_add_func("stm32mp1/rtc/set", test_set);
    qtest_add_func("stm32mp1/rtc/prescaler", test_prescaler);
    qtest_add_func("stm32mp1/rtc/twelve_hours", test_twelve_hours);
    qtest_add_func("stm32mp1/rtc/daylight_saving", test_daylight_saving);
    qtest_add_func("stm32mp1/rtc/shadow", test_shadow);
    qtest_add_func("stm32mp1/rtc/alarm", test_alarm);
    qtest_add_func("stm32mp1/rtc/alarm_masks", test_alarm_masks);
    qtest_add_func("stm32mp1/rtc/alarm_never", test_alarm_never);
    qtest_add_func("stm32mp1/rtc/alarm_b", test_alarm_b);
    qtest_add_func("stm32mp1/rtc/system_reset", test_system_reset);
    qtest_add_func("stm32mp1/rtc/access", test_access);
    return g_test_run();
}
