# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What becomes of a firmware file, told without running it.

``linux()`` follows a file through ``rproc_fw_boot()`` as Linux does, in the order in which it looks at things, and
gives its messages: ``drivers/remoteproc/{remoteproc_elf_loader,remoteproc_core,stm32_rproc}.c``. ``boot_loader()`` asks
what loads an image before Linux runs, ``core()`` whether the remote can run it at all; Linux asks neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ampstand.board import Region, RemoteCore
from ampstand.formats import vring
from ampstand.formats.elf import BITS, CLASS, DATA, EHDR, ET_EXEC, MAGIC, PHDR, PT_LOAD, SHDR, Image
from ampstand.formats.resource_table import ANY, SECTION, VRINGS_MAX, Carveout, Devmem, Located, Table, Vdev

PAGE = 4096
CRASH_REPORT = 128
"""Type of the vendor's resource that ``xlnx_r5_remoteproc`` has taken for its own."""
BUFFERS = "vdev0buffer"
"""The carveout that the driver never maps: nothing can be loaded into it."""
NO_TABLE = "no resource table found for this firmware"
_WORD, _SIGN, _LONG = 1 << 32, 1 << 31, 1 << 64
_MEMORY = 1 << 30
"""Bytes: no board can give a carveout of this size."""


class Effect(Enum):
    """What comes of a finding."""

    REFUSED = "refused"
    """The start fails. It is the last finding: nothing behind it is looked at."""
    WARNED = "warned"
    """Something of the file has no effect."""
    BUG = "bug"
    """Linux itself misbehaves; ``Finding.bug`` is the name in docs/known-kernel-issues.md."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a file, and what comes of it; the message is Linux's own where it has one."""

    effect: Effect
    message: str
    bug: str = ""


class _Refused(Exception):
    """The start fails here; the argument is the message."""


def refused(findings: Sequence[Finding]) -> str:
    """Return why a file is refused; empty if it is not."""
    return next((finding.message for finding in findings if finding.effect == Effect.REFUSED), "")


def linux(data: bytes, regions: Mapping[str, Region], bits: int, *, unchecked: bool = False) -> list[Finding]:
    """Return what Linux has to say about a file. ``regions`` are the carveouts of the board's device tree, by name.

    ``bits`` are those of a pointer of this Linux.

    ``unchecked`` asks for a kernel with the bug ``section-headers-unchecked``: one looks for the first section header
    only. Of bugs one may be named too many, when Linux refuses the file just before; none too few.
    """
    found: list[Finding] = []
    try:
        for finding in _follow(data, regions, 1 << bits, unchecked=unchecked):
            found.append(finding)
    except _Refused as refusal:
        found.append(Finding(Effect.REFUSED, str(refusal)))
    return found


def _bug(name: str, message: str) -> Finding:
    return Finding(Effect.BUG, message, name)


def _warned(message: str) -> Finding:
    return Finding(Effect.WARNED, message)


def _follow(data: bytes, regions: Mapping[str, Region], wrap: int, *, unchecked: bool) -> Iterator[Finding]:
    bits, ehdr = _sanity(data, unchecked=unchecked)
    shdrs = max(ehdr["shnum"], ehdr["shstrndx"] + 1)
    if ehdr["shoff"] + SHDR[bits].size * shdrs > len(data):
        yield _bug("section-headers-unchecked", "Linux reads section headers behind the end of the file")
        raise _Refused("the section headers are behind the end of the file")
    sections = [SHDR[bits].unpack(data, ehdr["shoff"] + SHDR[bits].size * index) for index in range(shdrs)]
    names = sections[ehdr["shstrndx"]]["offset"]
    memory = {name: region for name, region in regions.items() if name != BUFFERS}
    row = yield from _find_table(data, sections[: ehdr["shnum"]], names, wrap)
    if row is None:
        yield _warned(NO_TABLE)
    else:
        table = Table.parse(data[row["offset"] : row["offset"] + row["size"]], row["size"])
        if table.problem:
            yield _warned(table.problem)
            yield _warned(NO_TABLE)
        yield from _follow_table(table, regions, memory)
        if not table.problem and not _fits(row["addr"], row["size"], memory, wrap):
            yield _warned(
                f"the table's address {row['addr']:#x} is in no carveout: the remote never sees Linux's answer"
            )
    yield from _follow_segments(data, bits, ehdr, memory, wrap)
    if row is not None and not table.problem and _overwrites(data, bits, ehdr, row):
        yield _bug("table-shown", f"Linux writes the table over what is loaded at {row['addr']:#x}, and trusts it")


