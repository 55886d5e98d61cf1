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
        guest-errors.log                    QEMU's log of guests' mistakes: each different line, whose, how often
        state/                              the machine when the scenario failed (``linux/saved_states.py``)
        result.json                         outcome, reasons, headline, times, inputs, whatever the scenario recorded
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ampstand.board import AcceptedError, Board
from ampstand.build.cache import known_hash
from ampstand.errors import TestsFailed, UnwritableError
from ampstand.formats.kernel_log import Splitter
from ampstand.progress import printable
from ampstand.qemu.recording import Death, Expectation
from ampstand.report import log
from ampstand.report.bad_lines import BadLine, BadLines
from ampstand.report.log import Log

TAIL_LINES = 12
GUEST_ERROR_KINDS = 1000
"""How many different lines of QEMU's log are kept."""

EVENT = "event"
"""The stream of what QEMU tells by QMP."""

FATAL, ERROR, WARNING = range(3)
"""Ranks of bad lines (``BadLine.rank``)."""

_LOGGED = re.compile(r"<cpu(\d+)>\s*(.*)")

"""Each file is read once a process."""


@dataclass(frozen=True)
class Line:
    """One bad line of one stream, with the time since the machine was started."""

    when: float
    core: str
    stream: str
    text: str
    rank: int
    """How bad it is: 0 is the worst (``BadLine.rank``)."""

    def __str__(self) -> str:
        """Say what is bad, who said it, where and when."""
        where = "" if self.stream == "kernel log" else f" at {self.when:.3f} s"
        kinds = {"guest-errors": "guest error", "kernel log": "kernel log", EVENT: EVENT}
        kind = kinds.get(self.stream, "known-bad line")
        return f"{kind} of {self.core}{where}: {printable(self.text)}"


@dataclass
class _Stream:
    core: str
    log: Log
    splitter: Splitter | None
    """Of the host's kernels from what its programs say."""
    partial: str = ""

    def begun(self) -> str:
        """Return what is not a complete line yet."""
        return self.partial + (self.splitter.held if self.splitter is not None else "")

    def lines(self, data: str) -> Iterator[str]:
        """Take what arrived; yield each line once it is complete, a kernel's with its CR."""
        for text, message in self.splitter.pieces(data) if self.splitter is not None else ((data, False),):
            if message:
                yield f"{text}\r"
            else:
                *lines, self.partial = (self.partial + text).split("\n")
                yield from lines


