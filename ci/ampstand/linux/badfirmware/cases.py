# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is tried, and what comes of each with Linux.

Verdicts: ``drivers/remoteproc/{remoteproc_elf_loader,remoteproc_core,stm32_rproc}.c`` in the Linux sources.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from ampstand.board import Region
from ampstand.formats.elf import Field, Segment
from ampstand.formats.resource_table import ANY, HEADER, Body, Carveout, Devmem, Trace, Vdev, Vring, entry, table
from ampstand.linux.badfirmware.generator import (
    BSS,
    CODE,
    PAGE,
    TABLE_SECTION,
    VECTORS,
    VRINGS,
    Elf,
    Target,
)
from ampstand.linux.known_bugs import KnownBug, bug


class Verdict(Enum):
    """What Linux and the remote do with a file."""

    REFUSED = "the start fails with an error in the kernel's log"
    WORKS = "the remote runs and echoes messages"
    SILENT = "the remote runs and obeys a shutdown, but no rpmsg channel comes up"
    DEAD = "Linux says running, but nothing that obeys a shutdown runs there"


Make = Callable[[Target], bytes]


PHDRS_PAST_END = bug("phdrs-past-end")
NAMES_PAST_END = bug("names-past-end")
FILESZ_WRAPS = bug("elf64-filesz-wraps")
FEW_VRINGS = bug("few-vrings")
VRING_ALIGN = bug("vring-align")
VRING_ASYMMETRIC = bug("vring-asymmetric")
SECOND_VDEV = bug("second-vdev")
CARVEOUT_LEAK = bug("carveout-leak")
CARVEOUT_FORMAT = bug("carveout-format")
VDEV_LEAK = bug("vdev-leak")
SHDRS_UNCHECKED = bug("section-headers-unchecked")
TABLE_SHOWN = bug("table-shown")
CRASH_REPORT = bug("zynqmp-crash-report")
CARVEOUT_TOO_LARGE = bug("carveout-too-large-warns")
BUGS = {
    one.id: one
    for one in (
        PHDRS_PAST_END,
        NAMES_PAST_END,
        FILESZ_WRAPS,
        FEW_VRINGS,
        VRING_ALIGN,
        VRING_ASYMMETRIC,
        SECOND_VDEV,
        CARVEOUT_LEAK,
        CARVEOUT_FORMAT,
        VDEV_LEAK,
        TABLE_SHOWN,
        CRASH_REPORT,
    )
}


@dataclass(frozen=True)
class Case:
    """One malformed file: how it is made, and what comes of it.

    ``log`` are patterns of which each must match a message of level warning or above; ``may`` is one of messages that
    some kernels add. No other such message may come. With a ``bug`` Linux itself misbehaves, and the bug's evidence is
    looked for in place of ``log``. ``warns`` is a bug that only adds a WARNING to that; kernels with the bug
    ``unchecked`` do not look at what is wrong, and what comes of the file on them is left to chance. ``cleared`` is the
    verdict where the driver fills memory with zeros before it loads. Some are for one ``profile`` of the remote's core
    only, or for a Linux with pointers of so many ``bits``.
    """

    name: str
    verdict: Verdict
    make: Make
    log: tuple[str, ...] = ()
    may: str | None = None
    bug: KnownBug | None = None
    warns: KnownBug | None = None
    unchecked: KnownBug | None = None
    cleared: Verdict | None = None
    profile: str = ""
    bits: int = 0

    def meant_for(self, target: Target) -> bool:
        """Return whether it says something about a target."""
        return self.profile in ("", target.profile) and self.bits in (0, target.bits)


def _header(**values: int) -> Make:
    return lambda t: Elf(t.base).header(**values).pack()


def _ident(index: int, value: int) -> Make:
    return lambda t: Elf(t.base).ident(index, value).pack()


def _segment(index: int, **values: int) -> Make:
    return lambda t: Elf(t.base).segment(index, **values).pack()


def _section(**values: int) -> Make:
    return lambda t: Elf(t.base).section(1, **values).pack()


def _more(*make: Callable[[Target], Segment]) -> Make:
    return lambda t: Elf(t.base, more=[one(t) for one in make]).pack()


