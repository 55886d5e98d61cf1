/*
 * QTest for the STM32MP1 USART
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

/* UART4 comes up as boot firmware leaves it, and is serial port 0. */
#define UART4       0x40010000
#define USART3      0x4000f000

#define CR1         0x00
#define CR2         0x04
#define CR3         0x08
#define BRR         0x0c
#define GTPR        0x10
#define RTOR        0x14
#define RQR         0x18
#define ISR         0x1c
#define ICR         0x20
#define RDR         0x24
#define TDR         0x28
#define PRESC       0x2c

#define CR1_UE      (1u << 0)
#define CR1_RE      (1u << 2)
#define CR1_TE      (1u << 3)
#define CR1_IDLEIE  (1u << 4)
#define CR1_RXNEIE  (1u << 5)
#define CR1_TCIE    (1u << 6)
#define CR1_TXEIE   (1u << 7)
#define CR1_PCE     (1u << 10)
#define CR1_M0      (1u << 12)
#define CR1_OVER8   (1u << 15)
#define CR1_RTOIE   (1u << 26)
#define CR1_M1      (1u << 28)
#define CR1_FIFOEN  (1u << 29)
#define CR1_TXFEIE  (1u << 30)
#define CR1_RXFFIE  (1u << 31)
#define CR1_ON      (CR1_UE | CR1_RE | CR1_TE)
#define CR2_RTOEN   (1u << 23)
#define CR3_TXFTIE  (1u << 23)
#define CR3_RXFTCFG(n)  ((n) << 25)
#define CR3_RXFTIE  (1u << 28)
#define CR3_TXFTCFG(n)  ((uint32_t)(n) << 29)
#define RQR_RXFRQ   (1u << 3)
#define RQR_TXFRQ   (1u << 4)
#define ISR_IDLE    (1u << 4)
#define ISR_RXFNE   (1u << 5)
#define ISR_TC      (1u << 6)
#define ISR_TXFNF   (1u << 7)
#define ISR_RTOF    (1u << 11)
#define ISR_CMF     (1u << 17)
#define ISR_TEACK   (1u << 21)
#define ISR_REACK   (1u << 22)
#define ISR_TXFE    (1u << 23)
#define ISR_RXFF    (1u << 24)
#define ISR_RXFT    (1u << 26)
#define ISR_TXFT    (1u << 27)

#define FIFO_SIZE   16
/* the kernel clock of UART4 after reset is the 64 MHz HSI */
#define UART_HZ     64000000
#define BRR_115200  0x22c
#define BIT_NS      (1000000000ull * BRR_115200 / UART_HZ)
#define FRAME_NS    (10 * BIT_NS)

static const unsigned threshold[] = { 2, 4, 8, 12, 14, 16 };

typedef struct Uart {
    QTestState *qts;
    int line;
} Uart;

static uint32_t rd(Uart *u, unsigned reg)
{
    return qtest_readl(u->qts, UART4 + reg);
}

static void wr(Uart *u, unsigned reg, uint32_t value)
{
    qtest_writel(u->qts, UART4 + reg, value);
}

static bool irq(Uart *u)
{
    return qtest_get_irq(u->qts, 0);
}

static void start(Uart *u)
{
    u->qts = qtest_init_with_serial(STM32MP1_MACHINE, &u->line);
    stm32mp1_enable_clocks(u->qts);
    qtest_irq_intercept_out_named(u->qts, STM32MP1_SOC "uart4", "sysbus-irq");
}

static void stop(Uart *u)
{
    qtest_quit(u->qts);
    close(u->line);
}

/* Configure from scratch. */
static void configure(Uart *u, uint32_t cr1, uint32_t cr2, uint32_t cr3)
{
    wr(u, CR1, 0);
    wr(u, BRR, BRR_115200);
    wr(u, CR2, cr2);
    wr(u, CR3, cr3);
    wr(u, CR1, cr1 & ~CR1_UE);
    wr(u, CR1, cr1);
}

/* Wait until a register's bits have a value. */
static void wait_for(Uart *u, unsigned reg, uint32_t mask, uint32_t value)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while ((rd(u, reg) & mask) != value) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

static void send_line(Uart *u, const char *text, size_t len)
{
    g_assert_cmpint(send(u->line, text, len, 0), ==, len);
}

/* Receive as many characters as expected and compare them. */
static void check_sent(Uart *u, const char *text, size_t len)
{
    g_autofree char *got = g_malloc(len);

    g_assert_cmpint(recv(u->line, got, len, MSG_WAITALL), ==, len);
    g_assert_cmpmem(got, len, text, len);
}