@dataclass
class Recorder:
    """Writes the records of one scenario; safe to use from several threads.

    ``host_core`` is the core that runs Linux: its lines are judged as Linux's, those of other cores as an RTOS's.
    ``origin`` is the zero of the merged log's clock (``time.monotonic()``).
    """

    folder: Path
    host_core: str = "host"
    cpus: Mapping[int, str] = field(default_factory=dict)
    """The cores of vCPUs, by their index in QEMU; all others are the host's."""
    accepted: Sequence[AcceptedError] = ()
    origin: float = field(default_factory=time.monotonic)
    bad: list[Line] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnwritableError(self.folder, error.strerror) from error
        self._lock = threading.RLock()
        self._streams: dict[str, _Stream] = {}
        self._tails: dict[str, deque[str]] = {}
        self._expected: list[Expectation] = []
        self._guest_errors: Counter[tuple[str, str]] = Counter()
        self._guest_partial = ""
        self._unfit = 0
        self._death: Death | None = None
        self._quoting = False
        self._merged = Log(self.folder / "merged.log")
        self._closed = False
        self._width = 5

    @classmethod
    def for_board(cls, board: Board, folder: Path) -> Recorder:
        """Return new records of a board."""
        cpus = {remote.cpu: remote.core for remote in board.remotes}
        return cls(folder, host_core=board.shell.core, cpus=cpus, accepted=board.guest_errors)

    def feed(self, core: str, stream: str, data: str) -> None:
        """Take what came on a stream; complete lines go to the merged log and to the bad-line detector."""
        with self._lock:
            if self._closed:
                return
            state = self._streams.get(stream)
            if state is None:
                splitter = Splitter() if core == self.host_core else None
                state = self._streams[stream] = _Stream(core, Log(self.folder / f"{stream}.log"), splitter)
            state.log.write(data)
            for line in state.lines(data):
                self._line(core, stream, line)

    @contextmanager
    def quoting(self) -> Iterator[None]:
        """Let the programs of Linux print what was said before, such as its log: it was, or is to be, judged then.

        What the kernel itself prints meanwhile is judged as ever: its lines end with CR LF.
        """
        self._quoting = True
        try:
            yield
        finally:
            self._quoting = False

    def guest_errors(self, data: str) -> None:
        """Take what QEMU logged of a guest's mistakes, and of what no model has.

        A line begins with ``<cpuN> `` where QEMU knows who did it (patch 0006 in ``hw/qemu``). Each different line is
        kept once, with how often it came: firmware that polls a register logs the same line millions of times.
        """
        with self._lock:
            *lines, self._guest_partial = (self._guest_partial + data).split("\n")
            for raw, count in Counter(lines).items():
                core, text = self._whose(raw)
                if (core, text) not in self._guest_errors and text:
                    if len(self._guest_errors) >= GUEST_ERROR_KINDS:
                        self._unfit += count
                        continue
                    self._guest_error(core, text)
                if text:
                    self._guest_errors[core, text] += count

    def died(self, core: str, text: str) -> None:
        """Take what shows that a core has died, though it did not say so itself, unless it was announced."""
        with self._lock:
            self._write("qemu", text)
            if not self._closed and not self.announced(core, text):
                self._bad(core, EVENT, text, FATAL)

    def kernel_log(self, reasons: Iterable[str]) -> None:
        """Take what Linux's own log shows that must not be, unless it was judged when it came on the console."""
        with self._lock:
            judged = [line.text for line in self.bad if line.core == self.host_core]
            for reason in reasons:
                texts = reason.split("\n")
                if not any(text in line for line in judged for text in texts):
                    known = [entry.rank for text in texts if (entry := self._known(self.host_core, text)) is not None]
                    self._bad(self.host_core, "kernel log", reason, min(known, default=WARNING))

    def is_bad(self, core: str, text: str) -> bool:
        """Whether such a line of a core is known to be bad."""
        return self._known(core, text) is not None

    def note(self, text: str) -> None:
        """Put a line of the harness itself into the merged log."""
        with self._lock:
            if not self._closed:
                self._write("--", text)

    def tail(self, core: str, count: int = TAIL_LINES) -> list[str]:
        """Return the last lines of a core, with what has begun but not ended."""
        with self._lock:
            lines = list(self._tails.get(core, ()))
            lines += [begun for s in self._streams.values() if s.core == core and (begun := s.begun()).strip()]
            return [printable(line) for line in lines[-count:]]

    def cores(self) -> list[str]:
        """Cores that have said something."""
        with self._lock:
            return list(self._tails)

    def expect_bad(self, pattern: str, core: str) -> Expectation:
        """Announce a known-bad line of a core: it does not fail the scenario, but its absence does."""
        expectation = Expectation(re.compile(pattern), core)
        with self._lock:
            self._expected.append(expectation)
        return expectation

    def tolerate_bad(self, pattern: str, reason: str, core: str) -> Expectation:
        """Accept a known-bad line of a core that comes by chance only: a race in software not ours; say which."""
        expectation = self.expect_bad(pattern, core)
        expectation.required = False
        self.note(f"tolerated on {core}: {pattern!r}: {reason}")
        return expectation

    def announced(self, core: str, text: str) -> bool:
        """Whether a line of a core was announced; it counts as seen then."""
        with self._lock:
            matching = [e for e in self._expected if e.core == core and e.pattern.search(text)]
            for expectation in matching:
                expectation.seen += 1
            return bool(matching)

    @contextmanager
    def expecting_bad(self, pattern: str, core: str) -> Iterator[Expectation]:
        """Announce a known-bad line for the body only."""
        expectation = self.expect_bad(pattern, core)
        yield expectation
        with self._lock:
            self._expected.remove(expectation)
            if not expectation.seen:
                raise TestsFailed(f"the announced line {pattern!r} of {core} did not occur")

    def death(self) -> Death | None:
        """Return what a core said of its own death, if nobody announced it."""
        return self._death

    def mark(self) -> int:
        """Return a mark: bad lines after it are those that came later."""
        with self._lock:
            return len(self.bad)

    def forget(self, mark: int) -> None:
        """Take back the bad lines since the mark, with the death of a core: what it died of is known."""
        with self._lock:
            del self.bad[mark:]
            self._death = None

    def headline(self) -> str:
        """Return the worst thing that was said and not announced, empty if there is none."""
        with self._lock:
            return str(min(self.bad, key=lambda line: line.rank)) if self.bad else ""

    def verdict(self) -> list[str]:
        """Why the records alone make the scenario fail: unannounced bad lines, announced ones that never came.

        ``UnwritableError`` if a log is not complete.
        """
        with self._lock:
            for failure in (kept.failure for kept in (self._merged, *(state.log for state in self._streams.values()))):
                if failure is not None:
                    raise failure
            reasons = [str(line) for line in self.bad]
            reasons += [
                f"the announced line {expected.pattern.pattern!r} of {expected.core} did not occur"
                for expected in self._expected
                if expected.required and not expected.seen
            ]
            return reasons

    def take_bad(self) -> list[Line]:
        """Return the bad lines so far, and begin with none: they were another's, such as the boot's."""
        with self._lock:
            taken, self.bad, self._death = self.bad, [], None
            return taken

    def inputs(self, paths: Mapping[str, Path]) -> None:
        """Write the digests of everything that went into the machine, in the form ``sha256sum -c`` reads."""
        lines = [f"{known_hash(path)}  {path}\n" for _, path in sorted(paths.items()) if path.is_file()]
        log.write(self.folder / "inputs.sha256", "".join(lines))

    def command(self, text: str) -> None:
        """Write the QEMU command line."""
        log.write(self.folder / "command.txt", text + "\n")

    def result(self, outcome: str, **values: Any) -> None:
        """Write ``result.json``: the outcome, the time, and everything recorded in ``values``."""
        with self._lock:
            data = {
                "outcome": outcome,
                "seconds": round(time.monotonic() - self.origin, 3),
                **self.values,
                **values,
                "bad_lines": [line.text for line in self.bad],
                "tolerated": [
                    {"core": expected.core, "pattern": expected.pattern.pattern}
                    for expected in self._expected
                    if not expected.required
                ],
                "guest_errors": [
                    {"core": core, "text": text, "count": count}
                    for (core, text), count in self._guest_errors.most_common()
                ],
            }
            if self._unfit:
                data["guest_errors_not_kept"] = self._unfit
        text = json.dumps(data, indent=2, default=str) + "\n"
        log.write(self.folder / "result.json", text)

    def close(self) -> None:
        """End all logs; what is still coming is dropped."""
        with self._lock:
            if self._closed:
                return
            for stream, state in self._streams.items():
                if begun := state.begun():
                    self._line(state.core, stream, begun)
                state.log.close()
            with suppress(UnwritableError):  # they are in the result, too
                self._write_guest_errors()
            self._closed = True
            self._merged.close()

    def _line(self, core: str, stream: str, raw: str) -> None:
        text = raw.rstrip("\r")
        self._tails.setdefault(core, deque(maxlen=200)).append(text)
        self._write(core, text)
        if self._quoting and core == self.host_core and not raw.endswith("\r"):
            return
        announced = self.announced(core, text)
        known = self._known(core, text)
        if known is not None and not announced:
            self._bad(core, stream, text, known.rank)

    def _guest_error(self, core: str, text: str) -> None:
        """Take a line of QEMU's log for the first time."""
        if not self._closed:
            self._write(core, f"guest error: {text}")
        accepted = any(entry.core in (core, "any") and re.search(entry.pattern, text) for entry in self.accepted)
        if not accepted and not self.announced(core, text):
            self._bad(core, "guest-errors", text, ERROR)

    def _bad(self, core: str, stream: str, text: str, rank: int) -> None:
        line = Line(time.monotonic() - self.origin, core, stream, text, rank)
        self.bad.append(line)
        if rank == FATAL and not self._death:
            self._death = Death(core, str(line))

    def _known(self, core: str, text: str) -> BadLine | None:
        kind = core if core == "qemu" else "linux" if core == self.host_core else "remote"
        tables = BadLines.load()
        return tables.find(tables.judging(kind), text)

    def _write(self, core: str, text: str) -> None:
        self._width = max(self._width, len(core))
        self._merged.write(f"{time.monotonic() - self.origin:11.6f} {core:<{self._width}} | {printable(text)}\n")

    def _write_guest_errors(self) -> None:
        """Write each line of QEMU's log with its core and how often it came."""
        rows = [
            f"{count:9} {core:<{self._width}} | {text}\n" for (core, text), count in self._guest_errors.most_common()
        ]
        if self._unfit:
            rows.append(f"{self._unfit:9} more, of kinds beyond the first {GUEST_ERROR_KINDS}\n")
        if rows:
            log.write(self.folder / "guest-errors.log", "".join(rows))

    def _whose(self, raw: str) -> tuple[str, str]:
        """Tell the core from the text of a line of QEMU's log; ``qemu`` if it says none."""
        match = _LOGGED.match(raw)
        return (self.cpus.get(int(match[1]), self.host_core), match[2]) if match else ("qemu", raw.strip())
