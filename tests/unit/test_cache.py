# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The cache folder: keys, atomic publishing, locks, and what a full disk or a killed build leaves."""

from __future__ import annotations

import errno
import io
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.build import cache as module
from ampstand.build import tools
from ampstand.build.cache import SUMS, Cache, folder_state, key_of
from ampstand.errors import InfrastructureError
from ampstand.progress import Progress, Step


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(tmp_path / "cache")
    made.prepare()
    return made


@pytest.fixture
def progress() -> Progress:
    return Progress(io.StringIO(), live=False)


def test_key_depends_on_every_name_and_value_but_not_on_order() -> None:
    base = {"a": "1", "b": "2"}
    assert key_of(base.items()) == key_of(reversed(list(base.items())))
    others = [{"a": "1", "b": "3"}, {"a": "1", "c": "2"}, {"a": "1"}, {"a": "1b=2"}, {"a": "12", "b": ""}]
    keys = {key_of(other.items()) for other in [base, *others]}
    assert len(keys) == len(others) + 1


def test_artifact_is_made_once_and_tells_its_inputs(cache: Cache, progress: Progress) -> None:
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "result").write_text("x")

    first = cache.artifact("thing", {"v": "1"}, make, progress)
    assert cache.artifact("thing", {"v": "1"}, make, progress) == first
    assert cache.artifact("thing", {"v": "2"}, make, progress) != first
    assert len(calls) == 2
    assert (first / "result").read_text() == "x"
    assert '"v": "1"' in (first / "inputs.json").read_text()


def test_a_failed_build_leaves_nothing_and_the_next_call_builds(cache: Cache, progress: Progress) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise InfrastructureError("no")

    with pytest.raises(InfrastructureError):
        cache.artifact("thing", {}, fail, progress)
    assert list(cache.artifacts.iterdir()) == []
    made = cache.artifact("thing", {}, lambda folder: (folder / "whole").touch(), progress)
    assert (made / "whole").exists()


def test_what_a_killed_build_left_is_removed(cache: Cache, progress: Progress) -> None:
    name = f"thing-{key_of({}.items())}"
    left = cache.artifacts / f".{name}.killed"
    left.mkdir()
    (left / "half").touch()
    cache.artifact("thing", {}, lambda folder: None, progress)
    assert [path.name for path in cache.artifacts.iterdir()] == [name]


def test_a_full_disk_is_one_clear_message(cache: Cache, progress: Progress) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InfrastructureError, match="no space left") as caught:
        cache.artifact("thing", {}, full, progress)
    assert "AMPSTAND_CACHE" in caught.value.hint


def test_too_little_space_is_told_before_the_build(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12, 5_000_000))
    cache.need_space("a small thing", 5)
    with pytest.raises(InfrastructureError, match=r"QEMU needs 6 MB of free space .* 5 MB are left"):
        cache.need_space("QEMU", 6)


def test_a_cache_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InfrastructureError, match="cannot be written"):
        Cache(tmp_path / "file").prepare()


