# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Source lines of a program, from its debug information (DWARF 2 to 5)."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ampstand.errors import UsageError
from ampstand.formats.elf import READ_ERRORS

LEFT_OUT = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
"""Where debug information has code that was not linked."""


@dataclass
class SourceFile:
    """What a program has of a source file."""

    lines: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    """By line number the ranges of addresses that it was compiled to, the end excluded.

    Of a function that was compiled into its caller they belong to the line of the call, too: a compiler gives such a
    line none of its own.
    """
    functions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By name the line of a function's beginning, and its address."""


NOWHERE = 1 << 24
"""Sections of a module that are not in memory count as being at multiples of this: no kernel has code there."""


def read(
    program: Path, sources: Sequence[str], units: Sequence[str] = (), sections: Mapping[str, int] | None = None
) -> dict[str, SourceFile]:
    """Return the source files of a program whose path begins with one of ``sources``, by that path.

    A file may lie below another folder: a kernel built out of its tree names its sources by absolute paths. Only code
    is looked at that was compiled from one of the files or folders ``units`` (without any: ``sources``): of a header,
    what these make of it. ``sections``: see ``placed()``.
    """
    try:
        with program.open("rb") if sections is None else io.BytesIO(placed(program.read_bytes(), sections)) as file:
            elf = ELFFile(file)
            if not elf.has_dwarf_info():
                raise UsageError(f"{program} has no debug information", hint="build with --debug-info")
            dwarf = elf.get_dwarf_info()
            found: dict[str, SourceFile] = defaultdict(SourceFile)
            starts: dict[int, tuple[str, int]] = {}
            for unit in units_of(dwarf, units or sources):
                folder = _text(unit.get_top_DIE(), "DW_AT_comp_dir")
                if (program_of := dwarf.line_program_for_CU(unit)) is not None:
                    name_of = _Names(program_of, folder, sources)
                    _unit(program_of, name_of, found, starts)
                    for number, line, start, end in _inlined(dwarf, unit):
                        if name := name_of[number]:
                            found[name].lines[line].append((start, end))
            for name, address in _functions(elf):
                if address in starts:
                    path, line = starts[address]
                    found[path].functions[name] = (line, address)
            return dict(sorted(found.items()))
    except READ_ERRORS as error:
        raise UsageError(f"{program}: its debug information cannot be read: {error}") from error


def placed(module: bytes, sections: Mapping[str, int]) -> bytes:
    """Return a kernel module, which is linked when it is loaded, as if it were linked for these addresses of sections.

    Only symbols are changed: debug information is relocated by them when it is read. Code in other sections counts as
    being where no kernel has any.
    """
    data = bytearray(module)
    elf = ELFFile(io.BytesIO(module))
    places = {
        index: sections.get(section.name, NOWHERE * (index + 1))
        for index, section in enumerate(elf.iter_sections())
        if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR
    }
    for table in elf.iter_sections():
        if not isinstance(table, SymbolTableSection):
            continue
        for number, symbol in enumerate(table.iter_symbols()):
            if (place := places.get(symbol["st_shndx"])) is not None:
                at = table["sh_offset"] + number * table["sh_entsize"]
                symbol.entry["st_value"] += place
                data[at : at + table["sh_entsize"]] = elf.structs.Elf_Sym.build(symbol.entry)
    return bytes(data)


def units_of(dwarf: Any, sources: Sequence[str]) -> Iterator[Any]:
    """Yield the compilation units that are made of one of these files, or of one in one of these folders."""
    for unit in dwarf.iter_CUs():
        if _wanted(_text(unit.get_top_DIE(), "DW_AT_name"), sources):
            yield unit


def symbols_of(elf: ELFFile) -> Iterator[Any]:
    """Yield the symbols of all tables."""
    for section in elf.iter_sections():
        if isinstance(section, SymbolTableSection):
            yield from section.iter_symbols()


