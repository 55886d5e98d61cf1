# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux only attaches and detaches; somebody else starts the remote, which may also restart by itself.

docs/lifecycle.md, "Rpmsg only", has what these show.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from ampstand.linux.remote import CRASH_SERVICE, Remote, crash_message
from ampstand.qemu.machine import WaitError
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "attach", "rpmsg-char", "remote-console")

ROUNDS = 3
DEFAULT = "rproc-m4-fw"
"""The image that Linux starts if it knows of no other."""
RESTARTS = {"reset": "last reset: own request", "restart": "ampstand crash on "}
"""How the remote restarts by itself, and what it says then: with a reset of its core, or without any."""
KINDS = [pytest.param("reset", marks=pytest.mark.needs("self-reset")), "restart"]


def accepts(remote: Remote, order: str) -> bool:
    """Whether remoteproc takes an order."""
    return remote.host.run(f"echo {order} >{remote.sysfs}/state").exitcode == 0


def answers(remote: Remote) -> bool:
    """Whether the crash application answers; if not, the program waits in vain, without an error."""
    result = remote.host.run(f"rpmsg-echo -c {CRASH_SERVICE} -x {crash_message('none')} -t 500")
    assert result.exitcode in (0, 3), result.output
    return result.exitcode == 0


def used_indices(remote: Remote, image: str) -> list[int]:
    """Read how many buffers the remote has given back so far: to the host's ring, to its own."""
    rings = (remote.vring(image, number) for number in (0, 1))
    return [remote.machine.read_number(ring.used_idx, 2) for ring in rings]


def test_which_orders_linux_takes(preload: Callable[..., Remote]) -> None:
    """Nothing marks a remote as somebody else's: once attached, a stop is as good an order as a detach."""
    remote = preload("count-bare")
    remote.machine.expect_bad("can't change firmware while running", "host")

    def refuses_another_image() -> bool:
        return "busy" in remote.host.run(f"echo echo-bare.elf >{remote.sysfs}/firmware").output

    for _ in range(ROUNDS):
        assert remote.state() == "detached"
        assert not accepts(remote, "stop")
        assert not accepts(remote, "detach")
        assert refuses_another_image()
        remote.attach(services=["rpmsg-raw"])
        assert accepts(remote, "start")  # counted: as many detaches are wanted
        assert accepts(remote, "detach")
        assert remote.state() == "attached"
        assert refuses_another_image()
        assert remote.echo_char(options="-n 10")["messages"] == 10
        remote.detach()
    remote.wait_counting()
    remote.check_counted_on()
    remote.attach()
    assert accepts(remote, "stop")
    assert (remote.state(), remote.core_state()) == ("offline", "held")


@pytest.mark.parametrize("attached", [False, True])
def test_driver_unbound(preload: Callable[..., Remote], attached: bool, known_bug: Meetings) -> None:
    """A remote that Linux let go of before outlives its driver, and is found again; an attached one is stopped."""
    remote = preload("count-bare")
    with known_bug("zynqmp-exit-frees-first").corrupts(remote.machine):
        unbind(remote, attached=attached)


def unbind(remote: Remote, *, attached: bool) -> None:
    for _ in range(ROUNDS):
        remote.attach(services=["rpmsg-raw"])
        assert remote.echo_char(options="-n 10")["messages"] == 10
        if attached:
            break
        remote.detach()
        remote.rebind()
        remote.found_running()
        assert remote.state() == "detached"
        remote.wait_counting()
    if attached:
        remote.rebind()
        assert (remote.state(), remote.core_state()) == ("offline", "held")
    remote.check_counted_on()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_restart_while_attached(preload: Callable[..., Remote], system: str, kind: str) -> None:
    """Linux notices nothing and programs wait; the new life leaves the old rings alone; detach and attach heal.

    A core that asks for its reset is held, as BOOT_MCU is 0 while Linux is attached. Detaching sets it, which releases
    the core; nobody acknowledges that detach.
    """
    image = f"crash-{system}"
    remote = preload(image)
    host = remote.host
    for life in range(ROUNDS):
        remote.attach(services=[CRASH_SERVICE])
        assert answers(remote)
        interrupts = remote.interrupts().get("watchdog", 0)
        remote.crash(kind)
        if kind == "restart":
            remote.wait_console(RESTARTS[kind])
            # Whoever reads the trace sees it begin anew.
            assert "crash command" not in remote.trace()
        assert not answers(remote)
        # The announcement and two answers; one message, as the remote never came back from the second.
        assert used_indices(remote, image) == [3, 1]
        assert (remote.state(), remote.core_state()) == ("attached", "held" if kind == "reset" else "running")
        assert host.run(f"ls /sys/bus/rpmsg/devices | grep -c {CRASH_SERVICE}").output == "1"
        assert remote.interrupts().get("watchdog", 0) == interrupts
        remote.detach()
        remote.wait_console(RESTARTS[kind])
        assert (remote.state(), remote.core_state()) == ("detached", "running")
        lives = sum("ampstand crash on " in line for line in remote.console.lines)
        assert lives == life + 2
    remote.attach(services=[CRASH_SERVICE])
    assert answers(remote)


