# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""From the marks of a probe to its figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ampstand.board import Board
from ampstand.errors import TestsFailed
from ampstand.measure.counts import RECEIVED, SENT, Event
from ampstand.measure.probe import FIRST_MARK, RESET, Probe, Span

EXACT = "exact"
"""The class of a figure that is the same in every run on the same inputs, whatever the workstation does."""
_MARKED = re.compile(r"^mark (\d+) (\d+)\r?$", re.MULTILINE)
_POINTS = (("min", 0.0), ("median", 0.5), ("p99", 0.99), ("max", 1.0))


@dataclass(frozen=True)
class Place:
    """The first instruction of a function."""

    symbol: str
    core: str
    address: int


@dataclass(frozen=True)
class Figure:
    """One number of a probe."""

    span: str
    quantity: str
    value: float
    unit: str
    counts: str
    """What it counts."""
    reproducibility: str = EXACT

    @property
    def name(self) -> str:
        """What the figure is called within its probe."""
        return f"{self.span}: {self.quantity}"


TIME = "time"


def executed(core: str) -> str:
    """Return the quantity that says how many instructions a core executed."""
    return f"instructions of {core}"


def cores(board: Board) -> dict[str, tuple[int, ...]]:
    """Return QEMU's CPUs of each core of a board, by the core's name."""
    remote = board.remote
    taken = () if remote is None else (remote.cpu,)
    host = tuple(cpu for cpu in range(board.host_cpus + len(taken)) if cpu not in taken)
    return {board.shell.core: host} | ({} if remote is None else {remote.core: taken})


def figures(
    probe: Probe, board: Board, log: str, events: Sequence[Event], places: Sequence[Place] = ()
) -> list[Figure]:
    """Return a probe's figures.

    ``log`` is what the host said; ``places`` are those that were counted, in their order. ``TestsFailed`` if a mark is
    missing.
    """
    numbers = {name: FIRST_MARK + index for index, name in enumerate(probe.marks)}
    times = {int(mark): int(ns) for mark, ns in reversed(_MARKED.findall(log))}
    found: list[Figure] = []
    for span in probe.spans:
        begin = _index(events, numbers, span.begin, probe)
        end = _index(events, numbers, span.end, probe)
        before = events[begin] if begin is not None else None
        after = events[end] if end is not None else None
        assert after is not None, "a span ends at a mark"
        for core, cpus in cores(board).items():
            insns = _insns(after, cpus) - (_insns(before, cpus) if before is not None else 0)
            found.append(Figure(span.name, executed(core), _per(insns, span), "instructions", _counted(span, core)))
        ns = times[numbers[span.end]] - (times[numbers[span.begin]] if span.begin != RESET else 0)
        since = "since Linux began" if span.begin == RESET else f"from {span.begin} to {span.end}"
        found.append(Figure(span.name, TIME, _per(ns, span), "ns", f"virtual time {since}{_each(span)}"))
        for number, place in enumerate(places):
            cpus = cores(board)[place.core]
            calls = _calls(after, number, cpus) - (_calls(before, number, cpus) if before is not None else 0)
            quantity = f"calls of {place.symbol} on {place.core}"
            found.append(Figure(span.name, quantity, _per(calls, span), "calls", _counted(span, place.core)))
        if span.messages:
            found += _messages(span, board, events[(begin or 0) : end])
    return found


def _index(events: Sequence[Event], numbers: Mapping[str, int], mark: str, probe: Probe) -> int | None:
    if mark == RESET:
        return None
    for index, event in enumerate(events):
        if event.mark == numbers[mark]:
            return index
    raise TestsFailed(f"probe {probe.name} ended without its mark {mark!r}")


def _messages(span: Span, board: Board, events: Sequence[Event]) -> Iterator[Figure]:
    """Yield the distribution over the messages of a span: what each core executes from sending to the answer."""
    pairs = []
    sent: Event | None = None
    for event in events:
        if event.mark == SENT:
            sent = event
        elif event.mark == RECEIVED and sent is not None:
            pairs.append((sent, event))
            sent = None
    if not pairs:
        raise TestsFailed(f"no message was marked in span {span.name!r}")
    for core, cpus in cores(board).items():
        values = sorted(_insns(after, cpus) - _insns(before, cpus) for before, after in pairs)
        for point, part in _POINTS:
            value = values[min(int(part * len(values)), len(values) - 1)]
            text = f"executed by {core} from sending a message to its answer, of {len(values)}"
            yield Figure(span.name, f"{executed(core)} a message, {point}", value, "instructions", text)


def _insns(event: Event, cpus: Sequence[int]) -> int:
    return sum(event.insns[cpu] for cpu in cpus)


def _calls(event: Event, place: int, cpus: Sequence[int]) -> int:
    return sum(event.calls[place * len(event.insns) + cpu] for cpu in cpus)


def _per(value: int, span: Span) -> float:
    return value if span.per == 1 else round(value / span.per, 3)


def _each(span: Span) -> str:
    return "" if span.per == 1 else f", divided by {span.per}"


def _counted(span: Span, core: str) -> str:
    return f"executed by {core} from {span.begin} to {span.end}{_each(span)}"
