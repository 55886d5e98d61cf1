/*
 * STM32MP1 hash processor (HASH)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Registers and rules: RM0436, chapter "Hash processor"; how a driver enters
 * a message, saves a context and takes it up again: Linux's stm32-hash.c.
 *
 * A block goes through the algorithm when the first word after it is written,
 * or when DCAL ends the message. The context swap registers have the state
 * between two blocks, which no hash library lets out: therefore the
 * algorithms (RFC 1321, FIPS 180-4) are here. What the registers hold where
 * is up to the model.
 *
 * Where this model differs from silicon: nothing takes time, BUSY is always 0.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_hash.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(CR, 0x00)
    FIELD(CR, INIT, 2, 1)
    FIELD(CR, DMAE, 3, 1)
    FIELD(CR, DATATYPE, 4, 2)
    FIELD(CR, MODE, 6, 1)
    FIELD(CR, ALGO0, 7, 1)
    FIELD(CR, NBW, 8, 4)
    FIELD(CR, DINNE, 12, 1)
    FIELD(CR, MDMAT, 13, 1)
    FIELD(CR, DMAA, 14, 1)
    FIELD(CR, LKEY, 16, 1)
    FIELD(CR, ALGO1, 18, 1)
REG32(DIN, 0x04)
REG32(STR, 0x08)
    FIELD(STR, NBLW, 0, 5)
    FIELD(STR, DCAL, 8, 1)
REG32(HR0, 0x0c)
REG32(HR4, 0x1c)
REG32(IMR, 0x20)
REG32(SR, 0x24)
    FIELD(SR, DINIS, 0, 1)
    FIELD(SR, DCIS, 1, 1)
    FIELD(SR, DMAS, 2, 1)
REG32(CSR0, 0xf8)
    FIELD(CSR0, ONE, 1, 1)  /* set after a reset; its meaning is not known */
    FIELD(CSR0, WORDS, 8, 5)
    FIELD(CSR0, PHASE, 16, 2)
REG32(CSR53, 0x1cc)
REG32(HASH_HR0, 0x310)
REG32(HASH_HR7, 0x32c)
REG32(HWCFGR, 0x3f0)
REG32(VERR, 0x3f4)
REG32(IPIDR, 0x3f8)
REG32(MID, 0x3fc)

#define CR_MASK     (R_CR_DMAE_MASK | R_CR_DATATYPE_MASK | R_CR_MODE_MASK | \
                     R_CR_ALGO0_MASK | R_CR_MDMAT_MASK | R_CR_LKEY_MASK | \
                     R_CR_ALGO1_MASK)
#define SR_FLAGS    (R_SR_DINIS_MASK | R_SR_DCIS_MASK)

/* Words of the context, from CSR0 on */
#define CSR_TOTAL   1
#define CSR_H       3
#define CSR_BLOCK   (CSR_H + STM32MP1_HASH_DIGEST)
#define CSR_INNER   38      /* what only an HMAC has to save */

#define BLOCK_BYTES (STM32MP1_HASH_BLOCK * 4)

/* The steps of an HMAC: the key, the message, the key again */
enum { PHASE_INNER_KEY, PHASE_MESSAGE, PHASE_OUTER_KEY, PHASE_NUM };

