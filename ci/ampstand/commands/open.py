# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand open``: goes on from where a scenario or a demo failed, with the consoles on the terminal, or gdb.

Exit code: 0 if the user left, QEMU ended or the time was over; 1 if a core said a known-bad line meanwhile, known bugs
of this Linux apart; gdb's own with ``--gdb``; 2 if there is no state, or what it needs is gone or has changed; 3 if
QEMU cannot take it.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable
from pathlib import Path

from ampstand.commands import gdb, given
from ampstand.commands.run import Session
from ampstand.commands.terminal import raw_terminal
from ampstand.errors import InfrastructureError, TestsFailed, UsageError
from ampstand.formats.elf import Image
from ampstand.linux import known_bugs
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.saved_states import SavedState
from ampstand.progress import Progress
from ampstand.qemu.machine import QmpRefusedError
from ampstand.report import rerun
from ampstand.report.records import Recorder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``open``."""
    parser.add_argument(
        "scenario", type=Path, metavar="RECORDS/scenarios/NAME", help="records of a scenario or demo that failed"
    )
    parser.add_argument("--gdb", action="store_true", help="gdb on both clusters, which are held as they were saved")
    parser.add_argument("--ex", action="append", default=[], metavar="COMMAND", help="for gdb, after our own")
    parser.add_argument("--batch", action="store_true", help="leave gdb after the commands")
    parser.add_argument("--time-limit", type=float, default=0.0, metavar="SECONDS", help="end it then")
    parser.add_argument("--records", type=Path, metavar="DIR", help="folder for logs and results of this run")


def main(args: argparse.Namespace) -> int:
    """Hand over the consoles, or run gdb, until QEMU ends or the user leaves; return the exit code."""
    if (args.ex or args.batch) and not args.gdb:
        raise UsageError("--ex and --batch belong to --gdb")
    progress = Progress()
    state = SavedState.load(args.scenario)
    if args.gdb:
        gdb.check(state.board)
    recorder = Recorder.for_board(state.board, given.records_folder(args.records, "open"))
    with gdb.stub_socket() as (stub, arguments):
        machine = state.machine(recorder, arguments)
        machine.rerun = shlex.join([*rerun.base(args.parser, args), str(args.scenario.absolute())])
        bugs = known_bugs.excuse(machine)
        session = Session(machine, state.images)
        try:
            progress.say(f"{args.scenario.name}: {state.reason}")
            with progress.step(f"restore {state.board.title}"):
                _restore(machine)
            commands = gdb.script(stub, gdb.symbols_of(state.artifacts.kernel), _loaded(machine, state.images), args.ex)
            if args.gdb:
                progress.say(f"Logs, also of what is said while gdb runs: {recorder.folder}")
                return gdb.debug(machine.settle, machine, commands, args.batch)
            if state.board.remote is not None:
                script = recorder.folder / "gdb"
                script.write_text("".join(f"{command}\n" for command in commands), encoding="utf-8")
                progress.say(f"gdb, in another terminal: {shlex.join([gdb.DEBUGGER, '-q', '-nx', '-x', str(script)])}")
            _go_on(machine, recorder, state, progress)
            progress.say(f"Linux console follows. Leave: ^A x (or `poweroff`). Logs: {recorder.folder}")
            with raw_terminal():
                session.run(args.time_limit)
        finally:
            machine.stop()
    reasons, notes = recorder.verdict(), known_bugs.met(bugs)
    recorder.result("failed" if reasons else "passed", reasons=reasons, notes=notes, inputs=state.artifacts.provenance)
    for text in (*reasons, *notes):
        progress.warn(text)
    return TestsFailed.exit_code if reasons else 0


def _restore(machine: LinuxMachine) -> None:
    try:
        machine.restore()
    except (TestsFailed, QmpRefusedError) as error:
        raise InfrastructureError(f"QEMU does not take the state: {error.message}", hint=error.hint) from error


def _go_on(machine: LinuxMachine, recorder: Recorder, state: SavedState, progress: Progress) -> None:
    """Let the board run, and get Linux's shell if it waits for us."""
    machine.settle()
    recorder.take_bad()  # a trace has also what was said before
    machine.qmp("cont")
    if state.runs:
        machine.host.lost()
        progress.say(f"Linux still runs `{state.runs}`: ^C ends it, and `stty sane` brings back the usual terminal")
    elif state.ready:
        try:
            machine.host.adopt()
        except TestsFailed as error:
            machine.host.lost()
            progress.warn(f"Linux's shell does not answer: {error.message}")


def _loaded(machine: LinuxMachine, images: Iterable[Path]) -> Path | None:
    """Return the image whose code is in the remote's memory, as far as the host sees it."""
    remote = machine.board.remote
    if remote is None:
        return None
    for path in images:
        code = [part for part in Image.read(path.read_bytes()).segments if part.data and "w" not in part.rights]
        places = [remote.reach(part.paddr, len(part.data)) for part in code]
        if code and all(
            where is not None and machine.read_memory(where, len(part.data)) == part.data
            for where, part in zip(places, code, strict=True)
        ):
            return path
    return None
