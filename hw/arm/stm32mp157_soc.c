/*
 * STM32MP157 SoC: two Cortex-A7, one Cortex-M4
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * STM32MP157 reference manual (RM0436), chapters "Memory and bus architecture",
 * "Interrupt list". The A7s see the system memory. The M4 sees the same
 * peripherals and memories, some of them at more addresses, and its own view of
 * HSEM, which answers by the core that asks.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "hw/adc/stm32mp1_adc.h"
#include "hw/arm/stm32mp157_soc.h"
#include "hw/char/stm32mp1_usart.h"
#include "hw/dma/stm32mp1_dma.h"
#include "hw/dma/stm32mp1_dmamux.h"
#include "hw/dma/stm32mp1_mdma.h"
#include "hw/gpio/stm32l4x5_gpio.h"
#include "hw/i2c/stm32f7_i2c.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_bsec.h"
#include "hw/misc/stm32mp1_cryp.h"
#include "hw/misc/stm32mp1_crc.h"
#include "hw/misc/stm32mp1_dac.h"
#include "hw/misc/stm32mp1_dbgmcu.h"
#include "hw/misc/stm32mp1_ddrctrl.h"
#include "hw/misc/stm32mp1_ddrphyc.h"
#include "hw/misc/stm32mp1_etzpc.h"
#include "hw/misc/stm32mp1_exti.h"
#include "hw/misc/stm32mp1_hash.h"
#include "hw/misc/stm32mp1_hsem.h"
#include "hw/misc/stm32mp1_ipcc.h"
#include "hw/misc/stm32mp1_pwr.h"
#include "hw/misc/stm32mp1_rng.h"
#include "hw/misc/stm32mp1_stgen.h"
#include "hw/misc/stm32mp1_syscfg.h"
#include "hw/misc/stm32mp1_tamp.h"
#include "hw/misc/stm32mp1_vrefbuf.h"
#include "hw/misc/unimp.h"
#include "hw/net/stm32mp1_fdcan.h"
#include "hw/net/stm32mp1_eth.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "hw/qemu_compat.h"
#include "hw/rtc/stm32mp1_rtc.h"
#include "hw/ssi/stm32mp1_quadspi.h"
#include "hw/ssi/stm32mp1_spi.h"
#include "hw/timer/stm32mp1_lptim.h"
#include "hw/sd/stm32mp1_sdmmc.h"
#include "hw/timer/stm32mp1_tim.h"
#include "hw/watchdog/stm32mp1_iwdg.h"
#include "hw/watchdog/stm32mp1_wwdg.h"
#include "system/system.h"

#define BOOT_ROM_ADDR 0
#define RETRAM_ADDR 0x38000000
#define RETRAM_SIZE (64 * KiB)
#define MCUSRAM_ADDR 0x10000000
#define MCUSRAM_HIGH_ADDR 0x30000000
#define MCUSRAM_SIZE (384 * KiB)
#define SYSRAM_ADDR 0x2ffc0000
#define SYSRAM_SIZE (256 * KiB)
#define BKPSRAM_ADDR 0x54000000
/* What the addresses have room for */
#define DDR_SIZE (1 * GiB)
#define BKPSRAM_SIZE (4 * KiB)
#define NO_DECPROT 0xff
#define TZMA_ROM 0
#define TZMA_SYSRAM 1
#define FDCAN_RAM_ADDR 0x44011000
#define FDCAN_RAM_SIZE (10 * KiB)
#define PERIPH_ADDR 0x40000000
#define PERIPH_SIZE 0x20000000
#define QUADSPI_WINDOW_ADDR 0x70000000
#define RCC_ADDR 0x50000000
#define RCC_IRQ 5
#define RCC_WAKEUP_IRQ 145
#define RCC_MP_GCR 0x10c
#define RCC_MP_GRSTCSETR 0x404
#define RCC_MCURST 2
#define TAMP_BKP17R 0x144
#define TAMP_BKP18R 0x148
#define COPRO_RUNNING 2
#define TIM6_DAC_IRQ 54
#define GIC_ADDR 0xa0020000
#define PMU_SPI 200
#define CNTFRQ_HZ 24000000

/* Out of reach of PSCI calls, which take 32 bits from an AArch32 caller. */
#define M4_MP_AFFINITY (1ULL << 32)

/* An interrupt input of the GIC, of the M4's NVIC, or of both */
#define TO_A7 0x100
#define TO_M4 0x200
#define IRQ_NUMBER 0xff
#define A7(n) ((n) | TO_A7)
#define M4(n) ((n) | TO_M4)
#define BOTH(n) ((n) | TO_A7 | TO_M4)

#define RST_VALID 0x8000
#define RST(bus, bit) (STM32MP1_RCC_RESET(STM32MP1_RCC_##bus, bit) | RST_VALID)

typedef struct STM32MP157DeviceInfo {
    const char *name;
    const char *type;
    hwaddr addr;
    uint16_t irq[8];      /* sysbus IRQ n goes to irq[n] */
    uint16_t reset;       /* reset line of the RCC */
    uint16_t enable;      /* clock enable of the RCC: both may be shared */
    STM32MP1Access access;
    bool clocked;         /* has a clock input "clk", from: */
    STM32MP1RccClock clk;
    uint8_t param;        /* width of a timer, port of a GPIO in the EXTI,
                             longest frame of an SPI, encoder of an LPTIM */
    uint8_t channels;     /* of a timer */
    uint8_t kind;         /* of a timer */
    bool always_clocked;  /* by it, whether its registers are or not */
} STM32MP157DeviceInfo;

