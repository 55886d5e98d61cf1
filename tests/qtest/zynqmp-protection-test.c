/*
 * QTest for the protection units of the ZynqMP, as the Cortex-R5F meet them
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The cores run a program that reads and writes what the test tells it to, and
 * counts its data aborts.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "libqtest.h"
#include "migrate-machine.h"

#define MACHINE         "-M zcu102-amp"
#define RUNNING         MACHINE " -accel tcg"

#define RPU_GLBL_CNTL   0xff9a0000
#define SPLIT           0x208
#define RPU_CFG(n)      (0xff9a0100 + 0x100 * (n))
#define NCPUHALT        BIT(0)
#define RST_LPD_TOP     0xff5e023c

/* Both units have these. */
#define CTRL            0x00
#define ERR_STATUS1     0x04
#define ERR_STATUS2     0x08
#define POISON          0x0c
#define ISR             0x10
#define IMR             0x14
#define IEN             0x18
#define IDS             0x1c

#define XMPU_DDR        0xfd000000
#define XMPU_FPD        0xfd5d0000
#define XMPU_OCM        0xffa70000
#define LOCK            0x20
#define START(n)        (0x100 + 0x10 * (n))
#define END(n)          (0x104 + 0x10 * (n))
#define MASTER(n)       (0x108 + 0x10 * (n))
#define CONFIG(n)       (0x10c + 0x10 * (n))
#define ENABLE          BIT(0)
#define RD_ALLOWED      BIT(1)
#define WR_ALLOWED      BIT(2)
#define REGION_NS       BIT(3)
#define NS_CHECK_TYPE   BIT(4)
#define RD_PERM_VIO     BIT(1)
#define WR_PERM_VIO     BIT(2)
#define SECURITY_VIO    BIT(3)
#define MID(mid, mask)  ((mask) << 16 | (mid))
#define RPU0            MID(0x000, 0x3f0)
#define RPU1            MID(0x010, 0x3f0)
#define ANYBODY         MID(0, 0)

#define XPPU            0xff980000
#define MASTER_ID(n)    (0x100 + 4 * (n))
#define MIDR            BIT(30)
#define APERPERM(n)     (0x1000 + 4 * (n))
#define XPPU_ENABLE     BIT(0)
#define MID_PARITY_EN   BIT(1)
#define APER_PARITY_EN  BIT(2)
#define MID_MISS        BIT(1)
#define MID_RO          BIT(2)
#define APER_PERM       BIT(5)
#define APER_PARITY     BIT(7)

#define DDR             0x10000000
#define OCM             0xfffc8000
#define FPD             0xfd1a0000      /* CRF_APB */
#define UART1           0xff010000      /* aperture 1 */
#define MESSAGE(n)      (0xff990000 + 32 * (n))

/* Variables of the program, in the ATCM of the core that runs it */
#define GO              0x1000
#define ADDRESS         0x1004
#define VALUE           0x1008
#define WRITE           0x100c
#define ABORTS          0x1010

#define TIMEOUT_US      (30 * G_USEC_PER_SEC)

/*
 * ARM code: waits for GO, reads or writes VALUE at ADDRESS, clears GO. A data
 * abort goes on behind the access.
 */
static const uint32_t program[] = {
    0xea000006, 0xeafffffe, 0xeafffffe, 0xeafffffe, 0xea000010, 0xe320f000,
    0xeafffffe, 0xeafffffe, 0xe3a04a01, 0xe5940000, 0xe3500000, 0x0afffffc,
    0xe5941004, 0xe5942008, 0xe594300c, 0xe3530000, 0x15812000, 0x05912000,
    0xe5842008, 0xe3a00000, 0xe5840000, 0xeafffff2, 0xe5945010, 0xe2855001,
    0xe5845010, 0xe25ef004,
};

static const uint32_t atcm[] = { 0xffe00000, 0xffe90000 };

static QTestState *board_start(void)
{
    QTestState *qts = qtest_init(RUNNING);

    qtest_writel(qts, RPU_GLBL_CNTL, SPLIT);
    for (int core = 0; core < ARRAY_SIZE(atcm); core++) {
        for (int i = 0; i < ARRAY_SIZE(program); i++) {
            qtest_writel(qts, atcm[core] + 4 * i, program[i]);
        }
        qtest_writel(qts, RPU_CFG(core), NCPUHALT);
    }
    qtest_writel(qts, RST_LPD_TOP, 0);
    return qts;
}

