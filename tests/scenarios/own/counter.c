/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What a stranger's image may look like: no library, no acknowledgement of a shutdown. It only counts. TABLE: 0 for no
 * section of a resource table, 1 for an empty one, 2 for one that names a trace buffer.
 */

#include <stdint.h>

volatile uint32_t counter = 1;
volatile uint32_t went_back;
volatile char trace_text[64];

#if TABLE == 1
__asm__(".section .resource_table,\"aw\"\n.previous");
#elif TABLE == 2
extern volatile char trace_text[];

struct table {
    uint32_t version, entries, reserved[2], offset[1];
    uint32_t type;
    volatile char *address;
    uint32_t size, entry_reserved;
    char name[32];
};

__attribute__((section(".resource_table"), used))
struct table table = {1, 1, {0, 0}, {20}, 2, trace_text, sizeof(trace_text), 0, "counter"};
#endif

__attribute__((used)) void start_c(void)
{
    static const char text[] = "counting\n";
    uint32_t i, last = 0;

    for (i = 0; i < sizeof(text); i++) {
        trace_text[i] = text[i];
    }
    for (;;) {
        uint32_t now = counter;

        if (now < last) {
            went_back++;
        }
        last = now;
        counter = now + 1;
        for (i = 0; i < 1000; i++) {
            __asm volatile("");
        }
    }
}

extern uint32_t stack_top[];

#if __ARM_ARCH_PROFILE == 'M'
__attribute__((naked)) void reset(void)
{
    __asm volatile("ldr r0, =stack_top\n\tmsr msp, r0\n\tb start_c");
}

__attribute__((section(".vectors"), used)) void *const vectors[2] = {stack_top, reset};
#else
__attribute__((naked)) void reset(void)
{
    __asm volatile("ldr sp, =stack_top\n\tb start_c");
}

__attribute__((section(".vectors"), naked, used)) void vectors(void)
{
    __asm volatile("ldr pc, =reset\n\t.ltorg");
}
#endif
