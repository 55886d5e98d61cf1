# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Either side sleeps until the other one wakes it up.

The application is ``firmware/remote/apps/sleeper``: a message says until when it stops its clocks.
"""

from __future__ import annotations

import re

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char", "trace", "remote-sleep")

IMAGE = "sleeper-bare"
LONGEST_SLEEP_MS = 64000
"""What the remote's timer can hold."""


@pytest.fixture
def sleeper(remote: Remote) -> Remote:
    """Return the remote with the application running."""
    remote.start(IMAGE, services=["rpmsg-raw"])
    return remote


def woken(remote: Remote) -> list[str]:
    """Return how each sleep of the remote ended, in order."""
    trace = remote.host.run_check(f"cat {remote.debugfs}/trace0")
    return [line.removeprefix("woken up by a ") for line in trace if line.startswith("woken up")]


def repeated(remote: Remote) -> int:
    """Return how often the remote has said again that it is awake."""
    return remote.trace().count("not heard")


def successes(remote: Remote) -> int:
    """Return how often Linux has been asleep."""
    return int(remote.host.run_check("cat /sys/power/suspend_stats/success")[0])


def tolerate_sleep(machine: LinuxMachine, known_bug: Meetings) -> None:
    """Accept what Linux says of other devices than the remote when it falls asleep, gives that up, or is woken up."""
    known_bug("rtc-resume-locked").announce(machine)
    # Of devices to which it had not come when it gave up a sleep; of a generator that it reads while it is asleep.
    asleep = "rng1: read of 0x004 while its clock is not enabled"
    for line in ("Unbalanced pm_runtime_enable!", "stm32_rng_read: timeout 0!", asleep):
        machine.tolerate_bad(line, "a sleep is given up, or ends", "host")


def test_message_wakes_remote(sleeper: Remote) -> None:
    """A remote that has stopped its clocks answers as one that runs, every time."""
    for _ in range(20):
        sleeper.tool("rpmsg-echo -c rpmsg-raw -x 6d")
    sleeper.tool("rpmsg-echo -c rpmsg-raw -n 100")
    assert woken(sleeper) == ["message, from CStop"] * 20


def test_remote_wakes_itself(sleeper: Remote) -> None:
    """It has a timer that goes on, and answers what comes before the timer has ended."""
    host = sleeper.host
    host.run_check("exec 7<>/dev/rpmsg0")
    host.run_check("printf 't\\364\\001' >&7 && dd bs=512 count=1 of=/dev/null <&7")
    sleeper.tool("rpmsg-echo -c rpmsg-raw -n 5")
    assert host.run_check("dd bs=512 count=1 2>/dev/null <&7; echo")[-1] == "awake"
    host.run_check("exec 7>&-")
    assert woken(sleeper) == ["timer, from CStop"]


def test_remote_wakes_linux(sleeper: Remote, known_bug: Meetings) -> None:
    """Both sleep; the remote's timer ends its sleep, and its message that of Linux, which gets it."""
    tolerate_sleep(sleeper.machine, known_bug)
    host = sleeper.host
    host.run_check("echo enabled | tee /sys/bus/platform/devices/*.mailbox/power/wakeup")
    sleeper.machine.tolerate_bad("msg received with no recipient", "the remote says it again until it hears", "host")
    sleep_ms, in_time = 500, False
    # On a busy workstation Linux may not be asleep by then: it says so, or has had the message and sleeps on.
    while not in_time:
        assert sleep_ms < LONGEST_SLEEP_MS, "Linux takes a minute to fall asleep"
        before, said = successes(sleeper), repeated(sleeper)
        host.run_check("exec 7<>/dev/rpmsg0")
        order = "".join(f"\\{byte:03o}" for byte in b"w" + sleep_ms.to_bytes(2, "little"))
        host.run_check(f"printf '{order}' >&7 && dd bs=512 count=1 of=/dev/null <&7")
        host.run("echo freeze >/sys/power/state", LONGEST_SLEEP_MS / 1000 + sleeper.timeout)
        in_time = successes(sleeper) > before and repeated(sleeper) == said
        assert host.run_check("dd bs=512 count=1 2>/dev/null <&7; echo")[-1] == "awake"
        host.run_check("exec 7>&-")
        sleep_ms *= 2
    assert set(woken(sleeper)) == {"timer, from CStop"}
    # Of this board's whole life, only what is about this: other scenarios may have shared it.
    log = "\n".join(host.run_check("dmesg | grep 'PM: suspend'"))
    assert re.search(r"PM: suspend entry \(s2idle\)", log)
    assert "PM: suspend exit" in log
    sleeper.tool("rpmsg-echo -c rpmsg-raw -n 20")
