# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The corpus of known bugs: what a patch must say, which are taken, what a test's outcome means."""

from __future__ import annotations

from pathlib import Path

import pytest

from ampstand import cli, paths
from ampstand.board import Board
from ampstand.build import overlay
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import Cache
from ampstand.commands import corpus, coverage
from ampstand.commands import test as checks
from ampstand.commands.corpus import Bug, Corpus
from ampstand.errors import TestsFailed, UsageError
from ampstand.progress import Progress
from ampstand.report import results
from ampstand.report.lcov import Covered
from ampstand.report.results import Outcome, Results, Run, Test

PATCH = """Bug: counts wrong
Caught-by: native unit-count

Nobody knows how many there are.
---
--- a/firmware/count.c
+++ b/firmware/count.c
@@ -1 +1 @@
-int count = 1;
+int count = 2;
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a checkout with one bug."""
    for name in corpus.CHECKOUT:
        if "." in name:
            (tmp_path / name).write_text("")
        else:
            (tmp_path / name).mkdir()
    (tmp_path / "firmware/count.c").write_text("int count = 1;\n")
    folder = tmp_path / "tests/corpus/firmware"
    folder.mkdir(parents=True)
    (folder / "wrong-count.patch").write_text(PATCH)
    return tmp_path


def test_head_of_a_patch(root: Path) -> None:
    (bug,) = corpus.load(root)
    assert (bug.name, bug.part, bug.title) == ("wrong-count", "firmware", "counts wrong")
    assert (bug.stage, bug.test) == ("native", "unit-count")


@pytest.mark.parametrize(
    "head",
    ["", "Bug: x\n", "Caught-by: native x\n", "Bug: x\nCaught-by: native\n", "Bug: x\nCaught-by: hope all\n"],
)
def test_head_that_does_not_say_enough(tmp_path: Path, head: str) -> None:
    path = tmp_path / "x.patch"
    path.write_text(f"{head}\n---\nBug: too late\nCaught-by: native x\n")
    with pytest.raises(UsageError, match=r"x.patch: expected"):
        Bug.load(path)


def test_select(root: Path) -> None:
    bugs = corpus.load(root)
    assert corpus.select(bugs, []) == corpus.select(bugs, ["firmware"]) == corpus.select(bugs, ["wrong-count"]) == bugs
    assert corpus.select(bugs, ["linux"]) == []
    with pytest.raises(UsageError, match="no such bug: other"):
        corpus.select(bugs, ["other"])


def run_of(*tests: Test) -> Run:
    return Run(tests={(test.stage, test.name): test for test in tests})


GOOD = Test("native", "good", "passed")
BAD = Test("native", "bad", "failed")
KNOWN = Test("scenarios", "known", "known")
SKIPPED = Test("scenarios", "skipped", "skipped")
NO_BOOT = Test("scenarios", "boot", "error", headline="no boot", infrastructure=True)


@pytest.mark.parametrize(
    ("tests", "verdict"),
    [
        ([GOOD, BAD], "caught"),
        ([GOOD], "missed"),
        ([KNOWN], "missed"),
        ([KNOWN, BAD], "caught"),
        ([NO_BOOT, BAD], "caught"),
        ([], "broken"),
        ([SKIPPED], "broken"),
        ([NO_BOOT], "broken"),
        ([NO_BOOT, GOOD], "broken"),
    ],
)
def test_verdict(tests: list[Test], verdict: str) -> None:
    assert corpus.verdict_of(run_of(*tests))[0] == verdict


