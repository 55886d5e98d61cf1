/*
 * QTest for the STM32MP1 Ethernet, with a socket for a cable
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <arpa/inet.h>
#include <sys/socket.h>
#include "qemu/bswap.h"
#include "stm32mp1-util.h"

#define ETH             0x5800a000
#define MACCR           0x000
#define MACPFR          0x008
#define MACHT0R         0x010
#define MACVR           0x110
#define MACHWF0R        0x11c
#define MACMDIOAR       0x200
#define MACMDIODR       0x204
#define MACA0HR         0x300
#define MACA0LR         0x304
#define MACA1HR         0x308
#define MACA1LR         0x30c
#define DMAMR           0x1000
#define DMAISR          0x1008
#define DMACCR          0x1100
#define DMACTXCR        0x1104
#define DMACRXCR        0x1108
#define DMACTXDLAR      0x1114
#define DMACRXDLAR      0x111c
#define DMACTXDTPR      0x1120
#define DMACRXDTPR      0x1128
#define DMACTXRLR       0x112c
#define DMACRXRLR       0x1130
#define DMACIER         0x1134
#define DMACRXIWTR      0x1138
#define DMACSR          0x1160

#define RE              (1u << 0)
#define TE              (1u << 1)
#define LM              (1u << 12)
#define CST             (1u << 21)
#define IPC             (1u << 27)
#define PR              (1u << 0)
#define HMC             (1u << 2)
#define DAIF            (1u << 3)
#define PM              (1u << 4)
#define DBF             (1u << 5)
#define HPF             (1u << 10)
#define AE              (1u << 31)
#define START           (1u << 0)
#define RBSZ(n)         ((n) << 1)
#define TI              (1u << 0)
#define TPS             (1u << 1)
#define TBU             (1u << 2)
#define RI              (1u << 6)
#define RBU             (1u << 7)
#define RPS             (1u << 8)
#define FBE             (1u << 12)
#define AIS             (1u << 14)
#define NIS             (1u << 15)

#define OWN             (1u << 31)
#define IOC_TX          (1u << 31)
#define IOC_RX          (1u << 30)
#define FD              (1u << 29)
#define LD              (1u << 28)
#define CIC_FULL        (3u << 16)
#define CPC_NO_PAD      (1u << 26)
#define BUF1V           (1u << 24)
#define STATUS_VALID    ((1u << 26) | (1u << 27))
#define IPV4            (1u << 4)
#define IPV6            (1u << 5)
#define BYPASSED        (1u << 6)
#define PT_UDP          1

#define DDR             0xc0000000
#define TX_RING         DDR
#define RX_RING         (DDR + 0x1000)
#define TX_BUFFER       (DDR + 0x2000)
#define RX_BUFFER       (DDR + 0x10000)
#define BUFFER_SIZE     2048
#define RING            4

#define RCC_AHB6RSTSETR 0x50000198
#define RCC_AHB6RSTCLRR 0x5000019c

/* What -netdev socket wants: the size before each packet */
#define SIZE_LEN        4
#define FCS_LEN         4

static const uint8_t mac[] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

typedef struct Board {
    QTestState *qts;
    int cable;
} Board;

static uint32_t get(QTestState *qts, unsigned reg)
{
    return qtest_readl(qts, ETH + reg);
}

static void set(QTestState *qts, unsigned reg, uint32_t value)
{
    qtest_writel(qts, ETH + reg, value);
}