#define BLOCK(_name, _type, _addr, ...) \
    { .name = _name, .type = _type, .addr = _addr, ##__VA_ARGS__ }
#define CLK(_clk) .clocked = true, .clk = STM32MP1_RCC_##_clk
#define CLK_ALWAYS(_clk) CLK(_clk), .always_clocked = true
#define ENABLE(...) .enable = RST(__VA_ARGS__)
/* The same bit resets the block and enables its clock. */
#define RST_AND_ENABLE(...) .reset = RST(__VA_ARGS__), ENABLE(__VA_ARGS__)
#define ACCESS(_access) .access = STM32MP1_ACCESS_##_access
#define USART(_name, _addr, _irq, _clk, ...)                                \
    { .name = _name, .type = TYPE_STM32MP1_USART, .addr = _addr,            \
      .irq = { BOTH(_irq) }, RST_AND_ENABLE(__VA_ARGS__), CLK(_clk) }
#define TIM(_name, _addr, _irq, _width, _channels, _kind, _bus, _bit, _clk) \
    { .name = _name, .type = TYPE_STM32MP1_TIM, .addr = _addr,              \
      .irq = { BOTH(_irq) }, RST_AND_ENABLE(_bus, _bit), CLK(_clk),         \
      .param = _width, .channels = _channels, .kind = _kind }
#define TIM_APB1(_name, _addr, _irq, _width, _channels, _bit)               \
    TIM(_name, _addr, _irq, _width, _channels, 0, APB1, _bit, TIMG1)
#define TIM_APB2(_name, _addr, _irq, _channels, _bit)                       \
    TIM(_name, _addr, _irq, 16, _channels, 1, APB2, _bit, TIMG2)
/* Break, update, trigger and commutation, capture and compare */
#define TIM_ADVANCED(_name, _addr, _irq, _bit)                              \
    { .name = _name, .type = TYPE_STM32MP1_TIM, .addr = _addr,              \
      .irq = { BOTH(_irq), BOTH(_irq + 1), BOTH(_irq + 2), BOTH(_irq + 3) }, \
      RST_AND_ENABLE(APB2, _bit), CLK(TIMG2),                               \
      .param = 16, .channels = 4, .kind = 2 }
#define LPTIM(_name, _addr, _irq, _encoder, _clk, ...)                      \
    { .name = _name, .type = TYPE_STM32MP1_LPTIM, .addr = _addr,            \
      .irq = { BOTH(_irq) }, RST_AND_ENABLE(__VA_ARGS__),                   \
      ACCESS(BYTES), CLK(_clk), .param = _encoder }
#define I2C(_name, _addr, _event, _error, _clk, ...)                        \
    { .name = _name, .type = TYPE_STM32F7_I2C, .addr = _addr,               \
      .irq = { BOTH(_event), BOTH(_error) }, RST_AND_ENABLE(__VA_ARGS__),   \
      CLK(_clk) }
#define SPI(_name, _addr, _irq, _bits, _clk, ...)                           \
    { .name = _name, .type = TYPE_STM32MP1_SPI, .addr = _addr,              \
      .irq = { BOTH(_irq) }, RST_AND_ENABLE(__VA_ARGS__),                   \
      ACCESS(BYTES), CLK(_clk), .param = _bits }
#define SDMMC(_name, _addr, _irq, _clk, ...)                                \
    { .name = _name, .type = TYPE_STM32MP1_SDMMC, .addr = _addr,            \
      .irq = { BOTH(_irq) }, RST_AND_ENABLE(__VA_ARGS__),                   \
      ACCESS(BYTES), CLK(_clk) }
#define GPIO(_name, _addr, _port, ...)                                      \
    { .name = _name, .type = TYPE_STM32L4X5_GPIO, .addr = _addr,            \
      RST_AND_ENABLE(__VA_ARGS__), ACCESS(MERGE), CLK(HCLK4),               \
      .param = _port }

static const STM32MP157DeviceInfo
stm32mp157_soc_devices[STM32MP157_NUM_DEVICES] = {
    [STM32MP157_EXTI] = BLOCK("exti", TYPE_STM32MP1_EXTI, 0x5000d000,
                              ACCESS(WORD)),
    [STM32MP157_PWR] = BLOCK("pwr", TYPE_STM32MP1_PWR, 0x50001000,
                             ACCESS(BYTES)),
    [STM32MP157_SYSCFG] = BLOCK("syscfg", TYPE_STM32MP1_SYSCFG, 0x50020000,
                                RST_AND_ENABLE(APB3, 11)),
    [STM32MP157_TAMP] = BLOCK("tamp", TYPE_STM32MP1_TAMP, 0x5c00a000,
                              .irq = { BOTH(2) }, ENABLE(APB5, 8)),
    [STM32MP157_ETZPC] = BLOCK("etzpc", TYPE_STM32MP1_ETZPC, 0x5c007000,
                               ENABLE(APB5, 13)),
    [STM32MP157_BSEC] = BLOCK("bsec", TYPE_STM32MP1_BSEC, 0x5c005000,
                              ENABLE(APB5, 16)),
    [STM32MP157_TZC] = BLOCK("tzc", TYPE_STM32MP1_TZC, 0x5c006000,
                             .irq = { A7(4) }, ENABLE(APB5, 11)),
    [STM32MP157_DBGMCU] = BLOCK("dbgmcu", TYPE_STM32MP1_DBGMCU, 0x50081000,
                                ENABLE(DBG, 8)),
    [STM32MP157_DDRCTRL] = BLOCK("ddrctrl", TYPE_STM32MP1_DDRCTRL, 0x5a003000,
                                 ACCESS(BYTES)),
    [STM32MP157_DDRPHYC] = BLOCK("ddrphyc", TYPE_STM32MP1_DDRPHYC, 0x5a004000,
                                 ACCESS(BYTES)),
    [STM32MP157_STGEN] = BLOCK("stgen", TYPE_STM32MP1_STGEN, 0x5c008000,
                               ENABLE(APB5, 20)),
    [STM32MP157_IPCC] = BLOCK("ipcc", TYPE_STM32MP1_IPCC, 0x4c001000,
                              .irq = { BOTH(100), BOTH(101),
                                       BOTH(103), BOTH(104) },
                              RST_AND_ENABLE(AHB3, 12), ACCESS(WORD)),
    [STM32MP157_HSEM] = BLOCK("hsem", TYPE_STM32MP1_HSEM, 0x4c000000,
                              .irq = { A7(125), M4(125) },
                              RST_AND_ENABLE(AHB3, 11), ACCESS(WORD_ERROR)),
    [STM32MP157_RNG1] = BLOCK("rng1", TYPE_STM32MP1_RNG, 0x54003000,
                              .irq = { BOTH(133) }, RST_AND_ENABLE(AHB5, 6),
                              ACCESS(WORD_ERROR)),
    [STM32MP157_RNG2] = BLOCK("rng2", TYPE_STM32MP1_RNG, 0x4c003000,
                              .irq = { BOTH(134) }, RST_AND_ENABLE(AHB3, 6),
                              ACCESS(WORD_ERROR)),
    [STM32MP157_HASH1] = BLOCK("hash1", TYPE_STM32MP1_HASH, 0x54002000,
                               .irq = { BOTH(80) }, RST_AND_ENABLE(AHB5, 5),
                               ACCESS(BYTES)),
    [STM32MP157_HASH2] = BLOCK("hash2", TYPE_STM32MP1_HASH, 0x4c002000,
                               .irq = { BOTH(106) }, RST_AND_ENABLE(AHB3, 5),
                               ACCESS(BYTES)),
    [STM32MP157_CRYP1] = BLOCK("cryp1", TYPE_STM32MP1_CRYP, 0x54001000,
                               .irq = { BOTH(79) }, RST_AND_ENABLE(AHB5, 4),
                               ACCESS(BYTES)),
    [STM32MP157_CRYP2] = BLOCK("cryp2", TYPE_STM32MP1_CRYP, 0x4c005000,
                               .irq = { BOTH(105) }, RST_AND_ENABLE(AHB3, 4),
                               ACCESS(BYTES)),
    [STM32MP157_VREFBUF] = BLOCK("vrefbuf", TYPE_STM32MP1_VREFBUF, 0x50025000,
                                 RST_AND_ENABLE(APB3, 13)),
    [STM32MP157_RTC] = BLOCK("rtc", TYPE_STM32MP1_RTC, 0x5c004000,
                             .irq = { BOTH(3) }, ENABLE(APB5, 8)),
    [STM32MP157_WWDG1] = BLOCK("wwdg1", TYPE_STM32MP1_WWDG, 0x4000a000,
                               .irq = { BOTH(0) }, ENABLE(APB1, 28),
                               CLK(PCLK1)),
    [STM32MP157_IWDG1] = BLOCK("iwdg1", TYPE_STM32MP1_IWDG, 0x5c003000,
                               .irq = { A7(150) }, ENABLE(APB5, 15),
                               CLK_ALWAYS(LSI)),
    [STM32MP157_IWDG2] = BLOCK("iwdg2", TYPE_STM32MP1_IWDG, 0x5a002000,
                               .irq = { A7(151) }, ENABLE(APB4, 15),
                               CLK_ALWAYS(LSI)),

    [STM32MP157_USART1] = USART("usart1", 0x5c000000, 37, USART1, APB5, 4),
    [STM32MP157_USART2] = USART("usart2", 0x4000e000, 38, USART24, APB1, 14),
    [STM32MP157_USART3] = USART("usart3", 0x4000f000, 39, USART35, APB1, 15),
    [STM32MP157_UART4] = USART("uart4", 0x40010000, 52, USART24, APB1, 16),
    [STM32MP157_UART5] = USART("uart5", 0x40011000, 53, USART35, APB1, 17),
    [STM32MP157_USART6] = USART("usart6", 0x44003000, 71, USART6, APB2, 13),
    [STM32MP157_UART7] = USART("uart7", 0x40018000, 82, USART78, APB1, 18),
    [STM32MP157_UART8] = USART("uart8", 0x40019000, 83, USART78, APB1, 19),

    [STM32MP157_TIM1] = TIM_ADVANCED("tim1", 0x44000000, 24, 0),
    [STM32MP157_TIM2] = TIM_APB1("tim2", 0x40000000, 28, 32, 4, 0),
    [STM32MP157_TIM3] = TIM_APB1("tim3", 0x40001000, 29, 16, 4, 1),
    [STM32MP157_TIM4] = TIM_APB1("tim4", 0x40002000, 30, 16, 4, 2),
    [STM32MP157_TIM5] = TIM_APB1("tim5", 0x40003000, 50, 32, 4, 3),
    [STM32MP157_TIM6] = TIM_APB1("tim6", 0x40004000, TIM6_DAC_IRQ, 16, 0, 4),
    [STM32MP157_TIM7] = TIM_APB1("tim7", 0x40005000, 55, 16, 0, 5),
    [STM32MP157_TIM8] = TIM_ADVANCED("tim8", 0x44001000, 43, 1),
    [STM32MP157_TIM12] = TIM_APB1("tim12", 0x40006000, 119, 16, 2, 6),
    [STM32MP157_TIM13] = TIM_APB1("tim13", 0x40007000, 130, 16, 1, 7),
    [STM32MP157_TIM14] = TIM_APB1("tim14", 0x40008000, 131, 16, 1, 8),
    [STM32MP157_TIM15] = TIM_APB2("tim15", 0x44006000, 116, 2, 2),
    [STM32MP157_TIM16] = TIM_APB2("tim16", 0x44007000, 117, 1, 3),
    [STM32MP157_TIM17] = TIM_APB2("tim17", 0x44008000, 118, 1, 4),

    [STM32MP157_LPTIM1] = LPTIM("lptim1", 0x40009000, 93, 1, LPTIM1, APB1, 9),
    [STM32MP157_LPTIM2] = LPTIM("lptim2", 0x50021000, 138, 1, LPTIM23, APB3, 0),
    [STM32MP157_LPTIM3] = LPTIM("lptim3", 0x50022000, 139, 0, LPTIM23, APB3, 1),
    [STM32MP157_LPTIM4] = LPTIM("lptim4", 0x50023000, 140, 0, LPTIM45, APB3, 2),
    [STM32MP157_LPTIM5] = LPTIM("lptim5", 0x50024000, 141, 0, LPTIM45, APB3, 3),

    [STM32MP157_I2C1] = I2C("i2c1", 0x40012000, 31, 32, I2C12, APB1, 21),
    [STM32MP157_I2C2] = I2C("i2c2", 0x40013000, 33, 34, I2C12, APB1, 22),
    [STM32MP157_I2C3] = I2C("i2c3", 0x40014000, 72, 73, I2C35, APB1, 23),
    [STM32MP157_I2C4] = I2C("i2c4", 0x5c002000, 95, 96, I2C46, APB5, 2),
    [STM32MP157_I2C5] = I2C("i2c5", 0x40015000, 107, 108, I2C35, APB1, 24),
    [STM32MP157_I2C6] = I2C("i2c6", 0x5c009000, 135, 136, I2C46, APB5, 3),

    [STM32MP157_SPI1] = SPI("spi1", 0x44004000, 35, 32, SPI1, APB2, 8),
    [STM32MP157_SPI2] = SPI("spi2", 0x4000b000, 36, 32, SPI23, APB1, 11),
    [STM32MP157_SPI3] = SPI("spi3", 0x4000c000, 51, 32, SPI23, APB1, 12),
    [STM32MP157_SPI4] = SPI("spi4", 0x44005000, 84, 16, SPI45, APB2, 9),
    [STM32MP157_SPI5] = SPI("spi5", 0x44009000, 85, 16, SPI45, APB2, 10),
    [STM32MP157_SPI6] = SPI("spi6", 0x5c001000, 86, 16, SPI6, APB5, 0),

    [STM32MP157_FDCAN1] = BLOCK("fdcan1", TYPE_STM32MP1_FDCAN, 0x4400e000,
                                .irq = { BOTH(19), BOTH(21) },
                                RST_AND_ENABLE(APB2, 24), CLK(FDCAN),
                                ACCESS(BYTES)),
    [STM32MP157_FDCAN2] = BLOCK("fdcan2", TYPE_STM32MP1_FDCAN, 0x4400f000,
                                .irq = { BOTH(20), BOTH(22) },
                                RST_AND_ENABLE(APB2, 24), CLK(FDCAN),
                                ACCESS(BYTES)),

    [STM32MP157_QUADSPI] = BLOCK("quadspi", TYPE_STM32MP1_QUADSPI, 0x58003000,
                                 .irq = { BOTH(92) }, RST_AND_ENABLE(AHB6, 14),
                                 CLK(QUADSPI),
                                 ACCESS(BYTES)),

    [STM32MP157_ADC] = BLOCK("adc", TYPE_STM32MP1_ADC, 0x48003000,
                             .irq = { BOTH(18), BOTH(90) },
                             RST_AND_ENABLE(AHB2, 5), CLK(ADC),
                             ACCESS(BYTES)),
    [STM32MP157_CRC1] = BLOCK("crc1", TYPE_STM32MP1_CRC, 0x58009000,
                              RST_AND_ENABLE(AHB6, 20),
                              ACCESS(BYTES)),
    [STM32MP157_CRC2] = BLOCK("crc2", TYPE_STM32MP1_CRC, 0x4c004000,
                              RST_AND_ENABLE(AHB3, 7),
                              ACCESS(BYTES)),
    [STM32MP157_DAC] = BLOCK("dac", TYPE_STM32MP1_DAC, 0x40017000,
                             .irq = { BOTH(TIM6_DAC_IRQ) },
                             RST_AND_ENABLE(APB1, 29),
                             ACCESS(BYTES)),

    [STM32MP157_DMA1] = BLOCK("dma1", TYPE_STM32MP1_DMA, 0x48000000,
                              .irq = { BOTH(11), BOTH(12), BOTH(13), BOTH(14),
                                       BOTH(15), BOTH(16), BOTH(17), BOTH(47) },
                              RST_AND_ENABLE(AHB2, 0),
                              ACCESS(BYTES)),
    [STM32MP157_DMA2] = BLOCK("dma2", TYPE_STM32MP1_DMA, 0x48001000,
                              .irq = { BOTH(56), BOTH(57), BOTH(58), BOTH(59),
                                       BOTH(60), BOTH(68), BOTH(69), BOTH(70) },
                              RST_AND_ENABLE(AHB2, 1),
                              ACCESS(BYTES)),
    [STM32MP157_DMAMUX1] = BLOCK("dmamux1", TYPE_STM32MP1_DMAMUX, 0x48002000,
                                 .irq = { BOTH(102) }, RST_AND_ENABLE(AHB2, 2),
                                 ACCESS(BYTES)),
    [STM32MP157_MDMA] = BLOCK("mdma", TYPE_STM32MP1_MDMA, 0x58000000,
                              .irq = { BOTH(122) }, .reset = RST(TZAHB6, 0),
                              ENABLE(AHB6, 0),
                              ACCESS(BYTES)),

    [STM32MP157_SDMMC1] = SDMMC("sdmmc1", 0x58005000, 49, SDMMC12, AHB6, 16),
    [STM32MP157_SDMMC2] = SDMMC("sdmmc2", 0x58007000, 124, SDMMC12, AHB6, 17),
    [STM32MP157_SDMMC3] = SDMMC("sdmmc3", 0x48004000, 137, SDMMC3, AHB2, 16),

    [STM32MP157_ETH] = BLOCK("eth", TYPE_STM32MP1_ETH, 0x5800a000,
                             .irq = { BOTH(61) }, RST_AND_ENABLE(AHB6, 10),
                             CLK(HCLK4),
                             ACCESS(BYTES)),

    [STM32MP157_GPIOA] = GPIO("gpioa", 0x50002000, 0, AHB4, 0),
    [STM32MP157_GPIOB] = GPIO("gpiob", 0x50003000, 1, AHB4, 1),
    [STM32MP157_GPIOC] = GPIO("gpioc", 0x50004000, 2, AHB4, 2),
    [STM32MP157_GPIOD] = GPIO("gpiod", 0x50005000, 3, AHB4, 3),
    [STM32MP157_GPIOE] = GPIO("gpioe", 0x50006000, 4, AHB4, 4),
    [STM32MP157_GPIOF] = GPIO("gpiof", 0x50007000, 5, AHB4, 5),
    [STM32MP157_GPIOG] = GPIO("gpiog", 0x50008000, 6, AHB4, 6),
    [STM32MP157_GPIOH] = GPIO("gpioh", 0x50009000, 7, AHB4, 7),
    [STM32MP157_GPIOI] = GPIO("gpioi", 0x5000a000, 8, AHB4, 8),
    [STM32MP157_GPIOJ] = GPIO("gpioj", 0x5000b000, 9, AHB4, 9),
    [STM32MP157_GPIOK] = GPIO("gpiok", 0x5000c000, 10, AHB4, 10),
    [STM32MP157_GPIOZ] = GPIO("gpioz", 0x54004000, 11, AHB5, 0),
};

/* Known blocks without a model: they read as zero, and the log names them. */
static const struct {
    const char *name;
    hwaddr addr;
    uint64_t size;
} stm32mp157_soc_unimplemented[] = {
    /* Last resort, so that a driver's probe does not end in an abort */
    { "stm32mp1.io", PERIPH_ADDR, PERIPH_SIZE },
    { "spdifrx", 0x4000d000, 0x400 },
    { "cec", 0x40016000, 0x400 },
    { "mdios", 0x4001c000, 0x400 },
    { "sai1", 0x4400a000, 0x400 },
    { "sai2", 0x4400b000, 0x400 },
    { "sai3", 0x4400c000, 0x400 },
    { "dfsdm", 0x4400d000, 0x800 },
    { "fdcan-ccu", 0x44010000, 0x400 },
    { "dlyb-sdmmc3", 0x48005000, 0x1000 },
    { "otg", 0x49000000, 0x10000 },
    { "dcmi", 0x4c006000, 0x400 },
    { "sai4", 0x50027000, 0x400 },
    { "dts", 0x50028000, 0x400 },
    { "hdp", 0x5002a000, 0x400 },
    { "aximc", 0x57000000, 0x100000 },
    { "coresight", 0x50080000, 0x60000 },
    { "fmc", 0x58002000, 0x1000 },
    { "dlyb-sdmmc1", 0x58006000, 0x1000 },
    { "dlyb-sdmmc2", 0x58008000, 0x1000 },
    { "dlyb-quadspi", 0x58004000, 0x1000 },
    { "usbh-ohci", 0x5800c000, 0x1000 },
    { "usbh-ehci", 0x5800d000, 0x1000 },
    { "gpu", 0x59000000, 0x800 },
    { "dsi", 0x5a000000, 0x800 },
    { "ltdc", 0x5a001000, 0x400 },
    { "stgenr", 0x5a005000, 0x400 },
    { "usbphyc", 0x5a006000, 0x1000 },
    { "ddrperfm", 0x5a007000, 0x400 },
    { "tzc", 0x5c006000, 0x1000 },
};

/* Requests whose device wants to know the end: of DMAMUX1, of the MDMA */
#define HASH2_REQUEST 78
#define HASH1_REQUEST 31

/*
 * DMA requests by their number in DMAMUX1: named GPIO outputs of devices, one or
 * more in a row. Some devices have to know that a request was served: their
 * input "dma-ack".
 */
static const struct {
    uint8_t request;
    STM32MP157Device device;
    const char *output;
    uint8_t first;
    uint8_t count;
} stm32mp157_soc_requests[] = {
#define REQUESTS(_request, _device, _output, _first, _count)                \
    { _request, STM32MP157_##_device, _output, _first, _count }
    REQUESTS(33, I2C1, "dma-rx", 0, 1), REQUESTS(34, I2C1, "dma-tx", 0, 1),
    REQUESTS(35, I2C2, "dma-rx", 0, 1), REQUESTS(36, I2C2, "dma-tx", 0, 1),
    REQUESTS(73, I2C3, "dma-rx", 0, 1), REQUESTS(74, I2C3, "dma-tx", 0, 1),
    REQUESTS(115, I2C5, "dma-rx", 0, 1), REQUESTS(116, I2C5, "dma-tx", 0, 1),
    REQUESTS(43, USART2, "dma-rx", 0, 1), REQUESTS(44, USART2, "dma-tx", 0, 1),
    REQUESTS(45, USART3, "dma-rx", 0, 1), REQUESTS(46, USART3, "dma-tx", 0, 1),
    REQUESTS(63, UART4, "dma-rx", 0, 1), REQUESTS(64, UART4, "dma-tx", 0, 1),
    REQUESTS(65, UART5, "dma-rx", 0, 1), REQUESTS(66, UART5, "dma-tx", 0, 1),
    REQUESTS(71, USART6, "dma-rx", 0, 1), REQUESTS(72, USART6, "dma-tx", 0, 1),
    REQUESTS(79, UART7, "dma-rx", 0, 1), REQUESTS(80, UART7, "dma-tx", 0, 1),
    REQUESTS(81, UART8, "dma-rx", 0, 1), REQUESTS(82, UART8, "dma-tx", 0, 1),
    REQUESTS(37, SPI1, "dma-rx", 0, 1), REQUESTS(38, SPI1, "dma-tx", 0, 1),
    REQUESTS(39, SPI2, "dma-rx", 0, 1), REQUESTS(40, SPI2, "dma-tx", 0, 1),
    REQUESTS(61, SPI3, "dma-rx", 0, 1), REQUESTS(62, SPI3, "dma-tx", 0, 1),
    REQUESTS(83, SPI4, "dma-rx", 0, 1), REQUESTS(84, SPI4, "dma-tx", 0, 1),
    REQUESTS(85, SPI5, "dma-rx", 0, 1), REQUESTS(86, SPI5, "dma-tx", 0, 1),
    REQUESTS(76, CRYP2, "dma-in", 0, 1), REQUESTS(77, CRYP2, "dma-out", 0, 1),
    REQUESTS(HASH2_REQUEST, HASH2, "dma-in", 0, 1),
    REQUESTS(9, ADC, "dma-request", 0, 2),
    REQUESTS(67, DAC, "dma-request", 0, 2),
    /* Channels 1 to 4, update, trigger, commutation: outputs 0 to 6 */
    REQUESTS(11, TIM1, "dma-request", 0, 7),
    REQUESTS(18, TIM2, "dma-request", 0, 5),
    REQUESTS(23, TIM3, "dma-request", 0, 6),
    REQUESTS(29, TIM4, "dma-request", 0, 3),
    REQUESTS(32, TIM4, "dma-request", 4, 1),
    REQUESTS(47, TIM8, "dma-request", 0, 7),
    REQUESTS(55, TIM5, "dma-request", 0, 6),
    REQUESTS(69, TIM6, "dma-request", 4, 1),
    REQUESTS(70, TIM7, "dma-request", 4, 1),
    REQUESTS(105, TIM15, "dma-request", 0, 1),
    REQUESTS(106, TIM15, "dma-request", 4, 3),
    REQUESTS(109, TIM16, "dma-request", 0, 1),
    REQUESTS(110, TIM16, "dma-request", 4, 1),
    REQUESTS(111, TIM17, "dma-request", 0, 1),
    REQUESTS(112, TIM17, "dma-request", 4, 1),
#undef REQUESTS
};

/* Those that lead to the MDMA, beside the ends of the DMAs' transfers */
static const struct {
    uint8_t request;
    STM32MP157Device device;
    const char *output;
} stm32mp157_soc_mdma_requests[] = {
    { 32, STM32MP157_USART1, "dma-rx" }, { 33, STM32MP157_USART1, "dma-tx" },
    { 22, STM32MP157_QUADSPI, "dma" },
    { 29, STM32MP157_CRYP1, "dma-in" }, { 30, STM32MP157_CRYP1, "dma-out" },
    { HASH1_REQUEST, STM32MP157_HASH1, "dma-in" },
    { 34, STM32MP157_SPI6, "dma-rx" }, { 35, STM32MP157_SPI6, "dma-tx" },
    { 36, STM32MP157_I2C4, "dma-rx" }, { 37, STM32MP157_I2C4, "dma-tx" },
    { 38, STM32MP157_I2C6, "dma-rx" }, { 39, STM32MP157_I2C6, "dma-tx" },
};

/*
 * Where the trigger outputs of timers lead: inputs of other timers (ITRx), and
 * the numbers that the ADC, the DAC and the DMAMUX give them
 */
static const struct {
    STM32MP157Device timer;
    uint8_t output;             /* 0: TRGO, 1: TRGO2 */
    STM32MP157Device device;
    uint8_t input;
} stm32mp157_soc_trgos[] = {
#define TRGO(_timer, _output, _device, _input)                              \
    { STM32MP157_##_timer, _output, STM32MP157_##_device, _input }
    TRGO(TIM15, 0, TIM1, 0), TRGO(TIM2, 0, TIM1, 1), TRGO(TIM3, 0, TIM1, 2),
    TRGO(TIM4, 0, TIM1, 3),
    TRGO(TIM1, 0, TIM2, 0), TRGO(TIM8, 0, TIM2, 1), TRGO(TIM3, 0, TIM2, 2),
    TRGO(TIM4, 0, TIM2, 3),
    TRGO(TIM1, 0, TIM3, 0), TRGO(TIM2, 0, TIM3, 1), TRGO(TIM15, 0, TIM3, 2),
    TRGO(TIM4, 0, TIM3, 3),
    TRGO(TIM1, 0, TIM4, 0), TRGO(TIM2, 0, TIM4, 1), TRGO(TIM3, 0, TIM4, 2),
    TRGO(TIM8, 0, TIM4, 3),
    TRGO(TIM1, 0, TIM5, 0), TRGO(TIM8, 0, TIM5, 1), TRGO(TIM3, 0, TIM5, 2),
    TRGO(TIM4, 0, TIM5, 3),
    TRGO(TIM1, 0, TIM8, 0), TRGO(TIM2, 0, TIM8, 1), TRGO(TIM4, 0, TIM8, 2),
    TRGO(TIM5, 0, TIM8, 3),
    TRGO(TIM4, 0, TIM12, 0), TRGO(TIM5, 0, TIM12, 1),
    TRGO(TIM1, 0, TIM15, 0), TRGO(TIM3, 0, TIM15, 1),
    TRGO(TIM3, 0, ADC, 4), TRGO(TIM8, 0, ADC, 7), TRGO(TIM8, 1, ADC, 8),
    TRGO(TIM1, 0, ADC, 9), TRGO(TIM1, 1, ADC, 10), TRGO(TIM2, 0, ADC, 11),
    TRGO(TIM4, 0, ADC, 12), TRGO(TIM6, 0, ADC, 13), TRGO(TIM15, 0, ADC, 14),
    /* for injected conversions, by JEXTSEL */
    TRGO(TIM1, 0, ADC, STM32MP1_ADC_INJECTED + 0),
    TRGO(TIM2, 0, ADC, STM32MP1_ADC_INJECTED + 2),
    TRGO(TIM4, 0, ADC, STM32MP1_ADC_INJECTED + 5),
    TRGO(TIM1, 1, ADC, STM32MP1_ADC_INJECTED + 8),
    TRGO(TIM8, 0, ADC, STM32MP1_ADC_INJECTED + 9),
    TRGO(TIM8, 1, ADC, STM32MP1_ADC_INJECTED + 10),
    TRGO(TIM3, 0, ADC, STM32MP1_ADC_INJECTED + 12),
    TRGO(TIM6, 0, ADC, STM32MP1_ADC_INJECTED + 14),
    TRGO(TIM15, 0, ADC, STM32MP1_ADC_INJECTED + 15),
    TRGO(TIM1, 0, DAC, 1), TRGO(TIM2, 0, DAC, 2), TRGO(TIM4, 0, DAC, 3),
    TRGO(TIM5, 0, DAC, 4), TRGO(TIM6, 0, DAC, 5), TRGO(TIM7, 0, DAC, 6),
    TRGO(TIM8, 0, DAC, 7), TRGO(TIM15, 0, DAC, 8),
    TRGO(TIM12, 0, DMAMUX1, 7),
#undef TRGO
};

/* Devices that access memory by themselves */
static const struct {
    const char *type;
    STM32MP1TzcMaster master;
} stm32mp157_soc_masters[] = {
    { TYPE_STM32MP1_DMA, STM32MP1_TZC_DMA },
    { TYPE_STM32MP1_MDMA, STM32MP1_TZC_MDMA },
    { TYPE_STM32MP1_SDMMC, STM32MP1_TZC_SDMMC },
    { TYPE_STM32MP1_ETH, STM32MP1_TZC_ETH },
};

/*
 * The internal memories, each a part of a RAM. SRAM1 to 4 are one behind the
 * other: platform_config.h of OP-TEE has their sizes.
 */
static const struct {
    const char *name;
    hwaddr addr;
    size_t ram;             /* in STM32MP157SocState */
    uint64_t offset;
    uint64_t size;
    uint8_t decprot;        /* its number in the ETZPC, or NO_DECPROT */
    STM32MP1Protection protection;
} stm32mp157_soc_memories[STM32MP157_NUM_MEMORIES] = {
#define MEMORY(_name, _addr, _ram, _offset, _size, _decprot)                \
    { _name, _addr, offsetof(STM32MP157SocState, _ram), _offset, _size,     \
      _decprot, STM32MP1_PROTECTION_NONE }
    [STM32MP157_SRAM1] = MEMORY("sram1", MCUSRAM_ADDR, mcusram, 0, 128 * KiB,
                                80),
    [STM32MP157_SRAM2] = MEMORY("sram2", MCUSRAM_ADDR + 128 * KiB, mcusram,
                                128 * KiB, 128 * KiB, 81),
    [STM32MP157_SRAM3] = MEMORY("sram3", MCUSRAM_ADDR + 256 * KiB, mcusram,
                                256 * KiB, 64 * KiB, 82),
    [STM32MP157_SRAM4] = MEMORY("sram4", MCUSRAM_ADDR + 320 * KiB, mcusram,
                                320 * KiB, 64 * KiB, 83),
    [STM32MP157_RETRAM] = MEMORY("retram", RETRAM_ADDR, retram, 0, RETRAM_SIZE,
                                 84),
    [STM32MP157_BKPSRAM] = MEMORY("bkpsram", BKPSRAM_ADDR, bkpsram, 0,
                                  BKPSRAM_SIZE, 1),
    [STM32MP157_FDCAN_RAM] = MEMORY("fdcan-ram", FDCAN_RAM_ADDR, fdcan_ram, 0,
                                    FDCAN_RAM_SIZE, 62),
#undef MEMORY
    [STM32MP157_SYSRAM] = { "sysram", SYSRAM_ADDR,
                            offsetof(STM32MP157SocState, sysram), 0,
                            SYSRAM_SIZE, NO_DECPROT,
                            STM32MP1_PROTECTION_SECURE },
};

/*
 * Numbers that the ETZPC has for peripherals: dt-bindings of OP-TEE,
 * STM32MP1_ETZPC_*_ID. Those of what is not modelled are not in it.
 */
static const struct {
    uint8_t id;
    STM32MP157Device device;
} stm32mp157_soc_decprot[] = {
#define DECPROT(_id, _device) { _id, STM32MP157_##_device }
    DECPROT(2, IWDG1), DECPROT(3, USART1), DECPROT(4, SPI6), DECPROT(5, I2C4),
    DECPROT(7, RNG1), DECPROT(8, HASH1), DECPROT(9, CRYP1),
    DECPROT(10, DDRCTRL), DECPROT(12, I2C6), DECPROT(16, TIM2),
    DECPROT(17, TIM3), DECPROT(18, TIM4), DECPROT(19, TIM5), DECPROT(20, TIM6),
    DECPROT(21, TIM7), DECPROT(22, TIM12), DECPROT(23, TIM13),
    DECPROT(24, TIM14), DECPROT(25, LPTIM1), DECPROT(26, WWDG1),
    DECPROT(27, SPI2), DECPROT(28, SPI3), DECPROT(30, USART2),
    DECPROT(31, USART3), DECPROT(32, UART4), DECPROT(33, UART5),
    DECPROT(34, I2C1), DECPROT(35, I2C2), DECPROT(36, I2C3), DECPROT(37, I2C5),
    DECPROT(39, DAC), DECPROT(40, UART7), DECPROT(41, UART8),
    DECPROT(48, TIM1), DECPROT(49, TIM8), DECPROT(51, USART6),
    DECPROT(52, SPI1), DECPROT(53, SPI4), DECPROT(54, TIM15),
    DECPROT(55, TIM16), DECPROT(56, TIM17), DECPROT(57, SPI5),
    DECPROT(62, FDCAN1), DECPROT(62, FDCAN2),
    DECPROT(64, LPTIM2), DECPROT(65, LPTIM3), DECPROT(66, LPTIM4),
    DECPROT(67, LPTIM5), DECPROT(69, VREFBUF), DECPROT(71, CRC2),
    DECPROT(72, ADC), DECPROT(73, HASH2), DECPROT(74, RNG2),
    DECPROT(75, CRYP2), DECPROT(86, SDMMC3), DECPROT(88, DMA1),
    DECPROT(89, DMA2), DECPROT(90, DMAMUX1), DECPROT(92, QUADSPI),
    DECPROT(94, ETH),
#undef DECPROT
};

#define EXTI_EVENT_SEV_M4 65            /* SEV of the M4 */
#define EXTI_EVENT_SEV_A7 66            /* SEV of an A7 */
#define EXTI_EVENT_WWDG1_RESET 68
#define EXTI_EVENT_M4_SYSRESETREQ 73

/* Configurable events of the EXTI and the interrupts that they raise */
static const struct {
    uint8_t event;
    uint16_t irq;
} stm32mp157_soc_exti[] = {
    { 0, BOTH(6) }, { 1, BOTH(7) }, { 2, BOTH(8) }, { 3, BOTH(9) },
    { 4, BOTH(10) }, { 5, BOTH(23) }, { 6, BOTH(64) }, { 7, BOTH(65) },
    { 8, BOTH(66) }, { 9, BOTH(67) }, { 10, BOTH(40) }, { 11, BOTH(42) },
    { 12, BOTH(76) }, { 13, BOTH(77) }, { 14, BOTH(121) }, { 15, BOTH(127) },
    { 16, BOTH(1) }, /* PVD, AVD */
    { EXTI_EVENT_SEV_M4, A7(144) },
    { EXTI_EVENT_SEV_A7, M4(144) },
    { EXTI_EVENT_WWDG1_RESET, A7(143) },
    { EXTI_EVENT_M4_SYSRESETREQ, A7(129) },
};

/*
 * Direct events of the EXTI that wake up the M4, and the first and the last of
 * its interrupts that come with them. Linux' irq-stm32mp-exti.c has the
 * numbers, but for those of event 62, which is processor 2's.
 */
static const struct {
    uint8_t event;
    uint8_t first;
    uint8_t last;
} stm32mp157_soc_wakeups[] = {
    { 19, 3, 3 }, /* RTC */
    /* I2C1 to 6 */
    { 21, 31, 31 }, { 22, 33, 33 }, { 23, 72, 72 }, { 24, 95, 95 },
    { 25, 107, 107 }, { 54, 135, 135 },
    /* USART1, 2, 3, 6, UART4, 5, 7, 8 */
    { 26, 37, 37 }, { 27, 38, 38 }, { 28, 39, 39 }, { 29, 71, 71 },
    { 30, 52, 52 }, { 31, 53, 53 }, { 32, 82, 82 }, { 33, 83, 83 },
    /* LPTIM1 to 5 */
    { 47, 93, 93 }, { 48, 138, 138 }, { 50, 139, 139 }, { 52, 140, 140 },
    { 53, 141, 141 },
    { 62, 103, 104 }, /* IPCC: occupied, free */
};

static const struct {
    const char *name;
    hwaddr addr;        /* in the view of the M4 */
    hwaddr target;      /* on its bus, which is as the system memory */
    uint64_t size;
} stm32mp157_soc_m4_view[] = {
    { "m4.retram", 0, RETRAM_ADDR, RETRAM_SIZE },
    { "m4.mcusram", 0x10000000, MCUSRAM_ADDR, MCUSRAM_SIZE },
    { "m4.mcusram-bus", 0x20000000, MCUSRAM_ADDR, MCUSRAM_SIZE },
    { "m4.sysram", SYSRAM_ADDR, SYSRAM_ADDR, SYSRAM_SIZE },
    { "m4.mcusram-high", MCUSRAM_HIGH_ADDR, MCUSRAM_ADDR, MCUSRAM_SIZE },
    { "m4.retram-high", RETRAM_ADDR, RETRAM_ADDR, RETRAM_SIZE },
    { "m4.periph", PERIPH_ADDR, PERIPH_ADDR, PERIPH_SIZE },
    { "m4.quadspi", QUADSPI_WINDOW_ADDR, QUADSPI_WINDOW_ADDR,
      STM32MP1_QUADSPI_WINDOW },
    { "m4.ddr", STM32MP157_DDR_ADDR, STM32MP157_DDR_ADDR, DDR_SIZE },
};

QEMU_BUILD_BUG_ON(ARRAY_SIZE(stm32mp157_soc_m4_view) !=
                  ARRAY_SIZE(((STM32MP157SocState *)0)->m4_alias));

/* Who sends events by SEV */
enum { SEV_A7, SEV_M4, SEV_NUM };

/* Interrupt @number of the M4 has changed: tell the EXTI. */
static void stm32mp157_soc_update_wakeup(STM32MP157SocState *s, int number)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_wakeups); i++) {
        int first = stm32mp157_soc_wakeups[i].first;
        int last = stm32mp157_soc_wakeups[i].last;

        if (number >= first && number <= last) {
            qemu_set_irq(
                qdev_get_gpio_in_named(s->dev[STM32MP157_EXTI], "event",
                                       stm32mp157_soc_wakeups[i].event),
                arm_remote_core_irq_level(&s->m4_control, first) ||
                arm_remote_core_irq_level(&s->m4_control, last));
        }
    }
}

