# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""All mutants of a file in one text of C: each behind a switch, so that one build has them all.

The text has the lines of the original: what a compiler, a debugger or a trace says of a line is about that line of the
source. A mutant that does not compile is found by where the compiler complains, and left out of the next text.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from ampstand.mutation import operators, source
from ampstand.mutation.operators import Change, Kind
from ampstand.mutation.switches import SWITCH

TAB = 8
"""Columns of a tab, as gcc counts them."""
_WARNINGS = {"int-conversion": "error", "incompatible-pointer-types": "error", "return-type": "ignored"}
"""Swapped arguments have to be of one type; a return that is left out may be the last one."""
_STRICT = " ".join(f'_Pragma("GCC diagnostic {what} \\"-W{name}\\"")' for name, what in _WARNINGS.items())
_COMPLAINT = re.compile(r"^(?:\.\./)*(?P<file>[^\s:]+):(?:(?P<line>\d+):(?:(?P<column>\d+):)?)? (?P<kind>\w[\w ]*):")


@dataclass(frozen=True)
class Mutant:
    """One mutant, by what it is and where; ``id`` outlives edits elsewhere in the file, and in the function."""

    id: str
    file: str
    function: str
    operator: str
    line: int
    last: int
    """Its lines, counted from 1, both included."""
    before: str
    after: str
    """What the source says, and what it says with the mutant; empty if that is nothing."""
    along: tuple[range, ...] = ()
    """Lines of what is executed whenever it is, the best witness first: for one whose lines have no code."""


@dataclass(frozen=True)
class _Site:
    mutant: Mutant
    change: Change


class File:
    """A file of C and its mutants."""

    def __init__(self, name: str, text: bytes) -> None:
        """Find the mutants of a file; ``name`` is its path in its tree."""
        self.name = name
        self._text = text
        self._sites: list[_Site] = []
        seen: Counter[str] = Counter()
        for function, node in source.functions(source.parse(text)):
            for change in operators.changes(text, node):
                self._sites.append(_Site(self._mutant(function, change, seen), change))

    @property
    def mutants(self) -> list[Mutant]:
        """All of them, in the order of the source."""
        return [site.mutant for site in self._sites]

    def _mutant(self, function: str, change: Change, seen: Counter[str]) -> Mutant:
        before, after = source.flat(self._text, change.node), change.text
        if change.kind is Kind.BEFORE:
            before, after = "", change.text
        digest = hashlib.sha256(f"{source.flat(self._text, change.node)}\0{after}".encode(errors="replace")).hexdigest()
        known = f"{self.name}:{function}:{change.operator}:{digest[:8]}"
        seen[known] += 1
        return Mutant(
            f"{known}:{seen[known]}",
            self.name,
            function,
            change.operator,
            change.node.start_point.row + 1,
            change.node.end_point.row + 1,
            before,
            after,
            tuple(source.along(change.node)),
        )

    def alone(self, mutant: str) -> bytes:
        """Return the file with one mutant put in by hand, as a patch would have it."""
        change = next(site.change for site in self._sites if site.mutant.id == mutant)
        start, end = change.node.start_byte, change.node.end_byte
        original, new = self._text[start:end], change.text.encode(errors="surrogateescape")
        if change.kind is Kind.WITHOUT:
            new = b";"
        elif change.kind is Kind.BEFORE:
            new = b"{ " + new + b" " + original + b" }"
        else:
            new = b"(" + new + b")"
        return self._text[:start] + new + self._text[end:]

    def text(self, numbers: Mapping[str, int], declarations: str, definitions: str = "") -> bytes:
        """Return the file with those mutants that have a number.

        ``declarations`` are of ``SWITCH`` and go before the first line; ``definitions`` come after the last.
        """
        by_node: dict[int, list[tuple[int, Change]]] = defaultdict(list)
        roots: dict[int, Node] = {}
        for site in self._sites:
            if site.mutant.id in numbers:
                by_node[site.change.node.id].append((numbers[site.mutant.id], site.change))
                roots[site.change.node.id] = site.change.node
        if not by_node:
            return self._text
        root = next(iter(roots.values()))
        while root.parent is not None:
            root = root.parent
        body = self._emit(root, by_node, self._above(roots.values()))
        head, tail = self._text[: root.start_byte], self._text[root.end_byte :]
        return f"{_STRICT} {declarations} ".encode() + head + body + tail + definitions.encode()

    @staticmethod
    def _above(nodes: Iterable[Node]) -> set[int]:
        """Return the nodes that have any of these below them, and these."""
        found: set[int] = set()
        for node in nodes:
            up: Node | None = node
            while up is not None and up.id not in found:
                found.add(up.id)
                up = up.parent
        return found

    def _emit(self, node: Node, by_node: Mapping[int, Sequence[tuple[int, Change]]], above: Collection[int]) -> bytes:
        if node.id not in above:
            return self._text[node.start_byte : node.end_byte]
        parts, at = [], node.start_byte
        for child in node.children:
            parts += [self._text[at : child.start_byte], self._emit(child, by_node, above)]
            at = child.end_byte
        parts.append(self._text[at : node.end_byte])
        return _switched(b"".join(parts), by_node.get(node.id, ()))

    def blamed(self, written: bytes, numbers: Mapping[str, int], log: str) -> set[str]:
        """Return the mutants that a compiler complains of, from what it said of the file ``written``."""
        found = _blamed(self.name, written, log)
        return {site.mutant.id for site in self._sites if numbers.get(site.mutant.id) in found}


