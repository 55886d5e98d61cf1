# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand run``: boots the board and hands its Linux console to the terminal.

What the remote says (its console and its trace) goes to stderr, line by line with the core's name, and to files in the
records folder, so it can be followed in another terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.commands.demo import add_machine_arguments, check_firmware, records_folder
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.progress import Progress
from ampstand.qemu.trace import TraceReader
from ampstand.report.records import Recorder

ESCAPE = b"\x01"  # ^A, as in QEMU's own terminal
POLL_SECONDS = 0.25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``run``."""
    add_machine_arguments(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="print the QEMU command that does the same, ready to paste"
    )
    parser.add_argument("--no-start", action="store_true", help="boot Linux only; you start the remote")


def main(args: argparse.Namespace, artifacts: Artifacts, board: Board) -> int:
    """Hand over the console until QEMU ends or the user leaves; return the exit code."""
    machine = LinuxMachine(
        board, artifacts, Recorder.for_board(board, records_folder(args.records, "run")), thread=args.thread
    )
    if args.dry_run:
        print(machine.command_line())
        return 0
    machine.rerun = f"./scripts/ampstand run --thread {args.thread} --firmware {args.firmware}"
    try:
        progress = Progress()
        remote = None
        with progress.step(f"boot {board.title}"):
            machine.boot()
            if board.remote is not None:
                remote = Remote(machine)
                if not args.no_start:
                    check_firmware(artifacts, args.firmware)
                    remote.start(args.firmware)
        progress.say(f"Linux console follows. Leave: ^A x (or `poweroff`). Logs: {machine.records.folder}")
        session = Session(machine, remote)
        with raw_terminal():
            session.run()
    finally:
        machine.stop()
    return 0


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    """Put the terminal into raw mode for the body, if there is one."""
    if not sys.stdin.isatty():
        yield
        return
    saved = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)


class Session:
    """Passes bytes between the terminal and the Linux console, and shows what the remote says."""

    def __init__(self, machine: LinuxMachine, remote: Remote | None) -> None:
        self._machine = machine
        self._console = machine.host.console
        self._remote = remote
        self._escape = False
        self._traces: TraceReader | None = None
        self._trace = ""
        self._said = 0
        if remote is not None:
            self._traces = TraceReader(machine, remote.core, list(machine.artifacts.firmware.values()))

    def run(self) -> None:
        """Pass everything on until QEMU ends or the user leaves."""
        self._console.tap = lambda data: _write_all(sys.stdout.fileno(), data)
        self._machine.host.hand_over()
        inputs = [sys.stdin.fileno()]
        while self._machine.alive:
            ready, _, _ = select.select(inputs, [], [], POLL_SECONDS)
            if ready:
                data = os.read(sys.stdin.fileno(), 4096)
                if not data:
                    inputs.clear()
                elif self._type(data):
                    break
            self._show_remote()
        self._console.tap = None

    def _type(self, data: bytes) -> bool:
        """Send what was typed; True if it asks to leave."""
        out = bytearray()
        for byte in (data[at : at + 1] for at in range(len(data))):
            if self._escape:
                self._escape = False
                if byte in b"xX":
                    return True
                out += ESCAPE if byte == b"a" else ESCAPE + byte if byte != ESCAPE else ESCAPE
            elif byte == ESCAPE:
                self._escape = True
            else:
                out += byte
        if out and self._machine.alive:
            self._console.write(bytes(out))
        return False

    def _show_remote(self) -> None:
        """Show new lines of the remote's console, and keep its trace in a file of its own."""
        if self._remote is None or not self._machine.alive:
            return
        core = self._remote.core.core
        if self._machine.board.serial("remote-console") is not None:
            lines = self._remote.console.lines
            new = lines[self._said :]
            self._said += len(new)
            for line in new:
                _write_all(sys.stderr.fileno(), f"\r{core} | {line}\r\n".encode())
        if self._traces is not None and (added := self._traces.poll()):
            self._machine.records.feed(core, f"{core}-trace", added)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
