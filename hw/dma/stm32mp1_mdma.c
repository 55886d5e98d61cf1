/*
 * STM32MP1 master DMA controller (MDMA)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Master direct memory access controller", ST's HAL driver
 * (stm32mp1xx_hal_mdma.c) and Linux's (drivers/dma/stm32/stm32-mdma.c).
 *
 * Transfers are made in turns as those of DMA1 and DMA2 are, see
 * stm32mp1_dma.c, buffer by buffer, the channel of the highest priority first.
 * The exchange of bytes (BEX, HEX, WEX) is storage only, secure mode too.
 */

#include "qemu/osdep.h"
#include "hw/dma/stm32mp1_mdma.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_gate.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "trace.h"

/* It belongs to the normal world. */
static const MemTxAttrs mdma_attrs = {
    .requester_id = STM32MP1_REQUESTER_OTHER,
};

REG32(GISR0, 0x00)
/* Those of a channel, from its own offset on */
REG32(CISR, 0x00)
    FIELD(CISR, TEIF, 0, 1)
    FIELD(CISR, CTCIF, 1, 1)
    FIELD(CISR, BRTIF, 2, 1)
    FIELD(CISR, BTIF, 3, 1)
    FIELD(CISR, TCIF, 4, 1)
    FIELD(CISR, CRQA, 16, 1)
REG32(CIFCR, 0x04)
REG32(CESR, 0x08)
    FIELD(CESR, TEA, 0, 7)
    FIELD(CESR, TED, 7, 1)
    FIELD(CESR, TELD, 8, 1)
    FIELD(CESR, TEMD, 9, 1)
    FIELD(CESR, ASE, 10, 1)
    FIELD(CESR, BSE, 11, 1)
REG32(CCR, 0x0c)
    FIELD(CCR, EN, 0, 1)
    FIELD(CCR, IE, 1, 5)
    FIELD(CCR, PL, 6, 2)
    FIELD(CCR, EX, 12, 3)
    FIELD(CCR, SWRQ, 16, 1)
REG32(CTCR, 0x10)
    FIELD(CTCR, SINC, 0, 2)
    FIELD(CTCR, DINC, 2, 2)
    FIELD(CTCR, SSIZE, 4, 2)
    FIELD(CTCR, DSIZE, 6, 2)
    FIELD(CTCR, SINCOS, 8, 2)
    FIELD(CTCR, DINCOS, 10, 2)
    FIELD(CTCR, TLEN, 18, 7)
    FIELD(CTCR, PKE, 25, 1)
    FIELD(CTCR, PAM, 26, 2)
    FIELD(CTCR, TRGM, 28, 2)
    FIELD(CTCR, SWRM, 30, 1)
REG32(CBNDTR, 0x14)
    FIELD(CBNDTR, BNDT, 0, 17)
    FIELD(CBNDTR, BRSUM, 18, 1)
    FIELD(CBNDTR, BRDUM, 19, 1)
    FIELD(CBNDTR, BRC, 20, 12)
REG32(CSAR, 0x18)
REG32(CDAR, 0x1c)
REG32(CBRUR, 0x20)
    FIELD(CBRUR, SUV, 0, 16)
    FIELD(CBRUR, DUV, 16, 16)
REG32(CLAR, 0x24)
REG32(CTBR, 0x28)
    FIELD(CTBR, TSEL, 0, 6)
REG32(CMAR, 0x30)
REG32(CMDR, 0x34)

#define CHANNELS_ADDR   0x40
#define CHANNEL_SIZE    0x40
#define REGION_SIZE     0x1000

#define FLAGS           0x1f
#define CCR_MASK        0x000071ff
#define CBNDTR_MASK     0xfffdffff
#define CLAR_MASK       0xfffffff8
#define CTBR_MASK       0x0003003f
#define BLOCK_MAX       0x10000

#define MODE_BUFFER     0
#define MODE_BLOCK      1
#define MODE_REPEATED   2
#define MODE_LIST       3

#define INC_UP          2
#define INC_DOWN        3
#define PAM_SIGN        1
#define PAM_LEFT        2

/* A descriptor of a list: CTCR to CMDR */
#define DESC_WORDS      10
#define BUFFER_MAX      128

