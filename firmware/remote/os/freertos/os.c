/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "os/os.h"

#include "FreeRTOS.h"
#include "port.h"
#include "task.h"

#define APP_STACK_WORDS 256U
#define APP_PRIORITY 2U

static StackType_t app_stack[APP_STACK_WORDS];
static StaticTask_t app_tcb;
static TaskHandle_t app;
static TickType_t period = portMAX_DELAY;

void vApplicationGetIdleTaskMemory(StaticTask_t **tcb, StackType_t **stack,
                                   uint32_t *words);

/* FreeRTOS asks for the idle task's memory. */
void vApplicationGetIdleTaskMemory(StaticTask_t **tcb, StackType_t **stack,
                                   uint32_t *words)
{
    static StackType_t idle_stack[configMINIMAL_STACK_SIZE];
    static StaticTask_t idle_tcb;

    *tcb = &idle_tcb;
    *stack = idle_stack;
    *words = configMINIMAL_STACK_SIZE;
}

static void task(void *entry) { ((void (*)(void))entry)(); }

void os_start(void (*entry)(void))
{
    app = xTaskCreateStatic(task, "app", APP_STACK_WORDS, (void *)entry,
                            APP_PRIORITY, app_stack, &app_tcb);
    vTaskStartScheduler();
    soc_halt();
}

void os_notify(uint32_t events)
{
    if (amp_in_interrupt()) {
        BaseType_t woken = pdFALSE;

        (void)xTaskNotifyFromISR(app, events, eSetBits, &woken);
        portYIELD_FROM_ISR(woken);
    } else {
        (void)xTaskNotify(app, events, eSetBits);
    }
}

uint32_t os_wait(void)
{
    uint32_t events = 0U;

    if (xTaskNotifyWait(0U, UINT32_MAX, &events, period) == pdFALSE) {
        events = EVENT_TICK;
    }
    return events;
}

void os_tick(uint32_t ms) { period = pdMS_TO_TICKS(ms); }

uint32_t os_ticks(void) { return xTaskGetTickCount() / period; }
