/*
 * QTest for the STM32MP1 TrustZone address space controller
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The registers, and by DMA1 that what they say is kept to. qtest itself is
 * like a debugger, which may do everything.
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define TZC             0x5c006000
#define BUILD_CONFIG    (TZC + 0x000)
#define ACTION          (TZC + 0x004)
#define GATE_KEEPER     (TZC + 0x008)
#define SPECULATION     (TZC + 0x00c)
#define INT_STATUS      (TZC + 0x010)
#define INT_CLEAR       (TZC + 0x014)
#define FAIL_ADDRESS(f) (TZC + 0x020 + 0x10 * (f))
#define FAIL_CONTROL(f) (TZC + 0x028 + 0x10 * (f))
#define BASE_LOW(n)     (TZC + 0x100 + 0x20 * (n))
#define BASE_HIGH(n)    (TZC + 0x104 + 0x20 * (n))
#define TOP_LOW(n)      (TZC + 0x108 + 0x20 * (n))
#define ATTRIBUTES(n)   (TZC + 0x110 + 0x20 * (n))
#define ID_ACCESS(n)    (TZC + 0x114 + 0x20 * (n))

#define NUM_REGIONS     9
#define S_READ          0x40000000u
#define S_WRITE         0x80000000u
#define FILTERS         3
#define NSAID_DMA       6

#define FAIL_NON_SECURE (1u << 21)
#define FAIL_WRITE      (1u << 24)

#define DDR             0xc0000000
#define SECURE          0xde000000
#define SRAM            0x10000000
#define RETRAM          0x38000000
#define MP_GCR          0x5000010c

/* A secure firmware and a kernel that do nothing */
static const uint32_t spin[] = { 0xe320f003, 0xeafffffd };

static char *kernel_path;
static char *firmware_path;

/*
 * Both wait for an address at SRAM, and copy the word that is there to SRAM + 4:
 * r0 = SRAM; do r1 = [r0]; until r1 != 0; [r0 + 4] = [r1]; [r0] = 0; again.
 */
static const uint32_t a7_program[] = {
    0xe3a00201, 0xe5901000, 0xe3510000, 0x0afffffc, 0xe5912000,
    0xe5802004, 0xe3b02000, 0xe5802000, 0xf57ff04f, 0xeafffff6,
};
static const uint32_t m4_program[] = {
    0x10040000, 0x00000009, /* stack pointer, start: its vector table */
    0x5080f04f, 0x29006801, 0x680ad0fc, 0x22006042, 0xf3bf6002, 0xe7f58f4f,
};

static const char *accel = "";

static QTestState *start_secure(const uint32_t *firmware, size_t size)
{
    QTestState *qts;

    firmware_path = stm32mp1_kernel_file(firmware, size);
    kernel_path = stm32mp1_kernel_file(spin, sizeof(spin));
    qts = qtest_initf("-M stm32mp157c-dk2,secure-firmware=%s -kernel %s %s",
                      firmware_path, kernel_path, accel);
    stm32mp1_enable_clocks(qts);
    return qts;
}

static void end_secure(QTestState *qts)
{
    qtest_quit(qts);
    unlink(firmware_path);
    unlink(kernel_path);
    g_free(firmware_path);
    g_free(kernel_path);
}

static void test_identification(void)
{
    static const uint8_t id[] = { 0x0d, 0xf0, 0x05, 0xb1 };
    QTestState *qts = stm32mp1_init();

    for (int i = 0; i < 4; i++) {
        stm32mp1_check_readonly(qts, TZC + 0xff0 + 4 * i, id[i]);
        /* OP-TEE reads bytes. */
        g_assert_cmphex(qtest_readb(qts, TZC + 0xff0 + 4 * i), ==, id[i]);
    }
    stm32mp1_check_readonly(qts, TZC + 0xfe0, 0x60);
    stm32mp1_check_readonly(qts, TZC + 0xfe4, 0xb4);
    /* 2 filters, 32 bits of address, 9 regions */
    stm32mp1_check_readonly(qts, BUILD_CONFIG, 0x01001f08);
    qtest_quit(qts);
}

