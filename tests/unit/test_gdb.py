# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand gdb``: what gdb is told, on the fake QEMU, by a fake gdb that prints it."""

from __future__ import annotations

from pathlib import Path

import pytest
from elf_files import made_elf
from stand import FAKE_QEMU
from stand_remote import board as board

from ampstand import cli, paths
from ampstand.board import Board
from ampstand.build.builder import Builder, BuildOptions
from ampstand.commands.gdb import script
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress


def gdb(board: Path, folder: Path, *options: str) -> int:
    """Run the command on an image of its own; return the exit code."""
    image = folder / "x.elf"
    if not image.exists():
        image.write_bytes(made_elf())
    common = ["--board", str(board), "--qemu", str(FAKE_QEMU), "--records", str(folder / "records")]
    return cli.main(["gdb", "--remote-only", str(image), *common, *options])


def fake_gdb(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a gdb-multiarch of our own first in the path."""
    program = folder / "bin" / "gdb-multiarch"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_both_clusters_are_attached_with_their_symbols(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fake_gdb(tmp_path, monkeypatch, 'for word; do echo "$word"; done; exit 5')
    assert gdb(board, tmp_path, "--batch", "--ex", "info threads", "--ex", "bt") == 5
    said = capfd.readouterr().out.splitlines()
    commands = [said[at + 1] for at, word in enumerate(said) if word == "-ex"]
    stub = next(command.split()[2] for command in commands if command.startswith("target extended-remote"))
    assert commands == script(Path(stub), None, tmp_path / "x.elf", ["info threads", "bt"])
    assert "-batch" in said
    command = (tmp_path / "records" / "command.txt").read_text()
    assert f"-gdb unix:{stub},server=on,wait=off" in command
    assert not Path(stub).exists()


def test_the_order_of_the_commands() -> None:
    commands = script(Path("/s"), Path("/vmlinux"), Path("/x.elf"))
    assert commands[3:] == [
        f"directory {paths.ROOT}",
        "target extended-remote /s",
        "symbol-file /vmlinux",
        "add-inferior",
        "inferior 2",
        "attach 2",
        "file /x.elf",
        "set schedule-multiple on",
    ]


def test_without_gdb_it_says_how_to_get_it(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert gdb(board, tmp_path) == InfrastructureError.exit_code
    assert "apt-get install gdb-multiarch" in capsys.readouterr().err
    assert not (tmp_path / "records").exists()


def test_an_image_that_cannot_run_is_refused(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_gdb(tmp_path, monkeypatch, "exit 0")
    (tmp_path / "x.elf").write_bytes(made_elf(machine=62))
    assert gdb(board, tmp_path) == UsageError.exit_code
    assert "cannot run" in capsys.readouterr().err


def test_debug_info_is_a_fragment_of_the_kernel() -> None:
    def asked(*, debug: bool) -> set[str]:
        builder = Builder(Board.load(), BuildOptions(debug_info=debug), Progress())
        return {Path(wish.origin).name.partition(":")[0] for wish in builder.configuration()}

    assert asked(debug=True) == asked(debug=False) | {"debug-info.config"}
