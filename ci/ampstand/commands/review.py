# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand review``: what a change does, as a report that can be sent to the list.

A change is a series of patches to Linux, a firmware image, another QEMU, or commits of Ampstand itself
(``ampstand.commands.subjects``). Scenarios and probes run without it and with it, a test that is worse is run again on
both sides, and the first part of the change with which it fails is looked for. A baseline is kept: the next review of
the same inputs takes it as it is.

Exit code: 0 nothing is worse, 1 something is, 3 it could not be judged (a part does not apply or build, the baseline
does not boot or is flaky, what failed did not fail again).
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ampstand.build import git, mail
from ampstand.build.builder import Builder
from ampstand.build.cache import file_hash
from ampstand.commands.given import firmware_of, records_folder
from ampstand.commands.subjects import Firmware, FirmwareTree, Part, Qemu, Revisions, Series, Subject, commits
from ampstand.commands.test import workers
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress
from ampstand.report import choice, junit, kcidb, page, patch_lines, results, sarif
from ampstand.report import review as forms
from ampstand.report.compare import Change, Moved, Side, compare
from ampstand.report.patch_lines import ChangedLine
from ampstand.report.results import BAD, Run
from ampstand.report.review import Repeated, Review, Warned

REPEATS = 5
MOST_REPEATED = 10
"""Tests that are run again, and looked at for another way through Linux; what is beyond is told as it came."""
NAMES = {
    "report.txt": forms.text,
    "report.eml": forms.mail,
    "report.md": forms.markdown,
    "report.html": page.html,
    "report.sarif": sarif.text,
    "report.kcidb.json": kcidb.text,
}
"""Files by the forms that they have; the JSON and JUnit's XML come beside them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``review``."""
    group = parser.add_argument_group("what is reviewed, one of")
    group.add_argument(
        "--series",
        action="append",
        default=[],
        metavar="FILE|A..B",
        help="a mailbox, a patch to Linux or revisions of --kernel-src (repeatable, in their order)",
    )
    group.add_argument(
        "--revisions", default="", metavar="A..B", help="commits of this checkout, or of the tree --firmware-src"
    )
    group.add_argument(
        "--firmware", type=Path, metavar="FILE.elf", help="an image for the remote, with one to compare:"
    )
    group.add_argument("--qemu-base", type=Path, metavar="DIR", help="QEMU's source to compare that of --qemu-src with")
    parser.add_argument("--base", default="", metavar="REV", help="the revision of --kernel-src that the series is for")
    parser.add_argument("--firmware-base", type=Path, metavar="FILE.elf", help="the image to compare --firmware with")
    parser.add_argument(
        "--firmware-src", type=Path, metavar="DIR", help="git tree in which --build-command makes --firmware"
    )
    parser.add_argument(
        "--build-command", default="", metavar="COMMAND", help="what builds it, run in a copy of the tree"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the reports and both sides' records")
    parser.add_argument("-k", dest="keyword", default="", metavar="EXPRESSION", help="only matching tests")
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
    folder = records_folder(args.output, "review").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    found = Reviewer(subject_of(args, builder, folder), folder).run()
    document = json.dumps(found.document(), indent=2)
    (folder / "report.json").write_text(document + "\n", encoding="utf-8")
    for name, form in NAMES.items():
        (folder / name).write_text(form(found), encoding="utf-8")
    junit.write(found.candidate.run, folder / "report.xml")
    print(forms.text(found), end="")
    progress.say(f"reports: {folder}")
    return found.exit_code()


def subject_of(args: argparse.Namespace, builder: Builder, folder: Path) -> Subject:
    """Return what a command line asks to review; ``UsageError`` if that is nothing, or two things."""
    asked = {
        "--series": args.series,
        "--firmware": args.firmware,
        "--qemu-base": args.qemu_base,
        "--revisions": args.revisions and not args.firmware,
    }
    given = [name for name, value in asked.items() if value]
    if len(given) != 1:
        found = " and ".join(given) or "nothing to review"
        raise UsageError(found if len(given) < 2 else f"{found} together", hint=f"give one of {', '.join(asked)}")
    if args.base and not args.series:
        raise UsageError("--base is of a --series")
    if args.series:
        return _series(args, builder, folder)
    if args.qemu_base:
        if args.qemu_src is None or args.qemu is not None:
            raise UsageError("--qemu-base is compared with another source of QEMU", hint="name it: --qemu-src DIR")
        return Qemu(args, builder, [Part(f"QEMU of {args.qemu_src}", str(args.qemu_src))])
    if args.revisions and not args.firmware:
        return Revisions(args, builder)
    tree = (args.firmware_src, args.revisions, args.build_command)
    if args.firmware_base is not None and not any(tree):
        for path in (args.firmware_base, args.firmware):
            firmware_of(str(path.absolute()), builder.board, linux=True)
        return Firmware(args, builder, [Part(args.firmware.name, file_hash(args.firmware))], _empty(folder / "images"))
    if args.firmware_base is None and all(tree):
        return FirmwareTree(args, builder, _empty(folder / "images"))
    raise UsageError(
        "--firmware is compared with --firmware-base, or with what an earlier commit of its tree makes",
        hint="--firmware-base FILE.elf, or all of: --firmware-src DIR --revisions A..B --build-command COMMAND",
    )


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _series(args: argparse.Namespace, builder: Builder, folder: Path) -> Series:
    """Read a series, and find the tree that it is for."""
    progress, plain = builder.progress, builder.options
    if plain.kernel is not None:
        raise UsageError(
            "a series needs Linux's source, not a ready kernel", hint="--kernel-src DIR or --kernel-series"
        )
    patches = _empty(folder / "patches")
    ranges = [text for text in args.series if ".." in text and not Path(text).exists()]
    tree, base = plain.kernel_src, args.base
    if base and (tree is None or not tree.is_dir()):
        raise UsageError(f"--base {base} is a revision of a git tree", hint="name it: --kernel-src DIR")
    if ranges:
        if tree is None or len(args.series) > 1:
            raise UsageError(
                f"--series {ranges[0]}: revisions of one tree", hint="name it, and no more: --kernel-src DIR"
            )
        tree = tree if tree.is_dir() else Path(str(tree).rpartition("@")[0])
        found = _of_tree(tree, ranges[0], patches)
        base = base or found[0].base
    else:
        found = mail.series([Path(text) for text in args.series], patches, progress.say)
    notes = []
    wanted = next((patch.base for patch in found if patch.base), "")
    if wanted and not base:
        if tree is not None and tree.is_dir() and git.commit(tree, wanted):
            base = wanted
            progress.say(f"the series is for {wanted[:12]}, which is in {tree}")
        else:
            notes.append(f"The series says that it is for {wanted[:12]}; it was tested on what is named here.")
    if base:
        builder = Builder(
            builder.board, replace(plain, kernel_src=Path(f"{tree}@{base}")), progress, cache=builder.cache,
            root=builder.root,
        )  # fmt: skip
    subject = Series(args, builder, found)
    subject.notes += notes
    return subject


def _of_tree(tree: Path, text: str, folder: Path) -> list[mail.Patch]:
    """Return the commits of ``A..B`` as patches, written below ``folder``."""
    listed = commits(tree, text)
    if git.read(tree, "rev-list", "--merges", f"{listed[0]}..{listed[-1]}"):
        raise UsageError(f"--series {text}: there are merges in it", hint="name a line of commits, as for `git am`")
    git.read(tree, "format-patch", "--quiet", "--no-signature", "-o", str(folder), f"{listed[0]}..{listed[-1]}")
    files = sorted(folder.glob("*.patch"))
    if len(files) != len(listed) - 1:
        raise UsageError(f"--series {text}: {len(listed) - 1} commits are {len(files)} patches")
    subjects = [git.read(tree, "show", "-s", "--format=%s", commit) or commit for commit in listed[1:]]
    return [mail.Patch(file, subject, base=listed[0]) for file, subject in zip(files, subjects, strict=True)]


class Reviewer:
    """One review."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        """Keep all records below ``folder``."""
        self.subject = subject
        self.args = subject.args
        self.progress = subject.progress
        self.folder = folder

    @property
    def _all(self) -> int:
        """Parts of the side with the change."""
        return len(self.subject.parts)

    def run(self) -> Review:
        """Build, test and compare both sides."""
        subject, args = self.subject, self.args
        changed = subject.changed()
        warnings = self._build()
        baseline = Side.load(self._baseline())
        names = [test.name for test in baseline.run.of_stage("scenarios")]
        chosen = names
        if subject.chosen and not args.all and not args.keyword:
            chosen = self._chosen(names, changed, baseline.folder)
        if len(chosen) < len(names):
            baseline = baseline.only("scenarios", chosen)
        candidate = self.folder / "candidate"
        words = [word for name in chosen for word in ("--test", name)] if len(chosen) < len(names) else self._words()
        subject.test(self._all, candidate, words)
        sides = replace(baseline, name=f"without {subject.what}"), replace(Side.load(candidate), name="with it")
        review = Review(
            subjects=[part.subject for part in subject.parts],
            patches=[part.digest for part in subject.parts],
            thread=subject.parts[0].thread,
            what=subject.what,
            notes=subject.notes,
            base=baseline.run.inputs,
            comparison=compare(*sides),
            baseline=sides[0],
            candidate=sides[1],
            again=shlex.join(subject.command),
            lines=self._lines(changed, candidate),
            scenarios=(len(chosen), len(names)),
            warnings=warnings,
            sizes=self._sizes(),
            difference=patch_lines.difference(changed),
        )
        worse = [change for change in review.comparison.of_kind("worse") if change.stage != "measure"]
        if worse and sides[1].run.boots():
            with self.progress.step("review: where Linux goes another way"):
                folders = sides[0].folder, sides[1].folder
                review.detours = subject.detours([change.name for change in worse[:MOST_REPEATED]], folders)
        if worse and args.repeat:
            most = MOST_REPEATED if sides[1].run.boots() else 1  # all that it has is one reason
            review.repeated = self._repeat(worse[:most])
            certain = [one.name for one in review.repeated if one.with_change == one.runs and not one.without_change]
            if certain:
                review.culprit = self._culprit(certain)
        return review

    def _build(self) -> list[Warned]:
        """Build each step of the change; return what the compiler warns of that it did not before."""
        found: list[Warned] = []
        before: list[str] = []
        for number in range(self._all + 1):
            with self.progress.step(f"review: building {number}/{self._all}"):
                try:
                    self.subject.build(number)
                    warnings = self.subject.warnings(number)
                except InfrastructureError as error:
                    if number == 0:
                        raise
                    subject = self.subject.parts[number - 1].subject
                    raise InfrastructureError(
                        f"part {number} of {self._all}, {subject!r}: {error.message}", hint=error.hint
                    ) from error
            found += [Warned(number, text) for text in warnings if number and text not in before]
            before = warnings
        return found

    def _sizes(self) -> list[Moved]:
        """Return what takes more or less than without the change."""
        with self.progress.step("review: what gets bigger"):
            before, after = (self.subject.sizes(number) for number in (0, self._all))
        return [
            Moved("sizes", name, "B", before.get(name), after.get(name), exact=True)
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]

    def _chosen(self, names: Sequence[str], changed: Mapping[str, tuple[str, str]], folder: Path) -> list[str]:
        """Return the scenarios that the change may matter to, from what each executed without it."""
        subject = self.subject
        if subject.identity(0) == subject.identity(self._all):
            subject.notes.append("What is built is the same on both sides, bit for bit.")
            return choice.smoke(names)
        same = subject.same_code()
        subject.notes += [f"The compiler makes the same code of {name} as before." for name in sorted(same)]
        files = {name: texts for name, texts in changed.items() if name not in same}
        if not files:
            return choice.smoke(names)
        with self.progress.step("review: choosing scenarios"):
            return choice.choose(names, files, subject.covered(sorted(files), folder))

    def _lines(self, changed: Mapping[str, tuple[str, str]], folder: Path) -> list[ChangedLine]:
        """Return the lines that are changed, and which of the candidate's scenarios executed each; none if none ran."""
        if not Run.load(folder / results.FILE).boots():
            return []
        known = {name: texts for name, texts in changed.items() if self.subject.has_lines(name)}
        if unknown := sorted(
            {name.partition("/")[0] for name in changed.keys() - known.keys() if name.endswith(patch_lines.SOURCES)}
        ):
            self.subject.notes.append(f"Of changed lines in {', '.join(unknown)} it is not known what executes them.")
        with self.progress.step("review: which of the changed lines were executed"):
            return patch_lines.judge(known, self.subject.covered(sorted(known), folder))

    def _words(self) -> list[str]:
        return ["-k", self.args.keyword] if self.args.keyword else []

    def _baseline(self) -> Path:
        """Return the records of the side without the change: those of an earlier review if nothing else is tested."""
        subject = self.subject
        inputs = {"-k": self.args.keyword, **subject.identity(0)}

        def make(scratch: Path) -> None:
            subject.test(0, scratch, self._words())
            run = Run.load(scratch / results.FILE)
            lost = [test for test in run.with_outcome(*BAD) if test.infrastructure]
            if lost or run.broken():
                kept = self.folder / "baseline"
                shutil.copytree(scratch, kept, dirs_exist_ok=True)
                reasons = "; ".join(f"{test.name}: {test.headline}" for test in lost) or "a stage is broken"
                raise InfrastructureError(f"the baseline could not be judged: {reasons}", hint=f"records: {kept}")

        return subject.plain.cache.artifact("baseline", inputs, make, self.progress)

    def _failing(self, parts: int, names: Sequence[str], folder: Path) -> set[str]:
        """Run some tests and return those that failed."""
        words = [word for name in names for word in ("--test", name)]
        self.subject.test(parts, folder, words, again=True)
        return {test.name for test in Run.load(folder / results.FILE).with_outcome(*BAD)}

    def _repeat(self, worse: Sequence[Change]) -> list[Repeated]:
        names = [change.name for change in worse]
        failed = {side: dict.fromkeys(names, 0) for side in ("with", "without")}
        for side, parts in (("with", self._all), ("without", 0)):
            for number in range(1, self.args.repeat + 1):
                with self.progress.step(f"review: again {side} {self.subject.what}, {number}/{self.args.repeat}"):
                    for name in self._failing(parts, names, self.folder / "again" / f"{side}-{number}"):
                        failed[side][name] = failed[side].get(name, 0) + 1
        return [Repeated(name, self.args.repeat, failed["with"][name], failed["without"][name]) for name in names]

    def _culprit(self, names: Sequence[str]) -> int:
        """Return the number of the first part with which one of these tests fails, by bisection."""
        good, bad = 0, self._all
        with tempfile.TemporaryDirectory(prefix="ampstand-bisect-") as scratch:
            while bad - good > 1:
                middle = (good + bad) // 2
                with self.progress.step(f"review: which part, {middle}/{self._all}"):
                    failing = self._failing(middle, names, Path(scratch) / str(middle))
                good, bad = (good, middle) if failing else (middle, bad)
        return bad
