# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a review found, and its forms: text for the list, Markdown, JSON."""

from __future__ import annotations

import email.policy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from typing import Any

from ampstand.build.mail import Mail
from ampstand.report import comparison_forms
from ampstand.report.compare import Comparison, Moved, Side, counted_worse
from ampstand.report.detours import Detour, tell
from ampstand.report.patch_lines import ChangedLine, DiffLine, State
from ampstand.report.results import BAD

LINES = 20
"""As many changed lines that were never executed are shown; the JSON has all."""
NOWHERE = "in no function of those that talk to a remote"
"""What is said of a test that is worse although Linux goes the same way."""
SCHEMA = 1
"""Raised when a key of the JSON changes its meaning."""


@dataclass(frozen=True)
class Repeated:
    """A test that is worse, run again on both sides."""

    name: str
    runs: int
    """On each side."""
    with_change: int
    """How often it failed with the change, and without."""
    without_change: int

    @property
    def judgement(self) -> str:
        """What the counts say."""
        if self.without_change:
            return "the baseline is flaky"
        if self.with_change == self.runs:
            return "comes of the change"
        return "fails now and then with the change" if self.with_change else "did not fail again"

    @property
    def confirmed(self) -> bool:
        """Whether the counts say that the change makes it worse."""
        return self.with_change > 0 and not self.without_change


@dataclass(frozen=True)
class Warned:
    """A warning of the compiler that comes with a patch."""

    patch: int
    """Its number, counted from 1."""
    text: str
    """``FILE: MESSAGE``."""


@dataclass
class Review:
    """What a review found."""

    subjects: list[str]
    """Of the parts of the change, in their order."""
    thread: Mail
    """What to answer, if it came by mail."""
    base: Mapping[str, str]
    """The baseline's inputs."""
    comparison: Comparison
    baseline: Side
    candidate: Side
    patches: list[str] = field(default_factory=list)
    """By what each is known: the sha256 of a patch, a commit."""
    repeated: list[Repeated] = field(default_factory=list)
    what: str = "the series"
    """What is reviewed."""
    notes: list[str] = field(default_factory=list)
    """What a reader must know."""
    culprit: int = 0
    """The first part with which a test that is worse fails, counted from 1; 0 if that is not known."""
    again: str = ""
    """The command that does this review again."""
    lines: list[ChangedLine] = field(default_factory=list)
    """What is added or changed."""
    scenarios: tuple[int, int] = (0, 0)
    """How many ran with the change, of how many that there are."""
    warnings: list[Warned] = field(default_factory=list)
    """New ones, of the files that are changed, with ``W=1``."""
    sizes: list[Moved] = field(default_factory=list)
    """What takes more or less than without the change, in bytes."""
    difference: list[DiffLine] = field(default_factory=list)
    """The change as one patch."""
    detours: dict[str, list[Detour]] = field(default_factory=dict)
    """By a test that is worse, where Linux goes another way in it."""

    def worse(self) -> tuple[int, int]:
        """Return how many tests are worse, again if they were run again; and how many others failed."""
        unsure = {one.name for one in self.repeated if not one.confirmed}
        changes = self.comparison.of_kind("worse")
        sure = sum(change.name not in unsure for change in changes)
        return sure, len(changes) - sure

    def verdict(self) -> str:
        """Return the verdict in one line."""
        sure, unsure = self.worse()
        if unsure and not sure:
            return "could not be judged: what failed is flaky, or did not fail again"
        if self.baseline.run.boots() and not self.candidate.run.boots():
            worse = next(iter(self.comparison.of_kind("worse")), None)
            return f"the board does not come up with {self.what}: {worse.headline if worse else 'no scenario ran'}"
        if unsure:
            return f"{counted_worse(sure)}; {unsure} more failed, and may have nothing to do with {self.what}"
        return self.comparison.verdict()

    def exit_code(self) -> int:
        """Return 0 if nothing is worse, 1 if something is, 3 if it could not be judged."""
        code = self.comparison.exit_code()
        return code if code != 1 or self.worse()[0] else 3

    def tested(self) -> int:
        """Return how many tests passed with the change; 0 unless nothing is worse and none failed."""
        run = self.candidate.run
        if self.exit_code() or run.with_outcome(*BAD):
            return 0
        return sum(test.stage != "measure" for test in run.with_outcome("passed"))

    def ways(self) -> list[tuple[str, list[str]]]:
        """Return by a test that is worse lines about where Linux goes another way in it."""
        return [(test, tell(found) or [NOWHERE]) for test, found in self.detours.items()]

    def document(self) -> dict[str, Any]:
        """Return all of it as what JSON knows."""
        values = asdict(self)
        del values["baseline"], values["candidate"]
        values["comparison"] = self.comparison.document()
        values["thread"] = self.thread._asdict()
        for shown, one in zip(values["repeated"], self.repeated, strict=True):
            shown["judgement"] = one.judgement
        head = {"schema": SCHEMA, "verdict": self.verdict(), "exit_code": self.exit_code()}
        return {**head, **values, "base": dict(self.base)}


