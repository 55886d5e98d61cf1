/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef AMP_RSC_TABLE_H
#define AMP_RSC_TABLE_H

#include <stdint.h>

#include "config.h"

/*
 * The resource table: what the firmware tells remoteproc about itself, in the
 * ELF section .resource_table. The host writes the vring addresses, the
 * negotiated features and the device status into the copy in memory, so the
 * table lives in RAM that the start-up code leaves alone.
 */

#define RSC_SECTION __attribute__((section(".resource_table"), used))

#define RSC_CARVEOUT 0U
#define RSC_TRACE 2U
#define RSC_VDEV 3U

#define RSC_ADDR_ANY 0xFFFFFFFFU

#define VIRTIO_ID_RPMSG 7U
#define VIRTIO_RPMSG_F_NS 0U
#define VIRTIO_RING_F_EVENT_IDX 29U
#define VIRTIO_STATUS_DRIVER_OK 4U

struct rsc_header {
    uint32_t ver;
    uint32_t num;
    uint32_t reserved[2];
};

struct rsc_carveout {
    uint32_t type;
    uint32_t da;
    uint32_t pa;
    uint32_t len;
    uint32_t flags;
    uint32_t reserved;
    char name[32];
};

struct rsc_trace {
    uint32_t type;
    uint32_t da;
    uint32_t len;
    uint32_t reserved;
    char name[32];
};

struct rsc_vring {
    uint32_t da;
    uint32_t align;
    uint32_t num;
    uint32_t notifyid;
    uint32_t pa;
};

/* An rpmsg device with its two vrings; no configuration space. */
struct rsc_vdev {
    uint32_t type;
    uint32_t id;
    uint32_t notifyid;
    uint32_t dfeatures;
    uint32_t gfeatures;
    uint32_t config_len;
    uint8_t status;
    uint8_t num_of_vrings;
    uint8_t reserved[2];
    struct rsc_vring vring[2];
};

/* Initialisers for the entries of a table. */
#define RSC_HEADER(entries)                                                    \
    {                                                                          \
        .ver = 1U, .num = (entries)                                            \
    }
#define RSC_CARVEOUT_ENTRY(where, bytes, label)                                \
    {                                                                          \
        .type = RSC_CARVEOUT, .da = (where), .pa = RSC_ADDR_ANY,               \
        .len = (bytes), .name = (label)                                        \
    }
#define RSC_TRACE_ENTRY(buffer, bytes)                                         \
    {                                                                          \
        .type = RSC_TRACE, .da = (uint32_t)(buffer), .len = (bytes),           \
        .name = "trace0"                                                       \
    }
#define RSC_VRING_ENTRY(nr)                                                    \
    {                                                                          \
        .da = RSC_ADDR_ANY, .align = AMP_VRING_ALIGN, .num = AMP_VRING_NUM,    \
        .notifyid = (nr)                                                       \
    }
#define RSC_VDEV_ENTRY                                                         \
    {                                                                          \
        .type = RSC_VDEV, .id = VIRTIO_ID_RPMSG,                               \
        .dfeatures =                                                           \
            (1UL << VIRTIO_RPMSG_F_NS) | (1UL << VIRTIO_RING_F_EVENT_IDX),     \
        .num_of_vrings = 2U, .vring = {                                        \
            RSC_VRING_ENTRY(0U),                                               \
            RSC_VRING_ENTRY(1U)                                                \
        }                                                                      \
    }

/* The usual table: one rpmsg device and the trace buffer. */
struct rsc_table {
    struct rsc_header header;
    uint32_t offset[2];
    struct rsc_vdev vdev;
    struct rsc_trace trace;
};

#define RSC_TABLE(buffer, bytes)                                               \
    {                                                                          \
        .header = RSC_HEADER(2U),                                              \
        .offset = {offsetof(struct rsc_table, vdev),                           \
                   offsetof(struct rsc_table, trace)},                         \
        .vdev = RSC_VDEV_ENTRY, .trace = RSC_TRACE_ENTRY(buffer, bytes)        \
    }

#endif
