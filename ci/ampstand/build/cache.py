# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The user's cache folder: finished things by the hash of all that went into them, and locks on the unfinished.

Layout of the cache folder::

    artifacts/NAME-KEY/   finished and never changed again; put in place by one rename, with the checksums of its files
    sources/              unpacked packages, likewise
    work/                 build trees that live on, so that a second build is incremental; always used under a lock;
                          and for each checkout pytest's cache, which has what failed last
    locks/ logs/ ccache/ apt/ venv-*/

Whoever uses a cache folder holds ``locks/in-use.lock`` together with others, as long as the process lives; ``clean``
wants it alone.
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
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ampstand import paths
from ampstand.errors import InfrastructureError
from ampstand.progress import Progress

KEY_DIGITS = 16
SUMS = "sums.json"
"""In an artifact: the sha256 of each of its files."""
IN_USE = "in-use"

_held: list[int] = []
_using: dict[Path, int] = {}
"""Descriptors of the locks on cache folders that this process uses."""
_intact: set[Path] = set()
"""Artifacts whose files have been looked at."""


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


def _sums(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file below a folder, but for the list of them."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {name: file_hash(path) for path in files if (name := str(path.relative_to(folder))) != SUMS}


def _damage(folder: Path) -> str:
    """Return what of an artifact is not what it was, empty if all is; looked at once a process.

    One without checksums, of an Ampstand that had none, is taken as it is.
    """
    if folder in _intact or not (folder / SUMS).is_file():
        return ""
    try:
        known = json.loads((folder / SUMS).read_text(encoding="utf-8"))
        found = _sums(folder)
        names = [name for name in sorted({*known, *found}) if known.get(name) != found.get(name)]
    except (OSError, ValueError, AttributeError):
        return f"{SUMS} cannot be read"
    if names:
        return f"{names[0]} is damaged or foreign"
    _intact.add(folder)
    return ""


def _last_used(folder: Path) -> float:
    """Return when a folder, or one right below it, was used last."""
    return max(path.stat().st_mtime for path in (folder, *folder.iterdir()) if path.exists())


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

    def use(self) -> None:
        """Make the folders, and hold on to them until this process ends: nobody may clean them meanwhile."""
        self.prepare()
        if self.root not in _using:
            handle = os.open(self._lock_file(IN_USE), os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(handle, fcntl.LOCK_SH)  # waits for a clean
            _using[self.root] = handle

    def _lock_file(self, name: str) -> Path:
        return self.root / "locks" / f"{name}.lock"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder with nobody else using it, or building into it; ``InfrastructureError`` if somebody does."""
        if not (self.root / "locks").is_dir():  # nobody ever has
            yield
            return
        with contextlib.ExitStack() as held:
            for path in sorted({*(self.root / "locks").glob("*.lock"), self._lock_file(IN_USE)}):
                handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
                held.callback(os.close, handle)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    if error.errno not in (errno.EAGAIN, errno.EACCES):
                        raise
                    raise InfrastructureError(
                        f"another ampstand is at work with {self.root} ({path.stem})",
                        hint="clean it when that has ended",
                    ) from error
            yield

    def clean(self, names: Iterable[str], *, unused: float = 0.0) -> list[Path]:
        """Remove folders of the cache folder, or what in them was not used for so many seconds; return what is gone.

        To be called ``alone()``.
        """
        gone = []
        for name in names:
            top = self.root / name
            found = [top] if not unused else sorted(top.iterdir()) if top.is_dir() else []
            for path in found:
                if path.is_dir() and (not unused or time.time() - _last_used(path) > unused):
                    shutil.rmtree(path)
                    gone.append(path)
        return gone

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
        self.use()
        path = self._lock_file(name)
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

        ``make`` fills a fresh folder beside it; a crash leaves only that, and the next call removes it. What has
        ``inputs`` is kept with checksums: made anew when a file of it is not what it was.
        """
        self.use()
        if folder.is_dir() and not _damage(folder):
            with contextlib.suppress(OSError):  # another user's
                os.utime(folder)
            return folder
        with self.lock(folder.name, progress):
            if folder.is_dir():
                if not (damage := _damage(folder)):  # made while this call waited
                    return folder
                progress.warn(f"{folder}: {damage}; it is made anew")
                shutil.rmtree(folder)
            for stale in folder.parent.glob(f".{folder.name}.*"):
                shutil.rmtree(stale, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            try:
                scratch.chmod(0o755)
                make(scratch)
                if inputs is not None:
                    text = json.dumps(dict(sorted(inputs.items())), indent=1)
                    (scratch / "inputs.json").write_text(text + "\n", encoding="utf-8")
                    (scratch / SUMS).write_text(json.dumps(_sums(scratch), indent=1) + "\n", encoding="utf-8")
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
            # QEMU's list of names that code for all targets must not use: each device that is added to some target
            # changes it, and the code that it makes never.
            "CCACHE_IGNOREHEADERS": "config-poison.h",
        }
