/*
 * QTest testcase for what stands between the bus and a block of the STM32MP157
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Of every block: what it does without its clock, and what becomes of accesses
 * of less than 32 bits.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define RCC             0x50000000
#define MP_APB4ENSETR   (RCC + 0x200)
#define MP_APB5ENSETR   (RCC + 0x208)
#define MP_AHB5ENSETR   (RCC + 0x210)
#define MP_AHB6ENSETR   (RCC + 0x218)
#define MP_APB1ENSETR   (RCC + 0xa00)
#define MP_APB2ENSETR   (RCC + 0xa08)
#define MP_APB3ENSETR   (RCC + 0xa10)
#define MP_AHB2ENSETR   (RCC + 0xa18)
#define MP_AHB3ENSETR   (RCC + 0xa20)
#define MP_AHB4ENSETR   (RCC + 0xa28)
#define MC_APB1ENSETR   (RCC + 0xa80)
#define DBGCFGR         (RCC + 0x80c)
#define CLRR(setr)      ((setr) + 4)
#define MC_OF(setr)     ((setr) + 0x80)

/* What becomes of an access of a byte or a half-word */
typedef enum Access {
    COPIES,     /* a write goes to each lane of the word, a read is a part */
    LANES,      /* it is one of just these bytes */
    IGNORED,
    ERROR,      /* and the bus says so */
} Access;

typedef struct Block {
    const char *name;
    uint32_t addr;
    Access access;
    uint32_t setr;      /* enables its clock, 0: always on */
    uint8_t bit;
    uint32_t offset;    /* a register that keeps the bits of mask */
    uint32_t mask;
} Block;

