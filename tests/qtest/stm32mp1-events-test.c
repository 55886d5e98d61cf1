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
#define RCC_MP_GRSTCSETR 0x50000404
#define MCURST BIT(1)
#define RCC_MP_SREQSETR 0x50000104
#define RCC_MP_CIER 0x50000414
#define RCC_MP_CIFR 0x50000418
#define RCC_MP_APB1ENSETR 0x50000a00
#define RCC_MP_APB1ENCLRR 0x50000a04
#define RCC_MC_APB1ENSETR 0x50000a80
#define RCC_MP_APB1LPENSETR 0x50000b00
#define RCC_MP_APB1LPENCLRR 0x50000b04
#define RCC_MC_APB1LPENCLRR 0x50000b84
#define TIMEN(n) BIT((n) - 2)
#define TIM_ARR(n) (0x4000002c + 0x1000 * ((n) - 2))
#define RCC_APB1DIVR 0x50000834
#define RCC_MC_CIER 0x50000c14
#define RCC_MC_CIFR 0x50000c18
#define WKUPF BIT(20)
#define PWR_MPUCR 0x50001010
#define PWR_MCUCR 0x50001014
#define STOPF BIT(5)
#define CSSF BIT(9)
#define DEEPSLEEP BIT(15)
#define WWDG1_CR 0x4000a000
#define WWDG1_CFR 0x4000a004
#define TIM2_CR1 0x40000000
#define TIM2_CNT 0x40000024
#define EXTI_SWIER1 0x5000d008
#define EXTI_RPR1 0x5000d00c
#define EXTI_C1IMR1 0x5000d080
#define EXTI_RTSR3 0x5000d040
#define EXTI_RPR3 0x5000d04c
#define EXTI_FPR3 0x5000d050
#define EXTI_C1IMR3 0x5000d0a0
#define EXTI_C2IMR3 0x5000d0e0
#define SEV_M4 BIT(65 - 64)
#define SEV_A7 BIT(66 - 64)
#define EXTI_C2IMR2 0x5000d0d0
#define EXTI_IPCC BIT(62 - 32)
#define IPCC_C1SCR 0x4c001008
#define IPCC_C1TOC2SR 0x4c00100c
#define IPCC_C2CR 0x4c001010
#define IPCC_C2MR 0x4c001014
#define IPCC_C2SCR 0x4c001018
#define RXOIE BIT(0)
#define CH1 BIT(0)
#define CH1_SET BIT(16)
#define TIM2_DIER 0x4000000c
#define TIM2_SR 0x40000010
#define TIM2_ARR 0x4000002c
#define LPTIM1_ICR 0x40009004
#define LPTIM1_IER 0x40009008
#define ARRM BIT(1)
#define LPTIM1_CR 0x40009010
#define LPTIM_ENABLE BIT(0)
#define LPTIM_SNGSTRT BIT(1)
#define LPTIM1_ARR 0x40009018
#define LPTIM1EN BIT(9)
#define RCC_LPTIM1CKSELR 0x50000934
#define SEL_PCLK1 0
#define SEL_LSE 3
#define SPI(n) ((n) + 32)
#define GICD_CTLR 0xa0021000
#define GICD_ISENABLER(n) (0xa0021100 + (n) / 32 * 4)
#define GICD_ISPENDR(n) (0xa0021200 + (n) / 32 * 4)
#define GICD_BIT(n) BIT((n) % 32)
#define GICD_ITARGETSR 0xa0021800
#define GICC_CTLR 0xa0022000
#define GICC_PMR 0xa0022004

/* The programs' variables */
#define INTERRUPTS 0x10000000 /* by SEV that the M4 has taken */
#define M4_COMMAND 0x10000004 /* as below; 0 when done, or just before a WFI */
#define A7_COMMAND 0x10000008 /* 1: SEV, 2: SEV that is not taken, 3: WFI */
#define WAKEUPS 0x1000000c    /* interrupts by WKUPF that the M4 has taken */

