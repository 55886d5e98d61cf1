# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand test``: what its stages record, what is selected in them, and what it ends with."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from stand import artifacts

from ampstand import cli, paths
from ampstand.board import DEFAULT, Board
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import Cache
from ampstand.commands import lint
from ampstand.commands.outcomes import meson_results, tap
from ampstand.commands.selection import Selection
from ampstand.commands.test import STAGES, Checks, NothingMatched, OnBoard, boards
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress, Times
from ampstand.report import rerun
from ampstand.report.results import Results, Run, Test

# ---- what programs said ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "outcomes"),
    [
        ("1..2\nok 1 /a\nok 2 /b\n", 0, {"p::/a": "passed", "p::/b": "passed"}),
        ("1..2\nok 1 /a\nnot ok 2 /b\n", 1, {"p::/a": "passed", "p::/b": "failed"}),
        ("1..2\nok 1 /a\nok 2 /b # SKIP no\n", 0, {"p::/a": "passed", "p::/b": "skipped"}),
        ("ok 1 /a\n1..1\n", 0, {"p::/a": "passed"}),
        ("1..2\nok 1 /a\n", -6, {"p::/a": "passed", "p": "failed"}),
        ("1..2\nok 1 /a\n", 0, {"p::/a": "passed", "p": "failed"}),
        ("1..1\nok 1 /a\n", 1, {"p::/a": "passed", "p": "failed"}),
        ("1..0\n", 0, {"p": "failed"}),
        ("", 0, {"p": "failed"}),
        ("ok 1 /a\n", 0, {"p::/a": "passed", "p": "failed"}),
        ("1..1\nok 1 - dashed\n", 0, {"p::dashed": "passed"}),
    ],
    ids=["good", "bad", "skip", "plan-last", "crash", "short", "exit-code", "none", "silent", "no-plan", "dash"],
)
def test_tap(text: str, code: int, outcomes: dict[str, str]) -> None:
    assert {test.name: test.outcome for test in tap("qtest", "p", text, code)} == outcomes


def test_tap_keeps_reasons() -> None:
    (failed, skipped) = tap("qtest", "p", "1..2\nnot ok 1 /a - ERROR:x.c:3: 1 == 2\nok 2 /b # SKIP no board\n", 1)
    assert failed.headline == "ERROR:x.c:3: 1 == 2"
    assert skipped.reason == "no board"
    crash = tap("native", "p", "1..2\nok 1 a\nBail out! x.c:7: y is 1, not 2\n", 1)[-1]
    assert crash.headline == "x.c:7: y is 1, not 2"
    assert crash.reason.startswith("ended with code 1 after 1 of 2 tests")


def meson_line(**values: object) -> dict[str, object]:
    return {"name": "ampstand:firmware / p", "stdout": "", "result": "OK", "duration": 0.25, "returncode": 0, **values}


@pytest.mark.parametrize(
    ("line", "outcomes"),
    [
        (meson_line(stdout="1..2\nok 1 a\nok 2 b\n"), {"p::a": "passed", "p::b": "passed"}),
        (meson_line(stdout="1..2\nok 1 a\n", result="ERROR", returncode=1), {"p::a": "passed", "p": "failed"}),
        (meson_line(stdout="1..1\nok 1 a\n", result="TIMEOUT"), {"p::a": "passed", "p": "failed"}),
        (meson_line(), {"p": "passed"}),
        (meson_line(stdout="too big\n", result="FAIL", returncode=1), {"p": "failed"}),
        (meson_line(result="SKIP", returncode=77), {"p": "skipped"}),
        (meson_line(result="EXPECTEDFAIL", returncode=1), {"p": "known"}),
        (meson_line(result="UNEXPECTEDPASS"), {"p": "failed"}),
    ],
)
def test_meson_results(line: dict[str, object], outcomes: dict[str, str]) -> None:
    assert {test.name: test.outcome for test in meson_results(line)} == outcomes


# ---- what is selected -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "tests", "wanted"),
    [
        ("", [], True),
        ("usart", [], True),
        ("USART and fifo", [], True),
        ("usart and not fifo", [], False),
        ("spi or (usart and fifo)", [], True),
        ("spi", [], False),
        ("", ["usart-test::/arm/usart/fifo"], True),
        ("", ["usart-test"], True),
        ("", ["usart-test::/arm/usart"], False),
        ("spi", ["usart-test"], False),
    ],
)
def test_selection(keyword: str, tests: list[str], wanted: bool) -> None:
    selection = Selection(keyword, tuple(tests))
    assert selection.matches("usart-test::/arm/usart/fifo", "usart-test") is wanted
    assert selection.may_match("usart-test arm usart fifo spi")