def _at(address: Callable[[Target], int], data: bytes = b"", memsz: int | None = None) -> Callable[[Target], Segment]:
    def make(target: Target) -> Segment:
        return Segment(address(target), address(target), data, len(data) if memsz is None else memsz)

    return make


def _cut(at: Callable[[Elf], int], bits: int = 32) -> Make:
    def make(target: Target) -> bytes:
        elf = Elf(target.base, bits=bits)
        return elf.pack()[: at(elf)]

    return make


def _table(make: Callable[[Target], bytes]) -> Make:
    return lambda t: Elf(t.base, table=make(t)).pack()


def _raw(**values: int | tuple[int, int]) -> Make:
    """Overwrite what the table's header says."""

    def make(target: Target) -> bytes:
        fields = list(HEADER.unpack_from(target.base.table))
        for name, value in values.items():
            fields[["version", "num", "reserved0", "reserved1"].index(name)] = value
        return Elf(target.base, table=HEADER.pack(*fields) + target.base.table[HEADER.size :]).pack()

    return make


def _offset(value: int) -> Make:
    """Overwrite the offset of the table's second entry."""
    return lambda t: Elf(t.base, table=t.base.table[:20] + struct.pack("<I", value) + t.base.table[24:]).pack()


def _second(make: Callable[[Target], Body | bytes]) -> Make:
    """Put another entry in the place of the trace."""
    return _table(lambda t: table(Vdev(VRINGS), make(t)))


def _vdev(*vrings: Vring, **values: int | tuple[int, int]) -> Make:
    """Put another vdev in the place of the good one."""
    return _table(lambda t: table(Vdev(vrings, **values), t.trace))  # type: ignore[arg-type]


def _vring(**values: int) -> Make:
    """Put another first vring in the place of the good one."""
    return _vdev(Vring(**values), VRINGS[1])


def _both(**values: int) -> Make:
    """Give both vrings other values."""
    return _vdev(Vring(**values), Vring(**{"notifyid": 1} | values))


def _shifted(target: Target) -> bytes:
    """Return a good table whose vdev is at an odd offset."""
    good = Vdev(VRINGS).pack()
    return table(b"\0", good, target.trace, num=2, offsets=[25, 25 + len(good)])


