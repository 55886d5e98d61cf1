/*
 * The firmware of a remote core, as a boot loader loads it
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/range.h"
#include "qapi/error.h"
#include "elf.h"
#include "hw/arm/remote_firmware.h"
#include "trace.h"

#define TABLE_SECTION ".resource_table"

/* The header of a resource table: version, entries, two reserved words. */
#define TABLE_HEADER (4 * sizeof(uint32_t))
#define TABLE_VERSION 1

/* A range of the file and the memory that it goes to. */
typedef struct Piece {
    uint32_t addr;
    uint32_t offset;
    uint32_t filesz;
    uint32_t memsz;
} Piece;

struct ArmRemoteFirmware {
    AddressSpace *as;
    uint8_t *data;
    size_t size;
    GArray *pieces; /* of Piece, in the order in which they are written */
    uint32_t entry;
    uint32_t table;
};

/* @size bytes at @offset of the file, or NULL if it is too short for them. */
static const void *firmware_at(const ArmRemoteFirmware *fw, uint32_t offset,
                               uint64_t size)
{
    return offset <= fw->size && size <= fw->size - offset ?
           fw->data + offset : NULL;
}

static bool firmware_in_ram(const ArmRemoteFirmware *fw, hwaddr addr,
                            hwaddr size)
{
    while (size) {
        hwaddr xlat, len = size;
        MemoryRegion *mr = address_space_translate(fw->as, addr, &xlat, &len,
                                                   true,
                                                   MEMTXATTRS_UNSPECIFIED);

        if (!memory_region_is_ram(mr) || memory_region_is_rom(mr) || !len) {
            return false;
        }
        addr += len;
        size -= len;
    }
    return true;
}

static bool firmware_add(ArmRemoteFirmware *fw, const char *what, Piece piece,
                         Error **errp)
{
    if (piece.filesz > piece.memsz ||
        !firmware_at(fw, piece.offset, piece.filesz)) {
        error_setg(errp, "%s: its 0x%" PRIx32 " bytes at offset 0x%" PRIx32
                   " are not all in the file", what, piece.filesz,
                   piece.offset);
        return false;
    }
    if (!firmware_in_ram(fw, piece.addr, piece.memsz)) {
        error_setg(errp, "%s: 0x%" PRIx32 " bytes at 0x%" PRIx32
                   " are not RAM of the remote core", what, piece.memsz,
                   piece.addr);
        return false;
    }
    g_array_append_val(fw->pieces, piece);
    return true;
}

static bool firmware_check_header(const ArmRemoteFirmware *fw, Elf32_Ehdr *ehdr,
                                  Error **errp)
{
    const Elf32_Ehdr *file = firmware_at(fw, 0, sizeof(*file));

    if (!file || memcmp(file->e_ident, ELFMAG, SELFMAG) ||
        file->e_ident[EI_CLASS] != ELFCLASS32 ||
        file->e_ident[EI_DATA] != ELFDATA2LSB ||
        lduw_le_p(&file->e_machine) != EM_ARM ||
        lduw_le_p(&file->e_type) != ET_EXEC) {
        error_setg(errp, "expected a 32-bit little-endian Arm ELF executable");
        return false;
    }
    ehdr->e_entry = ldl_le_p(&file->e_entry);
    ehdr->e_phoff = ldl_le_p(&file->e_phoff);
    ehdr->e_phnum = lduw_le_p(&file->e_phnum);
    ehdr->e_shoff = ldl_le_p(&file->e_shoff);
    ehdr->e_shnum = lduw_le_p(&file->e_shnum);
    ehdr->e_shstrndx = lduw_le_p(&file->e_shstrndx);
    if ((ehdr->e_phnum &&
         lduw_le_p(&file->e_phentsize) != sizeof(Elf32_Phdr)) ||
        (ehdr->e_shnum &&
         lduw_le_p(&file->e_shentsize) != sizeof(Elf32_Shdr))) {
        error_setg(errp, "expected program and section headers of the usual "
                   "size");
        return false;
    }
    return true;
}

static bool firmware_add_segments(ArmRemoteFirmware *fw, const Elf32_Ehdr *ehdr,
                                  Error **errp)
{
    const Elf32_Phdr *phdr = firmware_at(fw, ehdr->e_phoff,
                                         ehdr->e_phnum * sizeof(*phdr));
    int i;

    if (!phdr) {
        error_setg(errp, "its program headers are not all in the file");
        return false;
    }
    for (i = 0; i < ehdr->e_phnum; i++) {
        g_autofree char *what = g_strdup_printf("program header %d", i);
        Piece piece = {
            .addr = ldl_le_p(&phdr[i].p_paddr),
            .offset = ldl_le_p(&phdr[i].p_offset),
            .filesz = ldl_le_p(&phdr[i].p_filesz),
            .memsz = ldl_le_p(&phdr[i].p_memsz),
        };

        if (ldl_le_p(&phdr[i].p_type) == PT_LOAD && piece.memsz &&
            !firmware_add(fw, what, piece, errp)) {
            return false;
        }
    }
    if (!fw->pieces->len) {
        error_setg(errp, "expected something to load");
        return false;
    }
    return true;
}