@pytest.mark.parametrize(
    ("keyword", "tests", "possible"),
    [
        ("no_such_test", [], False),
        ("no_such_test or fifo", [], True),
        ("no_such_test and fifo", [], False),
        ("not no_such_test", [], True),
        ("not fifo", [], True),
        ("usart and not usart", [], False),
        ("usart/fifo3", [], True),
        ("", ["tests/unit/test_x.py::test_y"], False),
        ("", ["usart-test::/arm/usart/fifo3"], True),
    ],
)
def test_what_no_name_can_have_needs_no_build(keyword: str, tests: list[str], possible: bool) -> None:
    assert Selection(keyword, tuple(tests)).may_match('usart-test arm "usart/fifo%d"') is possible


def test_a_wrong_expression_is_the_users_mistake() -> None:
    for wrong in ("a and", "(", "a b", "or"):
        with pytest.raises(UsageError, match="-k"):
            Selection(wrong)


# ---- the stages -----------------------------------------------------------------------------------------------------


class FakeChecks(Checks):
    """Stages answer from a table."""

    answers: dict[str, list[Test]]

    def qtest(self) -> None:
        self._note(self.answers["qtest"])

    def unit(self) -> None:
        self._note(self.answers["unit"])

    def native(self) -> None:
        raise InfrastructureError("no compiler", hint="get one")

    def lint(self) -> None:
        raise NothingMatched


class BrokenBuilder(Builder):
    """Nothing can be built."""

    def all(self, *, boot_loader: bool = True, secure: bool = True, card: bool = True) -> Artifacts:
        raise InfrastructureError("building QEMU failed")


def fake(tmp_path: Path, only: str | None, said: io.StringIO, **options: object) -> FakeChecks:
    progress = Progress(said, live=False)
    builder = BrokenBuilder(Board.load(), BuildOptions(), progress, cache=Cache(tmp_path / "cache"))
    stages = [] if only is None else ["--only", only]
    args = cli.parser().parse_args(["test", *stages, "--records", str(tmp_path / "records")])
    for name, value in options.items():
        assert hasattr(args, name)
        setattr(args, name, value)
    return FakeChecks(args, builder, progress, ["./scripts/ampstand", "test"])


@pytest.mark.parametrize(
    ("options", "workers"),
    [
        ({}, 3),
        ({"workers": 2}, 2),
        ({"keyword": "echo"}, 1),
        ({"test": ["a::b"]}, 1),
        ({"pytest_arguments": ["--pdb"]}, 1),
        ({"pytest_arguments": ["-x"]}, 3),
        ({"keyword": "echo", "workers": 2}, 2),
    ],
)
def test_a_whole_run_uses_each_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], workers: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    run = fake(tmp_path, None, io.StringIO(), **options)
    assert run.workers == workers
    assert (f"-n{workers}" in run._scenario_options(run.boards[0])) is (workers > 1)


def record(tmp_path: Path) -> Run:
    return Run.load(tmp_path / "records/results.jsonl")


def test_a_broken_build_is_one_failure_and_its_dependents_do_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = io.StringIO()
    run = fake(tmp_path, "qtest,unit", said)
    run.answers = {"unit": [Test("unit", "a", "passed")]}
    assert run.run() == 3
    assert capsys.readouterr().out.endswith("\n1 passed, 1 failed\n")
    stages = record(tmp_path).stages
    assert (stages["build"].state, stages["build"].reason) == ("broken", "building QEMU failed")
    assert (stages["qtest"].state, stages["qtest"].reason) == ("not-run", "the build failed")
    assert stages["unit"].state == "ok"


def test_a_stage_that_cannot_run_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = io.StringIO()
    run = fake(tmp_path, "native,unit", said, junit=tmp_path / "junit.xml")
    run.answers = {"unit": [Test("unit", "a", "passed"), Test("unit", "x", "failed", headline="1 is not 2")]}
    assert run.run() == 3
    assert capsys.readouterr().out.endswith("\n1 passed, 2 failed\n")
    assert "get one" in said.getvalue()
    assert (
        "unit x: failed: 1 is not 2\n    run it again: ./scripts/ampstand test --only unit --test x" in said.getvalue()
    )
    assert record(tmp_path).ended == 3
    assert 'name="x"' in (tmp_path / "junit.xml").read_text()


