/*
 * ZynqMP: the real-time processing unit, two Cortex-R5F
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Modes, memory and interrupts: Xilinx UG1085, chapters "RPU" and "TCM"; what
 * protects memory from the cores: chapter "System Protection Units".
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/arm/zynqmp_rpu.h"
#include "hw/irq.h"
#include "hw/misc/memory_guard.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"

#define GIC_ADDR            0xf9000000
#define GIC_CPU_OFFSET      0x1000
/* Up to where the cores see their own GIC, and nothing of the APU's */
#define GIC_SPACE           0x80000
#define GIC_PRIORITY_BITS   5

#define TCM_SIZE            (64 * KiB)
/* Where a core sees its TCM; between them is nothing but TCM */
#define TCM_SPACE           0x30000

/* In a core's view, below its own memories and the gap between them */
#define PATH_PRIORITY       (-2)
#define BELOW_PRIORITY      (-3)

/* Who looks through a window to a TCM */
enum { CORE_0, CORE_1, OTHERS };

enum { ATCM_0, BTCM_0, ATCM_1, BTCM_1 };

/* When a window is open */
enum { SPLIT = 1, COMBINED = 2, ALWAYS = SPLIT | COMBINED };

static const struct {
    uint8_t from;
    uint8_t tcm;
    uint8_t when;
    uint32_t addr;
} windows[ZYNQMP_RPU_NUM_WINDOWS] = {
    { CORE_0, ATCM_0, ALWAYS, 0x00000000 },
    { CORE_0, ATCM_1, COMBINED, 0x00010000 },
    { CORE_0, BTCM_0, ALWAYS, 0x00020000 },
    { CORE_0, BTCM_1, COMBINED, 0x00030000 },
    { CORE_1, ATCM_1, ALWAYS, 0x00000000 },
    { CORE_1, BTCM_1, ALWAYS, 0x00020000 },
    { OTHERS, ATCM_0, ALWAYS, 0xffe00000 },
    { OTHERS, ATCM_1, COMBINED, 0xffe10000 },
    { OTHERS, BTCM_0, ALWAYS, 0xffe20000 },
    { OTHERS, BTCM_1, COMBINED, 0xffe30000 },
    { OTHERS, ATCM_1, SPLIT, 0xffe90000 },
    { OTHERS, BTCM_1, SPLIT, 0xffeb0000 },
};

enum { XMPU_DDR, XMPU_FPD, XMPU_OCM, XPPU };

static const char *const units[ZYNQMP_RPU_NUM_UNITS] = {
    [XMPU_DDR] = "xmpu-ddr",
    [XMPU_FPD] = "xmpu-fpd",
    [XMPU_OCM] = "xmpu-ocm",
    [XPPU] = "xppu",
};

/* What each unit protects. The cores are secure masters. */
static const struct {
    uint8_t unit;
    hwaddr first;
    hwaddr last;
} paths[ZYNQMP_RPU_NUM_PATHS] = {
    { XMPU_DDR, 0x00000000, 0x7fffffff },
    { XMPU_FPD, 0xfd000000, 0xfdffffff },
    { XMPU_OCM, 0xfffc0000, 0xffffffff },
    { XPPU, 0xc0000000, 0xdfffffff },   /* flash */
    { XPPU, 0xfe000000, 0xfffbffff },   /* the low-power domain */
};

static unsigned zynqmp_rpu_may(const ZynqMPRpuPath *path, hwaddr addr)
{
    return ZYNQMP_PROTECTION_GET_CLASS(path->unit)->allowed(
        path->unit, addr, ZYNQMP_MID_RPU(path->core));
}

static MemTxResult zynqmp_rpu_refuse(ZynqMPRpuPath *path, hwaddr addr,
                                     bool write)
{
    ZYNQMP_PROTECTION_GET_CLASS(path->unit)->refuse(
        path->unit, addr, ZYNQMP_MID_RPU(path->core), write);
    return MEMTX_ERROR;
}