/* What U-Boot's rproc_elf32_find_rsc_table() takes for a table. */
static bool firmware_is_table(const ArmRemoteFirmware *fw, const Piece *piece)
{
    const uint8_t *table = firmware_at(fw, piece->offset, piece->filesz);

    return table && piece->filesz >= TABLE_HEADER &&
           ldl_le_p(table) == TABLE_VERSION &&
           ldl_le_p(table + 4) <=
           (piece->filesz - TABLE_HEADER) / sizeof(uint32_t) &&
           ldq_le_p(table + 8) == 0;
}

static bool firmware_add_table(ArmRemoteFirmware *fw, const Elf32_Ehdr *ehdr,
                               Error **errp)
{
    const Elf32_Shdr *shdr = firmware_at(fw, ehdr->e_shoff,
                                         ehdr->e_shnum * sizeof(*shdr));
    const Elf32_Shdr *names;
    int i;

    if (!shdr || (ehdr->e_shnum && ehdr->e_shstrndx >= ehdr->e_shnum)) {
        error_setg(errp, "its section headers are not all in the file");
        return false;
    }
    for (i = 0; i < ehdr->e_shnum; i++) {
        const char *name;
        uint32_t at = ldl_le_p(&shdr[i].sh_name);
        uint32_t size = ldl_le_p(&shdr[i].sh_size);
        Piece piece = {
            .addr = ldl_le_p(&shdr[i].sh_addr),
            .offset = ldl_le_p(&shdr[i].sh_offset),
            .filesz = size,
            .memsz = size,
        };

        names = &shdr[ehdr->e_shstrndx];
        name = at < ldl_le_p(&names->sh_size) ?
               firmware_at(fw, ldl_le_p(&names->sh_offset),
                           (uint64_t)at + sizeof(TABLE_SECTION)) : NULL;
        if (name && !memcmp(name + at, TABLE_SECTION, sizeof(TABLE_SECTION))) {
            /* Else U-Boot warns, and loads the segments all the same. */
            if (firmware_is_table(fw, &piece)) {
                fw->table = piece.addr;
                return firmware_add(fw, "section " TABLE_SECTION, piece, errp);
            }
            return true;
        }
    }
    return true;
}

ArmRemoteFirmware *arm_remote_firmware_new(const char *path, AddressSpace *as,
                                           Error **errp)
{
    ERRP_GUARD();
    ArmRemoteFirmware *fw = g_new0(ArmRemoteFirmware, 1);
    g_autoptr(GError) error = NULL;
    Elf32_Ehdr ehdr;

    fw->as = as;
    fw->pieces = g_array_new(false, false, sizeof(Piece));
    if (!g_file_get_contents(path, (char **)&fw->data, &fw->size, &error)) {
        error_setg(errp, "cannot read firmware: %s", error->message);
    } else if (firmware_check_header(fw, &ehdr, errp) &&
               firmware_add_segments(fw, &ehdr, errp) &&
               firmware_add_table(fw, &ehdr, errp)) {
        fw->entry = ehdr.e_entry;
        return fw;
    } else {
        error_prepend(errp, "firmware %s: ", path);
    }
    g_array_free(fw->pieces, true);
    g_free(fw->data);
    g_free(fw);
    return NULL;
}

void arm_remote_firmware_load(const ArmRemoteFirmware *fw)
{
    guint i;

    for (i = 0; i < fw->pieces->len; i++) {
        const Piece *piece = &g_array_index(fw->pieces, Piece, i);

        trace_arm_remote_firmware_load(piece->addr, piece->filesz,
                                       piece->memsz);
        address_space_write_rom(fw->as, piece->addr, MEMTXATTRS_UNSPECIFIED,
                                fw->data + piece->offset, piece->filesz);
        address_space_set(fw->as, (hwaddr)piece->addr + piece->filesz, 0,
                          piece->memsz - piece->filesz,
                          MEMTXATTRS_UNSPECIFIED);
    }
}

bool arm_remote_firmware_touches(const ArmRemoteFirmware *fw, hwaddr addr,
                                 uint64_t size)
{
    guint i;

    for (i = 0; i < fw->pieces->len; i++) {
        const Piece *piece = &g_array_index(fw->pieces, Piece, i);

        if (ranges_overlap(addr, size, piece->addr, piece->memsz)) {
            return true;
        }
    }
    return false;
}

uint32_t arm_remote_firmware_entry(const ArmRemoteFirmware *fw)
{
    return fw->entry;
}

uint32_t arm_remote_firmware_table(const ArmRemoteFirmware *fw)
{
    return fw->table;
}