def test_the_closing_line_is_the_last_and_follows_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = fake(tmp_path, "unit", io.StringIO())
    run.answers = {"unit": [Test("unit", "a", "passed"), Test("unit", "b", "known", reason="leaks"),
                            Test("unit", "c", "skipped", reason="no")]}  # fmt: skip
    assert run.run() == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "1 passed, 0 failed, 1 skipped"
    assert any("known bugs" in line for line in out[:-1])


def test_unknown_stages_are_the_users_mistake(tmp_path: Path) -> None:
    for only in ("qtests", "", "unit,linter"):
        with pytest.raises(UsageError, match="stages are"):
            fake(tmp_path, only, io.StringIO()).run()


@pytest.mark.parametrize("options", [{"keyword": "no_such_test_at_all"}, {"test": ["tests/unit/test_x.py::test_y"]}])
def test_nothing_of_that_name_in_any_stage_ends_in_four(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: dict[str, object]
) -> None:
    """Nothing is built for it: this builder cannot."""
    said = io.StringIO()
    run = fake(tmp_path, "qtest,native,unit,lint,scenarios", said, board="stm32mp157c-dk2", thread="multi", **options)
    assert run.run() == 4
    assert capsys.readouterr().out == "0 passed, 0 failed\n"
    assert f"ampstand: {run.selection}: no test of qtest, native, unit, lint, scenarios matches" in said.getvalue()
    assert {(stage.state, stage.reason) for stage in record(tmp_path).stages.values()} == {
        ("not-run", "nothing matched")
    }


def test_one_unknown_name_beside_a_known_one_ends_in_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    names = ["a", "usart", "fuzz::one", "b::gone"]
    monkeypatch.setattr(FakeChecks, "_may_unit", lambda _: True)
    run = fake(tmp_path, "unit", said, test=names)
    run.answers = {"unit": [Test("unit", "a", "passed"), Test("qtest", "usart::/fifo", "passed"),
                            Test("native", "fuzz", "passed"), Test("unit", "b::two", "passed")]}  # fmt: skip
    assert run.run() == 4
    assert "ampstand: --test b::gone: no test of unit is called that" in said.getvalue()
    assert said.getvalue().count("is called that") == 1
    assert record(tmp_path).ended == 4


def test_arguments_of_pytest_that_select_nothing_end_in_four(tmp_path: Path) -> None:
    arguments = ["-m", "soak and not soak"]
    said = io.StringIO()
    run = fake(tmp_path, "scenarios", said, board="stm32mp157c-dk2", thread="multi", pytest_arguments=arguments)
    assert run.run() == 4
    assert "-m 'soak and not soak': no test of scenarios matches" in said.getvalue()


def test_wrong_arguments_of_pytest_are_the_users_mistake(tmp_path: Path) -> None:
    arguments = ["--no-such-option"]
    run = fake(
        tmp_path, "scenarios", io.StringIO(), board="stm32mp157c-dk2", thread="multi", pytest_arguments=arguments
    )
    with pytest.raises(UsageError, match="no-such-option"):
        run.run()


@pytest.mark.parametrize(
    ("stage", "keyword"), [("qtest", "usart"), ("native", "app"), ("unit", "test_tap"), ("lint", "mypy")]
)
def test_what_may_match_is_chosen(tmp_path: Path, stage: str, keyword: str) -> None:
    run = fake(tmp_path, stage, io.StringIO(), keyword=keyword)
    run.records.mkdir()
    Results(run.results.path).begin(["x"])
    assert run._is_wanted(stage)


def test_only_matching_linters_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = [lint.Linter("good thing", ("true",)), lint.Linter("bad thing", ("sh", "-c", "echo x.c:1: wrong; exit 1"))]
    monkeypatch.setattr(lint, "linters", lambda *_: table)
    args = fake(tmp_path, "lint", io.StringIO(), keyword="bad").args
    builder = BrokenBuilder(Board.load(), BuildOptions(), Progress(io.StringIO()), cache=Cache(tmp_path / "cache"))
    monkeypatch.setattr(builder.sources, "get", lambda *_: argparse.Namespace(path=tmp_path))
    assert Checks(args, builder, Progress(io.StringIO(), live=False), ["./scripts/ampstand", "test"]).run() == 1
    (test,) = record(tmp_path).tests.values()
    assert (test.name, test.outcome, test.headline) == ("bad thing", "failed", "x.c:1: wrong")
    assert test.rerun == "./scripts/ampstand test --only lint --test 'bad thing'"


