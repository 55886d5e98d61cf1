# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What parts of a program take: its sections, functions and objects, and the types of its debug information."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from ampstand.errors import UsageError
from ampstand.formats.lines import symbols_of, units_of

TYPES = {"DW_TAG_structure_type": "struct", "DW_TAG_union_type": "union"}


def read(program: Path, units: Sequence[str]) -> dict[str, int]:
    """Return bytes by what takes them: ``section .text``, ``function main``, ``object table``, ``struct device``.

    Functions and objects of one name are added up: static ones of different files. Types are those that the code knows
    which was compiled from the files or folders ``units``.
    """
    found: Counter[str] = Counter()
    try:
        with program.open("rb") as file:
            elf = ELFFile(file)
            for name, size in (*_sections(elf), *_symbols(elf)):
                found[name] += size
            if units and elf.has_dwarf_info():
                found.update(dict(_types(elf, units)))
    except ELFError as error:
        raise UsageError(f"{program}: {error}") from error
    return dict(found)


def _steady(name: str) -> str:
    """Return a symbol's name without the line of the source that Linux puts into that of an initcall."""
    return re.sub(r"(?<=_)\d+(?=_)", "N", name) if name.startswith("__initcall__") else name


def _sections(elf: ELFFile) -> Iterator[tuple[str, int]]:
    for section in elf.iter_sections():
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC:
            yield f"section {section.name}", section["sh_size"]


def _symbols(elf: ELFFile) -> Iterator[tuple[str, int]]:
    kinds = {"STT_FUNC": "function", "STT_OBJECT": "object"}
    for symbol in symbols_of(elf):
        kind = kinds.get(symbol["st_info"]["type"])
        if kind and symbol["st_size"]:
            yield f"{kind} {_steady(symbol.name)}", symbol["st_size"]


def _types(elf: ELFFile, units: Sequence[str]) -> Iterator[tuple[str, int]]:
    for unit in units_of(elf.get_dwarf_info(), units):
        for entry in unit.iter_DIEs():
            name, size = entry.attributes.get("DW_AT_name"), entry.attributes.get("DW_AT_byte_size")
            if entry.tag in TYPES and name is not None and size is not None:
                yield f"{TYPES[entry.tag]} {name.value.decode()}", size.value
