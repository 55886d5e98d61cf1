# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The watchdog of the host bites after the time that a program has asked for, no sooner and no later."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ampstand.linux import calls
from ampstand.linux.machine import LinuxMachine
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("watchdog-registers")

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
    """The counter's clock, prescaler and reload value, as QEMU has them, make each time to a thousandth.

    Linux serves by itself a watchdog that can be set to no more, or that nobody has open any more.
    """
    watchdog = fresh_machine.board.watchdog
    assert watchdog is not None
    known_bug("iwdg-pretimeout-stays").announce(fresh_machine)

    found = {}
    longest = watchdog.longest
    for seconds in (1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 65, 128, longest, longest + 1, 10 * longest):
        calls.run(fresh_machine, SET, seconds=seconds)
        ticks = (fresh_machine.read_number(watchdog.reload) + 1) << (
            fresh_machine.read_number(watchdog.prescaler) + watchdog.shift
        )
        found[seconds] = ticks / watchdog.rate
    wanted = {seconds: min(seconds, longest) for seconds in found}
    assert found == {seconds: pytest.approx(time, rel=0.001) for seconds, time in wanted.items()}


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
