/*
 * STM32MP1 advanced-control, general-purpose and basic timers (TIM)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The counter is computed when somebody looks. A host timer runs only while
 * an enabled interrupt is still to come, and never again before the guest
 * has cleared the flag; another one while DMA requests or triggers for other
 * devices are still to come, and not more often than each EVENT_NS. So no
 * period a guest can choose keeps QEMU busy.
 */

#include "qemu/osdep.h"
#include "hw/timer/stm32mp1_tim.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "trace.h"

REG32(CR1, 0x00)
    FIELD(CR1, CEN, 0, 1)
    FIELD(CR1, UDIS, 1, 1)
    FIELD(CR1, URS, 2, 1)
    FIELD(CR1, OPM, 3, 1)
    FIELD(CR1, DIR, 4, 1)
    FIELD(CR1, CMS, 5, 2)
    FIELD(CR1, ARPE, 7, 1)
    FIELD(CR1, CKD, 8, 2)
    FIELD(CR1, UIFREMAP, 11, 1)
REG32(CR2, 0x04)
    FIELD(CR2, CCDS, 3, 1)
    FIELD(CR2, MMS, 4, 3)
    FIELD(CR2, OIS1, 8, 1)
    FIELD(CR2, MMS2, 20, 4)
REG32(SMCR, 0x08)
    FIELD(SMCR, SMS, 0, 3)
    FIELD(SMCR, TS, 4, 3)
    FIELD(SMCR, ETPS, 12, 2)
    FIELD(SMCR, ECE, 14, 1)
    FIELD(SMCR, ETP, 15, 1)
    FIELD(SMCR, SMS_3, 16, 1)
    FIELD(SMCR, TS_4_3, 20, 2)
REG32(DIER, 0x0c)
    FIELD(DIER, BIE, 7, 1)
REG32(SR, 0x10)
    FIELD(SR, UIF, 0, 1)
    FIELD(SR, CC1IF, 1, 1)
    FIELD(SR, COMIF, 5, 1)
    FIELD(SR, TIF, 6, 1)
    FIELD(SR, BIF, 7, 1)
    FIELD(SR, B2IF, 8, 1)
    FIELD(SR, CC1OF, 9, 1)
    FIELD(SR, CC5IF, 16, 1)
REG32(EGR, 0x14)
    FIELD(EGR, UG, 0, 1)
    FIELD(EGR, CC1G, 1, 1)
    FIELD(EGR, COMG, 5, 1)
    FIELD(EGR, TG, 6, 1)
    FIELD(EGR, BG, 7, 1)
    FIELD(EGR, B2G, 8, 1)
REG32(CCMR1, 0x18)
REG32(CCMR2, 0x1c)
REG32(CCER, 0x20)
    FIELD(CCER, CC1E, 0, 1)
    FIELD(CCER, CC1P, 1, 1)
    FIELD(CCER, CC1NE, 2, 1)
    FIELD(CCER, CC1NP, 3, 1)
REG32(CNT, 0x24)
    FIELD(CNT, UIFCPY, 31, 1)
REG32(PSC, 0x28)
REG32(ARR, 0x2c)
REG32(RCR, 0x30)
REG32(CCR1, 0x34)
REG32(CCR4, 0x40)
REG32(BDTR, 0x44)
    FIELD(BDTR, LOCK, 8, 2)
    FIELD(BDTR, OSSI, 10, 1)
    FIELD(BDTR, OSSR, 11, 1)
    FIELD(BDTR, AOE, 14, 1)
    FIELD(BDTR, MOE, 15, 1)
REG32(DCR, 0x48)
    FIELD(DCR, DBA, 0, 5)
    FIELD(DCR, DBL, 8, 5)
REG32(DMAR, 0x4c)
REG32(CCMR3, 0x54)
REG32(CCR5, 0x58)
REG32(CCR6, 0x5c)
REG32(AF1, 0x60)
    FIELD(AF1, BKINE, 0, 1)
REG32(AF2, 0x64)
REG32(TISEL, 0x68)

#define CR1_MASK        0x0bff
#define CR1_BASIC_MASK  (CR1_MASK & ~(R_CR1_DIR_MASK | R_CR1_CMS_MASK))
#define SMCR_MASK       0x0031ffff
#define DIER_CC1        0x0202          /* interrupt and DMA request */
#define CCMR_MASK       0x0101ffff
#define CCER_CHANNEL    0xb
#define CCER_CC1NE      0x4
#define PSC_MASK        0xffff
#define DCR_MASK        0x1f1f
#define TISEL_MASK      0x0f0f0f0f

/* What LOCK keeps from being written, from level 1, 2 and 3 on */
#define LOCK1_BDTR      0x03ff70ff      /* DTG, breaks, AOE */
#define LOCK1_CR2       0x00057f00      /* OISx, OISxN */
#define LOCK2_BDTR      (R_BDTR_OSSI_MASK | R_BDTR_OSSR_MASK)
#define LOCK2_CCER      (R_CCER_CC1P_MASK | R_CCER_CC1NP_MASK)
#define LOCK3_CCMR      0x00010078      /* OCxM, OCxPE */

/* Centre-aligned modes: which way the counter goes when matches set flags */
#define CMS_DOWN        1
#define CMS_UP          2

/* What a timer has beyond its channels */
#define PLAIN           0
#define BREAK           1       /* TIM15 to TIM17: RCR, BDTR */
#define ADVANCED        2       /* TIM1, TIM8: two more channels, too */

/* A request is CCxDE, UDE, ... where CCxIE, UIE, ... are: so much higher */
#define DIER_DMA_SHIFT  8

/* Events are flags of SR, and these */
#define EVENT_UPDATE    BIT(24)         /* also one that sets no flag */
#define EVENT_RESET     BIT(25)         /* the counter begins anew */

/* Master modes */
#define MMS_RESET       0
#define MMS_ENABLE      1
#define MMS_UPDATE      2
#define MMS_COMPARE     3
#define MMS_OC1REF      4

/* Output compare modes */
#define OCM_ACTIVE      1
#define OCM_INACTIVE    2
#define OCM_TOGGLE      3
#define OCM_FORCED_LOW  4
#define OCM_FORCED_HIGH 5
#define OCM_PWM1        6
#define OCM_PWM2        7

/* Slave modes */
#define SMS_ENCODER1    1
#define SMS_ENCODER3    3
#define SMS_RESET       4
#define SMS_GATED       5
#define SMS_TRIGGER     6
#define SMS_CLOCK       7
#define SMS_RESET_TRIGGER 8

/* Trigger inputs */
#define TS_ITR3         3
#define TS_TI1F_ED      4
#define TS_TI1FP1       5
#define TS_TI2FP2       6
#define TS_ETRF         7

/* Events for other devices come no more often than that. */
#define EVENT_NS        (10 * SCALE_US)

/* The order of the requests in the DMAMUX, by their bit of SR */
static const uint8_t request_bits[STM32MP1_TIM_REQUESTS] = {
    1, 2, 3, 4, R_SR_UIF_SHIFT, R_SR_TIF_SHIFT, R_SR_COMIF_SHIFT,
};

static uint32_t stm32mp1_tim_max(const STM32MP1TimState *s)
{
    return MAKE_64BIT_MASK(0, s->width);
}

static uint32_t stm32mp1_tim_ccif(unsigned int ch)
{
    return R_SR_CC1IF_MASK << ch;
}

/* The byte of CCMR1 or CCMR2 that configures a channel */
static uint8_t stm32mp1_tim_ccm(const STM32MP1TimState *s, unsigned int ch)
{
    return s->ccmr[ch / 2] >> (8 * (ch % 2));
}

static bool stm32mp1_tim_is_output(const STM32MP1TimState *s, unsigned int ch)
{
    return extract32(stm32mp1_tim_ccm(s, ch), 0, 2) == 0;
}

