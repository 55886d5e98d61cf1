/*
 * STM32MP1: the boot ROM, as far as software meets it later on
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the ROM does of itself, to find a boot loader and to load it, QEMU does,
 * once in each reset; core 0 then goes on to it. If there is none, it stays in
 * the ROM, where on the board it would wait for somebody on UART or USB. Core 1
 * waits in it: after each reset of its own, the ROM waits for a software
 * generated interrupt and then looks into two backup registers of TAMP for a
 * magic number and an address to go to. So U-Boot, TF-A and OP-TEE start it
 * (BCKR_CORE1_MAGIC_NUMBER, BCKR_CORE1_BRANCH_ADDRESS). It leaves the magic
 * number: who reads it clears it or does not care. Core 0 does the same after a
 * reset of it alone, with a magic number of its own: so U-Boot's PSCI switches
 * it off and on (psci.c). The ROM knows by the flag in the RCC's BR_RSTSCLRR.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/arm/stm32mp1_boot_rom.h"
#include "hw/arm/stm32mp1_fsbl.h"
#include "hw/core/cpu.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "trace.h"

#define GICC_ADDR 0xa0022000
#define TAMP_BKP4R_ADDR 0x5c00a110
#define MAGIC 0xca7face0        /* and the number of the core */
#define SPIN 0xeafffffe         /* b . */

/* At reset both cores start at the first word. */
static const uint32_t boot_rom_code[] = {
    0xea000006,                 /*      b       start */
    SPIN, SPIN, SPIN, SPIN, SPIN, SPIN, SPIN,
    0xee100fb0,                 /* start: mrc   p15, 0, r0, c0, c0, 5 */
    0xe2104003,                 /*      ands    r4, r0, #3 */
    0x1a000009,                 /*      bne     wait */
    0xe3a01205,                 /*      mov     r1, #0x50000000 (RCC) */
    0xe5911400,                 /*      ldr     r1, [r1, #0x400] (BR_RSTSCLRR)*/
    0xe3110a02,                 /*      tst     r1, #1 << 13    (MPUP0RSTF) */
    0x1a000005,                 /*      bne     wait */
    0xe59f0074,                 /*      ldr     r0, context */
    0xe3a02000,                 /*      mov     r2, #0 */
    0xe59fe068,                 /*      ldr     lr, normal */
    0xe59ff060,                 /*      ldr     pc, entry */
    0xe320f003,                 /* stay: wfi */
    0xeafffffd,                 /*      b       stay */
    0xe59f1048,                 /* wait: ldr    r1, gicc */
    0xe3a000ff,                 /*      mov     r0, #0xff */
    0xe5810004,                 /*      str     r0, [r1, #4]    (GICC_PMR) */
    0xe3a00001,                 /*      mov     r0, #1 */
    0xe5810000,                 /*      str     r0, [r1]        (GICC_CTLR) */
    0xe59f2038,                 /*      ldr     r2, bkp4r */
    0xe59f3038,                 /*      ldr     r3, magic */
    0xe1833004,                 /*      orr     r3, r3, r4 */
    0xf57ff04f,                 /* again: dsb   sy */
    0xe320f003,                 /*      wfi */
    0xe591000c,                 /*      ldr     r0, [r1, #12]   (GICC_IAR) */
    0xe5810010,                 /*      str     r0, [r1, #16]   (GICC_EOIR) */
    0xe7e90050,                 /*      ubfx    r0, r0, #0, #10 */
    0xe350000f,                 /*      cmp     r0, #15 */
    0x8afffff8,                 /*      bhi     again */
    0xe5920000,                 /*      ldr     r0, [r2]        (BKP4R) */
    0xe1500003,                 /*      cmp     r0, r3 */
    0x1afffff5,                 /*      bne     again */
    0xe5920004,                 /*      ldr     r0, [r2, #4]    (BKP5R) */
    0xe12fff10,                 /*      bx      r0 */
    GICC_ADDR,
    TAMP_BKP4R_ADDR,
    MAGIC,                      /* and after it: entry, normal, context */
};

#define STAY_ADDR 0x4c

