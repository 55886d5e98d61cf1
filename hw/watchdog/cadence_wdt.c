/*
 * Cadence system watchdog timer, as the Zynq SoCs have it (SWDT)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/watchdog/cadence_wdt.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "trace.h"

REG32(MODE, 0x00)
    FIELD(MODE, WDEN, 0, 1)
    FIELD(MODE, RSTEN, 1, 1)
    FIELD(MODE, IRQEN, 2, 1)
    FIELD(MODE, RSTLN, 4, 3)
    FIELD(MODE, IRQLN, 7, 2)
    FIELD(MODE, ZKEY, 12, 12)
REG32(CONTROL, 0x04)
    FIELD(CONTROL, CLKSEL, 0, 2)
    FIELD(CONTROL, CRV, 2, 12)
    FIELD(CONTROL, CKEY, 14, 12)
REG32(RESTART, 0x08)
    FIELD(RESTART, RSTKEY, 0, 16)
REG32(STATUS, 0x0c)
    FIELD(STATUS, WDZ, 0, 1)

/* Bits that keep what was written; keys read 0. */
#define MODE_MASK       (R_MODE_WDEN_MASK | R_MODE_RSTEN_MASK | \
                         R_MODE_IRQEN_MASK | R_MODE_RSTLN_MASK | \
                         R_MODE_IRQLN_MASK)
#define CONTROL_MASK    (R_CONTROL_CLKSEL_MASK | R_CONTROL_CRV_MASK)

#define MODE_RESET      0x1c2
#define CONTROL_RESET   0x3ffc

#define ZKEY_VALUE      0xabc
#define CKEY_VALUE      0x248
#define RSTKEY_VALUE    0x1999

/* What a reload leaves in the lower bits of the counter, and one more */
#define CRV_UNIT        0x1000

static bool cadence_wdt_enabled(const CadenceWdtState *s)
{
    return s->mode & R_MODE_WDEN_MASK;
}

static uint64_t cadence_wdt_ns(const CadenceWdtState *s, uint64_t cycles)
{
    return muldiv64(cycles, NANOSECONDS_PER_SECOND, s->clock_frequency);
}

/* Load the counter, and let it run if the watchdog is enabled. */
static void cadence_wdt_restart(CadenceWdtState *s)
{
    uint64_t counts = (FIELD_EX32(s->control, CONTROL, CRV) + 1ull) * CRV_UNIT;
    uint64_t divider = 8ull << (3 * FIELD_EX32(s->control, CONTROL, CLKSEL));
    uint64_t ns = cadence_wdt_ns(s, counts * divider);

    s->status = 0;
    if (cadence_wdt_enabled(s)) {
        trace_cadence_wdt_restart(ns);
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ns);
    }
}

static void cadence_wdt_lower_irq(void *opaque)
{
    CadenceWdtState *s = opaque;

    qemu_set_irq(s->irq, 0);
}

static void cadence_wdt_expired(void *opaque)
{
    CadenceWdtState *s = opaque;
    uint64_t cycles = 4ull << FIELD_EX32(s->mode, MODE, IRQLN);

    trace_cadence_wdt_expired(s->mode);
    s->status = R_STATUS_WDZ_MASK;
    if (s->mode & R_MODE_IRQEN_MASK) {
        qemu_set_irq(s->irq, 1);
        timer_mod(s->irq_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                cadence_wdt_ns(s, cycles));
    }
    if (s->mode & R_MODE_RSTEN_MASK) {
        qemu_irq_pulse(s->reset_out);
    }
}

static uint64_t cadence_wdt_read(void *opaque, hwaddr addr, unsigned int size)
{
    CadenceWdtState *s = opaque;
    uint64_t value = 0;

    switch (addr) {
    case A_MODE:
        value = s->mode;
        break;
    case A_CONTROL:
        value = s->control;
        break;
    case A_STATUS:
        value = s->status;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: nothing to read at 0x%"
                      HWADDR_PRIx "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    trace_cadence_wdt_read(addr, value);
    return value;
}

/* Whether a write has the key without which it has no effect */
static bool cadence_wdt_has_key(CadenceWdtState *s, hwaddr addr, uint32_t key,
                                uint32_t wanted)
{
    if (key != wanted) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write of 0x%" HWADDR_PRIx
                      " with key 0x%" PRIx32 " has no effect\n",
                      DEVICE(s)->canonical_path, addr, key);
    }
    return key == wanted;
}

