/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Exception vectors, and the entries that do not belong to an operating system. */

#define MODE_FIQ 0x11
#define MODE_IRQ 0x12
#define MODE_SVC 0x13
#define MODE_ABT 0x17
#define MODE_UND 0x1B
#define MODE_SYS 0x1F

    .syntax unified
    .arm

    .section .vectors, "ax"
    ldr pc, =reset_entry
    ldr pc, =undefined_entry
    ldr pc, =svc_entry
    ldr pc, =prefetch_abort_entry
    ldr pc, =data_abort_entry
    nop
    ldr pc, =irq_entry
    ldr pc, =fiq_entry
    .ltorg

    .text

/* Interrupts and faults have stacks of their own; threads run in System mode. */
    .macro stack mode, top
    cps #\mode
    ldr sp, =\top
    .endm

    .global reset_entry
    .type reset_entry, %function
reset_entry:
    cpsid if
    stack MODE_ABT, ld_fault_stack_top
    stack MODE_UND, ld_fault_stack_top
    stack MODE_FIQ, ld_fault_stack_top
    stack MODE_SVC, ld_fault_stack_top
    stack MODE_IRQ, ld_irq_stack_top
    stack MODE_SYS, ld_stack_top
    b reset_handler

/* One thread: what it has in its registers stays on the interrupt's stack. */
    .weak irq_entry
    .type irq_entry, %function
irq_entry:
    sub lr, lr, #4
    push {r0-r3, r12, lr}
    bl irq_handler
    ldm sp!, {r0-r3, r12, pc}^

/* The frame is that of a Cortex-M: r0 to r3, r12, lr, pc, psr. */
    .macro fault name, number, adjust
    .type \name, %function
\name:
    sub lr, lr, #\adjust
    sub sp, sp, #32
    stm sp, {r0-r3, r12}
    mov r1, #\number
    b fault_common
    .endm

    .weak svc_entry
    fault undefined_entry, 1, 4
    fault svc_entry, 2, 4
    fault prefetch_abort_entry, 3, 4
    fault data_abort_entry, 4, 8
    fault fiq_entry, 7, 4

fault_common:
    mov r0, sp
    add r2, sp, #20
    stm r2, {lr}^
    str lr, [sp, #24]
    mrs r3, spsr
    str r3, [sp, #28]
    b fault_entry