QTEST = """#!/bin/sh
case "$*" in
-l) printf '/aarch64/x/one\\n/aarch64/x/two\\n' ;;
*two*) printf '1..1\\nok 1 /aarch64/x/two\\n' ;;
*) printf '1..2\\nok 1 /aarch64/x/one\\nnot ok 2 /aarch64/x/two - ERROR: no\\n'; exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("options", "names", "code"),
    [
        ({}, ["x-test::/aarch64/x/one", "x-test::/aarch64/x/two"], 1),
        ({"keyword": "two"}, ["x-test::/aarch64/x/two"], 0),
        ({"test": ["x-test::/aarch64/x/two"]}, ["x-test::/aarch64/x/two"], 0),
        ({"test": ["x-test::/aarch64/x"]}, [], 4),
        ({"keyword": "x and one and two"}, [], 4),
    ],
)
def test_device_tests_run_one_by_one(tmp_path: Path, options: dict[str, object], names: list[str], code: int) -> None:
    root, programs = tmp_path / "root/tests/qtest", tmp_path / "build/tests/qtest"
    root.mkdir(parents=True)
    programs.mkdir(parents=True)
    (root / "x-test.c").write_text('add("x/one"); add("x/two");')
    (programs / "x-test").write_text(QTEST)
    (programs / "x-test").chmod(0o755)

    class Built(Builder):
        def all(self, *, boot_loader: bool = True, secure: bool = True, card: bool = True) -> Artifacts:
            nothing = Path("/dev/null")
            return Artifacts(nothing, tmp_path / "build", nothing, nothing, nothing, {}, nothing, nothing, "6.12.118")

    progress = Progress(io.StringIO(), live=False)
    builder = Built(Board.load(), BuildOptions(), progress, cache=Cache(tmp_path / "cache"), root=tmp_path / "root")
    args = fake(tmp_path, "qtest", io.StringIO(), **options).args
    assert Checks(args, builder, progress, ["./scripts/ampstand", "test", "--thread", "single"]).run() == code
    tests = list(record(tmp_path).tests.values())
    assert [test.name for test in tests] == names
    for test in tests:
        assert test.kernel == "6.12.118"
        if test.outcome == "failed":
            assert test.rerun == f"./scripts/ampstand test --thread single --only qtest --test {test.name}"


def test_results_are_read_from_no_xml() -> None:
    for path in (paths.ROOT / "ci/ampstand").rglob("*.py"):
        text = path.read_text()
        assert "ElementTree" not in text, path
        assert "fromfile" not in text, path


def test_records_name_their_own_json(tmp_path: Path) -> None:
    run = fake(tmp_path, "unit", io.StringIO())
    run.answers = {"unit": [Test("unit", "a", "passed")]}
    run.run()
    first = json.loads((tmp_path / "records/results.jsonl").read_text().splitlines()[0])
    assert first["kind"] == "run"
    assert first["ampstand"]["commit"]


def test_how_long_it_takes_is_known_from_the_last_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(**options: object) -> str:
        output = io.StringIO()
        run = fake(tmp_path, "unit,qtest", output, **options)
        monkeypatch.setattr(run, "_build", lambda one: setattr(one, "artifacts", artifacts(tmp_path)))
        run.progress.times = Times(tmp_path / "times.json")
        run.answers = {"unit": [], "qtest": []}
        run.run()
        return output.getvalue()

    clock = iter(range(0, 100_000, 30))
    monkeypatch.setattr("ampstand.commands.test.time.monotonic", lambda: next(clock))
    assert "when it ran last" not in said()
    assert "this took some 1 min 00 s when it ran last" in said()
    assert "when it ran last" not in said(keyword="bad")


# ---- without a checkout, and of another one -------------------------------------------------------------------------


def test_all_stages_run_where_there_is_something_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle, and an installed package, have scenarios only; and so have another repository's."""
    checks = fake(tmp_path, None, io.StringIO())
    assert checks.stages() == list(STAGES)
    assert fake(tmp_path, None, io.StringIO(), scenarios=[tmp_path]).stages() == ["scenarios"]
    assert fake(tmp_path, "lint", io.StringIO(), scenarios=[tmp_path]).stages() == ["lint"]
    checks.builder.options = replace(checks.builder.options, bundle=tmp_path)
    assert checks.stages() == ["scenarios"]
    checks.args.only = "lint,scenarios"
    with pytest.raises(UsageError, match="there are scenarios only"):
        checks.stages()
    monkeypatch.setattr(paths, "INSTALLED", True)
    assert fake(tmp_path, None, io.StringIO()).stages() == ["scenarios"]


