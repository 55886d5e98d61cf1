# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""How much memory Linux and QEMU hold: what scenarios that look for leaks count."""

from __future__ import annotations

import re

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.shell import Shell


def figures(machine: LinuxMachine) -> dict[str, int]:
    """Return memory figures in KiB: Linux's without its page cache, and QEMU's own memory as ``qemu``."""
    host = machine.host
    host.run_check("echo 3 >/proc/sys/vm/drop_caches")
    info = dict(re.findall(r"^(\w+):\s+(\d+) kB", host.text("cat /proc/meminfo"), re.MULTILINE))
    found = {name: int(info[name]) for name in ("MemFree", "Slab", "SUnreclaim", "KernelStack", "VmallocUsed")}
    found["qemu"] = machine.process.resident_kib()
    return found


def shrink(host: Shell) -> None:
    """Let Linux give back what it only keeps at hand: freed objects on each core's slabs, and what can be reclaimed."""
    host.run_check("echo 2 >/proc/sys/vm/drop_caches; for cache in /sys/kernel/slab/*/shrink; do echo 1 >$cache; done")


def slabs(host: Shell) -> dict[str, int]:
    """Return the number of active objects of each of Linux's slab caches, once they are shrunk."""
    shrink(host)
    lines = host.run_check("cat /proc/slabinfo")[2:]
    return {fields[0]: int(fields[1]) for fields in (line.split() for line in lines)}