/* Whether @core gets through with an access; *@value is written, or read. */
static bool try_access(QTestState *qts, int core, uint32_t address, bool write,
                       uint32_t *value)
{
    uint32_t tcm = atcm[core], aborts = qtest_readl(qts, tcm + ABORTS);
    int64_t end = g_get_monotonic_time() + TIMEOUT_US;

    qtest_writel(qts, tcm + ADDRESS, address);
    qtest_writel(qts, tcm + VALUE, *value);
    qtest_writel(qts, tcm + WRITE, write);
    qtest_writel(qts, tcm + GO, 1);
    while (qtest_readl(qts, tcm + GO) && g_get_monotonic_time() < end) {
        g_usleep(100);
    }
    g_assert_cmphex(qtest_readl(qts, tcm + GO), ==, 0);
    *value = qtest_readl(qts, tcm + VALUE);
    return qtest_readl(qts, tcm + ABORTS) == aborts;
}

static bool can_read(QTestState *qts, int core, uint32_t address,
                     uint32_t expected)
{
    uint32_t value = ~expected;
    bool through = try_access(qts, core, address, false, &value);

    g_assert_cmphex(value, ==, through ? expected : ~expected);
    return through;
}

static bool can_write(QTestState *qts, int core, uint32_t address,
                      uint32_t value)
{
    uint32_t before = qtest_readl(qts, address);
    bool through = try_access(qts, core, address, true, &value);

    g_assert_cmphex(qtest_readl(qts, address), ==, through ? value : before);
    return through;
}

/* What a violation has left in the registers, which are then cleared */
static void assert_violation(QTestState *qts, uint32_t unit, uint32_t flags,
                             uint32_t address, uint32_t mid)
{
    g_assert_cmphex(qtest_readl(qts, unit + ISR), ==, flags);
    g_assert_cmphex(qtest_readl(qts, unit + ERR_STATUS1), ==, address);
    g_assert_cmphex(qtest_readl(qts, unit + ERR_STATUS2), ==, mid);
    qtest_writel(qts, unit + ISR, flags);
    g_assert_cmphex(qtest_readl(qts, unit + ISR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, unit + ERR_STATUS1), ==, 0);
    g_assert_cmphex(qtest_readl(qts, unit + ERR_STATUS2), ==, 0);
}

static void region(QTestState *qts, uint32_t unit, int n, uint32_t first,
                   uint32_t last, uint32_t master, uint32_t config)
{
    qtest_writel(qts, unit + START(n), first >> 12);
    qtest_writel(qts, unit + END(n), last >> 12);
    qtest_writel(qts, unit + MASTER(n), master);
    qtest_writel(qts, unit + CONFIG(n), config);
}

static void check_mask(QTestState *qts, uint32_t address, uint32_t mask)
{
    uint32_t before = qtest_readl(qts, address);

    qtest_writel(qts, address, ~0u);
    g_assert_cmphex(qtest_readl(qts, address), ==, (before & ~mask) | mask);
    qtest_writel(qts, address, 0);
    g_assert_cmphex(qtest_readl(qts, address), ==, before & ~mask);
    qtest_writel(qts, address, before);
}

static void check_interrupt_registers(QTestState *qts, uint32_t unit,
                                      uint32_t flags)
{
    check_mask(qts, unit + ISR, 0);
    check_mask(qts, unit + IMR, 0);
    g_assert_cmphex(qtest_readl(qts, unit + IMR), ==, flags);
    qtest_writel(qts, unit + IEN, 0x6);
    g_assert_cmphex(qtest_readl(qts, unit + IMR), ==, flags & ~0x6);
    qtest_writel(qts, unit + IDS, 0x2);
    g_assert_cmphex(qtest_readl(qts, unit + IMR), ==, flags & ~0x4);
    qtest_writel(qts, unit + IDS, 0x4);
    check_mask(qts, unit + ERR_STATUS1, 0);
    check_mask(qts, unit + ERR_STATUS2, 0);
}

