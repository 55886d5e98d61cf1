/*
 * STM32MP1 DMA controller (DMA1, DMA2)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Direct memory access controller", ST's HAL driver (stm32mp1xx_hal_dma.c) and
 * Linux's (drivers/dma/stm32/stm32-dma.c).
 *
 * Transfers are made in turns, from a timer of virtual time: a turn comes
 * START_NS after its cause, moves at most TURN_ITEMS items, and the next one
 * comes PAUSE_NS later. So a guest cannot keep QEMU busy with a stream that
 * never ends, and a run with -icount stays exact.
 *
 * Where this model differs from silicon:
 *  - What is read ahead into the FIFO before a request, and FIFO errors by
 *    overrun and underrun, cannot be seen: items are fetched when they go on.
 *  - Streams are served item by item, the highest priority first, and bursts
 *    are no more than several items a request.
 *  - A peripheral is never the flow controller (PFCTRL).
 */

#include "qemu/osdep.h"
#include "hw/dma/stm32mp1_dma.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_gate.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "trace.h"

/* It belongs to the normal world. */
static const MemTxAttrs dma_attrs = {
    .requester_id = STM32MP1_REQUESTER_MCU_DMA,
};

REG32(LISR, 0x00)
REG32(HISR, 0x04)
REG32(LIFCR, 0x08)
REG32(HIFCR, 0x0c)
REG32(S0CR, 0x10)
    FIELD(CR, EN, 0, 1)
    FIELD(CR, DMEIE, 1, 1)
    FIELD(CR, TEIE, 2, 1)
    FIELD(CR, HTIE, 3, 1)
    FIELD(CR, TCIE, 4, 1)
    FIELD(CR, PFCTRL, 5, 1)
    FIELD(CR, DIR, 6, 2)
    FIELD(CR, CIRC, 8, 1)
    FIELD(CR, PINC, 9, 1)
    FIELD(CR, MINC, 10, 1)
    FIELD(CR, PSIZE, 11, 2)
    FIELD(CR, MSIZE, 13, 2)
    FIELD(CR, PINCOS, 15, 1)
    FIELD(CR, PL, 16, 2)
    FIELD(CR, DBM, 18, 1)
    FIELD(CR, CT, 19, 1)
    FIELD(CR, TRBUFF, 20, 1)
    FIELD(CR, PBURST, 21, 2)
    FIELD(CR, MBURST, 23, 2)
REG32(S0NDTR, 0x14)
REG32(S0PAR, 0x18)
REG32(S0M0AR, 0x1c)
REG32(S0M1AR, 0x20)
REG32(S0FCR, 0x24)
    FIELD(FCR, FTH, 0, 2)
    FIELD(FCR, DMDIS, 2, 1)
    FIELD(FCR, FS, 3, 3)
    FIELD(FCR, FEIE, 7, 1)
REG32(S7FCR, 0xcc)
REG32(HWCFGR2, 0x3ec)
REG32(HWCFGR1, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define STREAM_SIZE     0x18

/* The flags of a stream; in LISR and HISR they begin at flag_shift[] */
#define FEIF            BIT(0)
#define DMEIF           BIT(2)
#define TEIF            BIT(3)
#define HTIF            BIT(4)
#define TCIF            BIT(5)
#define FLAGS           (FEIF | DMEIF | TEIF | HTIF | TCIF)

#define CR_MASK         0x01ffffff
/* What can be written while the stream is enabled */
#define CR_LIVE         (R_CR_EN_MASK | R_CR_DMEIE_MASK | R_CR_TEIE_MASK | \
                         R_CR_HTIE_MASK | R_CR_TCIE_MASK)
#define FCR_MASK        (R_FCR_FTH_MASK | R_FCR_DMDIS_MASK | R_FCR_FEIE_MASK)
#define FCR_RESET       0x21
#define FS_EMPTY        4
#define FS_FULL         5

#define DIR_P2M         0
#define DIR_M2P         1
#define DIR_M2M         2
#define SIZE_RESERVED   3

