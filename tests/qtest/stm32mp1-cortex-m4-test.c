/*
 * QTest testcase for what belongs to the Cortex-M4 of the STM32MP157C-DK2
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * These registers are there for the M4 alone. It runs a program that does what
 * the test wants of it: read, write, call.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define RETRAM 0x38000000
#define RCC_MP_GCR 0x5000010c

/* The M4's registers: ARMv7-M ARM DDI 0403, B3.2, B3.4 */
#define NVIC_ISER0 0xe000e100
#define SCB_ICSR 0xe000ed04
#define ICSR_VECTACTIVE(icsr) extract32(icsr, 0, 9)
#define ICSR_VECTPENDING(icsr) extract32(icsr, 12, 9)
#define ICSR_PENDSTSET BIT(26)
#define SCB_AIRCR 0xe000ed0c
#define AIRCR_PRIGROUP(n) (0x05fa0000 | (n) << 8)
#define SCB_SHPR3 0xe000ed20
#define SCB_CFSR 0xe000ed28
#define CFSR_UNDEFINSTR BIT(16)
#define SCB_HFSR 0xe000ed2c
#define HFSR_FORCED BIT(30)
#define HFSR_DEBUGEVT BIT(31)
#define SCB_DFSR 0xe000ed30
#define DFSR_BKPT BIT(1)
#define DEMCR 0xe000edfc
#define DEMCR_VC 0x7f1
#define DEMCR_MON_EN BIT(16)
#define DEMCR_MON_PEND BIT(17)
#define DEMCR_MON_REQ BIT(19)
#define DEMCR_TRCENA BIT(24)

#define EXCP_HARD 3
#define EXCP_DEBUG 12
#define EXCP_SYSTICK 15
#define TIM2_IRQ 28
#define EXCP_TIM2 (16 + TIM2_IRQ)

/* The program's variables */
#define COMMAND 0x10000000   /* 0 when it is done */
#define ADDRESS 0x10000004
#define DATA 0x10000008      /* of a call: r2, in and out */
#define EXCEPTION 0x1000000c /* the last one that "fault" got */
#define ICSR 0x10000010      /* of "interrupt", or after the first WFI */
#define WAKES 0x10000014     /* how often program_wfi got out of WFI */
#define WAKES_AT_ICSR 0x10000018
#define ARGS 0x10000020      /* more arguments, and results */
#define CODE 0x10001000      /* what is called */

enum { READ = 1, WRITE, CALL };

/*
 * Thumb code, from address 0x40: serves COMMAND. Handlers: "fault" writes its
 * number to EXCEPTION and skips an instruction of two bytes; "interrupt"
 * disables TIM2's and writes ICSR and WAKES_AT_ICSR, unless ICSR is there.
 */
#define PROGRAM_START 0x40
#define HANDLER_FAULT 0x6a
#define HANDLER_INTERRUPT 0x78
static const uint32_t program[] = {
    0x5480f04f, 0x28006820, 0x6861d0fc, 0x280268a2, 0xd803d002, 0xe002680a,
    0xe000600a, 0x60a24788, 0x8f4ff3bf, 0x60202000, 0xf3efe7ec, 0x60e08005,
    0x30029806, 0x47709006, 0x5080f04f, 0x60084905, 0x28006920, 0x6960d104,
    0x490361a0, 0x61206808, 0x00004770, 0xe000e180, 0xe000ed04,
};

static const struct {
    int exception;
    uint32_t address;
} handlers[] = {
    { EXCP_HARD, HANDLER_FAULT },
    { EXCP_DEBUG, HANDLER_FAULT },
    { EXCP_SYSTICK, HANDLER_INTERRUPT },
    { EXCP_TIM2, HANDLER_INTERRUPT },
};

/*
 * What test_wfi() calls: TIM2 (10 ms) and SysTick (0.1 ms) start; BASEPRI and
 * PRIMASK from ARGS; endlessly WFI, WAKES += 1, ICSR if it is not there.
 */
static const uint32_t program_wfi[] = {
    0x25e0f04f, 0x4680f04f, 0x62b020d0, 0x700ff242, 0x200162f0, 0x21006170,
    0x60f06131, 0x1197f245, 0x61a96169, 0xf3816a21, 0x6a618811, 0x8810f381,
    0x61292107, 0xf3bf6030, 0xbf308f4f, 0x30016960, 0x69206160, 0xd1f62800,
    0x5104f640, 0x61205868, 0x0000e7f1,
};

