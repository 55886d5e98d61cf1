# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The generator of malformed firmware, on a good image made here."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from ampstand.board import Board
from ampstand.errors import UsageError
from ampstand.formats.elf import Segment
from ampstand.formats.resource_table import Trace, Vdev, table
from ampstand.linux.badfirmware.__main__ import main
from ampstand.linux.badfirmware.cases import BUGS, CASES, NAMES_PAST_END, PHDRS_PAST_END, Verdict
from ampstand.linux.badfirmware.generator import CODE, TABLE, VRINGS, Base, Elf, Target
from ampstand.linux.badfirmware.mutants import mutants
from ampstand.linux.badfirmware.oracle import known_bugs

GOOD_TABLE = table(Vdev(VRINGS), Trace(0x10020100, 4096))
HARMLESS = {"vring-align-3", "section-addr-vectors", "section-too-large", "20-traces", "entry-type-vendor"}
"""Cases that a known bug would strike but for a small thing: the remote does not run, or writes over the end only;
the driver is another one."""


@pytest.fixture
def target() -> Target:
    """Return a target with an image of the shape that our link script gives."""
    segments = (
        Segment(0, 0, b"V" * 0x298, 0x298),
        Segment(0x10000000, 0x10000000, b"C" * 0xF70, 0xF70),
        Segment(0x10020000, 0x10020000, GOOD_TABLE, len(GOOD_TABLE)),
        Segment(0x10020100, 0x10020100, b"", 0x1450),
        Segment(0x10000F70, 0x10021550, b"D" * 0x60, 0x60),
    )
    remote = Board.load().remote
    assert remote is not None
    return Target(Base(0x100005FD, segments, GOOD_TABLE, 0x10020000), remote.regions, 32, "M")


@pytest.mark.parametrize("bits", [32, 64])
def test_an_untouched_file_is_good(target: Target, bits: int) -> None:
    data = Elf(target.base, bits=bits).pack()
    assert Base.read(data) == target.base
    assert ELFFile(BytesIO(data)).elfclass == bits
    assert known_bugs(data, target) == set()


def test_fields_are_overwritten_and_nothing_moves(target: Target) -> None:
    good, bad = Elf(target.base).pack(), Elf(target.base).segment(CODE, memsz=0x12345678).pack()
    assert len(good) == len(bad)
    assert [at for at in range(len(good)) if good[at] != bad[at]] == [52 + 32 * CODE + 20 + n for n in range(4)]
    assert ELFFile(BytesIO(bad)).get_segment(CODE)["p_memsz"] == 0x12345678
    with pytest.raises(ValueError, match="no such field: memsize"):
        Elf(target.base).segment(CODE, memsize=1)


def test_the_table_is_what_the_kernel_reads() -> None:
    """Offsets as in include/linux/rsc_table.h."""
    version, num, _, _, first, second = struct.unpack_from("<6I", GOOD_TABLE)
    assert (version, num, first) == (1, 2, 24)
    kind, device, _, dfeatures, gfeatures, config, status, vrings = struct.unpack_from("<6I2B", GOOD_TABLE, first)
    assert (kind, device, dfeatures, gfeatures, config, status, vrings) == (3, 7, 0x20000001, 0, 0, 0, 2)
    assert struct.unpack_from("<5I", GOOD_TABLE, first + 28) == (0xFFFFFFFF, 16, 16, 0, 0)
    assert struct.unpack_from("<4I6s", GOOD_TABLE, second) == (2, 0x10020100, 4096, 0, b"trace0")
    assert len(GOOD_TABLE) == 140


def test_a_new_table_takes_the_place_of_the_good_one(target: Target) -> None:
    other = table(Trace(1, 2))
    elf = ELFFile(BytesIO(Elf(target.base, table=other).pack()))
    section = elf.get_section_by_name(".resource_table")
    assert section is not None
    assert section.data() == other
    assert elf.get_segment(TABLE).data() == other
    assert elf.get_segment(TABLE)["p_memsz"] == len(other)


def test_cases_have_names_of_their_own_and_differ(target: Target) -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    made = {case.name: case.make(target) for case in CASES if case.meant_for(target)}
    assert len(set(made.values())) == len(made) >= 60
    assert Elf(target.base).pack() not in made.values()
    assert {case.verdict for case in CASES} == set(Verdict)


def test_known_bugs_are_told_from_the_file(target: Target) -> None:
    for case in filter(lambda one: one.meant_for(target), CASES):
        found = known_bugs(case.make(target), target)
        if case.bug is not None and case.bug.id in BUGS:
            assert case.bug in found, case.name
        elif case.name not in HARMLESS:
            assert found == set(), case.name


def test_a_fault_behind_a_refusal_is_not_reached(target: Target) -> None:
    assert known_bugs(Elf(target.base).header(phnum=0xFFFF).pack(), target) == {PHDRS_PAST_END}
    assert known_bugs(Elf(target.base).header(phnum=0xFFFF).ident(0, 0).pack(), target) == set()
    both = Elf(target.base).header(phnum=0xFFFF).section(1, name=0x10000000).pack()
    assert known_bugs(both, target) == {NAMES_PAST_END}


def test_mutants_are_the_same_for_the_same_seed(target: Target) -> None:
    first, again, other = (list(mutants(target, seed, 200)) for seed in (1, 1, 2))
    assert first == again != other
    assert len({data for _, data in first}) > 190
    assert not any(known_bugs(data, target) for _, data in first)


def test_mutants_leave_code_alone(target: Target) -> None:
    goods = {bits: Elf(target.base, bits=bits) for bits in (32, 64)}
    for name, data in mutants(target, 3, 100):
        good = goods[int(name[3:5])]
        start, end = good.offset_of(str(CODE)), min(good.offset_of("table"), len(data))
        assert data[start:end] == good.pack()[start:end], name


def test_an_image_of_another_kind_is_refused(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="is not an ELF file"):
        Base.read(b"text" * 20)
    data = Elf(target.base).header(phnum=3).pack()
    with pytest.raises(UsageError, match="five segments"):
        Base.read(data)
    image = tmp_path / "other.elf"
    image.write_bytes(data)
    assert main(["--image", str(image), "--output", str(tmp_path / "out")]) == UsageError.exit_code
    assert "other.elf has not the five segments" in capsys.readouterr().err


def test_the_program_writes_cases(target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image, out = tmp_path / "good.elf", tmp_path / "out"
    image.write_bytes(Elf(target.base).pack())
    assert main(["--image", str(image), "--output", str(out), "empty", "phnum-0"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["empty.elf", "phnum-0.elf"]
    assert (out / "phnum-0.elf").read_bytes() == Elf(target.base).header(phnum=0).pack()
    assert main(["--image", str(image), "--output", str(out), "nonsense"]) == UsageError.exit_code
    assert "no case nonsense" in capsys.readouterr().err
