# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A checkout with scenarios of its own, whose ``scripts/ampstand`` is the real command line but builds nothing.

The board is that of ``stand.py``. What was to be built from what is written to the file ``built`` of the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stand import artifacts, write_board

SCRIPT = """#!/bin/sh
PYTHONPATH="{ci}:{unit}" exec "{python}" -P "{unit}/checkout.py" "{root}" "$@"
"""


def write(root: Path, scenarios: str) -> Path:
    """Write the checkout; return its entry point."""
    (root / "tests/scenarios").mkdir(parents=True)
    (root / "tests/scenarios/test_it.py").write_text(scenarios)
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "--strict-config"\n')
    write_board(root)
    script = root / "scripts/ampstand"
    script.parent.mkdir()
    here = Path(__file__).parent
    ci = here.parents[1] / "ci"
    script.write_text(SCRIPT.format(ci=ci, unit=here, python=sys.executable, root=root))
    script.chmod(0o755)
    return script


def environment(root: Path) -> dict[str, str]:
    """Return the environment to run it in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AMPSTAND_"))}
    return kept | {"AMPSTAND_CACHE": str(root / "cache")}


def call(command: str, root: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line of the shell, such as one that was printed."""
    return subprocess.run(
        command, shell=True, cwd=cwd, env=environment(root), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def main() -> int:
    """Be the entry point."""
    root = Path(sys.argv[1])
    from ampstand import paths

    paths.ROOT = root  # before anything takes it for a default
    from ampstand import cli
    from ampstand.build.builder import Builder

    def build(self: Builder, *, boot_loader: bool = True, secure: bool = True, card: bool = True) -> Any:
        (root / "built").write_text(json.dumps(vars(self.options), default=str))
        return artifacts(root)

    Builder.all = build  # type: ignore[method-assign]
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
