# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What ``ampstand mutate`` puts mutants into, each with its own build, tests, and way to switch a mutant on.

A target builds all mutants of its files at once, says which tests execute each, and makes the program that tries one:
its tests one after the other, up to the first that fails.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shlex
import sys
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ampstand.build import overlay, tools
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.commands import coverage, programs
from ampstand.commands import list as listing
from ampstand.commands.corpus import copy_checkout
from ampstand.commands.outcomes import last_words, tap
from ampstand.commands.programs import Ended, Program
from ampstand.commands.test import FUZZ_RUNS, NATIVE_TIMEOUT, QTEST_TIMEOUT, Checks
from ampstand.commands.test import add_arguments as add_test_arguments
from ampstand.errors import InfrastructureError, UsageError
from ampstand.mutation.schemata import Mutant
from ampstand.mutation.switches import LINUX, LINUX_FILES, LINUX_MAKEFILE, NUMBER, PROGRAM, REACHED, Switch
from ampstand.mutation.verdicts import BROKEN, CAUGHT, SURVIVED
from ampstand.report import results
from ampstand.report.choice import BOOT, smoke
from ampstand.report.detours import detours, tell
from ampstand.report.lcov import Covered
from ampstand.report.results import BAD, Run, Test

SOUND = ("passed", "known")
"""How a scenario has to end without a mutant, to say something about one."""
SLOWER = 10.0
"""A test on the workstation may take so many seconds with a mutant, and so many times as long as without one."""
FUZZ = (f"-runs={FUZZ_RUNS}", "-seed=1")
_HEAD = "== "
"""So begins the line before what a test says."""
_RUN = f"""name=$1 limit=$2; shift 2; echo "{_HEAD}$name"; timeout --foreground -k 2 "$limit" "$@" </dev/null"""
"""In the group of the shell, which is ended as a whole; a QEMU ends with its test."""


class CompilerRefused(Exception):
    """A build with mutants failed; the argument is what the compiler said."""


class Judged(NamedTuple):
    """What came of trying a mutant."""

    outcome: str
    test: str = ""
    """The test that failed, as the plan has it."""
    message: str = ""
    part: str = ""
    """What of the test failed, where it says so."""


class Target(ABC):
    """Something that mutants are put into."""

    switch: Switch
    sources: tuple[str, ...]
    """The files that are taken if none are named, as patterns below the tree."""
    own = True
    """Whether the sources are this project's: of others there are versions, and a declaration may be about another."""

    def __init__(self, args: argparse.Namespace, builder: Builder, records: Path) -> None:
        """Keep everything of this run below ``records``."""
        self.args = args
        self.builder = builder
        self.progress = builder.progress
        self.records = records

    @property
    @abstractmethod
    def tree(self) -> overlay.Tree:
        """The source that has the files."""

    def chosen(self, patterns: Sequence[str]) -> list[str]:
        """Return the files that patterns name; ``UsageError`` if one names none."""
        found: dict[str, None] = {}
        for pattern in patterns or self.sources:
            names = sorted(str(path.relative_to(self.tree.folder)) for path in self.tree.folder.glob(pattern))
            if not names and patterns:
                raise UsageError(f"{pattern}: no such file in {self.tree.folder}")
            found.update(dict.fromkeys(name for name in names if name.endswith(".c")))
        return list(found)

    def wanted(self, tests: Iterable[str]) -> list[str]:
        """Return the tests that the command line asks for."""
        patterns = self.args.test
        return [name for name in tests if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]

    @abstractmethod
    def build(self, written: Mapping[str, bytes]) -> None:
        """Build with these files in place of those of the source; ``CompilerRefused`` if they do not compile."""

    @abstractmethod
    def executing(self, numbers: Mapping[str, int], mutants: Sequence[Mutant]) -> dict[str, list[str]]:
        """Return by mutant the tests that execute it, those first that are worth more."""

    @abstractmethod
    def program(self, mutant: Mutant, number: int, tests: Sequence[str]) -> Program:
        """Return what tries a mutant."""

    def passes(self, test: str) -> bool:
        """Whether a test that has caught a mutant passes without one."""
        return True  # as executing() has seen

    @abstractmethod
    def judge(self, ended: Ended) -> Judged:
        """Say what came of it."""

    def ways(self, caught: Sequence[tuple[Mutant, int, str]]) -> Iterator[tuple[Mutant, list[str]]]:
        """Yield each of these mutants, given with its number and its test, and lines about where it shows."""
        return iter(())  # it is not known what they execute


