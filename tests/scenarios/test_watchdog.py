# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The watchdog of the host bites after the time that a program has asked for, no sooner and no later."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from test_leaks import nothing_grows

from ampstand.linux import calls, memory
from ampstand.linux.machine import LinuxMachine
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("watchdog-registers")

CLASS = "/sys/class/watchdog/watchdog0"
TURNS = 200

STARTED_AT_BOOT = "zcat /proc/config.gz | grep -x CONFIG_WATCHDOG_HANDLE_BOOT_ENABLED=y"
SET = """
open w /dev/watchdog0 w => 0
open x /dev/watchdog0 w => EBUSY
ioctl w WD_SET 0 => EINVAL
ioctl w WD_SET -1 => EINVAL
ioctl w WD_SET {seconds} => 0 {seconds}
ioctl w WD_GET => 0 {seconds}
ioctl w WD_ALIVE => 0
write w =V => 1
close w => 0
"""


def test_registers_make_the_time(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    """The counter's clock, prescaler and reload value, as QEMU has them, make each time to the tick before its end.

    Linux serves by itself a watchdog that can be set to no more, or that nobody has open any more.
    """
    watchdog = fresh_machine.board.watchdog
    assert watchdog is not None
    known_bug("iwdg-pretimeout-stays").announce(fresh_machine)

    def check(seconds: int) -> None:
        tick = (1 << (fresh_machine.read_number(watchdog.prescaler) + watchdog.shift)) / watchdog.rate
        found[seconds] = fresh_machine.read_number(watchdog.reload) + 1
        wanted[seconds] = int(min(seconds, longest) / tick)

    found: dict[int, int] = {}
    wanted: dict[int, int] = {}
    longest = watchdog.longest
    if not fresh_machine.host.run(STARTED_AT_BOOT).exitcode:
        check(int(fresh_machine.host.text(f"cat {CLASS}/timeout")))
        assert found == wanted, "nobody has opened it yet"
    for seconds in (1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 65, 128, longest, longest + 1, 10 * longest):
        calls.run(fresh_machine, SET, seconds=seconds)
        check(seconds)
    assert found == wanted


WARN = """
open w /dev/watchdog0 w => 0
ioctl w WD_SET_PRE 2 => {set}
"""
UNSERVED = """
ioctl w WD_SET 6 => 0 6
# there is none: 1.4 s are left when it is given up
count /dev/watchdog9 1 4600 => 0
"""
DONE = """
write w =V => 1
close w => 0
"""
STAMP = r"\[ *([\d.]+)\] "


def now(machine: LinuxMachine) -> float:
    """Return the time by which Linux stamps its messages, in seconds."""
    console = machine.host.console
    mark = console.mark()
    machine.host.run_check("echo '<6>now' >/dev/kmsg")
    return float(console.expect_line(f"{STAMP}now$", since=mark)[0][1])


def test_warning_before_the_end(
    fresh_machine: LinuxMachine, behaviour: Callable[[str], int | str], known_bug: Meetings
) -> None:
    """Two seconds before the watchdog would bite, where the driver can warn; no sooner, and no later."""
    if behaviour("watchdog-warns") != "yes":
        calls.run(fresh_machine, WARN + DONE, set="EOPNOTSUPP")
        return
    warning = "watchdog0: pretimeout event"
    fresh_machine.tolerate_bad(warning, "asked for", fresh_machine.board.shell.core)
    mark, began = fresh_machine.host.console.mark(), now(fresh_machine)
    calls.run(fresh_machine, WARN + UNSERVED + DONE, set="0 2")
    said = "\n".join(fresh_machine.host.console.lines[mark:])
    times = [float(time) - began for time in re.findall(STAMP + warning, said)]
    if times and 1.9 < times[0] < 3:
        known_bug("iwdg-pretimeout-from-ping").met(f"after {times[0]:.1f} s of 6 s")
    assert times
    assert 3.9 < times[0] < 4.6


WAIT = "count /dev/watchdog9 1 1500 => 0"
"""There is none: 1.5 s."""
SERVED = "put /dev/kmsg =<6>served => *"
SECONDS, SLACK = 2, 0.6
SILENT = "watchdog did not stop!"
LAST_SERVED = {
    "by-a-new-time": f"ioctl w WD_SET {SECONDS} => *\n{SERVED}",
    "by-calls": f"ioctl w WD_SET {SECONDS} => *\n{WAIT}\nioctl w WD_ALIVE => *\n{WAIT}\nwrite w =x => *\n{SERVED}",
    "by-a-close-without-V": f"ioctl w WD_SET {SECONDS} => *\n{WAIT}\nclose w => *\n{SERVED}",
}


@pytest.mark.thorough
@pytest.mark.parametrize("last", LAST_SERVED)
def test_it_bites(fresh_machine: LinuxMachine, last: str) -> None:
    """It bites its time after it was served last, neither sooner nor later by Linux's own clock."""
    machine, host, events = fresh_machine, fresh_machine.host, fresh_machine.event_mark()
    machine.tolerate_bad(SILENT, "asked for", machine.board.shell.core)
    calls.put(machine, f"open w /dev/watchdog0 w => 0\n{LAST_SERVED[last]}\ncount /dev/watchdog9 1 9000 => 0")
    mark = machine.end_linux("(while usleep 50000; do echo '<6>alive' >/dev/kmsg; done) & rpmsg-calls </tmp/calls")
    assert machine.wait_event("WATCHDOG", since=events, timeout=60)["data"] == {"action": "reset"}
    machine.next_linux(mark)
    said = "\n".join(host.console.lines[mark:])
    assert (SILENT in said) == (last == "by-a-close-without-V")
    (served,) = re.findall(f"{STAMP}served", said)
    alive = re.findall(f"{STAMP}alive", said)
    assert float(alive[-1]) - float(served) == pytest.approx(SECONDS, abs=SLACK)


GOES_AND_COMES = """
put {driver}/unbind ={device} => *
wait {class} ENOENT 3000 => ENOENT
open w /dev/watchdog0 w => ENOENT
put {driver}/bind ={device} => *
"""
IS_USED = """
open w /dev/watchdog0 w => 0
ioctl w WD_SET 8 => 0 8
ioctl w WD_ALIVE => 0
write w =V => 1
close w => 0
"""
CLASS_DEVICE = dict.fromkeys(("kmalloc-1k", "kmalloc-128", "kmalloc-64"), TURNS * 3 // 2)
"""What is left of it at most; its device's name, in the smallest, is within what others take and give."""


@pytest.mark.thorough
def test_driver_comes_and_goes(boot: Callable[..., LinuxMachine], known_bug: Meetings) -> None:
    """It gives back what it has, memory and clocks; what comes again tells of itself what the first did."""
    machine = boot(**memory.COUNTED)
    host, watchdog = machine.host, machine.board.watchdog
    known_bug("iwdg-pretimeout-stays").announce(machine)
    refused = known_bug("iwdg-wake-irq-stays").announce(machine)
    assert watchdog is not None
    device, driver = (host.text(f"readlink -f {CLASS}/device{link}") for link in ("", "/driver"))
    names = {"driver": driver, "device": device.rpartition("/")[2], "class": CLASS}

    def told() -> list[str]:
        return host.run_check(f"grep -H . $(find {CLASS}/ -maxdepth 1 -type f -perm -400)")

    if calls.run(machine, GOES_AND_COMES, **names)[-1].is_("EEXIST"):
        refused.met()
    calls.run(machine, IS_USED)
    first = told()
    assert watchdog.identity in host.text(f"cat {CLASS}/identity")
    with nothing_grows(host, TURNS // 2, known=CLASS_DEVICE) as leaking:
        calls.repeat(machine, GOES_AND_COMES + IS_USED, TURNS, **names)
    assert told() == first
    if leaking:
        known_bug("running-watchdog-leaks").met(f"{TURNS} times: {leaking}")
