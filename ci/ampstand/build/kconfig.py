# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Kernel configuration from fragments, and the proof that every line of them took effect.

Kconfig drops a line whose dependencies are not met without a word; here that is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ampstand.errors import InfrastructureError, UsageError

_SET = re.compile(r"^(CONFIG_\w+)=(.*)$")
_UNSET = re.compile(r"^# (CONFIG_\w+) is not set$")


def parse(text: str) -> dict[str, str]:
    """Return ``{symbol: value}``; a symbol that is said to be not set is ``n``."""
    values = {}
    for line in text.splitlines():
        if match := _SET.match(line.strip()):
            values[match[1]] = match[2]
        elif match := _UNSET.match(line.strip()):
            values[match[1]] = "n"
    return values


def merge(fragments: Iterable[Path]) -> dict[str, str]:
    """Return the fragments' values; a later fragment overrides an earlier one."""
    merged: dict[str, str] = {}
    for path in fragments:
        try:
            merged.update(parse(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise UsageError(f"kernel configuration fragment {path}: {error.strerror}") from error
    return merged


def text_of(values: dict[str, str]) -> str:
    """Return values as a fragment."""
    return "".join(f"{name}={value}\n" for name, value in sorted(values.items()))


def unmet(wanted: dict[str, str], config: str) -> list[str]:
    """Return one line for each wanted value that a finished ``.config`` does not have."""
    have = parse(config)
    return [
        f"{name}: wanted {value}, is {have.get(name, 'n')}"
        for name, value in sorted(wanted.items())
        if have.get(name, "n") != value
    ]


def check(wanted: dict[str, str], config: Path) -> None:
    """Fail when a line of the fragments is not in the finished ``.config``."""
    lines = unmet(wanted, config.read_text(encoding="utf-8"))
    if lines:
        shown = "\n".join(f"  {line}" for line in lines)
        raise InfrastructureError(
            f"the kernel's Kconfig did not take {len(lines)} line(s) of configs/kernel:\n{shown}",
            hint="a dependency is missing, or the symbol has another name in this kernel; mend the fragment",
        )
