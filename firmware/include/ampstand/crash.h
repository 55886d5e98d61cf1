/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMPSTAND_CRASH_H
#define AMPSTAND_CRASH_H

#include <stdint.h>

/*
 * The crash application: service "rpmsg-crash". A message's first word selects
 * what happens; a second word, if there, is a set of flags. The answer, sent
 * before it happens, is the same message.
 */
#define CRASH_SERVICE "rpmsg-crash"

enum crash_kind {
    CRASH_NONE,      /* only answer */
    CRASH_HARDFAULT, /* store to an address where nothing is */
    CRASH_LOCKUP,    /* a fault with faults masked */
    CRASH_LOOP,      /* endless loop with interrupts off */
    CRASH_WATCHDOG,  /* the watchdog runs out while the remote idles */
    CRASH_ASSERT,    /* a failed assertion */
    CRASH_RESET,     /* asks the hardware for a reset of its core */
    CRASH_RESTART,   /* enters its reset handler again, without any reset */
};

/* Start the watchdog first, so that the host gets to know (within 0.33 s). */
#define CRASH_F_WATCHDOG 1U
/* Not now, but once the host has gone. */
#define CRASH_F_ALONE 2U

struct crash_cmd {
    uint32_t kind;
    uint32_t flags;
};

/*
 * What the fault handlers leave behind, at a fixed place that neither the
 * start-up code nor remoteproc's loader clears: stm32mp157-m4 0x1003FF00,
 * zynqmp-r5 0x0002FF00. There cfsr, hfsr, mmfar and bfar are DFSR, IFSR, IFAR
 * and DFAR.
 */
#define CRASH_RECORD_MAGIC 0x48534D41U /* "AMSH" */

struct crash_record {
    uint32_t magic;
    uint32_t kind; /* exception number, or CRASH_RECORD_ASSERT */
    uint32_t pc;
    uint32_t lr;
    uint32_t psr;
    uint32_t sp;
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t mmfar;
    uint32_t bfar;
    uint32_t r[5]; /* r0-r3, r12 */
    uint32_t line; /* of an assertion */
    char file[64];
};

#define CRASH_RECORD_ASSERT 0x100U

#endif
