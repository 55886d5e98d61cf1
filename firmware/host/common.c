/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#include "common.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/rpmsg.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

void fail(enum exit_code code, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ') {
            *p = '\'';
        }
    }
    printf("{\"ok\": false, \"error\": \"%s\", \"code\": %d}\n", text, code);
    fflush(stdout);
    _exit(code);
}

/* Each thread has a count of its own, and with it a file. */
static int scarce_file(void)
{
    static __thread int fd = -1;

    if (fd < 0) {
        fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
    }
    return fd;
}

void scarce_arm(unsigned nth)
{
    char text[16];
    int size = snprintf(text, sizeof(text), "%u", nth);

    if (pwrite(scarce_file(), text, (size_t)size, 0) != size) {
        fail(EXIT_DEVICE, "cannot write fail-nth: %s", strerror(errno));
    }
}

unsigned scarce_left(void)
{
    char text[16] = "";

    if (pread(scarce_file(), text, sizeof(text) - 1, 0) <= 0) {
        fail(EXIT_DEVICE, "cannot read fail-nth: %s", strerror(errno));
    }
    return (unsigned)strtoul(text, NULL, 10);
}

uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void wait_for_multiple(uint64_t period_us)
{
    uint64_t period = period_us * 1000U;
    uint64_t next = (now_ns() / period + 1U) * period;
    struct timespec until = {
        .tv_sec = (time_t)(next / 1000000000U),
        .tv_nsec = (long)(next % 1000000000U),
    };

    (void)prctl(PR_SET_TIMERSLACK, 1UL); /* of 50 us, without */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)) {
    }
}

static int left_ms(uint64_t end)
{
    uint64_t now = now_ns();

    return now >= end ? 0 : (int)((end - now + 999999U) / 1000000U);
}

static uint64_t deadline(int timeout_ms)
{
    return now_ns() + (uint64_t)timeout_ms * 1000000U;
}

/*
 * Calls @ready until it says yes or the time is over. Looks again on every
 * change in /dev, and every 20 ms, since sysfs gives no such notice.
 */
static bool wait_until(bool (*ready)(void *context), void *context,
                       int timeout_ms)
{
    uint64_t end = deadline(timeout_ms);
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char event[1024];
    bool done;

    if (watch >= 0) {
        inotify_add_watch(watch, "/dev", IN_CREATE);
    }
    while (!(done = ready(context)) && left_ms(end) > 0) {
        struct pollfd wait = {.fd = watch, .events = POLLIN};
        int left = left_ms(end);

        poll(&wait, 1, left < 20 ? left : 20);
        while (watch >= 0 && read(watch, event, sizeof(event)) > 0) {
        }
    }
    if (watch >= 0) {
        close(watch);
    }
    return done;
}

struct open_request {
    const char *path;
    int flags;
    int fd;
    int error;
};

static bool try_open(void *context)
{
    struct open_request *request = context;

    request->fd = open(request->path, request->flags | O_CLOEXEC);
    request->error = errno;
    return request->fd >= 0 ||
           (request->error != ENOENT && request->error != ENXIO);
}

static int open_waiting(const char *path, int flags, int timeout_ms)
{
    struct open_request request = {.path = path, .flags = flags};

    if (!wait_until(try_open, &request, timeout_ms)) {
        fail(EXIT_TIMED_OUT, "%s did not come in %d ms: %s", path, timeout_ms,
             strerror(request.error));
    }
    if (request.fd < 0) {
        fail(EXIT_DEVICE, "cannot open %s: %s", path, strerror(request.error));
    }
    return request.fd;
}

void endpoint_open(struct endpoint *ep, const char *path, int timeout_ms)
{
    struct termios tio;

    ep->control = -1;
    snprintf(ep->path, sizeof(ep->path), "%s", path);
    ep->fd = open_waiting(path, O_RDWR | O_NONBLOCK | O_NOCTTY, timeout_ms);
    ep->stream = isatty(ep->fd);
    if (ep->stream) {
        if (tcgetattr(ep->fd, &tio)) {
            fail(EXIT_DEVICE, "%s: tcgetattr: %s", path, strerror(errno));
        }
        cfmakeraw(&tio);
        tio.c_cc[VMIN] = 1;
        tio.c_cc[VTIME] = 0;
        if (tcsetattr(ep->fd, TCSAFLUSH, &tio)) {
            fail(EXIT_DEVICE, "%s: tcsetattr: %s", path, strerror(errno));
        }
    }
}

static bool read_line(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    bool ok;

    if (!file) {
        return false;
    }
    ok = fgets(text, (int)size, file) != NULL;
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return ok;
}

struct service_request {
    const char *service;
    uint32_t address;
};

/* Finds the lowest address at which the remote has announced the service. */
static bool find_service(void *context)
{
    static const char base[] = "/sys/bus/rpmsg/devices";
    struct service_request *request = context;
    DIR *dir = opendir(base);
    struct dirent *entry;

    request->address = RPMSG_ADDR_ANY;
    while (dir && (entry = readdir(dir))) {
        char path[400];
        char text[64];
        uint32_t address;

        snprintf(path, sizeof(path), "%s/%s/name", base, entry->d_name);
        if (entry->d_name[0] == '.' || !read_line(path, text, sizeof(text)) ||
            strcmp(text, request->service)) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s/dst", base, entry->d_name);
        if (!read_line(path, text, sizeof(text))) {
            continue;
        }
        address = (uint32_t)strtoul(text, NULL, 0);
        if (address < request->address) {
            request->address = address;
        }
    }
    if (dir) {
        closedir(dir);
    }
    return request->address != RPMSG_ADDR_ANY;
}

