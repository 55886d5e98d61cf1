/*
 * STM32MP1 secure digital/MultiMediaCard interface (SDMMC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Commands and data take no time on the bus, so the path of the commands is
 * never seen active and the card never busy. Data are moved a turn at a time,
 * which bounds what one access of the guest makes QEMU do. Bits for what is
 * done with a card that speaks SDIO, boot mode, and the hold of data are
 * storage.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/sd/stm32mp1_sdmmc.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_gate.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "system/dma.h"
#include "trace.h"

/* It belongs to the normal world. */
static const MemTxAttrs sdmmc_attrs = {
    .requester_id = STM32MP1_REQUESTER_OTHER,
};

REG32(POWER, 0x00)
    FIELD(POWER, PWRCTRL, 0, 2)
    FIELD(POWER, VSWITCH, 2, 1)
    FIELD(POWER, VSWITCHEN, 3, 1)
REG32(CLKCR, 0x04)
    FIELD(CLKCR, CLKDIV, 0, 10)
REG32(ARGR, 0x08)
REG32(CMDR, 0x0c)
    FIELD(CMDR, CMDINDEX, 0, 6)
    FIELD(CMDR, CMDTRANS, 6, 1)
    FIELD(CMDR, CMDSTOP, 7, 1)
    FIELD(CMDR, WAITRESP, 8, 2)
    FIELD(CMDR, CPSMEN, 12, 1)
REG32(RESPCMDR, 0x10)
REG32(RESP1R, 0x14)
REG32(RESP2R, 0x18)
REG32(RESP3R, 0x1c)
REG32(RESP4R, 0x20)
REG32(DTIMER, 0x24)
REG32(DLENR, 0x28)
REG32(DCTRL, 0x2c)
    FIELD(DCTRL, DTEN, 0, 1)
    FIELD(DCTRL, DTDIR, 1, 1)
    FIELD(DCTRL, DBLOCKSIZE, 4, 4)
    FIELD(DCTRL, FIFORST, 13, 1)
REG32(DCNTR, 0x30)
REG32(STAR, 0x34)
    FIELD(STAR, CTIMEOUT, 2, 1)
    FIELD(STAR, DTIMEOUT, 3, 1)
    FIELD(STAR, TXUNDERR, 4, 1)
    FIELD(STAR, RXOVERR, 5, 1)
    FIELD(STAR, CMDREND, 6, 1)
    FIELD(STAR, CMDSENT, 7, 1)
    FIELD(STAR, DATAEND, 8, 1)
    FIELD(STAR, DABORT, 11, 1)
    FIELD(STAR, DPSMACT, 12, 1)
    FIELD(STAR, TXFIFOHE, 14, 1)
    FIELD(STAR, RXFIFOHF, 15, 1)
    FIELD(STAR, TXFIFOF, 16, 1)
    FIELD(STAR, RXFIFOF, 17, 1)
    FIELD(STAR, TXFIFOE, 18, 1)
    FIELD(STAR, RXFIFOE, 19, 1)
    FIELD(STAR, VSWEND, 25, 1)
    FIELD(STAR, CKSTOP, 26, 1)
    FIELD(STAR, IDMATE, 27, 1)
    FIELD(STAR, IDMABTC, 28, 1)
REG32(ICR, 0x38)
REG32(MASKR, 0x3c)
REG32(ACKTIMER, 0x40)
REG32(IDMACTRLR, 0x50)
    FIELD(IDMACTRLR, IDMAEN, 0, 1)
    FIELD(IDMACTRLR, IDMABMODE, 1, 1)
REG32(IDMABSIZER, 0x54)
REG32(IDMABASER, 0x58)
REG32(IDMALAR, 0x64)
    FIELD(IDMALAR, ABR, 29, 1)
    FIELD(IDMALAR, ULS, 30, 1)
    FIELD(IDMALAR, ULA, 31, 1)
REG32(IDMABAR, 0x68)
REG32(FIFOR, 0x80)

