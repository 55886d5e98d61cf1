/*
 * STM32MP1 EXTI (extended interrupt and event controller)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Extended interrupt and event controller". Which events of bank 3 are
 * configurable follows from the reset value of C1IMR3, which marks the direct
 * ones; the SVD file's HWCFGR3 and HWCFGR4 are wrong.
 *
 * Event generation towards the processors (C2EMR) and security (TZENR) are
 * storage and read-as-zero: no core sleeps in WFE here, so none has to wake.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_exti.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

/* A bank: base + 0x20 * bank for the triggers, + 0x10 * bank for the masks */
REG32(RTSR1, 0x000)
REG32(FTSR1, 0x004)
REG32(SWIER1, 0x008)
REG32(RPR1, 0x00c)
REG32(FPR1, 0x010)
REG32(TZENR1, 0x014)
REG32(EXTICR1, 0x060)
REG32(EXTICR4, 0x06c)
REG32(C1IMR1, 0x080)
REG32(C1IMR3, 0x0a0)
REG32(C2IMR1, 0x0c0)
REG32(C2EMR1, 0x0c4)
REG32(C2IMR3, 0x0e0)
REG32(C2EMR3, 0x0e4)
REG32(HWCFGR13, 0x3c0)
REG32(HWCFGR4, 0x3e4)
REG32(HWCFGR3, 0x3e8)
REG32(HWCFGR2, 0x3ec)
REG32(HWCFGR1, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define TRIGGER_STRIDE  0x20
#define MASK_STRIDE     0x10

#define HWCFGR1_VALUE   0x000b214b
#define VERR_VALUE      0x00000030
#define IPIDR_VALUE     0x000e0001
#define SIDR_VALUE      0xa3c5dd01

/* events that exist, by bank */
static const uint32_t valid[STM32MP1_EXTI_NUM_BANKS] = {
    0xffffffff, 0xffffffff, 0x00000fff,
};

/* events whose edges are latched here; the others are direct */
static const uint32_t configurable[STM32MP1_EXTI_NUM_BANKS] = {
    0x0001ffff, 0x00000000, 0x00000216,
};

/* Processor 2 is to have its clocks: an event that it does not mask is there. */
static void stm32mp1_exti_update_wakeup(STM32MP1ExtiState *s)
{
    uint32_t wakeup = 0;

    for (unsigned bank = 0; bank < STM32MP1_EXTI_NUM_BANKS; bank++) {
        uint32_t pending = s->rpr[bank] | s->fpr[bank];

        pending |= s->level[bank] & ~configurable[bank];
        wakeup |= pending & s->c2imr[bank];
    }
    qemu_set_irq(s->wakeup, wakeup != 0);
}

static void stm32mp1_exti_update_irq(STM32MP1ExtiState *s, unsigned bank)
{
    uint32_t pending = s->rpr[bank] | s->fpr[bank];
    uint32_t left = configurable[bank];

    trace_stm32mp1_exti_pending(bank + 1, s->rpr[bank], s->fpr[bank],
                                s->c1imr[bank], s->c2imr[bank]);
    while (left) {
        unsigned bit = ctz32(left);
        unsigned event = bank * 32 + bit;

        left &= left - 1;
        qemu_set_irq(s->irq[0][event],
                     extract32(pending & s->c1imr[bank], bit, 1));
        qemu_set_irq(s->irq[1][event],
                     extract32(pending & s->c2imr[bank], bit, 1));
    }
    stm32mp1_exti_update_wakeup(s);
}

/* Tell the sources whose edges of the bank are looked for. */
static void stm32mp1_exti_update_selected(STM32MP1ExtiState *s, unsigned bank)
{
    uint32_t selected = s->rtsr[bank] | s->ftsr[bank];
    uint32_t left = configurable[bank];

    while (left) {
        unsigned bit = ctz32(left);

        left &= left - 1;
        qemu_set_irq(s->selected[bank * 32 + bit], extract32(selected, bit, 1));
    }
}

/* Note the level of an event's source and latch the edge that it makes. */
static void stm32mp1_exti_set_level(STM32MP1ExtiState *s, unsigned event,
                                    bool level)
{
    unsigned bank = event / 32;
    uint32_t bit = BIT(event % 32);

    if (level == !!(s->level[bank] & bit)) {
        return;
    }
    s->level[bank] ^= bit;
    /* Of a direct event neither has the bit. */
    if (level) {
        s->rpr[bank] |= s->rtsr[bank] & bit;
    } else {
        s->fpr[bank] |= s->ftsr[bank] & bit;
    }
    trace_stm32mp1_exti_level(event, level);
    stm32mp1_exti_update_irq(s, bank);
}

/* Level of the pin that EXTICR selects for a line; no such port reads low. */
static bool stm32mp1_exti_selected(STM32MP1ExtiState *s, unsigned line)
{
    unsigned port = extract32(s->exticr[line / 4], line % 4 * 8, 8);

    return port < STM32MP1_EXTI_NUM_PORTS && extract32(s->pins[port], line, 1);
}

static void stm32mp1_exti_pin(void *opaque, int n, int level)
{
    STM32MP1ExtiState *s = opaque;
    unsigned port = n / STM32MP1_EXTI_PINS_PER_PORT;
    unsigned line = n % STM32MP1_EXTI_PINS_PER_PORT;

    s->pins[port] = deposit32(s->pins[port], line, 1, !!level);
    stm32mp1_exti_set_level(s, line, stm32mp1_exti_selected(s, line));
}

static void stm32mp1_exti_event(void *opaque, int n, int level)
{
    /* events below 16 are the GPIO lines, which come in as "pin" */
    if (n >= STM32MP1_EXTI_PINS_PER_PORT && (valid[n / 32] & BIT(n % 32))) {
        stm32mp1_exti_set_level(opaque, n, level);
    }
}

static uint64_t stm32mp1_exti_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1ExtiState *s = opaque;
    unsigned bank;
    uint32_t value = 0;
    bool bad = false;

    switch (addr) {
    case A_RTSR1 ... A_EXTICR1 - 1:
        bank = addr / TRIGGER_STRIDE;
        switch (addr % TRIGGER_STRIDE) {
        case A_RTSR1:
            value = s->rtsr[bank];
            break;
        case A_FTSR1:
            value = s->ftsr[bank];
            break;
        case A_RPR1:
            value = s->rpr[bank];
            break;
        case A_FPR1:
            value = s->fpr[bank];
            break;
        case A_SWIER1:
        case A_TZENR1:
            break;
        default:
            bad = true;
            break;
        }
        break;
    case A_EXTICR1 ... A_EXTICR4:
        value = s->exticr[(addr - A_EXTICR1) / 4];
        break;
    case A_C1IMR1 ... A_C1IMR3:
        bank = (addr - A_C1IMR1) / MASK_STRIDE;
        bad = addr % MASK_STRIDE;
        value = bad ? 0 : s->c1imr[bank];
        break;
    case A_C2IMR1 ... A_C2EMR3:
        bank = (addr - A_C2IMR1) / MASK_STRIDE;
        if (addr % MASK_STRIDE == 0) {
            value = s->c2imr[bank];
        } else if (addr % MASK_STRIDE == 4) {
            value = s->c2emr[bank];
        } else {
            bad = true;
        }
        break;
    case A_HWCFGR4:
        value = configurable[2];
        break;
    case A_HWCFGR3:
        value = configurable[1];
        break;
    case A_HWCFGR2:
        value = configurable[0];
        break;
    case A_HWCFGR1:
        value = HWCFGR1_VALUE;
        break;
    case A_VERR:
        value = VERR_VALUE;
        break;
    case A_IPIDR:
        value = IPIDR_VALUE;
        break;
    case A_SIDR:
        value = SIDR_VALUE;
        break;
    case A_HWCFGR13 ... A_HWCFGR4 - 1:
        qemu_log_mask(LOG_UNIMP, "%s: HWCFGR at 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
        break;
    default:
        bad = true;
        break;
    }
    if (bad) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad offset 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
    }
    trace_stm32mp1_exti_read(addr, value, size);
    return value;
}

