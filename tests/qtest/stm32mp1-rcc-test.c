/*
 * QTest testcase for the STM32MP1 reset and clock controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define RCC 0x50000000
#define OCENSETR 0x00c
#define OCENCLRR 0x010
#define HSICFGR 0x018
#define ASSCKSELR 0x024
#define AXIDIVR 0x030
#define MSSCKSELR 0x048
#define MP_GCR 0x10c
#define BDCR 0x140
#define RDLSICR 0x144
#define BR_RSTSCLRR 0x400
#define MP_GRSTCSETR 0x404
#define MP_RSTSCLRR 0x408
#define OCRDYR 0x808
#define TIMG1PRER 0x828
#define MCUDIVR 0x830
#define APB1DIVR 0x834
#define APB1RSTSETR 0x980
#define APB1RSTCLRR 0x984
#define MC_RSTSCLRR 0xc00

#define PSCI_CALL 0xd0000000
#define PSCI_SYSTEM_RESET 0x84000009
#define MP_CIER 0x414

#define TIM2_ARR 0x4000002c
#define IWDG2_KR 0x5a002000
#define IWDG2_PR 0x5a002004
#define IWDG2_RLR 0x5a002008

#define PORRSTF BIT(0)
#define PADRSTF BIT(2)
#define VCORERSTF BIT(4)
#define MCURSTF BIT(5)
#define MPSYSRSTF BIT(6)
#define IWDG2RSTF BIT(9)
/* What each system reset sets, as boards say */
#define NRST (PADRSTF | VCORERSTF)

#define READY BIT(31)

/* As in include/hw/clock.h */
#define CLOCK_PERIOD(hz) ((hz) ? (1000000000ull << 32) / (hz) : 0)

static QTestState *qts;

static uint32_t rd(uint32_t offset)
{
    return qtest_readl(qts, RCC + offset);
}

static void wr(uint32_t offset, uint32_t value)
{
    qtest_writel(qts, RCC + offset, value);
}

static uint64_t period(const char *clock)
{
    g_autofree char *path = g_strdup_printf("/machine/soc/rcc/%s", clock);
    QDict *r = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments':"
                         " { 'path': %s, 'property': 'qtest-clock-period' } }",
                         path);
    uint64_t value = qdict_get_int(r, "return");

    qobject_unref(r);
    return value;
}

static void start(void)
{
    qts = qtest_init("-M stm32mp157c-dk2");
}

static void stop(void)
{
    qtest_quit(qts);
}

/* What the boot firmware leaves behind, as Linux and the M4 read it */
static void test_handoff(void)
{
    static const struct {
        uint32_t offset;
        uint32_t value;
    } values[] = {
        { 0x000, 0 }, { 0x00c, 0x591 }, { 0x010, 0x591 },
        { 0x808, 0x01800115 }, { 0x018, 0 }, { 0x01c, 0x1000 },
        { 0x020, 0x80000002 }, { 0x024, 0x80000002 }, { 0x028, 0x80000001 },
        { 0x048, 0x80000003 }, { 0x820, 0x80000001 }, { 0x824, 0x80000001 },
        { 0x02c, 0x80000001 }, { 0x030, 0x80000000 }, { 0x830, 0x80000000 },
        { 0x834, 0x80000001 }, { 0x838, 0x80000001 }, { 0x83c, 0x80000001 },
        { 0x03c, 0x80000001 }, { 0x040, 0x80000002 },
        { 0x080, 0x13 }, { 0x084, 0x00020050 }, { 0x08c, 0x00014000 },
        { 0x094, 0x73 }, { 0x098, 0x00020041 }, { 0x0a0, 0x0001a000 },
        { 0x880, 0x73 }, { 0x884, 0x01010021 }, { 0x888, 0x00241001 },
        { 0x88c, 0x0001d020 },
        { 0x894, 0x73 }, { 0x898, 0x00030062 }, { 0x89c, 0x00070705 },
        { 0x0d0, 2 }, { 0x0d4, 1 }, { 0x8e8, 2 }, { 0x0c0, 2 }, { 0x8f4, 2 },
        { 0x140, 0x00110025 }, { 0x144, 0x3 }, { 0x10c, 0 },
        { 0xa00, BIT(16) }, { 0xa10, BIT(11) }, { 0x208, 0x00113900 },
        { 0x210, 0x00010000 }, { 0x80c, 0x101 }, { 0xa38, 0x10 },
        { 0xab8, 0x10 }, { 0xa80, 0 }, { 0xb00, 0xadefdbff },
        { 0xb80, 0xbdefdbff }, { 0x318, 0x011357a1 },
        { 0x400, 0x15 }, { 0x408, 0x15 }, { 0xc00, 0x15 },
        { 0xff4, 0x11 }, { 0xff8, 0x1 }, { 0xffc, 0xa3c5dd04 },
    };
    int i;

    start();
    for (i = 0; i < ARRAY_SIZE(values); i++) {
        g_test_message("offset 0x%03x", values[i].offset);
        g_assert_cmphex(rd(values[i].offset), ==, values[i].value);
    }
    stop();
}

/*
 * A write of ones to SETR sets, to CLRR clears; both read what is set, of the
 * bits that there are.
 */
