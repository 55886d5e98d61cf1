# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux's own log, read record by record, and what of it must not be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from ampstand.errors import TestsFailed
from ampstand.linux.shell import Shell

T = TypeVar("T")

ROOMY = "log_buf_len=4M"
"""Of the kernel's command line: nothing is overwritten when some hundred requests are refused, each with a trace."""
WARNING_LEVEL = 4
"""Records of this level and below are warnings and errors (``include/linux/kern_levels.h``)."""
CONTINUED = 7
"""That of no warning: what goes on with a message has the default level, which says nothing of it."""


class Entry(NamedTuple):
    """One record: its level (0 is the worst, 7 the least), seconds since boot, text.

    What goes on with a message, after another one that came amid it, has ``CONTINUED``: the message was judged.
    """

    level: int
    seconds: float
    text: str


class KernelLog:
    """Reads each record once. Nothing that a program does to the log (``dmesg -c``) hides one."""

    def __init__(self, host: Shell) -> None:
        self._host = host
        self.position = 0
        """Number of the record that is read next."""

    def rebooted(self) -> None:
        """Take note that another Linux runs: its log begins at 0."""
        self.position = 0

    def take(self) -> tuple[list[Entry], int]:
        """Return the records that came since the last call, and how many were overwritten before."""
        lines = self._host.run_check(f"kernel-log {self.position}", reason="the kernel's log")
        end = re.fullmatch(r"end (\d+) (\d+)", lines[-1]) if lines else None
        if end is None:
            raise TestsFailed(f"kernel-log printed no end: {lines[-1:]}")
        self.position = int(end[1])
        entries = []
        for line in lines[:-1]:
            level, seconds, text = line.split(" ", 2)
            entries.append(Entry(CONTINUED if level == "c" else int(level), float(seconds), text))
        return entries, int(end[2])


def blocks(records: Iterable[T], text: Callable[[T], str]) -> list[list[T]]:
    """Return what belongs together: the records between "cut here" and "end trace", each other one alone."""
    found: list[list[T]] = []
    inside = False
    for record in records:
        if "[ cut here ]" in text(record):
            inside = True
            found.append([])
        if inside:
            found[-1].append(record)
            inside = "[ end trace" not in text(record)
        else:
            found.append([record])
    return found


def unwanted(
    entries: Iterable[Entry], level: int, bad: Callable[[str], bool], accepted: Callable[[str], bool]
) -> Iterable[list[str]]:
    """Yield the texts of each known-bad record, and each of this level or worse, that is not accepted.

    A trace stands and falls as a whole: it is yielded whole, and accepted if any of its lines is.
    """
    for block in blocks(entries, lambda entry: entry.text):
        texts = [entry.text for entry in block]
        wrong = len(block) > 1 or block[0].level <= level or "[ cut here ]" in texts[0] or bad(texts[0])
        if wrong and True not in [accepted(text) for text in texts]:  # all are asked: each counts as seen
            yield texts


_TASK = re.compile(r"task:(\S+)\s+state:(\S)")
_FRAME = re.compile(r" from (\w[\w.]*)\+0x|^(?:\[[ .0-9]+\])?\s+(\w[\w.]*)\+0x[0-9a-f]+/0x")
_TESTED = re.compile(r"rproc|remoteproc|rpmsg|mbox|mailbox|ipcc|ipi|virt|vring|ept|hwspin|iwdg|wdt")
_USUAL = re.compile(
    r"schedule|^(__switch_to|context_switch|worker_thread|kthread|ret_fast_syscall|ret_from_fork|el0|invoke_syscall|new_sync_|vfs_|ksys_|do_)"
)
FRAMES = 8


def _function(line: str) -> str:
    """Return the function that a line of a call trace names, an empty text if it is none."""
    frame = _FRAME.search(line)
    return frame[1] or frame[2] if frame else ""


def sleepers(lines: Iterable[str]) -> list[str]:
    """Return a line for each task of SysRq's list that sleeps in something of remoteproc, rpmsg or their drivers."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if task := _TASK.search(line):
            found.append((f"{task[1]} sleeps ({task[2]})", []))
        elif found and (name := _function(line)):
            found[-1][1].append(name)
    return [
        f"{who} in {' < '.join([name for name in frames if not _USUAL.search(name)][:FRAMES])}"
        for who, frames in found
        if any(_TESTED.search(name) for name in frames)
    ]


_TROUBLE = re.compile(r"WARNING: .* at |kernel BUG at|Internal error: |BUG: |Unable to handle kernel")
_PLACE = re.compile(r"\b(?:PC is at|pc :) (\w[\w.]*)")
_END_OF_TRACE = re.compile(r"---\[ end ")
_TELLING = re.compile(
    r"backtrace|show_stack|dump_stack|^__warn|warn_slowpath|^die$|do_undefinstr|__und_svc|refcount_warn"
)
BLOCKS = 3


def traces(lines: Iterable[str]) -> list[str]:
    """Return where Linux was, called from where, in each of the last troubles of which it has shown a call trace."""
    found: list[list[str]] = []
    open_block = False
    for line in lines:
        if _TROUBLE.search(line) and not open_block:
            found.append([])
            open_block = True
        elif _END_OF_TRACE.search(line):
            open_block = False
        elif open_block:
            if place := _PLACE.search(line):
                found[-1].append(place[1])
            elif name := _function(line):
                found[-1].append(name)
    told = [
        list(dict.fromkeys(name for name in names if not _USUAL.search(name) and not _TELLING.search(name)))
        for names in found
    ]
    return [f"at {' < '.join(names[:FRAMES])}" for names in told[-BLOCKS:] if names]
