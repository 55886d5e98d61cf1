# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand demo``: boots both systems, lets them talk in three ways, restarts the remote, and says what happened.

Of firmware that is not our own it shows and judges what any firmware does: it starts, says something, announces
services, stops.
"""

from __future__ import annotations

import argparse
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal
from rich.table import Table
from rich.text import Text

from ampstand.board import CHAIN, REMOTEPROC, SIGNED, STARTS_REMOTE
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.commands import given
from ampstand.commands.given import Firmware, Given
from ampstand.errors import AmpstandError, TestsFailed
from ampstand.formats import signed
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.saved_states import SavedStates
from ampstand.linux.secure_remote import DONE, REFUSED, VIOLATION, SecureRemote, place, reach
from ampstand.progress import Progress, Step, duration, printable
from ampstand.qemu.machine import WaitError
from ampstand.qemu.trace import TraceReader, follow_traces
from ampstand.report import rerun
from ampstand.report.records import Recorder

OF_THIS_DEMO = ("echo-bare", "echo-freertos")
"""Images of ours that the demo knows how to talk to."""
ANNOUNCED = r"creating channel (\S+) addr"
SERVICES = ("rpmsg-tty", "rpmsg-tty", "rpmsg-raw", "rpmsg-client-sample")
NOTES_SHOWN = 3
CHANGED = "changed"
"""A signed image that is not what was signed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``demo``."""
    given.add_arguments(parser, secure=CHAIN)
    parser.add_argument("--rounds", type=int, default=2, help="starts of each image (default: %(default)s)")


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Run the demo; return the exit code."""
    what = Given.read(args, builder.board)
    folder = given.records_folder(args.records, "demo")
    artifacts = what.build(builder)
    for name, level in levels(what).items() if args.secure == CHAIN else [("", what)]:
        records = folder / name.replace(" ", "-") if name else folder
        _run(args, builder, artifacts, level, name, records, progress)
    Terminal().print(
        f"Everything went well. Logs of each core: {folder}", highlight=False, markup=False, soft_wrap=True
    )
    return 0


def levels(what: Given) -> dict[str, Given]:
    """Return by name at which levels it is shown that only what is signed is started, each on a board of its own."""
    return {
        "trusted application": replace(what, secure=SIGNED, boot_loader=False),
        "remoteproc": replace(what, secure=REMOTEPROC, boot_loader=False),
        "full chain": replace(what, secure=REMOTEPROC, boot_loader=True),
    }


def _run(
    args: argparse.Namespace,
    builder: Builder,
    artifacts: Artifacts,
    what: Given,
    title: str,
    folder: Path,
    progress: Progress,
) -> None:
    """Show one board."""
    if not what.firmware and what.before is None:
        what = replace(what, firmware=(Firmware("count-bare" if what.secure == SIGNED else "echo-bare"),))
    if what.secure in STARTS_REMOTE:
        data = artifacts.signed[what.firmware[0].name].read_bytes()
        changed = signed.flipped(data, signed.parts(data)["signature"])
        what = replace(what, files={**what.files, place(CHANGED).lstrip("/"): changed})
    demo = Demo(what.machine(builder.board, artifacts, folder, thread=args.thread), what, args.rounds, progress)
    demo.title = title
    demo.machine.rerun = shlex.join(rerun.base(args.parser, args))
    terminal = Terminal()
    try:
        demo.run()
    except AmpstandError as error:
        demo.records.result("failed", steps=demo.results, reasons=[error.message])
        terminal.print(demo.table())
        progress.say(_keep(demo.machine, folder))
        raise
    finally:
        demo.machine.stop()
    demo.records.result("passed", steps=demo.results)
    terminal.print(demo.table())


def _keep(machine: LinuxMachine, folder: Path) -> str:
    """Save the machine as it is now; return how to go on from there, or why that cannot be done."""
    try:
        SavedStates(folder, 1).save(machine, list(machine.artifacts.firmware.values()))
    except (AmpstandError, OSError) as error:
        return f"the state of the board is not saved: {str(error).partition(chr(10))[0]}"
    return f"go on from here: {shlex.join([rerun.program(), 'open', str(folder)])}"