static MemTxResult zynqmp_rpu_path_read(void *opaque, hwaddr offset,
                                        uint64_t *data, unsigned size,
                                        MemTxAttrs attrs)
{
    ZynqMPRpuPath *path = opaque;
    hwaddr addr = path->first + offset;

    *data = 0;
    if (!(zynqmp_rpu_may(path, addr) & ZYNQMP_MAY_READ)) {
        return zynqmp_rpu_refuse(path, addr, false);
    }
    return memory_guard_read(path->memory, addr, data, size, attrs);
}

static MemTxResult zynqmp_rpu_path_write(void *opaque, hwaddr offset,
                                         uint64_t data, unsigned size,
                                         MemTxAttrs attrs)
{
    ZynqMPRpuPath *path = opaque;
    hwaddr addr = path->first + offset;

    if (!(zynqmp_rpu_may(path, addr) & ZYNQMP_MAY_WRITE)) {
        return zynqmp_rpu_refuse(path, addr, true);
    }
    return memory_guard_write(path->memory, addr, data, size, attrs);
}

static const MemoryRegionOps zynqmp_rpu_path_ops = {
    .read_with_attrs = zynqmp_rpu_path_read,
    .write_with_attrs = zynqmp_rpu_path_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.min_access_size = 1,
    .impl.max_access_size = 8,
    .impl.unaligned = true,
};

static void zynqmp_rpu_update_tcm(ZynqMPRpuState *s)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(windows); i++) {
        memory_region_set_enabled(&s->window[i],
            windows[i].when & (s->tcm_comb ? COMBINED : SPLIT));
    }
}

static void zynqmp_rpu_update_windows(void *opaque)
{
    ZynqMPRpuState *s = opaque;
    int i;

    memory_region_transaction_begin();
    zynqmp_rpu_update_tcm(s);
    for (i = 0; i < ARRAY_SIZE(s->path); i++) {
        ZynqMPRpuPath *path = &s->path[i];

        if (path->unit) {
            memory_region_set_enabled(&path->checked,
                ZYNQMP_PROTECTION_GET_CLASS(path->unit)->checks(
                    path->unit, ZYNQMP_MID_RPU(path->core)));
        }
    }
    memory_region_transaction_commit();
}

static void zynqmp_rpu_update_core(ZynqMPRpuState *s, int n)
{
    DeviceState *control = DEVICE(&s->control[n]);
    /* In lockstep the second core only follows the first one. */
    bool reset = s->reset[n] || (n > 0 && !s->slsplit);

    /* A core that goes into reset is held by it: "boot" is low by then. */
    qemu_set_irq(qdev_get_gpio_in_named(control, "boot", 0),
                 !reset && s->ncpuhalt[n]);
    qemu_set_irq(qdev_get_gpio_in_named(control, "reset", 0), reset);
}

static void zynqmp_rpu_set_ncpuhalt(void *opaque, int n, int level)
{
    ZynqMPRpuState *s = opaque;

    s->ncpuhalt[n] = level;
    zynqmp_rpu_update_core(s, n);
}

static void zynqmp_rpu_set_reset(void *opaque, int n, int level)
{
    ZynqMPRpuState *s = opaque;

    s->reset[n] = level;
    zynqmp_rpu_update_core(s, n);
}

static void zynqmp_rpu_set_vinithi(void *opaque, int n, int level)
{
    ZynqMPRpuState *s = opaque;

    qemu_set_irq(qdev_get_gpio_in_named(DEVICE(&s->control[n]), "vinithi", 0),
                 level);
}

static void zynqmp_rpu_set_slsplit(void *opaque, int n, int level)
{
    ZynqMPRpuState *s = opaque;

    s->slsplit = level;
    zynqmp_rpu_update_core(s, 1);
}

static void zynqmp_rpu_set_tcm_comb(void *opaque, int n, int level)
{
    ZynqMPRpuState *s = opaque;

    if (s->tcm_comb != level) {
        s->tcm_comb = level;
        memory_guard_change_map(zynqmp_rpu_update_windows, s);
    }
}

