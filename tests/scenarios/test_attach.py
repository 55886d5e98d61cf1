# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote runs before Linux does ("MCU first"): Linux attaches, lets go, attaches again, takes it over."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile

from ampstand.formats.elf import Image
from ampstand.formats.resource_table import Trace, locate
from ampstand.linux.remote import Remote
from ampstand.qemu.machine import WaitError
from ampstand.qemu.trace import TraceReader
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "attach", "rpmsg-char", "remote-console")

ROUNDS = 3


@pytest.mark.thorough
def test_attach_detach_attach_stop_and_load_another(preload: Callable[..., Remote], system: str) -> None:
    remote = preload(f"count-{system}")
    remote.wait_counting()
    for _ in range(ROUNDS):
        remote.attach_and_talk()
        assert remote.host.text(f"cat {remote.sysfs}/firmware") == "unknown"
        remote.wait_console("host is up")
        remote.detach()
        remote.wait_counting()
    remote.attach_and_talk()
    remote.check_counted_on()
    remote.stop()
    for image in (f"echo-{system}", f"count-{system}"):
        remote.start(image, services=["rpmsg-raw"])
        assert remote.echo_char(options="-n 100")["messages"] == 100
        remote.stop()


def test_attach_leaves_the_code_alone(preload: Callable[..., Remote]) -> None:
    """Linux registers all of the remote's memory as carveouts; none may be cleared or loaded."""
    remote = preload("echo-bare")
    machine = remote.machine
    remote.attach(services=["rpmsg-raw"])
    with machine.artifacts.firmware["echo-bare"].open("rb") as file:
        loaded = [segment for segment in ELFFile(file).iter_segments("PT_LOAD") if segment["p_filesz"]]
        code = [segment for segment in loaded if not segment["p_flags"] & P_FLAGS.PF_W]
        assert len(code) == 2, "vectors and code"
        for segment in code:
            address = remote.core.host_address(segment["p_paddr"])
            assert machine.read_memory(address, segment["p_filesz"]) == segment.data()


def test_detach_leaves_the_data_alone(preload: Callable[..., Remote]) -> None:
    """The driver writes back the 1024 bytes at the resource table; the remote's trace comes right behind them."""
    remote = preload("echo-bare")
    machine = remote.machine
    trace = TraceReader(machine, remote.core, [machine.artifacts.firmware["echo-bare"]])
    text = trace.poll()
    found = locate(Image.read(machine.artifacts.firmware["echo-bare"].read_bytes()))
    assert found is not None
    (buffer,) = found.table.all(Trace)
    where, size = remote.core.host_address(found.address), buffer.da - found.address
    table = machine.read_memory(where, size)
    for _ in range(ROUNDS):
        remote.attach(services=["rpmsg-raw"])
        remote.wait_console("host is up")
        mark = remote.console.mark()
        remote.detach()
        remote.console.expect_line("host is down", since=mark, timeout=remote.timeout)
        text += trace.poll()
        assert machine.read_memory(where, size) == table, "the next host finds the table as the firmware has made it"
    told = ["host detached"] if remote.says("announced-stop") else []
    rounds = ROUNDS + (remote.says("attaches-by-itself") == "yes")
    assert re.findall("host .*", text) == ["host is up", *told, "host is down"] * rounds


