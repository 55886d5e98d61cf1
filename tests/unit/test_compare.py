# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What differs between two runs, and how it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ampstand import cli
from ampstand.errors import UsageError
from ampstand.report import comparison_forms, results
from ampstand.report.compare import Comparison, Side, compare
from ampstand.report.results import Figure, Outcome, Results, Stage, Test

PASSED = Test("scenarios", "t.py::test_a", "passed")
FAILED = Test("scenarios", "t.py::test_a", "failed", reason="no message\nmore", headline="no message", rerun="again a")
KNOWN = Test("scenarios", "t.py::test_a", "known", known="a-bug")
LOST = Test("scenarios", "t.py::test_a", "error", headline="no boot", infrastructure=True)


def side(
    folder: Path, *lines: Test | Stage | Figure, inputs: dict[str, str] | None = None, ended: int | None = 0
) -> Side:
    folder.mkdir(parents=True)
    record = Results(folder / results.FILE)
    record.begin(["test"])
    record.inputs(inputs or {"kernel": "6.12"})
    for line in lines:
        {Test: record.test, Stage: record.stage, Figure: record.figure}[type(line)](line)  # type: ignore[operator]
    if ended is not None:
        record.end(ended)
    return Side.load(folder)


def of(tmp_path: Path, before: list[Test | Stage | Figure], after: list[Test | Stage | Figure]) -> Comparison:
    return compare(side(tmp_path / "a", *before), side(tmp_path / "b", *after))


@pytest.mark.parametrize(
    ("before", "after", "kind", "code"),
    [
        (PASSED, FAILED, "worse", 1), (KNOWN, FAILED, "worse", 1), (FAILED, PASSED, "better", 0),
        (PASSED, KNOWN, "changed", 0), (PASSED, None, "gone", 3), (None, PASSED, "new", 3), (None, FAILED, "worse", 1),
        (PASSED, LOST, "worse", 1), (LOST, PASSED, "better", 3), (LOST, FAILED, "changed", 3),
    ],
)  # fmt: skip
def test_kinds_of_change(tmp_path: Path, before: Test | None, after: Test | None, kind: str, code: int) -> None:
    found = of(tmp_path, [before] if before else [], [after] if after else [])
    assert [change.kind for change in found.tests] == [kind]
    assert found.exit_code() == code


def test_nothing_changed_though_texts_and_times_did(tmp_path: Path) -> None:
    again = Test(PASSED.stage, PASSED.name, "passed", seconds=9.0)
    found = of(tmp_path, [PASSED, Stage("scenarios", "ok", 1.0)], [again, Stage("scenarios", "ok", 2.0)])
    assert (found.verdict(), found.exit_code(), found.compared) == ("nothing changed", 0, 1)
    assert comparison_forms.text(found).startswith("Verdict: nothing changed.\n")


def test_what_fails_on_both_sides_is_told_apart(tmp_path: Path) -> None:
    found = of(tmp_path, [FAILED], [FAILED])
    assert (found.exit_code(), found.tests, found.failing) == (0, [], ["scenarios: t.py::test_a"])
    assert "Failing on both sides:\n  scenarios: t.py::test_a\n" in comparison_forms.text(found)
    assert "Failing on both sides:\n\n* `scenarios: t.py::test_a`\n" in comparison_forms.markdown(found)
    assert of(tmp_path / "other", [FAILED], [PASSED]).failing == []


@pytest.mark.parametrize("sensitive", [(True, True), (True, False), (False, True)])
def test_figures_that_move_with_any_timing_are_counted_only(tmp_path: Path, sensitive: tuple[bool, bool]) -> None:
    """On one side is enough: what all have in common on the other one is chance."""

    def figures(value: float, side: int) -> list[Test | Stage | Figure]:
        return [Figure("measure", "flood/insns", value, "instructions", sensitive=sensitive[side])]

    found = of(tmp_path, figures(100, 0), figures(150, 1))
    assert (found.verdict(), found.exit_code(), found.figures[0].sensitive) == ("nothing changed", 0, True)
    for form in (comparison_forms.text(found), comparison_forms.markdown(found)):
        assert "flood/insns" not in form
        assert "1 figures moved, too, that move with any change of timing" in form.replace("\n", " ")
    assert found.document()["figures"][0]["candidate"] == 150


def test_figures_move_exactly_or_beyond_their_spread(tmp_path: Path) -> None:
    def boots(low: float, middle: float, high: float) -> list[Test | Stage | Figure]:
        points = {"min": low, "median": middle, "max": high, "count": 3}
        return [Figure("bench", f"boot/{name}", value, "s") for name, value in points.items()]

    exact = [Figure("measure", "echo/insns", 100, "instructions"), Figure("measure", "echo/time", 5, "ns")]
    moved = [Figure("measure", "echo/insns", 101, "instructions"), Figure("measure", "echo/time", 5, "ns")]
    found = of(tmp_path, [*exact, *boots(1, 2, 3)], [*moved, *boots(2, 2.9, 4)])
    assert [(one.name, one.baseline, one.candidate, one.exact) for one in found.figures] == [
        ("echo/insns", 100, 101, True)
    ]
    assert (found.verdict(), found.exit_code(), found.same_figures) == ("nothing is worse", 0, 5)
    apart = of(tmp_path / "apart", boots(1, 2, 3), boots(3.5, 4, 5))
    assert [(one.name, one.exact) for one in apart.figures] == [("boot/median", False)]
    assert "echo/insns: 100 -> 101 instructions (+1.00 %)" in comparison_forms.text(found)


