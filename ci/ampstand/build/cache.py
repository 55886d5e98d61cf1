# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The user's cache folder: finished things by the hash of all that went into them, and locks on the unfinished.

Layout of the cache folder::

    artifacts/NAME-KEY/   finished and never changed again; put in place by one rename
    sources/              unpacked packages, likewise
    work/                 build trees that live on, so that a second build is incremental; always used under a lock;
                          and for each checkout pytest's cache, which has what failed last
    locks/ logs/ ccache/ apt/ venv-*/
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ampstand import paths
from ampstand.errors import InfrastructureError
from ampstand.progress import Progress

KEY_DIGITS = 16

_held: list[int] = []


def held_locks() -> tuple[int, ...]:
    """Return the file descriptors of the locks held now; a child that inherits them keeps the locks."""
    return tuple(_held)


def file_hash(path: Path) -> str:
    """Return the sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_hash(path: Path) -> str:
    """Return the sha256 of a file's content, which is read once a process unless the file changes."""
    return _hash_since(path, path.stat().st_mtime_ns)


@functools.cache
def _hash_since(path: Path, _changed: int) -> str:
    return file_hash(path)


def key_of(inputs: Iterable[tuple[str, str]]) -> str:
    """Return the key of a set of named inputs; their order does not matter."""
    digest = hashlib.sha256()
    for name, value in sorted(inputs):
        digest.update(f"{len(name)}:{name}={len(value)}:{value}\n".encode())
    return digest.hexdigest()[:KEY_DIGITS]


def tree_inputs(root: Path, files: Iterable[Path]) -> dict[str, str]:
    """Return ``{path below root: content hash}`` of files."""
    return {str(file.relative_to(root)): file_hash(file) for file in files}


def folder_state(folder: Path, names: Iterable[str] | None = None) -> str:
    """Return a hash that changes when any file below ``folder`` does, by name, size and time, version control apart.

    With ``names`` (sorted) only these are looked at.
    """
    digest = hashlib.sha256()
    if names is not None:
        for name in names:
            info = os.lstat(folder / name)
            digest.update(f"{name}\0{info.st_size}\0{info.st_mtime_ns}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()[:KEY_DIGITS]
    for base, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != ".git")
        for file in sorted(files):
            path = os.path.join(base, file)  # noqa: PTH118 (100,000 files: speed counts)
            info = os.lstat(path)
            digest.update(f"{path}\0{info.st_size}\0{info.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:KEY_DIGITS]


class Cache:
    """One cache folder."""

    def __init__(self, root: Path | None = None) -> None:
        """Use ``root``, else the user's cache folder; nothing is written yet."""
        self.root = root if root is not None else paths.cache_root()
        self.artifacts = self.root / "artifacts"
        self.sources = self.root / "sources"
        self.work = self.root / "work"
        self.logs = self.root / "logs"
        self.ccache = self.root / "ccache"

    def prepare(self) -> None:
        """Make the folders."""
        try:
            for folder in (self.artifacts, self.sources, self.work, self.logs, self.root / "locks"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InfrastructureError(
                f"the cache folder {self.root} cannot be written: {error.strerror}",
                hint="set AMPSTAND_CACHE to a folder of yours",
            ) from error

    def need_space(self, what: str, megabytes: int) -> None:
        """Fail unless so much space is free: better before a build than in the middle of it."""
        self.prepare()
        free = shutil.disk_usage(self.root).free // 1_000_000
        if free < megabytes:
            raise InfrastructureError(
                f"{what} needs {megabytes} MB of free space in {self.root}, {free} MB are left",
                hint="free some space, or set AMPSTAND_CACHE to a folder on a larger disk",
            )

    @contextmanager
    def lock(self, name: str, progress: Progress) -> Iterator[None]:
        """Hold the named lock; when another Ampstand holds it, say so and wait for it."""
        self.prepare()
        path = self.root / "locks" / f"{name}.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                owner = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
                with progress.step(f"waiting for another ampstand (process {owner}) that is busy with {name}"):
                    fcntl.flock(handle, fcntl.LOCK_EX)
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            _held.append(handle)
            try:
                yield
            finally:
                _held.remove(handle)
        finally:
            os.close(handle)

    def publish(
        self, folder: Path, make: Callable[[Path], None], progress: Progress, *, inputs: dict[str, str] | None = None
    ) -> Path:
        """Return ``folder``, made by ``make`` unless it stands already: complete or absent, never half.

        ``make`` fills a fresh folder beside it; a crash leaves only that, and the next call removes it.
        """
        if folder.is_dir():
            return folder
        with self.lock(folder.name, progress):
            if folder.is_dir():  # made while this call waited
                return folder
            for stale in folder.parent.glob(f".{folder.name}.*"):
                shutil.rmtree(stale, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            try:
                scratch.chmod(0o755)
                make(scratch)
                if inputs is not None:
                    text = json.dumps(dict(sorted(inputs.items())), indent=1)
                    (scratch / "inputs.json").write_text(text + "\n", encoding="utf-8")
                scratch.rename(folder)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise InfrastructureError(
                        f"no space left in {self.root} while making {folder.name}",
                        hint="free some space, or set AMPSTAND_CACHE to a folder on a larger disk",
                    ) from error
                raise
            finally:
                with contextlib.suppress(OSError):
                    shutil.rmtree(scratch, ignore_errors=True)
        return folder

    def artifact(self, name: str, inputs: dict[str, str], make: Callable[[Path], None], progress: Progress) -> Path:
        """Return the artifact folder for these inputs, built by ``make`` when it does not stand yet."""
        self.prepare()
        folder = self.artifacts / f"{name}-{key_of(inputs.items())}"
        return self.publish(folder, make, progress, inputs=inputs)

    def compiler_environment(self) -> dict[str, str]:
        """Return what compilers need, with the user's environment, to share results between checkouts through ccache.

        The settings make results the same whatever the cache folder is called, so that workstations can share them
        as well: ``CCACHE_REMOTE_STORAGE`` is the user's and stays as it is.
        """
        return {
            "CCACHE_DIR": str(self.ccache),
            "CCACHE_MAXSIZE": "5G",
            "CCACHE_NOHASHDIR": "1",
            # Relative below here only: a system header's path from here depends on how deep the folder lies.
            "CCACHE_BASEDIR": str(self.root),
            "CCACHE_COMPILERCHECK": "content",
            "CCACHE_SLOPPINESS": "time_macros",
        }