@pytest.mark.parametrize(
    ("outcomes", "verdict", "code"),
    [
        (("passed", "failed"), "caught", 0),
        (("passed", "passed"), "missed", 1),
        (("known", "failed"), "caught", 0),
        (("known", "known"), "missed", 1),
        (("passed", None), "broken", 3),
        (("failed", "failed"), None, 1),
        ((None, "failed"), None, 1),
    ],
)
def test_run(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outcomes: tuple[Outcome | None, ...],
    verdict: str | None,
    code: int,
) -> None:
    """The test that is for the bug ends in one way without the bug, and in another with it."""

    def meson_tests(self: checks.Checks, part: str, names: list[str]) -> None:
        assert (part, names) == ("native", ["unit-count"])
        outcome = outcomes[int((self.root / "firmware/count.c").read_text().split()[-1].rstrip(";")) - 1]
        self._note([Test("native", "unit-count", outcome)] if outcome else [])

    monkeypatch.setattr(checks.Checks, "meson_tests", meson_tests)
    args = cli.parser().parse_args(["corpus"])
    args.records = tmp_path / "records"
    builder = Builder(
        Board.load("stm32mp157c-dk2"), BuildOptions(), Progress(), cache=Cache(tmp_path / "cache"), root=root
    )
    tried = Corpus(args, builder, Progress())
    if verdict is None:
        with pytest.raises(TestsFailed, match="without any bug"):
            tried.run()
    else:
        assert [outcome.verdict for outcome in tried.run()] == [verdict]
    record = Run.load(tmp_path / "records/results.jsonl")
    assert (record.exit_code(), record.ended) == (code, code)
    if verdict in ("missed", "broken"):
        (test,) = record.tests.values()
        assert (test.stage, test.name) == ("corpus", "firmware/wrong-count")
        assert test.rerun.endswith("scripts/ampstand corpus wrong-count")
    assert (root / "firmware/count.c").read_text() == "int count = 1;\n"


def test_our_own_bugs_apply() -> None:
    """Those of the firmware; those of the kernel want its source, and are tried by ``ampstand corpus``."""
    bugs = corpus.load()
    assert {bug.part for bug in bugs} == set(corpus.PARTS)
    names = [bug.name for bug in bugs]
    assert len(set(names)) == len(names)
    for bug in bugs:
        if bug.part == "firmware":
            overlay.patched(overlay.Tree(paths.ROOT), [bug.path])


@pytest.mark.parametrize(
    ("count_runs", "meant", "lost"),
    [
        (True, "test_count", ()),
        (False, "test_count", ("tests/scenarios/test_count.py::test_count[a]",)),
        (False, "test_count or test_boot", ("tests/scenarios/test_count.py::test_count[a]",)),
    ],
)
def test_what_a_review_would_choose(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    count_runs: bool,
    meant: str,
    lost: tuple[str, ...],
) -> None:
    parts = ("test_boot.py::test_boot", "test_count.py::test_count[a]", "test_other.py::test_other")
    names = [f"tests/scenarios/{name}" for name in parts]
    records = Results(root / results.FILE)
    records.begin(["ampstand", "test"])
    for name in names:
        records.test(Test("scenarios", name, "passed"))
    (root / "tests/corpus/linux").mkdir()
    patch = PATCH.replace("native unit-count", f"scenarios {meant}")
    (root / "tests/corpus/linux/of-linux.patch").write_text(patch)
    runs = {names[0]: False, names[1]: count_runs, names[2]: False}
    executed = {name: Covered({"firmware/count.c": {1: runs[name]}}) for name in names}
    monkeypatch.setattr(coverage, "load", lambda *_: executed)
    (found,) = corpus.chosen(corpus.load(root), overlay.Tree(root), root)
    assert found.lost == lost
    assert found.all == len(names)
    assert names[0] in found.scenarios, "the smoke set"
    assert names[2] not in found.scenarios
    assert corpus.tell_chosen([found]) == (1 if lost and "boot" not in meant else 0)
    assert "of-linux" in capsys.readouterr().out


def test_choice_of_a_bug_whose_scenario_is_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Results(root / results.FILE).begin(["ampstand", "test"])
    (root / "tests/corpus/linux").mkdir()
    (root / "tests/corpus/linux/of-linux.patch").write_text(PATCH.replace("native unit-count", "scenarios test_gone"))
    monkeypatch.setattr(coverage, "load", lambda *_: {})
    with pytest.raises(UsageError, match=r"of-linux: no scenario of .* is 'test_gone'"):
        corpus.chosen(corpus.load(root), overlay.Tree(root), root)