#define HWCFGR2_VALUE   0x00000001
#define HWCFGR1_VALUE   0x22222222
#define VERR_VALUE      0x00000014
#define IPIDR_VALUE     0x00100002
#define SIDR_VALUE      0xa3c5dd01

#define START_NS        100
#define PAUSE_NS        (50 * SCALE_US)
#define TURN_ITEMS      1024

static const uint8_t flag_shift[] = { 0, 6, 16, 22 };
static const uint8_t burst_items[] = { 1, 4, 8, 16 };

static bool stm32mp1_dma_enabled(const STM32MP1DmaStream *st)
{
    return st->cr & R_CR_EN_MASK;
}

static bool stm32mp1_dma_direct(const STM32MP1DmaStream *st)
{
    return !(st->fcr & R_FCR_DMDIS_MASK);
}

static unsigned stm32mp1_dma_psize(const STM32MP1DmaStream *st)
{
    return 1 << FIELD_EX32(st->cr, CR, PSIZE);
}

/* In direct mode there is no packing: MSIZE is that of the peripheral. */
static unsigned stm32mp1_dma_msize(const STM32MP1DmaStream *st)
{
    return stm32mp1_dma_direct(st) ? stm32mp1_dma_psize(st) :
                                     1 << FIELD_EX32(st->cr, CR, MSIZE);
}

static uint32_t stm32mp1_dma_isr(const STM32MP1DmaState *s, unsigned first)
{
    uint32_t isr = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(flag_shift); i++) {
        isr |= (uint32_t)s->stream[first + i].flags << flag_shift[i];
    }
    return isr;
}

static bool stm32mp1_dma_ready(const STM32MP1DmaStream *st)
{
    return stm32mp1_dma_enabled(st) && st->ndtr &&
           (st->request || FIELD_EX32(st->cr, CR, DIR) == DIR_M2M);
}

/* The stream to serve next, -1 if none has anything to do */
static int stm32mp1_dma_next(const STM32MP1DmaState *s)
{
    int next = -1;

    for (int i = 0; i < STM32MP1_DMA_STREAMS; i++) {
        const STM32MP1DmaStream *st = &s->stream[i];

        if (stm32mp1_dma_ready(st) &&
            (next < 0 || FIELD_EX32(st->cr, CR, PL) >
                         FIELD_EX32(s->stream[next].cr, CR, PL))) {
            next = i;
        }
    }
    return next;
}

/* Drive the outputs of stream @n. */
static void stm32mp1_dma_update_stream(STM32MP1DmaState *s, unsigned n)
{
    const STM32MP1DmaStream *st = &s->stream[n];
    bool level = ((st->flags & TCIF) && (st->cr & R_CR_TCIE_MASK)) ||
                 ((st->flags & HTIF) && (st->cr & R_CR_HTIE_MASK)) ||
                 ((st->flags & TEIF) && (st->cr & R_CR_TEIE_MASK)) ||
                 ((st->flags & DMEIF) && (st->cr & R_CR_DMEIE_MASK)) ||
                 ((st->flags & FEIF) && (st->fcr & R_FCR_FEIE_MASK));

    trace_stm32mp1_dma_update(DEVICE(s)->canonical_path, n, st->cr, st->ndtr,
                              st->flags, level);
    qemu_set_irq(s->complete[n], (st->flags & TCIF) != 0);
    qemu_set_irq(s->irq[n], level);
}

/* Drive the outputs, and see to it that there is a turn if one is needed. */
static void stm32mp1_dma_update(STM32MP1DmaState *s)
{
    for (unsigned i = 0; i < STM32MP1_DMA_STREAMS; i++) {
        stm32mp1_dma_update_stream(s, i);
    }
    if (stm32mp1_dma_next(s) < 0) {
        timer_del(s->timer);
    } else if (!s->running && !timer_pending(s->timer)) {
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + START_NS);
    }
}

static void stm32mp1_dma_rewind(STM32MP1DmaStream *st)
{
    st->periph = st->par;
    st->mem = st->mar[FIELD_EX32(st->cr, CR, CT)];
    st->fifo_len = 0;
}

