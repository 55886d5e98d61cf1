/*
 * STM32MP1 quad-SPI interface (QUADSPI)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers and rules: RM0436, chapter "Quad-SPI interface"; what drivers
 * expect: Linux's spi-stm32-qspi.c and ST's HAL driver.
 *
 * A command takes the cycles of the clock that its phases have, data in
 * portions of what fits the FIFO. On QEMU's SSI bus a byte is a byte on any
 * number of lines, and a dummy cycle is a byte, as QEMU's flash wants it.
 *
 * Where this model differs from silicon:
 *  - Double data rate is a matter of time alone: the bytes are the same.
 *  - In the memory-mapped mode each access is a command of its own; nothing is
 *    fetched in advance, but the timeout counter starts when the FIFO would be
 *    full.
 *  - Polling reads no more often than once in 10 us, so that no guest can keep
 *    QEMU busy.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "hw/ssi/stm32mp1_quadspi.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(CR, 0x00)
    FIELD(CR, EN, 0, 1)
    FIELD(CR, ABORT, 1, 1)
    FIELD(CR, DMAEN, 2, 1)
    FIELD(CR, TCEN, 3, 1)
    FIELD(CR, DFM, 6, 1)
    FIELD(CR, FSEL, 7, 1)
    FIELD(CR, FTHRES, 8, 4)
    FIELD(CR, APMS, 22, 1)
    FIELD(CR, PMM, 23, 1)
    FIELD(CR, PRESCALER, 24, 8)
REG32(DCR, 0x04)
    FIELD(DCR, FSIZE, 16, 5)
REG32(SR, 0x08)
    FIELD(SR, TEF, 0, 1)
    FIELD(SR, TCF, 1, 1)
    FIELD(SR, FTF, 2, 1)
    FIELD(SR, SMF, 3, 1)
    FIELD(SR, TOF, 4, 1)
    FIELD(SR, BUSY, 5, 1)
    FIELD(SR, FLEVEL, 8, 6)
REG32(FCR, 0x0c)
REG32(DLR, 0x10)
REG32(CCR, 0x14)
    FIELD(CCR, INSTRUCTION, 0, 8)
    FIELD(CCR, IMODE, 8, 2)
    FIELD(CCR, ADMODE, 10, 2)
    FIELD(CCR, ADSIZE, 12, 2)
    FIELD(CCR, ABMODE, 14, 2)
    FIELD(CCR, ABSIZE, 16, 2)
    FIELD(CCR, DCYC, 18, 5)
    FIELD(CCR, DMODE, 24, 2)
    FIELD(CCR, FMODE, 26, 2)
    FIELD(CCR, SIOO, 28, 1)
    FIELD(CCR, DDRM, 31, 1)
REG32(AR, 0x18)
REG32(ABR, 0x1c)
REG32(DR, 0x20)
REG32(PSMKR, 0x24)
REG32(PSMAR, 0x28)
REG32(PIR, 0x2c)
REG32(LPTR, 0x30)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define FCR_MASK        0x1b
#define IRQ_SHIFT       16      /* from a flag of SR to its enable bit in CR */
#define IRQ_FLAGS       0x1f
#define POLL_MIN_NS     10000
#define WHOLE_FLASH     0xffffffff

enum { FMODE_WRITE, FMODE_READ, FMODE_POLL, FMODE_MAPPED };

/* A write waits for its first data; all others run at once. */
enum { STATE_IDLE, STATE_WAIT, STATE_RUN, STATE_NUM };

/* Bits of the storage registers that can be written */
static const uint32_t stm32mp1_quadspi_mask[STM32MP1_QUADSPI_NUM_REGS] = {
    [R_CR] = 0xffdf0fdf & ~R_CR_ABORT_MASK,
    [R_DCR] = 0x001f0701,
    [R_DLR] = 0xffffffff,
    [R_CCR] = 0xff7fffff,
    [R_AR] = 0xffffffff,
    [R_ABR] = 0xffffffff,
    [R_PSMKR] = 0xffffffff,
    [R_PSMAR] = 0xffffffff,
    [R_PIR] = 0x0000ffff,
    [R_LPTR] = 0x0000ffff,
};

