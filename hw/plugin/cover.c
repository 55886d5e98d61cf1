/*
 * TCG plugin: which instructions each core has executed
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A file holds one bit for each halfword of the ranges of addresses that are
 * asked for; it is set when some instruction there is executed. Whoever maps
 * the file may look at it, and clear it, at any time.
 *
 * Arguments: out=FILE (needed), range=FIRST:LAST:ADDRESS:SIZE (repeatable):
 * virtual addresses of the vCPUs from FIRST to LAST. The ranges' bitmaps follow
 * each other in the file, in the order of the arguments, each of whole pages
 * (PAGE) and little-endian: bit 0 of byte 0 is the first halfword.
 *
 * A block of instructions is marked as a whole when it is entered: what comes
 * after an access that faults, up to the next branch, counts as executed, too.
 *
 * All callbacks may run in several threads at once.
 */

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qemu-plugin.h>

#define PAGE 4096

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Range {
    unsigned first;
    unsigned last;              /* vCPUs, both included */
    uint64_t address;
    uint64_t size;
    size_t offset;              /* of its bitmap in the file */
} Range;

typedef struct Block {
    uint64_t address;
    uint64_t size;
} Block;

static uint8_t *map;
static GArray *ranges;          /* of Range */
static GHashTable *blocks;      /* each Block once, however often translated */
static GMutex lock;

static guint block_hash(gconstpointer opaque)
{
    const Block *block = opaque;
    guint64 key = block->address ^ (block->size << 40);

    return g_int64_hash(&key);
}

static gboolean block_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(Block)) == 0;
}

static size_t map_size(const Range *range)
{
    return (range->size / 2 / 8 + PAGE - 1) / PAGE * PAGE;
}

static bool in_range(const Range *range, const Block *block)
{
    return block->address >= range->address &&
           block->address + block->size <= range->address + range->size;
}

static void mark(uint8_t *bits, uint64_t from, uint64_t to)
{
    while (from < to) {
        uint64_t end = MIN(to, (from | 7) + 1);
        uint8_t mask = (0xff << (from & 7)) & (0xff >> (7 - ((end - 1) & 7)));
        uint8_t *byte = &bits[from / 8];

        /* A look first: a line of the cache that is only read is shared. */
        if ((__atomic_load_n(byte, __ATOMIC_RELAXED) & mask) != mask) {
            __atomic_fetch_or(byte, mask, __ATOMIC_RELAXED);
        }
        from = end;
    }
}

static void entered(unsigned int vcpu, void *opaque)
{
    const Block *block = opaque;

    for (guint i = 0; i < ranges->len; i++) {
        const Range *range = &g_array_index(ranges, Range, i);

        if (vcpu >= range->first && vcpu <= range->last &&
            in_range(range, block)) {
            uint64_t at = (block->address - range->address) / 2;

            mark(map + range->offset, at, at + block->size / 2);
            return;
        }
    }
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    Block *block = g_new0(Block, 1);
    Block *known;
    bool wanted = false;

    block->address = qemu_plugin_tb_vaddr(tb);
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        block->size += qemu_plugin_insn_size(qemu_plugin_tb_get_insn(tb, i));
    }
    for (guint i = 0; i < ranges->len && !wanted; i++) {
        wanted = in_range(&g_array_index(ranges, Range, i), block);
    }
    if (!wanted) {
        g_free(block);
        return;
    }
    g_mutex_lock(&lock);
    known = g_hash_table_lookup(blocks, block);
    if (known) {
        g_free(block);
    } else {
        known = block;
        g_hash_table_add(blocks, block);
    }
    g_mutex_unlock(&lock);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, QEMU_PLUGIN_CB_NO_REGS,
                                         known);
}

/* Take "FIRST:LAST:ADDRESS:SIZE"; return whether it is that. */
static bool add_range(const char *text, size_t *offset)
{
    g_auto(GStrv) part = g_strsplit(text, ":", -1);
    uint64_t value[4];
    Range range;

    if (g_strv_length(part) != G_N_ELEMENTS(value)) {
        return false;
    }
    for (guint i = 0; i < G_N_ELEMENTS(value); i++) {
        char *end;

        value[i] = g_ascii_strtoull(part[i], &end, 0);
        if (*end || end == part[i]) {
            return false;
        }
    }
    range = (Range) {
        .first = value[0], .last = value[1],
        .address = value[2], .size = value[3], .offset = *offset,
    };
    if (!range.size || range.address % 2 || range.size % 2) {
        return false;
    }
    *offset += map_size(&range);
    g_array_append_val(ranges, range);
    return true;
}

static uint8_t *map_file(const char *path, size_t size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    void *found = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, size) == 0) {
        found = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    return found == MAP_FAILED ? NULL : found;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info,
                                           int argc, char **argv)
{
    const char *path = NULL;
    size_t size = 0;

    ranges = g_array_new(false, true, sizeof(Range));
    blocks = g_hash_table_new(block_hash, block_equal);
    for (int i = 0; i < argc; i++) {
        if (g_str_has_prefix(argv[i], "out=")) {
            path = argv[i] + 4;
        } else if (!g_str_has_prefix(argv[i], "range=") ||
                   !add_range(argv[i] + 6, &size)) {
            fprintf(stderr, "cover: %s: out=FILE and "
                    "range=FIRST:LAST:ADDRESS:SIZE are known\n", argv[i]);
            return -1;
        }
    }
    map = path && size ? map_file(path, size) : NULL;
    if (!map) {
        fprintf(stderr, "cover: a range, and out=FILE that can be written, "
                "are needed\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
