# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand inspect FILE.elf``: says what a firmware file is and what will become of it. Needs no build.

Exit code 0 if the board can run it, 1 if Linux would refuse it or the remote cannot run it, 2 if it is no readable ELF
file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ampstand.board import DEFAULT, Board, RemoteCore
from ampstand.build.arch import arch
from ampstand.errors import TestsFailed, UsageError
from ampstand.formats.elf import Image, NotElfError, Segment
from ampstand.formats.resource_table import ANY, Carveout, Devmem, Entry, Located, Trace, Vdev, locate
from ampstand.linux import known_bugs, loader
from ampstand.linux.known_bugs import Kernel
from ampstand.linux.loader import Finding

WITHOUT_TABLE = (
    "without a resource table: start, stop, restart, crash recovery, the console and coredumps work; "
    "there is no rpmsg, no trace in debugfs, and Linux cannot attach to it"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``inspect``."""
    parser.add_argument("file", type=Path, metavar="FILE.elf", help="a firmware file of any origin")
    parser.add_argument("--board", default=DEFAULT, metavar="NAME", help="the board that it is for")
    parser.add_argument("--json", action="store_true", help="everything as JSON")


def main(args: argparse.Namespace) -> int:
    """Print what is known of the file; return the exit code."""
    report = Report.of(args.file, Board.load(args.board))
    print(json.dumps(report.as_json(), indent=2) if args.json else "\n".join(report.lines()))
    return 0 if report.good else TestsFailed.exit_code


@dataclass(frozen=True)
class Report:
    """A firmware file, and what a board makes of it."""

    path: Path
    board: Board
    remote: RemoteCore
    image: Image

    @classmethod
    def of(cls, path: Path, board: Board) -> Report:
        """Read a file; ``UsageError`` if it cannot be read or is no ELF file."""
        if board.remote is None:
            raise UsageError(f"{board.name} has no remote")
        try:
            return cls(path, board, board.remote, Image.read(path.read_bytes()))
        except OSError as error:
            raise UsageError(f"cannot read firmware {path}: {error.strerror}") from error
        except NotElfError as error:
            raise UsageError(f"{path}: {error}", hint="give the ELF file that the linker wrote, not a .bin") from error

    @cached_property
    def table(self) -> Located | None:
        """The resource table, wherever it is."""
        return locate(self.image)

    @cached_property
    def findings(self) -> list[Finding]:
        """What Linux has to say."""
        kernel = Kernel.on(self.board)
        found = loader.linux(self.image.data, self.remote.regions, arch(self.board.kernel_arch).bits)
        return [finding for finding in found if not finding.bug or known_bugs.bug(finding.bug).inside(kernel)]

    @cached_property
    def core(self) -> list[str]:
        """Why the remote cannot run it."""
        return loader.core(self.image, self.remote)

    @property
    def refused(self) -> str:
        """Why Linux refuses it; empty if it does not."""
        return loader.refused(self.findings)

    @cached_property
    def boot_loader(self) -> str:
        """Why nothing loads it before Linux; empty if it is loaded."""
        return loader.boot_loader(self.image, self.table, self.remote)

    @property
    def good(self) -> bool:
        """Whether Linux starts it and the remote can run it."""
        return not self.refused and not self.core

    @property
    def traces(self) -> list[Trace]:
        """The trace buffers that the resource table names."""
        return self.table.table.all(Trace) if self.table is not None else []

    def reason(self, *, linux: bool) -> str:
        """Return why it cannot run, loaded by Linux or before it; empty if it can."""
        return "; ".join(filter(None, [self.refused if linux else self.boot_loader, *self.core]))

    # -- as text --------------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """Yield the report line by line."""
        image, header = self.image, self.image.header
        profile = f", Arm profile {image.profile}" if image.profile else ""
        yield f"{self.path.name}: {image.bits}-bit {image.machine}, {image.type}, entry {header['entry']:#x}{profile}"
        yield f"for {self.remote.core} of {self.board.title}"
        yield from (f"  broken: {problem}" for problem in image.problems)
        yield ""
        yield "  address     size      host        flags  memory"
        for segment in image.segments:
            where = self._where(segment)
            host = f"{where:#010x}" if where is not None else "-"
            yield (
                f"  {segment.paddr:#010x}  {segment.memsz:<8}  {host:<10}  {segment.rights}    {self._region(segment)}"
            )
        yield ""
        yield from self._table_lines()
        yield ""
        yield from self._verdict_lines()

    def _where(self, segment: Segment) -> int | None:
        return self.remote.reach(segment.paddr, segment.memsz)

    def _region(self, segment: Segment) -> str:
        start, end = segment.paddr, segment.paddr + segment.memsz
        for name, region in self.remote.regions.items():
            if region.address <= start and end <= region.address + region.size:
                return name
        return "not of Linux" if self._where(segment) is not None else "none"

    def _table_lines(self) -> Iterator[str]:
        found = self.table
        if found is None:
            yield "resource table: none"
            return
        how = "" if found.section else ", told by a symbol: Linux looks for a section"
        yield f"resource table at {found.address:#x}, {len(found.data)} bytes{how}"
        if found.table.problem:
            yield f"  {found.table.problem}"
        for entry in found.table.entries:
            yield from _entry_lines(entry)

    def _verdict_lines(self) -> Iterator[str]:
        if self.refused:
            yield f"Linux refuses it: {self.refused}"
        else:
            yield "Linux starts it"
        for finding in self.findings:
            if finding.message != self.refused:
                bug = f" (known bug of the kernel: {finding.bug})" if finding.bug else ""
                yield f"  {finding.effect.value}: {finding.message}{bug}"
        if self.boot_loader:
            yield f"before Linux, and without it, nothing loads it: {self.boot_loader}"
        else:
            yield "before Linux, and without it, it can run, too (--remote-image, --remote-only)"
        yield from (f"{self.remote.core} cannot run it: {problem}" for problem in self.core)
        if self.good and (self.table is None or self.table.table.problem or not self.table.section):
            yield WITHOUT_TABLE

    # -- as JSON --------------------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        image, found = self.image, self.table
        return {
            "file": str(self.path),
            "board": self.board.name,
            "core": self.remote.core,
            "can_run": self.good,
            "elf": {
                "bits": image.bits,
                "big_endian": image.big,
                "machine": image.machine,
                "type": image.type,
                "entry": image.header["entry"],
                "profile": image.profile,
                "problems": list(image.problems),
            },
            "segments": [
                {
                    "address": segment.paddr,
                    "virtual": segment.vaddr,
                    "size": segment.memsz,
                    "file_size": segment.filesz,
                    "flags": segment.rights,
                    "host": self._where(segment),
                    "memory": self._region(segment),
                }
                for segment in image.segments
            ],
            "resource_table": None
            if found is None
            else {
                "address": found.address,
                "size": len(found.data),
                "section": found.section,
                "problem": found.table.problem,
                "entries": [_entry_json(entry) for entry in found.table.entries],
            },
            "linux": {
                "refuses": self.refused,
                "findings": [
                    {"effect": finding.effect.value, "message": finding.message, "bug": finding.bug}
                    for finding in self.findings
                ],
            },
            "before_linux": {"refuses": self.boot_loader},
            "remote": {"refuses": self.core},
        }


def _address(value: int) -> str:
    return "any" if value == ANY else f"{value:#x}"


def _text(name: bytes) -> str:
    return repr(name.decode("latin-1"))


def _entry_lines(entry: Entry) -> Iterator[str]:
    body = entry.body
    match body:
        case Carveout():
            text = f"{_text(body.name)}, {body.size} bytes at {_address(body.da)}, flags {body.flags:#x}"
        case Devmem():
            text = f"{_text(body.name)}, {body.size} bytes at {_address(body.da)}, host {_address(body.pa)}"
        case Trace():
            text = f"{_text(body.name)}, {body.size} bytes at {body.da:#x}"
        case Vdev():
            text = f"device {body.device}, features {body.dfeatures:#x}, {len(body.vrings)} vrings"
        case _:
            text = entry.note
    yield f"  {entry.title:<8} {text}{f': {entry.problem}' if entry.problem else ''}".rstrip()
    if isinstance(body, Vdev):
        for number, ring in enumerate(body.vrings):
            yield f"    vring {number}: {ring.num} entries, aligned to {ring.align}, at {_address(ring.da)}"


def _entry_json(entry: Entry) -> dict[str, Any]:
    body = entry.body
    values: dict[str, Any] = {"type": entry.title, "number": entry.kind, "problem": entry.problem or entry.note}
    if isinstance(body, Vdev):
        values |= {"device": body.device, "features": body.dfeatures, "config_size": body.config_len}
        values["vrings"] = [{"address": ring.da, "entries": ring.num, "align": ring.align} for ring in body.vrings]
    elif body is not None:
        values |= {"name": body.name.decode("latin-1"), "address": body.da, "size": body.size}
    return values
