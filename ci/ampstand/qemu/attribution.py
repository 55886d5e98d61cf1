# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which image of the remote's it was whose code was executed, by the code itself.

Images come and go at the same addresses, and whoever starts one need not tell the harness. But of what was executed the
order is known, and what was in memory there. From one start of the core to the next it is one image that runs: the one
that has all of that. A start is seen where a block of instructions is at an address at which images begin: it is logged
anew after each load, which has overwritten it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self

from ampstand.board import RemoteCore
from ampstand.formats.elf import Image
from ampstand.formats.resource_table import locate

Ranges = list[tuple[int, int]]
"""Ranges of addresses in their order, none of which touches another; the end is excluded."""


@dataclass(frozen=True)
class Page:
    """What was in memory somewhere."""

    address: int
    content: bytes


@dataclass(frozen=True)
class Block:
    """Instructions that were executed one after the other."""

    address: int
    size: int
    pages: tuple[Page, ...]
    """Where they are, as memory was then."""

    @property
    def end(self) -> int:
        """Where the next instruction is."""
        return self.address + self.size


@dataclass(frozen=True)
class Part:
    """What an image has in memory."""

    address: int
    data: bytes
    kept: bool
    """Whether it is the same as long as the image runs."""

    def differs(self, page: Page, start: int, end: int) -> bool:
        """Whether it has something else than a page from address ``start`` on, before ``end``, where both are."""
        start = max(start, page.address, self.address)
        end = min(end, page.address + len(page.content), self.address + len(self.data))
        ours = self.data[start - self.address : end - self.address]
        return start < end and ours != page.content[start - page.address : end - page.address]


@dataclass(frozen=True, eq=False)
class Firmware:
    """An image that the remote may have executed."""

    path: Path
    sha256: str
    start: int | None
    """Address of the first instruction; None where the image does not say."""
    parts: tuple[Part, ...]

    @classmethod
    def read(cls, path: Path, remote: RemoteCore) -> Self:
        """Read an ELF file; ``OSError`` if that cannot be, ``NotElfError`` if it is none."""
        data = path.read_bytes()
        image = Image.read(data)
        start: int | None = remote.vectors
        if remote.profile == "M":
            entry = image.memory(remote.vectors + 4, 4)
            start = int.from_bytes(entry, "little") & ~1 if len(entry) == 4 else None
        return cls(path, hashlib.sha256(data).hexdigest(), start, tuple(_parts(image)))

    def has(self, block: Block) -> bool:
        """Whether it has these instructions, and nothing else than what was in memory beside them."""
        instructions = all(page.content for page in block.pages) and any(
            part.address <= block.address
            and block.end <= part.address + len(part.data)
            and not any(part.differs(page, block.address, block.end) for page in block.pages)
            for part in self.parts
        )
        return instructions and not any(
            part.kept and part.differs(page, page.address, page.address + len(page.content))
            for part in self.parts
            for page in block.pages
        )


def _parts(image: Image) -> Iterator[Part]:
    """Yield what an image has in memory: where it is loaded to, and where it is linked for.

    What can be written may change, and so may what the image copies elsewhere by itself, and its resource table, which
    Linux writes into.
    """
    table = locate(image)
    for segment in image.segments:
        data, address = segment.data, segment.paddr
        kept = "w" not in segment.rights and address == segment.vaddr
        for at in {address, segment.vaddr}:
            yield Part(at, data, kept and table is None)
        if kept and table is not None:
            first, last = (
                min(max(at - address, 0), len(data)) for at in (table.address, table.address + len(table.data))
            )
            yield Part(address, data[:first], True)
            yield Part(address + last, data[last:], True)


@dataclass
class Attributed:
    """What was executed, by image."""

    images: dict[Firmware, Ranges] = field(default_factory=dict)
    unknown: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    """What was executed of an image that cannot be told, by address and end, with the names of those that it may have
    been; of none that is known, if there are none."""


def attribute(blocks: Iterable[Block], images: Sequence[Firmware]) -> Attributed:
    """Tell to which image each of these blocks belongs, which were executed in this order.

    Of images that load the same code the first is named.
    """
    distinct = list({image.parts: image for image in reversed(images)}.values())[::-1]
    found = Attributed()
    executed: dict[Firmware, set[tuple[int, int]]] = {}
    for life, candidates in _lives(blocks, distinct):
        if len(candidates) == 1:
            (image,) = candidates
            executed.setdefault(image, set()).update((block.address, block.end) for block in life)
        else:
            names = sorted(image.path.name for image in candidates)
            found.unknown.update(((block.address, block.end), names) for block in life)
    found.images = {image: merged(executed[image]) for image in distinct if image in executed}
    return found


def _lives(blocks: Iterable[Block], images: Sequence[Firmware]) -> Iterator[tuple[list[Block], frozenset[Firmware]]]:
    """Yield what was executed from one start to the next, and the images that have all of it."""
    starts = {image.start for image in images}

    @cache
    def having(block: Block) -> frozenset[Firmware]:
        return frozenset(image for image in images if image.has(block))

    life: list[Block] = []
    candidates = everything = frozenset(images)
    for block in blocks:
        if life and block.address in starts:
            yield life, candidates
            life, candidates = [], everything
        life.append(block)
        candidates &= having(block)
    if life:
        yield life, candidates


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Put ranges of addresses in order, and those that touch together."""
    found: Ranges = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
