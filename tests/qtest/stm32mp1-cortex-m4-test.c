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
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "stm32mp1-util.h"

#define RETRAM 0x38000000
#define RCC_OCENSETR 0x5000000c
#define RCC_OCENCLRR 0x50000010
#define OCEN_HSE BIT(8)
#define RCC_MSSCKSELR 0x50000048
#define MSSCKSELR_HSE 1
#define MSSCKSELR_PLL3 3
#define RCC_MP_GCR 0x5000010c
#define RCC_MP_GRSTCSETR 0x50000404
#define MCURST BIT(1)
#define RCC_MCUDIVR 0x50000830
#define HSEM_C2IER 0x4c000110
#define IPCC_C2MR 0x4c001014

/* PLL3: 24 MHz / 2 * (34 + 6660 / 8192) / 2 */
#define CK_MCU_HZ 208877929
#define HSE_HZ 24000000

/* The M4's registers: ARMv7-M ARM DDI 0403, B3.2, B3.4 */
#define NVIC_ISER0 0xe000e100
#define SCB_ICSR 0xe000ed04
#define ICSR_VECTACTIVE(icsr) extract32(icsr, 0, 9)
#define ICSR_VECTPENDING(icsr) extract32(icsr, 12, 9)
#define ICSR_PENDSTSET BIT(26)
#define SCB_AIRCR 0xe000ed0c
#define AIRCR_PRIGROUP(n) (0x05fa0000 | (n) << 8)
#define SCB_SHPR3 0xe000ed20
#define SYST_CSR 0xe000e010
#define SYST_CSR_ENABLE BIT(0)
#define SYST_CSR_CLKSOURCE BIT(2)
#define SYST_CSR_COUNTFLAG BIT(16)
#define SYST_RVR 0xe000e014
#define SYST_CVR 0xe000e018
#define SYST_CALIB 0xe000e01c
#define CALIB_SKEW BIT(30)
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
#define ITM_STIM(n) (0xe0000000 + 4 * (n))
#define ITM_TER 0xe0000e00
#define ITM_TCR 0xe0000e80
#define ITM_TCR_ITMENA BIT(0)
#define ITM_LAR 0xe0000fb0
#define DWT_CTRL 0xe0001000
#define DWT_CTRL_CYCCNTENA BIT(0)
/* no comparators, packets, triggers, profiling counters; a cycle counter */
#define DWT_CTRL_PRESENT 0x0d000000
#define DWT_CYCCNT 0xe0001004
#define DWT_LSR 0xe0001fb4

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

/*
 * Reads SYST_CVR and CYCCNT, counts r2 down to 0 and reads both again: the
 * differences go to ARGS and r2.
 */
static const uint32_t program_measure[] = {
    0x4e074d06, 0x68316828, 0xd1fd3a01, 0x6837682b, 0xf0201ac0, 0x6220407f,
    0x47701a7a, 0xe000e018, 0xe0001004,
};

/* Writes r2 to the address in ARGS as a byte, a half-word and a word. */
static const uint32_t program_itm[] = {
    0x70026a20, 0x60028002, 0xbf004770,
};

/* Of each of the two between its reads */
#define MEASURED_ROUNDS 100000
#define MEASURED_INSNS (2 * MEASURED_ROUNDS + 2)

/* Reads, and writes ARGS[1] to, each byte from r2 to ARGS[0], in all sizes. */
static const uint32_t program_sweep[] = {
    0x6a666a25, 0x88107810, 0x70166810, 0x60168016, 0x42aa3201, 0x4770d1f6,
};

/*
 * Without a kernel, and with the A7s off. In the second form a second of the
 * virtual clock is a number of instructions.
 */
#define ARGUMENTS STM32MP1_MACHINE \
    "-global cortex-a7-arm-cpu.start-powered-off=on -accel tcg,thread="
#define EXACT ARGUMENTS "single -icount shift=3"
#define INSN_NS 8

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

    stm32mp1_enable_clocks(qts);
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
    qts = migrate_machine(qts, arguments);
    g_assert_cmphex(m4_read(qts, DEMCR), ==, DEMCR_TRCENA);
    qtest_quit(qts);
}

/* Cycles of a clock that has this frequency, in that many instructions */
static uint32_t cycles(uint64_t hz, uint64_t instructions)
{
    return muldiv64(instructions * INSN_NS, hz, NANOSECONDS_PER_SECOND);
}

static void check_near(uint32_t value, uint32_t expected, uint32_t error)
{
    g_assert_cmpuint(value, >=, expected - error);
    g_assert_cmpuint(value, <=, expected + error);
}

