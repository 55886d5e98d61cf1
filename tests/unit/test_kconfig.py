# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Kernel configuration: the lines of fragments, and what Kconfig made of them and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from ampstand import paths
from ampstand.build import kconfig, kconfig_tree
from ampstand.errors import InfrastructureError, UsageError

KCONFIG = """\
mainmenu "Linux/$(ARCH) $(KERNELVERSION) Kernel Configuration"
source "arch/$(SRCARCH)/Kconfig"
config EXPERT
	bool "Expert"
	help
		A help text may hold
		config NOT_A_SYMBOL
			and more

		after an empty line.
config MODULES
	bool "Modules"  # a comment
menu "AMP"
	depends on EXPERT && \\
	!TINY
config MAILBOX
	tristate "Mailbox"
if MAILBOX
config RPROC
	bool "Remote" if EXPERT
	depends on ARCH_A || COMPILE_TEST
	depends on $(cc-option,-x(y)) || NR = 4
	select HELPER if MODULES
endif
endmenu
config HELPER
	bool
config LEVEL
	int "Level"
	range 1 3
choice
	prompt "Which"
config ONE
	bool "one"
endchoice
config LAST
	bool "Last"
	depends on NR > 2
"""


@pytest.fixture
def tree(tmp_path: Path) -> kconfig_tree.Tree:
    top = tmp_path / "tree"
    (top / "arch/a").mkdir(parents=True)
    (top / "Kconfig").write_text(KCONFIG)
    (top / "arch/a/Kconfig").write_text("config ARCH_A\n\tdef_bool y\n\tselect GONE\n")
    (top / "arch/b").mkdir()
    (top / "arch/b/Kconfig").write_text("config ARCH_B\n\tdef_bool y\n")
    return kconfig_tree.read(top, "a")


def fragment(folder: Path, text: str, name: str = "f.config") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def resolved(tree: kconfig_tree.Tree, text: str) -> dict[str, str]:
    return {name: value for name, (value, _) in kconfig.resolve(kconfig.parse(text), tree).items()}


def test_later_fragments_override(tmp_path: Path) -> None:
    one = fragment(tmp_path, 'CONFIG_A=y\nCONFIG_B="text # no comment"\n# comment\n#CONFIG_X=y\n', "one")
    two = fragment(tmp_path, "# CONFIG_A is not set\n\nCONFIG_C=m\n", "two")
    wishes = kconfig.merge([one, two])
    assert {wish.choices[0] for wish in wishes} == {("A", "n"), ("B", '"text # no comment"'), ("C", "m")}
    assert {wish.choices[0][0]: wish.origin for wish in wishes}["A"] == f"{two}:1"


@pytest.mark.parametrize(
    "line",
    [
        "CONFIG_A = y", "A=y", "CONFIG_A", "CONFIG_A=yes", 'CONFIG_A="open', "CONFIG_A=y # why not", "garbage",
        "CONFIG_A=y  # or B=y", "CONFIG_A=y  # or", "CONFIG_A=y  # where it exist", "CONFIG_A=",
    ],
)  # fmt: skip
def test_garbage_is_an_error_with_file_and_line(tmp_path: Path, line: str) -> None:
    path = fragment(tmp_path, f"# first\nCONFIG_OK=y\n{line}\n")
    with pytest.raises(UsageError) as caught:
        kconfig.merge([path])
    assert caught.value.message.startswith(f"{path}:3: not a line of a kernel configuration: {line}")


def test_a_file_that_cannot_be_read_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        kconfig.merge([tmp_path / "nowhere"])
    (tmp_path / "image").write_bytes(b"\xff\xfe\0")
    with pytest.raises(UsageError, match="image: not a text file"):
        kconfig.merge([tmp_path / "image"])


def test_symbols_are_those_of_one_architecture_and_of_no_help_text(tree: kconfig_tree.Tree) -> None:
    assert tree.has("ARCH_A")
    assert tree.has("LAST")
    assert not tree.has("ARCH_B")
    assert not tree.has("NOT_A_SYMBOL")
    assert not tree.has("GONE")


def test_where_it_exists(tree: kconfig_tree.Tree) -> None:
    assert resolved(tree, "CONFIG_EXPERT=y  # where it exists\nCONFIG_NEW=y  # where it exists\n") == {"EXPERT": "y"}
    assert resolved(tree, "CONFIG_NEW=y\n") == {"NEW": "y"}


def test_what_is_only_preferred_is_given_up(tmp_path: Path, tree: kconfig_tree.Tree) -> None:
    ours, users = tmp_path / "ours.config", tmp_path / "users.config"
    ours.write_text("CONFIG_EXPERT=y\nCONFIG_NEW=y\n")
    users.write_text("CONFIG_LEVEL=2\n")
    wished = kconfig.resolve(kconfig.merge([ours, users], preferred=[ours]), tree)
    assert {symbol: value for symbol, (value, _) in wished.items()} == {"EXPERT": "y", "LEVEL": "2"}
    (line,) = kconfig.unmet(wished, "CONFIG_EXPERT=n\nCONFIG_LEVEL=1\n", tree)
    assert line.startswith(f"{users}:1: CONFIG_LEVEL: wanted 2, is 1")


