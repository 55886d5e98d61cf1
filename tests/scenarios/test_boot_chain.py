# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The whole chain in one boot: OP-TEE starts U-Boot, U-Boot Linux, and Linux has OP-TEE start what is signed.

From an SD card, the boot ROM and TF-A come before it, as on the board after power on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ampstand.formats import gpt, signed
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.secure_remote import REFUSED, SecureRemote, place

pytestmark = [
    pytest.mark.needs("secure", "boot-loader", "remoteproc", "rpmsg-tty", "rpmsg-char", "hotplug", "reboot"),
    pytest.mark.secure("remoteproc"),
    pytest.mark.thorough,
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
CARD_STEPS = (
    r"^NOTICE:  CPU: STM32MP157C",  # the boot ROM has started BL2
    r"^INFO:    Boot used partition fsbl1",
    r"^INFO:    Memory size = 0x20000000 \(512 MB\)",  # BL2 has set the DDR up, and has looked
    r"^INFO:    Image id=8 loaded: 0xde000000 - ",
    r"^INFO:    Image id=5 loaded: 0xc0100000 - ",
    r"^NOTICE:  BL2: Booting BL32",
    *STEPS[:5],
    r"^Boot over mmc0!",
    r"^Retrieving file: /extlinux/extlinux\.conf",
    *STEPS[5:],
)
"""The same, from the card."""
FIRST_STEP = r"^NOTICE:  BL2: v\d"
HEADER_MAGIC, HEADER_CHECKSUM = 0, 0x44
"""Where they are in the header that the boot ROM looks at."""


@pytest.fixture
def chain(boot: Callable[..., LinuxMachine]) -> LinuxMachine:
    """Return a board that was started by all of them."""
    return boot(boot_loader=True)


def check_steps(machine: LinuxMachine, since: int, steps: Sequence[str] = STEPS) -> None:
    """Check that each step was taken, after those before it, by a board that has booted."""
    lines = iter(machine.host.console.lines[since:])
    for pattern in steps:
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


@pytest.mark.needs("boot-card")
def test_from_power_on_to_a_signed_image(boot: Callable[..., LinuxMachine]) -> None:
    """All of it is on an SD card, and a reboot goes through all of it again."""
    machine = boot(from_card=True)
    check_steps(machine, 0, CARD_STEPS)
    remote = SecureRemote(machine, IMAGE)
    live(remote)
    mark = machine.end_linux("reboot")
    machine.next_linux(mark)
    check_steps(machine, mark, CARD_STEPS)
    live(remote)


def changed(card: Path, at: int, data: bytes) -> None:
    """Write something onto a card."""
    with card.open("r+b") as file:
        file.seek(at)
        file.write(data)


@pytest.mark.needs("boot-card")
def test_a_bad_card_starts_nothing(boot: Callable[..., LinuxMachine]) -> None:
    """The boot ROM says why, at each reset, and the board waits for a better card; then that one starts."""
    machine = boot(up=False, from_card=True)
    card = machine.card
    assert card is not None
    good = card.read_bytes()
    copies = [gpt.place(good, name) for name in ("fsbl1", "fsbl2")]
    cases = {
        "no GPT on the card": [(gpt.SECTOR, b"none")],
        'no partition on the card has a name that begins with "fsbl"': [(2 * gpt.SECTOR, bytes(256))],
        "fsbl1: bad magic number 0x00000000 in the STM32 header, not 0x324d5453; fsbl2: bad magic number": [
            (at + HEADER_MAGIC, bytes(4)) for at in copies
        ],
        "fsbl1: bad checksum 0xffffffff in the STM32 header: that of the image is 0x": [
            (at + HEADER_CHECKSUM, b"\xff" * 4) for at in copies
        ],
    }
    machine.start()
    console = machine.host.console
    console.expect_line(FIRST_STEP)

    def refused(reason: str) -> None:
        said = machine.expect_bad(f"boot ROM: no boot loader, core 0 stays: {re.escape(reason)}", "qemu")
        machine.qmp("system_reset")
        machine.wait(lambda: said.seen or None, what=reason, core="qemu", timeout=10, dead_too=True)
        mark = console.mark()
        assert machine.qmp("query-status")["running"]
        machine.settle()
        assert not console.lines[mark:], "something runs"

    for reason, changes in cases.items():
        for at, data in changes:
            changed(card, at, data)
        refused(reason)
        for at, data in changes:
            changed(card, at, good[at : at + len(data)])
    for line in (
        "WARNING: Firmware Image Package header check failed",
        r"WARNING: Failed to obtain reference to image id=1 \(-2\)",
        r"ERROR:   BL2: Failed to load image id 1 \(-2\)",
    ):
        machine.expect_bad(line, "host")
    package = gpt.place(good, "fip")
    changed(card, package, bytes(4))
    mark = console.mark()
    machine.qmp("system_reset")
    console.expect_line(r"^ERROR:   BL2: Failed to load image", since=mark)
    changed(card, package, good[package : package + 4])
    mark = console.mark()
    machine.qmp("system_reset")
    console.expect_line(r"^NOTICE:  BL2: Booting BL32", since=mark)
    machine.qmp("eject", device="sd0", force=True)
    refused("no card in the slot")
