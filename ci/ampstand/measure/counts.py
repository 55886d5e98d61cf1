# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the counting plugin (``hw/plugin/count.c``) writes."""

from __future__ import annotations

from dataclasses import dataclass

SENT, RECEIVED = 0, 1
"""``enum mark_number`` of ``firmware/include/ampstand/mark.h``."""


@dataclass(frozen=True)
class Event:
    """One mark was executed."""

    mark: int
    vcpu: int
    insns: tuple[int, ...]
    """By vCPU, the instructions that were executed before."""
    calls: tuple[int, ...]
    """By place, and for each by vCPU, how often it was executed."""


def events(text: str) -> list[Event]:
    """Return the events of a plugin's file in their order; a line that was cut off is left out."""
    found = []
    for line in text.splitlines(keepends=True):
        head, _, calls = line.partition("/")
        mark, _, rest = head.partition(" ")
        if line.endswith("\n") and mark.isdigit():
            vcpu, *insns = rest.split()
            found.append(Event(int(mark), int(vcpu), tuple(map(int, insns)), tuple(map(int, calls.split()))))
    return found
