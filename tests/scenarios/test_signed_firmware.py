# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The secure world loads and starts the remote, and takes nothing that is not signed; Linux is as it comes.

A program asks for it through ``/dev/tee0``. docs/secure-boot.md has the table of the answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import pytest
from Cryptodome.Hash import SHA256
from Cryptodome.PublicKey import RSA
from Cryptodome.Signature import pkcs1_15

from ampstand.build.artifacts import Artifacts
from ampstand.formats import signed
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.secure_remote import DONE, REFUSED, SecureRemote, place

pytestmark = [pytest.mark.needs("secure", "remoteproc", "remote-console"), pytest.mark.thorough]

IMAGE = "count-bare"
GOOD, OLDER = "good", "older"
SECURITY, BAD_PARAMETERS, BAD_STATE, NOT_SUPPORTED = 0xFFFF000F, 0xFFFF0006, 0xFFFF0007, 0xFFFF000A
OUT_OF_MEMORY, BUSY = 0xFFFF000C, 0xFFFF000D
BAD_SIGNATURE = 0xFFFF3072

Start = Callable[[Mapping[str, bytes]], SecureRemote]


def start_good(secure: SecureRemote) -> None:
    """Let the good image run, and see that it does."""
    secure.done("load", place(GOOD), "start")
    assert secure.runs()
    secure.wait_counting()


def end(secure: SecureRemote) -> None:
    """Stop what runs, and have nothing of it left."""
    secure.done("stop", "release")
    assert secure.core_state() == "held"
    assert secure.held_segments() == []


@pytest.fixture
def good(artifacts: Artifacts) -> bytes:
    """Return the image as it is signed."""
    return artifacts.signed[IMAGE].read_bytes()


@pytest.fixture
def start(boot: Callable[..., LinuxMachine]) -> Start:
    """Return a function that boots a board with signed images by name."""

    def begin(images: Mapping[str, bytes]) -> SecureRemote:
        files = {place(name).lstrip("/"): data for name, data in images.items()}
        machine = boot(secure="signed", files=files)
        machine.tolerate_bad(REFUSED, "an image is refused", "host")
        return SecureRemote(machine, IMAGE)

    return begin


def test_a_signed_image_runs(start: Start, good: bytes, artifacts: Artifacts) -> None:
    """Loaded, started, stopped and released, several times; and so is one of before, which nobody can tell from it."""
    secure = start({GOOD: good, OLDER: artifacts.signed["hello-bare"].read_bytes()})
    assert secure.held_segments() == []
    for _ in range(3):
        start_good(secure)
        end(secure)
    secure.done("load", place(OLDER), "start")
    assert secure.runs()
    end(secure)
    start_good(secure)


def test_a_changed_bit_is_found(start: Start, good: bytes) -> None:
    """In the header, in each TLV, in the signature, in each segment: nothing of the image is left, and it can go on."""
    parts = signed.parts(good)
    assert {"signature", "TLV: hash table", "segment 0", "header: magic"} <= parts.keys()
    names = {part: f"changed-{index}" for index, part in enumerate(parts)}
    secure = start({GOOD: good} | {names[part]: signed.flipped(good, at) for part, at in parts.items()})
    answers: dict[str, int] = {}
    for part, name in names.items():
        (answers[part],) = secure.ask("load", place(name))
        segment = int(part.split()[1]) if part.startswith("segment") else None
        # Segments before the changed one are what was signed, and stay until somebody says that they are not wanted.
        assert (
            all(index < segment for index in secure.held_segments())
            if segment is not None
            else secure.held_segments() == []
        )
        assert secure.ask("start") == [BAD_STATE]
        assert not secure.runs()
        assert secure.ask("release") == [DONE]
        assert secure.held_segments() == []
    expected = dict.fromkeys(parts, BAD_SIGNATURE)
    expected |= {part: BAD_PARAMETERS for part in parts if part.startswith("header")}
    expected |= dict.fromkeys(("header: TLV size", "header: signature size"), OUT_OF_MEMORY)  # 64 KiB more
    expected |= {"TLV: signature type": NOT_SUPPORTED}
    expected |= {part: SECURITY for part in parts if part.startswith("segment")}
    assert {part: hex(answer) for part, answer in answers.items()} == {
        part: hex(answer) for part, answer in expected.items()
    }
    start_good(secure)


