/*
 * TCG plugin: which instructions each core has executed
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A file says what was executed of the ranges of addresses that are asked for.
 * Of those given by "range=" it holds one bit for each halfword, set when some
 * instruction there is executed. Where programs come and go at the same
 * addresses, that says little: of those given by "log=" it holds each block of
 * instructions in the order in which they were first executed, and again when
 * a block was translated anew, as it is once its memory was written; and, before
 * it, each page that it is in with what memory has there, unless it is the same
 * as before. Ranges of one first vCPU share a log. Whoever maps the file may
 * look at it, and let it begin anew, at any time.
 *
 * Arguments: out=FILE (needed), range=FIRST:LAST:ADDRESS:SIZE and
 * log=FIRST:LAST:ADDRESS:SIZE (one of them, repeatable): virtual addresses of
 * the vCPUs from FIRST to LAST. The bitmaps follow each other in the file, in
 * the order of the arguments, each of whole pages (PAGE) and little-endian: bit
 * 0 of byte 0 is the first halfword. The logs come last, each in LOG_SIZE, in
 * the order of the arguments; the head of the first (LogHead) is there in any
 * case. To begin anew, clear the bitmaps and then count up what it wants.
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
#define LOG_SIZE (64 << 20)

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

typedef struct Log Log;

typedef struct Range {
    unsigned first;
    unsigned last;              /* vCPUs, both included */
    uint64_t address;
    uint64_t size;
    size_t offset;              /* of its bitmap in the file */
    Log *log;                   /* in place of a bitmap */
} Range;

/* A block of instructions that is in a range. */
typedef struct Block {
    uint64_t address;
    uint64_t size;
    const Range *range;
    uint32_t turn;              /* in which it was marked last; 0: in none */
} Block;

/* What the log begins with, each member in the workstation's byte order. */
typedef struct LogHead {
    uint32_t wanted;            /* turn, in the first; the reader counts it up */
    uint32_t turn;              /* of the log; of old if it is not the wanted */
    uint64_t used;              /* bytes of entries */
    uint64_t lost;              /* blocks for which there was no room */
} LogHead;

/* A block of instructions, or a page; the content of a page follows. */
typedef struct LogEntry {
    uint64_t address;
    uint32_t size;
    uint32_t is_page;
} LogEntry;

/* What one core has executed of the ranges that are logged. */
struct Log {
    unsigned first;             /* vCPU */
    LogHead *head;
    GHashTable *pages;          /* by address, content that was logged last */
};

static uint8_t *map;
static LogHead *head;           /* of the first log, or of none */
static GArray *ranges;          /* of Range */
static GPtrArray *logs;         /* of Log */
static GHashTable *blocks;      /* each once, however often translated */
static GMutex lock;

static guint block_hash(gconstpointer opaque)
{
    const Block *block = opaque;
    guint64 key = block->address ^ (block->size << 40);

    return g_int64_hash(&key);
}

static gboolean block_equal(gconstpointer a, gconstpointer b)
{
    const Block *one = a, *other = b;

    return one->address == other->address && one->size == other->size &&
           one->range == other->range;
}

