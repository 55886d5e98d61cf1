# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The lines that a series adds or changes, and which tests executed each."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ampstand.report.lcov import Covered

SOURCES = (".c", ".h", ".S")
"""Endings of files whose lines may be executed."""


class State(StrEnum):
    """What is known of a line."""

    EXECUTED = "executed"
    NEVER = "never executed"
    NO_CODE = "no code of its own"
    NOT_COMPILED = "not compiled"


@dataclass(frozen=True)
class ChangedLine:
    """A line of a source file as the series leaves it."""

    file: str
    line: int
    text: str
    state: State
    tests: list[str] = field(default_factory=list)
    """Those that executed it."""


def numbers(before: str, after: str) -> list[int]:
    """Return the numbers of the lines of ``after`` that are new or changed."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return [line + 1 for tag, _, _, start, end in matcher.get_opcodes() if tag != "equal" for line in range(start, end)]


@dataclass(frozen=True)
class DiffLine:
    """A line of a difference: of context, added or removed, or the head of a hunk."""

    file: str
    kind: str
    """`` ``, ``+``, ``-`` or ``@``."""
    line: int
    """Its number in the file as the series leaves it; of a removed one, of what comes after it."""
    text: str


def difference(files: Mapping[str, tuple[str, str]]) -> list[DiffLine]:
    """Return all that changes, with three lines around it, as ``diff -u`` shows it."""
    found = []
    for path, texts in sorted(files.items()):
        before, after = (text.splitlines() for text in texts)
        line = 0
        for shown in list(difflib.unified_diff(before, after, lineterm=""))[2:]:
            if shown.startswith("@@"):
                line = int(shown.split("+")[1].split(",")[0].split(" ")[0])
                found.append(DiffLine(path, "@", line, shown))
                continue
            found.append(DiffLine(path, shown[0], line, shown[1:]))
            line += shown[0] != "-"
    return found


def judge(files: Mapping[str, tuple[str, str]], tests: Mapping[str, Covered]) -> list[ChangedLine]:
    """Return each changed line of C; ``files`` are the texts before and after by path, ``tests`` what each executed."""
    found = []
    for path, (before, after) in sorted(files.items()):
        if not path.endswith(SOURCES):
            continue
        known = {line for covered in tests.values() for line in covered.lines.get(path, {})}
        texts = after.splitlines()
        for line in numbers(before, after):
            who = [test for test, covered in tests.items() if covered.lines.get(path, {}).get(line)]
            state = State.EXECUTED if who else State.NEVER if line in known else State.NO_CODE
            found.append(ChangedLine(path, line, texts[line - 1], state if known else State.NOT_COMPILED, who))
    return found
