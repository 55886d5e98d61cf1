# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which known bugs of Linux a file hits.

Followed: ``drivers/remoteproc/{remoteproc_elf_loader,remoteproc_core,stm32_rproc}.c`` in the Linux sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from ampstand.formats import vring
from ampstand.formats.elf import BITS, CLASS, DATA, EHDR, MAGIC, PHDR, PT_LOAD, SHDR
from ampstand.formats.resource_table import ANY, VRINGS_MAX, Carveout, Devmem, Table, Vdev
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
from ampstand.linux.badfirmware.generator import PAGE, TABLE_SECTION, Target


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
    if len(data) < EHDR[32].size or data[:4] != MAGIC or data[CLASS] not in BITS or data[DATA] != 1:
        raise _Refused
    bits = BITS[data[CLASS]]
    if len(data) < EHDR[bits].size:
        raise _Refused
    ehdr = EHDR[bits].unpack(data, 0)
    shdrs = max(ehdr["shnum"], ehdr["shstrndx"] + 1)
    if ehdr["shoff"] + SHDR[bits].size * shdrs > len(data) or ehdr["phnum"] == 0 or ehdr["phoff"] > len(data):
        raise _Refused
    sections = [SHDR[bits].unpack(data, ehdr["shoff"] + SHDR[bits].size * index) for index in range(shdrs)]
    table = _find_table(data, sections[: ehdr["shnum"]], sections[ehdr["shstrndx"]]["offset"], found)
    _follow_table(table, target, found)
    if ehdr["phoff"] + PHDR[bits].size * ehdr["phnum"] > len(data):
        found.add(PHDRS_PAST_END)
        raise _Refused
    for index in range(ehdr["phnum"]):
        segment = PHDR[bits].unpack(data, ehdr["phoff"] + PHDR[bits].size * index)
        if segment["type"] == PT_LOAD and segment["memsz"] and segment["offset"] + segment["filesz"] >= 1 << 64:
            found.add(FILESZ_WRAPS)


def _find_table(data: bytes, sections: Sequence[dict[str, int]], names: int, found: set[Bug]) -> Table:
    """Return the resource table that ``find_table()`` finds."""
    wanted = TABLE_SECTION + b"\0"
    for section in sections:
        at = (names + section["name"]) % (1 << 32)
        name = data[at : at + len(wanted)]
        if len(name) < len(wanted) and wanted.startswith(name):
            found.add(NAMES_PAST_END)
            raise _Refused
        if name == wanted:
            return Table.parse(data[section["offset"] : section["offset"] + section["size"]], section["size"])
    return Table.parse(b"")


def _follow_table(table: Table, target: Target, found: set[Bug]) -> None:
    vdevs = 0
    for entry in table.entries:
        if entry.problem or isinstance(entry.body, Devmem):
            raise _Refused
        if isinstance(entry.body, Carveout):
            _follow_carveout(entry.body, target, found)
        elif isinstance(entry.body, Vdev):
            _follow_vdev(entry.body, vdevs, target, found)
            vdevs += 1


def _follow_carveout(carveout: Carveout, target: Target, found: set[Bug]) -> None:
    if b"%" in carveout.name:
        found.add(CARVEOUT_FORMAT)
    if carveout.name.decode("latin-1") not in target.regions:
        found.add(CARVEOUT_LEAK)


def _follow_vdev(vdev: Vdev, index: int, target: Target, found: set[Bug]) -> None:
    if index:
        found.add(SECOND_VDEV)
    if len(vdev.vrings) < VRINGS_MAX:
        found.add(FEW_VRINGS)
    for number, ring in enumerate(vdev.vrings):
        region = target.regions[f"vdev0vring{number}"]
        size = -(-vring.size(ring.num, ring.align) // PAGE) * PAGE if ring.align else 0
        at = region.address if ring.da == ANY else ring.da
        if not ring.num or not ring.align or not 0 <= at - region.address <= region.size - size:
            found.add(VDEV_LEAK)
        elif ring.align & (ring.align - 1):
            found.add(VRING_ALIGN)
    if len({ring.num for ring in vdev.vrings}) > 1:
        found.add(VRING_ASYMMETRIC)
