/*
 * STM32MP1 IPCC (inter-processor communication controller)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Register names and rules: RM0436 (STM32MP157 reference manual), chapter
 * "Inter-processor communication controller". The number of channels is the
 * six that the chip's boot log shows; the SVD file's two is wrong.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_ipcc.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "trace.h"

REG32(C1CR, 0x000)
    FIELD(CR, RXOIE, 0, 1)
    FIELD(CR, TXFIE, 16, 1)
REG32(C1MR, 0x004)
REG32(C1SCR, 0x008)
REG32(C1TOC2SR, 0x00c)
REG32(C2CR, 0x010)
REG32(C2MR, 0x014)
REG32(C2SCR, 0x018)
REG32(C2TOC1SR, 0x01c)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(SIDR, 0x3fc)

#define CHANNELS    MAKE_64BIT_MASK(0, STM32MP1_IPCC_NUM_CHANNELS)
/* MR and SCR: receive (or clear) bits low, transmit (or set) bits high */
#define TX_SHIFT    16
#define MR_MASK     (CHANNELS | CHANNELS << TX_SHIFT)
#define CR_MASK     (R_CR_RXOIE_MASK | R_CR_TXFIE_MASK)

/* rx_since of an interrupt line that is low */
#define NOT_WAITING -1

#define VERR_VALUE  0x00000010
#define IPIDR_VALUE 0x00100071
#define SIDR_VALUE  0xa3c5dd01

/* Whether processor p's RX interrupt stands. */
static bool stm32mp1_ipcc_rx(STM32MP1IpccState *s, unsigned p)
{
    return (s->cr[p] & R_CR_RXOIE_MASK) &&
           (s->sr[1 - p] & ~s->mr[p]);
}

static int64_t stm32mp1_ipcc_unanswered(STM32MP1IpccState *s, unsigned p)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t waiting = s->rx_since[p] == NOT_WAITING ? 0 : now - s->rx_since[p];

    return MAX(s->rx_longest[p], waiting);
}

/* Processor p's RX interrupt has changed, or p has answered it. */
static void stm32mp1_ipcc_answered(STM32MP1IpccState *s, unsigned p, bool rx)
{
    s->rx_longest[p] = stm32mp1_ipcc_unanswered(s, p);
    s->rx_since[p] = rx ? qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) : NOT_WAITING;
}

static void stm32mp1_ipcc_update_irq(STM32MP1IpccState *s)
{
    for (unsigned p = 0; p < STM32MP1_IPCC_NUM_PROCS; p++) {
        uint32_t free = ~s->sr[p] & ~(s->mr[p] >> TX_SHIFT) & CHANNELS;
        bool rx = stm32mp1_ipcc_rx(s, p);
        bool tx = (s->cr[p] & R_CR_TXFIE_MASK) && free;

        trace_stm32mp1_ipcc_irq(p + 1, rx, tx);
        if (rx != (s->rx_since[p] != NOT_WAITING)) {
            stm32mp1_ipcc_answered(s, p, rx);
        }
        qemu_set_irq(s->rx_irq[p], rx);
        qemu_set_irq(s->tx_irq[p], tx);
    }
}

static uint64_t stm32mp1_ipcc_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1IpccState *s = opaque;
    unsigned p = addr >= A_C2CR;
    uint32_t value = 0;

    switch (addr) {
    case A_C1CR:
    case A_C2CR:
        value = s->cr[p];
        break;
    case A_C1MR:
    case A_C2MR:
        value = s->mr[p];
        break;
    case A_C1SCR:
    case A_C2SCR:
        /* reads 0, so that "SCR |= bit" touches one channel only */
        break;
    case A_C1TOC2SR:
    case A_C2TOC1SR:
        value = s->sr[p];
        break;
    case A_HWCFGR:
        value = STM32MP1_IPCC_NUM_CHANNELS;
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
    trace_stm32mp1_ipcc_read(addr, value, size);
    return value;
}

static void stm32mp1_ipcc_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    STM32MP1IpccState *s = opaque;
    unsigned p = addr >= A_C2CR;

    trace_stm32mp1_ipcc_write(addr, value, size);
    switch (addr) {
    case A_C1CR:
    case A_C2CR:
        s->cr[p] = value & CR_MASK;
        break;
    case A_C1MR:
    case A_C2MR:
        s->mr[p] = value & MR_MASK;
        break;
    case A_C1SCR:
    case A_C2SCR:
        /* set what this processor sends, clear what it has received */
        s->sr[p] |= (value >> TX_SHIFT) & CHANNELS;
        s->sr[1 - p] &= ~value;
        trace_stm32mp1_ipcc_status(s->sr[0], s->sr[1]);
        if (value & CHANNELS) {
            stm32mp1_ipcc_answered(s, p, s->rx_since[p] != NOT_WAITING);
        }
        break;
    case A_C1TOC2SR:
    case A_C2TOC1SR:
    case A_HWCFGR:
    case A_VERR:
    case A_IPIDR:
    case A_SIDR:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: offset 0x%" HWADDR_PRIx " is read-only\n",
                      __func__, addr);
        return;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: bad offset 0x%" HWADDR_PRIx "\n",
                      __func__, addr);
        return;
    }
    stm32mp1_ipcc_update_irq(s);
}

