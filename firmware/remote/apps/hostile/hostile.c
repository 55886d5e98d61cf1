/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Breaks the rules of rpmsg in the way that a message asks for: see
 * ampstand/hostile.h. The message comes in and is answered through the library;
 * from then on the library sends nothing more, and the rings are written here.
 */

#include "ampstand/hostile.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/os.h"
#include "os/runtime.h"
#include "port.h"
#include "soc/soc.h"

#define BUFFER_SIZE 512U
#define NOBODY 0xDEADU
#define NS_CREATE 0U
#define NS_DESTROY 1U

/* The same on the wire as the library's own, which keeps its to itself. */
struct message {
    uint32_t src;
    uint32_t dst;
    uint32_t reserved;
    uint16_t len;
    uint16_t flags;
    uint8_t data[];
};

struct announcement {
    char name[RPMSG_NAME_SIZE];
    uint32_t addr;
    uint32_t flags;
    uint8_t more;
};

#define NS_SIZE ((uint32_t)offsetof(struct announcement, more))

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;
static struct rpmsg_ept ept;
static struct hostile_cmd order;
static uint32_t peer;

static volatile struct virtq_ring *to_host(void)
{
    return (volatile struct virtq_ring *)amp_shm(table.vdev.vring[0].da);
}

static bool host_is_up(void)
{
    return (((volatile struct rsc_table *)&table)->vdev.status &
            VIRTIO_STATUS_DRIVER_OK) != 0U;
}

/* Wait for a buffer and return its number. Every buffer taken so far has been
 * used, by the library and here, so the next one is that at the used index. */
static uint32_t take(void)
{
    volatile struct virtq_ring *ring = to_host();

    while (ring->avail.idx == ring->used.idx && host_is_up()) {
    }
    return ring->avail.ring[ring->used.idx % AMP_VRING_NUM] % AMP_VRING_NUM;
}

static void use(uint32_t id, uint32_t len)
{
    volatile struct virtq_ring *ring = to_host();
    uint16_t at = ring->used.idx;

    ring->used.ring[at % AMP_VRING_NUM].id = id;
    ring->used.ring[at % AMP_VRING_NUM].len = len;
    amp_mb();
    ring->used.idx = (uint16_t)(at + 1U);
    amp_mb();
    amp_kick(0U);
}

/* Put a message into a free buffer; its number. */
static uint32_t write(uint32_t dst, const void *data, uint32_t len)
{
    uint32_t id = take();
    struct message *msg = (struct message *)amp_shm(to_host()->desc[id].addr);

    msg->src = ept.addr;
    msg->dst = dst;
    msg->reserved = 0U;
    msg->len = (uint16_t)len;
    msg->flags = 0U;
    (void)memcpy(msg->data, data, len);
    return id;
}

static void send(uint32_t dst, const void *data, uint32_t len)
{
    use(write(dst, data, len), RPMSG_HDR_SIZE + len);
}

/* Send a message whose header claims a length, and use it with another. */
static void send_as(uint32_t dst, uint32_t claimed, uint32_t used)
{
    uint32_t id = write(dst, &order, (uint32_t)sizeof(order));

    ((struct message *)amp_shm(to_host()->desc[id].addr))->len =
        (uint16_t)claimed;
    use(id, used);
}

/* size: of the message; that of an announcement is NS_SIZE. */
static void announce(const char *name, uint32_t addr, uint32_t flags,
                     uint32_t size)
{
    struct announcement ns = {.addr = addr, .flags = flags};

    (void)memcpy(ns.name, name, strnlen(name, RPMSG_NAME_SIZE));
    send(RPMSG_ADDR_NS, &ns, size);
}

static void flood(uint32_t count)
{
    for (uint32_t i = 0U; i < count && host_is_up(); i++) {
        char name[] = "flood-0000";

        for (uint32_t digit = 0U, rest = i; digit < 4U; digit++) {
            name[9U - digit] = (char)('0' + (rest % 10U));
            rest /= 10U;
        }
        announce(name, 0x10000U + i, NS_CREATE, NS_SIZE);
    }
}

static void odd_names(void)
{
    static const char *const names[] = {
        "../../../odd", "odd/slash",   "odd-%s%n%p%x", "",     ".",
        "odd\nline",    "odd\xff\xfe", "odd name",     "odd.1"};

    for (uint32_t i = 0U; i < sizeof(names) / sizeof(names[0]); i++) {
        announce(names[i], 0x20000U + i, NS_CREATE, NS_SIZE);
    }
}

/* Another descriptor follows on each: only the host may say so. */
static void chain_all(void)
{
    for (uint32_t i = 0U; i < AMP_VRING_NUM; i++) {
        to_host()->desc[i].flags |= VIRTQ_DESC_F_NEXT;
    }
    send(peer, &order, (uint32_t)sizeof(order));
}

