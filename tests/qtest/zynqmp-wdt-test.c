/*
 * QTest for the watchdogs of the ZynqMP, and what the PMU does at their end
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/timer.h"
#include "libqtest.h"

#define MACHINE         "-M zcu102-amp"

#define MODE            0x00
#define WDEN            BIT(0)
#define RSTEN           BIT(1)
#define IRQEN           BIT(2)
#define IRQLN(n)        ((n) << 7)
#define LENGTHS         0x1c0
#define ZKEY            (0xabc << 12)
#define MODE_RESET      (LENGTHS | RSTEN)
#define CONTROL         0x04
#define CLKSEL_8        0
#define CLKSEL_4096     3
#define CRV(n)          ((n) << 2)
#define CKEY            (0x248 << 14)
#define CONTROL_RESET   CRV(0xfff)
#define RESTART         0x08
#define RSTKEY          0x1999
#define STATUS          0x0c
#define WDZ             BIT(0)

#define RESET_REASON    0xff5e0220
#define PMU_SYS_RESET   BIT(2)
#define SRST            BIT(4)

static const struct {
    uint32_t base;
    unsigned spi;
} wdts[] = {
    { 0xff150000, 52 },
    { 0xfd4d0000, 113 },
};

/* 100 MHz: the shortest time, and counts of the other end of the table */
#define SHORTEST_NS     (0x1000 * 8 * 10)
#define UNIT_4096_NS    (0x1000ll * 4096 * 10)
/* Of an interrupt, by IRQLN */
#define PULSE_NS(n)     ((4 << (n)) * 10)

static void test_registers(void)
{
    QTestState *qts = qtest_init(MACHINE);

    for (int i = 0; i < ARRAY_SIZE(wdts); i++) {
        uint32_t base = wdts[i].base;

        g_assert_cmphex(qtest_readl(qts, base + MODE), ==, MODE_RESET);
        g_assert_cmphex(qtest_readl(qts, base + CONTROL), ==, CONTROL_RESET);
        g_assert_cmphex(qtest_readl(qts, base + RESTART), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);

        /* without the key, with a wrong one, with the right one */
        qtest_writel(qts, base + MODE, IRQEN);
        qtest_writel(qts, base + MODE, (0xabd << 12) | IRQEN);
        g_assert_cmphex(qtest_readl(qts, base + MODE), ==, MODE_RESET);
        qtest_writel(qts, base + MODE, 0xff000000 | ZKEY | 0xffe);
        g_assert_cmphex(qtest_readl(qts, base + MODE), ==,
                        LENGTHS | 0x30 | RSTEN | IRQEN);
        qtest_writel(qts, base + CONTROL, CRV(1));
        qtest_writel(qts, base + CONTROL, (0x249 << 14) | CRV(1));
        g_assert_cmphex(qtest_readl(qts, base + CONTROL), ==, CONTROL_RESET);
        qtest_writel(qts, base + CONTROL, CKEY | CRV(0x123) | CLKSEL_4096);
        g_assert_cmphex(qtest_readl(qts, base + CONTROL), ==,
                        CRV(0x123) | CLKSEL_4096);
        qtest_writel(qts, base + STATUS, WDZ);
        g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);

        qtest_system_reset(qts);
        g_assert_cmphex(qtest_readl(qts, base + MODE), ==, MODE_RESET);
        g_assert_cmphex(qtest_readl(qts, base + CONTROL), ==, CONTROL_RESET);
    }
    qtest_quit(qts);
}

static void test_interrupt(void)
{
    QTestState *qts = qtest_init(MACHINE);

    qtest_irq_intercept_in(qts, "/machine/soc/rpu/gic");
    for (int i = 0; i < ARRAY_SIZE(wdts); i++) {
        uint32_t base = wdts[i].base;
        unsigned spi = wdts[i].spi;

        qtest_writel(qts, base + CONTROL, CKEY | CRV(0) | CLKSEL_8);
        for (int length = 0; length < 4; length++) {
            qtest_writel(qts, base + MODE, ZKEY | IRQLN(length) | IRQEN | WDEN);
            qtest_writel(qts, base + RESTART, RSTKEY);
            qtest_clock_step(qts, SHORTEST_NS - 1);
            g_assert_false(qtest_get_irq(qts, spi));
            g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);
            qtest_clock_step(qts, 1);
            g_assert_true(qtest_get_irq(qts, spi));
            g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, WDZ);
            qtest_clock_step(qts, PULSE_NS(length) - 1);
            g_assert_true(qtest_get_irq(qts, spi));
            qtest_clock_step(qts, 1);
            g_assert_false(qtest_get_irq(qts, spi));
        }
        /* It stands still until it is restarted. */
        qtest_clock_step(qts, SHORTEST_NS);
        g_assert_false(qtest_get_irq(qts, spi));
        g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, WDZ);
        qtest_writel(qts, base + RESTART, RSTKEY);
        g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);
        /* Without IRQEN nobody is told. */
        qtest_writel(qts, base + MODE, ZKEY | WDEN);
        qtest_clock_step(qts, SHORTEST_NS);
        g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, WDZ);
        g_assert_false(qtest_get_irq(qts, spi));
        /* A reset ends an interrupt. */
        qtest_writel(qts, base + MODE, ZKEY | LENGTHS | IRQEN | WDEN);
        qtest_writel(qts, base + RESTART, RSTKEY);
        qtest_clock_step(qts, SHORTEST_NS);
        g_assert_true(qtest_get_irq(qts, spi));
        qtest_system_reset(qts);
        g_assert_false(qtest_get_irq(qts, spi));
    }
    qtest_quit(qts);
}

