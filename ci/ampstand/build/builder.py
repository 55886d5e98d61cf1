# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Turns sources and configuration into artifacts: QEMU, kernel, Linux tools, remote firmware, initramfs.

Each artifact's key is the hash of all that goes into it, so nothing is built twice on one workstation, whatever the
checkout. QEMU and the kernel also keep a build tree, so that a change recompiles only what it touches.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ampstand import paths
from ampstand.board import Board
from ampstand.build import cache as cache_module
from ampstand.build import git, initramfs, kconfig, overlay, tools
from ampstand.build.artifacts import Artifacts
from ampstand.build.cache import Cache
from ampstand.build.sources import Source, Sources
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import cpio
from ampstand.progress import Progress, Step

__all__ = ["PARTS", "Artifacts", "BuildOptions", "Builder", "artifacts"]

PARTS = ("qemu", "kernel", "firmware", "initramfs")
DTB_MAGIC = b"\xd0\x0d\xfe\xed"
KERNEL_STEPS = 1362
"""About how many objects our kernel configuration makes; only the live line uses it."""
CROSS = {"arm": "arm-linux-gnueabihf-"}
MODULES = ("samples/rpmsg/rpmsg_client_sample.ko",)
CROSS_FILES = {"remote": "arm-none-eabi.ini", "host": "arm-linux-gnueabihf.ini"}
OWN_SUFFIXES = (".c", ".h", ".S", ".ld", ".build", ".py", ".ini", ".toml")
"""What of our own C's folders goes into a build."""
_MESON = (sys.executable, "-m", "mesonbuild.mesonmain")


@dataclass(frozen=True)
class BuildOptions:
    """What the user may replace."""

    qemu_src: Path | None = None
    kernel_src: Path | None = None
    freertos_src: Path | None = None
    busybox_src: Path | None = None
    qemu: Path | None = None
    """An installed ``qemu-system-aarch64`` that has the board, in place of one of our build."""
    kernel_config: tuple[Path, ...] = ()
    """Further fragments, each overriding what is before it."""
    kernel_patches: tuple[Path, ...] = ()
    """Changes to the kernel's source, applied to a copy of it."""
    kernel_series: str = ""
    """Linux of this series from Debian (``6.1``) in place of that of ``configs/sources.toml``."""
    dtb: Path | None = None
    """A device tree blob in place of the board's in-tree one."""
    debug_info: bool = False
    jobs: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))

    def folders(self) -> dict[str, Path | None]:
        """Return the user's source folders by source name."""
        return {
            "qemu": self.qemu_src,
            "linux": self.kernel_src,
            "freertos": self.freertos_src,
            "busybox": self.busybox_src,
        }


@functools.cache
def compiler(name: str) -> str:
    """Return what identifies a compiler: its version line."""
    tools.require(name)
    return tools.output([name, "--version"]).splitlines()[0]