class Demo:
    """The steps of the demo, and what came of each."""

    def __init__(self, machine: LinuxMachine, what: Given, rounds: int, progress: Progress) -> None:
        self.machine = machine
        self.what = what
        self.rounds = rounds
        self.title = ""
        self.results: list[dict[str, Any]] = []
        assert isinstance(machine.records, Recorder)
        self.records = machine.records
        self._progress = progress
        self._step = Step("")
        self._trace = next(iter(follow_traces(machine, machine.artifacts.firmware.values())), None)

    def run(self) -> None:
        """Run all steps; the first that fails ends the demo."""
        with self._progress.step(f"demo on {self.machine.board.title}") as self._step:
            self._do("boot OP-TEE, U-Boot and Linux" if self.what.in_chain else "boot Linux", self._boot)
            remote = Remote(self.machine)
            if self.what.before is not None:
                self._before_linux(remote, self.what.before)
            for firmware in self.what.firmware:
                if self.what.secure == SIGNED:
                    self._signed(SecureRemote(self.machine, firmware.name), firmware)
                    continue
                if self.what.secure == REMOTEPROC:
                    self._changed(SecureRemote(self.machine, firmware.name), firmware)
                talk = self._talk if firmware.name in OF_THIS_DEMO else self._listen
                for number in range(1, self.rounds + 1):
                    talk(remote, firmware, "" if number == 1 else " again")
            self._do("look for trouble in all logs", self._judge)

    def _do(self, what: str, action: Callable[[], str]) -> None:
        self._step.update(what)
        began = time.monotonic()
        try:
            result, good = action(), True
        except AmpstandError as error:
            result, good = error.message, False
            raise
        finally:
            seconds = time.monotonic() - began
            self.results.append({"what": what, "result": result, "good": good, "seconds": round(seconds, 3)})

    def _talk(self, remote: Remote, firmware: Firmware, again: str) -> None:
        self._do(f"start {firmware.name}{again}", lambda: self._start(remote, firmware.name))
        self._do("echo over /dev/ttyRPMSG0", lambda: _figures(remote.echo_tty()))
        self._do("echo over an rpmsg_char endpoint", lambda: _figures(remote.echo_char()))
        self._do("rpmsg_client_sample of the kernel", lambda: _sample(remote))
        self._do("stop the remote", lambda: self._stop(remote))

    def _signed(self, remote: SecureRemote, firmware: Firmware) -> None:
        """Let the secure world start what is signed, and refuse what is not."""
        self._do(f"load {firmware.name}, a bit of it changed", lambda: self._refused(remote, firmware))
        for _ in range(self.rounds):
            self._do(f"start {firmware.name}, signed", lambda: self._start_signed(remote, firmware))
            self._do("what it says", Heard(self.machine, remote, self._trace).said)
            self._do("stop the remote, clear its memory", lambda: self._stop_signed(remote))
        self._do("let Linux read secure memory", self._look)

    def _refused(self, remote: SecureRemote, firmware: Firmware) -> str:
        self.machine.tolerate_bad(REFUSED, "an image is refused", "host")
        (answer,) = remote.ask("load", place(CHANGED))
        if answer == DONE or remote.held_segments() or remote.runs():
            raise TestsFailed(f"OP-TEE takes a changed {firmware.name}", hint=self.machine.diagnosis())
        return f"refused: TEE_Result {answer:#x}; nothing of it is in the remote's memory"

    def _changed(self, remote: SecureRemote, firmware: Firmware) -> None:
        self._do(f"start {firmware.name}, a bit of it changed", lambda: self._refused_start(remote))

    def _refused_start(self, remote: SecureRemote) -> str:
        self.machine.tolerate_bad(REFUSED, "an image is refused", "host")
        for line in ("secure world refuses load: 0x", "Boot failed: -"):
            self.machine.expect_bad(f"remoteproc0: {line}", "host")
        remote.firmware(CHANGED)
        answer = remote.host.run(f"echo start >{remote.sysfs}/state")
        if not answer.exitcode or remote.held_segments() or remote.runs():
            raise TestsFailed("Linux starts a changed image", hint=self.machine.diagnosis())
        return f"refused: {answer.output.splitlines()[-1]}; nothing of it is in the remote's memory"

    def _start_signed(self, remote: SecureRemote, firmware: Firmware) -> str:
        remote.done("load", place(firmware.name), "start")
        return "running" if remote.runs() else "held"

    def _stop_signed(self, remote: SecureRemote) -> str:
        remote.done("stop", "release")
        return remote.core_state()

    def _look(self) -> str:
        world = self.machine.board.secure_world
        assert world is not None
        self.machine.expect_bad(VIOLATION, "host")
        self.machine.expect_bad(f"stm32mp1-tzc: A7, non-secure: read of .* at {world.base:#x} refused", "host")
        if read := reach(self.machine, world.base):
            raise TestsFailed(f"Linux reads {read:#x} at {world.base:#x}, which is the secure world's")
        return f"0 at {world.base:#x}, and OP-TEE is told"

    def _listen(self, remote: Remote, firmware: Firmware, again: str) -> None:
        def start() -> str:
            remote.start(firmware.name)
            return "running"

        heard = Heard(self.machine, remote, self._trace)
        self._do(f"start {firmware.name}{again}", start)
        self._do("what it says", heard.said)
        if firmware.has_vdev(self.machine.artifacts):
            self._do("services that it announces", heard.services)
        self._do("stop the remote", lambda: self._stop(remote))

    def _before_linux(self, remote: Remote, firmware: Firmware) -> None:
        def found() -> str:
            remote.found_running()
            if (state := remote.state()) != "detached":
                raise TestsFailed(f"{firmware.name} runs since before Linux, which calls it {state}, not detached")
            return "detached"

        def attach() -> str:
            remote.attach()
            return "attached"

        heard = Heard(self.machine, remote, self._trace, since_start=True)
        self._do(f"find {firmware.name} running", found)
        self._do("what it says", heard.said)
        if not firmware.has_table:
            return  # Linux cannot attach to it, nor stop it
        self._do(f"attach to {firmware.name}", attach)
        if firmware.has_vdev(self.machine.artifacts):
            self._do("services that it announces", heard.services)
        self._do("stop the remote", lambda: self._stop(remote))

    def table(self) -> Table:
        """Return the table: what, result, time."""
        table = Table(title=self.title or None)
        table.add_column("what")
        table.add_column("result")
        table.add_column("time", justify="right")
        for row in self.results:
            style = "" if row["good"] else "red"
            table.add_row(row["what"], Text(printable(row["result"])), duration(row["seconds"]), style=style)
        return table

    def _boot(self) -> str:
        host = self.machine.boot().host
        online = host.text("cat /sys/devices/system/cpu/online")
        wanted = f"0-{self.machine.board.host_cpus - 1}"
        if online != wanted:
            raise TestsFailed(f"cores {online} are online, not {wanted}", hint=self.machine.diagnosis())
        return f"Linux {host.text('uname -r')}, cores {online} online"

    def _start(self, remote: Remote, name: str) -> str:
        remote.start(name, services=SERVICES)
        trace = remote.trace().splitlines()
        return trace[0] if trace else "running"

    def _stop(self, remote: Remote) -> str:
        silent = remote.tolerate("stop-without-ack", "firmware need not acknowledge a shutdown")
        remote.stop()
        return "offline, without acknowledging the shutdown" if silent is not None and silent.seen else "offline"

    def _judge(self) -> str:
        self.machine.settle()
        self.machine.judge_log()
        reasons, notes = given.verdict(self.records, self.what)
        if reasons:
            raise TestsFailed("\n".join(reasons), hint=self.machine.diagnosis())
        rest = [f"and {len(notes) - NOTES_SHOWN} more, in guest-errors.log"] if len(notes) > NOTES_SHOWN else []
        return "\n".join([*notes[:NOTES_SHOWN], *rest]) or "none"


