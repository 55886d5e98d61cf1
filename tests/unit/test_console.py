# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ampstand.board import Serial
from ampstand.formats.kernel_log import Splitter
from ampstand.linux.shell import Shell
from ampstand.qemu.console import Console

MESSAGE = "[   12.345678] usb 1-1: [new] device"
TRACES = ["E/TA:  shdr_verify_signature:226 no", "I/TC: Reserved shared memory", "?/TC:0 0 a"]


def split(parts: list[str]) -> tuple[str, list[str]]:
    """Feed parts to one splitter."""
    splitter = Splitter()
    text, messages = "", []
    for part in parts:
        user, kernel = splitter.feed(part)
        text += user
        messages += kernel
    return text, messages


@pytest.mark.parametrize("message", [MESSAGE, *TRACES])
@pytest.mark.parametrize("at", range(len("one line\n") + 1))
def test_a_kernel_message_is_taken_out_wherever_it_comes(at: int, message: str) -> None:
    line = "one line\n"
    assert split([line[:at] + message + "\r\n" + line[at:]]) == (line, [message])
    assert split([*(line[:at] + message + "\r\n" + line[at:])]) == (line, [message])


def test_any_portions_give_the_same() -> None:
    text = f"ab{MESSAGE}\r\nc[1] [ 2\nd{MESSAGE}\r\n{MESSAGE}\r\ne[   1.2345] no stamp\n[a]\n{MESSAGE}\n"
    text += "".join(f"E{trace}\r\nI/{trace}\nF/T" for trace in TRACES) + "M\n"
    whole = split([text])
    said = "".join(f"EI/{trace}\nF/T" for trace in TRACES)
    assert whole == (f"abc[1] [ 2\nde[   1.2345] no stamp\n[a]\n{MESSAGE}\n{said}M\n", [MESSAGE] * 3 + TRACES)
    chance = random.Random(1)
    for _ in range(500):
        cuts = sorted(chance.sample(range(1, len(text)), 6))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert split(parts) == whole


def test_what_may_become_a_message_is_held_back_and_comes_later() -> None:
    splitter = Splitter()
    assert splitter.feed("x[   1") == ("x", [])
    assert splitter.feed("]y\n") == ("[   1]y\n", [])


def test_a_background_command_is_no_child_of_the_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its end would be a signal, at which busybox' shell drops what it is writing.

    What stands in a board's /tmp stands here in this workstation's, which other users have as well.
    """
    sent: list[str] = []
    serial = Serial(name="linux", core="host", role="shell")
    shell = Shell(Console(serial, None, lambda data: None, 1.0), timeout=1.0, boot_timeout=1.0)  # type: ignore[arg-type]

    def run_check(command: str, *_: Any, **__: Any) -> list[str]:
        sent.append(command)
        return []

    monkeypatch.setattr(shell, "run_check", run_check)
    shell.start(f"..{tmp_path}/job", "sleep 0.2")
    children = subprocess.run(
        ["sh", "-c", f"{sent[0]}\ncat /proc/$$/task/$$/children"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(children) == 1, "only the cat itself"
