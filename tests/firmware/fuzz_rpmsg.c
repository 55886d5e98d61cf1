/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Everything that the host can write, chosen by the fuzzer: rings, descriptors,
 * buffers, resource table; between this side's calls, and at its barriers,
 * where another core could act. The application part is well-behaved and checks
 * what it is promised.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz_input.h"
#include "host.h"
#include "port.h"
#include "rpmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile struct rsc_vdev vdev;
static struct rpmsg rp;
static struct host host;
static struct rpmsg_buf held[4], taken[4];
static unsigned n_held, n_taken;

/* One act of the host's: mostly near what is valid, sometimes anything. */
static void host_acts(void)
{
    uint8_t what = byte();
    unsigned q = (what >> 4) & 1U;
    uint8_t i = byte();
    uint8_t text[64];
    uint16_t len;

    switch (what & 15U) {
    case 0:
        *host_avail_idx(q) += i;
        break;
    case 1:
        *host_avail_idx(q) = (uint16_t)(i | (byte() << 8));
        break;
    case 2:
        *host_avail_ring(q, i) = (uint16_t)(byte() | ((i >> 7) << 8));
        break;
    case 3:
        *host_desc_addr(q, i % HOST_NUM) =
            AMP_SHM_BASE + (word() % (AMP_SHM_SIZE + 0x1000U));
        break;
    case 4:
        *host_desc_addr(q, i % HOST_NUM) = ((uint64_t)word() << 32) | word();
        break;
    case 5:
        *host_desc_len(q, i % HOST_NUM) = word();
        break;
    case 6:
        *host_desc_flags(q, i % HOST_NUM) = byte();
        break;
    case 7:
        *host_avail_flags(q) = i;
        break;
    case 8:
        vdev.status = i;
        break;
    case 9:
        vdev.vring[q].da = word();
        break;
    case 10:
        port_shm[word() % AMP_SHM_SIZE] = i;
        break;
    case 11:
        host_probe(&host);
        break;
    case 12:
        vdev.gfeatures = i | ((uint32_t)(i & 2U) << 28);
        break;
    case 13:
        *host_used_flags(q) = i;
        break;
    case 14:
        /* The length in the header of a message. */
        len = (uint16_t)(byte() << 8);
        memcpy(&port_shm[HOST_BUFS - AMP_SHM_BASE +
                         ((HOST_NUM + (i % HOST_NUM)) * HOST_BUF) + 12U],
               &len, sizeof(len));
        break;
    default:
        memset(text, i, sizeof(text));
        if (host.fresh < HOST_NUM) {
            (void)host_send(&host, 1024U, 7U + (i % 3U), text, i % 64U);
        }
        break;
    }
}

static void barrier(void)
{
    if ((left > 0U) && ((byte() & 7U) == 0U)) {
        host_acts();
    }
}

static uint32_t sum; /* so that reading is not optimised away */

static enum rpmsg_verdict receive(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *buf, uint32_t src)
{
    struct rpmsg_buf out;

    assert(ept->rp == &rp);
    assert((buf->data >= port_shm) &&
           ((buf->data + buf->len) <= (port_shm + AMP_SHM_SIZE)));
    for (uint32_t i = 0; i < buf->len; i++) {
        sum += buf->data[i];
    }
    switch (byte() % 5U) {
    case 0:
        if (n_held < 4U) {
            held[n_held++] = *buf;
            return RPMSG_HOLD;
        }
        return RPMSG_DONE;
    case 1:
        return RPMSG_RETRY;
    case 2:
        host_acts();
        return RPMSG_DONE;
    case 3:
        if (rpmsg_get(&rp, &out) == 0) {
            uint32_t len = (buf->len < out.len) ? buf->len : out.len;

            memmove(out.data, buf->data, len);
            (void)rpmsg_send_buf(ept, &out, src, len);
        }
        return RPMSG_DONE;
    default:
        return RPMSG_DONE;
    }
}

static void remote_acts(struct rpmsg_ept *named)
{
    uint8_t what = byte();

    switch (what & 7U) {
    case 0:
        if (named->rp == NULL) {
            named->addr = RPMSG_ADDR_ANY;
            (void)rpmsg_create(&rp, named);
        } else {
            (void)rpmsg_destroy(named);
        }
        break;
    case 1:
        if ((n_taken < 4U) && (rpmsg_get(&rp, &taken[n_taken]) == 0)) {
            memset(taken[n_taken].data, what, taken[n_taken].len);
            n_taken++;
        }
        break;
    case 2:
        if (n_taken > 0U) {
            n_taken--;
            if (named->rp != NULL) {
                (void)rpmsg_send_buf(named, &taken[n_taken], 1024U, what);
            } else {
                (void)rpmsg_cancel(&rp, &taken[n_taken]);
            }
        }
        break;
    case 3:
        if (n_held > 0U) {
            n_held--;
            (void)rpmsg_release(&rp, &held[n_held]);
        }
        break;
    default:
        (void)rpmsg_poll(&rp);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct rsc_vdev image = RSC_VDEV_ENTRY;
    struct rpmsg_ept ept = {.addr = 7U, .cb = receive};
    struct rpmsg_ept named = {.name = "named", .addr = 8U, .cb = receive};

    input = data;
    left = size;
    n_held = 0U;
    n_taken = 0U;
    port_on_barrier = NULL;
    memset(port_shm, 0, sizeof(port_shm));
    memcpy((void *)&vdev, &image, sizeof(image));
    host_load(&host, &vdev);
    rpmsg_init(&rp, &vdev);
    assert(rpmsg_create(&rp, &ept) == 0);
    assert(rpmsg_create(&rp, &named) == 0);
    host_features = HOST_NS | ((uint32_t)(byte() & 1U) << 29);
    if ((byte() & 3U) != 0U) {
        host_probe(&host);
    }
    port_on_barrier = barrier;
    while (left > 0U) {
        host_acts();
        remote_acts(&named);
    }
    port_on_barrier = NULL;
    /* However it went, a host that starts anew gets a working link. */
    host_remove(&host);
    assert(rpmsg_poll(&rp) == AMP_EPIPE);
    host_probe(&host);
    assert(rpmsg_poll(&rp) == 0);
    assert(host_send(&host, 1U, 99U, "x", 1U));
    assert(rpmsg_poll(&rp) == 1);
    return 0;
}
