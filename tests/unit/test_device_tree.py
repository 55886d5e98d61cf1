# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Overlays on a device tree, and what is said of those that do not fit."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ampstand.build import device_tree
from ampstand.errors import UsageError

BASE = """/dts-v1/;
/ { soc { #address-cells = <1>; #size-cells = <1>; rproc: cpu@0 { reg = <0 1>; memory = <1>; }; }; };
"""
OVERLAY = """/dts-v1/;
/plugin/;
&rproc { memory = <2>; added: more { }; };
"""
NEXT = """/dts-v1/;
/plugin/;
&added { last; };
"""


def compiled(folder: Path, name: str, source: str, *options: str) -> Path:
    """Compile a source with dtc."""
    (folder / f"{name}.dts").write_text(source)
    output = folder / f"{name}.dtb"
    subprocess.run(["dtc", *options, "-q", "-O", "dtb", "-o", output, folder / f"{name}.dts"], check=True)
    return output


def get(blob: Path, node: str, name: str) -> str:
    """Return a property."""
    return subprocess.run(["fdtget", blob, node, name], check=True, capture_output=True, text=True).stdout.strip()


def test_sources_and_blobs_one_after_the_other(tmp_path: Path) -> None:
    base = compiled(tmp_path, "base", BASE, "-@")
    before = base.read_bytes()
    source, output = tmp_path / "a.dts", tmp_path / "out.dtb"
    source.write_text(OVERLAY)
    device_tree.merge(base, [source, compiled(tmp_path, "b", NEXT, "-@")], output)
    assert get(output, "/soc/cpu@0", "memory") == "2"
    assert get(output, "/soc/cpu@0/more", "last") == ""
    assert base.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (OVERLAY.replace("rproc", "nothing"), "refers to labels that base.dtb does not have: nothing"),
        (OVERLAY.replace("};", "}", 1), "cannot be compiled: .*syntax error"),
        ('#include "x.dtsi"\n' + OVERLAY, "knows no #include"),
        (None, "no device tree blob"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, source: str | None, message: str) -> None:
    base = compiled(tmp_path, "base", BASE, "-@")
    overlay = tmp_path / ("x.dts" if source is not None else "x.dtbo")
    overlay.write_text(source or "text")
    with pytest.raises(UsageError) as caught:
        device_tree.merge(base, [overlay], tmp_path / "out.dtb")
    assert re.search(message, str(caught.value), re.DOTALL), str(caught.value)
    assert not (tmp_path / "out.dtb").exists()


def test_a_tree_without_symbols(tmp_path: Path) -> None:
    overlay = tmp_path / "x.dts"
    overlay.write_text(OVERLAY)
    with pytest.raises(UsageError, match=r"base\.dtb has no symbols"):
        device_tree.merge(compiled(tmp_path, "base", BASE), [overlay], tmp_path / "out.dtb")
