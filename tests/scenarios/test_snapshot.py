# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The state of the whole machine goes to a file and comes back in a new process, with messages on their way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = pytest.mark.needs("remoteproc", "migration", "rpmsg-char", "rpmsg-tty")

ENDLESS = 10_000_000
"""Messages, of which nobody waits for the last."""


@pytest.mark.thorough
def test_restored_with_messages_in_flight(boot: Callable[..., LinuxMachine], tmp_path: Path, system: str) -> None:
    """rpmsg-echo numbers its messages and verifies each: one lost, doubled or out of order would end it."""
    first = boot()
    remote = Remote(first)
    remote.start(f"echo-{system}", services=["rpmsg-tty", "rpmsg-raw"])
    jobs = [
        first.host.start("char", f"rpmsg-echo -c rpmsg-raw -n {ENDLESS} -w 8"),
        first.host.start("tty", f"rpmsg-echo -d {remote.tty()} -n {ENDLESS}"),
    ]
    first.host.wait_for("ls /sys/class/rpmsg", "rpmsg1", remote.timeout)
    state = tmp_path / "state"
    first.save(state)
    first.stop()

    second = boot(up=False, incoming=state).resume()
    remote = Remote(second)
    remote.echo_tty(port=1, options="-a")
    second.host.run_check("kill -TERM $(pidof rpmsg-echo)")
    for job in jobs:
        result = second.host.finish(job, remote.timeout)
        assert remote.figures(job.command, result.output)["messages"] > 0
    remote.stop()
    remote.start(services=["rpmsg-tty"])
    remote.echo_tty(options="-n 20")
