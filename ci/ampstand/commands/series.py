# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand qemu-series``: our additions to QEMU as patches for its list, each of which builds.

``hw/qemu/series.toml`` says how they are cut. QEMU's own files that our devices, boards and tests change (its build and
trace files) get each part's lines with the part.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ampstand import paths
from ampstand.build import overlay
from ampstand.build.overlay import Tree
from ampstand.errors import UsageError
from ampstand.tomlfile import Table

AUTHOR = "The Ampstand authors <ampstand@localhost>"
DATE = "Thu, 1 Jan 1970 00:00:00 +0000"
PLAN = "series.toml"
_SUBJECT = re.compile(r"^Subject: (?:\[[^]]*\] )?(.*(?:\n .*)*)\n\n((?:.*\n)*?)---\n", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """One patch of ours: whole files, and what of QEMU's build names them."""

    subject: str
    why: str
    files: tuple[str, ...]
    tokens: frozenset[str]
    """By one of these a line of the build is known to be of this part."""


@dataclass(frozen=True)
class Plan:
    """How the series is cut."""

    glue: tuple[str, ...]
    private: tuple[str, ...]
    last: tuple[str, ...]
    parts: tuple[Part, ...]

    @classmethod
    def load(cls, path: Path, own: Iterable[str]) -> Plan:
        """Read a plan for these files, each of which belongs to one part or is private."""
        left = sorted(own)
        with Table.load(path) as top:
            glue, private, last = (top.texts(name) for name in ("glue", "private", "last"))
            hidden = top.texts("private_files")
            left = [name for name in left if not _matches(name, hidden)]
            parts = []
            for table in top.tables("part"):
                patterns = table.texts("files")
                names = tuple(name for name in left if _matches(name, patterns))
                if not names:
                    table.refuse(f"no file is left that matches {', '.join(patterns)}", "files")
                left = [name for name in left if name not in names]
                tokens = frozenset([*table.texts("tokens", ()), *_tokens(names)])
                parts.append(Part(table.text("subject"), table.text("why").strip(), names, tokens))
            if left:
                top.refuse(f"in no part, and not private: {', '.join(left)}", "part")
        return cls(tuple(glue), tuple(private), tuple(last), tuple(parts))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _tokens(names: Iterable[str]) -> Iterator[str]:
    """Yield what Kconfig, Meson and trace events call source files: ``rcc.c``, ``rcc-test``, ``RCC``."""
    for name in names:
        if name.endswith(".c"):
            yield Path(name).name
            yield Path(name).stem
            yield Path(name).stem.upper().replace("-", "_")


@dataclass(frozen=True)
class Stanza:
    """Lines that stand in place of some of a file: of one symbol, one statement, one source file."""

    start: int
    end: int
    lines: tuple[str, ...]
    part: int


def stanzas(name: str, before: str, after: str, parts: Sequence[Part]) -> list[Stanza]:
    """Return how a file of QEMU's changes, each piece with the number of its part; ``UsageError`` if one has none."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        pieces = list(_pieces(new[first:last]))
        for number, piece in enumerate(pieces):
            words = {word.removeprefix("CONFIG_") for word in re.findall(r"[\w.-]+", "".join(_naming(piece)))}
            owners = [index for index, part in enumerate(parts) if words & part.tokens]
            if not owners:
                raise UsageError(f"hw/qemu/{PLAN}: whose is this in {name}?\n{''.join(piece)}")
            # What is replaced goes with the first of the lines that replace it.
            taken = (start, end) if number == 0 else (end, end)
            found.append(Stanza(*taken, tuple(piece), max(owners)))
    return found


def _pieces(lines: Sequence[str]) -> Iterator[list[str]]:
    """Cut added lines: before each ``config``, each comment of trace events, each statement; blank lines go ahead."""
    piece: list[str] = []
    depth = 0
    for line in lines:
        begins = depth == 0 and re.match(r"config |# |\w+ ?=|\w+\.add|  \(config_all", line)
        if begins and any(text.strip() for text in piece):
            blanks: list[str] = []
            while not piece[-1].strip():
                blanks.insert(0, piece.pop())
            yield piece
            piece = blanks
        piece.append(line)
        depth += line.count("(") + line.count("[") - line.count(")") - line.count("]")
        depth = 0 if re.match(r"\w+\(", line) else max(depth, 0)  # formats of trace events have odd ones
    if piece:
        yield piece


def _naming(piece: Sequence[str]) -> list[str]:
    """Return the lines of a piece that say whose it is: of a symbol its name, not what it selects."""
    first = next((line for line in piece if line.strip()), "")
    return [first] if first.startswith(("config ", "# ")) else list(piece)


def content(before: str, changes: Iterable[Stanza]) -> str:
    """Return a file with these changes."""
    lines = before.splitlines(keepends=True)
    ordered = list(changes)
    for at in range(len(ordered) - 1, -1, -1):
        one = ordered[at]
        lines[one.start : one.end] = one.lines
    return "".join(lines)


def difference(name: str, before: str | None, after: str) -> str:
    """Return how a file changes, or that it is new, as git writes it."""
    if before == after:
        return ""
    head = f"diff --git a/{name} b/{name}\n" + ("new file mode 100644\n" if before is None else "")
    old = "/dev/null" if before is None else f"a/{name}"
    lines = difflib.unified_diff(
        (before or "").splitlines(keepends=True), after.splitlines(keepends=True), old, f"b/{name}"
    )
    return head + "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def message(subject: str, number: int, total: int, why: str, diff: str) -> str:
    """Return one patch as ``git format-patch`` writes it."""
    return (
        f"From {'0' * 40} Mon Sep 17 00:00:00 2001\nFrom: {AUTHOR}\nDate: {DATE}\n"
        f"Subject: [PATCH {number}/{total}] {subject}\n\n{why}\n\nSigned-off-by: {AUTHOR}\n---\n{diff}-- \n2.0\n\n"
    )


def _own(patch: Path) -> tuple[str, str, str]:
    """Return subject, message and changes of a patch in ``hw/qemu``."""
    text = patch.read_text(encoding="utf-8")
    found = _SUBJECT.search(text)
    start = re.search(r"^diff --git ", text, flags=re.MULTILINE)
    if found is None or start is None:
        raise UsageError(f"{patch} is no patch with a message")
    diff = re.sub(r"\n-- ?\n[^\n]*\n*\Z", "\n", text[start.start() :])
    return found[1].replace("\n", ""), found[2].strip(), diff


def patches(pristine: Tree, root: Path = paths.ROOT) -> Iterator[tuple[str, str, str]]:
    """Yield subject, message and changes of each patch for a plain tree of QEMU."""
    files = overlay.own_files(root)
    plan = Plan.load(root / "hw/qemu" / PLAN, files)
    all_ = overlay.patches(root, overlay.version_of(pristine))
    glue = [patch for patch in all_ if patch.name.startswith(plan.glue)]
    last = [patch for patch in all_ if patch.name.startswith(plan.last)]
    fixes = [patch for patch in all_ if patch not in (*glue, *last) and not patch.name.startswith(plan.private)]
    yield from map(_own, fixes)
    # Glue and mends may meet in one file: what glue adds is told from what the file is without it.
    touched = sorted({name for patch in glue for name in overlay.touched_by(patch)})
    plain = overlay.patched(pristine, fixes)
    glued = overlay.patched(pristine, [patch for patch in all_ if patch in (*fixes, *glue)])
    before = {name: _text(plain[name] if name in plain else pristine.read(name)) for name in touched}
    changes = {name: stanzas(name, before[name], _text(glued[name]), plan.parts) for name in touched}
    for number, part in enumerate(plan.parts):
        diff = []
        for name in touched:
            now, then = ([s for s in changes[name] if s.part < number + more] for more in (0, 1))
            diff.append(difference(name, content(before[name], now), content(before[name], then)))
        diff += [difference(name, None, files[name].read_text(encoding="utf-8")) for name in part.files]
        yield part.subject, part.why, "".join(diff)
    yield from map(_own, last)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8")


def write(output: Path, pristine: Path, root: Path = paths.ROOT) -> list[Path]:
    """Write the series for a plain tree of QEMU into the folder ``output``; return the files in order."""
    if output.is_dir() and any(output.iterdir()):
        raise UsageError(f"--output {output}: the folder is not empty")
    found = list(patches(Tree(pristine), root))
    output.mkdir(parents=True, exist_ok=True)
    written = []
    for number, (subject, why, diff) in enumerate(found, start=1):
        slug = re.sub(r"[^A-Za-z0-9]+", "-", subject).strip("-")[:52]
        path = output / f"{number:04d}-{slug}.patch"
        path.write_text(message(subject, number, len(found), why, diff), encoding="utf-8")
        written.append(path)
    return written