static const uint32_t md5_k[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf,
    0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af,
    0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e,
    0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
    0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6,
    0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
    0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
    0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97,
    0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
    0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* A word of the message at @i, as MD5 takes it */
static uint32_t md5_word(const uint32_t *block, unsigned i)
{
    return bswap32(block[i]);
}

static void md5_block(uint32_t *h, const uint32_t *block)
{
    static const uint8_t shift[4][4] = {
        { 7, 12, 17, 22 }, { 5, 9, 14, 20 },
        { 4, 11, 16, 23 }, { 6, 10, 15, 21 },
    };
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3];

    for (unsigned i = 0; i < 64; i++) {
        uint32_t f, next;
        unsigned g;

        switch (i / 16) {
        case 0:
            f = (b & c) | (~b & d);
            g = i;
            break;
        case 1:
            f = (d & b) | (~d & c);
            g = (5 * i + 1) % 16;
            break;
        case 2:
            f = b ^ c ^ d;
            g = (3 * i + 5) % 16;
            break;
        default:
            f = c ^ (b | ~d);
            g = (7 * i) % 16;
            break;
        }
        next = b + rol32(a + f + md5_k[i] + md5_word(block, g),
                         shift[i / 16][i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
}

static void sha1_block(uint32_t *h, const uint32_t *block)
{
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    uint32_t w[80];

    memcpy(w, block, BLOCK_BYTES);
    for (unsigned i = 16; i < 80; i++) {
        w[i] = rol32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f, next;

        if (i < 20) {
            f = ((b & c) | (~b & d)) + 0x5a827999;
        } else if (i < 40) {
            f = (b ^ c ^ d) + 0x6ed9eba1;
        } else if (i < 60) {
            f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
        } else {
            f = (b ^ c ^ d) + 0xca62c1d6;
        }
        next = rol32(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = rol32(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

static const uint32_t sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
    0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
    0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
    0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void sha256_block(uint32_t *h, const uint32_t *block)
{
    uint32_t w[64];
    uint32_t v[8];

    memcpy(w, block, BLOCK_BYTES);
    for (unsigned i = 16; i < 64; i++) {
        uint32_t x = w[i - 15];
        uint32_t y = w[i - 2];

        w[i] = w[i - 16] + (ror32(x, 7) ^ ror32(x, 18) ^ x >> 3) +
               w[i - 7] + (ror32(y, 17) ^ ror32(y, 19) ^ y >> 10);
    }
    memcpy(v, h, sizeof(v));
    for (unsigned i = 0; i < 64; i++) {
        uint32_t t1 = v[7] + sha256_k[i] + w[i] +
                      (ror32(v[4], 6) ^ ror32(v[4], 11) ^ ror32(v[4], 25)) +
                      ((v[4] & v[5]) ^ (~v[4] & v[6]));
        uint32_t t2 = (ror32(v[0], 2) ^ ror32(v[0], 13) ^ ror32(v[0], 22)) +
                      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(&v[1], &v[0], 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++) {
        h[i] += v[i];
    }
}

/* By ALGO1 and ALGO0 */
static const struct {
    const char *name;
    void (*block)(uint32_t *h, const uint32_t *block);
    unsigned words;         /* of the digest */
    bool little_endian;     /* the length, and the words of the digest */
    uint32_t start[STM32MP1_HASH_DIGEST];
} stm32mp1_hash_algos[] = {
    { "SHA-1", sha1_block, 5, false,
      { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } },
    { "MD5", md5_block, 4, true,
      { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } },
    { "SHA-224", sha256_block, 7, false,
      { 0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939,
        0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4 } },
    { "SHA-256", sha256_block, 8, false,
      { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } },
};

static unsigned stm32mp1_hash_algo(STM32MP1HashState *s)
{
    return FIELD_EX32(s->cr, CR, ALGO1) * 2 + FIELD_EX32(s->cr, CR, ALGO0);
}

static bool stm32mp1_hash_is_hmac(STM32MP1HashState *s)
{
    return s->cr & R_CR_MODE_MASK;
}

static void stm32mp1_hash_update(STM32MP1HashState *s)
{
    bool level = s->sr & s->imr & SR_FLAGS;

    trace_stm32mp1_hash_update(DEVICE(s)->canonical_path, s->sr, s->imr,
                               level);
    qemu_set_irq(s->irq, level);
    qemu_set_irq(s->dma_in, !!(s->cr & R_CR_DMAE_MASK));
}

/* Begin with a message of which nothing has come yet */
static void stm32mp1_hash_begin(STM32MP1HashState *s)
{
    memcpy(s->h, stm32mp1_hash_algos[stm32mp1_hash_algo(s)].start,
           sizeof(s->h));
    memset(s->block, 0, sizeof(s->block));
    s->words = 0;
    s->total = 0;
}

static void stm32mp1_hash_process(STM32MP1HashState *s)
{
    stm32mp1_hash_algos[stm32mp1_hash_algo(s)].block(s->h, s->block);
    s->total += STM32MP1_HASH_BLOCK;
    s->words = 0;
    memset(s->block, 0, sizeof(s->block));
    s->sr |= R_SR_DINIS_MASK;
}

static void stm32mp1_hash_enter(STM32MP1HashState *s, uint32_t word)
{
    if (s->words == STM32MP1_HASH_BLOCK) {
        stm32mp1_hash_process(s);
    } else {
        s->sr &= ~R_SR_DINIS_MASK;
    }
    s->block[s->words++] = word;
}

/* Valid bits of the last word, by NBLW, where 0 is all of them */
static unsigned stm32mp1_hash_last_bits(STM32MP1HashState *s)
{
    unsigned bits = FIELD_EX32(s->str, STR, NBLW);

    return s->words == 0 ? 0 : bits ? bits : 32;
}

/* Clear what is not valid of the last word */
static void stm32mp1_hash_trim(STM32MP1HashState *s)
{
    unsigned bits = stm32mp1_hash_last_bits(s);

    if (bits && bits < 32) {
        s->block[s->words - 1] &= ~0u << (32 - bits);
    }
}

/* End the message: leave its digest in h, the first byte on top of h[0] */
static void stm32mp1_hash_finish(STM32MP1HashState *s)
{
    unsigned algo = stm32mp1_hash_algo(s);
    unsigned bits = stm32mp1_hash_last_bits(s);
    uint64_t length = (s->total + s->words) * 32 - (bits ? 32 - bits : 0);

    stm32mp1_hash_trim(s);
    if (bits && bits < 32) {
        s->block[s->words - 1] |= 1u << (31 - bits);
    } else {
        stm32mp1_hash_enter(s, 1u << 31);
    }
    if (s->words > STM32MP1_HASH_BLOCK - 2) {
        stm32mp1_hash_process(s);
    }
    if (stm32mp1_hash_algos[algo].little_endian) {
        length = bswap64(length);
    }
    s->block[STM32MP1_HASH_BLOCK - 2] = length >> 32;
    s->block[STM32MP1_HASH_BLOCK - 1] = length;
    stm32mp1_hash_process(s);
    for (unsigned i = 0; i < STM32MP1_HASH_DIGEST; i++) {
        if (i >= stm32mp1_hash_algos[algo].words) {
            s->h[i] = 0;
        } else if (stm32mp1_hash_algos[algo].little_endian) {
            s->h[i] = bswap32(s->h[i]);
        }
    }
}

/* The key has been entered: start a hash with the key and @pad */
static void stm32mp1_hash_key(STM32MP1HashState *s, uint8_t pad)
{
    uint32_t key[STM32MP1_HASH_BLOCK] = { 0 };

    if (s->total && !(s->cr & R_CR_LKEY_MASK)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: a key longer than a block without LKEY\n",
                      DEVICE(s)->canonical_path);
    }
    if (s->total || (s->cr & R_CR_LKEY_MASK)) {
        stm32mp1_hash_finish(s);
        memcpy(key, s->h, sizeof(s->h));
    } else {
        stm32mp1_hash_trim(s);
        memcpy(key, s->block, sizeof(key));
    }
    stm32mp1_hash_begin(s);
    for (unsigned i = 0; i < STM32MP1_HASH_BLOCK; i++) {
        s->block[i] = key[i] ^ 0x01010101u * pad;
    }
    stm32mp1_hash_process(s);
}

static void stm32mp1_hash_result(STM32MP1HashState *s)
{
    memcpy(s->digest, s->h, sizeof(s->digest));
    s->sr |= R_SR_DCIS_MASK;
    trace_stm32mp1_hash_result(DEVICE(s)->canonical_path,
                               stm32mp1_hash_algos[stm32mp1_hash_algo(s)].name,
                               stm32mp1_hash_is_hmac(s), s->digest[0]);
}

/* DCAL: what has been entered is complete */
static void stm32mp1_hash_calculate(STM32MP1HashState *s)
{
    unsigned words = stm32mp1_hash_algos[stm32mp1_hash_algo(s)].words;

    if (!stm32mp1_hash_is_hmac(s)) {
        stm32mp1_hash_finish(s);
        stm32mp1_hash_result(s);
        return;
    }
    switch (s->phase) {
    case PHASE_INNER_KEY:
        stm32mp1_hash_key(s, 0x36);
        s->phase = PHASE_MESSAGE;
        break;
    case PHASE_MESSAGE:
        stm32mp1_hash_finish(s);
        memcpy(s->inner, s->h, sizeof(s->inner));
        stm32mp1_hash_begin(s);
        s->phase = PHASE_OUTER_KEY;
        break;
    default:
        stm32mp1_hash_key(s, 0x5c);
        for (unsigned i = 0; i < words; i++) {
            stm32mp1_hash_enter(s, s->inner[i]);
        }
        s->str = FIELD_DP32(s->str, STR, NBLW, 0);
        stm32mp1_hash_finish(s);
        stm32mp1_hash_result(s);
        s->phase = PHASE_INNER_KEY;
        break;
    }
}

static void stm32mp1_hash_init_message(STM32MP1HashState *s)
{
    stm32mp1_hash_begin(s);
    s->phase = PHASE_INNER_KEY;
    memset(s->inner, 0, sizeof(s->inner));
    memset(s->digest, 0, sizeof(s->digest));
    s->str = 0;
    s->sr = R_SR_DINIS_MASK;
}

/* DIN as a word whose first bit is the first of the message */
static uint32_t stm32mp1_hash_swap(STM32MP1HashState *s, uint32_t value)
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

static uint32_t *stm32mp1_hash_csr(STM32MP1HashState *s, unsigned n)
{
    if (n >= CSR_H && n < CSR_H + STM32MP1_HASH_DIGEST) {
        return &s->h[n - CSR_H];
    }
    if (n >= CSR_BLOCK && n < CSR_BLOCK + STM32MP1_HASH_BLOCK) {
        return &s->block[n - CSR_BLOCK];
    }
    if (n >= CSR_INNER && n < CSR_INNER + STM32MP1_HASH_DIGEST) {
        return &s->inner[n - CSR_INNER];
    }
    return NULL;
}

static uint32_t stm32mp1_hash_read_csr(STM32MP1HashState *s, unsigned n)
{
    uint32_t *word = stm32mp1_hash_csr(s, n);
    uint32_t value = R_CSR0_ONE_MASK;

    switch (n) {
    case 0:
        value = FIELD_DP32(value, CSR0, WORDS, s->words);
        return FIELD_DP32(value, CSR0, PHASE, s->phase);
    case CSR_TOTAL:
        return s->total;
    case CSR_TOTAL + 1:
        return s->total >> 32;
    default:
        return word ? *word : 0;
    }
}

static void stm32mp1_hash_write_csr(STM32MP1HashState *s, unsigned n,
                                    uint32_t value)
{
    uint32_t *word = stm32mp1_hash_csr(s, n);

    switch (n) {
    case 0:
        s->words = MIN(FIELD_EX32(value, CSR0, WORDS), STM32MP1_HASH_BLOCK);
        s->phase = MIN(FIELD_EX32(value, CSR0, PHASE), PHASE_OUTER_KEY);
        break;
    case CSR_TOTAL:
        s->total = deposit64(s->total, 0, 32, value);
        break;
    case CSR_TOTAL + 1:
        s->total = deposit64(s->total, 32, 32, value);
        break;
    default:
        if (word) {
            *word = value;
        }
        break;
    }
}

static uint64_t stm32mp1_hash_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1HashState *s = opaque;
    uint32_t value = 0;

    switch (addr) {
    case A_CR:
        value = FIELD_DP32(s->cr, CR, NBW, s->words % STM32MP1_HASH_BLOCK);
        value = FIELD_DP32(value, CR, DINNE, s->words != 0);
        break;
    case A_DIN:
        break;
    case A_STR:
        value = s->str;
        break;
    case A_HR0 ... A_HR4:
        value = s->digest[(addr - A_HR0) / 4];
        break;
    case A_IMR:
        value = s->imr;
        break;
    case A_SR:
        value = FIELD_DP32(s->sr, SR, DMAS, FIELD_EX32(s->cr, CR, DMAE));
        break;
    case A_CSR0 ... A_CSR53:
        value = stm32mp1_hash_read_csr(s, (addr - A_CSR0) / 4);
        break;
    case A_HASH_HR0 ... A_HASH_HR7:
        value = s->digest[(addr - A_HASH_HR0) / 4];
        break;
    case A_HWCFGR:
        value = 0x1;
        break;
    case A_VERR:
        value = 0x23;
        break;
    case A_IPIDR:
        value = 0x00170031;
        break;
    case A_MID:
        value = 0xa3c5dd01;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", DEVICE(s)->canonical_path, addr);
        break;
    }
    trace_stm32mp1_hash_read(DEVICE(s)->canonical_path, addr, value);
    return value;
}

static void stm32mp1_hash_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    STM32MP1HashState *s = opaque;

    trace_stm32mp1_hash_write(DEVICE(s)->canonical_path, addr, value);
    switch (addr) {
    case A_CR:
        s->cr = value & CR_MASK;
        if (value & R_CR_DMAA_MASK) {
            s->cr &= ~R_CR_DMAE_MASK;
        }
        if (value & R_CR_INIT_MASK) {
            stm32mp1_hash_init_message(s);
        }
        break;
    case A_DIN:
        stm32mp1_hash_enter(s, stm32mp1_hash_swap(s, value));
        break;
    case A_STR:
        s->str = value & R_STR_NBLW_MASK;
        if (value & R_STR_DCAL_MASK) {
            stm32mp1_hash_calculate(s);
        }
        break;
    case A_IMR:
        s->imr = value & SR_FLAGS;
        break;
    case A_SR:
        s->sr &= value;
        break;
    case A_CSR0 ... A_CSR53:
        stm32mp1_hash_write_csr(s, (addr - A_CSR0) / 4, value);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "%s: nothing to write at 0x%" HWADDR_PRIx "\n",
                      DEVICE(s)->canonical_path, addr);
        return;
    }
    stm32mp1_hash_update(s);
}

static const MemoryRegionOps stm32mp1_hash_ops = {
    .read = stm32mp1_hash_read,
    .write = stm32mp1_hash_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

static void stm32mp1_hash_dma_end(void *opaque, int n, int level)
{
    STM32MP1HashState *s = opaque;

    if (level && (s->cr & R_CR_DMAE_MASK)) {
        if (!(s->cr & R_CR_MDMAT_MASK)) {
            s->cr &= ~R_CR_DMAE_MASK;
            stm32mp1_hash_calculate(s);
        }
        stm32mp1_hash_update(s);
    }
}

static void stm32mp1_hash_reset_enter(Object *obj, ResetType type)
{
    STM32MP1HashState *s = STM32MP1_HASH(obj);

    s->cr = 0;
    s->imr = 0;
    stm32mp1_hash_init_message(s);
    memset(s->h, 0, sizeof(s->h));
}

static void stm32mp1_hash_reset_hold(Object *obj, ResetType type)
{
    stm32mp1_hash_update(STM32MP1_HASH(obj));
}

static int stm32mp1_hash_post_load(void *opaque, int version_id)
{
    STM32MP1HashState *s = opaque;

    return s->words > STM32MP1_HASH_BLOCK || s->phase >= PHASE_NUM ?
           -EINVAL : 0;
}

static const VMStateDescription vmstate_stm32mp1_hash = {
    .name = TYPE_STM32MP1_HASH,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_hash_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(cr, STM32MP1HashState),
        VMSTATE_UINT32(str, STM32MP1HashState),
        VMSTATE_UINT32(imr, STM32MP1HashState),
        VMSTATE_UINT32(sr, STM32MP1HashState),
        VMSTATE_UINT32_ARRAY(digest, STM32MP1HashState, STM32MP1_HASH_DIGEST),
        VMSTATE_UINT32(phase, STM32MP1HashState),
        VMSTATE_UINT32(words, STM32MP1HashState),
        VMSTATE_UINT64(total, STM32MP1HashState),
        VMSTATE_UINT32_ARRAY(block, STM32MP1HashState, STM32MP1_HASH_BLOCK),
        VMSTATE_UINT32_ARRAY(h, STM32MP1HashState, STM32MP1_HASH_DIGEST),
        VMSTATE_UINT32_ARRAY(inner, STM32MP1HashState, STM32MP1_HASH_DIGEST),
        VMSTATE_END_OF_LIST()
    },
};

static void stm32mp1_hash_init(Object *obj)
{
    STM32MP1HashState *s = STM32MP1_HASH(obj);
    DeviceState *dev = DEVICE(obj);
    SysBusDevice *sbd = SYS_BUS_DEVICE(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_hash_ops, s,
                          TYPE_STM32MP1_HASH, 0x400);
    sysbus_init_mmio(sbd, &s->mmio);
    sysbus_init_irq(sbd, &s->irq);
    qdev_init_gpio_out_named(dev, &s->dma_in, "dma-in", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_hash_dma_end, "dma-end", 1);
}

static void stm32mp1_hash_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 hash processor";
    dc->vmsd = &vmstate_stm32mp1_hash;
    rc->phases.enter = stm32mp1_hash_reset_enter;
    rc->phases.hold = stm32mp1_hash_reset_hold;
}

static const TypeInfo stm32mp1_hash_types[] = {
    {
        .name = TYPE_STM32MP1_HASH,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1HashState),
        .instance_init = stm32mp1_hash_init,
        .class_init = stm32mp1_hash_class_init,
    },
};

DEFINE_TYPES(stm32mp1_hash_types)