#define POWER_ON            3
#define WAITRESP_NONE       0
#define WAITRESP_NO_CRC     2
#define WAITRESP_LONG       3
/* RESPCMD of a response that has no index */
#define RESPCMD_NONE        0x3f
#define CMD_VOLTAGE_SWITCH  11

#define CMDR_MASK           0x1ffff
#define CMDR_UNIMP          0x1ec00 /* interrupt mode, boot, hold, suspend */
#define DATA_MASK           0x1ffffff
#define DCTRL_MASK          0x3fff
#define DCTRL_UNIMP         0x1f00 /* SDIO, boot acknowledge */
#define IDMALAR_OFFSET      0xfffc
#define IDMALAR_MASK        0xe000fffc
#define IDMABSIZER_MASK     0x1ffe0
#define STAR_CLEARABLE      0x1fe00fff
#define STAR_FIFO           0x000fc000
#define MASKR_MASK          0x17e6cfff
/* What a turn moves at most, in bytes */
#define TURN                (128 * 1024)
#define STEP                512

static uint32_t *stm32mp1_sdmmc_regs(STM32MP1SdmmcState *s)
{
    return s->parent_obj.regs;
}

static bool stm32mp1_sdmmc_active(STM32MP1SdmmcState *s)
{
    return stm32mp1_sdmmc_regs(s)[R_STAR] & R_STAR_DPSMACT_MASK;
}

static bool stm32mp1_sdmmc_reading(STM32MP1SdmmcState *s)
{
    return stm32mp1_sdmmc_regs(s)[R_DCTRL] & R_DCTRL_DTDIR_MASK;
}

static bool stm32mp1_sdmmc_idma(STM32MP1SdmmcState *s)
{
    return stm32mp1_sdmmc_regs(s)[R_IDMACTRLR] & R_IDMACTRLR_IDMAEN_MASK;
}

/* The flags of the FIFO, which belong to a transfer through it */
static uint32_t stm32mp1_sdmmc_fifo_flags(STM32MP1SdmmcState *s)
{
    uint32_t used = fifo32_num_used(&s->fifo);
    uint32_t flags = 0;

    if (!stm32mp1_sdmmc_active(s) || stm32mp1_sdmmc_idma(s)) {
        return 0;
    }
    if (stm32mp1_sdmmc_reading(s)) {
        flags = FIELD_DP32(flags, STAR, RXFIFOE, used == 0);
        flags = FIELD_DP32(flags, STAR, RXFIFOHF,
                           used >= STM32MP1_SDMMC_FIFO_LEN / 2);
        flags = FIELD_DP32(flags, STAR, RXFIFOF, fifo32_is_full(&s->fifo));
    } else {
        flags = FIELD_DP32(flags, STAR, TXFIFOE, used == 0);
        flags = FIELD_DP32(flags, STAR, TXFIFOHE,
                           used <= STM32MP1_SDMMC_FIFO_LEN / 2);
        flags = FIELD_DP32(flags, STAR, TXFIFOF, fifo32_is_full(&s->fifo));
    }
    return flags;
}

static void stm32mp1_sdmmc_update(STM32MP1SdmmcState *s)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);
    bool level;

    regs[R_STAR] &= ~STAR_FIFO;
    regs[R_STAR] |= stm32mp1_sdmmc_fifo_flags(s);
    level = regs[R_STAR] & regs[R_MASKR];
    trace_stm32mp1_sdmmc_update(DEVICE(s)->canonical_path, regs[R_STAR],
                                level);
    qemu_set_irq(s->irq, level);
}

/* The path of the data goes idle, with a flag that says why */
static void stm32mp1_sdmmc_idle(STM32MP1SdmmcState *s, uint32_t flags)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);

    trace_stm32mp1_sdmmc_idle(DEVICE(s)->canonical_path, s->done,
                              regs[R_DLENR], flags);
    regs[R_STAR] &= ~R_STAR_DPSMACT_MASK;
    regs[R_STAR] |= flags;
    regs[R_DCTRL] &= ~R_DCTRL_DTEN_MASK;
    timer_del(s->turn);
    timer_del(s->timeout);
}

