/*
 * STM32MP157C-DK2 discovery kit
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ST user manual UM2534. Linux is started directly (-kernel, -dtb), with the
 * machine in the state in which the board's boot firmware leaves it.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "hw/arm/boot.h"
#include "hw/arm/stm32mp157_soc.h"
#include "hw/boards.h"
#include "hw/i2c/i2c.h"
#include "hw/irq.h"
#include "hw/misc/stpmic1.h"
#include "hw/qdev-properties.h"
#include "qapi/visitor.h"
#include "qom/object.h"
#include "system/reset.h"

#define TYPE_STM32MP157C_DK2 MACHINE_TYPE_NAME("stm32mp157c-dk2")
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP157CDk2State, STM32MP157C_DK2)

#define DK2_RAM_SIZE (512 * MiB)
#define DK2_RAM_MAX (1 * GiB)
#define DK2_PMIC_ADDR 0x33
#define DK2_PMIC_INT_PIN 0 /* PA0 */

/* Buttons pull their pin of port A low. */
static const struct {
    const char *name;
    int pin;
} dk2_buttons[] = {
    { "user1", 14 },
    { "user2", 13 },
};

struct STM32MP157CDk2State {
    MachineState parent_obj;

    STM32MP157SocState soc;
    struct arm_boot_info boot;
    bool pressed[ARRAY_SIZE(dk2_buttons)];
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

static void dk2_reset(MachineState *machine, ResetType type)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(machine);
    int i;

    qemu_devices_reset(type);
    for (i = 0; i < ARRAY_SIZE(dk2_buttons); i++) {
        dk2_drive_button(s, i);
    }
}

static void dk2_init(MachineState *machine)
{
    STM32MP157CDk2State *s = STM32MP157C_DK2(machine);
    I2CSlave *pmic;

    if (machine->ram_size > DK2_RAM_MAX) {
        error_setg(&error_fatal, "at most 1 GiB of RAM fits");
    }
    object_initialize_child(OBJECT(machine), "soc", &s->soc,
                            TYPE_STM32MP157_SOC);
    object_property_set_link(OBJECT(&s->soc), "dram", OBJECT(machine->ram),
                             &error_abort);
    sysbus_realize(SYS_BUS_DEVICE(&s->soc), &error_fatal);

    pmic = i2c_slave_create_simple(
        I2C_BUS(qdev_get_child_bus(stm32mp157_soc_device(&s->soc,
                                                         STM32MP157_I2C4),
                                   "i2c")),
        TYPE_STPMIC1, DK2_PMIC_ADDR);
    qdev_connect_gpio_out(DEVICE(pmic), 0,
        qdev_get_gpio_in(stm32mp157_soc_device(&s->soc, STM32MP157_GPIOA),
                         DK2_PMIC_INT_PIN));

    s->boot = (struct arm_boot_info) {
        .loader_start = STM32MP157_DDR_ADDR,
        .ram_size = machine->ram_size,
        .board_id = -1,
        .psci_conduit = QEMU_PSCI_CONDUIT_SMC,
    };
    arm_load_kernel(&s->soc.a7[0], machine, &s->boot);
}

static void dk2_class_init(ObjectClass *oc, void *data)
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
    mc->no_parallel = 1;

    for (i = 0; i < ARRAY_SIZE(dk2_buttons); i++) {
        object_class_property_add(oc, dk2_buttons[i].name, "bool",
                                  dk2_get_button, dk2_set_button, NULL,
                                  (void *)(intptr_t)i);
        object_class_property_set_description(oc, dk2_buttons[i].name,
                                              "Hold the button down");
    }
}

static const TypeInfo dk2_types[] = {
    {
        .name = TYPE_STM32MP157C_DK2,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(STM32MP157CDk2State),
        .class_init = dk2_class_init,
    },
};

DEFINE_TYPES(dk2_types)
