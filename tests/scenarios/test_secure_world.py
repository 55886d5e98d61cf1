# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""OP-TEE in a secure world, and Linux beside it with the device tree that its tree has for such a board, unchanged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("secure", "remoteproc", "rpmsg-char", "hotplug", "reboot", "migration")

IMAGE = "echo-bare"
OPTEE = r"I/TC: OP-TEE version: "
SECOND = r"I/TC: Secondary CPU 1 switching to normal world boot"
INITIALIZED = "optee: initialized driver"


@pytest.fixture
def secure(boot: Callable[..., LinuxMachine]) -> LinuxMachine:
    """Return a board with a secure world."""
    return boot(secure="scmi")


def said(machine: LinuxMachine, pattern: str, *, since: int = 0) -> None:
    """Check that OP-TEE, which is on Linux's console, said this."""
    machine.host.console.expect_line(pattern, since=since, timeout=machine.board.timeouts.command)


def talk(remote: Remote, messages: int = 100) -> None:
    """Start our image, and let it echo."""
    remote.start(IMAGE, services=["rpmsg-raw"])
    assert remote.echo_char(options=f"-n {messages}")["messages"] == messages


def test_linux_has_what_the_secure_world_gives(secure: LinuxMachine) -> None:
    """PSCI, clocks, resets and regulators come from OP-TEE."""
    said(secure, OPTEE)
    said(secure, SECOND)
    host = secure.host
    log = host.text("dmesg")
    assert INITIALIZED in log
    assert "psci: PSCIv1.0 detected in firmware" in log
    assert "arm-scmi" in log
    assert host.text("cat /sys/devices/system/cpu/online") == "0-1"
    clocks = host.text("cat /sys/kernel/debug/clk/clk_summary")
    assert "ck_mcu" in clocks
    assert host.text("ls /sys/bus/scmi_protocol/devices")
    assert "reg18" in host.text("cat /sys/class/regulator/*/name")


def test_the_remote_lives_by_resets_of_the_secure_world(secure: LinuxMachine) -> None:
    """Linux holds, releases and resets it by SCMI: the registers are not for Linux to write."""
    remote = Remote(secure)
    for _ in range(3):
        talk(remote)
        remote.stop()
        assert remote.core_state() == "held"


@pytest.mark.thorough
def test_reboot(secure: LinuxMachine) -> None:
    """The secure world begins anew, too, and holds the remote."""
    remote = Remote(secure)
    talk(remote)
    mark = secure.end_linux("reboot")
    said(secure, OPTEE, since=mark)
    secure.next_linux(mark)
    said(secure, SECOND, since=mark)
    assert remote.core_state() == "held"
    talk(remote)


def test_power_off(secure: LinuxMachine, known_bug: Meetings) -> None:
    known_bug("poweroff-sleeps").announce(secure)
    secure.end_linux("poweroff")
    assert secure.wait_end(secure.board.timeouts.command) == 0


def test_second_core_off_and_on(secure: LinuxMachine) -> None:
    """Off is a reset of this core alone, which then waits in the boot ROM."""
    host = secure.host
    for _ in range(5):
        mark = host.console.mark()
        host.run_check("echo 0 > /sys/devices/system/cpu/cpu1/online")
        assert host.text("cat /sys/devices/system/cpu/online") == "0"
        host.run_check("echo 1 > /sys/devices/system/cpu/cpu1/online")
        assert host.text("cat /sys/devices/system/cpu/online") == "0-1"
        said(secure, SECOND, since=mark)
    talk(Remote(secure))


def test_saved_and_restored(boot: Callable[..., LinuxMachine], secure: LinuxMachine, tmp_path: Path) -> None:
    """Both worlds go on, and the boundary between them is where it was."""
    talk(Remote(secure))
    state = tmp_path / "state"
    secure.save(state)
    secure.stop()
    restored = boot(up=False, secure="scmi", incoming=state)
    restored.resume()
    remote = Remote(restored)
    assert remote.echo_char(options="-n 100")["messages"] == 100
    remote.stop()
    talk(remote)
    restored.host.run_check("echo 0 > /sys/devices/system/cpu/cpu1/online")
    restored.host.run_check("echo 1 > /sys/devices/system/cpu/cpu1/online")
    assert restored.host.text("cat /sys/devices/system/cpu/online") == "0-1"
