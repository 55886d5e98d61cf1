# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The user's terminal, given to a board."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator

ESCAPE = b"\x01"  # ^A, as in QEMU's own terminal


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    """Put the terminal into raw mode for the body, if there is one."""
    if not sys.stdin.isatty():
        yield
        return
    saved = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)


class Keys:
    """Passes on what is typed: ^A x leaves, ^A a is a ^A."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._escape = False

    def type(self, data: bytes) -> bool:
        """Send what was typed; True if it asks to leave."""
        out = bytearray()
        for byte in (data[at : at + 1] for at in range(len(data))):
            if self._escape:
                self._escape = False
                if byte in b"xX":
                    return True
                out += ESCAPE if byte == b"a" else ESCAPE + byte if byte != ESCAPE else ESCAPE
            elif byte == ESCAPE:
                self._escape = True
            else:
                out += byte
        if out:
            self._send(bytes(out))
        return False


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(descriptor, data) :]
