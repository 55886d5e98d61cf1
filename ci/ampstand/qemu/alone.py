# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A board on which only the remote runs: nothing is there for the host's cores, so they stay off."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from ampstand.board import Board, Serial
from ampstand.build.artifacts import Artifacts
from ampstand.errors import TestsFailed, UsageError
from ampstand.qemu.machine import Machine
from ampstand.qemu.recording import Records

SEMIHOSTING = ("-semihosting-config", "enable=on,target=native")
HELD = "-S"
"""Nothing runs before all is connected: firmware may end QEMU with its first instructions."""


class RemoteMachine(Machine):
    """A board whose remote runs one image, and whose host runs nothing. It needs no build but QEMU's."""

    def __init__(
        self,
        board: Board,
        qemu: Path,
        image: Path,
        records: Records,
        *,
        thread: str = "multi",
        exact: bool = False,
        extra_args: Sequence[str] = (),
        held: bool = False,
    ) -> None:
        """Describe a board that is not started yet; its semihosting calls reach the workstation.

        ``held``: the remote does not run before somebody (a debugger) lets it.
        """
        self._held = held
        nothing = Path()
        artifacts = Artifacts(
            qemu=qemu,
            qemu_build=None,
            kernel=nothing,
            dtb=nothing,
            initramfs=nothing,
            firmware={image.stem: image.absolute()},
            footprint=nothing,
            plugins=nothing,
            kernel_release="",
        )
        if board.remote is None:
            raise UsageError(f"{board.name} has no remote")
        self.remote = board.remote
        super().__init__(
            board,
            artifacts,
            records,
            thread=thread,
            exact=exact,
            preload=image.stem,
            extra_args=[*SEMIHOSTING, *extra_args],
        )

    def start(self) -> Self:
        """Start QEMU, connect to it, and let the remote run."""
        super().start()
        if not self._held:
            self.qmp("cont")
        return self

    def argv(self, *, paste: bool = False) -> list[str]:
        """QEMU's arguments; with ``paste`` they need no harness."""
        return super().argv(paste=paste) + ([] if paste or HELD in self.extra_args else [HELD])

    def listen(self, heard: Callable[[Serial, bytes], None]) -> None:
        """Let ``heard`` take what comes on any serial line, from the thread that takes input."""
        for console in self.consoles.values():
            console.tap = lambda data, serial=console.serial: heard(serial, data)

    def state(self) -> str:
        """Return what the remote core does: held, running, lockup."""
        return str(self.qmp("qom-get", path=self.remote.control, property="state"))

    def _host_arguments(self) -> list[str]:
        return []

    def _front(self) -> Serial:
        return self.board.serial("remote-console") or self.board.shell

    def wait_words(self, address: int, count: int, timeout: float) -> list[int]:
        """Wait until none of some 32-bit words of memory is 0; return them. ``address`` is the host's."""
        end = time.monotonic() + timeout
        while True:
            data = self.read_memory(address, 4 * count)
            found = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
            if all(found):
                return found
            if time.monotonic() > end:
                what = f"{count} words at {address:#x}, which are {found},"
                raise TestsFailed(f"{what} have not all been written in {timeout:.0f} s", hint=self.diagnosis())
            time.sleep(0.05)

    def inputs(self) -> dict[str, Path]:
        """Return QEMU and the images of the remote."""
        return {"qemu": self.artifacts.qemu} | {f"firmware {n}": path for n, path in self.artifacts.firmware.items()}
