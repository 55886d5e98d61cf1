# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Two remotes exchange messages with each other while Linux talks to both; either ends, crashes and comes again."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.shell import Background
from ampstand.qemu.faults import Faults
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-tty", "two-remotes", "mcu-to-mcu", "trace")

# firmware/include/ampstand/peer.h: the services, what is sent on a new link, and commands (struct peer_cmd).
SERVICES = ["rpmsg-tty", "rpmsg-tty"]
ECHO, COMMANDS = 0, 1
FIRST_BACK = "peer: 64 messages back, 0 wrong"
COMMAND = struct.Struct("<2I")
RUN, CRASH = 0x4E555250, 0x48535243

MESSAGES = 2000
ROUNDS = 3


@dataclass(frozen=True)
class End:
    """One of the two, with the image that it runs."""

    remote: Remote
    image: str

    def start(self) -> None:
        self.remote.start(self.image, services=SERVICES)

    def echo(self) -> None:
        """Exchange messages with Linux."""
        assert self.remote.tool(f"rpmsg-echo -d {self.remote.own_tty(ECHO)} -n 50")["messages"] == 50

    def order(self, op: int, count: int = 0) -> str:
        """Return the shell's command that orders something and waits for the answer, a minute at most."""
        return f"rpmsg-echo -d {self.remote.own_tty(COMMANDS)} -x {COMMAND.pack(op, count).hex()} -t 60000"

    def said(self, text: str) -> int:
        """Return in how many lines the trace of this life has a text."""
        return sum(text in line for line in self.remote.trace().splitlines())

    def wait_said(self, text: str) -> None:
        self.remote.host.wait_for(f"cat {self.remote.debugfs}/trace0", text, self.remote.timeout)


@dataclass(frozen=True)
class Pair:
    """The virtio driver and the virtio device."""

    driver: End
    device: End

    def end(self, role: str) -> tuple[End, End]:
        """Return the end with this role, and the other one."""
        return (self.driver, self.device) if role == "driver" else (self.device, self.driver)

    def exchange(self, count: int) -> None:
        """Let the driver send messages, and be told that all came back as they were."""
        assert self.driver.remote.tool(self.driver.order(RUN, count), 90)["messages"] == 1

    def order(self, count: int) -> Background:
        """Order messages, whether the other end is there or not."""
        return self.driver.remote.host.start("order", self.driver.order(RUN, count))

    def wait_done(self, order: Background) -> None:
        """Be told that all messages of an order came back as they were."""
        remote = self.driver.remote
        assert remote.figures(order.command, remote.host.finish(order, 90).output)["messages"] == 1

    def wait_first(self) -> None:
        """Wait until the messages that the driver sends on a new link are all back."""
        self.driver.wait_said(FIRST_BACK)

    def losing(self, known_bug: Meetings) -> AbstractContextManager[None]:
        """Take it for the known bug that Linux misses a message, if it is in a ring of which it was to be told."""
        ends = (self.driver, self.device)
        return known_bug("zynqmp-signal-lost").explains(lambda: any(one.remote.signal_due(one.image) for one in ends))


def pair_of(machine: LinuxMachine, system: str = "bare", other_system: str = "", *, swapped: bool = False) -> Pair:
    """Return both ends, not yet started; the driver is the first remote unless they are swapped."""
    one, two = (Remote(machine, core) for core in machine.board.remotes[:2])
    if swapped:
        one, two = two, one
    return Pair(End(one, f"peer-driver-{system}"), End(two, f"peer-device-{other_system or system}"))


@pytest.fixture
def pair(fresh_machine: LinuxMachine) -> Pair:
    """Return both ends, running, the link up."""
    pair = pair_of(fresh_machine)
    pair.driver.start()
    pair.device.start()
    pair.wait_first()
    return pair


@pytest.mark.parametrize("first", ["driver", "device"])
def test_messages_pass_whoever_starts_first(
    fresh_machine: LinuxMachine, system: str, first: str, known_bug: Meetings
) -> None:
    pair = pair_of(fresh_machine, system)
    with pair.losing(known_bug):
        one, other = pair.end(first)
        one.start()
        one.echo()  # the one that is alone answers Linux
        assert one.said("peer is") == 0
        other.start()
        pair.wait_first()
        pair.exchange(MESSAGES)
        for end in (one, other):
            end.echo()
            assert (end.said("peer is up"), end.said("peer is down"), end.said("broken")) == (1, 0, 0)


