# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Follows what a core writes into memory (its trace), as long as the machine runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from ampstand.errors import AmpstandError

INTERVAL = 0.25
"""Seconds between two looks. What a core overwrites sooner is not seen, unless somebody asks just then."""


class Follower:
    """Looks again and again, from a thread of its own, and at once when asked."""

    def __init__(self, look: Callable[[], None]) -> None:
        """``look`` is never called twice at a time; an ``AmpstandError`` from it means that there is nothing to see."""
        self._look = look
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ampstand-follower", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def now(self) -> None:
        """Look once, in the caller's thread."""
        with self._lock, contextlib.suppress(AmpstandError):
            self._look()

    def stop(self) -> None:
        """Look for the last time, and end."""
        if self._thread.is_alive():
            self._end.set()
            self._thread.join()
            self.now()

    def _run(self) -> None:
        while not self._end.wait(INTERVAL):
            self.now()
