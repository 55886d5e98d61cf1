# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A fake board with a remote, for tests of what needs QEMU only."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand import write_board

REMOTE = """
[[remote]]
core = "m4"
soc = "none"
driver = "stm32_rproc"
instance = "remoteproc0"
control = "/fake"
cpu = 2
preload = "m4-firmware"
preload_table = "m4-table"
elf_machine = 40
profile = "M"
windows = [[0, 0x38000000, 0x10000], [0x10000000, 0x10000000, 0x60000]]
[remote.regions]
retram = [0, 0x10000]
mcuram2 = [0x10000000, 0x40000]
"""


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a fake board with a remote; no build is possible."""
    path = write_board(tmp_path, remote=REMOTE)
    monkeypatch.setenv("AMPSTAND_CACHE", str(tmp_path / "cache"))
    return path
