/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * The few functions of the C library that the compiler and we need, in the
 * smallest form. Only for freestanding builds.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    /* Cortex-M3 and up do unaligned words; a word a turn is fast enough. */
    while (n >= sizeof(uint32_t)) {
        __builtin_memcpy(t, f, sizeof(uint32_t));
        t += sizeof(uint32_t);
        f += sizeof(uint32_t);
        n -= sizeof(uint32_t);
    }
    while (n > 0U) {
        *t++ = *f++;
        n--;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t > f) {
        while (n > 0U) {
            n--;
            t[n] = f[n];
        }
    } else {
        while (n > 0U) {
            *t++ = *f++;
            n--;
        }
    }
    return to;
}

void *memset(void *to, int c, size_t n)
{
    uint8_t *t = to;

    while (n > 0U) {
        *t++ = (uint8_t)c;
        n--;
    }
    return to;
}

void *memchr(const void *from, int c, size_t n)
{
    const uint8_t *f = from;

    while (n > 0U) {
        if (*f == (uint8_t)c) {
            return (void *)f;
        }
        f++;
        n--;
    }
    return NULL;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0U;

    while (n < max && s[n] != '\0') {
        n++;
    }
    return n;
}
