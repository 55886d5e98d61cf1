# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What runs on the host before Linux: that it is built, and that the machine gets it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from stand import artifacts, write_board

from ampstand.board import Board
from ampstand.build import boot_chain
from ampstand.build.artifacts import Artifacts
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress
from ampstand.qemu.machine import Machine
from ampstand.report.records import Recorder

MAKEFILE = """
bl31:
	mkdir -p $(BUILD_BASE)/$(PLAT)/release/bl31
	echo $(PLAT) $(RESET_TO_BL31) $(CROSS_COMPILE) >$(BUILD_BASE)/$(PLAT)/release/bl31/$(NAME)
"""


def make(tmp_path: Path, name: str = boot_chain.IMAGE) -> Path:
    source, scratch = tmp_path / "source", tmp_path / "scratch"
    source.mkdir()
    scratch.mkdir()
    (source / "Makefile").write_text(MAKEFILE)
    options = {"PLAT": "zynqmp", "RESET_TO_BL31": "1", "NAME": name}
    boot_chain.make_tf_a(source, options, "", 1, scratch, tmp_path / "log", Progress(io.StringIO(), live=False))
    assert sorted(path.name for path in source.iterdir()) == ["Makefile"]
    return scratch


def test_bl31_is_built_beside_its_source(tmp_path: Path) -> None:
    scratch = make(tmp_path)
    assert [path.name for path in scratch.iterdir()] == [boot_chain.IMAGE]
    assert (scratch / boot_chain.IMAGE).read_text() == "zynqmp 1\n"


def test_a_build_without_bl31_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"left no bl31\.elf"):
        make(tmp_path, "bl2.elf")


def test_the_machine_gets_it_where_the_board_has_a_chain(tmp_path: Path) -> None:
    board = Board.load(write_board(tmp_path))
    built = artifacts(tmp_path)

    def argv(built: Artifacts) -> list[str]:
        return Machine(board, built, Recorder.for_board(board, tmp_path / "records")).argv(paste=True)

    assert "-bios" not in argv(built)
    words = argv(replace(built, boot_firmware=tmp_path / "bl31.elf"))
    assert words[words.index("-bios") + 1] == str(tmp_path / "bl31.elf")


def test_what_a_board_is_booted_by(tmp_path: Path) -> None:
    path = write_board(tmp_path)
    text = path.read_text()
    assert Board.load(path).boot_chain == "direct"
    path.write_text(text.replace("[kernel]", '[boot]\nchain = "tf-a"\noptions = { PLAT = "x", DEBUG = 1 }\n[kernel]'))
    board = Board.load(path)
    assert (board.boot_chain, board.boot_options) == ("tf-a", {"PLAT": "x", "DEBUG": "1"})
    path.write_text(text.replace("[kernel]", '[boot]\nchain = "u-boot"\n[kernel]'))
    with pytest.raises(UsageError, match=r"chain = 'u-boot': expected direct, tf-a"):
        Board.load(path)


def test_artifacts_with_it_are_read_back(tmp_path: Path) -> None:
    for firmware in (None, tmp_path / "bl31.elf"):
        built = replace(artifacts(tmp_path), boot_firmware=firmware)
        built.dump(tmp_path / "artifacts.json")
        assert Artifacts.load(tmp_path / "artifacts.json") == built
