/*
 * STM32MP157C-DK2 discovery kit
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ST user manual UM2534. Linux is started directly (-kernel, -dtb), with the
 * machine in the state in which the board's boot firmware leaves it. With
 * secure-firmware it is in that in which the first stage of it enters OP-TEE,
 * which then enters Linux. With boot-rom it is in that after power on, and the
 * boot ROM takes that first stage from the SD card.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "hw/arm/boot.h"
#include "hw/arm/remote_firmware.h"
#include "hw/arm/stm32mp157_soc.h"
#include "hw/boards.h"
#include "hw/i2c/i2c.h"
#include "hw/irq.h"
#include "hw/loader.h"
#include "hw/misc/stm32mp1_bsec.h"
#include "hw/misc/stpmic1.h"
#include "hw/net/stm32mp1_fdcan.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/sd/sd.h"
#include "qapi/visitor.h"
#include "qom/object.h"
#include "system/block-backend.h"
#include "system/blockdev.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "target/arm/arm-powerctl.h"

#define TYPE_STM32MP157C_DK2 MACHINE_TYPE_NAME("stm32mp157c-dk2")
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP157CDk2State, STM32MP157C_DK2)

#define DK2_RAM_SIZE (512 * MiB)
#define DK2_RAM_MAX (1 * GiB)
#define DK2_PMIC_ADDR 0x33
#define DK2_PMIC_INT_PIN 0 /* PA0 */
#define DK2_SD_DETECT_PIN 7 /* PB7 */

/* Buttons pull their pin of port A low. */
static const struct {
    const char *name;
    int pin;
} dk2_buttons[] = {
    { "user1", 14 },
    { "user2", 13 },
};

/*
 * Chip selects of the SPI buses on the Arduino connector (D10) and on the GPIO
 * expansion connector (pin 24), which drivers switch as GPIOs
 */
static const struct {
    STM32MP157Device spi;
    STM32MP157Device port;
    int pin;
} dk2_chip_selects[] = {
    { STM32MP157_SPI4, STM32MP157_GPIOE, 11 },
    { STM32MP157_SPI5, STM32MP157_GPIOF, 6 },
};

/* What the machine's property of that name connects */
static const struct {
    const char *name;
    STM32MP157Device fdcan;
} dk2_can_buses[] = {
    { "canbus0", STM32MP157_FDCAN1 },
    { "canbus1", STM32MP157_FDCAN2 },
};

struct STM32MP157CDk2State {
    MachineState parent_obj;

    STM32MP157SocState soc;
    struct arm_boot_info boot;
    bool pressed[ARRAY_SIZE(dk2_buttons)];
    SplitIRQ chip_select[ARRAY_SIZE(dk2_chip_selects)];
    CanBusState *canbus[ARRAY_SIZE(dk2_can_buses)];
    bool sd_inserted;

    bool from_rom;              /* property "boot-rom" */
    char *secure_path;          /* property "secure-firmware" */
    char *fuses;                /* property "fuses" */
    char *m4_path;              /* property "m4-firmware" */
    ArmRemoteFirmware *m4_firmware;
    uint32_t m4_table;          /* property "m4-resource-table" */
    bool m4_table_given;
};

static void dk2_drive_button(STM32MP157CDk2State *s, int n)
{
    DeviceState *gpioa = stm32mp157_soc_device(&s->soc, STM32MP157_GPIOA);

    qemu_set_irq(qdev_get_gpio_in(gpioa, dk2_buttons[n].pin), !s->pressed[n]);
}

static int dk2_find_button(void *opaque)
{
    return (int)(intptr_t)opaque;
}

static void dk2_get_button(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);

    visit_type_bool(v, name, &s->pressed[dk2_find_button(opaque)], errp);
}

static void dk2_set_button(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);
    int n = dk2_find_button(opaque);

    if (visit_type_bool(v, name, &s->pressed[n], errp) &&
        DEVICE(&s->soc)->realized) {
        dk2_drive_button(s, n);
    }
}

static bool dk2_get_boot_rom(Object *obj, Error **errp)
{
    return STM32MP157C_DK2(obj)->from_rom;
}

static void dk2_set_boot_rom(Object *obj, bool value, Error **errp)
{
    STM32MP157C_DK2(obj)->from_rom = value;
}

static char *dk2_get_secure_firmware(Object *obj, Error **errp)
{
    return g_strdup(STM32MP157C_DK2(obj)->secure_path);
}

static void dk2_set_secure_firmware(Object *obj, const char *value,
                                    Error **errp)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);

    g_free(s->secure_path);
    s->secure_path = g_strdup(value);
}

