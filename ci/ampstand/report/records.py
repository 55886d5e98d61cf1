# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The records of one scenario: a log for each core, a merged one by one clock, inputs, results, bad lines.

::

    FOLDER/
        linux.log usart3.log qemu.log ...   what each stream said, as it came
        merged.log                          all of them by one monotonic clock, each line prefixed by its core
        command.txt                         the QEMU command line, ready to paste
        initramfs.cpio                      if the scenario added files to the build's: what ``command.txt`` boots
        inputs.sha256                       of QEMU, kernel, device tree, initramfs and firmware
        result.json                         outcome, times, whatever the scenario recorded
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from ampstand.build.cache import file_hash
from ampstand.errors import TestsFailed

TAIL_LINES = 12

_LINUX_BAD = (
    r"\bOops\b",
    r"\bBUG: ",
    r"kernel BUG at",
    r"\bWARNING: ",
    r"Kernel panic",
    r"Unable to handle kernel",
    r"Internal error:",
    r"INFO: possible (recursive|circular|irq lock|deadlock)",
    r"INFO: (task|rcu).*(blocked|stall)",
    r"rcu: .*stall",
    r"suspicious RCU usage",
    r"scheduling while atomic",
    r"list_(add|del) corruption",
    r"refcount_t: ",
    r"KASAN:|KCSAN:|UBSAN:|KFENCE:",
    r"DMA-API: ",
    r"ODEBUG: ",
    r"unable to enumerate|Unhandled (fault|prefetch)",
    r"remoteproc\d+: crash detected",
    r"remote FW shutdown without ack",
    r"virtio_rpmsg_bus .*(inbound msg too big|no recipient|bounced|msg received)",
    r"\bgave up\b.*irq|nobody cared",
)
_REMOTE_BAD = (
    r"\b(hard|bus|usage|mem(ory)?)[ -]?(manage[ -]?)?fault\b",
    r"\bassert(ion)?\b",
    r"\bpanic\b",
    r"stack overflow",
    r"\bexception \d+ at pc",
)
_QEMU_BAD = (r"\bassert", r"\babort", r"sanitizer", r"lockup", r"\berror\b", r"bail out")


