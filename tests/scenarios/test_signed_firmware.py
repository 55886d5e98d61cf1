# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The secure world loads and starts the remote, and takes nothing that is not signed; Linux is as it comes.

A program asks for it through ``/dev/tee0``. docs/secure-boot.md has the table of the answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from Cryptodome.Hash import SHA256
from Cryptodome.PublicKey import RSA
from Cryptodome.Signature import pkcs1_15

from ampstand.build.artifacts import Artifacts
from ampstand.formats import signed
from ampstand.formats.elf import Image
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = pytest.mark.needs("secure", "remoteproc", "remote-console")

IMAGE = "count-bare"
GOOD = "good"
DONE = 0
SECURITY, BAD_PARAMETERS, BAD_STATE, NOT_SUPPORTED = 0xFFFF000F, 0xFFFF0006, 0xFFFF0007, 0xFFFF000A
BAD_SIGNATURE = 0xFFFF3072
REFUSED = r"E/TA: +\S+ Can't Authenticate the firmware"

Start = Callable[[Mapping[str, bytes]], "Secure"]


class Secure:
    """A board whose remote is the secure world's, with images in Linux's file system."""

    def __init__(self, machine: LinuxMachine) -> None:
        """Take a board that is up."""
        self.machine = machine
        self.remote = Remote(machine)
        self.image = Image.read(machine.artifacts.firmware[IMAGE].read_bytes())

    def ask(self, *words: str) -> list[int]:
        """Ask for some commands in one session; return what came of each."""
        lines = self.machine.host.run_check(" ".join(["tee-remoteproc", *words]))
        answers = [json.loads(line) for line in lines if line.startswith("{")]
        return [int(answer["result"], 16) for answer in answers]

    def memory(self, index: int) -> bytes:
        """Return what the memory holds that a segment of the image is loaded to."""
        segment = self.image.segments[index]
        return self.machine.read_memory(self.remote.core.host_address(segment.paddr), segment.filesz)

    def holds(self) -> list[int]:
        """Return the segments of which the remote's memory holds anything."""
        return [index for index, one in enumerate(self.image.segments) if one.filesz and any(self.memory(index))]

    def runs(self) -> bool:
        """Whether the remote runs."""
        return self.remote.core_state() == "running"

    def start_good(self) -> None:
        """Let the good image run, and see that it does."""
        assert self.ask("load", path(GOOD), "start") == [DONE, DONE]
        assert self.runs()
        self.remote.wait_counting()

    def end(self) -> None:
        """Stop what runs, and have nothing of it left."""
        assert self.ask("stop", "release") == [DONE, DONE]
        assert self.remote.core_state() == "held"
        assert self.holds() == []


def path(name: str) -> str:
    """Return where an image is in Linux."""
    return f"/lib/firmware/{name}.signed"


@pytest.fixture
def good(artifacts: Artifacts) -> bytes:
    """Return the image as it is signed."""
    return artifacts.signed[IMAGE].read_bytes()


@pytest.fixture
def start(boot: Callable[..., LinuxMachine]) -> Start:
    """Return a function that boots a board with signed images by name."""

    def begin(images: Mapping[str, bytes]) -> Secure:
        files = {path(name).lstrip("/"): data for name, data in images.items()}
        machine = boot(secure="signed", files=files)
        machine.tolerate_bad(REFUSED, "an image is refused", "host")
        return Secure(machine)

    return begin


def test_a_signed_image_runs(start: Start, good: bytes) -> None:
    """Loaded, started, stopped and released, several times."""
    secure = start({GOOD: good})
    assert secure.holds() == []
    for _ in range(3):
        secure.start_good()
        secure.end()


def test_a_changed_bit_is_found(start: Start, good: bytes) -> None:
    """In the header, in each TLV, in the signature, in each segment: nothing of the image is left, and it can go on."""
    parts = signed.parts(good)
    assert {"signature", "TLV: hash table", "segment 0", "header: magic"} <= parts.keys()
    names = {part: f"changed-{index}" for index, part in enumerate(parts)}
    secure = start({GOOD: good} | {names[part]: signed.flipped(good, at) for part, at in parts.items()})
    answers: dict[str, int] = {}
    for part, name in names.items():
        (answers[part],) = secure.ask("load", path(name))
        segment = int(part.split()[1]) if part.startswith("segment") else None
        # Segments before the changed one are what was signed, and stay until somebody says that they are not wanted.
        assert all(index < segment for index in secure.holds()) if segment is not None else secure.holds() == []
        assert secure.ask("start") == [BAD_STATE]
        assert not secure.runs()
        assert secure.ask("release") == [DONE]
        assert secure.holds() == []
    expected = dict.fromkeys(parts, BAD_SIGNATURE)
    expected |= {part: BAD_PARAMETERS for part in parts if part.startswith("header")}
    expected |= {"TLV: signature type": NOT_SUPPORTED}
    expected |= {part: SECURITY for part in parts if part.startswith("segment")}
    assert {part: hex(answer) for part, answer in answers.items()} == {
        part: hex(answer) for part, answer in expected.items()
    }
    secure.start_good()


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
    answers = {name: secure.ask("load", path(name), "start") for name in bad}
    assert answers == {
        name: [BAD_SIGNATURE if name == "other-key" else BAD_PARAMETERS, BAD_STATE] for name in bad
    }
    assert secure.holds() == []
    assert not secure.runs()
    secure.start_good()


def test_out_of_order(start: Start, good: bytes) -> None:
    """Commands that do not fit the state of the remote change nothing."""
    secure = start({GOOD: good})
    assert secure.ask("start") == [BAD_PARAMETERS]  # nothing is known of this remote yet
    assert secure.ask("stop") == [BAD_PARAMETERS]
    assert secure.ask("load", path(GOOD), "load", path(GOOD)) == [DONE, DONE]
    assert secure.ask("stop") == [BAD_STATE]
    assert secure.ask("start", "start") == [DONE, DONE]
    secure.remote.wait_counting()
    assert secure.ask("load", path(GOOD)) == [BAD_STATE]
    assert secure.ask("release") == [BAD_STATE]
    assert secure.runs()
    assert secure.ask("stop", "stop", "start") == [DONE, DONE, BAD_STATE]
    assert secure.ask("release") == [DONE]
    secure.start_good()


def test_two_clients(start: Start, good: bytes) -> None:
    """One remote has one state, whoever asks, and keeps it when a client ends."""
    secure = start({GOOD: good})
    host = secure.machine.host
    job = host.start("client", f"tee-remoteproc load {path(GOOD)} hold")
    host.wait_for("cat /tmp/client.out", '"load"', secure.remote.timeout)
    assert secure.ask("load", path(GOOD), "start") == [DONE, DONE]
    secure.remote.wait_counting()
    host.run_check("kill $(pidof tee-remoteproc)")
    host.finish(job, secure.remote.timeout)
    assert secure.runs()
    secure.end()


def test_linux_cannot_start_it(start: Start, good: bytes) -> None:
    """The resets that Linux starts a remote by are refused to it, and its writes to the RCC are ignored."""
    secure = start({GOOD: good})
    host, remote = secure.machine.host, secure.remote
    host.run_check(f"echo {IMAGE}.elf >{remote.sysfs}/firmware")
    assert "Permission denied" in host.run(f"echo start >{remote.sysfs}/state").output
    assert remote.state() == "offline"
    assert not secure.runs()
