# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The record of a run as Markdown, for the summary of a GitHub job."""

from __future__ import annotations

import html
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from ampstand.progress import duration
from ampstand.report.results import BAD, Counts, Run

FAILURES_SHOWN = 50
"""Failures that are shown in full: with the bounded reason of each, a summary stays below GitHub's 1 MiB."""


def markdown(run: Run) -> str:
    """Return what a reader of the job wants to know: the counts, what failed and why, and on what it ran."""
    counts = run.counts()
    failed = [test for test in run.tests.values() if test.outcome in BAD]
    end = "" if run.ended is not None else ", and the run did not reach its end"
    stages = []
    for stage in run.stages.values():
        count = Counts.of(run.of_stage(stage.stage))
        state = "" if stage.state == "ok" else f"{stage.state}: {stage.reason}"
        numbers = (count.passed, count.failed, count.known, count.skipped)
        stages.append((stage.stage, *numbers, duration(stage.seconds), state))
    parts = [
        f"## {_text(_title(run))}: {counts.line()}{end}",
        _table(("stage", "passed", "failed", "known bugs", "skipped", "time", ""), stages),
    ]
    for test in failed[:FAILURES_SHOWN]:
        title = f"{test.stage} {test.name}: {test.in_short}"
        again = f"\n\nRun it again:\n\n{_code(test.rerun)}" if test.rerun else ""
        parts.append(f"<details><summary>{_html(title)}</summary>\n\n{_code(test.reason)}{again}\n\n</details>")
    if len(failed) > FAILURES_SHOWN:
        parts.append(f"... and {len(failed) - FAILURES_SHOWN} more failures.")
    for title, outcome in (("Known bugs", "known"), ("Skipped", "skipped")):
        reasons = Counter(test.reason or "no reason given" for test in run.tests.values() if test.outcome == outcome)
        if reasons:
            parts += [f"### {title}", _table(("why", "tests"), reasons.most_common())]
    tested = {"ampstand": " ".join(run.header.get("ampstand", {}).values()), **run.inputs}
    parts += ["### What was tested", _table(("part", "what it is"), tested.items())]
    return "\n\n".join(parts) + "\n"


def _title(run: Run) -> str:
    """Return the command of the run without the path of its program."""
    program, *words = run.header.get("command") or ["ampstand"]
    return shlex.join([program.rpartition("/")[2], *words])


def _html(value: object) -> str:
    """Return text for between two tags, in one line."""
    return html.escape(" ".join(str(value).split()), quote=False)


def _text(value: object) -> str:
    """Return text that Markdown shows as it is, in one line and also in a table."""
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", _html(value))


def _code(text: str) -> str:
    """Return a block of code, whatever backticks it holds."""
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
