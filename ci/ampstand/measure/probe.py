# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Probes: programs of shell steps that the host runs by itself, and the figures that they yield (``tests/probes``).

``docs/measure.md`` has the keys of a probe's file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ampstand.board import Board, check_features
from ampstand.paths import ROOT
from ampstand.tomlfile import Table, did_you_mean

FOLDER = ROOT / "tests/probes"
REMOTE = "remote"
"""In place of a core's name: the remote, whatever the board calls it."""
RESET = "reset"
"""In place of a mark: nothing has been executed yet."""
FIRST_MARK = 16
"""``MARK_PROBE`` of ``firmware/include/ampstand/mark.h``."""
SYSTEMS = ("bare", "freertos")
_MARK = re.compile(r"\bmark ([a-z][a-z0-9-]*)")


@dataclass(frozen=True)
class Span:
    """What lies between two marks."""

    name: str
    begin: str
    """The first mark of this name, or ``RESET``."""
    end: str
    per: int
    """By what the figures are divided: so often the same is done."""
    each: bool
    """Whether it counts each time, and not only the first: then there are figures of one time, too."""
    messages: bool
    """Whether the tool in it marks each message: then there are figures of the messages, too."""


@dataclass(frozen=True)
class Counted:
    """Something that the host does, as functions of Linux that it calls then."""

    name: str
    symbols: tuple[str, ...]
    """Those that a kernel has are added up: the next one may call it something else."""


@dataclass(frozen=True)
class Value:
    """What the steps print, as ``value NAME NUMBER``: the figure is by how much the last is more than the first."""

    name: str
    unit: str
    per: int
    """By what the figure is divided."""


@dataclass(frozen=True)
class Expected:
    """A known-bad line that the probe provokes."""

    core: str
    """Its name, or ``REMOTE``."""
    pattern: str


@dataclass(frozen=True)
class Probe:
    """One probe."""

    name: str
    title: str
    steps: str
    image: str
    """Of the remote, without the name of the system; ``$IMAGE`` for the steps."""
    needs: tuple[str, ...]
    systems: tuple[str, ...]
    """Of the remote; the probe runs once with each."""
    preload: bool
    """Whether the remote runs before Linux does."""
    spans: tuple[Span, ...]
    counts: tuple[Counted, ...]
    values: tuple[Value, ...]
    expected: tuple[Expected, ...]
    seconds: float
    """Of the workstation's time that a run never needs."""

    @property
    def marks(self) -> tuple[str, ...]:
        """Names of the marks, in the order of their numbers."""
        return tuple(dict.fromkeys(_MARK.findall(self.steps)))

    def script(self, board: Board, system: str) -> bytes:
        """Return what init runs: the steps with ``$R`` (remoteproc's folder), ``$IMAGE``, and numbers for the marks."""
        numbers = {name: FIRST_MARK + index for index, name in enumerate(self.marks)}
        instance = board.remote.instance if board.remote is not None else ""
        lines = [
            "set -eu",
            "export PATH=/bin:/sbin:/usr/bin:/usr/sbin",
            f"IMAGE={self.image}-{system}",
            f"R=/sys/class/remoteproc/{instance}",
            _MARK.sub(lambda match: f"probe-mark {numbers[match[1]]}", self.steps),
        ]
        return ("\n".join(lines) + "\n").encode()


def load(path: Path) -> Probe:
    """Read a probe's file; ``UsageError`` with file and line for whatever is wrong in it."""
    with Table.load(path) as table:
        needs = table.texts("needs", ())
        for index, name in enumerate(needs):
            check_features([name], table.where("needs", index))
        systems = table.choices("systems", SYSTEMS) if table.has("systems") else SYSTEMS
        steps = table.text("steps")
        marks = tuple(dict.fromkeys(_MARK.findall(steps)))
        spans: list[Span] = []
        for entry in table.tables("span"):
            span = Span(
                name=entry.text("name"),
                begin=entry.text("from"),
                end=entry.text("to"),
                per=entry.integer("per", 1, minimum=1),
                each=entry.truth("each", default=False),
                messages=entry.truth("messages", default=False),
            )
            if span.each and (span.begin == RESET or span.per != 1 or span.messages):
                entry.refuse("each: not with from = 'reset', per or messages", "each")
            for key, mark, allowed in (("from", span.begin, (*marks, RESET)), ("to", span.end, marks)):
                if mark not in allowed:
                    entry.refuse(f"{key} = {mark!r}: {did_you_mean(mark, allowed)}", key)
            if span.name in [other.name for other in spans]:
                entry.refuse(f"there is a span {span.name!r} already", "name")
            spans.append(span)
        return Probe(
            name=path.stem,
            title=table.text("title"),
            steps=steps,
            image=table.text("image", ""),
            needs=needs,
            systems=systems,
            preload=table.truth("preload", default=False),
            spans=tuple(spans),
            counts=tuple(
                Counted(entry.text("name"), tuple(entry.texts("symbols"))) for entry in table.tables("count", ())
            ),
            values=tuple(
                Value(entry.text("name"), entry.text("unit"), entry.integer("per", 1, minimum=1))
                for entry in table.tables("value", ())
            ),
            expected=tuple(
                Expected(entry.text("core"), entry.pattern("pattern")) for entry in table.tables("expect", ())
            ),
            seconds=table.seconds("seconds", 300.0),
        )


def load_all(folder: Path = FOLDER) -> list[Probe]:
    """Return the probes of a folder, by their names."""
    return [load(path) for path in sorted(folder.glob("*.toml"))]
