# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand inspect``: what it prints and its exit codes, for any file."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from elf_files import ADDRESS, made_elf

from ampstand import cli
from ampstand.errors import UsageError
from ampstand.formats.resource_table import ANY, Carveout, Devmem, Trace, Vdev, Vring, entry, table

GOOD = table(Vdev((Vring(), Vring(notifyid=1))), Trace(ADDRESS + 512, 64, name=b"log"))


def inspect(folder: Path, data: bytes, *options: str) -> int:
    """Inspect a file with these contents; return the exit code."""
    path = folder / "x.elf"
    path.write_bytes(data)
    return cli.main(["inspect", str(path), *options])


@pytest.fixture(autouse=True)
def nothing_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let any use of the cache or of a program fail."""
    monkeypatch.setenv("AMPSTAND_CACHE", str(tmp_path / "no" / "cache"))
    monkeypatch.setenv("PATH", "")


def test_a_good_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(tmp_path, made_elf(GOOD)) == 0
    said = capsys.readouterr().out
    for line in (
        "x.elf: 32-bit ARM, EXEC (Executable file), entry 0x10000001",
        "  0x00000000  8         0x38000000  rwx    retram",
        f"resource table at {ADDRESS:#x}, {len(GOOD)} bytes",
        "  vdev     device 7, features 0x20000001, 2 vrings",
        "    vring 1: 16 entries, aligned to 16, at any",
        f"  trace    'log', 64 bytes at {ADDRESS + 512:#x}",
        "Linux starts it",
        "before Linux, and without it, it can run, too (--remote-image, --remote-only)",
    ):
        assert line in said.splitlines()
    assert "without a resource table" not in said


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (made_elf(), 0, "without a resource table: start, stop"),
        (made_elf(b""), 0, "  warned: header-less resource table"),
        (made_elf(GOOD, name=".resources"), 0, "resource table: none"),
        (made_elf(table(entry(128), num=1)), 0, "  warned: unsupported vendor resource 128"),
        (made_elf(table(Devmem(0, 0, 0))), 1, "Linux refuses it: Failed to process resources: -22: a devmem"),
        (made_elf(table(Trace(0, 1).pack()[:-1])), 1, "Linux refuses it: trace rsc is truncated"),
        (made_elf(table(Carveout(b"x", 64))), 0, "known bug of the kernel: carveout-leak"),
        (made_elf(more=((0x08000000, b"flash"),)), 1, "Linux refuses it: bad phdr da 0x8000000 mem 0x5"),
        (made_elf(more=((0x20000000, b"alias"),)), 1, "before Linux, and without it, it can run, too"),
        (made_elf(machine=62), 1, "m4 cannot run it: it is 32-bit code for Advanced Micro Devices X86-64"),
        (made_elf(machine=62, bits=64), 1, "m4 cannot run it: it is 64-bit code"),
        (made_elf(vectors=False), 1, "m4 cannot run it: nothing is loaded at 0x0"),
        (made_elf()[:-1], 1, "Linux refuses it: Section headers are out of bounds"),
        (made_elf()[:60], 1, "  broken: 2 of 2 program headers are behind the end of the file"),
    ],
)
def test_what_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, code: int, line: str) -> None:
    assert inspect(tmp_path, data) == code
    assert line in capsys.readouterr().out


def test_json_has_it_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(tmp_path, made_elf(GOOD), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["can_run"] is True
    assert told["segments"][-1]["host"] == 0x38000000
    assert [item["type"] for item in told["resource_table"]["entries"]] == ["vdev", "trace"]
    assert told["resource_table"]["entries"][0]["vrings"][0] == {"address": ANY, "entries": 16, "align": 16}
    assert inspect(tmp_path, made_elf(machine=62), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["can_run"], told["linux"]["refuses"], len(told["remote"]["refuses"])) == (False, "", 1)


def test_what_cannot_be_read_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect(tmp_path, b"\0" * 100) == UsageError.exit_code
    assert "no ELF file" in capsys.readouterr().err
    assert cli.main(["inspect", str(tmp_path / "none.elf")]) == UsageError.exit_code
    assert "No such file" in capsys.readouterr().err
    assert cli.main(["inspect", str(tmp_path)]) == UsageError.exit_code
    assert inspect(tmp_path, made_elf(), "--board", "virt") == UsageError.exit_code
    assert "virt has no remote" in capsys.readouterr().err


@pytest.mark.parametrize("bits", [32, 64])
def test_a_file_cut_off_anywhere_ends_in_a_verdict(tmp_path: Path, bits: int) -> None:
    good = made_elf(GOOD, bits=bits)
    for size in range(len(good)):
        assert inspect(tmp_path, good[:size], "--json" if size % 2 else "--board=stm32mp157c-dk2") in (1, 2)


def test_nothing_makes_it_fail(tmp_path: Path) -> None:
    chance, good = random.Random(4), made_elf(GOOD)
    for number in range(400):
        data = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        assert inspect(tmp_path, bytes(data), *(["--json"] if number % 2 else [])) in (0, 1, 2)
