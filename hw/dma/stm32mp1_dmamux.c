/*
 * STM32MP1 DMA request multiplexer (DMAMUX1)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter "DMA
 * request multiplexer", and ST's LL driver (stm32mp1xx_ll_dmamux.h). A trigger
 * that comes while the last one is not used up is an overrun, and is lost.
 */

#include "qemu/osdep.h"
#include "hw/dma/stm32mp1_dmamux.h"
#include "hw/irq.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "trace.h"

REG32(C0CR, 0x000)
    FIELD(CCR, DMAREQ_ID, 0, 7)
    FIELD(CCR, SOIE, 8, 1)
    FIELD(CCR, EGE, 9, 1)
    FIELD(CCR, SE, 16, 1)
    FIELD(CCR, SPOL, 17, 2)
    FIELD(CCR, NBREQ, 19, 5)
    FIELD(CCR, SYNC_ID, 24, 3)
REG32(CSR, 0x080)
REG32(CFR, 0x084)
REG32(RG0CR, 0x100)
    FIELD(RGCR, SIG_ID, 0, 3)
    FIELD(RGCR, OIE, 8, 1)
    FIELD(RGCR, GE, 16, 1)
    FIELD(RGCR, GPOL, 17, 2)
    FIELD(RGCR, GNBREQ, 19, 5)
REG32(RGSR, 0x140)
REG32(RGCFR, 0x144)

#define CCR_RO          0xf800fc80u
#define RGCR_RO         0xff00fef8u

/* Bits of SPOL and GPOL */
#define EDGE_RISING     1
#define EDGE_FALLING    2

/* Request numbers 1 to 8 are the generators; 0 is none. */
#define FIRST_GENERATOR 1
#define FIRST_REQUEST   (FIRST_GENERATOR + STM32MP1_DMAMUX_GENERATORS)
/* Channels whose events are triggers */
#define EVENT_CHANNELS  3

static uint32_t stm32mp1_dmamux_ccr(const STM32MP1DmamuxState *s, unsigned n)
{
    return s->parent_obj.regs[R_C0CR + n];
}

static uint32_t stm32mp1_dmamux_rgcr(const STM32MP1DmamuxState *s, unsigned n)
{
    return s->parent_obj.regs[R_RG0CR + n];
}

static bool stm32mp1_dmamux_level(const STM32MP1DmamuxState *s, unsigned n)
{
    uint32_t ccr = stm32mp1_dmamux_ccr(s, n);
    unsigned id = FIELD_EX32(ccr, CCR, DMAREQ_ID);

    if ((ccr & R_CCR_SE_MASK) && !s->passes[n]) {
        return false;
    }
    if (id >= FIRST_REQUEST) {
        return s->request[id];
    }
    return id >= FIRST_GENERATOR && s->pending[id - FIRST_GENERATOR];
}

static void stm32mp1_dmamux_update(STM32MP1DmamuxState *s)
{
    const uint32_t *regs = s->parent_obj.regs;
    bool overrun = false;

    for (unsigned i = 0; i < STM32MP1_DMAMUX_CHANNELS; i++) {
        qemu_set_irq(s->channel[i], stm32mp1_dmamux_level(s, i));
        overrun |= (regs[R_CSR] & BIT(i)) &&
                   (stm32mp1_dmamux_ccr(s, i) & R_CCR_SOIE_MASK);
    }
    for (unsigned i = 0; i < STM32MP1_DMAMUX_GENERATORS; i++) {
        overrun |= (regs[R_RGSR] & BIT(i)) &&
                   (stm32mp1_dmamux_rgcr(s, i) & R_RGCR_OIE_MASK);
    }
    qemu_set_irq(s->irq, overrun);
}

/* A trigger for @left: start the count, or note in @flags that it is lost */
static void stm32mp1_dmamux_fire(uint8_t *left, unsigned count,
                                 uint32_t *flags, unsigned n)
{
    if (*left) {
        *flags |= BIT(n);
    } else {
        *left = count;
    }
}

static void stm32mp1_dmamux_edge(STM32MP1DmamuxState *s, unsigned trigger,
                                 unsigned edge)
{
    uint32_t *regs = s->parent_obj.regs;

    trace_stm32mp1_dmamux_edge(trigger, edge);
    for (unsigned i = 0; i < STM32MP1_DMAMUX_CHANNELS; i++) {
        uint32_t ccr = stm32mp1_dmamux_ccr(s, i);

        if ((ccr & R_CCR_SE_MASK) &&
            FIELD_EX32(ccr, CCR, SYNC_ID) == trigger &&
            (FIELD_EX32(ccr, CCR, SPOL) & edge)) {
            stm32mp1_dmamux_fire(&s->passes[i],
                                 FIELD_EX32(ccr, CCR, NBREQ) + 1,
                                 &regs[R_CSR], i);
        }
    }
    for (unsigned i = 0; i < STM32MP1_DMAMUX_GENERATORS; i++) {
        uint32_t rgcr = stm32mp1_dmamux_rgcr(s, i);

        if ((rgcr & R_RGCR_GE_MASK) &&
            FIELD_EX32(rgcr, RGCR, SIG_ID) == trigger &&
            (FIELD_EX32(rgcr, RGCR, GPOL) & edge)) {
            stm32mp1_dmamux_fire(&s->pending[i],
                                 FIELD_EX32(rgcr, RGCR, GNBREQ) + 1,
                                 &regs[R_RGSR], i);
        }
    }
}