static void test_pairs(void)
{
    static const struct {
        uint32_t offset, mask;
    } pairs[] = {
        { 0x180, ~0u }, { 0x188, ~0u }, { 0x190, ~0u }, { 0x198, ~0u },
        { 0x980, ~0u }, { 0x988, ~0u }, { 0x990, ~0u }, { 0x998, ~0u },
        { 0x9a0, ~0u }, { 0x9a8, ~0u },
        /* MP_*ENSETR, MC_*ENSETR: only the M4 has WWDG1 */
        { 0x200, 0x00118111 }, { 0x208, 0x0011b91d }, { 0x210, 0x00010171 },
        { 0x218, 0x011357a1 }, { 0xa00, 0xadefdbff }, { 0xa08, 0x0137271f },
        { 0xa10, 0x0013290f }, { 0xa18, 0x00010127 }, { 0xa20, 0x000018f1 },
        { 0xa28, 0x000007ff }, { 0xa38, 0x00000010 },
        { 0x280, 0x00110111 }, { 0x288, 0x0011391d }, { 0x290, 0x00000171 },
        { 0x298, 0x011357a1 }, { 0xa80, 0xbdefdbff }, { 0xa88, 0x0137271f },
        { 0xa90, 0x0013290f }, { 0xa98, 0x00010127 }, { 0xaa0, 0x000018f1 },
        { 0xaa8, 0x000007ff }, { 0xab8, 0x00000010 },
        /* MP_*LPENSETR, MC_*LPENSETR */
        { 0x300, 0x00118111 }, { 0x308, 0x0011391d }, { 0x310, 0x00000171 },
        { 0x318, 0x01135fa1 }, { 0xb00, 0xadefdbff }, { 0xb08, 0x0137271f },
        { 0xb10, 0x0003290f }, { 0xb18, 0x00010127 }, { 0xb20, 0x000018f1 },
        { 0xb28, 0x000007ff }, { 0xb38, 0x00000017 },
        { 0x380, 0x00110111 }, { 0x388, 0x0011391d }, { 0x390, 0x00000171 },
        { 0x398, 0x01135fa1 }, { 0xb80, 0xbdefdbff }, { 0xb88, 0x0137271f },
        { 0xb90, 0x0003290f }, { 0xb98, 0x00010127 }, { 0xba0, 0x000018f1 },
        { 0xba8, 0x000007ff }, { 0xbb8, 0x00000017 },
    };
    uint32_t offset, mask, low;
    int i;

    start();
    for (i = 0; i < ARRAY_SIZE(pairs); i++) {
        offset = pairs[i].offset;
        mask = pairs[i].mask;
        low = mask & -mask;
        g_test_message("offset 0x%03x", offset);
        wr(offset + 4, 0xffffffff);
        g_assert_cmphex(rd(offset), ==, 0);
        wr(offset, low);
        g_assert_cmphex(rd(offset), ==, low);
        g_assert_cmphex(rd(offset + 4), ==, low);
        wr(offset, 0);
        wr(offset, 0xffffffff);
        g_assert_cmphex(rd(offset), ==, mask);
        g_assert_cmphex(rd(offset + 4), ==, mask);
        wr(offset + 4, low);
        g_assert_cmphex(rd(offset), ==, mask & ~low);
        /* One byte means its own bits only. */
        qtest_writeb(qts, RCC + offset + 4, 0xff);
        g_assert_cmphex(rd(offset), ==, mask & ~low & ~0xffu);
        qtest_writew(qts, RCC + offset, 0xffff);
        g_assert_cmphex(rd(offset), ==, (mask & ~low) | (mask & 0xffff));
    }
    stop();
}

/* A ready bit follows its enable bit, and is not writable. */
static void test_ready(void)
{
    static const uint32_t plls[] = { 0x080, 0x094, 0x880, 0x894 };
    static const uint32_t selectors[] = {
        0x020, 0x024, 0x028, 0x048, 0x820, 0x824, 0x02c, 0x030, 0x03c, 0x040,
        0x828, 0x82c, 0x830, 0x834, 0x838, 0x83c,
    };
    int i;

    start();
    for (i = 0; i < ARRAY_SIZE(plls); i++) {
        wr(plls[i], 0);
        g_assert_cmphex(rd(plls[i]), ==, 0);
        wr(plls[i], 0x2);
        g_assert_cmphex(rd(plls[i]), ==, 0);
        wr(plls[i], 0x1);
        g_assert_cmphex(rd(plls[i]), ==, 0x3);
    }
    for (i = 0; i < ARRAY_SIZE(selectors); i++) {
        wr(selectors[i], 1);
        g_assert_cmphex(rd(selectors[i]), ==, READY | 1);
        wr(selectors[i], 0);
        g_assert_cmphex(rd(selectors[i]), ==, READY);
    }

    wr(OCENCLRR, BIT(4) | BIT(8));
    g_assert_cmphex(rd(OCRDYR), ==, 0x01800005);
    wr(OCENSETR, BIT(4));
    g_assert_cmphex(rd(OCRDYR), ==, 0x01800015);
    wr(OCRDYR, 0);
    g_assert_cmphex(rd(OCRDYR), ==, 0x01800015);

    wr(BDCR, 0);
    g_assert_cmphex(rd(BDCR), ==, 0);
    wr(BDCR, 1);
    g_assert_cmphex(rd(BDCR), ==, 0x5);
    wr(RDLSICR, 0);
    g_assert_cmphex(rd(RDLSICR), ==, 0);
    wr(RDLSICR, 1);
    g_assert_cmphex(rd(RDLSICR), ==, 0x3);

    /* Only a reset switches HSECSSON off. */
    wr(OCENSETR, BIT(11));
    wr(OCENCLRR, BIT(11));
    g_assert_cmphex(rd(OCENSETR) & BIT(11), ==, BIT(11));
    stop();
}

