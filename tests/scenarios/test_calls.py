# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Every call on the devices of rpmsg has exactly the result that it has to have, in each state, at each limit.

The tables are in the language of ``ampstand.linux.calls``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.formats.vring import DESCRIPTOR
from ampstand.linux import calls
from ampstand.linux.badfirmware.cases import CASES
from ampstand.linux.badfirmware.generator import load
from ampstand.linux.calls import Outcome
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_SERVICE, Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

BUS = "/sys/bus/rpmsg"
CHANNEL = f"{BUS}/devices/{{virtio}}.rpmsg-raw"
ECHO = 5003
"""Address of the service rpmsg-raw of the echo application."""
TTY = 5001
FIRST = 1024
"""The first address that Linux gives away."""
NAME_31 = "abcdefghijklmnopqrstuvwxyzabcde"


def flow_control(behaviour: Callable[[str], int | str]) -> dict[str, str]:
    """Return what comes of the calls for flow control, which virtio has not, and older kernels not even the calls."""
    if behaviour("flow-control-calls") == "no":
        return dict.fromkeys(("flow", "flow_fault", "flow_set"), "EINVAL")
    return {"flow": "0 0", "flow_fault": "EFAULT", "flow_set": "EOPNOTSUPP"}


@pytest.fixture
def talking(remote: Remote, behaviour: Callable[[str], int | str]) -> Callable[..., list[Outcome]]:
    """Start the echo application; return what makes the calls of a table, and what Linux has to say of them."""
    remote.start("echo-bare", services=["rpmsg-tty", "rpmsg-tty", "rpmsg-raw"])
    (virtio,) = remote.host.run_check("ls /sys/bus/virtio/devices")
    values = {
        **flow_control(behaviour),
        "bus": BUS,
        "virtio": virtio,
        "echo": ECHO,
        "src": f"{FIRST + 2:#x}",
        "tty": TTY,
        "name31": NAME_31,
        "channel": CHANNEL.format(virtio=virtio),
        "folder": f"{CHANNEL.format(virtio=virtio)}.-1.{ECHO}/rpmsg/rpmsg[0-9]*",
        "source": FIRST + 2,
        "raw": f"dev:{CHANNEL.format(virtio=virtio)}.-1.{ECHO}/rpmsg/rpmsg[0-9]*",
        "ttydev": f"dev:{BUS}/devices/{virtio}.rpmsg-tty.-1.{TTY}/tty/ttyRPMSG*",
        "control": "/dev/rpmsg_ctrl*",
    }

    def make(table: str, *said: str) -> list[Outcome]:
        for pattern in said:
            remote.machine.expect_bad(pattern, remote.machine.board.shell.core)
        found = calls.run(remote.machine, table, **values)
        assert remote.echo_char(options="-n 3")["messages"] == 3
        return found

    return make


CHANNEL_DEVICE = """
# its folder says what the channel is
get {folder}/name => rpmsg-raw
get {folder}/src => {source}
get {folder}/dst => {echo}
# one program at a time has it, until its last descriptor is closed
open a {raw} rw => 0
open b {raw} rw => EBUSY
dup a b => 0
close a => 0
open a {raw} r => EBUSY
write b 10/3 => 10
poll b 3000 => {come}
read b 4096 => 10 /3
close b => 0
open b {raw} rw => 0
# it waits for a message, or does not
try read b 10 => blocked
poll b 0 => {nothing}
try poll b -1 => blocked
go j read b 20 => begun
write b 20/9 => 20
join j 3000 => 20 /9
flags b rwn => 0
read b 10 => EAGAIN
# a message is read once, whatever becomes of it
write b 20/1 => 20
poll b 3000 => {come}
read b 5 => 5 /1
read b 5 => EAGAIN
write b 20/2 => 20
poll b 3000 => {come}
read b 0 => 0
read b 5 => EAGAIN
write b 20/3 => 20
poll b 3000 => {come}
read b !20 => EFAULT
read b 5 => EAGAIN
# sizes
write b 0 => 0
poll b 3000 => {come}
read b 5 => 0
read b 5 => EAGAIN
write b 1/4 => 1
poll b 3000 => {come}
read b 496 => 1
write b 495/5 => 495
poll b 3000 => {come}
read b 497 => 495 /5
write b 496/6 => 496
poll b 3000 => {come}
read b 496 => 496 /6
write b 497/7 => EMSGSIZE
write b 100000/7 => EMSGSIZE
write b !10 => EFAULT
flags b rw => 0
write b 497/7 => EMSGSIZE
write b 100000/7 => EMSGSIZE
write b !10 => EFAULT
writev b 3/1 5/2 2/3 => 10
poll b 3000 => {come}
read b 496 => 10 01264b02274c71960328
poll b 50 => {nothing}
# several wait in the order in which they came
write b 7/1 => 7
write b 8/2 => 8
write b 9/3 => 9
try read b 496 => 7 /1
try read b 496 => 8 /2
try read b 496 => 9 /3
# ioctl
ioctl b UNKNOWN x => EINVAL
ioctl b DESTROY_EPT => EINVAL
ioctl b GET_FLOW => {flow}
ioctl b GET_FLOW ! => {flow_fault}
ioctl b SET_FLOW 0 => {flow_set}
ioctl b SET_FLOW 1 => {flow_set}
ioctl b SET_FLOW 2 => EINVAL
ioctl b SET_FLOW -1 => EINVAL
close b => 0
# it is read, or written, as it was opened
open b {raw} r => 0
write b 5 => EBADF
close b => 0
open b {raw} wn => 0
read b 5 => EBADF
write b 5/8 => 5
poll b 3000 => {come}
close b => 0
"""


