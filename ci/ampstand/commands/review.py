# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand review``: what a series of patches to Linux changes, as a report that can be sent to the list.

The kernel is built without the series, and with each patch more. Scenarios and probes run on both sides, a test that is
worse is run again on both, and the first patch with which it fails is looked for. A baseline is kept: the next review
of the same inputs takes it as it is.

Exit code: 0 nothing is worse, 1 something is, 3 it could not be judged (the series does not apply or build, a board
does not boot, the baseline is flaky).
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ampstand.build import mail
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.build.cache import file_hash, tree_inputs
from ampstand.build.mail import Patch
from ampstand.commands import measure
from ampstand.commands.given import records_folder
from ampstand.commands.test import Checks, workers
from ampstand.commands.test import add_arguments as add_test_arguments
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress
from ampstand.report import rerun, results
from ampstand.report import review as forms
from ampstand.report.compare import Change, Side, compare
from ampstand.report.results import BAD, Run, Stage
from ampstand.report.review import Repeated, Review

REPEATS = 5
MOST_REPEATED = 10
"""Tests that are run again; what is beyond is told as it came."""
JUDGES = ("ci/ampstand", "tests/scenarios", "tests/probes", "configs")
"""Our own folders on which a verdict depends."""
NAMES = {"report.txt": forms.text, "report.md": forms.markdown}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``review``."""
    parser.add_argument(
        "--series",
        action="append",
        default=[],
        type=Path,
        required=True,
        metavar="FILE",
        help="a mailbox or a patch to Linux (repeatable, in their order)",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the reports and both sides' records")
    parser.add_argument("-k", dest="keyword", default="", metavar="EXPRESSION", help="only matching scenarios")
    parser.add_argument(
        "--workers", type=workers, default=workers("auto"), metavar="N", help="boards at a time (default: auto)"
    )
    parser.add_argument(
        "--repeat", type=int, default=REPEATS, metavar="N", help="runs again of what is worse (default: %(default)s)"
    )


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Review, write the reports, print the one for a mail; return the exit code."""
    if builder.options.kernel is not None:
        raise UsageError(
            "a series needs Linux's source, not a ready kernel", hint="--kernel-src DIR or --kernel-series"
        )
    folder = records_folder(args.output, "review").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    patches = folder / "patches"
    shutil.rmtree(patches, ignore_errors=True)
    patches.mkdir()
    found = Reviewer(args, builder, progress, folder, mail.series(args.series, patches)).run()
    (folder / "report.json").write_text(json.dumps(found.document(), indent=2) + "\n", encoding="utf-8")
    for name, form in NAMES.items():
        (folder / name).write_text(form(found), encoding="utf-8")
    print(forms.text(found), end="")
    progress.say(f"reports: {folder}")
    return found.exit_code()


def baseline_inputs(artifacts: Artifacts, root: Path) -> dict[str, str]:
    """Return by content what is tested, and what of the checkout ``root`` tests and judges it.

    Names and versions are no key: they are the same for different builds, and for a checkout with changes.
    """
    files = [artifacts.qemu, artifacts.kernel, artifacts.dtb, artifacts.initramfs, *artifacts.firmware.values()]
    own = (path for folder in JUDGES for path in (root / folder).rglob("*") if path.suffix in (".py", ".toml"))
    return {path.name: file_hash(path) for path in files if path.is_file()} | tree_inputs(root, own)


