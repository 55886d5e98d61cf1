/*
 * QTest for the STM32MP1 hash processor
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "stm32mp1-util.h"

#define HASH1       0x54002000
#define HASH2       0x4c002000
#define AHB3RSTSETR 0x500009a0
#define AHB3RSTCLRR 0x500009a4

#define CR          0x00
#define DIN         0x04
#define STR         0x08
#define HR0         0x0c
#define IMR         0x20
#define SR          0x24
#define CSR0        0xf8
#define NUM_CSR     54
#define HASH_HR0    0x310

#define INIT        BIT(2)
#define DMAE        BIT(3)
#define DATATYPE(n) ((n) << 4)
#define BYTES       DATATYPE(2)
#define MODE_HMAC   BIT(6)
#define MDMAT       BIT(13)
#define DMAA        BIT(14)
#define LKEY        BIT(16)
#define SHA1        0
#define MD5         BIT(7)
#define SHA224      BIT(18)
#define SHA256      (BIT(18) | BIT(7))
#define DCAL        BIT(8)
#define DINIS       BIT(0)
#define DCIS        BIT(1)
#define DMAS        BIT(2)

#define MAX_BYTES   300

static const uint64_t hashes[] = { HASH1, HASH2 };

static QTestState *qts;

static uint32_t rd(uint32_t offset)
{
    return qtest_readl(qts, HASH2 + offset);
}

static void wr(uint32_t offset, uint32_t value)
{
    qtest_writel(qts, HASH2 + offset, value);
}

static void write_bytes(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i += 4) {
        uint8_t word[4] = { 0xee, 0xee, 0xee, 0xee };   /* must not count */

        memcpy(word, data + i, MIN(size - i, 4));
        wr(DIN, ldl_le_p(word));
    }
}

static void finish(size_t size)
{
    wr(STR, size % 4 * 8);
    wr(STR, size % 4 * 8 | DCAL);
}

static char *digest(unsigned bytes)
{
    GString *text = g_string_new(NULL);

    g_assert_cmphex(rd(SR) & DCIS, ==, DCIS);
    for (unsigned i = 0; i < bytes; i += 4) {
        g_string_append_printf(text, "%08x", rd(HASH_HR0 + i));
        if (i < 20) {
            g_assert_cmphex(rd(HR0 + i), ==, rd(HASH_HR0 + i));
        }
    }
    return g_string_free(text, false);
}

static char *hash(uint32_t algo, const void *data, size_t size, unsigned bytes)
{
    wr(CR, INIT | BYTES | algo);
    g_assert_cmphex(rd(SR), ==, DINIS);
    write_bytes(data, size);
    finish(size);
    return digest(bytes);
}

static char *hmac(uint32_t algo, const void *key, size_t key_size,
                  const void *data, size_t size, unsigned bytes)
{
    wr(CR, INIT | BYTES | algo | MODE_HMAC | (key_size > 64 ? LKEY : 0));
    write_bytes(key, key_size);
    finish(key_size);
    write_bytes(data, size);
    finish(size);
    g_assert_cmphex(rd(SR) & DCIS, ==, 0);
    write_bytes(key, key_size);
    finish(key_size);
    return digest(bytes);
}

static void fill(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        data[i] = g_test_rand_int();
    }
}

