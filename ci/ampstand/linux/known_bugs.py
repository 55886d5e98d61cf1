# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Bugs of Linux that are known, and what else differs between its versions: data, read from ``configs``.

``known-kernel-bugs.toml`` has one entry a bug, ``kernel-behaviours.toml`` one a behaviour. Nothing else in this project
asks for the version of a kernel.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ampstand.board import Board
from ampstand.build import device_tree
from ampstand.errors import UsageError
from ampstand.paths import CONFIGS, ROOT
from ampstand.qemu.machine import Machine
from ampstand.qemu.recording import Expectation
from ampstand.tomlfile import Table, did_you_mean

BUGS = CONFIGS / "known-kernel-bugs.toml"
BEHAVIOURS = CONFIGS / "kernel-behaviours.toml"
PAGE = ROOT / "docs/known-kernel-issues.md"
_VERSION = re.compile(r"^\d+\.\d+(\.\d+)?$")


def version_of(release: str) -> tuple[int, ...]:
    """Return the numbers of a release (``5.10.118-name``), empty when it has none."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release)
    return tuple(int(part) for part in match.groups() if part) if match else ()


@dataclass(frozen=True)
class Kernel:
    """A kernel as a board runs it."""

    release: str
    drivers: frozenset[str] = frozenset()
    """Those of the board's own hardware."""
    arch: str = ""
    """Linux's name for it; empty where nobody knows."""

    @classmethod
    def of(cls, machine: Machine) -> Kernel:
        """Return the kernel of a machine."""
        return cls.on(machine.board, machine.artifacts.kernel_release)

    @classmethod
    def on(cls, board: Board, release: str = "") -> Kernel:
        """Return a kernel of a board; without a release it is any."""
        return cls(release, board.drivers, board.kernel_arch)


@dataclass(frozen=True)
class Range:
    """Versions from one on, to another inclusive; an empty bound is none. ``5.10`` as upper bound is all of 5.10."""

    first: str = ""
    last: str = ""

    def holds(self, release: str) -> bool:
        """Return whether a kernel is in the range; one whose version nobody knows is in every range."""
        version, first, last = version_of(release), version_of(self.first), version_of(self.last)
        if not version:
            return True
        return (not first or version >= first) and (not last or version[: len(last)] <= last)

    def __str__(self) -> str:
        if self.first and self.last:
            return f"{self.first} to {self.last}" if self.first != self.last else self.first
        return f"since {self.first}" if self.first else f"up to {self.last}" if self.last else "every version"


@dataclass(frozen=True)
class Evidence:
    """A line that shows the bug."""

    core: str
    """The core that says it: ``host``, or that of the remote."""
    pattern: str


@dataclass(frozen=True)
class TreeValue:
    """A 32-bit cell of a device tree's property."""

    node: str
    property: str
    cell: int
    value: int

    def there(self, dtb: Path) -> bool:
        """Return whether a device tree has it."""
        cells = device_tree.cells(dtb, self.node, self.property)
        return self.cell < len(cells) and cells[self.cell] == self.value


@dataclass(frozen=True)
class KnownBug:
    """One bug."""

    id: str
    title: str
    driver: str
    hardware: bool
    """Whether it is the driver of hardware that not every board has."""
    range: Range
    fix: str
    """Version or commit that fixes it, empty while there is none."""
    evidence: tuple[Evidence, ...]
    behaviour: str
    """What a scenario sees in place of a line, or beside it."""
    chance: bool
    """It depends on a race: that it does not show says nothing."""
    fatal: bool
    """Linux does not survive it."""
    anchor: str
    """Of the section in ``docs/known-kernel-issues.md``."""
    where: str
    """``FILE:LINE``."""
    unanswered: str = ""
    """The core that lets an interrupt of the mailbox stand: where it does, any scenario that fails has met the bug."""
    anywhere: bool = False
    """Linux dies of it by chance: where the evidence is in its last words, any scenario that fails has met the bug."""
    tree: TreeValue | None = None
    """What a device tree with the bug has."""
    arch: str = ""
    """The only architecture that has it; empty: all have."""

    def inside(self, kernel: Kernel) -> bool:
        """Return whether a kernel is one of those that have the bug, as far as is known."""
        if self.hardware and self.driver not in kernel.drivers:
            return False
        return self.range.holds(kernel.release) and (not kernel.arch or self.arch in ("", kernel.arch))

    def reason(self, detail: str = "") -> str:
        """Return what a scenario that met the bug says of it."""
        return f"known bug {self.id}: {self.title}{f' ({detail})' if detail else ''}"

    def found(self, core: str, text: str) -> bool:
        """Return whether a line of a core is evidence of the bug."""
        return any(entry.core == core and re.search(entry.pattern, text) for entry in self.evidence)


@dataclass(frozen=True)
class Behaviour:
    """One thing that kernels do in different ways, all of them right."""

    id: str
    why: str
    values: tuple[tuple[Range, str, int | str], ...]
    """For a range of versions, and where it is one driver that does so, that driver."""