static void test_registers(void)
{
    QTestState *qts = stm32mp1_init();

    stm32mp1_check_mask(qts, ACTION, 3);
    stm32mp1_check_mask(qts, SPECULATION, 3);
    qtest_writel(qts, GATE_KEEPER, 0);
    g_assert_cmphex(qtest_readl(qts, GATE_KEEPER), ==, 0);
    qtest_writel(qts, GATE_KEEPER, 2);
    g_assert_cmphex(qtest_readl(qts, GATE_KEEPER), ==, 0x00020002);
    stm32mp1_check_readonly(qts, INT_STATUS, 0);
    /* Region 0 is everywhere. */
    stm32mp1_check_readonly(qts, BASE_LOW(0), 0);
    stm32mp1_check_readonly(qts, TOP_LOW(0), 0xffffffff);
    qtest_writel(qts, ATTRIBUTES(0), 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(0)), ==,
                    S_READ | S_WRITE | FILTERS);
    qtest_writel(qts, ATTRIBUTES(0), 0);
    g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(0)), ==, FILTERS);
    for (int n = 1; n < NUM_REGIONS; n++) {
        qtest_writel(qts, BASE_LOW(n), 0x12345678);
        g_assert_cmphex(qtest_readl(qts, BASE_LOW(n)), ==, 0x12345000);
        qtest_writel(qts, TOP_LOW(n), 0x23456789);
        g_assert_cmphex(qtest_readl(qts, TOP_LOW(n)), ==, 0x23456fff);
        qtest_writel(qts, ATTRIBUTES(n), 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(n)), ==,
                        S_READ | S_WRITE | FILTERS);
        stm32mp1_check_mask(qts, ID_ACCESS(n), 0xffffffff);
        stm32mp1_check_readonly(qts, BASE_HIGH(n), 0);
    }
    stm32mp1_check_any_access(qts, TZC);
    qtest_quit(qts);
}

/* What the first-stage boot loader leaves, without and with a secure world */
static void test_reset(void)
{
    QTestState *qts = stm32mp1_init();

    g_assert_cmphex(qtest_readl(qts, ACTION), ==, 2);
    g_assert_cmphex(qtest_readl(qts, GATE_KEEPER), ==, 0x00030003);
    g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(0)), ==, FILTERS);
    g_assert_cmphex(qtest_readl(qts, BASE_LOW(1)), ==, DDR);
    g_assert_cmphex(qtest_readl(qts, TOP_LOW(1)), ==, DDR + 0x1fffffff);
    g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(1)), ==, FILTERS);
    g_assert_cmphex(qtest_readl(qts, ID_ACCESS(1)), ==, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(2)), ==, 0);
    qtest_quit(qts);

    qts = start_secure(spin, sizeof(spin));
    for (int i = 0; i < 2; i++) {
        g_assert_cmphex(qtest_readl(qts, BASE_LOW(1)), ==, DDR);
        g_assert_cmphex(qtest_readl(qts, TOP_LOW(1)), ==, SECURE - 1);
        g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(1)), ==, FILTERS);
        g_assert_cmphex(qtest_readl(qts, ID_ACCESS(1)), ==, 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, BASE_LOW(2)), ==, SECURE);
        g_assert_cmphex(qtest_readl(qts, TOP_LOW(2)), ==, SECURE + 0x1ffffff);
        g_assert_cmphex(qtest_readl(qts, ATTRIBUTES(2)), ==,
                        S_READ | S_WRITE | FILTERS);
        g_assert_cmphex(qtest_readl(qts, ID_ACCESS(2)), ==, 0);
        /* The firmware is loaded again with each reset. */
        g_assert_cmphex(qtest_readl(qts, SECURE), ==, spin[0]);
        qtest_writel(qts, SECURE, 0);
        qtest_writel(qts, ID_ACCESS(2), 0x1234);
        stm32mp1_system_reset(qts);
    }
    end_secure(qts);
}

static void set_region(QTestState *qts, int n, uint32_t base, uint32_t size,
                       uint32_t attributes, uint32_t id_access)
{
    qtest_writel(qts, ATTRIBUTES(n), 0);
    qtest_writel(qts, BASE_LOW(n), base);
    qtest_writel(qts, TOP_LOW(n), base + size - 1);
    qtest_writel(qts, ID_ACCESS(n), id_access);
    qtest_writel(qts, ATTRIBUTES(n), attributes);
}