/* Move @size bytes between the bus and the FIFO's @data. */
static bool stm32mp1_dma_bus(STM32MP1DmaState *s, uint32_t *addr, uint8_t *data,
                             unsigned size, bool write, unsigned increment)
{
    /* An access is aligned to its size: the low bits of an address are 0. */
    hwaddr at = *addr & ~(uint32_t)(size - 1);
    MemTxResult result = address_space_rw(&s->as, at, dma_attrs,
                                          data, size, write);

    trace_stm32mp1_dma_bus(DEVICE(s)->canonical_path, write, at, size, result);
    *addr += increment;
    return result == MEMTX_OK;
}

static bool stm32mp1_dma_periph(STM32MP1DmaState *s, STM32MP1DmaStream *st,
                                uint8_t *data, bool write)
{
    unsigned size = stm32mp1_dma_psize(st);
    unsigned increment = !(st->cr & R_CR_PINC_MASK) ? 0 :
                         st->cr & R_CR_PINCOS_MASK ? 4 : size;

    return stm32mp1_dma_bus(s, &st->periph, data, size, write, increment);
}

static bool stm32mp1_dma_mem(STM32MP1DmaState *s, STM32MP1DmaStream *st,
                             uint8_t *data, unsigned size, bool write)
{
    unsigned increment = st->cr & R_CR_MINC_MASK ? size : 0;

    return stm32mp1_dma_bus(s, &st->mem, data, size, write, increment);
}

/*
 * Take the first @size bytes. They leave the FIFO before they go anywhere: a
 * write may be to the registers of this stream, and empty the FIFO.
 */
static void stm32mp1_dma_take(STM32MP1DmaStream *st, uint8_t *data,
                              unsigned size)
{
    memcpy(data, st->fifo, size);
    st->fifo_len -= size;
    memmove(st->fifo, st->fifo + size, st->fifo_len);
}

/* To memory: what fills an item of it, or with @all what is left, by bytes */
static bool stm32mp1_dma_drain(STM32MP1DmaState *s, STM32MP1DmaStream *st,
                               bool all)
{
    unsigned msize = stm32mp1_dma_msize(st);
    uint8_t data[4];

    while (st->fifo_len >= (all ? 1 : msize)) {
        unsigned size = st->fifo_len < msize ? 1 : msize;

        stm32mp1_dma_take(st, data, size);
        if (!stm32mp1_dma_mem(s, st, data, size, true)) {
            return false;
        }
    }
    return true;
}

/* One item of the peripheral port's size */
static bool stm32mp1_dma_item(STM32MP1DmaState *s, STM32MP1DmaStream *st)
{
    unsigned psize = stm32mp1_dma_psize(st);
    unsigned msize = stm32mp1_dma_msize(st);
    uint8_t data[4];

    if (FIELD_EX32(st->cr, CR, DIR) == DIR_M2P) {
        while (st->fifo_len < psize) {
            if (!stm32mp1_dma_mem(s, st, st->fifo + st->fifo_len, msize,
                                  false)) {
                return false;
            }
            st->fifo_len += msize;
        }
        stm32mp1_dma_take(st, data, psize);
        return stm32mp1_dma_periph(s, st, data, true);
    }
    if (!stm32mp1_dma_periph(s, st, st->fifo + st->fifo_len, false)) {
        return false;
    }
    st->fifo_len += psize;
    return stm32mp1_dma_drain(s, st, st->ndtr == 1);
}

/* All items are through: end, or begin again with the next buffer */
static void stm32mp1_dma_complete(STM32MP1DmaStream *st)
{
    st->flags |= TCIF;
    if (st->cr & R_CR_DBM_MASK) {
        st->cr ^= R_CR_CT_MASK;
    } else if (!(st->cr & R_CR_CIRC_MASK)) {
        st->cr &= ~R_CR_EN_MASK;
        return;
    }
    st->ndtr = st->total;
    stm32mp1_dma_rewind(st);
}

/*
 * One request of stream @n. A register of this controller may be among what
 * the stream accesses, so its state is looked at again for each item.
 */