class OnWorkstation(Target):
    """Programs of the workstation: they say in a file which mutants they reach, and have the number in a variable."""

    switch = PROGRAM
    timeout: float
    """Seconds that a test may take without a mutant."""
    tests: Mapping[str, tuple[str, ...]]
    """Each test's command, by name; known once it is built."""

    @property
    def tree(self) -> overlay.Tree:
        """The checkout."""
        return overlay.Tree(self.builder.root)

    @property
    def checkout(self) -> Path:
        """The copy of the checkout that mutants are put into."""
        return self.builder.cache.work / f"mutate-{self.args.target}"

    def environment(self) -> dict[str, str]:
        """Return what all tests have in their environment."""
        return {}

    def lay(self, written: Mapping[str, bytes]) -> None:
        """Put the files into a new copy; the others keep their times, so they are not compiled again."""
        copy_checkout(self.builder.root, self.checkout)
        for name, data in written.items():
            (self.checkout / name).write_bytes(data)

    def executing(self, numbers: Mapping[str, int], mutants: Sequence[Mutant]) -> dict[str, list[str]]:
        """Run each test once without a mutant."""
        folder, size = self.records / "without", max(numbers.values(), default=0) + 1
        self._limits = dict.fromkeys(self.tests, self.timeout)
        folder.mkdir(parents=True, exist_ok=True)
        wanted = []
        for name in self.wanted(self.tests):
            reached = folder / f"{name}.reached"
            reached.write_bytes(bytes(size))
            wanted.append(self._program(name, [name], folder / f"{name}.log", {REACHED: str(reached)}))
        seconds: dict[str, float] = {}
        with (
            self.progress.step("mutate: tests without a mutant") as step,
            closing(programs.run(wanted, self.args.workers)) as ended,
        ):
            for end in ended:
                step.update(end.program.name, done=len(seconds) + 1, total=len(wanted))
                seconds[end.program.name] = end.seconds
                if end.code != 0:
                    raise InfrastructureError(
                        f"{end.program.name} fails without a mutant: {last_words(end.text)}", hint=str(end.program.log)
                    )
        order = sorted(seconds, key=lambda name: seconds[name])
        self._limits = {name: SLOWER * (1 + seconds[name]) for name in order}
        reached_by = {name: (folder / f"{name}.reached").read_bytes() for name in order}
        return {
            mutant.id: self.sorted([name for name in order if reached_by[name][numbers[mutant.id]]], mutant)
            for mutant in mutants
        }

    def sorted(self, tests: list[str], mutant: Mutant) -> list[str]:
        """Return the tests, those first that are about the mutant's file."""
        return tests

    def program(self, mutant: Mutant, number: int, tests: Sequence[str]) -> Program:
        """Return a small shell script: each test with a line before what it says."""
        return self._program(mutant.id, tests, self.records / "logs" / f"{number}.log", {NUMBER: str(number)})

    def _program(self, name: str, tests: Sequence[str], log: Path, environment: Mapping[str, str]) -> Program:
        calls = [shlex.join(["run", test, str(self._limits[test]), *self.tests[test]]) for test in tests]
        script = f"run() {{ {_RUN}; }}\n" + " &&\n".join(calls)
        return Program(
            name,
            ("sh", "-c", script),
            log,
            self.checkout,
            {**self.environment(), **environment},
            timeout=sum(self._limits[test] + 5 for test in tests),
        )

    def judge(self, ended: Ended) -> Judged:
        """Find the test that failed, by TAP if it says it, and what it said."""
        if ended.code == 0:
            return Judged(SURVIVED)
        name, _, said = ended.text.rpartition(f"\n{_HEAD}")[2].removeprefix(_HEAD).partition("\n")
        text = _NOISE.sub("", said)
        if ended.code in (124, 137):
            return Judged(CAUGHT, name, f"no end within {self._limits[name]:.0f} s\n{text[-1000:]}")
        failed = [test for test in tap("native", name, text, ended.code) if test.outcome in BAD]
        part = next((test.name.partition("::")[2] for test in failed), "")
        return Judged(CAUGHT, name, _essence(text) or last_words(text), part)


