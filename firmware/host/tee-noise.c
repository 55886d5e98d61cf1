/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A client of OP-TEE that does not know what it does: for some seconds, calls
 * of /dev/tee0 with random arguments, in their order the same for a seed as
 * far as the answers are the same.
 *
 *   tee-noise SEED SECONDS
 *
 * An application that is not there is asked for from a program that loads it,
 * and there is none: who waits for that is ended, and the next one goes on. So
 * clients die amid a call, too.
 */
#include "common.h"
#include "tee.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SESSIONS 4
#define MEMORIES 4
#define CALLS_OF_A_CLIENT 500U
#define PATIENCE_NS 500000000U
#define MEMORY_MOST 0x20000U

struct counts {
    volatile uint64_t calls;
    volatile uint64_t done;    /* OP-TEE did it */
    volatile uint64_t refused; /* OP-TEE has an error for it */
    volatile uint64_t failed;  /* Linux has */
    uint64_t killed;           /* clients that waited too long */
};

struct client {
    int device;
    uint32_t random;
    uint32_t sessions[SESSIONS];
    struct tee_memory memories[MEMORIES];
    struct counts *counts;
};

static const uint8_t uuids[][TEE_IOCTL_UUID_LEN] = {
    /* trusted application for remote processors, and what is behind it */
    {0x80, 0xa4, 0xc2, 0x75, 0x0a, 0x47, 0x49, 0x05, 0x82, 0x85, 0x14, 0x86,
     0xa9, 0x77, 0x1a, 0x08},
    {0x54, 0xaf, 0x4a, 0x68, 0x19, 0xbe, 0x40, 0xd7, 0xbb, 0xe6, 0x89, 0x50,
     0x35, 0x0a, 0x87, 0x44},
    /* SCMI */
    {0xa8, 0xcf, 0xe4, 0x06, 0xd4, 0xf5, 0x4a, 0x2e, 0x9f, 0x8d, 0xa2, 0x5d,
     0xc7, 0x54, 0xc0, 0x99},
    /* statistics */
    {0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1, 0xaf, 0x87, 0x94, 0x10, 0x02,
     0xa5, 0xd5, 0xc6, 0x1b},
    /* which devices there are */
    {0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53, 0xa5, 0xa9, 0x7b, 0x3c,
     0x4d, 0xdf, 0x13, 0xb8},
    /* what applications alone may ask for */
    {0x3a, 0x2f, 0x89, 0x78, 0x5d, 0xc0, 0x11, 0xe8, 0x9c, 0x2d, 0xfa, 0x7a,
     0xe0, 0x1b, 0xbe, 0xbc},
};

static uint32_t next(struct client *client)
{
    client->random ^= client->random << 13;
    client->random ^= client->random >> 17;
    client->random ^= client->random << 5;
    return client->random;
}

static uint32_t below(struct client *client, uint32_t limit)
{
    return next(client) % limit;
}

static uint64_t anything(struct client *client)
{
    switch (below(client, 4)) {
    case 0:
        return below(client, 16);
    case 1:
        return UINT64_MAX - below(client, 16);
    default:
        return (uint64_t)next(client) << (below(client, 2) ? 32 : 0) |
               next(client);
    }
}

static void fill_params(struct client *client, struct tee_ioctl_param *params)
{
    for (int i = 0; i < TEE_PARAMS; i++) {
        const struct tee_memory *memory =
            &client->memories[below(client, MEMORIES)];

        params[i].attr = below(client, 8);
        params[i].a = anything(client);
        params[i].b = anything(client);
        params[i].c = anything(client);
        if (params[i].attr >= TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT &&
            memory->size && below(client, 4)) {
            params[i].a = below(client, 2) ? 0 : below(client, 64);
            params[i].b = memory->size - params[i].a;
            params[i].c = (uint64_t)memory->id;
        }
        if (!below(client, 32)) {
            params[i].attr = anything(client);
        }
    }
}

static int call(struct client *client, unsigned long request, void *argument)
{
    int ret = ioctl(client->device, request, argument);

    client->counts->calls++;
    if (ret < 0) {
        client->counts->failed++;
    }
    return ret;
}

static void count(struct client *client, uint32_t result)
{
    if (result) {
        client->counts->refused++;
    } else {
        client->counts->done++;
    }
}

static void open_session(struct client *client)
{
    struct {
        struct tee_ioctl_open_session_arg arg;
        struct tee_ioctl_param params[TEE_PARAMS];
    } open = {.arg.num_params = TEE_PARAMS};
    struct tee_ioctl_buf_data data = {(uintptr_t)&open, sizeof(open)};
    const uint8_t *uuid =
        uuids[below(client, sizeof(uuids) / sizeof(uuids[0]))];

    memcpy(open.arg.uuid, uuid, TEE_IOCTL_UUID_LEN);
    if (!below(client, 256)) {
        open.arg.uuid[below(client, TEE_IOCTL_UUID_LEN)] ^= 1U;
    }
    open.arg.clnt_login = below(client, 8) ? 0 : next(client) % 8;
    if (below(client, 2)) {
        fill_params(client, open.params);
    }
    if (call(client, TEE_IOC_OPEN_SESSION, &data) >= 0) {
        count(client, open.arg.ret);
        if (!open.arg.ret) {
            client->sessions[below(client, SESSIONS)] = open.arg.session;
        }
    }
}