def test_channel_device(talking: Callable[..., list[Outcome]]) -> None:
    """The device of a channel that the remote has announced."""
    talking(CHANNEL_DEVICE, r"message is too big \(497\)", r"message is too big \(100000\)")


OWN_ENDPOINT = """
count /sys/class/rpmsg/rpmsg_ctrl[0-9]* 1 0 => 1
# it hangs below its channel
count {bus}/devices/{virtio}.rpmsg_ctrl.0.0/rpmsg/rpmsg_ctrl[0-9]* 1 0 => 1
count /sys/class/rpmsg/rpmsg[0-9]* 1 0 => 1
open c {control} rw => 0
open d {control} rw => 0
# what the control device does not know
ioctl c UNKNOWN x => EINVAL
ioctl c UNKNOWN ! => EFAULT
ioctl c CREATE_EPT ! => EFAULT
ioctl c CREATE_DEV ! => EFAULT
ioctl c RELEASE_DEV ! => EFAULT
ioctl c DESTROY_EPT => EFAULT
read c 10 => EINVAL
write c 10 => EINVAL
# an endpoint is what was asked for
uevents u => 0
ioctl c CREATE_EPT one 2000 {echo} => 0
uevent u 2000 ACTION=add SUBSYSTEM=rpmsg => 1
get sys:one/name => one
get sys:one/src => 2000
get sys:one/dst => {echo}
close c => 0
open e ept:one rwn => 0
open f ept:one rwn => EBUSY
write e 10/3 => 10
poll e 3000 => {come}
read e 496 => 10 /3
# what has come is for nobody else
write e 10/4 => 10
poll e 3000 => {come}
close e => 0
open e ept:one rwn => 0
poll e 0 => {nothing}
read e 10 => EAGAIN
# an address is for one
ioctl d CREATE_EPT two 2000 {echo} => 0
open f ept:two rwn => EINVAL
close e => 0
open f ept:two rwn => 0
open e ept:one rwn => EINVAL
close f => 0
open e ept:one rwn => 0
# destroyed while it is open
dup e g => 0
ioctl e DESTROY_EPT => 0
uevent u 2000 ACTION=remove SUBSYSTEM=rpmsg => 1
read e 10 => EPIPE
write e 10 => EPIPE
poll e 0 => ERR
ioctl g DESTROY_EPT => 0
ioctl g GET_FLOW => {flow}
close e => 0
read g 10 => EPIPE
close g => 0
# its address is free again
open f ept:two rwn => 0
write f 10/5 => 10
poll f 3000 => {come}
read f 496 => 10 /5
# a writer that is faster than the remote waits for each buffer, and no longer
flags f rw => 0
fill f 16 200 => 200
fetch f 3200 => 3200
# destroyed under a reader that waits
go r read f 10 => begun
join r 100 => blocked
ioctl f DESTROY_EPT => 0
join r 3000 => EPIPE
close f => 0
# no address of its own: Linux chooses one from 1024 on
ioctl d CREATE_EPT any -1 {echo} => 0
get sys:any/src => -1
open e ept:any rwn => 0
write e 10/6 => 10
poll e 3000 => {come}
ioctl e DESTROY_EPT => 0
read e 496 => EPIPE
close e => 0
# nobody's address
ioctl d CREATE_EPT nobody -1 -1 => 0
open e ept:nobody rwn => 0
write e 10 => EINVAL
ioctl e DESTROY_EPT => 0
close e => 0
# names
ioctl d CREATE_EPT #31 -1 {echo} => 0
get sys:{name31}/name => {name31}
open e ept:{name31} rwn => 0
ioctl e DESTROY_EPT => 0
close e => 0
ioctl d CREATE_EPT #32 -1 {echo} => 0
get sys:{name31}/name => {name31}
open e ept:{name31} rwn => 0
ioctl e DESTROY_EPT => 0
close e => 0
close d => 0
count /dev/rpmsg[0-9]* 1 2000 => 1
"""


