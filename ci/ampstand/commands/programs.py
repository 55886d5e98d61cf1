# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Runs test programs, several at a time, so that none of them outlives the harness.

Each runs in a session of its own below a small shell that the kernel tells when the thread that started it ends, by
whatever means: SIGKILL, too. Nothing waits in another thread, so an interruption is heard at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ampstand.progress import duration
from ampstand.signals import interruptions_held

GRACE_SECONDS = 5.0
"""What a gentle program has to end its own children."""
_AT_ONCE = 'trap "kill -9 0" TERM; "$@" & wait $!'
_GENTLY = """trap 'trap "" TERM; kill 0; wait; kill -9 0' TERM; "$@" & wait $!"""


def kept(argv: Sequence[str], script: str = 'exec "$@"') -> list[str]:
    """Return the command that runs ``argv`` as a shell script says, which gets SIGTERM when the calling thread ends.

    The parent may have ended before the kernel was told to watch it.
    """
    return [
        "setpriv",
        "--pdeathsig",
        "TERM",
        "--",
        "sh",
        "-c",
        f'[ $PPID = "$0" ] || exit; {script}',
        str(os.getpid()),
        *argv,
    ]


@dataclass(frozen=True)
class Program:
    """One program to run; all that it says goes to its log."""

    name: str
    argv: tuple[str, ...]
    log: Path
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 600.0
    """Seconds."""
    gentle: bool = False
    """Whether it has children in sessions of their own, which it ends when it is terminated."""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    program: Program
    code: int
    """Negative: the signal that ended it."""
    seconds: float
    text: str
    """All it said."""


@dataclass
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    descriptor: int


def run(programs: Iterable[Program], at_once: int = 1) -> Generator[Ended, None, None]:
    """Run programs, ``at_once`` of them together; yield each as it ends. What still runs is ended when this is closed.

    Call it as ``with closing(run(...)) as ended``: an exception between two of them must not leave any behind.
    """
    waiting, running = list(programs), dict[int, _Running]()
    try:
        while waiting or running:
            while waiting and len(running) < max(at_once, 1):
                with interruptions_held():
                    started = _start(waiting.pop(0))
                    running[started.descriptor] = started
            for descriptor, late in _next(running):
                yield _end(running, descriptor, late=late)
    finally:
        for descriptor in list(running):
            _end(running, descriptor)


def call(program: Program) -> Ended:
    """Run one program to its end."""
    with contextlib.closing(run([program])) as ended:
        return next(ended)


def _start(program: Program) -> _Running:
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("wb") as log:
        process = subprocess.Popen(
            kept(program.argv, _GENTLY if program.gentle else _AT_ONCE),
            cwd=program.cwd,
            env={**os.environ, **program.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _Running(program, process, time.monotonic(), os.pidfd_open(process.pid))


def _next(running: Mapping[int, _Running]) -> list[tuple[int, bool]]:
    """Wait until programs have ended, or have used up their time; return the descriptor of each, and whether so."""
    poller = select.poll()
    for descriptor in running:
        poller.register(descriptor, select.POLLIN)
    deadline = min(one.started + one.program.timeout for one in running.values())
    ended = [descriptor for descriptor, _ in poller.poll(max(0.0, deadline - time.monotonic()) * 1000)]
    now = time.monotonic()
    late = [d for d, one in running.items() if d not in ended and now >= one.started + one.program.timeout]
    return [(d, False) for d in ended] + [(d, True) for d in late]


def _end(running: dict[int, _Running], descriptor: int, *, late: bool = False) -> Ended:
    """Take a program's end, or end it, and with it whatever it left behind."""
    one = running[descriptor]
    program, process = one.program, one.process
    with interruptions_held():
        if process.poll() is None and program.gentle:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        del running[descriptor]
        os.close(descriptor)
    if late:
        with program.log.open("a", encoding="utf-8") as log:
            log.write(f"\nno end within {duration(program.timeout)}\n")
    if code > 128:
        code = 128 - code  # as the shell says it
    text = program.log.read_text(encoding="utf-8", errors="replace")
    return Ended(program, code, time.monotonic() - one.started, text)
