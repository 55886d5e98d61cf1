/*
 * STM32MP1 analog-to-digital converters (ADC1, ADC2)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Analog-to-digital converters", and Linux's driver (drivers/iio/adc).
 *
 * Where this model differs from silicon:
 *  - The voltage regulator is ready, and the converter calibrated, enabled,
 *    stopped and disabled, at once.
 *  - A conversion that no software has started (continuous mode, or by a
 *    trigger) takes MIN_NS at least, so that a guest cannot keep QEMU busy.
 *  - DMA in one-shot mode goes on as in circular mode: whether DMA is at its
 *    end, only DMA knows.
 *  - The samples of an oversampled conversion take one timer together, and see
 *    the input as it is at its end. Offsets have no effect on them.
 *  - Not modelled: the queue of injected contexts (JSQR counts as it is), dual
 *    mode. Differential inputs are taken as single-ended.
 */

#include "qemu/osdep.h"
#include "hw/adc/stm32mp1_adc.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "trace.h"

REG32(ISR, 0x00)
    FIELD(ISR, ADRDY, 0, 1)
    FIELD(ISR, EOSMP, 1, 1)
    FIELD(ISR, EOC, 2, 1)
    FIELD(ISR, EOS, 3, 1)
    FIELD(ISR, OVR, 4, 1)
    FIELD(ISR, JEOC, 5, 1)
    FIELD(ISR, JEOS, 6, 1)
    FIELD(ISR, AWD1, 7, 1)
    FIELD(ISR, AWD2, 8, 1)
    FIELD(ISR, AWD3, 9, 1)
    FIELD(ISR, LDORDY, 12, 1)
REG32(IER, 0x04)
REG32(CR, 0x08)
    FIELD(CR, ADEN, 0, 1)
    FIELD(CR, ADDIS, 1, 1)
    FIELD(CR, ADSTART, 2, 1)
    FIELD(CR, JADSTART, 3, 1)
    FIELD(CR, ADSTP, 4, 1)
    FIELD(CR, JADSTP, 5, 1)
    FIELD(CR, BOOST, 8, 1)
    FIELD(CR, ADCALLIN, 16, 1)
    FIELD(CR, LINCALRDYW, 22, 6)
    FIELD(CR, ADVREGEN, 28, 1)
    FIELD(CR, DEEPPWD, 29, 1)
    FIELD(CR, ADCALDIF, 30, 1)
    FIELD(CR, ADCAL, 31, 1)
REG32(CFGR, 0x0c)
    FIELD(CFGR, DMNGT, 0, 2)
    FIELD(CFGR, RES, 2, 3)
    FIELD(CFGR, EXTSEL, 5, 5)
    FIELD(CFGR, EXTEN, 10, 2)
    FIELD(CFGR, OVRMOD, 12, 1)
    FIELD(CFGR, CONT, 13, 1)
    FIELD(CFGR, AUTDLY, 14, 1)
    FIELD(CFGR, DISCEN, 16, 1)
    FIELD(CFGR, DISCNUM, 17, 3)
    FIELD(CFGR, JDISCEN, 20, 1)
    FIELD(CFGR, JQM, 21, 1)
    FIELD(CFGR, AWD1SGL, 22, 1)
    FIELD(CFGR, AWD1EN, 23, 1)
    FIELD(CFGR, JAWD1EN, 24, 1)
    FIELD(CFGR, JAUTO, 25, 1)
    FIELD(CFGR, AWD1CH, 26, 5)
    FIELD(CFGR, JQDIS, 31, 1)
REG32(CFGR2, 0x10)
    FIELD(CFGR2, ROVSE, 0, 1)
    FIELD(CFGR2, JOVSE, 1, 1)
    FIELD(CFGR2, OVSS, 5, 4)
    FIELD(CFGR2, TROVS, 9, 1)
    FIELD(CFGR2, ROVSM, 10, 1)
    FIELD(CFGR2, RSHIFT1, 11, 1)
    FIELD(CFGR2, OVSR, 16, 10)
    FIELD(CFGR2, LSHIFT, 28, 4)
REG32(SMPR1, 0x14)
REG32(SMPR2, 0x18)
REG32(PCSEL, 0x1c)
REG32(LTR1, 0x20)
REG32(HTR1, 0x24)
REG32(SQR1, 0x30)
    FIELD(SQR1, L, 0, 4)
REG32(SQR2, 0x34)
REG32(SQR3, 0x38)
REG32(SQR4, 0x3c)
REG32(DR, 0x40)
REG32(JSQR, 0x4c)
    FIELD(JSQR, JL, 0, 2)
    FIELD(JSQR, JEXTSEL, 2, 5)
    FIELD(JSQR, JEXTEN, 7, 2)
    FIELD(JSQR, JSQ1, 9, 5)
REG32(OFR1, 0x60)
    FIELD(OFR1, OFFSET, 0, 26)
    FIELD(OFR1, CH, 26, 5)
    FIELD(OFR1, SSATE, 31, 1)
REG32(OFR2, 0x64)
REG32(OFR3, 0x68)
REG32(OFR4, 0x6c)
REG32(JDR1, 0x80)
REG32(JDR4, 0x8c)
REG32(AWD2CR, 0xa0)
REG32(AWD3CR, 0xa4)
REG32(LTR2, 0xb0)
REG32(HTR2, 0xb4)
REG32(LTR3, 0xb8)
REG32(HTR3, 0xbc)
REG32(DIFSEL, 0xc0)
REG32(CALFACT, 0xc4)
REG32(CALFACT2, 0xc8)
REG32(OR, 0xd0)
    FIELD(OR, VDDCOREEN, 0, 1)

