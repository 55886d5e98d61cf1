# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Builds Linux out of its tree, whichever tree that is. Nothing is ever written into a folder of the user's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ampstand.build import git, kconfig, kconfig_tree, overlay, tools
from ampstand.build.arch import Arch
from ampstand.build.cache import Cache
from ampstand.build.sources import Source
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import assembly
from ampstand.progress import Progress

STEPS = 1362
"""About how many objects our kernel configuration makes; only the live line uses it."""
WARNING = re.compile(r"^(?:\.\./)*(\S+?):\d+:\d+: warning: (.*)$", re.MULTILINE)
"""Of a compiler, without the number of the line."""
PRODUCTS = (".o", ".ko", ".a", ".cmd", ".mod", ".order", ".symvers", ".dtb", ".dtbo")
"""Endings that only results of a build have; what else a build leaves, ``make mrproper`` knows."""
STAMPS = {
    "KBUILD_BUILD_TIMESTAMP": "1970-01-01",
    "KBUILD_BUILD_USER": "ampstand",
    "KBUILD_BUILD_HOST": "ampstand",
    "KBUILD_BUILD_VERSION": "1",
}
"""What a kernel says of when, by whom and for which time it was built: the same sources make the same kernel."""


def toolchain(arch: Arch, *, llvm: bool) -> list[str]:
    """Return the variables that tell ``make`` which compiler to use, through ccache."""
    if llvm:
        return [f"ARCH={arch.name}", "LLVM=1", "CC=ccache clang", "HOSTCC=ccache clang"]
    cross = arch.cross
    return [f"ARCH={arch.name}", f"CROSS_COMPILE={cross}", f"CC=ccache {cross}gcc", "HOSTCC=ccache gcc"]


def compiler_name(arch: Arch, *, llvm: bool) -> str:
    """Return the program that compiles a kernel of this architecture."""
    return "clang" if llvm else f"{arch.cross}gcc"


def built_in_place(tree: Path) -> bool:
    """Return whether a tree holds what ``make`` without ``O=`` leaves; Kbuild then refuses to build elsewhere."""
    marks = (".config", "include/config", "include/generated", "arch/*/include/generated")
    return any(next(tree.glob(mark), None) is not None for mark in marks)


def device_tree_source(tree: Path, arch: str, name: str) -> str:
    """Return the path below ``boot/dts`` of a device tree (``st/stm32mp157c-dk2.dtb``) in this kernel.

    Since Linux 6.5 those of arm are in a folder for each vendor, before that they all were in one.
    """
    folder = tree / f"arch/{arch}/boot/dts"
    for candidate in (name, Path(name).name):
        if (folder / candidate).with_suffix(".dts").is_file():
            return candidate
    raise UsageError(
        f"this kernel has no device tree {Path(name).stem}.dts in {folder}",
        hint="take a kernel that supports the board, or give one: --dtb FILE",
    )


CHECKER = "sparse"
"""Kbuild's checker of sources, asked where it is installed."""
NO_LINES = ("-D__LINE__=0", "-Wno-builtin-macro-redefined", "-Wno-error")
"""Flags of a compiler that keep the numbers of lines out of what it makes; gcc has no other that lets it be defined."""
NO_ANCHORS = "-fno-section-anchors"
"""Of gcc: that each object is addressed by its own name."""


@dataclass(frozen=True)
class Inspection:
    """What compilers say of files beyond making code of them."""

    warnings: list[str]
    """With ``W=1``, and of sparse where it is installed: each as ``FILE: MESSAGE``, without the line's number."""
    stacks: dict[str, int]
    """Bytes of stack by function; of one whose need is not known before it runs, what is known."""
    code: dict[str, dict[str, str]]
    """By file what is made of it (``ampstand.formats.assembly``); of files that are not compiled there is nothing."""


def warnings_in(log: str, sources: Sequence[str]) -> set[str]:
    """Return the warnings in what compilers printed, as ``FILE: MESSAGE``, ``FILE`` as ``sources`` have it."""
    found = WARNING.findall(log)
    return {f"{next((name for name in sources if path.endswith(name)), path)}: {text}" for path, text in found}


def stacks_in(usage: Iterable[str]) -> dict[str, int]:
    """Return bytes by function from what ``-fstack-usage`` writes; of functions of one name, those of the largest."""
    found: dict[str, int] = {}
    for line in "".join(usage).splitlines():
        place, size, *_ = line.split("\t")
        name = place.rpartition(":")[2]
        found[name] = max(int(size), found.get(name, 0))
    return found


