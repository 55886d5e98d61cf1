# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the device tree may say of a remote otherwise than that of the board does: more, less, or something wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from test_leaks import nothing_leaks, refusals, refuse
from test_sleep import tolerate_sleep

from ampstand.build.artifacts import Artifacts
from ampstand.linux import calls, memory
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_SERVICE, Remote
from ampstand.report.known import Meetings

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-char", "stm32-remote-node"), pytest.mark.thorough]

Boot = Callable[..., LinuxMachine]

SERVICES = ["rpmsg-raw"]
INVALID = "Invalid argument"
NO_SHUTDOWN = "cannot get shutdown mbox"


def overlay(name: str) -> list[Path]:
    """Return an overlay of ours."""
    return [Path(__file__).parent / "own" / f"{name}.dts"]


def talk(remote: Remote) -> None:
    """Exchange messages with the echo application."""
    remote.wait_services(SERVICES)
    assert remote.echo_char(options="-n 20")["messages"] == 20


def own_name(remote: Remote) -> str:
    """Return the file that a driver asks for which was told of none."""
    return f"rproc-{remote.host.text(f'cat {remote.sysfs}/name')}-fw"


def test_started_by_its_driver(boot: Boot, artifacts: Artifacts) -> None:
    """As soon as the driver has the device, the remote runs; from then on it is one like any other."""
    image = artifacts.firmware["echo-bare"].read_bytes()
    remote = Remote(boot(overlays=overlay("auto-boot"), files={"lib/firmware/rproc-m4-fw": image}))
    assert own_name(remote) == "rproc-m4-fw"
    assert remote.host.text(f"cat {remote.sysfs}/firmware") == "rproc-m4-fw"
    for life in range(2):
        remote.wait_state("running")
        talk(remote)
        remote.stop()
        assert remote.core_state() == "held"
        remote.start("echo-bare", services=SERVICES)
        assert remote.echo_char(options="-n 20")["messages"] == 20
        # Its driver, when it comes again, stops it first, and starts its own choice.
        if life == 0:
            remote.watch()
            remote.rebind()
            assert remote.host.text(f"cat {remote.sysfs}/firmware") == "rproc-m4-fw"
    remote.stop()


def test_started_by_its_driver_without_a_file(boot: Boot, artifacts: Artifacts) -> None:
    """The driver says that it found none, and the remote can be started with another; with the file, it is started."""
    absent = {
        "(Direct firmware load for|failed to load) rproc-m4-fw": "there is none",
        "request_firmware failed: -2": "as above",
    }
    remote = Remote(boot(overlays=overlay("auto-boot"), tolerated=absent))
    assert any("request_firmware failed: -2" in line for line in remote.host.console.lines)
    assert remote.state() == "offline"
    remote.start("echo-bare", services=SERVICES)
    assert remote.echo_char(options="-n 20")["messages"] == 20
    remote.stop()
    remote.host.put("/lib/firmware/rproc-m4-fw", artifacts.firmware["echo-bare"].read_bytes())
    remote.watch()
    remote.rebind()
    remote.wait_state("running")
    talk(remote)
    remote.stop()


@pytest.mark.needs("attach")
def test_attached_by_its_driver(boot: Boot) -> None:
    """A remote that runs already is attached to, and goes on: by its driver when it comes, and when it comes again."""
    remote = Remote(boot(overlays=overlay("auto-boot"), preload="count-bare"))
    remote.wait_state("attached")
    talk(remote)
    remote.wait_counting()
    remote.detach()
    remote.wait_counting()
    remote.watch()
    remote.rebind()
    remote.wait_state("attached")
    talk(remote)
    remote.check_counted_on()
    remote.stop()
    assert remote.core_state() == "held"


SLOWER = 20
"""By so much the remote's watchdog is late, so that Linux has fallen asleep before."""


