# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The command that runs one test again, on the same inputs.

A command is a list of words, printed with the shell's quoting. Its base has every option that differs from its default;
``of_test`` adds the stage and the test.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from ampstand import paths
from ampstand.report.results import kind

ENTRY = "scripts/ampstand"
HOW = (
    "only",
    "records",
    "coverage",
    "keyword",
    "test",
    "workers",
    "short",
    "shard",
    "durations",
    "failed_first",
    "keep_states",
    "junit",
    "json",
    "jobs",
    "help",
)
"""Options (by ``dest``) that say which tests run and how, not what is tested."""


def program() -> str:
    """Return the entry point as the user's shell finds it from where it is.

    That of a bundle is named by the bundle itself (``AMPSTAND_PROGRAM``).
    """
    if paths.INSTALLED:
        return os.environ.get("AMPSTAND_PROGRAM", "ampstand")
    return f"./{ENTRY}" if Path.cwd() == paths.ROOT else str(paths.ROOT / ENTRY)


def base(parser: argparse.ArgumentParser, args: argparse.Namespace) -> list[str]:
    """Return the words of a command: the options of ``args`` that say what is tested and differ from the defaults.

    Positional arguments are left out as well. Paths become absolute.
    """
    names = {action.dest for action in parser._actions} - set(HOW)
    return [program(), parser.prog.rpartition(" ")[2], *options(parser, args, names)]


def options(parser: argparse.ArgumentParser, args: argparse.Namespace, names: Collection[str]) -> list[str]:
    """Return the words of those options with these names (``dest``) that differ from their defaults."""
    words: list[str] = []
    for action in parser._actions:
        value = getattr(args, action.dest, action.default)
        if not action.option_strings or action.dest not in names or value in (action.default, None):
            continue
        option = max(action.option_strings, key=len)
        if action.nargs == 0:
            words.append(option)
            continue
        for single in value if isinstance(value, (list, tuple)) else [value]:
            words += [option, absolute(single)]
    return words


def absolute(value: object) -> str:
    """Return an option's value with the path in it made absolute: ``DIR``, ``DIR@REVISION`` or ``FILE=NAME``."""
    if isinstance(value, Path):
        return str(value.absolute())
    text = str(value)
    path, mark, rest = re.match(r"([^@=]*)([@=]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    names_a_file = path and (mark or "/" in path or "." in path) and Path(path).exists()
    return f"{Path(path).absolute()}{mark}{rest}" if names_a_file else text


def inputs_of(pytest_arguments: Sequence[str]) -> list[str]:
    """Return those of pytest's arguments that set inputs of a scenario (``--ampstand-seed 7``); others select tests."""
    kept: list[str] = []
    value_follows = False
    for word in pytest_arguments:
        if word.startswith("--ampstand-"):
            kept.append(word)
            value_follows = "=" not in word
        else:
            if value_follows and not word.startswith("-") and not _names_tests(word):
                kept.append(word)
            value_follows = False
    return kept


def _names_tests(word: str) -> bool:
    return "::" in word or word.endswith(".py") or Path(word).is_dir()


def of_test(command: Sequence[str], stage: str, name: str) -> list[str]:
    """Return the command that runs one test: of ``ampstand test``; any other command is complete as it is."""
    if len(command) < 2 or command[1] != "test":
        return list(command)
    end = command.index("--") if "--" in command else len(command)
    return [*command[:end], "--only", kind(stage), "--test", name, *command[end:]]


def with_board(command: Sequence[str], board: str) -> list[str]:
    """Return a command that is about another board than the one it names, or names none."""
    words = list(command)
    if "--board" in words:
        at = words.index("--board")
        del words[at : at + 2]
    end = words.index("--") if "--" in words else len(words)
    return [*words[:end], "--board", absolute(board), *words[end:]]
