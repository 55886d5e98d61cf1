# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The command that is printed with a failure: it runs exactly that test, on exactly those inputs."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import checkout
import pytest

from ampstand import cli, paths
from ampstand.commands import test as checks
from ampstand.report import rerun
from ampstand.report.results import Run

SCENARIOS = """
import json, pytest
from pathlib import Path

@pytest.mark.parametrize("what", ["plain", "it's a [b]", "x::y"])
def test_fails(what, request, machine, board):
    seen = {"what": what, "board": board.path.name, "thread": machine.thread}
    seen |= {name: request.config.getoption(f"ampstand_{name}") for name in ("seed", "mutants", "soak")}
    with Path(request.config.rootpath, "seen").open("a") as file:
        file.write(json.dumps(seen) + "\\n")
    assert what == "nothing"

def test_other(): assert False
"""


def seen(root: Path) -> list[dict[str, object]]:
    """Return what each run of the scenario saw, and forget it."""
    found = [json.loads(line) for line in (root / "seen").read_text().splitlines()]
    (root / "seen").unlink()
    return found


def commands_in(text: str) -> list[str]:
    """Return the commands that were printed."""
    mark = "run it again: "
    return list(dict.fromkeys(line.partition(mark)[2] for line in text.splitlines() if mark in line))


def test_a_printed_command_runs_the_same_test_on_the_same_inputs(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "check out", tmp_path / "else where"
    script = checkout.write(root, SCENARIOS)
    elsewhere.mkdir()
    (elsewhere / "my.config").touch()
    (elsewhere / "linux").mkdir()
    words = [
        str(script), "test", "--only", "scenarios", "--board", "../check out/fake-good.toml", "--thread", "single",
        "--kernel-config", "my.config", "--kernel-src", "linux", "--debug-info", "-j", "1", "--records", "first",
        "-k", "b or other", "--", "--ampstand-seed", "7", "--ampstand-mutants=3", "--ampstand-soak", "-v",
    ]  # fmt: skip
    first = checkout.call(shlex.join(words), root, elsewhere)
    assert first.returncode == 1, first.stderr
    assert first.stdout.splitlines()[-1] == "0 passed, 2 failed"
    (before,) = seen(root)
    built = json.loads((root / "built").read_text())
    assert (before["what"], before["board"], before["thread"]) == ("it's a [b]", "fake-good.toml", "single")
    assert (before["seed"], before["mutants"], before["soak"]) == (7, 3, True)

    printed = [command for command in commands_in(first.stdout + first.stderr) if "test_fails" in command]
    record = Run.load(elsewhere / "first/results.jsonl")
    name = "tests/scenarios/test_it.py::test_fails[it's a [b]]"
    assert printed == [record.tests["scenarios", name].rerun]
    kept = json.loads((Path(record.tests["scenarios", name].records) / "result.json").read_text())
    assert kept["not_saved"] == "the board has no migration", "states are kept, where there are any"

    away = tmp_path / "away"
    away.mkdir()
    again = checkout.call(f"{printed[0]}", root, away)
    assert again.returncode == 1, again.stderr
    assert again.stdout.splitlines()[-1] == "0 passed, 1 failed"
    assert seen(root) == [before]
    absolute = {"kernel_config": [str(elsewhere / "my.config")], "kernel_src": str(elsewhere / "linux")}
    assert {**json.loads((root / "built").read_text()), "jobs": 1} == {**built, **absolute}


def test_the_command_is_short_where_it_can_be(tmp_path: Path) -> None:
    root = tmp_path / "root"
    checkout.write(root, "def test_bad(): assert False\n")
    first = checkout.call("./scripts/ampstand test --only scenarios --board fake-good.toml -- -q", root, root)
    (printed,) = commands_in(first.stdout + first.stderr)
    board = root / "fake-good.toml"
    name = "tests/scenarios/test_it.py::test_bad"
    assert printed == f"./scripts/ampstand test --board {board} --only scenarios --test {name}"
    assert checkout.call(printed, root, root).stdout.splitlines()[-1] == "0 passed, 1 failed"


def test_a_file_of_the_users_own_is_selected_in_as_well(tmp_path: Path) -> None:
    root = tmp_path / "root"
    checkout.write(root, "")
    (root / "own.py").write_text("def test_one(): assert False\ndef test_two(): assert False\n")
    words = "./scripts/ampstand test --only scenarios --board fake-good.toml -k one -- own.py"
    done = checkout.call(words, root, root)
    assert done.stdout.splitlines()[-1] == "0 passed, 1 failed", done.stderr
    assert f"--board {root}/fake-good.toml --only scenarios --test own.py::test_one" in done.stderr


def words_of(*words: str) -> list[str]:
    return checks.command(cli.parser().parse_args(["test", *words]))[1:]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--only", "lint", "-k", "x", "--test", "y", "--junit", "j", "--records", "r", "-j", "3"], ["test"]),
        (["--short", "--failed-first", "--shard", "1/2", "--workers", "2"], ["test"]),
        (["--thread", "single"], ["test", "--thread", "single"]),
        (["--thread", "multi"], ["test"]),
        (["--board", "stm32mp157c-dk2"], ["test"]),
        (["--debug-info"], ["test", "--debug-info"]),
        (
            ["--kernel-config", "/a", "--kernel-config", "/b"],
            ["test", "--kernel-config", "/a", "--kernel-config", "/b"],
        ),
        (["--", "-x", "-k", "z", "--ampstand-seed", "4"], ["test", "--", "--ampstand-seed", "4"]),
        (["--", "--ampstand-seed=4", "--lf"], ["test", "--", "--ampstand-seed=4"]),
        (["--", "--ampstand-soak", "tests/scenarios/test_x.py"], ["test", "--", "--ampstand-soak"]),
        (["--", "--ampstand-soak", "a.py::test_b"], ["test", "--", "--ampstand-soak"]),
        (["--", "-n", "2"], ["test"]),
    ],
)
def test_inputs_are_kept_and_selections_are_not(words: list[str], kept: list[str]) -> None:
    assert words_of(*words) == kept