@pytest.mark.needs("remote-watchdog", "lockup", "remote-sleep")
def test_watchdog_wakes_linux(boot: Boot, known_bug: Meetings) -> None:
    """Linux sleeps when the remote's watchdog bites, is woken up by it, and recovers the remote."""
    machine = boot(overlays=overlay("wakeup-source"), extra_args=["-global", f"stm32mp1-wwdg.time-scale={SLOWER}"])
    tolerate_sleep(machine, known_bug)
    remote, host = Remote(machine), machine.host
    device = f"{remote.sysfs}/device"
    assert host.text(f"cat {device}/power/wakeup") == "enabled"
    remote.start("crash-bare", services=[CRASH_SERVICE])
    remote.expect_crash("watchdog")
    remote.crash("loop", watchdog=True)
    mark = host.console.mark()
    host.run("echo freeze >/sys/power/state", 60)
    remote.wait_recovered([CRASH_SERVICE])
    said = "\n".join(host.console.lines[mark:])
    assert re.search(r"PM: suspend entry \(s2idle\).*PM: suspend exit", said, re.DOTALL), said
    assert host.text("cat /sys/power/suspend_stats/success") == "1"
    remote.stop()


AWAKE = """
get {w} => 0
put {d}/crash =1 => 1
wait {w} 0 3000 => 0
put {s}/recovery =disabled => 8
put {s}/state =start => 5
put {d}/crash =2 => 1
wait {s}/state crashed 3000 => crashed
wait {w} 0 3000 => 0
put {s}/recovery =recover => 7
get {s}/state => running
wait {w} 0 3000 => 0
put {d}/crash =2 => 1
wait {s}/state crashed 3000 => crashed
put {d}/crash =0 => 1
"""
ASLEEP = """
wait {w} 0 3000 => *
put {s}/state =stop => 4
put {s}/recovery =enabled => 7
"""


def test_crash_keeps_linux_awake(boot: Boot, known_bug: Meetings) -> None:
    """As long as Linux has to do with it, and no longer: of a remote that is offline, runs, or has crashed already."""
    remote = Remote(boot(overlays=overlay("wakeup-source")))
    remote.firmware("echo-bare")
    for kind in ("fatal error", "watchdog", "mmufault"):
        remote.machine.expect_bad(rf"crash detected in \S+ type {kind}", "host")
    remote.machine.expect_bad("handling crash|recovering", "host")
    device = f"{remote.sysfs}/device"
    values = {"w": f"{device}/power/wakeup_active", "s": remote.sysfs, "d": remote.debugfs}
    calls.run(remote.machine, AWAKE, **values)
    (awake, *_) = calls.run(remote.machine, ASLEEP, **values)
    assert int(remote.host.text(f"cat {device}/wakeup/*/active_count")) > 0
    if awake.result != "0":
        known_bug("second-crash-keeps-awake").met()


def test_no_more_than_it_needs(boot: Boot) -> None:
    """Without mailboxes for orders and registers for its state, a remote starts, talks, crashes, recovers and stops."""
    absent = {
        "cannot get (shutdown|detach) mbox|could not locate channel named": "there is none",
        "failed to get pdds": "as above",
        "m4 state not supported": "as above",
    }
    remote = Remote(boot(overlays=overlay("sparse"), tolerated=absent))
    said = "\n".join(remote.host.console.lines)
    assert all(re.search(line, said) for line in ("cannot get shutdown", "cannot get detach", "m4 state not supported"))
    for _ in range(2):
        remote.start("echo-bare", services=SERVICES)
        talk(remote)
        remote.expect_crash("fatal error")
        remote.report_crash("fatal error")
        remote.wait_recovered(SERVICES)
        talk(remote)
        remote.stop()
        assert remote.core_state() == "held"


def test_mailbox_that_there_is_not(boot: Boot) -> None:
    """Linux says so and does without: the remote works, and is stopped without a word."""
    remote = Remote(boot(overlays=overlay("mailbox-beyond"), tolerated={NO_SHUTDOWN: "so it is"}))
    assert any(NO_SHUTDOWN in line for line in remote.host.console.lines)
    for _ in range(2):
        remote.start("echo-bare", services=SERVICES)
        talk(remote)
        mark = remote.console.mark()
        remote.stop()
        assert remote.core_state() == "held"
        told = remote.says("announced-stop")
        assert not any(re.search(told, line) for line in remote.console.lines[mark:])