static void stm32mp1_dmamux_set_trigger(void *opaque, int n, int level)
{
    STM32MP1DmamuxState *s = opaque;

    if (s->trigger[n] != (level != 0)) {
        s->trigger[n] = level;
        stm32mp1_dmamux_edge(s, n, level ? EDGE_RISING : EDGE_FALLING);
        stm32mp1_dmamux_update(s);
    }
}

static void stm32mp1_dmamux_set_request(void *opaque, int n, int level)
{
    STM32MP1DmamuxState *s = opaque;

    if (s->request[n] != (level != 0)) {
        s->request[n] = level;
        trace_stm32mp1_dmamux_request(n, level);
        stm32mp1_dmamux_update(s);
    }
}

/* The transfer of channel @n has ended. */
static void stm32mp1_dmamux_channel_end(void *opaque, int n, int level)
{
    STM32MP1DmamuxState *s = opaque;
    unsigned id = FIELD_EX32(stm32mp1_dmamux_ccr(s, n), CCR, DMAREQ_ID);

    if (level && id >= FIRST_REQUEST) {
        qemu_irq_pulse(s->end[id]);
    }
}

/* Channel @n has had a request served. */
static void stm32mp1_dmamux_channel_ack(void *opaque, int n, int level)
{
    STM32MP1DmamuxState *s = opaque;
    uint32_t ccr = stm32mp1_dmamux_ccr(s, n);
    unsigned id = FIELD_EX32(ccr, CCR, DMAREQ_ID);

    if (!level) {
        return;
    }
    if ((ccr & R_CCR_SE_MASK) && s->passes[n]) {
        s->passes[n]--;
    }
    if (++s->served[n] > FIELD_EX32(ccr, CCR, NBREQ)) {
        s->served[n] = 0;
        if ((ccr & R_CCR_EGE_MASK) && n < EVENT_CHANNELS) {
            stm32mp1_dmamux_edge(s, n, EDGE_RISING);
            stm32mp1_dmamux_edge(s, n, EDGE_FALLING);
        }
    }
    if (id >= FIRST_REQUEST) {
        qemu_irq_pulse(s->ack[id]);
    } else if (id >= FIRST_GENERATOR && s->pending[id - FIRST_GENERATOR]) {
        s->pending[id - FIRST_GENERATOR]--;
    }
    stm32mp1_dmamux_update(s);
}

/* NBREQ is only for writing while it is not in use. */
static uint64_t stm32mp1_dmamux_ccr_pre_write(RegisterInfo *reg, uint64_t val)
{
    uint32_t old = *(uint32_t *)reg->data;

    if ((old & (R_CCR_SE_MASK | R_CCR_EGE_MASK)) &&
        ((old ^ val) & R_CCR_NBREQ_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "stm32mp1-dmamux: NBREQ written while in use\n");
        val = (val & ~(uint64_t)R_CCR_NBREQ_MASK) | (old & R_CCR_NBREQ_MASK);
    }
    return val;
}

static void stm32mp1_dmamux_ccr_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1DmamuxState *s = STM32MP1_DMAMUX(reg->opaque);
    unsigned n = reg->access->addr / 4;

    if (!(val & R_CCR_SE_MASK)) {
        s->passes[n] = 0;
    }
    if (!(val & (R_CCR_SE_MASK | R_CCR_EGE_MASK))) {
        s->served[n] = 0;
    }
    stm32mp1_dmamux_update(s);
}

static void stm32mp1_dmamux_rgcr_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1DmamuxState *s = STM32MP1_DMAMUX(reg->opaque);

    if (!(val & R_RGCR_GE_MASK)) {
        s->pending[(reg->access->addr - A_RG0CR) / 4] = 0;
    }
    stm32mp1_dmamux_update(s);
}

/* The register before this one has the flags that are cleared. */
static uint64_t stm32mp1_dmamux_clear(RegisterInfo *reg, uint64_t val)
{
    STM32MP1DmamuxState *s = STM32MP1_DMAMUX(reg->opaque);

    s->parent_obj.regs[reg->access->addr / 4 - 1] &= ~val;
    stm32mp1_dmamux_update(s);
    return 0;
}

