# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Messages pass between Linux and the remote, on every driver that Linux has for them and in every size."""

from __future__ import annotations

import pytest

from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import PAYLOAD_MAX, SAMPLE_DRIVER, SAMPLE_MESSAGES, Remote
from ampstand.linux.shell import Shell

pytestmark = pytest.mark.needs("remoteproc", "rpmsg")

SERVICES = ["rpmsg-tty", "rpmsg-tty", "rpmsg-raw", "rpmsg-client-sample"]
ALL_BYTES = PAYLOAD_MAX * (PAYLOAD_MAX + 1) // 2


@pytest.fixture
def echo(remote: Remote, system: str) -> Remote:
    """Return the remote with the echo application running."""
    remote.start(f"echo-{system}", services=SERVICES)
    return remote


@pytest.mark.needs("rpmsg-tty")
def test_echo_over_both_ttys(echo: Remote) -> None:
    for port in (0, 1):
        assert echo.echo_tty(port=port, options="-n 200")["messages"] == 200


@pytest.mark.needs("rpmsg-char")
def test_echo_over_a_char_endpoint(echo: Remote) -> None:
    assert echo.echo_char(options="-n 200")["messages"] == 200


@pytest.mark.needs("rpmsg-sample")
def test_kernel_sample_client(fresh_machine: LinuxMachine, system: str) -> None:
    remote = Remote(fresh_machine)
    for _ in range(2):
        remote.start(f"echo-{system}", services=SERVICES)
        assert remote.sample() == SAMPLE_MESSAGES
        if not fresh_machine.host.run(f"test -d /sys/module/{SAMPLE_DRIVER}/sections").exitcode:  # else it is built in
            (module,) = fresh_machine.host.run_check(f"readlink -f /sys/bus/rpmsg/drivers/{SAMPLE_DRIVER}/module")
            assert module == f"/sys/module/{SAMPLE_DRIVER}"
        remote.stop()


@pytest.mark.needs("rpmsg-tty")
def test_all_sizes_over_a_tty(echo: Remote) -> None:
    assert echo.echo_tty(options="-a")["bytes"] == ALL_BYTES


@pytest.mark.needs("rpmsg-char")
def test_all_sizes_over_a_char_endpoint(echo: Remote) -> None:
    assert echo.echo_char(options="-a")["bytes"] == ALL_BYTES


@pytest.mark.needs("rpmsg-char")
def test_many_messages_on_their_way_at_once(echo: Remote) -> None:
    assert echo.echo_char(options="-n 2000 -w 12")["messages"] == 2000


@pytest.mark.needs("rpmsg-tty", "rpmsg-char")
def test_traffic_on_several_endpoints_at_once(echo: Remote, host: Shell) -> None:
    commands = [
        f"rpmsg-echo -d {echo.tty(0)} -n 500",
        f"rpmsg-echo -d {echo.tty(1)} -n 500",
        "rpmsg-echo -c rpmsg-raw -n 500 -w 4",
        "rpmsg-echo -c rpmsg-raw -n 500 -w 4",
    ]
    jobs = [host.start(f"echo{number}", command) for number, command in enumerate(commands)]
    for job in jobs:
        result = host.finish(job, 60)
        assert echo.figures(job.command, result.output)["messages"] == 500


@pytest.mark.needs("rpmsg-char")
def test_eight_endpoints_at_once(remote: Remote, host: Shell) -> None:
    """All cores send and receive without a pause, for long enough that what is done at once meets in each driver."""
    remote.start("echo-bare", services=SERVICES)
    commands = [f"rpmsg-echo -c rpmsg-raw -n 1500 -s {1 + 70 * number} -w 3" for number in range(8)]
    jobs = [host.start(f"echo{number}", command) for number, command in enumerate(commands)]
    for job in jobs:
        result = host.finish(job, 60)
        assert remote.figures(job.command, result.output)["messages"] == 1500


@pytest.mark.thorough
@pytest.mark.needs("rpmsg-char")
def test_char_endpoints_created_and_destroyed_500_times(echo: Remote, host: Shell) -> None:
    before = host.run_check("ls /sys/class/rpmsg /sys/bus/rpmsg/devices")
    assert echo.echo_char(options="-n 1 -r 500")["rounds"] == 500
    assert host.run_check("ls /sys/class/rpmsg /sys/bus/rpmsg/devices") == before


@pytest.mark.needs("rpmsg-char")
def test_blocking_writer_gets_the_next_buffer(echo: Remote, host: Shell) -> None:
    """A writer is faster than the remote: Linux lets it sleep, and wakes it when the remote has used a buffer."""
    host.run_check("dd if=/dev/zero of=/dev/rpmsg0 bs=16 count=2000", reason="2000 messages written")
    assert echo.echo_char(options="-n 20")["messages"] == 20


@pytest.mark.needs("trace", "remote-console")
def test_trace_and_console_of_the_remote_arrive(remote: Remote, system: str) -> None:
    mark = remote.console.mark()
    remote.start(f"hello-{system}")
    remote.host.wait_for(f"cat {remote.debugfs}/trace0", "hello from the remote", remote.timeout)
    remote.console.expect_line("hello from the remote", since=mark, timeout=remote.timeout)
    remote.console.expect_line(f"ampstand hello on {system}", since=mark, timeout=remote.timeout)


@pytest.mark.needs("rpmsg-flood")
@pytest.mark.parametrize("mode", ["echo", "sink", "source"])
def test_flood(remote: Remote, system: str, mode: str) -> None:
    remote.start(f"flood-{system}", services=["rpmsg-flood"])
    for size in (1, 8, PAYLOAD_MAX):
        assert remote.tool(f"rpmsg-flood -m {mode} -n 500 -s {size}", 60)["messages"] == 500
