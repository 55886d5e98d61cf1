# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""From the marks of a probe to its figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ampstand.board import Board, RemoteCore
from ampstand.errors import TestsFailed
from ampstand.measure.counts import RECEIVED, SENT, Event
from ampstand.measure.probe import FIRST_MARK, RESET, Probe, Span

EXACT = "exact"
"""The class of a figure that is the same in every run on the same inputs, whatever the workstation does."""
_MARKED = re.compile(r"^mark (\d+) (\d+) (\d+)\r?$", re.MULTILINE)
"""Number of the mark; when it was come to, and when it was left."""
_POINTS = (("min", 0.0), ("p10", 0.1), ("median", 0.5), ("p99", 0.99), ("max", 1.0))
_VALUE = re.compile(r"^value (\S+) (-?\d+)\r?$", re.MULTILINE)
USUAL = "usual"
"""The smallest value that at least so many have: what comes in between of some of many times is above it, and what goes
another way now and then, below it, is never the same so often."""
_SHARE, _LEAST = 0.1, 2
_FEW = 3
"""Which of two values most of so many, or fewer, have is a matter of timing: they are steady if all are the same."""


@dataclass(frozen=True)
class Place:
    """The first instruction of a function."""

    symbol: str
    core: str
    address: int
    what: str = ""
    """What of a probe it is counted for; empty: the user named it."""

    @property
    def quantity(self) -> str:
        """What its calls are called."""
        return f"{self.what} of {self.core}" if self.what else f"calls of {self.symbol} on {self.core}"


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
    sensitive: bool = False
    """Whether it also depends on how things meet in time, which any change of the kernel shifts."""

    @property
    def name(self) -> str:
        """What the figure is called within its probe."""
        return f"{self.span}: {self.quantity}"


Pair = tuple[Event | None, Event]
"""The mark before, or ``RESET``, and the mark after."""
TIME = "time"
GROWTH = "growth"


def executed(core: str) -> str:
    """Return the quantity that says how many instructions a core executed."""
    return f"instructions of {core}"


def cores(board: Board) -> dict[str, tuple[int, ...]]:
    """Return QEMU's CPUs of each core of a board, by the core's name."""
    taken = {remote.core: (remote.cpu,) for remote in board.remotes}
    others = {cpu for cpus in taken.values() for cpu in cpus}
    host = tuple(cpu for cpu in range(board.host_cpus + len(others)) if cpu not in others)
    return {board.shell.core: host} | taken


def figures(
    probe: Probe, board: Board, log: str, events: Sequence[Event], places: Sequence[Place] = ()
) -> list[Figure]:
    """Return a probe's figures.

    ``log`` is what the host said; ``places`` are those that were counted, in their order. ``TestsFailed`` if a mark is
    missing.
    """
    numbers = {name: FIRST_MARK + index for index, name in enumerate(probe.marks)}
    times = [(int(mark), int(come), int(left)) for mark, come, left in _MARKED.findall(log)]
    groups = _groups(places, board)
    found: list[Figure] = []
    for span in probe.spans:
        pairs = _pairs(events, numbers, span, probe)
        count = len(pairs) if span.each else span.per
        where = f"from {span.begin} to {span.end}"
        for core, cpus in cores(board).items():
            insns = sum(_between(pair, cpus) for pair in pairs)
            counted = f"executed by {core} {where}{_each(count)}"
            found.append(Figure(span.name, executed(core), _per(insns, count), "instructions", counted, sensitive=True))
        ns = _time(times, numbers, span)
        since = "since Linux began" if span.begin == RESET else where
        text = f"virtual time {since}{_each(count)}"
        found.append(Figure(span.name, TIME, _per(ns, count), "ns", text, sensitive=True))
        for group in groups:
            calls = sum(group.between(pair) for pair in pairs)
            counted = f"executed by {group.core} {where}{_each(count)}"
            found.append(
                Figure(span.name, group.quantity, _per(calls, count), "calls", counted, sensitive=not group.named)
            )
        for remote in board.remotes:
            found += _interrupts(span, remote, events, pairs, count)
        if span.each:
            for core, cpus in cores(board).items():
                values = [_between(pair, cpus) for pair in pairs]
                steady = core != board.shell.core  # Linux never does quite the same
                found += _distribution(span, executed(core), "instructions", values, f"by {core} {where}", steady)
        if span.messages:
            messages, text = _messages(span, events, *pairs[0]), "from sending a message to its answer"
            for core, cpus in cores(board).items():
                values = [_between(pair, cpus) for pair in messages]
                found += _distribution(span, f"{executed(core)} a message", "instructions", values, f"by {core} {text}")
            for group in groups:
                if not group.named:
                    values = [group.between(pair) for pair in messages]
                    quantity = f"{group.quantity} a message"
                    found += _distribution(span, quantity, "calls", values, f"by {group.core} {text}")
    return [*found, *_values(probe, log)]


def _values(probe: Probe, log: str) -> Iterator[Figure]:
    """Yield by how much each value of a probe has grown."""
    printed = _VALUE.findall(log)
    for value in probe.values:
        numbers = [int(number) for name, number in printed if name == value.name]
        if len(numbers) < 2:
            raise TestsFailed(f"probe {probe.name} printed {value.name!r} {len(numbers)} times, which is not twice")
        grown = _per(numbers[-1] - numbers[0], value.per)
        text = f"the last less the first that the host printed{_each(value.per)}"
        yield Figure(value.name, GROWTH, grown, value.unit, text, sensitive=True)