static void test_registers(void)
{
    qts = stm32mp1_init();
    for (unsigned i = 0; i < ARRAY_SIZE(hashes); i++) {
        uint64_t base = hashes[i];

        g_assert_cmphex(qtest_readl(qts, base + CR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + SR), ==, DINIS);
        g_assert_cmphex(qtest_readl(qts, base + CSR0), ==, 0x2);
        stm32mp1_check_mask(qts, base + CR, 0x000520f8 & ~DMAE);
        stm32mp1_check_mask(qts, base + IMR, 3);
        qtest_writel(qts, base + STR, ~DCAL & 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, base + STR), ==, 0x1f);
        qtest_writel(qts, base + STR, 0);
        stm32mp1_check_readonly(qts, base + HR0, 0);
        stm32mp1_check_readonly(qts, base + 0x3f0, 0x1);
        stm32mp1_check_readonly(qts, base + 0x3f4, 0x23);
        stm32mp1_check_readonly(qts, base + 0x3f8, 0x00170031);
        stm32mp1_check_readonly(qts, base + 0x3fc, 0xa3c5dd01);
        qtest_writel(qts, base + CR, INIT | DMAE);
        g_assert_cmphex(qtest_readl(qts, base + CR), ==, DMAE);
        g_assert_cmphex(qtest_readl(qts, base + SR), ==, DMAS | DINIS);
        qtest_writel(qts, base + CR, DMAE | DMAA);
        g_assert_cmphex(qtest_readl(qts, base + CR), ==, 0);
        stm32mp1_check_any_access(qts, base);
        g_assert_cmphex(qtest_readl(qts, base + SR), ==, DINIS);
    }
    qtest_quit(qts);
}

/* The published vectors of the algorithm that GLib has not */
static void test_vectors(void)
{
    static const struct {
        uint32_t algo;
        const char *text;
        unsigned bytes;
        const char *digest;
    } rows[] = {
        { SHA224, "", 28,
          "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f" },
        { SHA224, "abc", 28,
          "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
        { SHA224, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          28, "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525" },
        { SHA1, "abc", 20, "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { MD5, "abc", 16, "900150983cd24fb0d6963f7d28e17f72" },
    };
    uint8_t key[20];
    g_autofree char *mac = NULL;

    qts = stm32mp1_init();
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        g_autofree char *got = hash(rows[i].algo, rows[i].text,
                                    strlen(rows[i].text), rows[i].bytes);

        g_assert_cmpstr(got, ==, rows[i].digest);
    }
    /* words of the digest that the algorithm has not */
    g_assert_cmphex(rd(HASH_HR0 + 7 * 4), ==, 0);

    /* RFC 4231, case 1 */
    memset(key, 0x0b, sizeof(key));
    mac = hmac(SHA224, key, sizeof(key), "Hi There", 8, 28);
    g_assert_cmpstr(mac, ==,
        "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22");
    qtest_quit(qts);
}

/* All lengths around the ends of blocks, against GLib */
static void test_random(void)
{
    static const struct {
        uint32_t algo;
        GChecksumType type;
        unsigned bytes;
    } algos[] = {
        { MD5, G_CHECKSUM_MD5, 16 },
        { SHA1, G_CHECKSUM_SHA1, 20 },
        { SHA256, G_CHECKSUM_SHA256, 32 },
    };
    static const uint16_t sizes[] = {
        0, 1, 2, 3, 4, 5, 54, 55, 56, 57, 59, 60, 61, 63, 64, 65, 68, 69, 119,
        120, 127, 128, 129, 132, 299,
    };
    static const uint16_t keys[] = { 1, 4, 63, 64, 65, 130 };
    uint8_t data[MAX_BYTES];
    uint8_t key[MAX_BYTES];

    qts = stm32mp1_init();
    for (unsigned a = 0; a < ARRAY_SIZE(algos); a++) {
        for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
            unsigned key_size = keys[i % ARRAY_SIZE(keys)];
            g_autofree char *want = NULL;
            g_autofree char *got = NULL;
            g_autofree char *want_mac = NULL;
            g_autofree char *got_mac = NULL;

            fill(data, sizeof(data));
            fill(key, sizeof(key));
            want = g_compute_checksum_for_data(algos[a].type, data, sizes[i]);
            got = hash(algos[a].algo, data, sizes[i], algos[a].bytes);
            g_assert_cmpstr(got, ==, want);
            want_mac = g_compute_hmac_for_data(algos[a].type, key, key_size,
                                               data, sizes[i]);
            got_mac = hmac(algos[a].algo, key, key_size, data, sizes[i],
                           algos[a].bytes);
            g_assert_cmpstr(got_mac, ==, want_mac);
        }
    }
    qtest_quit(qts);
}

