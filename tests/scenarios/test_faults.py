# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Hardware fails between Linux and the remote; neither may hang for it, and a good start works afterwards.

The fixture ``fault`` fails each scenario whose fault did not happen.
"""

from __future__ import annotations

import time

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.qemu.faults import Faults
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg", "rpmsg-char")

IMAGE = "echo-bare"
HEADER = 16  # of an rpmsg message
MISMATCH, TIMED_OUT = 1, 3  # exit codes of rpmsg-echo
DIRECTIONS = ("to-remote", "to-host")


@pytest.fixture
def echo(remote: Remote) -> Remote:
    """Return the remote with the echo application running, and every buffer used once."""
    remote.start(IMAGE, services=["rpmsg-raw"])
    remote.echo_char(options="-n 40")
    return remote


def echo_fails(remote: Remote, exitcode: int, options: str = "-n 1 -t 300") -> str:
    """Check that an exchange fails in this way and does not hang; return what rpmsg-echo says."""
    result = remote.host.run(f"rpmsg-echo -c rpmsg-raw {options}")
    assert result.exitcode == exitcode, result.output
    return result.output


def restart(remote: Remote) -> None:
    """Check that after a stop all is well again."""
    remote.stop()
    remote.start(IMAGE, services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100 -w 8")["messages"] == 100


@pytest.mark.needs("fault-mailbox")
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_lost_kick_silences_its_vring(echo: Remote, fault: Faults, direction: str) -> None:
    """Event indices ask for a kick once; who lost it is not kicked again until the link is new.

    virtio has it so, and Linux and our library both keep to it: whoever needs to survive a lost kick must poll.
    """
    fault.inject(f"kick-{direction}-lost")
    for _ in range(3):
        echo_fails(echo, TIMED_OUT, "-n 4 -w 4 -t 300")
    restart(echo)


@pytest.mark.needs("fault-mailbox")
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_late_kick_is_only_late(echo: Remote, fault: Faults, direction: str) -> None:
    """How many of the three come depends on the workstation: a core that is late needs no kick for what it sees."""
    fault.inject(f"kick-{direction}-late", 3, delay_us=50_000)
    figures = echo.echo_char(options="-n 20")
    assert figures["messages"] == 20
    assert figures["latency_us"]["max"] >= 50_000
    restart(echo)


@pytest.mark.needs("fault-mailbox")
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_doubled_kick_doubles_no_message(echo: Remote, fault: Faults, direction: str) -> None:
    """rpmsg-echo numbers its messages, and looks for one more in the end.

    A core that still looks at its ring needs no kick for the next message: how many come depends on the workstation.
    """
    doubled = fault.inject(f"kick-{direction}-doubled", 100)
    for _ in range(20):
        assert echo.echo_char(options="-n 200")["messages"] == 200
        if doubled.fired() == 100:
            break
    assert doubled.fired() == 100
    restart(echo)


@pytest.mark.needs("fault-mailbox")
def test_stuck_mailbox_to_the_remote(echo: Remote, fault: Faults, machine: LinuxMachine) -> None:
    """The remote's interrupt never ends, so it does nothing else; Linux runs out of buffers, says so, and stops it."""
    echo.expect("stop-without-ack")
    stuck = fault.inject("mailbox-to-remote-stuck")
    echo_fails(echo, TIMED_OUT)
    assert "no free buffer" in echo_fails(echo, TIMED_OUT, "-n 64 -w 64 -t 300")
    echo.stop()
    stuck.end()
    echo.start(IMAGE, services=["rpmsg-raw"])
    restart(echo)


@pytest.mark.needs("fault-mailbox")
def test_stuck_mailbox_to_the_host(echo: Remote, fault: Faults, machine: LinuxMachine) -> None:
    """Linux's interrupt thread never ends, and the work that it queues for its own core starves; the rest goes on.

    Where messages are taken on whatever core is free, they come all the same, later.
    """
    machine.tolerate_bad("msg received with no recipient", "what came in was seen too late", "host")
    echo.tolerate("stop-without-ack", "the acknowledgement was seen too late")
    stuck = fault.inject("mailbox-to-host-stuck")
    for _ in range(2):  # in all more than the second from which on an interrupt counts as left standing
        if echo.says("starves-under-interrupts") == "yes":
            echo_fails(echo, TIMED_OUT, "-n 20 -t 700")
        else:
            assert echo.echo_char(options="-n 200 -t 700")["messages"] == 200
    assert stuck.fired() > 100
    echo.stop()
    stuck.end()
    echo.start(IMAGE, services=["rpmsg-raw"])
    restart(echo)