/* After those of the two converters */
#define UNIT_SIZE       0x100
REG32(CSR, 0x300)
REG32(CCR, 0x308)
    FIELD(CCR, DUAL, 0, 5)
    FIELD(CCR, CKMODE, 16, 2)
    FIELD(CCR, PRESC, 18, 4)
    FIELD(CCR, VREFEN, 22, 1)
    FIELD(CCR, VSENSEEN, 23, 1)
REG32(CDR, 0x30c)
REG32(CDR2, 0x310)
REG32(HWCFGR0, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define ISR_FLAGS       0x7ff
#define CCR_MASK        0x01ffdf1f

/* Bits of CR that are set by writing 1, and cleared by the hardware */
#define CR_COMMANDS     (R_CR_ADEN_MASK | R_CR_ADDIS_MASK | \
                         R_CR_ADSTART_MASK | R_CR_JADSTART_MASK | \
                         R_CR_ADSTP_MASK | R_CR_JADSTP_MASK | \
                         R_CR_ADCAL_MASK)
#define CR_STORAGE      (R_CR_BOOST_MASK | R_CR_ADCALLIN_MASK | \
                         R_CR_LINCALRDYW_MASK | R_CR_ADVREGEN_MASK | \
                         R_CR_DEEPPWD_MASK | R_CR_ADCALDIF_MASK)

#define DMNGT_ONE_SHOT  1
#define DMNGT_CIRCULAR  3
#define EDGE_RISING     1
#define EDGE_FALLING    2

/* Inner channels of ADC2: their number, and what they read after a reset */
#define CH_VSENSE       12
#define CH_VREFINT      13
#define CH_VDDCORE      14
#define VSENSE_UV       760000
#define VREFINT_UV      1210000
#define VDDCORE_UV      1200000
#define VREF_UV         2500000

#define MIN_NS          (10 * SCALE_US)

/* Bits of a result, and half cycles of the successive approximation, by RES */
static const struct {
    uint8_t bits;
    uint8_t half_cycles;
} resolutions[8] = {
    { 16, 17 }, { 14, 15 }, { 12, 13 }, { 10, 11 }, { 8, 9 },
    /* reserved */
    { 8, 9 }, { 8, 9 }, { 8, 9 },
};

/* Half cycles of the sampling, by SMPx */
static const uint16_t sampling[8] = { 3, 5, 17, 33, 65, 129, 775, 1621 };

/* Registers that are no more than storage, until something else uses them */
static const struct {
    uint8_t reg;
    uint32_t mask;
    uint32_t reset;
} storage[] = {
    { R_IER, 0x000007ff, 0 },
    { R_CFGR, 0xffff7fff, 0x80000000 },
    { R_CFGR2, 0xf3ff7fe3, 0 },
    { R_SMPR1, 0x3fffffff, 0 },
    { R_SMPR2, 0x3fffffff, 0 },
    { R_PCSEL, 0x000fffff, 0 },
    { R_LTR1, 0x03ffffff, 0 },
    { R_HTR1, 0x03ffffff, 0x03ffffff },
    { R_SQR1, 0x1f7df7cf, 0 },
    { R_SQR2, 0x1f7df7df, 0 },
    { R_SQR3, 0x1f7df7df, 0 },
    { R_SQR4, 0x000007df, 0 },
    { R_JSQR, 0xfbefbfff, 0 },
    { R_OFR1, 0xffffffff, 0 },
    { R_OFR2, 0xffffffff, 0 },
    { R_OFR3, 0xffffffff, 0 },
    { R_OFR4, 0xffffffff, 0 },
    { R_AWD2CR, 0x000fffff, 0 },
    { R_AWD3CR, 0x000fffff, 0 },
    { R_LTR2, 0x03ffffff, 0 },
    { R_HTR2, 0x03ffffff, 0x03ffffff },
    { R_LTR3, 0x03ffffff, 0 },
    { R_HTR3, 0x03ffffff, 0x03ffffff },
    { R_DIFSEL, 0x000fffff, 0 },
    { R_CALFACT, 0x07ff07ff, 0 },
    { R_CALFACT2, 0x3fffffff, 0 },
    { R_OR, 0x00000001, 0 },
};

static unsigned stm32mp1_adc_number(const STM32MP1AdcUnit *u)
{
    return u - u->adc->unit + 1;
}

/* Whether a result waits for DMA */
static bool stm32mp1_adc_request(const STM32MP1AdcUnit *u)
{
    unsigned dmngt = FIELD_EX32(u->regs[R_CFGR], CFGR, DMNGT);

    return (dmngt == DMNGT_ONE_SHOT || dmngt == DMNGT_CIRCULAR) &&
           (u->regs[R_ISR] & R_ISR_EOC_MASK) &&
           !(u->regs[R_ISR] & R_ISR_OVR_MASK);
}

static void stm32mp1_adc_update(STM32MP1AdcUnit *u)
{
    bool level = u->regs[R_ISR] & u->regs[R_IER];
    bool request = stm32mp1_adc_request(u);

    trace_stm32mp1_adc_update(stm32mp1_adc_number(u), u->regs[R_ISR],
                              u->regs[R_CR], level, request);
    qemu_set_irq(u->irq, level);
    qemu_set_irq(u->request, request);
}

