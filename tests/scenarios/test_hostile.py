# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote breaks the rules of rpmsg on purpose; Linux survives, and a remote that keeps them still works.

What Linux does for each kind of breach is this table, told in words in docs/bad-input.md.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from ampstand import paths
from ampstand.linux import memory
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.qemu.machine import WaitError
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-tty")

HEADER = paths.ROOT / "firmware/include/ampstand/hostile.h"
VRING = "vdev0vring0"
BUFFERS = 16
# Offsets in a vring of 16 entries, aligned to 16.
AVAIL_INDEX, USED_INDEX = 16 * BUFFERS + 2, 16 * BUFFERS + 48 + 2
COUNT = 300
BEFORE = 2
"""Buffers that are used before the breach: for the announcement and for the answer to the order."""
LONGEST = 0xFFFF
"""Bytes of a message that a header can tell."""
SCRIBBLE = 0xA5
STORM = 120.0
"""Seconds for a few commands while a core of Linux is kept busy, with all cores in one thread of QEMU."""


@dataclass(frozen=True)
class Breach:
    """A kind of breach: the kernel message that tells of it, and what is left afterwards.

    ``log`` are patterns of messages of level warning or above, all of which must come, ``maybe`` is that of one that
    depends on how fast Linux is; no other may come. ``used`` is the number of buffers that the remote gives back to
    Linux by it, ``lost`` the number of those that Linux never lends again.
    """

    kind: str
    said: str
    log: tuple[str, ...] = ()
    maybe: str = "no such message"
    used: int = 1
    lost: int = 0
    count: int = 1
    silent: bool = False
    """The remote does not obey a shutdown any more."""


BREACHES = (
    Breach("USED_ID", "id 65535 out of range", ("id 65535 out of range",), maybe="no used buffer", lost=1),
    Breach("USED_TWICE", "", used=2),
    Breach("USED_LONG", "inbound msg too big", (r"inbound msg too big: \(4096, 8\)",), lost=1),
    Breach("USED_AHEAD", "rpmsg_create_channel failed", ("already exist", "rpmsg_create_channel failed"), used=100),
    Breach("HDR_LONG", "inbound msg too big", (r"inbound msg too big: \(512, 1024\)",), count=5, used=5, lost=5),
    Breach("NO_ONE", "no recipient", ("no recipient",), maybe="callbacks suppressed", count=COUNT, used=COUNT),
    Breach("NS_FLOOD", f"creating channel flood-0{COUNT - 1}", count=COUNT, used=COUNT),
    Breach("NS_OPEN", "creating channel open-name-of-32-characters-xxxx addr"),
    Breach("NS_ODD", r"creating channel odd\.1 addr", used=9),
    Breach("NS_TWICE", "channel failed", ("channel twice:.* already exist", "rpmsg_create_channel failed"), used=2),
    Breach("NS_UNKNOWN", "destroying channel unknown", ("rpmsg_destroy_channel failed: -22",)),
    Breach("NS_SIZE", r"malformed ns msg \(41\)", (r"malformed ns msg \(39\)", r"malformed ns msg \(41\)"), used=2),
    Breach("CTRL_WITHDRAWN", "destroying channel rpmsg_ctrl"),
    Breach("KICKS", "", used=0, silent=True),
    Breach("LAST_ACT", "", used=0),
)


def order(kind: str, count: int) -> str:
    """Return the message that makes the remote break the rules in this way, in hexadecimal."""
    names = re.findall(r"^ +HOSTILE_(\w+),", HEADER.read_text(encoding="utf-8"), re.MULTILINE)
    return names.index(kind).to_bytes(4, "little").hex() + count.to_bytes(4, "little").hex()


def breach(remote: Remote, kind: str, count: int = 1) -> None:
    """Start the hostile remote and order a breach; it answers first, whatever comes behind that."""
    remote.start("hostile-bare", services=["rpmsg-tty"])
    mark = len(remote.trace())
    remote.host.run(f"rpmsg-echo -d /dev/ttyRPMSG0 -x {order(kind, count)} -t 1000", reason="the order to be taken")
    assert "hostile command" in remote.trace()[mark:]


def shared_memory(remote: Remote, size: int) -> bytes:
    """Return the beginning of the memory that both sides share: the vring towards Linux."""
    return remote.machine.read_memory(remote.core.host_address(remote.core.regions[VRING].address), size)


def buffers(remote: Remote) -> tuple[int, int]:
    """Return how many receive buffers Linux has lent to the remote, and how many have been used since the start."""
    ring = shared_memory(remote, USED_INDEX + 2)
    avail, used = (int.from_bytes(ring[at : at + 2], "little") for at in (AVAIL_INDEX, USED_INDEX))
    return (avail - used) % 65536, used


def settled(remote: Remote, wanted: tuple[int, int]) -> tuple[int, int]:
    """Return what ``buffers()`` does, once it is as it should be, or in the end.

    Linux takes messages under the remote's lock, and refuses this order only when it has got that.
    """
    end = time.monotonic() + remote.timeout
    while (found := buffers(remote)) != wanted and time.monotonic() < end:
        remote.host.run(f"echo detach >{remote.sysfs}/state", reason="the remote's lock")
    return found


