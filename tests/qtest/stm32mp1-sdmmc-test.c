/*
 * QTest for the STM32MP1 SDMMC, with QEMU's SD card in the slot
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "given-files.h"
#include "stm32mp1-util.h"

#define SDMMC1          0x58005000
#define SDMMC2          0x58007000
#define SDMMC3          0x48004000
#define POWER           0x00
#define CLKCR           0x04
#define ARGR            0x08
#define CMDR            0x0c
#define RESPCMDR        0x10
#define RESP1R          0x14
#define RESP2R          0x18
#define RESP4R          0x20
#define DTIMER          0x24
#define DLENR           0x28
#define DCTRL           0x2c
#define DCNTR           0x30
#define STAR            0x34
#define ICR             0x38
#define MASKR           0x3c
#define ACKTIMER        0x40
#define IDMACTRLR       0x50
#define IDMABSIZER      0x54
#define IDMABASER       0x58
#define IDMALAR         0x64
#define IDMABAR         0x68
#define FIFOR           0x80

#define POWER_ON        3
#define VSWITCH         (1u << 2)
#define VSWITCHEN       (1u << 3)
#define CMDTRANS        (1u << 6)
#define CMDSTOP         (1u << 7)
#define SHORT           (1u << 8)
#define SHORT_NO_CRC    (2u << 8)
#define LONG            (3u << 8)
#define CPSMEN          (1u << 12)
#define DTEN            (1u << 0)
#define DTDIR           (1u << 1)
#define BLOCK(log2)     ((log2) << 4)
#define FIFORST         (1u << 13)
#define IDMAEN          (1u << 0)
#define IDMABMODE       (1u << 1)
#define ABR             (1u << 29)
#define ULS             (1u << 30)
#define ULA             (1u << 31)

#define CTIMEOUT        (1u << 2)
#define DTIMEOUT        (1u << 3)
#define TXUNDERR        (1u << 4)
#define RXOVERR         (1u << 5)
#define CMDREND         (1u << 6)
#define CMDSENT         (1u << 7)
#define DATAEND         (1u << 8)
#define DABORT          (1u << 11)
#define DPSMACT         (1u << 12)
#define TXFIFOHE        (1u << 14)
#define RXFIFOHF        (1u << 15)
#define RXFIFOF         (1u << 17)
#define TXFIFOE         (1u << 18)
#define RXFIFOE         (1u << 19)
#define VSWEND          (1u << 25)
#define CKSTOP          (1u << 26)
#define IDMATE          (1u << 27)
#define IDMABTC         (1u << 28)

#define RCC_AHB6RSTSETR 0x50000198
#define RCC_AHB6RSTCLRR 0x5000019c
#define GPIOB_IDR       0x50003010
#define DETECT          (1u << 7)

#define DDR             0xc0000000
#define LIST            (DDR + 0x100000)
#define CARD_SIZE       (1024 * 1024)
#define SECTOR          512

static const uint64_t blocks[] = { SDMMC1, SDMMC2, SDMMC3 };

static uint32_t get(QTestState *qts, unsigned reg)
{
    return qtest_readl(qts, SDMMC1 + reg);
}

static void set(QTestState *qts, unsigned reg, uint32_t value)
{
    qtest_writel(qts, SDMMC1 + reg, value);
}

static uint8_t pattern(size_t i)
{
    return i * 7 + i / SECTOR;
}

/* The arguments of a machine with a card of a known pattern in @file */
static char *arguments(const char *file)
{
    return g_strdup_printf(STM32MP1_MACHINE
                           "-drive if=sd,format=raw,file=%s", file);
}

static char *make_card(void)
{
    g_autofree uint8_t *data = g_malloc(CARD_SIZE);

    for (size_t i = 0; i < CARD_SIZE; i++) {
        data[i] = pattern(i);
    }
    return write_file(data, CARD_SIZE);
}

/* Send a command and take the flags that come of it. */
static uint32_t command(QTestState *qts, unsigned index, uint32_t arg,
                        uint32_t flags)
{
    uint32_t star;

    set(qts, ARGR, arg);
    set(qts, CMDR, index | flags | CPSMEN);
    /* It is over at once. */
    g_assert_cmphex(get(qts, CMDR), ==, index | flags);
    star = get(qts, STAR);
    set(qts, ICR, star);
    return star;
}

