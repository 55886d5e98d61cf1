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
from ampstand.report.results import Figure
from ampstand.report.review import Review

KINDS = tuple(comparison_forms.TITLES)
"""In the order in which they are shown."""
LOGS = 40
"""Tests whose logs are in the page, of those that did not end on both sides alike."""
LOG_LINES = 400
"""The last lines of each log."""
FIGURES = 60
QUANTILES = ("min", "p10", "median", "p99", "max")
PHASE = ": time"
"""So end the names of figures that say how long something takes."""
BAR = 100.0
"""Percent of change that fill half of the width of a bar."""
_MERGED = re.compile(r"^ *(\S+) (\S+) *\| (.*)$")


@dataclass(frozen=True)
class Logged:
    """A line of a merged log: seconds since the machine was started, the core, the text."""

    seconds: str
    core: str
    text: str


@dataclass(frozen=True)
class Plot:
    """What both sides have of one figure, or of one quantity's distribution."""

    name: str
    unit: str
    sides: tuple[tuple[float, ...], tuple[float, ...]]
    """Values of the baseline and of the candidate: one, or those of ``QUANTILES``."""
    largest: float
    """What fills the width."""

    def at(self, value: float) -> float:
        """Return where a value is, in percent of the width."""
        return round(100 * value / self.largest, 2) if self.largest else 0.0


def distributions(review: Review) -> list[Plot]:
    """Return each quantity of which both sides know how it is distributed."""
    both, found = _both(review), []
    for base in (name.removesuffix(f", {QUANTILES[0]}") for name in both if name.endswith(f", {QUANTILES[0]}")):
        points = [both.get(f"{base}, {point}") for point in QUANTILES]
        known = [pair for pair in points if pair is not None]
        if len(known) == len(points):
            before, after = (tuple(pair[side].value for pair in known) for side in (0, 1))
            found.append(Plot(base, known[0][0].unit, (before, after), max(*before, *after)))
    return found


def phases(review: Review) -> list[Plot]:
    """Return how long each phase takes in virtual time, in ms."""
    found = []
    for name, pair in _both(review).items():
        if name.endswith(PHASE):
            before, after = (figure.value / 1e6 for figure in pair)
            found.append(Plot(name.removesuffix(PHASE), "ms", ((before,), (after,)), max(before, after)))
    return found


def _both(review: Review) -> dict[str, tuple[Figure, Figure]]:
    """Return by name the probes' figures that both sides have."""
    sides = [
        {figure.name: figure for figure in side.run.figures if figure.stage == "measure"}
        for side in (review.baseline, review.candidate)
    ]
    return {name: (figure, sides[1][name]) for name, figure in sides[0].items() if name in sides[1]}


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
        distributions=distributions(review),
        phases=phases(review),
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
