# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand test``: what it counts, and the exit code that comes of it."""

from __future__ import annotations

import argparse
import io
import os
import select
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import Cache
from ampstand.commands import test as checks
from ampstand.commands.test import Checks, Tally, parse_junit, parse_tap
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress


@pytest.mark.parametrize(
    ("text", "code", "passed", "failed", "skipped"),
    [
        ("1..2\nok 1 /a\nok 2 /b\n", 0, 2, 0, 0),
        ("1..2\nok 1 /a\nnot ok 2 /b\n", 1, 1, 1, 0),
        ("1..2\nok 1 /a\nok 2 /b # SKIP no\n", 0, 1, 0, 1),
        ("ok 1 /a\n1..1\n", 0, 1, 0, 0),
        ("1..2\nok 1 /a\n", -6, 1, 1, 0),
        ("1..2\nok 1 /a\n", 0, 1, 1, 0),
        ("1..1\nok 1 /a\n", 1, 1, 1, 0),
        ("1..0\n", 0, 0, 1, 0),
        ("", 0, 0, 1, 0),
    ],
    ids=["good", "bad", "skip", "plan-last", "crash", "short", "exit-code", "none", "silent"],
)
def test_tap(text: str, code: int, passed: int, failed: int, skipped: int) -> None:
    tally = parse_tap(text, code, "again")
    assert (tally.passed, tally.failed, tally.skipped) == (passed, failed, skipped)
    assert len(tally.failures) == failed


def test_junit(tmp_path: Path) -> None:
    file = tmp_path / "r.xml"
    file.write_text(
        '<testsuites><testsuite><testcase classname="c" name="a"/>'
        '<testcase classname="c" name="b"><failure/></testcase>'
        '<testcase name="d"><skipped/></testcase><testcase name="e"><error/></testcase></testsuite></testsuites>'
    )
    tally = parse_junit(file, lambda name: f"run {name}")
    assert (tally.passed, tally.failed, tally.skipped) == (1, 2, 1)
    assert tally.failures[0] == "c::b: run b"


@pytest.mark.parametrize(
    ("tally", "line", "code"),
    [
        (Tally(passed=3), "3 passed, 0 failed", 0),
        (Tally(passed=3, skipped=1), "3 passed, 0 failed, 1 skipped", 0),
        (Tally(passed=3, failed=1), "3 passed, 1 failed", 1),
        (Tally(passed=3, failed=1, broken=True), "3 passed, 1 failed", 3),
        (Tally(), "0 passed, 0 failed", 4),
        (Tally(skipped=2), "0 passed, 0 failed, 2 skipped", 4),
    ],
)
def test_closing_line_and_exit_code(tally: Tally, line: str, code: int) -> None:
    assert (tally.line(), tally.exit_code()) == (line, code)


def test_a_program_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(reader) as alive:
        text, code = checks.call(["sh", "-c", f"tail -f /dev/null > {fifo} & wait"], cwd=tmp_path, timeout=0.5)
        assert select.select([alive], [], [], 20)[0], "a child is still alive"
        assert alive.read() == ""  # end of file: nobody holds the other end
    assert "no end within 0.5 s" in text
    assert code == -9


class FakeChecks(Checks):
    """Stages answer from a table."""

    answers: dict[str, Tally]

    def qtest(self) -> Tally:
        return self.answers["qtest"]

    def unit(self) -> Tally:
        return self.answers["unit"]

    def native(self) -> Tally:
        raise InfrastructureError("no compiler", hint="get one")


class BrokenBuilder(Builder):
    """Nothing can be built."""

    def all(self) -> checks.Artifacts:
        raise InfrastructureError("building QEMU failed")


def fake(tmp_path: Path, only: str, said: io.StringIO) -> FakeChecks:
    progress = Progress(said, live=False)
    builder = BrokenBuilder(Board.load(), BuildOptions(), progress, cache=Cache(tmp_path / "cache"))
    args = argparse.Namespace(only=only, records=tmp_path / "records", keyword=None)
    return FakeChecks(args, builder, progress)


def test_a_broken_build_is_one_failure_and_its_dependents_are_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = io.StringIO()
    run = fake(tmp_path, "qtest,unit", said)
    run.answers = {"unit": Tally(passed=5)}
    assert run.run() == 3
    assert capsys.readouterr().out == "5 passed, 1 failed\n"
    assert "qtest: skipped, as the build failed" in said.getvalue()


def test_a_stage_that_cannot_run_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = io.StringIO()
    run = fake(tmp_path, "native,unit", said)
    run.answers = {"unit": Tally(passed=1, failed=1, failures=["x: again"])}
    assert run.run() == 3
    assert capsys.readouterr().out == "1 passed, 2 failed\n"
    assert "get one" in said.getvalue()
    assert "x: again" in said.getvalue()


def test_unknown_stages_are_the_users_mistake(tmp_path: Path) -> None:
    for only in ("qtests", "", "unit,linter"):
        with pytest.raises(UsageError, match="stages are"):
            fake(tmp_path, only, io.StringIO()).run()