#define START_NS        100
#define PAUSE_NS        (50 * SCALE_US)
/* Bytes of a turn; what moves none counts as a buffer of the longest */
#define TURN_BYTES      (64 * 1024)

static bool stm32mp1_mdma_requested(const STM32MP1MdmaState *s,
                                    const STM32MP1MdmaChannel *c)
{
    if (c->active) {
        return true;
    }
    if (c->regs[R_CTCR] & R_CTCR_SWRM_MASK) {
        return false;
    }
    return s->request[FIELD_EX32(c->regs[R_CTBR], CTBR, TSEL)];
}

static bool stm32mp1_mdma_ready(const STM32MP1MdmaState *s,
                                const STM32MP1MdmaChannel *c)
{
    return (c->regs[R_CCR] & R_CCR_EN_MASK) && stm32mp1_mdma_requested(s, c);
}

static int stm32mp1_mdma_next(const STM32MP1MdmaState *s)
{
    int next = -1;

    for (int i = 0; i < STM32MP1_MDMA_CHANNELS; i++) {
        if (stm32mp1_mdma_ready(s, &s->channel[i]) &&
            (next < 0 ||
             FIELD_EX32(s->channel[i].regs[R_CCR], CCR, PL) >
             FIELD_EX32(s->channel[next].regs[R_CCR], CCR, PL))) {
            next = i;
        }
    }
    return next;
}

static uint32_t stm32mp1_mdma_gisr(const STM32MP1MdmaState *s)
{
    uint32_t gisr = 0;

    for (unsigned i = 0; i < STM32MP1_MDMA_CHANNELS; i++) {
        const uint32_t *regs = s->channel[i].regs;

        if (regs[R_CISR] & FIELD_EX32(regs[R_CCR], CCR, IE)) {
            gisr |= BIT(i);
        }
    }
    return gisr;
}

static void stm32mp1_mdma_update(STM32MP1MdmaState *s)
{
    uint32_t gisr = stm32mp1_mdma_gisr(s);

    trace_stm32mp1_mdma_update(gisr);
    qemu_set_irq(s->irq, gisr != 0);
    if (stm32mp1_mdma_next(s) < 0) {
        timer_del(s->timer);
    } else if (!s->running && !timer_pending(s->timer)) {
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + START_NS);
    }
}

static void stm32mp1_mdma_fail(STM32MP1MdmaChannel *c, uint32_t error,
                               uint32_t addr)
{
    c->regs[R_CESR] = error | FIELD_DP32(0, CESR, TEA, addr);
    c->regs[R_CISR] |= R_CISR_TEIF_MASK;
    c->regs[R_CCR] &= ~R_CCR_EN_MASK;
    c->active = false;
}

static bool stm32mp1_mdma_access(STM32MP1MdmaState *s, uint32_t addr,
                                 void *data, unsigned size, bool write)
{
    return address_space_rw(&s->as, addr, mdma_attrs, data, size,
                            write) == MEMTX_OK;
}

static uint32_t stm32mp1_mdma_step(uint32_t addr, unsigned inc,
                                   unsigned offset)
{
    return inc == INC_UP ? addr + (1 << offset) :
           inc == INC_DOWN ? addr - (1 << offset) : addr;
}

/* A datum of @from bytes as one of @to bytes; there is space for either */
static void stm32mp1_mdma_align(uint8_t *data, unsigned from, unsigned to,
                                unsigned pam)
{
    if (to <= from) {
        if (pam == PAM_LEFT) {
            memmove(data, data + from - to, to);
        }
    } else if (pam == PAM_LEFT) {
        memmove(data + to - from, data, from);
        memset(data, 0, to - from);
    } else {
        bool negative = pam == PAM_SIGN && (data[from - 1] & 0x80);

        memset(data + from, negative ? 0xff : 0, to - from);
    }
}

/*
 * A buffer: up to TLEN + 1 bytes of the source, and never more than are left
 * of the block. Return their number, 0 after an error.
 */
