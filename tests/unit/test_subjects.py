# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a review is about: how it is named, built and tested."""

from __future__ import annotations

import io
import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from elf_files import made_elf
from test_review import DIFF, message

from ampstand import cli, paths
from ampstand.board import Board
from ampstand.build.builder import Builder
from ampstand.build.cache import Cache
from ampstand.commands.review import Reviewer, subject_of
from ampstand.commands.subjects import Firmware, FirmwareTree, Qemu, Revisions, Series, Subject, commits
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress
from ampstand.report import results
from ampstand.report.lcov import Covered
from ampstand.report.patch_lines import State
from ampstand.report.results import Run

HARNESS = """#!/bin/sh
# Stands in for the harness of a commit: what its tests come to is in files of the commit.
command=$1 records=
while [ $# -gt 0 ]; do
    [ "$1" != --records ] || records=$2
    [ "$1" != --coverage ] || echo coverage >> "{log}"
    shift
done
echo "$command" >> "{log}"
case $command in
build) exec ./build ;;
test) mkdir -p "$records"; cp results.jsonl "$records/results.jsonl"; exit "$(cat code)" ;;
measure) mkdir -p "$records"; cp figures.jsonl "$records/results.jsonl" ;;
esac
"""


class Tree:
    """A git tree with a commit for each state of its files."""

    def __init__(self, top: Path) -> None:
        self.top = top
        top.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example"]
        done = subprocess.run(["git", *who, *words], cwd=self.top, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, subject: str, **files: str) -> str:
        for name, text in files.items():
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


@pytest.fixture
def subject(tmp_path: Path) -> Callable[..., Subject]:
    """Return a function that makes the subject of a command line, of a checkout if one is given."""

    def make(*words: str | Path, root: Path = paths.ROOT) -> Subject:
        args = cli.parser(["review"]).parse_args(["review", *map(str, words)])
        progress = Progress(io.StringIO(), live=False)
        options = cli.options_from(args)
        builder = Builder(Board.load(args.board), options, progress, cache=Cache(tmp_path / "cache"), root=root)
        return subject_of(args, builder, tmp_path / "out")

    return make


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "nothing to review"),
        (["--series", "a.patch", "--revisions", "a..b"], "--series and --revisions together"),
        (["--qemu-base", "q"], "--qemu-src DIR"),
        (["--firmware", "a.elf"], "--firmware-base FILE.elf, or all of"),
        (["--firmware", "a.elf", "--revisions", "a..b"], "--firmware-base FILE.elf, or all of"),
        (["--firmware", "a.elf", "--firmware-base", "b.elf", "--build-command", "make"], "or all of"),
        (["--firmware", "a.elf", "--firmware-base", "b.elf"], "b.elf"),
        (["--revisions", "a..b", "--base", "c"], "--base is of a --series"),
        (["--revisions", "HEAD"], "no two revisions of a git tree"),
        (["--series", "a.patch", "--base", "v6"], "--kernel-src DIR"),
        (["--series", "v6..v7"], "--kernel-src DIR"),
        (["--series", "a.patch", "--kernel", "zImage", "--dtb", "x"], "not a ready kernel"),
    ],
)
def test_what_cannot_be_reviewed_is_told(subject: Callable[..., Subject], words: list[str], why: str) -> None:
    with pytest.raises(UsageError) as error:
        subject(*words)
    assert why in str(error.value)


def test_commits_come_in_their_order(tree: Tree) -> None:
    made = [tree.commit(name) for name in ("one", "two", "three")]
    assert commits(tree.top, f"{made[0]}..main") == made
    assert commits(tree.top, "HEAD~1..") == made[1:]
    tree.git("checkout", "-q", "-b", "side", made[0])
    side = tree.commit("side")
    assert commits(tree.top, "main..side") == [made[0], side], "what is only in the second, after what both have"
    tree.git("merge", "-q", "-m", "merge", "main")
    assert commits(tree.top, "main..side") == [made[2], side, tree.git("rev-parse", "HEAD")]
    for text, why in (
        ("main..main", "no commit"),
        ("main..none", "no two"),
        ("main", "no two"),
    ):
        with pytest.raises(UsageError, match=why):
            commits(tree.top, text)


