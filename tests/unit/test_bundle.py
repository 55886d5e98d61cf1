# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Bundles: read, refused, packed; and the package that ``pip`` makes, which is the harness in them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ampstand import __version__, cli, paths
from ampstand.board import Board
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.bundle import LIST, Bundle, Bundled, Parts, write_list
from ampstand.build.cache import Cache
from ampstand.build.portable import Programs, closure, libraries
from ampstand.commands import bundle
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress

BOARD = "stm32mp157c-dk2"
SOC = "stm32mp157-m4"
PARTS = Parts(
    qemu="parts/qemu-1",
    plugins="parts/plugins-1",
    kernel="parts/kernel-1",
    kernel_symbols="parts/symbols-1/System.map",
    device_tree="parts/dtb-1/board.dtb",
    boot_firmware="",
    firmware={SOC: "parts/remote-1"},
    host="parts/host-1",
    busybox="parts/busybox-1",
    initramfs="parts/initramfs-1",
    provenance={"kernel": "6.12.0", "kernel source": "Debian", "compiler": "gcc", "qemu": "10.0"},
    boot_loader="parts/u-boot-1/u-boot.uimg",
    card_loader="parts/tf-a-1/bl2.stm32",
    card_packages={"remoteproc": "parts/fip-1/fip.bin"},
)
BARE = {"PATH": "/usr/bin:/bin"}


