# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a review is about: what its sides are built from, and how each is tested.

A subject has parts, in their order: the patches of a series, the commits between two revisions. A side is a number of
them: 0 is the baseline.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import shlex
import shutil
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ampstand.build import git, overlay, tools
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import file_hash, known_hash, tree_inputs
from ampstand.build.kernel import Inspection
from ampstand.build.mail import Mail, Patch
from ampstand.commands import coverage, measure, programs
from ampstand.commands.given import firmware_of
from ampstand.commands.programs import Program
from ampstand.commands.test import STATES, Checks
from ampstand.commands.test import add_arguments as add_test_arguments
from ampstand.errors import AmpstandError, InfrastructureError, UsageError
from ampstand.formats import assembly, sizes
from ampstand.report import rerun, results
from ampstand.report.detours import Detour, detours
from ampstand.report.lcov import Covered
from ampstand.report.results import Results, Run, Stage

JUDGES = ("ci/ampstand", "tests/scenarios", "tests/probes", "configs")
"""Our own folders on which a verdict depends."""
SOURCES = (".c", ".h")
"""Endings of what has lines that Linux may execute."""
LONGEST = 7200.0
"""Seconds that a command of another revision may take."""


@dataclass(frozen=True)
class Part:
    """One step of a change."""

    subject: str
    digest: str
    """Changes when the part does."""
    thread: Mail = field(default_factory=Mail)
    """What to answer."""


