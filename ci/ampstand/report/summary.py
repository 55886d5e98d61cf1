# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a run shows at its end, made from its record alone: a table with a row a stage, and what failed, and why."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.table import Table

from ampstand.progress import duration
from ampstand.report.results import BAD, FILE, STAGES, Counts, Outcome, Run, Test, kind


def table(run: Run) -> Table:
    """Return the closing table: how many tests of each stage passed, failed, met a known bug, or were skipped."""
    shown = Table()
    shown.add_column("stage", no_wrap=True)
    for name in ("passed", "failed", "known bugs", "skipped", "time"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("remark", overflow="fold")
    for stage in sorted(run.stages.values(), key=lambda stage: STAGES.index(kind(stage.stage))):
        counts = Counts.of(run.of_stage(stage.stage))
        numbers = [str(number or "") for number in (counts.failed, counts.known, counts.skipped)]
        state = "" if stage.state == "ok" else "broken: " if stage.state == "broken" else "not run: "
        shown.add_row(
            stage.stage,
            str(counts.passed) if stage.state == "ok" or counts.passed else "",
            *numbers,
            duration(stage.seconds) if stage.state != "not-run" else "",
            f"{state}{stage.reason}",
            style="red" if counts.failed or stage.state == "broken" else "",
        )
    return shown


def _reason(test: Test) -> str:
    """Return why a test was skipped, or which known bug it met; what further boards skip is told in one line each."""
    if test.outcome == "skipped" and test.stage != kind(test.stage):
        return f"{test.stage}: mostly for what the board has not, see {FILE}"
    return (test.reason or "no reason given").removeprefix("known bug ")


def lines(run: Run, folder: Path) -> list[str]:
    """Return what is to be said of tests that did not pass: known bugs, reasons to skip, failures with their commands.

    ``folder`` is the run's records folder.
    """
    told: list[str] = []
    titles: tuple[tuple[str, Outcome], ...] = (("known bugs", "known"), ("skipped", "skipped"))
    for title, outcome in titles:
        reasons = Counter(_reason(test) for test in run.with_outcome(outcome))
        if reasons:
            told += ["", f"{title}:", *(f"  {count:3} {reason}" for reason, count in reasons.most_common())]
    gone = sorted({test.gone for test in run.tests.values() if test.gone})
    if gone:
        told += ["", "known bugs that did not show, so say since when they are gone:", *(f"  {bug}" for bug in gone)]
    failures = [entry for test in run.with_outcome(*BAD) for entry in _failure(test)]
    explained = {test.stage for test in run.with_outcome(*BAD) if test.infrastructure}
    failures += [f"  {stage.stage}: {stage.reason}" for stage in run.broken() if stage.stage not in explained]
    if failures:
        told += ["", f"failed (logs in {folder}):", *failures]
    return told


def _failure(test: Test) -> list[str]:
    what = "could not be judged" if test.infrastructure else test.outcome
    again = [f"    run it again: {test.rerun}"] if test.rerun else []
    again += [f"    open it: {test.open}"] if test.open else []
    return [f"  {test.stage} {test.name}: {what}: {test.in_short}", *again]
