/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A mark: a place in a program that whoever counts instructions can see.
 */
#ifndef AMPSTAND_MARK_H
#define AMPSTAND_MARK_H

#include <stdint.h>

/** Bits that all marks have in common, and where they begin to differ: the
 * hint instruction with a number that Arm gives no meaning, so that it does
 * nothing on any core. hw/plugin/count.c looks for it. */
#define MARK_HINT 0x50

/** Numbers that the tools themselves use; probes count theirs from
 * MARK_PROBE on. */
enum mark_number {
    MARK_SENT = 0,     /**< a message is about to be sent */
    MARK_RECEIVED = 1, /**< an answer has been received */
    MARK_PROBE = 16,   /**< the first mark of a probe */
};

/** Marks the place where it is called with @number. Does nothing else; on a
 * processor that is no Arm nothing at all. */
static inline void mark(uint32_t number)
{
#if defined(__arm__)
    register uint32_t r0 __asm__("r0") = number;
#if defined(__thumb__)
    __asm__ volatile(".inst.w 0xf3af8000 + %c1" ::"r"(r0), "i"(MARK_HINT)
                     : "memory");
#else
    __asm__ volatile(".inst 0xe320f000 + %c1" ::"r"(r0), "i"(MARK_HINT)
                     : "memory");
#endif
#elif defined(__aarch64__)
    register uint64_t x0 __asm__("x0") = number;
    __asm__ volatile(".inst 0xd503201f + (%c1 << 5)" ::"r"(x0), "i"(MARK_HINT)
                     : "memory");
#else
    (void)number;
#endif
}

#endif