def test_own_endpoint(remote: Remote, talking: Callable[..., list[Outcome]], known_bug: Meetings) -> None:
    """The control device, and endpoints that a program makes with it."""
    with known_bug("endpoint-destroyed-twice").ends(remote.machine):
        talking(OWN_ENDPOINT, "idr_alloc failed: -28", "failed to open (one|two)", "invalid addr")


OWN_CHANNEL = """
open c {control} rw => 0
# a channel with an address of its own is announced to the remote
uevents u => 0
ioctl c CREATE_DEV rpmsg-raw 1500 {echo} => 0
uevent u 2000 ACTION=add SUBSYSTEM=rpmsg MODALIAS=rpmsg:rpmsg-raw => 1
uevent u 2000 ACTION=bind SUBSYSTEM=rpmsg DRIVER=rpmsg_chrdev MODALIAS=rpmsg:rpmsg-raw => 1
count {channel}.1500.{echo}/rpmsg/rpmsg* 1 2000 => 1
get {channel}.1500.{echo}/name => rpmsg-raw
get {channel}.1500.{echo}/src => 0x5dc
get {channel}.1500.{echo}/dst => 0x138b
get {channel}.1500.{echo}/announce => true
get {channel}.1500.{echo}/modalias => rpmsg:rpmsg-raw
get {channel}.1500.{echo}/driver_override => (null)
# one that the remote has announced has the next address that is free, for its driver
get {channel}.-1.{echo}/src => {src}
get {channel}.-1.{echo}/announce => false
get {channel}.-1.{echo}/dst => 0x138b
# there can be one like it, if one address is another
ioctl c CREATE_DEV rpmsg-raw 1500 {echo} => ENXIO
ioctl c CREATE_DEV rpmsg-raw -1 {echo} => ENXIO
ioctl c CREATE_DEV rpmsg-raw 1500 5555 => 0
count {channel}.1500.5555 1 2000 => 1
ioctl c RELEASE_DEV rpmsg-raw 1500 5556 => EINVAL
ioctl c RELEASE_DEV rpmsg-ra 1500 5555 => EINVAL
ioctl c RELEASE_DEV rpmsg-raw 1501 5555 => EINVAL
ioctl c RELEASE_DEV rpmsg-raw 1500 5555 => 0
ioctl c RELEASE_DEV rpmsg-raw 1500 5555 => EINVAL
count {channel}.1500.5555 0 0 => 0
# messages pass
open e dev:{channel}.1500.{echo}/rpmsg/rpmsg* rwn => 0
write e 10/3 => 10
poll e 3000 => {come}
read e 496 => 10 /3
get sys:rpmsg-raw/dst => {echo}
# its driver goes, and comes back
put {bus}/drivers/rpmsg_chrdev/unbind ={virtio}.rpmsg-raw.1500.{echo} => *
uevent u 2000 ACTION=unbind SUBSYSTEM=rpmsg => 1
read e 10 => EPIPE
write e 10 => EPIPE
poll e 0 => ERR
close e => 0
put {bus}/drivers/rpmsg_chrdev/unbind ={virtio}.rpmsg-raw.1500.{echo} => ENODEV
# a driver that does not want it
put {bus}/drivers/rpmsg_tty/bind ={virtio}.rpmsg-raw.1500.{echo} => ENODEV
# and the same one when it is told to
put {channel}.1500.{echo}/driver_override =rpmsg_tty => 9
get {channel}.1500.{echo}/driver_override => rpmsg_tty
put {bus}/drivers/rpmsg_chrdev/bind ={virtio}.rpmsg-raw.1500.{echo} => ENODEV
put {bus}/drivers/rpmsg_tty/bind ={virtio}.rpmsg-raw.1500.{echo} => *
count {channel}.1500.{echo}/tty/ttyRPMSG* 1 2000 => 1
open t dev:{channel}.1500.{echo}/tty/ttyRPMSG* rwcn => 0
raw t => 0
write t 10/7 => 10
poll t 3000 => IN+OUT+RDNORM+WRNORM
read t 496 => 10 /7
put {bus}/drivers/rpmsg_tty/unbind ={virtio}.rpmsg-raw.1500.{echo} => *
# it hangs up by a work of its own: a reader waits for that
flags t rw => 0
read t 10 => 0
poll t 0 => IN+OUT+ERR+HUP+RDNORM+WRNORM
write t 10 => EIO
close t => 0
put {channel}.1500.{echo}/driver_override =\\n => 1
get {channel}.1500.{echo}/driver_override => (null)
put {bus}/drivers/rpmsg_chrdev/bind ={virtio}.rpmsg-raw.1500.{echo} => *
open e dev:{channel}.1500.{echo}/rpmsg/rpmsg* rwn => 0
write e 10/8 => 10
poll e 3000 => {come}
read e 496 => 10 /8
# released while a reader waits
flags e rw => 0
go r read e 10 => begun
join r 100 => blocked
ioctl c RELEASE_DEV rpmsg-raw 1500 {echo} => 0
join r 3000 => EPIPE
uevent u 2000 ACTION=remove SUBSYSTEM=rpmsg MODALIAS=rpmsg:rpmsg-raw => 1
count {channel}.1500.{echo} 0 0 => 0
open f {raw} rw => 0
close f => 0
close e => 0
close c => 0
count /dev/rpmsg[0-9]* 1 2000 => 1
"""


