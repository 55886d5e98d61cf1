# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The record of a run, ``results.jsonl``: one JSON object a line, appended as things happen.

Everything that says how a run went (closing table, exit code, JUnit) is made from it. ``docs/results.md`` describes the
lines and ``results.schema.json``, beside this file, is their JSON Schema. Each line is one write to a file opened for
appending, so several processes can share the file, and a run that was interrupted leaves whole lines.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from ampstand import __version__, paths
from ampstand.build import git
from ampstand.errors import (
    INTERRUPTED,
    AmpstandError,
    InfrastructureError,
    NothingRan,
    TestsFailed,
    UnwritableError,
    UsageError,
)

SCHEMA = 1
"""Raised when a line's meaning changes; readers ignore kinds and fields that they do not know."""
FILE = "results.jsonl"
"""Name of the file in the records folder of a run."""
NO_BOARD = "the board does not come up"
"""So begins the reason of a scenario that was skipped as no board was to be had."""
REASON_LENGTH = 4000
"""Characters of a reason that are kept: the whole story is in the records."""

Outcome = Literal["passed", "failed", "error", "known", "skipped"]
State = Literal["ok", "broken", "not-run"]
STAGES = ("build", "qtest", "native", "unit", "lint", "scenarios", "corpus", "bench", "measure")
"""Every stage there is, in the order in which they run; ``build`` is recorded only if it failed."""
OF_BOARD = ":"
"""Between "scenarios" and the name of a board that is not the first one of a run."""
BAD: tuple[Outcome, ...] = ("failed", "error")


def kind(stage: str) -> str:
    """Return a stage without the board that it may be of."""
    return stage.partition(OF_BOARD)[0]


@dataclass(frozen=True)
class Test:
    """How one test ended. The last of several about the same stage and name counts."""

    __test__ = False  # not a test class, whatever its name tells pytest

    stage: str
    name: str
    """As ``ampstand test --test`` takes it."""
    outcome: Outcome
    """``error``: it could not be judged; ``known``: it met a known bug, as expected."""
    seconds: float | None = None
    reason: str = ""
    headline: str = ""
    """The worst thing that was said, in one line."""
    rerun: str = ""
    """The command that runs exactly this test again."""
    open: str = ""
    """The command that goes on from where it failed."""
    records: str = ""
    """Its folder."""
    kernel: str = ""
    """Release of the kernel that it was about."""
    known: str = ""
    """Id of the known bug."""
    gone: str = ""
    """Id of a known bug that should have shown, and did not."""
    infrastructure: bool = False
    """Whether what failed says nothing about the code under test."""

    @property
    def in_short(self) -> str:
        """What it said, in one line."""
        return self.headline or in_short(self.reason)


@dataclass(frozen=True)
class Stage:
    """How one stage ended; its tests have outcomes of their own."""

    stage: str
    state: State
    """``ok``: all its tests ran; ``broken``: something else than a test failed."""
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    stage: str
    name: str
    value: float
    unit: str
    sensitive: bool = False
    """Whether it also moves when nothing but the timing of things changes (``docs/measure.md``)."""


