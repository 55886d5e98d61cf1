# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The coredump that Linux makes of a crashed remote is an ELF file with the remote's memory as QEMU sees it."""

from __future__ import annotations

import base64
import gzip
import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.formats.resource_table import Trace, table
from ampstand.linux.badfirmware.generator import Elf, load
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_SERVICE, Remote
from ampstand.linux.shell import Shell

pytestmark = pytest.mark.needs("remoteproc", "rpmsg-char", "remote-watchdog", "coredump")

DUMPS = "/sys/class/devcoredump"
IMAGE = "crash-bare"
# struct crash_record of firmware/include/ampstand/crash.h: magic, kind, pc, lr, then others.
RECORD, RECORD_MAGIC = struct.Struct("<4I"), 0x48534D41
RSC_VDEV, VDEV_STATUS = 3, 24
"""Type of an entry of the resource table, and where in it the virtio status is."""
LINK_UP, LINK_GONE = 7, 1
"""That status with DRIVER_OK; and when the driver has been removed: ACKNOWLEDGE alone."""
STACK_DEPTH = 256
"""Bytes of the stack's end in which a return address into the receiving function must be found."""

KINDS = {"hardfault": "soc_fault", "assert": "crash", "loop": "", "lockup": ""}
"""Ways to crash, and the function that the crash record's pc is in, if the firmware gets to write one."""

Segments = dict[int, bytes]
"""Memory by the remote's address."""


@pytest.fixture
def crashed(remote: Remote, host: Shell, kind: str, coredump: str) -> Iterator[Remote]:
    """Return the remote, crashed with its core held, before its recovery and thus before its dump."""
    remote.expect_crash("watchdog")
    host.run_check(f"echo disabled >{remote.sysfs}/recovery; echo {coredump} >{remote.sysfs}/coredump")
    if KINDS[kind]:
        remote.machine.expect_bad("crash: (exception|assertion)", remote.core.core)
    remote.start(IMAGE, services=[CRASH_SERVICE])
    remote.crash(kind, watchdog=True)
    remote.wait_state("crashed")
    yield remote
    # First what an inline recovery still waits for: it holds remoteproc's lock.
    free_dumps(host)
    host.run_check(f"echo enabled >{remote.sysfs}/recovery; echo disabled >{remote.sysfs}/coredump")


def elf(remote: Remote) -> ELFFile:
    """Return the image that ran."""
    return ELFFile(io.BytesIO(remote.machine.artifacts.firmware[IMAGE].read_bytes()))


def symbol(image: ELFFile, name: str) -> tuple[int, int]:
    """Return address and size of a symbol."""
    table = image.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    symbols = table.get_symbol_by_name(name)
    assert symbols is not None
    (found,) = symbols
    return found["st_value"] & ~1 if found["st_info"]["type"] == "STT_FUNC" else found["st_value"], found["st_size"]


def free_dumps(host: Shell) -> None:
    """Let Linux throw away the dumps it has."""
    host.run_check(f"for d in {DUMPS}/devcd*; do [ ! -e $d ] || echo 0 >$d/data; done")
    host.run_check(f"until ! ls -d {DUMPS}/devcd* 2>/dev/null; do sleep 0.01; done", reason="the dumps to go")


def read_dump(host: Shell) -> ELFFile:
    """Bring the one dump out over the console."""
    text = host.text(f"cat {DUMPS}/devcd*/data | gzip -1 -c | base64", 60, reason="the coredump over the console")
    return ELFFile(io.BytesIO(gzip.decompress(base64.b64decode(text))))


def segments(dump: ELFFile) -> Segments:
    """Return the loadable segments."""
    found = {segment["p_paddr"]: segment.data() for segment in dump.iter_segments("PT_LOAD")}
    assert len(found) == dump.num_segments()
    return found


def check_headers(remote: Remote, dump: ELFFile) -> None:
    """Each field of the file's header and of those of its segments is what Linux knows of the remote."""
    header = dict(dump.header)
    identity, size, entry = header.pop("e_ident"), dump.structs.Elf_Ehdr.sizeof(), dump.structs.Elf_Phdr.sizeof()
    assert (bytes(identity["EI_MAG"]), identity["EI_CLASS"]) == (b"\x7fELF", "ELFCLASS32")
    assert (identity["EI_DATA"], identity["EI_VERSION"]) == ("ELFDATA2LSB", "EV_CURRENT")
    assert header == {
        "e_type": "ET_CORE",
        "e_machine": remote.says("coredump-machine"),
        "e_version": "EV_CURRENT",
        "e_entry": elf(remote)["e_entry"],
        "e_phoff": size,
        "e_shoff": 0,
        "e_flags": 0,
        "e_ehsize": size,
        "e_phentsize": entry,
        "e_phnum": dump.num_segments(),
        "e_shentsize": 0,
        "e_shnum": 0,
        "e_shstrndx": 0,
    }
    offset = size + entry * dump.num_segments()
    for segment in dump.iter_segments():
        address, length = segment["p_paddr"], segment["p_filesz"]
        assert dict(segment.header) == {
            "p_type": "PT_LOAD",
            "p_offset": offset,
            "p_vaddr": address,
            "p_paddr": address,
            "p_filesz": length,
            "p_memsz": length,
            "p_flags": P_FLAGS.PF_R | P_FLAGS.PF_W | P_FLAGS.PF_X,
            "p_align": 0,
        }
        offset += length
    assert dump.stream.seek(0, io.SEEK_END) == offset, "the end of the file"
    mapped = carveouts(remote)
    told = [segment["p_paddr"] for segment in dump.iter_segments() if segment["p_paddr"] in mapped]
    assert told == list(mapped), "the segments' order"