def linux(tree: Tree) -> list[str]:
    """Make commits of a tree that looks like Linux, each with one more changed line."""
    made = [tree.commit("import", **{"file": "old 1\nold 2\nold 3\n", "arch/arm/Kconfig": ""})]
    made.append(tree.commit("one: change", file="new 1\nold 2\nold 3\n"))
    made.append(tree.commit("two: change", file="new 1\nnew 2\nold 3\n"))
    return made


def test_revisions_of_linux_are_a_series_on_where_they_begin(subject: Callable[..., Subject], tree: Tree) -> None:
    made = linux(tree)
    (tree.top / "file").write_text("dirty\n")
    for source in (tree.top, f"{tree.top}@HEAD"):
        found = subject("--series", "HEAD~1..HEAD", "--kernel-src", source)
        assert isinstance(found, Series)
        assert [part.subject for part in found.parts] == ["two: change"]
        assert found.plain.sources.get("linux").revision == made[1]
        assert found.changed() == {"file": ("new 1\nold 2\nold 3\n", "new 1\nnew 2\nold 3\n")}
    assert found.builder(0).options.kernel_patches == ()
    assert [path.name for path in found.builder(1).options.kernel_patches] == ["0001-two-change.patch"]
    assert (tree.top / "file").read_text() == "dirty\n"
    tree.git("checkout", "-qf", "-b", "side", "HEAD~1")
    tree.commit("three: change", other="")
    tree.git("merge", "-q", "-m", "merge", "main")
    with pytest.raises(UsageError, match="there are merges in it"):
        subject("--series", "HEAD~1..HEAD", "--kernel-src", tree.top)


@pytest.mark.parametrize("there", [True, False])
def test_a_series_goes_onto_the_commit_that_it_names(
    subject: Callable[..., Subject], tree: Tree, tmp_path: Path, *, there: bool
) -> None:
    made = linux(tree)
    commit = made[0] if there else "1" * 40
    (tmp_path / "a.mbox").write_text(message("[PATCH] one", f"{DIFF.format(line=1)}-- \n2\n\nbase-commit: {commit}"))
    found = subject("--series", tmp_path / "a.mbox", "--kernel-src", tree.top)
    assert found.plain.sources.get("linux").revision == (commit if there else "")
    assert [commit[:12] in note for note in found.notes] == ([] if there else [True])
    found = subject("--series", tmp_path / "a.mbox", "--kernel-src", tree.top, "--base", "HEAD~1")
    assert found.plain.sources.get("linux").revision == made[1], "what the user says counts more"
    assert found.notes == []


def test_images_are_tested_as_given_ones_under_one_name(subject: Callable[..., Subject], tmp_path: Path) -> None:
    for name, code in (("old", b"\0\xbf"), ("new", b"\0\xbf" * 2)):
        (tmp_path / f"{name}.elf").write_bytes(made_elf(more=((0x10004000, code),)))
    found = subject("--firmware-base", tmp_path / "old.elf", "--firmware", tmp_path / "new.elf", "-k", "again")
    assert isinstance(found, Firmware)
    for parts, name in enumerate(("old", "new")):
        found.build(parts)
        image = found.image(parts)
        assert image.name == "new.elf"
        assert image.read_bytes() == (tmp_path / f"{name}.elf").read_bytes()
        args = found._arguments(parts, tmp_path, ["-k", "again"])
        assert args.firmware == [image]
        assert args.keyword == "(test_given_firmware) and (again)"
        assert found._arguments(parts, tmp_path, ["--test", "x"]).keyword == ""
    assert found.inputs(0) != found.inputs(1)


