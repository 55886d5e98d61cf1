/*
 * STM32MP1 digital-to-analog converter (DAC1)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Digital-to-analog converter", and Linux's driver (drivers/iio/dac).
 *
 * A conversion takes no time. The output is there as a number, see the
 * properties. Sample and hold, the output buffer and its calibration are
 * storage only.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/misc/stm32mp1_dac.h"
#include "hw/irq.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(CR, 0x00)                 /* one half a channel */
    FIELD(CR, EN, 0, 1)
    FIELD(CR, TEN, 1, 1)
    FIELD(CR, TSEL, 2, 4)
    FIELD(CR, WAVE, 6, 2)
    FIELD(CR, MAMP, 8, 4)
    FIELD(CR, DMAEN, 12, 1)
    FIELD(CR, DMAUDRIE, 13, 1)
    FIELD(CR, CEN, 14, 1)
REG32(SWTRGR, 0x04)
REG32(DHR12R1, 0x08)
REG32(DHR12L1, 0x0c)
REG32(DHR8R1, 0x10)
REG32(DHR12R2, 0x14)
REG32(DHR12L2, 0x18)
REG32(DHR8R2, 0x1c)
REG32(DHR12RD, 0x20)
REG32(DHR12LD, 0x24)
REG32(DHR8RD, 0x28)
REG32(DOR1, 0x2c)
REG32(DOR2, 0x30)
REG32(SR, 0x34)                 /* one half a channel */
    FIELD(SR, DMAUDR, 13, 1)
REG32(CCR, 0x38)
REG32(MCR, 0x3c)
REG32(SHSR1, 0x40)
REG32(SHSR2, 0x44)
REG32(SHHR, 0x48)
REG32(SHRR, 0x4c)

#define CR_MASK         0x7fffffff
#define TSEL_SOFTWARE   0
#define WAVE_NOISE      1
#define LFSR_RESET      0xaaa
#define DAC_BITS        12
#define DAC_MAX         MAKE_64BIT_MASK(0, DAC_BITS)

/*
 * The registers that hold data are one: three formats, for one channel or for
 * both. They read what was last written, whichever was used.
 */
static const struct {
    uint8_t channels;   /* bits */
    uint8_t at[2];      /* lowest bit of the channel's data */
    uint8_t bits;
} dhr_formats[] = {
    { 1, { 0 }, 12 }, { 1, { 4 }, 12 }, { 1, { 0 }, 8 },
    { 2, { 0, 0 }, 12 }, { 2, { 0, 4 }, 12 }, { 2, { 0, 0 }, 8 },
    { 3, { 0, 16 }, 12 }, { 3, { 4, 20 }, 12 }, { 3, { 0, 8 }, 8 },
};

static uint32_t stm32mp1_dac_cr(const STM32MP1DacState *s, unsigned ch)
{
    return extract32(s->parent_obj.regs[R_CR], 16 * ch, 16);
}

static uint32_t stm32mp1_dac_dhr(const STM32MP1DacState *s, unsigned n)
{
    unsigned bits = dhr_formats[n].bits;
    uint32_t value = 0;

    for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
        if (dhr_formats[n].channels & BIT(ch)) {
            value |= s->dhr[ch] >> (DAC_BITS - bits) << dhr_formats[n].at[ch];
        }
    }
    return value;
}

static void stm32mp1_dac_update(STM32MP1DacState *s)
{
    uint32_t *regs = s->parent_obj.regs;
    bool level = false;

    for (unsigned n = 0; n < ARRAY_SIZE(dhr_formats); n++) {
        regs[R_DHR12R1 + n] = stm32mp1_dac_dhr(s, n);
    }
    regs[R_DOR1] = s->dor[0];
    regs[R_DOR2] = s->dor[1];
    for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
        uint32_t sr = extract32(regs[R_SR], 16 * ch, 16);

        level |= (sr & R_SR_DMAUDR_MASK) &&
                 (stm32mp1_dac_cr(s, ch) & R_CR_DMAUDRIE_MASK);
        qemu_set_irq(s->request[ch], s->requested[ch]);
    }
    qemu_set_irq(s->irq, level);
}

