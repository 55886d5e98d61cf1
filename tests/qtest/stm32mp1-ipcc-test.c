/*
 * QTest for the STM32MP1 IPCC
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define IPCC        0x4c001000
#define CR(p)       (IPCC + 0x10 * (p) + 0x0)
#define MR(p)       (IPCC + 0x10 * (p) + 0x4)
#define SCR(p)      (IPCC + 0x10 * (p) + 0x8)
#define SR(p)       (IPCC + 0x10 * (p) + 0xc)
#define SET(ch)     (1u << (16 + (ch)))
#define CLEAR(ch)   (1u << (ch))

#define NUM_CHANNELS    6
#define CR_RXOIE        0x00000001
#define CR_TXFIE        0x00010000
#define CR_ON           (CR_RXOIE | CR_TXFIE)
#define MR_ALL          0x003f003f

/* lines of "sysbus-irq" */
#define RX(p)   (2 * (p))
#define TX(p)   (2 * (p) + 1)

static QTestState *start(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "ipcc", "sysbus-irq");
    return qts;
}

static void check_reset_values(QTestState *qts)
{
    for (unsigned p = 0; p < 2; p++) {
        g_assert_cmphex(qtest_readl(qts, CR(p)), ==, 0);
        g_assert_cmphex(qtest_readl(qts, MR(p)), ==, MR_ALL);
        g_assert_cmphex(qtest_readl(qts, SCR(p)), ==, 0);
        g_assert_cmphex(qtest_readl(qts, SR(p)), ==, 0);
        g_assert_false(qtest_get_irq(qts, RX(p)));
        g_assert_false(qtest_get_irq(qts, TX(p)));
    }
}

static void test_registers(void)
{
    QTestState *qts = start();

    check_reset_values(qts);
    for (unsigned p = 0; p < 2; p++) {
        stm32mp1_check_mask(qts, CR(p), CR_ON);
        stm32mp1_check_mask(qts, MR(p), MR_ALL);
        stm32mp1_check_readonly(qts, SR(p), 0);
    }
    stm32mp1_check_readonly(qts, IPCC + 0x3f0, 6);
    stm32mp1_check_readonly(qts, IPCC + 0x3f4, 0x10);
    stm32mp1_check_readonly(qts, IPCC + 0x3f8, 0x00100071);
    stm32mp1_check_readonly(qts, IPCC + 0x3fc, 0xa3c5dd01);
    qtest_quit(qts);
}

/* p sends on a channel, q acknowledges; nothing else may change. */
static void test_channels(void)
{
    QTestState *qts = start();

    for (unsigned p = 0; p < 2; p++) {
        for (unsigned ch = 0; ch < NUM_CHANNELS; ch++) {
            qtest_writel(qts, SCR(p), SET(ch));
            g_assert_cmphex(qtest_readl(qts, SCR(p)), ==, 0);
            g_assert_cmphex(qtest_readl(qts, SR(p)), ==, 1u << ch);
            g_assert_cmphex(qtest_readl(qts, SR(!p)), ==, 0);

            /* the sender cannot take it back, only the receiver clears */
            qtest_writel(qts, SCR(p), CLEAR(ch));
            g_assert_cmphex(qtest_readl(qts, SR(p)), ==, 1u << ch);
            qtest_writel(qts, SCR(!p), CLEAR(ch));
            g_assert_cmphex(qtest_readl(qts, SR(p)), ==, 0);
        }
    }
    /* set and clear of one channel in one write: different directions */
    qtest_writel(qts, SCR(0), SET(3));
    qtest_writel(qts, SCR(1), SET(3) | CLEAR(3));
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 0);
    g_assert_cmphex(qtest_readl(qts, SR(1)), ==, 1u << 3);
    /* channels that do not exist */
    qtest_writel(qts, SCR(0), 0xffc00000);
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 0);
    qtest_quit(qts);
}