class Reviewer:
    """One review."""

    def __init__(
        self, args: argparse.Namespace, builder: Builder, progress: Progress, folder: Path, patches: Sequence[Patch]
    ) -> None:
        """``builder`` is that of the baseline."""
        self.args = args
        self.builder = builder
        self.progress = progress
        self.folder = folder
        self.patches = patches
        again = rerun.base(args.parser, args)
        self.command = [*again, *(["-k", args.keyword] if args.keyword else [])]

    def run(self) -> Review:
        """Build, test and compare both sides."""
        for number, patch in enumerate(self.patches, start=1):
            with self.progress.step(f"review: building {number}/{len(self.patches)}"):
                try:
                    self._with(number).kernel()
                except InfrastructureError as error:
                    raise InfrastructureError(
                        f"patch {number} of {len(self.patches)}, {patch.subject!r}: {error.message}", hint=error.hint
                    ) from error
        baseline = Side.load(self._baseline())
        candidate = self.folder / "candidate"
        self._side(self._with(len(self.patches)), candidate)
        found = compare(replace(baseline, name="without the series"), replace(Side.load(candidate), name="with it"))
        review = Review(
            subjects=[patch.subject for patch in self.patches],
            message_id=next((patch.message_id for patch in self.patches), ""),
            base=baseline.run.inputs,
            comparison=found,
            again=shlex.join(self.command),
        )
        worse = [change for change in found.of_kind("worse") if change.stage == "scenarios"][:MOST_REPEATED]
        if worse and self.args.repeat:
            review.repeated = self._repeat(worse)
            certain = [one.name for one in review.repeated if one.with_series == one.runs and not one.without_series]
            if certain:
                review.culprit = self._culprit(certain)
        return review

    def _with(self, patches: int) -> Builder:
        """Return what builds the board with the first so many patches."""
        plain = self.builder
        series = (*plain.options.kernel_patches, *(patch.path for patch in self.patches[:patches]))
        options = replace(plain.options, kernel_patches=series)
        return Builder(plain.board, options, self.progress, cache=plain.cache, sources=plain.sources, root=plain.root)

    def _baseline(self) -> Path:
        """Return the records of the side without the series: those of an earlier review if nothing else is tested."""
        inputs = {"-k": self.args.keyword, **baseline_inputs(self.builder.all(), self.builder.root)}

        def make(scratch: Path) -> None:
            self._side(self.builder, scratch)
            run = Run.load(scratch / results.FILE)
            lost = [test for test in run.with_outcome(*BAD) if test.infrastructure]
            if lost or run.broken():
                kept = self.folder / "baseline"
                shutil.copytree(scratch, kept, dirs_exist_ok=True)
                reasons = "; ".join(f"{test.name}: {test.headline}" for test in lost) or "a stage is broken"
                raise InfrastructureError(f"the baseline could not be judged: {reasons}", hint=f"records: {kept}")

        return self.builder.cache.artifact("baseline", inputs, make, self.progress)

    def _side(self, builder: Builder, folder: Path) -> None:
        """Run scenarios and probes on what a builder builds, with one record for both."""
        checks = self._checks(builder, folder, ["-k", self.args.keyword] if self.args.keyword else [])
        artifacts = builder.all()
        checks.artifacts = artifacts
        checks.results.begin(self.command)
        checks.results.inputs(artifacts.provenance)
        started = time.monotonic()
        checks.scenarios(folder / "scenarios.log")
        checks.results.stage(Stage("scenarios", "ok", time.monotonic() - started))
        started = time.monotonic()
        chosen = measure.choose([], builder.board)
        measure.run(chosen, [], builder, artifacts, folder / "probes", checks.results, self.progress)
        checks.results.stage(Stage("measure", "ok", time.monotonic() - started))
        checks.results.end(Run.load(checks.results.path).exit_code())

    def _checks(self, builder: Builder, folder: Path, words: Sequence[str]) -> Checks:
        folder.mkdir(parents=True, exist_ok=True)
        parser = argparse.ArgumentParser()
        add_test_arguments(parser)
        options = ["--records", str(folder), f"--workers={self.args.workers}", *words]
        args = parser.parse_args(options, argparse.Namespace(board=self.args.board))
        return Checks(args, builder, self.progress, self.command)

    def _failing(self, builder: Builder, names: Sequence[str], folder: Path) -> set[str]:
        """Run some scenarios and return those that failed."""
        checks = self._checks(builder, folder, [word for name in names for word in ("--test", name)])
        checks.artifacts = builder.all()
        checks.results.begin(self.command)
        checks.scenarios(folder / "scenarios.log")
        return {test.name for test in Run.load(checks.results.path).with_outcome(*BAD)}

    def _repeat(self, worse: Sequence[Change]) -> list[Repeated]:
        names = [change.name for change in worse]
        failed = {side: dict.fromkeys(names, 0) for side in ("with", "without")}
        for side, builder in (("with", self._with(len(self.patches))), ("without", self.builder)):
            for number in range(1, self.args.repeat + 1):
                with self.progress.step(f"review: again {side} the series, {number}/{self.args.repeat}"):
                    for name in self._failing(builder, names, self.folder / "again" / f"{side}-{number}"):
                        failed[side][name] = failed[side].get(name, 0) + 1
        return [Repeated(name, self.args.repeat, failed["with"][name], failed["without"][name]) for name in names]

    def _culprit(self, names: Sequence[str]) -> int:
        """Return the number of the first patch with which one of these tests fails, by bisection."""
        good, bad = 0, len(self.patches)
        with tempfile.TemporaryDirectory(prefix="ampstand-bisect-") as scratch:
            while bad - good > 1:
                middle = (good + bad) // 2
                with self.progress.step(f"review: which patch, {middle}/{len(self.patches)}"):
                    failing = self._failing(self._with(middle), names, Path(scratch) / str(middle))
                good, bad = (good, middle) if failing else (middle, bad)
        return bad
