# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand list``: the names that other commands take."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest

from ampstand import paths
from ampstand.board import Board, features
from ampstand.errors import InfrastructureError
from ampstand.plugin import needed

Rows = Iterable[tuple[str, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``list``."""
    parser.add_argument("kind", nargs="?", choices=tuple(KINDS), default="boards", help="default: %(default)s")
    parser.add_argument("--board", metavar="NAME", help="of this board only")


def main(args: argparse.Namespace) -> int:
    """Print names, each with what it is."""
    boards = [Board.load(name) for name in ([args.board] if args.board else Board.names())]
    rows = list(KINDS[args.kind](boards))
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:{width}}  {text}".rstrip())
    return 0


def _boards(boards: Sequence[Board]) -> Rows:
    return ((board.name, board.title) for board in boards)


def _features(boards: Sequence[Board]) -> Rows:
    for name, meaning in features().items():
        having = [board.name for board in boards if name in board.features]
        if having:
            yield name, f"{meaning} ({', '.join(having)})"


def _images(boards: Sequence[Board]) -> Rows:
    """Yield each application on each operating system: ``firmware/remote/apps/meson.build``."""
    folder = paths.ROOT / "firmware/remote"
    socs = sorted({remote.soc for board in boards for remote in board.remotes})
    recipes = {path.parent.name: path.read_text("utf-8") for path in sorted((folder / "soc").glob("*/meson.build"))}
    own = {soc: re.findall(r"'([\w-]+)'", *re.findall(r"^soc_apps = (.*)", recipes[soc], re.M)) for soc in recipes}
    special = {app for apps in own.values() for app in apps}
    peers = [soc for soc in socs if "soc_peer = true" in recipes[soc]]
    for app in sorted((folder / "apps").glob("*/")):
        having = [soc for soc in socs if app.name in own[soc] or app.name not in special]
        if app.name.startswith("peer-"):
            having = peers
        for system in sorted((folder / "os").glob("*/")):
            if having:
                yield f"{app.name}-{system.name}", f"for {', '.join(having)}"


def _faults(boards: Sequence[Board]) -> Rows:
    for board in boards:
        for name, fault in sorted(board.faults.items()):
            yield name, f"{board.name}: {fault.path} {fault.property}"


class _Collector:
    """A plugin of pytest that keeps what was collected."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the tests."""
        self.items = session.items


def collected() -> list[pytest.Item]:
    """Return all scenarios of this checkout; ``InfrastructureError`` if their files cannot be read."""
    collector, said = _Collector(), io.StringIO()
    argv = ["-c", str(paths.ROOT / "pyproject.toml"), f"--rootdir={paths.ROOT}", "-p", "no:cacheprovider"]
    argv += ["-p", "ampstand.plugin", "--collect-only", "-qq", str(paths.ROOT / "tests/scenarios")]
    with contextlib.redirect_stdout(said):
        code = pytest.main(argv, plugins=[collector])
    if code:
        raise InfrastructureError(f"the scenarios could not be read:\n{said.getvalue().rstrip()}")
    return collector.items


def _scenarios(boards: Sequence[Board]) -> Rows:
    """Each with what a board lacks on which it is skipped."""
    for item in collected():
        lacking = ((board, sorted(needed(item) - board.features)) for board in boards)
        yield item.nodeid, "; ".join(f"not on {board.name}: no {', '.join(names)}" for board, names in lacking if names)


KINDS: Mapping[str, Callable[[Sequence[Board]], Rows]] = {
    "boards": _boards,
    "features": _features,
    "images": _images,
    "faults": _faults,
    "scenarios": _scenarios,
}