/* BASEPRI = r2; BKPT; BASEPRI = 0; return. UDF; return. */
#define CODE_BKPT 0
#define CODE_UDF 14
static const uint32_t program_bkpt[] = {
    0x8811f382, 0x2200be00, 0x8811f382, 0xde004770, 0x00004770,
};

/* Without a kernel, and with the A7s off */
#define ARGUMENTS STM32MP1_MACHINE \
    "-global cortex-a7-arm-cpu.start-powered-off=on -accel tcg,thread="

static void write_program(QTestState *qts, uint32_t address,
                          const uint32_t *program, size_t words)
{
    size_t i;

    for (i = 0; i < words; i++) {
        qtest_writel(qts, address + 4 * i, program[i]);
    }
}

/* What Linux does to start the M4 */
static void release(QTestState *qts)
{
    qtest_writel(qts, RCC_MP_GCR, 1);
    qtest_writel(qts, RCC_MP_GCR, 0);
}

static QTestState *start(const char *arguments)
{
    QTestState *qts = qtest_init(arguments);
    int i;

    write_program(qts, RETRAM + 0x40, program, ARRAY_SIZE(program));
    qtest_writel(qts, RETRAM, 0x10040000);
    qtest_writel(qts, RETRAM + 4, PROGRAM_START | 1);
    for (i = 0; i < ARRAY_SIZE(handlers); i++) {
        qtest_writel(qts, RETRAM + 4 * handlers[i].exception,
                     handlers[i].address | 1);
    }
    release(qts);
    return qts;
}

/* Return the word at an address once it is another one than @value. */
static uint32_t wait_not(QTestState *qts, uint32_t address, uint32_t value)
{
    g_autoptr(GTimer) timer = g_timer_new();
    uint32_t got;

    do {
        got = qtest_readl(qts, address);
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    } while (got == value);
    return got;
}

static void m4_begin(QTestState *qts, int command, uint32_t address,
                     uint32_t data)
{
    qtest_writel(qts, ADDRESS, address);
    qtest_writel(qts, DATA, data);
    qtest_writel(qts, COMMAND, command);
}

static uint32_t m4_do(QTestState *qts, int command, uint32_t address,
                      uint32_t data)
{
    m4_begin(qts, command, address, data);
    wait_not(qts, COMMAND, command);
    return qtest_readl(qts, DATA);
}

static uint32_t m4_read(QTestState *qts, uint32_t address)
{
    return m4_do(qts, READ, address, 0);
}

static void m4_write(QTestState *qts, uint32_t address, uint32_t value)
{
    m4_do(qts, WRITE, address, value);
}

/*
 * WFI ends for what would preempt if PRIMASK were 0, and for nothing else.
 * SysTick comes each 0.1 ms, TIM2 once, after 10 ms, with priority 0.
 */
static void test_wfi(const void *arguments)
{
    static const struct {
        const char *what;
        int prigroup;
        uint32_t systick_prio;
        uint32_t basepri;
        bool primask;
        bool tim2;
        int first;      /* the exception that ends the first WFI */
    } cases[] = {
        { "BASEPRI masks", 0, 0x40, 0x10, false, true, EXCP_TIM2 },
        { "BASEPRI is equal", 0, 0x40, 0x40, false, true, EXCP_TIM2 },
        { "its group is equal", 6, 0x80, 0xa0, false, true, EXCP_TIM2 },
        { "BASEPRI is lower", 0, 0x40, 0x50, false, false, EXCP_SYSTICK },
        { "PRIMASK masks", 0, 0x40, 0, true, false, EXCP_SYSTICK },
        { "both mask", 0, 0x40, 0x10, true, true, EXCP_TIM2 },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = start(arguments);
        uint32_t icsr;

        g_test_message("%s", cases[i].what);
        write_program(qts, CODE, program_wfi, ARRAY_SIZE(program_wfi));
        m4_write(qts, SCB_AIRCR, AIRCR_PRIGROUP(cases[i].prigroup));
        m4_write(qts, SCB_SHPR3, cases[i].systick_prio << 24);
        if (cases[i].tim2) {
            m4_write(qts, NVIC_ISER0, BIT(TIM2_IRQ));
        }
        qtest_writel(qts, ARGS, cases[i].basepri);
        qtest_writel(qts, ARGS + 4, cases[i].primask);
        m4_begin(qts, CALL, CODE | 1, 0);
        /* Of a handler, or after the first WFI */
        icsr = wait_not(qts, ICSR, 0);
        if (cases[i].primask) {
            g_assert_cmpint(ICSR_VECTPENDING(icsr), ==, cases[i].first);
        } else {
            g_assert_cmpint(ICSR_VECTACTIVE(icsr), ==, cases[i].first);
            g_assert_cmpint(qtest_readl(qts, WAKES_AT_ICSR), ==, 0);
        }
        if (cases[i].first == EXCP_TIM2) {
            /* SysTick has been there for long. */
            g_assert_cmphex(icsr & ICSR_PENDSTSET, ==, ICSR_PENDSTSET);
        }
        qtest_quit(qts);
    }
}

