# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A disk with partitions that have names (GPT): chapter 5 of the UEFI specification."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
ALIGN = 2048
"""Sectors: where partitions begin, as every tool has it."""
LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
"""Type of a partition: a file system of Linux's, or what nobody else is to touch."""
BOOTABLE = 1 << 2
"""Attribute "Legacy BIOS bootable": U-Boot looks for what it boots there."""
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_ENTRIES = 128
_TABLE = _ENTRIES * _ENTRY.size // SECTOR
_REVISION = 0x00010000


@dataclass(frozen=True)
class Partition:
    """A partition, and what it begins with."""

    name: str
    content: bytes | Path
    size: int
    """In bytes; at least those of the content."""
    kind: uuid.UUID = LINUX
    attributes: int = 0


def write(path: Path, partitions: Sequence[Partition], size: int) -> None:
    """Write a disk of ``size`` bytes with these partitions in their order, the same one each time."""
    sectors, first, entries = size // SECTOR, ALIGN, b""
    with path.open("wb") as file:
        file.truncate(sectors * SECTOR)
        for part in partitions:
            count = -(-part.size // SECTOR)
            data = part.content if isinstance(part.content, bytes) else part.content.read_bytes()
            if len(data) > part.size:
                raise ValueError(f"partition {part.name}: {len(data)} bytes do not go into {part.size}")
            entries += _ENTRY.pack(
                part.kind.bytes_le, _identity(part.name), first, first + count - 1, part.attributes,
                part.name.encode("utf-16-le"),
            )  # fmt: skip
            file.seek(first * SECTOR)
            file.write(data)
            first += -(-count // ALIGN) * ALIGN
        if first > sectors - _TABLE - 1:
            raise ValueError(f"the partitions do not go into {size} bytes")
        table = entries.ljust(_TABLE * SECTOR, b"\0")
        file.seek(0)
        file.write(_protective(sectors) + _header(table, sectors, 1, sectors - 1, 2) + table)
        file.seek((sectors - 1 - _TABLE) * SECTOR)
        file.write(table + _header(table, sectors, sectors - 1, 1, sectors - 1 - _TABLE))


def place(disk: bytes, name: str) -> int:
    """Return where a partition of a disk begins, in bytes; ``KeyError`` if there is none of that name."""
    for number in range(_ENTRIES):
        _, _, first, _, _, text = _ENTRY.unpack_from(disk, 2 * SECTOR + number * _ENTRY.size)
        if text.decode("utf-16-le").rstrip("\0") == name:
            return int(first) * SECTOR
    raise KeyError(name)


def _identity(name: str) -> bytes:
    """Return the unique number of a disk or a partition, which is the same for the same name."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"ampstand:{name}").bytes_le


def _header(table: bytes, sectors: int, own: int, other: int, entries: int) -> bytes:
    """Return the sector ``own`` that says where the table is; its copy is in the sector ``other``."""
    usable = (2 + _TABLE, sectors - 2 - _TABLE)
    fields = (own, other, *usable, _identity("disk"), entries, _ENTRIES, _ENTRY.size, zlib.crc32(table))
    unsummed = _HEADER.pack(b"EFI PART", _REVISION, _HEADER.size, 0, 0, *fields)
    summed = _HEADER.pack(b"EFI PART", _REVISION, _HEADER.size, zlib.crc32(unsummed), 0, *fields)
    return summed.ljust(SECTOR, b"\0")


def _protective(sectors: int) -> bytes:
    """Return the first sector: for tools that know no GPT, a partition over everything."""
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, min(sectors - 1, 0xFFFFFFFF))
    return (bytes(446) + entry).ljust(SECTOR - 2, b"\0") + b"\x55\xaa"