#define CCR(n)                                                              \
    { .name = "C" #n "CR", .addr = A_C0CR + 4 * (n), .ro = CCR_RO,          \
      .pre_write = stm32mp1_dmamux_ccr_pre_write,                           \
      .post_write = stm32mp1_dmamux_ccr_post_write }
#define RGCR(n)                                                             \
    { .name = "RG" #n "CR", .addr = A_RG0CR + 4 * (n), .ro = RGCR_RO,       \
      .post_write = stm32mp1_dmamux_rgcr_post_write }

static const RegisterAccessInfo stm32mp1_dmamux_regs[] = {
    CCR(0), CCR(1), CCR(2), CCR(3), CCR(4), CCR(5), CCR(6), CCR(7),
    CCR(8), CCR(9), CCR(10), CCR(11), CCR(12), CCR(13), CCR(14), CCR(15),
    { .name = "CSR", .addr = A_CSR, .ro = ~0u },
    { .name = "CFR", .addr = A_CFR, .pre_write = stm32mp1_dmamux_clear },
    RGCR(0), RGCR(1), RGCR(2), RGCR(3), RGCR(4), RGCR(5), RGCR(6), RGCR(7),
    { .name = "RGSR", .addr = A_RGSR, .ro = ~0u },
    { .name = "RGCFR", .addr = A_RGCFR, .pre_write = stm32mp1_dmamux_clear },
    REGISTER_BLOCK_RO("HWCFGR2", 0x3ec, 0x00000008),
    REGISTER_BLOCK_RO("HWCFGR1", 0x3f0, 0x08086c10),
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x00000011),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00100011),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_dmamux_reset_hold(Object *obj, ResetType type)
{
    STM32MP1DmamuxState *s = STM32MP1_DMAMUX(obj);

    register_block_reset_all(&s->parent_obj);
    memset(s->passes, 0, sizeof(s->passes));
    memset(s->served, 0, sizeof(s->served));
    memset(s->pending, 0, sizeof(s->pending));
    stm32mp1_dmamux_update(s);
}

static const VMStateDescription vmstate_stm32mp1_dmamux = {
    .name = TYPE_STM32MP1_DMAMUX,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(parent_obj.regs, STM32MP1DmamuxState,
                             REGISTER_BLOCK_NUM),
        VMSTATE_BOOL_ARRAY(request, STM32MP1DmamuxState,
                           STM32MP1_DMAMUX_REQUESTS),
        VMSTATE_BOOL_ARRAY(trigger, STM32MP1DmamuxState,
                           STM32MP1_DMAMUX_TRIGGERS),
        VMSTATE_UINT8_ARRAY(passes, STM32MP1DmamuxState,
                            STM32MP1_DMAMUX_CHANNELS),
        VMSTATE_UINT8_ARRAY(served, STM32MP1DmamuxState,
                            STM32MP1_DMAMUX_CHANNELS),
        VMSTATE_UINT8_ARRAY(pending, STM32MP1DmamuxState,
                            STM32MP1_DMAMUX_GENERATORS),
        VMSTATE_END_OF_LIST()
    }
};

static void stm32mp1_dmamux_init(Object *obj)
{
    STM32MP1DmamuxState *s = STM32MP1_DMAMUX(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_in_named(dev, stm32mp1_dmamux_set_request, "request",
                            STM32MP1_DMAMUX_REQUESTS);
    qdev_init_gpio_out_named(dev, s->ack, "ack", STM32MP1_DMAMUX_REQUESTS);
    qdev_init_gpio_out_named(dev, s->end, "end", STM32MP1_DMAMUX_REQUESTS);
    qdev_init_gpio_out_named(dev, s->channel, "channel",
                             STM32MP1_DMAMUX_CHANNELS);
    qdev_init_gpio_in_named(dev, stm32mp1_dmamux_channel_ack, "channel-ack",
                            STM32MP1_DMAMUX_CHANNELS);
    qdev_init_gpio_in_named(dev, stm32mp1_dmamux_channel_end, "channel-end",
                            STM32MP1_DMAMUX_CHANNELS);
    qdev_init_gpio_in_named(dev, stm32mp1_dmamux_set_trigger, "trigger",
                            STM32MP1_DMAMUX_TRIGGERS);
}

static void stm32mp1_dmamux_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_dmamux_regs,
                              ARRAY_SIZE(stm32mp1_dmamux_regs));
    dc->desc = "STM32MP1 DMA request multiplexer";
    dc->vmsd = &vmstate_stm32mp1_dmamux;
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_dmamux_reset_hold;
}

static const TypeInfo stm32mp1_dmamux_types[] = {
    {
        .name = TYPE_STM32MP1_DMAMUX,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1DmamuxState),
        .instance_init = stm32mp1_dmamux_init,
        .class_init = stm32mp1_dmamux_class_init,
    },
};

DEFINE_TYPES(stm32mp1_dmamux_types)
