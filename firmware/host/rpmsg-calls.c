/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Makes the calls that a program can make on /dev/rpmsgN, /dev/rpmsg_ctrlN,
 * /dev/remoteprocN, /dev/watchdogN, ttys, files in sysfs and debugfs: one for
 * each line of standard input, and prints a line of JSON with what came of
 * each.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/netlink.h>
#include <linux/remoteproc_cdev.h>
#include <linux/rpmsg.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define USAGE                                                                  \
    "usage: rpmsg-calls <<lines\n"                                             \
    "  open H PATH FLAGS    r, w or rw, and n: O_NONBLOCK, c: O_NOCTTY\n"      \
    "  dup H NEW            close H\n"                                         \
    "  read H SIZE          write H DATA         writev H DATA...\n"           \
    "  fetch H SIZE         read until so much has come in parts\n"            \
    "  drain H              read up to EAGAIN: how many times it worked\n"     \
    "  fill H SIZE COUNT    write up to COUNT times: how many times it did\n"  \
    "  poll H MS            what is ready, of everything there is\n"           \
    "  ioctl H NAME ARG...  see the table in the source; ! is a bad address\n" \
    "  flags H FLAGS        as open, for what fcntl() can change\n"            \
    "  raw H                no line discipline on a tty\n"                     \
    "  put PATH DATA        get PATH             name PATH\n"                  \
    "  wait PATH TEXT MS    as get, until it is this\n"                        \
    "  count PATH N MS      wait until so many match; how many do then\n"      \
    "  uevents H            uevent H MS WORD...\n"                             \
    "  try CALL             in 0.3 s, else it is \"blocked\"\n"                \
    "  scarce N CALL        its Nth allocation fails, if there are so many\n"  \
    "  go J CALL            in a thread; join J MS: what came of it\n"         \
    "DATA is SIZE/SEED, =TEXT with \\0 and \\n, or !SIZE: a bad address.\n"    \
    "PATH may be a pattern, sys:NAME/FILE in the folder of the endpoint of\n"  \
    "that name, ept:NAME its device, dev:PATTERN in sysfs: that device.\n"

#define BAD_ADDRESS ((void *)8)
#define TRY_MS 300
#define GUARD_MS 12000

enum { WORDS = 12, HANDLES = 48, JOBS = 8, BUFFER = 1 << 17, TEXT = 256 };

struct outcome {
    char result[TEXT];
    char detail[TEXT];
};

struct call {
    char *words[WORDS];
    int count;
    struct outcome out;
};

struct job {
    char name[16];
    pthread_t thread;
    struct call call;
    bool used;
};

static struct {
    char name[16];
    int fd;
} handles[HANDLES];
static struct job jobs[JOBS];

static void usage(const char *call)
{
    fail(EXIT_USAGE, "not understood: %s", call);
}

/* Finds the descriptor of a name. One that was never opened, or is closed, is
 * as bad to the kernel as it is to us: EBADF. */
static int *handle(const char *name, bool make)
{
    static int none;

    for (int i = 0; i < HANDLES; i++) {
        if (!strcmp(handles[i].name, name)) {
            return &handles[i].fd;
        }
    }
    for (int i = 0; make && i < HANDLES; i++) {
        if (!handles[i].name[0]) {
            snprintf(handles[i].name, sizeof(handles[i].name), "%s", name);
            return &handles[i].fd;
        }
    }
    if (make) {
        fail(EXIT_USAGE, "more than %d handles", HANDLES);
    }
    none = -1;
    return &none;
}

static int fd_of(const struct call *call)
{
    if (call->count < 2) {
        usage(call->words[0]);
    }
    return *handle(call->words[1], false);
}

static void tell(struct call *call, long result)
{
    if (result >= 0) {
        snprintf(call->out.result, TEXT, "%ld", result);
    } else if (strerrorname_np(errno)) {
        snprintf(call->out.result, TEXT, "%s", strerrorname_np(errno));
    } else {
        snprintf(call->out.result, TEXT, "errno %d", errno);
    }
}

/* Finds the one file that a pattern matches, or says how many do. */
static int only(const char *pattern, char *path, size_t size)
{
    glob_t found;
    int count = 0;

    if (glob(pattern, 0, NULL, &found) == 0) {
        count = (int)found.gl_pathc;
        snprintf(path, size, "%s", found.gl_pathv[0]);
        globfree(&found);
    }
    return count;
}

