# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand corpus``: known bugs, put in one at a time; each must turn the test that is for it red.

A bug is a patch below ``tests/corpus/linux`` (against the kernel's source) or ``tests/corpus/firmware`` (against this
checkout) with a head of its own::

    Bug: what it does wrong, in one line
    Caught-by: STAGE NAME

    What comes of it.
    ---
    diff

``STAGE`` is ``scenarios`` with an expression of pytest's ``-k``, or ``native`` or ``remote`` with the name of a Meson
test. The named tests are run without any bug first, and none may fail. One that meets a known bug of the kernel instead
of passing will do: it must fail with the bug that it is here for.

Which scenarios `ampstand review` would choose for each bug can be told without running any.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from _pytest.mark.expression import Expression  # what -k means is told nowhere else
from rich.console import Console
from rich.table import Table

from ampstand import paths
from ampstand.build import overlay
from ampstand.build.builder import Builder
from ampstand.commands import coverage
from ampstand.commands.test import NATIVE_PARTS, Checks, NothingMatched
from ampstand.commands.test import add_arguments as add_test_arguments
from ampstand.errors import InfrastructureError, TestsFailed, UsageError
from ampstand.progress import Progress, duration
from ampstand.report import choice, rerun, results, summary
from ampstand.report.results import BAD, Results, Run, Test

PARTS = ("linux", "firmware")
SCENARIOS = "scenarios"
STAGES = (SCENARIOS, *NATIVE_PARTS)
WIDTH = 160
"""Columns of the table in a log."""
CHECKOUT = ("ci", "configs", "firmware", "hw", "include", "tests", "meson.build", "meson.options")
"""What of the checkout a build and the tests read."""


@dataclass(frozen=True)
class Bug:
    """One bug of the corpus."""

    path: Path
    part: str
    """The folder that it is in: what the patch is for."""
    title: str
    stage: str
    test: str
    """Name of a Meson test, or an expression of pytest."""

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    @classmethod
    def load(cls, path: Path) -> Bug:
        """Read the head of a patch; raise if it does not say what it must."""
        head = path.read_text(encoding="utf-8").partition("\n---\n")[0]
        fields = dict(re.findall(r"^(Bug|Caught-by): *(.+)$", head, re.MULTILINE))
        stage, _, test = fields.get("Caught-by", "").partition(" ")
        if "Bug" not in fields or stage not in STAGES or not test:
            raise UsageError(
                f"{path}: expected `Bug: TEXT` and `Caught-by: STAGE NAME` before the line `---`",
                hint=f"STAGE is one of {', '.join(STAGES)}; see docs/corpus.md",
            )
        return cls(path, path.parent.name, fields["Bug"], stage, test)


@dataclass(frozen=True)
class Outcome:
    """What came of one bug."""

    name: str
    part: str
    title: str
    stage: str
    test: str
    verdict: str
    """``caught``, ``missed``, or ``broken``: neither, as something else failed."""
    build_seconds: float
    test_seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Chosen:
    """What a review of one bug would run."""

    bug: Bug
    scenarios: tuple[str, ...]
    all: int
    """How many scenarios there are."""
    meant: tuple[str, ...]
    """Those that are for the bug."""

    @property
    def lost(self) -> tuple[str, ...]:
        """Scenarios that are for the bug and would not run."""
        return tuple(name for name in self.meant if name not in self.scenarios)


def load(root: Path = paths.ROOT) -> list[Bug]:
    """Return every bug of the corpus, in order."""
    return [Bug.load(path) for part in PARTS for path in sorted((root / "tests/corpus" / part).glob("*.patch"))]