static const struct {
    hwaddr addr;
    uint32_t value;
} stm32mp1_quadspi_ids[] = {
    { A_HWCFGR, 0x0000b058 },
    { A_VERR, 0x41 },
    { A_IPIDR, 0x00140031 },
    { A_SIDR, 0xa3c5dd01 },
};

static unsigned stm32mp1_quadspi_fmode(STM32MP1QuadspiState *s)
{
    return FIELD_EX32(s->regs[R_CCR], CCR, FMODE);
}

static bool stm32mp1_quadspi_has_address(STM32MP1QuadspiState *s)
{
    return FIELD_EX32(s->regs[R_CCR], CCR, ADMODE) != 0;
}

static bool stm32mp1_quadspi_has_data(STM32MP1QuadspiState *s)
{
    return FIELD_EX32(s->regs[R_CCR], CCR, DMODE) != 0;
}

static uint64_t stm32mp1_quadspi_flash_size(STM32MP1QuadspiState *s)
{
    return 2ull << FIELD_EX32(s->regs[R_DCR], DCR, FSIZE);
}

static bool stm32mp1_quadspi_is_dual(STM32MP1QuadspiState *s)
{
    return s->regs[R_CR] & R_CR_DFM_MASK;
}

static bool stm32mp1_quadspi_is_busy(STM32MP1QuadspiState *s)
{
    return stm32mp1_quadspi_fmode(s) == FMODE_MAPPED ? s->fetching :
                                                       s->state == STATE_RUN;
}

static uint32_t stm32mp1_quadspi_sr(STM32MP1QuadspiState *s)
{
    uint32_t sr = s->regs[R_SR];
    unsigned level = fifo8_num_used(&s->fifo);
    unsigned threshold = FIELD_EX32(s->regs[R_CR], CR, FTHRES) + 1;
    unsigned fmode = stm32mp1_quadspi_fmode(s);
    bool ftf = false;

    if (fmode == FMODE_READ) {
        ftf = level >= threshold || (level && s->state == STATE_IDLE);
    } else if (fmode == FMODE_WRITE && s->state != STATE_IDLE &&
               stm32mp1_quadspi_has_data(s)) {
        ftf = STM32MP1_QUADSPI_FIFO - level >= threshold;
    }
    sr = FIELD_DP32(sr, SR, FTF, ftf);
    sr = FIELD_DP32(sr, SR, FLEVEL, level);
    return FIELD_DP32(sr, SR, BUSY, stm32mp1_quadspi_is_busy(s) || level);
}

static void stm32mp1_quadspi_update(STM32MP1QuadspiState *s)
{
    uint32_t sr = stm32mp1_quadspi_sr(s);
    bool level = sr & s->regs[R_CR] >> IRQ_SHIFT & IRQ_FLAGS;

    trace_stm32mp1_quadspi_update(DEVICE(s)->canonical_path, sr, level);
    qemu_set_irq(s->irq, level);
    qemu_set_irq(s->dma, (s->regs[R_CR] & R_CR_DMAEN_MASK) &&
                         (sr & R_SR_FTF_MASK));
}

static void stm32mp1_quadspi_select(STM32MP1QuadspiState *s, unsigned index,
                                    bool selected)
{
    DeviceState *dev = ssi_get_cs(s->bus, index);

    if (dev && SSI_PERIPHERAL(dev)->spc->cs_polarity != SSI_CS_NONE) {
        qemu_set_irq(qdev_get_gpio_in_named(dev, SSI_GPIO_CS, 0), !selected);
    }
}

static void stm32mp1_quadspi_select_flash(STM32MP1QuadspiState *s,
                                          bool selected)
{
    if (stm32mp1_quadspi_is_dual(s)) {
        stm32mp1_quadspi_select(s, 0, selected);
        stm32mp1_quadspi_select(s, 1, selected);
    } else {
        stm32mp1_quadspi_select(s, FIELD_EX32(s->regs[R_CR], CR, FSEL),
                                selected);
    }
}