static unsigned stm32mp1_dma_serve(STM32MP1DmaState *s, unsigned n)
{
    STM32MP1DmaStream *st = &s->stream[n];
    unsigned items = stm32mp1_dma_direct(st) ? 1 :
                     burst_items[FIELD_EX32(st->cr, CR, PBURST)];
    unsigned done = 0;
    bool end = false;

    while (done < items && stm32mp1_dma_enabled(st) && st->ndtr) {
        bool ok = stm32mp1_dma_item(s, st);

        done++;
        if (!stm32mp1_dma_enabled(st)) {
            break;
        }
        if (!ok) {
            st->flags |= TEIF;
            st->cr &= ~R_CR_EN_MASK;
            break;
        }
        st->ndtr--;
        if (st->ndtr == st->total / 2) {
            st->flags |= HTIF;
        }
        if (st->ndtr == 0) {
            end = true;
            stm32mp1_dma_complete(st);
            break;
        }
    }
    stm32mp1_dma_update_stream(s, n);
    if (FIELD_EX32(st->cr, CR, DIR) != DIR_M2M) {
        qemu_irq_pulse(s->ack[n]);
        if (end) {
            qemu_irq_pulse(s->end[n]);
        }
    }
    return done;
}

static void stm32mp1_dma_turn(void *opaque)
{
    STM32MP1DmaState *s = opaque;
    unsigned items = 0;
    int n;

    s->running = true;
    while (items < TURN_ITEMS && (n = stm32mp1_dma_next(s)) >= 0) {
        items += stm32mp1_dma_serve(s, n);
    }
    s->running = false;
    trace_stm32mp1_dma_turn(DEVICE(s)->canonical_path, items);
    if (stm32mp1_dma_next(s) >= 0) {
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + PAUSE_NS);
    }
}

/*
 * A turn that is due, but for which the main loop had no time yet: who looks at
 * the registers finds them as they are by now.
 */
static void stm32mp1_dma_catch_up(STM32MP1DmaState *s)
{
    if (!s->running && timer_pending(s->timer) &&
        timer_expire_time_ns(s->timer) <=
        qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)) {
        timer_del(s->timer);
        stm32mp1_dma_turn(s);
    }
}

static void stm32mp1_dma_set_request(void *opaque, int n, int level)
{
    STM32MP1DmaState *s = opaque;

    if (s->stream[n].request != (level != 0)) {
        s->stream[n].request = level;
        trace_stm32mp1_dma_request(DEVICE(s)->canonical_path, n, level);
        stm32mp1_dma_update(s);
    }
}

/*
 * Whether the stream can be enabled as it is configured. A burst to memory has
 * to fit the FIFO's threshold, else there is a FIFO error.
 */
static bool stm32mp1_dma_valid(STM32MP1DmaState *s, STM32MP1DmaStream *st,
                               unsigned n)
{
    unsigned burst = burst_items[FIELD_EX32(st->cr, CR, MBURST)] *
                     stm32mp1_dma_msize(st);
    unsigned threshold = 4 * (FIELD_EX32(st->fcr, FCR, FTH) + 1);
    unsigned dir = FIELD_EX32(st->cr, CR, DIR);
    const char *wrong = NULL;

    if (dir > DIR_M2M || FIELD_EX32(st->cr, CR, PSIZE) == SIZE_RESERVED ||
        FIELD_EX32(st->cr, CR, MSIZE) == SIZE_RESERVED) {
        wrong = "reserved DIR, PSIZE or MSIZE";
    } else if (dir == DIR_M2M && (st->cr & (R_CR_CIRC_MASK | R_CR_DBM_MASK))) {
        wrong = "CIRC or DBM from memory to memory";
    } else if (!stm32mp1_dma_direct(st) && threshold % burst) {
        wrong = "MBURST does not fit FTH";
        st->flags |= FEIF;
    }
    if (wrong) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: stream %u: %s\n",
                      DEVICE(s)->canonical_path, n, wrong);
    }
    return !wrong;
}

