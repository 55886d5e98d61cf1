# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand bundle``: packs what a set-up has built, and the harness, for machines that have no compilers.

What is in it, and where, says ``build/bundle.py``.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import platform
import re
import shlex
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from ampstand import __version__, paths
from ampstand.board import Board
from ampstand.build import tools
from ampstand.build.artifacts import Artifacts
from ampstand.build.builder import Builder
from ampstand.build.bundle import SUFFIX, Parts, write_list
from ampstand.build.portable import Programs, closure
from ampstand.errors import UsageError
from ampstand.progress import Progress, Step

PROGRAMS = ("dtc", "fdtget", "fdtoverlay")
ASKED_AT_ONCE = 500
"""Files whose packages one call of dpkg-query is asked for: a command line has a limit."""
"""What the harness calls that not every Linux has."""
LAUNCHER = """#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs the harness of this bundle on what is in it.
here=$(dirname -- "$(readlink -f -- "$0")")
export AMPSTAND_BUNDLE="$here" AMPSTAND_PROGRAM="$here/ampstand" PATH="$here/bin:$PATH"
exec "$here/bin/python3" -P -m ampstand "$@"
"""
LICENCES = ("debian/copyright", "usr/share/doc/*/copyright", "COPYING", "LICEN[CS]E*")
"""Where a source says on what terms it may be used; the first that is there counts."""


