# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the Kconfig files of a kernel tree say of each symbol: whether it exists, what it depends on, what selects it.

Only what a message needs is read; ``Documentation/kbuild/kconfig-language.rst`` in the Linux sources has the language.
What a macro (``$(cc-option,...)``) would say is not known here, and taken for yes. The values are Kconfig's own work:
this reads them from the finished ``.config``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ampstand.errors import UsageError

_TOKEN = re.compile(r'\$\((?:[^()]|\([^()]*\))*\)|"[^"]*"|\'[^\']*\'|&&|\|\||!=|<=|>=|[=<>!()]|[\w./-]+')
_PROMPT = re.compile(r"^(?:bool|tristate|int|hex|string|prompt)\s+(\"(?:[^\"\\]|\\.)*\"|'[^']*')\s*(?:if\s+(.*))?$")
_NUMBERS = {"n": 0, "m": 1, "y": 2}


@dataclass
class Definition:
    """One ``config`` entry: what it depends on, around it and in it, and the conditions of its prompts."""

    depends: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)


@dataclass
class Symbol:
    """All that is said of one symbol."""

    definitions: list[Definition] = field(default_factory=list)
    selectors: list[tuple[str, str]] = field(default_factory=list)
    """Symbol that selects this one, and on which condition."""


@dataclass
class Tree:
    """The symbols of a kernel for one architecture."""

    symbols: dict[str, Symbol] = field(default_factory=dict)

    def has(self, symbol: str) -> bool:
        """Return whether the symbol is defined, and not only selected by another."""
        return symbol in self.symbols and bool(self.symbols[symbol].definitions)

    def why_not(self, symbol: str, value: str, have: Mapping[str, str]) -> str:
        """Return what keeps ``symbol`` from being ``value`` in a configuration, empty when it cannot be told."""
        if not self.has(symbol):
            return "this kernel has no such symbol"
        entry = self.symbols[symbol]
        if value == "n":
            by = [name for name, cond in entry.selectors if have.get(name, "n") in "ym" and truth(cond, have)]
            return f"selected by {', '.join(sorted(set(by)))}" if by else ""
        failing = [
            [part for whole in definition.depends for part in conjuncts(whole) if not truth(part, have)]
            for definition in entry.definitions
        ]
        fewest = min(failing, key=len)
        if fewest:
            return "needs " + " and ".join(dict.fromkeys(_shown(part, have) for part in fewest))
        prompts = [cond for definition in entry.definitions for cond in definition.prompts]
        if not any(truth(cond, have) for cond in prompts):
            by = sorted({name for name, _ in entry.selectors})
            shown = ", ".join(by[:6]) + (", ..." if len(by) > 6 else "")
            hidden = [part for cond in prompts for part in conjuncts(cond) if not truth(part, have)]
            if hidden:
                return "can be set only with " + " or ".join(dict.fromkeys(_shown(part, have) for part in hidden))
            return "Kconfig computes it" + (f"; it is selected by {shown}" if shown else "")
        return ""


def _shown(part: str, have: Mapping[str, str]) -> str:
    """Return a condition with the values of its symbols."""
    names = [t for t in _TOKEN.findall(part) if re.fullmatch(r"[A-Z0-9_]+", t) and not t.isdigit()]
    if part in names:
        return f"{part} (is {have.get(part, 'n')})"
    values = ", ".join(f"{name}={have.get(name, 'n')}" for name in dict.fromkeys(names))
    return f"{part} ({values})" if values else part


def read(top: Path, arch: str) -> Tree:
    """Read the Kconfig files of the kernel tree ``top`` for architecture ``arch``, from the top one on."""
    tree = Tree()
    if not (top / "Kconfig").is_file():
        raise UsageError(f"{top} is not a Linux tree: Kconfig is missing")
    _Reader(top, arch, tree).file("Kconfig", [])
    return tree


def conjuncts(condition: str) -> list[str]:
    """Return the parts of a condition that must all hold: ``A && (B || C)`` gives ``A`` and ``(B || C)``."""
    parts: list[str] = []
    depth, now = 0, ""
    tokens = _TOKEN.findall(condition)
    for token in tokens:
        depth += (token == "(") - (token == ")")
        if depth == 0 and token == "||":
            return [condition]
        if depth == 0 and token == "&&":
            parts.append(now)
            now = ""
        else:
            glued = not now or now.endswith(("(", "!")) or token in (")",) or token in "=!<>" or now[-1] in "=<>"
            now += token if glued else f" {token}"
    return [part for part in [*parts, now] if part]


def truth(condition: str, have: Mapping[str, str]) -> int:
    """Return the value of a condition: 0 no, 1 module, 2 yes."""
    tokens = _TOKEN.findall(condition)
    return _either(tokens, have) if tokens else 2


