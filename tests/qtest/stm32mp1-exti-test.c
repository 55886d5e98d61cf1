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
    qtest_quit(qts);
}

/* Each line has its byte of EXTICR; the other lines' ports have no say. */
static void test_mux_lines(void)
{
    QTestState *qts = start("c1-irq");

    qtest_writel(qts, RTSR(0), 0xffff);
    for (unsigned pin = 0; pin < PINS; pin++) {
        const unsigned port = pin % (PORT_Z - 1) + 1, others[] = { 0, PORT_Z };
        const uint64_t cr = EXTICR(pin / 4);
        const unsigned shift = pin % 4 * 8;

        qtest_writel(qts, cr, (0x0b0b0b0b & ~(0xffu << shift)) | port << shift);
        for (int i = 0; i < ARRAY_SIZE(others); i++) {
            set_pin(qts, others[i], pin, 1);
            g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 0);
            set_pin(qts, others[i], pin, 0);
        }
        set_pin(qts, port, pin, 1);
        g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 1u << pin);
        set_pin(qts, port, pin, 0);
        qtest_writel(qts, RPR(0), 0xffff);
    }
    /* Behind the last line is no pin, but the first event. */
    qtest_writel(qts, FTSR(0), 1u << PINS);
    set_event(qts, PINS, 1);
    qtest_writel(qts, EXTICR(3), 0);
    g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, 0);
    set_event(qts, PINS, 0);
    g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, 1u << PINS);
    qtest_quit(qts);
}

/* Another port is an edge if the levels differ; a missing one is low. */
static void test_mux_change(void)
{
    static const uint32_t missing[] = { PORT_Z + 1, 0x80 | PORT_Z, 0xff };
    QTestState *qts = start("c1-irq");

    for (unsigned pin = 0; pin < PINS; pin++) {
        const uint64_t cr = EXTICR(pin / 4);
        const uint32_t bit = 1u << pin, shift = pin % 4 * 8;

        set_pin(qts, PORT_Z, pin, 1);
        qtest_writel(qts, RTSR(0), bit);
        qtest_writel(qts, FTSR(0), bit);
        qtest_writel(qts, cr, missing[0] << shift);
        qtest_writel(qts, FPR(0), bit);
        for (int i = 0; i < ARRAY_SIZE(missing); i++) {
            qtest_writel(qts, cr, PORT_Z << shift);
            g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, bit);
            g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, 0);
            qtest_writel(qts, RPR(0), bit);
            qtest_writel(qts, cr, missing[i] << shift);
            g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 0);
            g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, bit);
            qtest_writel(qts, FPR(0), bit);
        }
    }
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

