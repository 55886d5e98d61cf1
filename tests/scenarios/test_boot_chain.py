# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The whole chain in one boot: OP-TEE starts U-Boot, U-Boot Linux, and Linux has OP-TEE start what is signed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ampstand.formats import signed
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.secure_remote import REFUSED, SecureRemote, place

pytestmark = [
    pytest.mark.needs("secure", "boot-loader", "remoteproc", "rpmsg-tty", "rpmsg-char", "hotplug", "reboot"),
    pytest.mark.secure("remoteproc"),
]

IMAGE = "echo-bare"
STEPS = (
    r"^I/TC: OP-TEE version: ",
    r"^I/TC: Primary CPU switching to normal world boot",
    r"^U-Boot \d{4}\.\d{2}",
    r"^Model: .* SCMI ",  # the tree of a board whose clocks and resets are OP-TEE's
    r"^optee optee: OP-TEE: revision ",  # U-Boot has found it
    r"^Starting kernel",
    r"Booting Linux on physical CPU",
    r"optee: initialized driver",
)
"""What is said of each step, in this order."""


@pytest.fixture
def chain(boot: Callable[..., LinuxMachine]) -> LinuxMachine:
    """Return a board that was started by all of them."""
    return boot(boot_loader=True)


def check_steps(machine: LinuxMachine, since: int) -> None:
    """Check that each step was taken, after those before it, by a board that has booted."""
    lines = iter(machine.host.console.lines[since:])
    for pattern in STEPS:
        assert any(re.search(pattern, line) for line in lines), f"not said, or not then: {pattern}"


def live(remote: SecureRemote) -> None:
    """Let a changed image be refused, and one that is as it was signed run, talk and stop."""
    good = remote.machine.artifacts.signed[IMAGE].read_bytes()
    remote.host.put(place("changed"), signed.flipped(good, signed.parts(good)["segment 1"]))
    for line in ("secure world refuses load: 0xffff000f", r"Boot failed: -\d+"):
        remote.machine.expect_bad(f"remoteproc0: {line}", "host")
    remote.machine.tolerate_bad(REFUSED, "an image is refused", "host")
    remote.firmware("changed")
    assert "Key was rejected" in remote.host.run(f"echo start >{remote.sysfs}/state").output
    assert (remote.state(), remote.core_state(), remote.held_segments()) == ("offline", "held", [])
    remote.start(IMAGE, services=["rpmsg-tty", "rpmsg-raw"])
    assert remote.echo_tty(options="-n 50")["messages"] == 50
    assert remote.echo_char(options="-n 50")["messages"] == 50
    remote.stop()


def test_from_reset_to_a_signed_image(chain: LinuxMachine) -> None:
    """The cores, too, are OP-TEE's, and after a reboot all of it comes again."""
    check_steps(chain, 0)
    remote, host = SecureRemote(chain, IMAGE), chain.host
    assert "optee@de000000" in host.text("ls /proc/device-tree/reserved-memory")
    assert host.text("cat /sys/devices/system/cpu/online") == "0-1"
    for state in (0, 1):
        host.run_check(f"echo {state} >/sys/devices/system/cpu/cpu1/online")
    live(remote)
    mark = chain.end_linux("reboot")
    chain.next_linux(mark)
    check_steps(chain, mark)
    live(remote)
