# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""git is asked about exactly the tree that is named, whoever owns it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ampstand.build import git


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a git tree with one commit, inside another repository."""
    for folder in (tmp_path, tmp_path / "tree"):
        folder.mkdir(exist_ok=True)
        for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", folder.name]):
            identity = ["-c", "user.name=x", "-c", "user.email=x@example"]
            subprocess.run(["git", *identity, *command], cwd=folder, check=True)
    return tmp_path / "tree"


def subject(folder: Path) -> str | None:
    return git.read(folder, "log", "--format=%s")


def test_a_tree_of_another_owner_is_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for path in (tree, *tree.rglob("*")):
        os.chown(path, 1001, 1001)
    (tree.parent / "link").symlink_to("tree")
    refused = subprocess.run(["git", "log"], cwd=tree, capture_output=True, text=True, check=False)
    assert "dubious ownership" in refused.stderr
    assert subject(tree) == subject(tree.parent / "link") == "tree"
    assert git.describe(tree) not in ("", git.UNKNOWN)


def test_a_repository_further_up_is_not_asked(tree: Path) -> None:
    (tree.parent / "archive").mkdir()
    assert subject(tree.parent / "archive") is None


def test_a_hook_of_another_repository_changes_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tree.parent / ".git"))
    assert subject(tree) == "tree"
