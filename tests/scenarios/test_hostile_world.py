# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A normal world that asks the secure one for anything: random monitor calls, random traffic of a client.

Meanwhile the remote runs a signed image. QEMU, OP-TEE and the remote live on, and all of them do what they did before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from ampstand.linux import known_bugs
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.secure_remote import SecureRemote, memory_given_out
from ampstand.linux.shell import Shell
from ampstand.report.known import Meetings

pytestmark = [
    pytest.mark.needs("secure", "remoteproc", "rpmsg-char", "remote-console", "hotplug"),
    pytest.mark.secure("remoteproc"),
]

IMAGE = "count-bare"
CHUNK = 3
"""Seconds of either noise at a time."""
MODULE = "/lib/modules/smc_noise.ko"
TOO_MUCH = known_bugs.bug("tee-memory-of-any-size")
LASTING = 512
"""Bytes that OP-TEE may keep of all the noise, however long it is: what it sets up once."""
REFUSALS = 32
"""So many that one lost block of OP-TEE's heap for each of them (24 bytes or more) is over `LASTING`."""
REFERENCE, REFERENCES = 88, 100
"""What OP-TEE 4.10 keeps of a call that names its own page, if the attribute has a bit without a meaning."""
ENDS = "the-noise-has-ended"
SECONDS = [
    pytest.param(12, id="12-seconds"),
    pytest.param(600, id="600-seconds", marks=[pytest.mark.soak, pytest.mark.time_limit(2400)]),
]


def noise(machine: LinuxMachine, command: str) -> list[str]:
    """Let Linux make noise; return what the command printed. OP-TEE, too, says much on Linux's console meanwhile."""
    console, mark = machine.host.console, machine.host.console.mark()
    result = machine.host.run_quietly(
        f"{command}; echo {ENDS} >/dev/kmsg", lambda: console.expect_line(ENDS, since=mark, timeout=20 * CHUNK)
    )
    assert not result.exitcode, result.output
    return result.stdout


def grown(host: Shell, before: dict[str, int]) -> dict[str, int]:
    """Return what OP-TEE holds more than before, beyond the block or two that come and go with what it does beside."""
    now = memory_given_out(host)
    return {name: more for name in before if (more := now.get(name, 0) - before[name]) > LASTING}


def seeds(seed: int) -> Iterator[int]:
    """Yield one after the other."""
    while True:
        yield seed
        seed = (seed * 1664525 + 1013904223) % 2**32


@pytest.mark.thorough
@pytest.mark.parametrize("seconds", SECONDS)
def test_random_calls(fresh_machine: LinuxMachine, pytestconfig: pytest.Config, seconds: int) -> None:
    machine, secure, host = fresh_machine, SecureRemote(fresh_machine, IMAGE), fresh_machine.host
    machine.log_level = -1  # Linux may say what it likes of such calls, unless it is known to be bad
    known_bugs.accept(machine, TOO_MUCH)
    secure.start(IMAGE, services=["rpmsg-raw"])
    secure.wait_counting()
    before = memory_given_out(host)
    counts = {"smc": 0, "calls": 0, "done": 0, "refused": 0, "failed": 0, "killed": 0}
    for _, seed in zip(range(seconds // (2 * CHUNK)), seeds(pytestconfig.getoption("ampstand_seed")), strict=False):
        machine.records.note(f"seed {seed}")
        noise(machine, f"insmod {MODULE} seed={seed} milliseconds={1000 * CHUNK} && rmmod smc_noise")
        (said,) = host.run_check("dmesg | grep 'smc_noise: .* calls' | tail -n 1")
        found = re.search(r"(\d+) calls", said)
        assert found is not None
        counts["smc"] += int(found[1])
        done = json.loads(noise(machine, f"tee-noise {seed} {CHUNK}")[-1])
        counts = {name: number + done.get(name, 0) for name, number in counts.items()}
        assert (secure.state(), secure.core_state()) == ("running", "running")
        secure.wait_counting()
        assert secure.echo_char(options="-n 20")["messages"] == 20
        assert not grown(host, before)
    machine.records.values["noise"] = counts
    assert all(counts[name] for name in ("smc", "done", "refused", "failed")), counts
    secure.check_counted_on()
    secure.stop()
    assert secure.held_segments() == []
    for state in (0, 1):
        host.run_check(f"echo {state} >/sys/devices/system/cpu/cpu1/online")
    secure.start("echo-bare", services=["rpmsg-raw"])
    assert secure.echo_char(options="-n 100")["messages"] == 100


def test_memory_of_any_size(fresh_machine: LinuxMachine, known_bug: Meetings) -> None:
    """A program that wants more memory to share than there is gets an error, and that is all, however often it asks."""
    known_bug(TOO_MUCH.id).announce(fresh_machine)
    host, before = fresh_machine.host, memory_given_out(fresh_machine.host)
    refusals = host.run(f"for i in $(seq {REFUSALS}); do tee-memory 0x80000000 && echo was-given; done")
    assert "was-given" not in refusals.output
    assert refusals.output.count("Cannot allocate memory") == REFUSALS
    assert not grown(host, before)


def test_references_that_stay(fresh_machine: LinuxMachine) -> None:
    """What a call names as its memory is given back with it; OP-TEE 4.10 forgets it if an attribute has other bits."""
    host = fresh_machine.host

    def kept(attribute: int) -> int:
        """Return how many bytes OP-TEE keeps of each call."""
        before = memory_given_out(host)["heap"]
        host.run_check(f"insmod {MODULE} references={REFERENCES} attribute={attribute:#x} && rmmod smc_noise")
        return round((memory_given_out(host)["heap"] - before) / REFERENCES)

    assert kept(0) <= LASTING // REFERENCES
    for attribute in (1, 0x80000000):
        assert kept(attribute) in (0, REFERENCE), "one or the other: none, or each of them"
    assert kept(0) == 0
