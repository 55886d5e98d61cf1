# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Files with random faults."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from ampstand.linux.badfirmware.generator import Elf, Target
from ampstand.linux.badfirmware.oracle import known_bugs

_ODD_WORDS = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x1000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def mutants(target: Target, seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Return files with random faults in headers, section names or resource table; the same for the same seed.

    Each has one to four flipped bits, overwritten bytes or overwritten words, and now and then its end cut off. Code
    is left alone: what a remote does that runs amok is another matter. Files that hit a known bug are left out. The
    name tells what was done: offsets in the file, in hexadecimal.
    """
    chance = random.Random(seed)
    made = 0
    while made < count:
        elf = Elf(target.base, bits=chance.choice((32, 32, 32, 64)))
        data = bytearray(elf.pack())
        phdrs, table_at = elf.offset_of("phdrs"), elf.offset_of("table")
        in_table = range(table_at, table_at + len(target.base.table))
        places = [
            range(len(elf.bytes_of("ident")), phdrs),
            range(phdrs, elf.offset_of("0")),
            in_table,
            in_table,
            range(in_table.stop, len(data)),
        ]
        done = [f"elf{elf.bits}"]
        for _ in range(chance.randint(1, 4)):
            at = chance.choice(chance.choice(places))
            kind = chance.choice(("bit", "byte", "word"))
            if kind == "bit":
                data[at] ^= 1 << chance.randrange(8)
            elif kind == "byte":
                data[at] = chance.randrange(256)
            else:
                at &= ~3
                data[at : at + 4] = struct.pack("<I", chance.choice(_ODD_WORDS))
            done.append(f"{kind}@{at:x}")
        if chance.random() < 0.05:
            del data[chance.randrange(len(data)) :]
            done.append(f"cut@{len(data):x}")
        if not known_bugs(bytes(data), target):
            made += 1
            yield "+".join(done), bytes(data)
