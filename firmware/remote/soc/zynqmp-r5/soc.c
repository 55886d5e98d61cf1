/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Interrupts, those between processors, the console on UART1, the timer. */

#include "soc/soc.h"

#include "os/os.h"
#include "port.h"
#include "regs.h"
#include "soc/common.h"
#include "timer.h"

/* In counts of the timer: what is due differs from what is not by the sign. */
#define LONGEST_SLEEP (1UL << 30)

static uint32_t period; /* of the tick, in counts of the timer; 0: none */
static uint32_t next;   /* when the next one is due */

/* Who sends signals: the host, and the other core. */
#define IPI_USED (IPI_APU | IPI_RPU(1U - amp_core()))

extern uint32_t ld_table_start[], ld_table_end[];

void irq_handler(void);

/*
 * The signal of the host, or of the other core. It is acknowledged before
 * anyone looks at the rings, so that a later one is a new interrupt. The host
 * has no others: it takes the core away without a word.
 */
static void ipi_handler(void)
{
    uint32_t status = IPI(amp_core(), IPI_ISR);

    IPI(amp_core(), IPI_ISR) = status;
    if ((status & IPI_USED) != 0U) {
        os_notify(EVENT_VRING);
    }
}

void soc_ack(uint32_t event) { (void)event; }

/*
 * A signal that still stands is no other one when it is sent again. Linux means
 * to acknowledge it before it looks at the rings, but its mailboxes (6.12.118,
 * 7.3) can put that off, so that one sent in between would be lost: it is sent
 * once more when the first has been acknowledged. Nothing tells when that is.
 */
void amp_kick(uint32_t vring)
{
    uint32_t key = amp_lock();

    (void)vring;
    if ((IPI(amp_core(), IPI_OBS) & IPI_APU) != 0U) {
        TTC(amp_core(), TTC_CNT_CNTRL + TTC_SECOND) =
            TTC_CNT_CNTRL_WAVE_DIS | TTC_CNT_CNTRL_INT | TTC_CNT_CNTRL_RST;
    }
    IPI(amp_core(), IPI_TRIG) = IPI_APU;
    amp_unlock(key);
}

/* The other core acknowledges before it looks at the rings: a signal that still
 * stands serves for this one, too. */
void amp_kick_peer(void)
{
    IPI(amp_core(), IPI_TRIG) = IPI_RPU(1U - amp_core());
}

static void kick_again_handler(void)
{
    (void)TTC(amp_core(), TTC_ISR + TTC_SECOND);
    if ((IPI(amp_core(), IPI_OBS) & IPI_APU) == 0U) {
        TTC(amp_core(), TTC_CNT_CNTRL + TTC_SECOND) =
            TTC_CNT_CNTRL_WAVE_DIS | TTC_CNT_CNTRL_DIS;
        IPI(amp_core(), IPI_TRIG) = IPI_APU;
    }
}

/* The second core has no console: what it says is dropped. */
void soc_console_wake(void)
{
    if (amp_core() == 0U) {
        UART_IER = UART_IXR_TXEMPTY;
    } else {
        soc_console_send();
    }
}

bool soc_console_sent(void)
{
    return (amp_core() != 0U) || ((UART_SR & UART_SR_TXEMPTY) != 0U);
}

void soc_console_send(void)
{
    while (!console_is_empty() &&
           ((amp_core() != 0U) || ((UART_SR & UART_SR_TXFULL) == 0U))) {
        uint8_t c = console_take();

        if (amp_core() == 0U) {
            UART_FIFO = c;
        }
    }
}

static void uart_handler(void)
{
    soc_console_send();
    if (console_is_empty()) {
        UART_IDR = UART_IXR_TXEMPTY;
    }
    UART_ISR = UART_IXR_TXEMPTY;
}

static void console_init(void)
{
    UART_IDR = UINT32_MAX;
    UART_CR = UART_CR_TXRST;
    UART_MR = UART_MR_8N1;
    UART_BAUDGEN = 124U; /* 100 MHz / 124 / 7: 115200 baud */
    UART_BDIV = 6U;
    UART_CR = UART_CR_TXEN;
}

static bool is_due(void)
{
    return (int32_t)(TTC(amp_core(), TTC_CNT_VALUE) - next) >= 0;
}

/* Have the timer say when the next tick is due: at once if it is by now. A
 * match that has gone by while it was written would come in 43 s only. */
static void arm(void)
{
    uint32_t when = next;
    uint32_t margin = 0U;

    for (;;) {
        TTC(amp_core(), TTC_MATCH_0) = when;
        if ((int32_t)(TTC(amp_core(), TTC_CNT_VALUE) - when) < 0) {
            return;
        }
        margin += 1000U;
        when = TTC(amp_core(), TTC_CNT_VALUE) + margin;
    }
}

static void timer_handler(void)
{
    (void)TTC(amp_core(), TTC_ISR);
    while (is_due()) {
        next += period;
        os_tick_handler();
    }
    arm();
}

