# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Makes ELF files and resource tables of which each field can be wrong.

Every file is made from one good image of ours. Its segments and resource table are taken out and put into a plain ELF
file again (``Elf``), of which each header field can be overwritten; resource tables are built entry by entry
(``table``, ``vdev``, ``trace``, ...). Sizes are bytes, addresses are the remote's ("device addresses"). Formats: the
ELF specification, and ``include/linux/rsc_table.h`` in the Linux sources.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from ampstand.board import Board, Region
from ampstand.errors import UsageError

ANY = 0xFFFFFFFF
"""As an address in a resource table: the host chooses."""
PT_LOAD = 1
TABLE_SECTION = b".resource_table"
PAGE = 4096

# Indices of the segments in our images, in the order of the link script.
VECTORS, CODE, TABLE, BSS, DATA = range(5)

# -- the good image -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    """What is loaded: bytes at a physical address, and zeros up to ``memsz``."""

    paddr: int
    vaddr: int
    data: bytes
    memsz: int


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
            elf = ELFFile(BytesIO(image))
            section = elf.get_section_by_name(TABLE_SECTION.decode())
            loads = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
            segments = tuple(Segment(s["p_paddr"], s["p_vaddr"], s.data(), s["p_memsz"]) for s in loads)
            entry = int(elf["e_entry"])
        except ELFError as error:
            raise UsageError(f"{name} is not an ELF file: {error}") from error
        if section is None or len(segments) != 5 or segments[TABLE].paddr != section["sh_addr"]:
            raise UsageError(
                f"{name} has not the five segments of our link script, the third being the resource table",
                hint="take one of the images that `ampstand build firmware` makes, such as echo-bare.elf",
            )
        return cls(entry, segments, section.data(), int(section["sh_addr"]))


@dataclass(frozen=True)
class Target:
    """What the files are made for: a good image, and the memory of the board."""

    base: Base
    regions: Mapping[str, Region]
    """By the name that the driver gives the carveout. ``vdev0buffer`` is one that nothing can be loaded into."""

    def region(self, address: int) -> Region:
        """Return the region that an address is in."""
        return next(r for r in self.regions.values() if r.address <= address < r.address + r.size)

    @property
    def code(self) -> Region:
        """The region with the code."""
        return self.region(self.base.segments[CODE].paddr)

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
    return Target(Base.read(image.read_bytes(), str(image)), loaded.remote.regions)


# -- ELF ------------------------------------------------------------------------------------------------------------

_EHDR = {
    32: (
        "<16sHHIIIIIHHHHHH",
        "ident type machine version entry phoff shoff flags ehsize phentsize phnum shentsize shnum shstrndx",
    ),
    64: (
        "<16sHHIQQQIHHHHHH",
        "ident type machine version entry phoff shoff flags ehsize phentsize phnum shentsize shnum shstrndx",
    ),
}
_PHDR = {
    32: ("<8I", "type offset vaddr paddr filesz memsz flags align"),
    64: ("<2I6Q", "type flags offset vaddr paddr filesz memsz align"),
}
_SHDR = {
    32: ("<10I", "name type flags addr offset size link info addralign entsize"),
    64: ("<2I4Q2I2Q", "name type flags addr offset size link info addralign entsize"),
}
_Field = int | bytes
_Fields = dict[str, _Field]


def _pack(layout: tuple[str, str], fields: _Fields) -> bytes:
    return struct.pack(layout[0], *(fields[name] for name in layout[1].split()))


def _unpack(layout: tuple[str, str], data: bytes, offset: int) -> dict[str, int]:
    return dict(zip(layout[1].split(), struct.unpack_from(layout[0], data, offset), strict=True))


