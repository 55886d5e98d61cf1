/*
 * QTest for the STM32MP1 extended TrustZone protection controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define ETZPC       0x5c007000
#define TZMA(n)     (ETZPC + 0x00 + 4 * (n))
#define DECPROT(n)  (ETZPC + 0x10 + 4 * (n))
#define LOCK(n)     (ETZPC + 0x30 + 4 * (n))
#define HWCFGR      (ETZPC + 0x3f0)

#define NUM_TZMA    2
#define NUM_DECPROT 6
#define NUM_LOCK    3

static void check_reset_values(QTestState *qts)
{
    /* The ROM is secure, SYSRAM is not: U-Boot's SPL leaves it so. */
    g_assert_cmphex(qtest_readl(qts, TZMA(0)), ==, 0x3ff);
    g_assert_cmphex(qtest_readl(qts, TZMA(1)), ==, 0);
    /* every peripheral is open, or Linux would not attach its driver */
    for (unsigned n = 0; n < NUM_DECPROT; n++) {
        g_assert_cmphex(qtest_readl(qts, DECPROT(n)), ==, 0xffffffff);
    }
    for (unsigned n = 0; n < NUM_LOCK; n++) {
        g_assert_cmphex(qtest_readl(qts, LOCK(n)), ==, 0);
    }
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    check_reset_values(qts);
    /* 2 memory controls, 96 peripherals */
    stm32mp1_check_readonly(qts, HWCFGR, 0x6002);
    stm32mp1_check_readonly(qts, ETZPC + 0x3f4, 0x20);
    stm32mp1_check_readonly(qts, ETZPC + 0x3f8, 0x00100061);
    stm32mp1_check_readonly(qts, ETZPC + 0x3fc, 0xa3c5dd01);
    for (unsigned n = 0; n < NUM_DECPROT; n++) {
        stm32mp1_check_mask(qts, DECPROT(n), 0xffffffff);
    }
    qtest_system_reset(qts);
    check_reset_values(qts);
    stm32mp1_check_any_access(qts, ETZPC);
    check_reset_values(qts);
    qtest_quit(qts);
}

/* The field of a locked peripheral stays as it is, its neighbours do not. */
static void test_decprot_lock(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned id = 0; id < 16 * NUM_DECPROT; id += 5) {
        uint64_t decprot = DECPROT(id / 16);
        uint32_t field = 3u << (id % 16 * 2);

        qtest_system_reset(qts);
        qtest_writel(qts, LOCK(id / 32), 1u << (id % 32));
        qtest_writel(qts, decprot, 0);
        g_assert_cmphex(qtest_readl(qts, decprot), ==, field);
        /* set until reset */
        qtest_writel(qts, LOCK(id / 32), 0);
        g_assert_cmphex(qtest_readl(qts, LOCK(id / 32)), ==, 1u << (id % 32));
    }
    qtest_system_reset(qts);
    check_reset_values(qts);
    qtest_quit(qts);
}

static void test_tzma_lock(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (unsigned n = 0; n < NUM_TZMA; n++) {
        qtest_writel(qts, TZMA(n), 0xffffffff & ~(1u << 31));
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x3ff);
        qtest_writel(qts, TZMA(n), 0x80000012);
        qtest_writel(qts, TZMA(n), 0x3ff);
        g_assert_cmphex(qtest_readl(qts, TZMA(n)), ==, 0x80000012);
    }
    qtest_quit(qts);
}

#define SRAM        0x10000000
#define TIM2_ID     16
#define TIM2_ARR    0x4000002c
#define TIM3_ARR    0x4000102c

static void copy_by_dma(QTestState *qts, uint32_t from, uint32_t to)
{
    stm32mp1_copy_by_dma(qts, from, to);
}

static void set_decprot(QTestState *qts, unsigned id, uint32_t value)
{
    uint32_t reg = DECPROT(id / 16);
    unsigned shift = id % 16 * 2;

    qtest_writel(qts, reg, (qtest_readl(qts, reg) & ~(3u << shift)) |
                           value << shift);
}

/* What two masters may do by the field that protects something */
static const struct {
    void (*copy)(QTestState *qts, uint32_t from, uint32_t to);
    bool reads[4];
    bool writes[4];
} masters[] = {
    /* secure, secure to write, the M4's, nobody's */
    { copy_by_dma, { false, true, true, true },
      { false, false, true, true } },
    { stm32mp1_copy_by_mdma, { false, true, false, true },
      { false, false, false, true } },
};

