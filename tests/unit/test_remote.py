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
from ampstand.formats.vring import Vring
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
    board = SimpleNamespace(shell=SimpleNamespace(core="host"), timeouts=SimpleNamespace(remote=5.0))
    machine: Any = SimpleNamespace(board=board, secure="", host=LocalShell())
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


def channel(remote: Remote, virtio: int, address: int, tty: int) -> None:
    """Make the folder of a tty channel, as below the remote's in sysfs."""
    folder = f"rproc-virtio.{virtio}.auto/virtio{virtio}/virtio{virtio}.rpmsg-tty.-1.{address}/tty/ttyRPMSG{tty}"
    (Path(remote.sysfs) / folder).mkdir(parents=True)


def test_a_remote_has_ttys_of_its_own(remote: Remote, tmp_path: Path) -> None:
    """Those of another remote are not meant, and the order is that of the addresses, not of the devices' numbers."""
    other = Remote(remote.machine, remote.core)
    other.sysfs = str(tmp_path / "remoteproc1")
    channel(other, 0, 1024, 0)
    channel(remote, 1, 1025, 1)
    channel(remote, 1, 1024, 2)
    assert [remote.own_tty(port) for port in (0, 1)] == ["/dev/ttyRPMSG2", "/dev/ttyRPMSG1"]
    assert other.own_tty() == "/dev/ttyRPMSG0"


@pytest.mark.parametrize(("used", "event", "due"), [(7, 6, True), (0, 0xFFFF, True), (7, 7, False), (7, 5, False)])
def test_a_signal_is_due(remote: Remote, monkeypatch: pytest.MonkeyPatch, used: int, event: int, due: bool) -> None:
    ring = Vring(0x1000, 16, 16)
    memory = {ring.used_idx: used, ring.used_event: event}
    monkeypatch.setattr(remote, "vring", lambda image, number: ring)
    machine: Any = remote.machine
    machine.read_number = lambda at, size: memory[at]
    assert remote.signal_due("any") is due