static unsigned stm32mp1_mdma_buffer(STM32MP1MdmaState *s,
                                     STM32MP1MdmaChannel *c)
{
    uint32_t ctcr = c->regs[R_CTCR];
    unsigned ssize = 1 << FIELD_EX32(ctcr, CTCR, SSIZE);
    unsigned dsize = 1 << FIELD_EX32(ctcr, CTCR, DSIZE);
    unsigned left = FIELD_EX32(c->regs[R_CBNDTR], CBNDTR, BNDT);
    unsigned len = MIN(FIELD_EX32(ctcr, CTCR, TLEN) + 1, left);
    bool packed = (ctcr & R_CTCR_PKE_MASK) || ssize == dsize;
    uint8_t data[BUFFER_MAX * 8];
    unsigned in = 0, out = 0, count, unit;
    uint32_t sar = c->regs[R_CSAR];
    uint32_t dar = c->regs[R_CDAR];

    unit = MAX(ssize, packed ? dsize : 1);
    len = MAX(QEMU_ALIGN_DOWN(len, unit), unit);
    if (left % ssize || (packed && left % dsize) || len > left) {
        stm32mp1_mdma_fail(c, R_CESR_BSE_MASK, 0);
        return 0;
    }
    if (sar % ssize || dar % dsize) {
        stm32mp1_mdma_fail(c, R_CESR_ASE_MASK, 0);
        return 0;
    }
    for (count = 0; count < len; count += ssize) {
        if (!stm32mp1_mdma_access(s, sar, data + in, ssize, false)) {
            stm32mp1_mdma_fail(c, 0, sar);
            return 0;
        }
        if (!packed) {
            stm32mp1_mdma_align(data + in, ssize, dsize,
                                FIELD_EX32(ctcr, CTCR, PAM));
        }
        in += packed ? ssize : dsize;
        sar = stm32mp1_mdma_step(sar, FIELD_EX32(ctcr, CTCR, SINC),
                                 FIELD_EX32(ctcr, CTCR, SINCOS));
    }
    for (; out < in; out += dsize) {
        if (!stm32mp1_mdma_access(s, dar, data + out, dsize, true)) {
            stm32mp1_mdma_fail(c, R_CESR_TED_MASK, dar);
            return 0;
        }
        dar = stm32mp1_mdma_step(dar, FIELD_EX32(ctcr, CTCR, DINC),
                                 FIELD_EX32(ctcr, CTCR, DINCOS));
    }
    if (!(c->regs[R_CCR] & R_CCR_EN_MASK) ||
        FIELD_EX32(c->regs[R_CBNDTR], CBNDTR, BNDT) < len) {
        return 0;       /* it wrote its own registers */
    }
    c->regs[R_CSAR] = sar;
    c->regs[R_CDAR] = dar;
    c->regs[R_CBNDTR] -= len;
    c->regs[R_CISR] |= R_CISR_TCIF_MASK;
    return len;
}

/* Go on with the block after this one, as BRUR says. */
static void stm32mp1_mdma_repeat(STM32MP1MdmaChannel *c)
{
    uint32_t bndtr = c->regs[R_CBNDTR];
    uint32_t suv = FIELD_EX32(c->regs[R_CBRUR], CBRUR, SUV);
    uint32_t duv = FIELD_EX32(c->regs[R_CBRUR], CBRUR, DUV);

    c->regs[R_CSAR] += bndtr & R_CBNDTR_BRSUM_MASK ? -suv : suv;
    c->regs[R_CDAR] += bndtr & R_CBNDTR_BRDUM_MASK ? -duv : duv;
    bndtr = FIELD_DP32(bndtr, CBNDTR, BRC, FIELD_EX32(bndtr, CBNDTR, BRC) - 1);
    c->regs[R_CBNDTR] = FIELD_DP32(bndtr, CBNDTR, BNDT, c->block);
}

static void stm32mp1_mdma_set_block(STM32MP1MdmaChannel *c, uint32_t value)
{
    value &= CBNDTR_MASK;
    if (FIELD_EX32(value, CBNDTR, BNDT) > BLOCK_MAX) {
        value = FIELD_DP32(value, CBNDTR, BNDT, BLOCK_MAX);
    }
    c->regs[R_CBNDTR] = value;
    c->block = FIELD_EX32(value, CBNDTR, BNDT);
}

