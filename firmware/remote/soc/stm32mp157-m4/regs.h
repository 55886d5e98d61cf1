/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef STM32MP157_M4_REGS_H
#define STM32MP157_M4_REGS_H

#include <stdint.h>

/* Registers as RM0436 names them; only those in use. */
#define REG(addr) (*(volatile uint32_t *)(addr))
#define BIT(n) (1UL << (n))

#define CRASH_FAULT "cfsr 0x%x hfsr 0x%x bfar 0x%x"

#define RCC_MC_APB1ENSETR REG(0x50000A80U)
#define RCC_MC_APB1ENSETR_USART3EN BIT(15)
#define RCC_MC_APB1ENSETR_WWDG1EN BIT(28)
#define RCC_MC_AHB3ENSETR REG(0x50000AA0U)
#define RCC_MC_AHB3ENSETR_IPCCEN BIT(12)
#define RCC_MC_AHB4ENSETR REG(0x50000AA8U)
#define RCC_MC_AHB4ENSETR_GPIOBEN BIT(1)
#define RCC_MC_RSTSCLRR REG(0x50000C00U)
#define RCC_MC_RSTSCLRR_MCSYSRSTF BIT(7)
#define RCC_MC_RSTSCLRR_WWDG1RSTF BIT(10)

#define GPIOB_MODER REG(0x50003000U)
#define GPIOB_AFRH REG(0x50003024U)

#define USART3_CR1 REG(0x4000F000U)
#define USART3_CR3 REG(0x4000F008U)
#define USART3_BRR REG(0x4000F00CU)
#define USART3_ISR REG(0x4000F01CU)
#define USART3_TDR REG(0x4000F028U)
#define USART_CR1_UE BIT(0)
#define USART_CR1_TE BIT(3)
#define USART_CR1_TXFNFIE BIT(7)
#define USART_CR1_FIFOEN BIT(29)
#define USART_ISR_TC BIT(6)
#define USART_ISR_TXFNF BIT(7)

/* The M4 is processor 2 of the IPCC. */
#define IPCC_C1TOC2SR REG(0x4C00100CU)
#define IPCC_C2CR REG(0x4C001010U)
#define IPCC_C2MR REG(0x4C001014U)
#define IPCC_C2SCR REG(0x4C001018U)
#define IPCC_C2TOC1SR REG(0x4C00101CU)
#define IPCC_CR_RXOIE BIT(0)
#define IPCC_CR_TXFIE BIT(16)
#define IPCC_TX(ch) BIT(16U + (ch))
#define IPCC_ALL 0x3FU

#define WWDG1_CR REG(0x4000A000U)
#define WWDG1_CFR REG(0x4000A004U)
#define WWDG_CR_WDGA BIT(7)

/* Armv7-M system control. */
#define NVIC_ISER(n) REG(0xE000E100U + (4U * (n)))
#define NVIC_ICER(n) REG(0xE000E180U + (4U * (n)))
#define NVIC_ICPR(n) REG(0xE000E280U + (4U * (n)))
#define NVIC_IPR(irq) (*(volatile uint8_t *)(0xE000E400U + (irq)))
#define SYST_CSR REG(0xE000E010U)
#define SYST_CSR_ENABLE BIT(0)
#define SYST_CSR_TICKINT BIT(1)
#define SYST_CSR_CLKSOURCE BIT(2)
#define SYST_RVR REG(0xE000E014U)
#define SYST_CVR REG(0xE000E018U)
#define SCB_ICSR REG(0xE000ED04U)
#define SCB_ICSR_PENDSTCLR BIT(25)
#define SCB_ICSR_PENDSVCLR BIT(27)
#define SCB_AIRCR REG(0xE000ED0CU)
#define SCB_AIRCR_VECTKEY (0x05FAUL << 16)
#define SCB_AIRCR_SYSRESETREQ BIT(2)
#define SCB_CFSR REG(0xE000ED28U)
#define SCB_HFSR REG(0xE000ED2CU)
#define SCB_MMFAR REG(0xE000ED34U)
#define SCB_BFAR REG(0xE000ED38U)

#define IRQ_USART3 39U
#define IRQ_IPCC_RX1 103U
#define IRQ_IPCC_TX1 104U
#define IRQ_COUNT 150U

/* All interrupts have one priority, low enough to call FreeRTOS from. */
#define IRQ_PRIORITY 0xC0U

static inline void irq_enable(uint32_t irq)
{
    NVIC_IPR(irq) = IRQ_PRIORITY;
    NVIC_ISER(irq / 32U) = BIT(irq % 32U);
}

#endif