static char *dk2_get_fuses(Object *obj, Error **errp)
{
    return g_strdup(STM32MP157C_DK2(obj)->fuses);
}

static void dk2_set_fuses(Object *obj, const char *value, Error **errp)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);

    g_free(s->fuses);
    s->fuses = g_strdup(value);
}

static char *dk2_get_m4_firmware(Object *obj, Error **errp)
{
    return g_strdup(STM32MP157C_DK2(obj)->m4_path);
}

static void dk2_set_m4_firmware(Object *obj, const char *value, Error **errp)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);

    g_free(s->m4_path);
    s->m4_path = g_strdup(value);
}

static void dk2_get_m4_table(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &STM32MP157C_DK2(obj)->m4_table, errp);
}

static void dk2_set_m4_table(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);

    s->m4_table_given = visit_type_uint32(v, name, &s->m4_table, errp);
}

/* A card in the slot closes a switch that pulls the pin low. */
static void dk2_drive_sd_detect(STM32MP157CDk2State *s)
{
    DeviceState *gpiob = stm32mp157_soc_device(&s->soc, STM32MP157_GPIOB);

    qemu_set_irq(qdev_get_gpio_in(gpiob, DK2_SD_DETECT_PIN), !s->sd_inserted);
}

static void dk2_set_sd_inserted(void *opaque, int n, int level)
{
    STM32MP157CDk2State *s = opaque;

    s->sd_inserted = level;
    dk2_drive_sd_detect(s);
}

/* The slot of the board is on SDMMC1: -drive if=sd */
static void dk2_init_sd(STM32MP157CDk2State *s)
{
    DeviceState *sdmmc = stm32mp157_soc_device(&s->soc, STM32MP157_SDMMC1);
    DriveInfo *drive = drive_get(IF_SD, 0, 0);
    DeviceState *card;

    qdev_connect_gpio_out_named(sdmmc, "card-inserted", 0,
                                qemu_allocate_irq(dk2_set_sd_inserted, s, 0));
    if (drive) {
        card = qdev_new(TYPE_SD_CARD);
        qdev_prop_set_drive_err(card, "drive", blk_by_legacy_dinfo(drive),
                                &error_fatal);
        qdev_realize_and_unref(card, qdev_get_child_bus(sdmmc, "sd-bus"),
                               &error_fatal);
    }
}

/* Read the M4's firmware, which the M4 has to be there for. */
static void dk2_init_m4_firmware(STM32MP157CDk2State *s)
{
    if (s->m4_path) {
        s->m4_firmware = arm_remote_firmware_new(s->m4_path,
                                                 CPU(s->soc.m4.cpu)->as,
                                                 &error_fatal);
        if (!s->m4_table_given) {
            s->m4_table = arm_remote_firmware_table(s->m4_firmware);
        }
    } else if (s->m4_table_given) {
        error_setg(&error_fatal, "m4-resource-table says where a running "
                   "firmware has its table: it needs m4-firmware");
    }
}

/* Put the secure firmware to where the boot ROM goes on. */
static void dk2_load_secure_firmware(STM32MP157CDk2State *s)
{
    static const char magic[] = { 'O', 'P', 'T', 'E' };
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    if (!g_file_get_contents(s->secure_path, &data, &size, &error)) {
        error_setg(&error_fatal, "secure-firmware: %s", error->message);
    }
    if (!size || size > STM32MP157_SECURE_SIZE) {
        error_setg(&error_fatal, "secure-firmware: %s has %zu bytes: from 1 to "
                   "%u are possible", s->secure_path, size,
                   STM32MP157_SECURE_SIZE);
    }
    if (size >= sizeof(magic) && !memcmp(data, magic, sizeof(magic))) {
        error_setg(&error_fatal, "secure-firmware: %s begins with a header for "
                   "a boot loader: what is to be given is OP-TEE's "
                   "tee-raw.bin", s->secure_path);
    }
    rom_add_blob_fixed_as("secure-firmware", data, size, STM32MP157_SECURE_ADDR,
                          cpu_get_address_space(CPU(&s->soc.a7[0]),
                                                ARMASIdx_S));
}

/* Core 1 resets to the boot ROM, and what it does there is in there. */
static void dk2_leave_to_boot_rom(ARMCPU *cpu, const struct arm_boot_info *info)
{
}