/* All is with the character device, and then it takes so many frames. */
static void check_complete(Uart *u, unsigned frames)
{
    wait_for(u, ISR, ISR_TXFNF, ISR_TXFNF);
    g_assert_cmphex(rd(u, ISR) & ISR_TC, ==, 0);
    qtest_clock_step(u->qts, frames * FRAME_NS - 1);
    g_assert_cmphex(rd(u, ISR) & ISR_TC, ==, 0);
    qtest_clock_step(u->qts, 1);
    g_assert_cmphex(rd(u, ISR) & ISR_TC, ==, ISR_TC);
}

static void test_registers(void)
{
    Uart u;

    start(&u);
    g_assert_cmphex(rd(&u, CR1), ==, CR1_ON | CR1_FIFOEN);
    g_assert_cmphex(rd(&u, BRR), ==, BRR_115200);
    g_assert_cmphex(rd(&u, ISR), ==, ISR_TXFE | ISR_TXFT | ISR_TEACK |
                    ISR_REACK | ISR_TXFNF | ISR_TC);
    wr(&u, CR1, 0);
    stm32mp1_check_mask(u.qts, UART4 + CR2, 0xffffff79);
    stm32mp1_check_mask(u.qts, UART4 + CR3, 0xfffeffff);
    stm32mp1_check_mask(u.qts, UART4 + BRR, 0xffff);
    stm32mp1_check_mask(u.qts, UART4 + GTPR, 0xffff);
    stm32mp1_check_mask(u.qts, UART4 + RTOR, 0xffffffff);
    stm32mp1_check_mask(u.qts, UART4 + PRESC, 0xf);
    g_assert_cmphex(rd(&u, RQR), ==, 0);
    g_assert_cmphex(rd(&u, ICR), ==, 0);
    stm32mp1_check_readonly(u.qts, UART4 + ISR, ISR_TXFNF | ISR_TC);
    stm32mp1_check_readonly(u.qts, UART4 + RDR, 0);
    stm32mp1_check_readonly(u.qts, UART4 + 0x3f0, 0x14);
    stm32mp1_check_readonly(u.qts, UART4 + 0x3f4, 0x23);
    stm32mp1_check_readonly(u.qts, UART4 + 0x3f8, 0x00130003);
    stm32mp1_check_readonly(u.qts, UART4 + 0x3fc, 0xa3c5dd01);

    /* the other ports come up disabled */
    g_assert_cmphex(qtest_readl(u.qts, USART3 + CR1), ==, 0);
    g_assert_cmphex(qtest_readl(u.qts, USART3 + BRR), ==, 0);
    g_assert_cmphex(qtest_readl(u.qts, USART3 + ISR), ==, ISR_TXFNF | ISR_TC);
    stop(&u);
}

/* What earlycon does: write and poll, nothing else. */
static void test_boot_console(void)
{
    static const char text[] = "Booting Linux on physical CPU 0x0\r\n";
    Uart u;

    start(&u);
    for (unsigned i = 0; i < strlen(text); i++) {
        wait_for(&u, ISR, ISR_TXFNF, ISR_TXFNF);
        wr(&u, TDR, text[i]);
    }
    check_sent(&u, text, strlen(text));
    /* what fits into the FIFO, and the one that is going out */
    check_complete(&u, FIFO_SIZE + 1);
    stop(&u);
}

static void test_enable(void)
{
    Uart u;

    start(&u);
    configure(&u, 0, 0, 0);
    g_assert_cmphex(rd(&u, ISR) & (ISR_TEACK | ISR_REACK), ==, 0);
    wr(&u, CR1, CR1_TE | CR1_RE);
    g_assert_cmphex(rd(&u, ISR) & (ISR_TEACK | ISR_REACK), ==, 0);
    wr(&u, CR1, CR1_TE | CR1_UE);
    g_assert_cmphex(rd(&u, ISR) & (ISR_TEACK | ISR_REACK), ==, ISR_TEACK);
    wr(&u, CR1, CR1_RE | CR1_UE);
    g_assert_cmphex(rd(&u, ISR) & (ISR_TEACK | ISR_REACK), ==, ISR_REACK);

    /* the transmitter waits for TE */
    wr(&u, CR1, CR1_UE);
    wr(&u, TDR, 'x');
    g_assert_cmphex(rd(&u, ISR) & (ISR_TXFNF | ISR_TC), ==, 0);
    wr(&u, CR1, CR1_UE | CR1_TE);
    /* after an idle frame */
    check_complete(&u, 2);
    check_sent(&u, "x", 1);

    /* and drops what is written while disabled */
    wr(&u, CR1, 0);
    wr(&u, TDR, 'y');
    wr(&u, CR1, CR1_UE | CR1_TE);
    wr(&u, TDR, 'z');
    check_sent(&u, "z", 1);

    /* FIFOEN cannot change while enabled */
    wr(&u, CR1, CR1_UE | CR1_TE | CR1_FIFOEN);
    g_assert_cmphex(rd(&u, CR1), ==, CR1_UE | CR1_TE);
    stop(&u);
}

