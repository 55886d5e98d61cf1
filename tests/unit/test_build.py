# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The builds of QEMU and the kernel, with small trees that stand in for both."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import textwrap
import unittest.mock
from pathlib import Path
from typing import Any

import pytest

from ampstand.board import Board
from ampstand.build import builder as build
from ampstand.build import overlay, tools
from ampstand.build.builder import Builder, BuildOptions
from ampstand.build.cache import Cache
from ampstand.build.kernel import stacks_in, warnings_in
from ampstand.build.ready_kernel import DTB_MAGIC
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress, Step

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
D = arch/arm/boot/dts
S := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
allnoconfig: clean-source
	grep -v DROPPED $(KCONFIG_ALLCONFIG) > $(O)/.config
olddefconfig: clean-source
	echo CONFIG_COMPUTED=y >> $(O)/.config
clean-source:
	test ! -e $(S).config -a ! -e $(S)include/config
mrproper:
	rm -rf $(S).config $(S)include/config
prepare:
	true
zImage: clean-source
	mkdir -p $(B) $(O)/include/config
	echo built >> $(O)/../builds
	echo zImage $(CROSS_COMPILE) $(LLVM) $$(cat $(S)text) > $(B)/zImage
	echo 6.12.0-fake > $(O)/include/config/kernel.release
modules:
ifdef M
	test ! -e $(S)no-$(notdir $(M))
	echo ko > $(M)/$(notdir $(M)).ko
else
	mkdir -p $(O)/samples/rpmsg
	echo ko > $(O)/samples/rpmsg/rpmsg_client_sample.ko
endif
%.dtb: clean-source
	mkdir -p $(B)/dts/$(dir $@)
	echo dtb $@ flags $(DTC_FLAGS) > $(B)/dts/$@
"""

KCONFIG = "".join(f'config {name}\n\tbool "{name}"\n' for name in ("A", "B", "DROPPED"))


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
                "configs/kernel/arm.config": "",
                "configs/kernel/needs.config": "CONFIG_B=m\n",
                "configs/kernel/needs-arm.config": "CONFIG_GONE=y  # where it exists\n",
            },
        )
        self.qemu = put(
            top / "qemu", **{"configure": CONFIGURE, "hw/arm/meson.build": "", "hw/misc/other.c": "other\n"}
        )
        (self.qemu / "configure").chmod(0o755)
        self.linux = put(
            top / "linux",
            **{
                "Makefile": MAKEFILE,
                "Kconfig": KCONFIG,
                "arch/arm/Kconfig": "",
                "arch/arm/boot/dts/st/stm32mp157c-dk2.dts": "",
                "text": "plain\n",
                "doomed": "",
                ".gitignore": "*.o\n.config\n/include/config/\n",
            },
        )
        self.cache = Cache(top / "cache")

    def builder(self, *fragments: Path, **more: Any) -> Builder:
        options = BuildOptions(
            **{"qemu_src": self.qemu, "kernel_src": self.linux, "kernel_config": fragments, "jobs": 1, **more}
        )
        return Builder(
            Board.load("stm32mp157c-dk2"), options, Progress(self.said, live=False), cache=self.cache, root=self.root
        )

    def git(self, *command: str) -> str:
        """Run git in the kernel tree, which becomes a repository with one commit at first."""
        user = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        if not (self.linux / ".git").exists():
            for words in (["init", "-q"], ["add", "-A"], [*user, "commit", "-qm", "one"]):
                subprocess.run(["git", *words], cwd=self.linux, check=True)
        done = subprocess.run(["git", *user, *command], cwd=self.linux, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def image(self, **more: Any) -> str:
        return (self.builder(**more).kernel() / "zImage").read_text().split()[-1]

    def provenance(self, **more: Any) -> dict[str, str]:
        builder = self.builder(**more)
        with unittest.mock.patch.object(builder, "firmware", return_value=self.top):
            return builder.provenance(builder.kernel(), Path("/bin/true"))

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


def test_a_module_that_a_users_kernel_does_not_take_is_left_out(world: World) -> None:
    put(world.root / "firmware/linux", **{"one/Kbuild": "", "two/Kbuild": ""})
    assert set(world.builder().modules()) == {"one", "two"}
    put(world.linux, **{"no-one": ""})
    assert set(world.builder().modules()) == {"two"}
    assert "our module one does not compile for this kernel" in world.said.getvalue()


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


def test_a_build_folder_that_was_moved_or_lost_its_python_is_set_up_anew(world: World, tmp_path: Path) -> None:
    """QEMU's Meson names both by their paths."""
    world.builder().qemu()
    world.cache.root.rename(tmp_path / "moved")
    world.cache = Cache(tmp_path / "moved")
    (world.root / "hw/misc/dev.c").write_text("two\n")
    world.builder().qemu()
    (configures,) = world.cache.work.rglob("configures")
    assert len(configures.read_text().splitlines()) == 2
    (configured,) = configures.parent.rglob(".configured")
    configured.write_text(configured.read_text().replace(sys.executable, str(tmp_path / "gone")))
    (world.root / "hw/misc/dev.c").write_text("three\n")
    world.builder().qemu()
    assert len(configures.read_text().splitlines()) == 3


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
    assert (folder / "zImage").read_text() == "zImage arm-linux-gnueabihf- plain\n"
    assert (folder / "release").read_text() == "6.12.0-fake\n"
    assert (folder / "modules/rpmsg_client_sample.ko").exists()
    assert "CONFIG_A=y" in (folder / "config").read_text()
    assert world.builder().kernel() == folder
    assert len(world.lines("builds")) == 1


