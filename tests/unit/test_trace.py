# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is new in a trace buffer, for each way in which firmware fills one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ampstand.formats.trace import Follower, text

SIZE = 400
LINES = [f"line {number} {'x' * (number * 7 % 40)}\n" for number in range(200)]

Writer = Callable[[bytearray, str], None]


def dropping() -> Writer:
    """Write as our library does: the older half of a full buffer goes."""

    def write(buffer: bytearray, line: str) -> None:
        old = bytes(buffer).split(b"\0", 1)[0]
        if len(old) + len(line) >= SIZE:
            old = old[len(old) - SIZE // 2 :]
        buffer[:] = (old + line.encode()).ljust(SIZE, b"\0")

    return write


def ring(*, zero: bool) -> Writer:
    """Write over the oldest text, with or without a zero behind the last character; the last byte stays zero."""
    at = 0

    def write(buffer: bytearray, line: str) -> None:
        nonlocal at
        for byte in line.encode():
            if at >= SIZE - 1:
                at = 0
            buffer[at] = byte
            at += 1
            if zero:
                buffer[at] = 0

    return write


@pytest.mark.parametrize(
    ("make", "exact"),
    [(dropping, True), (lambda: ring(zero=False), False), (lambda: ring(zero=True), True)],
    ids=["dropping", "ring", "ring-with-zero"],
)
@pytest.mark.parametrize("polled_every", [1, 2, 3])
def test_all_that_is_written_is_seen_once(make: Callable[[], Writer], exact: bool, polled_every: int) -> None:
    write, follower, buffer, seen = make(), Follower(), bytearray(SIZE), ""
    for number, line in enumerate(LINES):
        write(buffer, line)
        if number % polled_every == 0:
            seen += follower.added(bytes(buffer))
            written = "".join(LINES[: number + 1])
            # What is the same as the older text below it can be told from it only when more has come.
            assert written.startswith(seen)
            assert len(written) - len(seen) < len(line)
            assert follower.added(bytes(buffer)) == ""
            if exact:
                assert seen == written


def test_a_restarted_firmware_begins_anew() -> None:
    follower = Follower()
    assert follower.added(b"hello\nworld\n".ljust(SIZE, b"\0")) == "hello\nworld\n"
    assert follower.added(b"hello\n".ljust(SIZE, b"\0")) == "hello\n"
    assert follower.added(bytes(SIZE)) == ""
    assert follower.added(b"again\n".ljust(SIZE, b"\0")) == "again\n"


def test_text_ends_at_the_first_zero_and_may_be_anything() -> None:
    assert text(b"a\xffb\0c") == "a\N{REPLACEMENT CHARACTER}b"
    assert text(b"") == ""
    assert text(b"full") == "full"
