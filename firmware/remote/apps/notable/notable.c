/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* No resource table: Linux loads and starts it, and can say no more about it.
 */

#include <stddef.h>

#include "lib/trace.h"
#include "os/runtime.h"

void app_main(void)
{
    trace_printf("no resource table here\n");
    runtime_loop(NULL);
}