/* An input "irq" of the SoC; @n is coded as in the tables. */
static void stm32mp157_soc_set_irq(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);
    int number = n & IRQ_NUMBER;

    if (n & TO_A7) {
        qemu_set_irq(qdev_get_gpio_in(DEVICE(&s->a7mpcore), number), level);
    }
    if (n & TO_M4) {
        qemu_set_irq(qdev_get_gpio_in(DEVICE(&s->m4_control), number), level);
        stm32mp157_soc_update_wakeup(s, number);
    }
}

static qemu_irq stm32mp157_soc_irq(STM32MP157SocState *s, uint16_t irq)
{
    return qdev_get_gpio_in_named(DEVICE(s), "irq", irq);
}

/* Input "device-reset": a reset line of the RCC, by device */
static void stm32mp157_soc_set_reset(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);
    int i;

    /* A line can be that of several devices, and is connected to the last. */
    for (i = 0; level && i < STM32MP157_NUM_DEVICES; i++) {
        if (stm32mp157_soc_devices[i].reset ==
            stm32mp157_soc_devices[n].reset) {
            device_cold_reset(s->dev[i]);
        }
    }
}

/* Input "clock-enable": a clock enable of the RCC, for all that share it */
static void stm32mp157_soc_set_enable(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);
    int i;

    for (i = 0; i < STM32MP157_NUM_DEVICES; i++) {
        if (stm32mp157_soc_devices[i].enable != (n | RST_VALID)) {
            continue;
        }
        qemu_set_irq(qdev_get_gpio_in_named(DEVICE(&s->gate[i]), "enable", 0),
                     level);
        if (i == STM32MP157_HSEM) {
            qemu_set_irq(qdev_get_gpio_in_named(DEVICE(&s->hsem_m4_gate),
                                                "enable", 0), level);
        }
    }
}