/* A region amid the normal world's, which is around it but not in it */
static void set_inner_region(QTestState *qts, uint32_t base, uint32_t size,
                             uint32_t attributes, uint32_t id_access)
{
    set_region(qts, 1, DDR, base - DDR, FILTERS, UINT32_MAX);
    set_region(qts, 3, base, size, attributes, id_access);
    set_region(qts, 4, base + size, SECURE - base - size, FILTERS, UINT32_MAX);
}

/* Where a master may read, write, both, neither */
static void test_permissions(void)
{
    static const struct {
        uint32_t id_access;
        bool reads;
        bool writes;
    } table[] = {
        { 0, false, false },
        { 1u << NSAID_DMA, true, false },
        { 1u << (16 + NSAID_DMA), false, true },
        { 1u << NSAID_DMA | 1u << (16 + NSAID_DMA), true, true },
        /* all others */
        { ~(1u << NSAID_DMA | 1u << (16 + NSAID_DMA)), false, false },
    };
    QTestState *qts = start_secure(spin, sizeof(spin));
    uint32_t at = DDR + 0x8000000;

    for (int i = 0; i < ARRAY_SIZE(table); i++) {
        /* A bus without errors reads 0, and ignores writes. */
        set_inner_region(qts, at, 0x1000, FILTERS, table[i].id_access);
        qtest_writel(qts, at + 8, 0x600dbeef);
        qtest_writel(qts, SRAM, 0xdeadbeef);
        g_assert_true(stm32mp1_copy_by_dma(qts, at + 8, SRAM));
        g_assert_cmphex(qtest_readl(qts, SRAM), ==,
                        table[i].reads ? 0x600dbeef : 0);
        g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==,
                        table[i].reads ? 0 : 2);
        qtest_writel(qts, INT_CLEAR, 3);

        qtest_writel(qts, SRAM, 0x12345678);
        g_assert_true(stm32mp1_copy_by_dma(qts, SRAM, at + 8));
        g_assert_cmphex(qtest_readl(qts, at + 8), ==,
                        table[i].writes ? 0x12345678 : 0x600dbeef);
        g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==,
                        table[i].writes ? 0 : 2);
        if (!table[i].writes) {
            g_assert_cmphex(qtest_readl(qts, FAIL_ADDRESS(1)), ==, at + 8);
            g_assert_cmphex(qtest_readl(qts, FAIL_CONTROL(1)) &
                            (FAIL_WRITE | FAIL_NON_SECURE), ==,
                            FAIL_WRITE | FAIL_NON_SECURE);
        }
        qtest_writel(qts, INT_CLEAR, 3);

        /* beside it, on both sides */
        g_assert_true(stm32mp1_copy_by_dma(qts, SRAM, at - 4));
        g_assert_cmphex(qtest_readl(qts, at - 4), ==, 0x12345678);
        g_assert_true(stm32mp1_copy_by_dma(qts, SRAM, at + 0x1000));
        g_assert_cmphex(qtest_readl(qts, at + 0x1000), ==, 0x12345678);
        g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0);
    }
    end_secure(qts);
}

/* Reach for the secure memory; the answer is what the TZC has to say. */
static void check_refused(QTestState *qts, uint32_t address)
{
    g_assert_cmphex(qtest_readl(qts, INT_STATUS) & 0xf, ==, 2);
    g_assert_cmphex(qtest_readl(qts, FAIL_ADDRESS(1)), ==, address);
    g_assert_cmphex(qtest_readl(qts, FAIL_CONTROL(1)) & FAIL_NON_SECURE, ==,
                    FAIL_NON_SECURE);
    qtest_writel(qts, INT_CLEAR, 3);
}

static void test_mdma(void)
{
    QTestState *qts = start_secure(spin, sizeof(spin));

    qtest_writel(qts, SECURE + 8, 0x5ec4e7);
    qtest_writel(qts, SRAM, 0xdeadbeef);
    stm32mp1_copy_by_mdma(qts, SECURE + 8, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0);
    check_refused(qts, SECURE + 8);
    qtest_writel(qts, SRAM, 0xdeadbeef);
    stm32mp1_copy_by_mdma(qts, SRAM, SECURE + 8);
    g_assert_cmphex(qtest_readl(qts, SECURE + 8), ==, 0x5ec4e7);
    check_refused(qts, SECURE + 8);
    stm32mp1_copy_by_mdma(qts, SRAM, SECURE - 4);
    g_assert_cmphex(qtest_readl(qts, SECURE - 4), ==, 0xdeadbeef);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0);
    end_secure(qts);
}

