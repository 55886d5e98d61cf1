# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What differs between two runs, the baseline and the candidate, from their records alone.

Worse is a test that failed, or could not be judged any more, and did not before. Figures that moved, and lines of
Linux's log that one side alone has, are told without a verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ampstand.errors import InfrastructureError, TestsFailed, UsageError
from ampstand.formats.kernel_log import Splitter
from ampstand.linux import known_bugs
from ampstand.linux.kernel_log import blocks
from ampstand.linux.known_bugs import KnownBug
from ampstand.report import results
from ampstand.report.results import BAD, Figure, Run, Test

SCHEMA = 1
"""Raised when a key of the JSON changes its meaning."""
EXACT_STAGES = ("measure",)
"""Whose figures are the same in every run on the same inputs, so that any difference is real."""
SPREAD = ("min", "median", "max")
"""The last parts of the names of a wall-clock figure; the others have no spread to be compared with."""
LOG = "linux.log"
HOST = "host"
"""The core that says what is in it."""
LOG_LINES = 50
"""Of each side, as many as are shown at most."""
_SAID = re.compile(r"^\[ *\d+\.\d{6}\] (\S.*)$")
"""A line with its time; what is indented belongs to the line before it: a backtrace, registers."""
_CHANCE = re.compile(
    r"---\[ end Kernel panic"  # before it Linux waits for its other cores: the board may be ended for the panic by then
    r"|hrtimer: interrupt took \d"  # a busy workstation
)
"""So begin lines that come or do not come by chance."""
_TREE = re.compile(r"\.\./\S*?(?=(?:arch|block|drivers|fs|include|init|ipc|kernel|lib|mm|net|security|sound)/)")
"""Where a kernel's source lies, seen from where it was built."""
_NUMBER = re.compile(r"\b(?:0x)?[0-9a-f]*\d\w*(?:\.\d+)*")

Kind = Literal["worse", "better", "changed", "new", "gone"]
_BADNESS = {"passed": 0, "known": 0, "skipped": 0, "failed": 2, "error": 2}


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    name: str
    folder: Path
    run: Run
    left_out: tuple[Test, ...] = ()
    """Tests of it that are not to be compared."""

    @classmethod
    def load(cls, path: Path) -> Side:
        """Read a run from its records folder, or from its ``results.jsonl``; ``UsageError`` if it is neither."""
        file = path / results.FILE if path.is_dir() else path
        if not file.is_file():
            raise UsageError(f"{path} has no {results.FILE}", hint="name the records folder of a run")
        run = Run.load(file)
        if not run.header:
            raise UsageError(f"{file} is not the record of a run: it does not begin with a line of kind 'run'")
        return cls(str(path), file.parent, run)

    def only(self, stage: str, names: Iterable[str]) -> Side:
        """Return this side without the other tests of a stage."""
        wanted = set(names)
        tests = {key: test for key, test in self.run.tests.items() if test.stage != stage or test.name in wanted}
        left_out = tuple(test for key, test in self.run.tests.items() if key not in tests)
        return replace(self, run=replace(self.run, tests=tests), left_out=left_out)

    def lines(self) -> dict[tuple[str, str], set[str]]:
        """Return the lines of Linux's log, without their numbers, of each of its scenarios that has one.

        Those that come by chance, as some bugs show, are left out, and so is what a scenario says that it tolerates.
        """
        by_chance = [bug for bug in known_bugs.load().values() if bug.chance]
        logs = {(test.stage, test.name): self.log(test) for test in (*self.run.tests.values(), *self.left_out)}
        return {key: _lines(log, by_chance, _tolerated(log)) for key, log in logs.items() if log is not None}

    def log(self, test: Test) -> Path | None:
        """Return Linux's log of a scenario; the folder may have been moved since, with all that is in it."""
        if not test.records:
            return None
        known = Path(test.records)
        for folder in (known, self.folder / known.parent.name / known.name, self.folder / known.name):
            if (folder / LOG).is_file():
                return folder / LOG
        return None


@dataclass(frozen=True)
class Change:
    """A test that did not end on both sides alike."""

    kind: Kind
    stage: str
    name: str
    baseline: str
    """Outcome, with the known bug if it met one; empty: it did not run."""
    candidate: str
    headline: str
    rerun: str
    """On the candidate, or on the baseline where only that is."""
    reason: str = ""
    """All that was said."""


