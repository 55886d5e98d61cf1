# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is said when Linux does not drive the remote; the shell of the board is one of the workstation."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ampstand.errors import TestsFailed
from ampstand.linux.remote import Remote
from ampstand.linux.shell import Result, Shell


class LocalShell(Shell):
    """Runs commands on the workstation."""

    def __init__(self) -> None:
        """Need no console."""

    def run(self, command: str, timeout: float | None = None, *, reason: str = "") -> Result:
        """Run a command there."""
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=timeout or 10, check=False)
        return Result(done.stdout.splitlines(), done.stderr.splitlines(), done.returncode)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """Return a remote whose folder in sysfs is the test's."""
    core: Any = SimpleNamespace(core="m4", instance="remoteproc0", driver="stm32_rproc")
    machine: Any = SimpleNamespace(board=SimpleNamespace(shell=SimpleNamespace(core="host")), host=LocalShell())
    remote = Remote(machine, core)
    remote.sysfs = str(tmp_path / "remoteproc0")
    return remote


@pytest.mark.parametrize("use", [Remote.state, lambda remote: remote.firmware("echo-bare")])
def test_a_kernel_without_the_driver_is_the_reason(remote: Remote, use: Any) -> None:
    """Seen with Debian's kernel for arm64, which is built without the driver of the ZCU102's remotes."""
    with pytest.raises(TestsFailed, match=r"^Linux drives no remote: there is no .*/remoteproc0\n") as caught:
        use(remote)
    assert "stm32_rproc" in str(caught.value.hint)


def test_another_failure_stays_what_it_is(remote: Remote) -> None:
    """The folder is there, the file is not."""
    Path(remote.sysfs).mkdir()
    with pytest.raises(TestsFailed, match=r"^`cat .*/state` on the host ended with 1: "):
        remote.state()
