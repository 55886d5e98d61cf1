/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Starts a Linux by kexec with the initramfs that this one was started with,
 * and with its device tree, or with FILE: that tree (/sys/firmware/fdt)
 * changed. The board's devices, and what runs on its other cores, are not
 * reset. Linux must have been booted with "retain_initrd" on its command line,
 * for it frees the initramfs otherwise; with "crashkernel=64M" or more, too, if
 * the new Linux is one that takes over when this one panics. IMAGE is a zImage
 * for 32-bit Arm, where the kernel takes segments only; a 64-bit kernel puts
 * them together by itself if the tree is to be its own, and takes segments,
 * too.
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
    "usage: kexec-linux [-p] [-d FILE] IMAGE\n"                                \
    "  -p  not now, but when Linux panics\n"                                   \
    "  -d  with this device tree\n"

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

#define FDT "/sys/firmware/fdt"
#define INITRD_START "linux,initrd-start"
#define INITRD_END "linux,initrd-end"
#define MEMORY "/dev/mem"
#define MEMORY_MAP "/proc/iomem"

/* From the start of the memory that the new Linux gets. A zImage belongs above
 * the first 32 MiB (Documentation/arch/arm/booting.rst), so that it need not
 * move itself out of the way of what it unpacks; an arm64 Image at any 2 MiB,
 * with room for what its header says (Documentation/arch/arm64/booting.rst). */
#define IMAGE_OFFSET (32UL << 20)
#ifdef __arm__
#define KEXEC_ARCH KEXEC_ARCH_ARM
#define INITRD_OFFSET (44UL << 20)
#else
#define KEXEC_ARCH KEXEC_ARCH_AARCH64
#define INITRD_OFFSET (128UL << 20)
#endif

/* Header and tokens of a flattened device tree (Devicetree Specification,
 * chapter 5). */
#define FDT_MAGIC 0xd00dfeedU
#define FDT_TOTALSIZE 1
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
    bool found = false;
    FILE *file = fopen(MEMORY_MAP, "re");

    while (file && !found && fgets(line, sizeof(line), file)) {
        char *end = strstr(line, " : ");

        line[strcspn(line, "\n")] = '\0';
        if (end && !strcmp(end + 3, name)) {
            start = strtoul(line, NULL, 16);
            found = true;
        }
    }
    if (!found) {
        fail(EXIT_DEVICE, "%s has no \"%s\"", MEMORY_MAP, name);
    }
    fclose(file);
    return start;
}

static struct blob read_tree(const char *path)
{
    struct blob fdt = read_file(path);
    const uint32_t *header = fdt.data;

    if (fdt.size < sizeof(uint32_t) * (FDT_OFF_STRINGS + 1) ||
        be32toh(header[0]) != FDT_MAGIC ||
        be32toh(header[FDT_TOTALSIZE]) != fdt.size) {
        fail(EXIT_USAGE, "%s is no device tree, or not all of one", path);
    }
    return fdt;
}

/* The last cell of the one property of this name, of one cell or two: any
 * before it is 0. The tree is one that this Linux has read and found good, or
 * what dtc's tools have made of it. */
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
    fail(EXIT_DEVICE, "the device tree has no %s", name);
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

/* What enters a 64-bit kernel, whom kexec_load() tells of no device tree: x0 is
 * the tree's address, x1 to x3 are 0. */
static const uint32_t entry_code[] = {
    0x580000c0, /* ldr x0, DEVICE_TREE */
    0x580000e4, /* ldr x4, IMAGE */
    0xaa1f03e1, /* mov x1, xzr */
    0xaa1f03e2, /* mov x2, xzr */
    0xaa1f03e3, /* mov x3, xzr */
    0xd61f0080, /* br x4 */
};

struct entry {
    uint32_t code[sizeof(entry_code) / sizeof(entry_code[0])];
    uint64_t device_tree;
    uint64_t image;
};

/* Gives the kernel what kexec is to start, now or when Linux panics, in
 * segments. */
