/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "os/runtime.h"

#include <stddef.h>

#include "lib/trace.h"
#include "os/os.h"
#include "soc/soc.h"

void runtime_loop(int (*poll)(void))
{
    for (;;) {
        uint32_t events;

        while (poll != NULL && poll() > 0) {
        }
        events = os_wait();
        if (events & EVENT_DETACH) {
            trace_printf("host detached\n");
            soc_ack(EVENT_DETACH);
        }
        if (events & EVENT_SHUTDOWN) {
            trace_printf("shutdown\n");
            soc_console_flush();
            soc_ack(EVENT_SHUTDOWN);
            soc_halt();
        }
    }
}

int main(void)
{
    soc_init();
    trace_printf("ampstand " APP_NAME " on " OS_NAME ", " SOC_NAME "\n");
    soc_report_crash();
    os_start(app_main);
}