/* The next descriptor of the list: false if there is none */
static bool stm32mp1_mdma_link(STM32MP1MdmaState *s, STM32MP1MdmaChannel *c)
{
    uint32_t desc[DESC_WORDS];
    uint32_t addr = c->regs[R_CLAR];

    if (!addr) {
        return false;
    }
    if (!stm32mp1_mdma_access(s, addr, desc, sizeof(desc), false)) {
        stm32mp1_mdma_fail(c, R_CESR_TELD_MASK, addr);
        return true;
    }
    for (unsigned i = 0; i < DESC_WORDS; i++) {
        uint32_t value = le32_to_cpu(desc[i]);

        switch (R_CTCR + i) {
        case R_CBNDTR:
            stm32mp1_mdma_set_block(c, value);
            break;
        case R_CLAR:
            c->regs[R_CLAR] = value & CLAR_MASK;
            break;
        case R_CTBR:
            c->regs[R_CTBR] = value & CTBR_MASK;
            break;
        case R_CTBR + 1:
            break;
        default:
            c->regs[R_CTCR + i] = value;
            break;
        }
    }
    trace_stm32mp1_mdma_link(addr, c->regs[R_CSAR], c->regs[R_CDAR],
                             c->regs[R_CBNDTR]);
    return true;
}

/* Tell the device, by a write to a register of it, that it was served. */
static void stm32mp1_mdma_mask_write(STM32MP1MdmaState *s,
                                     STM32MP1MdmaChannel *c)
{
    uint32_t addr = c->regs[R_CMAR];
    uint32_t data = cpu_to_le32(c->regs[R_CMDR]);

    if (addr && !stm32mp1_mdma_access(s, addr, &data, sizeof(data), true)) {
        stm32mp1_mdma_fail(c, R_CESR_TEMD_MASK, addr);
    }
}

/* Tell the device that asked for it that the transfer has ended. */
static void stm32mp1_mdma_end(STM32MP1MdmaState *s, STM32MP1MdmaChannel *c)
{
    if (!(c->regs[R_CTCR] & R_CTCR_SWRM_MASK)) {
        qemu_irq_pulse(s->end[FIELD_EX32(c->regs[R_CTBR], CTBR, TSEL)]);
    }
}

/* A buffer of channel @n, and what follows from it; return what it costs */
static unsigned stm32mp1_mdma_serve(STM32MP1MdmaState *s, unsigned n)
{
    STM32MP1MdmaChannel *c = &s->channel[n];
    unsigned mode = FIELD_EX32(c->regs[R_CTCR], CTCR, TRGM);
    unsigned bytes = 0;
    bool served = mode == MODE_BUFFER;

    c->active = true;
    if (FIELD_EX32(c->regs[R_CBNDTR], CBNDTR, BNDT)) {
        bytes = stm32mp1_mdma_buffer(s, c);
        if (!bytes) {
            return BUFFER_MAX;
        }
    }
    if (FIELD_EX32(c->regs[R_CBNDTR], CBNDTR, BNDT) == 0) {
        c->regs[R_CISR] |= R_CISR_BTIF_MASK;
        served |= mode == MODE_BLOCK;
        if (FIELD_EX32(c->regs[R_CBNDTR], CBNDTR, BRC)) {
            stm32mp1_mdma_repeat(c);
        } else {
            c->regs[R_CISR] |= R_CISR_BRTIF_MASK;
            served |= mode == MODE_REPEATED;
            if (!stm32mp1_mdma_link(s, c)) {
                c->regs[R_CISR] |= R_CISR_CTCIF_MASK;
                c->regs[R_CCR] &= ~R_CCR_EN_MASK;
                served = true;
                stm32mp1_mdma_end(s, c);
            }
        }
    }
    if (served) {
        c->active = false;
        stm32mp1_mdma_mask_write(s, c);
    }
    return bytes ? bytes : BUFFER_MAX;
}

static void stm32mp1_mdma_turn(void *opaque)
{
    STM32MP1MdmaState *s = opaque;
    unsigned bytes = 0;
    int n;

    s->running = true;
    while (bytes < TURN_BYTES && (n = stm32mp1_mdma_next(s)) >= 0) {
        bytes += stm32mp1_mdma_serve(s, n);
    }
    s->running = false;
    trace_stm32mp1_mdma_turn(bytes);
    stm32mp1_mdma_update(s);
    if (stm32mp1_mdma_next(s) >= 0) {
        timer_mod(s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + PAUSE_NS);
    }
}

/*
 * A turn that is due, but for which the main loop had no time yet: who looks at
 * the registers finds them as they are by now.
 */
