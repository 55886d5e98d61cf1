# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a compiler makes of a source file, as assembler text, free of everything that says only where it stands.

Two texts of a function are the same if the compiler made the same code of it: its place in the file, the numbers of
labels and names that the compiler counts do not matter. What such a name stands for does.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

_SECTION = re.compile(r"\.(text|data|bss|section)\b")
_SILENT = re.compile(
    r"\.(align|p2align|balign|type|size|syntax|arm|thumb|thumb_func|globl|global|local|file|ident|loc|fpu|arch"
    r"|eabi_attribute|text|data|bss|section)\b"
)
"""Directives that say where something goes, or of what kind it is."""
_LABEL = re.compile(r'^("?[A-Za-z_.$][\w.$]*"?):$')
_CONSTANT = re.compile(r"\.L(C\d+|\.\S+|__\S+)$")
"""Labels of data that has no other name."""
_NAME = re.compile(r"[A-Za-z_.$][\w.$]*")
_NUMBERED = re.compile(r"\.\d+$")
_COUNTED = re.compile(r"^(__UNIQUE_ID_\w*?)\d+(?=(?:\.\d+)?$)|^(__initcall__\w+?__)\d+_\d+(?=_)")


def read(text: str, comment: str) -> dict[str, str]:
    """Return by name what is made of each function and each object of a file; ``comment`` begins comments in ``text``.

    Of several that differ in the compiler's count only (``__func__.0``, ``__func__.1``) it is all of them, sorted.
    """
    chunks = dict(_chunks(text, comment))
    resolved: dict[str, str] = {}
    for name in chunks:
        _resolve(name, chunks, resolved, ())
    found = defaultdict(list)
    for name in chunks:
        if not _CONSTANT.match(name):
            found[_plain(name)].append(resolved[name])
    return {name: "\n".join(sorted(texts)) for name, texts in found.items()}


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the names of all that is not the same, sorted; what is the same but for its name is the same."""
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    renamed: dict[str, str] = {}
    found = True
    while found:  # what refers to a name that is another is found once that is known
        found = False
        for name in sorted(new - renamed.keys()):
            for old in sorted(gone - set(renamed.values())):
                if _renamed(after[name], {**renamed, name: old}) == before[old]:
                    renamed[name], found = old, True
                    break
    names = {renamed.get(name, name): _renamed(text, renamed) for name, text in after.items()}
    return sorted(name for name in before.keys() | names.keys() if before.get(name) != names.get(name))


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: names.get(match[0], match[0]), text) if names else text


def _chunks(text: str, comment: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each name with the lines that it is made of, after the section that it is in."""
    outside = re.compile(rf'^((?:[^"]|"(?:\\.|[^"\\])*")*?){re.escape(comment)}.*$')
    name, section, before, lines = "", ".text", ".text", list[str]()
    for line in text.splitlines():
        words = " ".join(outside.sub(r"\1", line).split())
        label = _LABEL.match(words)
        if label and (not label[1].startswith(".L") or _CONSTANT.match(label[1])):
            if name:
                yield name, lines
            name, lines = label[1], [section]
        elif _SECTION.match(words):
            section, before = words.partition(",")[0], section  # flags are given the first time only
        elif words == ".previous":
            section, before = before, section
        elif words.startswith((".comm ", ".lcomm ")):
            yield re.split(r"[ ,]", words)[1], [words]
        elif words and not _SILENT.match(words):
            lines.append(words)
    if name:
        yield name, lines


def _plain(name: str) -> str:
    """Return a name without what the compiler counts."""
    return _NUMBERED.sub("", _COUNTED.sub(r"\1\2", name))


def _resolve(name: str, chunks: Mapping[str, list[str]], resolved: dict[str, str], above: tuple[str, ...]) -> str:
    """Return the text of a name: labels of its own are counted anew, counted names are what they stand for."""
    if name in resolved:
        return resolved[name]
    own: dict[str, str] = {}

    def stands_for(match: re.Match[str]) -> str:
        word = match[0]
        if word in (name, *above):
            return _plain(word)
        if word in chunks and (_CONSTANT.match(word) or _plain(word) != word):
            content = _resolve(word, chunks, resolved, (*above, name))
            known = hashlib.sha256(content.encode()).hexdigest()[:16]
            return f"{'' if _CONSTANT.match(word) else _plain(word)}{{{known}}}"
        if word.startswith(".L"):
            return own.setdefault(word, f".L#{len(own)}")
        return _COUNTED.sub(r"\1\2", word)

    text = "\n".join(
        line if line.startswith((".ascii", ".string", ".asciz")) else _NAME.sub(stands_for, line)
        for line in chunks[name]
    )
    if not above:
        resolved[name] = text
    return text
