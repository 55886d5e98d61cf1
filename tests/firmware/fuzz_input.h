/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

/* What the fuzzer chose, taken from its beginning on. */

#include <stddef.h>
#include <stdint.h>

static const uint8_t *input;
static size_t left; /* bytes */

/* The next byte; 0 when there is none. */
static uint8_t byte(void)
{
    uint8_t b = 0U;

    if (left > 0U) {
        b = *input++;
        left--;
    }
    return b;
}

static uint32_t word(void)
{
    uint32_t w = byte();

    w |= (uint32_t)byte() << 8;
    w |= (uint32_t)byte() << 16;
    w |= (uint32_t)byte() << 24;
    return w;
}

#endif
