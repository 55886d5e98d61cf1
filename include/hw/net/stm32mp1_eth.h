/*
 * STM32MP1 Ethernet (ETH): a DWMAC 4.20a with one channel, and its PHY
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * RM0436, chapter ETH: the DMA's rings of descriptors, the address filter with
 * its hash table, checksums in both directions, MDIO. The feature registers
 * declare what is modelled, which is less than the chip has: no segmentation,
 * time stamps, counters, low power, VLAN, and one queue each way. The PHY at
 * address 0 is the RTL8211F of ST's discovery kits: its link is that of the
 * network backend, always at 1000 Mbit/s, full duplex. The facts are those of
 * Linux' drivers/net/ethernet/stmicro/stmmac and drivers/net/phy/realtek.c.
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the registers
 *  + sysbus IRQ 0: the interrupt (level)
 *  + Clock input "clk": the bus clock, for the watchdog of the receiver
 *  + Property "memory": what its DMA reaches (link, must be set)
 *  + Properties of a NIC: "mac", "netdev". A reset of the device, not that of
 *    the guest's by DMAMR.SWR, leaves the address in MACA0HR and MACA0LR, as
 *    the boot firmware does.
 */

#ifndef HW_NET_STM32MP1_ETH_H
#define HW_NET_STM32MP1_ETH_H

#include "hw/clock.h"
#include "hw/sysbus.h"
#include "net/net.h"
#include "qom/object.h"

#define TYPE_STM32MP1_ETH "stm32mp1-eth"
OBJECT_DECLARE_SIMPLE_TYPE(STM32MP1EthState, STM32MP1_ETH)

#define STM32MP1_ETH_SIZE 0x2000
/* The registers end with those of the DMA's channel 0. */
#define STM32MP1_ETH_NUM_REGS (0x1180 / 4)
#define STM32MP1_ETH_NUM_PHY_REGS 32
#define STM32MP1_ETH_NUM_PHY_PAGED 9
/* Longest packet, in bytes: what a buffer of the ring takes */
#define STM32MP1_ETH_MAX_PACKET (16 * 1024)

struct STM32MP1EthState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    MemoryRegion *memory;
    AddressSpace as;
    qemu_irq irq;
    Clock *clk;
    NICState *nic;
    NICConf conf;
    /* Tells of received packets whose descriptors did not ask for it */
    QEMUTimer *watchdog;

    uint32_t regs[STM32MP1_ETH_NUM_REGS];
    /* Registers of the PHY: of the standard, and those of its own pages */
    uint16_t phy[STM32MP1_ETH_NUM_PHY_REGS];
    uint16_t phy_page;
    uint16_t phy_paged[STM32MP1_ETH_NUM_PHY_PAGED];
    /* Number of the descriptors that are next */
    uint32_t tx_next;
    uint32_t rx_next;
    /* The ring had no descriptor for a packet. */
    bool rx_suspended;
    /* What is sent, from its first descriptor to its last */
    uint32_t tx_size;
    uint32_t tx_control;
    uint8_t tx_data[STM32MP1_ETH_MAX_PACKET];

    /*
     * The DMA does the guest's memory, which may be these registers; a packet
     * may come while one is sent.
     */
    bool sending;
    bool receiving;
};

#endif