/* Return the cycles that CYCCNT has for the program; SysTick's go to ARGS. */
static uint32_t measure(QTestState *qts)
{
    return m4_do(qts, CALL, CODE | 1, MEASURED_ROUNDS);
}

static void dwt_check_stopped(QTestState *qts, uint32_t value)
{
    g_assert_cmphex(m4_read(qts, DWT_CYCCNT), ==, value);
    g_assert_cmpint(measure(qts), ==, 0);
}

static void test_dwt(const void *arguments)
{
    const uint32_t expected = cycles(CK_MCU_HZ, MEASURED_INSNS);
    QTestState *qts = start(arguments);
    uint32_t value;

    write_program(qts, CODE, program_measure, ARRAY_SIZE(program_measure));
    g_assert_cmphex(m4_read(qts, DWT_CTRL), ==, DWT_CTRL_PRESENT);
    g_assert_cmphex(m4_read(qts, DWT_LSR), ==, 0);

    /* Disabled as a whole it takes nothing. */
    m4_write(qts, DWT_CTRL, DWT_CTRL_CYCCNTENA);
    m4_write(qts, DWT_CYCCNT, 1);
    g_assert_cmphex(m4_read(qts, DWT_CTRL), ==, DWT_CTRL_PRESENT);
    dwt_check_stopped(qts, 0);

    /* What firmware does that measures, or waits */
    m4_write(qts, DEMCR, DEMCR_TRCENA);
    m4_write(qts, DWT_CYCCNT, 0x1234);
    dwt_check_stopped(qts, 0x1234);
    m4_write(qts, DWT_CTRL, UINT32_MAX);
    g_assert_cmphex(m4_read(qts, DWT_CTRL), ==, DWT_CTRL_PRESENT | 0xfff);
    check_near(measure(qts), expected, 1);

    /* Each of the two bits stops it where it is. */
    m4_write(qts, DEMCR, 0);
    value = m4_read(qts, DWT_CYCCNT);
    g_assert_cmpuint(value, >, expected);
    dwt_check_stopped(qts, value);
    m4_write(qts, DEMCR, DEMCR_TRCENA);
    check_near(measure(qts), expected, 1);
    m4_write(qts, DWT_CTRL, 0);
    value = m4_read(qts, DWT_CYCCNT);
    dwt_check_stopped(qts, value);

    /* It has 32 bits, and what is written to it counts at once. */
    m4_write(qts, DWT_CTRL, DWT_CTRL_CYCCNTENA);
    m4_write(qts, DWT_CYCCNT, UINT32_MAX);
    check_near(measure(qts), expected, 1);
    g_assert_cmpuint(m4_read(qts, DWT_CYCCNT), <, UINT32_MAX / 2);

    /* The clock of the M4 may change, or stop. */
    qtest_writel(qts, RCC_MCUDIVR, 1);
    check_near(measure(qts), expected / 2, 1);
    qtest_writel(qts, RCC_MCUDIVR, 0);
    value = m4_read(qts, DWT_CYCCNT);
    qtest_writel(qts, RCC_MSSCKSELR, MSSCKSELR_HSE);
    g_assert_cmpuint(m4_read(qts, DWT_CYCCNT) - value, <, UINT32_MAX / 2);
    check_near(measure(qts), cycles(HSE_HZ, MEASURED_INSNS), 1);
    qtest_writel(qts, RCC_OCENCLRR, OCEN_HSE);
    g_assert_cmpint(measure(qts), ==, 0);
    qtest_writel(qts, RCC_OCENSETR, OCEN_HSE);
    check_near(measure(qts), cycles(HSE_HZ, MEASURED_INSNS), 1);

    /* It goes on in a restored machine ... */
    value = m4_read(qts, DWT_CYCCNT);
    qts = migrate_machine(qts, arguments);
    g_assert_cmpuint(m4_read(qts, DWT_CYCCNT) - value, <, UINT32_MAX / 2);
    check_near(measure(qts), cycles(HSE_HZ, MEASURED_INSNS), 1);

    /* ... and a reset of the core ends it. */
    qtest_writel(qts, RCC_MP_GRSTCSETR, MCURST);
    release(qts);
    g_assert_cmphex(m4_read(qts, DEMCR), ==, 0);
    g_assert_cmphex(m4_read(qts, DWT_CTRL), ==, DWT_CTRL_PRESENT);
    dwt_check_stopped(qts, 0);
    qtest_quit(qts);
}

/* What port 0 of the ITM has sent by now */
static void itm_check(const char *file, const char *expected)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