static Board start(void)
{
    int pair[2];
    Board b;

    /* QEMU inherits its end. */
    g_assert_cmpint(socketpair(PF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    b.qts = qtest_initf(STM32MP1_MACHINE "-nic socket,fd=%d,"
                        "mac=52:54:00:12:34:56", pair[1]);
    stm32mp1_enable_clocks(b.qts);
    close(pair[1]);
    b.cable = pair[0];
    return b;
}

static void end(Board b)
{
    qtest_quit(b.qts);
    close(b.cable);
}

static void write_descriptor(QTestState *qts, uint32_t addr, uint32_t word0,
                             uint32_t word2, uint32_t word3)
{
    qtest_writel(qts, addr, word0);
    qtest_writel(qts, addr + 4, 0);
    qtest_writel(qts, addr + 8, word2);
    qtest_writel(qts, addr + 12, word3);
}

static void give(QTestState *qts, unsigned n, uint32_t flags)
{
    write_descriptor(qts, RX_RING + 16 * n, RX_BUFFER + n * BUFFER_SIZE, 0,
                     OWN | BUF1V | flags);
}

/* Both rings as a driver sets them up, all descriptors of reception given */
static void bring_up(QTestState *qts, uint32_t maccr)
{
    set(qts, DMACTXDLAR, TX_RING);
    set(qts, DMACTXRLR, RING - 1);
    set(qts, DMACRXDLAR, RX_RING);
    set(qts, DMACRXRLR, RING - 1);
    for (unsigned i = 0; i < RING; i++) {
        give(qts, i, IOC_RX);
        write_descriptor(qts, TX_RING + 16 * i, 0, 0, 0);
    }
    set(qts, DMACRXCR, RBSZ(BUFFER_SIZE) | START);
    set(qts, DMACTXCR, START);
    set(qts, MACCR, maccr | RE | TE);
    set(qts, DMACSR, 0xffffffff);
}

static void wire_send(Board b, const uint8_t *data, uint32_t size)
{
    uint32_t length = htonl(size);

    g_assert_cmpint(send(b.cable, &length, SIZE_LEN, 0), ==, SIZE_LEN);
    g_assert_cmpint(send(b.cable, data, size, 0), ==, size);
}

static uint32_t wire_receive(Board b, uint8_t *data, uint32_t max)
{
    uint32_t length;

    g_assert_cmpint(recv(b.cable, &length, SIZE_LEN, MSG_WAITALL), ==,
                    SIZE_LEN);
    length = ntohl(length);
    g_assert_cmpint(length, <=, max);
    g_assert_cmpint(recv(b.cable, data, length, MSG_WAITALL), ==, length);
    return length;
}

/* A packet comes by the main loop of QEMU: look until it is there. */
static void await(QTestState *qts, uint32_t flags)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while ((get(qts, DMACSR) & flags) != flags) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

static void fill(uint8_t *data, const uint8_t *dest, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        data[i] = i * 5;
    }
    memcpy(data, dest, 6);
    data[12] = 0x88;
    data[13] = 0xb5; /* a type for experiments */
}

/* IEEE 802.3, 3.2.9: the frame check sequence */
static uint32_t fcs(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < 8 * size; i++) {
        bool bit = (crc ^ data[i / 8] >> i % 8) & 1;

        crc = crc >> 1 ^ (bit ? 0xedb88320 : 0);
    }
    return ~crc;
}

static uint16_t ip_sum(const uint8_t *data, size_t size, uint32_t sum)
{
    for (size_t i = 0; i < size; i++) {
        sum += i % 2 ? data[i] : data[i] << 8;
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* A UDP packet of IPv4 or IPv6, without a checksum of the header; its size */
static size_t make_udp(uint8_t *data, bool v6, size_t payload,
                       uint16_t udp_checksum)
{
    size_t header = v6 ? 40 : 20;
    uint8_t *ip = data + 14;
    uint8_t *udp = ip + header;

    fill(data, mac, 14 + header + 8 + payload);
    data[12] = v6 ? 0x86 : 0x08;
    data[13] = v6 ? 0xdd : 0x00;
    if (v6) {
        ip[0] = 0x60;
        stw_be_p(ip + 4, 8 + payload);
        ip[6] = 17;
    } else {
        ip[0] = 0x45;
        stw_be_p(ip + 2, header + 8 + payload);
        stw_be_p(ip + 6, 0);
        ip[9] = 17;
        stw_be_p(ip + 10, 0);
    }
    stw_be_p(udp + 4, 8 + payload);
    stw_be_p(udp + 6, udp_checksum);
    return 14 + header + 8 + payload;
}

/* Sum over pseudo header and UDP: 0xffff if the checksum is right */
static uint16_t udp_sum(const uint8_t *data, bool v6, size_t size)
{
    const uint8_t *ip = data + 14;
    size_t header = v6 ? 40 : 20;
    size_t length = size - 14 - header;
    uint32_t sum = ip_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, length + 17);

    return ip_sum(ip + header, length, sum);
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE
                                 "-nic none -global stm32mp1-eth.mac="
                                 "52:54:00:12:34:56");
    stm32mp1_enable_clocks(qts);

    stm32mp1_check_readonly(qts, ETH + MACVR, 0x4042);
    stm32mp1_check_readonly(qts, ETH + MACHWF0R, 0x000d4027);
    stm32mp1_check_readonly(qts, ETH + 0x120, 0x01000145);
    stm32mp1_check_readonly(qts, ETH + 0x124, 0);
    stm32mp1_check_readonly(qts, ETH + 0x128, 0);
    g_assert_cmphex(get(qts, MACA0HR), ==, 0x80005634);
    g_assert_cmphex(get(qts, MACA0LR), ==, 0x12005452);
    stm32mp1_check_mask(qts, ETH + MACHT0R, 0xffffffff);
    stm32mp1_check_mask(qts, ETH + DMACIER, 0xffc7);
    stm32mp1_check_mask(qts, ETH + DMACTXRLR, 0x3ff);
    stm32mp1_check_mask(qts, ETH + DMACTXDLAR, 0xfffffff8);
    /* A reset by the guest takes the address, one by the RCC brings it back. */
    set(qts, MACPFR, PR);
    set(qts, DMAMR, 1);
    g_assert_cmphex(get(qts, DMAMR), ==, 0);
    g_assert_cmphex(get(qts, MACPFR), ==, 0);
    g_assert_cmphex(get(qts, MACA0HR), ==, 0x8000ffff);
    g_assert_cmphex(get(qts, MACA0LR), ==, 0xffffffff);
    qtest_writel(qts, RCC_AHB6RSTSETR, 1u << 10);
    qtest_writel(qts, RCC_AHB6RSTCLRR, 1u << 10);
    g_assert_cmphex(get(qts, MACA0LR), ==, 0x12005452);
    stm32mp1_check_any_access(qts, ETH);
    stm32mp1_check_any_access(qts, ETH + 0x1000);
    qtest_quit(qts);
}

