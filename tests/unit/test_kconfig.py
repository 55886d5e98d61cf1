# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Kernel configuration fragments."""

from __future__ import annotations

from pathlib import Path

import pytest

from ampstand import paths
from ampstand.build import kconfig
from ampstand.errors import InfrastructureError, UsageError


def test_later_fragments_override(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text('CONFIG_A=y\nCONFIG_B="text"\n# comment\n')
    two.write_text("# CONFIG_A is not set\nCONFIG_C=m\n")
    assert kconfig.merge([one, two]) == {"CONFIG_A": "n", "CONFIG_B": '"text"', "CONFIG_C": "m"}


@pytest.mark.parametrize(
    ("line", "config", "met"),
    [
        ("CONFIG_A=y", "CONFIG_A=y\n", True),
        ("CONFIG_A=n", "# CONFIG_A is not set\n", True),
        ("CONFIG_A=n", "", True),
        ("CONFIG_A=y", "", False),
        ("CONFIG_A=m", "CONFIG_A=y\n", False),
        ("CONFIG_A=n", "CONFIG_A=y\n", False),
        ("CONFIG_A=16", "CONFIG_A=17\n", False),
    ],
)
def test_unmet(line: str, config: str, met: bool) -> None:
    assert (kconfig.unmet(kconfig.parse(line), config) == []) is met


def test_a_dropped_line_is_an_error_that_names_it(tmp_path: Path) -> None:
    config = tmp_path / ".config"
    config.write_text("CONFIG_A=y\n")
    kconfig.check({"CONFIG_A": "y"}, config)
    with pytest.raises(InfrastructureError, match=r"CONFIG_RPMSG_CHAR: wanted y, is n"):
        kconfig.check({"CONFIG_A": "y", "CONFIG_RPMSG_CHAR": "y"}, config)


def test_a_missing_fragment_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        kconfig.merge([tmp_path / "nowhere"])


def test_the_text_of_our_fragments_survives_a_round_trip() -> None:
    folder = paths.CONFIGS / "kernel"
    values = kconfig.merge([folder / "common.config", folder / "arm.config"])
    assert values["CONFIG_STM32_RPROC"] == "y"
    assert kconfig.parse(kconfig.text_of(values)) == values
