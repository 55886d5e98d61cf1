/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "tee.h"

#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICE "/dev/tee0"

/* What an ioctl of the device takes: its own argument, and parameters after it
 */
struct open_call {
    struct tee_ioctl_open_session_arg arg;
    struct tee_ioctl_param params[TEE_PARAMS];
};

struct invoke_call {
    struct tee_ioctl_invoke_arg arg;
    struct tee_ioctl_param params[TEE_PARAMS];
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

int tee_open(void)
{
    int device = open(DEVICE, O_RDWR | O_CLOEXEC);

    if (device < 0) {
        fail(EXIT_DEVICE, DEVICE ": %s", strerror(errno));
    }
    return device;
}

struct tee_answer tee_open_session(struct tee_session *session, int device,
                                   const uint8_t *uuid,
                                   const struct tee_ioctl_param *params)
{
    struct open_call open = {.arg.clnt_login = TEE_IOCTL_LOGIN_PUBLIC,
                             .arg.num_params = TEE_PARAMS};

    memcpy(open.arg.uuid, uuid, sizeof(open.arg.uuid));
    memcpy(open.params, params, sizeof(open.params));
    call(device, TEE_IOC_OPEN_SESSION, &open, sizeof(open), "open a session");
    *session = (struct tee_session){device, open.arg.session};
    return (struct tee_answer){open.arg.ret, open.arg.ret_origin};
}

void tee_close_session(const struct tee_session *session)
{
    struct tee_ioctl_close_session_arg arg = {session->id};

    ioctl(session->device, TEE_IOC_CLOSE_SESSION, &arg);
}

struct tee_answer tee_invoke(const struct tee_session *session,
                             uint32_t command, struct tee_ioctl_param *params,
                             const char *what)
{
    struct invoke_call invoke = {
        .arg.func = command,
        .arg.session = session->id,
        .arg.num_params = TEE_PARAMS,
    };

    memcpy(invoke.params, params, sizeof(invoke.params));
    call(session->device, TEE_IOC_INVOKE, &invoke, sizeof(invoke), what);
    memcpy(params, invoke.params, sizeof(invoke.params));
    return (struct tee_answer){invoke.arg.ret, invoke.arg.ret_origin};
}

struct tee_memory tee_share(int device, size_t size)
{
    struct tee_ioctl_shm_alloc_data shared = {.size = size};
    int memory = ioctl(device, TEE_IOC_SHM_ALLOC, &shared);
    void *at = MAP_FAILED;

    if (memory >= 0) {
        at = mmap(NULL, (size_t)shared.size, PROT_READ | PROT_WRITE, MAP_SHARED,
                  memory, 0);
    }
    if (at == MAP_FAILED) {
        fail(EXIT_DEVICE, "memory to share: %s", strerror(errno));
    }
    return (struct tee_memory){at, size, shared.id};
}

void tee_memory_param(struct tee_ioctl_param *param,
                      const struct tee_memory *memory, uint64_t attr)
{
    *param = (struct tee_ioctl_param){
        .attr = attr, .b = memory->size, .c = (uint64_t)memory->id};
}
