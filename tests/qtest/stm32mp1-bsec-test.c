/*
 * QTest for the STM32MP1 boot and security controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define BSEC        0x5c005000
#define CONF        (BSEC + 0x00)
#define CTRL        (BSEC + 0x04)
#define WRDATA      (BSEC + 0x08)
#define STATUS      (BSEC + 0x0c)
#define LOCK        (BSEC + 0x10)
#define WRLOCK(n)   (BSEC + 0x4c + 4 * (n))
#define SPLOCK(n)   (BSEC + 0x64 + 4 * (n))
#define SWLOCK(n)   (BSEC + 0x7c + 4 * (n))
#define SRLOCK(n)   (BSEC + 0x94 + 4 * (n))
#define OTP(n)      (BSEC + 0x200 + 4 * (n))
#define NUM_OTP     96

#define PROG        0x100
#define PERMANENT   0x200
#define SECURED     (1u << 0)
#define PROGFAIL    (1u << 4)
#define PWR         (1u << 5)

static void test_otp(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned n = 0; n < NUM_OTP; n++) {
        uint32_t fuse = qtest_readl(qts, OTP(n));

        /* What is written is a copy. */
        qtest_writel(qts, OTP(n), ~fuse);
        g_assert_cmphex(qtest_readl(qts, OTP(n)), ==, ~fuse);
        qtest_writel(qts, CONF, 1);
        qtest_writel(qts, CTRL, n);
        g_assert_cmphex(qtest_readl(qts, OTP(n)), ==, fuse);
        qtest_writel(qts, OTP(n), ~fuse);
    }
    qtest_system_reset(qts);
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

    stm32mp1_check_mask(qts, CONF, 0x1ff);
    stm32mp1_check_mask(qts, BSEC + 0x08, 0xffffffff);
    stm32mp1_check_mask(qts, BSEC + 0x14, 0x7ff);
    stm32mp1_check_mask(qts, BSEC + 0xb0, 0xffff);
    stm32mp1_check_mask(qts, BSEC + 0xb4, 0xffffffff);
    /* never busy, no errors */
    stm32mp1_check_readonly(qts, STATUS, SECURED);
    stm32mp1_check_readonly(qts, BSEC + 0x34, 0);
    /* what TF-A looks at */
    stm32mp1_check_readonly(qts, BSEC + 0xff4, 0x11);
    stm32mp1_check_readonly(qts, BSEC + 0xff8, 0x00100032);
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

/* OP-TEE gives up if the fuse box has no power, or keeps it. */
static void test_power(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, CONF, 1);
    g_assert_cmphex(qtest_readl(qts, STATUS), ==, SECURED | PWR);
    qtest_writel(qts, CONF, 0);
    g_assert_cmphex(qtest_readl(qts, STATUS), ==, SECURED);
    qtest_quit(qts);
}

static uint32_t program(QTestState *qts, unsigned command, uint32_t data)
{
    qtest_writel(qts, WRDATA, data);
    qtest_writel(qts, CTRL, command | PROG);
    return qtest_readl(qts, STATUS) & PROGFAIL;
}

static void test_program(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    /* no power: nothing happens */
    program(qts, 59, 0xff);
    qtest_writel(qts, CONF, 1);
    qtest_writel(qts, CTRL, 59);
    g_assert_cmphex(qtest_readl(qts, OTP(59)), ==, 0);

    g_assert_cmphex(program(qts, 59, 0x0f), ==, 0);
    g_assert_cmphex(qtest_readl(qts, OTP(59)), ==, 0);
    qtest_writel(qts, CTRL, 59);
    g_assert_cmphex(qtest_readl(qts, OTP(59)), ==, 0x0f);
    /* A fuse is burnt once. */
    g_assert_cmphex(program(qts, 59, 0x30), ==, 0);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, OTP(59)), ==, 0x3f);
    g_assert_cmphex(program(qts, NUM_OTP, 1), ==, 0);

    qtest_writel(qts, CONF, 1);
    g_assert_cmphex(program(qts, NUM_OTP, 1), ==, PROGFAIL);
    qtest_writel(qts, SPLOCK(1), 1u << (59 - 32));
    g_assert_cmphex(program(qts, 59, 0x40), ==, PROGFAIL);
    g_assert_cmphex(program(qts, 60, 0x40), ==, 0);
    qts = stm32mp1_migrate(qts);
    qtest_writel(qts, CTRL, 60);
    g_assert_cmphex(qtest_readl(qts, OTP(60)), ==, 0x40);
    qtest_writel(qts, LOCK, 1 << 4);
    g_assert_cmphex(program(qts, 60, 0x80), ==, PROGFAIL);
    qtest_quit(qts);
}

static void test_permanent_locks(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, CONF, 1);
    /* Word 9 by both of its bits, not word 10 by one; word 95 */
    g_assert_cmphex(program(qts, PERMANENT | 1, 0x1c), ==, 0);
    g_assert_cmphex(program(qts, PERMANENT | 7, 0x8000), ==, 0);
    g_assert_cmphex(program(qts, PERMANENT | 8, 1), ==, PROGFAIL);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, WRLOCK(0)), ==, 1u << 9);
    g_assert_cmphex(qtest_readl(qts, WRLOCK(1)), ==, 0);
    g_assert_cmphex(qtest_readl(qts, WRLOCK(2)), ==, 1u << 31);
    qtest_writel(qts, CONF, 1);
    g_assert_cmphex(program(qts, 9, 1), ==, PROGFAIL);
    g_assert_cmphex(program(qts, 10, 1), ==, 0);
    qtest_quit(qts);
}

/* Locks of the copy: not to be written, not to be read again */
static void test_shadow_locks(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, CONF, 1);
    qtest_writel(qts, OTP(2), 5);
    qtest_writel(qts, SWLOCK(0), 1u << 2);
    qtest_writel(qts, SRLOCK(0), 1u << 2);
    qtest_writel(qts, OTP(2), 6);
    qtest_writel(qts, CTRL, 2);
    g_assert_cmphex(qtest_readl(qts, OTP(2)), ==, 5);
    qtest_quit(qts);
}

static void test_fuses(void)
{
    QTestState *qts = qtest_initf("-M stm32mp157c-dk2,"
                                  "fuses=0=0x40:24=0x11223344:1=3");

    g_assert_cmphex(qtest_readl(qts, OTP(0)), ==, 0x40);
    g_assert_cmphex(qtest_readl(qts, OTP(1)), ==, 0x05000003);
    g_assert_cmphex(qtest_readl(qts, OTP(24)), ==, 0x11223344);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/bsec/otp", test_otp);
    qtest_add_func("stm32mp1/bsec/registers", test_registers);
    qtest_add_func("stm32mp1/bsec/locks", test_locks);
    qtest_add_func("stm32mp1/bsec/power", test_power);
    qtest_add_func("stm32mp1/bsec/program", test_program);
    qtest_add_func("stm32mp1/bsec/permanent_locks", test_permanent_locks);
    qtest_add_func("stm32mp1/bsec/shadow_locks", test_shadow_locks);
    qtest_add_func("stm32mp1/bsec/fuses", test_fuses);
    return g_test_run();
}
