/*
 * QTest for the STM32MP1 cryptographic processor
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "stm32mp1-util.h"

#define CRYP1       0x54001000
#define CRYP2       0x4c005000
#define AHB3RSTSETR 0x500009a0
#define AHB3RSTCLRR 0x500009a4

#define CR          0x00
#define SR          0x04
#define DIN         0x08
#define DOUT        0x0c
#define DMACR       0x10
#define IMSCR       0x14
#define RISR        0x18
#define MISR        0x1c
#define K0LR        0x20
#define IV0LR       0x40
#define CSGCMCCM0R  0x50
#define NUM_CONTEXT 16

#define DECRYPT     BIT(2)
#define TDES_ECB    (0 << 3)
#define TDES_CBC    (1 << 3)
#define DES_ECB     (2 << 3)
#define DES_CBC     (3 << 3)
#define AES_ECB     (4 << 3)
#define AES_CBC     (5 << 3)
#define AES_CTR     (6 << 3)
#define AES_KP      (7 << 3)
#define AES_GCM     BIT(19)
#define AES_CCM     (BIT(19) | 1 << 3)
#define DATATYPE(n) ((n) << 6)
#define BYTES       DATATYPE(2)
#define KEY192      (1 << 8)
#define KEY256      (2 << 8)
#define FFLUSH      BIT(14)
#define CRYPEN      BIT(15)
#define HEADER      (1 << 16)
#define PAYLOAD     (2 << 16)
#define FINAL       (3 << 16)
#define PHASE_MASK  (3 << 16)
#define NPBLB(n)    ((n) << 20)
#define IFEM        BIT(0)
#define IFNF        BIT(1)
#define OFNE        BIT(2)
#define OFFU        BIT(3)
#define IN          BIT(0)
#define OUT         BIT(1)

#define MAX_BYTES   64

static const uint64_t cryps[] = { CRYP1, CRYP2 };

static QTestState *qts;

static uint32_t rd(uint32_t offset)
{
    return qtest_readl(qts, CRYP2 + offset);
}

static void wr(uint32_t offset, uint32_t value)
{
    qtest_writel(qts, CRYP2 + offset, value);
}

/* Bytes of a text like "00ff"; returns how many */
static size_t unhex(const char *text, uint8_t *bytes)
{
    size_t size = strlen(text) / 2;

    g_assert_cmpuint(size, <=, MAX_BYTES);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = g_ascii_xdigit_value(text[2 * i]) << 4 |
                   g_ascii_xdigit_value(text[2 * i + 1]);
    }
    return size;
}

static char *hex(const uint8_t *bytes, size_t size)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < size; i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    return g_string_free(text, false);
}

/* The key ends in K3RR, but for the one of DES, which is K1. */
static void write_key(const char *text, bool des)
{
    uint8_t key[MAX_BYTES];
    size_t words = unhex(text, key) / 4;

    for (size_t i = 0; i < words; i++) {
        wr(K0LR + 4 * (des ? 2 + i : 8 - words + i), ldl_be_p(&key[4 * i]));
    }
}

static void write_iv(const char *text)
{
    uint8_t iv[MAX_BYTES];
    size_t words = unhex(text, iv) / 4;

    for (size_t i = 0; i < words; i++) {
        wr(IV0LR + 4 * i, ldl_be_p(&iv[4 * i]));
    }
}

static void write_block(const uint8_t *data, unsigned size)
{
    for (unsigned i = 0; i < size; i += 4) {
        wr(DIN, ldl_le_p(data + i));
    }
}

static void write_numbers(const uint8_t *data)
{
    for (unsigned i = 0; i < 16; i += 4) {
        wr(DIN, ldl_be_p(data + i));
    }
}

static void read_block(uint8_t *data, unsigned size)
{
    for (unsigned i = 0; i < size; i += 4) {
        g_assert_cmphex(rd(SR) & OFNE, ==, OFNE);
        stl_le_p(data + i, rd(DOUT));
    }
}