/* A time in half cycles of the converters' clock, -1 if that stands still */
static int64_t stm32mp1_adc_ns(const STM32MP1AdcState *s, uint64_t half_cycles)
{
    static const uint16_t presc[16] = {
        1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256, 256, 256, 256, 256
    };
    unsigned mode = FIELD_EX32(s->ccr, CCR, CKMODE);
    const Clock *clk = mode ? s->hclk : s->clk;
    unsigned div = mode ? 1 << (mode - 1) :
                   presc[FIELD_EX32(s->ccr, CCR, PRESC)];

    if (!clock_is_enabled(clk)) {
        return -1;
    }
    return clock_ticks_to_ns(clk, half_cycles * div) / 2;
}

static void stm32mp1_adc_arm(STM32MP1AdcUnit *u, int64_t ns)
{
    u->from_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    if (ns < 0) {
        timer_del(u->timer);
    } else {
        timer_mod(u->timer, u->from_ns + ns);
    }
}

static STM32MP1AdcGroup *stm32mp1_adc_group(STM32MP1AdcUnit *u, bool injected)
{
    return injected ? &u->injected : &u->regular;
}

/* The channel at place @n of the sequence, from 0 */
static unsigned stm32mp1_adc_channel(const STM32MP1AdcUnit *u, bool injected,
                                     unsigned n)
{
    if (injected) {
        return extract32(u->regs[R_JSQR], R_JSQR_JSQ1_SHIFT + 6 * n, 5);
    }
    /* Five a register, but SQR1 has L first */
    return extract32(u->regs[R_SQR1 + (n + 1) / 5], 6 * ((n + 1) % 5), 5);
}

/* How many channels the sequence has */
static unsigned stm32mp1_adc_length(const STM32MP1AdcUnit *u, bool injected)
{
    return 1 + (injected ? FIELD_EX32(u->regs[R_JSQR], JSQR, JL) :
                           FIELD_EX32(u->regs[R_SQR1], SQR1, L));
}

static bool stm32mp1_adc_triggered(const STM32MP1AdcUnit *u)
{
    return FIELD_EX32(u->regs[R_CFGR], CFGR, EXTEN);
}

static bool stm32mp1_adc_jtriggered(const STM32MP1AdcUnit *u)
{
    return FIELD_EX32(u->regs[R_JSQR], JSQR, JEXTEN);
}

static bool stm32mp1_adc_jauto(const STM32MP1AdcUnit *u)
{
    return u->regs[R_CFGR] & R_CFGR_JAUTO_MASK;
}

static bool stm32mp1_adc_oversampled(const STM32MP1AdcUnit *u, bool injected)
{
    return u->regs[R_CFGR2] & (injected ? R_CFGR2_JOVSE_MASK :
                                          R_CFGR2_ROVSE_MASK);
}

/* Samples that make a result */
static unsigned stm32mp1_adc_ratio(const STM32MP1AdcUnit *u, bool injected)
{
    return stm32mp1_adc_oversampled(u, injected) ?
           FIELD_EX32(u->regs[R_CFGR2], CFGR2, OVSR) + 1 : 1;
}

/* Whether each sample needs a trigger of its own */
static bool stm32mp1_adc_stepwise(const STM32MP1AdcUnit *u, bool injected)
{
    return !injected && stm32mp1_adc_oversampled(u, false) &&
           (u->regs[R_CFGR2] & R_CFGR2_TROVS_MASK);
}

static void stm32mp1_adc_convert(STM32MP1AdcUnit *u, bool injected)
{
    const STM32MP1AdcGroup *g = stm32mp1_adc_group(u, injected);
    unsigned channel = stm32mp1_adc_channel(u, injected, g->next);
    unsigned smp = channel < STM32MP1_ADC_CHANNELS ?
                   extract32(u->regs[R_SMPR1 + channel / 10],
                             3 * (channel % 10), 3) : 0;
    unsigned res = FIELD_EX32(u->regs[R_CFGR], CFGR, RES);
    unsigned ratio = stm32mp1_adc_ratio(u, injected);
    int64_t ns;

    u->batch = stm32mp1_adc_stepwise(u, injected) ? 1 :
               ratio - MIN(g->samples, ratio - 1);
    ns = stm32mp1_adc_ns(u->adc, (uint64_t)u->batch *
                                 (sampling[smp] +
                                  resolutions[res].half_cycles));
    if (ns >= 0 && ((u->regs[R_CFGR] & R_CFGR_CONT_MASK) ||
                    (injected ? stm32mp1_adc_jtriggered(u) :
                                stm32mp1_adc_triggered(u)))) {
        ns = MAX(ns, MIN_NS);
    }
    u->converting = true;
    u->injecting = injected;
    stm32mp1_adc_arm(u, ns);
}

static uint32_t stm32mp1_adc_input(const STM32MP1AdcUnit *u, unsigned channel)
{
    uint32_t ccr = u->adc->ccr;

    if (channel >= STM32MP1_ADC_CHANNELS) {
        return 0;
    }
    if (u == &u->adc->unit[1] &&
        ((channel == CH_VSENSE && !(ccr & R_CCR_VSENSEEN_MASK)) ||
         (channel == CH_VREFINT && !(ccr & R_CCR_VREFEN_MASK)) ||
         (channel == CH_VDDCORE && !(u->regs[R_OR] & R_OR_VDDCOREEN_MASK)))) {
        return 0;
    }
    return u->input[channel];
}

