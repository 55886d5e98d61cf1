/*
 * QTest testcase for the remote core of the STM32MP157C-DK2
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The M4 really runs here, under TCG, a program poked into its memory; the test
 * plays Linux and holds, releases and resets it through the RCC.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define RETRAM 0x38000000
#define RCC_MP_GCR 0x5000010c
#define RCC_MP_GRSTCSETR 0x50000404
#define RCC_MC_RSTSCLRR 0x50000c00
#define MCURST BIT(1)
#define MCURSTF BIT(5)
#define MCSYSRSTF BIT(7)
#define EXTI_RTSR3 0x5000d040
#define EXTI_RPR3 0x5000d04c
#define EXTI_M4_SYSRESETREQ BIT(73 - 64)
#define IPCC_C1SCR 0x4c001008
#define IPCC_C2CR 0x4c001010
#define IPCC_C2MR 0x4c001014
#define HSEM_RLR5 0x4c000094
#define SCB_AIRCR 0xe000ed0c /* of the M4 */

/* The program's variables */
#define STARTS 0x10000000   /* counts its starts */
#define MODE 0x10000004     /* what it does then: */
#define INTERRUPTS 0x10000008
#define COMMAND 0x10000010  /* MODE_SERVER: 1 read, 2 write, 0 when done */
#define ADDRESS 0x10000014
#define DATA 0x10000018

enum { MODE_IDLE, MODE_INTERRUPT, MODE_LOCKUP, MODE_SYSRESET, MODE_SERVER };

#define TIMEOUT_US (30 * G_USEC_PER_SEC)

/*
 * Thumb code, from address 0x40:
 *  - STARTS += 1, then by MODE: WFI for ever; enable interrupt 103, WFI for
 *    ever; UDF; write SYSRESETREQ, WFI for ever; serve COMMAND
 *  - interrupt 103, at 0x94: disable it, INTERRUPTS += 1
 *  - HardFault, at 0xa2: UDF, which locks the core up
 */
static const uint32_t program[] = {
    0x5480f04f, 0x31016821, 0x68606021, 0xd0072801, 0xd0092802, 0xd0082803,
    0xd00a2804, 0xe7fdbf30, 0x21804d10, 0xe7f960e9, 0x4d0fde00, 0x6029490f,
    0x6920e7f4, 0xd0fc2800, 0x69a26961, 0xbf082801, 0x2802680a, 0x600abf08,
    0xf3bf61a2, 0x20008f5f, 0xe7ee6120, 0x21804d06, 0x68a160e9, 0x60a13101,
    0xde014770, 0xe000e100, 0xe000ed0c, 0x05fa0004, 0xe000e180,
};

/* For the A7, which has nothing to do: WFI; B .-4 */
static const uint32_t a7_program[] = { 0xe320f003, 0xeafffffd };

#define CONTROL STM32MP1_SOC "m4-control"
#define M4 STM32MP1_SOC "m4-cluster/m4"
#define NUM_IRQ 150
#define IRQ_RCC 5
#define IRQ_RCC_WAKEUP 145

typedef struct Board {
    QTestState *qts;
    char *kernel;
    char *arguments;
} Board;

static void board_start(Board *b, const void *accel)
{
    int i;

    b->kernel = stm32mp1_kernel_file(a7_program, sizeof(a7_program));
    b->arguments = g_strdup_printf("-M stm32mp157c-dk2 -accel %s -kernel %s",
                                   (const char *)accel, b->kernel);
    b->qts = qtest_init(b->arguments);

    stm32mp1_enable_clocks(b->qts);
    qtest_writel(b->qts, RETRAM, 0x10040000);
    qtest_writel(b->qts, RETRAM + 4, 0x41);
    qtest_writel(b->qts, RETRAM + 0xc, 0xa3);
    for (i = 0; i < ARRAY_SIZE(program); i++) {
        qtest_writel(b->qts, RETRAM + 0x40 + 4 * i, program[i]);
    }
    qtest_writel(b->qts, RETRAM + (16 + 103) * 4, 0x95);
}

