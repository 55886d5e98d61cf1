# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Layouts: resource tables, ELF files, vrings, on bytes that are right, cut off and wrong."""

from __future__ import annotations

import random
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from elf_files import ADDRESS, made_elf

from ampstand.board import Board
from ampstand.errors import UsageError
from ampstand.formats import vring
from ampstand.formats.elf import EHDR, Image, NotElfError
from ampstand.formats.resource_table import (
    ANY,
    Carveout,
    Devmem,
    Entry,
    Table,
    Trace,
    Vdev,
    Vring,
    entry,
    locate,
    table,
)
from ampstand.qemu import vdev
from ampstand.qemu.trace import SIZE_MAX, TraceReader

BODIES = (
    Carveout(b"ram", 4096, da=0x10000000, flags=5),
    Devmem(1, 2, 3, name=b"regs"),
    Trace(0x10001000, 256, name=b"log"),
    Vdev((Vring(num=8), Vring(notifyid=1)), notifyid=3, status=7, count=2),
)


def test_a_table_is_read_as_it_was_packed() -> None:
    found = Table.parse(table(*BODIES))
    assert [item.body for item in found.entries] == list(BODIES)
    assert (found.version, found.num, found.reserved, found.problem) == (1, 4, (0, 0), "")
    assert found.all(Trace) == [BODIES[2]]
    assert [item.title for item in found.entries] == ["carveout", "devmem", "trace", "vdev"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "header-less resource table"),
        (table()[:15], "header-less resource table"),
        (table(version=2), "unsupported fw ver: 2"),
        (table(reserved=(0, 1)), "non zero reserved bytes"),
        (table(num=1), "resource table incomplete"),
    ],
)
def test_what_is_no_table_is_named_as_linux_does(data: bytes, problem: str) -> None:
    assert Table.parse(data).problem == problem
    assert Table.parse(data).entries == ()


def test_a_section_that_claims_more_than_the_file_has() -> None:
    assert Table.parse(table(), 100).problem == "resource table truncated"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (Trace(0, 1).pack()[:-1], "trace rsc is truncated"),
        (Trace(0, 1, reserved=1), "trace rsc has non zero reserved bytes"),
        (Carveout(b"x", 1).pack()[:-1], "carveout rsc is truncated"),
        (Carveout(b"x", 1, reserved=1), "carveout rsc has non zero reserved bytes"),
        (Vdev((Vring(),) * 3), "too many vrings: 3"),
        (Vdev((Vring(),) * 2, count=255), "vdev rsc is truncated"),
        (Vdev((Vring(),) * 2, config_len=1), "vdev rsc is truncated"),
        (Vdev(reserved=(1, 0)), "vdev rsc has non zero reserved bytes"),
    ],
)
def test_a_bad_entry_is_named_as_linux_does(data: Any, problem: str) -> None:
    (found,) = Table.parse(table(data)).entries
    assert found.problem == problem


def test_entries_of_other_types_are_passed_over() -> None:
    found = Table.parse(table(entry(4), entry(128), entry(512), entry(513)))
    assert [item.note for item in found.entries] == [
        "unsupported resource 4",
        "unsupported vendor resource 128",
        "unsupported vendor resource 512",
        "unsupported resource 513",
    ]
    assert Table.parse(table(b"", offsets=[15])).entries == (Entry(15, -1, problem="rsc table is truncated"),)


def test_nothing_makes_the_table_parser_fail() -> None:
    chance, good = random.Random(1), table(*BODIES)
    for size in range(len(good)):
        Table.parse(good[:size])
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        Table.parse(bytes(data))


@pytest.mark.parametrize("bits", [32, 64])
def test_an_elf_file_is_read(bits: int) -> None:
    image = Image.read(made_elf(table(*BODIES), bits=bits))
    assert (image.bits, image.machine, image.problems) == (bits, "ARM", ())
    assert [segment.paddr for segment in image.segments] == [0x10000000, ADDRESS, 0]
    assert image.segments[0].rights == "rwx"
    assert image.memory(4, 4) == b"\1\0\0\x10"
    assert image.memory(6, 100) == b"\0\x10"
    assert image.memory(0x20000000, 4) == b""
    found = locate(image)
    assert found is not None
    assert (found.address, found.section, found.table) == (ADDRESS, True, Table.parse(table(*BODIES)))


