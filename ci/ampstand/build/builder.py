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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

from ampstand import paths
from ampstand.board import Board, LoaderBuild, SecureFirmware
from ampstand.build import (
    boot_card,
    boot_chain,
    boot_loader,
    device_tree,
    git,
    initramfs,
    kconfig,
    overlay,
    secure_world,
    tools,
)
from ampstand.build import cache as cache_module
from ampstand.build.arch import arch
from ampstand.build.artifacts import Artifacts
from ampstand.build.cache import Cache
from ampstand.build.kernel import CHECKER, STAMPS, Inspection, KernelBuild, compiler_name
from ampstand.build.ready_kernel import DTB_MAGIC, LOAD, ReadyKernel, read_start
from ampstand.build.sources import Source, Sources
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import assembly, cpio, fip, sizes
from ampstand.progress import Progress

__all__ = ["PARTS", "Artifacts", "BuildOptions", "Builder", "artifacts"]

PLUGIN_FLAGS = ("-O2", "-Wall", "-shared", "-fPIC")
PARTS = ("qemu", "kernel", "firmware", "initramfs")
MODULES = ("samples/rpmsg/rpmsg_client_sample.ko",)
OWN_MODULES = "firmware/linux"
"""Modules of ours for the host's Linux, outside its tree."""
LOADED = ("rproc_tee",)
"""Those of them that are loaded at boot, where OP-TEE starts the remote: they wait for their device."""
INITRAMFS = "initramfs.cpio"
SOCS = "firmware/remote/soc"
"""The firmware of each SoC's remotes, a folder each."""
DEFAULT_SOC = "stm32mp157-m4"
"""Of which the firmware is built for a board that has no remote."""
OWN_SUFFIXES = (".c", ".h", ".S", ".ld", ".build", ".py", ".ini", ".toml")
"""What of our own C's folders goes into a build."""


@dataclass(frozen=True)
class BuildOptions:
    """What the user may replace."""

    bundle: Path | None = None
    """A bundle that has everything built: a folder or an archive."""
    qemu_src: Path | None = None
    kernel_src: Path | None = None
    freertos_src: Path | None = None
    busybox_src: Path | None = None
    tf_a_src: Path | None = None
    u_boot_src: Path | None = None
    optee_src: Path | None = None
    qemu: Path | None = None
    """An installed ``qemu-system-aarch64`` that has the board, in place of one of our build."""
    kernel_config: tuple[Path, ...] = ()
    """Further fragments, each overriding what is before it."""
    kernel_patches: tuple[Path, ...] = ()
    """Changes to the kernel's source, applied to a copy of it."""
    llvm: bool = False
    """Build the kernel with clang and the LLVM tools."""
    kernel: Path | None = None
    """A ready kernel image, in place of one of our build; it needs ``dtb``."""
    modules: Path | None = None
    """The modules of ``kernel``: a folder with ``lib/modules/RELEASE``, or that one itself."""
    kernel_series: str = ""
    """Linux of this series from Debian (``6.1``) in place of that of ``configs/sources.toml``."""
    dtb: Path | None = None
    """A device tree blob in place of the board's in-tree one."""
    debug_info: bool = False
    """Build QEMU and Linux with debug information."""
    kernel_debug_info: bool = False
    """Build Linux with it: its lines are wanted, QEMU's are not."""
    kernel_copy: bool = False
    """Build Linux from a copy of its source, also one that nothing is patched in: two builds that are to be compared
    must not differ in the paths that they were made in."""
    jobs: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))

    @property
    def vmlinux(self) -> bool:
        """Whether Linux is built with debug information."""
        return self.debug_info or self.kernel_debug_info

    def building(self) -> list[str]:
        """Return the options of the command line that are given and ask for a build of something."""
        names = [f"{name}_src" for name in ("qemu", "kernel", "freertos", "busybox", "tf_a", "u_boot", "optee")]
        names += ["kernel_config", "llvm", "kernel_series", "debug_info"]
        found = [f"--{name.replace('_', '-')}" for name in names if getattr(self, name)]
        return [
            *found,
            *(["--kernel-patches"] if self.kernel_patches else []),
            *(["--coverage"] if self.kernel_debug_info else []),
        ]

    def folders(self) -> dict[str, Path | None]:
        """Return the user's source folders by source name."""
        return {
            "qemu": self.qemu_src,
            "linux": self.kernel_src,
            "freertos": self.freertos_src,
            "busybox": self.busybox_src,
            "tf-a": self.tf_a_src,
            "u-boot": self.u_boot_src,
            "optee": self.optee_src,
        }


