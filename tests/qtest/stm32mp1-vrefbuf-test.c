/*
 * QTest for the STM32MP1 voltage reference buffer
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define VREFBUF     0x50025000
#define CSR         (VREFBUF + 0x00)
#define ENVR        BIT(0)
#define HIZ         BIT(1)
#define VRR         BIT(3)
#define VRS(n)      ((n) << 4)
#define CCR         (VREFBUF + 0x04)
#define RCC_APB3RSTSETR 0x50000990
#define RCC_APB3RSTCLRR 0x50000994
#define RCC_VREFRST BIT(13)

static void check_reset(QTestState *qts)
{
    g_assert_cmphex(qtest_readl(qts, CSR), ==, HIZ);
    g_assert_cmphex(qtest_readl(qts, CCR), ==, 0);
}

/* It is ready while it drives its pin, which is to be read only. */
static void test_ready(void)
{
    static const struct {
        uint32_t written, read;
    } cases[] = {
        { 0, 0 },
        { ENVR, ENVR | VRR },
        { ENVR | HIZ, ENVR | HIZ },
        { ENVR | VRS(2), ENVR | VRR | VRS(2) },
        { VRR, 0 },
        { HIZ | VRR | VRS(7), HIZ | VRS(7) },
        { 0xffffff8d, ENVR | VRR },
    };
    QTestState *qts = stm32mp1_init();
    int i;

    check_reset(qts);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_writel(qts, CSR, cases[i].written);
        g_assert_cmphex(qtest_readl(qts, CSR), ==, cases[i].read);
    }
    stm32mp1_check_mask(qts, CCR, 0x3f);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, CSR, ENVR | VRS(1));
    qtest_writel(qts, CCR, 0x2a);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, CSR), ==, ENVR | VRR | VRS(1));
    g_assert_cmphex(qtest_readl(qts, CCR), ==, 0x2a);
    qtest_writel(qts, RCC_APB3RSTSETR, RCC_VREFRST);
    qtest_writel(qts, RCC_APB3RSTCLRR, RCC_VREFRST);
    check_reset(qts);
    qtest_writel(qts, CSR, ENVR);
    stm32mp1_check_any_access(qts, VREFBUF);
    check_reset(qts);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/vrefbuf/ready", test_ready);
    qtest_add_func("stm32mp1/vrefbuf/reset", test_reset);
    return g_test_run();
}
