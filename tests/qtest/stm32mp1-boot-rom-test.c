/*
 * QTest for the STM32MP1 boot ROM, which starts what is on the SD card
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "stm32mp1-util.h"

#define SECTOR          512
#define CARD_SIZE       (1024 * 1024)
#define GPT             (1 * SECTOR)
#define ENTRIES         (2 * SECTOR)
#define ENTRY(n)        (ENTRIES + 128 * (n))
/* First sectors of the two copies, and how many each has */
#define COPY(n)         (64 + 512 * (n))
#define COPY_SECTORS    512

#define HEADER_SIZE     0x100
#define AT_CHECKSUM     0x44
#define AT_VERSION      0x48
#define AT_LENGTH       0x4c
#define AT_ENTRY        0x50
#define PAYLOAD_SIZE    0x1000
#define ENTRY_OFFSET    0x20

#define CONTEXT         0x2ffc0000
#define HEADER          0x2ffc2400
#define LOAD            0x2ffc2500
#define BKPSRAM         0x54000000
#define TZC             0x5c006000

/*
 * r1 = BKPSRAM; [r1 + 8] = CPSR; r2 = [r0 + 0x90], which is the copy; [r1 + 4] =
 * r2; [r1] = r0; wait for ever.
 */
static const uint32_t program[] = {
    0xe3a01315, 0xe10f2000, 0xe5812008, 0xe5902090, 0xe5812004, 0xe5810000,
    0xe320f003, 0xeafffffd,
};

typedef struct Card {
    uint8_t data[CARD_SIZE];
    char *path;
    char *said;     /* file with what QEMU says */
    const char *machine;
} Card;

static uint8_t *copy_of(Card *card, int n)
{
    return card->data + COPY(n) * SECTOR;
}

static void set_name(uint8_t *entry, const char *name)
{
    memset(entry + 0x38, 0, 72);
    for (int i = 0; name[i]; i++) {
        stw_le_p(entry + 0x38 + 2 * i, name[i]);
    }
}

static void set_checksum(uint8_t *image)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < ldl_le_p(image + AT_LENGTH); i++) {
        sum += image[HEADER_SIZE + i];
    }
    stl_le_p(image + AT_CHECKSUM, sum);
}

/* An entry that is no boot loader's, and two that are */
static void make_card(Card *card)
{
    static const char *const names[] = { "metadata", "fsbl1", "fsbl-too" };

    memset(card, 0, sizeof(*card));
    card->machine = "-M stm32mp157c-dk2,boot-rom=on";
    memcpy(card->data + GPT, "EFI PART", 8);
    stq_le_p(card->data + GPT + 0x48, ENTRIES / SECTOR);
    stl_le_p(card->data + GPT + 0x50, 128);
    stl_le_p(card->data + GPT + 0x54, 128);
    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        uint8_t *entry = card->data + ENTRY(i);

        stq_le_p(entry + 0x20, i ? COPY(i - 1) : 40);
        stq_le_p(entry + 0x28, i ? COPY(i - 1) + COPY_SECTORS - 1 : 41);
        set_name(entry, names[i]);
    }
    for (int n = 0; n < 2; n++) {
        uint8_t *image = copy_of(card, n);

        memcpy(image, "STM2", 4);
        stl_le_p(image + AT_VERSION, 0x00010000);
        stl_le_p(image + AT_LENGTH, PAYLOAD_SIZE);
        stl_le_p(image + AT_ENTRY, LOAD + ENTRY_OFFSET);
        for (int i = 0; i < ARRAY_SIZE(program); i++) {
            stl_le_p(image + HEADER_SIZE + ENTRY_OFFSET + 4 * i, program[i]);
        }
        image[HEADER_SIZE + PAYLOAD_SIZE - 1] = 0xa0 + n;
        set_checksum(image);
    }
}

static QTestState *start(Card *card)
{
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("boot-rom-XXXXXX", &card->path, &error);

    g_assert_no_error(error);
    close(fd);
    g_file_set_contents(card->path, (char *)card->data, CARD_SIZE, &error);
    g_assert_no_error(error);
    fd = g_file_open_tmp("boot-rom-said-XXXXXX", &card->said, &error);
    g_assert_no_error(error);
    close(fd);
    return qtest_initf("%s -accel tcg -drive if=sd,format=raw,file=%s 2>%s",
                       card->machine, card->path, card->said);
}

/* QEMU ends, having said this, and nothing else of the ROM if it is empty. */
static void end(QTestState *qts, Card *card, const char *wanted)
{
    g_autofree char *said = NULL;

    qtest_quit(qts);
    g_assert_true(g_file_get_contents(card->said, &said, NULL, NULL));
    if (*wanted) {
        if (!strstr(said, wanted)) {
            g_test_message("said: %s", said);
        }
        g_assert_nonnull(strstr(said, wanted));
    } else {
        g_assert_null(strstr(said, "boot ROM"));
    }
    unlink(card->path);
    unlink(card->said);
    g_free(card->path);
    g_free(card->said);
}