/* What gets ready interrupts the processor that wants to know. */
static void test_ready_interrupt(void)
{
    static const struct {
        uint32_t on, off;   /* registers */
        uint32_t bit;
        uint32_t flag;
    } sources[] = {
        { OCENSETR, OCENCLRR, BIT(0), BIT(2) },
        { OCENSETR, OCENCLRR, BIT(4), BIT(4) },
        { OCENSETR, OCENCLRR, BIT(8), BIT(3) },
        { RDLSICR, 0, BIT(0), BIT(0) }, { BDCR, 0, BIT(0), BIT(1) },
        { 0x080, 0, BIT(0), BIT(8) }, { 0x094, 0, BIT(0), BIT(9) },
        { 0x880, 0, BIT(0), BIT(10) }, { 0x894, 0, BIT(0), BIT(11) },
    };
    static const struct {
        uint32_t cier, cifr;
    } processors[] = { { 0x414, 0x418 }, { 0xc14, 0xc18 } };
    int i, p;

    start();
    qtest_irq_intercept_out_named(qts, "/machine/soc/rcc", "sysbus-irq");
    for (i = 0; i < ARRAY_SIZE(sources); i++) {
        for (p = 0; p < ARRAY_SIZE(processors); p++) {
            wr(processors[p].cier, sources[i].flag);
            wr(sources[i].off ?: sources[i].on,
               sources[i].off ? sources[i].bit : 0);
            g_assert_cmphex(rd(processors[p].cifr), ==, 0);
            wr(sources[i].on, sources[i].bit);
            g_assert_cmphex(rd(processors[p].cifr), ==, sources[i].flag);
            g_assert_cmphex(rd(processors[!p].cifr), ==, 0);
            g_assert_true(qtest_get_irq(qts, 0));
            g_assert_false(qtest_get_irq(qts, 1));
            g_assert_false(qtest_get_irq(qts, 2));
            /* The flag waits for somebody to clear it. */
            wr(processors[p].cier, 0);
            g_assert_false(qtest_get_irq(qts, 0));
            wr(processors[p].cier, sources[i].flag);
            g_assert_true(qtest_get_irq(qts, 0));
            wr(processors[p].cifr, sources[i].flag);
            g_assert_cmphex(rd(processors[p].cifr), ==, 0);
            g_assert_false(qtest_get_irq(qts, 0));
            /* It is on already, also where another bit changes. */
            wr(sources[i].on, sources[i].bit);
            g_assert_cmphex(rd(processors[p].cifr), ==, 0);
            wr(sources[i].on, sources[i].bit | BIT(5));
            wr(sources[i].off ?: sources[i].on,
               sources[i].off ? BIT(5) : sources[i].bit);
            g_assert_cmphex(rd(processors[p].cifr), ==, 0);
            wr(processors[p].cier, 0);
        }
    }
    stop();
}

static void test_clocks(void)
{
    /* PLL3: 24 MHz / 2 * (34 + 6660 / 8192) / 2 */
    const uint64_t pll3_p = 208877929;

    start();
    g_assert_cmpuint(period("ck_mcu"), ==, CLOCK_PERIOD(pll3_p));
    g_assert_cmpuint(period("systick"), ==, CLOCK_PERIOD(pll3_p / 8));
    g_assert_cmpuint(period("pclk1"), ==, CLOCK_PERIOD(pll3_p / 2));
    g_assert_cmpuint(period("timg1"), ==, CLOCK_PERIOD(pll3_p));
    g_assert_cmpuint(period("usart24"), ==, CLOCK_PERIOD(64000000));
    g_assert_cmpuint(period("usart35"), ==, CLOCK_PERIOD(pll3_p / 2));
    g_assert_cmpuint(period("lsi"), ==, CLOCK_PERIOD(32000));
    /* PLL2: 24 MHz / 3 * (66 + 5120 / 8192) / 2 */
    g_assert_cmpuint(period("hclk4"), ==, CLOCK_PERIOD(266500000));
    g_assert_cmpuint(period("pclk5"), ==, CLOCK_PERIOD(66625000));

    wr(MSSCKSELR, 0);
    g_assert_cmpuint(period("ck_mcu"), ==, CLOCK_PERIOD(64000000));
    wr(MSSCKSELR, 1);
    g_assert_cmpuint(period("ck_mcu"), ==, CLOCK_PERIOD(24000000));
    wr(MCUDIVR, 2);
    g_assert_cmpuint(period("ck_mcu"), ==, CLOCK_PERIOD(6000000));
    wr(MCUDIVR, 0);

    /* Timers: pclk at APB1DIV = 0, else pclk * 2, or * 4 with TIMG1PRE */
    wr(APB1DIVR, 0);
    g_assert_cmpuint(period("pclk1"), ==, CLOCK_PERIOD(24000000));
    g_assert_cmpuint(period("timg1"), ==, CLOCK_PERIOD(24000000));
    wr(APB1DIVR, 3);
    g_assert_cmpuint(period("pclk1"), ==, CLOCK_PERIOD(3000000));
    g_assert_cmpuint(period("timg1"), ==, CLOCK_PERIOD(6000000));
    wr(TIMG1PRER, 1);
    g_assert_cmpuint(period("timg1"), ==, CLOCK_PERIOD(12000000));

    /* A clock whose source is off stands still. */
    wr(OCENCLRR, BIT(8));
    g_assert_cmpuint(period("ck_mcu"), ==, 0);
    wr(OCENSETR, BIT(8));
    g_assert_cmpuint(period("ck_mcu"), ==, CLOCK_PERIOD(24000000));
    stop();
}