#define TIM(n, addr, bit, mask) \
    { "tim" #n, addr, COPIES, MP_APB1ENSETR, bit, 0x34, mask }
#define USART(name, addr, setr, bit) \
    { name, addr, COPIES, setr, bit, 0x14, 0xffffffff }
#define I2C(name, addr, setr, bit) \
    { name, addr, COPIES, setr, bit, 0x10, 0xf0ffffff }
#define GPIO(name, addr, setr, bit) \
    { name, addr, LANES, setr, bit, 0x08, 0xffffffff }

static const Block blocks[] = {
    TIM(2, 0x40000000, 0, 0xffffffff), TIM(3, 0x40001000, 1, 0xffff),
    TIM(4, 0x40002000, 2, 0xffff), TIM(5, 0x40003000, 3, 0xffffffff),
    TIM(12, 0x40006000, 6, 0xffff), TIM(13, 0x40007000, 7, 0xffff),
    TIM(14, 0x40008000, 8, 0xffff),
    { "tim6", 0x40004000, COPIES, MP_APB1ENSETR, 4, 0x28, 0xffff },
    { "tim7", 0x40005000, COPIES, MP_APB1ENSETR, 5, 0x28, 0xffff },
    { "wwdg1", 0x4000a000, COPIES, MC_APB1ENSETR, 28, 0x04, 0x387f },
    USART("usart2", 0x4000e000, MP_APB1ENSETR, 14),
    USART("usart3", 0x4000f000, MP_APB1ENSETR, 15),
    USART("uart4", 0x40010000, MP_APB1ENSETR, 16),
    USART("uart5", 0x40011000, MP_APB1ENSETR, 17),
    USART("usart6", 0x44003000, MP_APB2ENSETR, 13),
    USART("uart7", 0x40018000, MP_APB1ENSETR, 18),
    USART("uart8", 0x40019000, MP_APB1ENSETR, 19),
    USART("usart1", 0x5c000000, MP_APB5ENSETR, 4),
    I2C("i2c1", 0x40012000, MP_APB1ENSETR, 21),
    I2C("i2c2", 0x40013000, MP_APB1ENSETR, 22),
    I2C("i2c3", 0x40014000, MP_APB1ENSETR, 23),
    I2C("i2c5", 0x40015000, MP_APB1ENSETR, 24),
    I2C("i2c4", 0x5c002000, MP_APB5ENSETR, 2),
    I2C("i2c6", 0x5c009000, MP_APB5ENSETR, 3),
    GPIO("gpioa", 0x50002000, MP_AHB4ENSETR, 0),
    GPIO("gpiob", 0x50003000, MP_AHB4ENSETR, 1),
    GPIO("gpioc", 0x50004000, MP_AHB4ENSETR, 2),
    GPIO("gpiod", 0x50005000, MP_AHB4ENSETR, 3),
    GPIO("gpioe", 0x50006000, MP_AHB4ENSETR, 4),
    GPIO("gpiof", 0x50007000, MP_AHB4ENSETR, 5),
    GPIO("gpiog", 0x50008000, MP_AHB4ENSETR, 6),
    GPIO("gpioh", 0x50009000, MP_AHB4ENSETR, 7),
    GPIO("gpioi", 0x5000a000, MP_AHB4ENSETR, 8),
    GPIO("gpioj", 0x5000b000, MP_AHB4ENSETR, 9),
    GPIO("gpiok", 0x5000c000, MP_AHB4ENSETR, 10),
    GPIO("gpioz", 0x54004000, MP_AHB5ENSETR, 0),
    { "hsem", 0x4c000000, ERROR, MP_AHB3ENSETR, 11, 0x100, 0xffffffff },
    { "ipcc", 0x4c001000, IGNORED, MP_AHB3ENSETR, 12, 0x00, 0x00010001 },
    { "rng2", 0x4c003000, ERROR, MP_AHB3ENSETR, 6, 0x00, 0x2c },
    { "rng1", 0x54003000, ERROR, MP_AHB5ENSETR, 6, 0x00, 0x2c },
    { "rcc", RCC, LANES, 0, 0, 0x41c, 0x013fffff },
    { "pwr", 0x50001000, LANES, 0, 0, 0x00, 0x000701f7 },
    { "exti", 0x5000d000, IGNORED, 0, 0, 0x60, 0xffffffff },
    { "syscfg", 0x50020000, COPIES, MP_APB3ENSETR, 11, 0x1c, 0x7ff },
    { "vrefbuf", 0x50025000, COPIES, MP_APB3ENSETR, 13, 0x04, 0x3f },
    { "dbgmcu", 0x50081000, COPIES, DBGCFGR, 8, 0x04, 0xffffffff },
    { "iwdg1", 0x5c003000, COPIES, MP_APB5ENSETR, 15, 0x08, 0 },
    { "iwdg2", 0x5a002000, COPIES, MP_APB4ENSETR, 15, 0x08, 0 },
    { "rtc", 0x5c004000, COPIES, MP_APB5ENSETR, 8, 0x20, 0xe00f },
    { "tamp", 0x5c00a000, COPIES, MP_APB5ENSETR, 8, 0x110, 0xffffffff },
    { "etzpc", 0x5c007000, COPIES, MP_APB5ENSETR, 13, 0x10, 0xffffffff },
    { "bsec", 0x5c005000, COPIES, MP_APB5ENSETR, 16, 0xb4, 0xffffffff },
};

static void enable(QTestState *qts, const Block *b, bool on)
{
    if (b->setr == DBGCFGR) {
        qtest_writel(qts, DBGCFGR, on << b->bit);
    } else if (b->setr) {
        qtest_writel(qts, on ? b->setr : CLRR(b->setr), BIT(b->bit));
    }
}

/* A pattern whose bytes differ, with a bit of each byte that there is */
static uint32_t pattern(const Block *b)
{
    return 0x87654321 & b->mask;
}

/* Whether a block says which version of it this is */
static bool has_version(const Block *b)
{
    return strncmp(b->name, "gpio", 4) && strncmp(b->name, "tim", 3) &&
           strcmp(b->name, "bsec") && strcmp(b->name, "dbgmcu") &&
           strcmp(b->name, "vrefbuf");
}

/* Without its clock a block reads 0, ignores writes, and keeps what it had. */
static void test_clock(const void *data)
{
    const Block *b = data;
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);
    uint64_t reg = b->addr + b->offset;
    uint64_t id = b->addr + 0x3f4;
    uint32_t version;
    g_autofree char *expected =
        g_strdup_printf("%s: read of 0x%03x while its clock is not enabled in "
                        "the RCC\n", b->name, b->offset);
    g_autofree char *twice = g_strconcat(expected, expected, NULL);

    stm32mp1_enable_clocks(qts);
    enable(qts, b, true);
    version = has_version(b) ? qtest_readl(qts, id) : 0;
    if (b->mask) {
        qtest_writel(qts, reg, pattern(b));
    }
    g_assert_cmphex(qtest_readl(qts, reg) & b->mask, ==, pattern(b));
    stm32mp1_check_log(file, "");

    enable(qts, b, false);
    g_assert_cmphex(qtest_readl(qts, reg), ==, 0);
    g_assert_cmphex(qtest_readl(qts, id), ==, 0);
    g_assert_cmphex(qtest_readw(qts, reg + 2), ==, 0);
    g_assert_cmphex(qtest_readb(qts, reg + 1), ==, 0);
    qtest_writel(qts, reg, 0);
    qtest_writel(qts, reg, b->mask);
    stm32mp1_check_log(file, expected);
    enable(qts, b, true);
    g_assert_cmphex(qtest_readl(qts, reg) & b->mask, ==, pattern(b));
    if (has_version(b)) {
        g_assert_cmphex(version, !=, 0);
        g_assert_cmphex(qtest_readl(qts, id), ==, version);
    }
    stm32mp1_check_log(file, expected);

    /* It says so once each time that the clock is off. */
    enable(qts, b, false);
    qtest_readl(qts, reg);
    qtest_writel(qts, reg, 0);
    stm32mp1_check_log(file, twice);
    unlink(file);
    qtest_quit(qts);
}