def test_own_channel(talking: Callable[..., list[Outcome]]) -> None:
    """Channels that a program makes, and their drivers."""
    talking(
        OWN_CHANNEL,
        r"channel rpmsg-raw:\S+ already exist",
        "failed to create rpmsg-raw channel",
        r"failed to release rpmsg-raw? channel \(-22\)",
        r"1500\.5555:? (idr_alloc failed: -28|failed to create endpoint|(probe .*)?failed with error -12)",
    )


TTY_DEVICE = """
# any number of programs may have it
open a {ttydev} rwcn => 0
raw a => 0
open b {ttydev} rwcn => 0
close b => 0
read a 10 => EAGAIN
write a 10/3 => 10
poll a 3000 => IN+OUT+RDNORM+WRNORM
ioctl a INQ => 0 10
ioctl a OUTQ => 0 0
read a 4 => 4 /3
ioctl a INQ => 0 6
read a 496 => 6
# a write is as much as fits into a message, and the line discipline goes on with the rest
write a 0 => 0
poll a 50 => OUT+WRNORM
write a 496/4 => 496
poll a 3000 => IN+OUT+RDNORM+WRNORM
read a 497 => 496 /4
write a 497/5 => 497
poll a 3000 => IN+OUT+RDNORM+WRNORM
fetch a 497 => 497 /5
write a 1488/6 => 1488
fetch a 1488 => 1488 /6
write a !10 => EFAULT
flags a rwc => 0
try read a 10 => blocked
go r read a 10 => begun
write a 10/7 => 10
join r 3000 => 10 /7
# closed with bytes that nobody has read: who opens it next gets none
write a 10/8 => 10
poll a 3000 => IN+OUT+RDNORM+WRNORM
close a => 0
open a {ttydev} rwcn => 0
raw a => 0
read a 10 => EAGAIN
write a 10/9 => 10
poll a 3000 => IN+OUT+RDNORM+WRNORM
read a 496 => 10 /9
ioctl a DESTROY_EPT => ENOTTY
close a => 0
"""