enum { M4_SEV = 1, M4_SEV_W = 2, M4_SLEEP = 3, M4_SLEEPDEEP = 7 };

/*
 * Thumb code, at address 0x300, behind the vectors: enable interrupts 144 and
 * 145, serve M4_COMMAND; at 0x33c, interrupt 144: RPR3 = SEV_A7,
 * INTERRUPTS += 1;
 * at 0x34e, interrupt 145: MC_CIFR = WKUPF, WAKEUPS += 1
 */
#define M4_PROGRAM 0x300
static const uint32_t m4_program[] = {
    0x5480f04f, 0xf44f4d17, 0x61283040, 0x28006860, 0x2801d0fc, 0xbf40d100,
    0xd1012802, 0x8004f3af, 0xdb082803, 0x38034910, 0xf3bf6008, 0x20008f4f,
    0xbf306060, 0x2000e7ea, 0xe7e76060, 0x23044a0b, 0x68216013, 0x60213101,
    0x8f4ff3bf, 0x4a084770, 0x1380f44f, 0x68e16013, 0x60e13101, 0x8f4ff3bf,
    0xbf004770, 0xe000e100, 0xe000ed10, 0x5000d04c, 0x50000c18,
};

/*
 * Another program for it: enable the interrupts of ENABLED, start SysTick with
 * SYSTICK_RVR and SYSTICK_CSR, and be in deep sleep, of which WAKES counts the
 * ends. At 0x536, any interrupt: add it to TAKEN, and disable it.
 */
#define ENABLED 0x10000100 /* five words, as ISER */
#define SYSTICK_RVR 0x10000114
#define SYSTICK_CSR 0x10000118
#define WAKES 0x10000200
#define TAKEN 0x10000204 /* five words */
#define M4_SLEEPER 0x500 /* not where it executes until it is reset */
static const uint32_t m4_sleeper[] = {
    0x49184817, 0x588b2200, 0x32045083, 0xd1fa2a14, 0x694b4815, 0x23006043,
    0x698b6083, 0x48136003, 0x60032304, 0xb6624c12, 0x8f4ff3bf, 0x6823bf30,
    0x60233301, 0xf3efe7f8, 0x38108005, 0x490dd40c, 0x00920942, 0x001ff000,
    0x40832301, 0xf104508b, 0x58880104, 0x50884318, 0x8f4ff3bf, 0x00004770,
    0xe000e100, 0x10000100, 0xe000e010, 0xe000ed10, 0x10000200, 0xe000e180,
};

/* Serve A7_COMMAND, with interrupts masked. */
static const uint32_t a7_program[] = {
    0xe3a04201, 0xe5940008, 0xe3500000, 0x0afffffc, 0xe3500001, 0x0320f004,
    0xf57ff04f, 0xe3a01000, 0xe5841008, 0xe3500003, 0x0320f003, 0xeafffff4,
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
    int i;

    b->kernel = stm32mp1_kernel_file(a7_program, sizeof(a7_program));
    b->arguments = g_strdup_printf("-M stm32mp157c-dk2 -accel %s -kernel %s",
                                   (const char *)accel, b->kernel);
    b->qts = qtest_init(b->arguments);

    stm32mp1_enable_clocks(b->qts);
    qtest_writel(b->qts, RETRAM, 0x10040000);
    qtest_writel(b->qts, RETRAM + 4, M4_PROGRAM + 1);
    qtest_writel(b->qts, RETRAM + (16 + 144) * 4, M4_PROGRAM + 0x3c + 1);
    qtest_writel(b->qts, RETRAM + (16 + 145) * 4, M4_PROGRAM + 0x4e + 1);
    for (i = 0; i < ARRAY_SIZE(m4_program); i++) {
        qtest_writel(b->qts, RETRAM + M4_PROGRAM + 4 * i, m4_program[i]);
    }
    qtest_writel(b->qts, RCC_MP_GCR, 1);
    /* Both serve their commands, and no event is selected yet. */
    command(b, M4_COMMAND, M4_SEV);
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
    command(&b, M4_COMMAND, M4_SEV);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, INTERRUPTS, 2);
    command(&b, M4_COMMAND, M4_SEV);
    g_assert_cmphex(qtest_readl(b.qts, INTERRUPTS), ==, 2);

    /* Only if it is selected */
    qtest_writel(b.qts, EXTI_RTSR3, 0);
    command(&b, A7_COMMAND, 1);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, 0);
    command(&b, M4_COMMAND, M4_SEV);
    g_assert_cmphex(qtest_readl(b.qts, INTERRUPTS), ==, 2);
    board_stop(&b);
}

