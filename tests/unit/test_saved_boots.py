# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stand import artifacts, write_board

from ampstand.board import Board
from ampstand.linux import saved_boots
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.saved_boots import SavedBoots
from ampstand.qemu import coverage
from ampstand.report.records import Recorder

Make = Callable[..., LinuxMachine]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Make]:
    """Return a function that describes a machine on the fake QEMU."""
    board = Board.load(write_board(tmp_path, features=["migration"]))
    build = artifacts(tmp_path)
    made: list[LinuxMachine] = []

    def make(**options: Any) -> LinuxMachine:
        records = Recorder(tmp_path / "records" / str(len(made)))
        made.append(LinuxMachine(board, build, records, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def save(boots: SavedBoots, machine: LinuxMachine) -> None:
    assert not boots.restore(machine)
    boots.save(machine.boot())
    assert machine.host.text("echo it runs on") == "it runs on"


def test_a_machine_goes_on_from_the_boot_of_its_like_only(tmp_path: Path, machine: Make) -> None:
    boots = SavedBoots(tmp_path / "boots")
    save(boots, machine())
    for like, options in {True: {}, False: {"kernel_arguments": "quiet"}}.items():
        assert boots.restore(machine(**options)) == like
    last = machine()
    last.artifacts.kernel.write_text("another")
    assert not boots.restore(last), "the kernel is another, though it has the name"


def test_what_a_boot_executed_is_of_those_that_go_on_from_it_too(tmp_path: Path, machine: Make) -> None:
    """Else nobody would have executed it but the first, which may be a scenario's own."""
    boots, first, next_one = SavedBoots(tmp_path / "boots"), Recorded(b"boot"), Recorded()
    save(boots, machine(coverage=first))
    first.executed = b"more"
    assert boots.restore(machine(coverage=next_one))
    assert next_one.executed == b"boot"
    assert not boots.restore(machine()), "of one that records nothing it is not known"


class Recorded(coverage.Live):
    """What a machine executes, without the plugin that writes it."""

    def __init__(self, executed: bytes = b"") -> None:
        super().__init__([])
        self.executed = executed

    def argument(self, plugins: Path) -> str:
        return ""

    def so_far(self) -> bytes:
        return self.executed

    def go_on(self, so_far: bytes) -> None:
        self.executed = so_far


@pytest.mark.parametrize(
    "options",
    [{"exact": True}, {"extra_args": ["-device", "x"]}, {"files": {"etc/x": b""}}],
    ids=lambda options: next(iter(options)),
)
def test_what_is_of_one_scenario_only_is_not_saved(tmp_path: Path, machine: Make, options: dict[str, Any]) -> None:
    boots = SavedBoots(tmp_path / "boots")
    for _ in range(2):
        one = machine(**options)
        assert not boots.restore(one)
        boots.save(one.boot())
    assert not boots.folder.exists()


def test_a_boot_that_cannot_be_saved_is_no_failure(tmp_path: Path, machine: Make) -> None:
    (tmp_path / "file").write_text("where a folder would be made")
    boots = SavedBoots(tmp_path / "file" / "boots")
    one = machine()
    save(boots, one)
    assert "the boot is not saved: " in (one.records.folder / "merged.log").read_text()
    save(boots, machine())


def test_a_saved_boot_that_cannot_be_read_is_one(tmp_path: Path, machine: Make) -> None:
    """To boot instead would hide that a state of the model cannot be restored."""
    boots = SavedBoots(tmp_path / "boots")
    save(boots, machine())
    (state,) = boots.folder.glob("*/state")
    state.unlink()
    with pytest.raises(Exception, match=r"no .*state"):
        boots.restore(machine())


def test_those_that_were_used_last_are_kept(
    tmp_path: Path,
    machine: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(saved_boots, "MOST", 2)
    boots = SavedBoots(tmp_path / "boots")
    boots.prune()  # there is none
    for number in range(3):
        save(boots, machine(kernel_arguments=str(number)))
        (newest,) = (boot for boot in boots.folder.iterdir() if boot.stat().st_mtime > 1000)
        os.utime(newest, (number, number))
    assert boots.restore(machine(kernel_arguments="0"))
    boots.prune()
    assert [boots.restore(machine(kernel_arguments=str(number))) for number in range(3)] == [True, False, True]


def test_a_boot_is_for_one_harness(tmp_path: Path, machine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it did in the boot, such as the shell that it has taken over, is part of the state."""
    boots = SavedBoots(tmp_path / "boots")
    save(boots, machine())
    monkeypatch.setattr(saved_boots, "_harness", lambda: {"shell.py": "another"})
    assert not boots.restore(machine())


def test_all_is_removed(tmp_path: Path, machine: Make) -> None:
    boots = SavedBoots(tmp_path / "boots")
    save(boots, machine())
    boots.remove()
    assert not boots.folder.exists()
