# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The record of a run: what is written, by whom, and what table, exit code and JUnit make of it."""

from __future__ import annotations

import io
import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from ampstand import paths
from ampstand.errors import InfrastructureError, UsageError
from ampstand.report import junit, summary
from ampstand.report.results import NO_BOARD, REASON_LENGTH, Figure, Results, Run, Stage, Test

pytest_plugins = ["pytester"]

SCHEMA = json.loads((paths.ROOT / "ci/ampstand/report/results.schema.json").read_text())


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a record; each must be what the schema says."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    for line in found:
        jsonschema.validate(line, SCHEMA, jsonschema.Draft202012Validator)
    return found


def record(path: Path, *entries: Test | Stage | Figure) -> Run:
    """Write a record, and read it."""
    results = Results(path)
    results.begin(["ampstand", "test"])
    for entry in entries:
        if isinstance(entry, Test):
            results.test(entry)
        elif isinstance(entry, Stage):
            results.stage(entry)
        else:
            results.figure(entry)
    lines(path)
    return Run.load(path)


@pytest.mark.parametrize(
    ("tests", "boots"),
    [
        ([Test("scenarios", "a", "passed"), Test("scenarios", "b", "skipped", reason="takes minutes")], True),
        ([Test("scenarios", "a", "failed"), Test("scenarios", "b", "error", infrastructure=True)], True),
        ([Test("scenarios", "a", "error", infrastructure=True), Test("unit", "b", "passed")], False),
        ([Test("scenarios", "a", "passed"), Test("scenarios", "b", "skipped", reason=f"{NO_BOARD}: panic")], False),
        ([], False),
    ],
)
def test_whether_the_board_came_up(tests: list[Test], *, boots: bool) -> None:
    """A scenario that wants no board to come up says nothing about it."""
    assert Run(tests={(test.stage, test.name): test for test in tests}).boots() == boots


def test_the_schema_is_one_and_refuses_what_is_not_of_it() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    good = {"kind": "test", "stage": "unit", "name": "a", "outcome": "passed"}
    jsonschema.validate(good, SCHEMA)
    for wrong in ({"outcome": "fine"}, {"colour": "red"}, {"kind": "tests"}, {"name": ""}, {"stage": "units"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(good | wrong, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"kind": "stage", "stage": "unit", "state": "not-run", "seconds": 0}, SCHEMA)


def test_every_kind_of_line_is_in_the_schema_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    full = Test(
        "scenarios",
        "x::y",
        "failed",
        1.5,
        "why\nin full",
        "why",
        "again",
        "from there",
        "/r",
        "6.12",
        "bug",
        "other",
        True,
    )
    results = Results(path)
    results.begin(["./scripts/ampstand", "test", "-k", "a b"])
    results.inputs({"kernel": "6.12.118", "kernel source": "linux-source-6.12"})
    results.test(full)
    results.test(Test("qtest", "quick", "passed"))
    results.stage(Stage("scenarios", "ok", 2.0))
    results.stage(Stage("qtest", "not-run", reason="nothing matched"))
    results.figure(Figure("bench", "boot", 1.25, "s"))
    results.end(3)
    kinds = [line["kind"] for line in lines(path)]
    assert kinds == ["run", "inputs", "test", "test", "stage", "stage", "figure", "end"]
    run = Run.load(path)
    assert run.header["command"] == ["./scripts/ampstand", "test", "-k", "a b"]
    assert run.inputs == {"kernel": "6.12.118", "kernel source": "linux-source-6.12"}
    assert list(run.tests.values()) == [full, Test("qtest", "quick", "passed")]
    assert run.stages["qtest"] == Stage("qtest", "not-run", reason="nothing matched")
    assert run.figures == [Figure("bench", "boot", 1.25, "s")]
    assert run.ended == 3


def test_a_run_that_was_ended_from_outside_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    record(path, Test("unit", "a", "passed"))
    with path.open("a") as file:
        file.write('{"kind": "test", "stage": "unit", "na')
    run = Run.load(path)
    assert list(run.tests) == [("unit", "a")]
    assert run.ended is None


def test_what_is_no_record_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    for text in ("passed\n", '{"kind": "run", "schema": 99}\n', "[]\n", '{"kind": "test", "stage": "unit"}\n'):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"r\.jsonl:1: not a line"):
            Run.load(path)
    with pytest.raises(UsageError, match="cannot be read"):
        Run.load(tmp_path / "none")


def test_readers_ignore_what_they_do_not_know(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"kind": "weather"}\n{"kind":"test","stage":"unit","name":"a","outcome":"passed","mood":"good"}\n')
    assert list(Run.load(path).tests.values()) == [Test("unit", "a", "passed")]