/* Write a register of a trigger bank; false if there is none. */
static bool stm32mp1_exti_write_trigger(STM32MP1ExtiState *s, unsigned bank,
                                        hwaddr reg, uint32_t value)
{
    switch (reg) {
    case A_RTSR1:
        s->rtsr[bank] = value & configurable[bank];
        stm32mp1_exti_update_selected(s, bank);
        return true;
    case A_FTSR1:
        s->ftsr[bank] = value & configurable[bank];
        stm32mp1_exti_update_selected(s, bank);
        return true;
    case A_SWIER1:
        s->rpr[bank] |= value & configurable[bank];
        break;
    case A_RPR1:
        s->rpr[bank] &= ~value;
        break;
    case A_FPR1:
        s->fpr[bank] &= ~value;
        break;
    case A_TZENR1:
        qemu_log_mask(LOG_UNIMP, "stm32mp1_exti: TZENR%u is read-as-zero\n",
                      bank + 1);
        return true;
    default:
        return false;
    }
    stm32mp1_exti_update_irq(s, bank);
    return true;
}

static void stm32mp1_exti_write_exticr(STM32MP1ExtiState *s, unsigned n,
                                       uint32_t value)
{
    s->exticr[n] = value;
    for (unsigned line = 4 * n; line < 4 * n + 4; line++) {
        stm32mp1_exti_set_level(s, line, stm32mp1_exti_selected(s, line));
    }
}

