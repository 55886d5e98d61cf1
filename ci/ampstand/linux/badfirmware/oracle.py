# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which known bugs of Linux a file hits.

Followed: ``drivers/remoteproc/{remoteproc_elf_loader,remoteproc_core,stm32_rproc}.c`` in the Linux sources.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress

from ampstand.linux.badfirmware.cases import (
    CARVEOUT_FORMAT,
    CARVEOUT_LEAK,
    FEW_VRINGS,
    FILESZ_WRAPS,
    NAMES_PAST_END,
    PHDRS_PAST_END,
    SECOND_VDEV,
    VDEV_LEAK,
    VRING_ALIGN,
    VRING_ASYMMETRIC,
    Bug,
)
from ampstand.linux.badfirmware.generator import (
    _EHDR,
    _HEADER,
    _PHDR,
    _SHDR,
    _VDEV,
    ANY,
    PAGE,
    PT_LOAD,
    TABLE_SECTION,
    Target,
    Vring,
    _unpack,
)


class _Refused(Exception):
    """Linux refuses the file here."""


def known_bugs(data: bytes, target: Target) -> set[Bug]:
    """Return the known bugs of Linux that a file hits, by following ``rproc_fw_boot()`` through it.

    One may be named too many, when Linux refuses the file before it comes to that; none too few.
    """
    found: set[Bug] = set()
    with suppress(_Refused):
        _follow(data, target, found)
    return found


def _follow(data: bytes, target: Target, found: set[Bug]) -> None:
    if len(data) < 52 or data[:4] != b"\x7fELF" or data[4] not in (1, 2) or data[5] != 1:
        raise _Refused
    bits = 32 * data[4]
    ehdr_size, phdr_size, shdr_size = (struct.calcsize(layout[bits][0]) for layout in (_EHDR, _PHDR, _SHDR))
    if len(data) < ehdr_size:
        raise _Refused
    ehdr = _unpack(_EHDR[bits], data, 0)
    shdrs = max(ehdr["shnum"], ehdr["shstrndx"] + 1)
    if ehdr["shoff"] + shdr_size * shdrs > len(data) or ehdr["phnum"] == 0 or ehdr["phoff"] > len(data):
        raise _Refused
    sections = [_unpack(_SHDR[bits], data, ehdr["shoff"] + shdr_size * index) for index in range(shdrs)]
    found_table = _find_table(data, sections[: ehdr["shnum"]], sections[ehdr["shstrndx"]]["offset"], found)
    if found_table:
        _follow_table(found_table, target, found)
    if ehdr["phoff"] + phdr_size * ehdr["phnum"] > len(data):
        found.add(PHDRS_PAST_END)
        raise _Refused
    for index in range(ehdr["phnum"]):
        segment = _unpack(_PHDR[bits], data, ehdr["phoff"] + phdr_size * index)
        if segment["type"] == PT_LOAD and segment["memsz"] and segment["offset"] + segment["filesz"] >= 1 << 64:
            found.add(FILESZ_WRAPS)


def _find_table(data: bytes, sections: Sequence[dict[str, int]], names: int, found: set[Bug]) -> bytes:
    """Return the resource table that ``find_table()`` finds and accepts, else nothing."""
    wanted = TABLE_SECTION + b"\0"
    for section in sections:
        at = (names + section["name"]) % (1 << 32)
        name = data[at : at + len(wanted)]
        if len(name) < len(wanted) and wanted.startswith(name):
            found.add(NAMES_PAST_END)
            raise _Refused
        if name == wanted:
            table = data[section["offset"] : section["offset"] + section["size"]]
            whole = len(table) == section["size"] and len(table) >= _HEADER.size
            version, num, *reserved = _HEADER.unpack_from(table) if whole else (0, 0, 0, 0)
            good = version == 1 and not any(reserved) and _HEADER.size + 4 * num <= len(table)
            return table if good else b""
    return b""


def _follow_table(table: bytes, target: Target, found: set[Bug]) -> None:
    vdevs = 0
    num = _HEADER.unpack_from(table)[1]
    for (offset,) in struct.iter_unpack("<I", table[_HEADER.size : _HEADER.size + 4 * num]):
        if offset < _HEADER.size or offset + 4 > len(table):
            raise _Refused
        (kind,), rsc = struct.unpack_from("<I", table, offset), table[offset + 4 :]
        if kind == 0:
            _follow_carveout(rsc, target, found)
        elif kind == 1 or (kind == 2 and (len(rsc) < 44 or any(rsc[8:12]))):
            raise _Refused
        elif kind == 3:
            _follow_vdev(rsc, vdevs, target, found)
            vdevs += 1


def _follow_carveout(rsc: bytes, target: Target, found: set[Bug]) -> None:
    if len(rsc) < 52 or any(rsc[16:20]):
        raise _Refused
    name = rsc[20:].split(b"\0")[0]
    if b"%" in name:
        found.add(CARVEOUT_FORMAT)
    if name.decode("latin-1") not in target.regions:
        found.add(CARVEOUT_LEAK)


def _follow_vdev(rsc: bytes, index: int, target: Target, found: set[Bug]) -> None:
    count = rsc[21] if len(rsc) >= _VDEV.size else 0
    if _VDEV.size + 20 * count > len(rsc) or any(rsc[22:24]) or count > 2:
        raise _Refused
    if index:
        found.add(SECOND_VDEV)
    if count < 2:
        found.add(FEW_VRINGS)
    vrings = [Vring(*struct.unpack_from("<5I", rsc, _VDEV.size + 20 * number)) for number in range(count)]
    for number, vring in enumerate(vrings):
        region = target.regions[f"vdev0vring{number}"]
        size = -(-_vring_size(vring) // PAGE) * PAGE if vring.align else 0
        at = region.address if vring.da == ANY else vring.da
        if not vring.num or not vring.align or not 0 <= at - region.address <= region.size - size:
            found.add(VDEV_LEAK)
        elif vring.align & (vring.align - 1):
            found.add(VRING_ALIGN)
    if len({vring.num for vring in vrings}) > 1:
        found.add(VRING_ASYMMETRIC)


def _vring_size(vring: Vring) -> int:
    """Return what ``vring_size()`` returns on a 32-bit machine."""
    used = (18 * vring.num + 6 + vring.align - 1) & ~(vring.align - 1)
    return (used + 6 + 8 * vring.num) % (1 << 32)
