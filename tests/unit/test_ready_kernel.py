# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A kernel of the user's own build: what its image and its modules tell of themselves."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build.arch import ARCHES
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import Cache
from ampstand.build.ready_kernel import DTB_MAGIC, ReadyKernel, banner, needs
from ampstand.errors import UsageError
from ampstand.progress import Progress

RELEASE = "6.9.1-own"
ARM = ARCHES["arm"]
LINE = f"Linux version {RELEASE} (me@here) (gcc 14) #1 SMP"


def _lz4(data: bytes) -> bytes:
    return subprocess.run(["lz4", "-lc"], input=data, capture_output=True, check=True).stdout


def image(folder: Path, pack: Callable[[bytes], bytes] = gzip.compress, line: str = LINE) -> Path:
    path = folder / "zImage"
    payload = pack(b"start" * 50 + line.encode() + b"\n\0rest")
    path.write_bytes(b"\0" * ARM.magic[0] + ARM.magic[1] + b"\x1f\x8b\x08 no gzip" + payload + b"trailing")
    return path


def module(folder: Path, name: str, info: str = "") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"\x7fELF" + b"".join(b"\0" + word.encode() for word in info.split("|")) + b"\0"
    path.write_bytes(lzma.compress(data) if name.endswith(".xz") else data)


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    top = tmp_path / "root"
    kernel = top / "lib/modules" / RELEASE / "kernel"
    module(kernel, "drivers/stm32_rproc.ko.xz", "license=GPL|depends=base|alias=of:N*")
    module(kernel, "drivers/stm32-ipcc.ko", "depends=")
    module(kernel, "virtio_rpmsg_bus.ko", "depends=rpmsg-core,base|softdep=pre: soft post: late")
    for name in ("base", "rpmsg-core", "soft", "late", "unwanted"):
        module(kernel, f"{name}.ko.xz", "depends=")
    return top


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, _lz4, bytes])
def test_the_image_tells_its_version_however_it_is_packed(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    assert banner(image(tmp_path, pack).read_bytes()) == LINE


def test_an_image_packed_in_an_unknown_way_is_of_an_unknown_version(tmp_path: Path) -> None:
    assert ReadyKernel.find(image(tmp_path, bz2.compress), None, ARM).release == "unknown"


def test_modules_are_found_below_what_the_user_named(tmp_path: Path, modules: Path) -> None:
    wanted = modules / "lib/modules" / RELEASE
    for named in (modules, modules / "lib", modules / "lib/modules", wanted):
        if named.name != "lib":
            assert ReadyKernel.find(image(tmp_path), named, ARM).folder == wanted
    for nothing in (tmp_path, modules / "lib", tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="--modules"):
            ReadyKernel.find(image(tmp_path), nothing, ARM)


def test_modules_of_another_kernel_are_refused(tmp_path: Path, modules: Path) -> None:
    with pytest.raises(UsageError, match=rf"modules of {RELEASE}, and the kernel is 5\.0"):
        ReadyKernel.find(image(tmp_path, line="Linux version 5.0 x"), modules, ARM)


@pytest.mark.parametrize("content", [b"", b"\x7fELF" + b"\0" * 100])
def test_what_is_no_zimage_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match="no zImage of arm"):
        ReadyKernel.find(tmp_path / "file", None, ARM)
    with pytest.raises(UsageError, match="No such file"):
        ReadyKernel.find(tmp_path / "absent", None, ARM)


def test_needs() -> None:
    assert needs(b"x\0depends=a-b,c\0softdep=pre: d e-f post: g\0mydepends=z\0") == ["a_b", "c", "d", "e_f"]
    assert needs(b"\0depends=\0softdep=post: g\0") == []


def test_modules_come_with_what_they_need_in_order_unpacked(tmp_path: Path, modules: Path) -> None:
    ready = ReadyKernel.find(image(tmp_path), modules, ARM)
    data, order = ready.modules(["stm32_ipcc", "stm32_rproc", "built_in", "virtio_rpmsg_bus"])
    assert order == ["stm32_ipcc.ko", "base.ko", "stm32_rproc.ko", "rpmsg_core.ko", "soft.ko", "virtio_rpmsg_bus.ko"]
    assert data.keys() == set(order)
    assert all(content.startswith(b"\x7fELF") for content in data.values())


def test_a_ready_kernel_takes_the_place_of_a_build(
    tmp_path: Path, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def builder(**more: Path) -> Builder:
        options = BuildOptions(kernel=image(tmp_path), **more)  # type: ignore[arg-type]
        return Builder(Board.load(), options, Progress(io.StringIO(), live=False), cache=Cache(tmp_path / "cache"))

    (tmp_path / "own.dtb").write_bytes(DTB_MAGIC + bytes(36))
    (tmp_path / f"config-{RELEASE}").write_text("CONFIG_A=y\n")
    with pytest.raises(UsageError) as caught:
        builder().device_tree()
    assert "--dtb FILE" in caught.value.hint
    one = builder(dtb=tmp_path / "own.dtb", modules=modules)
    folder = one.kernel()
    assert (folder / "zImage").read_bytes() == (tmp_path / "zImage").read_bytes()
    assert (folder / "release").read_text() == f"{RELEASE}\n"
    assert (folder / "config").read_text() == "CONFIG_A=y\n"
    listed = (folder / "modules/load").read_text().split()
    assert {path.name for path in (folder / "modules").iterdir()} == {*listed, "load"}
    monkeypatch.setattr(one, "firmware", lambda: tmp_path)
    told = one.provenance(folder, Path("/bin/true"))
    assert told["kernel"] == RELEASE
    assert told["kernel banner"] == LINE
    assert told["kernel source"] == f"image {tmp_path / 'zImage'}"
    module(modules / "lib/modules" / RELEASE / "kernel", "base.ko.xz", "depends=|changed=1")
    assert builder(dtb=tmp_path / "own.dtb", modules=modules).kernel() != folder