def quiet() -> Progress:
    return Progress(io.StringIO(), live=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a bundle whose parts are all but empty."""
    top = tmp_path / "bundle"
    for name in ("qemu-1", "plugins-1", "kernel-1/modules", "host-1", "busybox-1/bin", "initramfs-1"):
        (top / "parts" / name).mkdir(parents=True)
    (top / "parts/initramfs-1/initramfs.cpio").touch()
    images = top / f"parts/remote-1/lib/firmware/ampstand/{SOC}"
    images.mkdir(parents=True)
    (images / "echo-bare.elf").touch()
    (top / "parts/remote-1/footprint.json").write_text("{}")
    (top / "parts/kernel-1/release").write_text("6.12.0\n")
    write_list(top, {BOARD: PARTS})
    return top


def bundled(top: Path, tmp_path: Path, board: str = BOARD, **more: Any) -> Bundled:
    return Bundled(Board.load(board), BuildOptions(bundle=top, **more), quiet(), cache=Cache(tmp_path / "cache"))


def test_a_bundle_brings_everything(folder: Path, tmp_path: Path) -> None:
    built = bundled(folder, tmp_path).all()
    assert built.qemu == folder / "parts/qemu-1/qemu-system-aarch64"
    assert built.kernel == folder / "parts/kernel-1/zImage"
    assert built.dtb == folder / "parts/dtb-1/board.dtb"
    assert built.initramfs == folder / "parts/initramfs-1/initramfs.cpio"
    assert built.boot_loader == folder / "parts/u-boot-1/u-boot.uimg"
    assert built.card_loader == folder / "parts/tf-a-1/bl2.stm32"
    assert built.card_packages == {"remoteproc": folder / "parts/fip-1/fip.bin"}
    assert built.firmware.keys() == {"echo-bare"}
    assert built.secure_initramfs is not None
    assert built.secure_initramfs.is_file()
    assert built.kernel_release == "6.12.0"
    assert built.provenance == PARTS.provenance


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kernel_src": Path("linux")}, "--kernel-src"),
        ({"tf_a_src": Path("tf-a")}, "--tf-a-src"),
        ({"u_boot_src": Path("u-boot")}, "--u-boot-src"),
        ({"kernel_series": "6.1"}, "--kernel-series"),
        ({"kernel_config": (Path("one.config"),)}, "--kernel-config"),
        ({"kernel_patches": (Path("0001-one.patch"),)}, "--kernel-patches"),
        ({"kernel_debug_info": True}, "--coverage"),
    ],
)
def test_what_would_be_built_is_refused(folder: Path, tmp_path: Path, options: Mapping[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=f"{named} asks for that"):
        bundled(folder, tmp_path, **options)


def test_a_board_that_is_not_in_it(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="virt is not in the bundle") as caught:
        bundled(folder, tmp_path, "virt")
    assert BOARD in caught.value.hint


def test_it_has_no_sources_but_busybox(folder: Path, tmp_path: Path) -> None:
    sources = bundled(folder, tmp_path).sources
    assert sources.get("busybox").path == folder / "parts/busybox-1"
    with pytest.raises(UsageError, match="no source of QEMU"):
        sources.get("qemu")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "format 99"),
        ({"version": "9.9"}, f"Ampstand 9.9, .* this is format 1, Ampstand {__version__}"),
        ({"machine": "mips"}, "mips"),
        ({"boards": {BOARD: {"qemu": "only"}}}, "is no bundle"),
        ({"boards": []}, "is no bundle"),
    ],
)
def test_a_bundle_for_something_else(folder: Path, change: Mapping[str, Any], said: str) -> None:
    content = json.loads((folder / LIST).read_text())
    (folder / LIST).write_text(json.dumps(content | change))
    with pytest.raises(UsageError, match=said):
        Bundle(folder)


def test_an_archive_is_unpacked_once(folder: Path, tmp_path: Path) -> None:
    cache, archive = Cache(tmp_path / "cache"), tmp_path / "any.tar.gz"
    subprocess.run(["tar", "-C", tmp_path, "-czf", archive, folder.name], check=True)
    first = Bundle.open(archive, cache, quiet())
    (first.folder / "mark").touch()
    assert Bundle.open(archive, cache, quiet()).folder == first.folder
    assert (first.folder / "mark").exists()
    assert first.boards == {BOARD: PARTS}


def test_what_is_no_archive(tmp_path: Path) -> None:
    cache, archive = Cache(tmp_path / "cache"), tmp_path / "any.tar.gz"
    with pytest.raises(UsageError, match="no such file"):
        Bundle.open(archive, cache, quiet())
    archive.write_bytes(b"\x1f\x8bno")
    with pytest.raises(InfrastructureError, match=r"any.tar.gz cannot be unpacked"):
        Bundle.open(archive, cache, quiet())
    assert not list(cache.artifacts.iterdir())
    with pytest.raises(UsageError, match=r"is no bundle: bundle.json"):
        Bundle.open(tmp_path, cache, quiet())


def test_of_a_ready_kernel_what_is_said_of_the_other_is_left_out(folder: Path, tmp_path: Path) -> None:
    image = tmp_path / "zImage"
    image.touch()
    one = bundled(folder, tmp_path, kernel=image)
    (folder / "parts/kernel-1/banner").write_text("Linux version 7.3\n")
    told = one.provenance(folder / "parts/kernel-1", Path("qemu"))
    assert told["kernel source"] == f"image {image}"
    assert "compiler" not in told
    assert told["qemu"] == "10.0"


def test_the_option_stands_before_and_behind_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(*words: str) -> object:
        return cli.options_from(cli.parser(words).parse_args(words)).bundle

    monkeypatch.delenv("AMPSTAND_BUNDLE", raising=False)
    assert given("demo") is None
    assert given("demo", "--bundle", "b") == given("--bundle", "b", "demo") == Path("b")
    monkeypatch.setenv("AMPSTAND_BUNDLE", "c")
    assert given("demo") == Path("c")
    assert given("demo", "--bundle", "b") == given("--bundle", "b", "demo") == Path("b")


def test_who_builds_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--bundle", "b", "setup"]) == 2
    assert "setup builds" in capsys.readouterr().err


# ---- programs ------------------------------------------------------------------------------------------------------


def test_a_program_runs_where_its_folder_is_moved_to(tmp_path: Path) -> None:
    programs = Programs(tmp_path / "one")
    programs.add(Path(shutil.which("cat") or ""))
    (tmp_path / "one").rename(tmp_path / "two")
    (tmp_path / "link").symlink_to("two/bin/cat")
    done = subprocess.run([tmp_path / "link", "/proc/self/maps"], capture_output=True, text=True, env=BARE, check=True)
    mapped = set(re.findall(r"/\S+", done.stdout))
    assert {Path(path).parts[: len(tmp_path.parts)] for path in mapped} == {tmp_path.parts}
    assert not programs.files & {tmp_path}


def test_a_library_has_no_loader(tmp_path: Path) -> None:
    loader, found = libraries(Path(shutil.which("cat") or ""))
    assert loader is not None
    assert "libc.so.6" in found
    with pytest.raises(InfrastructureError):
        Programs(tmp_path).add(Path(__file__))


def test_packages_come_with_what_they_need() -> None:
    found = closure(["Jinja2", "pytest"])
    assert {"jinja2", "markupsafe", "pytest", "pluggy"} <= {name.lower() for name in found}
    assert "ruff" not in found
    with pytest.raises(InfrastructureError, match="no-such-thing is not installed"):
        closure(["no-such-thing"])


# ---- what is packed ------------------------------------------------------------------------------------------------


def built_in(tmp_path: Path) -> Builder:
    """Return what looks as if it had built a board whose QEMU is another program."""
    cache = Cache(tmp_path / "cache")
    cache.prepare()
    places = {
        name: tmp_path / f"{name}-1"
        for name in ("qemu", "plugins", "kernel", "remote", "host", "initramfs", "u-boot", "optee", "signed", "modules")
    }
    for place in places.values():
        place.mkdir()
    source = tmp_path / "source-1.0"
    (source / "usr/bin").mkdir(parents=True)
    (source / "usr/bin/busybox").touch()
    (source / "COPYING").write_text("terms of a source")
    shutil.copy(shutil.which("cat") or "", places["qemu"] / "qemu-system-aarch64")
    (places["kernel"] / "vmlinux").touch()
    (places["u-boot"] / "u-boot.uimg").touch()
    (places["optee"] / "tee-raw.bin").touch()
    (places["signed"] / "echo-bare.signed").touch()
    (places["modules"] / "rproc_tee.ko").touch()
    (places["kernel"] / "System.map").touch()
    return cast(
        "Builder",
        SimpleNamespace(
            board=Board.load(BOARD),
            cache=cache,
            root=paths.ROOT,
            sources=SimpleNamespace(get=lambda name: SimpleNamespace(path=source, version="1.0")),
            all=lambda: SimpleNamespace(
                qemu=places["qemu"] / "qemu-system-aarch64",
                dtb=Path("/none"),
                boot_firmware=None,
                boot_loader=places["u-boot"] / "u-boot.uimg",
                secure_boot_loader=None,
                secure_firmware={"scmi": places["optee"] / "tee-raw.bin"},
                other_dtbs={},
                signed={"echo-bare": places["signed"] / "echo-bare.signed"},
                modules={"rproc_tee": places["modules"] / "rproc_tee.ko"},
                card_loader=places["u-boot"] / "u-boot.uimg",
                card_packages={"scmi": places["optee"] / "tee-raw.bin"},
                provenance={},
            ),
            qemu=lambda: places["qemu"],
            plugins=lambda: places["plugins"],
            kernel=lambda: places["kernel"],
            kernel_symbols=lambda: places["kernel"] / "System.map",
            firmware=lambda soc: places["remote"],
            socs=lambda: [SOC],
            host=lambda: places["host"],
            initramfs=lambda: places["initramfs"],
        ),
    )


def test_a_bundle_is_complete_and_runs_anywhere(tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    builder = built_in(tmp_path)
    with quiet().step("packing") as step:
        bundle.Packer(packed, [(builder, builder.all())], step).run()
    packed.rename(tmp_path / "moved")
    top = tmp_path / "moved"

    def said(*words: str) -> str:
        done = subprocess.run(
            [top / "ampstand", *words], capture_output=True, text=True, env=BARE, cwd=tmp_path, check=True, timeout=60
        )
        return done.stdout

    assert said("--version") == f"ampstand {__version__}\n"
    assert BOARD in said("list", "boards")
    assert "test_boot.py" in said("list", "scenarios")
    (parts,) = Bundle(top).boards.values()
    qemu = top / parts.qemu / "qemu-system-aarch64"
    assert subprocess.run([qemu], input=b"it runs", capture_output=True, env=BARE, check=True).stdout == b"it runs"
    assert not (top / parts.kernel / "vmlinux").exists()
    assert all(
        (top / path).exists() for path in asdict(parts).values() if isinstance(path, str) and path.startswith("parts")
    )
    bill = (top / "sbom.spdx").read_text()
    for line in ("PackageName: libc6", "PackageName: pytest", "SPDXID: SPDXRef-Foreign-source-1.0-qemu"):
        assert f"\n{line}\n" in bill
    assert (top / "licences/source-1.0-qemu.txt").read_text() == "terms of a source"
    assert (top / "licences/libc6.txt").is_file()
    known = re.findall("^SPDXID: .*", bill, re.MULTILINE)
    assert len(known) == len(set(known))


def test_the_same_content_gives_the_same_archive(folder: Path, tmp_path: Path) -> None:
    def archive(name: str) -> str:
        output = tmp_path / name / "x.tar.gz"
        output.parent.mkdir()
        with quiet().step("packing") as step:
            bundle._archive(folder, output, tmp_path / "log", step)
        digest = hashlib.sha256(output.read_bytes()).hexdigest()
        assert (tmp_path / name / "x.tar.gz.sha256").read_text() == f"{digest}  x.tar.gz\n"
        return digest

    first = archive("one")
    os.utime(folder / LIST, (1, 1))
    assert archive("two") == first


@pytest.mark.parametrize(("output", "said"), [("x.zip", "NAME.tar.gz"), ("none/x.tar.gz", "there is no folder")])
def test_an_output_that_cannot_be(tmp_path: Path, output: str, said: str) -> None:
    words = ["bundle", "--output", str(tmp_path / output)]
    args = cli.parser(words).parse_args(words)
    with pytest.raises(UsageError, match=said):
        bundle.main(args, built_in(tmp_path), quiet())


# ---- the package that pip makes ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel's content."""
    top = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(top)]
    subprocess.run(argv, cwd=paths.ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = top.glob("ampstand-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(top / "site")
    return top / "site"


def environment(installed: Path) -> dict[str, str]:
    return {**BARE, "PYTHONPATH": str(installed), "HOME": "/nonexistent"}


def test_an_installed_package_has_what_it_needs(installed: Path, tmp_path: Path) -> None:
    share = installed / "ampstand/share"
    assert not list(share.rglob("*.pyc"))
    for name in ("configs/boards", "tests/scenarios", "hw/misc", "firmware/remote/apps", "meson.build"):
        assert (share / name).exists(), name
    code = "import ampstand.paths as p, ampstand.board as b; print(p.records_root(), b.Board.load('zcu102').name)"
    argv = [sys.executable, "-P", "-c", code]
    done = subprocess.run(argv, env=environment(installed), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/records zcu102\n"


def test_its_plugin_leaves_other_tests_alone_and_serves_scenarios(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import signal\n"
        "def test_plain(request):\n"
        "    assert request.node.get_closest_marker('timeout') is None\n"
        "    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL\n"
    )
    argv = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, env=environment(installed), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )

    done = run()
    assert done.returncode == 0, done.stdout
    (tmp_path / "test_own.py").write_text("def test_board(remote):\n    pass\n")
    done = run()
    assert done.returncode == 1
    assert "scenarios need --ampstand-bundle FILE" in done.stdout
    assert not (tmp_path / "records").exists()