static void stm32mp1_dma_write_cr(STM32MP1DmaState *s, unsigned n,
                                  uint32_t value)
{
    STM32MP1DmaStream *st = &s->stream[n];
    bool was_enabled = stm32mp1_dma_enabled(st);
    uint32_t writable = was_enabled ? CR_LIVE : CR_MASK;

    if (was_enabled && (value & R_CR_EN_MASK) &&
        ((value ^ st->cr) & CR_MASK & ~CR_LIVE & ~R_CR_CT_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: stream %u: CR written while it is enabled\n",
                      DEVICE(s)->canonical_path, n);
    }
    st->cr = (st->cr & ~writable) | (value & writable);
    if (was_enabled && !stm32mp1_dma_enabled(st) && st->ndtr) {
        /* What was on its way still arrives, and TCIF says when. */
        if (FIELD_EX32(st->cr, CR, DIR) != DIR_M2P &&
            !stm32mp1_dma_drain(s, st, true)) {
            st->flags |= TEIF;
        }
        st->fifo_len = 0;
        st->flags |= TCIF;
    } else if (!was_enabled && stm32mp1_dma_enabled(st)) {
        if (!stm32mp1_dma_valid(s, st, n)) {
            st->cr &= ~R_CR_EN_MASK;
            return;
        }
        if (st->cr & R_CR_PFCTRL_MASK) {
            qemu_log_mask(LOG_UNIMP, "%s: stream %u: PFCTRL has no effect\n",
                          DEVICE(s)->canonical_path, n);
        }
        if (FIELD_EX32(st->cr, CR, DIR) == DIR_M2M) {
            st->fcr |= R_FCR_DMDIS_MASK;
        }
        if (st->ndtr == 0) {
            st->ndtr = st->total;
        } else {
            st->total = st->ndtr;
        }
        stm32mp1_dma_rewind(st);
    }
}

static void stm32mp1_dma_clear(STM32MP1DmaState *s, unsigned first,
                               uint32_t value)
{
    for (unsigned i = 0; i < ARRAY_SIZE(flag_shift); i++) {
        s->stream[first + i].flags &= ~(value >> flag_shift[i]);
    }
}

/* The level of the FIFO, in quarters */
static uint32_t stm32mp1_dma_fcr(const STM32MP1DmaStream *st)
{
    uint32_t fs = st->fifo_len == 0 ? FS_EMPTY :
                  st->fifo_len == STM32MP1_DMA_FIFO ? FS_FULL :
                  st->fifo_len / 4;

    return FIELD_DP32(st->fcr, FCR, FS, fs);
}

/* A register that a stream uses as long as it is enabled */
static void stm32mp1_dma_write_held(STM32MP1DmaState *s, unsigned n,
                                    const char *name, uint32_t *reg,
                                    uint32_t value, bool free)
{
    if (free || !stm32mp1_dma_enabled(&s->stream[n])) {
        *reg = value;
    } else {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: stream %u: %s written while it is in use\n",
                      DEVICE(s)->canonical_path, n, name);
    }
}

static uint32_t stm32mp1_dma_read_stream(const STM32MP1DmaStream *st,
                                         unsigned reg)
{
    switch (reg) {
    case R_S0CR:
        return st->cr;
    case R_S0NDTR:
        return st->ndtr;
    case R_S0PAR:
        return st->par;
    case R_S0M0AR:
        return st->mar[0];
    case R_S0M1AR:
        return st->mar[1];
    default:
        return stm32mp1_dma_fcr(st);
    }
}

