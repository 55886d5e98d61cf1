# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What takes minutes: nothing leaks, and idle systems leave the workstation alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from ampstand.linux import memory
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_KINDS, CRASH_SERVICE, REPORTED_CRASHES, Remote, crash_message
from ampstand.report.known import Meetings

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-tty"), pytest.mark.soak, pytest.mark.time_limit(3600)]

ROUNDS = 1000
WARM_UP = 400
"""Turns before them, in which QEMU's caches fill."""
SAMPLES = 10
TRANSLATION_CACHE = 48
"""In MiB; about 240 KiB a round fill it within 300 rounds. QEMU's memory was seen to come to rest after 800 only."""
OPTIONS = {"translation_cache": TRANSLATION_CACHE} | memory.COUNTED
LIMITS = {"Slab": 512, "SUnreclaim": 512, "KernelStack": 512, "VmallocUsed": 512, "MemFree": 1024, "qemu": 4096}
"""In KiB; a leak of one page a round would show as some 2,400. QEMU's own memory goes up and down by more than that."""

WHICH = [
    pytest.param("", 0, id="first"),
    pytest.param("", 1, id="second", marks=pytest.mark.needs("two-remotes")),
    pytest.param("lockstep", 0, id="lockstep", marks=pytest.mark.needs("lockstep")),
]
"""Variant of the board, and which of its remotes."""


def growth(values: list[int], *, falls: bool) -> int:
    """Return by how much a figure grew (or fell) in the course of the later samples.

    The first samples fill caches and per-CPU lists. What comes and goes after that only adds to what is used, so the
    best of three samples stands for each of three stretches. A leak goes on from each to the next; what fills up comes
    to its end, if late: so the smaller step counts, for both.
    """
    used = [-value for value in values] if falls else values
    first, second, third = min(used[2:5]), min(used[5:8]), min(used[8:])
    return 2 * min(second - first, third - second)


def check_flat(machine: LinuxMachine, turn: Callable[[int], None]) -> None:
    """Take a thousand turns; fail if Linux or QEMU has grown by more than what does not depend on their number."""
    figures: list[dict[str, int]] = []
    objects: list[dict[str, int]] = []
    for number in range(WARM_UP):
        turn(number)
    for number in range(ROUNDS + 1):
        if number % (ROUNDS // SAMPLES) == 0:
            machine.judge_log()
            figures.append(memory.figures(machine))
            objects.append(memory.slabs(machine.host))
        turn(number)
    machine.records.values["memory_kib"] = figures
    for name, limit in LIMITS.items():
        values = [sample[name] for sample in figures]
        assert growth(values, falls=name == "MemFree") < limit, f"{name}: {values}"
    grown = {name: count - objects[2].get(name, 0) for name, count in objects[-1].items()}
    leaking = {name: count for name, count in grown.items() if count >= ROUNDS // 2}
    machine.records.values["slab_growth"] = {name: count for name, count in grown.items() if count > 50}
    assert not leaking, leaking


@pytest.fixture
def soaked(boot: Callable[..., LinuxMachine], variant: str, number: int) -> Remote:
    """Return a remote of ``WHICH``."""
    machine = boot(variant=variant, **OPTIONS)
    return Remote(machine, machine.board.remotes[number])


@pytest.mark.parametrize(("variant", "number"), WHICH)
def test_1000_starts_and_stops_leak_nothing(soaked: Remote) -> None:
    """Each start is new code for QEMU, whose default cache of translations would take hours to fill."""
    remote = soaked
    remote.firmware("echo-bare")

    def turn(_number: int) -> None:
        remote.start(services=["rpmsg-tty"])
        assert remote.tool(f"rpmsg-echo -d {remote.own_tty()} -n 2")["messages"] == 2
        remote.stop()

    check_flat(remote.machine, turn)


@pytest.mark.needs("rpmsg-char")
@pytest.mark.parametrize(("variant", "number"), WHICH)
def test_1000_crashes_under_traffic_leak_nothing(soaked: Remote, known_bug: Meetings) -> None:
    """The remote crashes in every way in turn, for real where Linux is told, and by report; each time it answers again.

    Without traffic on a kernel that does not survive a recovery amid messages.
    """
    remote, endpoints = soaked, 0 if known_bug("zynqmp-work-after-stop").inside else 2
    told = {"lockup", "remote-watchdog"} <= remote.machine.board.features
    kinds = ["hardfault", "lockup", "loop", "assert", "fatal error"] if told else list(REPORTED_CRASHES)
    if told:
        remote.machine.expect_bad(r"crash: (exception \d+ at pc|assertion failed)", remote.core.core)
    for kind in ("watchdog", "fatal error") if told else kinds:
        remote.expect_crash(kind)
    remote.tolerate_poll_race()
    remote.host.run_check(f"echo enabled >{remote.sysfs}/recovery", reason="what not each driver has at first")
    remote.start("crash-bare", services=[CRASH_SERVICE])
    options = f"-c {CRASH_SERVICE} -x {crash_message('none')}"

    def turn(number: int) -> None:
        job = remote.traffic(endpoints, options) if endpoints else None
        kind = kinds[number % len(kinds)]
        if told and kind in CRASH_KINDS:
            remote.crash(kind, watchdog=True)
        else:
            remote.report_crash(kind)
        if job is not None:
            assert remote.traffic_endings(job) == [4] * endpoints
        remote.wait_recovered([CRASH_SERVICE])
        remote.tool(f"rpmsg-echo -c {CRASH_SERVICE} -x {crash_message('none')}")

    check_flat(remote.machine, turn)


def test_idle_systems_use_under_a_tenth_of_a_core(fresh_machine: LinuxMachine) -> None:
    remote = Remote(fresh_machine)
    remote.start("echo-bare", services=["rpmsg-tty"])
    remote.echo_tty(options="-n 20")
    used, began = fresh_machine.process.cpu_seconds(), time.monotonic()
    fresh_machine.host.run_check("sleep 10", 30, reason="ten idle seconds")
    share = (fresh_machine.process.cpu_seconds() - used) / (time.monotonic() - began)
    fresh_machine.records.values["idle_cpu_percent"] = round(100 * share, 2)
    assert share < 0.10
