/*
 * ZynqMP: control registers of the real-time processing unit (UG1087, RPU)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * What holds, starts and joins the two cores. Errors, their injection and the
 * interrupts that software raises are registers only.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/misc/zynqmp_rpu_ctrl.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"

REG32(RPU_0_ISR, 0x114)
REG32(RPU_0_IMR, 0x118)

#define R_CFG(n)        (A_RPU_CFG(n) / 4)

static void zynqmp_rpu_ctrl_update(RegisterBlockState *block)
{
    ZynqMPRpuCtrlState *s = ZYNQMP_RPU_CTRL(block);
    uint32_t global = block->regs[R_RPU_GLBL_CNTL];
    int i;

    qemu_set_irq(s->slsplit, FIELD_EX32(global, RPU_GLBL_CNTL, SLSPLIT));
    qemu_set_irq(s->tcm_comb, FIELD_EX32(global, RPU_GLBL_CNTL, TCM_COMB));
    for (i = 0; i < ZYNQMP_NUM_RPU; i++) {
        uint32_t cfg = block->regs[R_CFG(i)];

        qemu_set_irq(s->vinithi[i], FIELD_EX32(cfg, RPU_0_CFG, VINITHI));
        qemu_set_irq(s->ncpuhalt[i], FIELD_EX32(cfg, RPU_0_CFG, NCPUHALT));
    }
}

static void rpu_ctrl_post_write(RegisterInfo *reg, uint64_t val)
{
    zynqmp_rpu_ctrl_update(REGISTER_BLOCK_OF(reg));
}

/* Return the mask register that IEN and IDS change, of the same core. */
static uint32_t *rpu_ctrl_imr(RegisterInfo *reg)
{
    unsigned core = (reg->access->addr - A_RPU_0_CFG) / ZYNQMP_RPU_STRIDE;

    return &REGISTER_BLOCK_OF(reg)->regs[R_RPU_0_IMR +
                                         core * ZYNQMP_RPU_STRIDE / 4];
}

static uint64_t rpu_ctrl_ien_pre_write(RegisterInfo *reg, uint64_t val)
{
    *rpu_ctrl_imr(reg) &= ~val;
    return 0;
}

static uint64_t rpu_ctrl_ids_pre_write(RegisterInfo *reg, uint64_t val)
{
    *rpu_ctrl_imr(reg) |= val;
    return 0;
}

#define EVENTS  0x01ffffff

/* A register of core n; the address is that of core 0's. */
#define CORE_REG(n, _name, _addr, ...) \
    { .name = "RPU_" #n "_" _name, .addr = (_addr) + (n) * ZYNQMP_RPU_STRIDE, \
      __VA_ARGS__ }