static void stm32mp1_exti_write(void *opaque, hwaddr addr, uint64_t val64,
                                unsigned size)
{
    STM32MP1ExtiState *s = opaque;
    uint32_t value = val64;
    unsigned bank;
    bool bad = false;

    trace_stm32mp1_exti_write(addr, value, size);
    switch (addr) {
    case A_RTSR1 ... A_EXTICR1 - 1:
        bad = !stm32mp1_exti_write_trigger(s, addr / TRIGGER_STRIDE,
                                           addr % TRIGGER_STRIDE, value);
        break;
    case A_EXTICR1 ... A_EXTICR4:
        stm32mp1_exti_write_exticr(s, (addr - A_EXTICR1) / 4, value);
        break;
    case A_C1IMR1 ... A_C1IMR3:
        bank = (addr - A_C1IMR1) / MASK_STRIDE;
        bad = addr % MASK_STRIDE;
        if (!bad) {
            s->c1imr[bank] = value & valid[bank];
            stm32mp1_exti_update_irq(s, bank);
        }
        break;
    case A_C2IMR1 ... A_C2EMR3:
        bank = (addr - A_C2IMR1) / MASK_STRIDE;
        if (addr % MASK_STRIDE == 0) {
            s->c2imr[bank] = value & valid[bank];
            stm32mp1_exti_update_irq(s, bank);
        } else if (addr % MASK_STRIDE == 4) {
            s->c2emr[bank] = value & valid[bank];
        } else {
            bad = true;
        }
        break;
    default:
        bad = true;
        break;
    }
    if (bad) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: bad or read-only offset 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
    }
}