/* Bring the card up as a driver does; it is then in the transfer state. */
static void bring_up(QTestState *qts)
{
    uint32_t rca;

    set(qts, POWER, POWER_ON);
    g_assert_cmphex(command(qts, 0, 0, 0), ==, CMDSENT);
    g_assert_cmphex(command(qts, 8, 0x1aa, SHORT), ==, CMDREND);
    g_assert_cmphex(get(qts, RESP1R), ==, 0x1aa);
    g_assert_cmphex(get(qts, RESPCMDR), ==, 8);
    do {
        g_assert_cmphex(command(qts, 55, 0, SHORT), ==, CMDREND);
        g_assert_cmphex(command(qts, 41, 0x40ff8000, SHORT_NO_CRC), ==,
                        CMDREND);
        g_assert_cmphex(get(qts, RESPCMDR), ==, 0x3f);
    } while (!(get(qts, RESP1R) & (1u << 31)));
    g_assert_cmphex(command(qts, 2, 0, LONG), ==, CMDREND);
    g_assert_cmphex(get(qts, RESPCMDR), ==, 0x3f);
    /* Manufacturer and name of QEMU's card, and no end bit */
    g_assert_cmphex(get(qts, RESP1R), ==, 0xaa585951);
    g_assert_cmphex(get(qts, RESP2R), ==, 0x454d5521);
    g_assert_cmphex(get(qts, RESP4R) & 1, ==, 0);
    g_assert_cmphex(command(qts, 3, 0, SHORT), ==, CMDREND);
    rca = get(qts, RESP1R) & 0xffff0000;
    g_assert_cmphex(command(qts, 7, rca, SHORT), ==, CMDREND);
}

static QTestState *start(char **file)
{
    g_autofree char *args = NULL;
    QTestState *qts;

    *file = make_card();
    args = arguments(*file);
    qts = qtest_init(args);
    stm32mp1_enable_clocks(qts);
    bring_up(qts);
    return qts;
}

static void end(QTestState *qts, char *file)
{
    qtest_quit(qts);
    unlink(file);
    g_free(file);
}

static void check_memory(QTestState *qts, uint64_t addr, size_t offset,
                         size_t size)
{
    g_autofree uint8_t *data = g_malloc(size);

    qtest_memread(qts, addr, data, size);
    for (size_t i = 0; i < size; i++) {
        g_assert_cmphex(data[i], ==, pattern(offset + i));
    }
}

static void test_registers(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++) {
        uint64_t base = blocks[i];

        stm32mp1_check_mask(qts, base + CLKCR, 0x003fd3ff);
        stm32mp1_check_mask(qts, base + ARGR, 0xffffffff);
        stm32mp1_check_mask(qts, base + DTIMER, 0xffffffff);
        stm32mp1_check_mask(qts, base + DLENR, 0x01ffffff);
        stm32mp1_check_mask(qts, base + MASKR, 0x17e6cfff);
        stm32mp1_check_mask(qts, base + ACKTIMER, 0x01ffffff);
        stm32mp1_check_mask(qts, base + IDMACTRLR, 0x3);
        stm32mp1_check_mask(qts, base + IDMABSIZER, 0x1ffe0);
        stm32mp1_check_mask(qts, base + IDMABASER, 0xfffffffc);
        stm32mp1_check_mask(qts, base + IDMALAR, 0xe000fffc);
        stm32mp1_check_mask(qts, base + IDMABAR, 0xfffffffc);
        stm32mp1_check_readonly(qts, base + RESPCMDR, 0);
        stm32mp1_check_readonly(qts, base + RESP1R, 0);
        stm32mp1_check_readonly(qts, base + DCNTR, 0);
        stm32mp1_check_readonly(qts, base + STAR, 0);
        g_assert_cmphex(qtest_readl(qts, base + ICR), ==, 0);
        stm32mp1_check_readonly(qts, base + 0x3f4, 0x20);
        stm32mp1_check_readonly(qts, base + 0x3f8, 0x00140022);
        stm32mp1_check_readonly(qts, base + 0x3fc, 0xa3c5dd01);
        stm32mp1_check_any_access(qts, base);
        g_assert_cmphex(qtest_readl(qts, base + STAR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + MASKR), ==, 0);
    }
    qtest_quit(qts);
}

