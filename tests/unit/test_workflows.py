# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The workflows call commands that there are."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ampstand import cli, paths


def workflow(name: str) -> Any:
    return YAML(typ="safe").load((paths.ROOT / f".github/workflows/{name}.yml").read_text())


NIGHTLY = {job["name"]: job["command"] for job in workflow("nightly")["jobs"]["run"]["strategy"]["matrix"]["include"]}


@pytest.mark.parametrize("name", NIGHTLY)
def test_nightly_commands_are_understood(name: str) -> None:
    words = shlex.split(NIGHTLY[name].replace("${{ github.run_id }}", "123"))
    assert cli.parser().parse_args(words).command == words[0]


@pytest.mark.parametrize("name", ["ci", "nightly", "release"])
def test_each_job_shows_and_keeps_its_results(name: str) -> None:
    jobs = [job for job in workflow(name)["jobs"].values() if "container" in job]
    assert jobs
    for job in jobs:
        kept, *_ = (
            step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact@")
        )
        records = kept["path"].split()[0]
        assert job["env"]["AMPSTAND_RECORDS"] == f"${{{{ github.workspace }}}}/{records}"
        (shown,) = (step for step in job["steps"] if "$GITHUB_STEP_SUMMARY" in step.get("run", ""))
        assert f"{records}/*/results.jsonl" in shown["run"] or f"{records}/review/report.md" in shown["run"]
        assert shown["if"] == "!cancelled()"


def test_a_release_builds_with_commands_that_there_are() -> None:
    steps = [step["run"] for job in workflow("release")["jobs"].values() for step in job["steps"] if "run" in step]
    calls = [match[1] for step in steps for match in re.finditer(r"\./scripts/ampstand (.*?)(?: >>.*)?$", step, re.M)]
    assert {cli.parser().parse_args(shlex.split(call)).command for call in calls} == {"bundle", "summary"}
    (recipe,) = re.findall(r"scripts/ampstand (setup .*?) &&", (paths.ROOT / "ci/Containerfile").read_text())
    assert cli.parser().parse_args(shlex.split(recipe)).board == "all"


@pytest.mark.parametrize(
    ("heading", "tag", "said"),
    [
        ("## 1.2.3", "v1.2.3", "* New.\n\nMore."),
        ("## 1.2.3", "v1.2.4", "the tag v1.2.4 is not v1.2.3"),
        ("## 1.2.3, not released yet", "v1.2.3", "no section '## 1.2.3'"),
        ("## 1x2x3", "v1.2.3", "no section '## 1.2.3'"),
    ],
)
def test_release_notes_are_of_the_version(tmp_path: Path, heading: str, tag: str, said: str) -> None:
    (tmp_path / "ci/ampstand").mkdir(parents=True)
    (tmp_path / "ci/ampstand/__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(f"# Changes\n\n{heading}\n\n* New.\n\nMore.\n\n## 1.0.0\n\n* Old.\n")
    script = shutil.copy(paths.ROOT / "ci/release-notes", tmp_path / "ci")
    done = subprocess.run([script, tag], capture_output=True, text=True, check=False)
    good = said.startswith("*")
    assert done.returncode == (0 if good else 1)
    assert (done.stdout.strip() == said) if good else (said in done.stderr)
