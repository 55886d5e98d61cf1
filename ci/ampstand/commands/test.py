# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand test``: device tests, native tests, harness tests, linters and scenarios, in that order.

Each stage can be run alone with ``--only``; ``-k`` and ``--test`` select tests in all of them. How each test ended goes
to ``results.jsonl``; the closing table, the exit code and JUnit are made from that. The last line is always ``N passed,
N failed`` over all stages.

All is about the first board that ``--board`` names; each other one has a stage of its own with the scenarios on it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ampstand import paths
from ampstand.board import DEFAULT, Board
from ampstand.build import tools
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.build.debian import Debian
from ampstand.commands import lint, programs
from ampstand.commands.given import firmware_of
from ampstand.commands.outcomes import last_words, meson_results, tap
from ampstand.commands.programs import Ended, Program
from ampstand.commands.selection import Selection
from ampstand.errors import INTERRUPTED, AmpstandError, InfrastructureError, NothingRan, UsageError
from ampstand.linux import debian
from ampstand.progress import Progress, Times, duration
from ampstand.report import junit, rerun, results, summary
from ampstand.report.records import Recorder
from ampstand.report.results import BAD, Counts, Results, Run, Stage, Test
from ampstand.report.shard import Shard

STAGES = ("qtest", "native", "unit", "lint", "scenarios")
NATIVE_PARTS = ("native", "remote")
NEEDS_BUILD = ("qtest", "scenarios")
OF_PYTEST = ("unit", "scenarios")
QTEST_TIMEOUT = 600.0
NATIVE_TIMEOUT = 900.0
FUZZ_RUNS = 20000
THREADS = ("multi", "single")
INTERACTIVE = {"--pdb", "--trace", "-s", "--capture=no"}
"""Arguments of pytest that ask for a terminal."""
STATES = 5
"""How many states of boards a run keeps: each is some 40 MB, and where everything fails the first ones show why."""
WIDTH = 120
"""Columns of the table in a log."""
NOTHING_MATCHED = "nothing matched"
UNREADABLE, USAGE_ERROR, NO_TESTS_COLLECTED = 2, 4, 5
"""Exit codes of pytest; an interruption has another."""


class NothingMatched(Exception):
    """No test of a stage is wanted."""


def boards(text: str) -> list[str]:
    """Return the boards that ``--board`` names: one, several with commas between, or ``all``, beginning with ours."""
    if text == "all":
        return [DEFAULT, *(name for name in Board.names() if name != DEFAULT)]
    return list(dict.fromkeys(text.split(",")))


