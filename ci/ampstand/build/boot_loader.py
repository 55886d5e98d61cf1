# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""U-Boot, where a board may be started by it: its build, and the bundle from which it starts the remote and Linux.

U-Boot's source stays as it is. It is configured by one of its own defconfigs and a fragment beside the board's file,
whose boot command runs the script in the bundle: nothing is typed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from ampstand.board import LoaderBuild
from ampstand.build import kconfig, tools
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import uboot
from ampstand.progress import Progress

IMAGE = "u-boot.uimg"
"""For QEMU's ``-kernel``, which enters it as the firmware before it would: not secure, with PSCI."""
_BINARY = "u-boot-dtb.bin"
_BASE = "TEXT_BASE"
REMOTE, PLAIN = "remote", "linux"
"""Configurations of the bundle: with an image for the remote, and without."""
SCRIPT = "script"


def make(
    source: Path, wanted: LoaderBuild, cross: str, jobs: int, scratch: Path, log: Path, progress: Progress
) -> None:
    """Build U-Boot into the folder ``scratch``; ``cross`` is the prefix of the compiler's programs.

    What needs SWIG is left out (``NO_PYTHON``): it packs U-Boot with other firmware, which the machine model replaces.
    """
    tools.require("make", "bison", "flex", f"{cross}gcc")
    work = scratch / "build"
    work.mkdir()
    config = work / ".config"
    try:
        base = (source / "configs" / wanted.defconfig).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"U-Boot in {source} has no configs/{wanted.defconfig}: {error.strerror}") from error
    config.write_text(
        "\n".join([base, *(path.read_text(encoding="utf-8") for path in wanted.config)]), encoding="utf-8"
    )
    argv = ["make", "-C", str(source), f"O={work}", f"CROSS_COMPILE={cross}", "NO_PYTHON=1", f"-j{jobs}"]
    stamp = {"SOURCE_DATE_EPOCH": "0"}
    log.unlink(missing_ok=True)
    with progress.step("U-Boot: compiling") as step:
        tools.run([*argv, "olddefconfig"], what="configuring U-Boot", log=log, step=step, env=stamp)
        have = _check(changed(wanted.config), config)
        tools.run([*argv, _BINARY], what="building U-Boot", log=log, step=step, env=stamp)
    data = (work / _BINARY).read_bytes()
    (scratch / IMAGE).write_bytes(uboot.uimage(data, int(have[_BASE], 16), "U-Boot"))
    shutil.rmtree(work)


def changed(fragments: Sequence[Path]) -> dict[str, str]:
    """Return what fragments ask for, by symbol; later ones override earlier ones."""
    return {name: value for path in fragments for name, value in kconfig.values(path.read_text("utf-8")).items()}


def _check(changes: Mapping[str, str], config: Path) -> dict[str, str]:
    """Return U-Boot's configuration; fail if it has not these values."""
    have = kconfig.values(config.read_text(encoding="utf-8"))
    differ = [(name, value, have.get(name, "n")) for name, value in changes.items()]
    lines = [f"{name}: wanted {value}, is {got}" for name, value, got in differ if value != got]
    if lines:
        raise InfrastructureError(f"U-Boot's Kconfig did not take all that is asked of it: {'; '.join(lines)}")
    return have


def bundle(
    kernel: Path, dtb: Path, initramfs: Path, command_line: str, load: int, remote: Path | None, architecture: str
) -> bytes:
    """Return what U-Boot boots: Linux, put to ``load``, and before it the image of the remote if there is one.

    An image of the remote that is damaged is refused, and Linux starts without it.
    """
    if "'" in command_line:
        raise UsageError(f"the kernel's command line has a quote, which U-Boot's shell takes: {command_line}")
    plain = {"kernel": "kernel", "fdt": "fdt", "ramdisk": "ramdisk"}
    script = f"setenv bootargs '{command_line}'\n"
    images, configurations = [], {PLAIN: plain}
    if remote is not None:
        script += f"bootm ${{bundle}}#{REMOTE}\n"
        images.append(uboot.Image(REMOTE, "copro", remote.read_bytes()))
        configurations = {REMOTE: {**plain, "loadables": REMOTE}, PLAIN: plain}
    script += f"bootm ${{bundle}}#{PLAIN}\n"
    images += [
        uboot.Image(SCRIPT, "script", script.encode()),
        uboot.Image("fdt", "flat_dt", dtb.read_bytes()),
        uboot.Image("kernel", "kernel", kernel.read_bytes(), load),
        uboot.Image("ramdisk", "ramdisk", initramfs.read_bytes()),
    ]
    return uboot.fit(images, configurations, architecture)
