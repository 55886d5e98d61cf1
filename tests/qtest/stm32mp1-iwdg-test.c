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
#define IPIDR           0x3f8
#define SIDR            0x3fc

#define UNLOCK          0x5555
#define RELOAD          0xaaaa
#define START           0xcccc
#define PVU             (1 << 0)
#define RVU             (1 << 1)
#define WVU             (1 << 2)
#define EWU             (1 << 3)
#define EWIF            (1 << 14)
#define EWIC            (1 << 14)
#define EWIE            (1 << 15)

#define EARLY_SPI1      150
#define EARLY_SPI       151

#define RCC_MC_RSTSCLRR 0x50000c00
#define IWDG1RSTF       (1 << 8)
#define IWDG2RSTF       (1 << 9)

#define LSI             31250ll         /* ns a cycle at 32 kHz */
#define SECOND          (1000ll * 1000 * 1000)

#define GIC             "/machine/soc/a7mpcore/gic"

static uint32_t get(uint32_t reg)
{
    return readl(IWDG2 + reg);
}

static void set(uint32_t reg, uint32_t value)
{
    writel(IWDG2 + reg, value);
}

static void start_with(const char *arguments)
{
    qtest_start(arguments);
    qtest_irq_intercept_in(global_qtest, GIC);
    stm32mp1_enable_clocks(global_qtest);
}

static void start(void)
{
    start_with(STM32MP1_MACHINE);
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

/* The watchdogs that have reset the system since the last call */
static uint32_t bitten(void)
{
    uint32_t flags = readl(RCC_MC_RSTSCLRR) & (IWDG1RSTF | IWDG2RSTF);

    writel(RCC_MC_RSTSCLRR, flags);
    return flags;
}

static void assert_system_reset(void)
{
    g_assert_cmphex(bitten(), ==, IWDG2RSTF);
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
        g_assert_cmphex(readl(base[i] + IPIDR), ==, 0x00120041);
        g_assert_cmphex(readl(base[i] + SIDR), ==, 0xa3c5dd01);
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
        uint32_t value;
        uint32_t flag;
    } regs[] = {
        { PR, 5, PVU }, { RLR, 100, RVU }, { WINR, 5, WVU }, { EWCR, 5, EWU },
    };

    int64_t div = 512; /* until the new prescaler has been taken */

    start();
    set(KR, START);
    set(KR, UNLOCK);
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        set(regs[i].reg, regs[i].value);
        clock_step(3 * div * LSI - 1);
        g_assert_cmphex(get(SR), ==, regs[i].flag);
        clock_step(1);
        g_assert_cmphex(get(SR), ==, 0);
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
    clock_step(10 * SECOND);
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
    g_assert_cmphex(bitten(), ==, IWDG1RSTF);
    stm32mp1_enable_clocks(global_qtest);
    g_assert_cmphex(readl(IWDG1 + RLR), ==, 0xfff);
    qtest_end();
}

/*
 * How long a count lasts; the end has come when somebody looks at the very
 * nanosecond, be it by a write, which the reset then swallows.
 */
static void test_prescaler(void)
{
    start();
    for (uint32_t pr = 0; pr <= 15; pr++) {
        int64_t ns = (4ll << MIN(pr, 8)) * 3 * LSI;

        set(KR, UNLOCK);
        set(PR, pr);
        set(RLR, 2);
        clock_step(SECOND);
        set(KR, RELOAD);
        clock_step(SECOND);
        set(KR, START);
        set(KR, RELOAD);
        set(KR, UNLOCK);
        clock_step(ns - 1);
        assert_alive(3);
        clock_step(1);
        if (pr & 1) {
            get(SR);
        } else {
            set(WINR, 1);
        }
        assert_system_reset();
        g_assert_cmphex(get(WINR), ==, 0xfff);
    }
    qtest_end();
}

