# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The hardware semaphores that the remote and Linux share: each call of a driver, and who has what then.

Linux's calls are made by a module of ours (``firmware/linux/hwspinlock-calls``), the remote's by the application
``firmware/remote/apps/semaphores``, and both in one table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_leaks import ROUNDS as OFTEN
from test_leaks import nothing_leaks, refusals, refuse
from test_orders import check_patience

from ampstand.build.artifacts import Artifacts
from ampstand.formats.elf import Image
from ampstand.linux import calls, memory
from ampstand.linux.calls import Outcome
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-char", "hwspinlocks"), pytest.mark.variant("hwspinlocks")]

IMAGE = "semaphores-bare"
MODULE = "hwspinlock_calls"
DEBUGFS = "/sys/kernel/debug/hwspinlock-calls"
DRIVERS = "/sys/bus/platform/drivers"
DEVICE = "4c000000.hwspinlock"
LOCKS = 32
SPINNING = ("plain", "irq", "irqsave", "irqsave-off")
"""Modes in which Linux's cores spin, too, so that nothing may sleep."""
SLEEPING = ("raw", "atomic")
"""Modes for those that may, or do already."""

Locks = Callable[..., list[Outcome]]


def translated(table: str) -> str:
    """Return a table in the language of ``calls``, of one with shorter lines.

    ``: CALL => RESULT`` is a call of Linux: ``ok``, the number that it answers with, or an error. ``! ORDER => DIGIT``
    is what the remote is told, and its answer. The former may come after ``go J``; other lines are as they are.
    """
    lines: list[str] = []
    for line in map(str.strip, table.splitlines()):
        call, _, wanted = line.partition(calls.SEPARATOR)
        if match := re.fullmatch(r"(go \w+ )?: (.*)", call):
            words = match[2].replace(" ", ",")
            number = len(words) if wanted == "ok" or wanted.isdigit() else wanted
            lines.append(f"{match[1] or ''}put {DEBUGFS}/call ={words}{calls.SEPARATOR}{number}")
            if wanted.isdigit():
                lines.append(f"get {DEBUGFS}/answer{calls.SEPARATOR}{wanted}")
        elif call.startswith("! "):
            order = call[2:]
            lines += [f"write m ={order} => {len(order)}", "poll m 3000 => {come}"]
            lines.append("read m 8 => 1" if wanted == calls.ANY else f"read m 8 => 1 ={wanted}")
        else:
            lines.append(line)
    return "\n".join(lines)


def module_of(artifacts: Artifacts) -> Path:
    """Return our module for this kernel; skip for one that came ready."""
    if MODULE not in artifacts.modules:
        pytest.skip(f"there is no {MODULE} for a kernel that is not built here")
    return artifacts.modules[MODULE]


def load(machine: LinuxMachine, module: Path) -> None:
    """Load the module, unless it is there."""
    machine.host.put(f"/tmp/{module.name}", module.read_bytes())
    machine.host.run_check(f"grep -q ^{MODULE} /proc/modules || insmod /tmp/{module.name}")


@pytest.fixture
def remote(machine: LinuxMachine, artifacts: Artifacts) -> Iterator[Remote]:
    """Return the remote with the application running, on a board whose Linux has the module."""
    load(machine, module_of(artifacts))
    remote = Remote(machine)
    remote.start(IMAGE, services=["rpmsg-raw"])
    yield remote
    machine.host.run_check(f"rmmod {MODULE}")
    remote.stop_if_running()


def locks_of(remote: Remote) -> Locks:
    """Return what makes the calls of a table, and what Linux has to say of them."""

    def make(table: str, *said: str, **values: object) -> list[Outcome]:
        for pattern in said:
            remote.machine.expect_bad(pattern, remote.machine.board.shell.core)
        table = f"open m /dev/rpmsg0 rw => 0\n{translated(table)}\nclose m => 0"
        return calls.run(remote.machine, table, **values)

    return make


@pytest.fixture
def locks(remote: Remote) -> Locks:
    """Return what makes the calls of a table."""
    return locks_of(remote)