/* What is created is there, but for devtmpfs' thread: wait for it. */
static bool there(const char *path)
{
    for (int i = 0; i < 1000 && access(path, F_OK); i++) {
        usleep(1000);
    }
    return !access(path, F_OK);
}

static bool named(const char *name, char *path, size_t size)
{
    return rpmsg_device_of(name, path, size) && there(path);
}

static bool resolve(const char *word, char *path, size_t size)
{
    char name[TEXT], device[64];
    const char *slash;

    if (!strncmp(word, "ept:", 4)) {
        return named(word + 4, path, size);
    }
    if (!strncmp(word, "sys:", 4) && (slash = strchr(word, '/'))) {
        snprintf(name, sizeof(name), "%.*s", (int)(slash - word - 4), word + 4);
        if (!named(name, device, sizeof(device))) {
            return false;
        }
        snprintf(path, size, "/sys/class/rpmsg/%s%s", device + 5, slash);
        return true;
    }
    if (!strncmp(word, "dev:", 4)) {
        if (only(word + 4, name, sizeof(name)) != 1) {
            return false;
        }
        snprintf(path, size, "/dev/%.200s", strrchr(name, '/') + 1);
        return there(path);
    }
    if (!strpbrk(word, "*?[")) {
        snprintf(path, size, "%s", word);
        return true;
    }
    return only(word, path, size) == 1;
}

static int flags_of(const char *text)
{
    int flags = strstr(text, "rw")  ? O_RDWR
                : strchr(text, 'w') ? O_WRONLY
                                    : O_RDONLY;

    return flags | (strchr(text, 'n') ? O_NONBLOCK : 0) |
           (strchr(text, 'c') ? O_NOCTTY : 0);
}

static uint8_t pattern(uint8_t seed, size_t at)
{
    return (uint8_t)(seed + at * 37U + (at >> 8));
}

/* Makes the data that a word stands for; returns its size. */
static size_t data_of(const char *word, uint8_t *buffer, void **data)
{
    char *end;
    size_t size = 0;
    unsigned long number;

    *data = buffer;
    if (*word == '=') {
        for (const char *p = word + 1; *p; p++) {
            char c = *p;

            if (c == '\\' && p[1]) {
                p++;
                c = *p == '0' ? '\0' : *p == 'n' ? '\n' : *p == 's' ? ' ' : *p;
            }
            buffer[size++] = (uint8_t)c;
        }
        return size;
    }
    if (*word == '!') {
        *data = BAD_ADDRESS;
        return strtoul(word + 1, NULL, 0);
    }
    size = strtoul(word, &end, 0);
    number = *end == '/' ? strtoul(end + 1, &end, 0) : 1;
    if (*end || size > BUFFER) {
        usage(word);
    }
    for (size_t i = 0; i < size; i++) {
        buffer[i] = pattern((uint8_t)number, i);
    }
    return size;
}

/* Says what bytes are: those of data_of(), or text, or else their digits. */
static void describe(char *text, const uint8_t *data, size_t size)
{
    size_t same = 0, at = 0;
    bool printable = size > 0;

    while (same < size && data[same] == pattern(data[0], same)) {
        same++;
    }
    for (size_t i = 0; i < size; i++) {
        printable = printable && data[i] >= ' ' && data[i] < 127 &&
                    data[i] != '"' && data[i] != '\\';
    }
    text[0] = '\0';
    if (size > 0 && same == size && (size > 2 || !printable)) {
        snprintf(text, TEXT, "/%u", data[0]);
    } else if (printable && size < TEXT - 2) {
        snprintf(text, TEXT, "=%.*s", (int)size, (const char *)data);
    } else {
        for (size_t i = 0; i < size && i < 60; i++) {
            at += (size_t)snprintf(text + at, TEXT - at, "%02x", data[i]);
        }
    }
}

static void call_open(struct call *call)
{
    char path[TEXT];
    int *fd, made;

    if (call->count != 4) {
        usage(call->words[0]);
    }
    if (!resolve(call->words[2], path, sizeof(path))) {
        snprintf(call->out.result, TEXT, "nothing");
        return;
    }
    made = open(path, flags_of(call->words[3]) | O_CLOEXEC);
    tell(call, made < 0 ? -1 : 0);
    if (made >= 0) {
        fd = handle(call->words[1], true);
        *fd = made;
    }
}

