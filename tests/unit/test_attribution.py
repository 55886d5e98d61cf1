# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from elf_files import made_elf

from ampstand.board import RemoteCore, Window
from ampstand.formats import resource_table
from ampstand.formats.elf import NotElfError
from ampstand.qemu.attribution import Attributed, Block, Firmware, Page, Part, attribute, merged

CODE = 0x1000
START = CODE + 8
COMMON = b"common  "
LOOP = 0x10000000
"""Where ``made_elf()`` has code."""
TABLE = resource_table.table(resource_table.Trace(0x8000, 0x1000))


def remote(profile: str = "M", vectors: int = 0) -> RemoteCore:
    return RemoteCore(
        "m4", "none", "none", "remoteproc0", "/fake", 2, (Window(0, 0, 0x10000),), profile=profile, vectors=vectors
    )


def firmware(name: str, code: bytes, *, start: int | None = START, kept: bool = False) -> Firmware:
    """Return an image with this at ``CODE``; bytes that are read-only when ``kept``."""
    return Firmware(Path(name), name, start, (Part(CODE, code, kept),))


def memory(image: Firmware) -> bytes:
    return image.parts[0].data.ljust(0x1000, b"\xee")


def run(image: Firmware | bytes, *offsets: int) -> Iterator[Block]:
    """Yield blocks of eight bytes at these offsets, as they are executed with an image, or this, in memory."""
    page = Page(CODE, image if isinstance(image, bytes) else memory(image))
    for offset in offsets:
        yield Block(CODE + offset, 8, (page,))


def names(found: Attributed) -> dict[str, list[tuple[int, int]]]:
    return {str(image.path): [(a - CODE, b - CODE) for a, b in code] for image, code in found.images.items()}


ONE = firmware("one", b"one's   " + COMMON + b"more    ")
TWO = firmware("two", b"two's   " + COMMON + b"more    ")
BOTH = [ONE, TWO]


def test_what_images_have_in_common_belongs_to_the_one_that_runs() -> None:
    """The second is seen in what only it has, which comes last."""
    found = attribute([*run(ONE, 8, 0), *run(TWO, 8, 16, 0)], BOTH)
    assert (names(found), found.unknown) == ({"one": [(0, 16)], "two": [(0, 24)]}, {})
    found = attribute([*run(ONE, 8, 0), *run(TWO, 8, 0), *run(ONE, 8, 16, 0)], BOTH)
    assert (names(found), found.unknown) == ({"one": [(0, 24)], "two": [(0, 16)]}, {})


def test_what_may_be_of_two_images_is_unknown() -> None:
    found = attribute([*run(ONE, 8, 0), *run(TWO, 8, 16)], BOTH)
    assert names(found) == {"one": [(0, 16)]}, "as far as is known, the other has not run"
    assert found.unknown == {(START, START + 8): ["one", "two"], (CODE + 16, CODE + 24): ["one", "two"]}


def test_an_image_that_is_not_known_is_none_of_the_others() -> None:
    """Though it has much in common with them."""
    found = attribute([*run(ONE, 8, 0), *run(b"other   " + COMMON + b"more    ", 8, 16, 0)], BOTH)
    assert names(found) == {"one": [(0, 16)]}
    assert found.unknown == {(CODE + at, CODE + at + 8): [] for at in (8, 16, 0)}


def test_two_images_without_a_start_between_are_unknown() -> None:
    found = attribute([*run(ONE, 0), *run(TWO, 0)], BOTH)
    assert (names(found), found.unknown) == ({}, {(CODE, CODE + 8): []})


def test_constants_beside_the_code_tell_images_apart() -> None:
    def kept(name: str) -> Firmware:
        return firmware(name, b"the same" + COMMON + name.encode(), kept=True)

    images = [kept("one"), kept("two")]
    assert names(attribute(run(images[0], 8, 0), images)) == {"one": [(0, 16)]}
    assert names(attribute(run(images[1], 8, 0), images)) == {"two": [(0, 16)]}
    changed = memory(images[1]).replace(b"two", b"???")
    assert names(attribute(run(changed, 8, 0), images)) == {}