def test_mailbox_whose_driver_is_yet_to_come(boot: Boot) -> None:
    """There is no remote as long as it has not come; each attempt gives back the mailboxes that there are."""
    said = {**memory.SAID, "deferred probe pending|failed to request mailbox shutdown": "so it is"}
    # Otherwise Linux asks whether there is that driver, and does not ask the remote's own.
    arguments = f"{memory.COUNTED['kernel_arguments']} fw_devlink=off"
    machine = boot(overlays=overlay("mailbox-late"), kernel_arguments=arguments, tolerated=said)
    host = machine.host
    assert "failed to request mailbox shutdown" in host.text("grep 10000000.m4 /sys/kernel/debug/devices_deferred")
    bind = "echo 10000000.m4 >/sys/bus/platform/drivers/stm32-rproc/bind"
    with refusals(machine), nothing_leaks(host):
        refuse(host, bind, "Resource temporarily unavailable")
    assert host.text("cat /sys/kernel/debug/clk/ipcc/clk_enable_count") == "0", "nobody has a mailbox any more"
    assert host.run_check("ls /sys/class/remoteproc") == []
    assert host.run("grep -q 'm4$' /proc/interrupts").exitcode


@pytest.mark.needs("attach")
def test_table_that_nobody_tells_of(boot: Boot, known_bug: Meetings) -> None:
    """A remote that runs already, and Linux is not told where its resource table is: it cannot be attached to."""
    absent = {"rsc tbl syscon not supported": "there is none"}
    machine = boot(overlays=overlay("no-table-register"), preload="echo-bare", tolerated=absent)
    remote = Remote(machine)
    assert remote.state() == "detached"
    with known_bug("attach-without-table-register").ends(machine):
        assert machine.host.run(f"echo start >{remote.sysfs}/state").exitcode
    assert remote.state() == "detached"


REGIONS = {
    "unreserved": "unable to acquire memory-region",
    "elsewhere": r"memory region not valid (0x|\[mem 0x)d8000000",
}


@pytest.mark.parametrize("name", REGIONS)
def test_memory_that_cannot_be_its_own(boot: Boot, name: str, known_bug: Meetings) -> None:
    """A remote with memory that is nobody's, or that it does not reach, is not started."""
    remote = Remote(boot(overlays=overlay(f"region-{name}"), **memory.COUNTED))
    host, start = remote.host, f"echo start >{remote.sysfs}/state"
    remote.machine.expect_bad("Boot failed: -22", "host")
    remote.firmware("echo-bare")
    passed_over = known_bug("unreserved-memory-passed-over")
    if name == "unreserved" and passed_over.inside:
        passed_over.announce(remote.machine)
        remote.machine.expect_bad("bad phdr da|Failed to load program segments: -22", "host")
        refuse(host, start, INVALID, 1)
        passed_over.met()
    for pattern in (REGIONS[name], "can't prepare rproc m4: -22"):
        remote.machine.expect_bad(pattern, "host")
    refuse(host, start, INVALID, 1)
    with refusals(remote.machine), nothing_leaks(host):
        refuse(host, start, INVALID)
    assert (remote.state(), remote.core_state()) == ("offline", "held")


def test_no_addresses_of_the_host(boot: Boot) -> None:
    """There is no remote, and Linux says why; the rest of it goes on."""
    said = {
        "dma-ranges property not defined": "so it is",
        "probe (with driver stm32-rproc|of 10000000.m4) failed with error -22": "as above",
    }
    machine = boot(overlays=overlay("no-ranges"), **{**memory.COUNTED, "tolerated": {**memory.SAID, **said}})
    host = machine.host
    assert any("dma-ranges property not defined" in line for line in host.console.lines)
    with refusals(machine), nothing_leaks(host):
        refuse(host, "echo 10000000.m4 >/sys/bus/platform/drivers/stm32-rproc/bind", INVALID)
    assert host.run_check("ls /sys/class/remoteproc") == []
    assert host.run("grep -q 'm4$' /proc/interrupts").exitcode