static void test_rx_irq(void)
{
    QTestState *qts = start();

    for (unsigned p = 0; p < 2; p++) {
        unsigned q = !p;

        for (unsigned ch = 0; ch < NUM_CHANNELS; ch++) {
            /* enabled but masked, unmasked but not enabled, both */
            qtest_writel(qts, SCR(q), SET(ch));
            qtest_writel(qts, CR(p), CR_ON);
            g_assert_false(qtest_get_irq(qts, RX(p)));
            qtest_writel(qts, CR(p), CR_TXFIE);
            qtest_writel(qts, MR(p), MR_ALL & ~CLEAR(ch));
            g_assert_false(qtest_get_irq(qts, RX(p)));
            qtest_writel(qts, CR(p), CR_ON);
            g_assert_true(qtest_get_irq(qts, RX(p)));
            g_assert_false(qtest_get_irq(qts, RX(q)));

            qtest_writel(qts, SCR(p), CLEAR(ch));
            g_assert_false(qtest_get_irq(qts, RX(p)));
            qtest_writel(qts, MR(p), MR_ALL);
            qtest_writel(qts, CR(p), 0);
        }
    }
    qtest_quit(qts);
}

static void test_tx_irq(void)
{
    QTestState *qts = start();

    for (unsigned p = 0; p < 2; p++) {
        unsigned q = !p;

        qtest_writel(qts, CR(p), CR_ON);
        for (unsigned ch = 0; ch < NUM_CHANNELS; ch++) {
            qtest_writel(qts, SCR(p), SET(ch));
            qtest_writel(qts, MR(p), MR_ALL & ~SET(ch));
            g_assert_false(qtest_get_irq(qts, TX(p)));
            qtest_writel(qts, SCR(q), CLEAR(ch));
            g_assert_true(qtest_get_irq(qts, TX(p)));
            g_assert_false(qtest_get_irq(qts, TX(q)));
            qtest_writel(qts, CR(p), CR_RXOIE);
            g_assert_false(qtest_get_irq(qts, TX(p)));
            qtest_writel(qts, CR(p), CR_ON);
            g_assert_true(qtest_get_irq(qts, TX(p)));
            qtest_writel(qts, MR(p), MR_ALL);
            g_assert_false(qtest_get_irq(qts, TX(p)));
        }
        qtest_writel(qts, CR(p), 0);
    }
    qtest_quit(qts);
}

/* A kick and its acknowledgement as Linux and the firmware do them. */
static void test_kick(void)
{
    QTestState *qts = start();
    const unsigned ch = 1;

    qtest_writel(qts, CR(0), CR_ON);
    qtest_writel(qts, CR(1), CR_ON);
    qtest_writel(qts, MR(1), MR_ALL & ~CLEAR(ch));

    qtest_writel(qts, SCR(0), qtest_readl(qts, SCR(0)) | SET(ch));
    qtest_writel(qts, MR(0), qtest_readl(qts, MR(0)) & ~SET(ch));
    g_assert_true(qtest_get_irq(qts, RX(1)));
    g_assert_false(qtest_get_irq(qts, TX(0)));

    qtest_writel(qts, SCR(1), qtest_readl(qts, SCR(1)) | CLEAR(ch));
    g_assert_false(qtest_get_irq(qts, RX(1)));
    g_assert_true(qtest_get_irq(qts, TX(0)));
    qtest_writel(qts, MR(0), qtest_readl(qts, MR(0)) | SET(ch));
    g_assert_false(qtest_get_irq(qts, TX(0)));
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();

    qtest_writel(qts, CR(0), CR_ON);
    qtest_writel(qts, MR(0), 0);
    qtest_writel(qts, SCR(1), SET(0) | SET(5));
    g_assert_true(qtest_get_irq(qts, RX(0)));
    g_assert_true(qtest_get_irq(qts, TX(0)));
    stm32mp1_system_reset(qts);
    check_reset_values(qts);
    qtest_quit(qts);
}

static void test_any_access(void)
{
    QTestState *qts = start();

    stm32mp1_check_any_access(qts, IPCC);
    check_reset_values(qts);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start();

    qtest_writel(qts, CR(0), 0x1);
    qtest_writel(qts, MR(0), MR_ALL & ~CLEAR(2));
    qtest_writel(qts, SCR(1), SET(2));
    qtest_writel(qts, SCR(0), SET(4));
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, CR(0)), ==, 0x1);
    g_assert_cmphex(qtest_readl(qts, MR(0)), ==, MR_ALL & ~CLEAR(2));
    g_assert_cmphex(qtest_readl(qts, SR(0)), ==, 1u << 4);
    g_assert_cmphex(qtest_readl(qts, SR(1)), ==, 1u << 2);
    qtest_quit(qts);
}

