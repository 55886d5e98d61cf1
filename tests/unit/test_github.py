# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The summary of a GitHub job is made from the record of the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from ampstand import cli
from ampstand.report import github
from ampstand.report.results import FILE, Results, Run, Stage, Test


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Return the record of a run in which something of each kind happened."""
    results = Results(tmp_path / FILE)
    results.begin(["./scripts/ampstand", "test", "-k", "a b"])
    results.inputs({"kernel": "6.12.1, config abc|def"})
    results.test(Test("unit", "good", "passed"))
    results.test(
        Test("scenarios", "bad[x]", "failed", reason="```\n<b>|", headline="m4: <b> | *HardFault*", rerun="again 'x'")
    )
    for name in ("old", "older"):
        results.test(Test("scenarios", name, "known", reason="rpmsg-1"))
    results.test(Test("lint", "actionlint", "skipped", reason="actionlint is not installed"))
    results.stage(Stage("unit", "ok", 61))
    results.stage(Stage("scenarios", "ok", 2))
    results.stage(Stage("native", "broken", 1, reason="no | compiler"))
    return results.path


def test_summary_says_how_the_run_went(record: Path) -> None:
    Results(record).end(1)
    text = github.markdown(Run.load(record))
    assert text.splitlines()[0] == "## ampstand test -k 'a b': 1 passed, 2 failed, 1 skipped"
    assert "| unit | 1 | 0 | 0 | 0 | 1 min 01 s |  |" in text
    assert "| scenarios | 0 | 1 | 2 | 0 | 2.0 s |  |" in text
    assert "| native | 0 | 0 | 0 | 0 | 1.0 s | broken: no \\| compiler |" in text
    assert "| rpmsg-1 | 2 |" in text
    assert "| actionlint is not installed | 1 |" in text
    assert "| kernel | 6.12.1, config abc\\|def |" in text
    assert "\n````\n```\n<b>|\n````\n" in text
    assert "```\nagain 'x'\n```" in text


def test_summary_shows_text_as_it_is(record: Path) -> None:
    page = MarkdownIt("commonmark").enable("table").render(github.markdown(Run.load(record)))
    assert page.count("<table>") == 4
    assert "<td>broken: no | compiler</td>" in page
    assert "scenarios bad[x]: m4: &lt;b&gt; | *HardFault*</summary>" in page
    assert "<pre><code>```\n&lt;b&gt;|\n</code></pre>" in page


def test_summary_of_a_killed_run_says_so(record: Path) -> None:
    assert "and the run did not reach its end" in github.markdown(Run.load(record)).splitlines()[0]


def test_summary_is_bounded(record: Path) -> None:
    results = Results(record)
    for number in range(1000):
        results.test(Test("unit", f"bad{number}", "failed", reason="x" * 5000, rerun="y"))
    text = github.markdown(Run.load(record))
    assert f"and {1001 - github.FAILURES_SHOWN} more failures" in text
    assert len(text) < 1 << 20


def test_summary_command_takes_many_records(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["summary", str(record), str(record)]) == 0
    assert capsys.readouterr().out.count("## ampstand test") == 2
    assert cli.main(["summary", str(record.parent / "none")]) == 2