def test_a_configuration_line_that_does_not_take_is_an_error_until_mended(world: World) -> None:
    fragment = world.top / "more.config"
    fragment.write_text("CONFIG_DROPPED=y\n")
    for _ in range(2):
        with pytest.raises(InfrastructureError, match=r"more\.config:1: CONFIG_DROPPED: wanted y, is n"):
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


def test_a_build_that_was_interrupted_goes_on_counting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that only follows a change does not: what is there says nothing of how much is left."""
    run, counts = tools.run, []

    def counted(*argv: Any, step: Step, **more: Any) -> str:
        if more["what"] == "building the kernel":
            counts.append(step.done)
        return run(*argv, step=step, **more)

    monkeypatch.setattr(tools, "run", counted)
    for number, interrupted in enumerate((False, True, False)):
        put(world.linux, text=f"{number}\n")
        if interrupted:
            (work,) = world.cache.work.glob("linux-*")
            put(work, **{"mm/one.o": "", "lib/two.o": ""})
            (work / ".built").unlink()
        world.builder().kernel()
    assert counts == [0, 2, 0]


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return everything below a folder: mode, time and content."""
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def built_in_place(tree: Path) -> None:
    put(tree, **{".config": "CONFIG_X=y\n", "include/config/auto.conf": "", "kernel/old.o": "object"})


@pytest.mark.parametrize(
    "kind", ["folder", "folder built in place", "git", "git built in place", "worktree", "patched"]
)
def test_nothing_is_written_into_a_kernel_tree(world: World, kind: str) -> None:
    source = world.linux
    if "git" in kind or kind == "worktree":
        world.git("status")
    if kind == "worktree":
        source = world.top / "worktree"
        world.git("worktree", "add", "-q", str(source), "-b", "other")
    if "built" in kind or kind == "worktree":
        built_in_place(source)
    (source / "text").write_text("dirty\n")
    patch = put(world.top, **{"p.patch": "--- a/text\n+++ b/text\n@@ -1 +1 @@\n-dirty\n+patched\n"}) / "p.patch"
    patches = (patch,) if kind == "patched" else ()
    before = state(world.linux) | state(source)
    folder = world.builder(kernel_src=source, kernel_patches=patches).kernel()
    assert (folder / "zImage").read_text().split()[-1] == ("patched" if patches else "dirty")
    world.provenance(kernel_src=source, kernel_patches=patches)
    assert state(world.linux) | state(source) == before


@pytest.mark.parametrize("git", [False, True])
def test_a_tree_built_in_place_is_followed_in_a_copy_without_what_was_built(world: World, git: bool) -> None:
    if git:
        world.git("status")
    built_in_place(world.linux)
    assert world.image() == "plain"
    (copy,) = world.cache.work.glob("linux-*-source")
    assert not (copy / "kernel/old.o").exists()
    assert not (copy / ".config").exists()
    (world.linux / "text").write_text("second\n")
    put(world.linux, **{"new.c": "untracked"})
    (world.linux / "doomed").unlink()
    assert world.image() == "second"
    assert (copy / "new.c").exists()
    assert not (copy / "doomed").exists()


def test_building_a_git_tree_in_place_once_more_changes_nothing_here(world: World) -> None:
    world.git("status")
    built_in_place(world.linux)
    first = world.builder().kernel()
    put(world.linux, **{"kernel/new.o": "another object"})
    assert world.builder().kernel() == first
    assert len(world.lines("builds")) == 1


