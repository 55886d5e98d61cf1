# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Where sources come from, with an apt that answers from a table."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ampstand.build import sources
from ampstand.build.cache import Cache
from ampstand.build.sources import Apt, Sources, find_mirrors, spec
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress, Step

DEB822 = """\
# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/own.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie
Components: main
"""


def test_mirrors_from_deb822(tmp_path: Path) -> None:
    main, security = find_mirrors(_deb822(tmp_path))
    assert main == sources.Mirror("http://mirror.example/debian", "/usr/share/keyrings/own.gpg")
    assert security == sources.Mirror("http://mirror.example/debian-security", str(sources.DEBIAN_KEYRING))


def _deb822(folder: Path) -> Path:
    (folder / "sources.list.d").mkdir()
    (folder / "sources.list.d/other.sources").write_text(
        "Types: deb\nURIs: https://apt.example/tool\nSuites: bookworm-tool stable-tool\nComponents: main\n"
    )
    (folder / "sources.list.d/zdebian.sources").write_text(DEB822)
    return folder


def test_mirrors_from_one_line_format(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian trixie main contrib # comment\n"
        "deb http://one.example/sec trixie-security main\n"
    )
    main, security = find_mirrors(tmp_path)
    assert main == sources.Mirror("http://one.example/debian", "/k.gpg")
    assert security is not None
    assert security.uri == "http://one.example/sec"


def test_a_third_partys_archive_is_not_taken_for_debian(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "deb [signed-by=/tool.gpg] https://apt.example bookworm main\n"
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main\n"
    )
    assert find_mirrors(tmp_path)[0].uri == "http://mirror.example/debian"


def test_a_machine_without_debian_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError) as caught:
        find_mirrors(tmp_path)
    assert "--qemu-src DIR" in caught.value.hint


def test_private_list_names_sources_for_this_machines_architecture_only(tmp_path: Path) -> None:
    apt = Apt(Cache(tmp_path / "cache"), _deb822(tmp_path))
    native, foreign = apt.source_list(sources.NATIVE), apt.source_list("armhf")
    assert "deb-src [signed-by=/usr/share/keyrings/own.gpg] http://mirror.example/debian trixie main\n" in native
    assert "debian-security trixie-security main\n" in native
    assert "deb-src" not in foreign
    assert "off.example" not in native


def test_a_package_may_come_from_suites_of_its_own(tmp_path: Path) -> None:
    apt, entry = Apt(Cache(tmp_path / "cache"), _deb822(tmp_path)), spec("u-boot")
    assert "sid" in entry.suites
    own = apt.source_list(entry.architecture, entry.suites)
    assert [line.split()[3] for line in own.splitlines() if line.startswith("deb-src")] == list(entry.suites)
    assert " sid " not in apt.source_list(sources.NATIVE)
    places = {option for name in ("u-boot", "qemu") for option in apt._options(spec(name)) if "lists" in option}
    assert len(places) == 2, "the newest of another package is not taken from them"


def test_versions_are_sorted_as_debian_does() -> None:
    assert sources.sort_versions(["1:10.0.2-1~bpo12", "1:10.0.13-0", "1:10.0.2-1"]) == [
        "1:10.0.13-0",
        "1:10.0.2-1",
        "1:10.0.2-1~bpo12",
    ]


class FakeApt(Apt):
    """Has the versions given; those in ``bad`` cannot be downloaded."""

    def __init__(self, cache: Cache, versions: list[str], bad: tuple[str, ...] = ()) -> None:
        super().__init__(cache)
        self.have, self.bad, self.fetched = versions, bad, list[str]()

    def refresh(self, entry: sources.Spec, progress: Progress) -> None:
        pass

    def versions(self, entry: sources.Spec) -> list[str]:
        return self.have

    def fetch(self, entry: sources.Spec, version: str, folder: Path, step: Step, progress: Progress) -> None:
        self.fetched.append(version)
        if version in self.bad:
            raise InfrastructureError("cannot be had", hint="the package mirror is in the middle of an update")
        tree = folder / "tree" / entry.folder
        file = tree / entry.contains
        file.parent.mkdir(parents=True)
        file.write_text(version)
        if entry.kind == "binary":
            package = folder / "package"
            (package / "DEBIAN").mkdir(parents=True)
            control = f"Package: x\nVersion: {version}\nArchitecture: all\nMaintainer: x\nDescription: x\n"
            (package / "DEBIAN/control").write_text(control)
            (package / entry.archive).parent.mkdir(parents=True)
            subprocess.run(["tar", "-C", folder, "-caf", package / entry.archive, "tree"], check=True)
            subprocess.run(["dpkg-deb", "-b", package, folder / "x.deb"], check=True, stdout=subprocess.DEVNULL)
            shutil.rmtree(folder / "tree")
            shutil.rmtree(package)


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


def make(
    tmp_path: Path,
    said: io.StringIO,
    versions: list[str],
    bad: tuple[str, ...] = (),
    architecture: str = "",
    **series: str,
) -> tuple[Sources, FakeApt]:
    cache = Cache(tmp_path / "cache")
    apt = FakeApt(cache, versions, bad)
    return Sources(cache, Progress(said, live=False), {}, apt, series=series, architecture=architecture), apt


