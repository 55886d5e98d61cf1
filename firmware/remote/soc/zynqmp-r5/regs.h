/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef ZYNQMP_R5_REGS_H
#define ZYNQMP_R5_REGS_H

#include <stdint.h>

/* Registers as UG1087 names them; only those in use. */
#define REG(addr) (*(volatile uint32_t *)(addr))
#define BIT(n) (1UL << (n))

#define CRASH_FAULT "dfsr 0x%x ifsr 0x%x dfar 0x%x"

/* UART1, the console of core 0. */
#define UART_CR REG(0xFF010000U)
#define UART_CR_TXRST BIT(1)
#define UART_CR_TXEN BIT(4)
#define UART_MR REG(0xFF010004U)
#define UART_MR_8N1 0x20U
#define UART_IER REG(0xFF010008U)
#define UART_IDR REG(0xFF01000CU)
#define UART_ISR REG(0xFF010014U)
#define UART_BAUDGEN REG(0xFF010018U)
#define UART_SR REG(0xFF01002CU)
#define UART_FIFO REG(0xFF010030U)
#define UART_BDIV REG(0xFF010034U)
#define UART_IXR_TXEMPTY BIT(3)
#define UART_SR_TXEMPTY BIT(3)
#define UART_SR_TXFULL BIT(4)

/* Interrupts between processors: the agent of each core. */
#define IPI(core, reg) REG(0xFF310000U + (0x10000U * (core)) + (reg))
#define IPI_TRIG 0x00U
#define IPI_OBS 0x04U
#define IPI_ISR 0x10U
#define IPI_IER 0x18U
#define IPI_IDR 0x1CU
#define IPI_APU BIT(0)
#define IPI_RPU(core) BIT(8U + (core))
#define IPI_ALL 0x0F0F0301U

/* The first timer of TTC0 for core 0, of TTC1 for core 1; TTC_SECOND on are the
 * registers of the next one. */
#define TTC(core, reg) REG(0xFF110000U + (0x10000U * (core)) + (reg))
#define TTC_SECOND 0x04U
#define TTC_CLK_CNTRL 0x00U
#define TTC_CNT_CNTRL 0x0CU
#define TTC_CNT_CNTRL_DIS BIT(0)
#define TTC_CNT_CNTRL_INT BIT(1)
#define TTC_CNT_CNTRL_MATCH BIT(3)
#define TTC_CNT_CNTRL_RST BIT(4)
#define TTC_CNT_CNTRL_WAVE_DIS BIT(5)
#define TTC_CNT_VALUE 0x18U
#define TTC_INTERVAL 0x24U
#define TTC_MATCH_0 0x30U
#define TTC_ISR 0x54U
#define TTC_IER 0x60U
#define TTC_IXR_INTERVAL BIT(0)
#define TTC_IXR_MATCH_0 BIT(1)

#define CRL_APB_RST_LPD_TOP REG(0xFF5E023CU)

/* The GIC of the RPU (PL-390). */
#define GICD_CTLR REG(0xF9000000U)
#define GICD_ISENABLER(n) REG(0xF9000100U + (4U * (n)))
#define GICD_ICENABLER(n) REG(0xF9000180U + (4U * (n)))
#define GICD_ISACTIVER(n) REG(0xF9000300U + (4U * (n)))
#define GICD_ICPENDR(n) REG(0xF9000280U + (4U * (n)))
#define GICD_IPRIORITYR(irq) (*(volatile uint8_t *)(0xF9000400U + (irq)))
#define GICD_ITARGETSR(irq) (*(volatile uint8_t *)(0xF9000800U + (irq)))
#define GICC_CTLR REG(0xF9001000U)
#define GICC_PMR REG(0xF9001004U)
#define GICC_IAR REG(0xF900100CU)
#define GICC_EOIR REG(0xF9001010U)
#define GICC_IAR_ID 0x3FFU

/* Shared peripheral interrupts begin at 32. */
#define SPI(n) (32U + (n))
#define IRQ_IPI(core) SPI(33U + (core))
#define IRQ_TTC(core) SPI(36U + (3U * (core)))
#define IRQ_TTC_SECOND(core) (IRQ_TTC(core) + 1U)
#define IRQ_UART1 SPI(22U)

#endif
