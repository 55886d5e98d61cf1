# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The builds of QEMU and the kernel, with small trees that stand in for both."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build import builder as build
from ampstand.build import overlay
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import Cache
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress

CONFIGURE = r"""#!/bin/sh
echo configured >> ../configures
test ! -e "${0%/*}/break-configure" || exit 1
touch config-host.h
cat > build.ninja <<'END'
rule copy
  command = echo built $out >> ../builds && test ! -e ../qemu-dev/break && cp $in $out
build qemu-system-aarch64: copy ../qemu-dev/hw/misc/dev.c
build tests/qtest/dev-test: copy ../qemu-dev/tests/qtest/dev-test.c
END
"""

MAKEFILE = """\
B = $(O)/arch/arm/boot
allnoconfig:
	grep -v DROPPED $(KCONFIG_ALLCONFIG) > $(O)/.config
zImage:
	mkdir -p $(B) $(O)/include/config
	echo built >> $(O)/../builds
	echo zImage $(CROSS_COMPILE) > $(B)/zImage
	echo 6.12.0-fake > $(O)/include/config/kernel.release
modules:
	mkdir -p $(O)/samples/rpmsg
	echo ko > $(O)/samples/rpmsg/rpmsg_client_sample.ko
%.dtb:
	mkdir -p $(B)/dts/st
	echo dtb > $(B)/dts/$@
"""


def put(top: Path, **files: str) -> Path:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