/* Text leaves port 0 while it, the ITM and trace as a whole are enabled. */
static void test_itm(const void *arguments)
{
    static const struct {
        uint32_t demcr, tcr, ter;
    } off[] = {
        { 0, ITM_TCR_ITMENA, 1 },
        { DEMCR_TRCENA, 0, 1 },
        { DEMCR_TRCENA, ITM_TCR_ITMENA, ~1u },
    };
    g_autofree char *file = NULL;
    g_autofree char *line = NULL;
    QTestState *qts;
    int i;

    close(g_file_open_tmp("ampstand-XXXXXX", &file, NULL));
    line = g_strdup_printf("%s -serial null -serial null -serial null "
                           "-serial file:%s", (const char *)arguments, file);
    qts = start(line);
    g_assert_cmphex(m4_read(qts, ITM_TCR), ==, 0);
    g_assert_cmphex(m4_read(qts, ITM_TER), ==, 0);
    for (i = 0; i < ARRAY_SIZE(off); i++) {
        m4_write(qts, DEMCR, off[i].demcr);
        m4_write(qts, ITM_TCR, off[i].tcr);
        m4_write(qts, ITM_TER, off[i].ter);
        g_assert_cmphex(m4_read(qts, ITM_STIM(0)), ==, 0);
        m4_write(qts, ITM_STIM(0), 'x');
    }
    itm_check(file, "");

    m4_write(qts, DEMCR, DEMCR_TRCENA);
    m4_write(qts, ITM_LAR, 0xc5acce55);
    m4_write(qts, ITM_TCR, UINT32_MAX);
    g_assert_cmphex(m4_read(qts, ITM_TCR), ==, 0x007f0f1f);
    m4_write(qts, ITM_TER, 3);
    /* A half-word is two characters, a word four, the lowest byte first. */
    qtest_writel(qts, ARGS, ITM_STIM(0));
    write_program(qts, CODE, program_itm, ARRAY_SIZE(program_itm));
    m4_do(qts, CALL, CODE | 1, 'a' | 'b' << 8 | 'c' << 16 | 'd' << 24);
    itm_check(file, "aababcd");
    m4_write(qts, ITM_STIM(1), 'y');
    itm_check(file, "aababcd");

    /* A restored machine goes on, and a reset of the core ends it. */
    qts = migrate_machine(qts, line);
    qtest_writel(qts, ARGS, ITM_STIM(0));
    m4_do(qts, CALL, CODE | 1, '1' | '2' << 8 | '3' << 16 | '4' << 24);
    itm_check(file, "1121234");
    qtest_writel(qts, RCC_MP_GRSTCSETR, MCURST);
    release(qts);
    g_assert_cmphex(m4_read(qts, ITM_TCR), ==, 0);
    m4_write(qts, ITM_STIM(0), 'z');
    itm_check(file, "1121234");
    qtest_quit(qts);
    unlink(file);
}

/* What takes words only ignores other accesses, or has the bus say so. */
static void test_widths(const void *arguments)
{
    static const struct {
        uint32_t address;
        uint32_t value;
        uint32_t exception;
    } cases[] = {
        { HSEM_C2IER, 0x12345678, EXCP_HARD },
        { IPCC_C2MR, 0x003f003f, 0 },
    };
    QTestState *qts = start(arguments);
    int i;

    write_program(qts, CODE, program_itm, ARRAY_SIZE(program_itm));
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_writel(qts, EXCEPTION, 0);
        qtest_writel(qts, ARGS, cases[i].address);
        m4_do(qts, CALL, CODE | 1, cases[i].value);
        g_assert_cmpint(qtest_readl(qts, EXCEPTION), ==,
                        cases[i].exception);
        g_assert_cmphex(m4_read(qts, cases[i].address), ==, cases[i].value);
    }
    qtest_quit(qts);
}

static void wait_countflag(QTestState *qts)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while (!(m4_read(qts, SYST_CSR) & SYST_CSR_COUNTFLAG)) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

/* It stays at 0, for more instructions than the period has had cycles. */
static void systick_check_stays_0(QTestState *qts)
{
    measure(qts);
    g_assert_cmphex(m4_read(qts, SYST_CSR), ==,
                    SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE);
    g_assert_cmphex(m4_read(qts, SYST_CVR), ==, 0);
}

/* With SYST_RVR 0 it stands still at 0, and goes on with another value. */
static void test_systick_rvr_0(const void *arguments)
{
    QTestState *qts = start(arguments);
    int i;

    write_program(qts, CODE, program_measure, ARRAY_SIZE(program_measure));
    m4_write(qts, SYST_RVR, 0);
    m4_write(qts, SYST_CVR, 0);
    m4_write(qts, SYST_CSR, SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE);
    for (i = 0; i < 2; i++) {
        systick_check_stays_0(qts);
        m4_write(qts, SYST_RVR, 100000);
        wait_countflag(qts);
        wait_countflag(qts);
        /* What it has got it still counts down to the end. */
        m4_write(qts, SYST_RVR, 0);
        measure(qts);
        g_assert_cmphex(m4_read(qts, SYST_CSR), ==, SYST_CSR_ENABLE |
                        SYST_CSR_CLKSOURCE | SYST_CSR_COUNTFLAG);
    }
    systick_check_stays_0(qts);
    qtest_quit(qts);
}