def _wanted(path: str, sources: Sequence[str]) -> str:
    """Return the path from one of ``sources`` on, empty if none is in it."""
    for source in sources:
        if path.startswith(source):
            return path
        if (at := path.find(f"/{source}")) >= 0:
            return path[at + 1 :]
    return ""


class _Names(dict[int, str]):
    """The wanted files of a line program by their numbers there; empty for the others."""

    def __init__(self, program: Any, folder: str, sources: Sequence[str]) -> None:
        super().__init__()
        self._program, self._folder, self._sources = program, folder, sources

    def __missing__(self, number: int) -> str:
        self[number] = _wanted(_file(self._program, number, self._folder), self._sources)
        return self[number]


def _unit(program: Any, name_of: _Names, found: dict[str, SourceFile], starts: dict[int, tuple[str, int]]) -> None:
    """Add the lines of a compilation unit."""
    for start, end, number, line in _rows(program):
        if line and (name := name_of[number]):
            found[name].lines[line].append((start, end))
            starts.setdefault(start, (name, line))


def _inlined(dwarf: Any, unit: Any) -> Iterator[tuple[int, int, int, int]]:
    """Yield number of the file, line, address and end of each call in whose place the function itself was put."""
    for entry in unit.iter_DIEs():
        if entry.tag == "DW_TAG_inlined_subroutine" and "DW_AT_call_line" in entry.attributes:
            place = (entry.attributes["DW_AT_call_file"].value, entry.attributes["DW_AT_call_line"].value)
            yield from (place + range_ for range_ in _ranges(dwarf, unit, entry) if range_[0] not in LEFT_OUT)


def _ranges(dwarf: Any, unit: Any, entry: Any) -> Iterator[tuple[int, int]]:
    """Yield address and end of each piece of code that an entry is about."""
    low, high = entry.attributes.get("DW_AT_low_pc"), entry.attributes.get("DW_AT_high_pc")
    if low is not None and high is not None:
        yield low.value, high.value + (0 if high.form == "DW_FORM_addr" else low.value)
    elif (ranges := entry.attributes.get("DW_AT_ranges")) is not None:
        first = unit.get_top_DIE().attributes.get("DW_AT_low_pc")
        base = first.value if first is not None else 0
        for piece in dwarf.range_lists().get_range_list_at_offset(ranges.value, unit):
            if isinstance(piece, BaseAddressEntry):
                base = piece.base_address
            else:
                offset = 0 if piece.is_absolute else base
                yield piece.begin_offset + offset, piece.end_offset + offset


def _rows(program: Any) -> Iterator[tuple[int, int, int, int]]:
    """Yield address, end, number of the file, line.

    What the linker has left out is at address 0 (ld) or at the last one (lld).
    """
    previous, left_out = None, False
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if previous is None:
            left_out = state.address in LEFT_OUT
        elif state.address > previous.address and not left_out:
            yield previous.address, state.address, previous.file, previous.line
        previous = None if state.end_sequence else state


def _file(program: Any, number: int, folder: str) -> str:
    """Return the path of a file of a line program, by its number there."""
    header = program.header
    version5 = header["version"] >= 5
    entry = header["file_entry"][number if version5 else number - 1]
    folders = header["include_directory"]
    index = entry.dir_index
    parent = folders[index] if version5 else folders[index - 1] if index else folder.encode()
    return os.path.normpath(os.path.join(parent.decode(), entry.name.decode()))  # noqa: PTH118


def _text(entry: Any, name: str) -> str:
    attribute = entry.attributes.get(name)
    return attribute.value.decode() if attribute is not None else ""


def _functions(elf: ELFFile) -> Iterator[tuple[str, int]]:
    """Yield name and address of each function; bit 0 of an address says T32 on Arm."""
    for symbol in symbols_of(elf):
        if symbol["st_info"]["type"] == "STT_FUNC":
            yield symbol.name, symbol["st_value"] & ~(elf["e_machine"] == "EM_ARM")