@dataclass(frozen=True)
class Moved:
    """A figure that is not the same on both sides."""

    stage: str
    name: str
    unit: str
    baseline: float | None
    candidate: float | None
    exact: bool
    sensitive: bool = False
    """Whether any change of timing moves it."""

    @property
    def percent(self) -> float | None:
        """By how many percent it moved; None if that cannot be said, such as of one that one side alone has."""
        if not self.baseline or self.candidate is None:
            return None
        return 100 * (self.candidate / self.baseline - 1)


@dataclass(frozen=True)
class Said:
    """A line of Linux's log, without its numbers, that one side alone has; and a scenario of that side which has it."""

    text: str
    test: str


@dataclass
class Comparison:
    """All differences."""

    baseline: str
    candidate: str
    inputs: dict[str, tuple[str, str]]
    """By name, inputs that differ."""
    tests: list[Change] = field(default_factory=list)
    figures: list[Moved] = field(default_factory=list)
    log_new: list[Said] = field(default_factory=list)
    log_gone: list[Said] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    """Tests that failed, or could not be judged, on both sides."""
    compared: int = 0
    """How many tests both sides have."""
    same_figures: int = 0
    unjudged: list[str] = field(default_factory=list)
    """Why something could not be compared."""

    def of_kind(self, kind: Kind) -> list[Change]:
        """Return the tests that changed in this way."""
        return [change for change in self.tests if change.kind == kind]

    def steady(self) -> list[Moved]:
        """Return the figures that moved for a reason: not those that any change of timing moves."""
        return [moved for moved in self.figures if not moved.sensitive]

    def exit_code(self) -> int:
        """Return 1 if something is worse, 3 if nothing is but not all could be judged, else 0."""
        if self.of_kind("worse"):
            return TestsFailed.exit_code
        return InfrastructureError.exit_code if self.unjudged else 0

    def verdict(self) -> str:
        """Return the verdict in one line."""
        worse = len(self.of_kind("worse"))
        if worse:
            return counted_worse(worse)
        if self.unjudged:
            return "could not be judged"
        return "nothing is worse" if self.tests or self.steady() else "nothing changed"

    def document(self) -> dict[str, Any]:
        """Return all of it as what JSON knows."""
        values = asdict(self)
        return {"schema": SCHEMA, "verdict": self.verdict(), "exit_code": self.exit_code(), **values}


def counted_worse(tests: int) -> str:
    """Say that so many tests are worse."""
    return f"{tests} {'test is' if tests == 1 else 'tests are'} worse"


