/*
 * STM32MP1 boot and security controller (RM0436, chapter BSEC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The fuses of the 96 OTP words are what a DK2 has in them, as far as software
 * on it looks: part number, unique id and package, and what the property
 * "fuses" burns in addition. Each reset copies them to the shadow registers,
 * and so does a command for one word. A command burns fuses for good, that is
 * until QEMU ends. The bits that lock words are set until reset.
 *
 * Status: the device is never in the state "invalid", the fuse box is busy for
 * no time at all, and has its power as soon as it is asked for. Errors of the
 * fuse box (OTP_DISTURBED, OTP_ERROR) do not happen.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "hw/misc/stm32mp1_bsec.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(OTP_CONF, 0x00)
    FIELD(OTP_CONF, POWER, 0, 1)
REG32(OTP_CTRL, 0x04)
    FIELD(OTP_CTRL, ADDR, 0, 7)
    FIELD(OTP_CTRL, PROG, 8, 1)
    FIELD(OTP_CTRL, LOCK, 9, 1)
REG32(OTP_WRDATA, 0x08)
REG32(OTP_STATUS, 0x0c)
    FIELD(OTP_STATUS, SECURED, 0, 1)
    FIELD(OTP_STATUS, PROGFAIL, 4, 1)
    FIELD(OTP_STATUS, PWR, 5, 1)
REG32(OTP_LOCK, 0x10)
    FIELD(OTP_LOCK, PROG, 4, 1)
REG32(OTP_WRLOCK0, 0x4c)
REG32(OTP_SPLOCK0, 0x64)
REG32(OTP_SWLOCK0, 0x7c)
REG32(OTP_SRLOCK0, 0x94)
REG32(OTP_DATA0, 0x200)

/* Words from this one on have error correction: one lock bit, not two */
#define UPPER 32
/* Of word 0 */
#define CFG0_CLOSED BIT(6)

bool stm32mp1_bsec_closed(const STM32MP1BsecState *s)
{
    return s->fuse[0] & CFG0_CLOSED;
}

static bool bsec_locked(STM32MP1BsecState *s, unsigned lock0, unsigned word)
{
    return extract32(s->parent_obj.regs[lock0 + word / 32], word % 32, 1);
}

static uint64_t bsec_sticky_pre_write(RegisterInfo *reg, uint64_t val)
{
    return val | *(uint32_t *)reg->data;
}

/* A shadow register, which leaves the fuses as they are */
static uint64_t bsec_data_pre_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1BsecState *s = STM32MP1_BSEC(REGISTER_BLOCK_OF(reg));
    unsigned word = (reg->access->addr - A_OTP_DATA0) / 4;

    return bsec_locked(s, R_OTP_SWLOCK0, word) ? *(uint32_t *)reg->data : val;
}

/* The words that a command locks: a field of OTP_WRDATA stands for each */
static bool bsec_lock_words(STM32MP1BsecState *s, unsigned addr, uint32_t data)
{
    uint32_t *regs = s->parent_obj.regs;
    unsigned first = addr < UPPER / 8 ? addr * 8 :
                     UPPER + (addr - UPPER / 8) * 16;
    unsigned width = first < UPPER ? 2 : 1;
    unsigned i;

    if (first + 16 / width > STM32MP1_BSEC_WORDS) {
        return false;
    }
    for (i = 0; i < 16 / width; i++) {
        unsigned word = first + i;

        if (extract32(data, i * width, width) == MAKE_64BIT_MASK(0, width)) {
            regs[R_OTP_WRLOCK0 + word / 32] |= BIT(word % 32);
            s->locked[word / 32] |= BIT(word % 32);
        }
    }
    return true;
}

static bool bsec_program(STM32MP1BsecState *s, unsigned word, uint32_t data)
{
    if (word >= STM32MP1_BSEC_WORDS || bsec_locked(s, R_OTP_SPLOCK0, word) ||
        bsec_locked(s, R_OTP_WRLOCK0, word)) {
        return false;
    }
    s->fuse[word] |= data;
    return true;
}

static void bsec_ctrl_post_write(RegisterInfo *reg, uint64_t val)
{
    STM32MP1BsecState *s = STM32MP1_BSEC(REGISTER_BLOCK_OF(reg));
    uint32_t *regs = s->parent_obj.regs;
    unsigned addr = FIELD_EX32(val, OTP_CTRL, ADDR);
    bool prog = FIELD_EX32(val, OTP_CTRL, PROG);
    bool lock = FIELD_EX32(val, OTP_CTRL, LOCK);
    uint32_t data = regs[R_OTP_WRDATA];
    bool done;

    if (s->in_reset) {
        return;
    }
    if (!FIELD_EX32(regs[R_OTP_CONF], OTP_CONF, POWER)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: command 0x%03" PRIx64
                      " while the fuse box has no power\n", TYPE_STM32MP1_BSEC,
                      val);
        return;
    }
    if (!prog) {
        if (!lock && addr < STM32MP1_BSEC_WORDS &&
            !bsec_locked(s, R_OTP_SRLOCK0, addr)) {
            regs[R_OTP_DATA0 + addr] = s->fuse[addr];
        }
        return;
    }
    if (FIELD_EX32(regs[R_OTP_LOCK], OTP_LOCK, PROG)) {
        done = false;
    } else {
        done = lock ? bsec_lock_words(s, addr, data) :
                      bsec_program(s, addr, data);
    }
    trace_stm32mp1_bsec_program(addr, lock, data, done);
    s->prog_failed = !done;
}

