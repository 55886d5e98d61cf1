# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import pytest

from ampstand.report.choice import affected, choose, functions
from ampstand.report.lcov import Covered

FILE = "drivers/rpmsg/a.c"
BEFORE = """\
#define N 3
static int one(void)
{
	return 1;
}

static int two(int x)
{
	if (x)
		return 2;
	return N;
}

static const struct ops = {
	.two = two,
};
"""


def change(old: str, new: str) -> tuple[str, str]:
    assert BEFORE.count(old) == 1, old
    return BEFORE, BEFORE.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("return 1;", "return 0;", [range(1, 6)]),
        ("return N;", "return N + 1;", [range(6, 13)]),
        ("	if (x)\n		return 2;\n", "", [range(6, 13)]),
        ("	return 1;\n", "	int y = 1;\n	return y;\n", [range(1, 6)]),
        ("static int two", "static int new(void)\n{\n}\n\nstatic int two", [range(1, 6)]),  # nobody calls it yet
        (".two = two", ".two = one", [range(13, 17)]),
        ("};\n", "};\nMODULE_LICENSE();\n", [range(17, 17)]),
    ],
)
def test_the_function_that_is_changed(old: str, new: str, found: list[range]) -> None:
    assert functions(*change(old, new)) == found


def covered(*hit: int) -> Covered:
    return Covered({FILE: {line: line in hit for line in (4, 9, 10, 11)}})


TESTS = {
    "t/x.py::one": covered(4),
    "t/x.py::two": covered(9, 11),
    "t/x.py::both": covered(4, 9, 10),
    "t/x.py::none": covered(),
}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({FILE: change("return 1;", "return 0;")}, {"one", "both"}),
        ({FILE: change("return 2;", "return 3;")}, {"two", "both"}),  # also who went another way through it
        ({FILE: change(".two = two", ".two = one")}, {"one", "two", "both"}),
        ({"drivers/rpmsg/other.c": ("", "int x;\n")}, set()),
        ({"Documentation/rpmsg.rst": ("", "text\n")}, set()),
        ({FILE: change("return 1;", "return 0;"), "include/linux/rpmsg.h": ("", "int x;\n")}, None),
        ({"drivers/rpmsg/Kconfig": ("", "config X\n")}, None),
    ],
)  # fmt: skip
def test_tests_that_execute_it(files: dict[str, tuple[str, str]], found: set[str] | None) -> None:
    names = affected(files, TESTS)
    assert (names if names is None else {name.partition("::")[2] for name in names}) == found


def test_what_a_boot_executes_matters_to_all() -> None:
    assert affected({FILE: change("return 1;", "return 0;")}, {**TESTS, "boot-main-1": covered(4)}) is None
    assert affected({FILE: change("return 2;", "return 0;")}, {**TESTS, "boot-main-1": covered(4)}) is not None


def test_nothing_is_left_out_of_which_nothing_is_known() -> None:
    names = [*TESTS, "t/x.py::unknown", "t/test_boot.py::smoke"]
    tests = {**TESTS, "t/test_boot.py::smoke": covered()}
    chosen = choose(names, {FILE: change("return 1;", "return 0;")}, tests)
    assert [name.partition("::")[2] for name in chosen] == ["one", "both", "unknown", "smoke"]
    assert choose(names, {"Makefile": ("", "x")}, tests) == names
