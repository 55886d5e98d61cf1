/*
 * STM32MP1 Ethernet (ETH): a DWMAC 4.20a with one channel, and its PHY
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The DMA goes by the OWN bits of the descriptors; a write to a tail pointer
 * makes it look again. What has no descriptor waits in QEMU, where silicon
 * would drop it once its FIFO is full.
 */

#include "qemu/osdep.h"
#include <zlib.h>
#include "qapi/error.h"
#include "hw/net/stm32mp1_eth.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_gate.h"
#include "hw/net/mii.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "net/checksum.h"
#include "net/eth.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "system/dma.h"
#include "trace.h"

/* It belongs to the normal world. */
static const MemTxAttrs eth_attrs = {
    .requester_id = STM32MP1_REQUESTER_OTHER,
};

REG32(MACCR, 0x000)
    FIELD(MACCR, RE, 0, 1)
    FIELD(MACCR, TE, 1, 1)
    FIELD(MACCR, LM, 12, 1)
    FIELD(MACCR, ACS, 20, 1)
    FIELD(MACCR, CST, 21, 1)
    FIELD(MACCR, IPC, 27, 1)
REG32(MACPFR, 0x008)
    FIELD(MACPFR, PR, 0, 1)
    FIELD(MACPFR, HUC, 1, 1)
    FIELD(MACPFR, HMC, 2, 1)
    FIELD(MACPFR, DAIF, 3, 1)
    FIELD(MACPFR, PM, 4, 1)
    FIELD(MACPFR, DBF, 5, 1)
    FIELD(MACPFR, HPF, 10, 1)
    FIELD(MACPFR, RA, 31, 1)
REG32(MACHT0R, 0x010)
REG32(MACMDIOAR, 0x200)
    FIELD(MACMDIOAR, MB, 0, 1)
    FIELD(MACMDIOAR, C45E, 1, 1)
    FIELD(MACMDIOAR, GOC, 2, 2)
    FIELD(MACMDIOAR, RDA, 16, 5)
    FIELD(MACMDIOAR, PA, 21, 5)
REG32(MACMDIODR, 0x204)
REG32(MACA0HR, 0x300)
    FIELD(MACAHR, MBC, 24, 6)
    FIELD(MACAHR, SA, 30, 1)
    FIELD(MACAHR, AE, 31, 1)
REG32(MACA0LR, 0x304)
REG32(MTLRXQ0OMR, 0xd30)
    FIELD(MTLRXQ0OMR, DIS_TCP_EF, 6, 1)
REG32(DMAMR, 0x1000)
    FIELD(DMAMR, SWR, 0, 1)
REG32(DMAISR, 0x1008)
    FIELD(DMAISR, DC0IS, 0, 1)
REG32(DMACCR, 0x1100)
    FIELD(DMACCR, DSL, 18, 3)
REG32(DMACTXCR, 0x1104)
    FIELD(DMACTXCR, ST, 0, 1)
REG32(DMACRXCR, 0x1108)
    FIELD(DMACRXCR, SR, 0, 1)
    FIELD(DMACRXCR, RBSZ, 1, 14)
REG32(DMACTXDLAR, 0x1114)
REG32(DMACRXDLAR, 0x111c)
REG32(DMACTXDTPR, 0x1120)
REG32(DMACRXDTPR, 0x1128)
REG32(DMACTXRLR, 0x112c)
REG32(DMACRXRLR, 0x1130)
REG32(DMACIER, 0x1134)
REG32(DMACRXIWTR, 0x1138)
    FIELD(DMACRXIWTR, RWT, 0, 8)
    FIELD(DMACRXIWTR, RWTU, 16, 2)
REG32(DMACCATXDR, 0x1144)
REG32(DMACCARXDR, 0x114c)
REG32(DMACSR, 0x1160)
    FIELD(DMACSR, TI, 0, 1)
    FIELD(DMACSR, TPS, 1, 1)
    FIELD(DMACSR, TBU, 2, 1)
    FIELD(DMACSR, RI, 6, 1)
    FIELD(DMACSR, RBU, 7, 1)
    FIELD(DMACSR, RPS, 8, 1)
    FIELD(DMACSR, FBE, 12, 1)
    FIELD(DMACSR, AIS, 14, 1)
    FIELD(DMACSR, NIS, 15, 1)

#define CSR_NORMAL      0x0845 /* TI, TBU, RI, ERI */
#define CSR_ABNORMAL    0x1782 /* TPS, RBU, RPS, RWT, ETI, FBE */
#define CSR_FLAGS       0x3fc7

/* Words 2 and 3 of a descriptor */
FIELD(TDES2, B1L, 0, 14)
FIELD(TDES2, B2L, 16, 14)
FIELD(TDES2, IOC, 31, 1)
FIELD(TDES3, CIC, 16, 2)
FIELD(TDES3, TSE, 18, 1)
FIELD(TDES3, CPC, 26, 2)
FIELD(TDES3, LD, 28, 1)
FIELD(TDES3, FD, 29, 1)
FIELD(TDES3, CTXT, 30, 1)
FIELD(RDES1, PT, 0, 3)
FIELD(RDES1, IPHE, 3, 1)
FIELD(RDES1, IPV4, 4, 1)
FIELD(RDES1, IPV6, 5, 1)
FIELD(RDES1, IPCB, 6, 1)
FIELD(RDES1, IPCE, 7, 1)
FIELD(RDES3, BUF1V, 24, 1)
FIELD(RDES3, BUF2V, 25, 1)
FIELD(RDES3, RS1V, 26, 1)
FIELD(RDES3, RS2V, 27, 1)
FIELD(RDES3, LD, 28, 1)
FIELD(RDES3, FD, 29, 1)
FIELD(RDES3, IOC, 30, 1)
FIELD(DES3, OWN, 31, 1)

#define CPC_PAD_AND_CRC 0
#define CPC_NO_CRC      2
#define CIC_HEADER      1
#define CIC_NO_PSEUDO   2
#define PT_UDP          1
#define PT_TCP          2
#define PT_ICMP         3

#define NUM_ADDRESSES   4
#define FCS_LEN         4
#define MIN_PACKET      60

#define MDIO_WRITE      1
#define MDIO_READ       3
#define PHY_ADDRESS     0
#define PHY_ID1         0x001c
#define PHY_ID2         0xc916
#define PHY_PAGE        31
#define MMD_CONTROL     13
#define MMD_DATA        14