class Results:
    """Appends to the record of a run; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Append to the file ``path``; its folder must exist."""
        self.path = path

    def begin(self, command: Sequence[str]) -> None:
        """Start a new record, of the run of this command."""
        self.path.unlink(missing_ok=True)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        ampstand = {"version": __version__, "commit": git.describe(paths.ROOT)}
        self._append("run", schema=SCHEMA, command=list(command), started=started, ampstand=ampstand)

    def inputs(self, provenance: Mapping[str, str]) -> None:
        """Say what the results are about, as ``Artifacts.provenance`` has it."""
        self._append("inputs", **provenance)

    def test(self, test: Test) -> None:
        """Say how a test ended."""
        values = asdict(test) | {
            "reason": _bounded(test.reason),
            "headline": _bounded(test.headline.partition("\n")[0]),
        }
        self._append("test", **_told(values))

    def stage(self, stage: Stage) -> None:
        """Say that a stage has ended, or why it did not run."""
        values = asdict(stage) | {"seconds": round(stage.seconds, 3), "reason": _bounded(stage.reason)}
        self._append("stage", **_told(values))

    def figure(self, figure: Figure) -> None:
        """Say what was measured."""
        values = asdict(figure)
        if not values.pop("sensitive"):
            self._append("figure", **values)
        else:
            self._append("figure", **values, sensitive=True)

    def take(self, other: Path) -> None:
        """Say what the record of another run says of its tests, stages and figures."""
        run = Run.load(other)
        for test in run.tests.values():
            self.test(test)
        for figure in run.figures:
            self.figure(figure)
        for stage in run.stages.values():
            self.stage(stage)

    def end(self, exit_code: int) -> None:
        """Say that the run is complete."""
        self._append("end", exit_code=exit_code)

    @contextmanager
    def alone(self, stage: str, command: Sequence[str]) -> Iterator[None]:
        """Record a run of one stage around the body, which says how its tests ended."""
        self.begin(command)
        started = time.monotonic()
        try:
            yield
        except BaseException as error:
            with suppress(InfrastructureError):
                self._aborted(stage, time.monotonic() - started, error)
            raise
        self.stage(Stage(stage, "ok", time.monotonic() - started))
        self.end(Run.load(self.path).exit_code())

    def _aborted(self, stage: str, seconds: float, error: BaseException) -> None:
        """Say that a run of one stage ended early."""
        reason = error.message if isinstance(error, AmpstandError) else f"{type(error).__name__}: {error}"
        if isinstance(error, KeyboardInterrupt):
            self.end(INTERRUPTED)
        elif isinstance(error, TestsFailed):
            self.test(Test(stage, stage, "failed", round(seconds, 3), reason, reason))
            self.stage(Stage(stage, "ok", seconds))
            self.end(error.exit_code)
        else:
            self.stage(Stage(stage, "broken", seconds, reason))
            self.end(error.exit_code if isinstance(error, AmpstandError) else InfrastructureError.exit_code)

    def _append(self, kind: str, **values: Any) -> None:
        data = (json.dumps({"kind": kind, **values}, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                written = os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise UnwritableError(self.path, error.strerror) from error
        if written != len(data):
            raise UnwritableError(self.path, None)


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without those that say nothing."""
    return {name: value for name, value in values.items() if not (value is None or value is False or value == "")}


def in_short(text: str) -> str:
    """Return what a failure says in one line: the first, with the next one if it only announces that."""
    first, _, rest = text.partition("\n")
    following = rest.partition("\n")[0].strip()
    return f"{first} {following}" if first.endswith(":") and following else first


def _bounded(text: str) -> str:
    return text if len(text) <= REASON_LENGTH else f"{text[:REASON_LENGTH]} ..."


@dataclass
class Counts:
    """How many tests ended in which way."""

    passed: int = 0
    failed: int = 0
    known: int = 0
    skipped: int = 0

    @classmethod
    def of(cls, tests: Iterable[Test]) -> Self:
        """Count tests; those that could not be judged are among the failed ones."""
        found = Counter[str]("failed" if test.outcome in BAD else test.outcome for test in tests)
        return cls(**found)

    def line(self) -> str:
        """Return the closing line: known bugs neither passed nor failed."""
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}"


@dataclass
class Run:
    """The record of a run, read."""

    header: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    tests: dict[tuple[str, str], Test] = field(default_factory=dict)
    """By stage and name, in the order in which they first ended."""
    stages: dict[str, Stage] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    ended: int | None = None
    """The exit code; None if the run was ended from outside."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read ``results.jsonl``; a line that was cut off when the disk was full is left out."""
        run = cls()
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from error
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                run._take(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                if line.startswith("{") and not line.endswith("}"):
                    continue
                raise UsageError(f"{path}:{number}: not a line of a run's record: {error}") from error
        return run

    def _take(self, line: dict[str, Any]) -> None:
        kind = line.pop("kind")
        if kind == "run":
            if line["schema"] > SCHEMA:
                raise ValueError(f"schema {line['schema']} is newer than {SCHEMA}")
            self.header = line
        elif kind == "inputs":
            self.inputs |= line
        elif kind == "test":
            test = Test(**_known(Test, line))
            self.tests[test.stage, test.name] = test
        elif kind == "stage":
            stage = Stage(**_known(Stage, line))
            self.stages[stage.stage] = stage
        elif kind == "figure":
            self.figures.append(Figure(**_known(Figure, line)))
        elif kind == "end":
            self.ended = line["exit_code"]

    def of_stage(self, stage: str) -> list[Test]:
        """Return the tests of a stage."""
        return [test for test in self.tests.values() if test.stage == stage]

    def with_outcome(self, *outcomes: Outcome) -> list[Test]:
        """Return the tests that ended in one of these ways."""
        return [test for test in self.tests.values() if test.outcome in outcomes]

    def boots(self) -> bool:
        """Whether the board came up for those scenarios that want it to."""
        tests = self.of_stage("scenarios")
        alone = any(not test.infrastructure for test in tests if test.outcome != "skipped")
        return alone and not any(test.reason.startswith(NO_BOARD) for test in tests if test.outcome == "skipped")

    def broken(self) -> list[Stage]:
        """Return the stages in which something else than a test failed."""
        return [stage for stage in self.stages.values() if stage.state == "broken"]

    def counts(self) -> Counts:
        """Return the counts of the whole run; a broken stage of which no test failed is one failure."""
        counts = Counts.of(self.tests.values())
        failed = {test.stage for test in self.with_outcome(*BAD)}
        counts.failed += sum(stage.stage not in failed for stage in self.broken())
        return counts

    def exit_code(self) -> int:
        """Return the exit code that the run deserves."""
        counts = self.counts()
        if self.broken() or any(test.infrastructure for test in self.with_outcome(*BAD)):
            return InfrastructureError.exit_code
        if counts.failed:
            return TestsFailed.exit_code
        return 0 if counts.passed or counts.known or self.figures else NothingRan.exit_code


def _known(kind: type[Test] | type[Stage] | type[Figure], line: dict[str, Any]) -> dict[str, Any]:
    names = {entry.name for entry in fields(kind)}
    return {name: value for name, value in line.items() if name in names}