/* "abcd" and three bits, as each DATATYPE has to be given it */
static void test_datatype(void)
{
    static const uint32_t words[4][2] = {
        { 0x61626364, 0xa0000000 },
        { 0x63646162, 0x0000a000 },
        { 0x64636261, 0x000000a0 },
        { 0x26c64686, 0x00000005 },
    };
    g_autofree char *first = NULL;

    qts = stm32mp1_init();
    for (unsigned i = 0; i < 4; i++) {
        g_autofree char *got = NULL;

        wr(CR, INIT | SHA256 | DATATYPE(i));
        wr(DIN, words[i][0]);
        wr(STR, DCAL);
        got = digest(32);
        g_assert_cmpstr(got, ==, "88d4266fd4e6338d13b845fcf289579d"
                                 "209c897823b9217da3e161936f031589");
        g_free(got);
        wr(CR, INIT | SHA256 | DATATYPE(i));
        wr(DIN, words[i][0]);
        wr(DIN, words[i][1]);
        wr(STR, DCAL | 3);
        got = digest(32);
        if (i == 0) {
            first = g_strdup(got);
        } else {
            g_assert_cmpstr(got, ==, first);
        }
    }
    qtest_quit(qts);
}

/* What Linux does: a message in parts, another one in between */
static void test_context(const void *opaque)
{
    bool is_hmac = opaque != NULL;
    uint32_t saved[NUM_CSR + 3];
    unsigned num = is_hmac ? 54 : 38;
    uint8_t data[MAX_BYTES];
    uint8_t key[100];
    unsigned size = 64 + 4 + 64 + 30;
    int parts = is_hmac ? 3 : 2;
    g_autofree char *want = NULL;
    g_autofree char *got = NULL;
    g_autofree char *between = NULL;

    qts = stm32mp1_init();
    fill(data, sizeof(data));
    fill(key, sizeof(key));
    wr(IMR, DCIS);
    wr(CR, INIT | BYTES | SHA256 | (is_hmac ? MODE_HMAC | LKEY : 0));
    if (is_hmac) {
        write_bytes(key, sizeof(key));
        finish(sizeof(key));
    }
    write_bytes(data, 64 + 4);
    for (int part = 0; part < parts; part++) {
        saved[0] = rd(IMR);
        saved[1] = rd(STR);
        saved[2] = rd(CR);
        for (unsigned i = 0; i < num; i++) {
            saved[3 + i] = rd(CSR0 + 4 * i);
        }
        between = hmac(MD5, key, sizeof(key), data, 250, 16);
        g_clear_pointer(&between, g_free);
        wr(IMR, saved[0]);
        wr(STR, saved[1]);
        wr(CR, saved[2]);
        wr(CR, saved[2] | INIT);
        for (unsigned i = 0; i < num; i++) {
            wr(CSR0 + 4 * i, saved[3 + i]);
        }
        if (part == 0) {
            write_bytes(data + 64 + 4, 64);
        } else if (part == 1) {
            write_bytes(data + 64 + 4 + 64, 30);
            finish(30);
        }
    }
    if (is_hmac) {
        write_bytes(key, sizeof(key));
        finish(sizeof(key));
        want = g_compute_hmac_for_data(G_CHECKSUM_SHA256, key, sizeof(key),
                                       data, size);
    } else {
        want = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, size);
    }
    got = digest(32);
    g_assert_cmpstr(got, ==, want);
    qtest_quit(qts);
}