def load(path: Path = BUGS) -> dict[str, KnownBug]:
    """Return the bugs of a file by id; ``UsageError`` with file and line for whatever is wrong in it."""
    bugs: dict[str, KnownBug] = {}
    with Table.load(path) as top:
        for table in top.tables("bug"):
            evidence = []
            for entry in table.tables("evidence", ()):
                evidence.append(Evidence(entry.text("core", "host"), entry.pattern("pattern")))
            bug = KnownBug(
                id=table.text("id"),
                title=table.text("title"),
                driver=table.text("driver"),
                hardware=table.truth("hardware", default=False),
                range=_range(table),
                fix=table.text("fix", ""),
                evidence=tuple(evidence),
                behaviour=table.text("behaviour", ""),
                chance=table.choice("shows", ("always", "by chance"), "always") == "by chance",
                fatal=table.choice("effect", ("fatal", "not fatal"), "not fatal") == "fatal",
                anchor=table.text("anchor"),
                where=table.where("id"),
                unanswered=table.text("unanswered", ""),
                anywhere=table.truth("anywhere", default=False),
                tree=_tree(table.table("device_tree")) if table.has("device_tree") else None,
                arch=table.text("arch", ""),
            )
            if bug.id in bugs:
                table.refuse(f"there is a bug {bug.id!r} already", "id")
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", bug.id):
                table.refuse(f"id = {bug.id!r}: small letters, digits and hyphens are expected", "id")
            if bug.anywhere and not (bug.evidence and bug.chance and bug.fatal):
                table.refuse(
                    f"{bug.id}: what shows anywhere is fatal, shows by chance, and has an evidence", "anywhere"
                )
            if not bug.evidence and not bug.behaviour:
                table.refuse(f"{bug.id}: an evidence or a behaviour is expected", "id")
            bugs[bug.id] = bug
    return bugs


def behaviours(path: Path = BEHAVIOURS) -> dict[str, Behaviour]:
    """Return the behaviours of a file by id."""
    found: dict[str, Behaviour] = {}
    with Table.load(path) as top:
        for table in top.tables("behaviour"):
            values = tuple((_range(e), e.text("driver", ""), e.scalar("value")) for e in table.tables("is"))
            one = Behaviour(table.text("id"), table.text("why"), values)
            if one.id in found:
                table.refuse(f"there is a behaviour {one.id!r} already", "id")
            found[one.id] = one
    return found


def behaviour(name: str, kernel: Kernel) -> int | str:
    """Return what a kernel does: the first value whose range of versions it is in, and whose driver it has."""
    one = _all_behaviours().get(name)
    if one is None:
        raise UsageError(f"no behaviour {name!r} in {BEHAVIOURS}: {did_you_mean(name, list(_all_behaviours()))}")
    for within, driver, value in one.values:
        if within.holds(kernel.release) and (not driver or driver in kernel.drivers):
            return value
    raise UsageError(f"{BEHAVIOURS}: behaviour {name!r} has no value for Linux {kernel.release} on this board")


def bug(name: str) -> KnownBug:
    """Return the bug with this id."""
    if name not in _all_bugs():
        raise UsageError(f"no bug {name!r} in {BUGS}: {did_you_mean(name, list(_all_bugs()))}")
    return _all_bugs()[name]


def behind(machine: Machine) -> KnownBug | None:
    """Return the bug that is behind whatever a scenario missed: one that any can meet, and this machine has."""
    waiting, kernel = machine.unanswered(), Kernel.of(machine)
    for one in _all_bugs().values():
        meant = one.unanswered in waiting and one.inside(kernel)
        if meant and (one.tree is None or one.tree.there(machine.artifacts.dtb)):
            return one
    return None


def killer(kernel: Kernel, words: Sequence[tuple[str, str]]) -> KnownBug | None:
    """Return the bug that Linux died of, if any scenario can meet it; ``words`` begin with the first bad line."""
    for one in _all_bugs().values():
        if one.anywhere and one.inside(kernel) and any(one.found(core, text) for core, text in words):
            return one
    return None


def accept(machine: Machine, one: KnownBug) -> list[Expectation]:
    """Let a machine say what is the evidence of a bug, if its kernel has the bug; return what is awaited."""
    if not one.inside(Kernel.of(machine)):
        return []
    reason = f"known bug {one.id}: {one.title}"
    return [machine.tolerate_bad(entry.pattern, reason, entry.core) for entry in one.evidence]


def excuse(machine: Machine) -> dict[KnownBug, list[Expectation]]:
    """Let a machine show any bug that its kernel has and survives: for who steers it by hand, and looks for others."""
    kernel = Kernel.of(machine)
    return {one: accept(machine, one) for one in _all_bugs().values() if not one.fatal and one.inside(kernel)}


def met(excused: Mapping[KnownBug, Sequence[Expectation]]) -> list[str]:
    """Return what to say of the bugs of ``excuse()`` that have shown."""
    return [one.reason() for one, lines in excused.items() if any(line.seen for line in lines)]


def anchors(page: str) -> set[str]:
    """Return the anchors that a viewer of a Markdown page makes of its headings."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-"))
    return found


def _tree(table: Table) -> TreeValue:
    with table:
        return TreeValue(table.text("node"), table.text("property"), table.integer("cell"), table.integer("value"))


def _range(table: Table) -> Range:
    bounds = {}
    for key in ("from", "to"):
        bounds[key] = table.text(key, "")
        if bounds[key] and not _VERSION.match(bounds[key]):
            table.refuse(f"{key} = {bounds[key]!r}: a version is expected, like 5.10 or 5.10.3", key)
    if bounds["from"] and bounds["to"] and version_of(bounds["from"]) > version_of(bounds["to"]):
        table.refuse(f"from {bounds['from']} to {bounds['to']}: no version is in that range", "from")
    return Range(bounds["from"], bounds["to"])


@functools.cache
def _all_bugs() -> dict[str, KnownBug]:
    return load()


@functools.cache
def _all_behaviours() -> dict[str, Behaviour]:
    return behaviours()