def _either(tokens: list[str], have: Mapping[str, str]) -> int:
    value = _both(tokens, have)
    while tokens and tokens[0] == "||":
        tokens.pop(0)
        value = max(value, _both(tokens, have))
    return value


def _both(tokens: list[str], have: Mapping[str, str]) -> int:
    value = _one(tokens, have)
    while tokens and tokens[0] == "&&":
        tokens.pop(0)
        value = min(value, _one(tokens, have))
    return value


def _one(tokens: list[str], have: Mapping[str, str]) -> int:
    if not tokens:
        return 2
    token = tokens.pop(0)
    if token == "!":
        return 2 - _one(tokens, have)
    if token == "(":
        value = _either(tokens, have)
        if tokens:
            tokens.pop(0)
        return value
    if tokens and tokens[0] in ("=", "!=", "<", ">", "<=", ">="):
        operator, other = tokens.pop(0), tokens.pop(0) if tokens else ""
        if "$(" in token + other:
            return 2
        return 2 * _compare(_value(token, have), operator, _value(other, have))
    if token.startswith("$("):
        return 2
    return _NUMBERS.get(_value(token, have), 0)


def _value(token: str, have: Mapping[str, str]) -> str:
    """Return what a word of a condition stands for."""
    if token[0] in "\"'":
        return token[1:-1]
    if token in _NUMBERS or not re.search(r"[A-Z]", token):
        return token
    return have.get(token, "n").strip('"')


def _compare(one: str, operator: str, other: str) -> bool:
    """Compare as Kconfig does: as numbers where both are."""
    if operator in ("=", "!="):
        return (one == other) == (operator == "=")
    try:
        left, right = int(one, 0), int(other, 0)
    except ValueError:
        left, right = (one > other) - (one < other), 0
    return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]


class _Reader:
    """Goes through the files in the order in which Kconfig does."""

    def __init__(self, top: Path, arch: str, tree: Tree) -> None:
        self.top = top
        self.arch = arch
        self.tree = tree

    def lines(self, name: str) -> Iterator[tuple[int, str]]:
        """Yield indentation and text of each line; continued ones are joined, help and comments are left out."""
        try:
            raw = (self.top / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return  # a source of a tree that is not complete: Kconfig itself complains
        index, help_indent, in_help = 0, -1, False
        while index < len(raw):
            line = raw[index].expandtabs(8)
            index += 1
            text = line.strip()
            indent = len(line) - len(line.lstrip())
            if in_help:
                if not text:
                    continue
                if help_indent < 0 and indent > 0:
                    help_indent = indent
                if help_indent >= 0 and indent >= help_indent:
                    continue
                in_help = False
            while text.endswith("\\") and index < len(raw):
                text = f"{text[:-1].rstrip()} {raw[index].strip()}"
                index += 1
            if text in ("help", "---help---"):
                in_help, help_indent = True, -1
            elif text and not text.startswith("#"):
                yield indent, text

    def file(self, name: str, around: list[list[str]]) -> None:
        """Read one file; ``around`` are the conditions of the blocks that it is sourced in."""
        blocks = list(around)
        current: list[str] | None = None
        definition: Definition | None = None
        symbol = ""
        for _, text in self.lines(name):
            word, _, rest = text.partition(" ")
            word, rest = word.rstrip("\t"), rest.strip()
            if "\t" in text.split(" ", 1)[0]:
                word, rest = (part.strip() for part in text.split("\t", 1))
            if word in ("config", "menuconfig"):
                symbol = rest.split()[0]
                definition = Definition([condition for block in blocks for condition in block])
                current = definition.depends
                self.tree.symbols.setdefault(symbol, Symbol()).definitions.append(definition)
            elif word in ("menu", "choice", "if"):
                current, definition = [], None
                if word == "if":
                    current.append(_uncommented(rest))
                blocks.append(current)
            elif word in ("endmenu", "endchoice", "endif"):
                if len(blocks) > len(around):
                    blocks.pop()
                current, definition = None, None
            elif word == "comment":
                current, definition = [], None
            elif word in ("source", "rsource", "osource", "orsource"):
                current, definition = None, None
                path = rest.strip("\"'").replace("$(SRCARCH)", self.arch).replace("$(ARCH)", self.arch)
                self.file(str(Path(name).parent / path) if word.endswith("rsource") else path, blocks)
            elif word == "depends" and current is not None:
                current.append(_uncommented(rest.removeprefix("on").strip()))
            elif definition is not None:
                if match := _PROMPT.match(_uncommented(text)):
                    definition.prompts.append(match[2] or "")
                elif word == "select":
                    target, _, condition = _uncommented(rest).partition(" if ")
                    self.tree.symbols.setdefault(target.strip(), Symbol()).selectors.append((symbol, condition))


def _uncommented(text: str) -> str:
    """Return a line without the comment behind it."""
    return re.sub(r"\s#[^\"']*$", "", text)
