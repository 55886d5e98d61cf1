# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Makes ELF files of which each field can be wrong.

Every file is made from one good image of ours. Its segments and resource table are taken out and put into a plain ELF
file again (``Elf``), of which each header field can be overwritten. Sizes are bytes, addresses are the remote's
("device addresses"). Layouts are those of ``ampstand.formats``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ampstand.board import Board, Region
from ampstand.build.arch import arch
from ampstand.errors import UsageError
from ampstand.formats import resource_table
from ampstand.formats.elf import EHDR, PHDR, PT_LOAD, SHDR, Field, Fields, Image, NotElfError, Segment
from ampstand.formats.resource_table import Vring

VRINGS = (Vring(), Vring(notifyid=1))
"""As our firmware asks for them."""
OF_VENDOR = 500
"""The type of an entry that no driver here knows, and that is passed over."""
TABLE_SECTION = resource_table.SECTION.encode()
PAGE = 4096

# Indices of the segments in our images, in the order of the link script.
VECTORS, CODE, TABLE, BSS, DATA = range(5)

# -- the good image -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Base:
    """The loadable content of a good image."""

    entry: int
    segments: tuple[Segment, ...]
    table: bytes
    table_address: int

    @classmethod
    def read(cls, image: bytes, name: str = "the image") -> Base:
        """Take apart an ELF file of ours; ``UsageError`` if it is not one."""
        try:
            elf = Image.read(image)
        except NotElfError as error:
            raise UsageError(f"{name} is not an ELF file: {error}") from error
        section = elf.section(resource_table.SECTION)
        if section is None or len(elf.segments) != 5 or elf.segments[TABLE].paddr != section.address:
            raise UsageError(
                f"{name} has not the five segments of our link script, the third being the resource table",
                hint="take one of the images that `ampstand build firmware` makes, such as echo-bare.elf",
            )
        return cls(elf.header["entry"], elf.segments, section.data, section.address)


@dataclass(frozen=True)
class Target:
    """What the files are made for: a good image, and the memory of the board."""

    base: Base
    regions: Mapping[str, Region]
    """By the name that the driver gives the carveout. ``vdev0buffer`` is one that nothing can be loaded into."""
    bits: int
    """Of a pointer of Linux."""
    profile: str
    """Of the remote's core: A, R, M, or none."""

    def region(self, address: int) -> Region:
        """Return the region that an address is in."""
        return next(r for r in self.regions.values() if r.address <= address < r.address + r.size)

    @property
    def code(self) -> Region:
        """The region with the code."""
        return self.region(self.base.segments[CODE].paddr)

    @property
    def table(self) -> Region:
        """The region with the resource table."""
        return self.region(self.base.table_address)

    @property
    def trace(self) -> bytes:
        """The good image's own trace entry."""
        (offset,) = struct.unpack_from("<I", self.base.table, 20)
        return self.base.table[offset:]


def load(board: str | Board, image: Path) -> Target:
    """Return what files are made for: the good image in a file, and a board by name, TOML file or as it is."""
    loaded = board if isinstance(board, Board) else Board.load(board)
    if loaded.remote is None:
        raise UsageError(f"{loaded.name} has no remote")
    return Target(
        Base.read(image.read_bytes(), str(image)),
        loaded.remote.regions,
        arch(loaded.kernel_arch).bits,
        loaded.remote.profile,
    )


# -- ELF ------------------------------------------------------------------------------------------------------------


def _overwrite(fields: Fields, values: Mapping[str, Field]) -> None:
    if unknown := values.keys() - fields.keys():
        raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
    fields.update(values)


