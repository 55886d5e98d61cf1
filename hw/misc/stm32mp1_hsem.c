/*
 * STM32MP1 HSEM (hardware semaphores)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Hardware semaphore". Security and privilege are not modelled.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_hsem.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(R0, 0x000)
    FIELD(R, PROCID, 0, 8)
    FIELD(R, COREID, 8, 8)
    FIELD(R, LOCK, 31, 1)
REG32(R31, 0x07c)
REG32(RLR0, 0x080)
REG32(RLR31, 0x0fc)
REG32(C1IER, 0x100)
REG32(C1ICR, 0x104)
REG32(C1ISR, 0x108)
REG32(C1MISR, 0x10c)
REG32(C2IER, 0x110)
REG32(C2ICR, 0x114)
REG32(C2ISR, 0x118)
REG32(C2MISR, 0x11c)
REG32(CR, 0x140)
    FIELD(CR, COREID, 8, 8)
    FIELD(CR, KEY, 16, 16)
REG32(KEYR, 0x144)
REG32(HWCFGR2, 0x3ec)
REG32(HWCFGR1, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define R_MASK          (R_R_LOCK_MASK | R_R_COREID_MASK | R_R_PROCID_MASK)
#define OWNER_MASK      (R_R_COREID_MASK | R_R_PROCID_MASK)

#define HWCFGR2_VALUE   0x00000021
#define HWCFGR1_VALUE   0x00000220
#define VERR_VALUE      0x00000020
#define IPIDR_VALUE     0x00100072
#define SIDR_VALUE      0xa3c5dd01

static void stm32mp1_hsem_update_irq(STM32MP1HsemState *s)
{
    for (unsigned m = 0; m < STM32MP1_HSEM_NUM_MASTERS; m++) {
        qemu_set_irq(s->irq[m], (s->isr[m] & s->ier[m]) != 0);
    }
}

static void stm32mp1_hsem_lock(STM32MP1HsemState *s, unsigned n, uint32_t owner)
{
    if (!s->r[n]) {
        s->r[n] = R_R_LOCK_MASK | owner;
        trace_stm32mp1_hsem_lock(n, s->r[n]);
    }
}

static void stm32mp1_hsem_free(STM32MP1HsemState *s, unsigned n)
{
    trace_stm32mp1_hsem_free(n, s->r[n]);
    s->r[n] = 0;
    for (unsigned m = 0; m < STM32MP1_HSEM_NUM_MASTERS; m++) {
        s->isr[m] |= BIT(n);
    }
}

/* Two-step lock, or release. Whoever writes can only speak for himself. */
static void stm32mp1_hsem_write_r(STM32MP1HsemView *view, unsigned n,
                                  uint32_t value)
{
    STM32MP1HsemState *s = view->hsem;

    if (FIELD_EX32(value, R, COREID) != view->coreid) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: R%u: 0x%08x is not of core %u\n", __func__, n,
                      value, view->coreid);
    } else if (value & R_R_LOCK_MASK) {
        stm32mp1_hsem_lock(s, n, value & OWNER_MASK);
    } else if (s->r[n] == (R_R_LOCK_MASK | (value & OWNER_MASK))) {
        stm32mp1_hsem_free(s, n);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: R%u: 0x%08x does not own 0x%08x\n", __func__, n,
                      value, s->r[n]);
    }
}

/* Free all the semaphores of a core, given the key. */
static void stm32mp1_hsem_write_cr(STM32MP1HsemState *s, uint32_t value)
{
    if ((value ^ s->keyr) & R_CR_KEY_MASK) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: wrong key in 0x%08x\n", __func__,
                      value);
        return;
    }
    for (unsigned n = 0; n < STM32MP1_HSEM_NUM_SEMS; n++) {
        if (s->r[n] && FIELD_EX32(s->r[n], R, COREID) ==
                       FIELD_EX32(value, CR, COREID)) {
            stm32mp1_hsem_free(s, n);
        }
    }
}