def _sanity(data: bytes, *, unchecked: bool) -> tuple[int, dict[str, Any]]:
    """``rproc_elf_sanity_check()``; return the class in bits, and the header."""
    if not data:
        raise _Refused("Direct firmware load of an empty file failed with error -22")
    if len(data) < EHDR[32].size:
        raise _Refused("Image is too small")
    if data[: len(MAGIC)] != MAGIC:
        raise _Refused("Image is corrupted (bad magic)")
    if data[CLASS] not in BITS:
        raise _Refused(f"Unsupported class: {data[CLASS]}")
    bits = BITS[data[CLASS]]
    if len(data) < EHDR[bits].size:
        raise _Refused("elf64 header is too small")
    if data[DATA] != 1:
        raise _Refused("Unsupported firmware endianness")
    ehdr = EHDR[bits].unpack(data, 0)
    start, size = ehdr["shoff"], SHDR[bits].size
    if unchecked:
        if (start + size) % _LONG > len(data):
            raise _Refused("Image is too small")
    elif start > len(data):
        raise _Refused("Section header table is out of bounds")
    elif ehdr["shnum"] and start + size * ehdr["shnum"] > len(data):
        raise _Refused("Section headers are out of bounds")
    elif start + size * (ehdr["shstrndx"] + 1) > len(data):
        raise _Refused("Image is too small")
    if ehdr["phnum"] == 0:
        raise _Refused("No loadable segments")
    if ehdr["phoff"] > len(data):
        raise _Refused("Firmware size is too small")
    return bits, ehdr


def _find_table(
    data: bytes, sections: Sequence[Mapping[str, int]], names: int, wrap: int
) -> Iterator[Finding] | Any:  # a generator that returns the header of the section, or None
    """``find_table()``: it compares names wherever they are."""
    wanted = SECTION.encode() + b"\0"
    for section in sections:
        at = (names + section["name"]) % wrap
        name = data[at : at + len(wanted)]
        if len(name) < len(wanted) and wanted.startswith(name):
            yield _bug("names-past-end", "Linux reads the name of a section behind the end of the file")
            raise _Refused("the name of a section is behind the end of the file")
        if name == wanted:
            return section
    return None


def _follow_table(table: Table, regions: Mapping[str, Region], memory: dict[str, Region]) -> Iterator[Finding]:
    """``rproc_handle_resources()`` and the allocation of carveouts, which are added to ``memory``."""
    vdevs, claimed, allocated = 0, set[str](), list[Carveout]()
    for entry in table.entries:
        if entry.problem:
            raise _Refused(entry.problem)
        if isinstance(entry.body, Devmem):
            raise _Refused("Failed to process resources: -22: a devmem entry needs an IOMMU")
        if isinstance(entry.body, Carveout):
            name = entry.body.name.decode("latin-1")
            if b"%" in entry.body.name:
                yield _bug("carveout-format", f"Linux takes the carveout's name {name!r} for a format")
            if name in regions:
                _claim(entry.body, regions[name], name, claimed)
            else:
                allocated.append(entry.body)
        elif isinstance(entry.body, Vdev):
            yield from _follow_vdev(entry.body, vdevs, regions)
            vdevs += 1
        elif entry.note:
            if entry.kind == CRASH_REPORT:
                yield _bug(
                    "zynqmp-crash-report", f"{entry.note}, or a crash report: then Linux writes to it, mapped or not"
                )
            yield _warned(entry.note)
    for carveout in allocated:
        name = carveout.name.decode("latin-1")
        if not carveout.size or carveout.size >= _MEMORY:
            raise _Refused(f"failed to allocate dma memory: len {carveout.size:#x} for carveout {name!r}")
        yield _bug("carveout-leak", f"the mapping of carveout {name!r} is not undone after the stop")
        memory[f"{name}, of the table"] = Region(carveout.da, carveout.size)