static void zynqmp_rpu_protection_changed(void *opaque, int n, int level)
{
    if (level) {
        memory_guard_change_map(zynqmp_rpu_update_windows, opaque);
    }
}

static void zynqmp_rpu_set_spi(void *opaque, int n, int level)
{
    ZynqMPRpuState *s = opaque;

    s->spi[n / 32] = deposit32(s->spi[n / 32], n % 32, 1, !!level);
    qemu_set_irq(qdev_get_gpio_in(DEVICE(&s->gic), n), level);
}

/*
 * The GIC belongs to both cores and is reset with the last one that goes: what
 * the first one has left there stays for as long as the other one runs. A
 * reset of QEMU's GIC forgets the levels of its inputs.
 */
static void zynqmp_rpu_set_running(void *opaque, int n, int level)
{
    ZynqMPRpuState *s = opaque;
    int i;

    s->running[n] = level;
    if (level || s->running[!n]) {
        return;
    }
    device_cold_reset(DEVICE(&s->gic));
    for (i = 0; i < ZYNQMP_NUM_SPI; i++) {
        if (s->spi[i / 32] & BIT(i % 32)) {
            qemu_irq_raise(qdev_get_gpio_in(DEVICE(&s->gic), i));
        }
    }
}

static void zynqmp_rpu_reset_hold(Object *obj, ResetType type)
{
    ZynqMPRpuState *s = ZYNQMP_RPU(obj);

    memset(s->running, 0, sizeof(s->running));
    memset(s->spi, 0, sizeof(s->spi));
}

/* Core @core's way to what is in row @n of the table */
static void zynqmp_rpu_realize_path(ZynqMPRpuState *s, int core, int n)
{
    ZynqMPRpuPath *path = &s->path[core * ARRAY_SIZE(paths) + n];

    path->unit = s->unit[paths[n].unit];
    path->memory = &s->memory_as;
    path->core = core;
    path->first = paths[n].first;
    memory_region_init_io(&path->checked, OBJECT(s), &zynqmp_rpu_path_ops,
                          path, units[paths[n].unit],
                          paths[n].last - paths[n].first + 1);
    memory_region_set_enabled(&path->checked, false);
    memory_region_add_subregion_overlap(&s->view[core], path->first,
                                        &path->checked, PATH_PRIORITY);
}

static bool zynqmp_rpu_realize_memory(ZynqMPRpuState *s, Error **errp)
{
    static const char *const names[] = { "atcm0", "btcm0", "atcm1", "btcm1" };
    Object *obj = OBJECT(s);
    int i, j;

    for (i = 0; i < ZYNQMP_RPU_NUM_TCM; i++) {
        g_autofree char *name = g_strdup_printf("zynqmp.%s", names[i]);

        if (!memory_region_init_ram(&s->tcm[i], obj, name, TCM_SIZE, errp)) {
            return false;
        }
    }
    address_space_init(&s->memory_as, s->memory, "zynqmp.rpu-memory");
    memory_region_init(&s->gic_space, obj, "zynqmp.rpu-gic", GIC_SPACE);
    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        memory_region_init(&s->view[i], obj, "zynqmp.rpu-view", 4 * GiB);
        memory_region_init_alias(&s->below[i], obj, "zynqmp.rpu-below",
                                 s->memory, 0, 4 * GiB);
        memory_region_add_subregion_overlap(&s->view[i], 0, &s->below[i],
                                            BELOW_PRIORITY);
        for (j = 0; j < ARRAY_SIZE(paths); j++) {
            zynqmp_rpu_realize_path(s, i, j);
        }
        memory_region_init_io(&s->gap[i], obj, NULL, NULL, "zynqmp.no-tcm",
                              TCM_SPACE);
        memory_region_add_subregion_overlap(&s->view[i], 0, &s->gap[i], -1);
    }
    memory_region_add_subregion(&s->view[0], GIC_ADDR, &s->gic_space);
    memory_region_init_alias(&s->gic_alias, obj, "zynqmp.rpu-gic",
                             &s->gic_space, 0, GIC_SPACE);
    memory_region_add_subregion(&s->view[1], GIC_ADDR, &s->gic_alias);
    for (i = 0; i < ARRAY_SIZE(windows); i++) {
        MemoryRegion *view = windows[i].from == OTHERS ? s->memory :
                             &s->view[windows[i].from];

        memory_region_init_alias(&s->window[i], obj, names[windows[i].tcm],
                                 &s->tcm[windows[i].tcm], 0, TCM_SIZE);
        memory_region_add_subregion_overlap(view, windows[i].addr,
                                            &s->window[i], 1);
    }
    /* Until their reset the protection units would refuse all of the DDR. */
    zynqmp_rpu_update_tcm(s);
    return true;
}