NUMBERS = """
# as the device tree names them
: find 0 => 0
: find 1 => 3
: find 2 => 31
: find 3 => EINVAL
: find 4 => EINVAL
: find 5 => ENOENT
: find 6 => ENOENT
: find-name first => 0
: find-name any => 3
: find-name last => 31
: find-name beyond => EINVAL
: find-name absent => ENOENT
: find-name nobody => ENODATA
: find-name => EINVAL
"""

ANY = """
# any: the first that nobody has
: request => 0
: request => 1
: devm => 2
: number 0 => 0
: number 2 => 2
# one that was never requested
: number 30 => EINVAL
"""
THAT_ONE = """
: request 0 => 0
: request 1 => 1
: devm 2 => 2
# newer kernels give away none that was not asked for by its number
: request => EOPNOTSUPP
: devm => EOPNOTSUPP
: number 0 => EOPNOTSUPP
"""
REQUESTS = """
: request 1 => ENOENT
: request 2 => ENOENT
: devm 1 => ENOENT
: request 31 => 31
: request 32 => ENOENT
: devm 32 => ENOENT
: devm 5 => 5
# one that was never requested
: free 30 => EINVAL
# one that is free again
: free 1 => ok
: request 1 => 1
: devm-free 5 => ok
: request 5 => 5
# nobody may break one but the hardware, and this cannot
: bust 5 2 => EOPNOTSUPP
: free 5 => ok
: free 0 => ok
: free 1 => ok
: free 31 => ok
: devm-free 2 => ok
"""


def gives_any(remote: Remote) -> bool:
    """Return whether this kernel gives away any lock that is free."""
    return remote.host.text(f"cat {DEBUGFS}/any") == "1"


def test_numbers_and_requests(remote: Remote) -> None:
    """Each lock is for one; its number is that of the device tree."""
    for pattern in ("hwspinlock (1|2) is already in use", "hwspinlock 32 does not exist", "invalid hwlock"):
        remote.machine.expect_bad(pattern, "host")
    remote.machine.tolerate_bad("bust operation not defined", "where the kernel has that call", "host")
    locks_of(remote)(NUMBERS + (ANY if gives_any(remote) else THAT_ONE) + REQUESTS)


def test_all_of_them(remote: Remote) -> None:
    """There are so many, and no more; and when they are free again, as many."""
    any_one = gives_any(remote)
    table = [f": request{'' if any_one else f' {number}'} => {number}" for number in range(LOCKS)]
    table += [": request => ENOENT", ": devm => ENOENT"] if any_one else [f": request {LOCKS} => ENOENT"]
    table += [f": free {number} => ok" for number in range(LOCKS)]
    for _ in range(2):
        locks_of(remote)("\n".join(table), "a free hwspinlock is not available" if any_one else "does not exist")


MISUSE = """
# without a lock, or a place for flags
: bad-try => EINVAL
: bad-unlock => ok
: request 7 => 7
: bad-try 7 => EINVAL
! o7 => 0
: lock 7 raw 10 => ok
: bad-unlock 7 => ok
! o7 => 1
: unlock 7 raw => ok
: free 7 => ok
"""
FREED_TWICE = """
: request 7 => 7
: free 7 => ok
: free 7 => EINVAL
: request 7 => 7
: free 7 => ok
"""


def test_what_a_driver_must_not_do(remote: Remote) -> None:
    """Linux warns, and nothing comes of it."""
    locks_of(remote)(MISUSE, r"WARNING: .*hwspinlock_core\.c")
    with refusals(remote.machine):
        locks_of(remote)(FREED_TWICE)