static void test_xmpu_registers(void)
{
    static const uint32_t units[] = {
        XMPU_DDR, 0xfd010000, 0xfd020000, 0xfd030000, 0xfd040000, 0xfd050000,
        XMPU_FPD, XMPU_OCM,
    };
    QTestState *qts = qtest_init(MACHINE);

    for (int i = 0; i < ARRAY_SIZE(units); i++) {
        uint32_t align = units[i] >> 16 < 0xfd06 ? BIT(3) : 0;

        g_assert_cmphex(qtest_readl(qts, units[i] + CTRL), ==, 0x3 | align);
        check_mask(qts, units[i] + CTRL, 0x7);
        check_mask(qts, units[i] + POISON, ~0u);
        check_interrupt_registers(qts, units[i], 0xf);
        for (int n = 0; n < 16; n++) {
            g_assert_cmphex(qtest_readl(qts, units[i] + CONFIG(n)), ==, 0x8);
            check_mask(qts, units[i] + START(n), 0x0fffffff);
            check_mask(qts, units[i] + END(n), 0x0fffffff);
            check_mask(qts, units[i] + MASTER(n), 0x03ff03ff);
            check_mask(qts, units[i] + CONFIG(n), 0x1f);
        }
        /* once locked, there is no way back but a reset */
        qtest_writel(qts, units[i] + LOCK, 1);
        qtest_writel(qts, units[i] + LOCK, 0);
        g_assert_cmphex(qtest_readl(qts, units[i] + LOCK), ==, 1);
        check_mask(qts, units[i] + CTRL, 0);
        check_mask(qts, units[i] + CONFIG(0), 0);
        check_interrupt_registers(qts, units[i], 0xf);
    }
    qtest_system_reset(qts);
    for (int i = 0; i < ARRAY_SIZE(units); i++) {
        g_assert_cmphex(qtest_readl(qts, units[i] + LOCK), ==, 0);
        check_mask(qts, units[i] + CONFIG(0), 0x1f);
    }
    qtest_quit(qts);
}

static void test_xppu_registers(void)
{
    static const uint32_t constants[] = {
        0x14, 0x80, 0x100, 0x10, 0x1, 0xff990000, 0xff000000, 0xfe000000,
        0xc0000000,
    };
    static const uint32_t masters[20] = {
        0x83ff0040, 0x03f00000, 0x83f00010, 0x83c00080, 0x83c30080,
        0x03c30081, 0x03c30082, 0x83c30083,
    };
    QTestState *qts = qtest_init(MACHINE);

    check_mask(qts, XPPU + CTRL, 0x7);
    check_mask(qts, XPPU + POISON, 0xfffff);
    check_interrupt_registers(qts, XPPU, 0xef);
    for (int i = 0; i < ARRAY_SIZE(constants); i++) {
        g_assert_cmphex(qtest_readl(qts, XPPU + 0x3c + 4 * i), ==,
                        constants[i]);
        check_mask(qts, XPPU + 0x3c + 4 * i, 0);
    }
    for (int i = 0; i < ARRAY_SIZE(masters); i++) {
        g_assert_cmphex(qtest_readl(qts, XPPU + MASTER_ID(i)), ==, masters[i]);
        check_mask(qts, XPPU + MASTER_ID(i), 0xc3ff03ff);
    }
    for (int i = 0; i < 401; i++) {
        check_mask(qts, XPPU + APERPERM(i), 0xf80fffff);
    }
    qtest_writel(qts, XPPU + MASTER_ID(19), 1);
    qtest_writel(qts, XPPU + APERPERM(400), 1);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, XPPU + MASTER_ID(19)), ==, 0);
    g_assert_cmphex(qtest_readl(qts, XPPU + APERPERM(400)), ==, 0);
    qtest_quit(qts);
}