/* Cycles of a byte on no, one, two or four lines, one edge a bit */
static const uint8_t byte_cycles[4] = { 0, 8, 4, 2 };

/* Half cycles of such a byte, with DDR or without */
static unsigned stm32mp1_quadspi_byte_halves(STM32MP1QuadspiState *s,
                                             unsigned mode)
{
    return s->regs[R_CCR] & R_CCR_DDRM_MASK ? byte_cycles[mode] :
                                              2 * byte_cycles[mode];
}

/* A time in half cycles of the clock to the flash */
static int64_t stm32mp1_quadspi_ns(STM32MP1QuadspiState *s, uint64_t halves)
{
    return clock_ticks_to_ns(s->clk,
        halves * (FIELD_EX32(s->regs[R_CR], CR, PRESCALER) + 1)) / 2;
}

static bool stm32mp1_quadspi_sends_instruction(STM32MP1QuadspiState *s)
{
    return FIELD_EX32(s->regs[R_CCR], CCR, IMODE) &&
           !(s->instruction_sent && (s->regs[R_CCR] & R_CCR_SIOO_MASK));
}

/* Half cycles of all phases before the data; an instruction has one edge */
static unsigned stm32mp1_quadspi_command_halves(STM32MP1QuadspiState *s)
{
    uint32_t ccr = s->regs[R_CCR];
    unsigned halves = 2 * FIELD_EX32(ccr, CCR, DCYC);

    if (stm32mp1_quadspi_sends_instruction(s)) {
        halves += 2 * byte_cycles[FIELD_EX32(ccr, CCR, IMODE)];
    }
    halves += stm32mp1_quadspi_byte_halves(s, FIELD_EX32(ccr, CCR, ADMODE)) *
              (FIELD_EX32(ccr, CCR, ADSIZE) + 1);
    halves += stm32mp1_quadspi_byte_halves(s, FIELD_EX32(ccr, CCR, ABMODE)) *
              (FIELD_EX32(ccr, CCR, ABSIZE) + 1);
    return halves;
}

/* Half cycles of @bytes of data; two flashes have theirs at once */
static uint64_t stm32mp1_quadspi_data_halves(STM32MP1QuadspiState *s,
                                             uint64_t bytes)
{
    uint64_t halves = bytes *
        stm32mp1_quadspi_byte_halves(s, FIELD_EX32(s->regs[R_CCR], CCR, DMODE));

    return stm32mp1_quadspi_is_dual(s) ? halves / 2 : halves;
}

/* A byte of data, the odd ones with the second flash if there are two */
static uint8_t stm32mp1_quadspi_exchange(STM32MP1QuadspiState *s, bool odd,
                                         uint8_t value)
{
    DeviceState *dev;
    SSIPeripheral *flash;

    if (!stm32mp1_quadspi_is_dual(s)) {
        return ssi_transfer(s->bus, value);
    }
    dev = ssi_get_cs(s->bus, odd);
    if (!dev) {
        return 0;
    }
    flash = SSI_PERIPHERAL(dev);
    return flash->spc->transfer_raw(flash, value);
}

static void stm32mp1_quadspi_send_bytes(STM32MP1QuadspiState *s,
                                        uint32_t value, unsigned bytes)
{
    while (bytes--) {
        ssi_transfer(s->bus, extract32(value, 8 * bytes, 8));
    }
}

/* Select the flash and send all phases before the data */
static void stm32mp1_quadspi_send_command(STM32MP1QuadspiState *s,
                                          uint32_t address)
{
    uint32_t ccr = s->regs[R_CCR];

    trace_stm32mp1_quadspi_command(DEVICE(s)->canonical_path, ccr, address,
                                   s->left);
    if (stm32mp1_quadspi_is_dual(s)) {
        /* either has half of it */
        address /= 2;
    }
    stm32mp1_quadspi_select_flash(s, true);
    if (stm32mp1_quadspi_sends_instruction(s)) {
        ssi_transfer(s->bus, FIELD_EX32(ccr, CCR, INSTRUCTION));
        s->instruction_sent = true;
    }
    if (stm32mp1_quadspi_has_address(s)) {
        stm32mp1_quadspi_send_bytes(s, address,
                                    FIELD_EX32(ccr, CCR, ADSIZE) + 1);
    }
    if (FIELD_EX32(ccr, CCR, ABMODE)) {
        stm32mp1_quadspi_send_bytes(s, s->regs[R_ABR],
                                    FIELD_EX32(ccr, CCR, ABSIZE) + 1);
    }
    for (unsigned i = 0; i < FIELD_EX32(ccr, CCR, DCYC); i++) {
        ssi_transfer(s->bus, 0);
    }
    s->sent = true;
}