@dataclass
class OnBoard:
    """A board that scenarios run on."""

    name: str
    """As ``--board`` takes it."""
    builder: Builder
    stage: str
    """What its scenarios are called."""
    artifacts: Artifacts | None = None

    @property
    def folder(self) -> str:
        """Name of the folder for its records."""
        return self.stage.replace(results.OF_BOARD, "-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``ampstand test``."""
    parser.set_defaults(other_boards=[])
    parser.add_argument(
        "--only",
        metavar="STAGE,...",
        help=f"of {', '.join(STAGES)} (default: all; with a bundle, scenarios of your own, or no checkout: scenarios)",
    )
    parser.add_argument(
        "--scenarios", action="append", default=[], type=Path, metavar="DIR|FILE", help="these, in place of ours"
    )
    parser.add_argument("--records", type=Path, metavar="DIR", help="folder for logs and results of this run")
    parser.add_argument("--thread", choices=THREADS, default="multi", help="QEMU's TCG threads in scenarios")
    parser.add_argument("--exact", action="store_true", help="scenarios with time that counts instructions")
    parser.add_argument("--coverage", action="store_true", help="record what scenarios execute, for ampstand coverage")
    parser.add_argument(
        "-k", dest="keyword", default="", metavar="EXPRESSION", help="only matching tests, of any stage"
    )
    parser.add_argument(
        "--test", action="append", default=[], metavar="NAME", help="exactly this test, as results.jsonl names it"
    )
    parser.add_argument(
        "--firmware", action="append", default=[], type=Path, metavar="FILE.elf", help="one more image to be tested"
    )
    parser.add_argument(
        "--remote-image", action="append", default=[], type=Path, metavar="FILE.elf", help="the same, before Linux"
    )
    parser.add_argument(
        "--short", action="store_true", help="without the scenarios of many turns, cases or boots: four minutes' worth"
    )
    parser.add_argument(
        "--debian", action="store_true", help="also the scenarios with Debian on an SD card, which take minutes"
    )
    parser.add_argument(
        "--workers",
        type=workers,
        metavar="N",
        help="boards at a time, or auto: one for each processor (default: auto; 1 with -k, --test, --pdb or -s)",
    )
    parser.add_argument(
        "--shard", type=shard, default=None, metavar="I/N", help="only the I-th of N parts of the scenarios"
    )
    parser.add_argument(
        "--durations", type=Path, metavar="RESULTS.jsonl", help="balance the parts by how long scenarios took there"
    )
    parser.add_argument(
        "--failed-first", action="store_true", help="begin with the scenarios that failed when they ran last"
    )
    parser.add_argument(
        "--keep-states",
        type=_number,
        default=STATES,
        metavar="N",
        help="of so many boards whose scenario failed, for ampstand open (default: %(default)s)",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write the results there as JUnit XML")
    parser.add_argument(
        "pytest_arguments", nargs="*", metavar="-- ARG", help="further arguments of pytest for the scenarios"
    )


def workers(text: str) -> int:
    """Return a number of workers; ``auto`` is one for each processor that may be used."""
    if text == "auto":
        return len(os.sched_getaffinity(0))
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a number above 0, or auto")
    return int(text)


def _number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r}: a number is expected")
    return int(text)


def shard(text: str) -> Shard:
    """Return a part of tests, ``I/N``."""
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def command(args: argparse.Namespace) -> list[str]:
    """Return the command that tests the same inputs, whatever was selected."""
    inputs = rerun.inputs_of(args.pytest_arguments)
    return [*rerun.base(args.parser, args), *(["--", *inputs] if inputs else [])]


class Checks:
    """One ``ampstand test``."""

    def __init__(
        self, args: argparse.Namespace, builder: Builder, progress: Progress, command: Sequence[str] = ()
    ) -> None:
        """Take the command line, what builds the things to test, and what runs them again."""
        for path in args.firmware:
            firmware_of(str(path.absolute()), builder.board, linux=True)
        for path in args.remote_image:
            firmware_of(str(path.absolute()), builder.board, linux=False)
        self.args = args
        self.builder = builder
        self.boards = [OnBoard(args.board, builder, "scenarios")]
        for name in args.other_boards:
            board = Board.load(name)
            other = type(builder)(board, builder.options, progress, cache=builder.cache, root=builder.root)
            self.boards.append(OnBoard(name, other, f"scenarios{results.OF_BOARD}{board.name}"))
        self.progress = progress
        self.command = list(command)
        self.root = builder.root
        self.where = hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        """Of this checkout, in names of what is kept for it in the cache folder."""
        self.selection = Selection(args.keyword, tuple(args.test))
        self.own_scenarios = [_existing(path) for path in args.scenarios]
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.records: Path = args.records or paths.records_root() / f"test-{stamp}-{os.getpid()}"
        self.records = self.records.absolute()
        self.results = Results(self.records / results.FILE)

    @property
    def artifacts(self) -> Artifacts | None:
        """What was built for the first board; None before that."""
        return self.boards[0].artifacts

    @artifacts.setter
    def artifacts(self, built: Artifacts) -> None:
        self.boards[0].artifacts = built

    @property
    def workers(self) -> int:
        """Boards at a time: a few tests are over before a second worker is up, and none of them has the terminal."""
        if self.args.workers is not None:
            return int(self.args.workers)
        few = bool(self.selection) or not INTERACTIVE.isdisjoint(self.args.pytest_arguments)
        return 1 if few else workers("auto")

    def stages(self) -> list[str]:
        """Return the wanted stages in their order, that of each other board last."""
        built = paths.INSTALLED or self.builder.options.bundle is not None
        default = "scenarios" if built or self.args.scenarios else ",".join(STAGES)
        only: str = default if self.args.only is None else self.args.only
        wanted = [name.strip() for name in only.split(",") if name.strip()]
        wrong = sorted(set(wanted) - set(STAGES))
        if wrong or not wanted:
            raise UsageError(f"--only {self.args.only}: stages are {', '.join(STAGES)}")
        if built and wanted != ["scenarios"]:
            raise UsageError(f"--only {only}: without a checkout, or with a bundle, there are scenarios only")
        others = [one.stage for one in self.boards[1:] if "scenarios" in wanted]
        return [*(name for name in STAGES if name in wanted), *others]

    def run(self) -> int:
        """Run the wanted stages, tell what failed, print the closing table and line; return the exit code."""
        stages = self.stages()
        self.records.mkdir(parents=True, exist_ok=True)
        self.results.begin([rerun.program(), *sys.argv[1:]])
        try:
            chosen = [name for name in stages if self._is_wanted(name)]
            for one in self.boards:
                needs = (one.stage, *(NEEDS_BUILD if one is self.boards[0] else ()))
                if set(chosen) & set(needs):
                    self._build(one)
            self._estimate(chosen)
            for name in chosen:
                self.stage(name)
        except KeyboardInterrupt:
            with contextlib.suppress(InfrastructureError):
                self.results.end(INTERRUPTED)
            raise
        return self._close()

    def _estimate(self, stages: Sequence[str]) -> None:
        """Say how long these stages took when each ran last, if that is known of all."""
        took = [self._times.of(self._timed(name)) if self._times is not None else None for name in stages]
        known = [seconds for seconds in took if seconds is not None]
        if known and len(known) == len(took) and self._is_whole:
            self.progress.say(f"this took some {duration(sum(known))} when it ran last")

    @property
    def _times(self) -> Times | None:
        return self.progress.times

    @property
    def _is_whole(self) -> bool:
        """Whether stages run with all their tests, so that one takes as long as the next time."""
        return not (self.selection or self.args.shard or self.args.pytest_arguments or self.own_scenarios)

    def _timed(self, stage: str) -> str:
        """Return by what name the time of a stage is known."""
        return f"stage {stage}, {self.workers} at a time"

    def _is_wanted(self, name: str) -> bool:
        """Find out, without a build, whether any test of a stage is wanted; note it if none is."""
        board = self._board_of(name)
        if self.selection or (board is not None and self.args.pytest_arguments):
            with self.progress.step(f"{name}: selecting"):
                if not (self._may_scenarios(board) if board is not None else getattr(self, f"_may_{name}")()):
                    self.results.stage(Stage(name, "not-run", reason=NOTHING_MATCHED))
                    return False
        return True

    def _board_of(self, stage: str) -> OnBoard | None:
        """Return the board whose scenarios a stage is; None if it is another stage."""
        return next((one for one in self.boards if one.stage == stage), None)

    def _build(self, one: OnBoard) -> None:
        """Build what the tests need; if that fails, the stages that need it do not run."""
        started = time.monotonic()
        try:
            one.artifacts = one.builder.all()
            if one is self.boards[0]:
                self.results.inputs(one.artifacts.provenance)
        except AmpstandError as error:
            self.results.stage(Stage("build", "broken", time.monotonic() - started, error.message.splitlines()[0]))
            self.progress.say(f"ampstand: {error}")

    def stage(self, name: str) -> None:
        """Run one stage and note how it ended."""
        board = self._board_of(name)
        if (name in NEEDS_BUILD or board is not None) and (board or self.boards[0]).artifacts is None:
            self.results.stage(Stage(name, "not-run", reason="the build failed"))
            return
        started = time.monotonic()
        ended = Stage(name, "ok")
        said: AmpstandError | None = None
        try:
            if board is not None:
                self._scenarios(board)
            else:
                getattr(self, name)()
        except NothingMatched as nothing:
            ended = Stage(name, "not-run", reason=str(nothing) or NOTHING_MATCHED)
        except AmpstandError as error:
            ended, said = Stage(name, "broken", reason=error.message.splitlines()[0]), error
        seconds = time.monotonic() - started
        self.results.stage(Stage(name, ended.state, seconds, ended.reason))
        if self._times is not None and ended.state == "ok" and self._is_whole:
            self._times.took(self._timed(name), seconds)
        if said is not None:
            self.progress.say(f"ampstand: {said}")
        counts = Counts.of(Run.load(self.results.path).of_stage(name))
        self.progress.say(f"{name}: {ended.reason or counts.line()} ({duration(seconds)})")

    def _close(self) -> int:
        """Show how the run went; return its exit code. All of it comes from the record."""
        run = Run.load(self.results.path)
        unknown = self.selection.unknown(test.name for test in run.tests.values()) if run.tests else []
        code = run.exit_code() or (NothingRan.exit_code if unknown else 0)
        self.results.end(code)
        if self.args.junit is not None:
            junit.write(run, self.args.junit)
        for line in summary.lines(run, self.records):
            self.progress.say(line)
        if run.tests or run.broken():
            sys.stderr.flush()
            Console(width=None if sys.stdout.isatty() else WIDTH).print(summary.table(run))
        else:
            selected = f"{self.selection} {shlex.join(self.args.pytest_arguments)}".strip()
            self.progress.say(f"ampstand: {selected or 'nothing'}: no test of {', '.join(self.stages())} matches")
        for test in unknown:
            self.progress.say(f"ampstand: --test {test}: no test of {', '.join(self.stages())} is called that")
        sys.stderr.flush()
        print(run.counts().line(), flush=True)
        return code

    def _note(self, tests: Iterable[Test]) -> bool:
        """Write down how tests ended, with what runs those again that failed; return whether any did."""
        failed = False
        kernel = self.artifacts.kernel_release if self.artifacts is not None else ""
        for test in tests:
            values = vars(test) | {"kernel": kernel if test.stage in NEEDS_BUILD else ""}
            if test.outcome in BAD:
                failed = True
                values["rerun"] = shlex.join(rerun.of_test(self.command, test.stage, test.name))
            self.results.test(Test(**values))
        return failed

    # ---- device tests ----------------------------------------------------------------------------------------------

    def _may_qtest(self) -> bool:
        sources = sorted((self.root / "tests/qtest").glob("*-test.c"))
        return any(self.selection.may_match(f"{path.stem} aarch64 {path.read_text('utf-8')}") for path in sources)

    def qtest(self) -> None:
        """Run the wanted device tests against our QEMU."""
        assert self.artifacts is not None
        build = self.artifacts.qemu_build
        if build is None:
            raise NothingMatched("an installed QEMU brings no device tests")
        environment = {"QTEST_QEMU_BINARY": str(self.artifacts.qemu), "G_TEST_DBUS_DAEMON": "false"}
        wanted: list[Program] = []
        for path in sorted((build / "tests/qtest").glob("*-test")):
            argv = [str(path), "--tap", "-k"]
            if self.selection:
                known = re.findall(r"^/.*", tools.output([path, "-l"], env=environment), flags=re.MULTILINE)
                paths_ = [name for name in known if self.selection.matches(f"{path.name}::{name}", path.name)]
                if not paths_:
                    continue
                argv += [word for name in paths_ for word in ("-p", name)]
            log = self.records / "qtest" / f"{path.name}.log"
            wanted.append(Program(path.name, tuple(argv), log, build, environment, QTEST_TIMEOUT))
        if not wanted:
            raise NothingMatched
        with (
            self.progress.step("qtest") as step,
            closing(programs.run(wanted, self.builder.options.jobs)) as ended,
        ):
            for number, end in enumerate(ended, start=1):
                step.update(end.program.name, done=number, total=len(wanted))
                if self._note(tap("qtest", end.program.name, end.text, end.code)):
                    self._show(end)

    # ---- our own C -------------------------------------------------------------------------------------------------

    def _may_native(self) -> bool:
        return any(
            self.selection.may_match((self.root / name).read_text(encoding="utf-8"))
            for name in ("meson.build", "tests/firmware/meson.build")
        )

    def native(self) -> None:
        """Run the C unit tests under sanitizers, a bounded fuzz run, and the size budgets of the images."""
        ran = False
        socs = dict.fromkeys(soc for one in self.boards for soc in one.builder.socs())
        for part, soc in [("native", ""), *(("remote", soc) for soc in socs)]:
            with self.meson(part, soc) as work:
                listing = tools.output([*tools.MESON, "introspect", "--tests", work])
                names = [entry["name"] for entry in json.loads(listing)]
                wanted = [name for name in names if self._wants_native(name)]
                if wanted:
                    self._meson_tests(part, work, wanted if self.selection else [])
                for fuzzer in sorted((work / "tests/firmware").glob("fuzz-*")):
                    if fuzzer.is_file() and os.access(fuzzer, os.X_OK) and self._wants_native(fuzzer.name):
                        self._fuzz(fuzzer, work)
                        ran = True
                ran = ran or bool(wanted)
        if not ran:
            raise NothingMatched

    def _wants_native(self, name: str) -> bool:
        """Whether a Meson test is wanted: it runs whole, also for one of the tests in it."""
        tests = tuple(test.partition("::")[0] for test in self.selection.tests)
        return Selection(self.selection.keyword, tests).matches(name)

    def meson_tests(self, part: str, names: Sequence[str]) -> None:
        """Build a part of our own C and run the named tests of it."""
        with self.meson(part) as work:
            self._meson_tests(part, work, names)

    @contextlib.contextmanager
    def meson(self, part: str, soc: str = "", further: Sequence[str] = ()) -> Iterator[Path]:
        """Build a part of our own C, the remote's for one firmware set; hold its build folder for the body.

        ``further`` are options of Meson.
        """
        freertos = self.builder.sources.get("freertos")
        own = f"{part}-{soc}" if soc else part
        soc = soc or self.builder.socs()[0]
        remote = [f"--cross-file={self.builder.cross_file(soc)}", f"-Dfreertos={freertos.path}", f"-Dsoc={soc}"]
        options = {"native": ["-Dfuzz=true"], "remote": remote}
        log = self.records / "native.log"
        name = f"{own}-{self.where}"
        work = self.builder.cache.work / name
        with self.builder.cache.lock(name, self.progress):
            with self.progress.step(f"native: {part}") as step:
                setup = [*tools.MESON, "setup", f"-Dpart={part}", *options[part], *further]
                setup += [str(work), str(self.root)]
                environment = {"CC": "clang"} if part == "native" else {}
                # Meson never forgets an option or a cross file of the first set-up, not even one that has moved.
                stamp, configured = work / ".configured", shlex.join(setup)
                if not stamp.is_file() or stamp.read_text(encoding="utf-8") != configured:
                    shutil.rmtree(work, ignore_errors=True)
                    tools.run(setup, what=f"configuring the {part} tests", log=log, step=step, env=environment)
                    stamp.write_text(configured, encoding="utf-8")
                tools.run(
                    ["ninja", "-k0", "-C", str(work)],
                    what=f"building the {part} tests",
                    log=log,
                    step=step,
                    watch=tools.ninja_progress,
                )
            yield work

    def _meson_tests(self, part: str, work: Path, names: Sequence[str]) -> None:
        """Run tests of a build folder, all unless some are named."""
        log = work / "meson-logs/testlog.json"
        log.unlink(missing_ok=True)
        argv = (*tools.MESON, "test", "-C", str(work), "--no-rebuild", "--print-errorlogs", *names)
        said = self.records / f"native-{work.name.removesuffix(f'-{self.where}')}.log"  # one for each firmware set
        with self.progress.step(f"native: {part} tests"):
            end = programs.call(Program(part, argv, said, self.root, timeout=NATIVE_TIMEOUT, gentle=True))
        tests = [test for line in _lines(log) for test in meson_results(json.loads(line))]
        if end.code != 0 and not any(test.outcome in BAD for test in tests):
            reason = f"{part} tests ended with code {end.code}"
            tests.append(Test("native", part, "error", end.seconds, reason, reason, infrastructure=True))
        if self._note(tests):
            self._show(end)

    def _fuzz(self, fuzzer: Path, work: Path) -> None:
        """Run a fuzz target a fixed number of times from a fixed seed."""
        argv = (str(fuzzer), f"-runs={FUZZ_RUNS}", "-seed=1", f"-artifact_prefix={self.records}/")
        with self.progress.step(f"native: {fuzzer.name}"):
            log = self.records / f"{fuzzer.name}.log"
            end = programs.call(Program(fuzzer.name, argv, log, work, timeout=NATIVE_TIMEOUT))
        if end.code == 0 and f"Done {FUZZ_RUNS} runs" in end.text:
            self._note([Test("native", fuzzer.name, "passed", round(end.seconds, 3))])
            return
        words = last_words(end.text)
        reason = f"ended with code {end.code}\n{words}"
        self._note([Test("native", fuzzer.name, "failed", round(end.seconds, 3), reason, words)])
        self._show(end)

    # ---- linters ---------------------------------------------------------------------------------------------------

    def _linters(self, qemu: Path) -> list[lint.Linter]:
        table = lint.linters(self.root, self.records, qemu)
        return [linter for linter in table if self.selection.matches(linter.name)]

    def _may_lint(self) -> bool:
        return bool(self._linters(Path("any")))

    def lint(self) -> None:
        """Run the wanted linters; each counts as one test."""
        logs = self.records / "lint"
        logs.mkdir(exist_ok=True)
        with self.progress.step("lint") as step:
            table = self._linters(self.builder.sources.get("qemu").path)
            for number, linter in enumerate(table, start=1):
                step.update(linter.name, done=number, total=len(table))
                if linter.missing:
                    self.progress.say(f"{linter.name}: skipped: {linter.missing}")
                    self._note([Test("lint", linter.name, "skipped", reason=linter.missing)])
                    continue
                tools.require(linter.argv[0])
                log = logs / f"{linter.name.replace(' ', '-')}.log"
                end = programs.call(Program(linter.name, linter.argv, log, self.root, timeout=NATIVE_TIMEOUT))
                seconds = round(end.seconds, 3)
                if end.code == 0:
                    self._note([Test("lint", linter.name, "passed", seconds)])
                    continue
                complaints = end.text.strip() or f"ended with code {end.code}"
                headline = complaints.partition("\n")[0]
                self._note([Test("lint", linter.name, "failed", seconds, complaints, headline, records=str(log))])
                self._show(end)

    # ---- tests written for pytest ----------------------------------------------------------------------------------

    def _may_unit(self) -> bool:
        return self._collects("unit", [])

    def unit(self) -> None:
        """Run the harness's own tests, all of them on all processors."""
        self._pytest("unit", [] if self.selection else [f"-n{self.builder.options.jobs}"])

    def _may_scenarios(self, one: OnBoard) -> bool:
        return self._collects(one.stage, self._scenario_options(one))

    def scenarios(self, log: Path | None = None) -> None:
        """Run the wanted scenarios on the first board; what pytest prints goes to ``log`` if one is given."""
        self._scenarios(self.boards[0], log)

    def _scenarios(self, one: OnBoard, log: Path | None = None) -> None:
        assert one.artifacts is not None
        listing = self.records / f"{one.folder.replace('scenarios', 'artifacts')}.json"
        one.artifacts.dump(listing)
        if self.args.debian and one is self.boards[0]:
            self._make_debian(one)
        self._pytest(one.stage, [f"--ampstand-artifacts={listing}", *self._scenario_options(one)], log)

    @property
    def _debian(self) -> Path:
        """The file that tells the scenarios with Debian where it is; there once the scenarios run."""
        return self.records / "debian.json"

    def _make_debian(self, one: OnBoard) -> None:
        """Make the board's Debian, if it is not there already."""
        assert one.artifacts is not None
        system = Debian(one.builder)
        place = self.records / "debian"
        card = debian.card(system, one.artifacts, lambda: Recorder.for_board(one.builder.board, place))
        system.boot().dump(card, self._debian)

    def _scenario_options(self, one: OnBoard) -> list[str]:
        first = one is self.boards[0]
        return [
            "-p",
            "ampstand.plugin",
            f"--ampstand-board={one.name}",
            f"--ampstand-thread={self.args.thread}",
            *(["--ampstand-exact"] if self.args.exact else []),
            *(["--ampstand-coverage"] if self.args.coverage else []),
            *([f"-n{self.workers}", "--dist=worksteal"] if self.workers > 1 else []),
            *(["--ampstand-short"] if self.args.short else []),
            *([f"--ampstand-shard={self.args.shard}"] if self.args.shard is not None else []),
            *(["--ampstand-failed-first"] if self.args.failed_first else []),
            *([f"--ampstand-durations={self.args.durations.absolute()}"] if self.args.durations is not None else []),
            f"--ampstand-keep-states={self.args.keep_states}",
            f"--ampstand-records={self.records / one.folder}",
            f"--ampstand-boots={self.builder.cache.root / 'boots'}",
            *(f"--ampstand-firmware={path.absolute()}" for path in self.args.firmware if first),
            *(f"--ampstand-remote-image={path.absolute()}" for path in self.args.remote_image if first),
            *([f"--ampstand-debian={self._debian}"] if self.args.debian and first else []),
            *self.args.pytest_arguments,
        ]

    def _argv(self, stage: str, options: Sequence[str]) -> list[str]:
        """Return the call of pytest for a stage."""
        argv = [sys.executable, "-P", "-m", "pytest", "-c", str(self.root / "pyproject.toml")]
        tests = self._tests(stage)
        argv.append(f"--rootdir={_common(tests) if tests == self.own_scenarios else self.root}")
        if "no:cacheprovider" not in options:  # without it pytest does not know the setting
            argv += ["-o", f"cache_dir={self.builder.cache.work / f'pytest-{self.where}'}"]
        argv += ["-p", "ampstand.report.pytest_results", f"--ampstand-stage={stage}"]
        argv += [f"--ampstand-test={test}" for test in self.selection.tests]
        argv += options
        if self.selection.keyword:
            argv += ["-k", self.selection.keyword]
        own = any(not word.startswith("-") and (self.root / word.partition("::")[0]).exists() for word in options)
        return argv if own else [*argv, *map(str, tests)]

    def scenario_command(self, listing: Path, options: Sequence[str]) -> list[str]:
        """Return the call of pytest for scenarios on the first board, with the build that ``listing`` names."""
        own = [f"--ampstand-results={self.results.path}", f"--ampstand-rerun={shlex.join(self.command)}"]
        given = [f"--ampstand-artifacts={listing}", *self._scenario_options(self.boards[0])]
        return self._argv("scenarios", [*own, *given, *options])

    def _tests(self, stage: str) -> list[Path]:
        """Return the files and folders with the tests of a stage."""
        kind = results.kind(stage)
        return self.own_scenarios if kind == "scenarios" and self.own_scenarios else [self.root / "tests" / kind]

    def _place(self, stage: str) -> Path:
        """Return the folder in which the tests of a stage run: scenarios of the user's where they are called from."""
        return Path.cwd() if self._tests(stage) == self.own_scenarios else self.root

    def _collects(self, stage: str, options: Sequence[str]) -> bool:
        """Whether pytest finds a wanted test; True as well if it cannot say, as the run will tell why."""
        argv = [*self._argv(stage, options), "--collect-only", "-q"]
        log = self.records / f"{stage}-selection.log"
        end = programs.call(Program(stage, tuple(argv), log, self._place(stage)))
        if end.code == USAGE_ERROR:
            errors = re.findall(r"^(?:ERROR|.*: error): (?!usage:)(.*)", end.text, flags=re.MULTILINE)
            raise UsageError("\n".join(errors) or f"pytest does not understand its arguments: {log}")
        return end.code != NO_TESTS_COLLECTED

    def _pytest(self, stage: str, options: Sequence[str], log: Path | None = None) -> None:
        """Run pytest on the tests of a stage, its output straight to the user or to ``log``."""
        again = self.command
        for one in self.boards[1:]:
            if one.stage == stage:
                again = rerun.with_board(self.command, one.name)
        own = [f"--ampstand-results={self.results.path}", f"--ampstand-rerun={shlex.join(again)}"]
        argv = self._argv(stage, [*own, *options])
        if log is None:
            self.progress.say(f"{stage}: {shlex.join(argv)}")
        terminal = sys.stdin.isatty() and not INTERACTIVE.isdisjoint(options)
        code = _attend(argv, self._place(stage), log, terminal=terminal)
        if code == NO_TESTS_COLLECTED:
            raise NothingMatched
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        failed = [test for test in Run.load(self.results.path).of_stage(stage) if test.outcome in BAD]
        if code not in (0, 1) or (code == 1 and not failed):
            what = "files of tests cannot be read" if code == UNREADABLE else f"pytest ended with code {code}"
            raise InfrastructureError(what, hint=f"see what it said{f' in {log}' if log is not None else ' above'}")

    def _show(self, end: Ended) -> None:
        """Show the end of what a failed program said."""
        lines = "\n".join(end.text.rstrip().splitlines()[-40:])
        self.progress.say(f"---- {end.program.name} ----\n{lines}\n---- end of {end.program.name} ----")


def _existing(path: Path) -> Path:
    """Return the absolute path of scenarios that the user names."""
    if not path.exists():
        raise UsageError(f"--scenarios {path}: no such file or folder")
    return path.absolute()


def _common(paths_: Sequence[Path]) -> Path:
    """Return the folder that all of some files and folders are in, from which their tests are named."""
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths_]))