static void kick_without_end(void)
{
    for (;;) {
        amp_kick(0U);
        amp_kick(1U);
    }
}

static void scribble(void)
{
    (void)memset(amp_shm(AMP_SHM_BASE), 0xA5, AMP_SHM_SIZE);
    (void)memset(&table, 0xA5, sizeof(table));
    amp_mb();
}

/*
 * Leave nothing of shared memory as it was when the host has given it back, and
 * go on until the reset comes. Once before obeying: that may be the end.
 */
static void last_act(void)
{
    while ((os_wait() & EVENT_SHUTDOWN) == 0U) {
    }
    scribble();
    soc_ack(EVENT_SHUTDOWN);
    for (;;) {
        scribble();
        amp_kick(0U);
    }
}

static void act(void)
{
    static const char open[RPMSG_NAME_SIZE] =
        "open-name-of-32-characters-xxxxx";
    static const char half[] = "half";
    uint32_t id;

    switch (order.kind) {
    case HOSTILE_USED_ID:
        use(0xFFFFU, RPMSG_HDR_SIZE);
        break;
    case HOSTILE_USED_TWICE:
        id = write(peer, &order, (uint32_t)sizeof(order));
        use(id, RPMSG_HDR_SIZE + (uint32_t)sizeof(order));
        use(id, RPMSG_HDR_SIZE + (uint32_t)sizeof(order));
        break;
    case HOSTILE_USED_LONG:
        send_as(peer, (uint32_t)sizeof(order), 8U * BUFFER_SIZE);
        break;
    case HOSTILE_USED_SHORT:
        send_as(peer, 0xFFFFU, 0U);
        break;
    case HOSTILE_USED_AHEAD:
        to_host()->used.idx = (uint16_t)(to_host()->used.idx + 100U);
        amp_mb();
        amp_kick(0U);
        break;
    case HOSTILE_DESC_NEXT:
        chain_all();
        break;
    case HOSTILE_HDR_LONG:
        for (uint32_t i = 0U; i < order.count && host_is_up(); i++) {
            send_as(peer, 2U * BUFFER_SIZE, BUFFER_SIZE);
        }
        break;
    case HOSTILE_NO_ONE:
        for (uint32_t i = 0U; i < order.count && host_is_up(); i++) {
            send(NOBODY + i, &order, (uint32_t)sizeof(order));
        }
        break;
    case HOSTILE_NS_FLOOD:
        flood(order.count);
        break;
    case HOSTILE_NS_OPEN:
        announce(open, 0x20000U, NS_CREATE, NS_SIZE);
        break;
    case HOSTILE_NS_ODD:
        odd_names();
        break;
    case HOSTILE_NS_TWICE:
        announce("twice", 0x20000U, NS_CREATE, NS_SIZE);
        announce("twice", 0x20000U, NS_CREATE, NS_SIZE);
        break;
    case HOSTILE_NS_UNKNOWN:
        announce("unknown", 0x20000U, NS_DESTROY, NS_SIZE);
        break;
    case HOSTILE_NS_SIZE:
        announce(half, 0x20000U, NS_CREATE, NS_SIZE - 1U);
        announce(half, 0x20000U, NS_CREATE, NS_SIZE + 1U);
        break;
    case HOSTILE_NS_WITHDRAWN:
        announce("rpmsg_ns", RPMSG_ADDR_NS, NS_DESTROY, NS_SIZE);
        break;
    case HOSTILE_CTRL_WITHDRAWN:
        announce("rpmsg_ctrl", 0U, NS_DESTROY, NS_SIZE);
        break;
    case HOSTILE_TABLE:
        table.offset[0] = 0x80000000U;
        table.offset[1] = 0xC0000000U;
        amp_mb();
        break;
    case HOSTILE_KICKS:
        kick_without_end();
        break;
    case HOSTILE_LAST_ACT:
        last_act();
        break;
    default:
        break;
    }
}

static enum rpmsg_verdict command(struct rpmsg_ept *from,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    struct hostile_cmd cmd = {0};
    uint32_t len = (in->len < sizeof(cmd)) ? in->len : (uint32_t)sizeof(cmd);

    (void)memcpy(&cmd, in->data, len);
    if (rpmsg_send(from, src, &cmd, len) == AMP_EAGAIN) {
        return RPMSG_RETRY;
    }
    trace_printf("hostile command %u\n", (unsigned)cmd.kind);
    order = cmd;
    peer = src;
    return RPMSG_DONE;
}

static struct rpmsg_ept ept = {
    .name = HOSTILE_SERVICE, .addr = RPMSG_ADDR_ANY, .cb = command};

/* The deed is done outside the library's calls. */
static int poll(void)
{
    int n = rpmsg_poll(&rp);

    if (order.kind != (uint32_t)HOSTILE_NONE) {
        act();
        order.kind = (uint32_t)HOSTILE_NONE;
    }
    return n;
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    runtime_loop(poll);
}
