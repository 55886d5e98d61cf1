/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What a program sees whose endpoint goes away: holds one open, blocked in
 * read() and poll() (and write(), if asked), until the remote crashes or
 * stops. Then says what these calls and each later one gave, opens the endpoint
 * anew and exchanges a message. Prints a line when it waits, one of JSON at the
 * end.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <linux/rpmsg.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define USAGE                                                                  \
    "usage: rpmsg-watch [-d device | -c service] [-w | -s | -g] [-t ms]\n"     \
    "  -d device   a tty of rpmsg (default /dev/ttyRPMSG0)\n"                  \
    "  -c service  create an own endpoint towards this announced service\n"    \
    "  -w          also block in write(), for a remote that takes nothing\n"   \
    "  -s          at the end use the old /dev/rpmsg_ctrlN, too\n"             \
    "  -g          end when the endpoint is gone: the remote does not "        \
    "return\n"                                                                 \
    "  -t ms       how long to wait for each step (default 5000)\n"

/* The members of the JSON object, until it is complete. */
static FILE *report;

struct options {
    const char *device;
    const char *service;
    bool writer;
    bool stale;
    bool gone;
    int timeout_ms;
};

/* What one call gave: its result and, if that is negative, errno. */
struct outcome {
    long result;
    int error;
    double seconds;
};

static struct outcome outcome_of(long result, uint64_t start)
{
    int error = errno;

    return (struct outcome){result, result < 0 ? error : 0,
                            (double)(now_ns() - start) / 1e9};
}

static void print_outcome(const char *name, const struct outcome *outcome)
{
    const char *text = strerrorname_np(outcome->error);

    if (outcome->error && text) {
        fprintf(report, "\"%s\": \"%s\", ", name, text);
    } else if (outcome->error) {
        fprintf(report, "\"%s\": \"errno %d\", ", name, outcome->error);
    } else {
        fprintf(report, "\"%s\": %ld, ", name, outcome->result);
    }
}

/* Starts a process that makes one blocking call and hands over what it gave.
 * @return where to read that from. */
static int start_blocked(int fd, struct outcome (*call)(int fd))
{
    int ends[2];
    char ready;

    if (pipe(ends)) {
        fail(EXIT_DEVICE, "pipe: %s", strerror(errno));
    }
    if (fork() == 0) {
        struct outcome outcome;

        if (write(ends[1], "r", 1) != 1) {
            _exit(EXIT_DEVICE);
        }
        outcome = call(fd);
        _exit(write(ends[1], &outcome, sizeof(outcome)) == sizeof(outcome)
                  ? EXIT_OK
                  : EXIT_DEVICE);
    }
    close(ends[1]);
    if (read(ends[0], &ready, 1) != 1) {
        fail(EXIT_DEVICE, "the blocked process did not start");
    }
    return ends[0];
}

static struct outcome blocked_read(int fd)
{
    char data[RPMSG_PAYLOAD_MAX];
    uint64_t start = now_ns();

    return outcome_of(read(fd, data, sizeof(data)), start);
}

/* Writes until there is no buffer left, and stays in the call that needs one.
 */
static struct outcome blocked_write(int fd)
{
    static const char data[8];
    uint64_t start;
    ssize_t done;

    do {
        start = now_ns();
        done = write(fd, data, sizeof(data));
    } while (done > 0);
    return outcome_of(done, start);
}

static struct outcome collect(int from, const char *what, int timeout_ms)
{
    struct pollfd wait = {.fd = from, .events = POLLIN};
    struct outcome outcome;

    if (poll(&wait, 1, timeout_ms) != 1 ||
        read(from, &outcome, sizeof(outcome)) != sizeof(outcome)) {
        fail(EXIT_TIMED_OUT, "the blocked %s did not return in %d ms", what,
             timeout_ms);
    }
    close(from);
    return outcome;
}

static void print_events(const char *name, short events)
{
    static const struct {
        short bit;
        const char *name;
    } names[] = {{POLLIN, "IN"},
                 {POLLOUT, "OUT"},
                 {POLLERR, "ERR"},
                 {POLLHUP, "HUP"},
                 {POLLNVAL, "NVAL"}};

    fprintf(report, "\"%s\": \"", name);
    for (size_t i = 0, some = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (events & names[i].bit) {
            fprintf(report, "%s%s", some++ ? " " : "", names[i].name);
        }
    }
    fprintf(report, "\", ");
}

