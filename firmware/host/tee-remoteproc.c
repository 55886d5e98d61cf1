/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Asks OP-TEE's trusted application for remote processors to load, start and
 * stop a signed image. Commands are carried out in their order, in one session:
 *
 *   tee-remoteproc load FILE start
 *   tee-remoteproc stop release
 *   tee-remoteproc table           (where the resource table is)
 *   tee-remoteproc load FILE hold  (keep the session until a signal comes)
 *
 * A line of JSON says what came of each: a TEE_Result, 0 if it was done. The
 * trusted application (ta/remoteproc in OP-TEE) says what its commands take.
 */
#include "common.h"
#include "tee.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* STM32_M4_RPROC_ID */
#define REMOTE_ID 0U

/* 80a4c275-0a47-4905-8285-1486a9771a08 */
static const uint8_t uuid[TEE_IOCTL_UUID_LEN] = {
    0x80, 0xa4, 0xc2, 0x75, 0x0a, 0x47, 0x49, 0x05,
    0x82, 0x85, 0x14, 0x86, 0xa9, 0x77, 0x1a, 0x08,
};

enum command { LOAD = 1, START = 2, STOP = 3, TABLE = 4, RELEASE = 6 };

static const struct {
    const char *name;
    enum command command;
} commands[] = {
    {"load", LOAD},   {"start", START},     {"stop", STOP},
    {"table", TABLE}, {"release", RELEASE},
};

static void say(const char *name, struct tee_answer answer)
{
    printf("{\"command\": \"%s\", \"result\": \"0x%08" PRIx32
           "\", \"origin\": %" PRIu32 "}\n",
           name, answer.result, answer.origin);
    fflush(stdout);
}

static void open_session(struct tee_session *session)
{
    const struct tee_ioctl_param params[TEE_PARAMS] = {
        {.attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT, .a = REMOTE_ID},
    };
    struct tee_answer answer =
        tee_open_session(session, tee_open(), uuid, params);

    if (answer.result) {
        say("open", answer);
        _exit(0);
    }
}

/* Put a file into memory that the secure world sees, as a parameter. */
static void share(const struct tee_session *session, const char *path,
                  struct tee_ioctl_param *param)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct tee_memory memory;
    struct stat status;

    if (file < 0 || fstat(file, &status)) {
        fail(EXIT_DEVICE, "%s: %s", path, strerror(errno));
    }
    memory = tee_share(session->device, (size_t)status.st_size);
    if (read(file, memory.at, memory.size) != status.st_size) {
        fail(EXIT_DEVICE, "reading %s: %s", path, strerror(errno));
    }
    close(file);
    tee_memory_param(param, &memory, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT);
}

static void invoke(const struct tee_session *session, enum command command,
                   const char *name, const char *path)
{
    struct tee_ioctl_param params[TEE_PARAMS] = {
        {.attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT, .a = REMOTE_ID},
    };
    struct tee_answer answer;

    if (command == LOAD) {
        share(session, path, &params[1]);
    } else if (command == TABLE) {
        params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
        params[2].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
    }
    answer = tee_invoke(session, command, params, name);
    if (command == TABLE && !answer.result) {
        printf("{\"command\": \"%s\", \"result\": \"0x00000000\", \"address\": "
               "%" PRIu64 ", \"size\": %" PRIu64 "}\n",
               name, (uint64_t)params[1].a, (uint64_t)params[2].a);
        return;
    }
    say(name, answer);
}

static enum command find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!strcmp(name, commands[i].name)) {
            return commands[i].command;
        }
    }
    fail(EXIT_USAGE,
         "%s: expected load FILE, start, stop, table, release or hold", name);
}

int main(int argc, char **argv)
{
    struct tee_session session;

    if (argc < 2) {
        fail(EXIT_USAGE,
             "expected load FILE, start, stop, table, release or hold");
    }
    open_session(&session);
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];

        if (!strcmp(name, "hold")) {
            pause();
        } else if (find(name) == LOAD) {
            if (++i == argc) {
                fail(EXIT_USAGE, "load: of which FILE?");
            }
            invoke(&session, LOAD, name, argv[i]);
        } else {
            invoke(&session, find(name), name, NULL);
        }
    }
    return 0;
}
