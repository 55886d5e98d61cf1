# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stand import artifacts, write_board

from ampstand.board import Board
from ampstand.errors import TestsFailed, UsageError
from ampstand.linux.machine import LinuxMachine
from ampstand.qemu.faults import Faults
from ampstand.report.records import Recorder


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[LinuxMachine]:
    """Return a machine with the faults of the fake board."""
    board = Board.load(write_board(tmp_path))
    with LinuxMachine(board, artifacts(tmp_path), Recorder(tmp_path / "records")) as machine:
        yield machine


def get(machine: LinuxMachine, name: str) -> object:
    return machine.qmp("qom-get", path="/fake", property=name)


def test_a_fault_is_injected_counted_and_taken_back(machine: LinuxMachine) -> None:
    faults = Faults(machine)
    first = faults.inject("real", 2, address=0x1010, delay_us=5)
    assert [get(machine, f"x-fault-{name}") for name in ("real", "where", "address", "delay-us")] == [2, 7, 0x10, 5]
    second = faults.inject("real")
    assert (first.fired(), second.fired()) == (3, 1)
    faults.finish()
    assert get(machine, "x-fault-real") == 0


def test_a_fault_that_did_not_happen_fails_and_is_taken_back(machine: LinuxMachine) -> None:
    faults = Faults()
    faults.inject("real", into=machine)
    faults.inject("idle", into=machine)
    assert get(machine, "x-fault-idle") == 3
    with pytest.raises(TestsFailed, match="never happened: idle:"):
        faults.finish()
    assert get(machine, "x-fault-idle") == ""


def test_what_cannot_be_injected_is_said(machine: LinuxMachine) -> None:
    with pytest.raises(UsageError, match="no fault 'nosuch'") as error:
        Faults(machine).inject("nosuch")
    assert "real" in str(error.value)
    with pytest.raises(UsageError, match="refused=1"):
        Faults(machine).inject("refused")
    with pytest.raises(UsageError, match="no machine"):
        Faults().inject("real")
