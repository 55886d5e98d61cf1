/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Starts a Linux by kexec with the device tree and the initramfs that this one
 * was started with. The board's devices, and what runs on its other cores, are
 * not reset. Linux must have been booted with "retain_initrd" on its command
 * line, for it frees the initramfs otherwise; with "crashkernel=64M" or more,
 * too, if the new Linux is one that takes over when this one panics. IMAGE is a
 * zImage for 32-bit Arm, where the kernel takes segments only; a 64-bit kernel
 * puts them together by itself.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common.h"

#define USAGE                                                                  \
    "usage: kexec-linux [-p] IMAGE\n"                                          \
    "  -p  not now, but when Linux panics\n"

#define INITRD "/sys/firmware/initrd"

struct blob {
    void *data;
    size_t size;
};

/* Reads a whole file, sysfs' included, whose size stat() does not tell. */
static struct blob read_file(const char *path)
{
    struct blob blob = {NULL, 0};
    size_t room = 0;
    ssize_t length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        fail(EXIT_DEVICE, "cannot open %s: %s", path, strerror(errno));
    }
    do {
        blob.size += (size_t)length;
        if (blob.size == room) {
            room = room ? 2 * room : 1 << 16;
            blob.data = realloc(blob.data, room);
            if (!blob.data) {
                fail(EXIT_DEVICE, "no memory for %s", path);
            }
        }
        length = read(fd, (char *)blob.data + blob.size, room - blob.size);
    } while (length > 0);
    if (length < 0) {
        fail(EXIT_DEVICE, "cannot read %s: %s", path, strerror(errno));
    }
    close(fd);
    return blob;
}

#ifdef __arm__
#define FDT "/sys/firmware/fdt"
#define INITRD_START "linux,initrd-start"
#define INITRD_END "linux,initrd-end"
#define MEMORY "/dev/mem"
#define MEMORY_MAP "/proc/iomem"

/* From the start of the memory that the new Linux gets. A zImage belongs above
 * the first 32 MiB (Documentation/arch/arm/booting.rst), so that it need not
 * move itself out of the way of what it unpacks. */
#define IMAGE_OFFSET (32UL << 20)
#define INITRD_OFFSET (44UL << 20)

/* Header and tokens of a flattened device tree (Devicetree Specification,
 * chapter 5). */
#define FDT_OFF_STRUCT 2
#define FDT_OFF_STRINGS 3
#define FDT_BEGIN_NODE 1U
#define FDT_PROP 3U
#define FDT_END 9U

/* Where the first range of this name begins. */
static unsigned long memory_start(const char *name)
{
    char line[128];
    unsigned long start = 0;
    FILE *file = fopen(MEMORY_MAP, "re");

    while (file && !start && fgets(line, sizeof(line), file)) {
        char *end = strstr(line, " : ");

        line[strcspn(line, "\n")] = '\0';
        if (end && !strcmp(end + 3, name)) {
            start = strtoul(line, NULL, 16);
        }
    }
    if (!start) {
        fail(EXIT_DEVICE, "%s has no \"%s\"", MEMORY_MAP, name);
    }
    fclose(file);
    return start;
}

/* The last cell of the one property of this name, of one cell or two: any
 * before it is 0. The tree is one that this Linux has read and found good. */
static uint32_t *property(struct blob fdt, const char *name)
{
    const uint32_t *header = fdt.data;
    uint32_t *token =
        (uint32_t *)((char *)fdt.data + be32toh(header[FDT_OFF_STRUCT]));
    const char *strings =
        (const char *)fdt.data + be32toh(header[FDT_OFF_STRINGS]);

    while (be32toh(*token) != FDT_END) {
        if (be32toh(*token) == FDT_BEGIN_NODE) {
            token += 1 + strlen((const char *)(token + 1)) / 4 + 1;
        } else if (be32toh(*token) == FDT_PROP) {
            uint32_t cells = (be32toh(token[1]) + 3) / 4;

            if (!strcmp(strings + be32toh(token[2]), name)) {
                return token + 2 + cells;
            }
            token += 3 + cells;
        } else {
            token++;
        }
    }
    fail(EXIT_DEVICE, "%s has no %s", FDT, name);
}

