# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux ends, in order or not, and starts again; the remote is there before it, or has never gone.

A reset of the board resets the remote, too: only a Linux that is started by kexec comes to a remote that went on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.linux import known_bugs
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.qemu.machine import WaitError
from ampstand.report.known import Meetings

pytestmark = [pytest.mark.needs("remoteproc", "attach", "rpmsg-char", "remote-console", "reboot"), pytest.mark.thorough]

WATCHDOG_SECONDS = 4
PANIC = ("sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash")


def announce_panic(machine: LinuxMachine) -> None:
    """Announce the lines of a panic that was asked for."""
    for line in PANIC:
        machine.tolerate_bad(line, "asked for", "host")


# -- with the board ---------------------------------------------------------------------------------------------------


def check_reset_by(machine: LinuxMachine, reason: str) -> None:
    """Ask the board for the reason of its reset: this one, and no other that it could name."""
    register = machine.board.reset_reason
    if register is not None:
        value = machine.read_number(register.address)
        assert [name for name, flag in register.flags.items() if value & flag] == [reason], hex(value)


def reboot(machine: LinuxMachine) -> None:
    """Reboot in order."""
    machine.next_linux(machine.end_linux("reboot"))
    check_reset_by(machine, "software")


def panic(machine: LinuxMachine) -> None:
    """Panic, and reboot a second later."""
    announce_panic(machine)
    machine.host.run_check("echo 1 >/proc/sys/kernel/panic")
    machine.next_linux(machine.end_linux("echo c >/proc/sysrq-trigger"))
    check_reset_by(machine, "software")


def arm_watchdog(machine: LinuxMachine) -> str:
    """Have the board's watchdog served by a program; return its process id."""
    program = f"watchdog -F -T {WATCHDOG_SECONDS} /dev/watchdog0"
    machine.host.start("watchdog", program)
    timeout = "/sys/class/watchdog/watchdog0/timeout"
    machine.host.wait_for(f"cat {timeout}", f"^{WATCHDOG_SECONDS}$")
    (pid,) = machine.host.run_check("pidof watchdog")
    return pid


def wait_watchdog(machine: LinuxMachine, events: int, mark: int) -> None:
    """Wait for the watchdog to reset the board, and for the next Linux."""
    event = machine.wait_event("WATCHDOG", since=events, timeout=10 * WATCHDOG_SECONDS)
    assert event["data"] == {"action": "reset"}
    machine.next_linux(mark)
    check_reset_by(machine, "watchdog")


def hang(machine: LinuxMachine) -> None:
    """Hang: a panic without reboot stops all cores; the watchdog, which nobody serves any more, resets the board."""
    announce_panic(machine)
    arm_watchdog(machine)
    events = machine.event_mark()
    mark = machine.end_linux("echo c >/proc/sysrq-trigger")
    wait_watchdog(machine, events, mark)


def starve(machine: LinuxMachine) -> None:
    """Stop the program that serves the watchdog; all else runs on until the reset."""
    pid = arm_watchdog(machine)
    events, mark = machine.event_mark(), machine.host.console.mark()
    machine.host.run_check(f"kill -STOP {pid}")
    machine.host.lost()
    wait_watchdog(machine, events, mark)


@pytest.mark.needs("watchdog")
@pytest.mark.parametrize("end", [panic, hang, starve], ids=lambda end: end.__name__)
def test_the_board_is_reset(preload: Callable[..., Remote], end: Callable[[LinuxMachine], None]) -> None:
    """The remote is reset, too, and started first again; the next Linux finds it detached."""
    remote = preload("count-bare")
    remote.attach_and_talk()
    end(remote.machine)
    remote.attach_and_talk()
    remote.check_counted_on(lives=2)


def test_reboot(preload: Callable[..., Remote]) -> None:
    """Whatever Linux did with the remote, the next one finds the boot loader's, started anew and detached."""
    remote = preload("count-bare")
    remote.attach_and_talk()
    reboot(remote.machine)
    remote.attach_and_talk()
    remote.detach()
    reboot(remote.machine)
    remote.attach_and_talk()
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-raw"])
    reboot(remote.machine)
    remote.attach_and_talk()
    remote.check_counted_on(lives=4)


# -- by kexec ---------------------------------------------------------------------------------------------------------

IMAGE = "boot/image"


def options_for_kexec(artifacts: Artifacts, board: Board) -> dict[str, Any]:
    """Return the options of a board whose Linux can start itself by kexec."""
    arguments = f"retain_initrd crashkernel={board.crash_memory}M"
    return {"files": {IMAGE: artifacts.kernel.read_bytes()}, "kernel_arguments": arguments}


@pytest.fixture
def kexec_options(artifacts: Artifacts, board: Board) -> dict[str, Any]:
    return options_for_kexec(artifacts, board)


def kexec(machine: LinuxMachine, options: str = "") -> None:
    """Start the same Linux again by kexec, with options of ``kexec-linux``; nothing else is reset."""
    for name in ("early-kick", "kexec-initramfs-above-cma"):
        known_bugs.accept(machine, known_bugs.bug(name))
    events = machine.event_mark()
    machine.next_linux(machine.end_linux(f"kexec-linux {options} /{IMAGE} 2>&3"))
    assert not machine.happened("RESET", since=events)