/* Kernel clocks by each value of their registers; 0 is no clock */
static void test_kernel_clocks(void)
{
    enum { HSI = 64000000, CSI = 4000000, HSE = 24000000, LSE = 32768,
           LSI = 32000, PLL3_Q = 24573874, PLL3_R = 11290698,
           PLL4_P = 99000000, PLL4_QR = 74250000, PCLK = 104438964,
           PCLK5 = 66625000, HCLK4 = 266500000, CK_MCU = 208877929 };
    static const struct {
        const char *clock;
        uint32_t selr;
        uint64_t hz[8];
    } rows[] = {
        { "spi1", 0x8d8, { PLL4_P, PLL3_Q, 0, HSE, PLL3_R } },
        { "spi23", 0x8dc, { PLL4_P, PLL3_Q, 0, HSE, PLL3_R } },
        { "spi45", 0x8e0, { PCLK, PLL4_QR, HSI, CSI, HSE } },
        { "spi6", 0x0c4, { PCLK5, PLL4_QR, HSI, CSI, HSE, PLL3_Q } },
        { "quadspi", 0x900, { HCLK4, PLL3_R, PLL4_P, HSE } },
        { "fdcan", 0x90c, { HSE, PLL3_Q, PLL4_QR, PLL4_QR } },
        { "lptim1", 0x934, { PCLK, PLL4_P, PLL3_Q, LSE, LSI, HSE } },
        { "lptim23", 0x930, { PCLK, PLL4_QR, HSE, LSE, LSI } },
        { "lptim45", 0x92c, { PCLK, PLL4_P, PLL3_Q, LSE, LSI, HSE } },
        { "usart1", 0x0c8, { PCLK5, PLL3_Q, HSI, CSI, PLL4_QR, HSE } },
        { "usart6", 0x8e4, { PCLK, PLL4_QR, HSI, CSI, HSE } },
        { "usart24", 0x8e8, { PCLK, PLL4_QR, HSI, CSI, HSE } },
        { "usart35", 0x8ec, { PCLK, PLL4_QR, HSI, CSI, HSE } },
        { "usart78", 0x8f0, { PCLK, PLL4_QR, HSI, CSI, HSE } },
        { "i2c12", 0x8c0, { PCLK, PLL4_QR, HSI, CSI } },
        { "i2c35", 0x8c4, { PCLK, PLL4_QR, HSI, CSI } },
        { "i2c46", 0x0c0, { PCLK5, PLL3_Q, HSI, CSI } },
        { "adc", 0x928, { PLL4_QR, HSE, PLL3_Q } },
        { "sdmmc12", 0x8f4, { HCLK4, PLL3_R, PLL4_P, HSI } },
        { "sdmmc3", 0x8f8, { CK_MCU, PLL3_R, PLL4_P, HSI } },
    };

    start();
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        for (int value = 0; value < 8; value++) {
            wr(rows[i].selr, value);
            /* A field of two bits has four values only. */
            if (rd(rows[i].selr) == value) {
                g_assert_cmpuint(period(rows[i].clock), ==,
                                 rows[i].hz[value] ?
                                 CLOCK_PERIOD(rows[i].hz[value]) : 0);
            }
        }
    }
    /* ck_per follows its own register. */
    wr(0x8d8, 3);
    wr(0x0d0, 0);
    g_assert_cmpuint(period("spi1"), ==, CLOCK_PERIOD(HSI));
    wr(0x0d0, 1);
    g_assert_cmpuint(period("spi1"), ==, CLOCK_PERIOD(CSI));
    wr(0x0d0, 3);
    g_assert_cmpuint(period("spi1"), ==, 0);
    stop();
}

static void check_hz(const char *clock, uint64_t hz)
{
    g_assert_cmpuint(period(clock), ==, CLOCK_PERIOD(hz));
}

