# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Coverage of source lines by tests, and as LCOV's tracefile (geninfo(1)), which genhtml reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ampstand.formats.lines import SourceFile

Lines = dict[int, bool]
"""By number of a line that was compiled, whether it was executed."""


@dataclass
class Covered:
    """What one test has executed of a program's source files, by path."""

    lines: dict[str, Lines] = field(default_factory=dict)
    functions: dict[str, dict[str, tuple[int, bool]]] = field(default_factory=dict)
    """By name, the line of the function's beginning and whether it was called."""

    @classmethod
    def of(cls, executed: Callable[[int, int], bool], sources: Mapping[str, SourceFile]) -> Covered:
        """Look up each line's code. ``executed`` tells whether anything was from one address on, before another."""
        found = cls()
        for path, source in sources.items():
            found.lines[path] = {
                line: any(executed(start, end) for start, end in places)
                for line, places in sorted(source.lines.items())
            }
            found.functions[path] = {
                name: (line, executed(address, address + 2))
                for name, (line, address) in sorted(source.functions.items())
            }
        return found

    def add(self, other: Covered) -> None:
        """Take what another test has executed as well."""
        for path, lines in other.lines.items():
            mine = self.lines.setdefault(path, {})
            for line, hit in lines.items():
                mine[line] = mine.get(line, False) or hit
        for path, functions in other.functions.items():
            own = self.functions.setdefault(path, {})
            for name, (line, hit) in functions.items():
                own[name] = (line, hit or own.get(name, (line, False))[1])


def tracefile(tests: Mapping[str, Covered], root: Path) -> Iterator[str]:
    """Yield the lines of a tracefile: a section for each test and source file; ``root`` is put before the paths.

    A count is 1 or 0: that a line was executed is known, and not how often.
    """
    for test, covered in tests.items():
        for path, lines in covered.lines.items():
            functions = covered.functions[path]
            yield f"TN:{re.sub(r'[^A-Za-z0-9_]', '_', test)}"
            yield f"SF:{root / path}"
            yield from (f"FN:{line},{name}" for name, (line, _) in functions.items())
            yield from (f"FNDA:{int(hit)},{name}" for name, (_, hit) in functions.items())
            yield f"FNF:{len(functions)}"
            yield f"FNH:{sum(hit for _, hit in functions.values())}"
            yield from (f"DA:{line},{int(hit)}" for line, hit in lines.items())
            yield f"LF:{len(lines)}"
            yield f"LH:{sum(lines.values())}"
            yield "end_of_record"