_NOISE = re.compile(r"^# (starting QEMU|random seed|Start of|End of)\b.*\n?", re.MULTILINE)
"""What GLib and QEMU's test library say of each test, whatever comes of it."""


def _essence(text: str) -> str:
    """Return the lines of a test's output that say what failed, and where."""
    wanted = re.compile(r"not ok|Bail out|ERROR|SUMMARY|runtime error|[Aa]ssert|^\s*#[0-9]+ |^# ", re.MULTILINE)
    return "\n".join(line for line in text.splitlines() if wanted.search(line))[:2000]


class Firmware(OnWorkstation):
    """The firmware's library, in its native tests under sanitizers."""

    sources: tuple[str, ...] = ("firmware/remote/lib/*.c",)
    timeout = NATIVE_TIMEOUT

    def environment(self) -> dict[str, str]:
        """Return the sanitizers' settings, as Meson has them."""
        return {
            "ASAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_summary=1",
            "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_summary=1:print_stacktrace=1",
        }

    def build(self, written: Mapping[str, bytes]) -> None:
        """Build the native part of the copy."""
        self.lay(written)
        plain = self.builder
        builder = Builder(
            plain.board, plain.options, plain.progress, cache=plain.cache, sources=plain.sources, root=self.checkout
        )
        log = self.records / "native.log"
        log.unlink(missing_ok=True)
        try:
            with _checks(self.args, builder, self.records).meson("native", further=["-Dwerror=false"]) as work:
                self.tests = _native_tests(work)
        except InfrastructureError as error:
            raise CompilerRefused(log.read_text(encoding="utf-8")) from error


def _native_tests(work: Path) -> dict[str, tuple[str, ...]]:
    """Return the commands of Meson's tests and of the fuzzers in a build folder."""
    listing = json.loads(tools.output([*tools.MESON, "introspect", "--tests", work]))
    found = {entry["name"]: tuple(entry["cmd"]) for entry in listing}
    for fuzzer in sorted((work / "tests/firmware").glob("fuzz-*")):
        if fuzzer.is_file():
            found[fuzzer.name] = (str(fuzzer), *FUZZ)
    return found


class Models(OnWorkstation):
    """Our device models in QEMU, with its device tests."""

    sources: tuple[str, ...] = (
        *(f"hw/misc/stm32mp1_{name}.c" for name in ("ipcc", "rcc", "exti", "hsem")),
        *(f"hw/watchdog/stm32mp1_{name}.c" for name in ("iwdg", "wwdg")),
        "hw/arm/remote_core.c",
    )
    timeout = QTEST_TIMEOUT

    def build(self, written: Mapping[str, bytes]) -> None:
        """Build QEMU of the copy."""
        self.lay(written)
        plain = self.builder
        builder = Builder(
            plain.board, plain.options, plain.progress, cache=plain.cache, sources=plain.sources, root=self.checkout
        )
        try:
            self._qemu = builder.qemu()
        except InfrastructureError as error:
            raise CompilerRefused((plain.cache.logs / "qemu.log").read_text(encoding="utf-8")) from error
        tests = sorted((self._qemu / "tests/qtest").glob("*-test"))
        self.tests = {path.name: (str(path), "--tap", "-k") for path in tests}

    def environment(self) -> dict[str, str]:
        """Name the QEMU to be tested."""
        return {"QTEST_QEMU_BINARY": str(self._qemu / "qemu-system-aarch64"), "G_TEST_DBUS_DAEMON": "false"}

    def sorted(self, tests: list[str], mutant: Mutant) -> list[str]:
        """Return the device's own test first; that of a part of several SoCs has the name of one before its own."""
        own = Path(mutant.file).stem.replace("_", "-")
        return sorted(tests, key=lambda name: not re.search(rf"(^|-){own}-test$", name))


