# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The action's steps, called as GitHub calls them, with programs that write down how they were called."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ampstand import cli, paths

ACTION = paths.ROOT / "ci/action"
DESCRIPTION: Any = YAML(typ="safe").load((ACTION / "action.yml").read_text(encoding="utf-8"))
LOG = f'{shutil.which("python3")} -c "import json, sys; print(json.dumps(sys.argv[1:]))" "$@" >>"$WORLD/calls"\n'
COMMENT = "repos/o/r/issues/7/comments"


class World:
    """A checkout of the action, and what a runner has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ci").mkdir()
        shutil.copytree(ACTION, folder / "ci/action")
        for name in ("bin", "scripts", "records/review"):
            (folder / name).mkdir(parents=True)
        self.program("scripts/ampstand", 'case "$1" in summary) echo "shown $2";; esac\nexit ${CODE:-0}')
        self.program("bin/gh", 'case "$*" in *--jq*) echo $COMMENTS;; esac')
        self.program("bin/git", "exit 0")
        self.program("bin/apt-get", "exit 1")

    def program(self, name: str, body: str) -> None:
        """Make a program that writes down its arguments."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{LOG}{body}\n")
        path.chmod(0o755)

    def step(self, name: str, **inputs: str) -> int:
        """Run a step; return its exit code."""
        names = {name for step in DESCRIPTION["runs"]["steps"] for name in step.get("env", ())}
        files = {f"GITHUB_{name}": str(self.folder / name.lower()) for name in ("ENV", "OUTPUT", "STEP_SUMMARY")}
        environment = {
            **os.environ,
            **dict.fromkeys(names, ""),
            **files,
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "WORLD": str(self.folder),
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_REPOSITORY": "o/r",
            "RUNNER_TEMP": str(self.folder / "temp"),
            "AMPSTAND_RECORDS": str(self.folder / "records"),
            **inputs,
        }
        return subprocess.run([self.folder / "ci/action/steps", name], env=environment, check=False).returncode

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each program that was called."""
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, ["test", "--only", "scenarios", "--board", "b"]),
        (
            {"KERNEL_SRC": "my linux", "SELECT": "echo or crash", "FIRMWARE": "a.elf\nb c.elf\n", "ARGUMENTS": "-j 2"},
            ["test", "--only", "scenarios", "--board", "b", "--kernel-src", "my linux", "-k", "echo or crash",
             "--firmware", "a.elf", "--firmware", "b c.elf", "-j", "2"],
        ),
        (
            {"SCENARIOS": "tests", "FIRMWARE": "a.elf"},
            ["test", "--only", "scenarios", "--board", "b", "--scenarios", "tests", "--firmware", "a.elf"],
        ),
        (
            {"REVIEW": "true", "KERNEL_SRC": ".", "BASE": "123", "HEAD": "456"},
            ["review", "--board", "b", "--output", "RECORDS/review", "--kernel-src", ".", "--series", "123..456"],
        ),
        (
            {"REVIEW": "true", "ARGUMENTS": "--firmware-base old.elf", "FIRMWARE": "new.elf"},
            ["review", "--board", "b", "--output", "RECORDS/review", "--firmware", "new.elf",
             "--firmware-base", "old.elf"],
        ),
    ],
)  # fmt: skip
def test_inputs_become_one_command(world: World, inputs: dict[str, str], words: list[str]) -> None:
    assert world.step("run", BOARD="b", CODE="1", **inputs) == 1, "what the command says of itself is kept"
    (call,) = world.calls
    assert call == [word.replace("RECORDS", str(world.folder / "records")) for word in words]
    cli.parser(call).parse_args(call)


def test_where_things_are_is_told_to_later_steps(world: World) -> None:
    assert world.step("prepare", AMPSTAND_RECORDS="") == 0
    records = f"{world.folder}/.ampstand-records"
    assert f"AMPSTAND_RECORDS={records}" in (world.folder / "env").read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in (world.folder / "output").read_text().splitlines())
    assert outputs["records"] == records
    assert outputs["key"] != ""
    used = [step for step in DESCRIPTION["runs"]["steps"] if "steps.prepare.outputs" in str(step)]
    assert all(f"outputs.{name}" in str(used) for name in outputs)


@pytest.mark.parametrize("given", ["folder", "file", "release"])
def test_a_bundle_is_found_by_later_steps(world: World, given: str) -> None:
    (world.folder / "ampstand-1").mkdir()
    (world.folder / "ampstand-1/bundle.json").touch()
    archive = world.folder / f"ampstand-1-{platform.machine()}.tar.gz"
    subprocess.run(["tar", "-C", world.folder, "-czf", archive, "ampstand-1"], check=True)
    checksum = subprocess.run(["sha256sum", archive.name], cwd=world.folder, capture_output=True, check=True).stdout
    (world.folder / f"{archive.name}.sha256").write_bytes(checksum)
    named = {"folder": str(world.folder / "ampstand-1"), "file": str(archive), "release": "release"}[given]
    world.program("bin/gh", f'mkdir -p "$7"; cp {archive} {archive}.sha256 "$7"')
    assert world.step("prepare", BUNDLE=named, ACTION_REF="v1", ACTION_REPOSITORY="o/ampstand") == 0
    (line,) = (line for line in (world.folder / "env").read_text().splitlines() if line.startswith("AMPSTAND_BUNDLE="))
    assert (Path(line.partition("=")[2]) / "bundle.json").is_file()
    if given == "release":
        assert world.calls[0][:5] == ["release", "download", "v1", "--repo", "o/ampstand"]


def test_an_action_that_is_no_release_has_no_bundle(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.program("bin/gh", "exit 1")
    assert world.step("prepare", BUNDLE="release", ACTION_REF="main", ACTION_REPOSITORY="o/ampstand") == 2
    assert "there is no bundle of main in o/ampstand" in capfd.readouterr().err


def test_the_summary_has_runs_and_review(world: World) -> None:
    assert world.step("summary") == 0
    assert not (world.folder / "step_summary").exists()
    (world.folder / "records/test-1").mkdir()
    (world.folder / "records/test-1/results.jsonl").touch()
    (world.folder / "records/review/report.md").write_text("# Nothing is worse\n")
    assert world.step("summary") == 0
    shown = f"shown {world.folder}/records/test-1/results.jsonl\n# Nothing is worse\n"
    assert (world.folder / "step_summary").read_text() == shown


def test_a_pull_request_has_one_comment(world: World) -> None:
    assert world.step("comment", NUMBER="7") == 0, "a review that ended before has said so itself"
    (world.folder / "records/review/report.md").write_text("# Nothing is worse\n")
    assert world.step("comment", NUMBER="7", COMMENTS="") == 0
    assert world.step("comment", NUMBER="7", COMMENTS="99") == 0
    asked, made, asked_again, changed = world.calls
    assert asked == asked_again
    assert asked[2] == COMMENT
    body = f"body=@{world.folder}/records/comment.md"
    assert made == ["api", "--silent", "--method", "POST", COMMENT, "--field", body]
    assert changed == ["api", "--silent", "--method", "PATCH", "repos/o/r/issues/comments/99", "--field", body]
    text = (world.folder / "records/comment.md").read_text()
    assert text.split("\n\n") == ["<!-- Ampstand: review -->", "# Nothing is worse\n"]
    assert 'startswith("<!-- Ampstand: review -->")' in asked[-1]


def test_a_token_that_may_only_read_fails_no_job(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    (world.folder / "records/review/report.md").write_text("# Nothing is worse\n")
    world.program("bin/gh", 'case "$*" in *POST*) exit 1;; esac')
    assert world.step("comment", NUMBER="7") == 0
    assert "the report is in the summary" in capfd.readouterr().err


def test_each_input_is_used_and_each_step_is_there(world: World) -> None:
    steps = str(DESCRIPTION["runs"]["steps"])
    assert [name for name in DESCRIPTION["inputs"] if f"inputs.{name} " not in steps] == []
    script = (ACTION / "steps").read_text(encoding="utf-8")
    for step in DESCRIPTION["runs"]["steps"]:
        if "run" in step:
            assert f"{step['run'].split()[-1]}() {{" in script
        for name in step.get("env", ()):
            assert f"${name}" in script or name == "GH_TOKEN"
    assert world.step("nonsense") == 2
