/*
 * QTest for the STM32MP1 EXTI
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define EXTI        0x5000d000
#define RTSR(b)     (EXTI + 0x20 * (b) + 0x00)
#define FTSR(b)     (EXTI + 0x20 * (b) + 0x04)
#define SWIER(b)    (EXTI + 0x20 * (b) + 0x08)
#define RPR(b)      (EXTI + 0x20 * (b) + 0x0c)
#define FPR(b)      (EXTI + 0x20 * (b) + 0x10)
#define TZENR(b)    (EXTI + 0x20 * (b) + 0x14)
#define EXTICR(n)   (EXTI + 0x60 + 4 * (n))
#define C1IMR(b)    (EXTI + 0x80 + 0x10 * (b))
#define C2IMR(b)    (EXTI + 0xc0 + 0x10 * (b))
#define C2EMR(b)    (EXTI + 0xc4 + 0x10 * (b))

#define NUM_BANKS   3
#define NUM_PORTS   12
#define PINS        16
#define PORT_Z      11
#define WWDG1       68

static const uint32_t configurable[NUM_BANKS] = { 0x1ffff, 0, 0x216 };
static const uint32_t valid[NUM_BANKS] = { 0xffffffff, 0xffffffff, 0xfff };

static QTestState *start(const char *irq_name)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "exti", irq_name);
    return qts;
}

static void set_pin(QTestState *qts, unsigned port, unsigned pin, int level)
{
    qtest_set_irq_in(qts, STM32MP1_SOC "exti", "pin", port * PINS + pin, level);
}

static void set_event(QTestState *qts, unsigned event, int level)
{
    qtest_set_irq_in(qts, STM32MP1_SOC "exti", "event", event, level);
}

static void check_reset_values(QTestState *qts)
{
    for (unsigned b = 0; b < NUM_BANKS; b++) {
        g_assert_cmphex(qtest_readl(qts, RTSR(b)), ==, 0);
        g_assert_cmphex(qtest_readl(qts, FTSR(b)), ==, 0);
        g_assert_cmphex(qtest_readl(qts, RPR(b)), ==, 0);
        g_assert_cmphex(qtest_readl(qts, FPR(b)), ==, 0);
        g_assert_cmphex(qtest_readl(qts, C2EMR(b)), ==, 0);
    }
    for (unsigned n = 0; n < 4; n++) {
        g_assert_cmphex(qtest_readl(qts, EXTICR(n)), ==, 0);
    }
    g_assert_cmphex(qtest_readl(qts, C1IMR(0)), ==, 0xfffe0000);
    g_assert_cmphex(qtest_readl(qts, C1IMR(1)), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, C1IMR(2)), ==, 0x00000de9);
    g_assert_cmphex(qtest_readl(qts, C2IMR(0)), ==, 0xfffe0000);
    g_assert_cmphex(qtest_readl(qts, C2IMR(1)), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, C2IMR(2)), ==, 0x00000de9);
}

static void test_registers(void)
{
    QTestState *qts = start("c1-irq");

    check_reset_values(qts);
    for (unsigned b = 0; b < NUM_BANKS; b++) {
        stm32mp1_check_mask(qts, RTSR(b), configurable[b]);
        stm32mp1_check_mask(qts, FTSR(b), configurable[b]);
        stm32mp1_check_mask(qts, C1IMR(b), valid[b]);
        stm32mp1_check_mask(qts, C2IMR(b), valid[b]);
        stm32mp1_check_mask(qts, C2EMR(b), valid[b]);
        /* Linux takes a 1 in TZENR for "secure, hands off" */
        stm32mp1_check_readonly(qts, TZENR(b), 0);
    }
    for (unsigned n = 0; n < 4; n++) {
        stm32mp1_check_mask(qts, EXTICR(n), 0xffffffff);
    }
    /* bit = 1: configurable; Linux chooses the irq chip by them */
    stm32mp1_check_readonly(qts, EXTI + 0x3ec, 0x0001ffff);
    stm32mp1_check_readonly(qts, EXTI + 0x3e8, 0x00000000);
    stm32mp1_check_readonly(qts, EXTI + 0x3e4, 0x00000216);
    stm32mp1_check_readonly(qts, EXTI + 0x3f0, 0x000b214b);
    stm32mp1_check_readonly(qts, EXTI + 0x3f4, 0x30);
    stm32mp1_check_readonly(qts, EXTI + 0x3f8, 0x000e0001);
    stm32mp1_check_readonly(qts, EXTI + 0x3fc, 0xa3c5dd01);
    qtest_quit(qts);
}

