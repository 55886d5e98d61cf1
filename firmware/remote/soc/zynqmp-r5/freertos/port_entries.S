/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* From a task into the kernel, and back to the one that it has chosen. */

#define MODE_IRQ 0x12
#define MODE_SYS 0x1F

    .syntax unified
    .arm
    .text

/* All of a task is on its own stack, and where that is in its control block. */
    .macro leave_task
    srsdb sp!, #MODE_SYS
    cps #MODE_SYS
    push {r0-r12, lr}
    ldr r0, =port_critical_nesting
    ldr r0, [r0]
    push {r0}
    ldr r0, =pxCurrentTCB
    ldr r0, [r0]
    str sp, [r0]
    cps #MODE_IRQ
    .endm

    .macro enter_task
    cps #MODE_SYS
    ldr r0, =pxCurrentTCB
    ldr r0, [r0]
    ldr sp, [r0]
    pop {r1}
    ldr r0, =port_critical_nesting
    str r1, [r0]
    pop {r0-r12, lr}
    rfeia sp!
    .endm

    .global irq_entry
    .type irq_entry, %function
irq_entry:
    sub lr, lr, #4
    leave_task
    bl irq_handler
    ldr r0, =port_yield_wanted
    ldr r1, [r0]
    cmp r1, #0
    beq 1f
    mov r1, #0
    str r1, [r0]
    bl vTaskSwitchContext
1:  enter_task

    .global svc_entry
    .type svc_entry, %function
svc_entry:
    leave_task
    bl vTaskSwitchContext
    enter_task

    .global port_start_first
    .type port_start_first, %function
port_start_first:
    enter_task