/* Its clock is ck_mcu, or an eighth of it; it goes on after being without. */
static void test_systick_clock(const void *arguments)
{
    static const struct {
        uint32_t csr;
        uint32_t divisor;
    } sources[] = {
        { SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE, 1 },
        { SYST_CSR_ENABLE, 8 },
    };
    const uint32_t ck_mcu = cycles(CK_MCU_HZ, MEASURED_INSNS);
    const uint32_t hse = cycles(HSE_HZ, MEASURED_INSNS);
    QTestState *qts = start(arguments);
    int i;

    write_program(qts, CODE, program_measure, ARRAY_SIZE(program_measure));
    g_assert_cmphex(m4_read(qts, SYST_CALIB), ==,
                    CALIB_SKEW | (CK_MCU_HZ / 8 / 100 - 1));
    m4_write(qts, SYST_RVR, 0xffffff);
    for (i = 0; i < ARRAY_SIZE(sources); i++) {
        uint32_t divisor = sources[i].divisor;

        m4_write(qts, SYST_CSR, sources[i].csr);
        m4_write(qts, SYST_CVR, 0);
        measure(qts);
        g_assert_cmphex(m4_read(qts, SYST_CSR), ==, sources[i].csr);
        measure(qts);
        check_near(qtest_readl(qts, ARGS), ck_mcu / divisor, 1);

        qtest_writel(qts, RCC_MSSCKSELR, MSSCKSELR_HSE);
        measure(qts);
        check_near(qtest_readl(qts, ARGS), hse / divisor, 1);
        qtest_writel(qts, RCC_OCENCLRR, OCEN_HSE);
        measure(qts);
        g_assert_cmpint(qtest_readl(qts, ARGS), ==, 0);
        qtest_writel(qts, RCC_OCENSETR, OCEN_HSE);
        measure(qts);
        check_near(qtest_readl(qts, ARGS), hse / divisor, 1);
        qtest_writel(qts, RCC_MSSCKSELR, MSSCKSELR_PLL3);
    }
    qtest_quit(qts);
}

/* No access ends QEMU, whatever its size and alignment; faults are skipped. */
static void test_sweep(const void *arguments)
{
    static const struct {
        uint32_t start;
        uint32_t size;
    } blocks[] = {
        { ITM_STIM(0), 0x1000 },
        { DWT_CTRL, 0x1000 },
        { SYST_CSR, 0x10 },
        { DEMCR, 4 },
    };
    /* DEMCR: not MON_EN and MON_PEND together */
    static const uint32_t values[] = { 0, 0xa5a5a5a5, 0x5a585a5a };
    QTestState *qts = start(arguments);
    int i, j;

    write_program(qts, CODE, program_sweep, ARRAY_SIZE(program_sweep));
    for (i = 0; i < ARRAY_SIZE(values); i++) {
        qtest_writel(qts, ARGS + 4, values[i]);
        for (j = 0; j < ARRAY_SIZE(blocks); j++) {
            uint32_t end = blocks[j].start + blocks[j].size;

            m4_write(qts, DEMCR, DEMCR_TRCENA);
            qtest_writel(qts, ARGS, end);
            g_assert_cmphex(m4_do(qts, CALL, CODE | 1, blocks[j].start), ==,
                            end);
        }
    }
    /* What was not aligned */
    g_assert_cmpint(qtest_readl(qts, EXCEPTION), ==, EXCP_HARD);
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
    qtest_add_data_func("stm32mp1/cortex_m4/dwt", EXACT, test_dwt);
    qtest_add_data_func("stm32mp1/cortex_m4/itm", ARGUMENTS "multi", test_itm);
    qtest_add_data_func("stm32mp1/cortex_m4/widths", ARGUMENTS "multi",
                        test_widths);
    qtest_add_data_func("stm32mp1/cortex_m4/systick/rvr_0", EXACT,
                        test_systick_rvr_0);
    qtest_add_data_func("stm32mp1/cortex_m4/systick/clock", EXACT,
                        test_systick_clock);
    qtest_add_data_func("stm32mp1/cortex_m4/sweep", ARGUMENTS "multi",
                        test_sweep);
    return g_test_run();
}
