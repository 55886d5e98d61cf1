/*
 * ZCU102 evaluation board as an AMP system
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Xilinx UG1182. The board is in the state in which its first boot loader
 * leaves it when it has been loaded by JTAG: TF-A's BL31 (-bios) starts in EL3,
 * finds nothing that says what comes next, and goes to BL33_ADDR in EL2. There
 * stands a small program that starts Linux (-kernel, -dtb, -initrd, -append).
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/datadir.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "elf.h"
#include "hw/arm/boot.h"
#include "hw/arm/remote_firmware.h"
#include "hw/arm/zynqmp_amp_soc.h"
#include "hw/boards.h"
#include "hw/loader.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "qom/object.h"
#include "system/device_tree.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/system.h"

#define TYPE_ZCU102_AMP MACHINE_TYPE_NAME("zcu102-amp")
OBJECT_DECLARE_SIMPLE_TYPE(Zcu102AmpState, ZCU102_AMP)

/* Where BL31 goes if nobody tells it: TF-A's PRELOADED_BL33_BASE */
#define BL33_ADDR       0x08000000
/* Documentation/arch/arm64/booting.rst: from a boundary of 2 MiB on */
#define KERNEL_ADDR     0x00200000
#define KERNEL_MAX      (BL33_ADDR - KERNEL_ADDR)
#define INITRD_ADDR     0x10000000
#define DTB_ADDR        (BL33_ADDR + 2 * MiB)
#define DTB_MAX         (2 * MiB)

/* Of the APU's control registers: where core 0 begins */
#define RVBARADDR0L     0xfd5c0040

/* Where a core of the RPU begins with VINITHI: the OCM's end */
#define RPU_HIGH_VECTORS    0xffff0000

/* LPD_LSBUS as psu_init leaves it */
#define TTC_HZ          100000000

#define RAM_MIN         (512 * MiB)
#define RAM_MAX         (4ULL * GiB)

struct Zcu102AmpState {
    MachineState parent_obj;

    ZynqMPAmpSocState soc;
    struct arm_boot_info boot;
    uint64_t bl31;      /* its entry point; 0: there is none */
    uint64_t bl31_start, bl31_end;
    char *rpu_path[ZYNQMP_NUM_RPU];     /* "rpu0-firmware", "rpu1-firmware" */
    ArmRemoteFirmware *rpu_firmware[ZYNQMP_NUM_RPU];
};

static const char *const zcu102_amp_rpu_firmware[ZYNQMP_NUM_RPU] = {
    "rpu0-firmware", "rpu1-firmware",
};

/* Which core a property of that name is for. */
static int zcu102_amp_rpu(const char *name)
{
    return strcmp(name, zcu102_amp_rpu_firmware[0]) ? 1 : 0;
}

static void zcu102_amp_get_firmware(Object *obj, Visitor *v, const char *name,
                                    void *opaque, Error **errp)
{
    visit_type_str(v, name, &ZCU102_AMP(obj)->rpu_path[zcu102_amp_rpu(name)],
                   errp);
}

static void zcu102_amp_set_firmware(Object *obj, Visitor *v, const char *name,
                                    void *opaque, Error **errp)
{
    Zcu102AmpState *s = ZCU102_AMP(obj);
    char *path;

    if (visit_type_str(v, name, &path, errp)) {
        g_free(s->rpu_path[zcu102_amp_rpu(name)]);
        s->rpu_path[zcu102_amp_rpu(name)] = path;
    }
}

static void zcu102_amp_load_firmware(Zcu102AmpState *s, MachineState *machine)
{
    g_autofree char *path = NULL;

    path = qemu_find_file(QEMU_FILE_TYPE_BIOS, machine->firmware);
    if (!path || load_elf(path, NULL, NULL, NULL, &s->bl31, &s->bl31_start,
                          &s->bl31_end, NULL, 0, EM_AARCH64, 1, 0) <= 0) {
        error_report("-bios %s: not a bl31.elf for 64-bit Arm",
                     machine->firmware);
        exit(1);
    }
}