@pytest.mark.parametrize("bits", [32, 64])
def test_a_file_cut_off_anywhere_is_read_as_far_as_it_goes(bits: int) -> None:
    good = made_elf(table(*BODIES), bits=bits)
    for size in range(len(good)):
        try:
            image = Image.read(good[:size])
        except NotElfError:
            assert size < EHDR[bits].size
            continue
        assert image.problems
        locate(image)
        assert image.profile == ""
    chance = random.Random(2)
    for _ in range(500):
        data = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(7, len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        image = Image.read(bytes(data))
        locate(image)
        assert image.profile == ""
        image.memory(0, 1 << 40)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no ELF file"),
        (b"#!/bin/sh\n" * 20, "no ELF file"),
        (made_elf()[:4] + b"\3" + made_elf()[5:], "class 3"),
        (made_elf()[:5] + b"\0" + made_elf()[6:], "byte order 0"),
        (made_elf()[:51], "cut off: 51 of 52"),
    ],
)
def test_what_is_no_elf_file_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(NotElfError, match=reason):
        Image.read(data)


COMPILER = "arm-none-eabi-gcc"


@pytest.mark.skipif(shutil.which(COMPILER) is None, reason=f"no {COMPILER}")
def test_a_compiled_file(tmp_path: Path) -> None:
    """Symbols and the Arm profile; none of them in a stripped file."""
    source, output = tmp_path / "a.c", tmp_path / "a.elf"
    source.write_text("unsigned resource_table[4] = {1, 0, 0, 0}; void _start(void) {}\n")
    for cpu, profile in (("cortex-m4", "M"), ("cortex-a7", "A")):
        subprocess.run(
            [COMPILER, f"-mcpu={cpu}", "-nostdlib", "-Ttext=0x10000000", "-o", output, source],
            check=True,
            capture_output=True,
        )
        assert Image.read(output.read_bytes()).profile == profile
    found = locate(Image.read(output.read_bytes()))
    assert found is not None
    assert (found.section, found.table.problem, found.data) == (False, "", table())
    subprocess.run(["arm-none-eabi-strip", output], check=True)
    assert locate(Image.read(output.read_bytes())) is None


def test_vring_layout() -> None:
    """Sizes as ``vring_size()`` of Linux computes them."""
    assert (vring.size(16, 16), vring.size(8, 4096)) == (438 - 438 % 2, 4096 + 70)
    ring = vring.Vring(0x1000, 16, 16)
    assert ring.descriptor(2) == 0x1020
    assert (ring.avail, ring.avail_idx, ring.used, ring.used_idx) == (0x1100, 0x1102, 0x1130, 0x1132)


class Memory:
    """A machine of which only the memory is there."""

    def __init__(self, *parts: tuple[int, bytes]) -> None:
        self.parts = dict(parts)

    def read_memory(self, address: int, size: int) -> bytes:
        out = bytearray(size)
        for start, data in self.parts.items():
            if address <= start < address + size:
                out[start - address : start - address + len(data)] = data[: size - (start - address)]
        return bytes(out[:size])


def test_the_trace_is_where_the_table_in_memory_says(tmp_path: Path) -> None:
    image, bare = tmp_path / "a.elf", tmp_path / "bare.elf"
    image.write_bytes(made_elf(table(Trace(0, 64))))
    bare.write_bytes(made_elf())
    core = Board.load().remote
    assert core is not None
    memory = Memory((ADDRESS, table(Trace(0x10002000, 64))), (0x10002000, b"hello\n"))
    reader = TraceReader(memory, core, [image, bare])  # type: ignore[arg-type]
    assert reader.poll() == "hello\n"
    memory.parts[0x10002000] = b"hello\nworld\n"
    assert (reader.poll(), reader.poll()) == ("world\n", "")
    memory.parts[ADDRESS] = table(Trace(0x0FFFFFFF, 64), Trace(0x10003000, 0xFFFFFFFF), Trace(0x10004000, 0))
    assert reader.poll() == ""
    with pytest.raises(UsageError, match=r"none\.elf"):
        TraceReader(memory, core, [tmp_path / "none.elf"])  # type: ignore[arg-type]


