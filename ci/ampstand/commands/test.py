# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand test``: device tests, native tests, harness tests, linters and scenarios, in that order.

Each stage can be run alone with ``--only``. What fails is shown with its output and the command that runs it again; the
last line is always ``N passed, N failed`` over all stages.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from ampstand import paths
from ampstand.build import tools
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.commands import lint
from ampstand.errors import AmpstandError, InfrastructureError, NothingRan, TestsFailed, UsageError
from ampstand.progress import Progress, duration

STAGES = ("qtest", "native", "unit", "lint", "scenarios")
NATIVE_PARTS = ("native", "remote")
NEEDS_BUILD = ("qtest", "scenarios")
QTEST_TIMEOUT = 600.0
NATIVE_TIMEOUT = 900.0
FUZZ_RUNS = 20000
THREADS = ("multi", "single")


@dataclass
class Tally:
    """What a stage, or all of them, came to."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    """Name of each failed test, with the command that runs it again."""
    broken: bool = False
    """True when something other than a test failed."""

    def add(self, other: Tally) -> None:
        """Take in another tally."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.broken = self.broken or other.broken

    def line(self) -> str:
        """Return the closing line."""
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}"

    def exit_code(self) -> int:
        """Return the exit code that this tally ends in."""
        if self.broken:
            return InfrastructureError.exit_code
        if self.failed:
            return TestsFailed.exit_code
        return 0 if self.passed else NothingRan.exit_code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``ampstand test``."""
    parser.add_argument("--only", default=",".join(STAGES), metavar="STAGE,...", help=f"of {', '.join(STAGES)}")
    parser.add_argument("--records", type=Path, metavar="DIR", help="folder for logs and results of this run")
    parser.add_argument("--thread", choices=THREADS, default="multi", help="QEMU's TCG threads in scenarios")
    parser.add_argument("-k", dest="keyword", metavar="EXPRESSION", help="only matching unit tests and scenarios")
    parser.add_argument(
        "pytest_arguments", nargs="*", metavar="-- ARG", help="further arguments of pytest for the scenarios"
    )


def parse_tap(text: str, code: int, rerun: str) -> Tally:
    """Return what a TAP program said and how it ended."""
    tally = Tally()
    plan = re.search(r"^1\.\.(\d+)", text, flags=re.MULTILINE)
    for verdict, name in re.findall(r"^(ok|not ok)\b\s*\d*\s*(.*)$", text, flags=re.MULTILINE):
        if re.search(r"#\s*SKIP", name, flags=re.IGNORECASE):
            tally.skipped += 1
        elif verdict == "ok":
            tally.passed += 1
        else:
            tally.failed += 1
            tally.failures.append(f"{name}: {rerun}")
    ran = tally.passed + tally.failed + tally.skipped
    if plan is None or ran == 0 or (ran < int(plan[1]) and not tally.failed) or (code != 0 and not tally.failed):
        ended = f"signal {-code}" if code < 0 else f"code {code}"
        tally.failed += 1
        planned = plan[1] if plan else "no"
        tally.failures.append(f"ended with {ended} after {ran} of {planned} tests: {rerun}")
    return tally


def parse_junit(path: Path, rerun: Callable[[str], str]) -> Tally:
    """Return the tally of a JUnit XML file; ``rerun`` gives the command for a test's name."""
    tally = Tally()
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
            tally.failures.append(f"{name}: {rerun(case.get('name', ''))}")
        elif case.find("skipped") is not None:
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


def broken(name: str, message: str) -> Tally:
    """Return the tally of a stage that could not be run."""
    return Tally(failed=1, failures=[f"{name}: {message}"], broken=True)


