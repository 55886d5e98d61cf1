# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the files of named cases into a folder, for trials by hand or on a real board."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ampstand.board import DEFAULT
from ampstand.errors import AmpstandError, UsageError
from ampstand.linux.badfirmware.cases import CASES
from ampstand.linux.badfirmware.generator import load


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files of named cases into a folder; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ampstand.linux.badfirmware", description="Writes malformed firmware made from a good image."
    )
    parser.add_argument("--image", type=Path, required=True, help="a good image of ours, such as echo-bare.elf")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the files go")
    parser.add_argument("--board", default=DEFAULT, help="name or TOML file of the board (default: %(default)s)")
    parser.add_argument("names", nargs="*", metavar="CASE", help="which ones (default: all)")
    args = parser.parse_args(arguments)
    try:
        target = load(args.board, args.image)
        known = {case.name: case for case in CASES}
        if unknown := sorted(set(args.names) - known.keys()):
            raise UsageError(f"no case {', '.join(unknown)}", hint=f"the cases are {', '.join(known)}")
        args.output.mkdir(parents=True, exist_ok=True)
        for name in args.names or known:
            (args.output / f"{name}.elf").write_bytes(known[name].make(target))
            print(f"{name}.elf: {known[name].verdict.value}")
    except AmpstandError as error:
        print(f"badfirmware: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"badfirmware: {error.filename}: {error.strerror}", file=sys.stderr)
        return UsageError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
