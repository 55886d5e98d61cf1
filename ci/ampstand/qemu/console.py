# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""One serial line of a board: what came on it, and a way to write to it.

``Console`` has the methods of labgrid's ``ConsoleProtocol``, so a scenario written against it can also run against a
labgrid target.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Protocol, TypeVar

from ampstand.board import Serial
from ampstand.formats.kernel_log import BOOT_MESSAGE, Splitter

T = TypeVar("T")


class Waiter(Protocol):
    """Waits for something a board does; fails with everything that is known when it does not come."""

    def wait(self, found: Callable[[], T | None], *, what: str, core: str, timeout: float) -> T:
        """Return the first result of ``found`` that is not None; called again whenever anything has arrived."""


class Console:
    """One serial line: what came on it, and a way to write to it."""

    def __init__(self, serial: Serial, waiter: Waiter, send: Callable[[bytes], None], timeout: float) -> None:
        self.serial = serial
        self.lines: list[str] = []
        """Every complete line so far; a kernel message is a line of its own."""
        self._waiter = waiter
        self._send = send
        self._timeout = timeout
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._splitter = Splitter()
        self._text = ""
        self._partial = ""
        self.tap: Callable[[bytes], None] | None = None
        """Called with everything that arrives, as it arrives; from the thread that takes it."""

    def feed(self, data: bytes) -> str:
        """Take what arrived from the board (called with the waiter's lock held); return it as text."""
        if self.tap is not None:
            self.tap(data)
        text = self._decoder.decode(data)
        user, messages = self._splitter.feed(text)
        user = user.replace("\r", "")
        if any(BOOT_MESSAGE in message for message in messages):
            self._text = ""  # a prompt of the Linux before must not be taken for one of this
        self._text += user
        self.lines += messages
        *lines, self._partial = (self._partial + user).split("\n")
        self.lines += lines
        return text

    def write(self, data: bytes) -> int:
        """Send bytes to the board."""
        self._send(data)
        return len(data)

    def sendline(self, line: str) -> None:
        """Send a line to the board."""
        self._send(line.encode() + b"\n")

    def sendcontrol(self, char: str) -> None:
        """Send a control character: ``c`` for ^C."""
        self._send(bytes([ord(char.upper()) & 0x1F]))

    def mark(self) -> int:
        """Return a mark: lines after it are those that came later."""
        return len(self.lines)

    def expect(self, pattern: str, timeout: float | None = None, what: str = "") -> re.Match[str]:
        """Wait for a pattern in what is not the kernel's; everything up to its end is consumed."""
        compiled = re.compile(pattern, re.DOTALL)
        match = self._waiter.wait(
            lambda: compiled.search(self._text),
            what=what or f"{pattern!r} on {self.serial.name}",
            core=self.serial.core,
            timeout=self._timeout if timeout is None else timeout,
        )
        self._text = self._text[match.end() :]
        return match

    def expect_line(
        self, pattern: str, *, since: int = 0, timeout: float | None = None, what: str = "", count: int = 1
    ) -> list[re.Match[str]]:
        """Wait until ``count`` lines after the mark match; return their matches."""
        compiled = re.compile(pattern)

        def found() -> list[re.Match[str]] | None:
            matches = [match for line in self.lines[since:] if (match := compiled.search(line))]
            return matches[:count] if len(matches) >= count else None

        return self._waiter.wait(
            found,
            what=what or (f"the line {pattern!r}" if count == 1 else f"{count} lines {pattern!r}"),
            core=self.serial.core,
            timeout=self._timeout if timeout is None else timeout,
        )

    def forget(self) -> None:
        """Consume everything that has arrived."""
        self._text = ""
