# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the user gives a board: firmware, files, overlays of the device tree. All is checked before anything boots."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ampstand.board import CHAIN, REMOTEPROC, SECURE, STARTS_REMOTE, Board
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.commands.inspect import Report
from ampstand.errors import UsageError
from ampstand.formats.elf import Image
from ampstand.formats.resource_table import Vdev, locate
from ampstand.linux.machine import LinuxMachine
from ampstand.paths import records_root
from ampstand.qemu.machine import THREADS
from ampstand.report.records import Recorder

FOLDER = "lib/firmware"
"""Where Linux looks for firmware."""


def add_arguments(parser: argparse.ArgumentParser, secure: str = SECURE[0]) -> None:
    """Declare the options of every command that boots the board for the user.

    ``secure`` is what ``--secure`` means without a word.
    """
    group = parser.add_argument_group("what is given to the board")
    group.add_argument(
        "--firmware",
        action="append",
        default=[],
        metavar="FILE.elf|NAME",
        help="firmware for the remote: a file, or one of our images by name (repeatable; default: echo-bare)",
    )
    group.add_argument(
        "--remote-image", metavar="FILE.elf|NAME", default="", help="what the remote runs before Linux does"
    )
    group.add_argument(
        "--boot-loader", action="store_true", help="let U-Boot start Linux, and --remote-image before it"
    )
    group.add_argument(
        "--secure",
        nargs="?",
        const=secure,
        default="",
        choices=(*SECURE, CHAIN),
        help="have OP-TEE in a secure world; Linux starts the remote by SCMI, or OP-TEE does, with signed images "
        "alone, for a program that asks it, or for remoteproc; chain: the last, with U-Boot between OP-TEE and Linux",
    )
    group.add_argument(
        "--from-sd",
        action="store_true",
        help="start as the board does after power on: the boot ROM starts TF-A from an SD card, TF-A OP-TEE, and that "
        "U-Boot and Linux; OP-TEE starts the remote, with signed images alone, or as --secure says",
    )
    group.add_argument(
        "--file", action="append", default=[], metavar="HOST=GUEST", help="a file put into Linux's file system"
    )
    group.add_argument(
        "--overlay", action="append", default=[], type=Path, metavar="FILE.dts|FILE.dtbo", help="for the device tree"
    )
    group.add_argument("--variant", default="", metavar="NAME", help="a shape of the board that its file describes")
    parser.add_argument("--thread", choices=THREADS, default="multi", help="TCG threads of QEMU (default: %(default)s)")
    parser.add_argument("--records", type=Path, default=None, help="folder for logs and results of this run")


def records_folder(given: Path | None, command: str) -> Path:
    """Return the folder of this run's records: the one given, or a new one of this process alone."""
    return given.absolute() if given else records_root() / f"{command}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


@dataclass(frozen=True)
class Firmware:
    """An image to be started: one of ours, or the user's own."""

    name: str
    """In ``/lib/firmware``, without ``.elf``."""
    report: Report | None = None
    """What is known of the user's own; None for one of ours."""

    @property
    def has_table(self) -> bool:
        """Whether Linux finds a resource table in it."""
        table = self.report.table if self.report is not None else None
        return self.report is None or (table is not None and table.section and not table.table.problem)

    def leaves_table(self, artifacts: Artifacts) -> bool:
        """Whether Linux is told of a resource table when this runs before Linux does; one of ours is looked into."""
        if self.report is not None:
            return self.has_table
        table = locate(Image.read(artifacts.firmware[self.name].read_bytes()))
        return table is not None and table.section and not table.table.problem

    def has_vdev(self, artifacts: Artifacts) -> bool:
        """Whether it asks for a virtio device."""
        table = locate(Image.read(artifacts.firmware[self.name].read_bytes()))
        return table is not None and table.section and bool(table.table.all(Vdev))