/* The initramfs. An older Linux keeps it as well, but does not show it. */
static struct blob read_initrd(struct blob fdt)
{
    uint32_t start = be32toh(*property(fdt, INITRD_START));
    struct blob initrd = {NULL, be32toh(*property(fdt, INITRD_END)) - start};
    size_t have = 0;
    ssize_t length = 1;
    int fd;

    if (access(INITRD, F_OK) == 0) {
        return read_file(INITRD);
    }
    initrd.data = malloc(initrd.size);
    fd = open(MEMORY, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !initrd.data) {
        fail(EXIT_DEVICE, "cannot open %s: %s", MEMORY, strerror(errno));
    }
    while (length > 0 && have < initrd.size) {
        length = pread(fd, (char *)initrd.data + have, initrd.size - have,
                       (off_t)start + (off_t)have);
        have += length > 0 ? (size_t)length : 0;
    }
    if (have < initrd.size) {
        fail(EXIT_DEVICE, "cannot read the initramfs from %s: %s", MEMORY,
             strerror(errno));
    }
    close(fd);
    return initrd;
}

static struct kexec_segment segment(struct blob blob, unsigned long address)
{
    unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);

    return (struct kexec_segment){blob.data, blob.size, (void *)address,
                                  (blob.size + page - 1) / page * page};
}

/* Gives the kernel what kexec is to start, now or when Linux panics. */
static void load(const char *path, bool panic)
{
    struct blob image = read_file(path);
    struct blob fdt = read_file(FDT);
    struct blob initrd = read_initrd(fdt);
    unsigned long start = memory_start(panic ? "Crash kernel" : "System RAM");
    struct kexec_segment segments[3];

    segments[0] = segment(image, start + IMAGE_OFFSET);
    segments[1] = segment(initrd, start + INITRD_OFFSET);
    segments[2] = segment(fdt, start + INITRD_OFFSET + segments[1].memsz);
    *property(fdt, INITRD_START) = htobe32(start + INITRD_OFFSET);
    *property(fdt, INITRD_END) = htobe32(start + INITRD_OFFSET + initrd.size);
    if (syscall(SYS_kexec_load, start + IMAGE_OFFSET, 3UL, segments,
                KEXEC_ARCH_ARM | (panic ? KEXEC_ON_CRASH : 0UL))) {
        fail(EXIT_DEVICE, "kexec_load(): %s", strerror(errno));
    }
}
#else
#define CMDLINE "/proc/cmdline"

/* Gives the kernel what kexec is to start, now or when Linux panics. It makes
 * the device tree by itself, of the one that it was started with. */
static void load(const char *path, bool panic)
{
    struct blob arguments = read_file(CMDLINE);
    int image = open(path, O_RDONLY | O_CLOEXEC);
    int initrd = open(INITRD, O_RDONLY | O_CLOEXEC);
    char *end = memchr(arguments.data, '\n', arguments.size);

    if (image < 0 || initrd < 0 || !end) {
        fail(EXIT_DEVICE, "cannot open %s: %s", image < 0 ? path : INITRD,
             strerror(errno));
    }
    *end++ = '\0';
    if (syscall(SYS_kexec_file_load, image, initrd,
                (unsigned long)(end - (char *)arguments.data), arguments.data,
                panic ? KEXEC_FILE_ON_CRASH : 0UL)) {
        fail(EXIT_DEVICE, "kexec_file_load(): %s", strerror(errno));
    }
}
#endif

int main(int argc, char **argv)
{
    bool panic = argc == 3 && !strcmp(argv[1], "-p");

    if (argc != 2 + panic || argv[argc - 1][0] == '-') {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    load(argv[argc - 1], panic);
    if (!panic) {
        reboot(RB_KEXEC);
        fail(EXIT_DEVICE, "reboot(): %s", strerror(errno));
    }
    return EXIT_OK;
}
