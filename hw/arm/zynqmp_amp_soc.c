/*
 * ZynqMP SoC as an AMP system: QEMU's own, with what that lacks
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/* Addresses and interrupts: Xilinx UG1085, UG1087. */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/arm/zynqmp_amp_soc.h"
#include "hw/irq.h"
#include "hw/misc/unimp.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"

#define MESSAGE_RAM_ADDR    0xff990000
#define MESSAGE_RAM_SIZE    0x1000
#define CSU_ADDR            0xffca0000
#define CSU_SIZE            0x1000
#define CSU_IDCODE          0x40
#define CSU_VERSION         0x44
#define IOU_SCNTRS_ADDR     0xff260000
#define IOU_SCNTRS_SIZE     0x1000
#define IOU_SCNTRS_BASEFREQ 0x20
#define PMU_GLOBAL_ADDR     0xffd80000
#define PMU_GLOBAL_SIZE     0x1000

/* The system counter, as the first boot loader sets it */
#define CNTFRQ_HZ           99999000

/* Bus clocks of both domains, which the watchdogs count, as it sets them */
#define LSBUS_HZ            100000000

/*
 * The blocks of UG1085's system address map that nothing else here stands for,
 * in their whole windows: an access is logged, and is no bus error.
 */
static const struct {
    const char *name;
    hwaddr addr;
    hwaddr size;
} zynqmp_amp_soc_unimplemented[] = {
    { "zynqmp.ddrc", 0xfd070000, 0x30000 },
    { "zynqmp.apm-ddr", 0xfd0b0000, 0x10000 },
    { "zynqmp.pcie", 0xfd0e0000, 0x10000 },
    { "zynqmp.pcie-dma", 0xfd0f0000, 0x10000 },
    { "zynqmp.afi", 0xfd360000, 0x60000 },
    { "zynqmp.siou", 0xfd3d0000, 0x10000 },
    { "zynqmp.serdes", 0xfd400000, 0x80000 },
    { "zynqmp.pcie-attrib", 0xfd480000, 0x10000 },
    { "zynqmp.apm-cci", 0xfd490000, 0x10000 },
    { "zynqmp.gpu", 0xfd4b0000, 0x10000 },
    { "zynqmp.xmpu-sink", 0xfd4f0000, 0x10000 },
    { "zynqmp.cci-reg", 0xfd5e0000, 0x10000 },
    { "zynqmp.smmu-reg", 0xfd5f0000, 0x10000 },
    { "zynqmp.fpd-slcr", 0xfd610000, 0x80000 },
    { "zynqmp.fpd-slcr-secure", 0xfd690000, 0x40000 },
    { "zynqmp.cci-gpv", 0xfd6e0000, 0x10000 },
    { "zynqmp.fpd-gpv", 0xfd700000, 0x100000 },
    { "zynqmp.smmu-gpv", 0xfd800000, 0x800000 },
    { "zynqmp.iou-gpv", 0xfe000000, 0x100000 },
    { "zynqmp.lpd-gpv", 0xfe100000, 0x100000 },
    { "zynqmp.usb0", 0xfe200000, 0x100000 },
    { "zynqmp.usb1", 0xfe300000, 0x100000 },
    { "zynqmp.coresight", 0xfe800000, 0x800000 },
    { "zynqmp.i2c0", 0xff020000, 0x10000 },
    { "zynqmp.i2c1", 0xff030000, 0x10000 },
    { "zynqmp.gpio", 0xff0a0000, 0x10000 },
    { "zynqmp.nand", 0xff100000, 0x10000 },
    { "zynqmp.iou-slcr", 0xff180000, 0xc0000 },
    { "zynqmp.iou-secure-slcr", 0xff240000, 0x10000 },
    { "zynqmp.iou-scntr", 0xff250000, 0x10000 },
    { "zynqmp.lpd-slcr", 0xff410000, 0xa0000 },
    { "zynqmp.lpd-slcr-secure", 0xff4b0000, 0x30000 },
    { "zynqmp.ocm-ctrl", 0xff960000, 0x10000 },
    { "zynqmp.afi6", 0xff9b0000, 0x10000 },
    { "zynqmp.xppu-sink", 0xff9c0000, 0x10000 },
    { "zynqmp.usb3-0", 0xff9d0000, 0x10000 },
    { "zynqmp.usb3-1", 0xff9e0000, 0x10000 },
    { "zynqmp.apm-ocm", 0xffa00000, 0x10000 },
    { "zynqmp.apm-lpd", 0xffa10000, 0x10000 },
    { "zynqmp.ams", 0xffa50000, 0x10000 },
    { "zynqmp.csudma", 0xffc80000, 0x20000 },
    { "zynqmp.csu-wdt", 0xffcb0000, 0x10000 },
    { "zynqmp.rsa", 0xffce0000, 0x10000 },
    { "zynqmp.mbistjtag", 0xffcf0000, 0x10000 },
    { "zynqmp.pmu-iomodule", 0xffd40000, 0x20000 },
    { "zynqmp.pmu-ram", 0xffdc0000, 0x20000 },
};

