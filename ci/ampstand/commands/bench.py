# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand bench``: boot times beside those of QEMU's ``virt``, messages, what modes cost; never a test.

Wall-clock figures of one machine say little on another. Each boot of the board is therefore followed by one of ``virt``
with the same kernel and initramfs, and each run of a probe in exact mode by one in normal mode, and ratios of medians
are given. Figures are written as they come: an interrupted bench keeps those that it has.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal
from rich.table import Table as Shown

from ampstand.board import Board
from ampstand.build import tools
from ampstand.build.artifacts import Artifacts
from ampstand.commands.given import records_folder
from ampstand.formats.elf import Image
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import PAYLOAD_MAX, Remote
from ampstand.linux.saved_boots import SavedBoots
from ampstand.measure import probe as probes
from ampstand.measure.machine import ProbeMachine
from ampstand.paths import ROOT
from ampstand.progress import Progress
from ampstand.qemu.alone import RemoteMachine
from ampstand.qemu.coverage import Live, spans
from ampstand.qemu.machine import THREADS
from ampstand.report import rerun, results
from ampstand.report.records import Recorder
from ampstand.report.results import Figure, Results
from ampstand.tomlfile import Table

REFERENCE = "virt"
"""QEMU's machine beside which boots are measured, on the board that has it for the same architecture."""
BUSY = 15.0
"""Percent of one processor that others may take while something is measured."""
LOOK = 1.0
"""Seconds that are looked at, to tell how busy the workstation is."""
PROBE = "echo"
"""The work that modes are compared with."""
FLOORS = ROOT / "tests/bench"
"""By board, two programs that ring each other's doorbell: no round trip of a message can be faster."""
FLOOR_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``bench``."""
    parser.add_argument("--thread", choices=THREADS, default="multi", help="TCG threads of QEMU (default: %(default)s)")
    parser.add_argument("--boots", type=int, default=5, help="boots of each machine (default: %(default)s)")
    parser.add_argument(
        "--messages", type=int, default=5000, help="messages of each measurement (default: %(default)s)"
    )
    parser.add_argument("--modes", type=int, default=3, help="runs in each mode (default: %(default)s)")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds of idling (default: %(default)s)")
    parser.add_argument("--system", choices=("bare", "freertos"), default="bare", help="the remote's operating system")
    parser.add_argument("--records", type=Path, default=None, help="folder for logs and results of this run")
    parser.add_argument("--json", type=Path, default=None, help="write the figures to this file, too")


def main(args: argparse.Namespace, artifacts: Artifacts, board: Board) -> int:
    """Measure, print the table, write the JSON; return the exit code."""
    folder = records_folder(args.records, "bench")
    folder.mkdir(parents=True, exist_ok=True)
    record, progress = Results(folder / results.FILE), Progress()
    measured: dict[str, Any] = {"board": board.name, "thread": args.thread, "system": args.system}
    measured |= {"host_cpus": os.cpu_count(), "load_average": os.getloadavg()[0], "busy": {}}
    with record.alone("bench", [rerun.program(), *sys.argv[1:]]):
        record.inputs(artifacts.provenance)
        bench = Bench(board, artifacts, folder, args, progress)
        for what, measure in bench.parts().items():
            measured["busy"][what] = busy = busy_percent()
            if busy > BUSY:
                progress.warn(f"others take {busy:.0f} % of a processor: what comes of {what!r} says little")
            with progress.step(f"bench: {what}"):
                found = measure()
            measured |= found
            for figure in figures_of(found):
                record.figure(figure)
            text = json.dumps(measured, indent=2) + "\n"
            for path in (folder / "bench.json", args.json):
                if path is not None:
                    path.write_text(text, encoding="utf-8")
    terminal = Terminal()
    terminal.print(table(measured))
    terminal.print(f"Figures: {folder / 'bench.json'}", highlight=False, soft_wrap=True)
    return 0


def busy_percent() -> float:
    """Return how much of one processor the workstation's programs take now, in percent; this one only waits."""

    def used() -> int:
        ticks = [int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]]
        return sum(ticks) - ticks[3] - ticks[4]  # idle, and waiting for a disk

    began, before = time.monotonic(), used()
    time.sleep(LOOK)
    return round(100 * (used() - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began), 1)


def reference(board: Board) -> Board:
    """Return the board of QEMU's own machine that runs the same kernel, with as much memory: each page takes time."""
    boards = map(Board.load, Board.names())
    found = next(one for one in boards if one.machine == REFERENCE and one.kernel_arch == board.kernel_arch)
    return dataclasses.replace(found, memory=board.memory)