static bool spi_pending(Board *b)
{
    return qtest_readl(b->qts, GICD_ISPENDR(SPI(144))) & GICD_BIT(SPI(144));
}

/* SEV of the M4, in either encoding, interrupts the A7s. */
static void test_m4(const void *accel)
{
    Board b;
    uint32_t encoding;

    board_start(&b, accel);
    qtest_writel(b.qts, EXTI_C1IMR3, SEV_M4);
    qtest_writel(b.qts, EXTI_RTSR3, SEV_M4);
    for (encoding = M4_SEV; encoding <= M4_SEV_W; encoding++) {
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
    command(&b, M4_COMMAND, M4_SEV);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, 0);
    board_stop(&b);
}

/*
 * Start or refresh WWDG1 at its slowest: a count is 16 * 4096 * 128 cycles of
 * ck_mcu (40 ms), and it bites after 64.
 */
static void start_watchdog(Board *b)
{
    qtest_writel(b->qts, RCC_APB1DIVR, 4);
    qtest_writel(b->qts, WWDG1_CFR, 0x7f | 7 << 11);
    qtest_writel(b->qts, WWDG1_CR, 0xff);
}

/* Three counts of it go by, as TIM2 says, whose clock is ck_mcu / 8. */
static void pass_time(Board *b)
{
    g_autoptr(GTimer) timer = g_timer_new();

    qtest_writel(b->qts, TIM2_CR1, 0);
    qtest_writel(b->qts, TIM2_CNT, 0);
    qtest_writel(b->qts, TIM2_CR1, 1);
    while (qtest_readl(b->qts, TIM2_CNT) < 3 * 2 * 4096 * 128) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

/* Wait until the M4 is in deep sleep: WWDG1 has no clock. */
static void sleep_deep(Board *b)
{
    command(b, M4_COMMAND, M4_SLEEPDEEP);
    wait_word(b, WWDG1_CR, 0);
}

/* Deep sleep stops WWDG1; waking up sets WKUPF, and a light sleep does not. */
static void test_sleep(const void *accel)
{
    g_autoptr(GTimer) timer = g_timer_new();
    uint32_t interrupts = 0, wakeups = 0;
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, EXTI_C2IMR3, SEV_A7);
    qtest_writel(b.qts, EXTI_RTSR3, SEV_A7);
    qtest_writel(b.qts, RCC_MC_CIER, WKUPF);

    command(&b, M4_COMMAND, M4_SLEEP);
    start_watchdog(&b);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WWDG1_CR), !=, 0xff);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, INTERRUPTS, ++interrupts);

    /* A busy workstation may take longer than a count for all the rest. */
    do {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
        start_watchdog(&b);
        sleep_deep(&b);
        pass_time(&b);
        g_assert_cmphex(qtest_readl(b.qts, WAKEUPS), ==, wakeups);
        g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, 0);
        g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, DEEPSLEEP);
        command(&b, A7_COMMAND, 1);
        wait_word(&b, WAKEUPS, ++wakeups);
        wait_word(&b, INTERRUPTS, ++interrupts);
        g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, 0);
        g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, 0);
    } while (qtest_readl(b.qts, WWDG1_CR) != 0xff);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WWDG1_CR), !=, 0xff);

    /* Without the interrupt there is the flag. */
    qtest_writel(b.qts, RCC_MC_CIER, 0);
    sleep_deep(&b);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, INTERRUPTS, ++interrupts);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, WKUPF);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MP_CIFR), ==, 0);
    qtest_writel(b.qts, RCC_MC_CIFR, WKUPF);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, 0);

    /* A core that is reset in its sleep has not woken up. */
    sleep_deep(&b);
    qtest_writel(b.qts, RCC_MP_GRSTCSETR, MCURST);
    command(&b, M4_COMMAND, M4_SEV);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, 0);
    start_watchdog(&b);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WWDG1_CR), !=, 0xff);
    g_assert_cmphex(qtest_readl(b.qts, WAKEUPS), ==, wakeups);
    board_stop(&b);
}