static void stm32mp1_sdmmc_start(STM32MP1SdmmcState *s)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);

    regs[R_STAR] |= R_STAR_DPSMACT_MASK;
    regs[R_DCNTR] = regs[R_DLENR];
    fifo32_reset(&s->fifo);
    s->done = 0;
    s->buffer_done = 0;
}

/* Give the card its time to be ready for data. */
static void stm32mp1_sdmmc_wait(STM32MP1SdmmcState *s)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);
    uint64_t div = FIELD_EX32(regs[R_CLKCR], CLKCR, CLKDIV);
    uint64_t ns = clock_ticks_to_ns(s->clk, regs[R_DTIMER] *
                                    (div ? 2 * div : 1));
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (!timer_pending(s->timeout) && clock_is_enabled(s->clk)) {
        timer_mod(s->timeout, ns > INT64_MAX - now ? INT64_MAX : now + ns);
    }
}

/* Move data between card and buffer. */
static void stm32mp1_sdmmc_card(STM32MP1SdmmcState *s, uint8_t *data,
                                uint32_t size)
{
    if (stm32mp1_sdmmc_reading(s)) {
        sdbus_read_data(&s->sdbus, data, size);
    } else {
        sdbus_write_data(&s->sdbus, data, size);
    }
    s->done += size;
    stm32mp1_sdmmc_regs(s)[R_DCNTR] -= size;
}

/* The memory is not there, or a list is wrong: nobody serves the FIFO. */
static void stm32mp1_sdmmc_idma_error(STM32MP1SdmmcState *s)
{
    stm32mp1_sdmmc_idle(s, R_STAR_IDMATE_MASK |
                        (stm32mp1_sdmmc_reading(s) ? R_STAR_RXOVERR_MASK :
                                                     R_STAR_TXUNDERR_MASK));
}

/* Whether another buffer of the list follows the present one */
static bool stm32mp1_sdmmc_linked(STM32MP1SdmmcState *s)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);

    return (regs[R_IDMACTRLR] & R_IDMACTRLR_IDMABMODE_MASK) &&
           (regs[R_IDMALAR] & R_IDMALAR_ULA_MASK);
}

/* Take the next buffer of the list, which has to be marked as ready. */
static bool stm32mp1_sdmmc_next_buffer(STM32MP1SdmmcState *s)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);
    uint32_t item[3]; /* IDMALAR, IDMABASER, IDMABSIZER */

    if (dma_memory_read(&s->as, regs[R_IDMABAR] +
                        (regs[R_IDMALAR] & IDMALAR_OFFSET), item, sizeof(item),
                        sdmmc_attrs) != MEMTX_OK) {
        return false;
    }
    regs[R_IDMALAR] = le32_to_cpu(item[0]) & IDMALAR_MASK;
    regs[R_IDMABASER] = le32_to_cpu(item[1]) & ~0x3u;
    if (regs[R_IDMALAR] & R_IDMALAR_ULS_MASK) {
        regs[R_IDMABSIZER] = le32_to_cpu(item[2]) & IDMABSIZER_MASK;
    }
    s->buffer_done = 0;
    regs[R_STAR] |= R_STAR_IDMABTC_MASK;
    return regs[R_IDMALAR] & R_IDMALAR_ABR_MASK;
}

/*
 * Up to a block by the IDMA: bytes moved, 0 if it has stopped. The size of the
 * list's last buffer does not matter, as the transfer has one.
 */