/* What a sample is, in as many bits as RES says */
static uint32_t stm32mp1_adc_sample(const STM32MP1AdcUnit *u,
                                    unsigned channel)
{
    unsigned bits = resolutions[FIELD_EX32(u->regs[R_CFGR], CFGR, RES)].bits;
    uint64_t uv = stm32mp1_adc_input(u, channel);
    uint32_t max = MAKE_64BIT_MASK(0, bits);

    return u->adc->vref ? MIN((uv << bits) / u->adc->vref, max) : max;
}

/*
 * The first of the offsets that are for this channel. They are for 16 bits,
 * also where a sample has less.
 */
static int32_t stm32mp1_adc_correct(const STM32MP1AdcUnit *u, unsigned channel,
                                    int32_t sample)
{
    unsigned bits = resolutions[FIELD_EX32(u->regs[R_CFGR], CFGR, RES)].bits;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t ofr = u->regs[R_OFR1 + i];

        if (FIELD_EX32(ofr, OFR1, CH) == channel) {
            sample -= (int32_t)FIELD_EX32(ofr, OFR1, OFFSET) >> (16 - bits);
            if (ofr & R_OFR1_SSATE_MASK) {
                sample = MAX(MIN(sample, (1 << (bits - 1)) - 1),
                             -(1 << (bits - 1)));
            }
            if (u->regs[R_CFGR2] & (R_CFGR2_RSHIFT1_MASK << i)) {
                sample >>= 1;
            }
            break;
        }
    }
    return sample;
}

/* The sum of the samples is shifted, and rounded. */
static uint32_t stm32mp1_adc_average(const STM32MP1AdcUnit *u, uint32_t sum)
{
    unsigned shift = FIELD_EX32(u->regs[R_CFGR2], CFGR2, OVSS);

    return shift ? (sum + (1u << (shift - 1))) >> shift : sum;
}

/*
 * Analog watchdogs look at the samples before offsets, as 16 bits, or at the
 * sum of them.
 */
static void stm32mp1_adc_watch(STM32MP1AdcUnit *u, bool injected,
                               unsigned channel, uint32_t sum)
{
    uint32_t cfgr = u->regs[R_CFGR];
    unsigned bits = resolutions[FIELD_EX32(cfgr, CFGR, RES)].bits;
    bool first = (cfgr & (injected ? R_CFGR_JAWD1EN_MASK :
                                     R_CFGR_AWD1EN_MASK)) &&
                 (!(cfgr & R_CFGR_AWD1SGL_MASK) ||
                  FIELD_EX32(cfgr, CFGR, AWD1CH) == channel);
    const struct {
        bool on;
        uint8_t low;
        uint8_t high;
        uint32_t flag;
    } dogs[] = {
        { first, R_LTR1, R_HTR1, R_ISR_AWD1_MASK },
        { u->regs[R_AWD2CR] & BIT(channel), R_LTR2, R_HTR2, R_ISR_AWD2_MASK },
        { u->regs[R_AWD3CR] & BIT(channel), R_LTR3, R_HTR3, R_ISR_AWD3_MASK },
    };

    if (!stm32mp1_adc_oversampled(u, injected)) {
        sum <<= 16 - bits;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(dogs); i++) {
        if (dogs[i].on && (sum < u->regs[dogs[i].low] ||
                           sum > u->regs[dogs[i].high])) {
            u->regs[R_ISR] |= dogs[i].flag;
        }
    }
}

static void stm32mp1_adc_result_regular(STM32MP1AdcUnit *u, uint32_t result)
{
    uint32_t *isr = &u->regs[R_ISR];

    if (*isr & R_ISR_EOC_MASK) {
        *isr |= R_ISR_OVR_MASK;
    }
    if (!(*isr & R_ISR_EOC_MASK) || (u->regs[R_CFGR] & R_CFGR_OVRMOD_MASK)) {
        u->regs[R_DR] = result;
    }
    *isr |= R_ISR_EOC_MASK;
}

/* A trigger for injected conversions, their JADSTART, or the end with JAUTO */
static void stm32mp1_adc_inject(STM32MP1AdcUnit *u)
{
    STM32MP1AdcGroup *g = &u->injected;
    unsigned length = stm32mp1_adc_length(u, true);

    if (g->begun) {
        return;
    }
    g->begun = true;
    g->left = u->regs[R_CFGR] & R_CFGR_JDISCEN_MASK ? 1 : length;
    if (g->next >= length) {
        g->next = 0;
    }
}

/* The timer is at its end: so many samples more, and a result if it is one */
static void stm32mp1_adc_converted(STM32MP1AdcUnit *u)
{
    bool injected = u->injecting;
    STM32MP1AdcGroup *g = stm32mp1_adc_group(u, injected);
    unsigned channel = stm32mp1_adc_channel(u, injected, g->next);
    bool last = g->next + 1 >= stm32mp1_adc_length(u, injected);
    uint32_t result;

    u->converting = false;
    u->regs[R_ISR] |= R_ISR_EOSMP_MASK;
    g->sum += u->batch * stm32mp1_adc_sample(u, channel);
    g->samples += u->batch;
    if (g->samples < stm32mp1_adc_ratio(u, injected)) {
        return;
    }
    stm32mp1_adc_watch(u, injected, channel, g->sum);
    result = stm32mp1_adc_oversampled(u, injected) ?
             stm32mp1_adc_average(u, g->sum) :
             stm32mp1_adc_correct(u, channel, g->sum);
    result <<= FIELD_EX32(u->regs[R_CFGR2], CFGR2, LSHIFT);
    g->sum = 0;
    g->samples = 0;
    trace_stm32mp1_adc_converted(stm32mp1_adc_number(u), channel, result);
    if (injected) {
        u->regs[R_JDR1 + g->next] = result;
        u->regs[R_ISR] |= R_ISR_JEOC_MASK;
    } else {
        stm32mp1_adc_result_regular(u, result);
    }
    g->next = last ? 0 : g->next + 1;
    g->left--;
    if (last) {
        u->regs[R_ISR] |= injected ? R_ISR_JEOS_MASK : R_ISR_EOS_MASK;
        g->left = 0;
        if (!injected && stm32mp1_adc_jauto(u)) {
            stm32mp1_adc_inject(u);
        }
    }
}

