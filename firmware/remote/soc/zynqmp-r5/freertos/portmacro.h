/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef PORTMACRO_H
#define PORTMACRO_H

/*
 * FreeRTOS on a Cortex-R without floating point: tasks in System mode,
 * interrupts in IRQ mode and never nested, SVC gives the core to another task.
 */

#include <stdint.h>

#include "port.h"

typedef uint32_t StackType_t;
typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;

#define portSTACK_TYPE StackType_t
#define portBASE_TYPE BaseType_t
#define portMAX_DELAY UINT32_MAX
#define portTICK_TYPE_IS_ATOMIC 1
#define portSTACK_GROWTH (-1)
#define portTICK_PERIOD_MS (1000U / configTICK_RATE_HZ)
#define portBYTE_ALIGNMENT 8
#define portPOINTER_SIZE_TYPE uintptr_t

#define portTASK_FUNCTION_PROTO(function, parameters)                          \
    void function(void *parameters)
#define portTASK_FUNCTION(function, parameters) void function(void *parameters)
#define portNOP() __asm volatile("nop")
#define portMEMORY_BARRIER() __asm volatile("" ::: "memory")

void vPortEnterCritical(void);
void vPortExitCritical(void);
void vPortSuppressTicksAndSleep(TickType_t expected);

/* Set by an interrupt that wants another task to go on after it. */
extern volatile uint32_t port_yield_wanted;

#define portYIELD() __asm volatile("svc #0" ::: "memory")
#define portEND_SWITCHING_ISR(wanted)                                          \
    do {                                                                       \
        if ((wanted) != 0) {                                                   \
            port_yield_wanted = 1U;                                            \
        }                                                                      \
    } while (0)
#define portYIELD_FROM_ISR(wanted) portEND_SWITCHING_ISR(wanted)

#define portDISABLE_INTERRUPTS() ((void)amp_lock())
#define portENABLE_INTERRUPTS() amp_unlock(0U)
#define portENTER_CRITICAL() vPortEnterCritical()
#define portEXIT_CRITICAL() vPortExitCritical()
#define portSET_INTERRUPT_MASK_FROM_ISR() amp_lock()
#define portCLEAR_INTERRUPT_MASK_FROM_ISR(key) amp_unlock(key)
#define portSUPPRESS_TICKS_AND_SLEEP(expected)                                 \
    vPortSuppressTicksAndSleep(expected)

#endif