/* Wait until the boot loader was there: it leaves the address of the context. */
static void wait_for_loader(QTestState *qts, uint32_t copy)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while (qtest_readl(qts, BKPSRAM) != CONTEXT) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
    g_assert_cmpuint(qtest_readl(qts, BKPSRAM + 4), ==, copy);
    /* Supervisor mode, interrupts masked, ARM state */
    g_assert_cmphex(qtest_readl(qts, BKPSRAM + 8) & 0xff, ==, 0xd3);
    qtest_writel(qts, BKPSRAM, 0);
}

static void test_good(void)
{
    g_autofree Card *card = g_new(Card, 1);
    QTestState *qts;

    make_card(card);
    qts = start(card);
    wait_for_loader(qts, 1);
    /* SD card, of SDMMC1, with HSE at 24 MHz */
    g_assert_cmphex(qtest_readl(qts, CONTEXT), ==, 0x00010001);
    g_assert_cmphex(qtest_readl(qts, CONTEXT + 0x58), ==, 0);
    g_assert_cmpuint(qtest_readl(qts, CONTEXT + 0x8c), ==, 24000000);
    for (unsigned i = 0; i < HEADER_SIZE + PAYLOAD_SIZE; i += 4) {
        g_assert_cmphex(qtest_readl(qts, HEADER + i), ==,
                        (uint32_t)ldl_le_p(copy_of(card, 0) + i));
    }
    /* The reset does all of it again. */
    qtest_writel(qts, LOAD + ENTRY_OFFSET, 0xe7f000f0);
    qtest_writel(qts, CONTEXT, 0);
    qtest_system_reset(qts);
    wait_for_loader(qts, 1);
    g_assert_cmphex(qtest_readl(qts, CONTEXT), ==, 0x00010001);
    end(qts, card, "");
}

static void test_second_copy(void)
{
    g_autofree Card *card = g_new(Card, 1);
    QTestState *qts;

    make_card(card);
    copy_of(card, 0)[HEADER_SIZE + ENTRY_OFFSET] ^= 1;
    qts = start(card);
    wait_for_loader(qts, 2);
    g_assert_cmphex(qtest_readb(qts, LOAD + PAYLOAD_SIZE - 1), ==, 0xa1);
    end(qts, card, "boot ROM: fsbl1: bad checksum 0x");
}

/* Take the header of a copy away, on the card that QEMU has. */
static void spoil(Card *card, int n)
{
    FILE *file = fopen(card->path, "r+");

    g_assert_nonnull(file);
    g_assert_cmpint(fseek(file, COPY(n) * SECTOR, SEEK_SET), ==, 0);
    g_assert_cmpint(fwrite("NONE", 4, 1, file), ==, 1);
    g_assert_cmpint(fclose(file), ==, 0);
}

/* The card may be another one at the next reset. */
static void test_changed_card(void)
{
    g_autofree Card *card = g_new(Card, 1);
    QTestState *qts;

    make_card(card);
    qts = start(card);
    wait_for_loader(qts, 1);
    spoil(card, 0);
    qtest_system_reset(qts);
    wait_for_loader(qts, 2);
    end(qts, card, "boot ROM: fsbl1: bad magic number 0x454e4f4e in the STM32 "
                   "header, not 0x324d5453; going on with copy 2");
}

/* Nothing runs, which is said, at each reset; QEMU goes on. */
static void check_refused(Card *card, const char *wanted)
{
    QTestState *qts = start(card);

    qtest_system_reset(qts);
    for (int i = 0; i < 100; i++) {
        g_assert_cmphex(qtest_readl(qts, BKPSRAM), ==, 0);
    }
    g_assert_cmphex(qtest_readl(qts, HEADER), ==, 0);
    end(qts, card, wanted);
}

static void both(Card *card, unsigned at, uint32_t value)
{
    for (int n = 0; n < 2; n++) {
        stl_le_p(copy_of(card, n) + at, value);
    }
}

static void test_bad_headers(void)
{
    static const struct {
        unsigned at;
        uint32_t value;
        const char *wanted;
    } cases[] = {
        { 0, 0x314d5453, "boot ROM: no boot loader, core 0 stays: fsbl1: bad "
          "magic number 0x314d5453 in the STM32 header, not 0x324d5453; "
          "fsbl-too: bad magic number 0x314d5453" },
        { AT_VERSION, 0x00020000, "fsbl1: bad version 0x00020000" },
        { AT_CHECKSUM, 1, "fsbl1: bad checksum 0x00000001" },
        { AT_LENGTH, 0, "fsbl1: bad length 0x0 in" },
        { AT_LENGTH, 0x3db01, "fsbl1: bad length 0x3db01 in" },
        { AT_LENGTH, 0xffffffff, "fsbl1: bad length 0xffffffff in" },
        { AT_ENTRY, LOAD - 4, "fsbl1: bad entry point 0x2ffc24fc" },
        { AT_ENTRY, LOAD + PAYLOAD_SIZE, "fsbl1: bad entry point 0x2ffc3500" },
        { AT_ENTRY, 0xc0000000, "fsbl1: bad entry point 0xc0000000" },
    };
    g_autofree Card *card = g_new(Card, 1);

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        make_card(card);
        both(card, cases[i].at, cases[i].value);
        check_refused(card, cases[i].wanted);
    }
}