@pytest.mark.parametrize("image_there", [False, True])
def test_crash_while_attached(preload: Callable[..., Remote], image_there: bool, known_bug: Meetings) -> None:
    """Linux recovers by starting an image, of which it knows only the default name; what ran is not started again.

    Unless its driver recovers what was attached by attaching to it again.

    Without a file of that name, or memory to load it into, the remote stays off, and Linux thinks that it is on: a
    start succeeds and does nothing, a stop is refused. Only a new probe of the driver helps.
    """
    remote = preload("count-bare")
    machine, host = remote.machine, remote.host
    name = host.text(f"cat {remote.sysfs}/firmware")
    if image_there:
        host.run_check(f"ln -s echo-bare.elf /lib/firmware/{name}")
    host.run_check(f"cd {remote.sysfs}; echo enabled >recovery; echo enabled >coredump")
    remote.attach_and_talk()

    machine.expect_bad(r"remoteproc\d+: (crash detected|handling crash #1|recovering)", "host")
    if remote.says("recovers-by-attaching") == "yes":
        remote.report_crash("fatal error")
        remote.wait_recovered(["rpmsg-raw"], ends="attached")
        assert remote.state() == "attached"
        assert remote.echo_char(options="-n 100")["messages"] == 100
        remote.check_counted_on()
        return
    loads, fails = image_there and remote.says("loads-after-attach") == "yes", "request_firmware failed: -2"
    if not image_there:
        machine.expect_bad(rf"firmware.* {name} |{fails}", "host")
    elif not loads:
        fails = "Failed to load program segments: -22"
        machine.expect_bad(f"bad phdr da|{fails}", "host")
    mark = host.console.mark()
    host.run_check(f"echo 2 >{remote.debugfs}/crash")
    host.console.expect_line(
        r"remote processor \S+ is now up" if loads else fails,
        since=mark,
        timeout=remote.timeout,
        what="the recovery to end",
    )
    dump = "/sys/class/devcoredump/devcd*/data"
    assert int(host.text(f"od -An -tu2 -j44 -N2 {dump}")) > 1, "segments in the core dump"

    if loads:
        assert remote.state() == "running"
        remote.wait_service("rpmsg-raw", 2)
    else:
        assert remote.state() == "offline"
        remote.firmware("echo-bare")
        assert host.run(f"echo start >{remote.sysfs}/state").exitcode == 0
        assert remote.state() == "offline"
        assert host.run(f"echo stop >{remote.sysfs}/state").exitcode != 0
        remote.rebind()
        remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100
    remote.stop()
    known_bug("crash-while-attached").met("the default image ran" if loads else "it could not be started")


REFUSED = {
    "none": (0, "can't load resource table: -2"),
    "outside of what the remote shares": (0x20000000, "can't translate da 20000000"),
    "amid the vectors": (0x4, "rsc table is truncated"),
}


@pytest.mark.thorough
@pytest.mark.needs("told-table")
@pytest.mark.parametrize("case", REFUSED)
def test_attach_with_a_bad_table_address_is_refused(preload: Callable[..., Remote], case: str) -> None:
    """The remote goes on, but is out of reach: Linux neither stops it, nor loads another image."""
    address, message = REFUSED[case]
    remote = preload("count-bare", preload_table=address)
    machine, host = remote.machine, remote.host
    machine.expect_bad(message, "host")
    machine.expect_bad(r"can't load resource table|Failed to process resources|Boot failed: -\d+", "host")
    machine.expect_bad("can't change firmware while running", "host")
    for _ in range(ROUNDS):
        for order in ("start", "stop", "detach"):
            assert host.run(f"echo {order} >{remote.sysfs}/state").exitcode != 0
            assert remote.state() == "detached"
        assert host.run(f"echo echo-bare.elf >{remote.sysfs}/firmware").exitcode != 0
    assert host.run("ls /sys/bus/rpmsg/devices").output == ""
    remote.wait_counting()
    remote.check_counted_on()


@pytest.mark.needs("told-table")
def test_attach_to_a_table_of_zeros(preload: Callable[..., Remote], known_bug: Meetings) -> None:
    """The version of such a table is 0: it is none, and to be refused. Attached or not, the remote goes on."""
    remote = preload("count-bare", preload_table=0x1003C000)
    machine, unchecked = remote.machine, known_bug("table-version-unchecked")
    remote.attach()
    assert machine.host.run("ls /sys/bus/rpmsg/devices").output == ""
    remote.wait_counting()
    remote.detach()
    remote.wait_counting()
    remote.check_counted_on()
    remote.attach()
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100
    unchecked.met("attaching to zeros succeeds, and there is nothing to talk to")


@pytest.mark.thorough
@pytest.mark.needs("told-table")
def test_reading_the_table_after_a_refused_attach(preload: Callable[..., Remote], known_bug: Meetings) -> None:
    remote = preload("count-bare", preload_table=4)
    machine, host = remote.machine, remote.host
    machine.tolerate_bad(
        r"can't load resource table|rsc table is truncated|Failed to process resources|Boot failed", "refused", "host"
    )
    shown = known_bug("table-shown-after-refused-attach").announce(machine)
    assert host.run(f"echo start >{remote.sysfs}/state").exitcode != 0
    with shown.shows(WaitError):
        try:
            host.run_check(f"cat {remote.debugfs}/resource_table", remote.timeout)
        except WaitError:
            host.lost()
            raise
