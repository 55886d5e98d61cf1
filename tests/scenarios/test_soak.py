# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What takes minutes: nothing leaks, and idle systems leave the workstation alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from ampstand.console import Shell
from ampstand.machine import Machine
from ampstand.remote import Remote

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-tty"), pytest.mark.soak]

ROUNDS = 1000
SAMPLES = 10
TRANSLATION_CACHE = 48
"""In MiB; about 240 KiB a round fill it within the first 300 rounds."""


def memory(machine: Machine) -> dict[str, int]:
    """Return memory figures in KiB: Linux without its page cache, slab objects of each cache, QEMU's own memory."""
    host = machine.host
    host.run_check("echo 3 >/proc/sys/vm/drop_caches")
    info = dict(re.findall(r"^(\w+):\s+(\d+) kB", host.text("cat /proc/meminfo"), re.MULTILINE))
    figures = {name: int(info[name]) for name in ("MemFree", "Slab", "SUnreclaim", "KernelStack", "VmallocUsed")}
    figures["qemu"] = machine.resident_kib()
    return figures


def slabs(host: Shell) -> dict[str, int]:
    """Return the number of active objects of each slab cache."""
    lines = host.run_check("cat /proc/slabinfo")[2:]
    return {fields[0]: int(fields[1]) for fields in (line.split() for line in lines)}


def test_1000_starts_and_stops_leak_nothing(boot: Callable[..., Machine]) -> None:
    """Each start is new code for QEMU, whose default cache of translations would take hours to fill."""
    fresh_machine = boot(translation_cache=TRANSLATION_CACHE)
    remote = Remote(fresh_machine)
    remote.firmware("echo-bare")
    figures: list[dict[str, int]] = []
    objects: list[dict[str, int]] = []
    for number in range(ROUNDS + 1):
        if number % (ROUNDS // SAMPLES) == 0:
            figures.append(memory(fresh_machine))
            objects.append(slabs(fresh_machine.host))
        remote.start(services=["rpmsg-tty"])
        remote.echo_tty(options="-n 2")
        remote.stop()
    fresh_machine.records.values["memory_kib"] = figures
    # The first samples fill caches and per-CPU lists; a leak of one page a round would show as 3,200 KiB from there on.
    settled, last = figures[2], figures[-1]
    for name in ("Slab", "SUnreclaim", "KernelStack", "VmallocUsed"):
        assert last[name] - settled[name] < 512, f"{name}: {[sample[name] for sample in figures]}"
    assert settled["MemFree"] - last["MemFree"] < 1024, [sample["MemFree"] for sample in figures]
    settled = figures[SAMPLES // 2]
    assert last["qemu"] - settled["qemu"] < 4096, [sample["qemu"] for sample in figures]
    grown = {name: count - objects[2].get(name, 0) for name, count in objects[-1].items()}
    leaking = {name: count for name, count in grown.items() if count >= ROUNDS // 2}
    fresh_machine.records.values["slab_growth"] = {name: count for name, count in grown.items() if count > 50}
    assert not leaking, leaking


def test_idle_systems_use_under_a_tenth_of_a_core(fresh_machine: Machine) -> None:
    remote = Remote(fresh_machine)
    remote.start("echo-bare", services=["rpmsg-tty"])
    remote.echo_tty(options="-n 20")
    used, began = fresh_machine.cpu_seconds(), time.monotonic()
    fresh_machine.host.run_check("sleep 10", 30, reason="ten idle seconds")
    share = (fresh_machine.cpu_seconds() - used) / (time.monotonic() - began)
    fresh_machine.records.values["idle_cpu_percent"] = round(100 * share, 2)
    assert share < 0.10
