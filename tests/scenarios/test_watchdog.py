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
ioctl w WD_SET_PRE 1 => {set}
ioctl w WD_SET 4 => 0 4
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
    """A second before the watchdog would bite: so late Linux never is, which serves it each two seconds."""
    warning = "watchdog0: pretimeout event"
    warns, early = behaviour("watchdog-warns") == "yes", known_bug("iwdg-pretimeout-from-ping")
    fresh_machine.tolerate_bad(warning, "asked for", fresh_machine.board.shell.core)
    mark, began = fresh_machine.host.console.mark(), now(fresh_machine)
    calls.run(fresh_machine, WARN, set="0 1" if warns else "EOPNOTSUPP")
    ended = now(fresh_machine)
    if not warns:
        return
    fresh_machine.host.run_check("sleep 5")
    said = "\n".join(fresh_machine.host.console.lines[mark:])
    times = [float(time) for time in re.findall(STAMP + warning, said)]
    if times and began + 0.9 < times[0] < ended + 1.1:
        early.met(f"{times[0] - ended:.1f} s after it")
    assert not times