static void board_stop(Board *b)
{
    qtest_quit(b->qts);
    unlink(b->kernel);
    g_free(b->kernel);
    g_free(b->arguments);
}

/* What Linux does to start the M4, and to stop it */
static void release(Board *b)
{
    qtest_writel(b->qts, RCC_MP_GCR, 1);
    qtest_writel(b->qts, RCC_MP_GCR, 0);
}

static void hold(Board *b)
{
    qtest_writel(b->qts, RCC_MP_GRSTCSETR, MCURST);
}

static bool state_is(Board *b, const char *expected)
{
    QDict *r = qtest_qmp(b->qts, "{ 'execute': 'qom-get', 'arguments': {"
                         " 'path': '/machine/soc/m4-control',"
                         " 'property': 'state' } }");
    bool same = g_str_equal(qdict_get_str(r, "return"), expected);

    qobject_unref(r);
    return same;
}

static void wait_state(Board *b, const char *expected)
{
    int64_t end = g_get_monotonic_time() + TIMEOUT_US;

    while (!state_is(b, expected)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

static void wait_word(Board *b, uint32_t address, uint32_t expected)
{
    int64_t end = g_get_monotonic_time() + TIMEOUT_US;

    while (qtest_readl(b->qts, address) != expected) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
    }
}

/* Held at power-on; BOOT_MCU 0 -> 1 starts, 1 -> 0 does nothing. */
static void test_start_stop(const void *accel)
{
    Board b;

    board_start(&b, accel);
    g_assert_true(state_is(&b, "held"));
    g_assert_cmphex(qtest_readl(b.qts, STARTS), ==, 0);

    release(&b);
    g_assert_true(state_is(&b, "running"));
    wait_word(&b, STARTS, 1);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_RSTSCLRR) & MCURSTF, ==, 0);

    /* BOOT_MCU 0 -> 1 while it runs has no effect. */
    release(&b);
    g_assert_true(state_is(&b, "running"));

    hold(&b);
    wait_state(&b, "held");
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_RSTSCLRR) & MCURSTF, ==, MCURSTF);
    qtest_writel(b.qts, RCC_MC_RSTSCLRR, MCURSTF);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_RSTSCLRR) & MCURSTF, ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, STARTS), ==, 1);
    board_stop(&b);
}

/* With BOOT_MCU = 1 a reset restarts the core instead of holding it. */
static void test_restart(const void *accel)
{
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, RCC_MP_GCR, 1);
    wait_word(&b, STARTS, 1);
    qtest_writel(b.qts, RCC_MP_GRSTCSETR, MCURST);
    wait_word(&b, STARTS, 2);
    wait_state(&b, "running");
    board_stop(&b);
}

/* Each start runs once, and none is lost when nobody waits in between. */
static void test_many(const void *accel)
{
    const int waited = 200, rushed = 1000;
    uint32_t starts;
    Board b;
    int i;

    board_start(&b, accel);
    for (i = 1; i <= waited; i++) {
        release(&b);
        wait_word(&b, STARTS, i);
        hold(&b);
    }
    for (i = 0; i < rushed; i++) {
        release(&b);
        hold(&b);
    }
    wait_state(&b, "held");
    starts = qtest_readl(b.qts, STARTS);
    g_assert_cmpint(starts, >=, waited);
    g_assert_cmpint(starts, <=, waited + rushed);
    release(&b);
    wait_word(&b, STARTS, starts + 1);
    g_assert_true(state_is(&b, "running"));
    board_stop(&b);
}

