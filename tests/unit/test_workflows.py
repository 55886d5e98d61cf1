# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The workflows call commands that there are."""

from __future__ import annotations

import shlex
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


@pytest.mark.parametrize("name", ["ci", "nightly"])
def test_each_job_shows_and_keeps_its_results(name: str) -> None:
    jobs = [job for job in workflow(name)["jobs"].values() if "container" in job]
    assert jobs
    for job in jobs:
        (kept,) = (step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact@"))
        records = kept["path"].split()[0]
        assert job["env"]["AMPSTAND_RECORDS"] == f"${{{{ github.workspace }}}}/{records}"
        (shown,) = (step for step in job["steps"] if "$GITHUB_STEP_SUMMARY" in step.get("run", ""))
        assert f"{records}/*/results.jsonl" in shown["run"] or f"{records}/review/report.md" in shown["run"]
        assert shown["if"] == "!cancelled()"