/* Input "decprot": a field of the ETZPC, for all that share it */
static void stm32mp157_soc_set_decprot(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_decprot); i++) {
        STM32MP1GateState *gate = &s->gate[stm32mp157_soc_decprot[i].device];

        if (stm32mp157_soc_decprot[i].id == n) {
            qemu_set_irq(qdev_get_gpio_in_named(DEVICE(gate), "protection", 0),
                         level);
        }
    }
    for (i = 0; i < STM32MP157_NUM_MEMORIES; i++) {
        if (stm32mp157_soc_memories[i].decprot == n) {
            qemu_set_irq(qdev_get_gpio_in_named(DEVICE(&s->memory_gate[i]),
                                                "protection", 0), level);
        }
    }
}

/* Input "a7-wfi": an A7 waits for an interrupt. One that is off does, too. */
static void stm32mp157_soc_set_a7_wfi(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);
    int i;

    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        if (i == n || s->a7[i].power_state == PSCI_OFF) {
            qemu_set_irq(qdev_get_gpio_in_named(DEVICE(&s->rcc), "sleeping", i),
                         i != n || level);
        }
    }
}

/* Input "mcu-reset": what resets together with the M4 */
static void stm32mp157_soc_set_mcu_reset(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);

    if (level) {
        device_cold_reset(s->dev[STM32MP157_WWDG1]);
    }
    qemu_set_irq(qdev_get_gpio_in_named(DEVICE(&s->m4_control), "reset", 0),
                 level);
}

