# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Firmware without Linux: ``ampstand run --remote-only FILE.elf`` and what twister drives.

The image runs until a line tells how it ended, it says so itself by semihosting, the core locks up, the time is over or
the user leaves.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ampstand.board import Board, Serial
from ampstand.build.builder import Builder
from ampstand.commands.inspect import Report
from ampstand.commands.terminal import Keys, raw_terminal, write_all
from ampstand.errors import AmpstandError, InfrastructureError, TestsFailed, UsageError
from ampstand.progress import printable
from ampstand.qemu.alone import RemoteMachine
from ampstand.qemu.trace import TraceReader
from ampstand.report.bad_lines import BadLines
from ampstand.report.records import Recorder

LOOK_SECONDS = 0.25
"""Between two looks at the state of the core."""
Show = Callable[[str, bytes], None]
"""Takes what came on a stream: its name, and the bytes."""
Ready = Callable[[], bool | None]
"""Takes what is there to be read from a descriptor; returns True to leave, None when nothing will come any more."""


@dataclass(frozen=True)
class Ending:
    """How it ended; ``code`` is an exit code of ours, None if the time was over before anything told."""

    code: int | None
    reason: str


def checked(path: Path, board: Board) -> Report:
    """Read an image that is to run before Linux, or without it; ``UsageError`` if it cannot."""
    report = Report.of(path, board)
    if reason := report.reason(linux=False):
        raise UsageError(f"{path} cannot run: {reason}", hint=f"`./scripts/ampstand inspect {path}` has the details")
    return report


def builder_qemu(builder: Builder) -> Path:
    """Return the QEMU to run: the user's own, or ours, which is built if it is not there."""
    own = builder.options.qemu
    if own is None:
        return builder.qemu() / "qemu-system-aarch64"
    if not os.access(own, os.X_OK):
        raise UsageError(f"--qemu {own}: no such program")
    return own.absolute()


class Judge:
    """Looks for the line that ends a run."""

    def __init__(self, until: str = "", fail_on: str = "", *, strict: bool = True) -> None:
        """Take two regular expressions. ``strict``: a line in which an RTOS reports its own death ends it, too."""
        self._until = _pattern("--until", until)
        self._fail_on = _pattern("--fail-on", fail_on)
        self._bad = BadLines.load() if strict else None
        self._partial: dict[str, str] = {}

    def take(self, stream: str, text: str) -> Ending | None:
        """Take what came on a stream; return how the run ended, if that is known now."""
        *lines, self._partial[stream] = (self._partial.get(stream, "") + text).split("\n")
        return next(filter(None, map(self._line, lines)), None)

    def last(self) -> Ending | None:
        """Judge lines that have begun and will not end any more."""
        return next(filter(None, map(self._line, self._partial.values())), None)

    def _line(self, raw: str) -> Ending | None:
        line = raw.strip("\r\0")
        if self._fail_on is not None and self._fail_on.search(line):
            return Ending(TestsFailed.exit_code, f"it said: {line}")
        if self._until is not None and self._until.search(line):
            return Ending(0, f"it said: {line}")
        found = self._bad.find(self._bad.judging("remote"), line) if self._bad is not None else None
        if found is not None and found.severity == "fatal":
            return Ending(TestsFailed.exit_code, f"it said: {line} ({found.system})")
        return None


