/*
 * STM32MP1 cryptographic processor (CRYP)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers and rules: RM0436, chapter "Cryptographic processor"; the order in
 * which a driver uses them, and what is swapped when: Linux's stm32-cryp.c,
 * as it does for "st,stm32mp1-cryp".
 *
 * AES comes from QEMU's crypto library. DES does not: QEMU has it only when it
 * is built with an external library. The modes are here, because the processor
 * shows what is between two blocks (IV, GCM and CCM context) in registers.
 * Which context register holds what is up to the model: CSGCMCCM0 to 3 the
 * authentication so far, 4 to 7 the first counter block of GCM; CSGCM0 to 3
 * GCM's hash key.
 *
 * Where this model differs from silicon: nothing takes time, BUSY is always 0.
 * AES decryption in ECB and CBC without a prepared key is logged and works.
 */

#include "qemu/osdep.h"
#include "crypto/aes.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_cryp.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(CR, 0x00)
    FIELD(CR, ALGODIR, 2, 1)    /* decrypt */
    FIELD(CR, ALGOMODE, 3, 3)
    FIELD(CR, DATATYPE, 6, 2)
    FIELD(CR, KEYSIZE, 8, 2)
    FIELD(CR, FFLUSH, 14, 1)
    FIELD(CR, CRYPEN, 15, 1)
    FIELD(CR, GCM_CCMPH, 16, 2)
    FIELD(CR, ALGOMODE3, 19, 1)
    FIELD(CR, NPBLB, 20, 4)
REG32(SR, 0x04)
    FIELD(SR, IFEM, 0, 1)
    FIELD(SR, IFNF, 1, 1)
    FIELD(SR, OFNE, 2, 1)
    FIELD(SR, OFFU, 3, 1)
REG32(DIN, 0x08)
REG32(DOUT, 0x0c)
REG32(DMACR, 0x10)
    FIELD(DMACR, DIEN, 0, 1)
    FIELD(DMACR, DOEN, 1, 1)
REG32(IMSCR, 0x14)
REG32(RISR, 0x18)
    FIELD(RISR, INRIS, 0, 1)
    FIELD(RISR, OUTRIS, 1, 1)
REG32(MISR, 0x1c)
REG32(K0LR, 0x20)
REG32(K3RR, 0x3c)
REG32(IV0LR, 0x40)
REG32(IV1RR, 0x4c)
REG32(CSGCMCCM0R, 0x50)
REG32(CSGCMCCM7R, 0x6c)
REG32(CSGCM0R, 0x70)
REG32(CSGCM7R, 0x8c)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(MID, 0x3fc)

#define CR_MASK     0x00fb83fc

/* ALGOMODE3 and ALGOMODE */
enum {
    TDES_ECB, TDES_CBC, DES_ECB, DES_CBC, AES_ECB, AES_CBC, AES_CTR,
    AES_KEY_PREPARATION, AES_GCM, AES_CCM,
};

enum { PHASE_INIT, PHASE_HEADER, PHASE_PAYLOAD, PHASE_FINAL };

#define AES_WORDS   4
#define DES_WORDS   2
#define GCM_POLYNOMIAL 0xe1000000   /* x^128 + x^7 + x^2 + x + 1, reversed */

/*
 * DES (FIPS 46-3). A table gives for each bit of the result, the most
 * significant one first, which bit of the input it is, counted from 1 there.
 */
static const uint8_t des_ip[64] = {
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
    62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
    57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
};

static const uint8_t des_fp[64] = {
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31,
    38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
    36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27,
    34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
};

static const uint8_t des_e[48] = {
    32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11,
    12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18, 19, 20, 21, 20, 21,
    22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
};

static const uint8_t des_p[32] = {
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
};

static const uint8_t des_pc1[56] = {
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
    10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
    14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
};

static const uint8_t des_pc2[48] = {
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4,
    26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30, 40,
    51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
};

static const uint8_t des_s[8][64] = {
    { 14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7,
      0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
      4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0,
      15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13 },
    { 15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10,
      3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
      0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15,
      13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9 },
    { 10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8,
      13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
      13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7,
      1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12 },
    { 7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15,
      13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
      10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4,
      3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14 },
    { 2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9,
      14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
      4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14,
      11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3 },
    { 12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11,
      10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
      9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6,
      4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13 },
    { 4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1,
      13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
      1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2,
      6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12 },
    { 13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7,
      1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
      7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8,
      2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11 },
};