static uint32_t stm32mp1_sdmmc_step_idma(STM32MP1SdmmcState *s, uint32_t size)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);
    uint8_t data[STEP];
    MemTxResult result;
    uint32_t addr;

    if (stm32mp1_sdmmc_linked(s) && s->buffer_done >= regs[R_IDMABSIZER] &&
        (regs[R_IDMABSIZER] == 0 || !stm32mp1_sdmmc_next_buffer(s))) {
        stm32mp1_sdmmc_idma_error(s);
        return 0;
    }
    if (stm32mp1_sdmmc_linked(s)) {
        if (regs[R_IDMABSIZER] == 0) {
            stm32mp1_sdmmc_idma_error(s);
            return 0;
        }
        size = MIN(size, regs[R_IDMABSIZER] - s->buffer_done);
    }
    addr = regs[R_IDMABASER] + s->buffer_done;

    if (stm32mp1_sdmmc_reading(s)) {
        stm32mp1_sdmmc_card(s, data, size);
        result = dma_memory_write(&s->as, addr, data, size,
                                  sdmmc_attrs);
    } else {
        result = dma_memory_read(&s->as, addr, data, size,
                                 sdmmc_attrs);
        if (result == MEMTX_OK) {
            stm32mp1_sdmmc_card(s, data, size);
        }
    }
    if (result != MEMTX_OK) {
        stm32mp1_sdmmc_idma_error(s);
        return 0;
    }
    s->buffer_done += size;
    return size;
}

/* A word through the FIFO: bytes moved, 0 if the guest has to do something */
static uint32_t stm32mp1_sdmmc_step_fifo(STM32MP1SdmmcState *s)
{
    uint32_t size = MIN(stm32mp1_sdmmc_regs(s)[R_DCNTR], 4);
    uint8_t data[4] = { 0 };

    if (stm32mp1_sdmmc_reading(s)) {
        if (fifo32_is_full(&s->fifo)) {
            return 0;
        }
        stm32mp1_sdmmc_card(s, data, size);
        fifo32_push(&s->fifo, ldl_le_p(data));
    } else {
        if (fifo32_is_empty(&s->fifo)) {
            return 0;
        }
        stl_le_p(data, fifo32_pop(&s->fifo));
        stm32mp1_sdmmc_card(s, data, size);
    }
    return size;
}

/* Go on with the transfer as far as card, guest and turn allow it. */
static void stm32mp1_sdmmc_run(STM32MP1SdmmcState *s)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);
    uint32_t turn = 0;

    if (s->running) {
        return;
    }
    s->running = true;
    while (stm32mp1_sdmmc_active(s)) {
        bool reading = stm32mp1_sdmmc_reading(s);
        uint32_t block = 1u << FIELD_EX32(regs[R_DCTRL], DCTRL, DBLOCKSIZE);
        uint32_t size = MIN(block - s->done % block, STEP);

        if (regs[R_DCNTR] == 0) {
            /* The guest takes what is in the FIFO before it looks for this. */
            if (!reading || fifo32_is_empty(&s->fifo)) {
                stm32mp1_sdmmc_idle(s, R_STAR_DATAEND_MASK);
            }
            break;
        }
        if (!(reading ? sdbus_data_ready(&s->sdbus) :
                        sdbus_receive_ready(&s->sdbus))) {
            stm32mp1_sdmmc_wait(s);
            break;
        }
        timer_del(s->timeout);
        if (turn >= TURN) {
            timer_mod(s->turn, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + 1);
            break;
        }
        size = MIN(size, regs[R_DCNTR]);
        size = stm32mp1_sdmmc_idma(s) ? stm32mp1_sdmmc_step_idma(s, size) :
                                        stm32mp1_sdmmc_step_fifo(s);
        if (size == 0) {
            break;
        }
        turn += size;
    }
    s->running = false;
    stm32mp1_sdmmc_update(s);
}

static void stm32mp1_sdmmc_turn(void *opaque)
{
    stm32mp1_sdmmc_run(opaque);
}

static void stm32mp1_sdmmc_timeout(void *opaque)
{
    STM32MP1SdmmcState *s = opaque;

    stm32mp1_sdmmc_idle(s, R_STAR_DTIMEOUT_MASK);
    stm32mp1_sdmmc_update(s);
}

