# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""After every transition the registers of the hardware are as the driver has to leave them in that state.

The board's file says what that is (``[[remote.register]]``); QEMU reads them, so that nothing depends on Linux.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from ampstand.linux.remote import Remote

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")


def wrong(remote: Remote, state: str) -> list[str]:
    """Return a line for each register that is not as it has to be in this state."""
    found = []
    for register in remote.core.registers:
        if state in register.values:
            value = remote.machine.read_number(register.address) & register.mask
            if value != register.values[state]:
                found.append(f"{register.name}: {value:#x}, not {register.values[state]:#x}")
    return found


def check(remote: Remote, state: str, after: str) -> None:
    """Compare the registers once the remote is in this state; what is on its way to a core may take its time."""
    assert remote.core.registers, "the board's file has no register"
    remote.wait_state(state)
    end = time.monotonic() + remote.timeout
    while (found := wrong(remote, state)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not found, f"{state}, after {after}"


@pytest.mark.needs("register-table")
def test_registers(remote: Remote) -> None:
    """Of a remote that Linux starts."""
    host = remote.host
    remote.tolerate("stop-without-ack", "a start and a stop without a pause")
    try:
        for round_ in range(2):
            remote.start("echo-bare", services=["rpmsg-raw"])
            check(remote, "running", "a start")
            assert remote.echo_char(options="-n 20 -w 8")["messages"] == 20
            check(remote, "running", "messages")
            host.run_check(f"echo disabled >{remote.sysfs}/recovery")
            remote.expect_crash("fatal error", recovers=round_ == 0)
            remote.report_crash("fatal error")
            check(remote, "crashed", "a crash")
            if round_ == 0:
                host.run_check(f"echo enabled >{remote.sysfs}/recovery")
                check(remote, "running", "a recovery")
                remote.wait_service("rpmsg-raw")
                assert remote.echo_char(options="-n 20 -w 8")["messages"] == 20
                check(remote, "running", "messages after a recovery")
            remote.stop()
            check(remote, "offline", "a stop")
        remote.machine.expect_bad("failed to load gone.elf|Direct firmware load for gone.elf failed", "host")
        remote.machine.expect_bad("request_firmware failed: -2|Boot failed: -2", "host")
        remote.firmware("gone")
        assert host.run(f"echo start >{remote.sysfs}/state").exitcode
        check(remote, "offline", "a start without a file")
    finally:
        host.run_check(f"echo enabled >{remote.sysfs}/recovery")


@pytest.mark.needs("register-table", "attach")
def test_registers_of_a_remote_that_runs_already(preload: Callable[..., Remote]) -> None:
    """Of a remote that Linux attaches to, lets go, takes over and finds again."""
    remote = preload("count-bare")
    for _ in range(2):
        remote.attach_and_talk()
        check(remote, "attached", "an attach")
        remote.detach()
        check(remote, "detached", "a detach")
    remote.rebind()
    remote.found_running()
    check(remote, "detached", "a new probe of the driver")
    remote.attach_and_talk()
    check(remote, "attached", "an attach after that")
    remote.stop()
    check(remote, "offline", "a stop")
    remote.start("echo-bare", services=["rpmsg-raw"])
    check(remote, "running", "a start after that")
    remote.rebind()
    check(remote, "offline", "a new probe of the driver that stopped it")