static void check_software(const char *name, const uint64_t imr[NUM_BANKS],
                           const uint64_t other_imr[NUM_BANKS])
{
    QTestState *qts = start(name);

    for (unsigned b = 0; b < NUM_BANKS; b++) {
        qtest_writel(qts, imr[b], 0xffffffff);
        qtest_writel(qts, other_imr[b], 0);
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

static void test_software(void)
{
    static const uint64_t c1imr[] = { C1IMR(0), C1IMR(1), C1IMR(2) };
    static const uint64_t c2imr[] = { C2IMR(0), C2IMR(1), C2IMR(2) };

    check_software("c1-irq", c1imr, c2imr);
    check_software("c2-irq", c2imr, c1imr);
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
        for (unsigned n = 0; n < 32 * NUM_BANKS; n++) {
            g_assert_cmpint(qtest_get_irq(qts, n), ==, n == event && acts);
        }
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

/* A direct event wakes by its level, another one as long as it is pending. */
static void test_wakeup(void)
{
    QTestState *qts = start("c2-wakeup");

    for (unsigned b = 0; b < NUM_BANKS; b++) {
        qtest_writel(qts, C1IMR(b), 0xffffffff);
        qtest_writel(qts, C2EMR(b), 0xffffffff);
        qtest_writel(qts, C2IMR(b), 0);
    }
    for (unsigned event = PINS; event < 32 * NUM_BANKS; event++) {
        const unsigned b = event / 32;
        const uint32_t bit = 1u << (event % 32);
        const bool latched = configurable[b] & bit;

        qtest_writel(qts, C2IMR(b), bit);
        g_assert_false(qtest_get_irq(qts, 0));
        qtest_writel(qts, event & 1 ? RTSR(b) : FTSR(b), bit);
        set_event(qts, event, 1);
        if (latched) {
            set_event(qts, event, 0);
        }
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, !!(valid[b] & bit));
        qtest_writel(qts, C2IMR(b), 0);
        g_assert_false(qtest_get_irq(qts, 0));
        qtest_writel(qts, C2IMR(b), bit);
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, !!(valid[b] & bit));
        set_event(qts, event, 0);
        g_assert_cmpint(qtest_get_irq(qts, 0), ==, latched);
        qtest_writel(qts, RPR(b), bit);
        qtest_writel(qts, FPR(b), bit);
        g_assert_false(qtest_get_irq(qts, 0));
        qtest_writel(qts, C2IMR(b), 0);
    }

    /* The mask of events is none of interrupts. */
    qtest_writel(qts, FTSR(0), 1);
    set_pin(qts, 0, 0, 1);
    set_pin(qts, 0, 0, 0);
    g_assert_cmphex(qtest_readl(qts, FPR(0)), ==, 1);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* The sources of events learn whether anybody looks for their edges. */
static void check_selected(QTestState *qts, const uint32_t expected[NUM_BANKS])
{
    for (unsigned n = 0; n < 32 * NUM_BANKS; n++) {
        g_assert_cmpint(qtest_get_irq(qts, n), ==,
                        (expected[n / 32] >> (n % 32)) & 1);
    }
}

static void test_selected(void)
{
    QTestState *qts = start("selected");

    for (unsigned event = 0; event < 32 * NUM_BANKS; event++) {
        const unsigned b = event / 32;
        const uint32_t bit = 1u << (event % 32);
        uint32_t expected[NUM_BANKS] = { 0 };

        expected[b] = configurable[b] & bit;
        for (unsigned edges = 1; edges < 4; edges++) {
            qtest_writel(qts, RTSR(b), edges & 1 ? bit : 0);
            qtest_writel(qts, FTSR(b), edges & 2 ? bit : 0);
            check_selected(qts, expected);
        }
        qtest_writel(qts, RTSR(b), 0);
        qtest_writel(qts, FTSR(b), 0);
        g_assert_false(qtest_get_irq(qts, event));
    }
    qtest_quit(qts);
}

static void watch_selected(QTestState *qts)
{
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "exti", "selected");
}

static void test_selected_migration(void)
{
    static const uint32_t expected[NUM_BANKS] = { 0x10081, 0, 0x204 };
    QTestState *qts = start("selected");

    qtest_writel(qts, RTSR(0), 0x81);
    qtest_writel(qts, FTSR(0), 0x10080);
    qtest_writel(qts, FTSR(2), 0x204);
    qts = migrate_machine_watched(qts, STM32MP1_MACHINE, watch_selected);
    check_selected(qts, expected);
    qtest_quit(qts);
}

/* After a reset nothing is as it was, nor is any output. */
static void check_reset(const char *output, unsigned n)
{
    QTestState *qts = start(output);

    for (unsigned b = 0; b < NUM_BANKS; b++) {
        qtest_writel(qts, RTSR(b), 0xffffffff);
        qtest_writel(qts, FTSR(b), 0xffffffff);
        qtest_writel(qts, C1IMR(b), 0xffffffff);
        qtest_writel(qts, C2IMR(b), 0xffffffff);
        qtest_writel(qts, C2EMR(b), 0xffffffff);
        qtest_writel(qts, SWIER(b), 0xffffffff);
    }
    /* PA3, PZ4: the board drives nothing there */
    set_pin(qts, 0, 3, 1);
    set_pin(qts, 0, 3, 0);
    set_pin(qts, 0, 3, 1);
    set_pin(qts, PORT_Z, 4, 1);
    set_event(qts, WWDG1, 1);
    set_event(qts, WWDG1, 0);
    set_event(qts, WWDG1, 1);
    for (unsigned i = 0; i < 4; i++) {
        qtest_writel(qts, EXTICR(i), 0x01020304);
    }
    g_assert_true(qtest_get_irq(qts, n));
    stm32mp1_system_reset(qts);
    check_reset_values(qts);
    g_assert_false(qtest_get_irq(qts, n));

    /* The levels are forgotten: to drive them anew is an edge. */
    qtest_writel(qts, RTSR(0), 0xffff);
    qtest_writel(qts, EXTICR(1), PORT_Z);
    g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 0);
    set_pin(qts, 0, 3, 1);
    g_assert_cmphex(qtest_readl(qts, RPR(0)), ==, 1 << 3);
    qtest_writel(qts, RTSR(2), 0xffffffff);
    set_event(qts, WWDG1, 1);
    g_assert_cmphex(qtest_readl(qts, RPR(2)), ==, 1 << (WWDG1 - 64));
    qtest_quit(qts);
}