/* Input "trgo": an output of a timer, by device and output */
static void stm32mp157_soc_set_trgo(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_trgos); i++) {
        STM32MP157Device device = stm32mp157_soc_trgos[i].device;
        const char *input = !strcmp(stm32mp157_soc_devices[device].type,
                                    TYPE_STM32MP1_TIM) ? "itr" : "trigger";

        if (stm32mp157_soc_trgos[i].timer * STM32MP1_TIM_TRGOS +
            stm32mp157_soc_trgos[i].output == n) {
            qemu_set_irq(qdev_get_gpio_in_named(s->dev[device], input,
                             stm32mp157_soc_trgos[i].input), level);
        }
    }
}

/* Input "sev-selected": whether the EXTI looks at SEV of the A7s (0), M4 (1) */
static void stm32mp157_soc_set_sev_selected(void *opaque, int n, int level)
{
    STM32MP157SocState *s = STM32MP157_SOC(opaque);
    int i;

    if (n == SEV_M4) {
        qemu_set_irq(qdev_get_gpio_in_named(DEVICE(s->m4.cpu),
                                            "event-output-enable", 0), level);
        return;
    }
    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        qemu_set_irq(qdev_get_gpio_in_named(DEVICE(&s->a7[i]),
                                            "event-output-enable", 0), level);
    }
}

void stm32mp157_soc_boot_m4(STM32MP157SocState *s, uint32_t table)
{
    const struct {
        hwaddr addr;
        uint32_t value;
    } writes[] = {
        /* The M4 sees by its reset flags that a boot loader reset it. */
        { RCC_ADDR + RCC_MP_GRSTCSETR, RCC_MCURST },
        { stm32mp157_soc_devices[STM32MP157_TAMP].addr + TAMP_BKP17R, table },
        { stm32mp157_soc_devices[STM32MP157_TAMP].addr + TAMP_BKP18R,
          COPRO_RUNNING },
        /* A later reset holds the M4 until somebody boots it again. */
        { RCC_ADDR + RCC_MP_GCR, 1 },
        { RCC_ADDR + RCC_MP_GCR, 0 },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(writes); i++) {
        address_space_stl_le(&address_space_memory, writes[i].addr,
                             writes[i].value, MEMTXATTRS_UNSPECIFIED, NULL);
    }
}

static void stm32mp157_soc_init(Object *obj)
{
    STM32MP157SocState *s = STM32MP157_SOC(obj);
    int i;

    object_initialize_child(obj, "a7-cluster", &s->a7_cluster,
                            TYPE_CPU_CLUSTER);
    qdev_prop_set_uint32(DEVICE(&s->a7_cluster), "cluster-id", 0);
    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        object_initialize_child(OBJECT(&s->a7_cluster), "cpu[*]", &s->a7[i],
                                ARM_CPU_TYPE_NAME("cortex-a7"));
    }
    object_initialize_child(obj, "a7mpcore", &s->a7mpcore, TYPE_A15MPCORE_PRIV);

    object_initialize_child(obj, "m4-cluster", &s->m4_cluster,
                            TYPE_CPU_CLUSTER);
    qdev_prop_set_uint32(DEVICE(&s->m4_cluster), "cluster-id",
                         STM32MP1_MCU_CLUSTER);
    object_initialize_child(OBJECT(&s->m4_cluster), "m4", &s->m4, TYPE_ARMV7M);
    object_initialize_child(obj, "m4-control", &s->m4_control,
                            TYPE_ARM_REMOTE_CORE);

    object_initialize_child(obj, "rcc", &s->rcc, TYPE_STM32MP1_RCC);
    object_initialize_child(obj, "wwdg1-reset", &s->wwdg1_reset,
                            TYPE_SPLIT_IRQ);
    object_initialize_child(obj, "m4-sysresetreq", &s->m4_sysresetreq,
                            TYPE_SPLIT_IRQ);
    object_initialize_child(obj, "m4-sleepdeep", &s->m4_sleepdeep,
                            TYPE_SPLIT_IRQ);
    object_initialize_child(obj, "tim6-dac-irq", &s->tim6_dac_irq,
                            TYPE_OR_IRQ);
    object_initialize_child(obj, "sram-fault", &s->sram_fault, TYPE_RAM_FAULT);
    for (i = 0; i < ARRAY_SIZE(s->ipcc_fault); i++) {
        g_autofree char *name = g_strdup_printf("ipcc-c%uscr-fault", i + 1);

        object_initialize_child(obj, name, &s->ipcc_fault[i],
                                TYPE_REGISTER_FAULT);
    }
    for (i = 0; i < STM32MP157_NUM_DEVICES; i++) {
        Object *child = object_new(stm32mp157_soc_devices[i].type);

        object_property_add_child(obj, stm32mp157_soc_devices[i].name, child);
        s->dev[i] = DEVICE(child);
        object_unref(child);
    }
    for (i = 0; i < STM32MP157_NUM_DEVICES; i++) {
        g_autofree char *name = g_strdup_printf("%s-gate",
                                                stm32mp157_soc_devices[i].name);

        object_initialize_child(obj, name, &s->gate[i], TYPE_STM32MP1_GATE);
    }
    object_initialize_child(obj, "hsem-m4-gate", &s->hsem_m4_gate,
                            TYPE_STM32MP1_GATE);
    for (i = 0; i < STM32MP157_NUM_MEMORIES; i++) {
        g_autofree char *name =
            g_strdup_printf("%s-gate", stm32mp157_soc_memories[i].name);

        object_initialize_child(obj, name, &s->memory_gate[i],
                                TYPE_STM32MP1_MEMORY_GATE);
    }
    /* On the board this is the console of the boot firmware. */
    qdev_prop_set_bit(s->dev[STM32MP157_UART4], "boot-enabled", true);

    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_irq, "irq",
                            BOTH(IRQ_NUMBER) + 1);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_reset,
                            "device-reset", STM32MP157_NUM_DEVICES);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_enable,
                            "clock-enable", STM32MP1_RCC_NUM_RESETS);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_decprot, "decprot",
                            STM32MP1_ETZPC_IDS);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_a7_wfi, "a7-wfi",
                            STM32MP157_NUM_A7);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_mcu_reset,
                            "mcu-reset", 1);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_sev_selected,
                            "sev-selected", SEV_NUM);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp157_soc_set_trgo, "trgo",
                            STM32MP157_NUM_DEVICES * STM32MP1_TIM_TRGOS);
}

/*
 * What a master sees: what its bus leads to, and over it, once the TZC is
 * there, its own view of the DDR.
 */
static void stm32mp157_soc_init_view(STM32MP157SocState *s,
                                     STM32MP1TzcMaster master)
{
    /* DMA1 and DMA2 are on the bus of the M4. */
    MemoryRegion *bus = master == STM32MP1_TZC_DMA ? &s->m4_view :
                        get_system_memory();

    memory_region_init(&s->view[master], OBJECT(s), "master-view", 4 * GiB);
    memory_region_init_alias(&s->view_alias[master], OBJECT(s), "master-bus",
                             bus, 0, 4 * GiB);
    memory_region_add_subregion(&s->view[master], 0, &s->view_alias[master]);
}

/* Let the TZC stand between the masters and the DDR. */
static void stm32mp157_soc_connect_tzc(STM32MP157SocState *s)
{
    SysBusDevice *tzc = SYS_BUS_DEVICE(s->dev[STM32MP157_TZC]);
    int i;

    for (i = 0; i < STM32MP1_TZC_NUM_MASTERS; i++) {
        MemoryRegion *view = i == STM32MP1_TZC_A7 ? get_system_memory() :
                             i == STM32MP1_TZC_M4 ? &s->m4_view : &s->view[i];

        memory_region_add_subregion_overlap(view, STM32MP157_DDR_ADDR,
            sysbus_mmio_get_region(tzc, 1 + i), 1);
    }
}

static bool stm32mp157_soc_realize_memory_gate(STM32MP157SocState *s,
                                               STM32MP157Memory n, Error **errp)
{
    DeviceState *dev = DEVICE(&s->memory_gate[n]);
    MemoryRegion *ram = (MemoryRegion *)((char *)s +
                                         stm32mp157_soc_memories[n].ram);

    object_property_set_link(OBJECT(dev), "memory", OBJECT(ram), &error_abort);
    qdev_prop_set_uint64(dev, "offset", stm32mp157_soc_memories[n].offset);
    qdev_prop_set_uint64(dev, "size", stm32mp157_soc_memories[n].size);
    qdev_prop_set_uint64(dev, "base", stm32mp157_soc_memories[n].addr);
    qdev_prop_set_string(dev, "name", stm32mp157_soc_memories[n].name);
    qdev_prop_set_uint8(dev, "protection",
                        stm32mp157_soc_memories[n].protection);
    return sysbus_realize(SYS_BUS_DEVICE(dev), errp);
}