/* The watchdog that is meant for the RPU, and that for the APU */
static const struct {
    const char *name;
    hwaddr addr;
    uint8_t spi;
} watchdogs[ZYNQMP_AMP_SOC_NUM_WDT] = {
    { "swdt", 0xff150000, 52 },
    { "fpd-wdt", 0xfd4d0000, 113 },
};

/*
 * Protection units of memory, and by what name the RPU knows those before what
 * it reaches; the other masters are not looked at. Those of one domain share an
 * interrupt.
 */
enum { LPD, FPD };

static const struct {
    const char *name;
    const char *rpu;
    hwaddr addr;
    uint8_t domain;
    bool align_1mb;
} xmpus[ZYNQMP_AMP_SOC_NUM_XMPU] = {
    { "xmpu-ddr0", "xmpu-ddr", 0xfd000000, FPD, true },
    { "xmpu-ddr1", NULL, 0xfd010000, FPD, true },
    { "xmpu-ddr2", NULL, 0xfd020000, FPD, true },
    { "xmpu-ddr3", NULL, 0xfd030000, FPD, true },
    { "xmpu-ddr4", NULL, 0xfd040000, FPD, true },
    { "xmpu-ddr5", NULL, 0xfd050000, FPD, true },
    { "xmpu-fpd", "xmpu-fpd", 0xfd5d0000, FPD, false },
    { "xmpu-ocm", "xmpu-ocm", 0xffa70000, LPD, false },
};

#define XPPU_ADDR           0xff980000

static const uint8_t protection_spi[] = { [LPD] = 88, [FPD] = 134 };

/*
 * Agents of interrupts between processors: the bit that stands for it in the
 * registers of the others, their outputs to it, its registers and interrupt.
 * Those of the PMU are left out: their registers are for it alone.
 */
static const struct {
    uint8_t bit;
    uint8_t spi;
    uint32_t addr;
    const char *name;
} agents[ZYNQMP_AMP_SOC_NUM_IPI + 1] = {
    { 8, 33, 0xff310000, "RPU_0" },
    { 9, 34, 0xff320000, "RPU_1" },
    { 24, 29, 0xff340000, "PL_0" },
    { 25, 30, 0xff350000, "PL_1" },
    { 26, 31, 0xff360000, "PL_2" },
    { 27, 32, 0xff370000, "PL_3" },
    /* The stock SoC has mapped it. */
    { 0, 35, 0xff300000, "APU" },
};

#define IPI_TRIG 0x00
#define IPI_ISR  0x10

/* What sends a kick, and what acknowledges one */
static const struct {
    const char *name;
    uint8_t agent;
    uint8_t offset;
} ipi_faults[ZYNQMP_AMP_SOC_NUM_IPI_FAULTS] = {
    { "ipi-apu-trig-fault", ZYNQMP_AMP_SOC_NUM_IPI, IPI_TRIG },
    { "ipi-apu-isr-fault", ZYNQMP_AMP_SOC_NUM_IPI, IPI_ISR },
    { "ipi-rpu0-trig-fault", 0, IPI_TRIG },
    { "ipi-rpu0-isr-fault", 0, IPI_ISR },
};

