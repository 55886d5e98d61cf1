# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is being done, how far it is, and how long it has taken.

On a terminal one live line is rewritten in place; elsewhere (a log, CI) a plain line appears at each start and end and
at least every ``PLAIN_INTERVAL`` seconds between, so that there is never a silent minute. All of it goes to stderr:
stdout belongs to what a command was asked for.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.status import Status

PLAIN_INTERVAL = 15.0
LIVE_INTERVAL = 0.2


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def printable(text: str) -> str:
    """Return what a guest said so that no terminal takes orders from it: without colours, other controls in letters."""
    plain = _COLOUR.sub("", text)
    if plain.isprintable():
        return plain
    return "".join(c if c in "\t\n" or c.isprintable() else ascii(c)[1:-1] for c in plain)


def duration(seconds: float) -> str:
    """Return a duration as people write it: ``0.4 s``, ``12 s``, ``3 min 05 s``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02d} s"


class Step:
    """One piece of work under way; ``update`` says how far it is."""

    def __init__(self, name: str) -> None:
        """Start the clock of the step called ``name``."""
        self.name = name
        self.started = time.monotonic()
        self.detail = ""
        self.done = 0
        self.total = 0

    def update(self, detail: str = "", *, done: int = 0, total: int = 0) -> None:
        """Set what the live line shows beside the name; ``done`` of ``total`` when both are known."""
        self.detail, self.done, self.total = detail, done, total

    def elapsed(self) -> float:
        """Return the seconds since the step began."""
        return time.monotonic() - self.started

    def line(self) -> str:
        """Return the step as one line: name, how far, detail, time."""
        parts = [self.name]
        if self.total:
            parts.append(f"[{self.done}/{self.total}]")
        elif self.done:
            parts.append(f"[{self.done}]")
        if self.detail:
            parts.append(self.detail)
        return f"{' '.join(parts)} ({duration(self.elapsed())})"


class Progress:
    """Shows steps as they run, on a terminal or in a log. Safe to use from several threads."""

    def __init__(self, stream: TextIO | None = None, *, live: bool | None = None) -> None:
        """Write to ``stream`` (stderr unless given); ``live`` overrides the terminal test."""
        self._stream = stream if stream is not None else sys.stderr
        self._live = self._stream.isatty() if live is None else live
        self._console = Console(file=self._stream, highlight=False, soft_wrap=True, force_terminal=self._live or None)
        self._lock = threading.Lock()
        self._nested = False

    def say(self, text: str) -> None:
        """Print one line that stays."""
        with self._lock:
            self._console.print(printable(text), markup=False)

    def warn(self, text: str) -> None:
        """Print one warning that stays."""
        self.say(f"warning: {text}")

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show ``name`` while the body runs, then one line with its time; nested steps only print their end."""
        step = Step(name)
        ended = threading.Event()
        nested, self._nested = self._nested, True
        status: Status | None = None
        if self._live and not nested:
            status = self._console.status(name)
            status.start()
        elif not self._live:
            self.say(f"{name} ...")
        ticker = threading.Thread(target=self._tick, args=(step, status, ended), daemon=True)
        if not nested:
            ticker.start()
        good = False
        try:
            yield step
            good = True
        finally:
            ended.set()
            if not nested:
                ticker.join()
            if status is not None:
                status.stop()
            self._nested = nested
            mark = "done" if good else "FAILED"
            self.say(f"{name}: {mark} ({duration(step.elapsed())})")

    def _tick(self, step: Step, status: Status | None, ended: threading.Event) -> None:
        """Refresh the live line, or print a plain one now and then, until ``ended`` is set."""
        interval = LIVE_INTERVAL if status is not None else PLAIN_INTERVAL
        shown = step.elapsed()
        while not ended.wait(interval):
            if status is not None:
                status.update(step.line().replace("[", r"\["))
            elif step.elapsed() - shown >= PLAIN_INTERVAL / 2:
                self.say(step.line())
                shown = step.elapsed()