def _sample(remote: Remote) -> str:
    if not remote.has_sample():
        return "left out: this kernel was built without it"
    return f"{remote.sample()} messages echoed"


class Heard:
    """What the remote says from now on, or has said since the board was started."""

    def __init__(
        self, machine: LinuxMachine, remote: Remote, trace: TraceReader | None, *, since_start: bool = False
    ) -> None:
        self._machine = machine
        self._remote = remote
        self._sources = {"trace": trace.lines if trace is not None else []}
        if machine.board.serial("remote-console") is not None:
            self._sources["console"] = remote.console.lines
        self._marks = {name: 0 if since_start else len(lines) for name, lines in self._sources.items()}
        self._log = machine.host.console.mark()

    def said(self) -> str:
        """Wait for a first line of it; a remote that says nothing is all right."""
        try:
            self._machine.wait(
                lambda: any(map(self._new, self._sources)) or None,
                what="it to say something",
                core=self._remote.core.core,
                timeout=self._remote.timeout,
            )
        except WaitError:
            return f"nothing in {self._remote.timeout:g} s"
        self._machine.settle()
        return ", ".join(
            f"{name}: {new[0].strip()!r}{f' and {len(new) - 1} more lines' if len(new) > 1 else ''}"
            for name in self._sources
            if (new := self._new(name))
        )

    def services(self) -> str:
        """Wait for a first announcement; return all names that came."""
        console = self._machine.host.console
        try:
            console.expect_line(ANNOUNCED, since=self._log, timeout=self._remote.timeout)
        except WaitError:
            return f"none in {self._remote.timeout:g} s"
        self._machine.settle()
        found = (re.search(ANNOUNCED, line) for line in console.lines[self._log :])
        return ", ".join(dict.fromkeys(match[1] for match in found if match))

    def _new(self, name: str) -> list[str]:
        return [line for line in self._sources[name][self._marks[name] :] if line.strip()]


def _figures(data: dict[str, Any]) -> str:
    median = data["latency_us"]["median"]
    return f"{data['messages']} messages, {data['bytes']} bytes came back unchanged, median {median:.0f} µs"
