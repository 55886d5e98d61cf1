# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A kernel that the user has built: its image, and those of its modules that a board needs.

Modules are found by name below ``lib/modules/RELEASE``, compressed or not; what they need comes from themselves
(``depends=`` and ``softdep=`` in their ``.modinfo``), so that no ``depmod`` need have run.
"""

from __future__ import annotations

import gzip
import lzma
import re
import subprocess
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ampstand.build.arch import Arch
from ampstand.errors import InfrastructureError, UsageError

DTB_MAGIC = b"\xd0\x0d\xfe\xed"
BANNER = re.compile(rb"Linux version (\S+) [^\0\n]*")
LOAD = "load"
"""File beside the modules: those to load at boot, one a line, in order. ``firmware/host/init.c`` reads it."""
_MODINFO = re.compile(rb"(?<![\w])(depends|softdep)=([^\0]*)\0")
_SUFFIXES = (".ko", ".ko.xz", ".ko.gz", ".ko.zst")


def read_start(path: Path, option: str, length: int = 4) -> bytes:
    """Return the first bytes of a file that the user named with ``option``."""
    try:
        with path.open("rb") as file:
            return file.read(length)
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from error


def _tool(*argv: str) -> Callable[[bytes], bytes]:
    """Return a function that pipes data through a tool; what comes out before it complains of trailing bytes counts."""

    def run(data: bytes) -> bytes:
        try:
            return subprocess.run(argv, input=data, capture_output=True, check=False).stdout
        except OSError:
            return b""

    return run


def _gunzip(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(data)


def _unxz(data: bytes) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_AUTO).decompress(data)


PAYLOADS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b\x08", _gunzip),
    (b"\xfd7zXZ\0", _unxz),
    (b"\x5d\0\0", _unxz),
    (b"\x02\x21\x4c\x18", _tool("lz4", "-dc")),
    (b"\x28\xb5\x2f\xfd", _tool("zstd", "-dc")),
    (b"\x89LZO\0", _tool("lzop", "-dc")),
)
"""How the kernel in an image may be packed: first bytes, and what unpacks it."""


def banner(image: bytes) -> str:
    """Return the ``Linux version ...`` line of a kernel image, packed or not; empty when there is none."""
    if match := BANNER.search(image):
        return match[0].decode(errors="replace")
    for magic, unpack in PAYLOADS:
        start = image.find(magic)
        while start >= 0:
            try:
                match = BANNER.search(unpack(image[start:]))
            except (zlib.error, lzma.LZMAError):
                match = None
            if match:
                return match[0].decode(errors="replace")
            start = image.find(magic, start + 1)
    return ""


def module_name(path: Path) -> str:
    """Return the name that the kernel gives a module: ``stm32-ipcc.ko.xz`` is ``stm32_ipcc``."""
    return path.name.partition(".ko")[0].replace("-", "_")


def module_data(path: Path) -> bytes:
    """Return a module, unpacked."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        plain = _tool("zstd", "-dc")(data)
        if not plain:
            raise InfrastructureError(f"{path} cannot be unpacked", hint="as root: apt-get install zstd")
        return plain
    return data


def needs(module: bytes) -> list[str]:
    """Return the names of the modules that one must find loaded, from its ``.modinfo``."""
    names: list[str] = []
    for key, value in _MODINFO.findall(module):
        if key == b"depends":
            names += value.decode().replace("-", "_").split(",")
        else:  # "pre: a b post: c"
            words = value.decode().split()
            before = words[words.index("pre:") + 1 :] if "pre:" in words else []
            names += [word.replace("-", "_") for word in before[: before.index("post:") if "post:" in before else None]]
    return [name for name in names if name]


@dataclass(frozen=True)
class ReadyKernel:
    """An image and the folder of its modules, both the user's."""

    image: Path
    folder: Path | None
    """``.../lib/modules/RELEASE``."""
    banner: str
    release: str

    @classmethod
    def find(cls, image: Path, modules: Path | None, arch: Arch) -> ReadyKernel:
        """Look at what the user named; raise when it is no image, or the modules are none or another kernel's."""
        offset, magic = arch.magic
        if read_start(image, "--kernel", offset + len(magic))[offset:] != magic:
            raise UsageError(
                f"--kernel {image}: no {arch.image_kind} of {arch.name}", hint=f"name {arch.image} of the build"
            )
        line = banner(image.read_bytes())
        release = line.split()[2] if line else ""
        folder = None
        if modules is not None:
            folder = find_modules(modules, release)
            if release and folder.name != release:
                raise UsageError(
                    f"--modules {modules}: those are modules of {folder.name}, and the kernel is {release}",
                    hint="name the modules that were installed with this kernel",
                )
            release = release or folder.name
        return cls(image.absolute(), folder, line, release or "unknown")

    @property
    def config(self) -> Path | None:
        """The configuration that lies where a distribution, or a build in place, leaves it."""
        places = [self.image.with_name(f"config-{self.release}"), *(p / ".config" for p in self.image.parents[2:3])]
        return next((place for place in places if place.is_file()), None)

    def modules(self, wanted: Iterable[str]) -> tuple[dict[str, bytes], list[str]]:
        """Return the wanted modules, and all that they need, by file name, and the order in which to load them.

        One that is not there is taken to be part of the kernel.
        """
        have = {module_name(path): path for path in _modules_below(self.folder)} if self.folder else {}
        data: dict[str, bytes] = {}
        order: list[str] = []

        def take(name: str, parents: tuple[str, ...]) -> None:
            file = f"{name}.ko"
            if name not in have or file in order or name in parents:
                return
            data[file] = module_data(have[name])
            for other in needs(data[file]):
                take(other, (*parents, name))
            order.append(file)

        for name in wanted:
            take(name.replace("-", "_"), ())
        return data, order


def find_modules(folder: Path, release: str) -> Path:
    """Return ``lib/modules/RELEASE`` in what the user named: that folder, ``lib/modules``, or one with it below."""
    if not folder.is_dir():
        raise UsageError(f"--modules {folder}: no such folder")
    if folder.name == release or (folder / "kernel").is_dir():
        return folder
    for top in (folder, folder / "lib/modules", folder / "usr/lib/modules"):
        if release and (top / release).is_dir():
            return top / release
        kernels = [path.parent for path in sorted(top.glob("*/kernel"))]
        if len(kernels) == 1:
            return kernels[0]
    raise UsageError(
        f"--modules {folder}: no modules{f' of Linux {release}' if release else ''} there",
        hint="name what `make modules_install INSTALL_MOD_PATH=DIR` made",
    )


def _modules_below(folder: Path) -> list[Path]:
    """Return every module file below a folder."""
    return sorted(path for path in folder.rglob("*.ko*") if path.name.endswith(_SUFFIXES))
