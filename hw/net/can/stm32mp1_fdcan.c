/*
 * STM32MP1 controller area network (FDCAN), a Bosch M_CAN
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers and rules: RM0436, chapter "FD controller area network"; Bosch's
 * "M_CAN user's manual"; Linux's m_can.c.
 *
 * A frame takes the bits that it has, without stuff bits, at the bit times of
 * NBTP and DBTP; then all others on QEMU's CAN bus have it. If none of them
 * takes it, that is a missing acknowledge: it is sent again, and the error
 * counter goes up until the node is error passive. From then on it is tried
 * once in a millisecond, so that no guest can keep QEMU busy. Time stamps are
 * of the start of a frame.
 *
 * Not modelled, and logged: time-triggered operation, the timeout counter, and
 * debug messages. Nobody ever sends an error frame: there is no bus-off. The
 * wrap-around of the time stamp counter has no interrupt.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/net/stm32mp1_fdcan.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "trace.h"

REG32(CREL, 0x00)
REG32(ENDN, 0x04)
REG32(DBTP, 0x0c)
    FIELD(DBTP, DTSEG2, 4, 4)
    FIELD(DBTP, DTSEG1, 8, 5)
    FIELD(DBTP, DBRP, 16, 5)
REG32(TEST, 0x10)
    FIELD(TEST, LBCK, 4, 1)
REG32(RWD, 0x14)
REG32(CCCR, 0x18)
    FIELD(CCCR, INIT, 0, 1)
    FIELD(CCCR, CCE, 1, 1)
    FIELD(CCCR, CSA, 3, 1)
    FIELD(CCCR, CSR, 4, 1)
    FIELD(CCCR, MON, 5, 1)
    FIELD(CCCR, DAR, 6, 1)
    FIELD(CCCR, TEST, 7, 1)
    FIELD(CCCR, FDOE, 8, 1)
    FIELD(CCCR, BRSE, 9, 1)
REG32(NBTP, 0x1c)
    FIELD(NBTP, NTSEG2, 0, 7)
    FIELD(NBTP, NTSEG1, 8, 8)
    FIELD(NBTP, NBRP, 16, 9)
REG32(TSCC, 0x20)
    FIELD(TSCC, TSS, 0, 2)
    FIELD(TSCC, TCP, 16, 4)
REG32(TSCV, 0x24)
REG32(TOCC, 0x28)
    FIELD(TOCC, ETOC, 0, 1)
REG32(TOCV, 0x2c)
REG32(ECR, 0x40)
    FIELD(ECR, TEC, 0, 8)
REG32(PSR, 0x44)
    FIELD(PSR, LEC, 0, 3)
    FIELD(PSR, ACT, 3, 2)
    FIELD(PSR, EP, 5, 1)
    FIELD(PSR, EW, 6, 1)
    FIELD(PSR, DLEC, 8, 3)
    FIELD(PSR, RESI, 11, 1)
    FIELD(PSR, RBRS, 12, 1)
    FIELD(PSR, RFDF, 13, 1)
REG32(TDCR, 0x48)
REG32(IR, 0x50)
    FIELD(IR, RF0N, 0, 1)
    FIELD(IR, HPM, 8, 1)
    FIELD(IR, TC, 9, 1)
    FIELD(IR, TCF, 10, 1)
    FIELD(IR, TFE, 11, 1)
    FIELD(IR, TEFN, 12, 1)
    FIELD(IR, MRAF, 17, 1)
    FIELD(IR, DRX, 19, 1)
    FIELD(IR, EP, 23, 1)
    FIELD(IR, EW, 24, 1)
    FIELD(IR, PEA, 27, 1)
REG32(IE, 0x54)
REG32(ILS, 0x58)
REG32(ILE, 0x5c)
REG32(GFC, 0x80)
    FIELD(GFC, RRFE, 0, 1)
    FIELD(GFC, RRFS, 1, 1)
    FIELD(GFC, ANFE, 2, 2)
    FIELD(GFC, ANFS, 4, 2)
REG32(SIDFC, 0x84)
REG32(XIDFC, 0x88)
    FIELD(SIDFC, NUM, 16, 8)    /* of filters, in XIDFC, too */
REG32(XIDAM, 0x90)
REG32(HPMS, 0x94)
REG32(NDAT1, 0x98)
REG32(NDAT2, 0x9c)
REG32(RXF0C, 0xa0)
    FIELD(RXFC, SIZE, 16, 7)
    FIELD(RXFC, MARK, 24, 7)
    FIELD(RXFC, OVERWRITE, 31, 1)
REG32(RXF0S, 0xa4)
REG32(RXF0A, 0xa8)
REG32(RXBC, 0xac)
REG32(RXF1C, 0xb0)
REG32(RXF1S, 0xb4)
REG32(RXF1A, 0xb8)
REG32(RXESC, 0xbc)
    FIELD(RXESC, RBDS, 8, 3)
REG32(TXBC, 0xc0)
    FIELD(TXBC, NDTB, 16, 6)
    FIELD(TXBC, TFQS, 24, 6)
    FIELD(TXBC, TFQM, 30, 1)
REG32(TXFQS, 0xc4)
REG32(TXESC, 0xc8)
    FIELD(TXESC, TBDS, 0, 3)
REG32(TXBRP, 0xcc)
REG32(TXBAR, 0xd0)
REG32(TXBCR, 0xd4)
REG32(TXBTO, 0xd8)
REG32(TXBCF, 0xdc)
REG32(TXBTIE, 0xe0)
REG32(TXBCIE, 0xe4)
REG32(TXEFC, 0xf0)
    FIELD(TXEFC, SIZE, 16, 6)
    FIELD(TXEFC, MARK, 24, 6)
REG32(TXEFS, 0xf4)
REG32(TXEFA, 0xf8)
REG32(TTTMC, 0x100)
REG32(TTTS, 0x300)

#define IR_MASK         0x3fcfffff
#define START_ADDRESS   0xfffc
#define MAX_FILTERS_STD 128
#define MAX_FILTERS_EXT 64
#define MAX_RX_FIFO     64
#define MAX_TX          32
#define NUM_RX_BUFFERS  64
#define PASSIVE_NS      1000000
#define NO_CHANGE       7       /* LEC: no event since it was read */
#define LEC_FORM        2
#define LEC_ACK         3
#define ERROR_WARNING   96
#define ERROR_PASSIVE   128

/* Words 0 and 1 of the elements of Rx, Tx and event FIFOs */
#define E0_ESI          BIT(31)
#define E0_XTD          BIT(30)
#define E0_RTR          BIT(29)
#define E1_ANMF         BIT(31)
#define E1_FDF          BIT(21)
#define E1_BRS          BIT(20)
#define T1_EFC          BIT(23)
#define TX_EVENT        1
#define TX_DESPITE_CANCELLATION 2

