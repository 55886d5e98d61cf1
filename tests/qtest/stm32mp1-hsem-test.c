/*
 * QTest for the STM32MP1 HSEM
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Master 1 (Cortex-A7) is whoever writes to the system address space. The view
 * of master 2 (Cortex-M4) is mapped in that core's address space only, which
 * the monitor's "xp" command can read but not write: so one-step locks by
 * master 2 are tested, its two-step locks and releases are not.
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "stm32mp1-util.h"

#define HSEM        0x4c000000
#define R(n)        (HSEM + 4 * (n))
#define RLR(n)      (HSEM + 0x80 + 4 * (n))
#define IER(m)      (HSEM + 0x100 + 0x10 * (m))
#define ICR(m)      (HSEM + 0x104 + 0x10 * (m))
#define ISR(m)      (HSEM + 0x108 + 0x10 * (m))
#define MISR(m)     (HSEM + 0x10c + 0x10 * (m))
#define CR          (HSEM + 0x140)
#define KEYR        (HSEM + 0x144)

#define NUM_SEMS    32
#define LOCK        0x80000000u
#define A7          0x100
#define M4          0x200
#define KEY         0x5a3c0000u
/* index of the M4 among all CPUs */
#define M4_INDEX    2

static QTestState *start(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "hsem", "sysbus-irq");
    return qts;
}

/* Read a word as the M4 sees it. */
static uint32_t m4_readl(QTestState *qts, uint64_t addr)
{
    g_autofree char *command = g_strdup_printf("xp /1xw 0x%" PRIx64, addr);
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'human-monitor-command',"
                           " 'arguments': { 'command-line': %s,"
                           " 'cpu-index': %d } }", command, M4_INDEX);
    const char *text = qdict_get_str(rsp, "return");
    const char *colon = strchr(text, ':');
    const char *end;
    unsigned long value;

    g_assert_nonnull(colon);
    g_assert_cmpint(qemu_strtoul(colon + 1, &end, 16, &value), ==, 0);
    qobject_unref(rsp);
    return value;
}

static void test_registers(void)
{
    QTestState *qts = start();

    for (unsigned n = 0; n < NUM_SEMS; n++) {
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, 0);
    }
    for (unsigned m = 0; m < 2; m++) {
        stm32mp1_check_mask(qts, IER(m), 0xffffffff);
        stm32mp1_check_readonly(qts, ISR(m), 0);
        stm32mp1_check_readonly(qts, MISR(m), 0);
        g_assert_cmphex(qtest_readl(qts, ICR(m)), ==, 0);
    }
    stm32mp1_check_mask(qts, KEYR, 0xffff0000);
    g_assert_cmphex(qtest_readl(qts, CR), ==, 0);
    stm32mp1_check_readonly(qts, HSEM + 0x3ec, 0x21);
    stm32mp1_check_readonly(qts, HSEM + 0x3f0, 0x220);
    stm32mp1_check_readonly(qts, HSEM + 0x3f4, 0x20);
    stm32mp1_check_readonly(qts, HSEM + 0x3f8, 0x00100072);
    stm32mp1_check_readonly(qts, HSEM + 0x3fc, 0xa3c5dd01);
    qtest_quit(qts);
}

static void test_two_step(void)
{
    QTestState *qts = start();

    for (unsigned n = 0; n < NUM_SEMS; n++) {
        uint32_t owner = LOCK | A7 | (n + 1);

        /* nobody locks for another core */
        qtest_writel(qts, R(n), LOCK | M4 | 7);
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, 0);

        qtest_writel(qts, R(n), owner);
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, owner);
        /* taken: another process of the same core does not get it */
        qtest_writel(qts, R(n), LOCK | A7 | 0x99);
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, owner);
        /* only the owner frees it */
        qtest_writel(qts, R(n), A7 | 0x99);
        qtest_writel(qts, R(n), M4 | (n + 1));
        qtest_writel(qts, R(n), 0);
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, owner);
        qtest_writel(qts, R(n), A7 | (n + 1));
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, 0);
    }
    qtest_quit(qts);
}

static void test_one_step(void)
{
    QTestState *qts = start();

    for (unsigned n = 0; n < NUM_SEMS; n++) {
        g_assert_cmphex(qtest_readl(qts, RLR(n)), ==, LOCK | A7);
        /* again by the same core: still its own */
        g_assert_cmphex(qtest_readl(qts, RLR(n)), ==, LOCK | A7);
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, LOCK | A7);
        qtest_writel(qts, R(n), A7);
        /* reading R does not lock */
        g_assert_cmphex(qtest_readl(qts, R(n)), ==, 0);

        /* held by a process: the one-step lock fails */
        qtest_writel(qts, R(n), LOCK | A7 | 5);
        g_assert_cmphex(qtest_readl(qts, RLR(n)), ==, LOCK | A7 | 5);
    }
    qtest_quit(qts);
}

static void test_two_masters(void)
{
    QTestState *qts = start();

    /* what ST's firmware expects of its "FastTake" */
    g_assert_cmphex(m4_readl(qts, RLR(0)), ==, 0x80000200);
    g_assert_cmphex(m4_readl(qts, RLR(0)), ==, 0x80000200);
    g_assert_cmphex(qtest_readl(qts, RLR(0)), ==, LOCK | M4);
    qtest_writel(qts, R(0), LOCK | A7);
    qtest_writel(qts, R(0), A7);
    qtest_writel(qts, R(0), M4);
    g_assert_cmphex(qtest_readl(qts, R(0)), ==, LOCK | M4);

    g_assert_cmphex(qtest_readl(qts, RLR(1)), ==, LOCK | A7);
    g_assert_cmphex(m4_readl(qts, RLR(1)), ==, LOCK | A7);
    qtest_writel(qts, R(1), A7);
    g_assert_cmphex(m4_readl(qts, RLR(1)), ==, LOCK | M4);
    qtest_quit(qts);
}

