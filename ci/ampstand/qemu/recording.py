# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a machine needs of the records that are kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol


@dataclass
class Expectation:
    """An announced bad line of one core: how often it came so far."""

    pattern: re.Pattern[str]
    core: str
    seen: int = 0
    required: bool = True


class Death(NamedTuple):
    """A core is dead."""

    core: str
    said: str


class Records(Protocol):
    """Takes what a machine says; safe to use from several threads."""

    values: dict[str, Any]
    """What a scenario measured, for its result."""

    @property
    def folder(self) -> Path:
        """Folder of the records."""

    def feed(self, core: str, stream: str, data: str) -> None:
        """Take what came on a stream."""

    def quoting(self) -> AbstractContextManager[None]:
        """Let the host's programs print, for the body, what was said before and is judged elsewhere."""

    def guest_errors(self, data: str) -> None:
        """Take lines of QEMU's log."""

    def note(self, text: str) -> None:
        """Take a line of the harness itself."""

    def died(self, core: str, text: str) -> None:
        """Take what shows that a core has died, though it did not say so itself."""

    def kernel_log(self, reasons: Iterable[str]) -> None:
        """Take what Linux's own log shows that must not be."""

    def is_bad(self, core: str, text: str) -> bool:
        """Whether such a line of a core is known to be bad."""

    def announced(self, core: str, text: str) -> bool:
        """Whether a line of a core was announced; it counts as seen then."""

    def death(self) -> Death | None:
        """Return what a core said of its own death, if nobody announced it."""

    def mark(self) -> int:
        """Return a mark: bad lines after it are those that came later."""

    def forget(self, mark: int) -> None:
        """Take back the bad lines since the mark, with the death of a core: what it died of is known."""

    def tail(self, core: str) -> list[str]:
        """Return the last lines of a core."""

    def cores(self) -> list[str]:
        """Return the cores that have said something."""

    def command(self, text: str) -> None:
        """Take QEMU's command line."""

    def inputs(self, paths: Mapping[str, Path]) -> None:
        """Take the files that go into the machine."""

    def expect_bad(self, pattern: str, core: str) -> Expectation:
        """Announce a known-bad line of a core: it must occur, and does not fail the scenario."""

    def tolerate_bad(self, pattern: str, reason: str, core: str) -> Expectation:
        """Accept a known-bad line of a core that comes by chance only."""

    def expecting_bad(self, pattern: str, core: str) -> AbstractContextManager[Expectation]:
        """Announce a known-bad line of a core for the body only."""

    def verdict(self) -> list[str]:
        """Return why the records alone make a scenario fail."""

    def result(self, outcome: str, **values: Any) -> None:
        """Write how it ended."""

    def close(self) -> None:
        """End all logs."""