static void zynqmp_amp_soc_init(Object *obj)
{
    ZynqMPAmpSocState *s = ZYNQMP_AMP_SOC(obj);
    int i;

    object_initialize_child(obj, "zynqmp", &s->zynqmp, TYPE_XLNX_ZYNQMP);
    object_initialize_child(obj, "rpu", &s->rpu, TYPE_ZYNQMP_RPU);
    object_initialize_child(obj, "rpu-ctrl", &s->rpu_ctrl,
                            TYPE_ZYNQMP_RPU_CTRL);
    object_initialize_child(obj, "crl-apb", &s->crl_apb, TYPE_ZYNQMP_CRL_APB);
    object_initialize_child(obj, "pmufw", &s->pmufw, TYPE_ZYNQMP_PMUFW);
    for (i = 0; i < ZYNQMP_AMP_SOC_NUM_IPI; i++) {
        object_initialize_child(obj, "ipi[*]", &s->ipi[i],
                                TYPE_XLNX_ZYNQMP_IPI);
    }
    for (i = 0; i < ZYNQMP_AMP_SOC_NUM_WDT; i++) {
        object_initialize_child(obj, watchdogs[i].name, &s->wdt[i],
                                TYPE_CADENCE_WDT);
    }
    for (i = 0; i < ZYNQMP_AMP_SOC_NUM_XMPU; i++) {
        object_initialize_child(obj, xmpus[i].name, &s->xmpu[i],
                                TYPE_ZYNQMP_XMPU);
    }
    object_initialize_child(obj, "xppu", &s->xppu, TYPE_ZYNQMP_XPPU);
    for (i = 0; i < ARRAY_SIZE(protection_spi); i++) {
        object_initialize_child(obj, "protection-irq[*]",
                                &s->protection_irq[i], TYPE_OR_IRQ);
    }
    object_initialize_child(obj, "ddr-fault", &s->ddr_fault, TYPE_RAM_FAULT);
    for (i = 0; i < ARRAY_SIZE(ipi_faults); i++) {
        object_initialize_child(obj, ipi_faults[i].name, &s->ipi_fault[i],
                                TYPE_REGISTER_FAULT);
    }
}

/* Registers that are what software has written, or what power-on leaves. */
static bool zynqmp_amp_soc_realize_memory(ZynqMPAmpSocState *s, Error **errp)
{
    const struct {
        MemoryRegion *mr;
        const char *name;
        hwaddr addr;
        uint64_t size;
    } rams[] = {
        { &s->message_ram, "zynqmp.ipi-messages", MESSAGE_RAM_ADDR,
          MESSAGE_RAM_SIZE },
        { &s->csu, "zynqmp.csu", CSU_ADDR, CSU_SIZE },
        { &s->iou_scntrs, "zynqmp.iou-scntrs", IOU_SCNTRS_ADDR,
          IOU_SCNTRS_SIZE },
        { &s->pmu_global, "zynqmp.pmu-global", PMU_GLOBAL_ADDR,
          PMU_GLOBAL_SIZE },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(rams); i++) {
        if (!memory_region_init_ram(rams[i].mr, OBJECT(s), rams[i].name,
                                    rams[i].size, errp)) {
            return false;
        }
        memory_region_add_subregion(get_system_memory(), rams[i].addr,
                                    rams[i].mr);
    }
    for (i = 0; i < ARRAY_SIZE(zynqmp_amp_soc_unimplemented); i++) {
        create_unimplemented_device(zynqmp_amp_soc_unimplemented[i].name,
                                    zynqmp_amp_soc_unimplemented[i].addr,
                                    zynqmp_amp_soc_unimplemented[i].size);
    }
    return true;
}

/* To be called when the memory is mapped. */
static void zynqmp_amp_soc_fill_memory(void)
{
    static const struct {
        hwaddr addr;
        uint32_t value;
    } values[] = {
        { CSU_ADDR + CSU_IDCODE, ZYNQMP_IDCODE },
        { CSU_ADDR + CSU_VERSION, ZYNQMP_VERSION },
        { IOU_SCNTRS_ADDR + IOU_SCNTRS_BASEFREQ, CNTFRQ_HZ },
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(values); i++) {
        address_space_stl_le(&address_space_memory, values[i].addr,
                             values[i].value, MEMTXATTRS_UNSPECIFIED, NULL);
    }
}

static DeviceState *zynqmp_amp_soc_agent(ZynqMPAmpSocState *s, int n)
{
    return n < ZYNQMP_AMP_SOC_NUM_IPI ? DEVICE(&s->ipi[n]) :
           DEVICE(&s->zynqmp.ipi);
}

