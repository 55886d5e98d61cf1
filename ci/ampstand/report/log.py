# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Files of a run's records."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ampstand.errors import UnwritableError


class Log:
    """A log that grows as a board speaks. It never raises, as nobody would hear: it says later what went wrong."""

    def __init__(self, path: Path) -> None:
        """Append to the file ``path``."""
        self.path = path
        self.failure: UnwritableError | None = None
        """Why the log is not complete."""
        self._file: BinaryIO | None = None
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            self.failure = UnwritableError(path, error.strerror)

    def write(self, text: str) -> None:
        """Append a text; after the first failure nothing more is written."""
        if self._file is None or self.failure is not None:
            return
        data = text.encode("utf-8", "surrogateescape")
        try:
            if self._file.write(data) != len(data):
                self.failure = UnwritableError(self.path, None)
        except OSError as error:
            self.failure = UnwritableError(self.path, error.strerror)

    def close(self) -> None:
        """End the log."""
        if self._file is not None:
            self._file.close()


def write(path: Path, text: str) -> None:
    """Write a whole file; ``UnwritableError`` if that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnwritableError(path, error.strerror) from error
