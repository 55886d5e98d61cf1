# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""OP-TEE, where a board may have a secure world: its build, and the signing of images that it is to start.

OP-TEE's source stays as it is; the board's device tree for it is laid beside its own, in a copy. The key that images
are signed with is made once for a cache folder and never leaves it.
"""

from __future__ import annotations

import os
import shutil
import struct
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from Cryptodome.PublicKey import RSA
from elftools.elf.elffile import ELFFile

from ampstand.board import SecureFirmware
from ampstand.build import tools
from ampstand.errors import InfrastructureError
from ampstand.progress import Progress

IMAGE = "tee-raw.bin"
"""For the machine model, which puts it to the address that it is linked for."""
SIGNED = ".signed"
"""Suffix of a signed image."""
_TREES = "core/arch/arm/dts"
_SIGNER = "scripts/sign_rproc_fw.py"
_KEY_BITS = 2048


def key(path: Path) -> Path:
    """Return a private key for signing, made now if there is none."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_bytes(RSA.generate(_KEY_BITS).export_key() + b"\n")
        temporary.rename(path)
    return path


def environment() -> dict[str, str]:
    """Return the environment of OP-TEE's scripts: their Python is that of the harness, which has what they import."""
    return {"PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}", "SOURCE_DATE_EPOCH": "0"}


def make(
    source: Path,
    wanted: SecureFirmware,
    signing: Path,
    cross: str,
    jobs: int,
    scratch: Path,
    log: Path,
    progress: Progress,
) -> None:
    """Build OP-TEE into the folder ``scratch``; ``cross`` is the prefix of the compiler's programs.

    It takes images for the remote that are signed with the key ``signing``.
    """
    tools.require("make", "dtc", f"{cross}gcc")
    copy, work = scratch / "source", scratch / "build"
    shutil.copytree(source, copy, symlinks=True)
    if wanted.own is not None:
        if (copy / _TREES / wanted.device_tree).exists():
            raise InfrastructureError(f"OP-TEE has a {_TREES}/{wanted.device_tree} of its own")
        shutil.copy(wanted.own, copy / _TREES)
    words = [f"{name}={value}" for name, value in wanted.options.items()]
    words += [f"CFG_EMBED_DTB_SOURCE_FILE={wanted.device_tree}", f"RPROC_SIGN_KEY={signing}"]
    words += [f"CROSS_COMPILE={cross}", f"PYTHON3={sys.executable}", f"O={work}", f"-j{jobs}"]
    log.unlink(missing_ok=True)
    with progress.step("OP-TEE: compiling") as step:
        tools.run(["make", "-C", copy, *words], what="building OP-TEE", log=log, step=step, env=environment())
    found = work / "core" / IMAGE
    if not found.is_file():
        raise InfrastructureError(f"OP-TEE's build left no {IMAGE} in {found.parent}")
    found.rename(scratch / IMAGE)
    shutil.rmtree(work)
    shutil.rmtree(copy)


def without_empty_segments(elf: bytes) -> bytes:
    """Return an ELF file of 32 bits whose segments without content are none any more.

    OP-TEE tells segments by their addresses, and takes an empty one at 0 for that of the vectors.
    """
    data, file = bytearray(elf), ELFFile(BytesIO(elf))
    for number, segment in enumerate(file.iter_segments()):
        if segment["p_filesz"] == segment["p_memsz"] == 0:
            struct.pack_into("<I", data, file["e_phoff"] + number * file["e_phentsize"], 0)  # PT_NULL
    return bytes(data)


def sign(source: Path, images: Mapping[str, Path], signing: Path, scratch: Path, log: Path, progress: Progress) -> None:
    """Sign images by name into the folder ``scratch``, with the program of OP-TEE's source."""
    with progress.step("remote firmware: signing") as step:
        for name, path in images.items():
            signed = scratch / f"{name}{SIGNED}"
            plain = scratch / path.name
            plain.write_bytes(without_empty_segments(path.read_bytes()))
            argv: list[str | Path] = [
                sys.executable,
                source / _SIGNER,
                "--in",
                plain,
                "--out",
                signed,
                "--key",
                signing,
            ]
            tools.run(argv, what=f"signing {name}", log=log, step=step, env=environment())
            plain.unlink()