/* Once on, only a reset of the block takes the power away. */
static void test_power(void)
{
    QTestState *qts = stm32mp1_init();

    set(qts, POWER, 2);
    g_assert_cmphex(get(qts, POWER), ==, 2);
    set(qts, CMDR, CPSMEN);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    set(qts, POWER, POWER_ON);
    set(qts, POWER, 0);
    g_assert_cmphex(get(qts, POWER), ==, POWER_ON);
    qtest_writel(qts, RCC_AHB6RSTSETR, 1u << 16);
    qtest_writel(qts, RCC_AHB6RSTCLRR, 1u << 16);
    g_assert_cmphex(get(qts, POWER), ==, 0);
    qtest_quit(qts);
}

/* No card: no response, and the pin that detects one is high. */
static void test_no_card(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "sdmmc1", "sysbus-irq");
    g_assert_cmphex(qtest_readl(qts, GPIOB_IDR) & DETECT, ==, DETECT);
    set(qts, POWER, POWER_ON);
    set(qts, MASKR, CTIMEOUT);
    set(qts, CMDR, 8 | SHORT | CPSMEN);
    g_assert_cmphex(get(qts, STAR), ==, CTIMEOUT);
    g_assert_true(qtest_get_irq(qts, 0));
    set(qts, ICR, CTIMEOUT);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static void test_detect(void)
{
    char *file;
    QTestState *qts = start(&file);

    g_assert_cmphex(qtest_readl(qts, GPIOB_IDR) & DETECT, ==, 0);
    stm32mp1_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, GPIOB_IDR) & DETECT, ==, 0);
    end(qts, file);
}

static void test_fifo_read(void)
{
    char *file;
    QTestState *qts = start(&file);

    set(qts, DLENR, SECTOR);
    set(qts, DCTRL, DTDIR | BLOCK(9));
    set(qts, ARGR, 3 * SECTOR);
    set(qts, CMDR, 17 | SHORT | CMDTRANS | CPSMEN);
    /* The FIFO is full and the card waits. */
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DPSMACT | RXFIFOHF |
                                        RXFIFOF);
    g_assert_cmpint(get(qts, DCNTR), ==, SECTOR);
    for (unsigned i = 0; i < SECTOR; i += 4) {
        uint32_t word = get(qts, FIFOR + i % 64);

        g_assert_cmphex(word & 0xff, ==, pattern(3 * SECTOR + i));
        g_assert_cmphex(word >> 24, ==, pattern(3 * SECTOR + i + 3));
        if (i == SECTOR - 32 - 4) {
            /* 8 words are left, and the end is not told yet. */
            g_assert_cmphex(get(qts, STAR), ==, CMDREND | DPSMACT | RXFIFOHF);
            g_assert_cmpint(get(qts, DCNTR), ==, 32);
        }
    }
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DATAEND);
    /* Nothing more comes. */
    g_assert_cmphex(get(qts, FIFOR), ==, 0);
    end(qts, file);
}

static void test_fifo_write(void)
{
    char *file;
    QTestState *qts = start(&file);
    uint8_t data[SECTOR];
    int fd;

    set(qts, DLENR, SECTOR);
    set(qts, DCTRL, BLOCK(9));
    set(qts, ARGR, 5 * SECTOR);
    set(qts, CMDR, 24 | SHORT | CMDTRANS | CPSMEN);
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DPSMACT | TXFIFOHE |
                                        TXFIFOE);
    for (unsigned i = 0; i < SECTOR; i += 4) {
        set(qts, FIFOR + i % 64, 0xcafe0000 + i);
    }
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DATAEND);
    g_assert_cmpint(get(qts, DCNTR), ==, 0);
    qtest_quit(qts);

    fd = open(file, O_RDONLY);
    g_assert_cmpint(pread(fd, data, SECTOR, 5 * SECTOR), ==, SECTOR);
    for (unsigned i = 0; i < SECTOR; i += 4) {
        g_assert_cmphex((uint32_t)ldl_le_p(data + i), ==, 0xcafe0000 + i);
    }
    g_assert_cmpint(pread(fd, data, 1, 6 * SECTOR), ==, 1);
    g_assert_cmphex(data[0], ==, pattern(6 * SECTOR));
    close(fd);
    unlink(file);
    g_free(file);
}

/* Without the IDMA it is through the FIFO. */
static void read_blocks(QTestState *qts, size_t sectors)
{
    set(qts, DLENR, sectors * SECTOR);
    set(qts, DCTRL, DTDIR | BLOCK(9));
    set(qts, ARGR, 0);
    set(qts, CMDR, 18 | SHORT | CMDTRANS | CPSMEN);
}