/* All that runs is on the card. */
static void dk2_check_boot_rom(STM32MP157CDk2State *s)
{
    MachineState *machine = MACHINE(s);

    if (machine->kernel_filename || machine->initrd_filename || machine->dtb ||
        s->secure_path || s->m4_path) {
        error_setg(&error_fatal, "boot-rom takes what is to run from the SD "
                   "card: -kernel, -initrd, -dtb, secure-firmware and "
                   "m4-firmware are not for it");
    }
}

/* What is in the slot now */
static BlockBackend *dk2_card(STM32MP157CDk2State *s)
{
    BusState *bus = qdev_get_child_bus(stm32mp157_soc_device(&s->soc,
                                                         STM32MP157_SDMMC1),
                                       "sd-bus");
    BusChild *kid = QTAILQ_FIRST(&bus->children);
    g_autofree char *drive = NULL;

    if (!kid) {
        return NULL;
    }
    drive = object_property_get_str(OBJECT(kid->child), "drive", NULL);
    return drive && *drive ? blk_by_name(drive) : NULL;
}

static void dk2_start_boot_rom(STM32MP157CDk2State *s)
{
    DeviceState *bsec = stm32mp157_soc_device(&s->soc, STM32MP157_BSEC);

    stm32mp1_boot_rom_load(&s->soc.boot_rom, dk2_card(s),
                           stm32mp1_bsec_closed(STM32MP1_BSEC(bsec)));
}

static void dk2_init_secure_boot(STM32MP157CDk2State *s)
{
    MachineState *machine = MACHINE(s);

    if (!machine->kernel_filename) {
        error_setg(&error_fatal, "secure-firmware starts Linux: it needs "
                   "-kernel");
    }
    dk2_load_secure_firmware(s);
    s->boot.secure_boot = true;
    s->boot.psci_conduit = QEMU_PSCI_CONDUIT_DISABLED;
    s->boot.write_secondary_boot = dk2_leave_to_boot_rom;
    s->boot.secondary_cpu_reset_hook = dk2_leave_to_boot_rom;
}

/*
 * Without a kernel the A7s have nothing to run: at 0 there is no memory, and
 * prefetch aborts without end would starve the M4 where all cores share one
 * thread. They stay off when the M4 is what the machine is for. A machine with
 * neither is a debugger's, who puts something there.
 */
static void dk2_power_off_a7(STM32MP157CDk2State *s)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(s->soc.a7); i++) {
        object_property_set_bool(OBJECT(&s->soc.a7[i]), "start-powered-off",
                                 true, &error_abort);
    }
}

/*
 * QEMU ends some time after it was asked to. Software that has switched off the
 * power does not expect to go on: a secure world would panic.
 */
static void dk2_power_gone(void *opaque, int n, int level)
{
    STM32MP157CDk2State *s = opaque;
    int i;

    for (i = 0; level && i < ARRAY_SIZE(s->soc.a7); i++) {
        arm_set_cpu_off(arm_cpu_mp_affinity(&s->soc.a7[i]));
    }
}

/* What the boot loader does on each boot of the board: "MCU first". */
static void dk2_boot_m4(STM32MP157CDk2State *s)
{
    arm_remote_firmware_load(s->m4_firmware);
    stm32mp157_soc_boot_m4(&s->soc, s->m4_table);
}

/*
 * Whether QEMU's PSCI was asked for this reset. It switches the core off that
 * has called, as if the call had not returned yet: its number is in r0.
 */
static bool dk2_reset_by_psci(STM32MP157CDk2State *s)
{
    int i;

    if (s->boot.psci_conduit == QEMU_PSCI_CONDUIT_DISABLED) {
        return false;
    }
    for (i = 0; i < ARRAY_SIZE(s->soc.a7); i++) {
        ARMCPU *cpu = &s->soc.a7[i];

        if (cpu->power_state == PSCI_OFF &&
            cpu->env.regs[0] == QEMU_PSCI_0_2_FN_SYSTEM_RESET) {
            return true;
        }
    }
    return false;
}

static void dk2_reset(MachineState *machine, ResetType type)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(machine);
    int i;

    if (dk2_reset_by_psci(s)) {
        qemu_irq_pulse(qdev_get_gpio_in_named(DEVICE(&s->soc.rcc), "psci-reset",
                                              0));
    }
    qemu_devices_reset(type);
    for (i = 0; i < ARRAY_SIZE(dk2_buttons); i++) {
        dk2_drive_button(s, i);
    }
    dk2_drive_sd_detect(s);
    if (s->secure_path) {
        /* QEMU's loader would enter Linux here. */
        cpu_set_pc(CPU(&s->soc.a7[0]), 0);
    }
    /* A state that is about to be loaded has it in its memory. */
    if (s->from_rom && type != RESET_TYPE_SNAPSHOT_LOAD &&
        !runstate_check(RUN_STATE_INMIGRATE)) {
        dk2_start_boot_rom(s);
    }
    /* A state that is about to be loaded has all of this in it. */
    if (s->m4_firmware && type != RESET_TYPE_SNAPSHOT_LOAD &&
        !runstate_check(RUN_STATE_INMIGRATE)) {
        dk2_boot_m4(s);
    }
}

