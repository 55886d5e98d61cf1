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

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/tee.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE "/dev/tee0"
/* STM32_M4_RPROC_ID */
#define REMOTE_ID 0U
#define PARAMS 4

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

struct session {
    int device;
    uint32_t id;
};

/* What an ioctl of the device takes: its own argument, and parameters after it
 */
struct open_call {
    struct tee_ioctl_open_session_arg arg;
    struct tee_ioctl_param params[PARAMS];
};

struct invoke_call {
    struct tee_ioctl_invoke_arg arg;
    struct tee_ioctl_param params[PARAMS];
};

static void call(int device, unsigned long request, void *arg, size_t size,
                 const char *what)
{
    struct tee_ioctl_buf_data data = {.buf_ptr = (uintptr_t)arg,
                                      .buf_len = size};

    if (ioctl(device, request, &data)) {
        fail(EXIT_DEVICE, "%s: %s", what, strerror(errno));
    }
}

static void say(const char *name, uint32_t result, uint32_t origin)
{
    printf("{\"command\": \"%s\", \"result\": \"0x%08" PRIx32
           "\", \"origin\": %" PRIu32 "}\n",
           name, result, origin);
    fflush(stdout);
}

static void open_session(struct session *session)
{
    struct open_call open = {.arg.clnt_login = TEE_IOCTL_LOGIN_PUBLIC,
                             .arg.num_params = PARAMS};

    memcpy(open.arg.uuid, uuid, sizeof(uuid));
    open.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
    open.params[0].a = REMOTE_ID;
    call(session->device, TEE_IOC_OPEN_SESSION, &open, sizeof(open),
         "open a session");
    session->id = open.arg.session;
    if (open.arg.ret) {
        say("open", open.arg.ret, open.arg.ret_origin);
        _exit(0);
    }
}

/* Put a file into memory that the secure world sees, as a parameter. */
static void share(const struct session *session, const char *path,
                  struct tee_ioctl_param *param)
{
    struct tee_ioctl_shm_alloc_data shared = {0};
    int file = open(path, O_RDONLY);
    struct stat status;
    uint8_t *at;
    int memory;

    if (file < 0 || fstat(file, &status)) {
        fail(EXIT_DEVICE, "%s: %s", path, strerror(errno));
    }
    shared.size = (uint64_t)status.st_size;
    memory = ioctl(session->device, TEE_IOC_SHM_ALLOC, &shared);
    if (memory < 0) {
        fail(EXIT_DEVICE, "memory for %s: %s", path, strerror(errno));
    }
    at = mmap(NULL, (size_t)shared.size, PROT_READ | PROT_WRITE, MAP_SHARED,
              memory, 0);
    if (at == MAP_FAILED ||
        read(file, at, (size_t)status.st_size) != status.st_size) {
        fail(EXIT_DEVICE, "reading %s: %s", path, strerror(errno));
    }
    close(file);
    param->attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
    param->b = (uint64_t)status.st_size;
    param->c = (uint64_t)shared.id;
}

static void invoke(const struct session *session, enum command command,
                   const char *name, const char *path)
{
    struct invoke_call invoke = {
        .arg.func = command,
        .arg.session = session->id,
        .arg.num_params = PARAMS,
    };

    invoke.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
    invoke.params[0].a = REMOTE_ID;
    if (command == LOAD) {
        share(session, path, &invoke.params[1]);
    } else if (command == TABLE) {
        invoke.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
        invoke.params[2].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
    }
    call(session->device, TEE_IOC_INVOKE, &invoke, sizeof(invoke), name);
    if (command == TABLE && !invoke.arg.ret) {
        printf("{\"command\": \"%s\", \"result\": \"0x00000000\", \"address\": "
               "%" PRIu64 ", \"size\": %" PRIu64 "}\n",
               name, (uint64_t)invoke.params[1].a,
               (uint64_t)invoke.params[2].a);
        return;
    }
    say(name, invoke.arg.ret, invoke.arg.ret_origin);
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
    struct session session = {.device = open(DEVICE, O_RDWR)};

    if (argc < 2) {
        fail(EXIT_USAGE,
             "expected load FILE, start, stop, table, release or hold");
    }
    if (session.device < 0) {
        fail(EXIT_DEVICE, DEVICE ": %s", strerror(errno));
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