/* SPI 6, EXTI line 0, reaches the first A7, which it ends the WFI of. */
static void enable_a7_interrupt(Board *b)
{
    qtest_writel(b->qts, EXTI_C1IMR1, BIT(0));
    qtest_writeb(b->qts, GICD_ITARGETSR + SPI(6), 1);
    qtest_writel(b->qts, GICD_ISENABLER(SPI(6)), GICD_BIT(SPI(6)));
    qtest_writel(b->qts, GICC_PMR, 0xff);
    qtest_writel(b->qts, GICC_CTLR, 1);
    qtest_writel(b->qts, GICD_CTLR, 1);
}

static void wake_a7(Board *b)
{
    qtest_writel(b->qts, EXTI_SWIER1, BIT(0));
    command(b, A7_COMMAND, 2);
    qtest_writel(b->qts, EXTI_RPR1, BIT(0));
}

/*
 * A processor that sleeps keeps the clocks that *LPENSETR leaves it, one that
 * stops none; those of the other processor run on.
 */
static void test_modes(const void *accel)
{
    Board b;

    board_start(&b, accel);
    enable_a7_interrupt(&b);
    qtest_writel(b.qts, EXTI_C2IMR3, SEV_A7);
    qtest_writel(b.qts, EXTI_RTSR3, SEV_A7);
    qtest_writel(b.qts, RCC_MP_APB1ENCLRR, 0xffffffff);
    qtest_writel(b.qts, RCC_MP_APB1ENSETR, TIMEN(2) | TIMEN(3));
    qtest_writel(b.qts, RCC_MP_APB1LPENCLRR, TIMEN(2));
    qtest_writel(b.qts, RCC_MC_APB1ENSETR, TIMEN(3) | TIMEN(4) | TIMEN(5));
    qtest_writel(b.qts, RCC_MC_APB1LPENCLRR, TIMEN(3) | TIMEN(4));

    /* The M4 sleeps: TIM4 is its alone, and TIM3 the A7's as well. */
    command(&b, M4_COMMAND, M4_SLEEP);
    wait_word(&b, TIM_ARR(4), 0);
    g_assert_cmphex(qtest_readl(b.qts, TIM_ARR(3)), ==, 0xffff);
    g_assert_cmphex(qtest_readl(b.qts, TIM_ARR(5)), ==, 0xffffffff);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, TIM_ARR(4), 0xffff);

    /* The A7 sleeps, its other core being off. */
    command(&b, A7_COMMAND, 3);
    wait_word(&b, TIM_ARR(2), 0);
    g_assert_cmphex(qtest_readl(b.qts, TIM_ARR(3)), ==, 0xffff);
    wake_a7(&b);
    g_assert_cmphex(qtest_readl(b.qts, TIM_ARR(2)), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MP_CIFR), ==, 0);

    /* It stops, once both of its cores are asked to. */
    qtest_writel(b.qts, RCC_MP_SREQSETR, 1);
    qtest_writel(b.qts, RCC_MP_APB1LPENSETR, TIMEN(2));
    command(&b, A7_COMMAND, 3);
    wake_a7(&b);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MP_CIFR), ==, 0);
    qtest_writel(b.qts, RCC_MP_SREQSETR, 2);
    qtest_writel(b.qts, RCC_MP_CIER, WKUPF);
    command(&b, A7_COMMAND, 3);
    wait_word(&b, TIM_ARR(2), 0);
    g_assert_cmphex(qtest_readl(b.qts, TIM_ARR(3)), ==, 0xffff);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MP_CIFR), ==, 0);
    wake_a7(&b);
    g_assert_cmphex(qtest_readl(b.qts, TIM_ARR(2)), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MP_CIFR), ==, WKUPF);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, 0);
    g_assert_true(qtest_readl(b.qts, GICD_ISPENDR(SPI(145))) &
                  GICD_BIT(SPI(145)));
    qtest_writel(b.qts, RCC_MP_CIFR, WKUPF);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MP_CIFR), ==, 0);
    g_assert_false(qtest_readl(b.qts, GICD_ISPENDR(SPI(145))) &
                   GICD_BIT(SPI(145)));

    /* With both stopped the system is. */
    g_assert_cmphex(qtest_readl(b.qts, PWR_MPUCR), ==, 0);
    command(&b, M4_COMMAND, M4_SLEEPDEEP);
    wait_word(&b, TIM_ARR(5), 0);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MPUCR), ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, DEEPSLEEP);
    command(&b, A7_COMMAND, 3);
    wait_word(&b, PWR_MPUCR, STOPF);
    g_assert_cmphex(qtest_readl(b.qts, TIM_ARR(3)), ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, DEEPSLEEP | STOPF);
    wake_a7(&b);
    qtest_writel(b.qts, PWR_MPUCR, CSSF);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MPUCR), ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, DEEPSLEEP | STOPF);
    qtest_writel(b.qts, PWR_MCUCR, CSSF);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, DEEPSLEEP);
    board_stop(&b);
}

