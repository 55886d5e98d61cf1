# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""States of failed scenarios, from the run that saves them to ``ampstand open``, on the fake QEMU."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
from elf_files import made_elf
from stand import REMOTE as LOW
from stand import TRACE, artifacts, traced, write_board
from stand_remote import REMOTE
from test_gdb import fake_gdb

from ampstand import cli
from ampstand.board import Board
from ampstand.commands.open import _loaded
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats.elf import Image
from ampstand.linux.saved_states import SavedState

pytest_plugins = ["pytester"]

FAILING = """
import os, signal
import pytest

def test_passes(host): pass
def test_waits(host): host.run("echo here; read -r _ <$(mktemp -u)", timeout=0.1) and host.run("sleep 9", timeout=0.1)
def test_own(boot, host):
    boot(kernel_arguments="quiet")
    assert host.text("echo mine") == "yours"
def test_dies(boot):
    first, second = boot(), boot()
    first.stop()
    second.host.run("say host 'Internal error: Oops: 17'; sleep 9")
@pytest.fixture
def broken(host):
    yield
    raise RuntimeError("in the teardown")
def test_teardown(broken): pass
def test_says(host): host.run("say host BUG: something")
def test_skips(host): pytest.skip("it may")
def test_known(host): pytest.xfail("it is")
"""


