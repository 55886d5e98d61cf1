# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What came of mutants, as a table, as JSON, and as the source with those that survived in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.table import Table

from ampstand.mutation.operators import TITLES
from ampstand.mutation.schemata import Mutant
from ampstand.mutation.verdicts import CAUGHT, CLASSES, SURVIVED, UNBUILT, Score, Verdict, by_file

SCHEMA = 1
TOTAL = "all"


def edit(mutant: Mutant) -> str:
    """Return in a line what a mutant changes."""
    if not mutant.before:
        return f"{mutant.operator}: + {mutant.after}"
    return f"{mutant.operator}: {mutant.before} -> {mutant.after or 'nothing'}"


def table(mutants: Sequence[Mutant], verdicts: Mapping[str, Verdict]) -> Table:
    """Return a row for each file, and one for all."""
    shown = Table()
    shown.add_column("source file", overflow="fold", min_width=36)
    for name in ("mutants", *CLASSES, "of executed", "grades 0-3"):
        shown.add_column(name, justify="right")
    files = by_file(mutants, verdicts)
    for name, score in [*files.items(), (TOTAL, Score.of(verdicts.values()))]:
        counts = [str(count or "") for count in score.counts.values()]
        grades = " ".join(str(count) for count in score.grades.values())
        percent = f"{score.percent:.1f} %" if score.executed else ""
        shown.add_row(name, str(sum(score.counts.values())), *counts, percent, grades, end_section=name == [*files][-1])
    return shown


def document(target: str, mutants: Sequence[Mutant], verdicts: Mapping[str, Verdict]) -> dict[str, object]:
    """Return what is written as JSON (``docs/mutate.md``)."""
    return {
        "schema": SCHEMA,
        "target": target,
        "files": {
            name: {**score.counts, "executed": score.executed, "percent": round(score.percent, 1)}
            for name, score in [*by_file(mutants, verdicts).items(), (TOTAL, Score.of(verdicts.values()))]
        },
        "mutants": [{**_fields(mutant), **asdict(verdicts[mutant.id])} for mutant in mutants],
    }


def _fields(mutant: Mutant) -> dict[str, object]:
    return {name: value for name, value in asdict(mutant).items() if name != "along"}


def html(target: str, texts: Mapping[str, bytes], mutants: Sequence[Mutant], verdicts: Mapping[str, Verdict]) -> str:
    """Return the page: each file with its lines, below a line the mutants that nothing caught."""
    at: dict[str, dict[int, list[Mutant]]] = defaultdict(lambda: defaultdict(list))
    for mutant in mutants:
        at[mutant.file][mutant.line].append(mutant)

    def shade(here: Sequence[Mutant]) -> str:
        outcomes = {verdicts[mutant.id].outcome for mutant in here} - {UNBUILT}
        return ("bad" if SURVIVED in outcomes else "soft" if outcomes - {CAUGHT} else "good") if outcomes else ""

    environment = Environment(
        loader=PackageLoader("ampstand.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("mutants.html.j2").render(
        target=target,
        classes=CLASSES,
        titles=TITLES,
        scores=by_file(mutants, verdicts),
        all=Score.of(verdicts.values()),
        files={name: text.decode("utf-8", errors="replace").splitlines() for name, text in texts.items() if name in at},
        at=at,
        verdicts=verdicts,
        shown=[name for name in CLASSES if name not in (CAUGHT, UNBUILT)],
        survived=SURVIVED,
        edit=edit,
        shade=shade,
    )
