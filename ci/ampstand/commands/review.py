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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ampstand.build import mail, overlay
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.build.cache import file_hash, tree_inputs
from ampstand.build.mail import Patch
from ampstand.commands import coverage, measure
from ampstand.commands.given import records_folder
from ampstand.commands.test import Checks, workers
from ampstand.commands.test import add_arguments as add_test_arguments
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import sizes
from ampstand.progress import Progress
from ampstand.report import choice, junit, kcidb, page, patch_lines, rerun, results, sarif
from ampstand.report import review as forms
from ampstand.report.compare import Change, Moved, Side, compare
from ampstand.report.lcov import Covered
from ampstand.report.patch_lines import ChangedLine
from ampstand.report.results import BAD, Run, Stage
from ampstand.report.review import Repeated, Review, Warned

REPEATS = 5
MOST_REPEATED = 10
"""Tests that are run again; what is beyond is told as it came."""
JUDGES = ("ci/ampstand", "tests/scenarios", "tests/probes", "configs")
"""Our own folders on which a verdict depends."""
NAMES = {
    "report.txt": forms.text,
    "report.md": forms.markdown,
    "report.html": page.html,
    "report.sarif": sarif.text,
    "report.kcidb.json": kcidb.text,
}
"""Files by the forms that they have; the JSON and JUnit's XML come beside them."""


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
        "--all", action="store_true", help="also scenarios that execute nothing of what the series changes"
    )
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
    document = json.dumps(found.document(), indent=2)
    (folder / "report.json").write_text(document + "\n", encoding="utf-8")
    for name, form in NAMES.items():
        (folder / name).write_text(form(found), encoding="utf-8")
    junit.write(found.candidate.run, folder / "report.xml")
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
        options = replace(builder.options, kernel_debug_info=True)
        self.builder = Builder(
            builder.board, options, progress, cache=builder.cache, sources=builder.sources, root=builder.root
        )
        self.progress = progress
        self.folder = folder
        self.patches = patches
        again = rerun.base(args.parser, args)
        self.command = [*again, *(["-k", args.keyword] if args.keyword else [])]

    def run(self) -> Review:
        """Build, test and compare both sides."""
        changed = self._changed_files()
        warnings = self._build(sorted(changed))
        baseline = Side.load(self._baseline())
        names = [test.name for test in baseline.run.of_stage("scenarios")]
        chosen = names if self.args.all or self.args.keyword else self._chosen(names, changed, baseline.folder)
        if len(chosen) < len(names):
            baseline = baseline.only("scenarios", chosen)
        candidate = self.folder / "candidate"
        words = [word for name in chosen for word in ("--test", name)] if len(chosen) < len(names) else self._words()
        self._side(self._with(len(self.patches)), candidate, words)
        sides = replace(baseline, name="without the series"), replace(Side.load(candidate), name="with it")
        review = Review(
            subjects=[patch.subject for patch in self.patches],
            patches=[file_hash(patch.path) for patch in self.patches],
            message_id=next((patch.message_id for patch in self.patches), ""),
            base=baseline.run.inputs,
            comparison=compare(*sides),
            baseline=sides[0],
            candidate=sides[1],
            again=shlex.join(self.command),
            lines=self._lines(changed, candidate),
            scenarios=(len(chosen), len(names)),
            warnings=warnings,
            sizes=self._sizes(changed),
            difference=patch_lines.difference(changed),
        )
        worse = [change for change in review.comparison.of_kind("worse") if change.stage == "scenarios"][:MOST_REPEATED]
        if worse and self.args.repeat:
            review.repeated = self._repeat(worse)
            certain = [one.name for one in review.repeated if one.with_series == one.runs and not one.without_series]
            if certain:
                review.culprit = self._culprit(certain)
        return review

    def _build(self, changed: Sequence[str]) -> list[Warned]:
        """Build each step of the series; return what the compiler warns of that it did not before."""
        found: list[Warned] = []
        before: list[str] = []
        for number in range(len(self.patches) + 1):
            builder = self._with(number)
            with self.progress.step(f"review: building {number}/{len(self.patches)}"):
                try:
                    builder.kernel()
                    warnings = builder.kernel_warnings(changed)
                except InfrastructureError as error:
                    if number == 0:
                        raise
                    subject = self.patches[number - 1].subject
                    raise InfrastructureError(
                        f"patch {number} of {len(self.patches)}, {subject!r}: {error.message}", hint=error.hint
                    ) from error
            found += [Warned(number, text) for text in warnings if number and text not in before]
            before = warnings
        return found

    def _sizes(self, changed: Iterable[str]) -> list[Moved]:
        """Return what of the kernel takes more or less than without the series."""
        units = [name for name in changed if name.endswith(".c")]
        with self.progress.step("review: what gets bigger"):
            before, after = (sizes.read(self._with(n).kernel() / "vmlinux", units) for n in (0, len(self.patches)))
        return [
            Moved("sizes", name, "B", before.get(name), after.get(name), exact=True)
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]

    def _changed_files(self) -> dict[str, tuple[str, str]]:
        """Return by path the text of each file that the series changes, before and after."""
        tree, own = self.builder.sources.get("linux").path, self.builder.options.kernel_patches
        after = overlay.patched(tree, [*own, *(patch.path for patch in self.patches)])
        before = overlay.patched(tree, own)
        for name in after.keys() - before.keys():
            before[name] = (tree / name).read_bytes() if (tree / name).is_file() else b""
        return {
            name: (before[name].decode("utf-8", "replace"), after[name].decode("utf-8", "replace")) for name in after
        }

    def _covered(self, changed: Iterable[str], folder: Path) -> dict[str, Covered]:
        """Return what each scenario of a side has executed of files that are changed."""
        sources = [name for name in changed if name.endswith((".c", ".h"))]
        own = sorted({f"{Path(name).parent}/" for name in sources if not name.startswith("include/")})
        return coverage.load(folder, sources, [*coverage.SOURCES, *own]) if sources else {}

    def _chosen(self, names: Sequence[str], changed: Mapping[str, tuple[str, str]], folder: Path) -> list[str]:
        """Return the scenarios that the series may matter to, from what each executed without it."""
        with self.progress.step("review: choosing scenarios"):
            return choice.choose(names, changed, self._covered(changed, folder))

    def _lines(self, changed: Mapping[str, tuple[str, str]], folder: Path) -> list[ChangedLine]:
        """Return the lines that the series changes, and which of the candidate's scenarios executed each."""
        with self.progress.step("review: which of the changed lines were executed"):
            return patch_lines.judge(changed, self._covered(changed, folder))

    def _words(self) -> list[str]:
        return ["-k", self.args.keyword] if self.args.keyword else []

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
            self._side(self.builder, scratch, self._words())
            run = Run.load(scratch / results.FILE)
            lost = [test for test in run.with_outcome(*BAD) if test.infrastructure]
            if lost or run.broken():
                kept = self.folder / "baseline"
                shutil.copytree(scratch, kept, dirs_exist_ok=True)
                reasons = "; ".join(f"{test.name}: {test.headline}" for test in lost) or "a stage is broken"
                raise InfrastructureError(f"the baseline could not be judged: {reasons}", hint=f"records: {kept}")

        return self.builder.cache.artifact("baseline", inputs, make, self.progress)

    def _side(self, builder: Builder, folder: Path, words: Sequence[str]) -> None:
        """Run scenarios, those that ``words`` select, and probes on what a builder builds, with one record for both."""
        checks = self._checks(builder, folder, words)
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
        options = ["--records", str(folder), f"--workers={self.args.workers}", "--coverage", *words]
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
