# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Exact mode: a probe says and counts the same in every run, whatever the workstation does meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.errors import TestsFailed
from ampstand.formats.elf import Image
from ampstand.measure import probe as probes
from ampstand.measure.counts import Event, Interrupts, events
from ampstand.measure.figures import cores, executed, figures
from ampstand.measure.machine import ProbeMachine
from ampstand.qemu.alone import RemoteMachine
from ampstand.report.records import Recorder

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-char"), pytest.mark.thorough]

PROBE = probes.load(probes.FOLDER / "echo.toml")
SOURCES = Path(__file__).parent / "own"
COMPILER = "arm-none-eabi-gcc"
TICKS, CYCLES = 1000, 208878
"""Of ticks.c: SysTick's ticks, and the cycles of ck_mcu between two of them."""
BUSY = 4
"""Programs that do nothing but keep the workstation busy."""


@contextmanager
def busy_workstation() -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(BUSY):
            program = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(program.kill)
        yield


def run(
    board: Board, artifacts: Artifacts, folder: Path, system: str, *, counting: bool = True
) -> tuple[str, list[Event]]:
    recorder = Recorder.for_board(board, folder)
    machine = ProbeMachine(board, artifacts, recorder, PROBE, system, counting=counting)
    log = machine.run()
    assert recorder.verdict() == []
    return log, machine.events() if counting else []


def test_two_runs_are_alike_bit_by_bit_also_under_load(
    board: Board, artifacts: Artifacts, system: str, tmp_path: Path
) -> None:
    log, first = run(board, artifacts, tmp_path / "quiet", system)
    with busy_workstation():
        again, more = run(board, artifacts, tmp_path / "busy", system)
    assert again == log
    assert more == first
    found = {(figure.span, figure.quantity): figure.value for figure in figures(PROBE, board, log, first)}
    for core in list(cores(board))[:2]:  # of several remotes the first one is started
        assert found["round trip, 16 bytes", executed(core)] > 0


def test_counting_changes_nothing(board: Board, artifacts: Artifacts, tmp_path: Path) -> None:
    """The index of the vCPU, wrong as QEMU had it, would be written over the guest's registers."""
    counted, _events = run(board, artifacts, tmp_path / "counted", "bare")
    plain, _nothing = run(board, artifacts, tmp_path / "plain", "bare", counting=False)
    assert plain == counted


def test_a_probe_that_hangs_is_over_soon(board: Board, artifacts: Artifacts, tmp_path: Path) -> None:
    """Where all cores sleep, the board's time jumps on; the workstation's would have to be waited for."""
    hangs = replace(PROBE, steps="sleep 100000\n", spans=(), seconds=120.0)
    recorder = Recorder.for_board(board, tmp_path / "records")
    with pytest.raises(TestsFailed, match=r"^probe echo did not end within 300 s of the board's time"):
        ProbeMachine(board, artifacts, recorder, hangs, "bare", counting=False).run()


def built(source: str, folder: Path) -> tuple[Path, int]:
    """Return an image of the remote that is made of one of our sources, and the address of what it says by it."""
    image = folder / f"{source}.elf"
    argv = [COMPILER, "-mcpu=cortex-m4", "-mthumb", "-O1", "-ffreestanding", "-nostdlib"]
    subprocess.run([*argv, "-T", SOURCES / "counter.ld", "-o", image, SOURCES / f"{source}.c"], check=True)
    symbol = Image.read(image.read_bytes()).symbol("done")
    assert symbol is not None
    return image, symbol[0]


@pytest.mark.needs("cortex-m")
@pytest.mark.programs(COMPILER)
def test_timers_keep_step_on_a_busy_workstation(board: Board, artifacts: Artifacts, tmp_path: Path) -> None:
    """With threads 1000 ticks took 1.2 to 5.3 s: SysTick's interrupts come late, and the late ones are lost."""
    image, done = built("ticks", tmp_path)
    recorder = Recorder.for_board(board, tmp_path / "records")
    with busy_workstation(), RemoteMachine(board, artifacts.qemu, image, recorder, exact=True) as machine:
        took = machine.wait_words(machine.remote.host_address(done), 2, 120)
    for cycles in took:
        assert cycles == pytest.approx(TICKS * CYCLES, rel=1e-4)


@pytest.mark.needs("cortex-m")
@pytest.mark.programs(COMPILER)
def test_exceptions_are_counted_to_the_instruction(board: Board, artifacts: Artifacts, tmp_path: Path) -> None:
    image, done = built("exceptions", tmp_path)
    recorder = Recorder.for_board(board, tmp_path / "records")
    counts = tmp_path / "counts"
    plugin = ["-plugin", f"{artifacts.plugins}/count.so,out={counts}"]
    with RemoteMachine(board, artifacts.qemu, image, recorder, exact=True, extra_args=plugin) as machine:
        cpu = machine.remote.cpu
        machine.wait_words(machine.remote.host_address(done), 1, 120)
    assert [(event.mark, event.interrupts[cpu]) for event in events(counts.read_text())] == [
        (16, Interrupts(0, 0, 0)),
        (17, Interrupts(3, 12, 0)),
        (18, Interrupts(7, 12 + 6, 0)),
        (19, Interrupts(7, 0, 101)),
    ]