/* Let the timer fire when the next portion of the command is through */
static void stm32mp1_quadspi_arm(STM32MP1QuadspiState *s)
{
    unsigned used = fifo8_num_used(&s->fifo);
    uint64_t halves = s->sent ? 0 : stm32mp1_quadspi_command_halves(s);
    uint64_t bytes;
    int64_t ns;

    if (s->state != STATE_RUN || timer_pending(&s->timer) ||
        !clock_is_enabled(s->clk)) {
        return;
    }
    switch (stm32mp1_quadspi_fmode(s)) {
    case FMODE_WRITE:
        bytes = MIN(used, s->left);
        if (s->sent && bytes == 0 && s->left) {
            return;
        }
        break;
    case FMODE_READ:
        bytes = MIN(STM32MP1_QUADSPI_FIFO - used, s->left);
        if (s->sent && bytes == 0 && s->left) {
            return;
        }
        break;
    case FMODE_POLL:
        bytes = s->left;
        break;
    default:
        return;
    }
    ns = stm32mp1_quadspi_ns(s, halves +
                                stm32mp1_quadspi_data_halves(s, bytes));
    if (stm32mp1_quadspi_fmode(s) == FMODE_POLL) {
        ns = MAX(ns + stm32mp1_quadspi_ns(s, 2 * s->regs[R_PIR]), POLL_MIN_NS);
    }
    timer_mod(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ns);
}

static void stm32mp1_quadspi_end(STM32MP1QuadspiState *s, uint32_t flag)
{
    timer_del(&s->timer);
    stm32mp1_quadspi_select_flash(s, false);
    s->state = STATE_IDLE;
    s->sent = false;
    s->fetching = false;
    s->left = 0;
    s->regs[R_SR] |= flag;
}

/*
 * An access to the window: more is fetched until the FIFO is full, and then
 * the flash stays selected; the timeout counter ends that.
 */
static void stm32mp1_quadspi_fetch(STM32MP1QuadspiState *s, uint64_t halves)
{
    s->fetching = true;
    if ((s->regs[R_CR] & R_CR_TCEN_MASK) && clock_is_enabled(s->clk)) {
        halves += stm32mp1_quadspi_data_halves(s, STM32MP1_QUADSPI_FIFO) +
                  2 * s->regs[R_LPTR];
        timer_mod(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                             stm32mp1_quadspi_ns(s, halves));
    }
}

/* One reading of the status; it is compared as PSMKR and PSMAR say. */
static void stm32mp1_quadspi_poll(STM32MP1QuadspiState *s)
{
    uint32_t status = 0;
    uint32_t differs;
    bool match;

    stm32mp1_quadspi_send_command(s, s->regs[R_AR]);
    for (unsigned i = 0; i < s->left; i++) {
        status |= (uint32_t)stm32mp1_quadspi_exchange(s, i % 2, 0) << 8 * i;
    }
    stm32mp1_quadspi_select_flash(s, false);
    s->sent = false;
    differs = (status ^ s->regs[R_PSMAR]) & s->regs[R_PSMKR];
    match = s->regs[R_CR] & R_CR_PMM_MASK ?
            differs != s->regs[R_PSMKR] : differs == 0;
    trace_stm32mp1_quadspi_poll(DEVICE(s)->canonical_path, status, match);
    if (match) {
        s->regs[R_SR] |= R_SR_SMF_MASK;
        if (s->regs[R_CR] & R_CR_APMS_MASK) {
            stm32mp1_quadspi_end(s, 0);
        }
    }
}

