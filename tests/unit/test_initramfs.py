# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The archive writer and the initramfs, against a reader of its own."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ampstand.build import initramfs
from ampstand.errors import InfrastructureError
from ampstand.formats import cpio

TABLE = b"\x7fELF..\0[\0[[\0busybox\0cat\0insmod\0mount\0poweroff\0reboot\0sh\0\0more"


def unpack(data: bytes) -> dict[str, tuple[int, bytes, tuple[int, int]]]:
    found: dict[str, tuple[int, bytes, tuple[int, int]]] = {}
    at = 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name = data[at + 110 : at + 110 + fields[11] - 1].decode()
        body = (at + 110 + fields[11] + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], data[body : body + fields[6]], (fields[9], fields[10]))
        at = (body + fields[6] + 3) & ~3


def files(folder: Path) -> dict[str, Path]:
    made = {}
    for name, data in {"init": b"I", "busybox": TABLE, "rpmsg-echo": b"E", "echo-bare": b"elf", "s.ko": b"ko"}.items():
        made[name] = folder / name
        made[name].write_bytes(data)
    return made


def composed(folder: Path) -> bytes:
    file = files(folder)
    return initramfs.compose(
        init=file["init"],
        tools=[file["rpmsg-echo"]],
        busybox=file["busybox"],
        firmware={"echo-bare": file["echo-bare"]},
        modules=[file["s.ko"]],
    )


def test_everything_is_where_the_boards_expect_it(tmp_path: Path) -> None:
    found = unpack(composed(tmp_path))
    assert found["init"] == (stat.S_IFREG | 0o755, b"I", (0, 0))
    assert found["dev/console"] == (stat.S_IFCHR | 0o600, b"", (5, 1))
    assert found["lib/firmware/echo-bare.elf"][1] == b"elf"
    assert found["lib/modules/s.ko"][1] == b"ko"
    assert found["bin/rpmsg-echo"][0] == stat.S_IFREG | 0o755
    assert found["bin/busybox"] == (stat.S_IFREG | 0o755, TABLE, (0, 0))
    assert found["bin/sh"] == (stat.S_IFLNK | 0o777, b"busybox", (0, 0))
    for name in found:
        parent = name.rpartition("/")[0]
        assert not parent or stat.S_ISDIR(found[parent][0])
        assert not parent or list(found).index(parent) < list(found).index(name)


def test_same_content_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    assert composed(one) == composed(two)
    assert len(composed(one)) % 512 == 0


def test_an_entry_without_its_folder_is_refused() -> None:
    archive = cpio.Archive()
    archive.file("a/b", b"")
    with pytest.raises(ValueError, match="a/b"):
        archive.bytes()


def test_a_path_stands_once() -> None:
    archive = cpio.Archive()
    archive.file("a", b"")
    with pytest.raises(ValueError, match="already"):
        archive.link("a", "b")


NAMES = ["[", "[[", "cat", "insmod", "mount", "poweroff", "reboot", "sh"]


@pytest.mark.parametrize(
    "before", [b"", b"\0", b"\xc0\xae ", b"2[\0002[[\0006alias\0"], ids=["nothing", "0", "data", "ash"]
)
@pytest.mark.parametrize("behind", [b"", b"\0", b"\x01\xff"], ids=["nothing", "0", "data"])
def test_the_applets_are_found_whatever_stands_around(before: bytes, behind: bytes) -> None:
    table = b"".join(name.encode() + b"\0" for name in NAMES)
    assert initramfs.applets(before + table + behind) == NAMES


def test_a_busybox_without_what_we_need_is_refused() -> None:
    with pytest.raises(InfrastructureError, match="mount"):
        initramfs.applets(TABLE.replace(b"mount", b"moumt"))
    with pytest.raises(InfrastructureError, match="no applet"):
        initramfs.applets(b"not busybox")


def test_an_addition_brings_its_folders() -> None:
    data = cpio.addition({"lib/firmware/a.elf": b"A", "lib/firmware/b.elf": b"", "etc/c": b"C"})
    found = unpack(data)
    assert found["lib/firmware/a.elf"] == (stat.S_IFREG | 0o644, b"A", (0, 0))
    assert found["etc/c"][1] == b"C"
    assert all(stat.S_ISDIR(found[name][0]) for name in ("lib", "lib/firmware", "etc"))
    assert len(data) % 512 == 0
    with pytest.raises(ValueError, match="/etc/c: no path below the root folder"):
        cpio.addition({"/etc/c": b""})


def test_a_folder_comes_with_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "tests/net").mkdir(parents=True)
    (tmp_path / "tests/net/run.sh").write_bytes(b"#!")
    (tmp_path / "tests/net/run.sh").chmod(0o755)
    (tmp_path / "tests/list").write_bytes(b"net:run.sh")
    file = files(tmp_path)
    data = initramfs.compose(
        init=file["init"], tools=[], busybox=file["busybox"], firmware={}, modules=[], folders={"k": tmp_path / "tests"}
    )
    found = unpack(data)
    assert found["k"][0] == found["k/net"][0] == stat.S_IFDIR | 0o755
    assert found["k/net/run.sh"][:2] == (stat.S_IFREG | 0o755, b"#!")
    assert found["k/list"][:2] == (stat.S_IFREG | 0o644, b"net:run.sh")
