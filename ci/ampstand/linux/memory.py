# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""How much memory Linux and QEMU hold: what scenarios that look for leaks count."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from ampstand.errors import UsageError
from ampstand.linux.kernel_log import ROOMY
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.shell import Shell

EXACT = "slub_debug=F"
"""Of the kernel's command line: Linux keeps no freed objects at hand for each core, so that what it counts is in use.

Otherwise free objects count as active while they are on a core's slab or, with newer kernels, in its sheaves. To shrink
the caches empties both, but the next allocation fills them again: with up to 122 objects for each core and cache.
"""
PATIENCE = 20.0
"""Seconds for Linux to free what it frees in batches: what kfree_rcu() was given."""
NOTICE = {r"^\*\*.*\*\*$": "debugging of slabs shows addresses, and Linux warns of that"}
"""What Linux says at boot for that, with the reason."""
TRACED = "kmemleak=on"
"""Of the kernel's command line: Linux notes who allocates each object, and finds those that nothing points to."""
FOUND = {r"kmemleak: \d+ new suspected memory leaks": "those that come from what is tested are looked at"}
TRACING = {"kernel_arguments": f"{TRACED} {ROOMY}", "tolerated": FOUND}
"""How a scenario boots a Linux that tells what is lost."""
SAID = {**NOTICE, **FOUND}
COUNTED = {"kernel_arguments": f"{EXACT} {TRACED} {ROOMY}", "tolerated": SAID}
"""How a scenario boots a Linux whose objects it counts."""
_DETECTOR = "/sys/kernel/debug/kmemleak"
_SCAN = f"echo scan >{_DETECTOR}"
_YOUNG = 5.1
"""Seconds that an object has to exist before it is told of: MSECS_MIN_AGE in mm/kmemleak.c is 5."""
_ALLOCATES = re.compile(r"kmemleak|k[mvz]*alloc|kmem_|kmemdup|kstrdup|kvmalloc|kasprintf|slab_|vmalloc|_noprof")
"""Functions that allocate for others."""
_MAKERS = 5
"""Of the functions that called each other until an object was made, so many are told."""


def figures(machine: LinuxMachine) -> dict[str, int]:
    """Return memory figures in KiB: Linux's without its page cache, and QEMU's own memory as ``qemu``."""
    host = machine.host
    host.run_check("echo 3 >/proc/sys/vm/drop_caches")
    info = dict(re.findall(r"^(\w+):\s+(\d+) kB", host.text("cat /proc/meminfo"), re.MULTILINE))
    found = {name: int(info[name]) for name in ("MemFree", "Slab", "SUnreclaim", "KernelStack", "VmallocUsed")}
    found["qemu"] = machine.process.resident_kib()
    return found


def shrink(host: Shell) -> None:
    """Let Linux give back what can be reclaimed, and slabs that are empty."""
    host.run_check("echo 2 >/proc/sys/vm/drop_caches; for cache in /sys/kernel/slab/*/shrink; do echo 1 >$cache; done")


def slabs(host: Shell) -> dict[str, int]:
    """Return the number of objects of each of Linux's slab caches. It must have been booted with ``EXACT``.

    Of the areas of vmalloc those count that are mapped. Linux lets unmapped ones pile up, 64 MiB of them with two
    cores, before it frees them all.
    """
    if host.text("cat /sys/kernel/slab/kmalloc-64/sanity_checks") != "1":
        raise UsageError(f"objects can be counted only of a Linux that was booted with {EXACT}")
    shrink(host)
    lines = host.run_check("cat /proc/slabinfo")[2:]
    found = {fields[0]: int(fields[1]) for fields in map(str.split, lines) if not fields[0].startswith("kmemleak_")}
    return found | {"vmap_area": int(host.text("grep -vc unpurged /proc/vmallocinfo"))}


def leaking(
    host: Shell, before: dict[str, int], limit: int, known: Mapping[str, int] = MappingProxyType({})
) -> dict[str, int]:
    """Return by how much each kind of object has grown since ``before``, of those grown by ``limit`` that stay so.

    Nobody waits for those to shrink that are known to grow, up to the number in ``known``.
    """
    end = time.monotonic() + PATIENCE
    while True:
        grown = {name: count - before.get(name, 0) for name, count in slabs(host).items()}
        found = {name: count for name, count in grown.items() if count >= limit}
        if not any(count > known.get(name, 0) for name, count in found.items()) or time.monotonic() > end:
            return found


def forget_lost(host: Shell) -> bool:
    """Let Linux pass over what is lost already; return whether it can tell: it has kmemleak, and it is on."""
    return not host.run(f"{_SCAN} && {_SCAN} && echo clear >{_DETECTOR}").exitcode


def lost(host: Shell) -> list[str]:
    """Return what has been lost since ``forget_lost()``: how many bytes, and who allocated them, the innermost first.

    It takes two looks, as what has changed between them is in use.
    """
    text = host.text(f"sleep {_YOUNG} && {_SCAN} && {_SCAN} && cat {_DETECTOR}", 60)
    found = Counter[str]()
    for block in text.split("unreferenced object ")[1:]:
        size = re.search(r"\(size (\d+)\)", block)
        calls = re.findall(r"^ {4}(?:\[<\w+>\] )?(\w+)\+0x", block, re.MULTILINE)
        makers = [name for name in calls if not _ALLOCATES.search(name)]
        found[f"{size[1] if size else '?'} bytes of {' < '.join(makers[:_MAKERS])}"] += 1
    return [f"{count} x {what}" for what, count in found.most_common()]


def held(host: Shell) -> dict[str, str]:
    """Return what Linux holds by counting: references to modules, clocks that are enabled, uses by runtime PM."""
    lines = host.run_check(
        "grep -H . /sys/module/*/refcnt 2>/dev/null; "
        "find /sys/devices -name runtime_usage 2>/dev/null | xargs -r grep -H .; "
        'awk \'NR > 3 && NF > 3 {print "clock " $1 ":" $2 " " $3}\' /sys/kernel/debug/clk/clk_summary 2>/dev/null; '
        "ls /dev | sed 's/^/device /; s/$/:there/'"
    )
    return dict(line.rsplit(":", 1) for line in lines if ":" in line)


def _idled(name: str, before: str, now: str) -> bool:
    """Return whether this is a clock that a driver has let go meanwhile, having nothing to do."""
    return name.startswith("clock ") and bool(before and now) and int(now.split()[0]) <= int(before.split()[0])


def still_held(host: Shell, before: dict[str, str]) -> dict[str, str]:
    """Return what is held in another way than ``before``, and stays so."""
    end = time.monotonic() + PATIENCE
    while True:
        now = held(host)
        found = {
            name: f"{before.get(name, 'none')} -> {now.get(name, 'none')}"
            for name in before.keys() | now.keys()
            if before.get(name) != now.get(name) and not _idled(name, before.get(name, ""), now.get(name, ""))
        }
        if not found or time.monotonic() > end:
            return found