EXCLUDED = """
: request 7 => 7
: try 7 {mode} => ok
! o7 => 0
: twice 7 {mode} => {again}
! o7 => 0
: lock 7 {mode} 100 => ok
! o7 => {kept}
# what the remote has is not for Linux, and the other way round
{unlock}
! t7 => 1
! t7 => 1
! o7 => 2
: try 7 {mode} => EBUSY
: lock 7 {mode} 0 => ETIMEDOUT
! o7 => 2
! r7 => 0
! s7 => 1
: try 7 {mode} => EBUSY
! r7 => 0
: try 7 {mode} => ok
# the others do not matter
! t6 => 1
! t8 => 1
: try 7 {mode} => ok
! r6 => 0
! r8 => 0
# who waits for it gets it
! t7 => 1
go j : lock 7 {mode} 5000 => begun
join j 100 => blocked
! r7 => *
join j 3000 => *
! o7 => {kept}
{unlock}
! o7 => 0
: free 7 => ok
"""


@pytest.mark.parametrize("mode", [*SPINNING, *SLEEPING])
def test_one_side_excludes_the_other(locks: Locks, mode: str) -> None:
    """In each mode: interrupts and preemption are as it promises, and the lock is one side's."""
    if mode in SPINNING:
        locks(EXCLUDED.format(mode=mode, again="EBUSY", kept=0, unlock=""))
    else:
        locks(EXCLUDED.format(mode=mode, again="ok", kept=1, unlock=f": unlock 7 {mode} => ok"))


KEPT = """
: request 9 => 9
: lock 9 raw 10 => ok
! o9 => 1
! t9 => 0
! s9 => 0
! r9 => 1
write m =w9 => 2
poll m 100 => {nothing}
: unlock 9 raw => ok
poll m 3000 => {come}
read m 8 => 1 =0
: free 9 => ok
"""


def test_the_remote_hears_of_a_release(remote: Remote) -> None:
    """Linux keeps one: the remote cannot take it, nor release it, and is told when it is free."""
    remote.machine.expect_bad("R9: 0x00000200 does not own 0x80000100", remote.core.core)
    locks_of(remote)(KEPT)


TICK = 10
"""Milliseconds of a jiffy: by so many it may be early."""


@pytest.mark.parametrize("mode", ["plain", "irqsave", *SLEEPING])
def test_patience(locks: Locks, mode: str) -> None:
    """Linux gives up after as many milliseconds as it was told, and not after twice as many."""
    locks(": request 7 => 7\n! t7 => 1")
    check_patience(lambda: locks(f": lock 7 {mode} 200 => ETIMEDOUT")[1], 200, lambda: None, early=TICK)
    locks("! r7 => 0\n: free 7 => ok")


BOTH = """
: request 12 => 12
! c12 => 1
go a : count 12 {mode} {rounds} {address:x} => begun
go b : count 12 {mode} {rounds} {address:x} => begun
join a 20000 => *
join b 20000 => *
! e => 1
: free 12 => ok
"""
ROUNDS = 5000


@pytest.mark.parametrize("mode", SPINNING)
def test_nothing_is_lost_between_three_cores(remote: Remote, artifacts: Artifacts, mode: str) -> None:
    """Both of Linux's cores and the remote add to a word while they have the lock: it is the sum of all."""
    image = Image.read(artifacts.firmware[IMAGE].read_bytes())
    symbols = [image.symbol(f"semaphores_{name}") for name in ("word", "added")]
    address, added = (remote.core.host_address(symbol[0]) for symbol in symbols if symbol)
    before = remote.machine.read_number(address)
    found = locks_of(remote)(BOTH.format(mode=mode, address=address, rounds=ROUNDS))
    joined = [outcome.result for outcome in found if outcome.call.startswith("join")]
    assert "EPROTO" not in joined
    assert all(result.isdigit() for result in joined), joined
    sum_ = 2 * ROUNDS + remote.machine.read_number(added)
    assert remote.machine.read_number(address) - before == sum_


POWER = """
wait {device}/power/runtime_status suspended 3000 => suspended
get {clock} => 0
: request 4 => 4
get {device}/power/runtime_status => active
get {clock} => 1
: request 5 => 5
: free 4 => ok
get {device}/power/runtime_status => active
: free 5 => ok
wait {device}/power/runtime_status suspended 3000 => suspended
get {clock} => 0
"""