static const MemoryRegionOps stm32mp1_ipcc_ops = {
    .read = stm32mp1_ipcc_read,
    .write = stm32mp1_ipcc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

static void stm32mp1_ipcc_reset_enter(Object *obj, ResetType type)
{
    STM32MP1IpccState *s = STM32MP1_IPCC(obj);

    for (unsigned p = 0; p < STM32MP1_IPCC_NUM_PROCS; p++) {
        s->cr[p] = 0;
        s->mr[p] = MR_MASK;
        s->sr[p] = 0;
    }
}

static void stm32mp1_ipcc_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_ipcc_update_irq(STM32MP1_IPCC(obj));
}

/* The clock is another after a snapshot was loaded. */
static int stm32mp1_ipcc_post_load(void *opaque, int version_id)
{
    STM32MP1IpccState *s = opaque;

    for (unsigned p = 0; p < STM32MP1_IPCC_NUM_PROCS; p++) {
        s->rx_since[p] = NOT_WAITING;
        stm32mp1_ipcc_answered(s, p, stm32mp1_ipcc_rx(s, p));
        s->rx_longest[p] = 0;
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_ipcc = {
    .name = TYPE_STM32MP1_IPCC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_ipcc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(cr, STM32MP1IpccState, STM32MP1_IPCC_NUM_PROCS),
        VMSTATE_UINT32_ARRAY(mr, STM32MP1IpccState, STM32MP1_IPCC_NUM_PROCS),
        VMSTATE_UINT32_ARRAY(sr, STM32MP1IpccState, STM32MP1_IPCC_NUM_PROCS),
        VMSTATE_END_OF_LIST()
    },
};

static void stm32mp1_ipcc_get_unanswered(Object *obj, Visitor *v,
                                         const char *name, void *opaque,
                                         Error **errp)
{
    STM32MP1IpccState *s = STM32MP1_IPCC(obj);
    int64_t longest = stm32mp1_ipcc_unanswered(s, GPOINTER_TO_UINT(opaque));

    visit_type_int64(v, name, &longest, errp);
}

static void stm32mp1_ipcc_set_unanswered(Object *obj, Visitor *v,
                                         const char *name, void *opaque,
                                         Error **errp)
{
    STM32MP1IpccState *s = STM32MP1_IPCC(obj);
    unsigned p = GPOINTER_TO_UINT(opaque);
    int64_t longest;

    if (!visit_type_int64(v, name, &longest, errp)) {
        return;
    }
    if (longest != 0) {
        error_setg(errp, "%s takes 0 only: it is measured", name);
        return;
    }
    stm32mp1_ipcc_answered(s, p, s->rx_since[p] != NOT_WAITING);
    s->rx_longest[p] = 0;
}

static void stm32mp1_ipcc_init(Object *obj)
{
    STM32MP1IpccState *s = STM32MP1_IPCC(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_ipcc_ops, s,
                          TYPE_STM32MP1_IPCC, 0x400);
    sysbus_init_mmio(sbd, &s->mmio);
    for (unsigned p = 0; p < STM32MP1_IPCC_NUM_PROCS; p++) {
        g_autofree char *name = g_strdup_printf("unanswered-%u", p + 1);

        sysbus_init_irq(sbd, &s->rx_irq[p]);
        sysbus_init_irq(sbd, &s->tx_irq[p]);
        s->rx_since[p] = NOT_WAITING;
        object_property_add(obj, name, "int", stm32mp1_ipcc_get_unanswered,
                            stm32mp1_ipcc_set_unanswered, NULL,
                            GUINT_TO_POINTER(p));
    }
}

static void stm32mp1_ipcc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 inter-processor communication controller";
    dc->vmsd = &vmstate_stm32mp1_ipcc;
    rc->phases.enter = stm32mp1_ipcc_reset_enter;
    rc->phases.hold = stm32mp1_ipcc_reset_hold;
}

static const TypeInfo stm32mp1_ipcc_types[] = {
    {
        .name = TYPE_STM32MP1_IPCC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1IpccState),
        .instance_init = stm32mp1_ipcc_init,
        .class_init = stm32mp1_ipcc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_ipcc_types)
