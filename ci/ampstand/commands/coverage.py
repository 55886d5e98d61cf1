# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand coverage``: which lines of Linux and the firmware the scenarios of a run executed, from its records."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console as Terminal
from rich.table import Table

from ampstand.build.arch import ARCHES
from ampstand.build.artifacts import Artifacts
from ampstand.build.cache import file_hash
from ampstand.errors import UsageError
from ampstand.formats import lines
from ampstand.qemu import coverage
from ampstand.report.lcov import Covered, tracefile

SOURCES = (
    "drivers/remoteproc/",
    "drivers/rpmsg/",
    "drivers/mailbox/",
    "drivers/hwspinlock/",
    "drivers/tty/rpmsg_tty.c",
    "samples/rpmsg/",
)
"""What Linux talks to a remote with."""
EVERYTHING = ("",)
"""Every source file."""
WIDTH = 100
"""Columns of the table where there is no terminal."""
PATH_WIDTH = 50
"""Columns of a path: of a longer one the table shows the end."""

Tests = dict[str, Covered]
"""By scenario, what it has executed."""


Missing = defaultdict[str, dict[str, None]]
"""By what was executed and is in no table, the scenarios that did, each once."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``coverage``."""
    parser.add_argument("records", type=Path, metavar="RECORDS", help="records folder of `ampstand test --coverage`")
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="PATH",
        help="a file or folder, of Linux's tree or of the firmware's "
        f"(repeatable; default: all of the firmware's, and {', '.join(SOURCES)})",
    )
    parser.add_argument("--lcov", type=Path, metavar="FILE", help="write a tracefile of LCOV, by scenario")
    parser.add_argument(
        "--tree", type=Path, default=Path(), metavar="DIR", help="Linux's tree, for the paths in the tracefile"
    )
    parser.add_argument(
        "--firmware-tree",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="what the paths in the firmware's debug information begin at, for those in the tracefile",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the lines and their scenarios there")


def main(args: argparse.Namespace) -> int:
    """Print what was executed of each source file; return the exit code."""
    missing: Missing = defaultdict(dict)
    linux = load(args.records, args.source or SOURCES, missing)
    firmware = load_firmware(args.records, args.source or EVERYTHING, missing)
    shown = {"Linux": (linux, args.tree), "the firmware": (firmware, args.firmware_tree)}
    totals = {whose: total(tests) for whose, (tests, _) in shown.items()}
    if not any(found.lines for found in totals.values()):
        raise UsageError(f"neither kernel nor firmware of this run has anything of {', '.join(args.source or SOURCES)}")
    if args.lcov is not None:
        traced = (line for tests, tree in shown.values() for line in tracefile(tests, tree.absolute()))
        args.lcov.write_text("".join(f"{line}\n" for line in traced), encoding="utf-8")
    if args.json is not None:
        args.json.write_text(json.dumps(document(linux, firmware, missing), indent=1) + "\n", encoding="utf-8")
    terminal = Terminal(width=None if sys.stdout.isatty() else WIDTH)
    for whose, found in totals.items():
        if found.lines:
            terminal.print(table(whose, found, len(linux)))
    for what, names in missing.items():
        text = f"in no table: {what} (executed by {_count(len(names), 'scenario')})"
        terminal.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0


def load(records: Path, sources: Sequence[str], missing: Missing | None = None) -> Tests:
    """Return by scenario what a run's records say was executed by Linux's core; ``missing`` takes what is not in it."""
    return look(records, Linux(artifacts_of(records), sources), missing=missing)


def look(
    records: Path,
    linux: Linux,
    *,
    sources: Sequence[str] = EVERYTHING,
    missing: Missing | None = None,
    tests: Collection[str] | None = None,
) -> Tests:
    """Return by scenario what Linux's core executed in a run of this kernel, as far as it is of ``sources``.

    ``missing`` takes what is not among it. ``tests`` are the scenarios that are looked at, None for all; of one that
    does not know where modules were, nothing is said of these.
    """
    found: Tests = {}
    for name, executed in executed_in(records, tests):
        found.setdefault(name, Covered()).add(linux.covered(executed, sources, unsure=tests is None))
        if missing is not None:
            for what in linux.unknown(executed):
                missing[what][name] = None
    return found


class Linux:
    """The source files of a kernel and its modules, as far as they begin with one of ``sources``."""

    def __init__(self, artifacts: Artifacts, sources: Sequence[str], units: Sequence[str] = ()) -> None:
        """Read the kernel's debug information; see ``lines.read()``."""
        vmlinux = artifacts.kernel.with_name("vmlinux")
        if not vmlinux.is_file():
            raise UsageError(f"the kernel is gone from the cache, or has no debug information: {vmlinux}")
        self._known = lines.read(vmlinux, sources, units)
        self._modules = _Modules(artifacts, sources, units)

    def covered(self, executed: coverage.Executed, sources: Sequence[str] = EVERYTHING, *, unsure: bool) -> Covered:
        """Return what Linux's core has executed; lines of modules of which nothing is known only if ``unsure``."""
        found, core = Covered(), executed.cores[0]
        modules = self._modules.read(executed.modules) if executed.modules or unsure else ()
        for program in (self._known, *modules):
            wanted = {path: source for path, source in program.items() if path.startswith(tuple(sources))}
            found.add(Covered.of(partial(executed.any, core), wanted))
        return found

    def unknown(self, executed: coverage.Executed) -> list[str]:
        """Return what was executed of modules that nobody has built here."""
        if not any(executed.any(executed.cores[0], *arch.modules) for arch in ARCHES.values()):
            return []
        return self._modules.unknown(executed.modules)


class _Modules:
    """The source files of the modules that were built with a kernel, each read once for each place in memory."""

    def __init__(self, artifacts: Artifacts, sources: Sequence[str], units: Sequence[str]) -> None:
        files = [*sorted(artifacts.kernel.with_name("modules").glob("*.ko")), *artifacts.modules.values()]
        self._files = {path.stem.replace("-", "_"): path for path in files}
        self._sources, self._units = sources, units
        self._known: dict[tuple[str, tuple[tuple[str, int], ...]], Mapping[str, lines.SourceFile]] = {}

    def read(self, loaded: Mapping[str, Mapping[str, int]]) -> Iterator[Mapping[str, lines.SourceFile]]:
        """Yield the source files of each, where it was loaded, or as never executed."""
        for name, path in self._files.items():
            places = loaded.get(name, {})
            key = (name, tuple(sorted(places.items())))
            if key not in self._known:
                self._known[key] = lines.read(path, self._sources, self._units, places)
            yield self._known[key]

    def unknown(self, loaded: Mapping[str, object]) -> list[str]:
        """Return what Linux had loaded and nobody has built here; of modules that had gone nothing is known."""
        names = [f"code of Linux's module {name}" for name in loaded if name not in self._files]
        return names if loaded else ["code of modules that Linux no longer had in the end"]


def load_firmware(records: Path, sources: Sequence[str], missing: Missing) -> Tests:
    """Return by scenario what a run's records say was executed of the remote's images, all together.

    Lines count that an image of the run's own build has, whether it ran or not, or another that ran. ``missing`` takes
    what was executed and cannot be told.
    """
    found: Tests = {}
    images, nothing = _Images(sources), Covered()
    for path in artifacts_of(records).firmware.values():
        if path.is_file():
            nothing.add(Covered.of(lambda *_: False, images.read(path, file_hash(path))))
    for name, executed in executed_in(records):
        test = found.setdefault(name, Covered())
        test.add(nothing)
        for ran in executed.images:
            test.add(Covered.of(ran.any, images.read(ran.path, ran.sha256)))
            if ran.sha256 in images.problems:
                missing[images.problems[ran.sha256]][name] = None
        for block in executed.unknown:
            which = f"one of {', '.join(block.images)}" if block.images else "an image that is not known"
            missing[f"code of {which}"][name] = None
        if executed.lost:
            missing["what came when the log of the remote was full"][name] = None
    return found


class _Images:
    """The source files of images, each read once."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources
        self._known: dict[str, Mapping[str, lines.SourceFile]] = {}
        self.problems: dict[str, str] = {}
        """By the sha256 of an image, why it has none."""

    def read(self, path: Path, sha256: str) -> Mapping[str, lines.SourceFile]:
        """Return the source files of an image; nothing if there is a problem."""
        if sha256 not in self._known:
            self._known[sha256] = {}
            try:
                if not path.is_file() or file_hash(path) != sha256:
                    raise UsageError(f"{path} is gone, or another file by now")
                self._known[sha256] = lines.read(path, self._sources, EVERYTHING)
            except UsageError as error:
                self.problems[sha256] = error.message
        return self._known[sha256]


def artifacts_of(records: Path) -> Artifacts:
    """Return the build that a run was about."""
    listing = records / "artifacts.json"
    if not listing.is_file():
        raise UsageError(f"{records} holds no records of scenarios", hint="name the folder given as --records")
    return Artifacts.load(listing)


def executed_in(records: Path, tests: Collection[str] | None = None) -> Iterator[tuple[str, coverage.Executed]]:
    """Yield by scenario what a run has executed; ``tests`` are those that are looked at, None for all."""
    files = sorted((records / "scenarios").rglob(coverage.FILE))
    if not files:
        raise UsageError(f"{records} holds no coverage", hint="run `ampstand test --only scenarios --coverage`")
    for file in files:
        result = json.loads((file.parent / "result.json").read_text(encoding="utf-8"))
        name = result.get("scenario") or file.parent.name
        if tests is None or name in tests:
            yield name, coverage.Executed.load(file)


def total(tests: Tests) -> Covered:
    """Return what all scenarios together have executed."""
    found = Covered()
    for covered in tests.values():
        found.add(covered)
    return Covered(dict(sorted(found.lines.items())), found.functions)


def document(linux: Tests, firmware: Tests, missing: Missing) -> dict[str, object]:
    """Return by source file and line the scenarios that executed it; a line with none was compiled and not executed."""
    return {
        "schema": 2,
        "linux": _scenarios(linux),
        "firmware": _scenarios(firmware),
        "missing": {what: list(names) for what, names in missing.items()},
    }


def _scenarios(tests: Tests) -> dict[str, dict[int, list[str]]]:
    return {
        path: {
            line: [test for test, covered in tests.items() if covered.lines.get(path, {}).get(line)] for line in found
        }
        for path, found in total(tests).lines.items()
    }


def table(whose: str, total: Covered, scenarios: int) -> Table:
    """Return the closing table."""
    shown = Table(title=f"lines of {whose} that {_count(scenarios, 'scenario')} executed")
    for heading in ("source file", "lines", "executed", "functions", "called"):
        shown.add_column(heading, justify="left" if heading == "source file" else "right")
    for path, found in total.lines.items():
        functions = total.functions[path]
        hit, called = sum(found.values()), sum(hit for _, hit in functions.values())
        share = f"{hit} ({100 * hit / len(found):.0f} %)" if found else "0"
        end = path if len(path) <= PATH_WIDTH else f"…{path[1 - PATH_WIDTH :]}"
        shown.add_row(end, str(len(found)), share, str(len(functions)), str(called))
    return shown


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
