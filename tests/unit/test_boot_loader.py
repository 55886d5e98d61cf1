# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""U-Boot: its build, the bundle that it boots, and what the machine gets; with a make and an image that are none."""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from stand import artifacts, write_board

from ampstand.board import Board, LoaderBuild
from ampstand.build import boot_loader
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import uboot
from ampstand.progress import Progress
from ampstand.qemu.machine import Machine
from ampstand.report.records import Recorder

MAKEFILE = """
olddefconfig:
	sed -i '/CONFIG_DROPPED=/d' $(O)/.config
u-boot-dtb.bin:
	echo $(NO_PYTHON) $(SOURCE_DATE_EPOCH) >$(O)/u-boot-dtb.bin
"""
LOADER = """
[boot_loader]
defconfig = "board_defconfig"
config = "own.config"
kernel = 0x8000
[boot_loader.secure]
defconfig = "secure_defconfig"
config = "secure.config"
[boot_loader.registers]
STATE = 0x10
"""


def make(tmp_path: Path, fragment: str) -> bytes:
    source, scratch, own = tmp_path / "source", tmp_path / "scratch", tmp_path / "own.config"
    (source / "configs").mkdir(parents=True)
    scratch.mkdir()
    (source / "Makefile").write_text(MAKEFILE)
    (source / "configs/board_defconfig").write_text("CONFIG_TEXT_BASE=0xc0100000\nCONFIG_NET=y\n")
    own.write_text(fragment)
    progress = Progress(io.StringIO(), live=False)
    common = tmp_path / "common.config"
    common.write_text("CONFIG_NET=m\n")
    wanted = LoaderBuild("board_defconfig", (common, own))
    boot_loader.make(source, wanted, "", 1, scratch, tmp_path / "log", progress)
    assert sorted(path.name for path in source.iterdir()) == ["Makefile", "configs"]
    assert [path.name for path in scratch.iterdir()] == [boot_loader.IMAGE]
    return (scratch / boot_loader.IMAGE).read_bytes()


def test_u_boot_is_built_beside_its_source(tmp_path: Path) -> None:
    image = make(tmp_path, "# CONFIG_NET is not set\n")
    magic, checksum, _time, size, load, entry, data, *kind, name = struct.unpack(">7I4B32s", image[:64])
    assert image[64:] == b"1 0\n"
    assert (magic, size, load, entry, data) == (0x27051956, 4, 0xC0100000, 0xC0100000, zlib.crc32(image[64:]))
    assert kind == [5, 2, 2, 0], "Linux, Arm, kernel, not compressed"
    assert name.rstrip(b"\0") == b"U-Boot"
    assert checksum == zlib.crc32(image[:4] + bytes(4) + image[8:64])


def test_what_kconfig_drops_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="DROPPED: wanted y, is n"):
        make(tmp_path, "CONFIG_DROPPED=y\n")


def test_a_source_without_the_configuration_is_told(tmp_path: Path) -> None:
    (tmp_path / "own.config").write_text("")
    (tmp_path / "scratch").mkdir()
    progress = Progress(io.StringIO(), live=False)
    wanted = LoaderBuild("none_defconfig", (tmp_path / "own.config",))
    with pytest.raises(UsageError, match="no configs/none_defconfig"):
        boot_loader.make(tmp_path, wanted, "", 1, tmp_path / "scratch", tmp_path / "log", progress)