static const RegisterAccessInfo zynqmp_rpu_ctrl_regs[] = {
    { .name = "RPU_GLBL_CNTL", .addr = A_RPU_GLBL_CNTL, .reset = 0x250,
      .ro = ~0x7ffu, .post_write = rpu_ctrl_post_write },
    REGISTER_BLOCK_RO("RPU_GLBL_STATUS", 0x04, 0),
    { .name = "RPU_ERR_CNTL", .addr = 0x08, .ro = ~0x1u },
    { .name = "RPU_RAM", .addr = 0x0c },
    { .name = "RPU_ERR_INJ", .addr = 0x20 },
    { .name = "RPU_CCF_MASK", .addr = 0x24 },
    { .name = "RPU_INTR_0", .addr = 0x28 },
    { .name = "RPU_INTR_1", .addr = 0x2c },
    { .name = "RPU_INTR_2", .addr = 0x30 },
    { .name = "RPU_INTR_3", .addr = 0x34 },
    { .name = "RPU_INTR_4", .addr = 0x38 },
    { .name = "RPU_INTR_MASK_0", .addr = 0x40 },
    { .name = "RPU_INTR_MASK_1", .addr = 0x44 },
    { .name = "RPU_INTR_MASK_2", .addr = 0x48 },
    { .name = "RPU_INTR_MASK_3", .addr = 0x4c },
    { .name = "RPU_INTR_MASK_4", .addr = 0x50 },
    { .name = "RPU_CCF_VAL", .addr = 0x54 },
    { .name = "RPU_SAFETY_CHK", .addr = 0xf0 },
    CORE_REG(0, "CFG", 0x100, .reset = 0x5, .ro = ~0xfu,
             .post_write = rpu_ctrl_post_write),
    CORE_REG(0, "STATUS", 0x104, .reset = 0x3f, .ro = ~0u),
    CORE_REG(0, "PWRDWN", 0x108, .ro = ~0x1u),
    CORE_REG(0, "ISR", 0x114, .ro = ~EVENTS, .w1c = EVENTS),
    CORE_REG(0, "IMR", 0x118, .reset = EVENTS, .ro = ~0u),
    CORE_REG(0, "IEN", 0x11c, .ro = ~EVENTS,
             .pre_write = rpu_ctrl_ien_pre_write),
    CORE_REG(0, "IDS", 0x120, .ro = ~EVENTS,
             .pre_write = rpu_ctrl_ids_pre_write),
    CORE_REG(0, "SLV_BASE", 0x124, .ro = ~0xffu),
    CORE_REG(0, "AXI_OVER", 0x128, .ro = ~0x3ffu),
    CORE_REG(1, "CFG", 0x100, .reset = 0x5, .ro = ~0xfu,
             .post_write = rpu_ctrl_post_write),
    CORE_REG(1, "STATUS", 0x104, .reset = 0x3f, .ro = ~0u),
    CORE_REG(1, "PWRDWN", 0x108, .ro = ~0x1u),
    CORE_REG(1, "ISR", 0x114, .ro = ~EVENTS, .w1c = EVENTS),
    CORE_REG(1, "IMR", 0x118, .reset = EVENTS, .ro = ~0u),
    CORE_REG(1, "IEN", 0x11c, .ro = ~EVENTS,
             .pre_write = rpu_ctrl_ien_pre_write),
    CORE_REG(1, "IDS", 0x120, .ro = ~EVENTS,
             .pre_write = rpu_ctrl_ids_pre_write),
    CORE_REG(1, "SLV_BASE", 0x124, .ro = ~0xffu),
    CORE_REG(1, "AXI_OVER", 0x128, .ro = ~0x3ffu),
};

static void zynqmp_rpu_ctrl_reset_exit(Object *obj, ResetType type)
{
    zynqmp_rpu_ctrl_update(REGISTER_BLOCK(obj));
}

static void zynqmp_rpu_ctrl_init(Object *obj)
{
    ZynqMPRpuCtrlState *s = ZYNQMP_RPU_CTRL(obj);
    DeviceState *dev = DEVICE(obj);

    qdev_init_gpio_out_named(dev, s->ncpuhalt, "ncpuhalt", ZYNQMP_NUM_RPU);
    qdev_init_gpio_out_named(dev, s->vinithi, "vinithi", ZYNQMP_NUM_RPU);
    qdev_init_gpio_out_named(dev, &s->slsplit, "slsplit", 1);
    qdev_init_gpio_out_named(dev, &s->tcm_comb, "tcm-comb", 1);
}

static void zynqmp_rpu_ctrl_class_init(ObjectClass *klass, ClassInitData *data)
{
    register_block_class_init(klass, zynqmp_rpu_ctrl_regs,
                              ARRAY_SIZE(zynqmp_rpu_ctrl_regs));
    RESETTABLE_CLASS(klass)->phases.exit = zynqmp_rpu_ctrl_reset_exit;
}

static const TypeInfo zynqmp_rpu_ctrl_types[] = {
    {
        .name = TYPE_ZYNQMP_RPU_CTRL,
        .parent = TYPE_REGISTER_BLOCK,
        .instance_size = sizeof(ZynqMPRpuCtrlState),
        .instance_init = zynqmp_rpu_ctrl_init,
        .class_init = zynqmp_rpu_ctrl_class_init,
    },
};

DEFINE_TYPES(zynqmp_rpu_ctrl_types)
