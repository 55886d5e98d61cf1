# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What scenarios that look for leaks count."""

from __future__ import annotations

from typing import cast

import pytest

from ampstand.errors import UsageError
from ampstand.linux import memory
from ampstand.linux.shell import Shell

SLABINFO = """slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount>
cred                  66     84     96   42    1 : tunables    0    0    0 : slabdata      2      2      0
vmap_area            582    612     40  102    1 : tunables    0    0    0 : slabdata      6      6      0
kmalloc-64         14933  15168     64   64    1 : tunables    0    0    0 : slabdata    237    237      0
kmemleak_object    99000  99008    216   32    2 : tunables    0    0    0 : slabdata   3094   3094      0"""
KMEMLEAK = """unreferenced object 0xc2a3f100 (size 64):
  comm "sh", pid 70, jiffies 4294937711
  hex dump (first 32 bytes):
    01 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00  ................
  backtrace (crc 5cd6b8a2):
    __kmalloc_node_track_caller_noprof+0x2a8/0x39c
    kmemdup_noprof+0x24/0x48
    rproc_attach+0x1e8/0x6f4
    rproc_boot+0x68/0x168
    state_store+0x70/0x120 [remoteproc]
unreferenced object 0xc2a3f180 (size 64):
  comm "sh", pid 71, jiffies 4294937811
  hex dump (first 32 bytes):
    01 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00  ................
  backtrace:
    [<(ptrval)>] kmemdup+0x24/0x48
    [<9a1b2c3d>] rproc_attach+0x1e8/0x6f4
    [<9a1b2c3e>] rproc_boot+0x68/0x168
    [<9a1b2c3f>] state_store+0x70/0x120"""
"""As Linux 6.12 says it, and as 6.1 does."""


class _Linux:
    """A shell of a Linux that checks its slabs, or does not."""

    def __init__(self, checks: str) -> None:
        self.checks = checks

    def text(self, command: str, timeout: float | None = None) -> str:
        if command.endswith("kmemleak"):
            return KMEMLEAK
        return self.checks if command.endswith("/sanity_checks") else "34" if "unpurged" in command else ""

    def run_check(self, command: str) -> list[str]:
        return SLABINFO.split("\n") if command == "cat /proc/slabinfo" else []


def test_objects_in_use_are_counted() -> None:
    assert memory.slabs(cast("Shell", _Linux("1"))) == {"cred": 66, "vmap_area": 34, "kmalloc-64": 14933}


def test_a_linux_that_keeps_free_objects_is_not_counted() -> None:
    with pytest.raises(UsageError, match="slub_debug=F"):
        memory.slabs(cast("Shell", _Linux("0")))


def test_what_is_lost_is_told_by_who_made_it() -> None:
    assert memory.lost(cast("Shell", _Linux("1"))) == ["2 x 64 bytes of rproc_attach < rproc_boot < state_store"]