static void stm32mp1_quadspi_proceed(STM32MP1QuadspiState *s)
{
    unsigned fmode = stm32mp1_quadspi_fmode(s);

    if (s->state != STATE_RUN) {
        return;
    }
    if (fmode == FMODE_POLL) {
        stm32mp1_quadspi_poll(s);
        stm32mp1_quadspi_arm(s);
        return;
    }
    if (fmode == FMODE_MAPPED) {
        s->fetching = false;
        s->regs[R_SR] |= R_SR_TOF_MASK;
        return;
    }
    if (!s->sent) {
        stm32mp1_quadspi_send_command(s, s->regs[R_AR]);
    }
    while (s->left && fmode == FMODE_WRITE && !fifo8_is_empty(&s->fifo)) {
        stm32mp1_quadspi_exchange(s, s->left % 2, fifo8_pop(&s->fifo));
        s->left--;
    }
    while (s->left && fmode == FMODE_READ && !fifo8_is_full(&s->fifo)) {
        fifo8_push(&s->fifo, stm32mp1_quadspi_exchange(s, s->left % 2, 0));
        s->left--;
    }
    if (s->left == 0) {
        stm32mp1_quadspi_end(s, R_SR_TCF_MASK);
    } else {
        stm32mp1_quadspi_arm(s);
    }
}

static void stm32mp1_quadspi_timer(void *opaque)
{
    STM32MP1QuadspiState *s = opaque;

    stm32mp1_quadspi_proceed(s);
    stm32mp1_quadspi_update(s);
}

/* On a busy host the timer is late; who looks does not notice. */
static void stm32mp1_quadspi_catch_up(STM32MP1QuadspiState *s)
{
    if (timer_pending(&s->timer) &&
        timer_expired(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL))) {
        timer_del(&s->timer);
        stm32mp1_quadspi_timer(s);
    }
}

static void stm32mp1_quadspi_clock_update(void *opaque, ClockEvent event)
{
    stm32mp1_quadspi_arm(opaque);
}

static bool stm32mp1_quadspi_check(STM32MP1QuadspiState *s)
{
    if (stm32mp1_quadspi_fmode(s) != FMODE_MAPPED &&
        stm32mp1_quadspi_has_address(s) &&
        s->regs[R_AR] >= stm32mp1_quadspi_flash_size(s)) {
        s->regs[R_SR] |= R_SR_TEF_MASK;
        return false;
    }
    return true;
}

/* All that a command needs has been written */
static void stm32mp1_quadspi_begin(STM32MP1QuadspiState *s, uint32_t state)
{
    unsigned fmode = stm32mp1_quadspi_fmode(s);

    if (!stm32mp1_quadspi_check(s)) {
        return;
    }
    s->left = 0;
    if (stm32mp1_quadspi_has_data(s)) {
        s->left = s->regs[R_DLR] + 1ull;
        if (s->regs[R_DLR] == WHOLE_FLASH) {
            s->left = stm32mp1_quadspi_flash_size(s) - s->regs[R_AR];
        }
        if (stm32mp1_quadspi_is_dual(s)) {
            /* DL[0] is taken as 1, and bit 0 of an address as 0 */
            s->left = ROUND_UP(s->left, 2);
        }
        if (fmode == FMODE_POLL) {
            s->left = MIN(s->left, 4);
        }
    }
    s->sent = false;
    s->state = state;
    stm32mp1_quadspi_arm(s);
}

/* CCR or AR has been written: see whether the command can begin */
static void stm32mp1_quadspi_trigger(STM32MP1QuadspiState *s, bool by_address)
{
    unsigned fmode = stm32mp1_quadspi_fmode(s);

    if (!(s->regs[R_CR] & R_CR_EN_MASK)) {
        return;
    }
    if (fmode == FMODE_MAPPED) {
        if (!by_address) {
            stm32mp1_quadspi_begin(s, STATE_RUN);
        }
        return;
    }
    if (stm32mp1_quadspi_has_address(s) != by_address) {
        return;
    }
    stm32mp1_quadspi_begin(s, fmode == FMODE_WRITE &&
                              stm32mp1_quadspi_has_data(s) ?
                              STATE_WAIT : STATE_RUN);
}