static const MemoryRegionOps stm32mp1_exti_ops = {
    .read = stm32mp1_exti_read,
    .write = stm32mp1_exti_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32mp1_exti_reset_enter(Object *obj, ResetType type)
{
    STM32MP1ExtiState *s = STM32MP1_EXTI(obj);

    for (unsigned bank = 0; bank < STM32MP1_EXTI_NUM_BANKS; bank++) {
        s->rtsr[bank] = 0;
        s->ftsr[bank] = 0;
        s->rpr[bank] = 0;
        s->fpr[bank] = 0;
        s->c1imr[bank] = valid[bank] & ~configurable[bank];
        s->c2imr[bank] = valid[bank] & ~configurable[bank];
        s->c2emr[bank] = 0;
        s->level[bank] = 0;
    }
    memset(s->exticr, 0, sizeof(s->exticr));
    /* the GPIO banks forget their pins as well, and drive them anew */
    memset(s->pins, 0, sizeof(s->pins));
}

static void stm32mp1_exti_reset_hold(Object *obj, ResetType type)
{
    for (unsigned bank = 0; bank < STM32MP1_EXTI_NUM_BANKS; bank++) {
        stm32mp1_exti_update_irq(STM32MP1_EXTI(obj), bank);
        stm32mp1_exti_update_selected(STM32MP1_EXTI(obj), bank);
    }
}

/* What the sources were told is not in their state. */
static int stm32mp1_exti_post_load(void *opaque, int version_id)
{
    for (unsigned bank = 0; bank < STM32MP1_EXTI_NUM_BANKS; bank++) {
        stm32mp1_exti_update_selected(opaque, bank);
    }
    return 0;
}

#define VMSTATE_BANKS(field) \
    VMSTATE_UINT32_ARRAY(field, STM32MP1ExtiState, STM32MP1_EXTI_NUM_BANKS)

static const VMStateDescription vmstate_stm32mp1_exti = {
    .name = TYPE_STM32MP1_EXTI,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_exti_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BANKS(rtsr),
        VMSTATE_BANKS(ftsr),
        VMSTATE_BANKS(rpr),
        VMSTATE_BANKS(fpr),
        VMSTATE_UINT32_ARRAY(exticr, STM32MP1ExtiState, STM32MP1_EXTI_NUM_CR),
        VMSTATE_BANKS(c1imr),
        VMSTATE_BANKS(c2imr),
        VMSTATE_BANKS(c2emr),
        VMSTATE_UINT16_ARRAY(pins, STM32MP1ExtiState, STM32MP1_EXTI_NUM_PORTS),
        VMSTATE_BANKS(level),
        VMSTATE_END_OF_LIST()
    },
};

static void stm32mp1_exti_init(Object *obj)
{
    STM32MP1ExtiState *s = STM32MP1_EXTI(obj);
    DeviceState *dev = DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_exti_ops, s,
                          TYPE_STM32MP1_EXTI, 0x400);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    qdev_init_gpio_in_named(dev, stm32mp1_exti_pin, "pin",
                            STM32MP1_EXTI_NUM_PINS);
    qdev_init_gpio_in_named(dev, stm32mp1_exti_event, "event",
                            STM32MP1_EXTI_NUM_EVENTS);
    qdev_init_gpio_out_named(dev, s->irq[0], "c1-irq",
                             STM32MP1_EXTI_NUM_EVENTS);
    qdev_init_gpio_out_named(dev, s->irq[1], "c2-irq",
                             STM32MP1_EXTI_NUM_EVENTS);
    qdev_init_gpio_out_named(dev, s->selected, "selected",
                             STM32MP1_EXTI_NUM_EVENTS);
    qdev_init_gpio_out_named(dev, &s->wakeup, "c2-wakeup", 1);
}

static void stm32mp1_exti_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 extended interrupt and event controller";
    dc->vmsd = &vmstate_stm32mp1_exti;
    rc->phases.enter = stm32mp1_exti_reset_enter;
    rc->phases.hold = stm32mp1_exti_reset_hold;
}

static const TypeInfo stm32mp1_exti_types[] = {
    {
        .name = TYPE_STM32MP1_EXTI,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1ExtiState),
        .instance_init = stm32mp1_exti_init,
        .class_init = stm32mp1_exti_class_init,
    },
};

DEFINE_TYPES(stm32mp1_exti_types)