static uint64_t des_permute(uint64_t in, unsigned in_bits,
                            const uint8_t *table, unsigned bits)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < bits; i++) {
        out = out << 1 | (in >> (in_bits - table[i]) & 1);
    }
    return out;
}

static uint32_t des_f(uint32_t half, uint64_t round_key)
{
    uint64_t in = des_permute(half, 32, des_e, 48) ^ round_key;
    uint32_t out = 0;

    for (unsigned i = 0; i < 8; i++) {
        unsigned six = in >> (42 - 6 * i) & 0x3f;
        unsigned row = (six >> 4 & 2) | (six & 1);

        out = out << 4 | des_s[i][row * 16 + (six >> 1 & 0xf)];
    }
    return des_permute(out, 32, des_p, 32);
}

static uint64_t des_block(uint64_t key, uint64_t in, bool decrypt)
{
    static const uint8_t shifts[16] = {
        1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1,
    };
    uint64_t cd = des_permute(key, 64, des_pc1, 56);
    uint64_t round_keys[16];
    uint64_t lr = des_permute(in, 64, des_ip, 64);
    uint32_t left = lr >> 32;
    uint32_t right = lr;

    for (unsigned i = 0; i < 16; i++) {
        uint32_t c = cd >> 28;
        uint32_t d = extract64(cd, 0, 28);

        c = extract32(c << shifts[i] | c >> (28 - shifts[i]), 0, 28);
        d = extract32(d << shifts[i] | d >> (28 - shifts[i]), 0, 28);
        cd = (uint64_t)c << 28 | d;
        round_keys[i] = des_permute(cd, 56, des_pc2, 48);
    }
    for (unsigned i = 0; i < 16; i++) {
        uint32_t next = left ^ des_f(right, round_keys[decrypt ? 15 - i : i]);

        left = right;
        right = next;
    }
    return des_permute((uint64_t)right << 32 | left, 64, des_fp, 64);
}

static unsigned stm32mp1_cryp_mode(STM32MP1CrypState *s)
{
    return FIELD_EX32(s->cr, CR, ALGOMODE3) * 8 +
           FIELD_EX32(s->cr, CR, ALGOMODE);
}

static bool stm32mp1_cryp_decrypts(STM32MP1CrypState *s)
{
    return s->cr & R_CR_ALGODIR_MASK;
}

static unsigned stm32mp1_cryp_block_words(STM32MP1CrypState *s)
{
    return stm32mp1_cryp_mode(s) <= DES_CBC ? DES_WORDS : AES_WORDS;
}

static void stm32mp1_cryp_push(STM32MP1CrypFifo *fifo, uint32_t word)
{
    if (fifo->used < STM32MP1_CRYP_FIFO) {
        fifo->words[fifo->used++] = word;
    }
}

/* The oldest word, 0 if there is none */
static uint32_t stm32mp1_cryp_pop(STM32MP1CrypFifo *fifo)
{
    uint32_t word = fifo->words[0];

    if (fifo->used == 0) {
        return 0;
    }
    fifo->used--;
    memmove(&fifo->words[0], &fifo->words[1],
            fifo->used * sizeof(fifo->words[0]));
    return word;
}

/* DATATYPE: between a word as in the registers and one of the algorithm */
static uint32_t stm32mp1_cryp_swap(STM32MP1CrypState *s, uint32_t value)
{
    switch (FIELD_EX32(s->cr, CR, DATATYPE)) {
    case 0:
        return value;
    case 1:
        return rol32(value, 16);
    case 2:
        return bswap32(value);
    default:
        return revbit32(value);
    }
}