static void stm32mp1_adc_begin(STM32MP1AdcUnit *u)
{
    STM32MP1AdcGroup *g = &u->regular;
    unsigned length = stm32mp1_adc_length(u, false);

    g->left = u->regs[R_CFGR] & R_CFGR_DISCEN_MASK ?
              FIELD_EX32(u->regs[R_CFGR], CFGR, DISCNUM) + 1 : length;
    if (g->next >= length) {
        g->next = 0;
    }
    g->begun = true;
}

/* What comes after a conversion, unless the result has to be read first */
static void stm32mp1_adc_advance(STM32MP1AdcUnit *u)
{
    STM32MP1AdcGroup *g = &u->regular;
    uint32_t cfgr = u->regs[R_CFGR];

    if (u->converting) {
        return;
    }
    if (u->injected.begun && u->injected.left) {
        stm32mp1_adc_convert(u, true);
        return;
    }
    if (u->injected.begun) {
        u->injected.begun = false;
        if (!stm32mp1_adc_jtriggered(u)) {
            u->regs[R_CR] &= ~R_CR_JADSTART_MASK;
        }
    }
    if (!g->begun) {
        return;
    }
    if (g->left == 0 && !(cfgr & R_CFGR_CONT_MASK)) {
        g->begun = false;
        if (!stm32mp1_adc_triggered(u)) {
            u->regs[R_CR] &= ~R_CR_ADSTART_MASK;
        }
    } else if (!(cfgr & R_CFGR_AUTDLY_MASK) ||
               !(u->regs[R_ISR] & (R_ISR_EOC_MASK | R_ISR_JEOS_MASK))) {
        if (!g->left) {
            stm32mp1_adc_begin(u);
        }
        stm32mp1_adc_convert(u, false);
    }
}

/* A trigger, or ADSTART without one */
static void stm32mp1_adc_fire(STM32MP1AdcUnit *u)
{
    /* in the middle of its sequence, if each sample waits for one */
    if (!stm32mp1_adc_stepwise(u, false) || !u->regular.left) {
        stm32mp1_adc_begin(u);
    }
    u->regular.begun = true;
    if (!u->converting && !u->injected.begun) {
        stm32mp1_adc_convert(u, false);
    }
}

/* The regular conversion that is going on is made again afterwards. */
static void stm32mp1_adc_interrupt(STM32MP1AdcUnit *u)
{
    STM32MP1AdcGroup *g = &u->regular;

    if (u->converting && !u->injecting) {
        int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
        unsigned channel = stm32mp1_adc_channel(u, false, g->next);

        if (timer_pending(u->timer)) {
            unsigned done = muldiv64(now - u->from_ns, u->batch,
                                     timer_expire_time_ns(u->timer) -
                                     u->from_ns);

            done = MIN(done, u->batch - 1);
            g->sum += done * stm32mp1_adc_sample(u, channel);
            g->samples += done;
        }
        u->converting = false;
        timer_del(u->timer);
    }
    if (u->regs[R_CFGR2] & (R_CFGR2_ROVSM_MASK | R_CFGR2_JOVSE_MASK)) {
        g->sum = 0;
        g->samples = 0;
    }
}

static void stm32mp1_adc_fire_injected(STM32MP1AdcUnit *u)
{
    if (!u->injected.begun) {
        stm32mp1_adc_inject(u);
        stm32mp1_adc_interrupt(u);
        stm32mp1_adc_advance(u);
    }
}

static void stm32mp1_adc_expired(void *opaque)
{
    STM32MP1AdcUnit *u = opaque;

    if (u->converting) {
        if (stm32mp1_adc_stepwise(u, u->injecting)) {
            u->regular.begun = false;
        }
        stm32mp1_adc_converted(u);
        stm32mp1_adc_advance(u);
    }
    stm32mp1_adc_update(u);
}

/*
 * A conversion that is at its end, but for which QEMU had no time yet. It had
 * none for DMA either, then, whose turn comes before: it would be an overrun
 * if DMA itself, which is late, caused the next conversion to end.
 */
static void stm32mp1_adc_catch_up(STM32MP1AdcUnit *u)
{
    if (timer_pending(u->timer) && !stm32mp1_adc_request(u) &&
        timer_expire_time_ns(u->timer) <=
        qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)) {
        timer_del(u->timer);
        stm32mp1_adc_expired(u);
    }
}