static bool zynqmp_amp_soc_realize_ipi(ZynqMPAmpSocState *s, Error **errp)
{
    int i, j;

    for (i = 0; i < ZYNQMP_AMP_SOC_NUM_IPI; i++) {
        SysBusDevice *ipi = SYS_BUS_DEVICE(&s->ipi[i]);

        if (!sysbus_realize(ipi, errp)) {
            return false;
        }
        sysbus_mmio_map(ipi, 0, agents[i].addr);
        sysbus_connect_irq(ipi, 0,
                           qdev_get_gpio_in_named(DEVICE(&s->zynqmp), "spi",
                                                  agents[i].spi));
    }
    for (i = 0; i < ARRAY_SIZE(agents); i++) {
        DeviceState *from = zynqmp_amp_soc_agent(s, i);

        for (j = 0; j < ARRAY_SIZE(agents); j++) {
            DeviceState *to = zynqmp_amp_soc_agent(s, j);
            g_autofree char *seen = g_strdup_printf("OBS_%s", agents[i].name);

            qdev_connect_gpio_out_named(from, agents[j].name, 0,
                qdev_get_gpio_in_named(to, "IPI_INPUTS", agents[i].bit));
            qdev_connect_gpio_out_named(to, seen, 0,
                qdev_get_gpio_in_named(from, "OBS_INPUTS", agents[j].bit));
        }
    }
    return true;
}

/* To be called when the agents are mapped. */
static bool zynqmp_amp_soc_realize_faults(ZynqMPAmpSocState *s, Error **errp)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(ipi_faults); i++) {
        DeviceState *agent = zynqmp_amp_soc_agent(s, ipi_faults[i].agent);
        Object *fault = OBJECT(&s->ipi_fault[i]);
        /* Its registers are a region within the one that is mapped. */
        MemoryRegion *registers = memory_region_find(
            sysbus_mmio_get_region(SYS_BUS_DEVICE(agent), 0),
            ipi_faults[i].offset, sizeof(uint32_t)).mr;

        object_property_set_link(fault, "memory", OBJECT(registers),
                                 &error_abort);
        memory_region_unref(registers);
        object_property_set_uint(fault, "offset", ipi_faults[i].offset,
                                 &error_abort);
        if (!sysbus_realize(SYS_BUS_DEVICE(fault), errp)) {
            return false;
        }
    }
    object_property_set_link(OBJECT(&s->ddr_fault), "memory", OBJECT(s->ddr),
                             &error_abort);
    return qdev_realize(DEVICE(&s->ddr_fault), NULL, errp);
}

static bool zynqmp_amp_soc_realize_xmpu(ZynqMPAmpSocState *s, int n,
                                        Error **errp)
{
    SysBusDevice *xmpu = SYS_BUS_DEVICE(&s->xmpu[n]);
    DeviceState *rpu = DEVICE(&s->rpu);

    qdev_prop_set_bit(DEVICE(xmpu), "align-1mb", xmpus[n].align_1mb);
    if (!sysbus_realize(xmpu, errp)) {
        return false;
    }
    sysbus_mmio_map(xmpu, 0, xmpus[n].addr);
    sysbus_connect_irq(xmpu, 0,
        qdev_get_gpio_in(DEVICE(&s->protection_irq[xmpus[n].domain]), n));
    if (xmpus[n].rpu) {
        object_property_set_link(OBJECT(rpu), xmpus[n].rpu, OBJECT(xmpu),
                                 &error_abort);
        qdev_connect_gpio_out_named(DEVICE(xmpu), "changed", 0,
                                    qdev_get_gpio_in_named(rpu, "protection",
                                                           0));
    }
    return true;
}

