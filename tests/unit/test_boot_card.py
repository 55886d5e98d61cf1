# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""An SD card that a board starts from: its formats, the build of TF-A for it, and the machine with it."""

from __future__ import annotations

import argparse
import io
import re
import struct
import subprocess
import uuid
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stand import artifacts

from ampstand.board import Board, BootCard
from ampstand.build import boot_card
from ampstand.commands import given
from ampstand.commands.given import Given
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import fip, gpt, uboot
from ampstand.progress import Progress
from ampstand.qemu.machine import Machine
from ampstand.report.records import Recorder

MIB = 1024 * 1024
BOARD = "stm32mp157c-dk2"
MAKEFILE = """
all:
	test -f fdts/own.dts
	touch left-in-the-source
	mkdir -p $(BUILD_BASE)/x/fdts
	echo $(PLAT) $(SOURCE_DATE_EPOCH) >$(BUILD_BASE)/x/$(NAME)
	cp fdts/own.dts $(BUILD_BASE)/x/fdts/own.dtb
"""


def header_of(disk: bytes, sector: int) -> tuple[Any, ...]:
    """Return the fields of a GPT's header, whose checksum must be right."""
    raw = disk[sector * 512 : sector * 512 + 92]
    fields = struct.unpack("<8sIIIIQQQQ16sQIII", raw)
    assert fields[0] == b"EFI PART"
    assert fields[3] == zlib.crc32(raw[:16] + bytes(4) + raw[20:])
    return fields


def test_a_disk_has_its_partitions_in_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"of a file")
    parts = [
        gpt.Partition("one", b"first", 700),
        gpt.Partition("second", tmp_path / "file", MIB + 1, attributes=gpt.BOOTABLE),
        gpt.Partition("last", b"", 512),
    ]
    gpt.write(tmp_path / "disk", parts, 8 * MIB)
    disk = (tmp_path / "disk").read_bytes()
    assert len(disk) == 8 * MIB
    assert disk[510:512] == b"\x55\xaa"
    assert disk[450] == 0xEE, "a partition over everything, for others"
    last = len(disk) // 512 - 1
    first, backup = header_of(disk, 1), header_of(disk, last)
    assert (first[5:7], backup[5:7]) == ((1, last), (last, 1))
    for header in (first, backup):
        table = disk[header[10] * 512 :][: header[11] * header[12]]
        assert zlib.crc32(table) == header[13]
        entries = [struct.unpack_from("<16s16sQQQ72s", table, at) for at in (0, 128, 256, 384)]
        assert [entry[5].decode("utf-16-le").rstrip("\0") for entry in entries] == ["one", "second", "last", ""]
        assert [entry[2:5] for entry in entries[:3]] == [(2048, 2049, 0), (4096, 6144, 4), (8192, 8192, 0)]
        assert all(header[7] <= entry[2] <= entry[3] <= header[8] for entry in entries[:3])
        assert len({entry[1] for entry in entries[:3]}) == 3, "each has a number of its own"
    assert disk[gpt.place(disk, "one") :][:5] == b"first"
    assert disk[gpt.place(disk, "second") :][:9] == b"of a file"
    with pytest.raises(KeyError):
        gpt.place(disk, "none")
    gpt.write(tmp_path / "again", parts, 8 * MIB)
    assert (tmp_path / "again").read_bytes() == disk


def test_what_does_not_go_onto_a_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="partition big: 513 bytes do not go into 512"):
        gpt.write(tmp_path / "disk", [gpt.Partition("big", bytes(513), 512)], MIB)
    with pytest.raises(ValueError, match="do not go into 2097152 bytes"):
        gpt.write(tmp_path / "disk", [gpt.Partition("big", b"", MIB)], 2 * MIB)