@pytest.mark.needs("rpmsg-tty")
def test_tty_device(talking: Callable[..., list[Outcome]]) -> None:
    """The device of a channel that is a tty."""
    talking(TTY_DEVICE)


UNREAD = """
open a {ttydev} rwcn => 0
raw a => 0
open c {control} rw => 0
ioctl c CREATE_EPT pace -1 {echo} => 0
open e ept:pace rw => 0
"""
MORE = """
fill a 496/1 15 => 15
# the answers to those have come when that to a later message has
write e 4 => 4
read e 4 => 4
"""
AT_LAST = """
# what there was room for is there, and so is what comes once there is room again
fetch a 3968 => 3968
drain a => *
write a 10/2 => 10
poll a 3000 => IN+OUT+RDNORM+WRNORM
read a 496 => 10 /2
ioctl e DESTROY_EPT => 0
close e => 0
close a => 0
"""
TTY_ROOM = 640 * 1024
"""Bytes that Linux keeps of what comes for a tty; its line discipline has some, too."""


@pytest.mark.needs("rpmsg-tty")
def test_tty_that_nobody_reads(talking: Callable[..., list[Outcome]]) -> None:
    """More comes than Linux keeps: it says so, and the device, and what else the remote has to say, goes on."""
    talking(UNREAD + MORE * (2 * TTY_ROOM // (15 * 496)) + AT_LAST, r"Trunc buffer: available space is \d+")


HEADER = struct.Struct("<3I2H")
"""Of a message: source, destination, reserved, length, flags."""
NAME_SERVICE = 53
ANNOUNCEMENT = struct.Struct("<32s2I")
"""Name, address, 0 or 1: created or destroyed."""


def sent(remote: Remote) -> list[tuple[tuple[int, ...], bytes]]:
    """Return what the buffers towards the remote hold, in the order in which Linux gave them away."""
    ring, found = remote.vring("echo-bare", 1), []
    read = remote.machine.read_memory
    (index,) = struct.unpack("<H", read(ring.avail_idx, 2))
    for number in range(max(0, index - ring.num), index):
        (descriptor,) = struct.unpack("<H", read(ring.avail + 4 + 2 * (number % ring.num), 2))
        address, _, _, _ = DESCRIPTOR.unpack(read(ring.descriptor(descriptor), DESCRIPTOR.size))
        header = HEADER.unpack(read(address, HEADER.size))
        found.append((header, read(address + HEADER.size, header[3])))
    return found


ANNOUNCED = """
open c {control} rw => 0
ioctl c CREATE_DEV rpmsg-raw 1500 {echo} => 0
open e dev:{channel}.1500.{echo}/rpmsg/rpmsg* rwn => 0
write e =abc => 3
poll e 3000 => {come}
read e 10 => 3 =abc
close e => 0
ioctl c RELEASE_DEV rpmsg-raw 1500 {echo} => 0
ioctl c CREATE_DEV #31 0x12345 0xabcdef => 0
put {channel}/../{virtio}.{name31}.74565.11259375/driver_override =rpmsg_chrdev => 12
put {bus}/drivers/rpmsg_chrdev/bind ={virtio}.{name31}.74565.11259375 => *
ioctl c RELEASE_DEV #31 0x12345 0xabcdef => 0
close c => 0
"""


def test_announcements_of_linux(remote: Remote, talking: Callable[..., list[Outcome]]) -> None:
    """The bytes of each message with which Linux tells of a channel of its own, and of one in it."""
    before = len(sent(remote))
    talking(ANNOUNCED.replace("{channel}/..", "{bus}/devices"))
    messages = [message for message in sent(remote)[before:] if message[0][1] in (NAME_SERVICE, ECHO)]
    size, long = ANNOUNCEMENT.size, NAME_31.encode()
    assert messages[:5] == [
        ((1500, NAME_SERVICE, 0, size, 0), ANNOUNCEMENT.pack(b"rpmsg-raw", 1500, 0)),
        ((1500, ECHO, 0, 3, 0), b"abc"),
        ((1500, NAME_SERVICE, 0, size, 0), ANNOUNCEMENT.pack(b"rpmsg-raw", 1500, 1)),
        ((0x12345, NAME_SERVICE, 0, size, 0), ANNOUNCEMENT.pack(long, 0x12345, 0)),
        ((0x12345, NAME_SERVICE, 0, size, 0), ANNOUNCEMENT.pack(long, 0x12345, 1)),
    ]


UNANNOUNCED = """
count /dev/rpmsg_ctrl* 1 3000 => 1
open c {control} rw => 0
ioctl c CREATE_DEV rpmsg-raw 1500 {echo} => 0
open e dev:{bus}/devices/*.rpmsg-raw.1500.{echo}/rpmsg/rpmsg* rwn => 0
write e =abc => 3
poll e 3000 => {come}
read e 10 => 3 =abc
# it is faster than the remote: it sleeps until a buffer is free
flags e rw => 0
fill e 16 100 => 100
close e => 0
ioctl c RELEASE_DEV rpmsg-raw 1500 {echo} => 0
"""
NO_INTERRUPT = 1
"""Of a ring of available buffers: the other side need not say that it has used one."""


def test_remote_without_features(remote: Remote, tmp_path: Path, behaviour: Callable[[str], int | str]) -> None:
    """To a remote that has no name service nothing is announced. It is asked for kicks while Linux waits for a buffer.

    What it is told of that is a flag, as it knows no indices of events either. A Linux that also tells programs when
    there is room asks always.
    """
    artifacts = remote.machine.artifacts
    (case,) = (case for case in CASES if case.name == "vdev-no-features")
    image = tmp_path / "no-features.elf"
    image.write_bytes(case.make(load(remote.machine.board, artifacts.firmware["echo-bare"])))
    remote.start(image)

    def flags() -> list[int]:
        return [remote.machine.read_number(remote.vring("echo-bare", number).avail, 2) for number in (0, 1)]

    core = remote.machine.board.shell.core
    remote.machine.tolerate_bad("msg received with no recipient", "an answer to an endpoint that has gone", core)
    wanted = [0, 0 if behaviour("endpoint-tells-of-room") == "yes" else NO_INTERRUPT]
    assert flags() == wanted
    calls.run(remote.machine, UNANNOUNCED, bus=BUS, control="/dev/rpmsg_ctrl*", echo=ECHO)
    assert flags() == wanted
    assert {header[:2] for header, _ in sent(remote)} == {(1500, ECHO)}


LATE = """
open a {raw} rwn => 0
fill a 496/1 12 => 12
close a => 0
# each message has been answered when a later one has
open c {control} rw => 0
ioctl c CREATE_EPT later -1 {echo} => 0
open e ept:later rw => 0
write e 4 => 4
read e 4 => 4
ioctl e DESTROY_EPT => 0
close e => 0
open a {raw} rwn => 0
drain a => *
write a 10/2 => 10
poll a 3000 => {come}
read a 496 => 10 /2
close a => 0
"""


def test_answers_after_the_close(talking: Callable[..., list[Outcome]], known_bug: Meetings) -> None:
    """What comes for a program that has closed the device is for nobody else."""
    (late,) = [outcome for outcome in talking(LATE) if outcome.call.startswith("drain")]
    if late.result != "0":
        known_bug("stale-replies").met(f"{late.result} messages")


GONE = """
open c /dev/rpmsg_ctrl0 rw => 0
ioctl c CREATE_EPT gone -1 {echo} => 0
open e ept:gone rw => 0
ioctl e DESTROY_EPT => 0
ioctl e SET_FLOW 2 => EINVAL
ioctl e SET_FLOW 1 => *
close e => 0
"""
BEYOND = """
open c /dev/rpmsg_ctrl0 rw => 0
ioctl c CREATE_EPT top 0x7ffffffe {echo} => 0
open e ept:top rwn => 0
write e 10 => 10
poll e 3000 => {come}
read e 10 => 10
ioctl e DESTROY_EPT => 0
close e => 0
ioctl c CREATE_EPT beyond 0x80000000 {echo} => 0
open e ept:beyond rwn => EINVAL
"""


@pytest.mark.parametrize(
    ("table", "bug", "said"),
    [
        pytest.param(GONE, "flow-control-of-gone-endpoint", (), id="gone"),
        pytest.param(BEYOND, "address-2g", ("idr_alloc failed: -22", "failed to open beyond"), id="address-2g"),
    ],
)
def test_bad_calls_do_not_warn(
    fresh_machine: LinuxMachine, table: str, bug: str, said: tuple[str, ...], known_bug: Meetings
) -> None:
    """A program's mistake is its own: an error, but no WARNING, which ends a Linux that is told to panic on one."""
    remote = Remote(fresh_machine)
    known_bug(bug).announce(fresh_machine)
    for pattern in said:
        fresh_machine.expect_bad(pattern, fresh_machine.board.shell.core)
    remote.start("echo-bare", services=["rpmsg-raw"])
    calls.run(fresh_machine, table, echo=ECHO)
    assert remote.echo_char(options="-n 3")["messages"] == 3


def full(remote: Remote, table: str, timeout: float | None = None) -> None:
    """Make the calls of a table on a remote that takes nothing any more, and is given up by the stop that follows."""
    remote.start("crash-bare", services=[CRASH_SERVICE])
    (address,) = remote.host.run_check(f"cat {BUS}/devices/*.{CRASH_SERVICE}.*/dst")
    ring = remote.vring("crash-bare", 1)
    remote.crash("loop")
    values = {"bus": BUS, "control": "/dev/rpmsg_ctrl*", "crash": int(address, 16), "free": ring.num - 1}
    remote.expect("stop-without-ack")
    calls.run(remote.machine, table, timeout, **values)


FULL = """
open c {control} rw => 0
ioctl c CREATE_EPT full -1 {crash} => 0
open e ept:full rwn => 0
poll e 0 => {nothing}
# as many as there are buffers, but for that of the message that it has not come back from
fill e 496 1000 => {free} EAGAIN
poll e 0 => 0
write e 0 => EAGAIN
write e 496 => EAGAIN
# what would never fit is told first
write e 497 => EMSGSIZE
write e !10 => EFAULT
read e 10 => EAGAIN
ioctl c CREATE_DEV rpmsg-tty -1 3000 => 0
open t dev:{bus}/devices/*.rpmsg-tty.-1.3000/tty/ttyRPMSG* rwcn => 0
raw t => 0
write t 10 => ENOMEM
close t => 0
ioctl c RELEASE_DEV rpmsg-tty -1 3000 => 0
ioctl e DESTROY_EPT => 0
write e 10 => EPIPE
"""


@pytest.mark.needs("lockup")
def test_no_buffer_is_free(remote: Remote) -> None:
    """A remote that takes nothing any more: calls that must not wait do not, each with its own error."""
    remote.machine.expect_bad(r"message is too big \(497\)", remote.machine.board.shell.core)
    full(remote, FULL)
    remote.stop()


PATIENCE = 60.0
"""Seconds for a table with a call that waits for a buffer: rpmsg gives that up after 15."""
UNTAKEN = """
open c {control} rw => 0
ioctl c CREATE_EPT full -1 {crash} => 0
open e ept:full rwn => 0
fill e 496 1000 => {free} EAGAIN
# its announcement waits 15 s for a buffer, in a thread that no signal reaches: it would never end then
go j ioctl c CREATE_DEV rpmsg-raw 1500 {crash} => begun
join j 1000 => blocked
join j 40000 => 0
# the channel is there, and its driver has taken everything back
count {bus}/devices/*.rpmsg-raw.1500.{crash} 1 0 => 1
count {bus}/devices/*.rpmsg-raw.1500.{crash}/driver 0 0 => 0
count {bus}/devices/*.rpmsg-raw.1500.{crash}/rpmsg/* 0 0 => 0
# its address is free again
ioctl c CREATE_EPT other 1500 {crash} => 0
open f ept:other rwn => 0
ioctl f DESTROY_EPT => 0
ioctl c RELEASE_DEV rpmsg-raw 1500 {crash} => 0
count {bus}/devices/*.rpmsg-raw.1500.{crash} 0 0 => 0
ioctl e DESTROY_EPT => 0
"""


@pytest.mark.thorough
@pytest.mark.needs("lockup")
def test_announcement_that_nobody_takes(remote: Remote) -> None:
    """A channel that cannot be announced gets no driver, and its driver leaves nothing behind."""
    for pattern in ("timeout waiting for a tx buffer", "failed to announce (service|creation)", "with error -512"):
        remote.machine.expect_bad(pattern, remote.machine.board.shell.core)
    full(remote, UNTAKEN, PATIENCE)
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 3")["messages"] == 3