class Subject(ABC):
    """What a review is about."""

    what = "the change"
    """What a report calls it."""
    chosen = False
    """Whether scenarios can be chosen by what they execute."""
    has_probes = True
    """Whether it can matter to probes."""

    def __init__(self, args: argparse.Namespace, builder: Builder, parts: Sequence[Part]) -> None:
        """``builder`` is that of the command line ``args``, which does the review again."""
        self.args = args
        self.plain = builder
        self.progress = builder.progress
        self.parts = parts
        self.command = [*rerun.base(args.parser, args), *(["-k", args.keyword] if args.keyword else [])]
        self.notes: list[str] = []
        """What a reader of the report must know."""

    @abstractmethod
    def builder(self, parts: int) -> Builder:
        """Return what builds the board with the first so many parts."""

    def build(self, parts: int) -> None:
        """Build what a step changes."""
        self.builder(parts).all()

    def warnings(self, parts: int) -> list[str]:
        """Return what the compiler warns of in what is changed, as ``FILE: MESSAGE``."""
        return []

    def sizes(self, parts: int) -> dict[str, int]:
        """Return bytes by what takes them."""
        return {}

    def changed(self) -> Mapping[str, tuple[str, str]]:
        """Return by path the text of each file that is changed, before and after."""
        return {}

    def same_code(self) -> set[str]:
        """Return the files that are changed and of which the compiler makes the same as before."""
        return set()

    def has_lines(self, name: str) -> bool:
        """Whether it is known what executes the lines of a file."""
        return False

    def covered(self, changed: Sequence[str], folder: Path) -> dict[str, Covered]:
        """Return what each scenario of a side has executed of changed files; ``folder`` has its records."""
        return {}

    def detours(self, tests: Collection[str], folders: tuple[Path, Path]) -> dict[str, list[Detour]]:
        """Return by test where Linux goes another way; ``folders`` have the records without the change and with it."""
        return {}

    def identity(self, parts: int) -> dict[str, str]:
        """Return by content what a side tests, and what tests and judges it.

        Names and versions are no key: they are the same for different builds, and for a checkout with changes.
        """
        return inputs_of(self.builder(parts).all(), self.plain.root)

    def test(self, parts: int, folder: Path, words: Sequence[str], *, again: bool = False) -> None:
        """Run the scenarios of a side that ``words`` select, and the probes, with one record for both.

        If they run ``again`` it is only asked how they end: without probes, and not what they execute, so that boards
        go on from saved boots.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if not again:
            words = [*words, "--coverage", *([f"--keep-states={STATES}"] if parts else [])]
        builder = self.builder(parts)
        checks = Checks(self._arguments(parts, folder, words), builder, self.progress, self.command)
        artifacts = checks.artifacts = builder.all()
        checks.results.begin(self.command)
        checks.results.inputs({**artifacts.provenance, **self.inputs(parts)})
        started = time.monotonic()
        checks.scenarios(folder / "scenarios.log")
        checks.results.stage(Stage("scenarios", "ok", time.monotonic() - started))
        if not again and self.has_probes and Run.load(checks.results.path).boots():
            started = time.monotonic()
            chosen = measure.choose([], builder.board)
            measure.run(
                chosen, [], builder, artifacts, folder / "probes", checks.results, self.progress, self.args.workers
            )
            checks.results.stage(Stage("measure", "ok", time.monotonic() - started))
        checks.results.end(Run.load(checks.results.path).exit_code())

    def inputs(self, parts: int) -> dict[str, str]:
        """Return what a side is about, besides what its build says."""
        return {}

    def _arguments(self, parts: int, folder: Path, words: Sequence[str]) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        add_test_arguments(parser)
        options = ["--records", str(folder), f"--workers={self.args.workers}", "--keep-states=0", *words]
        return parser.parse_args(options, argparse.Namespace(board=self.args.board))


def inputs_of(artifacts: Artifacts, root: Path) -> dict[str, str]:
    """Return by content what is tested, and what of the checkout ``root`` tests and judges it."""
    files = [artifacts.qemu, artifacts.kernel, artifacts.dtb, artifacts.initramfs, *artifacts.firmware.values()]
    own = (path for folder in JUDGES for path in (root / folder).rglob("*") if path.suffix in (".py", ".toml"))
    return {path.name: known_hash(path) for path in files if path.is_file()} | tree_inputs(root, own)


class Series(Subject):
    """Patches to Linux."""

    what = "the series"
    chosen = True

    def __init__(self, args: argparse.Namespace, builder: Builder, patches: Sequence[Patch]) -> None:
        """``patches`` are files that must stay where they are."""
        parts = [Part(patch.subject, file_hash(patch.path), patch.thread) for patch in patches]
        super().__init__(args, _with(builder, kernel_debug_info=True), parts)
        self._patches = [patch.path for patch in patches]
        self._kernels: dict[Path, coverage.Linux] = {}

    def builder(self, parts: int) -> Builder:
        """Return what builds the board with the first so many patches: all sides in one tree, whose path they know."""
        series = (*self.plain.options.kernel_patches, *self._patches[:parts])
        return _with(self.plain, sources=True, kernel_patches=series, kernel_copy=True)

    def build(self, parts: int) -> None:
        """Build the kernel: nothing else changes. The probes' marks are found in its symbols."""
        builder = self.builder(parts)
        builder.kernel()
        builder.kernel_symbols()

    def warnings(self, parts: int) -> list[str]:
        """Return those of the changed files with ``W=1``, and of sparse where it is installed."""
        return self._inspection(parts).warnings

    def _inspection(self, parts: int) -> Inspection:
        return self.builder(parts).kernel_inspection(sorted(self.changed()))

    def sizes(self, parts: int) -> dict[str, int]:
        """Return what of the kernel takes how much, the types that the changed files know, their functions' stack.

        A header's types are those that the code knows which is looked at for coverage.
        """
        units = [name for name in self.changed() if name.endswith(".c")]
        if any(name.endswith(".h") for name in self.changed()):
            units += [*coverage.SOURCES, *(f"{Path(name).parent}/" for name in units)]
        stacks = {f"stack {name}": size for name, size in self._inspection(parts).stacks.items()}
        return stacks | self.builder(parts).kernel_sizes(units)

    def changed(self) -> Mapping[str, tuple[str, str]]:
        """Return the files of the kernel's tree; what is not there is empty."""
        return self._changed

    @functools.cached_property
    def _changed(self) -> Mapping[str, tuple[str, str]]:
        tree, own = self.plain.sources.get("linux").tree, self.plain.options.kernel_patches
        return overlay.texts(tree, own, self._patches)

    def same_code(self) -> set[str]:
        """Compare the assembler text of each file that is compiled on both sides."""
        before, after = (self._inspection(number).code for number in (0, len(self.parts)))
        return {name for name in before.keys() & after.keys() if not assembly.differences(before[name], after[name])}

    def has_lines(self, name: str) -> bool:
        """All of them: what is not C has none."""
        return True

    def covered(self, changed: Sequence[str], folder: Path) -> dict[str, Covered]:
        """Look at what Linux's core executed."""
        sources = [name for name in changed if name.endswith(SOURCES)]
        return coverage.look(folder, self._linux(folder), sources=sources) if sources else {}

    def _linux(self, records: Path) -> coverage.Linux:
        """Return the code of a side's kernel that talks to a remote or is changed, read once."""
        artifacts = coverage.artifacts_of(records)
        if artifacts.kernel not in self._kernels:
            changed = [name for name in self.changed() if name.endswith(SOURCES)]
            own = sorted({f"{Path(name).parent}/" for name in changed if not name.startswith("include/")})
            self._kernels[artifacts.kernel] = coverage.Linux(
                artifacts, [*coverage.SOURCES, *changed], [*coverage.SOURCES, *own]
            )
        return self._kernels[artifacts.kernel]

    def detours(self, tests: Collection[str], folders: tuple[Path, Path]) -> dict[str, list[Detour]]:
        """Look at what Linux's core executed of what it talks to a remote with, and of the changed files."""
        before, after = (coverage.look(folder, self._linux(folder), tests=tests) for folder in folders)
        source = self.plain.sources.get("linux")
        own = overlay.patched(source.tree, self.plain.options.kernel_patches)
        known = {path for covered in after.values() for path in covered.lines}
        texts = {path: (overlay.text(own.get(path, source.tree.read(path))),) * 2 for path in known}
        return {name: detours({**texts, **self.changed()}, before[name], after[name]) for name in before.keys() & after}


