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

MESSAGES = 5000


def test_restored_with_messages_in_flight(boot: Callable[..., LinuxMachine], tmp_path: Path, system: str) -> None:
    """rpmsg-echo numbers its messages and verifies each: one lost, doubled or out of order would end it."""
    first = boot()
    remote = Remote(first)
    remote.start(f"echo-{system}", services=["rpmsg-tty", "rpmsg-raw"])
    jobs = [
        first.host.start("char", f"rpmsg-echo -c rpmsg-raw -n {MESSAGES} -w 8"),
        first.host.start("tty", f"rpmsg-echo -d {remote.tty()} -n {MESSAGES}"),
    ]
    first.host.wait_for("ls /sys/class/rpmsg", "rpmsg1", remote.timeout)
    state = tmp_path / "state"
    first.save(state)
    first.stop()

    second = boot(up=False, incoming=state).resume()
    remote = Remote(second)
    ended = second.host.text("ls /tmp")
    for job in jobs:
        assert f"{job.name}.code" not in ended, "it ended before the state was taken"
        result = second.host.finish(job, 300)
        assert remote.figures(job.command, result.output)["messages"] == MESSAGES
    remote.echo_tty(port=1, options="-a")
    remote.stop()
    remote.start(services=["rpmsg-tty"])
    remote.echo_tty(options="-n 20")
