/*
 * QTest for the STM32MP1 low-power timer
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define LPTIM1      0x40009000
#define LPTIM2      0x50021000
#define LPTIM3      0x50022000
#define LPTIM4      0x50023000
#define LPTIM5      0x50024000
#define LPTIM45CKSELR 0x5000092c
#define LPTIM1CKSELR 0x50000934
#define SEL_LSE     3
#define APB1RSTSETR 0x50000980
#define APB1RSTCLRR 0x50000984

#define ISR         0x00
#define ICR         0x04
#define IER         0x08
#define CFGR        0x0c
#define CR          0x10
#define CMP         0x14
#define ARR         0x18
#define CNT         0x1c
#define CFGR2       0x24

#define CMPM        BIT(0)
#define ARRM        BIT(1)
#define CMPOK       BIT(3)
#define ARROK       BIT(4)
#define ENABLE      BIT(0)
#define SNGSTRT     BIT(1)
#define CNTSTRT     BIT(2)
#define COUNTRST    BIT(3)
#define RSTARE      BIT(4)
#define PRESC(n)    ((n) << 9)
#define PRELOAD     BIT(22)
#define ENC         BIT(24)

static const struct {
    const char *name;
    uint64_t base;
    bool encoder;
    uint64_t ckselr;
} lptims[] = {
    { "lptim1", LPTIM1, true, LPTIM1CKSELR },
    { "lptim2", LPTIM2, true, 0x50000930 },
    { "lptim3", LPTIM3, false, 0x50000930 },
    { "lptim4", LPTIM4, false, LPTIM45CKSELR },
    { "lptim5", LPTIM5, false, LPTIM45CKSELR },
};

static QTestState *qts;

static uint32_t rd(uint32_t offset)
{
    return qtest_readl(qts, LPTIM1 + offset);
}

static void wr(uint32_t offset, uint32_t value)
{
    qtest_writel(qts, LPTIM1 + offset, value);
}

/* Until so many cycles of 32768 Hz have gone by since step_to(0) */
static void step_to(uint64_t cycles)
{
    static int64_t start;
    static int64_t now;
    int64_t end = start + (cycles * 1000000000 + 32767) / 32768 + 1;

    if (cycles == 0) {
        start = now = qtest_clock_step(qts, 1);
        return;
    }
    g_assert_cmpint(end, >=, now);
    now = qtest_clock_step(qts, end - now);
}

static void begin(uint32_t cfgr, uint32_t ier)
{
    qtest_writel(qts, LPTIM1CKSELR, SEL_LSE);
    wr(CR, 0);
    wr(CFGR, cfgr);
    wr(IER, ier);
    wr(CR, ENABLE);
}

static void test_registers(void)
{
    qts = stm32mp1_init();
    for (unsigned i = 0; i < ARRAY_SIZE(lptims); i++) {
        uint64_t base = lptims[i].base;

        stm32mp1_check_readonly(qts, base + ISR, 0);
        g_assert_cmphex(qtest_readl(qts, base + ARR), ==, 1);
        g_assert_cmphex(qtest_readl(qts, base + CMP), ==, 0);
        stm32mp1_check_readonly(qts, base + CNT, 0);
        stm32mp1_check_mask(qts, base + IER, 0x7f);
        /* Linux looks whether there is an encoder by its bit. */
        stm32mp1_check_mask(qts, base + CFGR,
                            0x00feeedf | (lptims[i].encoder ? ENC : 0));
        stm32mp1_check_mask(qts, base + CFGR2, 0x33);
        stm32mp1_check_readonly(qts, base + 0x3f0,
                                lptims[i].encoder ? 0x10804 : 0x804);
        stm32mp1_check_readonly(qts, base + 0x3f4, 0x14);
        stm32mp1_check_readonly(qts, base + 0x3f8, 0x00120011);
        stm32mp1_check_readonly(qts, base + 0x3fc, 0xa3c5dd01);
        /* The start bits do nothing alone, and read 0. */
        qtest_writel(qts, base + CR, SNGSTRT | CNTSTRT);
        g_assert_cmphex(qtest_readl(qts, base + CR), ==, 0);
        qtest_writel(qts, base + CR, ENABLE | CNTSTRT | COUNTRST);
        g_assert_cmphex(qtest_readl(qts, base + CR), ==, ENABLE);
        stm32mp1_check_any_access(qts, base);
        g_assert_cmphex(qtest_readl(qts, base + ARR), ==, 1);
    }
    qtest_quit(qts);
}