def _any(patterns: tuple[str, ...], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


BAD_LINES: Mapping[str, re.Pattern[str]] = {"host": _any(_LINUX_BAD), "qemu": _any(_QEMU_BAD, re.IGNORECASE)}
BAD_REMOTE_LINES = _any(_REMOTE_BAD, re.IGNORECASE)


_sha256 = cache(file_hash)
"""Each file is read once a process."""


def is_bad(core: str, line: str) -> bool:
    """Whether a line of this core tells of a fault in the software that runs there."""
    return BAD_LINES.get(core, BAD_REMOTE_LINES).search(line) is not None


@dataclass
class Expectation:
    """An announced bad line: how often it came so far."""

    pattern: re.Pattern[str]
    core: str | None
    seen: int = 0
    required: bool = True


@dataclass(frozen=True)
class Line:
    """One complete line of one stream, with the time since the machine was started."""

    when: float
    core: str
    stream: str
    text: str


@dataclass
class _Stream:
    core: str
    log: IO[bytes]
    partial: str = ""


@dataclass
class Recorder:
    """Writes the records of one scenario; safe to use from several threads.

    ``origin`` is the zero of the merged log's clock (``time.monotonic()``).
    """

    folder: Path
    origin: float = field(default_factory=time.monotonic)
    bad: list[Line] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._streams: dict[str, _Stream] = {}
        self._tails: dict[str, deque[str]] = {}
        self._expected: list[Expectation] = []
        self._merged = (self.folder / "merged.log").open("a", encoding="utf-8")
        self._closed = False
        self._width = 5

    def feed(self, core: str, stream: str, data: str) -> None:
        """Take what came on a stream; complete lines go to the merged log and to the bad-line detector."""
        with self._lock:
            if self._closed:
                return
            state = self._streams.get(stream)
            if state is None:
                state = self._streams[stream] = _Stream(core, (self.folder / f"{stream}.log").open("ab"))
            state.log.write(data.encode("utf-8", "surrogateescape"))
            state.log.flush()
            *lines, state.partial = (state.partial + data).split("\n")
            for line in lines:
                self._line(core, stream, line)

    def note(self, text: str) -> None:
        """Put a line of the harness itself into the merged log."""
        with self._lock:
            if not self._closed:
                self._write("--", text)

    def tail(self, core: str, count: int = TAIL_LINES) -> list[str]:
        """Return the last lines of a core, with what has begun but not ended."""
        with self._lock:
            lines = list(self._tails.get(core, ()))
            lines += [s.partial for s in self._streams.values() if s.core == core and s.partial.strip()]
            return lines[-count:]

    def cores(self) -> list[str]:
        """Cores that have said something."""
        with self._lock:
            return list(self._tails)

    def expect_bad(self, pattern: str, core: str | None = None) -> Expectation:
        """Announce a known-bad line: it does not fail the scenario, but its absence does."""
        expectation = Expectation(re.compile(pattern), core)
        with self._lock:
            self._expected.append(expectation)
        return expectation

    def tolerate_bad(self, pattern: str, reason: str, core: str | None = None) -> Expectation:
        """Accept a known-bad line that comes by chance only: a race in software that is not ours; say which."""
        expectation = self.expect_bad(pattern, core)
        expectation.required = False
        self.note(f"tolerated: {pattern!r}: {reason}")
        return expectation

    def announced(self) -> list[re.Pattern[str]]:
        """Return the patterns of all announced lines."""
        with self._lock:
            return [expected.pattern for expected in self._expected]

    @contextmanager
    def expecting_bad(self, pattern: str, core: str | None = None) -> Iterator[Expectation]:
        """Announce a known-bad line for the body only."""
        expectation = self.expect_bad(pattern, core)
        yield expectation
        with self._lock:
            self._expected.remove(expectation)
            if not expectation.seen:
                raise TestsFailed(f"the announced line {pattern!r} did not occur")

    def verdict(self) -> list[str]:
        """Why the records alone make the scenario fail: unannounced bad lines, announced ones that never came."""
        with self._lock:
            reasons = [f"known-bad line of {line.core} at {line.when:.3f} s: {line.text}" for line in self.bad]
            reasons += [
                f"the announced line {expected.pattern.pattern!r} of {expected.core or 'any core'} did not occur"
                for expected in self._expected
                if expected.required and not expected.seen
            ]
            return reasons

    def inputs(self, paths: Mapping[str, Path]) -> None:
        """Write the digests of everything that went into the machine, in the form ``sha256sum -c`` reads."""
        lines = [f"{_sha256(path)}  {path}\n" for _, path in sorted(paths.items()) if path.is_file()]
        (self.folder / "inputs.sha256").write_text("".join(lines), encoding="utf-8")

    def command(self, text: str) -> None:
        """Write the QEMU command line."""
        (self.folder / "command.txt").write_text(text + "\n", encoding="utf-8")

    def result(self, outcome: str, **values: Any) -> None:
        """Write ``result.json``: the outcome, the time, and everything recorded in ``values``."""
        data = {
            "outcome": outcome,
            "seconds": round(time.monotonic() - self.origin, 3),
            **self.values,
            **values,
            "bad_lines": [line.text for line in self.bad],
        }
        text = json.dumps(data, indent=2, default=str) + "\n"
        (self.folder / "result.json").write_text(text, encoding="utf-8")

    def close(self) -> None:
        """End all logs; what is still coming is dropped."""
        with self._lock:
            if self._closed:
                return
            for stream, state in self._streams.items():
                if state.partial:
                    self._line(state.core, stream, state.partial)
                state.log.close()
            self._closed = True
            self._merged.close()

    def _line(self, core: str, stream: str, raw: str) -> None:
        text = raw.rstrip("\r")
        self._tails.setdefault(core, deque(maxlen=200)).append(text)
        self._write(core, text)
        announced = False
        for expected in self._expected:
            if expected.core in (None, core) and expected.pattern.search(text):
                expected.seen += 1
                announced = True
        if not announced and is_bad(core, text):
            self.bad.append(Line(time.monotonic() - self.origin, core, stream, text))

    def _write(self, core: str, text: str) -> None:
        self._width = max(self._width, len(core))
        clean = "".join(c if c == "\t" or c.isprintable() else "." for c in text)
        self._merged.write(f"{time.monotonic() - self.origin:11.6f} {core:<{self._width}} | {clean}\n")
        self._merged.flush()