def _append(path: Path, name: str) -> None:
    results = Results(path)
    for number in range(200):
        results.test(Test("unit", f"{name}-{number}", "failed", reason="x" * 3000))


def test_processes_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_append, args=(path, str(number))) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(lines(path)) == 600
    assert len(Run.load(path).tests) == 600


def test_a_full_disk_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.symlink_to("/dev/full")
    with pytest.raises(InfrastructureError, match="No space left on device"):
        Results(path).test(Test("unit", "a", "passed"))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("one\ntwo", "one"), ("calls failed:\n  write: EINVAL\nread: 0", "calls failed: write: EINVAL"),
        ("nothing follows:\n\nx", "nothing follows:"), ("", ""),
    ],
)  # fmt: skip
def test_a_line_that_only_announces_the_next_is_told_with_it(reason: str, told: str) -> None:
    assert Test("unit", "a", "failed", reason=reason).in_short == told
    assert Test("unit", "a", "failed", reason=reason, headline="worst").in_short == "worst"


def test_long_reasons_are_cut_and_headlines_are_one_line(tmp_path: Path) -> None:
    run = record(tmp_path / "r.jsonl", Test("unit", "a", "failed", reason="x" * 9999, headline="one\ntwo"))
    (test,) = run.tests.values()
    assert len(test.reason) < REASON_LENGTH + 10
    assert test.headline == "one"


OK = Stage("unit", "ok")


@pytest.mark.parametrize(
    ("entries", "line", "code"),
    [
        ([Test("unit", "a", "passed"), OK], "1 passed, 0 failed", 0),
        ([Test("unit", "a", "passed"), Test("unit", "b", "skipped"), OK], "1 passed, 0 failed, 1 skipped", 0),
        ([Test("unit", "a", "passed"), Test("unit", "b", "failed"), OK], "1 passed, 1 failed", 1),
        ([Test("unit", "a", "passed"), Test("unit", "b", "error"), OK], "1 passed, 1 failed", 1),
        ([Test("unit", "a", "failed"), Test("unit", "b", "error", infrastructure=True)], "0 passed, 2 failed", 3),
        ([Test("unit", "a", "passed"), Stage("unit", "broken", reason="x")], "1 passed, 1 failed", 3),
        ([Test("unit", "a", "passed"), Test("unit", "a", "failed"), OK], "0 passed, 1 failed", 1),
        ([Test("unit", "a", "failed"), Test("unit", "a", "passed"), OK], "1 passed, 0 failed", 0),
        ([Test("unit", "a", "known"), OK], "0 passed, 0 failed", 0),
        ([Test("unit", "a", "known"), Test("unit", "b", "passed")], "1 passed, 0 failed", 0),
        ([Test("unit", "a", "skipped"), OK], "0 passed, 0 failed, 1 skipped", 4),
        ([Stage("unit", "not-run", reason="nothing matched")], "0 passed, 0 failed", 4),
        ([Test("unit", "a", "passed", infrastructure=True)], "1 passed, 0 failed", 0),
        ([Figure("bench", "boot", 1.0, "s"), Stage("bench", "ok")], "0 passed, 0 failed", 0),
    ],
)
def test_closing_line_and_exit_code(tmp_path: Path, entries: list[Test | Stage | Figure], line: str, code: int) -> None:
    run = record(tmp_path / "r.jsonl", *entries)
    assert (run.counts().line(), run.exit_code()) == (line, code)


@pytest.fixture
def mixed(tmp_path: Path) -> Run:
    """Return a run in which everything happened."""
    return record(
        tmp_path / "mixed.jsonl",
        Test("unit", "good", "passed", 0.5, gone="old-bug"),
        Test(
            "unit", "bad", "failed", 1.0, "assert 1 == 2\nmore", "assert 1 == 2", "./scripts/ampstand test --test bad"
        ),
        Test("unit", "bug", "known", 1.0, "known bug leaks", known="table-leak"),
        Test("unit", "other bug", "known", 1.0, "leaks"),
        Test("unit", "cannot", "skipped", 0.0, "the board has no teleport"),
        Stage("unit", "ok", 2.5),
        Test("scenarios", "boot", "error", 1.0, "no \x1b[31mboot", open="ampstand open boot", infrastructure=True),
        Stage("scenarios", "broken", 1.0, "pytest ended with code 3"),
        Stage("qtest", "not-run", reason="the build failed"),
        Stage("native", "broken", 1.0, "no compiler"),
    )


def test_table_says_all_of_it(mixed: Run) -> None:
    text = io.StringIO()
    Console(file=text, width=120).print(summary.table(mixed))
    rows = {cells[1]: cells[2:-1] for line in text.getvalue().splitlines() if len(cells := line_cells(line)) > 2}
    assert rows["stage"] == ["passed", "failed", "known bugs", "skipped", "time", "remark"]
    assert rows["unit"] == ["1", "1", "2", "1", "2.5 s", ""]
    assert rows["scenarios"][1] == "1"
    assert rows["scenarios"][-1] == "broken: pytest ended with code 3"
    assert rows["qtest"] == ["", "", "", "", "", "not run: the build failed"]