/* The counter runs freely, so that no time is lost from tick to tick. */
void soc_tick(uint32_t ms)
{
    period = AMP_TIMER_HZ / 1000U * ms;
    next = TTC(amp_core(), TTC_CNT_VALUE) + period;
    TTC(amp_core(), TTC_IER) = TTC_IXR_MATCH_0;
    arm();
}

uint32_t soc_tick_sleep(uint32_t ticks)
{
    uint32_t first = next;
    uint32_t slept = 0U;

    if (ticks > (LONGEST_SLEEP / period)) {
        ticks = LONGEST_SLEEP / period;
    }
    next += (ticks - 1U) * period;
    arm();
    __asm volatile("dsb\n\twfi" ::: "memory");
    (void)TTC(amp_core(), TTC_ISR);
    next = first;
    while ((slept < (ticks - 1U)) && is_due()) {
        next += period;
        slept++;
    }
    arm();
    return slept;
}

static void timer_stop(uint32_t timer)
{
    TTC(amp_core(), TTC_CNT_CNTRL + timer) =
        TTC_CNT_CNTRL_WAVE_DIS | TTC_CNT_CNTRL_DIS | TTC_CNT_CNTRL_RST;
    TTC(amp_core(), TTC_CLK_CNTRL + timer) = 0U;
    TTC(amp_core(), TTC_IER + timer) = 0U;
    (void)TTC(amp_core(), TTC_ISR + timer);
}

static void timer_init(void)
{
    period = 0U;
    timer_stop(0U);
    TTC(amp_core(), TTC_CNT_CNTRL) =
        TTC_CNT_CNTRL_WAVE_DIS | TTC_CNT_CNTRL_MATCH;
    timer_stop(TTC_SECOND);
    TTC(amp_core(), TTC_INTERVAL + TTC_SECOND) = AMP_TIMER_HZ / 1000U;
    TTC(amp_core(), TTC_IER + TTC_SECOND) = TTC_IXR_INTERVAL;
}

void irq_handler(void)
{
    uint32_t iar = GICC_IAR;
    uint32_t irq = iar & GICC_IAR_ID;

    if (irq == IRQ_IPI(amp_core())) {
        ipi_handler();
    } else if (irq == IRQ_TTC(amp_core())) {
        timer_handler();
    } else if (irq == IRQ_TTC_SECOND(amp_core())) {
        kick_again_handler();
    } else if (irq == IRQ_UART1) {
        uart_handler();
    } else {
        return; /* spurious */
    }
    GICC_EOIR = iar;
}

/* An earlier life may have ended within an interrupt. */
static void irq_enable(uint32_t irq)
{
    uint32_t n = irq / 32U;
    uint32_t bit = BIT(irq % 32U);

    GICD_ICENABLER(n) = bit;
    if ((GICD_ISACTIVER(n) & bit) != 0U) {
        GICC_EOIR = irq;
    }
    GICD_ICPENDR(n) = bit;
    GICD_IPRIORITYR(irq) = 0x80U;
    GICD_ITARGETSR(irq) = (uint8_t)BIT(amp_core());
    GICD_ISENABLER(n) = bit;
}

/* In DDR, where Linux looks for it: the beginning of the core's first
 * memory-region (xlnx_r5_remoteproc, struct rsc_tbl_data). */
#define TABLE_PLACE (0x3ED00000U + (0x200000U * amp_core()))
#define TABLE_MAGIC 0x78616D70U /* "xamp" */

/* Tell a Linux that finds this core running where its resource table is, as
 * Linux sees the BTCM. */
static void announce_table(void)
{
    volatile uint32_t *place = (volatile uint32_t *)(uintptr_t)TABLE_PLACE;
    uint32_t size =
        (uint32_t)((uintptr_t)ld_table_end - (uintptr_t)ld_table_start);

    place[0] = 1U;
    place[1] = (size != 0U) ? TABLE_MAGIC : 0U;
    place[2] = ~TABLE_MAGIC;
    place[3] = size;
    place[4] = (amp_core() == 0U) ? 0xFFE20000U : 0xFFEB0000U;
    place[5] = 0U;
    amp_mb();
}

void soc_init(void)
{
    announce_table();
    GICC_CTLR = 0U;
    GICC_PMR = 0xFFU;
    GICD_CTLR = 1U;
    if (amp_core() == 0U) {
        console_init();
        irq_enable(IRQ_UART1);
    }
    timer_init();
    irq_enable(IRQ_TTC(amp_core()));
    irq_enable(IRQ_TTC_SECOND(amp_core()));
    /* Signals of an earlier life are stale. Whoever has just come up polls once
     * before it sleeps, so no kick is lost by this. */
    IPI(amp_core(), IPI_IDR) = IPI_ALL;
    IPI(amp_core(), IPI_ISR) = IPI_ALL;
    irq_enable(IRQ_IPI(amp_core()));
    IPI(amp_core(), IPI_IER) = IPI_USED;
    GICC_CTLR = 1U;
}

/* The SWDT is not this firmware's: who starts the core watches it. */
void soc_watchdog_start(void) {}

/* This core has no way to be let go again: that is the host's. */
void soc_reset(void)
{
    CRL_APB_RST_LPD_TOP |= BIT(amp_core());
    soc_hang();
}
