/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Prints how many bytes OP-TEE has given out: of its own heap, of the memory
 * for trusted applications, and of the heap of each application that is there.
 * Its pseudo application for statistics says so (lib/libutee/include/
 * pta_stats.h in OP-TEE; CFG_WITH_STATS and CFG_TA_STATS). With SIZE, it asks
 * Linux for so many bytes to share with OP-TEE first.
 */
#include "common.h"
#include "tee.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ALLOCATORS 1
#define APPLICATIONS 3
#define HEAP 1
#define APPLICATION_MEMORY 3
#define NOT_FOUND 0xffff0008U
#define MOST 16

/* d96a5b40-e2c7-b1af-8794-1002a5d5c61b */
static const uint8_t uuid[TEE_IOCTL_UUID_LEN] = {
    0xd9, 0x6a, 0x5b, 0x40, 0xe2, 0xc7, 0xb1, 0xaf,
    0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b,
};

struct allocator {
    char name[32];
    uint64_t free2_sum;
    uint32_t allocated;
    uint32_t rest[5];
};

struct application {
    uint32_t time_low;
    uint8_t rest_of_uuid[12];
    uint32_t panicked;
    uint32_t sessions;
    struct allocator heap;
};

static void check(struct tee_answer answer, const char *what)
{
    if (answer.result) {
        fail(EXIT_DEVICE, "%s: TEE_Result 0x%08" PRIx32, what, answer.result);
    }
}

static uint32_t allocated(const struct tee_session *session, uint32_t allocator)
{
    struct tee_memory memory =
        tee_share(session->device, sizeof(struct allocator));
    struct tee_ioctl_param params[TEE_PARAMS] = {
        {.attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT, .a = allocator},
    };

    tee_memory_param(&params[1], &memory,
                     TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT);
    check(tee_invoke(session, ALLOCATORS, params, "statistics"), "statistics");
    return ((const struct allocator *)(const void *)memory.at)->allocated;
}

static void print_applications(const struct tee_session *session)
{
    struct tee_memory memory =
        tee_share(session->device, MOST * sizeof(struct application));
    const struct application *found = (const void *)memory.at;
    struct tee_ioctl_param params[TEE_PARAMS] = {0};
    struct tee_answer answer;

    tee_memory_param(&params[0], &memory,
                     TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT);
    answer = tee_invoke(session, APPLICATIONS, params, "applications");
    if (answer.result == NOT_FOUND) {
        return;
    }
    check(answer, "applications");
    for (size_t i = 0; i < params[0].b / sizeof(*found); i++) {
        printf(", \"%08" PRIx32 "\": %" PRIu32, found[i].time_low,
               found[i].heap.allocated);
    }
}

int main(int argc, char **argv)
{
    const struct tee_ioctl_param none[TEE_PARAMS] = {0};
    struct tee_session session;

    if (argc > 1) {
        tee_share(tee_open(), strtoul(argv[1], NULL, 0));
    }
    check(tee_open_session(&session, tee_open(), uuid, none), "open a session");
    printf("{\"ok\": true, \"heap\": %" PRIu32 ", \"applications\": %" PRIu32,
           allocated(&session, HEAP), allocated(&session, APPLICATION_MEMORY));
    print_applications(&session);
    printf("}\n");
    return 0;
}