def line_cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.replace("┃", "│").split("│")]


def test_reasons_and_commands_are_told(mixed: Run, tmp_path: Path) -> None:
    told = summary.lines(mixed, tmp_path)
    assert "    2 leaks" in told
    assert "  old-bug" in told
    assert "    1 the board has no teleport" in told
    assert "  unit bad: failed: assert 1 == 2" in told
    assert "    run it again: ./scripts/ampstand test --test bad" in told
    assert "  scenarios boot: could not be judged: no \x1b[31mboot" in told
    assert [line for line in told if "open it" in line] == ["    open it: ampstand open boot"]
    assert "  scenarios: pytest ended with code 3" not in told  # that test says why
    assert "  native: no compiler" in told


def test_what_further_boards_lack_is_one_line_each(tmp_path: Path) -> None:
    reasons = ("the board has no remote", "the board has no mailbox", "takes minutes")
    tests = [Test("scenarios:virt", reason, "skipped", reason=reason) for reason in reasons]
    told = summary.lines(record(tmp_path / "r.jsonl", *tests, Stage("scenarios:virt", "ok", 2.0)), tmp_path)
    assert told == ["", "skipped:", "    3 scenarios:virt: mostly for what the board has not, see results.jsonl"]


def test_junit_has_every_test_once(mixed: Run, tmp_path: Path) -> None:
    junit.write(mixed, tmp_path / "junit.xml")
    suites = {suite.get("name"): suite for suite in ElementTree.parse(tmp_path / "junit.xml").iter("testsuite")}
    numbers = ("tests", "failures", "errors", "skipped")
    assert {name: [suite.get(key) for key in numbers] for name, suite in suites.items()} == {
        "unit": ["5", "1", "0", "3"],
        "scenarios": ["2", "0", "2", "0"],
        "qtest": ["0", "0", "0", "0"],
        "native": ["1", "0", "1", "0"],
    }
    unit = {case.get("name"): case for case in suites["unit"].iter("testcase")}
    assert "run it again: ./scripts/ampstand test --test bad" in (unit["bad"].findtext("failure") or "")
    assert unit["bug"].find("skipped").get("message") == "known bug leaks"  # type: ignore[union-attr]
    assert unit["other bug"].find("skipped").get("message") == "known bug leaks"  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="--junit"):
        junit.write(mixed, tmp_path / "no/junit.xml")


# ---- what pytest writes ---------------------------------------------------------------------------------------------

Recorded = Callable[..., tuple[pytest.RunResult, Run]]


