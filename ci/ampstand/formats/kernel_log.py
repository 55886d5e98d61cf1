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
from collections.abc import Iterator

BOOT_MESSAGE = "Booting Linux on physical CPU"

_STAMP, _TRACE = r"\[ *\d+\.\d{6}\] ", r"[?EIDFM]/T[AC]:"
_KERNEL_LINE = re.compile(rf"(?:{_STAMP}|{_TRACE})[^\n]*\r\n")
_KERNEL_START = re.compile(
    rf"(?:(?:{_STAMP}|{_TRACE})[^\n]*|\[ *(?:\d+(?:\.(?:\d{{0,5}}|\d{{6}}\]?))?)?|[?EIDFM](?:/(?:T[AC]?)?)?)\Z"
)


class Splitter:
    """Tells messages of kernels from what else is on the console."""

    def __init__(self) -> None:
        self.held = ""
        """What has come of a message, or looks like the beginning of one."""

    def pieces(self, data: str) -> Iterator[tuple[str, bool]]:
        """Take what arrived; yield in its order what is not a kernel's, and the kernels' complete messages as such.

        A message is without its CR and LF.
        """
        data = self.held + data
        at = 0
        for match in _KERNEL_LINE.finditer(data):
            if match.start() > at:
                yield data[at : match.start()], False
            yield match.group().rstrip("\r\n"), True
            at = match.end()
        rest = data[at:]
        begun = _KERNEL_START.search(rest)
        self.held = rest[begun.start() :] if begun else ""
        if rest := rest[: begun.start()] if begun else rest:
            yield rest, False

    def feed(self, data: str) -> tuple[str, list[str]]:
        """Take what arrived; return what is not a kernel's, and the kernels' complete messages."""
        pieces = list(self.pieces(data))
        return "".join(text for text, message in pieces if not message), [text for text, message in pieces if message]
