# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is done a hundred times, also what is refused, leaves Linux's memory as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ampstand.linux import memory
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.shell import Shell
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

ROUNDS = 200
TTYS = 32
"""How many Linux can have: MAX_TTY_RPMSG."""


@contextmanager
def nothing_leaks(host: Shell) -> Iterator[None]:
    """Fail if any kind of object has become more by as many as half the rounds, and stays so."""
    before = memory.slabs(host)
    yield
    assert not memory.leaking(host, before, ROUNDS // 2)


@contextmanager
def refusals(machine: LinuxMachine) -> Iterator[None]:
    """Take what the kernel says of refusals, which is long, for what was asked for; keep it from the console."""
    machine.judge_log()
    machine.host.run_check("dmesg -n 1")
    usual, machine.log_level = machine.log_level, -1
    yield
    machine.judge_log()
    machine.log_level = usual
    machine.host.run_check("dmesg -n 7")


def test_starts_and_stops_leak_nothing(boot: Callable[..., LinuxMachine], known_bug: Meetings) -> None:
    known_bug("zynqmp-work-after-stop").blinds()
    remote = Remote(boot(**memory.COUNTED))
    remote.start("echo-bare")
    remote.stop()
    with nothing_leaks(remote.host):
        remote.start_and_stop(ROUNDS)


def test_endpoints_leak_nothing(boot: Callable[..., LinuxMachine]) -> None:
    """Each is a device of its own, with a queue and an endpoint, and has had a message."""
    remote = Remote(boot(**memory.COUNTED))
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 1 -r 5")["rounds"] == 5
    with nothing_leaks(remote.host):
        assert remote.echo_char(options=f"-n 1 -r {ROUNDS}")["rounds"] == ROUNDS
    remote.stop()


@pytest.mark.needs("attach", "told-table")
def test_refused_attach_leaks_nothing(preload: Callable[..., Remote]) -> None:
    """The resource table is not one, which is found out when most of the attach is done."""
    remote = preload("echo-bare", preload_table=4, **memory.COUNTED)
    host = remote.host
    with refusals(remote.machine), nothing_leaks(host):
        refused = host.text(
            f"for i in $(seq {ROUNDS}); do echo start >{remote.sysfs}/state || echo refused; done 2>&1 "
            "| grep -c refused",
            60,
        )
        assert int(refused) == ROUNDS


REFUSED = {
    "name": (f"rpmsg-channel -n 'a!b'; rpmsg-channel -n a/b -i 0 -c {ROUNDS}", {"made": 0, "refused": ROUNDS}),
    "probe": (f"rpmsg-channel -n rpmsg-tty -d 2000 -c {TTYS + ROUNDS}", {"made": TTYS + ROUNDS, "refused": 0}),
}
"""Channels that differ in their names, but not in those of their devices (``/`` is ``!`` there), so that these cannot
be registered; and more ttys than there can be, so that the driver does not want them."""


@pytest.mark.parametrize("case", REFUSED)
def test_refused_channels_leak_nothing(boot: Callable[..., LinuxMachine], case: str) -> None:
    """Refused channels leave nothing behind when the remote has been stopped."""
    command, wanted = REFUSED[case]
    remote = Remote(boot(**memory.COUNTED))
    host = remote.host
    if case == "name":
        remote.machine.expect_bad("cannot create duplicate filename|with -EEXIST", remote.machine.board.shell.core)
    remote.start("echo-bare", services=["rpmsg-raw"])
    remote.stop()
    with refusals(remote.machine), nothing_leaks(host):
        host.run_check(f"echo start >{remote.sysfs}/state")
        host.wait_for("ls /dev", "ttyRPMSG1", remote.timeout)
        figures = remote.tool(command, 60)
        assert {name: figures[name] for name in wanted} == wanted
        if case == "probe":
            assert len(host.run_check("ls -1d /dev/ttyRPMSG*")) == TTYS
        assert remote.echo_char(options="-n 20")["messages"] == 20
        remote.stop()
