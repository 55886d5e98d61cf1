/*
 * STM32MP1: what stands between the bus and a block
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A block without a clock reads as 0 and ignores writes: so say the reference
 * manuals of this family that say anything (RM0008, RM0091, RM0364, chapter
 * "Reset and clock control", AHB peripheral clock enable register). U-Boot's
 * endless wait for SYSCFG's ready bit with its clock off fits in with that.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "exec/memop.h"
#include "hw/core/cpu.h"
#include "hw/misc/stm32mp1_gate.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "trace.h"

#define WORD 4

/* A bit of "logged" for each core, the last one for all else. */
static uint32_t stm32mp1_gate_who(void)
{
    return BIT(current_cpu ? MIN(current_cpu->cpu_index, 30) : 31);
}

static bool stm32mp1_gate_open(STM32MP1GateState *s, const char *action,
                               hwaddr addr)
{
    if (s->enabled || !s->gated) {
        return true;
    }
    if (!(s->logged & stm32mp1_gate_who())) {
        s->logged |= stm32mp1_gate_who();
        qemu_log_mask(LOG_GUEST_ERROR, "%s: %s of 0x%03" HWADDR_PRIx
                      " while its clock is not enabled in the RCC\n", s->name,
                      action, addr);
    }
    return false;
}

static bool stm32mp1_gate_from_mcu(MemTxAttrs attrs)
{
    return attrs.requester_id == STM32MP1_REQUESTER_MCU_DMA ||
           (!attrs.requester_id && current_cpu &&
            current_cpu->cluster_index == STM32MP1_MCU_CLUSTER);
}

bool stm32mp1_protection_allows(STM32MP1Protection protection,
                                const char *name, const char *action,
                                hwaddr addr, bool write, MemTxAttrs attrs)
{
    static const char *const rules[STM32MP1_NUM_PROTECTIONS] = {
        [STM32MP1_PROTECTION_SECURE] = "for the secure world",
        [STM32MP1_PROTECTION_SECURE_WRITE] = "for the secure world to write",
        [STM32MP1_PROTECTION_MCU] = "for the M4",
    };
    bool allowed = true;

    switch (protection) {
    case STM32MP1_PROTECTION_SECURE:
        allowed = attrs.secure;
        break;
    case STM32MP1_PROTECTION_SECURE_WRITE:
        allowed = attrs.secure || !write;
        break;
    case STM32MP1_PROTECTION_MCU:
        allowed = stm32mp1_gate_from_mcu(attrs);
        break;
    default:
        break;
    }
    if (!allowed && !attrs.unspecified) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: %s%s: %s of 0x%03" HWADDR_PRIx
                      " refused: it is %s\n", name,
                      attrs.requester_id ? "DMA" :
                      stm32mp1_gate_from_mcu(attrs) ? "M4" : "A7",
                      attrs.secure ? ", secure" : ", non-secure", action, addr,
                      rules[protection]);
        return false;
    }
    return true;
}

static bool stm32mp1_gate_allowed(STM32MP1GateState *s, const char *action,
                                  hwaddr addr, bool write, MemTxAttrs attrs)
{
    return stm32mp1_protection_allows(s->protection, s->name, action, addr,
                                      write, attrs);
}

/* Whether an access of @size goes to the block as it is */
static bool stm32mp1_gate_plain(STM32MP1GateState *s, unsigned size)
{
    return size == WORD || s->access == STM32MP1_ACCESS_BYTES;
}

/* An access that the block does not take */
static MemTxResult stm32mp1_gate_refuse(STM32MP1GateState *s,
                                        const char *action, hwaddr addr,
                                        unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: %s of %u byte(s) at 0x%03" HWADDR_PRIx
                  ": only words can be accessed\n", s->name, action, size,
                  addr);
    return s->access == STM32MP1_ACCESS_WORD_ERROR ? MEMTX_ERROR : MEMTX_OK;
}

static bool stm32mp1_gate_words_only(STM32MP1GateState *s)
{
    return s->access == STM32MP1_ACCESS_WORD ||
           s->access == STM32MP1_ACCESS_WORD_ERROR;
}

static MemTxResult stm32mp1_gate_read(void *opaque, hwaddr addr, uint64_t *data,
                                      unsigned size, MemTxAttrs attrs)
{
    STM32MP1GateState *s = opaque;
    hwaddr word = QEMU_ALIGN_DOWN(addr, WORD);
    unsigned shift = (addr - word) * BITS_PER_BYTE;
    MemTxResult result;

    *data = 0;
    if (!stm32mp1_gate_allowed(s, "read", addr, false, attrs) ||
        !stm32mp1_gate_open(s, "read", addr)) {
        return MEMTX_OK;
    }
    if (stm32mp1_gate_plain(s, size)) {
        return memory_region_dispatch_read(s->memory, addr, data,
                                           size_memop(size) | MO_LE, attrs);
    }
    if (stm32mp1_gate_words_only(s)) {
        return stm32mp1_gate_refuse(s, "read", addr, size);
    }
    result = memory_region_dispatch_read(s->memory, word, data, MO_32 | MO_LE,
                                         attrs);
    *data = extract64(*data, shift, size * BITS_PER_BYTE);
    return result;
}