static bool stm32mp1_tim_is_preloaded(const STM32MP1TimState *s,
                                      unsigned int ch)
{
    return extract32(stm32mp1_tim_ccm(s, ch), 3, 1);
}

static bool stm32mp1_tim_down(const STM32MP1TimState *s)
{
    return s->cr1 & R_CR1_DIR_MASK;
}

static uint64_t stm32mp1_tim_div(const STM32MP1TimState *s)
{
    return s->psc_shadow + 1;
}

/* 0 where the counter does not turn round */
static unsigned int stm32mp1_tim_cms(const STM32MP1TimState *s)
{
    return FIELD_EX32(s->cr1, CR1, CMS);
}

/* From one overflow or underflow to the next */
static uint64_t stm32mp1_tim_period(const STM32MP1TimState *s)
{
    return stm32mp1_tim_cms(s) ? s->arr_shadow : (uint64_t)s->arr_shadow + 1;
}

/* Steps that the counter has to make until the next overflow or underflow */
static uint64_t stm32mp1_tim_to_update(const STM32MP1TimState *s)
{
    uint64_t max = stm32mp1_tim_max(s);

    if (stm32mp1_tim_cms(s)) {
        /* one that software has put where it turns does so at the next step */
        uint64_t left = stm32mp1_tim_down(s) ? s->cnt :
                        s->arr_shadow - MIN(s->cnt, s->arr_shadow);

        return MAX(left, 1);
    }
    if (stm32mp1_tim_down(s)) {
        return (uint64_t)s->cnt + 1;
    }
    if (s->cnt <= s->arr_shadow) {
        return stm32mp1_tim_period(s) - s->cnt;
    }
    /* It missed ARR: all the way round without an event, then a period */
    return max + 1 - s->cnt + stm32mp1_tim_period(s);
}

/*
 * The same for a counter that goes from 0 to ARR and back, if it has to go up
 * or down then; where it turns, it does both.
 */
static uint64_t stm32mp1_tim_to_value_centred(const STM32MP1TimState *s,
                                              uint32_t value, bool up,
                                              bool down)
{
    uint64_t arr = s->arr_shadow;
    uint64_t cnt = MIN(s->cnt, arr);
    uint64_t at = stm32mp1_tim_down(s) ? 2 * arr - cnt : cnt;
    uint64_t steps = UINT64_MAX;

    if (value > arr) {
        return UINT64_MAX;
    }
    if (up || value == 0 || value == arr) {
        steps = value > at ? value - at : 2 * arr + value - at;
    }
    if (down) {
        uint64_t back = 2 * arr - value;

        steps = MIN(steps, back > at ? back - at : 2 * arr + back - at);
    }
    return steps;
}

/* Steps until the counter shows @value again, UINT64_MAX if it never does */
static uint64_t stm32mp1_tim_to_value(const STM32MP1TimState *s,
                                      uint32_t value)
{
    uint64_t max = stm32mp1_tim_max(s);
    uint64_t cnt = s->cnt;
    unsigned int cms = stm32mp1_tim_cms(s);

    if (cms) {
        return stm32mp1_tim_to_value_centred(s, value, cms & CMS_UP,
                                             cms & CMS_DOWN);
    }
    if (stm32mp1_tim_down(s)) {
        if (value < cnt) {
            return cnt - value;
        }
        return value <= s->arr_shadow ? cnt + 1 + s->arr_shadow - value
                                      : UINT64_MAX;
    }
    if (cnt > s->arr_shadow) {
        if (value > cnt) {
            return value - cnt;
        }
        return value <= s->arr_shadow ? max + 1 - cnt + value : UINT64_MAX;
    }
    if (value > s->arr_shadow) {
        return UINT64_MAX;
    }
    return value > cnt ? value - cnt
                       : stm32mp1_tim_period(s) - cnt + value;
}

/* Set flags of SR. What they tell others is done by stm32mp1_tim_update(). */
static void stm32mp1_tim_raise(STM32MP1TimState *s, uint32_t flags)
{
    s->sr |= flags;
    s->events |= flags;
}

/* The output compare mode of a channel */
static unsigned int stm32mp1_tim_ocm(const STM32MP1TimState *s,
                                     unsigned int ch)
{
    return extract32(stm32mp1_tim_ccm(s, ch), 4, 3) |
           extract32(s->ccmr[ch / 2], 16 + 8 * (ch % 2), 1) << 3;
}

/* What @times matches make of the level of an output */
static void stm32mp1_tim_match_ref(STM32MP1TimState *s, unsigned int ch,
                                   uint64_t times)
{
    switch (stm32mp1_tim_ocm(s, ch)) {
    case OCM_ACTIVE:
        s->ocref |= BIT(ch);
        break;
    case OCM_INACTIVE:
        s->ocref &= ~BIT(ch);
        break;
    case OCM_TOGGLE:
        s->ocref ^= times % 2 ? BIT(ch) : 0;
        break;
    default:
        break;
    }
}

/*
 * The counter makes @steps, no more than a period, and all of it @times over.
 */
static void stm32mp1_tim_match(STM32MP1TimState *s, uint64_t steps,
                               uint64_t times)
{
    bool centred = stm32mp1_tim_cms(s);

    for (unsigned int ch = 0; ch < s->channels; ch++) {
        uint32_t value = s->ccr_shadow[ch];
        uint64_t to_value = centred ?
            stm32mp1_tim_to_value_centred(s, value, true, true) :
            stm32mp1_tim_to_value(s, value);

        if (!stm32mp1_tim_is_output(s, ch)) {
            continue;
        }
        if (stm32mp1_tim_to_value(s, value) <= steps) {
            stm32mp1_tim_raise(s, stm32mp1_tim_ccif(ch));
        }
        if (to_value <= steps) {
            stm32mp1_tim_match_ref(s, ch, times);
        }
    }
    if (s->kind == ADVANCED) {
        for (unsigned int i = 0; i < ARRAY_SIZE(s->ccr56); i++) {
            if (stm32mp1_tim_to_value(s, s->ccr56[i]) <= steps) {
                stm32mp1_tim_raise(s, R_SR_CC5IF_MASK << i);
            }
        }
    }
}

static unsigned int stm32mp1_tim_sms(const STM32MP1TimState *s)
{
    return FIELD_EX32(s->smcr, SMCR, SMS) |
           FIELD_EX32(s->smcr, SMCR, SMS_3) << 3;
}

/* Whether inputs step the counter, not the clock */
static bool stm32mp1_tim_is_stepped(const STM32MP1TimState *s)
{
    unsigned int sms = stm32mp1_tim_sms(s);

    return sms == SMS_CLOCK || (s->smcr & R_SMCR_ECE_MASK) ||
           (sms >= SMS_ENCODER1 && sms <= SMS_ENCODER3);
}

/* Let the clock count, or not. Call with the counter brought up to date. */
static void stm32mp1_tim_run(STM32MP1TimState *s)
{
    bool running = (s->cr1 & R_CR1_CEN_MASK) && !stm32mp1_tim_is_stepped(s) &&
                   (stm32mp1_tim_sms(s) != SMS_GATED || s->trigger);

    stm32mp1_ticks_run(&s->ticks, s->clk, running);
}

/* Update event: preload registers take effect, one-pulse mode ends */
static void stm32mp1_tim_update_event(STM32MP1TimState *s, bool by_software)
{
    if (s->cr1 & R_CR1_UDIS_MASK) {
        return;
    }
    s->psc_shadow = s->psc;
    s->arr_shadow = s->arr;
    memcpy(s->ccr_shadow, s->ccr, sizeof(s->ccr_shadow));
    s->events |= EVENT_UPDATE;
    if (!by_software || !(s->cr1 & R_CR1_URS_MASK)) {
        stm32mp1_tim_raise(s, R_SR_UIF_MASK);
    }
    if (s->bdtr & R_BDTR_AOE_MASK) {
        s->bdtr |= R_BDTR_MOE_MASK;
    }
    if (s->cr1 & R_CR1_OPM_MASK) {
        s->cr1 &= ~R_CR1_CEN_MASK;
        stm32mp1_tim_run(s);
    }
}