/* What a register keeps of what is written, while it may be written */
static const struct {
    hwaddr addr;
    uint32_t mask;
    bool config;        /* only while CCCR has INIT and CCE */
    uint32_t reset;
} stm32mp1_fdcan_storage[] = {
    { A_DBTP, 0x009f1fff, true, 0x00000a33 },
    { A_RWD, 0x000000ff, true, 0 },
    { A_NBTP, 0xffffff7f, true, 0x06000a03 },
    { A_TSCC, 0x000f0003, true, 0 },
    { A_TOCC, 0xffff0007, true, 0xffff0000 },
    { A_TDCR, 0x00007f7f, true, 0 },
    { A_IE, IR_MASK, false, 0 },
    { A_ILS, IR_MASK, false, 0 },
    { A_ILE, 0x00000003, false, 0 },
    { A_GFC, 0x0000003f, true, 0 },
    { A_SIDFC, 0x00fffffc, true, 0 },
    { A_XIDFC, 0x00fffffc, true, 0 },
    { A_XIDAM, 0x1fffffff, true, 0x1fffffff },
    { A_RXF0C, 0xff7ffffc, true, 0 },
    { A_RXBC, 0x0000fffc, true, 0 },
    { A_RXF1C, 0xff7ffffc, true, 0 },
    { A_RXESC, 0x00000777, true, 0 },
    { A_TXBC, 0x7f3ffffc, true, 0 },
    { A_TXESC, 0x00000007, true, 0 },
    { A_TXBTIE, 0xffffffff, false, 0 },
    { A_TXBCIE, 0xffffffff, false, 0 },
    { A_TXEFC, 0x3f3ffffc, true, 0 },
};

/* The rings that software empties, and the flags N, W, F and L from @ir on */
static const struct {
    int config;
    int max;
    int ir;
} stm32mp1_fdcan_rings[] = {
    [STM32MP1_FDCAN_RX0] = { R_RXF0C, MAX_RX_FIFO, 0 },
    [STM32MP1_FDCAN_RX1] = { R_RXF1C, MAX_RX_FIFO, 4 },
    [STM32MP1_FDCAN_EVENTS] = { R_TXEFC, MAX_TX, 12 },
};

enum { RING_NEW, RING_MARK, RING_FULL, RING_LOST };

static bool stm32mp1_fdcan_active(STM32MP1FdcanState *s)
{
    return !(s->regs[R_CCCR] & R_CCCR_INIT_MASK);
}

static bool stm32mp1_fdcan_configurable(STM32MP1FdcanState *s)
{
    return s->regs[R_CCCR] & R_CCCR_CCE_MASK;
}

static bool stm32mp1_fdcan_loops_back(STM32MP1FdcanState *s)
{
    return (s->regs[R_CCCR] & R_CCCR_TEST_MASK) &&
           (s->regs[R_TEST] & R_TEST_LBCK_MASK);
}

static void stm32mp1_fdcan_update(STM32MP1FdcanState *s)
{
    uint32_t pending = s->regs[R_IR] & s->regs[R_IE];
    uint32_t line[2] = { pending & ~s->regs[R_ILS], pending & s->regs[R_ILS] };

    for (unsigned i = 0; i < 2; i++) {
        qemu_set_irq(s->irq[i], line[i] && (s->regs[R_ILE] & BIT(i)));
    }
    trace_stm32mp1_fdcan_update(DEVICE(s)->canonical_path, s->regs[R_IR],
                                line[0], line[1]);
}

/* The word at a byte address of the message RAM, or NULL */
static uint32_t *stm32mp1_fdcan_word(STM32MP1FdcanState *s, uint32_t addr)
{
    uint8_t *ram = memory_region_get_ram_ptr(s->ram);

    if (addr + 4 > memory_region_size(s->ram)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: 0x%x is not in the message RAM\n",
                      DEVICE(s)->canonical_path, addr);
        s->regs[R_IR] |= R_IR_MRAF_MASK;
        return NULL;
    }
    return (uint32_t *)(ram + addr);
}

static uint32_t stm32mp1_fdcan_load(STM32MP1FdcanState *s, uint32_t addr)
{
    uint32_t *word = stm32mp1_fdcan_word(s, addr);

    return word ? ldl_le_p(word) : 0;
}

static void stm32mp1_fdcan_store(STM32MP1FdcanState *s, uint32_t addr,
                                 uint32_t value)
{
    uint32_t *word = stm32mp1_fdcan_word(s, addr);

    if (word) {
        stl_le_p(word, value);
        memory_region_set_dirty(s->ram, addr, 4);
    }
}

/* Bytes of data that an element has room for, by a field of RXESC or TXESC */
static unsigned stm32mp1_fdcan_data_size(unsigned field)
{
    static const uint8_t sizes[8] = { 8, 12, 16, 20, 24, 32, 48, 64 };

    return sizes[field & 7];
}

static uint32_t stm32mp1_fdcan_start(STM32MP1FdcanState *s, int config)
{
    return s->regs[config] & START_ADDRESS;
}

static uint64_t stm32mp1_fdcan_nominal_ticks(STM32MP1FdcanState *s)
{
    uint32_t nbtp = s->regs[R_NBTP];

    return (FIELD_EX32(nbtp, NBTP, NBRP) + 1ull) *
           (FIELD_EX32(nbtp, NBTP, NTSEG1) +
            FIELD_EX32(nbtp, NBTP, NTSEG2) + 3);
}

static uint64_t stm32mp1_fdcan_data_ticks(STM32MP1FdcanState *s)
{
    uint32_t dbtp = s->regs[R_DBTP];

    return (FIELD_EX32(dbtp, DBTP, DBRP) + 1ull) *
           (FIELD_EX32(dbtp, DBTP, DTSEG1) +
            FIELD_EX32(dbtp, DBTP, DTSEG2) + 3);
}

/* From start of frame to the end of the intermission */
static int64_t stm32mp1_fdcan_frame_ns(STM32MP1FdcanState *s,
                                       const qemu_can_frame *frame)
{
    bool extended = frame->can_id & QEMU_CAN_EFF_FLAG;
    bool fd = frame->flags & QEMU_CAN_FRMF_TYPE_FD;
    bool remote = frame->can_id & QEMU_CAN_RTR_FLAG;
    unsigned data = remote ? 0 : frame->can_dlc * 8;
    unsigned nominal, fast;

    if (fd) {
        /* Up to BRS, and from the end of the CRC on */
        nominal = (extended ? 36 : 17) + 13;
        /* ESI, DLC, stuff count, CRC */
        fast = 5 + data + 4 + (frame->can_dlc > 16 ? 21 : 17);
    } else {
        nominal = (extended ? 67 : 47) + data;
        fast = 0;
    }
    return clock_ticks_to_ns(s->clk,
        nominal * stm32mp1_fdcan_nominal_ticks(s) +
        fast * (frame->flags & QEMU_CAN_FRMF_BRS ?
                stm32mp1_fdcan_data_ticks(s) :
                stm32mp1_fdcan_nominal_ticks(s)));
}

