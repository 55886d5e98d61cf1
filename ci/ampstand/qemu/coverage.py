# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which instructions each core has executed: what the plugin ``hw/plugin/cover.c`` marks while a machine runs.

A file of it (``coverage`` in a scenario's records) is a line of JSON, with ``schema`` and ``spans``, and the bitmaps of
these one after the other, compressed by zlib.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from ampstand.board import Board
from ampstand.errors import UsageError

FILE = "coverage"
SCHEMA = 1
KERNEL = {"arm": (0xBF000000, 0x03000000)}
"""By architecture: where Linux's code is with modules below it, as address and size (``arch/arm/include/asm/memory.h``,
MODULES_VADDR to PAGE_OFFSET and on). No program of a user is there."""
_PAGE = 4096


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


def spans(board: Board) -> list[Span]:
    """Return where a board's cores have code: Linux's, and all memory of the remote."""
    if board.kernel_arch not in KERNEL:
        raise UsageError(f"coverage: it is not known where Linux's code is on {board.kernel_arch}")
    found = [Span(board.shell.core, 0, board.host_cpus - 1, *KERNEL[board.kernel_arch])]
    if (remote := board.remote) is not None:
        windows = (*remote.windows, *remote.aliases)
        found += [Span(remote.core, remote.cpu, remote.cpu, window.remote, window.size) for window in windows]
    return found


class Executed:
    """What was executed."""

    def __init__(self, spans: Sequence[Span], bits: bytes) -> None:
        """Take the bitmaps of spans, one after the other."""
        self._maps: list[tuple[Span, bytes]] = []
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
            return cls([Span(**span) for span in known["spans"]], zlib.decompress(data))
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            raise UsageError(f"{path} is no record of coverage: {error}") from error

    @property
    def cores(self) -> list[str]:
        """Names of the cores, Linux's first."""
        return list(dict.fromkeys(span.core for span, _ in self._maps))

    def any(self, core: str, start: int, end: int) -> bool:
        """Whether a core has executed anything from address ``start`` on, before ``end``."""
        for span, bits in self._maps:
            if span.core == core and span.address <= start and end <= span.address + span.size:
                first, last = (start - span.address) // 2, -(-(end - span.address) // 2)
                part = int.from_bytes(bits[first // 8 : -(-last // 8)], "little")
                return bool(part >> first % 8 & ((1 << (last - first)) - 1))
        return False


class Live:
    """What a machine that runs has executed so far."""

    def __init__(self, spans: Iterable[Span]) -> None:
        """Describe a file that is not there yet."""
        self.spans = list(spans)
        self._map: mmap.mmap | None = None
        self._path = Path()

    def open(self, path: Path) -> None:
        """Make the file that the plugin marks in; it may be removed while it is in use."""
        self._path = path
        with path.open("wb+") as file:
            file.truncate(sum(span.bytes for span in self.spans))
            self._map = mmap.mmap(file.fileno(), 0)

    def argument(self, plugins: Path) -> str:
        """Return the argument of QEMU's ``-plugin``."""
        ranges = [f"range={span.first}:{span.last}:{span.address:#x}:{span.size:#x}" for span in self.spans]
        return ",".join([str(plugins / "cover.so"), f"out={self._path}", *ranges])

    def clear(self) -> None:
        """Begin anew."""
        if self._map is not None:
            self._map[:] = bytes(len(self._map))

    def save(self, path: Path) -> None:
        """Write what was executed since the last ``clear()``; nothing if the machine never ran."""
        if self._map is None:
            return
        head = json.dumps({"schema": SCHEMA, "spans": [asdict(span) for span in self.spans]})
        path.write_bytes(head.encode() + b"\n" + zlib.compress(self._map[:], 1))
