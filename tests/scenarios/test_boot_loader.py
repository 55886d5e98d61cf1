# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""U-Boot starts the remote, then Linux, which attaches: the real thing of what the machine model does elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile

from ampstand.formats.elf import Image
from ampstand.formats.resource_table import locate
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = [
    pytest.mark.needs("boot-loader", "remoteproc", "attach", "rpmsg-char", "remote-console", "reboot"),
    pytest.mark.thorough,
]

IMAGE, WITHOUT_TABLE = "count-bare", "notable-bare"
LOADED = r"Load Remote Processor 0 with data@addr=0x[0-9a-f]+ \d+ bytes: Success!"
NO_TABLE = r"No valid resource table for this firmware"
REFUSED = r"Bad hash value for 'hash-1' hash node in 'remote' image node"


def registers(machine: LinuxMachine) -> dict[str, str]:
    """Return by name what the registers hold in which the remote is left to Linux."""
    loader = machine.board.boot_loader
    assert loader is not None
    return {name: f"{machine.read_number(address):#x}" for name, address in loader.registers.items()}


def memory(remote: Remote, image: str) -> dict[int, bytes]:
    """Return by address what the memory holds that an image is loaded to and that it leaves as it is."""
    path = remote.machine.artifacts.firmware[image]
    with path.open("rb") as file:
        loaded = [segment for segment in ELFFile(file).iter_segments("PT_LOAD") if segment["p_filesz"]]
    places = {s["p_paddr"]: s["p_filesz"] for s in loaded if not s["p_flags"] & P_FLAGS.PF_W}
    if (found := locate(Image.read(path.read_bytes()))) is not None:
        places[found.address] = len(found.data)
    return {at: remote.machine.read_memory(remote.core.host_address(at), size) for at, size in places.items()}


def said(machine: LinuxMachine, pattern: str) -> None:
    """Check that U-Boot said this since the machine was started, and not since the last reset alone."""
    machine.host.console.expect_line(pattern, since=0, timeout=machine.board.timeouts.command)


@pytest.mark.parametrize("image", [IMAGE, WITHOUT_TABLE])
def test_the_remote_is_left_as_the_machine_model_leaves_it(preload: Callable[..., Remote], image: str) -> None:
    remote, model = (preload(image, boot_loader=started) for started in (True, False))
    said(remote.machine, LOADED)
    if image == WITHOUT_TABLE:
        said(remote.machine, NO_TABLE)
    assert registers(remote.machine) == registers(model.machine)
    assert memory(remote, image) == memory(model, image)
    assert remote.state() == model.state() == "detached"


def test_attach_talk_reboot_and_leave_alone(preload: Callable[..., Remote]) -> None:
    """After a reboot U-Boot has started the remote again; Linux, which need not care, lets it be."""
    remote = preload(IMAGE, boot_loader=True)
    machine = remote.machine
    remote.wait_counting()
    remote.attach_and_talk()
    remote.detach()
    remote.wait_counting()
    remote.attach_and_talk()
    machine.next_linux(machine.end_linux("reboot"))
    remote.found_running()
    assert remote.state() == "detached"
    remote.wait_counting()
    remote.check_counted_on(lives=2)
    remote.attach_and_talk()
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100


def test_a_damaged_image_is_refused(boot: Callable[..., LinuxMachine]) -> None:
    """The hash in the bundle is not that of the image: U-Boot starts Linux alone, and the remote is off."""
    machine = boot(up=False, preload=IMAGE, boot_loader=True)
    assert machine.bundle is not None
    bundle, image = machine.bundle.read_bytes(), machine.artifacts.firmware[IMAGE].read_bytes()
    at = bundle.index(image) + len(image) // 2
    machine.bundle.write_bytes(bundle[:at] + bytes([bundle[at] ^ 0x10]) + bundle[at + 1 :])
    machine.boot()
    said(machine, REFUSED)
    remote = Remote(machine)
    assert remote.state() == "offline"
    assert remote.core_state() == "held"
    assert registers(machine) == registers(boot())
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100
