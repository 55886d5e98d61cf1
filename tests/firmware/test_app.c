/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* An application that answers messages, with a host that does as it likes. */

#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "host.h"
#include "os/os.h"
#include "port.h"

/* Where the trace is does not matter here, and an address of a workstation does
 * not fit. */
#undef RSC_TRACE_ENTRY
#define RSC_TRACE_ENTRY(buffer, bytes)                                         \
    {                                                                          \
        .type = RSC_TRACE, .len = (bytes), .name = "trace0"                    \
    }
#include APP

#define SELF 77U /* the host's endpoint */

static struct host host;
static jmp_buf started;
static unsigned locks_left;

void os_notify(uint32_t events) { (void)events; }

void os_tick(uint32_t ms) { CHECK(ms > 0U); }

uint32_t os_ticks(void)
{
    static uint32_t ticks;

    return ticks++;
}

void runtime_loop(int (*served)(void))
{
    CHECK(served == poll);
    longjmp(started, 1);
}

static void serve(void)
{
    /* An application that never sleeps does not say when it is done. */
    for (unsigned i = 0; (poll() > 0) || (i < AMP_VRING_NUM); i++) {
    }
}

/* Let the host come; return the address of the service announced last. */
static uint32_t probe(void)
{
    struct host_msg msg;
    uint32_t addr = 0U;

    host_probe(&host);
    serve();
    while (host_recv(&host, &msg)) {
        CHECK_EQ(msg.dst, RPMSG_ADDR_NS);
        memcpy(&addr, &msg.data[RPMSG_NAME_SIZE], sizeof(addr));
    }
    CHECK(addr != 0U);
    return addr;
}

static uint32_t boot(void)
{
    port_on_lock = NULL;
    memset(port_shm, 0xEE, sizeof(port_shm));
    host_load(&host, &table.vdev);
    if (setjmp(started) == 0) {
        app_main();
    }
    return probe();
}

/* Send a message with each first byte that may be a command. */
static void send_each(uint32_t addr, uint32_t len)
{
    uint8_t data[HOST_BUF] = {0};

    for (unsigned op = 0; op < 8U; op++) {
        data[0] = (uint8_t)op;
        CHECK(host_send(&host, SELF, addr, data, len));
    }
}

/* The first byte of a message that every application sends back. */
static void expect_echo(uint32_t addr)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5};
    struct host_msg msg;

    CHECK(host_send(&host, SELF, addr, data, sizeof(data)));
    serve();
    do {
        CHECK(host_recv(&host, &msg));
    } while ((msg.len != sizeof(data)) || (memcmp(msg.data, data, 5U) != 0));
    CHECK_EQ(msg.dst, SELF);
    CHECK_EQ(msg.src, addr);
}

static void host_goes_at_this_lock(void)
{
    if ((locks_left > 0U) && (--locks_left == 0U)) {
        host_remove(&host);
    }
}

static void host_may_go_at_any_time(void)
{
    uint32_t addr = boot();
    unsigned n = 0U;

    do {
        send_each(addr, 24U);
        locks_left = ++n;
        port_on_lock = host_goes_at_this_lock;
        serve();
        port_on_lock = NULL;
        host_remove(&host);
        serve();
        addr = probe();
        expect_echo(addr);
    } while (locks_left == 0U);
    CHECK(n > 16U);
}

static void answers_stay_in_their_buffers(void)
{
    for (uint32_t room = 0U; room < 64U; room++) {
        uint32_t addr = boot();

        for (unsigned i = 0; i < HOST_NUM; i++) {
            *host_desc_len(0U, i) = RPMSG_HDR_SIZE + room;
            memset(amp_shm(*host_desc_addr(0U, i)), 0xEE, HOST_BUF);
        }
        send_each(addr, 64U);
        serve();
        for (unsigned i = 0; i < HOST_NUM; i++) {
            const uint8_t *buf = amp_shm(*host_desc_addr(0U, i));

            for (unsigned at = RPMSG_HDR_SIZE + room; at < HOST_BUF; at++) {
                CHECK_EQ(buf[at], 0xEE);
            }
        }
        host_remove(&host);
        expect_echo(probe());
    }
}

MAIN(TEST(host_may_go_at_any_time), TEST(answers_stay_in_their_buffers))