/* Ethernet, whose descriptors are looked for where they are said to be */
static void test_eth(void)
{
    enum {
        ETH = 0x5800a000, MACCR = ETH, DMACTXCR = ETH + 0x1104,
        DMACTXDLAR = ETH + 0x1114, DMACTXDTPR = ETH + 0x1120,
        DMACTXRLR = ETH + 0x112c, START = 1, TE = 2,
    };
    static const uint32_t rings[] = { SECURE + 0x100, DDR + 0x100 };
    QTestState *qts = start_secure(spin, sizeof(spin));

    for (int i = 0; i < ARRAY_SIZE(rings); i++) {
        qtest_writel(qts, DMACTXCR, 0);
        qtest_writel(qts, DMACTXDLAR, rings[i]);
        qtest_writel(qts, DMACTXRLR, 3);
        qtest_writel(qts, DMACTXCR, START);
        qtest_writel(qts, MACCR, TE);
        qtest_writel(qts, DMACTXDTPR, rings[i] + 32);
        if (rings[i] >= SECURE) {
            check_refused(qts, rings[i]);
        } else {
            g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0);
        }
    }
    end_secure(qts);
}

/* What becomes of an access that is refused: ACTION */
static void test_action(void)
{
    QTestState *qts = start_secure(spin, sizeof(spin));

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "tzc", "sysbus-irq");
    for (uint32_t action = 0; action < 4; action++) {
        qtest_writel(qts, ACTION, action);
        g_assert_true(stm32mp1_copy_by_dma(qts, SECURE, SRAM) == !(action & 1));
        g_assert_true(qtest_get_irq(qts, 0) == !!(action & 2));
        g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 2);
        /* Another one is noted as such, and no more of it. */
        stm32mp1_copy_by_dma(qts, SECURE + 0x100, SRAM);
        g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0x202);
        g_assert_cmphex(qtest_readl(qts, FAIL_ADDRESS(1)), ==, SECURE);
        qtest_writel(qts, INT_CLEAR, 1);
        g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0x202);
        qtest_writel(qts, INT_CLEAR, 2);
        g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0);
        g_assert_false(qtest_get_irq(qts, 0));
    }
    end_secure(qts);
}

static void test_gate(void)
{
    QTestState *qts = start_secure(spin, sizeof(spin));

    qtest_writel(qts, DDR + 0x100, 0x600dbeef);
    qtest_writel(qts, GATE_KEEPER, 1);
    stm32mp1_copy_by_dma(qts, DDR + 0x100, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0);
    qtest_writel(qts, GATE_KEEPER, 3);
    stm32mp1_copy_by_dma(qts, DDR + 0x100, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x600dbeef);
    end_secure(qts);
}

/* What is in two regions fails, whatever they allow. */
static void test_overlap(void)
{
    QTestState *qts = start_secure(spin, sizeof(spin));
    uint32_t at = DDR + 0x8000000;

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "tzc", "sysbus-irq");
    qtest_writel(qts, at, 0x600dbeef);
    qtest_writel(qts, at + 0x1000, 0x600dbeef);
    /* Set up alone, it is no more than that; and none of filter 0 matters. */
    set_region(qts, 3, at, 0x1000, 2, UINT32_MAX);
    set_region(qts, 4, at + 0x1000, 0x1000, 1, UINT32_MAX);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0);
    stm32mp1_copy_by_dma(qts, at - 4, SRAM);
    stm32mp1_copy_by_dma(qts, at + 0x1000, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x600dbeef);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0);

    stm32mp1_copy_by_dma(qts, at, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0x20002);
    g_assert_cmphex(qtest_readl(qts, FAIL_ADDRESS(1)), ==, at);
    g_assert_true(qtest_get_irq(qts, 0));
    /* As with any other, only the first one is kept. */
    stm32mp1_copy_by_dma(qts, SECURE, SRAM);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0x20202);
    qtest_writel(qts, INT_CLEAR, 2);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    stm32mp1_copy_by_dma(qts, SECURE, SRAM);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 2);
    qtest_writel(qts, INT_CLEAR, 2);

    /* Region 0 is under all of them. */
    set_region(qts, 3, 0, 0, 0, 0);
    stm32mp1_copy_by_dma(qts, at, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x600dbeef);
    end_secure(qts);
}

