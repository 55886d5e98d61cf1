/*
 * STM32MP157 SoC: two Cortex-A7, one Cortex-M4
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * + Property "dram": the DDR memory, mapped at STM32MP157_DDR_ADDR (link)
 * + Property "secure": there is a secure world: the A7s reset into the boot ROM,
 *   and what the secure world says of who may reach what is kept to
 * + Property "cold": nothing has set up the DDR and its protection: what the
 *   boot ROM loads is to do so; needs "secure"
 *
 * UART4, USART3 and UART7 are the serial ports 0, 1 and 2 of the machine, ETH
 * is its network interface.
 */

#ifndef HW_ARM_STM32MP157_SOC_H
#define HW_ARM_STM32MP157_SOC_H

#include "hw/arm/armv7m.h"
#include "hw/arm/remote_core.h"
#include "hw/arm/stm32mp1_boot_rom.h"
#include "hw/core/split-irq.h"
#include "hw/cpu/a15mpcore.h"
#include "hw/cpu/cluster.h"
#include "hw/misc/ram_fault.h"
#include "hw/misc/register_fault.h"
#include "hw/misc/stm32mp1_gate.h"
#include "hw/misc/stm32mp1_memory_gate.h"
#include "hw/misc/stm32mp1_rcc.h"
#include "hw/misc/stm32mp1_tzc.h"
#include "hw/or-irq.h"
#include "hw/sysbus.h"
#include "qom/object.h"
#include "target/arm/cpu.h"

#define TYPE_STM32MP157_SOC "stm32mp157-soc"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP157SocState, STM32MP157_SOC)

#define STM32MP157_NUM_A7 2
#define STM32MP157_NUM_CPUS (STM32MP157_NUM_A7 + 1)
#define STM32MP157_NUM_SPI 224
#define STM32MP157_NUM_NVIC 150

#define STM32MP157_DDR_ADDR 0xc0000000
/* Where the secure firmware is entered: the last 32 of 512 MiB, as for TF-A */
#define STM32MP157_SECURE_ADDR 0xde000000
#define STM32MP157_SECURE_SIZE 0x02000000

/* The peripherals that are modelled, see stm32mp157_soc_devices[] */
typedef enum STM32MP157Device {
    STM32MP157_EXTI,
    STM32MP157_PWR,
    STM32MP157_SYSCFG,
    STM32MP157_TAMP,
    STM32MP157_ETZPC,
    STM32MP157_BSEC,
    STM32MP157_TZC,
    STM32MP157_DBGMCU,
    STM32MP157_DDRCTRL,
    STM32MP157_DDRPHYC,
    STM32MP157_STGEN,
    STM32MP157_IPCC,
    STM32MP157_HSEM,
    STM32MP157_RNG1,
    STM32MP157_RNG2,
    STM32MP157_HASH1,
    STM32MP157_HASH2,
    STM32MP157_CRYP1,
    STM32MP157_CRYP2,
    STM32MP157_VREFBUF,
    STM32MP157_RTC,
    STM32MP157_WWDG1,
    STM32MP157_IWDG1,
    STM32MP157_IWDG2,
    STM32MP157_USART1,
    STM32MP157_USART2,
    STM32MP157_USART3,
    STM32MP157_UART4,
    STM32MP157_UART5,
    STM32MP157_USART6,
    STM32MP157_UART7,
    STM32MP157_UART8,
    STM32MP157_TIM1,
    STM32MP157_TIM2,
    STM32MP157_TIM3,
    STM32MP157_TIM4,
    STM32MP157_TIM5,
    STM32MP157_TIM6,
    STM32MP157_TIM7,
    STM32MP157_TIM8,
    STM32MP157_TIM12,
    STM32MP157_TIM13,
    STM32MP157_TIM14,
    STM32MP157_LPTIM1,
    STM32MP157_LPTIM2,
    STM32MP157_LPTIM3,
    STM32MP157_LPTIM4,
    STM32MP157_LPTIM5,
    STM32MP157_TIM15,
    STM32MP157_TIM16,
    STM32MP157_TIM17,
    STM32MP157_I2C1,
    STM32MP157_I2C2,
    STM32MP157_I2C3,
    STM32MP157_I2C4,
    STM32MP157_I2C5,
    STM32MP157_I2C6,
    STM32MP157_SPI1,
    STM32MP157_SPI2,
    STM32MP157_SPI3,
    STM32MP157_SPI4,
    STM32MP157_SPI5,
    STM32MP157_SPI6,
    STM32MP157_FDCAN1,
    STM32MP157_FDCAN2,
    STM32MP157_QUADSPI,
    STM32MP157_ADC,
    STM32MP157_CRC1,
    STM32MP157_CRC2,
    STM32MP157_DAC,
    STM32MP157_DMA1,
    STM32MP157_DMA2,
    STM32MP157_DMAMUX1,
    STM32MP157_MDMA,
    STM32MP157_SDMMC1,
    STM32MP157_SDMMC2,
    STM32MP157_SDMMC3,
    STM32MP157_ETH,
    STM32MP157_GPIOA,
    STM32MP157_GPIOB,
    STM32MP157_GPIOC,
    STM32MP157_GPIOD,
    STM32MP157_GPIOE,
    STM32MP157_GPIOF,
    STM32MP157_GPIOG,
    STM32MP157_GPIOH,
    STM32MP157_GPIOI,
    STM32MP157_GPIOJ,
    STM32MP157_GPIOK,
    STM32MP157_GPIOZ,
    STM32MP157_NUM_DEVICES,
} STM32MP157Device;