class World:
    """A checkout, a QEMU tree, a kernel tree and a cache folder, all small."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.said = io.StringIO()
        self.root = put(
            top / "root",
            **{
                "hw/misc/dev.c": "one\n",
                "tests/qtest/dev-test.c": "test\n",
                "configs/qemu/devices.mak": "CONFIG_DEV=y\n",
                "configs/qemu/configure.args": "# comment\n--one\n--disable-debug-info\n",
                "configs/kernel/common.config": "CONFIG_A=y\n",
                "configs/kernel/arm.config": "CONFIG_B=m\n",
            },
        )
        self.qemu = put(
            top / "qemu", **{"configure": CONFIGURE, "hw/arm/meson.build": "", "hw/misc/other.c": "other\n"}
        )
        (self.qemu / "configure").chmod(0o755)
        self.linux = put(top / "linux", **{"Makefile": MAKEFILE, "arch/arm/Kconfig": ""})
        self.cache = Cache(top / "cache")

    def builder(self, *fragments: Path, debug_info: bool = False) -> Builder:
        options = BuildOptions(
            qemu_src=self.qemu, kernel_src=self.linux, kernel_config=fragments, jobs=1, debug_info=debug_info
        )
        return Builder(
            Board.load("stm32mp157c-dk2"), options, Progress(self.said, live=False), cache=self.cache, root=self.root
        )

    def lines(self, name: str) -> list[str]:
        return [line for path in self.cache.work.rglob(name) for line in path.read_text().splitlines()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_qemu_is_built_once_for_the_same_inputs(world: World) -> None:
    first = world.builder().qemu()
    assert (first / "qemu-system-aarch64").read_text() == "one\n"
    assert (first / "tests/qtest/dev-test").read_text() == "test\n"
    assert world.builder().qemu() == first
    assert len(world.lines("builds")) == 2


def test_an_edited_model_recompiles_alone(world: World) -> None:
    first = world.builder().qemu()
    (world.root / "hw/misc/dev.c").write_text("two\n")
    second = world.builder().qemu()
    assert second != first
    assert (second / "qemu-system-aarch64").read_text() == "two\n"
    assert (first / "qemu-system-aarch64").read_text() == "one\n"
    assert world.lines("builds").count("built qemu-system-aarch64") == 2
    assert world.lines("builds").count("built tests/qtest/dev-test") == 1
    assert len(world.lines("configures")) == 1


def test_an_undone_edit_is_not_built_again(world: World) -> None:
    first = world.builder().qemu()
    (world.root / "hw/misc/dev.c").write_text("two\n")
    world.builder().qemu()
    (world.root / "hw/misc/dev.c").write_text("one\n")
    assert world.builder().qemu() == first
    assert len(world.lines("builds")) == 3


def test_a_failed_build_goes_on_from_where_it_was(world: World) -> None:
    (world.qemu / "break").touch()
    with pytest.raises(InfrastructureError, match="building QEMU failed"):
        world.builder().qemu()
    assert list(world.cache.artifacts.iterdir()) == []
    (world.qemu / "break").unlink()
    assert (world.builder().qemu() / "qemu-system-aarch64").exists()
    assert len(world.lines("configures")) == 1


def test_a_failed_configure_is_repeated(world: World) -> None:
    (world.qemu / "break-configure").touch()
    with pytest.raises(InfrastructureError, match="QEMU's configure failed"):
        world.builder().qemu()
    (world.qemu / "break-configure").unlink()
    world.builder().qemu()
    assert len(world.lines("configures")) == 2


def test_a_users_tree_is_followed_and_never_written_to(world: World) -> None:
    world.builder().qemu()
    before = sorted(str(path) for path in world.qemu.rglob("*"))
    (world.qemu / "hw/misc/other.c").unlink()
    put(world.qemu, **{"hw/misc/new.c": "new\n"})
    world.builder().qemu()
    (tree,) = world.cache.work.glob("qemu-*/qemu-dev")
    assert (tree / "hw/misc/new.c").read_text() == "new\n"
    assert not (tree / "hw/misc/other.c").exists()
    assert (tree / "hw/misc/dev.c").read_text() == "one\n"
    assert (tree / overlay.DEVICES).exists()
    after = sorted(str(path) for path in world.qemu.rglob("*"))
    assert [path for path in after if path not in before] == [str(world.qemu / "hw/misc/new.c")]


def test_debug_information_is_another_build(world: World) -> None:
    assert world.builder().qemu() != world.builder(debug_info=True).qemu()
    assert len(list(world.cache.work.glob("qemu-*"))) == 2


def test_kernel_has_image_tree_module_and_release(world: World) -> None:
    folder = world.builder().kernel()
    assert (folder / "zImage").read_text() == "zImage arm-linux-gnueabihf-\n"
    assert (folder / "release").read_text() == "6.12.0-fake\n"
    assert (folder / "stm32mp157c-dk2.dtb").exists()
    assert (folder / "rpmsg_client_sample.ko").exists()
    assert "CONFIG_A=y" in (folder / "config").read_text()
    assert world.builder().kernel() == folder
    assert len(world.lines("builds")) == 1


def test_a_configuration_line_that_does_not_take_is_an_error_until_mended(world: World) -> None:
    fragment = world.top / "more.config"
    fragment.write_text("CONFIG_DROPPED=y\n")
    for _ in range(2):
        with pytest.raises(InfrastructureError, match="CONFIG_DROPPED: wanted y, is n"):
            world.builder(fragment).kernel()
    fragment.write_text("CONFIG_A=n\n")
    folder = world.builder(fragment).kernel()
    assert "CONFIG_A=n" in (folder / "config").read_text()


def test_a_changed_configuration_goes_on_in_the_same_tree(world: World) -> None:
    first = world.builder().kernel()
    put(world.root, **{"configs/kernel/common.config": "CONFIG_A=n\n"})
    second = world.builder().kernel()
    assert second != first
    assert "CONFIG_A=n" in (second / "config").read_text()
    assert len(list(world.cache.work.glob("linux-*"))) == 1


def test_a_kernel_tree_built_in_place_is_refused(world: World) -> None:
    (world.linux / ".config").touch()
    with pytest.raises(UsageError, match="built in place") as caught:
        world.builder().kernel()
    assert "mrproper" in caught.value.hint


def test_boards_share_one_kernel(world: World) -> None:
    board = Board.load("virt")
    options = BuildOptions(qemu_src=world.qemu, kernel_src=world.linux, jobs=1)
    other = Builder(board, options, Progress(world.said, live=False), cache=world.cache, root=world.root)
    assert other.kernel() == world.builder().kernel()


def test_a_users_device_tree_takes_the_place_of_the_boards(world: World) -> None:
    own = world.top / "own.dtb"
    builder = Builder(
        Board.load(), BuildOptions(dtb=own), Progress(world.said, live=False), cache=world.cache, root=world.root
    )
    with pytest.raises(UsageError, match=r"own\.dtb: No such file"):
        builder.device_tree(world.top)
    own.write_text("/dts-v1/;")
    with pytest.raises(UsageError, match="not a device tree blob"):
        builder.device_tree(world.top)
    own.write_bytes(build.DTB_MAGIC + b"\0" * 36)
    assert builder.device_tree(world.top) == own
    assert world.builder().device_tree(world.top) == world.top / "stm32mp157c-dk2.dtb"


def test_an_installed_qemu_must_be_a_program(world: World) -> None:
    options = BuildOptions(qemu=world.top / "none")
    builder = Builder(Board.load(), options, Progress(world.said, live=False), cache=world.cache, root=world.root)
    with pytest.raises(UsageError, match="--qemu"):
        builder.all()


def test_every_line_of_a_file_of_arguments_is_one(tmp_path: Path) -> None:
    (tmp_path / "args").write_text("# c\n--a=b c\n\n  --d # e\n")
    assert build.arguments(tmp_path / "args") == ["--a=b c", "--d"]