@pytest.mark.parametrize("case", BREACHES, ids=lambda case: case.kind)
def test_linux_survives(remote: Remote, machine: LinuxMachine, case: Breach) -> None:
    if case.kind == "LAST_ACT" and not remote.says("announced-stop"):
        pytest.skip("the remote does not know of its end")
    for pattern in (*case.log, case.maybe):
        machine.tolerate_bad(pattern, "announced in the table of breaches", "host")
    if case.silent:
        remote.expect("stop-without-ack")
    devices = remote.host.run_check("ls /sys/bus/rpmsg/devices")
    machine.judge_log()
    mark = remote.host.console.mark()
    breach(remote, case.kind, case.count)
    if case.said:
        awaited = f"Linux to say {case.said!r} of {case.kind}"
        remote.host.console.expect_line(case.said, since=mark, timeout=remote.timeout, what=awaited)
    wanted = BUFFERS - case.lost, BEFORE + case.used
    found = settled(remote, wanted)
    machine.records.values |= {"buffers_lent": found[0], "buffers_used": found[1] - BEFORE}
    assert found == wanted
    remote.host.run_check(f"cat {remote.debugfs}/* 2>/dev/null; ls /sys/bus/rpmsg/devices /dev >/dev/null", STORM)
    remote.stop()
    if case.kind == "LAST_ACT":
        assert set(shared_memory(remote, 4096)) == {SCRIBBLE}
    said = remote.host.console.lines[mark:]
    for pattern in case.log:
        assert any(re.search(pattern, line) for line in said), pattern
    assert remote.host.run_check("ls /sys/bus/rpmsg/devices") == devices
    remote.start("echo-bare", services=["rpmsg-tty"])
    assert remote.echo_tty(options="-n 20")["messages"] == 20


@pytest.mark.thorough
def test_a_flood_of_the_name_service_leaks_nothing(boot: Callable[..., LinuxMachine], known_bug: Meetings) -> None:
    """Each round makes 300 channels that go with the remote; the first fills caches."""
    known_bug("zynqmp-work-after-stop").blinds()
    remote = Remote(boot(**memory.COUNTED))
    before: dict[str, int] = {}
    for _ in range(3):
        mark = remote.host.console.mark()
        breach(remote, "NS_FLOOD", COUNT)
        remote.host.console.expect_line(rf"creating channel flood-0{COUNT - 1} ", since=mark, timeout=remote.timeout)
        remote.stop()
        before = before or memory.slabs(remote.host)
    assert not memory.leaking(remote.host, before, COUNT)


# Where Linux misbehaves: docs/known-kernel-issues.md. Each shows its evidence, and when one no longer does, the kernel
# is mended and must be told from here.


@pytest.mark.parametrize(
    ("kind", "bug"), [("USED_SHORT", "used-short"), ("TABLE", "table-shown")], ids=["USED_SHORT", "TABLE"]
)
def test_known_bugs_that_linux_does_not_survive(
    fresh_machine: LinuxMachine, kind: str, bug: str, known_bug: Meetings
) -> None:
    """A length below that of the header passes for a huge one; debugfs trusts a table that the remote can write."""
    remote, known = Remote(fresh_machine), known_bug(bug)
    if kind == "USED_SHORT" and remote.core.regions["vdev0buffer"].size > LONGEST + 2 * BUFFERS * 512:
        pytest.skip("what Linux reads behind the buffer is memory of the remote, too: it lives")
    remote.start("hostile-bare", services=["rpmsg-tty"])
    with known.kills(fresh_machine):
        orders = f"rpmsg-echo -d /dev/ttyRPMSG0 -x {order(kind, 1)}; cat {remote.debugfs}/resource_table"
        fresh_machine.host.console.sendline(orders)


@pytest.mark.parametrize(
    ("kind", "tasks", "bug"),
    [("NS_WITHDRAWN", "w", "ns-withdrawn"), ("DESC_NEXT", "l", "desc-next")],
    ids=["NS_WITHDRAWN", "DESC_NEXT"],
)
def test_known_bugs_that_hang_remoteproc(
    fresh_machine: LinuxMachine, kind: str, tasks: str, bug: str, known_bug: Meetings
) -> None:
    """No order to the remote returns any more; the rest of Linux lives on.

    The work that takes messages waits for a lock that it holds, or follows descriptors in a circle, and holds the
    remote's lock meanwhile.
    """
    host, remote, known = fresh_machine.host, Remote(fresh_machine), known_bug(bug)
    breach(remote, kind)
    stop = host.start("stop", f"echo stop >{remote.sysfs}/state")
    # What the remote did may not have come to Linux's work yet: look until it has.
    (evidence,) = known.bug.evidence
    with suppress(WaitError):
        host.wait_for(f"echo {tasks} >/proc/sysrq-trigger; dmesg", evidence.pattern, STORM)
        if remote.says("messages-under-lock") == "yes":
            assert host.run(f"test -e /tmp/{stop.name}.code").exitcode
        known.met("no order to the remote returns, if it needs the lock")
    assert host.finish(stop, remote.timeout).exitcode == 0
