# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The mailbox as a client of Linux sees it that is not remoteproc: what is sent is taken at once, late, or never.

The client is Linux's own (``drivers/mailbox/mailbox-test.c``): a program writes a letter, which sleeps until the remote
has taken it, and reads what came with a kick. At the other end is ``firmware/remote/apps/mailbox``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_leaks import ROUNDS, nothing_leaks
from test_orders import check_patience

from ampstand.linux import calls, memory
from ampstand.linux.calls import Outcome
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.report.known import Meetings

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-char", "mailbox-client"), pytest.mark.variant("mailbox-client")]

IMAGE = "mailbox-bare"
DEVICE = "10047000.mailbox-test"
DRIVER = "/sys/bus/platform/drivers/mailbox_test"
MESSAGE = f"/sys/kernel/debug/{DEVICE}/message"
LETTER = 128
PATIENCE = 500
"""Milliseconds that the client waits for a letter to be taken."""
C1MR = 0x4C001004
"""The mailbox's interrupts that are masked for Linux: bit n that channel n is occupied, 16 + n that it is free."""
HEARD, ANSWERED = 1 << 5, 1 << (16 + 4)
QUEUE = 20
"""Messages that Linux keeps for a channel."""


@pytest.fixture
def remote(remote: Remote) -> Remote:
    """Return the remote with the application running, on a board whose Linux has the client."""
    skip_without_client(remote.machine)
    remote.start(IMAGE, services=["rpmsg-raw"])
    return remote


def skip_without_client(machine: LinuxMachine) -> None:
    if machine.host.run(f"test -e {DRIVER}").exitcode:
        pytest.skip("this kernel has no mailbox_test")


def make(remote: Remote, table: str, *said: str) -> list[Outcome]:
    """Make the calls of a table, with the client's file as ``t``; ``! ORDER => DIGIT`` is for the remote."""
    for pattern in said:
        remote.machine.expect_bad(pattern, remote.machine.board.shell.core)
    lines = [f"open t {MESSAGE} rwn => 0", "open m /dev/rpmsg0 rw => 0"]
    for line in map(str.strip, table.splitlines()):
        call, _, wanted = line.partition(calls.SEPARATOR)
        if call.startswith("! "):
            lines += [f"write m ={call[2:]} => 1", "poll m 3000 => {come}", f"read m 8 => 1 ={wanted}"]
        else:
            lines.append(line)
    return calls.run(remote.machine, "\n".join([*lines, "close m => 0", "close t => 0"]))


def answer(remote: Remote) -> bytes:
    """Return what came with the last kick, as the client's dump of it says."""
    dump = remote.host.run_check(f"dd if={MESSAGE} bs=1024 count=1 2>/dev/null")
    return bytes.fromhex("".join(line[: 16 * 3] for line in dump))


def letter(size: int, seed: int) -> bytes:
    """Return what ``write t SIZE/SEED`` writes."""
    return bytes((seed + at * 37 + (at >> 8)) % 256 for at in range(size))


def answer_to(text: bytes) -> bytes:
    """Return what the remote answers to a letter, which the client pads with zeros."""
    return bytes(byte ^ 0xFF for byte in text.ljust(LETTER, b"\0"))


@pytest.mark.parametrize("size", [0, 1, 2, 127, 128])
def test_letter_of_any_length(remote: Remote, size: int) -> None:
    make(remote, f"write t {size}/9 => {size}\npoll t 3000 => IN+RDNORM")
    assert answer(remote) == answer_to(letter(size, 9))
    make(remote, "read t 9 => EAGAIN\npoll t 0 => 0\n! n => 1")


def test_letter_that_is_refused(remote: Remote) -> None:
    """It is too long, or cannot be read; the next one is sent."""
    table = f"write t {LETTER + 1}/1 => EINVAL\nwrite t !8 => EFAULT\n! n => 0\nwrite t 4/1 => 4\n! n => 1"
    make(remote, table, f"mailbox_test {DEVICE}: Message length {LETTER + 1} greater than max allowed {LETTER}")
    assert answer(remote) == answer_to(letter(4, 1))


def test_letter_with_a_signal(remote: Remote) -> None:
    """What is kicked with is the signal then, and the letter is in the memory all the same."""
    signal = MESSAGE.replace("message", "signal")
    make(remote, f"open s {signal} w => 0\nwrite s =12345678 => 8\nwrite t 5/2 => 5\nclose s => 0")
    assert answer(remote) == answer_to(letter(5, 2))


def test_many_letters(remote: Remote) -> None:
    """Each is taken once, in its turn, and the client is told of each; more than the queue holds.

    They are written by one core or the other, as each takes its memory from elsewhere: in the memory of the letter
    before would be this letter.
    """
    host, before, count = remote.host, sent(remote), 3 * QUEUE + 7
    cores = host.text("cat /sys/devices/system/cpu/online") != "0"
    by = "".join("2" if cores and number % 7 in (1, 2, 4) else "1" for number in range(count))
    one = f"printf %s letter-$n >{MESSAGE} && dd if={MESSAGE} bs=1024 count=1 2>/dev/null | head -n 1 || exit"
    loop = f"n=0; for core in {' '.join(by)}; do taskset $core sh -c 'n=$1; {one}' - $n; n=$((n + 1)); done"
    dumps = host.run_check(loop, 60)
    answers = [bytes.fromhex(line[: 16 * 3]) for line in dumps]
    assert answers == [answer_to(f"letter-{number}".encode())[:16] for number in range(count)]
    assert sent(remote) == before + count
    make(remote, f"! n => {count % 10}")