/* The time stamp counter as it was so many ns ago */
static uint32_t stm32mp1_fdcan_timestamp(STM32MP1FdcanState *s, int64_t ago)
{
    int64_t elapsed = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - ago -
                      s->timestamp_ns;
    uint32_t tscc = s->regs[R_TSCC];

    if (FIELD_EX32(tscc, TSCC, TSS) != 1 || elapsed < 0) {
        return 0;
    }
    return (clock_ns_to_ticks(s->clk, elapsed) /
            stm32mp1_fdcan_nominal_ticks(s) /
            (FIELD_EX32(tscc, TSCC, TCP) + 1)) & 0xffff;
}

static unsigned stm32mp1_fdcan_ring_size(STM32MP1FdcanState *s, unsigned n)
{
    return MIN(FIELD_EX32(s->regs[stm32mp1_fdcan_rings[n].config], RXFC, SIZE),
               stm32mp1_fdcan_rings[n].max);
}

static void stm32mp1_fdcan_ring_flag(STM32MP1FdcanState *s, unsigned n,
                                     unsigned flag)
{
    s->regs[R_IR] |= BIT(stm32mp1_fdcan_rings[n].ir + flag);
}

/* The index to put a new element at, or -1 if it is lost */
static int stm32mp1_fdcan_ring_put(STM32MP1FdcanState *s, unsigned n)
{
    STM32MP1FdcanRing *ring = &s->ring[n];
    uint32_t config = s->regs[stm32mp1_fdcan_rings[n].config];
    unsigned size = stm32mp1_fdcan_ring_size(s, n);
    unsigned mark = FIELD_EX32(config, RXFC, MARK);
    int index = ring->put;

    if (ring->fill >= size) {
        if (n == STM32MP1_FDCAN_EVENTS || size == 0 ||
            !(config & R_RXFC_OVERWRITE_MASK)) {
            ring->lost = true;
            stm32mp1_fdcan_ring_flag(s, n, RING_LOST);
            return -1;
        }
        ring->get = (ring->get + 1) % size;
        ring->fill--;
    }
    ring->put = (ring->put + 1) % size;
    ring->fill++;
    ring->lost = false;
    stm32mp1_fdcan_ring_flag(s, n, RING_NEW);
    if (mark && ring->fill == mark) {
        stm32mp1_fdcan_ring_flag(s, n, RING_MARK);
    }
    if (ring->fill == size) {
        stm32mp1_fdcan_ring_flag(s, n, RING_FULL);
    }
    return index;
}

/* Software has read everything up to the element at @index */
static void stm32mp1_fdcan_ring_acknowledge(STM32MP1FdcanState *s, unsigned n,
                                            unsigned index)
{
    STM32MP1FdcanRing *ring = &s->ring[n];
    unsigned size = stm32mp1_fdcan_ring_size(s, n);
    unsigned count;

    if (index >= size) {
        return;
    }
    count = (index + size - ring->get) % size + 1;
    if (count > ring->fill) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: element %u is acknowledged and is not there\n",
                      DEVICE(s)->canonical_path, index);
        return;
    }
    ring->fill -= count;
    ring->get = (index + 1) % size;
    ring->lost = false;
}

static uint32_t stm32mp1_fdcan_ring_status(STM32MP1FdcanState *s, unsigned n)
{
    const STM32MP1FdcanRing *ring = &s->ring[n];
    bool full = ring->fill && ring->fill == stm32mp1_fdcan_ring_size(s, n);

    return (uint32_t)ring->lost << 25 | (uint32_t)full << 24 |
           ring->put << 16 | ring->get << 8 | ring->fill;
}

static void stm32mp1_fdcan_write_element(STM32MP1FdcanState *s, uint32_t addr,
                                         const qemu_can_frame *frame,
                                         unsigned room, uint32_t match)
{
    bool extended = frame->can_id & QEMU_CAN_EFF_FLAG;
    bool fd = frame->flags & QEMU_CAN_FRMF_TYPE_FD;
    uint32_t e0, e1;
    unsigned size = MIN(frame->can_dlc, room);

    e0 = extended ? E0_XTD | (frame->can_id & QEMU_CAN_EFF_MASK) :
                    (frame->can_id & QEMU_CAN_SFF_MASK) << 18;
    e0 |= frame->can_id & QEMU_CAN_RTR_FLAG ? E0_RTR : 0;
    e0 |= fd && (frame->flags & QEMU_CAN_FRMF_ESI) ? E0_ESI : 0;
    e1 = match | can_len2dlc(frame->can_dlc) << 16 |
         stm32mp1_fdcan_timestamp(s, stm32mp1_fdcan_frame_ns(s, frame));
    e1 |= fd ? E1_FDF : 0;
    e1 |= fd && (frame->flags & QEMU_CAN_FRMF_BRS) ? E1_BRS : 0;
    stm32mp1_fdcan_store(s, addr, e0);
    stm32mp1_fdcan_store(s, addr + 4, e1);
    for (unsigned i = 0; i < size; i += 4) {
        stm32mp1_fdcan_store(s, addr + 8 + i, ldl_le_p(&frame->data[i]));
    }
}

static void stm32mp1_fdcan_to_fifo(STM32MP1FdcanState *s, unsigned n,
                                   const qemu_can_frame *frame, uint32_t match)
{
    unsigned room = stm32mp1_fdcan_data_size(s->regs[R_RXESC] >> 4 * n);
    int index = stm32mp1_fdcan_ring_put(s, n);

    trace_stm32mp1_fdcan_receive(DEVICE(s)->canonical_path, frame->can_id,
                                 frame->can_dlc, n, index);
    if (index >= 0) {
        uint32_t start = stm32mp1_fdcan_start(s,
                                              stm32mp1_fdcan_rings[n].config);

        stm32mp1_fdcan_write_element(s, start + index * (8 + room), frame,
                                     room, match);
    }
}

static void stm32mp1_fdcan_to_buffer(STM32MP1FdcanState *s, uint32_t id2,
                                     const qemu_can_frame *frame)
{
    unsigned room = stm32mp1_fdcan_data_size(FIELD_EX32(s->regs[R_RXESC],
                                                        RXESC, RBDS));
    unsigned index = id2 & 0x3f;
    uint32_t *ndat = &s->regs[R_NDAT1 + index / 32];

    if (extract32(id2, 9, 2)) {
        qemu_log_mask(LOG_UNIMP, "%s: debug messages are not modelled\n",
                      DEVICE(s)->canonical_path);
        return;
    }
    if (*ndat & BIT(index % 32)) {
        return;         /* not read yet: the filter does not match */
    }
    stm32mp1_fdcan_write_element(s, stm32mp1_fdcan_start(s, R_RXBC) +
                                    index * (8 + room), frame, room, 0);
    *ndat |= BIT(index % 32);
    s->regs[R_IR] |= R_IR_DRX_MASK;
}