def call(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, timeout: float) -> tuple[str, int]:
    """Run a test program; return all it printed and its code. Whatever it started is ended with it."""
    with subprocess.Popen(
        list(argv),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as program:
        try:
            text, _ = program.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            text = f"no end within {duration(timeout)}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
        return text, program.wait()


class Checks:
    """One ``ampstand test``."""

    def __init__(self, args: argparse.Namespace, builder: Builder, progress: Progress) -> None:
        """Take the command line and what builds the things to test."""
        self.args = args
        self.builder = builder
        self.progress = progress
        self.root = builder.root
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.records: Path = args.records or paths.records_root() / f"test-{stamp}-{os.getpid()}"
        self.records = self.records.absolute()
        self.artifacts: Artifacts | None = None

    def stages(self) -> list[str]:
        """Return the wanted stages in their order."""
        wanted = [name.strip() for name in self.args.only.split(",") if name.strip()]
        wrong = sorted(set(wanted) - set(STAGES))
        if wrong or not wanted:
            raise UsageError(f"--only {self.args.only}: stages are {', '.join(STAGES)}")
        return [name for name in STAGES if name in wanted]

    def run(self) -> int:
        """Run the wanted stages, tell what failed, print the closing line."""
        stages = self.stages()
        self.records.mkdir(parents=True, exist_ok=True)
        total = Tally()
        if set(stages) & set(NEEDS_BUILD):
            try:
                self.artifacts = self.builder.all()
            except AmpstandError as error:
                self.progress.say(f"ampstand: {error}")
                total.add(broken("build", error.message.splitlines()[0]))
        for name in stages:
            if name in NEEDS_BUILD and self.artifacts is None:
                self.progress.say(f"{name}: skipped, as the build failed")
                continue
            started = time.monotonic()
            try:
                tally: Tally = getattr(self, name)()
            except AmpstandError as error:
                self.progress.say(f"ampstand: {error}")
                tally = broken(name, error.message.splitlines()[0])
            total.add(tally)
            self.progress.say(f"{name}: {tally.line()} ({duration(time.monotonic() - started)})")
        if total.failures:
            self.progress.say(f"\nfailed (logs in {self.records}):")
            for failure in total.failures:
                self.progress.say(f"  {failure}")
        sys.stderr.flush()
        print(total.line(), flush=True)
        return total.exit_code()

    # ---- stages ----------------------------------------------------------------------------------------------------

    def qtest(self) -> Tally:
        """Run every device test against our QEMU."""
        assert self.artifacts is not None
        build = self.artifacts.qemu_build
        if build is None:
            self.progress.say("qtest: an installed QEMU brings no device tests; skipped")
            return Tally(skipped=1)
        programs = sorted((build / "tests/qtest").glob("*-test"))
        logs = self.records / "qtest"
        logs.mkdir(exist_ok=True)
        environment = {"QTEST_QEMU_BINARY": str(self.artifacts.qemu), "G_TEST_DBUS_DAEMON": "false"}
        total = Tally()

        def one(program: Path) -> tuple[Path, str, Tally]:
            argv = [str(program), "--tap", "-k"]
            text, code = call(argv, cwd=build, env=environment, timeout=QTEST_TIMEOUT)
            (logs / f"{program.name}.log").write_text(text, encoding="utf-8")
            rerun = f"QTEST_QEMU_BINARY={self.artifacts.qemu if self.artifacts else ''} {shlex.join(argv)}"
            return program, text, parse_tap(text, code, rerun)

        with self.progress.step("qtest") as step, ThreadPoolExecutor(self.builder.options.jobs) as pool:
            for number, (program, text, tally) in enumerate(pool.map(one, programs), start=1):
                step.update(program.name, done=number, total=len(programs))
                total.add(tally)
                if tally.failed:
                    self._show(program.name, text)
        return total

    def native(self) -> Tally:
        """Run the C unit tests under sanitizers, a bounded fuzz run, and the size budgets of the images."""
        total = Tally()
        for part in NATIVE_PARTS:
            work, tally = self.meson_tests(part)
            total.add(tally)
            for fuzzer in sorted((work / "tests/firmware").glob("fuzz-*")):
                if fuzzer.is_file() and os.access(fuzzer, os.X_OK):
                    total.add(self._fuzz(fuzzer, work))
        return total

    def meson_tests(self, part: str, names: Sequence[str] = ()) -> tuple[Path, Tally]:
        """Build a part of our own C and run its tests, or the named ones; return its build folder, and the tally."""
        freertos = self.builder.sources.get("freertos")
        cross = self.root / "configs/cross/arm-none-eabi.ini"
        options = {"native": ["-Dfuzz=true"], "remote": [f"--cross-file={cross}", f"-Dfreertos={freertos.path}"]}
        log = self.records / "native.log"
        where = hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        work = self.builder.cache.work / f"{part}-{where}"
        with (
            self.builder.cache.lock(f"{part}-{where}", self.progress),
            self.progress.step(f"native: {part}") as step,
        ):
            argv = [sys.executable, "-m", "mesonbuild.mesonmain"]
            setup = [*argv, "setup", f"-Dpart={part}", *options[part], str(work), str(self.root)]
            if (work / "meson-private/coredata.dat").exists():
                setup.append("--reconfigure")
            environment = {"CC": "clang"} if part == "native" else {}
            tools.run(setup, what=f"configuring the {part} tests", log=log, step=step, env=environment)
            tools.run(
                ["ninja", "-C", str(work)],
                what=f"building the {part} tests",
                log=log,
                step=step,
                watch=tools.ninja_progress,
            )
            results = work / "meson-logs/testlog.junit.xml"
            results.unlink(missing_ok=True)
            rerun = shlex.join(["ninja", "-C", str(work), "test"])
            text, code = call(
                [*argv, "test", "-C", str(work), "--no-rebuild", "--print-errorlogs", *names],
                cwd=self.root,
                timeout=NATIVE_TIMEOUT,
            )
            (self.records / f"native-{part}.log").write_text(text, encoding="utf-8")
            tally = parse_junit(results, lambda _: rerun) if results.exists() else Tally()
            if code != 0 and not tally.failed:
                tally.add(Tally(failed=1, failures=[f"{part} tests ended with code {code}: {rerun}"]))
            if tally.failed:
                self._show(f"{part} tests", text)
        return work, tally

    def _fuzz(self, fuzzer: Path, work: Path) -> Tally:
        """Run a fuzz target a fixed number of times from a fixed seed."""
        argv = [str(fuzzer), f"-runs={FUZZ_RUNS}", "-seed=1", f"-artifact_prefix={self.records}/"]
        text, code = call(argv, cwd=work, timeout=NATIVE_TIMEOUT)
        (self.records / f"{fuzzer.name}.log").write_text(text, encoding="utf-8")
        if code == 0 and f"Done {FUZZ_RUNS} runs" in text:
            return Tally(passed=1)
        self._show(fuzzer.name, text)
        return Tally(failed=1, failures=[f"{fuzzer.name}: {shlex.join(argv)}"])

    def unit(self) -> Tally:
        """Run the harness's own tests."""
        return self._pytest("unit", [])

    def lint(self) -> Tally:
        """Run every linter; each counts as one test."""
        total = Tally()
        scratch = self.records / "lint"
        scratch.mkdir(exist_ok=True)
        with self.progress.step("lint") as step:
            table = lint.linters(self.root, scratch, self.builder.sources.get("qemu").path)
            for number, linter in enumerate(table, start=1):
                step.update(linter.name, done=number, total=len(table))
                if linter.missing:
                    self.progress.say(f"{linter.name}: skipped: {linter.missing}")
                    total.skipped += 1
                    continue
                tools.require(linter.argv[0])
                text, code = call(linter.argv, cwd=self.root, timeout=NATIVE_TIMEOUT)
                (scratch / f"{linter.name.replace(' ', '-')}.log").write_text(text, encoding="utf-8")
                if code == 0:
                    total.passed += 1
                else:
                    total.failed += 1
                    total.failures.append(f"{linter.name}: {scratch}/{linter.name.replace(' ', '-')}.log")
                    self._show(linter.name, text)
        return total

    def scenarios(self, log: Path | None = None) -> Tally:
        """Boot the board and run every scenario on it; what pytest prints goes to ``log`` if one is given."""
        assert self.artifacts is not None
        listing = self.records / "artifacts.json"
        self.artifacts.dump(listing)
        return self._pytest(
            "scenarios",
            [
                "-p",
                "ampstand.plugin",
                f"--ampstand-board={self.args.board}",
                f"--ampstand-artifacts={listing}",
                f"--ampstand-thread={self.args.thread}",
                f"--ampstand-records={self.records / 'scenarios'}",
                *self.args.pytest_arguments,
            ],
            log,
        )

    def _pytest(self, folder: str, options: list[str], log: Path | None = None) -> Tally:
        """Run pytest on one folder below ``tests``, its output straight to the user or to ``log``."""
        results = self.records / f"{folder}.xml"
        argv = [sys.executable, "-P", "-m", "pytest", "-c", str(self.root / "pyproject.toml")]
        argv += [f"--rootdir={self.root}", f"--junitxml={results}", *options]
        if self.args.keyword:
            argv += ["-k", self.args.keyword]
        argv.append(str(self.root / "tests" / folder))
        if log is None:
            self.progress.say(f"{folder}: {shlex.join(argv)}")
        with contextlib.nullcontext() if log is None else log.open("w", encoding="utf-8") as sink:
            program = subprocess.Popen(argv, cwd=self.root, stdin=subprocess.DEVNULL, stdout=sink)
            try:
                code = program.wait()
            except KeyboardInterrupt:
                program.terminate()  # pytest ends and reaps what it started
                program.wait()
                raise
        if code == 5 and self.args.keyword:
            return Tally()
        if code not in (0, 1) or not results.exists():
            return broken(folder, f"pytest ended with code {code}: {shlex.join(argv)}")
        return parse_junit(
            results, lambda name: f"{shlex.join(argv[:-1])} -k {shlex.quote(name.split('[')[0])} {argv[-1]}"
        )

    def _show(self, name: str, text: str) -> None:
        """Show the end of a failed test's output."""
        lines = text.rstrip().splitlines()[-40:]
        self.progress.say(f"---- {name} ----\n" + "\n".join(lines) + f"\n---- end of {name} ----")


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Run ``ampstand test``."""
    return Checks(args, builder, progress).run()