def carveouts(remote: Remote) -> dict[int, int]:
    """Return address and size of each carveout that Linux maps, and so dumps: all but the message buffers."""
    text = remote.host.text(f"cat {remote.debugfs}/carveout_memories")
    entry = r"Name: (\S+)\n.*\n.*\n\s*Device address: (\S+)\n\s*Length: (\S+) Bytes"
    return {
        int(address, 16): int(size, 16)
        for name, address, size in re.findall(entry, text)
        if not name.endswith("buffer")
    }


def vdev_status(image: ELFFile) -> int:
    """Return the address of the virtio device's status in the image's resource table."""
    section = image.get_section_by_name(".resource_table")
    assert section is not None
    table = section.data()
    (count,) = struct.unpack_from("<I", table, 4)
    for (offset,) in struct.iter_unpack("<I", table[16 : 16 + 4 * count]):
        if struct.unpack_from("<I", table, offset)[0] == RSC_VDEV:
            return int(section["sh_addr"] + offset + VDEV_STATUS)
    raise AssertionError("the image has no vdev")


def memory(remote: Remote, like: Segments) -> Segments:
    """Return the same ranges as QEMU has them now."""
    read, core = remote.machine.read_memory, remote.core
    return {address: read(core.host_address(address), len(data)) for address, data in like.items()}


def differing(left: Segments, right: Segments) -> set[int]:
    """Return the addresses of all bytes that are not the same."""
    assert left.keys() == right.keys()
    return {
        address + offset
        for address, data in left.items()
        for offset, (a, b) in enumerate(zip(data, right[address], strict=True))
        if a != b
    }


def base_of(found: Segments, address: int) -> int:
    """Return the start of the segment that an address is in."""
    return next(base for base, data in found.items() if base <= address < base + len(data))


def word(found: Segments, address: int, size: int = 4) -> bytes:
    """Return bytes at an address of the remote out of the dump."""
    base = base_of(found, address)
    return found[base][address - base : address - base + size]


def check_contents(remote: Remote, found: Segments, kind: str) -> None:
    """All memory of the remote is there, the code as it was loaded, and the way to the crash."""
    image = elf(remote)
    for loaded in image.iter_segments("PT_LOAD"):
        if loaded["p_flags"] & 2 == 0:  # what is not written to is as in the file
            assert word(found, loaded["p_paddr"], loaded["p_filesz"]) == loaded.data()
    assert carveouts(remote).items() <= {address: len(data) for address, data in found.items()}.items()
    record, _ = symbol(image, "ld_crash_record")
    magic, _, pc, _ = RECORD.unpack(word(found, record, RECORD.size))
    if KINDS[kind]:
        start, size = symbol(image, KINDS[kind])
        assert magic == RECORD_MAGIC
        assert start <= pc < start + size, f"pc {pc:#x} is not in {KINDS[kind]}"
    else:
        # Nothing runs any more that could write one; the stack still tells who called.
        assert magic != RECORD_MAGIC
    top, _ = symbol(image, "ld_stack_top")
    start, size = symbol(image, "rpmsg_poll")
    stack = struct.unpack(f"<{STACK_DEPTH // 4}I", word(found, top - STACK_DEPTH, STACK_DEPTH))
    assert any(start < value & ~1 < start + size for value in stack), [hex(value) for value in stack]


