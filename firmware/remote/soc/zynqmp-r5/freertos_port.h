/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_FREERTOS_PORT_H
#define AMP_FREERTOS_PORT_H

/* What FreeRTOS must know of this core: its port here knows the rest. */

#include "port.h"

#define configCPU_CLOCK_HZ AMP_TIMER_HZ

#endif
