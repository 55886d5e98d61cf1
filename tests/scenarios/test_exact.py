# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Exact mode: a probe says and counts the same in every run, whatever the workstation does meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.measure import probe as probes
from ampstand.measure.counts import Event
from ampstand.measure.figures import cores, executed, figures
from ampstand.measure.machine import ProbeMachine
from ampstand.report.records import Recorder

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

PROBE = probes.load(probes.FOLDER / "echo.toml")
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
    log, events = run(board, artifacts, tmp_path / "quiet", system)
    with busy_workstation():
        again, more = run(board, artifacts, tmp_path / "busy", system)
    assert again == log
    assert more == events
    found = {(figure.span, figure.quantity): figure.value for figure in figures(PROBE, board, log, events)}
    for core in cores(board):
        assert found["round trip, 16 bytes", executed(core)] > 0


def test_counting_changes_nothing(board: Board, artifacts: Artifacts, tmp_path: Path) -> None:
    """The index of the vCPU, wrong as QEMU had it, would be written over the guest's registers."""
    counted, _events = run(board, artifacts, tmp_path / "counted", "bare")
    plain, _nothing = run(board, artifacts, tmp_path / "plain", "bare", counting=False)
    assert plain == counted