static void stm32mp1_dma_write_stream(STM32MP1DmaState *s, unsigned n,
                                      unsigned reg, uint32_t value)
{
    STM32MP1DmaStream *st = &s->stream[n];
    bool dbm = st->cr & R_CR_DBM_MASK;
    unsigned target = FIELD_EX32(st->cr, CR, CT);
    uint32_t held = stm32mp1_dma_enabled(st) ? R_FCR_FEIE_MASK : FCR_MASK;

    switch (reg) {
    case R_S0CR:
        stm32mp1_dma_write_cr(s, n, value);
        break;
    case R_S0NDTR:
        stm32mp1_dma_write_held(s, n, "NDTR", &st->ndtr, value & 0xffff, false);
        if (!stm32mp1_dma_enabled(st)) {
            st->total = st->ndtr;
        }
        break;
    case R_S0PAR:
        stm32mp1_dma_write_held(s, n, "PAR", &st->par, value, false);
        break;
    case R_S0M0AR:
        stm32mp1_dma_write_held(s, n, "M0AR", &st->mar[0], value,
                                dbm && target == 1);
        break;
    case R_S0M1AR:
        stm32mp1_dma_write_held(s, n, "M1AR", &st->mar[1], value,
                                dbm && target == 0);
        break;
    default:
        st->fcr = (st->fcr & ~held) | (value & held);
        break;
    }
}

static uint64_t stm32mp1_dma_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1DmaState *s = opaque;
    hwaddr in_stream;
    uint32_t value = 0;

    stm32mp1_dma_catch_up(s);
    switch (addr & 3 ? A_SIDR + 4 : addr) {
    case A_LISR:
        value = stm32mp1_dma_isr(s, 0);
        break;
    case A_HISR:
        value = stm32mp1_dma_isr(s, 4);
        break;
    case A_LIFCR:
    case A_HIFCR:
        break;
    case A_S0CR ... A_S7FCR:
        in_stream = addr - A_S0CR;
        value = stm32mp1_dma_read_stream(&s->stream[in_stream / STREAM_SIZE],
                                         R_S0CR + in_stream % STREAM_SIZE / 4);
        break;
    case A_HWCFGR2:
        value = HWCFGR2_VALUE;
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
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    trace_stm32mp1_dma_read(DEVICE(s)->canonical_path, addr, value);
    return value;
}

static void stm32mp1_dma_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size)
{
    STM32MP1DmaState *s = opaque;
    hwaddr in_stream;

    trace_stm32mp1_dma_write(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_dma_catch_up(s);
    switch (addr & 3 ? A_SIDR + 4 : addr) {
    case A_LIFCR:
        stm32mp1_dma_clear(s, 0, value);
        break;
    case A_HIFCR:
        stm32mp1_dma_clear(s, 4, value);
        break;
    case A_S0CR ... A_S7FCR:
        in_stream = addr - A_S0CR;
        stm32mp1_dma_write_stream(s, in_stream / STREAM_SIZE,
                                  R_S0CR + in_stream % STREAM_SIZE / 4, value);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no writable register at 0x%"
                      HWADDR_PRIx "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    stm32mp1_dma_update(s);
}

static const MemoryRegionOps stm32mp1_dma_ops = {
    .read = stm32mp1_dma_read,
    .write = stm32mp1_dma_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void stm32mp1_dma_reset_enter(Object *obj, ResetType type)
{
    STM32MP1DmaState *s = STM32MP1_DMA(obj);

    for (unsigned i = 0; i < STM32MP1_DMA_STREAMS; i++) {
        bool request = s->stream[i].request;

        s->stream[i] = (STM32MP1DmaStream) {
            .fcr = FCR_RESET,
            .request = request,
        };
    }
    timer_del(s->timer);
}

static void stm32mp1_dma_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_dma_update(STM32MP1_DMA(obj));
}

static void stm32mp1_dma_init(Object *obj)
{
    STM32MP1DmaState *s = STM32MP1_DMA(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);
    DeviceState *dev = DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_dma_ops, s,
                          TYPE_STM32MP1_DMA, 0x400);
    sysbus_init_mmio(sbd, &s->iomem);
    for (unsigned i = 0; i < STM32MP1_DMA_STREAMS; i++) {
        sysbus_init_irq(sbd, &s->irq[i]);
    }
    qdev_init_gpio_in_named(dev, stm32mp1_dma_set_request, "request",
                            STM32MP1_DMA_STREAMS);
    qdev_init_gpio_out_named(dev, s->ack, "ack", STM32MP1_DMA_STREAMS);
    qdev_init_gpio_out_named(dev, s->end, "end", STM32MP1_DMA_STREAMS);
    qdev_init_gpio_out_named(dev, s->complete, "complete",
                             STM32MP1_DMA_STREAMS);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_dma_turn, s);
}