/* What each value of a selector selects, and how each one divides */
static void test_clock_tree(void)
{
    static const uint64_t mcu[] = { 64000000, 24000000, 4000000, 208877929 };
    static const uint64_t axi[] = {
        64000000, 24000000, 266500000, 0, 0, 0, 0, 0,
    };
    static const struct {
        const char *clock, *timer;
        uint32_t divr, prer;
        uint64_t hz;
    } buses[] = {
        { "pclk1", "timg1", APB1DIVR, TIMG1PRER, 64000000 },
        { "pclk2", "timg2", 0x838, 0x82c, 64000000 },
        { "pclk3", NULL, 0x83c, 0, 64000000 },
        { "pclk4", NULL, 0x03c, 0, 24000000 },
        { "pclk5", NULL, 0x040, 0, 24000000 },
    };
    int i, n, pre;

    start();
    for (n = 0; n < ARRAY_SIZE(mcu); n++) {
        wr(MSSCKSELR, n);
        for (i = 0; i < 16; i++) {
            wr(MCUDIVR, i);
            check_hz("ck_mcu", mcu[n] >> MIN(i, 9));
            check_hz("fclk_mcu", mcu[n] >> MIN(i, 9));
            check_hz("systick", (mcu[n] >> MIN(i, 9)) / 8);
        }
        wr(MCUDIVR, 0);
    }
    for (n = 0; n < ARRAY_SIZE(axi); n++) {
        wr(ASSCKSELR, n);
        for (i = 0; i < 8; i++) {
            wr(AXIDIVR, i);
            check_hz("hclk4", axi[n] / (MIN(i, 3) + 1));
        }
        wr(AXIDIVR, 0);
    }
    wr(MSSCKSELR, 0);
    wr(ASSCKSELR, 1);
    for (n = 0; n < ARRAY_SIZE(buses); n++) {
        for (i = 0; i < 8; i++) {
            uint64_t hz = buses[n].hz >> MIN(i, 4);

            wr(buses[n].divr, i);
            check_hz(buses[n].clock, hz);
            for (pre = 0; pre < 2 && buses[n].timer; pre++) {
                wr(buses[n].prer, pre);
                check_hz(buses[n].timer, MIN(hz << (1 + pre), buses[n].hz));
            }
        }
    }

    /* The oscillators: HSI has a divider, and each can be off. */
    for (i = 0; i < 4; i++) {
        wr(HSICFGR, i);
        check_hz("ck_mcu", 64000000 >> i);
    }
    wr(OCENCLRR, BIT(0));
    check_hz("ck_mcu", 0);
    wr(OCENSETR, BIT(0));
    check_hz("ck_mcu", 64000000 >> 3);
    wr(MSSCKSELR, 2);
    wr(OCENCLRR, BIT(4));
    check_hz("ck_mcu", 0);
    wr(OCENSETR, BIT(4));
    check_hz("ck_mcu", 4000000);
    stop();
}

/* Each output of the PLLs, by what it is made from */
static void test_plls(void)
{
    enum { HSI = 64000000, HSE = 24000000, CSI = 4000000 };
    static const struct {
        const char *clock;
        uint32_t selr, sel;         /* let the clock be the output */
        uint32_t cr, ref;           /* the PLL, the selector of its source */
        int output;
        uint64_t third;             /* the source number 2 */
    } outputs[] = {
        { "hclk4", ASSCKSELR, 2, 0x094, 0x028, 0, 0 },
        { "ck_mcu", MSSCKSELR, 3, 0x880, 0x820, 0, CSI },
        { "spi1", 0x8d8, 1, 0x880, 0x820, 1, CSI },
        { "spi1", 0x8d8, 4, 0x880, 0x820, 2, CSI },
        { "spi1", 0x8d8, 0, 0x894, 0x824, 0, CSI },
        { "spi45", 0x8e0, 1, 0x894, 0x824, 1, CSI },
        { "fdcan", 0x90c, 3, 0x894, 0x824, 2, CSI },
    };
    static const struct {
        uint32_t m, n, frac, latched, div;
    } factors[] = {
        { 1, 25, 0, 0, 2 }, { 4, 50, 0x1000, 1, 4 }, { 4, 50, 0x1000, 0, 4 },
        { 64, 512, 0x1fff, 1, 128 }, { 3, 77, 1, 1, 1 },
    };
    int i, f, ref;

    start();
    for (i = 0; i < ARRAY_SIZE(outputs); i++) {
        const uint64_t refs[] = { HSI, HSE, outputs[i].third, 0 };
        const uint32_t cr = outputs[i].cr, shift = 8 * outputs[i].output;
        uint64_t hz = 0;

        wr(outputs[i].selr, outputs[i].sel);
        for (f = 0; f < ARRAY_SIZE(factors); f++) {
            const uint32_t n = factors[f].n, frac = factors[f].frac;

            wr(cr + 4, (factors[f].m - 1) << 16 | (n - 1));
            wr(cr + 8, (0x555555 & ~(0x7fu << shift)) |
                       (factors[f].div - 1) << shift);
            wr(cr + 12, factors[f].latched << 16 | frac << 3);
            for (ref = 0; ref < ARRAY_SIZE(refs); ref++) {
                wr(outputs[i].ref, ref);
                hz = refs[ref] * (8192 * n + factors[f].latched * frac) / 8192;
                check_hz(outputs[i].clock, hz / factors[f].m / factors[f].div);
            }
        }
        /* Either enable bit switches it off. */
        wr(outputs[i].ref, 1);
        g_assert_cmpuint(period(outputs[i].clock), !=, 0);
        wr(cr, 0x71 & ~(BIT(4) << outputs[i].output));
        check_hz(outputs[i].clock, 0);
        wr(cr, 0x70);
        check_hz(outputs[i].clock, 0);
        wr(cr, 1 | BIT(4) << outputs[i].output);
        g_assert_cmpuint(period(outputs[i].clock), !=, 0);
        wr(cr, 0x71);
    }
    stop();
}

