# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import struct
import subprocess
import zlib
from collections import defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from elf_files import made_elf
from rich.console import Console as Terminal
from stand import artifacts, write_board

from ampstand.board import Board
from ampstand.build.arch import ARCHES
from ampstand.build.cache import file_hash
from ampstand.commands import coverage as command
from ampstand.errors import UsageError
from ampstand.formats import lines
from ampstand.formats.elf import Image
from ampstand.qemu.coverage import FILE, Executed, Live, Ran, Span, Unknown, spans
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


def test_a_machine_that_goes_on_has_executed_what_came_before(tmp_path: Path) -> None:
    span = SPANS[0]
    lives = [Live(SPANS), Live(SPANS)]
    for number, live in enumerate(lives):
        live.open(tmp_path / str(number))
    with (tmp_path / "0").open("rb+") as file:
        file.write(b"\x01")
    lives[1].go_on(lives[0].so_far())
    lives[1].save(tmp_path / FILE)
    assert Executed.load(tmp_path / FILE).any(span.core, span.address, span.address + 2)
    Live(SPANS).go_on(Live(SPANS).so_far())  # machines that never ran


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
        ("host", 0, 1, ARCHES["arm"].code[0])
    ]
    live = Live(found, board.remotes)
    live.open(tmp_path / "live")
    assert live.argument(Path("/x")) == (
        f"/x/cover.so,out={tmp_path / 'live'},range=0:1:0xbf000000:0x3000000,log=2:2:0x0:0x10000"
    )


class Log:
    """What the plugin does with the log of the remote."""

    def __init__(self, folder: Path) -> None:
        """Make the file of a machine that knows of no image yet."""
        remote = Board.load(write_board(folder)).remote
        assert remote is not None
        self.live = Live(SPANS, [replace(remote, profile="M"), replace(remote, profile="M", core="dsp", cpu=3)])
        self._path, self._saved = folder / "live", folder / FILE
        self._first = self._at = sum(span.bytes for span in SPANS)
        self.live.open(self._path)
        self._head(wanted=1)

    def write(self, *blocks: int, page: bytes = b"", lost: int = 0, remote: int = 0) -> None:
        """Write a page at 0x1000, if there is one, and blocks of two bytes there, into the log of a remote."""
        self._at = self._first
        wanted, *_ = self._head()
        self._at += remote * (64 << 20)
        _, turn, used, _ = self._head()
        used *= turn == wanted
        entries = struct.pack("=QII", 0x1000, len(page), 1) + page if page else b""
        entries += b"".join(struct.pack("=QII", block, 2, 0) for block in blocks)
        with self._path.open("rb+") as file:
            file.seek(self._at + 24 + used)
            file.write(entries)
        self._head(turn=wanted, used=used + len(entries), lost=lost)

    def read(self) -> Executed:
        """Return what is recorded."""
        self.live.save(self._saved)
        return Executed.load(self._saved)

    def _head(self, **values: int) -> tuple[int, ...]:
        with self._path.open("rb+") as file:
            file.seek(self._at)
            names = ("wanted", "turn", "used", "lost")
            known = dict(zip(names, struct.unpack("=IIQQ", file.read(24)), strict=True)) | values
            file.seek(self._at)
            file.write(struct.pack("=IIQQ", *known.values()))
            return tuple(known.values())


LOOP = b"\xfe\xe7" * 8
VECTORS = bytes(4) + (0x1001).to_bytes(4, "little")


def image(path: Path, code: bytes = LOOP) -> Path:
    """Write an image with this code at 0x1000."""
    path.write_bytes(made_elf(vectors=False, more=((0, VECTORS), (0x1000, code))))
    return path


