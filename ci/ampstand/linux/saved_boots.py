# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Boots that are saved, so that the next machine of the same kind goes on from there instead of booting.

Beside the state of the machine lies what it had said: a machine that goes on is told it again, so that its consoles,
its records and its verdict are those of one that booted. A saved boot is for one QEMU, machine model, kernel, device
tree, initramfs, command line, image of the remote, way to run threads, and harness, and for machines of which it is
recorded what they execute, or for others.

Layout of the folder::

    KEY/state       for QEMU's ``-incoming``
    KEY/NAME.said   what came on the serial line NAME
    KEY/boot.json   how much of Linux's log was judged
    KEY/executed    what Linux executed until then, where that is recorded
"""

from __future__ import annotations

import functools
import json
import os
import shutil
from pathlib import Path

from ampstand import paths
from ampstand.build.cache import key_of, known_hash, tree_inputs
from ampstand.errors import AmpstandError
from ampstand.linux.machine import LinuxMachine

EXECUTED = "executed"
MOST = 48
"""Boots that a folder keeps: some 40 MB each, and a run of all boards on one kernel needs some thirty."""


class SavedBoots:
    """A folder of saved boots; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which is made when the first boot is saved."""
        self.folder = folder

    def restore(self, machine: LinuxMachine) -> bool:
        """Start a machine from the saved boot of its kind; False if there is none: boot it, ``save()`` it then."""
        if not _may_be_saved(machine):
            return False
        boot = self._place(machine)
        if not boot.is_dir():
            machine.keep_input()
            return False
        machine.incoming, machine.boot_saved = boot / "state", True
        os.utime(boot)
        machine.start()
        if machine.coverage is not None:
            machine.coverage.go_on((boot / EXECUTED).read_bytes())
        machine.replay({path.stem: path.read_bytes() for path in boot.glob("*.said")})
        machine.log.position = json.loads((boot / "boot.json").read_text(encoding="utf-8"))["log"]
        machine.resume()
        return True

    def save(self, machine: LinuxMachine) -> None:
        """Save a machine that has booted and go on with it; a boot that cannot be saved is no failure."""
        said, boot = machine.kept_input, self._place(machine)
        if said is None or boot.is_dir():
            return
        scratch = self.folder / f".{boot.name}-{os.getpid()}"
        try:
            scratch.mkdir(parents=True)
            machine.save(scratch / "state", mapped=True)
            machine.settle()
            for name, data in said.items():
                (scratch / f"{name}.said").write_bytes(data)
            if machine.coverage is not None:
                (scratch / EXECUTED).write_bytes(machine.coverage.so_far())
            (scratch / "boot.json").write_text(json.dumps({"log": machine.log.position}), encoding="utf-8")
            scratch.rename(boot)
        except (AmpstandError, OSError) as error:
            machine.records.note(f"the boot is not saved: {error}")
            shutil.rmtree(scratch, ignore_errors=True)
        machine.kept_input = None
        machine.qmp("cont")

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def prune(self) -> None:
        """Remove those that were used longest ago, and what an interrupted run has left, but for ``MOST``."""
        if self.folder.is_dir():
            found = sorted(self.folder.iterdir(), key=lambda boot: boot.stat().st_mtime)
            for boot in found[:-MOST]:
                shutil.rmtree(boot, ignore_errors=True)

    def _place(self, machine: LinuxMachine) -> Path:
        files = {str(path): known_hash(path) for path in machine.inputs().values()}
        recorded = str(machine.coverage and machine.coverage.spans)
        kind = [("command", machine.command_line()), ("recorded", recorded)]
        return self.folder / key_of([*kind, *files.items(), *_harness().items()])


@functools.cache
def _harness() -> dict[str, str]:
    """Return what of the harness takes part in a boot, by content."""
    ours = Path(paths.__file__).parent
    return tree_inputs(ours, [path for room in ("linux", "qemu") for path in (ours / room).glob("*.py")])


def _may_be_saved(machine: LinuxMachine) -> bool:
    """Return whether a machine's boot is of use to others, and whether it is the same after it was saved."""
    files = machine.bundle or machine.card or machine.files or machine.overlays
    own = machine.incoming is not None or machine.extra_args or files
    return "migration" in machine.board.features and not machine.exact and not own