/* AES of one block by the key in the registers */
static void stm32mp1_cryp_aes(STM32MP1CrypState *s, const uint32_t *in,
                              uint32_t *out, bool decrypt)
{
    unsigned words = 4 + 2 * FIELD_EX32(s->cr, CR, KEYSIZE);
    uint8_t key[32];
    uint8_t block[AES_BLOCK_SIZE];
    AES_KEY schedule;

    /* The last words of the registers; a size of 3 is reserved */
    words = MIN(words, 8);
    for (unsigned i = 0; i < words; i++) {
        stl_be_p(&key[4 * i], s->key[8 - words + i]);
    }
    for (unsigned i = 0; i < AES_WORDS; i++) {
        stl_be_p(&block[4 * i], in[i]);
    }
    if (decrypt) {
        AES_set_decrypt_key(key, words * 32, &schedule);
        AES_decrypt(block, block, &schedule);
    } else {
        AES_set_encrypt_key(key, words * 32, &schedule);
        AES_encrypt(block, block, &schedule);
    }
    for (unsigned i = 0; i < AES_WORDS; i++) {
        out[i] = ldl_be_p(&block[4 * i]);
    }
}

/* Key registers KnLR and KnRR */
static uint64_t stm32mp1_cryp_des_key(STM32MP1CrypState *s, unsigned n)
{
    return (uint64_t)s->key[2 * n] << 32 | s->key[2 * n + 1];
}

/* DES by K1, or triple DES by K1 to K3 */
static void stm32mp1_cryp_des(STM32MP1CrypState *s, uint32_t *data,
                              bool decrypt)
{
    uint64_t value = (uint64_t)data[0] << 32 | data[1];
    bool triple = stm32mp1_cryp_mode(s) <= TDES_CBC;
    unsigned first = triple && decrypt ? 3 : 1;
    unsigned last = triple && !decrypt ? 3 : 1;

    value = des_block(stm32mp1_cryp_des_key(s, first), value, decrypt);
    if (triple) {
        value = des_block(stm32mp1_cryp_des_key(s, 2), value, !decrypt);
        value = des_block(stm32mp1_cryp_des_key(s, last), value, decrypt);
    }
    data[0] = value >> 32;
    data[1] = value;
}

static void stm32mp1_cryp_xor(uint32_t *data, const uint32_t *with,
                              unsigned words)
{
    for (unsigned i = 0; i < words; i++) {
        data[i] ^= with[i];
    }
}

/* A block of ECB or CBC of either cipher */
static void stm32mp1_cryp_ecb_cbc(STM32MP1CrypState *s, uint32_t *data,
                                  unsigned words, bool chained)
{
    bool decrypt = stm32mp1_cryp_decrypts(s);
    uint32_t in[AES_WORDS];

    memcpy(in, data, words * sizeof(in[0]));
    if (chained && !decrypt) {
        stm32mp1_cryp_xor(data, s->iv, words);
    }
    if (words == DES_WORDS) {
        stm32mp1_cryp_des(s, data, decrypt);
    } else {
        stm32mp1_cryp_aes(s, data, data, decrypt);
    }
    if (chained) {
        if (decrypt) {
            stm32mp1_cryp_xor(data, s->iv, words);
        }
        memcpy(s->iv, decrypt ? in : data, words * sizeof(in[0]));
    }
}

/* A block of counter mode; only the last word counts */
static void stm32mp1_cryp_ctr(STM32MP1CrypState *s, uint32_t *data)
{
    uint32_t stream[AES_WORDS];

    stm32mp1_cryp_aes(s, s->iv, stream, false);
    stm32mp1_cryp_xor(data, stream, AES_WORDS);
    s->iv[3]++;
}

/* GHASH: multiply the authentication so far, with @data, by the hash key */
static void stm32mp1_cryp_ghash(STM32MP1CrypState *s, const uint32_t *data)
{
    uint32_t *x = s->csgcmccm;
    uint32_t v[AES_WORDS];
    uint32_t z[AES_WORDS] = { 0 };

    stm32mp1_cryp_xor(x, data, AES_WORDS);
    memcpy(v, s->csgcm, sizeof(v));
    for (unsigned i = 0; i < 128; i++) {
        bool carry = v[3] & 1;

        if (x[i / 32] >> (31 - i % 32) & 1) {
            stm32mp1_cryp_xor(z, v, AES_WORDS);
        }
        for (unsigned j = 3; j > 0; j--) {
            v[j] = v[j] >> 1 | v[j - 1] << 31;
        }
        v[0] = v[0] >> 1 ^ (carry ? GCM_POLYNOMIAL : 0);
    }
    memcpy(x, z, sizeof(z));
}

