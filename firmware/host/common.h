/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What the rpmsg tools share: opening an endpoint, timed reads and writes,
 * latency figures, endings.
 */
#ifndef AMPSTAND_HOST_COMMON_H
#define AMPSTAND_HOST_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Largest payload of an rpmsg message: a buffer of 512 bytes less the header
 * of 16. */
#define RPMSG_PAYLOAD_MAX 496

/** Exit codes of the tools. */
enum exit_code {
    EXIT_OK = 0,       /**< everything came back as it was sent */
    EXIT_MISMATCH = 1, /**< a payload was lost, doubled, reordered or changed */
    EXIT_USAGE = 2,    /**< wrong options */
    EXIT_TIMED_OUT = 3, /**< nothing came, or nothing could be sent, in time */
    EXIT_DEVICE =
        4, /**< a device could not be found or opened, or a call on it failed */
};

/** A way to the remote: a file descriptor of a tty or of an rpmsg_char
 * endpoint. */
struct endpoint {
    int fd;        /**< non-blocking */
    int control;   /**< of /dev/rpmsg_ctrlN, if we created the endpoint; else -1
                    */
    bool stream;   /**< a tty: message borders are not kept */
    char path[64]; /**< of the device */
};

/** Ends the process with one JSON line that has "error", and with @code. Never
 * returns. */
_Noreturn void fail(enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Lets the @nth allocation from now on fail that the kernel makes for this
 * thread; 0: none. Only the calling thread is meant. Fails the process if the
 * kernel cannot do that. Linux: Documentation/fault-injection/.
 */
void scarce_arm(unsigned nth);

/** Tells how many allocations are left until one fails; 0 if it has. */
unsigned scarce_left(void);

/** Monotonic clock in nanoseconds. */
uint64_t now_ns(void);

/**
 * Sleeps until now_ns() is a whole multiple of @period_us microseconds. What
 * comes then always lies in the same way to the kernel's own timers.
 */
void wait_for_multiple(uint64_t period_us);

/**
 * Opens @path: a tty is put into raw mode. Waits up to @timeout_ms until the
 * device exists. Fails the process if it cannot be opened.
 */
void endpoint_open(struct endpoint *ep, const char *path, int timeout_ms);

/**
 * Creates an endpoint of its own towards the first announced service @service
 * through /dev/rpmsg_ctrlN, and opens it. Waits up to @timeout_ms for the
 * service and the devices. Fails the process otherwise.
 */
void endpoint_create(struct endpoint *ep, const char *service, int timeout_ms);

/**
 * Finds the endpoint that was created under @name through /dev/rpmsg_ctrlN, and
 * writes its device to @path. @return false if there is none.
 */
bool rpmsg_device_of(const char *name, char *path, size_t size);

/** Closes the endpoint; destroys it if endpoint_create() made it. */
void endpoint_close(struct endpoint *ep);

/**
 * Sends one message of @size bytes. Waits up to @timeout_ms for space. @return
 * false if there was none in time; fails the process on any other error.
 */
bool endpoint_send(struct endpoint *ep, const void *data, size_t size,
                   int timeout_ms);

/**
 * Reads one message, or what a tty has, into @data. @return its length, 0 if
 * nothing came in @timeout_ms; fails the process on any error.
 */
size_t endpoint_receive(struct endpoint *ep, void *data, size_t size,
                        int timeout_ms);

/** Parses a number in [@low, @high] or fails the process naming @option. */
long parse_number(const char *text, char option, long low, long high);

/** Sorts @count values of nanoseconds and prints "min", "median", "p99", "max"
 * in microseconds as JSON members. */
void print_latencies(uint32_t *values, size_t count);

#endif