class Running(Memory):
    """The same, with a core that runs."""

    alive = True
    state = "running"

    def qmp(self, command: str, **arguments: object) -> str:
        assert (command, arguments["property"]) == ("qom-get", "state")
        return self.state

    def read_number(self, address: int, size: int) -> int:
        return int.from_bytes(self.read_memory(address, size), "little")


TO_LINUX, TO_REMOTE = 0x10040000, 0x10041000
RINGS = (Vring(TO_LINUX, 16, 8), Vring(TO_REMOTE, 16, 8))


@pytest.mark.parametrize(
    ("status", "counts", "awaited"),
    [
        (0, (0, 0, 0, 0), ["no driver of Linux has set up the rpmsg device yet (status 0x0); rpmsg_probe() does"]),
        (7, (0, 0, 0, 0), ["Linux has lent the remote no buffer yet; rpmsg_probe() does"]),
        (7, (8, 0, 0, 0), ["the remote has sent nothing yet"]),
        (7, (8, 3, 0, 0), ["Linux has yet to take 3 of 3 messages; rpmsg_recv_done() does"]),
        (7, (11, 3, 2, 2), []),
        (7, (11, 3, 5, 2), ["the remote has yet to take 3 of 5 messages"]),
        (7, (4, 65533, 1, 65535), ["Linux has yet to take 1 of 65533 messages; rpmsg_recv_done() does; "
                                   "the remote has yet to take 2 of 1 messages"]),
    ],
)  # fmt: skip
def test_what_is_awaited_of_linux_and_the_remote(
    tmp_path: Path, status: int, counts: tuple[int, int, int, int], awaited: list[str]
) -> None:
    image, core = tmp_path / "a.elf", Board.load().remote
    assert core is not None
    there = table(Vdev(RINGS, status=status))
    image.write_bytes(made_elf(there))
    rings = [vring.Vring(ring.da, ring.num, ring.align) for ring in RINGS]
    places = [place for ring in rings for place in (ring.avail_idx, ring.used_idx)]
    values = [(at, count.to_bytes(2, "little")) for at, count in zip(places, counts, strict=True)]
    machine = Running((ADDRESS, there), *values)
    tables = TraceReader(machine, core, [image]).tables  # type: ignore[arg-type]
    ask = partial(vdev.awaited, machine, core, tables)  # type: ignore[arg-type]
    assert list(ask()) == [f"m4 and Linux: {line}" for line in awaited]
    machine.state = "held"
    assert list(ask()) == []
    machine.state, machine.alive = "running", False
    assert list(ask()) == []


def test_a_vring_that_is_nowhere(tmp_path: Path) -> None:
    image, core = tmp_path / "a.elf", Board.load().remote
    assert core is not None
    there = table(Vdev((Vring(ANY, 16, 8),) * 2, status=7))
    image.write_bytes(made_elf(there))
    machine = Running((ADDRESS, there))
    (line,) = vdev.awaited(machine, core, TraceReader(machine, core, [image]).tables)  # type: ignore[arg-type]
    assert line == "m4 and Linux: a vring is where nothing is: 8 entries at 0xffffffff"


def test_of_a_huge_trace_only_a_part_is_read(tmp_path: Path) -> None:
    image = tmp_path / "a.elf"
    image.write_bytes(made_elf(table(Trace(0xC0000000, 0x10000000))))
    core = Board.load().remote
    assert core is not None
    memory = Memory((ADDRESS, table(Trace(0xC0000000, 0x10000000))), (0xC0000000, b"x" * (SIZE_MAX + 1)))
    assert len(TraceReader(memory, core, [image]).poll()) == SIZE_MAX  # type: ignore[arg-type]