/* What a region lets a core do, and what is left of one that it refuses */
static void test_xmpu_region(void)
{
    static const struct {
        uint32_t config;
        bool reads;
        bool writes;
        uint32_t read_flag;
        uint32_t write_flag;
    } rules[] = {
        { ENABLE | REGION_NS, false, false, RD_PERM_VIO, WR_PERM_VIO },
        { ENABLE | REGION_NS | RD_ALLOWED, true, false, 0, WR_PERM_VIO },
        { ENABLE | REGION_NS | WR_ALLOWED, false, true, RD_PERM_VIO, 0 },
        { ENABLE | REGION_NS | RD_ALLOWED | WR_ALLOWED, true, true, 0, 0 },
        { ENABLE | RD_ALLOWED | WR_ALLOWED, true, true, 0, 0 },
        { ENABLE | NS_CHECK_TYPE | RD_ALLOWED | WR_ALLOWED, true, true, 0, 0 },
        { ENABLE | REGION_NS | NS_CHECK_TYPE | RD_ALLOWED | WR_ALLOWED,
          false, false, SECURITY_VIO, SECURITY_VIO },
        { ENABLE | REGION_NS | NS_CHECK_TYPE, false, false, RD_PERM_VIO,
          WR_PERM_VIO },
        { REGION_NS, true, true, 0, 0 },
    };
    static const struct {
        uint32_t unit;
        uint32_t address;
        uint32_t size;
    } units[] = {
        { XMPU_DDR, DDR, 0x100000 },
        { XMPU_OCM, OCM, 0x1000 },
    };
    QTestState *qts = board_start();

    for (int u = 0; u < ARRAY_SIZE(units); u++) {
        uint32_t unit = units[u].unit, at = units[u].address;
        uint32_t last = at + units[u].size - 1;
        uint32_t page = at >> 12;

        /* without a region it is as CTRL says, which says all after a reset */
        g_assert_true(can_write(qts, 0, at, 1));
        qtest_writel(qts, unit + CTRL, 2);
        g_assert_false(can_read(qts, 0, at, 1));
        assert_violation(qts, unit, RD_PERM_VIO, page, 0);
        qtest_writel(qts, unit + CTRL, 3);
        g_assert_true(can_read(qts, 0, at, 1));
        for (int i = 0; i < ARRAY_SIZE(rules); i++) {
            g_test_message("unit 0x%08x, case %d", unit, i);
            region(qts, unit, 3, at, last, RPU0, rules[i].config);
            qtest_writel(qts, at, 0x1234);
            g_assert_cmpint(can_read(qts, 0, at, 0x1234), ==, rules[i].reads);
            assert_violation(qts, unit, rules[i].read_flag,
                             rules[i].reads ? 0 : page, 0);
            g_assert_cmpint(can_write(qts, 0, at, i), ==, rules[i].writes);
            assert_violation(qts, unit, rules[i].write_flag,
                             rules[i].writes ? 0 : page, 0);
        }
        /* it has two ends, and is for the first core */
        region(qts, unit, 3, at, last, RPU0, ENABLE);
        g_assert_true(can_write(qts, 0, at - 4, 1));
        g_assert_false(can_write(qts, 0, last - 3, 1));
        g_assert_true(can_write(qts, 0, last + 1, 1));
        g_assert_true(can_write(qts, 1, at, 2));
        assert_violation(qts, unit, WR_PERM_VIO, last >> 12, 0);
        /* one with a higher number comes before it */
        region(qts, unit, 4, at, last, ANYBODY, ENABLE | WR_ALLOWED);
        g_assert_true(can_write(qts, 0, at, 3));
        g_assert_false(can_read(qts, 1, at, 3));
        assert_violation(qts, unit, RD_PERM_VIO, page, 0x10);
        region(qts, unit, 2, at, last, ANYBODY, ENABLE);
        g_assert_true(can_write(qts, 0, at, 4));
        /* elsewhere it is as CTRL says */
        qtest_writel(qts, unit + CTRL, 1);
        g_assert_true(can_read(qts, 1, at - 4, 1));
        g_assert_false(can_write(qts, 1, at - 4, 2));
        assert_violation(qts, unit, WR_PERM_VIO, (at - 4) >> 12, 0x10);
        qtest_writel(qts, unit + CTRL, 3);
    }
    qtest_quit(qts);
}