static void cadence_wdt_write_mode(CadenceWdtState *s, uint32_t value)
{
    bool was_enabled = cadence_wdt_enabled(s);

    s->mode = value & MODE_MASK;
    if (!cadence_wdt_enabled(s)) {
        timer_del(s->timer);
    } else if (!was_enabled) {
        cadence_wdt_restart(s);
    }
}

static void cadence_wdt_write(void *opaque, hwaddr addr, uint64_t value,
                              unsigned int size)
{
    CadenceWdtState *s = opaque;

    trace_cadence_wdt_write(addr, value);
    switch (addr) {
    case A_MODE:
        if (cadence_wdt_has_key(s, addr, FIELD_EX32(value, MODE, ZKEY),
                                ZKEY_VALUE)) {
            cadence_wdt_write_mode(s, value);
        }
        break;
    case A_CONTROL:
        if (cadence_wdt_has_key(s, addr, FIELD_EX32(value, CONTROL, CKEY),
                                CKEY_VALUE)) {
            s->control = value & CONTROL_MASK;
        }
        break;
    case A_RESTART:
        if (cadence_wdt_has_key(s, addr, FIELD_EX32(value, RESTART, RSTKEY),
                                RSTKEY_VALUE)) {
            cadence_wdt_restart(s);
        }
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: nothing to write at 0x%"
                      HWADDR_PRIx "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
}

static const MemoryRegionOps cadence_wdt_ops = {
    .read = cadence_wdt_read,
    .write = cadence_wdt_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void cadence_wdt_reset_hold(Object *obj, ResetType type)
{
    CadenceWdtState *s = CADENCE_WDT(obj);

    timer_del(s->timer);
    timer_del(s->irq_timer);
    s->mode = MODE_RESET;
    s->control = CONTROL_RESET;
    s->status = 0;
}

static void cadence_wdt_reset_exit(Object *obj, ResetType type)
{
    qemu_set_irq(CADENCE_WDT(obj)->irq, 0);
}

static void cadence_wdt_init(Object *obj)
{
    CadenceWdtState *s = CADENCE_WDT(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &cadence_wdt_ops, s,
                          TYPE_CADENCE_WDT, 0x1000);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_out_named(DEVICE(obj), &s->reset_out, "reset", 1);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cadence_wdt_expired, s);
    s->irq_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cadence_wdt_lower_irq, s);
}

static void cadence_wdt_finalize(Object *obj)
{
    timer_free(CADENCE_WDT(obj)->timer);
    timer_free(CADENCE_WDT(obj)->irq_timer);
}

static void cadence_wdt_realize(DeviceState *dev, Error **errp)
{
    if (CADENCE_WDT(dev)->clock_frequency == 0) {
        error_setg(errp, "clock-frequency must be set");
    }
}

static const VMStateDescription vmstate_cadence_wdt = {
    .name = TYPE_CADENCE_WDT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, CadenceWdtState),
        VMSTATE_TIMER_PTR(irq_timer, CadenceWdtState),
        VMSTATE_UINT32(mode, CadenceWdtState),
        VMSTATE_UINT32(control, CadenceWdtState),
        VMSTATE_UINT32(status, CadenceWdtState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property cadence_wdt_properties[] = {
    DEFINE_PROP_UINT32("clock-frequency", CadenceWdtState,
                       clock_frequency, 0),
};

static void cadence_wdt_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = cadence_wdt_realize;
    dc->vmsd = &vmstate_cadence_wdt;
    device_class_set_props(dc, cadence_wdt_properties);
    set_bit(DEVICE_CATEGORY_WATCHDOG, dc->categories);
    rc->phases.hold = cadence_wdt_reset_hold;
    rc->phases.exit = cadence_wdt_reset_exit;
}

static const TypeInfo cadence_wdt_types[] = {
    {
        .name = TYPE_CADENCE_WDT,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(CadenceWdtState),
        .instance_init = cadence_wdt_init,
        .instance_finalize = cadence_wdt_finalize,
        .class_init = cadence_wdt_class_init,
    },
};

DEFINE_TYPES(cadence_wdt_types)
