/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Sends messages to a remote that echoes, and verifies every byte that comes
 * back. Each message carries its number, so a lost, doubled or reordered one is
 * told from a damaged one. Prints one line of JSON. SIGTERM says that it is
 * enough: what is on its way is still awaited.
 */
#include "common.h"

#include <ampstand/mark.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                  \
    "usage: rpmsg-echo [-d device | -c service] [-n count] [-s size | -a | "   \
    "-x hex] [-w window] [-r rounds] [-p us] [-t ms]\n"                        \
    "  -d device   a tty or an rpmsg_char device (default /dev/ttyRPMSG0)\n"   \
    "  -c service  create an own endpoint towards this announced service "     \
    "through /dev/rpmsg_ctrlN\n"                                               \
    "  -n count    messages (default 100)\n"                                   \
    "  -s size     bytes of each, 1 to 496 (default: each size in turn)\n"     \
    "  -a          every size from 1 to 496 once, in place of -n\n"            \
    "  -x hex      one message of these bytes, in place of numbered ones\n"    \
    "  -w window   messages on their way at a time (default 1)\n"              \
    "  -p us       send each message at a whole multiple of so many "          \
    "microseconds\n"                                                           \
    "  -r rounds   open, exchange and close so many times (default 1)\n"       \
    "  -t ms       how long to wait for one message or device (default "       \
    "5000)\n"

struct options {
    const char *device;
    const char *service;
    long count;
    long size; /* 0: each size in turn */
    uint8_t given[RPMSG_PAYLOAD_MAX];
    size_t given_size; /* 0: payloads are made, not given */
    long window;
    long rounds;
    long period_us; /* 0: each message at once */
    int timeout_ms;
};

static volatile sig_atomic_t enough;

static void on_term(int signal)
{
    (void)signal;
    enough = 1;
}

static size_t size_of(const struct options *opt, uint32_t number)
{
    if (opt->given_size) {
        return opt->given_size;
    }
    return opt->size ? (size_t)opt->size : number % RPMSG_PAYLOAD_MAX + 1;
}

/* The payload is a function of the number and the position; the first four
 * bytes are the number itself, as far as they fit. */