/* TF-A: boot_api_context_t of the STM32MP15, at the start of SYSRAM */
#define CONTEXT_ADDR 0x2ffc0000
#define CONTEXT_SIZE 0x94
#define CONTEXT_AT_INTERFACE 0x00
#define CONTEXT_AT_INSTANCE 0x02
#define CONTEXT_AT_HSE 0x8c
#define CONTEXT_AT_PARTITION 0x90
#define INTERFACE_SD 1
#define INSTANCE_SDMMC1 1
#define HSE_HZ 24000000

static void stm32mp1_boot_rom_work(CPUState *cs, run_on_cpu_data data)
{
    STM32MP1BootRomState *s = data.host_ptr;
    bool *pending = &s->pending[CPU(s->cpu[0]) == cs ? 0 : 1];

    /* A system reset, or a state that was loaded, may have come in between. */
    if (*pending && !s->loaded) {
        *pending = false;
        trace_stm32mp1_boot_rom_reset(cs->cpu_index);
        cpu_reset(cs);
    }
}

static void stm32mp1_boot_rom_queue(STM32MP1BootRomState *s, int core)
{
    s->loaded = false;
    async_run_on_cpu(CPU(s->cpu[core]), stm32mp1_boot_rom_work,
                     RUN_ON_CPU_HOST_PTR(s));
}

static void stm32mp1_boot_rom_set_reset(void *opaque, int n, int level)
{
    STM32MP1BootRomState *s = opaque;

    if (level && !s->pending[n]) {
        s->pending[n] = true;
        stm32mp1_boot_rom_queue(s, n);
    }
}

/* A restored machine has lost the work that was queued when it was saved. */
static void stm32mp1_boot_rom_vm_state_change(void *opaque, bool running,
                                              RunState state)
{
    STM32MP1BootRomState *s = opaque;
    bool loaded = s->loaded;
    int i;

    for (i = 0; running && loaded && i < STM32MP1_BOOT_ROM_CORES; i++) {
        if (s->pending[i]) {
            stm32mp1_boot_rom_queue(s, i);
        }
    }
}

static void stm32mp1_boot_rom_reset_hold(Object *obj, ResetType type)
{
    STM32MP1BootRomState *s = STM32MP1_BOOT_ROM(obj);

    memset(s->pending, 0, sizeof(s->pending));
}

static void stm32mp1_boot_rom_write(STM32MP1BootRomState *s, uint32_t offset,
                                    const uint32_t *words, size_t count)
{
    uint8_t *at = (uint8_t *)memory_region_get_ram_ptr(&s->rom) + offset;

    for (size_t i = 0; i < count; i++) {
        stl_le_p(at + 4 * i, words[i]);
    }
}

/* What core 0 goes on with after this reset */
static void stm32mp1_boot_rom_set_entry(STM32MP1BootRomState *s, uint32_t entry,
                                        uint32_t context)
{
    const uint32_t words[] = { entry, s->normal_entry, context };

    stm32mp1_boot_rom_write(s, sizeof(boot_rom_code), words,
                            ARRAY_SIZE(words));
}

/* Nobody has authenticated anything: auth_status and the rest are 0. */
static void stm32mp1_boot_rom_write_context(AddressSpace *as, int copy)
{
    uint8_t context[CONTEXT_SIZE] = { 0 };

    stw_le_p(context + CONTEXT_AT_INTERFACE, INTERFACE_SD);
    stw_le_p(context + CONTEXT_AT_INSTANCE, INSTANCE_SDMMC1);
    stl_le_p(context + CONTEXT_AT_HSE, HSE_HZ);
    stl_le_p(context + CONTEXT_AT_PARTITION, copy);
    address_space_write(as, CONTEXT_ADDR, MEMTXATTRS_UNSPECIFIED, context,
                        sizeof(context));
}