def test_a_package_is_fetched_once_and_then_needs_no_network(tmp_path: Path, said: io.StringIO) -> None:
    first, apt = make(tmp_path, said, ["1:10.0.13-1"])
    source = first.get("qemu")
    assert (source.path / "hw/arm/meson.build").read_text() == "1:10.0.13-1"
    second, apt = make(tmp_path, said, [])
    assert second.get("qemu") == source
    assert apt.fetched == []


def test_a_version_that_cannot_be_had_gives_way_to_the_next(tmp_path: Path, said: io.StringIO) -> None:
    got, apt = make(tmp_path, said, ["10.0.13", "10.0.2"], bad=("10.0.13",))
    assert got.get("qemu").version == "10.0.2"
    assert apt.fetched == ["10.0.13", "10.0.2"]
    assert "qemu 10.0.13 cannot be had; trying the next older version" in said.getvalue()


def test_when_no_version_can_be_had_the_last_reason_is_told(tmp_path: Path, said: io.StringIO) -> None:
    got, _ = make(tmp_path, said, ["10.0.13", "10.0.2"], bad=("10.0.13", "10.0.2"))
    with pytest.raises(InfrastructureError) as caught:
        got.get("qemu")
    assert "middle of an update" in caught.value.hint
    assert got.known("qemu") is None


def test_no_version_of_the_series_is_told_with_the_way_out(tmp_path: Path, said: io.StringIO) -> None:
    got, _ = make(tmp_path, said, [])
    with pytest.raises(InfrastructureError) as caught:
        got.get("linux")
    assert "--kernel-src" in caught.value.hint


def test_update_takes_the_newer_version(tmp_path: Path, said: io.StringIO) -> None:
    make(tmp_path, said, ["10.0.2"])[0].get("qemu")
    got, _ = make(tmp_path, said, ["10.0.13", "10.0.2"])
    assert got.get("qemu").version == "10.0.2"
    assert got.get("qemu", update=True).version == "10.0.13"
    assert got.get("qemu").version == "10.0.13"


def test_another_series_is_another_package_beside_the_first(tmp_path: Path, said: io.StringIO) -> None:
    own = spec("linux")
    assert own.package == f"linux-source-{own.series}"
    other = spec("linux", "6.1")
    assert (other.package, other.archive) == ("linux-source-6.1", "usr/src/linux-source-6.1.tar.xz")
    first = make(tmp_path, said, ["6.12.9-1"])[0].get("linux")
    got, _ = make(tmp_path, said, ["6.1.5-1"], linux="6.1")
    assert got.get("linux").identity == "linux-source-6.1=6.1.5-1"
    assert make(tmp_path, said, [])[0].get("linux") == first


def test_what_runs_on_a_board_is_of_its_architecture(tmp_path: Path, said: io.StringIO) -> None:
    """Another one is another package beside the first; what runs on the workstation is the same for all."""
    first = make(tmp_path, said, ["1.37-1"])[0].get("freertos")
    got, apt = make(tmp_path, said, ["1.37-1"], architecture="arm64")
    assert (got.get("freertos"), apt.fetched) == (first, [])
    own, other = spec("busybox"), spec("busybox", architecture="arm64")
    assert (own.architecture, other.architecture) == ("armhf", "arm64")
    assert spec("busybox", architecture="armhf") == own
    records = [Sources(Cache(tmp_path / "cache"), Progress(said), {}, apt)._record(entry) for entry in (own, other)]
    assert [path.name for path in records] == ["busybox.json", "busybox-static-arm64.json"]


def test_a_users_folder_is_checked_and_its_state_followed(tmp_path: Path, said: io.StringIO) -> None:
    folder = tmp_path / "linux"
    with pytest.raises(UsageError, match="no such folder"):
        sources.user_folder(spec("linux"), folder)
    folder.mkdir()
    with pytest.raises(UsageError, match="not a Linux tree"):
        sources.user_folder(spec("linux"), folder)
    (folder / "arch/arm").mkdir(parents=True)
    (folder / "arch/arm/Kconfig").touch()
    before = sources.user_folder(spec("linux"), folder)
    (folder / "file.c").touch()
    assert sources.user_folder(spec("linux"), folder).identity != before.identity
    assert before.own


def test_a_failing_mirror_is_tried_again_and_said(
    tmp_path: Path, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    delays: list[float] = []
    monkeypatch.setattr(time, "sleep", delays.append)
    apt = Apt(Cache(tmp_path / "cache"))
    tries = tmp_path / "tries"
    script = f"echo try >> {tries}; echo 'E: Mirror sync in progress?'; test $(grep -c . {tries}) -ge {{}}"
    progress = Progress(said, live=False)
    apt._retry(["sh", "-c", script.format(3)], "reading", Step("x"), progress)
    assert said.getvalue().count("trying again") == 2
    assert len(delays) == 2
    tries.unlink()
    with pytest.raises(InfrastructureError, match="reading failed") as caught:
        apt._retry(["sh", "-c", script.format(9)], "reading", Step("x"), progress)
    assert "middle of an update" in caught.value.hint
    tries.unlink()
    apt._retry(["sh", "-c", script.format(9)], "reading", Step("x"), progress, enough=lambda: True)
    assert "going on with what came" in said.getvalue()


def test_every_entry_of_the_table_is_complete() -> None:
    assert {entry.name for entry in sources.specs()} == {
        "qemu",
        "linux",
        "freertos",
        "busybox",
        "tf-a",
        "u-boot",
        "optee",
    }
    assert all(entry.kind in ("source", "binary") for entry in sources.specs())