def test_of_renamed_symbols_the_one_that_exists_is_taken(tree: kconfig_tree.Tree) -> None:
    assert resolved(tree, "CONFIG_EXPERT=y  # or CONFIG_OTHER=y\n") == {"EXPERT": "y"}
    assert resolved(tree, "CONFIG_OLD=y  # or CONFIG_OLDER=y or CONFIG_LEVEL=2\n") == {"LEVEL": "2"}
    assert resolved(tree, "CONFIG_OLD=y  # or CONFIG_OTHER=y\n") == {"OLD": "y"}


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
        ('CONFIG_A="a"', 'CONFIG_A="b"\n', False),
    ],
)
def test_unmet(tree: kconfig_tree.Tree, line: str, config: str, met: bool) -> None:
    assert (kconfig.unmet(kconfig.resolve(kconfig.parse(line), tree), config, tree) == []) is met


@pytest.mark.parametrize(
    ("line", "config", "why"),
    [
        ("CONFIG_NEW=y", "", "this kernel has no such symbol"),
        ("CONFIG_MAILBOX=y", "", "needs EXPERT (is n)"),
        ("CONFIG_MAILBOX=y", "CONFIG_EXPERT=y\nCONFIG_TINY=y\n", "needs !TINY (TINY=y)"),
        ("CONFIG_RPROC=y", "CONFIG_EXPERT=y\n", "needs MAILBOX (is n) and ARCH_A || COMPILE_TEST"),
        ("CONFIG_LAST=y", "CONFIG_NR=2\n", "needs NR>2 (NR=2)"),
        ("CONFIG_HELPER=y", "", "Kconfig computes it; it is selected by RPROC"),
        ("CONFIG_HELPER=n", "CONFIG_HELPER=y\nCONFIG_RPROC=y\nCONFIG_MODULES=y\n", "selected by RPROC"),
    ],
)
def test_the_message_says_what_forbids_a_line(tree: kconfig_tree.Tree, line: str, config: str, why: str) -> None:
    (text,) = kconfig.unmet(kconfig.resolve(kconfig.parse(line, "my.config"), tree), config, tree)
    assert text.startswith("my.config:1: CONFIG_")
    assert why in text


def test_a_dropped_line_is_an_error_that_names_file_and_reason(tmp_path: Path, tree: kconfig_tree.Tree) -> None:
    config = fragment(tmp_path, "CONFIG_EXPERT=y\n", ".config")
    path = fragment(tmp_path, "CONFIG_EXPERT=y\nCONFIG_RPROC=y\n")
    with pytest.raises(InfrastructureError) as caught:
        kconfig.check(kconfig.resolve(kconfig.merge([path]), tree), config, tree)
    assert f"{path}:2: CONFIG_RPROC: wanted y, is n: needs MAILBOX (is n)" in caught.value.message
    assert "EXPERT:" not in caught.value.message


def test_a_complete_config_is_wishes_that_are_not_compared(tmp_path: Path, tree: kconfig_tree.Tree) -> None:
    head = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/a 6.12.0 Kernel Configuration\n#\n"
    full = fragment(tmp_path, f'{head}CONFIG_CC_VERSION_TEXT="gcc"\nCONFIG_HELPER=y\nCONFIG_EXPERT=n\n', ".config")
    needs = fragment(tmp_path, "CONFIG_EXPERT=y\n")
    assert kconfig.is_complete(full)
    assert not kconfig.is_complete(needs)
    found = kconfig.resolve(kconfig.merge([full, needs]), tree)
    assert kconfig.config_of(found) == "CONFIG_EXPERT=y\nCONFIG_HELPER=y\n"
    assert kconfig.unmet(found, "CONFIG_EXPERT=y\n", tree) == []
    (line,) = kconfig.unmet(found, "CONFIG_HELPER=y\n", tree)
    assert line.startswith(f"{needs}:1: CONFIG_EXPERT: wanted y")


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("", 2), ("A", 2), ("M", 1), ("N", 0), ("!M", 1), ("!A", 0), ("A && M", 1), ("N || M", 1),
        ("A && !(N || A)", 0), ('S = "text"', 2), ("S != text", 0), ("NR >= 0x10", 2), ("NR < 2", 0),
        ("$(shell,x) && A", 2), ("A=y", 2),
        ("UNKNOWN=n", 2), ("M != n && A", 2),
    ],
)  # fmt: skip
def test_conditions(condition: str, value: int) -> None:
    have = {"A": "y", "M": "m", "N": "n", "S": '"text"', "NR": "16"}
    assert kconfig_tree.truth(condition, have) == value


def test_our_own_fragments_are_lines_of_the_language() -> None:
    folder = paths.CONFIGS / "kernel"
    wishes = kconfig.merge([folder / "common.config", folder / "needs.config", folder / "needs-arm.config"])
    assert ("STM32_RPROC", "y") in {wish.choices[0] for wish in wishes}
    for path in folder.glob("*.config"):
        assert kconfig.merge([path])


def test_the_text_of_wishes_tells_all_forms_apart() -> None:
    lines = ["CONFIG_A=y", "CONFIG_A=n", "CONFIG_A=y  # where it exists", "CONFIG_A=y  # or CONFIG_B=y"]
    assert len({kconfig.text_of(kconfig.parse(line)) for line in lines}) == len(lines)