static void test_bad_cards(void)
{
    g_autofree Card *card = g_new(Card, 1);

    make_card(card);
    card->data[GPT] = 'X';
    check_refused(card, "core 0 stays: no GPT on the card");

    make_card(card);
    stl_le_p(card->data + GPT + 0x50, 0xffffffff);
    check_refused(card, "core 0 stays: GPT with 4294967295 entries");
    make_card(card);
    stl_le_p(card->data + GPT + 0x54, 0);
    check_refused(card, "core 0 stays: GPT with 128 entries of 0 bytes");
    make_card(card);
    stq_le_p(card->data + GPT + 0x48, UINT64_MAX);
    check_refused(card, "core 0 stays: table of partitions at sector "
                        "18446744073709551615 is not on the card");

    make_card(card);
    set_name(card->data + ENTRY(1), "ssbl");
    set_name(card->data + ENTRY(2), "xfsbl");
    check_refused(card, "core 0 stays: no partition on the card has a name "
                        "that begins with \"fsbl\"");

    /* Partitions that are nowhere, too short, or end before they begin */
    make_card(card);
    stq_le_p(card->data + ENTRY(1) + 0x20, CARD_SIZE / SECTOR);
    stq_le_p(card->data + ENTRY(1) + 0x28, CARD_SIZE / SECTOR + 9);
    stq_le_p(card->data + ENTRY(2) + 0x28, COPY(1) - 1);
    check_refused(card, "fsbl1: STM32 header at sector 2048 is not on the card;"
                        " fsbl-too: its last sector is before its first");
    make_card(card);
    stq_le_p(card->data + ENTRY(1) + 0x28, COPY(0) + 7);
    stq_le_p(card->data + ENTRY(2) + 0x20, 0);
    stq_le_p(card->data + ENTRY(2) + 0x28, UINT64_MAX);
    check_refused(card, "fsbl1: bad length 0x1000 in the STM32 header: "
                        "partition or SYSRAM has not that much room; fsbl-too: "
                        "its last sector");
}

static void test_no_card(void)
{
    g_autofree Card *card = g_new(Card, 1);
    QTestState *qts;

    make_card(card);
    qts = start(card);
    wait_for_loader(qts, 1);
    qtest_quit(qts);
    qts = qtest_initf("%s -accel tcg 2>%s", card->machine, card->said);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, BKPSRAM), ==, 0);
    end(qts, card, "boot ROM: no boot loader, core 0 stays: no card in the "
                   "slot");
}

static void test_closed(void)
{
    g_autofree Card *card = g_new(Card, 1);

    make_card(card);
    card->machine = "-M stm32mp157c-dk2,boot-rom=on,fuses=0=0x40";
    check_refused(card, "core 0 stays: the device is closed");
}

/* A state that is loaded is not started anew: nobody looks at the card. */
static void test_migration(void)
{
    g_autofree Card *card = g_new(Card, 1);
    g_autofree char *arguments = NULL;
    QTestState *qts;

    make_card(card);
    qts = start(card);
    wait_for_loader(qts, 1);
    arguments = g_strdup_printf("%s -accel tcg -drive if=sd,format=raw,file=%s"
                                " 2>%s", card->machine, card->path, card->said);
    spoil(card, 0);
    spoil(card, 1);
    qts = migrate_machine(qts, arguments);
    g_assert_cmphex(qtest_readl(qts, CONTEXT), ==, 0x00010001);
    g_assert_cmphex(qtest_readl(qts, BKPSRAM), ==, 0);
    end(qts, card, "");
}

/* Nothing is set up yet: the boot loader is to open the way to the DDR. */
static void test_cold(void)
{
    g_autofree Card *card = g_new(Card, 1);
    QTestState *qts;

    make_card(card);
    qts = start(card);
    g_assert_cmphex(qtest_readl(qts, TZC + 0x008), ==, 0);
    g_assert_cmphex(qtest_readl(qts, TZC + 0x110), ==, 0xc0000003);
    g_assert_cmphex(qtest_readl(qts, TZC + 0x130), ==, 0);
    g_assert_cmphex(qtest_readl(qts, TZC + 0x004), ==, 0);
    end(qts, card, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/boot-rom/good", test_good);
    qtest_add_func("stm32mp1/boot-rom/second-copy", test_second_copy);
    qtest_add_func("stm32mp1/boot-rom/changed-card", test_changed_card);
    qtest_add_func("stm32mp1/boot-rom/bad-headers", test_bad_headers);
    qtest_add_func("stm32mp1/boot-rom/bad-cards", test_bad_cards);
    qtest_add_func("stm32mp1/boot-rom/no-card", test_no_card);
    qtest_add_func("stm32mp1/boot-rom/closed", test_closed);
    qtest_add_func("stm32mp1/boot-rom/migration", test_migration);
    qtest_add_func("stm32mp1/boot-rom/cold", test_cold);
    return g_test_run();
}