/* An RPU's firmware is loaded last: it must leave @what alone. */
static void zcu102_amp_check_firmware(Zcu102AmpState *s, const char *what,
                                      hwaddr start, uint64_t size)
{
    int i;

    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        if (s->rpu_firmware[i] &&
            arm_remote_firmware_touches(s->rpu_firmware[i], start, size)) {
            error_report("%s %s: it lies over %s, which is at 0x%" HWADDR_PRIx
                         " to 0x%" HWADDR_PRIx, zcu102_amp_rpu_firmware[i],
                         s->rpu_path[i], what, start, start + size - 1);
            exit(1);
        }
    }
}

/* Linux's boot protocol: x0 has the device tree, x1 to x3 are 0. */
static const uint32_t zcu102_amp_bl33[] = {
    const_le32(0x580000c0),     /* ldr x0, dtb */
    const_le32(0xd2800001),     /* mov x1, #0 */
    const_le32(0xd2800002),     /* mov x2, #0 */
    const_le32(0xd2800003),     /* mov x3, #0 */
    const_le32(0x58000084),     /* ldr x4, kernel */
    const_le32(0xd61f0080),     /* br x4 */
    const_le32(DTB_ADDR), 0,    /* dtb: */
    const_le32(KERNEL_ADDR), 0, /* kernel: */
};

/* QEMU's own code tells of one block of memory, and these may be two. */
static void zcu102_amp_modify_dtb(const struct arm_boot_info *boot, void *fdt)
{
    Zcu102AmpState *s = container_of(boot, Zcu102AmpState, boot);
    uint64_t high = MACHINE(s)->ram_size - boot->ram_size;

    if (high) {
        g_autofree char *node = g_strdup_printf("/memory@%llx",
                                                XLNX_ZYNQMP_HIGH_RAM_START);

        qemu_fdt_add_subnode(fdt, node);
        qemu_fdt_setprop_string(fdt, node, "device_type", "memory");
        qemu_fdt_setprop_sized_cells(fdt, node, "reg",
                                     2, (uint64_t)XLNX_ZYNQMP_HIGH_RAM_START,
                                     2, high);
    }
}

static void zcu102_amp_load_kernel(Zcu102AmpState *s, MachineState *machine)
{
    AddressSpace *as = &address_space_memory;
    ssize_t size;

    size = load_image_targphys_as(machine->kernel_filename, KERNEL_ADDR,
                                  KERNEL_MAX, as, NULL);
    if (size <= 0) {
        error_report("-kernel %s: cannot be read, or is larger than %d MiB",
                     machine->kernel_filename, (int)(KERNEL_MAX / MiB));
        exit(1);
    }
    zcu102_amp_check_firmware(s, "-kernel", KERNEL_ADDR, size);
    s->boot.dtb_filename = machine->dtb;
    s->boot.kernel_cmdline = machine->kernel_cmdline;
    s->boot.ram_size = MIN(machine->ram_size, XLNX_ZYNQMP_MAX_LOW_RAM_SIZE);
    s->boot.modify_dtb = zcu102_amp_modify_dtb;
    if (machine->initrd_filename) {
        size = load_image_targphys_as(machine->initrd_filename, INITRD_ADDR,
                                      RAM_MIN - INITRD_ADDR, as, NULL);
        if (size <= 0) {
            error_report("-initrd %s: cannot be read, or is too large",
                         machine->initrd_filename);
            exit(1);
        }
        zcu102_amp_check_firmware(s, "-initrd", INITRD_ADDR, size);
        s->boot.initrd_start = INITRD_ADDR;
        s->boot.initrd_size = size;
    }
    if (!machine->dtb) {
        error_report("no device tree: give one with -dtb");
        exit(1);
    }
    size = arm_load_dtb(DTB_ADDR, &s->boot, DTB_ADDR + DTB_MAX, as, machine,
                        &s->soc.zynqmp.apu_cpu[0]);
    if (size <= 0) {
        exit(1);
    }
    zcu102_amp_check_firmware(s, "-dtb", DTB_ADDR, size);
    zcu102_amp_check_firmware(s, "what starts -kernel", BL33_ADDR,
                              sizeof(zcu102_amp_bl33));
    rom_add_blob_fixed_as("zcu102-amp.bl33", zcu102_amp_bl33,
                          sizeof(zcu102_amp_bl33), BL33_ADDR, as);
}