@pytest.fixture
def run(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a function that runs scenarios and returns their records by name, with how they ended."""
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).resolve().parents[2] / 'ci'}:{Path(__file__).parent}")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    records = tmp_path / "records"

    def start(
        source: str,
        *words: str,
        keep: int = 9,
        features: tuple[str, ...] = ("migration",),
        options: str = "",
        remote: str = REMOTE,
    ) -> dict[str, Path]:
        artifacts(tmp_path).dump(tmp_path / "artifacts.json")
        pytester.makepyfile(source)
        board = write_board(tmp_path, features=features, options=options, remote=remote)
        start.said = pytester.runpytest_subprocess(  # type: ignore[attr-defined]
            "-p", "ampstand.plugin", "-p", "ampstand.report.pytest_results",
            f"--ampstand-results={tmp_path / 'results.jsonl'}", "--ampstand-rerun=./scripts/ampstand test",
            f"--ampstand-board={board}", f"--ampstand-artifacts={tmp_path / 'artifacts.json'}",
            f"--ampstand-keep-states={keep}", f"--ampstand-records={records}", *words,
        ).stdout.str()  # fmt: skip
        return {path.name.rpartition("-test_")[2]: path for path in records.iterdir() if "-test_" in path.name}

    return start


def result(folder: Path) -> dict[str, object]:
    """Return what is known of a scenario."""
    return dict(json.loads((folder / "result.json").read_text()))


def test_what_failed_and_runs_still_is_saved(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    found = run(FAILING)
    saved = sorted(str(path.parent.relative_to(tmp_path / "records")) for path in tmp_path.rglob("state/machine"))
    prefix = found["own"].name.removesuffix("own")
    expected = ("dies/machine-2", "own", "own/machine-2", "says", "teardown", "waits")
    assert saved == sorted(f"{prefix}{name}/state" for name in expected)
    for name in saved:
        folder = (tmp_path / "records" / name).parent
        assert result(folder)["open"] == f"./scripts/ampstand open {folder}"
    for name in ("waits", "own", "says"):
        assert f"open it: ./scripts/ampstand open {found[name]}\n" in run.said
    assert result(found["dies"])["not_saved"] == "QEMU has ended"
    assert "not saved: QEMU has ended\n" in run.said
    lines = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    commands = {line["name"].partition("::test_")[2]: line.get("open", "") for line in lines}
    assert {name for name, command in commands.items() if command} == {"waits", "own", "dies", "says", "teardown"}
    assert not list(tmp_path.rglob(".state"))


def verdicts(tmp_path: Path, found: dict[str, Path]) -> list[tuple[str, object, object]]:
    return [(name, result(path)["outcome"], result(path).get("reasons")) for name, path in sorted(found.items())]


UNSAVABLE = {
    "the disk is full": "import argparse, shutil; shutil.disk_usage = lambda path: argparse.Namespace(free=1 << 20)",
    "the state is not written": """
from ampstand.errors import TestsFailed
from ampstand.linux.machine import LinuxMachine
def save(machine, path, **_):
    path.write_text("half a state")
    raise TestsFailed("failed while waiting for the state")
LinuxMachine.save = save
""",
    "the folder cannot be written": """
import json
from ampstand.linux import saved_states
def dumps(*args, **options): raise OSError(30, "read-only")
saved_states.json = __import__("argparse").Namespace(dumps=dumps)
""",
}


@pytest.mark.parametrize("how", UNSAVABLE)
def test_a_state_that_cannot_be_saved_changes_nothing_else(run, tmp_path: Path, how: str) -> None:  # type: ignore[no-untyped-def]
    source = """
def test_asserts(host): assert host.text("echo mine") == "yours"
def test_says(host): host.run("say host BUG: something")
def test_next(host): assert host.text("echo fine") == "fine"
"""
    plain = verdicts(tmp_path, run(source, keep=0))
    found = run(source + UNSAVABLE[how])
    assert len(plain) == 3
    assert [row[:2] for row in verdicts(tmp_path, found)] == [row[:2] for row in plain]
    assert "assert 'mine' == 'yours'" in str(result(found["asserts"])["reasons"])
    assert "BUG: something" in str(result(found["says"])["reasons"])
    assert result(found["asserts"])["not_saved"]
    assert "not saved: " in run.said
    assert "not_saved" not in result(found["next"])
    assert not [path for name in ("state", ".state") for path in tmp_path.rglob(name)]


def test_the_time_that_saving_takes_is_not_the_scenarios(run) -> None:  # type: ignore[no-untyped-def]
    source = """
import time
import pytest
from ampstand.linux.machine import LinuxMachine
save = LinuxMachine.save
def slow(machine, path, **how):
    save(machine, path, **how)
    if path.parent.name == ".state": time.sleep(4)
LinuxMachine.save = slow
@pytest.mark.time_limit(3)
def test_it(host): assert host.text("echo mine") == "yours"
"""
    assert result(run(source)["it"])["reasons"] == ["AssertionError: assert 'mine' == 'yours'\n  \n  - yours\n  + mine"]
    assert "open it: " in run.said
    assert "Timeout" not in run.said


def test_a_board_without_migration_says_so(run) -> None:  # type: ignore[no-untyped-def]
    assert result(run(FAILING, features=("smp",))["waits"])["not_saved"] == "the board has no migration"


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_run_keeps_so_many_states_and_no_more(run, tmp_path: Path, workers: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    many = "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_many(n, fresh_machine): assert False"
    found = run(many, *workers, keep=3)
    assert len(found) == 6
    assert len(list(tmp_path.rglob("state/machine"))) == 3
    refused = [result(path)["not_saved"] for path in found.values() if "not_saved" in result(path)]
    assert refused == ["the run keeps 3 states (--keep-states), and has them"] * 3


def test_a_scenario_that_passes_leaves_no_state_of_a_run_before(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = "import os\ndef test_it(host): assert {}"
    (folder,) = run(source.format(False)).values()
    (folder / ".state").mkdir()  # of one that was killed
    run(source.format(False))
    assert (folder / "state/machine").exists()
    run(source.format(True))
    assert not (folder / "state").exists()
    assert "only failures are saved" in refusal(folder)


# ---- going on from there --------------------------------------------------------------------------------------------


@pytest.fixture
def saved(run, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    """Return the records of a scenario that failed."""
    return Path(run("def test_fails(host): assert host.text('echo mine') == 'yours'")["fails"])


def opened(folder: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Open records for a second, with nothing typed."""
    options = ["--time-limit", "1", "--records", str(tmp_path / "opened")]
    code = f"from ampstand import cli; raise SystemExit(cli.main({['open', str(folder), *options]!r}))"
    words = [sys.executable, "-c", code]
    return subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=60)