/* Send the command of CMDR and take its response: the flag to set */
static uint32_t stm32mp1_sdmmc_send(STM32MP1SdmmcState *s)
{
    uint32_t *regs = stm32mp1_sdmmc_regs(s);
    unsigned wait = FIELD_EX32(regs[R_CMDR], CMDR, WAITRESP);
    SDRequest request = {
        .cmd = FIELD_EX32(regs[R_CMDR], CMDR, CMDINDEX),
        .arg = regs[R_ARGR],
    };
    uint8_t response[16] = { 0 };
    int size = sdbus_do_command(&s->sdbus, &request, response,
                                sizeof(response));

    trace_stm32mp1_sdmmc_command(DEVICE(s)->canonical_path, request.cmd,
                                 request.arg, size);
    if (wait == WAITRESP_NONE) {
        return R_STAR_CMDSENT_MASK;
    }
    if (size != (wait == WAITRESP_LONG ? 16 : 4)) {
        return R_STAR_CTIMEOUT_MASK;
    }
    for (int i = 0; i < 4; i++) {
        regs[R_RESP1R + i] = ldl_be_p(&response[4 * i]);
    }
    regs[R_RESP4R] &= ~1u;
    regs[R_RESPCMDR] = wait == WAITRESP_LONG || wait == WAITRESP_NO_CRC ?
                       RESPCMD_NONE : request.cmd;
    if (request.cmd == CMD_VOLTAGE_SWITCH &&
        (regs[R_POWER] & R_POWER_VSWITCHEN_MASK)) {
        regs[R_STAR] |= R_STAR_CKSTOP_MASK;
    }
    return R_STAR_CMDREND_MASK;
}

static void sdmmc_cmdr_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);
    uint32_t *regs = stm32mp1_sdmmc_regs(s);

    if (!(val & R_CMDR_CPSMEN_MASK)) {
        return;
    }
    regs[R_CMDR] &= ~R_CMDR_CPSMEN_MASK;
    if (val & CMDR_UNIMP) {
        qemu_log_mask(LOG_UNIMP, "%s: CMDR 0x%" PRIx64 " is not modelled\n",
                      DEVICE(s)->canonical_path, val);
    }
    if (FIELD_EX32(regs[R_POWER], POWER, PWRCTRL) != POWER_ON) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: a command without power\n",
                      DEVICE(s)->canonical_path);
        return;
    }
    if ((val & R_CMDR_CMDTRANS_MASK) && !stm32mp1_sdmmc_active(s)) {
        stm32mp1_sdmmc_start(s);
    }
    regs[R_STAR] |= stm32mp1_sdmmc_send(s);
    if ((val & R_CMDR_CMDSTOP_MASK) && stm32mp1_sdmmc_active(s)) {
        stm32mp1_sdmmc_idle(s, R_STAR_DABORT_MASK);
    }
    stm32mp1_sdmmc_run(s);
}

/* Only a reset takes the power away. */
static uint64_t sdmmc_power_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);
    uint32_t old = stm32mp1_sdmmc_regs(s)[R_POWER];

    return FIELD_EX32(old, POWER, PWRCTRL) == POWER_ON ?
           FIELD_DP32(val, POWER, PWRCTRL, POWER_ON) : val;
}

static void sdmmc_power_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);
    uint32_t *regs = stm32mp1_sdmmc_regs(s);
    const uint32_t both = R_POWER_VSWITCH_MASK | R_POWER_VSWITCHEN_MASK;

    if ((val & both) == both) {
        sdbus_set_voltage(&s->sdbus, SD_VOLTAGE_1_8V);
        regs[R_STAR] |= R_STAR_VSWEND_MASK;
    }
    stm32mp1_sdmmc_update(s);
}

static uint64_t sdmmc_dctrl_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);
    uint32_t old = stm32mp1_sdmmc_regs(s)[R_DCTRL];

    if (val & R_DCTRL_FIFORST_MASK) {
        fifo32_reset(&s->fifo);
    }
    if (val & DCTRL_UNIMP) {
        qemu_log_mask(LOG_UNIMP, "%s: DCTRL 0x%" PRIx64 " is not modelled\n",
                      DEVICE(s)->canonical_path, val);
    }
    return (stm32mp1_sdmmc_active(s) ? old : val) & ~R_DCTRL_FIFORST_MASK;
}

