# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Firmware of other people: no acknowledgements, no resource table or a bad one, stripped, cut off, for another core.

The images are made here, of a few lines of C without any library.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build.arch import arch
from ampstand.build.artifacts import Artifacts
from ampstand.commands.inspect import Report
from ampstand.formats.elf import Image
from ampstand.linux import known_bugs, loader
from ampstand.linux.known_bugs import Kernel
from ampstand.linux.remote import Remote

CROSS = "arm-none-eabi-"
pytestmark = [pytest.mark.needs("remoteproc"), pytest.mark.programs(f"{CROSS}gcc")]

SOURCES = Path(__file__).parent / "own"
TABLES = {"no-table": 0, "empty-table": 1, "trace": 2}
LOOKS = 1000
CORES = {"M": ("-mcpu=cortex-m4", "-mthumb"), "R": ("-mcpu=cortex-r5", "-marm")}
"""By the profile of the remote's core what the compiler is told."""
SIZE = 192 << 10
"""Of code, data and stack: counter.ld."""


@pytest.fixture
def build(tmp_path: Path, board: Board) -> Callable[..., Path]:
    """Return a function that makes an image: which table, and what more the linker is told."""

    def make(table: str, *options: str, strip: bool = False, name: str = "") -> Path:
        assert board.remote is not None
        place = next(region for region in board.remote.regions.values() if region.size >= SIZE)
        image = tmp_path / f"{name or table}.elf"
        argv = [f"{CROSS}gcc", *CORES[board.remote.profile], "-O1", "-ffreestanding", "-nostdlib"]
        argv += [f"-Wl,--defsym=base={place.address}", *options]
        argv += [f"-DTABLE={TABLES[table]}", "-T", str(SOURCES / "counter.ld"), "-o", str(image)]
        subprocess.run([*argv, str(SOURCES / "counter.c")], check=True)
        if table == "no-table":
            subprocess.run([f"{CROSS}objcopy", "-R", ".resource_table", image], check=True)
        if strip:
            subprocess.run([f"{CROSS}strip", image], check=True)
        return image

    return make


def word(remote: Remote, image: Path, name: str) -> int:
    """Read a variable of an image that runs."""
    symbol = Image.read(image.read_bytes()).symbol(name)
    assert symbol is not None
    return remote.machine.read_number(remote.core.host_address(symbol[0]))


def counts_on(remote: Remote, image: Path) -> bool:
    """Whether the image's counter moves."""
    first = word(remote, image, "counter")
    return any(word(remote, image, "counter") > first for _ in range(LOOKS))


@pytest.mark.parametrize("table", TABLES)
def test_an_image_of_any_kind_starts_stops_and_starts_again(
    remote: Remote, build: Callable[..., Path], table: str
) -> None:
    image = build(table)
    for _ in range(2):
        remote.start(image, acks=False, table=table == "trace")
        assert remote.core_state() == "running"
        assert counts_on(remote, image)
        if table == "trace":
            remote.host.wait_for(f"cat {remote.debugfs}/trace0", "^counting$", remote.timeout)
        remote.stop()
    remote.start("hello-bare")
    remote.stop()


def test_a_stripped_image(remote: Remote, build: Callable[..., Path]) -> None:
    remote.start(build("trace", strip=True), acks=False)
    remote.host.wait_for(f"cat {remote.debugfs}/trace0", "^counting$", remote.timeout)
    remote.stop()


@pytest.mark.thorough
@pytest.mark.needs("attach", "cortex-m")
def test_an_empty_table_before_linux_is_none(preload: Callable[..., Remote], build: Callable[..., Path]) -> None:
    """As U-Boot does, the machine announces no table; an attach would write old bytes over the image's variables."""
    image = build("empty-table")
    remote = preload(image)
    machine, host = remote.machine, remote.host
    machine.expect_bad(r"can't load resource table|Boot failed: -\d+", machine.board.shell.core)
    assert remote.state() == "detached"
    assert host.run(f"echo start >{remote.sysfs}/state").exitcode != 0
    assert remote.state() == "detached"
    assert counts_on(remote, image)
    assert word(remote, image, "went_back") == 0


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused_as_foretold(
    remote: Remote, build: Callable[..., Path], kernel: Kernel, tmp_path: Path, part: float
) -> None:
    whole = build("trace").read_bytes()
    cut = tmp_path / "cut.elf"
    cut.write_bytes(whole[: int(len(whole) * part)])
    unchecked = known_bugs.bug("section-headers-unchecked").inside(kernel)
    bits = arch(remote.machine.board.kernel_arch).bits
    foretold = loader.refused(loader.linux(cut.read_bytes(), remote.core.regions, bits, unchecked=unchecked))
    machine = remote.machine
    machine.expect_bad(re.escape(foretold), machine.board.shell.core)
    machine.tolerate_bad(r"Boot failed: -\d+", "follows from it", machine.board.shell.core)
    remote.firmware(remote.put(cut))
    assert machine.host.run(f"echo start >{remote.sysfs}/state").exitcode != 0
    assert remote.state() == "offline"


def test_an_image_for_another_core_is_told_before_anything_boots(
    build: Callable[..., Path], board: Board, tmp_path: Path
) -> None:
    other = tmp_path / "other.elf"
    data = bytearray(build("trace").read_bytes())
    data[18] = 62  # e_machine: x86-64
    other.write_bytes(data)
    report = Report.of(other, board)
    assert report.refused == ""  # Linux does not look
    assert "X86-64" in report.reason(linux=True)


@pytest.mark.needs("cortex-m")
@pytest.mark.parametrize("base", ["0x10000000", "0x20000000", "0x30000000"])
def test_without_linux(
    build: Callable[..., Path], board: Board, artifacts: Artifacts, tmp_path: Path, base: str
) -> None:
    """The trace is found wherever the image is linked to; nothing but QEMU is needed."""
    image = build("trace", f"-Wl,--defsym=base={base}")
    argv = [sys.executable, "-P", "-m", "ampstand", "run", "--remote-only", str(image), "--until", "^counting$"]
    argv += ["--board", str(board.path), "--qemu", str(artifacts.qemu), "--records", str(tmp_path / "records")]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "trace | counting\n"