static void test_word_length(void)
{
    static const struct {
        uint32_t cr1;
        uint16_t mask;
    } length[] = {
        { 0, 0xff }, { CR1_M0, 0xff }, { CR1_M1, 0x7f },
        { CR1_PCE, 0x7f }, { CR1_M0 | CR1_PCE, 0xff },
        { CR1_M1 | CR1_PCE, 0x3f },
    };
    Uart u;

    start(&u);
    for (unsigned i = 0; i < ARRAY_SIZE(length); i++) {
        char sent = length[i].mask;

        configure(&u, CR1_ON | length[i].cr1, 0, 0);
        wr(&u, TDR, 0x1ff);
        check_sent(&u, &sent, 1);
        send_line(&u, "\xff", 1);
        wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
        g_assert_cmphex(rd(&u, RDR), ==, length[i].mask);
    }
    stop(&u);
}

static void test_receive(void)
{
    Uart u;

    start(&u);
    /* one character at a time: the next comes when RDR is read */
    configure(&u, CR1_ON | CR1_RXNEIE, 0, 0);
    g_assert_false(irq(&u));
    send_line(&u, "hello", 5);
    for (unsigned i = 0; i < 5; i++) {
        wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
        g_assert_true(irq(&u));
        g_assert_cmphex(rd(&u, RDR), ==, "hello"[i]);
    }
    g_assert_cmphex(rd(&u, ISR) & ISR_RXFNE, ==, 0);
    g_assert_false(irq(&u));
    /* empty: the last character again */
    g_assert_cmphex(rd(&u, RDR), ==, 'o');

    /* what comes while disabled waits */
    wr(&u, CR1, CR1_UE | CR1_TE);
    send_line(&u, "w", 1);
    wr(&u, TDR, 't');
    check_sent(&u, "t", 1);
    g_assert_cmphex(rd(&u, ISR) & ISR_RXFNE, ==, 0);
    wr(&u, CR1, CR1_ON);
    wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
    g_assert_cmphex(rd(&u, RDR), ==, 'w');
    stop(&u);
}

/* More than the FIFO takes arrives at once; nothing may be lost. */
static void test_paste(void)
{
    enum { LEN = 2000 };
    char text[LEN];
    Uart u;

    for (unsigned i = 0; i < LEN; i++) {
        text[i] = i % 251;
    }
    start(&u);
    send_line(&u, text, LEN);
    for (unsigned i = 0; i < LEN; i++) {
        wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
        g_assert_cmphex(rd(&u, RDR), ==, (uint8_t)text[i]);
    }
    g_assert_cmphex(rd(&u, ISR) & ISR_RXFNE, ==, 0);
    stop(&u);
}

static void test_rx_threshold(void)
{
    static const char text[FIFO_SIZE] = "0123456789abcdef";
    Uart u;

    start(&u);
    for (unsigned cfg = 0; cfg < ARRAY_SIZE(threshold); cfg++) {
        configure(&u, CR1_ON | CR1_FIFOEN, 0, CR3_RXFTCFG(cfg) | CR3_RXFTIE);
        for (unsigned n = 1; n <= FIFO_SIZE; n++) {
            bool reached = n >= threshold[cfg];

            send_line(&u, &text[n - 1], 1);
            /* the character is in when the silence after it is over */
            wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
            if (n == 1 && !reached) {
                g_assert_cmphex(rd(&u, ISR) & ISR_RXFT, ==, 0);
                g_assert_false(irq(&u));
            }
            if (reached) {
                wait_for(&u, ISR, ISR_RXFT, ISR_RXFT);
                g_assert_true(irq(&u));
            }
        }
        wait_for(&u, ISR, ISR_RXFF, ISR_RXFF);
        for (unsigned left = FIFO_SIZE; left > 0; left--) {
            bool reached = left >= threshold[cfg];

            g_assert_cmpint(!!(rd(&u, ISR) & ISR_RXFT), ==, reached);
            g_assert_cmpint(!!(rd(&u, ISR) & ISR_RXFF), ==, left == FIFO_SIZE);
            g_assert_cmpint(irq(&u), ==, reached);
            g_assert_cmphex(rd(&u, RDR), ==, text[FIFO_SIZE - left]);
        }
        g_assert_cmphex(rd(&u, ISR) & ISR_RXFNE, ==, 0);
    }
    stop(&u);
}