/* Put the internal memories where @viewer sees them. */
static void stm32mp157_soc_map_memories(STM32MP157SocState *s,
                                        STM32MP1MemoryViewer viewer,
                                        MemoryRegion *view, int priority)
{
    MemoryRegion *mcusram = &s->mcusram_view[viewer];
    MemoryRegion *high = &s->mcusram_high[viewer];
    int i;

    memory_region_init(mcusram, OBJECT(s), "mcusram-view", MCUSRAM_SIZE);
    memory_region_init_alias(high, OBJECT(s), "mcusram-high", mcusram, 0,
                             MCUSRAM_SIZE);
    memory_region_add_subregion_overlap(view, MCUSRAM_ADDR, mcusram, priority);
    memory_region_add_subregion_overlap(view, MCUSRAM_HIGH_ADDR, high,
                                        priority);
    for (i = 0; i < STM32MP157_NUM_MEMORIES; i++) {
        hwaddr addr = stm32mp157_soc_memories[i].addr;
        MemoryRegion *part = sysbus_mmio_get_region(
            SYS_BUS_DEVICE(&s->memory_gate[i]), viewer);

        if (addr >= MCUSRAM_ADDR && addr < MCUSRAM_ADDR + MCUSRAM_SIZE) {
            memory_region_add_subregion(mcusram, addr - MCUSRAM_ADDR, part);
        } else {
            memory_region_add_subregion_overlap(view, addr, part, priority);
        }
    }
}

static bool stm32mp157_soc_realize_boot_rom(STM32MP157SocState *s,
                                            Error **errp)
{
    DeviceState *dev, *gate;
    MemoryRegion *rom;
    int i;

    object_initialize_child(OBJECT(s), "boot-rom", &s->boot_rom,
                            TYPE_STM32MP1_BOOT_ROM);
    object_initialize_child(OBJECT(s), "boot-rom-gate", &s->boot_rom_gate,
                            TYPE_STM32MP1_MEMORY_GATE);
    dev = DEVICE(&s->boot_rom);
    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        g_autofree char *cpu = g_strdup_printf("cpu%d", i);

        object_property_set_link(OBJECT(dev), cpu, OBJECT(&s->a7[i]),
                                 &error_abort);
    }
    qdev_prop_set_uint32(dev, "entry", STM32MP157_SECURE_ADDR);
    /* There QEMU's loader has the code that enters Linux. */
    qdev_prop_set_uint32(dev, "normal-entry", STM32MP157_DDR_ADDR);
    if (!sysbus_realize(SYS_BUS_DEVICE(dev), errp)) {
        return false;
    }
    rom = sysbus_mmio_get_region(SYS_BUS_DEVICE(dev), 0);
    gate = DEVICE(&s->boot_rom_gate);
    object_property_set_link(OBJECT(gate), "memory", OBJECT(rom),
                             &error_abort);
    qdev_prop_set_uint64(gate, "size", memory_region_size(rom));
    qdev_prop_set_string(gate, "name", "boot-rom");
    qdev_prop_set_uint8(gate, "protection", STM32MP1_PROTECTION_SECURE);
    if (!sysbus_realize(SYS_BUS_DEVICE(gate), errp)) {
        return false;
    }
    /* The M4 has RETRAM there. */
    memory_region_add_subregion_overlap(&s->view[STM32MP1_TZC_A7_SECURE],
        BOOT_ROM_ADDR, sysbus_mmio_get_region(SYS_BUS_DEVICE(gate),
                                              STM32MP1_VIEWER_SECURE), 1);
    memory_region_add_subregion(get_system_memory(), BOOT_ROM_ADDR,
        sysbus_mmio_get_region(SYS_BUS_DEVICE(gate), STM32MP1_VIEWER_NORMAL));
    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        qdev_connect_gpio_out_named(DEVICE(&s->rcc), "mpu-reset", i,
                                    qdev_get_gpio_in_named(dev, "reset", i));
    }
    return true;
}

/*
 * Bits of the address that the memory does not have are not looked at: by that a
 * boot loader finds out how much there is.
 */
static void stm32mp157_soc_init_ddr(STM32MP157SocState *s)
{
    uint64_t size = memory_region_size(s->dram);
    uint64_t step = is_power_of_2(size) ? size : DDR_SIZE;
    unsigned i, num = MAX(DDR_SIZE / step, 1);

    memory_region_init(&s->ddr, OBJECT(s), "stm32mp157.ddr", DDR_SIZE);
    s->ddr_alias = g_new0(MemoryRegion, num);
    for (i = 0; i < num; i++) {
        memory_region_init_alias(&s->ddr_alias[i], OBJECT(s), "ddr-alias",
                                 s->dram, 0, size);
        memory_region_add_subregion(&s->ddr, i * step, &s->ddr_alias[i]);
    }
}

static bool stm32mp157_soc_realize_memory(STM32MP157SocState *s, Error **errp)
{
    MemoryRegion *system = get_system_memory();
    Object *obj = OBJECT(s);
    const struct {
        MemoryRegion *mr;
        const char *name;
        uint64_t size;
    } rams[] = {
        { &s->retram, "stm32mp157.retram", RETRAM_SIZE },
        { &s->mcusram, "stm32mp157.mcusram", MCUSRAM_SIZE },
        { &s->sysram, "stm32mp157.sysram", SYSRAM_SIZE },
        { &s->bkpsram, "stm32mp157.bkpsram", BKPSRAM_SIZE },
        { &s->fdcan_ram, "stm32mp157.fdcan-ram", FDCAN_RAM_SIZE },
    };
    int i;

    if (!s->dram) {
        error_setg(errp, "property \"dram\" is not set");
        return false;
    }
    for (i = 0; i < ARRAY_SIZE(rams); i++) {
        if (!memory_region_init_ram(rams[i].mr, obj, rams[i].name,
                                    rams[i].size, errp)) {
            return false;
        }
    }
    for (i = 0; i < STM32MP157_NUM_MEMORIES; i++) {
        if (!stm32mp157_soc_realize_memory_gate(s, i, errp)) {
            return false;
        }
    }
    memory_region_init(&s->m4_bus, obj, "m4-bus", 4 * GiB);
    memory_region_init_alias(&s->m4_bus_system, obj, "m4-bus-system", system, 0,
                             4 * GiB);
    memory_region_add_subregion(&s->m4_bus, 0, &s->m4_bus_system);
    stm32mp157_soc_map_memories(s, STM32MP1_VIEWER_NORMAL, system, 0);
    stm32mp157_soc_map_memories(s, STM32MP1_VIEWER_MCU, &s->m4_bus, 1);
    stm32mp157_soc_init_ddr(s);
    if (!s->secure) {
        memory_region_add_subregion(system, STM32MP157_DDR_ADDR, &s->ddr);
    }

    memory_region_init(&s->m4_view, obj, "m4-view", 4 * GiB);
    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_m4_view); i++) {
        memory_region_init_alias(&s->m4_alias[i], obj,
                                 stm32mp157_soc_m4_view[i].name, &s->m4_bus,
                                 stm32mp157_soc_m4_view[i].target,
                                 stm32mp157_soc_m4_view[i].size);
        memory_region_add_subregion(&s->m4_view, stm32mp157_soc_m4_view[i].addr,
                                    &s->m4_alias[i]);
    }

    for (i = 0; i < STM32MP1_TZC_NUM_MASTERS; i++) {
        stm32mp157_soc_init_view(s, i);
    }
    stm32mp157_soc_map_memories(s, STM32MP1_VIEWER_SECURE,
                                &s->view[STM32MP1_TZC_A7_SECURE], 1);

    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_unimplemented); i++) {
        create_unimplemented_device(stm32mp157_soc_unimplemented[i].name,
                                    stm32mp157_soc_unimplemented[i].addr,
                                    stm32mp157_soc_unimplemented[i].size);
    }
    object_property_set_link(OBJECT(&s->sram_fault), "memory",
                             OBJECT(&s->mcusram), &error_abort);
    return qdev_realize(DEVICE(&s->sram_fault), NULL, errp);
}

static bool stm32mp157_soc_realize_a7(STM32MP157SocState *s, Error **errp)
{
    SysBusDevice *gic = SYS_BUS_DEVICE(&s->a7mpcore);
    static const int inputs[] = {
        ARM_CPU_IRQ, ARM_CPU_FIQ, ARM_CPU_VIRQ, ARM_CPU_VFIQ,
    };
    int i, j;

    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        Object *cpu = OBJECT(&s->a7[i]);

        object_property_set_int(cpu, "reset-cbar", GIC_ADDR, &error_abort);
        object_property_set_int(cpu, "cntfrq", CNTFRQ_HZ, &error_abort);
        if (s->secure) {
            object_property_set_link(cpu, "secure-memory",
                OBJECT(&s->view[STM32MP1_TZC_A7_SECURE]), &error_abort);
        }
        if (!qdev_realize(DEVICE(cpu), NULL, errp)) {
            return false;
        }
    }
    if (!qdev_realize(DEVICE(&s->a7_cluster), NULL, errp)) {
        return false;
    }

    qdev_prop_set_uint32(DEVICE(gic), "num-cpu", STM32MP157_NUM_A7);
    qdev_prop_set_uint32(DEVICE(gic), "num-irq",
                         STM32MP157_NUM_SPI + GIC_INTERNAL);
    if (!sysbus_realize(gic, errp)) {
        return false;
    }
    sysbus_mmio_map(gic, 0, GIC_ADDR);
    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        DeviceState *cpu = DEVICE(&s->a7[i]);

        for (j = 0; j < ARRAY_SIZE(inputs); j++) {
            sysbus_connect_irq(gic, j * STM32MP157_NUM_A7 + i,
                               qdev_get_gpio_in(cpu, inputs[j]));
        }
        qdev_connect_gpio_out_named(cpu, "pmu-interrupt", 0,
                                    qdev_get_gpio_in(DEVICE(gic), PMU_SPI + i));
    }
    return true;
}

static bool stm32mp157_soc_realize_m4(STM32MP157SocState *s, Error **errp)
{
    DeviceState *m4 = DEVICE(&s->m4);
    DeviceState *control = DEVICE(&s->m4_control);

    qdev_prop_set_uint32(m4, "num-irq", STM32MP157_NUM_NVIC);
    qdev_prop_set_uint8(m4, "num-prio-bits", 4);
    qdev_prop_set_string(m4, "cpu-type", ARM_CPU_TYPE_NAME("cortex-m4"));
    qdev_prop_set_bit(m4, "start-powered-off", true);
    qdev_prop_set_chr(m4, "itm-chardev", serial_hd(3));
    object_property_set_link(OBJECT(m4), "memory", OBJECT(&s->m4_view),
                             &error_abort);
    qdev_connect_clock_in(m4, "cpuclk",
                          stm32mp1_rcc_clock(&s->rcc, STM32MP1_RCC_FCLK_MCU));
    qdev_connect_clock_in(m4, "refclk",
                          stm32mp1_rcc_clock(&s->rcc, STM32MP1_RCC_SYSTICK));
    if (!sysbus_realize(SYS_BUS_DEVICE(m4), errp) ||
        !qdev_realize(DEVICE(&s->m4_cluster), NULL, errp)) {
        return false;
    }
    s->m4.cpu->mp_affinity = M4_MP_AFFINITY;

    object_property_set_link(OBJECT(control), "armv7m", OBJECT(m4),
                             &error_abort);
    qdev_prop_set_uint32(control, "num-irq", STM32MP157_NUM_NVIC);
    return sysbus_realize(SYS_BUS_DEVICE(control), errp);
}

