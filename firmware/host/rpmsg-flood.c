/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Throughput and latency towards the remote's flood application. Verifies
 * everything: the remote's own counts, and the number and the bytes of each
 * message that it sends. Prints one line of JSON.
 */
#include "common.h"

#include <ampstand/flood.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE                                                                  \
    "usage: rpmsg-flood [-m echo|sink|source] [-n count] [-s size] [-t ms]\n"  \
    "  -m echo    one message at a time there and back: latency (default)\n"   \
    "  -m sink    messages to the remote as fast as there are buffers\n"       \
    "  -m source  messages from the remote as fast as there are buffers\n"     \
    "  -n count   messages (default 1000)\n"                                   \
    "  -s size    bytes of each, 1 to 496 (default 496; echo: 16)\n"           \
    "  -t ms      how long to wait for one message or device (default 5000)\n"

struct options {
    const char *mode;
    uint32_t count;
    size_t size;
    int timeout_ms;
};

static void send(struct endpoint *ep, const struct options *opt,
                 const void *data, size_t size)
{
    if (!endpoint_send(ep, data, size, opt->timeout_ms)) {
        fail(EXIT_TIMED_OUT, "no free buffer towards the remote in %d ms",
             opt->timeout_ms);
    }
}

static size_t receive(struct endpoint *ep, const struct options *opt,
                      void *data, const char *what, uint32_t number)
{
    size_t got = endpoint_receive(ep, data, RPMSG_PAYLOAD_MAX, opt->timeout_ms);

    if (got == 0) {
        fail(EXIT_TIMED_OUT, "%s %u did not come in %d ms", what, number,
             opt->timeout_ms);
    }
    return got;
}

static void reset(struct endpoint *ep, const struct options *opt)
{
    const uint8_t op = FLOOD_RESET;

    send(ep, opt, &op, sizeof(op));
}

static struct flood_report report(struct endpoint *ep,
                                  const struct options *opt)
{
    const uint8_t op = FLOOD_REPORT;
    uint8_t data[RPMSG_PAYLOAD_MAX];
    struct flood_report counts;

    send(ep, opt, &op, sizeof(op));
    if (receive(ep, opt, data, "report", 0) != sizeof(counts) ||
        data[0] != FLOOD_REPORT) {
        fail(EXIT_MISMATCH, "the answer is not a report");
    }
    memcpy(&counts, data, sizeof(counts));
    return counts;
}

static void echo(struct endpoint *ep, const struct options *opt,
                 uint32_t *latencies)
{
    uint8_t out[RPMSG_PAYLOAD_MAX];
    uint8_t in[RPMSG_PAYLOAD_MAX];

    for (uint32_t n = 0; n < opt->count; n++) {
        uint64_t start;

        for (size_t i = 1; i < opt->size; i++) {
            out[i] = (uint8_t)(n + i);
        }
        out[0] = FLOOD_ECHO;
        start = now_ns();
        send(ep, opt, out, opt->size);
        if (receive(ep, opt, in, "echo", n) != opt->size ||
            memcmp(in, out, opt->size)) {
            fail(EXIT_MISMATCH, "echo %u is not what was sent", n);
        }
        latencies[n] = (uint32_t)(now_ns() - start);
    }
}

/* A blocking writer sleeps until the remote has given a buffer back. */
static void sink(struct endpoint *ep, const struct options *opt)
{
    uint8_t out[RPMSG_PAYLOAD_MAX];
    struct flood_report counts;
    uint64_t bytes = (uint64_t)opt->count * opt->size;

    memset(out, 0x5a, sizeof(out));
    out[0] = FLOOD_SINK;
    fcntl(ep->fd, F_SETFL, 0);
    for (uint32_t n = 0; n < opt->count; n++) {
        send(ep, opt, out, opt->size);
    }
    fcntl(ep->fd, F_SETFL, O_NONBLOCK);
    counts = report(ep, opt);
    /* The report's own command is counted before it is answered. */
    if (counts.rx_messages != opt->count + 1 ||
        counts.rx_bytes != (uint32_t)bytes + 1 || counts.drops) {
        fail(EXIT_MISMATCH,
             "the remote counted %u messages, %u bytes, %u drops; sent were %u "
             "and %llu",
             counts.rx_messages - 1, counts.rx_bytes - 1, counts.drops,
             opt->count, (unsigned long long)bytes);
    }
}