static void test_rx_full_irq(void)
{
    Uart u;

    start(&u);
    configure(&u, CR1_ON | CR1_FIFOEN | CR1_RXFFIE, 0, 0);
    send_line(&u, "0123456789abcdef+", 17);
    wait_for(&u, ISR, ISR_RXFF, ISR_RXFF);
    g_assert_true(irq(&u));
    wr(&u, CR1, CR1_ON | CR1_FIFOEN);
    g_assert_false(irq(&u));
    wr(&u, RQR, RQR_RXFRQ);
    /* the flush makes room for the one that waited */
    wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
    g_assert_cmphex(rd(&u, RDR), ==, '+');
    stop(&u);
}

/* The transmitter is held by TE, so that the FIFO fills up. */
static void test_tx_threshold(void)
{
    static const char text[FIFO_SIZE] = "0123456789abcdef";
    const uint32_t cr1 = CR1_UE | CR1_FIFOEN;
    Uart u;

    start(&u);
    for (unsigned cfg = 0; cfg < ARRAY_SIZE(threshold); cfg++) {
        configure(&u, cr1, 0, CR3_TXFTCFG(cfg) | CR3_TXFTIE);
        for (unsigned n = 0; n <= FIFO_SIZE; n++) {
            bool reached = FIFO_SIZE - n >= threshold[cfg];
            uint32_t isr = rd(&u, ISR);

            g_assert_cmpint(!!(isr & ISR_TXFT), ==, reached);
            g_assert_cmpint(!!(isr & ISR_TXFE), ==, n == 0);
            g_assert_cmpint(!!(isr & ISR_TXFNF), ==, n < FIFO_SIZE);
            g_assert_cmpint(!!(isr & ISR_TC), ==, n == 0);
            g_assert_cmpint(irq(&u), ==, reached);
            /* the last one does not fit and is lost */
            wr(&u, TDR, n < FIFO_SIZE ? text[n] : '!');
        }
        wr(&u, CR1, cr1 | CR1_TE);
        check_sent(&u, text, FIFO_SIZE);
        check_complete(&u, FIFO_SIZE + 1);
        g_assert_true(irq(&u));
        wr(&u, CR3, CR3_TXFTCFG(cfg));
        g_assert_false(irq(&u));
    }
    stop(&u);
}

static void test_tx_irq(void)
{
    static const struct {
        uint32_t enable;
        bool idle, full;
    } source[] = {
        { CR1_TXEIE, true, false },
        { CR1_TCIE, true, false },
        { CR1_TXFEIE, true, false },
    };
    Uart u;

    start(&u);
    for (unsigned i = 0; i < ARRAY_SIZE(source); i++) {
        configure(&u, CR1_UE | CR1_FIFOEN, 0, 0);
        g_assert_false(irq(&u));
        wr(&u, CR1, CR1_UE | CR1_FIFOEN | source[i].enable);
        g_assert_cmpint(irq(&u), ==, source[i].idle);
        for (unsigned n = 0; n < FIFO_SIZE; n++) {
            wr(&u, TDR, 'a');
        }
        g_assert_cmpint(irq(&u), ==, source[i].full);
        wr(&u, RQR, RQR_TXFRQ);
        g_assert_cmpint(irq(&u), ==, source[i].enable != CR1_TCIE);
        /* the character that is going out is the last one */
        qtest_clock_step(u.qts, FRAME_NS);
        g_assert_cmpint(irq(&u), ==, source[i].idle);
        g_assert_cmphex(rd(&u, ISR) & ISR_TXFE, ==, ISR_TXFE);
        /* no interrupt from a disabled USART */
        wr(&u, CR1, CR1_FIFOEN | source[i].enable);
        g_assert_false(irq(&u));
    }
    /* the flushed characters were not sent */
    configure(&u, CR1_ON, 0, 0);
    wr(&u, TDR, 'b');
    check_sent(&u, "b", 1);
    check_complete(&u, 2);

    /* TC can be cleared, and returns with the next character */
    wr(&u, CR1, CR1_ON | CR1_TCIE);
    g_assert_true(irq(&u));
    wr(&u, ICR, ISR_TC);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
    g_assert_false(irq(&u));
    /* not with a write of CR1 or RQR that sends nothing */
    wr(&u, CR1, CR1_ON | CR1_TCIE | CR1_RXNEIE);
    wr(&u, RQR, RQR_TXFRQ);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
    g_assert_false(irq(&u));
    wr(&u, TDR, 'c');
    g_assert_false(irq(&u));
    check_complete(&u, 1);
    g_assert_true(irq(&u));
    /* ICR does not touch what follows from the FIFOs */
    wr(&u, ICR, 0xffffffff);
    g_assert_cmphex(rd(&u, ISR), ==, ISR_TXFNF | ISR_TEACK | ISR_REACK);

    /* but it does with the idle frame of a transmitter that is switched on */
    wr(&u, CR1, CR1_UE | CR1_TCIE);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
    wr(&u, CR1, CR1_UE | CR1_TE | CR1_TCIE);
    check_complete(&u, 1);
    g_assert_true(irq(&u));
    stop(&u);
}

