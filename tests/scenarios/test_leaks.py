# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is done a hundred times, also what is refused, leaves Linux's memory as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import pytest

from ampstand.linux import calls, memory
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.shell import Shell
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

ROUNDS = 200
TTYS = 32
"""How many Linux can have: MAX_TTY_RPMSG."""


@contextmanager
def nothing_leaks(host: Shell) -> Iterator[None]:
    """Fail if any kind of object has become more by as many as half the rounds, and stays so."""
    with nothing_grows(host, ROUNDS // 2):
        yield


@contextmanager
def nothing_grows(
    host: Shell, limit: int, what: str = "it", known: Mapping[str, int] = MappingProxyType({})
) -> Iterator[dict[str, int]]:
    """Fail if any kind of object has become more by ``limit`` in the body, and stays so, or anything is held longer.

    Or if Linux can tell that one object is lost. Kinds that are ``known`` to grow may do so up to a number: what they
    have is in the dictionary in the end.
    """
    before, counted = memory.held(host), memory.slabs(host)
    tells = memory.forget_lost(host) and not known
    grown: dict[str, int] = {}
    yield grown
    grown |= memory.leaking(host, counted, limit, known)
    leaking = {kind: more for kind, more in grown.items() if more > known.get(kind, 0)}
    lost = "; ".join(memory.lost(host)) if tells else ""
    assert not leaking, f"{what} leaks objects: {lost}"
    assert not lost, f"{what} leaks objects"
    held = memory.still_held(host, before)
    assert not held, f"{what} goes on to hold"


@contextmanager
def refusals(machine: LinuxMachine) -> Iterator[None]:
    """Take what the kernel says of refusals, which is long, for what was asked for; keep it from the console."""
    machine.judge_log()
    machine.host.run_check("dmesg -n 1")
    usual, machine.log_level = machine.log_level, -1
    yield
    machine.judge_log()
    machine.log_level = usual
    machine.host.run_check("dmesg -n 7")


def refuse(host: Shell, command: str, error: str, rounds: int = ROUNDS) -> None:
    """Do so often what is refused with this error each time."""
    loop = f"for i in $(seq {rounds}); do {command}; done 2>&1 | grep -c '{error}'"
    assert host.text(loop, 60) == str(rounds)


@pytest.mark.thorough
def test_starts_and_stops_leak_nothing(boot: Callable[..., LinuxMachine], known_bug: Meetings) -> None:
    known_bug("zynqmp-work-after-stop").blinds()
    remote = Remote(boot(**memory.COUNTED))
    remote.start("echo-bare")
    remote.stop()
    with nothing_leaks(remote.host):
        remote.start_and_stop(ROUNDS)


@pytest.mark.thorough
@pytest.mark.needs("attach", "told-table")
def test_refused_attach_leaks_nothing(preload: Callable[..., Remote]) -> None:
    """The resource table is not one, which is found out when most of the attach is done."""
    remote = preload("echo-bare", preload_table=4, **memory.COUNTED)
    host = remote.host
    with refusals(remote.machine), nothing_leaks(host):
        refuse(host, f"echo start >{remote.sysfs}/state", "write error")


REFUSED = {
    "name": (f"rpmsg-channel -n 'a!b'; rpmsg-channel -n a/b -i 0 -c {ROUNDS}", {"made": 0, "refused": ROUNDS}),
    "probe": (f"rpmsg-channel -n rpmsg-tty -d 2000 -c {TTYS + ROUNDS}", {"made": TTYS + ROUNDS, "refused": 0}),
}
"""Channels that differ in their names, but not in those of their devices (``/`` is ``!`` there), so that these cannot
be registered; and more ttys than there can be, so that the driver does not want them."""


@pytest.mark.thorough
@pytest.mark.parametrize("case", REFUSED)
def test_refused_channels_leak_nothing(boot: Callable[..., LinuxMachine], case: str) -> None:
    """Refused channels leave nothing behind when the remote has been stopped."""
    command, wanted = REFUSED[case]
    remote = Remote(boot(**memory.COUNTED))
    host = remote.host
    if case == "name":
        remote.machine.expect_bad("cannot create duplicate filename|with -EEXIST", remote.machine.board.shell.core)
    remote.start("echo-bare", services=["rpmsg-raw"])
    remote.stop()
    with refusals(remote.machine), nothing_leaks(host):
        host.run_check(f"echo start >{remote.sysfs}/state")
        host.wait_for("ls /dev", "ttyRPMSG1", remote.timeout)
        figures = remote.tool(command, 60)
        assert {name: figures[name] for name in wanted} == wanted
        if case == "probe":
            assert len(host.run_check("ls -1d /dev/ttyRPMSG*")) == TTYS
        assert remote.echo_char(options="-n 20")["messages"] == 20
        remote.stop()


OFTEN = 40
"""Rounds of one row of a table."""
ECHO, TTY = 5003, 5001
DO = {
    "endpoint": """
        open c /dev/rpmsg_ctrl0 rw => 0
        ioctl c CREATE_EPT one -1 {echo} => 0
        open e ept:one rwn => 0
        write e 100 => 100
        poll e 3000 => {come}
        read e 496 => 100
        ioctl e DESTROY_EPT => 0
        close e => 0""",
    "endpoint destroyed with messages on their way": """
        open c /dev/rpmsg_ctrl0 rw => 0
        ioctl c CREATE_EPT one -1 {echo} => 0
        open e ept:one rwn => 0
        fill e 496 8 => 8
        ioctl e DESTROY_EPT => 0
        close e => 0
        ioctl c CREATE_EPT two -1 {echo} => 0
        open e ept:two rwn => 0
        write e 1 => 1
        poll e 3000 => {come}
        ioctl e DESTROY_EPT => 0""",
    "endpoint closed with messages in its queue": """
        open c /dev/rpmsg_ctrl0 rw => 0
        ioctl c CREATE_EPT one -1 {echo} => 0
        open e ept:one rwn => 0
        fill e 496 3 => 3
        poll e 3000 => {come}
        close e => 0
        open e ept:one rwn => 0
        ioctl e DESTROY_EPT => 0""",
    "read": """
        open e {raw} rwn => 0
        fill e 20 4 => 4
        try poll e 3000 => {come}
        read e 0 => 0
        poll e 3000 => {come}
        read e !20 => EFAULT
        poll e 3000 => {come}
        read e 5 => 5
        poll e 3000 => {come}
        read e 496 => 20
        close e => 0""",
    "refusals": """
        open e {raw} rwn => 0
        open f {raw} rwn => EBUSY
        write e !20 => EFAULT
        write e 497 => EMSGSIZE
        flags e rw => 0
        write e !20 => EFAULT
        write e 497 => EMSGSIZE
        open c /dev/rpmsg_ctrl0 rw => 0
        ioctl c CREATE_DEV rpmsg-raw -1 {echo} => ENXIO
        ioctl c RELEASE_DEV rpmsg-raw -1 1 => EINVAL
        ioctl c CREATE_EPT one 2000 {echo} => 0
        ioctl c CREATE_EPT two 2000 {echo} => 0
        open f ept:one rwn => 0
        open g ept:two rwn => EINVAL
        ioctl f DESTROY_EPT => 0
        open g ept:two rwn => 0
        ioctl g DESTROY_EPT => 0
        close e => 0""",
    "channel": """
        open c /dev/rpmsg_ctrl0 rw => 0
        ioctl c CREATE_DEV rpmsg-raw 1500 {echo} => 0
        open e dev:{channel}.1500.{echo}/rpmsg/rpmsg* rwn => 0
        write e 10 => 10
        poll e 3000 => {come}
        read e 10 => 10
        ioctl c RELEASE_DEV rpmsg-raw 1500 {echo} => 0
        read e 10 => EPIPE
        open f {raw} rw => 0""",
    "channel that is a tty, and then another": """
        open c /dev/rpmsg_ctrl0 rw => 0
        ioctl c CREATE_DEV rpmsg-tty 1501 {echo} => 0
        open t dev:/sys/bus/rpmsg/devices/*.rpmsg-tty.1501.{echo}/tty/ttyRPMSG* rwcn => 0
        raw t => 0
        write t 10 => 10
        poll t 3000 => IN+OUT+RDNORM+WRNORM
        put /sys/bus/rpmsg/devices/{virtio}.rpmsg-tty.1501.{echo}/driver_override =rpmsg_chrdev => 12
        put /sys/bus/rpmsg/drivers/rpmsg_tty/unbind ={virtio}.rpmsg-tty.1501.{echo} => *
        put /sys/bus/rpmsg/drivers/rpmsg_chrdev/bind ={virtio}.rpmsg-tty.1501.{echo} => *
        ioctl c RELEASE_DEV rpmsg-tty 1501 {echo} => 0""",
    "tty closed with bytes that nobody has read": """
        open t {ttydev} rwcn => 0
        raw t => 0
        open u {ttydev} rwcn => 0
        write t 400 => 400
        poll t 3000 => IN+OUT+RDNORM+WRNORM
        read t 100 => 100""",
    "files of remoteproc": """
        get {d}/resource_table => *
        get {d}/carveout_memories => *
        get {d}/trace0 => *
        get {d}/name => *
        get {s}/state => running
        put {s}/firmware =other => EBUSY
        open o {device} rw => 0
        ioctl o SET_SHUTDOWN 0 => 0
        ioctl o GET_SHUTDOWN => 0 0
        write o =start => 5
        write o =stop => 4
        write o =nothing => EINVAL
        put {s}/state =start => 5
        put {s}/state =stop => 4""",
}
"""What can be done often with a remote that runs."""
MINUTE = """
open c /dev/rpmsg_ctrl0 rw => 0
ioctl c CREATE_EPT number -1 1 => 0
get sys:number/dev => {dev}
name ept:number => {dev}
open e ept:number rw => 0
ioctl e DESTROY_EPT => 0
ioctl c CREATE_DEV rpmsg-raw 1900 1 => 0
get {channel}.1900.1/rpmsg/rpmsg*/dev => {dev}
name dev:{channel}.1900.1/rpmsg/rpmsg* => {dev}
ioctl c RELEASE_DEV rpmsg-raw 1900 1 => 0
ioctl c CREATE_DEV rpmsg-tty 1900 1 => 0
get /sys/bus/rpmsg/devices/*.rpmsg-tty.1900.1/tty/tty*/dev => {tty}
name dev:/sys/bus/rpmsg/devices/*.rpmsg-tty.1900.1/tty/tty* => {tty}
ioctl c RELEASE_DEV rpmsg-tty 1900 1 => 0
"""
"""The numbers and names that the next of each kind gets."""


LIVES = {
    "life with everything in use at its end": """
        put {s}/state =start => 5
        count {echo_device} 1 3000 => 1
        count {tty_device} 1 3000 => 1
        open c /dev/rpmsg_ctrl* rw => 0
        ioctl c CREATE_EPT one -1 {echo} => 0
        open e ept:one rwn => 0
        fill e 496 3 => 3
        poll e 3000 => {come}
        fill e 496 3 => 3
        ioctl c CREATE_DEV rpmsg-raw 1500 {echo} => 0
        # refused for those that there are, which are to be freed at the end all the same
        ioctl c CREATE_DEV rpmsg-raw 1500 {echo} => ENXIO
        ioctl c CREATE_DEV rpmsg-raw -1 {echo} => ENXIO
        open f {raw} rwn => 0
        fill f 496 3 => 3
        poll f 3000 => {come}
        open t {ttydev} rwcn => 0
        raw t => 0
        write t 400 => 400
        poll t 3000 => IN+OUT+RDNORM+WRNORM
        put {s}/state =stop => 4
        read e 10 => EPIPE
        close c => 0
        read t 496 => 0""",
    "crash with a dump": """
        put {s}/coredump =enabled => 7
        put {s}/state =start => 5
        put {d}/crash =2 => 1
        wait {s}/state crashed 3000 => crashed
        put {s}/recovery =recover => 7
        count {dump} 1 3000 => 1
        open p {dump} r => 0
        read p 4096 => 4096
        put {dump} =0 => 1
        count {dump} 0 3000 => 0
        put {s}/state =stop => 4
        put {s}/coredump =disabled => 8""",
    "crash with a dump that the recovery waits for": """
        put {s}/coredump =inline => 6
        put {s}/state =start => 5
        put {d}/crash =2 => 1
        wait {s}/state crashed 3000 => crashed
        go r put {s}/recovery =recover => begun
        count {dump} 1 3000 => 1
        open p {dump} r => 0
        read p 4096 => *
        read p 4096 => *
        join r 50 => blocked
        put {dump} =0 => 1
        join r 5000 => 7
        put {s}/state =stop => 4
        put {s}/coredump =disabled => 8""",
    "crash that is stopped": """
        put {s}/state =start => 5
        put {d}/crash =2 => 1
        wait {s}/state crashed 3000 => crashed
        put {s}/state =stop => 4""",
    "driver unbound and bound": """
        put {driver}/unbind ={platform} => *
        count {s} 0 3000 => 0
        put {driver}/bind ={platform} => *
        count {s}/state 1 3000 => 1
        put {s}/recovery =disabled => 8
        put {s}/firmware =echo-bare.elf => 13
        get {s}/state => offline""",
    "starts that fail": """
        put {s}/firmware =gone.elf => 8
        put {s}/state =start => ENOENT
        put {s}/firmware =none.elf => 8
        put {s}/state =start => EINVAL
        put {s}/firmware =echo-bare.elf => 13""",
}
"""What can be done often with a remote that is offline, and is so afterwards; with recovery disabled."""
LIVES_OFTEN = 16
ATTACHED = """
put {s}/state =start => 5
count {echo_device} 1 3000 => 1
open c /dev/rpmsg_ctrl* rw => 0
ioctl c CREATE_EPT one -1 {echo} => 0
open e ept:one rwn => 0
fill e 496 3 => 3
poll e 3000 => {come}
get {d}/resource_table => *
put {s}/state =detach => 6
read e 10 => EPIPE
get {s}/state => detached
"""


def values_of(remote: Remote, virtio: str = "virtio*") -> dict[str, object]:
    """Return what the tables here leave open."""
    platform, driver = remote.host.run_check(f"cd -P {remote.driven} && pwd && cd -P driver && pwd")
    devices = f"/sys/bus/rpmsg/devices/{virtio}"
    echo, tty = f"{devices}.rpmsg-raw.-1.{ECHO}/rpmsg/rpmsg[0-9]*", f"{devices}.rpmsg-tty.-1.{TTY}/tty/ttyRPMSG*"
    return {
        "echo": ECHO,
        "virtio": virtio,
        "channel": f"{devices}.rpmsg-raw",
        "echo_channel": f"{virtio}.rpmsg-raw.-1.{ECHO}",
        "raw_driver": "/sys/bus/rpmsg/drivers/rpmsg_chrdev",
        "echo_device": echo,
        "tty_device": tty,
        "raw": f"dev:{echo}",
        "ttydev": f"dev:{tty}",
        "s": remote.sysfs,
        "d": remote.debugfs,
        "device": f"/dev/{remote.core.instance}",
        "platform": platform.rpartition("/")[2],
        "driver": driver,
        "dump": "/sys/class/devcoredump/devcd*/data",
    }


def do_often(remote: Remote, tables: Mapping[str, str], rounds: int, virtio: str = "virtio*") -> None:
    """Do all of this often; if anything is left, do each once more to say which left it."""
    values = values_of(remote, virtio)
    for table in tables.values():
        calls.repeat(remote.machine, table, 2, **values)
    try:
        with nothing_grows(remote.host, rounds // 2, "something"):
            for table in tables.values():
                calls.repeat(remote.machine, table, rounds, **values)
    except AssertionError:
        for name, table in tables.items():
            with nothing_grows(remote.host, rounds // 2, name):
                calls.repeat(remote.machine, table, rounds, **values)
        raise


def next_numbers(remote: Remote, virtio: str) -> list[str]:
    """Return the numbers that the next device of each kind gets."""
    found = calls.run(remote.machine, MINUTE, dev="*", tty="*", channel=values_of(remote, virtio)["channel"])
    return [outcome.result for outcome in found if outcome.call.startswith(("get", "name"))]


def talking(remote: Remote) -> str:
    """Start the echo application; return the name of its virtio device."""
    remote.start("echo-bare", services=["rpmsg-tty", "rpmsg-tty", "rpmsg-raw"])
    (virtio,) = remote.host.run_check("ls /sys/bus/virtio/devices")
    return virtio


@pytest.mark.thorough
@pytest.mark.needs("rpmsg-tty")
def test_calls_leak_nothing(boot: Callable[..., LinuxMachine]) -> None:
    """Each group of calls, many times: no object is left, nothing is held any longer, and no number is lost."""
    remote = Remote(boot(**memory.COUNTED))
    remote.machine.tolerate_bad("msg received with no recipient", "an answer to an endpoint that has gone", "host")
    virtio = talking(remote)
    numbers = next_numbers(remote, virtio)
    with refusals(remote.machine):
        do_often(remote, DO, OFTEN, virtio)
    assert next_numbers(remote, virtio) == numbers
    assert remote.echo_char(options="-n 20")["messages"] == 20
    remote.stop()


@pytest.mark.needs("rpmsg-tty", "coredump")
def test_lives_leak_nothing(boot: Callable[..., LinuxMachine], known_bug: Meetings) -> None:
    """Lives of the remote that end in each way, amid traffic, dumped or not; starts that fail."""
    known_bug("zynqmp-work-after-stop").blinds()
    remote = Remote(boot(**memory.COUNTED))
    host = remote.host
    for pattern in ("msg received with no recipient", "crash detected in", "handling crash", "recovering"):
        remote.machine.tolerate_bad(pattern, "what is done here", "host")
    remote.tolerate("stop-without-ack", "a start and a stop without a pause")
    tables = (f"cat {remote.debugfs}/resource_table", f"cat {remote.debugfs}/carveout_memories | grep -v Virtual")
    virtio = talking(remote)
    before = next_numbers(remote, virtio), [host.text(table) for table in tables]
    remote.stop()
    host.run_check(f"echo none >/lib/firmware/none.elf; echo disabled >{remote.sysfs}/recovery")
    with refusals(remote.machine):
        do_often(remote, LIVES, LIVES_OFTEN)
    assert talking(remote) == virtio
    assert (next_numbers(remote, virtio), [host.text(table) for table in tables]) == before
    assert remote.echo_char(options="-n 20")["messages"] == 20
    remote.stop()


@pytest.mark.thorough
@pytest.mark.needs("attach")
def test_attaching_leaks_nothing(preload: Callable[..., Remote]) -> None:
    """A remote that Linux attaches to, and lets go with an endpoint open, messages in it and on their way."""
    remote = preload("echo-bare", **memory.COUNTED)
    remote.machine.tolerate_bad("msg received with no recipient", "an answer to an endpoint that has gone", "host")
    with refusals(remote.machine):
        do_often(remote, {"attach and detach": ATTACHED}, LIVES_OFTEN)
    remote.attach(services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20


@pytest.mark.thorough
@pytest.mark.needs("attach")
def test_stop_of_what_was_attached_loses_nothing(preload: Callable[..., Remote]) -> None:
    """It can be done once a boot: what is stopped can be started, and not attached to."""
    remote = preload("echo-bare", **memory.TRACING)
    if not memory.forget_lost(remote.host):
        pytest.skip("this kernel has no kmemleak, and the loss of one object is not seen without")
    remote.attach(services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20
    remote.stop()
    assert not memory.lost(remote.host)