/* Fail unless a message of the remote is as ampstand/flood.h says. */
static void check(const uint8_t *in, uint32_t number, size_t from, size_t to)
{
    static uint8_t bytes[256 + RPMSG_PAYLOAD_MAX]; /* of any number, in order */
    const uint8_t *expected = bytes + (uint8_t)number;

    if (bytes[1] == 0) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)i;
        }
    }
    if (memcmp(in + from, expected + from, to - from)) {
        while (in[from] == expected[from]) {
            from++;
        }
        fail(EXIT_MISMATCH, "message %u: byte %zu is 0x%02x", number, from,
             in[from]);
    }
}

static void source(struct endpoint *ep, const struct options *opt)
{
    const struct flood_source command = {
        .op = FLOOD_SOURCE, .size = (uint16_t)opt->size, .count = opt->count};
    uint8_t in[RPMSG_PAYLOAD_MAX];

    send(ep, opt, &command, sizeof(command));
    for (uint32_t n = 0; n < opt->count; n++) {
        size_t got = receive(ep, opt, in, "message", n);
        uint32_t number = n;

        if (opt->size >= 8) {
            memcpy(&number, in + 4, sizeof(number));
        }
        if (got != opt->size || number != n || in[0] != FLOOD_SOURCE) {
            fail(EXIT_MISMATCH, "message %u: %zu bytes with number %u came", n,
                 got, number);
        }
        check(in, n, 1, got < 8 ? got : 4);
        if (got > 8) {
            check(in, n, 8, got);
        }
    }
}

static void parse(struct options *opt, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "m:n:s:t:h")) != -1) {
        switch (option) {
        case 'm':
            opt->mode = optarg;
            break;
        case 'n':
            opt->count = (uint32_t)parse_number(optarg, 'n', 1, 10000000);
            break;
        case 's':
            opt->size = (size_t)parse_number(optarg, 's', 1, RPMSG_PAYLOAD_MAX);
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
    struct options opt = {.mode = "echo", .count = 1000, .timeout_ms = 5000};
    struct endpoint ep;
    uint32_t *latencies;
    uint64_t start;
    double seconds;
    size_t timed = 0;

    parse(&opt, argc, argv);
    if (!opt.size) {
        opt.size = strcmp(opt.mode, "echo") ? RPMSG_PAYLOAD_MAX : 16;
    }
    latencies = calloc(opt.count, sizeof(*latencies));
    if (!latencies) {
        fail(EXIT_USAGE, "no memory for %u latencies", opt.count);
    }
    endpoint_create(&ep, FLOOD_SERVICE, opt.timeout_ms);
    reset(&ep, &opt);
    start = now_ns();
    if (!strcmp(opt.mode, "echo")) {
        timed = opt.count;
        echo(&ep, &opt, latencies);
    } else if (!strcmp(opt.mode, "sink")) {
        sink(&ep, &opt);
    } else if (!strcmp(opt.mode, "source")) {
        source(&ep, &opt);
    } else {
        fail(EXIT_USAGE, "-m wants echo, sink or source, not %s", opt.mode);
    }
    seconds = (double)(now_ns() - start) / 1e9;
    endpoint_close(&ep);
    printf("{\"ok\": true, \"mode\": \"%s\", \"messages\": %u, \"size\": %zu, "
           "\"seconds\": %.6f, \"per_second\": %.0f, "
           "\"bytes_per_second\": %.0f, ",
           opt.mode, opt.count, opt.size, seconds, opt.count / seconds,
           (double)opt.count * (double)opt.size / seconds);
    print_latencies(latencies, timed);
    printf("}\n");
    return EXIT_OK;
}