def test_either_core_takes_either_role(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    pair = pair_of(fresh_machine, "freertos", "bare", swapped=True)
    with pair.losing(known_bug):
        pair.driver.start()
        pair.device.start()
        pair.exchange(MESSAGES)


@pytest.mark.needs("attach", "remote-console")
def test_one_ran_before_linux(preload: Callable[..., Remote], known_bug: Meetings) -> None:
    """It knows of the memory when Linux has attached to it, and keeps its link when Linux lets go of it."""
    driver = preload("peer-driver-bare")
    driver.wait_console("no memory for a peer yet")
    pair = pair_of(driver.machine)
    with pair.losing(known_bug):
        driver.attach(services=SERVICES)
        pair.device.start()
        pair.exchange(MESSAGES)
        driver.detach()
        mark = driver.console.mark()
        pair.device.remote.stop()
        pair.device.start()
        driver.console.expect_line(FIRST_BACK, since=mark, timeout=driver.timeout)
        pair.device.echo()


@pytest.mark.parametrize("role", ["driver", "device"])
def test_messages_pass_under_traffic_of_linux(pair: Pair, role: str, known_bug: Meetings) -> None:
    """Of one at a time: with both, Linux nearly always misses a message before much has passed (the known bug)."""
    busy, _ = pair.end(role)
    host = busy.remote.host
    with pair.losing(known_bug):
        job = host.start("traffic", f"rpmsg-echo -d {busy.remote.own_tty(ECHO)} -n {MESSAGES}")
        for _ in range(ROUNDS):
            pair.exchange(MESSAGES)
        assert busy.remote.figures(job.command, host.finish(job, 120).output)["messages"] == MESSAGES
    assert pair.driver.said(f"{MESSAGES} messages back, 0 wrong") == ROUNDS


@pytest.mark.needs("fault-mailbox")
def test_a_lost_kick_is_made_up_by_any_other(pair: Pair, fault: Faults, known_bug: Meetings) -> None:
    """A core looks at all of its rings whoever has kicked it; without another kick, the message stays where it is."""
    with pair.losing(known_bug):
        lost = fault.inject("kick-to-peer-lost")
        order = pair.order(1)
        for _ in range(20):
            pair.driver.echo()
            if lost.fired():
                break
        # It has all the time of 50 messages, which the driver looks at as it would at the answer.
        pair.driver.echo()
        assert pair.driver.said("peer: 1 messages back") == 0
        pair.device.echo()
        pair.wait_done(order)
        pair.exchange(MESSAGES)


@pytest.mark.parametrize("role", ["driver", "device"])
def test_one_is_stopped_and_started_again(pair: Pair, role: str, known_bug: Meetings) -> None:
    """The other one goes on and answers Linux; what was ordered meanwhile is done when both are there again."""
    one, other = pair.end(role)
    with pair.losing(known_bug):
        for _ in range(ROUNDS):
            one.remote.stop()
            assert (one.remote.core_state(), other.remote.core_state()) == ("held", "running")
            other.echo()
            order = pair.order(MESSAGES) if role == "device" else None
            one.start()
            if order is not None:
                pair.wait_done(order)
            else:
                pair.wait_first()
            pair.exchange(MESSAGES)
            one.echo()
            other.echo()
    assert (one.said("peer is up"), other.said("peer is up")) == (1, 1 + ROUNDS)
    assert (one.said("broken"), other.said("broken")) == (0, 0)


@pytest.mark.parametrize("role", ["driver", "device"])
def test_one_crashes_and_is_recovered(pair: Pair, role: str, known_bug: Meetings) -> None:
    """Nobody tells the other one. It goes on, answers Linux, and has its link again once the crashed one is back."""
    one, other = pair.end(role)
    remote, machine = one.remote, one.remote.machine
    remote.host.run_check(f"echo enabled >{remote.sysfs}/recovery")
    for line in ("crash: exception", "last crash: exception"):
        machine.expect_bad(line, remote.core.core)
    with pair.losing(known_bug):
        remote.tool(one.order(CRASH), 90)
        one.wait_said("crash: exception")
        other.echo()
        order = pair.order(MESSAGES) if role == "device" else None
        remote.expect_crash("fatal error")
        remote.report_crash("fatal error")
        remote.wait_services(SERVICES)
        if order is not None:
            pair.wait_done(order)
        pair.exchange(MESSAGES)
        one.echo()
        other.echo()
    assert one.said("last crash: exception") == 1
    assert (one.said("peer is up"), other.said("peer is up")) == (1, 2)
