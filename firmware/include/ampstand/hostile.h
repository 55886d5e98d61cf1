/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMPSTAND_HOSTILE_H
#define AMPSTAND_HOSTILE_H

#include <stdint.h>

/*
 * The hostile application breaks the rules of rpmsg and virtio in the way that
 * a message asks for. The service is one that Linux has a driver for, so that
 * the endpoint of whoever asked outlives the program that did. The answer, sent
 * before it happens, is the same message. One command a life: the rings are not
 * fit for another.
 */
#define HOSTILE_SERVICE "rpmsg-tty"

enum hostile_kind {
    HOSTILE_NONE, /* only answer */
    /* The used ring towards the host. */
    HOSTILE_USED_ID,    /* a descriptor index that is out of range */
    HOSTILE_USED_TWICE, /* the same buffer twice */
    HOSTILE_USED_LONG,  /* a length beyond the buffer */
    HOSTILE_USED_SHORT, /* a length below the header, which claims 65,535 */
    HOSTILE_USED_AHEAD, /* the index runs 100 ahead of the entries */
    HOSTILE_DESC_NEXT,  /* every descriptor says that another follows */
    /* Messages. */
    HOSTILE_HDR_LONG, /* count messages whose header goes beyond the buffer */
    HOSTILE_NO_ONE,   /* count messages to an address that nobody has */
    /* The name service. */
    HOSTILE_NS_FLOOD,       /* count announcements, each of another service */
    HOSTILE_NS_OPEN,        /* a name without an end */
    HOSTILE_NS_ODD,         /* names with slashes, format characters, nothing */
    HOSTILE_NS_TWICE,       /* the same service twice */
    HOSTILE_NS_UNKNOWN,     /* a service withdrawn that never was */
    HOSTILE_NS_SIZE,        /* announcements of 39 and of 41 bytes */
    HOSTILE_NS_WITHDRAWN,   /* the host's own name service withdrawn */
    HOSTILE_CTRL_WITHDRAWN, /* the host's own control device withdrawn */
    /* The rest of shared memory and the mailbox. */
    HOSTILE_TABLE,    /* offsets in the resource table point far away */
    HOSTILE_KICKS,    /* kicks without end; a shutdown is not obeyed */
    HOSTILE_LAST_ACT, /* a shutdown is obeyed, but all shared memory is
                         scribbled over before that and until the reset */
};

struct hostile_cmd {
    uint32_t kind;
    uint32_t count;
};

#endif
