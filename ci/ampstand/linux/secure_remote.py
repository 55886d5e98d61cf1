# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The remote as the secure world has it: OP-TEE loads and starts it, with signed images alone, for whoever asks."""

from __future__ import annotations

import json

from ampstand.errors import TestsFailed
from ampstand.formats.elf import Image
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote
from ampstand.linux.shell import Result, Shell

DONE = 0
"""What came of a command that was carried out: a ``TEE_Result``."""
FOLDER = "lib/firmware"
REFUSED = r"E/TA: +\S+ Can't Authenticate the firmware"
"""What OP-TEE says on Linux's console of an image that it refuses."""


VIOLATION = "E/TC:.*TZC permission failure"
"""The first line that OP-TEE says of an access that the TZC has refused; the last one has the address."""


def reach(machine: LinuxMachine, address: int, value: int | None = None) -> int:
    """Let Linux read, or write, a word that the secure world keeps to itself; return what it read.

    Returns when OP-TEE has said so, which it does on Linux's console.
    """
    words = "" if value is None else f" 32 {value:#x}"
    access = f"{address:#x}, non-secure .*{'read' if value is None else 'write'}"
    return int("".join(violating(machine, f"devmem {address:#x}{words}", access).stdout) or "0", 16)


def violating(machine: LinuxMachine, command: str, access: str) -> Result:
    """Let Linux run a command that makes somebody access what is not theirs, and wait for what OP-TEE says of it.

    Both have one console: the shell says nothing before OP-TEE has said the last of its lines, with the ``access``.
    """
    mark, console = machine.host.console.mark(), machine.host.console
    said = rf"E/TC:.*Violation @{access}"
    return machine.host.run_quietly(
        command, lambda: console.expect_line(said, since=mark, timeout=machine.board.timeouts.command)
    )


def place(name: str) -> str:
    """Return where an image is in Linux."""
    return f"/{FOLDER}/{name}.signed"


class SecureRemote(Remote):
    """The remote of a machine whose secure world starts it."""

    def __init__(self, machine: LinuxMachine, image: str) -> None:
        """Take the machine, and the image that is looked for in the remote's memory."""
        super().__init__(machine)
        self.image = Image.read(machine.artifacts.firmware[image].read_bytes())

    def ask(self, *words: str) -> list[int]:
        """Ask for some commands in one session (``load FILE``, ``start``, ...); return what came of each."""
        lines = self.host.run_check(" ".join(["tee-remoteproc", *words]))
        return [int(json.loads(line)["result"], 16) for line in lines if line.startswith("{")]

    def done(self, *words: str) -> None:
        """Ask for some commands, all of which must be carried out."""
        answers = self.ask(*words)
        if any(answers):
            raise TestsFailed(f"tee-remoteproc {' '.join(words)}: {', '.join(map(hex, answers))}")

    def held_segments(self) -> list[int]:
        """Return the segments of the image of whose memory anything is not 0; QEMU looks, not Linux."""
        found = []
        for index, segment in enumerate(self.image.segments):
            at = self.core.host_address(segment.paddr)
            if segment.filesz and any(self.machine.read_memory(at, segment.filesz)):
                found.append(index)
        return found

    def holds_image(self) -> bool:
        """Whether each segment is in its memory byte for byte, as before the remote runs."""
        loaded = (segment for segment in self.image.segments if segment.filesz)
        return all(
            self.machine.read_memory(self.core.host_address(segment.paddr), segment.filesz) == segment.data
            for segment in loaded
        )

    def runs(self) -> bool:
        """Whether the remote runs."""
        return self.core_state() == "running"


def memory_given_out(host: Shell) -> dict[str, int]:
    """Return how many bytes OP-TEE has given out: of its heap, for applications, of each application's own heap."""
    (line,) = host.run_check("tee-memory")
    return {name: int(value) for name, value in json.loads(line).items() if name != "ok"}
