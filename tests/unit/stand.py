# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A board and a build that need no QEMU: what the tests of machine and plugin stand on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ampstand.build.artifacts import Artifacts
from ampstand.formats import resource_table
from ampstand.formats.elf import Segment
from ampstand.linux.badfirmware.generator import Base, Elf

FAKE_QEMU = Path(__file__).with_name("fake_qemu.py")

REMOTE = """
[[remote]]
core = "m4"
soc = "none"
driver = "stm32_rproc"
instance = "remoteproc0"
control = "/fake"
cpu = 2
windows = [[0x0, 0x0, 0x10000]]
"""

MAILBOX = """
[remote.mailbox]
path = "/fake"
unanswered = { host = "unanswered-1", m4 = "unanswered-2" }
"""

BOARD = """
name = "fake"
title = "no board at all"
features = {features}
[machine]
type = "{mode}"
memory = "1M"
[kernel]
arch = "arm"
command_line = "console=none"
host_cpus = 2
warnings = ["^harmless"]
[[serial]]
name = "linux"
core = "host"
role = "shell"
[[serial]]
name = "usart3"
core = "m4"
role = "remote-console"
[faults]
real = {{ path = "/fake", property = "x-fault-real", base = 0x1000, settings = {{ x-fault-where = 7 }} }}
idle = {{ path = "/fake", property = "x-fault-idle", on = 3, off = "" }}
refused = {{ path = "/fake", property = "x-fault-real", settings = {{ refused = 1 }} }}
[timeouts]
boot = {boot}
command = 5.0
remote = 2.0
"""


def write_board(
    folder: Path,
    mode: str = "good",
    boot: float = 10.0,
    options: str = "",
    remote: str = REMOTE,
    features: Sequence[str] = ("smp",),
) -> Path:
    """Write the TOML file of a board of which the fake QEMU is the machine, with options of the machine."""
    path = folder / f"fake-{mode}.toml"
    path.write_text(BOARD.format(mode=mode + options, boot=boot, features=json.dumps(features)) + remote)
    return path


TRACE = 0x8000
TABLE = 0x2000


def traced(folder: Path) -> tuple[Path, str]:
    """Write firmware with a trace buffer; return its ELF file, and the machine options with which it runs."""
    table = resource_table.table(resource_table.Trace(TRACE, 0x1000))
    segments = tuple(Segment(at, at, table if at == TABLE else b"", 64) for at in (0x0, 0x1000, TABLE, 0x3000, 0x4000))
    image, memory = folder / "traced.elf", folder / "memory"
    image.write_bytes(Elf(Base(0x1000, segments, table, TABLE)).pack())
    memory.write_bytes(bytes(TABLE) + table)
    return image, f",memory={memory},trace={TRACE}"


def artifacts(folder: Path, release: str = "0") -> Artifacts:
    """Return a build of empty files, and the fake QEMU; ``release`` is that of the kernel."""

    def empty(name: str) -> Path:
        (folder / name).write_bytes(b"")
        return folder / name

    return Artifacts(
        qemu=FAKE_QEMU,
        qemu_build=None,
        kernel=empty("kernel"),
        dtb=empty("dtb"),
        initramfs=empty("initramfs"),
        firmware={},
        footprint=empty("footprint"),
        plugins=empty("plugins"),
        kernel_release=release,
    )
