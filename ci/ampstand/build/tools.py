# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Runs a build tool: all output to a log file, how far it is to the live line, its failure as one message."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ampstand.build import cache
from ampstand.errors import InfrastructureError
from ampstand.progress import Step
from ampstand.signals import interruptions_held

TAIL_LINES = 15
MESON = (sys.executable, "-m", "mesonbuild.mesonmain")
"""The Meson of the virtual environment."""

CAUSES: tuple[tuple[str, str], ...] = (
    (r"No space left on device|ENOSPC", "the disk is full: free some space, or set AMPSTAND_CACHE to a larger disk"),
    (
        r"Could not resolve|Temporary failure resolving|Network is unreachable|Connection (refused|timed out|failed)"
        r"|Could not connect",
        "the network could not be reached: check it, then run the same command again",
    ),
    (
        r"Hash Sum mismatch|File has unexpected size|Mirror sync in progress",
        "the package mirror is in the middle of an update: run the same command again in some minutes",
    ),
    (
        r"NO_PUBKEY|EXPKEYSIG",
        "Debian's keyring on this machine is too old: apt-get install --only-upgrade debian-archive-keyring",
    ),
    (r"Cannot allocate memory|Killed signal|fatal error: Killed", "the machine ran out of memory: close something"),
    (r"command not found|not found in PATH", "`ampstand doctor` says which tools are missing"),
)
"""What in a tool's output tells the cause, and what mends it."""

_COUNT = re.compile(r"^\[(\d+)/(\d+)\]\s*(.*)")
_OBJECT = re.compile(r"^\s+(CC|AS|AR|LD|HOSTCC|DTC|GEN|CHECK|UPD)\s+(\[M\]\s+)?(\S+)")

Watch = Callable[[str, Step], None]


def ninja_progress(line: str, step: Step) -> None:
    """Show ``[n/m]`` of ninja, with what is being made."""
    match = _COUNT.match(line)
    if match:
        step.update(match[3].removeprefix("Compiling C object ")[-60:], done=int(match[1]), total=int(match[2]))


def make_progress(expected: int) -> Watch:
    """Return a watcher that counts what a kernel build has made, of about ``expected`` objects."""

    def watch(line: str, step: Step) -> None:
        match = _OBJECT.match(line)
        if match:
            done = step.done + 1
            step.update(match[3][-50:], done=done, total=max(done, expected))

    return watch


def require(*tools: str) -> None:
    """Fail unless every one of the named programs can be found."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise InfrastructureError(
            f"needed but not installed: {', '.join(missing)}", hint="`ampstand doctor` says how to get them"
        )


def cause_of(text: str) -> str:
    """Return the hint that belongs to a tool's output, empty when none is known."""
    return next((hint for pattern, hint in CAUSES if re.search(pattern, text)), "")


def run(
    argv: Sequence[str | Path],
    *,
    what: str,
    log: Path,
    step: Step,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> str:
    """Run a tool to its end and return its last lines; raise with its last lines when it fails.

    Output goes to the end of ``log``. The tool runs in a process group of its own, which is ended when this process is
    interrupted. It inherits the cache locks held here, so a lock outlives a killed parent until its tools are gone.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    hint = ""
    with log.open("a", encoding="utf-8", errors="replace") as sink:
        sink.write(f"$ {' '.join(str(word) for word in argv)}\n")
        sink.flush()
        process: subprocess.Popen[str] | None = None
        try:
            with interruptions_held():
                process = subprocess.Popen(
                    [str(word) for word in argv],
                    cwd=cwd,
                    env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    start_new_session=True,
                    pass_fds=cache.held_locks(),
                )
            assert process.stdout is not None
            for line in process.stdout:
                sink.write(line)
                tail.append(line.rstrip())
                hint = hint or cause_of(line)
                if watch is not None:
                    watch(line, step)
            code = process.wait()
        except BaseException as error:
            if process is not None:
                _end_group(process)
            elif isinstance(error, OSError):
                raise InfrastructureError(
                    f"{what}: {argv[0]} cannot be run: {error.strerror}", hint="`ampstand doctor` says what is missing"
                ) from error
            raise
    if code != 0:
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        last = "\n".join(f"  | {line}" for line in tail)
        raise InfrastructureError(f"{what} failed: {Path(argv[0]).name} {ended}\n{last}\nlog: {log}", hint=hint)
    return "\n".join(tail)


def _end_group(process: subprocess.Popen[str]) -> None:
    """End a tool and everything it started, and reap it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def output(argv: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Return what a short command prints; raise when it fails."""
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise InfrastructureError(
            f"{argv[0]} cannot be run: {error.strerror}", hint="`ampstand doctor` says what is missing"
        ) from error
    if done.returncode != 0:
        raise InfrastructureError(
            f"`{' '.join(str(word) for word in argv)}` ended with code {done.returncode}: {done.stderr.strip()}",
            hint=cause_of(done.stderr),
        )
    return done.stdout