@dataclass(frozen=True)
class Foreign:
    """Software of others that is in a bundle."""

    name: str
    version: str
    licence: Path | None
    """The text of its terms; None if it lies beside it, as with packages of Python."""

    def spdx(self, key: str) -> str:
        """Return what an SPDX document says of it, which knows it by a key."""
        identity = re.sub("[^A-Za-z0-9.]+", "-", key).strip("-")
        rows = {
            "PackageName": self.name,
            "SPDXID": f"SPDXRef-Foreign-{identity}",
            "PackageVersion": self.version,
            "PackageDownloadLocation": "NOASSERTION",
            "FilesAnalyzed": "false",
            "PackageLicenseConcluded": "NOASSERTION",
            "PackageLicenseDeclared": "NOASSERTION",
            "PackageCopyrightText": "NOASSERTION",
            "Relationship": f"SPDXRef-DOCUMENT DESCRIBES SPDXRef-Foreign-{identity}",
        }
        return "".join(f"{name}: {value}\n" for name, value in rows.items())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``bundle``."""
    parser.set_defaults(board="all", other_boards=[])
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(f"ampstand-{__version__}-{platform.machine()}{SUFFIX}"),
        metavar=f"FILE{SUFFIX}",
        help="default: %(default)s",
    )


def main(args: argparse.Namespace, builder: Builder, progress: Progress) -> int:
    """Pack the boards; return the exit code."""
    output: Path = args.output.absolute()
    if not output.name.endswith(SUFFIX):
        raise UsageError(f"--output {output}: a bundle is called NAME{SUFFIX}")
    if paths.INSTALLED:
        raise UsageError("a bundle is made in a checkout")
    if not output.parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}")
    tools.require("ldd", *PROGRAMS)
    builders = [builder]
    for name in args.other_boards:
        builders.append(Builder(Board.load(name), builder.options, progress, cache=builder.cache, root=builder.root))
    built = [(one, one.all()) for one in builders]
    builder.cache.need_space("a bundle", 1000)
    with tempfile.TemporaryDirectory(prefix="bundle-", dir=builder.cache.work) as scratch:
        folder = Path(scratch) / output.name.removesuffix(SUFFIX)
        folder.mkdir()
        with progress.step(f"packing {output.name}") as step:
            Packer(folder, built, step).run()
            _archive(folder, output, builder.cache.logs / "bundle.log", step)
    size = output.stat().st_size / 1e6
    progress.say(f"{output}: {size:.0f} MB, boards {', '.join(one.board.name for one in builders)}")
    return 0


def _archive(folder: Path, output: Path, log: Path, step: Step) -> None:
    """Write the archive, the same for the same content, and its checksum beside it."""
    part = output.with_name(f".{output.name}.part")
    same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=posix"]
    same.append("--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime")
    step.update("compressing")
    try:
        tools.run(
            ["tar", *same, "--use-compress-program=gzip -n9", "-C", folder.parent, "-cf", part, folder.name],
            what="writing the bundle",
            log=log,
            step=step,
        )
        part.rename(output)
    finally:
        part.unlink(missing_ok=True)
    with output.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    output.with_name(f"{output.name}.sha256").write_text(f"{digest}  {output.name}\n", encoding="utf-8")


class Packer:
    """Fills the folder of a bundle."""

    def __init__(self, folder: Path, built: Sequence[tuple[Builder, Artifacts]], step: Step) -> None:
        """Pack what builders have built, each for its board."""
        self.folder = folder
        self.built = built
        self.root, self.log = built[0][0].root, built[0][0].cache.logs / "bundle.log"
        self.step = step
        self.programs = Programs(folder)
        self.foreign: dict[str, Foreign] = {}

    def run(self) -> None:
        """Fill it."""
        write_list(self.folder, {one.board.name: self._parts(one, built) for one, built in self.built})
        for name in PROGRAMS:
            self.programs.add(Path(str(shutil.which(name))))
        self._harness()
        self._licences()
        launcher = self.folder / "ampstand"
        launcher.write_text(LAUNCHER, encoding="utf-8")
        launcher.chmod(0o755)

    def _parts(self, one: Builder, built: Artifacts) -> Parts:
        """Take what was built for one board."""
        self.step.update(one.board.name)
        qemu = self.folder / "parts" / one.qemu().name / built.qemu.name
        if not qemu.exists():
            self.programs.add(built.qemu)
            qemu.parent.mkdir(parents=True)
            qemu.symlink_to(Path("../../bin") / built.qemu.name)
        busybox = one.sources.get("busybox")
        binary = self.folder / "parts" / busybox.path.name / "bin/busybox"
        if not binary.exists():
            binary.parent.mkdir(parents=True)
            shutil.copy(next(busybox.path.glob("**/bin/busybox")), binary)
        self._sources(one)
        return Parts(
            qemu=self._name(qemu.parent),
            plugins=self._folder(one.plugins()),
            kernel=self._folder(one.kernel(), "vmlinux"),
            kernel_symbols=self._file(one.kernel_symbols()),
            device_tree=self._file(built.dtb) if built.dtb.exists() else "",
            boot_firmware=self._file(built.boot_firmware) if built.boot_firmware else "",
            firmware={soc: self._folder(one.firmware(soc)) for soc in one.socs()},
            host=self._folder(one.host()),
            busybox=self._name(binary.parents[1]),
            initramfs=self._folder(one.initramfs()),
            provenance=built.provenance,
            boot_loader=self._file(built.boot_loader) if built.boot_loader else "",
            secure_boot_loader=self._file(built.secure_boot_loader) if built.secure_boot_loader else "",
            secure_firmware={name: self._file(path) for name, path in built.secure_firmware.items()},
            other_device_trees={name: self._file(path) for name, path in built.other_dtbs.items()},
            signed={name: self._file(path) for name, path in built.signed.items()},
            modules={name: self._file(path) for name, path in built.modules.items()},
            card_loader=self._file(built.card_loader) if built.card_loader else "",
            card_packages={name: self._file(path) for name, path in built.card_packages.items()},
        )

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.folder))

    def _folder(self, built: Path, *without: str) -> str:
        """Take a folder of the cache; return where it is in the bundle."""
        target = self.folder / "parts" / built.name
        if not target.exists():
            shutil.copytree(built, target, ignore=shutil.ignore_patterns(*without))
        return self._name(target)

    def _file(self, built: Path) -> str:
        return f"{self._folder(built.parent)}/{built.name}"

    def _sources(self, one: Builder) -> None:
        """Note the sources of what was built."""
        names = ["qemu", "linux", "freertos", "busybox"]
        names += ["tf-a"] if one.board.boot_chain != "direct" or one.board.boot_card is not None else []
        names += ["u-boot"] if one.board.boot_loader is not None else []
        names += ["optee"] if one.board.secure_world is not None else []
        for name in names:
            source = one.sources.get(name)
            self.foreign[f"{source.path.name} ({name})"] = Foreign(name, source.version, _terms(source.path))

    def _harness(self) -> None:
        """Take Python, the packages that the harness needs, and the harness itself as the wheel that ``pip`` makes."""
        self.step.update("harness")
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as scratch:
            argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", scratch]
            tools.run(argv, what="building the wheel", log=self.log, step=self.step, cwd=self.root)
            (wheel,) = Path(scratch).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                (described,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
                wanted = email.message_from_bytes(archive.read(described)).get_all("Requires-Dist", [])
                packages = closure(Requirement(text).name for text in wanted)
                archive.extractall(self.programs.add_python(packages.values()))
        for package in packages.values():
            self.foreign[f"{package.name} (Python)"] = Foreign(package.name, package.version, None)
        # The folder may be one that cannot be written to: compiled now, whatever the times of the files.
        library = self.folder / "lib"
        argv = [str(self.folder / "bin/python3"), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        argv += ["-s", str(library), "-x", r"/tests/", str(library)]
        tools.run(argv, what="compiling the harness", log=self.log, step=self.step)

    def _licences(self) -> None:
        """Write the terms of everything, and what there is of others' in the software bill of materials."""
        self.step.update("licences")
        for package, version in _packages(self.programs.files):
            terms = Path("/usr/share/doc") / package / "copyright"
            self.foreign[package] = Foreign(package, version, terms if terms.is_file() else None)
        folder = self.folder / "licences"
        shutil.copytree(self.root / "LICENSES", folder)
        for name, foreign in self.foreign.items():
            if foreign.licence is not None:
                shutil.copy(foreign.licence, folder / f"{re.sub('[^A-Za-z0-9_.+-]+', '-', name).strip('-')}.txt")
        bill = self.folder / "sbom.spdx"
        argv = [sys.executable, "-m", "reuse", "--root", str(self.root), "spdx", "--output", str(bill)]
        tools.run(argv, what="the bill of materials", log=self.log, step=self.step)
        with bill.open("a", encoding="utf-8") as file:
            file.writelines(f"\n{foreign.spdx(key)}" for key, foreign in self.foreign.items())


def _terms(folder: Path) -> Path | None:
    return next((path for pattern in LICENCES for path in sorted(folder.glob(pattern))), None)


def _packages(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Return the Debian packages, name and version, that these files are of."""
    # One that was asked for by a link of a merged /usr is known by the other path.
    asked = {str(path) for file in files for path in (file, file.resolve())}
    asked |= {path.removeprefix("/usr") for path in asked}
    paths, found = sorted(asked), ""
    for first in range(0, len(paths), ASKED_AT_ONCE):
        words = shlex.join(paths[first : first + ASKED_AT_ONCE])
        found += tools.output(["sh", "-c", f"dpkg-query -S {words} 2>/dev/null || true"])
    owners = [line.partition(": /")[0] for line in found.splitlines() if not line.startswith("diversion by ")]
    names = sorted({name.partition(":")[0] for each in owners for name in each.split(", ")})
    if not names:
        return []
    listing = tools.output(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *names])
    return [(words[0], words[1]) for words in map(str.split, listing.splitlines())]