/* An interrupt that rose while the core was held arrives after its release. */
static void test_interrupt(const void *accel)
{
    Board b;
    int i;

    board_start(&b, accel);
    qtest_writel(b.qts, MODE, MODE_INTERRUPT);
    qtest_writel(b.qts, IPCC_C2CR, 1);
    qtest_writel(b.qts, IPCC_C2MR, 0x003f003e);
    qtest_writel(b.qts, IPCC_C1SCR, BIT(16));
    for (i = 1; i <= 3; i++) {
        release(&b);
        wait_word(&b, STARTS, i);
        wait_word(&b, INTERRUPTS, i);
        hold(&b);
        wait_state(&b, "held");
    }
    board_stop(&b);
}

static void set_irq(Board *b, int n, int level)
{
    qtest_set_irq_in(b->qts, CONTROL, "unnamed-gpio-in", n, level);
}

/* Check what the core sees of its interrupts. */
static void check_irqs(Board *b, const bool expected[NUM_IRQ])
{
    for (int n = 0; n < NUM_IRQ; n++) {
        if (n == IRQ_RCC || n == IRQ_RCC_WAKEUP) {
            continue;   /* driven when the core is released and held */
        }
        if (qtest_get_irq(b->qts, n) != expected[n]) {
            g_test_message("interrupt %d", n);
        }
        g_assert_cmpint(qtest_get_irq(b->qts, n), ==, expected[n]);
    }
}

/* It sees the levels while it runs, unless they are held; none is lost. */
static void test_levels(const void *accel)
{
    bool seen[NUM_IRQ] = { false };
    Board b;
    int n;

    board_start(&b, accel);
    qtest_irq_intercept_in(b.qts, M4);
    for (n = 0; n < NUM_IRQ; n++) {
        set_irq(&b, n, n % 3 != 0);
    }
    check_irqs(&b, seen);
    release(&b);
    wait_state(&b, "running");
    for (n = 0; n < NUM_IRQ; n++) {
        seen[n] = n % 3 != 0;
    }
    check_irqs(&b, seen);

    for (n = 0; n < NUM_IRQ; n++) {
        seen[n] = !seen[n];
        set_irq(&b, n, seen[n]);
        g_assert_cmpint(qtest_get_irq(b.qts, n), ==, seen[n]);
    }
    check_irqs(&b, seen);

    qtest_set_irq_in(b.qts, CONTROL, "irq-hold", 0, 1);
    for (n = 0; n < NUM_IRQ; n++) {
        set_irq(&b, n, n % 5 != 0);
    }
    qtest_set_irq_in(b.qts, CONTROL, "irq-hold", 0, 1);
    check_irqs(&b, seen);
    qtest_set_irq_in(b.qts, CONTROL, "irq-hold", 0, 0);
    for (n = 0; n < NUM_IRQ; n++) {
        seen[n] = n % 5 != 0;
    }
    check_irqs(&b, seen);

    hold(&b);
    wait_state(&b, "held");
    for (n = 0; n < NUM_IRQ; n++) {
        set_irq(&b, n, n % 5 == 0);
    }
    check_irqs(&b, seen);
    qtest_set_irq_in(b.qts, CONTROL, "irq-hold", 0, 1);
    qtest_set_irq_in(b.qts, CONTROL, "irq-hold", 0, 0);
    check_irqs(&b, seen);
    qtest_set_irq_in(b.qts, CONTROL, "irq-hold", 0, 1);
    release(&b);
    wait_state(&b, "running");
    check_irqs(&b, seen);
    qtest_set_irq_in(b.qts, CONTROL, "irq-hold", 0, 0);
    for (n = 0; n < NUM_IRQ; n++) {
        seen[n] = n % 5 == 0;
    }
    check_irqs(&b, seen);
    board_stop(&b);
}

