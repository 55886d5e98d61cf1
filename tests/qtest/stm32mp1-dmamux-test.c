/*
 * QTest for the STM32MP1 DMA request multiplexer
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define MUX             0x48002000
#define CCR(n)          (MUX + 4 * (n))
#define CSR             (MUX + 0x80)
#define CFR             (MUX + 0x84)
#define RGCR(n)         (MUX + 0x100 + 4 * (n))
#define RGSR            (MUX + 0x140)
#define RGCFR           (MUX + 0x144)

#define SOIE            (1u << 8)
#define EGE             (1u << 9)
#define SE              (1u << 16)
#define RISING          (1u << 17)
#define FALLING         (2u << 17)
#define NBREQ(n)        (((n) - 1) << 19)
#define SYNC(n)         ((n) << 24)
#define OIE             (1u << 8)
#define GE              (1u << 16)

#define MUX_PATH        STM32MP1_SOC "dmamux1"
#define MUX_IRQ         102
#define EXTI0           6
#define REQUEST         37
#define GENERATOR(n)    (1 + (n))
#define RCC_AHB2RSTSETR 0x50000998
#define RCC_AHB2RSTCLRR 0x5000099c

static QTestState *start(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_out_named(qts, MUX_PATH, "channel");
    return qts;
}

static void trigger(QTestState *qts, bool level)
{
    qtest_set_irq_in(qts, MUX_PATH, "trigger", EXTI0, level);
}

static void request(QTestState *qts, unsigned n, bool level)
{
    qtest_set_irq_in(qts, MUX_PATH, "request", n, level);
}

/* A stream has made a transfer for channel @n. */
static void serve(QTestState *qts, unsigned n)
{
    qtest_set_irq_in(qts, MUX_PATH, "channel-ack", n, 1);
    qtest_set_irq_in(qts, MUX_PATH, "channel-ack", n, 0);
}

static void test_registers(void)
{
    QTestState *qts = start();

    for (unsigned n = 0; n < 16; n++) {
        qtest_writel(qts, CCR(n), 37);
        g_assert_cmphex(qtest_readl(qts, CCR(n)), ==, 37);
        qtest_writel(qts, CCR(n), 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, CCR(n)), ==, 0x07ff037f);
        qtest_writel(qts, CCR(n), 0);
        qtest_writel(qts, CCR(n), 0);   /* and NBREQ */
        g_assert_cmphex(qtest_readl(qts, CCR(n)), ==, 0);
    }
    for (unsigned n = 0; n < 8; n++) {
        stm32mp1_check_mask(qts, RGCR(n), 0x00ff0107);
    }
    stm32mp1_check_readonly(qts, CSR, 0);
    stm32mp1_check_readonly(qts, RGSR, 0);
    stm32mp1_check_readonly(qts, MUX + 0x3f0, 0x08086c10);
    stm32mp1_check_readonly(qts, MUX + 0x3f8, 0x00100011);

    /* NBREQ stays as it is while it is in use. */
    qtest_writel(qts, CCR(0), NBREQ(5) | EGE);
    qtest_writel(qts, CCR(0), NBREQ(9) | EGE | 40);
    g_assert_cmphex(qtest_readl(qts, CCR(0)), ==, NBREQ(5) | EGE | 40);
    stm32mp1_check_any_access(qts, MUX);
    g_assert_cmphex(qtest_readl(qts, CCR(0)), ==, 0);
    qtest_quit(qts);
}