/* A written value arrives after three cycles of the kernel clock. */
static void test_write(void)
{
    qts = stm32mp1_init();
    begin(0, ARROK | CMPOK);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "lptim1", "sysbus-irq");
    wr(ARR, 1000);
    g_assert_cmphex(rd(ARR), ==, 1000);
    qtest_clock_step(qts, 3 * 1000000000ll / 32768 - 1);
    g_assert_cmphex(rd(ISR), ==, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 2);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmphex(rd(ISR), ==, ARROK);
    wr(ICR, ARROK);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(CMP, 500);
    qtest_clock_step(qts, 4 * 1000000000ll / 32768);
    g_assert_cmphex(rd(ISR), ==, CMPOK);
    wr(CR, 0);
    /* Off, they cannot be written. */
    wr(ARR, 7);
    g_assert_cmphex(rd(ARR), ==, 1000);
    qtest_quit(qts);

    /* On a fast clock that is soon. */
    qts = stm32mp1_init();
    wr(CR, ENABLE);
    wr(ARR, 1000);
    qtest_clock_step(qts, 100);
    g_assert_cmphex(rd(ISR), ==, ARROK);
    qtest_quit(qts);
}

static void test_continuous(void)
{
    qts = stm32mp1_init();
    begin(0, 0);
    step_to(0);
    wr(ARR, 9);
    wr(CMP, 4);
    step_to(3);
    wr(ICR, 0x7f);
    wr(CR, ENABLE | CNTSTRT);
    step_to(6);
    g_assert_cmpuint(rd(CNT), ==, 3);
    g_assert_cmphex(rd(ISR), ==, 0);
    step_to(7);
    g_assert_cmpuint(rd(CNT), ==, 4);
    g_assert_cmphex(rd(ISR), ==, CMPM);
    step_to(11);
    g_assert_cmphex(rd(ISR), ==, CMPM);
    step_to(12);
    g_assert_cmpuint(rd(CNT), ==, 9);
    g_assert_cmphex(rd(ISR), ==, CMPM | ARRM);
    wr(ICR, CMPM | ARRM);
    step_to(13);
    g_assert_cmpuint(rd(CNT), ==, 0);
    g_assert_cmphex(rd(ISR), ==, 0);
    /* many periods at once */
    step_to(13 + 10 * 1000 + 7);
    g_assert_cmpuint(rd(CNT), ==, 7);
    g_assert_cmphex(rd(ISR), ==, CMPM | ARRM);
    wr(CR, ENABLE | COUNTRST);
    g_assert_cmpuint(rd(CNT), ==, 0);
    step_to(13 + 10 * 1000 + 9);
    wr(CR, ENABLE | RSTARE);
    g_assert_cmpuint(rd(CNT), ==, 2);
    g_assert_cmpuint(rd(CNT), ==, 0);
    wr(CR, 0);
    step_to(13 + 10 * 1000 + 19);
    g_assert_cmpuint(rd(CNT), ==, 0);
    qtest_quit(qts);
}

/* As Linux's clock event device: start at once after ARR was written */
static void test_single(void)
{
    qts = stm32mp1_init();
    begin(PRESC(1), ARRM);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "lptim1", "sysbus-irq");
    step_to(0);
    wr(ARR, 100);
    wr(CR, ENABLE | SNGSTRT);
    step_to(3 + 2 * 100 - 1);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmpuint(rd(CNT), ==, 99);
    step_to(3 + 2 * 100);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmpuint(rd(CNT), ==, 100);
    wr(ICR, ARRM);
    g_assert_false(qtest_get_irq(qts, 0));
    step_to(1000);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmpuint(rd(CNT), ==, 0);
    wr(CR, ENABLE | SNGSTRT);
    step_to(1000 + 2 * 50);
    g_assert_cmpuint(rd(CNT), ==, 50);
    step_to(1000 + 2 * 100);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* With PRELOAD, a new ARR counts from the next period on. */
static void test_preload(void)
{
    qts = stm32mp1_init();
    begin(PRELOAD, 0);
    step_to(0);
    wr(ARR, 9);
    step_to(3);
    wr(CR, ENABLE | CNTSTRT);
    step_to(4);
    wr(ARR, 4);
    step_to(3 + 9);
    g_assert_cmpuint(rd(CNT), ==, 9);
    step_to(3 + 10 + 4);
    g_assert_cmpuint(rd(CNT), ==, 4);
    step_to(3 + 10 + 5);
    g_assert_cmpuint(rd(CNT), ==, 0);
    qtest_quit(qts);

    /* Without, at once; a counter that is past it goes all the way round. */
    qts = stm32mp1_init();
    begin(0, 0);
    step_to(0);
    wr(ARR, 100);
    step_to(3);
    wr(CR, ENABLE | CNTSTRT);
    step_to(3 + 50);
    wr(ARR, 20);
    step_to(3 + 101);
    g_assert_cmpuint(rd(CNT), ==, 101);
    step_to(3 + 0x10000 + 20);
    g_assert_cmpuint(rd(CNT), ==, 20);
    step_to(3 + 0x10000 + 21);
    g_assert_cmpuint(rd(CNT), ==, 0);
    qtest_quit(qts);
}

