# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Writes "newc" cpio archives, as Linux unpacks them at boot: the same bytes for the same content, without root.

Format: ``Documentation/driver-api/early-userspace/buffer-format.rst`` in the Linux sources.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

_ALIGN = 4
_BLOCK = 512


@dataclass
class Archive:
    """Entries of an archive by path; ``bytes`` puts them in order."""

    entries: dict[str, tuple[int, bytes, tuple[int, int]]] = field(default_factory=dict)

    def folder(self, path: str) -> None:
        """Add a folder."""
        mode = 0o1777 if path == "tmp" else 0o755
        self._add(path, stat.S_IFDIR | mode)

    def file(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Add a file; its folder must have been added."""
        self._add(path, stat.S_IFREG | mode, data)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path: str, major: int, minor: int) -> None:
        """Add a character device."""
        self._add(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def _add(self, path: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        """Add an entry; a path stands once."""
        if path in self.entries:
            raise ValueError(f"{path} is in the archive already")
        self.entries[path] = (mode, data, device)

    def bytes(self) -> bytes:
        """Return the archive."""
        for path in self.entries:
            parent = path.rpartition("/")[0]
            if parent and not stat.S_ISDIR(self.entries.get(parent, (0, b"", (0, 0)))[0]):
                raise ValueError(f"{path}: its folder is not in the archive")
        out = bytearray()
        for number, path in enumerate(sorted(self.entries), start=1):
            mode, data, device = self.entries[path]
            _append(out, number, path, mode, data, device)
        _append(out, 0, "TRAILER!!!", 0, b"", (0, 0))
        out += b"\0" * (-len(out) % _BLOCK)
        return bytes(out)


def _append(out: bytearray, number: int, path: str, mode: int, data: bytes, device: tuple[int, int]) -> None:
    """Append one entry: header, name, data, each padded to four bytes."""
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(name), 0)
    out += b"070701" + "".join(f"{value:08X}" for value in fields).encode() + name
    out += b"\0" * (-len(out) % _ALIGN)
    out += data
    out += b"\0" * (-len(out) % _ALIGN)


def addition(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of regular files by path (no leading slash), with the folders that they need.

    The kernel unpacks archives that follow one another, so these bytes can be put behind an initramfs: what they name
    is added, and replaced where it is there already.
    """
    archive = Archive()
    for path in files:
        parts = path.split("/")
        if "" in parts:
            raise ValueError(f"{path}: no path below the root folder")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in archive.entries:
                archive.folder(folder)
    for path, data in files.items():
        archive.file(path, data)
    return archive.bytes()