/* Nothing but its release wakes a core that is held, not even an NMI. */
static void test_held(const void *accel)
{
    Board b;
    int i;

    board_start(&b, accel);
    qtest_writel(b.qts, RETRAM + 8, 0x95);
    release(&b);
    wait_word(&b, STARTS, 1);
    hold(&b);
    g_assert_true(state_is(&b, "held"));
    qtest_set_irq_in(b.qts, M4, "NMI", 0, 1);
    for (i = 0; i < 500; i++) {
        g_assert_cmphex(qtest_readl(b.qts, INTERRUPTS), ==, 0);
    }
    qtest_set_irq_in(b.qts, M4, "NMI", 0, 0);
    release(&b);
    wait_word(&b, STARTS, 2);
    g_assert_cmphex(qtest_readl(b.qts, INTERRUPTS), ==, 0);

    /* It comes to one that runs. */
    qtest_set_irq_in(b.qts, M4, "NMI", 0, 1);
    wait_word(&b, INTERRUPTS, 1);
    board_stop(&b);
}

/* The outputs follow the core. */
static void test_outputs(const void *accel)
{
    static const struct {
        const char *output;
        bool running, lockup;
    } outputs[] = { { "running", true, true }, { "lockup", false, true } };
    Board b;
    int i;

    for (i = 0; i < ARRAY_SIZE(outputs); i++) {
        board_start(&b, accel);
        qtest_irq_intercept_out_named(b.qts, CONTROL, outputs[i].output);
        release(&b);
        wait_word(&b, STARTS, 1);
        g_assert_true(state_is(&b, "running"));
        g_assert_cmpint(qtest_get_irq(b.qts, 0), ==, outputs[i].running);
        hold(&b);
        g_assert_true(state_is(&b, "held"));
        g_assert_false(qtest_get_irq(b.qts, 0));

        qtest_writel(b.qts, MODE, MODE_LOCKUP);
        release(&b);
        wait_state(&b, "lockup");
        g_assert_cmpint(qtest_get_irq(b.qts, 0), ==, outputs[i].lockup);
        hold(&b);
        g_assert_true(state_is(&b, "held"));
        g_assert_false(qtest_get_irq(b.qts, 0));
        board_stop(&b);
    }
}

static void migrate(Board *b)
{
    b->qts = migrate_machine(b->qts, b->arguments);
}

/*
 * Held, running or locked up it is so in another QEMU; it is not started anew,
 * has its interrupts, and does there what it is told.
 */
static void test_migration(const void *accel)
{
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, MODE, MODE_INTERRUPT);
    qtest_writel(b.qts, IPCC_C2CR, 1);
    qtest_writel(b.qts, IPCC_C2MR, 0x003f003e);
    qtest_writel(b.qts, IPCC_C1SCR, BIT(16));
    stm32mp1_qom_set(b.qts, CONTROL, "x-fault-hold", 1);
    migrate(&b);
    g_assert_true(state_is(&b, "held"));
    g_assert_cmpint(stm32mp1_qom_get(b.qts, CONTROL, "x-fault-hold"), ==, 1);
    release(&b);
    g_assert_true(state_is(&b, "held"));
    migrate(&b);
    g_assert_cmpint(stm32mp1_qom_get(b.qts, CONTROL, "x-fault-hold"), ==, 0);
    g_assert_cmpint(stm32mp1_qom_get(b.qts, CONTROL, "x-fault-hold-count"), ==,
                    1);

    /* What rose while it was held has come along. */
    release(&b);
    wait_word(&b, STARTS, 1);
    wait_word(&b, INTERRUPTS, 1);
    migrate(&b);
    g_assert_true(state_is(&b, "running"));
    release(&b);
    g_assert_true(state_is(&b, "running"));
    g_assert_cmphex(qtest_readl(b.qts, STARTS), ==, 1);
    hold(&b);
    g_assert_true(state_is(&b, "held"));

    qtest_writel(b.qts, MODE, MODE_LOCKUP);
    release(&b);
    wait_state(&b, "lockup");
    migrate(&b);
    g_assert_true(state_is(&b, "lockup"));
    hold(&b);
    g_assert_true(state_is(&b, "held"));
    qtest_writel(b.qts, MODE, MODE_IDLE);
    release(&b);
    wait_word(&b, STARTS, 3);
    g_assert_true(state_is(&b, "running"));
    board_stop(&b);
}