@pytest.mark.needs("fault-memory")
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_flipped_bit_in_a_payload_is_seen(echo: Remote, fault: Faults, machine: LinuxMachine, direction: str) -> None:
    """A message has no checksum: the receiver gets what is there, and only an application that checks finds out."""
    ring = echo.vring(IMAGE, DIRECTIONS.index(direction) ^ 1)
    fault.inject("bit-flipped", address=echo.buffer(ring, 3) + HEADER + 9, bit=4)
    assert "first difference at byte 9 " in echo_fails(echo, MISMATCH, "-n 40 -s 64")
    assert echo.echo_char(options="-n 40 -s 64")["messages"] == 40
    restart(echo)


@pytest.mark.needs("fault-memory")
def test_flipped_bit_in_linux_index_breaks_the_link_only(echo: Remote, fault: Faults) -> None:
    """More buffers than the vring has: our library leaves the link alone until the host makes it anew."""
    fault.inject("bit-flipped", address=echo.vring(IMAGE, 1).avail_idx, bit=7)
    echo_fails(echo, TIMED_OUT)
    restart(echo)


@pytest.mark.needs("fault-memory")
def test_flipped_bit_in_the_remotes_index_replays_old_messages(
    echo: Remote, fault: Faults, machine: LinuxMachine
) -> None:
    """Linux takes the used ring's index at its word: entries of the last round come once more, as new messages.

    One message only, as the next would bring the right index. Who gets the old ones depends on who has an endpoint.
    """
    machine.tolerate_bad("msg received with no recipient", "rpmsg-echo may have ended before", "host")
    ring = echo.vring(IMAGE, 0)

    def lent() -> int:
        return machine.read_number(ring.avail_idx, 2)

    before, bit = lent(), 7
    fault.inject("bit-flipped", address=ring.used_idx, bit=bit)
    echo.host.run("rpmsg-echo -c rpmsg-raw -n 1 -s 64")
    end = time.monotonic() + echo.timeout
    while (taken := lent() - before) != 1 + (1 << bit) and time.monotonic() < end:
        echo.state()
    assert taken == 1 + (1 << bit)
    restart(echo)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("held", marks=pytest.mark.needs("fault-reset")),
        pytest.param("wake-refused", marks=pytest.mark.needs("fault-power")),
    ],
)
def test_remote_that_never_leaves_reset(remote: Remote, fault: Faults, name: str) -> None:
    """Linux cannot tell: the start succeeds, but no service comes. It asks for no answer when it has a core woken."""
    remote.expect("stop-without-ack")
    fault.inject(name)
    remote.start(IMAGE)
    assert remote.state() == "running"
    result = remote.host.run("rpmsg-echo -c rpmsg-raw -n 1 -t 300")
    assert "announced no service" in result.output
    assert remote.trace() == ""
    remote.stop()
    remote.start(IMAGE, services=["rpmsg-raw"])
    restart(remote)


@pytest.mark.needs("fault-power")
def test_memory_that_gets_no_power(remote: Remote, fault: Faults, machine: LinuxMachine) -> None:
    """Linux says so and takes everything back; the next start works."""
    refused = remote.tolerate("memory-without-power", "the power manager refuses it")
    fault.inject("memory-refused")
    remote.firmware(IMAGE)
    assert remote.host.run(f"echo start >{remote.sysfs}/state").exitcode != 0
    machine.judge_log()
    assert refused is not None
    assert refused.seen
    assert remote.state() == "offline"
    remote.start(IMAGE, services=["rpmsg-raw"])
    restart(remote)


@pytest.mark.thorough
@pytest.mark.needs("fault-clock")
@pytest.mark.parametrize(("source", "clock"), [("pll2", "pll2_r"), ("pll3", "ck_mcu")])
def test_clock_that_never_gets_ready(
    fresh_machine: LinuxMachine, fault: Faults, source: str, clock: str, known_bug: Meetings
) -> None:
    """Linux waits for it 0.6 ms, gives up on the clock that it may not do without, and comes up all the same."""
    known_bug("critical-clock-unprepared").announce(fresh_machine)
    reason = "its clock is behind the one that does not start"
    for line in (r"^stm32f7-i2c\b.*(clock rate is 0|failed with error -22)$", rf"failed to register clk '{clock}'"):
        fresh_machine.tolerate_bad(line, reason, "host")
    host, remote = fresh_machine.host, Remote(fresh_machine)
    with fresh_machine.records.expecting_bad(f"critical clk '{clock}' failed to enable", "host"):
        never = fault.inject("clock-not-ready", source)
        fresh_machine.reset()
        host.login()
        assert never.fired() > 1
        fresh_machine.judge_log()
    remote.start(IMAGE, services=["rpmsg-raw"])
    restart(remote)
    never.end()
    fresh_machine.reset()
    host.login()
    remote.start(IMAGE, services=["rpmsg-raw"])
    restart(remote)
