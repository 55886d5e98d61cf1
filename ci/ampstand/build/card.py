# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Makes an SD card on which Debian packages are unpacked: ``python -m ampstand.build.card DEBS FILES MIB CARD``.

A program of its own, so that all of it can run under ``fakeroot``. The card has one partition with an ext4 file system;
dpkg's database on it says that every package is unpacked, so that ``dpkg --configure -a`` goes on from there.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SECTOR = 512
START = 2048
"""First sector of the partition: 1 MiB, as every tool has it."""
LINUX = 0x83
FIRST = "base-files"
"""It has the links from /bin, /lib and /sbin to /usr, which others unpack through."""
INFO = "var/lib/dpkg/info"


def partition_table(sectors: int) -> bytes:
    """Return the first sector of a disk with one Linux partition up to its end."""
    far = b"\xfe\xff\xff"  # beyond what cylinders, heads and sectors can say
    entry = struct.pack("<B3sB3sII", 0x80, far, LINUX, far, START, sectors - START)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def stanza(control: str) -> str:
    """Return a package's entry in dpkg's status file: unpacked, not configured."""
    return re.sub(r"^(Package: .*)$", r"\1\nStatus: install ok unpacked", control.strip(), count=1, flags=re.M) + "\n\n"


def info_name(control: str) -> str:
    """Return how dpkg names a package's files in its database: with the architecture if others may stand beside it."""
    fields = dict(re.findall(r"^(Package|Architecture|Multi-Arch): (.*)$", control, flags=re.M))
    same = fields.get("Multi-Arch") == "same"
    return f"{fields['Package']}:{fields['Architecture']}" if same else fields["Package"]


def unpack(deb: Path, root: Path, work: Path) -> str:
    """Unpack a package into ``root``, and what dpkg keeps of it into its database; return its status."""
    subprocess.run(["dpkg-deb", "--extract", deb, root], check=True)
    shutil.rmtree(work, ignore_errors=True)
    subprocess.run(["dpkg-deb", "--control", deb, work], check=True)
    control = (work / "control").read_text(encoding="utf-8")
    name = info_name(control)
    listing = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
    names = subprocess.run(["tar", "-t"], check=True, input=listing, capture_output=True).stdout.decode()
    files = [line.rstrip("/")[1:] or "/." for line in names.splitlines()]
    (root / INFO / f"{name}.list").write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
    for path in work.iterdir():
        if path.name != "control":
            shutil.copy2(path, root / INFO / f"{name}.{path.name}")
    return stanza(control)


def main(argv: Sequence[str]) -> int:
    """Make the card; what is said is what is being done."""
    debs, files, size, card = Path(argv[0]), Path(argv[1]), int(argv[2]), Path(argv[3])
    root, work = card.with_suffix(".root"), card.with_suffix(".control")
    (root / INFO).mkdir(parents=True)
    root.chmod(0o755)
    (root / INFO / "format").write_text("1\n", encoding="utf-8")
    status = ""
    for deb in sorted(debs.glob("*.deb"), key=lambda path: (not path.name.startswith(f"{FIRST}_"), path.name)):
        print(deb.name, flush=True)
        status += unpack(deb, root, work)
    (root / "var/lib/dpkg/status").write_text(status, encoding="utf-8")
    (root / "var/lib/dpkg/available").touch()
    for path in sorted(files.rglob("*")):
        if path.is_file():
            target = root / path.relative_to(files)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    print("making the file system", flush=True)
    sectors = size * 1024 * 1024 // SECTOR
    with card.open("wb") as file:
        file.write(partition_table(sectors))
        file.truncate(sectors * SECTOR)
    # Without a checksum of each block of metadata and without a journal to fill at first it is made fast.
    offset = f"offset={START * SECTOR},lazy_itable_init=1,lazy_journal_init=1"
    blocks = (sectors - START) * SECTOR // 4096
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-E", offset, "-d", root, card, str(blocks)], check=True
    )
    shutil.rmtree(root)
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
