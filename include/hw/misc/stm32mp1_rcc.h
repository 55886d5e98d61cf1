/*
 * STM32MP15 reset and clock controller (RCC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * + sysbus MMIO region 0: the registers
 * + sysbus IRQ 0: oscillator and PLL ready interrupt
 * + sysbus IRQ 1 and 2: wake-up interrupt of the MPU and of the MCU
 * + Clock outputs: see STM32MP1_RCC_CLOCKS
 * + Named GPIO outputs "reset": one per bit of the *RSTSETR registers, at
 *   STM32MP1_RCC_RESET(); high while the peripheral is held in reset
 * + Named GPIO outputs "enable": one per bit of the registers that enable
 *   clocks, at STM32MP1_RCC_ENABLE(); high while the clock runs, which is while
 *   a processor has enabled it whose mode does not stop it. All are driven when
 *   a reset ends.
 * + Named GPIO output "mcu-boot": level of MP_GCR.BOOT_MCU
 * + Named GPIO output "mcu-reset": pulse, the MCU and what goes with it resets
 * + Named GPIO outputs "mpu-reset": pulse, core 0 or 1 of the MPU resets alone.
 *   Not connected, this reset is said to be not modelled.
 * + Named GPIO inputs "wwdg1-reset" and "mcu-sysresetreq": pulses, note the
 *   reason in MC_RSTSCLRR and reset the MCU
 * + Named GPIO inputs "sleeping": level, a core waits for an interrupt: the two
 *   of the MPU, then that of the MCU
 * + Named GPIO input "mcu-sleepdeep": level, the MCU is in deep sleep, its mode
 *   CStop; its end sets MC_CIFR.WKUPF. That of the MPU is when both cores wait
 *   and MP_SREQSETR says so; its end sets MP_CIFR.WKUPF.
 * + Named GPIO input "mcu-wakeup": level, the EXTI asks for the MCU's clocks, so
 *   that it does not enter CStop. They come when it has left its deep sleep:
 *   QEMU may be late to let it, and what it uses would count meanwhile.
 * + Named GPIO output "mcu-stop": level, the MCU is in CStop and is not asked to
 *   wake up: it takes no interrupt
 * + Named GPIO output "system-stop": level, both processors are in CStop
 * + Named GPIO inputs "iwdg1-reset" and "iwdg2-reset": pulses; the watchdog
 *   action of QEMU decides what follows, and the reason is noted if that is a
 *   reset
 * + Named GPIO input "power-cycle": pulse, the system reset that has just been
 *   requested is one by power-on
 * + Named GPIO input "psci-reset": pulse, the system reset that begins now is
 *   one that QEMU's PSCI was asked for, in the place of a secure monitor that
 *   writes MPSYSRST
 * + Property "x-fault-not-ready": the oscillator or PLL that never gets ready,
 *   for tests: "hsi", "csi", "hse", "lsi", "lse", "pll1" to "pll4", or "" for
 *   none. It gives no clock (LSI and LSE do), and reset leaves a PLL off, as a
 *   boot firmware has to that waits for it in vain. It outlives a reset.
 * + Property "x-fault-not-ready-count" (read only): how often it was on, and
 *   its ready bit read as 0
 */

#ifndef HW_MISC_STM32MP1_RCC_H
#define HW_MISC_STM32MP1_RCC_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_STM32MP1_RCC "stm32mp1-rcc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1RccState, STM32MP1_RCC)

#define STM32MP1_RCC_SIZE 0x1000

/* What has resets and clock enables, in the order of those outputs. */
typedef enum STM32MP1RccBus {
    STM32MP1_RCC_APB1,
    STM32MP1_RCC_APB2,
    STM32MP1_RCC_APB3,
    STM32MP1_RCC_APB4,
    STM32MP1_RCC_APB5,
    STM32MP1_RCC_AHB2,
    STM32MP1_RCC_AHB3,
    STM32MP1_RCC_AHB4,
    STM32MP1_RCC_AHB5,
    STM32MP1_RCC_AHB6,
    STM32MP1_RCC_TZAHB6,
    STM32MP1_RCC_DBG,      /* DBGCFGR: enables only */
    STM32MP1_RCC_NUM_BUSES,
} STM32MP1RccBus;

#define STM32MP1_RCC_RESET(bus, bit) ((bus) * 32 + (bit))
#define STM32MP1_RCC_ENABLE(bus, bit) STM32MP1_RCC_RESET(bus, bit)
#define STM32MP1_RCC_NUM_RESETS (STM32MP1_RCC_NUM_BUSES * 32)

