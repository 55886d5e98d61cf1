# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The SD card with Debian: its partition, dpkg's database on it, what is asked for."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build import card
from ampstand.build.debian import Parts, Plan
from ampstand.errors import UsageError

CONTROL = "Package: one\nArchitecture: armhf\nVersion: 1\nMaintainer: nobody <n@example.org>\nDescription: a test\n"


def make_deb(folder: Path, name: str, control: str, files: dict[str, str]) -> Path:
    tree = folder / f"{name}.tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(control, encoding="utf-8")
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    deb = folder / f"{name}_1_armhf.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(deb)], check=True, capture_output=True)
    shutil.rmtree(tree)
    return deb


def test_the_partition_reaches_from_the_first_mebibyte_to_the_end() -> None:
    table = card.partition_table(0x10000)
    assert len(table) == 512
    assert table[510:] == b"\x55\xaa"
    kind, start, sectors = table[450], *struct.unpack("<II", table[454:462])
    assert (kind, start, sectors) == (0x83, 2048, 0x10000 - 2048)
    assert not any(table[462:510])


def test_a_package_is_noted_as_unpacked() -> None:
    text = card.stanza(CONTROL)
    assert text.startswith("Package: one\nStatus: install ok unpacked\nArchitecture: armhf\n")
    assert text.endswith("a test\n\n")


@pytest.mark.parametrize(
    ("more", "name"), [("", "one"), ("Multi-Arch: same\n", "one:armhf"), ("Multi-Arch: foreign\n", "one")]
)
def test_names_in_the_database_are_those_of_dpkg(more: str, name: str) -> None:
    assert card.info_name(CONTROL + more) == name


def test_a_card_has_what_the_packages_have(tmp_path: Path) -> None:
    debs, files = tmp_path / "debs", tmp_path / "files"
    debs.mkdir()
    (files / "etc").mkdir(parents=True)
    (files / "etc/hostname").write_text("board\n", encoding="utf-8")
    make_deb(debs, "one", CONTROL, {"usr/share/one/text": "hello\n", "DEBIAN/conffiles": ""})
    image = tmp_path / "card.img"
    assert card.main([str(debs), str(files), "16", str(image)]) == 0
    assert image.stat().st_size == 16 * 1024 * 1024
    partition = tmp_path / "partition.img"
    partition.write_bytes(image.read_bytes()[2048 * 512 :])
    subprocess.run(["e2fsck", "-fn", str(partition)], check=True, capture_output=True)

    def read(path: str) -> str:
        return subprocess.run(
            ["debugfs", "-R", f"cat {path}", str(partition)], check=True, capture_output=True, text=True
        ).stdout

    assert read("/usr/share/one/text") == "hello\n"
    assert read("/etc/hostname") == "board\n"
    assert "Status: install ok unpacked" in read("/var/lib/dpkg/status")
    assert "/usr/share/one/text\n" in read("/var/lib/dpkg/info/one.list")
    assert list(tmp_path.glob("card.*")) == [image]


def test_a_board_without_a_plan_boots_no_debian() -> None:
    assert Plan.of(Board.load("stm32mp157c-dk2")).size & (Plan.of(Board.load("stm32mp157c-dk2")).size - 1) == 0
    with pytest.raises(UsageError, match="boots no Debian"):
        Plan.of(Board.load("zcu102"))


def test_parts_go_to_a_file_and_come_back(tmp_path: Path) -> None:
    parts = Parts(Path("/k"), Path("/d"), Path("/i"), "6.12", ("-drive", "if=sd,file={image}"))
    parts.dump(Path("/c,1.img"), tmp_path / "debian.json")
    assert Parts.load(tmp_path / "debian.json") == (parts, Path("/c,1.img"))
    assert parts.arguments(Path("/c,1.img"), snapshot=True) == ["-drive", "if=sd,file=/c,,1.img,snapshot=on"]
    assert parts.arguments(Path("/c"), snapshot=False) == ["-drive", "if=sd,file=/c"]
