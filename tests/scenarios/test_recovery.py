# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux gets to know of a crash: what it does then, what the core really does, and what a program sees of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest

from ampstand.linux import calls
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_SERVICE, REPORTED_CRASHES, Remote, crash_message
from ampstand.linux.shell import Background, Shell
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char", "lockup", "remote-watchdog")

FIRMWARE = {"hardfault", "lockup", "loop", "watchdog", "assert"}
"""Ways in which the firmware crashes, its watchdog started before: it resets the core, and tells Linux."""
RECORDED = {"hardfault": r"exception 3 at pc 0x[0-9a-f]+", "assert": r"assertion failed at \S*crash\.c:\d+"}
"""What the firmware says of itself when it crashes, and once more when it starts again."""


def crash(remote: Remote, kind: str, *, recovers: bool = True) -> None:
    """Let the running crash application crash, or Linux believe it did, and announce what will be said of it."""
    remote.expect_crash("watchdog" if kind in FIRMWARE else kind.removeprefix("reported-"), recovers=recovers)
    if kind in RECORDED:
        remote.machine.expect_bad(f"crash: {RECORDED[kind]}", remote.core.core)
        if recovers or not forgets(remote):
            remote.machine.expect_bad(f"last crash: {RECORDED[kind]}", remote.core.core)
    if kind in FIRMWARE:
        remote.crash(kind, watchdog=True)
    else:
        remote.report_crash(kind.removeprefix("reported-"))


def forgets(remote: Remote) -> bool:
    """Whether a stop clears the remote's memory, and with it the record of a crash."""
    return remote.says("clears-memory") == "yes"


def silent(remote: Remote) -> bool:
    """Whether the crash application leaves a message without an answer."""
    result = remote.host.run(f"rpmsg-echo -c {CRASH_SERVICE} -x {crash_message('none')} -t 300")
    assert result.exitcode in (0, 3), result.output
    return result.exitcode == 3


def start_watch(remote: Remote, options: str) -> Background:
    """Let rpmsg-watch wait in all calls of an endpoint."""
    job = remote.host.start("watch", f"rpmsg-watch {options}")
    # A remote that never sleeps leaves Linux little if all cores share a thread of QEMU.
    remote.host.wait_for("cat /tmp/watch.out", "watching", 60)
    return job


@contextmanager
def watch_endpoint(remote: Remote, options: str, known_bug: Meetings) -> Iterator[Background]:
    """Let rpmsg-watch wait in all calls of a char endpoint; the body takes its remote away and waits for its report.

    The program makes each call once more then, the ioctl that destroys the endpoint included.
    """
    job = start_watch(remote, options)
    with known_bug("endpoint-destroyed-twice").ends(remote.machine):
        yield job


def report(output: str) -> dict[str, Any]:
    """Return what rpmsg-watch reported."""
    found = re.search(r"^\{.*\}$", output, re.MULTILINE)
    assert found, output
    data: dict[str, Any] = json.loads(found[0])
    assert data.pop("ok"), data
    return data


@pytest.mark.parametrize("recovery", ["enabled", "disabled", "recover"])
@pytest.mark.parametrize("kind", [*sorted(FIRMWARE), *(f"reported-{kind}" for kind in REPORTED_CRASHES)])
def test_recovery(remote: Remote, host: Shell, kind: str, recovery: str) -> None:
    """One watchdog interrupt a crash; the core is as it must be; afterwards messages flow, and the cause is known."""
    remote.start("crash-bare", services=[CRASH_SERVICE])
    interrupts = remote.interrupts()["watchdog"]
    host.run_check(f"echo {'enabled' if recovery == 'enabled' else 'disabled'} >{remote.sysfs}/recovery")
    crash(remote, kind, recovers=recovery != "disabled")
    try:
        if recovery != "enabled":
            remote.wait_state("crashed")
            # The watchdog has reset the core, which waits for Linux; one that is only said to have crashed goes on.
            assert remote.core_state() == ("held" if kind in FIRMWARE else "running")
            remote.machine.expect_bad("can't change firmware while running", "host")
            refused = host.run(f"echo hello-bare.elf >{remote.sysfs}/firmware")
            assert "Device or resource busy" in refused.output
            # Linux no longer serves the remote's signals: nothing comes back whatever the core does.
            assert silent(remote)
        if recovery == "recover":
            host.run_check(f"echo recover >{remote.sysfs}/recovery", reason="the recovery on demand")
        if recovery == "disabled":
            remote.stop()
            assert remote.core_state() == "held"
            remote.start(services=[CRASH_SERVICE])
        else:
            remote.wait_recovered([CRASH_SERVICE])
    finally:
        host.run_check(f"echo enabled >{remote.sysfs}/recovery")
    assert (remote.state(), remote.core_state()) == ("running", "running")
    remote.crash("none")  # it answers
    assert remote.interrupts()["watchdog"] - interrupts == (1 if kind in FIRMWARE else 0)
    said = remote.trace()
    assert ("last reset: watchdog" in said) == (kind in FIRMWARE), said
    assert ("last crash" in said) == (kind in RECORDED and not (recovery == "disabled" and forgets(remote))), said