def _claim(carveout: Carveout, region: Region, name: str, claimed: set[str]) -> None:
    """``rproc_handle_carveout()`` for a carveout that the device tree has."""
    if name in claimed:
        raise _Refused("Carveout already associated to resource table")
    claimed.add(name)
    delta = (carveout.da - region.address) % _WORD
    if carveout.size > region.size:
        raise _Refused("Registered carveout doesn't fit len request")
    if carveout.da != ANY and delta >= _SIGN:
        raise _Refused("Registered carveout doesn't fit da request")
    if carveout.da != ANY and (delta + carveout.size) % _WORD > region.size:
        raise _Refused("Registered carveout doesn't fit len request")


def _follow_vdev(vdev: Vdev, index: int, regions: Mapping[str, Region]) -> Iterator[Finding]:
    if index:
        yield _bug("second-vdev", "the driver has mailbox channels for one vdev only")
    if len(vdev.vrings) < VRINGS_MAX:
        yield _bug("few-vrings", f"Linux takes {VRINGS_MAX} vrings for granted, the vdev has {len(vdev.vrings)}")
    for number, ring in enumerate(vdev.vrings):
        name = f"vdev{index}vring{number}"
        region = regions.get(name, regions.get(f"vdev0vring{number}", Region(0, 0)))
        size = -(-vring.size(ring.num, ring.align) // PAGE) * PAGE if ring.align else 0
        at = region.address if ring.da == ANY else ring.da
        if not ring.num or not ring.align or not 0 <= at - region.address <= region.size - size:
            yield _bug("vdev-leak", f"vring {number} ({ring.num} entries) does not fit {name}: no channel, and a leak")
        elif ring.align & (ring.align - 1):
            yield _bug("vring-align", f"the alignment of vring {number}, {ring.align}, is no power of two")
    if len({ring.num for ring in vdev.vrings}) > 1:
        yield _bug("vring-asymmetric", "Linux wants both vrings of one size")


def _follow_segments(
    data: bytes, bits: int, ehdr: Mapping[str, int], memory: Mapping[str, Region], wrap: int
) -> Iterator[Finding]:
    """``rproc_elf_load_segments()``."""
    if ehdr["phoff"] + PHDR[bits].size * ehdr["phnum"] > len(data):
        yield _bug("phdrs-past-end", "Linux reads program headers behind the end of the file")
        raise _Refused("the program headers are behind the end of the file")
    loaded = 0
    for index in range(ehdr["phnum"]):
        phdr = PHDR[bits].unpack(data, ehdr["phoff"] + PHDR[bits].size * index)
        address, size, there, offset = (phdr[name] for name in ("paddr", "memsz", "filesz", "offset"))
        if phdr["type"] != PT_LOAD or not size:
            continue
        loaded += 1
        if there > size:
            raise _Refused(f"bad phdr filesz {there:#x} memsz {size:#x}")
        if offset + there >= _LONG:
            yield _bug("elf64-filesz-wraps", "Linux loads a segment from before the file")
            raise _Refused("a segment is before the file")
        if offset + there > len(data):
            raise _Refused(f"truncated fw: need {offset + there:#x} avail {len(data):#x}")
        if size >= wrap:
            raise _Refused(f"size ({size:x}) does not fit in size_t type")
        if not _fits(address, size, memory, wrap):
            raise _Refused(f"bad phdr da {address:#x} mem {size:#x}")
    if not loaded:
        yield _warned("nothing is loaded: the remote runs what is in its memory already")


def _overwrites(data: bytes, bits: int, ehdr: Mapping[str, int], section: Mapping[str, int]) -> bool:
    """Return whether a section's address is that of something else that is loaded."""
    size = PHDR[bits].size
    for at in range(ehdr["phoff"], min(ehdr["phoff"] + size * ehdr["phnum"], len(data) - size + 1), size):
        phdr = PHDR[bits].unpack(data, at)
        shift = section["addr"] - phdr["paddr"]
        if phdr["type"] == PT_LOAD and -section["size"] < shift < phdr["memsz"]:
            loaded = data[phdr["offset"] + shift : phdr["offset"] + phdr["filesz"]][: section["size"]]
            if shift < 0 or loaded != data[section["offset"] : section["offset"] + section["size"]]:
                return True
    return False


def _fits(address: int, size: int, memory: Mapping[str, Region], wrap: int) -> bool:
    """``rproc_da_to_va()``: the offset is an ``int``, its sum with the size a ``size_t`` that wraps."""
    for region in memory.values():
        offset = (address - region.address) % _WORD
        if offset < _SIGN and (offset + size) % wrap <= region.size:
            return True
    return False


def boot_loader(image: Image, table: Located | None, remote: RemoteCore) -> str:
    """Return why the machine does not load an image before Linux runs (``m4-firmware``); empty if it does."""
    if (image.bits, image.big, image.header["machine"]) != (32, False, remote.elf_machine):
        return "it is no 32-bit little-endian file for this core"
    if image.header["type"] != ET_EXEC:
        return "it is no executable"
    if image.problems:
        return image.problems[0]
    ranges = [(f"segment {index}", s.paddr, s.memsz) for index, s in enumerate(image.segments) if s.memsz]
    if not ranges:
        return "nothing is to be loaded"
    if table is not None and table.section and not table.table.problem:
        ranges.append((f"section {SECTION}", table.address, len(table.data)))
    for what, address, size in ranges:
        if size and remote.reach(address, size) is None:
            return f"{what}: {size:#x} bytes at {address:#x} are not RAM of the remote core"
    for index, segment in enumerate(image.segments):
        if segment.memsz and (segment.filesz > segment.memsz or len(segment.data) < segment.filesz):
            return f"segment {index}: its {segment.filesz:#x} bytes are not all in the file"
    return ""


def core(image: Image, remote: RemoteCore) -> list[str]:
    """Return why the remote cannot run an image, whoever loads it."""
    if image.header["machine"] != remote.elf_machine or image.bits != 32 or image.big:
        order = "big-endian " if image.big else ""
        return [f"it is {image.bits}-bit {order}code for {image.machine}"]
    if image.profile and image.profile != remote.profile:
        return [f"it was built for Arm profile {image.profile}, {remote.core} has profile {remote.profile}"]
    return _vectors(image, remote) if remote.profile == "M" else []


def _vectors(image: Image, remote: RemoteCore) -> list[str]:
    """Look at what an M-profile core reads at reset: its stack pointer and its first address."""
    words = image.memory(remote.vectors, 8)
    if len(words) < 8:
        return [f"nothing is loaded at {remote.vectors:#x}, where {remote.core} finds its vectors"]
    stack, start = (int.from_bytes(words[at : at + 4], "little") for at in (0, 4))
    if not start & 1:
        return [f"the reset vector {start:#x} has no Thumb bit: {remote.core} ends in a fault at once"]
    if remote.reach(start & ~1, 2) is None:
        return [f"the reset vector {start:#x} leads out of the memory of {remote.core}"]
    if not image.memory(start & ~1, 2):
        return [f"nothing is loaded where the reset vector {start:#x} leads"]
    if remote.reach(stack - 4, 4) is None:
        return [f"the first stack pointer {stack:#x} leads out of the memory of {remote.core}"]
    return []