static void stm32mp1_quadspi_write_dr(STM32MP1QuadspiState *s, uint32_t value,
                                      unsigned size)
{
    if (stm32mp1_quadspi_fmode(s) != FMODE_WRITE || s->state == STATE_IDLE) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: DR written without a command\n",
                      DEVICE(s)->canonical_path);
        return;
    }
    s->state = STATE_RUN;
    for (unsigned i = 0; i < size; i++) {
        /* Silicon lets the bus wait until there is room. */
        if (fifo8_is_full(&s->fifo)) {
            timer_del(&s->timer);
            stm32mp1_quadspi_proceed(s);
        }
        if (s->state == STATE_RUN && fifo8_num_used(&s->fifo) < s->left) {
            fifo8_push(&s->fifo, value >> 8 * i);
        }
    }
    stm32mp1_quadspi_arm(s);
}

static uint32_t stm32mp1_quadspi_read_dr(STM32MP1QuadspiState *s,
                                         unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        if (fifo8_is_empty(&s->fifo) &&
            stm32mp1_quadspi_fmode(s) == FMODE_READ) {
            timer_del(&s->timer);
            stm32mp1_quadspi_proceed(s);
        }
        if (stm32mp1_quadspi_fmode(s) == FMODE_READ &&
            !fifo8_is_empty(&s->fifo)) {
            value |= (uint32_t)fifo8_pop(&s->fifo) << 8 * i;
        }
    }
    stm32mp1_quadspi_arm(s);
    return value;
}

static void stm32mp1_quadspi_abort(STM32MP1QuadspiState *s)
{
    fifo8_reset(&s->fifo);
    stm32mp1_quadspi_end(s, R_SR_TCF_MASK);
}

static void stm32mp1_quadspi_write_cr(STM32MP1QuadspiState *s, uint32_t value)
{
    if (value & R_CR_ABORT_MASK) {
        stm32mp1_quadspi_abort(s);
    }
    s->regs[R_CR] = value & stm32mp1_quadspi_mask[R_CR];
    if (!(value & R_CR_EN_MASK) && s->state != STATE_IDLE) {
        fifo8_reset(&s->fifo);
        stm32mp1_quadspi_end(s, 0);
    }
}

static uint32_t stm32mp1_quadspi_read_reg(STM32MP1QuadspiState *s, hwaddr addr)
{
    for (unsigned i = 0; i < ARRAY_SIZE(stm32mp1_quadspi_ids); i++) {
        if (addr == stm32mp1_quadspi_ids[i].addr) {
            return stm32mp1_quadspi_ids[i].value;
        }
    }
    switch (addr) {
    case A_SR:
        return stm32mp1_quadspi_sr(s);
    case A_FCR:
        return 0;
    default:
        if (addr <= A_LPTR) {
            return s->regs[addr / 4];
        }
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        return 0;
    }
}

static uint64_t stm32mp1_quadspi_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1QuadspiState *s = opaque;
    hwaddr reg = QEMU_ALIGN_DOWN(addr, 4);
    uint32_t value;

    stm32mp1_quadspi_catch_up(s);
    if (reg == A_DR) {
        value = stm32mp1_quadspi_read_dr(s, size);
        stm32mp1_quadspi_update(s);
    } else {
        value = stm32mp1_quadspi_read_reg(s, reg) >> (8 * (addr - reg));
    }
    trace_stm32mp1_quadspi_read(DEVICE(s)->canonical_path, addr, value, size);
    return value;
}

