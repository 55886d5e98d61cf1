# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Whatever the remote's software does to itself, QEMU and Linux live on and the remote can be started again."""

from __future__ import annotations

import pytest
from ampstand.machine import Machine
from ampstand.remote import Remote

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

# Commands of the crash application: firmware/include/ampstand/crash.h.
KINDS = {"hardfault": 1, "lockup": 2, "loop": 3, "assert": 5}


def command(kind: str) -> str:
    """Return the message that makes the remote crash in this way."""
    return KINDS[kind].to_bytes(4, "little").hex() + bytes(4).hex()


@pytest.mark.needs("lockup")
@pytest.mark.parametrize("kind", KINDS)
def test_remote_crashes_and_is_started_again(remote: Remote, machine: Machine, kind: str) -> None:
    if kind in ("hardfault", "assert"):
        # Said when it happens, and once more when the next image finds the record of it.
        machine.expect_bad(r"assertion failed" if kind == "assert" else r"exception \d+ at pc", remote.core.core)
    machine.expect_bad("remote FW shutdown without ack", "host")
    remote.start("crash-bare", services=["rpmsg-crash"])
    remote.tool(f"rpmsg-echo -c rpmsg-crash -x {command(kind)}")
    # It is silent now: a message gets no answer.
    answer = remote.host.run(f"rpmsg-echo -c rpmsg-crash -x {command('lockup')} -t 200")
    assert answer.exitcode == 3, answer.output
    assert machine.alive
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-tty"])
    assert remote.echo_tty(options="-n 50")["messages"] == 50
