# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The lines in which software tells that it has failed, read from ``configs/bad-lines.toml``.

What runs on a core decides which tables apply: ``judging("linux")`` for a core that runs Linux, ``judging("remote")``
for any other, ``judging("qemu")`` for what QEMU itself prints.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ampstand.paths import CONFIGS
from ampstand.tomlfile import Table

BAD_LINES = CONFIGS / "bad-lines.toml"
SEVERITIES = ("fatal", "error", "warning")
"""The worst first."""
KINDS = ("linux", "remote", "qemu")
"""Whose lines a table may judge."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\x00")


@dataclass(frozen=True)
class BadLine:
    """One form of message; ``rank`` orders them, 0 is the worst."""

    system: str
    pattern: str
    severity: str
    source: str
    unless: str = ""
    examples: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()

    @property
    def rank(self) -> int:
        """Return 0 for what kills a core, more for what is less bad: the headline is the smallest of a run."""
        return SEVERITIES.index(self.severity)


def needed_words(pattern: str) -> frozenset[str]:
    """Return lower-case words of which every line that the pattern matches has one; empty if there are none.

    They decide on nearly every line without a regular expression: a hundred alternatives cost a hundred times more.
    """
    try:
        parser: Any = importlib.import_module("re._parser")
    except ImportError:  # no part of the public library; without it a search is right as well, and slower
        return frozenset()
    return _words(parser.parse(pattern))


def _words(tokens: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    best: frozenset[str] = frozenset()
    word = ""
    for operation, argument in [*tokens, ("END", None)]:
        name = str(operation)
        if name == "LITERAL":
            word += chr(argument).lower()
            continue
        best = max(best, frozenset({word} if word else ()), key=_worth)
        word = ""
        if name == "SUBPATTERN":
            best = max(best, _words(argument[-1]), key=_worth)
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] > 0:
            best = max(best, _words(argument[2]), key=_worth)
        elif name == "BRANCH":
            branches = [_words(branch) for branch in argument[1]]
            if all(branches):
                best = max(best, frozenset().union(*branches), key=_worth)
    return best


def _worth(words: frozenset[str]) -> int:
    return min(map(len, words), default=0)


@dataclass(frozen=True)
class _Matcher:
    """The entries of some systems, the worst first, and the words without which none of them matches."""

    words: tuple[str, ...]
    entries: tuple[tuple[re.Pattern[str], re.Pattern[str] | None, BadLine], ...]

    @classmethod
    def of(cls, lines: Sequence[BadLine]) -> _Matcher:
        words = [needed_words(line.pattern) for line in lines]
        every = frozenset().union(*words) if all(words) else frozenset({""})
        return cls(
            tuple(word for word in every if not any(other in word for other in every if other != word)),
            tuple(
                (re.compile(line.pattern), re.compile(line.unless) if line.unless else None, line)
                for line in sorted(lines, key=lambda line: line.rank)
            ),
        )

    def find(self, text: str) -> BadLine | None:
        lower = text.lower()
        if not any(word in lower for word in self.words):
            return None
        for pattern, unless, line in self.entries:
            if pattern.search(text) and not (unless is not None and unless.search(text)):
                return line
        return None


@dataclass(frozen=True)
class BadLines:
    """All tables of the file."""

    systems: Mapping[str, tuple[BadLine, ...]]
    titles: Mapping[str, str]
    judges: Mapping[str, tuple[str, ...]]
    _matchers: dict[tuple[str, ...], _Matcher] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def load(cls, path: Path = BAD_LINES) -> BadLines:
        """Read the tables; ``UsageError`` with file and line if one is not valid."""
        return _load(path)

    def judging(self, kind: str) -> tuple[str, ...]:
        """Return the systems whose tables apply to a core that runs "linux", to a "remote", or to "qemu"."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
        return tuple(system for system, kinds in self.judges.items() if kind in kinds)

    def find(self, systems: Sequence[str], line: str) -> BadLine | None:
        """Return the worst entry of these systems that a complete line matches; ``None`` if the line is harmless."""
        key = tuple(systems)
        matcher = self._matchers.get(key)
        if matcher is None:
            matcher = self._matchers[key] = _Matcher.of([entry for name in key for entry in self.systems[name]])
        return matcher.find(_ESCAPES.sub("", line))


@cache
def _load(path: Path) -> BadLines:
    systems: dict[str, tuple[BadLine, ...]] = {}
    titles: dict[str, str] = {}
    judges: dict[str, tuple[str, ...]] = {}
    for system, table in Table.load(path).named():
        titles[system] = table.text("title")
        judges[system] = table.choices("judges", KINDS)
        systems[system] = tuple(
            BadLine(
                system=system,
                pattern=entry.pattern("pattern"),
                severity=entry.choice("severity", SEVERITIES),
                source=entry.text("source"),
                unless=entry.pattern("unless", ""),
                examples=entry.texts("examples"),
                harmless=entry.texts("not", ()),
            )
            for entry in table.tables("lines")
        )
    return BadLines(systems, titles, judges)
