# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Another repository, with firmware and scenarios of its own, uses the package that ``pip`` installs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ampstand import paths
from ampstand.board import Board
from ampstand.build.artifacts import Artifacts
from ampstand.plugin import SESSION

pytestmark = [pytest.mark.needs("remoteproc", "rpmsg-tty"), pytest.mark.time_limit(180), pytest.mark.thorough]

SCENARIOS = """
from pathlib import Path

def test_it_echoes(remote):
    remote.start(Path(__file__).with_name("own.elf"), services=["rpmsg-tty"])
    assert remote.echo_tty()["ok"]

def test_it_names_another_service(remote):
    remote.start(Path(__file__).with_name("own.elf"), services=["no-such-service"])
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the folder that the package is installed in."""
    if paths.INSTALLED:
        return Path(paths.__file__).parents[1]
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=paths.ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    return tmp_path / "site"


def test_ten_lines_test_firmware_of_their_own(
    site: Path, board: Board, artifacts: Artifacts, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    """Nothing of the checkout is named: pytest finds the plugin by its entry point."""
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "own.elf").write_bytes(artifacts.firmware["echo-bare"].read_bytes())
    (repository / "test_own.py").write_text(SCENARIOS)
    artifacts.dump(tmp_path / "artifacts.json")
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", f"--ampstand-board={board.name}"),
            *(f"--ampstand-artifacts={tmp_path / 'artifacts.json'}", "--ampstand-records=records"),
        ],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    kept = pytestconfig.stash[SESSION].records / "elsewhere.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.returncode == 1, f"see {kept}"
    assert "1 failed, 1 passed" in done.stdout, f"see {kept}"
    assert "no-such-service" in done.stdout
    assert "run it again: pytest --ampstand-board=" in done.stdout
    (result,) = (repository / "records").glob("*test_it_echoes/result.json")
    assert json.loads(result.read_text())["outcome"] == "passed"
