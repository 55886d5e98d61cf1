# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A bundle: what a set-up has built, to be used on a machine without compilers.

``ampstand bundle`` packs it (``commands/bundle.py``). Layout of the folder, which may lie anywhere::

    bundle.json      for which version of Ampstand, and of each board where its parts are (``Parts``)
    ampstand         runs the harness that is in it
    bin/             programs: each a script that runs the one in libexec/ with the libraries in lib/
    lib/             libraries and the loader, of the machine that built it; and the harness's Python
    parts/NAME-KEY/  what was built: folders of the cache, by the same names
    licences/        of everything in it; sbom.spdx lists it
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ampstand import __version__
from ampstand.board import Board
from ampstand.build.builder import Builder, BuildOptions, qemu_version
from ampstand.build.cache import KEY_DIGITS, Cache, known_hash
from ampstand.build.sources import Source, Sources, spec
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress

FORMAT = 1
"""Of ``bundle.json``."""
LIST = "bundle.json"
SUFFIX = ".tar.gz"
"""What any Linux can unpack: xz is not on all."""


@dataclass(frozen=True)
class Parts:
    """Where the parts of one board are: paths in the bundle, named as the methods of ``Builder`` that make them."""

    qemu: str
    plugins: str
    kernel: str
    kernel_symbols: str
    device_tree: str
    """Empty for a board that has none of its own."""
    boot_firmware: str
    """Empty where the machine model starts Linux by itself."""
    firmware: dict[str, str]
    """By firmware set."""
    host: str
    busybox: str
    initramfs: str
    provenance: dict[str, str]
    boot_loader: str = ""
    """Empty for a board that cannot be started by one."""
    secure_boot_loader: str = ""
    """The same, and for one where OP-TEE starts none."""
    secure_firmware: dict[str, str] = field(default_factory=dict)
    """By who starts the remote; empty for a board that cannot have a secure world."""
    other_device_trees: dict[str, str] = field(default_factory=dict)
    """The same, and by variant of the board."""
    signed: dict[str, str] = field(default_factory=dict)
    """By name."""
    modules: dict[str, str] = field(default_factory=dict)
    """By name."""
    card_loader: str = ""
    """Empty for a board that starts from no SD card."""
    card_packages: dict[str, str] = field(default_factory=dict)
    """By secure world."""