static void stm32mp1_adc_set_trigger(void *opaque, int n, int level)
{
    STM32MP1AdcState *s = opaque;
    unsigned edge = level ? EDGE_RISING : EDGE_FALLING;

    if (s->trigger[n] == (level != 0)) {
        return;
    }
    s->trigger[n] = level;
    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        STM32MP1AdcUnit *u = &s->unit[i];
        uint32_t cfgr = u->regs[R_CFGR];
        uint32_t jsqr = u->regs[R_JSQR];

        /* One that comes while a sequence is going on is ignored. */
        if ((u->regs[R_CR] & R_CR_ADSTART_MASK) && !u->regular.begun &&
            FIELD_EX32(cfgr, CFGR, EXTSEL) == n &&
            (FIELD_EX32(cfgr, CFGR, EXTEN) & edge)) {
            trace_stm32mp1_adc_trigger(i + 1, n);
            stm32mp1_adc_fire(u);
        }
        if ((u->regs[R_CR] & R_CR_JADSTART_MASK) && !u->injected.begun &&
            FIELD_EX32(jsqr, JSQR, JEXTSEL) + STM32MP1_ADC_INJECTED == n &&
            (FIELD_EX32(jsqr, JSQR, JEXTEN) & edge)) {
            trace_stm32mp1_adc_trigger(i + 1, n);
            stm32mp1_adc_fire_injected(u);
        }
    }
}

/* Not converting for this group, nothing begun */
static void stm32mp1_adc_stop(STM32MP1AdcUnit *u, bool injected)
{
    u->regs[R_CR] &= ~(injected ? R_CR_JADSTART_MASK : R_CR_ADSTART_MASK);
    memset(stm32mp1_adc_group(u, injected), 0, sizeof(STM32MP1AdcGroup));
    if (u->injecting == injected) {
        u->converting = false;
        timer_del(u->timer);
    }
}

/* Neither for the one nor for the other */
static void stm32mp1_adc_stop_all(STM32MP1AdcUnit *u)
{
    stm32mp1_adc_stop(u, false);
    stm32mp1_adc_stop(u, true);
}

/*
 * The queue of contexts matters where JSQR is written between injected
 * conversions, and where they end with it (JQM).
 */
static void stm32mp1_adc_check_queue(const STM32MP1AdcUnit *u, bool starts)
{
    uint32_t cfgr = u->regs[R_CFGR];

    if (!(cfgr & R_CFGR_JQDIS_MASK) && (u->regs[R_CR] & R_CR_JADSTART_MASK) &&
        (!starts || (cfgr & R_CFGR_JQM_MASK))) {
        qemu_log_mask(LOG_UNIMP, "stm32mp1-adc: ADC%u: no queue of injected "
                      "contexts\n", stm32mp1_adc_number(u));
    }
}

static void stm32mp1_adc_write_cr(STM32MP1AdcUnit *u, uint32_t value)
{
    uint32_t *cr = &u->regs[R_CR];
    uint32_t command = value & CR_COMMANDS & ~*cr;
    const char *wrong = NULL;

    *cr = (*cr & CR_COMMANDS) | (value & CR_STORAGE);
    if (!(*cr & R_CR_ADVREGEN_MASK) || (*cr & R_CR_DEEPPWD_MASK)) {
        u->regs[R_ISR] &= ~R_ISR_LDORDY_MASK;
        stm32mp1_adc_stop_all(u);
        *cr &= ~CR_COMMANDS;
        if (command) {
            wrong = "a command without the voltage regulator";
        }
        command = 0;
    } else {
        u->regs[R_ISR] |= R_ISR_LDORDY_MASK;
    }

    if (command & R_CR_ADCAL_MASK) {
        if (*cr & R_CR_ADEN_MASK) {
            wrong = "ADCAL while enabled";
        } else if (*cr & R_CR_ADCALLIN_MASK) {
            *cr |= R_CR_LINCALRDYW_MASK;
        }
    }
    if (command & R_CR_ADEN_MASK) {
        *cr |= R_CR_ADEN_MASK;
        u->regs[R_ISR] |= R_ISR_ADRDY_MASK;
    }
    if ((command & (R_CR_ADSTART_MASK | R_CR_JADSTART_MASK |
                    R_CR_ADDIS_MASK)) && !(*cr & R_CR_ADEN_MASK)) {
        wrong = "a start or ADDIS while disabled";
        command = 0;
    } else if (command & R_CR_ADDIS_MASK) {
        if (*cr & (R_CR_ADSTART_MASK | R_CR_JADSTART_MASK)) {
            wrong = "ADDIS while converting";
        } else {
            *cr &= ~R_CR_ADEN_MASK;
        }
        command = 0;
    }
    if ((command & R_CR_JADSTART_MASK) && stm32mp1_adc_jauto(u)) {
        wrong = "JADSTART with JAUTO";
    } else if (command & R_CR_JADSTART_MASK) {
        *cr |= R_CR_JADSTART_MASK;
        stm32mp1_adc_check_queue(u, true);
        if (!stm32mp1_adc_jtriggered(u)) {
            stm32mp1_adc_fire_injected(u);
        }
    }
    if (command & R_CR_ADSTART_MASK) {
        *cr |= R_CR_ADSTART_MASK;
        if (!stm32mp1_adc_triggered(u)) {
            stm32mp1_adc_fire(u);
        }
    }
    if (command & R_CR_ADSTP_MASK) {
        stm32mp1_adc_stop(u, false);
    }
    if ((command & R_CR_JADSTP_MASK) ||
        ((command & R_CR_ADSTP_MASK) && stm32mp1_adc_jauto(u))) {
        stm32mp1_adc_stop(u, true);
        stm32mp1_adc_advance(u);
    }
    if (wrong) {
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-adc: ADC%u: %s\n",
                      stm32mp1_adc_number(u), wrong);
    }
}