/* CCM: chain @data into the authentication so far */
static void stm32mp1_cryp_mac(STM32MP1CrypState *s, const uint32_t *data)
{
    stm32mp1_cryp_xor(s->csgcmccm, data, AES_WORDS);
    stm32mp1_cryp_aes(s, s->csgcmccm, s->csgcmccm, false);
}

static void stm32mp1_cryp_authenticate(STM32MP1CrypState *s,
                                       const uint32_t *data)
{
    if (stm32mp1_cryp_mode(s) == AES_GCM) {
        stm32mp1_cryp_ghash(s, data);
    } else {
        stm32mp1_cryp_mac(s, data);
    }
}

/* A block of the payload; NPBLB bytes at its end are none of it. */
static void stm32mp1_cryp_payload(STM32MP1CrypState *s, uint32_t *data)
{
    bool gcm = stm32mp1_cryp_mode(s) == AES_GCM;
    unsigned valid = 16 - FIELD_EX32(s->cr, CR, NPBLB);
    uint32_t text[AES_WORDS];

    memcpy(text, data, sizeof(text));
    stm32mp1_cryp_ctr(s, data);
    /* GCM authenticates what is encrypted, CCM what is not. */
    if (gcm != stm32mp1_cryp_decrypts(s)) {
        memcpy(text, data, sizeof(text));
    }
    for (unsigned i = valid; i < 16; i++) {
        text[i / 4] &= ~(0xff000000u >> i % 4 * 8);
    }
    stm32mp1_cryp_authenticate(s, text);
}

/* The initial phase needs no data in GCM. It ends by itself. */
static void stm32mp1_cryp_gcm_init(STM32MP1CrypState *s)
{
    memset(s->csgcmccm, 0, sizeof(s->csgcmccm));
    memset(s->csgcm, 0, sizeof(s->csgcm));
    stm32mp1_cryp_aes(s, s->csgcm, s->csgcm, false);
    memcpy(&s->csgcmccm[4], s->iv, sizeof(s->iv));
    s->csgcmccm[7]--;
    s->cr &= ~R_CR_CRYPEN_MASK;
}

/*
 * A block of GCM or CCM. Returns whether there is output. The blocks of the
 * first and the last phase are made by software, from words that are numbers:
 * DATATYPE does not apply to them.
 */
static bool stm32mp1_cryp_aead(STM32MP1CrypState *s, uint32_t *data)
{
    bool gcm = stm32mp1_cryp_mode(s) == AES_GCM;
    uint32_t mask[AES_WORDS];

    switch (FIELD_EX32(s->cr, CR, GCM_CCMPH)) {
    case PHASE_INIT:
        memset(s->csgcmccm, 0, sizeof(s->csgcmccm));
        stm32mp1_cryp_mac(s, data);
        s->cr &= ~R_CR_CRYPEN_MASK;
        return false;
    case PHASE_HEADER:
        stm32mp1_cryp_authenticate(s, data);
        return false;
    case PHASE_PAYLOAD:
        stm32mp1_cryp_payload(s, data);
        return true;
    default:
        if (gcm) {
            stm32mp1_cryp_ghash(s, data);
        }
        stm32mp1_cryp_aes(s, gcm ? &s->csgcmccm[4] : data, mask, false);
        memcpy(data, s->csgcmccm, sizeof(mask));
        stm32mp1_cryp_xor(data, mask, AES_WORDS);
        return true;
    }
}

/* Whether DATATYPE applies to what is written now */
static bool stm32mp1_cryp_swaps_input(STM32MP1CrypState *s)
{
    unsigned phase = FIELD_EX32(s->cr, CR, GCM_CCMPH);

    return stm32mp1_cryp_mode(s) < AES_GCM || phase == PHASE_HEADER ||
           phase == PHASE_PAYLOAD;
}

