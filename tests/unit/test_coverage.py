# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from stand import artifacts, write_board

from ampstand.board import Board
from ampstand.commands import coverage as command
from ampstand.errors import UsageError
from ampstand.formats import lines
from ampstand.qemu.coverage import FILE, KERNEL, Executed, Live, Span, spans
from ampstand.report.lcov import Covered, tracefile

SPANS = [Span("host", 0, 1, 0x1000, 0x20000), Span("m4", 2, 2, 0x1000, 0x100)]
SOURCE = """\
static inline int twice(int x)
{
    return 2 * x;
}

int called(int x)
{
    if (x > 7)
        return twice(x);
    return 0;
}
"""


def executed(*addresses: tuple[str, int], folder: Path) -> Executed:
    """Return what is recorded when these addresses are marked as the plugin marks them."""
    live = Live(SPANS)
    live.open(folder / "live")
    data = bytearray((folder / "live").read_bytes())
    for core, address in addresses:
        offset = 0
        for span in SPANS:
            if span.core == core:
                bit = (address - span.address) // 2
                data[offset + bit // 8] |= 1 << bit % 8
            offset += span.bytes
    with (folder / "live").open("rb+") as file:
        file.write(data)
    (folder / "live").unlink()
    live.save(folder / FILE)
    return Executed.load(folder / FILE)


def test_each_halfword_of_each_core_is_told_apart(tmp_path: Path) -> None:
    found = executed(("host", 0x1012), ("host", 0x20FFE), ("m4", 0x10FE), folder=tmp_path)
    assert found.cores == ["host", "m4"]
    places = [("host", at) for at in range(0x1000, 0x21000, 2)] + [("m4", at) for at in range(0x1000, 0x1100, 2)]
    assert [place for place in places if found.any(*place, place[1] + 2)] == [
        ("host", 0x1012), ("host", 0x20FFE), ("m4", 0x10FE)
    ]  # fmt: skip
    assert found.any("host", 0x1000, 0x1014)
    assert not found.any("host", 0x1000, 0x1012)
    assert not found.any("host", 0x1014, 0x1100)
    assert not found.any("host", 0x0, 0x10), "outside of what is recorded"
    assert not found.any("dsp", 0x1012, 0x1014)


def test_what_was_executed_before_is_cleared(tmp_path: Path) -> None:
    live = Live(SPANS)
    live.clear()
    live.save(tmp_path / FILE)
    assert not (tmp_path / FILE).exists(), "it never ran"
    live.open(tmp_path / "live")
    with (tmp_path / "live").open("rb+") as file:
        file.write(b"\xff" * 64)
    live.save(tmp_path / FILE)
    assert Executed.load(tmp_path / FILE).any("host", 0x1000, 0x1002)
    live.clear()
    live.save(tmp_path / FILE)
    assert not Executed.load(tmp_path / FILE).any("host", 0x1000, 0x2000)


def test_the_plugin_is_told_of_all_memory_with_code(tmp_path: Path) -> None:
    board = Board.load(write_board(tmp_path))
    found = spans(board)
    assert [(span.core, span.first, span.last, span.address) for span in found] == [
        ("host", 0, 1, KERNEL["arm"][0]), ("m4", 2, 2, 0)
    ]  # fmt: skip
    live = Live(found)
    live.open(tmp_path / "live")
    assert live.argument(Path("/x")) == (
        f"/x/cover.so,out={tmp_path / 'live'},range=0:1:0xbf000000:0x3000000,range=2:2:0x0:0x10000"
    )


@pytest.mark.parametrize("text", [b"", b"{}\n", b"not JSON\n", b'{"schema": 2}\n', b'{"schema": 1, "spans": []}\nx'])
def test_another_file_is_no_record_of_coverage(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "file").write_bytes(text)
    with pytest.raises(UsageError, match="file is no record of coverage"):
        Executed.load(tmp_path / "file")


@pytest.fixture(params=["-gdwarf-4", "-gdwarf-5"])
def program(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a program that was compiled out of its tree, as kernels are, linked to where the spans are."""
    source = tmp_path / "tree/drivers/amp/one.c"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE)
    (tmp_path / "build").mkdir()
    options = [
        "-O0",
        request.param,
        "-ffunction-sections",
        "-nostdlib",
        "-static",
        "-Wl,-e,called",
        "-Wl,-Ttext=0x1000",
    ]
    options += ["-Wl,--build-id=none", "-marm"]
    subprocess.run(
        ["arm-linux-gnueabihf-gcc", *options, "-o", "vmlinux", str(source)], cwd=tmp_path / "build", check=True
    )
    return tmp_path / "build/vmlinux"


def test_lines_and_functions_of_a_program(program: Path) -> None:
    found = lines.read(program, ["drivers/amp/"])
    assert list(found) == ["drivers/amp/one.c"]
    one = found["drivers/amp/one.c"]
    assert {1, 2, 3, 4, 6, 7, 8, 9, 10, 11} >= set(one.lines) >= {3, 8, 9, 10}
    assert {name: line for name, (line, _) in one.functions.items()} == {"twice": 2, "called": 7}
    assert lines.read(program, ["drivers/amp/one.c"]) == found
    assert lines.read(program, ["drivers/other/", "amp/two.c"]) == {}


def test_a_program_without_lines_is_refused(program: Path, tmp_path: Path) -> None:
    subprocess.run(["arm-linux-gnueabihf-strip", "-o", tmp_path / "stripped", program], check=True)
    with pytest.raises(UsageError, match="stripped has no debug information"):
        lines.read(tmp_path / "stripped", ["drivers/"])
    (tmp_path / "text").write_text("no program")
    with pytest.raises(UsageError, match="text: "):
        lines.read(tmp_path / "text", ["drivers/"])


def test_code_that_was_not_linked_has_no_lines(tmp_path: Path) -> None:
    """Debug information says that it is at address 0."""
    (tmp_path / "one.c").write_text("int kept(void)\n{ return 1; }\nint dropped(void)\n{ return 2; }\n")
    argv = ["arm-linux-gnueabihf-gcc", "-O0", "-g", "-ffunction-sections", "-nostdlib", "-static", "-Wl,-e,kept"]
    subprocess.run([*argv, "-Wl,--gc-sections", "-o", "one", "one.c"], cwd=tmp_path, check=True)
    (found,) = lines.read(tmp_path / "one", [""]).values()
    assert (set(found.lines), set(found.functions)) == ({2}, {"kept"})


def test_a_unit_may_have_no_lines(tmp_path: Path) -> None:
    (tmp_path / "x.s").write_text(
        """
        .section .debug_abbrev
        .byte 1, 0x11, 0, 0x03, 0x08, 0, 0, 0
        .section .debug_info
        .4byte end - start
        start: .2byte 4
        .4byte 0
        .byte 4, 1
        .asciz "drivers/amp/one.c"
        end:
        """
    )
    subprocess.run(["arm-linux-gnueabihf-as", "-o", tmp_path / "x.o", tmp_path / "x.s"], check=True)
    assert lines.read(tmp_path / "x.o", ["drivers/amp/"]) == {}


def covered(program: Path, folder: Path, *executed_lines: int) -> Covered:
    """Return the coverage by a test that executed the code of these lines."""
    sources = lines.read(program, ["drivers/amp/"])
    one = sources["drivers/amp/one.c"]
    marks = [("host", start) for line in executed_lines for start, _ in one.lines[line]]
    return Covered.of(executed(*marks, folder=folder), "host", sources)


def test_a_tracefile_has_each_test(program: Path, tmp_path: Path) -> None:
    tests = {"a[1]": covered(program, tmp_path, 7, 8, 10), "b": covered(program, tmp_path, 3)}
    text = list(tracefile(tests, Path("/tree")))
    assert text.index("TN:a_1_") < text.index("SF:/tree/drivers/amp/one.c") < text.index("TN:b")
    first = text[: text.index("end_of_record")]
    assert {"FN:2,twice", "FN:7,called", "FNDA:0,twice", "FNDA:1,called", "FNF:2", "FNH:1"} <= set(first)
    assert {"DA:3,0", "DA:8,1", "DA:9,0", "DA:10,1", "LH:3"} <= set(first)
    total = Covered()
    for one in tests.values():
        total.add(one)
    assert [line for line, hit in total.lines["drivers/amp/one.c"].items() if hit] == [3, 7, 8, 10]
    assert total.functions["drivers/amp/one.c"]["called"] == (7, True)


def run_of(program: Path, folder: Path) -> Path:
    """Write the records of a run in which one scenario executed line 10."""
    build = artifacts(folder)
    build.kernel.with_name("vmlinux").write_bytes(program.read_bytes())
    records = folder / "records"
    scenario = records / "scenarios/test_x"
    scenario.mkdir(parents=True)
    build.dump(records / "artifacts.json")
    (scenario / "result.json").write_text(json.dumps({"scenario": "test_x.py::test_x"}))
    covered(program, scenario, 10)
    return records


def test_the_lines_of_a_run(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ampstand import cli

    records = run_of(program, tmp_path)
    argv = ["coverage", str(records), "--source", "drivers/amp/"]
    assert cli.main([*argv, "--json", str(tmp_path / "json"), "--lcov", str(tmp_path / "lcov"), "--tree", "/t"]) == 0
    assert "drivers/amp/one.c" in capsys.readouterr().out
    found = json.loads((tmp_path / "json").read_text())["sources"]["drivers/amp/one.c"]
    assert (found["10"], found["9"]) == (["test_x.py::test_x"], [])
    assert "SF:/t/drivers/amp/one.c" in (tmp_path / "lcov").read_text()
    assert cli.main([*argv[:2], "--source", "nothing/"]) == UsageError.exit_code


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("records/artifacts.json", "holds no records of scenarios"),
        ("records/scenarios/test_x/coverage", "holds no coverage"),
        ("vmlinux", "has no debug information"),
    ],
)
def test_what_is_missing_for_it(program: Path, tmp_path: Path, missing: str, text: str) -> None:
    records = run_of(program, tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(UsageError, match=text):
        command.load(records, ["drivers/amp/"])
