# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Where a test goes another way through Linux."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ampstand.report.detours import SHOWN, Detour, detours, tell
from ampstand.report.lcov import Covered

FILE = "drivers/rpmsg/a.c"
TEXT = """\
static int one(void)
{
	return 1;
}

int two(int x)
{
	if (x)
		return -EINVAL;
	one();
	return x;
}
"""


def covered(executed: set[int], compiled: Iterable[int] = (2, 3, 7, 8, 9, 10, 11)) -> Covered:
    return Covered({FILE: {line: line in executed for line in compiled}})


GOOD = covered({2, 3, 7, 8, 10, 11})


@pytest.mark.parametrize(
    ("executed", "found"),
    [
        ({2, 3, 7, 8, 10, 11}, []),
        (
            {7, 8, 9},
            [
                Detour(FILE, "two", [10, 11], [9], True, "return -EINVAL;"),
                Detour(FILE, "one", [2, 3], [], False, "{"),
            ],
        ),
        ({2, 3}, [Detour(FILE, "two", [7, 8, 10, 11], [], False, "{")]),
        ({2, 7, 8, 10, 11}, [Detour(FILE, "one", [3], [], True, "return 1;")]),
    ],
)
def test_functions_that_are_entered_on_both_sides_come_first(executed: set[int], found: list[Detour]) -> None:
    assert detours({FILE: (TEXT, TEXT)}, GOOD, covered(executed)) == found


def test_what_is_entered_with_the_change_alone_is_told() -> None:
    (found,) = detours({FILE: (TEXT, TEXT)}, covered({2, 3}), covered({2, 3, 7, 8, 9}))
    assert (found.function, found.entered, tell([found])) == ("two", False, ["entered now: two()"])


def test_lines_are_compared_where_the_change_has_moved_them() -> None:
    after = TEXT.replace("\tif (x)\n", "\t/* Nothing to do. */\n\tif (!x)\n").replace("int two", "\nint two")
    moved = Covered({FILE: {2: True, 3: True, 8: True, 10: True, 11: False, 12: True, 13: True}})
    assert detours({FILE: (TEXT, after)}, GOOD, moved) == [], "the changed line is told of elsewhere"
    lost = Covered({FILE: {2: True, 3: True, 8: True, 10: True, 11: True, 12: False, 13: False}})
    (found,) = detours({FILE: (TEXT, after)}, GOOD, lost)
    assert (found.without, found.with_change) == ([12, 13], [11])
    assert str(found) == f"two() in {FILE}: no longer 12-13, now 11: return -EINVAL;"


def test_what_is_compiled_on_one_side_alone_is_no_detour() -> None:
    inlined = covered({7, 8, 10, 11}, {7, 8, 9, 10, 11})
    assert detours({FILE: (TEXT, TEXT)}, GOOD, inlined) == []
    assert detours({}, GOOD, covered(set())) == [], "of a file whose text is not known nothing can be said"


def test_a_changed_file_comes_first() -> None:
    other = "drivers/mailbox/a.c"
    both = Covered({FILE: GOOD.lines[FILE], other: GOOD.lines[FILE]})
    less = Covered({path: {**lines, 10: False} for path, lines in both.lines.items()})
    changed = TEXT + "/* The end. */\n"
    found = detours({FILE: (TEXT, changed), other: (TEXT, TEXT)}, both, less)
    assert [one.file for one in found] == [FILE, other]


def test_many_are_counted() -> None:
    lost = [Detour(FILE, f"g{number}", [1], [], False, "x;") for number in range(SHOWN + 1)]
    assert tell(lost) == [f"no longer entered: {', '.join(f'{one.function}()' for one in lost[:-1])}, and 1 more"]
    found = [Detour(FILE, f"f{number}", [1], [], True, "x;") for number in range(SHOWN + 2)]
    assert tell(found)[-1] == "and 2 more functions"
    assert len(tell(found)) == SHOWN + 1
    assert tell(found[:1]) == [f"f0() in {FILE}: no longer 1: x;"]
