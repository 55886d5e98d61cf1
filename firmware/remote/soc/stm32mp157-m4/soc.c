/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Clocks, the IPCC mailbox, the console on USART3, the watchdog. */

#include "soc/soc.h"

#include "os/os.h"
#include "port.h"
#include "regs.h"
#include "soc/common.h"

/* Mailbox channels, as the device tree gives them to Linux. */
#define CH_SHUTDOWN 2U
#define CH_DETACH 3U
#define CH_VRINGS (BIT(0) | BIT(1))

/* 115200 baud from pclk1 as the boot firmware leaves it: 104.439 MHz. */
#define BRR_115200 907U

static volatile uint32_t kicks; /* channels to signal once they are free */

void ipcc_rx_handler(void);
void ipcc_tx_handler(void);
void usart3_handler(void);

/*
 * The host's signals. A kick is acknowledged before anyone looks at the rings,
 * so that a later one is a new interrupt. Requests stay unacknowledged (and
 * masked) until soc_ack().
 */
void ipcc_rx_handler(void)
{
    uint32_t status = IPCC_C1TOC2SR & ~IPCC_C2MR & IPCC_ALL;

    IPCC_C2MR |= status & ~CH_VRINGS;
    IPCC_C2SCR = status & CH_VRINGS;
    os_notify((((status & CH_VRINGS) != 0U) ? EVENT_VRING : 0U) |
              (((status & BIT(CH_SHUTDOWN)) != 0U) ? EVENT_SHUTDOWN : 0U) |
              (((status & BIT(CH_DETACH)) != 0U) ? EVENT_DETACH : 0U));
}

void soc_ack(uint32_t event)
{
    uint32_t ch = (event == EVENT_SHUTDOWN) ? CH_SHUTDOWN : CH_DETACH;
    uint32_t key = amp_lock();

    IPCC_C2SCR = BIT(ch);
    IPCC_C2MR &= ~BIT(ch);
    amp_unlock(key);
}

/*
 * A channel that is still occupied must not be signalled again: the host could
 * have looked at the ring already and be about to clear the old signal. So wait
 * for the interrupt that says it is free.
 */
void amp_kick(uint32_t vring)
{
    uint32_t key = amp_lock();

    if ((IPCC_C2TOC1SR & BIT(vring)) != 0U) {
        kicks |= BIT(vring);
        IPCC_C2MR &= ~IPCC_TX(vring);
    } else {
        IPCC_C2SCR = IPCC_TX(vring);
    }
    amp_unlock(key);
}

void ipcc_tx_handler(void)
{
    uint32_t ready = kicks & ~IPCC_C2TOC1SR;

    kicks &= ~ready;
    IPCC_C2MR |= ready << 16;
    IPCC_C2SCR = ready << 16;
}

void soc_console_wake(void) { USART3_CR1 |= USART_CR1_TXFNFIE; }

bool soc_console_sent(void) { return (USART3_ISR & USART_ISR_TC) != 0U; }

void soc_console_send(void)
{
    while (!console_is_empty() && ((USART3_ISR & USART_ISR_TXFNF) != 0U)) {
        USART3_TDR = console_take();
    }
    if (console_is_empty()) {
        USART3_CR1 &= ~USART_CR1_TXFNFIE;
    }
}

void usart3_handler(void) { soc_console_send(); }

static void console_init(void)
{
    RCC_MC_AHB4ENSETR = RCC_MC_AHB4ENSETR_GPIOBEN;
    RCC_MC_APB1ENSETR = RCC_MC_APB1ENSETR_USART3EN;
    /* PB10 is USART3_TX as alternate function 7. */
    GPIOB_AFRH = (GPIOB_AFRH & ~(0xFUL << 8)) | (7UL << 8);
    GPIOB_MODER = (GPIOB_MODER & ~(3UL << 20)) | (2UL << 20);
    USART3_CR1 = 0U;
    USART3_CR3 = 0U;
    USART3_BRR = BRR_115200;
    USART3_CR1 = USART_CR1_FIFOEN | USART_CR1_TE;
    USART3_CR1 |= USART_CR1_UE;
}

void soc_init(void)
{
    console_init();
    RCC_MC_AHB3ENSETR = RCC_MC_AHB3ENSETR_IPCCEN;
    /* Signals of an earlier life are stale. Whoever has just come up polls once
     * before it sleeps, so no kick is lost by this. */
    IPCC_C2MR = IPCC_ALL | (IPCC_ALL << 16);
    IPCC_C2SCR = IPCC_ALL;
    IPCC_C2CR = IPCC_CR_RXOIE | IPCC_CR_TXFIE;
    IPCC_C2MR &= ~(CH_VRINGS | BIT(CH_SHUTDOWN) | BIT(CH_DETACH));
    irq_enable(IRQ_USART3);
    irq_enable(IRQ_IPCC_RX1);
    irq_enable(IRQ_IPCC_TX1);
}

/* The 24 bits of SysTick hold 80 ms. */
void soc_tick(uint32_t ms)
{
    SYST_RVR = (AMP_CORE_HZ / 1000U * ms) - 1U;
    SYST_CVR = 0U;
    SYST_CSR = SYST_CSR_CLKSOURCE | SYST_CSR_TICKINT | SYST_CSR_ENABLE;
}

void soc_watchdog_start(void)
{
    RCC_MC_APB1ENSETR = RCC_MC_APB1ENSETR_WWDG1EN;
    WWDG1_CFR = (7UL << 11) | 0x7FU; /* pclk1 / 4096 / 128, no window */
    WWDG1_CR = WWDG_CR_WDGA | 0x7FU; /* 64 steps: 0.32 s */
}
