# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The linters, as one table: what each one looks at and how it is called.

Every linter is given the project's own files by name. None walks the checkout: a cache, records and compiled Python may
lie in it, and git may refuse to answer about it, as in a container whose user does not own it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ampstand import paths
from ampstand.errors import InfrastructureError

MISRA_DEFINES = ("-D__GNUC__", "-DAMP_PEER=1")
SHELL = re.compile(rb"#!\s*\S*/(env +)?(ba|da)?sh\b")
"""How a shell script begins: most of ours have no suffix."""


@dataclass(frozen=True)
class Linter:
    """One linter: passes when its command ends with 0."""

    name: str
    argv: tuple[str, ...]
    missing: str = ""
    """Why it cannot run here; empty when it can."""


def literal(path: Path) -> str:
    """Return a pattern of .gitignore that matches just this path."""
    return re.sub(r"([][*?\\])", r"\\\1", str(path))


def own_files(root: Path, scratch: Path, without: Iterable[Path] = ()) -> list[str]:
    """Return the project's own files in the checkout ``root``, sorted, by path relative to it.

    These are all files that the checkout's .gitignore does not name, tracked or not, except the folders ``without``.
    git finds them with an empty repository in ``scratch``: what it says does not depend on who owns the checkout, on
    whether it is one or an unpacked archive, or on the user's own git configuration. InfrastructureError without any.
    """
    # A hook of git's own names its repository and index in the environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    repository = scratch / "list.git"
    inside = [path.relative_to(root) for path in without if path.is_relative_to(root)]
    listing = ["ls-files", "-z", "--others", "--exclude-standard", *(f"--exclude=/{literal(path)}" for path in inside)]
    said = ""
    for argv in (
        ["git", "init", "--quiet", "--bare", "--template=", str(repository)],
        ["git", f"--git-dir={repository}", f"--work-tree={root}", *listing],
    ):
        done = subprocess.run(argv, cwd=root, env=environment, capture_output=True, check=False)
        if done.returncode != 0:
            raise InfrastructureError(f"git cannot list the files of {root}: {os.fsdecode(done.stderr).strip()}")
        said = os.fsdecode(done.stdout)
    # A repository in the checkout is one entry that ends in a slash.
    files = sorted(name for name in said.split("\0") if name and not name.endswith("/"))
    if not files:
        raise InfrastructureError(f"{root} holds no file of the project")
    return files


def copy_of(root: Path, files: Iterable[str], copy: Path) -> Path:
    """Return the new folder ``copy`` with exactly these files of ``root``, for a linter that takes only a folder."""
    shutil.rmtree(copy, ignore_errors=True)
    for name in files:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, copy / name, follow_symlinks=False)
    return copy


def linters(root: Path, records: Path, qemu: Path) -> list[Linter]:
    """Return every linter for the checkout ``root``, each to be run in it.

    What they leave behind goes to ``lint/scratch`` in ``records``, the folder of this run's records. ``qemu`` is a QEMU
    tree, whose checkpatch is used.
    """
    scratch = records / "lint/scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    own = own_files(root, scratch, (paths.cache_root(), paths.records_root(), records))

    def chosen(what: str, wanted: Callable[[str], object]) -> list[str]:
        """Return the own files that are wanted. A linter without files checks nothing."""
        found = [name for name in own if wanted(name)]
        if not found:
            raise InfrastructureError(f"{root} has no {what} to check")
        return found

    def some(*patterns: str) -> list[str]:
        """Return the own files that match; a ``*`` also matches ``/``."""
        return chosen(" or ".join(patterns), lambda name: any(fnmatchcase(name, pattern) for pattern in patterns))

    def is_shell(name: str) -> bool:
        return (root / name).is_file() and SHELL.match((root / name).read_bytes()[:80]) is not None

    python = sys.executable
    code = some("*.py")
    workflows = some(".github/workflows/*.yml")
    actions = some("*/action.yml")
    schema = (python, "-m", "check_jsonschema", "--builtin-schema")
    own_c = some("firmware/*.[ch]", "tests/firmware/*.[ch]")
    models = some("hw/*.[ch]", "include/hw/*.[ch]", "tests/qtest/*.[ch]")
    includes = [f"-Ifirmware/remote/{folder}" for folder in ("lib", "soc/zynqmp-r5", "soc/libc")]
    ruff = ("--config=pyproject.toml", f"--cache-dir={scratch}/ruff")
    checkpatch = ("perl", f"{qemu}/scripts/checkpatch.pl", "--no-tree", "--no-signoff", "--terse", "-q", "-f", *models)
    misra = (
        "cppcheck",
        "--addon=misra",
        "--enable=style,warning,performance,portability",
        "--std=c11",
        "--platform=arm32-wchar_t4",
        "--error-exitcode=1",
        "--quiet",
        f"--cppcheck-build-dir={scratch}",
        "--suppressions-list=firmware/remote/misra.suppress",
        *MISRA_DEFINES,
        *includes,
        *some("firmware/remote/lib/*.c"),
    )
    copy = copy_of(root, own, scratch / "reuse")
    actionlint = "" if shutil.which("actionlint") else "actionlint is not installed"
    return [
        Linter("ruff check", (python, "-m", "ruff", "check", *ruff, *code)),
        Linter("ruff format", (python, "-m", "ruff", "format", "--check", *ruff, *code)),
        Linter("mypy", (python, "-m", "mypy", "--config-file=pyproject.toml", f"--cache-dir={scratch}/mypy", *code)),
        Linter("rooms", ("lint-imports", "--no-logo", f"--cache-dir={scratch}/rooms", "pyproject.toml")),
        Linter("clang-format", ("clang-format", "--dry-run", "-Werror", *own_c)),
        Linter("cppcheck misra", misra),
        Linter("checkpatch", checkpatch),
        Linter("shellcheck", ("shellcheck", "--norc", *chosen("shell script", is_shell))),
        Linter("reuse", (python, "-m", "reuse", f"--root={copy}", "lint", "--lines")),
        Linter("actionlint", ("actionlint", "-no-color", *workflows), missing=actionlint),
        Linter("zizmor", ("zizmor", "--offline", "--no-progress", *workflows, *actions)),
        Linter("workflow schema", (*schema, "vendor.github-workflows", *workflows)),
        Linter("action schema", (*schema, "vendor.github-actions", *actions)),
    ]