/* Who may reach a peripheral: by the field, by two masters */
static void test_protection(void)
{
    QTestState *qts = stm32mp1_init();

    for (int i = 0; i < ARRAY_SIZE(masters); i++) {
        for (uint32_t value = 0; value < 4; value++) {
            set_decprot(qts, TIM2_ID, value);
            if (value == 2) {
                qts = stm32mp1_migrate(qts);
            }
            qtest_writel(qts, TIM2_ARR, 0x1234);
            qtest_writel(qts, SRAM, 0xdeadbeef);
            masters[i].copy(qts, TIM2_ARR, SRAM);
            g_assert_cmphex(qtest_readl(qts, SRAM), ==,
                            masters[i].reads[value] ? 0x1234 : 0);
            qtest_writel(qts, SRAM, 0x5678);
            masters[i].copy(qts, SRAM, TIM2_ARR);
            g_assert_cmphex(qtest_readl(qts, TIM2_ARR), ==,
                            masters[i].writes[value] ? 0x5678 : 0x1234);
            /* The one beside it is free. */
            qtest_writel(qts, TIM3_ARR, 0x4321);
            masters[i].copy(qts, TIM3_ARR, SRAM);
            g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x4321);
        }
    }
    stm32mp1_system_reset(qts);
    qtest_writel(qts, TIM2_ARR, 0x1234);
    copy_by_dma(qts, TIM2_ARR, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x1234);
    qtest_quit(qts);
}

/* In DDR, which nothing protects without a secure world */
#define SCRATCH     0xc0001000

/* What a copy out of a memory and one into it come to */
static void check_memory(QTestState *qts,
                         void (*copy)(QTestState *, uint32_t, uint32_t),
                         uint32_t at, uint32_t seen_at, bool reads, bool writes)
{
    qtest_writel(qts, at, 0x1234);
    qtest_writel(qts, SCRATCH, 0xdeadbeef);
    copy(qts, seen_at, SCRATCH);
    g_assert_cmphex(qtest_readl(qts, SCRATCH), ==, reads ? 0x1234 : 0);
    qtest_writel(qts, SCRATCH, 0x5678);
    copy(qts, SCRATCH, seen_at);
    g_assert_cmphex(qtest_readl(qts, at), ==, writes ? 0x5678 : 0x1234);
}

/* Who may reach an internal memory: its first and its last word */
static void test_memories(void)
{
    static const struct {
        unsigned id;
        uint32_t start;
        uint32_t size;
        uint32_t high;      /* where else it is, or 0 */
        bool has_neighbours;
    } memories[] = {
        { 80, 0x10000000, 0x20000, 0x30000000, false },
        { 81, 0x10020000, 0x20000, 0x30020000, true },
        { 82, 0x10040000, 0x10000, 0x30040000, true },
        { 83, 0x10050000, 0x10000, 0x30050000, false },
        { 84, 0x38000000, 0x10000, 0, false },
        { 1, 0x54000000, 0x1000, 0, false },
        { 62, 0x44011000, 0x2800, 0, false },
    };
    QTestState *qts = stm32mp1_init();

    for (int m = 0; m < ARRAY_SIZE(memories); m++) {
        uint32_t last = memories[m].start + memories[m].size - 4;

        for (uint32_t value = 0; value < 4; value++) {
            set_decprot(qts, memories[m].id, value);
            if (value == 2) {
                qts = stm32mp1_migrate(qts);
            }
            for (int i = 0; i < ARRAY_SIZE(masters); i++) {
                bool reads = masters[i].reads[value];
                bool writes = masters[i].writes[value];

                check_memory(qts, masters[i].copy, memories[m].start,
                             memories[m].start, reads, writes);
                check_memory(qts, masters[i].copy, last, last, reads, writes);
                if (memories[m].high) {
                    check_memory(qts, masters[i].copy, memories[m].start,
                                 memories[m].high, reads, writes);
                }
                if (memories[m].has_neighbours) {
                    check_memory(qts, masters[i].copy, last + 4, last + 4, true,
                                 true);
                    check_memory(qts, masters[i].copy, memories[m].start - 4,
                                 memories[m].start - 4, true, true);
                }
            }
        }
    }
    set_decprot(qts, 80, 0);
    stm32mp1_system_reset(qts);
    check_memory(qts, copy_by_dma, SRAM, SRAM, true, true);
    qtest_quit(qts);
}