/* From the first moment of TXFNF to TC: what is on the line, by the bit */
static void test_tc_time(void)
{
    static const struct {
        uint32_t cr1, cr2, brr, presc;
        unsigned chars;
        uint64_t ns;
    } timing[] = {
        { 0, 0, BRR_115200, 0, 1, 10 * BIT_NS },
        { CR1_M0, 0, BRR_115200, 0, 1, 11 * BIT_NS },
        { CR1_M1, 0, BRR_115200, 0, 1, 9 * BIT_NS },
        { CR1_PCE, 0, BRR_115200, 0, 1, 10 * BIT_NS },
        { CR1_M0 | CR1_PCE, 0, BRR_115200, 0, 1, 11 * BIT_NS },
        { 0, 1 << 12, BRR_115200, 0, 1, 19 * BIT_NS / 2 },
        { 0, 2 << 12, BRR_115200, 0, 1, 11 * BIT_NS },
        { 0, 3 << 12, BRR_115200, 0, 1, 21 * BIT_NS / 2 },
        { 0, 0, 64, 3, 1, 10 * 6000 },
        { CR1_OVER8, 0, 0x80, 0, 1, 10 * 1000 },
        /* one goes out, one waits: more cannot be left of them */
        { 0, 0, 64, 0, 2, 20 * 1000 },
        { 0, 0, 64, 0, 5, 20 * 1000 },
        { CR1_FIFOEN, 0, 64, 0, 1, 10 * 1000 },
        { CR1_FIFOEN, 0, 64, 0, 7, 70 * 1000 },
        { CR1_FIFOEN, 0, 64, 0, 40, 170 * 1000 },
    };
    Uart u;

    start(&u);
    for (unsigned i = 0; i < ARRAY_SIZE(timing); i++) {
        for (unsigned with_irq = 0; with_irq < 2; with_irq++) {
            uint32_t cr1 = CR1_ON | timing[i].cr1;

            g_test_message("case %u, TCIE %u", i, with_irq);
            configure(&u, cr1, timing[i].cr2, 0);
            wr(&u, CR1, cr1 & ~CR1_UE);
            wr(&u, BRR, timing[i].brr);
            wr(&u, PRESC, timing[i].presc);
            wr(&u, CR1, cr1);
            /* the idle frame is over */
            qtest_clock_step(u.qts, 1000 * 1000 * 1000);
            wr(&u, CR1, cr1 | (with_irq ? CR1_TCIE : 0));
            g_assert_cmpint(irq(&u), ==, with_irq);
            for (unsigned n = 0; n < timing[i].chars; n++) {
                char got;

                wr(&u, TDR, 'x');
                g_assert_cmphex(rd(&u, ISR) & (ISR_TXFNF | ISR_TC), ==,
                                ISR_TXFNF);
                g_assert_cmpint(recv(u.line, &got, 1, MSG_WAITALL), ==, 1);
            }
            g_assert_false(irq(&u));
            qtest_clock_step(u.qts, timing[i].ns - 1);
            g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
            g_assert_false(irq(&u));
            /* the flag is no event that is lost when it is not there yet */
            wr(&u, ICR, ISR_TC);
            qtest_clock_step(u.qts, 1);
            g_assert_cmpint(irq(&u), ==, with_irq);
            g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, ISR_TC);
            wr(&u, ICR, ISR_TC);
            qtest_clock_step(u.qts, 1000 * 1000 * 1000);
            g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
            g_assert_false(irq(&u));
            wr(&u, PRESC, 0);
        }
    }

    /* a character more: from the end of the one before it */
    configure(&u, CR1_ON, 0, 0);
    qtest_clock_step(u.qts, FRAME_NS);
    wr(&u, TDR, 'a');
    qtest_clock_step(u.qts, FRAME_NS / 2);
    wr(&u, TDR, 'b');
    qtest_clock_step(u.qts, FRAME_NS / 2);
    check_complete(&u, 1);

    /* it does not come while another one waits in the FIFO */
    configure(&u, CR1_ON | CR1_FIFOEN, 0, 0);
    qtest_clock_step(u.qts, FRAME_NS);
    for (unsigned n = 0; n < FIFO_SIZE; n++) {
        wr(&u, TDR, 'c');
    }
    wr(&u, CR1, CR1_UE | CR1_FIFOEN);
    wr(&u, TDR, 'd');
    qtest_clock_step(u.qts, FRAME_NS);
    g_assert_cmphex(rd(&u, ISR) & (ISR_TC | ISR_TXFE), ==, 0);
    /* thrown away, it is no more than the end of what is going out */
    wr(&u, RQR, RQR_TXFRQ);
    check_complete(&u, 1);
    wr(&u, TDR, 'e');
    qtest_clock_step(u.qts, 100 * FRAME_NS);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
    wr(&u, CR1, CR1_UE | CR1_TE | CR1_FIFOEN);
    check_complete(&u, 2);
    stop(&u);
}