static bool stm32mp1_cryp_block(STM32MP1CrypState *s, uint32_t *data)
{
    unsigned mode = stm32mp1_cryp_mode(s);

    switch (mode) {
    case TDES_ECB:
    case DES_ECB:
    case TDES_CBC:
    case DES_CBC:
        stm32mp1_cryp_ecb_cbc(s, data, DES_WORDS,
                              mode == TDES_CBC || mode == DES_CBC);
        return true;
    case AES_ECB:
    case AES_CBC:
        stm32mp1_cryp_ecb_cbc(s, data, AES_WORDS, mode == AES_CBC);
        return true;
    case AES_CTR:
        stm32mp1_cryp_ctr(s, data);
        return true;
    default:
        return stm32mp1_cryp_aead(s, data);
    }
}

/* Process what is there, as far as the output fits */
static void stm32mp1_cryp_run(STM32MP1CrypState *s)
{
    unsigned words = stm32mp1_cryp_block_words(s);
    uint32_t data[AES_WORDS];

    while ((s->cr & R_CR_CRYPEN_MASK) && s->in.used >= words &&
           s->out.used + words <= STM32MP1_CRYP_FIFO) {
        bool swap = stm32mp1_cryp_swaps_input(s);

        for (unsigned i = 0; i < words; i++) {
            uint32_t word = stm32mp1_cryp_pop(&s->in);

            data[i] = swap ? stm32mp1_cryp_swap(s, word) : word;
        }
        if (stm32mp1_cryp_block(s, data)) {
            for (unsigned i = 0; i < words; i++) {
                stm32mp1_cryp_push(&s->out, stm32mp1_cryp_swap(s, data[i]));
            }
        }
        trace_stm32mp1_cryp_block(DEVICE(s)->canonical_path, s->cr);
    }
}

static uint32_t stm32mp1_cryp_sr(STM32MP1CrypState *s)
{
    uint32_t sr = 0;

    sr = FIELD_DP32(sr, SR, IFEM, s->in.used == 0);
    sr = FIELD_DP32(sr, SR, IFNF, s->in.used < STM32MP1_CRYP_FIFO);
    sr = FIELD_DP32(sr, SR, OFNE, s->out.used != 0);
    return FIELD_DP32(sr, SR, OFFU, s->out.used == STM32MP1_CRYP_FIFO);
}

static uint32_t stm32mp1_cryp_risr(STM32MP1CrypState *s)
{
    uint32_t risr = 0;

    risr = FIELD_DP32(risr, RISR, INRIS,
                      s->in.used < STM32MP1_CRYP_FIFO / 2);
    return FIELD_DP32(risr, RISR, OUTRIS, s->out.used != 0);
}

static uint32_t stm32mp1_cryp_misr(STM32MP1CrypState *s)
{
    uint32_t misr = stm32mp1_cryp_risr(s) & s->imscr;

    /* The input asks for nothing while the processor is off. */
    return s->cr & R_CR_CRYPEN_MASK ? misr : misr & ~R_RISR_INRIS_MASK;
}

static void stm32mp1_cryp_update(STM32MP1CrypState *s)
{
    uint32_t misr = stm32mp1_cryp_misr(s);

    trace_stm32mp1_cryp_update(DEVICE(s)->canonical_path, s->in.used,
                               s->out.used, misr);
    qemu_set_irq(s->irq, misr != 0);
    qemu_set_irq(s->dma_in, (s->dmacr & R_DMACR_DIEN_MASK) &&
                            (s->cr & R_CR_CRYPEN_MASK) &&
                            s->in.used + AES_WORDS <= STM32MP1_CRYP_FIFO);
    qemu_set_irq(s->dma_out, (s->dmacr & R_DMACR_DOEN_MASK) && s->out.used);
}

/* CRYPEN has been set, or written again while it was */
static void stm32mp1_cryp_start(STM32MP1CrypState *s)
{
    unsigned mode = stm32mp1_cryp_mode(s);

    if (mode > AES_CCM) {
        qemu_log_mask(LOG_UNIMP, "%s: algorithm %u is not modelled\n",
                      DEVICE(s)->canonical_path, mode);
        s->cr &= ~R_CR_CRYPEN_MASK;
        return;
    }
    if (mode >= AES_ECB && FIELD_EX32(s->cr, CR, KEYSIZE) == 3) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: reserved size of a key\n",
                      DEVICE(s)->canonical_path);
    }
    if (mode == AES_KEY_PREPARATION) {
        s->key_prepared = true;
        s->cr &= ~R_CR_CRYPEN_MASK;
        return;
    }
    if ((mode == AES_ECB || mode == AES_CBC) && stm32mp1_cryp_decrypts(s) &&
        !s->key_prepared) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: the key is not prepared for decryption\n",
                      DEVICE(s)->canonical_path);
    }
    if (mode == AES_GCM && FIELD_EX32(s->cr, CR, GCM_CCMPH) == PHASE_INIT) {
        stm32mp1_cryp_gcm_init(s);
        return;
    }
    stm32mp1_cryp_run(s);
}

