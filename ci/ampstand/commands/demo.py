# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand demo``: boots both systems, lets them talk in three ways, restarts the remote, and says what happened."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal
from rich.table import Table

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.errors import AmpstandError, TestsFailed, UsageError
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.paths import records_root
from ampstand.progress import Progress, duration
from ampstand.qemu.machine import THREADS
from ampstand.report.records import Recorder

SERVICES = ("rpmsg-tty", "rpmsg-tty", "rpmsg-raw", "rpmsg-client-sample")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``demo``."""
    add_machine_arguments(parser)
    parser.add_argument("--rounds", type=int, default=2, help="starts of the remote (default: %(default)s)")


def add_machine_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that ``demo`` and ``run`` share."""
    parser.add_argument("--thread", choices=THREADS, default="multi", help="TCG threads of QEMU (default: %(default)s)")
    parser.add_argument("--firmware", default="echo-bare", help="image of the remote (default: %(default)s)")
    parser.add_argument("--records", type=Path, default=None, help="folder for logs and results of this run")


def records_folder(given: Path | None, command: str) -> Path:
    """Return the folder of this run's records: the one given, or a new one named by command and time."""
    return given.absolute() if given else records_root() / f"{command}-{time.strftime('%Y%m%d-%H%M%S')}"


def check_firmware(artifacts: Artifacts, name: str) -> None:
    """Fail if the build has no image of this name."""
    if name not in artifacts.firmware:
        known = ", ".join(sorted(artifacts.firmware)) or "none"
        raise UsageError(f"there is no firmware {name!r}", hint=f"images: {known}")


def main(args: argparse.Namespace, artifacts: Artifacts, board: Board) -> int:
    """Run the demo; return the exit code."""
    check_firmware(artifacts, args.firmware)
    folder = records_folder(args.records, "demo")
    demo = Demo(
        LinuxMachine(board, artifacts, Recorder.for_board(board, folder), thread=args.thread),
        args.firmware,
        args.rounds,
    )
    demo.machine.rerun = f"./scripts/ampstand demo --thread {args.thread} --firmware {args.firmware}"
    terminal = Terminal()
    try:
        demo.run()
    except AmpstandError as error:
        demo.machine.records.result("failed", steps=demo.results, error=error.message)
        terminal.print(demo.table())
        raise
    finally:
        demo.machine.stop()
    demo.machine.records.result("passed", steps=demo.results)
    terminal.print(demo.table())
    terminal.print(f"Everything went both ways. Logs of each core: {folder}", highlight=False, soft_wrap=True)
    return 0


class Demo:
    """The steps of the demo, and what came of each."""

    def __init__(self, machine: LinuxMachine, firmware: str, rounds: int) -> None:
        self.machine = machine
        self.firmware = firmware
        self.rounds = rounds
        self.results: list[dict[str, Any]] = []
        self._progress = Progress()

    def run(self) -> None:
        """Run all steps; the first that fails ends the demo."""
        machine = self.machine
        with self._progress.step(f"demo on {machine.board.title}") as step:

            def do(what: str, action: Callable[[], str]) -> None:
                step.update(what)
                began = time.monotonic()
                try:
                    result, good = action(), True
                except AmpstandError as error:
                    result, good = error.message, False
                    raise
                finally:
                    seconds = time.monotonic() - began
                    self.results.append({"what": what, "result": result, "good": good, "seconds": round(seconds, 3)})

            do("boot Linux", self._boot)
            remote = Remote(machine)
            for number in range(1, self.rounds + 1):
                again = "" if number == 1 else " again"
                do(f"start {self.firmware}{again}", lambda: self._start(remote))
                do("echo over /dev/ttyRPMSG0", lambda: _figures(remote.echo_tty()))
                do("echo over an rpmsg_char endpoint", lambda: _figures(remote.echo_char()))
                do("rpmsg_client_sample of the kernel", lambda: _sample(remote))
                do("stop the remote", lambda: self._stop(remote))
            do("look for trouble in all logs", self._judge)

    def table(self) -> Table:
        """Return the table: what, result, time."""
        table = Table()
        table.add_column("what")
        table.add_column("result")
        table.add_column("time", justify="right")
        for row in self.results:
            style = "" if row["good"] else "red"
            table.add_row(row["what"], row["result"], duration(row["seconds"]), style=style)
        return table

    def _boot(self) -> str:
        host = self.machine.boot().host
        online = host.text("cat /sys/devices/system/cpu/online")
        wanted = f"0-{self.machine.board.host_cpus - 1}"
        if online != wanted:
            raise TestsFailed(f"cores {online} are online, not {wanted}", hint=self.machine.diagnosis())
        return f"Linux {host.text('uname -r')}, cores {online} online"

    def _start(self, remote: Remote) -> str:
        remote.start(self.firmware, services=SERVICES)
        trace = remote.trace().splitlines()
        return trace[0] if trace else "running"

    def _stop(self, remote: Remote) -> str:
        remote.stop()
        return "offline"

    def _judge(self) -> str:
        reasons = self.machine.records.verdict()
        if reasons:
            raise TestsFailed("\n".join(reasons), hint=self.machine.diagnosis())
        return "none"


def _sample(remote: Remote) -> str:
    if not remote.has_sample():
        return "left out: this kernel was built without it"
    return f"{remote.sample()} messages echoed"


def _figures(data: dict[str, Any]) -> str:
    median = data["latency_us"]["median"]
    return f"{data['messages']} messages, {data['bytes']} bytes came back unchanged, median {median:.0f} µs"