/* The first violation stays in the registers until it is cleared. */
static void test_first(void)
{
    QTestState *qts = board_start();

    region(qts, XMPU_DDR, 0, DDR, DDR + 0x1fffff, ANYBODY, ENABLE);
    g_assert_false(can_write(qts, 1, DDR + 0x3000, 1));
    g_assert_false(can_read(qts, 0, DDR + 0x100000, 0));
    assert_violation(qts, XMPU_DDR, WR_PERM_VIO | RD_PERM_VIO,
                     (DDR + 0x3000) >> 12, 0x10);
    g_assert_false(can_read(qts, 0, DDR + 0x100000, 0));
    assert_violation(qts, XMPU_DDR, RD_PERM_VIO, (DDR + 0x100000) >> 12, 0);
    qtest_quit(qts);
}

/* Registers of the full-power domain; those of others' DDR ports do nothing. */
static void test_xmpu_registers_of_others(void)
{
    QTestState *qts = board_start();

    region(qts, XMPU_FPD, 15, FPD, FPD, RPU1, ENABLE);
    g_assert_false(can_write(qts, 1, FPD + 0x20, 0x12c09));
    g_assert_true(can_write(qts, 0, FPD + 0x20, 0x12c09));
    assert_violation(qts, XMPU_FPD, WR_PERM_VIO, FPD >> 12, 0x10);
    region(qts, 0xfd010000, 0, 0, 0x7fffffff, ANYBODY, ENABLE);
    g_assert_true(can_write(qts, 0, DDR, 1));
    qtest_quit(qts);
}

static uint32_t parity(uint32_t aperperm)
{
    uint32_t bits = 0;

    for (int i = 0; i < 4; i++) {
        uint32_t covered = extract32(aperperm, 5 * i, 5) |
                           (i == 3 ? aperperm & BIT(27) : 0);

        bits |= (__builtin_popcount(covered) & 1) << (28 + i);
    }
    return aperperm | bits;
}

static void test_xppu(void)
{
    enum { RPU0_BIT = BIT(1), RPU1_BIT = BIT(2), APU_BIT = BIT(3) };
    static const struct {
        uint32_t ctrl;
        uint32_t aperperm;
        uint32_t master;    /* the second in the list: RPU 0 */
        uint32_t read_flag;
        uint32_t write_flag;
    } rules[] = {
        { 0, 0, 0x03f00000, 0, 0 },
        { XPPU_ENABLE, 0, 0x03f00000, APER_PERM, APER_PERM },
        { XPPU_ENABLE, RPU1_BIT | APU_BIT, 0x03f00000, APER_PERM, APER_PERM },
        { XPPU_ENABLE, RPU0_BIT, 0x03f00000, 0, 0 },
        { XPPU_ENABLE, RPU0_BIT | RPU1_BIT, 0x03f00000, 0, 0 },
        { XPPU_ENABLE, RPU0_BIT, 0x03f00020, MID_MISS, MID_MISS },
        { XPPU_ENABLE, RPU0_BIT, MIDR | 0x03f00000, 0, MID_RO },
        /* the parities */
        { XPPU_ENABLE | MID_PARITY_EN, RPU0_BIT, MIDR | 0x03f00000, MID_MISS,
          MID_MISS },
        { XPPU_ENABLE | MID_PARITY_EN, RPU0_BIT, BIT(31) | 0x03f00000,
          MID_MISS, MID_MISS },
        { XPPU_ENABLE | MID_PARITY_EN, RPU0_BIT, 0x03f00000, 0, 0 },
        { XPPU_ENABLE | APER_PARITY_EN, RPU0_BIT, 0x03f00000, APER_PARITY,
          APER_PARITY },
        { XPPU_ENABLE | APER_PARITY_EN, RPU0_BIT | BIT(28), 0x03f00000, 0, 0 },
    };
    QTestState *qts = board_start();

    /* without a mask, a place in the list is anybody's */
    for (int i = 8; i < 20; i++) {
        qtest_writel(qts, XPPU + MASTER_ID(i), MID(0x3ff, 0x3ff));
    }
    for (int i = 0; i < ARRAY_SIZE(rules); i++) {
        g_test_message("case %d", i);
        qtest_writel(qts, XPPU + MASTER_ID(1), rules[i].master);
        qtest_writel(qts, XPPU + APERPERM(1), rules[i].aperperm);
        qtest_writel(qts, XPPU + CTRL, rules[i].ctrl);
        g_assert_cmpint(can_read(qts, 0, UART1 + 0x18, 0x28b), ==,
                        !rules[i].read_flag);
        assert_violation(qts, XPPU, rules[i].read_flag,
                         rules[i].read_flag ? UART1 + 0x18 : 0, 0);
        g_assert_cmpint(can_write(qts, 0, UART1 + 0x18, 0x28b), ==,
                        !rules[i].write_flag);
        assert_violation(qts, XPPU, rules[i].write_flag,
                         rules[i].write_flag ? UART1 + 0x18 : 0, 0);
        qtest_writel(qts, XPPU + CTRL, 0);
    }
    qtest_writel(qts, XPPU + MASTER_ID(1), 0x03f00000);

    /* each bit of the permissions has its parity */
    for (int bit = 0; bit < 20; bit++) {
        uint32_t aperperm = parity(RPU0_BIT | BIT(bit) | BIT(27));

        qtest_writel(qts, XPPU + CTRL, 0);
        qtest_writel(qts, XPPU + APERPERM(1), aperperm);
        qtest_writel(qts, XPPU + CTRL, XPPU_ENABLE | APER_PARITY_EN);
        g_assert_true(can_read(qts, 0, UART1 + 0x18, 0x28b));
        qtest_writel(qts, XPPU + APERPERM(1),
                     aperperm ^ BIT(28 + bit / 5));
        g_assert_false(can_read(qts, 0, UART1 + 0x18, 0x28b));
        assert_violation(qts, XPPU, APER_PARITY, UART1 + 0x18, 0);
    }
    qtest_quit(qts);
}