static void stm32mp1_mdma_catch_up(STM32MP1MdmaState *s)
{
    if (!s->running && timer_pending(s->timer) &&
        timer_expire_time_ns(s->timer) <=
        qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)) {
        timer_del(s->timer);
        stm32mp1_mdma_turn(s);
    }
}

static void stm32mp1_mdma_set_request(void *opaque, int n, int level)
{
    STM32MP1MdmaState *s = opaque;

    if (s->request[n] != (level != 0)) {
        s->request[n] = level;
        trace_stm32mp1_mdma_request(n, level);
        stm32mp1_mdma_update(s);
    }
}

static void stm32mp1_mdma_write_ccr(STM32MP1MdmaChannel *c, uint32_t value)
{
    uint32_t old = c->regs[R_CCR];

    c->regs[R_CCR] = value & CCR_MASK;
    if (value & ~old & R_CCR_EX_MASK) {
        qemu_log_mask(LOG_UNIMP, "stm32mp1-mdma: no exchange of bytes\n");
    }
    if ((old & R_CCR_EN_MASK) && !(value & R_CCR_EN_MASK)) {
        /* Drivers wait for this flag: nothing is under way any more. */
        c->active = false;
        c->regs[R_CISR] |= R_CISR_CTCIF_MASK;
    }
    if (!(value & R_CCR_SWRQ_MASK)) {
        return;
    }
    if ((value & R_CCR_EN_MASK) && (c->regs[R_CTCR] & R_CTCR_SWRM_MASK)) {
        c->active = true;
    } else {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "stm32mp1-mdma: SWRQ without EN or SWRM\n");
    }
}

static void stm32mp1_mdma_write_channel(STM32MP1MdmaChannel *c, unsigned reg,
                                        uint32_t value)
{
    switch (reg) {
    case R_CIFCR:
        c->regs[R_CISR] &= ~(value & FLAGS);
        if (value & R_CISR_TEIF_MASK) {
            c->regs[R_CESR] = 0;
        }
        return;
    case R_CCR:
        stm32mp1_mdma_write_ccr(c, value);
        return;
    case R_CISR:
    case R_CESR:
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-mdma: write of a read-only "
                      "register\n");
        return;
    }
    if (c->regs[R_CCR] & R_CCR_EN_MASK) {
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-mdma: write of a register "
                      "while the channel is enabled\n");
        return;
    }
    switch (reg) {
    case R_CBNDTR:
        stm32mp1_mdma_set_block(c, value);
        break;
    case R_CLAR:
        c->regs[reg] = value & CLAR_MASK;
        break;
    case R_CTBR:
        c->regs[reg] = value & CTBR_MASK;
        break;
    default:
        c->regs[reg] = value;
        break;
    }
}

/* The channel and the register at @addr; NULL if there is none */
static STM32MP1MdmaChannel *stm32mp1_mdma_find(STM32MP1MdmaState *s,
                                               hwaddr addr, unsigned *reg)
{
    hwaddr offset = addr - CHANNELS_ADDR;

    *reg = offset % CHANNEL_SIZE / 4;
    if (addr < CHANNELS_ADDR || addr & 3 ||
        offset / CHANNEL_SIZE >= STM32MP1_MDMA_CHANNELS ||
        *reg >= STM32MP1_MDMA_REGS || *reg == R_CTBR + 1) {
        return NULL;
    }
    return &s->channel[offset / CHANNEL_SIZE];
}

static uint64_t stm32mp1_mdma_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1MdmaState *s = opaque;
    STM32MP1MdmaChannel *c;
    unsigned reg;
    uint32_t value = 0;

    stm32mp1_mdma_catch_up(s);
    c = stm32mp1_mdma_find(s, addr, &reg);
    if (addr == A_GISR0) {
        value = stm32mp1_mdma_gisr(s);
    } else if (c) {
        value = c->regs[reg];
        if (reg == R_CISR && stm32mp1_mdma_ready(s, c)) {
            value |= R_CISR_CRQA_MASK;
        }
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-mdma: no register at 0x%"
                      HWADDR_PRIx "\n", addr);
    }
    trace_stm32mp1_mdma_read(addr, value);
    return value;
}

