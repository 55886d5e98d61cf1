# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Parts of a set of tests, for several machines that share the work, and the order of each."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Shard:
    """One of several parts, counted from 1."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``I/N``; ``ValueError`` if it is none."""
        match = re.fullmatch(r"(\d+)/(\d+)", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise ValueError(f"shard {text!r}: I/N is expected, with I from 1 to N")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, names: Sequence[str], seconds: Mapping[str, float]) -> list[str]:
        """Return the names of this part, in their order. All parts together have each name once.

        The longest test goes first, each to the part that has the least to do. A test whose time is not known counts
        as the median of the others. The same input gives the same parts on every machine.
        """
        known = [seconds[name] for name in names if name in seconds]
        usual = statistics.median(known) if known else 1.0
        loads = [0.0] * self.count
        mine = set()
        for name in sorted(names, key=lambda name: (-seconds.get(name, usual), name)):
            part = loads.index(min(loads))
            loads[part] += seconds.get(name, usual)
            if part == self.index - 1:
                mine.add(name)
        return [name for name in names if name in mine]


def failed_first(names: Sequence[str], failed: Collection[str], workers: int = 1) -> list[str]:
    """Return all names, what failed before the others; of several workers each begins with its share of what failed.

    pytest-xdist's ``worksteal`` hands out the list in parts of equal length, one for each worker.
    """
    first = [name for name in names if name in failed]
    rest = [name for name in names if name not in failed]
    order: list[str] = []
    for left in range(workers, 0, -1):
        size = (len(names) - len(order)) // left
        share = min(math.ceil(len(first) / left), size)
        order += first[:share] + rest[: size - share]
        del first[:share], rest[: size - share]
    return order
