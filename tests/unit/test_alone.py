# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Firmware without Linux: what ends a run, and with which exit code. The fake QEMU says what a remote would."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from elf_files import made_elf
from stand import FAKE_QEMU
from stand_remote import board as board

from ampstand import cli
from ampstand.commands.alone import Judge
from ampstand.errors import TestsFailed, UsageError


@pytest.fixture
def run(board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that runs an image on the fake board; standard input is at its end."""
    image = tmp_path / "x.elf"
    image.write_bytes(made_elf())
    nothing = Path(os.devnull).open()  # noqa: SIM115
    monkeypatch.setattr(sys, "stdin", nothing)

    def start(*options: str, says: str | None = None, **environment: str) -> int:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        if says is not None:
            monkeypatch.setenv("FAKE_SAYS", says)
        common = ["--board", str(board), "--qemu", str(FAKE_QEMU), "--records", str(tmp_path / "records")]
        return cli.main(["run", "--remote-only", str(image), *common, *options])

    return start


@pytest.mark.parametrize(
    ("options", "says", "code"),
    [
        (["--until", "says"], None, 0),
        (["--until", "^all [0-9]+ passed$"], "one\r\nall 44 passed\r\n", 0),
        (["--until", "passed", "--fail-on", "failed"], "1 failed\n44 passed\n", 1),
        (["--until", "passed", "--fail-on", "failed"], "44 passed\n1 failed\n", 0),
        (["--fail-on", "hello"], None, 1),
        (["--until", "never", "--time-limit", "0.5"], None, 1),
        (["--time-limit", "0.5"], None, 0),
        (["--until", "half a line", "--time-limit", "0.5"], "half a line", 0),
        (["--until", "never"], "E: >>> ZEPHYR FATAL ERROR 4: Kernel panic on CPU 0\n", 1),
        (["--until", "never"], "PROJECT EXECUTION FAILED\n", 1),
    ],
)
def test_a_line_ends_it(run: Callable[..., int], options: list[str], says: str | None, code: int) -> None:
    assert run(*options, says=says) == code


@pytest.mark.parametrize(("status", "code"), [("0", 0), ("7", 1)])
def test_semihosting_ends_it(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    assert run("--until", "never", FAKE_EXIT=status) == code
    assert "semihosting" in capfd.readouterr().err


def test_a_lockup_ends_it(run: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    assert run("--until", "never", FAKE_STATE="lockup") == 1
    assert "m4 is locked up" in capfd.readouterr().err


def test_what_is_said_is_shown_and_recorded(
    run: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("--until", "world", says="hello\r\nworld\r\n") == 0
    said = capfd.readouterr()
    assert said.out == "hello\r\nworld\r\n"
    assert "x.elf: it said: world" in said.err
    records = tmp_path / "records"
    assert (records / "usart3.log").read_bytes() == b"hello\r\nworld\r\n"
    assert json.loads((records / "result.json").read_text())["ending"] == "it said: world"
    command = (records / "command.txt").read_text()
    assert "-kernel" not in command
    assert "-initrd" not in command
    assert "m4-firmware=" in command


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--until", "("], "no regular expression"),
        (["--firmware", "echo-bare"], "--remote-only takes no firmware"),
        (["--qemu", "/none"], "no such program"),
    ],
)
def test_wrong_usage(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert run(*options) == UsageError.exit_code
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"text", "no ELF file"),
        (made_elf(machine=62), "code for Advanced Micro Devices X86-64"),
        (made_elf(vectors=False), "nothing is loaded at 0x0"),
        (made_elf()[:-1], "behind the end of the file"),
    ],
)
def test_an_image_that_cannot_run_is_refused_before_anything_starts(
    run: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str], data: bytes, message: str
) -> None:
    (tmp_path / "x.elf").write_bytes(data)
    assert run() == UsageError.exit_code
    assert message in capfd.readouterr().err
    assert not (tmp_path / "records").exists()


def test_dry_run_prints_a_command_without_the_harness(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("--dry-run") == 0
    said = capfd.readouterr().out
    assert re.search(r"-serial file:linux.log -serial mon:stdio .*-semihosting-config enable=on,target=native$", said)


def test_keys_reach_the_remote_and_leave(board: Path, tmp_path: Path) -> None:
    """On a real terminal: what is typed goes to the remote's console, ^A x ends it."""
    image = tmp_path / "x.elf"
    image.write_bytes(made_elf())
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "ampstand", "run", "--remote-only", str(image), "--board", str(board)]
    argv += ["--qemu", str(FAKE_QEMU), "--records", str(tmp_path / "records")]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        seen = b""
        step = threading.Timer(30, child.kill)
        step.start()
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:
                break
            seen += data
            if seen.endswith(b"hello\n"):
                os.write(ours, b"abc")
            if seen.endswith(b"abc"):
                os.write(ours, b"\x01x")
        step.cancel()
        assert child.wait() == 0
    os.close(ours)
    assert b"remote says hello" in seen
    assert b"x.elf: left" in seen


def test_streams_are_judged_apart() -> None:
    judge = Judge("done")
    assert judge.take("usart3", "do") is None
    assert judge.take("trace", "ne\n") is None
    ending = judge.take("usart3", "ne\n")
    assert ending is not None
    assert ending.code == 0
    assert Judge(strict=False).take("a", "ZEPHYR FATAL ERROR\n") is None
    panic = Judge().take("a", "\x1b[1;31m<err> os: >>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 0\n")
    assert panic is not None
    assert panic.code == TestsFailed.exit_code
