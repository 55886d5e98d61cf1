/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_STDLIB_H
#define AMP_STDLIB_H

/* FreeRTOS includes this header, and uses nothing of it. */
#include <stddef.h>

#endif