static uint16_t mdio_read(QTestState *qts, unsigned phy, unsigned reg)
{
    set(qts, MACMDIOAR, phy << 21 | reg << 16 | 3 << 2 | 1);
    g_assert_cmphex(get(qts, MACMDIOAR) & 1, ==, 0);
    return get(qts, MACMDIODR);
}

static void mdio_write(QTestState *qts, unsigned reg, uint16_t value)
{
    set(qts, MACMDIODR, value);
    set(qts, MACMDIOAR, reg << 16 | 1 << 2 | 1);
}

static void test_phy(void)
{
    Board b = start();

    g_assert_cmphex(mdio_read(b.qts, 0, 2), ==, 0x001c);
    g_assert_cmphex(mdio_read(b.qts, 0, 3), ==, 0xc916);
    g_assert_cmphex(mdio_read(b.qts, 1, 2), ==, 0xffff);
    /* The link is up, at 1000 Mbit/s. */
    g_assert_cmphex(mdio_read(b.qts, 0, 1) & 0x24, ==, 0x24);
    g_assert_cmphex(mdio_read(b.qts, 0, 10) & 0x0800, ==, 0x0800);
    /* Pages of its own */
    mdio_write(b.qts, 31, 0xd08);
    g_assert_cmphex(mdio_read(b.qts, 0, 31), ==, 0xd08);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x11), ==, 0x0109);
    mdio_write(b.qts, 0x11, 0x0009);
    mdio_write(b.qts, 31, 0xa43);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x1a), ==, 0x002c);
    mdio_write(b.qts, 31, 0xd08);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x11), ==, 0x0009);
    /* From 24 on the registers are those of all pages. */
    g_assert_cmphex(mdio_read(b.qts, 0, 0x1a), ==, 0x002c);
    mdio_write(b.qts, 0x19, 0x0862);
    mdio_write(b.qts, 31, 0xd8a);
    mdio_write(b.qts, 0x10, 0);
    mdio_write(b.qts, 31, 0);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x18), ==, 0x2118);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x19), ==, 0x0862);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x1a), ==, 0x002c);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x1d), ==, 0);
    g_assert_cmphex(mdio_read(b.qts, 0, 0x11), ==, 0);
    /* Powered down there is no link; a reset powers up. */
    mdio_write(b.qts, 0, 1u << 11);
    g_assert_cmphex(mdio_read(b.qts, 0, 1) & 0x24, ==, 0);
    mdio_write(b.qts, 0, 1u << 15);
    g_assert_cmphex(mdio_read(b.qts, 0, 0), ==, 0x1140);
    g_assert_cmphex(mdio_read(b.qts, 0, 1) & 0x24, ==, 0x24);
    /* The cable is unplugged. */
    qtest_qmp_assert_success(b.qts, "{ 'execute': 'set_link', 'arguments': {"
                             " 'name': 'stm32mp1-eth.0', 'up': false } }");
    g_assert_cmphex(mdio_read(b.qts, 0, 1) & 0x24, ==, 0);
    end(b);
}