/* As the first boot loader does: core 0 begins with BL31. */
static void zcu102_amp_reset(void *opaque)
{
    Zcu102AmpState *s = opaque;
    int i;

    if (s->bl31) {
        for (i = 0; i < 2; i++) {
            address_space_stl_le(&address_space_memory, RVBARADDR0L + 4 * i,
                                 extract64(s->bl31, 32 * i, 32),
                                 MEMTXATTRS_UNSPECIFIED, NULL);
        }
    }
    for (i = 0; i < XLNX_ZYNQMP_NUM_APU_CPUS; i++) {
        cpu_reset(CPU(&s->soc.zynqmp.apu_cpu[i]));
    }
    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        cpu_reset(CPU(&s->soc.rpu.cpu[i]));
    }
}

/*
 * Return where core @n begins, 0 or the high vectors. Firmware that is at
 * neither gets a jump at 0, as U-Boot's "cpu release" puts one.
 */
static uint32_t zcu102_amp_rpu_vectors(Zcu102AmpState *s, int n)
{
    static const uint32_t atcm[ZYNQMP_NUM_RPU] = { 0xffe00000, 0xffe90000 };
    const ArmRemoteFirmware *firmware = s->rpu_firmware[n];
    const uint32_t jump[] = {
        const_le32(0xe51ff004),     /* ldr pc, [pc, #-4] */
        cpu_to_le32(arm_remote_firmware_entry(firmware)),
    };

    if (arm_remote_firmware_touches(firmware, 0, 1) ||
        arm_remote_firmware_touches(firmware, atcm[n], 1)) {
        return 0;
    }
    if (arm_remote_firmware_entry(firmware) == RPU_HIGH_VECTORS) {
        return RPU_HIGH_VECTORS;
    }
    address_space_write(CPU(&s->soc.rpu.cpu[n])->as, 0,
                        MEMTXATTRS_UNSPECIFIED, jump, sizeof(jump));
    return 0;
}

/* What the boot loader does on each boot of the board: "remote first". */
static void zcu102_amp_boot_rpu(Zcu102AmpState *s)
{
    int i;

    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        if (s->rpu_firmware[i]) {
            zynqmp_pmufw_split_rpu();
            arm_remote_firmware_load(s->rpu_firmware[i]);
            zynqmp_pmufw_wake_rpu(i, zcu102_amp_rpu_vectors(s, i));
        }
    }
}

static void zcu102_amp_machine_reset(MachineState *machine, ResetType type)
{
    qemu_devices_reset(type);
    /* A state that is about to be loaded has all of this in it. */
    if (type != RESET_TYPE_SNAPSHOT_LOAD &&
        !runstate_check(RUN_STATE_INMIGRATE)) {
        zcu102_amp_boot_rpu(ZCU102_AMP(machine));
    }
}