/* Apertures of all sizes, with the core that each is for */
static void test_apertures(void)
{
    static const struct {
        unsigned aperture;
        uint32_t first;
        uint32_t last;
    } rules[] = {
        { 0x99, 0, 0 },         /* of the 64 KiB that they lie in: none */
        { 256, MESSAGE(0), MESSAGE(0) + 28 },
        { 257, MESSAGE(1), MESSAGE(1) + 28 },
        { 383, MESSAGE(127), MESSAGE(127) + 28 },
    };
    QTestState *qts = board_start();

    qtest_writel(qts, XPPU + CTRL, XPPU_ENABLE);
    for (int i = 0; i < ARRAY_SIZE(rules); i++) {
        qtest_writel(qts, XPPU + APERPERM(rules[i].aperture), BIT(1));
        for (uint32_t n = 0; n < 128; n += n == 1 ? 125 : 1) {
            bool open = rules[i].first == MESSAGE(n);

            g_test_message("case %d, buffer %u", i, n);
            g_assert_cmpint(can_write(qts, 0, MESSAGE(n), n), ==, open);
            g_assert_cmpint(can_write(qts, 0, MESSAGE(n) + 28, n), ==, open);
            qtest_writel(qts, XPPU + ISR, ~0u);
            g_assert_false(can_write(qts, 1, MESSAGE(n), n));
            assert_violation(qts, XPPU, APER_PERM, MESSAGE(n), 0x10);
        }
        qtest_writel(qts, XPPU + APERPERM(rules[i].aperture), 0);
    }
    /* what is not the XPPU's */
    g_assert_true(can_write(qts, 0, DDR, 1));
    g_assert_true(can_write(qts, 0, OCM, 1));
    g_assert_true(can_write(qts, 0, FPD + 0x20, 0x12c09));
    assert_violation(qts, XPPU, 0, 0, 0);
    /* 1 MiB and 512 MiB: nothing of them answers, allowed or not */
    g_assert_false(can_read(qts, 0, 0xfe400000, 0));
    assert_violation(qts, XPPU, APER_PERM, 0xfe400000, 0);
    qtest_writel(qts, XPPU + APERPERM(388), BIT(1));
    can_read(qts, 0, 0xfe400000, 0);
    assert_violation(qts, XPPU, 0, 0, 0);
    g_assert_false(can_read(qts, 0, 0xdffffffc, 0));
    assert_violation(qts, XPPU, APER_PERM, 0xdffffffc, 0);
    qtest_quit(qts);
}