/* One buffer, with the interrupts of command and data */
static void test_idma_read(void)
{
    char *file;
    QTestState *qts = start(&file);

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "sdmmc1", "sysbus-irq");
    set(qts, IDMABASER, DDR);
    set(qts, IDMACTRLR, IDMAEN);
    set(qts, MASKR, DATAEND);
    read_blocks(qts, 16);
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DATAEND);
    g_assert_true(qtest_get_irq(qts, 0));
    check_memory(qts, DDR, 0, 16 * SECTOR);
    set(qts, ICR, DATAEND);
    g_assert_false(qtest_get_irq(qts, 0));
    /* The card sends until it is told to stop; nobody takes it. */
    g_assert_cmphex(command(qts, 12, 0, SHORT | CMDSTOP), ==, CMDREND);
    end(qts, file);
}

/* Memory of the secure world it does not reach: the TZC says so. */
static void test_idma_secure(void)
{
    static const uint32_t spin[] = { 0xe320f003, 0xeafffffd };
    const uint32_t secure = 0xde000000, int_status = 0x5c006010;
    const uint32_t fail_address = 0x5c006030;
    g_autofree char *kernel = stm32mp1_kernel_file(spin, sizeof(spin));
    g_autofree char *args = NULL;
    char *file = make_card();
    QTestState *qts;

    args = g_strdup_printf("-M stm32mp157c-dk2,secure-firmware=%s -kernel %s "
                           "-drive if=sd,format=raw,file=%s", kernel, kernel,
                           file);
    qts = qtest_init(args);
    stm32mp1_enable_clocks(qts);
    bring_up(qts);
    qtest_writel(qts, secure + 0x100, 0x5ec4e7);
    set(qts, IDMABASER, secure + 0x100);
    set(qts, IDMACTRLR, IDMAEN);
    read_blocks(qts, 1);
    g_assert_cmphex(qtest_readl(qts, secure + 0x100), ==, 0x5ec4e7);
    g_assert_cmphex(qtest_readl(qts, int_status) & 0xf, ==, 2);
    g_assert_cmphex(qtest_readl(qts, fail_address), ==, secure + 0x100);
    unlink(kernel);
    end(qts, file);
}

/* More than QEMU moves at once: the rest comes when time goes on. */
static void test_idma_long(void)
{
    char *file;
    QTestState *qts = start(&file);

    set(qts, IDMABASER, DDR);
    set(qts, IDMACTRLR, IDMAEN);
    read_blocks(qts, CARD_SIZE / SECTOR);
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DPSMACT);
    g_assert_cmpint(get(qts, DCNTR), ==, CARD_SIZE - 128 * 1024);
    /* What the transfer needs stays as it is. */
    set(qts, DLENR, 1);
    set(qts, DCTRL, BLOCK(2));
    set(qts, IDMACTRLR, 0);
    for (unsigned i = 0; i < CARD_SIZE / (128 * 1024); i++) {
        qtest_clock_step(qts, 1);
    }
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DATAEND);
    check_memory(qts, DDR, 0, CARD_SIZE);
    end(qts, file);
}

static void test_idma_write(void)
{
    char *file;
    QTestState *qts = start(&file);
    uint8_t data[2 * SECTOR];
    uint8_t found[2 * SECTOR];
    int fd;

    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = 0xff - i;
    }
    qtest_memwrite(qts, DDR, data, sizeof(data));
    set(qts, IDMABASER, DDR);
    set(qts, IDMACTRLR, IDMAEN);
    set(qts, DLENR, sizeof(data));
    set(qts, DCTRL, BLOCK(9));
    set(qts, ARGR, SECTOR);
    set(qts, CMDR, 25 | SHORT | CMDTRANS | CPSMEN);
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DATAEND);
    g_assert_cmphex(command(qts, 12, 0, SHORT | CMDSTOP) & CMDREND, !=, 0);
    qtest_quit(qts);
    fd = open(file, O_RDONLY);
    g_assert_cmpint(pread(fd, found, sizeof(found), SECTOR), ==,
                    sizeof(found));
    g_assert_cmpmem(found, sizeof(found), data, sizeof(data));
    close(fd);
    unlink(file);
    g_free(file);
}

static void write_item(QTestState *qts, unsigned n, uint32_t lar,
                       uint32_t base, uint32_t size)
{
    qtest_writel(qts, LIST + 12 * n, lar);
    qtest_writel(qts, LIST + 12 * n + 4, base);
    qtest_writel(qts, LIST + 12 * n + 8, size);
}

