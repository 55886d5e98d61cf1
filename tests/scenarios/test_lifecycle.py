# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote starts and stops any number of times, with the same image or another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.errors import AmpstandError
from ampstand.formats.resource_table import Vdev, entry, table
from ampstand.linux.badfirmware.generator import OF_VENDOR, VRINGS, Elf, load
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import SAMPLE_DRIVER, SAMPLE_MODULE, Remote
from ampstand.linux.shell import Shell
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc")

ROUNDS = 100
SERVICES = ["rpmsg-tty", "rpmsg-tty", "rpmsg-raw", "rpmsg-client-sample"]


@dataclass(frozen=True)
class Operation:
    """Takes something away and gives it back, in shell commands with the names of ``Remote``."""

    away: str
    back: str
    ends_traffic: bool = True
    """Whether endpoints that programs made go with it."""
    vdev: bool = False
    """Whether there is something to take only if the remote has a virtio device."""
    stays_offline: bool = False
    """Whether the remote must be started again by hand."""
    warnings: tuple[str, ...] = ()
    """What Linux's driver must say of it: ids in ``configs/kernel-behaviours.toml``."""


def rebind(devices: str, *, ends_traffic: bool = True, vdev: bool = True, stays_offline: bool = False) -> Operation:
    """Take the driver from each of the devices (paths in sysfs) and give it back."""
    return Operation(
        away=f"(rm -f /tmp/bound; for d in {devices}; do [ ! -e $d ] || (p=$(readlink -f $d); "
        "echo ${{p##*/}} $(readlink -f $p/driver) >>/tmp/bound); done; [ -s /tmp/bound ] && "
        "while read device driver; do echo $device >$driver/unbind || exit; done </tmp/bound)",
        back="(while read device driver; do echo $device >$driver/bind || exit; done </tmp/bound)",
        ends_traffic=ends_traffic,
        vdev=vdev,
        stays_offline=stays_offline,
    )


MAILBOX = "{device}/supplier:*mailbox*/supplier {device}/supplier:*ipi*/supplier"
OPERATIONS = {
    "restart": Operation("echo stop >{sysfs}/state", "echo start >{sysfs}/state"),
    "restart-by-cdev": Operation("printf stop >/dev/{instance}", "printf start >/dev/{instance}"),
    "firmware-change": Operation(
        "(for f in flood-freertos hello-bare notable-bare hello-freertos; do echo stop >{sysfs}/state && "
        "echo $f{suffix} >{sysfs}/firmware && echo start >{sysfs}/state || exit; done; echo stop >{sysfs}/state)",
        "echo {image}{suffix} >{sysfs}/firmware && echo start >{sysfs}/state",
        warnings=("no-table",),
    ),
    "platform-driver": rebind("{driven}", vdev=False, stays_offline=True),
    "mailbox-controller": rebind(MAILBOX, vdev=False, stays_offline=True),
    "virtio_rpmsg_bus": rebind("/sys/bus/virtio/drivers/virtio_rpmsg_bus/virtio*"),
    "rpmsg_ctrl": rebind("/sys/bus/rpmsg/drivers/rpmsg_ctrl/virtio*"),
    "rpmsg_chrdev": rebind("/sys/bus/rpmsg/drivers/rpmsg_chrdev/virtio*", ends_traffic=False),
    "rpmsg_ns": rebind("/sys/bus/rpmsg/drivers/rpmsg_ns/virtio*", ends_traffic=False),
    "rpmsg_tty": rebind("/sys/bus/rpmsg/drivers/rpmsg_tty/virtio*", ends_traffic=False),
    "module": Operation(f"insmod {SAMPLE_MODULE}", f"rmmod {SAMPLE_DRIVER}", ends_traffic=False, vdev=True),
}
IMAGES = {"vdev-and-trace": "echo-bare", "trace-only": "hello-bare", "no-resource-table": "notable-bare"}
CELLS = [
    pytest.param(operation, image, endpoints, id=f"{operation}-{what}-{endpoints or 'idle'}")
    for operation, steps in OPERATIONS.items()
    for what, image in IMAGES.items()
    for endpoints in (0, 1, 8)
    if image == "echo-bare" or not (steps.vdev or endpoints)  # no endpoints without a virtio device
    if not (operation == "virtio_rpmsg_bus" and endpoints)  # a case of its own, below
]
SETTLED_MESSAGES = 20


