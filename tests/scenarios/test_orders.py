# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Every order to remoteproc, through each of its files, in every state: its answer, and what becomes of the remote.

The tables are in the language of ``ampstand.linux.calls``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ampstand.linux import calls
from ampstand.linux.calls import Outcome
from ampstand.linux.remote import CRASH_SERVICE, Remote
from ampstand.report.known import Meetings

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char")

Orders = Callable[..., None]


@pytest.fixture
def orders(remote: Remote, known_bug: Meetings) -> Iterator[Orders]:
    """Return what makes the calls of a table on the remote, which is offline and has the echo application."""
    known_bug("zynqmp-work-after-stop").blinds()
    remote.firmware("echo-bare")
    yield orders_of(remote)
    remote.host.run_check(
        f"cd {remote.sysfs}; for i in 1 2 3; do echo stop >state; done 2>/dev/null; "
        "echo enabled >recovery; echo disabled >coredump"
    )


def orders_of(remote: Remote) -> Orders:
    """Return what makes the calls of a table on this remote, and what Linux has to say of them."""
    remote.tolerate("stop-without-ack", "a start and a stop without a pause")
    remote.tolerate("late-messages", "they come while a stop is under way")
    (name,) = remote.host.run_check(f"cat {remote.sysfs}/name")

    def make(table: str, *said: str, **values: object) -> None:
        for pattern in said:
            remote.machine.expect_bad(pattern, remote.machine.board.shell.core)
        device = f"/dev/{remote.sysfs.rpartition('/')[2]}"
        calls.run(remote.machine, table, s=remote.sysfs, d=remote.debugfs, device=device, name=name, **values)

    return make


REFUSED = """
get {s}/state => {state}
get {s}/name => {name}
put {s}/name =x => EACCES
put {s}/state =x => EINVAL
put {s}/state =star => EINVAL
put {s}/state =starts => EINVAL
get {s}/state => {state}
put {s}/recovery =x => EINVAL
put {s}/recovery =enable => EINVAL
put {d}/recovery =xyz => EINVAL
put {d}/recovery =123456789\\n => EINVAL
put {d}/recovery =enabled\\0\\0\\0\\n => EINVAL
put {d}/recovery !5 => EFAULT
put {d}/crash =x => EINVAL
put {d}/crash =-1 => EINVAL
put {d}/crash =4294967296 => ERANGE
put {d}/crash !1 => EFAULT
get {d}/name => {name}
# what a program writes to the device
open o {device} rw => 0
write o 0 => EINVAL
write o =x => EINVAL
write o =startx => EINVAL
write o =start\\n => EINVAL
write o =start\\0\\0\\0\\0\\0\\0 => EINVAL
write o !5 => EFAULT
write o !11 => EINVAL
read o 10 => EINVAL
# who closes it last
ioctl o UNKNOWN x => EINVAL
ioctl o GET_SHUTDOWN ! => EFAULT
ioctl o SET_SHUTDOWN ! => EFAULT
ioctl o GET_SHUTDOWN => 0 0
ioctl o SET_SHUTDOWN 1 => 0
ioctl o GET_SHUTDOWN => 0 1
ioctl o SET_SHUTDOWN 0 => 0
ioctl o GET_SHUTDOWN => 0 0
ioctl o SET_SHUTDOWN -5 => 0
open p {device} r => 0
ioctl p GET_SHUTDOWN => 0 1
ioctl p SET_SHUTDOWN 0 => 0
ioctl o GET_SHUTDOWN => 0 0
write p =start => EBADF
close p => 0
get {s}/state => {state}
"""
"""What is refused whatever the state."""

