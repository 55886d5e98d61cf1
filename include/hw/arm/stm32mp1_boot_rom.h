/*
 * STM32MP1: the boot ROM, as far as software meets it later on
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the ROM
 *  + Named GPIO inputs "reset": pulse, core 0 or 1 of the MPU resets alone
 *  + Properties "cpu0" and "cpu1": the cores (links, must be set)
 *  + Property "entry": what core 0 goes on with after its reset: the secure
 *    firmware, as the first-stage boot loader enters it, with 0 in r0 (pageable
 *    part) and r2 (device tree)
 *  + Property "normal-entry": in lr then, the entry of the normal world
 */
#ifndef HW_ARM_STM32MP1_BOOT_ROM_H
#define HW_ARM_STM32MP1_BOOT_ROM_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "system/block-backend.h"
#include "target/arm/cpu.h"

#define TYPE_STM32MP1_BOOT_ROM "stm32mp1-boot-rom"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1BootRomState, STM32MP1_BOOT_ROM)

#define STM32MP1_BOOT_ROM_SIZE 0x20000
#define STM32MP1_BOOT_ROM_CORES 2

struct STM32MP1BootRomState {
    SysBusDevice parent_obj;

    MemoryRegion rom;
    ARMCPU *cpu[STM32MP1_BOOT_ROM_CORES];
    uint32_t entry;
    uint32_t normal_entry;
    VMChangeStateEntry *vmstate_change;

    bool pending[STM32MP1_BOOT_ROM_CORES];  /* its reset is yet to come */
    bool loaded;        /* they are from a saved state */
};

/**
 * stm32mp1_boot_rom_load: do in a reset what the ROM does with an SD card
 * @s: the ROM
 * @card: what is in the slot of SDMMC1; NULL without a card
 * @closed: the fuses say that only what is signed may run
 *
 * Copies the first-stage boot loader to SYSRAM, in front of it the boot context,
 * whose address it gets in r0, and lets core 0 enter it in place of "entry". A
 * card that has none is warned of, and core 0 stays in the ROM.
 */
void stm32mp1_boot_rom_load(STM32MP1BootRomState *s, BlockBackend *card,
                            bool closed);

#endif