/* Each reset line has its bit. */
static void test_reset_lines(void)
{
    /* As many as a test can watch, in the order of STM32MP1RccBus */
    static const uint32_t setr[] = {
        0x980, 0x988, 0x990, 0x180, 0x188, 0x998, 0x9a0, 0x9a8,
    };
    int bus, bit, line;

    start();
    qtest_irq_intercept_out_named(qts, "/machine/soc/rcc", "reset");
    for (bus = 0; bus < ARRAY_SIZE(setr); bus++) {
        for (bit = 0; bit < 32; bit++) {
            wr(setr[bus], BIT(bit));
            for (line = 0; line < 32 * ARRAY_SIZE(setr); line++) {
                g_assert_cmpint(qtest_get_irq(qts, line), ==,
                                line == 32 * bus + bit);
            }
            wr(setr[bus] + 4, BIT(bit));
            g_assert_false(qtest_get_irq(qts, 32 * bus + bit));
        }
    }
    stop();
}

/* What a guest is told of its mistakes */
static void test_log(void)
{
    g_autofree char *file = NULL;

    qts = stm32mp1_init_logged(&file);
    g_assert_cmphex(rd(0x004), ==, 0);
    g_assert_cmphex(qtest_readb(qts, RCC + 0x8a9), ==, 0);
    wr(0xbfc, 1);
    wr(OCRDYR, 0);
    wr(0xffc, 0);
    wr(MP_GRSTCSETR, BIT(4));
    stm32mp1_check_log(file,
        "stm32mp1_rcc_read: no register at 0x4\n"
        "stm32mp1_rcc_read: no register at 0x8a9\n"
        "stm32mp1_rcc_write: no writable register at 0xbfc\n"
        "stm32mp1_rcc_write: no writable register at 0x808\n"
        "stm32mp1_rcc_write: no writable register at 0xffc\n"
        "stm32mp1_rcc_write_grstc: reset of a single MPU core is not modelled"
        " without a boot ROM\n");
    stop();
    unlink(file);
}

/* A reset bit resets the peripheral; one block with a visible effect */
static void test_peripheral_reset(void)
{
    start();
    stm32mp1_enable_clocks(qts);
    qtest_writel(qts, TIM2_ARR, 0x1234);
    g_assert_cmphex(qtest_readl(qts, TIM2_ARR), ==, 0x1234);
    wr(APB1RSTSETR, BIT(1));
    g_assert_cmphex(qtest_readl(qts, TIM2_ARR), ==, 0x1234);
    wr(APB1RSTSETR, BIT(0));
    wr(APB1RSTCLRR, BIT(0));
    g_assert_cmphex(qtest_readl(qts, TIM2_ARR), ==, 0xffffffff);
    stop();
}

/* The reset lines, the M4's reset and the flags */
static void test_mcu_reset(void)
{
    start();
    qtest_irq_intercept_out_named(qts, "/machine/soc/rcc", "mcu-boot");
    g_assert_false(qtest_get_irq(qts, 0));
    wr(MP_GCR, 0xffffffff);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmphex(rd(MP_GCR), ==, 1);
    wr(MP_GCR, 0);
    g_assert_false(qtest_get_irq(qts, 0));

    wr(MP_GRSTCSETR, BIT(1));
    g_assert_cmphex(rd(MP_GRSTCSETR), ==, 0);
    g_assert_cmphex(rd(MC_RSTSCLRR), ==, 0x15 | BIT(5));
    wr(MC_RSTSCLRR, BIT(5));
    g_assert_cmphex(rd(MC_RSTSCLRR), ==, 0x15);
    wr(MC_RSTSCLRR, 0xffffffff);
    g_assert_cmphex(rd(MC_RSTSCLRR), ==, 0);
    stop();
}

static void test_system_reset(void)
{
    start();
    wr(MCUDIVR, 3);
    wr(MP_GRSTCSETR, BIT(0));
    stm32mp1_check_event(qts, "RESET");
    g_assert_cmphex(rd(MCUDIVR), ==, READY);
    stop();
}

/* Start IWDG2 with four cycles of the LSI to go, and let it run out. */
static void bite(void)
{
    stm32mp1_enable_clocks(qts);
    qtest_writel(qts, IWDG2_KR, 0x5555);
    qtest_writel(qts, IWDG2_PR, 0);
    qtest_writel(qts, IWDG2_RLR, 0);
    qtest_writel(qts, IWDG2_KR, 0xcccc);
    qtest_writel(qts, IWDG2_KR, 0xaaaa);
    qtest_clock_step(qts, 1000000);
}

static void assert_flags(uint32_t mpu, uint32_t mcu)
{
    g_assert_cmphex(rd(BR_RSTSCLRR), ==, mpu);
    g_assert_cmphex(rd(MP_RSTSCLRR), ==, mpu);
    g_assert_cmphex(rd(MC_RSTSCLRR), ==, mcu);
}