class Qemu(Subject):
    """Another QEMU source."""

    def builder(self, parts: int) -> Builder:
        """Return what builds our models into one QEMU or the other."""
        return self.plain if parts else _with(self.plain, qemu_src=self.args.qemu_base)


class Firmware(Subject):
    """An image that Linux starts, in two builds."""

    has_probes = False

    def __init__(self, args: argparse.Namespace, builder: Builder, parts: Sequence[Part], folder: Path) -> None:
        """Keep the images below ``folder``."""
        super().__init__(args, builder, parts)
        self._folder = folder

    def builder(self, parts: int) -> Builder:
        """Return what builds the board: it is the same on both sides."""
        return self.plain

    def build(self, parts: int) -> None:
        """See to it that there is an image that can be started."""
        firmware_of(str(self.image(parts)), self.plain.board, linux=True)

    def image(self, parts: int) -> Path:
        """Return the image of a side; it has the same name on all of them."""
        copy: Path = self._folder / str(parts) / self.args.firmware.name
        if not copy.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            self._make(parts, copy)
        return copy

    def _make(self, parts: int, image: Path) -> None:
        shutil.copy(self.args.firmware if parts else self.args.firmware_base, image)

    def sizes(self, parts: int) -> dict[str, int]:
        """Return what of the image takes how much."""
        return sizes.read(self.image(parts), [])

    def identity(self, parts: int) -> dict[str, str]:
        """Add the image."""
        return {**super().identity(parts), "image": file_hash(self.image(parts))}

    def inputs(self, parts: int) -> dict[str, str]:
        """Name the image by its content."""
        return {"given firmware": f"{self.args.firmware.name} sha256 {file_hash(self.image(parts))}"}

    def _arguments(self, parts: int, folder: Path, words: Sequence[str]) -> argparse.Namespace:
        args = super()._arguments(parts, folder, words)
        args.firmware = [self.image(parts)]
        if not args.test:
            args.keyword = " and ".join(f"({part})" for part in ("test_given_firmware", args.keyword) if part)
        try:
            firmware_of(str(self.image(parts)), self.plain.board, linux=False)
            args.remote_image = [self.image(parts)]
        except AmpstandError:  # one that only Linux can load
            args.remote_image = []
        return args