def test_what_the_remote_executed_is_recorded_by_image(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.live.may_run(image(tmp_path / "one.elf"))
    other = image(tmp_path / "two.elf", LOOP[:8] + b"two")
    (tmp_path / "text").write_text("no image")
    log.live.may_run(tmp_path / "text")
    with pytest.raises(UsageError, match=r"cannot read firmware .*/none\.elf"):
        log.live.may_run(tmp_path / "none.elf")
    assert log.read().images == []
    log.write(0x1000, 0x1002, 0x1008, page=LOOP.ljust(0x1000))
    log.write(0x1004)
    (ran,) = log.read().images
    assert (ran.core, ran.path, ran.sha256) == ("m4", tmp_path / "one.elf", file_hash(tmp_path / "one.elf"))
    assert ran.code == [(0x1000, 0x1006), (0x1008, 0x100A)]
    log.write(0x1000, 0x1008, page=(LOOP[:8] + b"two").ljust(0x1000), lost=3)
    found = log.read()
    assert found.images == [ran]
    assert found.unknown == [Unknown(0x1000, 2, ()), Unknown(0x1008, 2, ())]
    assert found.lost == 3
    log.live.may_run(other)
    found = log.read()
    assert [(one.path.name, one.code) for one in found.images] == [
        ("one.elf", ran.code), ("two.elf", [(0x1000, 0x1002), (0x1008, 0x100A)])
    ]  # fmt: skip
    assert found.unknown == []


def test_each_remote_has_a_log_of_its_own(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.live.may_run(image(tmp_path / "one.elf"))
    log.live.may_run(image(tmp_path / "two.elf", LOOP[:8] + b"two"))
    log.write(0x1002, 0x1008, page=(LOOP[:8] + b"two").ljust(0x1000), remote=1, lost=2)
    log.write(0x1000, 0x1008, page=LOOP.ljust(0x1000), lost=1)
    found = log.read()
    assert [(ran.core, ran.path.name, ran.code) for ran in found.images] == [
        ("m4", "one.elf", [(0x1000, 0x1002), (0x1008, 0x100A)]),
        ("dsp", "two.elf", [(0x1002, 0x1004), (0x1008, 0x100A)]),
    ]
    assert (found.unknown, found.lost) == ([], 3)
    log.live.clear()
    log.write(0x1008, page=LOOP.ljust(0x1000), remote=1)
    (ran,) = log.read().images
    assert (ran.core, ran.path.name, ran.code) == ("dsp", "one.elf", [(0x1008, 0x100A)])


def test_the_log_begins_anew(tmp_path: Path) -> None:
    """Even if the plugin has not come to do so yet."""
    log = Log(tmp_path)
    log.live.may_run(image(tmp_path / "one.elf"))
    log.write(0x1000, 0x1004, page=LOOP.ljust(0x1000))
    log.live.clear()
    found = log.read()
    assert (found.images, found.unknown, found.lost) == ([], [], 0)
    log.write(0x1002, page=LOOP.ljust(0x1000))
    assert [ran.code for ran in log.read().images] == [[(0x1002, 0x1004)]]


def test_what_is_executed_of_an_image_between_two_addresses() -> None:
    ran = Ran("m4", Path("x"), "", [(8, 12), (20, 22), (30, 40)])
    executed = [at for at in range(0, 50, 2) if ran.any(at, at + 2)]
    assert executed == [8, 10, 20, 30, 32, 34, 36, 38]
    assert [ran.any(*places) for places in ((0, 8), (0, 9), (11, 13), (12, 20), (12, 21), (22, 30), (0, 50))] == [
        False, True, True, False, True, False, True
    ]  # fmt: skip


NOTHING = b'{"schema": 3, "spans": [], "modules": {}, "images": [], "unknown": [], "lost": 0}\n' + zlib.compress(b"")


def test_a_file_without_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(NOTHING)
    assert Executed.load(tmp_path / "file").images == []


@pytest.mark.parametrize("text", [b"", b"{}\n", b"not JSON\n", NOTHING.replace(b"3", b"2", 1), NOTHING[:-1]])
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
    return Covered.of(partial(executed(*marks, folder=folder).any, "host"), sources)


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


SEVERAL = """\
static inline __attribute__((always_inline)) void set(volatile int *where, int what)
{
    *where = what;
}

volatile int here[4];

__attribute__((noinline)) void with_calls(int x)
{
    set(&here[0], x);
    if (x > 7)
        set(&here[1],
            x);
    for (int i = 2; i < 4; i++)
        set(&here[i], i);
}

void unlinked(int x)
{
    set(&here[0], x);
}

int main(void)
{
    with_calls(1);
}
"""


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("dialect", [["-O2"], ["-Os", "-ffunction-sections", "-Wl,--gc-sections"]])
def test_a_call_whose_function_was_compiled_in_is_a_line(version: int, dialect: list[str], tmp_path: Path) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers/calls.c").write_text(SEVERAL)
    compiler = ["arm-linux-gnueabihf-gcc", f"-gdwarf-{version}", *dialect, "-nostdlib", "-e", "main"]
    subprocess.run([*compiler, "-o", "program", "drivers/calls.c"], cwd=tmp_path, check=True)
    (found,) = lines.read(tmp_path / "program", ["drivers/"]).values()
    assert {10, 12, 15} <= found.lines.keys()
    assert (20 in found.lines) == ("-Wl,--gc-sections" not in dialect), "what is not linked has no code"
    first, last = (min(found.lines[line]) for line in (10, 12))
    assert first != last
    assert all(
        found.functions["with_calls"][1] <= start < end for line in (10, 12, 15) for start, end in found.lines[line]
    )
    assert not set(found.lines[10]) & set(found.lines[12])


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
    found = json.loads((tmp_path / "json").read_text())["linux"]["drivers/amp/one.c"]
    assert (found["10"], found["9"]) == (["test_x.py::test_x"], [])
    assert "SF:/t/drivers/amp/one.c" in (tmp_path / "lcov").read_text()
    assert cli.main([*argv[:2], "--source", "nothing/"]) == UsageError.exit_code


def test_lines_of_a_module_are_where_it_was_loaded(program: Path, tmp_path: Path) -> None:
    """Of two functions in sections of their own one is in memory."""
    records = run_of(program, tmp_path)
    path = artifacts(tmp_path).kernel.with_name("modules") / "a-module.ko"
    path.parent.mkdir()
    compiler = ["arm-linux-gnueabihf-gcc", "-O0", "-g", "-ffunction-sections", "-marm", "-c"]
    source = tmp_path / "tree/drivers/amp/one.c"
    subprocess.run([*compiler, "-o", str(path), str(source)], cwd=program.parent, check=True)
    places = {".text.called": 0xBF000000}
    (one,) = lines.read(path, ["drivers/amp/"], (), places).values()
    (whole,) = lines.read(program, ["drivers/amp/"]).values()
    line, start = one.functions["called"]
    assert (line, start) == (7, 0xBF000000)
    assert one.functions["twice"][1] < ARCHES["arm"].code[0]
    moved = start - whole.functions["called"][1]
    assert one.lines[10] == [(first + moved, last + moved) for first, last in whole.lines[10]]

    live = Live([Span("host", 0, 1, *ARCHES["arm"].code)])
    live.open(tmp_path / "live")
    with (tmp_path / "live").open("rb+") as file:
        file.write(b"\xff" * 64)
    live.save(records / "scenarios/test_x" / FILE, {"a_module": places, "gone": {".text": 0xBF010000}})
    missing: defaultdict[str, dict[str, None]] = defaultdict(dict)
    (test,) = command.load(records, ["drivers/amp/"], missing=missing).values()
    functions = test.functions["drivers/amp/one.c"]
    assert {name: hit for name, (_, hit) in functions.items()} == {"called": True, "twice": False}
    assert list(missing) == ["code of Linux's module gone"]


def test_modules_that_are_gone_are_in_no_table(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ampstand import cli

    records = run_of(program, tmp_path)
    argv = ["coverage", str(records), "--source", "drivers/amp/"]
    assert cli.main(argv) == 0
    assert "modules" not in capsys.readouterr().out
    span = Span("host", 0, 1, *ARCHES["arm"].code)
    live = Live([span])
    live.open(tmp_path / "live")
    with (tmp_path / "live").open("rb+") as file:
        file.seek(0x1000)
        file.write(b"\1")
    live.save(records / "scenarios/test_x" / FILE)
    assert cli.main(argv) == 0
    assert (
        "in no table: code of modules that Linux no longer had in the end (executed by 1 scenario)"
        in capsys.readouterr().out
    )


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


LIBRARY = """\
int shared(int x)
{
    return x + 1;
}
"""
APPLICATION = """\
int shared(int x);
int {0}(int x);
int {0}(int x)
{{
    return shared(x) + {1};
}}
int dropped{1}(int x);
int dropped{1}(int x)
{{
    return x;
}}
"""


class Images:
    """A run of two images that have a source file in common, and one more in each."""

    def __init__(self, folder: Path) -> None:
        """Make the images and a run in which nothing was executed yet."""
        self.folder = folder
        self.paths: dict[str, Path] = {}
        (folder / "lib.c").write_text(LIBRARY)
        for number, name in enumerate(("one", "two"), 1):
            (folder / f"{name}.c").write_text(APPLICATION.format(name, number))
            self.paths[name] = self.build(name)
        build = replace(artifacts(folder), firmware=self.paths)
        self.records = folder / "records"
        self.records.mkdir()
        build.dump(self.records / "artifacts.json")

    def build(self, name: str, entry: str = "") -> Path:
        """Compile and link an image of two source files, with one function that the linker leaves out."""
        entry = entry or name
        argv = ["arm-linux-gnueabihf-gcc", "-O0", "-g", "-mthumb", "-nostdlib", "-static", "-ffunction-sections"]
        argv += [f"-ffile-prefix-map={self.folder}=.", f"-Wl,-e,{entry}", f"-Wl,-u,{entry}", "-Wl,--gc-sections"]
        argv += ["-Wl,--build-id=none", "-Wl,-Ttext=0x1000", "-Wl,--no-warn-rwx-segments", "-Wl,-N"]
        image = self.folder / f"{name}.elf"
        sources = [self.folder / f"{name}.c", self.folder / "lib.c"]
        subprocess.run([*argv, "-o", str(image), *map(str, sources)], cwd=self.folder, check=True)
        return image

    def scenario(self, test: str, ran: Path, *functions: str, known: bool = True, lost: int = 0) -> None:
        """Record a scenario in which an image executed the beginnings of functions."""
        elf = Image.read(ran.read_bytes())
        folder = self.records / "scenarios" / f"{test}-{len(list(self.records.rglob(FILE)))}"
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps({"scenario": test}))
        log = Log(folder)
        if known:
            log.live.may_run(ran)
        at = [symbol[0] & ~1 for name in functions if (symbol := elf.symbol(name)) is not None]
        log.write(*at, page=elf.memory(0x1000, 0x1000).ljust(0x1000), lost=lost)
        log.read()

    def run(self, *options: str) -> int:
        """Run ``ampstand coverage``."""
        from ampstand import cli

        return cli.main(["coverage", str(self.records), *options])


def test_lines_of_firmware_are_those_of_all_images(tmp_path: Path) -> None:
    images = Images(tmp_path)
    images.scenario("first", images.paths["one"], "one", "shared")
    images.scenario("second", images.paths["two"], "two")
    missing: command.Missing = defaultdict(dict)
    found = command.load_firmware(images.records, [""], missing)
    assert missing == {}
    lines_of = {path: set(hit) for path, hit in command.total(found).lines.items()}
    assert lines_of == {"lib.c": {2, 3, 4}, "one.c": {4, 5, 6}, "two.c": {4, 5, 6}}, "dropped() has no code"
    hit = {test: {path for path, hit in one.lines.items() if any(hit.values())} for test, one in found.items()}
    assert hit == {"first": {"lib.c", "one.c"}, "second": {"two.c"}}
    functions = command.total(found).functions
    assert functions == {"lib.c": {"shared": (2, True)}, "one.c": {"one": (4, True)}, "two.c": {"two": (4, True)}}


def test_of_images_of_the_users_own_those_count_that_ran(tmp_path: Path) -> None:
    images = Images(tmp_path)
    (tmp_path / "a.h").write_text("static inline int seven(void)\n{\n    return 7;\n}\n")
    (tmp_path / "a.c").write_text('#include "a.h"\nint own(void);\nint own(void)\n{\n    return seven();\n}\n')
    images.scenario("first", images.paths["one"], "one")
    images.scenario("second", images.build("a", "own"), "own")
    found = command.load_firmware(images.records, [""], defaultdict(dict))
    document = command.document({}, found, defaultdict(dict))["firmware"]
    assert isinstance(document, dict)
    assert list(document) == ["a.c", "a.h", "lib.c", "one.c", "two.c"]
    assert document["a.c"][4] == ["second"]
    (header,) = command.total(command.load_firmware(images.records, ["a.h"], defaultdict(dict))).lines
    assert header == "a.h", "whatever includes it"


def test_what_is_shown_of_firmware(tmp_path: Path, program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = Images(tmp_path)
    (tmp_path / "vmlinux").write_bytes(program.read_bytes())
    images.scenario("first", images.paths["one"], "one", "shared")
    assert images.run("--json", str(tmp_path / "json"), "--lcov", str(tmp_path / "lcov"), "--firmware-tree", "/f") == 0
    out = capsys.readouterr().out
    assert ["lines of the firmware that 1 scenario executed" in out, "of Linux" in out] == [True, False]
    found = json.loads((tmp_path / "json").read_text())
    assert (found["firmware"]["lib.c"]["2"], found["firmware"]["two.c"]["5"]) == (["first"], [])
    text = (tmp_path / "lcov").read_text()
    assert "SF:/f/lib.c\n" in text
    assert images.run("--source", "drivers/amp/", "--source", "lib.c") == 0
    out = capsys.readouterr().out
    assert [name in out for name in ("lib.c", "drivers/amp/one.c", "two.c")] == [True, True, False]


def test_of_a_long_path_the_end_is_shown() -> None:
    whole, cut = (f"/x/{'y' * length}/one.c" for length in (41, 42))
    shown = Terminal(width=command.WIDTH)
    with shown.capture() as text:
        shown.print(command.table("Linux", Covered({whole: {1: True}, cut: {1: True}}, {whole: {}, cut: {}}), 1))
    names = [line.split()[1] for line in text.get().splitlines() if "one.c" in line]
    assert names == [whole, f"…{cut[2:]}"]


def test_what_of_firmware_cannot_be_told_is_said(
    tmp_path: Path, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = Images(tmp_path)
    (tmp_path / "vmlinux").write_bytes(program.read_bytes())
    for name in ("bare", "gone", "unknown"):
        (tmp_path / f"{name}.c").write_text(APPLICATION.format(name, 7))
    bare, gone, unknown = (images.build(name) for name in ("bare", "gone", "unknown"))
    subprocess.run(["arm-linux-gnueabihf-strip", "--strip-debug", bare], check=True)
    images.scenario("first", bare, "bare")
    for _ in ("machine-1", "machine-2"):
        images.scenario("second", bare, "bare")
    images.scenario("third", gone, "gone")
    images.scenario("fourth", unknown, "unknown", known=False)
    images.scenario("fifth", images.paths["one"], "one", lost=1)
    gone.write_bytes(b"another")
    assert images.run("--json", str(tmp_path / "json")) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "bare.elf has no debug information (executed by 2 scenarios)" in out
    assert "gone.elf is gone, or another file by now (executed by 1 scenario)" in out
    assert "code of an image that is not known (executed by 1 scenario)" in out
    assert "what came when the log of the remote was full (executed by 1 scenario)" in out
    missing = json.loads((tmp_path / "json").read_text())["missing"]
    assert sorted(missing.values()) == [["fifth"], ["first", "second"], ["fourth"], ["third"]]
    assert "lib.c" in out, "of the run's own images"