def test_a_package_says_where_its_images_are() -> None:
    data = fip.pack({"fw-config": b"config", "nt-fw": bytes(513), "hw-config": b"tree"})
    assert struct.unpack_from("<IIQ", data) == (0xAA640001, 0x12345678, 0)
    entries = [struct.unpack_from("<16sQQQ", data, 16 + 40 * number) for number in range(4)]
    assert [entry[1:] for entry in entries] == [(512, 6, 0), (1024, 513, 0), (2048, 4, 0), (2560, 0, 0)]
    assert [uuid.UUID(bytes=entry[0]).hex[:8] for entry in entries] == ["5807e16a", "d6d0eea7", "08b8f1d9", "0" * 8]
    assert data[512:518] == b"config"
    assert data[2048:2052] == b"tree"
    assert len(data) == 2560


def test_optee_s_header_is_that_of_its_own_build() -> None:
    assert fip.optee_header(0xDE000000, 0x8E4E8).hex() == "4f505445020000000100000000000000000000de00000000e8e40800"


def test_u_boot_is_taken_apart() -> None:
    tree = uboot.blob({"model": b"x\0"})
    program = b"code" + tree[:4] + b"no tree"
    assert uboot.parts(uboot.uimage(program + tree, 0xC0100000, "U-Boot")) == (program, tree)
    with pytest.raises(ValueError, match="no device tree"):
        uboot.parts(uboot.uimage(program + tree + b"more", 0xC0100000, "U-Boot"))


def make(tmp_path: Path, name: str = "tf-a.stm32") -> Path:
    source, scratch = tmp_path / "source", tmp_path / "scratch"
    (source / "fdts").mkdir(parents=True)
    scratch.mkdir()
    (source / "Makefile").write_text(MAKEFILE)
    (tmp_path / "own.dts").write_text("own")
    wanted = BootCard("boot-rom", "tf-a.stm32", tmp_path / "own.dts", {"PLAT": "stm32mp1", "NAME": name})
    boot_card.make_tf_a(source, wanted, "", 1, scratch, tmp_path / "log", Progress(io.StringIO(), live=False))
    assert sorted(path.name for path in source.iterdir()) == ["Makefile", "fdts"]
    return scratch


def test_bl2_is_built_from_a_copy_of_its_source(tmp_path: Path) -> None:
    scratch = make(tmp_path)
    assert sorted(path.name for path in scratch.iterdir()) == [boot_card.FSBL, boot_card.CONFIG]
    assert (scratch / boot_card.FSBL).read_text() == "stm32mp1 0\n"
    assert (scratch / boot_card.CONFIG).read_text() == "own"


def test_a_build_without_bl2_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"left no tf-a\.stm32"):
        make(tmp_path, "other")


def test_a_file_of_tf_a_s_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "source/fdts").mkdir(parents=True)
    (tmp_path / "source/fdts/own.dts").touch()
    (tmp_path / "own.dts").touch()
    wanted = BootCard("boot-rom", "x", tmp_path / "own.dts", {})
    scratch, progress = tmp_path / "scratch", Progress(io.StringIO(), live=False)
    with pytest.raises(InfrastructureError, match=r"fdts/own\.dts of its own"):
        boot_card.make_tf_a(tmp_path / "source", wanted, "", 1, scratch, tmp_path / "log", progress)


def debugfs(image: Path, offset: int, order: str) -> bytes:
    """Return what the tools of a file system say of it."""
    return subprocess.run(["debugfs", "-R", order, f"{image}?offset={offset}"], capture_output=True, check=True).stdout


def read(image: Path, offset: int, name: str) -> bytes:
    """Return a file of a file system."""
    return debugfs(image, offset, f"cat {name}")