/* A clock that either processor has enabled runs. */
static void test_either(const void *data)
{
    const Block *b = data;
    QTestState *qts = qtest_init(STM32MP1_MACHINE);
    uint64_t reg = b->addr + b->offset;
    uint32_t mc = MC_OF(b->setr);

    qtest_writel(qts, CLRR(b->setr), BIT(b->bit));
    g_assert_cmphex(qtest_readl(qts, reg), ==, 0);
    qtest_writel(qts, mc, BIT(b->bit));
    qtest_writel(qts, reg, pattern(b));
    g_assert_cmphex(qtest_readl(qts, reg) & b->mask, ==, pattern(b));
    qtest_writel(qts, b->setr, BIT(b->bit));
    qtest_writel(qts, CLRR(mc), BIT(b->bit));
    g_assert_cmphex(qtest_readl(qts, reg) & b->mask, ==, pattern(b));
    qtest_writel(qts, CLRR(b->setr), BIT(b->bit));
    g_assert_cmphex(qtest_readl(qts, reg), ==, 0);
    qtest_quit(qts);
}

/* What a register has after a write of @size bytes at @offset in it */
static uint32_t after(const Block *b, uint32_t old, unsigned size,
                      unsigned offset, uint32_t value)
{
    uint32_t new = old;

    switch (b->access) {
    case COPIES:
        new = size == 1 ? value * 0x01010101 : value * 0x00010001;
        break;
    case LANES:
        new = deposit32(old, 8 * offset, 8 * size, value);
        break;
    default:
        break;
    }
    return (old & ~b->mask) | (new & b->mask);
}

static void test_width(const void *data)
{
    const Block *b = data;
    QTestState *qts = stm32mp1_init();
    uint64_t reg = b->addr + b->offset;
    uint64_t id = b->addr + (b->addr == RCC ? 0xffc : 0x3fc);
    uint32_t old, value;
    unsigned size, i;

    enable(qts, b, true);
    value = qtest_readl(qts, id);
    for (i = 0; i < 4; i++) {
        uint32_t byte = b->access < IGNORED ? extract32(value, 8 * i, 8) : 0;

        g_assert_cmphex(qtest_readb(qts, id + i), ==, byte);
    }
    for (i = 0; i < 4; i += 2) {
        uint32_t half = b->access < IGNORED ? extract32(value, 8 * i, 16) : 0;

        g_assert_cmphex(qtest_readw(qts, id + i), ==, half);
    }

    for (size = 1; b->mask && size <= 2; size++) {
        for (i = 0; i < 4; i += size) {
            qtest_writel(qts, reg, pattern(b));
            old = qtest_readl(qts, reg);
            if (size == 1) {
                qtest_writeb(qts, reg + i, 0x6d);
            } else {
                qtest_writew(qts, reg + i, 0x6d95);
            }
            g_assert_cmphex(qtest_readl(qts, reg), ==,
                            after(b, old, size, i, size == 1 ? 0x6d : 0x6d95));
        }
    }
    qtest_quit(qts);
}

