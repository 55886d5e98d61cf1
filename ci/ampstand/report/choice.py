# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which scenarios a change to Linux can matter to: those that execute what it changes.

A scenario is left out only if it is known what it executes, and that is nothing of the functions that are changed. What
lies outside of functions matters to all that execute anything of the file; a header, or a file that is no C, to all. A
file of which the compiler makes what it did before matters to none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from ampstand.report.lcov import Covered

BOOT = "boot-"
"""So begin the names of boots of shared boards, which no scenario has to itself (``ampstand.plugin``)."""
SMOKE = ("test_boot.py", "test_exchange.py")
"""Files of scenarios that run whatever is changed."""
_END = re.compile(r"\}")


def functions(before: str, after: str) -> list[range]:
    """Return the lines of ``before``, counted from 1, of each function that is changed: from the end of the one before.

    A function of C ends at a brace in the first column.
    """
    lines = before.splitlines()
    ends = [number for number, line in enumerate(lines, start=1) if _END.match(line)]
    matcher = difflib.SequenceMatcher(None, lines, after.splitlines(), autojunk=False)
    found = []
    for tag, start, stop, _, _ in matcher.get_opcodes():
        if tag != "equal":
            first, last = start + 1, max(stop, start + 1)  # an insertion comes before line ``start + 1``
            begin = max((end for end in ends if end < first), default=0) + 1
            found.append(range(begin, min((end for end in ends if end >= last), default=len(lines)) + 1))
    return found


def affected(files: Mapping[str, tuple[str, str]], tests: Mapping[str, Covered]) -> set[str] | None:
    """Return the tests that execute what is changed; None if that may be all of them.

    ``files`` are the texts before and after by path, ``tests`` what was executed before the change.
    """
    found: set[str] = set()
    for path, (before, after) in files.items():
        if path.startswith("Documentation/"):
            continue
        if not path.endswith(".c"):
            return None
        if not any(path in covered.lines for covered in tests.values()):
            continue  # not in this kernel
        for part in functions(before, after):
            compiled = {line for covered in tests.values() for line in covered.lines.get(path, {}) if line in part}
            for name, covered in tests.items():
                lines = covered.lines.get(path, {})
                if any(hit and (line in compiled or not compiled) for line, hit in lines.items()):
                    found.add(name)
    return None if any(name.startswith(BOOT) for name in found) else found


def smoke(all_tests: Iterable[str]) -> list[str]:
    """Return those of ``all_tests`` that run whatever is changed."""
    return [name for name in all_tests if any(f"/{file}::" in name for file in SMOKE)]


def choose(all_tests: Iterable[str], files: Mapping[str, tuple[str, str]], tests: Mapping[str, Covered]) -> list[str]:
    """Return those of ``all_tests`` that are to run: the affected, those of which nothing is known, the smoke set."""
    names = list(all_tests)
    wanted = affected(files, tests)
    if wanted is None:
        return names
    wanted = wanted.union(smoke(names))
    return [name for name in names if name in wanted or name not in tests]