class Elf:
    """An ELF file of a good image's content, correct until fields are overwritten; nothing moves when they are.

    Order in the file: ELF header, program headers, segments, resource table, section names, section headers.
    Sections: the null section, ``.resource_table``, ``.shstrtab``. ``bits`` is 32 or 64. ``table`` replaces the
    resource table, ``more`` are segments behind the image's own, ``gap`` is the number of bytes before the program
    headers, ``fill`` that of bytes before the section names, so that the file can end where a case wants it to.
    """

    def __init__(
        self,
        base: Base,
        *,
        bits: int = 32,
        table: bytes | None = None,
        more: Sequence[Segment] = (),
        gap: int = 0,
        fill: int = 0,
    ) -> None:
        self.bits = bits
        table = base.table if table is None else table
        segments = [*base.segments, *more]
        ehsize, phentsize, shentsize = (layout[bits].size for layout in (EHDR, PHDR, SHDR))
        phoff = ehsize + gap
        at = phoff + phentsize * len(segments)
        self._body: list[tuple[int, bytes]] = []
        self.segments: list[Fields] = []
        for index, segment in enumerate(segments):
            data, memsz = (table, len(table)) if index == TABLE else (segment.data, segment.memsz)
            if index == TABLE:
                table_at = at
            self.segments.append(
                {
                    "type": PT_LOAD,
                    "offset": at,
                    "vaddr": segment.vaddr,
                    "paddr": segment.paddr,
                    "filesz": len(data),
                    "memsz": memsz,
                    "flags": 7,
                    "align": 4,
                }
            )
            at = self._put(at, data)
        at += fill
        names = b"\0" + TABLE_SECTION + b"\0.shstrtab\0"
        empty: Fields = dict.fromkeys(SHDR[bits].names, 0)
        self.sections: list[Fields] = [
            dict(empty),
            empty
            | {"name": 1, "type": 1, "flags": 3, "addr": base.table_address, "offset": table_at, "size": len(table)},
            empty | {"name": 2 + len(TABLE_SECTION), "type": 3, "offset": at, "size": len(names)},
        ]
        at = self._put(at, names)
        ident = bytes([0x7F, *b"ELF", bits // 32, 1, 1]).ljust(16, b"\0")
        self.fields: Fields = {
            "ident": ident,
            "type": 2,
            "machine": 40,
            "version": 1,
            "entry": base.entry,
            "phoff": phoff,
            "shoff": at,
            "flags": 0x05000200,
            "ehsize": ehsize,
            "phentsize": phentsize,
            "phnum": len(segments),
            "shentsize": shentsize,
            "shnum": len(self.sections),
            "shstrndx": 2,
        }
        self._headers = (phoff, at, len(segments))

    def _put(self, at: int, data: bytes) -> int:
        """Place bytes at an offset; return the next one, aligned to four."""
        self._body.append((at, data))
        return (at + len(data) + 3) & ~3

    def ident(self, index: int, value: int) -> Self:
        """Overwrite one byte of the identification."""
        ident = bytearray(self.bytes_of("ident"))
        ident[index] = value
        self.fields["ident"] = bytes(ident)
        return self

    def bytes_of(self, name: str) -> bytes:
        """Return a field of the ELF header that is bytes."""
        value = self.fields[name]
        assert isinstance(value, bytes)
        return value

    def offset_of(self, what: str) -> int:
        """Return the offset in the file of ``phdrs``, ``shdrs``, ``table`` or of a segment by its number."""
        if what in ("phdrs", "shdrs"):
            return self._headers[what == "shdrs"]
        index = TABLE if what == "table" else int(what)
        return self._body[index][0]

    def header(self, **values: Field) -> Self:
        """Overwrite fields of the ELF header."""
        _overwrite(self.fields, values)
        return self

    def segment(self, index: int, **values: int) -> Self:
        """Overwrite fields of a program header."""
        _overwrite(self.segments[index], values)
        return self

    def section(self, index: int, **values: int) -> Self:
        """Overwrite fields of a section header."""
        _overwrite(self.sections[index], values)
        return self

    def pack(self) -> bytes:
        """Return the file."""
        phoff, shoff, _ = self._headers
        shdrs = b"".join(SHDR[self.bits].pack(fields) for fields in self.sections)
        out = bytearray(shoff + len(shdrs))

        def place(at: int, data: bytes) -> None:
            out[at : at + len(data)] = data

        place(0, EHDR[self.bits].pack(self.fields))
        place(phoff, b"".join(PHDR[self.bits].pack(fields) for fields in self.segments))
        for at, data in self._body:
            place(at, data)
        place(shoff, shdrs)
        return bytes(out)