@dataclass(frozen=True)
class Given:
    """What the user gave, read and checked."""

    firmware: tuple[Firmware, ...]
    before: Firmware | None
    """What the remote runs before Linux."""
    files: dict[str, bytes]
    """By path in Linux, without the first slash."""
    overlays: tuple[Path, ...]
    own_kernel: bool = False
    """Whether the kernel is a ready one, with drivers of the user's choice."""
    boot_loader: bool = False
    """Whether U-Boot starts Linux, and what the remote runs before it."""
    secure: str = ""
    """Whether there is a secure world, by who starts the remote."""
    variant: str = ""
    """The shape of the board; empty for the usual one."""
    from_card: bool = False
    """Whether the boot ROM starts all of it from an SD card."""

    @property
    def in_chain(self) -> bool:
        """Whether OP-TEE starts U-Boot, and that Linux."""
        return bool(self.secure) and (self.boot_loader or self.from_card)

    @classmethod
    def read(cls, args: argparse.Namespace, board: Board) -> Given:
        """Read everything that is named on the command line; ``UsageError`` for what cannot be used."""
        firmware = tuple(firmware_of(text, board, linux=True) for text in args.firmware)
        before = firmware_of(args.remote_image, board, linux=False) if args.remote_image else None
        own = [entry for entry in (*firmware, before) if entry is not None and entry.report is not None]
        if args.boot_loader and board.boot_loader is None:
            raise UsageError(f"--boot-loader: {board.name} cannot be started by one")
        if args.from_sd and board.boot_card is None:
            raise UsageError(f"--from-sd: {board.name} does not start from an SD card")
        if args.from_sd and (args.boot_loader or args.secure == CHAIN or before is not None):
            raise UsageError("--from-sd: all that runs is on the card, U-Boot too, and nothing before OP-TEE")
        secure = REMOTEPROC if args.secure == CHAIN or (args.from_sd and not args.secure) else args.secure
        if secure in STARTS_REMOTE and own:
            raise UsageError(f"--secure {secure}: only our own images are signed", hint="give them by their names")
        if args.secure and board.secure_world is None:
            raise UsageError(f"--secure: {board.name} has no secure world")
        if args.variant:
            board.in_variant(args.variant)
        paths: dict[str, Path] = {}
        for entry in own:
            assert entry.report is not None
            if paths.setdefault(entry.name, entry.report.path.resolve()) != entry.report.path.resolve():
                raise UsageError(f"two different files are called {entry.name}.elf", hint="rename one of them")
        files = dict(_file(text) for text in args.file)
        for overlay in args.overlay:
            if not overlay.is_file():
                raise UsageError(f"--overlay {overlay}: no such file")
        files |= {f"{FOLDER}/{name}.elf": path.read_bytes() for name, path in paths.items()}
        loader = args.boot_loader or args.secure == CHAIN
        own_kernel = args.kernel is not None
        return cls(firmware, before, files, tuple(args.overlay), own_kernel, loader, secure, args.variant, args.from_sd)

    def check_names(self, images: Sequence[str]) -> None:
        """Fail if the build has not all images that are given by name."""
        for entry in (*self.firmware, self.before):
            if entry is not None and entry.report is None and entry.name not in images:
                known = ", ".join(sorted(images)) or "none"
                raise UsageError(f"there is no firmware {entry.name!r}, and no such file", hint=f"images: {known}")

    def build(self, builder: Builder) -> Artifacts:
        """Build what is needed, what shows a mistake first; return it with the user's images."""
        self.check_names(list(builder.images()))
        loader, secure = self.boot_loader or self.from_card, bool(self.secure)
        artifacts = builder.all(boot_loader=loader, secure=secure, card=self.from_card)
        own = {e.name: e.report.path.absolute() for e in (*self.firmware, self.before) if e and e.report}
        return replace(artifacts, firmware={**artifacts.firmware, **own})

    def machine(self, board: Board, artifacts: Artifacts, records: Path, **options: Any) -> LinuxMachine:
        """Return the board with all of it, not started yet."""
        recorder = Recorder.for_board(board, records)
        recorder.values["inputs"] = artifacts.provenance
        preload = self.before.name if self.before is not None else None
        options |= {"preload": preload, "boot_loader": self.boot_loader, "secure": self.secure}
        options |= {"variant": self.variant, "from_card": self.from_card, "overlays": self.overlays}
        options["files"] = self.files or None
        machine = LinuxMachine(board, artifacts, recorder, **options)
        if self.own_kernel:  # it has drivers for what no model has, and each says that it did not find it
            machine.log_level = -1
        return machine


def firmware_of(text: str, board: Board, *, linux: bool) -> Firmware:
    """Return an image by its name or file, for a start by Linux or before it; ``UsageError`` if it cannot run."""
    path = Path(text)
    if not path.exists() and path.suffix != ".elf" and len(path.parts) == 1:
        return Firmware(text)
    report = Report.of(path, board)
    if reason := report.reason(linux=linux):
        who = "Linux would not start it" if linux else "nothing would load it before Linux"
        raise UsageError(
            f"{path}: {who}, or it could not run: {reason}",
            hint=f"`./scripts/ampstand inspect {path}` has the details",
        )
    return Firmware(path.stem, report)


def _file(text: str) -> tuple[str, bytes]:
    host, equals, guest = text.rpartition("=")
    parts = guest.strip("/").split("/")
    if not equals or not host or "" in parts or ".." in parts or "." in parts:
        raise UsageError(f"--file {text}: not of the form HOST=GUEST", hint="for example: --file data.bin=/root/data")
    try:
        return "/".join(parts), Path(host).read_bytes()
    except OSError as error:
        raise UsageError(f"--file {host}: {error.strerror}") from error


def verdict(records: Recorder, what: Given) -> tuple[list[str], list[str]]:
    """Return what makes a run fail, and what is only worth a note.

    Firmware or a ready kernel of the user's own may use what no model has, or registers that do not exist: that is
    noted, and judged only by what comes of it.
    """
    own_firmware = any(entry is not None and entry.report is not None for entry in (*what.firmware, what.before))

    def excused(core: str) -> bool:
        return what.own_kernel if core in (records.host_core, "qemu") else own_firmware

    noted = [line for line in records.bad if line.stream == "guest-errors" and excused(line.core)]
    texts = [str(line) for line in noted]
    return [reason for reason in records.verdict() if reason not in texts], texts