/* To be called before the RPU is realized. */
static bool zynqmp_amp_soc_realize_protection(ZynqMPAmpSocState *s,
                                              Error **errp)
{
    SysBusDevice *xppu = SYS_BUS_DEVICE(&s->xppu);
    DeviceState *rpu = DEVICE(&s->rpu);
    int i;

    for (i = 0; i < ARRAY_SIZE(protection_spi); i++) {
        DeviceState *irq = DEVICE(&s->protection_irq[i]);

        qdev_prop_set_uint16(irq, "num-lines", ZYNQMP_AMP_SOC_NUM_XMPU + 1);
        if (!qdev_realize(irq, NULL, errp)) {
            return false;
        }
        qdev_connect_gpio_out(irq, 0,
            qdev_get_gpio_in_named(DEVICE(&s->zynqmp), "spi",
                                   protection_spi[i]));
    }
    for (i = 0; i < ZYNQMP_AMP_SOC_NUM_XMPU; i++) {
        if (!zynqmp_amp_soc_realize_xmpu(s, i, errp)) {
            return false;
        }
    }
    if (!sysbus_realize(xppu, errp)) {
        return false;
    }
    sysbus_mmio_map(xppu, 0, XPPU_ADDR);
    sysbus_mmio_map(xppu, 1, XPPU_ADDR + ZYNQMP_XPPU_APERTURES_OFFSET);
    sysbus_connect_irq(xppu, 0,
                       qdev_get_gpio_in(DEVICE(&s->protection_irq[LPD]),
                                        ZYNQMP_AMP_SOC_NUM_XMPU));
    object_property_set_link(OBJECT(rpu), "xppu", OBJECT(xppu), &error_abort);
    qdev_connect_gpio_out_named(DEVICE(xppu), "changed", 0,
                                qdev_get_gpio_in_named(rpu, "protection", 0));
    return true;
}

static bool zynqmp_amp_soc_realize_rpu(ZynqMPAmpSocState *s, Error **errp)
{
    static const char *const controls[] = { "ncpuhalt", "vinithi" };
    static const char *const modes[] = { "slsplit", "tcm-comb" };
    DeviceState *rpu = DEVICE(&s->rpu);
    DeviceState *ctrl = DEVICE(&s->rpu_ctrl), *crl_apb = DEVICE(&s->crl_apb);
    int i, j;

    object_property_set_link(OBJECT(rpu), "memory",
                             OBJECT(get_system_memory()), &error_abort);
    if (!sysbus_realize(SYS_BUS_DEVICE(rpu), errp) ||
        !sysbus_realize(SYS_BUS_DEVICE(ctrl), errp) ||
        !sysbus_realize(SYS_BUS_DEVICE(crl_apb), errp)) {
        return false;
    }
    sysbus_mmio_map(SYS_BUS_DEVICE(ctrl), 0, ZYNQMP_RPU_CTRL_ADDR);
    sysbus_mmio_map(SYS_BUS_DEVICE(crl_apb), 0, ZYNQMP_CRL_APB_ADDR);
    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        for (j = 0; j < ARRAY_SIZE(controls); j++) {
            qdev_connect_gpio_out_named(ctrl, controls[j], i,
                qdev_get_gpio_in_named(rpu, controls[j], i));
        }
        qdev_connect_gpio_out_named(crl_apb, "rpu-reset", i,
                                    qdev_get_gpio_in_named(rpu, "reset", i));
    }
    for (j = 0; j < ARRAY_SIZE(modes); j++) {
        qdev_connect_gpio_out_named(ctrl, modes[j], 0,
                                    qdev_get_gpio_in_named(rpu, modes[j], 0));
    }
    for (i = 0; i < ZYNQMP_NUM_SPI; i++) {
        qdev_connect_gpio_out_named(DEVICE(&s->zynqmp), "spi-out", i,
                                    qdev_get_gpio_in(rpu, i));
    }
    return true;
}

/* To be called when the PMU is there: a reset by a watchdog passes it. */
static bool zynqmp_amp_soc_realize_wdt(ZynqMPAmpSocState *s, Error **errp)
{
    for (int i = 0; i < ZYNQMP_AMP_SOC_NUM_WDT; i++) {
        SysBusDevice *wdt = SYS_BUS_DEVICE(&s->wdt[i]);

        qdev_prop_set_uint32(DEVICE(wdt), "clock-frequency", LSBUS_HZ);
        if (!sysbus_realize(wdt, errp)) {
            return false;
        }
        sysbus_mmio_map(wdt, 0, watchdogs[i].addr);
        sysbus_connect_irq(wdt, 0,
                           qdev_get_gpio_in_named(DEVICE(&s->zynqmp), "spi",
                                                  watchdogs[i].spi));
        qdev_connect_gpio_out_named(DEVICE(wdt), "reset", 0,
                                    qdev_get_gpio_in_named(DEVICE(&s->pmufw),
                                                           "wdt", i));
    }
    return true;
}