def test_a_tree_of_firmware_is_built_at_each_commit(
    subject: Callable[..., Subject], tree: Tree, tmp_path: Path
) -> None:
    (tmp_path / "some.elf").write_bytes(made_elf())
    made = [
        tree.commit("one", source="1", make=f"#!/bin/sh\ncat {tmp_path}/some.elf source > out.elf\n"),
        tree.commit("two", source="2"),
        tree.commit("three", make="#!/bin/sh\nrm -f out.elf\n"),
        tree.commit("four", make="#!/bin/sh\necho it is broken; false\n"),
    ]
    words = ["--firmware", "out.elf", "--firmware-src", tree.top, "--build-command", "./make"]
    found = subject(*words, "--revisions", f"{made[0]}..HEAD")
    assert isinstance(found, FirmwareTree)
    assert [part.subject for part in found.parts] == ["two", "three", "four"]
    assert [found.image(parts).read_bytes()[-1:] for parts in (0, 1)] == [b"1", b"2"]
    with pytest.raises(InfrastructureError, match=r"part 2 of 3, 'three': --build-command left no out.elf"):
        Reviewer(found, tmp_path / "out")._build()
    with pytest.raises(InfrastructureError) as error:
        found.image(3)
    assert "it is broken" in str(error.value)
    assert tree.git("status", "--porcelain") == ""


def record(*tests: tuple[str, str], figure: float | None = None) -> str:
    """Return the record of a run."""
    lines: list[dict[str, object]] = [{"kind": "run", "schema": 1, "command": [], "started": "", "ampstand": {}}]
    lines += [{"kind": "test", "stage": "qtest", "name": name, "outcome": outcome} for name, outcome in tests]
    if figure is not None:
        lines.append({"kind": "figure", "stage": "measure", "name": "p/f", "value": figure, "unit": "insns"})
    lines.append({"kind": "end", "exit_code": 0})
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def harness(tree: Tree, outcomes: list[str], log: Path) -> list[str]:
    """Make a commit for each outcome of a test."""
    made = []
    for number, outcome in enumerate(outcomes):
        tests = [("a", outcome), ("b", "passed")]
        made.append(
            tree.commit(
                f"commit {number}",
                **{
                    "scripts/ampstand": HARNESS.format(log=log),
                    "results.jsonl": record(*tests),
                    "figures.jsonl": record(figure=100 + number),
                    "code": str(int(outcome == "failed")),
                    "build": "#!/bin/sh\n",
                },
            )
        )
    return made


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what needs a build."""
    monkeypatch.setattr(Revisions, "sizes", lambda *_: {})
    monkeypatch.setattr(Revisions, "identity", lambda self, parts: {"commit": self._commits[parts]})
    monkeypatch.setattr(Run, "boots", lambda _: True)


@pytest.mark.usefixtures("quiet")
def test_commits_of_ours_are_tested_by_their_own_harness(
    subject: Callable[..., Subject], tree: Tree, tmp_path: Path
) -> None:
    """The third of five makes a test fail: it is named, and the figures of both ends are compared."""
    log = tmp_path / "log"
    made = harness(tree, ["passed"] * 3 + ["failed"] * 3, log)
    found = subject("--revisions", f"{made[0]}..HEAD", "--repeat", "2", root=tree.top)
    review = Reviewer(found, tmp_path / "out").run()
    assert (review.exit_code(), review.culprit, review.subjects[2]) == (1, 3, "commit 3")
    assert [(one.name, one.with_change, one.without_change) for one in review.repeated] == [("a", 2, 0)]
    assert [(one.baseline, one.candidate) for one in review.comparison.figures] == [(100, 105)]
    assert review.comparison.inputs == {"ampstand": (made[0][:7], made[-1][:7])}
    assert {line.file for line in review.difference} == {"results.jsonl", "figures.jsonl", "code"}
    said = log.read_text().split()
    assert (said.count("build"), said.count("measure"), said.count("coverage")) == (6, 2, 2)
    assert said.count("test") == 2 + 2 * 2 + 2, "both sides, each again, and two steps of the bisection"
    again = Reviewer(subject("--revisions", f"{made[0]}..HEAD~3", root=tree.top), tmp_path / "out").run()
    assert (again.exit_code(), again.culprit) == (0, 0)
    assert log.read_text().split()[len(said) :].count("test") == 1, "the baseline is taken as it was"


@pytest.mark.usefixtures("quiet")
def test_two_reviews_at_once_wait_for_each_other(subject: Callable[..., Subject], tree: Tree, tmp_path: Path) -> None:
    log = tmp_path / "log"
    made = harness(tree, ["passed"] * 3, log)
    words = ["--revisions", f"{made[0]}..HEAD"]
    reviews = [Reviewer(subject(*words, root=tree.top), tmp_path / f"out-{number}") for number in range(3)]
    fork = multiprocessing.get_context("fork")  # a process holds its locks for all of its threads
    processes = [fork.Process(target=lambda review=review: sys.exit(review.run().exit_code())) for review in reviews]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert log.read_text().split().count("test") == 4, "one baseline, three candidates"


@pytest.mark.usefixtures("quiet")
def test_changed_lines_of_the_firmware_are_looked_up(
    subject: Callable[..., Subject], tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of models and tests nothing is known, and that is told."""
    harness(tree, ["passed"], tmp_path / "log")
    tree.commit("last", **{"firmware/remote/a.c": "one\ntwo\n", "hw/b.c": "one\n", "tests/c.h": "", "docs/d.md": ""})
    asked: list[Sequence[str]] = []

    def load(folder: Path, sources: Sequence[str], _missing: object) -> dict[str, Covered]:
        assert (folder / results.FILE).is_file()
        asked.append(sources)
        return {"t": Covered({"firmware/remote/a.c": {1: True, 2: False}})}

    monkeypatch.setattr("ampstand.commands.coverage.load_firmware", load)
    monkeypatch.setattr("ampstand.commands.coverage.load", None)
    review = Reviewer(subject("--revisions", "HEAD~1..HEAD", root=tree.top), tmp_path / "out").run()
    assert asked == [["firmware/remote/a.c"]]
    assert [(line.line, line.state) for line in review.lines] == [(1, State.EXECUTED), (2, State.NEVER)]
    assert review.notes == ["Of changed lines in hw, tests it is not known what executes them."]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"build": "#!/bin/sh\necho no compiler; exit 3\n"}, r"part 1 of 1, 'last': .*build.*code 3:\nno compiler"),
        ({"results.jsonl": record(), "code": "2"}, r"test.* ended with code 2"),
    ],
)
def test_a_commit_whose_harness_cannot_work_is_told(
    subject: Callable[..., Subject], tree: Tree, tmp_path: Path, files: dict[str, str], why: str
) -> None:
    harness(tree, ["passed"], tmp_path / "log")
    tree.commit("last", **files)
    with pytest.raises(InfrastructureError, match=why):
        Reviewer(subject("--revisions", "HEAD~1..HEAD", root=tree.top), tmp_path / "out").run()