/* What every call on the dead descriptor gives. */
static void print_calls(const struct endpoint *ep)
{
    struct pollfd now = {.fd = ep->fd, .events = POLLIN | POLLOUT};
    struct outcome outcome;
    struct termios tio;
    char data[RPMSG_PAYLOAD_MAX] = "x";
    char same[32];
    int fd;

    outcome = outcome_of(read(ep->fd, data, sizeof(data)), 0);
    print_outcome("read", &outcome);
    outcome = outcome_of(write(ep->fd, data, 1), 0);
    print_outcome("write", &outcome);
    poll(&now, 1, 0);
    print_events("poll", now.revents);
    outcome = outcome_of(ep->stream ? tcgetattr(ep->fd, &tio)
                                    : ioctl(ep->fd, RPMSG_DESTROY_EPT_IOCTL),
                         0);
    print_outcome("ioctl", &outcome);
    /* The same inode, whatever stands in /dev now. */
    snprintf(same, sizeof(same), "/proc/self/fd/%d", ep->fd);
    fd = open(same, O_RDWR | O_NOCTTY);
    outcome = outcome_of(fd < 0 ? -1 : 0, 0);
    print_outcome("open", &outcome);
    if (fd >= 0) {
        close(fd);
    }
}

/*
 * Waits until the device behind a descriptor has left /dev. Whoever opens it
 * again before that gets one that is about to die, and Linux does not check.
 */
static void wait_deleted(int fd, int timeout_ms)
{
    static const char end[] = " (deleted)";
    uint64_t until = now_ns() + (uint64_t)timeout_ms * 1000000U;
    char link[32];
    char path[128];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    do {
        length = readlink(link, path, sizeof(path) - 1);
        path[length > 0 ? length : 0] = '\0';
        if (strstr(path, end)) {
            return;
        }
        poll(NULL, 0, 1);
    } while (now_ns() < until);
    fail(EXIT_TIMED_OUT, "%s was not removed in %d ms", path, timeout_ms);
}

static void print_stale_control(const struct endpoint *ep)
{
    struct rpmsg_endpoint_info info = {
        .name = "stale", .src = RPMSG_ADDR_ANY, .dst = 1024};
    struct outcome outcome =
        outcome_of(ioctl(ep->control, RPMSG_CREATE_EPT_IOCTL, &info), 0);

    print_outcome("stale_control", &outcome);
}

/* The remote's address that a tty talks to, or -1. */
static long address_of(const char *tty)
{
    char path[128];
    char text[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/sys/class/tty/%.32s/device/dst",
             strrchr(tty, '/') + 1);
    file = fopen(path, "re");
    if (file) {
        if (!fgets(text, sizeof(text), file)) {
            text[0] = '\0';
        }
        fclose(file);
    }
    return text[0] ? strtol(text, NULL, 0) : -1;
}

/*
 * Opens the tty that talks to this address. Its number changes if someone still
 * held the old one open when the new one came.
 */
static void open_tty_of(struct endpoint *ep, long address, int timeout_ms)
{
    uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000U;

    do {
        glob_t found;

        if (glob("/dev/ttyRPMSG*", 0, NULL, &found) == 0) {
            for (size_t i = 0; i < found.gl_pathc; i++) {
                if (address_of(found.gl_pathv[i]) == address) {
                    endpoint_open(ep, found.gl_pathv[i], timeout_ms);
                    globfree(&found);
                    return;
                }
            }
            globfree(&found);
        }
        poll(NULL, 0, 10);
    } while (now_ns() < end);
    fail(EXIT_TIMED_OUT, "no tty to address %ld came back in %d ms", address,
         timeout_ms);
}

