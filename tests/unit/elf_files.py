# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Small ELF files for tests of what reads them."""

from __future__ import annotations

from ampstand.formats.elf import EHDR, PHDR, SHDR
from ampstand.formats.resource_table import SECTION

ADDRESS = 0x10001000


def made_elf(
    table_bytes: bytes | None = None,
    *,
    bits: int = 32,
    machine: int = 40,
    address: int = ADDRESS,
    name: str = SECTION,
    more: tuple[tuple[int, bytes], ...] = (),
    vectors: bool = True,
    kind: int = 2,
    flags: int = 7,
    moved: int = 0,
) -> bytes:
    """Return an ELF file with vectors at 0, code that loops, a resource table if one is given, and more segments.

    ``flags`` are the segments' rights; they are linked for ``moved`` bytes behind where they are loaded to.
    """
    start = (0x10020000).to_bytes(4, "little") + (0x10000001).to_bytes(4, "little")
    parts = [(0x10000000, b"\xfe\xe7" * 8)]
    if table_bytes is not None:
        parts.append((address, table_bytes))
    parts += [(0, start)] if vectors else []
    parts += more
    names = b"\0" + name.encode() + b"\0.shstrtab\0"
    at = EHDR[bits].size + PHDR[bits].size * len(parts)
    phdrs = b""
    for paddr, data in parts:
        row: dict[str, int | bytes] = {"type": 1, "offset": at, "paddr": paddr, "flags": flags, "align": 4}
        phdrs += PHDR[bits].pack(row | {"vaddr": paddr + moved, "filesz": len(data), "memsz": len(data)})
        at += len(data)
    body = b"".join(data for _, data in parts)
    table_at = EHDR[bits].size + len(phdrs) + len(parts[0][1])
    empty: dict[str, int | bytes] = dict.fromkeys(SHDR[bits].names, 0)
    shdrs = SHDR[bits].pack(empty)
    if table_bytes is not None:
        here = {"name": 1, "type": 1, "addr": address, "offset": table_at, "size": len(table_bytes)}
        shdrs += SHDR[bits].pack(empty | here)
    shdrs += SHDR[bits].pack(empty | {"name": 2 + len(name), "type": 3, "offset": at, "size": len(names)})
    count = len(shdrs) // SHDR[bits].size
    ehdr = EHDR[bits].pack(
        {
            "ident": bytes([0x7F, *b"ELF", bits // 32, 1, 1]).ljust(16, b"\0"),
            "type": kind,
            "machine": machine,
            "version": 1,
            "entry": 0x10000001,
            "phoff": EHDR[bits].size,
            "shoff": at + len(names),
            "flags": 0,
            "ehsize": EHDR[bits].size,
            "phentsize": PHDR[bits].size,
            "phnum": len(parts),
            "shentsize": SHDR[bits].size,
            "shnum": count,
            "shstrndx": count - 1,
        }
    )
    return ehdr + phdrs + body + names + shdrs