def test_scenarios_of_another_repository_are_named_from_there(tmp_path: Path) -> None:
    for name in ("own/a", "own/b"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "test_x.py").touch()
    with pytest.raises(UsageError, match=r"--scenarios .*/none: no such file"):
        fake(tmp_path, None, io.StringIO(), scenarios=[tmp_path / "none"])
    given = [tmp_path / "own/a", tmp_path / "own/b/test_x.py"]
    argv = fake(tmp_path, None, io.StringIO(), scenarios=given)._argv("scenarios:virt", [])
    assert f"--rootdir={tmp_path}/own" in argv
    assert argv[-2:] == list(map(str, given))
    assert fake(tmp_path, None, io.StringIO(), scenarios=given)._argv("unit", [])[-1] == str(paths.ROOT / "tests/unit")


# ---- several boards -------------------------------------------------------------------------------------------------


def test_boards_are_named_one_by_one_or_all() -> None:
    assert boards("virt") == ["virt"]
    assert boards("virt,x/own.toml,virt") == ["virt", "x/own.toml"]
    assert boards("all")[0] == DEFAULT
    assert sorted(boards("all")) == Board.names()


class OnSeveralBoards(Checks):
    """Scenarios answer from where they run; one board cannot be built."""

    def _build(self, one: OnBoard) -> None:
        if one.name == "virt-arm64":
            super()._build(one)
        else:
            one.artifacts = artifacts(self.records)

    def _pytest(self, stage: str, options: Sequence[str], log: Path | None = None) -> None:
        one = self._board_of(stage)
        assert one is not None
        assert f"--ampstand-board={one.name}" in options
        assert f"--ampstand-records={self.records / one.folder}" in options
        self.results.test(Test(stage, "t.py::test_a", "failed" if one.name == "virt" else "passed", reason="no"))


def test_each_board_has_a_stage_with_its_scenarios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that cannot be built is one failure; the others are judged."""
    said = io.StringIO()
    progress = Progress(said, live=False)
    args = cli.parser().parse_args(["test", "--only", "scenarios", "--records", str(tmp_path / "records")])
    args.other_boards = ["virt", "virt-arm64"]
    builder = BrokenBuilder(Board.load(), BuildOptions(), progress, cache=Cache(tmp_path / "cache"))
    checks = OnSeveralBoards(args, builder, progress, ["./scripts/ampstand", "test"])
    checks.boards[2].builder = builder
    assert checks.run() == InfrastructureError.exit_code
    run = record(tmp_path)
    assert {name: stage.state for name, stage in run.stages.items()} == {
        "scenarios": "ok",
        "scenarios:virt": "ok",
        "build": "broken",
        "scenarios:virt-arm64": "not-run",
    }
    assert {key: test.outcome for key, test in run.tests.items()} == {
        ("scenarios", "t.py::test_a"): "passed",
        ("scenarios:virt", "t.py::test_a"): "failed",
    }
    assert capsys.readouterr().out.endswith("\n1 passed, 2 failed\n")


def test_a_test_on_another_board_is_run_again_there() -> None:
    command = rerun.with_board(["./scripts/ampstand", "test", "--board", "a", "--thread", "single", "--", "-x"], "virt")
    assert command == ["./scripts/ampstand", "test", "--thread", "single", "--board", "virt", "--", "-x"]
    assert rerun.of_test(command, "scenarios:virt", "t::a") == [
        *command[:-2],
        *["--only", "scenarios", "--test", "t::a", "--", "-x"],
    ]


def test_a_ready_kernel_is_of_one_board(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["test", "--board", "all", "--kernel", "zImage", "--dtb", "x.dtb"]) == 2
    assert "--kernel and --dtb are of one board" in capsys.readouterr().err


def test_a_build_folder_that_was_set_up_otherwise_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meson never forgets a cross file: one that has moved since would break every later set-up."""
    set_up: list[str] = []

    def run_tool(argv: Sequence[str], **_: object) -> str:
        if "setup" in argv:
            work = Path(argv[-2])
            assert not work.exists()
            work.mkdir(parents=True)
            set_up.extend(Path(word).name for word in argv if word.startswith("--cross-file="))
        return ""

    checks = fake(tmp_path, "native", io.StringIO())
    monkeypatch.setattr("ampstand.build.tools.run", run_tool)
    monkeypatch.setattr(checks.builder.sources, "get", lambda _name: SimpleNamespace(path=tmp_path))
    for name in ("before", "before", "after"):
        monkeypatch.setattr(checks.builder, "cross_file", lambda _soc, name=name: tmp_path / name)
        with checks.meson("remote"):
            pass
    assert set_up == ["before", "after"]