typedef struct EthReg {
    uint16_t addr;
    uint32_t mask;      /* what a guest can write */
    uint32_t reset;
} EthReg;

/*
 * The features: MII, GMII, half duplex, MDIO, checksums both ways, three more
 * addresses; FIFOs of 4 KiB, a hash table of 64 bits; no more than one queue
 * and channel each way.
 */
static const EthReg stm32mp1_eth_regs[] = {
    { A_MACCR, 0xffffffff, 0 },
    { 0x004, 0x3f373fff, 0 },               /* MACECR */
    { A_MACPFR, 0x803187ff, 0 },
    { 0x00c, 0x10f, 0 },                    /* MACWTR */
    { A_MACHT0R, 0xffffffff, 0 },
    { A_MACHT0R + 4, 0xffffffff, 0 },
    { 0x070, 0xffff00f3, 0 },               /* MACQTXFCR */
    { 0x090, 0x3, 0 },                      /* MACRXFCR */
    { 0x0a0, 0x3, 0 },                      /* MACRXQC0R */
    { 0x0a4, 0x00f7f777, 0 },               /* MACRXQC1R */
    { 0x0a8, 0xff, 0 },                     /* MACRXQC2R */
    { 0x0b0, 0, 0 },                        /* MACISR */
    { 0x0b4, 0x00007038, 0 },               /* MACIER */
    { 0x0b8, 0, 0 },                        /* MACRXTXSR */
    { 0x0dc, 0xfff, 0 },                    /* MAC1USTCR */
    { 0x0f8, 0x3, 0 },                      /* MACPHYCSR */
    { 0x110, 0, 0x4042 },                   /* MACVR */
    { 0x114, 0, 0 },                        /* MACDR */
    { 0x11c, 0, 0x000d4027 },               /* MACHWF0R */
    { 0x120, 0, 0x01000145 },               /* MACHWF1R */
    { 0x124, 0, 0 },                        /* MACHWF2R */
    { 0x128, 0, 0 },                        /* MACHWF3R */
    { A_MACMDIOAR, 0x0bff7f1f, 0 },
    { A_MACMDIODR, 0xffffffff, 0 },
    { A_MACA0HR, 0x0000ffff, 0x8000ffff },
    { A_MACA0LR, 0xffffffff, 0xffffffff },
    { A_MACA0HR + 0x08, 0xff00ffff, 0xffff },
    { A_MACA0LR + 0x08, 0xffffffff, 0xffffffff },
    { A_MACA0HR + 0x10, 0xff00ffff, 0xffff },
    { A_MACA0LR + 0x10, 0xffffffff, 0xffffffff },
    { A_MACA0HR + 0x18, 0xff00ffff, 0xffff },
    { A_MACA0LR + 0x18, 0xffffffff, 0xffffffff },
    { 0x70c, 0x0fffffff, 0 },               /* MMC_RX_INTERRUPT_MASK */
    { 0x710, 0x0fffffff, 0 },               /* MMC_TX_INTERRUPT_MASK */
    { 0x800, 0x3fff3fff, 0 },               /* MMC_IPC_RX_INTERRUPT_MASK */
    { 0xc00, 0x362, 0 },                    /* MTLOMR */
    { 0xc20, 0, 0 },                        /* MTLISR */
    { 0xc30, 0x11, 0 },                     /* MTLRXQDMAMR */
    { 0xd00, 0x72, 0x000f0008 },            /* MTLTXQ0OMR */
    { 0xd04, 0, 0 },                        /* MTLTXQ0UR */
    { 0xd08, 0, 0 },                        /* MTLTXQ0DR */
    { 0xd18, 0x1fffff, 0 },                 /* MTLTXQ0QWR */
    { 0xd2c, 0x01000100, 0 },               /* MTLQ0ICSR */
    { A_MTLRXQ0OMR, 0x0001c7fb, 0x00f00000 },
    { 0xd34, 0, 0 },                        /* MTLRXQ0MPOCR */
    { 0xd38, 0, 0 },                        /* MTLRXQ0DR */
    { 0xd3c, 0xf, 0 },                      /* MTLRXQ0CR */
    { A_DMAMR, 0x00037812, 0 },
    { 0x1004, 0xcf0fd0ff, 0x01010000 },     /* DMASBMR */
    { A_DMAISR, 0, 0 },
    { 0x100c, 0, 0 },                       /* DMADSR */
    { A_DMACCR, 0x011d3fff, 0 },
    { A_DMACTXCR, 0x003f1017, 0 },
    { A_DMACRXCR, 0x803f7fff, 0 },
    { A_DMACTXDLAR, 0xfffffff8, 0 },
    { A_DMACRXDLAR, 0xfffffff8, 0 },
    { A_DMACTXDTPR, 0xfffffff8, 0 },
    { A_DMACRXDTPR, 0xfffffff8, 0 },
    { A_DMACTXRLR, 0x3ff, 0 },
    { A_DMACRXRLR, 0x3ff, 0 },
    { A_DMACIER, 0xffc7, 0 },
    { A_DMACRXIWTR, 0x000300ff, 0 },
    { 0x113c, 0x3, 0 },                     /* DMACSFCSR */
    { A_DMACCATXDR, 0, 0 },
    { A_DMACCARXDR, 0, 0 },
    { 0x1154, 0, 0 },                       /* DMACCATXBR */
    { 0x115c, 0, 0 },                       /* DMACCARXBR */
    { A_DMACSR, 0, 0 },
    { 0x116c, 0, 0 },                       /* DMACMFCR */
};

/*
 * Registers of the RTL8211F's own that Linux and U-Boot use. A page is of the
 * registers 16 to 23 alone: those above are the same on all pages, whichever
 * of them a driver selects for one. The kits strap both delays of RGMII on.
 */
#define PHY_PAGED_END   0x18

static const struct {
    uint16_t page;
    uint8_t reg;
    uint16_t reset;
} stm32mp1_eth_phy_paged[] = {
    { 0xa42, 0x12, 0 },         /* INER */
    { 0, 0x18, 0x2118 },        /* PHYCR1 */
    { 0, 0x19, 0x0863 },        /* PHYCR2 */
    { 0, 0x1d, 0 },             /* INSR */
    { 0xd04, 0x10, 0x6b11 },    /* LCR */
    { 0xd04, 0x11, 0 },         /* EEELCR */
    { 0xd08, 0x11, 0x0109 },    /* delay of what is sent */
    { 0xd08, 0x15, 0x0019 },    /* delay of what is received */
    { 0xd8a, 0x10, 0 },         /* frames that wake: none does here */
};

