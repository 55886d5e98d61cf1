# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand twister-device``: the board as a device that Zephyr's twister drives.

Twister runs a command whose standard input, output and error are a pseudo terminal (``--device-serial-pty``): that is
this command, which waits for firmware. Then it runs a flash command (``--flash-command``): that is
``scripts/twister-flash``, which is this command with ``--flash``. It hands over the ELF file of the build folder by a
socket, and returns once the firmware runs, or could not. Each flash ends what ran before. One device, one ``--id``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ampstand.board import Board
from ampstand.build.builder import Builder
from ampstand.commands import given
from ampstand.commands.alone import Alone, Judge, builder_qemu, checked, typed
from ampstand.commands.terminal import write_all
from ampstand.errors import AmpstandError, InfrastructureError, UsageError
from ampstand.progress import Progress
from ampstand.qemu.alone import RemoteMachine
from ampstand.qemu.machine import THREADS
from ampstand.report.records import Recorder

IMAGE = Path("zephyr") / "zephyr.elf"
"""Below a build folder of Zephyr's."""
DEVICE_TIMEOUT = 60.0
"""Seconds that a flash command waits for its device: twister starts both at once."""
RETRY_SECONDS = 0.05
ANSWER_TIMEOUT = 60.0
SIZE_MAX = 65536


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``twister-device``."""
    parser.add_argument("--id", dest="device", default="0", metavar="ID", help="of this device (default: %(default)s)")
    parser.add_argument(
        "--stream", default="", metavar="NAME", help="a serial line of the board, or trace (default: who speaks first)"
    )
    parser.add_argument("--thread", choices=THREADS, default="multi", help="TCG threads of QEMU (default: %(default)s)")
    parser.add_argument("--records", type=Path, default=None, help="folder for the logs of each run")
    group = parser.add_argument_group("as the flash command")
    group.add_argument("--flash", action="store_true", help="hand firmware to a device that runs")
    group.add_argument("--build-dir", type=Path, metavar="DIR", help="Zephyr's build folder, or an ELF file")
    group.add_argument("--board-id", default="", metavar="ID", help="the device, as the hardware map calls it")


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Be the device, or give it firmware; return the exit code."""
    if args.flash:
        if args.build_dir is None:
            raise UsageError("--flash needs --build-dir DIR")
        known = args.board_id not in ("", "None")
        flash(rendezvous(args.board_id if known else args.device), image_of(args.build_dir))
        return 0
    if args.build_dir is not None or args.board_id:
        raise UsageError("--build-dir and --board-id belong to --flash")
    names = [*(serial.name for serial in builder.board.serials), "trace"]
    if args.stream and args.stream not in names:
        raise UsageError(f"--stream {args.stream} is none of {', '.join(names)}")
    folder = given.records_folder(args.records, f"twister-{args.device}")
    Device(builder.board, builder_qemu(builder), rendezvous(args.device), folder, args.thread, args.stream).serve()
    return 0


def rendezvous(device: str) -> Path:
    """Return the path of the socket on which a device waits for firmware; its folder is nobody else's."""
    if not device or "/" in device or device.startswith("."):
        raise UsageError(f"{device!r} is no id of a device")
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"ampstand-twister-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if info.st_uid != os.getuid() or not stat.S_ISDIR(info.st_mode):
        raise InfrastructureError(f"{folder} is somebody else's", hint="remove it, or set XDG_RUNTIME_DIR")
    return folder / f"{device}.sock"


def image_of(build: Path) -> Path:
    """Return the ELF file of a build folder; a file stands for itself."""
    found = build / IMAGE if build.is_dir() else build
    if not found.is_file():
        raise UsageError(f"there is no {found}", hint="build first: west build, or twister without --test-only")
    return found.absolute()