/* What a filter element wants, as its fields SFT and EFT say */
static bool stm32mp1_fdcan_matches(STM32MP1FdcanState *s, bool extended,
                                   unsigned type, uint32_t id1, uint32_t id2,
                                   uint32_t id)
{
    if (type == 0 && extended) {
        id &= s->regs[R_XIDAM];
    }
    switch (type) {
    case 1:
        return id == id1 || id == id2;
    case 2:
        return (id & id2) == (id1 & id2);
    case 3:
        return extended && id >= id1 && id <= id2;
    default:
        return id >= id1 && id <= id2;
    }
}

/*
 * What to do with a frame: the field SFEC or EFEC of the first filter that
 * matches, or 0; with the index of the filter and its second ID.
 */
static unsigned stm32mp1_fdcan_filter(STM32MP1FdcanState *s, bool extended,
                                      uint32_t id, unsigned *index,
                                      uint32_t *id2)
{
    int config = extended ? R_XIDFC : R_SIDFC;
    unsigned num = MIN(FIELD_EX32(s->regs[config], SIDFC, NUM),
                       extended ? MAX_FILTERS_EXT : MAX_FILTERS_STD);
    uint32_t start = stm32mp1_fdcan_start(s, config);

    for (*index = 0; *index < num; (*index)++) {
        unsigned todo, type;
        uint32_t id1;

        if (extended) {
            uint32_t f0 = stm32mp1_fdcan_load(s, start + *index * 8);
            uint32_t f1 = stm32mp1_fdcan_load(s, start + *index * 8 + 4);

            todo = extract32(f0, 29, 3);
            id1 = extract32(f0, 0, 29);
            type = extract32(f1, 30, 2);
            *id2 = extract32(f1, 0, 29);
        } else {
            uint32_t f = stm32mp1_fdcan_load(s, start + *index * 4);

            type = extract32(f, 30, 2);
            todo = extract32(f, 27, 3);
            id1 = extract32(f, 16, 11);
            *id2 = extract32(f, 0, 11);
        }
        if (todo == 7 ? id == id1 :
            todo && stm32mp1_fdcan_matches(s, extended, type, id1, *id2, id)) {
            return todo;
        }
    }
    return 0;
}

static void stm32mp1_fdcan_receive_frame(STM32MP1FdcanState *s,
                                         const qemu_can_frame *frame)
{
    bool extended = frame->can_id & QEMU_CAN_EFF_FLAG;
    bool fd = frame->flags & QEMU_CAN_FRMF_TYPE_FD;
    uint32_t id = frame->can_id &
                  (extended ? QEMU_CAN_EFF_MASK : QEMU_CAN_SFF_MASK);
    uint32_t gfc = s->regs[R_GFC];
    unsigned other = extended ? FIELD_EX32(gfc, GFC, ANFE) :
                                FIELD_EX32(gfc, GFC, ANFS);
    unsigned index, todo;
    uint32_t id2 = 0;

    if (fd && !(s->regs[R_CCCR] & R_CCCR_FDOE_MASK)) {
        s->regs[R_PSR] = FIELD_DP32(s->regs[R_PSR], PSR, LEC, LEC_FORM);
        return;
    }
    s->regs[R_PSR] = FIELD_DP32(s->regs[R_PSR], PSR, LEC, 0);
    if (fd) {
        s->regs[R_PSR] = FIELD_DP32(s->regs[R_PSR], PSR, RFDF, 1);
    }
    if ((frame->can_id & QEMU_CAN_RTR_FLAG) &&
        (extended ? FIELD_EX32(gfc, GFC, RRFE) : FIELD_EX32(gfc, GFC, RRFS))) {
        return;
    }
    todo = stm32mp1_fdcan_filter(s, extended, id, &index, &id2);
    switch (todo) {
    case 0:
        if (other < 2) {
            stm32mp1_fdcan_to_fifo(s, STM32MP1_FDCAN_RX0 + other, frame,
                                   E1_ANMF);
        }
        break;
    case 3:
        break;
    case 7:
        stm32mp1_fdcan_to_buffer(s, id2, frame);
        break;
    default:
        if (todo >= 4) {
            /* of high priority; what is stored where: HPMS */
            s->regs[R_IR] |= R_IR_HPM_MASK;
            s->regs[R_HPMS] = (uint32_t)extended << 15 | index << 8;
            if (todo > 4) {
                s->regs[R_HPMS] |= (todo - 4 + 1) << 6 |
                                   s->ring[todo - 5].put;
            }
        }
        if (todo != 4) {
            stm32mp1_fdcan_to_fifo(s, (todo & 3) - 1, frame, index << 24);
        }
        break;
    }
}

static uint32_t stm32mp1_fdcan_tx_address(STM32MP1FdcanState *s, unsigned n)
{
    unsigned room = stm32mp1_fdcan_data_size(FIELD_EX32(s->regs[R_TXESC],
                                                        TXESC, TBDS));

    return stm32mp1_fdcan_start(s, R_TXBC) + n * (8 + room);
}

/* The frame in a Tx buffer */
static void stm32mp1_fdcan_tx_frame(STM32MP1FdcanState *s, unsigned n,
                                    qemu_can_frame *frame)
{
    uint32_t addr = stm32mp1_fdcan_tx_address(s, n);
    uint32_t t0 = stm32mp1_fdcan_load(s, addr);
    uint32_t t1 = stm32mp1_fdcan_load(s, addr + 4);
    unsigned room = stm32mp1_fdcan_data_size(FIELD_EX32(s->regs[R_TXESC],
                                                        TXESC, TBDS));
    bool fd = (t1 & E1_FDF) && (s->regs[R_CCCR] & R_CCCR_FDOE_MASK);

    *frame = (qemu_can_frame) { 0 };
    frame->can_id = t0 & E0_XTD ?
                    QEMU_CAN_EFF_FLAG | (t0 & QEMU_CAN_EFF_MASK) :
                    t0 >> 18 & QEMU_CAN_SFF_MASK;
    if (t0 & E0_RTR) {
        frame->can_id |= QEMU_CAN_RTR_FLAG;
    }
    frame->can_dlc = can_dlc2len(extract32(t1, 16, 4));
    if (fd) {
        frame->flags = QEMU_CAN_FRMF_TYPE_FD;
        if ((t1 & E1_BRS) && (s->regs[R_CCCR] & R_CCCR_BRSE_MASK)) {
            frame->flags |= QEMU_CAN_FRMF_BRS;
        }
        if (t0 & E0_ESI) {
            frame->flags |= QEMU_CAN_FRMF_ESI;
        }
    } else {
        frame->can_dlc = MIN(frame->can_dlc, 8);
    }
    for (unsigned i = 0; i < frame->can_dlc; i += 4) {
        /* Beyond the element, silicon sends 0xcc. */
        stl_le_p(&frame->data[i], i < room ?
                 stm32mp1_fdcan_load(s, addr + 8 + i) : 0xcccccccc);
    }
}