/* Without a backend there is no link. */
static void test_no_cable(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE "-nic none");
    stm32mp1_enable_clocks(qts);

    g_assert_cmphex(mdio_read(qts, 0, 2), ==, 0x001c);
    g_assert_cmphex(mdio_read(qts, 0, 1) & 0x24, ==, 0);
    qtest_quit(qts);
}

static void test_transmit(void)
{
    Board b = start();
    uint8_t sent[200];
    uint8_t got[2048];

    qtest_irq_intercept_out_named(b.qts, STM32MP1_SOC "eth", "sysbus-irq");
    bring_up(b.qts, 0);
    fill(sent, mac, sizeof(sent));
    qtest_memwrite(b.qts, TX_BUFFER, sent, sizeof(sent));
    /* Of two descriptors, the last of which tells of it */
    write_descriptor(b.qts, TX_RING, TX_BUFFER, 150, OWN | FD);
    write_descriptor(b.qts, TX_RING + 16, TX_BUFFER + 150, 50 | IOC_TX,
                     OWN | LD);
    set(b.qts, DMACIER, NIS | TI);
    g_assert_false(qtest_get_irq(b.qts, 0));
    set(b.qts, DMACTXDTPR, TX_RING + 32);
    g_assert_cmphex(get(b.qts, DMACSR), ==, TI | TBU | NIS);
    g_assert_cmphex(get(b.qts, DMAISR), ==, 1);
    g_assert_true(qtest_get_irq(b.qts, 0));
    g_assert_cmphex(qtest_readl(b.qts, TX_RING + 12), ==, FD);
    g_assert_cmphex(qtest_readl(b.qts, TX_RING + 28), ==, LD);
    g_assert_cmpint(wire_receive(b, got, sizeof(got)), ==, sizeof(sent));
    g_assert_cmpmem(got, sizeof(sent), sent, sizeof(sent));
    set(b.qts, DMACSR, TI | TBU);
    g_assert_cmphex(get(b.qts, DMACSR), ==, 0);
    g_assert_false(qtest_get_irq(b.qts, 0));

    /* A short one is padded, unless that is not wanted. */
    write_descriptor(b.qts, TX_RING + 32, TX_BUFFER, 30, OWN | FD | LD);
    set(b.qts, DMACTXDTPR, TX_RING + 48);
    g_assert_cmphex(get(b.qts, DMACSR), ==, TBU);
    g_assert_cmpint(wire_receive(b, got, sizeof(got)), ==, 60);
    g_assert_cmpmem(got, 30, sent, 30);
    g_assert_cmphex(got[30], ==, 0);
    write_descriptor(b.qts, TX_RING + 48, TX_BUFFER, 30,
                     OWN | FD | LD | CPC_NO_PAD);
    set(b.qts, DMACTXDTPR, TX_RING);
    g_assert_cmpint(wire_receive(b, got, sizeof(got)), ==, 30);
    /* The ring goes on at its start. */
    write_descriptor(b.qts, TX_RING, TX_BUFFER, 100, OWN | FD | LD);
    set(b.qts, DMACTXDTPR, TX_RING + 16);
    g_assert_cmpint(wire_receive(b, got, sizeof(got)), ==, 100);
    set(b.qts, DMACTXCR, 0);
    g_assert_cmphex(get(b.qts, DMACSR) & TPS, ==, TPS);
    end(b);
}

static void test_transmit_checksum(void)
{
    Board b = start();
    uint8_t sent[200];
    uint8_t got[2048];
    unsigned i;

    bring_up(b.qts, 0);
    for (i = 0; i < 2; i++) {
        bool v6 = i == 1;
        size_t size = make_udp(sent, v6, 51, 0xbeef);

        qtest_memwrite(b.qts, TX_BUFFER, sent, size);
        write_descriptor(b.qts, TX_RING + 16 * i, TX_BUFFER, size,
                         OWN | FD | LD | CIC_FULL);
        set(b.qts, DMACTXDTPR, TX_RING + 16 * (i + 1));
        g_assert_cmpint(wire_receive(b, got, sizeof(got)), ==, size);
        g_assert_cmphex(udp_sum(got, v6, size), ==, 0xffff);
        if (!v6) {
            g_assert_cmphex(ip_sum(got + 14, 20, 0), ==, 0xffff);
        }
        /* and nothing else is changed */
        memcpy(got + 14 + (v6 ? 40 : 20) + 6, "\xbe\xef", 2);
        if (!v6) {
            memcpy(got + 24, "\0\0", 2);
        }
        g_assert_cmpmem(got, size, sent, size);
    }
    end(b);
}

