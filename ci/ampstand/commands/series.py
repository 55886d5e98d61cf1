# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Writes our additions to QEMU as a patch series for a plain QEMU 10.0 tree, to be used with ``git am``.

First comes one patch for each of our files (devices before the SoC that holds them, then the tests), last those for
QEMU's own files, which make them known to the build.
"""

from __future__ import annotations

import re
from pathlib import Path

from ampstand import paths
from ampstand.build import overlay
from ampstand.errors import UsageError

AUTHOR = "The Ampstand authors <ampstand@localhost>"
DATE = "Thu, 1 Jan 1970 00:00:00 +0000"


def groups(files: dict[str, Path]) -> list[tuple[str, list[str]]]:
    """Return the patches as (subject, files): a device's header goes with its source."""
    found: dict[str, list[str]] = {}
    for name in files:
        if name == overlay.DEVICES:
            found.setdefault("configs: add a device list for Ampstand's boards", []).append(name)
        elif name.startswith("tests/qtest/"):
            found.setdefault(f"tests/qtest: add {Path(name).name}", []).append(name)
        else:
            room, stem = re.sub(r"^include/", "", str(Path(name).parent)), Path(name).stem
            found.setdefault(f"{room}: add {stem}", []).append(name)

    def rank(subject: str) -> int:
        places = ("hw/arm: add remote_core", "hw/arm", "tests", "configs")
        return next((number for number, place in enumerate(places, start=1) if subject.startswith(place)), 0)

    return sorted(found.items(), key=lambda item: (rank(item[0]), item[0]))


def new_file(name: str, data: bytes) -> str:
    """Return a git diff that adds one file."""
    lines = data.decode("utf-8").splitlines()
    end = "" if data.endswith(b"\n") else "\n\\ No newline at end of file"
    body = "\n".join(f"+{line}" for line in lines)
    return (
        f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n"
        f"@@ -0,0 +1,{len(lines)} @@\n{body}{end}\n"
    )


def message(subject: str, number: int, total: int, why: str, diff: str) -> str:
    """Return one patch as ``git format-patch`` writes it; ``why``: what its message says, maybe nothing."""
    return (
        f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: {AUTHOR}\nDate: {DATE}\n"
        f"Subject: [PATCH {number}/{total}] {subject}\n\n{why}Signed-off-by: {AUTHOR}\n---\n{diff}-- \n2.0\n\n"
    )


def write(output: Path, root: Path = paths.ROOT) -> list[Path]:
    """Write the series into the folder ``output``; return the files in order."""
    if output.is_dir() and any(output.iterdir()):
        raise UsageError(f"--output {output}: the folder is not empty")
    output.mkdir(parents=True, exist_ok=True)
    files = overlay.own_files(root)
    texts: list[tuple[str, str, str]] = []
    for subject, names in groups(files):
        texts.append((subject, "", "".join(new_file(name, files[name].read_bytes()) for name in names)))
    for patch in overlay.patches(root):
        text = patch.read_text(encoding="utf-8")
        title = re.search(r"^Subject: (?:\[[^]]*\] )?(.*(?:\n .*)*)$", text, flags=re.MULTILINE)
        why = re.search(r"^Subject: .*(?:\n .*)*\n\n((?:.*\n)*?)---\n", text, flags=re.MULTILINE)
        start = re.search(r"^(diff --git |--- a/)", text, flags=re.MULTILINE)
        if start is None:
            raise UsageError(f"{patch} holds no diff")
        diff = re.sub(r"\n-- ?\n[^\n]*\n*\Z", "\n", text[start.start() :])
        named = title[1].replace("\n", "") if title else patch.stem
        texts.append((named, f"{why[1].strip()}\n\n" if why else "", diff))
    written = []
    for number, (subject, told, diff) in enumerate(texts, start=1):
        slug = re.sub(r"[^A-Za-z0-9]+", "-", subject).strip("-")[:52]
        path = output / f"{number:04d}-{slug}.patch"
        path.write_text(message(subject, number, len(texts), told, diff), encoding="utf-8")
        written.append(path)
    return written