static void stm32mp1_cryp_write_cr(STM32MP1CrypState *s, uint32_t value)
{
    if ((value & R_CR_FFLUSH_MASK) && !(s->cr & R_CR_CRYPEN_MASK)) {
        s->in.used = 0;
        s->out.used = 0;
    }
    s->cr = value & CR_MASK;
    if (s->cr & R_CR_CRYPEN_MASK) {
        stm32mp1_cryp_start(s);
    }
}

/* The register of one of the ranges that are storage, or NULL */
static uint32_t *stm32mp1_cryp_storage(STM32MP1CrypState *s, hwaddr addr)
{
    switch (addr) {
    case A_IV0LR ... A_IV1RR:
        return &s->iv[(addr - A_IV0LR) / 4];
    case A_CSGCMCCM0R ... A_CSGCMCCM7R:
        return &s->csgcmccm[(addr - A_CSGCMCCM0R) / 4];
    case A_CSGCM0R ... A_CSGCM7R:
        return &s->csgcm[(addr - A_CSGCM0R) / 4];
    default:
        return NULL;
    }
}

static uint32_t stm32mp1_cryp_read_reg(STM32MP1CrypState *s, hwaddr addr)
{
    uint32_t *storage = stm32mp1_cryp_storage(s, addr);
    uint32_t value;

    if (storage) {
        return *storage;
    }
    switch (addr) {
    case A_CR:
        return s->cr;
    case A_SR:
        return stm32mp1_cryp_sr(s);
    case A_DIN:
        return s->cr & R_CR_CRYPEN_MASK ? 0 : stm32mp1_cryp_pop(&s->in);
    case A_DOUT:
        value = stm32mp1_cryp_pop(&s->out);
        stm32mp1_cryp_run(s);
        return value;
    case A_DMACR:
        return s->dmacr;
    case A_IMSCR:
        return s->imscr;
    case A_RISR:
        return stm32mp1_cryp_risr(s);
    case A_MISR:
        return stm32mp1_cryp_misr(s);
    case A_K0LR ... A_K3RR:
        return 0;       /* write only */
    case A_HWCFGR:
        return 0x131;
    case A_VERR:
        return 0x22;
    case A_IPIDR:
        return 0x00170011;
    case A_MID:
        return 0xa3c5dd01;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        return 0;
    }
}

static uint64_t stm32mp1_cryp_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1CrypState *s = opaque;
    uint32_t value = stm32mp1_cryp_read_reg(s, addr);

    trace_stm32mp1_cryp_read(DEVICE(s)->canonical_path, addr, value);
    stm32mp1_cryp_update(s);
    return value;
}

static void stm32mp1_cryp_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    STM32MP1CrypState *s = opaque;
    uint32_t *storage = stm32mp1_cryp_storage(s, addr);

    trace_stm32mp1_cryp_write(DEVICE(s)->canonical_path, addr, value);
    switch (addr) {
    case A_CR:
        stm32mp1_cryp_write_cr(s, value);
        break;
    case A_DIN:
        if (s->in.used == STM32MP1_CRYP_FIFO) {
            qemu_log_mask(LOG_GUEST_ERROR, "%s: DIN written while full\n",
                          DEVICE(s)->canonical_path);
        }
        stm32mp1_cryp_push(&s->in, value);
        stm32mp1_cryp_run(s);
        break;
    case A_DMACR:
        s->dmacr = value & (R_DMACR_DIEN_MASK | R_DMACR_DOEN_MASK);
        break;
    case A_IMSCR:
        s->imscr = value & (R_RISR_INRIS_MASK | R_RISR_OUTRIS_MASK);
        break;
    case A_K0LR ... A_K3RR:
        s->key[(addr - A_K0LR) / 4] = value;
        s->key_prepared = false;
        break;
    default:
        if (storage) {
            *storage = value;
            break;
        }
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: nothing to write at 0x%" HWADDR_PRIx "\n",
                      DEVICE(s)->canonical_path, addr);
        return;
    }
    stm32mp1_cryp_update(s);
}

