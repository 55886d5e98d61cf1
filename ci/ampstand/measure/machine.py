# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A board that runs a probe, and nothing else: nobody types, and nobody makes it wait."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from ampstand.board import Board, Serial
from ampstand.build.artifacts import Artifacts
from ampstand.errors import TestsFailed
from ampstand.measure.counts import Event, events
from ampstand.measure.probe import Probe
from ampstand.qemu.coverage import Live
from ampstand.qemu.machine import Machine
from ampstand.qemu.recording import Records

ENDED = re.compile(r"^init: probe ended with (\d+)(?=\r?\n)", re.MULTILINE)
"""What init says (``firmware/host/init.c``), once the whole line has come."""
LATE = re.compile(r"^init: probe (did not end within \d+ s)(?=\r?\n)", re.MULTILINE)
"""What it says before, if the probe took too long by the board's clock."""
SCRIPT = "etc/probe"
ARGUMENTS = "norandmaps maxcpus=1"
"""Of the kernel. Else where a program lies, and what it copies from, depends on when it was started, and a second core
takes or leaves work by small differences in time."""


class _Tail:
    """Reads what has been added to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = ""
        self._at = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def added(self) -> str:
        """Return what is new."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        self._at += len(data)
        new = self._decoder.decode(data)
        self.text += new
        return new


class ProbeMachine(Machine):
    """A board that runs a probe. Its serial lines go to files, which never make a core wait."""

    def __init__(
        self,
        board: Board,
        artifacts: Artifacts,
        records: Records,
        probe: Probe,
        system: str,
        *,
        counting: bool = True,
        places: Iterable[int] = (),
        exact: bool = True,
        coverage: Live | None = None,
    ) -> None:
        """Describe a board that is not started yet. ``counting``: instructions, and executions of the ``places``.

        Only in exact mode are its figures the same in every run; ``coverage`` takes what is executed.
        """
        self._folder = records.folder.absolute()
        self._counts = self._folder / "counts"
        plugin = [f"{artifacts.plugins}/count.so", f"out={self._counts}", *(f"at={place:#x}" for place in places)]
        super().__init__(
            board,
            artifacts,
            records,
            exact=exact,
            coverage=coverage,
            kernel_arguments=ARGUMENTS,
            files={SCRIPT: probe.script(board, system)},
            preload=f"{probe.image}-{system}" if probe.preload else None,
            extra_args=["-plugin", ",".join(plugin)] if counting else (),
        )
        self.probe = probe
        self._tails = {serial.name: _Tail(self._folder / f"{serial.name}.raw") for serial in board.serials}
        for serial in board.serials:
            self.follow(serial.core, serial.name, self._tails[serial.name].added)

    def run(self) -> str:
        """Run the probe to its end; return what the host said until then. ``TestsFailed`` if a step of it failed."""
        host = self._tails[self.board.shell.name]
        with self:
            ended = self.wait(
                lambda: ENDED.search(host.text),
                what=f"probe {self.probe.name} to end",
                core=self.board.shell.core,
                timeout=self.probe.seconds,
            )
            self.settle()
        if ended[1] != "0":
            late = LATE.search(host.text)
            end = f"{late[1]} of the board's time" if late else f"ended with {ended[1]}"
            raise TestsFailed(f"probe {self.probe.name} {end}", hint=self.diagnosis())
        return host.text[: ended.end()]

    def events(self) -> list[Event]:
        """Return what was counted, once ``run()`` has returned."""
        return events(self._counts.read_text(encoding="utf-8"))

    def _serial_arguments(self, serial: Serial, *, paste: bool) -> list[str]:
        if paste:
            return super()._serial_arguments(serial, paste=True)
        path = str(self._tails[serial.name].path).replace(",", ",,")
        return ["-serial", f"file:{path}"]