static void test_edges(void)
{
    QTestState *qts = start("c1-irq");

    for (unsigned pin = 0; pin < PINS; pin++) {
        uint32_t bit = 1u << pin;

        for (unsigned edges = 0; edges < 4; edges++) {
            qtest_writel(qts, RTSR(0), edges & 1 ? bit : 0);
            qtest_writel(qts, FTSR(0), edges & 2 ? bit : 0);
            set_pin(qts, 0, pin, 1);
            g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, edges & 1 ? bit : 0);
            g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, 0);
            qtest_writel(qts, RPR(0), 0xffffffff);
            /* the same level again is no edge */
            set_pin(qts, 0, pin, 1);
            g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 0);

            set_pin(qts, 0, pin, 0);
            g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 0);
            g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, edges & 2 ? bit : 0);
            /* only the bits that are written as 1 clear */
            qtest_writel(qts, FPR(0), ~bit);
            qtest_writel(qts, RPR(0), bit);
            g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, edges & 2 ? bit : 0);
            qtest_writel(qts, FPR(0), bit);
            g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, 0);
        }
    }
    qtest_quit(qts);
}

static void test_mux(void)
{
    QTestState *qts = start("c1-irq");
    const unsigned pin = 6;
    const uint32_t bit = 1u << pin;

    qtest_writel(qts, RTSR(0), bit);
    qtest_writel(qts, FTSR(0), bit);
    for (unsigned port = 0; port < NUM_PORTS; port++) {
        qtest_writel(qts, EXTICR(1), port << 16);
        for (unsigned other = 0; other < NUM_PORTS; other++) {
            set_pin(qts, other, pin, 1);
            g_assert_cmphex(qtest_readl(qts, RPR(0)), ==,
                            other == port ? bit : 0);
            qtest_writel(qts, RPR(0), bit);
            set_pin(qts, other, pin, 0);
            g_assert_cmphex(qtest_readl(qts, FPR(0)), ==,
                            other == port ? bit : 0);
            qtest_writel(qts, FPR(0), bit);
        }
    }
    /* changing the port is an edge if the levels differ */
    set_pin(qts, PORT_Z, pin, 1);
    g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, bit);
    qtest_writel(qts, EXTICR(1), 0);
    g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, bit);
    /* no such port: low */
    qtest_writel(qts, FPR(0), bit);
    qtest_writel(qts, RPR(0), bit);
    qtest_writel(qts, EXTICR(1), 0xff0000);
    g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 0);
    qtest_quit(qts);
}

/* The level towards one processor; the other's mask has no say. */
static void check_irq(const char *name, uint64_t imr, uint64_t other_imr)
{
    QTestState *qts = start(name);
    uint32_t bit = 1u << 14;

    qtest_writel(qts, imr, 0);
    qtest_writel(qts, other_imr, 0xffffffff);
    qtest_writel(qts, FTSR(0), bit);
    set_pin(qts, 0, 14, 1);
    set_pin(qts, 0, 14, 0);
    g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, bit);
    g_assert_false(qtest_get_irq(qts, 14));
    /* pending while masked shows as soon as it is unmasked */
    qtest_writel(qts, imr, bit);
    g_assert_true(qtest_get_irq(qts, 14));
    set_pin(qts, 0, 14, 1);
    g_assert_true(qtest_get_irq(qts, 14));
    qtest_writel(qts, RPR(0), bit);
    g_assert_true(qtest_get_irq(qts, 14));
    qtest_writel(qts, FPR(0), bit);
    g_assert_false(qtest_get_irq(qts, 14));
    set_pin(qts, 0, 14, 0);
    g_assert_true(qtest_get_irq(qts, 14));
    qtest_writel(qts, imr, ~bit);
    g_assert_false(qtest_get_irq(qts, 14));
    qtest_quit(qts);
}

static void test_c1_irq(void)
{
    check_irq("c1-irq", C1IMR(0), C2IMR(0));
}

static void test_c2_irq(void)
{
    check_irq("c2-irq", C2IMR(0), C1IMR(0));
}

static void test_software(void)
{
    QTestState *qts = start("c1-irq");

    for (unsigned b = 0; b < NUM_BANKS; b++) {
        qtest_writel(qts, C1IMR(b), 0xffffffff);
        qtest_writel(qts, SWIER(b), 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, SWIER(b)), ==, 0);
        g_assert_cmphex(qtest_readl(qts, RPR(b)), ==, configurable[b]);
        g_assert_cmphex(qtest_readl(qts, FPR(b)), ==, 0);
        for (unsigned n = 0; n < 32; n++) {
            g_assert_cmpint(qtest_get_irq(qts, 32 * b + n), ==,
                            (configurable[b] >> n) & 1);
        }
        qtest_writel(qts, RPR(b), 0xffffffff);
        for (unsigned n = 0; n < 32; n++) {
            g_assert_false(qtest_get_irq(qts, 32 * b + n));
        }
    }
    qtest_quit(qts);
}

