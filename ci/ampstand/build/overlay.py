# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Our device models as a layer over a QEMU source tree.

The layer is the project's ``hw/``, ``include/hw/`` and ``tests/qtest/``, the device list, and QEMU's own files as the
patches in ``hw/qemu/`` change them. A patch that a later QEMU takes in another form has that form in a folder named
after the first version that takes it, ``hw/qemu/10.2/``, under the same name. Laying the layer over a tree writes only
what differs, so that an edited model recompiles alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ampstand import paths
from ampstand.build import git, tools
from ampstand.errors import InfrastructureError
from ampstand.progress import Step

STATE = ".ampstand-overlay.json"
DEVICES = "configs/devices/aarch64-softmmu/ampstand.mak"


def patches(root: Path = paths.ROOT, version: str = "") -> list[Path]:
    """Return the patches for QEMU's own files, in order: as ``version`` takes them, or without one as the base does.

    A patch of a message alone stands for what that version has itself, and is left out.
    """
    folder = root / "hw/qemu"
    found = {path.name: path for path in folder.glob("*.patch")}
    if wanted := _release(version):
        later = [(since, path) for path in folder.iterdir() if path.is_dir() and (since := _release(path.name))]
        for since, path in sorted(later):
            if since <= wanted:
                found.update({patch.name: patch for patch in path.glob("*.patch")})
    return [path for _, path in sorted(found.items()) if touched_by(path)]


def version_of(tree: Tree) -> str:
    """Return the version of a QEMU tree, empty if it does not say."""
    return (tree.read("VERSION") or b"").decode("utf-8", errors="replace")