/* The count begins with the start, which comes once and takes no time away. */
static void test_start(void)
{
    start();
    clock_step(SECOND);
    set(KR, UNLOCK);
    set(PR, 2);
    set(RLR, 99);
    set(WINR, 49);
    set(KR, RELOAD);            /* too early for the window, but it is off */
    clock_step(SECOND);
    set(KR, START);
    clock_step(1608 * LSI / 2);
    set(KR, START);
    clock_step(16 * 100 * LSI - 1608 * LSI / 2 - 1);
    assert_alive(100);
    clock_step(2);
    assert_system_reset();
    qtest_end();
}

/* The prescaler counts on when it is set to less. */
static void test_prescaler_change(void)
{
    start();
    set(KR, UNLOCK);
    set(PR, 2);
    set(RLR, 9);
    set(KR, START);
    set(KR, RELOAD);
    set(KR, UNLOCK);
    clock_step((3 * 16 + 10) * LSI);
    set(PR, 0);                 /* of 4 cycles 10 % 4 are over */
    clock_step((7 * 4 - 2) * LSI - 1);
    assert_alive(10);
    clock_step(1);
    get(SR);
    assert_system_reset();
    qtest_end();
}

/* Linux: 32 s, divided by 256 */
static void test_long(void)
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

/* It comes at the value before EWIT, to whoever looks, or by itself. */
static void test_early_values(void)
{
    static const struct {
        uint32_t ewit;
        uint32_t at;
    } values[] = {
        { 99, 98 }, { 98, 97 }, { 20, 19 }, { 2, 1 }, { 1, 0 }, { 0, 0 },
    };

    start();
    set_up(100);
    for (int i = 0; i < 2 * ARRAY_SIZE(values); i++) {
        uint32_t ewit = values[i / 2].ewit;
        int64_t ns = 4 * (99 - values[i / 2].at) * LSI;
        bool looked = i & 1;

        set(KR, RELOAD);
        set(KR, UNLOCK);
        set(EWCR, EWIE | ewit);
        clock_step(ns - 1);
        g_assert_cmphex(get(SR) & EWIF, ==, 0);
        g_assert_false(get_irq(EARLY_SPI));
        clock_step(looked ? 1 : 2);
        if (looked) {
            g_assert_cmphex(get(SR) & EWIF, ==, EWIF);
        }
        g_assert_true(get_irq(EARLY_SPI));
        set(EWCR, EWIE | ewit | EWIC);
        g_assert_cmphex(get(SR) & EWIF, ==, 0);
        g_assert_false(get_irq(EARLY_SPI));
        assert_alive(100);
        clock_step(LSI - (looked ? 0 : 1)); /* to where a cycle begins */
    }
    qtest_end();
}