@pytest.mark.usefixtures("quiet")
def test_a_red_baseline_is_told_apart(subject: Callable[..., Subject], tree: Tree, tmp_path: Path) -> None:
    """What fails on both sides is no regression; a baseline that cannot be judged is none."""
    made = harness(tree, ["failed", "failed"], tmp_path / "log")
    review = Reviewer(subject("--revisions", f"{made[0]}..HEAD", root=tree.top), tmp_path / "out").run()
    assert (review.exit_code(), review.comparison.failing) == (0, ["qtest: a"])
    text = record().replace(
        '{"kind": "end"', '{"kind": "stage", "stage": "scenarios", "state": "broken"}\n{"kind": "end"'
    )
    tree.commit("broken", **{"results.jsonl": record(("a", "passed")) + text.partition("\n")[2]})
    tree.commit("after")
    with pytest.raises(InfrastructureError, match="the baseline could not be judged: a stage is broken"):
        Reviewer(subject("--revisions", "HEAD~1..HEAD", root=tree.top), tmp_path / "out").run()
    assert (tmp_path / "out/baseline" / results.FILE).is_file()


def test_another_qemu_is_built_for_the_baseline(subject: Callable[..., Subject], tmp_path: Path) -> None:
    found = subject("--qemu-base", tmp_path / "old", "--qemu-src", tmp_path / "new")
    assert isinstance(found, Qemu)
    assert [found.builder(parts).options.qemu_src for parts in (0, 1)] == [tmp_path / "old", tmp_path / "new"]
