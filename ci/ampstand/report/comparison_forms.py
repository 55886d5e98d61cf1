# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A comparison as text for a mail, of at most 72 columns, and as Markdown for a pull request."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ampstand.report.compare import LOG_LINES, Change, Comparison, Kind, Moved

COLUMNS = 72
MARKDOWN_LIMIT = 60_000
"""Characters; GitHub takes 65,536 for a comment."""
FIGURES = 20
REASON_LINES = 6
"""As many are shown of what a test said that is worse, besides its headline."""
CHANGES = 20
"""As many as are shown of each kind; the JSON has all."""
TITLES: dict[Kind, str] = {
    "worse": "Worse",
    "better": "Better",
    "changed": "Ended in another way",
    "new": "Only in the candidate",
    "gone": "Only in the baseline",
}


def text(found: Comparison, verdict: str = "") -> str:
    """Return the comparison as text, with another verdict if one is given; commands may be longer than a line."""
    lines = [*wrap(f"Verdict: {verdict or found.verdict()}."), "", *wrap(f"baseline   {found.baseline}", 11)]
    lines += [*wrap(f"candidate  {found.candidate}", 11), *wrap(_compared(found))]
    if found.unjudged:
        lines += ["", "Not judged:", *(line for reason in found.unjudged for line in _item(reason))]
    for kind, title in TITLES.items():
        changes = found.of_kind(kind)
        if changes:
            lines += ["", f"{title}:", *(line for change in changes[:CHANGES] for line in _change(change))]
            lines += _more(changes, CHANGES)
    if found.failing:
        lines += ["", "Failing on both sides:", *(line for name in found.failing for line in _item(name))]
    if steady := found.steady():
        lines += ["", *moved_text("Figures that moved", steady)]
    if len(steady) < len(found.figures):
        lines += ["", *wrap(_sensitive(found))]
    for title, said in (("new", found.log_new), ("gone", found.log_gone)):
        if said:
            lines += ["", f"Lines of Linux's log that are {title} (N: a number):"]
            lines += [line for one in said[:LOG_LINES] for line in _item(f"{one.text} [{one.test}]")]
            lines += _more(said, LOG_LINES)
    if found.inputs:
        lines += ["", "Inputs that differ:"]
        for name, (before, after) in found.inputs.items():
            lines += [*_item(f"{name}:"), *wrap(f"    {before or 'none'}", 4), *wrap(f"    {after or 'none'}", 4)]
    return "\n".join(lines) + "\n"


def markdown(found: Comparison, verdict: str = "") -> str:
    """Return the comparison as Markdown, within what a comment may hold, with another verdict if one is given."""
    lines = [f"### {(verdict or found.verdict()).capitalize()}", "", f"{_compared(found)}", ""]
    if found.unjudged:
        lines += ["Not judged:", "", *(f"* {code(reason)}" for reason in found.unjudged), ""]
    for kind, title in TITLES.items():
        changes = found.of_kind(kind)
        if changes:
            lines += [
                f"#### {title}",
                "",
                "| test | baseline | candidate | what was said |",
                "| --- | --- | --- | --- |",
            ]
            for change in changes[:CHANGES]:
                cells = (f"{change.stage}: {change.name}", change.baseline, change.candidate, change.headline)
                lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
            lines += [*_more(changes, CHANGES), ""]
    if found.failing:
        lines += ["Failing on both sides:", "", *(f"* {code(name)}" for name in found.failing), ""]
    if steady := found.steady():
        lines += moved_markdown("Figures that moved", steady)
    if len(steady) < len(found.figures):
        lines += [_sensitive(found), ""]
    for title, said in (("new", found.log_new), ("gone", found.log_gone)):
        if said:
            lines += [f"<details><summary>{len(said)} lines of Linux's log are {title}</summary>", ""]
            lines += [f"* {code(one.text)} in {code(one.test)}" for one in said[:LOG_LINES]]
            lines += [*_more(said, LOG_LINES), "", "</details>", ""]
    again = [change.rerun for change in found.of_kind("worse")[:CHANGES] if change.rerun]
    if again:
        lines += ["Run again what is worse:", "", "```sh", *again, "```", ""]
    whole = "\n".join(lines)
    if len(whole) <= MARKDOWN_LIMIT:
        return whole
    kept = whole[:MARKDOWN_LIMIT].rpartition("\n")[0]
    return f"{kept}\n\n(cut off: {len(whole) - len(kept)} more characters)\n"


