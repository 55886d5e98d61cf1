# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Writes ``docs/commands.md``: what ``--help`` says of each command, for readers and for machines without Python yet.

To be run as a program after an option was added or changed; a unit test says when that was forgotten, and how to do it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ampstand import paths
from ampstand.cli import parsers

PAGE = paths.ROOT / "docs/commands.md"
HEAD = """<!--
SPDX-FileCopyrightText: 2026 The Ampstand authors
SPDX-License-Identifier: BSD-3-Clause
-->
# Commands

For whoever looks for an option: what `./scripts/ampstand COMMAND --help` says. This page is made from the program; on a
machine where nothing is set up yet the program answers from this page.
"""


def page() -> str:
    """Return the page."""

    def lines() -> Iterator[str]:
        yield HEAD
        for name, command in parsers().items():
            yield f"## `{name}`\n\n```text\n{command.format_help().rstrip()}\n```\n"

    os.environ["COLUMNS"] = "80"
    return "\n".join(lines())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