static bool zynqmp_rpu_realize_cores(ZynqMPRpuState *s, Error **errp)
{
    int i;

    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        Object *cpu = OBJECT(&s->cpu[i]);
        DeviceState *control = DEVICE(&s->control[i]);

        object_property_set_link(cpu, "memory", OBJECT(&s->view[i]),
                                 &error_abort);
        object_property_set_bool(cpu, "start-powered-off", true, &error_abort);
        object_property_set_uint(cpu, "mp-affinity", i, &error_abort);
        if (!qdev_realize(DEVICE(cpu), NULL, errp)) {
            return false;
        }
        object_property_set_link(OBJECT(control), "cpu", cpu, &error_abort);
        qdev_prop_set_uint32(control, "num-irq", ARM_CPU_FIQ + 1);
        if (!sysbus_realize(SYS_BUS_DEVICE(control), errp)) {
            return false;
        }
        qdev_connect_gpio_out_named(control, "running", 0,
            qdev_get_gpio_in_named(DEVICE(s), "running", i));
    }
    return qdev_realize(DEVICE(&s->cluster), NULL, errp);
}

static bool zynqmp_rpu_realize_gic(ZynqMPRpuState *s, Error **errp)
{
    DeviceState *dev = DEVICE(&s->gic);
    SysBusDevice *gic = SYS_BUS_DEVICE(dev);
    int i;

    qdev_prop_set_uint32(dev, "revision", 1);
    qdev_prop_set_uint32(dev, "num-cpu", ZYNQMP_NUM_RPU);
    qdev_prop_set_uint32(dev, "num-irq", ZYNQMP_NUM_SPI + GIC_INTERNAL);
    qdev_prop_set_uint32(dev, "num-priority-bits", GIC_PRIORITY_BITS);
    qdev_prop_set_uint32(dev, "first-cpu-index", CPU(&s->cpu[0])->cpu_index);
    if (!sysbus_realize(gic, errp)) {
        return false;
    }
    memory_region_add_subregion(&s->gic_space, 0,
                                sysbus_mmio_get_region(gic, 0));
    memory_region_add_subregion(&s->gic_space, GIC_CPU_OFFSET,
                                sysbus_mmio_get_region(gic, 1));
    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        DeviceState *control = DEVICE(&s->control[i]);

        sysbus_connect_irq(gic, i, qdev_get_gpio_in(control, ARM_CPU_IRQ));
        sysbus_connect_irq(gic, ZYNQMP_NUM_RPU + i,
                           qdev_get_gpio_in(control, ARM_CPU_FIQ));
    }
    return true;
}

static void zynqmp_rpu_realize(DeviceState *dev, Error **errp)
{
    ZynqMPRpuState *s = ZYNQMP_RPU(dev);

    if (!s->memory) {
        error_setg(errp, "property \"memory\" is required");
        return;
    }
    if (zynqmp_rpu_realize_memory(s, errp) &&
        zynqmp_rpu_realize_cores(s, errp)) {
        zynqmp_rpu_realize_gic(s, errp);
    }
}