@dataclass(frozen=True)
class _Group:
    """Places whose calls make one figure."""

    quantity: str
    core: str
    cpus: tuple[int, ...]
    numbers: tuple[int, ...]
    """Of the places."""
    named: bool
    """Whether the user named the place."""

    def between(self, pair: Pair) -> int:
        """Return the calls between two marks."""
        before, after = pair
        return self._calls(after) - (self._calls(before) if before is not None else 0)

    def _calls(self, event: Event) -> int:
        return sum(event.calls[number * len(event.insns) + cpu] for number in self.numbers for cpu in self.cpus)


def _groups(places: Sequence[Place], board: Board) -> list[_Group]:
    numbers: dict[tuple[str, str, bool], list[int]] = {}
    for number, place in enumerate(places):
        numbers.setdefault((place.quantity, place.core, not place.what), []).append(number)
    return [
        _Group(quantity, core, cores(board)[core], tuple(of), named) for (quantity, core, named), of in numbers.items()
    ]


def _interrupts(
    span: Span, remote: RemoteCore, events: Sequence[Event], pairs: Sequence[Pair], count: int
) -> Iterator[Figure]:
    """Yield what is known of a remote's exceptions, if it is of the M-profile."""
    core, cpu = remote.core, remote.cpu
    if remote.profile != "M" or not all(event.interrupts for event in events):
        return
    taken = 0
    inside = list[Event]()
    for before, after in pairs:
        first = events.index(before) + 1 if before is not None else 0
        inside += events[first : events.index(after) + 1]
        taken += after.interrupts[cpu].taken - (before.interrupts[cpu].taken if before is not None else 0)
    where = f"from {span.begin} to {span.end}"
    text = f"exceptions of {core} {where}{_each(count)}"
    yield Figure(span.name, f"interrupts of {core}", _per(taken, count), "interrupts", text, sensitive=True)
    for quantity, value in (
        (f"longest in interrupts of {core}", max(event.interrupts[cpu].longest for event in inside)),
        (f"longest with interrupts masked on {core}", max(event.interrupts[cpu].masked for event in inside)),
    ):
        yield Figure(span.name, quantity, value, "instructions", f"of those that ended {where}", sensitive=True)


def _pairs(events: Sequence[Event], numbers: Mapping[str, int], span: Span, probe: Probe) -> list[Pair]:
    """Return where a span begins and ends, each time that it does: once, unless it is of ``each`` time.

    A mark is executed twice, when it is come to and when it is left (``firmware/host/probe-mark.c``): a span begins
    where its first mark is left, and ends where its last is come to.
    """
    begins = _marked(events, numbers, span.begin, probe)[1::2]
    ends = _marked(events, numbers, span.end, probe)[::2]
    if span.begin == RESET:
        return [(None, events[ends[0]])]
    if not span.each:
        begins, ends = begins[:1], ends[:1]
    if len(begins) != len(ends):
        raise TestsFailed(f"probe {probe.name}: {span.name!r} began {len(begins)} times and ended {len(ends)} times")
    return [(events[begin], events[end]) for begin, end in zip(begins, ends, strict=True)]


def _marked(events: Sequence[Event], numbers: Mapping[str, int], mark: str, probe: Probe) -> list[int]:
    if mark == RESET:
        return []
    found = [index for index, event in enumerate(events) if event.mark == numbers[mark]]
    if not found:
        raise TestsFailed(f"probe {probe.name} ended without its mark {mark!r}")
    return found


def _time(times: Sequence[tuple[int, int, int]], numbers: Mapping[str, int], span: Span) -> int:
    """Return how long a span took, each time that it was executed added up."""
    ends = [come for mark, come, _ in times if mark == numbers[span.end]]
    if span.begin == RESET:
        return ends[0]
    begins = [left for mark, _, left in times if mark == numbers[span.begin]]
    pairs = list(zip(begins, ends, strict=False))
    return sum(end - begin for begin, end in (pairs if span.each else pairs[:1]))


def _messages(span: Span, events: Sequence[Event], before: Event | None, after: Event) -> list[Pair]:
    """Return the sending and the answer of each message of a span."""
    pairs: list[Pair] = []
    sent: Event | None = None
    first = events.index(before) if before is not None else 0
    for event in events[first : events.index(after)]:
        if event.mark == SENT:
            sent = event
        elif event.mark == RECEIVED and sent is not None:
            pairs.append((sent, event))
            sent = None
    if not pairs:
        raise TestsFailed(f"no message was marked in span {span.name!r}")
    return pairs


def _distribution(
    span: Span, quantity: str, unit: str, values: Sequence[int], text: str, steady: bool = True
) -> Iterator[Figure]:
    """Yield the distribution of what is many times the same.

    Only what is usual, if it is ``steady``, is no matter of timing; there may be nothing that is usual.
    """
    ordered = sorted(values)
    shown = [(point, ordered[min(int(part * len(ordered)), len(ordered) - 1)]) for point, part in _POINTS]
    shared = [value for value, count in Counter(ordered).items() if count >= max(_LEAST, _SHARE * len(ordered))]
    for point, value in [*shown, *((USUAL, value) for value in shared[:1])]:
        counted = f"executed {text}, of {len(ordered)}"
        sensitive = point != USUAL or not steady or (len(ordered) <= _FEW and len(set(ordered)) > 1)
        yield Figure(span.name, f"{quantity}, {point}", value, unit, counted, sensitive=sensitive)


def _between(pair: Pair, cpus: Sequence[int]) -> int:
    before, after = pair
    return _insns(after, cpus) - (_insns(before, cpus) if before is not None else 0)


def _insns(event: Event, cpus: Sequence[int]) -> int:
    return sum(event.insns[cpu] for cpu in cpus)


def _per(value: int, count: int) -> float:
    return value if count == 1 else round(value / count, 3)


def _each(count: int) -> str:
    return "" if count == 1 else f", divided by {count}"
