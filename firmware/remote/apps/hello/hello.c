/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Trace only: a resource table without a virtio device. */

#include <stddef.h>

#include "lib/rsc_table.h"
#include "lib/trace.h"
#include "os/runtime.h"

static struct {
    struct rsc_header header;
    uint32_t offset[1];
    struct rsc_trace trace;
} table RSC_SECTION = {
    .header = RSC_HEADER(1U),
    .offset = {sizeof(struct rsc_header) + sizeof(uint32_t)},
    .trace = RSC_TRACE_ENTRY(trace_buffer, AMP_TRACE_SIZE),
};

void app_main(void)
{
    trace_printf("hello from the remote\n");
    runtime_loop(NULL);
}