@pytest.mark.parametrize("recovery", ["enabled", "recover"])
def test_firmware_file_missing_at_recovery(fresh_machine: LinuxMachine, recovery: str, known_bug: Meetings) -> None:
    """Linux says that it has no file, and the core is held; a file that is there again can be started."""
    remote, lost = Remote(fresh_machine), known_bug("recovery-without-file")
    host, state = remote.host, f"{remote.sysfs}/state"
    for message in ("failed to load crash-bare.elf", "Direct firmware load for crash-bare.elf failed", "request_firmw"):
        fresh_machine.expect_bad(message, "host")
    remote.start("crash-bare", services=[CRASH_SERVICE])
    with watch_endpoint(remote, f"-c {CRASH_SERVICE} -g", known_bug) as job:
        host.run_check("mv /lib/firmware/crash-bare.elf /tmp")
        host.run_check(f"echo {'disabled' if recovery == 'recover' else 'enabled'} >{remote.sysfs}/recovery")
        crash(remote, "loop")
        if recovery == "recover":
            remote.wait_state("crashed")
            host.run_check(f"echo recover >{remote.sysfs}/recovery")
        remote.wait_state("offline")
        assert remote.core_state() == "held"
        assert report(host.finish(job).output)["read"] == "EPIPE"
    assert not host.run("ls /sys/bus/rpmsg/devices").output

    host.run_check("mv /tmp/crash-bare.elf /lib/firmware")
    host.run_check(f"echo start >{state}", reason="a start with the file in place")
    if remote.state() == "running":
        remote.wait_service(CRASH_SERVICE)
        remote.crash("none")  # it answers
        return
    # The recorded bug, to its end: nothing but a new driver instance helps, and it leaves the old one's things behind.
    assert (remote.state(), remote.core_state()) == ("offline", "held")
    assert "Invalid argument" in host.run(f"echo stop >{state}").output
    host.run_check(f"echo recover >{remote.sysfs}/recovery")
    assert remote.core_state() == "held"
    assert "vdev0vring0" in host.text(f"cat {remote.debugfs}/carveout_memories")
    old = remote.sysfs
    remote.rebind()
    left = host.run_check("ls /sys/bus/platform/devices | grep rproc-virtio")
    remote.start("crash-bare", services=[CRASH_SERVICE])
    remote.crash("none")  # it answers
    if remote.sysfs != old and left:
        lost.met(f"unbinding leaks {left[0]} and the number of {remote.core.instance}")


REPLACEMENTS = {"echo-freertos": ["rpmsg-tty", "rpmsg-tty", "rpmsg-raw"], "hello-bare": [], "notable-bare": []}
"""What stands in the file at the recovery, in place of the image that crashed, and the services that it announces.

With a vdev and a trace like that image; with a trace only; without a resource table.
"""


def replace_firmware(host: Shell, command: str) -> None:
    """Replace the file of the crash application by what a command prints."""
    host.run_check(f"{command} >/tmp/new && mv /tmp/new /lib/firmware/crash-bare.elf")


@pytest.mark.parametrize("image", REPLACEMENTS)
def test_firmware_file_replaced_at_recovery(fresh_machine: LinuxMachine, image: str) -> None:
    """The new file is started with the resources of the old one; the next start after a stop takes its own."""
    remote = Remote(fresh_machine)
    host, services = remote.host, REPLACEMENTS[image]
    tables = f"cat {remote.debugfs}/resource_table"
    remote.start("crash-bare", services=[CRASH_SERVICE])
    table = host.text(tables)
    replace_firmware(host, f"cat /lib/firmware/{image}.elf")
    crash(remote, "loop")
    remote.wait_recovered(services)
    remote.wait_console(f"ampstand {image.split('-')[0]} on ")
    assert (remote.state(), remote.core_state()) == ("running", "running")
    assert host.text(tables) == table
    assert host.text(f"cat {remote.sysfs}/*/virtio*/status") == "0x00000007"
    if services:
        assert remote.echo_char(options="-n 100")["messages"] == 100
    remote.stop()
    if image == "notable-bare":
        fresh_machine.expect_bad("no resource table found for this firmware", "host")
    remote.start(services=services)
    assert len(host.run("ls /sys/bus/virtio/devices").stdout) == (1 if services else 0)
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 100")["messages"] == 100