static void test_route(void)
{
    QTestState *qts = start();

    request(qts, REQUEST, true);
    for (unsigned n = 0; n < 16; n++) {
        g_assert_false(qtest_get_irq(qts, n));
        qtest_writel(qts, CCR(n), REQUEST);
        g_assert_true(qtest_get_irq(qts, n));
        request(qts, REQUEST, false);
        g_assert_false(qtest_get_irq(qts, n));
        request(qts, REQUEST + 1, true);
        g_assert_false(qtest_get_irq(qts, n));
        request(qts, REQUEST + 1, false);
        request(qts, REQUEST, true);
        qtest_writel(qts, CCR(n), 0);
        g_assert_false(qtest_get_irq(qts, n));
    }
    /* 0 is no request, whatever there is. */
    request(qts, 0, true);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static void test_generator(void)
{
    QTestState *qts = start();

    qtest_writel(qts, CCR(3), GENERATOR(5));
    qtest_writel(qts, RGCR(5), EXTI0 | RISING | NBREQ(3));
    trigger(qts, true);
    g_assert_false(qtest_get_irq(qts, 3));      /* not enabled */
    trigger(qts, false);

    qtest_writel(qts, RGCR(5), EXTI0 | GE | FALLING | NBREQ(3));
    trigger(qts, true);
    g_assert_false(qtest_get_irq(qts, 3));
    trigger(qts, false);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_true(qtest_get_irq(qts, 3));
        serve(qts, 3);
    }
    g_assert_false(qtest_get_irq(qts, 3));

    /* Disabled, it forgets what it still had to do. */
    trigger(qts, true);
    trigger(qts, false);
    g_assert_true(qtest_get_irq(qts, 3));
    qtest_writel(qts, RGCR(5), EXTI0 | FALLING | NBREQ(3));
    g_assert_false(qtest_get_irq(qts, 3));
    qtest_quit(qts);
}

static void test_generator_overrun(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_in(qts, STM32MP1_SOC "a7mpcore/gic");
    qtest_writel(qts, CCR(0), GENERATOR(2));
    qtest_writel(qts, RGCR(2), EXTI0 | GE | RISING | OIE);
    trigger(qts, true);
    trigger(qts, false);
    g_assert_cmphex(qtest_readl(qts, RGSR), ==, 0);
    trigger(qts, true);
    g_assert_cmphex(qtest_readl(qts, RGSR), ==, 1 << 2);
    g_assert_true(qtest_get_irq(qts, MUX_IRQ));
    qtest_writel(qts, RGCFR, ~(1u << 2));
    g_assert_true(qtest_get_irq(qts, MUX_IRQ));
    qtest_writel(qts, RGCFR, 1 << 2);
    g_assert_cmphex(qtest_readl(qts, RGSR), ==, 0);
    g_assert_false(qtest_get_irq(qts, MUX_IRQ));
    qtest_quit(qts);
}

static void test_synchronization(void)
{
    QTestState *qts = start();

    request(qts, REQUEST, true);
    qtest_writel(qts, CCR(1), NBREQ(2) | REQUEST);
    g_assert_true(qtest_get_irq(qts, 1));
    qtest_writel(qts, CCR(1), SE | SYNC(EXTI0) | RISING | NBREQ(2) | REQUEST);
    g_assert_false(qtest_get_irq(qts, 1));
    trigger(qts, true);
    g_assert_true(qtest_get_irq(qts, 1));
    serve(qts, 1);
    g_assert_true(qtest_get_irq(qts, 1));
    serve(qts, 1);
    g_assert_false(qtest_get_irq(qts, 1));
    trigger(qts, false);
    g_assert_false(qtest_get_irq(qts, 1));
    trigger(qts, true);
    g_assert_true(qtest_get_irq(qts, 1));
    g_assert_cmphex(qtest_readl(qts, CSR), ==, 0);
    trigger(qts, false);
    trigger(qts, true);
    g_assert_cmphex(qtest_readl(qts, CSR), ==, 1 << 1);
    qtest_writel(qts, CFR, 1 << 1);
    g_assert_cmphex(qtest_readl(qts, CSR), ==, 0);
    qtest_writel(qts, CCR(1), REQUEST);
    g_assert_true(qtest_get_irq(qts, 1));
    qtest_quit(qts);
}

