# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The resource table: what firmware asks of the host. Layout: ``include/linux/rsc_table.h`` in the Linux sources.

A table is a header, the offset of each entry, and the entries: a type and what belongs to it, little-endian. Addresses
are the remote's ("device addresses"), sizes are bytes. Each kind of entry is a class that packs itself; ``table()``
puts entries together, ``Table.parse()`` takes any bytes apart and never fails: what is wrong is in ``problem``, in the
words of Linux's messages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from ampstand.formats.elf import Image

SECTION = ".resource_table"
SYMBOLS = (SECTION, "resource_table", "rsc_table", "resources")
"""What firmware calls its table, where it is in no section of its own: only the section counts for Linux."""
ANY = 0xFFFFFFFF
"""As an address: the host chooses."""
VERSION = 1
HEADER = struct.Struct("<4I")
"""Version, number of entries, two reserved words."""
WORD = struct.Struct("<I")
VENDOR = range(128, 513)
"""Types that a driver may know; remoteproc itself does not."""
VRINGS_MAX = 2
"""How many vrings remoteproc takes for one vdev."""
RPMSG = 7
"""Virtio device id of an rpmsg bus."""

Pair = tuple[int, int]


def _signed(word: int) -> int:
    """As Linux prints a word with %d."""
    return word - (word >> 31 << 32)


def _name(data: bytes) -> bytes:
    return data.split(b"\0", 1)[0]


@dataclass(frozen=True)
class Carveout:
    """Memory that the host allocates, or has reserved under this name."""

    KIND: ClassVar[int] = 0
    BODY: ClassVar[struct.Struct] = struct.Struct("<5I32s")
    name: bytes
    size: int
    da: int = ANY
    pa: int = ANY
    flags: int = 0
    reserved: int = 0

    def pack(self) -> bytes:
        """Return the entry, its type first."""
        return WORD.pack(self.KIND) + self.BODY.pack(self.da, self.pa, self.size, self.flags, self.reserved, self.name)

    @classmethod
    def unpack(cls, body: bytes) -> Carveout:
        """Read what follows the type."""
        da, pa, size, flags, reserved, name = cls.BODY.unpack_from(body)
        return cls(_name(name), size, da, pa, flags, reserved)


@dataclass(frozen=True)
class Devmem:
    """Peripherals to be mapped for a remote behind an IOMMU."""

    KIND: ClassVar[int] = 1
    BODY: ClassVar[struct.Struct] = struct.Struct("<5I32s")
    da: int
    pa: int
    size: int
    flags: int = 0
    reserved: int = 0
    name: bytes = b"devmem"

    def pack(self) -> bytes:
        """Return the entry, its type first."""
        return WORD.pack(self.KIND) + self.BODY.pack(self.da, self.pa, self.size, self.flags, self.reserved, self.name)

    @classmethod
    def unpack(cls, body: bytes) -> Devmem:
        """Read what follows the type."""
        da, pa, size, flags, reserved, name = cls.BODY.unpack_from(body)
        return cls(da, pa, size, flags, reserved, _name(name))


@dataclass(frozen=True)
class Trace:
    """A buffer that the firmware writes its log to."""

    KIND: ClassVar[int] = 2
    BODY: ClassVar[struct.Struct] = struct.Struct("<3I32s")
    da: int
    size: int
    reserved: int = 0
    name: bytes = b"trace0"

    def pack(self) -> bytes:
        """Return the entry, its type first."""
        return WORD.pack(self.KIND) + self.BODY.pack(self.da, self.size, self.reserved, self.name)

    @classmethod
    def unpack(cls, body: bytes) -> Trace:
        """Read what follows the type."""
        da, size, reserved, name = cls.BODY.unpack_from(body)
        return cls(da, size, reserved, _name(name))


@dataclass(frozen=True)
class Vring:
    """One vring of a vdev entry."""

    BODY: ClassVar[struct.Struct] = struct.Struct("<5I")
    da: int = ANY
    align: int = 16
    num: int = 16
    notifyid: int = 0
    pa: int = 0

    def pack(self) -> bytes:
        """Return the 20 bytes."""
        return self.BODY.pack(self.da, self.align, self.num, self.notifyid, self.pa)


