# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What signals do to this process."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


def end_on_signals() -> None:
    """Make SIGTERM and SIGHUP end like ^C, so that everything started is ended and reaped; for the main thread only.

    Not by SystemExit: pytest takes that for the failure of one test, and goes on. A signal that is ignored (nohup)
    stays ignored.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(f"signal {number}")

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)


@contextlib.contextmanager
def interruptions_held() -> Iterator[None]:
    """Let an interruption wait until the block has ended: a tool or thread just being started would be lost by it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread only
        return
    caught: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _frame: caught.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for late in caught:
            signal.raise_signal(late)


@contextlib.contextmanager
def interruptions_left_to() -> Iterator[None]:
    """Leave ^C to a program that is run on the terminal: for a debugger it stops the target, and not us."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