def test_variables_beside_the_code_change() -> None:
    assert names(attribute(run(memory(ONE).replace(b"more", b"????"), 8, 0), BOTH)) == {"one": [(0, 16)]}


def test_a_copy_of_an_image_is_the_same() -> None:
    copy = firmware("copy", ONE.parts[0].data)
    assert names(attribute(run(ONE, 8, 0), [ONE, copy, TWO])) == {"one": [(0, 16)]}


def test_memory_that_could_not_be_read_is_unknown() -> None:
    found = attribute([Block(CODE, 8, (Page(CODE, b""),))], BOTH)
    assert (names(found), found.unknown) == ({}, {(CODE, CODE + 8): []})


def test_a_block_of_two_pages() -> None:
    image = firmware("long", bytes(range(256)) * 20)
    data = image.parts[0].data
    pages = (Page(CODE, data[:0x1000]), Page(CODE + 0x1000, data[0x1000:].ljust(0x1000)))
    assert image.has(Block(CODE + 0xFFC, 8, pages))
    assert not image.has(Block(CODE + 0xFFC, 8, (pages[0], Page(CODE + 0x1000, bytes(0x1000)))))
    assert not image.has(Block(CODE + len(data) - 4, 8, pages[1:])), "it ends in the middle"


def read(folder: Path, data: bytes, core: RemoteCore | None = None) -> Firmware:
    (folder / "x.elf").write_bytes(data)
    return Firmware.read(folder / "x.elf", core or remote())


def test_where_an_image_begins(tmp_path: Path) -> None:
    image = made_elf()
    assert read(tmp_path, image).start == LOOP, "bit 0 of the vector says T32"
    assert read(tmp_path, made_elf(vectors=False)).start is None
    assert read(tmp_path, image, remote(vectors=LOOP)).start == 0xE7FEE7FE
    assert read(tmp_path, image, remote(profile="R", vectors=0x100)).start == 0x100
    with pytest.raises(NotElfError):
        read(tmp_path, b"no image")


def test_what_of_an_image_stays_as_it_is(tmp_path: Path) -> None:
    """All that cannot be written, but for the resource table: Linux writes into it."""
    more = ((LOOP + 0x100, b"constant" + TABLE + b"constant"),)

    def loop(image: Firmware, change: bytes = b"", at: int = 0) -> bool:
        content = bytearray(0x1000)
        for part in image.parts:
            if part.address >= LOOP:
                content[part.address - LOOP : part.address - LOOP + len(part.data)] = part.data
        content[at : at + len(change)] = change
        return image.has(Block(LOOP, 2, (Page(LOOP, bytes(content)),)))

    image = read(tmp_path, made_elf(TABLE, address=LOOP + 0x108, more=more, flags=5))
    assert loop(image)
    assert loop(image, b"????", 0x108)
    assert not loop(image, b"????", 0x104)
    assert not loop(image, b"????", 0x108 + len(TABLE))
    assert not loop(image, b"????", 0)
    writable = read(tmp_path, made_elf(TABLE, address=LOOP + 0x108, more=more))
    assert loop(writable, b"????", 0x104)
    assert not loop(writable, b"????", 0)


def test_an_image_may_move_its_code(tmp_path: Path) -> None:
    image = read(tmp_path, made_elf(moved=0x2000, flags=5))
    for at in (LOOP, LOOP + 0x2000):
        page = Page(at, (b"\xfe\xe7" * 2).ljust(0x1000))
        assert image.has(Block(at, 4, (page,))), "and of the rest other things may come there"
    assert not image.has(Block(LOOP + 0x1000, 4, (Page(LOOP + 0x1000, bytes(0x1000)),)))


def test_ranges_that_touch_are_one() -> None:
    assert merged([(8, 12), (0, 4), (4, 6), (9, 10), (20, 22)]) == [(0, 6), (8, 12), (20, 22)]