def sent(remote: Remote) -> int:
    """Return of how many letters the client says that they were sent."""
    return int(remote.host.text("dmesg | grep -c 'mailbox_test .*: Client: Message sent$' || true"))


NOT_SENT = (f"mailbox_test {DEVICE}: Client: Message could not be sent: -62", "Failed to send message via mailbox")


def test_patience_with_a_remote_that_takes_nothing(remote: Remote) -> None:
    """Each letter is waited for, also after one that was given up, and what comes late disturbs no later one."""

    def attempt() -> Outcome:
        return next(one for one in make(remote, "write t 3/7 => ETIME", *NOT_SENT) if one.call.startswith("write t"))

    make(remote, "! h => 0")
    before = sent(remote)
    check_patience(attempt, PATIENCE, again=lambda: None)
    check_patience(attempt, PATIENCE, again=lambda: None)
    make(remote, "! n => 0\n! g => 0\npoll t 3000 => IN+RDNORM\n! n => 1")
    assert answer(remote) == answer_to(letter(3, 7))
    assert sent(remote) == before, "it was told of once, as lost"
    make(remote, "write t 6/8 => 6\npoll t 3000 => IN+RDNORM\n! n => 2")
    assert answer(remote) == answer_to(letter(6, 8))
    assert sent(remote) == before + 1


def test_letter_that_is_taken_late(remote: Remote) -> None:
    """Whoever wrote it sleeps until then, and no longer, also while what others send is taken."""
    table = """
    ! h => 0
    go j write t 9/3 => begun
    ! n => 0
    join j 200 => blocked
    ! g => 0
    join j 300 => 9
    ! n => 1
    """
    make(remote, table.strip())
    assert answer(remote) == answer_to(letter(9, 3))


def test_reader_waits_for_a_kick(remote: Remote) -> None:
    """It sleeps for as long as nothing comes, and finds then what is in the memory."""
    make(
        remote, f"open r {MESSAGE} r => 0\ntry read r 600 => blocked\n! k => 1\npoll t 3000 => IN+RDNORM\nclose r => 0"
    )
    assert len(answer(remote)) == LETTER
    make(remote, "read t 9 => EAGAIN")


def test_client_that_goes_and_comes_back(remote: Remote) -> None:
    """It gives back its channels, their interrupts and its share of the clock; remoteproc's are as before."""
    host, machine = remote.host, remote.machine
    clock = "/sys/kernel/debug/clk/ipcc/clk_enable_count"
    users = int(host.text(f"cat {clock}"))
    assert machine.read_number(C1MR) & (HEARD | ANSWERED) == ANSWERED
    host.run_check(f"echo {DEVICE} >{DRIVER}/unbind")
    assert machine.read_number(C1MR) & (HEARD | ANSWERED) == HEARD | ANSWERED
    assert int(host.text(f"cat {clock}")) == users - 2
    assert host.run(f"test -e {MESSAGE}").exitcode
    host.run_check(f"echo {DEVICE} >{DRIVER}/bind")
    assert int(host.text(f"cat {clock}")) == users
    make(remote, "! k => 1\npoll t 3000 => IN+RDNORM\nwrite t 2/5 => 2\n! n => 1")
    assert answer(remote) == answer_to(letter(2, 5))


def test_kick_for_a_client_that_has_gone(remote: Remote, known_bug: Meetings) -> None:
    """It stands until there is a client again, which is told of it at once."""
    host = remote.host
    host.run_check(f"echo {DEVICE} >{DRIVER}/unbind")
    table = "open m /dev/rpmsg0 rw => 0"
    for digit in (1, 0, 0):
        table += f"\nwrite m =k => 1\npoll m 3000 => {{come}}\nread m 8 => 1 ={digit}"
    calls.run(remote.machine, table)
    with known_bug("mailbox-test-hears-too-early").ends(remote.machine):
        host.run_check(f"echo {DEVICE} >{DRIVER}/bind")
        make(remote, "poll t 3000 => IN+RDNORM\n! k => 1")


@pytest.mark.thorough
def test_client_that_goes_leaks_nothing(boot: Callable[..., LinuxMachine]) -> None:
    machine = boot(**memory.COUNTED)
    skip_without_client(machine)
    host = machine.host
    Remote(machine).start(IMAGE, services=["rpmsg-raw"])
    # The answer has to come before the client goes: see the scenario above.
    answered = f"printf x >{MESSAGE} && head -c 1 {MESSAGE} >/dev/null"
    one = f"{answered} && echo {DEVICE} >{DRIVER}/unbind && echo {DEVICE} >{DRIVER}/bind"
    host.run_check(one)
    with nothing_leaks(host):
        host.run_check(f"for i in $(seq {ROUNDS}); do {one} || exit; done", 60)


def test_client_outlives_the_remote(remote: Remote) -> None:
    """A letter that nobody takes as the remote has ended is given up; the next remote begins with an empty channel."""
    make(remote, "write t 1/1 => 1\n! n => 1")
    remote.stop()
    for pattern in NOT_SENT:
        remote.machine.expect_bad(pattern, remote.machine.board.shell.core)
    calls.run(remote.machine, f"open t {MESSAGE} w => 0\nwrite t 7/4 => ETIME\nclose t => 0")
    remote.start(IMAGE, services=["rpmsg-raw"])
    make(remote, "write t 7/6 => 7\npoll t 3000 => IN+RDNORM\n! n => 1")
    assert answer(remote) == answer_to(letter(7, 6))