enum { IRQ_TIM2 = 28, IRQ_LPTIM1 = 93, IRQ_IPCC_RX = 103 };

static void wait_bit(Board *b, uint32_t address, uint32_t bit)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while (!(qtest_readl(b->qts, address) & bit)) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

/* Wait until the M4 has taken an interrupt, and is in deep sleep again. */
static void wait_taken(Board *b, int irq)
{
    wait_bit(b, TAKEN + irq / 32 * 4, BIT(irq % 32));
    wait_word(b, PWR_MCUCR, DEEPSLEEP);
}

/* Let the M4 fall into deep sleep, with these interrupts and its SysTick. */
static void start_sleeper(Board *b, uint32_t systick_csr)
{
    static const int irqs[] = { IRQ_TIM2, IRQ_LPTIM1, IRQ_IPCC_RX };
    int i;

    for (i = 0; i < ARRAY_SIZE(irqs); i++) {
        uint32_t word = ENABLED + irqs[i] / 32 * 4;

        qtest_writel(b->qts, RETRAM + (16 + irqs[i]) * 4,
                     M4_SLEEPER + 0x36 + 1);
        qtest_writel(b->qts, word,
                     qtest_readl(b->qts, word) | BIT(irqs[i] % 32));
    }
    qtest_writel(b->qts, RETRAM + 15 * 4, M4_SLEEPER + 0x36 + 1);
    /* 40 ms of its slow clock, which is less than pass_time() */
    qtest_writel(b->qts, SYSTICK_RVR, 0x100000);
    qtest_writel(b->qts, RCC_APB1DIVR, 4);
    qtest_writel(b->qts, SYSTICK_CSR, systick_csr);
    qtest_writel(b->qts, RETRAM + 4, M4_SLEEPER + 1);
    for (i = 0; i < ARRAY_SIZE(m4_sleeper); i++) {
        qtest_writel(b->qts, RETRAM + M4_SLEEPER + 4 * i, m4_sleeper[i]);
    }
    qtest_writel(b->qts, IPCC_C2CR, RXOIE);
    qtest_writel(b->qts, IPCC_C2MR, qtest_readl(b->qts, IPCC_C2MR) & ~CH1);
    qtest_writel(b->qts, RCC_MP_GRSTCSETR, MCURST);
    wait_word(b, PWR_MCUCR, DEEPSLEEP);
}