/* The MPU reads the flags of the last reset, the MCU all since it cleared. */
static void test_reset_flags(void)
{
    start();
    assert_flags(NRST | PORRSTF, NRST | PORRSTF);
    qtest_system_reset(qts);
    assert_flags(NRST, NRST | PORRSTF);
    wr(MP_GRSTCSETR, BIT(0));
    stm32mp1_check_event(qts, "RESET");
    assert_flags(NRST | MPSYSRSTF, NRST | PORRSTF | MPSYSRSTF);

    wr(MP_RSTSCLRR, 0xffffffff);
    wr(BR_RSTSCLRR, 0xffffffff);
    wr(MC_RSTSCLRR, 0xffffffff);
    assert_flags(0, 0);
    bite();
    stm32mp1_check_event(qts, "RESET");
    assert_flags(NRST | IWDG2RSTF, NRST | IWDG2RSTF);

    /* A reset of the MCU alone is no matter of the MPU. */
    wr(MP_GRSTCSETR, BIT(1));
    assert_flags(NRST | IWDG2RSTF, NRST | IWDG2RSTF | MCURSTF);
    qtest_system_reset(qts);
    assert_flags(NRST, NRST | IWDG2RSTF | MCURSTF);

    /* They are part of the state. */
    wr(MC_RSTSCLRR, NRST);
    qts = stm32mp1_migrate(qts);
    assert_flags(NRST, IWDG2RSTF | MCURSTF);
    qtest_system_reset(qts);
    assert_flags(NRST, NRST | IWDG2RSTF | MCURSTF);
    stop();
}

/* A watchdog that resets nothing leaves no flag for the next reset. */
static void test_watchdog_action(void)
{
    static const char *const actions[] = { "none", "pause", "debug" };
    int i;

    for (i = 0; i < ARRAY_SIZE(actions); i++) {
        g_test_message("action %s", actions[i]);
        qts = qtest_initf("-M stm32mp157c-dk2 -action watchdog=%s", actions[i]);
        bite();
        stm32mp1_check_event(qts, "WATCHDOG");
        assert_flags(NRST | PORRSTF, NRST | PORRSTF);
        qtest_system_reset(qts);
        assert_flags(NRST, NRST | PORRSTF);
        stop();
    }
}

static void set_not_ready(const char *source)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': '/machine/soc/rcc', 'property':"
                             " 'x-fault-not-ready', 'value': %s } }", source);
}

static int not_ready_count(void)
{
    return stm32mp1_qom_get(qts, STM32MP1_SOC "rcc", "x-fault-not-ready-count");
}

/* On, but not ready; each is the only one, and when it is none, all are. */
static void test_fault_not_ready(void)
{
    static const struct {
        const char *name;
        uint32_t reg;
        uint32_t ready;
    } sources[] = {
        { "hsi", OCRDYR, BIT(0) },
        { "csi", OCRDYR, BIT(4) },
        { "hse", OCRDYR, BIT(8) },
        { "lse", BDCR, BIT(2) },
        { "lsi", RDLSICR, BIT(1) },
        { "pll1", 0x080, BIT(1) },
        { "pll2", 0x094, BIT(1) },
        { "pll3", 0x880, BIT(1) },
        { "pll4", 0x894, BIT(1) },
    };
    int i, j, count = 0;

    start();
    for (i = 0; i < ARRAY_SIZE(sources); i++) {
        set_not_ready(sources[i].name);
        for (j = 0; j < ARRAY_SIZE(sources); j++) {
            uint32_t ready = rd(sources[j].reg) & sources[j].ready;

            g_assert_cmphex(ready, ==, i == j ? 0 : sources[j].ready);
            count += sources[j].reg == sources[i].reg;
            g_assert_cmpint(not_ready_count(), ==, count);
        }
    }
    set_not_ready("");
    for (j = 0; j < ARRAY_SIZE(sources); j++) {
        g_assert_cmphex(rd(sources[j].reg) & sources[j].ready, ==,
                        sources[j].ready);
    }
    g_assert_cmpint(not_ready_count(), ==, count);
    stop();
}

/* Without its PLL the M4 has no clock; the boot firmware leaves the PLL off. */
static void test_fault_pll(void)
{
    const uint32_t pll3cr = 0x880;
    QDict *rsp;

    start();
    set_not_ready("pll3");
    g_assert_cmpuint(period("ck_mcu"), ==, 0);
    qtest_system_reset(qts);
    g_assert_cmphex(rd(pll3cr), ==, 0x70);
    g_assert_cmpint(not_ready_count(), ==, 0);
    wr(pll3cr, 0x71);
    g_assert_cmphex(rd(pll3cr), ==, 0x71);
    g_assert_cmpint(not_ready_count(), ==, 1);

    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(rd(pll3cr), ==, 0x71);
    g_assert_cmpint(not_ready_count(), ==, 2);
    set_not_ready("");
    g_assert_cmphex(rd(pll3cr), ==, 0x73);
    g_assert_cmpuint(period("ck_mcu"), !=, 0);

    rsp = qtest_qmp(qts, "{ 'execute': 'qom-set', 'arguments': { 'path':"
                    " '/machine/soc/rcc', 'property': 'x-fault-not-ready',"
                    " 'value': 'pll5' } }");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    stop();
}

/* Copy a word by DMA1, a master of the normal world. */
static void copy_by_dma(uint32_t from, uint32_t to)
{
    const struct {
        uint32_t addr;
        uint32_t value;
    } writes[] = {
        { 0x48000008, 0x3f },                               /* LIFCR */
        { 0x48000014, 1 },                                  /* S0NDTR */
        { 0x48000018, from },                               /* S0PAR */
        { 0x4800001c, to },                                 /* S0M0AR */
        { 0x48000024, 7 },                                  /* S0FCR */
        { 0x48000010, 2 << 13 | 2 << 11 | 2 << 6 | 1 },     /* S0CR */
    };

    for (int i = 0; i < ARRAY_SIZE(writes); i++) {
        qtest_writel(qts, writes[i].addr, writes[i].value);
    }
    qtest_clock_step(qts, 1000 * 1000);
    qtest_writel(qts, 0x48000010, 0);
}

