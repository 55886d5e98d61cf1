# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The watchdog of the host bites after the time that a program has asked for, no sooner and no later."""

from __future__ import annotations

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