/* TIM2, which the A7 has enabled, too, gives its interrupt. */
static void expire_tim2(Board *b)
{
    qtest_writel(b->qts, TIM2_CR1, 0);
    qtest_writel(b->qts, TIM2_CNT, 0);
    qtest_writel(b->qts, TIM2_ARR, 1000);
    qtest_writel(b->qts, TIM2_SR, 0);
    qtest_writel(b->qts, TIM2_DIER, 1);
    qtest_writel(b->qts, TIM2_CR1, 1);
    wait_bit(b, TIM2_SR, 1);
    qtest_writel(b->qts, TIM2_CR1, 0);
    qtest_writel(b->qts, TIM2_ARR, UINT32_MAX);
}

/* A kick by the A7 ends deep sleep; other interrupts wait for such an end. */
static void test_wakeup(const void *accel)
{
    Board b;

    board_start(&b, accel);
    start_sleeper(&b, 0);
    expire_tim2(&b);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WAKES), ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, DEEPSLEEP);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, 0);
    qtest_writel(b.qts, TIM2_SR, 0);
    b.qts = migrate_machine(b.qts, b.arguments);
    expire_tim2(&b);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WAKES), ==, 0);
    qtest_writel(b.qts, IPCC_C1SCR, CH1_SET);
    wait_taken(&b, IRQ_IPCC_RX);
    wait_taken(&b, IRQ_TIM2);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, WKUPF);
    board_stop(&b);
}

/* Neither does a kick, if the EXTI masks it; and one that is not there. */
static void test_wakeup_masked(const void *accel)
{
    uint32_t mask;
    Board b;

    board_start(&b, accel);
    mask = qtest_readl(b.qts, EXTI_C2IMR2);
    g_assert_true(mask & EXTI_IPCC);
    qtest_writel(b.qts, EXTI_C2IMR2, mask & ~EXTI_IPCC);
    start_sleeper(&b, 0);
    qtest_writel(b.qts, IPCC_C1SCR, CH1_SET);
    g_assert_cmphex(qtest_readl(b.qts, IPCC_C1TOC2SR), ==, CH1);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WAKES), ==, 0);
    qtest_writel(b.qts, IPCC_C2SCR, CH1);
    qtest_writel(b.qts, EXTI_C2IMR2, mask);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WAKES), ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, PWR_MCUCR), ==, DEEPSLEEP);

    qtest_writel(b.qts, EXTI_C2IMR2, mask & ~EXTI_IPCC);
    qtest_writel(b.qts, IPCC_C1SCR, CH1_SET);
    qtest_writel(b.qts, EXTI_C2IMR2, mask);
    wait_taken(&b, IRQ_IPCC_RX);
    board_stop(&b);
}

/* SysTick stands still, whichever clock it has. */
static void test_wakeup_systick(const void *accel)
{
    uint32_t clock, wakes;
    Board b;

    for (clock = 0; clock < 2; clock++) {
        board_start(&b, accel);
        start_sleeper(&b, clock << 2 | 3);
        /* It may have ticked just before the first sleep, and ended that. */
        pass_time(&b);
        wakes = qtest_readl(b.qts, WAKES);
        pass_time(&b);
        g_assert_cmphex(qtest_readl(b.qts, WAKES), ==, wakes);
        qtest_writel(b.qts, IPCC_C1SCR, CH1_SET);
        wait_taken(&b, IRQ_IPCC_RX);
        board_stop(&b);
    }
}

