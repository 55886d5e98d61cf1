# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What is given to a board on the command line: checked before anything is built or boots."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import pytest
from elf_files import ADDRESS, made_elf
from stand import artifacts
from test_initramfs import unpack

from ampstand import cli
from ampstand.board import Board
from ampstand.commands import given
from ampstand.commands.given import Given
from ampstand.errors import UsageError
from ampstand.formats.resource_table import Trace, Vdev, table
from ampstand.linux.kernel_log import WARNING_LEVEL
from ampstand.report.records import Recorder


def read(*words: str) -> Given:
    """Read a command line for the default board."""
    parser = argparse.ArgumentParser()
    given.add_arguments(parser)
    parser.add_argument("--kernel", type=Path)  # a build option
    return Given.read(parser.parse_args(words), Board.load())


def written(folder: Path, name: str, data: bytes) -> str:
    """Write a file; return its path."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return str(path)


def test_own_files_are_where_linux_finds_them(tmp_path: Path) -> None:
    image, other = made_elf(table(Vdev())), made_elf()
    firmware = ["--firmware", written(tmp_path, "my.elf", image), "--firmware", "echo-bare"]
    file = f"--file={written(tmp_path, 'x=y', b'data')}=/root/deep/data"
    what = read(*firmware, "--remote-image", written(tmp_path, "first.elf", other), file)
    assert [entry.name for entry in what.firmware] == ["my", "echo-bare"]
    assert [entry.has_table for entry in what.firmware] == [True, True]
    assert what.before is not None
    assert (what.before.name, what.before.has_table) == ("first", False)
    build = artifacts(tmp_path)
    own = {"my": tmp_path / "my.elf", "first": tmp_path / "first.elf"}
    machine = what.machine(Board.load(), replace(build, firmware=own), tmp_path / "records")
    command = machine.argv(paste=True)
    assert f"m4-firmware={tmp_path}/first.elf" in command[command.index("-M") + 1]
    machine.records.close()
    found = unpack((tmp_path / "records" / "initramfs.cpio").read_bytes())
    assert found["lib/firmware/my.elf"][1] == image
    assert found["lib/firmware/first.elf"][1] == other
    assert found["root/deep/data"][1] == b"data"
    assert what.firmware[0].has_vdev(replace(build, firmware=own))


@pytest.mark.parametrize(("image", "told"), [(made_elf(table(Vdev())), True), (made_elf(), False)])
def test_what_runs_before_linux_may_have_no_table(tmp_path: Path, image: bytes, told: bool) -> None:
    path = Path(written(tmp_path, "x.elf", image))
    build = replace(artifacts(tmp_path), firmware={"ours": path})
    for name in ("ours", str(path)):
        before = read("--remote-image", name).before
        assert before is not None
        assert before.leaves_table(build) == told


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"text", "no ELF file"),
        (made_elf(machine=62), "code for Advanced Micro Devices X86-64"),
        (
            made_elf(more=((0x08000000, b"flash"),)),
            "Linux would not start it, or it could not run: bad phdr da 0x8000000",
        ),
        (made_elf(table(Trace(ADDRESS, 1).pack()[:-1])), "trace rsc is truncated"),
        (made_elf()[:-1], "Section headers are out of bounds"),
    ],
)
def test_firmware_that_cannot_run_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read("--firmware", written(tmp_path, "my.elf", data))
    assert message in str(caught.value)
    assert "my.elf" in str(caught.value)


def test_before_linux_other_addresses_are_good(tmp_path: Path) -> None:
    path = written(tmp_path, "my.elf", made_elf(more=((0x20010000, b"bus"),)))
    assert read("--remote-image", path).before is not None
    with pytest.raises(UsageError, match="bad phdr da 0x20010000"):
        read("--firmware", path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--firmware", "none.elf"], "No such file"),
        (["--firmware", "folder/none"], "No such file"),
        (["--remote-image", "none.elf"], "No such file"),
        (["--file", "x"], "HOST=GUEST"),
        (["--file", "=/root/x"], "HOST=GUEST"),
        (["--file", "/dev/null=/root/../x"], "HOST=GUEST"),
        (["--file", "/none=/root/x"], "No such file"),
        (["--overlay", "none.dts"], "no such file"),
    ],
)
def test_what_is_not_there(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(*words)


def test_two_files_of_one_name(tmp_path: Path) -> None:
    one, two = written(tmp_path / "a", "my.elf", made_elf()), written(tmp_path / "b", "my.elf", made_elf())
    assert len(read("--firmware", one, "--firmware", one).firmware) == 2
    with pytest.raises(UsageError, match=r"two different files are called my\.elf"):
        read("--firmware", one, "--firmware", two)


def test_names_are_those_of_our_images() -> None:
    what = read("--firmware", "echo-bare", "--remote-image", "hello-bare")
    what.check_names(["echo-bare", "hello-bare"])
    with pytest.raises(UsageError, match="there is no firmware 'hello-bare'") as caught:
        what.check_names(["echo-bare"])
    assert caught.value.hint == "images: echo-bare"


@pytest.mark.parametrize("command", ["run", "demo", "test"])
def test_nothing_is_built_for_a_bad_file(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMPSTAND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")
    assert cli.main([command, "--firmware", written(tmp_path, "x.elf", made_elf(machine=62))]) == UsageError.exit_code
    assert "x.elf" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("own_firmware", "own_kernel", "noted"),
    [(False, False, []), (True, False, ["m4"]), (False, True, ["host"]), (True, True, ["host", "m4"])],
)
def test_what_no_model_has_is_noted_of_what_is_the_users_own(
    tmp_path: Path, own_firmware: bool, own_kernel: bool, noted: list[str]
) -> None:
    words = ["--firmware", written(tmp_path, "own.elf", made_elf())] if own_firmware else []
    what = read(*words, *(["--kernel", "zImage"] if own_kernel else []))
    records = Recorder.for_board(Board.load(), tmp_path / "records")
    records.guest_errors("<cpu0> dmamux1: no model\n<cpu2> adc: no model\n")
    records.feed("host", "linux", "BUG: of whoever\n")
    reasons, notes = given.verdict(records, what)
    assert [note.split()[3] for note in notes] == noted
    assert len(reasons) + len(notes) == 3
    assert any("BUG" in reason for reason in reasons)
    machine = what.machine(Board.load(), artifacts(tmp_path), tmp_path / "machine")
    assert machine.log_level == (-1 if own_kernel else WARNING_LEVEL)
