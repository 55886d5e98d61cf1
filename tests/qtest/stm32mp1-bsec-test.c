/*
 * QTest for the STM32MP1 boot and security controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define BSEC        0x5c005000
#define OTP(n)      (BSEC + 0x200 + 4 * (n))
#define NUM_OTP     96

static void test_otp(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned n = 0; n < NUM_OTP; n++) {
        stm32mp1_check_readonly(qts, OTP(n), qtest_readl(qts, OTP(n)));
    }
    g_assert_cmphex(qtest_readl(qts, OTP(1)), ==, 0x05000000);
    /* three words of unique id */
    for (unsigned n = 13; n < 16; n++) {
        g_assert_cmphex(qtest_readl(qts, OTP(n)), !=, 0);
    }
    g_assert_cmphex(qtest_readl(qts, OTP(16)) >> 27, ==, 2);
    /* past the last word */
    g_assert_cmphex(qtest_readl(qts, OTP(NUM_OTP)), ==, 0);
    qtest_quit(qts);
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    stm32mp1_check_mask(qts, BSEC + 0x00, 0x3f);
    stm32mp1_check_mask(qts, BSEC + 0x08, 0xffffffff);
    stm32mp1_check_mask(qts, BSEC + 0x14, 0x7ff);
    stm32mp1_check_mask(qts, BSEC + 0xb0, 0xffff);
    stm32mp1_check_mask(qts, BSEC + 0xb4, 0xffffffff);
    /* never busy, no errors */
    stm32mp1_check_readonly(qts, BSEC + 0x0c, 0);
    stm32mp1_check_readonly(qts, BSEC + 0x34, 0);
    stm32mp1_check_any_access(qts, BSEC);
    g_assert_cmphex(qtest_readl(qts, BSEC + 0xb4), ==, 0);
    qtest_quit(qts);
}

static void test_locks(void)
{
    static const uint32_t locks[] = {
        0x64, 0x68, 0x6c, 0x7c, 0x80, 0x84, 0x94, 0x98, 0x9c,
    };
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned i = 0; i < ARRAY_SIZE(locks); i++) {
        qtest_writel(qts, BSEC + locks[i], 1);
        qtest_writel(qts, BSEC + locks[i], 2);
        g_assert_cmphex(qtest_readl(qts, BSEC + locks[i]), ==, 3);
    }
    qtest_system_reset(qts);
    for (unsigned i = 0; i < ARRAY_SIZE(locks); i++) {
        g_assert_cmphex(qtest_readl(qts, BSEC + locks[i]), ==, 0);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/bsec/otp", test_otp);
    qtest_add_func("stm32mp1/bsec/registers", test_registers);
    qtest_add_func("stm32mp1/bsec/locks", test_locks);
    return g_test_run();
}