/* TCIE may come and go while the last frame is on the line. */
static void test_tc_irq(void)
{
    Uart u;

    start(&u);
    configure(&u, CR1_ON, 0, 0);
    qtest_clock_step(u.qts, FRAME_NS);
    wr(&u, TDR, 'a');
    check_sent(&u, "a", 1);
    qtest_clock_step(u.qts, FRAME_NS - 1);
    wr(&u, CR1, CR1_ON | CR1_TCIE);
    g_assert_false(irq(&u));
    qtest_clock_step(u.qts, 1);
    g_assert_true(irq(&u));

    wr(&u, TDR, 'b');
    wr(&u, CR1, CR1_ON);
    qtest_clock_step(u.qts, 2 * FRAME_NS);
    g_assert_false(irq(&u));
    /* it is seen as soon as it is wanted */
    wr(&u, CR1, CR1_ON | CR1_TCIE);
    g_assert_true(irq(&u));

    /* without UE there is nothing to come, and TC is set */
    wr(&u, TDR, 'c');
    wr(&u, CR1, CR1_TCIE);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, ISR_TC);
    g_assert_false(irq(&u));
    wr(&u, CR1, CR1_UE | CR1_TCIE);
    wr(&u, ICR, ISR_TC);
    qtest_clock_step(u.qts, 2 * FRAME_NS);
    g_assert_false(irq(&u));

    /* nor after a reset */
    configure(&u, CR1_ON | CR1_TCIE, 0, 0);
    wr(&u, TDR, 'd');
    stm32mp1_system_reset(u.qts);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, ISR_TC);
    wr(&u, ICR, ISR_TC);
    qtest_clock_step(u.qts, 2 * FRAME_NS);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
    stop(&u);
}

/* The far end does not read: TXFNF stops the guest, and nothing is lost. */
static void test_back_pressure(void)
{
    g_autoptr(GString) sent = g_string_new(NULL);
    Uart u;

    start(&u);
    while (rd(&u, ISR) & ISR_TXFNF) {
        char c = 'a' + sent->len % 26;

        g_string_append_c(sent, c);
        wr(&u, TDR, c);
        g_assert_cmpuint(sent->len, <, 1u << 20);
    }
    g_assert_cmphex(rd(&u, ISR) & (ISR_TC | ISR_TXFE), ==, 0);
    check_sent(&u, sent->str, sent->len);
    wait_for(&u, ISR, ISR_TXFE, ISR_TXFE);
    check_complete(&u, FIFO_SIZE + 1);
    stop(&u);
}

static void step_to(Uart *u, int64_t from, int64_t at)
{
    qtest_clock_set(u->qts, from + at);
}

