# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is in the boards' initramfs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ampstand.errors import InfrastructureError
from ampstand.formats.cpio import Archive

_APPLETS = re.compile(rb"\[\0\[\[\0(?:[\w.+-]+\0)+")
_FOLDERS = (
    "bin",
    "dev",
    "etc",
    "lib",
    "lib/firmware",
    "lib/modules",
    "mnt",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr",
)


def applets(busybox: bytes) -> list[str]:
    """Return the names busybox answers to, from the table of names in its own binary.

    The binary is of another architecture and cannot be asked. The table is a run of zero-ended names in order that
    starts with ``[`` and ``[[``; what stands before and behind it is up to the linker.
    """
    table = _APPLETS.search(busybox)
    found = [name.decode() for name in table[0].removesuffix(b"\0").split(b"\0")] if table else []
    absent = {"sh", "mount", "cat", "reboot", "poweroff", "insmod"} - set(found)
    if absent:
        raise InfrastructureError(
            f"busybox has no applet {', '.join(sorted(absent))}", hint="use Debian's busybox-static, or one as complete"
        )
    return found


def compose(
    *, init: Path, tools: list[Path], busybox: Path, firmware: dict[str, Path], modules: list[Path],
    folders: Mapping[str, Path] | None = None,
) -> bytes:  # fmt: skip
    """Return the boards' initramfs.

    ``/init`` is ours; ``/bin`` holds busybox with a link for each applet, and our tools; ``/lib/firmware`` the remote's
    images; ``/lib/modules`` the kernel modules, flat. ``folders``, by their names in the root folder, come with all
    that is in them.
    """
    archive = Archive()
    for name in _FOLDERS:
        archive.folder(name)
    archive.link("sbin", "bin")
    archive.link("usr/bin", "../bin")
    archive.link("usr/sbin", "../bin")
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3)
    program = busybox.read_bytes()
    archive.file("bin/busybox", program, mode=0o755)
    for name in applets(program):
        if name != "busybox":  # it lists itself
            archive.link(f"bin/{name}", "busybox")
    archive.file("init", init.read_bytes(), mode=0o755)
    for tool in tools:
        archive.file(f"bin/{tool.name}", tool.read_bytes(), mode=0o755)
    for name, image in firmware.items():
        archive.file(f"lib/firmware/{name}.elf", image.read_bytes())
    for module in modules:
        archive.file(f"lib/modules/{module.name}", module.read_bytes())
    for name, folder in (folders or {}).items():
        archive.folder(name)
        for path in sorted(folder.rglob("*")):
            place = f"{name}/{path.relative_to(folder)}"
            if path.is_dir():
                archive.folder(place)
            else:
                archive.file(place, path.read_bytes(), mode=0o755 if os.access(path, os.X_OK) else 0o644)
    return archive.bytes()
