/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

/* For V9 up to V11. One task, all static. */

#include <stdint.h>

#include "freertos_port.h"
#include "soc/soc.h"

#define configTICK_RATE_HZ 1000
#define configUSE_16_BIT_TICKS 0
#define configUSE_PREEMPTION 1
#define configUSE_TIME_SLICING 0
#define configUSE_TICKLESS_IDLE 1
#define configUSE_IDLE_HOOK 0
#define configUSE_TICK_HOOK 0
#define configMAX_PRIORITIES 4
#define configMINIMAL_STACK_SIZE 128 /* words; the idle task's */
#define configSTACK_DEPTH_TYPE uint32_t
#define configMAX_TASK_NAME_LEN 8
#define configSUPPORT_STATIC_ALLOCATION 1
#define configSUPPORT_DYNAMIC_ALLOCATION 0
#define configUSE_TIMERS 0
#define configUSE_MUTEXES 0
#define configENABLE_BACKWARD_COMPATIBILITY 0

#define INCLUDE_vTaskSuspend 1

#define configASSERT(x) AMP_ASSERT(x)

#endif
