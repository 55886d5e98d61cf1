# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Debian on the board's SD card, with Debian's own kernel (``ampstand test --debian``; docs/debian.md)."""

from __future__ import annotations

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = [
    pytest.mark.needs("sd-card", "ethernet", "remoteproc", "rpmsg-tty"),
    pytest.mark.time_limit(900),
]
GATEWAY = "10.0.2.2"
SECONDS = 120.0


def test_debian_boots_gets_an_address_and_talks_to_the_remote(debian_machine: LinuxMachine) -> None:
    host = debian_machine.host
    assert host.text("uname -r") == debian_machine.artifacts.kernel_release
    assert "ID=debian" in host.run_check("cat /etc/os-release")
    assert host.text("findmnt -no FSTYPE,SOURCE /").split() == ["ext4", "/dev/mmcblk0p1"]
    host.wait_for("ip -4 addr show scope global", "inet 10[.]0[.]2[.]", SECONDS)
    assert ", 0% packet loss" in host.text(f"ping -c 3 {GATEWAY}", SECONDS)
    host.wait_for("ls /sys/class/remoteproc", "remoteproc0", SECONDS)
    remote = Remote(debian_machine)
    remote.start("echo-bare", services=["rpmsg-tty"])
    assert remote.core_state() == "running"
    remote.echo_tty(options="-n 100")
    remote.stop()
    # Nothing is half done, neither of the packages nor of systemd.
    assert host.run_check("dpkg --audit") == []
    host.wait_for("systemctl is-system-running", "running|degraded", SECONDS)
    assert host.text("systemctl --failed --no-legend --plain") == ""
