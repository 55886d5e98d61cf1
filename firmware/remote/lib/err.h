/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_ERR_H
#define AMP_ERR_H

/* Every function of the library that can fail returns one of these, or 0 or
 * a count. The values are Linux's, so that they can travel in a message. */
#define AMP_EAGAIN (-11) /* no buffer now; ask again after the next kick */
#define AMP_EINVAL (-22) /* the caller's mistake */
#define AMP_EPIPE (-32)  /* the host is not there, or this buffer is stale */
#define AMP_EPROTO                                                             \
    (-71)                    /* the host broke the protocol; no link until it  \
                                resets the device */
#define AMP_EMSGSIZE (-90)   /* payload larger than the buffer */
#define AMP_EADDRINUSE (-98) /* another endpoint has this address */

#endif