static void test_receive(void)
{
    Board b = start();
    uint8_t sent[100];
    uint8_t got[104];

    qtest_irq_intercept_out_named(b.qts, STM32MP1_SOC "eth", "sysbus-irq");
    bring_up(b.qts, 0);
    set(b.qts, DMACIER, NIS | RI);
    fill(sent, mac, sizeof(sent));
    wire_send(b, sent, sizeof(sent));
    await(b.qts, RI);
    g_assert_cmphex(get(b.qts, DMACSR), ==, RI | NIS);
    g_assert_true(qtest_get_irq(b.qts, 0));
    g_assert_cmphex(qtest_readl(b.qts, RX_RING + 12), ==,
                    FD | LD | STATUS_VALID | (sizeof(sent) + FCS_LEN));
    qtest_memread(b.qts, RX_BUFFER, got, sizeof(got));
    g_assert_cmpmem(got, sizeof(sent), sent, sizeof(sent));
    g_assert_cmphex((uint32_t)ldl_le_p(got + sizeof(sent)), ==,
                    fcs(sent, sizeof(sent)));

    /* Without the FCS */
    set(b.qts, MACCR, RE | TE | CST);
    set(b.qts, DMACSR, RI);
    g_assert_false(qtest_get_irq(b.qts, 0));
    wire_send(b, sent, sizeof(sent));
    await(b.qts, RI);
    g_assert_cmphex(qtest_readl(b.qts, RX_RING + 28), ==,
                    FD | LD | STATUS_VALID | sizeof(sent));
    end(b);
}

/* A packet that needs three descriptors, round the end of the ring */
static void test_receive_parts(void)
{
    Board b = start();
    uint8_t sent[150];
    uint8_t got[64];

    bring_up(b.qts, CST);
    set(b.qts, DMACRXCR, 0);
    g_assert_cmphex(get(b.qts, DMACSR) & RPS, ==, RPS);
    set(b.qts, DMACRXRLR, 2);
    set(b.qts, DMACRXCR, RBSZ(64) | START);
    fill(sent, mac, sizeof(sent));
    wire_send(b, sent, 60);
    await(b.qts, RI);
    set(b.qts, DMACSR, RI);
    give(b.qts, 0, IOC_RX);
    wire_send(b, sent, sizeof(sent));
    await(b.qts, RI);
    g_assert_cmphex(qtest_readl(b.qts, RX_RING + 16 + 12) & (OWN | FD | LD),
                    ==, FD);
    g_assert_cmphex(qtest_readl(b.qts, RX_RING + 32 + 12) & (OWN | FD | LD),
                    ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, RX_RING + 12), ==,
                    LD | STATUS_VALID | sizeof(sent));
    qtest_memread(b.qts, RX_BUFFER, got, 22);
    g_assert_cmpmem(got, 22, sent + 128, 22);
    end(b);
}

/* No descriptor: the guest is told, and gets the packet later. */
static void test_receive_suspended(void)
{
    Board b = start();
    uint8_t sent[60];

    bring_up(b.qts, 0);
    write_descriptor(b.qts, RX_RING, 0, 0, 0);
    set(b.qts, DMACIER, AIS | RBU);
    fill(sent, mac, sizeof(sent));
    wire_send(b, sent, sizeof(sent));
    await(b.qts, RBU);
    g_assert_cmphex(get(b.qts, DMACSR), ==, RBU | AIS);
    set(b.qts, DMACSR, RBU);
    /* It is told once, whatever else comes. */
    wire_send(b, sent, sizeof(sent));
    qtest_clock_step(b.qts, 1000);
    g_assert_cmphex(get(b.qts, DMACSR), ==, 0);
    give(b.qts, 0, IOC_RX);
    set(b.qts, DMACRXDTPR, RX_RING + 16);
    g_assert_cmphex(get(b.qts, DMACSR) & RI, ==, RI);
    end(b);
}