static unsigned stm32mp1_fdcan_dedicated(STM32MP1FdcanState *s)
{
    return MIN(FIELD_EX32(s->regs[R_TXBC], TXBC, NDTB), MAX_TX);
}

static unsigned stm32mp1_fdcan_queue_size(STM32MP1FdcanState *s)
{
    return MIN(FIELD_EX32(s->regs[R_TXBC], TXBC, TFQS),
               MAX_TX - stm32mp1_fdcan_dedicated(s));
}

static bool stm32mp1_fdcan_is_queue(STM32MP1FdcanState *s)
{
    return s->regs[R_TXBC] & R_TXBC_TFQM_MASK;
}

/* Let the FIFO go on past elements that are done */
static void stm32mp1_fdcan_tx_fifo_advance(STM32MP1FdcanState *s)
{
    STM32MP1FdcanRing *ring = &s->ring[STM32MP1_FDCAN_TX];
    unsigned first = stm32mp1_fdcan_dedicated(s);
    unsigned size = stm32mp1_fdcan_queue_size(s);
    bool was_used = ring->fill != 0;

    while (ring->fill && !(s->regs[R_TXBRP] & BIT(first + ring->get))) {
        ring->get = (ring->get + 1) % size;
        ring->fill--;
    }
    if (was_used && ring->fill == 0) {
        s->regs[R_IR] |= R_IR_TFE_MASK;
    }
}

static uint32_t stm32mp1_fdcan_txfqs(STM32MP1FdcanState *s)
{
    const STM32MP1FdcanRing *ring = &s->ring[STM32MP1_FDCAN_TX];
    unsigned first = stm32mp1_fdcan_dedicated(s);
    unsigned size = stm32mp1_fdcan_queue_size(s);
    unsigned put;

    if (size == 0) {
        return 0;
    }
    if (stm32mp1_fdcan_is_queue(s)) {
        /* the first that is free */
        for (put = 0; put < size; put++) {
            if (!(s->regs[R_TXBRP] & BIT(first + put))) {
                return (first + put) << 16;
            }
        }
        return BIT(21);
    }
    return (ring->fill == size ? BIT(21) : 0) | (first + ring->put) << 16 |
           (first + ring->get) << 8 | (size - ring->fill);
}

/* The request that is sent next: the lowest ID, the FIFO in its order; or -1 */
static int stm32mp1_fdcan_tx_choose(STM32MP1FdcanState *s)
{
    unsigned first = stm32mp1_fdcan_dedicated(s);
    unsigned size = stm32mp1_fdcan_queue_size(s);
    uint32_t best_id = UINT32_MAX;
    int best = -1;

    for (unsigned n = 0; n < first + size; n++) {
        uint32_t t0;

        if (!(s->regs[R_TXBRP] & BIT(n)) ||
            (n >= first && !stm32mp1_fdcan_is_queue(s) &&
             n - first != s->ring[STM32MP1_FDCAN_TX].get)) {
            continue;
        }
        /* As on the bus: of equal first 11 bits, the standard ID wins. */
        t0 = stm32mp1_fdcan_load(s, stm32mp1_fdcan_tx_address(s, n));
        t0 = (t0 & 0x1ffc0000) << 3 | (t0 & E0_XTD ? BIT(20) : 0) |
             (t0 & 0x3ffff);
        if (best < 0 || t0 < best_id) {
            best = n;
            best_id = t0;
        }
    }
    return best;
}

static void stm32mp1_fdcan_tx_begin(STM32MP1FdcanState *s, int64_t delay)
{
    qemu_can_frame frame;

    if (s->sending >= 0 || !stm32mp1_fdcan_active(s) ||
        !clock_is_enabled(s->clk)) {
        return;
    }
    s->sending = stm32mp1_fdcan_tx_choose(s);
    if (s->sending < 0) {
        return;
    }
    s->send_cancelled = false;
    stm32mp1_fdcan_tx_frame(s, s->sending, &frame);
    timer_mod(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + delay +
                         stm32mp1_fdcan_frame_ns(s, &frame));
}

static void stm32mp1_fdcan_tx_event(STM32MP1FdcanState *s, unsigned n,
                                    unsigned type,
                                    const qemu_can_frame *frame)
{
    uint32_t addr = stm32mp1_fdcan_tx_address(s, n);
    uint32_t t1 = stm32mp1_fdcan_load(s, addr + 4);
    int index;

    if (!(t1 & T1_EFC)) {
        return;
    }
    index = stm32mp1_fdcan_ring_put(s, STM32MP1_FDCAN_EVENTS);
    if (index >= 0) {
        uint32_t event = stm32mp1_fdcan_start(s, R_TXEFC) + index * 8;

        stm32mp1_fdcan_store(s, event, stm32mp1_fdcan_load(s, addr));
        stm32mp1_fdcan_store(s, event + 4, (t1 & 0xff3f0000) | type << 22 |
            stm32mp1_fdcan_timestamp(s, stm32mp1_fdcan_frame_ns(s, frame)));
    }
}

static void stm32mp1_fdcan_tx_cancelled(STM32MP1FdcanState *s, unsigned n)
{
    s->regs[R_TXBRP] &= ~BIT(n);
    s->regs[R_TXBCF] |= BIT(n);
    if (s->regs[R_TXBCIE] & BIT(n)) {
        s->regs[R_IR] |= R_IR_TCF_MASK;
    }
}

static void stm32mp1_fdcan_tx_done(STM32MP1FdcanState *s, unsigned n,
                                   const qemu_can_frame *frame)
{
    uint32_t tec = FIELD_EX32(s->regs[R_ECR], ECR, TEC);

    s->regs[R_PSR] = FIELD_DP32(s->regs[R_PSR], PSR, LEC, 0);
    s->regs[R_ECR] = FIELD_DP32(s->regs[R_ECR], ECR, TEC, tec ? tec - 1 : 0);
    s->regs[R_TXBRP] &= ~BIT(n);
    s->regs[R_TXBTO] |= BIT(n);
    if (s->regs[R_TXBTIE] & BIT(n)) {
        s->regs[R_IR] |= R_IR_TC_MASK;
    }
    if (s->send_cancelled) {
        s->regs[R_TXBCF] |= BIT(n);
    }
    stm32mp1_fdcan_tx_event(s, n, s->send_cancelled ?
                                  TX_DESPITE_CANCELLATION : TX_EVENT, frame);
}

