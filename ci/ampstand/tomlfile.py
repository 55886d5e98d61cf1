# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""TOML files read strictly: a key that nobody asked for, or a value of another type, is an error with file and line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ampstand.errors import UsageError

Place = tuple[str | int, ...]
"""Keys and indices that lead to a value."""

_REQUIRED: Any = object()
_NAMES = {dict: "a table", list: "a list", str: "a string", int: "an integer", float: "a number", bool: "true or false"}
_SKIP = re.compile(r"(?:[\s,]|#[^\n]*)+")
_KEY = re.compile(r"""(?:[\w-]+|"(?:\\.|[^"\\])*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"(?:\\.|[^"\\])*"|'[^']*'))*""")
_PART = re.compile(r"""[\w-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"""' + "|'''.*?'''" + r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s,\]}#]+(?: [\d:.]+)?""", re.DOTALL
)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return the end of a message about an unknown name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"expected {', '.join(sorted(known)) or 'nothing'}"


class Table:
    """One table of a file; as a context, it refuses the keys that its body has not asked for."""

    def __init__(self, path: Path, data: Mapping[str, Any], lines: Mapping[Place, int], place: Place = ()) -> None:
        self.path = path
        self._data = data
        self._lines = lines
        self._place = place
        self._asked: dict[str, None] = {}

    @classmethod
    def load(cls, path: Path) -> Table:
        """Read a file; ``UsageError`` if it cannot be read or is not TOML."""
        try:
            text = path.read_text(encoding="utf-8")
            data = tomllib.loads(text)
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from error
        except ValueError as error:
            match = re.search(r"at line (\d+), column \d+", str(error))
            raise UsageError(f"{path}:{match[1] if match else 1}: not TOML: {error}") from error
        return cls(path, data, _positions(text))

    def __enter__(self) -> Table:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.end()

    @property
    def name(self) -> str:
        """Return the table as a message calls it."""
        return "[" + ".".join(str(part) for part in self._place) + "]" if self._place else "the file"

    def __iter__(self) -> Iterator[str]:
        """Yield the table's keys, in the order of the file."""
        return iter(self._data)

    def where(self, key: str = "", index: int | None = None) -> str:
        """Return ``FILE:LINE`` of a key or of an element of its list, else of the table."""
        place = (*self._place, *((key,) if key else ()), *(() if index is None else (index,)))
        while place and place not in self._lines:
            place = place[:-1]
        return f"{self.path}:{self._lines.get(place, 1)}"

    def refuse(self, message: str, key: str = "", index: int | None = None) -> NoReturn:
        """Raise a ``UsageError`` that begins with file and line."""
        raise UsageError(f"{self.where(key, index)}: {message}")

    def end(self) -> None:
        """Refuse the keys that nobody has asked for."""
        for key in self._data:
            if key not in self._asked:
                self.refuse(f"{self.name} has no key {key!r}: {did_you_mean(key, list(self._asked))}", key)

    def has(self, key: str) -> bool:
        """Return whether the key is there."""
        self._asked[key] = None
        return key in self._data

    def text(self, key: str, default: str = _REQUIRED) -> str:
        """Return a string."""
        value: str = self._get(key, str, default)
        return value

    def choice(self, key: str, known: Sequence[str], default: str = _REQUIRED) -> str:
        """Return a string that is one of the known ones."""
        value = self.text(key, default)
        if self.has(key) and value not in known:
            self.refuse(f"{key} = {value!r}: {did_you_mean(value, known)}", key)
        return value

    def choices(self, key: str, known: Sequence[str]) -> tuple[str, ...]:
        """Return a list of strings that are each one of the known ones."""
        values = self.texts(key)
        for index, value in enumerate(values):
            if value not in known:
                self.refuse(f"{key}: {value!r}: {did_you_mean(value, known)}", key, index)
        return values

    def integer(self, key: str, default: int = _REQUIRED, minimum: int = 0) -> int:
        """Return an integer that is not below a minimum."""
        value: int = self._get(key, int, default)
        if value < minimum:
            self.refuse(f"{key} = {value}: expected {minimum} or more", key)
        return value

    def truth(self, key: str, *, default: bool) -> bool:
        """Return whether something is so."""
        return bool(self._get(key, bool, default))

    def seconds(self, key: str, default: float) -> float:
        """Return a number of seconds, above 0."""
        value = float(self._get(key, float, default))
        if not value > 0:
            self.refuse(f"{key} = {value:g}: expected more than 0 seconds", key)
        return value

    def scalar(self, key: str, default: int | str = _REQUIRED) -> int | str:
        """Return an integer or a string."""
        if self.has(key) and isinstance(self._data[key], str):
            return self.text(key)
        return self.integer(key, default)  # type: ignore[arg-type]

    def scalars(self, key: str) -> dict[str, int | str]:
        """Return a table of integers and strings, empty if there is none."""
        if not self.has(key):
            return {}
        with self.table(key) as table:
            return {name: table.scalar(name) for name in table}

    def texts(self, key: str, default: Sequence[str] = _REQUIRED) -> tuple[str, ...]:
        """Return a list of strings."""
        return tuple(self._list(key, str, default))

    def patterns(self, key: str, default: Sequence[str] = _REQUIRED) -> tuple[str, ...]:
        """Return a list of regular expressions."""
        values = self.texts(key, default)
        for index, value in enumerate(values):
            self._compiles(value, key, index)
        return values

    def pattern(self, key: str, default: str = _REQUIRED) -> str:
        """Return a regular expression."""
        value = self.text(key, default)
        self._compiles(value, key)
        return value

    def row(self, key: str, length: int) -> tuple[int, ...]:
        """Return a list of so many integers."""
        return self._row(self._get(key, list, _REQUIRED), length, key)

    def rows(self, key: str, length: int, default: Sequence[Any] = _REQUIRED) -> tuple[tuple[int, ...], ...]:
        """Return a list of lists of so many integers."""
        return tuple(self._row(row, length, key, index) for index, row in enumerate(self._list(key, list, default)))

    def table(self, key: str) -> Table:
        """Return a table, which must be there."""
        return Table(self.path, self._get(key, dict, _REQUIRED), self._lines, (*self._place, key))

    def optional(self, key: str) -> Table:
        """Return a table, an empty one if it is not there."""
        return Table(self.path, self._get(key, dict, {}), self._lines, (*self._place, key))

    def tables(self, key: str, default: Sequence[Any] = _REQUIRED) -> Iterator[Table]:
        """Yield the tables of a list; each must be read to its end."""
        for index, data in enumerate(self._list(key, dict, default)):
            with Table(self.path, data, self._lines, (*self._place, key, index)) as table:
                yield table

    def named(self, key: str = "") -> Iterator[tuple[str, Table]]:
        """Yield the tables in a table (default: in this one) by their names; each must be read to its end."""
        parent = self.optional(key) if key else self
        for name in parent:
            with parent.table(name) as table:
                yield name, table

    def _get(self, key: str, kind: type, default: Any) -> Any:
        if not self.has(key):
            if default is _REQUIRED:
                for near in difflib.get_close_matches(key, [name for name in self._data if name not in self._asked], 1):
                    self.refuse(f"{self.name} has no key {near!r}: did you mean {key!r}?", near)
                self.refuse(f"{self.name} lacks {key!r}: {_NAMES[kind]} is expected")
            return default
        value = self._data[key]
        self._is(value, kind, key)
        return value

    def _list(self, key: str, kind: type, default: Any) -> list[Any]:
        values: list[Any] = self._get(key, list, default)
        for index, value in enumerate(values):
            self._is(value, kind, key, index)
        return values

    def _row(self, row: list[Any], length: int, key: str, index: int | None = None) -> tuple[int, ...]:
        for value in row:
            self._is(value, int, key, index)
        if len(row) != length:
            self.refuse(f"{key}: {length} integers are expected, not {len(row)}", key, index)
        return tuple(row)

    def _is(self, value: Any, kind: type, key: str, index: int | None = None) -> None:
        kinds = (int, float) if kind is float else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
            self.refuse(f"{key}: {_NAMES[kind]} is expected, not {value!r}", key, index)

    def _compiles(self, value: str, key: str, index: int | None = None) -> None:
        try:
            re.compile(value)
        except re.error as error:
            self.refuse(f"{key}: {value!r} is not a regular expression: {error}", key, index)


def _positions(text: str) -> dict[Place, int]:
    """Return the line of each table, key and list element of a text that is known to be TOML."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()

    def line(at: int) -> int:
        return text.count("\n", 0, at) + 1

    def skip(at: int) -> int:
        match = _SKIP.match(text, at)
        return match.end() if match else at

    def key(at: int) -> tuple[Place, int]:
        match = _KEY.match(text, at)
        assert match is not None, "tomllib has accepted the text"
        return tuple(part.strip("\"'") for part in _PART.findall(match[0])), match.end()

    def entry(at: int, under: Place) -> int:
        name, after = key(at)
        for length in range(1, len(name) + 1):
            lines.setdefault((*under, *name[:length]), line(at))
        return value(skip(text.index("=", after) + 1), (*under, *name))

    def value(at: int, place: Place) -> int:
        lines.setdefault(place, line(at))
        if text[at] in "[{":
            close, index = "]" if text[at] == "[" else "}", 0
            at = skip(at + 1)
            while text[at] != close:
                at = skip(value(at, (*place, index)) if close == "]" else entry(at, place))
                index += 1
            return at + 1
        match = _SCALAR.match(text, at)
        assert match is not None, "tomllib has accepted the text"
        return match.end()

    def header(names: Place, many: bool) -> Place:
        place: Place = ()
        for name in names[:-1]:
            place = (*place, name)
            if place in counts:
                place = (*place, counts[place])
        place = (*place, names[-1])
        if many:
            counts[place] = counts.get(place, -1) + 1
            place = (*place, counts[place])
        return place

    at = skip(0)
    while at < len(text):
        if text[at] == "[":
            many = text.startswith("[[", at)
            names, after = key(skip(at + 1 + many))
            table = header(names, many)
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], line(at))
            at = skip(text.index("]", after) + 1 + many)
        else:
            at = skip(entry(at, table))
    return lines