def compare(baseline: Side, candidate: Side) -> Comparison:
    """Return what differs."""
    before, after = baseline.run, candidate.run
    names = sorted({*before.inputs, *after.inputs})
    pairs = {name: (before.inputs.get(name, ""), after.inputs.get(name, "")) for name in names}
    found = Comparison(
        baseline.name, candidate.name, {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    )
    for key in dict.fromkeys([*before.tests, *after.tests]):
        one, two = before.tests.get(key), after.tests.get(key)
        found.compared += one is not None and two is not None
        if one is not None and two is not None and one.outcome in BAD and two.outcome in BAD:
            found.failing.append(f"{two.stage}: {two.name}")
        change = _change(one, two)
        if change is not None:
            found.tests.append(change)
    _figures(found, before.figures, after.figures)
    found.log_new, found.log_gone = _logs(baseline, candidate)
    for side in (baseline, candidate):
        found.unjudged += [f"{side.name}: {reason}" for reason in _incomplete(side.run)]
    if not found.compared and not found.same_figures and not found.figures:
        found.unjudged.append("the runs have no test and no figure in common")
    return found


def _incomplete(run: Run) -> Iterator[str]:
    """Yield why a run has not judged all that it was to judge."""
    if run.ended is None:
        yield "the run was ended from outside"
    for stage in run.broken():
        yield f"stage {stage.stage} is broken: {stage.reason}"
    for test in run.with_outcome(*BAD):
        if test.infrastructure:
            yield f"{test.name} could not be judged: {test.headline}"


def _change(one: Test | None, two: Test | None) -> Change | None:
    test = two or one
    assert test is not None
    before, after = _ending(one), _ending(two)
    if before == after:
        return None
    kind: Kind
    if one is None or two is None:
        kind = "gone" if two is None else "worse" if two.outcome in BAD else "new"
    else:
        moved = _BADNESS[two.outcome] - _BADNESS[one.outcome]
        kind = "worse" if moved > 0 else "better" if moved < 0 else "changed"
    return Change(kind, test.stage, test.name, before, after, test.in_short, test.rerun, test.reason)


def _ending(test: Test | None) -> str:
    if test is None:
        return ""
    outcome = "not judged" if test.infrastructure and test.outcome in BAD else test.outcome
    return f"{outcome} ({test.known})" if test.known else outcome


def _figures(found: Comparison, before: Iterable[Figure], after: Iterable[Figure]) -> None:
    old = {(figure.stage, figure.name): figure for figure in before}
    new = {(figure.stage, figure.name): figure for figure in after}
    stages = {figure.stage for figure in old.values()} & {figure.stage for figure in new.values()}
    for key in dict.fromkeys([*old, *new]):
        if key[0] not in stages:
            continue
        one, two = old.get(key), new.get(key)
        exact = key[0] in EXACT_STAGES
        if (
            one is not None
            and two is not None
            and (one.value == two.value or (not exact and not _apart(key, old, new)))
        ):
            found.same_figures += 1
            continue
        sides = [side for side in (two, one) if side is not None]
        values = [side.value if side is not None else None for side in (one, two)]
        sensitive = any(side.sensitive for side in sides)
        found.figures.append(Moved(key[0], key[1], sides[0].unit, values[0], values[1], exact, sensitive))


def _apart(key: tuple[str, str], old: Mapping[tuple[str, str], Figure], new: Mapping[tuple[str, str], Figure]) -> bool:
    """Whether a wall-clock figure lies beyond the spread of both sides: medians whose ranges do not meet."""
    stage, name = key
    base, _, last = name.rpartition("/")
    if last != "median":
        return False
    ranges = []
    for side in (old, new):
        ends = [side.get((stage, f"{base}/{point}")) for point in SPREAD]
        if None in ends:
            return False
        ranges.append((ends[0], ends[2]))
    (low, high), (low_new, high_new) = [(a.value, b.value) for a, b in ranges if a is not None and b is not None]
    return high < low_new or high_new < low


def _logs(baseline: Side, candidate: Side) -> tuple[list[Said], list[Said]]:
    """Return the lines of Linux's log that only the candidate has, and those that only the baseline has.

    They are of scenarios that both sides have a log of, but a line that the other side has in any scenario is not one
    of them: some come half a minute after Linux, wherever it is then. A scenario that failed did not come to its end:
    what it would have said then is not gone. One that meets a known bug on both sides ends in whatever Linux says of
    that.
    """
    before, after = baseline.lines(), candidate.lines()
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    for key in baseline.run.tests.keys() & candidate.run.tests.keys() & before.keys() & after.keys():
        ends = [side.run.tests[key].outcome for side in (baseline, candidate)]
        if ends == ["known", "known"]:
            continue
        for found, texts in ((old, before[key] if ends[1] not in BAD else ()), (new, after[key])):
            for text in texts:
                found.setdefault(text, key[1])
    return (
        [Said(text, new[text]) for text in sorted(new.keys() - set().union(*before.values()))],
        [Said(text, old[text]) for text in sorted(old.keys() - set().union(*after.values()))],
    )


def _tolerated(log: Path) -> list[re.Pattern[str]]:
    """Return the patterns of what Linux may say by chance in the scenario of a log."""
    try:
        result = json.loads((log.parent / "result.json").read_text(encoding="utf-8"))
        return [re.compile(entry["pattern"]) for entry in result["tolerated"] if entry["core"] == HOST]
    except (OSError, ValueError, KeyError, TypeError, re.error):
        return []  # of an older run, or one that was cut off


def _lines(log: Path, by_chance: Sequence[KnownBug], tolerated: Sequence[re.Pattern[str]]) -> set[str]:
    """Return the lines of a log without their numbers, but for those that come by chance."""
    _, messages = Splitter().feed(log.read_bytes().decode("utf-8", "replace"))
    said = [_SAID.match(line) for line in messages]
    return {
        _NUMBER.sub("N", _TREE.sub("", text))
        for block in blocks([match[1] for match in said if match is not None and not _CHANCE.match(match[1])], str)
        if not any(bug.found(HOST, text) for bug in by_chance for text in block)
        for text in block
        if not any(pattern.search(text) for pattern in tolerated)
    }
