# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Reads git trees, the user's and our own, and writes nothing into them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def read(folder: Path, *command: str) -> str | None:
    """Return what a git command prints about the tree whose top is ``folder``; None without git, or when it fails.

    The tree is trusted, whoever owns it: a container's checkout belongs to another user. A repository further up is
    not looked for, and no lock is taken, so the index is not refreshed on disk.
    """
    printed = _run(folder, *command)
    return printed.decode(errors="surrogateescape").strip() if printed is not None else None


def blob(folder: Path, revision: str, name: str) -> bytes | None:
    """Return what a file holds in a revision of a tree's repository; None if there is none."""
    return _run(folder, "cat-file", "blob", f"{revision}:{name}")


def _run(folder: Path, *command: str) -> bytes | None:
    place = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    folder = folder.resolve()  # as git names it
    place["GIT_CEILING_DIRECTORIES"] = str(folder.parent)
    argv = ["git", "--no-optional-locks", "-c", f"safe.directory={folder}", "-C", str(folder), *command]
    try:
        done = subprocess.run(argv, capture_output=True, check=False, env=place)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def describe(folder: Path) -> str:
    """Return ``git describe --always --dirty`` of a tree, "unknown" where git has no answer.

    Put together from two commands: that one itself writes the index, whatever it is told of locks.
    """
    described = read(folder, "describe", "--always")
    if not described:
        return UNKNOWN
    changed = read(folder, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=none")
    return f"{described}-dirty" if changed else described


def files(folder: Path) -> list[str] | None:
    """Return every file of a tree that git does not ignore, tracked or not; None where there is no git tree."""
    listed = read(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is None:
        return None
    return sorted({name for name in listed.split("\0") if name and os.path.lexists(folder / name)})


def commit(folder: Path, revision: str) -> str | None:
    """Return the full name of the commit that ``revision`` is in a tree's repository; None when there is none."""
    return read(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")


def checkout_command(folder: Path, revision: str, copy: Path) -> tuple[list[str], dict[str, str]]:
    """Return command and environment that make ``copy`` hold a commit of the repository of ``folder``.

    Only files that differ from the commit there before are written. The index is beside ``copy``: the repository is
    only read, and knows nothing of this.
    """
    where = read(folder, "rev-parse", "--absolute-git-dir") or str(folder / ".git")
    options = {
        "safe.directory": str(folder.absolute()),
        "core.hooksPath": "/dev/null",
        "core.fsmonitor": "false",
        "core.sparseCheckout": "false",
        "core.untrackedCache": "false",
    }
    argv = ["git"] + [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    argv += ["read-tree", "--reset", "-u", revision]
    index = copy.with_name(f"{copy.name}.index")
    return argv, {"GIT_DIR": where, "GIT_WORK_TREE": str(copy), "GIT_INDEX_FILE": str(index)}