/* RTO and IDLE come when the line was silent for long enough, to the bit. */
static void test_silence(void)
{
    static const struct {
        uint32_t cr1, brr, presc, rto;
        uint64_t bit_ns;
    } timing[] = {
        { 0, BRR_115200, 0, 100, BIT_NS },
        { 0, BRR_115200, 0, 11, BIT_NS },
        { 0, BRR_115200, 3, 40, 1000000000ull * BRR_115200 * 6 / UART_HZ },
        { CR1_OVER8, 0x0043, 0, 50, 35 * 1000000000ull / UART_HZ },
    };
    Uart u;

    start(&u);
    for (unsigned i = 0; i < ARRAY_SIZE(timing); i++) {
        uint32_t cr1 = CR1_ON | CR1_FIFOEN | CR1_RTOIE | timing[i].cr1;
        uint64_t idle = 10 * timing[i].bit_ns;
        uint64_t rto = timing[i].rto * timing[i].bit_ns;
        int64_t t0;

        wr(&u, CR1, 0);
        wr(&u, BRR, timing[i].brr);
        wr(&u, PRESC, timing[i].presc);
        wr(&u, RTOR, timing[i].rto);
        wr(&u, CR2, CR2_RTOEN);
        wr(&u, CR3, CR3_RXFTCFG(2) | CR3_RXFTIE);
        wr(&u, CR1, cr1);
        send_line(&u, "A", 1);
        wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
        t0 = qtest_clock_step(u.qts, 1) - 1;

        step_to(&u, t0, idle - 1);
        g_assert_cmphex(rd(&u, ISR) & (ISR_IDLE | ISR_RTOF), ==, 0);
        step_to(&u, t0, idle + 8);
        g_assert_cmphex(rd(&u, ISR) & (ISR_IDLE | ISR_RTOF), ==, ISR_IDLE);
        step_to(&u, t0, rto - 1);
        g_assert_cmphex(rd(&u, ISR) & ISR_RTOF, ==, 0);
        g_assert_false(irq(&u));
        step_to(&u, t0, rto + 100);
        g_assert_cmphex(rd(&u, ISR) & ISR_RTOF, ==, ISR_RTOF);
        g_assert_true(irq(&u));

        /* once cleared it stays away until the next character */
        wr(&u, ICR, ISR_RTOF | ISR_IDLE);
        g_assert_false(irq(&u));
        g_assert_cmphex(rd(&u, RDR), ==, 'A');
        qtest_clock_step(u.qts, 10 * rto);
        g_assert_cmphex(rd(&u, ISR) & (ISR_IDLE | ISR_RTOF), ==, 0);

        send_line(&u, "B", 1);
        wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
        qtest_clock_step(u.qts, rto + 100);
        g_assert_true(irq(&u));
        g_assert_cmphex(rd(&u, RDR), ==, 'B');
        wr(&u, ICR, ISR_RTOF);
    }

    /* cleared with one in the FIFO, it comes again, until that is read */
    send_line(&u, "D", 1);
    wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t rto = timing[ARRAY_SIZE(timing) - 1].rto *
                       timing[ARRAY_SIZE(timing) - 1].bit_ns;

        qtest_clock_step(u.qts, rto + 100);
        g_assert_true(irq(&u));
        wr(&u, ICR, ISR_RTOF);
        g_assert_false(irq(&u));
        qtest_clock_step(u.qts, rto / 2);
        g_assert_false(irq(&u));
    }
    g_assert_cmphex(rd(&u, RDR), ==, 'D');
    qtest_clock_step(u.qts, 1000 * BIT_NS);
    g_assert_cmphex(rd(&u, ISR) & ISR_RTOF, ==, 0);

    /* no timeout without RTOEN; IDLE has an interrupt of its own */
    configure(&u, CR1_ON | CR1_FIFOEN | CR1_RTOIE | CR1_IDLEIE, 0, 0);
    wr(&u, PRESC, 0);
    wr(&u, RTOR, 20);
    send_line(&u, "C", 1);
    wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
    g_assert_false(irq(&u));
    qtest_clock_step(u.qts, 1000 * BIT_NS);
    g_assert_cmphex(rd(&u, ISR) & (ISR_IDLE | ISR_RTOF), ==, ISR_IDLE);
    g_assert_true(irq(&u));
    stop(&u);
}

static void test_character_match(void)
{
    Uart u;

    start(&u);
    configure(&u, CR1_ON | CR1_FIFOEN | (1u << 14), (uint32_t)'Q' << 24, 0);
    send_line(&u, "P", 1);
    wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
    g_assert_cmphex(rd(&u, ISR) & ISR_CMF, ==, 0);
    send_line(&u, "Q", 1);
    wait_for(&u, ISR, ISR_CMF, ISR_CMF);
    g_assert_true(irq(&u));
    wr(&u, ICR, ISR_CMF);
    g_assert_false(irq(&u));
    stop(&u);
}

/* Clearing UE empties the FIFOs and resets the flags. */
static void test_disable(void)
{
    Uart u;

    start(&u);
    configure(&u, CR1_UE | CR1_RE | CR1_FIFOEN, 0, 0);
    wr(&u, TDR, 'x');
    send_line(&u, "abc", 3);
    wait_for(&u, ISR, ISR_RXFNE, ISR_RXFNE);
    qtest_clock_step(u.qts, 1000 * BIT_NS);
    wr(&u, CR1, 0);
    g_assert_cmphex(rd(&u, ISR), ==, ISR_TXFNF | ISR_TC);
    wr(&u, CR1, CR1_ON | CR1_FIFOEN);
    wr(&u, TDR, 'y');
    check_sent(&u, "y", 1);
    stop(&u);
}

static void test_reset(void)
{
    Uart u;

    start(&u);
    configure(&u, CR1_ON | CR1_RXNEIE | CR1_TCIE, CR2_RTOEN, CR3_RXFTIE);
    wr(&u, RTOR, 77);
    g_assert_true(irq(&u));
    stm32mp1_system_reset(u.qts);
    g_assert_false(irq(&u));
    g_assert_cmphex(rd(&u, CR1), ==, CR1_ON | CR1_FIFOEN);
    g_assert_cmphex(rd(&u, CR2), ==, 0);
    g_assert_cmphex(rd(&u, CR3), ==, 0);
    g_assert_cmphex(rd(&u, RTOR), ==, 0);
    g_assert_cmphex(rd(&u, BRR), ==, BRR_115200);
    stop(&u);
}