class Bundle:
    """A bundle that is there as a folder."""

    def __init__(self, folder: Path) -> None:
        """Read a bundle's list; ``UsageError`` if this is no bundle, or none for this harness and machine."""
        self.folder = folder
        path = folder / LIST
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            made = raw["format"], raw["version"], raw["machine"]
            self.boards = {str(name): Parts(**parts) for name, parts in raw["boards"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{folder} is no bundle: {path.name}: {error!r}", hint="make one with `ampstand bundle`"
            ) from error
        needed = FORMAT, __version__, platform.machine()
        if made != needed:
            named = ("format {}, Ampstand {}, {}".format(*each) for each in (made, needed))
            raise UsageError("the bundle {} is for {}, and this is {}".format(folder, *named))

    @classmethod
    def open(cls, path: Path, cache: Cache, progress: Progress) -> Bundle:
        """Open a folder, or an archive, which is unpacked into the cache the first time."""
        path = path.expanduser().absolute()
        if path.is_dir():
            return cls(path)
        if not path.is_file():
            raise UsageError(f"--bundle {path}: no such file or folder")

        def make(scratch: Path) -> None:
            with progress.step(f"unpacking {path.name}"):
                unpack(path, scratch)

        return cls(cache.publish(cache.artifacts / f"bundle-{known_hash(path)[:KEY_DIGITS]}", make, progress))

    def parts(self, board: Board) -> Parts:
        """Return where a board's parts are."""
        if board.name not in self.boards:
            raise UsageError(
                f"{board.name} is not in the bundle {self.folder}", hint=f"boards: {', '.join(self.boards)}"
            )
        return self.boards[board.name]


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a bundle's archive, whose one folder becomes ``folder``; it need not be trusted to stay within it."""
    argv = ["tar", "--extract", "--strip-components=1", "--no-same-owner", f"--file={archive}", f"--directory={folder}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"tar ended with code {done.returncode}"]
        raise InfrastructureError(
            f"--bundle {archive} cannot be unpacked: {said[0]}", hint=f"a bundle is a {SUFFIX}, or the unpacked folder"
        )


def write_list(folder: Path, boards: Mapping[str, Parts]) -> None:
    """Write a bundle's list."""
    content: dict[str, Any] = {"format": FORMAT, "version": __version__, "machine": platform.machine()}
    content["boards"] = {name: asdict(parts) for name, parts in boards.items()}
    (folder / LIST).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


class Bundled(Builder):
    """Has what a bundle brings; builds nothing. A ready kernel of the user's is put beside the rest."""

    def __init__(self, board: Board, options: BuildOptions, progress: Progress, **more: Any) -> None:
        """Open the bundle that ``options`` name; ``UsageError`` for an option that asks for a build."""
        assert options.bundle is not None
        for option in options.building():
            raise UsageError(
                f"with a bundle nothing is built, and {option} asks for that",
                hint="leave one of them out; a ready kernel can be given: --kernel FILE --dtb FILE --modules DIR",
            )
        super().__init__(board, options, progress, **more)
        bundle = Bundle.open(options.bundle, self.cache, progress)
        self.top, self.parts = bundle.folder, bundle.parts(board)
        self.sources = _Packed(self.cache, progress, self.top / self.parts.busybox)

    def qemu(self) -> Path:
        """Return the folder with the bundle's QEMU; it brings no device tests."""
        return self.top / self.parts.qemu

    def plugins(self) -> Path:
        """Return the folder with our TCG plugins."""
        return self.top / self.parts.plugins

    def kernel(self) -> Path:
        """Return the folder with the bundle's kernel, or with the user's."""
        return self.top / self.parts.kernel if self.options.kernel is None else super().kernel()

    def kernel_symbols(self) -> Path:
        """Return the ``System.map`` of the kernel."""
        return self.top / self.parts.kernel_symbols if self.options.kernel is None else super().kernel_symbols()

    def device_tree(self) -> Path:
        """Return the device tree: the user's, else the bundle's."""
        built = self.options.kernel is None and self.options.dtb is None and self.parts.device_tree
        return self.top / self.parts.device_tree if built else super().device_tree()

    def boot_firmware(self) -> Path | None:
        """Return what starts Linux, where the machine model does not do so by itself."""
        return self.top / self.parts.boot_firmware if self.parts.boot_firmware else None

    def boot_loader(self) -> Path | None:
        """Return U-Boot, where the board can be started by it."""
        return self.top / self.parts.boot_loader if self.parts.boot_loader else None

    def secure_boot_loader(self) -> Path | None:
        """Return the U-Boot that OP-TEE starts, where it starts one."""
        return self.top / self.parts.secure_boot_loader if self.parts.secure_boot_loader else None

    def secure_firmware(self) -> dict[str, Path]:
        """Return OP-TEE by who starts the remote, where the board can have a secure world."""
        return {name: self.top / path for name, path in self.parts.secure_firmware.items()}

    def other_device_trees(self, *, secure: bool = True) -> dict[str, Path]:
        """Return what Linux has for a device tree in each variant of the board, and beside each secure world."""
        if self.options.kernel is not None or self.options.dtb is not None:
            return super().other_device_trees(secure=secure)
        return {name: self.top / path for name, path in self.parts.other_device_trees.items()}

    def signed(self) -> dict[str, Path]:
        """Return the signed images by name."""
        return {name: self.top / path for name, path in self.parts.signed.items()}

    def modules(self) -> dict[str, Path]:
        """Return our own modules for the kernel by name; none for one of the user's."""
        own = self.parts.modules if self.options.kernel is None else {}
        return {name: self.top / path for name, path in own.items()}

    def card_loader(self) -> Path | None:
        """Return what the boot ROM starts from an SD card."""
        return self.top / self.parts.card_loader if self.parts.card_loader else None

    def card_packages(self) -> dict[str, Path]:
        """Return what that starts, by secure world."""
        return {name: self.top / path for name, path in self.parts.card_packages.items()}

    def firmware(self, soc: str = "") -> Path:
        """Return the folder of a firmware set."""
        return self.top / self.parts.firmware[soc or self.socs()[0]]

    def host(self) -> Path:
        """Return the folder of the tools for the board's Linux."""
        return self.top / self.parts.host

    def initramfs(self) -> Path:
        """Return the folder with ``initramfs.cpio``, composed anew for a kernel of the user's."""
        return self.top / self.parts.initramfs if self.options.kernel is None else super().initramfs()

    def provenance(
        self, built: Path, qemu: Path, *, boot_loader: bool = False, secure: bool = False, card: bool = False
    ) -> dict[str, str]:
        """Return what a result is about: as it was built, but for the user's own kernel and device tree."""
        found = dict(self.parts.provenance)
        if self.options.kernel is not None:
            found = {name: value for name, value in found.items() if not name.startswith(("kernel", "compiler"))}
            found |= self.kernel_provenance(built)
        if self.options.qemu is not None:
            found["qemu"] = qemu_version(qemu)
        return found | self.dtb_provenance()


class _Packed(Sources):
    """The one source that is in a bundle: busybox."""

    def __init__(self, cache: Cache, progress: Progress, busybox: Path) -> None:
        super().__init__(cache, progress, {})
        self._busybox = busybox

    def get(self, name: str, *, update: bool = False) -> Source:
        """Return busybox; ``UsageError`` for anything else."""
        if name != "busybox":
            raise UsageError(f"a bundle has no source of {spec(name).title}", hint="this needs a checkout and a set-up")
        return Source(name, self._busybox, f"bundle:{self._busybox.name}", self._busybox.name, own=False)
