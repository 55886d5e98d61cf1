# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What becomes of a scenario that meets a known bug of Linux: neither passed nor failed, but known.

Outside of the bug's range of versions the same evidence fails the scenario. A bug that ought to show and does not is
reported as gone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from ampstand.errors import TestsFailed
from ampstand.linux import known_bugs
from ampstand.linux.known_bugs import Kernel, KnownBug
from ampstand.linux.machine import LinuxMachine
from ampstand.qemu.machine import CoreDiedError, WaitError
from ampstand.qemu.recording import Expectation

DEATH = ("Internal error: Oops", "Kernel panic - not syncing", "Unable to handle kernel")
"""What Linux says when it dies of an Oops."""


class KnownBugGone(UserWarning):
    """A known bug did not show on a kernel that is in its range."""


class Meeting:
    """One bug in one scenario."""

    def __init__(self, item: pytest.Item, bug: KnownBug, kernel: Kernel) -> None:
        self._item = item
        self.bug = bug
        self.release = kernel.release
        self.inside = bug.inside(kernel)
        """Whether this kernel is one of those that have the bug."""
        self._announced: list[Expectation] = []
        self._noted = False

    @property
    def seen(self) -> bool:
        """Whether one of the announced lines has come, or the scenario has seen the bug in another way."""
        return self._noted or any(expectation.seen for expectation in self._announced)

    def note(self) -> None:
        """Take note that the bug has shown; the scenario goes on, and is known when it has come to its end."""
        if not self.inside:
            self.met()
        self._noted = True

    def announce(self, machine: LinuxMachine) -> Meeting:
        """Accept the lines that are the bug's evidence, if this kernel is in its range."""
        self._announced += known_bugs.accept(machine, self.bug)
        return self

    def met(self, detail: str = "") -> NoReturn:
        """End the scenario: it has seen the bug."""
        if not self.inside:
            where = f"{self.bug.range}{f', with {self.bug.driver}' if self.bug.hardware else ''}"
            raise TestsFailed(
                f"{self.bug.title}{f' ({detail})' if detail else ''}: known bug {self.bug.id} was seen elsewhere "
                f"only ({where}), and this is {self.release}",
                hint=f"if it is the same bug, widen its range: {self.bug.where}",
            )
        self._item.user_properties.append(("known", self.bug.id))
        pytest.xfail(self.bug.reason(detail))

    @contextmanager
    def kills(self, machine: LinuxMachine) -> Iterator[None]:
        """Do in the body what Linux does not survive if it has the bug; then ``seen`` says whether it did so."""
        console, core = machine.host.console, machine.board.shell.core
        if self.inside:
            for pattern in DEATH:
                machine.tolerate_bad(pattern, f"known bug {self.bug.id}", core)
            self.announce(machine)
        mark = console.mark()
        yield
        if self.inside:
            try:
                patterns = "|".join(entry.pattern for entry in self.bug.evidence)
                console.expect_line(patterns, since=mark, what=f"the evidence of {self.bug.id}")
                console.expect_line("end Kernel panic", since=mark, what="Linux to stop")
            except WaitError:
                machine.host.run_check("true", reason=f"Linux to be alive without {self.bug.id}")
                return
            machine.stop()
            self.note()
        else:
            machine.host.run_check("true", reason=f"Linux to survive {self.bug.id}")
            if any(self.bug.found(core, line) for line in console.lines[mark:]):
                self.met()

    @contextmanager
    def ends(self, machine: LinuxMachine) -> Iterator[None]:
        """Take the death of Linux, in whatever the body waits for, for the bug if the evidence is in its last words."""
        console, core = machine.host.console, machine.board.shell.core
        mark, said = console.mark(), machine.records.mark()
        try:
            yield
        except CoreDiedError as error:
            shown = machine.last_words(lambda: any(self.bug.found(core, line) for line in console.lines[mark:]) or None)
            if error.core != core or not shown:
                raise
            machine.stop()
            machine.records.forget(said)
            self.met()

    @contextmanager
    def corrupts(self, machine: LinuxMachine) -> Iterator[None]:
        """Do in the body what has Linux write to memory that is no longer its own, if it has the bug.

        Whatever it dies of in the body is the bug then; and as it may die of it later, the machine is not used again.
        """
        said = machine.records.mark()
        try:
            yield
        except CoreDiedError as error:
            if not self.inside or error.core != machine.board.shell.core:
                raise
            machine.stop()
            machine.records.forget(said)
            self.met("what is freed may be anybody's by then")
        if self.inside:
            machine.judge_log()
            machine.stop()

    def blinds(self) -> None:
        """Skip the scenario on a kernel that has the bug: what it finds there cannot be told from what the bug does."""
        if self.inside:
            pytest.skip(f"cannot be judged: {self.bug.reason()}")

    @contextmanager
    def shows(self, *errors: type[Exception]) -> Iterator[None]:
        """Take one of these errors in the body for the bug, if an announced line has come or none was announced."""
        try:
            yield
        except errors as error:
            if self._announced and not self.seen:
                raise
            self.met(str(error).partition("\n")[0])

    @contextmanager
    def explains(self, shown: Callable[[], bool]) -> Iterator[None]:
        """Take a failure of the body for the bug if its evidence, which the function looks for, is there then."""
        try:
            yield
        except TestsFailed as error:
            if shown():
                self.met(str(error).partition("\n")[0])
            raise

    def absent(self) -> None:
        """Report that the bug ought to have shown, unless it shows by chance."""
        if self.inside and not self.bug.chance:
            self._item.user_properties.append(("gone", self.bug.id))
            text = f"known bug {self.bug.id} is gone in Linux {self.release}: say since when, at {self.bug.where}"
            warnings.warn(KnownBugGone(text), stacklevel=2)


class Meetings:
    """The bugs that one scenario may meet."""

    def __init__(self, item: pytest.Item, kernel: Kernel) -> None:
        self._item = item
        self._kernel = kernel
        self._all: dict[str, Meeting] = {}

    def __call__(self, name: str) -> Meeting:
        """Return the bug with this id, the same one each time; ``UsageError`` if there is none."""
        if name not in self._all:
            self._all[name] = Meeting(self._item, known_bugs.bug(name), self._kernel)
        return self._all[name]

    def finish(self) -> None:
        """Judge a scenario that has come to its end: a bug that was seen makes it known, unless it shows by chance."""
        seen = [meeting for meeting in self._all.values() if meeting.seen]
        for meeting in self._all.values():
            if meeting not in seen:
                meeting.absent()
        self._item.user_properties += [("met", meeting.bug.id) for meeting in seen]
        certain = [meeting.bug for meeting in seen if not meeting.bug.chance]
        if certain:
            names = ", ".join(bug.id for bug in certain)
            self._item.user_properties.append(("known", names))
            pytest.xfail(f"known bug {names}: {'; '.join(bug.title for bug in certain)}")