static void stm32mp1_quadspi_write(void *opaque, hwaddr addr, uint64_t value,
                                   unsigned size)
{
    STM32MP1QuadspiState *s = opaque;
    bool busy;

    stm32mp1_quadspi_catch_up(s);
    busy = stm32mp1_quadspi_sr(s) & R_SR_BUSY_MASK;
    trace_stm32mp1_quadspi_write(DEVICE(s)->canonical_path, addr, value, size);
    if (QEMU_ALIGN_DOWN(addr, 4) == A_DR) {
        stm32mp1_quadspi_write_dr(s, value, size);
        stm32mp1_quadspi_update(s);
        return;
    }
    switch (addr) {
    case A_CR:
        stm32mp1_quadspi_write_cr(s, value);
        break;
    case A_FCR:
        s->regs[R_SR] &= ~(value & FCR_MASK);
        break;
    case A_DCR:
    case A_DLR:
    case A_CCR:
    case A_AR:
    case A_ABR:
    case A_PSMKR:
    case A_PSMAR:
    case A_PIR:
    case A_LPTR:
        if (busy) {
            qemu_log_mask(LOG_GUEST_ERROR,
                          "%s: 0x%" HWADDR_PRIx " written while busy\n",
                          DEVICE(s)->canonical_path, addr);
            return;
        }
        s->regs[addr / 4] = value & stm32mp1_quadspi_mask[addr / 4];
        if (addr == A_CCR) {
            s->instruction_sent = false;
            stm32mp1_quadspi_trigger(s, false);
        } else if (addr == A_AR) {
            stm32mp1_quadspi_trigger(s, true);
        }
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: nothing to write at 0x%" HWADDR_PRIx "\n",
                      DEVICE(s)->canonical_path, addr);
        return;
    }
    stm32mp1_quadspi_update(s);
}

static const MemoryRegionOps stm32mp1_quadspi_ops = {
    .read = stm32mp1_quadspi_read,
    .write = stm32mp1_quadspi_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 1,
    .impl.max_access_size = 4,
};

static MemTxResult stm32mp1_quadspi_window_read(void *opaque, hwaddr addr,
                                                uint64_t *data, unsigned size,
                                                MemTxAttrs attrs)
{
    STM32MP1QuadspiState *s = opaque;
    unsigned halves;

    stm32mp1_quadspi_catch_up(s);
    *data = 0;
    if (s->state != STATE_RUN || stm32mp1_quadspi_fmode(s) != FMODE_MAPPED) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: the flash is not mapped\n",
                      DEVICE(s)->canonical_path);
        return MEMTX_ERROR;
    }
    if (addr + size > stm32mp1_quadspi_flash_size(s)) {
        s->regs[R_SR] |= R_SR_TEF_MASK;
        stm32mp1_quadspi_update(s);
        return MEMTX_ERROR;
    }
    halves = stm32mp1_quadspi_command_halves(s);
    stm32mp1_quadspi_send_command(s, addr);
    /* what is not aligned comes byte by byte */
    for (unsigned i = 0; i < size; i++) {
        *data |= (uint64_t)stm32mp1_quadspi_exchange(s, (addr + i) % 2,
                                                     0) << 8 * i;
    }
    stm32mp1_quadspi_select_flash(s, false);
    stm32mp1_quadspi_fetch(s, halves);
    return MEMTX_OK;
}

static MemTxResult stm32mp1_quadspi_window_write(void *opaque, hwaddr addr,
                                                 uint64_t data, unsigned size,
                                                 MemTxAttrs attrs)
{
    STM32MP1QuadspiState *s = opaque;

    qemu_log_mask(LOG_GUEST_ERROR, "%s: the window cannot be written\n",
                  DEVICE(s)->canonical_path);
    return MEMTX_ERROR;
}

static const MemoryRegionOps stm32mp1_quadspi_window_ops = {
    .read_with_attrs = stm32mp1_quadspi_window_read,
    .write_with_attrs = stm32mp1_quadspi_window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .impl.min_access_size = 1,
    .impl.max_access_size = 8,
};

static void stm32mp1_quadspi_reset_enter(Object *obj, ResetType type)
{
    STM32MP1QuadspiState *s = STM32MP1_QUADSPI(obj);

    memset(s->regs, 0, sizeof(s->regs));
    timer_del(&s->timer);
    fifo8_reset(&s->fifo);
    s->state = STATE_IDLE;
    s->sent = false;
    s->instruction_sent = false;
    s->left = 0;
    s->fetching = false;
}

