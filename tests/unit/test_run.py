# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand run``: what is typed and shown, without a board."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ampstand import cli
from ampstand.board import Board
from ampstand.build.builder import Builder
from ampstand.commands import demo, given, run
from ampstand.commands.given import Given
from ampstand.linux import known_bugs
from ampstand.linux.machine import LinuxMachine
from ampstand.progress import Progress
from ampstand.report.records import Recorder


class Machine:
    """Ends when Linux is switched off, and remembers what was typed."""

    def __init__(self) -> None:
        self.typed = b""
        self.board = Board.load()
        self.host = SimpleNamespace(console=SimpleNamespace(write=self.write, tap=None), get_status=lambda: False)
        self.remote = SimpleNamespace(lines=["banner", "\x1b[2Jgone"])

    def write(self, data: bytes) -> None:
        self.typed += data

    @property
    def alive(self) -> bool:
        return not self.typed.endswith(b"poweroff\n")

    def console(self, _role: str) -> SimpleNamespace:
        return self.remote


def session(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> run.Session:
    monkeypatch.setattr(run, "follow_traces", lambda *_: iter(()))
    return run.Session(cast("LinuxMachine", machine), [])


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Return a function that makes some bytes all of the standard input."""

    def give(data: bytes) -> None:
        read, write = os.pipe()
        os.write(write, data)
        os.close(write)
        monkeypatch.setattr("sys.stdin", os.fdopen(read))

    return give


@pytest.mark.parametrize("data", [b"", b"uname -a\n"])
def test_the_end_of_the_input_ends_it(
    data: bytes, typing: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited for ever: nobody can type any more."""
    typing(data)
    machine = Machine()
    session(machine, monkeypatch).run(30.0)
    assert machine.typed == data + b"poweroff\n"


def test_the_remotes_lines_give_the_terminal_no_orders(
    typing: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    typing(b"")
    session(Machine(), monkeypatch).run(30.0)
    assert capfd.readouterr().err == "\rm4 | banner\r\n\rm4 | \\x1b[2Jgone\r\n"


@pytest.mark.parametrize("file", [False, True])
def test_a_dry_run_leaves_only_what_its_command_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, file: bool
) -> None:
    monkeypatch.setenv("AMPSTAND_RECORDS", str(tmp_path / "records"))
    words = ["run", "--dry-run", *(["--file", f"{__file__}=/root/x"] if file else [])]
    args = cli.parser(words).parse_args(words)
    made: list[Path] = []

    def machine(_: Given, board: Board, _built: object, folder: Path, **_options: object) -> SimpleNamespace:
        Recorder.for_board(board, folder)
        made.append(folder)
        return SimpleNamespace(command_line=lambda: "qemu")

    monkeypatch.setattr(given.Given, "machine", machine)
    monkeypatch.setattr(given.Given, "build", lambda *_: None)
    assert run.main(args, cast("Builder", SimpleNamespace(board=Board.load())), Progress(io.StringIO())) == 0
    assert made[0].exists() == file


def test_bugs_that_linux_survives_are_excused(tmp_path: Path) -> None:
    """Whoever switches the board off meets one, and has done nothing wrong."""
    recorder = Recorder.for_board(Board.load(), tmp_path)
    machine = SimpleNamespace(
        board=Board.load(), artifacts=SimpleNamespace(kernel_release="6.12.1"), tolerate_bad=recorder.tolerate_bad
    )
    found = known_bugs.excuse(cast("LinuxMachine", machine))
    assert not any(one.fatal for one in found)
    recorder.feed(
        "host", "linux", "[ 1.0] WARNING: CPU: 0 PID: 1 at kernel/rcu/tree_plugin.h:331 rcu_note_context_switch+0x29c\n"
    )
    (told,) = known_bugs.met(found)
    assert told.startswith("known bug poweroff-sleeps: ")
    assert recorder.verdict() == []


def test_a_demo_says_why_its_board_is_not_kept(tmp_path: Path) -> None:
    machine = SimpleNamespace(alive=False, artifacts=SimpleNamespace(firmware={}))
    assert demo._keep(cast("LinuxMachine", machine), tmp_path) == "the state of the board is not saved: QEMU has ended"