/* What counts or talks stands still without its clock. */
static void test_timer(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, MP_APB1ENSETR, BIT(1) | BIT(15));
    qtest_writel(qts, 0x40001028, 0);
    qtest_writel(qts, 0x40001000, 1);
    qtest_clock_step(qts, 1000);
    g_assert_cmpint(qtest_readl(qts, 0x40001024), ==, 208);
    qtest_writel(qts, CLRR(MP_APB1ENSETR), BIT(1));
    qtest_clock_step(qts, 1000000);
    g_assert_cmpint(qtest_readl(qts, 0x40001024), ==, 0);
    qtest_writel(qts, MC_APB1ENSETR, BIT(1));
    g_assert_cmpint(qtest_readl(qts, 0x40001024), ==, 208);
    qtest_clock_step(qts, 1000);
    g_assert_cmpint(qtest_readl(qts, 0x40001024), ==, 416);
    qtest_quit(qts);
}

/* IWDG counts LSI, whether its registers can be reached or not. */
static void test_watchdog_goes_on(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, MP_APB4ENSETR, BIT(15));
    qtest_writel(qts, 0x5a002000, 0xcccc);
    qtest_writel(qts, CLRR(MP_APB4ENSETR), BIT(15));
    qtest_writel(qts, 0x5a002000, 0xaaaa);
    /* 4096 * 512 cycles of 32 kHz and no more */
    qtest_clock_step(qts, 80ll * 1000 * 1000 * 1000);
    qtest_qmp_eventwait(qts, "RESET");
    g_assert_cmphex(qtest_readl(qts, RCC + 0x408), ==, 0x214);
    qtest_quit(qts);
}

/* A restored machine has the same clocks. */
static void test_migration(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, MC_APB1ENSETR, BIT(1));
    qtest_writel(qts, 0x40001000, 1);
    qtest_writel(qts, CLRR(MP_APB1ENSETR), BIT(16));
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, 0x40001000), ==, 1);
    g_assert_cmphex(qtest_readl(qts, 0x40010000), ==, 0);
    g_assert_cmphex(qtest_readl(qts, 0x40002000 + 0x2c), ==, 0);
    qtest_writel(qts, CLRR(MC_APB1ENSETR), BIT(1));
    g_assert_cmphex(qtest_readl(qts, 0x40001000), ==, 0);
    qtest_writel(qts, MP_APB1ENSETR, BIT(16) | BIT(2));
    g_assert_cmphex(qtest_readl(qts, 0x40010000), !=, 0);
    g_assert_cmphex(qtest_readl(qts, 0x40002000 + 0x2c), ==, 0xffff);
    qtest_quit(qts);
}

static void add(const Block *b, const char *group,
                void (*test)(const void *data))
{
    g_autofree char *path = g_strdup_printf("stm32mp1/gate/%s/%s", group,
                                            b->name);

    qtest_add_data_func(path, b, test);
}