QEMU_BUILD_BUG_ON(ARRAY_SIZE(stm32mp1_eth_phy_paged) !=
                  STM32MP1_ETH_NUM_PHY_PAGED);

static void stm32mp1_eth_update(STM32MP1EthState *s)
{
    uint32_t *regs = s->regs;
    uint32_t enabled = regs[R_DMACSR] & regs[R_DMACIER];
    bool level;

    regs[R_DMACSR] = FIELD_DP32(regs[R_DMACSR], DMACSR, NIS,
                                !!(enabled & CSR_NORMAL));
    regs[R_DMACSR] = FIELD_DP32(regs[R_DMACSR], DMACSR, AIS,
                                !!(enabled & CSR_ABNORMAL));
    level = regs[R_DMACSR] & regs[R_DMACIER] &
            (R_DMACSR_NIS_MASK | R_DMACSR_AIS_MASK);
    regs[R_DMAISR] = FIELD_DP32(0, DMAISR, DC0IS, level);
    trace_stm32mp1_eth_update(regs[R_DMACSR], level);
    qemu_set_irq(s->irq, level);
}

/* The PHY */

static bool stm32mp1_eth_link(STM32MP1EthState *s)
{
    NetClientState *nc = qemu_get_queue(s->nic);

    /* Without a backend there is no cable. */
    return nc->peer && !nc->link_down && !(s->phy[MII_BMCR] & MII_BMCR_PDOWN);
}

static void stm32mp1_eth_reset_phy(STM32MP1EthState *s)
{
    int i;

    memset(s->phy, 0, sizeof(s->phy));
    s->phy[MII_BMCR] = MII_BMCR_AUTOEN | MII_BMCR_FD | MII_BMCR_SPEED1000;
    s->phy[MII_ANAR] = MII_ANAR_TXFD | MII_ANAR_TX | MII_ANAR_10FD |
                       MII_ANAR_10 | MII_ANAR_CSMACD;
    s->phy[MII_CTRL1000] = MII_CTRL1000_FULL;
    s->phy_page = 0;
    for (i = 0; i < ARRAY_SIZE(stm32mp1_eth_phy_paged); i++) {
        s->phy_paged[i] = stm32mp1_eth_phy_paged[i].reset;
    }
}

/* Register of a page of the PHY's own, or NULL */
static uint16_t *stm32mp1_eth_find_paged(STM32MP1EthState *s, unsigned reg)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_eth_phy_paged); i++) {
        if (stm32mp1_eth_phy_paged[i].reg == reg &&
            (reg >= PHY_PAGED_END ||
             stm32mp1_eth_phy_paged[i].page == s->phy_page)) {
            return &s->phy_paged[i];
        }
    }
    return NULL;
}

static uint16_t stm32mp1_eth_read_phy(STM32MP1EthState *s, unsigned reg)
{
    bool link = stm32mp1_eth_link(s);
    uint16_t *paged = stm32mp1_eth_find_paged(s, reg);

    if (paged) {
        return *paged;
    }
    if (reg == 0x1a || (s->phy_page == 0xa43 && reg == 0x12)) {
        /* PHYSR, the link: 1000 Mbit/s, full duplex */
        return link ? 0x002c : 0;
    }
    switch (reg) {
    case MII_BMCR:
    case MII_ANAR:
    case MII_CTRL1000:
        return s->phy[reg];
    case MII_BMSR:
        return MII_BMSR_100TX_FD | MII_BMSR_100TX_HD | MII_BMSR_10T_FD |
               MII_BMSR_10T_HD | MII_BMSR_EXTSTAT | MII_BMSR_MFPS |
               MII_BMSR_AUTONEG | MII_BMSR_EXTCAP |
               (link ? MII_BMSR_LINK_ST | MII_BMSR_AN_COMP : 0);
    case MII_PHYID1:
        return PHY_ID1;
    case MII_PHYID2:
        return PHY_ID2;
    case MII_ANLPAR:
        return link ? MII_ANLPAR_ACK | MII_ANLPAR_TXFD | MII_ANLPAR_TX |
                      MII_ANLPAR_10FD | MII_ANLPAR_10 | MII_ANLPAR_CSMACD : 0;
    case MII_ANER:
        return link ? MII_ANER_NWAY : 0;
    case MII_STAT1000:
        return link ? MII_STAT1000_LOK | MII_STAT1000_ROK |
                      MII_STAT1000_FULL : 0;
    case MII_EXTSTAT:
        return 0x2000; /* 1000BASE-T, full duplex */
    case PHY_PAGE:
        return s->phy_page;
    case MMD_CONTROL:
    case MMD_DATA:
        return 0;
    default:
        qemu_log_mask(LOG_UNIMP, "%s: register %u on page 0x%x of the PHY is "
                      "not modelled\n", DEVICE(s)->canonical_path, reg,
                      s->phy_page);
        return 0;
    }
}

static void stm32mp1_eth_write_phy(STM32MP1EthState *s, unsigned reg,
                                   uint16_t value)
{
    uint16_t *paged = stm32mp1_eth_find_paged(s, reg);

    if (paged) {
        *paged = value;
        return;
    }
    switch (reg) {
    case MII_BMCR:
        if (value & MII_BMCR_RESET) {
            stm32mp1_eth_reset_phy(s);
        } else {
            s->phy[reg] = value & ~MII_BMCR_ANRESTART;
        }
        break;
    case MII_ANAR:
    case MII_CTRL1000:
        s->phy[reg] = value;
        break;
    case PHY_PAGE:
        s->phy_page = value;
        break;
    case MMD_CONTROL:
    case MMD_DATA:
        /* What is behind them reads as zero: EEE is neither there nor on. */
        break;
    default:
        qemu_log_mask(LOG_UNIMP, "%s: register %u on page 0x%x of the PHY is "
                      "not modelled\n", DEVICE(s)->canonical_path, reg,
                      s->phy_page);
    }
}

