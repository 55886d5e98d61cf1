# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote's trace, read from its memory: so that the host's console stays free, and also where no host runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from ampstand.board import RemoteCore
from ampstand.errors import UsageError
from ampstand.formats.elf import Image, NotElfError
from ampstand.formats.resource_table import Located, Table, Trace, locate
from ampstand.formats.trace import BUFFER_SYMBOLS, Follower
from ampstand.qemu.machine import Machine

SIZE_MAX = 1 << 20
"""Bytes of a trace buffer that are read: the resource table may claim anything."""


@cache
def _known(image: Path, _changed: int, _size: int) -> tuple[Located | None, tuple[int, int] | None]:
    """Return where an image has its resource table, and a buffer that a symbol tells of; read once, not for each boot.

    Time and size of the file are part of the question: a file that has changed is read again.
    """
    elf = Image.read(image.read_bytes())
    return locate(elf), elf.symbol(*BUFFER_SYMBOLS)


class TraceReader:
    """Follows the traces of whichever known image runs.

    The resource table in memory says where they are: the images only tell where to look for one. Where an image has no
    trace entry, a symbol may tell of its buffer.
    """

    def __init__(self, machine: Machine, remote: RemoteCore, images: Iterable[Path]) -> None:
        """``images`` are ELF files; ``UsageError`` if one cannot be read."""
        self._machine = machine
        self._remote = remote
        self._tables: dict[int, int] = {}
        self._fixed: set[tuple[int, int]] = set()
        for image in images:
            try:
                state = image.stat()
                found, symbol = _known(image, state.st_mtime_ns, state.st_size)
            except (OSError, NotElfError) as error:
                raise UsageError(f"cannot read firmware {image}: {error}") from error
            if found is not None and not found.table.problem:
                where = remote.reach(found.address, len(found.data))
                if where is not None:
                    self._tables[where] = max(self._tables.get(where, 0), len(found.data))
            if symbol is not None and not (found and found.table.all(Trace)):
                size = min(symbol[1], SIZE_MAX)
                if size and (where := remote.reach(symbol[0], size)) is not None:
                    self._fixed.add((where, size))
        self._followers: dict[tuple[int, int], Follower] = {}
        self._partial = ""
        self.lines: list[str] = []
        """Every complete line so far."""

    def poll(self) -> str:
        """Return what has been added to the traces since the last call; a restarted remote's trace begins anew."""
        text = "".join(
            self._followers.setdefault((address, size), Follower()).added(self._machine.read_memory(address, size))
            for address, size in dict.fromkeys(self._buffers())
        )
        *new, self._partial = (self._partial + text).split("\n")
        self.lines += new
        return text

    def tables(self) -> Iterator[Table]:
        """Yield what is in memory where the images have their resource tables."""
        for address, size in self._tables.items():
            yield Table.parse(self._machine.read_memory(address, size))

    def _buffers(self) -> Iterator[tuple[int, int]]:
        """Yield the host's address and the size of each trace buffer that a symbol, or a table in memory, names."""
        yield from self._fixed
        for trace in (trace for table in self.tables() for trace in table.all(Trace)):
            length = min(trace.size, SIZE_MAX)
            where = self._remote.reach(trace.da, length)
            if length and where is not None:
                yield where, length


def follow_traces(machine: Machine, images: Iterable[Path]) -> list[TraceReader]:
    """Record the trace of each remote of a machine that is not started yet; ``images`` are what they may run.

    Return what follows them, in the order of the board's remotes.
    """
    known = list(images)
    readers = []
    for remote in machine.board.remotes:
        reader = TraceReader(machine, remote, known)
        machine.follow(remote.core, f"{remote.core}-trace", reader.poll)
        readers.append(reader)
    return readers