def select(bugs: list[Bug], wanted: list[str]) -> list[Bug]:
    """Return the bugs that are named, by their own name or by that of a part; all if none is."""
    known = {bug.name for bug in bugs} | set(PARTS)
    if unknown := sorted(set(wanted) - known):
        raise UsageError(f"no such bug: {', '.join(unknown)}", hint="`ampstand corpus --list` names them all")
    return [bug for bug in bugs if not wanted or bug.name in wanted or bug.part in wanted]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``ampstand corpus``."""
    parser.add_argument("bugs", nargs="*", metavar="BUG", help=f"names, or {' or '.join(PARTS)} (default: all)")
    parser.add_argument("--list", action="store_true", help="name the bugs and the tests that are for them, and end")
    parser.add_argument(
        "--chosen", type=Path, metavar="RECORDS",
        help="run nothing, but say which of Linux's bugs a review would not find, as it chooses scenarios by what "
        "those of a `test --coverage` executed",
    )  # fmt: skip
    parser.add_argument("--records", type=Path, metavar="DIR", help="folder for logs and results of this run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the outcomes there")


class Corpus:
    """One ``ampstand corpus``."""

    def __init__(self, args: argparse.Namespace, builder: Builder, progress: Progress) -> None:
        """Take the command line and what builds the board without bugs."""
        self.args = args
        self.builder = builder
        self.progress = progress
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.records = (args.records or paths.records_root() / f"corpus-{stamp}").absolute()
        self.results = Results(self.records / results.FILE)
        self.checkout = builder.cache.work / "corpus"

    def run(self) -> list[Outcome]:
        """Try every wanted bug; return what came of each."""
        bugs = select(load(self.builder.root), self.args.bugs)
        self.records.mkdir(parents=True, exist_ok=True)
        with (
            self.results.alone("corpus", [rerun.program(), *sys.argv[1:]]),
            self.builder.cache.lock("corpus", self.progress),
        ):
            copy_checkout(self.builder.root, self.checkout)
            self._control(bugs)
            outcomes = []
            for bug in bugs:
                outcomes.append(self._attempt(bug))
                self.results.test(self._result(outcomes[-1]))
            return outcomes

    def _result(self, outcome: Outcome) -> Test:
        """Return the line of the run's record about a bug."""
        seconds = round(outcome.build_seconds + outcome.test_seconds, 3)
        test = Test("corpus", f"{outcome.part}/{outcome.name}", "passed", seconds, outcome.detail)
        if outcome.verdict == "caught":
            return test
        return replace(
            test,
            outcome="error" if outcome.verdict == "broken" else "failed",
            headline=f"{outcome.verdict}: {outcome.detail}",
            rerun=shlex.join(self._command(outcome.name)),
            records=str(self.records / outcome.name),
            infrastructure=outcome.verdict == "broken",
        )

    def _command(self, *bugs: str) -> list[str]:
        """Return the command that tries bugs again."""
        return [*rerun.base(self.args.parser, self.args), *bugs]

    def _control(self, bugs: Iterable[Bug]) -> None:
        """Run the named tests without any bug; raise if one fails."""
        for stage in STAGES:
            tests = sorted({bug.test for bug in bugs if bug.stage == stage})
            if not tests:
                continue
            with self.progress.step(f"corpus: {stage} without bugs"):
                folder = self.records / "control"
                run = self._test(self.builder, stage, tests, folder, self._command(*self.args.bugs))
            counts = run.counts()
            if counts.failed or not (counts.passed or counts.known):
                told = "\n".join([counts.line(), *summary.lines(run, folder)])
                raise TestsFailed(f"without any bug: {told}", hint=f"fix that first; logs in {folder}")

    def _attempt(self, bug: Bug) -> Outcome:
        """Put one bug in and run the test that is for it."""
        records, started, built = self.records / bug.name, time.monotonic(), 0.0
        try:
            with self.progress.step(f"corpus: {bug.name}"):
                builder = self._builder(bug)
                if bug.stage == SCENARIOS:
                    builder.all()
                built = time.monotonic() - started
                run = self._test(builder, bug.stage, [bug.test], records, self._command(bug.name))
            verdict, detail = verdict_of(run)
        except InfrastructureError as error:
            verdict, detail = "broken", error.message
        tested = time.monotonic() - started - built
        self.progress.say(f"corpus: {bug.name}: {verdict} {detail}".rstrip())
        return Outcome(
            bug.name, bug.part, bug.title, bug.stage, bug.test, verdict, round(built, 1), round(tested, 1), detail
        )

    def _builder(self, bug: Bug) -> Builder:
        """Return what builds the board with the bug in it."""
        plain = self.builder
        if bug.part == "linux":
            patched = replace(plain.options, kernel_patches=(*plain.options.kernel_patches, bug.path))
            return Builder(
                plain.board, patched, self.progress, cache=plain.cache, sources=plain.sources, root=plain.root
            )
        pristine = overlay.Tree(plain.root)
        overlay.lay(pristine, self.checkout, overlay.patched(pristine, [bug.path]))
        return Builder(
            plain.board, plain.options, self.progress, cache=plain.cache, sources=plain.sources, root=self.checkout
        )

    def _test(self, builder: Builder, stage: str, tests: list[str], records: Path, command: list[str]) -> Run:
        """Run tests of one stage and return their record; scenarios end with the first that fails."""
        records.mkdir(parents=True, exist_ok=True)
        parser = argparse.ArgumentParser()
        add_test_arguments(parser)
        words = ["--records", str(records), "--keep-states", "0"]
        if stage == SCENARIOS:
            words += ["-k", " or ".join(f"({test})" for test in tests)]
        args = parser.parse_args([*words, "--", "--exitfirst"], argparse.Namespace(board=self.args.board))
        checks = Checks(args, builder, self.progress, command)
        checks.results.begin(command)
        try:
            if stage != SCENARIOS:
                checks.meson_tests(stage, tests)
            else:
                artifacts = checks.artifacts = builder.all()
                checks.results.inputs(artifacts.provenance)
                checks.scenarios(records / "scenarios.log")
        except NothingMatched:
            self.progress.say(f"corpus: {' '.join(tests)}: no test of {stage} matches")
        return Run.load(checks.results.path)