static void call_dup(struct call *call)
{
    int made = dup(fd_of(call));

    tell(call, made < 0 ? -1 : 0);
    if (made >= 0) {
        *handle(call->words[2], true) = made;
    }
}

static void call_close(struct call *call)
{
    int fd = fd_of(call);

    for (int i = 0; i < HANDLES; i++) {
        if (!strcmp(handles[i].name, call->words[1])) {
            handles[i].name[0] = '\0';
        }
    }
    tell(call, close(fd));
}

static void call_read(struct call *call)
{
    static __thread uint8_t buffer[4096];
    const char *word = call->words[2];
    size_t size = strtoul(*word == '!' ? word + 1 : word, NULL, 0);
    ssize_t got;

    if (size > sizeof(buffer)) {
        usage(word);
    }
    got = read(fd_of(call), *word == '!' ? BAD_ADDRESS : buffer, size);
    tell(call, got);
    if (got > 0) {
        describe(call->out.detail, buffer, (size_t)got);
    }
}

static void call_write(struct call *call)
{
    static __thread uint8_t buffer[BUFFER];
    void *data;
    size_t size = data_of(call->words[2], buffer, &data);

    tell(call, write(fd_of(call), data, size));
}

static void call_writev(struct call *call)
{
    static __thread uint8_t buffer[4][4096];
    struct iovec parts[4];
    int count = call->count - 2;

    if (count < 1 || count > 4) {
        usage(call->words[0]);
    }
    for (int i = 0; i < count; i++) {
        parts[i].iov_len =
            data_of(call->words[2 + i], buffer[i], &parts[i].iov_base);
    }
    tell(call, writev(fd_of(call), parts, count));
}

static void call_fetch(struct call *call)
{
    static uint8_t buffer[4096];
    size_t size = strtoul(call->words[2], NULL, 0), have = 0;
    struct pollfd wait = {.fd = fd_of(call), .events = POLLIN};

    if (size > sizeof(buffer)) {
        usage(call->words[2]);
    }
    while (have < size && poll(&wait, 1, 3000) > 0) {
        ssize_t got = read(wait.fd, buffer + have, size - have);

        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    tell(call, (long)have);
    describe(call->out.detail, buffer, have);
}

static void call_drain(struct call *call)
{
    uint8_t buffer[512];
    int fd = fd_of(call), done = 0;

    while (read(fd, buffer, sizeof(buffer)) >= 0) {
        done++;
    }
    snprintf(call->out.result, TEXT, "%d", done);
    snprintf(call->out.detail, TEXT, "%s", strerrorname_np(errno));
}

static void call_fill(struct call *call)
{
    static __thread uint8_t buffer[BUFFER];
    void *data;
    int fd = fd_of(call), done = 0;
    long count;
    size_t size;

    if (call->count != 4) {
        usage(call->words[0]);
    }
    size = data_of(call->words[2], buffer, &data);
    count = strtol(call->words[3], NULL, 0);
    while (done < count && write(fd, data, size) == (ssize_t)size) {
        done++;
    }
    snprintf(call->out.result, TEXT, "%d", done);
    if (done < count) {
        snprintf(call->out.detail, TEXT, "%s", strerrorname_np(errno));
    }
}

static void call_poll(struct call *call)
{
    static const struct {
        short bit;
        const char *name;
    } bits[] = {{POLLIN, "IN"},         {POLLPRI, "PRI"},
                {POLLOUT, "OUT"},       {POLLERR, "ERR"},
                {POLLHUP, "HUP"},       {POLLNVAL, "NVAL"},
                {POLLRDNORM, "RDNORM"}, {POLLWRNORM, "WRNORM"}};
    struct pollfd wait = {.fd = fd_of(call),
                          .events = POLLIN | POLLPRI | POLLRDNORM};
    int ready = poll(&wait, 1, atoi(call->words[2]));

    if (ready >= 0) { /* to write is mostly possible: not what is waited for */
        wait.events |= POLLOUT | POLLWRNORM;
        ready = poll(&wait, 1, 0);
    }
    tell(call, ready);
    if (ready <= 0) {
        return;
    }
    call->out.result[0] = '\0';
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        if (wait.revents & bits[i].bit) {
            size_t at = strlen(call->out.result);

            snprintf(call->out.result + at, TEXT - at, "%s%s", at ? "+" : "",
                     bits[i].name);
        }
    }
}

/* What an ioctl takes: nothing, a number as it is, an address of a number that
 * it reads, that it writes, or both, or of an endpoint's description. */