static uint64_t bsec_status_post_read(RegisterInfo *reg, uint64_t val)
{
    STM32MP1BsecState *s = STM32MP1_BSEC(REGISTER_BLOCK_OF(reg));
    uint32_t conf = s->parent_obj.regs[R_OTP_CONF];

    return FIELD_DP32(0, OTP_STATUS, SECURED, 1) |
           FIELD_DP32(0, OTP_STATUS, PROGFAIL, s->prog_failed) |
           FIELD_DP32(0, OTP_STATUS, PWR, FIELD_EX32(conf, OTP_CONF, POWER));
}

#define RO(n, a) REGISTER_BLOCK_RO(n, a, 0)
#define STICKY(n, a) { .name = n, .addr = (a), \
                       .pre_write = bsec_sticky_pre_write }
#define OTP(n, v) { .name = "OTP_DATA", .addr = A_OTP_DATA0 + 4 * (n), \
                    .reset = (v), .pre_write = bsec_data_pre_write }

static const RegisterAccessInfo stm32mp1_bsec_regs[] = {
    { .name = "OTP_CONF", .addr = A_OTP_CONF, .ro = ~0x1ffu },
    { .name = "OTP_CTRL", .addr = A_OTP_CTRL, .ro = ~0x37fu,
      .post_write = bsec_ctrl_post_write },
    { .name = "OTP_WRDATA", .addr = A_OTP_WRDATA },
    { .name = "OTP_STATUS", .addr = A_OTP_STATUS, .ro = ~0u,
      .post_read = bsec_status_post_read },
    { .name = "OTP_LOCK", .addr = A_OTP_LOCK, .ro = ~0x1fu,
      .pre_write = bsec_sticky_pre_write },
    { .name = "DENABLE", .addr = 0x14, .ro = ~0x7ffu },
    RO("OTP_DISTURBED0", 0x1c), RO("OTP_DISTURBED1", 0x20),
    RO("OTP_DISTURBED2", 0x24),
    RO("OTP_ERROR0", 0x34), RO("OTP_ERROR1", 0x38), RO("OTP_ERROR2", 0x3c),
    RO("OTP_WRLOCK0", A_OTP_WRLOCK0), RO("OTP_WRLOCK1", A_OTP_WRLOCK0 + 4),
    RO("OTP_WRLOCK2", A_OTP_WRLOCK0 + 8),
    STICKY("OTP_SPLOCK0", A_OTP_SPLOCK0),
    STICKY("OTP_SPLOCK1", A_OTP_SPLOCK0 + 4),
    STICKY("OTP_SPLOCK2", A_OTP_SPLOCK0 + 8),
    STICKY("OTP_SWLOCK0", A_OTP_SWLOCK0),
    STICKY("OTP_SWLOCK1", A_OTP_SWLOCK0 + 4),
    STICKY("OTP_SWLOCK2", A_OTP_SWLOCK0 + 8),
    STICKY("OTP_SRLOCK0", A_OTP_SRLOCK0),
    STICKY("OTP_SRLOCK1", A_OTP_SRLOCK0 + 4),
    STICKY("OTP_SRLOCK2", A_OTP_SRLOCK0 + 8),
    RO("JTAGIN", 0xac),
    { .name = "JTAGOUT", .addr = 0xb0, .ro = ~0xffffu },
    { .name = "SCRATCH", .addr = 0xb4 },
    /* TF-A: BSEC_IPVR, BSEC_IP_ID */
    REGISTER_BLOCK_RO("IPVR", 0xff4, 0x11),
    REGISTER_BLOCK_RO("IP_ID", 0xff8, 0x00100032),
    REGISTER_BLOCK_RO("IP_MAGIC_ID", 0xffc, 0xa3c5dd04),
    OTP(0, 0),
    /* STM32MP157C */
    OTP(1, 0x05000000),
    OTP(2, 0), OTP(3, 0), OTP(4, 0), OTP(5, 0), OTP(6, 0), OTP(7, 0),
    OTP(8, 0), OTP(9, 0), OTP(10, 0), OTP(11, 0), OTP(12, 0),
    /* unique id: no two words alike, none of them zero */
    OTP(13, 0x00410032), OTP(14, 0x3138510a), OTP(15, 0x34383330),
    /* package AC (TFBGA361) in bits 29:27 */
    OTP(16, 0x10000000),
    OTP(17, 0), OTP(18, 0), OTP(19, 0), OTP(20, 0), OTP(21, 0), OTP(22, 0),
    OTP(23, 0),
    OTP(24, 0), OTP(25, 0), OTP(26, 0), OTP(27, 0), OTP(28, 0), OTP(29, 0),
    OTP(30, 0), OTP(31, 0), OTP(32, 0), OTP(33, 0), OTP(34, 0), OTP(35, 0),
    OTP(36, 0), OTP(37, 0), OTP(38, 0), OTP(39, 0), OTP(40, 0), OTP(41, 0),
    OTP(42, 0), OTP(43, 0), OTP(44, 0), OTP(45, 0), OTP(46, 0), OTP(47, 0),
    OTP(48, 0), OTP(49, 0), OTP(50, 0), OTP(51, 0), OTP(52, 0), OTP(53, 0),
    OTP(54, 0), OTP(55, 0), OTP(56, 0), OTP(57, 0), OTP(58, 0), OTP(59, 0),
    OTP(60, 0), OTP(61, 0), OTP(62, 0), OTP(63, 0), OTP(64, 0), OTP(65, 0),
    OTP(66, 0), OTP(67, 0), OTP(68, 0), OTP(69, 0), OTP(70, 0), OTP(71, 0),
    OTP(72, 0), OTP(73, 0), OTP(74, 0), OTP(75, 0), OTP(76, 0), OTP(77, 0),
    OTP(78, 0), OTP(79, 0), OTP(80, 0), OTP(81, 0), OTP(82, 0), OTP(83, 0),
    OTP(84, 0), OTP(85, 0), OTP(86, 0), OTP(87, 0), OTP(88, 0), OTP(89, 0),
    OTP(90, 0), OTP(91, 0), OTP(92, 0), OTP(93, 0), OTP(94, 0), OTP(95, 0),
};