/* DINIS and NBW follow the block; both flags interrupt if they may. */
static void test_flags(void)
{
    qts = stm32mp1_init();
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "hash2", "sysbus-irq");
    wr(CR, INIT | BYTES | MD5);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(IMR, DINIS);
    g_assert_true(qtest_get_irq(qts, 0));
    for (unsigned i = 1; i <= 16; i++) {
        wr(DIN, i);
        g_assert_cmphex(rd(SR), ==, 0);
        g_assert_cmphex(rd(CR) & 0x1f00, ==, BIT(12) | (i % 16) << 8);
        g_assert_false(qtest_get_irq(qts, 0));
    }
    wr(DIN, 17);
    g_assert_cmphex(rd(SR), ==, DINIS);
    g_assert_cmphex(rd(CR) & 0x1f00, ==, BIT(12) | 1 << 8);
    g_assert_true(qtest_get_irq(qts, 0));
    wr(SR, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(IMR, DCIS);
    wr(STR, DCAL);
    g_assert_true(qtest_get_irq(qts, 0));
    wr(SR, DINIS);
    g_assert_cmphex(rd(SR), ==, DINIS);
    g_assert_false(qtest_get_irq(qts, 0));

    wr(STR, DCAL);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, AHB3RSTSETR, BIT(5));
    qtest_writel(qts, AHB3RSTCLRR, BIT(5));
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(rd(HASH_HR0), ==, 0);
    qtest_quit(qts);
}

/* The end of a DMA transfer ends the message, unless others follow. */
static void test_dma(void)
{
    g_autofree char *got = NULL;

    qts = stm32mp1_init();
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "hash2", "dma-in");
    wr(CR, INIT | BYTES | SHA1);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(CR, DMAE | BYTES | SHA1 | MDMAT);
    g_assert_true(qtest_get_irq(qts, 0));
    wr(STR, 24);
    wr(DIN, 0x00636261);
    qtest_set_irq_in(qts, STM32MP1_SOC "hash2", "dma-end", 0, 1);
    g_assert_cmphex(rd(SR) & DCIS, ==, 0);
    qtest_set_irq_in(qts, STM32MP1_SOC "hash2", "dma-end", 0, 0);
    wr(CR, DMAE | BYTES | SHA1);
    qtest_set_irq_in(qts, STM32MP1_SOC "hash2", "dma-end", 0, 1);
    got = digest(20);
    g_assert_cmpstr(got, ==, "a9993e364706816aba3e25717850c26c9cd0d89d");
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* A key that needs LKEY and has it not: the model says so. */
static void test_bad_key(void)
{
    g_autofree char *file = NULL;
    uint8_t key[68] = { 0 };

    qts = stm32mp1_init_logged(&file);
    stm32mp1_enable_clocks(qts);
    wr(CR, INIT | BYTES | SHA1 | MODE_HMAC);
    write_bytes(key, sizeof(key));
    finish(sizeof(key));
    qtest_quit(qts);
    stm32mp1_check_log(file, "/machine/soc/hash2: a key longer than a block "
                             "without LKEY\n");
    unlink(file);
}

static void test_migration(void)
{
    uint8_t data[MAX_BYTES];
    g_autofree char *want = NULL;
    g_autofree char *got = NULL;

    qts = stm32mp1_init();
    fill(data, sizeof(data));
    wr(CR, INIT | BYTES | SHA256);
    write_bytes(data, 200);
    qts = stm32mp1_migrate(qts);
    write_bytes(data + 200, 50);
    finish(50);
    want = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, 250);
    got = digest(32);
    g_assert_cmpstr(got, ==, want);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/hash/registers", test_registers);
    qtest_add_func("stm32mp1/hash/vectors", test_vectors);
    qtest_add_func("stm32mp1/hash/random", test_random);
    qtest_add_func("stm32mp1/hash/datatype", test_datatype);
    qtest_add_data_func("stm32mp1/hash/context", NULL, test_context);
    qtest_add_data_func("stm32mp1/hash/context-hmac", "hmac", test_context);
    qtest_add_func("stm32mp1/hash/flags", test_flags);
    qtest_add_func("stm32mp1/hash/dma", test_dma);
    qtest_add_func("stm32mp1/hash/bad-key", test_bad_key);
    qtest_add_func("stm32mp1/hash/migration", test_migration);
    return g_test_run();
}