HOLDER = """
import io, sys
from pathlib import Path
from ampstand.build.cache import Cache
from ampstand.progress import Progress
with Cache(Path(sys.argv[1])).lock("thing", Progress(io.StringIO(), live=False)):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_second_of_two_waits_and_says_so(cache: Cache) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(cache.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        reading, writing = os.pipe()
        entered = threading.Event()

        def second() -> None:
            with os.fdopen(writing, "w", buffering=1) as stream, cache.lock("thing", Progress(stream, live=False)):
                entered.set()

        thread = threading.Thread(target=second)
        thread.start()
        try:
            with os.fdopen(reading) as said:
                assert select.select([said], [], [], 20)[0], "the second said nothing"
                assert f"process {holder.pid}" in said.readline()
                assert not entered.is_set()
                holder.stdin.write("\n")
                holder.stdin.flush()
                assert entered.wait(20)
                said.read()
        finally:
            holder.kill()
            thread.join()


def test_a_killed_holder_gives_the_lock_up(cache: Cache, progress: Progress) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(cache.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
    with cache.lock("thing", progress):
        assert module.held_locks()
    assert not module.held_locks()


def test_folder_state_sees_a_change_and_not_version_control(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.c"
    file.parent.mkdir()
    file.write_text("1")
    before = folder_state(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").touch()
    assert folder_state(tmp_path) == before
    file.write_text("12")
    assert folder_state(tmp_path) != before


def test_compilers_of_different_cache_folders_share_a_remote_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCACHE_REMOTE_STORAGE", f"file:{tmp_path / 'shared'}")
    for name, hits in (("one", 0), ("another/and/deeper", 1)):
        cache = Cache(tmp_path / name)
        source, build = cache.sources / "linux/x.c", cache.work / "build"
        for folder in (source.parent, build):
            folder.mkdir(parents=True)
        source.write_text('#include "x.h"\nconst char *name = __FILE__ + X;\n')
        source.with_name("x.h").write_text("#define X 1\n")
        environment, log = cache.compiler_environment(), tmp_path / "log"
        words: list[str | Path] = ["ccache", "gcc", "-g", "-c", source, "-o", "x.o"]
        tools.run(words, what="compiling", log=log, step=Step("x"), cwd=build, env=environment)
        said = tools.output(["ccache", "--print-stats"], env=environment)
        assert dict(line.split() for line in said.splitlines())["remote_storage_hit"] == str(hits)


def test_a_device_that_is_added_recompiles_nothing_else(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    build = cache.work / "build"
    build.mkdir(parents=True)
    (build / "x.c").write_text('#include "config-poison.h"\nint x;\n')
    for devices, hits in (("A", 0), ("A B", 1)):
        (build / "config-poison.h").write_text(f"#pragma GCC poison {devices}\n")
        environment, log = cache.compiler_environment(), tmp_path / "log"
        words = ["ccache", "gcc", "-iquote", ".", "-c", "x.c", "-o", "x.o"]
        tools.run(words, what="compiling", log=log, step=Step("x"), cwd=build, env=environment)
        said = tools.output(["ccache", "--print-stats"], env=environment)
        assert dict(line.split() for line in said.splitlines())["direct_cache_hit"] == str(hits)


# ---- what stands there already --------------------------------------------------------------------------------------


def artifact(cache: Cache, said: io.StringIO) -> Path:
    def make(scratch: Path) -> None:
        (scratch / "bin").mkdir()
        (scratch / "bin/program").write_text("as built")
        (scratch / "link").symlink_to("bin/program")

    return cache.artifact("part", {"source": "1"}, make, Progress(said, live=False))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda folder: (folder / "bin/program").write_text("as BUILT"), "bin/program is damaged or foreign"),
        (lambda folder: (folder / "bin/program").unlink(), "bin/program is damaged or foreign"),
        (lambda folder: (folder / "other").touch(), "other is damaged or foreign"),
        (lambda folder: (folder / SUMS).write_text("["), f"{SUMS} cannot be read"),
    ],
)
def test_a_damaged_artifact_is_told_and_made_anew(
    cache: Cache, damage: Callable[[Path], object], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = io.StringIO()
    folder = artifact(cache, said)
    assert artifact(cache, said) == folder
    monkeypatch.setattr(module, "_intact", set())  # as in another process
    damage(folder)
    assert artifact(cache, said) == folder
    assert said.getvalue() == f"warning: {folder}: {named}; it is made anew\n"
    assert (folder / "bin/program").read_text() == "as built"
    assert not (folder / "other").exists()
    monkeypatch.setattr(module, "_intact", set())
    artifact(cache, said)
    assert said.getvalue().count("\n") == 1


def test_what_was_made_without_checksums_is_taken_as_it_is(cache: Cache) -> None:
    said = io.StringIO()
    folder = artifact(cache, said)
    (folder / SUMS).unlink()
    (folder / "bin/program").write_text("older")
    assert artifact(cache, said) == folder
    assert (folder / "bin/program").read_text() == "older"


def test_what_is_in_use_is_not_cleaned(cache: Cache) -> None:
    """Neither by who only uses what is built, nor by who builds; a process that has ended holds nothing."""
    for call in (
        "cache.use(); print(flush=True); input()",
        "with cache.lock('x', Progress()): print(flush=True); input()",
    ):
        code = (
            "from pathlib import Path; from ampstand.build.cache import Cache; from ampstand.progress import Progress\n"
        )
        code += f"cache = Cache(Path({str(cache.root)!r}))\n{call}"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
            assert user.stdout is not None
            user.stdout.readline()
            with pytest.raises(InfrastructureError, match="another ampstand is at work"), cache.alone():
                pass
            user.communicate(b"\n")
        with cache.alone():
            pass


def test_clean_takes_what_was_not_used_for_so_long(cache: Cache) -> None:
    day, now = 86400, time.time()
    for name, age in (
        ("artifacts/old", 9),
        ("artifacts/new", 1),
        ("work/old", 9),
        ("work/built-lately", 9),
        ("logs/x", 9),
    ):
        (cache.root / name).mkdir(parents=True)
        os.utime(cache.root / name, (now - age * day, now - age * day))
    (cache.root / "work/built-lately/vmlinux").touch()
    os.utime(cache.root / "work/built-lately", (now - 9 * day, now - 9 * day))
    gone = cache.clean(["artifacts", "work", "boots"], unused=7 * day)
    assert gone == [cache.root / "artifacts/old", cache.root / "work/old"]
    assert not any(path.exists() for path in gone)
    assert cache.clean(["artifacts", "none"]) == [cache.root / "artifacts"]