@pytest.mark.parametrize("kind", KINDS)
def test_restart_while_detached(preload: Callable[..., Remote], system: str, kind: str) -> None:
    """A detached remote may restart as it likes: BOOT_MCU is 1, so that a reset releases it; the next attach works."""
    remote = preload(f"crash-{system}")
    for _ in range(ROUNDS):
        remote.attach(services=[CRASH_SERVICE])
        assert answers(remote)
        remote.crash(kind, alone=True)
        assert answers(remote)
        remote.watch()
        remote.detach()
        remote.wait_console(RESTARTS[kind])
        assert (remote.state(), remote.core_state()) == ("detached", "running")
    remote.attach(services=[CRASH_SERVICE])
    assert answers(remote)


@pytest.mark.needs("remote-watchdog")
def test_watchdog_while_attached(preload: Callable[..., Remote]) -> None:
    """With recovery disabled Linux starts no other image, but cannot go back to "detached": only a stop is left."""
    remote = preload("crash-bare")
    remote.expect_crash("watchdog", recovers=False)
    remote.attach(services=[CRASH_SERVICE])
    remote.host.run_check(f"echo disabled >{remote.sysfs}/recovery")
    remote.crash("watchdog")
    remote.wait_state("crashed")
    assert remote.core_state() == "held"
    assert not answers(remote)
    assert not accepts(remote, "detach")
    assert accepts(remote, "start")  # counted, and does nothing
    assert (remote.state(), remote.core_state()) == ("crashed", "held")
    assert accepts(remote, "stop")  # of the second user
    remote.stop()
    assert remote.core_state() == "held"


def watchdog_while_detached(remote: Remote, recovery: str, done: str) -> bool:
    """Let the watchdog of a detached remote bite; return whether Linux took it for crashed, once it is done with that.

    BOOT_MCU is 1 after a detach, so that the reset of the watchdog starts the remote again.
    """
    host, machine = remote.host, remote.machine
    machine.expect_bad(r"crash detected in \S+ type watchdog", "host")
    remote.attach(services=[CRASH_SERVICE])
    host.run_check(f"echo {recovery} >{remote.sysfs}/recovery")
    remote.crash("watchdog", alone=True)
    remote.watch()
    mark = host.console.mark()
    remote.detach()
    host.console.expect_line("crash detected", since=mark, timeout=remote.timeout)
    with suppress(WaitError):
        host.console.expect_line(done, since=mark, timeout=remote.timeout)
        return True
    return False


@pytest.mark.needs("remote-watchdog")
def test_watchdog_while_detached(
    preload: Callable[..., Remote], known_bug: Meetings, behaviour: Callable[[str], int | str]
) -> None:
    """The remote restarts by itself; Linux leaves alone what it let go of, and can attach to it."""
    remote = preload("crash-bare")
    taken = known_bug("detached-taken-for-crashed").announce(remote.machine)
    remote.machine.tolerate_bad(
        f"Direct firmware load for {DEFAULT}|request_firmware failed|Boot f", "asked for", "host"
    )
    taken_for_crashed = watchdog_while_detached(remote, "disabled", "handling crash")
    remote.wait_console("last reset: watchdog")
    if taken_for_crashed:
        assert (remote.state(), remote.core_state()) == ("crashed", "running")
        assert not accepts(remote, "detach")
        assert not accepts(remote, "start")  # would load the default image over the running one, but there is none
        assert (remote.state(), remote.core_state()) == ("crashed", "running")
        remote.rebind()
        if behaviour("crashed-remote-unbound") == "stopped":
            assert (remote.state(), remote.core_state()) == ("offline", "held")
            taken.met("unbinding the driver stops it")
    assert (remote.state(), remote.core_state()) == ("detached", "running")
    remote.attach(services=[CRASH_SERVICE])
    assert answers(remote)
    if taken_for_crashed:
        taken.met("a new probe of the driver helps")


RECOVERY_ENDS = {False: "request_firmware failed: -2", True: "Failed to load program segments: -22"}
"""What ends the recovery of a detached remote: no image, or no memory registered that one could be loaded to."""


@pytest.mark.needs("remote-watchdog")
@pytest.mark.parametrize("image_there", [False, True])
def test_recovery_of_a_detached_remote(preload: Callable[..., Remote], image_there: bool, known_bug: Meetings) -> None:
    """Linux does not recover what it let go of: it may be back by itself."""
    remote = preload("crash-bare")
    recovered = known_bug("detached-recovered").announce(remote.machine)
    if image_there:
        remote.host.run_check(f"ln -s echo-bare.elf /lib/firmware/{DEFAULT}")
    if watchdog_while_detached(remote, "enabled", RECOVERY_ENDS[image_there]):
        remote.wait_state("offline")
        assert remote.core_state() == "held"
        assert accepts(remote, "start") == image_there
        recovered.met()
    remote.wait_console("last reset: watchdog")
    remote.attach(services=[CRASH_SERVICE])
    assert answers(remote)
