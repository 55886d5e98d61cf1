# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is recorded as executed was executed, on each core, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.formats.elf import Image
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.qemu.coverage import FILE, Executed, Live, spans

LINUX = ("rproc_boot", "rproc_shutdown", "rproc_detach")
REMOTE = ("app_main", "soc_ack", "soc_halt")


@pytest.mark.needs("remoteproc", "rpmsg-tty")
def test_what_was_executed(boot: Callable[..., LinuxMachine], board: Board, tmp_path: Path) -> None:
    """Linux says itself where its functions are, the remote's are where its ELF file has them."""
    live = Live(spans(board))
    remote = Remote(boot(coverage=live))
    rows = [line.split() for line in remote.host.run_check("grep ' T rproc_' /proc/kallsyms")]
    at = {(board.shell.core, name): int(address, 16) & ~1 for address, _, name in rows if name in LINUX}
    image = Image.read(remote.machine.artifacts.firmware["echo-bare"].read_bytes())
    for name in REMOTE:
        symbol = image.symbol(name)
        assert symbol is not None, name
        at[remote.core.core, name] = symbol[0] & ~1

    def executed() -> set[str]:
        live.save(tmp_path / FILE)
        found = Executed.load(tmp_path / FILE)
        return {name for (core, name), address in at.items() if found.any(core, address, address + 2)}

    live.clear()
    assert executed() == set()
    remote.start("echo-bare", services=["rpmsg-tty"])
    assert executed() == {"rproc_boot", "app_main"}
    live.clear()
    remote.stop()
    assert executed() == {"rproc_shutdown", "soc_ack", "soc_halt"}