/* Nobody has acknowledged. Returns how long to wait before the next try. */
static int64_t stm32mp1_fdcan_tx_failed(STM32MP1FdcanState *s, unsigned n)
{
    uint32_t tec = FIELD_EX32(s->regs[R_ECR], ECR, TEC);
    bool passive = tec >= ERROR_PASSIVE;

    s->regs[R_PSR] = FIELD_DP32(s->regs[R_PSR], PSR, LEC, LEC_ACK);
    s->regs[R_IR] |= R_IR_PEA_MASK;
    if (!passive) {
        tec += 8;
        s->regs[R_ECR] = FIELD_DP32(s->regs[R_ECR], ECR, TEC, tec);
    }
    if (s->send_cancelled || (s->regs[R_CCCR] & R_CCCR_DAR_MASK)) {
        stm32mp1_fdcan_tx_cancelled(s, n);
    }
    return passive ? PASSIVE_NS : 0;
}

/* EP and EW follow the error counter, and interrupt when they change. */
static void stm32mp1_fdcan_update_errors(STM32MP1FdcanState *s)
{
    uint32_t tec = FIELD_EX32(s->regs[R_ECR], ECR, TEC);
    uint32_t old = s->regs[R_PSR];
    uint32_t psr = FIELD_DP32(old, PSR, EP, tec >= ERROR_PASSIVE);

    psr = FIELD_DP32(psr, PSR, EW, tec >= ERROR_WARNING);
    if ((psr ^ old) & R_PSR_EP_MASK) {
        s->regs[R_IR] |= R_IR_EP_MASK;
    }
    if ((psr ^ old) & R_PSR_EW_MASK) {
        s->regs[R_IR] |= R_IR_EW_MASK;
    }
    s->regs[R_PSR] = psr;
}

/* The frame on the bus has ended */
static void stm32mp1_fdcan_timer(void *opaque)
{
    STM32MP1FdcanState *s = opaque;
    bool loops_back = stm32mp1_fdcan_loops_back(s);
    bool silent = s->regs[R_CCCR] & R_CCCR_MON_MASK;
    unsigned n = s->sending;
    qemu_can_frame frame;
    int64_t delay = 0;
    bool taken = false;

    if (s->sending < 0) {
        return;
    }
    s->sending = -1;
    stm32mp1_fdcan_tx_frame(s, n, &frame);
    if (!silent) {
        taken = can_bus_client_send(&s->client, &frame, 1) > 0;
    }
    trace_stm32mp1_fdcan_transmit(DEVICE(s)->canonical_path, frame.can_id,
                                  frame.can_dlc, n, taken);
    if (loops_back) {
        stm32mp1_fdcan_receive_frame(s, &frame);
    }
    if (taken || loops_back) {
        stm32mp1_fdcan_tx_done(s, n, &frame);
    } else {
        delay = stm32mp1_fdcan_tx_failed(s, n);
    }
    stm32mp1_fdcan_update_errors(s);
    if (!stm32mp1_fdcan_is_queue(s)) {
        stm32mp1_fdcan_tx_fifo_advance(s);
    }
    stm32mp1_fdcan_tx_begin(s, delay);
    stm32mp1_fdcan_update(s);
}

/* On a busy host the timer is late; who looks does not notice. */
static void stm32mp1_fdcan_catch_up(STM32MP1FdcanState *s)
{
    if (timer_pending(&s->timer) &&
        timer_expired(&s->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL))) {
        timer_del(&s->timer);
        stm32mp1_fdcan_timer(s);
    }
}

static bool stm32mp1_fdcan_can_receive(CanBusClientState *client)
{
    STM32MP1FdcanState *s = container_of(client, STM32MP1FdcanState, client);

    return stm32mp1_fdcan_active(s) && !stm32mp1_fdcan_loops_back(s);
}

/* A monitor hears the frame and does not acknowledge it. */
static ssize_t stm32mp1_fdcan_receive(CanBusClientState *client,
                                      const qemu_can_frame *frames,
                                      size_t count)
{
    STM32MP1FdcanState *s = container_of(client, STM32MP1FdcanState, client);

    for (size_t i = 0; i < count; i++) {
        if (!(frames[i].can_id & QEMU_CAN_ERR_FLAG) &&
            frames[i].can_dlc <= sizeof(frames[i].data)) {
            stm32mp1_fdcan_receive_frame(s, &frames[i]);
        }
    }
    stm32mp1_fdcan_update(s);
    return s->regs[R_CCCR] & R_CCCR_MON_MASK ? 0 : count;
}

static CanBusClientInfo stm32mp1_fdcan_client_info = {
    .can_receive = stm32mp1_fdcan_can_receive,
    .receive = stm32mp1_fdcan_receive,
};

static void stm32mp1_fdcan_stop(STM32MP1FdcanState *s)
{
    timer_del(&s->timer);
    s->sending = -1;
}

/* "When CCE is set", these go back to their reset values. */
static void stm32mp1_fdcan_clear_status(STM32MP1FdcanState *s)
{
    static const int cleared[] = {
        R_HPMS, R_NDAT1, R_NDAT2, R_TXBRP, R_TXBTO, R_TXBCF, R_ECR,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cleared); i++) {
        s->regs[cleared[i]] = 0;
    }
    s->regs[R_PSR] = FIELD_DP32(NO_CHANGE, PSR, DLEC, NO_CHANGE);
    memset(s->ring, 0, sizeof(s->ring));
}

static void stm32mp1_fdcan_write_cccr(STM32MP1FdcanState *s, uint32_t value)
{
    uint32_t old = s->regs[R_CCCR];
    uint32_t fixed = 0xffff0c08;
    bool was_init = old & R_CCCR_INIT_MASK;

    /* CCE needs INIT, and most others need both; TEST and MON can fall. */
    if (!(value & R_CCCR_INIT_MASK) || !was_init) {
        value &= ~R_CCCR_CCE_MASK;
    }
    if (!(old & R_CCCR_CCE_MASK)) {
        fixed |= 0xf364 | (~old & (R_CCCR_MON_MASK | R_CCCR_TEST_MASK));
    }
    value = (old & fixed) | (value & ~fixed);
    if (value & R_CCCR_CSR_MASK) {
        value |= R_CCCR_CSA_MASK | R_CCCR_INIT_MASK;
    } else {
        value &= ~R_CCCR_CSA_MASK;
    }
    s->regs[R_CCCR] = value;
    if (!(value & R_CCCR_TEST_MASK)) {
        s->regs[R_TEST] = 0;
    }
    if ((value & ~old) & R_CCCR_CCE_MASK) {
        stm32mp1_fdcan_clear_status(s);
    }
    if (value & R_CCCR_INIT_MASK) {
        stm32mp1_fdcan_stop(s);
    } else {
        if (was_init && (s->regs[R_TOCC] & R_TOCC_ETOC_MASK)) {
            qemu_log_mask(LOG_UNIMP,
                          "%s: the timeout counter is not modelled\n",
                          DEVICE(s)->canonical_path);
        }
        stm32mp1_fdcan_tx_begin(s, 0);
    }
}

