# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A review as one page of HTML that needs nothing else: no network, no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from ampstand.report import comparison_forms
from ampstand.report.compare import Change, Side
from ampstand.report.patch_lines import State
from ampstand.report.review import Review

KINDS = tuple(comparison_forms.TITLES)
"""In the order in which they are shown."""
LOGS = 40
"""Tests whose logs are in the page, of those that did not end on both sides alike."""
LOG_LINES = 400
"""The last lines of each log."""
FIGURES = 60
BAR = 100.0
"""Percent of change that fill half of the width of a bar."""
_MERGED = re.compile(r"^ *(\S+) (\S+) *\| (.*)$")


@dataclass(frozen=True)
class Logged:
    """A line of a merged log: seconds since the machine was started, the core, the text."""

    seconds: str
    core: str
    text: str


def html(review: Review) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("ampstand.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"width": width, "number": comparison_forms.number}
    states = {(line.file, line.line): line for line in review.lines}
    return environment.get_template("review.html.j2").render(
        review=review,
        kinds=KINDS,
        logs=list(islice(_logs(review), LOGS)),
        states=states,
        State=State,
        counts={state: sum(line.state is state for line in review.lines) for state in State},
        figures=comparison_forms.largest(review.comparison.steady(), FIGURES),
        sizes=comparison_forms.largest(review.sizes, FIGURES),
    )


def width(percent: float) -> float:
    """Return how much of a bar's half, in percent, shows this much change."""
    return min(abs(percent), BAR) / BAR * 100


def _logs(review: Review) -> Iterator[tuple[Change, list[tuple[str, list[Logged]]]]]:
    """Yield each test that changed with what all its cores said, by side."""
    for changed in sorted(review.comparison.tests, key=lambda change: KINDS.index(change.kind)):
        sides = [(side.name, lines) for side in (review.baseline, review.candidate) if (lines := _said(side, changed))]
        if sides:
            yield changed, sides


def _said(side: Side, changed: Change) -> list[Logged]:
    test = side.run.tests.get((changed.stage, changed.name))
    log = side.log(test) if test is not None else None
    merged = log.with_name("merged.log") if log is not None else Path()
    if not merged.is_file():
        return []
    lines = merged.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    return [Logged(*match.groups()) for line in lines if (match := _MERGED.match(line))]