static void test_registers(void)
{
    qts = stm32mp1_init();
    for (unsigned i = 0; i < ARRAY_SIZE(cryps); i++) {
        uint64_t base = cryps[i];

        g_assert_cmphex(qtest_readl(qts, base + CR), ==, 0);
        stm32mp1_check_readonly(qts, base + SR, IFEM | IFNF);
        stm32mp1_check_readonly(qts, base + DOUT, 0);
        stm32mp1_check_mask(qts, base + DMACR, 3);
        stm32mp1_check_mask(qts, base + IMSCR, 3);
        stm32mp1_check_readonly(qts, base + RISR, IN);
        stm32mp1_check_readonly(qts, base + MISR, 0);
        for (unsigned k = 0; k < 8; k++) {
            stm32mp1_check_readonly(qts, base + K0LR + 4 * k, 0);
        }
        for (unsigned k = 0; k < 4 + NUM_CONTEXT; k++) {
            stm32mp1_check_mask(qts, base + IV0LR + 4 * k, 0xffffffff);
        }
        stm32mp1_check_readonly(qts, base + 0x3f0, 0x131);
        stm32mp1_check_readonly(qts, base + 0x3f4, 0x22);
        stm32mp1_check_readonly(qts, base + 0x3f8, 0x00170011);
        stm32mp1_check_readonly(qts, base + 0x3fc, 0xa3c5dd01);
        qtest_writel(qts, base + CR, 0xffff7fff);
        g_assert_cmphex(qtest_readl(qts, base + CR), ==, 0x00fb03fc);
        stm32mp1_check_any_access(qts, base);
        g_assert_cmphex(qtest_readl(qts, base + SR), ==, IFEM | IFNF);
    }
    qtest_quit(qts);
}

#define PLAIN "6bc1bee22e409f96e93d7e117393172a" \
              "ae2d8a571e03ac9c9eb76fac45af8e51"
#define KEY_128 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY_192 "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
#define KEY_256 "603deb1015ca71be2b73aef0857d7781" \
                "1f352c073b6108d72d9810a30914dff4"
#define KEY_DES "0123456789abcdef"
#define KEY_TDES "0123456789abcdef23456789abcdef01456789abcdef0123"

/* NIST SP 800-38A, and openssl's DES */
static const struct {
    const char *name;
    uint32_t cr;
    const char *key;
    const char *iv;
    const char *plain;
    const char *cipher;
    const char *iv_after;
} modes[] = {
    { "aes-128-ecb", AES_ECB, KEY_128, "", PLAIN,
      "3ad77bb40d7a3660a89ecaf32466ef97"
      "f5d3d58503b9699de785895a96fdbaaf", "" },
    { "aes-192-ecb", AES_ECB | KEY192, KEY_192, "", PLAIN,
      "bd334f1d6e45f25ff712a214571fa5cc"
      "974104846d0ad3ad7734ecb3ecee4eef", "" },
    { "aes-256-ecb", AES_ECB | KEY256, KEY_256, "", PLAIN,
      "f3eed1bdb5d2a03c064b5a7e3db181f8"
      "591ccb10d410ed26dc5ba74a31362870", "" },
    { "aes-128-cbc", AES_CBC, KEY_128, "000102030405060708090a0b0c0d0e0f",
      PLAIN,
      "7649abac8119b246cee98e9b12e9197d"
      "5086cb9b507219ee95db113a917678b2",
      "5086cb9b507219ee95db113a917678b2" },
    { "aes-128-ctr", AES_CTR, KEY_128, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
      PLAIN,
      "874d6191b620e3261bef6864990db6ce"
      "9806f66b7970fdff8617187bb9fffdff",
      "f0f1f2f3f4f5f6f7f8f9fafbfcfdff01" },
    { "des-ecb", DES_ECB, "133457799bbcdff1", "", "0123456789abcdef",
      "85e813540f0ab405", "" },
    { "des-cbc", DES_CBC, KEY_DES, "f69f2445df4f9b17",
      "6bc1bee22e409f96e93d7e117393172a",
      "2d121f90fcf68631ed788fcfe31a62df", "ed788fcfe31a62df" },
    { "tdes-ecb", TDES_ECB, KEY_TDES, "", "6bc1bee22e409f96e93d7e117393172a",
      "714772f339841d34267fcc4bd2949cc3", "" },
    { "tdes-cbc", TDES_CBC, KEY_TDES, "f69f2445df4f9b17",
      "6bc1bee22e409f96e93d7e117393172a",
      "2079c3d53aa763e193b79e2569ab5262", "93b79e2569ab5262" },
};

static void prepare_key(uint32_t cr)
{
    wr(CR, (cr & ~(7 << 3)) | AES_KP);
    wr(CR, (cr & ~(7 << 3)) | AES_KP | CRYPEN);
    g_assert_cmphex(rd(CR) & CRYPEN, ==, 0);
}