def test_demo_and_run_have_all_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.elf").touch()
    words = ["--board", "b", "--firmware", "x.elf", "--file", "x.elf=/etc/x", "--thread", "single", "--records", "r"]
    for command in ("demo", "run"):
        args = cli.parser().parse_args([command, *words])
        assert set(rerun.base(args.parser, args)[1:]) == {
            command, "--board", "b", "--firmware", f"{tmp_path}/x.elf", "--file", f"{tmp_path}/x.elf=/etc/x",
            "--thread", "single",
        }  # fmt: skip


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()
    (tmp_path / "board.toml").touch()
    for given, absolute in (
        (Path("dir"), f"{tmp_path}/dir"),
        (Path("not-there"), f"{tmp_path}/not-there"),
        ("dir@v6.1", f"{tmp_path}/dir@v6.1"),
        ("board.toml", f"{tmp_path}/board.toml"),
        ("board.toml=/lib/x", f"{tmp_path}/board.toml=/lib/x"),
        ("dir", "dir"),
        ("other.toml", "other.toml"),
        ("6.12", "6.12"),
        (7, "7"),
    ):
        assert rerun.absolute(given) == absolute


def test_a_command_of_another_kind_is_complete() -> None:
    assert rerun.of_test(["./scripts/ampstand", "corpus", "x"], "scenarios", "y") == [
        "./scripts/ampstand",
        "corpus",
        "x",
    ]


def test_the_entry_point_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(paths.ROOT)
    assert rerun.program() == "./scripts/ampstand"
    monkeypatch.chdir(tmp_path)
    assert rerun.program() == str(paths.ROOT / "scripts/ampstand")


IN_ORDER = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(8))
def test_number(number, request):
    root = request.config.rootpath
    with (root / os.environ.get("PYTEST_XDIST_WORKER", "ran")).open("a") as file:
        file.write(str(number))
    assert str(number) not in (root / "failing").read_text()
"""


def test_what_failed_runs_first(tmp_path: Path) -> None:
    """Until it passes: also when other tests have run since, or another folder has the records."""
    root = tmp_path / "root"
    checkout.write(root, IN_ORDER)

    def ran(failing: str, *options: str) -> list[str]:
        (root / "failing").write_text(failing)
        words = ["./scripts/ampstand", "test", "--only", "scenarios", "--workers", "1", "--board", "fake-good.toml"]
        words += options
        done = checkout.call(shlex.join(words), root, root)
        assert done.returncode == bool(failing), done.stderr
        files = [path for path in (root / "ran", root / "gw0", root / "gw1") if path.exists()]
        order = [path.read_text() for path in files]
        for path in files:
            path.unlink()
        return order

    assert ran("356") == ["01234567"]
    assert ran("5", "-k", "5 or 7") == ["57"]
    assert ran("356", "--failed-first", "--records", "elsewhere") == ["35601247"]
    first, second = ran("6", "--failed-first", "--workers", "2")
    assert {first[0], second[0]} == {"3", "6"}
    assert sorted(first + second) == list("01234567")
    assert [ran("67", "--failed-first", f"--shard={part}/2") for part in (1, 2)] == [["6024"], ["1357"]]
    assert ran("6", "--failed-first", "--", "-p", "no:cacheprovider") == ["01234567"]
    assert ran("", "--failed-first") == ["67012345"]
    assert ran("", "--failed-first") == ["01234567"]
    assert not (root / ".pytest_cache").exists(), "a checkout stays as it is"
