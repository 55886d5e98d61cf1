# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand gdb``: boots the board, or runs firmware without Linux, under gdb-multiarch with both clusters attached.

QEMU's stub has a process for each cluster: 1 is the host's, 2 the remote's. Both are inferiors of one gdb, each with
its symbols: ``vmlinux`` of a kernel that was built with ``--debug-info``, the ELF file of the firmware.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ampstand import paths
from ampstand.board import Board
from ampstand.build.builder import Builder
from ampstand.commands import alone, given
from ampstand.commands.given import Firmware, Given
from ampstand.commands.run import begin
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress
from ampstand.qemu.alone import RemoteMachine
from ampstand.qemu.machine import Machine
from ampstand.report.records import Recorder
from ampstand.signals import interruptions_left_to

DEBUGGER = "gdb-multiarch"
HOST, REMOTE = 1, 2
"""The processes of QEMU's stub."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``gdb``."""
    given.add_arguments(parser)
    parser.add_argument("--remote-only", type=Path, metavar="FILE.elf", help="only this, on the remote; no Linux")
    parser.add_argument(
        "--stopped", action="store_true", help="hold everything before the first instruction (default: boot first)"
    )
    parser.add_argument("--ex", action="append", default=[], metavar="COMMAND", help="for gdb, after our own")
    parser.add_argument("--batch", action="store_true", help="leave gdb after the commands")


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Start the board and gdb; return gdb's exit code."""
    board = builder.board
    check(board)
    records = given.records_folder(args.records, "gdb")
    with stub_socket() as (stub, stub_arguments):
        extra = [*stub_arguments, *(["-S"] if args.stopped else [])]
        if args.remote_only is not None:
            alone.checked(args.remote_only, board)
            machine: Machine = RemoteMachine(
                board,
                alone.builder_qemu(builder),
                args.remote_only,
                Recorder.for_board(board, records),
                thread=args.thread,
                extra_args=extra,
                held=args.stopped,
            )
            return debug(machine.start, machine, script(stub, None, args.remote_only, args.ex), args.batch)
        what = Given.read(args, board)
        if not what.firmware and what.before is None:
            what = replace(what, firmware=(Firmware("echo-bare"),))
        artifacts = what.build(builder)
        linux = what.machine(board, artifacts, records, thread=args.thread, extra_args=extra)

        def bring_up() -> None:
            if args.stopped:
                linux.start()
                return
            with progress.step(f"boot {board.title}"):
                linux.boot()
                begin(linux, what)

        image = artifacts.firmware[(what.before or what.firmware[0]).name]
        vmlinux = symbols_of(artifacts.kernel)
        if vmlinux is None:
            progress.warn("no symbols of the kernel: --debug-info builds it with them")
        commands = script(stub, vmlinux, image, args.ex)
        progress.say(f"Logs, also of what is said while gdb runs: {records}")
        return debug(bring_up, linux, commands, args.batch)


def check(board: Board) -> None:
    """Fail unless there is a gdb, and two clusters to attach."""
    if shutil.which(DEBUGGER) is None:
        raise InfrastructureError(f"there is no {DEBUGGER}", hint=f"as root: apt-get install {DEBUGGER}")
    if board.remote is None:
        raise UsageError(f"{board.name} has no remote")


def symbols_of(kernel: Path) -> Path | None:
    """Return the file with a kernel's symbols, if it was built with them."""
    vmlinux = kernel.with_name("vmlinux")
    return vmlinux if vmlinux.is_file() else None


@contextmanager
def stub_socket() -> Iterator[tuple[Path, list[str]]]:
    """Give the body a socket for QEMU's stub, and QEMU's arguments for it."""
    with tempfile.TemporaryDirectory(prefix="ampstand-gdb-") as folder:
        stub = Path(folder) / "gdb.sock"
        yield stub, ["-gdb", f"unix:{stub},server=on,wait=off"]


def script(stub: Path, kernel: Path | None, image: Path | None, more: Sequence[str] = ()) -> list[str]:
    """Return gdb's commands: both clusters attached, each with its symbols; the remote is the current one."""
    return [
        "set confirm off",
        "set pagination off",
        "set breakpoint pending on",
        f"directory {paths.ROOT}",
        f"target extended-remote {stub}",
        *([f"symbol-file {kernel}"] if kernel is not None else []),
        "add-inferior",
        f"inferior {REMOTE}",
        f"attach {REMOTE}",
        *([f"file {image}"] if image is not None else []),
        "set schedule-multiple on",
        *more,
    ]


def debug(bring_up: Callable[[], object], machine: Machine, commands: Sequence[str], batch: bool) -> int:
    """Run gdb on a machine once ``bring_up`` has returned; end the machine, and return gdb's exit code."""
    try:
        bring_up()
        argv = [DEBUGGER, "-q", "-nx", *(["-batch"] if batch else [])]
        for command in commands:
            argv += ["-ex", command]
        with interruptions_left_to():
            return subprocess.run(argv, check=False).returncode
    finally:
        machine.stop()