/* Buffers of a list as Linux writes it: the registers have the first one. */
static void test_idma_list(void)
{
    const uint32_t more = ULA | ULS | ABR;
    char *file;
    QTestState *qts = start(&file);

    write_item(qts, 1, more | 24, DDR + 0x10000, 3 * SECTOR);
    write_item(qts, 2, ULS | ABR | 36, DDR + 0x20000, SECTOR);
    set(qts, IDMABAR, LIST);
    set(qts, IDMALAR, more | 12);
    set(qts, IDMABASER, DDR);
    set(qts, IDMABSIZER, 32);
    set(qts, IDMACTRLR, IDMAEN | IDMABMODE);
    read_blocks(qts, 5);
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DATAEND | IDMABTC);
    check_memory(qts, DDR, 0, 32);
    check_memory(qts, DDR + 0x10000, 32, 3 * SECTOR);
    check_memory(qts, DDR + 0x20000, 32 + 3 * SECTOR, 2 * SECTOR - 32);
    g_assert_cmphex(get(qts, IDMALAR), ==, ULS | ABR | 36);
    g_assert_cmphex(get(qts, IDMABASER), ==, DDR + 0x20000);
    end(qts, file);
}

/* A list whose next buffer is not ready, of no size, or not there; no end */
static void test_idma_bad_list(void)
{
    static const struct {
        uint32_t lar, size, bar, flags;
    } cases[] = {
        { ULS | 12, SECTOR, LIST, IDMATE | RXOVERR | IDMABTC },
        { ULA | ULS | ABR, 0, LIST, IDMATE | RXOVERR | IDMABTC },
        { ULA | ULS | ABR, SECTOR, 0x20000000, IDMATE | RXOVERR },
        { ULA | ULS | ABR, 32, LIST, DATAEND | IDMABTC },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        char *file;
        QTestState *qts = start(&file);

        write_item(qts, 0, cases[i].lar, DDR, cases[i].size);
        set(qts, IDMABAR, cases[i].bar);
        set(qts, IDMALAR, ULA | ULS | ABR);
        set(qts, IDMABASER, DDR);
        set(qts, IDMABSIZER, 32);
        set(qts, IDMACTRLR, IDMAEN | IDMABMODE);
        read_blocks(qts, 4);
        g_assert_cmphex(get(qts, STAR), ==, CMDREND | cases[i].flags);
        end(qts, file);
    }
}

/* A buffer where there is no memory ends the transfer, both ways. */
static void test_idma_error(void)
{
    char *file;
    QTestState *qts = start(&file);

    set(qts, IDMABASER, 0x20000000);
    set(qts, IDMACTRLR, IDMAEN);
    read_blocks(qts, 1);
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | IDMATE | RXOVERR);
    set(qts, ICR, 0xffffffff);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    command(qts, 12, 0, SHORT | CMDSTOP);
    set(qts, DCTRL, BLOCK(9));
    set(qts, CMDR, 24 | SHORT | CMDTRANS | CPSMEN);
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | IDMATE | TXUNDERR);
    end(qts, file);
}

/* The IDMA may be led to the block's own registers, and QEMU lives on. */
static void test_idma_itself(void)
{
    char *file;
    QTestState *qts = start(&file);

    set(qts, IDMABASER, SDMMC1);
    set(qts, IDMACTRLR, IDMAEN);
    read_blocks(qts, 4);
    set(qts, IDMABASER, SDMMC1);
    set(qts, IDMACTRLR, IDMAEN);
    read_blocks(qts, CARD_SIZE / SECTOR);
    qtest_clock_step(qts, 100);
    end(qts, file);
}

/* A card that sends nothing: DTIMER cycles of the card's clock */
static void test_data_timeout(void)
{
    char *file;
    QTestState *qts = start(&file);

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "sdmmc1", "sysbus-irq");
    /* PLL4P, 99 MHz at hand-off, divided by 2 * 99: 500 kHz */
    set(qts, CLKCR, 99);
    set(qts, DTIMER, 500);
    set(qts, MASKR, DTIMEOUT);
    set(qts, DLENR, SECTOR);
    set(qts, DCTRL, DTDIR | BLOCK(9) | DTEN);
    g_assert_cmphex(get(qts, STAR), ==, DPSMACT | RXFIFOE);
    qtest_clock_step(qts, 999998);
    g_assert_cmphex(get(qts, STAR), ==, DPSMACT | RXFIFOE);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 2);
    g_assert_cmphex(get(qts, STAR), ==, DTIMEOUT);
    g_assert_cmphex(get(qts, DCTRL) & DTEN, ==, 0);
    g_assert_true(qtest_get_irq(qts, 0));
    end(qts, file);
}