UNITS = {
    "boot_to_shell_s": "s",
    "boot_ratio": "",
    "boot_to_first_rpmsg_s": "s",
    "restore_to_shell_s": "s",
    "doorbell_round_trip_us": "us",
    "modes_s": "s",
    "mode_ratio": "",
    "modes_cpu_s": "s",
    "mode_cpu_ratio": "",
    "first_rpmsg_after_shell_s": "s",
    "latency_us": "us",
    "per_second": "1/s",
    "bytes_per_second": "B/s",
    "idle": "%",
}
"""Of the numbers below a key; what stands below none of these is no figure."""


def figures_of(measured: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield each measured number by its path: ``boot_to_shell_s/virt/median``."""

    def walk(value: Any, path: tuple[str, ...]) -> Iterator[Figure]:
        if isinstance(value, Mapping):
            for name, below in value.items():
                yield from walk(below, (*path, name))
            return
        units = [UNITS[name] for name in path if name in UNITS]
        if units and path[-1] != "count" and isinstance(value, int | float):
            yield Figure("bench", "/".join(path), value, units[-1])

    yield from walk(measured, ())


class Bench:
    """The measurements."""

    def __init__(
        self, board: Board, artifacts: Artifacts, folder: Path, args: argparse.Namespace, progress: Progress
    ) -> None:
        self._board = board
        self._progress = progress
        self._reference = reference(board)
        self._artifacts = artifacts
        self._folder = folder
        self._args = args
        self._shells: dict[str, list[float]] = {board.name: [], self._reference.name: []}
        self._first: list[float] = []

    def parts(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Return what is measured, each a function that returns its figures."""
        return {
            "boots": self._boots,
            "restored boots": self._restored,
            "doorbell": self._doorbell,
            "messages": self._messages,
            "modes": self._modes,
        }

    def _boots(self) -> dict[str, Any]:
        for number in range(self._args.boots):
            for board in (self._board, self._reference):
                self._boot(board, number)
        shells = {name: _spread(values) for name, values in self._shells.items()}
        found: dict[str, Any] = {"boot_to_shell_s": shells}
        found["boot_ratio"] = round(shells[self._board.name]["median"] / shells[self._reference.name]["median"], 3)
        if self._first:
            first = found["boot_to_first_rpmsg_s"] = _spread(self._first)
            found["first_rpmsg_after_shell_s"] = round(first["median"] - shells[self._board.name]["median"], 3)
        return found

    def _restored(self) -> dict[str, Any]:
        """Measure from QEMU's start to the first answer of the shell, with a boot that was saved."""
        boots, found = SavedBoots(self._folder / "boots"), []
        for number in range(self._args.boots + 1):
            machine = self._machine(self._board, f"restored-{number}")
            try:
                if boots.restore(machine):
                    machine.host.run_check("true", reason="the shell's first answer")
                    found.append(time.monotonic() - machine.process.started)
                else:
                    machine.boot()
                    machine.settle()
                    boots.save(machine)
            finally:
                machine.stop()
        boots.remove()
        return {"restore_to_shell_s": _spread(found)} if found else {}

    def _doorbell(self) -> dict[str, Any]:
        """Measure round trips of an interrupt each way, without an operating system and without a message."""
        sources = FLOORS / self._board.name
        if not sources.is_dir():
            return {}
        images = _doorbell_images(sources, self._folder, self._progress)
        found = []
        for number in range(self._args.modes):
            recorder = Recorder.for_board(self._board, self._folder / f"doorbell-{number + 1}")
            with DoorbellMachine(self._board, self._artifacts.qemu, *images, recorder) as machine:
                found.append(machine.round_trip_us())
        return {"doorbell_round_trip_us": _spread(found)}

    def _messages(self) -> dict[str, Any]:
        if self._board.remote is None:
            return {}
        with self._machine(self._board, "messages") as machine:
            machine.boot()
            remote = Remote(machine)
            return {"round_trips": self._round_trips(remote), "bulk": self._bulk(remote), "idle": self._idle(remote)}

    def _modes(self) -> dict[str, Any]:
        """Measure the same work, from QEMU's start to its end, in normal mode and in others, in turn."""
        probe = {one.name: one for one in probes.load_all()}[PROBE]
        if set(probe.needs) - self._board.features:
            return {}
        seconds: dict[str, list[float]] = {name: [] for name in ("normal", "coverage", "exact", "exact, counted")}
        cpu: dict[str, list[float]] = {name: [] for name in seconds}
        for number in range(self._args.modes):
            for name, found in seconds.items():
                machine = ProbeMachine(
                    self._board,
                    self._artifacts,
                    Recorder.for_board(self._board, self._folder / f"mode-{name.replace(', ', '-')}-{number + 1}"),
                    probe,
                    self._args.system,
                    counting="counted" in name,
                    exact="exact" in name,
                    coverage=self._live() if name == "coverage" else None,
                )
                began, used = time.monotonic(), _children_seconds()
                machine.run()
                found.append(time.monotonic() - began)
                cpu[name].append(_children_seconds() - used)
        kinds = {"modes_s": ("mode_ratio", seconds), "modes_cpu_s": ("mode_cpu_ratio", cpu)}
        result: dict[str, Any] = {}
        for kind, (ratio, measured) in kinds.items():
            modes = {name: _spread(values) for name, values in measured.items()}
            normal = modes["normal"]["median"]
            result[kind] = modes
            result[ratio] = {name: round(mode["median"] / normal, 3) for name, mode in modes.items()}
        return result

    def _live(self) -> Live:
        return Live(spans(self._board), self._board.remotes, self._artifacts.firmware.values())

    def _machine(self, board: Board, name: str) -> LinuxMachine:
        # The boot firmware is the board's own; kernel and initramfs are shared.
        artifacts = self._artifacts if board is self._board else replace(self._artifacts, boot_firmware=None)
        return LinuxMachine(board, artifacts, Recorder.for_board(board, self._folder / name), thread=self._args.thread)

    def _boot(self, board: Board, number: int) -> None:
        with self._machine(board, f"boot-{number + 1}-{board.name}") as machine:
            machine.boot()
            self._shells[board.name].append(machine.host.prompt_at - machine.process.started)
            if board.remote is None:
                return
            state = f"/sys/class/remoteproc/{board.remote.instance}"
            machine.host.run_check(
                f"echo echo-{self._args.system}.elf >{state}/firmware && echo start >{state}/state && rpmsg-echo -n 1",
                reason="the first message's echo",
            )
            self._first.append(time.monotonic() - machine.process.started)

    def _round_trips(self, remote: Remote) -> dict[str, Any]:
        count, system = self._args.messages, self._args.system
        remote.start(f"flood-{system}", services=["rpmsg-flood"])
        trips = {"rpmsg_char 16 bytes": remote.tool(f"rpmsg-flood -m echo -n {count} -s 16", 300)}
        trips[f"rpmsg_char {PAYLOAD_MAX} bytes"] = remote.tool(f"rpmsg-flood -m echo -n {count} -s {PAYLOAD_MAX}", 300)
        remote.stop()
        remote.start(f"echo-{system}", services=["rpmsg-tty", "rpmsg-raw"])
        trips["tty 16 bytes"] = remote.echo_tty(options=f"-n {count} -s 16")
        trips["rpmsg_char 16 bytes, 8 at a time"] = remote.echo_char(options=f"-n {count} -s 16 -w 8")
        remote.stop()
        return {name: {"per_second": d["per_second"], "latency_us": d["latency_us"]} for name, d in trips.items()}

    def _bulk(self, remote: Remote) -> dict[str, Any]:
        count = self._args.messages
        remote.start(f"flood-{self._args.system}", services=["rpmsg-flood"])
        result = {}
        for mode, name in (("sink", "host to remote"), ("source", "remote to host")):
            data = remote.tool(f"rpmsg-flood -m {mode} -n {count} -s {PAYLOAD_MAX}", 300)
            result[name] = {"per_second": data["per_second"], "bytes_per_second": data["bytes_per_second"]}
        remote.stop()
        return result

    def _idle(self, remote: Remote) -> dict[str, float]:
        """Host CPU of QEMU while both systems idle, in percent of one core; beside it, with the remote off."""
        result = {"remote off": self._idle_percent(remote)}
        remote.start(f"echo-{self._args.system}", services=["rpmsg-tty"])
        result["remote idle"] = self._idle_percent(remote)
        remote.stop()
        return result

    def _idle_percent(self, remote: Remote) -> float:
        machine = remote.machine
        used, began = machine.process.cpu_seconds(), time.monotonic()
        machine.host.run_check(f"sleep {self._args.idle}", self._args.idle + 20, reason="the idle time to pass")
        return round(100 * (machine.process.cpu_seconds() - used) / (time.monotonic() - began), 2)


class DoorbellMachine(RemoteMachine):
    """A board whose host rings the remote's doorbell, which rings back, again and again."""

    def __init__(self, board: Board, qemu: Path, host: Path, remote: Path, recorder: Recorder) -> None:
        """Describe a board that is not started yet, with the programs of both."""
        super().__init__(board, qemu, remote, recorder)
        self._host = host

    def _host_arguments(self) -> list[str]:
        return ["-kernel", str(self._host)]

    def round_trip_us(self) -> float:
        """Wait until the host is done; return microseconds of a round trip."""
        symbol = Image.read(self._host.read_bytes()).symbol("took")
        assert symbol is not None
        ticks, rounds, frequency = self.wait_words(symbol[0], 3, FLOOR_SECONDS)
        return 1e6 * ticks / frequency / rounds


def _doorbell_images(sources: Path, folder: Path, progress: Progress) -> tuple[Path, Path]:
    """Compile the programs of the host and of the remote into ``folder``."""
    with Table.load(sources / "doorbell.toml") as table:
        command = [table.text("compiler"), *table.texts("flags")]
        flags = {side: table.texts(side) for side in ("host", "remote")}
    log = folder / "doorbell.log"
    with progress.step("doorbell: compiling") as step:
        for side, own in flags.items():
            argv = [*command, *own, "-o", str((folder / f"doorbell-{side}.elf").absolute())]
            tools.run(argv, what=f"compiling the doorbell's {side}", log=log, step=step, cwd=sources)
    return folder / "doorbell-host.elf", folder / "doorbell-remote.elf"


def _children_seconds() -> float:
    """Return the CPU time of all that this process has started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _spread(values: list[float]) -> dict[str, float]:
    return {
        "min": round(min(values), 3),
        "median": round(statistics.median(values), 3),
        "max": round(max(values), 3),
        "count": len(values),
    }


def table(figures: dict[str, Any]) -> Shown:
    """Return the figures as a table."""
    result = Shown(title=f"{figures['board']}, thread={figures['thread']}, remote on {figures['system']}")
    for column, justify in (("what", "left"), ("figure", "right"), ("beside it", "left")):
        result.add_column(column, justify="right" if justify == "right" else "left")
    shells = figures["boot_to_shell_s"]
    own = shells[figures["board"]]
    ((name, other),) = ((name, spread) for name, spread in shells.items() if name != figures["board"])
    result.add_row(
        "QEMU start to shell",
        f"{own['median']:.2f} s",
        f"{name} {other['median']:.2f} s, ratio {figures['boot_ratio']:.2f}; {own['min']:.2f} to {own['max']:.2f} s",
    )
    if first := figures.get("boot_to_first_rpmsg_s"):
        after = figures["first_rpmsg_after_shell_s"]
        result.add_row("QEMU start to first rpmsg", f"{first['median']:.2f} s", f"{after:.2f} s after the shell")
    if restored := figures.get("restore_to_shell_s"):
        spread = f"a saved boot, to the shell's first answer; {restored['min']:.2f} to {restored['max']:.2f} s"
        result.add_row("QEMU start to shell, restored", f"{restored['median']:.2f} s", spread)
    if floor := figures.get("doorbell_round_trip_us"):
        spread = f"no message, no operating system; {floor['min']:.1f} to {floor['max']:.1f} µs"
        result.add_row("doorbell, there and back", f"{floor['median']:.1f} µs", spread)
    for name, data in figures.get("round_trips", {}).items():
        latency = data["latency_us"]
        spread = ", ".join(f"{key} {latency[key]:.0f}" for key in ("min", "median", "p99", "max"))
        result.add_row(f"round trips, {name}", f"{data['per_second']:.0f} /s", f"{spread} µs")
    for name, data in figures.get("bulk", {}).items():
        result.add_row(
            f"bulk, {name}", f"{data['bytes_per_second'] / 1e6:.2f} MB/s", f"{data['per_second']:.0f} messages/s"
        )
    for name, percent in figures.get("idle", {}).items():
        result.add_row(f"idle, {name}", f"{percent:.1f} %", "of one core of the workstation")
    for name, mode in figures.get("modes_s", {}).items():
        used, ratio = figures["modes_cpu_s"][name], figures["mode_cpu_ratio"][name]
        text = f"{used['median']:.2f} s of CPU time, {ratio:.2f} times that of normal mode"
        result.add_row(f"probe {PROBE}, {name}", f"{mode['median']:.2f} s", text)
    return result