static void test_restart(void)
{
    QTestState *qts = qtest_init(MACHINE);
    uint32_t base = wdts[1].base;
    int64_t whole = 3 * UNIT_4096_NS;

    qtest_writel(qts, base + CONTROL, CKEY | CRV(2) | CLKSEL_4096);
    qtest_writel(qts, base + MODE, ZKEY | LENGTHS | IRQEN | WDEN);
    qtest_clock_step(qts, whole - 1);
    /* Another key does not restart it, a new CRV counts from a restart on. */
    qtest_writel(qts, base + CONTROL, CKEY | CRV(0) | CLKSEL_4096);
    qtest_writel(qts, base + RESTART, RSTKEY);
    qtest_clock_step(qts, UNIT_4096_NS - 1);
    g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);
    qtest_writel(qts, base + RESTART, 0x1998);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, WDZ);

    /* It stands still while it is not enabled. */
    qtest_writel(qts, base + RESTART, RSTKEY);
    qtest_writel(qts, base + MODE, ZKEY | LENGTHS | IRQEN);
    qtest_clock_step(qts, whole);
    g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);
    qtest_writel(qts, base + RESTART, RSTKEY);
    qtest_clock_step(qts, whole);
    g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);
    /* Setting what is set already restarts nothing. */
    qtest_writel(qts, base + MODE, ZKEY | LENGTHS | IRQEN | WDEN);
    qtest_clock_step(qts, UNIT_4096_NS - 1);
    qtest_writel(qts, base + MODE, ZKEY | LENGTHS | IRQEN | WDEN);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, WDZ);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = qtest_init(MACHINE);

    qtest_writel(qts, RESET_REASON, 0x7f);
    for (int i = 0; i < ARRAY_SIZE(wdts); i++) {
        uint32_t base = wdts[i].base;

        /* QEMU tells of one a second. */
        qtest_clock_step(qts, NANOSECONDS_PER_SECOND);
        qtest_writel(qts, base + CONTROL, CKEY | CRV(0) | CLKSEL_8);
        qtest_writel(qts, base + MODE, ZKEY | LENGTHS | RSTEN | WDEN);
        qtest_clock_step(qts, SHORTEST_NS - 1);
        g_assert_null(qtest_qmp_event_ref(qts, "WATCHDOG"));
        qtest_clock_step(qts, 1);
        qtest_qmp_eventwait(qts, "WATCHDOG");
        qtest_qmp_eventwait(qts, "RESET");
        g_assert_cmphex(qtest_readl(qts, base + MODE), ==, MODE_RESET);
        g_assert_cmphex(qtest_readl(qts, base + CONTROL), ==, CONTROL_RESET);
        g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, 0);
        g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, PMU_SYS_RESET);
        qtest_writel(qts, RESET_REASON, PMU_SYS_RESET);
    }
    qtest_quit(qts);
}

/* A watchdog that QEMU does not let reset the system is no reason of a reset. */
static void test_no_reset(void)
{
    QTestState *qts = qtest_init(MACHINE " -action watchdog=none");
    uint32_t base = wdts[0].base;

    qtest_writel(qts, RESET_REASON, 0x7f);
    qtest_writel(qts, base + CONTROL, CKEY | CRV(0) | CLKSEL_8);
    qtest_writel(qts, base + MODE, ZKEY | LENGTHS | RSTEN | WDEN);
    qtest_clock_step(qts, SHORTEST_NS);
    qtest_qmp_eventwait(qts, "WATCHDOG");
    g_assert_cmphex(qtest_readl(qts, base + STATUS), ==, WDZ);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, SRST);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/zynqmp/wdt/registers", test_registers);
    qtest_add_func("/zynqmp/wdt/interrupt", test_interrupt);
    qtest_add_func("/zynqmp/wdt/restart", test_restart);
    qtest_add_func("/zynqmp/wdt/reset", test_reset);
    qtest_add_func("/zynqmp/wdt/no-reset", test_no_reset);
    return g_test_run();
}
