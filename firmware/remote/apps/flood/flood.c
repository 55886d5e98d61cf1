/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Throughput and latency counterpart: see ampstand/flood.h. */

#include "ampstand/flood.h"

#include <stddef.h>
#include <string.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/runtime.h"

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;
static struct flood_report count;
static struct flood_source source; /* what is being sent, and how many so far */
static uint32_t sent, peer;

/* A send buffer, or the reason to come back later. */
static int get(struct rpmsg_buf *out)
{
    int err = rpmsg_get(&rp, out);

    count.tx_waits += (err == AMP_EAGAIN) ? 1U : 0U;
    return err;
}

static void send(struct rpmsg_ept *ept, const struct rpmsg_buf *out,
                 uint32_t dst, uint32_t len)
{
    if (rpmsg_send_buf(ept, out, dst, len) == 0) {
        count.tx_messages++;
        count.tx_bytes += len;
    }
}

/* Fill a send buffer, as far as it goes; return how far. */
static uint32_t fill(const struct rpmsg_buf *out, const void *data,
                     uint32_t len)
{
    uint32_t n = (len < out->len) ? len : out->len;

    (void)memcpy(out->data, data, n);
    return n;
}

/* The next message of the source, whose length is returned. */
static uint32_t fill_source(const struct rpmsg_buf *out)
{
    uint32_t len = (source.size < out->len) ? source.size : out->len;
    /* Bytes are counted four at a time; none carries into the next. */
    uint32_t word = (((sent & 0x7FU) * 0x01010101U) + 0x03020100U) ^
                    ((sent & 0x80U) * 0x01010101U);

    /* Up to three bytes too many: a buffer's room is a multiple of four. */
    for (uint32_t i = 0U; i < len; i += sizeof(word)) {
        (void)__builtin_memcpy(&out->data[i], &word, sizeof(word));
        word = ((word & 0x7F7F7F7FU) + 0x04040404U) ^ (word & 0x80808080U);
    }
    out->data[0] = FLOOD_SOURCE;
    if (len >= 8U) {
        (void)__builtin_memcpy(&out->data[4], &sent, sizeof(sent));
    }
    return len;
}

static enum rpmsg_verdict command(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    uint8_t op = (in->len > 0U) ? in->data[0] : 0U;
    struct rpmsg_buf out = {0};

    if ((op == FLOOD_ECHO) || (op == FLOOD_REPORT)) {
        if (get(&out) != 0) {
            return RPMSG_RETRY;
        }
    }
    count.rx_messages++;
    count.rx_bytes += in->len;
    if (op == FLOOD_ECHO) {
        send(ept, &out, src, fill(&out, in->data, in->len));
    } else if (op == FLOOD_REPORT) {
        count.op = op;
        count.drops = rp.drops;
        (void)rpmsg_send_buf(ept, &out, src, fill(&out, &count, sizeof(count)));
    } else if (op == FLOOD_RESET) {
        (void)memset(&count, 0, sizeof(count));
        rp.drops = 0U;
        source.count = 0U;
    } else if ((op == FLOOD_SOURCE) && (in->len >= sizeof(source))) {
        (void)memcpy(&source, in->data, sizeof(source));
        sent = 0U;
        peer = src;
    } else {
        /* FLOOD_SINK, or nothing we know: counted. */
    }
    return RPMSG_DONE;
}

/* Not the number that Linux chooses for its own end of the channel. */
static struct rpmsg_ept ept = {
    .name = FLOOD_SERVICE, .addr = 5000U, .cb = command};

static int poll(void)
{
    int n = rpmsg_poll(&rp);
    struct rpmsg_buf out;

    if (n < 0) {
        source.count = 0U;
    }
    for (uint32_t burst = 0U; (burst < AMP_VRING_NUM) && (sent < source.count);
         burst++) {
        if (get(&out) != 0) {
            return n;
        }
        send(&ept, &out, peer, fill_source(&out));
        sent++;
        n = 1;
    }
    return n;
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    runtime_loop(poll);
}
