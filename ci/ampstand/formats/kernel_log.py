# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Messages of Linux and of OP-TEE as they come on a console: each begins as only theirs do, and ends with CR and LF.

They come whole, but anywhere between two characters of what programs write to the same line. The serial drivers write
CR LF themselves; a terminal without ``onlcr`` passes on the LF of programs alone. So ``Splitter`` takes out exactly
what the kernels wrote, and leaves what only looks like it, as the output of ``dmesg`` does. Linux begins with a time
stamp, OP-TEE with a level and who says it (``lib/libutils/ext/trace.c``).
"""

from __future__ import annotations

import re

BOOT_MESSAGE = "Booting Linux on physical CPU"

_STAMP, _TRACE = r"\[ *\d+\.\d{6}\] ", r"[?EIDFM]/T[AC]:"
_KERNEL_LINE = re.compile(rf"(?:{_STAMP}|{_TRACE})[^\n]*\r\n")
_KERNEL_START = re.compile(
    rf"(?:(?:{_STAMP}|{_TRACE})[^\n]*|\[ *(?:\d+(?:\.(?:\d{{0,5}}|\d{{6}}\]?))?)?|[?EIDFM](?:/(?:T[AC]?)?)?)\Z"
)


class Splitter:
    """Tells messages of kernels from what else is on the console."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, data: str) -> tuple[str, list[str]]:
        """Take what arrived; return what is not a kernel's, and the kernels' complete messages."""
        data = self._held + data
        messages: list[str] = []

        def take(match: re.Match[str]) -> str:
            messages.append(match.group().rstrip("\r\n"))
            return ""

        data = _KERNEL_LINE.sub(take, data)
        begun = _KERNEL_START.search(data)
        self._held = data[begun.start() :] if begun else ""
        return (data[: begun.start()] if begun else data), messages