enum takes { NOTHING, VALUE, IN, OUT, BOTH, INFO };

static const struct {
    const char *name;
    unsigned long number;
    enum takes takes;
} requests[] = {
    {"CREATE_EPT", RPMSG_CREATE_EPT_IOCTL, INFO},
    {"DESTROY_EPT", RPMSG_DESTROY_EPT_IOCTL, NOTHING},
    {"CREATE_DEV", RPMSG_CREATE_DEV_IOCTL, INFO},
    {"RELEASE_DEV", RPMSG_RELEASE_DEV_IOCTL, INFO},
    {"GET_FLOW", _IOR(0xb5, 0x5, int), OUT},
    {"SET_FLOW", _IOR(0xb5, 0x6, int), VALUE},
    {"SET_SHUTDOWN", RPROC_SET_SHUTDOWN_ON_RELEASE, IN},
    {"GET_SHUTDOWN", RPROC_GET_SHUTDOWN_ON_RELEASE, OUT},
    {"WD_SET", WDIOC_SETTIMEOUT, BOTH},
    {"WD_GET", WDIOC_GETTIMEOUT, OUT},
    {"WD_SET_PRE", WDIOC_SETPRETIMEOUT, BOTH},
    {"WD_ALIVE", WDIOC_KEEPALIVE, NOTHING},
    {"INQ", FIONREAD, OUT},
    {"OUTQ", TIOCOUTQ, OUT},
    {"UNKNOWN", _IOW(0xb5, 0x7f, struct rpmsg_endpoint_info), INFO},
};

static void fill_info(const struct call *call, struct rpmsg_endpoint_info *info)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz";
    const char *name = call->count > 3 ? call->words[3] : "";

    if (*name ==
        '#') { /* so many bytes, and only then a NUL, if there is room */
        size_t size = strtoul(name + 1, NULL, 0);

        for (size_t i = 0; i < size && i < sizeof(info->name); i++) {
            info->name[i] = digits[i % 26];
        }
    } else {
        strncpy(info->name, name, sizeof(info->name) - 1);
    }
    info->src = call->count > 4 ? (uint32_t)strtoll(call->words[4], NULL, 0)
                                : 0xFFFFFFFFU;
    info->dst = call->count > 5 ? (uint32_t)strtoll(call->words[5], NULL, 0)
                                : 0xFFFFFFFFU;
}

static void call_ioctl(struct call *call)
{
    struct rpmsg_endpoint_info info = {0};
    bool bad = call->count > 3 && !strcmp(call->words[3], "!");
    long value = call->count > 3 ? strtol(call->words[3], NULL, 0) : 0;
    int32_t word = (int32_t)value;
    int fd = fd_of(call), done = -1;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (call->count < 3 || strcmp(requests[i].name, call->words[2])) {
            continue;
        }
        switch (requests[i].takes) {
        case NOTHING:
            done = ioctl(fd, requests[i].number, 0);
            break;
        case VALUE:
            done = ioctl(fd, requests[i].number, value);
            break;
        case IN:
        case OUT:
        case BOTH:
            word = requests[i].takes == OUT ? -1 : word;
            done = ioctl(fd, requests[i].number, bad ? BAD_ADDRESS : &word);
            if (done == 0 && requests[i].takes != IN) {
                snprintf(call->out.detail, TEXT, "%d", word);
            }
            break;
        case INFO:
            fill_info(call, &info);
            done = ioctl(fd, requests[i].number, bad ? BAD_ADDRESS : &info);
            break;
        }
        tell(call, done);
        return;
    }
    usage(call->count > 2 ? call->words[2] : call->words[0]);
}

static void call_flags(struct call *call)
{
    tell(call, fcntl(fd_of(call), F_SETFL, flags_of(call->words[2])));
}

static void call_raw(struct call *call)
{
    struct termios tio;
    int fd = fd_of(call);

    if (!tcgetattr(fd, &tio)) {
        cfmakeraw(&tio);
        tio.c_cc[VMIN] = 1;
        tio.c_cc[VTIME] = 0;
        tell(call, tcsetattr(fd, TCSAFLUSH, &tio));
    } else {
        tell(call, -1);
    }
}