static void zynqmp_rpu_init(Object *obj)
{
    ZynqMPRpuState *s = ZYNQMP_RPU(obj);
    DeviceState *dev = DEVICE(obj);
    int i;

    object_initialize_child(obj, "cluster", &s->cluster, TYPE_CPU_CLUSTER);
    qdev_prop_set_uint32(DEVICE(&s->cluster), "cluster-id", 1);
    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        object_initialize_child(OBJECT(&s->cluster), "cpu[*]", &s->cpu[i],
                                ARM_CPU_TYPE_NAME("cortex-r5f"));
        object_initialize_child(obj, "control[*]", &s->control[i],
                                TYPE_ARM_REMOTE_CORE);
    }
    object_initialize_child(obj, "gic", &s->gic, TYPE_ARM_GIC);

    qdev_init_gpio_in(dev, zynqmp_rpu_set_spi, ZYNQMP_NUM_SPI);
    qdev_init_gpio_in_named(dev, zynqmp_rpu_set_ncpuhalt, "ncpuhalt",
                            ZYNQMP_NUM_RPU);
    qdev_init_gpio_in_named(dev, zynqmp_rpu_set_reset, "reset",
                            ZYNQMP_NUM_RPU);
    qdev_init_gpio_in_named(dev, zynqmp_rpu_set_vinithi, "vinithi",
                            ZYNQMP_NUM_RPU);
    qdev_init_gpio_in_named(dev, zynqmp_rpu_set_slsplit, "slsplit", 1);
    qdev_init_gpio_in_named(dev, zynqmp_rpu_set_tcm_comb, "tcm-comb", 1);
    qdev_init_gpio_in_named(dev, zynqmp_rpu_set_running, "running",
                            ZYNQMP_NUM_RPU);
    qdev_init_gpio_in_named(dev, zynqmp_rpu_protection_changed, "protection",
                            1);
    for (i = 0; i < ARRAY_SIZE(units); i++) {
        object_property_add_link(obj, units[i], TYPE_ZYNQMP_PROTECTION,
                                 (Object **)&s->unit[i],
                                 qdev_prop_allow_set_link_before_realize, 0);
    }
}

static int zynqmp_rpu_post_load(void *opaque, int version_id)
{
    zynqmp_rpu_update_windows(opaque);
    return 0;
}

static const VMStateDescription vmstate_zynqmp_rpu = {
    .name = TYPE_ZYNQMP_RPU,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = zynqmp_rpu_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL_ARRAY(ncpuhalt, ZynqMPRpuState, ZYNQMP_NUM_RPU),
        VMSTATE_BOOL_ARRAY(reset, ZynqMPRpuState, ZYNQMP_NUM_RPU),
        VMSTATE_BOOL_ARRAY(running, ZynqMPRpuState, ZYNQMP_NUM_RPU),
        VMSTATE_BOOL(slsplit, ZynqMPRpuState),
        VMSTATE_BOOL(tcm_comb, ZynqMPRpuState),
        VMSTATE_UINT32_ARRAY(spi, ZynqMPRpuState, ZYNQMP_NUM_SPI / 32),
        VMSTATE_END_OF_LIST()
    }
};

static const Property zynqmp_rpu_properties[] = {
    DEFINE_PROP_LINK("memory", ZynqMPRpuState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void zynqmp_rpu_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "ZynqMP real-time processing unit";
    dc->realize = zynqmp_rpu_realize;
    dc->vmsd = &vmstate_zynqmp_rpu;
    dc->user_creatable = false;
    RESETTABLE_CLASS(klass)->phases.hold = zynqmp_rpu_reset_hold;
    device_class_set_props(dc, zynqmp_rpu_properties);
}

static const TypeInfo zynqmp_rpu_types[] = {
    {
        .name = TYPE_ZYNQMP_RPU,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(ZynqMPRpuState),
        .instance_init = zynqmp_rpu_init,
        .class_init = zynqmp_rpu_class_init,
    },
};

DEFINE_TYPES(zynqmp_rpu_types)
