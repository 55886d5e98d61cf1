/*
 * QTest testcase for the M4 firmware that runs before Linux does
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The test makes the ELF files, and the M4 really runs what is in them.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "elf.h"
#include "given-files.h"
#include "stm32mp1-util.h"

#define RETRAM      0x38000000
#define RCC_MP_GCR  0x5000010c
#define BKP17R      0x5c00a144
#define BKP18R      0x5c00a148
#define MC_RSTSCLRR 0x50000c00
#define MCURSTF     (1 << 5)

#define STARTS      0x10000000 /* counted by the program, in no segment */
#define DATA        0x10001000 /* where the second segment is loaded */
#define DATA_RUN    0x10020000 /* and where the program would copy it */
#define TABLE       0x10030000
#define BSS_SIZE    0x20

static const char data[] = "initial data";
static const char table[20] = { 1, 0, 0, 0, 1 }; /* version, entries */
static const char names[] = "\0.shstrtab\0.resource_table";

/* From address 0x40: STARTS += 1, then WFI for ever */
static const uint32_t vectors[] = {
    0x10040000, 0x00000041, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0x68014802, 0x60013101, 0xe7fdbf30, STARTS,
};

typedef struct Image {
    Elf32_Ehdr ehdr;
    Elf32_Phdr phdr[2];
    Elf32_Shdr shdr[3];
    uint32_t vectors[ARRAY_SIZE(vectors)];
    char data[sizeof(data)];
    char table[sizeof(table)];
    char names[sizeof(names)];
} Image;

static Image good_image(void)
{
    Image image = {
        .ehdr = {
            .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
                         ELFDATA2LSB, EV_CURRENT },
            .e_type = cpu_to_le16(ET_EXEC),
            .e_machine = cpu_to_le16(EM_ARM),
            .e_version = cpu_to_le32(EV_CURRENT),
            .e_phoff = cpu_to_le32(offsetof(Image, phdr)),
            .e_shoff = cpu_to_le32(offsetof(Image, shdr)),
            .e_ehsize = cpu_to_le16(sizeof(Elf32_Ehdr)),
            .e_phentsize = cpu_to_le16(sizeof(Elf32_Phdr)),
            .e_phnum = cpu_to_le16(ARRAY_SIZE(((Image *)0)->phdr)),
            .e_shentsize = cpu_to_le16(sizeof(Elf32_Shdr)),
            .e_shnum = cpu_to_le16(ARRAY_SIZE(((Image *)0)->shdr)),
            .e_shstrndx = cpu_to_le16(1),
        },
        .phdr = {
            {
                .p_type = cpu_to_le32(PT_LOAD),
                .p_offset = cpu_to_le32(offsetof(Image, vectors)),
                .p_filesz = cpu_to_le32(sizeof(vectors)),
                .p_memsz = cpu_to_le32(sizeof(vectors)),
            },
            {
                .p_type = cpu_to_le32(PT_LOAD),
                .p_offset = cpu_to_le32(offsetof(Image, data)),
                .p_vaddr = cpu_to_le32(DATA_RUN),
                .p_paddr = cpu_to_le32(DATA),
                .p_filesz = cpu_to_le32(sizeof(data)),
                .p_memsz = cpu_to_le32(sizeof(data) + BSS_SIZE),
            },
        },
        .shdr = {
            { },
            {
                .sh_name = cpu_to_le32(1),
                .sh_type = cpu_to_le32(SHT_STRTAB),
                .sh_offset = cpu_to_le32(offsetof(Image, names)),
                .sh_size = cpu_to_le32(sizeof(names)),
            },
            {
                .sh_name = cpu_to_le32(11),
                .sh_type = cpu_to_le32(SHT_PROGBITS),
                .sh_addr = cpu_to_le32(TABLE),
                .sh_offset = cpu_to_le32(offsetof(Image, table)),
                .sh_size = cpu_to_le32(sizeof(table)),
            },
        },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(vectors); i++) {
        image.vectors[i] = cpu_to_le32(vectors[i]);
    }
    memcpy(image.data, data, sizeof(data));
    memcpy(image.table, table, sizeof(table));
    memcpy(image.names, names, sizeof(names));
    return image;
}

typedef struct Board {
    QTestState *qts;
    char *kernel;
    char *firmware;
    char *arguments;
} Board;

