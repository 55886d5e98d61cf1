# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What came of mutants: classes, the record that a run goes on from, mutants that are declared to be equivalent."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ampstand.errors import UsageError
from ampstand.mutation.schemata import Mutant
from ampstand.tomlfile import Table

CAUGHT, SURVIVED, NEVER, UNBUILT, EQUIVALENT, BROKEN = CLASSES = (
    "caught",
    "survived",
    "never executed",
    "build failure",
    "equivalent",
    "broken",
)
"""What can come of a mutant; broken: something else failed, so nothing is known of it."""
FILE = "mutants.jsonl"
WAYS = "Linux goes another way in:"
"""The line before those that say where (``ampstand mutate --where``)."""
_ERRORS = "|".join(re.escape(text) for number, name in errno.errorcode.items() for text in (name, os.strerror(number)))
_SYMPTOM = re.compile(
    r"Unable to handle|Internal error|BUG:|kernel BUG at|WARNING:|Oops|KASAN|refcount_t"
    r"|runtime error|AddressSanitizer|LeakSanitizer|[Aa]ssert|expected|not ok|leak|lockdep|deadlock|hung task|stall"
    r"|sleeps \(|has yet to take|has lent the remote no buffer|no driver of Linux has set up|!=|=="
    rf"|known-bad line|kernel log of|event of|failed with error|did not (?:start|stop|detach)|bytes came back|{WAYS}"
    rf"|\b(?:{_ERRORS})\b"
)
"""What a message says that tells a symptom from a mere absence."""
_WORD = re.compile(r"[A-Za-z_]\w{3,}")
_KEYWORDS = frozenset(
    {"return", "goto", "break", "continue", "NULL", "else", "sizeof", "struct", "true", "false", "void"}
)


@dataclass(frozen=True)
class Verdict:
    """What came of one mutant."""

    id: str
    outcome: str
    by: str = ""
    """The test that caught it."""
    seconds: float = 0.0
    """How long it took until then, or until all tests had passed."""
    message: str = ""
    """What that test said."""
    grade: int = 0
    """How good the message is, 0 to 3 (``grade()``)."""
    ran: int = 0
    """Tests that were to run."""
    known: int = 0
    """Tests that execute it: more than ran, if a run takes only the first."""


def grade(mutant: Mutant, message: str, functions: Collection[str] = ()) -> int:
    """Return how much a message tells of a mutant: a symptom, the place, what the changed text is about.

    The place is the file, the driver that is made of it, or one of its functions.
    """
    words = set(_WORD.findall(mutant.before)) - _KEYWORDS - {mutant.function}
    said = set(re.findall(r"\w+", message.replace("-", "_")))  # drivers' names have either
    place = not said.isdisjoint({Path(mutant.file).stem, mutant.function, *functions})
    return bool(_SYMPTOM.search(message)) + place + any(re.search(rf"\b{word}\b", message) for word in words)


class Record:
    """The file that a run appends to, and that the next one goes on from."""

    def __init__(self, path: Path, key: str, again: Collection[str] = ()) -> None:
        """``key`` is of the files: verdicts on others are not taken over, nor those of the classes ``again``."""
        self.path = path
        self._key = key
        self.verdicts: dict[str, Verdict] = {}
        names = {entry.name for entry in fields(Verdict)}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                data = json.loads(line)
            except ValueError:
                continue  # cut off when the run was ended
            if data.get("key") == key:
                self.verdicts[data["id"]] = Verdict(**{name: data[name] for name in names & data.keys()})
        for name in [one.id for one in self.verdicts.values() if one.outcome in (BROKEN, *again)]:
            del self.verdicts[name]

    def add(self, verdict: Verdict) -> None:
        """Append a verdict."""
        self.verdicts[verdict.id] = verdict
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": self._key, **asdict(verdict)}) + "\n")


def declared(path: Path) -> dict[str, str]:
    """Return the mutants that a file declares to change nothing that can be seen, each with the reason."""
    found: dict[str, str] = {}
    if not path.is_file():
        return found
    with Table.load(path) as file:
        for entry in file.tables("equivalent"):
            reason = entry.text("reason")
            for name in entry.texts("mutants"):
                if name in found:
                    entry.refuse(f"{name} is declared twice", "mutants")
                found[name] = reason
    return found


def stale(declarations: Collection[str], mutants: Iterable[Mutant], files: Collection[str]) -> None:
    """Refuse declarations about a file that has no such mutant: its text has changed, so somebody has to look again."""
    known = {mutant.id for mutant in mutants}
    gone = [name for name in declarations if name.partition(":")[0] in files and name not in known]
    if gone:
        raise UsageError(f"no such mutant, though declared equivalent: {', '.join(gone)}", hint="look at it again")


@dataclass
class Score:
    """How many mutants of one file, or of all, came to what."""

    counts: dict[str, int]
    grades: dict[int, int]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Score:
        """Count."""
        score = cls(dict.fromkeys(CLASSES, 0), dict.fromkeys(range(4), 0))
        for verdict in verdicts:
            score.counts[verdict.outcome] += 1
            if verdict.outcome == CAUGHT:
                score.grades[verdict.grade] += 1
        return score

    @property
    def executed(self) -> int:
        """Mutants that a test executes and that are not equivalent."""
        return self.counts[CAUGHT] + self.counts[SURVIVED]

    @property
    def percent(self) -> float:
        """Of those, how many were caught."""
        return 100 * self.counts[CAUGHT] / self.executed if self.executed else 0.0


def by_file(mutants: Iterable[Mutant], verdicts: Mapping[str, Verdict]) -> dict[str, Score]:
    """Return the score of each file."""
    files: dict[str, list[Verdict]] = {}
    for mutant in mutants:
        if mutant.id in verdicts:
            files.setdefault(mutant.file, []).append(verdicts[mutant.id])
    return {name: Score.of(found) for name, found in files.items()}
