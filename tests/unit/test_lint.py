# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The linters see the project's own files and nothing else, wherever the checkout lies and whoever owns it."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand import paths
from ampstand.build import git
from ampstand.commands import lint
from ampstand.errors import InfrastructureError

SOMEBODY = 1001


def call(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, as a git that knows no user."""
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CEILING_DIRECTORIES": ""}
    for role in ("AUTHOR", "COMMITTER"):
        identity |= {f"GIT_{role}_NAME": "x", f"GIT_{role}_EMAIL": "x"}
    return subprocess.run(argv, cwd=folder, env={**os.environ, **identity}, capture_output=True, text=True, check=False)


def archive(checkout: Path) -> None:
    """Leave it as an unpacked archive, without ``.git``."""


def clone(checkout: Path) -> None:
    """Make it a git checkout."""
    call(checkout, "git", "init", "-q")
    call(checkout, "git", "add", "--all")
    call(checkout, "git", "commit", "-q", "-m", "x")


def of_another_owner(checkout: Path) -> None:
    """Make it a git checkout that belongs to somebody else: git refuses to answer in it."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    clone(checkout)
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)
    assert "dubious ownership" in call(checkout, "git", "status").stderr


def inside_another(checkout: Path) -> None:
    """Put it into somebody's repository, which ignores files of ours."""
    call(checkout.parent, "git", "init", "-q")
    (checkout.parent / ".gitignore").write_text("*.c\n")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the project's own files, as this checkout has them."""
    return lint.own_files(paths.ROOT, tmp_path_factory.mktemp("list"), (paths.cache_root(), paths.records_root()))