/* The counter went round: only each RCR + 1 times is that an update event. */
static void stm32mp1_tim_overflow(STM32MP1TimState *s)
{
    if (s->repetitions) {
        s->repetitions--;
    } else {
        s->repetitions = s->rcr;
        stm32mp1_tim_update_event(s, false);
    }
}

/* Whether an update event would change nothing but flags */
static bool stm32mp1_tim_is_steady(const STM32MP1TimState *s)
{
    return (s->cr1 & R_CR1_UDIS_MASK) ||
           (!(s->cr1 & R_CR1_OPM_MASK) && s->psc == s->psc_shadow &&
            s->arr == s->arr_shadow &&
            !memcmp(s->ccr, s->ccr_shadow, sizeof(s->ccr)));
}

/* As many as @periods that are all alike, from the start of one on */
static void stm32mp1_tim_skip(STM32MP1TimState *s, uint64_t periods)
{
    bool centred = stm32mp1_tim_cms(s);

    if (periods > s->repetitions && !stm32mp1_tim_is_steady(s)) {
        periods = s->repetitions;
    }
    if (centred) {
        /* there and back */
        periods &= ~1ull;
    }
    if (periods == 0) {
        return;
    }
    if (centred) {
        stm32mp1_tim_match(s, 2 * stm32mp1_tim_period(s), 0);
    } else {
        stm32mp1_tim_match(s, stm32mp1_tim_period(s), periods);
    }
    s->cnt_tick += periods * stm32mp1_tim_period(s) * stm32mp1_tim_div(s);
    if (periods <= s->repetitions) {
        s->repetitions -= periods;
    } else {
        periods -= s->repetitions + 1;
        s->repetitions = s->rcr - periods % (s->rcr + 1);
        stm32mp1_tim_update_event(s, false);
    }
}

/* Bring counter and flags up to the present */
static void stm32mp1_tim_sync(STM32MP1TimState *s)
{
    uint64_t now = stm32mp1_ticks_now(&s->ticks, s->clk);

    while (s->cr1 & R_CR1_CEN_MASK) {
        uint64_t div = stm32mp1_tim_div(s);
        uint64_t steps = (now - s->cnt_tick) / div;
        uint64_t to_update;

        if (s->arr_shadow == 0) {
            /* "The counter is blocked while the auto-reload value is null" */
            s->cnt_tick = now;
            return;
        }

        to_update = stm32mp1_tim_to_update(s);
        stm32mp1_tim_match(s, MIN(steps, to_update), 1);
        if (steps < to_update) {
            s->cnt = stm32mp1_tim_down(s) ? s->cnt - steps : s->cnt + steps;
            s->cnt &= stm32mp1_tim_max(s);
            s->cnt_tick += steps * div;
            return;
        }

        s->cnt_tick += to_update * div;
        if (stm32mp1_tim_cms(s)) {
            s->cr1 ^= R_CR1_DIR_MASK;
        }
        stm32mp1_tim_overflow(s);
        s->cnt = stm32mp1_tim_down(s) ? s->arr_shadow : 0;

        if ((s->cr1 & R_CR1_CEN_MASK) && s->arr_shadow != 0) {
            stm32mp1_tim_skip(s, (now - s->cnt_tick) / stm32mp1_tim_div(s) /
                                 stm32mp1_tim_period(s));
        }
    }
}

/* Steps until one of the @wanted flags of SR can be raised */
static uint64_t stm32mp1_tim_to_flag(const STM32MP1TimState *s,
                                     uint32_t wanted)
{
    uint64_t to_update = stm32mp1_tim_to_update(s) +
                         s->repetitions * stm32mp1_tim_period(s);
    uint64_t steps = UINT64_MAX;
    bool update = !(s->cr1 & R_CR1_UDIS_MASK);

    if (update && (wanted & R_SR_UIF_MASK)) {
        steps = to_update;
    }
    for (unsigned int ch = 0; ch < s->channels; ch++) {
        if (!(wanted & stm32mp1_tim_ccif(ch)) ||
            !stm32mp1_tim_is_output(s, ch)) {
            continue;
        }
        steps = MIN(steps, stm32mp1_tim_to_value(s, s->ccr_shadow[ch]));
        /* What holds after an update that loads new values is known then */
        if (update && (s->psc != s->psc_shadow || s->arr != s->arr_shadow ||
                       s->ccr[ch] != s->ccr_shadow[ch])) {
            steps = MIN(steps, to_update);
        }
    }
    return steps;
}

/* The flag of SR with which the master mode @mms has a rising edge */
static uint32_t stm32mp1_tim_mms_flag(const STM32MP1TimState *s,
                                      unsigned int mms)
{
    unsigned int ch = mms - MMS_OC1REF;

    if (mms >= MMS_OC1REF && stm32mp1_tim_cms(s)) {
        return 0;
    }
    switch (mms) {
    case MMS_RESET:
        return EVENT_RESET;
    case MMS_UPDATE:
        return EVENT_UPDATE;
    case MMS_COMPARE:
        return stm32mp1_tim_ccif(0);
    case MMS_OC1REF ... MMS_OC1REF + STM32MP1_TIM_CHANNELS - 1:
        switch (stm32mp1_tim_ocm(s, ch)) {
        case OCM_PWM1:
            /* high from the start of a period to the match, if there is one */
            return s->ccr_shadow[ch] ? EVENT_UPDATE : 0;
        case OCM_ACTIVE:
        case OCM_TOGGLE:
        case OCM_PWM2:
            return stm32mp1_tim_ccif(ch);
        default:
            return 0;
        }
    default:
        return 0;
    }
}

static unsigned int stm32mp1_tim_mms(const STM32MP1TimState *s,
                                     unsigned int output)
{
    return output ? FIELD_EX32(s->cr2, CR2, MMS2) :
                    FIELD_EX32(s->cr2, CR2, MMS);
}

static unsigned int stm32mp1_tim_outputs(const STM32MP1TimState *s)
{
    return s->kind == ADVANCED ? STM32MP1_TIM_TRGOS : 1;
}

/* The requests that an event makes: flags of SR, at their places in DIER */
static uint32_t stm32mp1_tim_dma_flags(const STM32MP1TimState *s,
                                       uint32_t events)
{
    uint32_t ccifs = MAKE_64BIT_MASK(R_SR_CC1IF_SHIFT, STM32MP1_TIM_CHANNELS);

    if (s->cr2 & R_CR2_CCDS_MASK) {
        events &= ~ccifs;
        if (events & R_SR_UIF_MASK) {
            events |= ccifs;
        }
    }
    return events & (s->dier >> DIER_DMA_SHIFT);
}

/* The flags that others than interrupts wait for */
static uint32_t stm32mp1_tim_awaited(const STM32MP1TimState *s)
{
    uint32_t flags = s->dier >> DIER_DMA_SHIFT;

    if ((s->cr2 & R_CR2_CCDS_MASK) && flags) {
        flags |= R_SR_UIF_MASK;
    }
    for (unsigned int i = 0; i < stm32mp1_tim_outputs(s); i++) {
        flags |= stm32mp1_tim_mms_flag(s, stm32mp1_tim_mms(s, i));
    }
    return flags & EVENT_UPDATE ? flags | R_SR_UIF_MASK : flags;
}

