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
kmalloc-64         14933  15168     64   64    1 : tunables    0    0    0 : slabdata    237    237      0"""


class _Linux:
    """A shell of a Linux that checks its slabs, or does not."""

    def __init__(self, checks: str) -> None:
        self.checks = checks

    def text(self, command: str) -> str:
        return self.checks if command.endswith("/sanity_checks") else "34" if "unpurged" in command else ""

    def run_check(self, command: str) -> list[str]:
        return SLABINFO.split("\n") if command == "cat /proc/slabinfo" else []


def test_objects_in_use_are_counted() -> None:
    assert memory.slabs(cast("Shell", _Linux("1"))) == {"cred": 66, "vmap_area": 34, "kmalloc-64": 14933}


def test_a_linux_that_keeps_free_objects_is_not_counted() -> None:
    with pytest.raises(UsageError, match="slub_debug=F"):
        memory.slabs(cast("Shell", _Linux("0")))