/* Let a core read a word. */
static uint32_t core_reads(QTestState *qts, uint32_t address)
{
    g_autoptr(GTimer) timer = g_timer_new();

    qtest_writel(qts, SRAM + 4, 0xdeadbeef);
    qtest_writel(qts, SRAM, address);
    while (qtest_readl(qts, SRAM)) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
    return qtest_readl(qts, SRAM + 4);
}

/* A core of the secure world, and the M4, which is of the other */
static void check_core(const uint32_t *firmware, size_t size, bool m4)
{
    uint32_t nsaid = 1u << (m4 ? 1 : 0), filter = m4 ? 1 : 0;
    uint32_t at = DDR + 0x8000000;
    QTestState *qts;

    accel = "-accel tcg";
    qts = start_secure(firmware, size);
    accel = "";
    if (m4) {
        qtest_memwrite(qts, RETRAM, m4_program, sizeof(m4_program));
        qtest_writel(qts, MP_GCR, 1);
    }
    qtest_writel(qts, at, 0x600dbeef);
    qtest_writel(qts, SECURE + 0x100000, 0x5ec4e7);
    /* An own region, the secure memory, and those of the other world */
    g_assert_cmphex(core_reads(qts, SECURE + 0x100000), ==, m4 ? 0 : 0x5ec4e7);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, m4 ? 1 << filter : 0);
    qtest_writel(qts, INT_CLEAR, 3);
    g_assert_cmphex(core_reads(qts, at), ==, m4 ? 0x600dbeef : 0);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, m4 ? 0 : 1 << filter);
    if (!m4) {
        g_assert_cmphex(qtest_readl(qts, FAIL_ADDRESS(0)), ==, at);
        g_assert_cmphex(qtest_readl(qts, FAIL_CONTROL(0)) & FAIL_NON_SECURE,
                        ==, 0);
    }
    qtest_writel(qts, INT_CLEAR, 3);
    /* For the secure world, and all of the other but the M4 */
    set_inner_region(qts, at, 0x1000, FILTERS | S_READ, ~nsaid);
    g_assert_cmphex(core_reads(qts, at), ==, m4 ? 0 : 0x600dbeef);
    end_secure(qts);
}

static void test_secure_a7(void)
{
    check_core(a7_program, sizeof(a7_program), false);
}

static void test_m4(void)
{
    check_core(spin, sizeof(spin), true);
}

#define GICD_CTLR       0xa0021000
#define GICD_SGIR       0xa0021f00
#define SGIR_TO_CORE_0  (1u << 16)
#define SGIR_TO_CORE_1  (1u << 17)
/* Interrupt 72, of a peripheral, for core 1 */
#define GICD_ISENABLER2 0xa0021108
#define GICD_ISPENDR2   0xa0021208
#define GICD_ITARGETSR18 0xa0021848
#define INTERRUPT_72    (1u << 8)
#define TAMP_BKP4R      0x5c00a110
#define TAMP_BKP5R      0x5c00a114
#define CORE_0_MAGIC    0xca7face0
#define CORE_1_MAGIC    0xca7face1
#define MP_GRSTCSETR    0x50000404
#define MPUP0RST        (1u << 4)
#define MPUP1RST        (1u << 5)
#define BR_RSTSCLRR     0x50000400
#define MP_RSTSCLRR     0x50000408
#define MPUP0RSTF       (1u << 13)
#define MPUP1RSTF       (1u << 14)
#define CORE_1_CODE     (SRAM + 0x200)
#define WRITE_CODE      (SRAM + 0x300)
#define HERE            (SRAM + 0x10)
#define COUNTER         (SRAM + 0x100)

/*
 * For core 0, which qtest is not: GIC-400 takes qtest for the normal world.
 * r0 = SRAM; do r1 = [r0]; until r1 != 0; [r1] = [r0 + 4]; [r0] = 0; again.
 */
static const uint32_t write_program[] = {
    0xe3a00201, 0xe5901000, 0xe3510000, 0x0afffffc, 0xe5902004,
    0xe5812000, 0xe3b02000, 0xe5802000, 0xf57ff04f, 0xeafffff6,
};