/* Tell DMA and other devices what has happened. */
static void stm32mp1_tim_tell(STM32MP1TimState *s)
{
    uint32_t events = s->events;
    uint32_t requests = stm32mp1_tim_dma_flags(s, events);

    s->events = 0;
    for (unsigned int i = 0; i < STM32MP1_TIM_REQUESTS; i++) {
        uint32_t flag = BIT(request_bits[i]);

        if (!(s->dier & flag << DIER_DMA_SHIFT)) {
            s->pending[i] = 0;
        } else if ((requests & flag) && !s->pending[i]) {
            s->pending[i] = FIELD_EX32(s->dcr, DCR, DBL) + 1;
        }
        qemu_set_irq(s->request[i], s->pending[i] != 0);
    }
    for (unsigned int i = 0; i < stm32mp1_tim_outputs(s); i++) {
        unsigned int mms = stm32mp1_tim_mms(s, i);

        bool level = mms == MMS_ENABLE && (s->cr1 & R_CR1_CEN_MASK);

        if (level != s->trgo_level[i]) {
            s->trgo_level[i] = level;
            qemu_set_irq(s->trgo[i], level);
        }
        if (events & stm32mp1_tim_mms_flag(s, mms)) {
            trace_stm32mp1_tim_trgo(DEVICE(s)->canonical_path, i, mms);
            qemu_irq_pulse(s->trgo[i]);
        }
    }
    if (events & stm32mp1_tim_awaited(s)) {
        s->event_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    }
}

/* The flags of SR that each interrupt is for; DIER has them at the same bits */
static const uint32_t irq_lines[STM32MP1_TIM_IRQS] = {
    0,          /* break: two flags with one bit of DIER */
    R_SR_UIF_MASK,
    R_SR_TIF_MASK | R_SR_COMIF_MASK,
    0x1e,
};

/* The flags for which an interrupt is enabled, whether they are set or not */
static uint32_t stm32mp1_tim_enabled(const STM32MP1TimState *s,
                                     unsigned int line)
{
    if (line == 0 && (s->dier & R_DIER_BIE_MASK)) {
        return R_SR_BIF_MASK | R_SR_B2IF_MASK;
    }
    return irq_lines[line] & s->dier;
}

static void stm32mp1_tim_arm(STM32MP1TimState *s, QEMUTimer *timer,
                             uint32_t wanted)
{
    uint64_t steps = UINT64_MAX;

    if (wanted && (s->cr1 & R_CR1_CEN_MASK) && s->arr_shadow != 0) {
        steps = stm32mp1_tim_to_flag(s, wanted);
    }
    if (steps == UINT64_MAX) {
        timer_del(timer);
    } else {
        stm32mp1_ticks_arm(&s->ticks, s->clk, timer,
                           s->cnt_tick + steps * stm32mp1_tim_div(s));
    }
}

/* Drive the outputs, and see to it that the next change comes in time */
static void stm32mp1_tim_update(STM32MP1TimState *s)
{
    uint32_t waiting = 0;
    bool any = false;

    for (unsigned int i = 0; i < STM32MP1_TIM_IRQS; i++) {
        uint32_t enabled = stm32mp1_tim_enabled(s, i);
        bool level = s->sr & enabled;

        any |= level;
        waiting |= level ? 0 : enabled;
        if (s->kind == ADVANCED) {
            qemu_set_irq(s->irq[i], level);
        }
    }
    if (s->kind != ADVANCED) {
        qemu_set_irq(s->irq[0], any);
        waiting = any ? 0 : waiting;
    }
    trace_stm32mp1_tim_update(DEVICE(s)->canonical_path, s->cnt, s->sr, any);
    stm32mp1_tim_tell(s);

    stm32mp1_tim_arm(s, s->timer, waiting);
    stm32mp1_tim_arm(s, s->event_timer, stm32mp1_tim_awaited(s));
    if (timer_pending(s->event_timer) &&
        timer_expire_time_ns(s->event_timer) < s->event_ns + EVENT_NS) {
        timer_mod(s->event_timer, s->event_ns + EVENT_NS);
    }
}

static void stm32mp1_tim_expired(void *opaque)
{
    STM32MP1TimState *s = opaque;

    stm32mp1_tim_sync(s);
    stm32mp1_tim_update(s);
}

static void stm32mp1_tim_clk_event(void *opaque, ClockEvent event)
{
    STM32MP1TimState *s = opaque;

    if (event == ClockPreUpdate) {
        stm32mp1_tim_sync(s);
        stm32mp1_ticks_fold(&s->ticks, s->clk);
    } else {
        stm32mp1_tim_update(s);
    }
}

/* The counter begins anew: UG, or a trigger in reset mode */
static void stm32mp1_tim_restart(STM32MP1TimState *s)
{
    s->repetitions = s->rcr;
    s->events |= EVENT_RESET;
    if (stm32mp1_tim_cms(s)) {
        s->cr1 &= ~R_CR1_DIR_MASK;
    }
    stm32mp1_tim_update_event(s, true);
    s->cnt = stm32mp1_tim_down(s) ? s->arr_shadow : 0;
    s->cnt_tick = stm32mp1_ticks_now(&s->ticks, s->clk);
}

/* One count from outside, up or down */
static void stm32mp1_tim_step(STM32MP1TimState *s)
{
    if (s->cr1 & R_CR1_CEN_MASK) {
        s->ticks.base++;
        stm32mp1_tim_sync(s);
    }
}

/* The trigger input that TS selects has changed to @level. */
static void stm32mp1_tim_triggered(STM32MP1TimState *s, bool level)
{
    unsigned int sms = stm32mp1_tim_sms(s);

    s->trigger = level;
    if (sms < SMS_RESET || (!level && sms != SMS_GATED)) {
        return;
    }
    trace_stm32mp1_tim_triggered(DEVICE(s)->canonical_path, sms, level);
    stm32mp1_tim_raise(s, R_SR_TIF_MASK);
    switch (sms) {
    case SMS_RESET:
        stm32mp1_tim_restart(s);
        break;
    case SMS_RESET_TRIGGER:
        stm32mp1_tim_restart(s);
        /* fall through */
    case SMS_TRIGGER:
        s->cr1 |= R_CR1_CEN_MASK;
        break;
    case SMS_CLOCK:
        stm32mp1_tim_step(s);
        break;
    default:
        break;
    }
    stm32mp1_tim_run(s);
}

static unsigned int stm32mp1_tim_ts(const STM32MP1TimState *s)
{
    return FIELD_EX32(s->smcr, SMCR, TS) |
           FIELD_EX32(s->smcr, SMCR, TS_4_3) << 3;
}

static void stm32mp1_tim_capture(STM32MP1TimState *s, unsigned int ch)
{
    uint32_t flag = stm32mp1_tim_ccif(ch);

    if (s->sr & flag) {
        s->sr |= R_SR_CC1OF_MASK << ch;
    }
    s->ccr[ch] = s->ccr_shadow[ch] = s->cnt;
    trace_stm32mp1_tim_capture(DEVICE(s)->canonical_path, ch + 1, s->cnt);
    stm32mp1_tim_raise(s, flag);
}

/* Whether an edge to @level is active for the polarity of channel @ch */
static bool stm32mp1_tim_is_active(const STM32MP1TimState *s, unsigned int ch,
                                   bool level)
{
    uint32_t ccer = extract32(s->ccer, 4 * ch, 4);
    bool inverted = ccer & 2;

    return (ccer & 8 && inverted) || level != inverted;
}

/* An edge of the input @from for the channels that capture by it */
static void stm32mp1_tim_capture_edge(STM32MP1TimState *s, unsigned int from,
                                      bool level)
{
    for (unsigned int ch = 0; ch < s->channels; ch++) {
        unsigned int ccs = stm32mp1_tim_ccm(s, ch) & 3;
        unsigned int psc = extract32(stm32mp1_tim_ccm(s, ch), 2, 2);
        unsigned int source = ccs == 1 ? ch : ch ^ 1;

        if (ccs == 0 || ccs == 3 || source != from ||
            !extract32(s->ccer, 4 * ch, 1) ||
            !stm32mp1_tim_is_active(s, ch, level)) {
            continue;
        }
        if (++s->edges[ch] >> psc) {
            s->edges[ch] = 0;
            stm32mp1_tim_capture(s, ch);
        }
    }
}