def copy_checkout(root: Path, copy: Path) -> None:
    """Make a copy of the checkout that bugs can be put into."""
    shutil.rmtree(copy, ignore_errors=True)
    for name in CHECKOUT:
        source, target = root / name, copy / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def verdict_of(run: Run) -> tuple[str, str]:
    """Return the verdict on a bug from how its test went, and what there is to say of it."""
    bad = run.with_outcome(*BAD)
    if any(not test.infrastructure for test in bad):
        return "caught", ""
    if bad or not run.with_outcome("passed", "known"):
        return "broken", "; ".join(f"{test.name}: {test.headline}" for test in bad) or "no test ran"
    counts = run.counts()
    return "missed", f"{counts.line()}, {counts.known} known bugs" if counts.known else counts.line()


def chosen(bugs: Iterable[Bug], tree: overlay.Tree, records: Path) -> list[Chosen]:
    """Return what a review of each bug in Linux would run, by what the scenarios of ``records`` executed.

    ``tree`` is the source of their kernel; ``UsageError`` if the records tell nothing of a bug's scenarios.
    """
    names = [test.name for test in Run.load(records / results.FILE).of_stage(SCENARIOS)]
    of_linux = [bug for bug in bugs if (bug.part, bug.stage) == ("linux", SCENARIOS)]
    changed = {bug: overlay.texts(tree, [], [bug.path]) for bug in of_linux}
    executed = coverage.load(records, sorted({name for texts in changed.values() for name in texts}))
    found = []
    for bug in of_linux:
        wanted = Expression.compile(bug.test)
        meant = tuple(name for name in names if _is_meant(wanted, name))
        if not meant:
            raise UsageError(f"{bug.name}: no scenario of {records} is {bug.test!r}")
        found.append(Chosen(bug, tuple(choice.choose(names, changed[bug], executed)), len(names), meant))
    return found


def _is_meant(wanted: Expression, name: str) -> bool:
    """Whether -k would choose a scenario."""

    def has(word: str, /, **_: str | int | bool | None) -> bool:
        return word.lower() in name.lower()

    return wanted.evaluate(has)


def tell_chosen(found: Iterable[Chosen]) -> int:
    """Print what reviews would run; return the exit code: nothing of what is for a bug may be lost."""
    shown = Table()
    for name, justify in (("bug", "left"), ("scenarios", "right"), ("of", "right"), ("lost", "left")):
        shown.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    rows = list(found)
    for row in rows:
        shown.add_row(
            row.bug.name, str(len(row.scenarios)), str(row.all), "\n".join(row.lost), style="red" * bool(row.lost)
        )
    Console(width=None if sys.stdout.isatty() else WIDTH).print(shown)
    lost = [row for row in rows if len(row.lost) == len(row.meant)]
    print(f"{len(rows)} bugs, {len(lost)} that a review would not find")
    return TestsFailed.exit_code if lost else 0


def table(outcomes: Iterable[Outcome]) -> Table:
    """Return the outcomes as a table."""
    shown = Table()
    for name in ("bug", "what it does", "caught by", "verdict"):
        shown.add_column(name, overflow="fold")
    for name in ("build", "test"):
        shown.add_column(name, justify="right", no_wrap=True)
    for row in outcomes:
        shown.add_row(
            f"{row.part}/{row.name}",
            row.title,
            f"{row.stage} {row.test}",
            row.verdict,
            duration(row.build_seconds),
            duration(row.test_seconds),
            style="" if row.verdict == "caught" else "red",
        )
    return shown


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Run ``ampstand corpus``."""
    if args.list:
        for bug in select(load(builder.root), args.bugs):
            print(f"{bug.part}/{bug.name}: {bug.title} ({bug.stage} {bug.test})")
        return 0
    if args.chosen is not None:
        tree = builder.sources.get("linux").tree
        return tell_chosen(chosen(select(load(builder.root), args.bugs), tree, args.chosen))
    corpus = Corpus(args, builder, progress)
    outcomes = corpus.run()
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table(outcomes))
    if args.json is not None:
        args.json.write_text(json.dumps([asdict(row) for row in outcomes], indent=1) + "\n", encoding="utf-8")
    code = Run.load(corpus.results.path).exit_code()
    counts = {verdict: sum(row.verdict == verdict for row in outcomes) for verdict in ("caught", "missed", "broken")}
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return code
