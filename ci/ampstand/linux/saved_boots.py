# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Boots that are saved, so that the next machine of the same kind goes on from there instead of booting.

Beside the state of the machine lies what it had said: a machine that goes on is told it again, so that its consoles,
its records and its verdict are those of one that booted. A saved boot is for one machine model, kernel, device tree,
initramfs, command line, image of the remote, and way to run threads.

Layout of the folder::

    KEY/state       for QEMU's ``-incoming``
    KEY/NAME.said   what came on the serial line NAME
    KEY/boot.json   how much of Linux's log was judged
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from ampstand.build.cache import key_of
from ampstand.errors import AmpstandError
from ampstand.linux.machine import LinuxMachine


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
        machine.start()
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
            machine.save(scratch / "state")
            machine.settle()
            for name, data in said.items():
                (scratch / f"{name}.said").write_bytes(data)
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

    def _place(self, machine: LinuxMachine) -> Path:
        files = [f"{path} {(info := path.stat()).st_size} {info.st_mtime_ns}" for path in machine.inputs().values()]
        return self.folder / key_of([("command", machine.command_line()), ("files", "\n".join(files))])


def _may_be_saved(machine: LinuxMachine) -> bool:
    """Return whether a machine's boot is of use to others, and whether it is the same after it was saved."""
    own = machine.incoming is not None or machine.extra_args or machine.initramfs != machine.artifacts.initramfs
    return "migration" in machine.board.features and not machine.exact and not own