static uint64_t stm32mp1_hsem_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1HsemView *view = opaque;
    STM32MP1HsemState *s = view->hsem;
    unsigned m = addr >= A_C2IER;
    uint32_t value = 0;

    switch (addr) {
    case A_R0 ... A_R31:
        value = s->r[(addr - A_R0) / 4];
        break;
    case A_RLR0 ... A_RLR31:
        /* one-step lock: reading tries, and tells who owns it now */
        stm32mp1_hsem_lock(s, (addr - A_RLR0) / 4,
                           view->coreid << R_R_COREID_SHIFT);
        value = s->r[(addr - A_RLR0) / 4];
        break;
    case A_C1IER:
    case A_C2IER:
        value = s->ier[m];
        break;
    case A_C1ISR:
    case A_C2ISR:
        value = s->isr[m];
        break;
    case A_C1MISR:
    case A_C2MISR:
        value = s->isr[m] & s->ier[m];
        break;
    case A_C1ICR:
    case A_C2ICR:
    case A_CR:
        break;
    case A_KEYR:
        value = s->keyr;
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
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad offset 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
        break;
    }
    trace_stm32mp1_hsem_read(view->coreid, addr, value, size);
    return value;
}

static void stm32mp1_hsem_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    STM32MP1HsemView *view = opaque;
    STM32MP1HsemState *s = view->hsem;
    unsigned m = addr >= A_C2IER;

    trace_stm32mp1_hsem_write(view->coreid, addr, value, size);
    switch (addr) {
    case A_R0 ... A_R31:
        stm32mp1_hsem_write_r(view, (addr - A_R0) / 4, value);
        break;
    case A_C1IER:
    case A_C2IER:
        s->ier[m] = value;
        break;
    case A_C1ICR:
    case A_C2ICR:
        s->isr[m] &= ~value;
        break;
    case A_CR:
        stm32mp1_hsem_write_cr(s, value);
        break;
    case A_KEYR:
        s->keyr = value & R_CR_KEY_MASK;
        break;
    case A_RLR0 ... A_RLR31:
    case A_C1ISR:
    case A_C2ISR:
    case A_C1MISR:
    case A_C2MISR:
    case A_HWCFGR2 ... A_SIDR:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: offset 0x%" HWADDR_PRIx " is read-only\n",
                      __func__, addr);
        return;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad offset 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
        return;
    }
    stm32mp1_hsem_update_irq(s);
}

static const MemoryRegionOps stm32mp1_hsem_ops = {
    .read = stm32mp1_hsem_read,
    .write = stm32mp1_hsem_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32mp1_hsem_reset_enter(Object *obj, ResetType type)
{
    STM32MP1HsemState *s = STM32MP1_HSEM(obj);

    memset(s->r, 0, sizeof(s->r));
    memset(s->ier, 0, sizeof(s->ier));
    memset(s->isr, 0, sizeof(s->isr));
    s->keyr = 0;
}

static void stm32mp1_hsem_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_hsem_update_irq(STM32MP1_HSEM(obj));
}

static const VMStateDescription vmstate_stm32mp1_hsem = {
    .name = TYPE_STM32MP1_HSEM,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(r, STM32MP1HsemState, STM32MP1_HSEM_NUM_SEMS),
        VMSTATE_UINT32_ARRAY(ier, STM32MP1HsemState, STM32MP1_HSEM_NUM_MASTERS),
        VMSTATE_UINT32_ARRAY(isr, STM32MP1HsemState, STM32MP1_HSEM_NUM_MASTERS),
        VMSTATE_UINT32(keyr, STM32MP1HsemState),
        VMSTATE_END_OF_LIST()
    },
};

static void stm32mp1_hsem_init(Object *obj)
{
    STM32MP1HsemState *s = STM32MP1_HSEM(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    for (unsigned m = 0; m < STM32MP1_HSEM_NUM_MASTERS; m++) {
        STM32MP1HsemView *view = &s->view[m];

        view->hsem = s;
        view->coreid = m + 1;
        memory_region_init_io(&view->mmio, obj, &stm32mp1_hsem_ops, view,
                              TYPE_STM32MP1_HSEM, 0x400);
        sysbus_init_mmio(sbd, &view->mmio);
        sysbus_init_irq(sbd, &s->irq[m]);
    }
}

static void stm32mp1_hsem_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 hardware semaphores";
    dc->vmsd = &vmstate_stm32mp1_hsem;
    rc->phases.enter = stm32mp1_hsem_reset_enter;
    rc->phases.hold = stm32mp1_hsem_reset_hold;
}

static const TypeInfo stm32mp1_hsem_types[] = {
    {
        .name = TYPE_STM32MP1_HSEM,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1HsemState),
        .instance_init = stm32mp1_hsem_init,
        .class_init = stm32mp1_hsem_class_init,
    },
};

DEFINE_TYPES(stm32mp1_hsem_types)