static void zcu102_amp_init(MachineState *machine)
{
    Zcu102AmpState *s = ZCU102_AMP(machine);
    Object *boot;
    int i;

    if (machine->ram_size < RAM_MIN || machine->ram_size > RAM_MAX) {
        error_report("-m: the board takes %d MiB to %d GiB",
                     (int)(RAM_MIN / MiB), (int)(RAM_MAX / GiB));
        exit(1);
    }
    /* Of more of them the stock SoC would make an RPU of its own. */
    machine->smp.cpus = XLNX_ZYNQMP_NUM_APU_CPUS;
    object_initialize_child(OBJECT(machine), "soc", &s->soc,
                            TYPE_ZYNQMP_AMP_SOC);
    object_property_set_link(OBJECT(&s->soc), "ddr-ram", OBJECT(machine->ram),
                             &error_abort);
    if (machine->audiodev) {
        qdev_prop_set_string(DEVICE(&s->soc.zynqmp.dp), "audiodev",
                             machine->audiodev);
    }
    boot = OBJECT(&s->soc.zynqmp.apu_cpu[0]);
    if (machine->firmware) {
        zcu102_amp_load_firmware(s, machine);
    } else if (machine->kernel_filename) {
        error_report("-kernel needs what starts it: name TF-A's bl31.elf with "
                     "-bios, built with PLAT=zynqmp RESET_TO_BL31=1");
        exit(1);
    } else {
        object_property_set_bool(boot, "start-powered-off", true,
                                 &error_abort);
    }
    sysbus_realize(SYS_BUS_DEVICE(&s->soc), &error_fatal);

    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        if (s->rpu_path[i]) {
            s->rpu_firmware[i] =
                arm_remote_firmware_new(s->rpu_path[i],
                                        CPU(&s->soc.rpu.cpu[i])->as,
                                        &error_fatal);
        }
    }
    if (s->bl31) {
        zcu102_amp_check_firmware(s, "-bios", s->bl31_start,
                                  s->bl31_end - s->bl31_start);
    }
    qemu_register_reset(zcu102_amp_reset, s);
    if (machine->kernel_filename) {
        zcu102_amp_load_kernel(s, machine);
    }
}

static void zcu102_amp_class_init(ObjectClass *klass, ClassInitData *data)
{
    /* The SoC makes its timers by itself: this is how it comes to them. */
    static GlobalProperty timers[] = {
        { TYPE_CADENCE_TTC, "width", "32" },
        { TYPE_CADENCE_TTC, "clock-frequency", stringify(TTC_HZ) },
    };
    MachineClass *mc = MACHINE_CLASS(klass);
    int i;

    mc->desc = "Xilinx ZCU102 as an AMP system: 4 x Cortex-A53 behind TF-A, "
               "2 x Cortex-R5F";
    mc->init = zcu102_amp_init;
    mc->reset = zcu102_amp_machine_reset;
    mc->min_cpus = mc->max_cpus = mc->default_cpus =
        XLNX_ZYNQMP_NUM_APU_CPUS + ZYNQMP_NUM_RPU;
    compat_props_add(mc->compat_props, timers, ARRAY_SIZE(timers));
    mc->default_ram_size = 2 * GiB;
    mc->default_ram_id = "ddr-ram";
    machine_add_audiodev_property(mc);
    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        object_class_property_add(klass, zcu102_amp_rpu_firmware[i], "str",
                                  zcu102_amp_get_firmware,
                                  zcu102_amp_set_firmware, NULL, NULL);
        object_class_property_set_description(klass,
            zcu102_amp_rpu_firmware[i],
            "ELF file that this core of the RPU runs before Linux does, "
            "started on each reset");
    }
    mc->no_floppy = true;
    mc->no_cdrom = true;
    mc->no_parallel = true;
}

static void zcu102_amp_finalize(Object *obj)
{
    int i;

    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        g_free(ZCU102_AMP(obj)->rpu_path[i]);
    }
}

static const TypeInfo zcu102_amp_types[] = {
    {
        .name = TYPE_ZCU102_AMP,
        .parent = TYPE_MACHINE,
        .instance_size = sizeof(Zcu102AmpState),
        .instance_finalize = zcu102_amp_finalize,
        .class_init = zcu102_amp_class_init,
        .interfaces = aarch64_machine_interfaces,
    },
};

DEFINE_TYPES(zcu102_amp_types)