static void stm32mp1_eth_mdio(STM32MP1EthState *s)
{
    uint32_t *regs = s->regs;
    unsigned phy = FIELD_EX32(regs[R_MACMDIOAR], MACMDIOAR, PA);
    unsigned reg = FIELD_EX32(regs[R_MACMDIOAR], MACMDIOAR, RDA);
    unsigned op = FIELD_EX32(regs[R_MACMDIOAR], MACMDIOAR, GOC);
    bool c45 = FIELD_EX32(regs[R_MACMDIOAR], MACMDIOAR, C45E);

    if (!(regs[R_MACMDIOAR] & R_MACMDIOAR_MB_MASK)) {
        return;
    }
    regs[R_MACMDIOAR] &= ~R_MACMDIOAR_MB_MASK;
    if (op == MDIO_READ) {
        /* Nobody drives the line where there is no PHY, or no clause 45. */
        regs[R_MACMDIODR] = phy == PHY_ADDRESS && !c45 ?
                            stm32mp1_eth_read_phy(s, reg) : 0xffff;
    } else if (op == MDIO_WRITE && phy == PHY_ADDRESS && !c45) {
        stm32mp1_eth_write_phy(s, reg, regs[R_MACMDIODR]);
    }
    trace_stm32mp1_eth_mdio(op == MDIO_WRITE, phy, reg, regs[R_MACMDIODR]);
}

/* Checksums */

typedef struct EthIp {
    size_t header;      /* where the header of IP starts */
    size_t payload;     /* where its payload starts, */
    size_t end;         /* and ends */
    uint8_t protocol;
    bool v6;
    bool fragment;
} EthIp;

/* What follows the headers of IPv6 that may come before the payload */
static bool stm32mp1_eth_parse_v6(const uint8_t *data, EthIp *ip)
{
    for (;;) {
        switch (ip->protocol) {
        case IP6_FRAGMENT:
            ip->fragment = true;
            return true;
        case IP6_HOP_BY_HOP:
        case IP6_ROUTING:
        case IP6_DESTINATON:
            if (ip->end - ip->payload < 8) {
                return false;
            }
            ip->protocol = data[ip->payload];
            ip->payload += 8 * (data[ip->payload + 1] + 1);
            if (ip->payload > ip->end) {
                return false;
            }
            break;
        default:
            return true;
        }
    }
}

/* Find IP in a packet; false if there is none, or its lengths are wrong. */
static bool stm32mp1_eth_parse(const uint8_t *data, size_t size, EthIp *ip)
{
    size_t at = 12;
    uint16_t type;

    for (;;) {
        if (size < at + 2) {
            return false;
        }
        type = lduw_be_p(data + at);
        at += 2;
        if (type != ETH_P_VLAN && type != ETH_P_DVLAN) {
            break;
        }
        at += 2;
    }
    *ip = (EthIp) { .header = at };
    data += at;
    size -= at;
    if (type == ETH_P_IP && size >= 20 && data[0] >> 4 == 4) {
        size_t header = 4 * (data[0] & 0xf);
        size_t total = lduw_be_p(data + 2);

        if (header < 20 || header > total || total > size) {
            return false;
        }
        ip->payload = at + header;
        ip->end = at + total;
        ip->protocol = data[9];
        ip->fragment = lduw_be_p(data + 6) & 0x3fff;
        return true;
    }
    if (type == ETH_P_IPV6 && size >= 40 && data[0] >> 4 == 6 &&
        lduw_be_p(data + 4) <= size - 40) {
        ip->v6 = true;
        ip->payload = at + 40;
        ip->end = ip->payload + lduw_be_p(data + 4);
        ip->protocol = data[6];
        return stm32mp1_eth_parse_v6(data - at, ip);
    }
    return false;
}

/* Where in the payload its checksum is; -1 for a protocol that has none */
static int stm32mp1_eth_checksum_at(const EthIp *ip)
{
    size_t size = ip->end - ip->payload;

    switch (ip->protocol) {
    case IP_PROTO_TCP:
        return size < 20 ? -1 : 16;
    case IP_PROTO_UDP:
        return size < 8 ? -1 : 6;
    case 1: /* ICMP */
        return ip->v6 || size < 4 ? -1 : 2;
    case 58: /* ICMPv6 */
        return !ip->v6 || size < 4 ? -1 : 2;
    default:
        return -1;
    }
}

/* Sum of the payload, with the checksum that is in it */
static uint32_t stm32mp1_eth_sum(uint8_t *data, const EthIp *ip, bool pseudo)
{
    size_t size = ip->end - ip->payload;
    uint32_t sum = net_checksum_add(size, data + ip->payload);

    if (pseudo && ip->protocol != 1) {
        sum += ip->v6 ? net_checksum_add(32, data + ip->header + 8) :
                        net_checksum_add(8, data + ip->header + 12);
        sum += size + ip->protocol;
    }
    return sum;
}

static void stm32mp1_eth_add_checksums(uint8_t *data, size_t size,
                                       unsigned control)
{
    EthIp ip;
    int at;
    uint16_t sum;

    if (!control || !stm32mp1_eth_parse(data, size, &ip)) {
        return;
    }
    if (!ip.v6) {
        stw_be_p(data + ip.header + 10, 0);
        sum = net_raw_checksum(data + ip.header, ip.payload - ip.header);
        stw_be_p(data + ip.header + 10, sum);
    }
    at = stm32mp1_eth_checksum_at(&ip);
    if (control == CIC_HEADER || ip.fragment || at < 0) {
        return;
    }
    if (control != CIC_NO_PSEUDO) {
        stw_be_p(data + ip.payload + at, 0);
    }
    sum = net_checksum_finish(stm32mp1_eth_sum(data, &ip,
                                               control != CIC_NO_PSEUDO));
    if (ip.protocol == IP_PROTO_UDP && sum == 0) {
        sum = 0xffff;
    }
    stw_be_p(data + ip.payload + at, sum);
}

/* Word 1 of a received packet's descriptor */
static uint32_t stm32mp1_eth_check_checksums(uint8_t *data, size_t size)
{
    uint32_t status = 0;
    EthIp ip;
    int at;

    if (!stm32mp1_eth_parse(data, size, &ip)) {
        return FIELD_DP32(0, RDES1, IPCB, 1);
    }
    if (ip.v6) {
        status = FIELD_DP32(status, RDES1, IPV6, 1);
    } else {
        status = FIELD_DP32(status, RDES1, IPV4, 1);
        status = FIELD_DP32(status, RDES1, IPHE,
                            !!net_raw_checksum(data + ip.header,
                                               ip.payload - ip.header));
    }
    at = stm32mp1_eth_checksum_at(&ip);
    if (ip.fragment || at < 0) {
        return status;
    }
    status = FIELD_DP32(status, RDES1, PT,
                        ip.protocol == IP_PROTO_UDP ? PT_UDP :
                        ip.protocol == IP_PROTO_TCP ? PT_TCP : PT_ICMP);
    if (ip.protocol == IP_PROTO_UDP && !ip.v6 &&
        lduw_be_p(data + ip.payload + at) == 0) {
        return status;
    }
    return FIELD_DP32(status, RDES1, IPCE,
                      !!net_checksum_finish(stm32mp1_eth_sum(data, &ip,
                                                             true)));
}