static void stm32mp1_quadspi_reset_hold(Object *obj, ResetType type)
{
    STM32MP1QuadspiState *s = STM32MP1_QUADSPI(obj);

    for (unsigned i = 0; i < STM32MP1_QUADSPI_NUM_CS; i++) {
        stm32mp1_quadspi_select(s, i, false);
    }
    stm32mp1_quadspi_update(s);
}

static int stm32mp1_quadspi_post_load(void *opaque, int version_id)
{
    STM32MP1QuadspiState *s = opaque;

    return s->state >= STATE_NUM ||
           (stm32mp1_quadspi_fmode(s) == FMODE_POLL && s->left > 4) ?
           -EINVAL : 0;
}

static const VMStateDescription vmstate_stm32mp1_quadspi = {
    .name = TYPE_STM32MP1_QUADSPI,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = stm32mp1_quadspi_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1QuadspiState),
        VMSTATE_UINT32_ARRAY(regs, STM32MP1QuadspiState,
                             STM32MP1_QUADSPI_NUM_REGS),
        VMSTATE_FIFO8(fifo, STM32MP1QuadspiState),
        VMSTATE_TIMER(timer, STM32MP1QuadspiState),
        VMSTATE_UINT32(state, STM32MP1QuadspiState),
        VMSTATE_BOOL(sent, STM32MP1QuadspiState),
        VMSTATE_BOOL(instruction_sent, STM32MP1QuadspiState),
        VMSTATE_UINT64(left, STM32MP1QuadspiState),
        VMSTATE_BOOL(fetching, STM32MP1QuadspiState),
        VMSTATE_END_OF_LIST()
    },
};

static const Property stm32mp1_quadspi_properties[] = {
    DEFINE_PROP_STRING("bus-name", STM32MP1QuadspiState, bus_name),
};

static void stm32mp1_quadspi_init(Object *obj)
{
    STM32MP1QuadspiState *s = STM32MP1_QUADSPI(obj);
    DeviceState *dev = DEVICE(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_quadspi_ops, s,
                          TYPE_STM32MP1_QUADSPI, 0x1000);
    sysbus_init_mmio(sbd, &s->mmio);
    memory_region_init_io(&s->window, obj, &stm32mp1_quadspi_window_ops, s,
                          TYPE_STM32MP1_QUADSPI "-window",
                          STM32MP1_QUADSPI_WINDOW);
    sysbus_init_mmio(sbd, &s->window);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_out_named(dev, &s->dma, "dma", 1);
    s->clk = qdev_init_clock_in(dev, "clk", stm32mp1_quadspi_clock_update, s,
                                ClockUpdate);
    fifo8_create(&s->fifo, STM32MP1_QUADSPI_FIFO);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, stm32mp1_quadspi_timer, s);
}

static void stm32mp1_quadspi_finalize(Object *obj)
{
    STM32MP1QuadspiState *s = STM32MP1_QUADSPI(obj);

    timer_del(&s->timer);
    fifo8_destroy(&s->fifo);
}

static void stm32mp1_quadspi_realize(DeviceState *dev, Error **errp)
{
    STM32MP1QuadspiState *s = STM32MP1_QUADSPI(dev);

    s->bus = ssi_create_bus(dev, s->bus_name ?: "ssi");
}

static void stm32mp1_quadspi_class_init(ObjectClass *klass,
                                        ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 QUADSPI";
    dc->realize = stm32mp1_quadspi_realize;
    dc->vmsd = &vmstate_stm32mp1_quadspi;
    device_class_set_props(dc, stm32mp1_quadspi_properties);
    rc->phases.enter = stm32mp1_quadspi_reset_enter;
    rc->phases.hold = stm32mp1_quadspi_reset_hold;
}

static const TypeInfo stm32mp1_quadspi_types[] = {
    {
        .name = TYPE_STM32MP1_QUADSPI,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1QuadspiState),
        .instance_init = stm32mp1_quadspi_init,
        .instance_finalize = stm32mp1_quadspi_finalize,
        .class_init = stm32mp1_quadspi_class_init,
    },
};

DEFINE_TYPES(stm32mp1_quadspi_types)