def test_the_figures_that_moved_most_are_shown(tmp_path: Path) -> None:
    before = [Figure("measure", f"f{number:02}", 1000, "ns") for number in range(30)]
    after = [Figure("measure", f"f{number:02}", 1000 + number, "ns") for number in range(30)]
    found = of(tmp_path, [*before], [*after, Figure("measure", "new", 1, "ns")])
    for shown in (comparison_forms.text(found), comparison_forms.markdown(found)):
        assert "Figures that moved, the 20 that moved most of 30" in shown
        assert shown.index("new") < shown.index("f29") < shown.index("f28") < shown.index("f11")
        assert "f10" not in shown


def test_what_was_not_measured_on_one_side_is_no_difference(tmp_path: Path) -> None:
    found = of(tmp_path, [PASSED], [PASSED, Figure("measure", "x", 1, "ns")])
    assert found.figures == []
    assert found.exit_code() == 0


def test_what_could_not_be_judged_is_no_pass(tmp_path: Path) -> None:
    cut = compare(side(tmp_path / "a", PASSED), side(tmp_path / "b", PASSED, ended=None))
    assert (cut.exit_code(), cut.verdict()) == (3, "could not be judged")
    assert cut.unjudged == [f"{tmp_path / 'b'}: the run was ended from outside"]
    broken = of(tmp_path / "two", [PASSED], [PASSED, Stage("qtest", "broken", reason="no build")])
    assert broken.exit_code() == 3
    assert "stage qtest is broken: no build" in comparison_forms.text(broken)
    other = of(tmp_path / "three", [PASSED], [Test("unit", "x", "passed")])
    assert "no test and no figure in common" in other.unjudged[0]


@pytest.mark.parametrize("outcome", ["passed", "failed", "known"])
def test_lines_of_the_log_are_compared_without_their_numbers(tmp_path: Path, outcome: Outcome) -> None:
    """What a scenario that failed did not come to say is not gone, and one with a known bug says what it likes."""
    sides = []
    there = "[    1.000000] WARNING: CPU: 0 at ../{}/drivers/rpmsg/x.c:12 f+0x1/0x2\r\n"
    for name, text in (
        (
            "a",
            there.format("../sources/linux-6.12")
            + "[    1.000000] same 0x12 at 123K\r\n[    2.000000] old line\r\n<<5: not the kernel\r\n"
            "[    3.000000] ---[ end Kernel panic - not syncing: no more memory ]---\r\n"
            "[    3.100000] ------------[ cut here ]------------\r\n"
            "[    3.100000] WARNING: CPU: 1 rpmsg_poll+0x1/0x2\r\n"
            "[    3.200000] Call trace of a bug that shows by chance\r\n[    3.200000] ---[ end trace 0 ]---\r\n",
        ),
        (
            "b",
            there.format("linux-1a2b-source") + "[    3.400000] hrtimer: interrupt took 5000 ns\r\n"
            "[    3.500000] same 0xff at 99K\r\n[    4.000000] new line 7\r\n[    4.000000]  of a trace\r\n",
        ),
    ):
        folder = tmp_path / name / "scenarios" / "t-test_a"
        folder.mkdir(parents=True)
        (folder / "linux.log").write_text(text, newline="")
        record = Results(tmp_path / name / results.FILE)
        record.begin(["test"])
        # The folder has been moved since: an artifact that somebody downloaded.
        ended: Outcome = outcome if name == "b" or outcome == "known" else "passed"
        record.test(Test("scenarios", "t.py::test_a", ended, records="/elsewhere/scenarios/t-test_a"))
        record.end(0)
        sides.append(Side.load(tmp_path / name))
    found = compare(*sides)
    assert [line.text for line in found.log_new] == ([] if outcome == "known" else ["new line N"])
    gone = [("old line", "t.py::test_a")] if outcome == "passed" else []
    assert [(line.text, line.test) for line in found.log_gone] == gone


@pytest.mark.parametrize(
    ("tolerated", "new"),
    [
        ([], ["by chance N", "sure"]),
        ([{"core": "host", "pattern": "chance"}], ["sure"]),
        ([{"core": "host", "pattern": ".*"}], []),
        ([{"core": "m4", "pattern": ".*"}], ["by chance N", "sure"]),
    ],
)
def test_what_a_scenario_tolerates_is_not_new(tmp_path: Path, tolerated: list[dict[str, str]], new: list[str]) -> None:
    sides = []
    for name, text in (("a", ""), ("b", "[    1.000000] by chance 7\r\n[    1.000000] sure\r\n")):
        folder = tmp_path / name / "scenarios" / "one"
        folder.mkdir(parents=True)
        (folder / "linux.log").write_text(text, newline="")
        (folder / "result.json").write_text(json.dumps({"tolerated": tolerated}))
        record = Results(tmp_path / name / results.FILE)
        record.begin(["test"])
        record.test(Test("scenarios", "t.py::one", "passed", records=str(folder)))
        record.end(0)
        sides.append(Side.load(tmp_path / name))
    assert [line.text for line in compare(*sides).log_new] == new