static void test_reset(void)
{
    check_reset("c1-irq", 3);
    check_reset("c2-irq", WWDG1);
    check_reset("selected", 16);
    check_reset("c2-wakeup", 0);
}

/* What a register is for QEMU's log */
typedef enum Kind { GOOD, BAD, READ_ONLY, NOT_THERE_YET, TRUSTZONE } Kind;

static Kind kind_of(uint32_t offset)
{
    if (offset < 0x60) {
        return offset % 0x20 < 0x14 ? GOOD :
            offset % 0x20 == 0x14 ? TRUSTZONE : BAD;
    }
    if (offset < 0x70) {
        return GOOD;
    }
    if (offset >= 0x3c0) {
        return offset < 0x3e4 ? NOT_THERE_YET : READ_ONLY;
    }
    return offset == 0x80 || offset == 0x90 || offset == 0xa0 ||
        (offset >= 0xc0 && offset < 0xf0 && offset % 0x10 < 8) ? GOOD : BAD;
}

/* What a guest is told of its mistakes, and that they do nothing else */
static void test_log(void)
{
    g_autoptr(GString) expected = g_string_new(NULL);
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);

    stm32mp1_enable_clocks(qts);
    for (uint32_t offset = 0; offset < 0x400; offset += 4) {
        Kind kind = kind_of(offset);
        uint32_t value;

        if (offset == 0x100) {
            offset = 0x3bc;     /* all alike up to there */
        }
        value = qtest_readl(qts, EXTI + offset);
        if (kind == BAD) {
            g_string_append_printf(expected, "stm32mp1_exti_read: bad offset"
                                   " 0x%x\n", offset);
        } else if (kind == NOT_THERE_YET) {
            g_string_append_printf(expected, "stm32mp1_exti_read: HWCFGR at"
                                   " 0x%x\n", offset);
        }
        if (kind != GOOD && kind != READ_ONLY) {
            g_assert_cmphex(value, ==, 0);
        }
        qtest_writel(qts, EXTI + offset, kind == GOOD ? value : 0xffffffff);
        if (kind == TRUSTZONE) {
            g_string_append_printf(expected, "stm32mp1_exti: TZENR%u is"
                                   " read-as-zero\n", offset / 0x20 + 1);
        } else if (kind != GOOD) {
            g_string_append_printf(expected, "stm32mp1_exti_write: bad or"
                                   " read-only offset 0x%x\n", offset);
        }
    }
    qtest_readl(qts, EXTI + 0x400);
    g_string_append(expected, "stm32mp1.io: unimplemented device read "
                    " (size 4, offset 0x1000d400)\n");
    stm32mp1_check_log(file, expected->str);
    check_reset_values(qts);
    qtest_quit(qts);
    unlink(file);
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
    qtest_add_func("stm32mp1/exti/mux_lines", test_mux_lines);
    qtest_add_func("stm32mp1/exti/mux_change", test_mux_change);
    qtest_add_func("stm32mp1/exti/c1_irq", test_c1_irq);
    qtest_add_func("stm32mp1/exti/c2_irq", test_c2_irq);
    qtest_add_func("stm32mp1/exti/software", test_software);
    qtest_add_func("stm32mp1/exti/events", test_events);
    qtest_add_func("stm32mp1/exti/watchdog_event", test_watchdog_event);
    qtest_add_func("stm32mp1/exti/wakeup", test_wakeup);
    qtest_add_func("stm32mp1/exti/selected", test_selected);
    qtest_add_func("stm32mp1/exti/selected_migration", test_selected_migration);
    qtest_add_func("stm32mp1/exti/reset", test_reset);
    qtest_add_func("stm32mp1/exti/log", test_log);
    qtest_add_func("stm32mp1/exti/any_access", test_any_access);
    qtest_add_func("stm32mp1/exti/migration", test_migration);
    return g_test_run();
}
