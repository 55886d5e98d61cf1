# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ampstand.errors import UsageError
from ampstand.formats import sizes

SOURCE = """\
struct amp { int a; char b[9]; } table[3];
union u { long l; char c; } one = {7};
int f(void) { return one.c; }
int __initcall__kmod_amp__288_1071_init4 = 1;
int g(int x) { return f() + x * 3 - f(); }
"""


def test_sizes_of_a_program(tmp_path: Path) -> None:
    source = tmp_path / "tree/drivers/amp/a.c"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE)
    program = tmp_path / "program"
    options: list[str | Path] = ["-g", "-nostdlib", "-static", "-Wl,-e,f", "-o", program]
    subprocess.run(["arm-linux-gnueabihf-gcc", *options, source], check=True)
    found = sizes.read(program, ["drivers/amp/"])
    expected = {
        "struct amp": 16, "union u": 4, "object table": 48, "object one": 4, "section .bss": 48, "section .data": 8,
        "object __initcall__kmod_amp__N_N_init4": 4,
    }  # fmt: skip
    assert expected.items() <= found.items()
    assert found["function g"] > found["function f"] > 0
    assert found["section .text"] >= found["function g"] + found["function f"]
    assert not [name for name in found if "debug" in name]
    assert "struct amp" not in sizes.read(program, ["drivers/other.c"])
    assert "struct amp" not in sizes.read(program, [])


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    with pytest.raises(UsageError, match="text: "):
        sizes.read(tmp_path / "text", [])