/* What the normal world may write, by TZCR */
static void test_protection(void)
{
    enum { NEVER, WITHOUT_TZEN, WITHOUT_MCKPROT, ALWAYS };
    static const struct {
        uint32_t offset;
        uint32_t value;
        int allowed;
    } regs[] = {
        { 0x000, 0, NEVER },                /* TZCR: the first one */
        { 0x018, 0x100, WITHOUT_TZEN },     /* HSICFGR */
        { 0x01c, 0x1100, WITHOUT_MCKPROT }, /* CSICFGR */
        { 0x048, 0x80000001, WITHOUT_MCKPROT }, /* MSSCKSELR */
        { 0x0cc, 0x1, WITHOUT_TZEN },       /* RNG1CKSELR */
        { 0x0d0, 0x1, ALWAYS },             /* CPERCKSELR */
        { 0x10c, 0x1, WITHOUT_TZEN },       /* MP_GCR */
        { 0x888, 0x00101001, WITHOUT_MCKPROT }, /* PLL3CFGR2 */
        { 0x898, 0x00030061, ALWAYS },      /* PLL4CFGR1 */
        { 0x8e8, 0x1, ALWAYS },             /* UART24CKSELR */
    };
    static const uint32_t sram = 0x10000000;

    start();
    for (uint32_t tzcr = 0; tzcr < 4; tzcr++) {
        for (int i = 0; i < ARRAY_SIZE(regs); i++) {
            bool allowed = regs[i].allowed == ALWAYS ||
                (regs[i].allowed == WITHOUT_TZEN && !(tzcr & 1)) ||
                (regs[i].allowed == WITHOUT_MCKPROT && tzcr != 3);
            uint32_t before;

            stm32mp1_system_reset(qts);
            wr(0x000, tzcr);
            before = rd(regs[i].offset);
            /* TZCR gets something else than it has. */
            qtest_writel(qts, sram, i ? regs[i].value : ~tzcr);
            copy_by_dma(sram, RCC + regs[i].offset);
            g_assert_cmphex(rd(regs[i].offset), ==,
                            allowed ? regs[i].value : before);
            /* To read is free. */
            copy_by_dma(RCC + regs[i].offset, sram);
            g_assert_cmphex(qtest_readl(qts, sram), ==, rd(regs[i].offset));
        }
    }
    stop();
}

/* What Linux asks QEMU's PSCI for is what a secure monitor writes MPSYSRST for. */
static void test_psci_reset(void)
{
    /* Waits for a number at PSCI_CALL, clears it, and makes the call. */
    static const uint32_t program[] = {
        0xe3a0120d, 0xe5910000, 0xe3500000, 0x0afffffc, 0xe3a02000, 0xe5812000,
        0xe1600070, 0xeafffff8,
    };
    g_autofree char *kernel = stm32mp1_kernel_file(program, sizeof(program));
    g_autofree char *arguments = g_strdup_printf(STM32MP1_MACHINE
                                                 "-accel tcg -kernel %s",
                                                 kernel);
    const struct {
        bool psci;
        uint32_t flag;
    } resets[] = { { true, BIT(6) }, { false, 0 }, { true, BIT(6) } };

    qts = qtest_init(arguments);
    for (int i = 0; i < ARRAY_SIZE(resets); i++) {
        if (resets[i].psci) {
            qtest_writel(qts, PSCI_CALL, PSCI_SYSTEM_RESET);
            qtest_qmp_eventwait(qts, "RESET");
        } else {
            stm32mp1_system_reset(qts);
        }
        g_assert_cmphex(rd(MP_RSTSCLRR), ==, 0x14 | resets[i].flag);
    }
    qtest_quit(qts);
    unlink(kernel);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/rcc/handoff", test_handoff);
    qtest_add_func("stm32mp1/rcc/pairs", test_pairs);
    qtest_add_func("stm32mp1/rcc/ready", test_ready);
    qtest_add_func("stm32mp1/rcc/ready_interrupt", test_ready_interrupt);
    qtest_add_func("stm32mp1/rcc/clocks", test_clocks);
    qtest_add_func("stm32mp1/rcc/kernel_clocks", test_kernel_clocks);
    qtest_add_func("stm32mp1/rcc/clock_tree", test_clock_tree);
    qtest_add_func("stm32mp1/rcc/plls", test_plls);
    qtest_add_func("stm32mp1/rcc/reset_lines", test_reset_lines);
    qtest_add_func("stm32mp1/rcc/log", test_log);
    qtest_add_func("stm32mp1/rcc/peripheral_reset", test_peripheral_reset);
    qtest_add_func("stm32mp1/rcc/mcu_reset", test_mcu_reset);
    qtest_add_func("stm32mp1/rcc/system_reset", test_system_reset);
    qtest_add_func("stm32mp1/rcc/psci_reset", test_psci_reset);
    qtest_add_func("stm32mp1/rcc/reset_flags", test_reset_flags);
    qtest_add_func("stm32mp1/rcc/watchdog_action", test_watchdog_action);
    qtest_add_func("stm32mp1/rcc/fault_not_ready", test_fault_not_ready);
    qtest_add_func("stm32mp1/rcc/fault_pll", test_fault_pll);
    qtest_add_func("stm32mp1/rcc/protection", test_protection);
    return g_test_run();
}