class FirmwareTree(Firmware):
    """The commits of somebody's tree of firmware, each built by a command of theirs."""

    def __init__(self, args: argparse.Namespace, builder: Builder, folder: Path) -> None:
        """Take ``args.revisions`` of ``args.firmware_src``."""
        self._commits = commits(args.firmware_src, args.revisions)
        super().__init__(args, builder, _parts(args.firmware_src, self._commits), folder)

    def _make(self, parts: int, image: Path) -> None:
        tree, commit, cache = self.args.firmware_src.absolute(), self._commits[parts], self.plain.cache
        work, log = cache.work / f"firmware-{_short(str(tree))}", cache.logs / "firmware.log"
        with cache.lock(work.name, self.progress):
            log.unlink(missing_ok=True)
            _check_out(self.plain, tree, commit, work)
            with self.progress.step(f"firmware: building {commit[:12]}") as step:
                command = ["sh", "-ec", self.args.build_command]
                tools.run(command, what=f"building the firmware of {commit[:12]}", log=log, step=step, cwd=work)
            made = work / self.args.firmware
            if not made.is_file():
                raise InfrastructureError(
                    f"--build-command left no {self.args.firmware} at {commit[:12]}", hint=f"its log: {log}"
                )
            shutil.copy(made, image)


class Revisions(Subject):
    """Commits of Ampstand itself; each side is tested by its own harness, with its own scenarios."""

    def __init__(self, args: argparse.Namespace, builder: Builder) -> None:
        """Take ``args.revisions`` of the checkout."""
        self._commits = commits(builder.root, args.revisions)
        super().__init__(args, builder, _parts(builder.root, self._commits))
        build = {entry.name for entry in fields(BuildOptions)} | {"board"}
        self._options = rerun.options(args.parser, args, build)

    def builder(self, parts: int) -> Builder:
        """Return what builds the board as this checkout's harness does, from the sources of that commit."""
        plain = self.plain
        return Builder(
            plain.board, plain.options, plain.progress, cache=plain.cache, sources=plain.sources,
            root=self._checkout(parts),
        )  # fmt: skip

    def _checkout(self, parts: int) -> Path:
        commit, cache = self._commits[parts], self.plain.cache
        work = cache.work / f"ampstand-{commit[:12]}"
        with cache.lock(work.name, self.progress):
            _check_out(self.plain, self.plain.root, commit, work)
        return work

    def build(self, parts: int) -> None:
        """Build with the harness of that commit."""
        log = self.plain.cache.logs / "revision.log"
        self._run(parts, ["build"], log)

    def _run(self, parts: int, words: Sequence[str], log: Path) -> None:
        """Run a command of a commit's harness; raise if it could not do its work."""
        checkout = self._checkout(parts)
        argv = (str(checkout / rerun.ENTRY), words[0], *self._options, *words[1:])
        end = programs.call(Program(words[0], argv, log, checkout, timeout=LONGEST, gentle=True))
        if end.code not in (0, 1):
            said = "\n".join(end.text.rstrip().splitlines()[-5:])
            raise InfrastructureError(f"`{shlex.join(argv)}` ended with code {end.code}:\n{said}", hint=f"log: {log}")

    def changed(self) -> Mapping[str, tuple[str, str]]:
        """Return the files of the checkout."""
        sides = [overlay.Tree(self.plain.root, self._commits[number]) for number in (0, -1)]
        names = git.read(self.plain.root, "diff", "--name-only", "--no-renames", "-z", *(t.revision for t in sides))
        found = {}
        for name in (names or "").split("\0"):
            if name:
                before, after = (overlay.text(tree.read(name)) for tree in sides)
                found[name] = (before, after)
        return found

    def has_lines(self, name: str) -> bool:
        """Those of the remote's firmware."""
        return name.startswith("firmware/remote/")

    def covered(self, changed: Sequence[str], folder: Path) -> dict[str, Covered]:
        """Look at what the remote executed."""
        return coverage.load_firmware(folder, changed, defaultdict(dict)) if changed else {}

    def sizes(self, parts: int) -> dict[str, int]:
        """Return what of each of our images takes how much."""
        found: dict[str, int] = {}
        for name, image in self.builder(parts).images().items():
            found |= {f"{name}: {what}": size for what, size in sizes.read(image, []).items()}
        return found

    def identity(self, parts: int) -> dict[str, str]:
        """Return the commit, and the sources that are not in it."""
        names = ("qemu", "linux", "freertos", "busybox")
        sources = {name: self.plain.sources.get(name).identity for name in names}
        return {"commit": self._commits[parts], "options": shlex.join(self._options), **sources}

    def test(self, parts: int, folder: Path, words: Sequence[str], *, again: bool = False) -> None:
        """Run all tests of a commit that ``words`` select, and its probes, with one record for both."""
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--records", str(folder), f"--workers={self.args.workers}", *words]
        if not again:
            options.append("--coverage")
        record = Results(folder / results.FILE)
        try:
            self._run(parts, ["test", *options], folder / "test.log")
        except InfrastructureError:
            if not record.path.is_file() or not Run.load(record.path).tests:
                raise
        if not again and Run.load(record.path).boots():
            self._run(parts, ["measure", "--records", str(folder / "probes")], folder / "probes.log")
            record.take(folder / "probes" / results.FILE)
        commit = self._commits[parts]
        record.inputs({"ampstand": git.read(self.plain.root, "describe", "--always", commit) or commit})