/* Requests count only of buffers that there are, and while active. */
static void stm32mp1_fdcan_write_txbar(STM32MP1FdcanState *s, uint32_t value)
{
    STM32MP1FdcanRing *ring = &s->ring[STM32MP1_FDCAN_TX];
    unsigned first = stm32mp1_fdcan_dedicated(s);
    unsigned size = stm32mp1_fdcan_queue_size(s);

    if (stm32mp1_fdcan_configurable(s)) {
        return;
    }
    value &= MAKE_64BIT_MASK(0, first + size) & ~s->regs[R_TXBRP];
    s->regs[R_TXBTO] &= ~value;
    s->regs[R_TXBCF] &= ~value;
    s->regs[R_TXBRP] |= value;
    if (!stm32mp1_fdcan_is_queue(s)) {
        /* in the order of the FIFO */
        while (ring->fill < size && (value & BIT(first + ring->put))) {
            value &= ~BIT(first + ring->put);
            ring->put = (ring->put + 1) % size;
            ring->fill++;
        }
        if (first < MAX_TX && value >> first) {
            qemu_log_mask(LOG_GUEST_ERROR,
                          "%s: TXBAR skips elements of the FIFO\n",
                          DEVICE(s)->canonical_path);
            s->regs[R_TXBRP] &= ~(value >> first << first);
        }
    }
    stm32mp1_fdcan_tx_begin(s, 0);
}

static void stm32mp1_fdcan_write_txbcr(STM32MP1FdcanState *s, uint32_t value)
{
    if (stm32mp1_fdcan_configurable(s)) {
        return;
    }
    for (unsigned n = 0; n < MAX_TX; n++) {
        if (!(value & BIT(n) & s->regs[R_TXBRP])) {
            continue;
        }
        if (s->sending == n) {
            s->send_cancelled = true;
        } else {
            stm32mp1_fdcan_tx_cancelled(s, n);
        }
    }
    if (!stm32mp1_fdcan_is_queue(s)) {
        stm32mp1_fdcan_tx_fifo_advance(s);
    }
}

static uint32_t stm32mp1_fdcan_read_psr(STM32MP1FdcanState *s)
{
    uint32_t value = s->regs[R_PSR];

    s->regs[R_PSR] |= R_PSR_LEC_MASK | R_PSR_DLEC_MASK;
    s->regs[R_PSR] &= ~(R_PSR_RESI_MASK | R_PSR_RBRS_MASK | R_PSR_RFDF_MASK);
    return FIELD_DP32(value, PSR, ACT, s->sending >= 0 ? 3 :
                                       stm32mp1_fdcan_active(s) ? 1 : 0);
}

static uint32_t stm32mp1_fdcan_read_reg(STM32MP1FdcanState *s, hwaddr addr)
{
    switch (addr) {
    case A_CREL:
        return 0x32141218;
    case A_ENDN:
        return 0x87654321;
    case A_TSCV:
        return stm32mp1_fdcan_timestamp(s, 0);
    case A_TOCV:
        return 0xffff;
    case A_PSR:
        return stm32mp1_fdcan_read_psr(s);
    case A_RXF0S:
        return stm32mp1_fdcan_ring_status(s, STM32MP1_FDCAN_RX0);
    case A_RXF1S:
        return stm32mp1_fdcan_ring_status(s, STM32MP1_FDCAN_RX1);
    case A_TXEFS:
        return stm32mp1_fdcan_ring_status(s, STM32MP1_FDCAN_EVENTS);
    case A_TXFQS:
        return stm32mp1_fdcan_txfqs(s);
    case A_RXF0A:
    case A_RXF1A:
    case A_TXEFA:
    case A_TXBAR:
    case A_TXBCR:
        return 0;
    case A_TTTMC ... A_TTTS:
        qemu_log_mask(LOG_UNIMP,
                      "%s: time-triggered operation is not modelled\n",
                      DEVICE(s)->canonical_path);
        return 0;
    case A_TEST:
    case A_CCCR:
    case A_ECR:
    case A_IR:
    case A_HPMS:
    case A_NDAT1:
    case A_NDAT2:
    case A_TXBRP:
    case A_TXBTO:
    case A_TXBCF:
        return s->regs[addr / 4];
    default:
        break;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(stm32mp1_fdcan_storage); i++) {
        if (stm32mp1_fdcan_storage[i].addr == addr) {
            return s->regs[addr / 4];
        }
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx "\n",
                  DEVICE(s)->canonical_path, addr);
    return 0;
}

static uint64_t stm32mp1_fdcan_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1FdcanState *s = opaque;
    uint32_t value;

    stm32mp1_fdcan_catch_up(s);
    value = stm32mp1_fdcan_read_reg(s, addr);
    trace_stm32mp1_fdcan_read(DEVICE(s)->canonical_path, addr, value);
    return value;
}

static bool stm32mp1_fdcan_write_storage(STM32MP1FdcanState *s, hwaddr addr,
                                         uint32_t value)
{
    for (unsigned i = 0; i < ARRAY_SIZE(stm32mp1_fdcan_storage); i++) {
        if (stm32mp1_fdcan_storage[i].addr != addr) {
            continue;
        }
        if (!stm32mp1_fdcan_storage[i].config ||
            stm32mp1_fdcan_configurable(s)) {
            s->regs[addr / 4] = value & stm32mp1_fdcan_storage[i].mask;
        }
        return true;
    }
    return false;
}