static size_t map_size(const Range *range)
{
    return range->log ? 0 : (range->size / 2 / 8 + PAGE - 1) / PAGE * PAGE;
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

/* Add an entry to the log, and return whether there was room. */
static bool append(LogHead *to, const LogEntry *entry, const uint8_t *content)
{
    size_t extra = content ? entry->size : 0;
    uint8_t *end = (uint8_t *)(to + 1) + to->used;

    if (sizeof(*entry) + extra > LOG_SIZE - sizeof(*to) - to->used) {
        return false;
    }
    memcpy(end, entry, sizeof(*entry));
    if (content) {
        memcpy(end + sizeof(*entry), content, extra);
    }
    __atomic_store_n(&to->used, to->used + sizeof(*entry) + extra,
                     __ATOMIC_RELEASE);
    return true;
}

/* Add a page to the log unless its content is there; return if it is now. */
static bool add_page(Log *log, uint64_t address)
{
    LogEntry entry = { .address = address, .is_page = 1 };
    GByteArray *known = g_hash_table_lookup(log->pages, &address);
    GByteArray *content = g_byte_array_new();

    if (!qemu_plugin_read_memory_vaddr(address, content, PAGE)) {
        g_byte_array_set_size(content, 0);
    }
    if (known && known->len == content->len &&
        memcmp(known->data, content->data, content->len) == 0) {
        g_byte_array_unref(content);
        return true;
    }
    g_hash_table_insert(log->pages, g_memdup2(&address, sizeof(address)),
                        content);
    entry.size = content->len;
    return append(log->head, &entry, content->data);
}

/* Add a block to its log, of a turn. */
static void add_block(const Block *block, uint32_t turn)
{
    LogEntry entry = { .address = block->address, .size = block->size };
    uint64_t end = block->address + block->size;
    Log *log = block->range->log;
    LogHead *to = log->head;
    bool added = true;

    g_mutex_lock(&lock);
    if (to->turn != turn) {
        to->used = to->lost = 0;
        g_hash_table_remove_all(log->pages);
        __atomic_store_n(&to->turn, turn, __ATOMIC_RELEASE);
    }
    for (uint64_t at = block->address / PAGE * PAGE; at < end; at += PAGE) {
        added = added && !to->lost && add_page(log, at);
    }
    if (!added || !append(to, &entry, NULL)) {
        to->lost++;
    }
    g_mutex_unlock(&lock);
}

/* This is nearly all that recording costs: nothing to do comes first. */
static void entered(unsigned int vcpu, void *opaque)
{
    Block *block = opaque;
    const Range *range = block->range;
    uint32_t turn = __atomic_load_n(&head->wanted, __ATOMIC_ACQUIRE);

    if (__atomic_load_n(&block->turn, __ATOMIC_RELAXED) == turn ||
        vcpu < range->first || vcpu > range->last) {
        return;
    }
    if (range->log) {
        add_block(block, turn);
    } else {
        uint64_t at = (block->address - range->address) / 2;

        mark(map + range->offset, at, at + block->size / 2);
    }
    __atomic_store_n(&block->turn, turn, __ATOMIC_RELAXED);
}

/* Return the one of this block and range, which counts as not marked. */
static Block *known_block(const Block *block)
{
    Block *known;

    g_mutex_lock(&lock);
    known = g_hash_table_lookup(blocks, block);
    if (known) {
        __atomic_store_n(&known->turn, 0, __ATOMIC_RELAXED);
    } else {
        known = g_memdup2(block, sizeof(*block));
        g_hash_table_add(blocks, known);
    }
    g_mutex_unlock(&lock);
    return known;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    Block block = { .address = qemu_plugin_tb_vaddr(tb) };

    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        block.size += qemu_plugin_insn_size(qemu_plugin_tb_get_insn(tb, i));
    }
    for (guint i = 0; i < ranges->len; i++) {
        block.range = &g_array_index(ranges, Range, i);
        if (in_range(block.range, &block)) {
            qemu_plugin_register_vcpu_tb_exec_cb(
                tb, entered, QEMU_PLUGIN_CB_NO_REGS, known_block(&block));
        }
    }
}

/* Return the log of the cores from a vCPU on, which has no place yet. */
static Log *known_log(unsigned first)
{
    Log *log;

    for (guint i = 0; i < logs->len; i++) {
        log = g_ptr_array_index(logs, i);
        if (log->first == first) {
            return log;
        }
    }
    log = g_new0(Log, 1);
    log->first = first;
    log->pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                       (GDestroyNotify)g_byte_array_unref);
    g_ptr_array_add(logs, log);
    return log;
}

/* Take a range from "FIRST:LAST:ADDRESS:SIZE"; return whether it is that. */
static bool add_range(const char *text, bool logged, size_t *offset)
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
    if (logged) {
        range.log = known_log(range.first);
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
    size_t size = 0, bitmaps;

    ranges = g_array_new(false, true, sizeof(Range));
    logs = g_ptr_array_new();
    blocks = g_hash_table_new(block_hash, block_equal);
    for (int i = 0; i < argc; i++) {
        bool logged = g_str_has_prefix(argv[i], "log=");

        if (g_str_has_prefix(argv[i], "out=")) {
            path = argv[i] + 4;
        } else if ((!logged && !g_str_has_prefix(argv[i], "range=")) ||
                   !add_range(strchr(argv[i], '=') + 1, logged, &size)) {
            fprintf(stderr, "cover: %s: out=FILE, "
                    "range=FIRST:LAST:ADDRESS:SIZE and "
                    "log=FIRST:LAST:ADDRESS:SIZE are known\n", argv[i]);
            return -1;
        }
    }
    bitmaps = size;
    size += logs->len ? (size_t)logs->len * LOG_SIZE : PAGE;
    map = path && ranges->len ? map_file(path, size) : NULL;
    if (!map) {
        fprintf(stderr, "cover: a range, and out=FILE that can be written, "
                "are needed\n");
        return -1;
    }
    head = (LogHead *)(map + bitmaps);
    head->wanted++;
    for (guint i = 0; i < logs->len; i++) {
        Log *log = g_ptr_array_index(logs, i);

        log->head = (LogHead *)(map + bitmaps + (size_t)i * LOG_SIZE);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
