/*
 * STM32MP1 boot and security controller (RM0436, chapter BSEC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The shadow registers of the 96 OTP words hold what a DK2 has in its fuses,
 * as far as software on it looks: part number, unique id and package. They
 * cannot be programmed. The lock registers are storage, set until reset.
 */
#include "qemu/osdep.h"
#include "hw/misc/stm32mp1_bsec.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"

REG32(OTP_DATA0, 0x200)

static uint64_t bsec_sticky_pre_write(RegisterInfo *reg, uint64_t val)
{
    return val | *(uint32_t *)reg->data;
}

#define RO(n, a) REGISTER_BLOCK_RO(n, a, 0)
#define STICKY(n, a) { .name = n, .addr = (a), \
                       .pre_write = bsec_sticky_pre_write }
#define OTP(n, v) { .name = "OTP_DATA", .addr = A_OTP_DATA0 + 4 * (n), \
                    .reset = (v), .ro = ~0u }

static const RegisterAccessInfo stm32mp1_bsec_regs[] = {
    { .name = "OTP_CONF", .addr = 0x00, .ro = ~0x3fu },
    /* programming a fuse */
    { .name = "OTP_CTRL", .addr = 0x04, .ro = ~0x37fu, .unimp = 0x100 },
    { .name = "OTP_WRDATA", .addr = 0x08 },
    RO("OTP_STATUS", 0x0c),
    { .name = "OTP_LOCK", .addr = 0x10, .ro = ~0x1fu,
      .pre_write = bsec_sticky_pre_write },
    { .name = "DENABLE", .addr = 0x14, .ro = ~0x7ffu },
    RO("OTP_DISTURBED0", 0x1c), RO("OTP_DISTURBED1", 0x20),
    RO("OTP_DISTURBED2", 0x24),
    RO("OTP_ERROR0", 0x34), RO("OTP_ERROR1", 0x38), RO("OTP_ERROR2", 0x3c),
    RO("OTP_WRLOCK0", 0x4c), RO("OTP_WRLOCK1", 0x50),
    RO("OTP_WRLOCK2", 0x54),
    STICKY("OTP_SPLOCK0", 0x64), STICKY("OTP_SPLOCK1", 0x68),
    STICKY("OTP_SPLOCK2", 0x6c),
    STICKY("OTP_SWLOCK0", 0x7c), STICKY("OTP_SWLOCK1", 0x80),
    STICKY("OTP_SWLOCK2", 0x84),
    STICKY("OTP_SRLOCK0", 0x94), STICKY("OTP_SRLOCK1", 0x98),
    STICKY("OTP_SRLOCK2", 0x9c),
    RO("JTAGIN", 0xac),
    { .name = "JTAGOUT", .addr = 0xb0, .ro = ~0xffffu },
    { .name = "SCRATCH", .addr = 0xb4 },
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

static void stm32mp1_bsec_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, stm32mp1_bsec_regs,
                              ARRAY_SIZE(stm32mp1_bsec_regs));
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