/* The end of a transfer by a command, and what a reset of the FIFO does */
static void test_abort(void)
{
    char *file;
    QTestState *qts = start(&file);

    read_blocks(qts, 2);
    g_assert_cmphex(get(qts, STAR) & DPSMACT, ==, DPSMACT);
    set(qts, ICR, 0xffffffff);
    g_assert_cmphex(command(qts, 12, 0, SHORT | CMDSTOP), ==,
                    CMDREND | DABORT);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    set(qts, DCTRL, FIFORST);
    g_assert_cmphex(get(qts, DCTRL), ==, 0);
    /* and the next transfer begins with its own data */
    set(qts, IDMABASER, DDR);
    set(qts, IDMACTRLR, IDMAEN);
    read_blocks(qts, 2);
    check_memory(qts, DDR, 0, 2 * SECTOR);
    end(qts, file);
}

static void test_voltage_switch(void)
{
    char *file;
    QTestState *qts = start(&file);

    set(qts, POWER, POWER_ON | VSWITCH);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    set(qts, POWER, POWER_ON | VSWITCHEN);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    set(qts, POWER, POWER_ON | VSWITCHEN | VSWITCH);
    g_assert_cmphex(get(qts, STAR), ==, VSWEND);
    set(qts, ICR, VSWEND | CKSTOP);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    end(qts, file);
}

/*
 * In the middle of a transfer through the FIFO: of two blocks, as QEMU's card
 * itself forgets how long a single one is.
 */
static void test_migration(void)
{
    char *file;
    QTestState *qts = start(&file);
    g_autofree char *args = arguments(file);

    read_blocks(qts, 2);
    for (unsigned i = 0; i < 5; i++) {
        get(qts, FIFOR);
    }
    qts = migrate_machine(qts, args);
    for (unsigned i = 5 * 4; i < 2 * SECTOR; i += 4) {
        g_assert_cmphex(get(qts, FIFOR) & 0xff, ==, pattern(i));
    }
    g_assert_cmphex(get(qts, STAR), ==, CMDREND | DATAEND);
    end(qts, file);
}

static void test_reset(void)
{
    char *file;
    QTestState *qts = start(&file);

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "sdmmc1", "sysbus-irq");
    set(qts, MASKR, CMDREND);
    set(qts, DTIMER, 1);
    read_blocks(qts, 2);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, RCC_AHB6RSTSETR, 1u << 16);
    qtest_writel(qts, RCC_AHB6RSTCLRR, 1u << 16);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(get(qts, STAR), ==, 0);
    g_assert_cmphex(get(qts, DLENR), ==, 0);
    qtest_clock_step(qts, 1000000000);
    g_assert_cmphex(get(qts, STAR), ==, 0);
    end(qts, file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/sdmmc/registers", test_registers);
    qtest_add_func("stm32mp1/sdmmc/power", test_power);
    qtest_add_func("stm32mp1/sdmmc/no-card", test_no_card);
    qtest_add_func("stm32mp1/sdmmc/detect", test_detect);
    qtest_add_func("stm32mp1/sdmmc/fifo-read", test_fifo_read);
    qtest_add_func("stm32mp1/sdmmc/fifo-write", test_fifo_write);
    qtest_add_func("stm32mp1/sdmmc/idma-read", test_idma_read);
    qtest_add_func("stm32mp1/sdmmc/idma-secure", test_idma_secure);
    qtest_add_func("stm32mp1/sdmmc/idma-long", test_idma_long);
    qtest_add_func("stm32mp1/sdmmc/idma-write", test_idma_write);
    qtest_add_func("stm32mp1/sdmmc/idma-list", test_idma_list);
    qtest_add_func("stm32mp1/sdmmc/idma-bad-list", test_idma_bad_list);
    qtest_add_func("stm32mp1/sdmmc/idma-error", test_idma_error);
    qtest_add_func("stm32mp1/sdmmc/idma-itself", test_idma_itself);
    qtest_add_func("stm32mp1/sdmmc/data-timeout", test_data_timeout);
    qtest_add_func("stm32mp1/sdmmc/abort", test_abort);
    qtest_add_func("stm32mp1/sdmmc/voltage-switch", test_voltage_switch);
    qtest_add_func("stm32mp1/sdmmc/migration", test_migration);
    qtest_add_func("stm32mp1/sdmmc/reset", test_reset);
    return g_test_run();
}