static void core_writes(QTestState *qts, uint32_t address, uint32_t value)
{
    g_autoptr(GTimer) timer = g_timer_new();

    qtest_writel(qts, SRAM + 4, value);
    qtest_writel(qts, SRAM, address);
    while (qtest_readl(qts, SRAM)) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

#define ETZPC           0x5c007000
#define TZMA(n)         (ETZPC + 4 * (n))
#define DECPROT(n)      (ETZPC + 0x10 + 4 * (n))
#define SYSRAM          0x2ffc0000
/* In SRAM2: its number among those of 16 fields of a register */
#define SRAM2           0x10020000
#define SRAM2_HIGH      0x30020000
#define SRAM2_FIELD     (81 % 16)

static void protect_sram2(QTestState *qts, uint32_t value)
{
    qtest_writel(qts, DECPROT(81 / 16), ~((3 - value) << 2 * SRAM2_FIELD));
}

/*
 * What the secure world sees of the internal memories, and the M4, which runs
 * in one that is its own. The other masters are in stm32mp1-etzpc-test.
 */
static void test_internal_memories(void)
{
    static const struct {
        bool secure_reads;
        bool secure_writes;
        bool m4_reads;
    } table[] = {
        { true, true, false }, { true, true, true }, { false, false, true },
        { true, true, true },
    };
    QTestState *qts;

    accel = "-accel tcg";
    qts = start_secure(a7_program, sizeof(a7_program));
    for (uint32_t value = 0; value < ARRAY_SIZE(table); value++) {
        protect_sram2(qts, value);
        qtest_writel(qts, SRAM2, 0x600dbeef);
        g_assert_cmphex(core_reads(qts, SRAM2), ==,
                        table[value].secure_reads ? 0x600dbeef : 0);
        g_assert_cmphex(core_reads(qts, SRAM2_HIGH), ==,
                        table[value].secure_reads ? 0x600dbeef : 0);
    }
    /* The ROM and SYSRAM are secure; part of them, if it wants. */
    g_assert_cmphex(qtest_readl(qts, TZMA(0)), ==, 0x3ff);
    g_assert_cmphex(qtest_readl(qts, TZMA(1)), ==, 0x3ff);
    qtest_writel(qts, SYSRAM, 0x5ec4e7);
    g_assert_cmphex(core_reads(qts, SYSRAM), ==, 0x5ec4e7);
    end_secure(qts);

    qts = start_secure(write_program, sizeof(write_program));
    for (uint32_t value = 0; value < ARRAY_SIZE(table); value++) {
        protect_sram2(qts, value);
        qtest_writel(qts, SRAM2, 0x600dbeef);
        core_writes(qts, SRAM2, 0x5ec4e7);
        g_assert_cmphex(qtest_readl(qts, SRAM2), ==,
                        table[value].secure_writes ? 0x5ec4e7 : 0x600dbeef);
    }
    end_secure(qts);

    qts = start_secure(spin, sizeof(spin));
    accel = "";
    qtest_memwrite(qts, RETRAM, m4_program, sizeof(m4_program));
    /* RETRAM, number 84, is the M4's alone from here on. */
    qtest_writel(qts, DECPROT(5), ~(1u << 2 * (84 % 16)));
    qtest_writel(qts, MP_GCR, 1);
    for (uint32_t value = 0; value < ARRAY_SIZE(table); value++) {
        qtest_writel(qts, DECPROT(5), ~((3 - value) << 2 * SRAM2_FIELD |
                                        1u << 2 * (84 % 16)));
        qtest_writel(qts, SRAM2, 0x600dbeef);
        g_assert_cmphex(core_reads(qts, SRAM2), ==,
                        table[value].m4_reads ? 0x600dbeef : 0);
    }
    qtest_writel(qts, SYSRAM, 0x5ec4e7);
    g_assert_cmphex(core_reads(qts, SYSRAM), ==, 0);
    qtest_writel(qts, TZMA(1), 0);
    g_assert_cmphex(core_reads(qts, SYSRAM), ==, 0x5ec4e7);
    end_secure(qts);
}

/* Counts at COUNTER */
static const uint32_t count_program[] = {
    0xe59f000c, 0xe5901000, 0xe2811001, 0xe5801000, 0xeafffffb, COUNTER,
};

/* Whether core 1 counts within the time that it may take, or a while */
static bool counts(QTestState *qts, bool wanted)
{
    g_autoptr(GTimer) timer = g_timer_new();
    uint32_t before = qtest_readl(qts, COUNTER);
    double limit = wanted ? STM32MP1_TIMEOUT_S : 0.3;

    while (g_timer_elapsed(timer, NULL) < limit) {
        if (qtest_readl(qts, COUNTER) != before) {
            return true;
        }
    }
    return false;
}

/* Whether it has come to rest: the reset of a core is not there at once. */
static bool rests(QTestState *qts)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while (g_timer_elapsed(timer, NULL) < STM32MP1_TIMEOUT_S) {
        if (!counts(qts, false)) {
            return true;
        }
    }
    return false;
}