def mutant(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """Return an image with a random fault, and what it is: half of them are in a part that is signed."""
    at, room = 0, len(data)
    if chance.random() < 0.5:
        part = chance.choice(list(signed.parts(data).values()))
        at, room = part.offset, part.size
    start = at + chance.randrange(room)
    size = 1 + min(chance.randrange(64), at + room - start - 1)
    head, middle, tail = data[:start], data[start : start + size], data[start + size :]
    kind = chance.choice(["bit", "bytes", "cut", "twice", "end"])
    changed = {
        "bit": head + bytes([middle[0] ^ 1 << chance.randrange(8)]) + middle[1:] + tail,
        "bytes": head + chance.randbytes(size) + tail,
        "cut": head + tail,
        "twice": head + 2 * middle + tail,
        "end": head,
    }[kind]
    return f"{kind} of {size} at {start:#x}", changed


def test_random_faults(start: Start, good: bytes, pytestconfig: pytest.Config) -> None:
    """What is taken is what was signed, byte for byte, in the remote's memory: not all of the file is loaded."""
    seed, count = pytestconfig.getoption("ampstand_seed"), pytestconfig.getoption("ampstand_mutants") // 2
    chance = random.Random(seed)
    mutants = {f"mutant{number}": mutant(good, chance) for number in range(count)}
    secure = start({GOOD: good} | {name: data for name, (_, data) in mutants.items()})
    secure.done("load", place(GOOD))
    assert secure.holds_image()
    secure.done("release")
    assert not secure.holds_image()
    taken, wrong = 0, []
    for name, (what, _) in mutants.items():
        (answer,) = secure.ask("load", place(name))
        taken += answer == DONE
        if not secure.holds_image() if answer == DONE else secure.ask("start") != [BAD_STATE]:
            wrong.append(f"{name} ({what}): {answer:#x}; seed {seed}")
        secure.ask("release")
        if secure.held_segments():
            wrong.append(f"{name} ({what}): something of it is left; seed {seed}")
    secure.machine.records.values |= {"seed": seed, "mutants": count, "taken": taken}
    assert not wrong, "\n".join(wrong)
    start_good(secure)


def other_key(data: bytes) -> bytes:
    """Return an image that is signed as it should be, but with another key."""
    parts = signed.parts(data)
    at = parts["signature"]
    signature = pkcs1_15.new(RSA.generate(8 * at.size)).sign(SHA256.new(data[: at.offset]))
    return data[: at.offset] + signature + data[at.offset + at.size :]


def test_what_is_no_signed_image_is_refused(start: Start, good: bytes, artifacts: Artifacts) -> None:
    plain = artifacts.firmware[IMAGE].read_bytes()
    bad = {
        "unsigned": plain,
        "other-key": other_key(good),
        "truncated": good[:-1],
        "header-alone": good[:20],
        "half": good[: len(good) // 2],
        "too-long": good + bytes(8),
    }
    secure = start({GOOD: good} | bad)
    answers = {name: secure.ask("load", place(name), "start") for name in bad}
    assert answers == {name: [BAD_SIGNATURE if name == "other-key" else BAD_PARAMETERS, BAD_STATE] for name in bad}
    assert secure.held_segments() == []
    assert not secure.runs()
    start_good(secure)


def test_out_of_order(start: Start, good: bytes) -> None:
    """Commands that do not fit the state of the remote change nothing."""
    secure = start({GOOD: good})
    assert secure.ask("start") == [BAD_PARAMETERS]  # nothing is known of this remote yet
    assert secure.ask("stop") == [BAD_PARAMETERS]
    assert secure.ask("load", place(GOOD), "load", place(GOOD)) == [DONE, DONE]
    assert secure.ask("stop") == [BAD_STATE]
    assert secure.ask("start", "start") == [DONE, DONE]
    secure.wait_counting()
    assert secure.ask("load", place(GOOD)) == [BAD_STATE]
    assert secure.ask("release") == [BAD_STATE]
    assert secure.runs()
    assert secure.ask("stop", "stop", "start") == [DONE, DONE, BAD_STATE]
    assert secure.ask("release") == [DONE]
    start_good(secure)


def test_two_clients(start: Start, good: bytes) -> None:
    """There is one session at a time. What a client has loaded stays when it ends, for the next one to start."""
    secure = start({GOOD: good})
    host = secure.host
    job = host.start("client", f"tee-remoteproc load {place(GOOD)} hold")
    host.wait_for("cat /tmp/client.out", '"load"', secure.timeout)
    assert secure.ask("start") == [BUSY]
    assert secure.ask("release") == [BUSY]
    assert not secure.runs()
    host.run_check("kill $(pidof tee-remoteproc)")
    host.finish(job, secure.timeout)
    assert secure.ask("start") == [DONE]
    secure.wait_counting()
    end(secure)


def test_linux_cannot_start_it(start: Start, good: bytes) -> None:
    """The resets that Linux starts a remote by are refused to it, and its writes to the RCC are ignored."""
    secure = start({GOOD: good})
    host = secure.host
    for line in ("failed to set hold boot", "can't start rproc m4: -13", "Boot failed: -13"):
        secure.machine.expect_bad(f"remoteproc remoteproc0: {line}", "host")
    host.run_check(f"echo {IMAGE}.elf >{secure.sysfs}/firmware")
    assert "Permission denied" in host.run(f"echo start >{secure.sysfs}/state").output
    assert secure.state() == "offline"
    assert not secure.runs()