static void stm32mp1_bsec_reset_hold(Object *obj, ResetType type)
{
    STM32MP1BsecState *s = STM32MP1_BSEC(obj);
    uint32_t *regs = s->parent_obj.regs;

    /* It gives each register its value by a write. */
    s->in_reset = true;
    register_block_reset_all(REGISTER_BLOCK(obj));
    s->in_reset = false;
    s->prog_failed = false;
    memcpy(&regs[R_OTP_DATA0], s->fuse, sizeof(s->fuse));
    memcpy(&regs[R_OTP_WRLOCK0], s->locked, sizeof(s->locked));
}

/* WORD=VALUE:WORD=VALUE... */
static bool bsec_burn(STM32MP1BsecState *s, Error **errp)
{
    g_auto(GStrv) fuses = g_strsplit(s->fuses ?: "", ":", -1);

    for (char **fuse = fuses; *fuse; fuse++) {
        const char *end;
        unsigned word, value;

        if (qemu_strtoui(*fuse, &end, 0, &word) || *end != '=' ||
            qemu_strtoui(end + 1, NULL, 0, &value) ||
            word >= STM32MP1_BSEC_WORDS) {
            error_setg(errp, "fuses: '%s': expected WORD=VALUE, with a WORD "
                       "below %u and a VALUE of 32 bits", *fuse,
                       STM32MP1_BSEC_WORDS);
            return false;
        }
        s->fuse[word] |= value;
    }
    return true;
}

static void stm32mp1_bsec_realize(DeviceState *dev, Error **errp)
{
    STM32MP1BsecState *s = STM32MP1_BSEC(dev);
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_bsec_regs); i++) {
        const RegisterAccessInfo *reg = &stm32mp1_bsec_regs[i];

        if (reg->pre_write == bsec_data_pre_write) {
            s->fuse[(reg->addr - A_OTP_DATA0) / 4] = reg->reset;
        }
    }
    bsec_burn(s, errp);
}

static const VMStateDescription vmstate_stm32mp1_bsec = {
    .name = TYPE_STM32MP1_BSEC,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(parent_obj.regs, STM32MP1BsecState,
                             REGISTER_BLOCK_NUM),
        VMSTATE_UINT32_ARRAY(fuse, STM32MP1BsecState, STM32MP1_BSEC_WORDS),
        VMSTATE_UINT32_ARRAY(locked, STM32MP1BsecState,
                             STM32MP1_BSEC_WORDS / 32),
        VMSTATE_BOOL(prog_failed, STM32MP1BsecState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_bsec_properties[] = {
    DEFINE_PROP_STRING("fuses", STM32MP1BsecState, fuses),
};

static void stm32mp1_bsec_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    register_block_class_init(klass, stm32mp1_bsec_regs,
                              ARRAY_SIZE(stm32mp1_bsec_regs));
    REGISTER_BLOCK_CLASS(klass)->size = REGISTER_BLOCK_MAX;
    RESETTABLE_CLASS(klass)->phases.hold = stm32mp1_bsec_reset_hold;
    dc->realize = stm32mp1_bsec_realize;
    dc->vmsd = &vmstate_stm32mp1_bsec;
    device_class_set_props(dc, stm32mp1_bsec_properties);
}

static const TypeInfo stm32mp1_bsec_types[] = {
    {
        .name = TYPE_STM32MP1_BSEC,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(STM32MP1BsecState),
        .class_init = stm32mp1_bsec_class_init,
    },
};

DEFINE_TYPES(stm32mp1_bsec_types)
