# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The trace buffer: text that ends at the first zero byte, as Linux shows it in debugfs.

What firmware does when its buffer is full is its own affair. Known are three ways: our library drops the older half and
moves the rest to the start, Zephyr's RAM console and ST's OpenAMP examples go on at the start and overwrite what is
there, many stop.
"""

from __future__ import annotations

BUFFER_SYMBOLS = ("ram_console_buf",)
"""Buffers that are filled like a trace, whether a resource table tells of them or not: Zephyr's RAM console."""
SCAN = 64
"""How much of the old text must be seen again in a buffer that was moved."""


def text(data: bytes) -> str:
    """Return what a trace buffer says."""
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")


class Follower:
    """Tells what is new in a buffer that is read again and again."""

    def __init__(self) -> None:
        self._old = b""
        self._at = 0  # where the writer was

    def added(self, data: bytes) -> str:
        """Take the buffer as it is now; return what has been written since the last call."""
        old, at, length = self._old, self._at, len(data.split(b"\0", 1)[0])
        self._old, self._at = data, length
        if len(old) != len(data):
            new = data[:length]
        elif data[:at] == old[:at]:
            if old[at : at + 1].strip(b"\0"):  # older text follows, to be overwritten
                self._at = max((index + 1 for index in range(at, length) if data[index] != old[index]), default=at)
            new = data[at : self._at]
        elif moved := _moved(old[:at], data[:length]):
            new = data[moved:length]
        elif length >= len(data) - 2:  # full, and written over from the start
            self._at = 1 + max(index for index in range(at) if data[index] != old[index])
            new = data[at:length] + data[: self._at]
        elif data[length + 1 : at] == old[length + 1 : at] != b"":  # the same, with a zero behind the last character
            new = data[at:].split(b"\0", 1)[0] + data[:length]
        else:  # the firmware began again
            new = data[:length]
        return new.decode("utf-8", "replace")


def _moved(old: bytes, new: bytes) -> int:
    """Return where in ``new`` the end of ``old`` is, if ``new`` begins in the middle of ``old``; else 0."""
    return next((len(old) - at for at in range(1, len(old) - SCAN + 1) if new.startswith(old[at:])), 0)