/* The pin goes on to where the SoC has connected it, the EXTI. */
static void dk2_connect_chip_select(STM32MP157CDk2State *s, int n)
{
    DeviceState *split;
    DeviceState *spi = stm32mp157_soc_device(&s->soc, dk2_chip_selects[n].spi);
    DeviceState *port = stm32mp157_soc_device(&s->soc,
                                              dk2_chip_selects[n].port);
    int pin = dk2_chip_selects[n].pin;

    object_initialize_child(OBJECT(s), "chip-select[*]", &s->chip_select[n],
                            TYPE_SPLIT_IRQ);
    split = DEVICE(&s->chip_select[n]);
    qdev_prop_set_uint16(split, "num-lines", 2);
    qdev_realize(split, NULL, &error_fatal);
    qdev_connect_gpio_out(split, 0, qdev_get_gpio_out_connector(port, NULL,
                                                                pin));
    qdev_connect_gpio_out(split, 1, qdev_get_gpio_in_named(spi, "cs", 0));
    qdev_connect_gpio_out(port, pin, qdev_get_gpio_in(split, 0));
}

static void dk2_init(MachineState *machine)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(machine);
    I2CSlave *pmic;
    int i;

    if (machine->ram_size > DK2_RAM_MAX) {
        error_setg(&error_fatal, "at most 1 GiB of RAM fits");
    }
    object_initialize_child(OBJECT(machine), "soc", &s->soc,
                            TYPE_STM32MP157_SOC);
    object_property_set_link(OBJECT(&s->soc), "dram", OBJECT(machine->ram),
                             &error_abort);
    if (s->secure_path) {
        if (machine->ram_size < DK2_RAM_SIZE) {
            error_setg(&error_fatal, "secure-firmware needs 512 MiB of RAM");
        }
    }
    object_property_set_bool(OBJECT(&s->soc), "secure",
                             s->secure_path || s->from_rom, &error_abort);
    object_property_set_bool(OBJECT(&s->soc), "cold", s->from_rom,
                             &error_abort);
    if (s->from_rom) {
        dk2_check_boot_rom(s);
    }
    if (s->fuses) {
        qdev_prop_set_string(stm32mp157_soc_device(&s->soc, STM32MP157_BSEC),
                             "fuses", s->fuses);
    }
    for (i = 0; i < ARRAY_SIZE(dk2_can_buses); i++) {
        object_property_set_link(
            OBJECT(stm32mp157_soc_device(&s->soc, dk2_can_buses[i].fdcan)),
            "canbus", OBJECT(s->canbus[i]), &error_abort);
    }
    /* Each piece of the map would have all address spaces made anew. */
    memory_region_transaction_begin();
    sysbus_realize(SYS_BUS_DEVICE(&s->soc), &error_fatal);
    memory_region_transaction_commit();

    pmic = i2c_slave_create_simple(
        I2C_BUS(qdev_get_child_bus(stm32mp157_soc_device(&s->soc,
                                                         STM32MP157_I2C4),
                                   "i2c4")),
        TYPE_STPMIC1, DK2_PMIC_ADDR);
    qdev_connect_gpio_out(DEVICE(pmic), 0,
        qdev_get_gpio_in(stm32mp157_soc_device(&s->soc, STM32MP157_GPIOA),
                         DK2_PMIC_INT_PIN));
    qdev_connect_gpio_out_named(DEVICE(pmic), "power-cycle", 0,
        qdev_get_gpio_in_named(DEVICE(&s->soc.rcc), "power-cycle", 0));
    qdev_connect_gpio_out_named(DEVICE(pmic), "power-off", 0,
                                qemu_allocate_irq(dk2_power_gone, s, 0));
    for (i = 0; i < ARRAY_SIZE(dk2_chip_selects); i++) {
        dk2_connect_chip_select(s, i);
    }

    dk2_init_sd(s);

    s->boot = (struct arm_boot_info) {
        .loader_start = STM32MP157_DDR_ADDR,
        .ram_size = machine->ram_size,
        .board_id = -1,
        .psci_conduit = s->from_rom ? QEMU_PSCI_CONDUIT_DISABLED :
                                      QEMU_PSCI_CONDUIT_SMC,
    };
    if (s->secure_path) {
        dk2_init_secure_boot(s);
    }
    dk2_init_m4_firmware(s);
    arm_load_kernel(&s->soc.a7[0], machine, &s->boot);
    if (s->secure_path && !s->boot.is_linux) {
        error_setg(&error_fatal, "secure-firmware starts what is in the format "
                   "of a Linux kernel, not %s", machine->kernel_filename);
    }
    if (s->m4_firmware && !machine->kernel_filename) {
        dk2_power_off_a7(s);
    }
}