/* What an interrupt of device @n leads to; two devices share one. */
static qemu_irq stm32mp157_soc_device_irq(STM32MP157SocState *s,
                                          STM32MP157Device n, uint16_t irq)
{
    if ((irq & IRQ_NUMBER) == TIM6_DAC_IRQ) {
        return qdev_get_gpio_in(DEVICE(&s->tim6_dac_irq),
                                n == STM32MP157_DAC);
    }
    return stm32mp157_soc_irq(s, irq);
}

static bool stm32mp157_soc_realize_gate(STM32MP157SocState *s,
                                        STM32MP1GateState *gate,
                                        STM32MP157Device n, int region,
                                        Error **errp)
{
    const STM32MP157DeviceInfo *info = &stm32mp157_soc_devices[n];
    SysBusDevice *sbd = SYS_BUS_DEVICE(s->dev[n]);
    DeviceState *dev = DEVICE(gate);

    object_property_set_link(OBJECT(gate), "memory",
                             OBJECT(sysbus_mmio_get_region(sbd, region)),
                             &error_abort);
    qdev_prop_set_string(dev, "name", info->name);
    qdev_prop_set_bit(dev, "gated", info->enable);
    qdev_prop_set_uint8(dev, "access", info->access);
    if (n == STM32MP157_TZC) {
        qdev_prop_set_uint8(dev, "protection", STM32MP1_PROTECTION_SECURE);
    } else if (n == STM32MP157_ETZPC || n == STM32MP157_BSEC) {
        qdev_prop_set_uint8(dev, "protection",
                            STM32MP1_PROTECTION_SECURE_WRITE);
    }
    return sysbus_realize(SYS_BUS_DEVICE(gate), errp);
}

static bool stm32mp157_soc_realize_device(STM32MP157SocState *s,
                                          STM32MP157Device n, Error **errp)
{
    const STM32MP157DeviceInfo *info = &stm32mp157_soc_devices[n];
    DeviceState *dev = s->dev[n];
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);
    int i;

    if (info->clocked) {
        Clock *clk = stm32mp1_rcc_clock(&s->rcc, info->clk);

        if (!info->always_clocked) {
            qdev_connect_clock_in(DEVICE(&s->gate[n]), "clk", clk);
            clk = qdev_get_clock_out(DEVICE(&s->gate[n]), "clk-out");
        }
        qdev_connect_clock_in(dev, "clk", clk);
    }
    if (!strcmp(info->type, TYPE_STM32MP1_TIM)) {
        qdev_prop_set_uint8(dev, "width", info->param);
        qdev_prop_set_uint8(dev, "channels", info->channels);
        qdev_prop_set_uint8(dev, "kind", info->kind);
    }
    if (!strcmp(info->type, TYPE_STM32MP1_FDCAN)) {
        object_property_set_link(OBJECT(dev), "message-ram",
                                 OBJECT(&s->fdcan_ram), &error_abort);
    }
    if (!strcmp(info->type, TYPE_STM32MP1_LPTIM)) {
        qdev_prop_set_bit(dev, "encoder", info->param);
    }
    if (!strcmp(info->type, TYPE_STM32MP1_QUADSPI) ||
        !strcmp(info->type, TYPE_STM32F7_I2C)) {
        qdev_prop_set_string(dev, "bus-name", info->name);
    }
    if (!strcmp(info->type, TYPE_STM32MP1_SPI)) {
        qdev_prop_set_string(dev, "bus-name", info->name);
        qdev_prop_set_uint8(dev, "data-size", info->param);
    }
    if (!strcmp(info->type, TYPE_STM32MP1_ADC)) {
        qdev_connect_clock_in(dev, "hclk",
                              stm32mp1_rcc_clock(&s->rcc,
                                                 STM32MP1_RCC_CK_MCU));
    }
    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_masters); i++) {
        if (!strcmp(info->type, stm32mp157_soc_masters[i].type)) {
            STM32MP1TzcMaster master = stm32mp157_soc_masters[i].master;

            object_property_set_link(OBJECT(dev), "memory",
                                     OBJECT(&s->view[master]), &error_abort);
        }
    }
    if (!strcmp(info->type, TYPE_STM32MP1_TZC)) {
        object_property_set_link(OBJECT(dev), "dram", OBJECT(&s->ddr),
                                 &error_abort);
        qdev_prop_set_uint64(dev, "dram-size", memory_region_size(s->dram));
        qdev_prop_set_uint64(dev, "dram-base", STM32MP157_DDR_ADDR);
        qdev_prop_set_bit(dev, "cold", s->cold);
        if (s->secure && !s->cold) {
            qdev_prop_set_uint64(dev, "secure-base", STM32MP157_SECURE_ADDR);
            qdev_prop_set_uint64(dev, "secure-size", STM32MP157_SECURE_SIZE);
        }
    }
    if (!strcmp(info->type, TYPE_STM32MP1_ETZPC)) {
        qdev_prop_set_bit(dev, "sysram-open", !s->secure);
    }
    if (!strcmp(info->type, TYPE_STM32L4X5_GPIO)) {
        qdev_prop_set_string(dev, "name", info->name);
        qdev_prop_set_uint32(dev, "mode-reset", 0xffffffff);
        qdev_prop_set_bit(dev, "has-seccfgr", true);
        qdev_prop_set_uint32(dev, "secure-pins",
                             n == STM32MP157_GPIOZ ? 0xff : 0);
    }
    if (!sysbus_realize(sbd, errp) ||
        !stm32mp157_soc_realize_gate(s, &s->gate[n], n, 0, errp)) {
        return false;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(&s->gate[n]), 0, info->addr);
    for (i = 0; i < ARRAY_SIZE(info->irq); i++) {
        if (info->irq[i]) {
            sysbus_connect_irq(sbd, i,
                               stm32mp157_soc_device_irq(s, n, info->irq[i]));
        }
    }
    if (info->reset) {
        qdev_connect_gpio_out_named(DEVICE(&s->rcc), "reset",
                                    info->reset & ~RST_VALID,
                                    qdev_get_gpio_in_named(DEVICE(s),
                                                           "device-reset", n));
    }
    return true;
}

/* Two receivers of one signal: @first and an input of the RCC */
static bool stm32mp157_soc_realize_split(STM32MP157SocState *s, SplitIRQ *split,
                                         qemu_irq first, const char *rcc_input,
                                         Error **errp)
{
    DeviceState *dev = DEVICE(split);

    qdev_prop_set_uint16(dev, "num-lines", 2);
    if (!qdev_realize(dev, NULL, errp)) {
        return false;
    }
    qdev_connect_gpio_out(dev, 0, first);
    qdev_connect_gpio_out(dev, 1,
                          qdev_get_gpio_in_named(DEVICE(&s->rcc), rcc_input,
                                                 0));
    return true;
}

static void stm32mp157_soc_connect_exti(STM32MP157SocState *s)
{
    DeviceState *exti = s->dev[STM32MP157_EXTI];
    int i, pin;

    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_exti); i++) {
        uint16_t irq = stm32mp157_soc_exti[i].irq;
        int event = stm32mp157_soc_exti[i].event;

        if (irq & TO_A7) {
            qdev_connect_gpio_out_named(exti, "c1-irq", event,
                                        stm32mp157_soc_irq(s, irq & ~TO_M4));
        }
        if (irq & TO_M4) {
            qdev_connect_gpio_out_named(exti, "c2-irq", event,
                                        stm32mp157_soc_irq(s, irq & ~TO_A7));
        }
    }
    for (i = STM32MP157_GPIOA; i <= STM32MP157_GPIOZ; i++) {
        int port = stm32mp157_soc_devices[i].param;

        for (pin = 0; pin < GPIO_NUM_PINS; pin++) {
            int n = port * GPIO_NUM_PINS + pin;

            qdev_connect_gpio_out(s->dev[i], pin,
                                  qdev_get_gpio_in_named(exti, "pin", n));
        }
    }
}

static void stm32mp157_soc_connect_etzpc(STM32MP157SocState *s)
{
    DeviceState *etzpc = s->dev[STM32MP157_ETZPC];
    int i;

    for (i = 0; i < STM32MP1_ETZPC_IDS; i++) {
        qdev_connect_gpio_out_named(etzpc, "decprot", i,
                                    qdev_get_gpio_in_named(DEVICE(s), "decprot",
                                                           i));
    }
    if (s->secure) {
        qdev_connect_gpio_out_named(etzpc, "tzma", TZMA_ROM,
            qdev_get_gpio_in_named(DEVICE(&s->boot_rom_gate), "pages", 0));
    }
    qdev_connect_gpio_out_named(etzpc, "tzma", TZMA_SYSRAM,
        qdev_get_gpio_in_named(DEVICE(&s->memory_gate[STM32MP157_SYSRAM]),
                               "pages", 0));
}

/* The requests of these do not end by an access to them. */
static bool stm32mp157_soc_wants_ack(STM32MP157Device n)
{
    const char *type = stm32mp157_soc_devices[n].type;

    return !strcmp(type, TYPE_STM32MP1_TIM) || !strcmp(type, TYPE_STM32MP1_DAC);
}

static void stm32mp157_soc_connect_dma(STM32MP157SocState *s)
{
    DeviceState *mux = s->dev[STM32MP157_DMAMUX1];
    int i, j;

    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_requests); i++) {
        STM32MP157Device n = stm32mp157_soc_requests[i].device;

        for (j = 0; j < stm32mp157_soc_requests[i].count; j++) {
            int request = stm32mp157_soc_requests[i].request + j;
            int output = stm32mp157_soc_requests[i].first + j;

            qdev_connect_gpio_out_named(
                s->dev[n], stm32mp157_soc_requests[i].output, output,
                qdev_get_gpio_in_named(mux, "request", request));
            if (stm32mp157_soc_wants_ack(n)) {
                qdev_connect_gpio_out_named(
                    mux, "ack", request,
                    qdev_get_gpio_in_named(s->dev[n], "dma-ack", output));
            }
        }
    }
    for (i = 0; i < ARRAY_SIZE(stm32mp157_soc_mdma_requests); i++) {
        int request = stm32mp157_soc_mdma_requests[i].request;

        qdev_connect_gpio_out_named(
            s->dev[stm32mp157_soc_mdma_requests[i].device],
            stm32mp157_soc_mdma_requests[i].output, 0,
            qdev_get_gpio_in_named(s->dev[STM32MP157_MDMA], "request",
                                   request));
    }
    qdev_connect_gpio_out_named(mux, "end", HASH2_REQUEST,
                                qdev_get_gpio_in_named(
                                    s->dev[STM32MP157_HASH2], "dma-end", 0));
    qdev_connect_gpio_out_named(s->dev[STM32MP157_MDMA], "end", HASH1_REQUEST,
                                qdev_get_gpio_in_named(
                                    s->dev[STM32MP157_HASH1], "dma-end", 0));
    for (i = 0; i < STM32MP1_DMAMUX_CHANNELS; i++) {
        DeviceState *dma = s->dev[STM32MP157_DMA1 + i / STM32MP1_DMA_STREAMS];
        int stream = i % STM32MP1_DMA_STREAMS;

        qdev_connect_gpio_out_named(mux, "channel", i,
                                    qdev_get_gpio_in_named(dma, "request",
                                                           stream));
        /* The end of its transfer is a request of the MDMA. */
        qdev_connect_gpio_out_named(dma, "complete", stream,
                                    qdev_get_gpio_in_named(
                                        s->dev[STM32MP157_MDMA], "request",
                                        i));
        qdev_connect_gpio_out_named(dma, "ack", stream,
                                    qdev_get_gpio_in_named(mux, "channel-ack",
                                                           i));
        qdev_connect_gpio_out_named(dma, "end", stream,
                                    qdev_get_gpio_in_named(mux, "channel-end",
                                                           i));
    }
}

