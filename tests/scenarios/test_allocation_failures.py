# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux has no memory for it at any point of a start, an attach or a call: it takes all back, and the next works."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pytest
from test_leaks import next_numbers, nothing_grows, refusals, talking, values_of

from ampstand.linux import calls, known_bugs, memory
from ampstand.linux.calls import Outcome
from ampstand.linux.kernel_log import ROOMY
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

FAILSLAB = "/sys/kernel/debug/failslab"


def let_fail(remote: Remote) -> None:
    """Let allocations fail also where Linux might wait for memory, and say nothing of each."""
    remote.host.run_check(f"echo N >{FAILSLAB}/ignore-gfp-wait; echo 0 >{FAILSLAB}/verbose")


def start_without_memory(remote: Remote, undone: str, undo: str, options: str = "") -> dict[str, int]:
    """Start or attach anew with one allocation after the other failing.

    Return how many ``writes`` of the order there were, and how many of them ``failed``. After each an order brings the
    state back to what it was.
    """
    host, state = remote.host, f"{remote.sysfs}/state"
    warns = known_bugs.bug("control-device-error-path")
    known_bugs.accept(remote.machine, warns)
    remote.machine.log_level = -1  # hundreds of refusals, each in its own words
    reason = "what takes announcements did not come up"
    remote.machine.tolerate_bad("msg received with no recipient", reason, remote.machine.board.shell.core)
    remote.tolerate("stop-without-ack", "a start and a stop without a pause")
    let_fail(remote)
    host.run_check("dmesg -n 1")
    command = f"grep -q {undone} {state} || echo {undo} >{state}"
    tells = memory.forget_lost(host)
    figures = remote.tool(f"fail-nth {options} {state} start '{command}'", 120)
    lost = memory.lost(host) if tells else []
    host.run_check("dmesg -n 7")
    assert not lost, "what an allocation that fails leaves behind"
    return figures


@pytest.mark.thorough
def test_every_allocation_of_a_start_fails_once(boot: Callable[..., LinuxMachine]) -> None:
    """Firmware with a resource table ran before: what is left of it must not matter."""
    remote = Remote(boot(**memory.TRACING))
    remote.start("echo-bare", services=["rpmsg-raw"])
    remote.stop()
    mark, told = remote.console.mark(), remote.says("announced-stop")
    figures = start_without_memory(remote, "offline", "stop")
    assert figures["failed"] > 50
    asked = sum(bool(told and re.search(told, line)) for line in remote.console.lines[mark:])
    assert asked <= figures["writes"] - figures["failed"], "what did not start is not asked to stop"
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20
    assert remote.host.run_check("ls -1 /dev/rpmsg*") == ["/dev/rpmsg0", "/dev/rpmsg_ctrl0"], "a number was lost"


@pytest.mark.thorough
@pytest.mark.needs("attach", "remote-console")
def test_every_allocation_of_an_attach_fails_once(preload: Callable[..., Remote], known_bug: Meetings) -> None:
    """The remote goes on meanwhile, its resource table is as it was, and the next attach works."""
    image = "count-bare"
    remote = preload(image, **memory.TRACING)
    table = remote.resource_table(image)
    assert start_without_memory(remote, "detached", "detach")["failed"] > 20
    remote.wait_counting()
    remote.check_counted_on()
    spoilt = known_bug("attach-spoils-table")
    if remote.resource_table(image) != table:
        spoilt.announce(remote.machine)
        remote.attach()
        assert remote.host.run("ls /sys/bus/virtio/devices").output == ""
        spoilt.met("the next attach succeeds, and makes no virtio device")
    remote.attach_and_talk()