static void stm32mp1_fdcan_write(void *opaque, hwaddr addr, uint64_t val64,
                                 unsigned size)
{
    STM32MP1FdcanState *s = opaque;
    uint32_t value = val64;

    stm32mp1_fdcan_catch_up(s);
    trace_stm32mp1_fdcan_write(DEVICE(s)->canonical_path, addr, value);
    switch (addr) {
    case A_TEST:
        if (s->regs[R_CCCR] & R_CCCR_TEST_MASK) {
            s->regs[R_TEST] = value & 0x70;
        }
        break;
    case A_CCCR:
        stm32mp1_fdcan_write_cccr(s, value);
        break;
    case A_TSCV:
        s->timestamp_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
        break;
    case A_IR:
        s->regs[R_IR] &= ~value;
        break;
    case A_NDAT1:
    case A_NDAT2:
        s->regs[addr / 4] &= ~value;
        break;
    case A_RXF0A:
        stm32mp1_fdcan_ring_acknowledge(s, STM32MP1_FDCAN_RX0, value & 0x3f);
        break;
    case A_RXF1A:
        stm32mp1_fdcan_ring_acknowledge(s, STM32MP1_FDCAN_RX1, value & 0x3f);
        break;
    case A_TXEFA:
        stm32mp1_fdcan_ring_acknowledge(s, STM32MP1_FDCAN_EVENTS,
                                        value & 0x1f);
        break;
    case A_TXBAR:
        stm32mp1_fdcan_write_txbar(s, value);
        break;
    case A_TXBCR:
        stm32mp1_fdcan_write_txbcr(s, value);
        break;
    default:
        if (stm32mp1_fdcan_write_storage(s, addr, value)) {
            break;
        }
        qemu_log_mask(addr >= A_TTTMC && addr <= A_TTTS ?
                      LOG_UNIMP : LOG_GUEST_ERROR,
                      "%s: nothing to write at 0x%" HWADDR_PRIx "\n",
                      DEVICE(s)->canonical_path, addr);
        return;
    }
    stm32mp1_fdcan_update(s);
}

static const MemoryRegionOps stm32mp1_fdcan_ops = {
    .read = stm32mp1_fdcan_read,
    .write = stm32mp1_fdcan_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void stm32mp1_fdcan_clock_update(void *opaque, ClockEvent event)
{
    stm32mp1_fdcan_tx_begin(opaque, 0);
}

static void stm32mp1_fdcan_reset_enter(Object *obj, ResetType type)
{
    STM32MP1FdcanState *s = STM32MP1_FDCAN(obj);

    memset(s->regs, 0, sizeof(s->regs));
    for (unsigned i = 0; i < ARRAY_SIZE(stm32mp1_fdcan_storage); i++) {
        s->regs[stm32mp1_fdcan_storage[i].addr / 4] =
            stm32mp1_fdcan_storage[i].reset;
    }
    s->regs[R_CCCR] = R_CCCR_INIT_MASK;
    stm32mp1_fdcan_clear_status(s);
    s->timestamp_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    s->send_cancelled = false;
    stm32mp1_fdcan_stop(s);
}

static void stm32mp1_fdcan_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_fdcan_update(STM32MP1_FDCAN(obj));
}

static int stm32mp1_fdcan_post_load(void *opaque, int version_id)
{
    STM32MP1FdcanState *s = opaque;
    unsigned i;

    for (i = 0; i < STM32MP1_FDCAN_NUM_RINGS; i++) {
        unsigned size = i == STM32MP1_FDCAN_TX ?
                        stm32mp1_fdcan_queue_size(s) :
                        stm32mp1_fdcan_ring_size(s, i);
        unsigned limit = MAX(size, 1);

        if (s->ring[i].put >= limit || s->ring[i].get >= limit ||
            s->ring[i].fill > size) {
            return -EINVAL;
        }
    }
    return s->sending < -1 || s->sending >= MAX_TX ? -EINVAL : 0;
}

static const VMStateDescription vmstate_stm32mp1_fdcan_ring = {
    .name = "stm32mp1-fdcan-ring",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(put, STM32MP1FdcanRing),
        VMSTATE_UINT32(get, STM32MP1FdcanRing),
        VMSTATE_UINT32(fill, STM32MP1FdcanRing),
        VMSTATE_BOOL(lost, STM32MP1FdcanRing),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_stm32mp1_fdcan = {
    .name = TYPE_STM32MP1_FDCAN,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_fdcan_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1FdcanState),
        VMSTATE_UINT32_ARRAY(regs, STM32MP1FdcanState,
                             STM32MP1_FDCAN_NUM_REGS),
        VMSTATE_STRUCT_ARRAY(ring, STM32MP1FdcanState,
                             STM32MP1_FDCAN_NUM_RINGS, 1,
                             vmstate_stm32mp1_fdcan_ring, STM32MP1FdcanRing),
        VMSTATE_INT64(timestamp_ns, STM32MP1FdcanState),
        VMSTATE_TIMER(timer, STM32MP1FdcanState),
        VMSTATE_INT32(sending, STM32MP1FdcanState),
        VMSTATE_BOOL(send_cancelled, STM32MP1FdcanState),
        VMSTATE_END_OF_LIST()
    },
};

static const Property stm32mp1_fdcan_properties[] = {
    DEFINE_PROP_LINK("message-ram", STM32MP1FdcanState, ram,
                     TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_LINK("canbus", STM32MP1FdcanState, canbus, TYPE_CAN_BUS,
                     CanBusState *),
};

static void stm32mp1_fdcan_init(Object *obj)
{
    STM32MP1FdcanState *s = STM32MP1_FDCAN(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_fdcan_ops, s,
                          TYPE_STM32MP1_FDCAN, 0x400);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq[0]);
    sysbus_init_irq(sbd, &s->irq[1]);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk",
                                stm32mp1_fdcan_clock_update, s, ClockUpdate);
    timer_init_ns(&s->timer, QEMU_CLOCK_VIRTUAL, stm32mp1_fdcan_timer, s);
    s->sending = -1;
}

static void stm32mp1_fdcan_finalize(Object *obj)
{
    timer_del(&STM32MP1_FDCAN(obj)->timer);
}

static void stm32mp1_fdcan_realize(DeviceState *dev, Error **errp)
{
    STM32MP1FdcanState *s = STM32MP1_FDCAN(dev);

    if (!s->ram) {
        error_setg(errp, "property \"message-ram\" is not set");
        return;
    }
    s->client.info = &stm32mp1_fdcan_client_info;
    if (s->canbus && can_bus_insert_client(s->canbus, &s->client) < 0) {
        error_setg(errp, "the CAN bus takes no more clients");
    }
}

static void stm32mp1_fdcan_unrealize(DeviceState *dev)
{
    STM32MP1FdcanState *s = STM32MP1_FDCAN(dev);

    if (s->canbus) {
        can_bus_remove_client(&s->client);
    }
}

static void stm32mp1_fdcan_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 FDCAN";
    dc->realize = stm32mp1_fdcan_realize;
    dc->unrealize = stm32mp1_fdcan_unrealize;
    dc->vmsd = &vmstate_stm32mp1_fdcan;
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    device_class_set_props(dc, stm32mp1_fdcan_properties);
    rc->phases.enter = stm32mp1_fdcan_reset_enter;
    rc->phases.hold = stm32mp1_fdcan_reset_hold;
}

static const TypeInfo stm32mp1_fdcan_types[] = {
    {
        .name = TYPE_STM32MP1_FDCAN,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1FdcanState),
        .instance_init = stm32mp1_fdcan_init,
        .instance_finalize = stm32mp1_fdcan_finalize,
        .class_init = stm32mp1_fdcan_class_init,
    },
};

DEFINE_TYPES(stm32mp1_fdcan_types)
