/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_FREERTOS_PORT_H
#define AMP_FREERTOS_PORT_H

/* What FreeRTOS must know of this core. */

#include "port.h"

#define configCPU_CLOCK_HZ AMP_CORE_HZ

/* The NVIC of the M4 has 4 priority bits. */
#define configPRIO_BITS 4
#define configKERNEL_INTERRUPT_PRIORITY 0xF0
#define configMAX_SYSCALL_INTERRUPT_PRIORITY 0x80

/* The names in our vector table. */
#define vPortSVCHandler svc_handler
#define xPortPendSVHandler pendsv_handler
#define xPortSysTickHandler os_tick_handler

#endif