/* One direction of a mode; the words of a block go in and come out. */
static void check_mode(unsigned n, bool decrypt)
{
    uint32_t mode = modes[n].cr & (7 << 3);
    unsigned block = mode <= DES_CBC ? 8 : 16;
    uint32_t cr = modes[n].cr | BYTES | FFLUSH;
    uint8_t in[MAX_BYTES];
    uint8_t out[MAX_BYTES];
    size_t size = unhex(decrypt ? modes[n].cipher : modes[n].plain, in);
    g_autofree char *got = NULL;
    uint8_t iv[16];

    wr(CR, cr);
    write_key(modes[n].key, mode == DES_ECB || mode == DES_CBC);
    if (decrypt && (mode == AES_ECB || mode == AES_CBC)) {
        prepare_key(cr);
    }
    cr |= decrypt ? DECRYPT : 0;
    wr(CR, cr);
    write_iv(modes[n].iv);
    wr(CR, cr | CRYPEN);
    for (size_t i = 0; i < size; i += block) {
        write_block(in + i, block);
        g_assert_cmphex(rd(SR), ==, IFEM | IFNF | OFNE);
        read_block(out + i, block);
        g_assert_cmphex(rd(SR), ==, IFEM | IFNF);
    }
    got = hex(out, size);
    g_assert_cmpstr(got, ==, decrypt ? modes[n].plain : modes[n].cipher);
    if (*modes[n].iv_after) {
        size = strlen(modes[n].iv_after) / 2;
        for (size_t i = 0; i < size; i += 4) {
            stl_be_p(iv + i, rd(IV0LR + i));
        }
        g_free(got);
        got = hex(iv, size);
        g_assert_cmpstr(got, ==, modes[n].iv_after);
    }
    wr(CR, 0);
}

static void test_modes(void)
{
    qts = stm32mp1_init();
    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        g_test_message("%s", modes[i].name);
        check_mode(i, false);
        check_mode(i, true);
    }
    qtest_quit(qts);
}

/* The same block by each DATATYPE */
static void test_datatype(void)
{
    static const uint32_t in[4][4] = {
        { 0x6bc1bee2, 0x2e409f96, 0xe93d7e11, 0x7393172a },
        { 0xbee26bc1, 0x9f962e40, 0x7e11e93d, 0x172a7393 },
        { 0xe2bec16b, 0x969f402e, 0x117e3de9, 0x2a179373 },
        { 0x477d83d6, 0x69f90274, 0x887ebc97, 0x54e8c9ce },
    };
    static const uint32_t out[4] = {
        0x3ad77bb4, 0x7bb43ad7, 0xb47bd73a, 0x2ddeeb5c,
    };

    qts = stm32mp1_init();
    write_key(KEY_128, false);
    for (unsigned i = 0; i < 4; i++) {
        wr(CR, AES_ECB | DATATYPE(i) | FFLUSH);
        wr(CR, AES_ECB | DATATYPE(i) | CRYPEN);
        for (unsigned k = 0; k < 4; k++) {
            wr(DIN, in[i][k]);
        }
        g_assert_cmphex(rd(DOUT), ==, out[i]);
        wr(CR, 0);
    }
    qtest_quit(qts);
}

/* NIST SP 800-38C, examples 2 and 3; the GCM specification's test case 4 */
static const struct {
    uint32_t cr;
    const char *key;
    const char *iv;     /* of the first block of the payload */
    const char *b0;
    const char *header; /* CCM's begins with its length */
    const char *plain;
    const char *cipher;
    const char *last;   /* lengths of GCM, CCM's counter block 0 */
    const char *tag;
} aeads[] = {
    { AES_GCM, "feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf88800000002", NULL,
      "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
      "00000000000000a000000000000001e0",
      "5bc94fbc3221a5db94fae95ae7121a47" },
    { AES_CCM, "404142434445464748494a4b4c4d4e4f",
      "06101112131415161700000000000001",
      "56101112131415161700000000000010",
      "0010000102030405060708090a0b0c0d0e0f",
      "202122232425262728292a2b2c2d2e2f",
      "d2a1f0e051ea5f62081a7792073d593d",
      "06101112131415161700000000000000", "1fc64fbfaccd" },
    { AES_CCM, "404142434445464748494a4b4c4d4e4f",
      "02101112131415161718191a1b000001",
      "5a101112131415161718191a1b000018",
      "0014000102030405060708090a0b0c0d0e0f10111213",
      "202122232425262728292a2b2c2d2e2f3031323334353637",
      "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5",
      "02101112131415161718191a1b000000", "484392fbc1b09951" },
};

