# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""ELF files: the layout of their headers, and a reader that gets along with anything.

``Image.read()`` refuses only what has no ELF header; of a file that is cut off or wrong elsewhere it gives what is
there and names in ``problems`` what is not. Symbols, build attributes and names of machines come from pyelftools.
Layouts: the ELF specification; 32 and 64 bits, little-endian unless said otherwise.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeVar

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct.core import ConstructError
from elftools.elf.descriptions import describe_e_machine, describe_e_type
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_E_MACHINE, ENUM_E_TYPE
from elftools.elf.sections import ARMAttributesSection, SymbolTableSection

MAGIC = b"\x7fELF"
PT_LOAD = 1
ET_EXEC = 2
EM_ARM = 40
IDENT = 16
"""Bytes of the identification."""
CLASS, DATA, VERSION = 4, 5, 6
"""Indices in the identification."""
BITS = {1: 32, 2: 64}
MEMORY_MAX = 1 << 20
"""Bytes that are handed out at a time: a header may claim anything."""

T = TypeVar("T")
Field = int | bytes
Fields = dict[str, Field]

READ_ERRORS = (
    ELFError,
    DWARFError,
    ConstructError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What pyelftools throws for files that are cut off or wrong."""


@dataclass(frozen=True)
class Layout:
    """A structure: its format without the byte order, and the names of its fields."""

    format: str
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return struct.calcsize(f"<{self.format}")

    def pack(self, fields: Mapping[str, Field]) -> bytes:
        """Return the bytes, little-endian."""
        return struct.pack(f"<{self.format}", *(fields[name] for name in self.names))

    def unpack(self, data: bytes, offset: int, *, big: bool = False) -> dict[str, Any]:
        """Read the structure at an offset; ``struct.error`` if it is not all there."""
        values = struct.unpack_from(f"{'>' if big else '<'}{self.format}", data, offset)
        return dict(zip(self.names, values, strict=True))


def _layout(form: str, names: str) -> Layout:
    return Layout(form, tuple(names.split()))


_EHDR_NAMES = "ident type machine version entry phoff shoff flags ehsize phentsize phnum shentsize shnum shstrndx"
_SHDR_NAMES = "name type flags addr offset size link info addralign entsize"
EHDR = {32: _layout("16sHHIIIIIHHHHHH", _EHDR_NAMES), 64: _layout("16sHHIQQQIHHHHHH", _EHDR_NAMES)}
PHDR = {
    32: _layout("8I", "type offset vaddr paddr filesz memsz flags align"),
    64: _layout("2I6Q", "type flags offset vaddr paddr filesz memsz align"),
}
SHDR = {32: _layout("10I", _SHDR_NAMES), 64: _layout("2I4Q2I2Q", _SHDR_NAMES)}


class NotElfError(ValueError):
    """There is no ELF header."""


@dataclass(frozen=True)
class Segment:
    """What is loaded: bytes at a physical address, and zeros up to ``memsz``."""

    paddr: int
    vaddr: int
    data: bytes
    """As much as the file has."""
    memsz: int
    filesz: int = field(default=0, compare=False)
    """What the header says; ``data`` is shorter where the file ends before."""
    offset: int = field(default=0, compare=False)
    """In the file."""
    flags: int = field(default=7, compare=False)

    @property
    def rights(self) -> str:
        """``rwx``, with a dash for each that is missing."""
        return "".join(letter if self.flags & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))


@dataclass(frozen=True)
class Section:
    """A section; the data is as much as the file has."""

    name: str
    address: int
    size: int
    data: bytes


@dataclass(frozen=True)
class Image:
    """An ELF file as far as it can be read."""

    data: bytes
    bits: int
    big: bool
    header: Mapping[str, Any]
    segments: tuple[Segment, ...]
    """Those of type PT_LOAD."""
    sections: tuple[Section, ...]
    problems: tuple[str, ...]

    @classmethod
    def read(cls, data: bytes) -> Image:
        """Read a file; ``NotElfError`` says what is missing if there is not even a header."""
        if len(data) < IDENT or data[:4] != MAGIC:
            raise NotElfError("no ELF file: it does not begin with an ELF identification")
        if data[CLASS] not in BITS or data[DATA] not in (1, 2):
            raise NotElfError(f"ELF of unknown class {data[CLASS]} or byte order {data[DATA]}")
        bits, big = BITS[data[CLASS]], data[DATA] == 2
        if len(data) < EHDR[bits].size:
            raise NotElfError(f"ELF header cut off: {len(data)} of {EHDR[bits].size} bytes")
        header, problems = EHDR[bits].unpack(data, 0, big=big), []

        def rows(what: str, layout: Layout, offset: int, count: int) -> list[dict[str, Any]]:
            there = min(count, max(0, len(data) - offset) // layout.size) if offset else 0
            if there < count:
                problems.append(f"{count - there} of {count} {what} headers are behind the end of the file")
            return [layout.unpack(data, offset + layout.size * number, big=big) for number in range(there)]

        phdrs = rows("program", PHDR[bits], header["phoff"], header["phnum"])
        shdrs = rows("section", SHDR[bits], header["shoff"], header["shnum"])
        names = shdrs[header["shstrndx"]] if header["shstrndx"] < len(shdrs) else None
        segments = tuple(
            Segment(
                row["paddr"],
                row["vaddr"],
                data[row["offset"] : row["offset"] + row["filesz"]],
                *(row[name] for name in ("memsz", "filesz", "offset", "flags")),
            )
            for row in phdrs
            if row["type"] == PT_LOAD
        )
        sections = tuple(_section(data, row, names) for row in shdrs)
        return cls(data, bits, big, header, segments, sections, tuple(problems))

    @property
    def machine(self) -> str:
        """What it is for, in words: ``ARM``."""
        return _name(ENUM_E_MACHINE, self.header["machine"], describe_e_machine)

    @property
    def type(self) -> str:
        """What kind of file it is, in words: ``EXEC (Executable file)``."""
        return _name(ENUM_E_TYPE, self.header["type"], describe_e_type)

    def section(self, name: str) -> Section | None:
        """Return the first section of this name."""
        return next((section for section in self.sections if section.name == name), None)

    def symbol(self, *names: str) -> tuple[int, int] | None:
        """Return address and size of the first symbol that there is of these names; None in a stripped file."""

        def find(elf: ELFFile) -> tuple[int, int] | None:
            table = elf.get_section_by_name(".symtab")
            if isinstance(table, SymbolTableSection):
                for name in names:
                    for symbol in table.get_symbol_by_name(name) or ():
                        if symbol["st_shndx"] != "SHN_UNDEF":
                            return int(symbol["st_value"]), int(symbol["st_size"])
            return None

        return self._ask(find)

    @property
    def profile(self) -> str:
        """The Arm profile that it was built for: ``A``, ``R``, ``M``; empty if the file does not say."""

        def find(elf: ELFFile) -> str:
            section = elf.get_section_by_name(".ARM.attributes")
            if isinstance(section, ARMAttributesSection):
                for part in section.iter_subsections():
                    for group in part.iter_subsubsections():
                        for attribute in group.iter_attributes("TAG_CPU_ARCH_PROFILE"):
                            return chr(attribute.value)
            return ""

        return self._ask(find) or ""

    def memory(self, address: int, size: int) -> bytes:
        """Return what the file loads at an address, zeros included; shorter where it loads nothing, or much."""
        size = min(size, MEMORY_MAX)
        for segment in self.segments:
            for start in (segment.paddr, segment.vaddr):
                if start <= address < start + segment.memsz:
                    end = min(size, start + segment.memsz - address)
                    return segment.data[address - start :][:end].ljust(end, b"\0")
        return b""

    def _ask(self, question: Callable[[ELFFile], T]) -> T | None:
        try:
            return question(ELFFile(BytesIO(self.data)))
        except READ_ERRORS:
            return None


def _section(data: bytes, row: Mapping[str, Any], names: Mapping[str, Any] | None) -> Section:
    name = ""
    if names is not None:
        at = names["offset"] + row["name"]
        name = data[at : at + 256].split(b"\0", 1)[0].decode("latin-1")
    return Section(name, row["addr"], row["size"], data[row["offset"] : row["offset"] + row["size"]])


def _name(values: Mapping[str, Any], number: int, describe: Callable[[str], str]) -> str:
    found = next((name for name, value in values.items() if value == number and isinstance(value, int)), None)
    return describe(found) if found is not None else f"number {number}"