static void sdmmc_dctrl_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);

    if ((val & R_DCTRL_DTEN_MASK) && !stm32mp1_sdmmc_active(s)) {
        stm32mp1_sdmmc_start(s);
    }
    stm32mp1_sdmmc_run(s);
}

/* Registers that a transfer has to leave as they are */
static uint64_t sdmmc_fixed_pre_write(RegisterInfo *reg, uint64_t val)
{
    return stm32mp1_sdmmc_active(STM32MP1_SDMMC(reg->opaque)) ?
           *(uint32_t *)reg->data : val;
}

static void sdmmc_post_write(RegisterInfo *reg, uint64_t val)
{
    stm32mp1_sdmmc_update(STM32MP1_SDMMC(reg->opaque));
}

static uint64_t sdmmc_icr_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);

    stm32mp1_sdmmc_regs(s)[R_STAR] &= ~(val & STAR_CLEARABLE);
    stm32mp1_sdmmc_update(s);
    return 0;
}

static uint64_t sdmmc_fifor_post_read(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);

    if (!stm32mp1_sdmmc_active(s) || !stm32mp1_sdmmc_reading(s) ||
        fifo32_is_empty(&s->fifo)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: nothing to read in the FIFO\n",
                      DEVICE(s)->canonical_path);
        return 0;
    }
    val = fifo32_pop(&s->fifo);
    stm32mp1_sdmmc_run(s);
    return val;
}

/*
 * The card is as fast as the guest: what waits in the FIFO has not come yet. A
 * driver that asks whether there is more before it takes a word (that of TF-A)
 * would miss the last one.
 */
static uint64_t sdmmc_dcntr_post_read(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);

    if (stm32mp1_sdmmc_active(s) && stm32mp1_sdmmc_reading(s)) {
        val = MIN(val + 4 * fifo32_num_used(&s->fifo),
                  stm32mp1_sdmmc_regs(s)[R_DLENR]);
    }
    return val;
}

static uint64_t sdmmc_fifor_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(reg->opaque);

    if (!stm32mp1_sdmmc_active(s) || stm32mp1_sdmmc_reading(s) ||
        stm32mp1_sdmmc_idma(s) || fifo32_is_full(&s->fifo)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: the FIFO takes nothing\n",
                      DEVICE(s)->canonical_path);
        return 0;
    }
    fifo32_push(&s->fifo, val);
    stm32mp1_sdmmc_run(s);
    return 0;
}

#define SDMMC_FIFO(_n) \
    { .name = "FIFOR" #_n, .addr = A_FIFOR + 4 * (_n), \
      .pre_write = sdmmc_fifor_pre_write, .post_read = sdmmc_fifor_post_read }

