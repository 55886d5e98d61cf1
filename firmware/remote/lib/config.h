/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_CONFIG_H
#define AMP_CONFIG_H

/*
 * Options of the library. Override any of them with -D; the checks below
 * refuse what cannot work.
 */

/* Entries in each vring: a power of two, at most 32 (bit masks of buffers). */
#ifndef AMP_VRING_NUM
#define AMP_VRING_NUM 16U
#endif

/* Alignment of the used ring, as told to the host by the resource table. */
#ifndef AMP_VRING_ALIGN
#define AMP_VRING_ALIGN 16U
#endif

/* Bytes of the trace buffer, the terminating NUL included. */
#ifndef AMP_TRACE_SIZE
#define AMP_TRACE_SIZE 4096U
#endif

/* 1: rpmsg can be spoken with another remote, too, in either role (peer.h).
 * The port then has amp_kick_peer(). */
#ifndef AMP_PEER
#define AMP_PEER 0
#endif

/* Bytes of each buffer that this side allocates as the driver. */
#ifndef AMP_BUFFER_SIZE
#define AMP_BUFFER_SIZE 512U
#endif

#if (AMP_VRING_NUM < 2U) || (AMP_VRING_NUM > 32U)
#error "AMP_VRING_NUM must be 2, 4, 8, 16 or 32"
#endif
#if (AMP_VRING_NUM & (AMP_VRING_NUM - 1U)) != 0U
#error "AMP_VRING_NUM must be a power of two"
#endif
#if (AMP_VRING_ALIGN < 8U) || ((AMP_VRING_ALIGN & (AMP_VRING_ALIGN - 1U)) != 0U)
#error "AMP_VRING_ALIGN must be a power of two, 8 or more"
#endif
#if (AMP_BUFFER_SIZE < 32U) || ((AMP_BUFFER_SIZE % 16U) != 0U) ||              \
    (AMP_BUFFER_SIZE > 65536U)
#error "AMP_BUFFER_SIZE must be a multiple of 16 from 32 to 65536"
#endif
#if AMP_TRACE_SIZE < 128U
#error "AMP_TRACE_SIZE is too small to hold a line"
#endif

#endif
