/*
 * QTest testcase for the STM32MP1 independent watchdogs (IWDG)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest-single.h"
#include "stm32mp1-util.h"

#define IWDG1           0x5c003000
#define IWDG2           0x5a002000
#define KR              0x00
#define PR              0x04
#define RLR             0x08
#define SR              0x0c
#define WINR            0x10
#define EWCR            0x14
#define HWCFGR          0x3f0
#define VERR            0x3f4

#define UNLOCK          0x5555
#define RELOAD          0xaaaa
#define START           0xcccc
#define PVU             (1 << 0)
#define RVU             (1 << 1)
#define UPDATING        0xf
#define WVU             (1 << 2)
#define EWU             (1 << 3)
#define EWIF            (1 << 14)
#define EWIC            (1 << 14)
#define EWIE            (1 << 15)

#define EARLY_SPI       151

#define LSI             31250ll         /* ns a cycle at 32 kHz */

#define GIC             "/machine/soc/a7mpcore/gic"

static uint32_t get(uint32_t reg)
{
    return readl(IWDG2 + reg);
}

static void set(uint32_t reg, uint32_t value)
{
    writel(IWDG2 + reg, value);
}

static void start(void)
{
    qtest_start("-machine stm32mp157c-dk2");
    qtest_irq_intercept_in(global_qtest, GIC);
    stm32mp1_enable_clocks(global_qtest);
}

/* Four LSI cycles a count, @counts counts from reload to reset */
static void set_up(uint32_t counts)
{
    set(KR, UNLOCK);
    set(PR, 0);
    set(RLR, counts - 1);
    set(KR, START);
    set(KR, RELOAD);
}

/* The values that the test has written are still there: no reset so far. */
static void assert_alive(uint32_t counts)
{
    g_assert_cmphex(get(RLR), ==, counts - 1);
}

static void assert_system_reset(void)
{
    qtest_qmp_eventwait(global_qtest, "RESET");
    stm32mp1_enable_clocks(global_qtest);
    g_assert_cmphex(get(RLR), ==, 0xfff);
    g_assert_cmphex(get(PR), ==, 7);
}

static void test_reset_values(void)
{
    static const uint32_t base[] = { IWDG1, IWDG2 };

    start();
    for (int i = 0; i < ARRAY_SIZE(base); i++) {
        g_assert_cmphex(readl(base[i] + KR), ==, 0);
        g_assert_cmphex(readl(base[i] + PR), ==, 7);
        g_assert_cmphex(readl(base[i] + RLR), ==, 0xfff);
        g_assert_cmphex(readl(base[i] + SR), ==, 0);
        g_assert_cmphex(readl(base[i] + WINR), ==, 0xfff);
        g_assert_cmphex(readl(base[i] + EWCR), ==, 0);
        g_assert_cmphex(readl(base[i] + HWCFGR), ==, 0x71);
        g_assert_cmphex(readl(base[i] + VERR), ==, 0x23);
    }
    qtest_end();
}

static void test_keys(void)
{
    static const struct {
        uint32_t reg;
        uint32_t value;
        uint32_t reset;
    } regs[] = {
        { PR, 3, 7 }, { RLR, 0x123, 0xfff }, { WINR, 0xabc, 0xfff },
        { EWCR, EWIE | 0x42, 0 },
    };
    static const uint32_t locking[] = { 0, RELOAD, 0x1234 };

    start();
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        set(regs[i].reg, regs[i].value);
        g_assert_cmphex(get(regs[i].reg), ==, regs[i].reset);
        set(KR, UNLOCK);
        set(regs[i].reg, regs[i].value);
        g_assert_cmphex(get(regs[i].reg), ==, regs[i].value);
        for (int k = 0; k < ARRAY_SIZE(locking); k++) {
            set(KR, UNLOCK);
            set(KR, locking[k]);
            set(regs[i].reg, regs[i].reset);
            g_assert_cmphex(get(regs[i].reg), ==, regs[i].value);
        }
    }
    qtest_end();
}

static void test_update_flags(void)
{
    static const struct {
        uint32_t reg;
        uint32_t flag;
    } regs[] = { { PR, PVU }, { RLR, RVU }, { WINR, WVU }, { EWCR, EWU } };

    int64_t div = 512; /* until the new prescaler has been taken */

    start();
    set(KR, START);
    set(KR, UNLOCK);
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        set(regs[i].reg, 5);
        clock_step(3 * div * LSI - 1);
        g_assert_cmphex(get(SR) & UPDATING, ==, regs[i].flag);
        clock_step(1);
        g_assert_cmphex(get(SR) & UPDATING, ==, 0);
        div = 128;
    }
    qtest_end();
}

/*
 * U-Boot takes a watchdog for failed, and never refreshes it, if no flag is up
 * when it looks. It does so at once, but a busy workstation may stop it there.
 */
static void test_update_flags_last(void)
{
    start();
    set(KR, UNLOCK);
    set(PR, 6);
    set(RLR, 3999);
    set(KR, START);
    clock_step(45 * 1000 * 1000);
    g_assert_cmphex(get(SR) & (PVU | RVU), !=, 0);
    qtest_end();
}

/* OP-TEE takes a watchdog whose flags fall for one that has been started. */
static void test_update_flags_stay(void)
{
    start();
    set(KR, UNLOCK);
    set(RLR, 0xfff);
    clock_step(10ll * 1000 * 1000 * 1000);
    g_assert_cmphex(get(SR), ==, RVU);
    set(KR, START);
    clock_step(3 * 512 * LSI - 1);
    g_assert_cmphex(get(SR), ==, RVU);
    clock_step(1);
    g_assert_cmphex(get(SR), ==, 0);
    qtest_end();
}