/* A stop of the machine is none of the core: it goes on, and nothing else. */
static void test_machine_stop(const void *accel)
{
    Board b;
    int i;

    board_start(&b, accel);
    for (i = 0; i < 2; i++) {
        qtest_qmp_assert_success(b.qts, "{ 'execute': 'stop' }");
        qtest_qmp_assert_success(b.qts, "{ 'execute': 'cont' }");
        g_assert_true(state_is(&b, i ? "running" : "held"));
        release(&b);
        wait_word(&b, STARTS, 1);
    }
    board_stop(&b);
}

/* A lockup stops the core, and neither QEMU nor an interrupt ends that. */
static void test_lockup(const void *accel)
{
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, MODE, MODE_LOCKUP);
    release(&b);
    wait_state(&b, "lockup");
    qtest_writel(b.qts, IPCC_C2CR, 1);
    qtest_writel(b.qts, IPCC_C2MR, 0x003f003e);
    qtest_writel(b.qts, IPCC_C1SCR, BIT(16));
    g_assert_true(state_is(&b, "lockup"));
    g_assert_cmphex(qtest_readl(b.qts, INTERRUPTS), ==, 0);

    hold(&b);
    wait_state(&b, "held");
    qtest_writel(b.qts, MODE, MODE_IDLE);
    release(&b);
    wait_word(&b, STARTS, 2);
    g_assert_true(state_is(&b, "running"));
    board_stop(&b);
}

/* The core asks for its own reset: flagged, an event of the EXTI, held. */
static void test_sysresetreq(const void *accel)
{
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, EXTI_RTSR3, EXTI_M4_SYSRESETREQ);
    qtest_writel(b.qts, MODE, MODE_SERVER);
    release(&b);
    wait_word(&b, STARTS, 1);
    /* Only now, with BOOT_MCU back at 0: else the reset would be a restart. */
    qtest_writel(b.qts, ADDRESS, SCB_AIRCR);
    qtest_writel(b.qts, DATA, 0x05fa0004);
    qtest_writel(b.qts, COMMAND, 2);
    wait_state(&b, "held");
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_RSTSCLRR) & MCSYSRSTF, ==,
                    MCSYSRSTF);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3) & EXTI_M4_SYSRESETREQ, ==,
                    EXTI_M4_SYSRESETREQ);
    board_stop(&b);
}

static uint32_t m4_access(Board *b, uint32_t command, uint32_t address,
                          uint32_t data)
{
    qtest_writel(b->qts, ADDRESS, address);
    qtest_writel(b->qts, DATA, data);
    qtest_writel(b->qts, COMMAND, command);
    wait_word(b, COMMAND, 0);
    return qtest_readl(b->qts, DATA);
}

/* The M4 sees the memories at all their addresses, and its own HSEM. */
static void test_view(const void *accel)
{
    static const uint32_t aliases[][2] = {
        /* M4, A7 */
        { 0x00008000, 0x38008000 },
        { 0x38008004, 0x38008004 },
        { 0x10020000, 0x30020000 },
        { 0x20020004, 0x10020004 },
        { 0x30020008, 0x10020008 },
        { 0x2ffc0000, 0x2ffc0000 },
        { 0xc1000000, 0xc1000000 },
        { 0x54000000, 0x54000000 },
    };
    Board b;
    int i;

    board_start(&b, accel);
    qtest_writel(b.qts, MODE, MODE_SERVER);
    release(&b);
    for (i = 0; i < ARRAY_SIZE(aliases); i++) {
        qtest_writel(b.qts, aliases[i][1], 0x1234 + i);
        g_assert_cmphex(m4_access(&b, 1, aliases[i][0], 0), ==, 0x1234 + i);
        m4_access(&b, 2, aliases[i][0], 0xabcd + i);
        g_assert_cmphex(qtest_readl(b.qts, aliases[i][1]), ==, 0xabcd + i);
    }
    g_assert_cmphex(m4_access(&b, 1, HSEM_RLR5, 0), ==, 0x80000200);
    g_assert_cmphex(qtest_readl(b.qts, HSEM_RLR5), ==, 0x80000200);
    g_assert_cmphex(qtest_readl(b.qts, HSEM_RLR5 + 4), ==, 0x80000100);

    /* The GIC is not there for the M4: HardFault, then lockup. */
    qtest_writel(b.qts, ADDRESS, 0xa0021000);
    qtest_writel(b.qts, COMMAND, 1);
    wait_state(&b, "lockup");
    board_stop(&b);
}

