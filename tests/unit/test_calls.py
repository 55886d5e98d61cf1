# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Tables of calls: how they are read, and what is told of a call of which came what was not wanted."""

from __future__ import annotations

import pytest

from ampstand.errors import TestsFailed, UsageError
from ampstand.linux import calls
from ampstand.linux.calls import Outcome

TABLE = """
# one at a time
open a /dev/rpmsg0 rw => 0
read a 10 => 3 =abc
read a 10 => *
"""
PRINTED = """\
{"call": "open a /dev/rpmsg0 rw", "result": "0", "detail": "", "ms": 1}
[   12.000000] a line of the kernel
{"call": "read a 10", "result": "3", "detail": "=abc", "ms": 0}
{"call": "read a 10", "result": "EAGAIN", "detail": "", "ms": 0}
"""


def test_a_table_is_read() -> None:
    rows = calls.parse(TABLE)
    assert [row.call for row in rows] == ["open a /dev/rpmsg0 rw", "read a 10", "read a 10"]
    assert rows[1].wanted == "3 =abc"
    assert rows[0].about == "one at a time"


def test_a_line_without_a_result_is_refused() -> None:
    with pytest.raises(UsageError, match="read a 10"):
        calls.parse("read a 10")


def test_what_was_wanted() -> None:
    assert calls.differences(calls.parse(TABLE), calls.outcomes(PRINTED)) == []


@pytest.mark.parametrize(
    ("wanted", "right"), [("3", True), ("3 =abc", True), ("*", True), ("3 =ab", False), ("EPIPE", False)]
)
def test_a_result_may_be_wanted_with_its_detail(wanted: str, right: bool) -> None:
    assert Outcome("read a 10", "3", "=abc", 0).is_(wanted) == right


def test_each_difference_is_told() -> None:
    wrong = PRINTED.replace('"result": "0"', '"result": "EBUSY"').replace("=abc", "=abd")
    assert calls.differences(calls.parse(TABLE), calls.outcomes(wrong)) == [
        "open a /dev/rpmsg0 rw: EBUSY, expected 0 (one at a time)",
        "read a 10: 3 =abd, expected 3 =abc (one at a time)",
    ]


def test_a_call_that_never_ended_is_told() -> None:
    output = "".join(PRINTED.splitlines(keepends=True)[:2])
    assert calls.differences(calls.parse(TABLE), calls.outcomes(output)) == ["read a 10: never came to an end"]


def test_what_the_program_did_not_understand() -> None:
    with pytest.raises(TestsFailed, match="not understood: opn"):
        calls.outcomes('{"ok": false, "error": "not understood: opn", "code": 2}')