@dataclass
class KernelBuild:
    """One kernel tree, one build folder, one configuration."""

    cache: Cache
    progress: Progress
    source: Source
    layer: Mapping[str, bytes | None]
    """Files that replace those of the source."""
    work: Path
    """Where it is built; ``WORK-source`` is the copy of the source, where one is needed."""
    arch: Arch
    llvm: bool = False
    jobs: int = 1
    wishes: list[kconfig.Wish] = field(default_factory=list)
    copied: bool = False
    """Whether it is built from a copy; with files that replace those of the source it must be."""

    key: str = ""
    """Changes with what is built."""

    @property
    def _built(self) -> Path:
        """The file that has the key of what the build folder holds, and the targets that were made."""
        return self.work / ".built"

    @property
    def _log(self) -> Path:
        return self.cache.logs / "linux.log"

    def tree(self) -> Path:
        """Return the tree to build from: the source as it is where that can be, else a copy that is up to date."""
        source = self.source
        copy = self.work.with_name(f"{self.work.name}-source")
        if source.revision:
            self._check_out(copy)
        elif source.own and built_in_place(source.path):
            listed = git.files(source.path)
            names = listed
            if names is None:
                names = [name for name in overlay.walk(source.path) if not name.endswith(PRODUCTS)]
            with self.progress.step(f"Linux: following {source.path}"):
                overlay.mirror(source.path, copy, names)
            if listed is None:
                with self.progress.step("Linux: cleaning the copy") as step:
                    clean = ["make", "-C", str(copy), f"ARCH={self.arch.name}", "mrproper"]
                    tools.run(clean, what="cleaning the copy", log=self._log, step=step)
        elif source.own and self.copied:
            with self.progress.step(f"Linux: following {source.path}"):
                overlay.mirror(source.path, copy)
        elif self.copied:
            if not copy.is_dir():
                self.cache.need_space("Linux's build", 2000)
                with self.progress.step("Linux: preparing the source") as step:
                    overlay.copy(source.path, copy, self._log, step)
        else:
            return source.path
        overlay.lay(source.tree, copy, self.layer)
        return copy

    def _check_out(self, copy: Path) -> None:
        """Make ``copy`` hold the source's revision, unless it does."""
        source, there = self.source, copy.with_name(f"{copy.name}.commit")
        if there.is_file() and there.read_text(encoding="utf-8") == source.revision:
            return
        there.unlink(missing_ok=True)
        copy.mkdir(parents=True, exist_ok=True)
        argv, environment = git.checkout_command(source.path, source.revision, copy)
        with self.progress.step(f"Linux: checking out {source.version}") as step:
            tools.run(argv, what="checking out the kernel", log=self._log, step=step, cwd=copy, env=environment)
        there.write_text(source.revision, encoding="utf-8")

    def build(self, targets: Sequence[str]) -> Path:
        """Configure and make ``targets``; return the tree that it was built from. The caller holds the lock."""
        tools.require("make", "flex", "bison", "bc", "perl", "lz4", "ccache")
        missing = [name for name in ("clang", "ld.lld", "llvm-ar") if self.llvm and shutil.which(name) is None]
        if missing:
            raise InfrastructureError(
                f"--llvm needs {', '.join(missing)}", hint="as root: apt-get install clang lld llvm"
            )
        self.cache.need_space("the kernel's build", 500)
        self._log.unlink(missing_ok=True)
        resumed = not self._built.is_file()  # or the first one, for which nothing is there
        self._built.unlink(missing_ok=True)
        tree = self.tree()
        self.work.mkdir(parents=True, exist_ok=True)
        self._configure(tree)
        with self.progress.step("Linux: compiling") as step:
            if resumed:
                step.update(done=sum(1 for _ in self.work.rglob("*.o")), total=STEPS)
            tools.run(
                [*self._make(tree), f"-j{self.jobs}", *targets],
                what="building the kernel",
                log=self._log,
                step=step,
                env=self._environment(),
                watch=tools.make_progress(STEPS),
            )
        self._built.write_text("\n".join([self.key, *targets]), encoding="utf-8")
        return tree

    def ready(self, targets: Sequence[str]) -> None:
        """See to it that the build folder holds this kernel: make ``targets`` unless it was the last to be built."""
        holds = self._built.read_text(encoding="utf-8").splitlines() if self._built.is_file() else []
        if not {self.key, *targets} <= set(holds):
            self.build(targets)

    def inspect(self, sources: Sequence[str]) -> Inspection:
        """Compile files of the tree (``drivers/x.c``) once more with all of Kbuild's further warnings on (``W=1``).

        Of files that the configuration leaves out nothing is said. The caller holds the lock and has built the kernel.
        """
        objects = {name: self.work / Path(name).with_suffix(".o") for name in sources if name.endswith(".c")}
        wanted = {name: path for name, path in objects.items() if path.is_file()}
        if not wanted:
            return Inspection([], {}, {})
        self._built.unlink(missing_ok=True)
        texts = {name: path.with_suffix(".s") for name, path in wanted.items()}
        for path in (*wanted.values(), *texts.values()):
            path.unlink(missing_ok=True)  # one that is up to date is not compiled
        flags = ["-fstack-usage", *NO_LINES, *([] if self.llvm else [NO_ANCHORS])]
        check = [f"CHECK={CHECKER}", "C=1"] if shutil.which(CHECKER) else []
        tree, log = self.tree(), self.cache.logs / "linux-warnings.log"
        log.unlink(missing_ok=True)
        with self.progress.step("Linux: compiling with W=1") as step:
            tools.run(
                [
                    *self._make(tree),
                    "W=1",
                    *check,
                    f"KCFLAGS={' '.join(flags)}",
                    *(str(path.relative_to(self.work)) for path in (*wanted.values(), *texts.values())),
                ],
                what="compiling what is changed with W=1",
                log=log,
                step=step,
                env={**self._environment(), "CCACHE_DISABLE": "1"},
            )
        usage = [path.with_suffix(".su") for path in wanted.values()]
        stacks = stacks_in(path.read_text(encoding="utf-8") for path in usage if path.is_file())
        warnings = sorted(warnings_in(log.read_text(encoding="utf-8", errors="replace"), sources))
        read = {name: path.read_text(encoding="utf-8") for name, path in texts.items()}
        for path in texts.values():
            path.unlink()
        return Inspection(
            warnings, stacks, {name: assembly.read(text, self.arch.comment) for name, text in read.items()}
        )

    def own_modules(self, source: Path, output: Path, *, required: bool) -> None:
        """Build modules from a folder outside the kernel's tree into ``output``; the kernel itself has been built.

        Each is in a folder of its own. One that does not compile is left out and said, unless it is ``required``.
        Kbuild writes beside the sources, so it gets a copy of them.
        """
        tree, copy = self.tree(), self.work.with_name(f"{self.work.name}-modules")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(source, copy)
        with self.progress.step("Linux: compiling our own modules") as step:
            for folder in sorted(path.parent for path in copy.glob("*/Kbuild")):
                try:
                    tools.run(
                        [*self._make(tree), f"M={folder}", "modules"],
                        what=f"building our own module {folder.name} for the kernel",
                        log=self._log,
                        step=step,
                        env=self._environment(),
                    )
                except InfrastructureError:
                    if required:
                        raise
                    self.progress.say(f"our module {folder.name} does not compile for this kernel: {self._log}")
        for path in sorted(copy.rglob("*.ko")):
            shutil.copy(path, output)
        shutil.rmtree(copy)

    def device_tree(self, name: str) -> Path:
        """Make one device tree (``st/stm32mp157c-dk2.dtb``), with its symbols, for overlays; return the file."""
        tree = self.tree()
        target = device_tree_source(tree, self.arch.name, name)
        with self.progress.step(f"Linux: device tree {Path(name).stem}") as step:
            tools.run(
                [*self._make(tree), target],
                what="building the device tree",
                log=self._log,
                step=step,
                # In the environment it is the value that Kbuild adds its own flags to.
                env={**self._environment(), "DTC_FLAGS": "-@"},
            )
        return self.work / f"arch/{self.arch.name}/boot/dts/{target}"

    def _make(self, tree: Path) -> list[str]:
        """Return the call of ``make``; LOCALVERSION, though empty, keeps it from asking git."""
        return ["make", "-C", str(tree), f"O={self.work}", *toolchain(self.arch, llvm=self.llvm), "LOCALVERSION="]

    def _environment(self) -> dict[str, str]:
        # Scripts in Python run in the user's tree, too.
        return {**self.cache.compiler_environment(), **STAMPS, "PYTHONDONTWRITEBYTECODE": "1"}

    def _configure(self, tree: Path) -> None:
        """Make ``.config`` of the wishes, unless it has been made of the same ones, and see what became of each."""
        config, configured = self.work / ".config", self.work / ".configured"
        text = kconfig.text_of(self.wishes)
        if config.is_file() and configured.is_file() and configured.read_text(encoding="utf-8") == text:
            return
        configured.unlink(missing_ok=True)
        complete = any(wish.complete for wish in self.wishes)
        with self.progress.step("Linux: configuring") as step:
            symbols = kconfig_tree.read(tree, self.arch.name)
            resolved = kconfig.resolve(self.wishes, symbols)
            # What a complete configuration does not name gets its default, what fragments do not name is off.
            given = config if complete else self.work / "ampstand.config"
            given.write_text(kconfig.config_of(resolved), encoding="utf-8")
            goal = ["olddefconfig"] if complete else [f"KCONFIG_ALLCONFIG={given}", "allnoconfig"]
            tools.run(
                [*self._make(tree), *goal],
                what="configuring the kernel",
                log=self._log,
                step=step,
                env=self._environment(),
            )
        kconfig.check(resolved, config, symbols)
        configured.write_text(text, encoding="utf-8")