def _attend(argv: Sequence[str], cwd: Path, log: Path | None, *, terminal: bool) -> int:
    """Run pytest to its end and return its code; it has the terminal to itself if it is to.

    It gets each interruption once: from the terminal, which it shares with this process, else from here. At the second
    one it is ended at once. It ends in good order when this process is killed.
    """
    with contextlib.nullcontext() if log is None else log.open("w", encoding="utf-8") as sink:
        program = subprocess.Popen(
            programs.kept(argv),
            cwd=cwd,
            stdin=None if terminal else subprocess.DEVNULL,
            stdout=sink,
            start_new_session=not terminal,
        )
        tell = os.kill if terminal else os.killpg  # workers, too: xdist leaves them 10 s to find out by themselves
        interruptions = 0
        while True:
            try:
                code = program.wait()
            except KeyboardInterrupt as interruption:
                asked_to_end = bool(interruption.args)  # SIGTERM or SIGHUP, which the terminal does not pass on
                interruptions += 1
                if interruptions == 1 or terminal:
                    if asked_to_end or not terminal:
                        tell(program.pid, signal.SIGTERM if asked_to_end else signal.SIGINT)
                else:
                    tell(program.pid, signal.SIGKILL)
                continue
            return INTERRUPTED if interruptions and not terminal else code


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Run ``ampstand test``."""
    return Checks(args, builder, progress, command(args)).run()