/* What makes the memory map; each piece would have all of it made anew. */
static bool zynqmp_amp_soc_realize_map(ZynqMPAmpSocState *s, Error **errp)
{
    bool done;

    memory_region_transaction_begin();
    done = qdev_realize(DEVICE(&s->zynqmp), NULL, errp) &&
           zynqmp_amp_soc_realize_memory(s, errp) &&
           zynqmp_amp_soc_realize_protection(s, errp) &&
           zynqmp_amp_soc_realize_rpu(s, errp) &&
           zynqmp_amp_soc_realize_ipi(s, errp);
    memory_region_transaction_commit();
    return done;
}

static void zynqmp_amp_soc_realize(DeviceState *dev, Error **errp)
{
    ZynqMPAmpSocState *s = ZYNQMP_AMP_SOC(dev);
    Object *zynqmp = OBJECT(&s->zynqmp), *pmufw = OBJECT(&s->pmufw);
    DeviceState *gic = DEVICE(&s->zynqmp.gic);
    /* of requests to the PMU */
    DeviceState *senders[] = {
        DEVICE(&s->zynqmp.ipi), DEVICE(&s->ipi[0]), DEVICE(&s->ipi[1]),
    };
    int i;

    object_property_set_link(zynqmp, "ddr-ram", OBJECT(s->ddr), &error_abort);
    object_property_set_bool(zynqmp, "secure", true, &error_abort);
    object_property_set_bool(zynqmp, "virtualization", true, &error_abort);
    for (i = 0; i < XLNX_ZYNQMP_NUM_APU_CPUS; i++) {
        g_autofree char *name = g_strdup_printf("apu%d", i);
        Object *cpu = OBJECT(&s->zynqmp.apu_cpu[i]);

        object_property_set_int(cpu, "cntfrq", CNTFRQ_HZ, &error_abort);
        object_property_set_link(pmufw, name, cpu, &error_abort);
    }
    if (!zynqmp_amp_soc_realize_map(s, errp) ||
        !zynqmp_amp_soc_realize_faults(s, errp)) {
        return;
    }

    zynqmp_amp_soc_fill_memory();
    object_property_set_link(pmufw, "message-ram", OBJECT(&s->message_ram),
                             &error_abort);
    if (!sysbus_realize(SYS_BUS_DEVICE(pmufw), errp) ||
        !zynqmp_amp_soc_realize_wdt(s, errp)) {
        return;
    }
    qdev_connect_gpio_out_named(DEVICE(pmufw), "reset-reason", 0,
        qdev_get_gpio_in_named(DEVICE(&s->crl_apb), "reset-reason", 0));
    /* IRQ and FIQ pass the PMU on their way to the cores. */
    for (i = 0; i < 2 * XLNX_ZYNQMP_NUM_APU_CPUS; i++) {
        DeviceState *cpu =
            DEVICE(&s->zynqmp.apu_cpu[i % XLNX_ZYNQMP_NUM_APU_CPUS]);
        bool fiq = i >= XLNX_ZYNQMP_NUM_APU_CPUS;

        sysbus_connect_irq(SYS_BUS_DEVICE(gic), i,
                           qdev_get_gpio_in_named(DEVICE(pmufw), "called", i));
        qdev_connect_gpio_out_named(DEVICE(pmufw), "wake", i,
            qdev_get_gpio_in(cpu, fiq ? ARM_CPU_FIQ : ARM_CPU_IRQ));
    }
    for (i = 0; i < ARRAY_SIZE(senders); i++) {
        qdev_connect_gpio_out_named(senders[i], "PMU_0", 0,
                                    qdev_get_gpio_in(DEVICE(pmufw), i));
    }
}

static const Property zynqmp_amp_soc_properties[] = {
    DEFINE_PROP_LINK("ddr-ram", ZynqMPAmpSocState, ddr, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void zynqmp_amp_soc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "ZynqMP SoC as an AMP system";
    dc->realize = zynqmp_amp_soc_realize;
    /* Uses serial_hd() and the system memory */
    dc->user_creatable = false;
    device_class_set_props(dc, zynqmp_amp_soc_properties);
}

static const TypeInfo zynqmp_amp_soc_types[] = {
    {
        .name = TYPE_ZYNQMP_AMP_SOC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(ZynqMPAmpSocState),
        .instance_init = zynqmp_amp_soc_init,
        .class_init = zynqmp_amp_soc_class_init,
    },
};

DEFINE_TYPES(zynqmp_amp_soc_types)