def get(tmp_path: Path, fit: bytes, *words: str) -> str:
    """Return what dtc's own reader finds in a FIT."""
    (tmp_path / "x.itb").write_bytes(fit)
    done = subprocess.run(["fdtget", *words], cwd=tmp_path, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def data_of(tmp_path: Path, fit: bytes, node: str, name: str) -> bytes:
    return bytes(int(word, 16) for word in get(tmp_path, fit, "-t", "bx", "x.itb", node, name).split())


def test_a_fit_is_read_by_others(tmp_path: Path) -> None:
    images = [uboot.Image("kernel", "kernel", b"abcde", 0xC4000000), uboot.Image("remote", "copro", b"\x7fELF", None)]
    fit = uboot.fit(images, {"both": {"kernel": "kernel", "loadables": "remote"}, "one": {"kernel": "kernel"}}, "arm")
    node = "/images/kernel"
    assert get(tmp_path, fit, "-l", "x.itb", "/images").split() == ["kernel", "remote"]
    assert get(tmp_path, fit, "-t", "x", "x.itb", node, "load", node, "entry").split() == ["c4000000"] * 2
    assert data_of(tmp_path, fit, node, "data") == b"abcde"
    assert data_of(tmp_path, fit, f"{node}/hash-1", "value") == hashlib.sha256(b"abcde").digest()
    assert get(tmp_path, fit, "x.itb", "/images/remote", "type") == "copro"
    assert get(tmp_path, fit, "-p", "x.itb", "/images/remote").split().count("load") == 0
    assert get(tmp_path, fit, "x.itb", "/configurations", "default") == "both"
    assert get(tmp_path, fit, "x.itb", "/configurations/both", "loadables") == "remote"


def loader_board(tmp_path: Path) -> Board:
    (tmp_path / "own.config").write_text("")
    (tmp_path / "secure.config").write_text("")
    remote = '\n[[remote]]\ncore = "m4"\nsoc = "none"\ndriver = "d"\ninstance = "r"\ncontrol = "/c"\ncpu = 2\n'
    return Board.load(write_board(tmp_path, remote=f'{remote}windows = [[0, 0, 16]]\npreload = "p"\n{LOADER}'))


def test_the_machine_gets_u_boot_and_its_bundle(tmp_path: Path) -> None:
    board = loader_board(tmp_path)
    built = replace(artifacts(tmp_path), boot_loader=tmp_path / "u-boot.uimg", firmware={"echo": tmp_path / "e.elf"})
    (tmp_path / "e.elf").write_bytes(b"an image")
    (tmp_path / "kernel").write_bytes(b"a kernel")

    def machine(name: str, **options: str | bool | int | None) -> Machine:
        records = Recorder.for_board(board, tmp_path / name)
        return Machine(board, built, records, kernel_arguments="quiet", **options)  # type: ignore[arg-type]

    started = machine("with", boot_loader=True, preload="echo")
    words = started.argv(paste=True)
    assert started.bundle is not None
    assert words[words.index("-kernel") + 1] == str(tmp_path / "u-boot.uimg")
    assert words[words.index("-initrd") + 1] == str(started.bundle)
    assert words[words.index("-M") + 1] == board.machine, "the machine model starts nothing"
    assert not {"-append", "-dtb"} & set(words)
    assert started.inputs()["bundle"] == started.bundle

    fit = started.bundle.read_bytes()
    script = data_of(tmp_path, fit, "/images/script", "data").decode()
    assert script.splitlines() == [
        f"setenv bootargs '{board.command_line} quiet'",
        "bootm ${bundle}#remote",
        "bootm ${bundle}#linux",
    ]
    assert get(tmp_path, fit, "-t", "x", "x.itb", "/images/kernel", "load") == "8000"
    assert get(tmp_path, fit, "x.itb", "/configurations", "default") == "remote"

    alone = machine("alone", boot_loader=True)
    assert alone.bundle is not None
    assert b"remote" not in data_of(tmp_path, alone.bundle.read_bytes(), "/images/script", "data")
    assert machine("direct").bundle is None
    with pytest.raises(UsageError, match="preload_table is for the machine model"):
        machine("table", boot_loader=True, preload="echo", preload_table=4)
    built = replace(built, boot_loader=None)
    with pytest.raises(UsageError, match="fake has no boot loader, or it is not built"):
        machine("none", boot_loader=True)


def test_a_quote_in_the_command_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    file = tmp_path / "file"
    with pytest.raises(UsageError, match="has a quote"):
        boot_loader.bundle(file, file, file, "init='a b'", 0, None, "arm")


def test_what_a_board_says_of_it(tmp_path: Path) -> None:
    loader = loader_board(tmp_path).boot_loader
    assert loader is not None
    assert loader.plain == LoaderBuild("board_defconfig", (tmp_path / "own.config",))
    assert loader.secure == LoaderBuild("secure_defconfig", (tmp_path / "own.config", tmp_path / "secure.config"))
    assert (loader.kernel, loader.registers) == (0x8000, {"STATE": 0x10})
    (tmp_path / "own.config").unlink()
    with pytest.raises(UsageError, match=r"no file 'own\.config' beside it"):
        Board.load(tmp_path / "fake-good.toml")
    assert Board.load("zcu102").boot_loader is None


def test_the_boards_that_have_it_say_so() -> None:
    for board in map(Board.load, Board.names()):
        assert (board.boot_loader is not None) == ("boot-loader" in board.features), board.name
