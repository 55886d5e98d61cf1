# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Calls on the devices and files of remoteproc and rpmsg, one a line, each with exactly what has to come of it.

A line is ``CALL => RESULT``, or ``CALL => RESULT DETAIL``. ``rpmsg-calls`` on the board makes the calls, all lines of a
table in one process, and its source says which there are. A result is the number that the call returned, the name of
the error, what ``poll()`` found, or what was in the file; ``blocked``: the call did not return. The detail is what was
read: ``/7``: what ``write H SIZE/7`` writes; ``=text``; or hexadecimal digits. Without one in the line any will do, and
``*`` takes any result. Lines that begin with ``#`` say what the next are about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ampstand.errors import TestsFailed, UsageError
from ampstand.linux import known_bugs
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.shell import Result

ANY = "*"
SEPARATOR = " => "
_END = "ampstand-end-of-calls"


class Row(NamedTuple):
    """One call, and what has to come of it."""

    call: str
    wanted: str
    about: str
    """The last remark before it."""


class Outcome(NamedTuple):
    """What came of one call."""

    call: str
    result: str
    detail: str
    ms: int

    def is_(self, wanted: str) -> bool:
        """Return whether this is what was wanted."""
        return wanted in (ANY, self.result, f"{self.result} {self.detail}")

    def __str__(self) -> str:
        return f"{self.result} {self.detail}".rstrip()


def parse(table: str) -> list[Row]:
    """Read a table."""
    rows, about = [], ""
    for line in map(str.strip, table.splitlines()):
        if line.startswith("#"):
            about = line.lstrip("# ")
        elif line:
            call, separator, wanted = line.partition(SEPARATOR)
            if not separator:
                raise UsageError(f"a line of calls has no {SEPARATOR.strip()!r}: {line}")
            rows.append(Row(call.strip(), wanted.strip(), about))
    return rows


def outcomes(output: str) -> list[Outcome]:
    """Read what ``rpmsg-calls`` printed; ``TestsFailed`` if it could not do what it was told."""
    found: list[Outcome] = []
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        data = json.loads(line)
        if "call" not in data:
            last = f" after {found[-1].call}: {found[-1]}" if found else ""
            raise TestsFailed(f"rpmsg-calls{last}: {data.get('error', line)}")
        found.append(Outcome(data["call"], data["result"], data["detail"], data["ms"]))
    return found


def differences(rows: Sequence[Row], found: Sequence[Outcome]) -> list[str]:
    """Return a line for each call of which came what was not wanted."""
    lines = [
        f"{row.call}: {outcome}, expected {row.wanted}{f' ({row.about})' if row.about else ''}"
        for row, outcome in zip(rows, found, strict=False)
        if not outcome.is_(row.wanted)
    ]
    if len(found) < len(rows):
        lines.append(f"{rows[len(found)].call}: never came to an end")
    return lines


def run(machine: LinuxMachine, table: str, timeout: float | None = None, /, **values: object) -> list[Outcome]:
    """Make the calls of a table, ``{name}`` in it filled in; fail with every one of which came what was not wanted.

    ``{come}`` and ``{nothing}`` are what ``poll()`` finds of an endpoint for which something, or nothing, has come.
    ``timeout`` is for all of them, in seconds, where the board's for a command does not do.
    """
    rows, text = _filled(machine, table, values)
    command = f"rpmsg-calls <<'{_END}'\n{text}\n{_END}"
    reason = f"the calls of a table, from `{rows[0].call}` on"
    return _judged(machine, rows, machine.host.run(command, timeout, reason=reason))


def repeat(machine: LinuxMachine, table: str, rounds: int, **values: object) -> None:
    """Make the calls of a table so often; what comes of them the last time is compared."""
    rows = put(machine, table, **values)
    loop = f"for i in $(seq {rounds}); do rpmsg-calls </tmp/calls >/tmp/calls.out || break; done; cat /tmp/calls.out"
    _judged(machine, rows, machine.host.run(loop, 60, reason=f"the calls of a table, from `{rows[0].call}` on"))


def put(machine: LinuxMachine, table: str, /, **values: object) -> list[Row]:
    """Write the calls of a table to ``/tmp/calls``, as ``rpmsg-calls`` takes them."""
    rows, text = _filled(machine, table, values)
    machine.host.run_check(f"cat >/tmp/calls <<'{_END}'\n{text}\n{_END}")
    return rows


def _filled(machine: LinuxMachine, table: str, values: Mapping[str, object]) -> tuple[list[Row], str]:
    """Return the rows of a table, and the lines that ``rpmsg-calls`` gets."""
    room = known_bugs.behaviour("endpoint-tells-of-room", known_bugs.Kernel.of(machine)) == "yes"
    polled = {"come": "IN+OUT+RDNORM", "nothing": "OUT"} if room else {"come": "IN+RDNORM", "nothing": "0"}
    rows = parse(table.format(**polled, **values))
    return rows, "\n".join(row.call for row in rows)


def _judged(machine: LinuxMachine, rows: Sequence[Row], result: Result) -> list[Outcome]:
    found = outcomes(result.output)
    wrong = differences(rows, found)
    if wrong or result.exitcode:
        said = "\n".join(wrong) or f"rpmsg-calls ended with {result.exitcode}: {result.output}"
        raise TestsFailed(f"calls did not do as expected:\n{said}", hint=machine.diagnosis())
    return found