static void test_synchronization_irq(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_in(qts, STM32MP1_SOC "a7mpcore/gic");
    qtest_writel(qts, CCR(9), SE | SYNC(EXTI0) | RISING | FALLING | REQUEST);
    trigger(qts, true);
    trigger(qts, false);
    g_assert_cmphex(qtest_readl(qts, CSR), ==, 1 << 9);
    g_assert_false(qtest_get_irq(qts, MUX_IRQ));
    qtest_writel(qts, CCR(9), SE | SYNC(EXTI0) | RISING | SOIE | REQUEST);
    g_assert_true(qtest_get_irq(qts, MUX_IRQ));
    qtest_writel(qts, CFR, 1 << 9);
    g_assert_false(qtest_get_irq(qts, MUX_IRQ));
    qtest_quit(qts);
}

/* Two transfers of channel 0 are an event, which starts a generator. */
static void test_event(void)
{
    QTestState *qts = start();

    qtest_writel(qts, CCR(0), EGE | NBREQ(2) | REQUEST);
    qtest_writel(qts, CCR(4), GENERATOR(0));
    qtest_writel(qts, RGCR(0), 0 | GE | RISING);
    serve(qts, 0);
    g_assert_false(qtest_get_irq(qts, 4));
    serve(qts, 0);
    g_assert_true(qtest_get_irq(qts, 4));
    serve(qts, 4);
    g_assert_false(qtest_get_irq(qts, 4));
    serve(qts, 0);
    g_assert_false(qtest_get_irq(qts, 4));
    serve(qts, 0);
    g_assert_true(qtest_get_irq(qts, 4));
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();

    request(qts, REQUEST, true);
    qtest_writel(qts, CCR(0), REQUEST);
    qtest_writel(qts, CCR(1), GENERATOR(0));
    qtest_writel(qts, RGCR(0), EXTI0 | GE | RISING);
    trigger(qts, true);
    trigger(qts, false);
    trigger(qts, true);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_true(qtest_get_irq(qts, 1));
    qtest_writel(qts, RCC_AHB2RSTSETR, 1 << 2);
    qtest_writel(qts, RCC_AHB2RSTCLRR, 1 << 2);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_false(qtest_get_irq(qts, 1));
    g_assert_cmphex(qtest_readl(qts, CCR(0)), ==, 0);
    g_assert_cmphex(qtest_readl(qts, RGSR), ==, 0);
    qtest_writel(qts, CCR(1), GENERATOR(0));
    g_assert_false(qtest_get_irq(qts, 1));

    /* The peripheral was not reset, and still wants it. */
    qtest_writel(qts, CCR(0), REQUEST);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start();

    request(qts, REQUEST, true);
    qtest_writel(qts, CCR(1), GENERATOR(0));
    qtest_writel(qts, RGCR(0), EXTI0 | GE | RISING | NBREQ(2));
    trigger(qts, true);
    serve(qts, 1);
    qts = stm32mp1_migrate(qts);
    qtest_irq_intercept_out_named(qts, MUX_PATH, "channel");
    qtest_writel(qts, CCR(0), REQUEST);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, CCR(2), GENERATOR(0));
    g_assert_true(qtest_get_irq(qts, 2));
    serve(qts, 2);
    g_assert_false(qtest_get_irq(qts, 2));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/dmamux/registers", test_registers);
    qtest_add_func("stm32mp1/dmamux/route", test_route);
    qtest_add_func("stm32mp1/dmamux/generator", test_generator);
    qtest_add_func("stm32mp1/dmamux/generator_overrun", test_generator_overrun);
    qtest_add_func("stm32mp1/dmamux/synchronization", test_synchronization);
    qtest_add_func("stm32mp1/dmamux/synchronization_irq",
                   test_synchronization_irq);
    qtest_add_func("stm32mp1/dmamux/event", test_event);
    qtest_add_func("stm32mp1/dmamux/reset", test_reset);
    qtest_add_func("stm32mp1/dmamux/migration", test_migration);
    return g_test_run();
}
