# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Two remotes beside each other: each has its own rings and its own life, and both may run one image."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-tty", "two-remotes")

ROUNDS = 5
MESSAGES = 3000


@pytest.fixture
def remotes(fresh_machine: LinuxMachine) -> tuple[Remote, Remote]:
    """Return two remotes, each with the echo application running."""
    one, two = (Remote(fresh_machine, core) for core in fresh_machine.board.remotes[:2])
    for remote in (one, two):
        remote.start("echo-bare", services=["rpmsg-tty", "rpmsg-tty"])
    return one, two


def echo(remote: Remote) -> None:
    assert remote.tool(f"rpmsg-echo -d {remote.own_tty()} -n 50")["messages"] == 50


def may_lose_a_signal(remotes: tuple[Remote, Remote], known_bug: Meetings) -> AbstractContextManager[None]:
    """Take it for the known bug that a message stays out, if it is in a ring whose host was to be told of it.

    By chance Linux may complain that it cannot acknowledge that many.
    """
    known_bug("zynqmp-acks-overflow").announce(remotes[0].machine)
    return known_bug("zynqmp-signal-lost").explains(lambda: any(one.signal_due("echo-bare") for one in remotes))


def test_both_answer_at_once(remotes: tuple[Remote, Remote], known_bug: Meetings) -> None:
    host = remotes[0].host
    with may_lose_a_signal(remotes, known_bug):
        jobs = [host.start(f"echo{i}", f"rpmsg-echo -d {one.own_tty()} -n {MESSAGES}") for i, one in enumerate(remotes)]
        for job, remote in zip(jobs, remotes, strict=True):
            assert remote.figures(job.command, host.finish(job, 120).output)["messages"] == MESSAGES


@pytest.mark.parametrize("ending", [0, 1])
def test_one_ends_and_crashes_while_the_other_goes_on(
    remotes: tuple[Remote, Remote], ending: int, known_bug: Meetings
) -> None:
    with may_lose_a_signal(remotes, known_bug):
        end_and_crash(remotes[ending], remotes[1 - ending])


def end_and_crash(one: Remote, other: Remote) -> None:
    job = one.host.start("traffic", f"rpmsg-echo -d {other.own_tty()} -n {MESSAGES}")
    for _ in range(ROUNDS):
        one.stop()
        assert (one.core_state(), other.core_state()) == ("held", "running")
        one.start(services=["rpmsg-tty", "rpmsg-tty"])
        echo(one)
    one.host.run_check(f"echo enabled >{one.sysfs}/recovery")
    one.expect_crash("fatal error")
    one.watch()
    one.report_crash("fatal error")
    one.wait_services(["rpmsg-tty", "rpmsg-tty"])
    echo(one)
    assert other.figures(job.command, one.host.finish(job, 120).output)["messages"] == MESSAGES
    assert (one.state(), other.state()) == ("running", "running")
    echo(other)