def _release(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version, (10, 2) of 10.2.2; nothing if there are none."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else ()


def own_files(root: Path = paths.ROOT) -> dict[str, Path]:
    """Return our files by their path in the QEMU tree."""
    found = {}
    for top in ("hw", "include/hw", "tests/qtest"):
        for path in (root / top).rglob("*.[ch]"):
            name = str(path.relative_to(root))
            if not name.startswith("hw/qemu/"):
                found[name] = path
    found[DEVICES] = root / "configs/qemu/devices.mak"
    return dict(sorted(found.items()))


def ingredients(root: Path = paths.ROOT) -> dict[str, Path]:
    """Return all that the layer for a given source is made of; to make it takes longer than some runs."""
    folder = root / "hw/qemu"
    return own_files(root) | {str(path.relative_to(root)): path for path in folder.rglob("*.patch")}


_TOUCHED = re.compile(r"^(?:diff --git a/(?=.* b/)|--- a/|\+\+\+ b/|(?:rename|copy) (?:from|to) )(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Tree:
    """A source tree that is only read: a folder as it is, or one revision of the git tree in it."""

    folder: Path
    revision: str = ""

    def read(self, name: str) -> bytes | None:
        """Return what a file holds; None if there is none."""
        if self.revision:
            return git.blob(self.folder, self.revision, name)
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None

    def __str__(self) -> str:
        return f"{self.folder}@{self.revision[:12]}" if self.revision else str(self.folder)


def touched_by(patch: Path) -> list[str]:
    """Return the files that a patch changes, adds, removes, renames or copies."""
    return _TOUCHED.findall(patch.read_text(encoding="utf-8", errors="replace"))


def patched(pristine: Tree, series: Sequence[Path]) -> dict[str, bytes | None]:
    """Return the files that the patches change, with the patches applied to those of an untouched tree.

    None stands for a file that they remove. A patch applies as ``git am`` takes it: where its context is, and nowhere
    else.
    """
    if series:
        tools.require("git")
    names = sorted({name for patch in series for name in touched_by(patch)})
    with tempfile.TemporaryDirectory(prefix="ampstand-patch-") as name:
        scratch = Path(name).resolve()
        for file in names:
            if (data := pristine.read(file)) is not None:
                (scratch / file).parent.mkdir(parents=True, exist_ok=True)
                (scratch / file).write_bytes(data)
        for patch in series:
            done = subprocess.run(
                ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", str(patch.absolute())],
                cwd=scratch,
                env={**os.environ, "GIT_CEILING_DIRECTORIES": str(scratch.parent), "LC_ALL": "C"},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise InfrastructureError(
                    f"{patch} does not apply to the tree {pristine}:\n{done.stderr.rstrip()}",
                    hint="adapt the patch, or use the release that it was made for",
                )
        return {file: (scratch / file).read_bytes() if (scratch / file).is_file() else None for file in names}


def texts(pristine: Tree, own: Sequence[Path], series: Sequence[Path]) -> dict[str, tuple[str, str]]:
    """Return the text of each file that the patches change, with only ``own`` applied, and with ``series`` on top.

    What is not there is empty.
    """
    after, before = patched(pristine, [*own, *series]), patched(pristine, own)
    return {name: (text(before.get(name, pristine.read(name))), text(data)) for name, data in after.items()}


def text(data: bytes | None) -> str:
    """Return a file's content as text; of a file that is not there, nothing."""
    return (data or b"").decode("utf-8", errors="replace")


def copy(source: Path, tree: Path, log: Path, step: Step) -> None:
    """Copy a source tree, complete or not at all."""
    half = tree.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    half.parent.mkdir(parents=True, exist_ok=True)
    tools.run(["cp", "-a", "--reflink=auto", source, half], what="copying the source", log=log, step=step)
    half.rename(tree)


def mirror(source: Path, tree: Path, names: Sequence[str] | None = None) -> None:
    """Bring a copy of a user's folder up to date: newer files are copied, vanished ones removed.

    ``names`` are the files that the copy is to have, None for all but version control. Files that the layer wrote are
    left to ``lay``.
    """
    state = tree / STATE
    ours = set(json.loads(state.read_text(encoding="utf-8"))) if state.is_file() else set()
    present = set(walk(source) if names is None else names)
    tree.mkdir(parents=True, exist_ok=True)
    for name in present - ours:
        origin, copied = source / name, tree / name
        info = origin.lstat()
        if copied.is_symlink() or copied.exists():
            have = copied.lstat()
            if (have.st_mtime_ns, have.st_size) == (info.st_mtime_ns, info.st_size):
                continue
            copied.unlink()
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, copied, follow_symlinks=False)
    for name in walk(tree):
        if name not in present and name not in ours and name != STATE:
            (tree / name).unlink()


def walk(folder: Path) -> list[str]:
    """Return every file and link below a folder, version control apart, by its path from there."""
    found = []
    for base, names, files in os.walk(folder):
        names[:] = [name for name in names if name != ".git"]
        links = [name for name in names if (Path(base) / name).is_symlink()]
        found += [os.path.relpath(os.path.join(base, name), folder) for name in files + links]  # noqa: PTH118
    return found


def layer(pristine: Path, root: Path = paths.ROOT) -> dict[str, bytes | None]:
    """Return the whole layer: content by path in the QEMU tree."""
    own = {name: path.read_bytes() for name, path in own_files(root).items()}
    tree = Tree(pristine)
    return {**patched(tree, patches(root, version_of(tree))), **own}


def lay(pristine: Tree, tree: Path, wanted: Mapping[str, bytes | None]) -> list[str]:
    """Make ``tree`` (a copy of ``pristine``) carry exactly ``wanted``; return the files that were changed.

    None stands for a file that is not to be there.
    """
    state = tree / STATE
    before: list[str] = json.loads(state.read_text(encoding="utf-8")) if state.is_file() else []
    # Whatever happens from here on, the next call knows what may have been written.
    state.write_text(json.dumps(sorted({*before, *wanted})), encoding="utf-8")
    changed = []
    for name in sorted({*before, *wanted}):
        data = wanted[name] if name in wanted else pristine.read(name)
        path = tree / name
        if data is None:
            path.unlink(missing_ok=True)
        elif not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        else:
            continue
        changed.append(name)
    state.write_text(json.dumps(sorted(wanted)), encoding="utf-8")
    return changed