@pytest.mark.parametrize("coredump", ["enabled", "inline"])
@pytest.mark.parametrize("kind", KINDS)
def test_coredump(crashed: Remote, machine: LinuxMachine, host: Shell, kind: str, coredump: str) -> None:
    # Inline, the recovery waits for the reader, and so does whoever asked for it.
    job = host.start("recover", f"echo recover >{crashed.sysfs}/recovery")
    host.wait_for(f"ls {DUMPS}", "devcd", crashed.timeout)
    if coredump == "enabled":
        crashed.wait_recovered([CRASH_SERVICE])
        assert host.finish(job).exitcode == 0
    dump = read_dump(host)
    found = segments(dump)
    machine.records.values["coredump_bytes"] = sum(map(len, found.values()))
    if coredump == "inline":
        assert crashed.state() == "offline"
        assert host.run("test -e /tmp/recover.code").exitcode, "the recovery did not wait for the reader"
        assert differing(found, memory(crashed, found)) == set()
        free_dumps(host)
        crashed.wait_recovered([CRASH_SERVICE])
        assert host.finish(job).exitcode == 0
    check_headers(crashed, dump)
    check_contents(crashed, found, kind)
    crashed.crash("none")  # it answers


@pytest.mark.parametrize("coredump", ["enabled"])
@pytest.mark.parametrize("kind", ["loop"])
def test_what_linux_changes_before_it_dumps(crashed: Remote, host: Shell, kind: str, coredump: str) -> None:
    """The dump is made when Linux has taken its side of the link down: the virtio device has lost its driver.

    Everything else is as the crash left it. The byte shows at each address that its memory has.
    """
    before = memory(crashed, {address: bytes(size) for address, size in carveouts(crashed).items()})
    crashed.host.run_check(f"echo recover >{crashed.sysfs}/recovery")
    crashed.wait_recovered([CRASH_SERVICE])
    dump = segments(read_dump(host))
    after = {address: dump[address] for address in before}
    changed = differing(before, after)
    assert vdev_status(elf(crashed)) in changed
    assert {(word(before, at, 1)[0], word(after, at, 1)[0]) for at in changed} == {(LINK_UP, LINK_GONE)}
    alike = [address for address, data in before.items() if data == before[base_of(before, vdev_status(elf(crashed)))]]
    assert len(changed) == len(alike), changed


@pytest.mark.parametrize("coredump", ["disabled"])
@pytest.mark.parametrize("kind", ["loop"])
def test_no_coredump_if_disabled(crashed: Remote, host: Shell, kind: str, coredump: str) -> None:
    crashed.machine.expect_bad("can't change coredump configuration", "host")
    refused = host.run(f"echo enabled >{crashed.sysfs}/coredump")
    assert "Device or resource busy" in refused.output, "it could be changed after the crash"
    host.run_check(f"echo recover >{crashed.sysfs}/recovery")
    crashed.wait_recovered([CRASH_SERVICE])
    assert host.run(f"ls -d {DUMPS}/devcd*").exitcode, "there is a dump"


@pytest.mark.parametrize("coredump", ["enabled"])
@pytest.mark.parametrize("kind", ["loop"])
@pytest.mark.parametrize("second", ["enabled", "inline"])
def test_second_coredump_is_dropped(crashed: Remote, host: Shell, kind: str, coredump: str, second: str) -> None:
    """While nobody has read the first dump, a second crash makes none, and its recovery waits for nobody."""
    host.run_check(f"echo recover >{crashed.sysfs}/recovery")
    crashed.wait_recovered([CRASH_SERVICE])
    (first,) = host.run_check(f"ls -d {DUMPS}/devcd*")
    host.run_check(f"echo {second} >{crashed.sysfs}/coredump")
    crashed.crash(kind, watchdog=True)
    crashed.wait_state("crashed")
    host.run_check(f"echo recover >{crashed.sysfs}/recovery", reason="the second recovery")
    crashed.wait_recovered([CRASH_SERVICE])
    assert host.run_check(f"ls -d {DUMPS}/devcd*") == [first]


@pytest.mark.needs("trace")
@pytest.mark.parametrize("behind", [0, 0x100], ids=["as-a-carveout", "in-a-carveout"])
def test_trace_in_a_coredump(
    remote: Remote, host: Shell, board: Board, artifacts: Artifacts, tmp_path: Path, behind: int
) -> None:
    """It is a segment of its own, unless there is one already that begins where it does; once, in each life anew."""
    remote.start("hello-bare")
    first = next(iter(carveouts(remote)))
    remote.stop()
    trace, image = Trace(first + behind, 0x80), tmp_path / "traced.elf"
    image.write_bytes(Elf(load(board, artifacts.firmware["hello-bare"]).base, table=table(trace)).pack())
    own = [(trace.da, trace.size)] if behind and remote.says("coredump-traces") else []
    host.run_check(f"echo enabled >{remote.sysfs}/coredump")
    remote.expect_crash("mmufault")
    remote.start(image)
    for _ in range(2):
        remote.report_crash("mmufault")
        remote.wait_recovered()
        dump = read_dump(host)
        assert [(s["p_paddr"], s["p_filesz"]) for s in dump.iter_segments()] == [*carveouts(remote).items(), *own]
        free_dumps(host)
    host.run_check(f"echo disabled >{remote.sysfs}/coredump")