static void stm32mp1_dma_finalize(Object *obj)
{
    timer_free(STM32MP1_DMA(obj)->timer);
}

static void stm32mp1_dma_realize(DeviceState *dev, Error **errp)
{
    STM32MP1DmaState *s = STM32MP1_DMA(dev);

    if (!s->memory) {
        error_setg(errp, "property \"memory\" is not set");
        return;
    }
    address_space_init(&s->as, s->memory, "stm32mp1-dma");
}

static void stm32mp1_dma_unrealize(DeviceState *dev)
{
    address_space_destroy(&STM32MP1_DMA(dev)->as);
}

static int stm32mp1_dma_post_load(void *opaque, int version_id)
{
    STM32MP1DmaState *s = opaque;

    for (unsigned i = 0; i < STM32MP1_DMA_STREAMS; i++) {
        const STM32MP1DmaStream *st = &s->stream[i];

        /* The FIFO never keeps a whole item of the port that it goes to. */
        if (st->fifo_len > 3 || (st->flags & ~FLAGS) || st->ndtr > 0xffff ||
            st->total > 0xffff || (st->cr & ~CR_MASK) ||
            (stm32mp1_dma_enabled(st) &&
             (FIELD_EX32(st->cr, CR, DIR) > DIR_M2M ||
              FIELD_EX32(st->cr, CR, PSIZE) == SIZE_RESERVED ||
              FIELD_EX32(st->cr, CR, MSIZE) == SIZE_RESERVED))) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_dma_stream = {
    .name = TYPE_STM32MP1_DMA "/stream",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(cr, STM32MP1DmaStream),
        VMSTATE_UINT32(ndtr, STM32MP1DmaStream),
        VMSTATE_UINT32(par, STM32MP1DmaStream),
        VMSTATE_UINT32_ARRAY(mar, STM32MP1DmaStream, 2),
        VMSTATE_UINT32(fcr, STM32MP1DmaStream),
        VMSTATE_UINT8(flags, STM32MP1DmaStream),
        VMSTATE_UINT32(total, STM32MP1DmaStream),
        VMSTATE_UINT32(periph, STM32MP1DmaStream),
        VMSTATE_UINT32(mem, STM32MP1DmaStream),
        VMSTATE_UINT8_ARRAY(fifo, STM32MP1DmaStream, STM32MP1_DMA_FIFO),
        VMSTATE_UINT8(fifo_len, STM32MP1DmaStream),
        VMSTATE_BOOL(request, STM32MP1DmaStream),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_stm32mp1_dma = {
    .name = TYPE_STM32MP1_DMA,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_dma_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(stream, STM32MP1DmaState, STM32MP1_DMA_STREAMS, 1,
                             vmstate_stm32mp1_dma_stream, STM32MP1DmaStream),
        VMSTATE_TIMER_PTR(timer, STM32MP1DmaState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_dma_properties[] = {
    DEFINE_PROP_LINK("memory", STM32MP1DmaState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void stm32mp1_dma_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 DMA controller";
    dc->realize = stm32mp1_dma_realize;
    dc->unrealize = stm32mp1_dma_unrealize;
    dc->vmsd = &vmstate_stm32mp1_dma;
    device_class_set_props(dc, stm32mp1_dma_properties);
    rc->phases.enter = stm32mp1_dma_reset_enter;
    rc->phases.hold = stm32mp1_dma_reset_hold;
}

static const TypeInfo stm32mp1_dma_types[] = {
    {
        .name = TYPE_STM32MP1_DMA,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1DmaState),
        .instance_init = stm32mp1_dma_init,
        .instance_finalize = stm32mp1_dma_finalize,
        .class_init = stm32mp1_dma_class_init,
    },
};

DEFINE_TYPES(stm32mp1_dma_types)