static void dk2_class_init(ObjectClass *oc, ClassInitData *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);
    static const char *const valid_cpu_types[] = {
        ARM_CPU_TYPE_NAME("cortex-a7"),
        NULL
    };
    int i;

    mc->desc = "ST STM32MP157C-DK2 (2 x Cortex-A7, Cortex-M4)";
    mc->init = dk2_init;
    mc->reset = dk2_reset;
    mc->min_cpus = STM32MP157_NUM_CPUS;
    mc->max_cpus = STM32MP157_NUM_CPUS;
    mc->default_cpus = STM32MP157_NUM_CPUS;
    mc->default_cpu_type = ARM_CPU_TYPE_NAME("cortex-a7");
    mc->valid_cpu_types = valid_cpu_types;
    mc->default_ram_size = DK2_RAM_SIZE;
    mc->default_ram_id = "stm32mp157c-dk2.ram";
    mc->no_floppy = 1;
    mc->no_cdrom = 1;
    mc->block_default_type = IF_SD;
    mc->no_parallel = 1;

    for (i = 0; i < ARRAY_SIZE(dk2_buttons); i++) {
        object_class_property_add(oc, dk2_buttons[i].name, "bool",
                                  dk2_get_button, dk2_set_button, NULL,
                                  (void *)(intptr_t)i);
        object_class_property_set_description(oc, dk2_buttons[i].name,
                                              "Hold the button down");
    }
    object_class_property_add_bool(oc, "boot-rom", dk2_get_boot_rom,
                                   dk2_set_boot_rom);
    object_class_property_set_description(oc, "boot-rom",
        "Let the boot ROM start what is on the SD card, as after power on");
    object_class_property_add_str(oc, "secure-firmware",
                                  dk2_get_secure_firmware,
                                  dk2_set_secure_firmware);
    object_class_property_set_description(oc, "secure-firmware",
        "OP-TEE for 0xde000000 (tee-raw.bin), which starts the kernel");
    object_class_property_add_str(oc, "fuses", dk2_get_fuses, dk2_set_fuses);
    object_class_property_set_description(oc, "fuses",
        "Fuses of the BSEC that are burnt, WORD=VALUE:WORD=VALUE...");
    object_class_property_add_str(oc, "m4-firmware", dk2_get_m4_firmware,
                                  dk2_set_m4_firmware);
    object_class_property_set_description(oc, "m4-firmware",
        "ELF file that the M4 runs before Linux does, started on each reset; "
        "without a kernel the A7s stay off");
    object_class_property_add(oc, "m4-resource-table", "uint32",
                              dk2_get_m4_table, dk2_set_m4_table, NULL, NULL);
    object_class_property_set_description(oc, "m4-resource-table",
        "What Linux is told of the address of m4-firmware's resource table "
        "(default: the truth)");
}

static void dk2_instance_init(Object *obj)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);
    int i;

    for (i = 0; i < ARRAY_SIZE(dk2_can_buses); i++) {
        object_property_add_link(obj, dk2_can_buses[i].name, TYPE_CAN_BUS,
                                 (Object **)&s->canbus[i],
                                 object_property_allow_set_link, 0);
        object_property_set_description(obj, dk2_can_buses[i].name,
                                        "CAN bus that an FDCAN is on");
    }
}

static void dk2_finalize(Object *obj)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(obj);

    g_free(s->secure_path);
    g_free(s->fuses);
    g_free(s->m4_path);
}

static const TypeInfo dk2_types[] = {
    {
        .name = TYPE_STM32MP157C_DK2,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(STM32MP157CDk2State),
        .instance_init = dk2_instance_init,
        .instance_finalize = dk2_finalize,
        .class_init = dk2_class_init,
        .interfaces = arm_machine_interfaces,
    },
};

DEFINE_TYPES(dk2_types)