/* Let another user have the processor between two phases */
static void disturb(void)
{
    uint32_t context[4 + NUM_CONTEXT];
    uint32_t cr = rd(CR);

    for (unsigned i = 0; i < ARRAY_SIZE(context); i++) {
        context[i] = rd(IV0LR + 4 * i);
    }
    wr(CR, FFLUSH);
    for (unsigned i = 0; i < ARRAY_SIZE(context); i++) {
        wr(IV0LR + 4 * i, 0x55555555);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(context); i++) {
        wr(IV0LR + 4 * i, context[i]);
    }
    wr(CR, cr);
}

static void check_aead(unsigned n, bool decrypt)
{
    bool gcm = aeads[n].cr == AES_GCM;
    uint32_t cr = aeads[n].cr | BYTES | (decrypt ? DECRYPT : 0);
    uint8_t in[MAX_BYTES + 16] = { 0 };
    uint8_t out[MAX_BYTES + 16];
    uint8_t last[MAX_BYTES];
    g_autofree char *got = NULL;
    size_t size;

    wr(CR, cr | FFLUSH);
    write_key(aeads[n].key, false);
    write_iv(aeads[n].iv);
    wr(CR, cr | CRYPEN);
    if (!gcm) {
        g_assert_cmphex(rd(CR) & CRYPEN, ==, CRYPEN);
        unhex(aeads[n].b0, in);
        write_numbers(in);
    }
    g_assert_cmphex(rd(CR) & CRYPEN, ==, 0);

    memset(in, 0, sizeof(in));
    size = unhex(aeads[n].header, in);
    wr(CR, cr | HEADER | CRYPEN);
    for (size_t i = 0; i < size; i += 16) {
        write_block(in + i, 16);
        g_assert_cmphex(rd(SR), ==, IFEM | IFNF);
    }
    wr(CR, cr | HEADER);
    disturb();

    memset(in, 0, sizeof(in));
    size = unhex(decrypt ? aeads[n].cipher : aeads[n].plain, in);
    wr(CR, cr | PAYLOAD | CRYPEN);
    for (size_t i = 0; i < size; i += 16) {
        if (size - i < 16 && gcm != decrypt) {
            wr(CR, cr | PAYLOAD);
            wr(CR, cr | PAYLOAD | NPBLB(16 - (size - i)) | CRYPEN);
        }
        write_block(in + i, 16);
        read_block(out + i, 16);
    }
    got = hex(out, size);
    g_assert_cmpstr(got, ==, decrypt ? aeads[n].plain : aeads[n].cipher);

    wr(CR, (cr & ~DECRYPT) | FINAL | CRYPEN);
    unhex(aeads[n].last, last);
    write_numbers(last);
    read_block(out, 16);
    g_free(got);
    got = hex(out, strlen(aeads[n].tag) / 2);
    g_assert_cmpstr(got, ==, aeads[n].tag);
    wr(CR, 0);
}

static void test_aead(void)
{
    qts = stm32mp1_init();
    for (unsigned i = 0; i < ARRAY_SIZE(aeads); i++) {
        check_aead(i, false);
        check_aead(i, true);
    }
    qtest_quit(qts);
}

