# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ampstand.errors import UsageError
from ampstand.tomlfile import Table, did_you_mean

CONFIGS = Path(__file__).parents[2] / "configs"

TEXT = """\
# x = "in a comment"
top = 1
"quoted key" = 'a # no comment'
a.b.c = 3
[one]
text = \"\"\"
x = 1
[no.table]
\"\"\"
list = [
  "first", # "no"
  'sec]ond',

  { x = 1, deep = [ { y = 2 }, [3,
    4] ] },
]
date = 1979-05-27 07:32:00
empty = []
[one.two] # comment
three = { four = "}" }
[[many]]
x = 1
[[many]]
x = 2
[many.sub]
x = 3
[[many.deep]]
x = 4
[last]
"""

PLACES = [
    ("top", 2),
    ("quoted key", 3),
    ("a", 4),
    ("a b c", 4),
    ("one", 5),
    ("one text", 6),
    ("one list", 10),
    ("one list 0", 11),
    ("one list 1", 12),
    ("one list 2", 14),
    ("one list 2 x", 14),
    ("one list 2 deep 0 y", 14),
    ("one list 2 deep 1 1", 15),
    ("one date", 17),
    ("one empty", 18),
    ("one two", 19),
    ("one two three four", 20),
    ("many 0", 21),
    ("many 0 x", 22),
    ("many 1", 23),
    ("many 1 sub", 25),
    ("many 1 sub x", 26),
    ("many 1 deep 0 x", 28),
    ("last", 29),
]


def at(table: Table, place: str) -> Table:
    """Return the table at a place given as words."""
    words = [place] if place == "quoted key" else place.split()
    data: Any = table._data
    for word in words[:-1]:
        data = data[int(word) if word.isdigit() else word]
    keys = tuple(int(word) if word.isdigit() else word for word in words)
    return Table(table.path, data if isinstance(data, dict) else {}, table._lines, keys)


@pytest.mark.parametrize(("place", "line"), PLACES)
def test_each_place_has_its_line(tmp_path: Path, place: str, line: int) -> None:
    path = tmp_path / "x.toml"
    path.write_text(TEXT)
    assert at(Table.load(path), place).where() == f"{path}:{line}"