def _sensitive(found: Comparison) -> str:
    count = len(found.figures) - len(found.steady())
    return f"{count} figures moved, too, that move with any change of timing; the JSON has them."


def moved_text(title: str, figures: list[Moved]) -> list[str]:
    """Return figures as text, those first that moved most."""
    lines = [f"{title}{_most(figures)}:"]
    return lines + [line for moved in largest(figures) for line in _item(_moved(moved))]


def moved_markdown(title: str, figures: list[Moved]) -> list[str]:
    """Return figures as a table of Markdown, those first that moved most."""
    lines = [f"#### {title}{_most(figures)}", "", "| figure | baseline | candidate | |", "| --- | ---: | ---: | --- |"]
    for moved in largest(figures):
        values = [number(value) for value in (moved.baseline, moved.candidate)]
        lines.append(f"| {_cell(moved.name)} | {values[0]} | {values[1]} | {moved.unit}{_relative(moved)} |")
    return [*lines, ""]


def largest(figures: Iterable[Moved], count: int = FIGURES) -> list[Moved]:
    """Return those that moved most, in relation to what they were; a figure of one side alone comes first."""
    return sorted(figures, key=lambda moved: float("-inf") if moved.percent is None else -abs(moved.percent))[:count]


def _most(figures: list[Moved]) -> str:
    return f", the {FIGURES} that moved most of {len(figures)}" if len(figures) > FIGURES else ""


def _compared(found: Comparison) -> str:
    figures = len(found.figures) + found.same_figures
    return f"{found.compared} tests and {figures} figures are on both sides; {found.same_figures} figures are the same."


def _change(change: Change) -> Iterator[str]:
    ends = f"{change.baseline or 'not there'} -> {change.candidate or 'not there'}"
    yield from _item(f"{change.stage}: {change.name}: {ends}")
    if change.headline:
        yield from wrap(f"    {change.headline}", 4)
    if change.kind == "worse":
        more = [line for line in change.reason.splitlines() if line.strip() and line.strip() not in change.headline]
        yield from (part for line in more[:REASON_LINES] for part in wrap(f"      {line}", 8))
        yield from (f"    {line}" for line in _more(more, REASON_LINES))
    if change.kind == "worse" and change.rerun:
        yield f"    $ {change.rerun}"


def _moved(moved: Moved) -> str:
    values = f"{number(moved.baseline)} -> {number(moved.candidate)} {moved.unit}".rstrip()
    return f"{moved.name}: {values}{_relative(moved)}"


def number(value: float | None) -> str:
    """Return a number with its thousands apart and three digits after the point, or none."""
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")


def _relative(moved: Moved) -> str:
    return "" if moved.percent is None else f" ({moved.percent:+.2f} %)"


def _more(found: Sequence[object], shown: int) -> Iterable[str]:
    return [f"  and {len(found) - shown} more"] if len(found) > shown else []


def _item(line: str) -> list[str]:
    return wrap(f"  {line}", 4)


def wrap(line: str, indent: int = 0) -> list[str]:
    """Return a line as lines of at most 72 columns, all but the first indented; names and paths stay in one piece."""
    return textwrap.wrap(
        line, COLUMNS, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _cell(line: str) -> str:
    return code(line).replace("|", "\\|") if line else ""


def code(line: str) -> str:
    """Return text that Markdown shows as it is."""
    fence = "``" if "`" in line else "`"
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"
