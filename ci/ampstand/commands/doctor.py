# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Says what this machine lacks for building and testing, and how to get it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ampstand import paths
from ampstand.build import sources
from ampstand.build.arch import ARCHES
from ampstand.build.cache import Cache
from ampstand.errors import AmpstandError
from ampstand.progress import Progress

FIRST_BUILD_MB = 6000
NEXT_BUILD_MB = 500
MEMORY_MB = 3000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    good: bool
    found: str
    remedy: str = ""


def packages(path: Path = paths.CONFIGS / "packages.txt") -> dict[str, str]:
    """Return the needed Debian packages and what each is for."""
    lines = (line.split("#", 1)[0].split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines())
    return {words[0]: words[1].strip() for words in lines if len(words) == 2}


def installed(names: list[str]) -> set[str]:
    """Return which of the named Debian packages are installed."""
    if shutil.which("dpkg-query") is None:
        return set()
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[1] for row in rows if len(row) == 2 and row[0] == "installed"}


def examine(cache: Cache) -> list[Finding]:
    """Look at everything that building and testing depends on."""
    found = []
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    name = release.get("PRETTY_NAME", "unknown system")
    debian = release.get("ID") == "debian" and release.get("VERSION_ID", "") in ("12", "13")
    found.append(Finding("system", debian, name, "" if debian else "tried on Debian 12 and 13 only; use a container"))
    needed = packages()
    missing = sorted(set(needed) - installed(list(needed)))
    found.append(
        Finding(
            "packages",
            not missing,
            f"{len(needed) - len(missing)} of {len(needed)}",
            f"as root: apt-get install {' '.join(missing)}" if missing else "",
        )
    )
    found.append(_programs())
    wanted = [entry for entry in sources.specs() if not entry.optional]
    kept = [sources.Sources(cache, Progress(), {}).known(entry.name) for entry in wanted]
    have = {source.name for source in kept if source is not None}
    for entry in wanted:
        known = next((source for source in kept if source is not None and source.name == entry.name), None)
        state = known.version if known is not None else "not fetched yet"
        remedy = "" if known is not None else f"`ampstand setup` fetches it, or name a folder: {entry.option} DIR"
        found.append(Finding(entry.title, known is not None, state, remedy))
    if len(have) < len(wanted):
        try:
            sources.find_mirrors()
            found.append(Finding("apt sources", True, "a Debian mirror is set up"))
        except AmpstandError as error:
            found.append(Finding("apt sources", False, error.message, error.hint))
    there = next(folder for folder in (cache.root, *cache.root.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free // 1_000_000
    need = NEXT_BUILD_MB if len(have) == len(wanted) else FIRST_BUILD_MB
    found.append(
        Finding(
            "disk space",
            free >= need,
            f"{free} MB free in {cache.root}",
            "" if free >= need else f"{need} MB are needed: free some, or set AMPSTAND_CACHE",
        )
    )
    memory = _memory_mb()
    found.append(
        Finding(
            "memory",
            memory >= MEMORY_MB,
            f"{memory} MB available",
            "" if memory >= MEMORY_MB else f"builds need up to {MEMORY_MB} MB",
        )
    )
    return found


def _programs() -> Finding:
    """Look for what is called: a package may be installed, and its program hidden by another set-up of the machine."""
    crosses = [arch.cross for arch in ARCHES.values()] + ["arm-none-eabi-"]
    wanted = ["git", "make", "ninja", "ccache", *(f"{cross}gcc" for cross in ("", *crosses))]
    missing = [name for name in wanted if shutil.which(name) is None]
    good = len(wanted) - len(missing)
    remedy = f"not found in PATH: {', '.join(missing)}" if missing else ""
    return Finding("programs", not missing, f"{good} of {len(wanted)}", remedy)


def _memory_mb() -> int:
    """Return how much memory is available."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1000
    return 0


def main() -> int:
    """Print a table of findings; 0 when nothing is missing, else 3."""
    findings = examine(Cache())
    table = Table(box=None, pad_edge=False)
    for title in ("what", "", "found", "remedy"):
        table.add_column(title, overflow="fold")
    for item in findings:
        table.add_row(item.what, "ok" if item.good else "MISSING", item.found, item.remedy)
    Console(highlight=False).print(table)
    return 0 if all(item.good for item in findings) else 3