static void stm32mp1_mdma_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    STM32MP1MdmaState *s = opaque;
    STM32MP1MdmaChannel *c;
    unsigned reg;

    trace_stm32mp1_mdma_write(addr, value);
    stm32mp1_mdma_catch_up(s);
    c = stm32mp1_mdma_find(s, addr, &reg);
    if (c) {
        stm32mp1_mdma_write_channel(c, reg, value);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "stm32mp1-mdma: no writable register at "
                      "0x%" HWADDR_PRIx "\n", addr);
    }
    stm32mp1_mdma_update(s);
}

static const MemoryRegionOps stm32mp1_mdma_ops = {
    .read = stm32mp1_mdma_read,
    .write = stm32mp1_mdma_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void stm32mp1_mdma_reset_enter(Object *obj, ResetType type)
{
    STM32MP1MdmaState *s = STM32MP1_MDMA(obj);

    memset(s->channel, 0, sizeof(s->channel));
    timer_del(s->timer);
}

static void stm32mp1_mdma_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_mdma_update(STM32MP1_MDMA(obj));
}

static void stm32mp1_mdma_init(Object *obj)
{
    STM32MP1MdmaState *s = STM32MP1_MDMA(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_mdma_ops, s,
                          TYPE_STM32MP1_MDMA, REGION_SIZE);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_in_named(DEVICE(obj), stm32mp1_mdma_set_request, "request",
                            STM32MP1_MDMA_REQUESTS);
    qdev_init_gpio_out_named(DEVICE(obj), s->end, "end",
                             STM32MP1_MDMA_REQUESTS);
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_mdma_turn, s);
}

static void stm32mp1_mdma_finalize(Object *obj)
{
    timer_free(STM32MP1_MDMA(obj)->timer);
}

static void stm32mp1_mdma_realize(DeviceState *dev, Error **errp)
{
    STM32MP1MdmaState *s = STM32MP1_MDMA(dev);

    if (!s->memory) {
        error_setg(errp, "property \"memory\" is not set");
        return;
    }
    address_space_init(&s->as, s->memory, "stm32mp1-mdma");
}

static void stm32mp1_mdma_unrealize(DeviceState *dev)
{
    address_space_destroy(&STM32MP1_MDMA(dev)->as);
}

static int stm32mp1_mdma_post_load(void *opaque, int version_id)
{
    STM32MP1MdmaState *s = opaque;

    for (unsigned i = 0; i < STM32MP1_MDMA_CHANNELS; i++) {
        STM32MP1MdmaChannel *c = &s->channel[i];

        if (c->block > BLOCK_MAX ||
            FIELD_EX32(c->regs[R_CBNDTR], CBNDTR, BNDT) > c->block) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_mdma_channel = {
    .name = TYPE_STM32MP1_MDMA "/channel",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(regs, STM32MP1MdmaChannel, STM32MP1_MDMA_REGS),
        VMSTATE_UINT32(block, STM32MP1MdmaChannel),
        VMSTATE_BOOL(active, STM32MP1MdmaChannel),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_stm32mp1_mdma = {
    .name = TYPE_STM32MP1_MDMA,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_mdma_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(channel, STM32MP1MdmaState,
                             STM32MP1_MDMA_CHANNELS, 1,
                             vmstate_stm32mp1_mdma_channel,
                             STM32MP1MdmaChannel),
        VMSTATE_BOOL_ARRAY(request, STM32MP1MdmaState, STM32MP1_MDMA_REQUESTS),
        VMSTATE_TIMER_PTR(timer, STM32MP1MdmaState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_mdma_properties[] = {
    DEFINE_PROP_LINK("memory", STM32MP1MdmaState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void stm32mp1_mdma_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 master DMA controller";
    dc->realize = stm32mp1_mdma_realize;
    dc->unrealize = stm32mp1_mdma_unrealize;
    dc->vmsd = &vmstate_stm32mp1_mdma;
    device_class_set_props(dc, stm32mp1_mdma_properties);
    rc->phases.enter = stm32mp1_mdma_reset_enter;
    rc->phases.hold = stm32mp1_mdma_reset_hold;
}

static const TypeInfo stm32mp1_mdma_types[] = {
    {
        .name = TYPE_STM32MP1_MDMA,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1MdmaState),
        .instance_init = stm32mp1_mdma_init,
        .instance_finalize = stm32mp1_mdma_finalize,
        .class_init = stm32mp1_mdma_class_init,
    },
};

DEFINE_TYPES(stm32mp1_mdma_types)