typedef enum STM32MP1RccClock {
    STM32MP1_RCC_CK_MCU,   /* "ck_mcu": the AHBs beside the M4 */
    STM32MP1_RCC_FCLK_MCU, /* "fclk_mcu": the M4 itself, but not in CStop */
    STM32MP1_RCC_SYSTICK,  /* "systick": SysTick's external clock */
    STM32MP1_RCC_PCLK1,    /* "pclk1" */
    STM32MP1_RCC_PCLK2,    /* "pclk2" */
    STM32MP1_RCC_PCLK3,    /* "pclk3" */
    STM32MP1_RCC_HCLK4,    /* "hclk4": AXI and its AHBs */
    STM32MP1_RCC_PCLK4,    /* "pclk4" */
    STM32MP1_RCC_PCLK5,    /* "pclk5" */
    STM32MP1_RCC_TIMG1,    /* "timg1": timers on APB1 */
    STM32MP1_RCC_TIMG2,    /* "timg2": timers on APB2 */
    STM32MP1_RCC_USART1,   /* "usart1" */
    STM32MP1_RCC_USART24,  /* "usart24": USART2 and UART4 */
    STM32MP1_RCC_USART35,  /* "usart35": USART3 and UART5 */
    STM32MP1_RCC_USART6,   /* "usart6" */
    STM32MP1_RCC_USART78,  /* "usart78": UART7 and UART8 */
    STM32MP1_RCC_I2C12,    /* "i2c12": I2C1 and I2C2 */
    STM32MP1_RCC_I2C35,    /* "i2c35": I2C3 and I2C5 */
    STM32MP1_RCC_I2C46,    /* "i2c46": I2C4 and I2C6 */
    STM32MP1_RCC_SPI1,     /* "spi1" */
    STM32MP1_RCC_SPI23,    /* "spi23": SPI2 and SPI3 */
    STM32MP1_RCC_SPI45,    /* "spi45": SPI4 and SPI5 */
    STM32MP1_RCC_SPI6,     /* "spi6" */
    STM32MP1_RCC_QUADSPI,  /* "quadspi" */
    STM32MP1_RCC_FDCAN,    /* "fdcan" */
    STM32MP1_RCC_LPTIM1,   /* "lptim1" */
    STM32MP1_RCC_LPTIM23,  /* "lptim23": LPTIM2 and LPTIM3 */
    STM32MP1_RCC_LPTIM45,  /* "lptim45": LPTIM4 and LPTIM5 */
    STM32MP1_RCC_ADC,      /* "adc": ADC1 and ADC2 */
    STM32MP1_RCC_SDMMC12,  /* "sdmmc12": SDMMC1 and SDMMC2 */
    STM32MP1_RCC_SDMMC3,   /* "sdmmc3" */
    STM32MP1_RCC_LSI,      /* "lsi" */
    STM32MP1_RCC_LSE,      /* "lse" */
    STM32MP1_RCC_NUM_CLOCKS,
} STM32MP1RccClock;

typedef enum STM32MP1RccProcessor {
    STM32MP1_RCC_MPU,
    STM32MP1_RCC_MCU,
    STM32MP1_RCC_NUM_PROCESSORS,
} STM32MP1RccProcessor;

#define STM32MP1_RCC_NUM_CORES 3

/* Modes of a processor */
typedef enum STM32MP1RccMode {
    STM32MP1_RCC_CRUN,
    STM32MP1_RCC_CSLEEP,
    STM32MP1_RCC_CSTOP,
} STM32MP1RccMode;

struct STM32MP1RccState {
    SysBusDevice parent_obj;

    MemoryRegion mmio;
    uint32_t regs[STM32MP1_RCC_SIZE / 4];
    uint32_t reset_reason; /* flags to show after the system reset to come */
    uint32_t sleeping;     /* levels of the inputs */
    bool mcu_sleepdeep;
    bool mcu_wakeup;
    uint32_t mode[STM32MP1_RCC_NUM_PROCESSORS]; /* STM32MP1RccMode */
    uint32_t enabled[STM32MP1_RCC_NUM_BUSES]; /* clocks that run, by bit */
    /* Enable bits for which *LPENSETR has none: a sleep does not stop them. */
    uint32_t sleepless[STM32MP1_RCC_NUM_BUSES][STM32MP1_RCC_NUM_PROCESSORS];
    uint32_t not_ready;    /* 1 + index of the source that never gets ready */
    uint32_t not_ready_count;

    Clock *clk[STM32MP1_RCC_NUM_CLOCKS];
    qemu_irq irq;
    qemu_irq wakeup_irq[STM32MP1_RCC_NUM_PROCESSORS];
    qemu_irq system_stop;
    qemu_irq mcu_stop;
    qemu_irq reset[STM32MP1_RCC_NUM_RESETS];
    qemu_irq enable[STM32MP1_RCC_NUM_RESETS];
    qemu_irq mcu_boot;
    qemu_irq mcu_reset;
    qemu_irq mpu_reset[STM32MP1_RCC_NUM_CORES - 1];
};

/**
 * stm32mp1_rcc_clock: The clock output of the RCC for @clock, to connect it
 */
Clock *stm32mp1_rcc_clock(STM32MP1RccState *s, STM32MP1RccClock clock);

#endif