#define PATH        STM32MP1_SOC "ipcc"

static void check_unanswered(QTestState *qts, int64_t first, int64_t second)
{
    g_assert_cmpint(stm32mp1_qom_get(qts, PATH, "unanswered-1"), ==, first);
    g_assert_cmpint(stm32mp1_qom_get(qts, PATH, "unanswered-2"), ==, second);
}

/* For how long an RX interrupt has stood: the longest time, of each side. */
static void test_unanswered(void)
{
    QTestState *qts = start();

    qtest_writel(qts, SCR(1), SET(0));
    qtest_clock_step(qts, 1000);
    check_unanswered(qts, 0, 0);    /* no interrupt is enabled */
    qtest_writel(qts, MR(0), MR_ALL & ~0x3f);
    qtest_writel(qts, CR(0), CR_ON);
    qtest_clock_step(qts, 1000);
    check_unanswered(qts, 1000, 0);
    /* looking is no answer, and neither is sending, nor one more kick */
    qtest_readl(qts, SR(1));
    qtest_writel(qts, SCR(0), SET(2));
    qtest_writel(qts, SCR(1), SET(3));
    qtest_clock_step(qts, 500);
    check_unanswered(qts, 1500, 0);
    /* an answer to one channel begins anew while the other waits */
    qtest_writel(qts, SCR(0), CLEAR(0));
    qtest_clock_step(qts, 700);
    check_unanswered(qts, 1500, 0);
    qtest_clock_step(qts, 900);
    check_unanswered(qts, 1600, 0);
    /* set to 0 while it waits, it counts from then on */
    stm32mp1_qom_set(qts, PATH, "unanswered-1", 0);
    qtest_clock_step(qts, 100);
    check_unanswered(qts, 100, 0);
    /* what is over is kept until it is set to 0 */
    qtest_writel(qts, SCR(0), CLEAR(3));
    qtest_clock_step(qts, 5000);
    check_unanswered(qts, 100, 0);
    stm32mp1_qom_set(qts, PATH, "unanswered-1", 0);
    check_unanswered(qts, 0, 0);
    /* the other side; a mask ends it, and the present time goes with a zero */
    qtest_writel(qts, MR(1), MR_ALL & ~0x3f);
    qtest_writel(qts, CR(1), CR_ON);
    qtest_clock_step(qts, 200);
    check_unanswered(qts, 0, 200);
    stm32mp1_qom_set(qts, PATH, "unanswered-2", 0);
    qtest_clock_step(qts, 300);
    qtest_writel(qts, MR(1), MR_ALL);
    qtest_clock_step(qts, 300);
    check_unanswered(qts, 0, 300);
    qtest_writel(qts, MR(1), MR_ALL & ~0x3f);
    qtest_writel(qts, SCR(1), SET(0));
    qtest_clock_step(qts, 100);

    /* a snapshot has the interrupts, and no time */
    qts = stm32mp1_migrate(qts);
    qtest_clock_step(qts, 50);
    check_unanswered(qts, 50, 50);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/ipcc/registers", test_registers);
    qtest_add_func("stm32mp1/ipcc/channels", test_channels);
    qtest_add_func("stm32mp1/ipcc/rx_irq", test_rx_irq);
    qtest_add_func("stm32mp1/ipcc/tx_irq", test_tx_irq);
    qtest_add_func("stm32mp1/ipcc/kick", test_kick);
    qtest_add_func("stm32mp1/ipcc/reset", test_reset);
    qtest_add_func("stm32mp1/ipcc/any_access", test_any_access);
    qtest_add_func("stm32mp1/ipcc/migration", test_migration);
    qtest_add_func("stm32mp1/ipcc/unanswered", test_unanswered);
    return g_test_run();
}