def test_a_revision_is_built_and_the_tree_left_as_it_is(world: World) -> None:
    world.git("status")
    world.git("branch", "old")
    (world.linux / "text").write_text("newer\n")
    world.git("commit", "-qam", "two")
    (world.linux / "text").write_text("dirty\n")
    built_in_place(world.linux)
    before = state(world.linux)
    for revision, text in (("old", "plain"), ("HEAD", "newer"), ("old", "plain")):
        assert world.image(kernel_src=Path(f"{world.linux}@{revision}")) == text
    assert world.image() == "dirty"
    assert state(world.linux) == before
    assert world.git("worktree", "list").count("\n") == 0
    assert len(list(world.cache.work.glob("linux-*-source"))) == 2  # branches share one, the tree itself has its own


def test_patches_go_onto_a_revision(world: World) -> None:
    """Onto what it holds, not onto the files that are there; also onto another one in the same build tree."""
    world.git("status")
    world.git("branch", "old")
    (world.linux / "text").write_text("newer\n")
    world.git("commit", "-qam", "two")
    patch = world.top / "a.patch"
    for revision, text in (("old", "plain"), ("HEAD", "newer"), ("old", "plain")):
        patch.write_text(f"--- a/text\n+++ b/text\n@@ -1 +1 @@\n-{text}\n+patched-{text}\n")
        tree = Path(f"{world.linux}@{revision}")
        assert world.image(kernel_src=tree, kernel_patches=(patch,)) == f"patched-{text}"
        assert world.image(kernel_src=tree) == text


def test_a_patch_that_does_not_apply_is_named(world: World) -> None:
    patch = (
        put(world.top, **{"0001-odd.patch": "--- a/text\n+++ b/text\n@@ -1 +1 @@\n-other\n+new\n"}) / "0001-odd.patch"
    )
    with pytest.raises(InfrastructureError, match=r"0001-odd\.patch does not apply to the tree .*linux"):
        world.image(kernel_patches=(patch,))
    assert not (world.top / "builds").exists() or not world.lines("builds")


def test_what_was_just_built_is_not_built_again_to_be_looked_at(world: World) -> None:
    world.builder().kernel()
    assert len(world.lines("builds")) == 1
    world.builder().kernel_inspection(["drivers/none.c"])
    assert len(world.lines("builds")) == 1
    (world.linux / "text").write_text("newer\n")
    world.builder().kernel_inspection(["drivers/none.c"])
    assert len(world.lines("builds")) == 2


def test_what_is_compared_is_built_in_one_place(world: World) -> None:
    """A build knows the paths that it was made in: one without patches, too, is made where those with patches are."""
    patch = world.top / "a.patch"
    patch.write_text("--- a/text\n+++ b/text\n@@ -1 +1 @@\n-plain\n+patched\n")
    assert world.image(kernel_copy=True) == "plain"
    assert world.image(kernel_copy=True, kernel_patches=(patch,)) == "patched"
    assert len(list(world.cache.work.glob("linux-*-source"))) == 1
    assert world.image() == "plain"
    assert len(world.lines("builds")) == 3, "one that was made elsewhere is another"


@pytest.mark.parametrize(
    ("name", "message"), [("linux@nosuch", "no git tree with such a revision"), ("nowhere@HEAD", "no such folder")]
)
def test_a_revision_that_is_none_is_told(world: World, name: str, message: str) -> None:
    world.git("status")
    with pytest.raises(UsageError, match=message):
        world.builder(kernel_src=world.top / name).kernel()


def test_a_revision_of_another_project_is_told(world: World) -> None:
    world.git("status")
    world.git("rm", "-rqf", "arch")
    world.git("commit", "-qm", "nothing left")
    with pytest.raises(UsageError, match="not a Linux tree"):
        world.builder(kernel_src=Path(f"{world.linux}@HEAD")).kernel()


def test_a_complete_config_gives_way_to_what_is_needed_only(world: World) -> None:
    text = "# Automatically generated file; DO NOT EDIT.\nCONFIG_A=n\nCONFIG_B=y\nCONFIG_DROPPED=y\nCONFIG_GONE=y\n"
    full = put(world.top, **{"full.config": text}) / "full.config"
    folder = world.builder(full).kernel()
    assert (folder / "config").read_text().splitlines() == [
        "CONFIG_A=n", "CONFIG_B=m", "CONFIG_DROPPED=y", "CONFIG_COMPUTED=y"
    ]  # fmt: skip


def test_llvm_is_another_build(world: World) -> None:
    plain, llvm = world.builder().kernel(), world.builder(llvm=True)
    if shutil.which("ld.lld") is None:
        with pytest.raises(InfrastructureError, match="--llvm needs"):
            llvm.kernel()
    else:
        assert (llvm.kernel() / "zImage").read_text() == "zImage 1 plain\n"
    assert llvm._kernel_inputs() != world.builder()._kernel_inputs()
    assert (plain / "zImage").read_text() == "zImage arm-linux-gnueabihf- plain\n"