/* What a waveform adds to DHR, before it takes its next step */
static uint32_t stm32mp1_dac_wave(STM32MP1DacState *s, unsigned ch,
                                  uint32_t cr)
{
    unsigned wave = FIELD_EX32(cr, CR, WAVE);
    uint32_t amplitude = MAKE_64BIT_MASK(0, MIN(FIELD_EX32(cr, CR, MAMP) + 1,
                                                DAC_BITS));
    uint32_t lfsr = s->lfsr[ch];
    uint32_t value;

    if (wave == 0) {
        return 0;
    }
    if (wave == WAVE_NOISE) {
        value = lfsr & amplitude;
        s->lfsr[ch] = lfsr >> 1 |
                      ((lfsr ^ lfsr >> 1 ^ lfsr >> 4 ^ lfsr >> 6) & 1) << 11;
        return value;
    }
    value = MIN(s->triangle[ch], amplitude);
    if (value == amplitude) {
        s->falling[ch] = true;
    } else if (value == 0) {
        s->falling[ch] = false;
    }
    s->triangle[ch] = s->falling[ch] ? value - 1 : value + 1;
    return value;
}

static void stm32mp1_dac_convert(STM32MP1DacState *s, unsigned ch,
                                 uint32_t value)
{
    s->dor[ch] = MIN(value, DAC_MAX);
    trace_stm32mp1_dac_convert(ch + 1, s->dor[ch]);
}

static void stm32mp1_dac_fire(STM32MP1DacState *s, unsigned ch)
{
    uint32_t cr = stm32mp1_dac_cr(s, ch);

    stm32mp1_dac_convert(s, ch, s->dhr[ch] + stm32mp1_dac_wave(s, ch, cr));
    if (!(cr & R_CR_DMAEN_MASK)) {
        return;
    }
    if (s->requested[ch]) {
        s->parent_obj.regs[R_SR] |= R_SR_DMAUDR_MASK << (16 * ch);
    } else if (!(s->parent_obj.regs[R_SR] & R_SR_DMAUDR_MASK << (16 * ch))) {
        s->requested[ch] = true;
    }
}

/* @source as in TSEL */
static void stm32mp1_dac_trigger(STM32MP1DacState *s, unsigned ch,
                                 unsigned source)
{
    uint32_t cr = stm32mp1_dac_cr(s, ch);

    if ((cr & R_CR_EN_MASK) && (cr & R_CR_TEN_MASK) &&
        FIELD_EX32(cr, CR, TSEL) == source) {
        stm32mp1_dac_fire(s, ch);
    }
}

static void stm32mp1_dac_set_trigger(void *opaque, int n, int level)
{
    STM32MP1DacState *s = opaque;
    bool was = s->trigger[n];

    s->trigger[n] = level;
    if (level && !was && n != TSEL_SOFTWARE) {
        for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
            stm32mp1_dac_trigger(s, ch, n);
        }
        stm32mp1_dac_update(s);
    }
}

static void stm32mp1_dac_ack(void *opaque, int n, int level)
{
    STM32MP1DacState *s = opaque;

    if (level) {
        s->requested[n] = false;
        stm32mp1_dac_update(s);
    }
}

/* Without a trigger, what is written to DHR comes out. */
static void stm32mp1_dac_follow(STM32MP1DacState *s, unsigned ch)
{
    uint32_t cr = stm32mp1_dac_cr(s, ch);

    if ((cr & R_CR_EN_MASK) && !(cr & R_CR_TEN_MASK)) {
        stm32mp1_dac_convert(s, ch, s->dhr[ch]);
    }
}

