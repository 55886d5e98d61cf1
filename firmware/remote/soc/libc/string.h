/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_STRING_H
#define AMP_STRING_H

/* What soc/mem.c provides; the toolchain comes without a C library. */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
void *memchr(const void *from, int c, size_t n);
size_t strnlen(const char *s, size_t max);

#endif