/* Descriptors */

static uint32_t stm32mp1_eth_descriptor(STM32MP1EthState *s, uint32_t base,
                                        uint32_t n)
{
    /* Words of 64 bits may be between them. */
    return base + n * (16 + 8 * FIELD_EX32(s->regs[R_DMACCR], DMACCR, DSL));
}

static bool stm32mp1_eth_load(STM32MP1EthState *s, uint32_t addr,
                              uint32_t *words)
{
    int i;

    if (dma_memory_read(&s->as, addr, words, 16,
                        eth_attrs) != MEMTX_OK) {
        return false;
    }
    for (i = 0; i < 4; i++) {
        words[i] = le32_to_cpu(words[i]);
    }
    return true;
}

static bool stm32mp1_eth_store(STM32MP1EthState *s, const char *ring,
                               uint32_t addr, const uint32_t *words)
{
    uint32_t le[4];
    int i;

    trace_stm32mp1_eth_descriptor(ring, addr, words[2], words[3]);
    for (i = 0; i < 4; i++) {
        le[i] = cpu_to_le32(words[i]);
    }
    return dma_memory_write(&s->as, addr, le, 16,
                            eth_attrs) == MEMTX_OK;
}

/* A ring's memory is not there: the channel stops. */
static void stm32mp1_eth_bus_error(STM32MP1EthState *s)
{
    s->regs[R_DMACSR] |= R_DMACSR_FBE_MASK;
    s->regs[R_DMACTXCR] &= ~R_DMACTXCR_ST_MASK;
    s->regs[R_DMACRXCR] &= ~R_DMACRXCR_SR_MASK;
}

/* Reception */

static bool stm32mp1_eth_can_receive(NetClientState *nc)
{
    STM32MP1EthState *s = qemu_get_nic_opaque(nc);

    return (s->regs[R_MACCR] & R_MACCR_RE_MASK) &&
           (s->regs[R_DMACRXCR] & R_DMACRXCR_SR_MASK) && !s->rx_suspended;
}

static bool stm32mp1_eth_perfect(STM32MP1EthState *s, const uint8_t *dest)
{
    int i, byte;

    for (i = 0; i < NUM_ADDRESSES; i++) {
        uint32_t high = s->regs[R_MACA0HR + 2 * i];
        uint32_t low = s->regs[R_MACA0LR + 2 * i];
        uint64_t address = (uint64_t)(high & 0xffff) << 32 | low;
        unsigned ignored = FIELD_EX32(high, MACAHR, MBC);

        if (!(high & R_MACAHR_AE_MASK) || (high & R_MACAHR_SA_MASK)) {
            continue;
        }
        for (byte = 0; byte < ETH_ALEN; byte++) {
            if (dest[byte] != (uint8_t)(address >> 8 * byte) &&
                (i == 0 || !(ignored & BIT(byte)))) {
                break;
            }
        }
        if (byte == ETH_ALEN) {
            return true;
        }
    }
    return false;
}

static bool stm32mp1_eth_hash(STM32MP1EthState *s, const uint8_t *dest)
{
    unsigned bit = ~net_crc32(dest, ETH_ALEN) >> 26;

    return s->regs[R_MACHT0R + bit / 32] & BIT(bit % 32);
}

static bool stm32mp1_eth_wanted(STM32MP1EthState *s, const uint8_t *dest)
{
    uint32_t pfr = s->regs[R_MACPFR];
    bool multicast = is_multicast_ether_addr(dest);
    bool match;

    if (pfr & (R_MACPFR_PR_MASK | R_MACPFR_RA_MASK)) {
        return true;
    }
    if (is_broadcast_ether_addr(dest)) {
        return !(pfr & R_MACPFR_DBF_MASK);
    }
    if (multicast && (pfr & R_MACPFR_PM_MASK)) {
        return true;
    }
    if (pfr & (multicast ? R_MACPFR_HMC_MASK : R_MACPFR_HUC_MASK)) {
        match = stm32mp1_eth_hash(s, dest) ||
                ((pfr & R_MACPFR_HPF_MASK) && stm32mp1_eth_perfect(s, dest));
    } else {
        match = stm32mp1_eth_perfect(s, dest);
    }
    return match != !!(pfr & R_MACPFR_DAIF_MASK);
}

static void stm32mp1_eth_arm_watchdog(STM32MP1EthState *s)
{
    uint32_t iwtr = s->regs[R_DMACRXIWTR];
    uint64_t cycles = FIELD_EX32(iwtr, DMACRXIWTR, RWT);

    if (cycles && clock_is_enabled(s->clk)) {
        cycles *= 256 << FIELD_EX32(iwtr, DMACRXIWTR, RWTU);
        timer_mod(s->watchdog, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  clock_ticks_to_ns(s->clk, cycles));
    }
}

static void stm32mp1_eth_watchdog(void *opaque)
{
    STM32MP1EthState *s = opaque;

    s->regs[R_DMACSR] |= R_DMACSR_RI_MASK;
    stm32mp1_eth_update(s);
}

/* Bytes that a descriptor has room for */
static size_t stm32mp1_eth_room(STM32MP1EthState *s, const uint32_t *words)
{
    return FIELD_EX32(s->regs[R_DMACRXCR], DMACRXCR, RBSZ) *
           (FIELD_EX32(words[3], RDES3, BUF1V) +
            FIELD_EX32(words[3], RDES3, BUF2V));
}

/* Whether the ring has room for a packet. The next @count descriptors do. */
static bool stm32mp1_eth_has_room(STM32MP1EthState *s, size_t size,
                                  uint32_t *count)
{
    uint32_t length = s->regs[R_DMACRXRLR] + 1;
    size_t room = 0;

    for (*count = 0; *count < length && room < size; (*count)++) {
        uint32_t n = (s->rx_next + *count) % length;
        uint32_t words[4];

        if (!stm32mp1_eth_load(s, stm32mp1_eth_descriptor(
                                   s, s->regs[R_DMACRXDLAR], n), words)) {
            stm32mp1_eth_bus_error(s);
            return false;
        }
        if (!(words[3] & R_DES3_OWN_MASK)) {
            return false;
        }
        room += stm32mp1_eth_room(s, words);
    }
    return room >= size;
}