def leaves(data: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield (place, value) of all that is neither table nor list."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*place, key))
    else:
        yield place, data


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.toml")), ids=lambda path: path.name)
def test_each_value_of_our_files_stands_on_its_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    table, lines = Table.load(path), text.splitlines()
    found = 0
    for place, value in leaves(tomllib.loads(text)):
        line = lines[table._lines[place] - 1]
        key = place[-1]
        assert isinstance(key, int) or key in line
        if isinstance(value, str) and re.fullmatch(r"[\w -]+", value):
            assert value in line
            found += 1
    assert found


def load(folder: Path, text: str) -> Table:
    path = folder / "x.toml"
    path.write_text(text)
    return Table.load(path)


@pytest.mark.parametrize(
    ("text", "reader", "message"),
    [
        ("a = 1", lambda t: t.text("a"), "1: a: a string is expected, not 1"),
        ("\na = true", lambda t: t.integer("a"), "2: a: an integer is expected, not True"),
        ("a = 1.5", lambda t: t.integer("a"), "1: a: an integer is expected, not 1.5"),
        ("a = -1", lambda t: t.integer("a"), "1: a = -1: expected 0 or more"),
        ("a = 'x'", lambda t: t.seconds("a", 1.0), "1: a: a number is expected, not 'x'"),
        ("a = 0", lambda t: t.seconds("a", 1.0), "1: a = 0: expected more than 0 seconds"),
        ("a = nan", lambda t: t.seconds("a", 1.0), "1: a = nan: expected more than 0 seconds"),
        ("a = []", lambda t: t.scalar("a"), "1: a: an integer is expected, not []"),
        ("a = 'x'", lambda t: t.texts("a"), "1: a: a list is expected, not 'x'"),
        ("a = ['x',\n1]", lambda t: t.texts("a"), "2: a: a string is expected, not 1"),
        ("a = ['x',\n'(']", lambda t: t.patterns("a"), "2: a: '(' is not a regular expression: "),
        ("a = '('", lambda t: t.pattern("a"), "1: a: '(' is not a regular expression: "),
        ("a = [1, 2]", lambda t: t.row("a", 3), "1: a: 3 integers are expected, not 2"),
        ("a = [[1],\n[1, 2]]", lambda t: t.rows("a", 1), "2: a: 1 integers are expected, not 2"),
        ("a = [[1],\n['x']]", lambda t: t.rows("a", 1), "2: a: an integer is expected, not 'x'"),
        ("a = [[1],\n2]", lambda t: t.rows("a", 1), "2: a: a list is expected, not 2"),
        ("a = 1", lambda t: t.table("a"), "1: a: a table is expected, not 1"),
        ("a = 1", lambda t: list(t.tables("a")), "1: a: a list is expected, not 1"),
        ("a = 1", lambda t: list(t.named("a")), "1: a: a table is expected, not 1"),
        ("[a]\nb = 1", lambda t: list(t.named("a")), "2: b: a table is expected, not 1"),
        ("a = 'x'", lambda t: t.choice("a", ["xx", "y"]), "1: a = 'x': did you mean 'xx'?"),
        ("a = ['y',\n'z']", lambda t: t.choices("a", ["x", "y"]), "2: a: 'z': expected x, y"),
        ("a = 1", lambda t: t.text("b"), "1: the file lacks 'b': a string is expected"),
        ("[a]\nb = 1", lambda t: t.table("a").text("c"), "1: [a] lacks 'c': a string is expected"),
        ("[a]\nb = 1\nnane = 1", lambda t: t.table("a").text("name"), "3: [a] has no key 'nane': did you mean 'name'?"),
    ],
)
def test_what_is_wrong_is_an_error_with_its_line(tmp_path: Path, text: str, reader: Any, message: str) -> None:
    table = load(tmp_path, text)
    with pytest.raises(UsageError, match=re.escape(f"x.toml:{message}")):
        reader(table)


def test_a_key_that_nobody_asked_for_is_an_error(tmp_path: Path) -> None:
    table = load(tmp_path, "[a]\nname = 'x'\nsice = 1")
    inner = table.table("a")
    assert inner.text("name") == "x"
    assert inner.integer("size", 7) == 7
    with pytest.raises(UsageError, match=re.escape("x.toml:3: [a] has no key 'sice': did you mean 'size'?")):
        inner.end()
    with pytest.raises(UsageError, match=re.escape("x.toml:1: the file has no key 'b': expected nothing")):
        load(tmp_path, "b = 1").__exit__(None)


@pytest.mark.parametrize("many", ["tables", "named"])
def test_so_it_is_in_each_of_many_tables(tmp_path: Path, many: str) -> None:
    text = "[[a]]\nx = 1\n[[a]]\ny = 2" if many == "tables" else "[a.k]\nx = 1\n[a.l]\ny = 2"
    tables = getattr(load(tmp_path, text), many)("a")
    first = next(tables)
    (first if many == "tables" else first[1]).integer("x")
    next(tables)
    with pytest.raises(UsageError, match=re.escape("x.toml:4: ")):
        next(tables)


def test_an_error_of_the_body_is_not_hidden_by_unknown_keys(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="first"), load(tmp_path, "a = 1"):
        raise ValueError("first")


def test_right_values_come_back(tmp_path: Path) -> None:
    text = "a = 'x'\nb = 3\nc = 2\nd = [[1, 2], [3, 4]]\ne = { f = 1, g = 'y' }"
    with load(tmp_path, text) as table:
        assert (table.text("a"), table.integer("b"), table.seconds("c", 1.0)) == ("x", 3, 2.0)
        assert table.rows("d", 2) == ((1, 2), (3, 4))
        assert table.scalars("e") == {"f": 1, "g": "y"}
        assert table.scalars("none") == {}
        assert (table.text("n", "z"), table.texts("n", ()), list(table.tables("n", ()))) == ("z", (), [])
        assert list(table.optional("n")) == []


def test_what_is_no_toml_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x\.toml:2: not TOML: "):
        load(tmp_path, "a = 1\nb = \n")


def test_the_nearest_name_is_proposed_or_all_of_them() -> None:
    assert did_you_mean("windwos", ["windows", "core"]) == "did you mean 'windows'?"
    assert did_you_mean("zzz", ["windows", "core"]) == "expected core, windows"
    assert did_you_mean("zzz", []) == "expected nothing"