/* A system reset holds the core, whatever was under way. */
static void test_system_reset(const void *accel)
{
    Board b;
    int i;

    board_start(&b, accel);
    for (i = 0; i < 20; i++) {
        release(&b);
        stm32mp1_system_reset(b.qts);
        g_assert_true(state_is(&b, "held"));
        g_assert_cmphex(qtest_readl(b.qts, RCC_MP_GCR), ==, 0);
    }
    board_stop(&b);
}

static int64_t fault_get(Board *b, const char *property)
{
    return stm32mp1_qom_get(b->qts, CONTROL, property);
}

/* The next two starts leave it held, the third one does not. */
static void test_fault_hold(const void *accel)
{
    Board b;
    int i;

    board_start(&b, accel);
    stm32mp1_qom_set(b.qts, CONTROL, "x-fault-hold", 2);
    for (i = 1; i <= 2; i++) {
        release(&b);
        g_assert_cmpint(fault_get(&b, "x-fault-hold-count"), ==, i);
    }
    g_assert_cmpint(fault_get(&b, "x-fault-hold"), ==, 0);
    release(&b);
    wait_word(&b, STARTS, 1);
    wait_state(&b, "running");

    /* It survives a system reset, and a reset that should be a restart. */
    stm32mp1_qom_set(b.qts, CONTROL, "x-fault-hold", 1);
    stm32mp1_system_reset(b.qts);
    g_assert_cmpint(fault_get(&b, "x-fault-hold"), ==, 1);
    stm32mp1_qom_set(b.qts, CONTROL, "x-fault-hold", 0);
    qtest_writel(b.qts, RCC_MP_GCR, 1);
    wait_word(&b, STARTS, 2);
    stm32mp1_qom_set(b.qts, CONTROL, "x-fault-hold", 1);
    qtest_writel(b.qts, RCC_MP_GRSTCSETR, MCURST);
    wait_state(&b, "held");
    g_assert_cmpint(fault_get(&b, "x-fault-hold-count"), ==, 3);
    g_assert_cmphex(qtest_readl(b.qts, STARTS), ==, 2);
    board_stop(&b);
}

int main(int argc, char **argv)
{
    static const STM32MP1Accel accels[] = {
        { "multi", "tcg,thread=multi" },
        { "single", "tcg,thread=single" },
    };
    static const STM32MP1Test tests[] = {
        { "start_stop", test_start_stop },
        { "restart", test_restart },
        { "many", test_many },
        { "interrupt", test_interrupt },
        { "levels", test_levels },
        { "held", test_held },
        { "outputs", test_outputs },
        { "migration", test_migration },
        { "machine_stop", test_machine_stop },
        { "lockup", test_lockup },
        { "sysresetreq", test_sysresetreq },
        { "view", test_view },
        { "system_reset", test_system_reset },
        { "fault_hold", test_fault_hold },
    };

    g_test_init(&argc, &argv, NULL);
    stm32mp1_add_tests("remote_core", accels, ARRAY_SIZE(accels), tests,
                       ARRAY_SIZE(tests));
    return g_test_run();
}