static void test_receive_watchdog(void)
{
    Board b = start();
    uint8_t sent[60];

    bring_up(b.qts, 0);
    give(b.qts, 0, 0);
    /* 256 cycles of the bus' clock, which is 266 MHz: 963 ns */
    set(b.qts, DMACRXIWTR, 1);
    fill(sent, mac, sizeof(sent));
    wire_send(b, sent, sizeof(sent));
    while (qtest_readl(b.qts, RX_RING + 12) & OWN) {
        g_assert_cmphex(get(b.qts, DMACSR), ==, 0);
    }
    qtest_clock_step(b.qts, 900);
    g_assert_cmphex(get(b.qts, DMACSR), ==, 0);
    qtest_clock_step(b.qts, 100);
    g_assert_cmphex(get(b.qts, DMACSR), ==, RI);
    end(b);
}

static void test_receive_checksum(void)
{
    Board b = start();
    uint8_t sent[200];
    unsigned i;

    bring_up(b.qts, IPC | CST);
    for (i = 0; i < 2; i++) {
        bool v6 = i == 1;
        size_t size = make_udp(sent, v6, 51, 0);
        uint8_t *udp = sent + 14 + (v6 ? 40 : 20);

        if (!v6) {
            stw_be_p(sent + 24, ~ip_sum(sent + 14, 20, 0));
        }
        stw_be_p(udp + 6, ~udp_sum(sent, v6, size));
        /* First one with a wrong sum, which nobody gets */
        udp[20] ^= 1;
        wire_send(b, sent, size);
        udp[20] ^= 1;
        wire_send(b, sent, size);
        await(b.qts, RI);
        set(b.qts, DMACSR, RI);
        g_assert_cmphex(qtest_readl(b.qts, RX_RING + 16 * i + 4), ==,
                        PT_UDP | (v6 ? IPV6 : IPV4));
        g_assert_cmphex(qtest_readb(b.qts, RX_BUFFER + i * BUFFER_SIZE +
                                    (udp - sent) + 20), ==, udp[20]);
    }
    /* No IP */
    fill(sent, mac, 60);
    wire_send(b, sent, 60);
    await(b.qts, RI);
    g_assert_cmphex(qtest_readl(b.qts, RX_RING + 32 + 4), ==, BYPASSED);
    end(b);
}

static void test_filter(void)
{
    static const uint8_t other[] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x57 };
    static const uint8_t all[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    static const uint8_t group[] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };
    /* Linux: bitrev32(~crc32_le(~0, address, 6)) >> 26 */
    const uint32_t group_bit = 32;
    static const struct {
        const uint8_t *dest;
        uint32_t pfr;
        bool second, hash, wanted;
    } cases[] = {
        { mac, 0, false, false, true },
        { mac, DAIF, false, false, false },
        { other, 0, false, false, false },
        { other, PR, false, false, true },
        { other, DAIF, false, false, true },
        { other, 0, true, false, true },
        { all, 0, false, false, true },
        { all, DBF, false, false, false },
        { group, 0, false, false, false },
        { group, PM, false, false, true },
        { group, HMC, false, false, false },
        { group, HMC, false, true, true },
        { group, HMC | HPF, false, true, true },
    };
    uint8_t marker[60];
    uint8_t sent[60];
    unsigned i;

    fill(marker, mac, sizeof(marker));
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        Board b = start();

        bring_up(b.qts, CST);
        if (cases[i].second) {
            set(b.qts, MACA1LR, ldl_le_p(other));
            set(b.qts, MACA1HR, AE | lduw_le_p(other + 4));
        }
        if (cases[i].hash) {
            set(b.qts, MACHT0R + 4 * (group_bit / 32), 1u << group_bit % 32);
        }
        set(b.qts, MACPFR, cases[i].pfr);
        fill(sent, cases[i].dest, sizeof(sent));
        wire_send(b, sent, sizeof(sent));
        if (cases[i].wanted) {
            await(b.qts, RI);
            g_assert_cmphex(qtest_readb(b.qts, RX_BUFFER + 5), ==,
                            cases[i].dest[5]);
        } else {
            /* The next one that is wanted is the first that is there. */
            qtest_clock_step(b.qts, 1000);
            set(b.qts, MACPFR, cases[i].pfr);
            marker[20] = 0x77;
            wire_send(b, marker, sizeof(marker));
            if (!(cases[i].pfr & DAIF)) {
                await(b.qts, RI);
                g_assert_cmphex(qtest_readb(b.qts, RX_BUFFER + 20), ==, 0x77);
            } else {
                g_assert_cmphex(get(b.qts, DMACSR) & RI, ==, 0);
            }
        }
        end(b);
    }
}