def _pattern(option: str, text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise UsageError(f"{option} {text!r} is no regular expression: {error}") from error


class Alone:
    """One run of an image on a board of its own."""

    def __init__(self, machine: RemoteMachine, judge: Judge, show: Show) -> None:
        self.machine = machine
        self.ending: Ending | None = None
        self._judge = judge
        self._show = show
        self._wake_read, self._wake_write = os.pipe()
        reader = TraceReader(machine, machine.remote, machine.artifacts.firmware.values())

        def poll() -> str:
            text = reader.poll()
            self._heard("trace", text.encode())
            return text

        machine.listen(lambda serial, data: self._heard(serial.name, data))
        machine.follow(machine.remote.core, f"{machine.remote.core}-trace", poll)

    def run(self, inputs: Mapping[int, Ready], time_limit: float = 0.0) -> Ending:
        """Run until it has ended, or one of the inputs, by descriptor, says so; ``time_limit`` in seconds, 0 for none.

        The machine is started if it has not been.
        """
        if not self.machine.process.begun:
            self.machine.start()
        waiting = dict(inputs)
        end = time.monotonic() + time_limit if time_limit else None
        while self.ending is None:
            left = LOOK_SECONDS if end is None else min(LOOK_SECONDS, end - time.monotonic())
            if left <= 0:
                return self._over(time_limit)
            ready, _, _ = select.select([self._wake_read, *waiting], [], [], left)
            for descriptor in ready:
                if descriptor == self._wake_read:
                    continue
                leave = waiting[descriptor]()
                if leave:
                    return Ending(0, "left")
                if leave is None:
                    del waiting[descriptor]
            self._look()
        return self.ending

    def stop(self) -> None:
        """End QEMU and everything it left."""
        self.machine.stop()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def type(self, data: bytes) -> None:
        """Send bytes to the remote's console."""
        if self.machine.alive:
            self.machine.console("remote-console").write(data)

    def _over(self, time_limit: float) -> Ending:
        self.machine.settle()
        return self.ending or self._judge.last() or Ending(None, f"the time of {time_limit:g} s is over")

    def _heard(self, stream: str, data: bytes) -> None:
        if data:
            self._show(stream, data)
            ending = self._judge.take(stream, data.decode("utf-8", "replace"))
            if ending is not None:
                self._end(ending)

    def _end(self, ending: Ending) -> None:
        if self.ending is None:
            self.ending = ending
            os.write(self._wake_write, b"!")

    def _look(self) -> None:
        """See whether QEMU has ended, or the core is locked up."""
        try:
            locked = self.machine.alive and self.machine.state() == "lockup"
        except AmpstandError:  # it has ended between the two
            locked = False
        if locked:
            self.machine.settle()
            self._end(Ending(TestsFailed.exit_code, f"{self.machine.remote.core} is locked up"))
        status = self.machine.process.exit_status
        if status is not None:
            self._end(self._judge.last() or _status(status))


def _status(status: int) -> Ending:
    """Return what QEMU's exit status means: once it runs, only semihosting and signals end it."""
    if status < 0:
        raise InfrastructureError(f"QEMU ended with signal {-status}")
    how = "said by semihosting that all is well" if status == 0 else f"ended with code {status} by semihosting"
    return Ending(0 if status == 0 else TestsFailed.exit_code, f"it {how}")


def typed(descriptor: int, take: Callable[[bytes], bool | None]) -> Ready:
    """Return what reads a descriptor and gives the bytes to ``take``, which returns True to leave."""

    def ready() -> bool | None:
        try:
            data = os.read(descriptor, 4096)
        except OSError:  # the other end of a pseudo terminal is closed
            data = b""
        return bool(take(data)) if data else None

    return ready


class Terminal:
    """Shows what comes: the remote's console as it is, everything else line by line with its name."""

    def __init__(self, front: Serial) -> None:
        self._front = front.name
        self._partial: dict[str, bytes] = {}

    def show(self, stream: str, data: bytes) -> None:
        """Take what came on a stream."""
        if stream == self._front:
            write_all(sys.stdout.fileno(), data)
            return
        *lines, self._partial[stream] = (self._partial.get(stream, b"") + data).split(b"\n")
        for line in lines:
            text = printable(line.rstrip(b"\r").decode("utf-8", "replace"))
            write_all(sys.stdout.fileno(), f"{stream} | {text}\r\n".encode())

    def flush(self) -> None:
        """Show lines that have begun and will not end any more."""
        for stream, rest in self._partial.items():
            if rest.strip(b"\r\0"):
                self.show(stream, b"\n")


@dataclass(frozen=True)
class Orders:
    """What the user wants of a run without Linux."""

    image: Path
    until: str
    fail_on: str
    time_limit: float
    thread: str
    exact: bool
    records: Path
    dry_run: bool


def run(orders: Orders, builder: Builder, board: Board) -> int:
    """Run an image on the terminal; return the exit code."""
    judge = Judge(orders.until, orders.fail_on)
    checked(orders.image, board)
    records = Recorder.for_board(board, orders.records)
    machine = RemoteMachine(
        board, builder_qemu(builder), orders.image, records, thread=orders.thread, exact=orders.exact
    )
    if orders.dry_run:
        print(machine.command_line())
        return 0
    terminal = Terminal(board.serial("remote-console") or board.shell)
    alone = Alone(machine, judge, terminal.show)
    keys = Keys(alone.type)
    try:
        with raw_terminal():
            ending = alone.run({sys.stdin.fileno(): typed(sys.stdin.fileno(), keys.type)}, orders.time_limit)
    finally:
        alone.stop()
        terminal.flush()
    code, reason = ending.code, ending.reason
    if code is None:
        code = TestsFailed.exit_code if orders.until else 0
        reason += f", and it did not say {orders.until!r}" if orders.until else ""
    records.result("failed" if code else "passed", reasons=[reason] if code else [], ending=reason)
    print(f"\rampstand: {orders.image.name}: {reason}. Logs: {orders.records}\r", file=sys.stderr)
    return code
