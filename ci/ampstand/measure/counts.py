# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the counting plugin (``hw/plugin/count.c``) writes."""

from __future__ import annotations

from dataclasses import dataclass

SENT, RECEIVED = 0, 1
"""``enum mark_number`` of ``firmware/include/ampstand/mark.h``."""


@dataclass(frozen=True)
class Interrupts:
    """What is known of a vCPU's exceptions; of one that is not of the M-profile it is all 0."""

    taken: int = 0
    """How many it has taken so far."""
    longest: int = 0
    """Instructions of the longest stay in exceptions that ended since the mark before."""
    masked: int = 0
    """The same with exceptions masked."""


@dataclass(frozen=True)
class Event:
    """One mark was executed."""

    mark: int
    vcpu: int
    insns: tuple[int, ...]
    """By vCPU, the instructions that were executed before."""
    calls: tuple[int, ...]
    """By place, and for each by vCPU, how often it was executed."""
    interrupts: tuple[Interrupts, ...] = ()
    """By vCPU."""


def events(text: str) -> list[Event]:
    """Return the events of a plugin's file in their order; a line that was cut off is left out."""
    found = []
    for line in text.splitlines(keepends=True):
        head, _, rest = line.partition("/")
        calls, _, interrupts = rest.partition("/")
        mark, _, executed = head.partition(" ")
        if line.endswith("\n") and mark.isdigit():
            vcpu, *insns = map(int, executed.split())
            states = tuple(map(int, interrupts.split()))
            found.append(
                Event(
                    int(mark), vcpu, tuple(insns), tuple(map(int, calls.split())),
                    tuple(Interrupts(*states[at : at + 3]) for at in range(0, len(states), 3)),
                )
            )  # fmt: skip
    return found