static void fill(const struct options *opt, uint8_t *data, size_t size,
                 uint32_t number)
{
    uint32_t state = number * 2654435761U + 12345U;

    if (opt->given_size) {
        memcpy(data, opt->given, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525U + 1013904223U;
        data[i] = i < sizeof(number) ? (uint8_t)(number >> (8 * i))
                                     : (uint8_t)(state >> 24);
    }
}

static void check(const struct options *opt, const uint8_t *got, size_t size,
                  uint32_t number)
{
    uint8_t wanted[RPMSG_PAYLOAD_MAX];
    size_t length = size_of(opt, number);
    size_t at = 0;

    fill(opt, wanted, length, number);
    if (size == length && !memcmp(got, wanted, size)) {
        return;
    }
    while (at < size && at < length && got[at] == wanted[at]) {
        at++;
    }
    fail(EXIT_MISMATCH,
         "message %u: %zu bytes came, %zu were sent; first difference at byte "
         "%zu (0x%02x, not 0x%02x)",
         number, size, length, at, at < size ? got[at] : 0U,
         at < length ? wanted[at] : 0U);
}

/* Collects one whole message: an rpmsg_char read is one, a tty gives bytes in
 * any portions. */
static void receive(struct endpoint *ep, const struct options *opt,
                    uint32_t number)
{
    uint8_t got[RPMSG_PAYLOAD_MAX];
    size_t wanted = size_of(opt, number);
    size_t have = 0;

    do {
        size_t more = endpoint_receive(ep, got + have,
                                       ep->stream ? wanted - have : sizeof(got),
                                       opt->timeout_ms);

        if (more == 0) {
            fail(EXIT_TIMED_OUT,
                 "message %u of %ld: %zu of %zu bytes came back on %s in %d ms",
                 number, opt->count, have, wanted, ep->path, opt->timeout_ms);
        }
        have += more;
    } while (ep->stream && have < wanted);
    check(opt, got, have, number);
}

/* Leaves in the options how many messages it has been. */
static uint64_t exchange(struct endpoint *ep, struct options *opt,
                         uint32_t *latencies)
{
    uint64_t started[64];
    uint8_t data[RPMSG_PAYLOAD_MAX];
    uint64_t bytes = 0;
    uint32_t sent = 0;
    uint8_t extra[RPMSG_PAYLOAD_MAX];

    for (uint32_t done = 0; done < (uint32_t)opt->count; done++) {
        while (sent < (uint32_t)opt->count &&
               sent - done < (uint32_t)opt->window) {
            size_t size = size_of(opt, sent);

            fill(opt, data, size, sent);
            if (opt->period_us) {
                wait_for_multiple((uint64_t)opt->period_us);
            }
            mark(MARK_SENT);
            started[sent % 64] = now_ns();
            if (!endpoint_send(ep, data, size, opt->timeout_ms)) {
                fail(EXIT_TIMED_OUT,
                     "message %u of %ld: no free buffer towards the remote in "
                     "%d ms",
                     sent, opt->count, opt->timeout_ms);
            }
            bytes += size;
            sent++;
        }
        receive(ep, opt, done);
        mark(MARK_RECEIVED);
        latencies[done] = (uint32_t)(now_ns() - started[done % 64]);
        if (enough) {
            opt->count = sent;
        }
    }
    /* A doubled last message would still be here. */
    if (endpoint_receive(ep, extra, sizeof(extra), 0) != 0) {
        fail(EXIT_MISMATCH, "more came back than %ld messages", opt->count);
    }
    return bytes;
}

static void parse_hex(struct options *opt, const char *text)
{
    size_t digits = strlen(text);
    int used = 0;

    if (digits == 0 || digits % 2 || digits / 2 > RPMSG_PAYLOAD_MAX) {
        fail(EXIT_USAGE, "-x wants 1 to %d bytes of two digits each",
             RPMSG_PAYLOAD_MAX);
    }
    for (size_t i = 0; i < digits / 2; i++) {
        if (sscanf(text + 2 * i, "%2hhx%n", &opt->given[i], &used) != 1 ||
            used != 2) {
            fail(EXIT_USAGE, "-x wants hexadecimal digits, not %s", text);
        }
    }
    opt->given_size = digits / 2;
    opt->count = 1;
}

static void parse(struct options *opt, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "d:c:n:s:ax:w:r:p:t:h")) != -1) {
        switch (option) {
        case 'd':
            opt->device = optarg;
            break;
        case 'c':
            opt->service = optarg;
            break;
        case 'n':
            opt->count = parse_number(optarg, 'n', 1, 10000000);
            break;
        case 's':
            opt->size = parse_number(optarg, 's', 1, RPMSG_PAYLOAD_MAX);
            break;
        case 'a':
            opt->count = RPMSG_PAYLOAD_MAX;
            opt->size = 0;
            break;
        case 'x':
            parse_hex(opt, optarg);
            break;
        case 'w':
            opt->window = parse_number(optarg, 'w', 1, 64);
            break;
        case 'r':
            opt->rounds = parse_number(optarg, 'r', 1, 1000000);
            break;
        case 'p':
            opt->period_us = parse_number(optarg, 'p', 1, 1000000);
            break;
        case 't':
            opt->timeout_ms = (int)parse_number(optarg, 't', 1, 600000);
            break;
        default:
            fputs(USAGE, stderr);
            exit(EXIT_USAGE);
        }
    }
    if (optind != argc) {
        fail(EXIT_USAGE, "unexpected argument %s", argv[optind]);
    }
}

int main(int argc, char **argv)
{
    struct options opt = {
        .device = "/dev/ttyRPMSG0",
        .count = 100,
        .window = 1,
        .rounds = 1,
        .timeout_ms = 5000,
    };
    uint32_t *latencies;
    uint64_t start;
    uint64_t bytes = 0;
    long rounds = 0;
    double messages = 0;
    double seconds;

    parse(&opt, argc, argv);
    (void)signal(SIGTERM, on_term);
    latencies = calloc((size_t)opt.count, sizeof(*latencies));
    if (!latencies) {
        fail(EXIT_USAGE, "no memory for %ld latencies", opt.count);
    }
    start = now_ns();
    do {
        struct endpoint ep;

        if (opt.service) {
            endpoint_create(&ep, opt.service, opt.timeout_ms);
        } else {
            endpoint_open(&ep, opt.device, opt.timeout_ms);
        }
        bytes += exchange(&ep, &opt, latencies);
        messages += (double)opt.count;
        endpoint_close(&ep);
    } while (++rounds < opt.rounds && !enough);
    seconds = (double)(now_ns() - start) / 1e9;
    printf("{\"ok\": true, \"messages\": %.0f, \"bytes\": %llu, \"rounds\": "
           "%ld, \"seconds\": %.6f, \"per_second\": %.0f, ",
           messages, (unsigned long long)bytes, rounds, seconds,
           messages / seconds);
    print_latencies(latencies, (size_t)opt.count);
    printf("}\n");
    return EXIT_OK;
}