/* Each has its interrupt, and its reset. */
static void test_wiring(void)
{
    static const int irqs[] = { 93, 138, 139, 140, 141 };

    qts = stm32mp1_init();
    qtest_irq_intercept_in(qts, "/machine/soc/a7mpcore/gic");
    for (unsigned i = 0; i < ARRAY_SIZE(lptims); i++) {
        uint64_t base = lptims[i].base;

        qtest_writel(qts, lptims[i].ckselr, SEL_LSE);
        qtest_writel(qts, base + IER, ARRM);
        qtest_writel(qts, base + CR, ENABLE);
        qtest_writel(qts, base + ARR, 2);
        qtest_writel(qts, base + CR, ENABLE | SNGSTRT);
        g_assert_false(qtest_get_irq(qts, irqs[i]));
        qtest_clock_step(qts, 4 * 1000000000ll / 32768);
        g_assert_false(qtest_get_irq(qts, irqs[i]));
        qtest_clock_step(qts, 1000000000ll / 32768 + 2);
        g_assert_true(qtest_get_irq(qts, irqs[i]));
    }
    qtest_writel(qts, APB1RSTSETR, BIT(9));
    qtest_writel(qts, APB1RSTCLRR, BIT(9));
    g_assert_false(qtest_get_irq(qts, 93));
    g_assert_true(qtest_get_irq(qts, 138));
    for (unsigned i = 0; i < 4; i++) {
        qtest_writel(qts, 0x50000990, BIT(i));
        qtest_writel(qts, 0x50000994, BIT(i));
        g_assert_false(qtest_get_irq(qts, 138 + i));
    }
    qtest_quit(qts);
}

/* The clock stands still, and goes on slower. */
static void test_clock(void)
{
    qts = stm32mp1_init();
    begin(0, 0);
    step_to(0);
    wr(ARR, 0xffff);
    step_to(3);
    wr(CR, ENABLE | CNTSTRT);
    step_to(103);
    g_assert_cmpuint(rd(CNT), ==, 100);
    qtest_writel(qts, LPTIM1CKSELR, 7);
    qtest_clock_step(qts, 1000000);
    g_assert_cmpuint(rd(CNT), ==, 100);
    qtest_writel(qts, LPTIM1CKSELR, 4);     /* LSI, 32 kHz */
    qtest_clock_step(qts, 1000001);
    g_assert_cmpuint(rd(CNT), ==, 132);
    qtest_quit(qts);
}

static void test_bad_use(void)
{
    g_autofree char *file = NULL;

    qts = stm32mp1_init_logged(&file);
    stm32mp1_enable_clocks(qts);
    wr(ARR, 1);
    wr(CFGR, ENC);
    wr(CR, ENABLE);
    wr(IER, 1);
    wr(ARR, 1);
    wr(ARR, 2);
    wr(CR, ENABLE | CNTSTRT);
    qtest_clock_step(qts, 1000000);
    g_assert_cmpuint(rd(CNT), ==, 0);
    qtest_quit(qts);
    stm32mp1_check_log(file,
        "/machine/soc/lptim1: ARR and CMP can only be written while enabled\n"
        "/machine/soc/lptim1: IER and CFGR must be written while disabled\n"
        "/machine/soc/lptim1: the value of ARR or CMP that was written before "
        "has not arrived yet\n"
        "/machine/soc/lptim1: external clocks, edges, triggers and the encoder "
        "are not modelled\n");
    unlink(file);
}

static void test_migration(void)
{
    qts = stm32mp1_init();
    begin(0, ARRM);
    wr(ARR, 100);
    wr(CR, ENABLE | SNGSTRT);
    qtest_clock_step(qts, 53 * 1000000000ll / 32768 + 1);
    g_assert_cmpuint(rd(CNT), ==, 50);
    qts = stm32mp1_migrate(qts);
    /* The clock of a new QEMU under test begins anew. */
    qtest_clock_step(qts, 53 * 1000000000ll / 32768 + 1);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "lptim1", "sysbus-irq");
    g_assert_cmpuint(rd(CNT), ==, 50);
    qtest_clock_step(qts, 49 * 1000000000ll / 32768 + 1);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 1000000000ll / 32768 + 1);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/lptim/registers", test_registers);
    qtest_add_func("stm32mp1/lptim/write", test_write);
    qtest_add_func("stm32mp1/lptim/continuous", test_continuous);
    qtest_add_func("stm32mp1/lptim/single", test_single);
    qtest_add_func("stm32mp1/lptim/preload", test_preload);
    qtest_add_func("stm32mp1/lptim/wiring", test_wiring);
    qtest_add_func("stm32mp1/lptim/clock", test_clock);
    qtest_add_func("stm32mp1/lptim/bad-use", test_bad_use);
    qtest_add_func("stm32mp1/lptim/migration", test_migration);
    return g_test_run();
}