CHOICES = """
put {s}/recovery =disabled => 8
get {s}/recovery => disabled
get {d}/recovery => disabled
put {s}/recovery =recover => 7
get {s}/recovery => disabled
put {d}/recovery =enabled\\n => 8
get {s}/recovery => enabled
put {d}/recovery =disabled\\n => 9
get {d}/recovery => disabled
put {d}/recovery =recover => 7
get {d}/recovery => disabled
put {s}/recovery =enabled\\n => 8
get {d}/recovery => enabled
put {s}/coredump =inline => 6
get {s}/coredump => inline
get {d}/coredump => inline
put {s}/coredump =enabled\\n => 8
get {d}/coredump => enabled
put {d}/coredump =disabled\\n => 9
get {s}/coredump => disabled
put {d}/coredump =inline\\n => 7
get {s}/coredump => inline
put {d}/coredump =enabled => 7
get {d}/coredump => enabled
put {d}/coredump =123456789012345678901 => EINVAL
# as long as it may be, a byte longer, and nothing
put {d}/coredump =inline\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\n => 20
get {d}/coredump => inline
put {d}/coredump =enabled\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\n => EINVAL
get {d}/coredump => inline
put {d}/coredump = => EINVAL
put {d}/recovery =disabled\\0\\n => 10
get {d}/recovery => disabled
put {d}/recovery =enabled\\0\\0\\n => 10
get {d}/recovery => enabled
put {d}/recovery =disabled\\0\\0\\n => EINVAL
put {d}/recovery = => EINVAL
get {d}/recovery => enabled
put {d}/coredump !5 => EFAULT
put {s}/coredump =disabled => 8
put {s}/coredump =enable => EINVAL
put {d}/coredump =12345678901234567890 => EINVAL
get {s}/coredump => disabled
get {s}/state => {state}
"""
"""What can be chosen while the remote has not crashed."""

SAID = ("Unrecognised option: (x|star|starts)$", "Unrecognized option", "Unsupported ioctl")
CHOICE_SAID = ("Invalid coredump configuration",)

OFFLINE = """
put {s}/state =stop => EINVAL
put {s}/state =detach => EINVAL
write o =stop => EINVAL
write o =detach => EINVAL
put {d}/crash =1 => 1
get {s}/state => offline
put {s}/firmware =hello-bare.elf\\n => 15
get {s}/firmware => hello-bare.elf
put {s}/firmware =\\n => EINVAL
get {s}/firmware => hello-bare.elf
put {s}/firmware =gone.elf => 8
get {s}/firmware => gone.elf
put {s}/state =start => ENOENT
write o =start => ENOENT
get {s}/state => offline
put {s}/firmware =echo-bare.elf => 13
close o => 0
"""

RUNNING = """
# starts and stops are counted
put {s}/state =start => 5
get {s}/firmware => echo-bare.elf
put {s}/firmware =hello-bare.elf => EBUSY
get {s}/firmware => echo-bare.elf
put {s}/state =detach => EINVAL
write o =detach => EINVAL
put {s}/state =start\\n => 6
write o =start => 5
put {s}/state =stop => 4
get {s}/state => running
write o =stop\\0\\0\\0\\0\\0\\0 => 10
get {s}/state => running
put {s}/state =stop\\n => 5
get {s}/state => offline
put {s}/state =stop => EINVAL
write o =stop => EINVAL
# words may be cut short there
write o =star => 4
get {s}/state => running
write o =sto => 3
get {s}/state => offline
# closed without a wish, and with one
write o =start => 5
close o => 0
get {s}/state => running
open o {device} rw => 0
ioctl o SET_SHUTDOWN 1 => 0
dup o p => 0
close o => 0
get {s}/state => running
close p => 0
get {s}/state => offline
open o {device} rw => 0
ioctl o GET_SHUTDOWN => 0 1
ioctl o SET_SHUTDOWN 0 => 0
put {s}/state =start => 5
close o => 0
get {s}/state => running
put {s}/state =stop => 4
"""


def test_offline(orders: Orders) -> None:
    """Orders to a remote that is offline."""
    absent = (
        "failed to load gone.elf",
        "Direct firmware load for gone.elf failed with error -2",
        "request_firmware failed: -2",
        "Boot failed: -2",
    )
    orders(
        REFUSED + CHOICES + OFFLINE,
        *SAID,
        *CHOICE_SAID,
        r"crash detected in \S+ type watchdog",
        "can't provide empty string for firmware name",
        *absent,
        state="offline",
    )


def test_running(orders: Orders, remote: Remote) -> None:
    """Orders to a remote that runs, and to one that is started and stopped in all ways."""
    remote.start(services=["rpmsg-raw"])
    said = (*SAID, *CHOICE_SAID, "can't change firmware while running")
    stopped = "put {s}/state =stop => 4\n"
    orders(REFUSED + CHOICES + stopped + RUNNING, *said, state="running")
    assert remote.core_state() == "held"


