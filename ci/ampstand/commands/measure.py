# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand measure``: runs probes in exact mode, and shows figures that are the same in every run.

Exit code: 1 if a probe failed, or a core said a known-bad line during one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal
from rich.table import Table

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.commands.given import records_folder
from ampstand.commands.test import workers
from ampstand.errors import TestsFailed, UsageError
from ampstand.formats.elf import Image
from ampstand.measure import probe as probes
from ampstand.measure.figures import TIME, Figure, Place, cores, executed, figures
from ampstand.measure.machine import ProbeMachine
from ampstand.measure.probe import REMOTE, Probe
from ampstand.progress import Progress
from ampstand.qemu.machine import EXACT, EXACT_TURN_NS, reap_all
from ampstand.qemu.trace import follow_traces
from ampstand.report import rerun, results
from ampstand.report.records import Recorder
from ampstand.report.results import Results, Test
from ampstand.tomlfile import did_you_mean

WIDTH = 132
"""Columns of the table where there is no terminal."""
SCHEMA = 1
"""Raised when a key of the JSON changes its meaning."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``measure``."""
    parser.add_argument(
        "--probe",
        action="append",
        default=[],
        metavar="NAME",
        help="a probe of tests/probes, or a file (repeatable; default: all)",
    )
    parser.add_argument(
        "--count",
        action="append",
        default=[],
        metavar="SYMBOL",
        help="also calls of this function of the kernel or of the remote's firmware (repeatable)",
    )
    parser.add_argument(
        "--workers", type=workers, default=workers("auto"), metavar="N", help="probes at a time (default: auto)"
    )
    parser.add_argument("--list", action="store_true", help="say which probes there are")
    parser.add_argument("--records", type=Path, default=None, help="folder for logs and results of this run")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures to this file, too")


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Measure, print the table, write the JSON; return the exit code."""
    board = builder.board
    chosen = choose(args.probe, board)
    if args.list:
        for probe in chosen:
            print(f"{probe.name:16} {probe.title}")
        return 0
    artifacts = builder.all(boot_loader=False, secure=False)
    folder = records_folder(args.records, "measure")
    folder.mkdir(parents=True, exist_ok=True)
    record = Results(folder / results.FILE)
    with record.alone("measure", [rerun.program(), *sys.argv[1:]]):
        record.inputs(artifacts.provenance)
        measured = run(chosen, args.count, builder, artifacts, folder, record, progress, args.workers)
    text = json.dumps(_document(board, artifacts, measured), indent=2) + "\n"
    (folder / "measure.json").write_text(text, encoding="utf-8")
    if args.json:
        args.json.write_text(text, encoding="utf-8")
    Terminal(width=None if sys.stdout.isatty() else WIDTH).print(table(measured, board))
    for one in measured:
        for reason in one.reasons:
            progress.warn(f"{one.probe.name}[{one.system}]: {reason}")
    print(f"figures: {folder / 'measure.json'}")
    return TestsFailed.exit_code if any(one.reasons for one in measured) else 0


def run(
    chosen: Iterable[Probe],
    count: Iterable[str],
    builder: Builder,
    artifacts: Artifacts,
    folder: Path,
    record: Results,
    progress: Progress,
    at_once: int = 1,
) -> list[Measured]:
    """Run probes, each into a folder of its own below ``folder``, and say in ``record`` what came of them.

    ``at_once`` run at a time; that changes no figure.
    """
    board, measured = builder.board, []
    jobs = [
        (probe, system) for probe in chosen for system in (probe.systems if board.remote is not None else ("none",))
    ]
    places = [find_places(count, builder, artifacts, probe, system) for probe, system in jobs]
    with progress.step("measure") as step, ThreadPoolExecutor(at_once) as pool:
        names = [f"{probe.name}[{system}]" for probe, system in jobs]
        running = [
            pool.submit(measure, probe, system, board, artifacts, folder / name, counted)
            for (probe, system), name, counted in zip(jobs, names, places, strict=True)
        ]
        try:
            for number, (name, future) in enumerate(zip(names, running, strict=True)):
                step.update(name, done=number, total=len(names))
                measured.append(one := future.result())
                _record(record, name, one, folder / name)
        except BaseException:
            for future in running:
                future.cancel()
            reap_all()  # else they would be waited for
            raise
    return measured


def _record(record: Results, name: str, one: Measured, folder: Path) -> None:
    outcome: results.Outcome = "failed" if one.reasons else "passed"
    record.test(Test("measure", name, outcome, reason="\n".join(one.reasons), records=str(folder)))
    for figure in one.figures:
        record.figure(results.Figure("measure", f"{name}/{figure.name}", figure.value, figure.unit, figure.sensitive))


@dataclass(frozen=True)
class Measured:
    """What came of a probe."""

    probe: Probe
    system: str
    figures: list[Figure]
    reasons: list[str]
    """Why it failed."""


def measure(
    probe: Probe, system: str, board: Board, artifacts: Artifacts, folder: Path, count: Sequence[Place]
) -> Measured:
    """Run one probe with one system, into a folder of its own. What a core said that must not be is a reason."""
    recorder = Recorder.for_board(board, folder)
    machine = ProbeMachine(board, artifacts, recorder, probe, system, places=[p.address for p in count])
    follow_traces(machine, artifacts.firmware.values())
    for line in probe.expected:
        remote = board.remote.core if board.remote is not None else ""
        recorder.expect_bad(line.pattern, remote if line.core == REMOTE else line.core)
    found: list[Figure] = []
    reasons: list[str] = []
    try:
        log = machine.run()
        found = figures(probe, board, log, machine.events(), count)
    except TestsFailed as error:
        reasons.append(error.message)
    reasons += recorder.verdict()
    recorder.result("failed" if reasons else "passed", reasons=reasons, inputs=artifacts.provenance)
    return Measured(probe, system, found, reasons)


def table(measured: Iterable[Measured], board: Board) -> Table:
    """Return the figures as a table: a line a span, and one for each further figure of it."""
    shown = Table(title="exact mode: the same figures in every run on the same inputs", title_justify="left")
    columns = [*(executed(core) for core in cores(board)), TIME]
    for column in ("probe", "what", *columns):
        shown.add_column(column, justify="right" if column in columns else "left")
    for one in measured:
        name = f"{one.probe.name}, {one.system}"
        for span in dict.fromkeys(figure.span for figure in one.figures):
            found = {figure.quantity: figure for figure in one.figures if figure.span == span}
            shown.add_row(name, span, *(_text(found.pop(column)) if column in found else "" for column in columns))
            name = ""
            for figure in found.values():
                words = figure.quantity.replace(",", " ").split()
                at = next((i for i, core in enumerate(cores(board)) if core in words), 0)
                shown.add_row("", f"  {figure.quantity}", *[""] * at, _text(figure))
        shown.add_section()
    return shown


def _text(figure: Figure) -> str:
    number = f"{figure.value:,.3f}".rstrip("0").rstrip(".") if isinstance(figure.value, float) else f"{figure.value:,}"
    return f"{number} {figure.unit}" if figure.unit in ("ns", "B") else number


def choose(names: Iterable[str], board: Board) -> list[Probe]:
    """Return the probes with these names that the board can run; all of them without names."""
    known = {probe.name: probe for probe in probes.load_all()}
    wanted = []
    for name in names:
        path = Path(name)
        if path.suffix == ".toml":
            wanted.append(probes.load(path))
        elif name in known:
            wanted.append(known[name])
        else:
            raise UsageError(f"no probe {name!r}: {did_you_mean(name, list(known))}")
    for probe in wanted:
        if missing := sorted(set(probe.needs) - board.features):
            raise UsageError(f"probe {probe.name} needs {', '.join(missing)}, which {board.name} does not have")
    return wanted or [probe for probe in known.values() if not set(probe.needs) - board.features]


def find_places(names: Iterable[str], builder: Builder, artifacts: Artifacts, probe: Probe, system: str) -> list[Place]:
    """Return where functions of the kernel, or of the image that a probe starts, begin.

    A name that both have is counted on both; ``UsageError`` for one that neither has. Of what the probe itself counts
    what the kernel has is taken.
    """
    found = []
    board, names = builder.board, list(names)
    kernel = _kernel_symbols(builder, needed=bool(names)) if names or probe.counts else {}
    for counted in probe.counts:
        for function in counted.symbols:
            found += [Place(function, board.shell.core, address, counted.name) for address in kernel.get(function, ())]
    image = artifacts.firmware.get(f"{probe.image}-{system}")
    for name in names:
        places = [Place(name, board.shell.core, address) for address in kernel.get(name, ())]
        if board.remote is not None and image is not None:
            symbol = Image.read(image.read_bytes()).symbol(name)
            if symbol is not None:
                places.append(Place(name, board.remote.core, symbol[0] & ~1))
        if not places:
            raise UsageError(
                f"--count {name}: neither Linux nor {probe.image}-{system}.elf has such a function",
                hint="functions of modules, and those that the compiler has inlined, cannot be counted",
            )
        found += places
    return found


def _kernel_symbols(builder: Builder, *, needed: bool) -> dict[str, list[int]]:
    """Return the addresses of functions by name; static ones of different files may share a name.

    A ready kernel may have come without them: there are none then, unless they are ``needed``.
    """
    found: dict[str, list[int]] = {}
    try:
        path = builder.kernel_symbols()
    except UsageError:
        if needed:
            raise
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        address, kind, name = line.split()
        if kind in "tTwW":
            found.setdefault(name, []).append(int(address, 16) & ~1)
    return found


def _document(board: Board, artifacts: Artifacts, measured: Iterable[Measured]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "board": board.name,
        "exact": {"qemu": list(EXACT), "turn_ns": EXACT_TURN_NS},
        "inputs": dict(artifacts.provenance),
        "probes": [
            {
                "probe": one.probe.name,
                "system": one.system,
                "title": one.probe.title,
                "failed": one.reasons,
                "figures": [asdict(figure) for figure in one.figures],
            }
            for one in measured
        ],
    }