static Board board_start_alone(const Image *image, const char *options)
{
    Board b = {
        .firmware = write_file(image, sizeof(*image)),
    };

    b.arguments = g_strdup_printf("-M stm32mp157c-dk2,m4-firmware=%s%s",
                                  b.firmware, options);
    b.qts = qtest_init(b.arguments);
    return b;
}

static Board board_start(const Image *image, const char *options)
{
    /* For the A7, which has nothing to do: WFI; B .-4 */
    static const uint32_t a7_program[] = { 0xe320f003, 0xeafffffd };
    char *kernel = write_file(a7_program, sizeof(a7_program));
    g_autofree char *all = g_strdup_printf("%s -accel tcg -kernel %s", options,
                                           kernel);
    Board b = board_start_alone(image, all);

    b.kernel = kernel;
    return b;
}

static void board_stop(Board *b)
{
    qtest_quit(b->qts);
    if (b->kernel) {
        unlink(b->kernel);
    }
    unlink(b->firmware);
    g_free(b->kernel);
    g_free(b->firmware);
    g_free(b->arguments);
}

static void wait_word(Board *b, uint32_t address, uint32_t expected)
{
    g_autoptr(GTimer) timer = g_timer_new();

    while (qtest_readl(b->qts, address) != expected) {
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, STM32MP1_TIMEOUT_S);
    }
}

static void check_loaded(Board *b)
{
    char got[64];
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(vectors); i++) {
        g_assert_cmphex(qtest_readl(b->qts, RETRAM + 4 * i), ==, vectors[i]);
    }
    qtest_memread(b->qts, DATA, got, sizeof(data) + BSS_SIZE);
    g_assert_cmpmem(got, sizeof(data), data, sizeof(data));
    for (i = 0; i < BSS_SIZE; i++) {
        g_assert_cmphex(got[sizeof(data) + i], ==, 0);
    }
    qtest_memread(b->qts, TABLE, got, sizeof(table));
    g_assert_cmpmem(got, sizeof(table), table, sizeof(table));
}

/* Loaded and started on each reset, as by a boot loader; other RAM is kept. */
static void test_boot(void)
{
    const uint32_t elsewhere = DATA + sizeof(data) + BSS_SIZE + 4;
    Image image = good_image();
    Board b = board_start(&image, "");
    uint32_t boot;

    for (boot = 1; boot <= 3; boot++) {
        wait_word(&b, STARTS, boot);
        check_loaded(&b);
        g_assert_cmphex(qtest_readl(b.qts, BKP17R), ==, TABLE);
        g_assert_cmphex(qtest_readl(b.qts, BKP18R), ==, 2);
        /* U-Boot resets the M4 before it loads it. */
        g_assert_cmphex(qtest_readl(b.qts, MC_RSTSCLRR) & MCURSTF, ==, MCURSTF);
        g_assert_cmphex(qtest_readl(b.qts, RCC_MP_GCR), ==, 0);

        qtest_memset(b.qts, RETRAM, 0xa5, sizeof(vectors));
        qtest_memset(b.qts, DATA, 0xa5, sizeof(data) + BSS_SIZE);
        qtest_memset(b.qts, TABLE, 0xa5, sizeof(table));
        qtest_writel(b.qts, elsewhere, boot);
        qtest_writel(b.qts, BKP17R, 0);
        qtest_writel(b.qts, BKP18R, 0);
        qtest_system_reset(b.qts);
        g_assert_cmphex(qtest_readl(b.qts, elsewhere), ==, boot);
    }
    board_stop(&b);
}

/* What Linux is told of the table: the truth, something else, that none is. */
static void test_table(void)
{
    static const struct {
        const char *options;
        uint32_t expected;
    } cases[] = {
        { ",m4-resource-table=0x12345678", 0x12345678 },
        { ",m4-resource-table=0", 0 },
    };
    Image image = good_image();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        Board b = board_start(&image, cases[i].options);

        wait_word(&b, STARTS, 1);
        g_assert_cmphex(qtest_readl(b.qts, BKP17R), ==, cases[i].expected);
        g_assert_cmphex(qtest_readl(b.qts, BKP18R), ==, 2);
        board_stop(&b);
    }

    /* No section of that name, no sections at all */
    for (i = 0; i < 2; i++) {
        Board b;

        image.shdr[2].sh_name = 0;
        if (i) {
            image.ehdr.e_shoff = 0;
            image.ehdr.e_shnum = 0;
        }
        b = board_start(&image, "");
        wait_word(&b, STARTS, 1);
        g_assert_cmphex(qtest_readl(b.qts, BKP17R), ==, 0);
        g_assert_cmphex(qtest_readl(b.qts, TABLE), ==, 0);
        board_stop(&b);
    }
}