CRASHED = """
put {s}/recovery =disabled => 8
put {d}/crash =2 => 1
wait {s}/state crashed 3000 => crashed
put {s}/coredump =enabled => EBUSY
put {d}/coredump =enabled => EBUSY
get {s}/coredump => disabled
put {s}/firmware =hello-bare.elf => EBUSY
put {s}/state =detach => EINVAL
write o =detach => EINVAL
# another report of what has crashed already is none
put {d}/crash =0\\n => 2
put {d}/crash =1 => 1
get {s}/state => crashed
# one more user does not help it, and has to go first
put {s}/state =start => 5
get {s}/state => crashed
put {s}/state =stop => 4
get {s}/state => crashed
# nor does it end with the program that has it open
ioctl o SET_SHUTDOWN 1 => 0
close o => 0
get {s}/state => crashed
open o {device} rw => 0
ioctl o SET_SHUTDOWN 0 => 0
put {s}/state =stop => 4
get {s}/state => offline
put {s}/state =stop => EINVAL
put {d}/recovery =recover => 7
get {s}/state => offline
"""
"""With recovery disabled a crash stays."""

RECOVERED = """
put {s}/recovery =disabled => 8
put {s}/state =start => 5
put {d}/crash =0 => 1
wait {s}/state crashed 3000 => crashed
# it recovers when it is told to, in four ways; recovery may be the writer's business, or that of a thread
put {s}/recovery =recover => 7
get {s}/state => running
get {s}/recovery => disabled
put {d}/crash =0x2 => 3
wait {s}/state crashed 3000 => crashed
put {d}/recovery =recover => 7
get {s}/state => running
put {d}/crash =3 => 1
wait {s}/state crashed 3000 => crashed
put {d}/recovery =enabled => 7
get {s}/state => running
put {s}/recovery =disabled => 8
put {d}/crash =4294967295 => 10
wait {s}/state crashed 3000 => crashed
put {s}/recovery =enabled => 7
get {s}/state => running
get {s}/recovery => enabled
# two users before, two users after
put {s}/state =start => 5
put {s}/recovery =disabled => 8
put {d}/crash =2 => 1
wait {s}/state crashed 3000 => crashed
put {s}/recovery =enabled => 7
put {s}/state =stop => 4
put {s}/state =stop => 4
get {s}/state => offline
close o => 0
"""


def crashes(remote: Remote, mark: int) -> int:
    """Return how many crashes Linux has handled since the mark."""
    return sum("handling crash #" in line for line in remote.host.console.lines[mark:])


def test_crashed(orders: Orders, remote: Remote) -> None:
    """Orders to a remote that has crashed, and stays so."""
    mark = remote.host.console.mark()
    remote.start(services=["rpmsg-raw"])
    for kind in ("fatal error", "mmufault", "watchdog"):
        remote.expect_crash(kind, recovers=False)
    said = ("can't change coredump configuration", "can't change firmware while running")
    orders("open o {device} rw => 0\n" + CRASHED, *said, state="running")
    assert crashes(remote, mark) == 1
    assert remote.core_state() == "held"


def test_recovered(orders: Orders, remote: Remote) -> None:
    """Each way to recover a remote that has crashed."""
    mark = remote.host.console.mark()
    for kind in ("fatal error", "mmufault", "unknown"):
        remote.expect_crash(kind)
    orders("open o {device} rw => 0\n" + RECOVERED)
    assert crashes(remote, mark) == 5
    assert remote.core_state() == "held"


DETACHED = """
get {s}/state => detached
put {s}/firmware =hello-bare.elf => EBUSY
put {s}/state =stop => EINVAL
put {s}/state =detach => EINVAL
write o =stop => EINVAL
write o =detach => EINVAL
# closed with a wish that is none of a remote that nobody is attached to
ioctl o SET_SHUTDOWN 1 => 0
close o => 0
get {s}/state => detached
open o {device} rw => 0
ioctl o SET_SHUTDOWN 0 => 0
"""

