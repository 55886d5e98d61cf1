/*
 * STM32MP1: the first-stage boot loader (FSBL) on an SD card
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Not modelled: where the ROM looks on a card without GPT (sources differ: LBA
 * 0 and 512, or 128 and 640), the backup of a GPT at the end of the card, and
 * signatures. So a closed device finds nothing to run.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "hw/arm/stm32mp1_fsbl.h"

#define SECTOR 512
/* UEFI specification, chapter "GUID Partition Table (GPT) Disk Layout" */
#define GPT_LBA 1
#define GPT_SIGNATURE "EFI PART"
#define GPT_ENTRIES_LBA 0x48
#define GPT_ENTRIES_NUM 0x50
#define GPT_ENTRY_SIZE 0x54
#define ENTRY_SIZE 128
#define ENTRY_MAX_NUM 128
#define ENTRY_FIRST 0x20
#define ENTRY_LAST 0x28
#define ENTRY_NAME 0x38

/* TF-A: boot_api_image_header_t of the STM32MP15 */
#define HEADER_MAGIC 0x324d5453 /* "STM2" */
#define HEADER_VERSION 0x00010000
#define HEADER_AT_CHECKSUM 0x44
#define HEADER_AT_VERSION 0x48
#define HEADER_AT_LENGTH 0x4c
#define HEADER_AT_ENTRY 0x50

#define PAYLOAD_MAX (STM32MP1_FSBL_END_ADDR - STM32MP1_FSBL_LOAD_ADDR)

typedef struct FsblPartition {
    uint64_t first;     /* sector */
    uint64_t last;
    char name[36 + 1];
} FsblPartition;

static bool fsbl_read_card(BlockBackend *card, uint64_t sector, void *data,
                           size_t size, const char *what, Error **errp)
{
    int64_t length = blk_getlength(card);
    int ret;

    if (length < 0 || sector > length / SECTOR ||
        size > length - sector * SECTOR) {
        error_setg(errp, "%s at sector %" PRIu64 " is not on the card", what,
                   sector);
        return false;
    }
    ret = blk_pread(card, sector * SECTOR, size, data, 0);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "%s at sector %" PRIu64, what, sector);
        return false;
    }
    return true;
}

/* The name is in UTF-16; what is not ASCII is not what the ROM looks for. */
static void fsbl_read_name(const uint8_t *entry, char *name)
{
    unsigned i;

    for (i = 0; i < 36; i++) {
        uint16_t character = lduw_le_p(entry + ENTRY_NAME + 2 * i);

        name[i] = character < 0x80 ? character : '?';
        if (!character) {
            break;
        }
    }
    name[i] = 0;
}

/* Fill @found with the partitions to try; their number, or -1 on an error */
static int fsbl_find_partitions(BlockBackend *card, FsblPartition *found,
                                Error **errp)
{
    g_autofree uint8_t *entries = g_malloc(ENTRY_MAX_NUM * ENTRY_SIZE);
    uint8_t gpt[SECTOR];
    uint32_t num;
    int n = 0;

    if (!fsbl_read_card(card, GPT_LBA, gpt, sizeof(gpt), "GPT", errp)) {
        return -1;
    }
    if (memcmp(gpt, GPT_SIGNATURE, strlen(GPT_SIGNATURE))) {
        error_setg(errp, "no GPT on the card");
        return -1;
    }
    num = ldl_le_p(gpt + GPT_ENTRIES_NUM);
    if (ldl_le_p(gpt + GPT_ENTRY_SIZE) != ENTRY_SIZE || num > ENTRY_MAX_NUM) {
        error_setg(errp, "GPT with %" PRIu32 " entries of %" PRIu32 " bytes: "
                   "up to %u of %u are possible", num,
                   ldl_le_p(gpt + GPT_ENTRY_SIZE), ENTRY_MAX_NUM, ENTRY_SIZE);
        return -1;
    }
    if (!fsbl_read_card(card, ldq_le_p(gpt + GPT_ENTRIES_LBA), entries,
                        num * ENTRY_SIZE, "table of partitions", errp)) {
        return -1;
    }
    for (uint32_t i = 0; i < num && n < STM32MP1_FSBL_COPIES; i++) {
        const uint8_t *entry = entries + i * ENTRY_SIZE;

        fsbl_read_name(entry, found[n].name);
        if (g_str_has_prefix(found[n].name, "fsbl")) {
            found[n].first = ldq_le_p(entry + ENTRY_FIRST);
            found[n].last = ldq_le_p(entry + ENTRY_LAST);
            n++;
        }
    }
    if (!n) {
        error_setg(errp, "no partition on the card has a name that begins with "
                   "\"fsbl\"");
        return -1;
    }
    return n;
}