@functools.cache
def compiler(name: str) -> str:
    """Return what identifies a compiler: its version line."""
    tools.require(name)
    return tools.output([name, "--version"]).splitlines()[0]


def qemu_version(qemu: Path) -> str:
    """Return what a QEMU says of its version."""
    return tools.output([qemu, "--version"]).splitlines()[0].removeprefix("QEMU emulator version ")


def arguments(path: Path) -> list[str]:
    """Return a file's lines as arguments, comments and empty ones left out."""
    lines = (line.split("#", 1)[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def digest(parts: Iterable[tuple[str, bytes | None]]) -> str:
    """Return a hash over named contents; None is that of a file that is not to be there."""
    whole = hashlib.sha256()
    for name, data in sorted(parts, key=lambda part: part[0]):
        whole.update(f"{name}\0{'none' if data is None else len(data)}\0".encode() + (data or b""))
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
        self.arch = arch(board.kernel_arch)
        self.options = options
        self.progress = progress
        self.cache = cache if cache is not None else Cache()
        self.sources = (
            sources
            if sources is not None
            else Sources(
                self.cache,
                progress,
                options.folders(),
                series={"linux": options.kernel_series},
                architecture=self.arch.debian,
            )
        )
        self.root = root

    # ---- QEMU ------------------------------------------------------------------------------------------------------

    def qemu(self) -> Path:
        """Return the folder with ``qemu-system-aarch64`` and, below ``tests/qtest``, our qtests."""
        source = self.sources.get("qemu")
        args = arguments(self.root / "configs/qemu/configure.args")
        if self.options.debug_info:
            args = [arg for arg in args if arg != "--disable-debug-info"] + ["--enable-debug-info"]
        inputs = {
            "source": source.identity,
            "layer": digest((name, path.read_bytes()) for name, path in overlay.ingredients(self.root).items()),
            "arguments": " ".join(args),
            "compiler": compiler("gcc"),
        }
        tests = [Path(name).stem for name in overlay.own_files(self.root) if name.startswith("tests/qtest/")]
        programs = [name for name in tests if name.endswith("-test")]

        def make(scratch: Path) -> None:
            shared = f"{source.path if source.own else source.identity}:{inputs['arguments']}:{inputs['compiler']}"
            work = self.cache.work / f"qemu-{hashlib.sha256(shared.encode()).hexdigest()[:8]}"
            layer = overlay.layer(source.path, self.root)
            with self.cache.lock("qemu-tree", self.progress):
                targets = ["qemu-system-aarch64", *(f"tests/qtest/{name}" for name in programs)]
                self._build_qemu(source, layer, args, work, targets)
                for target in targets:
                    (scratch / target).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(work / "build" / target, scratch / target)
                shutil.copy(work / "build/config-host.h", scratch / "config-host.h")

        return self.cache.artifact("qemu", inputs, make, self.progress)

    def _build_qemu(
        self, source: Source, layer: Mapping[str, bytes | None], args: list[str], work: Path, targets: list[str]
    ) -> None:
        """Bring QEMU's source and build tree up to date."""
        tools.require("ninja", "git", "pkg-config", "ccache", "flex", "bison")
        tree, build, log = work / "qemu-dev", work / "build", self.cache.logs / "qemu.log"
        log.unlink(missing_ok=True)
        environment = self.cache.compiler_environment()
        self._layered(source, layer, tree, log)
        configured = build / ".configured"
        # Meson's files name the folder and the Python: neither a moved cache nor one without that Python can be used.
        known = configured.read_text(encoding="utf-8").splitlines() if configured.is_file() else []
        if known[:1] != [str(build)] or not Path(known[-1]).exists():
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
            configured.write_text(f"{build}\n{sys.executable}\n", encoding="utf-8")
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

    def _layered(self, source: Source, layer: Mapping[str, bytes | None], tree: Path, log: Path) -> None:
        """Bring ``tree``, a copy of QEMU's source that is to carry the layer, up to date."""
        if source.own:
            with self.progress.step(f"QEMU: following {source.path}"):
                overlay.mirror(source.path, tree)
        elif not tree.is_dir():
            self.cache.need_space("QEMU's build", 2000)
            with self.progress.step("QEMU: preparing the source") as step:
                overlay.copy(source.path, tree, log, step)
        overlay.lay(source.tree, tree, layer)

    def plugins(self) -> Path:
        """Return the folder with our TCG plugins (``hw/plugin``), each as ``NAME.so``."""
        source, own = self.sources.get("qemu"), sorted((self.root / "hw/plugin").glob("*.c"))
        header = source.path / "include/qemu/qemu-plugin.h"
        inputs = {
            **cache_module.tree_inputs(self.root, own),
            "header": cache_module.file_hash(header),
            "compiler": compiler("gcc"),
        }

        def make(scratch: Path) -> None:
            tools.require("pkg-config")
            glib = tools.output(["pkg-config", "--cflags", "glib-2.0"]).split()
            with self.progress.step("QEMU's plugins: compiling") as step:
                for plugin in own:
                    output = scratch / plugin.with_suffix(".so").name
                    tools.run(
                        ["gcc", *PLUGIN_FLAGS, f"-I{header.parent}", *glib, "-o", str(output), str(plugin)],
                        what=f"building the plugin {plugin.stem}",
                        log=self.cache.logs / "plugins.log",
                        step=step,
                    )

        return self.cache.artifact("plugins", inputs, make, self.progress)

    # ---- kernel ----------------------------------------------------------------------------------------------------

    def configuration(self) -> list[kconfig.Wish]:
        """Return what the kernel's configuration is made of; lines of later files override those of earlier ones.

        ``needs`` is what any kernel must have here. The rest is what we prefer: it gives way to a complete
        configuration of the user's, and each line of it to what a fragment of the user's forbids.
        """
        folder, arch = self.root / "configs/kernel", self.arch.name
        needs = [folder / "needs.config", folder / f"needs-{arch}.config"]
        complete = [path for path in self.options.kernel_config if kconfig.is_complete(path)]
        fragments = [path for path in self.options.kernel_config if path not in complete]
        own = [folder / "common.config", folder / f"{arch}.config"]
        debug = [folder / "debug-info.config"] if self.options.vmlinux else []
        files = [*(complete or own), *needs, *debug, *fragments]
        return kconfig.merge(files, preferred=own if fragments else ())

    def kernel(self) -> Path:
        """Return the folder with the kernel image, ``config``, ``release`` and, below ``modules``, its modules.

        With debug information also ``vmlinux``; it names files of the source and of the build tree.
        """
        if self.options.kernel is not None:
            return self._ready_kernel()

        def make(scratch: Path) -> None:
            with self._kernel_build() as build:
                build.build([self.arch.image_kind, "modules"])
                shutil.copy(build.work / self.arch.image, scratch / self.arch.image_kind)
                (scratch / "modules").mkdir()
                for module in MODULES:
                    shutil.copy(build.work / module, scratch / "modules" / Path(module).name)
                shutil.copy(build.work / ".config", scratch / "config")
                shutil.copy(build.work / "include/config/kernel.release", scratch / "release")
                if self.options.vmlinux:
                    shutil.copy(build.work / "vmlinux", scratch / "vmlinux")

        return self.cache.artifact("kernel", self._kernel_inputs(), make, self.progress)

    def kernel_objects(self, names: Sequence[str]) -> None:
        """Compile files of the kernel (``drivers/x.o``), all of them whatever becomes of each; raise if one fails."""
        with self._kernel_build() as build:
            build.build(["--keep-going", *names])

    def kernel_inspection(self, sources: Sequence[str]) -> Inspection:
        """Return what compilers say of files of the kernel's tree beyond making code of them."""

        def make(scratch: Path) -> None:
            with self._kernel_build() as build:
                build.ready([self.arch.image_kind])
                found = build.inspect(sources)
                (scratch / "inspection.json").write_text(json.dumps(asdict(found)), encoding="utf-8")

        checker = tools.output([CHECKER, "--version"]) if shutil.which(CHECKER) else "none"
        reader = cache_module.file_hash(Path(assembly.__file__))
        inputs = {**self._kernel_inputs(), "files": " ".join(sources), "checker": checker, "reader": reader}
        path = self.cache.artifact("inspection", inputs, make, self.progress) / "inspection.json"
        return Inspection(**json.loads(path.read_text(encoding="utf-8")))

    def kernel_sizes(self, units: Sequence[str]) -> dict[str, int]:
        """Return what of a kernel with debug information takes how much, and types that source files know."""
        kernel = self.kernel()

        def make(scratch: Path) -> None:
            (scratch / "sizes.json").write_text(json.dumps(sizes.read(kernel / "vmlinux", units)), encoding="utf-8")

        reader = cache_module.file_hash(Path(sizes.__file__))
        inputs = {"kernel": kernel.name, "units": " ".join(units), "reader": reader}
        path = self.cache.artifact("sizes", inputs, make, self.progress) / "sizes.json"
        found: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def kernel_symbols(self) -> Path:
        """Return the kernel's ``System.map``: of the build, or that beside a ready kernel as Debian installs it."""
        if self.options.kernel is not None:
            release = (self.kernel() / "release").read_text(encoding="utf-8").strip()
            path = self.options.kernel.with_name(f"System.map-{release}")
            if not path.is_file():
                raise UsageError(f"no symbols of the kernel: {path} is expected beside {self.options.kernel}")
            return path

        def make(scratch: Path) -> None:
            with self._kernel_build() as build:
                build.ready([self.arch.image_kind])
                shutil.copy(build.work / "System.map", scratch / "System.map")

        return self.cache.artifact("symbols", self._kernel_inputs(), make, self.progress) / "System.map"

    def _kernel_inputs(self) -> dict[str, str]:
        """Return all that a build of the kernel depends on."""
        source = self.sources.get("linux")
        return {
            "source": source.identity,
            "layer": digest(self._kernel_layer().items()),
            "config": kconfig.text_of(self.configuration()),
            "image": self.arch.image,
            "compiler": compiler(compiler_name(self.arch, llvm=self.options.llvm)),
            "modules": " ".join(MODULES),
            "stamps": " ".join(f"{name}={value}" for name, value in STAMPS.items()),
            **({"copy": "yes"} if self.options.kernel_copy else {}),
        }

    def _kernel_layer(self) -> dict[str, bytes | None]:
        """Return the files that ``kernel_patches`` change."""
        return overlay.patched(self.sources.get("linux").tree, self.options.kernel_patches)

    @contextmanager
    def _kernel_build(self) -> Iterator[KernelBuild]:
        """Yield the build of the kernel, whose build tree nobody else uses meanwhile.

        A changed configuration goes on in the same tree; each set of further fragments has one of its own, and so has
        each branch of a git tree a common one.
        """
        source, layer, inputs = self.sources.get("linux"), self._kernel_layer(), self._kernel_inputs()
        extra = " ".join(str(path.absolute()) for path in self.options.kernel_config)
        place = str(source.path) if source.own else source.identity
        shared = f"{place}{'@' if source.revision else ''}:{extra}:{self.arch.name}:{inputs['compiler']}"
        copied = bool(layer) or self.options.kernel_copy
        shared += (":patched" if copied else "") + (":debug" if self.options.vmlinux else "")
        work = self.cache.work / f"linux-{hashlib.sha256(shared.encode()).hexdigest()[:8]}"
        with self.cache.lock(f"{work.name}-tree", self.progress):
            yield KernelBuild(
                self.cache, self.progress, source, layer, work, self.arch,
                self.options.llvm, self.options.jobs, self.configuration(), copied,
                cache_module.key_of(inputs.items()),
            )  # fmt: skip

    def modules(self) -> dict[str, Path]:
        """Return our own modules for the kernel by name; none for a ready one, or a board that has no use for them.

        For a tree of the user's some may not compile: scenarios that need those are skipped.
        """
        if self.board.secure_world is None or self.options.kernel is not None:
            return {}
        own = self.root / OWN_MODULES
        files = [path for path in own.rglob("*") if path.is_file()]
        inputs = {**self._kernel_inputs(), **cache_module.tree_inputs(self.root, sorted(files))}

        def make(scratch: Path) -> None:
            with self._kernel_build() as build:
                build.ready([self.arch.image_kind, "modules"])
                build.own_modules(own, scratch, required=self.options.kernel_src is None)

        folder = self.cache.artifact("modules", inputs, make, self.progress)
        return {path.stem: path for path in sorted(folder.glob("*.ko"))}

    def device_tree(self) -> Path:
        """Return the device tree to boot with: the user's, else the board's as the kernel's tree has it.

        For a board without one of its own this is a path that does not exist; it has no use for it.
        """
        own = self.options.dtb
        if own is not None:
            if read_start(own, "--dtb") != DTB_MAGIC:
                raise UsageError(
                    f"--dtb {own}: not a device tree blob", hint="compile a source with: dtc -@ -o X.dtb X.dts"
                )
            return own.absolute()
        if not self.board.dtb:
            return self.kernel() / "none.dtb"
        return self._in_tree(self.board.dtb, self.board.overlays)

    def _in_tree(self, name: str, overlays: Sequence[Path]) -> Path:
        """Return a device tree of the kernel's, with overlays on it."""
        if self.options.kernel is not None:
            raise UsageError("--kernel needs the device tree that goes with it", hint="--dtb FILE")
        hashes = " ".join(cache_module.file_hash(path) for path in overlays)
        folder = self.cache.artifact(
            "dtb", {**self._kernel_inputs(), "dtb": name, "overlays": hashes},
            lambda scratch: self._make_device_tree(name, overlays, scratch), self.progress,
        )  # fmt: skip
        return folder / Path(name).name

    def _make_device_tree(self, name: str, overlays: Sequence[Path], scratch: Path) -> None:
        """Build the device tree of a kernel that has been built."""
        with self._kernel_build() as build:
            if not (build.work / ".configured").is_file():  # the build tree has been removed
                build.build(["prepare"])
            device_tree.merge(build.device_tree(name), overlays, scratch / Path(name).name)

    def _ready_kernel(self) -> Path:
        """Return a folder like that of a built kernel, with the user's own build."""
        assert self.options.kernel is not None
        ready = ReadyKernel.find(self.options.kernel, self.options.modules, self.arch)
        samples = [Path(module).stem for module in MODULES]
        loaded, order = ready.modules(self.board.kernel_modules)
        extra, _ = ready.modules(samples)
        files = {**extra, **loaded, LOAD: "".join(f"{name}\n" for name in order).encode()}
        image = ready.image.read_bytes()
        inputs = {"image": hashlib.sha256(image).hexdigest(), "modules": digest(files.items()), "banner": ready.banner}
        inputs["config"] = cache_module.file_hash(ready.config) if ready.config else ""

        def make(scratch: Path) -> None:
            (scratch / self.arch.image_kind).write_bytes(image)
            (scratch / "release").write_text(f"{ready.release}\n", encoding="utf-8")
            (scratch / "banner").write_text(f"{ready.banner}\n", encoding="utf-8")
            (scratch / "modules").mkdir()
            for name, data in files.items():
                (scratch / "modules" / name).write_bytes(data)
            if ready.config:
                shutil.copy(ready.config, scratch / "config")

        return self.cache.artifact("kernel", inputs, make, self.progress)

    # ---- what starts Linux -----------------------------------------------------------------------------------------

    def boot_firmware(self) -> Path | None:
        """Return what starts Linux, where the machine model does not do so by itself."""
        if self.board.boot_chain == "direct":
            return None
        source, options, cross = self.sources.get("tf-a"), self.board.boot_options, self.arch.cross
        inputs = {
            "source": source.identity,
            "options": " ".join(f"{name}={value}" for name, value in sorted(options.items())),
            "compiler": compiler(f"{cross}gcc"),
        }

        def make(scratch: Path) -> None:
            log = self.cache.logs / "tf-a.log"
            boot_chain.make_tf_a(source.path, options, cross, self.options.jobs, scratch, log, self.progress)

        return self.cache.artifact("tf-a", inputs, make, self.progress) / boot_chain.IMAGE

    def boot_loader(self) -> Path | None:
        """Return U-Boot, where the board can be started by it."""
        loader = self.board.boot_loader
        return self._u_boot(loader.plain) if loader is not None else None

    def secure_boot_loader(self) -> Path | None:
        """Return the U-Boot that OP-TEE starts, where it starts one."""
        loader = self.board.boot_loader
        return self._u_boot(loader.secure) if loader is not None and loader.secure is not None else None

    def _u_boot(self, wanted: LoaderBuild) -> Path:
        """Return a build of U-Boot."""
        source, cross = self.sources.get("u-boot"), self.arch.cross
        inputs = {
            "source": source.identity,
            "defconfig": wanted.defconfig,
            "config": str(sorted(boot_loader.changed(wanted.config).items())),
            "compiler": compiler(f"{cross}gcc"),
        }

        def make(scratch: Path) -> None:
            log, jobs = self.cache.logs / "u-boot.log", self.options.jobs
            boot_loader.make(source.path, wanted, cross, jobs, scratch, log, self.progress)

        return self.cache.artifact("u-boot", inputs, make, self.progress) / boot_loader.IMAGE

    # ---- the secure world ------------------------------------------------------------------------------------------

    def signing_key(self) -> Path:
        """Return the private key that images are signed with."""
        with self.cache.lock("signing-key", self.progress):
            return secure_world.key(self.cache.root / "keys/remoteproc.pem")

    def secure_firmware(self) -> dict[str, Path]:
        """Return OP-TEE by who starts the remote, where the board can have a secure world."""
        world = self.board.secure_world
        return {name: self._optee(one) for name, one in world.firmware.items()} if world is not None else {}

    def _optee(self, wanted: SecureFirmware) -> Path:
        """Return a build of OP-TEE."""
        source, cross, key = self.sources.get("optee"), self.arch.cross, self.signing_key()
        inputs = {
            "source": source.identity,
            "options": str(sorted(wanted.options.items())),
            "device tree": cache_module.file_hash(wanted.own) if wanted.own is not None else wanted.device_tree,
            "key": cache_module.file_hash(key),
            "compiler": compiler(f"{cross}gcc"),
        }

        def make(scratch: Path) -> None:
            log, jobs = self.cache.logs / "optee.log", self.options.jobs
            secure_world.make(source.path, wanted, key, cross, jobs, scratch, log, self.progress)

        return self.cache.artifact("optee", inputs, make, self.progress) / secure_world.IMAGE

    def other_device_trees(self, *, secure: bool = True) -> dict[str, Path]:
        """Return what Linux has for a device tree in each variant of the board, and beside each secure world.

        The user's is that of each secure world, and of no variant.
        """
        board, world = self.board, self.board.secure_world if secure else None
        worlds = world.firmware if world is not None else {}
        if self.options.dtb is not None:
            return dict.fromkeys(worlds, self.device_tree())
        trees = {name: (board.dtb, (*board.overlays, *shape.overlays)) for name, shape in board.variants.items()}
        trees |= {name: (world.dtb, one.overlays) for name, one in worlds.items() if world is not None}
        return {name: self._in_tree(dtb, overlays) for name, (dtb, overlays) in trees.items()}

    def signed(self) -> dict[str, Path]:
        """Return the remote's images by name, signed; none for a board that cannot have a secure world."""
        if self.board.secure_world is None:
            return {}
        source, key, images = self.sources.get("optee"), self.signing_key(), self.images()
        inputs = {
            "source": source.identity,
            "key": cache_module.file_hash(key),
            "signer": cache_module.file_hash(Path(secure_world.__file__)),
            "images": " ".join(f"{name}={cache_module.file_hash(path)}" for name, path in images.items()),
        }

        def make(scratch: Path) -> None:
            secure_world.sign(source.path, images, key, scratch, self.cache.logs / "signing.log", self.progress)

        folder = self.cache.artifact("signed", inputs, make, self.progress)
        return {name: folder / f"{name}{secure_world.SIGNED}" for name in images}

    def secure_initramfs(self) -> Path | None:
        """Return the initramfs with signed images and our modules, for where OP-TEE starts the remote."""
        if self.board.secure_world is None:
            return None
        plain, signed, modules = self.initramfs() / INITRAMFS, self.signed(), self.modules()
        files = {f"lib/firmware/{path.name}": path for path in signed.values()}
        files |= {f"lib/modules/{path.name}": path for path in modules.values()}
        load = "".join(f"{modules[name].name}\n" for name in LOADED if name in modules)
        inputs = {
            "initramfs": plain.parent.name,
            "archive": cache_module.file_hash(Path(cpio.__file__)),
            "load": load,
            "files": " ".join(f"{name}={cache_module.file_hash(path)}" for name, path in files.items()),
        }

        def make(scratch: Path) -> None:
            more = {name: path.read_bytes() for name, path in files.items()}
            if load:
                more[f"lib/modules/{LOAD}"] = load.encode()
            (scratch / INITRAMFS).write_bytes(plain.read_bytes() + cpio.addition(more))

        return self.cache.artifact("secure-initramfs", inputs, make, self.progress) / INITRAMFS

    # ---- what starts all of that -----------------------------------------------------------------------------------

    def card_loader(self) -> Path | None:
        """Return what the boot ROM starts from an SD card, beside its configuration, where the board has one."""
        card = self.board.boot_card
        if card is None:
            return None
        source, cross = self.sources.get("tf-a"), self.arch.cross
        inputs = {
            "source": source.identity,
            "options": " ".join(f"{name}={value}" for name, value in sorted(card.options.items())),
            "config": cache_module.file_hash(card.config),
            "compiler": compiler(f"{cross}gcc"),
        }

        def make(scratch: Path) -> None:
            log, jobs = self.cache.logs / "tf-a.log", self.options.jobs
            boot_card.make_tf_a(source.path, card, cross, jobs, scratch, log, self.progress)

        return self.cache.artifact("tf-a-card", inputs, make, self.progress) / boot_card.FSBL

    def card_packages(self) -> dict[str, Path]:
        """Return what that starts, by secure world."""
        loader, world, u_boot = self.card_loader(), self.board.secure_world, self.secure_boot_loader()
        if loader is None or world is None or u_boot is None:
            return {}
        config, base = loader.with_name(boot_card.CONFIG), world.base

        def pack(optee: Path) -> Path:
            inputs = {name: cache_module.file_hash(path) for name, path in packed(optee).items()}

            def make(scratch: Path) -> None:
                data = {name: path.read_bytes() for name, path in packed(optee).items() if path.suffix != ".py"}
                whole = boot_card.package(data["config"], data["optee"], base, data["u-boot"])
                (scratch / boot_card.PACKAGE).write_bytes(whole)

            folder = self.cache.artifact("fip", {**inputs, "base": hex(base)}, make, self.progress)
            return folder / boot_card.PACKAGE

        def packed(optee: Path) -> dict[str, Path]:
            return {"config": config, "optee": optee, "u-boot": u_boot, "packer": Path(fip.__file__)}

        return {name: pack(optee) for name, optee in self.secure_firmware().items()}

    # ---- our own C -------------------------------------------------------------------------------------------------

    def socs(self) -> list[str]:
        """Return the firmware sets of the board's remotes, each once; the default one if it has no remote."""
        return list(dict.fromkeys(remote.soc for remote in self.board.remotes)) or [DEFAULT_SOC]

    def cross_file(self, soc: str) -> Path:
        """Return the file that tells Meson of the compiler for a firmware set."""
        return self.root / SOCS / soc / "cross.ini"

    def firmware(self, soc: str = "") -> Path:
        """Return the folder that a set of images and their footprint are installed to; by default the board's first."""
        soc = soc or self.socs()[0]
        source = self.sources.get("freertos")
        inputs = self._own_inputs("remote", ["firmware/remote", "firmware/include"], "arm-none-eabi-gcc")
        inputs["freertos"] = source.identity
        inputs["options"] = f"-Dsoc={soc}"
        options = [f"-Dfreertos={source.path}", inputs["options"]]
        cross = self.cross_file(soc)
        return self.cache.artifact(
            "remote", inputs, lambda scratch: self._meson("remote", cross, options, scratch), self.progress
        )

    def host(self) -> Path:
        """Return the folder that the tools for the board's Linux are installed to."""
        inputs = self._own_inputs("host", ["firmware/host", "firmware/include"], f"{self.arch.cross}gcc")
        cross = self.root / "configs/cross" / self.arch.cross_file
        return self.cache.artifact(
            "host", inputs, lambda scratch: self._meson("host", cross, [], scratch), self.progress
        )

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
        inputs["meson"] = metadata.version("meson")
        return inputs

    def _meson(self, part: str, cross_file: Path, options: list[str], scratch: Path) -> None:
        """Build one part of our own C and install it into ``scratch``."""
        tools.require("ninja")
        work = scratch.parent / f"{scratch.name}.build"
        log = self.cache.logs / f"{part}.log"
        log.unlink(missing_ok=True)
        names = {"remote": "remote firmware", "host": "Linux tools"}
        try:
            with self.progress.step(f"{names[part]}: compiling") as step:
                setup = [*tools.MESON, "setup", str(work), str(self.root), f"-Dpart={part}"]
                setup += ["--prefix=/", "--libdir=lib", f"--cross-file={cross_file}", *options]
                for argv in (
                    setup,
                    ["ninja", "-C", str(work), f"-j{self.options.jobs}"],
                    [*tools.MESON, "install", "-C", str(work), "--no-rebuild", "--destdir", str(scratch)],
                ):
                    tools.run(argv, what=f"building the {names[part]}", log=log, step=step, watch=tools.ninja_progress)
                for result in work.glob("footprint.json"):
                    shutil.copy(result, scratch / "footprint.json")
        finally:
            shutil.rmtree(work, ignore_errors=True)

    # ---- all together ----------------------------------------------------------------------------------------------

    def images(self) -> dict[str, Path]:
        """Return the remote's images by name (``echo-bare``)."""
        found: dict[str, Path] = {}
        for soc in self.socs() if self.board.remotes else ():
            folder = self.firmware(soc) / "lib/firmware/ampstand" / soc
            images = {path.stem: path for path in sorted(folder.glob("*.elf"))}
            if not images:
                raise InfrastructureError(f"the firmware build left no image in {folder}")
            found |= images
        return found

    def initramfs(self) -> Path:
        """Return the folder with ``INITRAMFS``."""
        host, built, busybox, images = self.host(), self.kernel(), self.sources.get("busybox"), self.images()
        inputs = {
            "busybox": busybox.identity,
            "composer": cache_module.file_hash(Path(initramfs.__file__)),
            "archive": cache_module.file_hash(Path(cpio.__file__)),
            "host": host.name,
            "kernel": built.name,
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
                    modules=sorted((built / "modules").iterdir()),
                )
                (scratch / INITRAMFS).write_bytes(data)

        return self.cache.artifact("initramfs", inputs, make, self.progress)

    def all(self, *, boot_loader: bool = True, secure: bool = True, card: bool = True) -> Artifacts:
        """Build whatever is missing and return where everything is.

        U-Boot, OP-TEE, and what an SD card has before both, are built only if they are of use.
        """
        card = card and boot_loader and secure
        if self.options.qemu is not None:
            if not os.access(self.options.qemu, os.X_OK):
                raise UsageError(f"--qemu {self.options.qemu}: no such program")
            qemu, qemu_build = self.options.qemu.absolute(), None
        else:
            qemu_build = self.qemu()
            qemu = qemu_build / "qemu-system-aarch64"
        built = self.kernel()
        images = self.images()
        return Artifacts(
            qemu=qemu,
            qemu_build=qemu_build,
            kernel=built / self.arch.image_kind,
            dtb=self.device_tree(),
            initramfs=self.initramfs() / INITRAMFS,
            firmware=images,
            footprint=self.footprint(),
            kernel_release=(built / "release").read_text(encoding="utf-8").strip(),
            plugins=self.plugins(),
            boot_firmware=self.boot_firmware(),
            boot_loader=self.boot_loader() if boot_loader else None,
            secure_boot_loader=self.secure_boot_loader() if boot_loader and secure else None,
            secure_firmware=self.secure_firmware() if secure else {},
            other_dtbs=self.other_device_trees(secure=secure),
            signed=self.signed() if secure else {},
            modules=self.modules() if secure else {},
            secure_initramfs=self.secure_initramfs() if secure else None,
            card_loader=self.card_loader() if card else None,
            card_packages=self.card_packages() if card else {},
            provenance=self.provenance(built, qemu, boot_loader=boot_loader, secure=secure, card=card),
        )

    def provenance(
        self, built: Path, qemu: Path, *, boot_loader: bool = False, secure: bool = False, card: bool = False
    ) -> dict[str, str]:
        """Return what a result with these artifacts is about, by name; for the records of a run."""
        found = {
            **self.kernel_provenance(built),
            "qemu": qemu_version(qemu),
            "firmware": self.firmware().name if self.board.remotes else "none",
            "ampstand": git.describe(self.root),
        }
        if self.board.boot_chain != "direct" or (card and self.board.boot_card is not None):
            found["boot firmware"] = f"TF-A {self.sources.get('tf-a').version}"
        if self.board.boot_loader is not None and boot_loader:
            found["boot loader"] = f"U-Boot {self.sources.get('u-boot').version}"
        if self.board.secure_world is not None and secure:
            found["secure firmware"] = f"OP-TEE {self.sources.get('optee').version}"
        return found | self.dtb_provenance()

    def dtb_provenance(self) -> dict[str, str]:
        """Return what a device tree of the user's is; nothing without one."""
        if self.options.dtb is None:
            return {}
        return {"dtb": f"file {self.options.dtb}", "dtb sha256": cache_module.file_hash(self.options.dtb)}

    def kernel_provenance(self, built: Path) -> dict[str, str]:
        """Return which kernel it is, where it comes from, and what compiled it."""
        found = {"kernel": (built / "release").read_text(encoding="utf-8").strip()}
        if (built / "config").is_file():
            found["kernel config sha256"] = cache_module.file_hash(built / "config")
        if self.options.kernel is not None:
            return found | {
                "kernel source": f"image {self.options.kernel}",
                "kernel sha256": cache_module.file_hash(self.options.kernel),
                "kernel banner": (built / "banner").read_text(encoding="utf-8").strip() or git.UNKNOWN,
            }
        source = self.sources.get("linux")
        found["compiler"] = self._kernel_inputs()["compiler"]
        if source.revision:
            found["kernel source"] = f"git {source.path}@{source.revision}"
            found["kernel git"] = source.version
        elif not source.own:
            found["kernel source"] = f"Debian {source.identity}"
        else:
            described = git.describe(source.path)
            found["kernel source"] = f"{'folder' if described == git.UNKNOWN else 'git'} {source.path}"
            if described != git.UNKNOWN:
                found["kernel git"] = described
        if self.options.kernel_patches:
            found["kernel patches"] = " ".join(path.name for path in self.options.kernel_patches)
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