static void call_put(struct call *call)
{
    uint8_t buffer[4096];
    char path[TEXT];
    void *data;
    size_t size = data_of(call->words[2], buffer, &data);
    int fd, error;
    ssize_t done;

    if (!resolve(call->words[1], path, sizeof(path))) {
        snprintf(call->out.result, TEXT, "nothing");
        return;
    }
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        tell(call, -1);
        return;
    }
    done = write(fd, data, size);
    error = errno;
    close(fd);
    errno = error;
    tell(call, done);
}

static void call_get(struct call *call)
{
    char path[TEXT], text[TEXT / 2 + 1];
    ssize_t got;
    int fd;

    if (!resolve(call->words[1], path, sizeof(path))) {
        snprintf(call->out.result, TEXT, "nothing");
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        tell(call, -1);
        return;
    }
    got = read(fd, text, TEXT / 2);
    if (got < 0) {
        tell(call, -1);
    } else { /* the first line, and what ends it in another way than a line */
        text[got] = '\0';
        snprintf(call->out.result, TEXT, "%.*s%s", (int)strcspn(text, "\n"),
                 text,
                 strlen(text) != (size_t)got             ? " and a NUL"
                 : got < TEXT / 2 && !strchr(text, '\n') ? " without an end"
                                                         : "");
    }
    close(fd);
}

static void call_name(struct call *call)
{
    char path[TEXT];

    snprintf(call->out.result, TEXT, "%.*s", TEXT - 1,
             resolve(call->words[1], path, sizeof(path)) ? path : "nothing");
}

static void call_wait(struct call *call)
{
    uint64_t end = now_ns() + (uint64_t)atoi(call->words[3]) * 1000000U;

    for (;;) {
        call_get(call);
        if (!strcmp(call->out.result, call->words[2]) || now_ns() >= end) {
            return;
        }
        usleep(5000);
    }
}

static void call_count(struct call *call)
{
    char path[TEXT];
    int wanted = atoi(call->words[2]), found;
    uint64_t end = now_ns() + (uint64_t)atoi(call->words[3]) * 1000000U;

    while ((found = only(call->words[1], path, sizeof(path))) != wanted &&
           now_ns() < end) {
        usleep(5000);
    }
    snprintf(call->out.result, TEXT, "%d", found);
}

static void call_uevents(struct call *call)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    NETLINK_KOBJECT_UEVENT);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
        tell(call, -1);
        return;
    }
    *handle(call->words[1], true) = fd;
    tell(call, 0);
}

static bool has_words(const char *message, size_t size, const struct call *call)
{
    for (int i = 3; i < call->count; i++) {
        bool found = false;

        for (size_t at = 0; at < size && !found;
             at += strlen(message + at) + 1) {
            found = !strcmp(message + at, call->words[i]);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void call_uevent(struct call *call)
{
    char message[8192];
    int fd = fd_of(call);
    uint64_t end = now_ns() + (uint64_t)atoi(call->words[2]) * 1000000U;

    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t got = recv(fd, message, sizeof(message) - 1, 0);

        if (got > 0) {
            message[got] = '\0';
            if (has_words(message, (size_t)got, call)) {
                tell(call, 1);
                return;
            }
            continue;
        }
        if (now_ns() >= end) {
            tell(call, 0);
            return;
        }
        poll(&wait, 1, 10);
    }
}

static const struct {
    const char *name;
    int words;
    void (*run)(struct call *call);
} calls[] = {
    {"open", 4, call_open},       {"dup", 3, call_dup},
    {"close", 2, call_close},     {"read", 3, call_read},
    {"write", 3, call_write},     {"writev", 3, call_writev},
    {"fetch", 3, call_fetch},     {"drain", 2, call_drain},
    {"fill", 4, call_fill},       {"poll", 3, call_poll},
    {"ioctl", 3, call_ioctl},     {"flags", 3, call_flags},
    {"raw", 2, call_raw},         {"put", 3, call_put},
    {"get", 2, call_get},         {"name", 2, call_name},
    {"wait", 4, call_wait},       {"count", 4, call_count},
    {"uevents", 2, call_uevents}, {"uevent", 4, call_uevent},
};

static void run(struct call *call)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (!strcmp(calls[i].name, call->words[0])) {
            if (call->count < calls[i].words) {
                usage(call->words[0]);
            }
            calls[i].run(call);
            return;
        }
    }
    usage(call->words[0]);
}

static void shift(struct call *call, int by)
{
    call->count -= by;
    if (call->count < 1) {
        usage(call->words[0]);
    }
    memmove(call->words, call->words + by,
            (size_t)call->count * sizeof(call->words[0]));
}