static bool fsbl_check_header(const FsblPartition *part, const uint8_t *header,
                              Error **errp)
{
    uint32_t magic = ldl_le_p(header);
    uint32_t version = ldl_le_p(header + HEADER_AT_VERSION);
    uint32_t length = ldl_le_p(header + HEADER_AT_LENGTH);
    uint32_t entry = ldl_le_p(header + HEADER_AT_ENTRY);
    uint64_t room = (part->last - part->first + 1) * SECTOR;

    if (magic != HEADER_MAGIC) {
        error_setg(errp, "bad magic number 0x%08" PRIx32 " in the STM32 header,"
                   " not 0x%08x", magic, HEADER_MAGIC);
    } else if (version != HEADER_VERSION) {
        error_setg(errp, "bad version 0x%08" PRIx32 " in the STM32 header, not "
                   "0x%08x", version, HEADER_VERSION);
    } else if (!length || length > PAYLOAD_MAX ||
               length > room - STM32MP1_FSBL_HEADER_SIZE) {
        error_setg(errp, "bad length 0x%" PRIx32 " in the STM32 header: "
                   "partition or SYSRAM has not that much room", length);
    } else if (entry < STM32MP1_FSBL_LOAD_ADDR ||
               entry - STM32MP1_FSBL_LOAD_ADDR >= length) {
        error_setg(errp, "bad entry point 0x%08" PRIx32 " in the STM32 header: "
                   "it is not in the image", entry);
    } else {
        return true;
    }
    return false;
}

static bool fsbl_check_payload(const uint8_t *data, uint32_t length,
                               Error **errp)
{
    uint32_t wanted = ldl_le_p(data + HEADER_AT_CHECKSUM), sum = 0;

    for (uint32_t i = 0; i < length; i++) {
        sum += data[STM32MP1_FSBL_HEADER_SIZE + i];
    }
    if (sum != wanted) {
        error_setg(errp, "bad checksum 0x%08" PRIx32 " in the STM32 header: "
                   "that of the image is 0x%08" PRIx32, wanted, sum);
        return false;
    }
    return true;
}

static bool fsbl_read_partition(BlockBackend *card, const FsblPartition *part,
                                STM32MP1Fsbl *fsbl, Error **errp)
{
    uint8_t header[STM32MP1_FSBL_HEADER_SIZE];
    g_autofree uint8_t *data = NULL;
    uint32_t length, size;

    if (part->last < part->first || part->last - part->first > UINT32_MAX) {
        error_setg(errp, "its last sector is before its first, or too far");
        return false;
    }
    if (!fsbl_read_card(card, part->first, header, sizeof(header),
                        "STM32 header", errp) ||
        !fsbl_check_header(part, header, errp)) {
        return false;
    }
    length = ldl_le_p(header + HEADER_AT_LENGTH);
    size = sizeof(header) + length;
    data = g_malloc(size);
    if (!fsbl_read_card(card, part->first, data, size, "image", errp) ||
        !fsbl_check_payload(data, length, errp)) {
        return false;
    }
    fsbl->data = g_steal_pointer(&data);
    fsbl->size = size;
    fsbl->entry = ldl_le_p(header + HEADER_AT_ENTRY);
    return true;
}

bool stm32mp1_fsbl_read(BlockBackend *card, bool closed, STM32MP1Fsbl *fsbl,
                        char **skipped, Error **errp)
{
    FsblPartition parts[STM32MP1_FSBL_COPIES];
    g_autoptr(GString) why = g_string_new(NULL);
    int i, n;

    *skipped = NULL;
    if (!card || !blk_is_inserted(card)) {
        error_setg(errp, "no card in the slot");
        return false;
    }
    if (closed) {
        error_setg(errp, "the device is closed (bit 6 of fuse word 0), and the "
                   "check of signatures is not modelled");
        return false;
    }
    n = fsbl_find_partitions(card, parts, errp);
    for (i = 0; i < n; i++) {
        Error *error = NULL;

        if (fsbl_read_partition(card, &parts[i], fsbl, &error)) {
            fsbl->copy = i + 1;
            if (why->len) {
                *skipped = g_strdup(why->str);
            }
            return true;
        }
        g_string_append_printf(why, "%s%s: %s", i ? "; " : "", parts[i].name,
                               error_get_pretty(error));
        error_free(error);
    }
    if (n > 0) {
        error_setg(errp, "%s", why->str);
    }
    return false;
}