@dataclass(frozen=True)
class Vdev:
    """A virtio device; an rpmsg bus with name service unless ``device`` and ``dfeatures`` say otherwise."""

    KIND: ClassVar[int] = 3
    BODY: ClassVar[struct.Struct] = struct.Struct("<5I4B")
    vrings: tuple[Vring, ...] = ()
    device: int = RPMSG
    dfeatures: int = 0x20000001
    gfeatures: int = 0
    config_len: int = 0
    status: int = 0
    count: int | None = None
    """What is written as the number of vrings; None for the true one."""
    reserved: Pair = (0, 0)
    notifyid: int = 0

    def pack(self) -> bytes:
        """Return the entry, its type first; without its configuration space."""
        count = len(self.vrings) if self.count is None else self.count
        words = self.device, self.notifyid, self.dfeatures, self.gfeatures, self.config_len
        body = self.BODY.pack(*words, self.status, count, *self.reserved)
        return WORD.pack(self.KIND) + body + b"".join(vring.pack() for vring in self.vrings)

    @classmethod
    def unpack(cls, body: bytes) -> Vdev:
        """Read what follows the type; vrings as far as they are there."""
        device, notifyid, dfeatures, gfeatures, config, status, count, *reserved = cls.BODY.unpack_from(body)
        here = min(count, (len(body) - cls.BODY.size) // Vring.BODY.size)
        at = (cls.BODY.size + number * Vring.BODY.size for number in range(here))
        vrings = tuple(Vring(*Vring.BODY.unpack_from(body, offset)) for offset in at)
        first, second = reserved
        return cls(vrings, device, dfeatures, gfeatures, config, status, count, (first, second), notifyid)

    @property
    def size(self) -> int:
        """Bytes behind the type, with vrings and configuration space as the entry counts them."""
        count = len(self.vrings) if self.count is None else self.count
        return self.BODY.size + count * Vring.BODY.size + self.config_len


Body = Carveout | Devmem | Trace | Vdev
B = TypeVar("B", Carveout, Devmem, Trace, Vdev)
_KINDS: dict[int, type[Body]] = {kind.KIND: kind for kind in (Carveout, Devmem, Trace, Vdev)}
_NAMES = {0: "carveout", 1: "devmem", 2: "trace", 3: "vdev"}


def entry(kind: int, payload: bytes = b"") -> bytes:
    """Return an entry of any type."""
    return WORD.pack(kind) + payload


def table(
    *entries: Body | bytes,
    version: int = VERSION,
    num: int | None = None,
    reserved: Pair = (0, 0),
    offsets: Sequence[int] | None = None,
) -> bytes:
    """Return a resource table. ``num`` and ``offsets`` replace what is true."""
    packed = [item if isinstance(item, bytes) else item.pack() for item in entries]
    found = []
    at = HEADER.size + WORD.size * len(packed)
    for item in packed:
        found.append(at)
        at += len(item)
    header = HEADER.pack(version, len(packed) if num is None else num, *reserved)
    places = found if offsets is None else offsets
    return header + struct.pack(f"<{len(places)}I", *places) + b"".join(packed)


@dataclass(frozen=True)
class Entry:
    """One entry as it was found: the table's offset of it, its type, and what it says, if remoteproc knows the type."""

    offset: int
    kind: int
    body: Body | None = None
    problem: str = ""
    """Why Linux refuses the entry, and with it the start."""

    @property
    def title(self) -> str:
        """What the type is called."""
        return _NAMES.get(self.kind) or ("vendor" if self.kind in VENDOR else "unknown")

    @property
    def note(self) -> str:
        """What Linux says of an entry that it passes over."""
        if self.kind in _KINDS or self.problem:
            return ""
        return f"unsupported {'vendor ' if self.kind in VENDOR else ''}resource {_signed(self.kind)}"


@dataclass(frozen=True)
class Table:
    """A resource table taken apart."""

    size: int
    version: int = 0
    num: int = 0
    reserved: Pair = (0, 0)
    entries: tuple[Entry, ...] = field(default=())
    problem: str = ""
    """Why Linux does not take the bytes for a resource table at all; there are no entries then."""

    @classmethod
    def parse(cls, data: bytes, declared: int | None = None) -> Table:
        """Take a table apart: ``data`` is what there is of it, ``declared`` the size that its section claims."""
        if declared is not None and declared > len(data):
            return cls(len(data), problem="resource table truncated")
        if len(data) < HEADER.size:
            return cls(len(data), problem="header-less resource table")
        version, num, *words = HEADER.unpack_from(data)
        reserved = (words[0], words[1])
        problem = ""
        if version != VERSION:
            problem = f"unsupported fw ver: {_signed(version)}"
        elif any(reserved):
            problem = "non zero reserved bytes"
        elif HEADER.size + WORD.size * num > len(data):
            problem = "resource table incomplete"
        entries = () if problem else tuple(_entry(data, at) for at in _offsets(data, num))
        return cls(len(data), version, num, reserved, entries, problem)

    def all(self, kind: type[B]) -> list[B]:
        """Return the entries of one kind."""
        return [found.body for found in self.entries if isinstance(found.body, kind)]


def _offsets(data: bytes, num: int) -> Iterator[int]:
    for (offset,) in WORD.iter_unpack(data[HEADER.size : HEADER.size + WORD.size * num]):
        yield offset


def _entry(data: bytes, offset: int) -> Entry:
    if offset < HEADER.size or offset + WORD.size > len(data):
        return Entry(offset, -1, problem="rsc table is truncated")
    (kind,), rest = WORD.unpack_from(data, offset), data[offset + WORD.size :]
    form = _KINDS.get(kind)
    if form is None:
        return Entry(offset, kind)
    cut = f"{_NAMES[kind]} rsc is truncated"
    if len(rest) < form.BODY.size:
        return Entry(offset, kind, problem=cut)
    body = form.unpack(rest)
    problem = ""
    if isinstance(body, Vdev):
        if body.size > len(rest):
            problem = cut
        elif not any(body.reserved) and (body.count or 0) > VRINGS_MAX:
            problem = f"too many vrings: {body.count}"
    if not problem and any((body.reserved,) if isinstance(body.reserved, int) else body.reserved):
        problem = f"{_NAMES[kind]} rsc has non zero reserved bytes"
    return Entry(offset, kind, body, problem)


@dataclass(frozen=True)
class Located:
    """The resource table of an ELF file."""

    address: int
    data: bytes
    """As much as the file has."""
    table: Table
    section: bool
    """Whether Linux finds it: by the name of its section. Else a symbol says where it is."""


def locate(image: Image) -> Located | None:
    """Find an image's resource table; None if nothing in the file tells of one."""
    section = image.section(SECTION)
    if section is not None:
        return Located(section.address, section.data, Table.parse(section.data, section.size), True)
    symbol = image.symbol(*SYMBOLS)
    if symbol is None:
        return None
    address, size = symbol
    data = image.memory(address, size)
    table = Table.parse(data)
    return None if table.problem else Located(address, data, table, False)