@pytest.mark.needs("rpmsg-tty", "rpmsg-char", "rpmsg-sample", "trace", "remote-console")
@pytest.mark.parametrize(("operation", "image", "endpoints"), CELLS)
def test_matrix(remote: Remote, operation: str, image: str, endpoints: int, known_bug: Meetings) -> None:
    """Whatever is taken away under whatever load, everything is back afterwards, once, and works."""
    if endpoints:
        known_bug("zynqmp-work-after-stop").blinds()
    if operation == "mailbox-controller":
        known_bug("zynqmp-mailbox-unbound").blinds()
    if operation != "platform-driver":
        run_cell(remote, operation, image, endpoints)
        return
    with known_bug("zynqmp-exit-frees-first").corrupts(remote.machine):
        run_cell(remote, operation, image, endpoints)


@pytest.mark.soak
@pytest.mark.time_limit(3600)
@pytest.mark.needs("rpmsg-tty", "rpmsg-char")
@pytest.mark.parametrize("endpoints", [1, 8])
def test_virtio_driver_unbound_under_traffic(fresh_machine: LinuxMachine, endpoints: int, known_bug: Meetings) -> None:
    race = known_bug("virtio-unbound-under-traffic").announce(fresh_machine)
    with race.shows(AmpstandError, AssertionError):
        for _ in range(ROUNDS // 2):
            run_cell(Remote(fresh_machine), "virtio_rpmsg_bus", "echo-bare", endpoints)


@pytest.mark.needs("rpmsg-char")
def test_remote_goes_with_its_mailbox(remote: Remote, known_bug: Meetings) -> None:
    """What can no longer be kicked is no longer there; it comes back with the mailbox."""
    host, steps, names = remote.host, OPERATIONS["mailbox-controller"], names_of(remote, "echo-bare")
    remote.start("echo-bare", services=["rpmsg-raw"])
    held = host.text(f"cd -P {remote.driven}; echo $(cd -P driver; pwd)/${{PWD##*/}}")
    outlives = known_bug("zynqmp-mailbox-unbound")
    with outlives.corrupts(remote.machine):
        host.run_check(steps.away.format(**names))
        stays = host.run(f"test -e {held}").exitcode == 0
    if stays:
        outlives.met()
    assert remote.core_state() == "held"
    assert host.run(f"test -e {remote.sysfs}").exitcode
    host.run_check(steps.back.format(**names))
    wait_there(remote)
    assert remote.state() == "offline"


def wait_there(remote: Remote) -> None:
    """Wait until Linux has the remote: whoever depends on a driver is looked at again after it has come."""
    remote.host.wait_for("ls /sys/class/remoteproc", remote.core.instance, remote.timeout)


def names_of(remote: Remote, image: str) -> dict[str, str]:
    """Return what the operations' steps leave open."""
    return {
        "suffix": remote.suffix,
        "sysfs": remote.sysfs,
        "driven": remote.driven,
        "device": f"{remote.sysfs}/device",
        "instance": remote.core.instance,
        "image": image,
    }


def run_cell(remote: Remote, operation: str, image: str, endpoints: int) -> None:
    """Start the image, take away under load, give back, and look at everything."""
    machine = remote.machine
    steps = OPERATIONS[operation]
    if operation == "module" and machine.thread == "single":
        pytest.skip("unloading a module flushes 135,000 pages, one a turn: see Remote.sample()")
    if image == "notable-bare" or steps.warnings:
        remote.expect("no-table")
    if operation == "module":
        machine.tolerate_bad("msg received with no recipient", "an answer to an endpoint that has gone", "host")
    if endpoints:
        remote.tolerate_poll_race()
    host = remote.host
    names = names_of(remote, image)
    remote.firmware(image)
    start(remote, image)
    job = remote.traffic(endpoints) if endpoints else None

    remote.watch()
    host.run_check(steps.away.format(**names), 60, reason=f"{operation}: taking away")
    if job is not None and steps.ends_traffic:
        assert remote.traffic_endings(job) == [4] * endpoints
    host.run_check(steps.back.format(**names), 60, reason=f"{operation}: giving back")
    if steps.stays_offline:
        wait_there(remote)
        check_traces(remote, "offline")
        start(remote, image)
    elif steps.ends_traffic and operation != "rpmsg_ctrl":
        wait_up(remote, image)
    lasting = job if job is not None and not steps.ends_traffic else None
    if lasting is None:
        check_traces(remote, image)
    if image == "echo-bare":
        assert remote.echo_char(options="-n 60 -w 12")["messages"] == 60
        for port in (0, 1):
            assert remote.echo_tty(port=port, options="-n 3")["messages"] == 3
        if lasting is None:
            check_interrupts(remote)
    remote.stop()
    if lasting is not None:
        assert remote.traffic_endings(lasting) == [4] * endpoints
    check_traces(remote, "offline")


def start(remote: Remote, image: str) -> None:
    """Start the remote and wait until it has said what this image says."""
    remote.start(image)
    wait_up(remote, image)


def wait_up(remote: Remote, image: str) -> None:
    """Wait until the remote has done what its image does since the last start: announced, traced, said something."""
    if image == "echo-bare":
        for service in dict.fromkeys(SERVICES):
            remote.wait_service(service, SERVICES.count(service))
        # A channel is announced before its driver has made the device.
        remote.host.wait_for("ls /dev", "rpmsg0", remote.timeout)
        remote.host.wait_for("ls /dev", "ttyRPMSG1", remote.timeout)
    elif image == "hello-bare":
        remote.host.wait_for(f"cat {remote.debugfs}/trace0", "hello from the remote", remote.timeout)
    else:
        remote.wait_console("no resource table here")


def traces(remote: Remote) -> str:
    """Return all that a remote's life leaves in Linux: devices, endpoints, nodes in /dev, carveouts, resources."""
    return remote.host.text(
        "ls -d /sys/bus/rpmsg/devices/* /sys/bus/virtio/devices/* /sys/class/rpmsg/* /sys/class/remoteproc/* "
        "/sys/bus/platform/devices/rproc-virtio* /dev/rpmsg* /dev/ttyRPMSG* /dev/remoteproc* 2>/dev/null; "
        f"cd {remote.debugfs}; ls; grep -v Virtual carveout_memories; cat resource_table; "
        "cut -d' ' -f1 /proc/modules"
    )


FIRST_TRACES: WeakKeyDictionary[LinuxMachine, dict[str, str]] = WeakKeyDictionary()


def check_traces(remote: Remote, what: str) -> None:
    """Compare with what was there when this machine was in this state for the first time: leaks add up."""
    now = traces(remote)
    assert now == FIRST_TRACES.setdefault(remote.machine, {}).setdefault(what, now)


def check_interrupts(remote: Remote) -> None:
    """One message at a time there and back: each kick is one interrupt, and none is kept, doubled or left over.

    A message from the remote is one receive interrupt of the mailbox, and the remote's acknowledgement of our kick is
    one transmit interrupt, where the mailbox has one. Fewer are right when two signals of a channel meet, which needs
    a late core: the channel is one bit; and a remote that is still looking when the next message comes is not kicked
    at all. More would be a handler twice, or a line that nobody lowers. A watchdog is silent.
    """
    remote.echo_char(options="-n 1")
    before = remote.interrupts()
    remote.echo_char(options=f"-n {SETTLED_MESSAGES}")
    counts = {name: count - before[name] for name, count in remote.interrupts().items()}
    assert counts["mailbox-rx"] >= SETTLED_MESSAGES // 4, counts
    if "mailbox-tx" in counts:  # a mailbox with lines of its own, and acknowledgements that are interrupts
        assert counts["mailbox-rx"] <= SETTLED_MESSAGES, counts
        assert counts["mailbox-tx"] <= SETTLED_MESSAGES, counts
    assert counts.get("watchdog", 0) == 0, counts


def test_start_twice_stop_once_leaves_it_running(remote: Remote) -> None:
    """Starts are counted: each wants its stop, and each returns success."""
    remote.start("echo-bare", services=SERVICES)
    remote.host.run_check(f"echo start >{remote.sysfs}/state")
    remote.host.run_check(f"echo stop >{remote.sysfs}/state")
    assert (remote.state(), remote.core_state()) == ("running", "running")
    remote.echo_char(options="-n 20")
    remote.stop()
    assert remote.core_state() == "held"
    refused = remote.host.run(f"echo stop >{remote.sysfs}/state")
    assert refused.exitcode, "a stop too many was accepted"
    assert "Invalid argument" in refused.output


@pytest.mark.thorough
@pytest.mark.needs("remote-console")
def test_image_without_a_table_after_one_with(poisoning_machine: LinuxMachine) -> None:
    """Nothing is left of the other's table."""
    remote = Remote(poisoning_machine)
    remote.expect("no-table")
    for _ in range(3):
        remote.start("echo-bare", services=["rpmsg-raw"])
        remote.stop()
        remote.start("notable-bare")
        remote.wait_console("no resource table here")
        remote.stop()


@pytest.mark.needs("rpmsg-char")
@pytest.mark.parametrize(("num", "align"), [(16, 4), (4, 64)])
def test_vrings_begin_empty(
    remote: Remote, board: Board, artifacts: Artifacts, tmp_path: Path, num: int, align: int
) -> None:
    """Whatever was in that memory before, and however many buffers they have and however they are aligned."""
    remote.start("echo-bare", services=SERVICES)
    remote.echo_char(options="-n 100")
    remote.stop()
    target = load(board, artifacts.firmware["echo-bare"])
    rings = tuple(replace(ring, num=num, align=align) for ring in VRINGS)
    image = tmp_path / "silent.elf"
    # The code looks for its vdev where another table had it, so it leaves them alone.
    image.write_bytes(Elf(target.base, table=table(entry(OF_VENDOR), Vdev(rings))).pack())
    remote.machine.expect_bad(f"unsupported vendor resource {OF_VENDOR}", remote.machine.board.shell.core)
    remote.start(image)
    for number in range(len(rings)):
        ring = remote.vring(image, number)
        assert not any(remote.machine.read_memory(ring.used, ring.used_size)), f"vring {number}"


@pytest.mark.needs("remote-console")
def test_stop_is_announced_to_the_remote(remote: Remote) -> None:
    """The remote is told before it is held, and has 500 ms to come to an end and say so."""
    if not (said := remote.says("announced-stop")):
        pytest.skip("the driver takes the core away without a word")
    remote.start("echo-bare", services=SERVICES)
    mark = remote.console.mark()
    remote.stop()
    remote.console.expect_line(said, since=mark, timeout=remote.timeout)


@pytest.mark.thorough
@pytest.mark.needs("rpmsg-tty")
def test_start_and_stop_100_times(remote: Remote, host: Shell, system: str) -> None:
    remote.firmware(f"echo-{system}")
    devices = host.run_check("ls /sys/bus/rpmsg/devices")
    for _ in range(ROUNDS):
        remote.start(services=["rpmsg-tty"])
        remote.echo_tty(options="-n 3")
        remote.stop()
    assert host.run_check("ls /sys/bus/rpmsg/devices") == devices


@pytest.mark.thorough
def test_start_and_stop_at_once_100_times(remote: Remote, known_bug: Meetings) -> None:
    """The remote gets no time between: a stop may come before it has done anything."""
    with known_bug("zynqmp-work-after-stop").corrupts(remote.machine):
        remote.firmware("echo-bare")
        remote.start_and_stop(ROUNDS)
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
def test_stop_under_traffic_on_a_char_endpoint(remote: Remote, known_bug: Meetings) -> None:
    known_bug("zynqmp-work-after-stop").blinds()
    remote.tolerate_poll_race()
    stop_under_traffic(remote, "-c rpmsg-raw", "/dev/rpmsg[0-9]")


@pytest.mark.soak
@pytest.mark.time_limit(3600)
@pytest.mark.needs("rpmsg-tty")
def test_stop_under_traffic_on_a_tty(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    with known_bug("tty-stopped-under-traffic").shows(AmpstandError, AssertionError):
        stop_under_traffic(Remote(fresh_machine), "-d /dev/ttyRPMSG0", "ttyRPMSG0")