static void test_early_interrupt(void)
{
    start();
    set_up(100);
    set(KR, UNLOCK);
    set(EWCR, 20);
    set(KR, RELOAD);

    /* At 19: 80 counts after 99. The flag comes without EWIE, too. */
    clock_step(320 * LSI);
    g_assert_cmphex(get(SR) & (EWIF | EWU), ==, EWIF);
    g_assert_false(get_irq(EARLY_SPI));
    set(KR, UNLOCK);
    set(EWCR, EWIE | 20);
    g_assert_true(get_irq(EARLY_SPI));
    g_assert_cmphex(get(SR) & (EWIF | EWU), ==, EWIF | EWU);
    set(KR, RELOAD);
    clock_step(3 * 4 * LSI);

    /* Acknowledging needs no key, reads 0, comes once a round, and is all. */
    set(EWCR, EWIE | 20 | EWIC);
    g_assert_false(get_irq(EARLY_SPI));
    g_assert_cmphex(get(EWCR), ==, EWIE | 20);
    g_assert_cmphex(get(SR) & (EWIF | EWU), ==, 0);
    set(KR, RELOAD);
    clock_step(321 * LSI);
    set(KR, UNLOCK);
    set(EWCR, EWIE | 20 | EWIC);
    g_assert_cmphex(get(SR) & (EWIF | EWU), ==, 0);
    clock_step(40 * LSI);
    g_assert_cmphex(get(SR) & (EWIF | EWU), ==, 0);
    g_assert_false(get_irq(EARLY_SPI));

    /* Another value is another chance: the counter is below it. */
    set(EWCR, EWIE | 30);
    g_assert_true(get_irq(EARLY_SPI));
    set(EWCR, EWIE | 30 | EWIC);
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

static void test_iwdg1_early_interrupt(void)
{
    start();
    writel(IWDG1 + KR, UNLOCK);
    writel(IWDG1 + PR, 0);
    writel(IWDG1 + EWCR, EWIE | 0xfff);
    writel(IWDG1 + KR, START);
    clock_step(4 * LSI - 1);
    g_assert_false(get_irq(EARLY_SPI1));
    clock_step(2);
    g_assert_true(get_irq(EARLY_SPI1));
    g_assert_false(get_irq(EARLY_SPI));
    qtest_end();
}

/* Leave nothing in its reset state, with the interrupt up. */
static void stir(void)
{
    static const uint32_t regs[] = { PR, RLR, WINR, EWCR };

    set(KR, UNLOCK);
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        set(regs[i], regs[i] == EWCR ? EWIE | 0x20 : 1);
    }
    set(KR, START);
    clock_step(8 * LSI);
    g_assert_true(get_irq(EARLY_SPI));
    set(KR, UNLOCK);
    g_assert_cmphex(get(SR), ==, EWIF | 0xf);
}

/* Check that it is as after power-on, from its registers to what it does. */
static void check_reset(void)
{
    g_assert_false(get_irq(EARLY_SPI));
    g_assert_cmphex(get(PR), ==, 7);
    g_assert_cmphex(get(RLR), ==, 0xfff);
    g_assert_cmphex(get(WINR), ==, 0xfff);
    g_assert_cmphex(get(EWCR), ==, 0);
    g_assert_cmphex(get(SR), ==, 0);

    /* It is off, and locked. */
    set(RLR, 1);
    g_assert_cmphex(get(RLR), ==, 0xfff);
    clock_step(4097 * 512 * LSI);
    g_assert_cmphex(get(SR), ==, 0);

    /* Nothing waits for the start to be taken over, which sets no counter. */
    set(KR, START);
    g_assert_cmphex(get(SR), ==, 0);
    clock_step(4095 * 512 * LSI - 1);
    g_assert_cmphex(get(SR), ==, 0);
    clock_step(1);
    g_assert_cmphex(get(SR), ==, EWIF);
    clock_step(512 * LSI - 1);
    g_assert_cmphex(get(SR), ==, EWIF);
    clock_step(1);
    g_assert_cmphex(get(SR), ==, 0);
}

static void test_system_reset(void)
{
    start();
    stir();
    stm32mp1_system_reset(global_qtest);
    check_reset();
    g_assert_cmphex(bitten(), ==, IWDG2RSTF);
    qtest_end();
}

/* It resets itself even if it is not allowed to reset the system. */
static void test_without_system_reset(void)
{
    start_with(STM32MP1_MACHINE "-action watchdog=none");
    stir();
    clock_step(16 * LSI);
    check_reset();
    g_assert_cmphex(bitten(), ==, 0);
    qtest_end();
}

