# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The device that Zephyr's twister drives, driven as twister does: a command on a pseudo terminal, a flash command."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from elf_files import made_elf
from stand import FAKE_QEMU
from stand_remote import board as board

from ampstand.errors import InfrastructureError, UsageError

PATIENCE = 60.0
CHILD = [sys.executable, "-m", "ampstand", "twister-device"]


@pytest.fixture(autouse=True)
def own_rendezvous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let devices of a test wait in its own folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))


class Twister:
    """What twister does for a device: start it on a terminal, flash, read lines."""

    def __init__(self, board: Path, folder: Path, *options: str) -> None:
        self.board = board
        self.folder = folder
        master, self.slave = pty.openpty()
        tty.setraw(self.slave, termios.TCSANOW)
        argv = [*CHILD, "--board", str(board), "--qemu", str(FAKE_QEMU), "--records", str(folder / "records"), *options]
        self.child = subprocess.Popen(argv, stdin=master, stdout=master, stderr=master)
        os.close(master)

    def build(self, name: str, data: bytes) -> Path:
        """Make a build folder of Zephyr's."""
        image = self.folder / name / "zephyr" / "zephyr.elf"
        image.parent.mkdir(parents=True)
        image.write_bytes(data)
        return image.parent.parent

    def flash(self, build: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the flash command."""
        argv = [*CHILD, "--flash", "--board", str(self.board), "--build-dir", str(build), *options]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE)

    def read(self, wanted: bytes) -> bytes:
        """Read until this has come; what came."""
        end, seen = time.monotonic() + PATIENCE, b""
        while wanted not in seen:
            ready, _, _ = select.select([self.slave], [], [], max(0.0, end - time.monotonic()))
            assert ready, seen
            data = os.read(self.slave, 4096)
            assert data, seen
            seen += data
        return seen

    def end(self) -> int:
        """End the device as twister does; return its exit code."""
        self.child.terminate()
        code = self.child.wait(PATIENCE)
        os.close(self.slave)
        return code


@pytest.fixture
def twister(board: Path, tmp_path: Path) -> Iterator[Callable[..., Twister]]:
    """Return a function that starts a device; all are ended."""
    made: list[Twister] = []

    def start(*options: str) -> Twister:
        made.append(Twister(board, tmp_path, *options))
        return made[-1]

    yield start
    for device in made:
        if device.child.poll() is None:
            device.end()


def running(build: Path) -> list[str]:
    """Return the processes of QEMU that run what is in a build folder."""
    found = subprocess.run(["pgrep", "-f", f"m4-firmware={build}/"], capture_output=True, text=True, check=False)
    return found.stdout.split()


def test_each_flash_runs_what_was_built(twister: Callable[..., Twister], tmp_path: Path) -> None:
    device = twister()
    for number, name in enumerate(["one", "two"], 1):
        assert device.flash(device.build(name, made_elf())).returncode == 0
        assert device.read(b"\n") == b"remote says hello\n"
        command = (tmp_path / "records" / str(number) / "command.txt").read_text()
        assert re.search(rf"m4-firmware=\S*/{name}/zephyr/zephyr\.elf", command)
    assert running(tmp_path / "one") == []
    assert len(running(tmp_path / "two")) == 1
    os.write(device.slave, b"typed")
    assert device.read(b"typed") == b"typed"
    assert device.end() == 130
    assert list((tmp_path / "run").rglob("*.sock")) == []
    assert running(tmp_path / "two") == []


def test_an_image_that_cannot_run_fails_the_flash_and_leaves_the_device(twister: Callable[..., Twister]) -> None:
    device = twister()
    done = device.flash(device.build("bad", made_elf(machine=62)))
    assert done.returncode == UsageError.exit_code
    assert "Advanced Micro Devices X86-64" in done.stderr
    assert device.flash(device.build("none", b"")).returncode == UsageError.exit_code
    assert device.flash(device.build("good", made_elf())).returncode == 0
    device.read(b"remote says hello\n")


def test_firmware_that_ended_leaves_the_device(
    twister: Callable[..., Twister], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EXIT", "0")
    device = twister()
    for name in ("one", "two"):
        assert device.flash(device.build(name, made_elf())).returncode == 0
        device.read(b"remote says hello\n")


def test_devices_have_ids(twister: Callable[..., Twister]) -> None:
    one, two = twister("--id", "a"), twister("--id", "b")
    assert one.flash(one.build("x", made_elf()), "--board-id", "b").returncode == 0
    two.read(b"remote says hello\n")
    second = twister("--id", "a")
    one.flash(one.build("y", made_elf()), "--board-id", "a")
    assert second.child.wait(PATIENCE) == UsageError.exit_code


def test_a_stream_must_be_one_of_the_board(board: Path) -> None:
    argv = [*CHILD, "--board", str(board), "--qemu", str(FAKE_QEMU), "--stream", "none"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == UsageError.exit_code
    assert "none is none of linux, usart3, trace" in done.stderr


def test_without_a_device_the_flash_says_how_to_get_one(
    board: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ampstand.commands import twister_device

    monkeypatch.setattr(twister_device, "DEVICE_TIMEOUT", 0.1)
    image = tmp_path / "x.elf"
    image.write_bytes(made_elf())
    with pytest.raises(InfrastructureError, match="no device waits at") as caught:
        twister_device.flash(twister_device.rendezvous("0"), image)
    assert "--device-serial-pty" in caught.value.hint
    with pytest.raises(UsageError, match=r"no .*zephyr/zephyr\.elf"):
        twister_device.image_of(tmp_path)
    with pytest.raises(UsageError, match="no id of a device"):
        twister_device.rendezvous("../x")
