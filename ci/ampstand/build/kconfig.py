# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Kernel configuration from fragments, and the proof that every line of them took effect.

A line of a fragment is one of::

    CONFIG_A=y
    # CONFIG_A is not set
    CONFIG_A=y  # where it exists
    CONFIG_A=y  # or CONFIG_B=y

The third is left out of a kernel whose Kconfig has no such symbol; of the fourth the first that exists is taken, for
symbols that have been renamed. Other comments are on lines of their own. Kconfig drops a line that it does not
understand, or whose dependencies are not met, without a word; here both are errors.

A complete ``.config`` is taken as well. Its lines are wishes: what Kconfig makes of them is not compared. So are those
that we only prefer, where a fragment of the user's is laid over them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ampstand.build.kconfig_tree import Tree
from ampstand.errors import InfrastructureError, UsageError

_VALUE = r'(?:[ymn]|-?\d+|0x[0-9a-fA-F]+|"(?:[^"\\]|\\.)*")'
_SET = re.compile(rf"^CONFIG_(\w+)=({_VALUE})$")
_UNSET = re.compile(r"^# CONFIG_(\w+) is not set$")
_FORM = re.compile(rf"^(CONFIG_\w+={_VALUE})\s+# (.*)$")
_OPTIONAL = "where it exists"
_GENERATED = "# Automatically generated file; DO NOT EDIT."


@dataclass(frozen=True)
class Wish:
    """One line of a fragment."""

    choices: tuple[tuple[str, str], ...]
    """Symbol (without ``CONFIG_``) and value: the first that exists is taken."""
    optional: bool
    """Left out where the symbol does not exist."""
    origin: str
    """``FILE:LINE``, for messages."""
    complete: bool = False
    """From a complete ``.config``: what it does not name gets its default."""
    weak: bool = False
    """Not compared with what Kconfig made of it."""

    @property
    def text(self) -> str:
        """Return the line in one fixed form."""
        words = " or ".join(f"CONFIG_{symbol}={value}" for symbol, value in self.choices)
        said = {_OPTIONAL: self.optional, "(complete)": self.complete, "(weak)": self.weak}
        return " ".join([words, *(word for word, so in said.items() if so)])


def values(config: str) -> dict[str, str]:
    """Return ``{symbol: value}`` of a finished ``.config``; a symbol that is said to be not set is ``n``."""
    found = {}
    for line in config.splitlines():
        if match := _SET.match(line):
            found[match[1]] = match[2]
        elif match := _UNSET.match(line):
            found[match[1]] = "n"
    return found


def is_complete(path: Path) -> bool:
    """Return whether a file is a complete ``.config``, and not a fragment."""
    return path.is_file() and _GENERATED in path.read_text(encoding="utf-8", errors="replace")[:200]


def parse(text: str, name: str = "fragment") -> list[Wish]:
    """Return the wishes of a fragment, or of a complete ``.config``; raise with file and line for anything else."""
    complete = _GENERATED in text[:200]
    wishes = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line, origin = raw.strip(), f"{name}:{number}"
        if match := _UNSET.match(line):
            wishes.append(Wish(((match[1], "n"),), optional=False, origin=origin, complete=complete, weak=complete))
            continue
        if not line or line.startswith("#"):
            continue
        form = _FORM.match(line)
        words = [form[1] if form else line]
        if form and form[2] != _OPTIONAL:
            words += [part.removeprefix("or ").strip() for part in form[2].split(" or ")]
            if not form[2].startswith("or "):
                words.append("")  # no such form
        found = [_SET.match(word) for word in words]
        wanted = tuple((match[1], match[2]) for match in found if match)
        if len(wanted) != len(words):
            raise UsageError(
                f"{origin}: not a line of a kernel configuration: {line}",
                hint='write CONFIG_NAME=y, =m, =n, a number or a "text"; behind it "# where it exists" or '
                '"# or CONFIG_OTHER=y", no other comment',
            )
        optional = form is not None and form[2] == _OPTIONAL
        wishes.append(Wish(wanted, optional=optional, origin=origin, complete=complete, weak=complete))
    return wishes


def merge(fragments: Iterable[Path], preferred: Collection[Path] = ()) -> list[Wish]:
    """Return the fragments' wishes; a later one overrides an earlier one for the same symbol.

    Those of the ``preferred`` files are weak.
    """
    merged: dict[str, Wish] = {}
    for path in fragments:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise UsageError(f"kernel configuration {path}: {reason}") from error
        for wish in parse(text, str(path)):
            merged.pop(wish.choices[0][0], None)
            merged[wish.choices[0][0]] = replace(wish, weak=True) if path in preferred else wish
    return list(merged.values())


def text_of(wishes: Iterable[Wish]) -> str:
    """Return what wishes ask for, one a line: equal for equal wishes, wherever they were written."""
    return "".join(f"{line}\n" for line in sorted(wish.text for wish in wishes))


def resolve(wishes: Iterable[Wish], exists: Tree) -> dict[str, tuple[str, Wish]]:
    """Return ``{symbol: (value, who asked)}`` for a kernel; a symbol that must exist and does not is kept."""
    resolved: dict[str, tuple[str, Wish]] = {}
    for wish in wishes:
        there = [choice for choice in wish.choices if exists.has(choice[0])]
        if not there and (wish.optional or wish.weak):
            continue
        symbol, value = (there or wish.choices)[0]
        resolved.pop(symbol, None)
        resolved[symbol] = value, wish
    return resolved


def config_of(resolved: Mapping[str, tuple[str, Wish]]) -> str:
    """Return the text that Kconfig is given."""
    return "".join(f"CONFIG_{symbol}={value}\n" for symbol, (value, _) in sorted(resolved.items()))


def unmet(resolved: Mapping[str, tuple[str, Wish]], config: str, tree: Tree) -> list[str]:
    """Return one line for each wanted value that a ``.config`` does not have, with who asked and what forbids it."""
    have = values(config)
    lines = []
    for symbol, (value, wish) in sorted(resolved.items()):
        got = have.get(symbol, "n")
        if got != value and not wish.weak:
            why = tree.why_not(symbol, value, have)
            lines.append(f"{wish.origin}: CONFIG_{symbol}: wanted {value}, is {got}" + (f": {why}" if why else ""))
    return lines


def check(resolved: Mapping[str, tuple[str, Wish]], config: Path, tree: Tree) -> None:
    """Fail when a line of the fragments is not in the finished ``.config``."""
    lines = unmet(resolved, config.read_text(encoding="utf-8"), tree)
    if lines:
        shown = "\n".join(f"  {line}" for line in lines)
        raise InfrastructureError(
            f"the kernel's Kconfig did not take {len(lines)} line(s) of its configuration:\n{shown}",
            hint="set what is missing as well, in a fragment of your own: --kernel-config FILE",
        )