static uint64_t stm32mp1_dac_cr_pre_write(RegisterInfo *reg, uint64_t val)
{
    if (val & (R_CR_CEN_MASK | R_CR_CEN_MASK << 16)) {
        qemu_log_mask(LOG_UNIMP, "stm32mp1-dac: no calibration\n");
    }
    return val;
}

static void stm32mp1_dac_cr_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1DacState *s = STM32MP1_DAC(reg->opaque);

    for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
        uint32_t cr = stm32mp1_dac_cr(s, ch);

        if (!(cr & R_CR_DMAEN_MASK) || !(cr & R_CR_EN_MASK)) {
            s->requested[ch] = false;
        }
        if (FIELD_EX32(cr, CR, WAVE) == 0) {
            s->lfsr[ch] = LFSR_RESET;
            s->triangle[ch] = 0;
            s->falling[ch] = false;
        }
        stm32mp1_dac_follow(s, ch);
    }
    stm32mp1_dac_update(s);
}

static uint64_t stm32mp1_dac_swtrgr_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1DacState *s = STM32MP1_DAC(reg->opaque);

    for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
        if (val & BIT(ch)) {
            stm32mp1_dac_trigger(s, ch, TSEL_SOFTWARE);
        }
    }
    stm32mp1_dac_update(s);
    return 0;
}

static uint64_t stm32mp1_dac_sr_pre_write(RegisterInfo *reg, uint64_t val)
{
    return *(uint32_t *)reg->data & ~val;
}

static void stm32mp1_dac_sr_post_write(RegisterInfo *reg, uint64_t val)
{
    stm32mp1_dac_update(STM32MP1_DAC(reg->opaque));
}

static void stm32mp1_dac_dhr_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1DacState *s = STM32MP1_DAC(reg->opaque);
    unsigned n = (reg->access->addr - A_DHR12R1) / 4;
    unsigned bits = dhr_formats[n].bits;

    for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
        if (dhr_formats[n].channels & BIT(ch)) {
            s->dhr[ch] = extract32(val, dhr_formats[n].at[ch], bits)
                         << (DAC_BITS - bits);
            stm32mp1_dac_follow(s, ch);
        }
    }
    stm32mp1_dac_update(s);
}

#define DHR(_name, _mask)                                                   \
    { .name = #_name, .addr = A_##_name, .ro = ~(_mask),                    \
      .post_write = stm32mp1_dac_dhr_post_write }

static const RegisterAccessInfo stm32mp1_dac_regs[] = {
    { .name = "CR", .addr = A_CR, .ro = ~CR_MASK,
      .pre_write = stm32mp1_dac_cr_pre_write,
      .post_write = stm32mp1_dac_cr_post_write },
    { .name = "SWTRGR", .addr = A_SWTRGR,
      .pre_write = stm32mp1_dac_swtrgr_pre_write },
    DHR(DHR12R1, 0x00000fffu), DHR(DHR12L1, 0x0000fff0u),
    DHR(DHR8R1, 0x000000ffu),
    DHR(DHR12R2, 0x00000fffu), DHR(DHR12L2, 0x0000fff0u),
    DHR(DHR8R2, 0x000000ffu),
    DHR(DHR12RD, 0x0fff0fffu), DHR(DHR12LD, 0xfff0fff0u),
    DHR(DHR8RD, 0x0000ffffu),
    { .name = "DOR1", .addr = A_DOR1, .ro = ~0u },
    { .name = "DOR2", .addr = A_DOR2, .ro = ~0u },
    { .name = "SR", .addr = A_SR,
      .ro = ~(uint32_t)(R_SR_DMAUDR_MASK | R_SR_DMAUDR_MASK << 16),
      .pre_write = stm32mp1_dac_sr_pre_write,
      .post_write = stm32mp1_dac_sr_post_write },
    { .name = "CCR", .addr = A_CCR, .ro = 0xffe0ffe0u },
    { .name = "MCR", .addr = A_MCR, .ro = 0xfff8fff8u },
    { .name = "SHSR1", .addr = A_SHSR1, .ro = 0xfffffc00u },
    { .name = "SHSR2", .addr = A_SHSR2, .ro = 0xfffffc00u },
    { .name = "SHHR", .addr = A_SHHR, .ro = 0xfc00fc00u, .reset = 0x00010001 },
    { .name = "SHRR", .addr = A_SHRR, .ro = 0xff00ff00u, .reset = 0x00010001 },
    REGISTER_BLOCK_RO("HWCFGR0", 0x3f0, 0x00001111),
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x00000031),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00110011),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_dac_reset_hold(Object *obj, ResetType type)
{
    STM32MP1DacState *s = STM32MP1_DAC(obj);

    register_block_reset_all(&s->parent_obj);
    for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
        s->dhr[ch] = 0;
        s->dor[ch] = 0;
        s->lfsr[ch] = LFSR_RESET;
        s->triangle[ch] = 0;
        s->falling[ch] = false;
        s->requested[ch] = false;
    }
    stm32mp1_dac_update(s);
}