/* All that it has counts on in another QEMU. */
static void test_migration(void)
{
    int64_t now;

    start();
    set_up(100);
    set(KR, UNLOCK);
    set(PR, 1);
    set(WINR, 49);
    set(EWCR, EWIE | 20);
    now = clock_step(3 * 8 * LSI - 1);

    global_qtest = stm32mp1_migrate(global_qtest);
    qtest_clock_set(global_qtest, now); /* the one thing that stays behind */
    qtest_irq_intercept_in(global_qtest, GIC);
    g_assert_cmphex(get(SR), ==, WVU | EWU);
    clock_step(1);
    g_assert_cmphex(get(SR), ==, 0);
    g_assert_cmphex(get(PR), ==, 1);
    g_assert_cmphex(get(RLR), ==, 99);
    g_assert_cmphex(get(WINR), ==, 49);
    g_assert_cmphex(get(EWCR), ==, EWIE | 20);
    clock_step((80 - 3) * 8 * LSI - 1);
    g_assert_false(get_irq(EARLY_SPI));
    clock_step(2);
    g_assert_true(get_irq(EARLY_SPI));
    clock_step(20 * 8 * LSI - 2);
    assert_alive(100);
    clock_step(1);
    get(SR);
    assert_system_reset();
    qtest_end();
}

/* What a guest is told of its mistakes, the last one behind the block */
#define READ_LOG "/machine/soc/iwdg2: no register at 0x18\n" \
    "stm32mp1.io: unimplemented device read  (size 4, offset 0x1a002400)\n"
static void test_log(void)
{
    static const uint32_t regs[] = {
        KR, PR, RLR, SR, WINR, EWCR, HWCFGR, VERR, IPIDR, SIDR, 0x18,
    };
    g_autofree char *file = NULL;

    global_qtest = stm32mp1_init_logged(&file);
    stm32mp1_enable_clocks(global_qtest);
    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        get(regs[i]);
    }
    get(0x400);
    stm32mp1_check_log(file, READ_LOG);
    set(EWCR, EWIC);            /* neither is locked */
    set(KR, UNLOCK);
    set(RLR, 5);
    set(WINR, 5);
    stm32mp1_check_log(file, READ_LOG);
    set(RLR, 6);
    set(SR, 0);
    set(KR, 0);
    set(PR, 0);
    stm32mp1_check_log(file, READ_LOG
                       "/machine/soc/iwdg2: write during an update\n"
                       "/machine/soc/iwdg2: no writable register at 0xc\n"
                       "/machine/soc/iwdg2: write to a locked register\n");
    qtest_end();
    unlink(file);
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
    qtest_add_func("stm32mp1/iwdg/system_reset", test_system_reset);
    qtest_add_func("stm32mp1/iwdg/without_system_reset",
                   test_without_system_reset);
    qtest_add_func("stm32mp1/iwdg/keys", test_keys);
    qtest_add_func("stm32mp1/iwdg/update_flags", test_update_flags);
    qtest_add_func("stm32mp1/iwdg/update_flags_last", test_update_flags_last);
    qtest_add_func("stm32mp1/iwdg/update_flags_stay", test_update_flags_stay);
    qtest_add_func("stm32mp1/iwdg/update_flags_end", test_update_flags_end);
    qtest_add_func("stm32mp1/iwdg/expiry", test_expiry);
    qtest_add_func("stm32mp1/iwdg/iwdg1_expiry", test_iwdg1_expiry);
    qtest_add_func("stm32mp1/iwdg/prescaler", test_prescaler);
    qtest_add_func("stm32mp1/iwdg/prescaler_change", test_prescaler_change);
    qtest_add_func("stm32mp1/iwdg/start", test_start);
    qtest_add_func("stm32mp1/iwdg/long", test_long);
    qtest_add_func("stm32mp1/iwdg/refresh", test_refresh);
    qtest_add_func("stm32mp1/iwdg/window", test_window);
    qtest_add_func("stm32mp1/iwdg/early_values", test_early_values);
    qtest_add_func("stm32mp1/iwdg/early_interrupt", test_early_interrupt);
    qtest_add_func("stm32mp1/iwdg/iwdg1_early_interrupt",
                   test_iwdg1_early_interrupt);
    qtest_add_func("stm32mp1/iwdg/migration", test_migration);
    qtest_add_func("stm32mp1/iwdg/log", test_log);
    qtest_add_func("stm32mp1/iwdg/access", test_access);
    return g_test_run();
}
