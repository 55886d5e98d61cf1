# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Debian on the board's SD card, with Debian's own kernel (``ampstand test --debian``; docs/debian.md)."""

from __future__ import annotations

import re

import pytest

from ampstand.build.debian import KSELFTEST, kselftest_collections
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = [
    pytest.mark.needs("sd-card", "ethernet", "remoteproc", "rpmsg-tty"),
    pytest.mark.time_limit(900),
]
GATEWAY = "10.0.2.2"
SECONDS = 120.0
KSELFTEST_SECONDS = 600.0
KTAP = re.compile(r"^(ok|not ok) \d+ selftests: \S+ (\S+)(?: # (SKIP))?")
"""What kselftest's runner says of a test at its end: the result, the name, and whether it was left out."""


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


def test_every_image_runs_under_debian(debian_machine: LinuxMachine) -> None:
    """Debian's own drivers start and stop each of our images, whichever system it is built for."""
    remote = Remote(debian_machine)
    debian_machine.host.wait_for("ls /sys/class/remoteproc", "remoteproc0", SECONDS)
    for name in sorted(debian_machine.artifacts.firmware):
        app, system = name.rsplit("-", 1)
        has_table = app != "notable"
        remote.start(name, table=has_table)
        if has_table:
            said = debian_machine.host.run_check(f"cat {remote.debugfs}/trace0")
            assert said[0].startswith(f"ampstand {app} on {system},"), name
        assert remote.core_state() == "running", name
        remote.stop()


@pytest.mark.parametrize("collection", kselftest_collections())
def test_kselftest(debian_machine: LinuxMachine, collection: str) -> None:
    """The kernel's own tests, on the models of the board; the log of Linux has all that they say."""
    host = debian_machine.host
    said = host.run(f"cd {KSELFTEST} && ./run_kselftest.sh -c {collection} 2>&1", KSELFTEST_SECONDS).output
    results = [match.groups() for line in said.splitlines() if (match := KTAP.match(line))]
    assert results, said
    failed = [name for result, name, skipped in results if result == "not ok" and not skipped]
    assert not failed, "\n".join([f"failed: {', '.join(failed)}", said])
    if all(skipped for _, _, skipped in results):
        pytest.skip(f"kselftest leaves out all of {collection}: {', '.join(name for _, name, _ in results)}")
