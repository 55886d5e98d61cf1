# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Reads device trees and puts overlays on them, with the tools of dtc."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ampstand.build import tools
from ampstand.errors import UsageError

SOURCES = (".dts", ".dtso")


def merge(base: Path, overlays: Sequence[Path], output: Path) -> None:
    """Write ``base`` with all overlays on it; a source (``.dts``, ``.dtso``) is compiled first.

    ``UsageError`` says what is wrong with an overlay, or that the base has no symbols.
    """
    tools.require("dtc", "fdtoverlay", "fdtget")
    with tempfile.TemporaryDirectory(prefix="ampstand-dt-") as folder:
        merged = Path(folder) / "merged.dtb"
        shutil.copy(base, merged)
        for number, overlay in enumerate(overlays):
            blob = _compiled(overlay, Path(folder) / f"{number}.dtbo") if overlay.suffix in SOURCES else overlay
            _check_labels(base, merged, blob, overlay)
            step = Path(folder) / f"{number}.dtb"
            done = _run("fdtoverlay", "-i", merged, "-o", step, blob)
            if done.returncode:
                raise UsageError(f"overlay {overlay} does not fit {base.name}: {_last(done)}")
            merged = step
        shutil.copy(merged, output)


def cells(dtb: Path, node: str, name: str) -> list[int]:
    """Return the 32-bit cells of a property; none if the tree has no such property."""
    tools.require("fdtget")
    done = _run("fdtget", "-t", "u", dtb, node, name)
    return [int(word) for word in done.stdout.split()] if done.returncode == 0 else []


def _compiled(source: Path, output: Path) -> Path:
    done = _run("dtc", "-@", "-q", "-I", "dts", "-O", "dtb", "-o", output, source)
    if done.returncode:
        hint = ""
        if "#include" in source.read_text(encoding="utf-8", errors="replace"):
            hint = "dtc knows no #include: run it through `gcc -E -nostdinc -x assembler-with-cpp -I DIR` first"
        raise UsageError(f"overlay {source} cannot be compiled: {_last(done)}", hint=hint)
    return output


def _check_labels(base: Path, merged: Path, blob: Path, overlay: Path) -> None:
    """Fail with the labels that an overlay refers to and the tree does not have."""
    done = _run("fdtget", "-p", blob, "/__fixups__")
    if "FDT_ERR_BAD" in done.stderr or "Couldn't open" in done.stderr:
        raise UsageError(f"overlay {overlay} is no device tree blob", hint="compile it with: dtc -@ -o X.dtbo X.dts")
    wanted = done.stdout.split()
    symbols = _run("fdtget", "-p", merged, "/__symbols__")
    if wanted and symbols.returncode:
        raise UsageError(
            f"{base} has no symbols, so overlay {overlay} cannot refer to its labels",
            hint="compile the device tree with: dtc -@ (for a kernel: make DTC_FLAGS=-@)",
        )
    if missing := sorted(set(wanted) - set(symbols.stdout.split())):
        raise UsageError(f"overlay {overlay} refers to labels that {base.name} does not have: {', '.join(missing)}")


def _run(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line or "FDT_ERR" in line]
    return (errors or lines or [f"exit code {done.returncode}"])[0].strip()