def _overwrite(fields: _Fields, values: Mapping[str, _Field]) -> None:
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
        ehsize, phentsize, shentsize = (struct.calcsize(layout[bits][0]) for layout in (_EHDR, _PHDR, _SHDR))
        phoff = ehsize + gap
        at = phoff + phentsize * len(segments)
        self._body: list[tuple[int, bytes]] = []
        self.segments: list[_Fields] = []
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
        empty: _Fields = dict.fromkeys(_SHDR[bits][1].split(), 0)
        self.sections: list[_Fields] = [
            dict(empty),
            empty
            | {"name": 1, "type": 1, "flags": 3, "addr": base.table_address, "offset": table_at, "size": len(table)},
            empty | {"name": 2 + len(TABLE_SECTION), "type": 3, "offset": at, "size": len(names)},
        ]
        at = self._put(at, names)
        ident = bytes([0x7F, *b"ELF", bits // 32, 1, 1]).ljust(16, b"\0")
        self.fields: _Fields = {
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

    def header(self, **values: _Field) -> Self:
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
        shdrs = b"".join(_pack(_SHDR[self.bits], fields) for fields in self.sections)
        out = bytearray(shoff + len(shdrs))

        def place(at: int, data: bytes) -> None:
            out[at : at + len(data)] = data

        place(0, _pack(_EHDR[self.bits], self.fields))
        place(phoff, b"".join(_pack(_PHDR[self.bits], fields) for fields in self.segments))
        for at, data in self._body:
            place(at, data)
        place(shoff, shdrs)
        return bytes(out)


# -- the resource table ---------------------------------------------------------------------------------------------

_HEADER = struct.Struct("<4I")
_VDEV = struct.Struct("<5I4B")


@dataclass(frozen=True)
class Vring:
    """One vring of a vdev entry, as our firmware asks for it."""

    da: int = ANY
    align: int = 16
    num: int = 16
    notifyid: int = 0
    pa: int = 0

    def pack(self) -> bytes:
        """Return the 20 bytes."""
        return struct.pack("<5I", self.da, self.align, self.num, self.notifyid, self.pa)


VRINGS = (Vring(), Vring(notifyid=1))


def entry(kind: int, payload: bytes = b"") -> bytes:
    """Return a table entry of any type."""
    return struct.pack("<I", kind) + payload


def vdev(
    *vrings: Vring,
    device: int = 7,
    dfeatures: int = 0x20000001,
    gfeatures: int = 0,
    config_len: int = 0,
    status: int = 0,
    count: int | None = None,
    reserved: tuple[int, int] = (0, 0),
) -> bytes:
    """Return a vdev entry: an rpmsg device with name service unless ``device`` and ``dfeatures`` say otherwise."""
    number = len(vrings) if count is None else count
    body = _VDEV.pack(device, 0, dfeatures, gfeatures, config_len, status, number, *reserved)
    return entry(3, body + b"".join(vring.pack() for vring in vrings))


def trace(da: int, size: int, *, reserved: int = 0, name: bytes = b"trace0") -> bytes:
    """Return a trace entry."""
    return entry(2, struct.pack("<3I32s", da, size, reserved, name))


def carveout(name: bytes, size: int, *, da: int = ANY, pa: int = ANY, reserved: int = 0) -> bytes:
    """Return a carveout entry."""
    return entry(0, struct.pack("<5I32s", da, pa, size, 0, reserved, name))


def devmem(da: int, pa: int, size: int) -> bytes:
    """Return a devmem entry."""
    return entry(1, struct.pack("<5I32s", da, pa, size, 0, 0, b"devmem"))


def table(
    *entries: bytes,
    version: int = 1,
    num: int | None = None,
    reserved: tuple[int, int] = (0, 0),
    offsets: Sequence[int] | None = None,
) -> bytes:
    """Return a resource table. Our firmware looks for its vdev at offset 24: in the first of two entries."""
    found = []
    at = _HEADER.size + 4 * len(entries)
    for item in entries:
        found.append(at)
        at += len(item)
    header = _HEADER.pack(version, len(entries) if num is None else num, *reserved)
    places = found if offsets is None else offsets
    return header + struct.pack(f"<{len(places)}I", *places) + b"".join(entries)