/* Fill a descriptor's buffers from the packet; return how much they took. */
static size_t stm32mp1_eth_fill(STM32MP1EthState *s, const uint32_t *words,
                                const uint8_t *data, size_t size)
{
    size_t buffer = FIELD_EX32(s->regs[R_DMACRXCR], DMACRXCR, RBSZ);
    const bool valid[] = {
        FIELD_EX32(words[3], RDES3, BUF1V), FIELD_EX32(words[3], RDES3, BUF2V),
    };
    size_t done = 0;
    int i;

    for (i = 0; i < ARRAY_SIZE(valid); i++) {
        size_t part = valid[i] ? MIN(buffer, size - done) : 0;

        if (part && dma_memory_write(&s->as, words[2 * i],
                                     data + done, part,
                                     eth_attrs) != MEMTX_OK) {
            stm32mp1_eth_bus_error(s);
        }
        done += part;
    }
    return done;
}

/* Put a packet into the ring. */
static void stm32mp1_eth_deliver(STM32MP1EthState *s, const uint8_t *data,
                                 size_t size, uint32_t status, uint32_t count)
{
    uint32_t length = s->regs[R_DMACRXRLR] + 1;
    bool told = false;
    size_t done = 0;
    uint32_t i;

    for (i = 0; i < count; i++) {
        uint32_t addr = stm32mp1_eth_descriptor(s, s->regs[R_DMACRXDLAR],
                                                s->rx_next);
        uint32_t words[4];

        if (!stm32mp1_eth_load(s, addr, words)) {
            stm32mp1_eth_bus_error(s);
            return;
        }
        told |= words[3] & R_RDES3_IOC_MASK;
        done += stm32mp1_eth_fill(s, words, data + done, size - done);
        words[3] = size;
        words[3] = FIELD_DP32(words[3], RDES3, FD, i == 0);
        words[3] = FIELD_DP32(words[3], RDES3, LD, i == count - 1);
        if (i == count - 1) {
            words[0] = 0;
            words[1] = status;
            words[2] = 0;
            words[3] |= R_RDES3_RS1V_MASK | R_RDES3_RS2V_MASK;
        }
        s->rx_next = (s->rx_next + 1) % length;
        s->regs[R_DMACCARXDR] = addr;
        if (!stm32mp1_eth_store(s, "RX", addr, words)) {
            stm32mp1_eth_bus_error(s);
            return;
        }
    }
    if (told) {
        timer_del(s->watchdog);
        s->regs[R_DMACSR] |= R_DMACSR_RI_MASK;
    } else {
        stm32mp1_eth_arm_watchdog(s);
    }
}

static ssize_t stm32mp1_eth_receive(NetClientState *nc, const uint8_t *buf,
                                    size_t size)
{
    STM32MP1EthState *s = qemu_get_nic_opaque(nc);
    g_autofree uint8_t *data = NULL;
    uint32_t status = 0;
    uint32_t count;
    size_t total = size;
    bool stripped;

    if (!stm32mp1_eth_can_receive(nc)) {
        return -1;
    }
    if (s->receiving) {
        trace_stm32mp1_eth_receive(size, "busy");
        return size;
    }
    if (size < ETH_HLEN || size > STM32MP1_ETH_MAX_PACKET - FCS_LEN) {
        trace_stm32mp1_eth_receive(size, "bad size");
        return size;
    }
    if (!stm32mp1_eth_wanted(s, buf)) {
        trace_stm32mp1_eth_receive(size, "not wanted");
        return size;
    }

    data = g_malloc(size + FCS_LEN);
    memcpy(data, buf, size);
    if (s->regs[R_MACCR] & R_MACCR_IPC_MASK) {
        status = stm32mp1_eth_check_checksums(data, size);
        if ((status & (R_RDES1_IPHE_MASK | R_RDES1_IPCE_MASK)) &&
            !(s->regs[R_MTLRXQ0OMR] & R_MTLRXQ0OMR_DIS_TCP_EF_MASK)) {
            trace_stm32mp1_eth_receive(size, "wrong checksum");
            return size;
        }
    }
    /* Packets with a type keep the FCS by one bit, those with a length ... */
    stripped = s->regs[R_MACCR] & (lduw_be_p(buf + 12) >= 0x600 ?
                                   R_MACCR_CST_MASK : R_MACCR_ACS_MASK);
    if (!stripped) {
        stl_le_p(data + size, crc32(0, data, size));
        total += FCS_LEN;
    }

    s->receiving = true;
    if (stm32mp1_eth_has_room(s, total, &count)) {
        trace_stm32mp1_eth_receive(size, "delivered");
        stm32mp1_eth_deliver(s, data, total, status, count);
    } else {
        trace_stm32mp1_eth_receive(size, "no descriptor");
        s->rx_suspended = true;
        s->regs[R_DMACSR] |= R_DMACSR_RBU_MASK;
        size = 0;
    }
    s->receiving = false;
    stm32mp1_eth_update(s);
    return size;
}

/* Whoever waits may send again. */
static void stm32mp1_eth_resume(STM32MP1EthState *s)
{
    s->rx_suspended = false;
    if (stm32mp1_eth_can_receive(qemu_get_queue(s->nic))) {
        qemu_flush_queued_packets(qemu_get_queue(s->nic));
    }
}

/* Transmission */

static void stm32mp1_eth_send(STM32MP1EthState *s)
{
    NetClientState *nc = qemu_get_queue(s->nic);
    unsigned cpc = FIELD_EX32(s->tx_control, TDES3, CPC);

    if (cpc == CPC_NO_CRC) {
        s->tx_size -= MIN(s->tx_size, FCS_LEN);
    }
    stm32mp1_eth_add_checksums(s->tx_data, s->tx_size,
                               FIELD_EX32(s->tx_control, TDES3, CIC));
    if (cpc == CPC_PAD_AND_CRC && s->tx_size < MIN_PACKET) {
        memset(s->tx_data + s->tx_size, 0, MIN_PACKET - s->tx_size);
        s->tx_size = MIN_PACKET;
    }
    trace_stm32mp1_eth_send(s->tx_size);
    if (s->regs[R_MACCR] & R_MACCR_LM_MASK) {
        stm32mp1_eth_receive(nc, s->tx_data, s->tx_size);
    } else {
        qemu_send_packet(nc, s->tx_data, s->tx_size);
    }
}