static void stm32mp1_adc_write_unit(STM32MP1AdcUnit *u, hwaddr addr,
                                    uint32_t value)
{
    unsigned reg = addr / 4;

    switch (reg) {
    case R_ISR:
        u->regs[R_ISR] &= ~(value & ISR_FLAGS);
        stm32mp1_adc_advance(u);
        break;
    case R_CR:
        stm32mp1_adc_write_cr(u, value);
        break;
    default:
        for (unsigned i = 0; i < ARRAY_SIZE(storage); i++) {
            if (storage[i].reg == reg) {
                u->regs[reg] = value & storage[i].mask;
                if (reg == R_JSQR) {
                    stm32mp1_adc_check_queue(u, false);
                }
                stm32mp1_adc_update(u);
                return;
            }
        }
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-adc: no writable register at "
                      "0x%" HWADDR_PRIx " of ADC%u\n", addr,
                      stm32mp1_adc_number(u));
        return;
    }
    stm32mp1_adc_update(u);
}

static bool stm32mp1_adc_has(unsigned reg)
{
    for (unsigned i = 0; i < ARRAY_SIZE(storage); i++) {
        if (storage[i].reg == reg) {
            return true;
        }
    }
    return reg == R_ISR || reg == R_CR || reg == R_DR ||
           (reg >= R_JDR1 && reg <= R_JDR4);
}

static uint32_t stm32mp1_adc_read_unit(STM32MP1AdcUnit *u, hwaddr addr)
{
    unsigned reg = addr / 4;
    uint32_t value = u->regs[reg];

    if (!stm32mp1_adc_has(reg)) {
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-adc: no register at 0x%"
                      HWADDR_PRIx " of ADC%u\n", addr, stm32mp1_adc_number(u));
        return 0;
    }
    if (reg == R_DR && (u->regs[R_ISR] & R_ISR_EOC_MASK)) {
        u->regs[R_ISR] &= ~R_ISR_EOC_MASK;
        stm32mp1_adc_advance(u);
        stm32mp1_adc_update(u);
    } else if (reg >= R_JDR1 && reg <= R_JDR4) {
        u->regs[R_ISR] &= ~R_ISR_JEOC_MASK;
        stm32mp1_adc_update(u);
    }
    return value;
}

static uint32_t stm32mp1_adc_read_common(STM32MP1AdcState *s, hwaddr addr)
{
    switch (addr) {
    case A_CSR:
        return (s->unit[0].regs[R_ISR] & ISR_FLAGS) |
               (s->unit[1].regs[R_ISR] & ISR_FLAGS) << 16;
    case A_CCR:
        return s->ccr;
    case A_CDR:
    case A_CDR2:
        return 0;
    case A_HWCFGR0:
        return STM32MP1_ADC_NUM;        /* ADCNUM; the rest is not known */
    case A_VERR:
        return 0;
    case A_IPIDR:
        return 0x00110005;
    case A_SIDR:
        return 0xa3c5dd01;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-adc: no register at 0x%"
                      HWADDR_PRIx "\n", addr);
        return 0;
    }
}

static uint64_t stm32mp1_adc_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1AdcState *s = opaque;
    hwaddr reg = QEMU_ALIGN_DOWN(addr, 4);
    uint32_t value;

    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        stm32mp1_adc_catch_up(&s->unit[i]);
    }
    if (reg < STM32MP1_ADC_NUM * UNIT_SIZE) {
        value = stm32mp1_adc_read_unit(&s->unit[reg / UNIT_SIZE],
                                       reg % UNIT_SIZE);
    } else {
        value = stm32mp1_adc_read_common(s, reg);
    }
    value = extract32(value, 8 * (addr - reg), 8 * size);
    trace_stm32mp1_adc_read(addr, value, size);
    return value;
}

static void stm32mp1_adc_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size)
{
    STM32MP1AdcState *s = opaque;

    trace_stm32mp1_adc_write(addr, value, size);
    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        stm32mp1_adc_catch_up(&s->unit[i]);
    }
    if (size != 4) {
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-adc: %u-byte write at 0x%"
                      HWADDR_PRIx "\n", size, addr);
    } else if (addr < STM32MP1_ADC_NUM * UNIT_SIZE) {
        stm32mp1_adc_write_unit(&s->unit[addr / UNIT_SIZE], addr % UNIT_SIZE,
                                value);
    } else if (addr == A_CCR) {
        s->ccr = value & CCR_MASK;
        if (FIELD_EX32(value, CCR, DUAL)) {
            qemu_log_mask(LOG_UNIMP, "stm32mp1-adc: no dual mode\n");
        }
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-adc: no writable register at "
                      "0x%" HWADDR_PRIx "\n", addr);
    }
}

static const MemoryRegionOps stm32mp1_adc_ops = {
    .read = stm32mp1_adc_read,
    .write = stm32mp1_adc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

static void stm32mp1_adc_reset_enter(Object *obj, ResetType type)
{
    STM32MP1AdcState *s = STM32MP1_ADC(obj);

    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        STM32MP1AdcUnit *u = &s->unit[i];

        memset(u->regs, 0, sizeof(u->regs));
        for (unsigned j = 0; j < ARRAY_SIZE(storage); j++) {
            u->regs[storage[j].reg] = storage[j].reset;
        }
        u->regs[R_CR] = R_CR_DEEPPWD_MASK;
        stm32mp1_adc_stop_all(u);
    }
    s->ccr = 0;
}