/* SYSRAM is secure from its start on, by units of 4 KiB. */
static void test_sysram(void)
{
    static const struct {
        uint32_t size;
        uint32_t secure;
    } sizes[] = {
        { 0, 0 }, { 1, 0x1000 }, { 0x3f, 0x3f000 }, { 0x40, 0x40000 },
        { 0x3ff, 0x40000 },
    };
    const uint32_t sysram = 0x2ffc0000, end = 0x40000;
    QTestState *qts = stm32mp1_init();

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint32_t secure = sizes[i].secure;

        qtest_writel(qts, TZMA(1), sizes[i].size);
        if (i == 2) {
            qts = stm32mp1_migrate(qts);
        }
        if (secure) {
            check_memory(qts, copy_by_dma, sysram, sysram, false, false);
            check_memory(qts, stm32mp1_copy_by_mdma, sysram + secure - 4,
                         sysram + secure - 4, false, false);
        }
        if (secure < end) {
            check_memory(qts, copy_by_dma, sysram + secure, sysram + secure,
                         true, true);
            check_memory(qts, stm32mp1_copy_by_mdma, sysram + end - 4, sysram + end - 4,
                         true, true);
        }
    }
    stm32mp1_system_reset(qts);
    check_memory(qts, stm32mp1_copy_by_mdma, sysram, sysram, true, true);
    qtest_quit(qts);
}

/* Whether the M4 has RETRAM at 0 as memory, not as something to look at */
static bool m4_has_retram(QTestState *qts)
{
    g_autofree char *views = qtest_hmp(qts, "info mtree -f");
    const char *view = strstr(views, "AS \"cpu-memory-2\"");
    const char *line;

    g_assert_nonnull(view);
    line = strstr(view, "\n  0000000000000000-");
    g_assert_nonnull(line);
    return g_str_has_prefix(line + 1, "  0000000000000000-000000000000ffff "
                            "(prio 0, ram): ");
}

/* Whoever may do everything is not looked at: it costs the M4 nothing. */
static void test_speed(void)
{
    static const bool fast[] = { false, false, true, true };
    QTestState *qts = stm32mp1_init();

    for (uint32_t value = 0; value < ARRAY_SIZE(fast); value++) {
        set_decprot(qts, 84, value);
        g_assert_true(m4_has_retram(qts) == fast[value]);
    }
    qtest_quit(qts);
}

/* The lines of the log: master, address, rule */
static void test_log(void)
{
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);

    stm32mp1_enable_clocks(qts);
    set_decprot(qts, 84, 2);
    stm32mp1_copy_by_mdma(qts, 0x38000100, SCRATCH);
    set_decprot(qts, 81, 1);
    copy_by_dma(qts, SCRATCH, 0x30020104);
    qtest_writel(qts, TZMA(1), 1);
    stm32mp1_copy_by_mdma(qts, 0x2ffc0ffc, SCRATCH);
    stm32mp1_check_log(file,
        "retram: DMA, non-secure: read of 0x38000100 refused: it is for the "
        "M4\n"
        "sram2: DMA, non-secure: write of 0x10020104 refused: it is for the "
        "secure world to write\n"
        "sysram: DMA, non-secure: read of 0x2ffc0ffc refused: it is for the "
        "secure world\n");
    qtest_quit(qts);
    unlink(file);
}

/* The registers themselves, and those of TZC and BSEC */
static void test_own_protection(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, SRAM, 0);
    copy_by_dma(qts, SRAM, DECPROT(1));
    g_assert_cmphex(qtest_readl(qts, DECPROT(1)), ==, 0xffffffff);
    copy_by_dma(qts, DECPROT(1), SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0xffffffff);
    /* SCRATCH of the BSEC, BUILD_CONFIG and ACTION of the TZC */
    copy_by_dma(qts, SRAM, 0x5c0050b4);
    g_assert_cmphex(qtest_readl(qts, 0x5c0050b4), ==, 0);
    copy_by_dma(qts, 0x5c006000, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0);
    copy_by_dma(qts, SRAM, 0x5c006004);
    g_assert_cmphex(qtest_readl(qts, 0x5c006004), ==, 2);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/etzpc/registers", test_registers);
    qtest_add_func("stm32mp1/etzpc/decprot-lock", test_decprot_lock);
    qtest_add_func("stm32mp1/etzpc/tzma-lock", test_tzma_lock);
    qtest_add_func("stm32mp1/etzpc/protection", test_protection);
    qtest_add_func("stm32mp1/etzpc/memories", test_memories);
    qtest_add_func("stm32mp1/etzpc/sysram", test_sysram);
    qtest_add_func("stm32mp1/etzpc/speed", test_speed);
    qtest_add_func("stm32mp1/etzpc/log", test_log);
    qtest_add_func("stm32mp1/etzpc/own_protection", test_own_protection);
    return g_test_run();
}
