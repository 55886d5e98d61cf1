/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Exceptions, alone, one after the other and one in the other, and interrupts
 * masked: of each it is known how many instructions it takes. A mark is before,
 * between and after them.
 */

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define ICSR 0xe000ed04
#define PENDSVSET (1u << 28)
#define SHPR2 REG(0xe000ed1c)
#define LOW 0xf0u

volatile uint32_t done;
static volatile uint32_t nothing;

static void mark(uint32_t number)
{
    register uint32_t r0 __asm("r0") = number;

    __asm volatile(".inst.w 0xf3af8050" ::"r"(r0) : "memory");
}

/* Call the handler below, which writes a word to an address: 12 instructions.
 */
static void call(volatile uint32_t *where, uint32_t word)
{
    register uint32_t r0 __asm("r0") = word;
    register volatile uint32_t *r1 __asm("r1") = where;

    __asm volatile("svc 0" ::"r"(r0), "r"(r1) : "memory");
}

__attribute__((naked)) static void svc(void)
{
    __asm volatile("str r0, [r1]\n\t.rept 10\n\tnop\n\t.endr\n\tbx lr");
}

/* 6 instructions */
__attribute__((naked)) static void pendsv(void)
{
    __asm volatile(".rept 5\n\tnop\n\t.endr\n\tbx lr");
}

__attribute__((used)) void start_c(void)
{
    mark(16);
    call(&nothing, 1);
    call(&nothing, 2);
    call(&nothing, 3);
    mark(17);
    call(&REG(ICSR), PENDSVSET); /* of the same priority: comes after it */
    SHPR2 = LOW << 24;           /* SVCall below PendSV */
    call(&REG(ICSR), PENDSVSET); /* comes in it */
    mark(18);
    /* 101 instructions without the first */
    __asm volatile("cpsid i\n\t.rept 100\n\tnop\n\t.endr\n\tcpsie i");
    mark(19);
    done = 1;
    for (;;) {
        __asm volatile("wfi");
    }
}

__attribute__((naked)) void reset(void)
{
    __asm volatile("ldr r0, =stack_top\n\tmsr msp, r0\n\tb start_c");
}

extern uint32_t stack_top[];

__attribute__((section(".vectors"), used)) void *const vectors[16] = {
    stack_top, reset, [11] = svc, [14] = pendsv};