/* Internal memories, as the ETZPC tells them apart */
typedef enum STM32MP157Memory {
    STM32MP157_SRAM1,
    STM32MP157_SRAM2,
    STM32MP157_SRAM3,
    STM32MP157_SRAM4,
    STM32MP157_RETRAM,
    STM32MP157_SYSRAM,
    STM32MP157_BKPSRAM,
    STM32MP157_FDCAN_RAM,
    STM32MP157_NUM_MEMORIES,
} STM32MP157Memory;

struct STM32MP157SocState {
    SysBusDevice parent_obj;

    CPUClusterState a7_cluster;
    ARMCPU a7[STM32MP157_NUM_A7];
    A15MPPrivState a7mpcore;

    CPUClusterState m4_cluster;
    ARMv7MState m4;
    ArmRemoteCoreState m4_control;

    STM32MP1RccState rcc;
    DeviceState *dev[STM32MP157_NUM_DEVICES];
    /* What the bus sees of them */
    STM32MP1GateState gate[STM32MP157_NUM_DEVICES];
    STM32MP1GateState hsem_m4_gate;
    SplitIRQ wwdg1_reset;
    SplitIRQ m4_sysresetreq;
    SplitIRQ m4_sleepdeep;
    OrIRQState tim6_dac_irq;
    RamFaultState sram_fault;
    /* Over the registers with which each processor sends and acknowledges */
    RegisterFaultState ipcc_fault[2];

    MemoryRegion retram;
    MemoryRegion mcusram;
    MemoryRegion sysram;
    MemoryRegion bkpsram;
    MemoryRegion fdcan_ram;
    /* What each kind of master sees of them */
    STM32MP1MemoryGateState memory_gate[STM32MP157_NUM_MEMORIES];
    MemoryRegion mcusram_view[STM32MP1_NUM_VIEWERS];
    MemoryRegion mcusram_high[STM32MP1_NUM_VIEWERS];
    /* The bus of the M4, and what the M4 sees */
    MemoryRegion m4_bus;
    MemoryRegion m4_bus_system;
    MemoryRegion m4_view;
    MemoryRegion m4_alias[9];
    /* What a master sees where the TZC tells masters apart */
    MemoryRegion view[STM32MP1_TZC_NUM_MASTERS];
    MemoryRegion view_alias[STM32MP1_TZC_NUM_MASTERS];

    STM32MP1BootRomState boot_rom;
    STM32MP1MemoryGateState boot_rom_gate;

    MemoryRegion *dram;
    /* All of the addresses of the DDR, in which it repeats */
    MemoryRegion ddr;
    MemoryRegion *ddr_alias;
    bool secure;
    bool cold;
};

/**
 * stm32mp157_soc_device: The peripheral @device of a realized SoC
 */
static inline DeviceState *stm32mp157_soc_device(STM32MP157SocState *s,
                                                 STM32MP157Device device)
{
    return s->dev[device];
}

/**
 * stm32mp157_soc_boot_m4: Release the M4 as a boot loader does
 * @table: the M4's address of the resource table, 0 for none
 *
 * Call it after a reset, with the firmware in the M4's memory. The boot loader
 * tells Linux through the backup registers 17 and 18 of TAMP.
 */
void stm32mp157_soc_boot_m4(STM32MP157SocState *s, uint32_t table);

#endif