ATTACHED = """
put {s}/state =start => 5
get {s}/state => attached
get {s}/firmware => unknown
put {s}/firmware =hello-bare.elf => EBUSY
# counted, too
write o =start => 5
put {s}/state =detach => 6
get {s}/state => attached
write o =detach\\0\\0\\0\\0 => 10
get {s}/state => detached
put {s}/state =detach => EINVAL
# words may be cut short
write o =s => 1
get {s}/state => attached
write o =d => 1
get {s}/state => detached
# closed with a wish
put {s}/state =start\\n => 6
ioctl o SET_SHUTDOWN 1 => 0
close o => 0
get {s}/state => detached
open o {device} rw => 0
ioctl o SET_SHUTDOWN 0 => 0
put {s}/state =start\\n => 6
close o => 0
get {s}/state => attached
# stopped, it is one like any other
put {s}/state =stop\\n => 5
get {s}/state => offline
put {s}/state =detach => EINVAL
"""


@pytest.mark.needs("attach")
def test_attached(preload: Callable[..., Remote]) -> None:
    """Orders to a remote that runs already, and to one that Linux has attached to."""
    remote = preload("echo-bare")
    orders = orders_of(remote)
    said = (*SAID, "can't change firmware while running")
    orders(REFUSED + DETACHED + ATTACHED, *said, state="detached")
    assert (remote.state(), remote.core_state()) == ("offline", "held")


TRIES = 4


def check_patience(attempt: Callable[[], Outcome], least: int, again: Callable[[], None], early: int = 0) -> None:
    """Wait for what does not come: for so many milliseconds, at most ``early`` fewer, and not twice as many.

    On a busy workstation anything may take longer, but not each time. A wait that counts jiffies, and so may be
    ``early``, may also be shorter there: a tick that was due before it is counted in it. Nor is that so each time.
    """

    def wrong(ms: int) -> bool:
        return ms >= 2 * least or (early > 0 and ms < least - early)

    took = [attempt().ms]
    while wrong(took[-1]) and len(took) < TRIES:
        again()
        took.append(attempt().ms)
    assert least - early <= took[-1] < 2 * least, f"{least} ms took {took} ms"


def given(remote: Remote, order: str) -> Outcome:
    """Give an order to a remote."""
    (done,) = calls.run(remote.machine, f"put {remote.sysfs}/state ={order} => {len(order)}")
    return done


@pytest.mark.needs("attach", "lockup")
def test_patience_with_a_remote_that_hangs(preload: Callable[..., Remote]) -> None:
    """Linux waits for an acknowledgement of a detach 0.2 s, of a stop 0.5 s."""
    remote = preload("crash-bare")
    if not remote.says("stop-without-ack"):
        pytest.skip("the driver does not wait for the remote")
    remote.expect("stop-without-ack")
    remote.expect("detach-without-ack")

    def start_and_hang() -> None:
        remote.start("crash-bare", services=[CRASH_SERVICE])
        remote.crash("loop")

    remote.attach(services=[CRASH_SERVICE])
    remote.crash("loop")
    check_patience(lambda: given(remote, "detach"), 200, remote.attach)
    remote.attach()
    check_patience(lambda: given(remote, "stop"), 500, start_and_hang)
    assert remote.core_state() == "held"


WHILE_STOPPING = """
open o {device} rw => 0
# a remote that takes no messages is given half a second to acknowledge a stop; another stop waits for that
go s put {s}/state =stop => begun
join s 50 => blocked
put {d}/crash =2 => 1
get {s}/state => running
go t put {s}/state =stop => begun
go u write o =start => begun
join u 50 => blocked
join s 3000 => 4
join t 3000 => *
join u 3000 => 5
put {s}/recovery =recover => 7
"""
"""What is asked for meanwhile is done afterwards, in any order, to the remote as it is then."""