def host_is(remote: Remote) -> list[str]:
    """Return what the count application said so far of its host: up, down."""
    return [line.removeprefix("host is ") for line in remote.console.lines if line.startswith("host is ")]


@pytest.mark.needs("kexec")
def test_kexec(preload: Callable[..., Remote], kexec_options: dict[str, Any]) -> None:
    """The remote counts on and sees its host go; the new Linux finds it detached, attaches and talks."""
    remote = preload("count-bare", **kexec_options)
    remote.attach_and_talk()
    remote.detach()
    kexec(remote.machine)
    remote.attach_and_talk()
    kexec(remote.machine)
    remote.attach_and_talk()
    remote.traffic(4)
    kexec(remote.machine)
    remote.attach_and_talk()
    remote.check_counted_on()
    found = 4 if remote.says("attaches-by-itself") == "yes" else 0
    assert host_is(remote) == ["up", "down"] * (3 + found) + ["up"]


def panic_with_kexec(remote: Remote, traffic: int) -> None:
    """Attach, panic while so many programs talk, and let another Linux take over, to which the remote is detached."""
    machine = remote.machine
    announce_panic(machine)
    # The new Linux has only that memory, and the other core waits for ever where the panic has stopped it.
    for line in (
        "crashkernel reservation failed",
        "Ignoring memory range",
        r"CPU1: failed to boot: -22",
        r"arm_set_cpu_on: CPU \d is already on",  # QEMU's PSCI, of the same
    ):
        machine.tolerate_bad(line, "of a Linux that took over after a panic", "host")
    remote.attach(services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100
    machine.host.run_check(f"kexec-linux -p /{IMAGE}")
    if traffic:
        remote.traffic(traffic)
    events = machine.event_mark()
    machine.next_linux(machine.end_linux("echo c >/proc/sysrq-trigger"))
    assert not machine.happened("RESET", since=events)
    if remote.says("attaches-by-itself") == "yes":
        remote.detach()
    else:
        assert (remote.state(), host_is(remote)) == ("detached", ["up"])


def attach_and_detach(remote: Remote) -> None:
    """Attach, talk, and detach, several times."""
    for _ in range(3):
        remote.attach(services=["rpmsg-raw"])
        assert remote.echo_char(options="-n 100")["messages"] == 100
        remote.detach()
    assert sum("ampstand " in line for line in remote.console.lines) == 1


@pytest.mark.needs("kexec")
@pytest.mark.parametrize("image", ["busy-bare", "echo-freertos"])
def test_panic_with_kexec(preload: Callable[..., Remote], kexec_options: dict[str, Any], image: str) -> None:
    """Linux goes without a word: until the next one attaches, the remote's link is up.

    One that never sleeps sees the vdev's status go down and up again; one that does knows the new rings by themselves.
    """
    remote = preload(image, **kexec_options)
    panic_with_kexec(remote, 0)
    attach_and_detach(remote)


@pytest.mark.needs("kexec")
def test_panic_with_kexec_amid_traffic(
    preload: Callable[..., Remote], kexec_options: dict[str, Any], known_bug: Meetings
) -> None:
    """The rings are full of messages, and the mailbox has signals on their way in both directions."""
    remote = preload("echo-freertos", **kexec_options)
    known_bug("early-kick").announce(remote.machine)
    screams = [known_bug(name).announce(remote.machine) for name in ("mailbox-screams", "zynqmp-mailbox-screams")]
    panic_with_kexec(remote, 4)
    for one in screams:
        if one.seen:
            one.met()
    attach_and_detach(remote)


@pytest.mark.needs("kexec")
def test_kexec_while_linux_runs_the_remote(
    boot: Callable[..., LinuxMachine], kexec_options: dict[str, Any], known_bug: Meetings
) -> None:
    """The old Linux stops the remote, or the new one knows that it runs, or resets it before it starts an image."""
    machine = boot(**kexec_options)
    remote, forgotten = Remote(machine), known_bug("kexec-forgets-remote")
    remote.start("echo-freertos", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100
    kexec(machine)
    assert sum("ampstand echo on" in line for line in remote.console.lines) == 1
    if remote.state() == "detached":
        remote.attach(services=["rpmsg-raw"])
        assert remote.echo_char(options="-n 100")["messages"] == 100
        return
    if remote.says("stopped-before-kexec") == "yes":
        assert (remote.state(), remote.core_state()) == ("offline", "held")
        remote.start("echo-bare", services=["rpmsg-raw"])
        assert remote.echo_char(options="-n 100")["messages"] == 100
        return
    assert (remote.state(), remote.core_state()) == ("offline", "running")
    assert machine.host.run(f"echo stop >{remote.sysfs}/state").exitcode != 0

    # The image is written over the one that runs: what comes of that is left to chance, but it does not begin.
    machine.tolerate_bad(".*", "anything", remote.core.core)
    machine.tolerate_bad("crash detected|handling crash|recovering", "anything", "host")
    remote.tolerate("stop-without-ack", "anything")
    remote.start("echo-bare")
    with suppress(WaitError):
        remote.console.expect_line("ampstand echo on bare", timeout=2)
        assert remote.echo_char(options="-n 100")["messages"] == 100
        return
    # A stop resets the core; from here on all is well.
    remote.stop()
    assert remote.core_state() == "held"
    remote.start(services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100
    forgotten.met("the next Linux takes the remote for offline")
