# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand compare``: what differs between two runs, from their records alone.

Exit code: 0 nothing is worse, 1 something is, 3 it could not be judged.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ampstand.report import comparison_forms
from ampstand.report.compare import Side, compare


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``compare``."""
    for name in ("baseline", "candidate"):
        parser.add_argument(name, type=Path, metavar=name.upper(), help="records folder of a run, or its results.jsonl")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all differences there")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write them there as a comment for a pull request"
    )


def main(args: argparse.Namespace) -> int:
    """Print the differences as text; return the exit code."""
    found = compare(Side.load(args.baseline), Side.load(args.candidate))
    if args.json is not None:
        args.json.write_text(json.dumps(found.document(), indent=2) + "\n", encoding="utf-8")
    if args.markdown is not None:
        args.markdown.write_text(comparison_forms.markdown(found), encoding="utf-8")
    print(comparison_forms.text(found), end="")
    return found.exit_code()
