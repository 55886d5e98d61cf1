# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand coverage``: which lines of Linux the scenarios of a run have executed, from its records."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console as Terminal
from rich.table import Table

from ampstand.build.artifacts import Artifacts
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
)
"""What Linux talks to a remote with."""
WIDTH = 100
"""Columns of the table where there is no terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``coverage``."""
    parser.add_argument("records", type=Path, metavar="RECORDS", help="records folder of `ampstand test --coverage`")
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="PATH",
        help=f"a file or folder of Linux's tree (repeatable; default: {', '.join(SOURCES)})",
    )
    parser.add_argument("--lcov", type=Path, metavar="FILE", help="write a tracefile of LCOV, by scenario")
    parser.add_argument(
        "--tree", type=Path, default=Path(), metavar="DIR", help="Linux's tree, for the paths in the tracefile"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the lines and their scenarios there")


def main(args: argparse.Namespace) -> int:
    """Print what was executed of each source file; return the exit code."""
    sources = args.source or SOURCES
    tests = load(args.records, sources)
    if not any(covered.lines for covered in tests.values()):
        raise UsageError(f"the kernel of this run has nothing of {', '.join(sources)}")
    total = Covered()
    for covered in tests.values():
        total.add(covered)
    if args.lcov is not None:
        args.lcov.write_text("".join(f"{line}\n" for line in tracefile(tests, args.tree.absolute())), encoding="utf-8")
    if args.json is not None:
        args.json.write_text(json.dumps(document(tests, total), indent=1) + "\n", encoding="utf-8")
    Terminal(width=None if sys.stdout.isatty() else WIDTH).print(table(total, len(tests)))
    return 0


def load(records: Path, sources: Sequence[str], units: Sequence[str] = ()) -> dict[str, Covered]:
    """Return by scenario what a run's records say was executed by Linux's core; for the rest see ``lines.read()``."""
    listing = records / "artifacts.json"
    if not listing.is_file():
        raise UsageError(f"{records} holds no records of scenarios", hint="name the folder given as --records")
    files = sorted((records / "scenarios").rglob(coverage.FILE))
    if not files:
        raise UsageError(f"{records} holds no coverage", hint="run `ampstand test --only scenarios --coverage`")
    vmlinux = Artifacts.load(listing).kernel.with_name("vmlinux")
    if not vmlinux.is_file():
        raise UsageError(f"the kernel of {records} is gone from the cache, or has no debug information: {vmlinux}")
    known = lines.read(vmlinux, sources, units)
    found: dict[str, Covered] = {}
    for file in files:
        result = json.loads((file.parent / "result.json").read_text(encoding="utf-8"))
        name = result.get("scenario") or file.parent.name
        executed = coverage.Executed.load(file)
        found.setdefault(name, Covered()).add(Covered.of(executed, executed.cores[0], known))
    return found


def document(tests: dict[str, Covered], total: Covered) -> dict[str, object]:
    """Return by source file and line the scenarios that executed it; a line with none was compiled and not executed."""
    return {
        "schema": 1,
        "sources": {
            path: {line: [test for test, covered in tests.items() if covered.lines[path].get(line)] for line in lines}
            for path, lines in total.lines.items()
        },
    }


def table(total: Covered, scenarios: int) -> Table:
    """Return the closing table."""
    shown = Table(title=f"lines of Linux that {scenarios} scenarios executed")
    for heading in ("source file", "lines", "executed", "functions", "called"):
        shown.add_column(heading, justify="left" if heading == "source file" else "right")
    for path, found in total.lines.items():
        functions = total.functions[path]
        hit, called = sum(found.values()), sum(hit for _, hit in functions.values())
        share = f"{hit} ({100 * hit / len(found):.0f} %)" if found else "0"
        shown.add_row(path, str(len(found)), share, str(len(functions)), str(called))
    return shown