static void stm32mp157_soc_connect_trgos(STM32MP157SocState *s)
{
    int i, j;

    for (i = 0; i < STM32MP157_NUM_DEVICES; i++) {
        if (strcmp(stm32mp157_soc_devices[i].type, TYPE_STM32MP1_TIM)) {
            continue;
        }
        for (j = 0; j < STM32MP1_TIM_TRGOS; j++) {
            qdev_connect_gpio_out_named(s->dev[i], "trgo", j,
                qdev_get_gpio_in_named(DEVICE(s), "trgo",
                                       i * STM32MP1_TIM_TRGOS + j));
        }
    }
}

static void stm32mp157_soc_connect_cores(STM32MP157SocState *s)
{
    static const int events[SEV_NUM] = {
        [SEV_A7] = EXTI_EVENT_SEV_A7,
        [SEV_M4] = EXTI_EVENT_SEV_M4,
    };
    DeviceState *exti = s->dev[STM32MP157_EXTI];
    int i;

    for (i = 0; i < SEV_NUM; i++) {
        qdev_connect_gpio_out_named(exti, "selected", events[i],
                                    qdev_get_gpio_in_named(DEVICE(s),
                                                           "sev-selected", i));
    }
    for (i = 0; i < STM32MP157_NUM_A7; i++) {
        qdev_connect_gpio_out_named(DEVICE(&s->a7[i]), "wfi-output", 0,
                                    qdev_get_gpio_in_named(DEVICE(s), "a7-wfi",
                                                           i));
        qdev_connect_gpio_out_named(DEVICE(&s->a7[i]), "event-output", 0,
                                    qdev_get_gpio_in_named(exti, "event",
                                                           EXTI_EVENT_SEV_A7));
    }
    qdev_connect_gpio_out_named(DEVICE(s->m4.cpu), "wfi-output", 0,
                                qdev_get_gpio_in_named(DEVICE(&s->rcc),
                                                       "sleeping",
                                                       STM32MP157_NUM_A7));
    qdev_connect_gpio_out_named(DEVICE(s->m4.cpu), "event-output", 0,
                                qdev_get_gpio_in_named(exti, "event",
                                                       EXTI_EVENT_SEV_M4));
}

static void stm32mp157_soc_connect_resets(STM32MP157SocState *s)
{
    DeviceState *rcc = DEVICE(&s->rcc);
    DeviceState *control = DEVICE(&s->m4_control);

    qdev_connect_gpio_out_named(rcc, "mcu-boot", 0,
                                qdev_get_gpio_in_named(control, "boot", 0));
    qdev_connect_gpio_out_named(rcc, "mcu-reset", 0,
                                qdev_get_gpio_in_named(DEVICE(s), "mcu-reset",
                                                       0));
    qdev_connect_gpio_out_named(s->dev[STM32MP157_WWDG1], "reset", 0,
                                qdev_get_gpio_in(DEVICE(&s->wwdg1_reset), 0));
    qdev_connect_gpio_out_named(control, "sysresetreq", 0,
                                qdev_get_gpio_in(DEVICE(&s->m4_sysresetreq),
                                                 0));
    qdev_connect_gpio_out_named(DEVICE(&s->m4), "SLEEPDEEP", 0,
                                qdev_get_gpio_in(DEVICE(&s->m4_sleepdeep), 0));
    qdev_connect_gpio_out_named(s->dev[STM32MP157_EXTI], "c2-wakeup", 0,
                                qdev_get_gpio_in_named(rcc, "mcu-wakeup", 0));
    qdev_connect_gpio_out_named(rcc, "mcu-stop", 0,
                                qdev_get_gpio_in_named(control, "irq-hold", 0));
    qdev_connect_gpio_out_named(rcc, "system-stop", 0,
                                qdev_get_gpio_in_named(
                                    s->dev[STM32MP157_PWR], "system-stop", 0));
    qdev_connect_gpio_out_named(s->dev[STM32MP157_IWDG1], "reset", 0,
                                qdev_get_gpio_in_named(rcc, "iwdg1-reset", 0));
    qdev_connect_gpio_out_named(s->dev[STM32MP157_IWDG2], "reset", 0,
                                qdev_get_gpio_in_named(rcc, "iwdg2-reset", 0));
}

static bool stm32mp157_soc_realize_ipcc_faults(STM32MP157SocState *s,
                                               Error **errp)
{
    SysBusDevice *ipcc = SYS_BUS_DEVICE(&s->gate[STM32MP157_IPCC]);
    static const uint32_t scr[ARRAY_SIZE(s->ipcc_fault)] = { 0x08, 0x18 };
    int i;

    for (i = 0; i < ARRAY_SIZE(s->ipcc_fault); i++) {
        DeviceState *fault = DEVICE(&s->ipcc_fault[i]);

        object_property_set_link(OBJECT(fault), "memory",
                                 OBJECT(sysbus_mmio_get_region(ipcc, 0)),
                                 &error_abort);
        qdev_prop_set_uint32(fault, "offset", scr[i]);
        if (!sysbus_realize(SYS_BUS_DEVICE(fault), errp)) {
            return false;
        }
    }
    return true;
}

static void stm32mp157_soc_realize(DeviceState *dev, Error **errp)
{
    static const STM32MP157Device serial[] = {
        STM32MP157_UART4, STM32MP157_USART3, STM32MP157_UART7,
    };
    STM32MP157SocState *s = STM32MP157_SOC(dev);
    DeviceState *exti;
    int i;

    if (!stm32mp157_soc_realize_memory(s, errp) ||
        !sysbus_realize(SYS_BUS_DEVICE(&s->rcc), errp) ||
        !stm32mp157_soc_realize_a7(s, errp) ||
        !stm32mp157_soc_realize_m4(s, errp)) {
        return;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(&s->rcc), 0, RCC_ADDR);
    sysbus_connect_irq(SYS_BUS_DEVICE(&s->rcc), 0,
                       stm32mp157_soc_irq(s, BOTH(RCC_IRQ)));
    sysbus_connect_irq(SYS_BUS_DEVICE(&s->rcc), 1,
                       stm32mp157_soc_irq(s, A7(RCC_WAKEUP_IRQ)));
    sysbus_connect_irq(SYS_BUS_DEVICE(&s->rcc), 2,
                       stm32mp157_soc_irq(s, M4(RCC_WAKEUP_IRQ)));

    for (i = 0; i < ARRAY_SIZE(serial); i++) {
        qdev_prop_set_chr(s->dev[serial[i]], "chardev", serial_hd(i));
    }
    qdev_prop_set_uint64(s->dev[STM32MP157_DDRCTRL], "size",
                         memory_region_size(s->dram));
    qdev_prop_set_bit(s->dev[STM32MP157_DDRCTRL], "cold", s->cold);
    qdev_prop_set_uint32(s->dev[STM32MP157_STGEN], "frequency", CNTFRQ_HZ);
    qdev_prop_set_bit(s->dev[STM32MP157_STGEN], "cold", s->cold);
    qdev_prop_set_uint16(DEVICE(&s->tim6_dac_irq), "num-lines", 2);
    if (!qdev_realize(DEVICE(&s->tim6_dac_irq), NULL, errp)) {
        return;
    }
    qdev_connect_gpio_out(DEVICE(&s->tim6_dac_irq), 0,
                          stm32mp157_soc_irq(s, BOTH(TIM6_DAC_IRQ)));
    qemu_configure_nic_device(s->dev[STM32MP157_ETH], true, NULL);
    for (i = 0; i < STM32MP157_NUM_DEVICES; i++) {
        if (!stm32mp157_soc_realize_device(s, i, errp)) {
            return;
        }
    }
    if (s->secure) {
        stm32mp157_soc_connect_tzc(s);
        if (!stm32mp157_soc_realize_boot_rom(s, errp)) {
            return;
        }
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(s->dev[STM32MP157_QUADSPI]), 1,
                    QUADSPI_WINDOW_ADDR);
    if (!stm32mp157_soc_realize_gate(s, &s->hsem_m4_gate, STM32MP157_HSEM, 1,
                                     errp)) {
        return;
    }
    memory_region_add_subregion_overlap(&s->m4_view,
        stm32mp157_soc_devices[STM32MP157_HSEM].addr,
        sysbus_mmio_get_region(SYS_BUS_DEVICE(&s->hsem_m4_gate), 0), 1);
    for (i = 0; i < STM32MP1_RCC_NUM_RESETS; i++) {
        qdev_connect_gpio_out_named(DEVICE(&s->rcc), "enable", i,
                                    qdev_get_gpio_in_named(dev, "clock-enable",
                                                           i));
    }

    exti = s->dev[STM32MP157_EXTI];
    if (!stm32mp157_soc_realize_split(s, &s->wwdg1_reset,
                                      qdev_get_gpio_in_named(exti, "event",
                                          EXTI_EVENT_WWDG1_RESET),
                                      "wwdg1-reset", errp) ||
        !stm32mp157_soc_realize_split(s, &s->m4_sysresetreq,
                                      qdev_get_gpio_in_named(exti, "event",
                                          EXTI_EVENT_M4_SYSRESETREQ),
                                      "mcu-sysresetreq", errp) ||
        !stm32mp157_soc_realize_split(s, &s->m4_sleepdeep,
                                      qdev_get_gpio_in_named(
                                          s->dev[STM32MP157_PWR],
                                          "mcu-deepsleep", 0),
                                      "mcu-sleepdeep", errp) ||
        !stm32mp157_soc_realize_ipcc_faults(s, errp)) {
        return;
    }
    stm32mp157_soc_connect_etzpc(s);
    stm32mp157_soc_connect_exti(s);
    stm32mp157_soc_connect_dma(s);
    stm32mp157_soc_connect_trgos(s);
    stm32mp157_soc_connect_cores(s);
    stm32mp157_soc_connect_resets(s);
}

static const Property stm32mp157_soc_properties[] = {
    DEFINE_PROP_LINK("dram", STM32MP157SocState, dram, TYPE_MEMORY_REGION,
                     MemoryRegion *),
    DEFINE_PROP_BOOL("secure", STM32MP157SocState, secure, false),
    DEFINE_PROP_BOOL("cold", STM32MP157SocState, cold, false),
};

static void stm32mp157_soc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "STM32MP157 SoC";
    dc->realize = stm32mp157_soc_realize;
    /* Uses serial_hd() and the system memory */
    dc->user_creatable = false;
    device_class_set_props(dc, stm32mp157_soc_properties);
}

static const TypeInfo stm32mp157_soc_types[] = {
    {
        .name = TYPE_STM32MP157_SOC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP157SocState),
        .instance_init = stm32mp157_soc_init,
        .class_init = stm32mp157_soc_class_init,
    },
};

DEFINE_TYPES(stm32mp157_soc_types)