void stm32mp1_boot_rom_load(STM32MP1BootRomState *s, BlockBackend *card,
                            bool closed)
{
    AddressSpace *as = cpu_get_address_space(CPU(s->cpu[0]), ARMASIdx_S);
    g_autofree char *skipped = NULL;
    Error *error = NULL;
    STM32MP1Fsbl fsbl;

    if (!stm32mp1_fsbl_read(card, closed, &fsbl, &skipped, &error)) {
        warn_reportf_err(error, "boot ROM: no boot loader, core 0 stays: ");
        stm32mp1_boot_rom_set_entry(s, STAY_ADDR, 0);
        return;
    }
    if (skipped) {
        warn_report("boot ROM: %s; going on with copy %d", skipped, fsbl.copy);
    }
    trace_stm32mp1_boot_rom_load(fsbl.copy, fsbl.size, fsbl.entry);
    address_space_write(as, STM32MP1_FSBL_LOAD_ADDR - STM32MP1_FSBL_HEADER_SIZE,
                        MEMTXATTRS_UNSPECIFIED, fsbl.data, fsbl.size);
    g_free(fsbl.data);
    stm32mp1_boot_rom_write_context(as, fsbl.copy);
    stm32mp1_boot_rom_set_entry(s, fsbl.entry, CONTEXT_ADDR);
}

static void stm32mp1_boot_rom_init(Object *obj)
{
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_boot_rom_set_reset, "reset",
                            STM32MP1_BOOT_ROM_CORES);
}

static void stm32mp1_boot_rom_realize(DeviceState *dev, Error **errp)
{
    STM32MP1BootRomState *s = STM32MP1_BOOT_ROM(dev);

    if (!s->cpu[0] || !s->cpu[1]) {
        error_setg(errp, "properties \"cpu0\" and \"cpu1\" are not set");
        return;
    }
    if (!memory_region_init_rom(&s->rom, OBJECT(dev), "stm32mp157.boot-rom",
                                STM32MP1_BOOT_ROM_SIZE, errp)) {
        return;
    }
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->rom);
    stm32mp1_boot_rom_write(s, 0, boot_rom_code, ARRAY_SIZE(boot_rom_code));
    stm32mp1_boot_rom_set_entry(s, s->entry, 0);
    s->vmstate_change =
        qemu_add_vm_change_state_handler(stm32mp1_boot_rom_vm_state_change, s);
}

static void stm32mp1_boot_rom_unrealize(DeviceState *dev)
{
    qemu_del_vm_change_state_handler(STM32MP1_BOOT_ROM(dev)->vmstate_change);
}

static int stm32mp1_boot_rom_post_load(void *opaque, int version_id)
{
    STM32MP1BootRomState *s = opaque;

    s->loaded = true;
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_boot_rom = {
    .name = TYPE_STM32MP1_BOOT_ROM,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = stm32mp1_boot_rom_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL_ARRAY(pending, STM32MP1BootRomState,
                           STM32MP1_BOOT_ROM_CORES),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_boot_rom_properties[] = {
    DEFINE_PROP_LINK("cpu0", STM32MP1BootRomState, cpu[0], TYPE_ARM_CPU,
                     ARMCPU *),
    DEFINE_PROP_LINK("cpu1", STM32MP1BootRomState, cpu[1], TYPE_ARM_CPU,
                     ARMCPU *),
    DEFINE_PROP_UINT32("entry", STM32MP1BootRomState, entry, 0),
    DEFINE_PROP_UINT32("normal-entry", STM32MP1BootRomState, normal_entry, 0),
};

static void stm32mp1_boot_rom_class_init(ObjectClass *klass,
                                         ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 boot ROM";
    dc->realize = stm32mp1_boot_rom_realize;
    dc->unrealize = stm32mp1_boot_rom_unrealize;
    dc->vmsd = &vmstate_stm32mp1_boot_rom;
    /* Has a link to the core that waits in it */
    dc->user_creatable = false;
    rc->phases.hold = stm32mp1_boot_rom_reset_hold;
    device_class_set_props(dc, stm32mp1_boot_rom_properties);
}

static const TypeInfo stm32mp1_boot_rom_types[] = {
    {
        .name = TYPE_STM32MP1_BOOT_ROM,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1BootRomState),
        .instance_init = stm32mp1_boot_rom_init,
        .class_init = stm32mp1_boot_rom_class_init,
    },
};

DEFINE_TYPES(stm32mp1_boot_rom_types)