@pytest.mark.thorough
@pytest.mark.needs("attach", "remote-console")
def test_attach_that_fails_in_the_end(preload: Callable[..., Remote], known_bug: Meetings) -> None:
    """It is the last allocation without which there is no attach. The remote goes on: nobody asked Linux to stop it."""
    remote = preload("count-bare", **memory.TRACING)
    assert start_without_memory(remote, "detached", "detach", "-l")["failed"] == 1
    assert remote.state() == "detached"
    stopped = known_bug("attach-failure-stops")
    if remote.core_state() == "held":
        if remote.says("announced-stop"):
            remote.wait_console("shutdown")
        stopped.met("the state is left at detached: the next attach succeeds, and nobody answers")
    remote.wait_counting()
    remote.check_counted_on()


class Scarce(NamedTuple):
    """A call that is made without memory, and the calls before the first time, after each, and in the end."""

    before: str
    call: str
    done: str
    """What comes of it with memory."""
    refused: str
    """What may come of it without."""
    after: str
    end: str = ""


SCARCE = {
    "endpoint is made": Scarce(
        "open c /dev/rpmsg_ctrl0 rw => 0",
        "ioctl c CREATE_EPT scarce -1 {echo}",
        "0",
        "ENOMEM EINVAL",
        """open e ept:scarce rwn => *
        ioctl e DESTROY_EPT => *
        close e => *""",
    ),
    "endpoint is opened": Scarce(
        """open c /dev/rpmsg_ctrl0 rw => 0
        ioctl c CREATE_EPT scarce -1 {echo} => 0
        open d ept:scarce r => 0
        close d => 0""",
        "open e ept:scarce rwn",
        "0",
        "ENOMEM EINVAL nothing",
        "close e => *",
        """open e ept:scarce r => 0
        ioctl e DESTROY_EPT => 0""",
    ),
    "message is written": Scarce(
        "open e {raw} rwn => 0",
        "write e 100",
        "100",
        "ENOMEM",
        """poll e 20 => *
        read e 496 => *""",
    ),
    "channel is made": Scarce(
        "open c /dev/rpmsg_ctrl0 rw => 0",
        "ioctl c CREATE_DEV rpmsg-raw 1700 {echo}",
        "0",
        "ENXIO",
        "ioctl c RELEASE_DEV rpmsg-raw 1700 {echo} => *",
    ),
    "channel of a tty is made": Scarce(
        "open c /dev/rpmsg_ctrl0 rw => 0",
        "ioctl c CREATE_DEV rpmsg-tty 1700 {echo}",
        "0",
        "ENXIO",
        "ioctl c RELEASE_DEV rpmsg-tty 1700 {echo} => *",
    ),
    "tty is opened": Scarce(
        "",
        "open t {ttydev} rwcn",
        "0",
        "ENOMEM nothing",
        "close t => *",
    ),
    "tty is written": Scarce(
        """open t {ttydev} rwcn => 0
        raw t => 0""",
        "write t 100",
        "100",
        "ENOMEM",
        """poll t 20 => *
        read t 496 => *""",
    ),
    "driver is named": Scarce(
        "",
        "put {channel}.-1.{echo}/driver_override =rpmsg_chrdev",
        "12",
        "ENOMEM",
        "put {channel}.-1.{echo}/driver_override =\\n => *",
    ),
    "driver is bound": Scarce(
        """put {channel}.-1.{echo}/driver_override =rpmsg_chrdev => 12
        put {raw_driver}/unbind ={echo_channel} => 25""",
        "put {raw_driver}/bind ={echo_channel}",
        "25",
        "ENOMEM EINVAL",
        "put {raw_driver}/unbind ={echo_channel} => *",
        """put {raw_driver}/bind ={echo_channel} => 25
        put {channel}.-1.{echo}/driver_override =\\n => 1""",
    ),
}
OFFLINE = {
    "firmware is named": Scarce(
        "",
        "put {s}/firmware =none.elf",
        "8",
        "ENOMEM",
        "put {s}/firmware =echo-bare.elf => 13",
    ),
}
PROBE = Scarce(
    "put {driver}/unbind ={platform} => {bound}",
    "put {driver}/bind ={platform}",
    "{bound}",
    "ENOMEM EINVAL",  # rproc_alloc() does not ask whether its device has got a name, and one without is not added
    "put {driver}/unbind ={platform} => *",
    """put {driver}/bind ={platform} => {bound}
    put {s}/firmware =echo-bare.elf => 13""",
)
"""The driver is bound to the remote. All fails with an allocation, unless nothing hangs on that."""
MOST = 150
"""More allocations than a call makes."""
ROUNDS = 3
LEAK = 45
"""More objects of a kind than come and go by themselves: a way out that 15 allocations lead to leaks as many."""