def flash(path: Path, image: Path) -> None:
    """Let the device that waits at a socket run an image; ``AmpstandError`` with its reason if it does not."""
    with _connected(path) as link:
        link.settimeout(ANSWER_TIMEOUT)
        link.sendall(json.dumps({"elf": str(image)}).encode() + b"\n")
        try:
            answer = json.loads(_line(link))
        except (OSError, ValueError) as error:
            raise InfrastructureError(f"the device at {path} gave no answer: {error}") from error
    if not answer.get("ok"):
        raise UsageError(f"the device cannot run {image}: {answer.get('error')}", hint=str(answer.get("hint", "")))


def _connected(path: Path) -> socket.socket:
    end = time.monotonic() + DEVICE_TIMEOUT
    while True:
        link = socket.socket(socket.AF_UNIX)
        try:
            link.connect(str(path))
        except OSError as error:
            link.close()
            if time.monotonic() > end:
                raise InfrastructureError(
                    f"no device waits at {path}: {error.strerror}",
                    hint='give twister --device-serial-pty "./scripts/ampstand twister-device"',
                ) from error
            select.select([], [], [], RETRY_SECONDS)
        else:
            return link


def _line(link: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and len(data) < SIZE_MAX and (more := link.recv(4096)):
        data += more
    return data


class Device:
    """A board that runs whatever firmware it is given, its output on standard output."""

    def __init__(self, board: Board, qemu: Path, path: Path, records: Path, thread: str, stream: str) -> None:
        self._board = board
        self._qemu = qemu
        self._path = path
        self._records = records
        self._thread = thread
        self._wanted = stream
        self._stream = stream
        self._runs = 0
        self._alone: Alone | None = None

    def serve(self) -> None:
        """Take firmware and run it, until a signal ends this process."""
        with self._listening() as listener:
            waiting = {listener.fileno(): lambda: self._flashed(listener)}
            keys = typed(sys.stdin.fileno(), self._type)
            try:
                while True:
                    alone, ready = self._alone, [*waiting]
                    if alone is not None and alone.ending is None:
                        with contextlib.suppress(AmpstandError):  # QEMU has died: the next flash starts another
                            alone.run(waiting | {sys.stdin.fileno(): keys})
                    else:
                        select.select(ready, [], [])
                        self._flashed(listener)
            finally:
                self._stop()

    @contextlib.contextmanager
    def _listening(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as probe:
            if self._path.exists():
                with contextlib.suppress(OSError):
                    probe.connect(str(self._path))
                    raise UsageError(f"another device waits at {self._path}", hint="give each its own --id")
                self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._path))
            listener.listen()
            try:
                yield listener
            finally:
                self._path.unlink(missing_ok=True)

    def _flashed(self, listener: socket.socket) -> bool:
        """Take an order for new firmware; True if another image runs now, or none."""
        link, _ = listener.accept()
        with link:
            link.settimeout(ANSWER_TIMEOUT)
            try:
                image = Path(json.loads(_line(link))["elf"])
                checked(image, self._board)
                self._stop()
                self._start(image)
                answer: dict[str, object] = {"ok": True}
            except AmpstandError as error:
                answer = {"error": error.message, "hint": error.hint}
            except (OSError, ValueError, KeyError, TypeError) as error:
                answer = {"error": f"no order: {error!r}"}
            with contextlib.suppress(OSError):
                link.sendall(json.dumps(answer).encode() + b"\n")
        return "ok" in answer

    def _start(self, image: Path) -> None:
        self._runs += 1
        self._stream = self._wanted
        recorder = Recorder.for_board(self._board, self._records / str(self._runs))
        machine = RemoteMachine(self._board, self._qemu, image, recorder, thread=self._thread)
        alone = Alone(machine, Judge(strict=False), self._show)
        try:
            machine.start()
        except AmpstandError:
            alone.stop()
            raise
        self._alone = alone

    def _stop(self) -> None:
        if self._alone is not None:
            self._alone.stop()
            self._alone = None

    def _show(self, stream: str, data: bytes) -> None:
        if not self._stream and data.strip(b"\r\n\0"):
            self._stream = stream
        if stream == self._stream:
            with contextlib.suppress(OSError):  # twister has hung up
                write_all(sys.stdout.fileno(), data)

    def _type(self, data: bytes) -> bool:
        if self._alone is not None:
            self._alone.type(data)
        return False