@pytest.fixture(params=[archive, clone, of_another_owner, inside_another], ids=lambda shape: shape.__name__)
def checkout(request: pytest.FixtureRequest, own: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project, with cache and records inside it as a workflow has them, and compiled Python."""
    root = lint.copy_of(paths.ROOT, own, tmp_path / "outer/checkout")
    shape: Callable[[Path], None] = request.param
    shape(root)
    for name in (".cache[1]/sources/x/a.py", ".cache[1]/a.c", "records/a.py", "ci/ampstand/__pycache__/a.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("no licence\n")
    call(root, "git", "init", "-q", ".cache[1]/work")
    monkeypatch.setenv("AMPSTAND_CACHE", str(root / ".cache[1]"))
    monkeypatch.setenv("AMPSTAND_RECORDS", str(root / ".kept"))
    monkeypatch.setenv("PYTHONPATH", str(root / "ci"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(root / ".git/index"))  # as in a hook of git's own
    return root


@pytest.fixture
def table(checkout: Path) -> dict[str, lint.Linter]:
    """Return the linters of that copy, by name."""
    return {entry.name: entry for entry in lint.linters(checkout, checkout / ".kept/run", paths.ROOT)}


def run(entry: lint.Linter, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run one linter as the lint stage does."""
    return subprocess.run(entry.argv, cwd=checkout, capture_output=True, text=True, check=False)


def test_linters_get_the_own_files_and_no_folder(checkout: Path, own: list[str], table: dict[str, lint.Linter]) -> None:
    (copy,) = (Path(word.removeprefix("--root=")) for word in table["reuse"].argv if word.startswith("--root="))
    given = set()
    for entry in table.values():
        assert not [word for word in entry.argv if (checkout / word).is_dir()], shlex.join(entry.argv)
        given |= {word for word in entry.argv[1:] if (checkout / word).is_file() and not word.startswith("/")}
    assert given <= set(own)
    assert {name for name in own if name.startswith("ci/ampstand/") and name.endswith(".py")} <= given
    assert {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()} == set(own)


@pytest.mark.parametrize("checkout", [of_another_owner, inside_another], indirect=True)
def test_reuse_sees_what_is_ours_and_only_that(checkout: Path, table: dict[str, lint.Linter]) -> None:
    clean = run(table["reuse"], checkout)
    assert clean.returncode == 0, clean.stdout
    (checkout / "firmware/remote/lib/new.c").write_text("int x;\n")
    entries = lint.linters(checkout, checkout / ".kept/run", paths.ROOT)
    dirty = run(next(entry for entry in entries if entry.name == "reuse"), checkout)
    assert dirty.returncode == 1
    assert "firmware/remote/lib/new.c: no license identifier" in dirty.stdout
    assert len(dirty.stdout.splitlines()) == 2, dirty.stdout


def test_what_git_tracks_is_what_is_linted(own: list[str]) -> None:
    tracked = git.read(paths.ROOT, "ls-files")
    if tracked is None:
        pytest.skip("an archive")
    there = {name for name in tracked.splitlines() if os.path.lexists(paths.ROOT / name)}
    assert there <= set(own)


def test_nothing_to_lint_is_not_green(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InfrastructureError, match="holds no file"):
        lint.own_files(tmp_path / "empty", tmp_path)
    (tmp_path / "empty/file").touch()
    with pytest.raises(InfrastructureError, match=r"has no \*\.py to check"):
        lint.linters(tmp_path / "empty", tmp_path / "lint", paths.ROOT)


@pytest.mark.parametrize("checkout", [archive], indirect=True)
def test_types_of_tests_are_checked_too(checkout: Path, own: list[str], table: dict[str, lint.Linter]) -> None:
    """All Python is looked at, and tests whose files have the same name are two modules."""
    argv = table["mypy"].argv
    assert {name for name in own if name.endswith(".py")} <= set(argv)
    files = [f"tests/{folder}/test_alike.py" for folder in ("unit", "scenarios")]
    (checkout / files[0]).write_text("from stand import TABLE\n\nwrong: str = TABLE\n")
    (checkout / files[1]).write_text("from ampstand.paths import ROOT\n\nwrong: str = ROOT\n")
    options = [word for word in argv if word not in own]
    done = subprocess.run([*options, *files], cwd=checkout, capture_output=True, text=True, check=False)
    told = sorted(line.split(": ")[:2] for line in done.stdout.splitlines()[:-1])
    assert told == [[f"{name}:3", "error"] for name in sorted(files)], done.stdout


@pytest.mark.parametrize("checkout", [archive], indirect=True)
@pytest.mark.parametrize("shell", ["#!/bin/sh -e", "#!/bin/bash", "#! /usr/bin/env bash"])
def test_shell_scripts_are_known_by_how_they_begin(checkout: Path, table: dict[str, lint.Linter], shell: str) -> None:
    clean = run(table["shellcheck"], checkout)
    assert clean.returncode == 0, clean.stdout
    assert {"scripts/ampstand", "hw/qemu/series.sh", ".ci/run"} <= set(table["shellcheck"].argv)
    (checkout / "ci/new").write_text(f"{shell}\nrm $1\n")
    entries = lint.linters(checkout, checkout / ".kept/run", paths.ROOT)
    dirty = run(next(entry for entry in entries if entry.name == "shellcheck"), checkout)
    assert dirty.returncode == 1
    assert "In ci/new line 2:" in dirty.stdout
    assert "SC2086" in dirty.stdout


@pytest.mark.parametrize("checkout", [archive], indirect=True)
@pytest.mark.parametrize(
    ("file", "said"),
    [("ci/ampstand/progress.py", "ampstand.progress -> ampstand.cli"), ("ci/ampstand/attic.py", "ampstand.attic")],
    ids=["upwards", "no room"],
)
def test_rooms_import_downwards_only(checkout: Path, table: dict[str, lint.Linter], file: str, said: str) -> None:
    clean = run(table["rooms"], checkout)
    assert clean.returncode == 0, clean.stdout
    with (checkout / file).open("a") as module:
        module.write("from ampstand import cli\n")
    dirty = run(table["rooms"], checkout)
    assert dirty.returncode != 0
    assert said in dirty.stdout + dirty.stderr


def test_a_linter_that_is_not_there_is_skipped_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    missing = {entry.name: entry.missing for entry in lint.linters(paths.ROOT, tmp_path, paths.ROOT) if entry.missing}
    assert missing == {"actionlint": "actionlint is not installed"}