def _witnesses(mutant: Mutant, executed: Collection[tuple[str, int]]) -> list[int]:
    """Return the lines with code that tell whether a mutant is executed: its own, or the best of those beside it."""
    places = (range(mutant.line, mutant.last + 1), *mutant.along)
    found = ([line for line in lines if (mutant.file, line) in executed] for lines in places)
    return next(filter(None, found), [])


class Linux(Target):
    """The kernel, with scenarios: those that execute a mutant's lines without it."""

    switch = LINUX
    own = False
    sources: tuple[str, ...] = (
        "drivers/rpmsg/virtio_rpmsg_bus.c",
        "drivers/rpmsg/rpmsg_*.c",
        "drivers/remoteproc/remoteproc_*.c",
        "drivers/tty/rpmsg_tty.c",
        "drivers/mailbox/mailbox.c",
    )
    drivers: Mapping[str, tuple[str, ...]] = {
        "stm32mp157c-dk2": (
            "drivers/remoteproc/stm32_rproc.c",
            "drivers/mailbox/stm32-ipcc.c",
            "drivers/hwspinlock/*_core.c",
            "drivers/hwspinlock/stm32_hwspinlock.c",
            "drivers/watchdog/stm32_iwdg.c",
        ),
        "zcu102": ("drivers/remoteproc/xlnx_r5_remoteproc.c", "drivers/mailbox/zynqmp-ipi-mailbox.c"),
    }
    """By board, what is of its own hardware."""

    def __init__(self, args: argparse.Namespace, builder: Builder, records: Path) -> None:
        """Build the kernel in the tree that patched kernels have."""
        super().__init__(args, builder, records)
        self.sources = (*type(self).sources, *self.drivers.get(builder.board.name, ()))
        self._at_boot: set[str] = set()
        """Mutants that a boot executes."""
        self._listing = records / "artifacts.json"
        self._seconds: dict[str, float] = {}
        self._passes: dict[str, bool] = {}

    @property
    def tree(self) -> overlay.Tree:
        """The kernel's."""
        return self.builder.sources.get("linux").tree

    def build(self, written: Mapping[str, bytes]) -> None:
        """Build a kernel with all mutants as a patch to it."""
        makefile, end = LINUX_MAKEFILE
        files = {
            **written,
            **{name: text.encode() for name, text in LINUX_FILES.items()},
            makefile: (self.tree.read(makefile) or b"") + end.encode(),
        }
        patch = self.records / "mutants.patch"
        patch.write_bytes(b"".join(difference(name, self.tree.read(name), data) for name, data in files.items()))
        plain = self.builder
        options = replace(
            plain.options,
            kernel_patches=(*plain.options.kernel_patches, patch),
            kernel_copy=True,
            kernel_debug_info=self.args.where,
        )
        builder = Builder(
            plain.board, options, plain.progress, cache=plain.cache, sources=plain.sources, root=plain.root
        )
        objects = [str(Path(name).with_suffix(".o")) for name in written]
        try:
            builder.kernel_objects(objects)
            artifacts = builder.all()
        except InfrastructureError as error:
            raise CompilerRefused((plain.cache.logs / "linux.log").read_text(encoding="utf-8")) from error
        artifacts.dump(self._listing)

    def executing(self, numbers: Mapping[str, int], mutants: Sequence[Mutant]) -> dict[str, list[str]]:
        """Look up what scenarios executed in the run ``--baseline``, or in one that is made for it."""
        records, tests = self._without
        # One that meets a known bug judges what comes before that, and whether the bug is the same.
        ended = {test.name: test.seconds or 0.0 for test in tests if test.outcome in SOUND}
        good = self._seconds = {name: ended[name] for name in self.wanted(ended)}
        executed: dict[tuple[str, int], set[str]] = defaultdict(set)
        for name, covered in coverage.load(records, sorted({mutant.file for mutant in mutants})).items():
            for file, lines in covered.lines.items():
                for line, hit in lines.items():
                    executed[file, line].update([name] if hit else [])
        usual, found = smoke(good), dict[str, list[str]]()
        for mutant in mutants:
            names = set[str]().union(*(executed[mutant.file, line] for line in _witnesses(mutant, executed)))
            booted, rest = any(name.startswith(BOOT) for name in names), set[str]()
            if booted:
                self._at_boot.add(mutant.id)
                names |= set(usual)
                rest = good.keys() - names  # what came of it then may matter to any
            found[mutant.id] = [
                name
                for part in (names & good.keys(), rest)
                for name in spread(sorted(part, key=lambda name: (good[name], name)))
            ]
        return found

    @cached_property
    def _without(self) -> tuple[Path, list[Test]]:
        """Return the records of the kernel as it is, and its scenarios; warn of those that came since."""
        records = self.args.baseline or self._baseline()
        tests = Run.load(records / results.FILE).of_stage("scenarios")
        if unknown := sorted({item.nodeid for item in listing.collected()} - {test.name for test in tests}):
            self.progress.warn(f"{records} is of other scenarios; not tried: {', '.join(unknown)}")
        return records, tests

    def _baseline(self) -> Path:
        """Run all scenarios on the kernel as it is, and record what they execute."""
        folder = self.records / "baseline"
        if (folder / "complete").is_file():
            return folder
        plain = self.builder
        options = replace(plain.options, kernel_debug_info=True)
        builder = Builder(
            plain.board, options, plain.progress, cache=plain.cache, sources=plain.sources, root=plain.root
        )
        checks = _checks(self.args, builder, folder, "--coverage", f"--workers={self.args.workers}")
        artifacts = checks.artifacts = builder.all()
        checks.results.begin(sys.argv)
        checks.results.inputs(artifacts.provenance)
        with self.progress.step("mutate: what scenarios execute"):
            checks.scenarios(folder / "scenarios.log")
        (folder / "complete").touch()
        return folder

    def passes(self, test: str) -> bool:
        """Run it on the kernel that has mutants, none of them switched on; once."""
        if test not in self._passes:
            ended = programs.call(self._program(test, 0, [test], self.records / "control" / str(len(self._passes))))
            self._passes[test] = self.judge(ended).outcome == SURVIVED
        return self._passes[test]

    def program(self, mutant: Mutant, number: int, tests: Sequence[str]) -> Program:
        """Return a run of pytest; a mutant that the boot does not execute is switched on after it."""
        return self._program(mutant.id, number, tests, self.records / "tried" / str(number), self._words(mutant))

    def ways(self, caught: Sequence[tuple[Mutant, int, str]]) -> Iterator[tuple[Mutant, list[str]]]:
        """Run each test again with its mutant, and once without one, and compare what Linux has executed."""
        self.executing({}, [mutant for mutant, _, _ in caught])  # it finds out which a boot executes
        folder = self.records / "ways"
        linux = coverage.Linux(Artifacts.load(self._listing), coverage.SOURCES)

        def covered(ended: Ended, test: str) -> Covered:
            found = Covered()
            with suppress(UsageError):  # a board that never ran has recorded nothing
                for _, executed in coverage.executed_in(ended.program.log.parent, [test]):
                    found.add(linux.covered(executed, unsure=False))
            return found

        tests = list(dict.fromkeys(test for _, _, test in caught))
        without = [
            self._program(test, 0, [test], folder / f"without-{number}", recorded=True)
            for number, test in enumerate(tests)
        ]
        plain: dict[str, Covered] = {}
        for ended in programs.run(without, self.args.workers):
            if ended.code == 0:
                plain[ended.program.name] = covered(ended, ended.program.name)
        by_id = {mutant.id: (mutant, test) for mutant, _, test in caught if test in plain}
        wanted = [
            self._program(mutant.id, number, [test], folder / str(number), self._words(mutant), recorded=True)
            for mutant, number, test in caught
            if test in plain
        ]
        texts: dict[str, tuple[str, str]] = {}
        for ended in programs.run(wanted, self.args.workers):
            if ended.code != 0:
                mutant, test = by_id[ended.program.name]
                after = covered(ended, test)
                for path in after.lines.keys() - texts.keys():
                    texts[path] = (overlay.text(self.tree.read(path)),) * 2
                yield mutant, tell(detours(texts, plain[test], after))

    def _words(self, mutant: Mutant) -> list[str]:
        return ["--ampstand-mutant-boot"] if mutant.id in self._at_boot else []

    def _program(
        self,
        name: str,
        number: int,
        tests: Sequence[str],
        folder: Path,
        words: Sequence[str] = (),
        *,
        recorded: bool = False,
    ) -> Program:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / results.FILE).unlink(missing_ok=True)
        checks = _checks(self.args, self.builder, folder, *(["--coverage"] if recorded else []))
        argv = checks.scenario_command(self._listing, [f"--ampstand-mutant={number}", *words, "--exitfirst", *tests])
        seconds = sum(self._seconds.get(test, 0.0) for test in tests)
        return Program(name, tuple(argv), folder / "scenarios.log", self.builder.root, timeout=300 + 5 * seconds)

    def judge(self, ended: Ended) -> Judged:
        """Read the record of the run."""
        path = ended.program.log.with_name(results.FILE)
        bad = Run.load(path).with_outcome(*BAD) if path.is_file() else []
        if bad:
            said = bad[0].reason if bad[0].reason.startswith(bad[0].headline) else f"{bad[0].headline}\n{bad[0].reason}"
            return Judged(CAUGHT, bad[0].name, said.strip())
        if ended.code == 0:
            return Judged(SURVIVED)
        return Judged(BROKEN, message=last_words(ended.text))