def mail(review: Review) -> str:
    """Return the text as an answer to the series, for a mailer to send: who sends it to whom is not in it.

    It can be answered to nobody if the series did not come by mail.
    """
    found = EmailMessage(policy=email.policy.default.clone(max_line_length=900, cte_type="8bit"))
    thread = review.thread
    found["Subject"] = f"Re: {thread.subject}" if thread.message_id else f"review: {review.subjects[0]}"
    if thread.message_id:
        found["In-Reply-To"] = found["References"] = thread.message_id
    found.set_content(text(review))
    return found.as_string()


def text(review: Review) -> str:
    """Return the review as the body of a mail; commands may be longer than 72 columns."""
    wrap = comparison_forms.wrap
    lines = [*wrap(f"Tested on Linux {review.base.get('kernel', 'unknown')}, {_source(review)}, with Ampstand:"), ""]
    for number, subject in enumerate(review.subjects, start=1):
        mark = "  <- the first with which it fails" if number == review.culprit else ""
        lines += wrap(f"  {number}/{len(review.subjects)} {subject}{mark}", 6)
    lines.append("")
    for note in filter(None, (*review.notes, _left_out(review))):
        lines += [*wrap(note), ""]
    if review.repeated:
        lines.append("Again, on both sides:")
        for one in review.repeated:
            lines += wrap(
                f"  {one.name}: failed {one.with_change} of {one.runs} with {review.what}, {one.without_change} of "
                f"{one.runs} without: {one.judgement}",
                4,
            )
        lines.append("")
    lines += comparison_forms.text(review.comparison, review.verdict()).splitlines()
    for test, ways in review.ways():
        lines += ["", *wrap(f"Where Linux goes another way in {test}:")]
        lines += [line for way in ways for line in wrap(f"  {way}", 4)]
    if review.sizes:
        lines += ["", *comparison_forms.moved_text("Sizes that changed", review.sizes)]
    if review.warnings:
        lines += ["", "New warnings of the compiler, with W=1:"]
        lines += [line for one in review.warnings for line in wrap(f"  patch {one.patch}: {one.text}", 4)]
    if review.lines:
        lines += ["", *wrap(f"Changed lines: {_counted(review.lines)}.")]
        never = [line for line in review.lines if line.state is State.NEVER]
        for line in never[:LINES]:
            lines += [f"  {line.file}:{line.line}", f"    {line.text.strip()}"[: comparison_forms.COLUMNS]]
        lines += [f"  and {len(never) - LINES} more"] if len(never) > LINES else []
    lines += ["", "To see it again:", f"  {review.again}"]
    if passed := review.tested():
        what = f"{passed} test{'s' * (passed != 1)} that passed"
        lines += ["", *wrap(f"If you like: Tested-by, for {what} on an emulated board.")]
    return "\n".join(lines) + "\n"


def markdown(review: Review) -> str:
    """Return the review as a comment for a pull request."""
    lines = [f"Tested on Linux {review.base.get('kernel', 'unknown')}, {_source(review)}.", ""]
    for number, subject in enumerate(review.subjects, start=1):
        mark = " **← the first with which it fails**" if number == review.culprit else ""
        lines.append(f"{number}. {comparison_forms.code(subject)}{mark}")
    lines.append("")
    for note in filter(None, (*review.notes, _left_out(review))):
        lines += [note, ""]
    if review.repeated:
        lines += ["| again | with | without | |", "| --- | --- | --- | --- |"]
        for one in review.repeated:
            counts = f"{one.with_change} of {one.runs} | {one.without_change} of {one.runs}"
            lines.append(f"| {comparison_forms.code(one.name)} | {counts} | {one.judgement} |")
        lines.append("")
    for test, ways in review.ways():
        lines += [f"Where Linux goes another way in {comparison_forms.code(test)}:", ""]
        lines += [*(f"* {comparison_forms.code(way)}" for way in ways), ""]
    if review.sizes:
        lines += comparison_forms.moved_markdown("Sizes that changed", review.sizes)
    if review.warnings:
        lines += ["New warnings of the compiler, with `W=1`:", ""]
        lines += [f"* patch {one.patch}: {comparison_forms.code(one.text)}" for one in review.warnings]
        lines.append("")
    if review.lines:
        lines += [f"Changed lines: {_counted(review.lines)}.", ""]
        for line in [line for line in review.lines if line.state is State.NEVER][:LINES]:
            lines.append(f"* {line.file}:{line.line} {comparison_forms.code(line.text.strip())}")
        lines.append("")
    tail = f"\nTo see it again: {comparison_forms.code(review.again)}\n"
    return "\n".join([*lines, comparison_forms.markdown(review.comparison, review.verdict())]) + tail


def _left_out(review: Review) -> str:
    """Say which scenarios did not run, if any."""
    ran, there = review.scenarios
    if ran == there:
        return ""
    return f"{ran} of {there} scenarios: those that execute functions which {review.what} changes, and a smoke set."


def _counted(lines: Sequence[ChangedLine]) -> str:
    """Say how many lines are in each state, and how many scenarios executed some of them."""
    counts = Counter(line.state for line in lines)
    tests = len({test for line in lines for test in line.tests})
    told = [
        f"{counts[State.EXECUTED]} executed, by {tests} scenario{'s' * (tests != 1)}",
        f"{counts[State.NEVER]} never executed",
    ]
    told += [f"{counts[state]} {state}" for state in (State.NO_CODE, State.NOT_COMPILED) if counts[state]]
    return ", ".join(told)


def _source(review: Review) -> str:
    return review.base.get("kernel source", "of an unknown source")