/* Quadrature: the edge of one input counts by the level of the other. */
static void stm32mp1_tim_encoder_edge(STM32MP1TimState *s, unsigned int from)
{
    bool up = s->ti[0] == s->ti[1] ? from == 1 : from == 0;

    if (!(stm32mp1_tim_sms(s) & BIT(from))) {
        return;
    }
    s->cr1 = FIELD_DP32(s->cr1, CR1, DIR, !up);
    stm32mp1_tim_step(s);
}

/* Input "ti": the signal of a channel's pin */
static void stm32mp1_tim_set_ti(void *opaque, int n, int level)
{
    STM32MP1TimState *s = opaque;
    unsigned int sms = stm32mp1_tim_sms(s);
    unsigned int ts = stm32mp1_tim_ts(s);

    if (s->ti[n] == (level != 0)) {
        return;
    }
    stm32mp1_tim_sync(s);
    s->ti[n] = level;
    stm32mp1_tim_capture_edge(s, n, level);
    if (n < 2 && sms >= SMS_ENCODER1 && sms <= SMS_ENCODER3) {
        stm32mp1_tim_encoder_edge(s, n);
    } else if (n == 0 && ts == TS_TI1F_ED) {
        stm32mp1_tim_triggered(s, true);
    } else if ((n == 0 && ts == TS_TI1FP1) || (n == 1 && ts == TS_TI2FP2)) {
        stm32mp1_tim_triggered(s, stm32mp1_tim_is_active(s, n, level));
    }
    stm32mp1_tim_update(s);
}

static bool stm32mp1_tim_etr_level(const STM32MP1TimState *s)
{
    return s->etr != ((s->smcr & R_SMCR_ETP_MASK) != 0);
}

/* Input "etr": the prescaler takes rising edges, and the filter no time */
static void stm32mp1_tim_set_etr(void *opaque, int n, int level)
{
    STM32MP1TimState *s = opaque;
    bool rising;

    if (s->etr == (level != 0)) {
        return;
    }
    stm32mp1_tim_sync(s);
    s->etr = level;
    rising = stm32mp1_tim_etr_level(s);
    if (rising && ++s->etr_edges >> FIELD_EX32(s->smcr, SMCR, ETPS) == 0) {
        return;
    }
    s->etr_edges = rising ? 0 : s->etr_edges;
    if (rising && (s->smcr & R_SMCR_ECE_MASK)) {
        stm32mp1_tim_step(s);
    }
    if (stm32mp1_tim_ts(s) == TS_ETRF && (rising || s->trigger)) {
        stm32mp1_tim_triggered(s, rising);
    }
    stm32mp1_tim_update(s);
}

/* Input "itr": an output of another timer */
static void stm32mp1_tim_set_itr(void *opaque, int n, int level)
{
    STM32MP1TimState *s = opaque;

    if (s->itr[n] == (level != 0)) {
        return;
    }
    s->itr[n] = level;
    if (stm32mp1_tim_ts(s) == n && stm32mp1_tim_sms(s)) {
        stm32mp1_tim_sync(s);
        stm32mp1_tim_triggered(s, level);
        stm32mp1_tim_update(s);
    }
}

/* Input "dma-ack" */
static void stm32mp1_tim_ack(void *opaque, int n, int level)
{
    STM32MP1TimState *s = opaque;

    if (level && s->pending[n]) {
        s->pending[n]--;
        qemu_set_irq(s->request[n], s->pending[n] != 0);
    }
}

static bool stm32mp1_tim_has(const STM32MP1TimState *s, hwaddr reg)
{
    switch (reg) {
    case A_CR1:
    case A_CR2:
    case A_DIER:
    case A_SR:
    case A_EGR:
    case A_CNT:
    case A_PSC:
    case A_ARR:
        return true;
    case A_CCMR1:
    case A_CCER:
        return s->channels > 0;
    case A_SMCR:
        return s->channels > 1;
    case A_CCMR2:
        return s->channels > 2;
    case A_DCR:
    case A_DMAR:
        return s->channels > 2 || s->kind != PLAIN;
    case A_CCR1 ... A_CCR4:
        return (reg - A_CCR1) / 4 < s->channels;
    case A_TISEL:
        return s->channels > 0;
    case A_RCR:
    case A_BDTR:
        return s->kind != PLAIN;
    case A_AF1:
        return s->channels > 2 || s->kind != PLAIN;
    case A_CCMR3:
    case A_CCR5:
    case A_CCR6:
    case A_AF2:
        return s->kind == ADVANCED;
    default:
        return false;
    }
}

/* The register that an access to DMAR is for, and the next one after it */
static hwaddr stm32mp1_tim_burst(STM32MP1TimState *s)
{
    hwaddr reg = 4 * (FIELD_EX32(s->dcr, DCR, DBA) + s->burst);

    s->burst = s->burst < FIELD_EX32(s->dcr, DCR, DBL) ? s->burst + 1 : 0;
    return reg;
}

static uint32_t stm32mp1_tim_read_reg(STM32MP1TimState *s, hwaddr reg)
{
    unsigned int ch;

    switch (reg) {
    case A_CR1:
        return s->cr1;
    case A_CR2:
        return s->cr2;
    case A_SMCR:
        return s->smcr;
    case A_DIER:
        return s->dier;
    case A_SR:
        return s->sr;
    case A_CCMR1:
        return s->ccmr[0];
    case A_CCMR2:
        return s->ccmr[1];
    case A_CCER:
        return s->ccer;
    case A_CNT:
        if (s->cr1 & R_CR1_UIFREMAP_MASK) {
            return FIELD_DP32(s->cnt, CNT, UIFCPY,
                              FIELD_EX32(s->sr, SR, UIF));
        }
        return s->cnt;
    case A_PSC:
        return s->psc;
    case A_ARR:
        return s->arr;
    case A_RCR:
        return s->rcr;
    case A_CCR1 ... A_CCR4:
        ch = (reg - A_CCR1) / 4;
        if (!stm32mp1_tim_is_output(s, ch)) {
            s->sr &= ~stm32mp1_tim_ccif(ch);
        }
        return s->ccr[ch];
    case A_BDTR:
        return s->bdtr;
    case A_DCR:
        return s->dcr;
    case A_CCMR3:
        return s->ccmr3;
    case A_CCR5:
    case A_CCR6:
        return s->ccr56[(reg - A_CCR5) / 4];
    case A_AF1:
    case A_AF2:
        return s->af[(reg - A_AF1) / 4];
    case A_TISEL:
        return s->tisel;
    default: /* EGR: write only */
        return 0;
    }
}