def test_a_card_has_what_the_boot_reads(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("fsbl", "fip", "zImage", "x.dtb", "initramfs")}
    for name, path in files.items():
        path.write_bytes(name.encode() * 1000)
    for card in ("card.img", "again.img"):
        boot_card.write(
            tmp_path / card, files["fsbl"], files["fip"], files["zImage"], files["x.dtb"], files["initramfs"],
            "console=ttySTM0 rdinit=/init",
        )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["card.img", "again.img", *files])
    disk = (tmp_path / "card.img").read_bytes()
    assert (tmp_path / "again.img").read_bytes() == disk
    assert len(disk).bit_count() == 1, "a card's size is a power of two"
    for name, content in (("fsbl1", b"fsbl"), ("fsbl2", b"fsbl"), ("fip", b"fip")):
        assert disk[gpt.place(disk, name) :].startswith(content * 1000)
    at = gpt.place(disk, "bootfs")
    assert read(tmp_path / "card.img", at, "/zImage") == b"zImage" * 1000
    assert read(tmp_path / "card.img", at, "/board.dtb") == b"x.dtb" * 1000
    assert read(tmp_path / "card.img", at, "/initramfs.cpio") == b"initramfs" * 1000
    for name in ("/", "/lost+found", "/extlinux", "/extlinux/extlinux.conf", "/zImage"):
        about = debugfs(tmp_path / "card.img", at, f"stat {name}").decode()
        assert len(re.findall(r"^ *[acm]time: 0x0*1\b", about, flags=re.M)) == 3, "nothing of when it was made"
    text = read(tmp_path / "card.img", at, "/extlinux/extlinux.conf").decode()
    assert "  kernel /zImage\n" in text
    assert "  append console=ttySTM0 rdinit=/init\n" in text


def test_a_card_goes_with_the_feature() -> None:
    for name in Board.names():
        board = Board.load(name)
        assert (board.boot_card is not None) == ("boot-card" in board.features), name
        assert board.boot_card is None or {"boot-loader", "secure"} <= board.features, name


def test_the_machine_starts_from_a_card_alone(tmp_path: Path) -> None:
    board = Board.load(BOARD)
    for name in ("zImage", "board.dtb", "initramfs", "bl2", "fip"):
        (tmp_path / name).write_bytes(b"x")
    built = replace(
        artifacts(tmp_path),
        kernel=tmp_path / "zImage",
        initramfs=tmp_path / "initramfs",
        secure_firmware={"scmi": tmp_path / "tee"},
        other_dtbs={"scmi": tmp_path / "board.dtb"},
        boot_loader=tmp_path / "u-boot",
        secure_boot_loader=tmp_path / "u-boot",
        card_loader=tmp_path / "bl2",
        card_packages={"scmi": tmp_path / "fip"},
    )

    def machine(name: str, **options: Any) -> Machine:
        return Machine(board, built, Recorder.for_board(board, tmp_path / name), **options)

    found = machine("good", secure="scmi", from_card=True)
    words = found.argv()
    assert words[words.index("-M") + 1] == f"{board.machine},boot-rom=on"
    assert f"if=sd,format=raw,snapshot=on,file={tmp_path}/good/card.img" in words
    assert not {"-kernel", "-dtb", "-initrd", "-append"} & set(words)
    assert found.inputs()["card"] == tmp_path / "good/card.img"
    assert found.options()["from_card"], "what takes its state needs a card, too"
    for name, options in {"none": {"secure": ""}, "other": {"secure": "signed"}}.items():
        with pytest.raises(UsageError, match=r"does not start from an SD card|no secure world"):
            machine(name, from_card=True, **options)
    with pytest.raises(UsageError, match="what is on the card has a boot loader"):
        machine("both", secure="scmi", from_card=True, boot_loader=True)


def given_by(*words: str, board: str = BOARD) -> Given:
    parser = argparse.ArgumentParser()
    given.add_arguments(parser)
    parser.add_argument("--kernel", type=Path)
    return Given.read(parser.parse_args(words), Board.load(board))


def test_what_is_started_from_a_card() -> None:
    what = given_by("--from-sd")
    assert (what.from_card, what.boot_loader, what.secure, what.in_chain) == (True, False, "remoteproc", True)
    assert given_by("--from-sd", "--secure", "scmi").secure == "scmi"
    assert not given_by().from_card
    for word in ("--boot-loader", "--secure=chain", "--remote-image=echo-bare"):
        with pytest.raises(UsageError, match="all that runs is on the card"):
            given_by("--from-sd", word)
    with pytest.raises(UsageError, match="zcu102 does not start from an SD card"):
        given_by("--from-sd", board="zcu102")