def spread(names: Sequence[str]) -> list[str]:
    """Return the first variant of each test before the second, and one test of each file before the next of it.

    What is alike sees much the same.
    """
    seen: Counter[str] = Counter()
    turns: dict[str, tuple[int, int]] = {}
    tests: dict[str, int] = {}
    for name in names:
        file, test = name.partition("::")[0], name.partition("[")[0]
        if test not in tests:
            tests[test] = seen[file]
            seen[file] += 1
        turns[name] = (seen[test], tests[test])
        seen[test] += 1
    return sorted(names, key=lambda name: turns[name])


def difference(name: str, before: bytes | None, after: bytes) -> bytes:
    """Return a change of a file as a patch."""
    old = before.decode("utf-8", errors="surrogateescape").splitlines(keepends=True) if before is not None else []
    new = after.decode("utf-8", errors="surrogateescape").splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, f"a/{name}" if before is not None else "/dev/null", f"b/{name}")
    return "".join(lines).encode("utf-8", errors="surrogateescape")


def _checks(args: argparse.Namespace, builder: Builder, records: Path, *words: str) -> Checks:
    """Return what runs tests, one at a time unless told otherwise, and keeps records of them there."""
    records.mkdir(parents=True, exist_ok=True)
    parser = argparse.ArgumentParser()
    add_test_arguments(parser)
    given = ["--records", str(records), "--workers=1", "--keep-states=0", *words]
    return Checks(
        parser.parse_args(given, argparse.Namespace(board=args.board)), builder, builder.progress, ["ampstand", "test"]
    )


TARGETS: Mapping[str, type[Target]] = {"firmware": Firmware, "linux": Linux, "models": Models}
