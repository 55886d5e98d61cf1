/*
 * STM32MP1 CRC calculation unit (CRC1, CRC2)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Cyclic redundancy check calculation unit", and Linux's driver
 * (drivers/crypto/stm32/stm32-crc32.c). QEMU's own CRC code is for fixed
 * polynomials; this one is chosen by the guest, and 7, 8, 16 or 32 bits wide.
 *
 * An assumption: reversal of the input by half-words or words goes no further
 * than what was written.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/misc/stm32mp1_crc.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(DR, 0x00)
REG32(IDR, 0x04)
REG32(CR, 0x08)
    FIELD(CR, RESET, 0, 1)
    FIELD(CR, POLYSIZE, 3, 2)
    FIELD(CR, REV_IN, 5, 2)
    FIELD(CR, REV_OUT, 7, 1)
REG32(INIT, 0x10)
REG32(POL, 0x14)

#define CR_MASK         0xf8
#define INIT_RESET      0xffffffff
#define POL_RESET       0x04c11db7

static const uint8_t poly_bits[] = { 32, 16, 8, 7 };

/* Reverse the lowest @bits bits of @value. */
static uint32_t stm32mp1_crc_reverse(uint32_t value, unsigned bits)
{
    uint32_t reversed = 0;

    for (unsigned i = 0; i < bits; i++) {
        reversed |= extract32(value, i, 1) << (bits - 1 - i);
    }
    return reversed;
}

static unsigned stm32mp1_crc_width(const STM32MP1CrcState *s)
{
    return poly_bits[FIELD_EX32(s->cr, CR, POLYSIZE)];
}

/* @bits of data, in the order in which they are shifted in: high bit first */
static uint32_t stm32mp1_crc_input(const STM32MP1CrcState *s, uint32_t data,
                                   unsigned bits)
{
    unsigned unit = 4 << FIELD_EX32(s->cr, CR, REV_IN); /* bits, 4: none */
    uint32_t result = 0;

    if (unit == 4) {
        return data;
    }
    unit = MIN(unit, bits);
    for (unsigned i = 0; i < bits; i += unit) {
        result |= stm32mp1_crc_reverse(extract32(data, i, unit), unit) << i;
    }
    return result;
}

static void stm32mp1_crc_feed(STM32MP1CrcState *s, uint32_t data,
                              unsigned bits)
{
    unsigned width = stm32mp1_crc_width(s);
    uint32_t mask = MAKE_64BIT_MASK(0, width);

    data = stm32mp1_crc_input(s, data, bits);
    for (int i = bits - 1; i >= 0; i--) {
        bool out = extract32(s->crc, width - 1, 1) ^ extract32(data, i, 1);

        s->crc = (s->crc << 1) & mask;
        if (out) {
            s->crc ^= s->pol & mask;
        }
    }
    trace_stm32mp1_crc_feed(DEVICE(s)->canonical_path, data, bits, s->crc);
}

static uint32_t stm32mp1_crc_output(const STM32MP1CrcState *s)
{
    return s->cr & R_CR_REV_OUT_MASK ?
           stm32mp1_crc_reverse(s->crc, stm32mp1_crc_width(s)) : s->crc;
}

static uint64_t stm32mp1_crc_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1CrcState *s = opaque;
    hwaddr reg = QEMU_ALIGN_DOWN(addr, 4);
    uint32_t value = 0;

    switch (reg) {
    case A_DR:
        value = stm32mp1_crc_output(s);
        break;
    case A_IDR:
        value = s->idr;
        break;
    case A_CR:
        value = s->cr;
        break;
    case A_INIT:
        value = s->init;
        break;
    case A_POL:
        value = s->pol;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    value = extract32(value, 8 * (addr - reg), 8 * size);
    trace_stm32mp1_crc_read(DEVICE(s)->canonical_path, addr, value, size);
    return value;
}

static void stm32mp1_crc_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size)
{
    STM32MP1CrcState *s = opaque;

    trace_stm32mp1_crc_write(DEVICE(s)->canonical_path, addr, value, size);
    switch (addr) {
    case A_DR:
        stm32mp1_crc_feed(s, value, 8 * size);
        break;
    case A_IDR:
        s->idr = deposit32(s->idr, 0, 8 * size, value);
        break;
    case A_CR:
        s->cr = value & CR_MASK;
        if (value & R_CR_RESET_MASK) {
            s->crc = s->init & MAKE_64BIT_MASK(0, stm32mp1_crc_width(s));
        }
        break;
    case A_INIT:
        s->init = deposit32(s->init, 0, 8 * size, value);
        break;
    case A_POL:
        s->pol = deposit32(s->pol, 0, 8 * size, value);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register starts at 0x%"
                      HWADDR_PRIx "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
}

static const MemoryRegionOps stm32mp1_crc_ops = {
    .read = stm32mp1_crc_read,
    .write = stm32mp1_crc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

static void stm32mp1_crc_reset_hold(Object *obj, ResetType type)
{
    STM32MP1CrcState *s = STM32MP1_CRC(obj);

    s->crc = INIT_RESET;
    s->idr = 0;
    s->cr = 0;
    s->init = INIT_RESET;
    s->pol = POL_RESET;
}

static const VMStateDescription vmstate_stm32mp1_crc = {
    .name = TYPE_STM32MP1_CRC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(crc, STM32MP1CrcState),
        VMSTATE_UINT32(idr, STM32MP1CrcState),
        VMSTATE_UINT32(cr, STM32MP1CrcState),
        VMSTATE_UINT32(init, STM32MP1CrcState),
        VMSTATE_UINT32(pol, STM32MP1CrcState),
        VMSTATE_END_OF_LIST()
    }
};

static void stm32mp1_crc_init(Object *obj)
{
    STM32MP1CrcState *s = STM32MP1_CRC(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_crc_ops, s,
                          TYPE_STM32MP1_CRC, 0x400);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->iomem);
}

static void stm32mp1_crc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "STM32MP1 CRC calculation unit";
    dc->vmsd = &vmstate_stm32mp1_crc;
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_crc_reset_hold;
}

static const TypeInfo stm32mp1_crc_types[] = {
    {
        .name = TYPE_STM32MP1_CRC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1CrcState),
        .instance_init = stm32mp1_crc_init,
        .class_init = stm32mp1_crc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_crc_types)
