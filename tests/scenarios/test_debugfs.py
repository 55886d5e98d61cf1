# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What Linux shows of a remote in debugfs and sysfs: each line of the resource table, each file and who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.formats.elf import Image
from ampstand.formats.resource_table import Carveout, Entry, Table, Trace, Vdev, entry, locate, table
from ampstand.linux.badfirmware.generator import OF_VENDOR, VRINGS, Elf, load
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import Remote

pytestmark = pytest.mark.needs("remoteproc", "rpmsg")

MODES = """
-r--r--r-- {s}/name
-rw-r--r-- {s}/coredump
-rw-r--r-- {s}/firmware
-rw-r--r-- {s}/recovery
-rw-r--r-- {s}/state
--w------- {d}/crash
-r-------- {d}/carveout_memories
-r-------- {d}/name
-r-------- {d}/resource_table
-r-------- {d}/trace0
-rw------- {d}/coredump
-rw------- {d}/recovery
crw------- {device}
"""
NO_TABLE = "No resource table found"


def text(number: int, item: Entry) -> Iterator[str]:
    """Yield the lines about an entry of the resource table: rproc_rsc_table_show() of the kernel."""
    body = item.body
    if not isinstance(body, Carveout | Trace | Vdev):
        yield f"Unknown resource type found: {item.kind} [hdr: somewhere]"
        return
    yield f"Entry {number} is of type {item.title}"
    if isinstance(body, Vdev):
        yield f"  ID {body.device}"
        yield f"  Notify ID {body.notifyid}"
        yield f"  Device features {body.dfeatures:#x}"
        yield f"  Guest features {body.gfeatures:#x}"
        yield f"  Config length {body.config_len:#x}"
        yield f"  Status {body.status:#x}"
        yield f"  Number of vrings {len(body.vrings)}"
        yield f"  Reserved (should be zero) [{body.reserved[0]}][{body.reserved[1]}]"
        yield ""
        for index, ring in enumerate(body.vrings):
            yield f"  Vring {index}"
            yield f"    Device Address {ring.da:#x}"
            yield f"    Alignment {ring.align}"
            yield f"    Number of buffers {ring.num}"
            yield f"    Notify ID {ring.notifyid}"
            yield f"    Physical Address {ring.pa:#x}"
            yield ""
        return
    yield f"  Device Address {body.da:#x}"
    if not isinstance(body, Trace):
        yield f"  Physical Address {body.pa:#x}"
    yield f"  Length {body.size:#x} Bytes"
    if not isinstance(body, Trace):
        yield f"  Flags {body.flags:#x}"
    yield f"  Reserved (should be zero) [{body.reserved}]"
    yield f"  Name {body.name.decode()}"
    yield ""


def test_resource_table(remote: Remote, board: Board, artifacts: Artifacts, tmp_path: Path) -> None:
    """Each entry as it is in memory, with what Linux has put there; a trace that is nowhere is told as such.

    Without an IOMMU there can be no devmem.
    """
    target = load(board, artifacts.firmware["echo-bare"])
    name, region = next((name, region) for name, region in target.regions.items() if not name.startswith("vdev"))
    bodies = (
        Vdev(VRINGS),
        Carveout(name.encode(), 0x1000, da=region.address, flags=5),
        Trace(0xC0000000, 0x1000, name=b"nowhere"),
        entry(OF_VENDOR),
    )
    image = tmp_path / "every-entry.elf"
    image.write_bytes(Elf(target.base, table=table(*bodies)).pack())
    remote.machine.expect_bad(f"unsupported vendor resource {OF_VENDOR}", remote.machine.board.shell.core)
    remote.start(image)  # the code looks for its vdev where another table had it: it says nothing
    found = locate(Image.read(image.read_bytes()))
    assert found is not None
    there = Table.parse(remote.machine.read_memory(remote.core.host_address(found.address), len(found.data)))
    wanted = "\n".join(line for number, item in enumerate(there.entries) for line in text(number, item))
    shown = remote.host.text(f"cat {remote.debugfs}/resource_table")
    assert re.sub(r"\[hdr: [\w()]+\]", "[hdr: somewhere]", shown) == wanted.rstrip()
    (carveout,) = there.all(Carveout)
    assert carveout.pa == remote.core.host_address(region.address)
    # No Linux so far gives it the name.
    assert remote.trace() in ("Trace  not available", "Trace trace0 not available")


def test_no_table_of_a_remote_that_is_offline(remote: Remote) -> None:
    shown = f"cat {remote.debugfs}/resource_table"
    assert remote.host.text(shown) == NO_TABLE
    remote.start("echo-bare", services=["rpmsg-raw"])
    assert remote.host.text(shown) != NO_TABLE
    remote.stop()
    assert remote.host.text(shown) == NO_TABLE


@pytest.mark.needs("rpmsg-tty")
def test_terminal(fresh_machine: LinuxMachine) -> None:
    """What nobody has set yet: nothing is echoed, gathered into lines, or changed on its way out."""
    remote = Remote(fresh_machine)
    remote.start("echo-bare", services=["rpmsg-tty"])
    (drivers,) = remote.host.run_check("grep ^rpmsg_tty /proc/tty/drivers")
    name, path, _, numbers, *kind = drivers.split()
    assert (name, path, numbers, kind) == ("rpmsg_tty", "/dev/ttyRPMSG", "0-31", ["console"])
    settings = remote.host.text(f"stty -a -F {remote.tty()}").split()
    assert {"-icanon", "-echo", "-opost", "-onlcr"} <= set(settings), settings
    assert {"isig", "icrnl", "cread"} <= set(settings), "as every terminal of Linux begins"


def test_modes_of_files(remote: Remote) -> None:
    remote.start("echo-bare", services=["rpmsg-tty"])
    device = f"/dev/{remote.core.instance}"
    wanted = [line.split() for line in MODES.format(s=remote.sysfs, d=remote.debugfs, device=device).splitlines()[1:]]
    files = " ".join(path for _, path in wanted)
    found = [line.split() for line in remote.host.run_check(f"ls -l {files}")]
    assert sorted([line[0], line[-1]] for line in found) == sorted(wanted)
