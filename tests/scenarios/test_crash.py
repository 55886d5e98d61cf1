# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Whatever the remote's software does to itself, QEMU and Linux live on and the remote can be started again."""

from __future__ import annotations

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_SERVICE, Remote, crash_message

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")


@pytest.mark.needs("lockup")
@pytest.mark.parametrize("kind", ["hardfault", "lockup", "loop", "assert"])
def test_remote_crashes_silently_and_is_started_again(remote: Remote, machine: LinuxMachine, kind: str) -> None:
    """Without a watchdog nobody tells Linux; test_recovery.py has the crashes that it gets to know of."""
    if kind in ("hardfault", "assert"):
        # Said when it happens, and once more when the next image finds the record of it.
        machine.expect_bad(r"assertion failed" if kind == "assert" else r"exception \d+ at pc", remote.core.core)
    remote.expect("stop-without-ack")
    remote.start("crash-bare", services=[CRASH_SERVICE])
    remote.crash(kind)
    # It is silent now: a message gets no answer.
    answer = remote.host.run(f"rpmsg-echo -c {CRASH_SERVICE} -x {crash_message('none')} -t 200")
    assert answer.exitcode == 3, answer.output
    assert machine.alive
    assert remote.state() == "running"
    assert remote.core_state() == ("lockup" if kind == "lockup" else "running")
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-tty"])
    assert remote.echo_tty(options="-n 50")["messages"] == 50


def test_crash_of_a_stopped_remote_is_ignored(fresh_machine: LinuxMachine) -> None:
    """A report may come late. Linux counts crashes: if it handled this one, the next one's number would show it."""
    remote, host = Remote(fresh_machine), fresh_machine.host
    host.run_check(f"echo enabled >{remote.sysfs}/recovery", reason="what not each driver has at first")
    remote.start("crash-bare", services=[CRASH_SERVICE])
    remote.stop()
    host.run_check("echo 'func rproc_crash_handler_work +p' >/proc/dynamic_debug/control; dmesg -n 8")
    fresh_machine.expect_bad(r"crash detected in \S+ type fatal error", "host")
    mark = host.console.mark()
    remote.report_crash("fatal error")
    host.console.expect_line("enter rproc_crash_handler_work", since=mark, timeout=remote.timeout)
    assert host.run(f"echo detach >{remote.sysfs}/state").exitcode, "waits for the remote's lock, and is refused"
    assert (remote.state(), remote.core_state()) == ("offline", "held")
    remote.start(services=[CRASH_SERVICE])
    for pattern in (r"handling crash #1 in", r"remoteproc\d+: recovering"):
        fresh_machine.expect_bad(pattern, "host")
    remote.report_crash("fatal error")
    remote.wait_recovered([CRASH_SERVICE])
    remote.crash("none")  # it answers