static void test_events(void)
{
    QTestState *qts = start("c1-irq");

    for (unsigned b = 0; b < NUM_BANKS; b++) {
        qtest_writel(qts, C1IMR(b), 0xffffffff);
        qtest_writel(qts, RTSR(b), 0xffffffff);
    }
    for (unsigned event = 0; event < 32 * NUM_BANKS; event++) {
        unsigned b = event / 32;
        uint32_t bit = 1u << (event % 32);
        /* GPIO lines do not come in here, direct events do nothing */
        bool acts = event >= PINS && (configurable[b] & bit);

        set_event(qts, event, 1);
        set_event(qts, event, 0);
        g_assert_cmphex(qtest_readl(qts, RPR(b)), ==, acts ? bit : 0);
        g_assert_cmpint(qtest_get_irq(qts, event), ==, acts);
        qtest_writel(qts, RPR(b), bit);
        g_assert_false(qtest_get_irq(qts, event));
    }
    qtest_quit(qts);
}

/* The sequence of the remoteproc driver for the watchdog of the M4. */
static void test_watchdog_event(void)
{
    QTestState *qts = start("c1-irq");
    const uint32_t bit = 1u << (WWDG1 % 32);

    qtest_writel(qts, C1IMR(2), 0);
    g_assert_cmphex(qtest_readl(qts, EXTI + 0x3e4) & bit, ==, bit);
    qtest_writel(qts, RTSR(2), qtest_readl(qts, RTSR(2)) | bit);
    qtest_writel(qts, FTSR(2), qtest_readl(qts, FTSR(2)) & ~bit);
    qtest_writel(qts, C1IMR(2), qtest_readl(qts, C1IMR(2)) | bit);
    set_event(qts, WWDG1, 1);
    set_event(qts, WWDG1, 0);
    g_assert_true(qtest_get_irq(qts, WWDG1));
    qtest_writel(qts, RPR(2), bit);
    qtest_writel(qts, FPR(2), bit);
    g_assert_false(qtest_get_irq(qts, WWDG1));
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start("c1-irq");

    qtest_writel(qts, C1IMR(0), 0xffffffff);
    qtest_writel(qts, EXTICR(3), 0x01020304);
    /* PA3: the board drives nothing there */
    qtest_writel(qts, RTSR(0), 1u << 3);
    set_pin(qts, 0, 3, 1);
    g_assert_true(qtest_get_irq(qts, 3));
    stm32mp1_system_reset(qts);
    check_reset_values(qts);
    g_assert_false(qtest_get_irq(qts, 3));
    qtest_quit(qts);
}

static void test_any_access(void)
{
    QTestState *qts = start("c1-irq");

    stm32mp1_check_any_access(qts, EXTI);
    check_reset_values(qts);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start("c1-irq");

    qtest_writel(qts, EXTICR(1), 0x0003000b);
    qtest_writel(qts, RTSR(0), 0x10);
    qtest_writel(qts, FTSR(0), 0x10);
    qtest_writel(qts, C2IMR(1), 0x1234);
    set_pin(qts, PORT_Z, 4, 1);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, EXTICR(1)), ==, 0x0003000b);
    g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 0x10);
    g_assert_cmphex(qtest_readl(qts, C2IMR(1)), ==, 0x1234);
    /* the pin's level came along: this is an edge */
    set_pin(qts, PORT_Z, 4, 0);
    g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, 0x10);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/exti/registers", test_registers);
    qtest_add_func("stm32mp1/exti/edges", test_edges);
    qtest_add_func("stm32mp1/exti/mux", test_mux);
    qtest_add_func("stm32mp1/exti/c1_irq", test_c1_irq);
    qtest_add_func("stm32mp1/exti/c2_irq", test_c2_irq);
    qtest_add_func("stm32mp1/exti/software", test_software);
    qtest_add_func("stm32mp1/exti/events", test_events);
    qtest_add_func("stm32mp1/exti/watchdog_event", test_watchdog_event);
    qtest_add_func("stm32mp1/exti/reset", test_reset);
    qtest_add_func("stm32mp1/exti/any_access", test_any_access);
    qtest_add_func("stm32mp1/exti/migration", test_migration);
    return g_test_run();
}
