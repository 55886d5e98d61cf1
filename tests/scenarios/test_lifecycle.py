# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote starts and stops any number of times, with the same image or another."""

from __future__ import annotations

import pytest
from ampstand.console import Shell
from ampstand.machine import Machine
from ampstand.remote import Remote

pytestmark = pytest.mark.needs("remoteproc")

ROUNDS = 100


@pytest.mark.needs("rpmsg-tty")
@pytest.mark.parametrize("system", ["bare", "freertos"])
def test_start_and_stop_100_times(remote: Remote, host: Shell, system: str) -> None:
    remote.firmware(f"echo-{system}")
    devices = host.run_check("ls /sys/bus/rpmsg/devices")
    for _ in range(ROUNDS):
        remote.start(services=["rpmsg-tty"])
        remote.echo_tty(options="-n 3")
        remote.stop()
    assert host.run_check("ls /sys/bus/rpmsg/devices") == devices


def test_start_and_stop_at_once_100_times(remote: Remote, host: Shell) -> None:
    """The remote gets no time between: a stop may come before it has done anything."""
    remote.firmware("echo-bare")
    host.run_check(
        f"cd {remote.sysfs}; for i in $(seq {ROUNDS}); do echo start >state && echo stop >state || exit 1; done",
        120,
        reason=f"{ROUNDS} starts and stops",
    )
    remote.start(services=["rpmsg-tty"])
    remote.echo_tty(options="-n 20")


@pytest.mark.needs("rpmsg-tty", "rpmsg-flood")
def test_images_in_turn(remote: Remote) -> None:
    """Images differ in size, in operating system, and in whether they have a vdev or a resource table at all."""
    for _ in range(3):
        for system in ("bare", "freertos"):
            remote.start(f"echo-{system}", services=["rpmsg-tty"])
            remote.echo_tty(options="-n 20")
            remote.stop()
            remote.start(f"flood-{system}", services=["rpmsg-flood"])
            remote.tool("rpmsg-flood -m echo -n 20")
            remote.stop()
            mark = remote.console.mark()
            remote.start(f"hello-{system}")
            remote.console.expect_line("hello from the remote", since=mark, timeout=remote.timeout)
            remote.stop()


def stop_under_traffic(remote: Remote, options: str, device: str) -> None:
    """Stop the remote while a program exchanges messages; it must get an error, and the next start must work."""
    host = remote.host
    remote.firmware("echo-bare")
    for number in range(8):
        remote.start(services=["rpmsg-tty", "rpmsg-raw"])
        job = host.start("traffic", f"rpmsg-echo {options} -n 1000000")
        host.wait_for("ls -l /proc/$(pidof rpmsg-echo)/fd", device, remote.timeout)
        host.run_check(f"sleep 0.0{number}", reason="a little traffic")
        remote.stop()
        result = host.finish(job)
        assert result.exitcode == 4, result.output
        assert '"error"' in result.output
    remote.start(services=["rpmsg-tty"])
    remote.echo_tty(options="-n 20")


@pytest.mark.needs("rpmsg-char")
def test_stop_under_traffic_on_a_char_endpoint(remote: Remote, machine: Machine) -> None:
    machine.tolerate_bad(
        r"WARNING: .* rpmsg_poll", "6.12: rpmsg_eptdev_poll() looks at the endpoint twice, without a lock", "host"
    )
    stop_under_traffic(remote, "-c rpmsg-raw", "/dev/rpmsg[0-9]")


@pytest.mark.soak
@pytest.mark.needs("rpmsg-tty")
@pytest.mark.xfail(
    reason="6.12: rpmsg_tty_remove() hangs the tty up without waiting for it; a write() under way uses the freed "
    "virtproc_info: Oops in __mutex_lock from get_a_tx_buf, or a writer that never ends"
)
def test_stop_under_traffic_on_a_tty(fresh_machine: Machine) -> None:
    stop_under_traffic(Remote(fresh_machine), "-d /dev/ttyRPMSG0", "ttyRPMSG0")