def arguments(path: Path) -> list[str]:
    """Return a file's lines as arguments, comments and empty ones left out."""
    lines = (line.split("#", 1)[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def digest(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return a hash over named contents."""
    whole = hashlib.sha256()
    for name, data in sorted(parts):
        whole.update(f"{name}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


class Builder:
    """Builds the artifacts of one board."""

    def __init__(
        self,
        board: Board,
        options: BuildOptions,
        progress: Progress,
        *,
        cache: Cache | None = None,
        sources: Sources | None = None,
        root: Path = paths.ROOT,
    ) -> None:
        """Build ``board`` from the checkout ``root`` into ``cache``."""
        self.board = board
        self.options = options
        self.progress = progress
        self.cache = cache if cache is not None else Cache()
        self.sources = (
            sources
            if sources is not None
            else Sources(self.cache, progress, options.folders(), series={"linux": options.kernel_series})
        )
        self.root = root

    # ---- QEMU ------------------------------------------------------------------------------------------------------

    def qemu(self) -> Path:
        """Return the folder with ``qemu-system-aarch64`` and, below ``tests/qtest``, our qtests."""
        source = self.sources.get("qemu")
        layer = overlay.layer(source.path, self.root)
        args = arguments(self.root / "configs/qemu/configure.args")
        if self.options.debug_info:
            args = [arg for arg in args if arg != "--disable-debug-info"] + ["--enable-debug-info"]
        inputs = {
            "source": source.identity,
            "layer": digest(layer.items()),
            "arguments": " ".join(args),
            "compiler": compiler("gcc"),
        }
        tests = [Path(name).stem for name in overlay.own_files(self.root) if name.startswith("tests/qtest/")]
        programs = [name for name in tests if name.endswith("-test")]

        def make(scratch: Path) -> None:
            shared = f"{source.path if source.own else source.identity}:{inputs['arguments']}:{inputs['compiler']}"
            work = self.cache.work / f"qemu-{hashlib.sha256(shared.encode()).hexdigest()[:8]}"
            with self.cache.lock("qemu-tree", self.progress):
                targets = ["qemu-system-aarch64", *(f"tests/qtest/{name}" for name in programs)]
                self._build_qemu(source, layer, args, work, targets)
                for target in targets:
                    (scratch / target).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(work / "build" / target, scratch / target)
                shutil.copy(work / "build/config-host.h", scratch / "config-host.h")

        return self.cache.artifact("qemu", inputs, make, self.progress)

    def _build_qemu(
        self, source: Source, layer: dict[str, bytes], args: list[str], work: Path, targets: list[str]
    ) -> None:
        """Bring QEMU's source and build tree up to date."""
        tools.require("ninja", "patch", "pkg-config", "ccache", "flex", "bison")
        tree, build, log = work / "qemu-dev", work / "build", self.cache.logs / "qemu.log"
        log.unlink(missing_ok=True)
        environment = self.cache.compiler_environment()
        self._layered("QEMU", source, layer, tree, log)
        configured = build / ".configured"
        if not configured.is_file():
            shutil.rmtree(build, ignore_errors=True)
            build.mkdir(parents=True)
            with self.progress.step("QEMU: configuring") as step:
                tools.run(
                    ["../qemu-dev/configure", *args, f"--python={sys.executable}", "--cc=ccache gcc"],
                    what="QEMU's configure",
                    log=log,
                    step=step,
                    cwd=build,
                    env=environment,
                    watch=lambda line, step: step.update(line.strip()[:60]),
                )
            configured.touch()
        with self.progress.step("QEMU: compiling") as step:
            tools.run(
                ["ninja", f"-j{self.options.jobs}", *targets],
                what="building QEMU",
                log=log,
                step=step,
                cwd=build,
                env=environment,
                watch=tools.ninja_progress,
            )

    def _layered(self, title: str, source: Source, layer: dict[str, bytes], tree: Path, log: Path) -> None:
        """Bring ``tree``, a copy of a source that is to carry the layer, up to date."""
        if source.own:
            self._mirror(title, source.path, tree)
        elif not tree.is_dir():
            self.cache.need_space(f"{title}'s build", 2000)
            with self.progress.step(f"{title}: preparing the source") as step:
                self._copy(source.path, tree, log, step)
        overlay.lay(source.path, tree, layer)

    def _copy(self, source: Path, tree: Path, log: Path, step: Step) -> None:
        """Copy a source tree, complete or not at all."""
        half = tree.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        half.parent.mkdir(parents=True, exist_ok=True)
        tools.run(["cp", "-a", "--reflink=auto", source, half], what="copying the source", log=log, step=step)
        half.rename(tree)

    def _mirror(self, title: str, source: Path, tree: Path) -> None:
        """Bring the copy of a user's folder up to date: newer files are copied, vanished ones removed."""
        state = tree / overlay.STATE
        ours = set(json.loads(state.read_text(encoding="utf-8"))) if state.is_file() else set()
        present: set[str] = set()
        with self.progress.step(f"{title}: following {source}"):
            for base, names, files in os.walk(source):
                names[:] = [name for name in names if name != ".git"]
                folder = Path(base).relative_to(source)
                (tree / folder).mkdir(parents=True, exist_ok=True)
                for name in files + [name for name in names if (Path(base) / name).is_symlink()]:
                    relative = str(folder / name)
                    present.add(relative)
                    origin, copy = source / relative, tree / relative
                    info = origin.lstat()
                    same = copy.is_symlink() or copy.exists()
                    same = (
                        same and copy.lstat().st_mtime_ns == info.st_mtime_ns and copy.lstat().st_size == info.st_size
                    )
                    if not same and relative not in ours:
                        copy.unlink(missing_ok=True)
                        shutil.copy2(origin, copy, follow_symlinks=False)
            for base, _, files in os.walk(tree):
                for name in files:
                    relative = str(Path(base).relative_to(tree) / name)
                    if relative not in present and relative not in ours and name != overlay.STATE:
                        (tree / relative).unlink()

    # ---- kernel ----------------------------------------------------------------------------------------------------

    def fragments(self) -> list[Path]:
        """Return the kernel configuration fragments, in order."""
        folder = self.root / "configs/kernel"
        return [folder / "common.config", folder / f"{self.board.kernel_arch}.config", *self.options.kernel_config]

    def kernel(self) -> Path:
        """Return the folder with the kernel image, the board's device tree, the modules and ``release``."""
        arch = self.board.kernel_arch
        if arch not in CROSS:
            raise UsageError(f"no cross compiler is known for kernel architecture {arch}", hint="add it to build.CROSS")
        source = self.sources.get("linux")
        wanted = kconfig.merge(self.fragments())
        layer = overlay.patched(source.path, self.options.kernel_patches)
        inputs = {
            "source": source.identity,
            "layer": digest(layer.items()),
            "config": kconfig.text_of(wanted),
            "image": self.board.kernel_image,
            "compiler": compiler(f"{CROSS[arch]}gcc"),
            "modules": " ".join(MODULES),
            "dtbs": " ".join(self.device_trees()),
        }

        def make(scratch: Path) -> None:
            # A changed configuration goes on in the same tree; each set of further fragments has one of its own.
            extra = " ".join(str(path.absolute()) for path in self.options.kernel_config)
            shared = f"{source.path if source.own else source.identity}:{extra}:{arch}:{inputs['compiler']}"
            shared += ":patched" if layer else ""
            work = self.cache.work / f"linux-{hashlib.sha256(shared.encode()).hexdigest()[:8]}"
            with self.cache.lock("linux-tree", self.progress):
                tree = source.path
                if layer:
                    tree = work.with_name(f"{work.name}-source")
                    self._layered("Linux", source, layer, tree, self.cache.logs / "linux.log")
                self._build_kernel(source, tree, wanted, work)
                files = [self.board.kernel_image, *MODULES, *(f"arch/{arch}/boot/dts/{t}" for t in self.device_trees())]
                for file in files:
                    shutil.copy(work / file, scratch / Path(file).name)
                shutil.copy(work / ".config", scratch / "config")
                shutil.copy(work / "include/config/kernel.release", scratch / "release")

        return self.cache.artifact("kernel", inputs, make, self.progress)

    def device_trees(self) -> list[str]:
        """Return every device tree that a board with this kernel architecture uses, below ``boot/dts``.

        All of them are built together, so that boards share one kernel artifact.
        """
        boards = [Board.load(name) for name in Board.names()]
        trees = {board.dtb for board in boards if board.kernel_arch == self.board.kernel_arch}
        return sorted({*trees, self.board.dtb} - {""})

    def _build_kernel(self, source: Source, tree: Path, wanted: dict[str, str], work: Path) -> None:
        """Configure and build the kernel from ``tree``, which is ``source`` or a copy of it, in its own build tree."""
        tools.require("make", "flex", "bison", "bc", "perl", "lz4", "ccache")
        if source.own and (source.path / ".config").exists():
            raise UsageError(
                f"{source.path} has been built in place, so it cannot be built elsewhere as well",
                hint=f"make -C {source.path} mrproper",
            )
        self.cache.need_space("the kernel's build", 500)
        log = self.cache.logs / "linux.log"
        log.unlink(missing_ok=True)
        arch = self.board.kernel_arch
        prefix = CROSS[arch]
        make = [
            "make",
            "-C",
            str(tree),
            f"O={work}",
            f"ARCH={arch}",
            f"CROSS_COMPILE={prefix}",
            f"CC=ccache {prefix}gcc",
            "HOSTCC=ccache gcc",
        ]
        environment = self.cache.compiler_environment() | {
            "KBUILD_BUILD_TIMESTAMP": "1970-01-01",
            "KBUILD_BUILD_USER": "ampstand",
            "KBUILD_BUILD_HOST": "ampstand",
        }
        work.mkdir(parents=True, exist_ok=True)
        config, fragment = work / ".config", work / "ampstand.config"
        text, configured = kconfig.text_of(wanted), work / ".configured"
        if not (config.is_file() and configured.is_file() and configured.read_text(encoding="utf-8") == text):
            configured.unlink(missing_ok=True)
            fragment.write_text(text, encoding="utf-8")
            with self.progress.step("Linux: configuring") as step:
                tools.run(
                    [*make, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"],
                    what="configuring the kernel",
                    log=log,
                    step=step,
                    env=environment,
                )
            kconfig.check(wanted, config)
            configured.write_text(text, encoding="utf-8")
        targets = [Path(self.board.kernel_image).name, "modules", *self.device_trees()]
        with self.progress.step("Linux: compiling") as step:
            tools.run(
                [*make, f"-j{self.options.jobs}", *targets],
                what="building the kernel",
                log=log,
                step=step,
                env=environment,
                watch=tools.make_progress(KERNEL_STEPS),
            )

    # ---- our own C -------------------------------------------------------------------------------------------------

    def firmware(self) -> Path:
        """Return the folder that the remote's images and their footprint are installed to."""
        source = self.sources.get("freertos")
        inputs = self._own_inputs("remote", ["firmware/remote", "firmware/include"], "arm-none-eabi-gcc")
        inputs["freertos"] = source.identity
        options = [f"-Dfreertos={source.path}"]
        if self.board.remote is not None:
            options.append(f"-Dsoc={self.board.remote.soc}")
        inputs["options"] = " ".join(options[1:])
        return self.cache.artifact(
            "remote", inputs, lambda scratch: self._meson("remote", options, scratch), self.progress
        )

    def host(self) -> Path:
        """Return the folder that the tools for the board's Linux are installed to."""
        inputs = self._own_inputs("host", ["firmware/host", "firmware/include"], "arm-linux-gnueabihf-gcc")
        return self.cache.artifact("host", inputs, lambda scratch: self._meson("host", [], scratch), self.progress)

    def _own_inputs(self, part: str, folders: list[str], compiler_name: str) -> dict[str, str]:
        """Return the inputs of a part of our own C: every file that may matter, compiler and Meson."""
        files = [self.root / "meson.build", self.root / "meson.options"]
        files += [path for path in (self.root / "firmware").iterdir() if path.is_file()]
        files += (self.root / "configs").glob("*.toml")
        for folder in [*folders, "configs/cross"]:
            files += [path for path in (self.root / folder).rglob("*") if path.suffix in OWN_SUFFIXES]
        inputs = cache_module.tree_inputs(self.root, sorted(set(files)))
        inputs["part"] = part
        inputs["compiler"] = compiler(compiler_name)
        inputs["meson"] = tools.output([*_MESON, "--version"]).strip()
        return inputs

    def _meson(self, part: str, options: list[str], scratch: Path) -> None:
        """Build one part of our own C and install it into ``scratch``."""
        tools.require("ninja")
        work = scratch.parent / f"{scratch.name}.build"
        log = self.cache.logs / f"{part}.log"
        log.unlink(missing_ok=True)
        names = {"remote": "remote firmware", "host": "Linux tools"}
        try:
            with self.progress.step(f"{names[part]}: compiling") as step:
                setup = [*_MESON, "setup", str(work), str(self.root), f"-Dpart={part}", "--prefix=/", "--libdir=lib"]
                setup += [f"--cross-file={self.root / 'configs/cross' / CROSS_FILES[part]}", *options]
                for argv in (
                    setup,
                    ["ninja", "-C", str(work), f"-j{self.options.jobs}"],
                    [*_MESON, "install", "-C", str(work), "--no-rebuild", "--destdir", str(scratch)],
                ):
                    tools.run(argv, what=f"building the {names[part]}", log=log, step=step, watch=tools.ninja_progress)
                for result in work.glob("footprint.json"):
                    shutil.copy(result, scratch / "footprint.json")
        finally:
            shutil.rmtree(work, ignore_errors=True)

    # ---- all together ----------------------------------------------------------------------------------------------

    def images(self) -> dict[str, Path]:
        """Return the remote's images by name (``echo-bare``)."""
        if self.board.remote is None:
            return {}
        folder = self.firmware() / "lib/firmware/ampstand" / self.board.remote.soc
        found = {path.stem: path for path in sorted(folder.glob("*.elf"))}
        if not found:
            raise InfrastructureError(f"the firmware build left no image in {folder}")
        return found

    def initramfs(self) -> Path:
        """Return the folder with ``initramfs.cpio``."""
        host, kernel, busybox, images = self.host(), self.kernel(), self.sources.get("busybox"), self.images()
        inputs = {
            "busybox": busybox.identity,
            "composer": cache_module.file_hash(Path(initramfs.__file__)),
            "archive": cache_module.file_hash(Path(cpio.__file__)),
            "host": host.name,
            "kernel": kernel.name,
            "images": " ".join(f"{name}={cache_module.file_hash(path)}" for name, path in images.items()),
        }

        def make(scratch: Path) -> None:
            with self.progress.step("initramfs: composing"):
                programs = sorted((host / "bin").iterdir())
                inits = [path for path in programs if path.name == "init"]
                if not inits:
                    raise InfrastructureError(f"the Linux tools' build left no init in {host / 'bin'}")
                binary = next(path for path in sorted(busybox.path.glob("**/bin/busybox")))
                data = initramfs.compose(
                    init=inits[0],
                    tools=[path for path in programs if path.name != "init"],
                    busybox=binary,
                    firmware=images,
                    modules=[kernel / Path(module).name for module in MODULES],
                )
                (scratch / "initramfs.cpio").write_bytes(data)

        return self.cache.artifact("initramfs", inputs, make, self.progress)

    def all(self) -> Artifacts:
        """Build whatever is missing and return where everything is."""
        if self.options.qemu is not None:
            if not os.access(self.options.qemu, os.X_OK):
                raise UsageError(f"--qemu {self.options.qemu}: no such program")
            qemu, qemu_build = self.options.qemu.absolute(), None
        else:
            qemu_build = self.qemu()
            qemu = qemu_build / "qemu-system-aarch64"
        kernel = self.kernel()
        images = self.images()
        return Artifacts(
            qemu=qemu,
            qemu_build=qemu_build,
            kernel=kernel / Path(self.board.kernel_image).name,
            dtb=self.device_tree(kernel),
            initramfs=self.initramfs() / "initramfs.cpio",
            firmware=images,
            footprint=self.footprint(),
            kernel_release=(kernel / "release").read_text(encoding="utf-8").strip(),
            provenance=self.provenance(kernel, qemu),
        )

    def device_tree(self, kernel: Path) -> Path:
        """Return the device tree to boot with: the user's, else the board's among what the kernel's build left."""
        if self.options.dtb is not None:
            try:
                magic = self.options.dtb.read_bytes()[:4]
            except OSError as error:
                raise UsageError(f"--dtb {self.options.dtb}: {error.strerror}") from error
            if magic != DTB_MAGIC:
                raise UsageError(
                    f"--dtb {self.options.dtb}: not a device tree blob",
                    hint="compile a source with: dtc -@ -o X.dtb X.dts",
                )
            return self.options.dtb.absolute()
        trees = self.device_trees()
        return kernel / Path(self.board.dtb or (trees[0] if trees else "")).name

    def provenance(self, kernel: Path, qemu: Path) -> dict[str, str]:
        """Return what a result with these artifacts is about, by name; for the records of a run."""
        source = self.sources.get("linux")
        release = (kernel / "release").read_text(encoding="utf-8").strip()
        found = {
            "kernel": release,
            "kernel source": source.identity if not source.own else f"folder {source.path}",
            "kernel config sha256": cache_module.file_hash(kernel / "config"),
            "qemu": tools.output([qemu, "--version"]).splitlines()[0].removeprefix("QEMU emulator version "),
            "firmware": self.firmware().name if self.board.remote is not None else "none",
            "ampstand": git.describe(self.root),
            "compiler": compiler(f"{CROSS[self.board.kernel_arch]}gcc"),
        }
        if self.options.dtb is not None:
            found["dtb sha256"] = cache_module.file_hash(self.options.dtb)
        return found

    def footprint(self) -> Path:
        """Return the JSON file with the size of each image."""
        folder = self.firmware()
        found = sorted(folder.rglob("footprint.json"))
        if not found:
            raise InfrastructureError(f"the firmware build left no footprint.json in {folder}")
        return found[0]


def artifacts(board: Board, opts: BuildOptions, progress: Progress) -> Artifacts:
    """Build whatever the board still misses and return where everything is."""
    return Builder(board, opts, progress).all()
