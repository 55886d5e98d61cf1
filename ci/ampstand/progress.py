# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is being done, how far it is, and how long it has taken.

On a terminal one live line is rewritten in place; elsewhere (a log, CI) a plain line appears at each start and end and
at least every ``PLAIN_INTERVAL`` seconds between, so that there is never a silent minute. All of it goes to stderr:
stdout belongs to what a command was asked for.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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


class Times:
    """How long things took when they were done last, in a file; what took less than ``LONG`` seconds is not kept."""

    LONG = 10.0

    def __init__(self, path: Path) -> None:
        """Use a file, which need not be there."""
        self._path = path

    def of(self, name: str) -> float | None:
        """Return how many seconds it took, if that is known."""
        seconds = self._read().get(name)
        return float(seconds) if isinstance(seconds, (int, float)) else None

    def took(self, name: str, seconds: float) -> None:
        """Take note; where that cannot be written nothing is lost but an estimate."""
        if seconds < self.LONG:
            return
        times = self._read() | {name: round(seconds, 1)}
        part = self._path.with_name(f".{self._path.name}-{os.getpid()}")
        with suppress(OSError):
            part.write_text(json.dumps(times, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            part.rename(self._path)

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


class Step:
    """One piece of work under way; ``update`` says how far it is."""

    def __init__(self, name: str, expected: float | None = None) -> None:
        """Start the clock of the step called ``name``, which took ``expected`` seconds when it was done last."""
        self.name = name
        self.expected = expected
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
        of = f" of some {duration(self.expected)}" if self.expected is not None else ""
        return f"{' '.join(parts)} ({duration(self.elapsed())}{of})"


class Progress:
    """Shows steps as they run, on a terminal or in a log. Safe to use from several threads."""

    def __init__(self, stream: TextIO | None = None, *, live: bool | None = None, times: Times | None = None) -> None:
        """Write to ``stream`` (stderr unless given); ``live`` overrides the terminal test.

        ``times`` says how long a step will take, and learns it.
        """
        self.times = times
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
        step = Step(name, self.times.of(name) if self.times is not None else None)
        ended = threading.Event()
        nested, self._nested = self._nested, True
        status: Status | None = None
        if self._live and not nested:
            status = self._console.status(name)
            status.start()
        elif not self._live:
            took = f" (it took {duration(step.expected)} last time)" if step.expected is not None else ""
            self.say(f"{name} ...{took}")
        ticker = threading.Thread(target=self._tick, args=(step, status, ended), daemon=True)
        if not nested:
            ticker.start()
        good = False
        try:
            yield step
            good = True
            if self.times is not None:
                self.times.took(name, step.elapsed())
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