static const MemoryRegionOps stm32mp1_cryp_ops = {
    .read = stm32mp1_cryp_read,
    .write = stm32mp1_cryp_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void stm32mp1_cryp_reset_enter(Object *obj, ResetType type)
{
    STM32MP1CrypState *s = STM32MP1_CRYP(obj);

    s->cr = 0;
    s->dmacr = 0;
    s->imscr = 0;
    memset(s->key, 0, sizeof(s->key));
    memset(s->iv, 0, sizeof(s->iv));
    memset(s->csgcmccm, 0, sizeof(s->csgcmccm));
    memset(s->csgcm, 0, sizeof(s->csgcm));
    s->key_prepared = false;
    s->in = (STM32MP1CrypFifo) { 0 };
    s->out = (STM32MP1CrypFifo) { 0 };
}

static void stm32mp1_cryp_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_cryp_update(STM32MP1_CRYP(obj));
}

static int stm32mp1_cryp_post_load(void *opaque, int version_id)
{
    STM32MP1CrypState *s = opaque;

    return s->in.used > STM32MP1_CRYP_FIFO ||
           s->out.used > STM32MP1_CRYP_FIFO ||
           ((s->cr & R_CR_CRYPEN_MASK) && stm32mp1_cryp_mode(s) > AES_CCM) ?
           -EINVAL : 0;
}

static const VMStateDescription vmstate_stm32mp1_cryp_fifo = {
    .name = "stm32mp1-cryp-fifo",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(words, STM32MP1CrypFifo, STM32MP1_CRYP_FIFO),
        VMSTATE_UINT32(used, STM32MP1CrypFifo),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_stm32mp1_cryp = {
    .name = TYPE_STM32MP1_CRYP,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_cryp_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(cr, STM32MP1CrypState),
        VMSTATE_UINT32(dmacr, STM32MP1CrypState),
        VMSTATE_UINT32(imscr, STM32MP1CrypState),
        VMSTATE_UINT32_ARRAY(key, STM32MP1CrypState, 8),
        VMSTATE_UINT32_ARRAY(iv, STM32MP1CrypState, 4),
        VMSTATE_UINT32_ARRAY(csgcmccm, STM32MP1CrypState, 8),
        VMSTATE_UINT32_ARRAY(csgcm, STM32MP1CrypState, 8),
        VMSTATE_BOOL(key_prepared, STM32MP1CrypState),
        VMSTATE_STRUCT(in, STM32MP1CrypState, 1, vmstate_stm32mp1_cryp_fifo,
                       STM32MP1CrypFifo),
        VMSTATE_STRUCT(out, STM32MP1CrypState, 1, vmstate_stm32mp1_cryp_fifo,
                       STM32MP1CrypFifo),
        VMSTATE_END_OF_LIST()
    },
};

static void stm32mp1_cryp_init(Object *obj)
{
    STM32MP1CrypState *s = STM32MP1_CRYP(obj);
    DeviceState *dev = DEVICE(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_cryp_ops, s,
                          TYPE_STM32MP1_CRYP, 0x400);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_out_named(dev, &s->dma_in, "dma-in", 1);
    qdev_init_gpio_out_named(dev, &s->dma_out, "dma-out", 1);
}

static void stm32mp1_cryp_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 cryptographic processor";
    dc->vmsd = &vmstate_stm32mp1_cryp;
    rc->phases.enter = stm32mp1_cryp_reset_enter;
    rc->phases.hold = stm32mp1_cryp_reset_hold;
}

static const TypeInfo stm32mp1_cryp_types[] = {
    {
        .name = TYPE_STM32MP1_CRYP,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1CrypState),
        .instance_init = stm32mp1_cryp_init,
        .class_init = stm32mp1_cryp_class_init,
    },
};

DEFINE_TYPES(stm32mp1_cryp_types)