static void stm32mp1_eth_gather(STM32MP1EthState *s, uint32_t addr,
                                uint32_t size)
{
    if (size > sizeof(s->tx_data) - s->tx_size) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: a packet of more than %zu bytes\n",
                      DEVICE(s)->canonical_path, sizeof(s->tx_data));
        size = sizeof(s->tx_data) - s->tx_size;
    }
    if (size && dma_memory_read(&s->as, addr,
                                s->tx_data + s->tx_size, size,
                                eth_attrs) != MEMTX_OK) {
        stm32mp1_eth_bus_error(s);
    }
    s->tx_size += size;
}

/* A descriptor of the ring of what is to be sent */
static void stm32mp1_eth_take(STM32MP1EthState *s, uint32_t *words)
{
    if (words[3] & R_TDES3_CTXT_MASK) {
        qemu_log_mask(LOG_UNIMP, "%s: context descriptors are not modelled\n",
                      DEVICE(s)->canonical_path);
        return;
    }
    if (words[3] & R_TDES3_FD_MASK) {
        s->tx_size = 0;
        s->tx_control = words[3];
        if (words[3] & R_TDES3_TSE_MASK) {
            qemu_log_mask(LOG_UNIMP, "%s: segmentation is not modelled\n",
                          DEVICE(s)->canonical_path);
        }
    }
    stm32mp1_eth_gather(s, words[0], FIELD_EX32(words[2], TDES2, B1L));
    stm32mp1_eth_gather(s, words[1], FIELD_EX32(words[2], TDES2, B2L));
    if (words[3] & R_TDES3_LD_MASK) {
        stm32mp1_eth_send(s);
    }
}

/* Send what the guest has given to the ring, once around it at most. */
static void stm32mp1_eth_transmit(STM32MP1EthState *s)
{
    uint32_t length = s->regs[R_DMACTXRLR] + 1;
    uint32_t left;

    if (s->sending) {
        return;
    }
    s->sending = true;
    for (left = length; left && (s->regs[R_MACCR] & R_MACCR_TE_MASK) &&
                        (s->regs[R_DMACTXCR] & R_DMACTXCR_ST_MASK); left--) {
        uint32_t addr = stm32mp1_eth_descriptor(s, s->regs[R_DMACTXDLAR],
                                                s->tx_next);
        uint32_t words[4];
        bool told;

        if (!stm32mp1_eth_load(s, addr, words)) {
            stm32mp1_eth_bus_error(s);
            break;
        }
        if (!(words[3] & R_DES3_OWN_MASK)) {
            s->regs[R_DMACSR] |= R_DMACSR_TBU_MASK;
            break;
        }
        told = words[2] & R_TDES2_IOC_MASK;
        stm32mp1_eth_take(s, words);
        words[0] = words[1] = words[2] = 0;
        words[3] &= R_TDES3_CTXT_MASK | R_TDES3_FD_MASK | R_TDES3_LD_MASK;
        s->tx_next = (s->tx_next + 1) % length;
        s->regs[R_DMACCATXDR] = addr;
        if (!stm32mp1_eth_store(s, "TX", addr, words)) {
            stm32mp1_eth_bus_error(s);
            break;
        }
        if (told) {
            s->regs[R_DMACSR] |= R_DMACSR_TI_MASK;
        }
    }
    s->sending = false;
    stm32mp1_eth_update(s);
}

/* Registers */

/*
 * Registers of larger instances of the core, which Linux writes or reads
 * without a look at the features: reserved here, they read as zero.
 */
static bool stm32mp1_eth_is_reserved(hwaddr addr)
{
    switch (addr) {
    case 0x050:             /* MAC_VLAN_TAG */
    case 0x0e4:             /* MAC_AN_STATUS, of the PCS */
    case 0x238:             /* MAC_EXT_CFG1 */
    case 0x320 ... 0x6fc:   /* MAC_ADDRESS4_HIGH to MAC_ADDRESS127_LOW */
    case 0x1050:            /* DMA_TBS_CTRL */
    case 0x1110:            /* DMA_CH0_TXDESC_LIST_HADDRESS */
    case 0x1118:            /* DMA_CH0_RXDESC_LIST_HADDRESS */
        return true;
    default:
        return false;
    }
}

static const EthReg *stm32mp1_eth_find(hwaddr addr)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_eth_regs); i++) {
        if (stm32mp1_eth_regs[i].addr == addr) {
            return &stm32mp1_eth_regs[i];
        }
    }
    return NULL;
}

/* What a reset by the guest does */
static void stm32mp1_eth_software_reset(STM32MP1EthState *s)
{
    int i;

    memset(s->regs, 0, sizeof(s->regs));
    for (i = 0; i < ARRAY_SIZE(stm32mp1_eth_regs); i++) {
        s->regs[stm32mp1_eth_regs[i].addr / 4] = stm32mp1_eth_regs[i].reset;
    }
    s->tx_next = 0;
    s->rx_next = 0;
    s->rx_suspended = false;
    s->tx_size = 0;
    s->tx_control = 0;
    timer_del(s->watchdog);
}

static uint64_t stm32mp1_eth_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1EthState *s = opaque;
    uint32_t value = 0;

    if (stm32mp1_eth_find(addr)) {
        value = s->regs[addr / 4];
    } else if (!stm32mp1_eth_is_reserved(addr)) {
        qemu_log_mask(LOG_UNIMP, "%s: 0x%" HWADDR_PRIx " is not modelled\n",
                      DEVICE(s)->canonical_path, addr);
    }
    trace_stm32mp1_eth_read(addr, value);
    return value;
}