def _names_at_end(target: Target) -> bytes:
    """Return a file of whole pages that ends in the middle of a section's name."""
    elf = Elf(target.base)
    name = TABLE_SECTION[:9]
    size = -(-(len(elf.pack()) + len(name)) // PAGE) * PAGE
    elf.section(1, name=size - len(name) - _int(elf.sections[2]["offset"]))
    return elf.pack().ljust(size - len(name), b"\0") + name


def _end(region: Region) -> int:
    return region.address + region.size


def _last_bytes(target: Target, before: int) -> bytes:
    """Return a file with a segment of 16 bytes that begins so many bytes before the file's end."""
    index = len(target.base.segments)
    elf = Elf(target.base, more=[Segment(_end(target.code) - 16, 0, bytes(16), 16)])
    return elf.segment(index, offset=len(elf.pack()) - before).pack()


def _int(value: Field) -> int:
    assert isinstance(value, int)
    return value


def _high(target: Target) -> bytes:
    """Return an ELF64 file whose addresses are all 4 GiB too high."""
    elf = Elf(target.base, bits=64)
    for fields in elf.segments:
        fields["paddr"] = _int(fields["paddr"]) + (1 << 32)
    return elf.pack()


def _two_tables(target: Target) -> bytes:
    """Return a file with a bad resource table before the good one."""
    elf = Elf(target.base)
    elf.sections.insert(1, elf.sections[1] | {"size": 8})
    return elf.header(shnum=4, shstrndx=3).pack()


AFTER_VDEV = HEADER.size + 2 * 4 + len(Vdev(VRINGS).pack())
"""Size of the resource table up to its second entry."""
R, W, S, D = Verdict.REFUSED, Verdict.WORKS, Verdict.SILENT, Verdict.DEAD
SHDRS = "Section headers are out of bounds"
SHDRS_OUT = "Section header table is out of bounds|Image is too small"
NO_MEMORY = (
    "failed to allocate dma memory",
    "Unable to allocate carveout x: -12",
    "Failed to allocate associated carveouts: -12",
)
FROM_ALLOCATOR = r"^cma: __?cma_alloc\w*: .*alloc failed|^=> \d+ free of \d+ total pages"
"""What the allocator of contiguous memory says itself, before who asked for it does."""
NO_TABLE = "no resource table found for this firmware"
UNPROCESSED = "Failed to process resources: -22"
NO_MATCH = "Failed to process resources: -12"
UNLOADED = "Failed to load program segments: -22"
CUT_TABLE = ("rsc table is truncated", UNPROCESSED)
BAD_PHDR = ("bad phdr da", UNLOADED)


def _left_out(target: Target) -> bytes:
    """Return a file with one program header more than it says to have, of a segment for which there is no memory."""
    elf = Elf(target.base, more=[_at(lambda _: 0xC0000000, bytes(16))(target)])
    return elf.header(phnum=len(elf.segments) - 1).pack()


def _without_null(target: Target) -> bytes:
    """Return a file whose first section is the one with the resource table."""
    elf = Elf(target.base)
    del elf.sections[0]
    return elf.header(shnum=len(elf.sections), shstrndx=1).pack()


def _table_last(target: Target) -> bytes:
    """Return a file whose last section is the one with the resource table."""
    elf = Elf(target.base)
    elf.sections.append(elf.sections.pop(1))
    return elf.header(shstrndx=1).pack()


def _no_memory(name: str, size: int) -> Case:
    """Return the case of a carveout that no memory is there for."""
    make = _second(lambda _: Carveout(b"x", size))
    return Case(name, R, make, NO_MEMORY, FROM_ALLOCATOR, warns=CARVEOUT_TOO_LARGE)


CASES: tuple[Case, ...] = (
    # The file and its identification.
    Case(
        "empty",
        R,
        lambda _: b"",
        ("Direct firmware load .* failed with error -22", "request_firmware failed: -22"),
        may=r"loading \S+ failed with error -22|firmware: failed to load \S+ \(-22\)",
    ),
    Case("one-byte", R, lambda _: b"\x7f", ("Image is too small",)),
    Case("text", R, lambda _: b"This is no firmware.\n" * 100, ("bad magic",)),
    Case("zeros", R, lambda _: bytes(65536), ("bad magic",)),
    Case("magic", R, _ident(3, ord("G")), ("bad magic",)),
    Case("class-0", R, _ident(4, 0), ("Unsupported class: 0",)),
    Case("class-3", R, _ident(4, 3), ("Unsupported class: 3",)),
    Case("class-64-in-elf32", R, _ident(4, 2), (SHDRS_OUT,), unchecked=SHDRS_UNCHECKED),
    Case(
        "class-32-in-elf64",
        R,
        lambda t: Elf(t.base, bits=64).ident(4, 1).pack(),
        (SHDRS,),
        unchecked=SHDRS_UNCHECKED,
    ),
    Case("elf64", W, lambda t: Elf(t.base, bits=64).pack()),
    Case("big-endian", R, _ident(5, 2), ("Unsupported firmware endianness",)),
    Case("no-endianness", R, _ident(5, 0), ("Unsupported firmware endianness",)),
    Case("ident-version", W, _ident(6, 0)),
    # Cut off.
    Case("cut-in-ident", R, _cut(lambda _: 10), ("Image is too small",)),
    Case("cut-in-header", R, _cut(lambda _: 51), ("Image is too small",)),
    Case("cut-after-header", R, _cut(lambda _: 52), (SHDRS_OUT,)),
    Case("cut-in-elf64-header", R, _cut(lambda _: 63, 64), ("elf64 header is too small",)),
    Case("cut-in-phdrs", R, _cut(lambda e: e.offset_of("phdrs") + 40), (SHDRS_OUT,)),
    Case("cut-in-code", R, _cut(lambda e: e.offset_of("1") + 40), (SHDRS_OUT,)),
    Case("cut-in-table", R, _cut(lambda e: e.offset_of("table") + 40), (SHDRS_OUT,)),
    Case(
        "cut-before-shdrs",
        R,
        _cut(lambda e: e.offset_of("shdrs")),
        (f"{SHDRS}|Image is too small",),
    ),
    Case(
        "cut-in-shdrs",
        R,
        _cut(lambda e: e.offset_of("shdrs") + 90),
        (SHDRS,),
        unchecked=SHDRS_UNCHECKED,
    ),
    # The ELF header.
    Case("type-none", W, _header(type=0)),
    Case("type-core", W, _header(type=4)),
    Case("machine-none", W, _header(machine=0)),
    Case("machine-x86-64", W, _header(machine=62)),
    Case("version", W, _header(version=99)),
    Case("entry", W, _header(entry=0xDEADBEEF)),
    Case("ehsize", W, _header(ehsize=0xFFFF)),
    Case("phentsize", W, _header(phentsize=0)),
    Case("shentsize", W, _header(shentsize=0xFFFF)),
    Case("phnum-0", R, _header(phnum=0), ("No loadable segments",)),
    Case("phoff-past-end", R, _header(phoff=0x10000000), ("Firmware size is too small",)),
    Case("phoff-max", R, _header(phoff=ANY), ("Firmware size is too small",)),
    # One more would be refused: it goes nowhere.
    Case("phnum-leaves-out-a-bad-one", W, _left_out),
    Case("table-in-section-0", W, _without_null),
    Case("table-in-last-section", W, _table_last),
    Case("shoff-past-end", R, _header(shoff=0x10000000), (SHDRS_OUT,)),
    Case("shoff-max", R, _header(shoff=ANY), (SHDRS_OUT,), unchecked=SHDRS_UNCHECKED),
    Case("shnum-max", R, _header(shnum=0xFFFF), (SHDRS,), unchecked=SHDRS_UNCHECKED),
    Case("shnum-0", S, _header(shnum=0), (NO_TABLE,)),
    Case("shstrndx-max", R, _header(shstrndx=0xFFFF), ("Image is too small",), unchecked=SHDRS_UNCHECKED),
    Case("shstrndx-wrong", S, _header(shstrndx=1), (NO_TABLE,)),
    Case("shstrndx-null-section", S, _header(shstrndx=0), (NO_TABLE,)),
    Case("headers-unaligned", W, lambda t: Elf(t.base, gap=1).pack()),
    # Segments.
    Case("no-load-segment", W, lambda t: _all_segments(t, type=0), cleared=D),
    Case("code-not-loaded", W, _segment(CODE, memsz=0, filesz=0), cleared=D),
    Case("memsz-0-filesz-not", W, _segment(CODE, memsz=0), cleared=D),
    Case("paddr-nowhere", R, _segment(CODE, paddr=0xC0000000), BAD_PHDR),
    Case("paddr-max", R, _segment(CODE, paddr=0xFFFFFFF0), BAD_PHDR),
    Case("paddr-across-end", R, _more(_at(lambda t: t.code.address + t.code.size - 8, bytes(16))), BAD_PHDR),
    Case("paddr-below", R, _more(_at(lambda t: t.table.address - 8, bytes(16))), BAD_PHDR),
    Case("paddr-buffers", R, _more(_at(lambda t: t.regions["vdev0buffer"].address, bytes(16))), BAD_PHDR),
    Case("paddr-vring", W, _more(_at(lambda t: t.regions["vdev0vring0"].address, b"\xff" * 4096))),
    Case("paddr-4g-too-high", W, _high),
    Case("vaddr", W, _segment(CODE, vaddr=0xDEADBEE0)),
    Case("align", W, _segment(CODE, align=3)),
    Case("filesz-over-memsz", R, _segment(CODE, memsz=16), ("bad phdr filesz", UNLOADED)),
    Case("filesz-past-end", R, _segment(CODE, filesz=0x20000, memsz=0x20000), ("truncated fw", UNLOADED)),
    Case("filesz-max", R, _segment(CODE, filesz=ANY, memsz=ANY), ("truncated fw", UNLOADED)),
    Case("offset-past-end", R, _segment(CODE, offset=0x100000), ("truncated fw", UNLOADED)),
    Case("offset-max", R, _segment(CODE, offset=ANY), ("truncated fw", UNLOADED)),
    Case("memsz-2g", R, _segment(BSS, memsz=0x7FFFFFFF), BAD_PHDR),
    Case("memsz-max-at-start", R, _segment(CODE, memsz=ANY), BAD_PHDR),
    # Offset and size wrap in rproc_da_to_va(); memset() of ARM takes the size for a negative one and does nothing.
    Case("memsz-max-wraps", W, _segment(BSS, memsz=ANY), bits=32),
    Case("memsz-max-wraps-not", R, _segment(BSS, memsz=ANY), BAD_PHDR, bits=64),
    Case(
        "memsz-over-4g",
        R,
        lambda t: Elf(t.base, bits=64).segment(BSS, memsz=1 << 40).pack(),
        ("does not fit in size_t", "Failed to load program segments: -75"),
        bits=32,
    ),
    Case("memsz-1t", R, lambda t: Elf(t.base, bits=64).segment(BSS, memsz=1 << 40).pack(), BAD_PHDR, bits=64),
    Case("overlapping", W, lambda t: Elf(t.base, more=t.base.segments).pack()),
    # Zeros, and a table, are instructions to a core of profile R: it comes to what is behind them.
    Case("vectors-zeroed", D, _more(_at(lambda t: t.base.segments[VECTORS].paddr, memsz=4096)), profile="M"),
    Case("code-overwritten", D, _more(_at(lambda t: t.base.segments[CODE].paddr, b"\xff" * 4096))),
    Case("unknown-types", W, lambda t: _with_types(t, (4, 6, 0x70000001, ANY))),
    Case("500-empty-segments", W, lambda t: Elf(t.base, more=[Segment(0, 0, b"", 0)] * 500).pack()),
    # One byte below a limit, on it, or above it.
    Case("segment-in-the-last-bytes", W, _more(_at(lambda t: _end(t.code) - 16, bytes(16)))),
    Case("segment-one-byte-over", R, _more(_at(lambda t: _end(t.code) - 16, bytes(17))), BAD_PHDR),
    Case("segment-one-byte-over-in-memory", R, _more(_at(lambda t: _end(t.code) - 16, bytes(16), 17)), BAD_PHDR),
    Case("segment-one-byte-below", R, _more(_at(lambda t: t.table.address - 1, b"\0")), BAD_PHDR),
    Case(
        "filesz-one-over-memsz",
        R,
        _more(_at(lambda t: _end(t.code) - 16, bytes(16), 15)),
        ("bad phdr filesz", UNLOADED),
    ),
    Case("filesz-to-the-end", W, lambda t: _last_bytes(t, 16)),
    Case("filesz-one-past-end", R, lambda t: _last_bytes(t, 15), ("truncated fw", UNLOADED)),
    Case("cut-by-one-byte", R, _cut(lambda e: len(e.pack()) - 1), (SHDRS,), unchecked=SHDRS_UNCHECKED),
    Case("section-cut-in-the-last-offset", S, _section(size=23), ("resource table incomplete", NO_TABLE)),
    Case("section-cut-after-offsets", R, _section(size=24), CUT_TABLE),
    Case("section-cut-by-one-in-vdev", R, _section(size=AFTER_VDEV - 1), ("vdev rsc is truncated", UNPROCESSED)),
    Case("section-cut-after-vdev", R, _section(size=AFTER_VDEV), CUT_TABLE),
    Case(
        "carveout-one-byte-more",
        R,
        _second(lambda t: _claim(t, t.table, more=1)),
        ("doesn't fit len request", NO_MATCH),
    ),
    Case("carveout-one-byte-less", W, _second(lambda t: _claim(t, t.code, more=-1))),
    Case("carveout-one-byte-below", R, _second(lambda t: _claim(t, t.table, -1)), ("doesn't fit da request", NO_MATCH)),
    # The section of the resource table.
    Case("section-name", S, _section(name=2), (NO_TABLE,)),
    Case("section-type", W, _section(type=8)),
    Case("section-size-0", S, _section(size=0), ("header-less resource table", NO_TABLE)),
    Case("section-cut-in-header", S, _section(size=15), ("header-less resource table", NO_TABLE)),
    Case("section-cut-in-offsets", S, _section(size=20), ("resource table incomplete", NO_TABLE)),
    Case("section-cut-in-vdev", R, _section(size=60), ("vdev rsc is truncated", UNPROCESSED)),
    Case("section-cut-in-trace", R, _section(size=120), ("trace rsc is truncated", UNPROCESSED)),
    Case("section-past-end", S, _section(size=0x20000), ("resource table truncated", NO_TABLE)),
    Case("section-size-max", S, _section(size=ANY), ("resource table truncated", NO_TABLE)),
    Case("section-offset-past-end", S, _section(offset=0x20000), ("resource table truncated", NO_TABLE)),
    Case("section-too-large", W, _table(lambda t: t.base.table.ljust(8192, b"\xa5"))),
    Case("section-addr-nowhere", S, _section(addr=0xC0000000)),
    Case("section-addr-vectors", D, _section(addr=0), profile="M"),
    Case("two-tables", S, _two_tables, ("header-less resource table", NO_TABLE)),
    # The resource table's header and offsets.
    Case("table-version-0", S, _raw(version=0), ("unsupported fw ver: 0", NO_TABLE)),
    Case("table-version-2", S, _raw(version=2), ("unsupported fw ver: 2", NO_TABLE)),
    Case("table-version-max", S, _raw(version=ANY), ("unsupported fw ver: -1", NO_TABLE)),
    Case("table-reserved-0", S, _raw(reserved0=1), ("non zero reserved bytes", NO_TABLE)),
    Case("table-reserved-1", S, _raw(reserved1=ANY), ("non zero reserved bytes", NO_TABLE)),
    Case("table-num-0", S, _raw(num=0)),
    Case("table-num-more", R, _raw(num=3), CUT_TABLE),
    Case("table-num-max", S, _raw(num=ANY), ("resource table incomplete", NO_TABLE)),
    Case("table-num-2g", S, _raw(num=0x40000000), ("resource table incomplete", NO_TABLE)),
    Case("entry-offset-0", R, _offset(0), CUT_TABLE),
    Case("entry-offset-in-header", R, _offset(15), CUT_TABLE),
    Case("entry-offset-end", R, _offset(140), CUT_TABLE),
    Case("entry-offset-last-bytes", R, _offset(137), CUT_TABLE),
    Case("entry-offset-2g", R, _offset(0x80000000), CUT_TABLE),
    Case("entry-offset-minus-4", R, _offset(0xFFFFFFFC), CUT_TABLE),
    Case("entry-unaligned", S, _table(_shifted)),
    # Entries of other types.
    Case("entry-type-last", W, _second(lambda _: entry(4)), ("unsupported resource 4",)),
    Case("entry-type-127", W, _second(lambda _: entry(127)), ("unsupported resource 127",)),
    Case(
        "entry-type-vendor",
        W,
        _second(lambda _: entry(128)),
        ("unsupported vendor resource 128",),
        unchecked=CRASH_REPORT,
    ),
    Case("entry-type-vendor-last", W, _second(lambda _: entry(512)), ("unsupported vendor resource 512",)),
    Case("entry-type-after-vendor", W, _second(lambda _: entry(513)), ("unsupported resource 513",)),
    Case("entry-type-max", W, _second(lambda _: entry(ANY)), ("unsupported resource -1",)),
    # Traces.
    Case("trace-cut", R, _second(lambda t: t.trace[:-1]), ("trace rsc is truncated", UNPROCESSED)),
    Case("trace-reserved", R, _second(lambda _: Trace(0, 64, reserved=1)), ("non zero reserved bytes", UNPROCESSED)),
    Case("trace-nowhere", W, _second(lambda _: Trace(0xC0000000, 4096))),
    Case("trace-across-end", W, _second(lambda t: Trace(t.code.address + t.code.size - 64, 4096))),
    Case("trace-size-0", W, _second(lambda t: Trace(t.base.segments[BSS].paddr, 0))),
    Case("trace-size-max", W, _second(lambda t: Trace(t.base.segments[BSS].paddr, ANY))),
    Case("trace-name-open", W, _second(lambda t: Trace(t.base.segments[BSS].paddr, 64, name=b"t" * 32))),
    Case("20-traces", S, _table(lambda t: table(*[Trace(t.base.segments[BSS].paddr, 64)] * 20))),
    # Memory that the firmware asks for.
    Case("devmem", R, _second(lambda _: Devmem(0x40000000, 0x40000000, 4096)), (UNPROCESSED,)),
    Case("devmem-absurd", R, _second(lambda _: Devmem(ANY, ANY, ANY)), (UNPROCESSED,)),
    Case(
        "carveout-cut", R, _second(lambda _: Carveout(b"x", 64).pack()[:-1]), ("carveout rsc is truncated", UNPROCESSED)
    ),
    Case(
        "carveout-reserved",
        R,
        _second(lambda _: Carveout(b"x", 64, reserved=1)),
        ("non zero reserved bytes", UNPROCESSED),
    ),
    _no_memory("carveout-size-0", 0),
    _no_memory("carveout-1g", 1 << 30),
    _no_memory("carveout-max", ANY),
    Case("carveout-claimed", W, _second(lambda t: _claim(t, t.code))),
    Case("carveout-below", R, _second(lambda t: _claim(t, t.table, -4)), ("doesn't fit da request", NO_MATCH)),
    Case("carveout-beyond", R, _second(lambda t: _claim(t, t.table, 4)), ("doesn't fit len request", NO_MATCH)),
    Case(
        "carveout-twice",
        R,
        _table(lambda t: table(_claim(t, t.table), _claim(t, t.table))),
        ("Carveout already associated", NO_MATCH),
    ),
    # The vdev and its vrings.
    Case("vdev-3-vrings", R, _vdev(*VRINGS, Vring()), ("too many vrings: 3", UNPROCESSED)),
    Case("vdev-255-vrings", R, _vdev(*VRINGS, count=255), ("vdev rsc is truncated", UNPROCESSED)),
    Case("vdev-reserved-0", R, _vdev(*VRINGS, reserved=(1, 0)), ("non zero reserved bytes", UNPROCESSED)),
    Case("vdev-reserved-1", R, _vdev(*VRINGS, reserved=(0, 1)), ("non zero reserved bytes", UNPROCESSED)),
    Case("vdev-config-len", R, _vdev(*VRINGS, config_len=4096), ("vdev rsc is truncated", UNPROCESSED)),
    Case("vdev-config-len-max", R, _vdev(*VRINGS, config_len=ANY), ("vdev rsc is truncated", UNPROCESSED)),
    Case("vdev-unknown-device", S, _vdev(*VRINGS, device=0xFFFF)),
    # Newer drivers of the console read its size when they begin, others when it changes.
    Case("vdev-console", S, _vdev(*VRINGS, device=3), may="rproc_virtio_get: access out of bounds"),
    Case("vdev-no-features", S, _vdev(*VRINGS, dfeatures=0)),
    Case("vdev-all-features", W, _vdev(*VRINGS, dfeatures=ANY)),
    Case("vdev-gfeatures", W, _vdev(*VRINGS, gfeatures=ANY)),
    Case("vdev-status", W, _vdev(*VRINGS, status=0xFF)),
    Case("vring-notifyid", W, _both(notifyid=99)),
    Case("vring-pa", W, _both(pa=0xDEAD0000)),
    Case("vring-align-3", S, _both(align=3)),
    Case("vring-num-3", S, _both(num=3)),
    Case(
        "vring-num-2g",
        S,
        _both(num=1 << 31),
        ("vring_new_virtqueue input failed", "(probe with driver|probe of) .*failed with error -12"),
        warns=bug("vring-too-large-warns"),
    ),
    Case("vring-num-8", S, _both(num=8)),
    # Where Linux misbehaves.
    Case("section-headers-past-end", R, _header(shstrndx=0xF000), bug=SHDRS_UNCHECKED),
    Case("phdrs-past-end", R, lambda t: _phdrs_behind(t, 1, phnum=0xFFFF), bug=PHDRS_PAST_END),
    Case("phdrs-at-end", R, lambda t: _phdrs_behind(t, 0), bug=PHDRS_PAST_END),
    Case("section-name-past-end", R, _section(name=0x10000000), bug=NAMES_PAST_END),
    Case("names-past-end", R, lambda t: Elf(t.base).section(2, offset=0x10000000).pack(), bug=NAMES_PAST_END),
    Case("names-at-end", R, _names_at_end, bug=NAMES_PAST_END),
    Case(
        "elf64-filesz-wraps",
        R,
        lambda t: Elf(t.base, bits=64).segment(CODE, offset=(1 << 64) - 0x1000, filesz=0x1000, memsz=0x1000).pack(),
        bug=FILESZ_WRAPS,
    ),
    Case("section-headers-at-0", R, _header(shoff=0, shnum=1, shstrndx=0), bug=NAMES_PAST_END),
    Case("crash-report", W, _second(lambda _: entry(128) + bytes(19)), bug=CRASH_REPORT),
    Case("carveout-small", W, _second(lambda _: Carveout(b"x", 64)), bug=CARVEOUT_LEAK),
    Case("carveout-elsewhere", W, _second(lambda _: Carveout(b"x", 4096, da=0x12345000)), bug=CARVEOUT_LEAK),
    Case("carveout-name-open", W, _second(lambda _: Carveout(b"x" * 32, 4096).pack() + b"y" * 64), bug=CARVEOUT_LEAK),
    Case("carveout-format", W, _second(lambda _: Carveout(b"%x,%x,%x,%x", 4096)), bug=CARVEOUT_FORMAT),
    Case("vdev-no-vring", S, _vdev(device=0xFFFF), bug=FEW_VRINGS),
    Case("vdev-one-vring", S, _vdev(Vring(), device=0xFFFF), bug=FEW_VRINGS),
    Case("rpmsg-no-vring", S, _vdev(), bug=FEW_VRINGS),
    Case("rpmsg-one-vring", S, _vdev(Vring()), bug=FEW_VRINGS),
    Case("vring-align-max", S, _both(align=ANY), bug=VRING_ALIGN),
    Case("vring-asymmetric", S, _vdev(Vring(num=16), Vring(num=4, notifyid=1)), bug=VRING_ASYMMETRIC),
    Case("second-vdev", D, _second(lambda _: Vdev(VRINGS)), bug=SECOND_VDEV),
    Case("vring-num-0", S, _vring(num=0), bug=VDEV_LEAK),
    Case("vring-align-0", S, _vring(align=0), bug=VDEV_LEAK),
    Case("vring-num-1024", S, _both(num=1024), bug=VDEV_LEAK),
    Case("vring-align-2g", S, _both(align=1 << 31), bug=VDEV_LEAK),
    Case("vring-da", S, _vring(da=0x12345678), bug=VDEV_LEAK),
)


def _all_segments(target: Target, **values: int) -> bytes:
    elf = Elf(target.base)
    for index in range(len(elf.segments)):
        elf.segment(index, **values)
    return elf.pack()


def _with_types(target: Target, kinds: Sequence[int]) -> bytes:
    """Add segments that would be refused if they were to be loaded."""
    elf = Elf(target.base, more=[Segment(0xC0000000, 0, b"", ANY)] * len(kinds))
    for index, kind in enumerate(kinds):
        elf.segment(len(target.base.segments) + index, type=kind)
    return elf.pack()


def _phdrs_behind(target: Target, pages: int, **header: int) -> bytes:
    """Return a file of whole pages whose program headers begin behind the image, where so many pages are zero."""
    data = Elf(target.base).pack()
    size = -(-len(data) // PAGE) * PAGE
    return Elf(target.base).header(phoff=size, **header).pack().ljust(size + pages * PAGE, b"\0")


def _claim(target: Target, region: Region, shift: int = 0, more: int = 0) -> Carveout:
    """Return a carveout entry for a region of the board, moved by some bytes, and so many more."""
    (name,) = (name for name, other in target.regions.items() if other is region)
    return Carveout(name.encode(), region.size + more, da=region.address + shift)
