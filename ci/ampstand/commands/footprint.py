# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Shows the size of each remote image, as the firmware build measured it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ampstand.errors import InfrastructureError


def rows(data: Any) -> tuple[list[str], list[list[str]]]:
    """Return the column titles and rows of a footprint file: one row an image, one column a figure."""
    images = data.get("images", data) if isinstance(data, dict) else {}
    images = {name: figures for name, figures in images.items() if isinstance(figures, dict)}
    if not images:
        raise InfrastructureError("the footprint file lists no image")
    titles: list[str] = []
    for figures in images.values():
        titles += [key for key, value in figures.items() if key not in titles and isinstance(value, (int, str))]
    return titles, [[name, *(str(figures.get(key, "")) for key in titles)] for name, figures in sorted(images.items())]


def show(path: Path, *, as_json: bool = False) -> int:
    """Print the footprint file as a table, or as it is."""
    text = path.read_text(encoding="utf-8")
    if as_json:
        print(text, end="")
        return 0
    data = json.loads(text)
    titles, lines = rows(data)
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 1))  # 80 columns hold all of it then
    table.add_column("image", no_wrap=True)
    for title in titles:
        table.add_column(title.replace("_", "\n"), justify="right", no_wrap=True)
    for line in lines:
        table.add_row(*line)
    console = Console(highlight=False)
    console.print(table)
    for key, value in data.items():
        if isinstance(value, (str, int)):
            console.print(f"{key}: {value}", markup=False)
        elif isinstance(value, list):
            console.print(f"{key}: {' '.join(str(item) for item in value)}", markup=False)
    return 0