static void *in_thread(void *context)
{
    struct job *job = context;

    run(&job->call);
    return NULL;
}

static struct job *job_of(const char *name)
{
    struct job *unused = NULL;

    for (int i = 0; i < JOBS; i++) {
        if (jobs[i].used && !strcmp(jobs[i].name, name)) {
            return &jobs[i];
        }
        if (!jobs[i].used) {
            unused = &jobs[i];
        }
    }
    if (!unused) {
        fail(EXIT_USAGE, "more than %d threads", JOBS);
    }
    return unused;
}

static void begin(struct call *call)
{
    struct job *job = job_of(call->words[1]);
    sigset_t alarms;

    job->used = true;
    snprintf(job->name, sizeof(job->name), "%s", call->words[1]);
    job->call = *call;
    shift(&job->call, 2);
    for (int i = 0; i < job->call.count; i++) {
        job->call.words[i] = strdup(job->call.words[i]);
    }
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarms, NULL); /* it is for the main thread */
    if (pthread_create(&job->thread, NULL, in_thread, job)) {
        fail(EXIT_USAGE, "no thread");
    }
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
    snprintf(call->out.result, TEXT, "begun");
}

static void join(struct call *call)
{
    struct job *job = job_of(call->words[1]);
    struct timespec until;
    long ms = call->count > 2 ? atol(call->words[2]) : 5000;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (!job->used) {
        fail(EXIT_USAGE, "no thread %s", call->words[1]);
    }
    if (pthread_timedjoin_np(job->thread, NULL, &until)) {
        snprintf(call->out.result, TEXT, "blocked");
        return;
    }
    job->used = false;
    call->out = job->call.out;
}

static void on_alarm(int number) { (void)number; }

/* Ends a call that waits for ever by a signal: it gives EINTR then. */
static void guarded(struct call *call, int ms)
{
    struct itimerval timer = {.it_value = {ms / 1000, ms % 1000 * 1000}};
    struct itimerval off = {0};
    uint64_t start = now_ns();

    setitimer(ITIMER_REAL, &timer, NULL);
    run(call);
    setitimer(ITIMER_REAL, &off, NULL);
    if (!strcmp(call->out.result, "EINTR") &&
        now_ns() - start >= (uint64_t)ms * 1000000U) {
        snprintf(call->out.result, TEXT, "blocked");
    }
}

/* Says as detail whether there were so many allocations. */
static void scarce(struct call *call)
{
    unsigned nth = (unsigned)strtoul(call->words[1], NULL, 10);

    shift(call, 2);
    scarce_arm(nth);
    guarded(call, GUARD_MS);
    snprintf(call->out.detail, TEXT, "%s", scarce_left() ? "enough" : "scarce");
    scarce_arm(0);
}

static void print_text(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\') {
            putchar('\\');
        }
        putchar((unsigned char)*p < ' ' ? ' ' : *p);
    }
    printf("\", ");
}

static void run_line(char *line)
{
    struct call call = {.count = 0};
    uint64_t start;
    char *saved = NULL;
    char whole[1024];

    snprintf(whole, sizeof(whole), "%s", line);
    for (char *word = strtok_r(line, " \t", &saved); word;
         word = strtok_r(NULL, " \t", &saved)) {
        if (call.count == WORDS) {
            usage(whole);
        }
        call.words[call.count++] = word;
    }
    if (call.count == 0) {
        return;
    }
    start = now_ns();
    if (!strcmp(call.words[0], "go") && call.count > 2) {
        begin(&call);
    } else if (!strcmp(call.words[0], "join") && call.count > 1) {
        join(&call);
    } else if (!strcmp(call.words[0], "try")) {
        shift(&call, 1);
        guarded(&call, TRY_MS);
    } else if (!strcmp(call.words[0], "scarce") && call.count > 2) {
        scarce(&call);
    } else {
        guarded(&call, GUARD_MS);
    }
    printf("{");
    print_text("call", whole);
    print_text("result", call.out.result);
    print_text("detail", call.out.detail);
    printf("\"ms\": %llu}\n",
           (unsigned long long)((now_ns() - start) / 1000000U));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_alarm};
    char line[1024];

    (void)argv;
    if (argc != 1) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    sigaction(SIGALRM, &action, NULL);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        run_line(line);
    }
    _exit(EXIT_OK); /* whatever threads still wait for */
}
