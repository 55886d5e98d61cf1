# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Pages lead to each other: no link to a file or a heading that is not there, and no page that none leads to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

from ampstand.commands.lint import own_files
from ampstand.linux.known_bugs import anchors
from ampstand.paths import ROOT

REPORTS = ROOT / "docs/review-example"
"""Written by a program, not pages of ours."""


def pages() -> list[Path]:
    with TemporaryDirectory() as scratch:
        files = [ROOT / name for name in own_files(ROOT, Path(scratch)) if name.endswith(".md")]
    return [path for path in files if REPORTS not in path.parents]


def links(page: Path) -> Iterator[str]:
    """Yield what a page links to, headings and tables too."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(page.read_text(encoding="utf-8")):
        for part in token.children or ():
            if target := part.attrs.get("href", part.attrs.get("src")):
                yield str(target)


def broken(page: Path) -> Iterator[str]:
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = page.parent / unquote(parts.path) if parts.path else page
        if not target.exists():
            yield f"{link}: no such file"
        elif parts.fragment and parts.fragment not in anchors(target.read_text(encoding="utf-8")):
            yield f"{link}: no such heading"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A heading\n\n[a](#a-heading) [b](#another) [c](gone.md) | [d](page.md#a-heading) <https://e>\n")
    assert list(broken(page)) == ["#another: no such heading", "gone.md: no such file"]


def test_each_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached:
            continue
        reached.add(page)
        local = (urlsplit(link).path for link in links(page) if not urlsplit(link).scheme)
        waiting += [
            page.parent / unquote(path) for path in local if path.endswith(".md") and (page.parent / path).exists()
        ]
    assert sorted(str(page.relative_to(ROOT)) for page in pages() if page.resolve() not in reached) == []