static int stm32mp1_dac_post_load(void *opaque, int version_id)
{
    STM32MP1DacState *s = opaque;

    for (unsigned ch = 0; ch < STM32MP1_DAC_CHANNELS; ch++) {
        if (s->dhr[ch] > DAC_MAX || s->dor[ch] > DAC_MAX ||
            s->lfsr[ch] > DAC_MAX || s->triangle[ch] > DAC_MAX) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_dac = {
    .name = TYPE_STM32MP1_DAC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_dac_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(parent_obj.regs, STM32MP1DacState,
                             REGISTER_BLOCK_NUM),
        VMSTATE_UINT32_ARRAY(dhr, STM32MP1DacState, STM32MP1_DAC_CHANNELS),
        VMSTATE_UINT32_ARRAY(dor, STM32MP1DacState, STM32MP1_DAC_CHANNELS),
        VMSTATE_UINT32_ARRAY(lfsr, STM32MP1DacState, STM32MP1_DAC_CHANNELS),
        VMSTATE_UINT32_ARRAY(triangle, STM32MP1DacState,
                             STM32MP1_DAC_CHANNELS),
        VMSTATE_BOOL_ARRAY(falling, STM32MP1DacState, STM32MP1_DAC_CHANNELS),
        VMSTATE_BOOL_ARRAY(requested, STM32MP1DacState, STM32MP1_DAC_CHANNELS),
        VMSTATE_BOOL_ARRAY(trigger, STM32MP1DacState, STM32MP1_DAC_TRIGGERS),
        VMSTATE_END_OF_LIST()
    }
};

static void stm32mp1_dac_init(Object *obj)
{
    STM32MP1DacState *s = STM32MP1_DAC(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_in_named(dev, stm32mp1_dac_set_trigger, "trigger",
                            STM32MP1_DAC_TRIGGERS);
    qdev_init_gpio_out_named(dev, s->request, "dma-request",
                             STM32MP1_DAC_CHANNELS);
    qdev_init_gpio_in_named(dev, stm32mp1_dac_ack, "dma-ack",
                            STM32MP1_DAC_CHANNELS);
    object_property_add_uint32_ptr(obj, "dor1", &s->dor[0], OBJ_PROP_FLAG_READ);
    object_property_add_uint32_ptr(obj, "dor2", &s->dor[1], OBJ_PROP_FLAG_READ);
}

static void stm32mp1_dac_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_dac_regs,
                              ARRAY_SIZE(stm32mp1_dac_regs));
    dc->desc = "STM32MP1 digital-to-analog converter";
    dc->vmsd = &vmstate_stm32mp1_dac;
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_dac_reset_hold;
}

static const TypeInfo stm32mp1_dac_types[] = {
    {
        .name = TYPE_STM32MP1_DAC,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1DacState),
        .instance_init = stm32mp1_dac_init,
        .class_init = stm32mp1_dac_class_init,
    },
};

DEFINE_TYPES(stm32mp1_dac_types)