static void load_segments(const char *path, bool panic, const char *tree)
{
    struct blob image = read_file(path);
    struct blob fdt = read_tree(tree ? tree : FDT);
    struct blob initrd = read_initrd(fdt);
    unsigned long start = memory_start(panic ? "Crash kernel" : "System RAM");
    unsigned long fdt_at, first = start + IMAGE_OFFSET;
    struct kexec_segment segments[4];
    struct entry entry;
    unsigned long count = 3;

    segments[0] = segment(image, start + IMAGE_OFFSET);
    segments[1] = segment(initrd, start + INITRD_OFFSET);
    fdt_at = start + INITRD_OFFSET + segments[1].memsz;
    segments[2] = segment(fdt, fdt_at);
    *property(fdt, INITRD_START) = htobe32((uint32_t)(start + INITRD_OFFSET));
    *property(fdt, INITRD_END) =
        htobe32((uint32_t)(start + INITRD_OFFSET + initrd.size));
    if (KEXEC_ARCH == KEXEC_ARCH_AARCH64) {
        memcpy(entry.code, entry_code, sizeof(entry_code));
        entry.device_tree = fdt_at;
        entry.image = first;
        first = fdt_at + segments[2].memsz;
        segments[count++] =
            segment((struct blob){&entry, sizeof(entry)}, first);
    }
    if (syscall(SYS_kexec_load, first, count, segments,
                KEXEC_ARCH | (panic ? KEXEC_ON_CRASH : 0UL))) {
        fail(EXIT_DEVICE, "kexec_load(): %s", strerror(errno));
    }
}

#ifndef __arm__
#define CMDLINE "/proc/cmdline"

/* Of Linux 6.17 on (include/uapi/linux/kexec.h); older headers lack it. */
#ifndef KEXEC_FILE_NO_CMA
#define KEXEC_FILE_NO_CMA 0x10UL
#endif

/* The same by a kernel that makes the device tree itself, of its own. One that
 * has put the Image into the contiguous memory near the end of the RAM may
 * find no place above it for the initramfs, and gives up: it is asked again to
 * keep off that memory. */
static void load_file(const char *path, bool panic)
{
    struct blob arguments = read_file(CMDLINE);
    int image = open(path, O_RDONLY | O_CLOEXEC);
    int initrd = open(INITRD, O_RDONLY | O_CLOEXEC);
    char *end = memchr(arguments.data, '\n', arguments.size);
    unsigned long length, flags = panic ? KEXEC_FILE_ON_CRASH : 0UL;
    long done;

    if (image < 0 || initrd < 0 || !end) {
        fail(EXIT_DEVICE, "cannot open %s: %s", image < 0 ? path : INITRD,
             strerror(errno));
    }
    *end++ = '\0';
    length = (unsigned long)(end - (char *)arguments.data);
    done = syscall(SYS_kexec_file_load, image, initrd, length, arguments.data,
                   flags);
    if (done && errno == EADDRNOTAVAIL) {
        done = syscall(SYS_kexec_file_load, image, initrd, length,
                       arguments.data, flags | KEXEC_FILE_NO_CMA);
    }
    if (done) {
        fail(EXIT_DEVICE, "kexec_file_load(): %s", strerror(errno));
    }
}
#endif

int main(int argc, char **argv)
{
    const char *tree = NULL;
    bool panic = false;
    int option;

    while ((option = getopt(argc, argv, "pd:")) != -1) {
        switch (option) {
        case 'p':
            panic = true;
            break;
        case 'd':
            tree = optarg;
            break;
        default:
            fputs(USAGE, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind != argc - 1) {
        fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
#ifndef __arm__
    if (!tree) {
        load_file(argv[optind], panic);
    } else
#endif
    {
        load_segments(argv[optind], panic, tree);
    }
    if (!panic) {
        reboot(RB_KEXEC);
        fail(EXIT_DEVICE, "reboot(): %s", strerror(errno));
    }
    return EXIT_OK;
}
