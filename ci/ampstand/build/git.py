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
    place = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    place["GIT_CEILING_DIRECTORIES"] = str(folder.absolute().parent)
    argv = ["git", "--no-optional-locks", "-c", f"safe.directory={folder.absolute()}", "-C", str(folder), *command]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False, env=place)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def describe(folder: Path) -> str:
    """Return ``git describe --always --dirty`` of a tree, "unknown" where git has no answer."""
    return read(folder, "describe", "--always", "--dirty") or UNKNOWN