/* Core 1 waits in the boot ROM, for an interrupt and the magic number. */
static void test_core_1(void)
{
    g_autofree char *arguments = NULL;
    QTestState *qts;

    accel = "-accel tcg";
    qts = start_secure(write_program, sizeof(write_program));
    accel = "";
    arguments = g_strdup_printf("-M stm32mp157c-dk2,secure-firmware=%s "
                                "-kernel %s -accel tcg", firmware_path,
                                kernel_path);
    qtest_memwrite(qts, CORE_1_CODE, count_program, sizeof(count_program));
    core_writes(qts, GICD_CTLR, 1);
    /* An address alone does not start it. */
    qtest_writel(qts, TAMP_BKP5R, CORE_1_CODE);
    core_writes(qts, GICD_SGIR, SGIR_TO_CORE_1 | 8);
    g_assert_false(counts(qts, false));
    qtest_writel(qts, TAMP_BKP4R, CORE_1_MAGIC);
    g_assert_false(counts(qts, false));
    /* It wakes up, but that is not for it. */
    core_writes(qts, GICD_ITARGETSR18, 2);
    core_writes(qts, GICD_ISENABLER2, INTERRUPT_72);
    core_writes(qts, GICD_ISPENDR2, INTERRUPT_72);
    g_assert_false(counts(qts, false));
    core_writes(qts, GICD_SGIR, SGIR_TO_CORE_1 | 8);
    g_assert_true(counts(qts, true));

    for (int i = 0; i < 3; i++) {
        qtest_writel(qts, MP_GRSTCSETR, MPUP1RST);
        g_assert_cmphex(qtest_readl(qts, BR_RSTSCLRR) & MPUP1RSTF, ==,
                        MPUP1RSTF);
        g_assert_true(rests(qts));
        qts = migrate_machine(qts, arguments);
        g_assert_false(counts(qts, false));
        core_writes(qts, GICD_SGIR, SGIR_TO_CORE_1 | 8);
        g_assert_true(counts(qts, true));
    }
    /* A reset of the system takes it back, too; the backup registers stay. */
    qtest_system_reset(qts);
    g_assert_true(rests(qts));
    end_secure(qts);
}

/*
 * Core 0, reset alone, waits in the boot ROM as core 1 does, and is not to
 * start the secure firmware once more. Core 1 writes in its place.
 */