@pytest.mark.needs("lockup")
def test_crash_and_orders_while_stopping(remote: Remote) -> None:
    """A crash that is reported of a remote that is just being stopped is none; orders wait for their turn."""
    remote.start("crash-bare", services=[CRASH_SERVICE])
    remote.crash("loop")
    mark = remote.host.console.mark()
    orders = orders_of(remote)
    if not remote.says("stop-without-ack"):
        pytest.skip("the driver does not wait for the remote")
    remote.machine.tolerate_bad("crash detected in|handling crash|recovering", "it may be started before that", "host")
    orders(WHILE_STOPPING)
    remote.host.wait_for(f"cat {remote.sysfs}/state", "^(offline|running)$", remote.timeout)
    assert crashes(remote, mark) <= 1
    if remote.state() == "offline":
        remote.host.run_check(f"echo start >{remote.sysfs}/state")
    remote.watch()
    remote.stop()
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20


WHILE_DUMPING = """
put {s}/coredump =inline => 6
put {s}/recovery =disabled => 8
put {d}/crash =2 => 1
wait {s}/state crashed 3000 => crashed
# the recovery waits for the reader of the dump, and holds the remote's lock: its state is that between two lives
go r put {s}/recovery =recover => begun
count {dump} 1 3000 => 1
get {s}/state => offline
join r 50 => blocked
# whoever is interrupted meanwhile has done nothing
try put {s}/state =start => blocked
try put {s}/state =stop => blocked
try put {s}/state =detach => blocked
try put {s}/firmware =hello-bare.elf => EINVAL
try put {s}/recovery =recover => 7
go s put {s}/state =stop => begun
join s 50 => blocked
go d put {s}/state =detach => begun
join d 50 => blocked
go q put {d}/recovery =recover => begun
join q 50 => blocked
go f put {s}/firmware =hello-bare.elf => begun
join f 50 => blocked
# how to dump may be chosen for the next time
put {s}/coredump =disabled => 8
get {s}/firmware => echo-bare.elf
put {d}/crash =1 => 1
get {s}/state => offline
put {dump} =0 => 1
join r 5000 => 7
join d 3000 => EINVAL
join q 3000 => 7
join f 3000 => *
join s 3000 => 4
wait {s}/state offline 3000 => offline
get {s}/coredump => disabled
count {dump} 0 3000 => 0
"""


@pytest.mark.needs("coredump")
def test_crash_and_orders_while_dumping(orders: Orders, remote: Remote) -> None:
    """While a recovery waits for the reader of its dump, all orders wait for the recovery, unless they are given up."""
    remote.start(services=["rpmsg-raw"])
    for kind in ("fatal error", "watchdog"):
        remote.machine.expect_bad(rf"crash detected in \S+ type {kind}", "host")
    remote.machine.expect_bad("handling crash|recovering", "host")
    remote.machine.tolerate_bad("can't change firmware while running", "in which order they get their turn", "host")
    given_up, mark = "can't lock rproc", remote.host.console.mark()
    orders(WHILE_DUMPING, given_up, "Boot failed: -4", dump="/sys/class/devcoredump/devcd*/data")
    assert sum(given_up in line for line in remote.host.console.lines[mark:]) == 4
    assert remote.core_state() == "held"
    remote.host.run_check(f"echo enabled >{remote.sysfs}/recovery")
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20


AT_ONCE = """
open o {device} rw => 0
go a put {s}/state =start => begun
go b write o =start => begun
go c put {d}/crash =2 => begun
go d put {s}/state =stop => begun
go e put {s}/recovery =recover => begun
go f write o =stop => begun
join a 9000 => *
join b 9000 => *
join c 9000 => 1
join d 9000 => *
join e 9000 => 7
join f 9000 => *
"""


def test_all_orders_at_once(orders: Orders, remote: Remote) -> None:
    """From six threads, many times: whatever the order, all return, and the remote is as it is said to be."""
    remote.host.run_check(f"echo disabled >{remote.sysfs}/recovery")
    remote.machine.tolerate_bad("crash detected in|handling crash|recovering", "some meet it running", "host")
    for _ in range(8):
        orders(AT_ONCE)
        if remote.state() == "running":
            assert remote.core_state() == "running"
        remote.host.run_check(f"cd {remote.sysfs}; for i in 1 2 3; do echo stop >state; done 2>/dev/null; true")
        assert (remote.state(), remote.core_state()) == ("offline", "held")
    remote.start(services=["rpmsg-raw"])
    assert remote.echo_char(options="-n 20")["messages"] == 20
