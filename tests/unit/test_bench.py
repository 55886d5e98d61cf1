# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand bench``: what it measured is in the record of the run, each number with its unit."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from stand import artifacts, write_board
from test_results import lines

from ampstand import cli
from ampstand.board import Board
from ampstand.commands import bench
from ampstand.errors import InfrastructureError, TestsFailed
from ampstand.report.results import Figure, Run

SPREAD = {"min": 1.0, "median": 2.0, "max": 3.0, "count": 5}
LATENCY = {"min": 10, "median": 20, "p99": 30, "max": 40}
MEASURED: dict[str, Any] = {
    "boot_to_shell_s": {"fake": SPREAD, "virt": SPREAD},
    "boot_ratio": 1.5,
    "boot_to_first_rpmsg_s": SPREAD,
    "first_rpmsg_after_shell_s": 0.25,
    "round_trips": {"tty 16 bytes": {"per_second": 100, "latency_us": LATENCY}},
    "doorbell_round_trip_us": SPREAD,
    "bulk": {"host to remote": {"per_second": 200, "bytes_per_second": 99200}},
    "idle": {"remote off": 2.5},
}


def run_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *found: dict[str, Any] | BaseException) -> int:
    def part(one: dict[str, Any] | BaseException) -> dict[str, Any]:
        if isinstance(one, BaseException):
            raise one
        return one

    parts = {f"part {number}": functools.partial(part, one) for number, one in enumerate(found)}
    monkeypatch.setattr(bench.Bench, "parts", lambda _: parts)
    monkeypatch.setattr(bench, "LOOK", 0.01)
    args = cli.parser().parse_args(["bench", "--records", str(tmp_path / "records")])
    return bench.main(args, artifacts(tmp_path), Board.load(write_board(tmp_path)))


@pytest.mark.parametrize(("board", "virt"), [("stm32mp157c-dk2", "virt"), ("zcu102", "virt-arm64")])
def test_boots_are_measured_beside_the_same_kernels(board: str, virt: str) -> None:
    assert bench.reference(Board.load(board)).name == virt


def test_figures_are_recorded_with_their_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_bench(tmp_path, monkeypatch, MEASURED) == 0
    lines(tmp_path / "records/results.jsonl")
    run = Run.load(tmp_path / "records/results.jsonl")
    figures = {figure.name: (figure.value, figure.unit) for figure in run.figures}
    assert figures["boot_to_shell_s/virt/median"] == (2.0, "s")
    assert figures["boot_ratio"] == (1.5, "")
    assert figures["round_trips/tty 16 bytes/latency_us/p99"] == (30, "us")
    assert figures["bulk/host to remote/bytes_per_second"] == (99200, "B/s")
    assert figures["idle/remote off"] == (2.5, "%")
    assert figures["doorbell_round_trip_us/median"] == (2.0, "us")
    assert not {name for name in figures if "count" in name or name in ("host_cpus", "load_average")}
    assert Figure("bench", "first_rpmsg_after_shell_s", 0.25, "s") in run.figures
    assert (run.stages["bench"].state, run.ended, run.exit_code()) == ("ok", 0, 0)


@pytest.mark.parametrize(
    ("error", "code"), [(InfrastructureError("no boot"), 3), (TestsFailed("no answer"), 1), (RuntimeError("oh"), 3)]
)
def test_a_measurement_that_failed_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    with pytest.raises(type(error)):
        run_bench(tmp_path, monkeypatch, error)
    lines(tmp_path / "records/results.jsonl")
    run = Run.load(tmp_path / "records/results.jsonl")
    assert (run.ended, run.exit_code()) == (code, code)


def test_an_interrupted_bench_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_bench(tmp_path, monkeypatch, {"boot_ratio": 1.5}, KeyboardInterrupt())
    run = Run.load(tmp_path / "records/results.jsonl")
    assert [(figure.name, figure.value) for figure in run.figures] == [("boot_ratio", 1.5)]
    assert json.loads((tmp_path / "records/bench.json").read_text())["boot_ratio"] == 1.5


@pytest.mark.parametrize("busy", [10.0, 180.0])
def test_a_busy_workstation_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], busy: float
) -> None:
    monkeypatch.setattr(bench, "busy_percent", lambda: busy)
    assert run_bench(tmp_path, monkeypatch, MEASURED) == 0
    assert ("says little" in capsys.readouterr().err) == (busy > 100)
    assert json.loads((tmp_path / "records/bench.json").read_text())["busy"] == {"part 0": busy}
