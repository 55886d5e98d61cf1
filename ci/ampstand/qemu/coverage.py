# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which instructions each core has executed: what the plugin ``hw/plugin/cover.c`` records while a machine runs.

A file of it (``coverage`` in a scenario's records) is a line of JSON and, compressed by zlib, the bitmaps of its
``spans`` one after the other. The line also has ``modules``: of Linux's by name, where
their sections with code are; ``images``: what each remote executed of each image, as ranges of addresses; ``unknown``,
blocks of instructions of which the image is not known; and ``lost``, the number of those that came when the log was
full.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from ampstand.board import Board, RemoteCore
from ampstand.build.arch import arch
from ampstand.errors import UsageError
from ampstand.formats.elf import NotElfError
from ampstand.qemu.attribution import Block, Firmware, Page, Ranges, attribute

FILE = "coverage"
SCHEMA = 3
_PAGE = 4096
# LOG_SIZE, LogHead (of the first log: wanted; turn, used, lost) and LogEntry (address, size, is_page) of cover.c in
# hw/plugin.
_LOG_SIZE = 64 << 20
_LOG_HEAD = struct.Struct("=IIQQ")
_LOG_ENTRY = struct.Struct("=QII")


@dataclass(frozen=True)
class Span:
    """A range of a core's addresses, and the vCPUs that are this core, both included."""

    core: str
    first: int
    last: int
    address: int
    size: int

    @property
    def bytes(self) -> int:
        """Size of its bitmap, one bit for each halfword, in whole pages."""
        return -(-self.size // (16 * _PAGE)) * _PAGE

    def __str__(self) -> str:
        """Return it as the plugin takes it."""
        return f"{self.first}:{self.last}:{self.address:#x}:{self.size:#x}"


def spans(board: Board) -> list[Span]:
    """Return where Linux's code is on a board."""
    return [Span(board.shell.core, 0, board.host_cpus - 1, *arch(board.kernel_arch).code)]


@dataclass(frozen=True)
class Ran:
    """What a remote executed of an image."""

    core: str
    path: Path
    """Where the ELF file was."""
    sha256: str
    """Of the file."""
    code: Ranges

    def any(self, start: int, end: int) -> bool:
        """Whether anything was executed from address ``start`` on, before ``end``."""
        after = bisect_right(self.code, (start, start))
        return any(first < end and start < last for first, last in self.code[max(0, after - 1) : after + 1])


@dataclass(frozen=True)
class Unknown:
    """A block of instructions that was executed of an image that is not known."""

    address: int
    size: int
    images: tuple[str, ...]
    """Names of those that it may have been; none if no image that is known has its code."""


class Executed:
    """What was executed."""

    def __init__(
        self,
        spans: Sequence[Span],
        bits: bytes,
        images: Sequence[Ran] = (),
        unknown: Sequence[Unknown] = (),
        lost: int = 0,
        modules: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        """Take the bitmaps of spans, one after the other, and what is known of the remotes."""
        self._maps: list[tuple[Span, bytes]] = []
        self.images = list(images)
        self.unknown = list(unknown)
        self.lost = lost
        """How many blocks of remotes are not recorded since there were too many."""
        self.modules = dict(modules or {})
        """Those that Linux had in the end: by name and section its address."""
        at = 0
        for span in spans:
            self._maps.append((span, bits[at : at + span.bytes]))
            at += span.bytes

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file that ``Live.save()`` wrote."""
        head, _, data = path.read_bytes().partition(b"\n")
        try:
            known = json.loads(head)
            if known["schema"] != SCHEMA:
                raise ValueError(f"schema {known['schema']}, not {SCHEMA}")
            return cls(
                [Span(**span) for span in known["spans"]],
                zlib.decompress(data),
                [
                    Ran(ran["core"], Path(ran["path"]), ran["sha256"], [(start, end) for start, end in ran["code"]])
                    for ran in known["images"]
                ],
                [Unknown(address, size, tuple(images)) for address, size, images in known["unknown"]],
                known["lost"],
                known["modules"],
            )
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            raise UsageError(f"{path} is no record of coverage: {error}") from error

    @property
    def cores(self) -> list[str]:
        """Names of the cores with a bitmap, Linux's first."""
        return list(dict.fromkeys(span.core for span, _ in self._maps))

    def any(self, core: str, start: int, end: int) -> bool:
        """Whether a core with a bitmap has executed anything from address ``start`` on, before ``end``."""
        for span, bits in self._maps:
            if span.core == core and span.address <= start and end <= span.address + span.size:
                first, last = (start - span.address) // 2, -(-(end - span.address) // 2)
                part = int.from_bytes(bits[first // 8 : -(-last // 8)], "little")
                return bool(part >> first % 8 & ((1 << (last - first)) - 1))
        return False


class Live:
    """What a machine that runs has executed so far."""

    def __init__(self, spans: Iterable[Span], remotes: Iterable[RemoteCore] = (), images: Iterable[Path] = ()) -> None:
        """Describe a file that is not there yet. ``images``: see ``may_run()``."""
        self.spans = list(spans)
        self._logs = [_Log(remote) for remote in remotes]
        self._map: mmap.mmap | None = None
        self._path = Path()
        self._bitmaps = sum(span.bytes for span in self.spans)
        for image in images:
            self.may_run(image)

    def may_run(self, image: Path) -> None:
        """Take a file that a remote may execute from now on; what is no ELF file is never started.

        ``UsageError`` if it cannot be read.
        """
        with suppress(NotElfError):
            try:
                for log in self._logs:
                    log.images.append(Firmware.read(image, log.remote))
            except OSError as error:
                raise UsageError(f"cannot read firmware {image}: {error}") from error

    def open(self, path: Path) -> None:
        """Make the file that the plugin writes; it may be removed while it is in use."""
        self._path = path
        with path.open("wb+") as file:
            file.truncate(self._bitmaps + (len(self._logs) * _LOG_SIZE or _PAGE))
            self._map = mmap.mmap(file.fileno(), 0)

    def argument(self, plugins: Path) -> str:
        """Return the argument of QEMU's ``-plugin``."""
        ranges = [f"range={span}" for span in self.spans]
        for remote in (log.remote for log in self._logs):
            memory = (*remote.windows, *remote.aliases)
            ranges += [f"log={Span(remote.core, remote.cpu, remote.cpu, part.remote, part.size)}" for part in memory]
        return ",".join([str(plugins / "cover.so"), f"out={self._path}", *ranges])

    def clear(self) -> None:
        """Begin anew."""
        if self._map is None:
            return
        self._map[: self._bitmaps] = bytes(self._bitmaps)
        wanted, *_ = _LOG_HEAD.unpack_from(self._map, self._bitmaps)
        struct.pack_into("=I", self._map, self._bitmaps, wanted + 1)

    def so_far(self) -> bytes:
        """Return what Linux's cores have executed, for ``go_on()`` of a machine that goes on from there."""
        return zlib.compress(self._map[: self._bitmaps], 1) if self._map is not None else b""

    def go_on(self, so_far: bytes) -> None:
        """Count what another machine had executed as this one's; before it runs."""
        if self._map is not None:
            self._map[: self._bitmaps] = zlib.decompress(so_far)

    def save(self, path: Path, modules: Mapping[str, Mapping[str, int]] | None = None) -> None:
        """Write what was executed since the last ``clear()``; nothing if the machine never ran.

        ``modules``: of those that Linux has, by name and section its address.
        """
        if self._map is None:
            return
        images: list[dict[str, object]] = []
        unknown: list[tuple[int, int, list[str]]] = []
        wanted, *_ = _LOG_HEAD.unpack_from(self._map, self._bitmaps)
        lost = 0
        for number, log in enumerate(self._logs):
            blocks, without_room = log.read(self._map, self._bitmaps + number * _LOG_SIZE, wanted)
            lost += without_room
            found = attribute(blocks, log.images)
            images += [
                {"core": log.remote.core, "path": str(image.path.absolute()), "sha256": image.sha256, "code": code}
                for image, code in found.images.items()
            ]
            unknown += [(start, end - start, names) for (start, end), names in found.unknown.items()]
        head = {
            "schema": SCHEMA,
            "spans": [asdict(span) for span in self.spans],
            "modules": modules or {},
            "images": images,
            "unknown": unknown,
            "lost": lost,
        }
        path.write_bytes(json.dumps(head).encode() + b"\n" + zlib.compress(self._map[: self._bitmaps], 1))


@dataclass
class _Log:
    """What the plugin logs of a remote."""

    remote: RemoteCore
    images: list[Firmware] = field(default_factory=list)
    """Those that it may have executed."""

    def read(self, data: mmap.mmap, at: int, wanted: int) -> tuple[Iterator[Block], int]:
        """Return the blocks of the log that is in ``data`` from ``at`` on, and how many found no room there."""
        _, turn, used, lost = _LOG_HEAD.unpack_from(data, at)
        start = at + _LOG_HEAD.size
        return (_blocks(data[start : start + used]), lost) if turn == wanted else (iter(()), 0)


def _blocks(entries: bytes) -> Iterator[Block]:
    """Yield the blocks of instructions in a log."""
    pages: dict[int, Page] = {}
    at = 0
    while at < len(entries):
        address, size, is_page = _LOG_ENTRY.unpack_from(entries, at)
        at += _LOG_ENTRY.size
        if is_page:
            pages[address] = Page(address, entries[at : at + size])
            at += size
        else:
            around = range(address // _PAGE * _PAGE, address + size, _PAGE)
            yield Block(address, size, tuple(pages[page] for page in around))