static void test_core_0(void)
{
    /* Before write_program, so that one knows when core 1 has come there */
    static const uint32_t tell_program[] = { 0xe3a00201, 0xe5800010 };
    g_autoptr(GTimer) timer = g_timer_new();
    g_autofree char *arguments = NULL;
    QTestState *qts;

    accel = "-accel tcg";
    qts = start_secure(write_program, sizeof(write_program));
    accel = "";
    arguments = g_strdup_printf("-M stm32mp157c-dk2,secure-firmware=%s "
                                "-kernel %s -accel tcg", firmware_path,
                                kernel_path);
    qtest_memwrite(qts, CORE_1_CODE, count_program, sizeof(count_program));
    qtest_memwrite(qts, WRITE_CODE, tell_program, sizeof(tell_program));
    qtest_memwrite(qts, WRITE_CODE + sizeof(tell_program), write_program,
                   sizeof(write_program));
    core_writes(qts, GICD_CTLR, 1);
    qtest_writel(qts, TAMP_BKP5R, WRITE_CODE);
    qtest_writel(qts, TAMP_BKP4R, CORE_1_MAGIC);
    core_writes(qts, GICD_SGIR, SGIR_TO_CORE_1 | 8);
    while (!qtest_readl(qts, HERE)) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
    qtest_writel(qts, TAMP_BKP5R, CORE_1_CODE);

    for (int i = 0; i < 3; i++) {
        qtest_writel(qts, MP_GRSTCSETR, MPUP0RST);
        g_assert_cmphex(qtest_readl(qts, BR_RSTSCLRR) &
                        (MPUP0RSTF | MPUP1RSTF), ==, MPUP0RSTF);
        g_assert_cmphex(qtest_readl(qts, MP_RSTSCLRR) &
                        (MPUP0RSTF | MPUP1RSTF), ==, MPUP0RSTF);
        g_assert_true(rests(qts));
        qts = migrate_machine(qts, arguments);
        /* The magic number is core 1's. */
        qtest_writel(qts, TAMP_BKP4R, CORE_1_MAGIC);
        core_writes(qts, GICD_SGIR, SGIR_TO_CORE_0 | 8);
        g_assert_false(counts(qts, false));
        qtest_writel(qts, TAMP_BKP4R, CORE_0_MAGIC);
        g_assert_false(counts(qts, false));
        core_writes(qts, GICD_SGIR, SGIR_TO_CORE_0 | 8);
        g_assert_true(counts(qts, true));
    }
    /* A reset of the system is another thing. */
    qtest_system_reset(qts);
    g_assert_true(rests(qts));
    g_assert_cmphex(qtest_readl(qts, BR_RSTSCLRR) & MPUP0RSTF, ==, 0);
    core_writes(qts, COUNTER, 0x5ec4e7);
    g_assert_cmphex(qtest_readl(qts, COUNTER), ==, 0x5ec4e7);
    end_secure(qts);
}

/* Without a secure world nobody is refused anything. */
static void test_no_secure_world(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, SECURE, 0x600dbeef);
    g_assert_true(stm32mp1_copy_by_dma(qts, SECURE, SRAM));
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0x600dbeef);
    qtest_quit(qts);
}

static void test_migration(void)
{
    g_autofree char *arguments = NULL;
    QTestState *qts = start_secure(spin, sizeof(spin));
    uint32_t at = DDR + 0x8000000;

    arguments = g_strdup_printf("-M stm32mp157c-dk2,secure-firmware=%s "
                                "-kernel %s", firmware_path, kernel_path);
    set_inner_region(qts, at, 0x1000, FILTERS, 0);
    stm32mp1_copy_by_dma(qts, at, SRAM);
    qts = migrate_machine(qts, arguments);
    g_assert_cmphex(qtest_readl(qts, INT_STATUS), ==, 2);
    g_assert_cmphex(qtest_readl(qts, FAIL_ADDRESS(1)), ==, at);
    g_assert_cmphex(qtest_readl(qts, BASE_LOW(3)), ==, at);
    qtest_writel(qts, at, 0x600dbeef);
    stm32mp1_copy_by_dma(qts, at, SRAM);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 0);
    stm32mp1_copy_by_dma(qts, at + 0x1000, SRAM);
    end_secure(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/tzc/identification", test_identification);
    qtest_add_func("stm32mp1/tzc/registers", test_registers);
    qtest_add_func("stm32mp1/tzc/reset", test_reset);
    qtest_add_func("stm32mp1/tzc/permissions", test_permissions);
    qtest_add_func("stm32mp1/tzc/mdma", test_mdma);
    qtest_add_func("stm32mp1/tzc/eth", test_eth);
    qtest_add_func("stm32mp1/tzc/action", test_action);
    qtest_add_func("stm32mp1/tzc/gate", test_gate);
    qtest_add_func("stm32mp1/tzc/overlap", test_overlap);
    qtest_add_func("stm32mp1/tzc/secure_a7", test_secure_a7);
    qtest_add_func("stm32mp1/tzc/m4", test_m4);
    qtest_add_func("stm32mp1/tzc/core_0", test_core_0);
    qtest_add_func("stm32mp1/tzc/core_1", test_core_1);
    qtest_add_func("stm32mp1/tzc/internal_memories", test_internal_memories);
    qtest_add_func("stm32mp1/tzc/no_secure_world", test_no_secure_world);
    qtest_add_func("stm32mp1/tzc/migration", test_migration);
    return g_test_run();
}