static uint32_t some_session(struct client *client)
{
    return below(client, 8) ? client->sessions[below(client, SESSIONS)]
                            : (uint32_t)anything(client);
}

static void invoke(struct client *client)
{
    struct {
        struct tee_ioctl_invoke_arg arg;
        struct tee_ioctl_param params[TEE_PARAMS];
    } invoke = {.arg.num_params = TEE_PARAMS};
    struct tee_ioctl_buf_data data = {(uintptr_t)&invoke, sizeof(invoke)};

    invoke.arg.func =
        below(client, 8) ? below(client, 12) : (uint32_t)anything(client);
    invoke.arg.session = some_session(client);
    fill_params(client, invoke.params);
    if (call(client, TEE_IOC_INVOKE, &data) >= 0) {
        count(client, invoke.arg.ret);
    }
}

static void close_session(struct client *client)
{
    struct tee_ioctl_close_session_arg arg = {some_session(client)};

    call(client, TEE_IOC_CLOSE_SESSION, &arg);
}

static void cancel(struct client *client)
{
    struct tee_ioctl_cancel_arg arg = {next(client), some_session(client)};

    call(client, TEE_IOC_CANCEL, &arg);
}

static void share(struct client *client)
{
    struct tee_memory *memory = &client->memories[below(client, MEMORIES)];
    struct tee_ioctl_shm_alloc_data shared = {
        .size =
            below(client, 16) ? below(client, MEMORY_MOST) : anything(client),
        .flags = below(client, 16) ? 0 : next(client),
    };
    int file = call(client, TEE_IOC_SHM_ALLOC, &shared);
    void *at;

    if (file < 0) {
        return;
    }
    at = mmap(NULL, (size_t)shared.size, PROT_READ | PROT_WRITE, MAP_SHARED,
              file, 0);
    close(file);
    if (at == MAP_FAILED) {
        return;
    }
    if (memory->at) {
        munmap(memory->at, memory->size);
    }
    *memory = (struct tee_memory){at, (size_t)shared.size, shared.id};
    for (size_t i = 0; i + 4 <= memory->size && i < 4096; i += 4) {
        uint32_t word = (uint32_t)anything(client);

        memcpy(memory->at + i, &word, sizeof(word));
    }
}

static void share_own(struct client *client)
{
    static uint8_t own[8192];
    struct tee_ioctl_shm_register_data arg = {
        .addr = below(client, 4) ? (uintptr_t)own + below(client, 4096)
                                 : anything(client),
        .length = below(client, 4) ? below(client, 4096) : anything(client),
        .flags = below(client, 16) ? 0 : next(client),
    };
    int file = call(client, TEE_IOC_SHM_REGISTER, &arg);

    if (file >= 0) {
        close(file);
    }
}

/* A call that may not be one at all. */
static void any_call(struct client *client)
{
    uint64_t argument[16];

    for (size_t i = 0; i < sizeof(argument) / sizeof(argument[0]); i++) {
        argument[i] = anything(client);
    }
    call(client,
         _IOC(below(client, 4), TEE_IOC_MAGIC, below(client, 16),
              below(client, sizeof(argument) + 1)),
         argument);
}

static void run_client(uint32_t seed, uint32_t calls, struct counts *counts)
{
    static void (*const kinds[])(struct client *) = {
        open_session,  open_session, invoke, invoke,    invoke,   invoke,
        close_session, cancel,       share,  share_own, any_call,
    };
    struct client client = {
        .device = tee_open(), .random = seed ? seed : 1U, .counts = counts};

    for (uint32_t i = 0; i < calls; i++) {
        kinds[below(&client, sizeof(kinds) / sizeof(kinds[0]))](&client);
    }
}

/* Wait for a client's end, and see to it if it makes no call for too long. */
static void watch_client(pid_t child, struct counts *counts)
{
    uint64_t last = counts->calls;
    uint64_t since = now_ns();

    while (waitpid(child, NULL, WNOHANG) != child) {
        if (counts->calls != last) {
            last = counts->calls;
            since = now_ns();
        } else if (now_ns() - since > PATIENCE_NS) {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
            counts->killed++;
            return;
        }
        usleep(1000);
    }
}

int main(int argc, char **argv)
{
    struct counts *counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint32_t seed;
    uint64_t end;

    if (argc != 3 || counts == MAP_FAILED) {
        fail(EXIT_USAGE, "expected SEED SECONDS");
    }
    seed = (uint32_t)strtoul(argv[1], NULL, 0);
    end = now_ns() + strtoull(argv[2], NULL, 0) * 1000000000U;
    while (now_ns() < end) {
        pid_t child = fork();

        if (child < 0) {
            fail(EXIT_DEVICE, "no process");
        }
        if (!child) {
            run_client(seed, CALLS_OF_A_CLIENT, counts);
            _exit(0);
        }
        watch_client(child, counts);
        seed = seed * 1664525U + 1013904223U;
    }
    printf("{\"ok\": true, \"calls\": %" PRIu64 ", \"done\": %" PRIu64
           ", \"refused\": %" PRIu64 ", \"failed\": %" PRIu64
           ", \"killed\": %" PRIu64 "}\n",
           counts->calls, counts->done, counts->refused, counts->failed,
           counts->killed);
    return 0;
}