/* A section of that name that holds no table, as U-Boot sees it */
static void test_no_table(void)
{
    static const struct {
        size_t offset;
        uint32_t value;
    } cases[] = {
        { offsetof(Image, shdr[2].sh_size), 0 },
        { offsetof(Image, shdr[2].sh_size), 15 },
        { offsetof(Image, shdr[2].sh_size), 0x1000 },
        { offsetof(Image, shdr[2].sh_offset), 0x1000 },
        { offsetof(Image, shdr[2].sh_offset), 0xffffffff },
        { offsetof(Image, table), 0 },
        { offsetof(Image, table), 2 },
        { offsetof(Image, table) + 4, 2 },
        { offsetof(Image, table) + 4, 0xffffffff },
        { offsetof(Image, table) + 8, 1 },
        { offsetof(Image, table) + 12, 1 },
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        Image image = good_image();
        Board b;

        stl_le_p((char *)&image + cases[i].offset, cases[i].value);
        b = board_start(&image, "");
        wait_word(&b, STARTS, 1);
        g_assert_cmphex(qtest_readl(b.qts, BKP17R), ==, 0);
        g_assert_cmphex(qtest_readl(b.qts, BKP18R), ==, 2);
        g_assert_cmphex(qtest_readl(b.qts, TABLE + 4), ==, 0);
        board_stop(&b);

        /* Nobody looks where it would have to go. */
        image.shdr[2].sh_addr = cpu_to_le32(0xa0021000);
        b = board_start(&image, "");
        wait_word(&b, STARTS, 1);
        board_stop(&b);
    }
}

/*
 * Without a kernel the A7s stay off and leave the time to the M4, also where
 * all cores share one thread.
 */
static void test_alone(void)
{
    static const char *const options[] = {
        " -accel tcg,thread=multi",
        " -accel tcg,thread=single -icount shift=auto",
    };
    Image image = good_image();
    unsigned i, j, boot;

    for (i = 0; i < ARRAY_SIZE(options); i++) {
        Board b = board_start_alone(&image, options[i]);

        for (boot = 1; boot <= 2; boot++) {
            g_autofree char *cpus = NULL;
            g_auto(GStrv) lines = NULL;

            wait_word(&b, STARTS, boot);
            check_loaded(&b);
            cpus = qtest_hmp(b.qts, "info registers -a");
            lines = g_strsplit(cpus, "CPU#", -1);
            for (j = 1; j <= 2; j++) {
                /* not one prefetch abort: as the reset left it */
                g_assert_nonnull(strstr(lines[j], "R14=00000000"));
                g_assert_nonnull(strstr(lines[j], "R15=00000000"));
                g_assert_nonnull(strstr(lines[j], "svc"));
            }
            qtest_system_reset(b.qts);
        }
        board_stop(&b);
    }
}

/* A restored machine goes on: nothing is loaded, nothing started again. */
static void test_migration(void)
{
    Image image = good_image();
    Board b = board_start(&image, "");
    QTestState *waiting;

    wait_word(&b, STARTS, 1);
    qtest_writel(b.qts, DATA, 0x12345678);
    qtest_writel(b.qts, BKP17R, 0xabcd);
    /* A state may leave out pages of zeros. */
    waiting = qtest_initf("%s -incoming defer", b.arguments);
    g_assert_cmphex(qtest_readl(waiting, RETRAM), ==, 0);
    g_assert_cmphex(qtest_readl(waiting, BKP18R), ==, 0);
    qtest_quit(waiting);

    b.qts = migrate_machine(b.qts, b.arguments);
    g_assert_cmphex(qtest_readl(b.qts, DATA), ==, 0x12345678);
    g_assert_cmphex(qtest_readl(b.qts, BKP17R), ==, 0xabcd);
    g_assert_cmphex(qtest_readl(b.qts, STARTS), ==, 1);
    /* and its next reset is one like any other */
    qtest_system_reset(b.qts);
    wait_word(&b, STARTS, 2);
    check_loaded(&b);
    board_stop(&b);
}