/* Both FIFOs hold eight words; the processor waits for room. */
static void test_fifos(void)
{
    qts = stm32mp1_init();
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "cryp2", "sysbus-irq");
    write_key(KEY_128, false);
    wr(IMSCR, IN);
    g_assert_false(qtest_get_irq(qts, 0));      /* not enabled */
    wr(CR, AES_ECB | CRYPEN);
    g_assert_true(qtest_get_irq(qts, 0));
    for (unsigned i = 0; i < 8; i++) {
        wr(DIN, i);
    }
    g_assert_cmphex(rd(SR), ==, IFEM | IFNF | OFNE | OFFU);
    g_assert_true(qtest_get_irq(qts, 0));
    for (unsigned i = 0; i < 4; i++) {
        wr(DIN, i);
    }
    g_assert_cmphex(rd(SR), ==, IFNF | OFNE | OFFU);
    g_assert_cmphex(rd(RISR), ==, OUT);
    g_assert_false(qtest_get_irq(qts, 0));
    for (unsigned i = 0; i < 4; i++) {
        wr(DIN, i);
    }
    g_assert_cmphex(rd(SR), ==, OFNE | OFFU);
    wr(IMSCR, OUT);
    g_assert_true(qtest_get_irq(qts, 0));
    for (unsigned i = 0; i < 16; i++) {
        rd(DOUT);
    }
    g_assert_cmphex(rd(SR), ==, IFEM | IFNF);
    g_assert_false(qtest_get_irq(qts, 0));

    /* Off, what was written can be read back, and is flushed. */
    wr(CR, AES_ECB);
    wr(DIN, 1);
    wr(DIN, 2);
    g_assert_cmphex(rd(DIN), ==, 1);
    wr(CR, AES_ECB | FFLUSH);
    g_assert_cmphex(rd(CR), ==, AES_ECB);
    g_assert_cmphex(rd(SR), ==, IFEM | IFNF);

    wr(CR, AES_ECB | CRYPEN);
    wr(IMSCR, IN);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, AHB3RSTSETR, BIT(4));
    qtest_writel(qts, AHB3RSTCLRR, BIT(4));
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(rd(CR), ==, 0);
    qtest_quit(qts);
}

static void test_dma(const void *name)
{
    bool out = !strcmp(name, "dma-out");

    qts = stm32mp1_init();
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "cryp2", name);
    wr(DMACR, out ? 2 : 1);
    g_assert_false(qtest_get_irq(qts, 0));
    wr(CR, AES_ECB | CRYPEN);
    g_assert_cmpint(qtest_get_irq(qts, 0), ==, !out);
    for (unsigned i = 0; i < 16; i++) {
        wr(DIN, i);
    }
    g_assert_cmpint(qtest_get_irq(qts, 0), ==, out);
    for (unsigned i = 0; i < 16; i++) {
        rd(DOUT);
    }
    g_assert_cmpint(qtest_get_irq(qts, 0), ==, !out);
    qtest_quit(qts);
}

static void test_bad_use(void)
{
    g_autofree char *file = NULL;

    qts = stm32mp1_init_logged(&file);
    stm32mp1_enable_clocks(qts);
    wr(CR, AES_GCM | AES_CTR | CRYPEN);     /* there is no such mode */
    g_assert_cmphex(rd(CR) & CRYPEN, ==, 0);
    write_key(KEY_128, false);
    wr(CR, AES_CBC | DECRYPT | CRYPEN);
    wr(CR, AES_CTR | 3 << 8 | CRYPEN);
    wr(CR, 0);
    for (unsigned i = 0; i < 9; i++) {
        wr(DIN, i);
    }
    qtest_quit(qts);
    stm32mp1_check_log(file,
        "/machine/soc/cryp2: algorithm 14 is not modelled\n"
        "/machine/soc/cryp2: the key is not prepared for decryption\n"
        "/machine/soc/cryp2: reserved size of a key\n"
        "/machine/soc/cryp2: DIN written while full\n");
    unlink(file);
}

static void test_migration(void)
{
    uint8_t in[MAX_BYTES];
    uint8_t out[16];
    g_autofree char *got = NULL;

    qts = stm32mp1_init();
    unhex(PLAIN, in);
    write_key(KEY_128, false);
    write_iv("000102030405060708090a0b0c0d0e0f");
    wr(CR, AES_CBC | BYTES | CRYPEN);
    write_block(in, 24);
    read_block(out, 16);
    qts = stm32mp1_migrate(qts);
    write_block(in + 24, 8);
    read_block(out, 16);
    got = hex(out, 16);
    g_assert_cmpstr(got, ==, "5086cb9b507219ee95db113a917678b2");
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/cryp/registers", test_registers);
    qtest_add_func("stm32mp1/cryp/modes", test_modes);
    qtest_add_func("stm32mp1/cryp/datatype", test_datatype);
    qtest_add_func("stm32mp1/cryp/aead", test_aead);
    qtest_add_func("stm32mp1/cryp/fifos", test_fifos);
    qtest_add_data_func("stm32mp1/cryp/dma-in", "dma-in", test_dma);
    qtest_add_data_func("stm32mp1/cryp/dma-out", "dma-out", test_dma);
    qtest_add_func("stm32mp1/cryp/bad-use", test_bad_use);
    qtest_add_func("stm32mp1/cryp/migration", test_migration);
    return g_test_run();
}
