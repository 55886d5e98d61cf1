# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Where a test goes another way through Linux than it did without a change.

A red test says what went wrong in the end. Which lines it executed on both sides says in which functions it began.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ampstand.mutation.source import functions, parse
from ampstand.report.lcov import Covered, Lines

SHOWN = 12
"""As many functions of a test are told; the JSON has all."""


@dataclass(frozen=True)
class Detour:
    """A function in which a test goes another way; lines are those of the file as the change leaves it."""

    file: str
    function: str
    without: list[int]
    """Lines that are executed only without the change."""
    with_change: list[int]
    """Lines that are executed only with it."""
    entered: bool
    """Whether the test comes through the function on both sides."""
    text: str
    """The first line of ``with_change``; of ``without`` if there is none."""

    def __str__(self) -> str:
        lost, new = (", ".join(_ranges(lines)) for lines in (self.without, self.with_change))
        ways = [*([f"no longer {lost}"] if lost else []), *([f"now {new}"] if new else [])]
        return f"{self.function}() in {self.file}: {', '.join(ways)}: {self.text}"


def detours(files: Mapping[str, tuple[str, str]], before: Covered, after: Covered) -> list[Detour]:
    """Return the functions of C that one test goes through in another way, those first that it enters on both sides.

    Of these, those of files that are changed come first. ``files`` are the texts before and after by path. Only lines
    count that the change leaves as they are and that are compiled on both sides: of others it is told elsewhere whether
    they are executed.
    """
    found = []
    for path in sorted(files.keys() & before.lines.keys() & after.lines.keys()):
        old, new = files[path]
        place = _places(old, new)
        was = {place[line]: hit for line, hit in before.lines[path].items() if line in place}
        found += list(_of_file(path, new, was, after.lines[path]))
    unchanged = {path for path, (old, new) in files.items() if old == new}
    return sorted(found, key=lambda one: (not one.entered, one.file in unchanged))


def _of_file(path: str, text: str, was: Lines, now: Lines) -> Iterator[Detour]:
    lines = text.splitlines()
    for name, node in functions(parse(text.encode())):
        known = [
            line for line in range(node.start_point.row + 1, node.end_point.row + 2) if line in was and line in now
        ]
        lost = [line for line in known if was[line] and not now[line]]
        new = [line for line in known if now[line] and not was[line]]
        if lost or new:
            entered = any(was[line] for line in known) and any(now[line] for line in known)
            yield Detour(path, name, lost, new, entered, lines[(new or lost)[0] - 1].strip())


def _places(before: str, after: str) -> dict[int, int]:
    """Return by number of a line that stays as it is its number after the change."""
    if before == after:
        return {line: line for line in range(1, before.count("\n") + 2)}
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return {old + line + 1: new + line + 1 for old, new, size in matcher.get_matching_blocks() for line in range(size)}


def _ranges(numbers: Sequence[int]) -> Iterator[str]:
    """Yield runs of consecutive numbers."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        first, *rest = [number for _, number in run]
        yield f"{first}-{rest[-1]}" if rest else str(first)


def tell(found: Iterable[Detour]) -> list[str]:
    """Return a line about each that the test enters on both sides, and one about the others: these come of those."""
    known = list(found)
    lines = list(_some([str(one) for one in known if one.entered], "and {} more functions"))
    for title, others in (
        ("no longer entered", [one for one in known if not one.entered and one.without]),
        ("entered now", [one for one in known if not one.entered and not one.without]),
    ):
        if others:
            lines.append(f"{title}: {', '.join(_some([f'{one.function}()' for one in others], 'and {} more'))}")
    return lines


def _some(lines: Sequence[str], more: str) -> Iterator[str]:
    """Yield the first, and how many more there are."""
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield more.format(len(lines) - SHOWN)
