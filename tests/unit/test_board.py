# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from pathlib import Path

import pytest
from stand import write_board

from ampstand.board import Board
from ampstand.errors import UsageError


@pytest.mark.parametrize("name", Board.names())
def test_every_board_of_the_project_loads(name: str) -> None:
    board = Board.load(name)
    assert board.name == name
    assert board.shell.core == "host"
    assert board.cores[0] == "host"


def test_remote_addresses_are_translated() -> None:
    remote = Board.load("stm32mp157c-dk2").remote
    assert remote is not None
    assert remote.host_address(0) == 0x38000000
    assert remote.host_address(0x10020010) == 0x10020010
    with pytest.raises(ValueError, match="0x60000000"):
        remote.host_address(0x60000000)


def test_unknown_board_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no board 'nosuch'") as error:
        Board.load("nosuch")
    assert "stm32mp157c-dk2" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [('role = "shell"', 'role = "spare"'), ('memory = "1M"', ""), ("[machine]", "machine"), ("boot =", "bot =")],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, old: str, new: str) -> None:
    path = write_board(tmp_path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UsageError, match=r"fake-good\.toml"):
        Board.load(path)