static void stm32mp1_eth_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size)
{
    STM32MP1EthState *s = opaque;
    const EthReg *reg = stm32mp1_eth_find(addr);
    uint32_t old;

    trace_stm32mp1_eth_write(addr, value);
    if (!reg && stm32mp1_eth_is_reserved(addr)) {
        return;
    }
    if (!reg) {
        qemu_log_mask(LOG_UNIMP, "%s: 0x%" HWADDR_PRIx " is not modelled\n",
                      DEVICE(s)->canonical_path, addr);
        return;
    }
    old = s->regs[addr / 4];
    s->regs[addr / 4] = (old & ~reg->mask) | (value & reg->mask);

    switch (addr) {
    case A_MACMDIOAR:
        stm32mp1_eth_mdio(s);
        break;
    case A_DMAMR:
        if (value & R_DMAMR_SWR_MASK) {
            stm32mp1_eth_software_reset(s);
        }
        break;
    case A_DMACTXDLAR:
        s->tx_next = 0;
        break;
    case A_DMACRXDLAR:
        s->rx_next = 0;
        break;
    case A_DMACTXRLR:
        s->tx_next %= s->regs[R_DMACTXRLR] + 1;
        break;
    case A_DMACRXRLR:
        s->rx_next %= s->regs[R_DMACRXRLR] + 1;
        break;
    case A_DMACTXCR:
        if (old & ~value & R_DMACTXCR_ST_MASK) {
            s->regs[R_DMACSR] |= R_DMACSR_TPS_MASK;
        }
        break;
    case A_DMACRXCR:
        if (old & ~value & R_DMACRXCR_SR_MASK) {
            s->regs[R_DMACSR] |= R_DMACSR_RPS_MASK;
        }
        break;
    case A_DMACSR:
        s->regs[R_DMACSR] = old & ~(value & CSR_FLAGS);
        break;
    }
    switch (addr) {
    case A_MACCR:
    case A_DMACTXCR:
    case A_DMACTXDTPR:
        stm32mp1_eth_transmit(s);
        break;
    }
    switch (addr) {
    case A_MACCR:
    case A_DMACRXCR:
    case A_DMACRXDTPR:
        stm32mp1_eth_resume(s);
        break;
    }
    stm32mp1_eth_update(s);
}

static const MemoryRegionOps stm32mp1_eth_ops = {
    .read = stm32mp1_eth_read,
    .write = stm32mp1_eth_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void stm32mp1_eth_reset_hold(Object *obj, ResetType type)
{
    STM32MP1EthState *s = STM32MP1_ETH(obj);
    const uint8_t *mac = s->conf.macaddr.a;

    stm32mp1_eth_software_reset(s);
    stm32mp1_eth_reset_phy(s);
    s->regs[R_MACA0HR] = R_MACAHR_AE_MASK | lduw_le_p(mac + 4);
    s->regs[R_MACA0LR] = ldl_le_p(mac);
    stm32mp1_eth_update(s);
}

static NetClientInfo stm32mp1_eth_net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = stm32mp1_eth_can_receive,
    .receive = stm32mp1_eth_receive,
};

static void stm32mp1_eth_init(Object *obj)
{
    STM32MP1EthState *s = STM32MP1_ETH(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->iomem, obj, &stm32mp1_eth_ops, s,
                          TYPE_STM32MP1_ETH, STM32MP1_ETH_SIZE);
    sysbus_init_mmio(sbd, &s->iomem);
    sysbus_init_irq(sbd, &s->irq);
    s->clk = qdev_init_clock_in(DEVICE(obj), "clk", NULL, NULL, 0);
    s->watchdog = timer_new_ns(QEMU_CLOCK_VIRTUAL, stm32mp1_eth_watchdog, s);
}

static void stm32mp1_eth_finalize(Object *obj)
{
    timer_free(STM32MP1_ETH(obj)->watchdog);
}

static void stm32mp1_eth_realize(DeviceState *dev, Error **errp)
{
    STM32MP1EthState *s = STM32MP1_ETH(dev);

    if (!s->memory) {
        error_setg(errp, "property \"memory\" is not set");
        return;
    }
    address_space_init(&s->as, s->memory, TYPE_STM32MP1_ETH);
    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    s->nic = qemu_new_nic(&stm32mp1_eth_net_info, &s->conf, TYPE_STM32MP1_ETH,
                          dev->id, &dev->mem_reentrancy_guard, s);
    qemu_format_nic_info_str(qemu_get_queue(s->nic), s->conf.macaddr.a);
}

static void stm32mp1_eth_unrealize(DeviceState *dev)
{
    qemu_del_nic(STM32MP1_ETH(dev)->nic);
    address_space_destroy(&STM32MP1_ETH(dev)->as);
}

static int stm32mp1_eth_post_load(void *opaque, int version_id)
{
    STM32MP1EthState *s = opaque;

    if (s->tx_size > sizeof(s->tx_data) ||
        s->regs[R_DMACTXRLR] > 0x3ff || s->regs[R_DMACRXRLR] > 0x3ff) {
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_eth = {
    .name = TYPE_STM32MP1_ETH,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = stm32mp1_eth_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_CLOCK(clk, STM32MP1EthState),
        VMSTATE_TIMER_PTR(watchdog, STM32MP1EthState),
        VMSTATE_UINT32_ARRAY(regs, STM32MP1EthState, STM32MP1_ETH_NUM_REGS),
        VMSTATE_UINT16_ARRAY(phy, STM32MP1EthState, STM32MP1_ETH_NUM_PHY_REGS),
        VMSTATE_UINT16(phy_page, STM32MP1EthState),
        VMSTATE_UINT16_ARRAY(phy_paged, STM32MP1EthState,
                             STM32MP1_ETH_NUM_PHY_PAGED),
        VMSTATE_UINT32(tx_next, STM32MP1EthState),
        VMSTATE_UINT32(rx_next, STM32MP1EthState),
        VMSTATE_BOOL(rx_suspended, STM32MP1EthState),
        VMSTATE_UINT32(tx_size, STM32MP1EthState),
        VMSTATE_UINT32(tx_control, STM32MP1EthState),
        VMSTATE_BUFFER(tx_data, STM32MP1EthState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_eth_properties[] = {
    DEFINE_NIC_PROPERTIES(STM32MP1EthState, conf),
    DEFINE_PROP_LINK("memory", STM32MP1EthState, memory, TYPE_MEMORY_REGION,
                     MemoryRegion *),
};

static void stm32mp1_eth_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    dc->desc = "STM32MP1 Ethernet";
    dc->realize = stm32mp1_eth_realize;
    dc->unrealize = stm32mp1_eth_unrealize;
    dc->vmsd = &vmstate_stm32mp1_eth;
    device_class_set_props(dc, stm32mp1_eth_properties);
    rc->phases.hold = stm32mp1_eth_reset_hold;
}

static const TypeInfo stm32mp1_eth_types[] = {
    {
        .name = TYPE_STM32MP1_ETH,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1EthState),
        .instance_init = stm32mp1_eth_init,
        .instance_finalize = stm32mp1_eth_finalize,
        .class_init = stm32mp1_eth_class_init,
    },
};

DEFINE_TYPES(stm32mp1_eth_types)
