# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand run``: boots the board and hands its Linux console to the terminal; or runs firmware without Linux.

With ``--debian`` it is Debian on an SD card, with Debian's own kernel, that boots; what is written to the card is gone
when QEMU ends.

Where the standard input ends, Linux is switched off once it has done what was typed. What the remote says (its console
and its trace) goes to stderr, line by line with the core's name, and to files in the records folder, so it can be
followed in another terminal.

Exit code: 1 if a core said a known-bad line, else 0; known bugs of this Linux are only noted. With ``--remote-only``: 0
if the line ``--until`` came, the firmware said by semihosting that all is well, the time was over without ``--until``,
or the user left; 1 if a line of ``--fail-on`` or of an RTOS that dies came, the core is locked up, semihosting said
otherwise, or the time was over before ``--until``.
"""

from __future__ import annotations

import argparse
import os
import select
import shlex
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ampstand.board import SIGNED
from ampstand.build.builder import Builder
from ampstand.build.debian import Debian
from ampstand.commands import alone, given
from ampstand.commands.given import Firmware, Given
from ampstand.commands.terminal import Keys, raw_terminal, write_all
from ampstand.errors import TestsFailed, UsageError
from ampstand.linux import debian, known_bugs
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.secure_remote import SecureRemote, place
from ampstand.progress import Progress, printable
from ampstand.qemu.trace import follow_traces
from ampstand.report import rerun
from ampstand.report.records import Recorder

POLL_SECONDS = 0.25
DEFAULT = Firmware("echo-bare")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``run``."""
    given.add_arguments(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="print the QEMU command that does the same, ready to paste"
    )
    parser.add_argument("--no-start", action="store_true", help="boot Linux only; you start the remote")
    parser.add_argument("--exact", action="store_true", help="time is a count of instructions (docs/measure.md)")
    parser.add_argument(
        "--debian", action="store_true", help="boot Debian from an SD card (docs/debian.md); root has no password"
    )
    group = parser.add_argument_group("without Linux")
    group.add_argument("--remote-only", type=Path, metavar="FILE.elf", help="run only this, on the remote; no Linux")
    group.add_argument("--until", default="", metavar="PATTERN", help="a line that ends it with exit code 0")
    group.add_argument("--fail-on", default="", metavar="PATTERN", help="a line that ends it with exit code 1")
    group.add_argument("--time-limit", type=float, default=0.0, metavar="SECONDS", help="end it then, also with Linux")


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Hand over the console until QEMU ends or the user leaves; return the exit code."""
    board = builder.board
    folder = given.records_folder(args.records, "run")
    if args.remote_only is not None:
        if args.firmware or args.remote_image or args.file or args.overlay:
            raise UsageError("--remote-only takes no firmware, file or overlay for Linux: there is none")
        orders = alone.Orders(
            args.remote_only,
            args.until,
            args.fail_on,
            args.time_limit,
            args.thread,
            args.exact,
            folder,
            args.dry_run,
        )
        return alone.run(orders, builder, board)
    if args.until or args.fail_on:
        raise UsageError("--until and --fail-on belong to --remote-only")
    if args.debian:
        return _debian(args, builder, progress, folder)
    what = Given.read(args, board)
    if not what.firmware and what.before is None and board.remote is not None:
        what = replace(what, firmware=(DEFAULT,))
    machine = what.machine(board, what.build(builder), folder, thread=args.thread, exact=args.exact)
    if args.dry_run:
        print(machine.command_line())
        if not (
            what.files or what.overlays or args.boot_loader or args.from_sd or args.records
        ):  # else the command names files that are there
            shutil.rmtree(folder)
        return 0
    bugs = known_bugs.excuse(machine)
    machine.rerun = shlex.join(rerun.base(args.parser, args))
    session = Session(machine, machine.artifacts.firmware.values())
    try:
        with progress.step(f"boot {board.title}"):
            machine.boot()
            if board.remote is not None and not args.no_start:
                begin(machine, what)
        progress.say(f"Linux console follows. Leave: ^A x (or `poweroff`). Logs: {machine.records.folder}")
        with raw_terminal():
            session.run(args.time_limit)
    finally:
        machine.stop()
    assert isinstance(machine.records, Recorder)
    reasons, notes = given.verdict(machine.records, what)
    notes += known_bugs.met(bugs)
    machine.records.result("failed" if reasons else "passed", reasons=reasons, notes=notes)
    for text in (*reasons, *notes):
        progress.warn(text)
    return TestsFailed.exit_code if reasons else 0


def _debian(args: argparse.Namespace, builder: Builder, progress: Progress, folder: Path) -> int:
    """Boot Debian from its card and hand over its console; return the exit code."""
    given_too = [
        f"--{name.replace('_', '-')}"
        for name in ("firmware", "remote_image", "file", "overlay", "exact", "kernel", "no_start")
        if getattr(args, name)
    ]
    if given_too:
        raise UsageError(f"--debian takes no {', '.join(given_too)}: it boots with its own kernel and files")
    system, artifacts = Debian(builder), builder.all()

    def records(place: Path) -> Recorder:
        return Recorder.for_board(builder.board, place)

    image = debian.card(system, artifacts, lambda: records(folder / "configure"))
    machine = debian.machine(builder.board, system.boot(), image, artifacts, records(folder), thread=args.thread)
    if args.dry_run:
        print(machine.command_line())
        return 0
    session = Session(machine, machine.artifacts.firmware.values())
    try:
        with progress.step(f"boot Debian on {builder.board.title}"):
            debian.boot(machine)
        progress.say(f"Log in as {debian.USER}. Leave: ^A x (or `poweroff`). Logs: {machine.records.folder}")
        with raw_terminal():
            session.run(args.time_limit)
    finally:
        machine.stop()
    assert isinstance(machine.records, Recorder)
    touched = {str(line) for line in machine.records.bad if line.stream == "guest-errors"}
    reasons = [reason for reason in machine.records.verdict() if reason not in touched]
    machine.records.result("failed" if reasons else "passed", reasons=reasons)
    for text in reasons:
        progress.warn(text)
    if touched:
        progress.say(f"Drivers accessed what no model has: {machine.records.folder}/guest-errors.log")
    return TestsFailed.exit_code if reasons else 0


def begin(machine: LinuxMachine, what: Given) -> None:
    """Start the first image, or attach to what runs already if it has a resource table."""
    remote = Remote(machine)
    if what.secure == SIGNED:
        name = what.firmware[0].name
        SecureRemote(machine, name).done("load", place(name), "start")
    elif what.before is None:
        remote.start(what.firmware[0].name)
    elif what.before.leaves_table(remote.machine.artifacts):
        remote.attach()


class Session:
    """Passes bytes between the terminal and the Linux console, and shows what the remote says."""

    def __init__(self, machine: LinuxMachine, images: Iterable[Path]) -> None:
        """Prepare a machine that is not started yet: its trace is recorded from the start.

        ``images`` may run on its remote.
        """
        self._machine = machine
        self._console = machine.host.console
        self._keys = Keys(self._send)
        self._said = 0
        self._traced = 0
        self._core = machine.board.remote.core if machine.board.remote is not None else ""
        self._trace = next(iter(follow_traces(machine, images)), None)

    def run(self, time_limit: float) -> None:
        """Pass everything on until QEMU ends, the user leaves, or the time (seconds; 0: no limit) is over.

        A shell that waits for the harness is handed over; else the console is the user's as it is.
        """
        self._console.tap = lambda data: write_all(sys.stdout.fileno(), data)
        if self._machine.host.get_status():
            self._machine.host.hand_over()
        inputs = [sys.stdin.fileno()]
        end = time.monotonic() + time_limit
        while self._machine.alive and not (time_limit and time.monotonic() > end):
            ready, _, _ = select.select(inputs, [], [], POLL_SECONDS)
            if ready:
                data = os.read(sys.stdin.fileno(), 4096)
                if not data:
                    inputs.clear()
                    self._send(b"poweroff\n")
                elif self._keys.type(data):
                    break
            self._show_remote()
        self._console.tap = None

    def _send(self, data: bytes) -> None:
        if self._machine.alive:
            self._console.write(data)

    def _show_remote(self) -> None:
        """Show new lines of the remote's console and trace."""
        if self._machine.board.serial("remote-console") is not None:
            self._said = self._show(self._core, self._machine.console("remote-console").lines, self._said)
        if self._trace is not None:
            self._traced = self._show(f"{self._core} trace", self._trace.lines, self._traced)

    def _show(self, name: str, lines: list[str], shown: int) -> int:
        """Show lines after the first ``shown``; return how many are shown now."""
        new = lines[shown:]
        for line in new:
            write_all(sys.stderr.fileno(), f"\r{name} | {printable(line.rstrip())}\r\n".encode())
        return shown + len(new)