def commits(tree: Path, text: str) -> list[str]:
    """Return the commits of ``A..B`` in their order, after the one that they begin at; ``UsageError`` if it is none.

    Of a merge it is the result that counts, not what was merged.
    """
    first, dots, last = text.partition("..")
    ends = [git.commit(tree, revision or "HEAD") for revision in (first, last)]
    if not dots or None in ends:
        raise UsageError(
            f"{text}: no two revisions of a git tree in {tree}", hint=f"A..B, as in: git -C {tree} log --oneline A..B"
        )
    begin = git.read(tree, "merge-base", *(end for end in ends if end))
    listed = (git.read(tree, "rev-list", "--reverse", "--first-parent", f"{begin}..{ends[1]}") or "").split()
    if not begin or not listed:
        raise UsageError(f"{text}: no commit of {tree} is in it")
    return [begin, *listed]


def _parts(tree: Path, revisions: Sequence[str]) -> list[Part]:
    return [Part(git.read(tree, "show", "-s", "--format=%s", commit) or commit, commit) for commit in revisions[1:]]


def _check_out(builder: Builder, tree: Path, commit: str, work: Path) -> None:
    """Make the folder ``work`` hold a commit. The caller has a lock on it."""
    work.mkdir(parents=True, exist_ok=True)
    argv, environment = git.checkout_command(tree, commit, work)
    log = builder.cache.logs / "checkout.log"
    with builder.progress.step(f"checking out {commit[:12]}") as step:
        tools.run(argv, what=f"checking out {commit[:12]}", log=log, step=step, cwd=work, env=environment)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _with(builder: Builder, *, sources: bool = False, **options: Any) -> Builder:
    """Return a builder with other options; with ``sources``, of the same sources."""
    return Builder(
        builder.board,
        replace(builder.options, **options),
        builder.progress,
        cache=builder.cache,
        sources=builder.sources if sources else None,
        root=builder.root,
    )