/* Both domains have an interrupt, for flags that are not masked. */
static void test_irq(void)
{
    static const struct {
        uint32_t unit;
        const char *path;
        uint32_t address;
    } rules[] = {
        { XMPU_DDR, "/machine/soc/xmpu-ddr0", DDR },
        { XMPU_OCM, "/machine/soc/xmpu-ocm", OCM },
    };
    for (int i = 0; i < ARRAY_SIZE(rules); i++) {
        QTestState *qts = board_start();

        qtest_irq_intercept_out_named(qts, rules[i].path, "sysbus-irq");
        region(qts, rules[i].unit, 0, rules[i].address, rules[i].address,
               ANYBODY, ENABLE);
        g_assert_false(can_write(qts, 0, rules[i].address, 1));
        g_assert_false(qtest_get_irq(qts, 0));
        qtest_writel(qts, rules[i].unit + IEN, RD_PERM_VIO);
        g_assert_false(qtest_get_irq(qts, 0));
        qtest_writel(qts, rules[i].unit + IEN, WR_PERM_VIO);
        g_assert_true(qtest_get_irq(qts, 0));
        qtest_writel(qts, rules[i].unit + ISR, WR_PERM_VIO);
        g_assert_false(qtest_get_irq(qts, 0));
        g_assert_false(can_read(qts, 0, rules[i].address, 0));
        g_assert_true(qtest_get_irq(qts, 0));
        qtest_writel(qts, rules[i].unit + IDS, RD_PERM_VIO);
        g_assert_false(qtest_get_irq(qts, 0));
        qtest_quit(qts);
    }
}

/* Rules go with the machine, and so does a violation that is not cleared. */
static void test_migration(void)
{
    uint32_t rpu0 = 0x03f00000, first_word = 0x1234;
    QTestState *qts = board_start();

    qtest_writel(qts, DDR, first_word);
    region(qts, XMPU_DDR, 3, DDR, DDR + 0xfffff, RPU0,
           ENABLE | REGION_NS | RD_ALLOWED);
    qtest_writel(qts, XMPU_DDR + IEN, WR_PERM_VIO);
    qtest_writel(qts, XPPU + MASTER_ID(1), MIDR | rpu0);
    qtest_writel(qts, XPPU + APERPERM(1), BIT(1));
    qtest_writel(qts, XPPU + CTRL, XPPU_ENABLE);
    g_assert_false(can_write(qts, 0, DDR, 1));
    g_assert_false(can_write(qts, 0, UART1 + 0x18, 0x28b));

    qts = migrate_machine(qts, RUNNING);
    g_assert_cmphex(qtest_readl(qts, XMPU_DDR + IMR) & WR_PERM_VIO, ==, 0);
    assert_violation(qts, XMPU_DDR, WR_PERM_VIO, DDR >> 12, 0);
    assert_violation(qts, XPPU, MID_RO, UART1 + 0x18, 0);
    g_assert_true(can_read(qts, 0, DDR, first_word));
    g_assert_false(can_write(qts, 0, DDR, 2));
    g_assert_true(can_write(qts, 1, DDR, 3));
    g_assert_true(can_read(qts, 0, UART1 + 0x18, 0x28b));
    g_assert_false(can_write(qts, 0, UART1 + 0x18, 0x28b));
    g_assert_false(can_read(qts, 1, UART1 + 0x18, 0x28b));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("zynqmp/protection/xmpu/registers", test_xmpu_registers);
    qtest_add_func("zynqmp/protection/xmpu/region", test_xmpu_region);
    qtest_add_func("zynqmp/protection/xmpu/others",
                   test_xmpu_registers_of_others);
    qtest_add_func("zynqmp/protection/xppu/registers", test_xppu_registers);
    qtest_add_func("zynqmp/protection/xppu/access", test_xppu);
    qtest_add_func("zynqmp/protection/xppu/apertures", test_apertures);
    qtest_add_func("zynqmp/protection/first", test_first);
    qtest_add_func("zynqmp/protection/irq", test_irq);
    qtest_add_func("zynqmp/protection/migration", test_migration);
    return g_test_run();
}