/* Linux gives them 100 ms, and takes any prescaler. */
static void test_update_flags_end(void)
{
    start();
    set(KR, START);
    for (uint32_t pr = 0; pr <= 8; pr++) {
        set(KR, UNLOCK);
        set(PR, pr);
        set(RLR, 3999);
        clock_step(99 * 1000 * 1000);
        g_assert_cmphex(get(SR), ==, 0);
    }
    qtest_end();
}

static void test_expiry(void)
{
    start();
    set_up(100);
    clock_step(400 * LSI - 1);
    assert_alive(100);
    clock_step(2);
    assert_system_reset();

    /* It is off after the reset. */
    set(KR, UNLOCK);
    set(RLR, 99);
    clock_step(4096 * 1024 * LSI);
    assert_alive(100);
    qtest_end();
}

static void test_iwdg1_expiry(void)
{
    start();
    writel(IWDG1 + KR, UNLOCK);
    writel(IWDG1 + PR, 0);
    writel(IWDG1 + RLR, 9);
    writel(IWDG1 + KR, RELOAD);
    writel(IWDG1 + KR, START);
    clock_step(40 * LSI - 1);
    g_assert_cmphex(readl(IWDG1 + RLR), ==, 9);
    clock_step(2);
    qtest_qmp_eventwait(global_qtest, "RESET");
    stm32mp1_enable_clocks(global_qtest);
    g_assert_cmphex(readl(IWDG1 + RLR), ==, 0xfff);
    qtest_end();
}

/* Linux: 32 s, divided by 256 */
static void test_prescaler(void)
{
    start();
    set(KR, UNLOCK);
    set(PR, 6);
    set(RLR, 3999);
    set(KR, START);
    set(KR, RELOAD);
    clock_step(31999999999ll);
    assert_alive(4000);
    clock_step(2);
    assert_system_reset();
    qtest_end();
}

static void test_refresh(void)
{
    start();
    set_up(100);
    for (int i = 0; i < 50; i++) {
        clock_step(390 * LSI);
        set(KR, RELOAD);
    }
    assert_alive(100);
    qtest_end();
}

static void test_window(void)
{
    start();
    set_up(100);
    set(KR, UNLOCK);
    set(WINR, 49);
    /* Writing the window refreshes, too: 400 cycles from here */
    clock_step(399 * LSI);
    assert_alive(100);
    set(KR, RELOAD);
    clock_step(200 * LSI);
    set(KR, RELOAD);
    assert_alive(100);
    clock_step(199 * LSI);
    set(KR, RELOAD);
    assert_system_reset();
    qtest_end();
}

static void test_early_interrupt(void)
{
    start();
    set_up(100);
    set(KR, UNLOCK);
    set(EWCR, EWIE | 20);
    set(KR, RELOAD);

    /* At 19: 80 counts after 99 */
    clock_step(320 * LSI - 1);
    g_assert_false(get_irq(EARLY_SPI));
    g_assert_cmphex(get(SR) & EWIF, ==, 0);
    clock_step(2);
    g_assert_true(get_irq(EARLY_SPI));
    g_assert_cmphex(get(SR) & EWIF, ==, EWIF);

    /* Acknowledging needs no key, reads 0 and comes once a round. */
    set(EWCR, EWIE | 20 | EWIC);
    g_assert_false(get_irq(EARLY_SPI));
    g_assert_cmphex(get(EWCR), ==, EWIE | 20);
    clock_step(40 * LSI);
    g_assert_false(get_irq(EARLY_SPI));
    set(KR, RELOAD);
    clock_step(321 * LSI);
    g_assert_true(get_irq(EARLY_SPI));
    assert_alive(100);

    clock_step(80 * LSI);
    assert_system_reset();
    g_assert_false(get_irq(EARLY_SPI));
    qtest_end();
}

static void test_access(void)
{
    start();
    for (uint32_t reg = 0x18; reg < 0x3f0; reg += 4) {
        set(reg, 0xffffffff);
        g_assert_cmphex(get(reg), ==, 0);
    }
    g_assert_cmphex(readb(IWDG2 + RLR + 1), ==, 0x0f);
    qtest_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/iwdg/reset_values", test_reset_values);
    qtest_add_func("stm32mp1/iwdg/keys", test_keys);
    qtest_add_func("stm32mp1/iwdg/update_flags", test_update_flags);
    qtest_add_func("stm32mp1/iwdg/update_flags_last", test_update_flags_last);
    qtest_add_func("stm32mp1/iwdg/update_flags_stay", test_update_flags_stay);
    qtest_add_func("stm32mp1/iwdg/update_flags_end", test_update_flags_end);
    qtest_add_func("stm32mp1/iwdg/expiry", test_expiry);
    qtest_add_func("stm32mp1/iwdg/iwdg1_expiry", test_iwdg1_expiry);
    qtest_add_func("stm32mp1/iwdg/prescaler", test_prescaler);
    qtest_add_func("stm32mp1/iwdg/refresh", test_refresh);
    qtest_add_func("stm32mp1/iwdg/window", test_window);
    qtest_add_func("stm32mp1/iwdg/early_interrupt", test_early_interrupt);
    qtest_add_func("stm32mp1/iwdg/access", test_access);
    return g_test_run();
}