def _switched(original: bytes, sites: Sequence[tuple[int, Change]]) -> bytes:
    """Return a piece of C with its mutants."""
    out, instead = original, [(n, c.text) for n, c in sites if c.kind in (Kind.INSTEAD, Kind.TRUTH)]
    if instead:
        truth = any(change.kind is Kind.TRUTH for _, change in sites)
        choices = "".join(f"{SWITCH}({number}) ? ({text}) : " for number, text in instead)
        return b"(" + choices.encode(errors="surrogateescape") + (b"!!" if truth else b"") + b"(" + out + b"))"
    for number, change in sites:
        if change.kind is Kind.WITHOUT:
            out = f"if (!{SWITCH}({number})) ".encode() + out
    before = "".join(
        f"if ({SWITCH}({number})) {change.text} " for number, change in sites if change.kind is Kind.BEFORE
    )
    return b"{ " + before.encode() + out + b" }" if sites else out


def _blamed(name: str, written: bytes, log: str) -> set[int]:
    """Return the numbers of the switches that errors in a compiler's log point at.

    An error is followed by notes about where the macro is used in which it occurred, which may be one of the compiler's
    command line; the first place in a line that has a switch counts, and of the switches in it the last before the
    column, or the first behind it.
    """
    lines = written.split(b"\n")
    found: set[int] = set()
    open_error = False
    for match in (_COMPLAINT.match(line) for line in log.splitlines()):
        if match is None:
            continue
        if match["kind"] in ("error", "fatal error", "warning"):
            open_error = match["kind"] != "warning"
        if not open_error or match["line"] is None or not match["file"].endswith(name):
            continue
        number = int(match["line"])
        line = lines[number - 1].decode("utf-8", errors="replace") if number <= len(lines) else ""
        column = _character(line, int(match["column"] or 1))
        switches = [(place.start(), int(place[1])) for place in re.finditer(rf"{SWITCH}\((\d+)\)", line)]
        if switches:
            earlier = [mutant for start, mutant in switches if start - 1 <= column]  # or the parenthesis before it
            found.add(earlier[-1] if earlier else switches[0][1])
            open_error = False
    return found


def _character(line: str, column: int) -> int:
    """Return the character of a line, counted from 0, that is in a column, counted from 1."""
    at = 0
    for index, character in enumerate(line):
        width = TAB - at % TAB if character == "\t" else 1
        if at + width >= column:
            return index
        at += width
    return len(line)


def number(mutants: Iterable[Mutant], excluded: Collection[str] = ()) -> dict[str, int]:
    """Return a number for each mutant, from 1."""
    wanted = [mutant for mutant in mutants if mutant.id not in excluded]
    return {mutant.id: index for index, mutant in enumerate(wanted, start=1)}
