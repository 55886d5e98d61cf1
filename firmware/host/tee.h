/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A client of OP-TEE, through /dev/tee0 alone.
 */
#ifndef AMPSTAND_HOST_TEE_H
#define AMPSTAND_HOST_TEE_H

#include <linux/tee.h>
#include <stddef.h>
#include <stdint.h>

/** How many parameters a command has. */
#define TEE_PARAMS 4

/** A session with an application of the secure world. */
struct tee_session {
    int device; /**< file descriptor */
    uint32_t id;
};

/** What came of a command. */
struct tee_answer {
    uint32_t result; /**< a TEE_Result, 0 if it was done */
    uint32_t origin; /**< who says so, as TEE_ORIGIN has it */
};

/** Memory that both worlds see; the process keeps it until it ends. */
struct tee_memory {
    uint8_t *at;
    size_t size;
    int id; /**< for a parameter */
};

/** Opens the device. Fails the process if there is none. */
int tee_open(void);

/**
 * Opens a session with the application @uuid on @device, with four parameters.
 * Fails the process if Linux does not take the call; @session is good if the
 * answer is 0.
 */
struct tee_answer tee_open_session(struct tee_session *session, int device,
                                   const uint8_t *uuid,
                                   const struct tee_ioctl_param *params);

/** Closes a session. */
void tee_close_session(const struct tee_session *session);

/**
 * Has a command carried out; @params are written, too. Fails the process if
 * Linux does not take the call; @what says for what it was then.
 */
struct tee_answer tee_invoke(const struct tee_session *session,
                             uint32_t command, struct tee_ioctl_param *params,
                             const char *what);

/** Returns memory of @size bytes. Fails the process if there is none. */
struct tee_memory tee_share(int device, size_t size);

/** Makes @param all of @memory, in the direction that @attr says. */
void tee_memory_param(struct tee_ioctl_param *param,
                      const struct tee_memory *memory, uint64_t attr);

#endif
