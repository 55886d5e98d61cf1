# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the harness must know of an architecture that Linux runs on; a board's file names one."""

from __future__ import annotations

from dataclasses import dataclass

from ampstand.errors import UsageError
from ampstand.tomlfile import did_you_mean


@dataclass(frozen=True)
class Arch:
    """An architecture, by the name that Linux's ``ARCH`` has for it."""

    name: str
    cross: str
    """Prefix of the cross compiler's programs; with ``.ini`` in place of its last dash, the file in ``configs/cross``
    that tells Meson of them."""
    debian: str
    """What Debian calls it."""
    bits: int
    """Of a pointer, and of ``size_t``."""
    image: str
    """The kernel's image in a build folder."""
    magic: tuple[int, bytes]
    """Offset in an image, and what is there."""
    comment: str
    """What begins a comment of the assembler."""
    code: tuple[int, int]
    """Where Linux's code is with modules beside it, as address and size. No program of a user is there."""
    modules: tuple[int, int]
    """Where the modules are, the end excluded."""

    @property
    def image_kind(self) -> str:
        """The image's name: zImage, Image."""
        return self.image.rpartition("/")[2]

    @property
    def cross_file(self) -> str:
        """Name of the file in ``configs/cross``."""
        return f"{self.cross.removesuffix('-')}.ini"


ARCHES = {
    arch.name: arch
    for arch in (
        Arch(
            name="arm",
            cross="arm-linux-gnueabihf-",
            debian="armhf",
            bits=32,
            image="arch/arm/boot/zImage",
            magic=(0x24, b"\x18\x28\x6f\x01"),  # Documentation/arch/arm/booting.rst; head.S of the decompressor
            comment="@",
            # MODULES_VADDR to PAGE_OFFSET and on: arch/arm/include/asm/memory.h
            code=(0xBF000000, 0x03000000),
            modules=(0xBF000000, 0xC0000000),
        ),
        Arch(
            name="arm64",
            cross="aarch64-linux-gnu-",
            debian="arm64",
            bits=64,
            image="arch/arm64/boot/Image",
            magic=(0x38, b"ARM\x64"),  # Documentation/arch/arm64/booting.rst
            comment="//",
            # With 48 bits of address and no KASLR, Linux is linked for KIMAGE_VADDR, and modules are in the 128 MiB
            # that end with it: arch/arm64/include/asm/memory.h, module_init_limits() in arch/arm64/kernel/module.c.
            code=(0xFFFF800078000000, 0x0C000000),
            modules=(0xFFFF800078000000, 0xFFFF800080000000),
        ),
    )
}


def arch(name: str) -> Arch:
    """Return an architecture by Linux's name for it; ``UsageError`` if it is not known here."""
    if name not in ARCHES:
        raise UsageError(
            f"no kernel architecture {name!r}: {did_you_mean(name, list(ARCHES))}",
            hint="ci/ampstand/build/arch.py has them",
        )
    return ARCHES[name]
