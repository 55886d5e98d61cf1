# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""An SD card from which a board starts as it does after power on: TF-A's BL2, OP-TEE, U-Boot, and Linux.

Its partitions are those of U-Boot's manual (``doc/board/st/stm32mp1.rst``). The boot ROM starts BL2, which takes the
firmware from the package in ``fip``; U-Boot finds ``extlinux.conf`` by itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ampstand.board import BootCard
from ampstand.build import tools
from ampstand.errors import InfrastructureError
from ampstand.formats import fip, gpt, uboot
from ampstand.progress import Progress

FSBL, CONFIG, PACKAGE = "bl2.stm32", "fw-config.dtb", "fip.bin"
_TREES = "fdts"
_KIB, _MIB = 1024, 1024 * 1024
_FSBL_SIZE, _FIP_SIZE = 256 * _KIB, 4 * _MIB
_ROOM = 4 * _MIB
"""What a file system takes for itself, at most."""
_EXTLINUX = """\
default ampstand
label ampstand
  kernel /{kernel}
  fdt /board.dtb
  initrd /initramfs.cpio
  append {command_line}
"""


def make_tf_a(
    source: Path, wanted: BootCard, cross: str, jobs: int, scratch: Path, log: Path, progress: Progress
) -> None:
    """Build BL2 and its configuration into the folder ``scratch``; ``cross`` is the prefix of the compiler's programs.

    TF-A's source stays as it is: its build leaves tools in a copy, beside whose device trees the board's own is laid.
    """
    tools.require("make", "dtc", "gcc", f"{cross}gcc")
    copy, work = scratch / "source", scratch / "build"
    shutil.copytree(source, copy, symlinks=True)
    if (copy / _TREES / wanted.config.name).exists():
        raise InfrastructureError(f"TF-A has a {_TREES}/{wanted.config.name} of its own")
    shutil.copy(wanted.config, copy / _TREES)
    words = [f"{name}={value}" for name, value in wanted.options.items()]
    words += [f"BUILD_BASE={work}", f"CROSS_COMPILE={cross}", f"-j{jobs}", "all"]
    log.unlink(missing_ok=True)
    with progress.step("TF-A: compiling") as step:
        stamp = {"SOURCE_DATE_EPOCH": "0"}
        tools.run(["make", "-C", copy, *words], what="building TF-A", log=log, step=step, env=stamp)
    for name, target in ((wanted.fsbl, FSBL), (f"{wanted.config.stem}.dtb", CONFIG)):
        found = sorted(work.rglob(name))
        if not found:
            raise InfrastructureError(f"TF-A's build left no {name} in {work}")
        found[0].rename(scratch / target)
    shutil.rmtree(work)
    shutil.rmtree(copy)


def package(config: bytes, optee: bytes, base: int, loader: bytes) -> bytes:
    """Return what BL2 starts: OP-TEE (``tee-raw.bin``), to be put to ``base``, and U-Boot (a uImage) after it."""
    program, tree = uboot.parts(loader)
    images = {"fw-config": config, "tos-fw": fip.optee_header(base, len(optee)), "tos-fw-extra1": optee}
    return fip.pack({**images, "nt-fw": program, "hw-config": tree})


def write(card: Path, fsbl: Path, package: Path, kernel: Path, dtb: Path, initramfs: Path, command_line: str) -> None:
    """Write a card, the same each time, whose Linux has these files and this command line."""
    root, image = card.with_suffix(".root"), card.with_suffix(".ext4")
    (root / "extlinux").mkdir(parents=True)
    text = _EXTLINUX.format(kernel=kernel.name, command_line=command_line)
    (root / "extlinux/extlinux.conf").write_text(text, encoding="utf-8")
    for path, name in ((kernel, kernel.name), (dtb, "board.dtb"), (initramfs, "initramfs.cpio")):
        shutil.copyfile(path, root / name)
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) + _ROOM
    _make_file_system(image, root, size)
    partitions = [
        *(gpt.Partition(name, fsbl, _FSBL_SIZE) for name in ("fsbl1", "fsbl2")),
        gpt.Partition("fip", package, _FIP_SIZE),
        gpt.Partition("bootfs", image, image.stat().st_size, attributes=gpt.BOOTABLE),
    ]
    whole = sum(part.size + gpt.ALIGN * gpt.SECTOR for part in partitions) + 2 * gpt.ALIGN * gpt.SECTOR
    gpt.write(card, partitions, 1 << (whole - 1).bit_length())  # a card's size is a power of two
    shutil.rmtree(root)
    image.unlink()


def _make_file_system(image: Path, root: Path, size: int) -> None:
    """Write the file system of a folder, without what differs from one time to the next."""
    tools.require("mke2fs", "debugfs")
    same = "00000000-0000-4000-8000-000000000001"
    argv: list[str | Path] = ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-I", "128", "-O", "^has_journal", "-U", same]
    argv += ["-E", f"hash_seed={same},root_owner=0:0,lazy_itable_init=1", "-d", root, image, str(-(-size // 4096))]
    _run(argv)
    # Who owns a file here, and when it was made and read here, is taken over.
    names = ["/", "/lost+found", *(f"/{path.relative_to(root)}" for path in sorted(root.rglob("*")))]
    fields = {"ctime": "@1", "atime": "@1", "mtime": "@1", "uid": "0", "gid": "0"}
    orders = "".join(f"sif {name} {field} {value}\n" for name in names for field, value in fields.items())
    _run(["debugfs", "-w", "-f", "-", image], orders)


def _run(argv: Sequence[str | Path], orders: str = "") -> None:
    times = {**os.environ, "SOURCE_DATE_EPOCH": "1", "E2FSPROGS_FAKE_TIME": "1"}
    done = subprocess.run(argv, input=orders, env=times, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InfrastructureError(f"{argv[0]} failed with what Linux is to boot from: {done.stderr.strip()}")