static void test_irq(void)
{
    QTestState *qts = start();

    for (unsigned m = 0; m < 2; m++) {
        qtest_writel(qts, R(9), LOCK | A7);
        g_assert_cmphex(qtest_readl(qts, ISR(m)), ==, 0);
        qtest_writel(qts, R(9), A7);
        g_assert_cmphex(qtest_readl(qts, ISR(m)), ==, 1u << 9);
        g_assert_cmphex(qtest_readl(qts, MISR(m)), ==, 0);
        g_assert_false(qtest_get_irq(qts, m));

        qtest_writel(qts, IER(m), 1u << 9);
        g_assert_cmphex(qtest_readl(qts, MISR(m)), ==, 1u << 9);
        g_assert_true(qtest_get_irq(qts, m));
        g_assert_false(qtest_get_irq(qts, !m));
        qtest_writel(qts, ICR(m), ~(1u << 9));
        g_assert_true(qtest_get_irq(qts, m));
        qtest_writel(qts, ICR(m), 1u << 9);
        g_assert_cmphex(qtest_readl(qts, ISR(m)), ==, 0);
        g_assert_false(qtest_get_irq(qts, m));

        /* enabled before */
        qtest_writel(qts, R(9), LOCK | A7);
        qtest_writel(qts, R(9), A7);
        g_assert_true(qtest_get_irq(qts, m));
        qtest_writel(qts, IER(m), 0);
        g_assert_false(qtest_get_irq(qts, m));
        qtest_writel(qts, ICR(0), 0xffffffff);
        qtest_writel(qts, ICR(1), 0xffffffff);
    }
    qtest_quit(qts);
}

static void test_clear_by_key(void)
{
    static const unsigned mine[] = { 0, 4, 5, NUM_SEMS - 1 };
    QTestState *qts = start();

    g_assert_cmphex(m4_readl(qts, RLR(3)), ==, LOCK | M4);
    for (unsigned i = 0; i < ARRAY_SIZE(mine); i++) {
        qtest_writel(qts, R(mine[i]), LOCK | A7 | (i + 1));
    }
    qtest_writel(qts, KEYR, KEY);
    g_assert_cmphex(qtest_readl(qts, CR), ==, 0);

    qtest_writel(qts, CR, (KEY ^ 0x00010000) | A7);
    g_assert_cmphex(qtest_readl(qts, R(4)), ==, LOCK | A7 | 2);
    /* a free one is nobody's */
    qtest_writel(qts, CR, KEY);
    g_assert_cmphex(qtest_readl(qts, ISR(0)), ==, 0);
    qtest_writel(qts, CR, KEY | A7);
    for (unsigned i = 0; i < ARRAY_SIZE(mine); i++) {
        g_assert_cmphex(qtest_readl(qts, R(mine[i])), ==, 0);
    }
    g_assert_cmphex(qtest_readl(qts, R(3)), ==, LOCK | M4);
    g_assert_cmphex(qtest_readl(qts, ISR(0)), ==, 0x80000031);
    qtest_writel(qts, CR, KEY | M4);
    g_assert_cmphex(qtest_readl(qts, R(3)), ==, 0);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();

    qtest_writel(qts, KEYR, KEY);
    qtest_writel(qts, IER(0), 1u << 9);
    qtest_writel(qts, R(9), LOCK | A7);
    qtest_writel(qts, R(9), A7);
    qtest_writel(qts, R(8), LOCK | A7);
    g_assert_true(qtest_get_irq(qts, 0));
    stm32mp1_system_reset(qts);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(qtest_readl(qts, KEYR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, IER(0)), ==, 0);
    g_assert_cmphex(qtest_readl(qts, ISR(0)), ==, 0);
    g_assert_cmphex(qtest_readl(qts, R(8)), ==, 0);
    qtest_quit(qts);
}

static void test_any_access(void)
{
    QTestState *qts = start();

    stm32mp1_check_any_access(qts, HSEM);
    g_assert_cmphex(qtest_readl(qts, R(0)), ==, 0);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = start();

    qtest_writel(qts, KEYR, KEY);
    qtest_writel(qts, R(31), LOCK | A7 | 3);
    qtest_writel(qts, R(30), LOCK | A7);
    qtest_writel(qts, R(30), A7);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, KEYR), ==, KEY);
    g_assert_cmphex(qtest_readl(qts, R(31)), ==, LOCK | A7 | 3);
    g_assert_cmphex(qtest_readl(qts, ISR(1)), ==, 1u << 30);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/hsem/registers", test_registers);
    qtest_add_func("stm32mp1/hsem/two_step", test_two_step);
    qtest_add_func("stm32mp1/hsem/one_step", test_one_step);
    qtest_add_func("stm32mp1/hsem/two_masters", test_two_masters);
    qtest_add_func("stm32mp1/hsem/irq", test_irq);
    qtest_add_func("stm32mp1/hsem/clear_by_key", test_clear_by_key);
    qtest_add_func("stm32mp1/hsem/reset", test_reset);
    qtest_add_func("stm32mp1/hsem/any_access", test_any_access);
    qtest_add_func("stm32mp1/hsem/migration", test_migration);
    return g_test_run();
}
