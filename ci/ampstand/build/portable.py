# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Programs of this machine in a folder that may lie anywhere, on any Linux with the same processor.

A program does not run by itself there but through the loader that it was built with, with the libraries beside it: that
is what a script in ``bin/`` does. So neither the C library nor a path of the other machine matters.
"""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from ampstand.build import tools
from ampstand.errors import InfrastructureError

SCRIPT = """#!/bin/sh
here=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
exec "$here/lib/{loader}" --argv0 "$0" --library-path "$here/lib" "$here/libexec/{name}" "$@"
"""
SITE = '''"""Makes the packages of this folder known, and none of the machine that it runs on."""

import site
import sys

site.addsitedir(f"{sys.prefix}/lib/site-packages")
'''
NOT_NEEDED = (
    "__pycache__",
    "test",
    "idlelib",
    "lib2to3",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "config-*",
    "*-packages",
)
"""Of Python's own library."""
_LIBRARY = re.compile(r"^\s*(\S+) => (/\S+) \(0x", re.MULTILINE)
_LOADER = re.compile(r"^\s*(/\S+) \(0x", re.MULTILINE)
_ABSENT = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


def libraries(program: Path) -> tuple[Path | None, dict[str, Path]]:
    """Return the loader of a program (None of a library) and, by name, all libraries that either needs."""
    said = tools.output(["ldd", program])
    if absent := _ABSENT.search(said):
        raise InfrastructureError(f"{program} needs {absent[1]}, which is not on this machine")
    loader = _LOADER.search(said)
    return Path(loader[1]) if loader else None, {name: Path(path) for name, path in _LIBRARY.findall(said)}


def closure(names: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Return the installed distributions of these names and all that they need here, by name."""
    found: dict[str, metadata.Distribution] = {}
    left = list(names)
    while left:
        try:
            one = metadata.distribution(left.pop())
        except metadata.PackageNotFoundError as error:
            raise InfrastructureError(f"the Python package {error.name} is not installed") from error
        if one.name in found:
            continue
        found[one.name] = one
        needed = (Requirement(text) for text in one.requires or ())
        left += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


@dataclass
class Programs:
    """A folder with programs; ``files`` are those of this machine that went into it."""

    folder: Path
    files: set[Path] = field(default_factory=set)

    def add(self, program: Path, name: str = "") -> None:
        """Put a program into the folder, under another name if one is given."""
        name = name or program.name
        loader, found = libraries(program)
        if loader is None:
            raise InfrastructureError(f"{program} is no program that a loader starts")
        self._copy(program, self.folder / "libexec" / name)
        self._libraries({loader.name: loader, **found})
        script = self.folder / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(SCRIPT.format(loader=loader.name, name=name), encoding="utf-8")
        script.chmod(0o755)

    def add_python(self, packages: Iterable[metadata.Distribution]) -> Path:
        """Put this Python into the folder, as ``python3``, and packages; return the folder of these."""
        self.add(Path(sys._base_executable).resolve(), "python3")  # type: ignore[attr-defined]
        # Threads end with the help of this one, which is loaded when the first of them does.
        self._libraries({"libgcc_s.so.1": Path(tools.output(["gcc", "-print-file-name=libgcc_s.so.1"]).strip())})
        own = Path(sysconfig.get_path("stdlib"))
        library = self.folder / "lib" / own.name
        shutil.copytree(own, library, ignore=shutil.ignore_patterns(*NOT_NEEDED))
        site = library / "sitecustomize.py"
        site.unlink(missing_ok=True)
        site.write_text(SITE, encoding="utf-8")
        modules = self.folder / "lib/site-packages"
        for package in packages:
            for file in package.files or ():
                source = Path(str(file.locate()))
                if ".." not in file.parts and "__pycache__" not in file.parts and source.is_file():
                    self._copy(source, modules / file)
        for module in sorted([*library.rglob("*.so"), *modules.rglob("*.so")]):
            self._libraries(libraries(module)[1])
        self.files.add(own / "os.py")
        return modules

    def _libraries(self, found: dict[str, Path]) -> None:
        for name, path in found.items():
            if not (self.folder / "lib" / name).exists():
                self._copy(path, self.folder / "lib" / name)

    def _copy(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source.resolve(), target)
        self.files.add(source)
