# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""States of machines whose scenario failed, each in the records of its scenario, so that somebody goes on from there.

Layout, in the records::

    state/machine         for QEMU's ``-incoming``
    state/artifacts.json  the build; of it is the initramfs that the machine booted
    state/machine.json    board, options and images of the machine, digests of all files, what its shell did
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.build.cache import file_hash
from ampstand.errors import AmpstandError, InfrastructureError, UsageError
from ampstand.linux.machine import LinuxMachine
from ampstand.qemu.recording import Records

FOLDER = "state"
"""Of a state, in the folder of the records."""
RESERVE = 100_000_000
"""Bytes of the disk that are left to what else is to be written, such as the reasons of failures."""


class SavedStates:
    """The states in the records of one run; several processes may use them at once."""

    def __init__(self, root: Path, most: int) -> None:
        """Keep at most so many below the folder ``root``."""
        self.root = root
        self.most = most

    def save(self, machine: LinuxMachine, images: Sequence[Path]) -> None:
        """Write the state of a machine that runs into its records, and let it go on.

        ``images`` may run on its remote. ``AmpstandError`` or ``OSError`` if it cannot be saved; nothing is left then.
        """
        if not machine.alive:
            raise AmpstandError("QEMU has ended")
        if "migration" not in machine.board.features:
            raise AmpstandError("the board has no migration")
        folder = machine.records.folder / FOLDER
        scratch = folder.with_name(f".{FOLDER}")
        lock = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if len(list(self.root.rglob(f"{FOLDER}/machine"))) >= self.most:
                raise AmpstandError(f"the run keeps {self.most} states (--keep-states), and has them")
            shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
            scratch.mkdir()
            _write(machine, images, scratch)
            scratch.rename(folder)
        finally:
            os.close(lock)
            shutil.rmtree(scratch, ignore_errors=True)


def remove(records: Path) -> None:
    """Remove the states that an earlier run of a scenario has left in its records."""
    for state in list(records.rglob(f"{FOLDER}/machine")):
        shutil.rmtree(state.parent)


def _write(machine: LinuxMachine, images: Sequence[Path], folder: Path) -> None:
    needed = machine.qmp("query-memory-size-summary")["base-memory"] + RESERVE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise InfrastructureError(
            f"it takes up to {needed >> 20} MiB, and {free >> 20} MiB are free in {folder.parent}"
        )
    death = machine.records.death()
    linux_lives = death is None or death.core != machine.board.shell.core
    files = {*machine.inputs().values(), machine.board.path, *images}
    replace(machine.artifacts, initramfs=machine.initramfs).dump(folder / "artifacts.json")
    description = {
        "board": str(machine.board.path.absolute()),
        "options": machine.options(),
        "images": [str(path) for path in images],
        "sha256": {str(path.absolute()): file_hash(path) for path in files},
        "shell_ready": linux_lives and bool(machine.host.get_status()),
        "shell_runs": machine.host.runs if linux_lives else "",
    }
    (folder / "machine.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    try:
        machine.save(folder / "machine")
    finally:
        machine.qmp("cont")


@dataclass(frozen=True)
class SavedState:
    """A saved state that can be gone on from: all that it needs is there, and the same."""

    folder: Path
    board: Board
    artifacts: Artifacts
    options: dict[str, Any]
    images: tuple[Path, ...]
    """What may run on the remote."""
    ready: bool
    """Whether Linux's shell waited for the harness's next command."""
    runs: str
    """The command that Linux's shell ran for the harness."""
    reason: str
    """Why the scenario failed, in one line."""

    @classmethod
    def load(cls, records: Path) -> SavedState:
        """Read the state in the records of a scenario; ``UsageError`` says why one cannot go on from there."""
        folder = records.absolute() / FOLDER
        if not folder.is_dir():
            raise UsageError(f"{records} holds no state: {_why_not(records)}")
        try:
            values = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
            for name, digest in values["sha256"].items():
                _check(Path(name), digest)
            return cls(
                folder,
                Board.load(values["board"]),
                Artifacts.load(folder / "artifacts.json"),
                values["options"],
                tuple(Path(image) for image in values["images"]),
                values["shell_ready"],
                values["shell_runs"],
                str(next(iter(_result(records).get("reasons", ())), "")).partition("\n")[0],
            )
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise UsageError(f"{folder} is not a saved state: {error!r}", hint="run the scenario again") from error

    def machine(self, records: Records, extra_args: Sequence[str] = ()) -> LinuxMachine:
        """Describe a machine that goes on from here, with more arguments for QEMU; not started yet."""
        options = self.options | {"extra_args": (*self.options["extra_args"], *extra_args)}
        return LinuxMachine(self.board, self.artifacts, records, incoming=self.folder / "machine", **options)


def _check(path: Path, digest: str) -> None:
    if not path.is_file():
        raise UsageError(
            f"the state needs {path}, which is gone",
            hint="run the scenario again: what it needs is built again, and saved with its new state",
        )
    if file_hash(path) != digest:
        raise UsageError(f"the state was saved with another {path}", hint="run the scenario again")


def _result(records: Path) -> dict[str, Any]:
    """Return what is known of how the scenario ended; empty if these are not the records of one."""
    try:
        return dict(json.loads((records / "result.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _why_not(records: Path) -> str:
    """Return why these records hold no state."""
    result = _result(records)
    if not result:
        return "they are not the records of a scenario (RECORDS/scenarios/NAME)"
    return str(result.get("not_saved") or f"the scenario {result.get('outcome')}, and only failures are saved")