static void exchange(struct endpoint *ep, const struct options *opt)
{
    static const char data[8]; /* the crash application only answers it */
    char back[RPMSG_PAYLOAD_MAX];
    size_t have = 0;

    if (!endpoint_send(ep, data, sizeof(data), opt->timeout_ms)) {
        fail(EXIT_TIMED_OUT, "no buffer after %s was opened anew", ep->path);
    }
    while (have < sizeof(data)) {
        size_t got = endpoint_receive(ep, back + have, sizeof(back) - have,
                                      opt->timeout_ms);

        if (got == 0) {
            fail(EXIT_TIMED_OUT, "no answer after %s was opened anew",
                 ep->path);
        }
        have += got;
    }
    if (have != sizeof(data) || memcmp(data, back, sizeof(data))) {
        fail(EXIT_MISMATCH, "another answer after %s was opened anew",
             ep->path);
    }
}

static void parse(struct options *opt, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "d:c:wsgt:h")) != -1) {
        switch (option) {
        case 'd':
            opt->device = optarg;
            break;
        case 'c':
            opt->service = optarg;
            break;
        case 'w':
            opt->writer = true;
            break;
        case 's':
            opt->stale = true;
            break;
        case 'g':
            opt->gone = true;
            break;
        case 't':
            opt->timeout_ms = (int)parse_number(optarg, 't', 1, 600000);
            break;
        default:
            fputs(USAGE, stderr);
            exit(EXIT_USAGE);
        }
    }
    if (optind != argc || strncmp(opt->device, "/dev/", 5)) {
        fputs(USAGE, stderr);
        exit(EXIT_USAGE);
    }
}

int main(int argc, char **argv)
{
    struct options opt = {.device = "/dev/ttyRPMSG0", .timeout_ms = 5000};
    struct pollfd hold = {.events = POLLIN};
    struct endpoint ep;
    struct outcome outcome;
    long address = -1;
    uint64_t gone;
    int reader;
    int writer = -1;
    int second;
    char *text;
    size_t size;

    parse(&opt, argc, argv);
    report = open_memstream(&text, &size);
    if (!report) {
        fail(EXIT_USAGE, "no memory for the report");
    }
    if (opt.service) {
        endpoint_create(&ep, opt.service, opt.timeout_ms);
    } else {
        endpoint_open(&ep, opt.device, opt.timeout_ms);
        address = address_of(opt.device);
    }
    fcntl(ep.fd, F_SETFL, 0); /* blocking */
    second = open(ep.path, O_RDWR | O_NOCTTY);
    outcome = outcome_of(second < 0 ? -1 : 0, 0);
    if (second >= 0) {
        close(second);
    }
    reader = start_blocked(ep.fd, blocked_read);
    if (opt.writer) {
        writer = start_blocked(ep.fd, blocked_write);
    }
    printf("watching %s\n", ep.path);
    fflush(stdout);
    print_outcome("second_open", &outcome);

    hold.fd = ep.fd;
    if (poll(&hold, 1, opt.timeout_ms) != 1) {
        fail(EXIT_TIMED_OUT, "poll() did not return in %d ms", opt.timeout_ms);
    }
    gone = now_ns();
    print_events("blocked_poll", hold.revents);
    outcome = collect(reader, "read()", opt.timeout_ms);
    print_outcome("blocked_read", &outcome);
    if (opt.writer) {
        outcome = collect(writer, "write()", opt.timeout_ms);
        print_outcome("blocked_write", &outcome);
        fprintf(report, "\"write_seconds\": %.3f, ", outcome.seconds);
    }
    wait_deleted(ep.fd, opt.timeout_ms);
    if (ep.control >= 0) {
        wait_deleted(ep.control, opt.timeout_ms);
    }
    print_calls(&ep);
    if (opt.stale && ep.control >= 0) {
        print_stale_control(&ep);
    }
    endpoint_close(&ep);
    while (wait(NULL) > 0) {
    }
    if (!opt.gone) {
        if (opt.service) {
            endpoint_create(&ep, opt.service, opt.timeout_ms);
        } else {
            open_tty_of(&ep, address, opt.timeout_ms);
        }
        exchange(&ep, &opt);
        endpoint_close(&ep);
        fprintf(report, "\"back_ms\": %.1f, ", (double)(now_ns() - gone) / 1e6);
    }
    fclose(report);
    printf("{%s\"ok\": true}\n", text);
    return EXIT_OK;
}