/* An LPTIM wakes the M4 up, if its clock goes on. */
static void test_wakeup_lptim(const void *accel)
{
    Board b;

    board_start(&b, accel);
    start_sleeper(&b, 0);
    qtest_writel(b.qts, RCC_LPTIM1CKSELR, SEL_PCLK1);
    qtest_writel(b.qts, LPTIM1_IER, ARRM);
    qtest_writel(b.qts, LPTIM1_CR, LPTIM_ENABLE);
    qtest_writel(b.qts, LPTIM1_ARR, 0xffff);
    qtest_writel(b.qts, RCC_MC_APB1ENSETR, LPTIM1EN);
    qtest_writel(b.qts, RCC_MP_APB1ENCLRR, LPTIM1EN);
    /* It is enabled by the M4 alone now, which has stopped. */
    g_assert_cmphex(qtest_readl(b.qts, LPTIM1_ARR), ==, 0);
    qtest_writel(b.qts, RCC_LPTIM1CKSELR, SEL_LSE);
    g_assert_cmphex(qtest_readl(b.qts, LPTIM1_ARR), ==, 0xffff);
    qtest_writel(b.qts, LPTIM1_ARR, 1000);
    qtest_writel(b.qts, LPTIM1_CR, LPTIM_ENABLE | LPTIM_SNGSTRT);
    wait_word(&b, RCC_MC_CIFR, WKUPF);
    /* As long as its flag is there the M4 keeps its clocks. */
    wait_taken(&b, IRQ_LPTIM1);
    qtest_writel(b.qts, RCC_MC_CIFR, WKUPF);
    qtest_writel(b.qts, LPTIM1_ICR, ARRM);
    g_assert_cmphex(qtest_readl(b.qts, RCC_MC_CIFR), ==, 0);
    board_stop(&b);
}

/* A restored machine goes on looking at the events that were selected. */
static void test_migration(const void *accel)
{
    Board b;

    board_start(&b, accel);
    qtest_writel(b.qts, EXTI_C2IMR3, SEV_A7);
    qtest_writel(b.qts, EXTI_RTSR3, SEV_A7 | SEV_M4);
    qtest_writel(b.qts, RCC_MC_CIER, WKUPF);
    sleep_deep(&b);
    b.qts = migrate_machine(b.qts, b.arguments);
    g_assert_cmphex(qtest_readl(b.qts, WAKEUPS), ==, 0);
    command(&b, A7_COMMAND, 1);
    wait_word(&b, INTERRUPTS, 1);
    wait_word(&b, WAKEUPS, 1);
    start_watchdog(&b);
    pass_time(&b);
    g_assert_cmphex(qtest_readl(b.qts, WWDG1_CR), !=, 0xff);
    command(&b, M4_COMMAND, M4_SEV_W);
    g_assert_cmphex(qtest_readl(b.qts, EXTI_RPR3), ==, SEV_M4);
    board_stop(&b);
}

int main(int argc, char **argv)
{
    static const STM32MP1Accel accels[] = {
        { "multi", "tcg,thread=multi" },
        { "single", "tcg,thread=single" },
        { "icount", "tcg -icount shift=3,sleep=off" },
    };
    static const STM32MP1Test tests[] = {
        { "sev_a7", test_a7 },
        { "sev_m4", test_m4 },
        { "sleep", test_sleep },
        { "modes", test_modes },
        { "wakeup", test_wakeup },
        { "wakeup_masked", test_wakeup_masked },
        { "wakeup_systick", test_wakeup_systick },
        { "wakeup_lptim", test_wakeup_lptim },
        { "migration", test_migration },
    };

    g_test_init(&argc, &argv, NULL);
    stm32mp1_add_tests("events", accels, ARRAY_SIZE(accels), tests,
                       ARRAY_SIZE(tests));
    return g_test_run();
}
