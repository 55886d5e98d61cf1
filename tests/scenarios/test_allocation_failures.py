# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux has no memory for it at any point of a start or an attach: it takes everything back, and the next one works."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ampstand.linux import known_bugs
from ampstand.linux.kernel_log import ROOMY
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

FAILSLAB = "/sys/kernel/debug/failslab"


def start_without_memory(remote: Remote, undone: str, undo: str, options: str = "") -> int:
    """Start or attach anew with one allocation after the other failing; return how many times that came to nothing.

    After each time an order brings the state back to what it was. Those allocations fail, too, that may wait for
    memory, and nothing is said of each.
    """
    host, state = remote.host, f"{remote.sysfs}/state"
    warns = known_bugs.bug("control-device-error-path")
    known_bugs.accept(remote.machine, warns)
    remote.machine.log_level = -1  # hundreds of refusals, each in its own words
    reason = "what takes announcements did not come up"
    remote.machine.tolerate_bad("msg received with no recipient", reason, remote.machine.board.shell.core)
    host.run_check(f"echo N >{FAILSLAB}/ignore-gfp-wait; echo 0 >{FAILSLAB}/verbose; dmesg -n 1")
    command = f"grep -q {undone} {state} || echo {undo} >{state}"
    figures = remote.tool(f"fail-nth {options} {state} start '{command}'", 120)
    host.run_check("dmesg -n 7")
    return int(figures["failed"])


def test_every_allocation_of_a_start_fails_once(boot: Callable[..., LinuxMachine]) -> None:
    """Firmware with a resource table ran before: what is left of it must not matter."""
    remote = Remote(boot(kernel_arguments=ROOMY))
    remote.start("echo-bare", services=["rpmsg-raw"])
    remote.stop()
    assert start_without_memory(remote, "offline", "stop") > 50
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20


@pytest.mark.needs("attach", "remote-console")
def test_every_allocation_of_an_attach_fails_once(preload: Callable[..., Remote], known_bug: Meetings) -> None:
    """The remote goes on meanwhile, its resource table is as it was, and the next attach works."""
    image = "count-bare"
    remote = preload(image, kernel_arguments=ROOMY)
    table = remote.resource_table(image)
    assert start_without_memory(remote, "detached", "detach") > 20
    remote.wait_counting()
    remote.check_counted_on()
    spoilt = known_bug("attach-spoils-table")
    if remote.resource_table(image) != table:
        spoilt.announce(remote.machine)
        remote.attach()
        assert remote.host.run("ls /sys/bus/virtio/devices").output == ""
        spoilt.met("the next attach succeeds, and makes no virtio device")
    remote.attach_and_talk()


@pytest.mark.needs("attach", "remote-console")
def test_attach_that_fails_in_the_end(preload: Callable[..., Remote], known_bug: Meetings) -> None:
    """It is the last allocation without which there is no attach. The remote goes on: nobody asked Linux to stop it."""
    remote = preload("count-bare", kernel_arguments=ROOMY)
    assert start_without_memory(remote, "detached", "detach", "-l") == 1
    assert remote.state() == "detached"
    stopped = known_bug("attach-failure-stops")
    if remote.core_state() == "held":
        if remote.says("announced-stop"):
            remote.wait_console("shutdown")
        stopped.met("the state is left at detached: the next attach succeeds, and nobody answers")
    remote.wait_counting()
    remote.check_counted_on()