static void test_loopback(void)
{
    Board b = start();
    uint8_t sent[100];
    uint8_t got[100];

    bring_up(b.qts, LM | CST);
    fill(sent, mac, sizeof(sent));
    qtest_memwrite(b.qts, TX_BUFFER, sent, sizeof(sent));
    write_descriptor(b.qts, TX_RING, TX_BUFFER, sizeof(sent), OWN | FD | LD);
    set(b.qts, DMACTXDTPR, TX_RING + 16);
    g_assert_cmphex(get(b.qts, DMACSR) & RI, ==, RI);
    qtest_memread(b.qts, RX_BUFFER, got, sizeof(got));
    g_assert_cmpmem(got, sizeof(got), sent, sizeof(sent));
    end(b);
}

/* Rings where no memory is, or in the registers; descriptors without an end */
static void test_bad_rings(void)
{
    static const uint32_t places[] = { 0x20000000, ETH, ETH + DMACTXDLAR,
                                       0xfffffff0 };
    Board b = start();
    uint8_t sent[60];
    unsigned i;

    fill(sent, mac, sizeof(sent));
    for (i = 0; i < ARRAY_SIZE(places); i++) {
        bring_up(b.qts, LM);
        set(b.qts, DMACTXRLR, 0x3ff);
        set(b.qts, DMACTXDLAR, places[i]);
        set(b.qts, DMACRXDLAR, places[i]);
        set(b.qts, DMACTXDTPR, 0);
        wire_send(b, sent, sizeof(sent));
        qtest_clock_step(b.qts, 1000);
        set(b.qts, DMAMR, 1);
    }
    bring_up(b.qts, 0);
    set(b.qts, DMACTXDLAR, 0x20000000);
    set(b.qts, DMACTXDTPR, 0);
    g_assert_cmphex(get(b.qts, DMACSR) & FBE, ==, FBE);
    g_assert_cmphex(get(b.qts, DMACTXCR) & START, ==, 0);

    /* A packet that is longer than any: what fits is sent. */
    set(b.qts, DMAMR, 1);
    bring_up(b.qts, 0);
    for (i = 0; i < RING; i++) {
        write_descriptor(b.qts, TX_RING + 16 * i, TX_BUFFER, 0x3fff,
                         OWN | (i ? 0 : FD));
    }
    set(b.qts, DMACTXDTPR, TX_RING);
    g_assert_cmphex(get(b.qts, DMACSR), ==, 0);
    g_assert_cmphex(qtest_readl(b.qts, TX_RING + 12), ==, FD);
    end(b);
}

static void test_migration(void)
{
    Board b = start();
    QTestState *qts;

    bring_up(b.qts, 0);
    mdio_write(b.qts, 31, 0xd08);
    mdio_write(b.qts, 0x15, 0x1234);
    qts = stm32mp1_migrate(b.qts);
    g_assert_cmphex(get(qts, DMACTXDLAR), ==, TX_RING);
    g_assert_cmphex(get(qts, MACCR), ==, RE | TE);
    g_assert_cmphex(mdio_read(qts, 0, 0x15), ==, 0x1234);
    qtest_quit(qts);
    close(b.cable);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/eth/registers", test_registers);
    qtest_add_func("stm32mp1/eth/phy", test_phy);
    qtest_add_func("stm32mp1/eth/no-cable", test_no_cable);
    qtest_add_func("stm32mp1/eth/transmit", test_transmit);
    qtest_add_func("stm32mp1/eth/transmit-checksum", test_transmit_checksum);
    qtest_add_func("stm32mp1/eth/receive", test_receive);
    qtest_add_func("stm32mp1/eth/receive-parts", test_receive_parts);
    qtest_add_func("stm32mp1/eth/receive-suspended", test_receive_suspended);
    qtest_add_func("stm32mp1/eth/receive-watchdog", test_receive_watchdog);
    qtest_add_func("stm32mp1/eth/receive-checksum", test_receive_checksum);
    qtest_add_func("stm32mp1/eth/filter", test_filter);
    qtest_add_func("stm32mp1/eth/loopback", test_loopback);
    qtest_add_func("stm32mp1/eth/bad-rings", test_bad_rings);
    qtest_add_func("stm32mp1/eth/migration", test_migration);
    return g_test_run();
}
