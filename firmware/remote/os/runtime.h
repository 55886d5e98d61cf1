/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_RUNTIME_H
#define AMP_RUNTIME_H

/* What every application does, whatever the OS. */

/* The application: called once in its thread. Must end in runtime_loop(). */
void app_main(void);

/*
 * Serve the host for ever: call poll (may be NULL) at once and after each
 * event, again as long as it returns more than 0; sleep otherwise.
 * Shutdown and detach requests are acknowledged.
 */
void runtime_loop(int (*poll)(void)) __attribute__((noreturn));

#endif