static void check_refused(const char *options, const char *name,
                          const char *reason)
{
    g_autofree char *arguments = g_strdup_printf("-M stm32mp157c-dk2,%s",
                                                 options);

    assert_refused(arguments, name, reason);
}

static void check_bad_image(const void *contents, size_t size,
                            const char *reason)
{
    g_autofree char *path = write_file(contents, size);
    g_autofree char *options = g_strdup_printf("m4-firmware=%s", path);

    check_refused(options, path, reason);
    unlink(path);
}

static void test_refused(void)
{
    static const struct {
        const char *reason;
        size_t offset;
        uint32_t value;
        int size;
    } cases[] = {
#define EHDR(field) offsetof(Image, ehdr.field)
#define PHDR(field) offsetof(Image, phdr[1].field)
#define SHDR(n, field) offsetof(Image, shdr[n].field)
        { "32-bit little-endian Arm ELF", EHDR(e_ident[0]), 0, 1 },
        { "32-bit little-endian Arm ELF", EHDR(e_ident[EI_CLASS]), 2, 1 },
        { "32-bit little-endian Arm ELF", EHDR(e_ident[EI_DATA]), 2, 1 },
        { "32-bit little-endian Arm ELF", EHDR(e_machine), EM_AARCH64, 2 },
        { "32-bit little-endian Arm ELF", EHDR(e_type), ET_REL, 2 },
        { "headers of the usual size", EHDR(e_phentsize), 56, 2 },
        { "headers of the usual size", EHDR(e_shentsize), 64, 2 },
        { "something to load", EHDR(e_phnum), 0, 2 },
        { "program headers are not all", EHDR(e_phnum), 0xffff, 2 },
        { "program headers are not all", EHDR(e_phoff), 0xffffffff, 4 },
        { "section headers are not all", EHDR(e_shnum), 0xffff, 2 },
        { "section headers are not all", EHDR(e_shoff), 0xfffffff0, 4 },
        { "section headers are not all", EHDR(e_shstrndx), 3, 2 },
        { "header 1: its 0xd bytes", PHDR(p_offset), 0xfffffff8, 4 },
        { "header 1: its 0xffffffff", PHDR(p_filesz), 0xffffffff, 4 },
        { "header 1: its 0xd bytes", PHDR(p_memsz), 1, 4 },
        { "not RAM of the remote core", PHDR(p_paddr), 0x08000000, 4 },
        { "not RAM of the remote core", PHDR(p_paddr), 0x50000000, 4 },
        { "not RAM of the remote core", PHDR(p_paddr), 0x1005fff8, 4 },
        { "not RAM of the remote core", PHDR(p_paddr), 0xfffffff8, 4 },
        { "not RAM of the remote core", PHDR(p_memsz), 0xffffffff, 4 },
        { "not RAM of the remote core", SHDR(2, sh_addr), 0xa0021000, 4 },
    };
    Image good = good_image();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        Image image = good;
        uint8_t value[4];

        stl_le_p(value, cases[i].value);
        memcpy((char *)&image + cases[i].offset, value, cases[i].size);
        check_bad_image(&image, sizeof(image), cases[i].reason);
    }
    check_bad_image(&good, sizeof(good.ehdr) - 1, "Arm ELF executable");
    check_bad_image(&good, 0, "Arm ELF executable");
    check_refused("m4-firmware=/no/such/file", "/no/such/file",
                  "No such file or directory");
    check_refused("m4-resource-table=0x10020000", "m4-resource-table",
                  "needs m4-firmware");
    check_refused("m4-firmware=/dev/null,m4-resource-table=x",
                  "m4-resource-table", "integer");

    /* Names that lead nowhere are just not the table's. */
    good.shdr[2].sh_name = cpu_to_le32(0xffffffff);
    good.shdr[1].sh_size = cpu_to_le32(0xffffffff);
    {
        Board b = board_start(&good, "");

        g_assert_cmphex(qtest_readl(b.qts, BKP17R), ==, 0);
        board_stop(&b);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/remote_firmware/boot", test_boot);
    qtest_add_func("stm32mp1/remote_firmware/table", test_table);
    qtest_add_func("stm32mp1/remote_firmware/no_table", test_no_table);
    qtest_add_func("stm32mp1/remote_firmware/alone", test_alone);
    qtest_add_func("stm32mp1/remote_firmware/migration", test_migration);
    qtest_add_func("stm32mp1/remote_firmware/refused", test_refused);
    return g_test_run();
}