bool rpmsg_device_of(const char *name, char *path, size_t size)
{
    static const char base[] = "/sys/class/rpmsg";
    DIR *dir = opendir(base);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        char file[400];
        char text[64];

        if (strncmp(entry->d_name, "rpmsg", 5) || entry->d_name[5] < '0' ||
            entry->d_name[5] > '9') {
            continue;
        }
        snprintf(file, sizeof(file), "%s/%s/name", base, entry->d_name);
        if (read_line(file, text, sizeof(text)) && !strcmp(text, name)) {
            snprintf(path, size, "/dev/%.32s", entry->d_name);
            found = true;
        }
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

/* Opens the control device. Its number is not 0 if someone still held the old
 * one open when this one came. */
static bool open_control(void *context)
{
    struct open_request *request = context;
    glob_t found;

    request->fd = -1;
    request->error = ENOENT;
    if (glob("/dev/rpmsg_ctrl*", 0, NULL, &found) == 0) {
        request->fd = open(found.gl_pathv[0], request->flags | O_CLOEXEC);
        request->error = errno;
        globfree(&found);
    }
    return request->fd >= 0;
}

void endpoint_create(struct endpoint *ep, const char *service, int timeout_ms)
{
    static unsigned int created;
    struct rpmsg_endpoint_info info = {.src = RPMSG_ADDR_ANY};
    struct service_request request = {.service = service};
    struct open_request control = {.flags = O_RDWR};
    char path[64];

    if (!wait_until(open_control, &control, timeout_ms)) {
        fail(EXIT_TIMED_OUT, "no /dev/rpmsg_ctrlN to open in %d ms: %s",
             timeout_ms, strerror(control.error));
    }
    if (!wait_until(find_service, &request, timeout_ms)) {
        fail(EXIT_TIMED_OUT, "the remote announced no service %s in %d ms",
             service, timeout_ms);
    }
    info.dst = request.address;
    snprintf(info.name, sizeof(info.name), "ampstand-%d-%u", (int)getpid(),
             created++);
    if (ioctl(control.fd, RPMSG_CREATE_EPT_IOCTL, &info)) {
        fail(EXIT_DEVICE, "RPMSG_CREATE_EPT_IOCTL to %s at %u: %s", service,
             info.dst, strerror(errno));
    }
    if (!rpmsg_device_of(info.name, path, sizeof(path))) {
        fail(EXIT_DEVICE, "no /dev/rpmsgN came for endpoint %s", info.name);
    }
    endpoint_open(ep, path, timeout_ms);
    ep->control = control.fd;
}

void endpoint_close(struct endpoint *ep)
{
    if (ep->control >= 0) {
        if (ioctl(ep->fd, RPMSG_DESTROY_EPT_IOCTL)) {
            fail(EXIT_DEVICE, "RPMSG_DESTROY_EPT_IOCTL on %s: %s", ep->path,
                 strerror(errno));
        }
        close(ep->control);
    }
    close(ep->fd);
    ep->fd = -1;
    ep->control = -1;
}

bool endpoint_send(struct endpoint *ep, const void *data, size_t size,
                   int timeout_ms)
{
    uint64_t end = deadline(timeout_ms);
    const uint8_t *at = data;

    while (size > 0) {
        ssize_t done = write(ep->fd, at, size);

        if (done > 0) {
            at += done;
            size -= (size_t)done;
            continue;
        }
        /* rpmsg-tty says ENOMEM, rpmsg_char EAGAIN when no transmit buffer is
         * free; neither polls for one. */
        if (done < 0 && errno != EAGAIN && errno != ENOMEM && errno != EINTR) {
            fail(EXIT_DEVICE, "write of %zu bytes to %s: %s", size, ep->path,
                 strerror(errno));
        }
        if (left_ms(end) == 0) {
            return false;
        }
        sched_yield();
    }
    return true;
}

size_t endpoint_receive(struct endpoint *ep, void *data, size_t size,
                        int timeout_ms)
{
    uint64_t end = deadline(timeout_ms);

    for (;;) {
        struct pollfd wait = {.fd = ep->fd, .events = POLLIN};
        int left;
        ssize_t got = read(ep->fd, data, size);

        if (got > 0) {
            return (size_t)got;
        }
        if (got == 0) {
            fail(EXIT_DEVICE, "%s was hung up", ep->path);
        }
        if (errno != EAGAIN && errno != EINTR) {
            fail(EXIT_DEVICE, "read from %s: %s", ep->path, strerror(errno));
        }
        left = left_ms(end);
        /* Linux 6.12 may not wake whoever begins to wait while the endpoint
         * goes away: look again now and then. */
        if (poll(&wait, 1, left < 100 ? left : 100) == 0 && left <= 100) {
            return 0;
        }
    }
}

long parse_number(const char *text, char option, long low, long high)
{
    char *end;
    long value = strtol(text, &end, 0);

    if (*text == '\0' || *end != '\0' || value < low || value > high) {
        fail(EXIT_USAGE, "-%c wants a number from %ld to %ld, not %s", option,
             low, high, text);
    }
    return value;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

void print_latencies(uint32_t *values, size_t count)
{
    static const struct {
        const char *name;
        unsigned int permille;
    } marks[] = {
        {"min", 0}, {"median", 500}, {"p90", 900}, {"p99", 990}, {"max", 1000}};

    qsort(values, count, sizeof(values[0]), compare);
    printf("\"latency_us\": {");
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t at = count ? (count - 1) * marks[i].permille / 1000 : 0;

        printf("%s\"%s\": %.1f", i ? ", " : "", marks[i].name,
               count ? values[at] / 1000.0 : 0.0);
    }
    printf("}");
}