/* Blocks that know widths of accesses themselves: a register, and a value */
static const struct {
    const char *name;
    uint32_t addr;
    uint32_t setr;
    uint8_t bit;
    uint32_t value;
} others[] = {
    { "tim1", 0x44000028, MP_APB2ENSETR, 0, 0x1234 },
    { "tim8", 0x44001028, MP_APB2ENSETR, 1, 0x1234 },
    { "tim15", 0x44006028, MP_APB2ENSETR, 2, 0x1234 },
    { "tim16", 0x44007028, MP_APB2ENSETR, 3, 0x1234 },
    { "tim17", 0x44008028, MP_APB2ENSETR, 4, 0x1234 },
    { "lptim1", 0x40009008, MP_APB1ENSETR, 9, 0x1 },
    { "lptim2", 0x50021008, MP_APB3ENSETR, 0, 0x1 },
    { "lptim3", 0x50022008, MP_APB3ENSETR, 1, 0x1 },
    { "lptim4", 0x50023008, MP_APB3ENSETR, 2, 0x1 },
    { "lptim5", 0x50024008, MP_APB3ENSETR, 3, 0x1 },
    { "spi1", 0x44004004, MP_APB2ENSETR, 8, 0x1234 },
    { "spi2", 0x4000b004, MP_APB1ENSETR, 11, 0x1234 },
    { "spi3", 0x4000c004, MP_APB1ENSETR, 12, 0x1234 },
    { "spi4", 0x44005004, MP_APB2ENSETR, 9, 0x1234 },
    { "spi5", 0x44009004, MP_APB2ENSETR, 10, 0x1234 },
    { "spi6", 0x5c001004, MP_APB5ENSETR, 0, 0x1234 },
    { "fdcan1", 0x4400e054, MP_APB2ENSETR, 24, 0x3 },
    { "fdcan2", 0x4400f054, MP_APB2ENSETR, 24, 0x3 },
    { "quadspi", 0x58003010, MP_AHB6ENSETR, 14, 0x1234 },
    { "adc", 0x48003004, MP_AHB2ENSETR, 5, 0x1 },
    { "dac", 0x40017008, MP_APB1ENSETR, 29, 0x123 },
    { "crc1", 0x58009004, MP_AHB6ENSETR, 20, 0x12345678 },
    { "crc2", 0x4c004004, MP_AHB3ENSETR, 7, 0x12345678 },
    { "dma1", 0x48000018, MP_AHB2ENSETR, 0, 0x12345678 },
    { "dma2", 0x48001018, MP_AHB2ENSETR, 1, 0x12345678 },
    { "dmamux1", 0x48002000, MP_AHB2ENSETR, 2, 0x25 },
    { "mdma", 0x58000058, MP_AHB6ENSETR, 0, 0x12345678 },
    { "hash1", 0x54002020, MP_AHB5ENSETR, 5, 0x3 },
    { "hash2", 0x4c002020, MP_AHB3ENSETR, 5, 0x3 },
    { "cryp1", 0x54001014, MP_AHB5ENSETR, 4, 0x3 },
    { "cryp2", 0x4c005014, MP_AHB3ENSETR, 4, 0x3 },
    { "sdmmc1", 0x58005008, MP_AHB6ENSETR, 16, 0x12345678 },
    { "sdmmc2", 0x58007008, MP_AHB6ENSETR, 17, 0x12345678 },
    { "sdmmc3", 0x48004008, MP_AHB2ENSETR, 16, 0x12345678 },
    { "eth", 0x5800a304, MP_AHB6ENSETR, 10, 0x12345678 },
};

static void test_others(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        uint32_t addr = others[i].addr, value = others[i].value;

        g_test_message("%s", others[i].name);
        qtest_writel(qts, addr, value);
        g_assert_cmphex(qtest_readl(qts, addr), ==, value);
        qtest_writel(qts, CLRR(others[i].setr), BIT(others[i].bit));
        g_assert_cmphex(qtest_readl(qts, addr), ==, 0);
        qtest_writel(qts, addr, 0);
        qtest_writel(qts, others[i].setr, BIT(others[i].bit));
        g_assert_cmphex(qtest_readl(qts, addr), ==, value);
    }
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    int i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(blocks); i++) {
        const Block *b = &blocks[i];

        add(b, "width", test_width);
        if (b->setr) {
            add(b, "clock", test_clock);
        }
        if (b->setr && b->mask && b->setr != MC_APB1ENSETR &&
            b->setr != DBGCFGR && strncmp(b->name, "iwdg", 4)) {
            add(b, "either", test_either);
        }
    }
    qtest_add_func("stm32mp1/gate/timer", test_timer);
    qtest_add_func("stm32mp1/gate/watchdog_goes_on", test_watchdog_goes_on);
    qtest_add_func("stm32mp1/gate/migration", test_migration);
    qtest_add_func("stm32mp1/gate/others", test_others);
    return g_test_run();
}