/*
 * A BKPT without a debugger is a HardFault that names the debug event, and with
 * DEMCR.MON_EN a DebugMonitor exception, unless that has no priority.
 */
static void test_bkpt(const void *arguments)
{
    static const struct {
        uint32_t demcr;
        uint32_t basepri;
        uint32_t exception;
        uint32_t hfsr;
    } cases[] = {
        { 0, 0, EXCP_HARD, HFSR_DEBUGEVT },
        { DEMCR_MON_EN, 0, EXCP_DEBUG, 0 },
        { DEMCR_MON_EN, 0x40, EXCP_HARD, HFSR_DEBUGEVT },
    };
    QTestState *qts = start(arguments);
    int i;

    write_program(qts, CODE, program_bkpt, ARRAY_SIZE(program_bkpt));
    m4_write(qts, SCB_SHPR3, 0x80); /* DebugMonitor */
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        m4_write(qts, DEMCR, cases[i].demcr);
        m4_do(qts, CALL, (CODE + CODE_BKPT) | 1, cases[i].basepri);
        g_assert_cmpint(qtest_readl(qts, EXCEPTION), ==, cases[i].exception);
        g_assert_cmphex(m4_read(qts, SCB_HFSR), ==, cases[i].hfsr);
        g_assert_cmphex(m4_read(qts, SCB_DFSR), ==, DFSR_BKPT);
        g_assert_cmphex(m4_read(qts, SCB_CFSR), ==, 0);
        m4_write(qts, SCB_HFSR, UINT32_MAX);
        m4_write(qts, SCB_DFSR, UINT32_MAX);
        g_assert_cmphex(m4_read(qts, SCB_HFSR), ==, 0);
        g_assert_cmphex(m4_read(qts, SCB_DFSR), ==, 0);
    }

    /* A fault that could not be taken is no debug event. */
    m4_do(qts, CALL, (CODE + CODE_UDF) | 1, 0);
    g_assert_cmpint(qtest_readl(qts, EXCEPTION), ==, EXCP_HARD);
    g_assert_cmphex(m4_read(qts, SCB_HFSR), ==, HFSR_FORCED);
    g_assert_cmphex(m4_read(qts, SCB_DFSR), ==, 0);
    g_assert_cmphex(m4_read(qts, SCB_CFSR), ==, CFSR_UNDEFINSTR);
    qtest_quit(qts);
}

/* What DEMCR keeps; DebugMonitor is not enabled, so MON_PEND does nothing. */
static void test_demcr(const void *arguments)
{
    const uint32_t stored = DEMCR_TRCENA | DEMCR_MON_REQ | DEMCR_MON_PEND |
                            DEMCR_VC;
    QTestState *qts = start(arguments);

    g_assert_cmphex(m4_read(qts, DEMCR), ==, 0);
    m4_write(qts, DEMCR, (uint32_t)~DEMCR_MON_EN);
    g_assert_cmphex(m4_read(qts, DEMCR), ==, stored);
    m4_write(qts, DEMCR, DEMCR_MON_EN);
    g_assert_cmphex(m4_read(qts, DEMCR), ==, DEMCR_MON_EN);
    m4_write(qts, DEMCR, DEMCR_TRCENA);
    qts = stm32mp1_migrate_to(qts, arguments);
    g_assert_cmphex(m4_read(qts, DEMCR), ==, DEMCR_TRCENA);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_data_func("stm32mp1/cortex_m4/wfi/multi", ARGUMENTS "multi",
                        test_wfi);
    qtest_add_data_func("stm32mp1/cortex_m4/wfi/single", ARGUMENTS "single",
                        test_wfi);
    qtest_add_data_func("stm32mp1/cortex_m4/bkpt", ARGUMENTS "multi",
                        test_bkpt);
    qtest_add_data_func("stm32mp1/cortex_m4/demcr", ARGUMENTS "multi",
                        test_demcr);
    return g_test_run();
}