static uint64_t stm32mp1_tim_read(void *opaque, hwaddr addr, unsigned int size)
{
    STM32MP1TimState *s = opaque;
    uint32_t value = 0;

    stm32mp1_tim_sync(s);
    if (addr == A_DMAR && stm32mp1_tim_has(s, A_DMAR)) {
        addr = stm32mp1_tim_burst(s);
    }
    if (stm32mp1_tim_has(s, addr)) {
        value = stm32mp1_tim_read_reg(s, addr);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
    }
    trace_stm32mp1_tim_read(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_tim_update(s);
    return value;
}

static void stm32mp1_tim_write_cr1(STM32MP1TimState *s, uint32_t value)
{
    uint32_t dir = s->cr1 & R_CR1_DIR_MASK;

    s->cr1 = value & (s->channels > 2 ? CR1_MASK : CR1_BASIC_MASK);
    if (stm32mp1_tim_cms(s)) {
        /* read-only then */
        s->cr1 = (s->cr1 & ~R_CR1_DIR_MASK) | dir;
    }
    if (!(s->cr1 & R_CR1_ARPE_MASK)) {
        s->arr_shadow = s->arr;
    }
    stm32mp1_tim_run(s);
}

static void stm32mp1_tim_write_egr(STM32MP1TimState *s, uint32_t value)
{
    for (unsigned int ch = 0; ch < s->channels; ch++) {
        if (!(value & R_EGR_CC1G_MASK << ch)) {
            continue;
        }
        if (stm32mp1_tim_is_output(s, ch)) {
            stm32mp1_tim_raise(s, stm32mp1_tim_ccif(ch));
        } else {
            stm32mp1_tim_capture(s, ch);
        }
    }
    if ((value & R_EGR_TG_MASK) && s->channels > 1) {
        stm32mp1_tim_raise(s, R_SR_TIF_MASK);
    }
    if (s->kind != PLAIN) {
        if (value & R_EGR_COMG_MASK) {
            stm32mp1_tim_raise(s, R_SR_COMIF_MASK);
        }
        if (value & R_EGR_BG_MASK) {
            stm32mp1_tim_raise(s, R_SR_BIF_MASK);
            s->bdtr &= ~R_BDTR_MOE_MASK;
        }
    }
    if ((value & R_EGR_B2G_MASK) && s->kind == ADVANCED) {
        stm32mp1_tim_raise(s, R_SR_B2IF_MASK);
        s->bdtr &= ~R_BDTR_MOE_MASK;
    }
    if (value & R_EGR_UG_MASK) {
        stm32mp1_tim_restart(s);
    }
}

/* How much of the configuration of the outputs is locked until a reset */
static unsigned int stm32mp1_tim_lock(const STM32MP1TimState *s)
{
    return FIELD_EX32(s->bdtr, BDTR, LOCK);
}

static void stm32mp1_tim_write_bdtr(STM32MP1TimState *s, uint32_t value)
{
    uint32_t locked = s->bdtr_written ? R_BDTR_LOCK_MASK : 0;

    if (stm32mp1_tim_lock(s) >= 1) {
        locked |= LOCK1_BDTR;
    }
    if (stm32mp1_tim_lock(s) >= 2) {
        locked |= LOCK2_BDTR;
    }
    s->bdtr_written = true;
    value &= s->kind == ADVANCED ? 0x03ffffff : 0x000fffff;
    s->bdtr = (value & ~locked) | (s->bdtr & locked);
}

static void stm32mp1_tim_write_ccer(STM32MP1TimState *s, uint32_t value)
{
    uint32_t locked = 0;

    for (unsigned int ch = 0; ch < s->channels; ch++) {
        if (stm32mp1_tim_lock(s) >= 2 && stm32mp1_tim_is_output(s, ch)) {
            locked |= LOCK2_CCER << (4 * ch);
        }
    }
    s->ccer = (value & ~locked) | (s->ccer & locked);
}

static void stm32mp1_tim_write_ccmr(STM32MP1TimState *s, unsigned int n,
                                    uint32_t value)
{
    for (unsigned int ch = 2 * n; ch < 2 * n + 2; ch++) {
        unsigned int shift = 8 * (ch % 2);
        uint32_t locked = stm32mp1_tim_lock(s) < 3 ||
                          extract32(s->ccmr[n], shift, 2) ? 0 :
                          LOCK3_CCMR << shift;

        value = (value & ~locked) | (s->ccmr[n] & locked);
    }
    s->ccmr[n] = value & CCMR_MASK;
    for (unsigned int ch = 2 * n; ch < 2 * n + 2; ch++) {
        unsigned int ocm = stm32mp1_tim_ocm(s, ch);

        s->edges[ch] = 0;
        if (ocm == OCM_FORCED_LOW) {
            s->ocref &= ~BIT(ch);
        } else if (ocm == OCM_FORCED_HIGH) {
            s->ocref |= BIT(ch);
        }
        if (!stm32mp1_tim_is_output(s, ch) ||
            !stm32mp1_tim_is_preloaded(s, ch)) {
            s->ccr_shadow[ch] = s->ccr[ch];
        }
    }
}

static void stm32mp1_tim_write_smcr(STM32MP1TimState *s, uint32_t value)
{
    unsigned int ts;

    s->smcr = value & SMCR_MASK;
    ts = stm32mp1_tim_ts(s);
    s->etr_edges = 0;
    if ((stm32mp1_tim_sms(s) >= SMS_RESET && ts > TS_ETRF) ||
        stm32mp1_tim_sms(s) > SMS_RESET_TRIGGER) {
        qemu_log_mask(LOG_UNIMP, "%s: a trigger input that is not modelled\n",
                      DEVICE(s)->canonical_path);
    }
    s->trigger = ts <= TS_ITR3 ? s->itr[ts] :
                 ts == TS_TI1FP1 ? stm32mp1_tim_is_active(s, 0, s->ti[0]) :
                 ts == TS_TI2FP2 ? stm32mp1_tim_is_active(s, 1, s->ti[1]) :
                 ts == TS_ETRF && stm32mp1_tim_etr_level(s);
    stm32mp1_tim_run(s);
}

/* The bits of DIER that the timer has */
static uint32_t stm32mp1_tim_dier_mask(const STM32MP1TimState *s)
{
    uint32_t mask = 0x0101;

    for (unsigned int ch = 0; ch < s->channels; ch++) {
        mask |= DIER_CC1 << ch;
    }
    if (s->channels > 1) {
        mask |= 0x4040;                 /* trigger */
    }
    if (s->kind != PLAIN) {
        mask |= 0x20a0;                 /* commutation, break */
    } else if (s->channels == 1 || s->channels == 2) {
        mask &= 0x00ff;                 /* no DMA requests */
    }
    return mask;
}

static uint32_t stm32mp1_tim_cr2_mask(const STM32MP1TimState *s)
{
    static const uint32_t break_masks[] = { 0x030d, 0x07fd };

    switch (s->kind) {
    case ADVANCED:
        return 0x00f5fffd;
    case BREAK:
        return break_masks[s->channels > 1];
    default:
        return s->channels > 2 ? 0xf8 : s->channels == 1 ? 0 : 0x70;
    }
}

static uint32_t stm32mp1_tim_ccer_mask(const STM32MP1TimState *s)
{
    uint32_t mask = 0;

    for (unsigned int ch = 0; ch < s->channels; ch++) {
        mask |= CCER_CHANNEL << (4 * ch);
    }
    switch (s->kind) {
    case ADVANCED:
        return mask | 0x00330444;       /* three complements, two more */
    case BREAK:
        return mask | CCER_CC1NE;
    default:
        return mask;
    }
}

static void stm32mp1_tim_write_reg(STM32MP1TimState *s, hwaddr reg,
                                   uint32_t value)
{
    unsigned int ch;

    switch (reg) {
    case A_CR1:
        stm32mp1_tim_write_cr1(s, value);
        break;
    case A_CR2: {
        uint32_t locked = stm32mp1_tim_lock(s) ? LOCK1_CR2 : 0;

        s->cr2 = (value & stm32mp1_tim_cr2_mask(s) & ~locked) |
                 (s->cr2 & locked);
        break;
    }
    case A_SMCR:
        stm32mp1_tim_write_smcr(s, value);
        break;
    case A_DIER:
        s->dier = value & stm32mp1_tim_dier_mask(s);
        break;
    case A_SR:
        s->sr &= value;
        break;
    case A_EGR:
        stm32mp1_tim_write_egr(s, value);
        break;
    case A_CCMR1:
    case A_CCMR2:
        stm32mp1_tim_write_ccmr(s, reg == A_CCMR2, value);
        break;
    case A_CCER:
        stm32mp1_tim_write_ccer(s, value & stm32mp1_tim_ccer_mask(s));
        break;
    case A_CNT:
        s->cnt = value & stm32mp1_tim_max(s);
        break;
    case A_PSC:
        s->psc = value & PSC_MASK;
        break;
    case A_ARR:
        s->arr = value & stm32mp1_tim_max(s);
        if (!(s->cr1 & R_CR1_ARPE_MASK)) {
            s->arr_shadow = s->arr;
        }
        break;
    case A_RCR:
        s->rcr = value & (s->kind == ADVANCED ? 0xffff : 0xff);
        break;
    case A_CCR1 ... A_CCR4:
        ch = (reg - A_CCR1) / 4;
        s->ccr[ch] = value & stm32mp1_tim_max(s);
        if (!stm32mp1_tim_is_preloaded(s, ch)) {
            s->ccr_shadow[ch] = s->ccr[ch];
        }
        break;
    case A_BDTR:
        stm32mp1_tim_write_bdtr(s, value);
        break;
    case A_DCR:
        s->dcr = value & DCR_MASK;
        s->burst = 0;
        break;
    case A_CCMR3:
        s->ccmr3 = value & CCMR_MASK & ~0x03030303u;
        break;
    case A_CCR5:
    case A_CCR6:
        s->ccr56[(reg - A_CCR5) / 4] = value & (reg == A_CCR5 ? 0xe000ffff :
                                                                0xffff);
        break;
    case A_AF1:
    case A_AF2:
        s->af[(reg - A_AF1) / 4] = value & 0x0003ffff;
        break;
    default: /* TISEL */
        s->tisel = value & TISEL_MASK;
        break;
    }
}

static void stm32mp1_tim_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned int size)
{
    STM32MP1TimState *s = opaque;

    trace_stm32mp1_tim_write(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_tim_sync(s);
    /* What has happened before is told as it was configured then. */
    stm32mp1_tim_tell(s);
    if (addr == A_DMAR && stm32mp1_tim_has(s, A_DMAR)) {
        addr = stm32mp1_tim_burst(s);
    }
    if (stm32mp1_tim_has(s, addr) && addr != A_DMAR) {
        stm32mp1_tim_write_reg(s, addr, value);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
    }
    stm32mp1_tim_update(s);
}

static const MemoryRegionOps stm32mp1_tim_ops = {
    .read = stm32mp1_tim_read,
    .write = stm32mp1_tim_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32mp1_tim_reset_hold(Object *obj, ResetType type)
{
    STM32MP1TimState *s = STM32MP1_TIM(obj);

    s->cr1 = 0;
    s->cr2 = 0;
    s->smcr = 0;
    s->dier = 0;
    s->sr = 0;
    memset(s->ccmr, 0, sizeof(s->ccmr));
    s->ccer = 0;
    s->psc = s->psc_shadow = 0;
    s->arr = s->arr_shadow = stm32mp1_tim_max(s);
    memset(s->ccr, 0, sizeof(s->ccr));
    memset(s->ccr_shadow, 0, sizeof(s->ccr_shadow));
    s->rcr = s->repetitions = 0;
    s->bdtr = 0;
    s->bdtr_written = false;
    s->ocref = 0;
    s->etr_edges = 0;
    s->dcr = 0;
    s->burst = 0;
    s->ccmr3 = 0;
    memset(s->ccr56, 0, sizeof(s->ccr56));
    s->af[0] = s->af[1] = s->kind != PLAIN ? R_AF1_BKINE_MASK : 0;
    s->tisel = 0;
    s->events = 0;
    s->event_ns = 0;
    s->trigger = false;
    memset(s->pending, 0, sizeof(s->pending));
    memset(s->edges, 0, sizeof(s->edges));
    stm32mp1_ticks_restart(&s->ticks);
    s->cnt_tick = 0;
    s->cnt = 0;
    stm32mp1_tim_update(s);
}

/* The level of OCxREF. Call with the counter brought up to date. */
static bool stm32mp1_tim_ocref(const STM32MP1TimState *s, unsigned int ch)
{
    uint32_t value = s->ccr_shadow[ch];
    unsigned int ocm = stm32mp1_tim_ocm(s, ch);

    if (ocm == OCM_PWM1 || ocm == OCM_PWM2) {
        bool active = stm32mp1_tim_down(s) ? s->cnt <= value : s->cnt < value;

        return active == (ocm == OCM_PWM1);
    }
    return s->ocref & BIT(ch);
}

/* Whether the outputs are what the channels make of them */
static bool stm32mp1_tim_main_output(const STM32MP1TimState *s)
{
    return s->kind == PLAIN || (s->bdtr & R_BDTR_MOE_MASK);
}

static bool stm32mp1_tim_drives(const STM32MP1TimState *s, unsigned int ch,
                                bool complement)
{
    uint32_t enable = complement ? R_CCER_CC1NE_MASK : R_CCER_CC1E_MASK;

    return stm32mp1_tim_is_output(s, ch) && (s->ccer & enable << (4 * ch)) &&
           stm32mp1_tim_main_output(s);
}

/* The level of an output; without MOE that is its idle level, with OSSI */
static bool stm32mp1_tim_oc(const STM32MP1TimState *s, unsigned int ch,
                            bool complement)
{
    uint32_t inverted = complement ? R_CCER_CC1NP_MASK : R_CCER_CC1P_MASK;

    if (!stm32mp1_tim_main_output(s)) {
        return (s->bdtr & R_BDTR_OSSI_MASK) &&
               (s->cr2 & R_CR2_OIS1_MASK << (2 * ch + complement));
    }
    return stm32mp1_tim_drives(s, ch, complement) &&
           (stm32mp1_tim_ocref(s, ch) ^ complement) !=
           ((s->ccer & inverted << (4 * ch)) != 0);
}

/* An output that a property is about: a channel, and what of it */
typedef enum {
    OC_LEVEL,
    OC_COMPLEMENT,
    OC_PERIOD,
    OC_WIDTH,
} STM32MP1TimLook;

/* A period of a PWM signal, or how long it is high in it, in ns */
static uint64_t stm32mp1_tim_pwm_ns(const STM32MP1TimState *s,
                                    unsigned int ch, bool width)
{
    unsigned int ocm = stm32mp1_tim_ocm(s, ch);
    uint64_t period = stm32mp1_tim_period(s);
    uint64_t high = MIN(s->ccr_shadow[ch], period);
    bool inverted = s->ccer & R_CCER_CC1P_MASK << (4 * ch);

    if ((ocm != OCM_PWM1 && ocm != OCM_PWM2) || !s->ticks.running ||
        !stm32mp1_tim_drives(s, ch, false) || s->arr_shadow == 0) {
        return 0;
    }
    if (inverted != (ocm == OCM_PWM2)) {
        high = period - high;
    }
    return clock_ticks_to_ns(s->clk, (width ? high : period) *
                                     (stm32mp1_tim_cms(s) ? 2 : 1) *
                                     stm32mp1_tim_div(s));
}

static void stm32mp1_tim_look(Object *obj, Visitor *v, const char *name,
                              void *opaque, Error **errp)
{
    STM32MP1TimState *s = STM32MP1_TIM(obj);
    unsigned int ch = (uintptr_t)opaque % STM32MP1_TIM_CHANNELS;
    STM32MP1TimLook what = (uintptr_t)opaque / STM32MP1_TIM_CHANNELS;

    stm32mp1_tim_sync(s);
    if (what == OC_LEVEL || what == OC_COMPLEMENT) {
        bool level = stm32mp1_tim_oc(s, ch, what == OC_COMPLEMENT);

        visit_type_bool(v, name, &level, errp);
    } else {
        uint64_t ns = stm32mp1_tim_pwm_ns(s, ch, what == OC_WIDTH);

        visit_type_uint64(v, name, &ns, errp);
    }
    /* what came to light on the way is told, as after an access */
    stm32mp1_tim_update(s);
}

static void stm32mp1_tim_add_looks(STM32MP1TimState *s)
{
    static const struct {
        const char *suffix;
        const char *type;
    } looks[] = {
        [OC_LEVEL] = { "", "bool" },
        [OC_COMPLEMENT] = { "n", "bool" },
        [OC_PERIOD] = { "-period", "uint64" },
        [OC_WIDTH] = { "-width", "uint64" },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(looks); i++) {
        /* the fourth has no complement, nor has any but the first of TIM15 */
        unsigned int end = i != OC_COMPLEMENT ? s->channels :
                           s->kind == ADVANCED ? 3 : s->kind == BREAK;

        for (unsigned int ch = 0; ch < end; ch++) {
            uintptr_t which = i * STM32MP1_TIM_CHANNELS + ch;
            g_autofree char *name = g_strdup_printf("oc%u%s", ch + 1,
                                                    looks[i].suffix);

            object_property_add(OBJECT(s), name, looks[i].type,
                                stm32mp1_tim_look, NULL, NULL, (void *)which);
        }
    }
}

static void stm32mp1_tim_init(Object *obj)
{
    STM32MP1TimState *s = STM32MP1_TIM(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_tim_ops, s,
                          TYPE_STM32MP1_TIM, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    for (unsigned int i = 0; i < STM32MP1_TIM_IRQS; i++) {
        sysbus_init_irq(sbd, &s->irq[i]);
    }
    qdev_init_gpio_out_named(DEVICE(obj), s->request, "dma-request",
                             STM32MP1_TIM_REQUESTS);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_tim_ack, "dma-ack",
                            STM32MP1_TIM_REQUESTS);
    qdev_init_gpio_out_named(DEVICE(obj), s->trgo, "trgo", STM32MP1_TIM_TRGOS);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_tim_set_itr, "itr",
                            STM32MP1_TIM_ITRS);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_tim_set_ti, "ti",
                            STM32MP1_TIM_CHANNELS);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_tim_set_etr, "etr", 1);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", stm32mp1_tim_clk_event, s,
                                ClockPreUpdate | ClockUpdate);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_tim_expired, s);
    s->event_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_tim_expired, s);
}

