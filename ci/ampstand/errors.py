# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Every failure Ampstand reports, and the exit code each one ends in.

The exit codes are part of the public interface and stand in the README as well:

====  =======================================================
0     everything asked for was done and passed, known bugs aside
1     tests failed
2     the command line, or a file named on it, is wrong
3     set-up, build or boot failed: nothing was said about the code under test
4     nothing ran, or nothing matched what was selected
130   interrupted
====  =======================================================
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

INTERRUPTED = 130


class AmpstandError(Exception):
    """One failure with one message for the user, and a hint what to do about it."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Take what happened and, when it is known, what mends it."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message followed by the hint on a line of its own."""
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class TestsFailed(AmpstandError):
    """At least one test ran and failed."""

    __test__ = False  # not a test class, whatever its name tells pytest
    exit_code = 1


class UsageError(AmpstandError):
    """The user asked for something that cannot be: a bad option, folder or file."""

    exit_code = 2


class InfrastructureError(AmpstandError):
    """Set-up, build or boot failed before anything could be tested."""

    exit_code = 3


class UnwritableError(InfrastructureError):
    """A record of the run cannot be written: what comes after it would be lost."""

    def __init__(self, path: Path, why: str | None) -> None:
        """Take the file and what the system says of it."""
        super().__init__(
            f"{path} cannot be written: {why or 'no space left on device'}",
            hint="free some space, or name another folder with --records",
        )


class NothingRan(AmpstandError):
    """A test run ended without having run a single test."""

    exit_code = 4