def test_a_line_that_the_other_side_has_anywhere_is_not_new(tmp_path: Path) -> None:
    """Some come half a minute after Linux, in whatever scenario runs then: it may be one that is not compared.

    Nor is one that comes amid a line of a program.
    """
    torn = "what a prog[   32.000000] torn\r\nram prints\n"
    said = {
        "a": {"one": "[    2.000000] torn\r\n", "two": "[   30.000000] late\r\n"},
        "b": {"one": f"[   31.000000] late\r\n{torn}[    1.000000] new\r\n"},
    }
    sides = []
    for name, logs in said.items():
        (tmp_path / name).mkdir()
        record = Results(tmp_path / name / results.FILE)
        record.begin(["test"])
        for test, text in logs.items():
            folder = tmp_path / name / "scenarios" / test
            folder.mkdir(parents=True)
            (folder / "linux.log").write_text(text, newline="")
            record.test(Test("scenarios", f"t.py::{test}", "passed", records=str(folder)))
        record.end(0)
        sides.append(Side.load(tmp_path / name).only("scenarios", ["t.py::one"]))
    assert [line.text for line in compare(*sides).log_new] == ["new"]
    assert compare(*reversed(sides)).log_gone == compare(*sides).log_new
    assert compare(*reversed(sides)).log_new == []


def test_a_mail_has_72_columns_but_for_commands(tmp_path: Path) -> None:
    long = Test("scenarios", "t.py::test_a", "failed", headline="word " * 40, rerun="run " * 40)
    found = compare(
        side(tmp_path / "a", PASSED, inputs={"kernel": "6.12"}),
        side(tmp_path / "b", long, inputs={"kernel": "7.3 " * 30}),
    )
    mail = comparison_forms.text(found)
    for line in mail.splitlines():
        assert len(line) <= 72 or line.startswith("    $ ") or "/" in line
    assert "Verdict: 1 test is worse." in mail
    assert "Inputs that differ:\n  kernel:\n    6.12\n    7.3" in mail


def test_a_mail_quotes_what_a_test_said(tmp_path: Path) -> None:
    said = "calls failed:\n" + "\n".join(f"call {number}: EINVAL, expected 10" for number in range(9))
    bad = replace(FAILED, reason=said, headline="")
    found = compare(side(tmp_path / "a", PASSED), side(tmp_path / "b", bad))
    lines = comparison_forms.text(found).splitlines()
    at = lines.index("    calls failed: call 0: EINVAL, expected 10")
    wanted = [f"      call {number}: EINVAL, expected 10" for number in range(1, 1 + comparison_forms.REASON_LINES)]
    assert lines[at + 1 : at + 2 + len(wanted)] == [*wanted, "      and 2 more"]


def test_markdown_is_safe_and_bounded(tmp_path: Path) -> None:
    evil = [Test("unit", f"t::{n}", "failed", headline="a | b ` <script> " + "x" * 3900, rerun="r") for n in range(200)]
    good = [Test("unit", f"t::{n}", "passed") for n in range(200)]
    shown = comparison_forms.markdown(of(tmp_path, list(good), list(evil)))
    assert len(shown) < 65_536
    assert "more characters)" in shown
    few = comparison_forms.markdown(of(tmp_path / "few", list(good), [replace(test, headline="x") for test in evil]))
    assert "  and 180 more" in few
    assert few.count("| `unit: t::") == comparison_forms.CHANGES
    row = next(line for line in shown.splitlines() if line.startswith("| `unit: t::0`"))
    assert "`` a \\| b ` <script>" in row


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = side(tmp_path / "a", PASSED), side(tmp_path / "b", FAILED)
    json_file, page = tmp_path / "c.json", tmp_path / "c.md"
    options = ["compare", str(a.folder), str(b.folder), "--json", str(json_file), "--markdown", str(page)]
    assert cli.main(options) == 1
    assert (
        "scenarios: t.py::test_a: passed -> failed\n    no message\n      more\n    $ again a\n"
        in capsys.readouterr().out
    )
    document = json.loads(json_file.read_text())
    assert (document["schema"], document["verdict"], document["exit_code"]) == (1, "1 test is worse", 1)
    assert document["tests"][0]["kind"] == "worse"
    assert page.read_text().startswith("### 1 test is worse\n")
    assert cli.main(["compare", str(a.folder), str(a.folder / "results.jsonl")]) == 0
    assert cli.main(["compare", str(a.folder), str(tmp_path)]) == 2
    (tmp_path / "b" / "results.jsonl").write_text('{"kind": "end", "exit_code": 0}\n')
    with pytest.raises(UsageError, match="is not the record of a run"):
        Side.load(tmp_path / "b")