static void stm32mp1_tim_finalize(Object *obj)
{
    timer_free(STM32MP1_TIM(obj)->timer);
    timer_free(STM32MP1_TIM(obj)->event_timer);
}

static void stm32mp1_tim_realize(DeviceState *dev, Error **errp)
{
    STM32MP1TimState *s = STM32MP1_TIM(dev);

    if (s->width != 16 && s->width != 32) {
        error_setg(errp, "width must be 16 or 32");
        return;
    }
    if (s->channels > STM32MP1_TIM_CHANNELS) {
        error_setg(errp, "channels must be at most %d", STM32MP1_TIM_CHANNELS);
        return;
    }
    if (s->kind > ADVANCED) {
        error_setg(errp, "kind must be at most %d", ADVANCED);
        return;
    }
    stm32mp1_tim_add_looks(s);
}

static int stm32mp1_tim_post_load(void *opaque, int version_id)
{
    STM32MP1TimState *s = opaque;
    uint32_t max = stm32mp1_tim_max(s);

    return s->cnt > max || s->arr_shadow > max || s->psc_shadow > PSC_MASK ||
           s->rcr > 0xffff || s->repetitions > 0xffff || s->burst > 31 ?
           -EINVAL : 0;
}

static const VMStateDescription vmstate_stm32mp1_tim = {
    .name = TYPE_STM32MP1_TIM,
    .version_id = 3,
    .minimum_version_id = 3,
    .post_load = stm32mp1_tim_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1TimState),
        VMSTATE_TIMER_PTR(timer, STM32MP1TimState),
        VMSTATE_TIMER_PTR(event_timer, STM32MP1TimState),
        VMSTATE_UINT32(cr1, STM32MP1TimState),
        VMSTATE_UINT32(cr2, STM32MP1TimState),
        VMSTATE_UINT32(smcr, STM32MP1TimState),
        VMSTATE_UINT32(dier, STM32MP1TimState),
        VMSTATE_UINT32(sr, STM32MP1TimState),
        VMSTATE_UINT32_ARRAY(ccmr, STM32MP1TimState, 2),
        VMSTATE_UINT32(ccer, STM32MP1TimState),
        VMSTATE_UINT32(psc, STM32MP1TimState),
        VMSTATE_UINT32(arr, STM32MP1TimState),
        VMSTATE_UINT32_ARRAY(ccr, STM32MP1TimState, STM32MP1_TIM_CHANNELS),
        VMSTATE_UINT32(rcr, STM32MP1TimState),
        VMSTATE_UINT32(bdtr, STM32MP1TimState),
        VMSTATE_UINT32(dcr, STM32MP1TimState),
        VMSTATE_UINT32(ccmr3, STM32MP1TimState),
        VMSTATE_UINT32_ARRAY(ccr56, STM32MP1TimState, 2),
        VMSTATE_UINT32_ARRAY(af, STM32MP1TimState, 2),
        VMSTATE_UINT32(tisel, STM32MP1TimState),
        VMSTATE_UINT32(psc_shadow, STM32MP1TimState),
        VMSTATE_UINT32(arr_shadow, STM32MP1TimState),
        VMSTATE_UINT32_ARRAY(ccr_shadow, STM32MP1TimState,
                             STM32MP1_TIM_CHANNELS),
        VMSTATE_INT64(ticks.since_ns, STM32MP1TimState),
        VMSTATE_UINT64(ticks.base, STM32MP1TimState),
        VMSTATE_BOOL(ticks.running, STM32MP1TimState),
        VMSTATE_UINT64(cnt_tick, STM32MP1TimState),
        VMSTATE_UINT32(cnt, STM32MP1TimState),
        VMSTATE_UINT32(repetitions, STM32MP1TimState),
        VMSTATE_INT64(event_ns, STM32MP1TimState),
        VMSTATE_UINT8_ARRAY(pending, STM32MP1TimState, STM32MP1_TIM_REQUESTS),
        VMSTATE_UINT8_ARRAY(edges, STM32MP1TimState, STM32MP1_TIM_CHANNELS),
        VMSTATE_UINT8(burst, STM32MP1TimState),
        VMSTATE_BOOL_ARRAY(trgo_level, STM32MP1TimState, STM32MP1_TIM_TRGOS),
        VMSTATE_BOOL_ARRAY(itr, STM32MP1TimState, STM32MP1_TIM_ITRS),
        VMSTATE_BOOL_ARRAY(ti, STM32MP1TimState, STM32MP1_TIM_CHANNELS),
        VMSTATE_BOOL(etr, STM32MP1TimState),
        VMSTATE_UINT8(etr_edges, STM32MP1TimState),
        VMSTATE_UINT8(ocref, STM32MP1TimState),
        VMSTATE_BOOL(bdtr_written, STM32MP1TimState),
        VMSTATE_BOOL(trigger, STM32MP1TimState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_tim_properties[] = {
    DEFINE_PROP_UINT8("width", STM32MP1TimState, width, 16),
    DEFINE_PROP_UINT8("channels", STM32MP1TimState, channels,
                      STM32MP1_TIM_CHANNELS),
    DEFINE_PROP_UINT8("kind", STM32MP1TimState, kind, PLAIN),
};

static void stm32mp1_tim_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = stm32mp1_tim_realize;
    dc->vmsd = &vmstate_stm32mp1_tim;
    device_class_set_props(dc, stm32mp1_tim_properties);
    rc->phases.hold = stm32mp1_tim_reset_hold;
}

static const TypeInfo stm32mp1_tim_types[] = {
    {
        .name = TYPE_STM32MP1_TIM,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1TimState),
        .instance_init = stm32mp1_tim_init,
        .instance_finalize = stm32mp1_tim_finalize,
        .class_init = stm32mp1_tim_class_init,
    },
};

DEFINE_TYPES(stm32mp1_tim_types)