def table(one: Scarce, last: int) -> str:
    """Return the calls that let each of so many allocations fail."""
    rows = [one.before]
    for nth in range(1, last + 1):
        rows += [f"scarce {nth} {one.call} => *", one.after]
    return "\n".join([*rows, one.end])


def unlike(one: Scarce, outcomes: Sequence[Outcome]) -> set[str]:
    """Return what came of a call and should not have."""
    without = {outcome.result for outcome in outcomes if outcome.detail == "scarce"}
    allowed = {one.done, *one.refused.split()}
    return {outcome.result for outcome in outcomes if outcome.detail == "enough"} ^ {one.done} | without - allowed


def last_of(remote: Remote, name: str, one: Scarce, values: Mapping[str, object]) -> int:
    """Let each allocation of a call fail once: it is refused by the right name or done. Return how many there were."""
    found = calls.run(remote.machine, table(one, MOST), 60, **values)
    made = [outcome for outcome in found if outcome.call.startswith("scarce")]
    assert not unlike(one._replace(done=one.done.format(**values)), made), name
    return sum(outcome.detail == "scarce" for outcome in made)


def fail_each(remote: Remote, each: Mapping[str, Scarce], virtio: str = "virtio*") -> None:
    """Let each allocation of each call fail once, and then often: what leaks shows."""
    values = values_of(remote, virtio)
    let_fail(remote)
    with refusals(remote.machine):
        tables = [table(one, last_of(remote, name, one, values)) for name, one in each.items()]
        with nothing_grows(remote.host, LEAK, "a call without memory"):
            for one_of_all in tables * ROUNDS:
                calls.repeat(remote.machine, one_of_all, 1, **values)
                remote.machine.judge_log()  # it is long: a part at a time


@pytest.mark.thorough
@pytest.mark.needs("rpmsg-tty")
def test_every_allocation_of_a_call_fails_once(boot: Callable[..., LinuxMachine]) -> None:
    """No number of a device is lost, and messages flow."""
    remote = Remote(boot(**memory.COUNTED))
    known_bugs.accept(remote.machine, known_bugs.bug("control-device-error-path"))
    virtio = talking(remote)
    numbers = next_numbers(remote, virtio)
    fail_each(remote, SCARCE, virtio)
    assert next_numbers(remote, virtio) == numbers
    assert remote.echo_char(options="-n 20")["messages"] == 20
    remote.stop()
    fail_each(remote, OFFLINE)


@pytest.mark.thorough
@pytest.mark.needs("stm32-remote-node")
def test_every_allocation_of_a_probe_fails_once(boot: Callable[..., LinuxMachine], known_bug: Meetings) -> None:
    """The driver is bound in the end, and the remote can be started."""
    remote = Remote(boot(kernel_arguments=ROOMY))
    twice = known_bug("unadded-remote-put-twice").announce(remote.machine)
    remote.firmware("echo-bare")
    values = values_of(remote)
    values["bound"] = len(str(values["platform"]))
    let_fail(remote)
    with twice.corrupts(remote.machine), refusals(remote.machine):
        last_of(remote, "the driver is bound", PROBE, values)
    if not twice.inside:
        remote.start(services=["rpmsg-raw"])
        assert remote.echo_char(options="-n 20")["messages"] == 20
