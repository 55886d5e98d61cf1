/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "FreeRTOS.h"
#include "os/os.h"
#include "soc/soc.h"
#include "task.h"
#include "timer.h"

#define PSR_SYSTEM 0x1FU

/* Of the task that runs. Until there is one, nothing may unmask interrupts. */
volatile uint32_t port_critical_nesting = 1U;
volatile uint32_t port_yield_wanted;

/* In port_entries.S: go on with the task that was chosen. */
void port_start_first(void) __attribute__((noreturn));

static void task_returned(void) { configASSERT(0); }

/* What port_entries.S takes from a stack, from the lowest address on: critical
 * nesting, r0 to r12, lr, pc, psr. */
StackType_t *pxPortInitialiseStack(StackType_t *top, TaskFunction_t entry,
                                   void *parameters)
{
    StackType_t *frame = top - 17;

    for (uint32_t n = 0U; n < 15U; n++) {
        frame[n] = 0U;
    }
    frame[1] = (StackType_t)(uintptr_t)parameters;
    frame[14] = (StackType_t)(uintptr_t)task_returned;
    frame[15] = (StackType_t)(uintptr_t)entry;
    frame[16] = PSR_SYSTEM;
    return frame;
}

BaseType_t xPortStartScheduler(void)
{
    (void)amp_lock();
    soc_tick(portTICK_PERIOD_MS);
    port_start_first();
}

void vPortEndScheduler(void) { configASSERT(0); }

void vPortEnterCritical(void)
{
    (void)amp_lock();
    port_critical_nesting++;
}

void vPortExitCritical(void)
{
    port_critical_nesting--;
    if (port_critical_nesting == 0U) {
        amp_unlock(0U);
    }
}

void os_tick_handler(void)
{
    if (xTaskIncrementTick() != pdFALSE) {
        port_yield_wanted = 1U;
    }
}

/* Called by the idle task, with the scheduler suspended. */
void vPortSuppressTicksAndSleep(TickType_t expected)
{
    (void)amp_lock();
    if (eTaskConfirmSleepModeStatus() != eAbortSleep) {
        vTaskStepTick(soc_tick_sleep(expected));
    }
    amp_unlock(0U);
}
