/*
 * ZynqMP: clocks and resets of the low-power domain (UG1087, CRL_APB)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * No clock stops and no peripheral is reset by what is written here; only the
 * cores of the RPU are. Resets have the values in which the first boot loader
 * leaves them: the RPU's bus runs, its two cores wait.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/misc/zynqmp_crl_apb.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "system/runstate.h"

static void zynqmp_crl_apb_update(RegisterBlockState *block)
{
    ZynqMPCrlApbState *s = ZYNQMP_CRL_APB(block);
    uint32_t resets = block->regs[R_RST_LPD_TOP];
    bool bus = FIELD_EX32(resets, RST_LPD_TOP, RPU_AMBA_RESET);
    int i;

    for (i = 0; i < ARRAY_SIZE(s->rpu_reset); i++) {
        qemu_set_irq(s->rpu_reset[i], bus || extract32(resets, i, 1));
    }
}

static void crl_apb_post_write(RegisterInfo *reg, uint64_t val)
{
    zynqmp_crl_apb_update(REGISTER_BLOCK_OF(reg));
}

static void zynqmp_crl_apb_reset_reason(void *opaque, int n, int level)
{
    ZynqMPCrlApbState *s = opaque;

    if (qemu_reset_requested_get()) {
        s->reset_reason = level;
    }
}

static void crl_apb_reset_ctrl_post_write(RegisterInfo *reg, uint64_t val)
{
    if (FIELD_EX32(val, RESET_CTRL, SOFT_RESET)) {
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
        zynqmp_crl_apb_reset_reason(REGISTER_BLOCK_OF(reg), 0,
                                    R_RESET_REASON_SOFT_MASK);
    }
}

#define CLOCK(_name, _addr, _reset) \
    { .name = _name, .addr = (_addr), .reset = (_reset) }

static const RegisterAccessInfo zynqmp_crl_apb_regs[] = {
    { .name = "ERR_CTRL", .addr = 0x00, .ro = ~0x1u },
    { .name = "CRL_WPROT", .addr = 0x1c, .ro = ~0x1u },
    CLOCK("IOPLL_CTRL", 0x20, 0x00012c09),
    CLOCK("IOPLL_CFG", 0x24, 0),
    CLOCK("IOPLL_FRAC_CFG", 0x28, 0),
    CLOCK("RPLL_CTRL", 0x30, 0x00012c09),
    CLOCK("RPLL_CFG", 0x34, 0),
    CLOCK("RPLL_FRAC_CFG", 0x38, 0),
    /* Both PLLs are locked and stable */
    REGISTER_BLOCK_RO("PLL_STATUS", 0x40, 0x1b),
    CLOCK("IOPLL_TO_FPD_CTRL", 0x44, 0x400),
    CLOCK("RPLL_TO_FPD_CTRL", 0x48, 0x400),
    CLOCK("UART0_REF_CTRL", 0x74, 0x01001800),
    CLOCK("UART1_REF_CTRL", 0x78, 0x01001800),
    CLOCK("CPU_R5_CTRL", 0x90, 0x03000600),
    CLOCK("IOU_SWITCH_CTRL", 0x9c, 0x00001500),
    CLOCK("LPD_SWITCH_CTRL", 0xa8, 0x01000500),
    CLOCK("LPD_LSBUS_CTRL", 0xac, 0x01001800),
    CLOCK("TIMESTAMP_REF_CTRL", 0x128, 0x00001800),
    /* JTAG: nobody has left a list of what comes after BL31 */
    { .name = "BOOT_MODE_USER", .addr = 0x200, .ro = ~0xff0fu },
    REGISTER_BLOCK_RO("BOOT_MODE_POR", 0x204, 0),
    { .name = "RESET_CTRL", .addr = A_RESET_CTRL, .ro = ~0x11u,
      .post_write = crl_apb_reset_ctrl_post_write },
    { .name = "RESET_REASON", .addr = A_RESET_REASON, .w1c = 0x7f,
      .ro = ~0x7fu },
    { .name = "RST_LPD_IOU0", .addr = 0x230 },
    { .name = "RST_LPD_IOU2", .addr = 0x238 },
    { .name = "RST_LPD_TOP", .addr = A_RST_LPD_TOP, .reset = 0x3,
      .post_write = crl_apb_post_write },
    { .name = "RST_LPD_DBG", .addr = 0x240 },
    { .name = "BOOT_PIN_CTRL", .addr = 0x250 },
};

/* The flags stay, and add up, until software clears them or power goes. */
static void zynqmp_crl_apb_reset_hold(Object *obj, ResetType type)
{
    ZynqMPCrlApbState *s = ZYNQMP_CRL_APB(obj);
    RegisterBlockState *block = REGISTER_BLOCK(obj);
    uint32_t flags = block->regs[R_RESET_REASON];

    register_block_reset_all(block);
    block->regs[R_RESET_REASON] =
        flags | (s->reset_reason ?: R_RESET_REASON_SRST_MASK);
    s->reset_reason = 0;
}

static void zynqmp_crl_apb_reset_exit(Object *obj, ResetType type)
{
    zynqmp_crl_apb_update(REGISTER_BLOCK(obj));
}

static void zynqmp_crl_apb_init(Object *obj)
{
    ZynqMPCrlApbState *s = ZYNQMP_CRL_APB(obj);

    qdev_init_gpio_out_named(DEVICE(obj), s->rpu_reset, "rpu-reset",
                             ARRAY_SIZE(s->rpu_reset));
    qdev_init_gpio_in_named(DEVICE(obj), zynqmp_crl_apb_reset_reason,
                            "reset-reason", 1);
    /* The first reset of the machine is that of its power-on. */
    s->reset_reason = R_RESET_REASON_EXTERNAL_POR_MASK;
}

static const VMStateDescription vmstate_zynqmp_crl_apb = {
    .name = TYPE_ZYNQMP_CRL_APB,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(parent_obj, ZynqMPCrlApbState, 1,
                       vmstate_register_block, RegisterBlockState),
        VMSTATE_UINT32(reset_reason, ZynqMPCrlApbState),
        VMSTATE_END_OF_LIST()
    }
};

static void zynqmp_crl_apb_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, zynqmp_crl_apb_regs,
                              ARRAY_SIZE(zynqmp_crl_apb_regs));
    DEVICE_CLASS(klass)->vmsd = &vmstate_zynqmp_crl_apb;
    RESETTABLE_CLASS(klass)->phases.hold = zynqmp_crl_apb_reset_hold;
    RESETTABLE_CLASS(klass)->phases.exit = zynqmp_crl_apb_reset_exit;
}

static const TypeInfo zynqmp_crl_apb_types[] = {
    {
        .name = TYPE_ZYNQMP_CRL_APB,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(ZynqMPCrlApbState),
        .instance_init = zynqmp_crl_apb_init,
        .class_init = zynqmp_crl_apb_class_init,
    },
};

DEFINE_TYPES(zynqmp_crl_apb_types)