static void test_any_access(void)
{
    QTestState *qts = stm32mp1_init();

    stm32mp1_check_any_access(qts, USART3);
    g_assert_cmphex(qtest_readl(qts, USART3 + CR1), ==, 0);
    stm32mp1_check_any_access(qts, UART4);
    g_assert_cmphex(qtest_readl(qts, UART4 + CR1), ==, CR1_ON | CR1_FIFOEN);
    qtest_quit(qts);
}

static void test_migration(void)
{
    Uart u;

    start(&u);
    configure(&u, CR1_UE | CR1_RE | CR1_FIFOEN, CR2_RTOEN, CR3_RXFTCFG(1));
    wr(&u, RTOR, 500);
    send_line(&u, "wxyz", 4);
    wait_for(&u, ISR, ISR_RXFT, ISR_RXFT);
    g_assert_cmphex(rd(&u, RDR), ==, 'w');
    wr(&u, TDR, 'o');
    u.qts = stm32mp1_migrate(u.qts);
    close(u.line);
    g_assert_cmphex(rd(&u, CR1), ==, CR1_UE | CR1_RE | CR1_FIFOEN);
    g_assert_cmphex(rd(&u, RTOR), ==, 500);
    g_assert_cmphex(rd(&u, ISR) & (ISR_TXFE | ISR_TC | ISR_RXFT), ==, 0);
    g_assert_cmphex(rd(&u, RDR), ==, 'x');
    g_assert_cmphex(rd(&u, RDR), ==, 'y');
    g_assert_cmphex(rd(&u, RDR), ==, 'z');
    g_assert_cmphex(rd(&u, ISR) & (ISR_RXFNE | ISR_RTOF), ==, 0);
    qtest_clock_step(u.qts, 501 * BIT_NS);
    g_assert_cmphex(rd(&u, ISR) & ISR_RTOF, ==, ISR_RTOF);

    /* nothing is sent because of the migration */
    configure(&u, CR1_ON, 0, 0);
    qtest_clock_step(u.qts, FRAME_NS);
    wr(&u, ICR, ISR_TC);
    u.qts = stm32mp1_migrate(u.qts);
    g_assert_cmphex(rd(&u, CR1), ==, CR1_ON);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);

    /* what is on the line stays there, with its interrupt */
    qtest_clock_set(u.qts, 1000 * FRAME_NS);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
    wr(&u, CR1, CR1_ON | CR1_TCIE);
    wr(&u, TDR, 'e');
    u.qts = stm32mp1_migrate(u.qts);
    qtest_irq_intercept_out_named(u.qts, STM32MP1_SOC "uart4", "sysbus-irq");
    qtest_clock_set(u.qts, 1001 * FRAME_NS - 1);
    g_assert_cmphex(rd(&u, ISR) & ISR_TC, ==, 0);
    g_assert_false(irq(&u));
    qtest_clock_set(u.qts, 1001 * FRAME_NS);
    g_assert_true(irq(&u));
    qtest_quit(u.qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/usart/registers", test_registers);
    qtest_add_func("stm32mp1/usart/boot_console", test_boot_console);
    qtest_add_func("stm32mp1/usart/enable", test_enable);
    qtest_add_func("stm32mp1/usart/word_length", test_word_length);
    qtest_add_func("stm32mp1/usart/receive", test_receive);
    qtest_add_func("stm32mp1/usart/paste", test_paste);
    qtest_add_func("stm32mp1/usart/rx_threshold", test_rx_threshold);
    qtest_add_func("stm32mp1/usart/rx_full_irq", test_rx_full_irq);
    qtest_add_func("stm32mp1/usart/tx_threshold", test_tx_threshold);
    qtest_add_func("stm32mp1/usart/tx_irq", test_tx_irq);
    qtest_add_func("stm32mp1/usart/tc_time", test_tc_time);
    qtest_add_func("stm32mp1/usart/tc_irq", test_tc_irq);
    qtest_add_func("stm32mp1/usart/back_pressure", test_back_pressure);
    qtest_add_func("stm32mp1/usart/silence", test_silence);
    qtest_add_func("stm32mp1/usart/character_match", test_character_match);
    qtest_add_func("stm32mp1/usart/disable", test_disable);
    qtest_add_func("stm32mp1/usart/reset", test_reset);
    qtest_add_func("stm32mp1/usart/any_access", test_any_access);
    qtest_add_func("stm32mp1/usart/migration", test_migration);
    return g_test_run();
}