static const RegisterAccessInfo stm32mp1_sdmmc_table[] = {
    { .name = "POWER", .addr = A_POWER, .ro = ~0x1fu,
      .pre_write = sdmmc_power_pre_write,
      .post_write = sdmmc_power_post_write },
    { .name = "CLKCR", .addr = A_CLKCR, .ro = ~0x003fd3ffu },
    { .name = "ARGR", .addr = A_ARGR },
    { .name = "CMDR", .addr = A_CMDR, .ro = ~(uint32_t)CMDR_MASK,
      .post_write = sdmmc_cmdr_post_write },
    REGISTER_BLOCK_RO("RESPCMDR", A_RESPCMDR, 0),
    REGISTER_BLOCK_RO("RESP1R", A_RESP1R, 0),
    REGISTER_BLOCK_RO("RESP2R", A_RESP2R, 0),
    REGISTER_BLOCK_RO("RESP3R", A_RESP3R, 0),
    REGISTER_BLOCK_RO("RESP4R", A_RESP4R, 0),
    { .name = "DTIMER", .addr = A_DTIMER },
    { .name = "DLENR", .addr = A_DLENR, .ro = ~(uint32_t)DATA_MASK,
      .pre_write = sdmmc_fixed_pre_write },
    { .name = "DCTRL", .addr = A_DCTRL, .ro = ~(uint32_t)DCTRL_MASK,
      .pre_write = sdmmc_dctrl_pre_write,
      .post_write = sdmmc_dctrl_post_write },
    { .name = "DCNTR", .addr = A_DCNTR, .ro = ~0u,
      .post_read = sdmmc_dcntr_post_read },
    REGISTER_BLOCK_RO("STAR", A_STAR, 0),
    { .name = "ICR", .addr = A_ICR, .pre_write = sdmmc_icr_pre_write },
    { .name = "MASKR", .addr = A_MASKR, .ro = ~(uint32_t)MASKR_MASK,
      .post_write = sdmmc_post_write },
    { .name = "ACKTIMER", .addr = A_ACKTIMER, .ro = ~(uint32_t)DATA_MASK },
    { .name = "IDMACTRLR", .addr = A_IDMACTRLR, .ro = ~0x3u,
      .pre_write = sdmmc_fixed_pre_write },
    { .name = "IDMABSIZER", .addr = A_IDMABSIZER,
      .ro = ~(uint32_t)IDMABSIZER_MASK, .pre_write = sdmmc_fixed_pre_write },
    { .name = "IDMABASER", .addr = A_IDMABASER, .ro = 0x3,
      .pre_write = sdmmc_fixed_pre_write },
    { .name = "IDMALAR", .addr = A_IDMALAR, .ro = ~(uint32_t)IDMALAR_MASK,
      .pre_write = sdmmc_fixed_pre_write },
    { .name = "IDMABAR", .addr = A_IDMABAR, .ro = 0x3,
      .pre_write = sdmmc_fixed_pre_write },
    SDMMC_FIFO(0), SDMMC_FIFO(1), SDMMC_FIFO(2), SDMMC_FIFO(3),
    SDMMC_FIFO(4), SDMMC_FIFO(5), SDMMC_FIFO(6), SDMMC_FIFO(7),
    SDMMC_FIFO(8), SDMMC_FIFO(9), SDMMC_FIFO(10), SDMMC_FIFO(11),
    SDMMC_FIFO(12), SDMMC_FIFO(13), SDMMC_FIFO(14), SDMMC_FIFO(15),
    REGISTER_BLOCK_RO("VERR", 0x3f4, 0x20),
    REGISTER_BLOCK_RO("IPIDR", 0x3f8, 0x00140022),
    REGISTER_BLOCK_RO("SIDR", 0x3fc, 0xa3c5dd01),
};

static void stm32mp1_sdmmc_set_inserted(DeviceState *dev, bool inserted)
{
    qemu_set_irq(STM32MP1_SDMMC(dev)->card_inserted, inserted);
}

static void stm32mp1_sdmmc_reset_hold(Object *obj, ResetType type)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(obj);

    register_block_reset_all(REGISTER_BLOCK(obj));
    fifo32_reset(&s->fifo);
    s->done = 0;
    s->buffer_done = 0;
    timer_del(s->turn);
    timer_del(s->timeout);
}

static void stm32mp1_sdmmc_reset_exit(Object *obj, ResetType type)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(obj);

    stm32mp1_sdmmc_update(s);
    stm32mp1_sdmmc_set_inserted(DEVICE(s), sdbus_get_inserted(&s->sdbus));
}

static void stm32mp1_sdmmc_init(Object *obj)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(obj);
    DeviceState *dev = DEVICE(obj);

    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    qdev_init_gpio_out_named(dev, &s->card_inserted, "card-inserted", 1);
    qbus_init(&s->sdbus, sizeof(s->sdbus), TYPE_STM32MP1_SDMMC_BUS, dev,
              "sd-bus");
    s->clk = qdev_init_clock_in(dev, "clk", NULL, NULL, 0);
    fifo32_create(&s->fifo, STM32MP1_SDMMC_FIFO_LEN);
    s->turn = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_sdmmc_turn, s);
    s->timeout = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_sdmmc_timeout, s);
}