def test_power(locks: Locks, machine: LinuxMachine) -> None:
    """The semaphores have their clock as long as somebody has one of them."""
    clock = "/sys/kernel/debug/clk/hsem/clk_enable_count"
    locks(POWER, device=f"/sys/devices/platform/soc/{DEVICE}", clock=clock)


NEW_DRIVER = """
# without the driver there is none who could call, as the device tree says: it comes again with it
put {drivers}/stm32_hwspinlock/unbind ={device} => *
count {debugfs} 0 3000 => 0
count {drivers}/hwspinlock-calls/soc:* 0 0 => 0
put {drivers}/stm32_hwspinlock/bind ={device} => *
count {debugfs}/call 1 3000 => 1
: find 1 => 3
: devm 3 => 3
: request 0 => 0
: request 31 => 31
! t3 => 1
: try 3 plain => EBUSY
! r3 => 0
: try 3 plain => ok
: try 31 plain => ok
: free 31 => ok
: try 0 plain => ok
: free 0 => ok
"""
NEW_CLIENT = """
# what was requested for a device is free when its driver goes
put {drivers}/hwspinlock-calls/unbind =soc:hwspinlock-calls => *
count {debugfs} 0 0 => 0
put {drivers}/hwspinlock-calls/bind =soc:hwspinlock-calls => *
: request 3 => 3
: free 3 => ok
"""


def test_drivers_come_and_go(locks: Locks) -> None:
    """Without their driver there are none; what was requested for a device ends with its driver."""
    locks(3 * NEW_DRIVER + NEW_CLIENT, drivers=DRIVERS, device=DEVICE, debugfs=DEBUGFS)


@pytest.mark.thorough
def test_requests_leak_nothing(boot: Callable[..., LinuxMachine], artifacts: Artifacts) -> None:
    """Requests that are refused, and what is requested for a device and freed again."""
    machine = boot(**memory.COUNTED)
    host = machine.host
    load(machine, module_of(artifacts))
    host.run_check(f"echo devm,5 >{DEBUGFS}/call")
    with refusals(machine), nothing_leaks(host):
        for call, error in (("devm,5", "No such file"), ("find,3", "Invalid argument"), ("find,5", "No such file")):
            refuse(host, f"echo {call} >{DEBUGFS}/call", error)
        calls_in_turn = "for call in devm devm-free; do echo $call,6 >$file || exit 1; done"
        host.run_check(f"file={DEBUGFS}/call; for i in $(seq {OFTEN}); do {calls_in_turn}; done")


HELD = """
: request 10 => 10
! t10 => 1
: try 10 plain => EBUSY
"""
STILL = """
# a reset of the remote is none of the semaphores
: try 10 plain => EBUSY
! o10 => 2
! r10 => 0
: try 10 plain => ok
: free 10 => ok
"""


def test_crash_of_a_remote_that_has_one(remote: Remote) -> None:
    """What a remote had when it crashed stays its own; its next life releases it."""
    locks = locks_of(remote)
    locks(HELD)
    remote.expect_crash("fatal error")
    remote.watch()
    remote.report_crash("fatal error")
    remote.wait_service("rpmsg-raw")
    locks(STILL)


GUARDED = """
put {driver}/unbind ={device} => *
! t0 => 1
put {driver}/bind ={device} => *
put {driver}/unbind ={device} => *
! r0 => 0
"""
FREE = "put {driver}/bind ={device} => *\ncount {driver}/{device} 1 0 => 1"


def test_pins_wait_for_the_remote(boot: Callable[..., LinuxMachine]) -> None:
    """Linux changes no pin while the remote has the semaphore that guards them, and says so."""
    remote = Remote(boot(overlays=[Path(__file__).parent / "own" / "guarded-pins.dts"]))
    remote.start(IMAGE, services=["rpmsg-raw"])
    locks, values = locks_of(remote), {"driver": f"{DRIVERS}/stm32f7-i2c", "device": "40012000.i2c"}
    locks(GUARDED, "Can't get hwspinlock", "Error applying setting", **values)
    locks(FREE, **values)