@pytest.mark.parametrize("layout", ["st/", ""])
def test_the_device_tree_is_found_in_both_layouts_and_has_symbols(world: World, layout: str) -> None:
    source = world.linux / "arch/arm/boot/dts/st/stm32mp157c-dk2.dts"
    source.rename(world.linux / f"arch/arm/boot/dts/{layout}stm32mp157c-dk2.dts")
    found = world.builder().device_tree()
    assert found.name == "stm32mp157c-dk2.dtb"
    assert found.read_text() == f"dtb {layout}stm32mp157c-dk2.dtb flags -@\n"


def test_a_kernel_without_the_boards_device_tree_is_told(world: World) -> None:
    (world.linux / "arch/arm/boot/dts/st/stm32mp157c-dk2.dts").unlink()
    world.builder().kernel()
    with pytest.raises(UsageError, match=r"no device tree stm32mp157c-dk2\.dts") as caught:
        world.builder().device_tree()
    assert "--dtb" in caught.value.hint


def test_provenance_tells_what_was_built_from_what(world: World) -> None:
    of = world.provenance
    plain = of()
    assert plain["kernel"] == "6.12.0-fake"
    assert plain["kernel source"] == f"folder {world.linux}"
    assert "kernel git" not in plain
    assert len(plain["kernel config sha256"]) == 64
    assert "gcc" in plain["compiler"]
    assert plain["ampstand"] == "unknown"
    commit = world.git("rev-parse", "--short", "HEAD")
    assert of()["kernel source"] == f"git {world.linux}"
    assert of()["kernel git"] == commit
    (world.linux / "text").write_text("dirty\n")
    assert of()["kernel git"] == f"{commit}-dirty"
    revision = of(kernel_src=Path(f"{world.linux}@HEAD"))
    assert revision["kernel git"] == commit
    assert revision["kernel source"].startswith(f"git {world.linux}@{commit}")


def test_boards_share_one_kernel(world: World) -> None:
    board = Board.load("virt")
    options = BuildOptions(qemu_src=world.qemu, kernel_src=world.linux, jobs=1)
    other = Builder(board, options, Progress(world.said, live=False), cache=world.cache, root=world.root)
    assert other.kernel() == world.builder().kernel()


def test_a_users_device_tree_takes_the_place_of_the_boards(world: World) -> None:
    own = world.top / "own.dtb"
    builder = world.builder(dtb=own)
    with pytest.raises(UsageError, match=r"own\.dtb: No such file"):
        builder.device_tree()
    own.write_text("/dts-v1/;")
    with pytest.raises(UsageError, match="not a device tree blob"):
        builder.device_tree()
    own.write_bytes(DTB_MAGIC + b"\0" * 36)
    assert builder.device_tree() == own
    assert world.provenance(dtb=own)["dtb"] == f"file {own}"


def test_an_installed_qemu_must_be_a_program(world: World) -> None:
    options = BuildOptions(qemu=world.top / "none")
    builder = Builder(Board.load(), options, Progress(world.said, live=False), cache=world.cache, root=world.root)
    with pytest.raises(UsageError, match="--qemu"):
        builder.all()


def test_every_line_of_a_file_of_arguments_is_one(tmp_path: Path) -> None:
    (tmp_path / "args").write_text("# c\n--a=b c\n\n  --d # e\n")
    assert build.arguments(tmp_path / "args") == ["--a=b c", "--d"]


def test_the_stack_of_functions_is_read() -> None:
    usage = "/x/drivers/a.c:10:5:f\t24\tstatic\n/x/drivers/a.c:30:12:g.isra.0\t128\tdynamic,bounded\n"
    assert stacks_in([usage, "b.c:1:1:f\t16\tstatic\n"]) == {"f": 24, "g.isra.0": 128}


def test_warnings_are_told_apart_by_file_and_text_not_by_line() -> None:
    log = """\
      CC      drivers/rpmsg/a.o
    /home/x/linux/drivers/rpmsg/a.c: In function 'f':
    /home/x/linux/drivers/rpmsg/a.c:12:13: warning: unused variable 'x' [-Wunused-variable]
       12 |         int x;
    ../drivers/rpmsg/a.c:90:13: warning: unused variable 'x' [-Wunused-variable]
    /home/x/linux/include/linux/y.h:3:1: warning: 'g' defined but not used
    /home/x/linux/drivers/rpmsg/a.c:12:13: note: no warning
    """
    assert warnings_in(textwrap.dedent(log), ["drivers/rpmsg/a.c"]) == {
        "drivers/rpmsg/a.c: unused variable 'x' [-Wunused-variable]",
        "/home/x/linux/include/linux/y.h: 'g' defined but not used",
    }
