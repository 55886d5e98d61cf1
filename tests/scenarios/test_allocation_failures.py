# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux has no memory for it at any point of a start: it says so, takes everything back, and the next start works."""

from __future__ import annotations

import pytest
from ampstand.console import Shell
from ampstand.machine import Machine
from ampstand.remote import Remote

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

FAILSLAB = "/sys/kernel/debug/failslab"


def allow_failures(host: Shell) -> None:
    """Let those allocations fail, too, that may wait for memory, and say nothing of each."""
    host.run_check(f"echo N >{FAILSLAB}/ignore-gfp-wait; echo 0 >{FAILSLAB}/verbose; dmesg -n 1")


def test_every_allocation_of_a_start_fails_once(fresh_machine: Machine) -> None:
    """Firmware with a resource table ran before: what is left of it must not matter."""
    remote, host = Remote(fresh_machine), fresh_machine.host
    remote.start("echo-bare", services=["rpmsg-raw"])
    remote.stop()
    allow_failures(host)
    state = f"{remote.sysfs}/state"
    tool = f"fail-nth {state} start 'grep -qv running {state} || echo stop >{state}'"
    figures = remote.tool(tool, 120)
    host.run_check("dmesg -n 7; dmesg -c >/dev/null")
    assert figures["failed"] > 50
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20
