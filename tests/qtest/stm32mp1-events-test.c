/*
 * QTest testcase for events of the cores of the STM32MP157C-DK2
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Both processors really run here, under TCG: each executes SEV when the test
 * tells it to by a word in MCUSRAM.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define RETRAM 0x38000000
#define RCC_MP_GCR 0x5000010c
#define EXTI_RTSR3 0x5000d040
#define EXTI_RPR3 0x5000d04c
#define EXTI_FPR3 0x5000d050
#define EXTI_C1IMR3 0x5000d0a0
#define EXTI_C2IMR3 0x5000d0e0
#define SEV_M4 BIT(65 - 64)
#define SEV_A7 BIT(66 - 64)
#define GICD_ISPENDR5 0xa0021214
#define SPI_144 BIT(144 + 32 - 5 * 32)

/* The programs' variables */
#define INTERRUPTS 0x10000000 /* that the M4 has taken */
#define M4_COMMAND 0x10000004 /* 1: SEV, 2: SEV.W; 0 when done */
#define A7_COMMAND 0x10000008 /* 1: SEV, 2: SEV whose condition fails */

/*
 * Thumb code, at address 0x300, behind the vectors: enable interrupt 144, serve
 * M4_COMMAND; at 0x324, interrupt 144: RPR3 = SEV_A7, INTERRUPTS += 1
 */
#define M4_PROGRAM 0x300
static const uint32_t m4_program[] = {
    0x5480f04f, 0xf44f4d0c, 0x61283080, 0x28006860, 0x2801d0fc, 0xbf40d101,
    0xf3afe001, 0x20008004, 0xe7f36060, 0x23044a05, 0x68216013, 0x60213101,
    0x8f4ff3bf, 0xbf004770, 0xe000e100, 0x5000d04c,
};

/* Serve A7_COMMAND. */
static const uint32_t a7_program[] = {
    0xe3a04201, 0xe5940008, 0xe3500000, 0x0afffffc, 0xe3500001, 0x0320f004,
    0xf57ff04f, 0xe3a00000, 0xe5840008, 0xeafffff6,
};

typedef struct Board {
    QTestState *qts;
    char *arguments;
    char *kernel;
} Board;

static void wait_word(Board *b, uint32_t address, uint32_t expected)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while (qtest_readl(b->qts, address) != expected) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

static void command(Board *b, uint32_t address, uint32_t value)
{
    qtest_writel(b->qts, address, value);
    wait_word(b, address, 0);
}

static void board_start(Board *b, const void *accel)
{
    GError *error = NULL;
    int i, fd;

    fd = g_file_open_tmp("ampstand-XXXXXX", &b->kernel, &error);
    g_assert_no_error(error);
    g_assert_cmpint(write(fd, a7_program, sizeof(a7_program)), ==,
                    sizeof(a7_program));
    close(fd);
    b->arguments = g_strdup_printf("-M stm32mp157c-dk2 -accel %s -kernel %s",
                                   (const char *)accel, b->kernel);
    b->qts = qtest_init(b->arguments);

    qtest_writel(b->qts, RETRAM, 0x10040000);
    qtest_writel(b->qts, RETRAM + 4, M4_PROGRAM + 1);
    qtest_writel(b->qts, RETRAM + (16 + 144) * 4, M4_PROGRAM + 0x24 + 1);
    for (i = 0; i < ARRAY_SIZE(m4_program); i++) {
        qtest_writel(b->qts, RETRAM + M4_PROGRAM + 4 * i, m4_program[i]);
    }
    qtest_writel(b->qts, RCC_MP_GCR, 1);
    /* Both serve their commands, and no event is selected yet. */
    command(b, M4_COMMAND, 1);
    command(b, A7_COMMAND, 1);
    g_assert_cmphex(qtest_readl(b->qts, EXTI_RPR3), ==, 0);
    g_assert_cmphex(qtest_readl(b->qts, EXTI_FPR3), ==, 0);
}

static void board_stop(Board *b)
{
    qtest_quit(b->qts);
    unlink(b->kernel);
    g_free(b->kernel);
    g_free(b->arguments);
}

/* SEV of an A7 interrupts the M4, once each. */
static void test_a7(const void *accel)
{
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, EXTI_C2IMR3, SEV_A7);
    qtest_writel(b.qts, EXTI_RTSR3, SEV_A7);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, INTERRUPTS, 1);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, 0);

    /* Only if it is executed, and only that of the A7 */
    command(&b, A7_COMMAND, 2);
    command(&b, M4_COMMAND, 1);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, INTERRUPTS, 2);
    command(&b, M4_COMMAND, 1);
    g_assert_cmphex(qtest_readl(b.qts, INTERRUPTS), ==, 2);

    /* Only if it is selected */
    qtest_writel(b.qts, EXTI_RTSR3, 0);
    command(&b, A7_COMMAND, 1);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, 0);
    command(&b, M4_COMMAND, 1);
    g_assert_cmphex(qtest_readl(b.qts, INTERRUPTS), ==, 2);
    board_stop(&b);
}

static bool spi_pending(Board *b)
{
    return qtest_readl(b->qts, GICD_ISPENDR5) & SPI_144;
}

/* SEV of the M4, in either encoding, interrupts the A7s. */
static void test_m4(const void *accel)
{
    Board b;
    int encoding;

    board_start(&b, accel);
    qtest_writel(b.qts, EXTI_C1IMR3, SEV_M4);
    qtest_writel(b.qts, EXTI_RTSR3, SEV_M4);
    for (encoding = 1; encoding <= 2; encoding++) {
        g_assert_false(spi_pending(&b));
        command(&b, A7_COMMAND, 1);
        g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, 0);
        command(&b, M4_COMMAND, encoding);
        g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, SEV_M4);
        g_assert_true(spi_pending(&b));
        qtest_writel(b.qts, EXTI_RPR3, SEV_M4);
    }
    g_assert_false(spi_pending(&b));

    /* A system reset selects none. */
    qtest_system_reset(b.qts);
    qtest_writel(b.qts, RCC_MP_GCR, 1);
    command(&b, M4_COMMAND, 1);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, 0);
    board_stop(&b);
}

/* A restored machine goes on looking at the events that were selected. */
static void test_migration(const void *accel)
{
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, EXTI_C2IMR3, SEV_A7);
    qtest_writel(b.qts, EXTI_RTSR3, SEV_A7 | SEV_M4);
    b.qts = stm32mp1_migrate_to(b.qts, b.arguments);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, INTERRUPTS, 1);
    command(&b, M4_COMMAND, 2);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, SEV_M4);
    board_stop(&b);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const char *accel;
    } accels[] = {
        { "multi", "tcg,thread=multi" },
        { "single", "tcg,thread=single" },
        { "icount", "tcg -icount shift=3,sleep=off" },
    };
    static const struct {
        const char *name;
        void (*run)(const void *accel);
    } tests[] = {
        { "sev_a7", test_a7 },
        { "sev_m4", test_m4 },
        { "migration", test_migration },
    };
    int i, j;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(accels); i++) {
        for (j = 0; j < ARRAY_SIZE(tests); j++) {
            g_autofree char *path = g_strdup_printf("stm32mp1/events/%s/%s",
                                                    accels[i].name,
                                                    tests[j].name);

            qtest_add_data_func(path, accels[i].accel, tests[j].run);
        }
    }
    return g_test_run();
}
