# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The linters, as one table: what each one looks at and how it is called."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

MISRA_DEFINES = ("-D__GNUC__",)
WORKFLOWS = ".github/workflows"


@dataclass(frozen=True)
class Linter:
    """One linter: passes when its command ends with 0."""

    name: str
    argv: tuple[str, ...]


def _files(root: Path, pattern: str, *tops: str) -> list[str]:
    """Return the files below some folders, by full path."""
    return sorted(str(path) for top in tops for path in (root / top).rglob(pattern) if path.is_file())


def linters(root: Path, scratch: Path, qemu: Path) -> list[Linter]:
    """Return every linter for the checkout ``root``, each to be run in it.

    ``scratch`` is a folder for what they leave behind, ``qemu`` a QEMU tree, whose checkpatch is used.
    """
    python = sys.executable
    config = f"{root}/pyproject.toml"
    code = [f"{root}/ci/ampstand", *(str(root / top) for top in ("tests/unit", "tests/scenarios", "firmware"))]
    code = [path for path in code if _files(Path(path), "*.py", "")]
    workflows = _files(root, "*.yml", WORKFLOWS)
    own_c = [*_files(root, "*.[ch]", "firmware", "tests/firmware")]
    # By relative path: checkpatch has other rules below tests/.
    models = [str(Path(path).relative_to(root)) for path in _files(root, "*.[ch]", "hw", "include/hw", "tests/qtest")]
    checkpatch = ("perl", f"{qemu}/scripts/checkpatch.pl", "--no-tree", "--no-signoff", "--terse", "-q", "-f", *models)
    misra = (
        "cppcheck",
        "--addon=misra",
        "--enable=style,warning,performance,portability",
        "--std=c11",
        "--platform=arm32-wchar_t4",
        "--error-exitcode=1",
        "--quiet",
        f"--cppcheck-build-dir={scratch}",
        f"--suppressions-list={root}/firmware/remote/misra.suppress",
        *MISRA_DEFINES,
        *(f"-I{root}/firmware/remote/{folder}" for folder in ("lib", "soc/stm32mp157-m4", "soc/libc")),
        f"{root}/firmware/remote/lib",
    )
    return [
        Linter("ruff check", (python, "-m", "ruff", "check", "--config", config, *code)),
        Linter("ruff format", (python, "-m", "ruff", "format", "--check", "--config", config, *code)),
        Linter("mypy", (python, "-m", "mypy", "--config-file", config, f"{root}/ci/ampstand")),
        Linter("clang-format", ("clang-format", "--dry-run", "-Werror", *own_c)),
        Linter("cppcheck misra", misra),
        Linter("checkpatch", checkpatch),
        Linter("reuse", (python, "-m", "reuse", "--root", str(root), "lint", "--lines")),
        Linter("zizmor", ("zizmor", "--offline", "--no-progress", *workflows)),
        Linter(
            "workflow schema",
            (python, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows),
        ),
    ]