static void stm32mp1_adc_reset_hold(Object *obj, ResetType type)
{
    STM32MP1AdcState *s = STM32MP1_ADC(obj);

    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        stm32mp1_adc_update(&s->unit[i]);
    }
}

static void stm32mp1_adc_init(Object *obj)
{
    STM32MP1AdcState *s = STM32MP1_ADC(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);
    DeviceState *dev = DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_adc_ops, s,
                          TYPE_STM32MP1_ADC, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    s->clk = qdev_init_clock_in(dev, "clk", NULL, NULL, 0);
    s->hclk = qdev_init_clock_in(dev, "hclk", NULL, NULL, 0);
    qdev_init_gpio_in_named(dev, stm32mp1_adc_set_trigger, "trigger",
                            STM32MP1_ADC_TRIGGERS);
    s->vref = VREF_UV;
    object_property_add_uint32_ptr(obj, "vref", &s->vref,
                                   OBJ_PROP_FLAG_READWRITE);
    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        STM32MP1AdcUnit *u = &s->unit[i];

        u->adc = s;
        sysbus_init_irq(sbd, &u->irq);
        qdev_init_gpio_out_named(dev, &u->request, "dma-request", 1);
        u->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_adc_expired, u);
        for (unsigned j = 0; j < STM32MP1_ADC_CHANNELS; j++) {
            g_autofree char *name = g_strdup_printf("adc%u-in%u", i + 1, j);

            object_property_add_uint32_ptr(obj, name, &u->input[j],
                                           OBJ_PROP_FLAG_READWRITE);
        }
    }
    s->unit[1].input[CH_VSENSE] = VSENSE_UV;
    s->unit[1].input[CH_VREFINT] = VREFINT_UV;
    s->unit[1].input[CH_VDDCORE] = VDDCORE_UV;
}

static void stm32mp1_adc_finalize(Object *obj)
{
    STM32MP1AdcState *s = STM32MP1_ADC(obj);

    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        timer_free(s->unit[i].timer);
    }
}

static int stm32mp1_adc_post_load(void *opaque, int version_id)
{
    STM32MP1AdcState *s = opaque;

    for (unsigned i = 0; i < STM32MP1_ADC_NUM; i++) {
        STM32MP1AdcUnit *u = &s->unit[i];

        if (u->regular.next > 15 || u->regular.left > 16 ||
            u->injected.next > 3 || u->injected.left > 4 ||
            u->regular.samples > 1024 || u->injected.samples > 1024 ||
            u->batch > 1024 ||
            (u->converting &&
             stm32mp1_adc_group(u, u->injecting)->left == 0)) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_adc_group = {
    .name = TYPE_STM32MP1_ADC "/group",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(next, STM32MP1AdcGroup),
        VMSTATE_UINT8(left, STM32MP1AdcGroup),
        VMSTATE_BOOL(begun, STM32MP1AdcGroup),
        VMSTATE_UINT16(samples, STM32MP1AdcGroup),
        VMSTATE_UINT32(sum, STM32MP1AdcGroup),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_stm32mp1_adc_unit = {
    .name = TYPE_STM32MP1_ADC "/unit",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, STM32MP1AdcUnit),
        VMSTATE_UINT32_ARRAY(regs, STM32MP1AdcUnit, STM32MP1_ADC_REGS),
        VMSTATE_UINT32_ARRAY(input, STM32MP1AdcUnit, STM32MP1_ADC_CHANNELS),
        VMSTATE_STRUCT(regular, STM32MP1AdcUnit, 1,
                       vmstate_stm32mp1_adc_group, STM32MP1AdcGroup),
        VMSTATE_STRUCT(injected, STM32MP1AdcUnit, 1,
                       vmstate_stm32mp1_adc_group, STM32MP1AdcGroup),
        VMSTATE_BOOL(converting, STM32MP1AdcUnit),
        VMSTATE_BOOL(injecting, STM32MP1AdcUnit),
        VMSTATE_UINT16(batch, STM32MP1AdcUnit),
        VMSTATE_INT64(from_ns, STM32MP1AdcUnit),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_stm32mp1_adc = {
    .name = TYPE_STM32MP1_ADC,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = stm32mp1_adc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1AdcState),
        VMSTATE_CLOCK(hclk, STM32MP1AdcState),
        VMSTATE_STRUCT_ARRAY(unit, STM32MP1AdcState, STM32MP1_ADC_NUM, 2,
                             vmstate_stm32mp1_adc_unit, STM32MP1AdcUnit),
        VMSTATE_UINT32(ccr, STM32MP1AdcState),
        VMSTATE_UINT32(vref, STM32MP1AdcState),
        VMSTATE_BOOL_ARRAY(trigger, STM32MP1AdcState, STM32MP1_ADC_TRIGGERS),
        VMSTATE_END_OF_LIST()
    }
};

static void stm32mp1_adc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 analog-to-digital converters";
    dc->vmsd = &vmstate_stm32mp1_adc;
    rc->phases.enter = stm32mp1_adc_reset_enter;
    rc->phases.hold = stm32mp1_adc_reset_hold;
}

static const TypeInfo stm32mp1_adc_types[] = {
    {
        .name = TYPE_STM32MP1_ADC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1AdcState),
        .instance_init = stm32mp1_adc_init,
        .instance_finalize = stm32mp1_adc_finalize,
        .class_init = stm32mp1_adc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_adc_types)