def refusal(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        SavedState.load(folder)
    return caught.value.message


def test_the_consoles_are_the_users(saved: Path, tmp_path: Path) -> None:
    done = opened(saved, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "test_fails: AssertionError: assert 'mine' == 'yours'" in done.stderr
    assert "m4 | remote says hello" in done.stderr
    assert f"gdb-multiarch -q -nx -x {tmp_path}/opened/gdb" in done.stderr
    assert "attach 2\n" in (tmp_path / "opened/gdb").read_text()
    assert f"-incoming file:{saved}/state/machine" in (tmp_path / "opened/command.txt").read_text()
    assert "stty echo onlcr; exit" not in (tmp_path / "opened/merged.log").read_text()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sleep 9", "Linux still runs `sleep 9`: ^C ends it"),
        ("say host 'Internal error: Oops: 17'; sleep 9", "Linux console follows"),
    ],
)
def test_a_shell_that_does_not_wait_is_left_alone(run, tmp_path: Path, command: str, said: str) -> None:  # type: ignore[no-untyped-def]
    (folder,) = run(f"def test_it(fresh_machine): fresh_machine.host.run({command!r}, timeout=0.5)").values()
    done = opened(folder, tmp_path)
    assert done.returncode == 0, done.stderr
    assert said in done.stderr
    assert ("still runs" in said) == ("still runs" in done.stderr)
    assert "host $ true" not in (tmp_path / "opened/merged.log").read_text()


def test_what_was_said_before_is_no_failure_now(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    image, options = traced(tmp_path)
    source = "def test_it(fresh_machine): assert 0"
    (folder,) = run(source, f"--ampstand-firmware={image}", options=options, remote=LOW).values()
    (memory := tmp_path / "memory").write_bytes(memory.read_bytes().ljust(TRACE, b"\0") + b"***** HARD FAULT *****\n\0")
    done = opened(folder, tmp_path)
    assert "m4 trace | ***** HARD FAULT *****" in done.stderr
    assert done.returncode == 0


def test_a_bad_line_that_comes_then_is_a_failure(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_SAYS", "***** HARD FAULT *****\n")
    done = opened(saved, tmp_path)
    assert done.returncode == 1
    assert result(tmp_path / "opened")["outcome"] == "failed"


def test_a_state_that_qemu_does_not_take_is_no_failure_of_a_test(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (saved / "state/machine").unlink()
    done = opened(saved, tmp_path)
    assert done.returncode == InfrastructureError.exit_code
    assert "QEMU does not take the state" in done.stderr


def test_gdb_gets_both_clusters(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fake_gdb(tmp_path, monkeypatch, 'for word; do echo "$word"; done; exit 5')
    words = ["open", str(saved), "--records", str(tmp_path / "opened"), "--gdb", "--batch", "--ex", "bt"]
    assert cli.main(words) == 5
    said = capfd.readouterr().out.splitlines()
    stub = next(word.split()[2] for word in said if word.startswith("target extended-remote"))
    assert f"-gdb unix:{stub},server=on,wait=off" in (tmp_path / "opened/command.txt").read_text()
    assert {"attach 2", "bt", "-batch"} <= set(said)
    assert not Path(stub).exists()


def test_the_image_is_the_one_in_memory(tmp_path: Path) -> None:
    """What can be written in memory may have been; code outside the remote's memory is no code of this remote."""
    code, writable, outside = ((0x10000100, b"code"), made_elf(), made_elf(flags=5, more=((0x70000000, b"x"),)))
    ours, other = made_elf(flags=5, more=(code,)), made_elf(flags=5, more=((0x10000100, b"edoc"),))
    images = {name: tmp_path / f"{name}.elf" for name in ("writable", "outside", "other", "ours")}
    for name, data in (("writable", writable), ("outside", outside), ("other", other), ("ours", ours)):
        images[name].write_bytes(data)
    board = Board.load(write_board(tmp_path, remote=REMOTE))
    assert board.remote is not None
    held = {board.remote.reach(part.paddr, 1): part.data for part in Image.read(ours).segments}
    machine = argparse.Namespace(board=board, read_memory=lambda address, size: held.get(address, b"")[:size])
    assert _loaded(machine, images.values()) == images["ours"]  # type: ignore[arg-type]
    held.clear()
    assert _loaded(machine, images.values()) is None  # type: ignore[arg-type]


def test_what_cannot_be_opened_says_why(saved: Path, tmp_path: Path) -> None:
    assert "not the records of a scenario" in refusal(tmp_path)
    kernel = tmp_path / "kernel"
    kernel.write_text("another")
    assert refusal(saved) == f"the state was saved with another {kernel}"
    kernel.unlink()
    assert refusal(saved) == f"the state needs {kernel}, which is gone"
    (saved / "state/machine.json").write_text("{}")
    assert "is not a saved state: KeyError('sha256')" in refusal(saved)
    assert opened(saved, tmp_path).returncode == UsageError.exit_code


def test_options_of_gdb_need_gdb(saved: Path) -> None:
    assert cli.main(["open", str(saved), "--batch"]) == UsageError.exit_code
