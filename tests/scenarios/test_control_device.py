# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A program runs the remote through /dev/remoteprocN, and is killed: the remote may end with it or go on.

Which of the two, the program says with RPROC_SET_SHUTDOWN_ON_RELEASE.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_SERVICE, Remote
from ampstand.linux.shell import Background, Shell
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

ROUNDS = 3
KILLED = 128 + 9


def hold(remote: Remote, order: str = "", options: str = "") -> Background:
    """Let a program open the remote's device, write an order if there is one, and hold the device open."""
    remote.watch()
    job = remote.host.start("hold", f"remoteproc-hold {options} {device(remote)} {order}")
    remote.host.wait_for("cat /tmp/hold.out", "^holding$", remote.timeout)
    return job


def kill(remote: Remote, job: Background) -> None:
    """Kill the program; when it has gone, its device has been closed."""
    remote.host.run_check("kill -9 $(pidof remoteproc-hold)")
    assert remote.host.finish(job, remote.timeout).exitcode == KILLED


def device(remote: Remote) -> str:
    """Return the remote's device."""
    return f"/dev/{remote.core.instance}"


def talk(remote: Remote) -> None:
    """Exchange messages."""
    assert remote.echo_char(options="-n 100")["messages"] == 100


@pytest.mark.parametrize("endpoints", [0, 4])
def test_remote_ends_with_the_program(remote: Remote, endpoints: int, known_bug: Meetings) -> None:
    """Amid the traffic of others, too, who get their errors as from any stop."""
    if endpoints:
        known_bug("zynqmp-work-after-stop").blinds()
    gave_up = known_bug("killed-program-leaves-remote").announce(remote.machine)
    remote.tolerate_poll_race()
    remote.firmware("echo-bare")
    for _ in range(ROUNDS):
        job = hold(remote, "start", "-r")
        remote.wait_services(["rpmsg-raw"])
        talk(remote)
        traffic = remote.traffic(endpoints) if endpoints else None
        kill(remote, job)
        left_running = traffic is not None and remote.state() == "running"
        if left_running:
            remote.host.run_check("dmesg | grep -q 'can.t lock rproc'", reason="word of the shutdown that gave up")
            remote.stop()
        assert (remote.state(), remote.core_state()) == ("offline", "held")
        if traffic is not None:
            assert remote.traffic_endings(traffic) == [4] * endpoints
        if left_running:
            gave_up.met()


def test_numbers_of_no_device(remote: Remote, host: Shell) -> None:
    """A number that no device of remoteproc or rpmsg has opens none of them.

    Those that are in use are left alone: a remote may end with a program that has opened its device.
    """
    remote.start("echo-bare", services=["rpmsg-raw"])
    talk(remote)
    used = host.run_check("cat /sys/class/remoteproc/*/dev /sys/class/rpmsg/*/dev")
    majors = {number.partition(":")[0] for number in used}
    assert len(majors) == 3
    each = {f"{major}:{minor}" for major in majors for minor in range(5)}
    for number in sorted(each - set(used) | {"200:7"}):
        opened = host.run(f"rm -f /tmp/d; mknod /tmp/d c {number.replace(':', ' ')} && sh -c ': <>/tmp/d'").output
        assert "No such device or address" in opened, f"{number}: {opened}"


def test_remote_outlives_the_program(remote: Remote) -> None:
    remote.firmware("echo-bare")
    job = hold(remote, "start")
    remote.wait_services(["rpmsg-raw"])
    kill(remote, job)
    assert (remote.state(), remote.core_state()) == ("running", "running")
    talk(remote)


def test_remote_has_another_user(remote: Remote) -> None:
    """Starts are counted: the program's end takes back its own."""
    remote.firmware("echo-bare")
    job = hold(remote, "start", "-r")
    remote.wait_services(["rpmsg-raw"])
    remote.host.run_check(f"echo start >{remote.sysfs}/state")
    kill(remote, job)
    assert (remote.state(), remote.core_state()) == ("running", "running")
    talk(remote)
    remote.stop()
    assert remote.core_state() == "held"


def test_choice_outlives_the_program(remote: Remote) -> None:
    """It is kept with the remote, not with the descriptor: whoever closes the device next ends the remote, too."""
    remote.firmware("echo-bare")
    kill(remote, hold(remote, "start", "-r"))
    remote.host.run_check(f"printf start >{device(remote)}")
    assert (remote.state(), remote.core_state()) == ("offline", "held")
    kill(remote, hold(remote))
    remote.watch()
    remote.host.run_check(f"printf start >{device(remote)}")
    remote.wait_services(["rpmsg-raw"])
    talk(remote)


@pytest.mark.needs("attach", "remote-console")
def test_attached_remote_is_let_go(preload: Callable[..., Remote]) -> None:
    """What ran before Linux did goes on; the next program attaches again."""
    remote = preload("count-bare")
    for _ in range(ROUNDS):
        job = hold(remote, "start", "-r")
        remote.wait_services(["rpmsg-raw"])
        assert remote.state() == "attached"
        talk(remote)
        kill(remote, job)
        assert (remote.state(), remote.core_state()) == ("detached", "running")
        remote.wait_counting()
    kill(remote, hold(remote))
    for order, state in (("start", "attached"), ("detach", "detached")):
        remote.host.run_check(f"printf {order} >{device(remote)}")
        assert remote.state() == state
    remote.attach_and_talk()
    remote.check_counted_on()


def test_crashed_remote_stays(remote: Remote) -> None:
    """With recovery disabled nobody takes it away: the program's end stops a running remote, no crashed one."""
    remote.firmware("crash-bare")
    remote.host.run_check(f"echo disabled >{remote.sysfs}/recovery")
    try:
        job = hold(remote, "start", "-r")
        remote.wait_services([CRASH_SERVICE])
        remote.expect_crash("fatal error", recovers=False)
        remote.report_crash("fatal error")
        remote.wait_state("crashed")
        kill(remote, job)
        assert (remote.state(), remote.core_state()) == ("crashed", "running")
        remote.stop()
        assert remote.core_state() == "held"
        kill(remote, hold(remote))
    finally:
        remote.host.run_check(f"echo enabled >{remote.sysfs}/recovery")
    remote.start(services=[CRASH_SERVICE])
    remote.crash("none")  # it answers


def test_driver_unbound_while_the_device_is_held(poisoning_machine: LinuxMachine, known_bug: Meetings) -> None:
    """What the descriptor refers to stays until it is closed, which does nothing to the new instance."""
    with known_bug("zynqmp-exit-frees-first").corrupts(poisoning_machine):
        unbind_while_held(Remote(poisoning_machine))


def unbind_while_held(remote: Remote) -> None:
    remote.firmware("echo-bare")
    job = hold(remote, "start", "-r")
    remote.wait_services(["rpmsg-raw"])
    old = remote.sysfs
    remote.rebind()
    assert (remote.state(), remote.core_state()) == ("offline", "held")
    assert remote.sysfs != old
    remote.start("echo-bare", services=["rpmsg-raw"])
    kill(remote, job)
    assert (remote.state(), remote.core_state()) == ("running", "running")
    talk(remote)