static MemTxResult stm32mp1_gate_write(void *opaque, hwaddr addr, uint64_t data,
                                       unsigned size, MemTxAttrs attrs)
{
    STM32MP1GateState *s = opaque;
    hwaddr word = QEMU_ALIGN_DOWN(addr, WORD);
    unsigned shift = (addr - word) * BITS_PER_BYTE;
    uint64_t value = 0;

    if (!stm32mp1_gate_allowed(s, "write", addr, true, attrs) ||
        !stm32mp1_gate_open(s, "write", addr)) {
        return MEMTX_OK;
    }
    if (stm32mp1_gate_plain(s, size)) {
        return memory_region_dispatch_write(s->memory, addr, data,
                                            size_memop(size) | MO_LE, attrs);
    }
    if (stm32mp1_gate_words_only(s)) {
        return stm32mp1_gate_refuse(s, "write", addr, size);
    }
    if (s->access == STM32MP1_ACCESS_MERGE) {
        memory_region_dispatch_read(s->memory, word, &value, MO_32 | MO_LE,
                                    attrs);
        value = deposit64(value, shift, size * BITS_PER_BYTE, data);
    } else {
        value = size == 1 ? (data & 0xff) * 0x01010101 :
                            (data & 0xffff) * 0x00010001;
    }
    return memory_region_dispatch_write(s->memory, word, value, MO_32 | MO_LE,
                                        attrs);
}

static const MemoryRegionOps stm32mp1_gate_ops = {
    .read_with_attrs = stm32mp1_gate_read,
    .write_with_attrs = stm32mp1_gate_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = WORD,
    .impl.min_access_size = 1,
    .impl.max_access_size = WORD,
};

static void stm32mp1_gate_update_clock(STM32MP1GateState *s)
{
    clock_update(s->clk_out, s->enabled || !s->gated ? clock_get(s->clk) : 0);
}

static void stm32mp1_gate_clk_event(void *opaque, ClockEvent event)
{
    stm32mp1_gate_update_clock(opaque);
}

static void stm32mp1_gate_set_enabled(void *opaque, int n, int level)
{
    STM32MP1GateState *s = opaque;

    if (s->enabled != !!level) {
        trace_stm32mp1_gate(s->name, level);
        s->enabled = level;
        s->logged = 0;
        stm32mp1_gate_update_clock(s);
    }
}

static void stm32mp1_gate_set_protection(void *opaque, int n, int level)
{
    STM32MP1GateState *s = opaque;

    if (s->protection != level) {
        trace_stm32mp1_gate_protection(s->name, level);
        s->protection = level;
    }
}

static void stm32mp1_gate_reset_enter(Object *obj, ResetType type)
{
    STM32MP1GateState *s = STM32MP1_GATE(obj);

    s->enabled = false;
    s->logged = 0;
    s->protection = s->protection_reset;
}

static void stm32mp1_gate_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_gate_update_clock(STM32MP1_GATE(obj));
}

static void stm32mp1_gate_init(Object *obj)
{
    STM32MP1GateState *s = STM32MP1_GATE(obj);
    DeviceState *dev = DEVICE(obj);

    qdev_init_gpio_in_named(dev, stm32mp1_gate_set_enabled, "enable", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_gate_set_protection, "protection",
                            1);
    s->clk = qdev_init_clock_in(dev, "clk", stm32mp1_gate_clk_event, s,
                                ClockUpdate);
    s->clk_out = qdev_init_clock_out(dev, "clk-out");
}

static void stm32mp1_gate_realize(DeviceState *dev, Error **errp)
{
    STM32MP1GateState *s = STM32MP1_GATE(dev);

    if (!s->memory || !s->name || s->access >= STM32MP1_NUM_ACCESS ||
        s->protection_reset >= STM32MP1_NUM_PROTECTIONS) {
        error_setg(errp, "needs \"memory\", \"name\", and a valid \"access\" "
                   "and \"protection\"");
        return;
    }
    memory_region_init_io(&s->window, OBJECT(dev), &stm32mp1_gate_ops, s,
                          s->name, memory_region_size(s->memory));
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->window);
}

static int stm32mp1_gate_post_load(void *opaque, int version_id)
{
    STM32MP1GateState *s = opaque;

    return s->protection < STM32MP1_NUM_PROTECTIONS ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_stm32mp1_gate = {
    .name = TYPE_STM32MP1_GATE,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = stm32mp1_gate_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1GateState),
        VMSTATE_CLOCK(clk_out, STM32MP1GateState),
        VMSTATE_BOOL(enabled, STM32MP1GateState),
        VMSTATE_UINT32(logged, STM32MP1GateState),
        VMSTATE_UINT8(protection, STM32MP1GateState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_gate_properties[] = {
    DEFINE_PROP_LINK("memory", STM32MP1GateState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
    DEFINE_PROP_STRING("name", STM32MP1GateState, name),
    DEFINE_PROP_BOOL("gated", STM32MP1GateState, gated, false),
    DEFINE_PROP_UINT8("access", STM32MP1GateState, access,
                      STM32MP1_ACCESS_APB),
    DEFINE_PROP_UINT8("protection", STM32MP1GateState, protection_reset,
                      STM32MP1_PROTECTION_NONE),
};

static void stm32mp1_gate_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 clock gate and bus interface of a block";
    dc->realize = stm32mp1_gate_realize;
    dc->vmsd = &vmstate_stm32mp1_gate;
    /* Has a link to the block that it is for */
    dc->user_creatable = false;
    rc->phases.enter = stm32mp1_gate_reset_enter;
    rc->phases.hold = stm32mp1_gate_reset_hold;
    device_class_set_props(dc, stm32mp1_gate_properties);
}

static const TypeInfo stm32mp1_gate_types[] = {
    {
        .name = TYPE_STM32MP1_GATE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1GateState),
        .instance_init = stm32mp1_gate_init,
        .class_init = stm32mp1_gate_class_init,
    },
};

DEFINE_TYPES(stm32mp1_gate_types)
