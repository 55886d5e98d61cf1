# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand list``: the names that it gives are those that are taken elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from ampstand import cli, paths
from ampstand.board import Board, features


def names(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert cli.main(["list", *words]) == 0
    return [line.split("  ", 1)[0].rstrip() for line in capsys.readouterr().out.splitlines()]


def test_boards_and_their_features(capsys: pytest.CaptureFixture[str]) -> None:
    assert names(capsys) == Board.names()
    assert set(names(capsys, "features")) == set(features())
    assert set(names(capsys, "features", "--board", "virt")) == Board.load("virt").features
    assert set(names(capsys, "faults", "--board", "stm32mp157c-dk2")) == Board.load("stm32mp157c-dk2").faults.keys()


def test_images_are_those_that_are_built(capsys: pytest.CaptureFixture[str]) -> None:
    remote = paths.ROOT / "firmware/remote"
    recipe = (remote / "apps/meson.build").read_text(encoding="utf-8")
    everywhere, peers = (re.findall(r"'([\w-]+)'", apps) for apps in re.findall(r"foreach app : \[(.*?)\]", recipe))
    recipe = (remote / "soc/stm32mp157-m4/meson.build").read_text(encoding="utf-8")
    (own,) = (re.findall(r"'([\w-]+)'", apps) for apps in re.findall(r"soc_apps = \[(.*?)\]", recipe))

    def images(apps: list[str]) -> list[str]:
        return [f"{app}-{system}" for app in sorted(apps) for system in ("bare", "freertos")]

    assert names(capsys, "images") == images(everywhere + peers + own)
    assert names(capsys, "images", "--board", "zcu102") == images(everywhere + peers)
    assert names(capsys, "images", "--board", "stm32mp157c-dk2") == images(everywhere + own)
    assert names(capsys, "images", "--board", "virt") == []


def test_scenarios_say_what_a_board_lacks() -> None:
    """In a process of its own: files of scenarios and of unit tests have the same names, which are modules here."""
    argv = [sys.executable, "-P", "-m", "ampstand", "list", "scenarios", "--board", "virt"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    lines = dict(line.partition("  ")[::2] for line in done.stdout.splitlines())
    crash = "tests/scenarios/test_crash.py::"
    assert any(name.startswith(crash) and "not on virt: no " in text for name, text in lines.items())


def test_a_wrong_board_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "--board", "nonsense"]) == 2
    assert "known boards: " in capsys.readouterr().err