static void stm32mp1_sdmmc_realize(DeviceState *dev, Error **errp)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(dev);

    if (!s->memory) {
        error_setg(errp, "property \"memory\" is not set");
        return;
    }
    address_space_init(&s->as, s->memory, TYPE_STM32MP1_SDMMC);
}

static void stm32mp1_sdmmc_unrealize(DeviceState *dev)
{
    address_space_destroy(&STM32MP1_SDMMC(dev)->as);
}

static void stm32mp1_sdmmc_finalize(Object *obj)
{
    STM32MP1SdmmcState *s = STM32MP1_SDMMC(obj);

    timer_free(s->turn);
    timer_free(s->timeout);
    fifo32_destroy(&s->fifo);
}

static int stm32mp1_sdmmc_post_load(void *opaque, int version_id)
{
    STM32MP1SdmmcState *s = opaque;
    uint32_t *regs = stm32mp1_sdmmc_regs(s);

    if (s->fifo.fifo.head >= s->fifo.fifo.capacity ||
        s->fifo.fifo.num > s->fifo.fifo.capacity ||
        s->fifo.fifo.head % 4 || s->fifo.fifo.num % 4 ||
        (regs[R_DLENR] & ~DATA_MASK) || (regs[R_DCNTR] & ~DATA_MASK)) {
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_sdmmc = {
    .name = TYPE_STM32MP1_SDMMC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_sdmmc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(parent_obj.regs, STM32MP1SdmmcState,
                             REGISTER_BLOCK_NUM),
        VMSTATE_CLOCK(clk, STM32MP1SdmmcState),
        VMSTATE_FIFO32(fifo, STM32MP1SdmmcState),
        VMSTATE_TIMER_PTR(turn, STM32MP1SdmmcState),
        VMSTATE_TIMER_PTR(timeout, STM32MP1SdmmcState),
        VMSTATE_UINT32(done, STM32MP1SdmmcState),
        VMSTATE_UINT32(buffer_done, STM32MP1SdmmcState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_sdmmc_properties[] = {
    DEFINE_PROP_LINK("memory", STM32MP1SdmmcState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void stm32mp1_sdmmc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_sdmmc_table,
                              ARRAY_SIZE(stm32mp1_sdmmc_table));
    dc->desc = "STM32MP1 secure digital/MultiMediaCard interface";
    dc->realize = stm32mp1_sdmmc_realize;
    dc->unrealize = stm32mp1_sdmmc_unrealize;
    device_class_set_props(dc, stm32mp1_sdmmc_properties);
    /* Has a link to the memory that the IDMA reaches */
    dc->user_creatable = false;
    dc->vmsd = &vmstate_stm32mp1_sdmmc;
    rc->phases.hold = stm32mp1_sdmmc_reset_hold;
    rc->phases.exit = stm32mp1_sdmmc_reset_exit;
}

static void stm32mp1_sdmmc_bus_class_init(ObjectClass *klass,
                                          ClassInitData *data)
{
    SD_BUS_CLASS(klass)->set_inserted = stm32mp1_sdmmc_set_inserted;
}

static const TypeInfo stm32mp1_sdmmc_types[] = {
    {
        .name = TYPE_STM32MP1_SDMMC,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1SdmmcState),
        .instance_init = stm32mp1_sdmmc_init,
        .instance_finalize = stm32mp1_sdmmc_finalize,
        .class_init = stm32mp1_sdmmc_class_init,
    },
    {
        .name = TYPE_STM32MP1_SDMMC_BUS,
        .parent = TYPE_SD_BUS,
        .instance_size = sizeof(SDBus),
        .class_init = stm32mp1_sdmmc_bus_class_init,
    },
};

DEFINE_TYPES(stm32mp1_sdmmc_types)
