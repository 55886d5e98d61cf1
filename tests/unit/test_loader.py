# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is told of a firmware file without running it, against what Linux and the remote were seen to do."""

from __future__ import annotations

import random
import re

import pytest
from elf_files import ADDRESS, made_elf
from test_badfirmware import target  # noqa: F401

from ampstand.board import Board, RemoteCore
from ampstand.formats.elf import EHDR, SHDR, Image
from ampstand.formats.resource_table import Trace, Vdev, locate, table
from ampstand.linux import loader
from ampstand.linux.badfirmware.cases import CASES, SHDRS_UNCHECKED, Case, Verdict
from ampstand.linux.badfirmware.generator import Elf, Target
from ampstand.linux.loader import Effect

BEYOND = {"vdev-console", "vring-num-2g"}
"""Cases of which Linux says more once the driver of the virtio device looks at it."""


@pytest.fixture
def remote() -> RemoteCore:
    """Return the remote of the default board."""
    core = Board.load().remote
    assert core is not None
    return core


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_what_linux_was_seen_to_do(case: Case, target: Target) -> None:  # noqa: F811
    """The cases are run against Linux by tests/scenarios/test_bad_input.py."""
    findings = loader.linux(case.make(target), target.regions, case.bits or target.bits)
    assert bool(loader.refused(findings)) == (case.verdict == Verdict.REFUSED)
    if case.verdict != Verdict.REFUSED:  # else it is a bug of kernels that do not refuse it
        assert (case.bug is not None) <= any(finding.bug for finding in findings)
    if case.bug is None and case.log and case.name not in BEYOND:
        said = [finding.message for finding in findings]
        assert all(any(re.search(pattern, message) for pattern in case.log) for message in said), said
        assert said


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.unchecked is SHDRS_UNCHECKED], ids=lambda case: case.name
)
def test_kernels_that_do_not_check_section_headers(case: Case, target: Target) -> None:  # noqa: F811
    assert case.unchecked is not None
    findings = loader.linux(case.make(target), target.regions, 32, unchecked=True)
    assert {finding.bug for finding in findings if finding.bug} <= {case.unchecked.id}
    assert loader.refused(findings)


@pytest.mark.parametrize("unchecked", [False, True])
@pytest.mark.parametrize("bits", [32, 64])
def test_a_file_cut_off_anywhere_gets_a_verdict(target: Target, bits: int, unchecked: bool) -> None:  # noqa: F811
    good = Elf(target.base, bits=bits).pack()
    assert loader.linux(good, target.regions, 32, unchecked=unchecked) == []
    for size in range(len(good)):
        assert loader.refused(loader.linux(good[:size], target.regions, 32, unchecked=unchecked)), size
    chance = random.Random(3)
    for _ in range(2000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        loader.linux(bytes(data), target.regions, 32, unchecked=unchecked)


def test_a_refusal_is_the_last_finding(target: Target) -> None:  # noqa: F811
    for case in CASES:
        findings = loader.linux(case.make(target), target.regions, 32)
        assert all(finding.effect != Effect.REFUSED for finding in findings[:-1]), case.name


def test_a_good_image_can_run(remote: RemoteCore) -> None:
    image = Image.read(made_elf(table(Trace(0, 1))))
    assert loader.core(image, remote) == []
    assert loader.boot_loader(image, locate(image), remote) == ""


def vectors(stack: int, start: int) -> bytes:
    """Return an image with these vectors over the good ones."""
    return made_elf(more=((0, stack.to_bytes(4, "little") + start.to_bytes(4, "little")),), vectors=False)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (made_elf(machine=62), "it is 32-bit code for Advanced Micro Devices X86-64"),
        (made_elf(bits=64), "it is 64-bit code for ARM"),
        (made_elf(vectors=False), "nothing is loaded at 0x0, where m4 finds its vectors"),
        (vectors(0x10020000, 0x10000000), "no Thumb bit"),
        (vectors(0x10020000, 0x08000001), "reset vector 0x8000001 leads out of the memory"),
        (vectors(0x10020000, 0x10010001), "nothing is loaded where the reset vector 0x10010001"),
        (vectors(0x08000000, 0x10000001), "stack pointer 0x8000000 leads out"),
    ],
)
def test_what_the_core_cannot_run(data: bytes, reason: str, remote: RemoteCore) -> None:
    (found,) = loader.core(Image.read(data), remote)
    assert reason in found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (made_elf(bits=64), "no 32-bit"),
        (made_elf(more=((0x08000000, b"x"),)), "0x1 bytes at 0x8000000 are not RAM"),
        (made_elf(table(), address=0xA0021000), "bytes at 0xa0021000 are not RAM"),
        (made_elf()[:200], "behind the end of the file"),
        (made_elf(kind=3), "no executable"),
    ],
)
def test_what_the_boot_loader_refuses(data: bytes, reason: str, remote: RemoteCore) -> None:
    image = Image.read(data)
    assert reason in loader.boot_loader(image, locate(image), remote)


@pytest.mark.parametrize(
    "held", [b"", table()[:15], table(version=2), table(reserved=(0, 1)), table(num=1)], ids=lambda held: held.hex()
)
def test_a_section_without_a_table_does_not_matter_before_linux(held: bytes, remote: RemoteCore) -> None:
    """U-Boot loads the segments and takes no notice of where such a section should go."""
    data = bytearray(made_elf(held))
    shdr = EHDR[32].unpack(bytes(data), 0)["shoff"] + SHDR[32].size
    row = SHDR[32].unpack(bytes(data), shdr)
    data[shdr : shdr + SHDR[32].size] = SHDR[32].pack(row | {"addr": 0xA0021000})
    image = Image.read(bytes(data))
    found = locate(image)
    assert found is not None
    assert (found.address, bool(found.table.problem)) == (0xA0021000, True)
    assert loader.boot_loader(image, found, remote) == ""


def test_an_image_at_other_addresses_of_the_same_memory(remote: RemoteCore) -> None:
    """Linux knows only the addresses of the device tree; the core and the boot loader know all."""
    data = made_elf(table(Vdev(), Trace(ADDRESS, 16)), more=((0x20010000, b"data"),))
    image = Image.read(data)
    assert loader.core(image, remote) == []
    assert loader.boot_loader(image, locate(image), remote) == ""
    assert loader.refused(loader.linux(data, remote.regions, 32)) == "bad phdr da 0x20010000 mem 0x4"