def test_firmware_file_replaced_by_garbage_at_recovery(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    """The headers of a file that is no ELF file are not believed."""
    remote, believed = Remote(fresh_machine), known_bug("recovery-file-unchecked")
    remote.start("crash-bare", services=[CRASH_SERVICE])
    # Taken for a 64-bit file with its program headers 2 GiB away, where the kernel has nothing.
    replace_firmware(remote.host, "head -c 4096 /dev/zero | tr '\\0' '\\200'")
    mark = remote.host.console.mark()
    with believed.kills(fresh_machine):
        crash(remote, "loop")
    if believed.seen:
        return
    remote.wait_state("offline")
    remote.host.console.expect_line("Boot failed|bad image|failed to load", since=mark, timeout=remote.timeout)


# rpmsg-watch is three processes, in poll(), read() and write(). The first sleeps uninterruptibly while the last holds
# the endpoint's lock.
ASLEEP = "for p in $(pidof rpmsg-watch); do grep -c 'State:.[SD]' /proc/$p/status; done | grep -c 1"

# What each call gives once the remote is gone; docs/lifecycle.md has the same table. An integer is a result, no error.
CHAR = {
    "second_open": "EBUSY",
    "blocked_poll": "ERR",
    "blocked_read": "EPIPE",
    "read": "EPIPE",
    "write": "EPIPE",
    "poll": "ERR",
    "ioctl": 0,
    "open": "ENETRESET",
}
TTY = {
    "second_open": 0,
    "blocked_poll": "IN ERR HUP",
    "blocked_read": 0,
    "read": 0,
    "write": "EIO",
    "poll": "IN OUT ERR HUP",
    "ioctl": "EIO",
    "open": 0,
}


@pytest.mark.needs("rpmsg-tty")
@pytest.mark.parametrize("end", ["crash", "stop"])
@pytest.mark.parametrize(
    ("device", "calls"), [pytest.param("char", CHAR, id="char"), pytest.param("tty", TTY, id="tty")]
)
def test_what_a_program_sees(
    remote: Remote, host: Shell, device: str, calls: dict[str, Any], end: str, known_bug: Meetings
) -> None:
    """Every call returns, blocked or not, with a known error; the program opens its endpoint anew and goes on."""
    services = ["rpmsg-tty", "rpmsg-tty", "rpmsg-raw"]
    remote.tolerate_poll_race()
    remote.start("echo-bare", services=services)
    watched: AbstractContextManager[Background]
    if device == "char":
        watched = watch_endpoint(remote, "-c rpmsg-raw", known_bug)
    else:
        watched = nullcontext(start_watch(remote, "-d /dev/ttyRPMSG0"))
    with watched as job:
        if end == "crash":
            crash(remote, "reported-fatal error")
            remote.wait_recovered(services)
        else:
            remote.stop()
            remote.start(services=services)
        seen = report(host.finish(job).output)
    assert seen.pop("back_ms") < 5000
    assert seen == calls


def test_open_device_outlives_its_remote(poisoning_machine: LinuxMachine, known_bug: Meetings) -> None:
    """What a descriptor refers to is freed with the last one, not before."""
    remote = Remote(poisoning_machine)
    remote.tolerate_poll_race()
    remote.start("echo-bare", services=["rpmsg-raw"])
    with watch_endpoint(remote, "-c rpmsg-raw", known_bug) as job:
        remote.stop()
        remote.start(services=["rpmsg-raw"])
        seen = report(remote.host.finish(job).output)
    del seen["back_ms"]
    assert seen == CHAR
    remote.host.run_check("for cache in /sys/kernel/slab/*/validate; do echo 1 >$cache; done")


@pytest.mark.needs("rpmsg-tty")
def test_devices_held_open_keep_their_numbers(remote: Remote, host: Shell) -> None:
    """Whoever holds a dead device open moves its successor to the next free number, maybe that of another channel."""
    services = ["rpmsg-tty", "rpmsg-tty", "rpmsg-raw"]
    devices = "ls /dev | grep -E 'rpmsg|RPMSG' | tr '\\n' ' '"
    before = "rpmsg0 rpmsg_ctrl0 ttyRPMSG0 ttyRPMSG1 "
    remote.start("echo-bare", services=services)
    host.wait_for(devices, f"^{before}$", remote.timeout)
    opened = host.run_check(
        "for d in rpmsg0 rpmsg_ctrl0 ttyRPMSG0; do ( sleep 1000 <>/dev/$d >/dev/null 2>&1 3>&- & echo $! ); done"
    )
    host.wait_for("ls -l /proc/[0-9]*/fd/0 | grep -cE -- '-> /dev/(tty)?(rpmsg|RPMSG)'", "^3$", remote.timeout)
    crash(remote, "reported-fatal error")
    remote.wait_recovered(services)
    host.wait_for(devices, "^rpmsg1 rpmsg_ctrl1 ttyRPMSG1 ttyRPMSG2 $", remote.timeout)
    assert remote.echo_char(options="-n 10")["messages"] == 10
    host.run_check(f"kill {' '.join(opened)}")
    remote.stop()
    remote.start(services=services)
    host.wait_for(devices, f"^{before}$", remote.timeout)


@pytest.mark.thorough
def test_blocked_writer_delays_the_recovery(remote: Remote, host: Shell, known_bug: Meetings) -> None:
    """A write() that waits for a buffer of a dead remote ends after 15 s, and only then does the recovery begin."""
    blocked = known_bug("blocked-writer")
    remote.machine.expect_bad("timeout waiting for a tx buffer", "host")
    remote.start("crash-bare", services=[CRASH_SERVICE])
    remote.crash("loop")  # nobody notices
    with watch_endpoint(remote, f"-c {CRASH_SERVICE} -w -t 40000", known_bug) as job:
        host.wait_for(ASLEEP, "^3$", 60)
        crash(remote, "reported-fatal error")
        seen = report(host.finish(job, 120).output)
    remote.wait_recovered([CRASH_SERVICE])
    remote.crash("none")  # it answers
    seconds, error = seen.pop("write_seconds"), seen.pop("blocked_write")
    del seen["back_ms"]
    assert seen == CHAR
    remote.machine.records.values["blocked_write"] = {"seconds": seconds, "error": error}
    assert seconds < 25
    if seconds > 14 and error == "errno 512":
        blocked.met(f"{seconds:.0f} s, {error}")
    assert error == "EPIPE"


@pytest.mark.thorough
def test_writer_that_waits_can_be_killed(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    """A program that waits for a buffer of a dead remote ends when it is killed, and the remote can be recovered."""
    remote, spins = Remote(fresh_machine), known_bug("killed-writer-spins")
    host = remote.host
    remote.start("crash-bare", services=[CRASH_SERVICE])
    remote.crash("loop")  # nobody notices
    (address,) = host.run_check("cat /sys/bus/rpmsg/devices/*.rpmsg-crash.*/dst")
    calls.run(fresh_machine, f"open c /dev/rpmsg_ctrl0 rw => 0\nioctl c CREATE_EPT full -1 {address} => 0")
    (device,) = host.run_check("grep -lx full /sys/class/rpmsg/rpmsg*/name | cut -d/ -f5")
    host.start("writer", f"dd if=/dev/zero of=/dev/{device} bs=4 count=1000")
    host.wait_for("grep State /proc/$(pidof dd)/status", "State:.[SD]", remote.timeout)
    host.run_check("kill -9 $(pidof dd)")
    # The other core is there for this shell.
    gone = host.run("(for i in $(seq 25); do pidof dd >/dev/null || exit 0; sleep 0.02; done; exit 1)").exitcode == 0
    if not gone:
        (state,) = host.run_check("grep State /proc/$(pidof dd)/status")
        fresh_machine.stop()
        spins.met(state)
    crash(remote, "reported-fatal error")
    remote.wait_recovered([CRASH_SERVICE])


@pytest.mark.soak
@pytest.mark.time_limit(3600)
def test_control_device_of_a_remote_that_is_gone(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    """A control device that was opened before the crash makes no endpoints any more, and says so."""
    remote, stale = Remote(fresh_machine), known_bug("stale-control-device").announce(fresh_machine)
    remote.start("echo-bare", services=["rpmsg-raw"])
    with watch_endpoint(remote, "-c rpmsg-raw -s", known_bug) as job:
        crash(remote, "reported-fatal error")
        seen = report(remote.host.finish(job).output)
    if seen["stale_control"] not in ("ENODEV", "ENETRESET", "EPIPE"):
        stale.met(str(seen["stale_control"]))
    assert remote.echo_char(options="-n 10")["messages"] == 10


def test_rproc_virtio_unbound_while_the_remote_runs(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    """A remote that has lost its rproc-virtio driver still takes its channels with it when it stops."""
    remote, unbound = Remote(fresh_machine), known_bug("rproc-virtio-unbound")
    remote.start("echo-bare", services=["rpmsg-raw"])
    driver = "/sys/bus/platform/drivers/rproc-virtio"
    host = remote.host
    host.run_check(f"d=$(ls {driver} | grep rproc-virtio); echo $d >{driver}/unbind", reason="rproc-virtio to unbind")
    host.run_check(f"echo stop >{remote.sysfs}/state")
    assert remote.state() == "offline"
    left = host.run_check("ls /sys/bus/rpmsg/devices")
    if any("rpmsg-raw" in device for device in left):
        unbound.met(f"left: {' '.join(left)}")
    assert not left
