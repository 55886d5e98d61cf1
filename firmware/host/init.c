/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * PID 1 of the initramfs: mounts, runs the probe if there is one, keeps a shell
 * on the console, reaps orphans, and ends the system when busybox's reboot
 * (SIGTERM), poweroff (SIGUSR2) or halt (SIGUSR1) asks for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROMPT "ampstand# "
#define GRACE_MS 1000
#define MODULES "/lib/modules/"
#define PROBE "/etc/probe"
#define PROBE_S 300   /* the longest that a probe may take, in seconds */
#define TIMED_OUT 124 /* what timeout(1) ends with */

static const struct {
    const char *type;
    const char *where;
    const char *options;
} mounts[] = {
    {"devtmpfs", "/dev", NULL},
    {"proc", "/proc", NULL},
    {"sysfs", "/sys", NULL},
    {"devpts", "/dev/pts", "mode=0620,ptmxmode=0666"},
    {"debugfs", "/sys/kernel/debug", NULL},
    {"tmpfs", "/tmp", "mode=1777"},
    {"tmpfs", "/run", "mode=0755"},
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    dprintf(STDERR_FILENO, "init: ");
    vdprintf(STDERR_FILENO, format, args);
    dprintf(STDERR_FILENO, "\n");
    va_end(args);
}

static void mount_all(void)
{
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        mkdir(mounts[i].where, 0755);
        if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0,
                  mounts[i].options) &&
            errno != EBUSY) {
            say("cannot mount %s on %s: %s", mounts[i].type, mounts[i].where,
                strerror(errno));
        }
    }
}

/* Loads the modules that the list names, one a line, in its order. Linux has
 * none when all its drivers are part of it. */
static void load_modules(void)
{
    char name[64];
    char path[sizeof(MODULES) + sizeof(name)];
    FILE *list = fopen(MODULES "load", "re");

    if (!list) {
        return;
    }
    while (fscanf(list, "%63s", name) == 1) {
        int fd;

        snprintf(path, sizeof(path), "%s%s", MODULES, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) {
            say("cannot load %s: %s", path, strerror(errno));
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    fclose(list);
}

/* /dev/console cannot be a controlling terminal: find the real one behind it,
 * the last of the active consoles. */
static const char *console_path(void)
{
    static char path[64] = "/dev/";
    char active[64];
    char *last;
    ssize_t length = -1;
    int fd = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        length = read(fd, active, sizeof(active) - 1);
        close(fd);
    }
    if (length <= 1) {
        return "/dev/console";
    }
    active[length] = '\0';
    active[strcspn(active, "\n")] = '\0';
    last = strrchr(active, ' ');
    snprintf(path + 5, sizeof(path) - 5, "%.48s", last ? last + 1 : active);
    return path;
}

/* Returns the pid of a shell, or -1: one that somebody types to, or one that
 * runs a script. The child starts its own session on the console. */
static pid_t start_shell(const char *script)
{
    char *const argv[] = {script ? "sh" : "-sh", (char *)script, NULL};
    static char *const envp[] = {
        "PATH=/bin:/sbin:/usr/bin:/usr/sbin",
        "HOME=/",
        "TERM=vt100",
        "PS1=" PROMPT,
        NULL,
    };
    sigset_t none;
    int fd;
    pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    setsid();
    fd = open(console_path(), O_RDWR);
    if (fd >= 0) {
        ioctl(fd, TIOCSCTTY, 1);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        dup2(script ? open("/dev/null", O_RDONLY) : fd, STDIN_FILENO);
        if (fd > STDERR_FILENO) {
            close(fd);
        }
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve("/bin/sh", argv, envp);
    say("cannot run /bin/sh: %s", strerror(errno));
    _exit(127);
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

/* Signals every process but us and waits until all are gone, or the grace is
 * over. */
static void end_all(int signal_number, const sigset_t *child)
{
    long end = now_ms() + GRACE_MS;

    kill(-1, signal_number);
    for (;;) {
        long left = end - now_ms();
        struct timespec wait = {left / 1000, (left % 1000) * 1000000L};
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        if (pid < 0 || left <= 0) {
            return;
        }
        if (pid == 0) {
            sigtimedwait(child, NULL, &wait);
        }
    }
}

static void end_system(int how, const sigset_t *child)
{
    kill(-1, SIGHUP); /* an interactive shell ends for nothing less */
    end_all(SIGTERM, child);
    end_all(SIGKILL, child);
    sync();
    reboot(how);
    say("reboot() failed: %s", strerror(errno));
}

int main(void)
{
    sigset_t set;
    sigset_t child;
    pid_t shell;
    bool probing = access(PROBE, F_OK) == 0;

    if (getpid() != 1) {
        say("must run as PID 1");
        return 2;
    }
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    set = child;
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    reboot(RB_DISABLE_CAD);

    mount_all();
    load_modules();
    shell = start_shell(probing ? PROBE : NULL);
    if (probing) {
        /* Where time jumps while all cores sleep, this is soon over. */
        alarm(PROBE_S);
    }
    for (;;) {
        int number = sigwaitinfo(&set, NULL);
        int status;
        pid_t pid;

        switch (number) {
        case SIGTERM:
            end_system(RB_AUTOBOOT, &child);
            break;
        case SIGUSR1:
            end_system(RB_HALT_SYSTEM, &child);
            break;
        case SIGUSR2:
            end_system(RB_POWER_OFF, &child);
            break;
        case SIGALRM:
            if (probing) {
                say("probe did not end within %d s", PROBE_S);
                say("probe ended with %d", TIMED_OUT);
                probing = false;
            }
            break;
        default:
            break;
        }
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            if (pid != shell) {
                continue;
            }
            if (probing) {
                say("probe ended with %d", WIFEXITED(status)
                                               ? WEXITSTATUS(status)
                                               : 128 + WTERMSIG(status));
                probing = false;
            }
            shell = start_shell(NULL);
        }
    }
}