@pytest.fixture
def recorded(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Return a function that runs pytest on a source with our plugin, and reads what it wrote."""
    monkeypatch.setenv("PYTHONPATH", str(paths.ROOT / "ci"))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(source: str, *options: str, conftest: str = "") -> tuple[pytest.RunResult, Run]:
        file = tmp_path / "results.jsonl"
        file.unlink(missing_ok=True)
        pytester.makeconftest(conftest)
        pytester.makepyfile(test_it=source)
        plugin = ["-p", "ampstand.report.pytest_results", f"--ampstand-results={file}", "--ampstand-stage=unit"]
        result = pytester.runpytest_subprocess(*plugin, *options)
        if not file.exists():
            return result, Run()
        lines(file)
        return result, Run.load(file)

    return run


OUTCOMES = """
import os, pytest, warnings
def test_good(): pass
def test_bad(): assert 1 == 2, "numbers"
@pytest.fixture
def broken(): raise RuntimeError("no set-up")
def test_setup(broken): pass
@pytest.fixture
def untidy():
    yield
    raise RuntimeError("no tidying")
def test_teardown(untidy): pass
def test_both(untidy): assert False, "first reason"
@pytest.mark.xfail(reason="as always")
def test_known(): assert False
def test_known_by_evidence(): pytest.xfail("seen")
@pytest.mark.xfail(reason="no more")
def test_gone(): pass
@pytest.mark.xfail(reason="no more", strict=True)
def test_gone_strict(): pass
@pytest.mark.skip(reason="not here")
def test_skip(): pass
def test_skip_late(): pytest.skip("not now")
@pytest.mark.xfail(reason="as always")
def test_known_untidy(untidy): assert False
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_outcomes_of_pytest(recorded: Recorded, workers: tuple[str, ...]) -> None:
    _, run = recorded(OUTCOMES, "--ampstand-rerun=./scripts/ampstand test", *workers)
    found = {test.name.rpartition("::")[2].removeprefix("test_"): test for test in run.tests.values()}
    assert {name: (test.outcome, test.reason.partition("\n")[0]) for name, test in found.items()} == {
        "good": ("passed", ""),
        "bad": ("failed", "AssertionError: numbers"),
        "setup": ("error", "RuntimeError: no set-up"),
        "teardown": ("failed", "RuntimeError: no tidying"),
        "both": ("failed", "AssertionError: first reason"),
        "known": ("known", "as always"),
        "known_by_evidence": ("known", "seen"),
        "gone": ("passed", "no more"),
        "gone_strict": ("failed", "[XPASS(strict)] no more"),
        "skip": ("skipped", "not here"),
        "skip_late": ("skipped", "not now"),
        "known_untidy": ("failed", "RuntimeError: no tidying"),
    }
    assert found["bad"].rerun == "./scripts/ampstand test --only unit --test test_it.py::test_bad"
    assert found["good"].rerun == ""
    assert all(test.seconds is not None for test in found.values())


def test_properties_of_a_report_are_taken(recorded: Recorded) -> None:
    conftest = """
        import pytest
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            item.user_properties[:] = [("headline", "Oops: 5"), ("reason", "all of it"), ("infrastructure", True),
                ("known", "bug-1"), ("records", "/there"), ("rerun", "do it"), ("kernel", "6.1"),
                ("gone", "bug-2"), ("colour", "red")]
            return (yield)
    """
    _, run = recorded("def test_a(): assert False", conftest=conftest)
    (test,) = run.tests.values()
    assert (test.outcome, test.headline, test.reason, test.infrastructure) == ("failed", "Oops: 5", "all of it", True)
    assert (test.known, test.records, test.rerun, test.kernel) == ("bug-1", "/there", "do it", "6.1")
    assert test.gone == "bug-2"


def test_a_failed_report_after_the_end_of_a_test_counts(recorded: Recorded) -> None:
    conftest = """
        import pytest
        @pytest.hookimpl(trylast=True)
        def pytest_runtest_logreport(report): reports.append(report)
        reports = []
        def pytest_sessionfinish(session):
            late = reports[-1]
            late.outcome, late.longrepr = "failed", "the board said more"
            session.config.hook.pytest_runtest_logreport(report=late)
    """
    _, run = recorded("def test_a(): pass", conftest=conftest)
    (test,) = run.tests.values()
    assert (test.outcome, test.reason) == ("failed", "the board said more")


def test_a_file_that_cannot_be_read_says_nothing(recorded: Recorded) -> None:
    result, run = recorded("import no_such_thing\n")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    (test,) = run.tests.values()
    assert (test.name, test.outcome, test.infrastructure) == ("test_it.py", "error", True)
    assert "no_such_thing" in test.reason
    assert run.exit_code() == 3


def test_a_crashed_worker_says_nothing(recorded: Recorded) -> None:
    _, run = recorded("import os\ndef test_a(): os._exit(9)\ndef test_b(): pass\n", "-n", "1")
    found = {test.name: test for test in run.tests.values()}
    assert found["test_it.py::test_a"].infrastructure
    assert found["test_it.py::test_a"].outcome == "error"
    assert found["test_it.py::test_b"].outcome == "passed"
    assert run.exit_code() == 3


def test_an_interruption_has_its_own_code_and_leaves_whole_lines(recorded: Recorded) -> None:
    result, run = recorded("def test_a(): pass\ndef test_b(): raise KeyboardInterrupt\n")
    assert result.ret == 130
    assert [(test.name, test.outcome) for test in run.tests.values()] == [("test_it.py::test_a", "passed")]


def test_pytest_ends_with_one_message_when_the_disk_is_full(recorded: Recorded, tmp_path: Path) -> None:
    full = tmp_path / "full.jsonl"
    full.symlink_to("/dev/full")
    result, _ = recorded("def test_a(): pass\ndef test_b(): pass\n", f"--ampstand-results={full}")
    assert result.ret == 3
    text = result.stdout.str() + result.stderr.str()
    assert text.count("No space left on device") == 1
    assert "Traceback" not in text


def test_exact_tests(recorded: Recorded) -> None:
    source = """
        import pytest
        @pytest.mark.parametrize("word", ["a", "a b", "x::y[z]"])
        def test_a(word): pass
        def test_ab(): pass
    """
    for name in ("test_it.py::test_a[a]", "test_it.py::test_a[a b]", "test_it.py::test_a[x::y[z]]"):
        for workers in ((), ("-n", "2")):
            _, run = recorded(source, f"--ampstand-test={name}", *workers)
            assert [test.name for test in run.tests.values()] == [name]
    result, run = recorded(source, "--ampstand-test=test_it.py::test_a")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert not run.tests
